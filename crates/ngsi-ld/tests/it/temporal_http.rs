//! The temporal API over HTTP, with the broker, its log and its history on a real folder.

use std::sync::Arc;

use axum::Router;
use axum::body::{Body, to_bytes};
use axum::http::{HeaderMap, Request, StatusCode, header};
use loggia_model::ManualClock;
use loggia_ngsi_ld::Json;
use loggia_ngsi_ld::broker::Broker;
use loggia_ngsi_ld::history::{Following, History};
use loggia_ngsi_ld::http::{self, App, CALLS_PER_S, Evolution, Fetch, FetchFrom, Rate};
use loggia_store::FileLayer;
use loggia_store::bus::{Bus, BusConfig};
use tower::ServiceExt;

use crate::evolution::without_ids;
use crate::support::json;

const BASE: &str = "/ngsi-ld/v1";

struct Town {
    router: Router,
    broker: Arc<Broker>,
    _following: Following,
    folder: tempfile::TempDir,
}

/// Status, headers and body.
type Told = (StatusCode, HeaderMap, Json);

impl Town {
    fn new() -> Self {
        Self::in_folder(tempfile::tempdir().expect("a folder"), 30)
    }

    fn in_folder(folder: tempfile::TempDir, instances_max: usize) -> Self {
        let clock = ManualClock::default();
        let bus = Bus::open(
            &folder.path().join("bus"),
            BusConfig::new(7, FileLayer::Real),
        );
        let broker = Broker::open(Arc::new(bus.expect("a log")), Arc::new(clock));
        let broker = Arc::new(broker.expect("a broker"));
        let history = History::open(&folder.path().join("history.sqlite")).expect("a history");
        let following = history.follow(broker.clone()).expect("it follows");
        let app = Arc::new(App {
            broker: broker.clone(),
            fetch: Fetch::new(
                FetchFrom::Hosts(Vec::new()),
                ureq::tls::TlsConfig::default(),
            ),
            history: Evolution {
                instances_max,
                ..Evolution::of(&following)
            },
            rate: Rate::of(CALLS_PER_S),
        });
        let router = http::routes(&app)
            .into_iter()
            .fold(Router::new(), |r, route| r.route(route.path, route.handler));
        Self {
            router,
            broker,
            _following: following,
            folder,
        }
    }

    async fn ask(&self, method: &str, path: &str, body: Option<&str>) -> Told {
        let mut request = Request::builder()
            .method(method)
            .uri(format!("{BASE}{path}"))
            .header(header::CONTENT_TYPE, "application/json");
        if path.contains("tenant=") {
            request = request.header("NGSILD-Tenant", "village");
        }
        if let Some(body) = body {
            request = request.header(header::CONTENT_LENGTH, body.len());
        }
        let body = Body::from(body.unwrap_or_default().to_owned());
        let request = request.body(body).expect("a request");
        let answer = self
            .router
            .clone()
            .oneshot(request)
            .await
            .expect("an answer");
        let (parts, body) = answer.into_parts();
        let bytes = to_bytes(body, 1 << 24).await.expect("a body");
        let json = match bytes.is_empty() {
            true => Json::Null,
            false => Json::read(&bytes).expect("JSON"),
        };
        (parts.status, parts.headers, json)
    }

    async fn done(&self, method: &str, path: &str, body: Option<&str>) -> StatusCode {
        let (status, _, told) = self.ask(method, path, body).await;
        assert!(status.is_success(), "{method} {path}: {told}");
        status
    }

    async fn get(&self, path: &str) -> Json {
        let (status, _, told) = self.ask("GET", path, None).await;
        assert!(status.is_success(), "{path}: {told}");
        told
    }

    async fn refused(&self, method: &str, path: &str, body: Option<&str>) -> (u16, String) {
        let (status, _, told) = self.ask(method, path, body).await;
        let kind = told.get("type").and_then(Json::as_str).unwrap_or_default();
        let kind = kind.rsplit('/').next().unwrap_or_default().to_owned();
        (status.as_u16(), kind)
    }
}

const CAR: &str = r#"{"id": "urn:x:1", "type": "Car", "speed": [
    {"type": "Property", "value": 120, "observedAt": "2020-08-01T12:03:00Z"},
    {"type": "Property", "value": 80, "observedAt": "2020-08-01T12:05:00Z"}]}"#;

#[tokio::test]
async fn clause_6_18_to_6_22_a_history_is_written_read_and_erased() {
    let town = Town::new();
    let (status, headers, _) = town.ask("POST", "/temporal/entities", Some(CAR)).await;
    assert_eq!(status, StatusCode::CREATED);
    let location = headers.get(header::LOCATION).expect("a location");
    assert_eq!(location, "/ngsi-ld/v1/temporal/entities/urn:x:1");
    let again = town.done("POST", "/temporal/entities", Some(CAR)).await;
    assert_eq!(again, StatusCode::NO_CONTENT);
    let got = town.get("/temporal/entities/urn:x:1").await;
    assert_eq!(without_ids(&got), json(CAR));

    let added = r#"{"heading": [{"value": 1, "observedAt": "2020-08-01T12:03:00Z"},
        {"value": 2, "observedAt": "2020-08-01T12:03:00Z", "datasetId": "urn:x:d"}]}"#;
    town.done("POST", "/temporal/entities/urn:x:1/attrs", Some(added))
        .await;
    let id = |got: &Json| {
        let speed = got.get("speed").and_then(Json::items).expect("speed");
        let id = speed[0].get("instanceId").and_then(Json::as_str);
        id.expect("an instanceId").to_owned()
    };
    let first = id(&got);
    let path = format!("/temporal/entities/urn:x:1/attrs/speed/{first}");
    let patch = r#"[{"type": "Property", "value": 129, "observedAt": "2020-08-01T12:03:00Z"}]"#;
    town.done("PATCH", &path, Some(patch)).await;
    let got = town.get("/temporal/entities/urn:x:1").await;
    assert_eq!(id(&got), first);
    let values = "/temporal/entities/urn:x:1?options=temporalValues&attrs=speed";
    let expected = r#"{"id": "urn:x:1", "type": "Car", "speed": {"type": "Property", "values":
        [[129, "2020-08-01T12:03:00Z"], [80, "2020-08-01T12:05:00Z"]]}}"#;
    assert_eq!(town.get(values).await, json(expected));

    town.done("DELETE", &path, None).await;
    let heading = "/temporal/entities/urn:x:1/attrs/heading";
    town.done("DELETE", heading, None).await;
    let got = town.get("/temporal/entities/urn:x:1").await;
    let len = |name| got.get(name).and_then(Json::items).map(<[Json]>::len);
    assert_eq!((len("speed"), len("heading")), (Some(1), Some(1)));
    town.done("DELETE", &format!("{heading}?datasetId=urn:x:d"), None)
        .await;
    for (method, path) in [
        ("DELETE", heading.to_owned()),
        ("DELETE", format!("{heading}?deleteAll=true")),
        ("DELETE", path.clone()),
        ("PATCH", path.clone()),
        ("GET", "/temporal/entities/urn:x:2".to_owned()),
        ("DELETE", "/temporal/entities/urn:x:2".to_owned()),
        ("POST", "/temporal/entities/urn:x:2/attrs".to_owned()),
    ] {
        let body = match method {
            "POST" => Some(added),
            "PATCH" => Some(patch),
            _ => None,
        };
        let (status, kind) = town.refused(method, &path, body).await;
        assert_eq!(
            (status, &*kind),
            (404, "ResourceNotFound"),
            "{method} {path}"
        );
    }
    town.done("DELETE", "/temporal/entities/urn:x:1", None)
        .await;
    let (status, _) = town
        .refused("GET", "/temporal/entities/urn:x:1", None)
        .await;
    assert_eq!(status, 404);
}

#[tokio::test]
async fn what_the_entity_api_does_is_history_at_once() {
    let town = Town::new();
    let made = r#"{"id": "urn:x:1", "type": "Car", "scope": "/old",
        "speed": {"type": "Property", "value": 1, "observedAt": "2026-01-01T00:00:00Z"}}"#;
    town.done("POST", "/entities", Some(made)).await;
    let patch = r#"{"speed": {"value": 2, "observedAt": "2026-01-01T00:01:00Z"}}"#;
    town.done("PATCH", "/entities/urn:x:1/attrs", Some(patch))
        .await;
    town.done("DELETE", "/entities/urn:x:1/attrs/speed", None)
        .await;
    let all = "/temporal/entities/urn:x:1?timerel=after&timeAt=2025-01-01T00:00:00Z";
    let got = town.get(&format!("{all}&options=temporalValues")).await;
    let expected = r#"{"type": "Property",
        "values": [[1, "2026-01-01T00:00:00Z"], [2, "2026-01-01T00:01:00Z"]]}"#;
    assert_eq!(got.get("speed"), Some(&json(expected)));
    assert!(got.get("scope").is_some());
    let gone = town
        .get("/temporal/entities/urn:x:1?timeproperty=deletedAt")
        .await;
    let speed = gone.get("speed").and_then(Json::items).expect("a deletion");
    assert_eq!(speed[0].get("value"), Some(&"urn:ngsi-ld:null".into()));
    town.done("DELETE", "/entities/urn:x:1", None).await;
    assert!(town.get(all).await.get("speed").is_some());
}

#[tokio::test]
async fn clause_6_24_queries_by_url_and_by_body() {
    let town = Town::new();
    town.done("POST", "/temporal/entities", Some(CAR)).await;
    let bus = CAR.replace("urn:x:1", "urn:x:2").replace("Car", "Bus");
    town.done("POST", "/temporal/entities", Some(&bus)).await;
    let after = "timerel=after&timeAt=2020-08-01T12:04:00Z";
    let (status, headers, got) = town
        .ask(
            "GET",
            &format!("/temporal/entities?type=Car,Bus&{after}&count=true&limit=1"),
            None,
        )
        .await;
    assert_eq!(status, StatusCode::OK);
    assert_eq!(headers.get("NGSILD-Results-Count").expect("a count"), "2");
    let links: Vec<&str> = headers
        .get_all(header::LINK)
        .iter()
        .filter_map(|l| l.to_str().ok())
        .collect();
    assert!(
        links.iter().any(|l| l.contains("rel=\"next\"")),
        "{links:?}"
    );
    assert_eq!(got.items().map(<[Json]>::len), Some(1));

    let query = r#"{"type": "Query", "entities": [{"type": "Bus"}, {"type": "Car"}],
        "temporalQ": {"timerel": "after", "timeAt": "2020-08-01T12:00:00Z", "lastN": 1}}"#;
    let (_, _, got) = town
        .ask(
            "POST",
            "/temporal/entityOperations/query?options=temporalValues",
            Some(query),
        )
        .await;
    let ids: Vec<Option<&str>> = got
        .items()
        .expect("a list")
        .iter()
        .map(|e| e.get("id")?.as_str())
        .collect();
    assert_eq!(ids, [Some("urn:x:2"), Some("urn:x:1")]);
    let aggregated = r#"{"type": "Query", "entities": [{"type": "Car"}],
        "temporalQ": {"timerel": "after", "timeAt": "2020-08-01T12:00:00Z"},
        "aggrParams": {"aggrMethods": ["avg"], "aggrPeriodDuration": "PT0S"}}"#;
    let (_, _, got) = town
        .ask("POST", "/temporal/entityOperations/query", Some(aggregated))
        .await;
    let avg = r#"[[100.0, "2020-08-01T12:00:00Z", "2020-08-01T12:05:00Z"]]"#;
    let speed = got.items().and_then(|i| i[0].get("speed")).expect("speed");
    assert_eq!(speed.get("avg"), Some(&json(avg)));
}

/// Requests that break a rule: method, path behind `/temporal/entities`, body.
const WRONG: &[(&str, &str, &str)] = &[
    ("POST", "", r#"{"type": "Car"}"#),
    ("POST", "", r#"{"id": "", "type": "Car"}"#),
    ("GET", "?type=Car", ""),
    ("GET", "?timerel=after&timeAt=2020-01-01T00:00:00Z", ""),
    (
        "GET",
        "/urn:x:1?timerel=during&timeAt=2020-01-01T00:00:00Z",
        "",
    ),
    (
        "GET",
        "/urn:x:1?timerel=between&timeAt=2020-01-01T00:00:00Z",
        "",
    ),
    ("GET", "/urn:x:1?pick=speed%7Bname%7D", ""),
    ("GET", "/urn:x:1?options=aggregatedValues", ""),
    ("GET", "/urn:x:1?options=bogus", ""),
    ("GET", "/nothing", ""),
    ("POST", "/urn:x:1/attrs", "{}"),
    ("PATCH", "/urn:x:1/attrs/speed/none", r#"{"value": 1}"#),
];

/// Members of a `temporalQ` beside `timeAt` that break one.
const WRONG_QUERIES: &[&str] = &[
    r#""timerel": "during""#,
    r#""timerel": "between""#,
    r#""timerel": "after", "lastN": 0"#,
    r#""timerel": "after", "lastN": 2.5"#,
    r#""timerel": "after", "timeproperty": "expiresAt""#,
    r#""timerel": "after", "aggrMethods": ["bogus"]"#,
    r#""timerel": "after", "aggrMethods": ["avg"], "aggrPeriodDuration": "bogus""#,
];

#[tokio::test]
async fn what_is_wrong_is_refused_by_its_row() {
    let town = Town::new();
    town.done("POST", "/temporal/entities", Some(CAR)).await;
    for (method, path, body) in WRONG {
        let path = format!("/temporal/entities{path}");
        let body = Some(*body).filter(|b| !b.is_empty());
        let (status, kind) = town.refused(method, &path, body).await;
        let told = (status, &*kind);
        assert_eq!(told, (400, "BadRequestData"), "{method} {path} {body:?}");
    }
    for members in WRONG_QUERIES {
        let body = format!(
            r#"{{"type": "Query", "entities": [{{"type": "Car"}}],
                "temporalQ": {{"timeAt": "2020-08-01T12:00:00Z", {members}}}}}"#
        );
        let path = "/temporal/entityOperations/query";
        let (status, kind) = town.refused("POST", path, Some(&body)).await;
        assert_eq!((status, &*kind), (400, "BadRequestData"), "{members}");
    }
    let elsewhere = "/temporal/entities/urn:x:1?tenant=";
    let (status, kind) = town.refused("GET", elsewhere, None).await;
    assert_eq!((status, &*kind), (404, "NonexistentTenant"));
    let (status, _) = town
        .refused("POST", "/temporal/entities?tenant=1", Some(CAR))
        .await;
    assert_eq!(status, 201);
}

#[tokio::test]
async fn clause_6_3_10_what_has_no_room_is_on_the_next_page() {
    let town = Town::in_folder(tempfile::tempdir().expect("a folder"), 3);
    let list: Vec<String> = (0..5)
        .map(|n| format!(r#"{{"value": {n}, "observedAt": "2020-08-01T12:0{n}:00Z"}}"#))
        .collect();
    let body = format!(
        r#"{{"id": "urn:x:1", "type": "Car", "speed": [{}]}}"#,
        list.join(",")
    );
    town.done("POST", "/temporal/entities", Some(&body)).await;
    let after = "timerel=after&timeAt=2020-01-01T00:00:00Z";
    for path in [
        "/temporal/entities/urn:x:1?",
        "/temporal/entities?type=Car&",
    ] {
        let (status, headers, _) = town.ask("GET", &format!("{path}{after}"), None).await;
        assert_eq!(status, StatusCode::PARTIAL_CONTENT);
        let range = headers.get(header::CONTENT_RANGE).expect("a range");
        assert_eq!(
            range,
            "date-time 2020-01-01T00:00:00Z-2020-08-01T12:02:00Z/*"
        );
    }
}

#[tokio::test]
async fn a_history_that_is_lost_comes_again_from_the_log() {
    let town = Town::new();
    town.done("POST", "/temporal/entities", Some(CAR)).await;
    let made = r#"{"id": "urn:x:2", "type": "Car", "speed": 1}"#;
    town.done("POST", "/entities", Some(made)).await;
    let before = town.get("/temporal/entities/urn:x:1").await;
    let Town {
        folder,
        broker,
        router,
        _following,
    } = town;
    drop((router, _following, broker));
    for name in ["history.sqlite", "history.sqlite-wal", "history.sqlite-shm"] {
        let _ = std::fs::remove_file(folder.path().join(name));
    }
    let town = Town::in_folder(folder, 30);
    assert_eq!(town.get("/temporal/entities/urn:x:1").await, before);
    assert!(
        town.get("/temporal/entities/urn:x:2")
            .await
            .get("speed")
            .is_some()
    );
}
