//! What the tests of subscriptions stand on: a context, subscriptions and changes from text. Never
//! tests anything itself.

use std::sync::Arc;

use loggia_ngsi_ld::Recorded;
use loggia_ngsi_ld::subscription::{Cause, Message, Occasion, Subscription};
use loggia_ngsi_ld::update::{self, How, Merging, Touched};
use loggia_ngsi_ld::{
    Context, Contexts, Embed, Entity, Error, Fragment, Json, Representation, SysAttrs, Time,
};

pub const NAMES: &str = r#"{"x": "https://x.example/#", "Car": "x:Car", "Bus": "x:Bus",
    "speed": "x:speed", "place": "x:place", "owner": "x:owner", "label": "x:label",
    "kind": "x:kind", "free": "x:free"}"#;

pub fn json(text: &str) -> Json {
    Json::read(text.as_bytes()).unwrap_or_else(|e| panic!("{text}: {e}"))
}

pub fn context() -> Arc<Context> {
    Contexts::new().compile(&json(NAMES)).expect("a context")
}

pub fn at(text: &str) -> Time {
    Time::read(text).expect("a time")
}

pub fn before() -> Time {
    at("2026-01-01T00:00:00Z")
}

pub fn now() -> Time {
    at("2026-02-02T00:00:00Z")
}

pub fn try_read(body: &str) -> Result<Subscription, Error> {
    let mut contexts = Contexts::new();
    let context = contexts.compile(&json(NAMES)).expect("a context");
    let mut compile = |list: &Json| contexts.compile(list);
    Subscription::read(&json(body), &context, "urn:x:new", &mut compile, now())
}

/// With these members beside type and an endpoint.
pub fn with(members: &str) -> Result<Subscription, Error> {
    try_read(&format!(
        r#"{{"type": "Subscription", {members},
            "notification": {{"endpoint": {{"uri": "http://h.example/n"}}}}}}"#
    ))
}

/// With these members in `notification` beside an endpoint.
pub fn telling(members: &str) -> Result<Subscription, Error> {
    let comma = if members.is_empty() { "" } else { "," };
    try_read(&format!(
        r#"{{"type": "Subscription", "entities": [{{"type": "Car"}}], "notification":
            {{"endpoint": {{"uri": "http://h.example/n"}}{comma} {members}}}}}"#
    ))
}

pub fn patched(old: &Subscription, fragment: &str) -> Result<Subscription, Error> {
    let mut contexts = Contexts::new();
    let mut compile = |list: &Json| contexts.compile(list);
    old.patched(&json(fragment), &old.context.clone(), &mut compile, now())
}

pub fn written(s: &Subscription) -> Json {
    let mut out = Vec::new();
    s.write(&s.context, SysAttrs::Hide, Embed::Nothing, now(), &mut out);
    Json::read(&out).expect("what is written is JSON")
}

/// What a restart reads.
pub fn restored(s: &Subscription) -> Subscription {
    let record = Json::read(&s.record()).expect("a record is JSON");
    let mut contexts = Contexts::new();
    let mut compile = |list: &Json| contexts.compile(list);
    Subscription::restore(&record, &mut compile).expect("a record reads")
}

pub fn entity(members: &str) -> Entity {
    let comma = if members.is_empty() { "" } else { "," };
    let body = format!(r#"{{"id": "urn:x:1", "type": "Car"{comma}{members}}}"#);
    Entity::read(json(&body), &context(), Representation::Detected, before()).expect("an entity")
}

pub fn created(entity: Entity) -> Recorded {
    let touched = entity.attributes.iter().map(|a| Touched::Attribute {
        name: a.name.clone(),
        dataset_id: a.dataset_id().map(Into::into),
        how: How::Added,
    });
    Recorded {
        seq: 7,
        tenant: Box::default(),
        at: now(),
        before: None,
        touched: touched.collect(),
        after: Some(Arc::new(entity)),
    }
}

pub fn deleted(entity: Entity) -> Recorded {
    Recorded {
        before: Some(entity),
        after: None,
        touched: Vec::new(),
        ..created(self::entity(""))
    }
}

/// What a merge makes of an entity.
pub fn merged(entity: &Entity, members: &str) -> Recorded {
    merged_in(entity, &json(&format!("{{{members}}}")), &context())
}

pub fn merged_in(entity: &Entity, fragment: &Json, context: &Context) -> Recorded {
    let fragment =
        Fragment::read_update(fragment.clone(), context, Representation::Detected).expect("one");
    let made = update::merge(entity, fragment, Merging::default(), now()).expect("a merge");
    changed(entity, made.entity, made.changed)
}

pub fn changed(old: &Entity, new: Entity, touched: Vec<Touched>) -> Recorded {
    Recorded {
        seq: 7,
        tenant: Box::default(),
        at: now(),
        before: Some(old.clone()),
        after: Some(Arc::new(new)),
        touched,
    }
}

pub fn occasion<'o>() -> Occasion<'o> {
    Occasion {
        number: 3,
        cause: Cause::Change(7),
        at: now(),
        tenant: None,
        context_url: "https://c.example/",
    }
}

pub fn message(s: &Subscription, change: &Recorded) -> Message {
    s.message(&occasion(), [change], &|_| None)
}

/// The notification's `data`.
pub fn data(s: &Subscription, change: &Recorded) -> Json {
    let body = Json::read(&message(s, change).body).expect("a notification is JSON");
    body.get("data").expect("data").clone()
}
