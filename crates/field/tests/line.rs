//! The line against a server and a data plane that fail on purpose: what is acknowledged, when,
//! and what comes again. A real server is tried in `crates/loggia/src/field/tests.rs`.
#![cfg(test)]

use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use loggia_field::{
    Change, FieldConfig, Intake, Kept, Line, LineStanding, Refused, Server, Sink, Standing,
};
use loggia_model::{Clock, ManualClock};
use loggia_mqtt::{PUBACK, Packet, Qos, Version, publish};
use rustls::{ClientConfig, RootCertStore};
use tokio::io::AsyncWriteExt;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{oneshot, watch};

const LONG: Duration = Duration::from_secs(30);

/// What happened, in order.
type Diary = Arc<Mutex<Vec<String>>>;

/// A data plane that does what the entity's name says.
struct Plane {
    diary: Diary,
    waiting: Mutex<Vec<oneshot::Sender<Result<(), String>>>>,
}

impl Sink for Plane {
    fn write(&self, change: &Change) -> Result<Kept, Refused> {
        self.diary
            .lock()
            .unwrap()
            .push(format!("written {}", change.entity));
        match &*change.entity {
            "urn:x:wrong" => Err(Refused::Wrong("it is wrong".to_owned())),
            "urn:x:broken" => Err(Refused::Broken("no disk".to_owned())),
            "urn:x:waits" => {
                let (sender, receiver) = oneshot::channel();
                self.waiting.lock().unwrap().push(sender);
                Ok(Box::pin(async {
                    receiver.await.unwrap_or(Err("gone".to_owned()))
                }))
            }
            _ => Ok(Box::pin(async { Ok(()) })),
        }
    }

    fn standing(&self, _: &str, _: &str, _: &[&str]) -> Vec<Standing> {
        Vec::new()
    }
}

struct World {
    tcp: TcpListener,
    plane: Arc<Plane>,
    diary: Diary,
    standing: Arc<Mutex<LineStanding>>,
    stop: watch::Sender<bool>,
    running: tokio::task::JoinHandle<()>,
}

async fn world() -> World {
    let tcp = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = tcp.local_addr().unwrap().port();
    let server = format!("[[server]]\nname = \"s\"\nurl = \"mqtt://127.0.0.1:{port}\"\n");
    let map = r#"
        [[map]]
        format = "number"
        topic = "a/{b}"
        entity = "urn:x:{b}"
        type = "T"
        attribute = [{ name = "v" }]"#;
    let text = server + map;
    let config: FieldConfig = toml::from_str(&text).unwrap();
    let none = |_: &std::path::Path| Ok(String::new());
    let (server, plan) = config.plans(&none).unwrap().remove(0);
    let server = Server::read(server, &none).unwrap();
    let diary = Diary::default();
    let plane = Arc::new(Plane {
        diary: diary.clone(),
        waiting: Mutex::default(),
    });
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let tls = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_root_certificates(RootCertStore::empty())
        .with_no_client_auth();
    let clock: Arc<dyn Clock> = Arc::new(ManualClock::default());
    let line = Line::new(
        server,
        Intake::new(plan),
        plane.clone(),
        clock,
        Arc::new(tls),
    );
    let (stop, stopped) = watch::channel(false);
    World {
        tcp,
        plane,
        diary,
        standing: line.standing(),
        stop,
        running: tokio::spawn(line.run(stopped)),
    }
}

impl World {
    /// Waits for the client and greets it.
    async fn met(&self) -> TcpStream {
        let (mut stream, _) = self.tcp.accept().await.unwrap();
        let hello = read(&mut stream).await;
        assert_eq!(hello.kind, 1);
        assert_eq!(hello.body[7] & 2, 0, "the session is kept");
        stream.write_all(b"\x20\x03\x01\x00\x00").await.unwrap();
        let subscribe = read(&mut stream).await;
        assert_eq!((subscribe.kind, &subscribe.body[5..8]), (8, &b"a/+"[..]));
        stream.write_all(b"\x90\x04\x00\x01\x00\x01").await.unwrap();
        stream
    }

    fn said(&self, what: &str) -> bool {
        self.diary.lock().unwrap().iter().any(|line| line == what)
    }

    async fn until(&self, what: &str, is: impl Fn() -> bool) {
        let begun = Instant::now();
        while !is() {
            assert!(begun.elapsed() < LONG, "it did not come to: {what}");
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    }

    async fn end(self) {
        self.stop.send(true).unwrap();
        self.running.await.unwrap();
    }
}

async fn read(stream: &mut TcpStream) -> Packet {
    let packet = tokio::time::timeout(LONG, loggia_mqtt::read(stream, 10_000)).await;
    packet.expect("in time").expect("a packet")
}

async fn send(stream: &mut TcpStream, topic: &str, id: u16) {
    let qos = if id == 0 {
        Qos::AtMostOnce
    } else {
        Qos::AtLeastOnce
    };
    let told = publish(Version::V5, qos, topic, id, (b"1.5", None));
    stream.write_all(&told.unwrap()).await.unwrap();
}

/// The next message that is acknowledged; signs of life are answered.
async fn acked(stream: &mut TcpStream) -> u16 {
    loop {
        let packet = read(stream).await;
        match packet.kind {
            PUBACK => return packet.id().unwrap(),
            12 => stream.write_all(b"\xd0\x00").await.unwrap(),
            other => panic!("packet {other}"),
        }
    }
}

#[tokio::test]
async fn a_message_is_acknowledged_when_it_is_on_disk_and_in_order() {
    let world = world().await;
    let mut stream = world.met().await;
    send(&mut stream, "a/waits", 7).await;
    send(&mut stream, "a/quick", 8).await;
    send(&mut stream, "a/last", 0).await;
    world
        .until("all are written", || world.said("written urn:x:last"))
        .await;
    // An acknowledgement that came too early would be in the socket by now.
    let mut early = [0; 64];
    let mut held = 0;
    while let Ok(n) = stream.try_read(&mut early[held..]) {
        held += n;
    }
    assert!(
        early[..held].chunks(2).all(|c| c == [0xc0, 0]),
        "{:x?}",
        &early[..held]
    );
    let waiting = world.plane.waiting.lock().unwrap().remove(0);
    waiting.send(Ok(())).unwrap();
    assert_eq!((acked(&mut stream).await, acked(&mut stream).await), (7, 8));
    world
        .until("three are kept", || {
            world.standing.lock().unwrap().kept == 3
        })
        .await;
    world.end().await;
}

#[tokio::test]
async fn what_did_not_come_to_disk_is_not_acknowledged_and_comes_again() {
    let world = world().await;
    let mut stream = world.met().await;
    send(&mut stream, "a/waits", 7).await;
    world
        .until("it is written", || world.said("written urn:x:waits"))
        .await;
    let waiting = world.plane.waiting.lock().unwrap().remove(0);
    waiting.send(Err("the disk is full".to_owned())).unwrap();
    // The client goes, without a word about the message, and comes back.
    while let Ok(packet) = loggia_mqtt::read(&mut stream, 100).await {
        assert_ne!(packet.kind, PUBACK);
    }
    let mut stream = world.met().await;
    send(&mut stream, "a/quick", 7).await;
    assert_eq!(acked(&mut stream).await, 7);
    send(&mut stream, "a/broken", 9).await;
    while let Ok(packet) = loggia_mqtt::read(&mut stream, 100).await {
        assert_ne!(packet.kind, PUBACK);
    }
    world.end().await;
}

#[tokio::test]
async fn what_can_never_be_kept_is_counted_and_acknowledged() {
    let world = world().await;
    let mut stream = world.met().await;
    send(&mut stream, "a/wrong", 1).await;
    send(&mut stream, "other", 2).await;
    let long = vec![b'1'; 300_000];
    let told = publish(Version::V5, Qos::AtLeastOnce, "a/long", 3, (&long, None));
    stream.write_all(&told.unwrap()).await.unwrap();
    send(&mut stream, "a/good", 4).await;
    for id in 1..=4 {
        assert_eq!(acked(&mut stream).await, id);
    }
    let standing = world.standing.lock().unwrap().clone();
    let lost: Vec<_> = standing.lost.counts().collect();
    let each = [
        ("refused by the data plane", 1),
        ("too long", 1),
        ("unknown topic", 1),
    ];
    assert_eq!(lost, each);
    assert_eq!(standing.messages, 4);
    assert!(standing.is_connected);
    world.end().await;
}

#[tokio::test]
async fn a_server_that_refuses_is_told_of_in_words() {
    let world = world().await;
    let (mut stream, _) = world.tcp.accept().await.unwrap();
    read(&mut stream).await;
    stream.write_all(b"\x20\x03\x00\x87\x00").await.unwrap();
    let trouble = || world.standing.lock().unwrap().trouble.clone();
    world
        .until("it is said", || {
            trouble().is_some_and(|t| t.contains("`user`"))
        })
        .await;
    // And once it takes us the trouble is over.
    let _stream = world.met().await;
    world.until("it is over", || trouble().is_none()).await;
    world.end().await;
}
