//! `type`, `id`, `scopeQ`, projection, temporal queries and ordering, clause by clause, as tables.
//! Never `q` and never places; query.rs and query_geo.rs have them.

#[path = "query_city.rs"]
mod city;

use city::{context, entity, named, vehicle};
use loggia_ngsi_ld::query::{
    IdPattern, Ids, LastN, Order, Projection, ScopeQuery, TemporalQuery, TypeQuery,
};
use loggia_ngsi_ld::{Entity, Problem};

#[test]
fn clause_4_17_types() {
    let context = context();
    let both = entity(r#"{"id": "urn:a:1", "type": ["Vehicle", "Tram"]}"#);
    for (text, of_vehicle, of_both) in [
        ("Vehicle", true, true),
        ("Tram", false, true),
        ("Bus|Vehicle", true, true),
        ("Bus,Tram", false, true),
        ("(Vehicle;Tram)", false, true),
        ("(Vehicle;Bus),Tram", false, true),
        ("Vehicle;(Bus|Tram)", false, true),
        ("https://vehicles.example/ns#Vehicle", true, true),
        ("ex:Vehicle", true, true),
        ("vehicle", false, false),
        ("*", true, true),
    ] {
        let query = TypeQuery::read(text, &context).expect(text);
        assert_eq!(query.matches(&vehicle()), of_vehicle, "{text}");
        assert_eq!(query.matches(&both), of_both, "{text}");
        assert_eq!(
            TypeQuery::read(&query.to_string(), &context).as_ref(),
            Ok(&query)
        );
    }
    for (text, at) in [
        ("", 1),
        ("A|", 3),
        ("(A;B", 5),
        ("A B", 2),
        ("1A", 1),
        ("A;*", 3),
    ] {
        assert_eq!(
            TypeQuery::read(text, &context).expect_err(text).at,
            at,
            "{text}"
        );
    }
}

#[test]
fn clause_4_19_scopes() {
    for (text, expected) in [
        ("/Madrid/Gardens/ParqueNorte", true),
        ("Madrid/Gardens/ParqueNorte", true),
        ("/Madrid/Gardens", false),
        ("/Madrid/+/ParqueNorte", true),
        ("/+/+/ParqueNorte", true),
        ("/+/ParqueNorte", false),
        ("/Madrid/#", true),
        ("/Madrid/Gardens/ParqueNorte/#", true),
        ("/Mad/#", false),
        ("/#", true),
        ("/Madrid/#;/CompanyA", true),
        ("/Rome/#|/CompanyA", true),
        ("/Rome/#,/CompanyA", true),
        ("(/Rome|/Paris);/CompanyA", false),
        ("/CompanyA/+", false),
    ] {
        let query = ScopeQuery::read(text).expect(text);
        assert_eq!(query.matches(&vehicle()), expected, "{text}");
        assert_eq!(ScopeQuery::read(&query.to_string()).as_ref(), Ok(&query));
        assert!(!query.matches(&named("urn:a:1")), "{text}");
    }
    for (text, at) in [
        ("", 1),
        ("/", 2),
        ("/a/", 4),
        ("/a//b", 4),
        ("/#/a", 3),
        ("/a+", 3),
    ] {
        assert_eq!(ScopeQuery::read(text).expect_err(text).at, at, "{text}");
    }
}

#[test]
fn clause_5_7_2_ids_and_patterns_of_them() {
    let ids = Ids::read("urn:b:2,urn:a:1,urn:b:2").expect("ids");
    assert!(ids.has("urn:a:1") && ids.has("urn:b:2") && !ids.has("urn:c:3"));
    assert_eq!(ids.as_slice().len(), 2);
    assert_eq!(Ids::read("urn:a:1,x").expect_err("x").at, 9);
    assert_eq!(Ids::read("").expect_err("none").at, 1);
    let pattern = IdPattern::read("^urn:ngsi-ld:.*town$").expect("a pattern");
    assert!(pattern.matches("urn:ngsi-ld:Parking:Downtown"));
    assert!(!pattern.matches("urn:ngsi-ld:Parking:Downtown1"));
    assert!(
        IdPattern::read("Parking")
            .expect("a part")
            .matches("urn:ngsi-ld:Parking:1")
    );
    assert!(IdPattern::read("(").is_err() && IdPattern::read("").is_err());
    // What backtracks for ever elsewhere: 30,000 characters at once.
    let slow = IdPattern::read("^(a|a)*(a|a)*b$").expect("a pattern");
    assert!(!slow.matches(&"a".repeat(30_000)));
}

#[test]
fn clause_4_21_projection() {
    let context = context();
    let pick = Projection::pick("id,speed,isParked{name,providedBy{id}},scope", &context);
    let pick = pick.expect("a projection");
    let names: Vec<&str> = pick.names().collect();
    assert_eq!(names, ["id", "speed", "isParked", "scope"]);
    assert!(pick.reaches_linked());
    assert_eq!(
        pick.to_string(),
        "id,speed,isParked{name,providedBy{id}},scope"
    );
    assert!(
        !Projection::omit("a,b", &context)
            .expect("names")
            .reaches_linked()
    );
    assert!(
        Projection::attrs("heading,speed", &context)
            .expect("names")
            .is_met_by(&vehicle())
    );
    assert!(
        !Projection::attrs("heading", &context)
            .expect("names")
            .is_met_by(&vehicle())
    );
    for (text, at) in [
        ("", 1),
        ("a,", 3),
        ("a{b", 4),
        ("a{}", 3),
        ("a}", 2),
        ("id{a}", 3),
    ] {
        assert_eq!(
            Projection::pick(text, &context).expect_err(text).at,
            at,
            "{text}"
        );
    }
    for text in ["a{b}", "id", ""] {
        Projection::attrs(text, &context).expect_err(text);
    }
    let deep = format!("{}a{}", "a{".repeat(20), "}".repeat(20));
    let fault = Projection::pick(&deep, &context).expect_err("deep");
    assert_eq!(fault.problem, Problem::TooComplexQuery);
}

#[test]
fn clause_4_11_temporal_queries() {
    let speed = vehicle()
        .attributes
        .into_iter()
        .find(|a| a.name.ends_with("#speed"));
    let speed = speed.expect("a speed, observed at 12:00");
    let (noon, eleven, one) = (
        "2026-08-10T12:00:00Z",
        "2026-08-10T11:00:00Z",
        "2026-08-10T13:00:00Z",
    );
    for (timerel, at, end, property, expected) in [
        ("before", one, None, None, true),
        ("before", noon, None, None, false),
        ("after", eleven, None, None, true),
        ("after", noon, None, None, true),
        ("after", one, None, None, false),
        ("between", noon, Some(one), None, true),
        ("between", eleven, Some(noon), None, false),
        ("after", noon, None, Some("createdAt"), true),
        ("after", eleven, None, Some("deletedAt"), false),
    ] {
        let query = TemporalQuery::read(Some(timerel), Some(at), end, property);
        let query = query.expect("a query").expect("not none");
        assert_eq!(
            query.matches(&speed),
            expected,
            "{timerel} {at} {end:?} {property:?}"
        );
    }
    assert_eq!(TemporalQuery::read(None, None, None, None), Ok(None));
    for (timerel, at, end, property, parameter) in [
        (None, Some(noon), None, None, "timerel"),
        (Some("before"), None, None, None, "timeAt"),
        (Some("before"), Some("noon"), None, None, "timeAt"),
        (Some("between"), Some(noon), None, None, "endTimeAt"),
        (Some("between"), Some(noon), Some(eleven), None, "endTimeAt"),
        (Some("after"), Some(noon), Some(one), None, "endTimeAt"),
        (Some("during"), Some(noon), None, None, "timerel"),
        (
            Some("after"),
            Some(noon),
            None,
            Some("readAt"),
            "timeproperty",
        ),
    ] {
        let fault = TemporalQuery::read(timerel, at, end, property).expect_err("a fault");
        assert_eq!(fault.parameter, parameter, "{fault}");
    }
    assert_eq!(
        LastN::read("3").expect("a number").of(&[1, 2, 3, 4, 5]),
        [3, 4, 5]
    );
    assert_eq!(LastN::read("9").expect("a number").of(&[1, 2]), [1, 2]);
    for text in ["", "0", "-1", "+1", "a", "1.5", "99999999999", "10001"] {
        LastN::read(text).expect_err(text);
    }
}

#[test]
fn clause_4_23_orders() {
    let context = context();
    let entities: Vec<Entity> = [
        r#"{"id": "urn:a:1", "type": "T", "n": 2, "s": "b"}"#,
        r#"{"id": "urn:a:2", "type": "T", "n": 10, "s": "a"}"#,
        r#"{"id": "urn:a:3", "type": "S", "s": "a"}"#,
        r#"{"id": "urn:a:4", "type": "T", "n": -1.5, "s": "c"}"#,
    ]
    .map(entity)
    .into();
    for (text, expected) in [
        ("n", "4123"),
        ("n;desc", "2143"),
        ("s,n;desc", "2314"),
        ("s;desc,id;desc", "4132"),
        ("type,id;desc", "3421"),
        ("nothing", "1234"),
    ] {
        let order = Order::read(text, &context).expect(text);
        let mut sorted: Vec<&Entity> = entities.iter().collect();
        order.sort(&mut sorted, None);
        let got: String = sorted
            .iter()
            .filter_map(|e| e.id.chars().next_back())
            .collect();
        assert_eq!(got, expected, "{text}");
        assert_eq!(
            Order::read(&order.to_string(), &context).as_ref(),
            Ok(&order)
        );
    }
    for (text, at) in [
        ("", 1),
        ("a;", 3),
        ("a;up", 3),
        ("id;dist-asc", 4),
        ("a,", 3),
        ("a b", 2),
    ] {
        assert_eq!(
            Order::read(text, &context).expect_err(text).at,
            at,
            "{text}"
        );
    }
}
