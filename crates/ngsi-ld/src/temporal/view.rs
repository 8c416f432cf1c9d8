//! Temporal entities as answers: instances, pairs of value and time, aggregates (clauses 4.5.6 to
//! 4.5.9 and 4.5.19). Never decides which instances are in an answer.

mod simplified;

use super::{Aggregated, Gone, Instance, SCOPE, Series, Shown, TemporalEntity, Window};
use crate::context::Context;
use crate::entity::{Kind, NULL, Value, stands_alone};
use crate::json::{Emit, Json, write_json, write_string};
use crate::lang::Languages;
use crate::query::TimeProperty;
use crate::write::{Embed, Form, Selection, SysAttrs, View};

/// How to write.
#[derive(Debug, Clone, Copy)]
pub struct TemporalView<'v> {
    /// Names are compacted with it.
    pub context: &'v Context,
    /// Which members.
    pub shown: &'v Shown,
    /// The broker's own times.
    pub sys_attrs: SysAttrs,
    /// The language that language maps are reduced to (clause 4.15).
    pub languages: Option<&'v Languages>,
    /// Which time the instances are here for.
    pub window: Window,
}

impl<'v> TemporalView<'v> {
    /// Everything.
    #[must_use]
    pub const fn of(context: &'v Context) -> Self {
        Self {
            context,
            shown: &Shown::ALL,
            sys_attrs: SysAttrs::Hide,
            languages: None,
            window: Window::ALL,
        }
    }

    /// Writes one entity, each instance with its members: normalized or concise.
    pub fn instances(&self, entity: &TemporalEntity, form: Form, embed: Embed, out: &mut Vec<u8>) {
        let view = self.inner(form);
        self.entity(entity, embed, out, |object| {
            if let Some(scope) = entity.scope.as_ref().filter(|_| self.shown.scope()) {
                let mut array = Emit::array(object.member("scope"));
                for instance in &scope.instances {
                    self.scope(instance, form, array.item());
                }
                array.end();
            }
            for group in groups(&entity.attributes) {
                let Some(first) = group.first().filter(|s| self.shown.attribute(&s.name)) else {
                    continue;
                };
                let mut all: Vec<&Instance> = group.iter().flat_map(|s| &s.instances).collect();
                all.sort_by_key(|i| self.window.time(i).map(crate::time::Time::micros));
                let mut array = Emit::array(object.member(&self.context.compact_name(&first.name)));
                for instance in all {
                    self.instance(instance, &view, array.item());
                }
                array.end();
            }
        });
    }

    /// Writes one entity, each attribute as pairs of value and time (clause 4.5.9).
    pub fn values(&self, entity: &TemporalEntity, embed: Embed, out: &mut Vec<u8>) {
        self.entity(entity, embed, out, |object| {
            if let Some(scope) = entity.scope.as_ref().filter(|_| self.shown.scope()) {
                self.simplified(&[scope], object.member("scope"));
            }
            for group in groups(&entity.attributes) {
                let Some(first) = group.first().filter(|s| self.shown.attribute(&s.name)) else {
                    continue;
                };
                let all: Vec<&Series> = group.iter().collect();
                let place = object.member(&self.context.compact_name(&first.name));
                self.simplified(&all, place);
            }
        });
    }

    /// Writes one entity, each attribute as its aggregates (clause 4.5.19).
    pub fn aggregates(
        &self,
        entity: &TemporalEntity,
        aggregates: &[Aggregated],
        embed: Embed,
        out: &mut Vec<u8>,
    ) {
        self.entity(entity, embed, out, |object| {
            for group in aggregates.chunk_by(|a, b| a.name == b.name) {
                let Some(first) = group.first().filter(|a| self.shown.attribute(&a.name)) else {
                    continue;
                };
                let place = object.member(&self.context.compact_name(&first.name));
                list(group, place, aggregated);
            }
        });
    }

    /// Head and end of an entity, with its attributes between them.
    fn entity(
        &self,
        entity: &TemporalEntity,
        embed: Embed,
        out: &mut Vec<u8>,
        attributes: impl FnOnce(&mut Emit<'_>),
    ) {
        let mut object = Emit::object(out);
        if self.shown.id() {
            object.text("id", &entity.id);
        }
        if self.shown.types() {
            list(&entity.types, object.member("type"), |name, out| {
                write_string(out, &self.context.compact_name(name));
            });
        }
        attributes(&mut object);
        if self.sys_attrs == SysAttrs::Show {
            object.time("createdAt", entity.created_at);
            object.time("modifiedAt", entity.modified_at);
            if let Some(at) = entity.deleted_at {
                object.time("deletedAt", at);
            }
        }
        if embed == Embed::Context {
            object.json("@context", self.context.body());
        }
        object.end();
    }

    fn inner(&self, form: Form) -> View<'v> {
        View {
            context: self.context,
            form,
            sys_attrs: self.sys_attrs,
            selection: &Selection::ALL,
            datasets: None,
            languages: self.languages,
            linked: None,
        }
    }

    /// One instance of an attribute.
    fn instance(&self, instance: &Instance, view: &View<'_>, out: &mut Vec<u8>) {
        if let Some(gone) = instance.gone {
            return self.gone(instance, gone, view.form, out);
        }
        let attribute = &instance.attribute;
        let alone = view.form == Form::Concise
            && attribute.more.is_none()
            && attribute.observed_at.is_none()
            && self.sys_attrs == SysAttrs::Hide
            && stands_alone(self.context, &attribute.value);
        if alone {
            // The concise form would be the value without its object, where an instanceId has no
            // place.
            out.extend_from_slice(b"{\"value\":");
            view.attribute(&[attribute], out);
        } else {
            view.attribute(&[attribute], out);
            // An object: what it lacks is written in front of its closing brace.
            out.pop();
        }
        out.extend_from_slice(b",\"instanceId\":");
        write_string(out, &instance.id.to_string());
        self.own_time(instance, out);
        out.push(b'}');
    }

    /// The time that the query is about is written even where the broker's own times are not: an
    /// instance without its time says nothing (clause 4.5.7).
    fn own_time(&self, instance: &Instance, out: &mut Vec<u8>) {
        let (name, at) = match self.window.property {
            Some(TimeProperty::CreatedAt) => ("createdAt", instance.attribute.created_at),
            Some(TimeProperty::ModifiedAt) => ("modifiedAt", instance.attribute.modified_at),
            _ => return,
        };
        if self.sys_attrs == SysAttrs::Hide {
            out.push(b',');
            write_string(out, name);
            out.push(b':');
            write_string(out, &at.to_string());
        }
    }

    /// That an attribute was deleted: NGSI-LD Null in place of its value (clause 4.5.0).
    fn gone(&self, instance: &Instance, gone: Gone, form: Form, out: &mut Vec<u8>) {
        let mut object = Emit::object(out);
        if form == Form::Normalized {
            object.text("type", gone.kind.name());
        }
        write_json(object.member(gone.kind.holder().1), &null(gone.kind));
        object.text("instanceId", &instance.id.to_string());
        if let Some(id) = instance.attribute.dataset_id() {
            object.text("datasetId", id);
        }
        if self.sys_attrs == SysAttrs::Show {
            object.time("createdAt", instance.attribute.created_at);
            object.time("modifiedAt", instance.attribute.modified_at);
        }
        object.time("deletedAt", gone.at);
        object.end();
    }

    /// Scopes at one time: a Property that has times and nothing else (clause 4.5.6).
    fn scope(&self, instance: &Instance, form: Form, out: &mut Vec<u8>) {
        let attribute = &instance.attribute;
        let mut object = Emit::object(out);
        if form == Form::Normalized {
            object.text("type", Kind::Property.name());
        }
        scopes(instance, object.member("value"));
        if let Some(at) = attribute.observed_at {
            object.time("observedAt", at);
        }
        let own = self.window.property;
        if self.sys_attrs == SysAttrs::Show || own == Some(TimeProperty::CreatedAt) {
            object.time("createdAt", attribute.created_at);
        }
        if self.sys_attrs == SysAttrs::Show || own == Some(TimeProperty::ModifiedAt) {
            object.time("modifiedAt", attribute.modified_at);
        }
        if let Some(gone) = instance.gone {
            object.time("deletedAt", gone.at);
        }
        object.end();
    }
}

/// Series of one attribute.
fn groups(series: &[Series]) -> impl Iterator<Item = &[Series]> {
    series.chunk_by(|a, b| a.name == b.name)
}

/// The value of scopes: one alone, several as an array, none as an empty one.
fn scopes(instance: &Instance, out: &mut Vec<u8>) {
    debug_assert!(&*instance.attribute.name == SCOPE);
    match (&instance.attribute.value, instance.gone) {
        (Value::Property(json), None) => match json.items() {
            Some([one]) => write_json(out, one),
            _ => write_json(out, json),
        },
        _ => out.extend_from_slice(b"[]"),
    }
}

/// What stands for the value of an attribute that was deleted.
fn null(kind: Kind) -> Json {
    match kind {
        Kind::LanguageProperty => Json::object([("@none", NULL.into())]),
        Kind::ListProperty | Kind::ListRelationship => Json::Array([NULL.into()].into()),
        _ => NULL.into(),
    }
}

fn aggregated(of: &Aggregated, out: &mut Vec<u8>) {
    let mut object = Emit::object(out);
    object.text("type", of.kind.name());
    if let Some(id) = &of.dataset_id {
        object.text("datasetId", id);
    }
    for (method, values) in &of.methods {
        let mut array = Emit::array(object.member(method.name()));
        for span in values {
            let mut triple = Emit::array(array.item());
            write_json(triple.item(), &span.value);
            write_string(triple.item(), &span.start.to_string());
            write_string(triple.item(), &span.end.to_string());
            triple.end();
        }
        array.end();
    }
    object.end();
}

/// One alone, several as an array.
fn list<T>(items: &[T], out: &mut Vec<u8>, write: impl Fn(&T, &mut Vec<u8>)) {
    if let [one] = items {
        return write(one, out);
    }
    let mut array = Emit::array(out);
    for item in items {
        write(item, array.item());
    }
    array.end();
}
