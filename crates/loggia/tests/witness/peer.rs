//! A witness process: made, told of logs, started, asked, killed. Never outlives its test.

use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::thread::sleep;
use std::time::Duration;

use loggia_transparency::witness::{AddCheckpoint, WitnessAnswer};
use loggia_transparency::{CosignerPublic, TlogPolicy, Verifier, WitnessBody};
use ureq::http::Request;

use crate::forge::Forge;

pub const NAME: &str = "witness.example/w1";
/// Looks at a starting process, and how often at most.
const LOOK_EVERY: Duration = Duration::from_millis(50);
const LOOKS_MAX: u32 = 1_200;

/// Whose witness.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Maker {
    Loggia,
    Python,
}

fn python() -> Command {
    let here = Path::new(env!("CARGO_MANIFEST_DIR"));
    let own = here.join("../../.cache/venv/bin/python");
    let mut command = Command::new(std::env::var_os("LOGGIA_PYTHON").map_or(own, PathBuf::from));
    command.arg(here.join("../transparency/tests/witness.py"));
    command
}

impl Maker {
    fn command(self, verb: &str) -> Command {
        let mut command = match self {
            Self::Loggia => {
                let mut loggia = Command::new(env!("CARGO_BIN_EXE_loggia"));
                loggia.arg("witness");
                loggia
            }
            Self::Python => python(),
        };
        command.arg(verb);
        command
    }
}

/// One witness's folder and keys.
pub struct Peer {
    pub maker: Maker,
    root: tempfile::TempDir,
    pub keys: Vec<CosignerPublic>,
}

impl Peer {
    /// A witness that watches this log.
    pub fn of(maker: Maker, log: &Forge) -> Self {
        let root = tempfile::tempdir().unwrap();
        let mut init = maker.command("init");
        init.arg("--data")
            .arg(root.path().join("w"))
            .args(["--name", NAME]);
        let said = succeed(&mut init);
        let keys: Vec<CosignerPublic> = said
            .split_whitespace()
            .filter_map(|w| w.parse().ok())
            .collect();
        assert_eq!(keys.len(), 2, "{said}");
        let peer = Self { maker, root, keys };
        peer.learn(&log.key());
        peer
    }

    pub fn data(&self) -> PathBuf {
        self.root.path().join("w")
    }

    pub fn learn(&self, key: &Verifier) {
        let mut learn = self.maker.command("learn");
        succeed(learn.arg("--data").arg(self.data()).arg(key.to_string()));
    }

    /// Starts it and waits until it answers.
    pub fn start(&self) -> Running {
        let port = TcpListener::bind("127.0.0.1:0")
            .unwrap()
            .local_addr()
            .unwrap()
            .port();
        let mut serve = self.maker.command("serve");
        serve
            .arg("--data")
            .arg(self.data())
            .args(["--listen", &format!("127.0.0.1:{port}")]);
        let child = serve.stdout(Stdio::null()).stderr(Stdio::null()).spawn();
        let child = child.unwrap_or_else(|e| panic!("{:?} does not start: {e}", self.maker));
        let agent = ureq::Agent::config_builder()
            .max_idle_connections(0)
            .http_status_as_error(false)
            .build()
            .new_agent();
        let mut running = Running { child, port, agent };
        for _ in 0..LOOKS_MAX {
            assert!(
                running.child.try_wait().unwrap().is_none(),
                "{:?} stopped",
                self.maker
            );
            if running.send(b"").is_some() {
                return running;
            }
            sleep(LOOK_EVERY);
        }
        panic!("{:?} does not answer", self.maker);
    }

    /// This witness alone, both keys.
    pub fn policy(&self, log: &Forge) -> TlogPolicy {
        let body = WitnessBody {
            name: "w1".to_owned(),
            keys: self.keys.clone(),
            url: None,
        };
        TlogPolicy::compose(&log.key(), &[body], 1)
            .unwrap()
            .parse()
            .unwrap()
    }
}

/// A running witness.
pub struct Running {
    child: Child,
    port: u16,
    agent: ureq::Agent,
}

/// Status, content type and body.
pub type Said = (u16, String, Vec<u8>);

impl Running {
    /// Sends a body; nothing if the process is gone or was killed meanwhile.
    pub fn send(&self, body: &[u8]) -> Option<Said> {
        let url = format!("http://127.0.0.1:{}/add-checkpoint", self.port);
        let request = Request::builder()
            .method("POST")
            .uri(url)
            .body(body.to_vec());
        let (parts, mut body) = self.agent.run(request.unwrap()).ok()?.into_parts();
        let kind = parts.headers.get("content-type");
        let kind = kind
            .map(|k| k.to_str().unwrap().to_owned())
            .unwrap_or_default();
        Some((parts.status.as_u16(), kind, body.read_to_vec().ok()?))
    }

    pub fn said(&self, asked: &AddCheckpoint) -> Said {
        self.send(asked.body().as_bytes())
            .expect("the witness answers")
    }

    pub fn ask(&self, asked: &AddCheckpoint) -> WitnessAnswer {
        let (status, kind, body) = self.said(asked);
        WitnessAnswer::parse(status, Some(&kind), &body).unwrap()
    }

    /// The status of an answer.
    pub fn status(&self, asked: &AddCheckpoint) -> u16 {
        self.said(asked).0
    }

    /// The last cosigned checkpoint; `loggia witness` alone serves it.
    pub fn get(&self, path: &str) -> (u16, String) {
        let url = format!("http://127.0.0.1:{}{path}", self.port);
        let mut answer = self.agent.get(url).call().unwrap();
        (
            answer.status().as_u16(),
            answer.body_mut().read_to_string().unwrap(),
        )
    }

    /// Largest memory so far, kB.
    pub fn vm_hwm_kb(&self) -> u64 {
        let status = std::fs::read_to_string(format!("/proc/{}/status", self.pid())).unwrap();
        let line = status
            .lines()
            .find_map(|l| l.strip_prefix("VmHWM:"))
            .unwrap();
        line.trim().trim_end_matches(" kB").parse().unwrap()
    }

    pub fn pid(&self) -> u32 {
        self.child.id()
    }

    /// kill -9.
    pub fn kill(mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        // Both fail when it has ended already, which is what is wanted.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// The second implementation's word on a cosigned checkpoint: signed by all of these keys?
pub fn python_agrees(note: &str, keys: &[String]) -> bool {
    use std::io::Write as _;
    let mut check = python();
    check
        .arg("check")
        .args(keys)
        .stdin(Stdio::piped())
        .stderr(Stdio::null());
    let mut child = check
        .spawn()
        .expect("Python with `cryptography` (make test sets it up)");
    child
        .stdin
        .take()
        .unwrap()
        .write_all(note.as_bytes())
        .unwrap();
    child.wait().unwrap().success()
}

/// What a command said that must succeed.
pub fn succeed(command: &mut Command) -> String {
    let out = command
        .output()
        .expect("Python with `cryptography` (make test sets it up)");
    let text = String::from_utf8_lossy(&out.stdout).into_owned();
    let errors = String::from_utf8_lossy(&out.stderr);
    assert!(out.status.success(), "{command:?}: {text}{errors}");
    text
}
