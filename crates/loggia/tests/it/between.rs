//! A server between a key desk and a city that alters what passes, and a desk behind it. Alters
//! nothing that it was not told to.

use std::process::{Child, Stdio};
use std::sync::{Arc, Mutex};

use axum::body::Bytes;
use axum::extract::{Request as Call, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use loggia_policy::Request;
use serde_json::{Value, json};

use crate::city::{Answer, City, Ground, OWN_PAGE, PASSPHRASE, free_port, loggia, until};

/// Long enough for any call or answer here.
const BODY_BYTES_MAX: usize = 8 << 20;

type Ask = Box<dyn Fn(&str) -> String + Send + Sync>;
type Tell = Box<dyn Fn(&str, Vec<u8>) -> Vec<u8> + Send + Sync>;

/// What the server in between does to a call's path and to an answer's body.
pub struct Lie {
    ask: Ask,
    pub tell: Tell,
}

impl Lie {
    pub fn none() -> Self {
        Self::tell(|_, body| body)
    }

    pub fn tell(tell: impl Fn(&str, Vec<u8>) -> Vec<u8> + Send + Sync + 'static) -> Self {
        Self {
            ask: Box::new(str::to_owned),
            tell: Box::new(tell),
        }
    }

    pub fn ask(ask: impl Fn(&str) -> String + Send + Sync + 'static) -> Self {
        Self {
            ask: Box::new(ask),
            tell: Box::new(|_, body| body),
        }
    }

    /// Alters the JSON of the answers whose path ends so.
    pub fn json(end: &'static str, alter: impl Fn(&mut Value) + Send + Sync + 'static) -> Self {
        Self::tell(move |path, body| {
            if !path.ends_with(end) {
                return body;
            }
            let mut value = serde_json::from_slice(&body).unwrap();
            alter(&mut value);
            serde_json::to_vec(&value).unwrap()
        })
    }

    /// Alters what the city shows of every request.
    pub fn shown(alter: impl Fn(&mut Value) + Send + Sync + 'static) -> Self {
        Self::json("/desk/requests", move |page| {
            page["requests"]
                .as_array_mut()
                .unwrap()
                .iter_mut()
                .for_each(&alter);
        })
    }

    /// Another request text; under its true name, or under the name that it would have.
    pub fn text(renamed: bool, alter: impl Fn(&mut Request) + Send + Sync + 'static) -> Self {
        Self::shown(move |view| {
            let mut request = Request::parse(view["request"].as_str().unwrap()).unwrap();
            alter(&mut request);
            let text = request.to_json().unwrap();
            if renamed {
                view["id"] = json!(Request::id_of(&text));
                view["requester"] = json!(request.requester);
            }
            view["request"] = json!(text);
        })
    }
}

/// The server in between.
pub struct Between {
    city: String,
    agent: ureq::Agent,
    lie: Mutex<Lie>,
    /// What the desk has sent to be kept: paths of its POSTs.
    pub sent: Mutex<Vec<String>>,
    /// What was asked for: paths of GETs, each with the city's media type of the answer.
    pub asked: Mutex<Vec<(String, String)>>,
}

impl Between {
    /// Stands before `city` on a port of its own.
    pub fn start(city: String) -> (Arc<Self>, u16) {
        let agent = ureq::Agent::config_builder()
            .http_status_as_error(false)
            .max_idle_connections(0)
            .build()
            .new_agent();
        let between = Arc::new(Self {
            city,
            agent,
            lie: Mutex::new(Lie::none()),
            sent: Mutex::default(),
            asked: Mutex::default(),
        });
        let port = free_port();
        // Bound here: whoever is given the port is answered.
        let at = std::net::TcpListener::bind(("127.0.0.1", port)).unwrap();
        at.set_nonblocking(true).unwrap();
        let app = axum::Router::new()
            .fallback(pass)
            .with_state(Arc::clone(&between));
        std::thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_multi_thread()
                .worker_threads(1)
                .enable_all()
                .build()
                .unwrap();
            runtime.block_on(async move {
                let at = tokio::net::TcpListener::from_std(at).unwrap();
                axum::serve(at, app).await.unwrap();
            });
        });
        (between, port)
    }

    pub fn lies(&self, lie: Lie) {
        *self.lie.lock().unwrap() = lie;
    }

    fn forward(&self, method: &str, path: &str, auth: Option<&str>, body: &[u8]) -> Response {
        let lie = self.lie.lock().unwrap();
        let mut call = ureq::http::Request::builder().method(method).uri(format!(
            "{}{}",
            self.city,
            (lie.ask)(path)
        ));
        if let Some(auth) = auth {
            call = call.header("authorization", auth);
        }
        let answer = if method == "POST" {
            self.sent.lock().unwrap().push(path.to_owned());
            let call = call.header("content-type", "application/json");
            self.agent.run(call.body(body.to_vec()).unwrap())
        } else {
            self.agent.run(call.body(()).unwrap())
        };
        let mut answer = answer.unwrap();
        let status = StatusCode::from_u16(answer.status().as_u16()).unwrap();
        let media = answer.headers().get("content-type");
        let media = media.map_or("", |m| m.to_str().unwrap()).to_owned();
        let body = answer.body_mut().read_to_vec().unwrap();
        if method == "POST" {
            return (status, body).into_response();
        }
        let told = (lie.tell)(path, body.clone());
        self.asked.lock().unwrap().push((path.to_owned(), media));
        // What the lie answers itself has gone well.
        let status = if told == body { status } else { StatusCode::OK };
        (status, told).into_response()
    }
}

async fn pass(State(between): State<Arc<Between>>, call: Call) -> Response {
    let (head, body) = call.into_parts();
    let body: Bytes = axum::body::to_bytes(body, BODY_BYTES_MAX).await.unwrap();
    let path = head.uri.path_and_query().unwrap().to_string();
    let auth = head
        .headers
        .get("authorization")
        .map(|a| a.to_str().unwrap().to_owned());
    let work = move || between.forward(head.method.as_str(), &path, auth.as_deref(), &body);
    tokio::task::spawn_blocking(work).await.unwrap()
}

/// A custodian's own desk on its own port, with its own pins.
pub struct OwnDesk {
    child: Child,
    port: u16,
}

impl OwnDesk {
    pub fn start(ground: &Ground, city: &City, between: u16) -> Self {
        let keys = ground.root().join("desk-keys");
        std::fs::create_dir(&keys).unwrap();
        for entry in std::fs::read_dir(ground.data().join("keys-of-everybody")).unwrap() {
            let path = entry.unwrap().path();
            // The holder is handed the log policy too; the demo has it beside the keys.
            if path.extension().is_some_and(|e| e == "loggia-key")
                || path.file_name().is_some_and(|n| n == "tlog-policy")
            {
                std::fs::copy(&path, keys.join(path.file_name().unwrap())).unwrap();
            }
        }
        let port = free_port();
        let child = loggia()
            .args(["key", "desk", "--keys"])
            .arg(&keys)
            .args(["--server", &format!("http://127.0.0.1:{between}")])
            .args(["--port", &port.to_string()])
            .env("LOGGIA_PASSPHRASE", PASSPHRASE)
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let desk = Self { child, port };
        until("the desk answers", || {
            std::net::TcpStream::connect(("127.0.0.1", port)).ok()
        });
        let first = desk.look(city);
        assert!(first.status.is_success(), "first contact: {}", first.text());
        desk
    }

    pub fn url(&self, path: &str) -> String {
        format!("http://127.0.0.1:{}{path}", self.port)
    }

    pub fn look(&self, city: &City) -> Answer {
        city.call(
            "GET",
            &self.url("/desk/requests?person=k.virtanen"),
            &[],
            b"",
        )
    }

    pub fn act(&self, city: &City, person: &str, act: &str, request: &str) -> Answer {
        let deed = json!({
            "person": person, "request": request, "act": act, "note": "", "passphrase": PASSPHRASE,
        });
        let deed = serde_json::to_vec(&deed).unwrap();
        city.call("POST", &self.url("/desk/act"), &[OWN_PAGE], &deed)
    }
}

impl Drop for OwnDesk {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
