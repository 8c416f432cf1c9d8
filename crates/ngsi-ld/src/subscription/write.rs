//! A subscription as an answer, and as its record in the log (clauses 5.8.3 and 5.8.4). Never
//! writes a name that the reader's @context would read as another.

use super::selector::in_names_of;
use super::{Delivery, Pair, Selector, Subscription, Tally};
use crate::context::Context;
use crate::iri::Iri;
use crate::json::{Emit, Json, write_json, write_string};
use crate::query::{Picked, Projection};
use crate::time::Time;
use crate::write::{Embed, SysAttrs};

impl Subscription {
    /// Writes it with the names of a request's @context.
    pub fn write(
        &self,
        context: &Context,
        sys_attrs: SysAttrs,
        embed: Embed,
        now: Time,
        out: &mut Vec<u8>,
    ) {
        let mut object = Emit::object(out);
        object.text("id", &self.id);
        object.text("type", "Subscription");
        self.what(context, &mut object);
        self.when(&mut object, now);
        self.delivery(context, object.member("notification"));
        if sys_attrs == SysAttrs::Show {
            object.time("createdAt", self.created_at);
            object.time("modifiedAt", self.modified_at);
        }
        if embed == Embed::Context {
            object.json("@context", context.body());
        }
        object.end();
    }

    /// All of it, in its own names: what [`Self::restore`] reads.
    #[must_use]
    pub fn record(&self) -> Vec<u8> {
        let mut out = Vec::new();
        let (show, embed) = (SysAttrs::Show, Embed::Context);
        self.write(&self.context, show, embed, self.modified_at, &mut out);
        out
    }

    fn what(&self, context: &Context, object: &mut Emit<'_>) {
        text(object, "subscriptionName", self.name.as_deref());
        text(object, "description", self.description.as_deref());
        if !self.entities.is_empty() {
            let mut list = Emit::array(object.member("entities"));
            for selector in &self.entities {
                selector.write(context, list.item());
            }
            list.end();
        }
        names(object, "watchedAttributes", &self.watched, context);
        text(object, "q", self.q.as_ref().map(|q| &*q.text));
        text(object, "csf", self.csf.as_ref().map(|q| &*q.text));
        text(object, "scopeQ", self.scope.as_ref().map(|s| &*s.text));
        if let Some(geo) = &self.geo {
            let mut inner = Emit::object(object.member("geoQ"));
            inner.text("georel", &geo.georel);
            inner.text("geometry", &geo.geometry);
            inner.json("coordinates", &geo.coordinates);
            if let Some(iri) = &geo.named {
                inner.text("geoproperty", &context.compact_name(iri));
            }
            inner.end();
        }
        if let Some(datasets) = &self.datasets {
            let ids = datasets.iter().map(|d| d.as_deref().unwrap_or("@none"));
            texts(object.member("datasetId"), ids);
        }
        listed(object, "expandValues", &self.expand_values, context);
        listed(object, "jsonKeys", &self.kept.json_keys, context);
        flag(object, "localOnly", self.kept.local_only);
        flag(object, "splitEntities", self.kept.split_entities);
        text(
            object,
            "ngsildConformance",
            self.kept.conformance.as_deref(),
        );
    }

    fn when(&self, object: &mut Emit<'_>, now: Time) {
        let triggers = self.triggers.iter().map(super::Trigger::name);
        texts(object.member("notificationTrigger"), triggers);
        if let Some(every) = &self.time_interval {
            object.json("timeInterval", &Json::Number(every.0.clone()));
        }
        if let Some(pause) = &self.throttling {
            object.json("throttling", &Json::Number(pause.0.clone()));
        }
        flag(object, "isActive", self.is_active);
        if let Some(at) = self.expires_at {
            object.time("expiresAt", at);
        }
        object.text("status", self.status(now).name());
        text(object, "lang", self.lang.as_ref().map(|l| &*l.text));
        text(object, "jsonldContext", self.jsonld_context.as_deref());
    }

    fn delivery(&self, context: &Context, out: &mut Vec<u8>) {
        let mut object = Emit::object(out);
        self.notification.write(context, &mut object);
        self.tally.write(&mut object);
        object.end();
    }
}

impl Tally {
    /// Writes its members (clause 5.2.14.2).
    pub(crate) fn write(&self, object: &mut Emit<'_>) {
        if let Some(failing) = self.is_failing() {
            object.text("status", if failing { "failed" } else { "ok" });
        }
        for (name, count) in [
            ("timesSent", self.times_sent),
            ("timesFailed", self.times_failed),
        ] {
            if count > 0 {
                object.json(name, &Json::Number(count.into()));
            }
        }
        for (name, at) in [
            ("lastNotification", self.last_notification),
            ("lastSuccess", self.last_success),
            ("lastFailure", self.last_failure),
        ] {
            if let Some(at) = at {
                object.time(name, at);
            }
        }
    }
}

impl Selector {
    fn write(&self, context: &Context, out: &mut Vec<u8>) {
        let mut object = Emit::object(out);
        match &self.ids[..] {
            [] => {}
            [one] => object.text("id", one),
            some => texts(object.member("id"), some.iter().map(|id| &**id)),
        }
        text(
            &mut object,
            "idPattern",
            self.id_pattern.as_ref().map(|p| &*p.text),
        );
        object.text("type", &in_names_of(&self.types, context).to_string());
        object.end();
    }
}

impl Delivery {
    fn write(&self, context: &Context, object: &mut Emit<'_>) {
        names(object, "attributes", &self.shown.attributes, context);
        projection(object, "pick", self.shown.pick.as_ref(), context);
        projection(object, "omit", self.shown.omit.as_ref(), context);
        text(
            object,
            "format",
            self.format.map(super::delivery::Format::name),
        );
        flag(object, "sysAttrs", self.sys_attrs);
        flag(object, "showChanges", self.show_changes);
        text(object, "join", self.join.map(super::Join::name));
        if let Some(level) = self.join_level {
            object.json("joinLevel", &Json::Number(level.into()));
        }
        let endpoint = &self.endpoint;
        let mut inner = Emit::object(object.member("endpoint"));
        inner.text("uri", &endpoint.uri);
        text(
            &mut inner,
            "accept",
            endpoint.accept.map(super::Accept::name),
        );
        pairs(&mut inner, "receiverInfo", &endpoint.receiver);
        pairs(&mut inner, "notifierInfo", &endpoint.notifier);
        for (name, number) in [
            ("timeout", &endpoint.timeout_ms),
            ("cooldown", &endpoint.cooldown_ms),
        ] {
            if let Some(number) = number {
                inner.json(name, &Json::Number(number.clone()));
            }
        }
        inner.end();
    }
}

fn text(object: &mut Emit<'_>, name: &str, value: Option<&str>) {
    if let Some(value) = value {
        object.text(name, value);
    }
}

fn flag(object: &mut Emit<'_>, name: &str, value: Option<bool>) {
    if let Some(value) = value {
        write_json(object.member(name), &Json::Bool(value));
    }
}

fn names(object: &mut Emit<'_>, member: &str, iris: &[Iri], context: &Context) {
    if !iris.is_empty() {
        let mut list = Emit::array(object.member(member));
        for iri in iris {
            write_string(list.item(), &context.compact_name(iri));
        }
        list.end();
    }
}

/// Names with commas between.
fn listed(object: &mut Emit<'_>, member: &str, iris: &[Iri], context: &Context) {
    if !iris.is_empty() {
        let names: Vec<_> = iris.iter().map(|iri| context.compact_name(iri)).collect();
        let names: Vec<&str> = names.iter().map(|name| &**name).collect();
        object.text(member, &names.join(","));
    }
}

fn projection(object: &mut Emit<'_>, member: &str, list: Option<&Projection>, context: &Context) {
    let Some(Projection(list)) = list else {
        return;
    };
    let mut array = Emit::array(object.member(member));
    for picked in list {
        let one = Projection(vec![in_names(picked, context)]);
        write_string(array.item(), &one.to_string());
    }
    array.end();
}

/// A member with the names of a request's @context, and what is wanted of linked entities too.
fn in_names(picked: &Picked, context: &Context) -> Picked {
    let name = picked
        .attribute
        .as_ref()
        .map(|iri| context.compact_name(iri));
    Picked {
        name: name.map_or_else(|| picked.name.clone(), |name| (&*name).into()),
        attribute: picked.attribute.clone(),
        of_linked: picked
            .of_linked
            .iter()
            .map(|p| in_names(p, context))
            .collect(),
    }
}

fn texts<'t>(out: &mut Vec<u8>, values: impl Iterator<Item = &'t str>) {
    let mut list = Emit::array(out);
    for value in values {
        write_string(list.item(), value);
    }
    list.end();
}

fn pairs(object: &mut Emit<'_>, member: &str, pairs: &[Pair]) {
    if !pairs.is_empty() {
        let mut list = Emit::array(object.member(member));
        for pair in pairs {
            let mut inner = Emit::object(list.item());
            inner.text("key", &pair.key);
            inner.text("value", &pair.value);
            inner.end();
        }
        list.end();
    }
}
