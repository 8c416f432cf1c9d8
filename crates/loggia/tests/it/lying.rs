//! A city that lies to a key desk: a real server stands between the desk and a real city and alters
//! what passes. Every lie is refused by name, and no signature and no share leaves the desk.

use std::path::Path;
use std::sync::{Arc, Mutex};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use loggia_model::{At, ManualClock, PersonId};
use loggia_policy::{Act, Request, Roster, RosterSignature, SignedRoster, Statement};
use loggia_transparency::{ConfigChanged, Log, LogKey};
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
        "the public log does not show that this request was filed",
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
    let proof_of_another = {
        let places = places.clone();
        move |path: &str| {
            let mut path = path.to_owned();
            for index in &places {
                path = path.replace(&format!("/log/proof?index={index}&"), "/log/proof?index=0&");
            }
            path
        }
    };
    scene.refuses(Lie::ask(proof_of_another.clone()), "proof");
    let another_entry = move |path: &str| {
        let mut path = proof_of_another(path);
        for index in &places {
            path = path.replace(
                &format!("/log/entries?from={index}&"),
                "/log/entries?from=0&",
            );
        }
        path
    };
    scene.refuses(Lie::ask(another_entry), "entry");
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

/// The city's log is this one, with its proofs.
fn shows(log: &Log) -> Lie {
    let log = log.clone();
    Lie::tell(move |path, body| {
        if path == "/log/checkpoint" {
            return log.checkpoint().note().to_owned().into_bytes();
        }
        if path == "/log/key" {
            return log.verifier().to_string().into_bytes();
        }
        let Some(query) = path.strip_prefix("/api/v1/log/consistency?from=") else {
            return body;
        };
        let (from, to) = query.split_once("&to=").unwrap();
        let proof = log.consistency_proof(from.parse().unwrap(), to.parse().unwrap());
        let proof: Vec<_> = proof
            .unwrap()
            .iter()
            .map(|h| STANDARD.encode(h.0))
            .collect();
        serde_json::to_vec(&json!({ "proof": proof })).unwrap()
    })
}

/// Another log: under another key, and, worse, under the city's own.
fn about_the_log(scene: &Scene<'_>) {
    let dir = |name: &str| scene.ground.root().join(name);
    let secrets = scene.ground.data().join("secrets");
    let secrets = loggia_store::Secrets::open(&secrets, loggia_store::FileLayer::Real).unwrap();
    let true_key = secrets.kept("log-key").unwrap().unwrap();
    let key = scene.city.get("", "/log/key").text();
    let name = key.split('+').next().unwrap();
    let (_, own) = LogKey::generate().unwrap();
    let other_key = log_of(&dir("other-key"), &own, name, 200);
    let word = "is not signed by the key that this desk trusts";
    scene.refuses(shows(&other_key), word);
    let word = "the public log is not the one that this desk has seen before";
    scene.refuses(shows(&log_of(&dir("fork"), &true_key, name, 200)), word);
    scene.refuses(
        shows(&log_of(&dir("rolled-back"), &true_key, name, 3)),
        word,
    );
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

    scene.between.lies(chain(&[&first, &agreed]));
    let seen = scene.desk.look(scene.city);
    assert!(seen.status.is_success(), "{}", seen.text());
    scene.refuses(Lie::none(), other);
    // The positive control: without a lie the same desk releases, once.
    scene.between.lies(chain(&[&first, &agreed]));
    let id = scene.asked.id.to_string();
    let done = scene.desk.act(scene.city, "k.virtanen", "release", &id);
    assert!(done.status.is_success(), "{}", done.text());
    let sent = scene.between.sent.lock().unwrap();
    assert!(
        matches!(&sent[..], [path] if path.ends_with("/release")),
        "{sent:?}"
    );
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
    about_the_log(&scene);
    about_shares(&scene);
    about_acts(&scene);
    about_the_roster(&scene);
}
