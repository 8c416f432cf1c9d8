//! What a notification says, and what goes with it (clauses 5.3.1, 5.2.14, 6.3.8, 7.2).

use std::sync::Arc;

use loggia_ngsi_ld::Json;
use loggia_ngsi_ld::subscription::{Cause, Occasion, Subscription};

use crate::support::{
    created, data, deleted, entity, json, merged, message, now, occasion, telling, try_read,
};

fn one(members: &str) -> Subscription {
    telling(members).unwrap_or_else(|e| panic!("{members}: {e}"))
}

fn accepting(accept: &str, more: &str) -> Subscription {
    let body = format!(
        r#"{{"id": "urn:x:s", "type": "Subscription", "entities": [{{"type": "Car"}}],
            "notification": {{"endpoint": {{"uri": "http://h.example/n",
            "accept": "{accept}", "receiverInfo": [{{"key": "X-Key", "value": "v"}},
            {{"key": "link", "value": "mine"}}{more}]}}}}}}"#
    );
    try_read(&body).expect("a subscription")
}

#[test]
fn clause_5_3_1_the_body_says_which_subscription_and_when() {
    let s = accepting("application/json", "");
    let told = message(&s, &created(entity(r#""speed": 1"#)));
    let expected = r#"{"id": "urn:ngsi-ld:Notification:3-7", "type": "Notification",
        "subscriptionId": "urn:x:s", "notifiedAt": "2026-02-02T00:00:00.000Z",
        "data": [{"id": "urn:x:1", "type": "Car", "speed": {"type": "Property", "value": 1}}]}"#;
    let body = Json::read(&told.body).expect("JSON");
    let at = now().to_string();
    assert_eq!(
        body,
        json(&expected.replace("2026-02-02T00:00:00.000Z", &at))
    );
    let lines: Vec<(&str, &str)> = told.lines.iter().map(|(k, v)| (&**k, &**v)).collect();
    let link = "<https://c.example/>; rel=\"http://www.w3.org/ns/json-ld#context\"; \
                type=\"application/ld+json\"";
    let expected = [
        ("Content-Type", "application/json"),
        ("Link", link),
        ("X-Key", "v"),
    ];
    assert_eq!(lines, expected);
}

#[test]
fn clause_6_3_8_json_ld_has_the_context_within() {
    let s = accepting("application/ld+json", "");
    let tenant = Occasion {
        tenant: Some("north"),
        cause: Cause::Tick(9),
        ..occasion()
    };
    let told = s.periodic(&tenant, &[Arc::new(entity(""))], &|_| None);
    let body = Json::read(&told.body).expect("JSON");
    assert_eq!(
        body.get("id"),
        Some(&"urn:ngsi-ld:Notification:3-t9".into())
    );
    let within = body.get("data").and_then(Json::items).expect("data");
    assert!(within[0].get("@context").is_some() && body.get("@context").is_some());
    let names: Vec<&str> = told.lines.iter().map(|(k, _)| &**k).collect();
    assert_eq!(names, ["Content-Type", "NGSILD-Tenant", "X-Key", "link"]);
}

#[test]
fn geojson_is_a_collection_with_the_context_where_it_is_asked_for() {
    let car = entity(
        r#""speed": 1, "location": {"type": "GeoProperty",
            "value": {"type": "Point", "coordinates": [1, 2]}}"#,
    );
    let s = accepting("application/geo+json", "");
    let told = data(&s, &created(car.clone()));
    assert_eq!(told.get("type"), Some(&"FeatureCollection".into()));
    let features = told
        .get("features")
        .and_then(Json::items)
        .expect("features");
    let point = json(r#"{"type": "Point", "coordinates": [1, 2]}"#);
    assert_eq!(features[0].get("geometry"), Some(&point));
    let prefer = r#", {"key": "Prefer", "value": "body=ld+json"}"#;
    let s = accepting("application/geo+json", prefer);
    let body = message(&s, &created(car)).body;
    assert!(Json::read(&body).expect("JSON").get("@context").is_some());
}

#[test]
fn clause_7_2_mqtt_has_the_lines_in_the_message() {
    let s = accepting("application/json", "");
    let told = message(&s, &created(entity("")));
    let whole = Json::read(&told.with_metadata()).expect("JSON");
    let metadata = whole.get("metadata").expect("metadata");
    assert_eq!(
        metadata.get("Content-Type"),
        Some(&"application/json".into())
    );
    assert_eq!(metadata.get("X-Key"), Some(&"v".into()));
    assert!(metadata.get("Link").is_some());
    let body = whole.get("body").expect("body");
    assert_eq!(body.get("type"), Some(&"Notification".into()));
}

#[test]
fn members_are_those_that_are_shown() {
    let car = r#""speed": 1, "owner": "A""#;
    for (shown, expected) in [
        (
            r#""attributes": ["owner"], "format": "keyValues""#,
            r#"{"id": "urn:x:1", "type": "Car", "owner": "A"}"#,
        ),
        (
            r#""pick": ["id", "owner"], "format": "simplified""#,
            r#"{"id": "urn:x:1", "owner": "A"}"#,
        ),
        (
            r#""omit": ["type", "owner"], "format": "concise""#,
            r#"{"id": "urn:x:1", "speed": 1}"#,
        ),
    ] {
        let told = data(&one(shown), &created(entity(car)));
        assert_eq!(told, json(&format!("[{expected}]")), "{shown}");
    }
}

fn gone(triggers: &str, more: &str) -> Subscription {
    let body = format!(
        r#"{{"type": "Subscription", "entities": [{{"type": "Car"}}],
            "notificationTrigger": {triggers}, "notification": {{"endpoint":
            {{"uri": "http://h.example/n"}}{more}}}}}"#
    );
    try_read(&body).expect("a subscription")
}

#[test]
fn clause_4_5_0_what_is_gone_is_told_as_null() {
    let car = entity(
        r#""speed": 1, "owner": {"type": "Relationship", "object": "urn:x:o"},
        "label": {"type": "LanguageProperty", "languageMap": {"en": "a"}},
        "place": {"type": "GeoProperty", "value": {"type": "Point", "coordinates": [1, 2]}},
        "kind": {"type": "VocabProperty", "vocab": "Car"},
        "free": {"type": "ListProperty", "valueList": [1]}"#,
    );
    let removed = r#""speed": "urn:ngsi-ld:null", "owner": "urn:ngsi-ld:null",
        "label": "urn:ngsi-ld:null", "place": "urn:ngsi-ld:null", "kind": "urn:ngsi-ld:null",
        "free": "urn:ngsi-ld:null""#;
    let change = merged(&car, removed);
    let s = gone(r#"["attributeDeleted"]"#, "");
    let null = "urn:ngsi-ld:null";
    let expected = format!(
        r#"[{{"id": "urn:x:1", "type": "Car",
        "speed": {{"type": "Property", "value": "{null}"}},
        "owner": {{"type": "Relationship", "object": "{null}"}},
        "label": {{"type": "LanguageProperty", "languageMap": {{"@none": "{null}"}}}},
        "place": {{"type": "GeoProperty", "value": "{null}"}},
        "kind": {{"type": "VocabProperty", "vocab": "{null}"}},
        "free": {{"type": "ListProperty", "valueList": ["{null}"]}}}}]"#
    );
    assert_eq!(data(&s, &change), json(&expected));
    let s = gone(
        r#"["entityUpdated"]"#,
        r#", "showChanges": true, "format": "concise""#,
    );
    let told = data(&s, &change);
    let told = &told.items().expect("data")[0];
    assert_eq!(
        told.get("speed"),
        Some(&json(
            r#"{"value": "urn:ngsi-ld:null", "previousValue": 1}"#
        ))
    );
    let was = r#"{"object": "urn:ngsi-ld:null", "previousObject": "urn:x:o"}"#;
    assert_eq!(told.get("owner"), Some(&json(was)));
    let s = gone(r#"["attributeUpdated"]"#, "");
    let told = data(&s, &change);
    assert!(
        !told.to_string().contains(null),
        "deletions are not subscribed to"
    );
}

#[test]
fn a_deleted_entity_is_its_name_and_when_unless_more_is_asked_for() {
    let car = entity(r#""speed": 1"#);
    let at = now().to_string();
    let bare = format!(r#"{{"id": "urn:x:1", "type": "Car", "deletedAt": "{at}""#);
    let s = gone(r#"["entityDeleted"]"#, "");
    assert_eq!(
        data(&s, &deleted(car.clone())),
        json(&format!("[{bare}}}]"))
    );
    let s = gone(r#"["attributeDeleted"]"#, r#", "format": "keyValues""#);
    let told = data(&s, &deleted(car.clone()));
    assert_eq!(
        told,
        json(&format!(r#"[{bare}, "speed": "urn:ngsi-ld:null"}}]"#))
    );
    let s = gone(
        r#"["entityDeleted"]"#,
        r#", "showChanges": true, "sysAttrs": true"#,
    );
    let told = data(&s, &deleted(car));
    let speed = told.items().expect("data")[0]
        .get("speed")
        .expect("speed")
        .clone();
    assert_eq!(speed.get("previousValue"), Some(&json("1")));
    assert_eq!(speed.get("deletedAt"), Some(&at.as_str().into()));
}

#[test]
fn previous_values_stand_beside_the_new_ones() {
    let car = entity(
        r#""speed": [{"type": "Property", "value": 1},
            {"type": "Property", "value": 2, "datasetId": "urn:x:d"}], "owner": "A", "free": [1]"#,
    );
    let change = merged(
        &car,
        r#""speed": {"type": "Property", "value": 3, "datasetId": "urn:x:d"}, "free": [2],
            "label": "new""#,
    );
    for (format, speed, free) in [
        (
            "normalized",
            r#"[{"type": "Property", "value": 1}, {"type": "Property", "value": 3,
                "datasetId": "urn:x:d", "previousValue": 2}]"#,
            r#"{"type": "Property", "value": [2], "previousValue": [1]}"#,
        ),
        (
            "concise",
            r#"[{"value": 1}, {"value": 3, "datasetId": "urn:x:d", "previousValue": 2}]"#,
            r#"{"value": [2], "previousValue": [1]}"#,
        ),
    ] {
        let s = one(&format!(r#""showChanges": true, "format": "{format}""#));
        let told = data(&s, &change);
        let told = &told.items().expect("data")[0];
        assert_eq!(told.get("speed"), Some(&json(speed)));
        assert_eq!(told.get("free"), Some(&json(free)));
        assert!(
            !told
                .get("label")
                .expect("label")
                .to_string()
                .contains("previous")
        );
    }
    let s = one(r#""showChanges": true"#);
    let told = data(&s, &created(car));
    assert!(!told.to_string().contains("previous"), "nothing was before");
}

#[test]
fn clause_4_5_23_linked_entities_stand_behind_or_within() {
    let car = entity(
        r#""owner": {"type": "Relationship", "object": "urn:x:2"},
            "kind": {"type": "Relationship", "object": ["urn:x:3", "urn:x:1"]}"#,
    );
    let find = |id: &str| {
        let mut linked = entity(r#""owner": {"type": "Relationship", "object": "urn:x:1"}"#);
        linked.id = id.into();
        (id != "urn:x:3").then(|| Arc::new(linked))
    };
    let told = |members: &str| {
        let s = one(members);
        let body = s.message(&occasion(), [&created(car.clone())], &find).body;
        Json::read(&body)
            .expect("JSON")
            .get("data")
            .expect("data")
            .clone()
    };
    let flat = told(r#""join": "flat", "joinLevel": 2, "attributes": ["owner"]"#);
    let ids: Vec<_> = flat
        .items()
        .expect("data")
        .iter()
        .map(|e| e.get("id").cloned())
        .collect();
    assert_eq!(ids, [Some("urn:x:1".into()), Some("urn:x:2".into())]);
    assert!(
        flat.items().expect("data")[1].get("owner").is_some(),
        "it is told whole"
    );
    let hidden = told(r#""join": "flat", "joinLevel": 2, "attributes": ["speed"]"#);
    assert_eq!(
        hidden.items().map(<[Json]>::len),
        Some(1),
        "what is hidden leads nowhere"
    );
    let inline = told(r#""join": "inline""#);
    let owner = inline.items().expect("data")[0]
        .get("owner")
        .expect("owner")
        .clone();
    let linked = owner.get("entity").expect("entity");
    assert_eq!(linked.get("id"), Some(&"urn:x:2".into()));
    let plain = told(r#""join": "inline", "format": "simplified", "joinLevel": 2"#);
    let plain = &plain.items().expect("data")[0];
    let back = plain.get("owner").and_then(|o| o.get("owner"));
    assert_eq!(back, Some(&"urn:x:1".into()), "it stands around it already");
    let kinds = plain.get("kind").and_then(Json::items).expect("kinds");
    assert_eq!(*kinds, ["urn:x:3".into(), "urn:x:1".into()]);
}

#[test]
fn clause_4_21_what_is_picked_of_linked_entities_is_told() {
    let car = entity(r#""owner": {"type": "Relationship", "object": "urn:x:2"}, "speed": 7"#);
    let find = |id: &str| {
        let mut linked = entity(r#""name": "Ana", "age": 40"#);
        linked.id = id.into();
        Some(Arc::new(linked))
    };
    let told = |members: &str| {
        let s = one(&format!(r#"{members}, "format": "simplified""#));
        let body = s.message(&occasion(), [&created(car.clone())], &find).body;
        let body = Json::read(&body).expect("JSON");
        body.get("data").expect("data").to_string()
    };
    assert_eq!(
        told(r#""join": "inline", "pick": ["id", "owner{name}"]"#),
        r#"[{"id":"urn:x:1","owner":{"name":"Ana"}}]"#
    );
    assert_eq!(
        told(r#""join": "flat", "pick": ["id", "owner{id,name}"]"#),
        r#"[{"id":"urn:x:1","owner":"urn:x:2"},{"id":"urn:x:2","name":"Ana"}]"#
    );
    assert_eq!(
        told(r#""join": "inline", "omit": ["type", "speed", "owner{type,age}"]"#),
        r#"[{"id":"urn:x:1","owner":{"id":"urn:x:2","name":"Ana"}}]"#
    );
}
