//! The door: from session token or signed desk call to a person. Fast, bounded, and never lets a
//! desk call count twice.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};

use core::time::Duration;

use loggia_api::Doorkeeper;
use loggia_model::{Actor, At, Fault, PersonId};
use loggia_seal::SigningPublic;

use crate::break_glass::BREAK_GLASS;
use crate::statement::{FRESH, fresh};
use crate::wire::{base64_n, sha256};
use crate::{Error, Policy};

/// Before a desk call in its signature.
pub const DESK_CONTEXT: &str = "loggia/desk/v1\n";
/// Scheme of the `Authorization` header.
const SCHEME: &str = "Loggia-Key ";
/// Longest `Authorization` header.
const HEADER_BYTES_MAX: usize = 512;
/// Desk calls remembered: 512 people calling ten times a second for four minutes would need more;
/// beyond, new calls wait.
pub const REPLAYS_REMEMBERED: usize = 100_000;
/// How long a call is remembered: it is accepted from 120 s before to 120 s after its own time.
const REMEMBERED: Duration = Duration::from_secs(2 * 120 + 10);

/// One signed call of a desk.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DeskCall {
    /// Who calls.
    pub person: PersonId,
    /// When, microseconds.
    pub at: At,
    /// Ed25519 signature.
    pub signature: [u8; 64],
}

impl DeskCall {
    /// What a desk signs for a call.
    #[must_use]
    pub fn to_be_signed(
        method: &str,
        path_and_query: &str,
        at: At,
        body_sha256: [u8; 32],
    ) -> Vec<u8> {
        let body = hex::encode(body_sha256);
        format!("{DESK_CONTEXT}{method}\n{path_and_query}\n{}\n{body}", at.0).into_bytes()
    }

    /// The `Authorization` header.
    #[must_use]
    pub fn header(&self) -> String {
        let signature = crate::wire::to_base64(&self.signature);
        format!(
            "{SCHEME}person={},at={},sig={signature}",
            self.person, self.at.0
        )
    }

    /// Reads the header.
    ///
    /// # Errors
    /// [`Error::Invalid`] saying what is missing.
    pub fn parse(header: &str) -> Result<Self, Error> {
        let bad = || {
            let form = "`Authorization: Loggia-Key person=…,at=…,sig=…`";
            Error::Invalid(format!("a desk call is signed: {form}"))
        };
        if header.len() > HEADER_BYTES_MAX {
            return Err(bad());
        }
        let fields = header.strip_prefix(SCHEME).ok_or_else(bad)?;
        let (mut person, mut at, mut sig) = (None, None, None);
        for field in fields.split(',') {
            let (name, value) = field.trim().split_once('=').ok_or_else(bad)?;
            let slot = match name {
                "person" => &mut person,
                "at" => &mut at,
                "sig" => &mut sig,
                _ => return Err(bad()),
            };
            if slot.replace(value).is_some() {
                return Err(bad());
            }
        }
        let (Some(person), Some(at), Some(sig)) = (person, at, sig) else {
            return Err(bad());
        };
        Ok(Self {
            person: PersonId(person.to_owned()),
            at: At(at.parse().map_err(|_| bad())?),
            signature: base64_n(sig, "sig")?,
        })
    }
}

/// Desk calls that were let in, by hash, until they are stale by both clocks.
pub(crate) struct Replays(Mutex<HashMap<[u8; 32], (At, Duration)>>);

impl Replays {
    pub(crate) fn new() -> Self {
        Self(Mutex::default())
    }

    fn first_time(&self, call: [u8; 32], at: At, now: At, mono: Duration) -> Result<(), Error> {
        let mut seen = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if seen.len() >= REPLAYS_REMEMBERED / 2 {
            // Monotonic time alone would forget too early after the wall clock was set back.
            seen.retain(|_, (at, since)| {
                mono.saturating_sub(*since) < REMEMBERED || at.after(FRESH) >= now
            });
        }
        if seen.len() >= REPLAYS_REMEMBERED {
            return Err(Error::Busy(
                "too many desk calls just now; try in a minute".into(),
            ));
        }
        match seen.insert(call, (at, mono)) {
            None => Ok(()),
            Some(first) => {
                seen.insert(call, first);
                Err(Error::Forbidden(
                    "this call was made before; sign it anew".into(),
                ))
            }
        }
    }
}

impl Policy {
    fn desk_caller(
        &self,
        header: &str,
        method: &str,
        path_and_query: &str,
        body_sha256: [u8; 32],
    ) -> Result<Actor, Error> {
        let call = DeskCall::parse(header)?;
        let roster = self.roster()?;
        let member = roster
            .roster()
            .member(&call.person)
            .ok_or(Error::Unauthenticated)?;
        let key = SigningPublic(member.sign_public().map_err(|_| Error::Unauthenticated)?);
        let signed = DeskCall::to_be_signed(method, path_and_query, call.at, body_sha256);
        if !key.verifies(&signed, &call.signature) {
            return Err(Error::Unauthenticated);
        }
        let (now, mono) = (self.clock.now(), self.clock.mono());
        fresh(call.at, now)?;
        self.replays
            .first_time(sha256(&[&signed]).0, call.at, now, mono)?;
        let enabled = self.actor_enabled(&call.person)?;
        enabled
            .or_else(|| self.heard_though_disabled(&call.person, method, path_and_query))
            .ok_or(Error::Unauthenticated)
    }
}

impl Doorkeeper for Policy {
    fn session(&self, token: &str) -> Option<Actor> {
        match self.session_actor(token) {
            Ok(actor) => actor,
            Err(e) => {
                tracing::error!(error = %e, "sessions cannot be read; nobody is let in");
                None
            }
        }
    }

    fn roster_key(
        &self,
        header: &str,
        method: &str,
        path_and_query: &str,
        body_sha256: [u8; 32],
    ) -> Result<Actor, Fault> {
        let caller = self.desk_caller(header, method, path_and_query, body_sha256);
        // Malformed and stale headers prove nobody: 401, with what to do.
        caller.map_err(|e| match e {
            Error::Invalid(why) => Fault::Unsigned(why),
            other => other.into(),
        })
    }

    fn watched(&self, actor: &Actor) -> bool {
        actor.person.0 == BREAK_GLASS
    }

    fn note(&self, _: &Actor, method: &str, path: &str) -> Result<(), Fault> {
        Ok(self.note_glass(method, path)?)
    }

    fn demo(&self) -> bool {
        self.is_demo()
    }
}
