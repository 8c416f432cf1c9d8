//! Every route, tried by everybody: no session, an ended, expired and forged token, another site's
//! page, each demo person, a roster key that is good, stale and forged, and a device's key that is
//! good, revoked, expired and of another tenant. `routes.txt` says what
//! each gets; it is read by people and any change to it is a change of who may do what.

use std::fmt::Write as _;
use std::path::Path;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use loggia_seal::{Keyfile, PersonKey};
use serde_json::Value;

use crate::city::{Answer, City, Ground, OWN_PAGE, PASSPHRASE, loggia, now_us, said, until};
use crate::data_plane::device_keys;
use crate::openapi::document;

/// Column → demo person, with the roles that `demo/city.toml` gives.
const PEOPLE: [(&str, &str, &[&str]); 8] = [
    ("inv", "p.lindqvist", &["Investigator"]),
    ("appr", "r.heikkila", &["Approver"]),
    ("cust-p", "k.virtanen", &["Custodian"]),
    ("ap+cu", "a.korhonen", &["Approver", "Custodian"]),
    ("cust-o", "s.makela", &["Custodian"]),
    ("audit", "m.niemi", &["Auditor"]),
    ("oper", "o.saarinen", &["Operator"]),
    ("admin", "t.laine", &["Administrator"]),
];

/// One endpoint as `loggia routes` lists it.
pub struct Endpoint {
    pub path: String,
    pub method: String,
    pub access: String,
}

impl Endpoint {
    fn is_api(&self) -> bool {
        self.path.starts_with("/api/") || self.path.starts_with("/log/")
    }

    /// The specification's second spellings of collections are not described twice.
    fn is_described(&self) -> bool {
        self.is_api() || (self.path.starts_with("/ngsi-ld/") && !self.path.ends_with('/'))
    }

    fn is_unsafe(&self) -> bool {
        self.method != "GET"
    }

    /// The path with things filled in that exist nowhere.
    pub fn tried(&self) -> String {
        let id = if self.path.contains("/requests/") || self.path.contains("/holds/") {
            "0".repeat(64)
        } else {
            "999999".to_owned()
        };
        self.path
            .replace("{id}", &id)
            .replace("{camera}", "999999")
            .replace("{seq}", "1")
            .replace("{number}", "999999")
            .replace("{index}", "999999")
            .replace("{person}", "nobody.here")
            .replace("{*rest}", "new")
            .replace("{*path}", "0/000")
    }
}

pub fn endpoints(ground: &Ground) -> Vec<Endpoint> {
    let folder = ground.root().join("listing");
    let listed = loggia().arg("routes").arg(folder).output().unwrap();
    let (good, text) = said(&listed);
    assert!(good, "{text}");
    let lines = String::from_utf8(listed.stdout).unwrap();
    let of = |line: &str| {
        let mut words = line.split(' ').map(str::to_owned);
        Endpoint {
            path: words.next().unwrap(),
            method: words.next().unwrap(),
            access: words.next().unwrap(),
        }
    };
    lines.lines().map(of).collect()
}

/// Who tries.
enum Caller {
    Cookie(String),
    Elsewhere(String),
    Device {
        key: String,
        tenant: Option<&'static str>,
    },
    Key {
        key: PersonKey,
        at: i64,
        forged: bool,
    },
}

fn forge(text: &str) -> String {
    let mut bytes = text.as_bytes().to_vec();
    let middle = bytes.len() - 8;
    bytes[middle] = if bytes[middle] == b'A' { b'B' } else { b'A' };
    String::from_utf8(bytes).unwrap()
}

pub fn key_of(ground: &Ground, person: &str) -> PersonKey {
    let folder = ground.data().join("keys-of-everybody");
    let file = std::fs::read(folder.join(format!("{person}.loggia-key"))).unwrap();
    Keyfile::parse(&file).unwrap().unlock(PASSPHRASE).unwrap()
}

/// A session that nobody has used for longer than sessions live: its row is aged on disk.
fn expired(ground: &Ground, city: &City) -> String {
    let cookie = city.become_person("s.makela");
    let tables = loggia_store::Db::open(&ground.data().join("city.sqlite")).unwrap();
    let aged = tables.write(|c| {
        let sql = "UPDATE policy_session SET seen_at = seen_at - 86400000000 \
                   WHERE person = 's.makela'";
        Ok::<_, loggia_store::Error>(c.execute(sql, []).unwrap())
    });
    assert_eq!(aged.unwrap(), 1);
    cookie
}

fn ended(city: &City) -> String {
    let cookie = city.become_person("a.korhonen");
    let headers = [("cookie", cookie.as_str()), OWN_PAGE];
    let url = city.console("/api/v1/session");
    assert_eq!(city.call("DELETE", &url, &headers, b"").status, 204);
    cookie
}

fn callers(ground: &Ground, city: &City) -> Vec<(&'static str, Caller)> {
    let cookie = Caller::Cookie;
    let key = |at, forged| Caller::Key {
        key: key_of(ground, "a.korhonen"),
        at,
        forged,
    };
    let mut all = vec![
        ("none", cookie(String::new())),
        ("ended", cookie(ended(city))),
        ("expir", cookie(expired(ground, city))),
        ("forged", cookie(forge(&city.become_person("t.laine")))),
        (
            "other",
            Caller::Elsewhere(city.become_person("p.lindqvist")),
        ),
    ];
    for (column, person, _) in PEOPLE {
        all.push((column, cookie(city.become_person(person))));
    }
    all.push(("key", key(0, false)));
    all.push(("stale", key(-3_600_000_000, false)));
    all.push(("k-forg", key(0, true)));
    let device = |(column, key, tenant)| (column, Caller::Device { key, tenant });
    all.extend(device_keys(city).map(device));
    all
}

fn try_it(city: &City, endpoint: &Endpoint, caller: &Caller) -> Answer {
    let (method, path) = (endpoint.method.as_str(), endpoint.tried());
    let body: &[u8] = if endpoint.is_unsafe() && method != "DELETE" {
        b"{}"
    } else {
        b""
    };
    let own = [OWN_PAGE];
    let signed;
    let mut headers: Vec<(&str, &str)> = own.to_vec();
    match caller {
        Caller::Cookie(cookie) if cookie.is_empty() => {}
        Caller::Cookie(cookie) => headers.push(("cookie", cookie)),
        Caller::Elsewhere(cookie) => {
            headers = vec![("sec-fetch-site", "cross-site"), ("cookie", cookie)];
        }
        Caller::Device { key, tenant } => {
            headers.push(("x-api-key", key));
            headers.extend(tenant.map(|t| ("ngsild-tenant", t)));
        }
        Caller::Key { key, at, forged } => {
            let at = loggia_model::At(now_us() + at);
            let mut hash = [0; 32];
            let digest = aws_lc_rs::digest::digest(&aws_lc_rs::digest::SHA256, body);
            hash.copy_from_slice(digest.as_ref());
            let said = loggia_policy::DeskCall::to_be_signed(method, &path, at, hash);
            let mut signature = key.signing.sign(&said).unwrap();
            signature[9] ^= u8::from(*forged);
            let sig = STANDARD.encode(signature);
            signed = format!("Loggia-Key person={},at={},sig={sig}", key.person, at.0);
            headers.push(("authorization", &signed));
        }
    }
    city.call(method, &city.console(&path), &headers, body)
}

/// What no answer goes without.
fn headers_stand(answer: &Answer, what: &str) {
    let header = |name: &str| {
        let value = answer.headers.get(name);
        value
            .map(|v| v.to_str().unwrap().to_owned())
            .unwrap_or_default()
    };
    assert_eq!(header("content-security-policy"), loggia_api::CSP, "{what}");
    assert!(!loggia_api::CSP.contains("unsafe"));
    assert_eq!(header("x-content-type-options"), "nosniff", "{what}");
    assert_eq!(header("referrer-policy"), "no-referrer", "{what}");
    assert!(!header("cache-control").is_empty(), "{what}");
}

/// The rule that the table must follow whatever it says: who is not named is not let in.
fn keeps_the_rule(endpoint: &Endpoint, column: &str, status: u16) {
    let what = format!(
        "{} {} as {column}: {status}",
        endpoint.method, endpoint.path
    );
    let roles = PEOPLE.iter().find(|p| p.0 == column).map(|p| p.2);
    let of_session = matches!(column, "none" | "ended" | "expir" | "forged") || roles.is_some();
    assert!(status < 500, "{what}");
    if column == "other" && endpoint.is_unsafe() && endpoint.access != "RosterKey" {
        assert_eq!(status, 403, "{what}");
    }
    match (endpoint.access.as_str(), column) {
        ("Public" | "DemoOnly", _) => {}
        ("Data", "dev") => assert_ne!(status, 401, "{what}"),
        ("Data", "d-rev" | "d-exp") => assert_eq!(status, 401, "{what}"),
        ("Data", "d-ten") => assert_eq!(status, 403, "{what}"),
        // A device opens nothing but the data plane.
        (_, "dev" | "d-rev" | "d-exp" | "d-ten") => assert_eq!(status, 401, "{what}"),
        _ => {}
    }
    match (endpoint.access.as_str(), roles) {
        // A demo's data plane is open to whoever reaches the demo; elsewhere to operators, which
        // the gate's own tests hold.
        ("Public" | "DemoOnly" | "Data", _) => {}
        ("RosterKey", _) if column == "key" => assert_ne!(status, 401, "{what}"),
        ("RosterKey", _) => assert!((400..500).contains(&status), "{what}"),
        (_, None) if of_session => assert_eq!(status, 401, "{what}"),
        ("SignedIn", Some(_)) => assert_ne!(status, 401, "{what}"),
        (named, Some(roles)) if named.split('|').any(|n| roles.contains(&n)) => {
            assert_ne!(status, 401, "{what}");
        }
        (_, Some(_)) => assert_eq!(status, 403, "{what}"),
        // A roster key opens no page, and another site's page may read nothing that it is sent.
        (_, None) => assert!(column == "other" || status == 401, "{what}"),
    }
}

fn described(document: &Value, endpoint: &Endpoint) -> bool {
    let path = endpoint.path.replace("{*", "{");
    let method = endpoint.method.to_lowercase();
    document["paths"]
        .get(path)
        .is_some_and(|p| p.get(method).is_some())
}

fn committed_table() -> String {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/routes.txt");
    std::fs::read_to_string(path).unwrap_or_default()
}

#[test]
fn every_route_gives_every_caller_what_the_table_says() {
    let ground = Ground::new();
    let routes = endpoints(&ground);
    let city = ground.start();
    until("the log is cosigned", || {
        let cosigned = city.get("", "/log/cosigned");
        cosigned.status.is_success().then_some(())
    });
    let callers = callers(&ground, &city);
    let mut table = String::new();
    let columns: String = callers.iter().map(|c| format!("{:>7}", c.0)).collect();
    writeln!(table, "{:<58}{columns}  who may", "# method and path").unwrap();
    for endpoint in &routes {
        let name = format!("{} {}", endpoint.method, endpoint.path);
        write!(table, "{name:<58}").unwrap();
        for (column, caller) in &callers {
            let one_use;
            // Signing out ends the session, so that row spends one of its own.
            let caller = match PEOPLE.iter().find(|p| p.0 == *column) {
                Some((_, person, _)) if name == "DELETE /api/v1/session" => {
                    one_use = Caller::Cookie(city.become_person(person));
                    &one_use
                }
                _ => caller,
            };
            let answer = try_it(&city, endpoint, caller);
            let what = format!("{name} as {column}");
            headers_stand(&answer, &what);
            if endpoint.is_api() && answer.status.is_client_error() {
                assert!(
                    answer.is_json(),
                    "{what}: {} {}",
                    answer.status,
                    answer.text()
                );
            }
            keeps_the_rule(endpoint, column, answer.status.as_u16());
            write!(table, "{:>7}", answer.status.as_u16()).unwrap();
        }
        writeln!(table, "  {}", endpoint.access).unwrap();
    }
    if std::env::var_os("LOGGIA_REFRESH").is_some() {
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/routes.txt");
        std::fs::write(path, &table).unwrap();
    }
    for (found, wanted) in table.lines().zip(committed_table().lines()) {
        assert_eq!(
            found, wanted,
            "who may do what has changed; see `routes.rs`"
        );
    }
    assert!(
        table == committed_table(),
        "routes came or went. If that is meant: LOGGIA_REFRESH=1 cargo nextest run -p loggia routes"
    );
}

#[test]
fn the_description_names_every_endpoint_and_no_other() {
    let ground = Ground::new();
    let routes = endpoints(&ground);
    let document: Value = serde_json::from_str(&document()).unwrap();
    for endpoint in routes.iter().filter(|e| e.is_described()) {
        let itself = endpoint.path == "/api/v1/openapi.json";
        let name = format!("{} {}", endpoint.method, endpoint.path);
        assert!(
            itself || described(&document, endpoint),
            "{name} is not described"
        );
    }
    for (path, methods) in document["paths"].as_object().unwrap() {
        for method in methods.as_object().unwrap().keys() {
            let served = |e: &Endpoint| {
                e.path.replace("{*", "{") == *path && e.method.to_lowercase() == *method
            };
            assert!(routes.iter().any(served), "{method} {path} is not served");
        }
    }
}

#[test]
fn what_is_no_route_and_the_key_desk_answer_with_the_same_headers() {
    let ground = Ground::new();
    let city = ground.start();
    for (method, path, status) in [
        ("GET", "/nothing", 404),
        ("GET", "/api/v1/nothing", 404),
        ("PUT", "/log/key", 405),
    ] {
        let answer = city.call(method, &city.console(path), &[OWN_PAGE], b"");
        assert_eq!(answer.status, status, "{path}");
        headers_stand(&answer, path);
        // A page for people, a problem for programs; the gate wraps neither in the other.
        let text = answer.text();
        if path == "/nothing" {
            let kind = answer.headers["content-type"].to_str().unwrap();
            assert!(kind.starts_with("text/html"), "{path}: {kind}");
            assert!(text.starts_with("<!DOCTYPE html>"), "{path}: {text}");
        } else {
            assert_eq!(answer.headers["content-type"], "application/problem+json");
            let problem: Value = serde_json::from_slice(&answer.body).unwrap();
            assert_eq!(problem["status"], status, "{path}: {text}");
        }
    }
    for path in [
        "/",
        "/desk/people",
        "/desk/requests?person=a.korhonen",
        "/nothing",
    ] {
        headers_stand(&city.call("GET", &city.desk(path), &[], b""), path);
    }
    // A page elsewhere that points its own name here (DNS rebinding) is turned away.
    let rebound = [("host", "evil.example")];
    let answer = city.call("GET", &city.desk("/desk/people"), &rebound, b"");
    assert_eq!(answer.status, 403, "{}", answer.text());
    headers_stand(&answer, "the desk under another name");
    // And so is a page that has no business with acts.
    let elsewhere = [("sec-fetch-site", "cross-site")];
    let answer = city.call("POST", &city.desk("/desk/act"), &elsewhere, b"{}");
    assert_eq!(answer.status, 403);
}
