//! MQTT against a real server, where one is installed (clause 7.2; ETSI's test purposes 058).

use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use loggia_ngsi_ld::Json;

use crate::support::{Cars, happen, open, quick, setup, start, subscription, until};

/// A server that ends with the test.
struct Server(Child, u16);

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

#[expect(clippy::print_stderr, reason = "a test that is skipped says so")]
fn mosquitto(dir: &std::path::Path, port: u16) -> Option<Server> {
    let config = dir.join("mosquitto.conf");
    let text = format!("listener {port} 127.0.0.1\nallow_anonymous true\n");
    std::fs::write(&config, text).unwrap();
    let places = [
        "/usr/sbin/mosquitto",
        "/usr/local/sbin/mosquitto",
        "mosquitto",
    ];
    let started = places.iter().find_map(|at| {
        let mut command = Command::new(at);
        let quiet = command
            .arg("-c")
            .arg(&config)
            .stdout(Stdio::null())
            .stderr(Stdio::null());
        quiet.spawn().ok()
    });
    let Some(child) = started else {
        eprintln!("skipped: mosquitto is not installed");
        return None;
    };
    let server = Server(child, port);
    let begun = Instant::now();
    while TcpStream::connect(("127.0.0.1", port)).is_err() {
        assert!(
            begun.elapsed() < Duration::from_secs(10),
            "mosquitto does not listen"
        );
        std::thread::sleep(Duration::from_millis(20));
    }
    Some(server)
}

fn free_port() -> u16 {
    TcpListener::bind("127.0.0.1:0")
        .unwrap()
        .local_addr()
        .unwrap()
        .port()
}

fn packet(from: &mut TcpStream) -> (u8, Vec<u8>) {
    let mut byte = [0];
    from.read_exact(&mut byte).unwrap();
    let kind = byte[0];
    let (mut length, mut shift) = (0, 0);
    loop {
        from.read_exact(&mut byte).unwrap();
        length |= usize::from(byte[0] & 0x7f) << shift;
        shift += 7;
        if byte[0] & 0x80 == 0 {
            break;
        }
    }
    let mut body = vec![0; length];
    from.read_exact(&mut body).unwrap();
    (kind, body)
}

/// Listens to all topics (MQTT 3.1.1, QoS 0).
fn listen(port: u16) -> TcpStream {
    let mut stream = TcpStream::connect(("127.0.0.1", port)).unwrap();
    stream
        .set_read_timeout(Some(Duration::from_secs(20)))
        .unwrap();
    stream
        .write_all(b"\x10\x10\x00\x04MQTT\x04\x02\x00\x3c\x00\x04test")
        .unwrap();
    assert_eq!(packet(&mut stream), (0x20, vec![0, 0]));
    stream.write_all(b"\x82\x06\x00\x01\x00\x01#\x00").unwrap();
    assert_eq!(packet(&mut stream).0, 0x90);
    stream
}

/// The next message: its topic, and what was published.
fn heard(from: &mut TcpStream) -> (String, Json) {
    loop {
        let (kind, body) = packet(from);
        if kind & 0xf0 == 0x30 {
            let length = usize::from(u16::from_be_bytes([body[0], body[1]]));
            let topic = String::from_utf8(body[2..2 + length].to_vec()).unwrap();
            return (topic, Json::read(&body[2 + length..]).unwrap());
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn messages_are_published_in_both_versions_and_all_qualities() {
    let dir = tempfile::tempdir().unwrap();
    let port = free_port();
    let Some(server) = mosquitto(dir.path(), port) else {
        return;
    };
    let mut listener = listen(server.1);
    let (bus, cars) = (open(dir.path()), Cars::new());
    let mut number = 0;
    let mut known = Vec::new();
    for version in ["mqtt3.1.1", "mqtt5.0"] {
        for qos in 0..3 {
            number += 1;
            let uri = format!("mqtt://127.0.0.1:{port}/city/{version}/{qos}");
            let more = format!(
                r#", "notifierInfo": [{{"key": "MQTT-Version", "value": "{version}"}},
                    {{"key": "MQTT-QoS", "value": "{qos}"}}],
                    "receiverInfo": [{{"key": "k", "value": "v"}}]"#
            );
            known.push(subscription(&cars, number, &uri, &more));
        }
    }
    let notifier = start(setup(dir.path(), &bus, &cars, quick()), known);
    for _ in 0..3 {
        happen(&bus, "c1");
    }
    let mut topics = std::collections::BTreeMap::new();
    for _ in 0..18 {
        let (topic, message) = heard(&mut listener);
        *topics.entry(topic).or_insert(0) += 1;
        let metadata = message.get("metadata").unwrap();
        assert_eq!(
            metadata.get("Content-Type"),
            Some(&"application/json".into())
        );
        assert_eq!(metadata.get("k"), Some(&"v".into()));
        assert!(metadata.get("Link").is_some());
        let body = message.get("body").unwrap();
        assert_eq!(body.get("type"), Some(&"Notification".into()));
        assert!(
            body.get("data").and_then(Json::items).unwrap()[0]
                .get("speed")
                .is_some()
        );
    }
    assert_eq!(topics.len(), 6);
    assert!(topics.values().all(|n| *n == 3), "{topics:?}");
    until("all are counted", || notifier.counts().delivered == 18).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_server_that_comes_back_gets_what_it_missed() {
    let dir = tempfile::tempdir().unwrap();
    let port = free_port();
    let Some(server) = mosquitto(dir.path(), port) else {
        return;
    };
    let (bus, cars) = (open(dir.path()), Cars::new());
    let uri = format!("mqtt://127.0.0.1:{port}/t");
    let known = vec![subscription(&cars, 1, &uri, "")];
    let notifier = start(setup(dir.path(), &bus, &cars, quick()), known);
    happen(&bus, "c1");
    until("the first", || notifier.counts().delivered == 1).await;
    drop(server);
    happen(&bus, "c1");
    until("a failure", || notifier.counts().failed > 0).await;
    let server = mosquitto(dir.path(), port).unwrap();
    let mut listener = listen(server.1);
    // What was missed may have gone before anybody listened.
    until("the second", || notifier.counts().delivered == 2).await;
    let third = format!("urn:ngsi-ld:Notification:1-{}", happen(&bus, "c1"));
    let heard = tokio::task::spawn_blocking(move || {
        loop {
            let (topic, message) = heard(&mut listener);
            let id = message.get("body").and_then(|b| b.get("id")).cloned();
            if id == Some(third.as_str().into()) {
                return topic;
            }
        }
    });
    assert_eq!(heard.await.unwrap(), "t");
}
