//! One member of a subscription at a time, as a body or a fragment has it (table 5.2.12-1). Never
//! asks whether members go together; `check` does.

use std::sync::Arc;

use super::delivery::{flag, iris, texts};
use super::read::Compile;
use super::selector::Selector;
use super::{
    Delivery, GeoCondition, LIST_MAX, Seconds, Subscription, TEXT_BYTES_MAX, Text, Triggers, bad,
};
use crate::context::Context;
use crate::error::Error;
use crate::iri::{Iri, is_uri};
use crate::json::Json;
use crate::lang::Languages;
use crate::query::{Fault, GeoQuery, Query, ScopeQuery};
use crate::time::Time;

/// Longest `timeInterval` and `throttling`: ten years of seconds keep their microseconds in a
/// float, and nobody waits longer.
const SECONDS_MAX: f64 = 315_360_000.0;

/// Members in the order in which they are read: what `q` depends on before it.
pub(super) fn in_order(members: &[(Box<str>, Json)]) -> impl Iterator<Item = &(Box<str>, Json)> {
    let first = |m: &&(Box<str>, Json)| &*m.0 == "expandValues";
    let rest = members.iter().filter(move |m| !first(m));
    members.iter().filter(first).chain(rest)
}

/// What members are read with.
pub(super) struct Reading<'r, 'f> {
    pub context: &'r Arc<Context>,
    pub compile: Compile<'f>,
}

impl Reading<'_, '_> {
    /// Sets a member.
    pub fn member(&mut self, to: &mut Subscription, name: &str, v: &Json) -> Result<(), Error> {
        self.what(to, name, v)
            .or_else(|unknown| match unknown {
                Unknown::Member => self.when_and_how(to, name, v),
                bad => Err(bad),
            })
            .map_err(|e| match e {
                Unknown::Member => bad(name, "there is no such member (clause 5.2.12)"),
                Unknown::Value(e) => e.within(name),
            })
    }

    /// What is subscribed to.
    fn what(&self, to: &mut Subscription, name: &str, v: &Json) -> Result<(), Unknown> {
        let context = self.context;
        match name {
            "subscriptionName" => to.name = Some(text(v)?),
            "description" => to.description = Some(text(v)?),
            "entities" => to.entities = Selector::read_list(v, context)?,
            "watchedAttributes" => to.watched = iris(&texts(v)?, context)?,
            "q" => to.q = Some(self.query(v, "q", &to.expand_values)?),
            "csf" => to.csf = Some(self.query(v, "csf", &[])?),
            "scopeQ" => {
                let text = text(v)?;
                let read = ScopeQuery::read(&text).map_err(Error::from)?;
                to.scope = Some(Text { text, read });
            }
            "geoQ" => to.geo = Some(geo(v, context)?),
            "datasetId" => to.datasets = Some(datasets(v)?),
            "jsonKeys" => to.kept.json_keys = names(v, context)?,
            "expandValues" => to.expand_values = names(v, context)?,
            "localOnly" => to.kept.local_only = Some(flag(v)?),
            "splitEntities" => to.kept.split_entities = Some(flag(v)?),
            "ngsildConformance" => to.kept.conformance = Some(text(v)?),
            "temporalQ" => {
                let what = "it is for subscriptions to registrations of context sources alone \
                            (table 5.2.12-1)";
                return Err(bad("", what).into());
            }
            _ => return Err(Unknown::Member),
        }
        Ok(())
    }

    /// When it is told, how and where.
    fn when_and_how(&mut self, to: &mut Subscription, name: &str, v: &Json) -> Result<(), Unknown> {
        match name {
            "notification" => to.notification = Delivery::read(v, self.context)?,
            "notificationTrigger" => to.triggers = Triggers::read(v)?,
            "timeInterval" => to.time_interval = Some(seconds(v)?),
            "throttling" => to.throttling = Some(seconds(v)?),
            "isActive" => to.is_active = Some(flag(v)?),
            "expiresAt" => {
                let time = v.as_str().and_then(Time::read);
                let expected = "a time in UTC like 2026-08-10T12:00:00Z is needed (clause 4.6.3)";
                to.expires_at = Some(time.ok_or_else(|| bad("", expected))?);
            }
            "lang" => {
                let text = text(v)?;
                let read = Languages::read(&text);
                let read = read.ok_or_else(|| bad("", "a list of language tags is needed"))?;
                to.lang = Some(Text { text, read });
            }
            "jsonldContext" => {
                let url = text(v)?;
                if !(url.starts_with("https://") || url.starts_with("http://")) || !is_uri(&url) {
                    return Err(bad("", "the URL of an @context is needed").into());
                }
                to.told_in = (self.compile)(v)?;
                to.jsonld_context = Some(url);
            }
            // What is the broker's to say is passed over (table 5.2.12-2), and so are marks that
            // other brokers leave in what they export: no member of NGSI-LD begins so.
            "status" | "createdAt" | "modifiedAt" => {}
            other if other.starts_with('_') => {}
            _ => return Err(Unknown::Member),
        }
        Ok(())
    }

    fn query(
        &self,
        v: &Json,
        parameter: &'static str,
        expanded: &[Iri],
    ) -> Result<Text<Query>, Error> {
        let text = text(v)?;
        // Clients copy what they would write into a URL; brokers take it so.
        let plain = super::endpoint::unescaped(&text)?;
        let read = Query::read_expanding(&plain, self.context, expanded);
        let read = read.map_err(|f| Fault { parameter, ..f })?;
        Ok(Text { text, read })
    }
}

/// Why a member is not taken.
enum Unknown {
    Member,
    Value(Error),
}

impl From<Error> for Unknown {
    fn from(e: Error) -> Self {
        Self::Value(e)
    }
}

/// Names of attributes with commas between (table 5.2.12-1); a list of them is taken as well.
fn names(value: &Json, context: &Context) -> Result<Vec<Iri>, Error> {
    match value.as_str() {
        Some(text) => iris(&text.split(',').collect::<Vec<_>>(), context),
        None => iris(&texts(value)?, context),
    }
}

/// A text that is kept.
fn text(value: &Json) -> Result<Box<str>, Error> {
    match value {
        Json::String(text) if !text.is_empty() && text.len() <= TEXT_BYTES_MAX => Ok(text.clone()),
        _ => Err(bad(
            "",
            format!("a text of 1 to {TEXT_BYTES_MAX} bytes is needed"),
        )),
    }
}

fn seconds(value: &Json) -> Result<Seconds, Error> {
    match value {
        Json::Number(n) if n.as_f64().is_some_and(|s| s > 0.0 && s <= SECONDS_MAX) => {
            Ok(Seconds(n.clone()))
        }
        _ => Err(bad("", "a number of seconds above 0 is needed")),
    }
}

/// `datasetId`: URIs, and `@none` for the default instance (clause 4.5.5).
fn datasets(value: &Json) -> Result<Vec<Option<Box<str>>>, Error> {
    let items = value.as_list();
    if items.is_empty() || items.len() > LIST_MAX {
        return Err(bad("", format!("1 to {LIST_MAX} URIs are needed")));
    }
    items
        .iter()
        .map(|item| match item.as_str() {
            Some("@none") => Ok(None),
            Some(id) if is_uri(id) => Ok(Some(id.into())),
            _ => Err(bad("", format!("{item} is neither a URI nor `@none`"))),
        })
        .collect()
}

/// `geoQ` (clause 5.2.13). `coordinates` is JSON, or JSON as a text, as in a URL.
fn geo(value: &Json, context: &Context) -> Result<GeoCondition, Error> {
    let known = ["georel", "geometry", "coordinates", "geoproperty"];
    if let Some((name, _)) = value.members().iter().find(|m| !known.contains(&&*m.0)) {
        return Err(bad(name, "there is no such member (clause 5.2.13)"));
    }
    let member = |name: &str| match value.get(name).map(text) {
        Some(text) => text.map_err(|e| e.within(name)),
        None => Err(bad(name, "it is missing")),
    };
    let (georel, geometry) = (member("georel")?, member("geometry")?);
    let coordinates = match value.get("coordinates") {
        Some(Json::String(text)) => Json::read(text.as_bytes())
            .map_err(|_| bad("coordinates", "a list of numbers is needed"))?,
        Some(list @ Json::Array(_)) => list.clone(),
        _ => return Err(bad("coordinates", "a list of numbers is needed")),
    };
    let geoproperty = value.get("geoproperty").map(text).transpose()?;
    let read = GeoQuery::read_json(
        &georel,
        &geometry,
        coordinates.clone(),
        geoproperty.as_deref(),
        context,
    )?;
    Ok(GeoCondition {
        named: geoproperty.map(|_| read.geoproperty.clone()),
        read,
        georel,
        geometry,
        coordinates,
    })
}
