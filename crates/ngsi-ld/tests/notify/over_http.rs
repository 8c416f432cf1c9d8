//! HTTP: what is sent along, who is told although others are slow or dead, what is refused, and
//! what comes by interval.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use axum::http::StatusCode;
use loggia_ngsi_ld::Json;
use loggia_ngsi_ld::notify::Endpoints;
use tokio::io::{AsyncReadExt, AsyncWriteExt};

use crate::support::{
    Cars, Receiver, complete, happen, open, quick, setup, start, subscription, until,
};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn lines_and_body_arrive_as_they_were_meant() {
    let dir = tempfile::tempdir().unwrap();
    let (bus, cars, receiver) = (open(dir.path()), Cars::new(), Receiver::new());
    let at = receiver.open("127.0.0.1:0").await;
    let more = r#", "receiverInfo": [{"key": "Authorization", "value": "Bearer x"}]"#;
    let mut known = subscription(&cars, 5, &format!("http://{at}/n?a=1"), more);
    known.tenant = "north".into();
    let notifier = start(setup(dir.path(), &bus, &cars, quick()), vec![known]);
    let entry = loggia_store::bus::Entry {
        kind: 1,
        key: 0,
        at: loggia_model::MANUAL_START,
        body: b"north 7",
    };
    let seq = bus
        .append(entry)
        .unwrap()
        .wait(Duration::from_secs(9))
        .unwrap();
    until("the notification", || receiver.of(5).len() == 1).await;
    let (headers, body) = receiver.last.lock().unwrap().take().unwrap();
    assert_eq!(headers["content-type"], "application/json");
    assert_eq!(headers["authorization"], "Bearer x");
    assert_eq!(headers["ngsild-tenant"], "north");
    assert_eq!(headers["host"], at.to_string());
    assert!(
        headers["link"]
            .to_str()
            .unwrap()
            .starts_with("<https://uri.etsi.org/ngsi-ld/v1/")
    );
    let id = format!("urn:ngsi-ld:Notification:5-{seq}");
    assert_eq!(body.get("id"), Some(&id.as_str().into()));
    until("the tally", || {
        notifier.tally(5).is_some_and(|t| t.times_sent == 1)
    })
    .await;
    assert_eq!(notifier.tally(5).unwrap().is_failing(), Some(false));
    assert_eq!(notifier.changed_tallies().len(), 1);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn slow_and_dead_receivers_hold_up_nobody_and_lose_nothing() {
    const CHANGES: u64 = 300;
    let dir = tempfile::tempdir().unwrap();
    let (bus, cars) = (open(dir.path()), Cars::new());
    let (quickly, slowly) = (Receiver::new(), Receiver::slow(Duration::from_millis(20)));
    let (fast, slow) = (
        quickly.open("127.0.0.1:0").await,
        slowly.open("127.0.0.1:0").await,
    );
    // A port that nobody listens on, until somebody does.
    let dead = {
        let tcp = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        tcp.local_addr().unwrap()
    };
    let known = vec![
        subscription(&cars, 1, &format!("http://{fast}/n"), ""),
        subscription(&cars, 2, &format!("http://{slow}/n"), ""),
        subscription(&cars, 3, &format!("http://{dead}/n"), ""),
    ];
    let limits = loggia_ngsi_ld::notify::Limits {
        lane_jobs: 16,
        ..quick()
    };
    let notifier = start(setup(dir.path(), &bus, &cars, limits), known.clone());
    for n in 0..CHANGES {
        happen(&bus, &format!("c{}", n % 7));
    }
    until("all to the fast one", || {
        quickly.of(1).len() as u64 >= CHANGES
    })
    .await;
    assert!(
        notifier.counts().waiting <= 2 * 16 + 1,
        "the rest waits in the log"
    );
    assert!(notifier.tally(3).unwrap().times_failed >= 1);
    // An orderly stop in the middle, and a new start over the same log.
    drop(notifier);
    drop(bus);
    let bus = open(dir.path());
    let lately = Receiver::new();
    lately.open(&dead.to_string()).await;
    let notifier = start(setup(dir.path(), &bus, &cars, limits), known);
    until("all to the dead one", || {
        lately.of(3).len() as u64 >= CHANGES
    })
    .await;
    until("all to the slow one", || {
        slowly.of(2).len() as u64 >= CHANGES
    })
    .await;
    until("rest", || {
        notifier.counts().waiting == 0 && notifier.counts().behind == 0
    })
    .await;
    complete(&quickly.of(1), CHANGES);
    complete(&slowly.of(2), CHANGES);
    complete(&lately.of(3), CHANGES);
    until("own cursors go", || bus.cursors().len() == 1).await;
    assert_eq!(bus.cursor("notify"), Some(CHANGES));
    assert!(notifier.letters().counts().unwrap().is_empty());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_refused_is_kept_and_can_be_sent_again() {
    let dir = tempfile::tempdir().unwrap();
    let (bus, cars, receiver) = (open(dir.path()), Cars::new(), Receiver::new());
    let at = receiver.open("127.0.0.1:0").await;
    let known = subscription(&cars, 1, &format!("http://{at}/n"), "");
    let notifier = start(setup(dir.path(), &bus, &cars, quick()), vec![known]);
    receiver.say(StatusCode::UNPROCESSABLE_ENTITY);
    let seq = happen(&bus, "c1");
    until("a dead letter", || {
        !notifier.letters().counts().unwrap().is_empty()
    })
    .await;
    let letter = notifier.letters().of(1, 10).unwrap().remove(0);
    assert_eq!((letter.seq, &*letter.subscription_id), (seq, "urn:x:s1"));
    assert!(letter.why.contains("422"), "{}", letter.why);
    let tally = notifier.tally(1).unwrap();
    assert_eq!(
        (tally.times_sent, tally.times_failed, tally.is_failing()),
        (1, 1, Some(true))
    );
    receiver.say(StatusCode::OK);
    happen(&bus, "c1");
    until("the next", || receiver.of(1).len() == 1).await;
    assert_eq!(notifier.replay(1).unwrap(), 1);
    until("the letter", || receiver.of(1).len() == 2).await;
    let (_, body) = receiver.last.lock().unwrap().take().unwrap();
    let id = format!("urn:ngsi-ld:Notification:1-{seq}");
    assert_eq!(body.get("id"), Some(&id.as_str().into()), "the same id");
    until("no letters", || {
        notifier.letters().counts().unwrap().is_empty()
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_busy_receiver_is_asked_again_when_it_said() {
    let dir = tempfile::tempdir().unwrap();
    let (bus, cars, receiver) = (open(dir.path()), Cars::new(), Receiver::new());
    let at = receiver.open("127.0.0.1:0").await;
    let known = subscription(&cars, 1, &format!("http://{at}/n"), "");
    let notifier = start(setup(dir.path(), &bus, &cars, quick()), vec![known]);
    receiver.say(StatusCode::SERVICE_UNAVAILABLE);
    for _ in 0..20 {
        happen(&bus, "c1");
    }
    until("some failures", || notifier.counts().failed > 6).await;
    receiver.say(StatusCode::OK);
    until("all", || receiver.of(1).len() >= 20).await;
    complete(&receiver.of(1), 20);
    let tally = notifier.tally(1).unwrap();
    assert_eq!((tally.times_sent, tally.times_failed), (20, 1), "{tally:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn no_redirect_is_followed_and_no_other_address_called() {
    let dir = tempfile::tempdir().unwrap();
    let (bus, cars, secret) = (open(dir.path()), Cars::new(), Receiver::new());
    let within = secret.open("127.0.0.1:0").await;
    let calls = Arc::new(AtomicUsize::new(0));
    let tcp = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let lure = tcp.local_addr().unwrap();
    let counted = calls.clone();
    tokio::spawn(async move {
        loop {
            let (mut stream, _) = tcp.accept().await.unwrap();
            counted.fetch_add(1, Ordering::SeqCst);
            let answer = format!(
                "HTTP/1.1 307 Temporary Redirect\r\nlocation: http://{within}/n\r\n\
                 content-length: 0\r\n\r\n"
            );
            let mut head = [0; 4096];
            let _ = stream.read(&mut head).await;
            let _ = stream.write_all(answer.as_bytes()).await;
        }
    });
    let known = vec![
        subscription(&cars, 1, &format!("http://{lure}/n"), ""),
        subscription(&cars, 2, &format!("http://{within}/n"), ""),
    ];
    let notifier = start(setup(dir.path(), &bus, &cars, quick()), known[..1].to_vec());
    happen(&bus, "c1");
    until("it was lured", || calls.load(Ordering::SeqCst) > 0).await;
    until("it failed", || notifier.counts().failed > 0).await;
    assert!(secret.of(1).is_empty());
    drop(notifier);
    let mut strict = setup(dir.path(), &bus, &cars, quick());
    strict.endpoints = Endpoints::read(["anywhere"]).unwrap();
    let notifier = start(strict, known.clone());
    assert!(notifier.check(&known[1].subscription).is_err());
    let failed = notifier.counts().failed;
    happen(&bus, "c1");
    until("it is refused", || notifier.counts().failed > failed + 2).await;
    assert!(secret.of(2).is_empty());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_interval_passes_and_entities_are_told() {
    let dir = tempfile::tempdir().unwrap();
    let (bus, cars, receiver) = (open(dir.path()), Cars::new(), Receiver::new());
    let at = receiver.open("127.0.0.1:0").await;
    let mut known = subscription(&cars, 1, &format!("http://{at}/n"), "");
    let body = format!(
        r#"{{"id": "urn:x:s1", "type": "Subscription", "entities": [{{"type": "Car"}}],
            "timeInterval": 1, "notification": {{"endpoint": {{"uri": "http://{at}/n"}}}}}}"#
    );
    let json = Json::read(body.as_bytes()).unwrap();
    let mut compile = |_: &Json| Ok(cars.0.clone());
    let now = loggia_ngsi_ld::Time::of_micros(loggia_model::MANUAL_START.0);
    let read =
        loggia_ngsi_ld::subscription::Subscription::read(&json, &cars.0, "", &mut compile, now);
    known.subscription = Arc::new(read.unwrap());
    let _notifier = start(setup(dir.path(), &bus, &cars, quick()), vec![known]);
    until("two intervals", || receiver.of(1).len() >= 2).await;
    let (_, body) = receiver.last.lock().unwrap().take().unwrap();
    let id = body.get("id").and_then(Json::as_str).unwrap();
    assert!(id.starts_with("urn:ngsi-ld:Notification:1-t"), "{id}");
}
