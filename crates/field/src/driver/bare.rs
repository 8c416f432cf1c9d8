//! A number alone, as text: what small devices publish. Never takes a word for a number.

use loggia_model::{At, Measured};

use super::{Driver, Heard, Message, Signal, Told, written};
use crate::lost::Lost;

/// The name of the only signal.
pub const ONLY: &str = "";

/// Longest such payload; the longest number of floating point has 1,079 digits, nobody's has.
const BYTES_MAX: usize = 64;

/// Reads `21.4`, `true`, `off`.
#[derive(Debug, Clone, Copy, Default)]
pub struct Bare;

impl Driver for Bare {
    fn take(&mut self, message: &Message<'_>, _: At) -> Result<Heard, Lost> {
        let bytes = message.payload;
        let word = std::str::from_utf8(bytes)
            .ok()
            .filter(|w| w.len() <= BYTES_MAX);
        let word = word.map(|w| w.trim_matches([' ', '\t', '\r', '\n', '\0']));
        let value = match word.map(written) {
            Some(Ok(Measured::Text(_))) | None => return Err(Lost::broken("no number")),
            Some(value) => value?,
        };
        Ok(Heard {
            told: vec![Told {
                address: message.topic.into(),
                at: None,
                signals: vec![Signal::good(ONLY, value)],
            }],
            ..Heard::default()
        })
    }
}
