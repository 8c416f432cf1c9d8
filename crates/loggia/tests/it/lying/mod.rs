//! A city that lies to a key desk: a real server stands between the desk and a real city and alters
//! what passes. Every lie is refused by name, and no signature and no share leaves the desk.

mod log;
mod roster;

use std::sync::Arc;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use loggia_model::{At, PersonId};
use loggia_policy::{Act, Request, Statement};
use loggia_transparency::TlogProof;
use serde_json::{Value, json};

use self::log::{about_the_log, about_witnesses};
use self::roster::about_the_roster;
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
