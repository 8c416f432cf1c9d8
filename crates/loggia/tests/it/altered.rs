//! A city whose every page is an attacker's, and a custodian who uses `loggia key release`: no page
//! is fetched, and what is shown, checked and sent is what it is with an honest city.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use loggia_policy::Request;
use serde_json::json;

use crate::between::{Between, Lie};
use crate::city::{City, Ground, PASSPHRASE, loggia, now_us, said, until};
use crate::opening::{Requester, WHY};

/// What the attacker puts in the place of each page, script and style.
const TRAP: &[u8] = b"<!doctype html><script src=\"https://attacker.example/\"></script>";
/// Media types of what a browser draws or runs.
const PAGES: [&str; 4] = ["text/html", "text/javascript", "text/css", "image/svg+xml"];

/// A key folder of one person's own, with the log policy: what is pinned is pinned there.
fn own_keys(ground: &Ground, person: &str, name: &str) -> PathBuf {
    let (all, own) = (
        ground.data().join("keys-of-everybody"),
        ground.root().join(name),
    );
    std::fs::create_dir(&own).unwrap();
    for file in [&format!("{person}.loggia-key"), "tlog-policy"] {
        std::fs::copy(all.join(file), own.join(file)).unwrap();
    }
    own
}

fn release(keys: &Path, server: &str, more: &[&str]) -> (bool, String) {
    let mut command = loggia();
    command
        .args(["key", "release", "--keys"])
        .arg(keys)
        .args(["--server", server])
        .args(more)
        .env("LOGGIA_PASSPHRASE", PASSPHRASE);
    said(&command.output().unwrap())
}

/// The words without what two looks at one log differ in: when each was, which witnesses beyond the
/// quorum have answered by then, and how long the log is.
fn but_for_the_hour(words: &str) -> String {
    let line = |l: &str| {
        let l = l.split_once("Z  INFO ").map_or(l, |(_, said)| said);
        match l.split_once(" vouch for the log of ") {
            Some((who, _)) => format!("{} vouch\n", &who[..who.find("witnesses").unwrap()]),
            None => format!("{l}\n"),
        }
    };
    words.lines().map(line).collect()
}

/// Every page, script and style of the city is the attacker's.
fn all_pages_altered(city: &City, between: &Between, through: &str) {
    between.lies(Lie::tell(|path, body| {
        let page = path == "/" || path.starts_with("/assets/");
        let drawn = [&b"<!doctype html"[..], b"<!DOCTYPE html"];
        if page || drawn.iter().any(|d| body.starts_with(d)) {
            return TRAP.to_vec();
        }
        body
    }));
    // It is a trap indeed: whoever opens a page is in it.
    for path in ["/", "/evidence", "/audit", "/assets/desk.js"] {
        let answer = city.call("GET", &format!("{through}{path}"), &[], b"");
        assert_eq!(answer.body, TRAP, "{path}");
    }
    between.asked.lock().unwrap().clear();
}

/// Whatever was asked for is the log or the API, and was answered with no page.
fn no_page_was_fetched(between: &Between) {
    let asked = std::mem::take(&mut *between.asked.lock().unwrap());
    assert!(asked.len() > 5, "it did look: {asked:?}");
    for (path, media) in asked {
        assert!(
            path.starts_with("/api/v1/") || path.starts_with("/log/"),
            "{path} was fetched"
        );
        assert!(
            !PAGES.iter().any(|p| media.starts_with(p)),
            "{path}: {media}"
        );
    }
}

/// The words say what was filed: who, for what, when, which spans of which cameras, and its hash.
fn says_the_true_request(words: &str, asked: &Requester<'_>) {
    let request = Request::parse(&asked.json).unwrap();
    let mut lines = vec![
        format!("request {}", asked.id),
        "  Petra Lindqvist asks, case 5500/R/1/26, for an investigation".to_owned(),
        format!("  by fi-pkl-7, because: {WHY}"),
        format!("  from {} to {}", request.from, request.to),
    ];
    for c in &request.camera_spans {
        lines.push(format!(
            "  {} spans {} to {}",
            c.camera, c.first.0, c.last.0
        ));
    }
    for line in lines {
        let there = words.lines().any(|l| l.starts_with(&line));
        assert!(there, "`{line}` is missing in {words}");
    }
}

#[test]
fn altered_pages_change_nothing_for_who_releases_at_a_terminal() {
    let ground = Ground::new();
    let started_at = now_us();
    let city = ground.start();
    let asked = Requester::file(&city, started_at, 1);
    let id = asked.id.to_string();
    let approved = city.act("a.korhonen", &id, "approve", PASSPHRASE);
    assert!(approved.status.is_success(), "{}", approved.text());
    let (between, port): (Arc<Between>, u16) = Between::start(city.console(""));
    let through = format!("http://127.0.0.1:{port}");
    all_pages_altered(&city, &between, &through);

    let early = own_keys(&ground, "k.virtanen", "early");
    until("the witnesses have seen the approval", || {
        let (ok, _) = release(&early, &city.console(""), &["--dry-run"]);
        ok.then_some(())
    });
    // First contact and all: with a city that is honest, and with one whose pages are not.
    let honest = own_keys(&ground, "k.virtanen", "honest");
    let own = own_keys(&ground, "k.virtanen", "own");
    let (ok, with_honest) = release(&honest, &city.console(""), &["--dry-run"]);
    assert!(ok, "{with_honest}");
    let (ok, words) = release(&own, &through, &["--dry-run"]);
    assert!(ok, "{words}");
    assert_eq!(but_for_the_hour(&words), but_for_the_hour(&with_honest));
    says_the_true_request(&words, &asked);
    no_page_was_fetched(&between);
    assert!(
        between.sent.lock().unwrap().is_empty(),
        "a dry run sends nothing"
    );

    let yes = ["--yes", "--request", &id[..12]];
    let (ok, words) = release(&own, &through, &yes);
    assert!(
        ok && words.contains("`release` was signed and sent"),
        "{words}"
    );
    says_the_true_request(&words, &asked);
    no_page_was_fetched(&between);
    let sent = std::mem::take(&mut *between.sent.lock().unwrap());
    assert_eq!(sent, [format!("/api/v1/desk/requests/{id}/release")]);

    // The other group's at an honest city: what was released through the altered one opens.
    let other = own_keys(&ground, "s.makela", "other");
    let (ok, words) = release(&other, &city.console(""), &yes);
    assert!(ok, "{words}");
    let view = city.get(&asked.cookie, &asked.path("")).json();
    assert_eq!(view["released_groups"], json!(["police", "oversight"]));
    assert!(!asked.open().pieces.is_empty());
}
