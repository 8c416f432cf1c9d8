//! A city that lies to a key desk: a real server stands between the desk and a real city and alters
//! what passes. Every lie is refused by name, and no signature and no share leaves the desk.

use std::path::Path;
use std::sync::{Arc, Mutex};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use loggia_model::{At, ManualClock, PersonId};
use loggia_policy::{Act, Request, Roster, RosterSignature, SignedRoster, Statement};
use loggia_transparency::{
    ConfigChanged, CosignerKey, CosignerKind, Log, LogKey, SignedCheckpoint, TlogProof, Verifier,
};
use serde_json::{Value, json};

use crate::between::{Between, Lie, OwnDesk};
use crate::city::{City, Ground, PASSPHRASE, now_us};
use crate::opening::Requester;
use crate::routes::key_of;

/// The scene: a request that was truly filed and approved, and a desk behind the server in between.
struct Scene<'a> {
    ground: &'a Ground,
    city: &'a City,
    asked: &'a Requester<'a>,
    between: Arc<Between>,
    desk: OwnDesk,
}

impl Scene<'_> {
    /// The desk refuses to act on `request` while the city lies so, and says `words`.
    #[track_caller]
    fn refuses_about(&self, request: &str, lie: Lie, words: &str) {
        self.between.lies(lie);
        for (person, act) in [("k.virtanen", "release"), ("a.korhonen", "approve")] {
            // An approver is shown no shares: those lies are for custodians.
            if act == "approve" && (words.contains("share") || words.contains("asked for")) {
                continue;
            }
            let answer = self.desk.act(self.city, person, act, request);
            assert_eq!(answer.status, 409, "{act}, {words}: {}", answer.text());
            let said = answer.text();
            assert!(said.contains(words), "{act} should name `{words}`: {said}");
        }
        let sent = self.between.sent.lock().unwrap();
        assert!(sent.is_empty(), "{words}: the desk sent {sent:?}");
    }

    #[track_caller]
    fn refuses(&self, lie: Lie, words: &str) {
        self.refuses_about(&self.asked.id.to_string(), lie, words);
    }

    /// Where the request was filed, in the log.
    fn places(&self) -> Vec<u64> {
        let view = self
            .asked
            .city
            .get(&self.asked.cookie, &self.asked.path(""))
            .json();
        let of = |e: &Value| e["index"].as_u64().unwrap();
        view["log_entries"]
            .as_array()
            .unwrap()
            .iter()
            .map(of)
            .collect()
    }
}

fn other_key() -> String {
    STANDARD.encode([9; 32])
}

/// Lies about the request's text and who asks.
fn about_the_request(scene: &Scene<'_>) {
    let bytes = "the text of the request is not the one that its hash names";
    scene.refuses(Lie::text(false, |r| r.camera_spans[0].last.0 += 1), bytes);
    scene.refuses(Lie::text(false, |r| r.one_time_key = other_key()), bytes);
    let swapped = Request {
        one_time_key: other_key(),
        ..Request::parse(&scene.asked.json).unwrap()
    };
    let renamed = Request::id_of(&swapped.to_json().unwrap()).to_string();
    scene.refuses_about(
        &renamed,
        Lie::text(true, |r| r.one_time_key = other_key()),
        "is not signed by",
    );
    let operator = || PersonId("o.saarinen".to_owned());
    let posing = Request {
        requester: operator(),
        ..Request::parse(&scene.asked.json).unwrap()
    };
    let renamed = Request::id_of(&posing.to_json().unwrap()).to_string();
    let as_operator = move |view: &mut Value| {
        let mut request = Request::parse(view["request"].as_str().unwrap()).unwrap();
        request.requester = operator();
        let text = request.to_json().unwrap();
        view["id"] = json!(Request::id_of(&text));
        view["request"] = json!(text);
        view["requester"] = json!("o.saarinen");
        view["body"] = json!("city");
    };
    scene.refuses_about(&renamed, Lie::shown(as_operator), "o.saarinen may not ask");
    let word = "the city names another requester";
    scene.refuses(Lie::shown(|v| v["requester"] = json!("m.niemi")), word);
    let word = "which the roster does not";
    scene.refuses(Lie::shown(|v| v["body"] = json!("oversight")), word);
    let word = "is not signed by";
    scene.refuses(Lie::shown(|v| v["signature"] = Value::Null), word);
    let forged = {
        // Truly signed, by a colleague of the requester.
        let key = key_of(scene.ground, "r.heikkila");
        let signed = Request::to_be_signed(&scene.asked.json);
        STANDARD.encode(key.signing.sign(&signed).unwrap())
    };
    scene.refuses(Lie::shown(move |v| v["signature"] = json!(forged)), word);
    let word = "the reason shown is not the one that the requester wrote";
    let other = "A bicycle was taken from the rack behind the church.";
    scene.refuses(Lie::shown(move |v| v["necessity"] = json!(other)), word);
    let word = "the public log commits to another time or place than the request";
    let salt = |v: &mut Value| v["span_salt"] = json!("00".repeat(32));
    scene.refuses(Lie::shown(salt), word);
    let word = "the case number shown is not the one";
    scene.refuses(Lie::shown(|v| v["case"]["number"] = json!("1/1/26")), word);
}

/// Lies about who has approved.
fn about_the_approval(scene: &Scene<'_>) {
    let sign = |person: &str, text: &str| {
        let key = key_of(scene.ground, person);
        STANDARD.encode(key.signing.sign(&Statement::to_be_signed(text)).unwrap())
    };
    let forged = {
        let key = key_of(scene.ground, "k.virtanen");
        move |view: &mut Value| {
            let given = &mut view["approvals"][0];
            let text = Statement::to_be_signed(given["statement"].as_str().unwrap());
            given["signature"] = json!(STANDARD.encode(key.signing.sign(&text).unwrap()));
        }
    };
    scene.refuses(Lie::shown(forged), "is not signed by Anna Korhonen");
    // Truly signed, by an approver of the requester's own body.
    let own_body = Statement {
        v: 1,
        request: scene.asked.id,
        act: Act::Approve,
        by: PersonId("r.heikkila".to_owned()),
        at: At(now_us()),
        note: String::new(),
    };
    let text = own_body.to_json().unwrap();
    let signature = sign("r.heikkila", &text);
    let same_body = move |view: &mut Value| {
        view["approvals"][0]["by"] = json!("r.heikkila");
        view["approvals"][0]["statement"] = json!(text);
        view["approvals"][0]["signature"] = json!(signature);
    };
    scene.refuses(Lie::shown(same_body), "Risto Heikkilä may not approve this");
    // Truly signed by the right person about this request, and not what the log holds.
    let another_time = Statement {
        by: PersonId("a.korhonen".to_owned()),
        note: "Another word.".to_owned(),
        ..own_body.clone()
    };
    let text = another_time.to_json().unwrap();
    let signature = sign("a.korhonen", &text);
    let unlogged = move |view: &mut Value| {
        view["approvals"][0]["statement"] = json!(text);
        view["approvals"][0]["signature"] = json!(signature);
    };
    let word = "the public log holds another approval than the one shown";
    scene.refuses(Lie::shown(unlogged), word);
    // Truly signed by the right person, about another request.
    let elsewhere = Statement {
        request: loggia_model::Digest([3; 32]),
        by: PersonId("a.korhonen".to_owned()),
        ..own_body
    };
    let text = elsewhere.to_json().unwrap();
    let signature = sign("a.korhonen", &text);
    let another = move |view: &mut Value| {
        view["approvals"][0]["statement"] = json!(text);
        view["approvals"][0]["signature"] = json!(signature);
    };
    scene.refuses(Lie::shown(another), "the approval is about something else");
}

/// Lies about single entries of the log.
fn about_entries(scene: &Scene<'_>) {
    let places = scene.places();
    // The proof of another entry in the place of the one asked for.
    let another = move |path: &str| {
        let asked = path.strip_prefix("/log/proof/");
        let asked = asked.and_then(|n| n.parse::<u64>().ok());
        match asked {
            Some(n) if places.contains(&n) => "/log/proof/0".to_owned(),
            _ => path.to_owned(),
        }
    };
    scene.refuses(
        Lie::ask(another),
        "the city shows the proof of entry 0 in place of",
    );
    // Other bytes under the right number.
    let other_bytes = |path: &str, body: Vec<u8>| {
        if !path.starts_with("/log/proof/") {
            return body;
        }
        let mut proof = TlogProof::parse(&body).unwrap();
        let entry = String::from_utf8(proof.extra.unwrap()).unwrap();
        proof.extra = Some(entry.replace("\"at\":1", "\"at\":2").into_bytes());
        proof.text().into_bytes()
    };
    scene.refuses(Lie::tell(other_bytes), "does not lead to the root");
    let keep = |kind: &'static str| {
        Lie::shown(move |view| {
            let entries = view["log_entries"].as_array_mut().unwrap();
            entries.retain(|e| e["kind"] == kind);
        })
    };
    let word = "does not show that this request was filed";
    scene.refuses(keep("decision"), word);
    scene.refuses(keep("request_filed"), "does not show the approval");
}

/// The approval of another request, truly given and truly in the log, in this one's place.
fn about_another_decision(scene: &Scene<'_>, other: &Requester<'_>) {
    let view = scene.city.get(&other.cookie, &other.path("")).json();
    let of = |kind: &str| {
        let all = view["log_entries"].as_array().unwrap();
        all.iter().find(|e| e["kind"] == kind).unwrap()["index"].clone()
    };
    for (kind, word) in [
        ("decision", "does not show the approval"),
        ("request_filed", "does not show that this request was filed"),
    ] {
        let index = of(kind);
        let id = json!(scene.asked.id);
        let lie = Lie::shown(move |view| {
            if view["id"] != id {
                return;
            }
            for entry in view["log_entries"].as_array_mut().unwrap() {
                if entry["kind"] == kind {
                    entry["index"] = index.clone();
                }
            }
        });
        scene.refuses(lie, word);
    }
}

/// Alters the notes of cosigned checkpoints, alone and in proofs.
fn notes(alter: impl Fn(&str) -> String + Send + Sync + 'static) -> Lie {
    Lie::tell(move |path, body| {
        let text = String::from_utf8_lossy(&body).into_owned();
        if path == "/log/cosigned" {
            return alter(&text).into_bytes();
        }
        if !path.starts_with("/log/proof/") {
            return body;
        }
        let (head, note) = text.split_once("\n\n").unwrap();
        format!("{head}\n\n{}", alter(note)).into_bytes()
    })
}

/// A note with the log's signature and the first so many lines of witnesses.
fn cut(note: &str, lines: usize) -> String {
    let (text, signatures) = note.split_once("\n\n").unwrap();
    let kept: String = signatures.split_inclusive('\n').take(1 + lines).collect();
    format!("{text}\n\n{kept}")
}

/// The demo's witnesses' keys: a demo holds everything.
fn witness_keys(ground: &Ground, bodies: usize) -> Vec<CosignerKey> {
    let mut names: Vec<_> = std::fs::read_dir(ground.data().join("witnesses"))
        .unwrap()
        .map(|e| e.unwrap().file_name().into_string().unwrap())
        .collect();
    names.sort();
    let mut keys = Vec::new();
    for name in names.iter().take(bodies) {
        let dir = ground.data().join("witnesses").join(name).join("secrets");
        let secrets = loggia_store::Secrets::open(&dir, loggia_store::FileLayer::Real).unwrap();
        for (kind, file) in [
            (CosignerKind::Ed25519, "witness-ed25519"),
            (CosignerKind::MlDsa44, "witness-ml-dsa-44"),
        ] {
            let pkcs8 = secrets.kept(file).unwrap().unwrap();
            keys.push(CosignerKey::from_pkcs8(kind, name, &pkcs8).unwrap());
        }
    }
    keys
}

/// A note with these keys' cosignatures in the place of any others.
fn cosigned_by(note: &str, log: &Verifier, keys: &[CosignerKey], at: At) -> String {
    let bare = cut(note, 0);
    let signed = SignedCheckpoint::verify(bare.as_bytes(), log).unwrap();
    let lines: Vec<_> = keys
        .iter()
        .map(|k| k.cosign(&signed, at).unwrap())
        .collect();
    signed.with_lines(&lines)
}

/// Lies about who vouches for the log, and when they did.
fn about_witnesses(scene: &Scene<'_>) {
    let word = "is not the quorum";
    scene.refuses(notes(|note| cut(note, 0)), word);
    // Two of five, with both keys each.
    scene.refuses(notes(|note| cut(note, 4)), word);
    // Strangers under the witnesses' names, whatever policy the city proposes with them.
    let log: Verifier = scene
        .city
        .get("", "/log/key")
        .text()
        .trim()
        .parse()
        .unwrap();
    let names = ["court.example", "university.example", "newspaper.example"];
    let strangers: Vec<CosignerKey> = names
        .iter()
        .map(|n| CosignerKey::generate(CosignerKind::Ed25519, n).unwrap().0)
        .collect();
    let mut policy = format!("log {log}\n");
    for (n, key) in strangers.iter().enumerate() {
        policy += &format!("witness w{n} {}\n", key.public());
    }
    policy += "group enough 3 w0 w1 w2\nquorum enough\n";
    let verifier = log.clone();
    let by_strangers = move |note: &str| cosigned_by(note, &verifier, &strangers, At(now_us()));
    let swapped = {
        let notes = notes(by_strangers);
        Lie::tell(move |path, body| match path {
            "/log/policy" => policy.clone().into_bytes(),
            _ => (notes.tell)(path, body),
        })
    };
    scene.refuses(swapped, word);
    // Truly cosigned by all five, an hour ago.
    let all = witness_keys(scene.ground, 5);
    let hour_ago = At(now_us() - 3_600_000_000);
    let verifier = log.clone();
    let old = move |note: &str| cosigned_by(note, &verifier, &all, hour_ago);
    let word = "is 60 minutes old, which is too old";
    scene.refuses(notes(old), word);
    let all = witness_keys(scene.ground, 5);
    let ahead = move |note: &str| cosigned_by(note, &log, &all, At(now_us() + 3_600_000_000));
    scene.refuses(notes(ahead), "clocks and this machine's disagree");
    // The newest checkpoint held back.
    let gone = Lie::ask(|path| path.replace("/log/cosigned", "/log/no-such-thing"));
    scene.refuses(gone, "the city");
}

/// A log of its own with so many entries.
fn log_of(dir: &Path, key: &[u8], name: &str, entries: u8) -> Log {
    let key = LogKey::from_pkcs8(key).unwrap();
    let log = Log::open(dir, key, name, Arc::new(ManualClock::default())).unwrap();
    let entry = |n| ConfigChanged {
        hash: loggia_model::Digest([n; 32]),
    };
    let logged = log.append_many((0..entries).map(entry).collect()).unwrap();
    assert_eq!(logged.len(), usize::from(entries));
    log
}

/// Which part of the log is another one.
#[derive(Clone, Copy, PartialEq)]
enum Shown {
    /// All of it.
    Everything,
    /// What the witnesses vouch for; the head is the true one.
    Cosigned,
}

/// The city's log is this one, with its proofs, cosigned by these keys.
fn shows(log: &Log, keys: Vec<CosignerKey>, shown: Shown) -> Lie {
    let log = log.clone();
    Lie::tell(move |path, body| {
        let cosigned = || {
            let note = log.checkpoint().note().to_owned();
            cosigned_by(&note, &log.verifier(), &keys, At(now_us()))
        };
        match path {
            "/log/checkpoint" if shown == Shown::Everything => {
                return log.checkpoint().note().to_owned().into_bytes();
            }
            "/log/cosigned" => return cosigned().into_bytes(),
            _ => {}
        }
        if let Some(index) = path.strip_prefix("/log/proof/") {
            let index: u64 = index.parse().unwrap();
            let index = index.min(log.size() - 1);
            let proof = TlogProof {
                extra: Some(log.raw_entries(index, 1).unwrap()[0].1.clone()),
                index,
                path: log.inclusion_proof(index, log.size()).unwrap(),
                checkpoint: cosigned(),
            };
            return proof.text().into_bytes();
        }
        let Some(query) = path.strip_prefix("/api/v1/log/consistency?from=") else {
            return body;
        };
        let (from, to) = query.split_once("&to=").unwrap();
        let Ok(proof) = log.consistency_proof(from.parse().unwrap(), to.parse().unwrap()) else {
            return body;
        };
        let proof: Vec<_> = proof.iter().map(|h| STANDARD.encode(h.0)).collect();
        serde_json::to_vec(&json!({ "proof": proof })).unwrap()
    })
}

/// Another log: under another key, and, worse, under the city's own, with few or many witnesses.
fn about_the_log(scene: &Scene<'_>) {
    let dir = |name: &str| scene.ground.root().join(name);
    let secrets = scene.ground.data().join("secrets");
    let secrets = loggia_store::Secrets::open(&secrets, loggia_store::FileLayer::Real).unwrap();
    let true_key = secrets.kept("log-key").unwrap().unwrap();
    let key = scene.city.get("", "/log/key").text();
    let name = key.split('+').next().unwrap();
    let (_, own) = LogKey::generate().unwrap();
    let witnesses = |bodies| witness_keys(scene.ground, bodies);
    let other_key = log_of(&dir("other-key"), &own, name, 200);
    let word = "is not signed by a key of your log policy";
    scene.refuses(shows(&other_key, witnesses(5), Shown::Everything), word);
    let word = "the public log is not the one that this desk has seen before";
    let fork = log_of(&dir("fork"), &true_key, name, 200);
    // With a minority of the witnesses the fork is nothing; with all of them this desk's own memory
    // names it.
    scene.refuses(
        shows(&fork, witnesses(2), Shown::Cosigned),
        "is not the quorum",
    );
    scene.refuses(shows(&fork, witnesses(5), Shown::Cosigned), word);
    scene.refuses(shows(&fork, witnesses(5), Shown::Everything), word);
    let back = log_of(&dir("rolled-back"), &true_key, name, 3);
    scene.refuses(shows(&back, witnesses(5), Shown::Everything), word);
}

/// Lies about the shares that are to be released.
fn about_shares(scene: &Scene<'_>) {
    let lie = Lie::json("/shares", |shares| shares[0]["camera"] = json!(2));
    scene.refuses(lie, "which was not asked for");
    let lie = Lie::json("/shares", |shares| shares[0]["span"] = json!(1_000_000));
    scene.refuses(lie, "which was not asked for");
    // Another camera's share under the name of one that was asked for.
    let swapped = |shares: &mut Value| {
        let last = shares.as_array().unwrap().len() - 1;
        assert_ne!(shares[0]["camera"], shares[last]["camera"]);
        for part in ["enc", "ct"] {
            shares[0][part] = shares[last][part].clone();
        }
    };
    let word = "what the city offers as your share of cam-0001";
    scene.refuses(Lie::json("/shares", swapped), word);
    let lie = |s: &mut Value| s[0]["commitment"] = s[1]["commitment"].clone();
    scene.refuses(Lie::json("/shares", lie), word);
}

fn signed(scene: &Scene<'_>, roster: &Roster, by: &[&str]) -> Value {
    let text = roster.to_json().unwrap();
    let message = Roster::to_be_signed(Roster::hash_of(&text));
    let sign = |person: &&str| RosterSignature {
        person: PersonId((*person).to_owned()),
        signature: STANDARD.encode(key_of(scene.ground, person).signing.sign(&message).unwrap()),
    };
    json!(SignedRoster {
        roster: text,
        signatures: by.iter().map(sign).collect(),
    })
}

/// Lies about the roster; then a true second version, after which the first alone is a lie.
fn about_the_roster(scene: &Scene<'_>) {
    let first = Mutex::new(Value::Null);
    let first = Arc::new(first);
    let kept = Arc::clone(&first);
    scene
        .between
        .lies(Lie::json("/desk/roster", move |chain: &mut Value| {
            *kept.lock().unwrap() = chain[0].clone();
        }));
    assert!(scene.desk.look(scene.city).status.is_success());
    let first = first.lock().unwrap().clone();
    let text = first["roster"].as_str().unwrap();
    let genesis: Roster = serde_json::from_str(text).unwrap();
    let both = ["k.virtanen", "a.korhonen"];
    let second = Roster {
        version: 2,
        prev: Roster::hash_of(text),
        at: At(now_us()),
        ..genesis.clone()
    };
    let chain = |versions: &[&Value]| {
        let chain = json!(versions);
        Lie::json("/desk/roster", move |answer: &mut Value| {
            *answer = chain.clone()
        })
    };
    // The log's entry of the version in force is missing, or another.
    let missing = "the roster in force is not in the cosigned log";
    let entries = |all: Value| Lie::json("/desk/roster/entries", move |v| *v = all.clone());
    scene.refuses(entries(json!([])), missing);
    let filed = scene.places()[0];
    scene.refuses(entries(json!([filed])), missing);
    let agreed = signed(scene, &second, &both);
    let order = "the city's roster is not in order";
    scene.refuses(chain(&[&agreed]), order);
    let police_alone = signed(scene, &second, &both[..1]);
    scene.refuses(chain(&[&first, &police_alone]), order);
    let other = "the city shows another roster than the one that this desk trusts";
    let another_city = Roster {
        at: At(1),
        ..genesis
    };
    scene.refuses(chain(&[&signed(scene, &another_city, &both)]), other);

    // Signed by both groups, and not in the log.
    scene.refuses(chain(&[&first, &agreed]), missing);
    taken_by_the_city(scene, &agreed);
    scene.refuses(chain(&[&first]), other);
    // The positive control: without a lie the same desk releases, once.
    scene.between.lies(Lie::none());
    let id = scene.asked.id.to_string();
    let done = scene.desk.act(scene.city, "k.virtanen", "release", &id);
    assert!(done.status.is_success(), "{}", done.text());
    let sent = scene.between.sent.lock().unwrap();
    assert!(
        matches!(&sent[..], [path] if path.ends_with("/release")),
        "{sent:?}"
    );
}

/// The city takes a version of the roster, and logs it.
fn taken_by_the_city(scene: &Scene<'_>, roster: &Value) {
    let (path, person) = ("/api/v1/desk/roster", "k.virtanen");
    let body = serde_json::to_vec(roster).unwrap();
    let at = now_us();
    let hash = aws_lc_rs::digest::digest(&aws_lc_rs::digest::SHA256, &body);
    let hash = hex::encode(hash.as_ref());
    let message = format!("loggia/desk/v1\nPOST\n{path}\n{at}\n{hash}");
    let key = key_of(scene.ground, person);
    let sig = STANDARD.encode(key.signing.sign(message.as_bytes()).unwrap());
    let auth = format!("Loggia-Key person={person},at={at},sig={sig}");
    let headers = [("authorization", auth.as_str())];
    let url = scene.city.console(path);
    let answer = scene.city.call("POST", &url, &headers, &body);
    assert!(answer.status.is_success(), "{}", answer.text());
}

/// What the page does not offer about this request is not signed, whoever asks the desk's port.
fn about_acts(scene: &Scene<'_>) {
    scene.between.lies(Lie::none());
    let id = scene.asked.id.to_string();
    for (person, act) in [
        ("k.virtanen", "reset_credential"),
        ("a.korhonen", "reset_credential"),
        ("k.virtanen", "approve"),
        ("a.korhonen", "refuse"),
        ("k.virtanen", "end_hold"),
    ] {
        let answer = scene.desk.act(scene.city, person, act, &id);
        assert_eq!(answer.status, 409, "{person} {act}: {}", answer.text());
        let sent = scene.between.sent.lock().unwrap();
        assert!(sent.is_empty(), "{person} {act}: the desk sent {sent:?}");
    }
}

#[test]
fn a_lying_city_gets_no_signature_and_no_share() {
    let ground = Ground::new();
    let started_at = now_us();
    let city = ground.start();
    let asked = Requester::file(&city, started_at, 1);
    let id = asked.id.to_string();
    let approved = city.act("a.korhonen", &id, "approve", PASSPHRASE);
    assert!(approved.status.is_success(), "{}", approved.text());
    let other = Requester::file(&city, started_at, 1);
    let approved = city.act("a.korhonen", &other.id.to_string(), "approve", PASSPHRASE);
    assert!(approved.status.is_success(), "{}", approved.text());
    let (between, port) = Between::start(city.console(""));
    let desk = OwnDesk::start(&ground, &city, port);
    let scene = Scene {
        ground: &ground,
        city: &city,
        asked: &asked,
        between,
        desk,
    };
    about_the_request(&scene);
    about_the_approval(&scene);
    about_entries(&scene);
    about_another_decision(&scene, &other);
    about_witnesses(&scene);
    about_the_log(&scene);
    about_shares(&scene);
    about_acts(&scene);
    about_the_roster(&scene);
}
