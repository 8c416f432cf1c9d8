//! Real mail and web servers for tests, in a process of their own (`peers.py`).
//! Never a stand-in for them.

use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::{Receiver, channel};
use std::time::Duration;

use loggia_policy::{Gateways, Mail, MailTls, Pace, Webhook};
use serde_json::Value;

/// Long enough for any machine; a test that needs it has failed.
const PATIENCE: Duration = Duration::from_secs(60);

pub struct Peer {
    process: Child,
    said: Receiver<Value>,
    pub port: u16,
    /// The certificate that it shows (PEM).
    pub cert: Vec<u8>,
    _dir: tempfile::TempDir,
}

impl Peer {
    /// `words` as `peers.py` takes them; a certificate is made where they ask for TLS.
    pub fn start(words: &[&str]) -> Self {
        let dir = tempfile::tempdir().unwrap();
        let tls = !["loopback", "http"].contains(&words[1]);
        let made = rcgen::generate_simple_self_signed(vec!["localhost".to_owned()]).unwrap();
        let (cert, key) = (dir.path().join("cert.pem"), dir.path().join("key.pem"));
        std::fs::write(&cert, made.cert.pem()).unwrap();
        std::fs::write(&key, made.signing_key.serialize_pem()).unwrap();
        let here = Path::new(env!("CARGO_MANIFEST_DIR"));
        let own = here.join("../../.cache/venv/bin/python");
        let python = std::env::var_os("LOGGIA_PYTHON").map_or(own, PathBuf::from);
        let mut command = Command::new(&python);
        command.arg(here.join("tests/peers.py")).args(&words[..2]);
        if tls {
            command.args([&cert, &key]);
        }
        command.args(&words[2..]).stdout(Stdio::piped());
        let spawned = command.spawn();
        let mut process = spawned.unwrap_or_else(|e| {
            panic!("no Python with `aiosmtpd` (make test sets it up, or LOGGIA_PYTHON): {e}")
        });
        let lines = BufReader::new(process.stdout.take().unwrap()).lines();
        let (tell, said) = channel::<Value>();
        std::thread::spawn(move || {
            for line in lines.map_while(Result::ok) {
                if tell.send(serde_json::from_str(&line).unwrap()).is_err() {
                    return;
                }
            }
        });
        let port = said.recv_timeout(PATIENCE).expect("the peer starts")["port"].as_u64();
        Self {
            process,
            said,
            port: u16::try_from(port.unwrap()).unwrap(),
            cert: made.cert.pem().into_bytes(),
            _dir: dir,
        }
    }

    /// What arrived next.
    pub fn next(&self) -> Value {
        self.said.recv_timeout(PATIENCE).expect("something arrives")
    }

    /// What arrived and was not asked for.
    pub fn more(&self) -> Option<Value> {
        self.said.try_recv().ok()
    }

    pub fn webhook(&self, scheme: &str) -> Webhook {
        let ca = (scheme == "https").then(|| self.cert.clone());
        let url = format!("{scheme}://localhost:{}/alerts", self.port);
        Webhook { url, ca }
    }

    /// A mailbox for everybody of the test city's oversight body.
    pub fn mail(&self, tls: MailTls) -> Mail {
        let to = ["a.korhonen", "j.salo", "s.makela", "k.virtanen"];
        let login = loggia_policy::Login {
            user: "gate".to_owned(),
            password: "open-sesame".to_owned().into(),
        };
        Mail {
            server: "localhost".to_owned(),
            port: self.port,
            tls,
            ca: (tls != MailTls::Loopback).then(|| self.cert.clone()),
            login: (tls != MailTls::Loopback).then_some(login),
            from: "loggia@city.example".to_owned(),
            to: to.map(|p| (person(p), format!("{p}@city.example"))).into(),
        }
    }
}

impl Drop for Peer {
    fn drop(&mut self) {
        let _gone = self.process.kill();
        let _reaped = self.process.wait();
    }
}

pub fn person(p: &str) -> loggia_model::PersonId {
    loggia_model::PersonId(p.to_owned())
}

/// Tries again at once: tests wait for what arrives, not for time.
pub fn pace() -> Pace {
    Pace {
        first: Duration::from_millis(10),
        longest: Duration::from_millis(50),
        tries_max: 1_000,
    }
}

pub fn by_mail(mail: Mail) -> Gateways {
    Gateways {
        mail: Some(mail),
        pace: pace(),
        ..Gateways::default()
    }
}

pub fn by_webhook(webhook: Webhook) -> Gateways {
    Gateways {
        webhook: Some(webhook),
        pace: pace(),
        ..Gateways::default()
    }
}
