//! Witnesses as real processes, killed one after the other: with a minority away everything works;
//! with the quorum gone openings stop, say so, and nothing else does; they go on by themselves.

use std::path::PathBuf;
use std::process::{Child, Command, Stdio};

use serde_json::{Value, json};

use crate::city::{City, Ground, PASSPHRASE, loggia, now_us, until};
use crate::opening::Requester;

/// The demo's witnesses: process number, folder and address of each.
fn witnesses(city: &City) -> Vec<(i32, PathBuf, String)> {
    let parent = format!("PPid:\t{}\n", city.pid());
    let mut found = Vec::new();
    for entry in std::fs::read_dir("/proc").unwrap().filter_map(Result::ok) {
        let Ok(pid) = entry.file_name().to_string_lossy().parse::<i32>() else {
            continue;
        };
        let read = |name| std::fs::read_to_string(entry.path().join(name)).unwrap_or_default();
        if !read("status").contains(&parent) {
            continue;
        }
        let line = read("cmdline");
        let args: Vec<&str> = line.split('\0').collect();
        let after = |name| args.iter().position(|a| *a == name).map(|i| args[i + 1]);
        if let (Some(data), Some(listen)) = (after("--data"), after("--listen")) {
            found.push((pid, PathBuf::from(data), listen.to_owned()));
        }
    }
    found.sort();
    found
}

fn kill(pid: i32) {
    let pid = rustix::process::Pid::from_raw(pid).unwrap();
    rustix::process::kill_process(pid, rustix::process::Signal::KILL).unwrap();
}

fn standing(city: &City) -> Value {
    city.get("", "/api/v1/log/witnesses").json()
}

fn done(city: &City, person: &str, asked: &Requester<'_>, act: &str) {
    let answer = city.act(person, &asked.id.to_string(), act, PASSPHRASE);
    assert!(
        answer.status.is_success(),
        "{person} {act}: {}",
        answer.text()
    );
}

fn view(city: &City, asked: &Requester<'_>) -> Value {
    city.get(&asked.cookie, &asked.path("")).json()
}

/// What must go on without witnesses: filing freezes, a hold is asked for and agreed to.
fn the_rest_goes_on(city: &City, started_at: i64) {
    let asked = Requester::file(city, started_at, 1);
    let seen = view(city, &asked);
    assert_eq!(
        (&seen["state"], &seen["witnesses"]),
        (&json!("asked"), &json!("gone"))
    );
    // An approval would be a step towards an opening: the desk does not take it.
    let id = asked.id.to_string();
    let refused = city.act("a.korhonen", &id, "approve", PASSPHRASE);
    assert_eq!(refused.status, 409);
    assert!(
        refused.text().contains("too few witnesses"),
        "{}",
        refused.text()
    );
    // A refusal is none.
    done(city, "a.korhonen", &asked, "refuse");
    let request = loggia_policy::Request::parse(&asked.json).unwrap();
    let hold = json!({
        "v": 1, "camera_spans": request.camera_spans,
        "reason": "A court asks for it to be kept.",
        "until": now_us() + 86_400_000_000_i64, "review": now_us() + 43_200_000_000_i64,
        "asked_by": "p.lindqvist", "nonce": "05".repeat(32),
    });
    let hold: loggia_policy::HoldAsk = serde_json::from_value(hold).unwrap();
    let text = serde_json::to_string(&hold).unwrap();
    let made = city
        .post(&asked.cookie, "/api/v1/holds", &json!({ "hold": text }))
        .json();
    let id = made["id"].as_str().unwrap();
    for person in ["k.virtanen", "a.korhonen"] {
        let answer = city.act(person, id, "hold", PASSPHRASE);
        assert!(answer.status.is_success(), "{person}: {}", answer.text());
    }
    // Recording: a span that was not there yet becomes whole.
    let newest = || {
        let want = json!({ "cameras": [1], "from": started_at, "to": now_us() });
        let cover = city
            .post(&asked.cookie, "/api/v1/spans/cover", &want)
            .json();
        cover["camera_spans"][0]["last"].as_u64().unwrap()
    };
    let before = newest();
    until("recording goes on", || (newest() > before).then_some(()));
}

fn restart(data: &std::path::Path, listen: &str) -> Child {
    let mut command: Command = loggia();
    command
        .args(["witness", "serve", "--data"])
        .arg(data)
        .args(["--listen", listen])
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .unwrap()
}

#[test]
fn a_minority_of_witnesses_away_changes_nothing_and_a_quorum_away_stops_openings_alone() {
    let ground = Ground::new();
    let started_at = now_us();
    let city = ground.start();
    let bodies = until("five witnesses run", || {
        let all = witnesses(&city);
        (all.len() == 5).then_some(all)
    });
    kill(bodies[0].0);
    kill(bodies[1].0);
    let first = Requester::file(&city, started_at, 1);
    done(&city, "a.korhonen", &first, "approve");
    done(&city, "k.virtanen", &first, "release");
    done(&city, "a.korhonen", &first, "release");
    assert!(first.released().is_some(), "three of five are enough");
    let told = standing(&city);
    assert_eq!(told["quorum"], "quorum");

    let second = Requester::file(&city, started_at, 1);
    done(&city, "a.korhonen", &second, "approve");
    kill(bodies[2].0);
    done(&city, "k.virtanen", &second, "release");
    done(&city, "a.korhonen", &second, "release");
    until("the quorum is known to be gone", || {
        (standing(&city)["quorum"] == "gone").then_some(())
    });
    let seen = view(&city, &second);
    assert_eq!(
        (&seen["state"], &seen["witnesses"]),
        (&json!("released"), &json!("gone"))
    );
    assert!(second.released().is_none(), "nothing is opened");
    let entries = seen["log_entries"].as_array().unwrap();
    let opening = entries.iter().find(|e| e["kind"] == "opening").unwrap();
    let proof = city.get("", &format!("/log/proof/{}", opening["index"]));
    assert_eq!(proof.status, 503);
    assert!(
        proof.text().contains("urn:loggia:problem:unwitnessed"),
        "{}",
        proof.text()
    );
    assert!(proof.headers.contains_key("retry-after"));
    // What is open stays open.
    assert!(first.released().is_some());
    the_rest_goes_on(&city, started_at);
    let operator = city.become_person("o.saarinen");
    until("the operator is told", || {
        let list = city.get(&operator, "/api/v1/alarms").json();
        let alarms = list["alarms"].as_array().unwrap();
        alarms
            .iter()
            .find(|a| a["kind"] == "witnesses_away")
            .cloned()
    });

    let mut back = restart(&bodies[1].1, &bodies[1].2);
    until("it opens by itself", || second.released());
    assert_eq!(standing(&city)["quorum"], "quorum");
    back.kill().unwrap();
    back.wait().unwrap();
}
