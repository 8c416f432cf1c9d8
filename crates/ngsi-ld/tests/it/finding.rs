//! Which entities' evolutions a query finds, and which of their instances it shows.

use loggia_ngsi_ld::Json;
use loggia_ngsi_ld::query::{Filter, IdPattern, Projection, Query, ScopeQuery, TypeQuery};

use crate::evolution::{City, between};

/// Two cars that were seen on a day in March, one that was not, and a bus.
fn fleet() -> City {
    let city = City::plain();
    let seen = r#""observedAt": "2026-03-01T12:05:00Z""#;
    let before = r#""observedAt": "2026-01-05T00:00:00Z""#;
    for (id, kind, rest) in [
        (
            "fast",
            "Car",
            format!(
                r#""speed": [{{"value": 30, {seen}}}, {{"value": 90, {before}}}],
                   "x:route": {{"value": "550", {seen}}}"#
            ),
        ),
        (
            "slow",
            "Car",
            format!(r#""speed": [{{"value": 10, {seen}}}, {{"value": 80, {before}}}]"#),
        ),
        (
            "late",
            "Car",
            format!(r#""speed": {{"value": 99, {before}}}"#),
        ),
        (
            "bus",
            "Bus",
            format!(r#""x:route": {{"value": "551", {seen}}}"#),
        ),
    ] {
        city.post(&format!(
            r#"{{"id": "urn:x:{id}", "type": "{kind}", {rest}}}"#
        ));
    }
    city
}

#[test]
fn clause_5_7_4_entities_are_found_by_what_they_were_in_the_window() {
    let city = fleet();
    let day = between("2026-03-01T00:00:00Z", "2026-03-02T00:00:00Z");
    let c = &city.context;
    for (parameter, text, expected) in [
        ("", "", "fast slow bus"),
        ("type", "Car", "fast slow"),
        ("type", "Bus|Car", "fast slow bus"),
        ("type", "Bus;Car", ""),
        ("type", "*", "fast slow bus"),
        ("type", "Tram", ""),
        ("attrs", "x:route", "fast bus"),
        ("attrs", "speed", "fast slow"),
        ("idPattern", "^urn:x:[fb]", "fast bus"),
        ("q", "speed>25", "fast"),
        ("q", "speed>25|x:route==\"551\"", "fast bus"),
        ("q", "speed>25;x:route==\"551\"", ""),
        ("q", "speed==10..40", "fast slow"),
    ] {
        let mut filter = Filter::default();
        match parameter {
            "type" => filter.types = TypeQuery::read(text, c).ok(),
            "attrs" => filter.having = Projection::attrs(text, c).ok(),
            "idPattern" => filter.id_pattern = IdPattern::read(text).ok(),
            "q" => filter.q = Query::read(text, c).ok(),
            _ => {}
        }
        assert_eq!(filter == Filter::default(), parameter.is_empty());
        let expected: Vec<String> = expected
            .split_whitespace()
            .map(|id| format!("urn:x:{id}"))
            .collect();
        assert_eq!(city.found(&filter, &day), expected, "{text}");
    }
    // Another tenant's history is another one.
    let elsewhere = city.reader.head("village", "urn:x:fast");
    assert!(elsewhere.expect("read").is_none());
}

#[test]
fn clause_6_3_10_pages_hold_each_entity_once_and_the_count_is_of_all() {
    let city = fleet();
    let day = between("2026-03-01T00:00:00Z", "2026-03-02T00:00:00Z");
    let mut pages = Vec::new();
    for offset in 0..4 {
        let page = city.query(&Filter::default(), &day, (offset, 1));
        assert_eq!(page.count, Some(3));
        assert_eq!(page.more, offset < 2);
        pages.extend(page.entities.into_iter().map(|e| e.id));
    }
    assert_eq!(pages.len(), 3);
}

#[test]
fn clause_4_18_a_scope_holds_until_another_takes_its_place() {
    let city = City::plain();
    let car = |id: &str, scope: &str, speeds: &[(&str, &str)]| {
        let speeds: Vec<String> = speeds
            .iter()
            .map(|(v, t)| format!(r#"{{"value": "{v}", "observedAt": "2026-03-01T{t}:00Z"}}"#))
            .collect();
        city.post(&format!(
            r#"{{"id": "urn:x:{id}", "type": "Car", {scope} "speed": [{}]}}"#,
            speeds.join(",")
        ));
    };
    let set = |list: &[(&str, &str)]| {
        let all: Vec<String> = list
            .iter()
            .map(|(v, t)| format!(r#"{{"value": {v}, "observedAt": "2026-03-01T{t}:00Z"}}"#))
            .collect();
        format!(r#""scope": [{}],"#, all.join(","))
    };
    car("ab", &set(&[(r#""/A/B""#, "10:00")]), &[("in", "12:05")]);
    car(
        "both",
        &set(&[(r#"["/A/B", "/C"]"#, "10:00")]),
        &[("in", "12:05")],
    );
    car("bare", "", &[("in", "12:05")]);
    car(
        "mid",
        &set(&[(r#""/M""#, "12:10")]),
        &[("pre", "12:05"), ("post", "12:15")],
    );
    car(
        "rep",
        &set(&[(r#""/R""#, "10:00"), (r#""/S""#, "12:30")]),
        &[("old", "12:15"), ("new", "12:45")],
    );
    car("late", &set(&[(r#""/Z""#, "14:00")]), &[("in", "12:05")]);
    let hour = between("2026-03-01T12:00:00Z", "2026-03-01T13:00:00Z");
    for (scope, expected, shown) in [
        ("/A/B", "ab both", "in"),
        ("/A/#", "ab both", "in"),
        ("(/A/B;/C)", "both", "in"),
        ("/#", "ab both mid rep", ""),
        ("/M", "mid", "post"),
        ("/R", "rep", "old"),
        ("/S", "rep", "new"),
        ("/Z", "", ""),
        ("/Y", "", ""),
    ] {
        let filter = Filter {
            scope: Some(ScopeQuery::read(scope).expect("scopes")),
            ..Filter::default()
        };
        let got = city.listed(&filter, &hour);
        let items = got.items().expect("a list");
        let ids: Vec<&str> = items
            .iter()
            .filter_map(|e| e.get("id")?.as_str()?.strip_prefix("urn:x:"))
            .collect();
        assert_eq!(ids.join(" "), expected, "{scope}");
        for entity in items.iter().filter(|_| !shown.is_empty()) {
            let speed = entity.get("speed").and_then(Json::items).expect("speed");
            let told: Vec<Option<&str>> = speed
                .iter()
                .map(|s| s.get("value").and_then(Json::as_str))
                .collect();
            assert_eq!(told, [Some(shown)], "{scope}");
            assert!(entity.get("scope").is_some(), "{scope}");
        }
    }
}
