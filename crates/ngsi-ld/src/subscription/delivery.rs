//! `notification`: what a subscriber is told of an entity, in which form and where (clause
//! 5.2.14). Never holds what became of it; `Tally` does.

use super::endpoint::Endpoint;
use super::{Error, LIST_MAX, bad};
use crate::context::Context;
use crate::iri::Iri;
use crate::json::Json;
use crate::query::{Picked, Projection};
use crate::write::{Form, Selection};

/// How deep linked entities are followed. Each level can multiply what is told by the number of
/// relationships; two levels of ten are 100 entities.
pub const JOIN_LEVEL_MAX: u32 = 4;

/// What is told, how and where.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Delivery {
    /// `attributes`, `pick` and `omit`.
    pub shown: Shown,
    /// `format`, if it was said.
    pub format: Option<Format>,
    /// `sysAttrs`, if it was said.
    pub sys_attrs: Option<bool>,
    /// `showChanges`, if it was said.
    pub show_changes: Option<bool>,
    /// `join`, if it was said.
    pub join: Option<Join>,
    /// `joinLevel`, if it was said.
    pub join_level: Option<u32>,
    /// `endpoint`.
    pub endpoint: Endpoint,
}

/// Which members, as sent and as the writer takes them.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Shown {
    /// `attributes`.
    pub attributes: Vec<Iri>,
    /// `pick`.
    pub pick: Option<Projection>,
    /// `omit`.
    pub omit: Option<Projection>,
    /// What comes of them.
    pub selection: Selection,
}

/// `format`: `keyValues` and `simplified` are the same thing under two names.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Format {
    /// `normalized`
    Normalized,
    /// `concise`
    Concise,
    /// `keyValues`
    KeyValues,
    /// `simplified`
    Simplified,
}

impl Format {
    const ALL: [Self; 4] = [
        Self::Normalized,
        Self::Concise,
        Self::KeyValues,
        Self::Simplified,
    ];

    pub(super) const fn name(self) -> &'static str {
        match self {
            Self::Normalized => "normalized",
            Self::Concise => "concise",
            Self::KeyValues => "keyValues",
            Self::Simplified => "simplified",
        }
    }
}

/// `join`: what becomes of entities that the entity leads to (clause 4.5.23).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Join {
    /// `@none`: nothing.
    Nothing,
    /// `flat`: they stand behind it.
    Flat,
    /// `inline`: they stand in its relationships.
    Inline,
}

impl Join {
    const ALL: [Self; 3] = [Self::Nothing, Self::Flat, Self::Inline];

    pub(super) const fn name(self) -> &'static str {
        match self {
            Self::Nothing => "@none",
            Self::Flat => "flat",
            Self::Inline => "inline",
        }
    }
}

impl Delivery {
    /// Reads `notification`. What is the broker's to say is passed over (table 5.2.14.2-1).
    pub(super) fn read(value: &Json, context: &Context) -> Result<Self, Error> {
        if !matches!(value, Json::Object(_)) {
            let what = format!("an object is needed, not {}", value.kind());
            return Err(bad("", what));
        }
        let endpoint = value.get("endpoint").filter(|e| **e != Json::Null);
        let endpoint = endpoint.ok_or_else(|| bad("endpoint", "it is missing"))?;
        let mut new = Self {
            shown: Shown::read(value, context)?,
            format: None,
            sys_attrs: None,
            show_changes: None,
            join: None,
            join_level: None,
            endpoint: Endpoint::read(endpoint).map_err(|e| e.within("endpoint"))?,
        };
        for (name, value) in value.members() {
            match (&**name, value) {
                ("endpoint" | "attributes" | "pick" | "omit", _) | (_, Json::Null) => Ok(()),
                ("format", v) => one_of(v, Format::ALL, Format::name).map(|f| new.format = Some(f)),
                ("sysAttrs", v) => flag(v).map(|f| new.sys_attrs = Some(f)),
                ("showChanges", v) => flag(v).map(|f| new.show_changes = Some(f)),
                ("join", v) => one_of(v, Join::ALL, Join::name).map(|j| new.join = Some(j)),
                ("joinLevel", v) => join_level(v).map(|l| new.join_level = Some(l)),
                (
                    "status" | "timesSent" | "timesFailed" | "lastNotification" | "lastSuccess"
                    | "lastFailure",
                    _,
                ) => Ok(()),
                (other, _) if other.starts_with('_') => Ok(()),
                _ => Err(bad("", "there is no such member (clause 5.2.14)")),
            }
            .map_err(|e| e.within(name))?;
        }
        new.check()?;
        Ok(new)
    }

    fn check(&self) -> Result<(), Error> {
        if self.show_changes == Some(true) && self.form() == Form::Simplified {
            return Err(bad(
                "showChanges",
                "the simplified format has no place for previous values",
            ));
        }
        if self.join_level.is_some() && self.join.is_none_or(|j| j == Join::Nothing) {
            return Err(bad("joinLevel", "it goes with `join` alone"));
        }
        let levels = self.joined().map_or(0, |(_, levels)| levels);
        for (name, list) in [("pick", &self.shown.pick), ("omit", &self.shown.omit)] {
            if list.as_ref().is_some_and(|p| p.linked_depth() > levels) {
                let what = "it reaches further into linked entities than `join` and `joinLevel`";
                return Err(bad(name, what));
            }
        }
        Ok(())
    }

    /// The form that entities are written in.
    #[must_use]
    pub const fn form(&self) -> Form {
        match self.format {
            None | Some(Format::Normalized) => Form::Normalized,
            Some(Format::Concise) => Form::Concise,
            Some(Format::KeyValues | Format::Simplified) => Form::Simplified,
        }
    }

    /// How many levels of linked entities are told, and how.
    #[must_use]
    pub fn joined(&self) -> Option<(Join, usize)> {
        let join = self.join.filter(|j| *j != Join::Nothing)?;
        Some((join, self.join_level.map_or(1, |n| n as usize)))
    }
}

impl Shown {
    fn read(value: &Json, context: &Context) -> Result<Self, Error> {
        let attributes = names(value, "attributes")?;
        let pick = names(value, "pick")?;
        let omit = names(value, "omit")?;
        if attributes.is_some() && (pick.is_some() || omit.is_some()) {
            return Err(bad(
                "attributes",
                "it has no place beside `pick` and `omit`",
            ));
        }
        let pick = pick.map(|names| Projection::pick(&names.join(","), context));
        let omit = omit.map(|names| Projection::omit(&names.join(","), context));
        let (pick, omit) = (pick.transpose()?, omit.transpose()?);
        let whole = |p: &&Picked| p.of_linked.is_empty();
        let twice = pick.iter().flat_map(|p| &p.0).find(|picked| {
            let omitted = omit.iter().flat_map(|o| &o.0).filter(whole);
            omitted.into_iter().any(|o| o.name == picked.name)
        });
        let twice = twice.map(|picked| &picked.name);
        if let Some(name) = twice {
            return Err(bad("omit", format!("`{name}` is both picked and left out")));
        }
        let attributes = attributes.unwrap_or_default();
        let selection = match attributes.is_empty() {
            true => Selection::projected(pick.as_ref(), omit.as_ref(), context)?,
            false => Selection::attrs(attributes.iter().copied(), context)?,
        };
        Ok(Self {
            attributes: iris(&attributes, context).map_err(|e| e.within("attributes"))?,
            pick,
            omit,
            selection,
        })
    }
}

/// A list of names that is there; an empty one is no list (table 5.2.14.1-1).
fn names<'j>(value: &'j Json, member: &str) -> Result<Option<Vec<&'j str>>, Error> {
    match value.get(member) {
        None | Some(Json::Null) => Ok(None),
        Some(list) => texts(list).map(Some).map_err(|e| e.within(member)),
    }
}

/// A list of one text at least.
pub(super) fn texts(value: &Json) -> Result<Vec<&str>, Error> {
    let items = value.items().unwrap_or_default();
    let texts: Option<Vec<&str>> = items.iter().map(Json::as_str).collect();
    match texts.filter(|t| !t.is_empty()) {
        Some(texts) if texts.len() <= LIST_MAX => Ok(texts),
        _ => Err(bad(
            "",
            format!("a list of 1 to {LIST_MAX} texts is needed"),
        )),
    }
}

/// Names of attributes, expanded.
pub(super) fn iris(names: &[&str], context: &Context) -> Result<Vec<Iri>, Error> {
    names
        .iter()
        .map(|name| match context.expand_name(name) {
            Some(iri) if crate::iri::is_name(name) => Ok(iri),
            _ => Err(bad(name, "this is no name of an attribute (clause 4.6.2)")),
        })
        .collect()
}

/// `true` or `false`.
pub(super) fn flag(value: &Json) -> Result<bool, Error> {
    match value {
        Json::Bool(flag) => Ok(*flag),
        other => Err(bad(
            "",
            format!("true or false is needed, not {}", other.kind()),
        )),
    }
}

fn one_of<T: Copy, const N: usize>(
    value: &Json,
    all: [T; N],
    name: fn(T) -> &'static str,
) -> Result<T, Error> {
    let found = all.into_iter().find(|t| value.as_str() == Some(name(*t)));
    found.ok_or_else(|| bad("", format!("expected one of {}", all.map(name).join(", "))))
}

fn join_level(value: &Json) -> Result<u32, Error> {
    match value.as_f64() {
        Some(n) if n.fract() == 0.0 && (1.0..=f64::from(JOIN_LEVEL_MAX)).contains(&n) => {
            Ok(n as u32)
        }
        _ => Err(bad(
            "",
            format!("a whole number from 1 to {JOIN_LEVEL_MAX} is needed"),
        )),
    }
}
