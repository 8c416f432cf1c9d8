//! One attempt: everything that the attacker's city will say, first as if all had truly agreed and
//! the log and the witnesses had seen it. A class of attack takes one agreement away.
//! Never used outside tests.

use std::collections::BTreeMap;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use loggia_model::{At, Body, Clock, Digest, LegalBasis, PersonId, Purpose, RequestId};
use loggia_policy::{Act, CameraSpans, Request, SignedRoster, SignedStatement, State, Statement};
use loggia_seal::PersonKey;
use loggia_sim::Dice;
use loggia_transparency::{
    Decision, Event, NoteSignature, RequestFiled, SALT_BYTES, SignedCheckpoint, TlogProof, Verdict,
    commit,
};
use serde_json::{Value, json};

use super::altered::Page;
use super::forge::Forge;
use super::scene::{Answers, QUORUM, Scene, entry, person};

/// Seconds that each request is about.
const LENGTH_S: u32 = 120;

/// What the attacker has the city say.
pub struct Plot {
    pub request: Request,
    /// The text that is shown, when it is not the request's own.
    pub text: Option<String>,
    /// The name under which it is shown, when it is not the text's.
    pub id: Option<RequestId>,
    pub case_number: String,
    pub case_salt: [u8; SALT_BYTES],
    pub reason: String,
    pub salts: ([u8; SALT_BYTES], [u8; SALT_BYTES]),
    pub requester: PersonId,
    pub body: Body,
    pub signature: Option<String>,
    pub approval: Option<SignedStatement>,
    pub approver: PersonId,
    pub filed: Option<RequestFiled>,
    pub decision: Option<Decision>,
    pub chain: Vec<SignedRoster>,
    /// Entries about later rosters, before those about the request.
    pub roster_entries: Vec<Vec<u8>>,
    /// Where the city says that the roster's versions stand.
    pub places: Vec<u64>,
    pub log: Forge,
    /// Which bodies have cosigned, and whether with ML-DSA beside.
    pub cosigners: Vec<(usize, bool)>,
    /// Further lines under the checkpoint.
    pub more_lines: Vec<NoteSignature>,
    pub cosigned_at: At,
    pub shares: BTreeMap<PersonId, String>,
    /// Entries that the city does not say are about the request.
    pub unsaid: Vec<&'static str>,
    /// Bits of the proofs that are turned: (which, byte).
    pub torn: Option<(usize, usize)>,
    /// The proof of another entry in each one's place.
    pub proof_of: Option<u64>,
    /// What the city calls its cameras.
    pub labels: String,
    /// The page that asks the desk for the release; none where its holder is at a terminal.
    pub page: Option<Page>,
    /// The request that the city's pages have shown in the place of this one.
    pub read: Option<Box<Self>>,
}

/// Random bytes.
pub fn bytes<const N: usize>(dice: &mut Dice) -> [u8; N] {
    let mut out = [0; N];
    dice.fill(&mut out);
    out
}

/// A person's signature over these bytes.
pub fn sign(key: &PersonKey, bytes: &[u8]) -> String {
    STANDARD.encode(key.signing.sign(bytes).unwrap())
}

/// A statement as signed.
pub fn stated(
    key: &PersonKey,
    by: &PersonId,
    about: RequestId,
    act: Act,
    at: At,
) -> SignedStatement {
    let statement = Statement {
        v: 1,
        request: about,
        act,
        by: by.clone(),
        at,
        note: String::new(),
    };
    let statement = statement.to_json().unwrap();
    let signature = sign(key, &Statement::to_be_signed(&statement));
    SignedStatement {
        statement,
        signature,
    }
}

impl Plot {
    /// A request for the first span to the attacker's key that everybody agreed to.
    pub fn agreed(scene: &Scene, dice: &mut Dice) -> Self {
        let case_salt = bytes(dice);
        let case_number = format!("5500/R/{}/26", dice.below(1_000_000));
        let reason = format!("A bicycle was taken; report {}.", dice.below(1_000_000));
        let span = scene.spans[0].at;
        let now = scene.clock.now();
        let request = Request {
            v: 1,
            camera_spans: vec![CameraSpans {
                camera: span.camera,
                first: span.span,
                last: span.span,
            }],
            from: At(now.0 - 600_000_000),
            to: At(now.0 - 480_000_000),
            purpose: Purpose::Investigation,
            legal_basis: LegalBasis("fi-pkl-7".to_owned()),
            case_commitment: commit(&case_salt, case_number.as_bytes()),
            one_time_key: STANDARD.encode(scene.one_time.public().0),
            policy_hash: Digest([5; 32]),
            requester: person("p.lindqvist"),
            nonce: Digest(bytes(dice)),
            necessity: Some(Request::necessity_hash(&reason)),
        };
        let mut plot = Self {
            text: None,
            id: None,
            case_number,
            case_salt,
            reason,
            salts: (bytes(dice), bytes(dice)),
            requester: request.requester.clone(),
            request,
            body: Body::Police,
            signature: None,
            approval: None,
            approver: person("a.korhonen"),
            filed: None,
            decision: None,
            chain: scene.chain.clone(),
            roster_entries: Vec::new(),
            places: vec![0],
            log: honest(&scene.base),
            cosigners: (0..QUORUM).map(|n| (n, true)).collect(),
            more_lines: Vec::new(),
            cosigned_at: now,
            shares: scene.shares(&scene.spans[0], span),
            unsaid: Vec::new(),
            torn: None,
            proof_of: None,
            labels: "[]".to_owned(),
            page: None,
            read: None,
        };
        plot.agree(scene);
        plot
    }

    /// Everybody agrees to the request as it stands now, and the log hears of it.
    pub fn agree(&mut self, scene: &Scene) {
        let text = self.request.to_json().unwrap();
        let id = Request::id_of(&text);
        let asker = &scene.people[self.request.requester.0.as_str()].key;
        self.signature = Some(sign(asker, &Request::to_be_signed(&text)));
        let (span, place) = self
            .request
            .commitments(&self.salts.0, &self.salts.1)
            .unwrap();
        self.filed = Some(RequestFiled {
            request: id,
            case: self.request.case_commitment,
            body: self.body,
            purpose: self.request.purpose,
            legal_basis: self.request.legal_basis.clone(),
            cameras: 1,
            length_s: LENGTH_S,
            span_commitment: span,
            place_commitment: place,
            danger_to_life: false,
        });
        let by = self.approver.clone();
        let key = &scene.people[by.0.as_str()].key;
        self.approve(stated(key, &by, id, Act::Approve, scene.clock.now()), id);
    }

    /// This statement is shown as the approval, and the log names it.
    pub fn approve(&mut self, approval: SignedStatement, id: RequestId) {
        self.decision = Some(Decision {
            request: id,
            decision: Verdict::Approve,
            body: Body::Oversight,
            statement: Some(approval.logged_as()),
        });
        self.approval = Some(approval);
    }

    /// The text that is shown.
    pub fn shown_text(&self) -> String {
        let own = || self.request.to_json().unwrap();
        self.text.clone().unwrap_or_else(own)
    }

    /// The name under which it is shown.
    pub fn shown_id(&self) -> RequestId {
        self.id
            .unwrap_or_else(|| Request::id_of(&self.shown_text()))
    }

    /// The request as the city shows it; entries are places and kinds.
    fn view(&self, entries: &[(u64, &'static str)]) -> Value {
        let at = self.cosigned_at;
        let approvals = self.approval.iter().map(|a| {
            json!({
                "by": self.approver, "body": Body::Oversight, "at": at, "act": "approve",
                "statement": a.statement, "signature": a.signature,
            })
        });
        let entry = |(index, kind): &(u64, &str)| json!({ "index": index, "kind": kind });
        json!({
            "id": self.shown_id(), "state": State::Approved, "request": self.shown_text(),
            "case": {
                "id": 1, "number": self.case_number, "purpose": Purpose::Investigation,
                "salt": hex::encode(self.case_salt),
            },
            "necessity": self.reason,
            "span_salt": hex::encode(self.salts.0), "place_salt": hex::encode(self.salts.1),
            "signature": self.signature, "requester": self.requester, "body": self.body,
            "filed_at": at, "deadline": at, "open_until": null,
            "approvals": approvals.collect::<Vec<_>>(), "released_groups": [],
            "opening_index": null, "witnesses": "quorum", "before": [],
            "log_entries": entries.iter().map(entry).collect::<Vec<_>>(),
        })
    }

    /// Everything as the server says it.
    pub fn answers(&self, scene: &Scene) -> Answers {
        let mut log = honest(&self.log);
        log.entries.extend(self.roster_entries.iter().cloned());
        let mut entries = Vec::new();
        let filed = self.filed.clone().map(Event::RequestFiled);
        let decided = self.decision.clone().map(Event::Decision);
        for event in [filed, decided].into_iter().flatten() {
            let (index, kind) = (log.entries.len() as u64, event.kind());
            log.entries.push(entry(&scene.clock, event));
            if !self.unsaid.contains(&kind) {
                entries.push((index, kind));
            }
        }
        let head = log.note(log.entries.len());
        let signed = SignedCheckpoint::verify(head.as_bytes(), &log.key()).unwrap();
        let mut lines = self.more_lines.clone();
        for (body, with_ml_dsa) in &self.cosigners {
            let keys = scene.witnesses[*body]
                .iter()
                .take(if *with_ml_dsa { 2 } else { 1 });
            lines.extend(keys.map(|k| k.cosign(&signed, self.cosigned_at).unwrap()));
        }
        let cosigned = signed.with_lines(&lines);
        let mut texts = BTreeMap::new();
        for index in 0..log.entries.len() {
            let text = self.proof(&log, index, &cosigned).text();
            texts.insert(format!("/log/proof/{index}"), text);
        }
        let requests = json!({ "requests": [self.view(&entries)] });
        for (path, text) in [
            ("/api/v1/desk/requests", requests.to_string()),
            (
                "/api/v1/desk/roster",
                serde_json::to_string(&self.chain).unwrap(),
            ),
            (
                "/api/v1/desk/roster/entries",
                serde_json::to_string(&self.places).unwrap(),
            ),
            ("/api/v1/public/cameras", self.labels.clone()),
            ("/log/checkpoint", head),
            ("/log/cosigned", cosigned),
        ] {
            texts.insert(path.to_owned(), text);
        }
        Answers {
            texts,
            shares: self.shares.clone(),
            log: Some(log),
            sent: Vec::new(),
        }
    }

    fn proof(&self, log: &Forge, index: usize, cosigned: &str) -> TlogProof {
        let other = self.proof_of.and_then(|n| usize::try_from(n).ok());
        let place = other.unwrap_or(index);
        let mut proof = TlogProof {
            extra: Some(log.entries[index].clone()),
            index: index as u64,
            path: log.path(place, log.entries.len()),
            checkpoint: cosigned.to_owned(),
        };
        if let Some((which, byte)) = self.torn {
            let at = which % proof.path.len().max(1);
            if let Some(hash) = proof.path.get_mut(at) {
                hash.0[byte % 32] ^= 1 << (which % 8);
            }
        }
        proof
    }
}

/// A copy of the log, with its key: root has that.
fn honest(log: &Forge) -> Forge {
    log.again()
}
