//! The page that a malicious city serves into a custodian's own browser: it has phished the
//! passphrase, and acts on the desk on the loopback port in each form in which a browser lets a
//! page of another origin do it. Over HTTP, on a real port. Never used outside tests.

use std::io::{Read as _, Write as _};
use std::net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream};
use std::sync::Arc;
use std::thread::JoinHandle;

use anyhow::bail;
use axum::Router;
use axum::extract::Request as Call;
use axum::http::{HeaderName, HeaderValue, header};
use axum::middleware::{self, Next};
use loggia_model::RequestId;
use loggia_sim::Dice;
use serde_json::json;
use tokio::sync::watch;

use super::super::{Desk, router};
use super::classes::Stop;
use super::plot::Plot;
use super::scene::PASSPHRASE;
use crate::guests::{GUESTS, serve};
use crate::serve::desk_at_home;

/// In texts: the desk's port.
const PORT: &str = "$PORT";
const OWN_HOST: &str = "127.0.0.1:$PORT";
/// Between the parts of a form that is sent in parts.
const BOUNDARY: &str = "----altered";

/// What a desk's server asks of whoever calls it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Door {
    /// That an act comes from the desk's own page (Fetch Metadata, or `Origin` against `Host`).
    OwnPage,
    /// That the desk is called by its own name on this machine (DNS rebinding).
    OwnName,
    /// That an act is written in JSON, which no form and no call without a preflight is.
    Json,
}

impl Door {
    /// What the desk says when this keeps somebody out.
    pub const fn words(self) -> &'static str {
        match self {
            Self::OwnPage => "this call came from a page of another site",
            Self::OwnName => "this address answers only to its own name",
            Self::Json => "Expected request with `Content-Type: application/json`",
        }
    }
}

/// How the act is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Shape {
    /// JSON, by `fetch` or a beacon.
    Json,
    /// A form of `text/plain` whose one field's name and value make JSON around the `=`.
    TextForm,
    /// A form as forms are.
    Form,
    /// A form in parts.
    Parts,
    /// A navigation, an image or a script: everything in the address.
    Act,
    /// The same, to read what waits.
    Look,
}

/// How a page acts on the desk.
#[derive(Debug)]
pub struct Page {
    host: String,
    headers: Vec<(&'static str, String)>,
    media: Option<&'static str>,
    shape: Shape,
}

impl Page {
    /// The desk's own page.
    pub fn own() -> Self {
        let headers = vec![
            ("origin", format!("http://{OWN_HOST}")),
            ("sec-fetch-site", "same-origin".to_owned()),
        ];
        Self {
            host: OWN_HOST.to_owned(),
            headers,
            media: Some("application/json"),
            shape: Shape::Json,
        }
    }

    /// What the desk is sent, as a browser writes it.
    fn call(&self, at: SocketAddr, name: &str, request: RequestId) -> String {
        let (person, id) = (name, request.to_string());
        // The form of text is split at this note.
        let deed = json!({
            "person": person, "request": id, "act": "release", "note": "=",
            "passphrase": PASSPHRASE,
        });
        let fields = [
            ("person", person),
            ("request", &id),
            ("act", "release"),
            ("note", ""),
            ("passphrase", PASSPHRASE),
        ];
        let form = fields.map(|(k, v)| format!("{k}={v}")).join("&");
        let part = |(k, v): (&str, &str)| {
            format!("--{BOUNDARY}\r\ncontent-disposition: form-data; name=\"{k}\"\r\n\r\n{v}\r\n")
        };
        let (method, path, body) = match self.shape {
            Shape::Json => ("POST", "/desk/act".to_owned(), deed.to_string()),
            Shape::TextForm => ("POST", "/desk/act".to_owned(), format!("{deed}\r\n")),
            Shape::Form => ("POST", "/desk/act".to_owned(), form),
            Shape::Parts => (
                "POST",
                "/desk/act".to_owned(),
                format!("{}--{BOUNDARY}--\r\n", fields.map(part).concat()),
            ),
            Shape::Act => ("GET", format!("/desk/act?{form}"), String::new()),
            Shape::Look => (
                "GET",
                format!("/desk/requests?person={person}"),
                String::new(),
            ),
        };
        let media = self.media.map(|m| ("content-type", m.to_owned()));
        self.written(at, method, &path, media.as_slice(), &body)
    }

    /// What a browser asks first, where the act is no simple call (Fetch, CORS-preflight).
    fn preflight(&self, at: SocketAddr) -> String {
        let more = [
            ("access-control-request-method", "POST".to_owned()),
            ("access-control-request-headers", "content-type".to_owned()),
        ];
        self.written(at, "OPTIONS", "/desk/act", &more, "")
    }

    fn written(
        &self,
        at: SocketAddr,
        method: &str,
        path: &str,
        more: &[(&str, String)],
        body: &str,
    ) -> String {
        let mut text = format!("{method} {path} HTTP/1.1\r\nhost: {}\r\n", self.host);
        for (name, value) in self.headers.iter().chain(more) {
            text += &format!("{name}: {value}\r\n");
        }
        let text = text.replace(PORT, &at.port().to_string());
        let length = body.len();
        format!("{text}connection: close\r\ncontent-length: {length}\r\n\r\n{body}")
    }

    /// Acts on the open desk with this custodian's passphrase.
    pub fn acts(&self, desk: &OpenDesk, name: &str, request: RequestId) -> anyhow::Result<()> {
        if self.shape == Shape::Json && self.host == OWN_HOST {
            // A browser would stop here, if the desk granted nothing; this attacker goes on.
            grants_nothing(&desk.answer(&self.preflight(desk.at)));
        }
        let answer = desk.answer(&self.call(desk.at, name, request));
        grants_nothing(&answer);
        let well = answer.starts_with("HTTP/1.1 2");
        // Under a name of the attacker's own the page may read what comes back.
        let reads = well && self.shape == Shape::Look && self.host != OWN_HOST;
        assert!(!reads, "a page under another name reads what waits");
        if !well {
            bail!("{answer}");
        }
        Ok(())
    }
}

/// Nothing that the desk answers is for a page of another origin to call or to read.
fn grants_nothing(answer: &str) {
    let head = answer.split("\r\n\r\n").next().unwrap().to_lowercase();
    assert!(head.starts_with("http/1.1 "), "no answer: {answer}");
    assert!(!head.contains("access-control-allow"), "{head}");
    assert!(
        head.contains("cross-origin-resource-policy: same-origin"),
        "{head}"
    );
    assert!(head.contains("frame-ancestors 'none'"), "{head}");
}

/// What a browser says of a page that is not the desk's own: one that knows Fetch Metadata says
/// whence and of which origin, an older one the origin alone.
fn foreign(dice: &mut Dice) -> Vec<(&'static str, String)> {
    // Below what the machine hands out by itself, so never the desk's.
    let port = 1 + dice.below(1_023);
    let (origin, site) = match dice.below(8) {
        0 => (format!("https://city{port}.example"), "cross-site"),
        1 => (format!("http://127.0.0.1:{port}"), "same-site"),
        2 => (format!("http://localhost:{port}"), "same-site"),
        // A sandboxed frame, a `data:` address, a page without a referrer.
        3 => ("null".to_owned(), "cross-site"),
        4 => ("http://127.0.0.1".to_owned(), "same-site"),
        5 => (
            format!("http://127.0.0.1.city.example:{PORT}"),
            "cross-site",
        ),
        6 => (format!("http://[::1]:{PORT}"), "cross-site"),
        // Another name of the same machine and port is another origin.
        _ => (format!("http://localhost:{PORT}"), "cross-site"),
    };
    let mut said = vec![("origin", origin)];
    if dice.happens(700) {
        let mode = ["cors", "no-cors", "navigate"][dice.below(3) as usize];
        said.push(("sec-fetch-site", site.to_owned()));
        said.push(("sec-fetch-mode", mode.to_owned()));
    }
    said
}

/// The attacker's own name, which leads to this machine by now, and what a browser says of a page
/// that was loaded under it.
fn rebound(dice: &mut Dice) -> (String, Vec<(&'static str, String)>) {
    let host = match dice.below(6) {
        0 | 1 => format!("w{}.city.example:{PORT}", dice.below(1_000_000)),
        2 => format!("0.0.0.0:{PORT}"),
        3 => format!("[::1]:{PORT}"),
        4 => format!("localhost.city.example:{PORT}"),
        _ => format!("127.0.0.1.city.example:{PORT}"),
    };
    let mut said = Vec::new();
    // Fetch Metadata goes to trustworthy addresses alone, so not to such a name: but it may.
    match dice.below(3) {
        0 => {}
        1 => said.push(("origin", format!("http://{host}"))),
        _ => {
            said.push(("origin", format!("http://{host}")));
            said.push(("sec-fetch-site", "same-origin".to_owned()));
        }
    }
    (host, said)
}

/// All have truly agreed, and the page that asks for the release is not the desk's own.
pub(super) fn altered_page(plot: &mut Plot, dice: &mut Dice) -> Stop {
    let mut page = Page::own();
    let stop = match dice.below(8) {
        0..=2 => {
            page.headers = foreign(dice);
            Stop::Door(Door::OwnPage)
        }
        3 | 4 => {
            (page.host, page.headers) = rebound(dice);
            Stop::Door(Door::OwnName)
        }
        // A browser that says nothing of where a call comes from: what needs no preflight.
        5 => {
            page.headers.clear();
            (page.shape, page.media) = match dice.below(4) {
                0 => (Shape::TextForm, Some("text/plain")),
                1 => (Shape::Json, Some("text/plain;charset=UTF-8")),
                2 => (Shape::Json, Some("application/x-www-form-urlencoded")),
                _ => (Shape::Json, None),
            };
            Stop::Door(Door::Json)
        }
        // Forms and addresses of a page elsewhere; more than one thing stops them.
        6 => {
            page.headers = foreign(dice);
            in_a_form(&mut page, dice);
            Stop::Several
        }
        _ => {
            (page.host, page.headers) = rebound(dice);
            in_a_form(&mut page, dice);
            Stop::Several
        }
    };
    plot.page = Some(page);
    stop
}

fn in_a_form(page: &mut Page, dice: &mut Dice) {
    (page.shape, page.media) = match dice.below(5) {
        0 => (Shape::TextForm, Some("text/plain")),
        1 => (Shape::Form, Some("application/x-www-form-urlencoded")),
        2 => (
            Shape::Parts,
            Some("multipart/form-data; boundary=----altered"),
        ),
        3 => (Shape::Act, None),
        _ => (Shape::Look, None),
    };
}

/// The desk on a port of this machine, as its holder opens it.
pub struct OpenDesk {
    at: SocketAddr,
    stop: watch::Sender<bool>,
    serving: JoinHandle<()>,
}

impl OpenDesk {
    /// Opens it; without one thing that it asks of callers: controls alone.
    pub fn open(desk: &Arc<Desk>, without: Option<Door>) -> Self {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
        listener.set_nonblocking(true).unwrap();
        let at = listener.local_addr().unwrap();
        let app = app(Arc::clone(desk), at, without);
        let (stop, stopped) = watch::channel(false);
        let serving = std::thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_current_thread()
                .enable_all()
                .build()
                .unwrap();
            runtime.block_on(async move {
                let listener = tokio::net::TcpListener::from_std(listener).unwrap();
                serve(listener, app, GUESTS, stopped).await;
            });
        });
        Self { at, stop, serving }
    }

    fn answer(&self, call: &str) -> String {
        let mut to = TcpStream::connect(self.at).unwrap();
        to.write_all(call.as_bytes()).unwrap();
        let mut answer = Vec::new();
        to.read_to_end(&mut answer).unwrap();
        String::from_utf8_lossy(&answer).into_owned()
    }

    /// Nobody holds the desk any more afterwards.
    pub fn close(self) {
        let _ = self.stop.send(true);
        self.serving.join().unwrap();
    }
}

/// The server of [`crate::serve::desk_alone`], but for what a control takes out.
fn app(desk: Arc<Desk>, at: SocketAddr, without: Option<Door>) -> Router {
    let said = |name: HeaderName, value: &'static str| {
        middleware::from_fn(move |mut call: Call, next: Next| {
            let value = HeaderValue::from_static(value);
            call.headers_mut().insert(name.clone(), value);
            next.run(call)
        })
    };
    match without {
        None => desk_at_home(desk, at),
        Some(Door::OwnName) => router(desk),
        Some(Door::OwnPage) => {
            let site = HeaderName::from_static("sec-fetch-site");
            desk_at_home(desk, at).layer(said(site, "same-origin"))
        }
        Some(Door::Json) => {
            desk_at_home(desk, at).layer(said(header::CONTENT_TYPE, "application/json"))
        }
    }
}
