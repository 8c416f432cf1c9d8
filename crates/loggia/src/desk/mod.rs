//! The key desk: a page on its holder's own machine that shows what is asked, verifies it, and only
//! then signs or releases. Never listens beyond loopback, never lets the city talk it out of a check.

mod checks;
pub mod keyring;
pub mod links;
mod pinned;
mod remote;

use std::sync::{Arc, Mutex, PoisonError};

use anyhow::{Context, bail};
use axum::Json;
use axum::extract::{Query, State};
use axum::routing::{get, post};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use loggia_api::{Access, Doorkeeper, Problem, Route};
use loggia_model::{Actor, Clock, Digest, Fault, PersonId, RequestId};
use loggia_policy::{Act, DeskShare, Request, RequestView, Roster, SignedRoster, SignedStatement};
use loggia_policy::{Member, Statement};
use loggia_seal::{CustodianPublic, PersonKey, Randomness, SealedShare, Share, SpanRef};
use loggia_transparency::SignedCheckpoint;
use serde::{Deserialize, Serialize};

use checks::{Check, Evidence, Proven};
use keyring::Keyring;
use pinned::Pinned;
use remote::Remote;

/// One desk.
pub struct Desk {
    keys: Keyring,
    city: Remote,
    pinned: Pinned,
    clock: Arc<dyn Clock>,
    turn: Mutex<()>,
}

/// A request as the desk shows it.
#[derive(Debug, Serialize)]
pub struct Shown {
    #[serde(flatten)]
    view: RequestView,
    cameras: Vec<u32>,
    checks: Vec<Check>,
}

#[derive(Debug, Deserialize)]
struct WhichPerson {
    person: PersonId,
}

/// Which city this desk serves.
#[derive(Clone, Serialize)]
struct CityAddress {
    url: String,
}

/// What the page asks the desk to do.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Deed {
    person: PersonId,
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
struct EntryPage {
    entries: Vec<Placed>,
}

#[derive(Deserialize)]
struct Placed {
    entry: Box<serde_json::value::RawValue>,
}

#[derive(Deserialize)]
struct ProofPage {
    proof: Vec<String>,
}

/// What the desk knows of the city after checking it.
struct Grounds {
    roster: Roster,
    checkpoint: SignedCheckpoint,
}

impl Desk {
    /// A desk with these keys for the city at `server`; what it must trust is pinned beside the keys.
    pub fn open(
        keys: &std::path::Path,
        passphrase: &str,
        server: &str,
        cert: Option<&std::path::Path>,
        clock: Arc<dyn Clock>,
    ) -> anyhow::Result<Self> {
        let ring = Keyring::open(keys, passphrase)?;
        let folder = if keys.is_dir() {
            keys
        } else {
            keys.parent().unwrap_or(keys)
        };
        Ok(Self {
            keys: ring,
            city: Remote::new(server, cert, Arc::clone(&clock))?,
            pinned: Pinned::at(folder),
            clock,
            turn: Mutex::new(()),
        })
    }

    fn grounds(&self, key: &PersonKey) -> anyhow::Result<Grounds> {
        let chain: Vec<SignedRoster> = self.city.get(key, "/api/v1/desk/roster")?;
        let key = self.city.text("/log/key")?;
        let note = self.city.text("/log/checkpoint")?;
        let (roster, checkpoint) = self.pinned.check(chain, &key, &note, |from, to| {
            let path = format!("/api/v1/log/consistency?from={from}&to={to}");
            hashes(&self.city.open::<ProofPage>(&path)?.proof)
        })?;
        Ok(Grounds { roster, checkpoint })
    }

    fn proven(&self, view: &RequestView, size: u64) -> anyhow::Result<Vec<Proven>> {
        let mut out = Vec::new();
        for entry in &view.log_entries {
            let index = entry.index;
            if index >= size {
                continue;
            }
            let page: EntryPage = self
                .city
                .open(&format!("/api/v1/log/entries?from={index}&limit=1"))?;
            let found = page
                .entries
                .into_iter()
                .next()
                .context("the log page is empty")?;
            let proof: ProofPage = self
                .city
                .open(&format!("/api/v1/log/proof?index={index}&size={size}"))?;
            let bytes = found.entry.get().as_bytes().to_vec();
            out.push(Proven {
                index,
                bytes,
                proof: hashes(&proof.proof)?,
            });
        }
        Ok(out)
    }

    fn show(&self, view: RequestView, grounds: &Grounds) -> anyhow::Result<Shown> {
        let entries = self.proven(&view, grounds.checkpoint.size())?;
        let checks = checks::all(&Evidence {
            view: &view,
            roster: &grounds.roster,
            checkpoint: &grounds.checkpoint,
            entries: &entries,
        });
        let cameras = Request::parse(&view.request)
            .map(|r| r.camera_spans.iter().map(|c| c.camera.0).collect())
            .unwrap_or_default();
        Ok(Shown {
            view,
            cameras,
            checks,
        })
    }

    /// Everything that waits for this person or did, each request checked.
    pub fn requests(&self, person: &PersonId) -> anyhow::Result<Vec<Shown>> {
        self.checked(person, |_| true)
    }

    fn checked(
        &self,
        person: &PersonId,
        wanted: impl Fn(&RequestView) -> bool,
    ) -> anyhow::Result<Vec<Shown>> {
        let key = self.keys.key(person)?;
        let mine: Waiting = self.city.get(key, "/api/v1/desk/requests")?;
        let grounds = self.grounds(key)?;
        mine.requests
            .into_iter()
            .filter(wanted)
            .map(|view| self.show(view, &grounds))
            .collect()
    }

    /// People whose keys lie here, as the roster knows them.
    pub fn people(&self) -> anyhow::Result<Vec<Actor>> {
        let first = self.keys.people().next().context("this desk has no key")?;
        let roster = self.grounds(self.keys.key(first)?)?.roster;
        let known = self.keys.people().filter_map(|p| roster.member(p));
        Ok(known
            .filter(|m| m.sign_key.is_some())
            .map(Member::actor)
            .collect())
    }

    fn act(&self, deed: &Deed) -> anyhow::Result<()> {
        // One at a time: unlocking is dear on purpose, and guessing must not be had in parallel.
        let _turn = self.turn.lock().unwrap_or_else(PoisonError::into_inner);
        let key = self.keys.unlock(&deed.person, &deed.passphrase)?;
        let shown = self.checked(&deed.person, |view| view.id == deed.request)?;
        let shown = shown
            .into_iter()
            .next()
            .context("this request does not concern you, or is over")?;
        if let Some(broken) = shown.checks.iter().find(|c| !c.ok)
            && deed.act != Act::Refuse
        {
            bail!("not done, because a check failed: {}", broken.words);
        }
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
        let signed = SignedStatement {
            statement,
            signature,
        };
        let base = format!("/api/v1/desk/requests/{}", deed.request);
        if deed.act == Act::Release {
            let shares = self.reseal(&key, &shown.view, &base)?;
            return self.city.post(
                &key,
                &format!("{base}/release"),
                &Release { signed, shares },
            );
        }
        self.city.post(&key, &format!("{base}/statements"), &signed)
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

/// A desk has no sessions: whoever reaches this machine's loopback reaches it, and every act asks
/// for the passphrase.
struct NoSessions;

impl Doorkeeper for NoSessions {
    fn session(&self, _: &str) -> Option<Actor> {
        None
    }
    fn roster_key(&self, _: &str, _: &str, _: &str, _: [u8; 32]) -> Result<Actor, Fault> {
        Err(Fault::Unauthenticated)
    }
    fn demo(&self) -> bool {
        false
    }
}

async fn off<T: Send + 'static>(
    work: impl FnOnce() -> anyhow::Result<T> + Send + 'static,
) -> Result<Json<T>, Problem> {
    match tokio::task::spawn_blocking(work).await {
        Ok(Ok(done)) => Ok(Json(done)),
        Ok(Err(error)) => Err(Problem(Fault::Conflict(format!("{error:#}")))),
        Err(_) => Err(Problem(Fault::Broken("the desk stumbled".to_owned()))),
    }
}

/// The desk's whole server: its page and four calls.
pub fn router(desk: Arc<Desk>) -> axum::Router {
    let mut routes = crate::pages::desk();
    let url = desk.city.base().to_owned();
    let (a, b, c) = (Arc::clone(&desk), Arc::clone(&desk), desk);
    routes.push(Route::get(
        "/desk/city",
        Access::Public,
        get(move || async move { Json(CityAddress { url }) }),
    ));
    routes.push(Route::get(
        "/desk/people",
        Access::Public,
        get(|State(d): State<Arc<Desk>>| off(move || d.people())).with_state(a),
    ));
    routes.push(Route::get(
        "/desk/requests",
        Access::Public,
        get(|State(d): State<Arc<Desk>>, Query(q): Query<WhichPerson>| {
            off(move || d.requests(&q.person))
        })
        .with_state(b),
    ));
    routes.push(Route::post(
        "/desk/act",
        Access::Public,
        post(|State(d): State<Arc<Desk>>, Json(deed): Json<Deed>| off(move || d.act(&deed)))
            .with_state(c),
    ));
    loggia_api::router(routes, Arc::new(NoSessions))
}
