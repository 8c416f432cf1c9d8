//! Live view in a declared incident: asked, approved by the other body, logged, watched, ended.
//! Before the approval, for other cameras and people, and after the end nothing is shown.

use std::io::Read;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use loggia_model::{At, CameraId, Digest, LegalBasis, PersonId, Purpose, SpanId};
use loggia_policy::{CameraSpans, Request};
use loggia_seal::{Body, ChainChecker, OneTimeKey, Randomness, ReleasedShare, Sealed, SpanKey};
use serde_json::{Value, json};

use crate::city::{City, Ground, PASSPHRASE, now_us};
use crate::opening::{WHY, signed};

/// An H.264 camera of the demo.
const CAMERA: CameraId = CameraId(1);

fn ask(city: &City, cookie: &str, key: &OneTimeKey) -> Digest {
    let case = json!({ "number": "5500/R/9/26", "purpose": "incident_live" });
    let case = city.post(cookie, "/api/v1/cases", &case).json();
    let rules = city.get(cookie, "/api/v1/legal-bases").json();
    let now = now_us();
    let request = Request {
        v: 1,
        camera_spans: vec![CameraSpans {
            camera: CAMERA,
            first: SpanId(0),
            last: SpanId(0),
        }],
        from: At(now),
        to: At(now + 900_000_000),
        purpose: Purpose::IncidentLive,
        legal_basis: LegalBasis("fi-poll-2-6".to_owned()),
        case_commitment: serde_json::from_value(case["commitment"].clone()).unwrap(),
        one_time_key: STANDARD.encode(key.public().0),
        policy_hash: serde_json::from_value(rules["policy_hash"].clone()).unwrap(),
        requester: PersonId("p.lindqvist".to_owned()),
        nonce: Digest([5; 32]),
        necessity: Some(Request::necessity_hash(WHY)),
    };
    let json = request.to_json().unwrap();
    let filed = json!({
        "request": json, "signature": signed(city, &json), "case": case["id"],
        "necessity": WHY,
    });
    city.post(cookie, "/api/v1/requests", &filed).json();
    Request::id_of(&json)
}

/// What the viewer's device does with the stream.
struct Device<'a> {
    from: &'a mut dyn Read,
    key: &'a OneTimeKey,
    request: Digest,
    checker: Option<ChainChecker>,
    recorders: Vec<loggia_seal::RecorderPublic>,
    shares: Vec<ReleasedShare>,
    span: Option<SpanKey>,
}

/// One frame of the stream.
enum Frame {
    Keys,
    Shares,
    /// A checked record; of a piece, what it holds in the clear.
    Record(Option<Vec<u8>>),
    End(Value),
}

impl Device<'_> {
    fn exactly(&mut self, n: usize) -> Vec<u8> {
        let mut bytes = vec![0; n];
        self.from.read_exact(&mut bytes).unwrap();
        bytes
    }

    fn json(&mut self) -> Vec<u8> {
        let len = self.exactly(4);
        let len = u32::from_be_bytes(len.try_into().unwrap());
        self.exactly(usize::try_from(len).unwrap())
    }

    fn next(&mut self) -> Frame {
        let magic = self.exactly(4);
        match &magic[..] {
            b"LGK1" => {
                let keys: Vec<Value> = serde_json::from_slice(&self.json()).unwrap();
                let public = |k: &Value| serde_json::from_value(k["public"].clone()).unwrap();
                self.recorders = keys.iter().map(public).collect();
                Frame::Keys
            }
            b"LGS1" => {
                self.shares = serde_json::from_slice(&self.json()).unwrap();
                Frame::Shares
            }
            b"LGE1" => Frame::End(serde_json::from_slice(&self.json()).unwrap()),
            _ => {
                let mut bytes = magic;
                bytes.extend(self.exactly(92));
                let body_len = u32::from_be_bytes(bytes[60..64].try_into().unwrap());
                bytes.extend(self.exactly(usize::try_from(body_len).unwrap() + 64));
                Frame::Record(self.record(&bytes))
            }
        }
    }

    fn record(&mut self, bytes: &[u8]) -> Option<Vec<u8>> {
        let seq = u64::from_be_bytes(bytes[28..36].try_into().unwrap());
        let recorders = &self.recorders;
        let checker = self
            .checker
            .get_or_insert_with(|| ChainChecker::midway(CAMERA, seq, recorders.clone()));
        let record = checker.feed(bytes).unwrap();
        match record.body().unwrap() {
            Body::SpanOpen(opening) => {
                let span = opening.wrapped.span;
                let shares: Vec<_> = self
                    .shares
                    .iter()
                    .map(|s| s.open(self.key, &self.request, span.commitment).unwrap())
                    .collect();
                self.span = Some(SpanKey::combine(&shares[0], &shares[1], &span).unwrap());
                None
            }
            Body::Piece(_) => {
                let sealed = Sealed::of_record(&record, &self.recorders).unwrap();
                Some(self.span.as_ref().unwrap().open_piece(&sealed).unwrap())
            }
            Body::Gap(_) | Body::Manifest(_) => None,
        }
    }
}

fn kinds(city: &City, cookie: &str, id: &Digest) -> Vec<String> {
    let view = city.get(cookie, &format!("/api/v1/requests/{id}")).json();
    let entries = view["log_entries"].as_array().unwrap();
    let kind = |e: &Value| e["kind"].as_str().unwrap().to_owned();
    entries.iter().map(kind).collect()
}

/// Whoever signs out has stopped watching.
fn signing_out_ends_it(city: &City, path: &str) {
    let elsewhere = city.become_person("p.lindqvist");
    let mut second = city.stream(&elsewhere, "POST", path).unwrap();
    let out = city.call(
        "DELETE",
        &city.console("/api/v1/session"),
        &[("cookie", &elsewhere), crate::city::OWN_PAGE],
        b"",
    );
    assert!(out.status.is_success(), "{}", out.text());
    let mut rest = Vec::new();
    second.read_to_end(&mut rest).unwrap();
    assert!(rest.ends_with(br#"{"why":"ended"}"#));
}

fn the_oversight_body_reads_of_it(city: &City, id: &Digest) {
    let auditor = city.become_person("m.niemi");
    let looks = city.get(&auditor, "/api/v1/access-log").json();
    let looks = looks.as_array().unwrap();
    let line = looks.iter().find(|l| l["act"] == "live").unwrap();
    assert_eq!(line["person"], "p.lindqvist");
    assert_eq!(line["request"], json!(id));
}

#[test]
fn a_live_picture_takes_two_bodies_stands_in_the_log_and_ends_with_its_request() {
    let ground = Ground::new();
    let city = ground.start();
    let key = OneTimeKey::generate(&mut Randomness::machine()).unwrap();
    let cookie = city.become_person("p.lindqvist");
    let id = ask(&city, &cookie, &key);
    let path = |camera: u32| format!("/api/v1/requests/{id}/live/{camera}");
    let refused = |cookie: &str, camera: u32, when: &str| {
        let answer = city.post(cookie, &path(camera), &json!({}));
        assert_eq!(answer.status, 403, "{when}: {}", answer.text());
    };
    refused(&cookie, 1, "nobody has approved");
    let act = |person: &str, act: &str| city.act(person, &id.to_string(), act, PASSPHRASE);
    assert!(act("r.heikkila", "approve").status.is_client_error());
    let approved = act("a.korhonen", "approve");
    assert!(approved.status.is_success(), "{}", approved.text());
    assert!(
        act("k.virtanen", "release").status.is_client_error(),
        "custodians have no part in it"
    );
    refused(&cookie, 2, "another camera");
    let other = city.become_person("m.niemi");
    refused(&other, 1, "another person");
    assert!(!kinds(&city, &cookie, &id).contains(&"live_view".to_owned()));

    let mut stream = city.stream(&cookie, "POST", &path(1)).unwrap();
    assert!(
        kinds(&city, &cookie, &id).contains(&"live_view".to_owned()),
        "the log has it before the first picture"
    );
    let mut device = Device {
        from: &mut stream,
        key: &key,
        request: id,
        checker: None,
        recorders: Vec::new(),
        shares: Vec::new(),
        span: None,
    };
    assert!(matches!(device.next(), Frame::Keys));
    assert!(matches!(device.next(), Frame::Shares));
    let mut pieces = 0;
    while pieces < 3 {
        if let Frame::Record(Some(clear)) = device.next() {
            assert_eq!(&clear[4..8], b"ftyp");
            pieces += 1;
        }
    }
    signing_out_ends_it(&city, &path(1));
    let mut stream = city.stream(&cookie, "POST", &path(1)).unwrap();
    device.from = &mut stream;
    device.checker = None;
    let withdrawn = city.post(
        &cookie,
        &format!("/api/v1/requests/{id}/withdraw"),
        &json!({}),
    );
    assert!(withdrawn.status.is_success());
    let words = loop {
        if let Frame::End(words) = device.next() {
            break words;
        }
    };
    assert_eq!(words["why"], "ended");
    refused(&cookie, 1, "taken back");
    let told = kinds(&city, &cookie, &id);
    let ends = ["request_ended", "review_due"].map(str::to_owned);
    assert_eq!(told[told.len() - 2..], ends);
    the_oversight_body_reads_of_it(&city, &id);
}

#[test]
fn one_person_s_pages_leave_room_for_those_of_others() {
    let ground = Ground::new();
    let city = ground.start();
    let cookie = city.become_person("p.lindqvist");
    let follow = |cookie: &str| city.stream(cookie, "GET", "/api/v1/events");
    let pages: Vec<_> = (0..8).map(|_| follow(&cookie).unwrap()).collect();
    assert_eq!(follow(&cookie).err().map(|s| s.as_u16()), Some(503));
    let other = city.become_person("m.niemi");
    assert!(follow(&other).is_ok());
    drop(pages);
}
