//! JSON: each leaf is a signal, named by its pointer (RFC 6901). Never keeps `null` for a value.

use loggia_model::{At, Doubt, Measured, Quality};
use serde_json::Value;

use super::{Driver, Heard, Message, SIGNALS_MAX, Signal, Told, number, text};
use crate::lost::Lost;

/// Reads a JSON document.
#[derive(Debug, Clone, Copy, Default)]
pub struct JsonDocument;

impl Driver for JsonDocument {
    fn take(&mut self, message: &Message<'_>, _: At) -> Result<Heard, Lost> {
        let document = read(message.payload)?;
        let mut heard = Heard::default();
        let mut signals = Vec::new();
        leaves(&document, String::new(), &mut signals, &mut heard.lost)?;
        heard.told.push(Told {
            address: message.topic.into(),
            at: None,
            signals,
        });
        Ok(heard)
    }
}

/// Reads JSON. Nesting ends at 128, `serde_json`'s limit for the stack's sake.
pub(super) fn read(bytes: &[u8]) -> Result<Value, Lost> {
    serde_json::from_slice(bytes).map_err(|e| {
        let (line, column) = (e.line(), e.column());
        Lost::broken(&format!("no JSON: line {line}, column {column}"))
    })
}

/// Each leaf as a signal named by its pointer. A leaf that cannot be one is lost alone.
pub(super) fn leaves(
    json: &Value,
    at: String,
    signals: &mut Vec<Signal>,
    lost: &mut Vec<Lost>,
) -> Result<(), Lost> {
    if signals.len() >= SIGNALS_MAX {
        return Err(Lost::broken("more than 5,000 values"));
    }
    match json {
        Value::Object(members) => {
            for (name, value) in members {
                let name = name.replace('~', "~0").replace('/', "~1");
                leaves(value, format!("{at}/{name}"), signals, lost)?;
            }
        }
        Value::Array(items) => {
            for (n, value) in items.iter().enumerate() {
                leaves(value, format!("{at}/{n}"), signals, lost)?;
            }
        }
        leaf => match value(leaf) {
            Ok(value) => {
                let quality = match value {
                    Some(_) => Quality::Good,
                    None => Quality::Bad(Doubt::DeviceSaysSo),
                };
                signals.push(Signal {
                    value,
                    quality,
                    ..Signal::good(at, Measured::Flag(false))
                });
            }
            Err(why) => lost.push(why),
        },
    }
    Ok(())
}

/// A leaf's value; `null` has none.
pub(super) fn value(json: &Value) -> Result<Option<Measured>, Lost> {
    match json {
        Value::Bool(b) => Ok(Some(Measured::Flag(*b))),
        Value::Number(n) => number(n.as_f64().unwrap_or(f64::NAN)).map(Some),
        Value::String(s) => text(s).map(Some),
        _ => Ok(None),
    }
}
