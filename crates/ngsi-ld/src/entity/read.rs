//! Attributes out of JSON: normalized and concise told apart member by member (clauses 4.5.1 and
//! 4.5.9), everything checked on the way. Never decides what an update makes of them.

use super::draft::{Change, Draft, Written};
use super::fragment::Representation;
use super::geometry::Geometry;
use super::kind::Kind;
use super::value::uri;
use super::{ATTRIBUTES_MAX, DEPTH_MAX, Value};
use crate::context::{Context, Member};
use crate::error::Error;
use crate::iri::Iri;
use crate::json::Json;
use crate::time::Time;

/// Whether "remove this" may be said.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Nulls {
    /// Only in updates, and this is none.
    Refuse,
    /// It removes.
    Remove,
}

/// Whose times `createdAt` and `modifiedAt` are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Stamps {
    /// A sender's: passed over, they are the broker's to set.
    PassOver,
    /// The broker's own, out of its records.
    Keep,
}

/// How to read: with which names, and what is allowed.
#[derive(Debug, Clone, Copy)]
pub(super) struct Reading<'c> {
    pub(super) context: &'c Context,
    pub(super) nulls: Nulls,
    pub(super) representation: Representation,
    pub(super) stamps: Stamps,
    /// How many attributes are around the one that is read.
    pub(super) depth: usize,
}

impl<'c> Reading<'c> {
    /// For what stands at the top.
    pub(super) const fn new(
        context: &'c Context,
        nulls: Nulls,
        representation: Representation,
    ) -> Self {
        Self {
            context,
            nulls,
            representation,
            stamps: Stamps::PassOver,
            depth: 0,
        }
    }

    /// The instances of one attribute, behind each other.
    pub(super) fn attribute(
        &self,
        term: Box<str>,
        raw: Json,
        into: &mut Vec<Draft>,
    ) -> Result<(), Error> {
        let name = self.name(&term)?;
        if into.iter().any(|d| d.name == name) {
            return Err(Error::bad(&*term, "this attribute is written twice"));
        }
        let from = into.len();
        let read = match (self.representation, raw) {
            (Representation::Simplified, raw) => self.simplified(&name, &term, raw, into),
            (Representation::Detected, Json::Array(items)) if self.are_instances(&items) => {
                items.into_iter().try_for_each(|item| {
                    into.push(self.instance(&name, &term, item)?);
                    Ok(())
                })
            }
            (Representation::Detected, raw) => self
                .instance(&name, &term, raw)
                .map(|draft| into.push(draft)),
        };
        read.map_err(|e| e.within(&term))?;
        if into.len() > ATTRIBUTES_MAX {
            return Err(Error::bad(
                "",
                format!("more than {ATTRIBUTES_MAX} attributes"),
            ));
        }
        // Clause 4.5.5: each instance has its own datasetId, and one at most has none.
        let instances = &into[from..];
        for (n, one) in instances.iter().enumerate() {
            if instances[..n]
                .iter()
                .any(|other| other.dataset_id == one.dataset_id)
            {
                let which = one.dataset_id.as_deref().unwrap_or("none");
                return Err(Error::bad(
                    &*term,
                    format!("two instances with datasetId {which}"),
                ));
            }
        }
        Ok(())
    }

    /// Whether an array is a list of instances rather than a value: its first item shows that it
    /// is an attribute.
    fn are_instances(&self, items: &[Json]) -> bool {
        items.first().is_some_and(|item| match self.shape(item) {
            Shape::Members(_) => true,
            Shape::Unknown | Shape::Value => false,
        })
    }

    /// Whether an object in an update is part of an attribute though it has neither type nor value:
    /// what it holds are attributes, so that they are meant to be below (clause 5.5.12).
    fn is_part(&self, raw: &Json) -> bool {
        self.nulls == Nulls::Remove
            && raw
                .members()
                .iter()
                .any(|(_, value)| matches!(self.shape(value), Shape::Members(_)))
    }

    /// One instance.
    fn instance(&self, name: &Iri, term: &str, raw: Json) -> Result<Draft, Error> {
        match self.shape(&raw) {
            Shape::Members(kind) => self.members(name, term, kind, raw),
            Shape::Unknown => Err(Error::bad("type", "this is no type of an attribute")),
            Shape::Value if self.is_part(&raw) => self.members(name, term, None, raw),
            Shape::Value => self.bare(name, term, raw),
        }
    }

    /// A value alone: a Property, or a GeoProperty if it is a geometry (concise representation).
    pub(super) fn bare(&self, name: &Iri, term: &str, raw: Json) -> Result<Draft, Error> {
        let kind = if Geometry::is_meant(&raw) {
            Kind::GeoProperty
        } else {
            Kind::Property
        };
        let value = self.value(kind, raw)?;
        Ok(Draft::new(name.clone(), term.into(), value, Written::Bare))
    }

    /// What an object is, from the members that show it.
    fn shape(&self, raw: &Json) -> Shape {
        let Json::Object(members) = raw else {
            return Shape::Value;
        };
        let mut kind = None;
        let (mut typed, mut held, mut annotated) = (false, false, false);
        for (name, value) in members {
            match self.context.member(name) {
                Member::Type => {
                    typed = true;
                    kind = self.kind(value);
                }
                m if m.holds_value() => held = true,
                m if m.annotates() => annotated = true,
                _ => {}
            }
        }
        match (kind, typed) {
            (Some(_), _) => Shape::Members(kind),
            (None, false) if held || annotated => Shape::Members(None),
            (None, true) if held => Shape::Unknown,
            _ => Shape::Value,
        }
    }

    /// The kind that an object's `type` names; a `type` that names none is a fault here.
    pub(super) fn kind_of(&self, raw: &Json) -> Result<Option<Kind>, Error> {
        let mut members = raw.members().iter();
        let Some((_, value)) = members.find(|(k, _)| self.context.member(k) == Member::Type) else {
            return Ok(None);
        };
        match self.kind(value) {
            None => Err(Error::bad("type", "this is no type of an attribute")),
            kind => Ok(kind),
        }
    }

    /// The kind that a `type` names, by its term or by any name that expands to it.
    fn kind(&self, value: &Json) -> Option<Kind> {
        let name = match value {
            Json::String(name) => name,
            Json::Array(one) => one.first().filter(|_| one.len() == 1)?.as_str()?,
            _ => return None,
        };
        Kind::of_name(name).or_else(|| {
            let known = name.contains(':') || self.context.term(name).is_some();
            known
                .then(|| self.context.expand_name(name))
                .flatten()
                .and_then(|i| Kind::of_iri(&i))
        })
    }

    /// An attribute by its members. `kind` is what `type` says.
    pub(super) fn members(
        &self,
        name: &Iri,
        term: &str,
        kind: Option<Kind>,
        raw: Json,
    ) -> Result<Draft, Error> {
        let Json::Object(members) = raw else {
            return Err(Error::bad(
                "",
                format!("an object is needed, not {}", raw.kind()),
            ));
        };
        let mut draft = Draft::new(name.clone(), term.into(), Change::Keep, Written::Members);
        draft.kind = kind;
        let mut held: Option<(Member, Box<str>, Json)> = None;
        for (key, value) in members {
            let member = self.context.member(&key);
            if member.holds_value() {
                if let Some((_, before, _)) = &held {
                    return Err(Error::bad(&*key, format!("there is a `{before}` already")));
                }
                held = Some((member, key, value));
            } else {
                self.beside(&mut draft, member, key, value)?;
            }
        }
        if let Some((member, key, value)) = held {
            let kind = kind.unwrap_or_else(|| match Kind::held_by(member) {
                Kind::Property if Geometry::is_meant(&value) => Kind::GeoProperty,
                kind => kind,
            });
            if kind.holder().0 != member {
                let holder = kind.holder().1;
                let what = format!("a {} has a `{holder}` instead", kind.name());
                return Err(Error::bad(&*key, what));
            }
            draft.value = self.value(kind, value)?;
        }
        Ok(draft)
    }

    /// A member that is not the value.
    fn beside(
        &self,
        draft: &mut Draft,
        member: Member,
        key: Box<str>,
        value: Json,
    ) -> Result<(), Error> {
        let within = |e: Error| e.within(&key);
        match member {
            Member::Type => {}
            Member::System => self.stamp(&mut draft.stamps, &key, value).map_err(within)?,
            Member::ObservedAt => draft.observed_at = self.change(value, time).map_err(within)?,
            Member::ExpiresAt => draft.expires_at = self.change(value, time).map_err(within)?,
            Member::UnitCode => draft.unit_code = self.change(value, text).map_err(within)?,
            Member::ValueType => {
                let one = |v: Json| match self.names(&v)?.pop() {
                    Some(name) => Ok(name),
                    None => Err(Error::bad("", "a name is needed")),
                };
                draft.value_type = self.change(value, one).map_err(within)?;
            }
            Member::ObjectType => {
                let names = |v: Json| self.names(&v).map(Vec::into_boxed_slice);
                draft.object_type = self.change(value, names).map_err(within)?;
            }
            // Never removed: it says which instance is meant (clause 4.5.0).
            Member::DatasetId => draft.dataset_id = Some(uri(value).map_err(within)?),
            Member::Other => {
                let below = Reading {
                    depth: self.depth + 1,
                    ..*self
                };
                if below.depth > DEPTH_MAX {
                    let what = format!("attributes are at most {DEPTH_MAX} deep");
                    return Err(Error::bad(&*key, what));
                }
                below.attribute(key, value, &mut draft.attributes)?;
            }
            _ => return Err(Error::bad(&*key, "this member is not of an attribute")),
        }
        Ok(())
    }

    /// One of the broker's own times.
    pub(super) fn stamp(
        &self,
        stamps: &mut (Option<Time>, Option<Time>),
        key: &str,
        value: Json,
    ) -> Result<(), Error> {
        match (self.stamps, key) {
            (Stamps::Keep, "createdAt") => stamps.0 = Some(time(value)?),
            (Stamps::Keep, "modifiedAt") => stamps.1 = Some(time(value)?),
            _ => {}
        }
        Ok(())
    }

    /// A member that is set, or removed in an update.
    pub(super) fn change<T>(
        &self,
        raw: Json,
        read: impl Fn(Json) -> Result<T, Error>,
    ) -> Result<Change<T>, Error> {
        if self.removes(&raw)? {
            return Ok(Change::Remove);
        }
        read(raw).map(Change::Set)
    }
}

/// What an object shows itself to be.
enum Shape {
    /// Members of an attribute, with the kind that `type` names.
    Members(Option<Kind>),
    /// A value of its own.
    Value,
    /// Members of an attribute of a type that there is not.
    Unknown,
}

/// A time in UTC (clause 4.6.3), as a text and nothing else: it has no attributes of its own.
pub(super) fn time(raw: Json) -> Result<Time, Error> {
    raw.as_str()
        .and_then(Time::read)
        .ok_or_else(|| Error::bad("", "a time in UTC is needed, like 2026-08-10T12:00:00Z"))
}

fn text(raw: Json) -> Result<Box<str>, Error> {
    match raw {
        Json::String(text) if !text.is_empty() => Ok(text),
        other => Err(Error::bad(
            "",
            format!("a text is needed, not {}", other.kind()),
        )),
    }
}

/// Whether a value may stand alone in concise form and be read back as the same.
pub(crate) fn stands_alone(context: &Context, value: &Value) -> bool {
    let reading = Reading::new(context, Nulls::Refuse, Representation::Detected);
    match value {
        Value::Geo(_) => true,
        Value::Property(json @ Json::Array(items)) => {
            !reading.are_instances(items) && !Geometry::is_meant(json)
        }
        Value::Property(json) => {
            matches!(reading.shape(json), Shape::Value) && !Geometry::is_meant(json)
        }
        _ => false,
    }
}
