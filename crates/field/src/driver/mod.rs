//! Drivers: what came over a wire → what a device says. The open set of this crate; one suite
//! (`tests/conformance.rs`) holds each of them to the contract. Never knows of entities.

mod bare;
mod fiware;
mod json;
mod protobuf;
pub mod sparkplug;

use loggia_model::{At, Measured, Quality};

use crate::lost::Lost;

pub use bare::Bare;
pub use fiware::{Fiware, is_meant as fiware_is_meant};
pub use json::JsonDocument;
pub use sparkplug::Sparkplug;

/// Signals of one message: a node of a plant has some hundreds, a birth names them all.
pub const SIGNALS_MAX: usize = 5_000;

/// Bytes of a name or a text that a device sends.
pub const TEXT_BYTES_MAX: usize = 4_096;

/// Something that came.
#[derive(Debug, Clone, Copy)]
pub struct Message<'m> {
    /// Where.
    pub topic: &'m str,
    /// What.
    pub payload: &'m [u8],
}

/// What one device says at one time.
#[derive(Debug, Clone, PartialEq)]
pub struct Told {
    /// The device's address, which maps' topics are compared with.
    pub address: Box<str>,
    /// The device's own time for all of it, if it has one.
    pub at: Option<At>,
    /// What it says.
    pub signals: Vec<Signal>,
}

/// One thing that a device says.
#[derive(Debug, Clone, PartialEq)]
pub struct Signal {
    /// Its name: what `from` of a map's attribute is compared with.
    pub name: Box<str>,
    /// The value; nothing where the device says only how it is, or has none.
    pub value: Option<Measured>,
    /// The device's own time for this one.
    pub at: Option<At>,
    /// What the device says of it.
    pub quality: Quality,
}

/// What a driver made of a message.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Heard {
    /// What devices say.
    pub told: Vec<Told>,
    /// What of it was lost.
    pub lost: Vec<Lost>,
    /// What the driver would have sent back.
    pub ask: Option<Ask>,
}

/// A question to a device, which changes nothing but what it tells.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Ask {
    /// Where to publish it.
    pub topic: String,
    /// What to publish.
    pub payload: Vec<u8>,
}

/// What turns bytes of a wire into signals.
///
/// Contract:
/// 1. Any bytes under any topic are taken in bounded time and memory; nothing panics.
/// 2. A message that does not read is [`Lost`] whole and changes nothing: the next good one says
///    what it would have said without it.
/// 3. A message that comes twice says the same twice: wires deliver at least once.
/// 4. A number is finite, a text has at most [`TEXT_BYTES_MAX`], a message at most
///    [`SIGNALS_MAX`] signals.
/// 5. What the device says not to be good is not good here; what has no value is never good.
/// 6. No clock and no randomness: `now` is an argument, and used to limit questions alone.
pub trait Driver: Send {
    /// Takes a message.
    ///
    /// # Errors
    /// [`Lost`] says why none of it can be used.
    fn take(&mut self, message: &Message<'_>, now: At) -> Result<Heard, Lost>;
}

impl Signal {
    /// A good value without a time of its own.
    #[must_use]
    pub fn good(name: impl Into<Box<str>>, value: Measured) -> Self {
        Self {
            name: name.into(),
            value: Some(value),
            at: None,
            quality: Quality::Good,
        }
    }
}

/// A number that can be one: finite.
fn number(x: f64) -> Result<Measured, Lost> {
    match x.is_finite() {
        true => Ok(Measured::Number(x)),
        false => Err(Lost::broken("a number that is not finite")),
    }
}

/// A text that is short enough to be a state.
fn text(text: &str) -> Result<Measured, Lost> {
    match text.len() <= TEXT_BYTES_MAX {
        true => Ok(Measured::Text(text.into())),
        false => Err(Lost::broken("a text of more than 4,096 bytes")),
    }
}

/// A value that stands as text: a number, a word for yes or no, or a word.
fn written(word: &str) -> Result<Measured, Lost> {
    match word {
        "true" | "on" | "ON" | "True" => return Ok(Measured::Flag(true)),
        "false" | "off" | "OFF" | "False" => return Ok(Measured::Flag(false)),
        _ => {}
    }
    // `parse` also takes "inf" and "NaN", which are words here.
    let numeric = word.starts_with(|c: char| c.is_ascii_digit() || "+-.".contains(c));
    match word.parse::<f64>() {
        Ok(x) if numeric => number(x),
        _ => text(word),
    }
}
