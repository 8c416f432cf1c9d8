//! Temporal parameters, requests and representations, clause by clause.

use loggia_ngsi_ld::query::Projection;
use loggia_ngsi_ld::temporal::{
    Aggregation, SCOPE, Shown, TemporalForm, TemporalFragment, Window, read_instance,
};
use loggia_ngsi_ld::{Error, Json, Problem};

use crate::evolution::{City, Params, without_ids};
use crate::support::{at, context, json, now};

const ID: &str = "urn:x:1";

fn read(members: &str) -> Result<TemporalFragment, Error> {
    let body = format!(r#"{{"id": "{ID}", "type": "Car", {members}}}"#);
    TemporalFragment::read_entity(json(&body), &context(), now())
}

#[test]
fn clause_5_2_20_attributes_are_instances_or_arrays_of_them() {
    for (members, count) in [
        (r#""speed": {"type": "Property", "value": 1}"#, 1),
        (
            r#""speed": [{"value": 1, "observedAt": "2026-01-01T00:00:00Z"}, {"value": 2}]"#,
            2,
        ),
        (r#""speed": 5"#, 1),
        (r#""speed": [1, 2, 3]"#, 1),
        (r#""speed": []"#, 0),
        (
            r#""speed": [{"object": "urn:x:2"}], "heading": [{"vocab": "x"}]"#,
            2,
        ),
        (r#""scope": ["/a", "/b"]"#, 1),
        (
            r#""scope": [{"type": "Property", "value": "/a"}, {"value": ["/b", "/c"]}]"#,
            2,
        ),
        (
            r#""speed": [{"value": 1, "instanceId": "urn:x:i", "modifiedAt": "x"}]"#,
            1,
        ),
    ] {
        let read = read(members).unwrap_or_else(|e| panic!("{members}: {e}"));
        assert_eq!(read.instances.len(), count, "{members}");
    }
    for (members, at) in [
        (
            r#""speed": [{"value": 1}, 2, {"value": "urn:ngsi-ld:null"}]"#,
            "speed",
        ),
        (r#""speed": [{"type": "Property"}]"#, "speed"),
        (
            r#""speed": [{"value": 1, "observedAt": "yesterday"}]"#,
            "observedAt",
        ),
        (r#""speed": 1, "x:speed": 2"#, "x:speed"),
        (r#""scope": [{"object": "urn:x:1"}]"#, "scope"),
        (r#""scope": "not a scope""#, "scope"),
        (r#""a b": 1"#, "a b"),
    ] {
        let e = read(members).expect_err(members);
        assert_eq!(e.problem(), Problem::BadRequestData);
        assert!(e.to_string().contains(at), "{members}: {e}");
    }
    let no_id = TemporalFragment::read_entity(json(r#"{"type": "Car"}"#), &context(), now());
    assert!(no_id.is_err());
    let silent = TemporalFragment::read_attributes(json("{}"), &context(), now());
    assert!(silent.is_err());
    let scope = read(r#""scope": "/a""#).expect("a scope");
    assert_eq!(&*scope.instances[0].name, SCOPE);
    assert_eq!(scope.instances[0].observed_at, Some(now()));
}

#[test]
fn clause_5_6_14_one_instance_is_written_in_three_ways() {
    let plain = r#"{"type": "Property", "value": 7, "observedAt": "2026-01-01T00:00:00Z"}"#;
    for body in [
        plain.to_owned(),
        format!("[{plain}]"),
        format!(r#"{{"speed": [{plain}]}}"#),
        format!(r#"{{"speed": {plain}, "@context": []}}"#),
    ] {
        let read = read_instance("speed", json(&body), &context(), now());
        let attribute = read.unwrap_or_else(|e| panic!("{body}: {e}"));
        assert_eq!(attribute.observed_at, Some(at("2026-01-01T00:00:00Z")));
    }
    for body in [
        format!("[{plain}, {plain}]"),
        "{}".to_owned(),
        "[]".to_owned(),
    ] {
        let read = read_instance("speed", json(&body), &context(), now());
        assert!(read.is_err() || body == "[]", "{body}");
    }
}

#[test]
fn clause_6_3_12_the_representation_is_named_once() {
    use TemporalForm::{Aggregated, Concise, Normalized, Values};
    for (format, options, form) in [
        (None, None, Some(Normalized)),
        (None, Some("sysAttrs"), Some(Normalized)),
        (None, Some("temporalValues,sysAttrs"), Some(Values)),
        (None, Some("aggregatedValues"), Some(Aggregated)),
        (Some("concise"), None, Some(Concise)),
        (Some("normalized"), Some("temporalValues"), Some(Normalized)),
        (None, Some("temporalValues,aggregatedValues"), None),
        (Some("xml"), None, None),
    ] {
        assert_eq!(TemporalForm::read(format, options).ok(), form);
    }
}

#[test]
fn clause_5_2_44_methods_and_periods_are_read() {
    for (methods, period) in [
        (Some("avg"), Some("PT1H")),
        (Some("avg, max,avg"), None),
        (
            Some("totalCount,distinctCount,sum,avg,min,max,stddev,sumsq"),
            Some("P1M"),
        ),
    ] {
        assert!(Aggregation::read(methods, period).is_ok());
    }
    for (methods, period, parameter) in [
        (None, None, "aggrMethods"),
        (Some(""), None, "aggrMethods"),
        (Some("bogus"), None, "aggrMethods"),
        (Some("avg,"), None, "aggrMethods"),
        (Some("avg"), Some("bogus"), "aggrPeriodDuration"),
    ] {
        let fault = Aggregation::read(methods, period).expect_err("a fault");
        assert_eq!(fault.parameter, parameter);
    }
}

#[test]
fn clause_5_7_3_linked_entities_are_refused_and_windows_read() {
    let pick = Projection::pick("speed{name}", &context()).expect("a projection");
    let shown = Shown::of(None, Some(&pick), None, &context());
    assert_eq!(
        shown.expect_err("refused").problem(),
        Problem::BadRequestData
    );
    let deleted = Window::read(None, None, None, Some("deletedAt")).expect("a window");
    assert!(deleted.property.is_some() && deleted.timerel.is_none());
    assert_eq!(Window::read(None, None, None, None).ok(), Some(Window::ALL));
    assert!(Window::read(None, None, None, Some("expiresAt")).is_err());
    assert!(Window::read(Some("during"), Some("2026-01-01T00:00:00Z"), None, None).is_err());
}

/// Each kind once, with everything that an instance can have.
const KINDS: &str = r#"
    "p": [{"type": "Property", "value": {"b": 1, "a": [2]}, "unitCode": "KMH",
           "observedAt": "2026-01-01T00:00:01Z", "valueType": "Car",
           "quality": {"type": "Property", "value": 0.5, "of": {"type": "Property", "value": 1}}}],
    "g": [{"type": "GeoProperty", "value": {"type": "Point", "coordinates": [1.0, 2.0]},
           "observedAt": "2026-01-01T00:00:01Z"}],
    "r": [{"type": "Relationship", "object": "urn:x:2", "observedAt": "2026-01-01T00:00:01Z"},
          {"type": "Relationship", "object": ["urn:x:2", "urn:x:3"], "objectType": "Car",
           "observedAt": "2026-01-01T00:00:02Z"}],
    "l": [{"type": "LanguageProperty", "languageMap": {"en": "a", "fr": "b"},
           "observedAt": "2026-01-01T00:00:01Z"}],
    "v": [{"type": "VocabProperty", "vocab": ["Car", "speed"],
           "observedAt": "2026-01-01T00:00:01Z"}],
    "j": [{"type": "JsonProperty", "json": [{"x": 1}], "observedAt": "2026-01-01T00:00:01Z"}],
    "li": [{"type": "ListProperty", "valueList": [1, "a"], "observedAt": "2026-01-01T00:00:01Z"}],
    "lr": [{"type": "ListRelationship", "objectList": [{"object": "urn:x:2"}],
            "observedAt": "2026-01-01T00:00:01Z", "datasetId": "urn:x:d"}]"#;

fn members(got: &Json) -> Json {
    let kept = got.members().iter();
    let kept = kept.filter(|(k, _)| !matches!(&**k, "id" | "type"));
    without_ids(&Json::Object(kept.cloned().collect()))
}

#[test]
fn clause_4_5_6_every_kind_comes_back_whole() {
    let city = City::plain();
    city.post(&format!(r#"{{"id": "{ID}", "type": "Car", {KINDS}}}"#));
    let got = city.get(ID, &Params::default());
    assert_eq!(members(&got), json(&format!("{{{KINDS}}}")));
    // Written concisely and read again it is the same history.
    let concise = Params {
        options: Some("concise"),
        ..Params::default()
    };
    let again = City::plain();
    again.post_json(city.get(ID, &concise));
    assert_eq!(members(&again.get(ID, &Params::default())), members(&got));
}

#[test]
fn clause_4_5_9_every_kind_has_its_pairs() {
    let city = City::plain();
    city.post(&format!(r#"{{"id": "{ID}", "type": "Car", {KINDS}}}"#));
    let values = Params {
        options: Some("temporalValues"),
        ..Params::default()
    };
    let expected = r#"{
        "p": {"type": "Property", "values": [[{"b": 1, "a": [2]}, "2026-01-01T00:00:01Z"]]},
        "g": {"type": "GeoProperty", "values":
              [[{"type": "Point", "coordinates": [1.0, 2.0]}, "2026-01-01T00:00:01Z"]]},
        "r": {"type": "Relationship", "objects": [["urn:x:2", "2026-01-01T00:00:01Z"],
              [["urn:x:2", "urn:x:3"], "2026-01-01T00:00:02Z"]]},
        "l": {"type": "LanguageProperty", "languageMaps":
              [[{"languageMap": {"en": "a", "fr": "b"}}, "2026-01-01T00:00:01Z"]]},
        "v": {"type": "VocabProperty", "vocabs":
              [[{"vocab": ["Car", "speed"]}, "2026-01-01T00:00:01Z"]]},
        "j": {"type": "JsonProperty", "jsons": [[{"json": [{"x": 1}]}, "2026-01-01T00:00:01Z"]]},
        "li": {"type": "ListProperty", "valueLists": [[[1, "a"], "2026-01-01T00:00:01Z"]]},
        "lr": {"type": "ListRelationship", "datasetId": "urn:x:d",
               "objectLists": [[["urn:x:2"], "2026-01-01T00:00:01Z"]]}}"#;
    assert_eq!(members(&city.get(ID, &values)), json(expected));
}

/// Instances a minute apart with these values.
fn series(values: &[String]) -> City {
    let city = City::plain();
    let instances: Vec<String> = values
        .iter()
        .enumerate()
        .map(|(n, v)| format!(r#"{{{v}, "observedAt": "2026-01-01T00:{n:02}:00Z"}}"#))
        .collect();
    let list = instances.join(",");
    city.post(&format!(
        r#"{{"id": "{ID}", "type": "Car", "speed": [{list}]}}"#
    ));
    city
}

const METHODS: &str = "totalCount,distinctCount,sum,avg,min,max,stddev,sumsq";

/// Values, what each method gives over all of them, and `N/A` where table 4.5.19.1 says so.
const BY_KIND: &[(&[&str], &str)] = &[
    (
        &["2", "4", "4.0", "6"],
        "totalCount 4 distinctCount 3 sum 16.0 avg 4.0 min 2 max 6 stddev 1.632993161855452 \
         sumsq 72.0",
    ),
    (
        &[r#""b""#, r#""a""#, r#""b""#],
        r#"totalCount 3 distinctCount 2 min "a" max "b""#,
    ),
    (
        &["true", "false", "true"],
        "totalCount 3 distinctCount 2 sum 2 avg 0.6666666666666666 min 0 max 1 \
         stddev 0.5773502691896258 sumsq 2.0",
    ),
    (
        &["[1, 2, 3]", "[1]", "[1, 2, 3]"],
        "totalCount 3 distinctCount 2 sum 7 avg 2.3333333333333335 min 1 max 3",
    ),
    (
        &[r#"{"a": 1, "b": 2}"#, r#"{"b": 2, "a": 1}"#],
        "totalCount 2 distinctCount 1",
    ),
    (
        &[
            r#"{"@type": "Date", "@value": "2026-03-01"}"#,
            r#"{"@type": "Date", "@value": "2026-02-01"}"#,
        ],
        r#"totalCount 2 distinctCount 2 min "2026-02-01" max "2026-03-01""#,
    ),
    (
        &[
            r#"{"@type": "Time", "@value": "10:00:00Z"}"#,
            r#"{"@type": "Time", "@value": "11:00:01Z"}"#,
        ],
        r#"totalCount 2 distinctCount 2 avg "10:30:00.500Z" min "10:00:00Z" max "11:00:01Z""#,
    ),
];

/// Each method's name and value, of one period.
fn told(of: &Json) -> String {
    let members = of.members().iter().filter(|(k, _)| &**k != "type");
    let told: Vec<String> = members
        .map(|(k, v)| {
            let triple = v.items().and_then(|i| i[0].items()).expect("a triple");
            assert_eq!(triple[1].as_str(), Some("2026-01-01T00:00:00Z"));
            format!("{k} {}", triple[0])
        })
        .collect();
    told.join(" ")
}

#[test]
fn clause_4_5_19_methods_are_defined_by_the_kind_of_value() {
    let params = Params {
        methods: Some(METHODS),
        ..Params::default()
    };
    for (values, expected) in BY_KIND {
        let values: Vec<String> = values.iter().map(|v| format!(r#""value": {v}"#)).collect();
        let city = series(&values);
        let got = city.summary(ID, &params).expect("aggregates");
        assert_eq!(&told(got.get("speed").expect("speed")), expected);
        // Asked for by name, each method has to be defined (clause 5.7.4.4).
        let named = Params {
            attrs: Some("speed"),
            ..params
        };
        let asked = city.summary(ID, &named);
        assert_eq!(asked.is_ok(), expected.contains("sumsq"), "{expected}");
        if let Err(e) = asked {
            assert_eq!(e.problem(), Problem::InvalidRequest);
        }
    }
    let targets = [
        r#""object": "urn:x:2""#.to_owned(),
        r#""object": ["urn:x:2", "urn:x:3"]"#.to_owned(),
    ];
    let got = series(&targets).summary(ID, &params).expect("aggregates");
    let speed = got.get("speed").expect("speed");
    assert_eq!(
        speed.get("type").and_then(Json::as_str),
        Some("Relationship")
    );
    assert_eq!(told(speed), "totalCount 2 distinctCount 2");
}

#[test]
fn annex_c_5_14_periods_begin_with_the_range_and_empty_ones_are_left_out() {
    let city = City::plain();
    city.post(&format!(
        r#"{{"id": "{ID}", "type": "Car", "speed": [
            {{"value": 120, "observedAt": "2018-08-01T12:03:00Z"}},
            {{"value": 80, "observedAt": "2018-08-01T12:05:00Z"}},
            {{"value": 100, "observedAt": "2018-08-01T12:07:00Z"}}]}}"#
    ));
    let range = crate::evolution::between("2018-08-01T12:00:00Z", "2018-08-01T13:00:00Z");
    let params = Params {
        methods: Some("max,avg"),
        period: Some("PT4M"),
        ..range
    };
    let expected = r#"{"speed": {"type": "Property",
        "max": [[120, "2018-08-01T12:00:00Z", "2018-08-01T12:04:00Z"],
                [100, "2018-08-01T12:04:00Z", "2018-08-01T12:08:00Z"]],
        "avg": [[120.0, "2018-08-01T12:00:00Z", "2018-08-01T12:04:00Z"],
                [90.0, "2018-08-01T12:04:00Z", "2018-08-01T12:08:00Z"]]}}"#;
    let got = city.summary(ID, &params).expect("aggregates");
    assert_eq!(members(&got), json(expected));
    // A period of nothing is the whole range (clause 4.5.19.1).
    let whole = Params {
        period: Some("PT0S"),
        methods: Some("sum"),
        ..range
    };
    let got = city.summary(ID, &whole).expect("aggregates");
    let expected = r#"{"speed": {"type": "Property",
        "sum": [[300, "2018-08-01T12:00:00Z", "2018-08-01T13:00:00Z"]]}}"#;
    assert_eq!(members(&got), json(expected));
}
