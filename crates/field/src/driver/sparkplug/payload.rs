//! Sparkplug B's payload (section 6.4 of the specification, `sparkplug_b.proto`), as far as
//! readings need it. Never keeps more than [`SIGNALS_MAX`] metrics of one message.

use loggia_model::{At, Doubt, Measured, Quality};

use super::super::protobuf::{Fields, Malformed, Wire, put_bytes, put_varint};
use super::super::{SIGNALS_MAX, Signal, TEXT_BYTES_MAX, number, text};
use crate::lost::Lost;
use crate::moment;

/// The metric that counts a node's connections (section 6.4.19).
pub const BD_SEQ: &str = "bdSeq";
/// The metric that asks a node for a birth (section 6.4.24).
pub const REBIRTH: &str = "Node Control/Rebirth";
/// `Boolean` of `DataType`.
const BOOLEAN: u64 = 11;

/// A message.
#[derive(Debug, Default)]
pub struct Payload<'b> {
    pub at: Option<At>,
    pub metrics: Vec<Metric<'b>>,
    pub seq: Option<u8>,
}

/// A metric of it.
#[derive(Debug, Clone, Default)]
pub struct Metric<'b> {
    pub name: Option<&'b str>,
    pub alias: Option<u64>,
    at: Option<At>,
    pub datatype: Option<u64>,
    is_null: bool,
    value: Option<(u64, Wire<'b>)>,
    quality: Option<u64>,
}

impl<'b> Payload<'b> {
    pub fn read(bytes: &'b [u8]) -> Result<Self, Malformed> {
        let mut payload = Self::default();
        for field in Fields::of(bytes) {
            match field? {
                (1, Wire::Varint(ms)) => payload.at = since_1970(ms),
                (2, Wire::Bytes(bytes)) => {
                    if payload.metrics.len() >= SIGNALS_MAX {
                        return Err(Malformed);
                    }
                    payload.metrics.push(Metric::read(bytes)?);
                }
                (3, Wire::Varint(seq)) => {
                    payload.seq = Some(u8::try_from(seq).map_err(|_| Malformed)?);
                }
                _ => {}
            }
        }
        Ok(payload)
    }

    /// The number of the node's connection.
    pub fn bd_seq(&self) -> Option<u64> {
        let metric = self.metrics.iter().find(|m| m.name == Some(BD_SEQ))?;
        match metric.value {
            Some((_, Wire::Varint(n))) => Some(n),
            _ => None,
        }
    }
}

impl<'b> Metric<'b> {
    fn read(bytes: &'b [u8]) -> Result<Self, Malformed> {
        let mut metric = Self::default();
        for field in Fields::of(bytes) {
            match field? {
                (1, Wire::Bytes(name)) => metric.name = Some(name_of(name)?),
                (2, Wire::Varint(alias)) => metric.alias = Some(alias),
                (3, Wire::Varint(ms)) => metric.at = since_1970(ms),
                (4, Wire::Varint(kind)) => metric.datatype = Some(kind),
                (7, Wire::Varint(null)) => metric.is_null = null != 0,
                (9, Wire::Bytes(set)) => metric.quality = quality(set)?,
                (number @ 10..=18, value) => metric.value = Some((number, value)),
                _ => {}
            }
        }
        Ok(metric)
    }

    /// What it says, as a value of this type.
    pub fn signal(&self, name: &str, kind: u64) -> Result<Signal, Lost> {
        let mut quality = match self.quality {
            None => Quality::Good,
            // Section 6.4.10; the classes are OPC's, 500 is the specification's own STALE.
            Some(500) => Quality::Bad(Doubt::Stale),
            Some(192..=255) => Quality::Good,
            Some(64..=127) => Quality::Uncertain(Doubt::DeviceSaysSo),
            Some(_) => Quality::Bad(Doubt::DeviceSaysSo),
        };
        let value = match self.value.filter(|_| !self.is_null) {
            Some((field, wire)) => Some(value(field, wire, kind)?),
            None => {
                quality = quality.and(Quality::Bad(Doubt::DeviceSaysSo));
                None
            }
        };
        Ok(Signal {
            name: name.into(),
            value,
            at: self.at,
            quality,
        })
    }
}

fn name_of(bytes: &[u8]) -> Result<&str, Malformed> {
    let name = std::str::from_utf8(bytes).map_err(|_| Malformed)?;
    (name.len() <= TEXT_BYTES_MAX)
        .then_some(name)
        .ok_or(Malformed)
}

/// A value by its field; the type says how whole numbers are signed (section 6.4.16).
fn value(field: u64, wire: Wire<'_>, kind: u64) -> Result<Measured, Lost> {
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_possible_wrap,
        clippy::cast_precision_loss,
        reason = "two's complement in an unsigned field; counters over 2^53 lose their last digits"
    )]
    match (field, wire) {
        (10 | 11, Wire::Varint(n)) => match kind {
            1 => number(f64::from(n as u8 as i8)),
            2 => number(f64::from(n as u16 as i16)),
            3 => number(f64::from(n as u32 as i32)),
            4 => number(n as i64 as f64),
            13 => match since_1970(n) {
                Some(at) => text(&moment::written(at)),
                None => Err(Lost::broken("a time beyond the year 9999")),
            },
            _ => number(n as f64),
        },
        (12, Wire::Fixed32(bytes)) => number(f64::from(f32::from_le_bytes(bytes))),
        (13, Wire::Fixed64(bytes)) => number(f64::from_le_bytes(bytes)),
        (14, Wire::Varint(n)) => Ok(Measured::Flag(n != 0)),
        (15, Wire::Bytes(bytes)) => match std::str::from_utf8(bytes) {
            Ok(word) => text(word),
            Err(_) => Err(Lost::broken("a text that is not UTF-8")),
        },
        _ => {
            let what = "bytes, data sets and templates are no readings";
            Err(Lost::WrongKind(what.into()))
        }
    }
}

/// `Quality` of a property set: keys and values stand side by side.
fn quality(bytes: &[u8]) -> Result<Option<u64>, Malformed> {
    let (mut place, mut keys, mut values) = (None, 0_usize, Vec::new());
    for field in Fields::of(bytes) {
        match field? {
            (1, Wire::Bytes(key)) => {
                if key.eq_ignore_ascii_case(b"quality") {
                    place = Some(keys);
                }
                keys += 1;
            }
            (2, Wire::Bytes(value)) => values.push(value),
            _ => {}
        }
    }
    let Some(value) = place.and_then(|p| values.get(p)) else {
        return Ok(None);
    };
    for field in Fields::of(value) {
        if let (3 | 4, Wire::Varint(code)) = field? {
            return Ok(Some(code));
        }
    }
    Ok(None)
}

/// Milliseconds since 1970, up to the year 9999.
fn since_1970(ms: u64) -> Option<At> {
    let ms = i64::try_from(ms)
        .ok()
        .filter(|ms| *ms <= 253_402_300_799_999)?;
    Some(At(ms * 1_000))
}

/// What asks a node for its birth.
pub fn rebirth(now: At) -> Vec<u8> {
    let ms = u64::try_from(now.0 / 1_000).unwrap_or(0);
    let mut metric = Vec::new();
    put_bytes(1, REBIRTH.as_bytes(), &mut metric);
    put_varint(3, ms, &mut metric);
    put_varint(4, BOOLEAN, &mut metric);
    put_varint(14, 1, &mut metric);
    let mut out = Vec::new();
    put_varint(1, ms, &mut out);
    put_bytes(2, &metric, &mut out);
    out
}
