//! The whole line without a browser: a client that is only a client asks, two people agree at their
//! desk, and what comes back opens, is exported, and is checked by strangers. With one group alone
//! nothing opens; and nothing of the films ever stands on the city's disk.

use std::collections::BTreeMap;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use hpke::aead::AesGcm256;
use hpke::kdf::HkdfSha256;
use hpke::kem::X25519HkdfSha256;
use hpke::{Deserializable as _, Kem, OpModeR, Serializable as _};
use loggia_model::{At, CameraId, Digest, LegalBasis, PersonId, Purpose};
use loggia_policy::{CameraSpans, Request};
use loggia_seal::{
    Body, ChainChecker, Group, Record, RecorderPublic, ReleasedShare, Sealed, Share, SpanKey,
    SpanRef, Track,
};
use serde_json::{Value, json};

use crate::bundle::{changes_are_named, python, zipped};
use crate::city::{City, Ground, PASSPHRASE, now_us, until, verify};
use crate::forged::forgeries_are_refused;
use crate::plaintext::Films;
/// Why footage is asked for here.
pub const WHY: &str = "A bicycle was taken from the rack that this camera sees.";

/// The requester's signature: a demo holds everybody's keys.
pub fn signed(city: &City, json: &str) -> Value {
    let answer = city.post("", "/api/v1/demo/sign", &json!({ "request": json }));
    answer.json()["signature"].clone()
}

/// An H.264 camera, and an H.265 one with its sub-stream.
const CAMERAS: [u32; 2] = [1, 12];

/// The requester's one-time key, in another implementation of HPKE than the city's.
type Private = <X25519HkdfSha256 as Kem>::PrivateKey;

/// A requester's device.
pub struct Requester<'a> {
    pub city: &'a City,
    pub cookie: String,
    key: Private,
    pub json: String,
    pub id: Digest,
}

/// What the device has after checking and decrypting.
#[derive(Clone)]
pub struct Opened {
    pub sealed: Vec<u8>,
    pub shares: Vec<Value>,
    /// Clear pieces of the main stream, by camera, each with its begin.
    pub pieces: BTreeMap<CameraId, Vec<(i64, Vec<u8>)>>,
    pub recorders: Value,
    /// Clips in the place of those that the pieces make.
    pub clips: BTreeMap<CameraId, Vec<u8>>,
    /// Further files to list.
    pub more: Vec<(String, Vec<u8>)>,
    /// Another recipient or exhibit.
    pub words: BTreeMap<&'static str, String>,
}

impl Opened {
    pub const fn new(recorders: Value) -> Self {
        Self {
            sealed: Vec::new(),
            shares: Vec::new(),
            pieces: BTreeMap::new(),
            recorders,
            clips: BTreeMap::new(),
            more: Vec::new(),
            words: BTreeMap::new(),
        }
    }
}

impl<'a> Requester<'a> {
    /// Asks for at least so many whole spans of two cameras.
    pub fn file(city: &'a City, from: i64, spans: i64) -> Self {
        let cookie = city.become_person("p.lindqvist");
        let cover = until("a span of each camera is whole", || {
            let want = json!({ "cameras": CAMERAS, "from": from, "to": now_us() });
            let answer = city.post(&cookie, "/api/v1/spans/cover", &want);
            let cover = answer.status.is_success().then(|| answer.json())?;
            let own = cover["camera_spans"].as_array().unwrap();
            let enough =
                |c: &Value| c["last"].as_i64() >= c["first"].as_i64().map(|f| f + spans - 1);
            (own.len() == CAMERAS.len() && own.iter().all(enough)).then_some(cover)
        });
        Self::file_cover(city, cookie, &cover)
    }

    /// Opens a case and asks for what the city says covers it.
    pub fn file_cover(city: &'a City, cookie: String, cover: &Value) -> Self {
        let case = json!({ "number": "5500/R/1/26", "purpose": "investigation" });
        let case = city.post(&cookie, "/api/v1/cases", &case).json();
        let rules = city.get(&cookie, "/api/v1/legal-bases").json();
        let mut secret = [0; 32];
        aws_lc_rs::rand::fill(&mut secret).unwrap();
        let key = Private::from_bytes(&secret).unwrap();
        let public = X25519HkdfSha256::sk_to_pk(&key).to_bytes();
        let spans: Vec<CameraSpans> =
            serde_json::from_value(cover["camera_spans"].clone()).unwrap();
        let request = Request {
            v: 1,
            camera_spans: spans,
            from: At(cover["begin"].as_i64().unwrap()),
            to: At(cover["end"].as_i64().unwrap()),
            purpose: Purpose::Investigation,
            legal_basis: LegalBasis("fi-pkl-7".to_owned()),
            case_commitment: serde_json::from_value(case["commitment"].clone()).unwrap(),
            one_time_key: STANDARD.encode(public),
            policy_hash: serde_json::from_value(rules["policy_hash"].clone()).unwrap(),
            requester: PersonId("p.lindqvist".to_owned()),
            nonce: Digest([7; 32]),
            necessity: Some(Request::necessity_hash(WHY)),
        };
        let json = request.to_json().unwrap();
        let filed = json!({
            "request": json, "signature": signed(city, &json), "case": case["id"],
            "necessity": WHY,
        });
        let filed = city.post(&cookie, "/api/v1/requests", &filed).json();
        let id = Request::id_of(&json);
        assert_eq!(filed["id"], json!(id), "both sides name it alike");
        Self {
            city,
            cookie,
            key,
            json,
            id,
        }
    }

    pub fn path(&self, rest: &str) -> String {
        format!("/api/v1/requests/{}{rest}", self.id)
    }

    pub fn released(&self) -> Option<Vec<ReleasedShare>> {
        let answer = self.city.get(&self.cookie, &self.path("/shares"));
        let value = answer.status.is_success().then(|| answer.json())?;
        Some(serde_json::from_value(value["released"].clone()).unwrap())
    }

    /// Fetches everything, checks every record's place and signature, and decrypts.
    pub fn open(&self) -> Opened {
        let released = self.released().expect("both groups have released");
        let footage = self.city.get(&self.cookie, &self.path("/footage")).json();
        let public = |k: &Value| serde_json::from_value(k["public"].clone()).unwrap();
        let keys = footage["recorder_keys"].as_array().unwrap();
        let recorders: Vec<RecorderPublic> = keys.iter().map(public).collect();
        let mut opened = Opened::new(footage["recorder_keys"].clone());
        for camera in footage["cameras"].as_array().unwrap() {
            let id = CameraId(u32::try_from(camera["camera"].as_u64().unwrap()).unwrap());
            let rows = camera["records"].as_array().unwrap();
            let seq = |row: Option<&Value>| row.unwrap()["seq"].as_u64().unwrap();
            let (first, last) = (seq(rows.first()), seq(rows.last()));
            let range = format!("/footage/{}?first_seq={first}&last_seq={last}", id.0);
            let bytes = self.city.get(&self.cookie, &self.path(&range)).body;
            self.read(id, first, &bytes, &recorders, &released, &mut opened);
            opened.sealed.extend(bytes);
        }
        opened
    }

    fn read(
        &self,
        camera: CameraId,
        first: u64,
        bytes: &[u8],
        recorders: &[RecorderPublic],
        released: &[ReleasedShare],
        opened: &mut Opened,
    ) {
        let mut checker = ChainChecker::midway(camera, first, recorders.to_vec());
        let (mut rest, mut key) = (bytes, None);
        while !rest.is_empty() {
            let (record, after) = Record::parse(rest).unwrap();
            checker.feed(&rest[..rest.len() - after.len()]).unwrap();
            rest = after;
            self.decrypt(&record, &mut key, released, opened);
        }
    }

    pub fn decrypt(
        &self,
        record: &Record<'_>,
        key: &mut Option<SpanKey>,
        released: &[ReleasedShare],
        opened: &mut Opened,
    ) {
        match record.body().unwrap() {
            Body::SpanOpen(open) => *key = Some(self.key(&open.wrapped.span, released, opened)),
            Body::Piece(_) if record.header().track == Track::Main => {
                let keys = serde_json::from_value::<Vec<Value>>(opened.recorders.clone()).unwrap();
                let public = |k: &Value| serde_json::from_value(k["public"].clone()).unwrap();
                let recorders: Vec<RecorderPublic> = keys.iter().map(public).collect();
                let piece = Sealed::of_record(record, &recorders).unwrap();
                let clear = key.as_ref().unwrap().open_piece(&piece).unwrap();
                let own = opened.pieces.entry(record.header().camera).or_default();
                own.push((record.header().begin.0, clear));
            }
            _ => {}
        }
    }

    /// The 32 bytes that a custodian released to this device (docs/design/seal.md, "Release").
    fn share(&self, r: &ReleasedShare, span: &SpanRef) -> [u8; 32] {
        let mut info = b"loggia/seal/v1 release\n".to_vec();
        info.extend(self.id.0);
        info.push(r.group as u8);
        info.extend(span.camera.0.to_be_bytes());
        info.extend(span.span.0.to_be_bytes());
        info.extend(span.commitment.0);
        let enc = <X25519HkdfSha256 as Kem>::EncappedKey::from_bytes(&r.enc).unwrap();
        let opened = hpke::single_shot_open::<AesGcm256, HkdfSha256, X25519HkdfSha256>(
            &OpModeR::Base,
            &self.key,
            &enc,
            &info,
            &r.ct,
            &[],
        );
        opened.unwrap().try_into().unwrap()
    }

    fn key(&self, span: &SpanRef, released: &[ReleasedShare], opened: &mut Opened) -> SpanKey {
        let of = |group: Group| {
            let here =
                |r: &&ReleasedShare| (r.camera, r.span, r.group) == (span.camera, span.span, group);
            self.share(released.iter().find(here).unwrap(), span)
        };
        let (police, oversight) = (of(Group::Police), of(Group::Oversight));
        let police_share = || Share::disclosed(Group::Police, police.into());
        let oversight_share = || Share::disclosed(Group::Oversight, oversight.into());
        let alone = SpanKey::combine(&police_share(), &police_share(), span);
        assert!(alone.is_err(), "one group opens nothing");
        let posing = Share::disclosed(Group::Oversight, police.into());
        let posing = SpanKey::combine(&police_share(), &posing, span);
        assert!(posing.is_err(), "nor does its share under the other's name");
        let line = json!({
            "camera": span.camera, "span": span.span, "commitment": span.commitment,
            "police": STANDARD.encode(police), "oversight": STANDARD.encode(oversight),
        });
        if !opened.shares.contains(&line) {
            opened.shares.push(line);
        }
        SpanKey::combine(&police_share(), &oversight_share(), span).unwrap()
    }
}

/// What must be refused before both groups have released, in the order in which it is tried.
fn two_people_agree(city: &City, asked: &Requester<'_>) {
    let id = asked.id.to_string();
    let act = |person: &str, act: &str| city.act(person, &id, act, PASSPHRASE);
    let nothing_yet = |when: &str| {
        for rest in ["/shares", "/footage", "/footage/1?first_seq=1&last_seq=1"] {
            let answer = city.get(&asked.cookie, &asked.path(rest));
            assert_eq!(answer.status, 403, "{when}, {rest}: {}", answer.text());
        }
    };
    nothing_yet("filed");
    assert!(
        act("k.virtanen", "release").status.is_client_error(),
        "nobody has approved"
    );
    assert!(
        act("r.heikkila", "approve").status.is_client_error(),
        "the requester's own body"
    );
    assert!(
        act("p.lindqvist", "approve").status.is_client_error(),
        "the requester"
    );
    let wrong = city.act("a.korhonen", &id, "approve", "guessed");
    assert!(wrong.status.is_client_error(), "a wrong passphrase");
    let done = |answer: crate::city::Answer| {
        assert!(answer.status.is_success(), "{}", answer.text());
    };
    done(act("a.korhonen", "approve"));
    nothing_yet("approved");
    done(act("k.virtanen", "release"));
    nothing_yet("one group has released");
    done(act("k.virtanen", "release"));
    nothing_yet("one group has released twice");
    done(act("a.korhonen", "release"));
    // Opened for its requester alone.
    let auditor = city.become_person("m.niemi");
    for rest in ["/shares", "/footage"] {
        let answer = city.get(&auditor, &asked.path(rest));
        assert_eq!(answer.status, 403, "{rest}: {}", answer.text());
    }
}

#[test]
fn two_bodies_open_what_was_asked_for_and_strangers_can_check_it() {
    let ground = Ground::new();
    let started_at = now_us();
    let city = ground.start();
    let asked = Requester::file(&city, started_at, 3);
    two_people_agree(&city, &asked);
    let opened = asked.open();
    assert_eq!(opened.pieces.len(), CAMERAS.len());
    crate::timeline::told_without_requests(&city, started_at);
    let files = asked.export(&opened);
    let bundle = ground.root().join("bundle.zip");
    zipped(&files, &bundle);
    for (who, (holds, words)) in [
        ("loggia", verify(&bundle, None)),
        ("python", python(&bundle)),
    ] {
        assert!(holds, "{who}: {words}");
    }
    crate::cosigned::proofs_are_checked(&files, &ground);
    changes_are_named(&files, &ground);
    forgeries_are_refused(&asked, &opened, &ground);
    std::fs::remove_file(bundle).unwrap();
    assert!(include_str!("../check_bundle.py").lines().count() <= 250);

    // Killed, so that write-ahead logs and temporary files lie there as they were.
    city.kill();
    let films = Films::load();
    let (leaks, read) = films.leaks(ground.root());
    assert!(
        read > 20,
        "data, temporary files and logs were read: {read}"
    );
    assert!(
        leaks.is_empty(),
        "the films stand in the clear in {leaks:?}"
    );
    // The same search finds what is written without a seal.
    let control = ground.root().join("tmp/unsealed");
    for pieces in opened.pieces.values() {
        std::fs::write(&control, &pieces[0].1).unwrap();
        let (leaks, _) = films.leaks(ground.root());
        assert!(
            matches!(&leaks[..], [(path, seen)] if *path == control && *seen > 50),
            "{leaks:?}"
        );
    }
}
