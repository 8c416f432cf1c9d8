//! What is kept for a time only: entities, attributes, and attributes of attributes that say when
//! they end (clause 4.22), and histories of a city that keeps them so long and no longer.

use std::time::{Duration, Instant};

use loggia_ngsi_ld::Json;

use crate::town::{Town, json};

/// Asks until the answer is this one; what is done beside the calls has ten seconds for it.
async fn becomes(town: &Town, path: &str, wanted: Option<&Json>) {
    becomes_in(town, path, wanted, Duration::ZERO).await;
}

/// The same in a city whose clock goes on meanwhile, by so much for each question.
async fn becomes_in(town: &Town, path: &str, wanted: Option<&Json>, step: Duration) {
    let until = Instant::now() + Duration::from_secs(10);
    loop {
        let told = town.get(path).await;
        let got = (told.status == 200).then(|| told.json());
        if got.as_ref() == wanted {
            return;
        }
        assert!(
            Instant::now() < until,
            "{path}: {} {}",
            told.status,
            told.text
        );
        town.clock.pass(step);
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn clause_4_22_each_element_ends_when_it_says() {
    let town = Town::new();
    let _house = town.broker.keep_house();
    let body = r#"{"id": "urn:x:1", "type": "T", "expiresAt": "2026-11-23T12:04:00Z",
        "a": {"value": 1, "b": {"value": 2, "expiresAt": "2026-11-23T12:01:00Z"},
              "c": {"object": "urn:x:2",
                    "d": {"value": 3, "expiresAt": "2026-11-23T12:02:00Z"}}},
        "e": {"value": 4, "expiresAt": "2026-11-23T12:03:00Z"}}"#;
    town.made(&[body]).await;
    let c = r#""c": {"object": "urn:x:2"}"#;
    let d = r#""c": {"object": "urn:x:2", "d": {"value": 3, "expiresAt": "2026-11-23T12:02:00Z"}}"#;
    let e = r#""e": {"value": 4, "expiresAt": "2026-11-23T12:03:00Z"}"#;
    let path = "/entities/urn:x:1?options=concise";
    for members in [
        format!(r#""a": {{"value": 1, {d}}}, {e}"#),
        format!(r#""a": {{"value": 1, {c}}}, {e}"#),
        format!(r#""a": {{"value": 1, {c}}}"#),
    ] {
        town.clock.pass(Duration::from_secs(60));
        let head = r#""id": "urn:x:1", "type": "T", "expiresAt": "2026-11-23T12:04:00Z""#;
        let wanted = json(&format!("{{{head}, {members}}}"));
        becomes(&town, path, Some(&wanted)).await;
    }
    let times = town
        .have("/entities/urn:x:1?attrs=a&options=sysAttrs")
        .await;
    let modified = times.get("a").and_then(|a| a.get("modifiedAt"));
    let modified = modified.and_then(Json::as_str).expect("a time");
    assert_eq!(
        modified, "2026-11-23T12:02:00.000Z",
        "when its last part went"
    );
    town.clock.pass(Duration::from_secs(60));
    becomes(&town, path, None).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_history_is_kept_as_long_as_the_city_says() {
    let town = Town::new();
    let body = r#"{"id": "urn:x:1", "type": "T", "a": [
        {"value": 1, "observedAt": "2026-11-20T12:00:00Z"},
        {"value": 2, "observedAt": "2026-11-23T11:00:00Z"}]}"#;
    town.done("POST", "/temporal/entities", body).await;
    let path = "/temporal/entities/urn:x:1?options=temporalValues";
    let of = |values: &str| {
        let a = format!(r#"{{"type": "Property", "values": [{values}]}}"#);
        json(&format!(r#"{{"id": "urn:x:1", "type": "T", "a": {a}}}"#))
    };
    let (old, new) = (
        r#"[1, "2026-11-20T12:00:00Z"]"#,
        r#"[2, "2026-11-23T11:00:00Z"]"#,
    );
    // Nothing is forgotten unless somebody said for how long it is kept.
    assert_eq!(town.have(path).await, of(&format!("{old}, {new}")));
    let town = town.again_with(|history| history.keeping(Duration::from_secs(86_400)));
    becomes(&town, path, Some(&of(new))).await;
    // Not looked for at each moment, but as hours go by.
    let bare = json(r#"{"id": "urn:x:1", "type": "T"}"#);
    becomes_in(&town, path, Some(&bare), Duration::from_secs(3_600)).await;
}
