//! Which changes are told of (clause 5.8.6, table 5.2.12-1).

use loggia_ngsi_ld::subscription::Trigger;

use crate::support::{at, created, deleted, entity, merged, now, with};

const CAR: &str = r#""speed": 10, "owner": "A""#;

/// What a subscription with these members is told of: a car that comes, one that gets a place, one
/// whose speed is written with the same value, one whose speed is another, one that loses its
/// owner, one that goes.
fn told(members: &str) -> [Option<Trigger>; 6] {
    let s = with(members).expect(members);
    let car = entity(CAR);
    [
        s.wants(&created(car.clone())),
        s.wants(&merged(&car, r#""place": "here""#)),
        s.wants(&merged(&car, r#""speed": 10"#)),
        s.wants(&merged(&car, r#""speed": 11"#)),
        s.wants(&merged(&car, r#""owner": "urn:ngsi-ld:null""#)),
        s.wants(&deleted(car)),
    ]
}

#[test]
fn triggers_hold_for_all_or_for_what_is_watched() {
    use Trigger::{
        AttributeCreated as Created, AttributeDeleted as Deleted, AttributeUpdated as Updated,
        EntityCreated, EntityDeleted, EntityUpdated,
    };
    let cars = r#""entities": [{"type": "Car"}]"#;
    let with = |more: &str| told(&format!("{cars}, {more}"));
    let none: [Option<Trigger>; 6] = [None; 6];
    let of = |list: &[(usize, Trigger)]| {
        let mut told = none;
        for (n, t) in list {
            told[*n] = Some(*t);
        }
        told
    };
    assert_eq!(
        told(cars),
        of(&[(0, Created), (1, Created), (3, Updated)]),
        "the default"
    );
    assert_eq!(
        with(r#""watchedAttributes": ["speed"]"#),
        of(&[(0, Created), (3, Updated)])
    );
    assert_eq!(with(r#""watchedAttributes": ["free"]"#), none);
    assert_eq!(
        with(r#""notificationTrigger": ["entityUpdated"]"#),
        of(&[0, 1, 3, 4, 5].map(|n| (n, EntityUpdated))),
        "it stands for the three of attributes"
    );
    assert_eq!(
        with(r#""notificationTrigger": ["entityCreated", "entityDeleted"]"#),
        of(&[(0, EntityCreated), (5, EntityDeleted)])
    );
    let watched = r#""watchedAttributes": ["owner"], "notificationTrigger": ["attributeDeleted"]"#;
    assert_eq!(with(watched), of(&[(4, Deleted), (5, Deleted)]));
    let watched = r#""watchedAttributes": ["free"], "notificationTrigger": ["entityCreated"]"#;
    assert_eq!(with(watched), none);
}

/// What a car's speed is, what is written, and whether that is another thing (clause 5.8.6: "any of
/// the members, children included, is updated with a value different than the existing one").
#[rustfmt::skip]
const WRITTEN: &[(&str, &str, bool)] = &[
    ("10", "10", false),
    ("10", "10.5", true),
    (r#"{"value": 10, "unitCode": "KMH"}"#, r#"{"value": 10, "unitCode": "KMH"}"#, false),
    (r#"{"value": 10, "unitCode": "KMH"}"#, r#"{"value": 10, "unitCode": "MTS"}"#, true),
    (r#"{"value": 1, "observedAt": "2026-01-01T00:00:00Z"}"#,
        r#"{"value": 1, "observedAt": "2026-01-01T00:00:00Z"}"#, false),
    (r#"{"value": 1, "observedAt": "2026-01-01T00:00:00Z"}"#,
        r#"{"value": 1, "observedAt": "2026-01-01T00:00:01Z"}"#, true),
    (r#"{"value": 1, "by": {"value": "a"}}"#, r#"{"value": 1, "by": {"value": "a"}}"#, false),
    (r#"{"value": 1, "by": {"value": "a"}}"#, r#"{"value": 1, "by": {"value": "b"}}"#, true),
    (r#"{"object": "urn:x:a"}"#, r#"{"object": "urn:x:a"}"#, false),
    (r#"{"object": "urn:x:a"}"#, r#"{"object": "urn:x:b"}"#, true),
    (r#"{"languageMap": {"fr": "a"}}"#, r#"{"languageMap": {"fr": "a"}}"#, false),
    (r#"{"languageMap": {"fr": "a"}}"#, r#"{"languageMap": {"fr": "b"}}"#, true),
];

#[test]
fn clause_5_8_6_a_value_that_is_written_again_is_no_change() {
    let s = with(r#""entities": [{"type": "Car"}]"#).expect("one");
    for (was, is, told) in WRITTEN {
        let car = entity(&format!(r#""speed": {was}"#));
        let change = merged(&car, &format!(r#""speed": {is}"#));
        assert_eq!(s.wants(&change).is_some(), *told, "{was} {is}");
    }
}

#[test]
fn conditions_are_asked_of_the_entity_as_it_is_or_last_was() {
    for (members, expected) in [
        (r#""entities": [{"type": "Bus"}]"#, false),
        (
            r#""entities": [{"type": "Bus"}, {"type": "*", "id": "urn:x:1"}]"#,
            true,
        ),
        (r#""entities": [{"type": "Car", "id": "urn:x:2"}]"#, false),
        (
            r#""entities": [{"type": "Car", "idPattern": "x:[1-3]$"}]"#,
            true,
        ),
        (r#""watchedAttributes": ["speed"]"#, true),
        (r#""watchedAttributes": ["speed"], "q": "speed>5""#, true),
        (r#""watchedAttributes": ["speed"], "q": "speed>15""#, false),
        (
            r#""watchedAttributes": ["speed"], "q": "owner==\"A%20B\"""#,
            true,
        ),
        (r#""watchedAttributes": ["speed"], "scopeQ": "/a""#, false),
        (
            r#""watchedAttributes": ["speed"], "isActive": false"#,
            false,
        ),
        (
            r#""watchedAttributes": ["speed"], "expiresAt": "2026-02-02T00:00:01Z""#,
            true,
        ),
        (r#""entities": [{"type": "Car"}], "timeInterval": 5"#, false),
        (
            r#""watchedAttributes": ["speed"], "geoQ": {"georel": "near;maxDistance==10",
            "geometry": "Point", "coordinates": [1, 2], "geoproperty": "place"}"#,
            false,
        ),
    ] {
        let s = with(members).expect(members);
        let car = entity(r#""speed": 10, "owner": "A B""#);
        assert_eq!(s.wants(&created(car)).is_some(), expected, "{members}");
    }
    let s = with(r#""watchedAttributes": ["speed"], "expiresAt": "2026-02-02T00:00:01Z""#);
    let mut late = created(entity(r#""speed": 10"#));
    late.at = at("2026-02-02T00:00:02Z");
    assert_eq!(s.expect("one").wants(&late), None, "it has expired by then");
    assert!(now() < late.at);
}

#[test]
fn clause_4_5_5_other_instances_are_not_told_of() {
    let s = with(r#""entities": [{"type": "Car"}], "datasetId": "urn:x:d""#).expect("one");
    let car = entity(
        r#""speed": [{"type": "Property", "value": 1},
            {"type": "Property", "value": 2, "datasetId": "urn:x:d"}]"#,
    );
    let other = merged(&car, r#""speed": {"type": "Property", "value": 3}"#);
    assert_eq!(s.wants(&other), None);
    let own = r#""speed": {"type": "Property", "value": 3, "datasetId": "urn:x:d"}"#;
    assert!(s.wants(&merged(&car, own)).is_some());
}
