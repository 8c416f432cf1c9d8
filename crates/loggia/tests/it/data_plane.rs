//! The data plane as it is run: from the command line and over the API, against the real process.

use std::path::Path;

use serde_json::json;

use crate::city::{City, Ground, OWN_PAGE, PASSPHRASE, loggia, now_us, said, until};

const URL: &str = "https://models.example/air.jsonld";

/// `loggia` with the demo administrator's password.
pub fn told(city: &City, args: &[&str]) -> (bool, String) {
    let server = city.console("");
    let mut command = loggia();
    command
        .args(args)
        .args(["--server", &server, "--person", "t.laine"]);
    said(&command.env("LOGGIA_PASSWORD", PASSPHRASE).output().unwrap())
}

/// A device's key that may read everything of its tenant; its number and itself.
fn device_key(city: &City, name: &str, tenant: &str, good_for_us: i64) -> (u64, String) {
    let asked = json!({
        "name": name, "tenant": tenant, "may": ["read"], "types": ["*"], "attributes": ["*"],
        "until": now_us() + good_for_us,
    });
    let admin = city.become_person("t.laine");
    let made = city
        .post(&admin, "/api/v1/data-plane/device-keys", &asked)
        .json();
    let secret = made["secret"].as_str().unwrap().to_owned();
    (made["key"]["number"].as_u64().unwrap(), secret)
}

/// A column of the routes' table, the device's key, and the tenant that it calls for.
pub type DeviceColumn = (&'static str, String, Option<&'static str>);

/// One that is good, revoked, expired, and one that is used for another tenant than its own.
pub fn device_keys(city: &City) -> [DeviceColumn; 4] {
    const DAY_US: i64 = 86_400_000_000;
    let (_, good) = device_key(city, "good", "", DAY_US);
    let (number, revoked) = device_key(city, "revoked", "", DAY_US);
    let admin = city.become_person("t.laine");
    let at = city.console(&format!("/api/v1/data-plane/device-keys/{number}"));
    let gone = city.call("DELETE", &at, &[("cookie", &admin), OWN_PAGE], b"");
    assert_eq!(gone.status, 204, "{}", gone.text());
    let (_, foreign) = device_key(city, "foreign", "village", DAY_US);
    let (_, expired) = device_key(city, "expired", "", 3_000_000);
    until("a key's time is over", || {
        let key = [("x-api-key", &*expired)];
        let told = city.call("GET", &city.console("/ngsi-ld/v1/types"), &key, b"");
        (told.status == 401).then_some(())
    });
    [
        ("dev", good, None),
        ("d-rev", revoked, None),
        ("d-exp", expired, None),
        ("d-ten", foreign, Some("town")),
    ]
}

fn written(dir: &Path, name: &str, text: &str) -> String {
    let path = dir.join(name);
    std::fs::write(&path, text).unwrap();
    path.to_str().unwrap().to_owned()
}

/// Writes an entity in the bundle's words, and reads it in full ones.
fn names_are_known(city: &City, id: &str) {
    let body = json!({ "id": id, "type": "Air", "no2": 21, "@context": URL });
    let body = serde_json::to_vec(&body).unwrap();
    let path = city.console("/ngsi-ld/v1/entities");
    let made = city.call(
        "POST",
        &path,
        &[("content-type", "application/ld+json")],
        &body,
    );
    assert_eq!(made.status, 201, "{}", made.text());
    let got = city.get("", &format!("/ngsi-ld/v1/entities/{id}?options=keyValues"));
    assert_eq!(got.json()["https://models.example/#no2"], 21);
}

#[test]
fn contexts_are_brought_along_and_outlive_a_kill() {
    let ground = Ground::new();
    let city = ground.start();
    let dir = ground.root();
    let document = r#"{"@context": {"no2": "https://models.example/#no2"}}"#;
    let manifest = format!(r#"{{"{URL}": "air.jsonld", "https://models.example/b": {document}}}"#);
    written(dir, "air.jsonld", document);
    written(dir, "manifest.json", &manifest);
    let folder = dir.to_str().unwrap();
    let bad = written(
        dir,
        "bad.json",
        r#"{"https://models.example/b": {"no": "context"}}"#,
    );
    let (good, text) = told(&city, &["import", "contexts", &bad]);
    assert!(!good && text.contains("holds no @context"), "{text}");
    let (good, text) = told(&city, &["import", "contexts", folder]);
    assert!(good && text.contains("2 @contexts: 2 new"), "{text}");
    names_are_known(&city, "urn:x:1");
    city.kill();
    let city = ground.start();
    names_are_known(&city, "urn:x:2");
    let listed = city
        .get("", "/ngsi-ld/v1/jsonldContexts?kind=Cached")
        .json();
    assert_eq!(listed, json!([URL, "https://models.example/b"]));
    let one = dir.join("air.jsonld");
    let args = ["import", "contexts", "--url", URL, one.to_str().unwrap()];
    let (good, text) = told(&city, &args);
    assert!(good && text.contains("1 held already"), "{text}");
}

#[test]
fn a_device_writes_what_its_key_grants_until_it_is_revoked() {
    let ground = Ground::new();
    let city = ground.start();
    let make = [
        "device-key",
        "make",
        "gauge",
        "--may",
        "write,read",
        "--type",
        "Air",
    ];
    let more = ["--attribute", "no2", "--days", "30"];
    let (good, text) = told(&city, &[&make[..], &more].concat());
    let secret = text
        .lines()
        .find(|l| l.starts_with("ldk_"))
        .unwrap_or_default();
    assert!(good && secret.len() == 68, "{text}");
    let secret = secret.to_owned();
    let (good, text) = told(&city, &[&make[..], &more].concat());
    assert!(!good && text.contains("already"), "{text}");
    let bearer = format!("Bearer {secret}");
    let key = [("authorization", &*bearer)];
    let at = city.console("/ngsi-ld/v1/entities");
    let entity = br#"{"id": "urn:x:1", "type": "Air", "no2": 1}"#;
    assert_eq!(city.call("POST", &at, &key, entity).status, 201);
    let other = br#"{"id": "urn:x:2", "type": "Air", "secret": 1}"#;
    let refused = city.call("POST", &at, &key, other);
    assert!(
        refused.status == 403 && refused.text().contains("secret"),
        "{}",
        refused.text()
    );
    city.kill();
    let mut grep = std::process::Command::new("grep");
    let found = grep
        .args(["-rqa", &secret])
        .arg(ground.data())
        .status()
        .unwrap();
    assert_eq!(found.code(), Some(1), "the secret is on disk");
    let city = ground.start();
    let one = city.console("/ngsi-ld/v1/entities/urn:x:1");
    assert_eq!(city.call("GET", &one, &key, b"").json()["no2"]["value"], 1);
    let (_, list) = told(&city, &["device-key", "list"]);
    assert!(
        list.contains("gauge: good, may write read of") && !list.contains(&secret),
        "{list}"
    );
    let number = list.lines().find(|l| l.contains("gauge")).unwrap();
    let number = number.split(' ').next().unwrap().to_owned();
    let (good, text) = told(&city, &["device-key", "revoke", &number]);
    assert!(good, "{text}");
    let gone = city.call("GET", &one, &key, b"");
    assert!(
        gone.status == 401 && gone.text().contains("revoked"),
        "{}",
        gone.text()
    );
    let (_, list) = told(&city, &["device-key", "list"]);
    assert!(list.contains("gauge: revoked"), "{list}");
}
