//! Packets that a server says (OASIS MQTT, section 3). Never reads more of one than it was told to
//! hold; of a longer one the front is there and the rest is passed over.

use std::ops::Range;

use thiserror::Error;
use tokio::io::{AsyncRead, AsyncReadExt};

use crate::{Qos, Version};

/// The answer to a greeting.
pub const CONNACK: u8 = 2;
/// A message.
pub const PUBLISH: u8 = 3;
/// A message is acknowledged (QoS 1).
pub const PUBACK: u8 = 4;
/// A message was received (QoS 2).
pub const PUBREC: u8 = 5;
/// A message is done with (QoS 2).
pub const PUBCOMP: u8 = 7;
/// The answer to a subscription.
pub const SUBACK: u8 = 9;
/// The sign of life.
pub const PINGRESP: u8 = 13;
/// The server goes (5.0).
pub const DISCONNECT: u8 = 14;

/// A packet as it came.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Packet {
    /// Which one.
    pub kind: u8,
    /// The four bits beside the kind.
    pub flags: u8,
    /// What follows the length, as much of it as may be held.
    pub body: Vec<u8>,
    /// Bytes behind it that were passed over.
    pub passed_over: usize,
}

/// A packet that is none.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
#[error("a packet that MQTT does not know")]
pub struct Malformed;

/// A message.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Incoming<'p> {
    /// Where it was published.
    pub topic: &'p str,
    /// How to acknowledge it; nothing for QoS 0.
    pub id: Option<u16>,
    /// How often it comes.
    pub qos: Qos,
    /// Kept by the server from an earlier time.
    pub retained: bool,
    /// What was published.
    pub payload: &'p [u8],
}

impl Packet {
    /// The packet that it answers.
    #[must_use]
    pub fn id(&self) -> Option<u16> {
        self.body.first_chunk().map(|b| u16::from_be_bytes(*b))
    }

    /// The reason code, which 5.0 leaves out when all is well.
    #[must_use]
    pub fn reason(&self) -> u8 {
        let at = match self.kind {
            CONNACK => 1,
            DISCONNECT => 0,
            _ => 2,
        };
        self.body.get(at).copied().unwrap_or(0)
    }

    /// Whether the server had kept the session (CONNACK, section 3.2.2.1.1 of 5.0).
    #[must_use]
    pub fn is_session_present(&self) -> bool {
        self.kind == CONNACK && self.body.first().is_some_and(|b| b & 1 == 1)
    }

    /// The reason codes of a SUBACK, one for each filter.
    ///
    /// # Errors
    /// If it is none.
    pub fn granted(&self, version: Version) -> Result<&[u8], Malformed> {
        if self.kind != SUBACK {
            return Err(Malformed);
        }
        let from = after_properties(&self.body, 2, version)?;
        self.body.get(from..).ok_or(Malformed)
    }

    /// The message of a PUBLISH.
    ///
    /// # Errors
    /// If it is none.
    pub fn message(&self, version: Version) -> Result<Incoming<'_>, Malformed> {
        let qos = match (self.kind, self.flags >> 1 & 3) {
            (PUBLISH, 0) => Qos::AtMostOnce,
            (PUBLISH, 1) => Qos::AtLeastOnce,
            (PUBLISH, 2) => Qos::ExactlyOnce,
            _ => return Err(Malformed),
        };
        let (topic, mut at) = text(&self.body, 0)?;
        let mut id = None;
        if qos != Qos::AtMostOnce {
            let bytes: Range<usize> = at..at + 2;
            let bytes = self.body.get(bytes).and_then(|b| b.first_chunk());
            id = Some(u16::from_be_bytes(*bytes.ok_or(Malformed)?));
            at += 2;
        }
        let at = after_properties(&self.body, at, version)?;
        Ok(Incoming {
            topic,
            id,
            qos,
            retained: self.flags & 1 == 1,
            payload: self.body.get(at..).ok_or(Malformed)?,
        })
    }
}

fn text(body: &[u8], at: usize) -> Result<(&str, usize), Malformed> {
    let length = body.get(at..).and_then(|b| b.first_chunk());
    let length = usize::from(u16::from_be_bytes(*length.ok_or(Malformed)?));
    let end = at + 2 + length;
    let bytes = body.get(at + 2..end).ok_or(Malformed)?;
    let text = std::str::from_utf8(bytes).map_err(|_| Malformed)?;
    Ok((text, end))
}

/// Where the properties end (5.0, section 2.2.2); nothing in them concerns a client that has no
/// topic aliases.
fn after_properties(body: &[u8], at: usize, version: Version) -> Result<usize, Malformed> {
    if version == Version::V311 {
        return Ok(at);
    }
    let (mut length, mut shift, mut at) = (0_usize, 0, at);
    loop {
        let digit = body.get(at).ok_or(Malformed)?;
        at += 1;
        length |= usize::from(digit & 0x7f) << shift;
        if digit & 0x80 == 0 {
            break;
        }
        shift += 7;
        if shift > 21 {
            return Err(Malformed);
        }
    }
    let end = at + length;
    if end > body.len() {
        return Err(Malformed);
    }
    Ok(end)
}

/// Reads the next packet and holds `bytes_max` of it. Not to be dropped half-way: what was read is
/// gone.
///
/// # Errors
/// If the connection breaks, or what comes is no packet.
pub async fn read(
    from: &mut (impl AsyncRead + Unpin),
    bytes_max: usize,
) -> std::io::Result<Packet> {
    let first = from.read_u8().await?;
    let (mut length, mut shift) = (0_usize, 0);
    loop {
        let digit = from.read_u8().await?;
        length |= usize::from(digit & 0x7f) << shift;
        if digit & 0x80 == 0 {
            break;
        }
        shift += 7;
        if shift > 21 {
            let why = "a packet's length has four digits at most";
            return Err(std::io::Error::new(std::io::ErrorKind::InvalidData, why));
        }
    }
    let held = length.min(bytes_max);
    let mut body = vec![0; held];
    from.read_exact(&mut body).await?;
    let passed_over = length - held;
    let mut rest = from.take(u64::try_from(passed_over).unwrap_or(u64::MAX));
    let gone = tokio::io::copy(&mut rest, &mut tokio::io::sink()).await?;
    if usize::try_from(gone).ok() != Some(passed_over) {
        return Err(std::io::ErrorKind::UnexpectedEof.into());
    }
    Ok(Packet {
        kind: first >> 4,
        flags: first & 0xf,
        body,
        passed_over,
    })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::told::publish;

    fn of(bytes: &[u8], bytes_max: usize) -> std::io::Result<Packet> {
        let runtime = tokio::runtime::Builder::new_current_thread().build()?;
        runtime.block_on(read(&mut &*bytes, bytes_max))
    }

    proptest! {
        #[test]
        fn a_message_comes_back_as_it_was_told(
            topic in ".{0,80}", payload in proptest::collection::vec(any::<u8>(), 0..400),
            id in 1..=u16::MAX, five in any::<bool>(), level in 0..3,
        ) {
            let version = if five { Version::V5 } else { Version::V311 };
            let qos = [Qos::AtMostOnce, Qos::AtLeastOnce, Qos::ExactlyOnce][level as usize];
            let media = Some("application/json").filter(|_| id % 2 == 0);
            let bytes = publish(version, qos, &topic, id, (&payload, media)).expect("short");
            let packet = of(&bytes, 1_000).expect("a packet");
            let message = packet.message(version).expect("a message");
            prop_assert_eq!(message.topic, topic);
            prop_assert_eq!(message.payload, payload);
            prop_assert_eq!(message.qos, qos);
            prop_assert_eq!(message.id, Some(id).filter(|_| qos != Qos::AtMostOnce));
        }

        #[test]
        fn no_bytes_break_it(bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
            if let Ok(packet) = of(&bytes, 100) {
                for version in [Version::V311, Version::V5] {
                    let _ = (packet.message(version), packet.granted(version));
                }
                prop_assert!(packet.body.len() <= 100);
            }
        }
    }

    #[test]
    fn what_is_too_long_to_hold_can_still_be_acknowledged() {
        let payload = [7; 5_000];
        let told = publish(Version::V5, Qos::AtLeastOnce, "a/b", 9, (&payload, None));
        let mut bytes = told.expect("short");
        bytes.extend([0xd0, 0]);
        let packet = of(&bytes, 64).expect("a packet");
        assert_eq!(packet.passed_over, 5_000 + 8 - 64);
        let message = packet.message(Version::V5).expect("its front");
        assert_eq!((message.topic, message.id), ("a/b", Some(9)));
        // And one that ends early is no packet.
        assert!(of(&bytes[..bytes.len() - 100], 64).is_err());
        assert!(of(&[0x30, 0xff, 0xff, 0xff, 0xff, 1], 64).is_err());
    }
}
