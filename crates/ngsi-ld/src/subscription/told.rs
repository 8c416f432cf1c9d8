//! What is told of an entity: as it is, with what is gone marked as such and with previous values
//! where that was asked for (clauses 4.5.0, 5.2.14 and 5.8.6). Never tells more than the
//! subscription shows.

use std::borrow::Cow;
use std::sync::Arc;

use super::edit::{self, instance_mut, member_mut, open, push};
use super::message::Find;
use super::{Join, Subscription, Trigger};
use crate::Recorded;
use crate::context::NGSI_LD;
use crate::entity::{Attribute, Entity, Kind, NULL};
use crate::iri::Iri;
use crate::json::{Emit, Json, write_json};
use crate::linked::{self, Gathered, Reach};
use crate::time::Time;
use crate::update::{How, Touched};
use crate::write::{Embed, Form, GeoView, Linked, SysAttrs, View};

/// Linked entities in one notification, each as often as it is written: 1,000 of 700 bytes are
/// 0.7 MB, more than receivers take. Where there are more, the farthest are left out.
pub const LINKED_MAX: usize = 1_000;

/// What is told, ready to be written.
pub(super) struct Told<'t> {
    subscription: &'t Subscription,
    items: Vec<Item<'t>>,
    /// Entities that those lead to.
    linked: Gathered<'t>,
    /// Where those are told, and how many levels of them.
    join: Option<(Join, usize)>,
}

/// One entity, and of a change what is marked in it.
struct Item<'t> {
    entity: Cow<'t, Entity>,
    marks: Vec<Mark<'t>>,
}

/// An instance that is gone, or was otherwise.
struct Mark<'t> {
    was: &'t Attribute,
    gone_at: Option<Time>,
}

impl<'t> Told<'t> {
    pub(super) fn of_changes(
        subscription: &'t Subscription,
        changes: impl IntoIterator<Item = &'t Recorded>,
        find: Find<'t>,
    ) -> Self {
        let item = |change: &'t Recorded| {
            let entity = change.entity()?;
            let entity = match change.is_deletion() {
                false => Cow::Borrowed(entity),
                true => Cow::Owned(Entity {
                    attributes: Vec::new(),
                    deleted_at: Some(change.at),
                    ..entity.clone()
                }),
            };
            let marks = marks(subscription, change);
            Some(Item { entity, marks })
        };
        let items = changes.into_iter().filter_map(item).collect();
        Self::of_items(subscription, items, find)
    }

    pub(super) fn of_entities(
        subscription: &'t Subscription,
        entities: &'t [Arc<Entity>],
        find: Find<'t>,
    ) -> Self {
        let item = |entity: &'t Arc<Entity>| Item {
            entity: Cow::Borrowed(entity),
            marks: Vec::new(),
        };
        Self::of_items(subscription, entities.iter().map(item).collect(), find)
    }

    fn of_items(subscription: &'t Subscription, items: Vec<Item<'t>>, find: Find<'t>) -> Self {
        let mut told = Self {
            subscription,
            items,
            linked: Gathered::default(),
            join: subscription.notification.joined(),
        };
        let Some((place, mut levels)) = told.join else {
            return told;
        };
        let reach = Reach {
            levels,
            most: LINKED_MAX,
        };
        let selection = &subscription.notification.shown.selection;
        let from = told.items.iter().map(|i| &*i.entity);
        let linked = linked::gather(from.clone(), selection, reach, &|_| false, find);
        while place == Join::Inline && linked.written(from.clone(), selection, levels) > LINKED_MAX
        {
            levels -= 1;
        }
        told.linked = linked;
        told.join = Some((place, levels));
        told
    }

    fn view(&self) -> View<'_> {
        let delivery = &self.subscription.notification;
        View {
            context: &self.subscription.told_in,
            form: delivery.form(),
            sys_attrs: match delivery.sys_attrs {
                Some(true) => SysAttrs::Show,
                _ => SysAttrs::Hide,
            },
            selection: &delivery.shown.selection,
            datasets: self.subscription.datasets.as_deref(),
            languages: self.subscription.lang.as_ref().map(|l| &l.read),
            linked: match self.join {
                Some((Join::Inline, levels)) => Some(Linked::new(&self.linked.by_id, levels)),
                _ => None,
            },
        }
    }

    /// Writes a list of entities.
    pub(super) fn entities(&self, embed: Embed, out: &mut Vec<u8>) {
        self.each(out, |view, entity, out| view.entity(entity, embed, out));
    }

    /// Writes a list of GeoJSON features.
    pub(super) fn features(&self, out: &mut Vec<u8>) {
        let location = Iri::new(&format!("{NGSI_LD}location"));
        self.each(out, |view, entity, out| {
            let geo = GeoView {
                view: *view,
                geometry: &location,
                dataset_id: None,
            };
            geo.feature(entity, Embed::Nothing, out);
        });
    }

    fn each(&self, out: &mut Vec<u8>, write: impl Fn(&View<'_>, &Entity, &mut Vec<u8>)) {
        let view = self.view();
        let mut list = Emit::array(out);
        for Item { entity, marks } in &self.items {
            let out = list.item();
            if marks.is_empty() {
                write(&view, entity, out);
            } else {
                let mut text = Vec::new();
                write(&view, entity, &mut text);
                self.edited((&view, entity, marks), &text, out);
            }
        }
        let behind = matches!(self.join, Some((Join::Flat, _)));
        for (entity, selection) in self.linked.in_order.iter().filter(|_| behind) {
            let view = View {
                selection,
                datasets: None,
                ..view
            };
            write(&view, entity, list.item());
        }
        list.end();
    }

    /// What was written, with marks in it.
    fn edited(
        &self,
        (view, entity, marks): (&View<'_>, &Entity, &[Mark<'_>]),
        text: &[u8],
        out: &mut Vec<u8>,
    ) {
        let Ok(mut json) = Json::read(text) else {
            out.extend_from_slice(text);
            return;
        };
        let members = match json.get("type").and_then(Json::as_str) {
            Some("Feature") => member_mut(&mut json, "properties"),
            _ => Some(&mut json),
        };
        if let Some(members) = members {
            for group in marks.chunk_by(|a, b| a.was.name == b.was.name) {
                self.mark(view, entity, group, members);
            }
        }
        write_json(out, &json);
    }

    /// Marks what became of the instances of one attribute.
    fn mark(&self, view: &View<'_>, entity: &Entity, group: &[Mark<'_>], members: &mut Json) {
        let Some(first) = group.first() else {
            return;
        };
        let name = view.context.compact_name(&first.was.name);
        if view.form == Form::Simplified {
            let wanted = |a: &&Attribute| self.subscription.has_dataset(a.dataset_id());
            let left = entity.instances(&first.was.name).filter(wanted);
            let left: Vec<&str> = left.map(|a| a.dataset_id().unwrap_or("@none")).collect();
            let tombs = group.iter().map(|mark| {
                let key = mark.was.dataset_id().unwrap_or("@none");
                (key.into(), tomb(view, mark, Naming::Bare, Previous::Hidden))
            });
            return edit::put_simplified(members, &name, &left, tombs.collect());
        }
        let shows = match self.subscription.notification.show_changes {
            Some(true) => Previous::Shown,
            _ => Previous::Hidden,
        };
        let left = written(view, entity, &first.was.name);
        let all_gone = group.len() > 1 && left == 0 && group.iter().all(|m| m.gone_at.is_some());
        if all_gone && shows == Previous::Hidden {
            // All instances are gone: one mark stands for them.
            let tomb = tomb(view, first, Naming::Bare, shows);
            return edit::put(members, &name, tomb);
        }
        let mut there = left;
        for mark in group {
            match mark.gone_at {
                Some(_) => {
                    there += 1;
                    let tomb = tomb(view, mark, Naming::Instance, shows);
                    edit::put(members, &name, tomb);
                }
                None => {
                    let previous = previous(view, mark.was);
                    let id = mark.was.dataset_id();
                    if let Some(instance) = instance_mut(members, &name, id, there) {
                        open(instance, mark.was.kind());
                        previous.into_iter().for_each(|m| push(instance, m));
                    }
                }
            }
        }
    }
}

/// How many instances of an attribute are written.
fn written(view: &View<'_>, entity: &Entity, name: &str) -> usize {
    let wanted = |a: &Attribute| {
        let datasets = view.datasets;
        datasets.is_none_or(|ids| ids.iter().any(|d| d.as_deref() == a.dataset_id()))
    };
    entity.instances(name).filter(|a| wanted(a)).count()
}

/// What is to be marked of a change.
fn marks<'t>(subscription: &Subscription, change: &'t Recorded) -> Vec<Mark<'t>> {
    let Some(before) = &change.before else {
        return Vec::new();
    };
    let triggers = subscription.triggers;
    let tells_gone = triggers.met_by(Trigger::AttributeDeleted).is_some();
    let shows = subscription.notification.show_changes == Some(true);
    let selection = &subscription.notification.shown.selection;
    let shown =
        |a: &Attribute| selection.shows(&a.name) && subscription.has_dataset(a.dataset_id());
    if change.is_deletion() {
        let told = |a: &&Attribute| {
            shown(a) && (shows || (tells_gone && subscription.watches_instance(a)))
        };
        let gone_at = Some(change.at);
        let gone = before.attributes.iter().filter(told);
        return gone.map(|was| Mark { was, gone_at }).collect();
    }
    let mark = |touched: &Touched| {
        let Touched::Attribute {
            name,
            dataset_id,
            how,
        } = touched
        else {
            return None;
        };
        let was = before.instance(name, dataset_id.as_deref())?;
        let gone_at = match how {
            How::Removed if tells_gone || shows => Some(change.at),
            How::Updated if shows => None,
            _ => return None,
        };
        shown(was).then_some(Mark { was, gone_at })
    };
    let mut marks: Vec<Mark<'_>> = change.touched.iter().filter_map(mark).collect();
    marks.sort_by(|a, b| a.was.name.cmp(&b.was.name));
    marks
}

/// Whether the mark of an instance says which one it was.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Naming {
    Instance,
    Bare,
}

/// Whether it says what it was.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Previous {
    Shown,
    Hidden,
}

/// An instance that is gone, as it is told.
fn tomb(view: &View<'_>, mark: &Mark<'_>, naming: Naming, shows: Previous) -> Json {
    let kind = mark.was.kind();
    let holder = kind.holder().1;
    let nothing = match kind {
        Kind::LanguageProperty => Json::object([("@none", NULL.into())]),
        Kind::ListProperty => Json::Array(Box::new([NULL.into()])),
        Kind::ListRelationship => Json::Array(Box::new([Json::object([("object", NULL.into())])])),
        _ => NULL.into(),
    };
    if view.form == Form::Simplified {
        return match kind {
            Kind::Property | Kind::GeoProperty | Kind::Relationship => nothing,
            _ => Json::object([(holder, nothing)]),
        };
    }
    let mut members: Vec<(Box<str>, Json)> = Vec::with_capacity(6);
    if view.form == Form::Normalized {
        members.push(("type".into(), kind.name().into()));
    }
    members.push((holder.into(), nothing));
    if shows == Previous::Shown {
        members.extend(previous(view, mark.was));
    }
    if let (Some(id), Naming::Instance) = (mark.was.dataset_id(), naming) {
        members.push(("datasetId".into(), id.into()));
    }
    if view.sys_attrs == SysAttrs::Show {
        let times = [
            ("createdAt", Some(mark.was.created_at)),
            ("modifiedAt", Some(mark.was.modified_at)),
            ("deletedAt", mark.gone_at),
        ];
        for (name, time) in times {
            members.extend(time.map(|t| (name.into(), t.to_string().as_str().into())));
        }
    }
    Json::Object(members.into())
}

/// `previousValue` and its like.
fn previous(view: &View<'_>, was: &Attribute) -> Option<(Box<str>, Json)> {
    let name = match was.kind() {
        Kind::Property | Kind::GeoProperty => "previousValue",
        Kind::Relationship => "previousObject",
        Kind::LanguageProperty => "previousLanguageMap",
        Kind::VocabProperty => "previousVocab",
        Kind::JsonProperty => "previousJson",
        Kind::ListProperty => "previousValueList",
        Kind::ListRelationship => "previousObjectList",
    };
    let mut text = Vec::new();
    View::of(view.context, Form::Normalized).attribute(&[was], &mut text);
    let written = Json::read(&text).ok()?;
    let value = written.get(was.kind().holder().1)?;
    Some((name.into(), value.clone()))
}
