//! Every endpoint that takes a body, in front of a real city: bytes go in as a caller with a
//! session or a desk key would send them. Who calls is taken from the input: the door is tried
//! elsewhere.

use std::collections::BTreeSet;
use std::sync::Arc;

use axum::Router;
use axum::body::Body;
use axum::http::{Method, Request, StatusCode};
use loggia_api::{Doorkeeper, Secure, router};
use loggia_model::{Actor, At, CameraId, Complaint, Fault, MANUAL_START, OwnFootage, Purpose};
use loggia_policy::{DemoMode, routes};
use tower::ServiceExt;

use crate::city::{City, PEOPLE};

/// What a resident asks and complains of, by number.
fn written(city: &City) -> (String, String) {
    let ask = OwnFootage {
        name: "A resident".into(),
        contact: "by post".into(),
        cameras: vec![CameraId(7)],
        from: MANUAL_START,
        to: At(MANUAL_START.0 + 20_000_000),
        told: String::new(),
    };
    city.policy.ask_for_oneself(&ask).unwrap();
    let complaint = Complaint {
        name: "A resident".into(),
        contact: "by post".into(),
        about: "a camera looks into a window".into(),
        camera: None,
    };
    city.policy.complain(&complaint).unwrap();
    let auditor = city.actor("m.niemi");
    let ask = city.policy.resident_asks(&auditor).unwrap()[0].id;
    let complaint = city.policy.complaints(&auditor).unwrap()[0].id;
    (ask.to_string(), complaint.to_string())
}

/// A city with one request that waits and one that is open, and its server.
pub struct Bodies {
    city: Arc<City>,
    app: Router,
    runtime: tokio::runtime::Runtime,
    known: BTreeSet<(Method, &'static str)>,
    /// What words like `$WAITING` in an input stand for.
    words: Vec<(&'static str, String)>,
}

/// Lets in whom the input names.
struct OpenDoor(Arc<City>);

impl Doorkeeper for OpenDoor {
    fn session(&self, token: &str) -> Option<Actor> {
        let known = PEOPLE.iter().any(|(p, _, _)| *p == token);
        known.then(|| self.0.actor(token))
    }
    fn roster_key(&self, header: &str, _: &str, _: &str, _: [u8; 32]) -> Result<Actor, Fault> {
        self.session(header).ok_or(Fault::Unauthenticated)
    }
    fn demo(&self) -> bool {
        DemoMode::of(&self.0.dir.path().join("data")).is_some()
    }
}

impl Bodies {
    pub fn new() -> Self {
        let city = City::new();
        city.record(CameraId(7), 6);
        let open = city.open();
        let waiting = city.investigate();
        let (ask, complaint) = written(&city);
        // A case in which nothing is asked for.
        let bare = city.case("p.lindqvist", Purpose::Investigation);
        let policy = city.policy.policy_hash().unwrap().to_string();
        let mut words = vec![
            ("$WAITING", waiting.id.to_string()),
            ("$OPEN", open.id.to_string()),
            ("$COMMITMENT", waiting.case.commitment.to_string()),
            ("$CASE", waiting.case.id.to_string()),
            ("$POLICY", policy),
            ("$BARE", bare.id.to_string()),
            ("$ASK", ask),
            ("$COMPLAINT", complaint),
        ];
        // The text of `good-request`, signed by its requester.
        let text = include_str!("../../corpus/body/good-request");
        let (_, body) = text.split_once('\n').unwrap();
        let fill = |text: String, (word, with): &(&str, String)| text.replace(word, with);
        let sent = words.iter().fold(body.to_owned(), fill);
        let sent: serde_json::Value = serde_json::from_str(&sent).unwrap();
        let sent = sent["request"].as_str().unwrap();
        words.push(("$SIGNED", city.signed_request("p.lindqvist", sent)));
        let city = Arc::new(city);
        let table = || routes(city.policy.clone(), Secure::No);
        let known = table().iter().map(|r| (r.method.clone(), r.path)).collect();
        let app = router(table(), Arc::new(OpenDoor(city.clone())));
        Self {
            app,
            known,
            words,
            runtime: tokio::runtime::Builder::new_current_thread()
                .enable_all()
                .build()
                .unwrap(),
            city,
        }
    }

    /// Paths of every endpoint that changes something, with its parameters' names.
    pub fn endpoints(&self) -> impl Iterator<Item = (&Method, &'static str)> {
        let changes = |m: &Method| !matches!(*m, Method::GET | Method::HEAD);
        self.known
            .iter()
            .filter(move |k| changes(&k.0))
            .map(|k| (&k.0, k.1))
    }

    /// Sends an input: a line `METHOD PATH PERSON`, then the body. None when the line is none.
    pub fn send(&self, input: &[u8]) -> Option<StatusCode> {
        let end = input.iter().position(|b| *b == b'\n')?;
        let line = core::str::from_utf8(&input[..end]).ok()?;
        let [method, path, person] = line.split(' ').collect::<Vec<_>>().try_into().ok()?;
        let mut body = input[end + 1..].to_vec();
        if let Ok(text) = core::str::from_utf8(&body) {
            body = self.filled(text).into_bytes();
        }
        let request = Request::builder()
            .method(method)
            .uri(self.filled(path))
            .header("cookie", format!("loggia_session={person}"))
            .header("authorization", person)
            .header("sec-fetch-site", "same-origin")
            .header("content-type", "application/json")
            .body(Body::from(body))
            .ok()?;
        let answer = self.runtime.block_on(self.app.clone().oneshot(request));
        let status = answer.unwrap().status();
        // Whatever is sent: an answer, and never that something broke.
        assert_ne!(status, StatusCode::INTERNAL_SERVER_ERROR, "{line}");
        assert!(self.city.log.size() > 0);
        Some(status)
    }

    fn filled(&self, text: &str) -> String {
        let fill = |text: String, (word, with): &(&str, String)| text.replace(word, with);
        self.words.iter().fold(text.to_owned(), fill)
    }
}
