//! Handing on: shares of what is kept, for custodians who came into the roster later. A custodian
//! of the same group opens the own share and seals it to them, on the own machine; what comes back
//! lies beside the chain, under the span's hour key (or hold key), and dies with it. Never opens a
//! share, and keeps none for a key that the roster in force does not name.

mod place;
mod shapes;

use std::collections::{BTreeMap, BTreeSet};

use loggia_model::{Actor, CameraId, Hour, KeyId, Role, SpanId};
use loggia_seal::{
    CustodianPublic, Group, Randomness, SEALED_SHARE_LEN, SealedShare, ShareTable, SpanRef,
    TableKey, WrappedShares,
};

use place::Place;
pub use shapes::{HandedOn, HandedShare, KeptPage, KeptShare};

use crate::release::DeskShare;
use crate::roster::VerifiedRoster;
use crate::rows::handed_on as rows;
use crate::wire::base64_n;
use crate::{Error, Policy};

/// Spans in one page: with six newcomers it is answered in two bodies of [`HANDED_MAX`].
const PAGE_SPANS: usize = 500;
/// Share tables read for one page: 2,000 reads and openings take about 0.2 s.
const PAGE_TABLES_MAX: usize = 2_000;
/// Cameras' hours looked at for one page: an hour without a span costs one look at the index.
const PAGE_HOURS_MAX: usize = 1_000;
/// Shares handed on in one call: at 220 B of JSON each below the longest body (1 MiB).
pub const HANDED_MAX: usize = 4_000;

/// The caller's group, the caller's key and the keys of everybody in the group.
struct Members {
    group: Group,
    own: KeyId,
    all: BTreeSet<KeyId>,
}

/// Collects one page.
struct Gathering<'a> {
    me: &'a Members,
    shares: Vec<KeptShare>,
    tables: usize,
}

impl Gathering<'_> {
    fn full(&self) -> bool {
        self.shares.len() >= PAGE_SPANS || self.tables >= PAGE_TABLES_MAX
    }

    /// Looks at a span's table. One of which the caller has no share is for another custodian.
    fn look(&mut self, span: SpanRef, table: &ShareTable) {
        self.tables += 1;
        let have: BTreeSet<KeyId> = table.shares.iter().map(|s| s.custodian).collect();
        let lacking: Vec<KeyId> = self.me.all.difference(&have).copied().collect();
        let own = table
            .of(self.me.own)
            .find(|s| s.group == self.me.group && !lacking.is_empty());
        if let Some(sealed) = own {
            let share = DeskShare::new(span, sealed);
            self.shares.push(KeptShare { share, lacking });
        }
    }
}

impl Policy {
    fn members(&self, by: &Actor, roster: &VerifiedRoster) -> Result<Members, Error> {
        let no = || Error::Forbidden("custodians hand on their own group's shares".into());
        let group = Group::of(by.body).ok_or_else(no)?;
        let roster = roster.roster();
        let me = roster.member(&by.person).ok_or(Error::Unauthenticated)?;
        if !by.has(Role::Custodian) {
            return Err(no());
        }
        let id = |m: &crate::Member| Ok(CustodianPublic(m.hpke_public()?).key_id());
        Ok(Members {
            group,
            own: id(me)?,
            all: roster
                .custodians_of(by.body)
                .map(id)
                .collect::<Result<_, Error>>()?,
        })
    }

    /// A page of kept spans that the caller can hand on: those of which some custodian of the
    /// caller's own group has no share yet. Nobody else's shares, and none that nobody lacks.
    ///
    /// # Errors
    /// [`Error::Forbidden`] for whoever is no custodian; [`Error::Invalid`] for a wrong place.
    pub fn kept_page(&self, by: &Actor, after: Option<&str>) -> Result<KeptPage, Error> {
        let roster = self.roster()?;
        let me = self.members(by, &roster)?;
        let after = after.map_or(Ok(Place::FIRST), Place::parse)?;
        let mut page = Gathering {
            me: &me,
            shares: Vec::new(),
            tables: 0,
        };
        let (mut left, mut next, mut done) = (1, None, after);
        if let Place::Hour(hour, camera, span) = after {
            let (rest, many) = self.keys.hours_from((hour, camera), PAGE_HOURS_MAX);
            left += many as u64;
            let cut = rest.len() < many;
            for (h, c) in rest {
                let from = if (h, c) == (hour, camera) {
                    span
                } else {
                    SpanId(0)
                };
                let stop = self.gather_hour(h, c, from, &mut page)?;
                next = stop.map(|last| Place::Hour(h, c, last));
                if next.is_some() {
                    break;
                }
                left -= 1;
                // Where the next page begins if this is the last hour of this one.
                done = Place::Hour(h, c, SpanId(u64::MAX));
            }
            if cut && next.is_none() {
                next = Some(done);
            }
        }
        if next.is_none() {
            let from = match after {
                Place::Held(camera, span) => (camera, span),
                Place::Hour(..) => (CameraId(0), SpanId(0)),
            };
            next = self.gather_held(from, &mut page)?;
        }
        Ok(KeptPage {
            version: roster.roster().version,
            shares: page.shares,
            left: if next.is_some() { left } else { 0 },
            next: next.map(Place::text),
        })
    }

    /// One camera's hour, from the span after `from`; the last span looked at when the page is
    /// full.
    fn gather_hour(
        &self,
        hour: Hour,
        camera: CameraId,
        from: SpanId,
        page: &mut Gathering<'_>,
    ) -> Result<Option<SpanId>, Error> {
        let Some(key) = self.keys.take(camera, hour)? else {
            return Ok(None);
        };
        let mut spans: Vec<SpanId> = self
            .blobs
            .spans(camera, hour.begin(), hour.end())?
            .iter()
            .filter(|s| s.begin.hour() == hour && s.span > from)
            .map(|s| s.span)
            .collect();
        spans.sort_unstable();
        let mut last = from;
        for n in spans {
            if page.full() {
                return Ok(Some(last));
            }
            last = n;
            if let Some(wrapped) = self.wrapped_maybe(camera, n)? {
                page.look(wrapped.span, &self.whole_table(&wrapped, &key)?);
            }
        }
        Ok(None)
    }

    /// The tables that holds keep. One whose hour key lives was seen with its hour, which does not
    /// matter: what is handed on twice is kept once.
    fn gather_held(
        &self,
        from: (CameraId, SpanId),
        page: &mut Gathering<'_>,
    ) -> Result<Option<Place>, Error> {
        let mut at = from;
        loop {
            let some = self.read(|c| Ok(rows::held_after(c, at, 500)?))?;
            if some.is_empty() {
                return Ok(None);
            }
            for (camera, span) in some {
                if page.full() {
                    return Ok(Some(Place::Held(at.0, at.1)));
                }
                at = (camera, span);
                let Some(wrapped) = self.wrapped_maybe(camera, span)? else {
                    continue;
                };
                for (hold, body) in self.read(|c| Ok(rows::held_tables(c, camera, span)?))? {
                    let Some(key) = self.keys.take_hold(hold)? else {
                        continue;
                    };
                    let table = WrappedShares::parse(&body, wrapped.span, wrapped.hour)?;
                    let before = page.shares.len();
                    page.look(wrapped.span, &table.unwrap(&key)?);
                    if page.shares.len() > before {
                        break;
                    }
                }
            }
        }
    }

    /// What the recorder sealed and what was handed on since, under the span's hour key.
    pub(crate) fn whole_table(
        &self,
        wrapped: &WrappedShares,
        key: &TableKey,
    ) -> Result<ShareTable, Error> {
        let mut table = wrapped.unwrap(key)?;
        let (hour, span) = (wrapped.hour, wrapped.span);
        let body = self.read(|c| Ok(rows::table(c, hour, span.camera, span.span)?))?;
        if let Some(body) = body {
            let handed = WrappedShares::parse(&body, span, hour)?.unwrap(key)?;
            table.shares.extend(handed.shares);
        }
        Ok(table)
    }

    /// The table without those who have left, as a hold keeps it. Of a group whose every sealed
    /// share is somebody's who left nothing is dropped: it would be lost to everybody.
    pub(crate) fn without_the_left(&self, mut table: ShareTable) -> Result<ShareTable, Error> {
        let roster = self.roster()?;
        let mut here = BTreeSet::new();
        for m in roster
            .roster()
            .members
            .iter()
            .filter(|m| m.hpke_key.is_some())
        {
            here.insert(CustodianPublic(m.hpke_public()?).key_id());
        }
        for group in [Group::Police, Group::Oversight] {
            let mine = |s: &SealedShare| s.group == group;
            if table
                .shares
                .iter()
                .any(|s| mine(s) && here.contains(&s.custodian))
            {
                table
                    .shares
                    .retain(|s| !mine(s) || here.contains(&s.custodian));
            }
        }
        table.roster_version = roster.roster().version;
        Ok(table)
    }

    /// Keeps shares that a custodian hands on. Whoever has a share keeps it: nothing that is there
    /// is replaced, so a second call changes nothing, and what is cut short is done again. Spans
    /// whose keys are gone meanwhile are passed over. Gives the number of shares that are new.
    ///
    /// # Errors
    /// [`Error::Conflict`] when the roster has changed; [`Error::Forbidden`], [`Error::Invalid`]
    /// for a key that the roster does not name in the caller's group.
    pub fn hand_on(&self, by: &Actor, given: &HandedOn) -> Result<u64, Error> {
        let roster = self.roster()?;
        let me = self.members(by, &roster)?;
        let version = roster.roster().version;
        if given.version != version {
            return Err(Error::Conflict(format!(
                "the roster in force is version {version}, not {}; verify it and run this again",
                given.version
            )));
        }
        if given.shares.len() > HANDED_MAX {
            return Err(Error::Invalid(format!(
                "at most {HANDED_MAX} shares at once"
            )));
        }
        let mut by_span: BTreeMap<(CameraId, SpanId), Vec<SealedShare>> = BTreeMap::new();
        for s in &given.shares {
            if !me.all.contains(&s.custodian) {
                return Err(Error::Invalid(format!(
                    "{} is no custodian's key of your group in roster {version}",
                    s.custodian
                )));
            }
            by_span
                .entry((s.camera, s.span))
                .or_default()
                .push(SealedShare {
                    group: me.group,
                    custodian: s.custodian,
                    enc: base64_n(&s.enc, "enc")?,
                    ct: base64_n::<SEALED_SHARE_LEN>(&s.ct, "ct")?,
                });
        }
        let mut new = 0;
        for ((camera, span), shares) in by_span {
            new += self.keep_handed(camera, span, &shares, version)?;
        }
        Ok(new)
    }

    fn keep_handed(
        &self,
        camera: CameraId,
        span: SpanId,
        shares: &[SealedShare],
        version: u32,
    ) -> Result<u64, Error> {
        let _kept = self.keeping();
        let Some(wrapped) = self.wrapped_maybe(camera, span)? else {
            return Ok(0);
        };
        let (at, hour) = (wrapped.span, wrapped.hour);
        let mut randomness = Randomness::machine();
        let (mut new, mut beside, mut held) = (0, None, Vec::new());
        if let Some(key) = self.keys.take(camera, hour)? {
            let have = self.whole_table(&wrapped, &key)?;
            let fresh = lacking(&have, shares);
            if !fresh.is_empty() {
                let recorder = wrapped.unwrap(&key)?.shares.len();
                let mut handed = ShareTable {
                    roster_version: version,
                    shares: have.shares.into_iter().skip(recorder).collect(),
                };
                new = fresh.len();
                handed.shares.extend(fresh);
                let body = WrappedShares::wrap(&handed, at, hour, &key, &mut randomness)?;
                beside = Some(body.to_bytes());
            }
        }
        for (hold, body) in self.read(|c| Ok(rows::held_tables(c, camera, span)?))? {
            let Some(key) = self.keys.take_hold(hold)? else {
                continue;
            };
            let mut table = WrappedShares::parse(&body, at, hour)?.unwrap(&key)?;
            let fresh = lacking(&table, shares);
            if fresh.is_empty() {
                continue;
            }
            new = new.max(fresh.len());
            table.shares.extend(fresh);
            let table = self.without_the_left(table)?;
            let body = WrappedShares::wrap(&table, at, hour, &key, &mut randomness)?;
            held.push((hold, body.to_bytes()));
        }
        if new > 0 {
            self.write(|c| {
                if let Some(body) = &beside {
                    rows::put(c, hour, camera, span, body)?;
                }
                for (hold, body) in &held {
                    rows::put_held(c, *hold, camera, span, body)?;
                }
                Ok(())
            })?;
        }
        Ok(new as u64)
    }

    /// The wrapped shares of a span, unless it was deleted or cut between the list and the look.
    fn wrapped_maybe(
        &self,
        camera: CameraId,
        span: SpanId,
    ) -> Result<Option<WrappedShares>, Error> {
        match self.wrapped(camera, span) {
            Err(Error::NotFound(_) | Error::Conflict(_)) => Ok(None),
            other => other.map(Some),
        }
    }

    /// Forgets handed-on shares of an hour whose keys are destroyed; they open nothing any more.
    pub(crate) fn forget_handed_on(&self, hour: Hour) -> Result<(), Error> {
        for camera in self.read(|c| Ok(rows::cameras(c, hour)?))? {
            if !self.keys.has(camera, hour) {
                self.write(|c| Ok(rows::forget(c, hour, camera)?))?;
            }
        }
        Ok(())
    }
}

/// The shares for keys that have none in the table; the first of two for one key.
fn lacking(table: &ShareTable, shares: &[SealedShare]) -> Vec<SealedShare> {
    let mut have: BTreeSet<KeyId> = table.shares.iter().map(|s| s.custodian).collect();
    let mut out = Vec::new();
    for s in shares {
        if have.insert(s.custodian) {
            out.push(s.clone());
        }
    }
    out
}
