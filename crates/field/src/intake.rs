//! From messages to changes of entities: driver, map, checks. Pure: time is an argument. Never
//! passes as good what is out of range, frozen, stale, of a wrong clock, or not meant so by its
//! device.

use std::collections::HashMap;

use loggia_model::{At, Doubt, Measured, Quality, Reading};

use crate::check::{in_range, in_unit, time};
use crate::config::Format;
use crate::driver::{
    Ask, Bare, Driver, Fiware, JsonDocument, Message, Signal, Sparkplug, Told, fiware_is_meant,
    sparkplug,
};
use crate::lost::Lost;
use crate::plan::{Attribute, Map, Plan};
use crate::sink::{Change, Said, Standing, When};

/// Attributes under watch of one server: 100,000 of 200 B are 20 MB, looked through in 2 ms.
pub const SERIES_MAX: usize = 100_000;
/// Whether a server kept a message from an earlier time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Retained {
    /// It was published earlier, nobody knows when.
    Yes,
    /// It was published now.
    No,
}

/// How the data plane is asked how things stand: tenant, type, attributes, see [`crate::Sink`].
pub type Look<'l> = &'l dyn Fn(&str, &str, &[&str]) -> Vec<Standing>;

/// What a message becomes.
#[derive(Debug, Default, PartialEq)]
pub struct Taken {
    /// For the data plane.
    pub changes: Vec<Change>,
    /// What was lost.
    pub lost: Vec<Lost>,
    /// What to ask the device.
    pub ask: Option<Ask>,
}

/// One server's messages on their way.
pub struct Intake {
    plan: Plan,
    fiware: Fiware,
    sparkplug: Sparkplug,
    entities: HashMap<Key, Vec<Option<Series>>>,
    series: usize,
}

/// A map's place and the entity's id.
type Key = (usize, Box<str>);

/// An attribute under watch.
#[derive(Debug, Clone, PartialEq)]
struct Series {
    /// The last reading's time.
    at: At,
    value: Measured,
    /// Since when it has that value.
    since: At,
    quality: Quality,
}

/// A message's time and how it is to be taken.
struct Circumstances {
    now: At,
    retained: Retained,
}

impl Intake {
    /// An intake that knows nothing yet.
    #[must_use]
    pub fn new(plan: Plan) -> Self {
        Self {
            fiware: Fiware::new(plan.keys.clone()),
            sparkplug: Sparkplug::default(),
            plan,
            entities: HashMap::new(),
            series: 0,
        }
    }

    /// What to subscribe to.
    #[must_use]
    pub fn filters(&self) -> Vec<String> {
        self.plan.filters()
    }

    /// Begins with what the data plane has: after a start, and after each time that something may
    /// not have come to it. Since when a value is the same is kept where it is known.
    pub fn begin(&mut self, standing: Look<'_>) {
        let before = std::mem::take(&mut self.entities);
        self.series = 0;
        for (place, map) in self.plan.maps.iter().enumerate() {
            let names: Vec<&str> = map.attributes.iter().map(|a| &*a.name).collect();
            for one in standing(&map.tenant, &map.kind, &names) {
                let slot = names.iter().position(|n| *n == &*one.attribute);
                let Some(slot) = slot.filter(|_| map.entity.may_have_made(&one.entity)) else {
                    continue;
                };
                if self.series >= SERIES_MAX {
                    return;
                }
                let key = (place, one.entity);
                let known = before.get(&key).and_then(|list| list.get(slot)?.as_ref());
                let same = known.filter(|s| s.value == one.value && s.since <= one.at);
                let series = Series {
                    at: one.at,
                    since: same.map_or(one.at, |s| s.since),
                    value: one.value,
                    quality: one.quality,
                };
                let list = self.entities.entry(key);
                let list = list.or_insert_with(|| vec![None; names.len()]);
                if let Some(place) = list.get_mut(slot) {
                    self.series += usize::from(place.is_none());
                    *place = Some(series);
                }
            }
        }
    }

    /// Takes a message.
    pub fn take(&mut self, message: &Message<'_>, retained: Retained, now: At) -> Taken {
        let mut taken = Taken::default();
        let with = Circumstances { now, retained };
        let has = |format| self.plan.maps.iter().any(|m| m.format == format);
        if sparkplug::is_meant(message.topic) && has(Format::Sparkplug) {
            let heard = self.sparkplug.take(message, now);
            self.hear(heard, &[Format::Sparkplug], &with, &mut taken);
        } else if fiware_is_meant(message.topic) && has(Format::Fiware) {
            let heard = self.fiware.take(message, now);
            self.hear(heard, &[Format::Fiware], &with, &mut taken);
        } else {
            let is_at = |format: Format| {
                let mut maps = self.plan.maps.iter().filter(|m| m.format == format);
                maps.any(|m| m.pattern.names(message.topic).is_some())
            };
            let (json, bare) = (is_at(Format::Json), is_at(Format::Number));
            if json {
                let heard = JsonDocument.take(message, now);
                self.hear(heard, &[Format::Json], &with, &mut taken);
            }
            if bare {
                let heard = Bare.take(message, now);
                self.hear(heard, &[Format::Number], &with, &mut taken);
            }
            if !json && !bare {
                taken.lost.push(Lost::UnknownTopic);
            }
        }
        taken
    }

    fn hear(
        &mut self,
        heard: Result<crate::driver::Heard, Lost>,
        formats: &[Format],
        with: &Circumstances,
        taken: &mut Taken,
    ) {
        let heard = match heard {
            Ok(heard) => heard,
            Err(lost) => return taken.lost.push(lost),
        };
        taken.lost.extend(heard.lost);
        taken.ask = heard.ask.or(taken.ask.take());
        for told in &heard.told {
            let mut is_mapped = told.signals.is_empty();
            for place in 0..self.plan.maps.len() {
                is_mapped |= self.map(place, told, formats, with, taken);
            }
            if !is_mapped {
                taken.lost.push(Lost::Unmapped);
            }
        }
    }

    /// What one map makes of what a device says; whether it is meant by the map at all.
    fn map(
        &mut self,
        place: usize,
        told: &Told,
        formats: &[Format],
        with: &Circumstances,
        taken: &mut Taken,
    ) -> bool {
        let Some(map) = self
            .plan
            .maps
            .get(place)
            .filter(|m| formats.contains(&m.format))
        else {
            return false;
        };
        let Some(names) = map.pattern.names(&told.address) else {
            return false;
        };
        let Some(entity) = map.entity.id(&names) else {
            taken
                .lost
                .push(Lost::broken("a level of the topic is empty"));
            return true;
        };
        let key = (place, entity);
        let mut known = self.entities.remove(&key);
        let mut list = known
            .take()
            .unwrap_or_else(|| vec![None; map.attributes.len()]);
        let before = list.iter().flatten().count();
        let own = Own {
            at: map.time_of(&told.signals),
            quality: map.quality_of(&told.signals),
        };
        let (mut now, mut past) = (Vec::new(), Vec::new());
        let mut is_mapped = false;
        for (attribute, series) in map.attributes.iter().zip(&mut list) {
            let Some(signal) = told.signals.iter().find(|s| s.name == attribute.from) else {
                continue;
            };
            is_mapped = true;
            if series.is_none() && self.series >= SERIES_MAX {
                taken.lost.push(Lost::TooMany);
                continue;
            }
            match said(attribute, (signal, told, &own), series, with) {
                Ok(Some((When::Now, said))) => now.push((attribute.name.clone(), said)),
                Ok(Some((When::Past, said))) => past.push((attribute.name.clone(), said)),
                Ok(None) => {}
                Err(lost) => taken.lost.push(lost),
            }
        }
        for (when, attributes) in [(When::Now, now), (When::Past, past)] {
            if !attributes.is_empty() {
                taken.changes.push(change(map, &key.1, attributes, when));
            }
        }
        let after = list.iter().flatten().count();
        self.series = self.series + after - before;
        if after > 0 {
            self.entities.insert(key, list);
        }
        is_mapped
    }

    /// What has become stale by now; to be written, or [`Self::begin`] to be called.
    pub fn stale(&mut self, now: At) -> Vec<Change> {
        let mut changes = Vec::new();
        for ((place, entity), list) in &mut self.entities {
            let Some(map) = self.plan.maps.get(*place) else {
                continue;
            };
            let mut attributes = Vec::new();
            for (attribute, series) in map.attributes.iter().zip(list) {
                let (Some(after), Some(series)) = (attribute.stale_after, series) else {
                    continue;
                };
                let is_marked = series.quality == Quality::Bad(Doubt::Stale);
                if !is_marked && now.since(series.at) > after {
                    series.quality = Quality::Bad(Doubt::Stale);
                    attributes.push((attribute.name.clone(), Said::Quality(series.quality, now)));
                }
            }
            if !attributes.is_empty() {
                changes.push(change(map, entity, attributes, When::Now));
            }
        }
        changes
    }
}

/// What a message says of all of its signals.
struct Own {
    at: Option<Result<At, ()>>,
    quality: Quality,
}

fn change(map: &Map, entity: &str, attributes: Vec<(Box<str>, Said)>, when: When) -> Change {
    Change {
        tenant: map.tenant.clone(),
        entity: entity.into(),
        kind: map.kind.clone(),
        attributes,
        when,
    }
}

/// What a signal says of an attribute; nothing if it says nothing new.
fn said(
    attribute: &Attribute,
    (signal, told, own): (&Signal, &Told, &Own),
    series: &mut Option<Series>,
    with: &Circumstances,
) -> Result<Option<(When, Said)>, Lost> {
    let quality = signal.quality.and(own.quality);
    let Some(value) = &signal.value else {
        // Nothing to show but that it is not good; without an earlier value not even that.
        let Some(series) = series.as_mut().filter(|s| s.quality != quality) else {
            return Ok(None);
        };
        series.quality = quality;
        return Ok(Some((When::Now, Said::Quality(quality, with.now))));
    };
    let value = in_unit(attribute, value)?;
    let sent = match own.at {
        Some(at) => Some(at),
        None => signal.at.or(told.at).map(Ok),
    };
    let (at, clock) = time(sent, with.now);
    let mut quality = quality.and(clock).and(in_range(attribute, &value));
    if with.retained == Retained::Yes {
        let has_time = sent.is_some() && clock == Quality::Good;
        match series {
            Some(known) if !has_time || known.at == at => return Err(Lost::Retained),
            _ if !has_time => quality = quality.and(Quality::Bad(Doubt::Stale)),
            _ => {}
        }
    }
    let mut since = at;
    if let Some(known) = series {
        // Of our own clock, which somebody may have set back, no reading is late.
        if at < known.at && sent.is_some() {
            let unit = attribute.unit.map(|(unit, _)| unit);
            let reading = Reading {
                value,
                unit,
                quality,
                at,
            };
            return Ok(Some((When::Past, Said::Reading(reading))));
        }
        if known.value == value {
            since = known.since;
        }
    }
    if attribute
        .frozen_after
        .is_some_and(|after| at.since(since) >= after)
    {
        quality = quality.and(Quality::Uncertain(Doubt::Frozen));
    }
    *series = Some(Series {
        at,
        value: value.clone(),
        since,
        quality,
    });
    let reading = Reading {
        value,
        unit: attribute.unit.map(|(unit, _)| unit),
        quality,
        at,
    };
    Ok(Some((When::Now, Said::Reading(reading))))
}

#[cfg(test)]
mod tests;
