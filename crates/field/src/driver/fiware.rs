//! Topics of FIWARE's IoT agents: `/json/<key>/<device>/attrs` with JSON,
//! `/ul/<key>/<device>/attrs` with UltraLight 2.0, and `…/attrs/<name>` with one value. Never tells
//! a key to anybody.

use loggia_model::{At, Measured};
use serde_json::Value;

use super::{Driver, Heard, Message, SIGNALS_MAX, Signal, Told, json, written};
use crate::lost::Lost;
use crate::moment;

/// The name under which IoT agents know a message's time.
const TIME: &str = "TimeInstant";

/// Reads what devices of IoT agents publish, and checks their keys.
#[derive(Clone, Default)]
pub struct Fiware {
    keys: Vec<Box<str>>,
}

impl std::fmt::Debug for Fiware {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Fiware").finish_non_exhaustive()
    }
}

impl Fiware {
    /// A driver that takes these keys.
    #[must_use]
    pub fn new(keys: Vec<Box<str>>) -> Self {
        Self { keys }
    }

    /// What to subscribe to: every key, so that a wrong one is noticed.
    pub const FILTERS: [&str; 4] = [
        "/json/+/+/attrs",
        "/json/+/+/attrs/+",
        "/ul/+/+/attrs",
        "/ul/+/+/attrs/+",
    ];

    /// Where the device with a key stands among addresses.
    #[must_use]
    pub fn address(key: &str, device: &str) -> String {
        format!("{key}/{device}")
    }
}

/// A topic's parts.
struct Topic<'t> {
    is_json: bool,
    key: &'t str,
    device: &'t str,
    attribute: Option<&'t str>,
}

/// Takes a topic apart; nothing if it is no IoT agent's.
fn topic(text: &str) -> Option<Topic<'_>> {
    let mut levels = text.split('/');
    let head = [(); 5].map(|()| levels.next());
    let [
        Some(""),
        Some(protocol),
        Some(key),
        Some(device),
        Some("attrs"),
    ] = head
    else {
        return None;
    };
    let attribute = levels.next();
    let is_json = match protocol {
        "json" => true,
        "ul" => false,
        _ => return None,
    };
    levels.next().is_none().then_some(Topic {
        is_json,
        key,
        device,
        attribute,
    })
}

/// Whether a topic is an IoT agent's.
#[must_use]
pub fn is_meant(text: &str) -> bool {
    topic(text).is_some()
}

impl Driver for Fiware {
    fn take(&mut self, message: &Message<'_>, _: At) -> Result<Heard, Lost> {
        let topic = topic(message.topic).ok_or(Lost::UnknownTopic)?;
        if !self.keys.iter().any(|k| is_same(k, topic.key)) {
            return Err(Lost::WrongKey);
        }
        let mut heard = Heard::default();
        let groups = match (topic.attribute, topic.is_json) {
            (Some(name), _) => {
                let word = std::str::from_utf8(message.payload);
                let word = word.map_err(|_| Lost::broken("no text"))?;
                let value = written(word.trim().trim_matches('"'))?;
                vec![(None, vec![Signal::good(name, value)])]
            }
            (None, true) => documents(message.payload, &mut heard.lost)?,
            (None, false) => ultralight(message.payload)?,
        };
        let address = Self::address(topic.key, topic.device);
        heard.told = groups
            .into_iter()
            .map(|(at, signals)| Told {
                address: address.as_str().into(),
                at,
                signals,
            })
            .collect();
        Ok(heard)
    }
}

type Group = (Option<At>, Vec<Signal>);

/// An object of attributes, or a list of such objects.
fn documents(payload: &[u8], lost: &mut Vec<Lost>) -> Result<Vec<Group>, Lost> {
    let list = match json::read(payload)? {
        Value::Array(list) => list,
        one => vec![one],
    };
    let mut groups = Vec::new();
    let mut count = 0;
    for one in list {
        let Value::Object(members) = one else {
            return Err(Lost::broken("an object of attributes is needed"));
        };
        let mut group: Group = (None, Vec::new());
        for (name, value) in &members {
            if name == TIME {
                let text = value.as_str().unwrap_or_default();
                group.0 = Some(moment::read(text).ok_or_else(|| Lost::broken("TimeInstant"))?);
                continue;
            }
            json::leaves(value, name.clone(), &mut group.1, lost)?;
        }
        count += group.1.len();
        if count > SIGNALS_MAX {
            return Err(Lost::broken("more than 5,000 values"));
        }
        groups.push(group);
    }
    Ok(groups)
}

/// UltraLight 2.0: `2026-11-30T08:00:00Z|t|21.4|h|40#t|21.5`; the time is optional.
fn ultralight(payload: &[u8]) -> Result<Vec<Group>, Lost> {
    let text = std::str::from_utf8(payload).map_err(|_| Lost::broken("no text"))?;
    let mut groups = Vec::new();
    let mut count = 0;
    for part in text.trim().split('#') {
        let mut fields: Vec<&str> = part.split('|').collect();
        let mut at = None;
        if fields.len() % 2 == 1 {
            let time = fields.remove(0);
            let time = moment::read(time);
            at = Some(time.ok_or_else(|| Lost::broken("a key without a value"))?);
        }
        let mut signals = Vec::new();
        for pair in fields.chunks_exact(2) {
            let [name, word] = pair else { continue };
            if name.is_empty() {
                return Err(Lost::broken("a value without a key"));
            }
            let value = written(word.trim())?;
            match (*name, &value) {
                (TIME, Measured::Text(time)) => {
                    at = Some(moment::read(time).ok_or_else(|| Lost::broken("TimeInstant"))?);
                }
                _ => signals.push(Signal::good(*name, value)),
            }
        }
        count += signals.len();
        if signals.is_empty() || count > SIGNALS_MAX {
            return Err(Lost::broken("1 to 5,000 pairs of key and value are needed"));
        }
        groups.push((at, signals));
    }
    Ok(groups)
}

/// Whether two keys are the same, in a time that does not tell how much of them is.
fn is_same(a: &str, b: &str) -> bool {
    let differing = a.bytes().zip(b.bytes()).fold(0, |d, (x, y)| d | (x ^ y));
    a.len() == b.len() && differing == 0
}

#[cfg(test)]
mod tests {
    use super::*;

    fn take(topic: &str, payload: &str) -> Result<Vec<Told>, Lost> {
        let mut driver = Fiware::new(vec!["k1".into()]);
        let message = Message {
            topic,
            payload: payload.as_bytes(),
        };
        driver.take(&message, At(0)).map(|h| h.told)
    }

    fn numbers(told: &Told) -> Vec<(&str, f64)> {
        let each = told.signals.iter().filter_map(|s| match s.value {
            Some(Measured::Number(x)) => Some((&*s.name, x)),
            _ => None,
        });
        each.collect()
    }

    #[test]
    fn ultralight_has_groups_and_times() {
        let told = take(
            "/ul/k1/d7/attrs",
            "2026-11-30T08:00:00Z|t|21.4|h|40#t|-3e1\n",
        )
        .unwrap();
        assert_eq!(&*told[0].address, "k1/d7");
        assert_eq!(numbers(&told[0]), [("t", 21.4), ("h", 40.0)]);
        assert_eq!(told[0].at.unwrap().to_string(), "2026-11-30T08:00:00Z");
        assert_eq!((numbers(&told[1]), told[1].at), (vec![("t", -30.0)], None));
        let one = take("/ul/k1/d7/attrs/door", "on").unwrap();
        assert_eq!(one[0].signals, [Signal::good("door", Measured::Flag(true))]);
    }

    #[test]
    fn json_has_lists_and_nesting() {
        let text = r#"[{"t": 1, "TimeInstant": "2026-11-30T08:00:00+02:00"}, {"a": {"b": 2}}]"#;
        let told = take("/json/k1/d7/attrs", text).unwrap();
        assert_eq!(told[0].at.unwrap().to_string(), "2026-11-30T06:00:00Z");
        assert_eq!(numbers(&told[0]), [("t", 1.0)]);
        assert_eq!(numbers(&told[1]), [("a/b", 2.0)]);
    }

    #[test]
    fn what_is_wrong_is_said() {
        for (topic, payload, why) in [
            ("/ul/k2/d7/attrs", "t|1", "wrong key"),
            ("/ul/k/d7/attrs", "t|1", "wrong key"),
            ("/ul/k1/d7/cmd", "t|1", "unknown topic"),
            ("/xml/k1/d7/attrs", "t|1", "unknown topic"),
            ("/ul/k1/d7/attrs", "t|1|h", "broken payload"),
            ("/ul/k1/d7/attrs", "", "broken payload"),
            ("/ul/k1/d7/attrs", "|1", "broken payload"),
            ("/json/k1/d7/attrs", "t|1", "broken payload"),
            ("/json/k1/d7/attrs", "7", "broken payload"),
            (
                "/json/k1/d7/attrs",
                r#"{"TimeInstant": "soon"}"#,
                "broken payload",
            ),
        ] {
            let lost = take(topic, payload).unwrap_err();
            assert_eq!(lost.kind(), why, "{topic} {payload}");
            assert!(!lost.to_string().contains("k2"));
        }
    }
}
