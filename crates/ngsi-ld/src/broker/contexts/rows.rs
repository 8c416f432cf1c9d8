//! @contexts as records of the log: written, and read at a start.

use super::{ContextKind, ContextStore, HeldContext};
use crate::error::Error;
use crate::json::{Emit, Json};
use crate::time::Time;

impl ContextStore {
    pub(in crate::broker) fn restore(&self, body: &[u8]) -> Result<(), Error> {
        let json = Json::read(body)?;
        let broken = || Error::Broken("a record of an @context is not whole".to_owned());
        let text = |name: &str| json.get(name).and_then(Json::as_str).ok_or_else(broken);
        self.put(HeldContext {
            url: text("url")?.into(),
            local_id: text("localId")?.into(),
            kind: ContextKind::of_word(text("kind")?).ok_or_else(broken)?,
            document: json.get("document").cloned().ok_or_else(broken)?,
            at: Time::read(text("at")?).ok_or_else(broken)?,
            used_at: None,
            hits: 0,
            // A record without it is of what does not expire, or is older than this release.
            expires_at: text("expiresAt").ok().and_then(Time::read),
        })
    }

    pub(in crate::broker) fn restore_gone(&self, body: &[u8]) -> Result<(), Error> {
        let json = Json::read(body)?;
        if let Some(id) = json.get("localId").and_then(Json::as_str) {
            self.remove(id);
        }
        Ok(())
    }
}

pub(super) fn body(held: &HeldContext) -> Vec<u8> {
    let mut out = Vec::new();
    let mut object = Emit::object(&mut out);
    object.text("url", &held.url);
    object.text("localId", &held.local_id);
    object.text("kind", held.kind.word());
    object.time("at", held.at);
    if let Some(at) = held.expires_at {
        object.time("expiresAt", at);
    }
    object.json("document", &held.document);
    object.end();
    out
}
