//! Everything the attacker starts from: a city with a roster, a log that the desk has seen,
//! witnesses, sealed spans, and a true key desk in front of a server that says what it is told to
//! say. Never used outside tests.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::{Arc, Mutex};

use axum::body::Bytes;
use axum::extract::{Request as Call, State};
use axum::http::StatusCode;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use loggia_model::{At, Body, CameraId, Clock, Digest, ManualClock, PersonId, Role};
use loggia_policy::{DeskShare, Member, Roster, SignedRoster};
use loggia_seal::{
    Body as RecordBody, Chain, CustodianKey, CustodianPublic, Custodians, Draft, Group, Head,
    HourKey, KeyfileCost, PersonKey, PieceTime, Randomness, RecorderKey, Sealed, ShareTable,
    SpanRef, Track,
};
use loggia_transparency::{
    ConfigChanged, CosignerKey, CosignerKind, Entry, Event, RosterChanged, TlogPolicy, WitnessBody,
};

use super::super::Desk;
use super::super::keyring::{ENDING, Keyring};
use super::super::log_view::{LogView, POLICY};
use super::super::pinned::Pinned;
use super::super::remote::Remote;
use super::forge::Forge;
use crate::roster;

/// Everybody's passphrase.
pub const PASSPHRASE: &str = "attack";
/// Bodies that witness, and how many are enough.
pub const WITNESSES: usize = 5;
pub const QUORUM: usize = 3;
/// Longest body that the server in front of the desk takes.
const BODY_BYTES_MAX: usize = 1 << 20;

/// One sealed span with what a recorder leaves of it.
pub struct Span {
    pub at: SpanRef,
    pub table: ShareTable,
    pub piece: Sealed,
    pub clear: Vec<u8>,
}

/// A person of the scene.
pub struct Person {
    pub key: PersonKey,
    pub row: Member,
}

/// What the server answers, by path with its query; and the log behind consistency proofs.
#[derive(Default)]
pub struct Answers {
    pub texts: BTreeMap<String, String>,
    pub shares: BTreeMap<PersonId, String>,
    pub log: Option<Forge>,
    /// Paths and bodies of what the desk sent to be kept.
    pub sent: Vec<(String, Vec<u8>)>,
}

/// The attacker's city and the desk that it tries to deceive.
pub struct Scene {
    pub people: BTreeMap<&'static str, Person>,
    pub chain: Vec<SignedRoster>,
    pub base: Forge,
    pub witnesses: Vec<[CosignerKey; 2]>,
    pub spans: Vec<Span>,
    pub clock: Arc<ManualClock>,
    /// To which the attacker wants shares released.
    pub one_time: CustodianKey,
    pub answers: Arc<Mutex<Answers>>,
    pub desk: Arc<Desk>,
    pub folder: PathBuf,
    pub pins: Vec<u8>,
    _ground: tempfile::TempDir,
}

/// Who is there, for which body, with which roles.
const PEOPLE: [(&str, Body, &[Role]); 6] = [
    ("p.lindqvist", Body::Police, &[Role::Investigator]),
    ("r.heikkila", Body::Police, &[Role::Approver]),
    ("k.virtanen", Body::Police, &[Role::Custodian]),
    ("a.korhonen", Body::Oversight, &[Role::Approver]),
    ("s.makela", Body::Oversight, &[Role::Custodian]),
    ("o.saarinen", Body::City, &[Role::Operator]),
];
/// Whose keys lie at the desk.
pub const CUSTODIANS: [&str; 2] = ["k.virtanen", "s.makela"];

pub fn person(name: &str) -> PersonId {
    PersonId(name.to_owned())
}

/// An entry's bytes at the scene's time.
pub fn entry(clock: &ManualClock, event: Event) -> Vec<u8> {
    let at = clock.now().secs();
    Entry { at, event }.to_bytes().unwrap()
}

/// A roster signed by these people.
pub fn signed(roster: &Roster, by: &[&PersonKey]) -> SignedRoster {
    let json = roster.to_json().unwrap();
    let tbs = Roster::to_be_signed(Roster::hash_of(&json));
    let sign = |key: &&PersonKey| roster::signature(key, &tbs).unwrap();
    SignedRoster {
        signatures: by.iter().map(sign).collect(),
        roster: json,
    }
}

/// The log's entry for a version.
pub fn roster_entry(clock: &ManualClock, version: u32, json: &str) -> Vec<u8> {
    let roster = Roster::hash_of(json);
    entry(
        clock,
        Event::RosterChanged(RosterChanged { roster, version }),
    )
}

impl Scene {
    pub fn new() -> Self {
        // Memory-backed where there is such a place: the desk syncs its pins at each look.
        let memory = std::path::Path::new("/dev/shm");
        let ground = if memory.is_dir() {
            tempfile::tempdir_in(memory).unwrap()
        } else {
            tempfile::tempdir().unwrap()
        };
        let folder = ground.path().to_owned();
        let mut r = Randomness::machine();
        let clock = Arc::new(ManualClock::default());
        let people = people(&mut r);
        let members = PEOPLE.iter().map(|(n, ..)| people[n].row.clone()).collect();
        let first = Roster {
            v: 1,
            version: 1,
            prev: Digest::default(),
            members,
            at: clock.now(),
        };
        let chain = vec![signed(&first, &CUSTODIANS.map(|c| &people[c].key))];
        let mut base = Forge::named("city.example/log", 0);
        base.entries.push(roster_entry(&clock, 1, &chain[0].roster));
        for n in 1..9 {
            let changed = ConfigChanged {
                hash: Digest([n; 32]),
            };
            base.entries
                .push(entry(&clock, Event::ConfigChanged(changed)));
        }
        let witnesses: Vec<[CosignerKey; 2]> = (0..WITNESSES).map(witness).collect();
        for name in CUSTODIANS {
            let locked = people[name]
                .key
                .lock(PASSPHRASE, KeyfileCost::LEAST, &mut r)
                .unwrap();
            std::fs::write(folder.join(format!("{name}.{ENDING}")), locked).unwrap();
        }
        std::fs::write(folder.join(POLICY), policy(&base, &witnesses, QUORUM, true)).unwrap();
        let answers = Arc::new(Mutex::new(Answers::default()));
        let port = serve(Arc::clone(&answers));
        let server = format!("http://127.0.0.1:{port}");
        let as_clock: Arc<dyn Clock> = Arc::clone(&clock) as _;
        let desk = Arc::new(Desk {
            keys: Keyring::open(&folder, PASSPHRASE, None).unwrap(),
            city: Remote::new(&server, None, Arc::clone(&as_clock)).unwrap(),
            pinned: Pinned::at(&folder),
            log: LogView::open(&folder).unwrap(),
            clock: as_clock,
            turn: Mutex::new(()),
            folder: folder.clone(),
        });
        let spans = spans(&people, clock.now(), &mut r);
        Self {
            people,
            chain,
            base,
            witnesses,
            spans,
            clock,
            one_time: CustodianKey::generate(&mut r).unwrap(),
            answers,
            desk,
            folder,
            pins: Vec::new(),
            _ground: ground,
        }
    }

    /// The policy file with another quorum, or without the ML-DSA keys.
    pub fn policy(&self, quorum: usize, with_ml_dsa: bool) -> String {
        policy(&self.base, &self.witnesses, quorum, with_ml_dsa)
    }

    /// A custodian's sealed shares of `of`, under the name of the span that `named` is.
    pub fn shares(&self, of: &Span, named: SpanRef) -> BTreeMap<PersonId, String> {
        let mut out = BTreeMap::new();
        for name in CUSTODIANS {
            let row = &self.people[name].row;
            let key = CustodianPublic(row.hpke_public().unwrap()).key_id();
            let group = Group::of(row.body).unwrap();
            let share = of.table.of(key).find(|s| s.group == group).unwrap();
            let offered = [DeskShare {
                camera: named.camera,
                span: named.span,
                group,
                commitment: named.commitment,
                custodian: key,
                enc: STANDARD.encode(share.enc),
                ct: STANDARD.encode(share.ct),
            }];
            out.insert(person(name), serde_json::to_string(&offered).unwrap());
        }
        out
    }
}

fn people(r: &mut Randomness) -> BTreeMap<&'static str, Person> {
    let mut made = |(name, body, roles): &(&'static str, Body, &[Role])| {
        let key = PersonKey::generate(person(name), r).unwrap();
        let row = roster::member(&key, name, *body, roles);
        (*name, Person { key, row })
    };
    PEOPLE.iter().map(&mut made).collect()
}

/// A witness's two keys.
pub fn witness(n: usize) -> [CosignerKey; 2] {
    let name = format!("w{n}.example/witness");
    [CosignerKind::Ed25519, CosignerKind::MlDsa44]
        .map(|kind| CosignerKey::generate(kind, &name).unwrap().0)
}

fn policy(log: &Forge, witnesses: &[[CosignerKey; 2]], quorum: usize, with_ml_dsa: bool) -> String {
    let keys = if with_ml_dsa { 2 } else { 1 };
    let body = |(n, w): (usize, &[CosignerKey; 2])| WitnessBody {
        name: format!("body{n}"),
        keys: w.iter().take(keys).map(|k| k.public().clone()).collect(),
        url: None,
    };
    let bodies: Vec<WitnessBody> = witnesses.iter().enumerate().map(body).collect();
    TlogPolicy::compose(&log.key(), &bodies, quorum).unwrap()
}

/// Two cameras' spans, each with one piece.
fn spans(people: &BTreeMap<&'static str, Person>, now: At, r: &mut Randomness) -> Vec<Span> {
    let public = |name: &str| CustodianPublic(people[name].row.hpke_public().unwrap());
    let custodians =
        Custodians::new(1, vec![public(CUSTODIANS[0])], vec![public(CUSTODIANS[1])]).unwrap();
    let recorder = Arc::new(RecorderKey::generate(r).unwrap().0);
    let hour = HourKey::generate(r).unwrap();
    let begin = At(now.0 - 600_000_000);
    let one = |camera: u32| {
        let mut chain = Chain::new(CameraId(camera), Arc::clone(&recorder), Head::default(), 0);
        let span = chain.next_span();
        let open = chain.open_span(span, begin, &custodians, &hour, r).unwrap();
        let RecordBody::SpanOpen(opening) = open.contents().unwrap() else {
            panic!("a span begins with its opening record");
        };
        let clear: Vec<u8> = format!("what camera {camera} saw").into_bytes();
        let time = PieceTime {
            track: Track::Main,
            begin,
            end: At(begin.0 + 2_000_000),
            camera_begin: None,
        };
        let piece = chain.piece(time, Draft::from(clear.clone())).unwrap();
        Span {
            at: opening.wrapped.span,
            table: opening.wrapped.unwrap(&hour).unwrap(),
            piece,
            clear,
        }
    };
    [1, 2].map(one).into()
}

/// The server: says what it is told to, keeps what it is sent.
fn serve(answers: Arc<Mutex<Answers>>) -> u16 {
    let listener = std::net::TcpListener::bind(("127.0.0.1", 0)).unwrap();
    listener.set_nonblocking(true).unwrap();
    let port = listener.local_addr().unwrap().port();
    let app = axum::Router::new().fallback(answer).with_state(answers);
    std::thread::spawn(move || {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()
            .unwrap();
        runtime.block_on(async move {
            let at = tokio::net::TcpListener::from_std(listener).unwrap();
            axum::serve(at, app).await.unwrap();
        });
    });
    port
}

async fn answer(State(answers): State<Arc<Mutex<Answers>>>, call: Call) -> (StatusCode, String) {
    let (head, body) = call.into_parts();
    let path = head.uri.path_and_query().unwrap().to_string();
    let body: Bytes = axum::body::to_bytes(body, BODY_BYTES_MAX).await.unwrap();
    let mut answers = answers.lock().unwrap();
    if head.method == "POST" {
        answers.sent.push((path, body.to_vec()));
        return (StatusCode::OK, "{}".to_owned());
    }
    let person = head.headers.get("authorization").and_then(|a| {
        let (_, rest) = a.to_str().ok()?.split_once("person=")?;
        Some(PersonId(rest.split(',').next()?.to_owned()))
    });
    let text = match path.as_str() {
        p if p.ends_with("/shares") => person.and_then(|p| answers.shares.get(&p).cloned()),
        p if p.starts_with("/api/v1/log/consistency?") => {
            answers.log.as_ref().and_then(|l| grown(l, p))
        }
        p => answers.texts.get(p).cloned(),
    };
    let nothing = || {
        (
            StatusCode::NOT_FOUND,
            "{\"detail\":\"there is no such thing\"}".to_owned(),
        )
    };
    text.map_or_else(nothing, |t| (StatusCode::OK, t))
}

/// The consistency proof for `…from=A&to=B`.
fn grown(log: &Forge, path: &str) -> Option<String> {
    let (_, rest) = path.split_once("from=")?;
    let (from, to) = rest.split_once("&to=")?;
    let (from, to): (usize, usize) = (from.parse().ok()?, to.parse().ok()?);
    if from > to || to > log.entries.len() {
        return None;
    }
    let proof: Vec<String> = log
        .ask(from, to)
        .proof
        .iter()
        .map(|h| STANDARD.encode(h.0))
        .collect();
    Some(serde_json::json!({ "proof": proof }).to_string())
}
