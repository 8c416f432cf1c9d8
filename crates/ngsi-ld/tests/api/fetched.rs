//! @contexts that are fetched from a server, which changes, breaks and goes away (clauses 5.5.6,
//! 5.13.1, 5.13.5).

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpListener};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use loggia_ngsi_ld::Json;

use crate::town::{JSON, LD, Told, Town, json};

/// A server of one document.
struct Server {
    at: SocketAddr,
    /// What it answers; nothing, and it hangs up.
    says: Arc<Mutex<Option<String>>>,
}

impl Server {
    fn new() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a socket");
        let at = listener.local_addr().expect("an address");
        let says: Arc<Mutex<Option<String>>> = Arc::default();
        let told = says.clone();
        std::thread::spawn(move || {
            for stream in listener.incoming() {
                let Ok(mut stream) = stream else {
                    return;
                };
                let mut asked = [0; 4_096];
                let read = stream.read(&mut asked);
                let answer = told.lock().expect("no panic").clone();
                if let (Ok(1..), Some(answer)) = (read, answer) {
                    // Whoever asked may be gone.
                    let _ = stream.write_all(answer.as_bytes());
                }
            }
        });
        Self { at, says }
    }

    fn says(&self, headers: &str, body: &str) {
        let length = body.len();
        let answer = format!(
            "HTTP/1.1 200 OK\r\nconnection: close\r\ncontent-length: {length}\r\n\
             {headers}\r\n{body}"
        );
        *self.says.lock().expect("no panic") = Some(answer);
    }

    fn breaks(&self) {
        *self.says.lock().expect("no panic") = None;
    }

    fn url(&self) -> String {
        format!("http://{}/c.jsonld", self.at)
    }

    fn link(&self) -> String {
        format!(
            "<{}>; rel=\"http://www.w3.org/ns/json-ld#context\"",
            self.url()
        )
    }

    /// Its path as an @context of the broker's.
    fn path(&self) -> String {
        let url = self.url().replace('/', "%2F");
        format!("/jsonldContexts/{url}")
    }
}

const FRESH: &str = "cache-control: max-age=100\r\n";

async fn car(town: &Town, server: &Server) -> Told {
    let link = server.link();
    let headers = [("link", &*link)];
    let at = "/entities/urn:x:1?options=keyValues";
    town.call("GET", at, &headers, None).await
}

async fn details(town: &Town, server: &Server) -> Json {
    town.have(&format!("{}?details=true", server.path())).await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn clause_5_13_1_what_is_cached_is_renewed_beside_the_calls() {
    let (town, server) = (Town::fetching(), Server::new());
    server.says(FRESH, r#"{"@context": {"a": "urn:x:a"}, "other": 1}"#);
    let (url, link) = (server.url(), server.link());
    let body = r#"{"id": "urn:x:1", "type": "T", "urn:x:a": 1}"#;
    let headers = [JSON, ("link", &*link)];
    let told = town.call("POST", "/entities", &headers, Some(body)).await;
    assert_eq!(told.status, 201, "{}", told.text);
    let first = details(&town, &server).await;
    assert_eq!(first.get("kind"), Some(&"Cached".into()));
    assert_eq!(first.get("URL"), Some(&(&*url).into()));
    assert_eq!(
        first.get("createdAt"),
        Some(&"2026-11-23T12:00:00.000Z".into())
    );
    assert_eq!(
        first.get("expiresAt"),
        Some(&"2026-11-23T12:01:40.000Z".into())
    );
    // Its server has another, which is not asked for while this one is fresh.
    server.says(FRESH, r#"{"@context": {"b": "urn:x:a"}}"#);
    let name = |told: &Told| told.json().get("b").is_some();
    for _ in 0..3 {
        assert!(!name(&car(&town, &server).await));
    }
    // A server that is away takes nothing from the city.
    server.breaks();
    town.clock.pass(Duration::from_secs(200));
    let told = car(&town, &server).await;
    assert_eq!((told.status, name(&told)), (200, false));
    // Within the hour it is asked again, and calls go on meanwhile.
    server.says(FRESH, r#"{"@context": {"b": "urn:x:a"}}"#);
    town.clock.pass(Duration::from_secs(3_601));
    let mut renewed = false;
    for _ in 0..1_000 {
        let told = car(&town, &server).await;
        assert_eq!(told.status, 200);
        if name(&told) {
            renewed = true;
            break;
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    assert!(renewed, "the new document within ten seconds");
    let second = details(&town, &server).await;
    assert_ne!(first.get("expiresAt"), second.get("expiresAt"));
    assert_eq!(first.get("localId"), second.get("localId"));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn clause_5_13_5_what_is_reloaded_is_there_or_stays() {
    let (town, server) = (Town::fetching(), Server::new());
    server.says("", r#"{"@context": {"a": "urn:x:a"}}"#);
    let body = r#"{"id": "urn:x:1", "type": "T", "a": 1}"#;
    let link = server.link();
    let headers = [JSON, ("link", &*link)];
    let told = town.call("POST", "/entities", &headers, Some(body)).await;
    assert_eq!(told.status, 201, "{}", told.text);
    let again = format!("{}?reload=true", server.path());
    for broken in ["", "[", "{}", r#"{"@context": 7}"#] {
        server.says("", broken);
        let told = town.delete(&again).await;
        let told = (told.status, told.problem());
        assert_eq!(told, (504, "LdContextNotAvailable".to_owned()), "{broken}");
        assert!(car(&town, &server).await.json().get("a").is_some());
    }
    server.says("", r#"{"@context": {"b": "urn:x:a"}}"#);
    assert_eq!(town.delete(&again).await.status, 204);
    assert!(car(&town, &server).await.json().get("b").is_some());
    server.breaks();
    assert_eq!(town.delete(&again).await.status, 504);
    assert_eq!(town.delete(&server.path()).await.status, 204);
    assert_eq!(town.delete(&server.path()).await.status, 404);
    // What cannot be had is told quickly, too: the server is left alone for a while.
    let told = car(&town, &server).await;
    assert_eq!(
        (told.status, &*told.problem()),
        (504, "LdContextNotAvailable")
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn clause_5_5_6_a_remote_context_that_is_none_breaks_the_request() {
    let (town, server) = (Town::fetching(), Server::new());
    let url = server.url();
    let body = format!(r#"{{"id": "urn:x:1", "type": "T", "@context": "{url}"}}"#);
    for broken in ["{}", r#"{"@context": 7}"#, "no JSON"] {
        server.says("", broken);
        let told = town.call("POST", "/entities", &[LD], Some(&body)).await;
        let told = (told.status, told.problem());
        assert_eq!(told, (400, "BadRequestData".to_owned()), "{broken}");
    }
    assert!(town.broker.is_empty());
    server.says("", r#"{"@context": {}}"#);
    let told = town.call("POST", "/entities", &[LD], Some(&body)).await;
    assert_eq!(told.status, 201, "{}", told.text);
    assert_eq!(
        town.have("/entities?type=T")
            .await
            .items()
            .map(<[Json]>::len),
        Some(1)
    );
    let wanted = json(r#"{"id": "urn:x:1", "type": "T"}"#);
    assert_eq!(town.have("/entities/urn:x:1").await, wanted);
}
