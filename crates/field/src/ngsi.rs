//! How a reading stands in NGSI-LD (ETSI GS CIM 009, clause 4.5.2): a Property with `unitCode` and
//! `observedAt`, and its quality as Properties of the Property. Never leaves the quality out.

use loggia_model::{Doubt, Measured, Quality, Reading};
use serde_json::{Map, Value, json};

use crate::moment;
use crate::sink::{Change, Said};

/// The Property's Property with the quality: `good`, `uncertain`, `bad`.
pub const QUALITY: &str = "quality";
/// The one with the reason, where it is not good.
pub const REASON: &str = "qualityReason";

/// The entity of a change, normalized: what is written is appended to the entity that is there.
///
/// ```json
/// {"id": "urn:ngsi-ld:AirQualityObserved:Kallio", "type": "AirQualityObserved",
///  "NO2": {"type": "Property", "value": 21.4, "unitCode": "GQ",
///          "observedAt": "2026-11-30T08:00:00Z",
///          "quality": {"type": "Property", "value": "bad"},
///          "qualityReason": {"type": "Property", "value": "outOfRange"}}}
/// ```
///
/// Attributes whose quality alone changes are not in it, see [`qualities`].
#[must_use]
pub fn entity(change: &Change) -> Value {
    let mut members = head(change);
    for (name, reading) in readings(change) {
        members.insert(name.to_string(), attribute(reading));
    }
    Value::Object(members)
}

/// Attributes whose quality alone changes, by name: the members that take the place of those there
/// are, each observed at that time. Value, unit and time of the attribute stay (clause 5.6.4).
#[must_use]
pub fn qualities(change: &Change) -> Vec<(&str, Value)> {
    let mut list = Vec::new();
    for (name, said) in &change.attributes {
        if let Said::Quality(now, at) = said {
            let mut members = Map::new();
            members.insert("type".to_owned(), json!("Property"));
            quality(*now, Some(moment::written(*at)), &mut members);
            list.push((&**name, Value::Object(members)));
        }
    }
    list
}

/// The entity for the history: each attribute is a list of instances (clause 4.5.6).
#[must_use]
pub fn temporal(change: &Change) -> Value {
    let mut members = head(change);
    for (name, reading) in readings(change) {
        members.insert(name.to_string(), json!([attribute(reading)]));
    }
    Value::Object(members)
}

fn head(change: &Change) -> Map<String, Value> {
    let mut members = Map::new();
    members.insert("id".to_owned(), json!(change.entity));
    members.insert("type".to_owned(), json!(change.kind));
    members
}

fn readings(change: &Change) -> impl Iterator<Item = (&str, &Reading)> {
    change
        .attributes
        .iter()
        .filter_map(|(name, said)| match said {
            Said::Reading(reading) => Some((&**name, reading)),
            Said::Quality(..) => None,
        })
}

fn attribute(reading: &Reading) -> Value {
    let mut members = Map::new();
    members.insert("type".to_owned(), json!("Property"));
    members.insert("value".to_owned(), value(&reading.value));
    if let Some(unit) = reading.unit {
        members.insert("unitCode".to_owned(), json!(unit.code()));
    }
    members.insert("observedAt".to_owned(), json!(moment::written(reading.at)));
    quality(reading.quality, None, &mut members);
    Value::Object(members)
}

fn quality(quality: Quality, at: Option<String>, into: &mut Map<String, Value>) {
    let property = |word: &str| match &at {
        None => json!({"type": "Property", "value": word}),
        Some(at) => json!({"type": "Property", "value": word, "observedAt": at}),
    };
    into.insert(QUALITY.to_owned(), property(quality.word()));
    if let Some(doubt) = quality.doubt() {
        into.insert(REASON.to_owned(), property(doubt.word()));
    }
}

/// A whole number stays one, as devices and people write it.
fn value(value: &Measured) -> Value {
    match value {
        #[expect(clippy::cast_possible_truncation, reason = "whole, and below 2^53")]
        Measured::Number(x) if x.fract() == 0.0 && x.abs() < 9e15 => json!(*x as i64),
        Measured::Number(x) => json!(x),
        Measured::Flag(b) => json!(b),
        Measured::Text(t) => json!(t),
    }
}

/// The quality that an attribute's attributes say, by a way to look at their values. What was not
/// written by this room says nothing, and is uncertain.
#[must_use]
pub fn quality_of<'v>(find: impl Fn(&str) -> Option<&'v str>) -> Quality {
    let said = find(QUALITY).and_then(|word| Quality::of(word, find(REASON)));
    said.unwrap_or(Quality::Uncertain(Doubt::DeviceSaysSo))
}
