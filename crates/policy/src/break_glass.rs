//! The break-glass account: an administrator's rights for an hour, for when the administrators are
//! out of reach. A custodian of each group opens it, each gets one half of a secret that is told
//! once, and each use is in the public log before it happens.
//! Never footage, an approval, a key or a role: whatever is not in [`USES`] is refused.

use core::time::Duration;
use std::collections::BTreeMap;
use std::sync::PoisonError;

use loggia_model::{Actor, At, Body, Digest, PersonId, Role};
use loggia_transparency::{
    BreakGlassEnded, BreakGlassOpened, BreakGlassUsed, Event, GlassEnd, GlassUse, Loggable,
};
use serde::{Deserialize, Serialize};
use zeroize::Zeroizing;

use crate::rows::{break_glass as rows, desk, people};
use crate::statement::{Act, SignedStatement, Stated};
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
/// Random bytes in each half: 80 bits, against a try every five minutes ([`crate::people`]).
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
    until: At,
    ends: Duration,
    /// Hashes of the halves; gone once somebody has signed in.
    halves: Option<[Digest; 2]>,
    read: BTreeMap<GlassUse, Duration>,
}

/// What stands behind the glass.
#[derive(Default)]
pub(crate) struct Glass {
    waiting: Option<Waiting>,
    open: Option<Opened>,
}

struct Opening(At);

impl Loggable for Opening {
    fn event(&self) -> Event {
        Event::BreakGlassOpened(BreakGlassOpened {
            until: self.0.secs(),
        })
    }
}

/// A use that is about to happen.
struct Use(GlassUse);

impl Loggable for Use {
    fn event(&self) -> Event {
        Event::BreakGlassUsed(BreakGlassUsed { what: self.0 })
    }
}

struct Ended(GlassEnd);

impl Loggable for Ended {
    fn event(&self) -> Event {
        Event::BreakGlassEnded(BreakGlassEnded { how: self.0 })
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

    /// A custodian's word that the account be opened. The first waits [`GLASS_WAIT`] for one of the
    /// other group; with the second it is open, after the log has it.
    ///
    /// # Errors
    /// [`Error::Forbidden`] for anybody but a custodian; [`Error::Conflict`] while it is open;
    /// [`Error::Signature`], [`Error::Invalid`]; [`Error::Log`] when the log does not take it: then
    /// it stays shut.
    pub fn open_break_glass(
        &self,
        by: &Actor,
        signed: &SignedStatement,
    ) -> Result<GlassHalf, Error> {
        let _step = self.one_step();
        if !by.has(Role::Custodian) {
            return Err(Error::Forbidden(
                "the break-glass account is opened by a custodian of each group".into(),
            ));
        }
        let stated = self.stated(by, Self::glass_subject(), signed, &[Act::OpenBreakGlass])?;
        if let Some(until) = self.glass_until() {
            return Err(Error::Conflict(format!(
                "it is open already, until {until}"
            )));
        }
        // What has run out ends before the next begins, sessions with it.
        if self.glass(|g| g.open.is_some()) {
            self.shut_glass(GlassEnd::Expired)?;
        }
        let half = new_half()?;
        let (said, mono) = (half_hash(&half), self.clock.mono());
        let first = self.glass(|g| {
            let others =
                |w: &Waiting| w.body != by.body && mono.saturating_sub(w.since) < GLASS_WAIT;
            let first = g.waiting.take().filter(others);
            if first.is_none() {
                g.waiting = Some(Waiting {
                    body: by.body,
                    stated: stated.clone(),
                    half: said,
                    since: mono,
                });
            }
            first
        });
        let half = half.to_string();
        let Some(first) = first else {
            return Ok(GlassHalf { half, until: None });
        };
        // The first one's standing counts now, as the second's does.
        let first_by = &first.stated.statement.by;
        let still = self.actor_enabled(first_by)?;
        if !still.is_some_and(|a| a.has(Role::Custodian) && a.body == first.body) {
            return Err(Error::Forbidden(format!(
                "{first_by}, who spoke first, may not any more; begin again"
            )));
        }
        let now = self.clock.now();
        let until = now.after(GLASS_OPEN);
        let logged = self.tell(Opening(until))?;
        self.write(|c| {
            desk::put_statement(c, &first.stated, first.body)?;
            desk::put_statement(c, &stated, by.body)?;
            let by = [first_by, &by.person];
            Ok(rows::put(c, by, now, until, logged.index())?)
        })?;
        self.glass(|g| {
            g.open = Some(Opened {
                until,
                ends: mono + GLASS_OPEN,
                halves: Some([first.half, said]),
                read: BTreeMap::new(),
            });
        });
        let until = Some(until);
        Ok(GlassHalf { half, until })
    }

    /// Until when the account is open, if it is.
    #[must_use]
    pub fn glass_until(&self) -> Option<At> {
        let (now, mono) = (self.clock.now(), self.clock.mono());
        let open = |o: &Opened| (mono < o.ends && now < o.until).then_some(o.until);
        self.glass(|g| g.open.as_ref().and_then(open))
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
            let open = g.open.as_mut()?;
            open.halves.take_if(|halves| fit(halves))
        });
        let halves = taken.ok_or(Error::Unauthenticated)?;
        if let Err(e) = self.tell(Use(GlassUse::SignedIn)) {
            self.glass(|g| {
                if let Some(open) = g.open.as_mut() {
                    open.halves = Some(halves);
                }
            });
            return Err(e);
        }
        Ok(actor)
    }

    /// Notes in the public log what the account is about to do, and refuses what is not for it. May
    /// wait for the log.
    ///
    /// # Errors
    /// [`Error::Forbidden`] for whatever [`USES`] does not name; [`Error::Log`] when the log does
    /// not take the entry: then nothing is done.
    pub fn note_glass(&self, method: &str, path: &str) -> Result<(), Error> {
        let named = |u: &&(&str, &str, GlassUse)| u.0 == method && u.1 == path;
        let what = USES.iter().find(named).map(|u| u.2).ok_or_else(|| {
            Error::Forbidden("the break-glass account administers, and may do nothing else".into())
        })?;
        if self.glass_until().is_none() {
            return Err(Error::Unauthenticated);
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
            if let Some(open) = g.open.as_mut() {
                open.read.insert(what, mono);
            }
        });
        Ok(())
    }

    /// A custodian of either group ends the opening at once; so does whoever used it by signing
    /// out.
    ///
    /// # Errors
    /// [`Error::Forbidden`] for anybody else; [`Error::Conflict`] when it is not open.
    pub fn recall_break_glass(&self, by: &Actor) -> Result<(), Error> {
        if !by.has(Role::Custodian) {
            return Err(Error::Forbidden("a custodian ends the opening".into()));
        }
        if self.glass_until().is_none() {
            return Err(Error::Conflict("the break-glass account is shut".into()));
        }
        self.shut_glass(GlassEnd::Recalled)
    }

    /// Shuts first and tells the log after: what ends must not wait for a dead log.
    pub(crate) fn shut_glass(&self, how: GlassEnd) -> Result<(), Error> {
        self.glass(|g| *g = Glass::default());
        let person = PersonId(BREAK_GLASS.to_owned());
        self.write(|c| {
            people::end_sessions_of(c, &person)?;
            Ok(rows::end(c, how_word(how))?)
        })
    }

    /// What a restart left open is shut; its end is told with the next tick.
    pub(crate) fn glass_resume(&self) -> Result<(), Error> {
        self.shut_glass(GlassEnd::Restarted)
    }

    /// Ends what has run out, and tells the log of ends that it does not know.
    pub(crate) fn glass_tick(&self) -> Result<(), Error> {
        let over = self.glass_until().is_none() && self.glass(|g| g.open.is_some());
        if over {
            self.shut_glass(GlassEnd::Expired)?;
        }
        for (id, how) in self.read(|c| Ok(rows::untold(c)?))? {
            let logged = self.tell(Ended(how_of(&how)?))?;
            self.write(|c| Ok(rows::told(c, id, logged.index())?))?;
        }
        Ok(())
    }

    /// Every opening, newest first.
    ///
    /// # Errors
    /// When the tables cannot be read.
    pub fn glass_openings(&self) -> Result<Vec<GlassOpening>, Error> {
        self.read(|c| Ok(rows::all(c)?))
    }
}

fn how_word(how: GlassEnd) -> &'static str {
    match how {
        GlassEnd::Expired => "expired",
        GlassEnd::SignedOut => "signed_out",
        GlassEnd::Recalled => "recalled",
        GlassEnd::Restarted => "restarted",
    }
}

fn how_of(word: &str) -> Result<GlassEnd, Error> {
    Ok(match word {
        "expired" => GlassEnd::Expired,
        "signed_out" => GlassEnd::SignedOut,
        "recalled" => GlassEnd::Recalled,
        "restarted" => GlassEnd::Restarted,
        _ => return Err(Error::Damaged(format!("an opening ended as `{word}`"))),
    })
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
