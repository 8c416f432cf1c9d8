//! A custodian comes and another goes, by one command on each custodian's own machine, at a city
//! that lies: no share is sealed to a key that both groups have not signed, and a run that is
//! killed half way is simply run again. Holds go the same way.

use std::path::PathBuf;
use std::process::{Child, Command, Stdio};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use loggia_model::PersonId;
use loggia_policy::Roster;
use loggia_seal::{CustodianKey, KeyfileCost, PersonKey, Randomness};
use serde_json::{Value, json};

use crate::between::{Between, Lie, OwnDesk};
use crate::city::{City, Ground, PASSPHRASE, loggia, now_us, said, until, verify};
use crate::opening::Requester;

const KEPT: &str = "/api/v1/desk/kept-shares";

/// One custodian's own machine: a folder with one key and its pins, and the city's address.
struct Machine {
    key: PathBuf,
    server: String,
}

impl Machine {
    fn of(ground: &Ground, person: &str, server: &str) -> Self {
        let home = ground.root().join(format!("home-{person}"));
        std::fs::create_dir_all(&home).unwrap();
        let name = format!("{person}.loggia-key");
        let from = ground.data().join("keys-of-everybody").join(&name);
        let key = home.join(name);
        std::fs::copy(&from, &key).unwrap();
        let policy = from.with_file_name("tlog-policy");
        std::fs::copy(policy, home.join("tlog-policy")).unwrap();
        Self {
            key,
            server: server.to_owned(),
        }
    }

    fn command(&self, verb: &[&str]) -> Command {
        let mut command = loggia();
        command
            .arg("key")
            .args(verb)
            .arg("--key")
            .arg(&self.key)
            .args(["--server", &self.server])
            .env("LOGGIA_PASSPHRASE", PASSPHRASE)
            .current_dir(self.key.parent().unwrap());
        command
    }

    fn run(&self, verb: &[&str], more: &[&str]) -> (bool, String) {
        said(&self.command(verb).args(more).output().unwrap())
    }

    #[track_caller]
    fn good(&self, verb: &[&str], more: &[&str]) -> String {
        let (good, text) = self.run(verb, more);
        assert!(good, "{verb:?} {more:?}: {text}");
        text
    }

    #[track_caller]
    fn refused(&self, verb: &[&str], more: &[&str], words: &str) {
        let (good, text) = self.run(verb, more);
        assert!(
            !good && text.contains(words),
            "should say `{words}`: {text}"
        );
    }

    /// Handing on, in a process that can be killed.
    fn start(&self) -> Child {
        let mut command = self.command(&["rotate"]);
        command.stdout(Stdio::null()).stderr(Stdio::null());
        command.spawn().unwrap()
    }
}

/// A new custodian's key beside everybody's, as the demo keeps them; and the row for the roster.
fn newcomer(ground: &Ground, person: &str, body: &str) -> String {
    let r = &mut Randomness::machine();
    let key = PersonKey::generate(PersonId(person.to_owned()), r).unwrap();
    let text = key.lock(PASSPHRASE, KeyfileCost::LEAST, r).unwrap();
    let file = format!("{person}.loggia-key");
    let at = ground.data().join("keys-of-everybody").join(file);
    std::fs::write(&at, text).unwrap();
    let (good, row) = said(&loggia().args(["key", "show"]).arg(at).output().unwrap());
    assert!(good, "{row}");
    let row = row
        .replace("name = \"\"", &format!("name = \"{person}\""))
        .replace("body = \"\"", &format!("body = \"{body}\""))
        .replace("roles = []", "roles = [\"custodian\"]");
    let at = ground.root().join(format!("{person}.toml"));
    std::fs::write(&at, row).unwrap();
    at.to_str().unwrap().to_owned()
}

/// Every lie about whom to seal to, and none of them moves a share.
fn a_lying_city(between: &Between, police: &Machine, newcomer: &str) {
    let thief = CustodianKey::generate(&mut Randomness::machine()).unwrap();
    let (theirs, id) = (STANDARD.encode(thief.public().0), thief.key_id());
    let refuse = |lie: Lie, words: &str| {
        between.lies(lie);
        police.refused(&["rotate"], &[], words);
        let sent = between.sent.lock().unwrap();
        assert!(sent.is_empty(), "{words}: the machine sent {sent:?}");
    };
    // Another key in the roster that both groups signed; and the one before as the newest.
    let name = newcomer.to_owned();
    let swap = Lie::json("/desk/roster", move |chain| {
        let last = chain.as_array_mut().unwrap().last_mut().unwrap();
        let mut roster: Roster = serde_json::from_str(last["roster"].as_str().unwrap()).unwrap();
        let named = |m: &&mut loggia_policy::Member| m.person.0 == name;
        roster.members.iter_mut().find(named).unwrap().hpke_key = Some(theirs.clone());
        last["roster"] = json!(roster.to_json().unwrap());
    });
    refuse(swap, "the city's roster is not in order");
    let rolled_back = Lie::json("/desk/roster", |chain| {
        chain.as_array_mut().unwrap().pop();
    });
    refuse(
        rolled_back,
        "another roster than the one that this desk trusts",
    );
    // A key of nobody's for a span; and another entry as the roster's.
    let lacking = Lie::json(KEPT, move |page| {
        page["shares"][0]["lacking"] = json!([id.to_string()]);
    });
    refuse(
        lacking,
        "which no custodian of your group has in the roster",
    );
    let entry = Lie::json("/desk/roster/entries", |places| {
        *places = json!([0, 0]);
    });
    refuse(entry, "the roster in force is not in the cosigned log");
    // Somebody else's share as one's own; and another span under a span's name.
    let swapped = Lie::json(KEPT, |page| {
        let first = page["shares"][0]["share"]["span"].clone();
        page["shares"][1]["share"]["span"] = first;
    });
    refuse(swapped, "does not open");
    between.lies(Lie::none());
}

/// Killed as soon as the city has taken the first shares; then run again.
fn killed_half_way(between: &Between, police: &Machine) {
    let mut child = police.start();
    until("shares are handed on", || {
        let sent = between.sent.lock().unwrap();
        sent.iter().any(|p| p == KEPT).then_some(())
    });
    child.kill().unwrap();
    child.wait().unwrap();
    police.good(&["rotate"], &[]);
    let text = police.good(&["rotate"], &[]);
    assert!(
        text.contains("everybody in your group has a share"),
        "{text}"
    );
}

/// A hold asked for, agreed to and ended from the command line, each once by both bodies.
fn holds(police: &Machine, oversight: &Machine, first: &Value) {
    let named = format!("{}:{}-{}", first["camera"], first["first"], first["first"]);
    let words = [
        "--spans",
        &named,
        "--reason",
        "a court has asked for it",
        "--days",
        "30",
    ];
    let text = police.good(&["hold", "ask"], &words);
    let id = text.split(' ').nth(1).unwrap().to_owned();
    assert!(
        oversight
            .good(&["hold", "list"], &[])
            .contains(&format!("{id} asked"))
    );
    assert!(
        police
            .good(&["hold", "agree"], &[&id])
            .contains(&format!("{id} asked"))
    );
    police.refused(&["hold", "agree"], &[&id], "nothing that you can say");
    assert!(
        oversight
            .good(&["hold", "agree"], &[&id])
            .contains(&format!("{id} held"))
    );
    police.good(&["hold", "end"], &[&id]);
    assert!(
        oversight
            .good(&["hold", "end"], &[&id])
            .contains(&format!("{id} ended"))
    );
    let gone = "00".repeat(32);
    police.refused(&["hold", "end"], &[&gone], "there is no such hold");
    let words = [
        "--spans",
        "x",
        "--reason",
        "a court has asked for it",
        "--days",
        "30",
    ];
    police.refused(&["hold", "ask"], &words, "CAMERA:FIRST-LAST");
}

fn roster_entries(city: &City) -> usize {
    let page = city.get("", "/api/v1/log/entries?from=0&limit=1000").json();
    let entries = page["entries"].as_array().unwrap();
    let of = |e: &&Value| e["entry"]["kind"] == "roster_changed";
    entries.iter().filter(of).count()
}

#[test]
fn a_custodian_comes_and_one_goes_and_a_lying_city_gains_nothing() {
    let ground = Ground::new();
    let started_at = now_us();
    let city = ground.start();
    let asked = Requester::file(&city, started_at, 2);
    let (between, port) = Between::start(city.console(""));
    let server = format!("http://127.0.0.1:{port}");
    let police = Machine::of(&ground, "k.virtanen", &server);
    let oversight = Machine::of(&ground, "s.makela", &server);
    let row = newcomer(&ground, "n.police", "police");
    let out = ground.root().join("roster-next.json");
    let out = out.to_str().unwrap();

    // One draws and signs, one of the other group signs and sends: it is in force and in the log.
    let drawn = police.good(&["rotate"], &["--add", &row, "--out", out, "--yes"]);
    assert!(
        drawn.contains("comes: n.police Police {Custodian} key "),
        "{drawn}"
    );
    assert_eq!(roster_entries(&city), 1);
    let sent = oversight.good(&["rotate"], &[out, "--yes", "--settle-s", "0"]);
    assert!(sent.contains("roster 2 is in force"), "{sent}");
    assert!(
        sent.contains("everybody in your group has a share"),
        "{sent}"
    );
    assert_eq!(roster_entries(&city), 2);
    // What is drawn after version 1 is no longer the next.
    police.refused(
        &["rotate"],
        &[out, "--yes"],
        "is not the one after version 2",
    );

    between.sent.lock().unwrap().clear();
    // The recorder follows the roster from each next span on: lie about what was sealed before.
    a_lying_city(&between, &police, "n.police");
    killed_half_way(&between, &police);

    // The newcomer's own desk releases what was recorded before they came.
    let id = asked.id.to_string();
    let approved = city.act("a.korhonen", &id, "approve", PASSPHRASE);
    assert!(approved.status.is_success(), "{}", approved.text());
    let desk = OwnDesk::start(&ground, &city, port);
    for person in ["n.police", "s.makela"] {
        let done = desk.act(&city, person, "release", &id);
        assert!(done.status.is_success(), "{person}: {}", done.text());
    }
    let opened = asked.open();
    assert!(opened.pieces.values().all(|p| !p.is_empty()));

    // A camera that no request runs about.
    let want = json!({ "cameras": [2], "from": started_at, "to": now_us() });
    let cover = city
        .post(&asked.cookie, "/api/v1/spans/cover", &want)
        .json();
    holds(&police, &oversight, &cover["camera_spans"][0]);

    // Whoever leaves is let in no more, and nothing of the rotation needs the city's good will.
    oversight.good(
        &["rotate"],
        &["--remove", "k.virtanen", "--out", out, "--yes"],
    );
    let newcomer = Machine::of(&ground, "n.police", &server);
    newcomer.good(&["rotate"], &[out, "--yes", "--settle-s", "0"]);
    let (good, text) = police.run(&["rotate"], &[]);
    assert!(!good, "{text}");
    let late = desk.act(&city, "k.virtanen", "release", &id);
    assert!(!late.status.is_success(), "{}", late.text());
}

/// The last checkpoint under the old key is signed by both; the next entry is the new key's alone.
fn an_entry_more(city: &City, asked: &Requester<'_>) {
    let case = json!({ "number": "5500/R/2/26", "purpose": "investigation" });
    city.post(&asked.cookie, "/api/v1/cases", &case).json();
}

#[test]
fn the_log_s_key_has_a_successor_that_both_groups_named() {
    let ground = Ground::new();
    let started_at = now_us();
    let city = ground.start();
    let asked = Requester::file(&city, started_at, 1);
    let id = asked.id.to_string();
    let approved = city.act("a.korhonen", &id, "approve", PASSPHRASE);
    assert!(approved.status.is_success(), "{}", approved.text());
    let (between, port) = Between::start(city.console(""));
    let server = format!("http://127.0.0.1:{port}");
    let police = Machine::of(&ground, "k.virtanen", &server);
    let oversight = Machine::of(&ground, "s.makela", &server);
    let old = city.get("", "/log/key").text();
    let kept = ground.root().join("checkpoint");
    std::fs::write(&kept, city.get("", "/log/checkpoint").text()).unwrap();
    let out = format!("{}/log-key.json", ground.root().display());

    police.good(&["log-key"], &["--out", &out, "--yes"]);
    // One group is not enough, not even for a city that would take it.
    police.refused(
        &["log-key"],
        &[&out, "--yes"],
        "no custodian of Oversight signed",
    );
    assert_eq!(city.get("", "/log/key").text(), old);
    let done = oversight.good(&["log-key"], &[&out, "--yes"]);
    assert!(done.contains("is the last under the old key"), "{done}");
    let new = city.get("", "/log/key").text();
    assert_ne!(new, old);
    // The secret that was drawn is the key now, and the one before is nowhere.
    let secrets = ground.data().join("secrets");
    assert!(!secrets.join("log-key-next.sealed").exists());

    an_entry_more(&city, &asked);
    // A desk whose policy names the old key alone believes nothing; nor does it follow without what
    // both groups signed.
    police.refused(
        &["hold", "list"],
        &[],
        "is not signed by a key of your log policy",
    );
    let hidden = Lie::json("/desk/log-key", |keys| keys["statements"] = json!([]));
    between.lies(hidden);
    police.refused(
        &["log-key"],
        &["--follow"],
        "does not show that both groups signed it",
    );
    let forged = Lie::json("/desk/log-key", |keys| {
        keys["statements"][0]["signatures"]
            .as_array_mut()
            .unwrap()
            .pop();
    });
    between.lies(forged);
    police.refused(&["log-key"], &["--follow"], "signed the log key");
    between.lies(Lie::none());
    let followed = police.good(&["log-key"], &["--follow"]);
    assert!(
        followed.contains("both groups handed the log over"),
        "{followed}"
    );
    police.good(&["hold", "list"], &[]);

    // The city dies and comes back under the new key; the request that ran through it all opens.
    drop(between);
    let data = ground.data();
    city.kill();
    let (good, text) = verify(&data, Some(&kept));
    assert!(good, "{text}");
    let city = ground.start();
    assert_eq!(city.get("", "/log/key").text(), new);
    for person in ["k.virtanen", "s.makela"] {
        let done = city.act(person, &id, "release", PASSPHRASE);
        assert!(done.status.is_success(), "{person}: {}", done.text());
    }
    city.stop();
    let (good, text) = verify(&data, Some(&kept));
    assert!(good && text.contains("handed over by entry"), "{text}");
}
