//! The break-glass account: an administrator's rights for an hour, for when the administrators are
//! out of reach. A custodian of each group opens it, each gets one half of a secret that is told
//! once, and each use is in the public log before it happens.
//! Never footage, an approval, a key or a role: whatever is not in [`USES`] is refused.

mod opening;

use core::time::Duration;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::PoisonError;

use loggia_model::{Actor, At, Body, Digest, PersonId, Role};
use loggia_transparency::{BreakGlassUsed, Event, GlassUse, Loggable};
use serde::{Deserialize, Serialize};
use zeroize::Zeroizing;

use crate::decide::Standing;
use crate::rows::break_glass as rows;
use crate::statement::Stated;
use crate::wire::{random, sha256};
use crate::{Error, Policy};

/// The account's name; no roster may hold a person of this name.
pub const BREAK_GLASS: &str = "break-glass";
/// Hashed alone, this is what statements that open it are about.
pub const GLASS_CONTEXT: &[u8] = b"loggia/break-glass/v1\n";
/// How long it stays open: an account disabled, a camera enrolled, a colleague called.
pub const GLASS_OPEN: Duration = Duration::from_secs(60 * 60);
/// How long the first custodian's word waits for the second's: a telephone call.
pub const GLASS_WAIT: Duration = Duration::from_secs(10 * 60);
/// A page that is read again and again is one use of its kind in this time; an act is one each.
pub const READ_EVERY: Duration = Duration::from_secs(60);
/// Random bytes in each half: 80 bits. Nobody guesses that in an hour, at whatever pace, so there
/// is no back-off that could keep the right holder out.
const HALF_BYTES: usize = 10;

/// Everything that the account may call, and what the log calls it. A route that is not here does
/// not exist for it; the roster's own rules keep it from everything else besides.
pub const USES: &[(&str, &str, GlassUse)] = &[
    ("GET", "/api/v1/accounts", GlassUse::AccountsRead),
    ("GET", "/api/v1/roster", GlassUse::AccountsRead),
    (
        "POST",
        "/api/v1/accounts/{person}/disabled",
        GlassUse::AccountDisabled,
    ),
    (
        "DELETE",
        "/api/v1/accounts/{person}/disabled",
        GlassUse::AccountEnabled,
    ),
    ("GET", "/api/v1/cameras", GlassUse::CamerasRead),
    ("GET", "/api/v1/inventory", GlassUse::CamerasRead),
    ("POST", "/api/v1/inventory", GlassUse::CameraEnrolled),
    ("DELETE", "/api/v1/inventory/{id}", GlassUse::CameraRetired),
    ("GET", "/api/v1/storage", GlassUse::StateRead),
    ("GET", "/api/v1/clock", GlassUse::StateRead),
    ("GET", "/api/v1/alarms", GlassUse::StateRead),
    ("GET", "/api/v1/ops/notes", GlassUse::StateRead),
    ("GET", "/api/v1/ops/views", GlassUse::StateRead),
    ("GET", "/api/v1/events", GlassUse::StateRead),
];

/// What a custodian gets for their word.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct GlassHalf {
    /// This custodian's half of the secret; nobody can be told it again.
    pub half: String,
    /// Until when the account is open; none while the other group's word is missing.
    #[schema(value_type = Option<i64>)]
    pub until: Option<At>,
}

/// An opening, as the auditor reads it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct GlassOpening {
    /// The custodians who opened it, the first to say so first.
    #[schema(value_type = Vec<String>)]
    pub by: Vec<PersonId>,
    /// When.
    #[schema(value_type = i64)]
    pub at: At,
    /// Until when at the longest.
    #[schema(value_type = i64)]
    pub until: At,
    /// Its entry in the public log.
    pub log_index: u64,
    /// Whether it has ended.
    pub ended: bool,
    /// Whose accounts were disabled or enabled, in the order of the log.
    pub acts: Vec<GlassAct>,
}

/// What was done to somebody's account in an opening, and what opens the log's commitment to it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct GlassAct {
    /// Its entry in the public log.
    pub log_index: u64,
    /// When.
    #[schema(value_type = i64)]
    pub at: At,
    /// Disabled, or else enabled again.
    pub disabled: bool,
    /// Whose account.
    #[schema(value_type = String)]
    pub person: PersonId,
    /// The entry's `account` is SHA-256 of this salt (32 bytes, hexadecimal) and the short name.
    pub salt: String,
}

/// One custodian's word, waiting for the other group's.
struct Waiting {
    body: Body,
    stated: Stated,
    half: Digest,
    since: Duration,
}

/// The account while it is open. On monotonic time and in memory: a clock set back lengthens
/// nothing, and a restart ends it.
struct Opened {
    opening: GlassNow,
    /// Custodians and others whom the account has disabled in this opening: they may end it still.
    silenced: BTreeSet<PersonId>,
    until: At,
    ends: Duration,
    /// Hashes of the halves; gone once somebody has signed in.
    halves: Option<[Digest; 2]>,
    read: BTreeMap<GlassUse, Duration>,
}

/// The opening that runs.
#[derive(Clone)]
pub(crate) struct GlassNow {
    /// Its entry in the public log.
    pub(crate) index: u64,
    /// Who opened it.
    pub(crate) by: [PersonId; 2],
}

/// What stands behind the glass.
#[derive(Default)]
pub(crate) struct Glass {
    waiting: Option<Waiting>,
    open: Option<Opened>,
}

/// A use that is about to happen.
struct Use(GlassUse);

impl Loggable for Use {
    fn event(&self) -> Event {
        Event::BreakGlassUsed(BreakGlassUsed {
            what: self.0,
            account: None,
            body: None,
            role: None,
        })
    }
}

impl Policy {
    /// What statements that open the account are about.
    #[must_use]
    pub fn glass_subject() -> Digest {
        sha256(&[GLASS_CONTEXT])
    }

    fn glass<T>(&self, work: impl FnOnce(&mut Glass) -> T) -> T {
        work(&mut self.glass.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// Until when the account is open, if it is.
    #[must_use]
    pub fn glass_until(&self) -> Option<At> {
        let (now, mono) = (self.clock.now(), self.clock.mono());
        let open = |o: &Opened| (mono < o.ends && now < o.until).then_some(o.until);
        self.glass(|g| g.open.as_ref().and_then(open))
    }

    /// The opening that runs, if one does.
    pub(crate) fn glass_opening(&self) -> Option<GlassNow> {
        self.glass_until()?;
        self.glass(|g| g.open.as_ref().map(|o| o.opening.clone()))
    }

    /// The account disables somebody, or somebody's standing is another's word again.
    pub(crate) fn glass_heard(&self, person: &PersonId, to: Standing) {
        self.glass(|g| {
            let Some(open) = g.open.as_mut() else { return };
            if to == Standing::Disabled {
                open.silenced.insert(person.clone());
            } else {
                open.silenced.remove(person);
            }
        });
    }

    /// Whether the account itself has disabled this person in the opening that runs.
    pub(crate) fn glass_silenced(&self, person: &PersonId) -> bool {
        let has = |o: &Opened| o.silenced.contains(person);
        self.glass_until().is_some() && self.glass(|g| g.open.as_ref().is_some_and(has))
    }

    /// The account as an actor, while it is open.
    pub(crate) fn glass_actor(&self) -> Option<Actor> {
        self.glass_until().map(|_| Actor {
            person: PersonId(BREAK_GLASS.to_owned()),
            name: "Break-glass".to_owned(),
            body: Body::City,
            roles: [Role::Administrator].into(),
        })
    }

    /// Whether these are both halves of the secret. They let somebody in once; the log has it
    /// first.
    pub(crate) fn both_halves(&self, given: &str) -> Result<Actor, Error> {
        let actor = self.glass_actor().ok_or(Error::Unauthenticated)?;
        let opening = self.glass_opening().ok_or(Error::Unauthenticated)?;
        let same_opening = |o: &&mut Opened| o.opening.index == opening.index;
        let plain = |c: char| !c.is_whitespace() && c != '-';
        let given = Zeroizing::new(given.chars().filter(|c| plain(*c)).collect::<String>());
        let (one, two) = given
            .split_at_checked(HALF_BYTES * 2)
            .ok_or(Error::Unauthenticated)?;
        let given = [half_hash(one), half_hash(two)];
        let same = |a: &Digest, b: &Digest| {
            aws_lc_rs::constant_time::verify_slices_are_equal(&a.0, &b.0).is_ok()
        };
        let fit = |halves: &[Digest; 2]| {
            let [a, b] = halves;
            let straight = same(a, &given[0]) & same(b, &given[1]);
            straight | (same(b, &given[0]) & same(a, &given[1]))
        };
        let taken = self.glass(|g| {
            let open = g.open.as_mut().filter(same_opening)?;
            open.halves.take_if(|halves| fit(halves))
        });
        let halves = taken.ok_or(Error::Unauthenticated)?;
        if let Err(e) = self.tell(Use(GlassUse::SignedIn)) {
            self.glass(|g| {
                if let Some(open) = g.open.as_mut().filter(same_opening) {
                    open.halves = Some(halves);
                }
            });
            return Err(e);
        }
        // It may have been shut, and opened anew, while the log was written.
        let still = self.glass_opening().filter(|o| o.index == opening.index);
        still.ok_or(Error::Unauthenticated)?;
        Ok(actor)
    }

    /// Notes in the public log what the account is about to do, and refuses what is not for it. May
    /// wait for the log. What is done to an account is told by [`Policy::set_standing`].
    ///
    /// # Errors
    /// [`Error::Forbidden`] for whatever [`USES`] does not name; [`Error::Log`] when the log does
    /// not take the entry: then nothing is done.
    pub fn note_glass(&self, method: &str, path: &str) -> Result<(), Error> {
        let named = |u: &&(&str, &str, GlassUse)| u.0 == method && u.1 == path;
        let what = USES.iter().find(named).map(|u| u.2).ok_or_else(|| {
            Error::Forbidden("the break-glass account administers, and may do nothing else".into())
        })?;
        let opening = self.glass_opening().ok_or(Error::Unauthenticated)?;
        // Told by the act itself, which knows whose account it is and whether it may be.
        if matches!(what, GlassUse::AccountDisabled | GlassUse::AccountEnabled) {
            return Ok(());
        }
        let mono = self.clock.mono();
        let lately = |o: &Opened| {
            let last = o.read.get(&what);
            last.is_some_and(|at| mono.saturating_sub(*at) < READ_EVERY)
        };
        if method == "GET" && self.glass(|g| g.open.as_ref().is_some_and(lately)) {
            return Ok(());
        }
        // Durable: the act that it names may go on.
        drop(self.tell(Use(what))?);
        self.glass(|g| {
            // Unless it was shut while the log was written.
            let same = |o: &&mut Opened| o.opening.index == opening.index;
            let open = g.open.as_mut().filter(same);
            let open = open.ok_or(Error::Unauthenticated)?;
            open.read.insert(what, mono);
            Ok(())
        })
    }

    /// Every opening, newest first.
    ///
    /// # Errors
    /// When the tables cannot be read.
    pub fn glass_openings(&self) -> Result<Vec<GlassOpening>, Error> {
        self.read(|c| Ok(rows::all(c)?))
    }
}

/// A half as it is read out: four groups of five hexadecimal digits.
fn new_half() -> Result<Zeroizing<String>, Error> {
    let bytes = Zeroizing::new(random::<HALF_BYTES>()?);
    let digits = Zeroizing::new(hex::encode(*bytes));
    let groups: Vec<&str> = (0..4)
        .filter_map(|n| digits.get(n * 5..n * 5 + 5))
        .collect();
    Ok(Zeroizing::new(groups.join("-")))
}

fn half_hash(half: &str) -> Digest {
    let digits = Zeroizing::new(half.replace('-', "").to_ascii_lowercase());
    sha256(&[GLASS_CONTEXT, b"half\n", digits.as_bytes()])
}
