//! Attributes as rows: a number in a column of its own, everything else as JSON with expanded
//! names. Never loses what an entity would keep.

use loggia_store::rusqlite::types::{ToSqlOutput, Value as Sql, ValueRef};

use super::HistoryError;
use crate::entity::{Attribute, Geometry, Kind, More, Rare, Several, Value};
use crate::iri::Iri;
use crate::json::{Emit, Json, write_json, write_string};
use crate::time::Time;

/// What a row holds of an attribute beside its name, times and datasetId.
#[derive(Debug, Default)]
pub(super) struct Packed {
    pub(super) kind: i64,
    pub(super) n: Option<Sql>,
    pub(super) body: Option<Vec<u8>>,
}

impl Packed {
    /// The number, as a parameter.
    pub(super) fn number(&self) -> ToSqlOutput<'static> {
        ToSqlOutput::Owned(self.n.clone().unwrap_or(Sql::Null))
    }
}

pub(super) fn kind_code(kind: Kind) -> i64 {
    let place = Kind::ALL.iter().position(|k| *k == kind).unwrap_or(0);
    i64::try_from(place).unwrap_or(0)
}

pub(super) fn kind_of(code: i64) -> Result<Kind, HistoryError> {
    usize::try_from(code)
        .ok()
        .and_then(|n| Kind::ALL.get(n).copied())
        .ok_or(HistoryError::Damaged("the kind of an attribute"))
}

/// An attribute as columns.
pub(super) fn pack(attribute: &Attribute) -> Packed {
    let n = number(&attribute.value);
    let mut body = Vec::new();
    let mut object = Emit::object(&mut body);
    if n.is_none() {
        value(&attribute.value, object.member("v"));
    }
    rest(attribute, &mut object);
    object.end();
    Packed {
        kind: kind_code(attribute.kind()),
        n,
        body: (body != b"{}").then_some(body),
    }
}

/// Numbers that SQLite gives back as they were.
fn number(value: &Value) -> Option<Sql> {
    let Value::Property(Json::Number(n)) = value else {
        return None;
    };
    match (n.as_i64(), n.as_f64()) {
        (Some(n), _) => Some(Sql::Integer(n)),
        // A number above i64 is kept as JSON, as is −0.0.
        (None, Some(f)) if !n.is_u64() && f != 0.0 => Some(Sql::Real(f)),
        _ => None,
    }
}

fn value(value: &Value, out: &mut Vec<u8>) {
    match value {
        Value::Property(json) | Value::Json(json) => write_json(out, json),
        Value::Geo(geometry) => write_json(out, &geometry.to_json()),
        Value::Relationship(Several::One(one)) => write_string(out, one),
        Value::Relationship(Several::Many(many)) => texts(many, out),
        Value::ListRelationship(many) => texts(many, out),
        Value::Language(map) => write_json(out, &Json::Object(map.clone())),
        Value::Vocab(Several::One(one)) => write_string(out, one),
        Value::Vocab(Several::Many(many)) => texts(many, out),
        Value::List(items) => write_json(out, &Json::Array(items.clone())),
    }
}

fn texts(many: &[impl std::ops::Deref<Target = str>], out: &mut Vec<u8>) {
    let mut array = Emit::array(out);
    for one in many {
        write_string(array.item(), one);
    }
    array.end();
}

/// What few attributes have.
fn rest(attribute: &Attribute, object: &mut Emit<'_>) {
    let Some(more) = &attribute.more else {
        return;
    };
    if let Some(unit) = &more.unit_code {
        object.text("u", unit);
    }
    if let Some(rare) = &more.rare {
        if let Some(name) = &rare.value_type {
            object.text("vt", name);
        }
        if !rare.object_type.is_empty() {
            texts(&rare.object_type, object.member("ot"));
        }
        if let Some(at) = rare.expires_at {
            object.time("x", at);
        }
    }
    if !more.attributes.is_empty() {
        let mut array = Emit::array(object.member("a"));
        for attribute in &more.attributes {
            below(attribute, array.item());
        }
        array.end();
    }
}

/// An attribute of an attribute, whole.
fn below(attribute: &Attribute, out: &mut Vec<u8>) {
    let mut object = Emit::object(out);
    object.text("n", &attribute.name);
    object.text("k", attribute.kind().name());
    value(&attribute.value, object.member("v"));
    object.time("c", attribute.created_at);
    object.time("m", attribute.modified_at);
    if let Some(at) = attribute.observed_at {
        object.time("o", at);
    }
    if let Some(id) = attribute.dataset_id() {
        object.text("d", id);
    }
    rest(attribute, &mut object);
    object.end();
}

const DAMAGED: HistoryError = HistoryError::Damaged("an attribute's value");

/// What `pack` made of an attribute: its value, and what few have.
pub(super) fn unpack(
    kind: Kind,
    n: ValueRef<'_>,
    body: ValueRef<'_>,
) -> Result<(Value, More), HistoryError> {
    let json = match body {
        ValueRef::Null => Json::Object(Box::default()),
        ValueRef::Blob(bytes) => Json::read(bytes).map_err(|_| DAMAGED)?,
        _ => return Err(DAMAGED),
    };
    let value = match n {
        ValueRef::Integer(n) => Value::Property(Json::Number(n.into())),
        ValueRef::Real(f) => Value::Property(float(f)?),
        _ => value_of(kind, json.get("v").cloned().ok_or(DAMAGED)?)?,
    };
    Ok((value, more_of(&json)?))
}

fn float(f: f64) -> Result<Json, HistoryError> {
    serde_json::Number::from_f64(f)
        .map(Json::Number)
        .ok_or(DAMAGED)
}

fn value_of(kind: Kind, json: Json) -> Result<Value, HistoryError> {
    Ok(match kind {
        Kind::Property => Value::Property(json),
        Kind::JsonProperty => Value::Json(json),
        Kind::GeoProperty => Value::Geo(Box::new(Geometry::read(json).map_err(|_| DAMAGED)?)),
        Kind::Relationship => Value::Relationship(several(&json, |s| Box::from(s))?),
        Kind::VocabProperty => Value::Vocab(several(&json, Iri::new)?),
        Kind::LanguageProperty => match json {
            Json::Object(map) => Value::Language(map),
            _ => return Err(DAMAGED),
        },
        Kind::ListProperty => match json {
            Json::Array(items) => Value::List(items),
            _ => return Err(DAMAGED),
        },
        Kind::ListRelationship => match several(&json, |s| Box::from(s))? {
            Several::Many(many) => Value::ListRelationship(many),
            Several::One(_) => return Err(DAMAGED),
        },
    })
}

fn several<T>(json: &Json, make: impl Fn(&str) -> T) -> Result<Several<T>, HistoryError> {
    match json.items() {
        Some(items) => {
            let made = items.iter().map(|i| i.as_str().map(&make).ok_or(DAMAGED));
            Ok(Several::Many(made.collect::<Result<_, _>>()?))
        }
        None => json.as_str().map(|s| Several::One(make(s))).ok_or(DAMAGED),
    }
}

fn more_of(json: &Json) -> Result<More, HistoryError> {
    let text = |name: &str| json.get(name).and_then(Json::as_str);
    let object_type = match json.get("ot").map(|names| several(names, Iri::new)) {
        Some(Ok(Several::Many(names))) => names,
        Some(_) => return Err(DAMAGED),
        None => Box::default(),
    };
    let rare = Rare {
        value_type: text("vt").map(Iri::new),
        object_type,
        expires_at: text("x").and_then(Time::read),
        deleted_at: None,
    };
    let below = json.get("a").and_then(Json::items).unwrap_or_default();
    Ok(More {
        dataset_id: text("d").map(Into::into),
        unit_code: text("u").map(Into::into),
        rare: rare.boxed(),
        attributes: below.iter().map(attribute_of).collect::<Result<_, _>>()?,
    })
}

fn attribute_of(json: &Json) -> Result<Attribute, HistoryError> {
    let text = |name: &str| json.get(name).and_then(Json::as_str);
    let time = |name: &str| text(name).and_then(Time::read);
    let kind = text("k").and_then(Kind::of_name).ok_or(DAMAGED)?;
    let value = value_of(kind, json.get("v").cloned().ok_or(DAMAGED)?)?;
    let name = Iri::new(text("n").ok_or(DAMAGED)?);
    let mut attribute = Attribute::new(name, value, time("c").ok_or(DAMAGED)?);
    attribute.modified_at = time("m").ok_or(DAMAGED)?;
    attribute.observed_at = time("o");
    attribute.set_more(more_of(json)?);
    Ok(attribute)
}
