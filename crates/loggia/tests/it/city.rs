//! A demo city in a folder of its own, started, asked and killed. Never outlives its test.

use std::fs::File;
use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output};
use std::sync::atomic::{AtomicU32, Ordering};
use std::thread::sleep;
use std::time::Duration;

use serde_json::{Value, json};
use ureq::http::{HeaderMap, Request, StatusCode};

/// Everybody's password and passphrase.
pub const PASSPHRASE: &str = "demo";
/// A page of the city's own origin says so (Fetch Metadata).
pub const OWN_PAGE: (&str, &str) = ("sec-fetch-site", "same-origin");
/// How often something awaited is looked at, and how often at most before the test gives up.
const LOOK_EVERY: Duration = Duration::from_millis(200);
const LOOKS_MAX: u32 = 900;

/// Where one test's city lies: data, temporary files and logs under one root.
pub struct Ground {
    root: tempfile::TempDir,
}

impl Ground {
    pub fn new() -> Self {
        let root = tempfile::tempdir().unwrap();
        std::fs::create_dir(root.path().join("tmp")).unwrap();
        Self { root }
    }

    pub fn root(&self) -> &Path {
        self.root.path()
    }

    pub fn data(&self) -> PathBuf {
        self.root().join("data")
    }

    pub fn start_at(&self, data: &Path) -> City {
        self.start_with(data, &[])
    }

    /// Starts the city in `data` and waits until it answers.
    pub fn start_with(&self, data: &Path, more: &[&str]) -> City {
        let log = File::options()
            .create(true)
            .append(true)
            .open(self.root().join("log"))
            .unwrap();
        let (port, desk) = (free_port(), free_port());
        let child = loggia()
            // What a test finds among the city's data it has written itself.
            .args(["demo", "--no-readings"])
            .arg("--data")
            .arg(data)
            .args(["--port", &port.to_string()])
            .args(["--desk-port", &desk.to_string()])
            .args(more)
            .env("TMPDIR", self.root().join("tmp"))
            .env("LOGGIA_LOG", "debug")
            .stdout(log.try_clone().unwrap())
            .stderr(log)
            .spawn()
            .unwrap();
        let agent = ureq::Agent::config_builder()
            .max_redirects(0)
            // Each call on its own connection: a kept one may be closed by the city at any time.
            .max_idle_connections(0)
            .http_status_as_error(false)
            .build()
            .new_agent();
        let mut city = City {
            child,
            port,
            desk,
            agent,
        };
        until("the city answers", || {
            assert!(
                city.child.try_wait().unwrap().is_none(),
                "the city stopped: {}",
                std::fs::read_to_string(self.root().join("log")).unwrap()
            );
            let url = format!("http://127.0.0.1:{desk}/");
            city.agent.get(&url).call().ok()
        });
        city
    }

    pub fn start(&self) -> City {
        self.start_at(&self.data())
    }
}

/// A running demo city.
pub struct City {
    child: Child,
    port: u16,
    desk: u16,
    agent: ureq::Agent,
}

/// An answer, read whole.
pub struct Answer {
    pub status: StatusCode,
    pub headers: HeaderMap,
    pub body: Vec<u8>,
}

impl Answer {
    pub fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }

    /// The JSON of a successful answer.
    #[track_caller]
    pub fn json(&self) -> Value {
        assert!(self.status.is_success(), "{} {}", self.status, self.text());
        serde_json::from_slice(&self.body).unwrap()
    }

    pub fn is_json(&self) -> bool {
        self.headers
            .get("content-type")
            .is_some_and(|t| t.to_str().unwrap().contains("json"))
    }
}

impl City {
    /// The process's number.
    pub fn pid(&self) -> u32 {
        self.child.id()
    }

    pub fn console(&self, path: &str) -> String {
        format!("http://127.0.0.1:{}{path}", self.port)
    }

    pub fn desk(&self, path: &str) -> String {
        format!("http://127.0.0.1:{}{path}", self.desk)
    }

    /// Calls and reads headers; the body only where it ends (live events do not).
    pub fn call(&self, method: &str, url: &str, headers: &[(&str, &str)], body: &[u8]) -> Answer {
        let mut request = Request::builder().method(method).uri(url);
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let answer = if matches!(method, "POST" | "PUT") {
            let said = headers.iter().any(|(name, _)| *name == "content-type");
            let request = match said {
                true => request,
                false => request.header("content-type", "application/json"),
            };
            self.agent.run(request.body(body.to_vec()).unwrap())
        } else {
            self.agent.run(request.body(()).unwrap())
        };
        let (parts, mut body) = answer.unwrap().into_parts();
        let live = parts
            .headers
            .get("content-type")
            .is_some_and(|t| t == "text/event-stream");
        let body = if live {
            Vec::new()
        } else {
            body.with_config().limit(1 << 30).read_to_vec().unwrap()
        };
        Answer {
            status: parts.status,
            headers: parts.headers,
            body,
        }
    }

    pub fn get(&self, cookie: &str, path: &str) -> Answer {
        self.call("GET", &self.console(path), &[("cookie", cookie)], b"")
    }

    pub fn post(&self, cookie: &str, path: &str, body: &Value) -> Answer {
        let headers = [("cookie", cookie), OWN_PAGE];
        let body = serde_json::to_vec(body).unwrap();
        self.call("POST", &self.console(path), &headers, &body)
    }

    /// An answer that is read while it comes; its status when it was refused.
    pub fn stream(
        &self,
        cookie: &str,
        method: &str,
        path: &str,
    ) -> Result<ureq::BodyReader<'static>, StatusCode> {
        let request = Request::builder()
            .method(method)
            .uri(self.console(path))
            .header("cookie", cookie)
            .header(OWN_PAGE.0, OWN_PAGE.1);
        let answer = self.agent.run(request.body(()).unwrap()).unwrap();
        if !answer.status().is_success() {
            return Err(answer.status());
        }
        Ok(answer.into_body().into_reader())
    }

    /// Becomes a demo person; gives the session's cookie.
    pub fn become_person(&self, person: &str) -> String {
        let body = serde_json::to_vec(&json!({ "person": person })).unwrap();
        let url = self.console("/api/v1/demo/become");
        let answer = self.call("POST", &url, &[OWN_PAGE], &body);
        assert_eq!(answer.status, 200, "{person}: {}", answer.text());
        let set = answer.headers["set-cookie"].to_str().unwrap();
        set.split(';').next().unwrap().to_owned()
    }

    /// What the key desk's page does for its holder.
    pub fn act(&self, person: &str, request: &str, act: &str, passphrase: &str) -> Answer {
        let deed = json!({
            "person": person, "request": request, "act": act, "note": "", "passphrase": passphrase,
        });
        let body = serde_json::to_vec(&deed).unwrap();
        self.call("POST", &self.desk("/desk/act"), &[OWN_PAGE], &body)
    }

    /// SIGKILL: nothing is finished, nothing is flushed.
    pub fn kill(mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }

    /// SIGTERM, and the end in good order.
    pub fn stop(mut self) {
        let pid = rustix::process::Pid::from_child(&self.child);
        rustix::process::kill_process(pid, rustix::process::Signal::TERM).unwrap();
        assert!(self.child.wait().unwrap().success());
    }
}

impl Drop for City {
    fn drop(&mut self) {
        // Both fail when the city has ended already, which is what is wanted.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// The binary under test.
pub fn loggia() -> Command {
    Command::new(env!("CARGO_BIN_EXE_loggia"))
}

/// `loggia verify` of something; what it said and whether it holds.
pub fn verify(what: &Path, since: Option<&Path>) -> (bool, String) {
    let mut command = loggia();
    command.arg("verify").arg(what);
    if let Some(kept) = since {
        command.arg("--since").arg(kept);
    }
    said(&command.output().unwrap())
}

pub fn said(output: &Output) -> (bool, String) {
    let text = |b: &[u8]| String::from_utf8_lossy(b).into_owned();
    let all = text(&output.stdout) + &text(&output.stderr);
    (output.status.success(), all)
}

/// A port that nobody listens on, below those that the machine hands out by itself: none of the
/// tests beside this one is given it for a connection between asking and listening.
pub fn free_port() -> u16 {
    static TAKEN: AtomicU32 = AtomicU32::new(0);
    loop {
        let n = TAKEN.fetch_add(1, Ordering::Relaxed);
        let port = 10_000 + (std::process::id().wrapping_mul(61) + n) % 20_000;
        let port = u16::try_from(port).unwrap();
        if TcpListener::bind(("127.0.0.1", port)).is_ok() {
            return port;
        }
    }
}

/// Looks until there is something; a long bound ends a test that would hang.
pub fn until<T>(what: &str, mut look: impl FnMut() -> Option<T>) -> T {
    for _ in 0..LOOKS_MAX {
        if let Some(found) = look() {
            return found;
        }
        sleep(LOOK_EVERY);
    }
    panic!("waited in vain: {what}");
}

/// This machine's wall clock, microseconds since 1970.
pub fn now_us() -> i64 {
    let t = rustix::time::clock_gettime(rustix::time::ClockId::Realtime);
    t.tv_sec * 1_000_000 + t.tv_nsec / 1_000
}
