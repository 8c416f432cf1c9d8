//! The city: a broker in a process of its own, devices that write to it until it says that it has
//! it, and somebody who pulls the plug.

use std::net::TcpListener;
use std::process::{Child, Command};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use super::receivers::{Receivers, name_of};
use super::{ATTRIBUTES, Change, ENTITIES, SUBSCRIPTIONS, TYPES};

/// A broker and how it is started.
#[derive(Debug)]
pub struct City {
    agent: ureq::Agent,
    folder: String,
    port: u16,
    child: Mutex<Child>,
    tries: AtomicU64,
}

fn name(entity: u32) -> String {
    format!("urn:ngsi-ld:Thing:{entity}")
}

impl City {
    pub fn start(folder: &str) -> Self {
        let free = TcpListener::bind("127.0.0.1:0").expect("a port");
        let port = free.local_addr().expect("an address").port();
        drop(free);
        let agent = ureq::Agent::config_builder()
            .timeout_global(Some(Duration::from_secs(30)))
            .http_status_as_error(false)
            .proxy(None)
            .build()
            .into();
        let child = Mutex::new(serve(folder, port));
        let city = Self {
            agent,
            folder: folder.to_owned(),
            port,
            child,
            tries: AtomicU64::new(0),
        };
        city.wait();
        city
    }

    fn url(&self, path: &str) -> String {
        format!("http://127.0.0.1:{}/ngsi-ld/v1/{path}", self.port)
    }

    fn wait(&self) {
        while self.agent.get(self.url("types")).call().is_err() {
            std::thread::sleep(Duration::from_millis(5));
        }
    }

    fn post(&self, path: &str, body: &Value) {
        let asked = self.agent.post(self.url(path));
        let asked = asked.header("content-type", "application/json");
        let answer = asked.send(body.to_string()).expect("an answer");
        assert_eq!(answer.status(), 201, "{path}: {body}");
    }

    /// Each with all attributes, none of which a change has written yet.
    pub fn make_entities(&self) {
        let one = |n: u32| {
            let mut entity = json!({"id": name(n), "type": format!("T{}", n % TYPES)});
            for a in 0..ATTRIBUTES {
                entity[format!("a{a}")] = json!({"type": "Property", "value": -1});
            }
            entity
        };
        let all: Vec<Value> = (0..ENTITIES).map(one).collect();
        self.post("entityOperations/create", &Value::Array(all));
    }

    pub fn subscribe_all(&self, receivers: &Receivers) {
        for s in 1..=SUBSCRIPTIONS {
            let attribute = format!("a{}", s / TYPES % ATTRIBUTES);
            let body = json!({
                "id": name_of(s), "type": "Subscription",
                "entities": [{"type": format!("T{}", s % TYPES)}],
                "watchedAttributes": [attribute],
                "notification": {
                    "attributes": [attribute], "format": "simplified",
                    "endpoint": {"uri": receivers.uri(s), "accept": "application/json"}
                }
            });
            self.post("subscriptions", &body);
        }
    }

    /// Writes until it is acknowledged.
    pub fn write(&self, change: Change) {
        let url = self.url(&format!("entities/{}/attrs", name(change.entity())));
        let attribute = format!("a{}", change.attribute());
        let body = json!({attribute: {"type": "Property", "value": change.0}}).to_string();
        loop {
            self.tries.fetch_add(1, Ordering::Relaxed);
            let asked = self.agent.patch(&url);
            let asked = asked.header("content-type", "application/json");
            match asked.send(&body) {
                Ok(answer) if answer.status() == 204 => return,
                _ => std::thread::sleep(Duration::from_millis(20)),
            }
        }
    }

    /// `kill -9`, and a start at once; gives how long nobody answered.
    pub fn kill_and_start(&self) -> Duration {
        let begun = Instant::now();
        let mut child = self.child.lock().unwrap_or_else(PoisonError::into_inner);
        child.kill().expect("a kill");
        child.wait().expect("its end");
        *child = serve(&self.folder, self.port);
        self.wait();
        begun.elapsed()
    }

    /// Tries of writes: those that the kill cut off were made again.
    pub fn tries(&self) -> u64 {
        self.tries.load(Ordering::Relaxed)
    }

    /// How many attributes do not hold what was written to them last, of the first `all` changes.
    pub fn lost(&self, all: u32) -> usize {
        let last = all.saturating_sub(ENTITIES * ATTRIBUTES)..all;
        let lost = |n: &u32| {
            let change = Change(*n);
            let path = format!("entities/{}?options=keyValues", name(change.entity()));
            let mut answer = self.agent.get(self.url(&path)).call().expect("an answer");
            let text = answer.body_mut().read_to_string().expect("a body");
            let entity: Value = serde_json::from_str(&text).expect("JSON");
            entity[format!("a{}", change.attribute())] != json!(n)
        };
        last.filter(lost).count()
    }
}

impl Drop for City {
    fn drop(&mut self) {
        let child = self.child.get_mut().unwrap_or_else(PoisonError::into_inner);
        child.kill().ok();
        child.wait().ok();
    }
}

/// The example `serve`, which cargo puts beside this one.
fn serve(folder: &str, port: u16) -> Child {
    let own = std::env::current_exe().expect("a path");
    let started = Command::new(own.with_file_name("serve"))
        .args([folder, &port.to_string()])
        .spawn();
    started.expect("the example `serve` is built")
}
