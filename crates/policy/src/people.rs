//! People: local accounts with Argon2id, and sessions. An account says who somebody is; what they
//! may do stands in the roster. Never keeps a password or a session token, only hashes of them.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};

use core::time::Duration;

use argon2::{Algorithm, Argon2, Params, Version};
use loggia_model::{Actor, PersonId};
use loggia_transparency::GlassEnd;
use tokio::sync::Semaphore;
use zeroize::Zeroizing;

use crate::break_glass::BREAK_GLASS;
use crate::rows::people::{self as rows, AccountRow};
use crate::wire::{random, sha256};
use crate::{Error, Policy};

/// Argon2id memory, KiB (OWASP password storage: 19 MiB, 2 passes, 1 lane).
pub const ARGON_MEMORY_KIB: u32 = 19 * 1024;
/// Argon2id passes.
pub const ARGON_PASSES: u32 = 2;
/// Passwords hashed at once: 2 × 19 MiB and never more than two cores.
pub const HASHES_AT_ONCE: usize = 2;
/// Sign-ins that may wait for their turn; more are told to come back.
pub const HASHES_WAITING_MAX: usize = 32;
/// Longest password, bytes; hashing cost must not grow with it.
pub const PASSWORD_BYTES_MAX: usize = 256;
/// Shortest password that is accepted when one is set (NIST SP 800-63B section 5.1.1 allows 8 and
/// up; the demo's people are made by the demo alone).
pub const PASSWORD_CHARS_MIN: usize = 12;
/// A session ends after this long without a call.
pub const SESSION_IDLE: Duration = Duration::from_secs(30 * 60);
/// A session ends after this long in any case.
pub const SESSION_LONGEST: Duration = Duration::from_secs(12 * 3_600);
/// Sessions of one person at once; the oldest ends when there are more.
pub const SESSIONS_PER_PERSON: u32 = 8;
/// Failed sign-ins before back-off begins.
pub const FREE_FAILURES: u32 = 4;
/// Longest back-off.
pub const BACK_OFF_MAX: Duration = Duration::from_secs(300);
/// Names that the back-off remembers; beyond, the ones that may try again are forgotten first.
pub const NAMES_REMEMBERED: usize = 10_000;
/// A session's last call is written at most this often.
const TOUCH_EVERY: Duration = Duration::from_secs(60);

/// Guards the hashing of passwords: how many at once, and how soon again for one name.
pub(crate) struct Wicket {
    turns: Semaphore,
    waiting: Semaphore,
    failures: Mutex<HashMap<PersonId, Failures>>,
}

#[derive(Clone, Copy)]
struct Failures {
    count: u32,
    not_before: Duration,
}

impl Wicket {
    pub(crate) fn new() -> Self {
        Self {
            turns: Semaphore::new(HASHES_AT_ONCE),
            waiting: Semaphore::new(HASHES_WAITING_MAX),
            failures: Mutex::default(),
        }
    }

    /// Counts an attempt as failed before it is made, so that parallel tries gain nothing. Names
    /// without an account back off just the same. Ages on monotonic time.
    fn try_now(&self, person: &PersonId, mono: Duration) -> Result<(), Error> {
        let mut map = self.failures.lock().unwrap_or_else(PoisonError::into_inner);
        if map.len() >= NAMES_REMEMBERED && !map.contains_key(person) {
            map.retain(|_, f| f.not_before > mono);
            if map.len() >= NAMES_REMEMBERED {
                return Err(Error::Busy(
                    "too many sign-ins fail just now; try in a minute".into(),
                ));
            }
        }
        let f = map.entry(person.clone()).or_insert(Failures {
            count: 0,
            not_before: mono,
        });
        if mono < f.not_before {
            let wait_s = (f.not_before - mono).as_secs() + 1;
            return Err(Error::Busy(format!(
                "too many failed sign-ins; try again in {wait_s} s"
            )));
        }
        f.count = f.count.saturating_add(1);
        let over = f.count.saturating_sub(FREE_FAILURES);
        if over > 0 {
            let wait = Duration::from_secs(1 << over.min(16)).min(BACK_OFF_MAX);
            f.not_before = mono + wait;
        }
        Ok(())
    }

    fn succeeded(&self, person: &PersonId) {
        self.failures
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .remove(person);
    }
}

/// Where a session began.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Began {
    /// With a password, or as a person of the demo.
    Here,
    /// At the city's identity provider.
    AtProvider,
}

/// A new session: the token goes to the browser and is kept nowhere.
pub struct SignedIn {
    /// For the cookie.
    pub token: Zeroizing<String>,
    /// Who.
    pub actor: Actor,
}

impl Policy {
    /// Signs in. Unknown name, wrong password, disabled account and a person without a roster entry
    /// all cost one hash and answer the same.
    ///
    /// # Errors
    /// [`Error::Unauthenticated`]; [`Error::Busy`] during back-off or when too many wait.
    pub async fn sign_in(&self, person: &PersonId, password: &str) -> Result<SignedIn, Error> {
        if password.len() > PASSWORD_BYTES_MAX || person.0.len() > 64 {
            return Err(Error::Unauthenticated);
        }
        // Before the turns and without back-off: two halves of 80 random bits need neither (a
        // million tries a second for the hour leave 2^48 to one against whoever has the other
        // half), and either would let anybody keep the right holder out.
        if person.0 == BREAK_GLASS {
            return self.start_session(self.both_halves(password)?, Began::Here);
        }
        let full = || Error::Busy("many people are signing in; try again in a moment".into());
        let _place = self.wicket.waiting.try_acquire().map_err(|_| full())?;
        let _turn = self.wicket.turns.acquire().await.map_err(|_| full())?;
        self.wicket.try_now(person, self.clock.mono())?;
        let account = self.read(|c| Ok(rows::account(c, person)?))?;
        let known = account.is_some();
        let actor = self.actor_enabled(person)?;
        // An unknown person is checked against a hash that no password has.
        let account = account.unwrap_or(AccountRow {
            salt: [0; 16],
            hash: [0; 32],
            memory_kib: ARGON_MEMORY_KIB,
            passes: ARGON_PASSES,
        });
        let password = Zeroizing::new(password.as_bytes().to_vec());
        let (salt, m, t) = (account.salt, account.memory_kib, account.passes);
        let hash = tokio::task::spawn_blocking(move || argon(&password, &salt, m, t))
            .await
            .map_err(|_| Error::Crypto("password hashing stopped"))??;
        let same = aws_lc_rs::constant_time::verify_slices_are_equal(&*hash, &account.hash).is_ok();
        match actor {
            Some(actor) if same && known => {
                self.wicket.succeeded(person);
                self.start_session(actor, Began::Here)
            }
            _ => Err(Error::Unauthenticated),
        }
    }

    /// Becomes a person of the demo without a password. Exists on demo folders alone.
    ///
    /// # Errors
    /// [`Error::NotADemo`]; [`Error::NotFound`] for a name outside the roster.
    pub fn become_person(&self, person: &PersonId) -> Result<SignedIn, Error> {
        if self.demo.is_none() {
            return Err(Error::NotADemo);
        }
        let actor = self
            .actor_enabled(person)?
            .ok_or(Error::NotFound("person"))?;
        self.start_session(actor, Began::Here)
    }

    pub(crate) fn start_session(&self, actor: Actor, began: Began) -> Result<SignedIn, Error> {
        let token = Zeroizing::new(hex::encode(*Zeroizing::new(random::<32>()?)));
        let (now, hash) = (self.clock.now(), token_hash(&token));
        self.write(|c| {
            rows::sweep_sessions(c, now.before(SESSION_LONGEST), now.before(SESSION_IDLE))?;
            rows::put_session(c, &hash, &actor.person, began, now)?;
            Ok(rows::trim_sessions(c, &actor.person, SESSIONS_PER_PERSON)?)
        })?;
        Ok(SignedIn { token, actor })
    }

    /// The person behind a session token, if the session lives and the person is enabled.
    ///
    /// # Errors
    /// When the tables cannot be read.
    pub fn session_actor(&self, token: &str) -> Result<Option<Actor>, Error> {
        if token.len() != 64 {
            return Ok(None);
        }
        let (now, hash) = (self.clock.now(), token_hash(token));
        let Some(session) = self.read(|c| Ok(rows::session(c, &hash)?))? else {
            return Ok(None);
        };
        // A wall clock that jumped back must not lengthen a session: its start then lies ahead.
        if now.since(session.started_at) >= SESSION_LONGEST
            || now.since(session.seen_at) >= SESSION_IDLE
            || session.started_at > now
        {
            self.write(|c| Ok(rows::end_session(c, &hash)?))?;
            return Ok(None);
        }
        if now.since(session.seen_at) >= TOUCH_EVERY {
            self.write(|c| Ok(rows::touch_session(c, &hash, now)?))?;
        }
        self.actor_enabled(&session.person)
    }

    /// Ends a session; where it began, if there was one. Signing out of the break-glass account
    /// shuts it.
    ///
    /// # Errors
    /// When the tables cannot be written.
    pub fn sign_out(&self, token: &str) -> Result<Option<Began>, Error> {
        let hash = token_hash(token);
        let session = self.write(|c| {
            let session = rows::session(c, &hash)?;
            rows::end_session(c, &hash)?;
            Ok(session)
        })?;
        if session.as_ref().is_some_and(|s| s.person.0 == BREAK_GLASS) {
            self.shut_glass(GlassEnd::SignedOut)?;
        }
        Ok(session.map(|s| s.began))
    }

    /// Makes an account with its first password. Who already has one needs both groups
    /// ([`Policy::reset_credential`]), so this cannot take over an account.
    ///
    /// # Errors
    /// [`Error::Conflict`] if there is one; [`Error::Invalid`] for a weak password.
    pub fn add_account(&self, person: &PersonId, password: &str) -> Result<(), Error> {
        if self.demo.is_none() && password.chars().count() < PASSWORD_CHARS_MIN {
            return Err(Error::Invalid(format!(
                "at least {PASSWORD_CHARS_MIN} characters, please"
            )));
        }
        if !crate::roster::person_form(person) {
            return Err(Error::Invalid(
                "a short name is 1–64 of a–z, 0–9, dot, hyphen".into(),
            ));
        }
        let row = hashed(password)?;
        let now = self.clock.now();
        self.write(|c| {
            if rows::account(c, person)?.is_some() {
                return Ok(Err(Error::Conflict(format!(
                    "{person} has an account already"
                ))));
            }
            rows::put_account(c, person, &row, now)?;
            Ok(Ok(()))
        })?
    }

    /// Sets an existing account's password; called when both groups' statements have been checked.
    pub(crate) fn replace_password(&self, person: &PersonId, password: &str) -> Result<(), Error> {
        if password.chars().count() < PASSWORD_CHARS_MIN {
            return Err(Error::Invalid(format!(
                "at least {PASSWORD_CHARS_MIN} characters, please"
            )));
        }
        let row = hashed(password)?;
        let now = self.clock.now();
        self.write(|c| {
            rows::put_account(c, person, &row, now)?;
            Ok(rows::end_sessions_of(c, person)?)
        })
    }
}

fn token_hash(token: &str) -> [u8; 32] {
    sha256(&[b"loggia/session/v1\n", token.as_bytes()]).0
}

fn hashed(password: &str) -> Result<AccountRow, Error> {
    if password.len() > PASSWORD_BYTES_MAX {
        return Err(Error::Invalid(format!(
            "a password is at most {PASSWORD_BYTES_MAX} bytes"
        )));
    }
    let salt = random::<16>()?;
    let hash = argon(password.as_bytes(), &salt, ARGON_MEMORY_KIB, ARGON_PASSES)?;
    Ok(AccountRow {
        salt,
        hash: *hash,
        memory_kib: ARGON_MEMORY_KIB,
        passes: ARGON_PASSES,
    })
}

/// Argon2id (RFC 9106), one lane, 32 bytes.
fn argon(
    password: &[u8],
    salt: &[u8; 16],
    memory_kib: u32,
    passes: u32,
) -> Result<Zeroizing<[u8; 32]>, Error> {
    let bad = |_| Error::Crypto("Argon2id");
    let params = Params::new(memory_kib, passes, 1, Some(32)).map_err(bad)?;
    let mut out = Zeroizing::new([0; 32]);
    Argon2::new(Algorithm::Argon2id, Version::V0x13, params)
        .hash_password_into(password, salt, &mut *out)
        .map_err(bad)?;
    Ok(out)
}
