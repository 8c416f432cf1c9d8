//! What is taken and what is refused, and that nothing is lost on the way to an answer or to the
//! log (clauses 5.2.12 to 5.2.15, 5.8.1, 5.8.2).

use loggia_ngsi_ld::subscription::{Status, Tally};
use loggia_ngsi_ld::{Embed, Json, SysAttrs};

use crate::support::{
    at, created, entity, json, now, patched, restored, telling, try_read, with, written,
};

const FULL: &str = r#"{"id": "urn:x:s", "type": "Subscription", "subscriptionName": "n",
    "description": "d", "entities": [{"id": "urn:x:1", "type": "Car"},
    {"idPattern": "^urn:x:", "type": "(Car|Bus);x:Green"}, {"type": "*"}],
    "watchedAttributes": ["speed", "https://other.example/a.b"],
    "notificationTrigger": ["entityDeleted", "attributeUpdated"],
    "q": "speed>10;owner==\"A%20B\"", "csf": "free==1", "scopeQ": "/a/#",
    "geoQ": {"georel": "near;maxDistance==2000", "geometry": "Point", "coordinates": [1, 2.5],
    "geoproperty": "place"}, "isActive": true, "expiresAt": "2030-01-01T00:00:00Z",
    "throttling": 0.5, "lang": "fr;q=0.5,en", "datasetId": ["@none", "urn:x:d"],
    "localOnly": true, "splitEntities": false, "jsonKeys": "free,kind",
    "expandValues": "owner",
    "notification": {"pick": ["id", "speed", "owner{name,at{id}}"], "omit": ["free"],
    "format": "concise", "sysAttrs": true, "showChanges": true, "join": "inline", "joinLevel": 2,
    "endpoint": {"uri": "https://h.example:8443/n?a=1", "accept": "application/ld+json",
    "receiverInfo": [{"key": "Authorization", "value": "Bearer x"}],
    "timeout": 1500, "cooldown": 2000}}}"#;

#[test]
fn clause_5_2_12_all_members_come_back_as_they_were_sent() {
    let s = try_read(FULL).expect("a subscription");
    let mut expected = json(FULL);
    if let Json::Object(members) = &mut expected {
        let mut all = members.to_vec();
        all.push(("status".into(), "active".into()));
        *members = all.into();
    }
    assert_eq!(written(&s), expected);
}

#[test]
fn a_restart_reads_what_was_kept() {
    let mut s = try_read(FULL).expect("a subscription");
    s.tally = Tally {
        times_sent: 5,
        times_failed: 2,
        last_notification: Some(now()),
        last_success: Some(at("2026-01-01T00:00:00Z")),
        last_failure: Some(now()),
    };
    let again = restored(&s);
    assert_eq!(again.record(), s.record());
    assert_eq!(again.tally, s.tally);
    assert_eq!(again.q, s.q);
    assert_eq!(again.entities, s.entities);
    assert_eq!(again.notification, s.notification);
    let told = written(&again);
    let told = told.get("notification").expect("it");
    assert_eq!(told.get("status"), Some(&"failed".into()));
}

#[test]
fn names_are_written_as_the_request_has_them() {
    let s = with(r#""entities": [{"type": "Car|Bus"}], "watchedAttributes": ["speed"]"#);
    let s = s.expect("a subscription");
    let mut out = Vec::new();
    let core = loggia_ngsi_ld::Contexts::new().core().expect("the core");
    s.write(&core, SysAttrs::Show, Embed::Nothing, now(), &mut out);
    let told = Json::read(&out).expect("JSON");
    let kind = "https://x.example/#Car|https://x.example/#Bus";
    assert_eq!(
        told.get("entities"),
        Some(&json(&format!(r#"[{{"type": "{kind}"}}]"#)))
    );
    assert_eq!(
        told.get("watchedAttributes"),
        Some(&json(r#"["https://x.example/#speed"]"#))
    );
    let default = json(r#"["attributeCreated", "attributeUpdated"]"#);
    assert_eq!(told.get("notificationTrigger"), Some(&default));
    assert!(told.get("createdAt").is_some() && told.get("isActive").is_none());
}

/// Members beside those that must be there, and what the refusal names.
const BAD: &[(&str, &str)] = &[
    (r#""description": "d""#, "entities"),
    (r#""localOnly": false"#, "entities"),
    (
        r#""entities": [{"type": "*"}], "localOnly": false"#,
        "localOnly",
    ),
    (
        r#""entities": [{"type": "Car"}], "expandValues": "a b""#,
        "expandValues",
    ),
    (
        r#""entities": [{"type": "Car"}], "jsonKeys": 7"#,
        "jsonKeys",
    ),
    (r#""entities": []"#, "entities"),
    (r#""entities": [{"id": "urn:x:1"}]"#, "entities.type"),
    (r#""entities": [{"type": "Car", "ids": 1}]"#, "entities.ids"),
    (
        r#""entities": [{"type": "Car", "id": "no uri"}]"#,
        "entities.id",
    ),
    (r#""watchedAttributes": []"#, "watchedAttributes"),
    (r#""watchedAttributes": ["a b"]"#, "watchedAttributes"),
    (r#""watchedAttribute": ["speed"]"#, "watchedAttribute"),
    (
        r#""watchedAttributes": ["speed"], "notificationTrigger": ["entityChanged"]"#,
        "notificationTrigger",
    ),
    (
        r#""watchedAttributes": ["speed"], "notificationTrigger": []"#,
        "notificationTrigger",
    ),
    (
        r#""watchedAttributes": ["speed"], "timeInterval": 5"#,
        "watchedAttributes",
    ),
    (
        r#""entities": [{"type": "Car"}], "timeInterval": 10, "throttling": 30"#,
        "throttling",
    ),
    (
        r#""entities": [{"type": "Car"}], "timeInterval": 0.1"#,
        "timeInterval",
    ),
    (
        r#""entities": [{"type": "Car"}], "throttling": -30"#,
        "throttling",
    ),
    (
        r#""entities": [{"type": "Car"}], "throttling": "30""#,
        "throttling",
    ),
    (
        r#""entities": [{"type": "Car"}], "expiresAt": "2020-01-01T00:00:00Z""#,
        "expiresAt",
    ),
    (
        r#""entities": [{"type": "Car"}], "expiresAt": "tomorrow""#,
        "expiresAt",
    ),
    (
        r#""entities": [{"type": "Car"}], "isActive": "yes""#,
        "isActive",
    ),
    (
        r#""entities": [{"type": "Car"}], "jsonldContext": "unknownContext""#,
        "jsonldContext",
    ),
    (
        r#""entities": [{"type": "Car"}], "datasetId": ["x"]"#,
        "datasetId",
    ),
    (
        r#""entities": [{"type": "Car"}], "temporalQ": {}"#,
        "temporalQ",
    ),
    (
        r#""entities": [{"type": "Car"}], "geoQ": {"georel": "within", "geometry": "Point"}"#,
        "geoQ",
    ),
    (r#""entities": [{"type": "Car"}], "id": "x""#, "id"),
];

#[test]
fn what_breaks_a_rule_is_refused_with_its_place() {
    for (members, place) in BAD {
        let e = with(members).expect_err(members);
        assert!(e.to_string().starts_with(place), "{members}: {e}");
        assert_eq!(e.problem().status(), 400, "{members}: {e}");
    }
    for members in [
        r#""entities": [{"type": "Car"}], "q": "speed>""#,
        r#""entities": [{"type": "Car"}], "csf": "((""#,
        r#""entities": [{"type": "Car;"}]"#,
        r#""entities": [{"type": "Car", "idPattern": "("}]"#,
        r#""entities": [{"type": "Car"}], "geoQ": {"georel": "at", "geometry": "Point",
            "coordinates": [1, 2]}"#,
    ] {
        assert_eq!(with(members).expect_err(members).problem().status(), 400);
    }
}

#[test]
fn clause_5_2_12_local_subscriptions_need_no_selector() {
    let s = with(r#""localOnly": true"#).expect("any entity of this broker");
    assert!(s.wants(&created(entity(r#""speed": 10"#))).is_some());
    let s = with(r#""localOnly": true, "timeInterval": 5"#).expect("the same, by the clock");
    assert!(s.selects(&entity(r#""speed": 10"#)));
    with(r#""entities": [{"type": "*"}], "localOnly": true"#).expect("any type");
}

#[test]
fn clause_5_2_12_values_are_expanded_before_they_are_compared() {
    let car = r#""kind": {"type": "VocabProperty", "vocab": "private"}"#;
    let change = created(entity(car));
    let of = |members: &str| with(&format!(r#""entities": [{{"type": "Car"}}], {members}"#));
    for (members, told) in [
        (r#""q": "kind==private", "expandValues": "kind""#, true),
        (
            r#""expandValues": "kind,other", "q": "kind==private""#,
            true,
        ),
        (r#""expandValues": ["kind"], "q": "kind==public""#, false),
    ] {
        let s = of(members).expect(members);
        assert_eq!(s.wants(&change).is_some(), told, "{members}");
        assert_eq!(restored(&s).wants(&change).is_some(), told, "{members}");
    }
    // Without it a bare word is no value (clause 4.9).
    of(r#""q": "kind==private""#).expect_err("a bare word");
    let s = of(r#""q": "kind==private", "expandValues": "kind""#).expect("one");
    let other = patched(&s, r#"{"q": "kind==public"}"#).expect("it is expanded still");
    assert_eq!(other.wants(&change), None);
    patched(&s, r#"{"expandValues": "urn:ngsi-ld:null"}"#).expect_err("q needs it");
}

#[test]
fn clauses_5_2_14_and_5_2_15_hold_for_where_and_how() {
    for (members, place) in [
        (r#""format": "short""#, "notification.format"),
        (r#""attributes": []"#, "notification.attributes"),
        (r#""pick": []"#, "notification.pick"),
        (
            r#""pick": ["id"], "attributes": ["speed"]"#,
            "notification.attributes",
        ),
        (
            r#""omit": ["id"], "attributes": ["speed"]"#,
            "notification.attributes",
        ),
        (r#""pick": ["id"], "omit": ["id"]"#, "notification.omit"),
        (
            r#""showChanges": true, "format": "keyValues""#,
            "notification.showChanges",
        ),
        (
            r#""showChanges": true, "format": "simplified""#,
            "notification.showChanges",
        ),
        (r#""join": "deep""#, "notification.join"),
        (
            r#""join": "flat", "joinLevel": 0"#,
            "notification.joinLevel",
        ),
        (r#""joinLevel": 1"#, "notification.joinLevel"),
        (r#""sysattrs": true"#, "notification.sysattrs"),
    ] {
        let e = telling(members).expect_err(members);
        assert!(e.to_string().starts_with(place), "{members}: {e}");
    }
    assert!(
        telling(r#""timesSent": 42, "status": "failed""#).is_ok(),
        "ours to say"
    );
    for endpoint in [
        r#"{}"#,
        r#"{"uri": null}"#,
        r#"{"uri": "nowhere"}"#,
        r#"{"uri": "ftp://h.example/"}"#,
        r#"{"uri": "http:///x"}"#,
        r#"{"uri": "http://a:b@h.example/"}"#,
        r#"{"uri": "http://h.example/#x"}"#,
        r#"{"uri": "mqtt://h.example"}"#,
        r#"{"uri": "mqtt://h.example/a/+"}"#,
        r#"{"uri": "http://h.example/", "accept": "text/html"}"#,
        r#"{"uri": "http://h.example/", "timeout": 0}"#,
        r#"{"uri": "http://h.example/", "cooldown": "1"}"#,
        r#"{"uri": "http://h.example/", "receiverInfo": [{"key": "A b", "value": "1"}]}"#,
        r#"{"uri": "http://h.example/", "receiverInfo": [{"key": "Host", "value": "1"}]}"#,
        r#"{"uri": "http://h.example/", "receiverInfo": [{"key": "A", "value": "1\r\nB: 2"}]}"#,
        r#"{"uri": "http://h.example/", "notifierInfo": [{"key": "MQTT-QoS", "value": "1"}]}"#,
        r#"{"uri": "mqtt://h.example/t", "notifierInfo": [{"key": "MQTT-QoS", "value": "3"}]}"#,
        r#"{"uri": "http://h.example/", "secret": 1}"#,
    ] {
        let body = format!(
            r#"{{"type": "Subscription", "entities": [{{"type": "Car"}}],
                "notification": {{"endpoint": {endpoint}}}}}"#
        );
        let e = try_read(&body).expect_err(endpoint);
        assert!(e.to_string().starts_with("notification.endpoint"), "{e}");
    }
}

#[test]
fn clause_7_2_an_mqtt_address_says_server_user_and_topic() {
    let body = r#"{"type": "Subscription", "entities": [{"type": "Car"}], "notification":
        {"endpoint": {"uri": "mqtts://u%40x:p@h.example/city/cars%20a",
        "notifierInfo": [{"key": "MQTT-Version", "value": "mqtt3.1.1"}, {"key": "MQTT-QoS",
        "value": 2}]}}}"#;
    let endpoint = try_read(body)
        .expect("a subscription")
        .notification
        .endpoint;
    assert_eq!((&*endpoint.host, endpoint.port), ("h.example", 8883));
    assert_eq!(&*endpoint.path, "city/cars a");
    assert_eq!(endpoint.user, Some(("u@x".into(), "p".into())));
    assert_eq!(
        format!("{:?} {:?}", endpoint.protocol(), endpoint.qos()),
        "V311 ExactlyOnce"
    );
}

#[test]
fn clause_5_8_1_null_says_nothing_and_marks_of_others_are_passed_over() {
    let s = with(
        r#""entities": [{"type": "Car"}], "expiresAt": null, "__context": "x",
            "status": "expired""#,
    );
    let s = s.expect("a subscription");
    assert_eq!(&*s.id, "urn:x:new");
    assert_eq!(s.status(now()), Status::Active);
    assert!(!written(&s).to_string().contains("__context"));
}

#[test]
fn clause_5_8_2_a_fragment_replaces_members_and_removes_them() {
    let s = try_read(FULL).expect("a subscription");
    let new = patched(
        &s,
        r#"{"type": "Subscription", "q": "urn:ngsi-ld:null", "description": null,
            "watchedAttributes": ["owner"], "isActive": false}"#,
    );
    let new = new.expect("a change");
    assert!(new.q.is_none() && new.description.is_none());
    assert_eq!(new.watched.len(), 1);
    assert_eq!(new.status(now()), Status::Paused);
    assert_eq!((new.created_at, new.modified_at), (s.created_at, now()));
    for (fragment, place) in [
        (r#"{"type": "Subscription"}"#, ""),
        (r#"{"id": "urn:x:other", "isActive": true}"#, "id"),
        (r#"{"type": "Sub"}"#, "type"),
        (r#"{"notification": null}"#, "notification"),
        (
            r#"{"notification": {"format": "keyValues"}}"#,
            "notification.endpoint",
        ),
        (
            r#"{"notification": {"endpoint": null}}"#,
            "notification.endpoint",
        ),
        (
            r#"{"entities": null, "watchedAttributes": null, "localOnly": null}"#,
            "entities",
        ),
        (r#"{"expiresAt": "2020-08-01T22:07:00Z"}"#, "expiresAt"),
        (r#"{"active": true}"#, "active"),
        (r#"{"timeInterval": 5}"#, "watchedAttributes"),
    ] {
        if place.is_empty() {
            continue;
        }
        let e = patched(&s, fragment).expect_err(fragment);
        assert!(e.to_string().starts_with(place), "{fragment}: {e}");
    }
    assert!(patched(&s, "{}").is_err());
}

#[test]
fn clause_5_8_2_what_has_expired_comes_back_with_a_later_end() {
    let mut s = with(r#""entities": [{"type": "Car"}], "isActive": false"#).expect("one");
    s.expires_at = Some(at("2025-01-01T00:00:00Z"));
    assert_eq!(s.status(now()), Status::Expired);
    let renamed = patched(&s, r#"{"description": "d"}"#).expect("a change");
    assert_eq!(renamed.status(now()), Status::Expired);
    let later = patched(&s, r#"{"expiresAt": "2030-08-01T22:07:00Z"}"#).expect("a change");
    assert_eq!(later.status(now()), Status::Active);
}

#[test]
fn a_query_in_other_names_is_kept_in_the_subscription_s_own() {
    let s = with(r#""entities": [{"type": "Car"}]"#).expect("one");
    let mut contexts = loggia_ngsi_ld::Contexts::new();
    let other = json(r#"{"v": "https://x.example/#speed", "w": "https://y.example/a.b#c"}"#);
    let other = contexts.compile(&other).expect("a context");
    let mut compile = |list: &Json| contexts.compile(list);
    let new = s.patched(
        &json(r#"{"q": "v~=\"100%25\""}"#),
        &other,
        &mut compile,
        now(),
    );
    let new = new.expect("a change");
    assert_eq!(&*new.q.as_ref().expect("q").text, r#"speed~="100%25""#);
    assert_eq!(restored(&new).q, new.q);
    let e = s.patched(&json(r#"{"q": "w.v==1"}"#), &other, &mut compile, now());
    assert!(
        e.expect_err("no such path")
            .to_string()
            .starts_with("q: its names")
    );
}
