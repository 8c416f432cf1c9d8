//! Entities as earlier versions of the specification have them (clause 4.3.6.8): what came later is
//! left out, or written as what there was then. Never changes what is kept.

use std::borrow::Cow;
use std::fmt;

use super::Selection;
use crate::context::Context;
use crate::entity::{Attribute, Entity, Kind, Rare, Several, Value};
use crate::json::Json;
use crate::lang::Languages;

/// A version of the specification, 1.0 to 1.9.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Version(u8);

/// Several types, datasetId, observedAt and unitCode came with it.
pub(crate) const V1_3: Version = Version(3);
/// Scopes and LanguageProperties.
pub(crate) const V1_4: Version = Version(4);
/// JsonProperties, VocabProperties, lists, and objectType.
const V1_8: Version = Version(8);

impl Version {
    /// The one that everything is written in unless another is preferred.
    pub const NEWEST: Self = Self(9);

    /// Reads `major.minor`. Of one that is newer than ours, ours is the nearest; nothing for what
    /// is no version.
    #[must_use]
    pub fn read(text: &str) -> Option<Self> {
        let (major, minor) = text.split_once('.')?;
        let number = |t: &str| t.parse::<u32>().ok().filter(|_| !t.starts_with('+'));
        match (number(major)?, number(minor)?) {
            (0, _) => None,
            (1, minor) => Some(u8::try_from(minor).map_or(Self::NEWEST, |n| Self(n.min(9)))),
            _ => Some(Self::NEWEST),
        }
    }
}

impl fmt::Display for Version {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "1.{}", self.0)
    }
}

/// How to amend.
#[derive(Debug, Clone, Copy)]
pub struct Older<'o> {
    /// As of when.
    pub version: Version,
    /// Names of vocabularies are compacted with it, as they are where they are written.
    pub context: &'o Context,
    /// What language maps are reduced to: what is a Property then needs no amending.
    pub languages: Option<&'o Languages>,
}

impl Older<'_> {
    /// The entity as of that version: itself if it has nothing that came later.
    #[must_use]
    pub fn entity<'e>(&self, entity: &'e Entity) -> Cow<'e, Entity> {
        let mut older = entity.clone();
        if self.version < Version::NEWEST {
            older.expires_at = None;
        }
        if self.version < V1_4 {
            older.scopes = Box::default();
        }
        if self.version < V1_3 {
            older.types = older.types.into_iter().take(1).collect();
        }
        self.attributes(&mut older.attributes);
        match older == *entity {
            true => Cow::Borrowed(entity),
            false => Cow::Owned(older),
        }
    }

    /// What a kind was before it came.
    pub(crate) fn kind(&self, kind: Kind) -> Kind {
        match kind {
            Kind::LanguageProperty if self.version < V1_4 => Kind::Property,
            Kind::JsonProperty | Kind::VocabProperty | Kind::ListProperty
                if self.version < V1_8 =>
            {
                Kind::Property
            }
            Kind::ListRelationship if self.version < V1_8 => Kind::Relationship,
            kind => kind,
        }
    }

    /// Attributes, or attributes of one; as deep as they are.
    fn attributes(&self, attributes: &mut Vec<Attribute>) {
        if self.version < V1_3 {
            one_of_each(
                attributes,
                |a, b| a.name == b.name,
                |a| a.dataset_id().is_none(),
            );
        }
        for attribute in attributes {
            self.attribute(attribute);
        }
    }

    /// One of them.
    pub(crate) fn attribute(&self, attribute: &mut Attribute) {
        let held = std::mem::replace(&mut attribute.value, Value::Property(Json::Null));
        attribute.value = self.value(held);
        if self.version < V1_3 {
            attribute.observed_at = None;
        }
        let mut more = attribute.take_more();
        if self.version < V1_3 {
            (more.dataset_id, more.unit_code) = (None, None);
        }
        let mut rare = more.rare.take().map_or_else(Rare::default, |r| *r);
        if self.version < Version::NEWEST {
            (rare.value_type, rare.expires_at) = (None, None);
        }
        if self.version < V1_8 {
            rare.object_type = Box::default();
        }
        more.rare = rare.boxed();
        self.attributes(&mut more.attributes);
        attribute.set_more(more);
    }

    fn value(&self, value: Value) -> Value {
        let kept = self.kind(value.kind()) == value.kind();
        match value {
            value if kept => value,
            Value::Language(map) => match self.languages {
                Some(_) => Value::Language(map),
                None => Value::Property(Json::Object(map)),
            },
            Value::Json(json) => Value::Property(json),
            Value::Vocab(names) => {
                let text = |name| Json::from(&*self.context.compact(name));
                Value::Property(match &names {
                    Several::One(one) => text(one),
                    Several::Many(many) => Json::Array(many.iter().map(text).collect()),
                })
            }
            Value::List(items) => Value::Property(Json::Array(items)),
            Value::ListRelationship(objects) => Value::Relationship(Several::Many(objects)),
            value => value,
        }
    }
}

impl Selection {
    /// Whether two entities are shown otherwise, of which one was amended.
    pub(crate) fn differ(&self, one: &Entity, other: &Entity) -> bool {
        let is_shown = |a: &&Attribute| self.shows(&a.name);
        let (a, b) = (one.attributes.iter(), other.attributes.iter());
        one.expires_at != other.expires_at
            || (self.shows_type() && one.types != other.types)
            || (self.shows_scope() && one.scopes != other.scopes)
            || a.filter(is_shown).ne(b.filter(is_shown))
    }
}

/// Of neighbours that are alike one stays: the one that is preferred, else the first (notes 2 and 3
/// of table 4.3.6.8-1).
pub(crate) fn one_of_each<T>(
    all: &mut Vec<T>,
    alike: impl Fn(&T, &T) -> bool,
    preferred: impl Fn(&T) -> bool,
) {
    let mut kept: Vec<T> = Vec::with_capacity(all.len());
    for one in all.drain(..) {
        match kept.last_mut().filter(|last| alike(last, &one)) {
            None => kept.push(one),
            Some(last) if preferred(&one) && !preferred(last) => *last = one,
            Some(_) => {}
        }
    }
    *all = kept;
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::context::Contexts;
    use crate::entity::Representation;
    use crate::time::Time;
    use crate::write::{Embed, Form, View};

    const WHOLE: &str = r#"{"id": "urn:x:1", "type": ["A", "B"], "scope": "/a",
        "expiresAt": "2030-01-01T00:00:00Z",
        "p": [{"type": "Property", "value": 1, "datasetId": "urn:x:d"},
              {"type": "Property", "value": 2, "unitCode": "KMH", "valueType": "V",
               "observedAt": "2026-01-01T00:00:00Z", "expiresAt": "2030-01-01T00:00:00Z",
               "below": {"type": "JsonProperty", "json": [1]}}],
        "l": {"type": "LanguageProperty", "languageMap": {"en": "a", "sr": "б"}},
        "j": {"type": "JsonProperty", "json": {"k": 1}},
        "v": {"type": "VocabProperty", "vocab": ["x", "y"]},
        "o": {"type": "ListProperty", "valueList": [1, 2]},
        "r": {"type": "Relationship", "object": "urn:x:2", "objectType": "T"},
        "lr": {"type": "ListRelationship", "objectList": ["urn:x:3"]}}"#;

    fn written(version: &str) -> (Json, bool) {
        let context = Contexts::new().core().expect("the core");
        let now = Time::read("2026-11-30T12:00:00Z").expect("a time");
        let body = Json::read(WHOLE.as_bytes()).expect("JSON");
        let entity = Entity::read(body, &context, Representation::Detected, now);
        let entity = entity.expect("an entity");
        let older = Older {
            version: Version::read(version).expect("a version"),
            context: &context,
            languages: None,
        };
        let amended = older.entity(&entity);
        let mut out = Vec::new();
        View::of(&context, Form::Normalized).entity(&amended, Embed::Nothing, &mut out);
        let json = Json::read(&out).expect("JSON");
        (json, matches!(amended, Cow::Owned(_)))
    }

    /// The members that a version changes, beside those that later ones do.
    #[rustfmt::skip]
    const TABLE: &[(&str, &[(&str, &str)])] = &[
        ("1.9", &[]),
        ("1.8", &[
            ("expiresAt", ""),
            ("p", r#"[{"type": "Property", "value": 1, "datasetId": "urn:x:d"},
                {"type": "Property", "value": 2, "unitCode": "KMH",
                 "observedAt": "2026-01-01T00:00:00Z",
                 "below": {"type": "JsonProperty", "json": [1]}}]"#),
        ]),
        ("1.7", &[
            ("p", r#"[{"type": "Property", "value": 1, "datasetId": "urn:x:d"},
                {"type": "Property", "value": 2, "unitCode": "KMH",
                 "observedAt": "2026-01-01T00:00:00Z",
                 "below": {"type": "Property", "value": [1]}}]"#),
            ("j", r#"{"type": "Property", "value": {"k": 1}}"#),
            ("v", r#"{"type": "Property", "value": ["x", "y"]}"#),
            ("o", r#"{"type": "Property", "value": [1, 2]}"#),
            ("r", r#"{"type": "Relationship", "object": "urn:x:2"}"#),
            ("lr", r#"{"type": "Relationship", "object": ["urn:x:3"]}"#),
        ]),
        ("1.4", &[]),
        ("1.3", &[
            ("scope", ""),
            ("l", r#"{"type": "Property", "value": {"en": "a", "sr": "б"}}"#),
        ]),
        ("1.2", &[
            ("type", r#""A""#),
            ("p", r#"{"type": "Property", "value": 2,
                "below": {"type": "Property", "value": [1]}}"#),
        ]),
        ("1.0", &[]),
    ];

    #[test]
    fn clause_4_3_6_8_what_came_later_is_amended() {
        let mut wanted = Json::read(WHOLE.as_bytes()).expect("JSON");
        let list = r#"{"type": "ListRelationship", "objectList": [{"object": "urn:x:3"}]}"#;
        let mut set = |name: &str, text: &str| {
            let Json::Object(members) = &wanted else {
                panic!("an object");
            };
            let kept = members.iter().filter(|(n, _)| &**n != name).cloned();
            let new = Json::read(text.as_bytes()).ok().map(|v| (name.into(), v));
            wanted = Json::Object(kept.chain(new).collect());
            wanted.clone()
        };
        set("lr", list);
        for (version, changes) in TABLE {
            let mut expected = set("none", "");
            for (name, text) in *changes {
                expected = set(name, text);
            }
            let (got, amended) = written(version);
            assert_eq!(got, expected, "{version}");
            assert_eq!(amended, *version != "1.9", "{version}");
        }
    }

    #[test]
    fn versions_are_read() {
        for (text, name) in [
            ("1.0", "1.0"),
            ("1.5", "1.5"),
            ("1.9", "1.9"),
            ("1.10", "1.9"),
            ("1.300", "1.9"),
            ("2.1", "1.9"),
        ] {
            let read = Version::read(text).map(|v| v.to_string());
            assert_eq!(read.as_deref(), Some(name), "{text}");
        }
        for text in ["", "1", "1.", ".5", "a.b", "1.-5", "+1.5", "0.9", "1.5.1"] {
            assert_eq!(Version::read(text), None, "{text}");
        }
    }
}
