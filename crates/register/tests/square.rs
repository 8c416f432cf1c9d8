//! The square's pages over a real log in a folder of the test, asked as a browser without a script
//! asks. Never needs a session.
#![expect(
    clippy::unwrap_used,
    reason = "a test that cannot set its scene should stop"
)]

use std::sync::{Arc, Mutex};

use axum::body::Body as HttpBody;
use axum::http::{Request, StatusCode};
use http_body_util::BodyExt;
use loggia_api::{Access, Doorkeeper, Secure};
use loggia_model::{
    Actor, At, Body, CameraId, Clock, Digest, Fault, LegalBasis, MANUAL_START, ManualClock,
};
use loggia_register::{
    City, Declared, Dress, Forms, Gazetteer, Grievance, Offices, OwnFootage, Promise, Register,
    Setting, Source, Square, Stage, Standing, Zone, pages,
};
use loggia_transparency::{Log, LogKey, Opening, TilePath};
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
struct Filed {
    asked: Mutex<Vec<OwnFootage>>,
    complained: Mutex<Vec<Grievance>>,
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
    }
}

struct Town {
    app: axum::Router,
    log: Log,
    filed: Arc<Filed>,
    _dir: tempfile::TempDir,
}

fn town(with_forms: bool) -> Town {
    let dir = tempfile::tempdir().unwrap();
    let clock: Arc<dyn Clock> = Arc::new(ManualClock::default());
    let (key, _) = LogKey::generate().unwrap();
    let log = Log::open(dir.path(), key, "town.example/loggia", clock.clone()).unwrap();
    let source: Source = Arc::new(|| Ok(vec![camera(2, "Second"), camera(1, "Кнеза Милоша")]));
    let city = City::Real {
        name: "Town".into(),
    };
    let register = Arc::new(Register::new(city, log.clone(), clock, source));
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
        secure: Secure::No,
    };
    let routes = pages(Arc::new(Square::new(register, setting)));
    assert!(routes.iter().all(|r| r.access == Access::Public));
    Town {
        app: loggia_api::router(routes, Arc::new(Nobody)),
        log,
        filed,
        _dir: dir,
    }
}

struct Answer {
    status: StatusCode,
    headers: axum::http::HeaderMap,
    text: String,
}

async fn send(town: &Town, request: Request<HttpBody>) -> Answer {
    let answer = town.app.clone().oneshot(request).await.unwrap();
    let (parts, body) = answer.into_parts();
    let bytes = body.collect().await.unwrap().to_bytes();
    Answer {
        status: parts.status,
        headers: parts.headers,
        text: String::from_utf8(bytes.to_vec()).unwrap(),
    }
}

async fn get(town: &Town, path: &str) -> Answer {
    send(town, Request::get(path).body(HttpBody::empty()).unwrap()).await
}

async fn post(town: &Town, path: &str, body: &str) -> Answer {
    let request = Request::post(path)
        .header("content-type", "application/x-www-form-urlencoded")
        .header("sec-fetch-site", "same-origin")
        .body(HttpBody::from(body.to_owned()))
        .unwrap();
    send(town, request).await
}

const ASK: &str = "camera=1&day=2026-11-23&from=13:00&to=13:05&name=Ana&contact=a@b.example";

#[tokio::test]
async fn the_first_page_says_the_truth_in_three_scripts() {
    let town = town(false);
    let page = get(&town, "/").await;
    assert!(
        page.text
            .contains("2 cameras are on record here. This month no stored")
    );
    let opening = Opening {
        request: Digest([7; 32]),
        body: Body::Police,
        length_s: 120,
        cameras: 1,
    };
    let _ = town.log.append_async(opening).await.unwrap();
    for (lang, words) in [
        ("en", "stored footage was opened 1 time, and nobody watched"),
        (
            "sr",
            "сачувани снимци су отворени 1 пут, а слику уживо нико",
        ),
        (
            "sr-Latn",
            "sačuvani snimci su otvoreni 1 put, a sliku uživo niko",
        ),
    ] {
        let page = get(&town, &format!("/?lang={lang}")).await;
        assert_eq!(page.status, StatusCode::OK);
        assert!(page.text.contains(&format!("<html lang=\"{lang}\">")));
        assert!(page.text.contains(words), "{lang}");
        assert!(page.text.contains("Трг &lt;b&gt;") && !page.text.contains("<b>"));
        assert!(page.text.contains("href=\"/cameras/1\""));
        // Every page stands under the strict CSP: nothing inline.
        assert!(!page.text.contains("style=") && !page.text.contains("<style"));
    }
}

#[tokio::test]
async fn an_unchanged_page_is_not_sent_again() {
    let town = town(false);
    let first = get(&town, "/cameras").await;
    let tag = first.headers["etag"].clone();
    let again = |lang: &'static str| {
        let request = Request::get("/cameras").header("if-none-match", tag.clone());
        request
            .header("accept-language", lang)
            .body(HttpBody::empty())
            .unwrap()
    };
    let same = send(&town, again("en")).await;
    assert_eq!(same.status, StatusCode::NOT_MODIFIED);
    assert!(same.text.is_empty());
    assert_eq!(send(&town, again("sr")).await.status, StatusCode::OK);
    assert_eq!(first.headers["vary"], "Accept-Language, Cookie");
}

#[tokio::test]
async fn cameras_are_found_by_street_and_by_name() {
    let town = town(false);
    let near = get(
        &town,
        "/cameras?q=%D0%9A%D0%B0%D0%B8%D0%B2%D0%BE%D0%BA%D0%B0%D1%82%D1%83+5",
    )
    .await;
    assert!(near.text.contains("Near Kaivokatu") && near.text.contains("0 m away"));
    assert!(near.text.contains("knows no house numbers"));
    let named = get(&town, "/cameras?q=kneza+milosa").await;
    assert!(named.text.contains("/cameras/1\"") && !named.text.contains("/cameras/2\""));
    let none = get(&town, "/cameras?q=%3Cscript%3E").await;
    assert!(none.text.contains("“&lt;script&gt;”") && !none.text.contains("<script"));
}

#[tokio::test]
async fn a_card_tells_who_answers_and_how_to_complain() {
    let town = town(false);
    let card = get(&town, "/cameras/1").await;
    for words in [
        "City of Helsinki",
        "GDPR (2016/679), Article 15",
        "72 hours, then the key is destroyed",
        "Nothing: the picture is recorded and sealed only.",
        "/ask?camera=1",
        "/complain?camera=1",
    ] {
        assert!(card.text.contains(words), "{words}");
    }
    for path in ["/cameras/3", "/cameras/x", "/ask/K7Q2-M4ZT"] {
        let none = get(&town, path).await;
        assert_eq!(none.status, StatusCode::NOT_FOUND, "{path}");
        assert!(none.text.contains("<h1>"), "{path}");
    }
}

#[tokio::test]
async fn the_log_can_be_copied_by_the_list_of_its_files() {
    let town = town(false);
    let opening = Opening {
        request: Digest([7; 32]),
        body: Body::Oversight,
        length_s: 60,
        cameras: 2,
    };
    let _ = town.log.append_async(opening).await.unwrap();
    let files = get(&town, "/check/files?size=1").await;
    assert_eq!(files.text, "tile/entries/000.p/1\ntile/0/000.p/1\n");
    for line in files.text.lines() {
        let path: TilePath = line.parse().unwrap();
        assert!(town.log.tile(&path).is_ok(), "{line}");
    }
    for size in ["2", "x", "-1"] {
        let wrong = get(&town, &format!("/check/files?size={size}")).await;
        assert_eq!(wrong.status, StatusCode::BAD_REQUEST, "{size}");
    }
    let check = get(&town, "/check").await;
    assert!(check.text.contains(&town.log.verifier().to_string()));
    let figures = get(&town, "/statistics").await;
    assert!(figures.text.contains("width=\"100.0%\"") && figures.text.contains("November 2026"));
    let feed = get(&town, "/feed.rss?lang=sr").await;
    assert_eq!(
        feed.headers["content-type"],
        "application/rss+xml; charset=utf-8"
    );
    assert!(
        feed.text
            .contains("<link>http://localhost/audit?entry=0</link>")
    );
    assert!(feed.text.contains("2 камере, по 60 с.") && feed.text.ends_with("</rss>\n"));
    assert_eq!(feed.text.matches("<item>").count(), 1);
}

#[tokio::test]
async fn without_a_port_the_pages_say_how_to_write() {
    let town = town(false);
    for path in ["/ask", "/complain"] {
        let page = get(&town, path).await;
        assert!(page.text.contains("The Officer<br>Square 1"), "{path}");
        assert!(!page.text.contains("<form class=\"letter\""), "{path}");
        let sent = post(&town, path, ASK).await;
        assert_eq!(sent.status, StatusCode::OK, "{path}");
        assert!(sent.text.contains("The Officer"), "{path}");
    }
}

#[tokio::test]
async fn a_request_is_taken_and_followed() {
    let town = town(true);
    let sent = post(&town, "/ask", &format!("{ASK}&camera=2&told=off+the+tram")).await;
    assert_eq!(sent.status, StatusCode::SEE_OTHER, "{}", sent.text);
    assert_eq!(sent.headers["location"], "/ask/K7Q2-M4ZT");
    let asked = town.filed.asked.lock().unwrap().pop().unwrap();
    // 13:00 in Helsinki is an hour before the clock's noon in UTC.
    let from = At(MANUAL_START.0 - 3_600_000_000);
    assert_eq!((asked.from, asked.to), (from, At(from.0 + 300_000_000)));
    assert_eq!(asked.cameras, [CameraId(1), CameraId(2)]);
    assert_eq!(
        (asked.name.as_str(), asked.told.as_str()),
        ("Ana", "off the tram")
    );
    let page = get(&town, "/ask/K7Q2-M4ZT").await;
    assert_eq!(page.headers["cache-control"], "no-store");
    assert!(page.text.contains("is frozen and waits") && page.text.contains("Кнеза Милоша"));
    assert!(page.text.contains("The month has passed") && !page.text.contains("Ana"));
    let sent = get(&town, "/ask/-?reference=K7Q2-M4ZT").await;
    assert_eq!(sent.headers["location"], "/ask/K7Q2-M4ZT");
    assert_eq!(get(&town, "/ask/other").await.status, StatusCode::NOT_FOUND);
}

#[tokio::test]
async fn nothing_typed_is_lost_when_something_is_wrong() {
    let town = town(true);
    let wrong = post(
        &town,
        "/ask",
        "camera=2&day=x&from=13:00&to=&name=%22%3EAna&told=tram",
    )
    .await;
    assert_eq!(wrong.status, StatusCode::UNPROCESSABLE_ENTITY);
    assert!(wrong.text.contains("role=\"alert\"") && wrong.text.contains("3 things are missing"));
    for part in [
        "href=\"#day\"",
        "href=\"#to\"",
        "href=\"#contact\"",
        "value=\"&quot;&gt;Ana\"",
        ">tram</textarea>",
        "value=\"2\" checked",
        "aria-invalid=\"true\"",
    ] {
        assert!(wrong.text.contains(part), "{part}");
    }
    let refused = post(&town, "/ask", &format!("{ASK}&told=refuse")).await;
    assert_eq!(refused.status, StatusCode::UNPROCESSABLE_ENTITY);
    assert!(refused.text.contains("these spans are &lt;gone&gt;"));
    assert!(refused.text.contains("value=\"a@b.example\""));
    let found = post(&town, "/ask", "place=kaivokatu&find=1&name=Ana").await;
    assert_eq!(found.status, StatusCode::OK);
    assert!(found.text.contains("value=\"Ana\"") && found.text.contains("Кнеза Милоша"));
    let big = post(&town, "/ask", &format!("told={}", "a".repeat(70_000))).await;
    assert_eq!(big.status, StatusCode::PAYLOAD_TOO_LARGE);
    assert!(town.filed.asked.lock().unwrap().is_empty());
}

#[tokio::test]
async fn a_complaint_needs_no_name() {
    let town = town(true);
    let empty = post(&town, "/complain", "camera=1").await;
    assert_eq!(empty.status, StatusCode::UNPROCESSABLE_ENTITY);
    assert!(empty.text.contains("Write what is wrong."));
    let sent = post(&town, "/complain", "camera=1&about=It+looks+into+my+window").await;
    assert_eq!(sent.headers["location"], "/complain?filed=B-1");
    let complaint = town.filed.complained.lock().unwrap().pop().unwrap();
    assert_eq!(complaint.camera, Some(CameraId(1)));
    assert!(complaint.name.is_empty() && complaint.contact.is_empty());
    assert!(
        get(&town, "/complain?filed=B-1")
            .await
            .text
            .contains("<code>B-1</code>")
    );
}

#[tokio::test]
async fn a_chosen_language_is_kept_and_leads_back() {
    let town = town(false);
    let chosen = get(&town, "/language?to=sr&back=%2Fcameras%3Fq%3Da").await;
    assert_eq!(chosen.status, StatusCode::SEE_OTHER);
    assert_eq!(chosen.headers["location"], "/cameras?q=a");
    let cookie = chosen.headers["set-cookie"].to_str().unwrap();
    assert!(cookie.starts_with("loggia-lang=sr; Path=/;"), "{cookie}");
    let elsewhere = get(&town, "/language?to=xx&back=//evil.example").await;
    assert_eq!(elsewhere.headers["location"], "/");
    assert!(!elsewhere.headers.contains_key("set-cookie"));
}
