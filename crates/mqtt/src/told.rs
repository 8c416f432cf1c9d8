//! Packets that a client tells a server (OASIS MQTT, section 3). Never longer than the standard's
//! longest; what does not fit is nothing.

use crate::{Qos, Version};

/// Seconds after which a server may close a silent connection, with half as much again.
const KEEP_ALIVE_S: u16 = 60;
/// Longest packet (section 2.2.3 of 3.1.1, 2.1.4 of 5.0).
const PACKET_BYTES_MAX: usize = 268_435_455;

/// What a server keeps for a client that goes away.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Session {
    /// Nothing.
    Clean,
    /// Subscriptions, and messages that were not acknowledged.
    Kept {
        /// For so long; 5.0 alone says it (section 3.1.2.11.2), a server of 3.1.1 decides.
        expiry_s: u32,
        /// Messages that may be under way at once (5.0, section 3.1.2.11.3); a server of 3.1.1
        /// decides.
        under_way_max: u16,
    },
}

/// How a client greets.
#[derive(Debug, Clone, Copy)]
pub struct Hello<'h> {
    /// Which MQTT.
    pub version: Version,
    /// The client's name at the server.
    pub client_id: &'h str,
    /// User and password.
    pub user: Option<(&'h str, &'h str)>,
    /// What is kept.
    pub session: Session,
}

/// Greets a server.
#[must_use]
pub fn connect(hello: &Hello<'_>) -> Option<Vec<u8>> {
    let mut body = vec![0, 4, b'M', b'Q', b'T', b'T'];
    body.push(match hello.version {
        Version::V311 => 4,
        Version::V5 => 5,
    });
    let mut flags = match hello.session {
        Session::Clean => 0b10,
        Session::Kept { .. } => 0,
    };
    if let Some((_, word)) = hello.user {
        flags |= 0x80 | if word.is_empty() { 0 } else { 0x40 };
    }
    body.push(flags);
    body.extend(KEEP_ALIVE_S.to_be_bytes());
    if hello.version == Version::V5 {
        match hello.session {
            Session::Clean => body.push(0),
            Session::Kept {
                expiry_s,
                under_way_max,
            } => {
                body.extend([8, 0x11]);
                body.extend(expiry_s.to_be_bytes());
                body.push(0x21);
                body.extend(under_way_max.max(1).to_be_bytes());
            }
        }
    }
    text(hello.client_id, &mut body)?;
    if let Some((name, word)) = hello.user {
        text(name, &mut body)?;
        if !word.is_empty() {
            text(word, &mut body)?;
        }
    }
    whole(0x10, &body)
}

/// Publishes; `id` is for those that are answered, `media` is what 5.0 calls the content's type:
/// with one, the payload is said to be text.
#[must_use]
pub fn publish(
    version: Version,
    qos: Qos,
    topic: &str,
    id: u16,
    (payload, media): (&[u8], Option<&str>),
) -> Option<Vec<u8>> {
    let mut body = Vec::with_capacity(topic.len() + payload.len() + 32);
    text(topic, &mut body)?;
    if qos != Qos::AtMostOnce {
        body.extend(id.to_be_bytes());
    }
    match (version, media) {
        (Version::V311, _) => {}
        (Version::V5, None) => body.push(0),
        (Version::V5, Some(kind)) => {
            body.push(u8::try_from(kind.len() + 5).ok().filter(|n| *n < 128)?);
            body.extend([0x01, 1, 0x03]);
            text(kind, &mut body)?;
        }
    }
    body.extend_from_slice(payload);
    whole(0x30 | qos.level() << 1, &body)
}

/// Asks for messages of these topics, at QoS 1 at most. A server keeps no old ones back: those of
/// a topic that it retains come once for each new subscription, not for one that was kept (5.0).
#[must_use]
pub fn subscribe(version: Version, id: u16, filters: &[String]) -> Option<Vec<u8>> {
    let mut body = id.to_be_bytes().to_vec();
    let options = match version {
        Version::V311 => 1,
        Version::V5 => {
            body.push(0);
            // QoS 1, retain as published (bit 3), retained messages for new subscriptions (4, 5).
            0b0001_1001
        }
    };
    for filter in filters {
        text(filter, &mut body)?;
        body.push(options);
    }
    whole(0x82, &body)
}

/// Acknowledges a message (QoS 1).
#[must_use]
pub const fn ack(id: u16) -> [u8; 4] {
    let [high, low] = id.to_be_bytes();
    [0x40, 2, high, low]
}

/// Goes on with what was received (QoS 2).
#[must_use]
pub const fn release(id: u16) -> [u8; 4] {
    let [high, low] = id.to_be_bytes();
    [0x62, 2, high, low]
}

/// Asks for a sign of life.
pub const PING: [u8; 2] = [0xc0, 0];
/// Goes, in good order.
pub const BYE: [u8; 2] = [0xe0, 0];

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

#[cfg(test)]
mod tests {
    use super::*;

    fn hello(version: Version, client_id: &str) -> Hello<'_> {
        Hello {
            version,
            client_id,
            user: None,
            session: Session::Clean,
        }
    }

    #[test]
    fn packets_are_those_of_the_standard() {
        // 3.1.2 of the standard, and what its figures add up to.
        let named = Hello {
            user: Some(("u", "p")),
            ..hello(Version::V311, "c")
        };
        let expected = b"\x10\x13\x00\x04MQTT\x04\xc2\x00\x3c\x00\x01c\x00\x01u\x00\x01p";
        assert_eq!(connect(&named).expect("short"), expected);
        let five = connect(&hello(Version::V5, "")).expect("short");
        assert_eq!(five, b"\x10\x0d\x00\x04MQTT\x05\x02\x00\x3c\x00\x00\x00");
        let (at_least, at_most) = (Qos::AtLeastOnce, Qos::AtMostOnce);
        let told = publish(Version::V311, at_least, "a/b", 10, (b"x", None)).expect("short");
        assert_eq!(told, b"\x32\x08\x00\x03a/b\x00\x0ax");
        let long = publish(Version::V311, at_most, "t", 0, (&[0; 321], None)).expect("short");
        assert_eq!(long[..3], [0x30, 0xc4, 0x02], "324 in two digits");
        let json = (b"{}".as_slice(), Some("application/json"));
        let five = publish(Version::V5, Qos::ExactlyOnce, "t", 1, json).expect("short");
        assert_eq!(five[1] as usize, five.len() - 2);
        assert_eq!(five[7], 21, "the properties' length");
    }

    #[test]
    fn a_session_is_kept_where_that_is_asked_for() {
        let session = Session::Kept {
            expiry_s: 0x0102_0304,
            under_way_max: 0x0506,
        };
        let kept = |version| {
            let hello = Hello {
                session,
                ..hello(version, "c")
            };
            connect(&hello).expect("short")
        };
        assert_eq!(kept(Version::V311)[9], 0, "no clean session");
        let five = kept(Version::V5);
        assert_eq!(five[9], 0, "no clean start");
        assert_eq!(five[12..21], [8, 0x11, 1, 2, 3, 4, 0x21, 5, 6]);
        let filters = ["a/+".to_owned(), "b/#".to_owned()];
        let three = subscribe(Version::V311, 7, &filters).expect("short");
        assert_eq!(three, b"\x82\x0e\x00\x07\x00\x03a/+\x01\x00\x03b/#\x01");
        let five = subscribe(Version::V5, 7, &filters[..1]).expect("short");
        assert_eq!(five, b"\x82\x09\x00\x07\x00\x00\x03a/+\x19");
        assert_eq!(ack(0x0102), [0x40, 2, 1, 2]);
    }

    #[test]
    fn what_is_too_long_is_not_written() {
        let long = "x".repeat(65_536);
        assert_eq!(connect(&hello(Version::V5, &long)), None);
        let told = publish(Version::V5, Qos::AtMostOnce, &long, 0, (b"", None));
        assert_eq!(told, None);
        let told = publish(Version::V5, Qos::AtMostOnce, "t", 0, (b"", Some(&long)));
        assert_eq!(told, None);
    }
}
