//! Entities as answers: normalized, concise, simplified and GeoJSON, names compacted with the
//! request's @context (clauses 4.5.1, 4.5.4, 4.5.9, 4.5.16). Never changes an entity.

mod attribute;
mod geojson;
mod linked;
mod older;
mod select;

use crate::context::Context;
use crate::entity::{Attribute, Entity};
use crate::iri::Iri;
use crate::json::{Emit, Json, write_json, write_string};
use crate::lang::Languages;

pub use geojson::GeoView;
pub use linked::Linked;
pub use older::{Older, Version};
pub(crate) use older::{V1_3, V1_4, one_of_each};
pub use select::Selection;

/// Which representation is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Form {
    /// Everything with its type.
    Normalized,
    /// Without what can be told from the rest.
    Concise,
    /// Values alone, of old called keyValues.
    Simplified,
}

/// Whether the broker's own times are written (`sysAttrs`, clause 6.3.11).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SysAttrs {
    /// They are left out.
    Hide,
    /// `createdAt`, `modifiedAt` and `deletedAt` are written.
    Show,
}

/// Where the @context goes (clause 6.3.5).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Embed {
    /// Into the body: `application/ld+json`.
    Context,
    /// Elsewhere: `application/json`, with a `Link` header.
    Nothing,
}

/// How to write.
#[derive(Debug, Clone, Copy)]
pub struct View<'v> {
    /// Names are compacted with it.
    pub context: &'v Context,
    /// Which representation.
    pub form: Form,
    /// The broker's own times.
    pub sys_attrs: SysAttrs,
    /// Which members.
    pub selection: &'v Selection,
    /// Which instances (clause 4.5.5); all if nothing is said, and `None` in it is the default
    /// instance.
    pub datasets: Option<&'v [Option<Box<str>>]>,
    /// The language that language maps are reduced to (clause 4.15).
    pub languages: Option<&'v Languages>,
    /// Entities that are written within the Relationships that lead to them (clause 4.5.23.2).
    pub linked: Option<Linked<'v>>,
}

impl<'v> View<'v> {
    /// Everything, in one representation.
    #[must_use]
    pub const fn of(context: &'v Context, form: Form) -> Self {
        Self {
            context,
            form,
            sys_attrs: SysAttrs::Hide,
            selection: &Selection::ALL,
            datasets: None,
            languages: None,
            linked: None,
        }
    }

    /// Writes one entity.
    pub fn entity(&self, entity: &Entity, embed: Embed, out: &mut Vec<u8>) {
        let mut object = Emit::object(out);
        if self.selection.shows_id() {
            object.text("id", &entity.id);
        }
        self.members(entity, &mut object);
        if embed == Embed::Context {
            object.json("@context", self.context.body());
        }
        object.end();
    }

    /// Writes a list of entities.
    pub fn entities<'e>(
        &self,
        entities: impl IntoIterator<Item = &'e Entity>,
        embed: Embed,
        out: &mut Vec<u8>,
    ) {
        self.each(
            entities.into_iter().map(|e| (e, self.selection)),
            embed,
            out,
        );
    }

    /// The same, where not of each of them the same is shown.
    pub fn each<'e>(
        &self,
        entities: impl IntoIterator<Item = (&'e Entity, &'e Selection)>,
        embed: Embed,
        out: &mut Vec<u8>,
    ) where
        'v: 'e,
    {
        let mut array = Emit::array(out);
        for (entity, selection) in entities {
            let view = View { selection, ..*self };
            view.entity(entity, embed, array.item());
        }
        array.end();
    }

    /// Writes one attribute, all of its instances, as clause 5.7.3 has it when an attribute alone
    /// is asked for; `null` when it has none.
    pub fn attribute(&self, instances: &[&Attribute], out: &mut Vec<u8>) {
        match instances {
            [] => write_json(out, &Json::Null),
            some => self.group(some, out),
        }
    }

    /// Everything of an entity but its id.
    fn members(&self, entity: &Entity, object: &mut Emit<'_>) {
        let step = self.linked.map(|l| l.step(&entity.id));
        let linked = step.as_ref().and_then(|s| Some(self.linked?.behind(s)));
        View { linked, ..*self }.members_within(entity, object);
    }

    fn members_within(&self, entity: &Entity, object: &mut Emit<'_>) {
        if self.selection.shows_type() {
            self.names(&entity.types, object.member("type"));
        }
        if self.selection.shows_scope() && !entity.scopes.is_empty() {
            let out = object.member("scope");
            list(&entity.scopes, out, |scope, out| write_string(out, scope));
        }
        let mut rest = &entity.attributes[..];
        while let Some(first) = rest.first() {
            // Instances of one attribute stand next to each other.
            let n = rest.iter().take_while(|a| a.name == first.name).count();
            let (group, others) = rest.split_at(n);
            rest = others;
            if !self.selection.shows(&first.name) {
                continue;
            }
            if let ([one], None) = (group, self.datasets) {
                self.group(
                    &[one],
                    object.member(&self.context.compact_name(&first.name)),
                );
                continue;
            }
            let chosen: Vec<&Attribute> = group.iter().filter(|a| self.wants(a)).collect();
            if !chosen.is_empty() {
                self.group(
                    &chosen,
                    object.member(&self.context.compact_name(&first.name)),
                );
            }
        }
        if let Some(at) = entity.expires_at {
            object.time("expiresAt", at);
        }
        if self.sys_attrs == SysAttrs::Show {
            object.time("createdAt", entity.created_at);
            object.time("modifiedAt", entity.modified_at);
        }
        if let Some(at) = entity.deleted_at {
            object.time("deletedAt", at);
        }
    }

    /// Whether an instance is one of those asked for.
    fn wants(&self, attribute: &Attribute) -> bool {
        self.datasets.is_none_or(|wanted| {
            wanted
                .iter()
                .any(|d| d.as_deref() == attribute.dataset_id())
        })
    }

    /// Types and other names: one alone, several as an array.
    fn names(&self, names: &[Iri], out: &mut Vec<u8>) {
        list(names, out, |name, out| {
            write_string(out, &self.context.compact_name(name))
        });
    }
}

/// One alone, several as an array.
fn list<T>(items: &[T], out: &mut Vec<u8>, write: impl Fn(&T, &mut Vec<u8>)) {
    if let [one] = items {
        return write(one, out);
    }
    array(items, out, write);
}

/// An array, of one too.
fn array<T>(items: &[T], out: &mut Vec<u8>, write: impl Fn(&T, &mut Vec<u8>)) {
    let mut array = Emit::array(out);
    for item in items {
        write(item, array.item());
    }
    array.end();
}
