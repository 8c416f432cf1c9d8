//! Lies about who holds which key; the city takes one true version of the roster at the end.

use std::sync::{Arc, Mutex};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use loggia_model::{At, PersonId};
use loggia_policy::{Roster, RosterSignature, SignedRoster};
use serde_json::{Value, json};

use super::Scene;
use crate::between::Lie;
use crate::city::now_us;
use crate::routes::key_of;

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
pub fn about_the_roster(scene: &Scene<'_>) {
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
