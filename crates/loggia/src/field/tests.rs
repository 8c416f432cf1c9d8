//! A device's way through a real MQTT server (Debian's `mosquitto`) into a real house: entity,
//! subscriber's webhook, history; restarts and what comes meanwhile.

use std::net::{TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::Mutex;
use std::time::Instant;

use axum::Router;
use axum::routing::post;
use loggia_api::Secure;
use loggia_field::Said;
use loggia_model::{Doubt, Quality, Reading};
use loggia_ngsi_ld::notify::Notifier;
use loggia_policy::DemoMode;
use serde_json::{Value as Any, json};

use super::*;
use crate::city::City;
use crate::house::{Plan, SquarePlan};

const LONG: Duration = Duration::from_secs(60);
const KALLIO: &str = "urn:ngsi-ld:AirQualityObserved:Kallio";

/// An MQTT server that ends with the test.
struct Mosquitto {
    child: Child,
    port: u16,
    password: PathBuf,
}

impl Drop for Mosquitto {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn free_port() -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    listener.local_addr().unwrap().port()
}

fn until<T>(what: &str, mut is: impl FnMut() -> Option<T>) -> T {
    let begun = Instant::now();
    loop {
        if let Some(done) = is() {
            return done;
        }
        assert!(begun.elapsed() < LONG, "it did not come to: {what}");
        std::thread::sleep(Duration::from_millis(20));
    }
}

/// Starts a server that wants a password; nothing where none is installed.
#[expect(clippy::print_stderr, reason = "a test that is skipped says so")]
fn mosquitto(dir: &Path) -> Option<Mosquitto> {
    let places = ["/usr/sbin/mosquitto", "/usr/local/sbin/mosquitto"];
    let Some(program) = places.iter().find(|p| Path::new(p).exists()) else {
        eprintln!("skipped: mosquitto is not installed (scripts/setup.sh test)");
        return None;
    };
    let (port, accounts) = (free_port(), dir.join("accounts"));
    let made = Command::new("mosquitto_passwd")
        .args(["-c", "-b"])
        .arg(&accounts)
        .args(["loggia", "secret"])
        .stderr(Stdio::null())
        .status();
    assert!(made.unwrap().success());
    let password = dir.join("password");
    std::fs::write(&password, "secret\n").unwrap();
    let config = dir.join("mosquitto.conf");
    let rules = format!("listener {port} 127.0.0.1\nallow_anonymous false\nuser root\n");
    let text = format!("{rules}password_file {}\n", accounts.display());
    std::fs::write(&config, text).unwrap();
    let mut command = Command::new(program);
    let quiet = command.arg("-c").arg(&config).stdout(Stdio::null());
    let child = quiet.stderr(Stdio::null()).spawn().unwrap();
    let server = Mosquitto {
        child,
        port,
        password,
    };
    until("mosquitto listens", || {
        TcpStream::connect(("127.0.0.1", port)).ok()
    });
    Some(server)
}

impl Mosquitto {
    /// As a device would.
    fn publish(&self, topic: &str, payload: &str) {
        let done = Command::new("mosquitto_pub")
            .args(["-h", "127.0.0.1", "-p", &self.port.to_string()])
            .args(["-u", "loggia", "-P", "secret", "-q", "1"])
            .args(["-t", topic, "-m", payload])
            .status();
        assert!(done.unwrap().success(), "mosquitto_pub {topic}");
    }

    fn config(&self, mqtt: &str) -> FieldConfig {
        let (port, password) = (self.port, self.password.display());
        let maps = DEMO.split_once("[[map]]").unwrap().1;
        let text = format!(
            "[[server]]\nname = \"test\"\nurl = \"mqtt://127.0.0.1:{port}\"\nuser = \"loggia\"\n\
             password_file = \"{password}\"\nmqtt = \"{mqtt}\"\n[[map]]\n{maps}"
        );
        toml::from_str(&text).unwrap()
    }
}

/// A house that listens, serves and notifies.
struct Open {
    house: House,
    lines: Lines,
    _notifier: Arc<Notifier>,
    port: u16,
}

fn open(data: &Path, field: FieldConfig) -> Open {
    let reach = data_plane::Reach {
        notify: vec!["loopback".to_owned()],
        ..data_plane::Reach::default()
    };
    let house = House::open(Plan {
        data: data.to_owned(),
        city: City::shipped().unwrap().city,
        origin: "demo.loggia.example/log".to_owned(),
        demo: Some(DemoMode::mark(data).unwrap()),
        sync_interval: loggia_store::SYNC_INTERVAL,
        quota_bytes: None,
        alerts: crate::alerts::AlertsConfig::default(),
        time_authority: None,
        witnesses: None,
        square: SquarePlan::default(),
        reach,
        past: crate::data_plane::Past::default(),
        field,
    })
    .unwrap();
    let notifier = data_plane::notify(&house).unwrap();
    let routes = data_plane::routes(&house).unwrap();
    let door = Arc::clone(&house.policy);
    let app = loggia_api::router_over(routes, door, Secure::No);
    let port = serve(app);
    Open {
        lines: listen(&house).unwrap(),
        house,
        _notifier: notifier,
        port,
    }
}

/// Serves on a free port for as long as the runtime lives.
fn serve(app: Router) -> u16 {
    let tcp = TcpListener::bind("127.0.0.1:0").unwrap();
    tcp.set_nonblocking(true).unwrap();
    let port = tcp.local_addr().unwrap().port();
    let tcp = tokio::net::TcpListener::from_std(tcp).unwrap();
    tokio::spawn(async move { axum::serve(tcp, app).await });
    port
}

impl Open {
    fn get(&self, path: &str) -> Option<Any> {
        let url = format!("http://127.0.0.1:{}/ngsi-ld/v1{path}", self.port);
        let text = ureq::get(&url)
            .call()
            .ok()?
            .body_mut()
            .read_to_string()
            .ok()?;
        serde_json::from_str(&text).ok()
    }

    /// The attribute of Kallio once it has this value.
    fn no2(&self, value: i64) -> Any {
        until(&format!("NO2 is {value}"), || {
            let entity = self.get(&format!("/entities/{KALLIO}"))?;
            (entity["NO2"]["value"] == value).then(|| entity["NO2"].clone())
        })
    }
}

/// A receiver that keeps what it is told.
fn receiver() -> (u16, Arc<Mutex<Vec<Any>>>) {
    let told: Arc<Mutex<Vec<Any>>> = Arc::default();
    let kept = Arc::clone(&told);
    let take = post(move |body: String| async move {
        kept.lock()
            .unwrap()
            .push(serde_json::from_str(&body).unwrap());
    });
    (serve(Router::new().route("/told", take)), told)
}

#[test]
fn a_device_publishes_and_the_city_knows() {
    let dir = tempfile::tempdir().unwrap();
    let Some(server) = mosquitto(dir.path()) else {
        return;
    };
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let _inside = runtime.enter();
    let open = open(&dir.path().join("data"), server.config("5"));
    let (hook, told) = receiver();
    let subscription = json!({
        "type": "Subscription", "entities": [{"type": "AirQualityObserved"}],
        "watchedAttributes": ["NO2"],
        "notification": {"endpoint": {"uri": format!("http://127.0.0.1:{hook}/told")}}
    });
    let url = format!("http://127.0.0.1:{}/ngsi-ld/v1/subscriptions", open.port);
    let made = ureq::post(&url).content_type("application/json");
    assert_eq!(made.send(subscription.to_string()).unwrap().status(), 201);
    // A server keeps nothing for a client that it never met: until the line stands, nothing does.
    until("the line stands", || {
        server.publish("air/Kallio", r#"{"no2": 1}"#);
        open.get(&format!("/entities/{KALLIO}"))
    });
    server.publish("air/Kallio", r#"{"no2": 21, "t": 4.5}"#);
    let attribute = open.no2(21);
    assert_eq!(attribute["unitCode"], "GQ");
    assert_eq!(
        attribute["quality"],
        json!({"type": "Property", "value": "good"})
    );
    assert!(attribute["observedAt"].as_str().unwrap().ends_with('Z'));
    until("the subscriber is told", || {
        let told = told.lock().unwrap();
        let mut data = told
            .iter()
            .flat_map(|n| n["data"].as_array().unwrap().clone());
        data.find(|e| e["NO2"]["value"] == 21)
    });
    server.publish("air/Kallio", r#"{"no2": -5}"#);
    let attribute = open.no2(-5);
    assert_eq!(attribute["quality"]["value"], "bad");
    assert_eq!(attribute["qualityReason"]["value"], "outOfRange");
    let path = format!("/temporal/entities/{KALLIO}?options=temporalValues&attrs=NO2");
    until("the history has them", || {
        let text = open.get(&path)?["NO2"]["values"].to_string();
        (text.contains("[21,") && text.contains("[-5,")).then_some(())
    });
    runtime.block_on(open.lines.stop());
}

/// The same for both protocols: what is published while nobody is there comes at the next start.
fn nothing_is_lost_over_a_restart(mqtt: &str) {
    let dir = tempfile::tempdir().unwrap();
    let Some(server) = mosquitto(dir.path()) else {
        return;
    };
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let _inside = runtime.enter();
    let data = dir.path().join("data");
    let first = open(&data, server.config(mqtt));
    until("the line stands", || {
        server.publish("water/a/level", "1");
        first.get("/entities/urn:ngsi-ld:WaterObserved:a")
    });
    runtime.block_on(first.lines.stop());
    drop((first.house, first._notifier));
    for n in 1..=20 {
        server.publish(&format!("water/gauge{n}/level"), &format!("{n}.25"));
    }
    // The folder is free when whoever serves its old routes has gone.
    let runtime = {
        drop(_inside);
        drop(runtime);
        tokio::runtime::Runtime::new().unwrap()
    };
    let _inside = runtime.enter();
    let second = open(&data, server.config(mqtt));
    for n in 1..=20 {
        let path = format!("/entities/urn:ngsi-ld:WaterObserved:gauge{n}?options=keyValues");
        let entity = until("what came meanwhile is there", || second.get(&path));
        assert_eq!(entity["height"], f64::from(n) + 0.25);
    }
    assert!(
        second
            .get("/entities/urn:ngsi-ld:WaterObserved:a")
            .is_some()
    );
    runtime.block_on(second.lines.stop());
}

#[test]
fn nothing_is_lost_over_a_restart_by_mqtt_5() {
    nothing_is_lost_over_a_restart("5");
}

#[test]
fn nothing_is_lost_over_a_restart_by_mqtt_3_1_1() {
    nothing_is_lost_over_a_restart("3.1.1");
}

#[test]
fn what_stands_is_found_again_and_goes_bad_with_its_value_kept() {
    let dir = tempfile::tempdir().unwrap();
    let clock: Arc<dyn loggia_model::Clock> = Arc::new(loggia_model::ManualClock::default());
    let broker = data_plane::open(dir.path(), &clock).unwrap();
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let sink = DataPlane(broker);
    let at = loggia_model::MANUAL_START;
    let change = |said| Change {
        tenant: "water".into(),
        entity: "urn:x:1".into(),
        kind: "Gauge".into(),
        attributes: vec![("height".into(), said)],
        when: When::Now,
    };
    let written = |change: &Change| runtime.block_on(sink.write(change).unwrap());
    let (good, stale) = (Quality::Good, Quality::Bad(Doubt::Stale));
    let mark = change(Said::Quality(stale, at.after(LONG)));
    assert_eq!(
        written(&mark),
        Ok(()),
        "of what is not there nothing is said"
    );
    assert_eq!(sink.standing("water", "Gauge", &["height"]), []);
    let reading = |quality| Reading {
        value: Measured::Number(1.5),
        unit: None,
        quality,
        at,
    };
    assert_eq!(written(&change(Said::Reading(reading(good)))), Ok(()));
    let standing = |quality| Standing {
        entity: "urn:x:1".into(),
        attribute: "height".into(),
        value: Measured::Number(1.5),
        at,
        quality,
    };
    let now = || sink.standing("water", "Gauge", &["height", "width"]);
    assert_eq!(now(), [standing(good)]);
    assert_eq!(written(&mark), Ok(()));
    assert_eq!(now(), [standing(stale)], "value and time stay");
    assert_eq!(written(&change(Said::Reading(reading(good)))), Ok(()));
    assert_eq!(now(), [standing(good)], "no reason is left behind");
    let mut past = change(Said::Reading(reading(good)));
    past.when = When::Past;
    assert_eq!(written(&past), Ok(()));
    let wrong = Change {
        entity: "no uri".into(),
        ..past
    };
    assert!(matches!(sink.write(&wrong), Err(Refused::Wrong(_))));
}

#[test]
fn the_guide_and_the_demo_show_what_is_read() {
    #[derive(serde::Deserialize)]
    struct File {
        field: FieldConfig,
    }
    let guide = include_str!("../../../../docs/guide/field.md");
    let block = guide
        .split("```toml\n")
        .nth(1)
        .unwrap()
        .split("```")
        .next()
        .unwrap();
    let config = toml::from_str::<File>(block).unwrap().field;
    let read = |_: &Path| Ok("secret".to_owned());
    let (server, plan) = config.plans(&read).unwrap().remove(0);
    assert_eq!(Server::read(server, &read).unwrap().name, "city");
    assert_eq!(plan.filters(), ["air/+"]);
    let demo = super::demo(Path::new("a")).unwrap();
    assert_eq!(lines(&demo).unwrap().len(), 1);
    assert_ne!(
        demo.server[0].client_id,
        super::demo(Path::new("b")).unwrap().server[0].client_id
    );
}

#[test]
fn servers_that_could_not_work_say_so() {
    let said = |more: &str| {
        let text = format!(
            "[[server]]\nname = \"s\"\n{more}\n[[map]]\nformat = \"number\"\ntopic = \"a\"\n\
             entity = \"urn:x:a\"\ntype = \"T\"\nattribute = [{{ name = \"v\" }}]"
        );
        let config: FieldConfig = toml::from_str(&text).unwrap();
        lines(&config).map(|_| ()).map_err(|e| format!("{e:#}"))
    };
    let why = |more: &str| said(more).unwrap_err();
    assert_eq!(said("url = \"mqtts://m.example\""), Ok(()));
    assert!(why("url = \"http://m.example\"").contains("mqtt://host:1883"));
    assert!(why("url = \"mqtt://u:p@m.example\"").contains("without account"));
    assert!(why("url = \"mqtt://m.example\"\nca = \"x\"").contains("`ca` is for"));
    let open = "url = \"mqtt://m.example\"\nuser = \"u\"\npassword_file = \"p\"";
    assert!(why(open).contains("over `mqtts://` alone"));
    let absent = "url = \"mqtts://m.example\"\nuser = \"u\"\npassword_file = \"no-such-file\"";
    assert!(why(absent).contains("no-such-file cannot be read"));
    assert!(why("url = \"mqtts://m.example\"\npassword_file = \"p\"").contains("needs `user`"));
}
