//! JSON from bytes through serde, without a detour. Never keeps two members of one name: the last
//! wins, as RFC 8259 says most readers do.

use std::collections::HashMap;
use std::fmt;

use serde::de::{Deserialize, Deserializer, MapAccess, SeqAccess, Visitor};
use serde_json::Number;

use super::Json;

/// Up to so many members a name is looked for from the front; beyond, in a hash table, so that an
/// object of 100,000 members is not 5e9 comparisons.
const SEARCHED_MAX: usize = 24;

impl<'de> Deserialize<'de> for Json {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        from.deserialize_any(Reader)
    }
}

struct Reader;

impl<'de> Visitor<'de> for Reader {
    type Value = Json;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("any JSON value")
    }

    fn visit_unit<E>(self) -> Result<Json, E> {
        Ok(Json::Null)
    }

    fn visit_bool<E>(self, b: bool) -> Result<Json, E> {
        Ok(Json::Bool(b))
    }

    fn visit_u64<E>(self, n: u64) -> Result<Json, E> {
        Ok(Json::Number(n.into()))
    }

    fn visit_i64<E>(self, n: i64) -> Result<Json, E> {
        Ok(Json::Number(n.into()))
    }

    fn visit_f64<E>(self, n: f64) -> Result<Json, E> {
        Ok(Number::from_f64(n).map_or(Json::Null, Json::Number))
    }

    fn visit_str<E>(self, s: &str) -> Result<Json, E> {
        Ok(Json::String(s.into()))
    }

    fn visit_string<E>(self, s: String) -> Result<Json, E> {
        Ok(Json::String(s.into()))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut from: A) -> Result<Json, A::Error> {
        let mut items = Vec::new();
        while let Some(item) = from.next_element()? {
            items.push(item);
        }
        Ok(Json::Array(items.into()))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut from: A) -> Result<Json, A::Error> {
        let mut members: Vec<(Box<str>, Json)> = Vec::new();
        let mut places: HashMap<Box<str>, usize> = HashMap::new();
        while let Some((name, value)) = from.next_entry::<Box<str>, Json>()? {
            let before = if members.len() <= SEARCHED_MAX {
                members.iter().position(|(k, _)| *k == name)
            } else {
                if places.is_empty() {
                    places.extend(members.iter().enumerate().map(|(n, (k, _))| (k.clone(), n)));
                }
                places.get(&name).copied()
            };
            match before.and_then(|n| members.get_mut(n)) {
                Some(member) => member.1 = value,
                None => {
                    if !places.is_empty() {
                        places.insert(name.clone(), members.len());
                    }
                    members.push((name, value));
                }
            }
        }
        Ok(Json::Object(members.into()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_sent_twice_is_kept_once_in_small_and_large_objects() {
        for others in [2, 100] {
            let mut text = String::from("{\"a\":1");
            for n in 0..others {
                text.push_str(&format!(",\"m{n}\":{n}"));
            }
            text.push_str(",\"a\":2,\"m1\":7}");
            let json = Json::read(text.as_bytes()).expect("JSON");
            assert_eq!(json.members().len(), others + 1);
            assert_eq!(json.get("a").and_then(Json::as_f64), Some(2.0));
            assert_eq!(json.get("m1").and_then(Json::as_f64), Some(7.0));
        }
    }

    #[test]
    fn what_was_read_is_written_the_same() {
        let text = r#"{"b":[1,-2,2.5,1e300,"ä\n\"",null,true,{}],"a":{"x":[]}}"#;
        assert_eq!(
            Json::read(text.as_bytes()).expect("JSON").to_string(),
            text.replace("1e300", "1e+300")
        );
        assert!(Json::read(b"{\"a\":1,,}").is_err());
        assert!(Json::read(&b"[".repeat(1_000)).is_err());
        assert_eq!(std::mem::size_of::<Json>(), 24);
    }
}
