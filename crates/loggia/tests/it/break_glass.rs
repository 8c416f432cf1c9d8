//! The break-glass account against the whole program: opened by two custodians on their own
//! machines with the command, then tried on every route that there is. No route of footage answers
//! it.

use serde_json::json;

use crate::city::{Answer, City, Ground, OWN_PAGE, PASSPHRASE, loggia, said};
use crate::routes::{Endpoint, endpoints};

/// What it may call: the list in `policy`, held here a second time on purpose.
const MAY: [&str; 13] = [
    "GET /api/v1/accounts",
    "POST /api/v1/accounts/{person}/disabled",
    "DELETE /api/v1/accounts/{person}/disabled",
    "GET /api/v1/alarms",
    "GET /api/v1/cameras",
    "GET /api/v1/clock",
    "GET /api/v1/inventory",
    "POST /api/v1/inventory",
    "DELETE /api/v1/inventory/{id}",
    "GET /api/v1/ops/notes",
    "GET /api/v1/ops/views",
    "GET /api/v1/roster",
    "GET /api/v1/storage",
];

/// It may call this too: what is on the page goes on by itself.
const EVENTS: &str = "GET /api/v1/events";

/// One custodian's word by the command; what it printed.
fn word(ground: &Ground, city: &City, person: &str, more: &[&str]) -> String {
    let key = ground.data().join("keys-of-everybody");
    let done = loggia()
        .args(["key", "break-glass", "--key"])
        .arg(key.join(format!("{person}.loggia-key")))
        .args(["--server", &city.console("")])
        .args(more)
        .env("LOGGIA_PASSPHRASE", PASSPHRASE)
        .output()
        .unwrap();
    let (good, text) = said(&done);
    assert!(good, "{text}");
    text
}

fn half_of(text: &str) -> &str {
    let line = text.lines().find(|l| l.starts_with("Your half")).unwrap();
    line.rsplit(' ').next().unwrap()
}

fn tried(city: &City, cookie: &str, e: &Endpoint) -> Answer {
    let body: &[u8] = if matches!(e.method.as_str(), "POST" | "PUT") {
        b"{}"
    } else {
        b""
    };
    let headers = [("cookie", cookie), OWN_PAGE];
    city.call(&e.method, &city.console(&e.tried()), &headers, body)
}

#[test]
fn two_open_it_and_no_route_but_those_of_administration_answers() {
    let ground = Ground::new();
    let routes = endpoints(&ground);
    let city = ground.start();
    let first = word(&ground, &city, "k.virtanen", &[]);
    let second = word(&ground, &city, "s.makela", &[]);
    assert!(second.contains("open until"), "{second}");
    let secret = format!("{} {}", half_of(&first), half_of(&second));
    let body = json!({ "person": "break-glass", "password": secret });
    let answer = city.post("", "/api/v1/session", &body);
    assert_eq!(answer.json()["actor"]["roles"], json!(["administrator"]));
    let set = answer.headers["set-cookie"].to_str().unwrap();
    let cookie = set.split(';').next().unwrap().to_owned();
    assert_eq!(city.post("", "/api/v1/session", &body).status, 401, "once");

    let mut may: Vec<&str> = MAY.to_vec();
    for e in &routes {
        let name = format!("{} {}", e.method, e.path);
        if e.access == "DemoOnly" && e.method == "GET" {
            // The pages of a demo ask these before they draw anything.
            assert_eq!(tried(&city, &cookie, e).status, 200, "{name}");
        }
        // The live link answers until it is shut; it is followed below.
        if matches!(e.access.as_str(), "Public" | "DemoOnly") || name == EVENTS {
            continue;
        }
        let status = tried(&city, &cookie, e).status.as_u16();
        if let Some(at) = may.iter().position(|m| *m == name) {
            may.remove(at);
            assert!(!matches!(status, 401 | 403), "{name}: {status}");
        } else {
            assert!(matches!(status, 401 | 403), "{name}: {status}");
        }
    }
    assert!(may.is_empty(), "not served: {may:?}");

    let mut events = city.stream(&cookie, "GET", "/api/v1/events").unwrap();
    word(&ground, &city, "a.korhonen", &["--end"]);
    // Reading comes to an end by the server's own doing.
    std::io::copy(&mut events, &mut std::io::sink()).unwrap();
    assert_eq!(city.get(&cookie, "/api/v1/accounts").status, 401);
    let entries = city.get("", "/api/v1/log/entries?limit=100").text();
    for (kind, at_least) in [("opened", 1), ("used", 6)] {
        let found = entries.matches(&format!("break_glass_{kind}")).count();
        assert!(found >= at_least, "{kind}: {found} in {entries}");
    }
}
