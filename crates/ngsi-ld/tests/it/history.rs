//! What the history keeps of the entity API's changes, and what erasing and forgetting take away.

use loggia_ngsi_ld::history::{Erased, History, HistoryOp, What, ops_of_fragment};
use loggia_ngsi_ld::query::{Filter, TypeQuery};
use loggia_ngsi_ld::temporal::{InstanceId, TemporalFragment};
use loggia_ngsi_ld::update::{self, Outcome, Overwrite, Which};
use loggia_ngsi_ld::{Entity, Fragment, Iri, Json, Representation};

use crate::evolution::{City, Params, after, without_ids};
use crate::support::{at, entity, fragment, json};

const ID: &str = "urn:x:1";

fn deleted() -> Params<'static> {
    Params {
        property: Some("deletedAt"),
        ..Params::default()
    }
}

fn values(params: Params<'static>) -> Params<'static> {
    Params {
        options: Some("temporalValues"),
        ..params
    }
}

/// A city whose entity was made through the entity API.
fn with(members: &str) -> (City, Entity) {
    let city = City::plain();
    let made = entity(members);
    city.change(None, Some(&made), &[]);
    (city, made)
}

fn then(city: &City, before: &Entity, outcome: &Outcome) {
    city.change(Some(before), Some(&outcome.entity), &outcome.changed);
}

#[test]
fn every_change_of_an_attribute_is_an_instance() {
    let (city, made) = with(r#""speed": {"value": 1, "observedAt": "2026-01-01T00:00:00Z"}"#);
    let name = city.context.expand_name("speed").expect("a name");
    let patch = fragment(r#""speed": {"value": 2, "observedAt": "2026-01-01T00:01:00Z"}"#);
    let second = update::append(&made, patch, Overwrite::Yes, city.clock(2)).expect("appended");
    then(&city, &made, &second);
    let third = update::delete_attribute(&second.entity, &name, Which::Default, city.clock(3))
        .expect("gone");
    then(&city, &second.entity, &third);

    let got = city.get(ID, &after("2025-01-01T00:00:00Z"));
    let expected = r#"[
        {"type": "Property", "value": 1, "observedAt": "2026-01-01T00:00:00Z"},
        {"type": "Property", "value": 2, "observedAt": "2026-01-01T00:01:00Z"}]"#;
    assert_eq!(
        without_ids(got.get("speed").expect("speed")),
        json(expected)
    );
    // Deleted: an instance with NGSI-LD Null and deletedAt (clause 4.5.7).
    let got = city.get(ID, &deleted());
    let expected = r#"[{"type": "Property", "value": "urn:ngsi-ld:null",
        "deletedAt": "2026-03-02T00:00:03.000Z"}]"#;
    assert_eq!(
        without_ids(got.get("speed").expect("speed")),
        json(expected)
    );
    let got = city.get(ID, &values(deleted()));
    let expected = r#"{"type": "Property",
        "values": [["urn:ngsi-ld:null", "2026-03-02T00:00:03.000Z"]]}"#;
    assert_eq!(got.get("speed"), Some(&json(expected)));
    // Nothing said of time: everything, in order.
    let got = city.get(ID, &Params::default());
    assert_eq!(
        got.get("speed").and_then(Json::items).map(<[Json]>::len),
        Some(3)
    );
}

#[test]
fn deletions_show_each_kind_as_clause_4_5_0_says() {
    let (city, made) = with(
        r#""r": {"object": "urn:x:2"}, "l": {"languageMap": {"en": "a"}},
           "g": {"type": "GeoProperty", "value": {"type": "Point", "coordinates": [1, 2]}},
           "d": {"value": 1, "datasetId": "urn:x:d"}"#,
    );
    city.change(Some(&made), None, &[]);
    let got = without_ids(&city.get(ID, &deleted()));
    let at = r#""deletedAt": "2026-03-02T00:00:02.000Z""#;
    let expected = format!(
        r#"{{"id": "{ID}", "type": "Car",
        "r": [{{"type": "Relationship", "object": "urn:ngsi-ld:null", {at}}}],
        "l": [{{"type": "LanguageProperty", "languageMap": {{"@none": "urn:ngsi-ld:null"}}, {at}}}],
        "g": [{{"type": "GeoProperty", "value": "urn:ngsi-ld:null", {at}}}],
        "d": [{{"type": "Property", "value": "urn:ngsi-ld:null", "datasetId": "urn:x:d", {at}}}]}}"#
    );
    assert_eq!(got, json(&expected));
    let pairs = city.get(ID, &values(deleted()));
    let expected = r#"{"type": "LanguageProperty", "languageMaps":
        [[{"languageMap": {"@none": "urn:ngsi-ld:null"}}, "2026-03-02T00:00:02.000Z"]]}"#;
    assert_eq!(pairs.get("l"), Some(&json(expected)));
    // The entity's history stays, marked, until it is there again.
    let head = |city: &City| city.reader.head("town", ID).expect("read").expect("known");
    assert_eq!(head(&city).deleted_at, Some(at_second(2)));
    city.change(None, Some(&made), &[]);
    assert_eq!(head(&city).deleted_at, None);
}

fn at_second(second: i64) -> loggia_ngsi_ld::Time {
    let base = at("2026-03-02T00:00:00Z").micros();
    loggia_ngsi_ld::Time::of_micros(base + second * 1_000_000)
}

#[test]
fn clause_4_5_6_scopes_evolve_as_a_property() {
    let (city, made) = with(r#""scope": "/old", "speed": 1"#);
    let read = |text: &str| {
        Fragment::read_update(json(text), &city.context, Representation::Detected).expect("read")
    };
    let second = update::append(
        &made,
        read(r#"{"scope": ["/new", "/x"]}"#),
        Overwrite::Yes,
        city.clock(2),
    )
    .expect("appended");
    then(&city, &made, &second);
    let third = update::update(
        &second.entity,
        read(r#"{"scope": "urn:ngsi-ld:null"}"#),
        city.clock(3),
    )
    .expect("updated");
    then(&city, &second.entity, &third);
    let got = city.get(
        ID,
        &Params {
            options: Some("sysAttrs"),
            ..after("2025-01-01T00:00:00Z")
        },
    );
    let times =
        |at: &str| format!(r#""observedAt": "{at}", "createdAt": "{at}", "modifiedAt": "{at}""#);
    let (one, two) = (
        times("2026-03-02T00:00:01.000Z"),
        times("2026-03-02T00:00:02.000Z"),
    );
    let expected = format!(
        r#"[{{"type": "Property", "value": "/old", {one}}},
            {{"type": "Property", "value": ["/new", "/x"], {two}}}]"#
    );
    assert_eq!(got.get("scope"), Some(&json(&expected)));
    let gone = city.get(ID, &deleted());
    let at = "2026-03-02T00:00:03.000Z";
    let expected = format!(r#"[{{"type": "Property", "value": [], "deletedAt": "{at}"}}]"#);
    assert_eq!(gone.get("scope"), Some(&json(&expected)));
    let pairs = city.get(ID, &values(deleted()));
    let expected = format!(r#"{{"type": "Property", "values": [[[], "{at}"]]}}"#);
    assert_eq!(pairs.get("scope"), Some(&json(&expected)));
}

#[test]
fn what_is_erased_is_gone_and_its_rows_go_after_it() {
    let city = City::plain();
    let many: Vec<String> = (0..50)
        .map(|n| format!(r#"{{"value": {n}, "observedAt": "2026-01-01T00:00:{n:02}Z"}}"#))
        .collect();
    let body = format!(
        r#"{{"id": "{ID}", "type": "Car", "speed": [{}]}}"#,
        many.join(",")
    );
    city.post(&body);
    let name = city.context.expand_name("speed").expect("a name");
    let id = InstanceId::of(1, 1);
    assert!(
        city.reader
            .has_instance("town", ID, &name, id)
            .expect("read")
    );
    let other = Iri::new("https://x.example/#other");
    assert!(
        !city
            .reader
            .has_instance("town", ID, &other, id)
            .expect("read")
    );
    city.what(ID, What::Erased);
    assert!(city.reader.head("town", ID).expect("read").is_none());
    assert!(
        !city
            .reader
            .has_instance("town", ID, &name, id)
            .expect("read")
    );
    assert!(
        !city
            .reader
            .has("town", ID, &name, &Erased::All)
            .expect("read")
    );
    // The same id begins anew, with nothing of before.
    city.post(&format!(r#"{{"id": "{ID}", "type": "Bus", "x": 1}}"#));
    let got = city.get(ID, &Params::default());
    assert_eq!(got.get("speed"), None);
    assert_eq!(got.get("type").and_then(Json::as_str), Some("Bus"));
    assert_eq!(
        city.found(&types(&city, "Car"), &Params::default()),
        Vec::<String>::new()
    );
}

fn types(city: &City, text: &str) -> Filter {
    Filter {
        types: Some(TypeQuery::read(text, &city.context).expect("types")),
        ..Filter::default()
    }
}

#[test]
fn what_is_too_old_goes_in_steps_and_a_scope_that_holds_stays() {
    let city = City::plain();
    for id in ["a", "b"] {
        let many: Vec<String> = (0..100)
            .map(|n| {
                let (h, m) = (n / 60, n % 60);
                format!(r#"{{"value": {n}, "observedAt": "2026-01-01T{h:02}:{m:02}:00Z"}}"#)
            })
            .collect();
        city.post(&format!(
            r#"{{"id": "urn:x:{id}", "type": "Car", "speed": [{}],
                "scope": [{{"value": "/a", "observedAt": "2025-01-01T00:00:00Z"}},
                          {{"value": "/b", "observedAt": "2025-06-01T00:00:00Z"}}]}}"#,
            many.join(",")
        ));
    }
    let time = at("2026-01-01T01:00:00Z");
    let (mut steps, mut gone) = (0, 0);
    loop {
        let step = city
            .history
            .borrow_mut()
            .forget_before(time, 25)
            .expect("a step");
        assert!(step.instances <= 25);
        (steps, gone) = (steps + 1, gone + step.instances);
        if !step.more {
            break;
        }
        assert!(steps < 100);
    }
    assert_eq!(gone, 2 * 61);
    let got = city.get("urn:x:a", &Params::default());
    let len = |name| got.get(name).and_then(Json::items).map(<[Json]>::len);
    assert_eq!((len("speed"), len("scope")), (Some(40), Some(1)));
    // What was deleted goes altogether once nothing is left of it.
    let car = Entity::read(
        json(r#"{"id": "urn:x:c", "type": "Car", "speed": 1}"#),
        &city.context,
        Representation::Detected,
        city.clock(3),
    )
    .expect("an entity");
    city.change(None, Some(&car), &[]);
    city.change(Some(&car), None, &[]);
    let end = at("2027-01-01T00:00:00Z");
    while city
        .history
        .borrow_mut()
        .forget_before(end, 1_000)
        .expect("a step")
        .more
    {}
    assert!(city.reader.head("town", "urn:x:c").expect("read").is_none());
    assert!(city.reader.head("town", "urn:x:a").expect("read").is_some());
    // And the writer goes on with what it forgot.
    city.post(r#"{"id": "urn:x:a", "type": "Car", "speed": 7}"#);
    assert!(
        city.get("urn:x:a", &Params::default())
            .get("speed")
            .is_some()
    );
}

#[test]
fn a_start_goes_on_where_the_last_one_ended_and_takes_nothing_twice() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("history.sqlite");
    let context = crate::support::context();
    let ops = |seq: u64| -> Vec<HistoryOp> {
        let now = at_second(i64::try_from(seq).expect("few"));
        let body = format!(r#"{{"id": "{ID}", "type": "Car", "speed": {{"value": {seq}}}}}"#);
        let read = TemporalFragment::read_entity(json(&body), &context, now).expect("read");
        ops_of_fragment((seq, now), "town", ID, &read)
    };
    let all: Vec<HistoryOp> = (1..=6).flat_map(ops).collect();
    {
        let mut history = History::open(&path).expect("a history");
        assert_eq!(history.done(), 0);
        history.apply(&all[..6], 3).expect("applied");
        assert_eq!(history.progress().wait(3, std::time::Duration::ZERO), 3);
    }
    let mut history = History::open(&path).expect("a history");
    assert_eq!(history.done(), 3);
    // The log comes again from the beginning.
    history.apply(&all[..4], 2).expect("passed over");
    history.apply(&all, 6).expect("applied");
    history.apply(&all, 6).expect("passed over");
    let shown = loggia_ngsi_ld::temporal::Shown::ALL;
    let ask = loggia_ngsi_ld::history::Ask::all(&shown);
    let (entity, _) = history
        .reader()
        .retrieve("town", ID, &ask)
        .expect("read")
        .expect("there");
    assert_eq!(entity.attributes[0].instances.len(), 6);
    let ids: Vec<InstanceId> = entity.attributes[0]
        .instances
        .iter()
        .map(|i| i.id)
        .collect();
    let expected: Vec<InstanceId> = (1..=6).map(|seq| InstanceId::of(seq, 1)).collect();
    assert_eq!(ids, expected);
}

#[test]
fn times_of_the_broker_are_asked_for_by_name() {
    let city = City::plain();
    city.post(&format!(
        r#"{{"id": "{ID}", "type": "Car",
        "speed": {{"value": 1, "observedAt": "2020-01-01T00:00:00Z"}}}}"#
    ));
    city.post(&format!(
        r#"{{"id": "{ID}", "type": "Car",
        "speed": {{"value": 2, "observedAt": "2019-01-01T00:00:00Z"}}}}"#
    ));
    for property in ["createdAt", "modifiedAt"] {
        let params = Params {
            property: Some(property),
            ..after("2026-03-02T00:00:02Z")
        };
        let got = city.get(ID, &params);
        let speed = got.get("speed").and_then(Json::items).expect("speed");
        assert_eq!(speed.len(), 1);
        let time = speed[0].get(property).and_then(Json::as_str);
        assert_eq!(time, Some("2026-03-02T00:00:02.000Z"));
        let all = city.get(
            ID,
            &Params {
                property: Some(property),
                ..Params::default()
            },
        );
        let order: Vec<f64> = all
            .get("speed")
            .and_then(Json::items)
            .expect("speed")
            .iter()
            .filter_map(|s| s.get("value")?.as_f64())
            .collect();
        assert_eq!(order, [1.0, 2.0]);
    }
    let got = city.get(
        ID,
        &values(Params {
            property: Some("modifiedAt"),
            ..Params::default()
        }),
    );
    let pairs = got
        .get("speed")
        .and_then(|s| s.get("values"))
        .and_then(Json::items);
    assert_eq!(pairs.map(<[Json]>::len), Some(2));
}
