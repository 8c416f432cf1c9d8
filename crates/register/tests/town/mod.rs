//! A town with a real log in a folder of the test, asked as a browser without a script asks.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};

use axum::body::Body as HttpBody;
use axum::http::{Request, StatusCode};
use http_body_util::BodyExt;
use loggia_api::{Access, Doorkeeper, Secure};
use loggia_model::{
    Actor, At, CameraId, Clock, Complaint, Fault, LegalBasis, MANUAL_START, ManualClock,
    OwnFootage, RequestId,
};
use loggia_register::{
    Activated, City, Declared, Dress, Forms, Gazetteer, InForce, Offices, Promise, Proved,
    Publications, Register, Rules, Setting, Source, Square, Stage, Standing, Zone, pages,
};
use loggia_transparency::{Disclosed, Log, LogKey, Witnesses};
use tower::ServiceExt;

struct Nobody;

impl Doorkeeper for Nobody {
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

fn camera(id: u32, label: &str) -> Declared {
    Declared {
        id: CameraId(id),
        label: label.into(),
        place: "Трг <b>".into(),
        lat: 60.171,
        lon: 24.94 + f64::from(id) / 1_000.0,
        heading_deg: Some(90.0),
        purpose: "traffic safety".into(),
        legal_basis: LegalBasis("gdpr-15".into()),
        accountable: "City of Helsinki".into(),
        retention_h: 72,
        analysed: vec![],
        openings: None,
        make: "Maker".into(),
        model: "M1".into(),
        origin: "FI".into(),
        codec: None,
        plays_in_browser: None,
    }
}

#[derive(Default)]
pub struct Filed {
    pub asked: Mutex<Vec<OwnFootage>>,
    pub complained: Mutex<Vec<Complaint>>,
}

fn forms(filed: &Arc<Filed>) -> Forms {
    let (asks, complaints) = (filed.clone(), filed.clone());
    Forms {
        ask: Box::new(move |ask| {
            if ask.told == "refuse" {
                return Err(Fault::Conflict("these spans are <gone>".into()));
            }
            asks.asked.lock().unwrap().push(ask);
            let reference = "K7Q2-M4ZT".to_owned();
            Ok(Promise { reference })
        }),
        look: Box::new(|reference| {
            let standing = Standing {
                stage: Stage::Frozen,
                number: "SA-1".to_owned(),
                kept_until: Some(MANUAL_START),
                answer: Some("Two <minutes> were sent.".to_owned()),
                filed_at: MANUAL_START,
                cameras: vec![CameraId(1), CameraId(9)],
                from: MANUAL_START,
                to: At(MANUAL_START.0 + 60_000_000),
                answer_by: At(MANUAL_START.0 - 1),
            };
            Ok((reference == "K7Q2-M4ZT").then_some(standing))
        }),
        complain: Box::new(move |c| {
            complaints.complained.lock().unwrap().push(c);
            Ok("B-1".to_owned())
        }),
        complained: Box::new(|number| Ok(number == "B-1")),
    }
}

pub struct Town {
    app: axum::Router,
    pub log: Log,
    pub filed: Arc<Filed>,
    pub clock: Arc<ManualClock>,
    pub published: Arc<Mutex<BTreeMap<RequestId, Disclosed>>>,
    _dir: tempfile::TempDir,
}

/// Rules that came into force, with a promise of each kind.
fn rules() -> Rules {
    Rules(Box::new(|| {
        let promise = |always, en: &str, sr: &str| Proved {
            always,
            en: en.into(),
            sr: sr.into(),
        };
        Ok(InForce {
            policy: loggia_model::Digest([0xab; 32]),
            activated: Some(Activated {
                at: loggia_model::MANUAL_START,
                log_index: 7,
                proof: loggia_model::Digest([0xcd; 32]),
            }),
            suspended: false,
            promises: vec![
                promise(false, "Nobody opens alone.", "Нико не отвара сам."),
                promise(true, "An auditor can ask.", "Ревизор може да тражи."),
            ],
            policies: "permit (principal < 1, action, resource);".into(),
            charter: "forbid (principal, action, resource);".into(),
        })
    }))
}

pub fn town(with_forms: bool) -> Town {
    let dir = tempfile::tempdir().unwrap();
    let manual = Arc::new(ManualClock::default());
    let clock: Arc<dyn Clock> = manual.clone();
    let (key, _) = LogKey::generate().unwrap();
    let log = Log::open(dir.path(), key, "town.example/loggia", clock.clone()).unwrap();
    let published = Arc::new(Mutex::new(BTreeMap::new()));
    let shown = published.clone();
    let source: Source = Arc::new(|| Ok(vec![camera(2, "Second"), camera(1, "Кнеза Милоша")]));
    let city = City::Real {
        name: "Town".into(),
    };
    let register = Register::new(city, log.clone(), clock, source);
    let register = Arc::new(register.with_publications(Publications {
        published: Arc::new(move || Ok(Arc::new(shown.lock().unwrap().clone()))),
        small_cell_cases: 2,
    }));
    let map = br#"{"features":[{"properties":{"name":"Kaivokatu"},
        "geometry":{"type":"LineString","coordinates":[[24.94,60.171],[24.95,60.171]]}}]}"#;
    let filed = Arc::new(Filed::default());
    let setting = Setting {
        zone: Zone::named("Europe/Helsinki").unwrap(),
        dress: Dress::default(),
        map: Gazetteer::of_map(map),
        offices: Offices {
            officer: vec!["The Officer".into(), "Square 1".into()],
            authority: vec![],
        },
        forms: with_forms.then(|| forms(&filed)),
        rules: rules(),
        witnesses: Witnesses::none(log.clone()),
        secure: Secure::No,
    };
    let mut routes = pages(Arc::new(Square::new(register.clone(), setting)));
    routes.extend(loggia_register::routes(register));
    assert!(routes.iter().all(|r| r.access == Access::Public));
    Town {
        app: loggia_api::router(routes, Arc::new(Nobody)),
        log,
        filed,
        clock: manual,
        published,
        _dir: dir,
    }
}

pub struct Answer {
    pub status: StatusCode,
    pub headers: axum::http::HeaderMap,
    pub text: String,
}

pub async fn send(town: &Town, request: Request<HttpBody>) -> Answer {
    let answer = town.app.clone().oneshot(request).await.unwrap();
    let (parts, body) = answer.into_parts();
    let bytes = body.collect().await.unwrap().to_bytes();
    Answer {
        status: parts.status,
        headers: parts.headers,
        text: String::from_utf8(bytes.to_vec()).unwrap(),
    }
}

pub async fn get(town: &Town, path: &str) -> Answer {
    send(town, Request::get(path).body(HttpBody::empty()).unwrap()).await
}

pub async fn post(town: &Town, path: &str, body: &str) -> Answer {
    let request = Request::post(path)
        .header("content-type", "application/x-www-form-urlencoded")
        .header("sec-fetch-site", "same-origin")
        .body(HttpBody::from(body.to_owned()))
        .unwrap();
    send(town, request).await
}
