//! One attribute changed by the members that a request wrote of it (clauses 5.5.8 and 5.5.12).
//! Never makes an attribute of another kind out of a part of one.

use super::Merging;
use crate::entity::{
    Attribute, Change, Draft, Kind, More, NULL, Rare, Several, Value, Written, merge_json,
};
use crate::error::Error;
use crate::iri::is_uri;
use crate::json::Json;
use crate::time::Time;

/// How deep a change goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Depth {
    /// Members are replaced whole (clause 5.5.8).
    Members,
    /// Members are merged, and theirs too (clause 5.5.12).
    All,
}

/// The attribute as it is then; nothing if no value is left.
pub(super) fn apply(
    mut old: Attribute,
    mut draft: Draft,
    depth: Depth,
    merging: Merging<'_>,
    now: Time,
) -> Result<Option<Attribute>, Error> {
    fit(&mut draft, &old, merging);
    let new_kind = draft.value_kind();
    if new_kind.is_some_and(|k| k != old.kind()) {
        if depth == Depth::Members || is_guess(&draft) {
            let what = format!("it is a {} and stays one", old.kind().name());
            return Err(Error::bad(&*draft.term, what));
        }
        // A merge may change the kind, which nothing of the old attribute but its age survives.
        let mut new = draft.complete(now)?;
        new.created_at = old.created_at;
        return Ok(Some(new));
    }
    if draft.observed_at == Change::Keep
        && old.observed_at.is_some()
        && let Some(at) = merging.observed_at
    {
        draft.observed_at = Change::Set(at);
    }
    match draft.value {
        Change::Keep => {}
        Change::Remove => return Ok(None),
        Change::Set(value) => match (depth, value) {
            (Depth::All, value) => match merged(old.value, value) {
                Some(value) => old.value = value,
                None => return Ok(None),
            },
            (Depth::Members, value) => old.value = value,
        },
    }
    let mut more = old.take_more();
    put(&mut old.observed_at, draft.observed_at);
    put(&mut more.unit_code, draft.unit_code);
    let mut rare = more.rare.take().map_or_else(Rare::default, |r| *r);
    put(&mut rare.value_type, draft.value_type);
    put(&mut rare.expires_at, draft.expires_at);
    match draft.object_type {
        Change::Keep => {}
        Change::Set(types) => rare.object_type = types,
        Change::Remove => rare.object_type = Box::default(),
    }
    more.rare = rare.boxed();
    below(&mut more, draft.attributes, depth, now).map_err(|e| e.within(&draft.term))?;
    old.set_more(more);
    old.modified_at = now;
    Ok(Some(old))
}

/// Whether the kind of a draft is a guess: a value alone, which could not be fitted to the kind of
/// the attribute that it meets. That kind stays (clause 5.6.17.4, table 6.5.3.4-1).
fn is_guess(draft: &Draft) -> bool {
    draft.kind.is_none() && draft.written == Written::Bare
}

/// Attributes of the attribute: replaced, or changed in turn.
fn below(more: &mut More, drafts: Vec<Draft>, depth: Depth, now: Time) -> Result<(), Error> {
    for draft in drafts {
        let place = more
            .attributes
            .iter()
            .position(|a| a.name == draft.name && a.dataset_id() == draft.dataset_id.as_deref());
        match (place, depth) {
            (Some(n), _) if draft.is_removal() => {
                more.attributes.remove(n);
            }
            (None, _) if draft.is_removal() => {}
            (Some(n), Depth::All) => {
                let old = more.attributes[n].clone();
                match apply(old, draft, depth, Merging::default(), now)? {
                    Some(new) => more.attributes[n] = new,
                    None => {
                        more.attributes.remove(n);
                    }
                }
            }
            (Some(n), Depth::Members) => {
                let mut new = draft.complete(now)?;
                new.created_at = more.attributes[n].created_at;
                more.attributes[n] = new;
            }
            (None, _) => {
                let new = draft.complete(now)?;
                let behind = more.attributes.iter().rposition(|a| a.name == new.name);
                more.attributes
                    .insert(behind.map_or(more.attributes.len(), |n| n + 1), new);
            }
        }
    }
    Ok(())
}

fn put<T>(place: &mut Option<T>, change: Change<T>) {
    match change {
        Change::Keep => {}
        Change::Set(value) => *place = Some(value),
        Change::Remove => *place = None,
    }
}

/// One value merged into another of the same kind.
fn merged(old: Value, new: Value) -> Option<Value> {
    Some(match (old, new) {
        (Value::Property(a), Value::Property(b)) => Value::Property(merge_json(a, b)),
        (Value::Json(a), Value::Json(b)) => Value::Json(merge_json(a, b)),
        (Value::Language(a), Value::Language(b)) => {
            let mut map = a.into_vec();
            for (tag, text) in b {
                map.retain(|(t, _)| !t.eq_ignore_ascii_case(&tag));
                if text.as_str() != Some(NULL) {
                    map.push((tag, text));
                }
            }
            if map.is_empty() {
                return None;
            }
            Value::Language(map.into())
        }
        (_, new) => new,
    })
}

/// A value alone takes the kind of the attribute that it meets: simplified form says no kind
/// (clause 5.6.17).
fn fit(draft: &mut Draft, old: &Attribute, merging: Merging<'_>) {
    if draft.written != Written::Bare || draft.kind.is_some() {
        return;
    }
    let Change::Set(Value::Property(json)) = &draft.value else {
        return;
    };
    let fitted = match (old.kind(), json, merging.lang) {
        (Kind::Relationship, Json::String(one), _) if is_uri(one) => {
            Some(Value::Relationship(Several::One(one.clone())))
        }
        (Kind::Relationship, Json::Array(items), _) if !items.is_empty() => {
            let uris = items
                .iter()
                .map(|i| i.as_str().filter(|s| is_uri(s)).map(Box::from));
            let uris: Option<Box<[Box<str>]>> = uris.collect();
            uris.map(|u| Value::Relationship(Several::Many(u)))
        }
        // A text, or a list of texts (table 6.5.3.4-1).
        (Kind::LanguageProperty, texts, Some(lang)) if are_texts(texts) => {
            Some(Value::Language(Box::new([(lang.into(), texts.clone())])))
        }
        (Kind::JsonProperty, json, _) => Some(Value::Json(json.clone())),
        (Kind::ListProperty, Json::Array(items), _) => Some(Value::List(items.clone())),
        _ => None,
    };
    if let Some(value) = fitted {
        draft.value = Change::Set(value);
    }
}

fn are_texts(json: &Json) -> bool {
    let list = json.as_list();
    !list.is_empty() && list.iter().all(|t| matches!(t, Json::String(_)))
}

impl Draft {
    /// The kind of what was written: of `type`, else of the value.
    fn value_kind(&self) -> Option<Kind> {
        match &self.value {
            Change::Set(value) => Some(value.kind()),
            _ => self.kind,
        }
    }
}
