//! The crate's one object: tables, keys, blobs, log, clock and rules, held together.
//! Never acts by itself; a tick or a call does.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError, RwLock};

use loggia_model::{Actor, Clock, Hour, PersonId};
use loggia_store::{Blobs, Db, KeyStore, Secrets};
use loggia_transparency::{Log, Loggable, Logged, Witnessed, Witnesses};
use rusqlite::Transaction;

use crate::Error;
use crate::access::Noted;
use crate::alerts::{Alerts, Gateways};
use crate::aside::Aside;
use crate::become_demo::DemoMode;
use crate::break_glass::Glass;
use crate::disclosure::Published;
use crate::door::Replays;
use crate::in_force::InForce;
use crate::oidc::Provider;
use crate::people::Wicket;
use crate::retention::Retention;
use crate::roster::VerifiedRoster;
use crate::rows;
use crate::rules::Rules;

/// What the crate works with. Wired by the binary.
pub struct Parts {
    /// Tables.
    pub db: Arc<Db>,
    /// Sealed records.
    pub blobs: Arc<Blobs>,
    /// Hour and hold keys.
    pub keys: Arc<KeyStore>,
    /// The public log.
    pub log: Log,
    /// The witnesses outside the city; without any nothing is opened.
    pub witnesses: Witnesses,
    /// Time.
    pub clock: Arc<dyn Clock>,
    /// The city's rules.
    pub rules: Rules,
    /// Set on demo folders alone.
    pub demo: Option<DemoMode>,
    /// The ways to people on duty.
    pub gateways: Gateways,
    /// Seals what residents write (this machine's key).
    pub secrets: Arc<Secrets>,
    /// Time-stamping authority that exports ask (RFC 3161 over HTTP); none asks none.
    pub time_authority: Option<String>,
}

/// Who may do what, and the line from case to opening.
pub struct Policy {
    pub(crate) db: Arc<Db>,
    pub(crate) blobs: Arc<Blobs>,
    pub(crate) keys: Arc<KeyStore>,
    pub(crate) log: Log,
    pub(crate) witnesses: Witnesses,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) rules: Rules,
    pub(crate) demo: Option<DemoMode>,
    pub(crate) alerts: Alerts,
    pub(crate) secrets: Arc<Secrets>,
    pub(crate) time_authority: Option<String>,
    pub(crate) wicket: Wicket,
    pub(crate) replays: Replays,
    pub(crate) roster: RwLock<Option<Arc<VerifiedRoster>>>,
    /// On its way to the log from acts that do not wait for it.
    pub(crate) aside: Arc<Aside>,
    /// Keys that were destroyed while the tables could not be written, by hour.
    pub(crate) untabled: Mutex<BTreeMap<Hour, u64>>,
    /// Whether the log knows of the present clock dispute.
    pub(crate) disputed: Mutex<bool>,
    pub(crate) noted: Mutex<Noted>,
    /// How long footage is kept, as the last tick of retention had it.
    pub(crate) retention: Mutex<Option<Retention>>,
    /// What is public of openings, read once.
    pub(crate) published: Mutex<Option<Published>>,
    /// Where people may sign in besides.
    pub(crate) provider: OnceLock<Provider>,
    /// The break-glass account.
    pub(crate) glass: Mutex<Glass>,
    pub(crate) in_force: RwLock<InForce>,
    /// A proof of a policy runs.
    pub(crate) proving: Mutex<()>,
    line: Mutex<()>,
    keeping: Mutex<()>,
}

impl Policy {
    /// Opens the tables, checks the whole chain of rosters, and finishes what a crash interrupted.
    ///
    /// # Errors
    /// When tables or rosters do not read back, the rules are out of bounds, or a folder that was
    /// not made as a demo is opened as one.
    pub fn open(parts: Parts) -> Result<Arc<Self>, Error> {
        parts.rules.check()?;
        parts.db.migrate(rows::SCHEMA, rows::MIGRATIONS)?;
        let alerts = Alerts::start(&parts.gateways, &parts.db)?;
        let policy = Self {
            db: parts.db,
            blobs: parts.blobs,
            keys: parts.keys,
            log: parts.log,
            witnesses: parts.witnesses,
            clock: parts.clock,
            rules: parts.rules,
            demo: parts.demo,
            alerts,
            secrets: parts.secrets,
            time_authority: parts.time_authority,
            wicket: Wicket::new(),
            replays: Replays::new(),
            roster: RwLock::new(None),
            aside: Arc::default(),
            untabled: Mutex::default(),
            disputed: Mutex::new(false),
            noted: Mutex::default(),
            retention: Mutex::default(),
            published: Mutex::default(),
            provider: OnceLock::new(),
            glass: Mutex::default(),
            in_force: RwLock::new(InForce::of_this_release()?),
            proving: Mutex::new(()),
            line: Mutex::new(()),
            keeping: Mutex::new(()),
        };
        policy.check_demo_mark()?;
        policy.load_rosters()?;
        policy.load_statute()?;
        policy.glass_resume()?;
        policy.resume()?;
        policy.residents_resume()?;
        Ok(Arc::new(policy))
    }

    /// The witnesses of the public log.
    #[must_use]
    pub fn witnesses(&self) -> &Witnesses {
        &self.witnesses
    }

    /// The city's rules.
    #[must_use]
    pub fn rules(&self) -> &Rules {
        &self.rules
    }

    /// Whether this is a demo folder.
    #[must_use]
    pub fn is_demo(&self) -> bool {
        self.demo.is_some()
    }

    /// Reads the tables in one consistent view.
    pub(crate) fn read<T>(
        &self,
        work: impl FnOnce(&Transaction<'_>) -> Result<T, Error>,
    ) -> Result<T, Error> {
        self.db.read(work)
    }

    /// Writes the tables in one transaction.
    pub(crate) fn write<T>(
        &self,
        work: impl FnOnce(&Transaction<'_>) -> Result<T, Error>,
    ) -> Result<T, Error> {
        self.db.write(work)
    }

    /// One step of any request at a time: a withdrawal cannot slip between an approval's log entry
    /// and its row. Steps are rare (some a minute) and short (one log append, about 20 ms).
    pub(crate) fn one_step(&self) -> MutexGuard<'_, ()> {
        self.line.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// What is kept and what is destroyed, one at a time: no request is filed between the question
    /// which spans are needed and the deletion of the others. Nobody who has this waits for the
    /// log, so that freezing and holding never do; who has [`Self::one_step`] may take it, never
    /// the other way round.
    pub(crate) fn keeping(&self) -> MutexGuard<'_, ()> {
        self.keeping.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Writes to the public log and waits until it is durable there.
    pub(crate) fn tell<T: Loggable>(&self, value: T) -> Result<Logged<T>, Error> {
        Ok(self.log.append(value)?)
    }

    /// What was logged earlier, once the witnesses have cosigned it; asks them for it.
    pub(crate) fn seen<T: Loggable>(&self, logged: Logged<T>) -> Result<Witnessed<T>, Error> {
        self.witnesses.witnessed(logged).map_err(Error::Unwitnessed)
    }

    /// The person as the roster in force knows them.
    pub(crate) fn roster_actor(&self, person: &PersonId) -> Option<Actor> {
        let roster = self.roster_now()?;
        roster
            .roster()
            .member(person)
            .map(crate::roster::Member::actor)
    }
}
