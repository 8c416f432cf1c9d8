//! Attributes in each representation (clauses 4.5.2 to 4.5.24). Never writes a form that would be
//! read back as something else.

use super::{Form, SysAttrs, View, array, list};
use crate::entity::{Attribute, Geometry, Kind, Rare, Several, Value, stands_alone};
use crate::iri::Iri;
use crate::json::{Emit, Json, write_json, write_string};

impl View<'_> {
    /// The instances of one attribute: one alone, several as an array, or under `dataset` in the
    /// simplified form (clause 4.5.4).
    pub(super) fn group(&self, instances: &[&Attribute], out: &mut Vec<u8>) {
        match (self.form, instances) {
            (Form::Simplified, [one]) => self.simplified(one, out),
            (Form::Simplified, some) => {
                let mut object = Emit::object(out);
                let mut by_id = Emit::object(object.member("dataset"));
                for one in some {
                    self.simplified(one, by_id.member(one.dataset_id().unwrap_or("@none")));
                }
                by_id.end();
                object.end();
            }
            (Form::Concise, [one]) if self.is_plain(one) => self.plain(&one.value, out),
            (_, [one]) => self.whole(one, out),
            (_, some) => array(some, out, |one, out| self.whole(one, out)),
        }
    }

    /// Whether the concise form of an attribute is its value alone.
    fn is_plain(&self, attribute: &Attribute) -> bool {
        attribute.more.is_none()
            && attribute.observed_at.is_none()
            && self.sys_attrs == SysAttrs::Hide
            && stands_alone(self.context, &attribute.value)
    }

    fn plain(&self, value: &Value, out: &mut Vec<u8>) {
        match value {
            Value::Geo(geometry) => geo(geometry, out),
            Value::Property(json) => write_json(out, json),
            _ => {}
        }
    }

    /// An attribute as an object.
    fn whole(&self, attribute: &Attribute, out: &mut Vec<u8>) {
        let mut object = Emit::object(out);
        let text = self.chosen_text(&attribute.value);
        let kind = match text {
            Some(_) => Kind::Property,
            None => attribute.kind(),
        };
        // A Property whose value looks like a place would be read as one.
        let doubtful = matches!(&attribute.value, Value::Property(v) if Geometry::is_meant(v));
        if self.form == Form::Normalized || doubtful {
            object.text("type", kind.name());
        }
        match text {
            Some((tag, text)) => {
                object.json("value", text);
                object.text("lang", tag);
            }
            None => self.value(&attribute.value, &mut object),
        }
        if self.linked.is_some() {
            self.linked_members(attribute, &mut object);
        }
        if let Some(at) = attribute.observed_at {
            object.time("observedAt", at);
        }
        if let Some(more) = &attribute.more {
            if let Some(unit) = &more.unit_code {
                object.text("unitCode", unit);
            }
            if let Some(id) = &more.dataset_id {
                object.text("datasetId", id);
            }
            self.below(&more.attributes, &mut object);
            if let Some(rare) = &more.rare {
                self.rare(rare, &mut object);
            }
        }
        if self.sys_attrs == SysAttrs::Show {
            object.time("createdAt", attribute.created_at);
            object.time("modifiedAt", attribute.modified_at);
        }
        object.end();
    }

    fn rare(&self, rare: &Rare, object: &mut Emit<'_>) {
        if let Some(name) = &rare.value_type {
            object.text("valueType", &self.context.compact_name(name));
        }
        if !rare.object_type.is_empty() {
            self.names(&rare.object_type, object.member("objectType"));
        }
        if let Some(at) = rare.expires_at {
            object.time("expiresAt", at);
        }
        if let Some(at) = rare.deleted_at {
            object.time("deletedAt", at);
        }
    }

    /// Attributes of an attribute.
    fn below(&self, attributes: &[Attribute], object: &mut Emit<'_>) {
        // Only an entity's own Relationships are followed (clause 4.5.23.1).
        let view = View {
            linked: None,
            ..*self
        };
        for group in attributes.chunk_by(|a, b| a.name == b.name) {
            let some: Vec<&Attribute> = group.iter().collect();
            if let Some(first) = some.first() {
                view.group(
                    &some,
                    object.member(&view.context.compact_name(&first.name)),
                );
            }
        }
    }

    /// The text that a language map is reduced to (clause 4.15).
    fn chosen_text<'a>(&self, value: &'a Value) -> Option<(&'a str, &'a Json)> {
        match (self.languages, value) {
            (Some(wanted), Value::Language(map)) => {
                wanted.choose(map).map(|(tag, text)| (&**tag, text))
            }
            _ => None,
        }
    }

    fn value(&self, value: &Value, object: &mut Emit<'_>) {
        match value {
            Value::Property(json) => object.json("value", json),
            Value::Geo(geometry) => geo(geometry, object.member("value")),
            Value::Relationship(objects) => several(objects, object.member("object"), string),
            Value::Language(map) => language_map(map, object.member("languageMap")),
            Value::Vocab(names) => self.vocab(names, object.member("vocab")),
            Value::Json(json) => object.json("json", json),
            Value::List(items) => {
                array(items, object.member("valueList"), |item, out| {
                    write_json(out, item)
                });
            }
            Value::ListRelationship(objects) => {
                array(objects, object.member("objectList"), |one, out| {
                    let mut item = Emit::object(out);
                    item.text("object", one);
                    item.end();
                });
            }
        }
    }

    fn vocab(&self, names: &Several<Iri>, out: &mut Vec<u8>) {
        several(names, out, |name, out| {
            write_string(out, &self.context.compact(name))
        });
    }

    /// The value alone (clause 4.5.4). Kinds that could not be told apart keep the name of the
    /// member that held them.
    fn simplified(&self, attribute: &Attribute, out: &mut Vec<u8>) {
        if let Some((_, text)) = self.chosen_text(&attribute.value) {
            return write_json(out, text);
        }
        if self.linked_value(attribute, out).is_some() {
            return;
        }
        let holder = attribute.kind().holder().1;
        match &attribute.value {
            Value::Property(json) => write_json(out, json),
            Value::Geo(geometry) => geo(geometry, out),
            Value::Relationship(objects) => several(objects, out, string),
            held => {
                let mut object = Emit::object(out);
                match held {
                    Value::ListRelationship(objects) => {
                        array(objects, object.member(holder), string);
                    }
                    other => self.value(other, &mut object),
                }
                object.end();
            }
        }
    }
}

pub(super) fn geo(geometry: &Geometry, out: &mut Vec<u8>) {
    let mut object = Emit::object(out);
    object.text("type", geometry.kind.name());
    object.json(geometry.kind.holder(), &geometry.shape);
    for (name, value) in &geometry.others {
        object.json(name, value);
    }
    object.end();
}

fn language_map(map: &[(Box<str>, Json)], out: &mut Vec<u8>) {
    let mut object = Emit::object(out);
    for (tag, text) in map {
        object.json(tag, text);
    }
    object.end();
}

fn string(text: &impl AsRef<str>, out: &mut Vec<u8>) {
    write_string(out, text.as_ref());
}

/// A list that was sent as one stays one, of one value too.
fn several<T>(values: &Several<T>, out: &mut Vec<u8>, write: impl Fn(&T, &mut Vec<u8>)) {
    match values {
        Several::One(one) => list(std::slice::from_ref(one), out, write),
        Several::Many(many) => array(many, out, write),
    }
}
