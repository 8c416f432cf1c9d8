//! A notification as it is sent: its body, and the lines that go with it (clauses 5.3.1, 6.3.8 and
//! 7.2). Never sends it, and never writes two ids for one occasion.

use std::sync::Arc;

use super::Subscription;
use super::endpoint::Accept;
use super::told::Told;
use crate::Recorded;
use crate::context::Link;
use crate::entity::Entity;
use crate::json::Emit;
use crate::time::Time;
use crate::write::Embed;

/// Finds an entity that a relationship leads to.
pub type Find<'f> = &'f dyn Fn(&str) -> Option<Arc<Entity>>;

/// What a notification is about.
#[derive(Debug, Clone, Copy)]
pub struct Occasion<'o> {
    /// The subscription's own number: with the next it makes the notification's id, so that one
    /// that is sent twice can be told.
    pub number: u64,
    /// Which change, or which tick of the interval.
    pub cause: Cause,
    /// `notifiedAt`.
    pub at: Time,
    /// Whose; nothing for the default tenant.
    pub tenant: Option<&'o str>,
    /// The URL of the @context that the notification is written with, for its `Link`.
    pub context_url: &'o str,
}

/// Why somebody is notified.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Cause {
    /// A change with this number.
    Change(u64),
    /// The interval has passed so many times since 1970.
    Tick(u64),
}

/// A notification, ready to be sent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Message {
    /// `Content-Type` first, then `Link`, the tenant, and what `receiverInfo` says.
    pub lines: Vec<(Box<str>, Box<str>)>,
    /// The notification.
    pub body: Vec<u8>,
}

impl Message {
    /// As one JSON object, for a transport without header lines (clause 7.2).
    #[must_use]
    pub fn with_metadata(&self) -> Vec<u8> {
        let mut out = Vec::with_capacity(self.body.len() + 256);
        let mut object = Emit::object(&mut out);
        let mut metadata = Emit::object(object.member("metadata"));
        for (name, value) in &self.lines {
            metadata.text(name, value);
        }
        metadata.end();
        object.member("body").extend_from_slice(&self.body);
        object.end();
        out
    }
}

impl Subscription {
    /// What is to be sent of changes, usually one. Asked again it is the same but for `notifiedAt`
    /// and the entities that others lead to.
    #[must_use]
    pub fn message<'c>(
        &'c self,
        occasion: &Occasion<'_>,
        changes: impl IntoIterator<Item = &'c Recorded>,
        find: Find<'c>,
    ) -> Message {
        self.built(occasion, &Told::of_changes(self, changes, find))
    }

    /// What is to be sent when the interval has passed: entities as they are.
    #[must_use]
    pub fn periodic(
        &self,
        occasion: &Occasion<'_>,
        entities: &[Arc<Entity>],
        find: Find<'_>,
    ) -> Message {
        self.built(occasion, &Told::of_entities(self, entities, find))
    }

    /// The @context's URL, if one document has it; else the broker hosts the list.
    #[must_use]
    pub fn context_link(&self) -> Link<'_> {
        self.told_in.link()
    }

    fn built(&self, occasion: &Occasion<'_>, told: &Told<'_>) -> Message {
        let accept = self.notification.endpoint.accept.unwrap_or_default();
        let embed = self.embed(accept);
        let mut body = Vec::with_capacity(1_024);
        let mut object = Emit::object(&mut body);
        object.text("id", &id(occasion));
        object.text("type", "Notification");
        object.text("subscriptionId", &self.id);
        object.time("notifiedAt", occasion.at);
        let out = object.member("data");
        if accept == Accept::GeoJson {
            let mut collection = Emit::object(out);
            collection.text("type", "FeatureCollection");
            told.features(collection.member("features"));
            collection.end();
        } else {
            told.entities(embed, out);
        }
        if embed == Embed::Context {
            object.json("@context", self.told_in.body());
        }
        object.end();
        Message {
            lines: self.lines(occasion, accept, embed),
            body,
        }
    }

    /// Where the @context goes. A receiver of GeoJSON may ask for it in the body (clause 6.3.15).
    fn embed(&self, accept: Accept) -> Embed {
        let receiver = &self.notification.endpoint.receiver;
        let asked = receiver
            .iter()
            .any(|pair| pair.key.eq_ignore_ascii_case("prefer") && &*pair.value == "body=ld+json");
        match accept {
            Accept::JsonLd => Embed::Context,
            Accept::GeoJson if asked => Embed::Context,
            _ => Embed::Nothing,
        }
    }

    fn lines(
        &self,
        occasion: &Occasion<'_>,
        accept: Accept,
        embed: Embed,
    ) -> Vec<(Box<str>, Box<str>)> {
        let mut lines: Vec<(Box<str>, Box<str>)> =
            vec![("Content-Type".into(), accept.name().into())];
        if embed == Embed::Nothing {
            lines.push(("Link".into(), Link::header(occasion.context_url).into()));
        }
        if let Some(tenant) = occasion.tenant {
            lines.push(("NGSILD-Tenant".into(), tenant.into()));
        }
        for pair in &self.notification.endpoint.receiver {
            // Ours are true of this notification; a subscriber's own would not be.
            let ours = |line: &(Box<str>, Box<str>)| line.0.eq_ignore_ascii_case(&pair.key);
            if !lines.iter().any(ours) {
                lines.push((pair.key.clone(), pair.value.clone()));
            }
        }
        lines
    }
}

/// The same for the same occasion, and for no other.
fn id(occasion: &Occasion<'_>) -> String {
    let number = occasion.number;
    match occasion.cause {
        Cause::Change(seq) => format!("urn:ngsi-ld:Notification:{number}-{seq}"),
        Cause::Tick(tick) => format!("urn:ngsi-ld:Notification:{number}-t{tick}"),
    }
}
