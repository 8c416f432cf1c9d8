//! The key desk: a page on its holder's own machine that shows what is asked, verifies it, and only
//! then signs or releases. Never listens beyond loopback, never lets the city talk it out of a
//! check.

#[cfg(test)]
mod attack;
mod checks;
pub mod console;
mod delays;
mod grounds;
mod holds;
pub mod keyring;
pub mod links;
pub mod log_view;
mod offer;
mod page;
mod pinned;
pub mod remote;
pub mod rotate;
mod succession;

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use anyhow::{Context, bail};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use loggia_model::{Actor, Clock, Digest, PersonId, RequestId, Role};
use loggia_policy::{
    Act, ApprovalView, DeskShare, Member, Request, RequestView, SignedStatement, Statement,
};
use loggia_seal::{CustodianPublic, PersonKey, Randomness, SealedShare, Share, SpanRef};
use serde::{Deserialize, Serialize};

use checks::{Check, Evidence};
use grounds::Grounds;
use keyring::Keyring;
use log_view::{LogView, Patience};
pub use page::router;
use pinned::Pinned;
pub use remote::Remote;

/// One desk.
pub struct Desk {
    keys: Keyring,
    city: Remote,
    pinned: Pinned,
    /// Where the keys lie.
    folder: PathBuf,
    log: LogView,
    clock: Arc<dyn Clock>,
    turn: Mutex<()>,
}

/// A request as the desk shows it.
#[derive(Debug, Serialize)]
pub struct Shown {
    #[serde(flatten)]
    view: RequestView,
    cameras: Vec<u32>,
    /// Names of people, from the verified roster.
    names: BTreeMap<PersonId, String>,
    /// What the city calls its cameras; not checked, so the number stands beside it.
    labels: BTreeMap<u32, String>,
    checks: Vec<Check>,
    /// What this person can say about it now, by the verified roster.
    #[serde(skip)]
    offered: &'static [Act],
    /// Whether this person's group has released it, as the city says: it decides what is listed,
    /// never what is signed.
    #[serde(skip)]
    released: bool,
}

/// What the page asks the desk to do.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Deed {
    person: PersonId,
    /// The request's hash, or the hold's, or the ask's.
    request: RequestId,
    act: Act,
    #[serde(default)]
    note: String,
    passphrase: String,
}

#[derive(Serialize)]
struct Release {
    #[serde(flatten)]
    signed: SignedStatement,
    shares: Vec<loggia_seal::ReleasedShare>,
}

#[derive(Deserialize)]
struct Waiting {
    requests: Vec<RequestView>,
}

#[derive(Deserialize)]
struct CameraLabel {
    id: u32,
    label: String,
}

impl Desk {
    /// A desk with these keys for the city at `server`; what it must trust is pinned beside the
    /// keys, in `folder`.
    pub fn open(
        ring: Keyring,
        folder: &Path,
        server: &str,
        cert: Option<&Path>,
        clock: Arc<dyn Clock>,
    ) -> anyhow::Result<Self> {
        Ok(Self {
            keys: ring,
            city: Remote::new(server, cert, Arc::clone(&clock))?,
            pinned: Pinned::at(folder),
            folder: folder.to_owned(),
            log: LogView::open(folder)?,
            clock,
            turn: Mutex::new(()),
        })
    }

    /// What the city calls its cameras; empty when it does not say: the numbers are what counts.
    fn labels(&self) -> BTreeMap<u32, String> {
        let all: Vec<CameraLabel> = self.city.open("/api/v1/public/cameras").unwrap_or_default();
        all.into_iter().map(|c| (c.id, c.label)).collect()
    }

    fn show(
        &self,
        person: &PersonId,
        view: RequestView,
        grounds: &Grounds,
        labels: &BTreeMap<u32, String>,
        patience: Patience,
    ) -> Shown {
        let found = self.found(&view, &grounds.look, patience);
        let checks = checks::all(&Evidence {
            view: &view,
            roster: &grounds.roster,
            roster_logged: &grounds.roster_logged,
            fresh: &grounds.fresh,
            found: &found,
            now: self.clock.now(),
        });
        let cameras: Vec<u32> = Request::parse(&view.request)
            .map(|r| r.camera_spans.iter().map(|c| c.camera.0).collect())
            .unwrap_or_default();
        let me = grounds.roster.member(person);
        let of_my_group = |a: &ApprovalView| {
            a.act == Act::Release.word() && me.is_some_and(|me| me.body == a.body)
        };
        let label = |n: &u32| labels.get(n).map(|l| (*n, l.clone()));
        Shown {
            labels: cameras.iter().filter_map(label).collect(),
            names: grounds.names(),
            offered: offer::of_request(&view, me),
            released: view.approvals.iter().any(of_my_group),
            view,
            cameras,
            checks,
        }
    }

    /// Whom this desk believes, in words.
    pub fn whom_it_believes(&self) -> String {
        let policy = self.log.policy();
        // Each body once: it has a line of the policy for each of its keys.
        let bodies: BTreeSet<&str> = policy.witnesses().iter().map(|w| w.key.name()).collect();
        let names: Vec<&str> = bodies.into_iter().collect();
        format!(
            "your log policy names {} and the witnesses {}; {}",
            policy
                .logs()
                .iter()
                .map(|l| l.key.name())
                .collect::<Vec<_>>()
                .join(", "),
            names.join(", "),
            self.log.proposal(&self.city)
        )
    }

    /// Everything that waits for this person or did, each request checked.
    pub fn requests(&self, person: &PersonId) -> anyhow::Result<Vec<Shown>> {
        self.checked(person, Patience::None, |_| true)
    }

    fn checked(
        &self,
        person: &PersonId,
        patience: Patience,
        wanted: impl Fn(&RequestView) -> bool,
    ) -> anyhow::Result<Vec<Shown>> {
        let key = self.keys.key(person)?;
        let mine: Waiting = self.city.get(key, "/api/v1/desk/requests")?;
        let grounds = self.grounds(key, patience)?;
        let labels = self.labels();
        let wanted = mine.requests.into_iter().filter(wanted);
        let shown = wanted.map(|view| self.show(person, view, &grounds, &labels, patience));
        Ok(shown.collect())
    }

    /// Whose key this desk holds, when it was opened with one.
    pub fn holder(&self) -> anyhow::Result<PersonId> {
        let first = self.keys.people().next();
        first.cloned().context("this desk has no key")
    }

    /// People whose keys lie here, as the roster knows them.
    pub fn people(&self) -> anyhow::Result<Vec<Actor>> {
        let first = self.keys.people().next().context("this desk has no key")?;
        let roster = self.grounds(self.keys.key(first)?, Patience::None)?.roster;
        let known = self.keys.people().filter_map(|p| roster.member(p));
        let decides = |m: &&Member| {
            [Role::Approver, Role::Custodian]
                .iter()
                .any(|r| m.roles.contains(r))
        };
        Ok(known.filter(decides).map(Member::actor).collect())
    }

    fn act(&self, deed: &Deed) -> anyhow::Result<()> {
        // One at a time: unlocking is dear on purpose, and guessing must not be had in parallel.
        let _turn = self.turn.lock().unwrap_or_else(PoisonError::into_inner);
        let key = self.keys.unlock(&deed.person, &deed.passphrase)?;
        if matches!(deed.act, Act::Hold | Act::EndHold) {
            return self.state_hold(deed, &key);
        }
        if matches!(
            deed.act,
            Act::ExtendDelay | Act::WithdrawDisclosure | Act::EraseRecords
        ) {
            return self.state_ask(deed, &key);
        }
        let mine = |view: &RequestView| view.id == deed.request;
        // A refusal needs no proof, so it waits for none.
        let patience = match deed.act {
            Act::Refuse => Patience::None,
            _ => Patience::Some,
        };
        let shown = self.checked(&deed.person, patience, mine)?;
        let shown = shown
            .into_iter()
            .next()
            .context("this request does not concern you, or is over")?;
        if let Some(broken) = shown.checks.iter().find(|c| !c.ok)
            && deed.act != Act::Refuse
        {
            bail!("not done, because a check failed: {}", broken.words);
        }
        offer::require(deed.act, shown.offered)?;
        self.carry_out(deed, &key, &shown)
    }

    /// Signs and sends; for [`Self::act`], after every check.
    fn carry_out(&self, deed: &Deed, key: &PersonKey, shown: &Shown) -> anyhow::Result<()> {
        let signed = self.sign(deed, key)?;
        let base = format!("/api/v1/desk/requests/{}", deed.request);
        if deed.act == Act::Release {
            let shares = self.reseal(key, &shown.view, &base)?;
            return self
                .city
                .post(key, &format!("{base}/release"), &Release { signed, shares });
        }
        self.city.post(key, &format!("{base}/statements"), &signed)
    }

    fn sign(&self, deed: &Deed, key: &PersonKey) -> anyhow::Result<SignedStatement> {
        let statement = Statement {
            v: 1,
            request: deed.request,
            act: deed.act,
            by: deed.person.clone(),
            at: self.clock.now(),
            note: deed.note.clone(),
        }
        .to_json()?;
        let signature = STANDARD.encode(key.signing.sign(&Statement::to_be_signed(&statement))?);
        Ok(SignedStatement {
            statement,
            signature,
        })
    }

    /// Opens this custodian's shares and seals them to the requester's one-time key, which comes
    /// from the request's own bytes, never from elsewhere in the answer.
    fn reseal(
        &self,
        key: &PersonKey,
        view: &RequestView,
        base: &str,
    ) -> anyhow::Result<Vec<loggia_seal::ReleasedShare>> {
        if !view.approvals.iter().any(|a| a.act == "approve") {
            bail!("nobody has approved this request: nothing is released");
        }
        let request = Request::parse(&view.request)?;
        let to = CustodianPublic(request.one_time_public()?);
        let mut randomness = Randomness::machine();
        let mut out = Vec::new();
        for share in self
            .city
            .get::<Vec<DeskShare>>(key, &format!("{base}/shares"))?
        {
            let asked = request
                .camera_spans
                .iter()
                .any(|c| c.camera == share.camera && (c.first..=c.last).contains(&share.span));
            if !asked {
                bail!(
                    "the city offers {} {}, which was not asked for",
                    share.camera,
                    share.span
                );
            }
            let span = SpanRef {
                camera: share.camera,
                span: share.span,
                commitment: share.commitment,
            };
            let sealed = SealedShare {
                group: share.group,
                custodian: share.custodian,
                enc: bytes(&share.enc)?,
                ct: bytes(&share.ct)?,
            };
            let opened = Share::open(&key.custodian, &sealed, &span).with_context(|| {
                let (camera, span) = (share.camera, share.span);
                format!("what the city offers as your share of {camera} {span} does not open")
            })?;
            out.push(opened.release(&span, &deed_id(view), &to, &mut randomness)?);
        }
        Ok(out)
    }
}

fn deed_id(view: &RequestView) -> RequestId {
    Request::id_of(&view.request)
}

fn bytes<const N: usize>(text: &str) -> anyhow::Result<[u8; N]> {
    let decoded = STANDARD.decode(text).context("a share is not base64")?;
    decoded
        .try_into()
        .map_err(|_| anyhow::anyhow!("a share has another length than {N} bytes"))
}

fn hashes(texts: &[String]) -> anyhow::Result<Vec<Digest>> {
    texts.iter().map(|t| Ok(Digest(bytes(t)?))).collect()
}
