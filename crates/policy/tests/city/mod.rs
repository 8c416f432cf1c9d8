//! A small city for tests: real store, log, keys and sealed records in a temporary folder.
//! Never a stand-in for any of them.

use std::collections::BTreeMap;
use std::sync::Arc;

use loggia_model::{
    Actor, At, Body, CameraId, Clock, Digest, MANUAL_START, ManualClock, PersonId, Purpose,
    RequestId, Role, SpanId,
};
use loggia_policy::{
    Act, Case, Cover, DemoMode, Gateways, Member, Parts, Policy, Request, Roster, RosterSignature,
    Rules, SignedRoster, SignedStatement, Statement,
};
use loggia_seal::{
    Chain, Draft, Head, OneTimeKey, PieceTime, Randomness, RecorderKey, ReleasedShare, SealedShare,
    Share, SigningKey, SpanRef, Track,
};
use loggia_seal::{CustodianKey, KeyfileCost, PersonKey};
use loggia_store::{Blobs, BlobsConfig, Db, FileLayer, KeyStore, Secrets};
use loggia_transparency::{Log, LogKey, Witnesses};

#[path = "../../../transparency/tests/body/mod.rs"]
pub mod body;

pub const CAMERA: CameraId = CameraId(7);
pub const SPAN_US: i64 = 20_000_000;
/// Why everything is needed here.
pub const WHY: &str = "a bicycle was taken at the corner at noon";
/// Long enough for any machine; nothing is timed.
pub const LONG: core::time::Duration = core::time::Duration::from_secs(60);

type Row = (&'static str, Body, &'static [Role]);
pub const PEOPLE: &[Row] = &[
    ("p.lindqvist", Body::Police, &[Role::Investigator]),
    (
        "a.korhonen",
        Body::Oversight,
        &[Role::Approver, Role::Custodian],
    ),
    ("k.virtanen", Body::Police, &[Role::Custodian]),
    ("r.heikkila", Body::Police, &[Role::Approver]),
    ("s.makela", Body::Oversight, &[Role::Custodian]),
    ("m.niemi", Body::Oversight, &[Role::Auditor]),
    ("o.saarinen", Body::City, &[Role::Operator]),
    ("t.laine", Body::City, &[Role::Administrator]),
    ("j.salo", Body::Oversight, &[Role::Approver]),
];

pub struct City {
    pub clock: Arc<ManualClock>,
    pub policy: Arc<Policy>,
    pub keys: Arc<KeyStore>,
    pub blobs: Arc<Blobs>,
    pub log: Log,
    /// Five bodies outside the city, of which three are enough.
    pub bodies: Vec<Arc<body::Body>>,
    pub witnesses: Witnesses,
    pub people: BTreeMap<&'static str, PersonKey>,
    pub recorder: Arc<RecorderKey>,
    pub db: Arc<Db>,
    pub log_key: Vec<u8>,
    pub dir: tempfile::TempDir,
}

impl City {
    pub fn new() -> Self {
        Self::at(tempfile::tempdir().unwrap())
    }

    /// The same, in this folder.
    pub fn at(dir: tempfile::TempDir) -> Self {
        let city = Self::without_roster_at(dir);
        city.policy.change_roster(city.first_roster()).unwrap();
        city
    }

    pub fn without_roster() -> Self {
        Self::without_roster_at(tempfile::tempdir().unwrap())
    }

    fn without_roster_at(dir: tempfile::TempDir) -> Self {
        let data = dir.path().join("data");
        let demo = DemoMode::mark(&data).unwrap();
        let clock = Arc::new(ManualClock::default());
        let r = &mut Randomness::machine();
        let (recorder, _) = RecorderKey::generate(r).unwrap();
        let blobs = BlobsConfig {
            recorders: vec![recorder.public()],
            ..BlobsConfig::default()
        };
        let blobs = Arc::new(Blobs::open(&data, blobs).unwrap());
        let at = (data.join("keys"), "boot-1".to_owned());
        let keys = KeyStore::open(&at.0, FileLayer::Real, clock.clone(), at.1);
        let keys = Arc::new(keys.unwrap());
        let (key, log_key) = LogKey::generate().unwrap();
        let log = Log::open(&data.join("log"), key, "test.example/log", clock.clone()).unwrap();
        let db = Arc::new(Db::open(&data.join("policy.sqlite")).unwrap());
        let bodies = body::five(&log);
        let witnesses = body::witnesses(&log, &bodies);
        let policy = Policy::open(Parts {
            db: db.clone(),
            blobs: blobs.clone(),
            keys: keys.clone(),
            log: log.clone(),
            witnesses: witnesses.clone(),
            clock: clock.clone(),
            rules: Rules::default(),
            demo: Some(demo),
            gateways: Gateways::default(),
            secrets: secrets(&data),
            time_authority: None,
        })
        .unwrap();
        let key = |p: &str| PersonKey::generate(PersonId(p.into()), &mut Randomness::machine());
        let people = PEOPLE
            .iter()
            .map(|(p, _, _)| (*p, key(p).unwrap()))
            .collect();
        Self {
            clock,
            policy,
            keys,
            blobs,
            log,
            bodies,
            witnesses,
            people,
            recorder: Arc::new(recorder),
            db,
            log_key: log_key.to_vec(),
            dir,
        }
    }

    /// [`Self::restart`] with the log's folder opened anew.
    pub fn restart_log(&mut self) {
        let key = LogKey::from_pkcs8(&self.log_key).unwrap();
        let dir = self.dir.path().join("data/log");
        self.log = Log::open(&dir, key, "test.example/log", self.clock.clone()).unwrap();
        self.witnesses = body::witnesses(&self.log, &self.bodies);
        self.restart();
    }

    /// The same folder, opened by a second `Policy`, as after a restart.
    pub fn restart(&mut self) {
        self.restart_with(Gateways::default());
    }

    pub fn restart_with(&mut self, gateways: Gateways) {
        self.policy = Policy::open(Parts {
            db: self.db.clone(),
            blobs: self.blobs.clone(),
            keys: self.keys.clone(),
            log: self.log.clone(),
            witnesses: self.witnesses.clone(),
            clock: self.clock.clone(),
            rules: Rules::default(),
            demo: DemoMode::of(&self.dir.path().join("data")),
            gateways,
            secrets: secrets(&self.dir.path().join("data")),
            time_authority: None,
        })
        .unwrap();
    }

    pub fn members(&self) -> Vec<Member> {
        PEOPLE
            .iter()
            .map(|(p, body, roles)| {
                let key = &self.people[p];
                let holds = roles.contains(&Role::Custodian);
                let asks = roles.contains(&Role::Investigator) || roles.contains(&Role::Auditor);
                let signs = holds || asks || roles.contains(&Role::Approver);
                Member {
                    person: PersonId((*p).into()),
                    name: (*p).to_uppercase(),
                    body: *body,
                    roles: roles.iter().copied().collect(),
                    sign_key: signs.then(|| b64(&key.signing.public().0)),
                    hpke_key: holds.then(|| b64(&key.custodian.public().0)),
                    passkeys: Vec::new(),
                }
            })
            .collect()
    }

    pub fn first_roster(&self) -> SignedRoster {
        let at = self.clock.now();
        let roster = Roster {
            v: 1,
            version: 1,
            prev: Digest::default(),
            members: self.members(),
            at,
        };
        self.signed_roster(&roster, &["k.virtanen", "a.korhonen"])
    }

    pub fn signed_roster(&self, roster: &Roster, by: &[&str]) -> SignedRoster {
        let json = roster.to_json().unwrap();
        let message = Roster::to_be_signed(Roster::hash_of(&json));
        let signatures = by
            .iter()
            .map(|p| RosterSignature {
                person: PersonId((*p).into()),
                signature: b64(&self.people[p].signing.sign(&message).unwrap()),
            })
            .collect();
        SignedRoster {
            roster: json,
            signatures,
        }
    }

    pub fn actor(&self, person: &str) -> Actor {
        let (_, body, roles) = PEOPLE.iter().find(|(p, _, _)| *p == person).unwrap();
        Actor {
            person: PersonId(person.into()),
            name: person.to_uppercase(),
            body: *body,
            roles: roles.iter().copied().collect(),
        }
    }

    /// Records `spans` spans of 20 s from the clock's present time, and lets that time pass.
    pub fn record(&self, camera: CameraId, spans: u64) {
        for _ in 0..spans {
            let mut chain = self.begin(camera, 5);
            self.blobs.put(chain.close_span().unwrap()).unwrap();
            self.clock
                .pass(core::time::Duration::from_micros(SPAN_US as u64));
            self.blobs.flush().unwrap();
        }
    }

    /// Opens a span with so many pieces of four seconds and does not close it.
    pub fn begin(&self, camera: CameraId, pieces: i64) -> Chain {
        let custodians = self.policy.custodians().unwrap();
        let (head, last) = self.blobs.resume(camera);
        let head = if last == 0 { Head::default() } else { head };
        let mut chain = Chain::new(camera, self.recorder.clone(), head, last);
        let r = &mut Randomness::machine();
        let (span, at) = (chain.next_span(), self.clock.now());
        let key = self.keys.get_or_make(camera, at.hour()).unwrap();
        let open = chain.open_span(span, at, &custodians, &key, r).unwrap();
        self.blobs.put(open).unwrap();
        for n in 0..pieces {
            let begin = At(at.0 + n * 4_000_000);
            let time = PieceTime {
                track: Track::Main,
                begin,
                end: At(begin.0 + 4_000_000),
                camera_begin: None,
            };
            let clear = clear_piece(camera, span, n);
            let piece = chain.piece(time, Draft::from(clear.as_slice())).unwrap();
            self.blobs.put(piece).unwrap();
        }
        self.blobs.flush().unwrap();
        chain
    }

    pub fn kinds(&self) -> Vec<&'static str> {
        let entries = self.log.entries(0, 1_000).unwrap();
        entries.iter().map(|(_, e)| e.event.kind()).collect()
    }

    pub fn case(&self, by: &str, purpose: Purpose) -> Case {
        self.policy
            .open_case(&self.actor(by), "5560/R/1234/26", purpose)
            .unwrap()
    }

    /// A request for spans 2 and 3 of the camera (12:00:25–12:00:55), with its one-time key.
    pub fn ask(&self, by: &str, purpose: Purpose, basis: &str) -> Asked {
        let case = self.case(by, purpose);
        self.ask_in(&case, by, purpose, basis)
    }

    /// The same in a case that is open already.
    pub fn ask_in(&self, case: &Case, by: &str, purpose: Purpose, basis: &str) -> Asked {
        let (from, to) = (
            At(MANUAL_START.0 + 25_000_000),
            At(MANUAL_START.0 + 55_000_000),
        );
        let cover = self.policy.cover(&[CAMERA], from, to).unwrap();
        let key = OneTimeKey::generate(&mut Randomness::machine()).unwrap();
        let mut nonce = [0; 32];
        Randomness::machine().fill(&mut nonce).unwrap();
        let request = Request {
            v: 1,
            camera_spans: cover.camera_spans.clone(),
            from,
            to,
            purpose,
            legal_basis: loggia_model::LegalBasis(basis.into()),
            case_commitment: case.commitment,
            one_time_key: b64(&key.public().0),
            policy_hash: self.policy.policy_hash().unwrap(),
            requester: PersonId(by.into()),
            nonce: Digest(nonce),
            necessity: Some(Request::necessity_hash(WHY)),
        };
        let json = request.to_json().unwrap();
        Asked {
            id: Request::id_of(&json),
            json,
            case: case.clone(),
            key,
            cover,
        }
    }

    pub fn file(&self, by: &str, purpose: Purpose, basis: &str) -> Asked {
        let asked = self.ask(by, purpose, basis);
        self.file_text(by, &asked.json, asked.case.id, WHY).unwrap();
        asked
    }

    /// What the requester's device does: signs the exact text and sends it.
    pub fn file_text(
        &self,
        by: &str,
        json: &str,
        case: u64,
        why: &str,
    ) -> Result<RequestId, loggia_policy::Error> {
        let signature = self.signed_request(by, json);
        let asked = loggia_policy::Asked {
            json,
            signature: &signature,
            case,
            necessity: why,
        };
        self.policy.file(&self.actor(by), &asked)
    }

    pub fn signed_request(&self, by: &str, json: &str) -> String {
        b64(&self.people[by]
            .signing
            .sign(&Request::to_be_signed(json))
            .unwrap())
    }

    pub fn investigate(&self) -> Asked {
        self.file("p.lindqvist", Purpose::Investigation, "fi-pkl-7")
    }

    pub fn say(&self, by: &str, request: RequestId, act: Act) -> SignedStatement {
        self.say_with(&self.people[by].signing, by, request, act, self.clock.now())
    }

    pub fn say_with(
        &self,
        key: &SigningKey,
        by: &str,
        request: RequestId,
        act: Act,
        at: At,
    ) -> SignedStatement {
        let by = PersonId(by.into());
        let statement = Statement {
            v: 1,
            request,
            act,
            by,
            at,
            note: "read and weighed".into(),
        };
        let json = statement.to_json().unwrap();
        let signature = b64(&key.sign(&Statement::to_be_signed(&json)).unwrap());
        SignedStatement {
            statement: json,
            signature,
        }
    }

    pub fn approve(&self, by: &str, id: RequestId) {
        let said = self.say(by, id, Act::Approve);
        self.policy
            .decide_request(&self.actor(by), id, &said)
            .unwrap();
        self.policy.wait_for_witnesses(id, LONG).unwrap();
    }

    /// What the custodian's own machine does: open the own shares, reseal them to the one-time key.
    pub fn reseal(&self, key: &CustodianKey, by: &str, asked: &Asked) -> Vec<ReleasedShare> {
        let shares = self.policy.desk_shares(&self.actor(by), asked.id).unwrap();
        let r = &mut Randomness::machine();
        shares
            .iter()
            .map(|s| {
                let span = SpanRef {
                    camera: s.camera,
                    span: s.span,
                    commitment: s.commitment,
                };
                let sealed = SealedShare {
                    group: s.group,
                    custodian: s.custodian,
                    enc: from_b64(&s.enc).try_into().unwrap(),
                    ct: from_b64(&s.ct).try_into().unwrap(),
                };
                let share = Share::open(key, &sealed, &span).unwrap();
                share
                    .release(&span, &asked.id, &asked.key.public(), r)
                    .unwrap()
            })
            .collect()
    }

    pub fn release(&self, by: &str, asked: &Asked) {
        // Whoever approved may not have waited.
        self.policy.wait_for_witnesses(asked.id, LONG).unwrap();
        let shares = self.reseal(&self.people[by].custodian, by, asked);
        let said = self.say(by, asked.id, Act::Release);
        self.policy
            .release(&self.actor(by), asked.id, &said, &shares)
            .unwrap();
        self.policy.wait_for_witnesses(asked.id, LONG).unwrap();
    }

    pub fn open(&self) -> Asked {
        let asked = self.investigate();
        self.approve("a.korhonen", asked.id);
        self.release("k.virtanen", &asked);
        self.release("a.korhonen", &asked);
        asked
    }
}

/// This machine's key and what it seals.
pub fn secrets(data: &std::path::Path) -> Arc<Secrets> {
    Arc::new(Secrets::open(&data.join("secrets"), FileLayer::Real).unwrap())
}

pub struct Asked {
    pub id: RequestId,
    pub json: String,
    pub case: Case,
    pub key: OneTimeKey,
    pub cover: Cover,
}

/// A key as it comes back from a passphrase-protected key file.
pub fn through_keyfile(key: &PersonKey) -> PersonKey {
    let r = &mut Randomness::machine();
    let text = key
        .lock("correct horse battery", KeyfileCost::STANDARD, r)
        .unwrap();
    let file = loggia_seal::Keyfile::parse(text.as_bytes()).unwrap();
    assert!(file.unlock("wrong horse").is_err());
    file.unlock("correct horse battery").unwrap()
}

pub fn clear_piece(camera: CameraId, span: SpanId, n: i64) -> Vec<u8> {
    format!("a street, {camera} {span} piece {n}").into_bytes()
}

pub fn b64(bytes: &[u8]) -> String {
    use base64::Engine;
    base64::engine::general_purpose::STANDARD.encode(bytes)
}

pub fn from_b64(text: &str) -> Vec<u8> {
    use base64::Engine;
    base64::engine::general_purpose::STANDARD
        .decode(text)
        .unwrap()
}
