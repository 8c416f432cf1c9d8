//! A broker behind the city's door, and how to ask it. Never tests anything itself.

use std::path::Path;
use std::sync::Arc;

use axum::Router;
use axum::body::{Body, to_bytes};
use axum::http::request::Builder;
use axum::http::{HeaderMap, Request, header};
use loggia_api::{Device, Doorkeeper};
use loggia_model::{Actor, Fault, ManualClock};
use loggia_ngsi_ld::Json;
use loggia_ngsi_ld::broker::Broker;
use loggia_ngsi_ld::history::{Following, HISTORY, History};
use loggia_ngsi_ld::http::{
    self, App, BODY_BYTES_MAX, CALLS_PER_S, Evolution, Fetch, FetchFrom, Rate,
};
use loggia_store::FileLayer;
use loggia_store::bus::{Bus, BusConfig};
use tower::ServiceExt;

/// Anybody may call, as in a demo; who shows a key is the device that has it.
struct Demo(Arc<Broker>);

impl Doorkeeper for Demo {
    fn session(&self, _: &str) -> Option<Actor> {
        None
    }
    fn roster_key(&self, _: &str, _: &str, _: &str, _: [u8; 32]) -> Result<Actor, Fault> {
        Err(Fault::Unauthenticated)
    }
    fn device(&self, key: &str) -> Result<Device, Fault> {
        let key = self.0.admit(key).map_err(Fault::from)?;
        Ok(Device(key.number))
    }
    fn demo(&self) -> bool {
        true
    }
}

pub struct Town {
    pub router: Router,
    pub broker: Arc<Broker>,
    pub clock: Arc<ManualClock>,
    pub following: Following,
    pub folder: tempfile::TempDir,
}

/// An answer.
#[derive(Debug)]
pub struct Told {
    pub status: u16,
    pub headers: HeaderMap,
    pub text: String,
}

impl Told {
    pub fn json(&self) -> Json {
        Json::read(self.text.as_bytes()).unwrap_or_else(|e| panic!("{e}: {}", self.text))
    }

    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name).and_then(|v| v.to_str().ok())
    }

    /// All values of a header.
    pub fn all(&self, name: &str) -> Vec<&str> {
        let values = self.headers.get_all(name).iter();
        values.filter_map(|v| v.to_str().ok()).collect()
    }

    /// The row of table 6.3.2-1.
    pub fn problem(&self) -> String {
        let json = self.json();
        let kind = json.get("type").and_then(Json::as_str).unwrap_or_default();
        assert!(
            json.get("title").is_some() && json.get("detail").is_some(),
            "{json}"
        );
        assert_eq!(self.header("content-type"), Some("application/json"));
        kind.strip_prefix("https://uri.etsi.org/ngsi-ld/errors/")
            .unwrap_or_else(|| panic!("no problem: {}", self.text))
            .to_owned()
    }

    /// The ids of a list of entities, in order.
    pub fn ids(&self) -> Vec<String> {
        let json = self.json();
        let list = json.items().unwrap_or_else(|| panic!("no list: {json}"));
        let id = |e: &Json| e.get("id").and_then(Json::as_str).unwrap_or("?").to_owned();
        list.iter().map(id).collect()
    }
}

pub fn json(text: &str) -> Json {
    Json::read(text.as_bytes()).unwrap_or_else(|e| panic!("{text}: {e}"))
}

/// The same, members and items in whatever order they came.
pub fn sorted(json: &Json) -> String {
    match json {
        Json::Object(members) => {
            let mut all: Vec<String> = members
                .iter()
                .map(|(k, v)| format!("{k}:{}", sorted(v)))
                .collect();
            all.sort();
            format!("{{{}}}", all.join(","))
        }
        Json::Array(items) => {
            let mut all: Vec<String> = items.iter().map(sorted).collect();
            all.sort();
            format!("[{}]", all.join(","))
        }
        other => other.to_string(),
    }
}

pub const LD: (&str, &str) = ("content-type", "application/ld+json");
pub const JSON: (&str, &str) = ("content-type", "application/json");

impl Town {
    pub fn new() -> Self {
        Self::open(tempfile::tempdir().expect("a folder"), Arc::default())
    }

    /// One that fetches @contexts from this machine.
    pub fn fetching() -> Self {
        let hosts = vec!["127.0.0.1".to_owned()];
        let folder = tempfile::tempdir().expect("a folder");
        Self::with(folder, Arc::default(), FetchFrom::Hosts(hosts), |h| h)
    }

    pub fn open(folder: tempfile::TempDir, clock: Arc<ManualClock>) -> Self {
        Self::with(folder, clock, FetchFrom::Hosts(Vec::new()), |h| h)
    }

    fn with(
        folder: tempfile::TempDir,
        clock: Arc<ManualClock>,
        from: FetchFrom,
        history_as: impl FnOnce(History) -> History,
    ) -> Self {
        let bus = bus(folder.path());
        let broker = Broker::open(bus, clock.clone()).expect("a broker");
        let broker = Arc::new(broker);
        let history = History::open(&folder.path().join(HISTORY)).expect("a history");
        let following = history_as(history).follow(broker.clone());
        let following = following.expect("it follows");
        let app = Arc::new(App {
            broker: broker.clone(),
            fetch: Fetch::new(from, ureq::tls::TlsConfig::default()),
            history: Evolution::of(&following),
            rate: Rate::of(CALLS_PER_S),
        });
        Self {
            router: loggia_api::router(http::routes(&app), Arc::new(Demo(broker.clone()))),
            broker,
            clock,
            following,
            folder,
        }
    }

    /// The same town after a stop and a start.
    pub fn again(self) -> Self {
        self.again_with(|history| history)
    }

    /// And with a history that is kept otherwise.
    pub fn again_with(self, history_as: impl FnOnce(History) -> History) -> Self {
        let Self {
            router,
            broker,
            clock,
            following,
            folder,
        } = self;
        drop((router, following, broker));
        Self::with(folder, clock, FetchFrom::Hosts(Vec::new()), history_as)
    }

    pub async fn call(
        &self,
        method: &str,
        path: &str,
        headers: &[(&str, &str)],
        body: Option<&str>,
    ) -> Told {
        let mut request = asked(method, path, headers);
        if let Some(body) = body {
            request = request.header(header::CONTENT_LENGTH, body.len());
        }
        let body = Body::from(body.unwrap_or_default().to_owned());
        self.answered(request.body(body).expect("a request")).await
    }

    async fn answered(&self, request: Request<Body>) -> Told {
        let answer = self.router.clone().oneshot(request).await;
        let (parts, body) = answer.expect("an answer").into_parts();
        let bytes = to_bytes(body, BODY_BYTES_MAX).await.expect("a body");
        Told {
            status: parts.status.as_u16(),
            headers: parts.headers,
            text: String::from_utf8(bytes.to_vec()).expect("a text"),
        }
    }

    /// The same with a body whose length is not said before it.
    pub async fn call_unmeasured(
        &self,
        method: &str,
        path: &str,
        headers: &[(&str, &str)],
        body: &str,
    ) -> Told {
        let request = asked(method, path, headers);
        let request = request.body(Body::from(body.to_owned()));
        self.answered(request.expect("a request")).await
    }

    /// A JSON body under the core @context.
    pub async fn send(&self, method: &str, path: &str, body: &str) -> Told {
        self.call(method, path, &[JSON], Some(body)).await
    }

    pub async fn get(&self, path: &str) -> Told {
        self.call("GET", path, &[], None).await
    }

    pub async fn delete(&self, path: &str) -> Told {
        self.call("DELETE", path, &[], None).await
    }

    /// Sends, and it is done.
    pub async fn done(&self, method: &str, path: &str, body: &str) {
        let told = self.send(method, path, body).await;
        let good = matches!(told.status, 201 | 204);
        assert!(good, "{method} {path}: {} {}", told.status, told.text);
    }

    /// Makes entities.
    pub async fn made(&self, entities: &[&str]) {
        for entity in entities {
            self.done("POST", "/entities", entity).await;
        }
    }

    /// Gets, and there it is.
    pub async fn have(&self, path: &str) -> Json {
        let told = self.get(path).await;
        assert_eq!(told.status, 200, "{path}: {}", told.text);
        told.json()
    }
}

fn asked(method: &str, path: &str, headers: &[(&str, &str)]) -> Builder {
    let uri = format!("/ngsi-ld/v1{}", escaped(path));
    let request = Request::builder().method(method).uri(uri);
    let each = headers.iter();
    each.fold(request, |request, (name, value)| {
        request.header(*name, *value)
    })
}

pub fn bus(folder: &Path) -> Arc<Bus> {
    let config = BusConfig::new(7, FileLayer::Real);
    Arc::new(Bus::open(&folder.join("bus"), config).expect("a log"))
}

/// Paths in the tables are written as they are read.
fn escaped(path: &str) -> String {
    let mut out = String::new();
    for c in path.chars() {
        match c {
            ' ' | '"' | '<' | '>' | '{' | '}' | '|' | '^' | '`' | '[' | ']' | '#' => {
                out.push_str(&format!("%{:02X}", c as u32));
            }
            c if c.is_ascii() => out.push(c),
            c => {
                let mut bytes = [0; 4];
                for b in c.encode_utf8(&mut bytes).bytes() {
                    out.push_str(&format!("%{b:02X}"));
                }
            }
        }
    }
    out
}

/// One request and its refusal: clause, method, path, body, status, problem.
pub type Refusal<'t> = (&'t str, &'t str, &'t str, Option<&'t str>, u16, &'t str);

pub async fn refused(town: &Town, table: &[Refusal<'_>]) {
    for (clause, method, path, body, status, problem) in table {
        let told = match body {
            Some(body) => town.send(method, path, body).await,
            None => town.call(method, path, &[], None).await,
        };
        let row = format!("{clause}: {method} {path} {body:?}: {}", told.text);
        assert_eq!(told.status, *status, "{row}");
        assert_eq!(told.problem(), *problem, "{row}");
    }
}
