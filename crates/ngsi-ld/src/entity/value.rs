//! The value of an attribute, read for its kind and checked (clauses 4.5.2 to 4.5.24). Never looks
//! at what stands beside it.

use super::draft::Change;
use super::geometry::Geometry;
use super::kind::Kind;
use super::read::{Nulls, Reading};
use super::{NULL, Several, Value};
use crate::error::Error;
use crate::iri::{Iri, is_name, is_uri};
use crate::json::Json;
use crate::lang::{NO_LANGUAGE, is_tag};

impl Reading<'_> {
    /// The value of an attribute of this kind; what removes it in an update is a removal.
    pub(super) fn value(&self, kind: Kind, raw: Json) -> Result<Change<Value>, Error> {
        let holder = kind.holder().1;
        if self.removes(&raw)? {
            return Ok(Change::Remove);
        }
        let value = match kind {
            Kind::Property => self.untouched(raw).map(Value::Property),
            Kind::JsonProperty => self.untouched(raw).map(Value::Json),
            Kind::GeoProperty => Geometry::read(raw).map(|g| Value::Geo(Box::new(g))),
            Kind::Relationship => several(raw, uri).map(Value::Relationship),
            Kind::VocabProperty => several(raw, |v| self.vocab(&v)).map(Value::Vocab),
            Kind::LanguageProperty => return self.language_map(raw).map_err(|e| e.within(holder)),
            Kind::ListProperty => match self.untouched(raw)? {
                Json::Array(items) => Ok(Value::List(items)),
                other => Err(Error::bad(
                    "",
                    format!("a list is needed, not {}", other.kind()),
                )),
            },
            Kind::ListRelationship => object_list(raw).map(Value::ListRelationship),
        };
        value.map(Change::Set).map_err(|e| e.within(holder))
    }

    /// Whether a value stands for "remove this". `null` itself never does: JSON-LD drops it, so
    /// that clause 4.5.0 has a URI instead.
    pub(super) fn removes(&self, raw: &Json) -> Result<bool, Error> {
        match (raw, self.nulls) {
            (Json::Null, _) => Err(Error::bad(
                "",
                format!("null is no value; to remove: {NULL}"),
            )),
            (Json::String(s), Nulls::Remove) => Ok(&**s == NULL),
            (Json::String(s), Nulls::Refuse) if &**s == NULL => Err(Error::bad(
                "",
                format!("{NULL} removes, which only updates do"),
            )),
            _ => Ok(false),
        }
    }

    /// JSON that stays as it was sent.
    fn untouched(&self, raw: Json) -> Result<Json, Error> {
        if self.nulls == Nulls::Refuse && holds_null(&raw) {
            return Err(Error::bad(
                "",
                format!("{NULL} removes, which only updates do"),
            ));
        }
        Ok(raw)
    }

    fn vocab(&self, raw: &Json) -> Result<Iri, Error> {
        let name = raw.as_str().filter(|n| !n.is_empty());
        name.and_then(|n| self.context.expand_name(n))
            .ok_or_else(|| Error::bad("", "a name out of a vocabulary is needed"))
    }

    /// Texts by language (clause 4.5.18). `@none` alone and null removes the attribute.
    fn language_map(&self, raw: Json) -> Result<Change<Value>, Error> {
        let Json::Object(map) = raw else {
            return Err(Error::bad("", "an object of texts by language is needed"));
        };
        let removal = |text: &Json| text.as_str() == Some(NULL);
        if self.nulls == Nulls::Remove
            && let [(tag, text)] = &*map
            && &**tag == NO_LANGUAGE
            && removal(text)
        {
            return Ok(Change::Remove);
        }
        for (tag, text) in &map {
            if !is_tag(tag) {
                return Err(Error::bad(&**tag, "this is no language tag (RFC 5646)"));
            }
            let texts = text.as_list().iter().all(|t| matches!(t, Json::String(_)));
            if !texts || (removal(text) && self.nulls == Nulls::Refuse) {
                return Err(Error::bad(&**tag, "a text, or a list of texts, is needed"));
            }
        }
        if map.is_empty() {
            return Err(Error::bad("", "one language at least"));
        }
        Ok(Change::Set(Value::Language(map)))
    }

    /// Expanded names of types, one or several (`type`, `objectType`).
    pub(super) fn names(&self, raw: &Json) -> Result<Vec<Iri>, Error> {
        let mut names = Vec::with_capacity(1);
        for one in raw.as_list() {
            let Some(name) = one.as_str() else {
                return Err(Error::bad(
                    "",
                    format!("a name is needed, not {}", one.kind()),
                ));
            };
            let iri = self.name(name)?;
            if !names.contains(&iri) {
                names.push(iri);
            }
        }
        if names.is_empty() {
            return Err(Error::bad("", "one name at least"));
        }
        Ok(names)
    }

    /// A name as clause 4.6.2 has it, expanded.
    pub(super) fn name(&self, name: &str) -> Result<Iri, Error> {
        match self.context.expand_name(name) {
            Some(iri) if is_name(name) => Ok(iri),
            _ => Err(Error::bad(
                name,
                "this is no name of a type or an attribute (clause 4.6.2)",
            )),
        }
    }
}

/// Whether "remove this" stands anywhere within.
pub(super) fn holds_null(json: &Json) -> bool {
    match json {
        Json::String(s) => &**s == NULL,
        Json::Array(items) => items.iter().any(holds_null),
        Json::Object(members) => members.iter().any(|(_, v)| holds_null(v)),
        _ => false,
    }
}

/// One value, or a list of one at least.
fn several<T>(raw: Json, one: impl Fn(Json) -> Result<T, Error>) -> Result<Several<T>, Error> {
    match raw {
        Json::Array(items) if items.is_empty() => Err(Error::bad("", "one value at least")),
        Json::Array(items) => {
            let items: Result<Box<[T]>, Error> = items.into_iter().map(one).collect();
            items.map(Several::Many)
        }
        raw => one(raw).map(Several::One),
    }
}

/// A URI as a text.
pub(super) fn uri(raw: Json) -> Result<Box<str>, Error> {
    match raw {
        Json::String(text) if is_uri(&text) && &*text != NULL => Ok(text),
        Json::String(_) => Err(Error::bad("", "this is no URI")),
        other => Err(Error::bad(
            "",
            format!("a URI is needed, not {}", other.kind()),
        )),
    }
}

/// A list of `{"object": …}`, or of URIs as the simplified representation has it.
fn object_list(raw: Json) -> Result<Box<[Box<str>]>, Error> {
    let Json::Array(items) = raw else {
        return Err(Error::bad(
            "",
            format!("a list is needed, not {}", raw.kind()),
        ));
    };
    items
        .into_iter()
        .map(|item| match item {
            Json::Object(members) => match <[_; 1]>::try_from(members.into_vec()) {
                Ok([(name, object)]) if &*name == "object" => uri(object),
                _ => Err(Error::bad("", "each item has an `object` and nothing else")),
            },
            item => uri(item),
        })
        .collect()
}
