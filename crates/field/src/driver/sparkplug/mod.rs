//! Eclipse Sparkplug B 3.0: births name metrics and their aliases, data follow them by sequence
//! number, a death makes everything stale. Never takes an alias for a name of another birth.

mod payload;

use std::collections::{BTreeMap, HashMap};
use std::time::Duration;

use loggia_model::{At, Doubt, Quality};

use super::{Ask, Driver, Heard, Message, Signal, TEXT_BYTES_MAX, Told};
use crate::lost::Lost;
use payload::{Metric, Payload, REBIRTH};

/// Metrics of all nodes that are known at once: 200,000 of 200 B are 40 MB.
pub const METRICS_MAX: usize = 200_000;
/// Nodes known at once.
const NODES_MAX: usize = 10_000;
/// A node is asked for a birth so often at most: it names all of its metrics then.
const ASK_EVERY: Duration = Duration::from_secs(60);
/// The namespace (section 4.1.1 of the specification).
const NAMESPACE: &str = "spBv1.0";

/// Reads what edge nodes publish.
#[derive(Debug, Clone, Default)]
pub struct Sparkplug {
    nodes: HashMap<Box<str>, Node>,
    metrics: usize,
}

/// An edge node since its birth.
#[derive(Debug, Clone, Default)]
struct Node {
    is_born: bool,
    seq: u8,
    bd_seq: Option<u64>,
    /// By alias: place in `known`.
    aliases: HashMap<u64, (Box<str>, Box<str>)>,
    /// By device (the node itself is "") and name: the type.
    known: BTreeMap<Box<str>, BTreeMap<Box<str>, u64>>,
    asked: Option<At>,
}

impl Node {
    fn metrics(&self) -> usize {
        self.known.values().map(BTreeMap::len).sum()
    }
}

/// What a topic says.
struct Topic<'t> {
    group: &'t str,
    kind: &'t str,
    node: &'t str,
    device: Option<&'t str>,
}

impl<'t> Topic<'t> {
    fn of(text: &'t str) -> Option<Self> {
        let mut levels = text.split('/');
        let head = [(); 4].map(|()| levels.next());
        let [Some(NAMESPACE), Some(group), Some(kind), Some(node)] = head else {
            return None;
        };
        let device = levels.next();
        levels.next().is_none().then_some(Self {
            group,
            kind,
            node,
            device,
        })
    }

    /// With `+` for the kind, as maps have it.
    fn address(&self, device: &str) -> String {
        let (group, node) = (self.group, self.node);
        match device {
            "" => format!("{NAMESPACE}/{group}/+/{node}"),
            device => format!("{NAMESPACE}/{group}/+/{node}/{device}"),
        }
    }
}

/// Whether a topic is Sparkplug's.
#[must_use]
pub fn is_meant(topic: &str) -> bool {
    topic.split('/').next() == Some(NAMESPACE)
}

impl Driver for Sparkplug {
    fn take(&mut self, message: &Message<'_>, now: At) -> Result<Heard, Lost> {
        // A host's own state, and what hosts tell devices, are nobody's readings.
        let Some(topic) = Topic::of(message.topic) else {
            return match message.topic.starts_with("spBv1.0/STATE/") {
                true => Ok(Heard::default()),
                false => Err(Lost::UnknownTopic),
            };
        };
        match (topic.kind, topic.device) {
            ("NBIRTH" | "NDATA" | "NDEATH", None) => {}
            ("DBIRTH" | "DDATA" | "DDEATH", Some(_)) => {}
            ("NCMD" | "DCMD", _) => return Ok(Heard::default()),
            _ => return Err(Lost::UnknownTopic),
        }
        let payload = Payload::read(message.payload)
            .map_err(|_| Lost::broken("no Sparkplug B payload (protobuf)"))?;
        let key: Box<str> = format!("{}/{}", topic.group, topic.node).into();
        if key.len() + topic.device.map_or(0, str::len) > TEXT_BYTES_MAX {
            return Err(Lost::broken("a name of more than 4,096 bytes"));
        }
        let named = payload.metrics.iter().filter(|m| m.name.is_some()).count();
        let is_new = !self.nodes.contains_key(&key);
        if (is_new && self.nodes.len() >= NODES_MAX) || self.metrics + named > METRICS_MAX {
            return Err(Lost::TooMany);
        }
        let node = self.nodes.entry(key).or_default();
        let before = node.metrics();
        let heard = match topic.kind {
            "NBIRTH" => node.born(&topic, &payload),
            "DBIRTH" => node.device_born(&topic, &payload, now),
            "NDATA" | "DDATA" => node.data(&topic, &payload, now),
            "NDEATH" => Ok(node.died(&topic, &payload)),
            _ => Ok(node.device_died(&topic, &payload, now)),
        };
        self.metrics = self.metrics + node.metrics() - before;
        heard
    }
}

impl Node {
    /// Section 6.4.19: everything begins anew.
    fn born(&mut self, topic: &Topic<'_>, payload: &Payload<'_>) -> Result<Heard, Lost> {
        let seq = payload
            .seq
            .ok_or_else(|| Lost::broken("a birth without seq"))?;
        let bd_seq = payload.bd_seq();
        let mut new = Self {
            is_born: true,
            seq,
            bd_seq,
            ..Self::default()
        };
        let mut lost = Vec::new();
        let signals = new.named("", payload, &mut lost)?;
        *self = new;
        Ok(told(topic, "", payload, signals, lost))
    }

    fn device_born(
        &mut self,
        topic: &Topic<'_>,
        payload: &Payload<'_>,
        now: At,
    ) -> Result<Heard, Lost> {
        let device = topic.device.unwrap_or_default();
        let mut lost = Vec::new();
        let mut new = Self::default();
        let signals = new.named(device, payload, &mut lost)?;
        self.aliases.retain(|_, (of, _)| **of != *device);
        self.known.remove(device);
        self.aliases.extend(new.aliases);
        self.known.extend(new.known);
        let ask = self.follow(topic, payload, now, &mut lost);
        let mut heard = told(topic, device, payload, signals, lost);
        heard.ask = ask;
        Ok(heard)
    }

    /// Sections 6.4.20 and 6.4.22.
    fn data(&mut self, topic: &Topic<'_>, payload: &Payload<'_>, now: At) -> Result<Heard, Lost> {
        let device = topic.device.unwrap_or_default();
        let mut lost = Vec::new();
        let mut signals = Vec::new();
        for metric in &payload.metrics {
            match self.signal(device, metric) {
                Ok(signal) => signals.push(signal),
                Err(why) => lost.push(why),
            }
        }
        let ask = self.follow(topic, payload, now, &mut lost);
        let mut heard = told(topic, device, payload, signals, lost);
        heard.ask = ask;
        Ok(heard)
    }

    /// Section 6.4.21: the server says it for a node that is gone. Of an earlier connection's
    /// death nobody takes note.
    fn died(&mut self, topic: &Topic<'_>, payload: &Payload<'_>) -> Heard {
        let of = payload.bd_seq();
        if of.is_some() && self.bd_seq.is_some() && of != self.bd_seq {
            return Heard::default();
        }
        self.is_born = false;
        let devices = self.known.keys();
        Heard {
            told: devices.map(|d| self.stale(topic, d)).collect(),
            ..Heard::default()
        }
    }

    fn device_died(&mut self, topic: &Topic<'_>, payload: &Payload<'_>, now: At) -> Heard {
        let device = topic.device.unwrap_or_default();
        let mut lost = Vec::new();
        let ask = self.follow(topic, payload, now, &mut lost);
        Heard {
            told: vec![self.stale(topic, device)],
            lost,
            ask,
        }
    }

    /// Everything that a device told is stale.
    fn stale(&self, topic: &Topic<'_>, device: &str) -> Told {
        let names = self.known.get(device).into_iter().flat_map(BTreeMap::keys);
        Told {
            address: topic.address(device).into(),
            at: None,
            signals: names
                .map(|name| Signal {
                    name: name.clone(),
                    value: None,
                    at: None,
                    quality: Quality::Bad(Doubt::Stale),
                })
                .collect(),
        }
    }

    /// Compares the sequence number with the last one (section 6.4.3); one that comes again is
    /// the same message. Gives what to ask where something is missing.
    fn follow(
        &mut self,
        topic: &Topic<'_>,
        payload: &Payload<'_>,
        now: At,
        lost: &mut Vec<Lost>,
    ) -> Option<Ask> {
        let seq = payload.seq?;
        if self.is_born && (seq == self.seq.wrapping_add(1) || seq == self.seq) {
            self.seq = seq;
            let unknown = lost.contains(&Lost::NoBirth);
            return unknown.then(|| self.ask(topic, now)).flatten();
        }
        if self.is_born {
            lost.push(Lost::Gap);
        }
        self.seq = seq;
        self.ask(topic, now)
    }

    fn ask(&mut self, topic: &Topic<'_>, now: At) -> Option<Ask> {
        let lately = self
            .asked
            .is_some_and(|at| now.since(at) < ASK_EVERY && now >= at);
        if lately {
            return None;
        }
        self.asked = Some(now);
        Some(Ask {
            topic: format!("{NAMESPACE}/{}/NCMD/{}", topic.group, topic.node),
            payload: payload::rebirth(now),
        })
    }

    /// The metrics of a birth, which have names.
    fn named(
        &mut self,
        device: &str,
        payload: &Payload<'_>,
        lost: &mut Vec<Lost>,
    ) -> Result<Vec<Signal>, Lost> {
        let mut signals = Vec::new();
        for metric in &payload.metrics {
            let name = metric
                .name
                .ok_or_else(|| Lost::broken("a metric without a name"))?;
            // The connection's own bookkeeping, not a measurement.
            if name == REBIRTH || name == payload::BD_SEQ {
                continue;
            }
            let kind = metric.datatype.unwrap_or(0);
            let known = self.known.entry(device.into()).or_default();
            known.insert(name.into(), kind);
            if let Some(alias) = metric.alias {
                self.aliases.insert(alias, (device.into(), name.into()));
            }
            match metric.signal(name, kind) {
                Ok(signal) => signals.push(signal),
                Err(why) => lost.push(why),
            }
        }
        Ok(signals)
    }

    /// A metric of data: by alias, or by name.
    fn signal(&self, device: &str, metric: &Metric<'_>) -> Result<Signal, Lost> {
        let by_alias = metric.alias.and_then(|a| self.aliases.get(&a));
        let by_alias = by_alias.filter(|(of, _)| self.is_born && **of == *device);
        let name = metric.name.or(by_alias.map(|(_, name)| &**name));
        let name = name.ok_or(Lost::NoBirth)?;
        let known = self.known.get(device).and_then(|d| d.get(name));
        let kind = metric.datatype.or(known.copied()).unwrap_or(0);
        metric.signal(name, kind)
    }
}

fn told(
    topic: &Topic<'_>,
    device: &str,
    payload: &Payload<'_>,
    signals: Vec<Signal>,
    lost: Vec<Lost>,
) -> Heard {
    Heard {
        told: vec![Told {
            address: topic.address(device).into(),
            at: payload.at,
            signals,
        }],
        lost,
        ask: None,
    }
}

#[cfg(test)]
mod tests;
