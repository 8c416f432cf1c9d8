//! `q` (clause 4.9) as tables of query and answer, and its faults and limits. Never a property
//! that holds for all; query_laws.rs has them.

#![expect(clippy::panic, reason = "a helper of tests")]

#[path = "query_city.rs"]
mod city;

use city::{context, vehicle};
use loggia_ngsi_ld::Problem;
use loggia_ngsi_ld::query::Query;
use loggia_ngsi_ld::query::limits::*;

/// Queries that the vehicle meets, and queries that it does not.
fn table(yes: &[&str], no: &[&str]) {
    let (context, vehicle) = (context(), vehicle());
    for (queries, expected) in [(yes, true), (no, false)] {
        for text in queries {
            let query = Query::read(text, &context).unwrap_or_else(|e| panic!("{text}: {e}"));
            assert_eq!(query.matches(&vehicle), expected, "{text}");
            let again = Query::read(&query.to_string(), &context);
            assert_eq!(again.as_ref(), Ok(&query), "{text} is written {query}");
        }
    }
}

#[test]
fn clause_4_9_existence_of_attributes_sub_attributes_and_members() {
    table(
        &[
            "speed",
            "speed.accuracy",
            "isParked.providedBy",
            "address[city]",
            "address[geo.lat]",
            "location",
            "speed.observedAt",
            "createdAt",
            "street[fr]",
            "street[*]",
            "ex:speed",
            "https://vehicles.example/ns#speed",
        ],
        &[
            "heading",
            "speed.heading",
            "address[street]",
            "address[geo.lon]",
            "brandName.observedAt",
            "expiresAt",
            "street[de]",
            "brandName[a]",
            "isParked[a]",
        ],
    );
}

#[test]
fn clause_4_9_numbers_compare_as_numbers() {
    table(
        &[
            "speed==80.5",
            "speed!=80",
            "speed>80",
            "speed>=80.5",
            "speed<81",
            "speed<=8.05e1",
            "speed==80..81",
            "speed!=1..80",
            "speed==1,2,80.5",
            "speed!=1,2",
            "big==9007199254740993",
            "big>9007199254740992",
            "speed.accuracy==0.5",
            "address[geo.lat]>=-8.5",
        ],
        &[
            "speed==80",
            "speed!=80.5",
            "speed>80.5",
            "speed<80.5",
            "speed==81..90",
            "speed==1,2",
            "big==9007199254740992",
        ],
    );
}

#[test]
fn clause_4_9_values_of_unlike_types_are_unequal_and_have_no_order() {
    table(
        &[
            "brandName!=5",
            "speed!=\"80.5\"",
            "isOn!=\"true\"",
            "speed!=true",
            "location!=5",
        ],
        &[
            "brandName==5",
            "speed==\"80.5\"",
            "brandName>5",
            "brandName<5",
            "speed>\"0\"",
            "isOn==1",
            "speed~=80.5",
            "location==\"Point\"",
        ],
    );
}

#[test]
fn clause_4_9_a_target_that_is_not_there_meets_nothing() {
    table(
        &[],
        &[
            "heading!=5",
            "heading!~=a",
            "heading==5",
            "address[zip]!=\"1\"",
            "street[de]!=\"a\"",
        ],
    );
}

#[test]
fn clause_4_9_texts_in_quotes_and_their_escapes() {
    table(
        &[
            r#"brandName=="Mercedes""#,
            r#"brandName!="mercedes""#,
            r#"brandName>"Mercedea""#,
            r#"brandName=="A".."N""#,
            r#"motto=="he said \"go\"; (now|later), ok""#,
            r#"motto=="he said \u0022go\u0022; (now|later), ok""#,
            r#"brandName=="Audi","Mercedes""#,
        ],
        &[r#"brandName=="Mercede""#, r#"brandName=="N".."Z""#],
    );
}

#[test]
fn clause_4_9_arrays_include_what_is_wanted_and_have_no_order() {
    table(
        &[
            r#"colours=="red""#,
            r#"colours=="green","red""#,
            r#"colours!="green""#,
            r"colours~=re.*",
            "readings==3",
            "readings==2..9",
            "readings!=7",
        ],
        &[
            r#"colours=="green""#,
            r#"colours!="red""#,
            r#"colours>"a""#,
            "readings>0",
            "colours!~=r.*",
        ],
    );
}

#[test]
fn clause_4_9_patterns_match_the_whole_text() {
    table(
        &[
            "brandName~=Merc.*",
            r#"brandName~="Merc.*""#,
            "brandName~=(?i)merc.*",
            "brandName~=(Merc|Ren).*;speed",
            "brandName~=[M;|)]erc.*|heading",
            "brandName!~=Merc",
            r#"motto~=".*\"go\".*""#,
            r"brandName~=Mercede\w",
            "(brandName~=Mercedes)",
        ],
        &[
            "brandName~=Merc",
            "brandName!~=Merc.*",
            "brandName~=b.*",
            "speed~=.*",
            "speed!~=a",
            // A Relationship is asked for nothing but equality.
            "isParked~=urn:.*:Downtown1",
            "isParked!~=a",
        ],
    );
}

#[test]
fn clause_4_9_dates_and_times_compare_as_such() {
    table(
        &[
            "speed.observedAt==2026-08-10T12:00:00Z",
            "speed.observedAt==2026-08-10T12:00:00.000Z",
            "speed.observedAt>2026-08-10T11:59:59.999Z",
            r#"speed.observedAt>="2026-08-10T12:00:00Z""#,
            "speed.observedAt==2026-08-10T00:00:00Z..2026-08-11T00:00:00Z",
            "createdAt<=2026-08-10T12:00:01Z",
            "modifiedAt>2020-01-01T00:00:00Z",
            "brandName.modifiedAt>2020-01-01T00:00:00Z",
            "inspected<2026-01-01T00:00:00.5Z",
            "inspected==2026-01-01T00:00:00.0Z",
            "day==2026-02-03",
            "day>2026-02-01",
            "day==2026-02-01..2026-02-28",
            "opens==08:00:00Z",
            "opens<09:30:00.5Z",
            "typed==2026-01-01T00:00:00Z",
        ],
        &[
            "speed.observedAt<2026-08-10T12:00:00Z",
            "day==2026-02-03T00:00:00Z",
            "brandName>2026-01-01T00:00:00Z",
            "inspected>2026-01-01T00:00:00Z",
            "opens>09:00:00Z",
        ],
    );
}

#[test]
fn clause_4_9_the_other_kinds_of_attributes() {
    table(
        &[
            "isParked==urn:ngsi-ld:OffStreetParking:Downtown1",
            r#"isParked=="urn:ngsi-ld:OffStreetParking:Downtown1""#,
            "isParked!=urn:ngsi-ld:OffStreetParking:X",
            "isParked.providedBy==urn:ngsi-ld:Person:Bob",
            "route==urn:ngsi-ld:Stop:2",
            "wheels==urn:ngsi-ld:Wheel:1",
            r#"street=="Rue Haute""#,
            r#"street[fr]=="Rue Haute""#,
            r#"street[FR]=="Rue Haute""#,
            r#"street[*]=="High Street""#,
            r#"street[en]!="Rue Haute""#,
            r#"category=="Bus""#,
            r#"category=="ex:Bus""#,
            "category==ex:Bus",
            "category==https://vehicles.example/ns#Bus",
            r#"category!="Tram""#,
            "raw[a.b]==1",
            r#"raw[c]=="x""#,
            "stack==2",
            r#"speed.unitCode=="KMH""#,
            "fuel.datasetId==urn:ngsi-ld:Dataset:B",
        ],
        &[
            "isParked==urn:ngsi-ld:OffStreetParking:X",
            r#"street[en]=="Rue Haute""#,
            r#"category=="bus""#,
            "raw[a.b]==2",
            "stack==9",
            r#"speed.unitCode=="MTR""#,
            "isOn==false",
        ],
    );
}

#[test]
fn clause_4_9_one_of_several_instances_is_enough() {
    table(
        &["fuel==10", "fuel==20", "fuel!=10", "fuel>15"],
        &["fuel==15", "fuel>20"],
    );
}

#[test]
fn clause_4_9_and_binds_closer_than_or_and_parentheses_closer_than_both() {
    table(
        &[
            "speed;brandName",
            "heading|speed",
            "speed|heading;heading",
            "heading;heading|speed",
            "(heading|speed);brandName",
            "((speed))",
            "isOn==true;(speed>100|speed<90);brandName",
        ],
        &[
            "speed;heading",
            "(speed|heading);heading",
            "heading|(heading;speed)",
        ],
    );
}

#[test]
fn clause_4_9_faults_say_where_and_what() {
    let context = context();
    for (text, at, what) in [
        ("", 1, "expected a name"),
        ("speed>", 7, "found the end"),
        ("speed=5", 6, "expected an operator"),
        ("speed==", 8, "expected a number"),
        ("speed==Mercedes", 8, "expected a number"),
        ("speed==\"a", 10, "expected `\"`"),
        ("größe==\"a\\x\"", 8, "no text as JSON"),
        ("speed>true", 7, "which have an order"),
        ("speed>urn:a:b", 7, "which have an order"),
        ("speed==1..", 11, "expected a number"),
        ("speed==1..\"a\"", 11, "like the one it begins with"),
        ("speed==true..false", 8, "a range goes from"),
        ("speed>1,2", 8, "expected `;`, `|` or the end"),
        ("(speed", 7, "expected `)`"),
        ("speed)", 6, "expected `;`"),
        ("speed;", 7, "expected a name"),
        ("speed;;a", 7, "expected a name"),
        ("a[]", 3, "expected the name of a member"),
        ("a[b", 4, "expected `.` or `]`"),
        ("a..b", 2, "expected an operator"),
        ("1a", 1, "expected a name"),
        ("a;id==urn:a:1", 3, "no attribute's"),
        ("unitCode==\"a\"", 1, "only attributes have unitCode"),
        ("speed~=", 8, "expected a regular expression"),
        ("speed~=(a", 8, "no regular expression"),
        ("speed~=\"a)|(b\"", 8, "no regular expression"),
        ("speed==01", 8, "expected a number"),
        ("speed==2026-13-01", 8, "expected a number"),
    ] {
        let fault = Query::read(text, &context).expect_err(text);
        assert_eq!(fault.at, at, "{text}: {fault}");
        assert!(fault.what.contains(what), "{text}: {fault}");
        assert_eq!(fault.problem, Problem::BadRequestData, "{text}");
    }
}

#[test]
fn clause_4_9_a_query_follows_relationships() {
    let context = context();
    for (text, depth) in [
        ("isParked{name}==\"a\"", 1),
        ("isParked{Parking:name}==\"a\"", 1),
        ("isParked{Parking,Garage:name}~=a.*;speed", 1),
        ("isParked{at{name[x]}}", 2),
        ("speed>1", 0),
    ] {
        let query = Query::read(text, &context).expect(text);
        assert_eq!(query.linked_depth(), depth, "{text}");
        let again = Query::read(&query.to_string(), &context).expect(text);
        assert_eq!(again, query, "{text}");
    }
    for text in [
        "isParked{",
        "isParked{}",
        "isParked{a",
        "isParked{a==1}",
        "isParked{a}[b]",
    ] {
        let fault = Query::read(text, &context).expect_err(text);
        assert_eq!(fault.problem, Problem::BadRequestData, "{text}");
    }
}

#[test]
fn a_strangers_query_is_bounded_in_every_way() {
    let context = context();
    let many = |part: &str, n: usize, between: &str| vec![part; n].join(between);
    let deep = |n: usize| format!("{}a{}", "(".repeat(n), ")".repeat(n));
    let good = [
        many("a", LEAVES_MAX, ";"),
        deep(DEPTH_MAX),
        many("a", PATH_MAX, "."),
        format!("a=={}", many("1", VALUES_MAX, ",")),
        many("a~=b", PATTERNS_MAX, "|"),
        format!("a~={}", "b".repeat(PATTERN_BYTES_MAX)),
    ];
    for text in good {
        Query::read(&text, &context).unwrap_or_else(|e| panic!("{e}"));
    }
    let bad = [
        many("a", LEAVES_MAX + 1, ";"),
        deep(DEPTH_MAX + 1),
        many("a", PATH_MAX + 1, "."),
        format!("a[{}]", many("a", PATH_MAX + 1, ".")),
        format!("a=={}", many("1", VALUES_MAX + 1, ",")),
        many("a~=b", PATTERNS_MAX + 1, "|"),
        format!("a~={}", "b".repeat(PATTERN_BYTES_MAX + 1)),
        "a~=((a{99}){99}){99}".to_owned(),
        r"a~=(\w{80}){9}".to_owned(),
        format!("a==\"{}\"", "b".repeat(QUERY_BYTES_MAX)),
        "(".repeat(QUERY_BYTES_MAX),
    ];
    for text in bad {
        let fault = Query::read(&text, &context).expect_err(&text);
        assert_eq!(fault.problem, Problem::TooComplexQuery, "{fault}");
    }
}
