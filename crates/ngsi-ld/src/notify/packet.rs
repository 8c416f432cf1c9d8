//! The few packets of MQTT 3.1.1 and 5.0 that one who only publishes needs (OASIS, sections 2 and
//! 3). Never reads a packet larger than it must.

use tokio::io::{AsyncRead, AsyncReadExt};

use super::limits::ANSWER_BYTES_MAX;
use crate::subscription::{Protocol, Qos};

/// Seconds after which a server may close a silent connection, with half as much again.
const KEEP_ALIVE_S: u16 = 60;
/// Longest packet (section 2.2.3 of 3.1.1, 2.1.4 of 5.0).
const PACKET_BYTES_MAX: usize = 268_435_455;

pub(super) const CONNACK: u8 = 2;
pub(super) const PUBACK: u8 = 4;
pub(super) const PUBREC: u8 = 5;
pub(super) const PUBCOMP: u8 = 7;
pub(super) const PINGRESP: u8 = 13;
pub(super) const DISCONNECT: u8 = 14;

/// A packet as it came.
pub(super) struct Packet {
    pub kind: u8,
    pub body: Vec<u8>,
}

impl Packet {
    /// The packet that it answers.
    pub fn id(&self) -> Option<u16> {
        self.body.first_chunk().map(|b| u16::from_be_bytes(*b))
    }

    /// The reason code, which 5.0 leaves out when all is well.
    pub fn reason(&self) -> u8 {
        let at = match self.kind {
            CONNACK => 1,
            DISCONNECT => 0,
            _ => 2,
        };
        self.body.get(at).copied().unwrap_or(0)
    }
}

/// Greets a server.
pub(super) fn connect(
    protocol: Protocol,
    client_id: &str,
    user: Option<&(Box<str>, Box<str>)>,
) -> Option<Vec<u8>> {
    let mut body = vec![0, 4, b'M', b'Q', b'T', b'T'];
    body.push(match protocol {
        Protocol::V311 => 4,
        Protocol::V5 => 5,
    });
    // Nothing is left behind for the next time: what must not be lost is in the log here.
    let mut flags = 0b10;
    if let Some((_, word)) = user {
        flags |= 0x80 | if word.is_empty() { 0 } else { 0x40 };
    }
    body.push(flags);
    body.extend(KEEP_ALIVE_S.to_be_bytes());
    if protocol == Protocol::V5 {
        body.push(0);
    }
    text(client_id, &mut body)?;
    if let Some((name, word)) = user {
        text(name, &mut body)?;
        if !word.is_empty() {
            text(word, &mut body)?;
        }
    }
    whole(0x10, &body)
}

/// Publishes; `id` is for those that are answered.
pub(super) fn publish(
    protocol: Protocol,
    qos: Qos,
    topic: &str,
    id: u16,
    payload: &[u8],
) -> Option<Vec<u8>> {
    let mut body = Vec::with_capacity(topic.len() + payload.len() + 32);
    text(topic, &mut body)?;
    let level = match qos {
        Qos::AtMostOnce => 0,
        Qos::AtLeastOnce => 1,
        Qos::ExactlyOnce => 2,
    };
    if level > 0 {
        body.extend(id.to_be_bytes());
    }
    if protocol == Protocol::V5 {
        // Payload format: text. Content type: what `body` and `metadata` stand in.
        let kind = "application/json";
        body.push(u8::try_from(kind.len() + 5).unwrap_or(0));
        body.extend([0x01, 1, 0x03]);
        text(kind, &mut body)?;
    }
    body.extend_from_slice(payload);
    whole(0x30 | level << 1, &body)
}

/// Goes on with what was received (QoS 2).
pub(super) fn release(id: u16) -> [u8; 4] {
    let [high, low] = id.to_be_bytes();
    [0x62, 2, high, low]
}

/// Asks for a sign of life.
pub(super) const PING: [u8; 2] = [0xc0, 0];

fn text(text: &str, out: &mut Vec<u8>) -> Option<()> {
    out.extend(u16::try_from(text.len()).ok()?.to_be_bytes());
    out.extend_from_slice(text.as_bytes());
    Some(())
}

fn whole(first: u8, body: &[u8]) -> Option<Vec<u8>> {
    if body.len() > PACKET_BYTES_MAX {
        return None;
    }
    let mut out = Vec::with_capacity(body.len() + 5);
    out.push(first);
    let mut left = body.len();
    loop {
        let digit = u8::try_from(left % 128).unwrap_or(0);
        left /= 128;
        out.push(digit | if left > 0 { 0x80 } else { 0 });
        if left == 0 {
            break;
        }
    }
    out.extend_from_slice(body);
    Some(out)
}

/// Reads the next packet.
pub(super) async fn read(from: &mut (impl AsyncRead + Unpin)) -> std::io::Result<Packet> {
    let bad = |why: &str| std::io::Error::new(std::io::ErrorKind::InvalidData, why);
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
            return Err(bad("a packet's length has four digits at most"));
        }
    }
    if length > ANSWER_BYTES_MAX {
        return Err(bad("a server's answer is short"));
    }
    let mut body = vec![0; length];
    from.read_exact(&mut body).await?;
    Ok(Packet {
        kind: first >> 4,
        body,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn packets_are_those_of_the_standard() {
        // 3.1.2 of the standard, and what its figures add up to.
        let user = Some(("u".into(), "p".into()));
        let hello = connect(Protocol::V311, "c", user.as_ref()).expect("short");
        let expected = b"\x10\x13\x00\x04MQTT\x04\xc2\x00\x3c\x00\x01c\x00\x01u\x00\x01p";
        assert_eq!(hello, expected);
        let hello = connect(Protocol::V5, "", None).expect("short");
        assert_eq!(hello, b"\x10\x0d\x00\x04MQTT\x05\x02\x00\x3c\x00\x00\x00");
        let told = publish(Protocol::V311, Qos::AtLeastOnce, "a/b", 10, b"x").expect("short");
        assert_eq!(told, b"\x32\x08\x00\x03a/b\x00\x0ax");
        let long = publish(Protocol::V311, Qos::AtMostOnce, "t", 0, &[0; 321]).expect("short");
        assert_eq!(long[..3], [0x30, 0xc4, 0x02], "324 in two digits");
        let five = publish(Protocol::V5, Qos::ExactlyOnce, "t", 1, b"{}").expect("short");
        assert_eq!(five[1] as usize, five.len() - 2);
        assert_eq!(five[7], 21, "the properties' length");
    }
}
