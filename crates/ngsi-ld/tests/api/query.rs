//! Queries by URL and by body: what is found, and in which order (clauses 6.4.3.2, 6.23, 4.9, 4.10,
//! 4.17, 4.19, 4.23).

use crate::town::{Refusal, Town, json, refused};

const TOWN: &[&str] = &[
    r#"{"id": "urn:x:a", "type": "Car", "scope": "/north/one", "speed": 10, "brand": "Fiat",
        "location": {"type": "Point", "coordinates": [10.0, 50.0]},
        "owner": {"type": "Relationship", "object": "urn:x:bob"},
        "plate": {"value": {"letters": "AB", "number": {"first": 1}}},
        "colour": {"languageMap": {"en": "red", "fr": ["rouge", "vif"]}},
        "kind": {"vocab": "private"}, "seen": {"value": 1, "observedAt": "2026-08-10T12:00:00Z"},
        "open": true, "since": "2020-01-01"}"#,
    r#"{"id": "urn:x:b", "type": ["Car", "Van"], "scope": ["/north/two", "/south"], "speed": 20,
        "brand": ["Fiat", "Opel"],
        "location": {"type": "Point", "coordinates": [10.001, 50.0]},
        "owner": {"type": "Relationship", "object": ["urn:x:eve", "urn:x:bob"]},
        "colour": {"languageMap": {"en": "blue"}}, "open": false}"#,
    r#"{"id": "urn:x:c", "type": "Bus", "scope": "/south", "speed": [
            {"value": 30}, {"value": 5, "datasetId": "urn:x:d"}],
        "location": {"type": "Polygon", "coordinates":
            [[[20, 40], [21, 40], [21, 41], [20, 41], [20, 40]]]},
        "parts": {"valueList": [1, 2, 3]}, "brand": "MAN \"11\"",
        "lines": {"objectList": [{"object": "urn:x:line:1"}, {"object": "urn:x:line:2"}]}}"#,
    r#"{"id": "urn:y:d", "type": "Bench", "wood": "oak"}"#,
];

/// Clause, the query, and the last letters of what it finds.
#[rustfmt::skip]
const FOUND: &[(&str, &str, &str)] = &[
    ("4.17", "type=Car", "ab"),
    ("4.17", "type=Car,Bus", "abc"),
    ("4.17", "type=Car|Bench", "abd"),
    ("4.17", "type=Car;Van", "b"),
    ("4.17", "type=(Car;Van),Bench", "bd"),
    ("4.17", "type=*", "abcd"),
    ("4.17", "type=None", ""),
    ("5.7.2", "local=true", "abcd"),
    ("5.7.2", "type=*&id=urn:x:a,urn:y:d", "ad"),
    ("5.7.2", "local=true&id=urn:x:a", "a"),
    ("5.7.2", "type=Car&id=urn:x:c", ""),
    ("5.7.2", "type=*&idPattern=^urn:y:", "d"),
    ("5.7.2", "type=*&idPattern=.*x:[ab]$", "ab"),
    ("5.7.2", "attrs=wood", "d"),
    ("5.7.2", "attrs=wood,parts", "cd"),
    // Whoever picks the id has something of each.
    ("5.7.2", "pick=id,wood", "abcd"),
    // Clause 4.9, operators.
    ("4.9", "q=speed", "abc"),
    ("4.9", "q=speed==20", "b"),
    ("4.9", "q=speed!=20", "ac"),
    ("4.9", "q=speed>10", "bc"),
    ("4.9", "q=speed>=10", "abc"),
    ("4.9", "q=speed<20", "ac"),
    ("4.9", "q=speed<=20", "abc"),
    ("4.9", "q=speed==10..20", "ab"),
    ("4.9", "q=speed!=10..20", "c"),
    ("4.9", "q=speed==10,30", "ac"),
    ("4.9", "q=speed==\"10\"", ""),
    ("4.9", "q=brand==\"Fiat\"", "ab"),
    ("4.9", "q=brand!=\"Fiat\"", "c"),
    ("4.9", "q=brand==\"Opel\",\"none\"", "b"),
    ("4.9", "q=brand==\"MAN \\\"11\\\"\"", "c"),
    ("4.9", "q=brand~=\"F.*\"", "ab"),
    ("4.9", "q=brand!~=\"F.*\"", "c"),
    ("4.9", "q=speed!~=\"F.*\"", ""),
    ("4.9", "q=open==true", "a"),
    ("4.9", "q=open!=true", "b"),
    ("4.9", "q=since>2019-12-31", "a"),
    ("4.9", "q=since==2020-01-01", "a"),
    ("4.9", "q=owner==\"urn:x:bob\"", "ab"),
    ("4.9", "q=owner==urn:x:eve", "b"),
    ("4.9", "q=owner!=urn:x:eve", "a"),
    // A Relationship is asked for nothing but equality.
    ("4.9", "q=owner>\"urn:x:a\"", ""),
    ("4.9", "q=owner~=\"urn.*\"", ""),
    ("4.9", "q=lines==urn:x:line:2", "c"),
    ("4.9", "q=parts==3", "c"),
    ("4.9", "q=plate[letters]==\"AB\"", "a"),
    ("4.9", "q=plate[number.first]==1", "a"),
    ("4.9", "q=plate[none]", ""),
    ("4.9", "q=plate[letters]==\"AB\"&jsonKeys=plate", "a"),
    ("4.9", "q=colour[en]==\"red\"", "a"),
    ("4.9", "q=colour[fr]==\"vif\"", "a"),
    ("4.9", "q=colour[*]==\"blue\"", "b"),
    ("4.9", "q=colour==\"rouge\"", "a"),
    ("4.9", "q=colour[en]!=\"red\"", "b"),
    ("4.9", "q=kind==private&expandValues=kind", "a"),
    ("4.9", "q=kind==\"private\"&expandValues=kind", "a"),
    ("4.9", "q=kind==\"https://uri.etsi.org/ngsi-ld/default-context/private\"", "a"),
    ("4.9", "q=seen.observedAt>2026-08-10T11:59:59Z", "a"),
    ("4.9", "q=seen.observedAt<2026-08-10T12:00:00Z", ""),
    ("4.9", "q=speed==10;brand==\"Fiat\"", "a"),
    ("4.9", "q=speed==10|speed==30", "ac"),
    ("4.9", "q=speed==10|speed==20;open==false", "ab"),
    ("4.9", "q=(speed==10|speed==20);open==false", "b"),
    ("4.9", "q=((speed>5|wood);brand)", "abc"),
    ("4.10", "georel=near;maxDistance==100&geometry=Point&coordinates=[10,50]", "ab"),
    ("4.10", "georel=near;maxDistance==10&geometry=Point&coordinates=[10,50]", "a"),
    ("4.10", "georel=near;minDistance==50&geometry=Point&coordinates=[10,50]", "bc"),
    ("4.10",
        "georel=within&geometry=Polygon&coordinates=[[[9,49],[11,49],[11,51],[9,51],[9,49]]]",
        "ab"),
    ("4.10", "georel=contains&geometry=Point&coordinates=[20.5,40.5]", "c"),
    ("4.10", "georel=intersects&geometry=LineString&coordinates=[[19,40.5],[22,40.5]]", "c"),
    ("4.10", "georel=equals&geometry=Point&coordinates=[10,50]", "a"),
    ("4.10",
        "georel=disjoint&geometry=Polygon&coordinates=[[[9,49],[11,49],[11,51],[9,51],[9,49]]]",
        "c"),
    ("4.10",
        "georel=overlaps&geometry=Polygon&coordinates=\
         [[[20.5,40.5],[22,40.5],[22,42],[20.5,42],[20.5,40.5]]]", "c"),
    ("4.10",
        "georel=near;maxDistance==10&geometry=Point&coordinates=[10,50]&geoproperty=location",
        "a"),
    ("4.10", "georel=equals&geometry=Point&coordinates=[10,50]&geoproperty=place", ""),
    ("4.19", "type=*&scopeQ=/south", "bc"),
    ("4.19", "type=*&scopeQ=/north/%2B", "ab"),
    ("4.19", "type=*&scopeQ=/north/%23", "ab"),
    ("4.19", "type=*&scopeQ=/%23", "abc"),
    ("4.19", "type=*&scopeQ=/north/two;/south", "b"),
    ("4.19", "type=*&scopeQ=/north/one,/south", "abc"),
    ("4.19", "type=*&scopeQ=/none", ""),
    ("4.23", "type=Car,Bus&local=true&orderBy=speed;desc", "cba"),
    ("4.23", "type=*&orderBy=speed", "abcd"),
    ("4.23", "type=*&orderBy=id;desc", "dcba"),
    ("4.23", "type=Car&local=true&orderBy=open", "ba"),
    ("4.23", "type=Car,Bus&local=true&orderBy=location;dist-desc&orderFrom=[10,50]", "cba"),
    ("4.23",
        "type=Car,Bus&local=true&orderBy=location;dist-asc&orderFrom=[10,50]&orderGeometry=Point",
        "abc"),
];

#[tokio::test]
async fn a_query_finds_what_it_asks_for() {
    let town = Town::new();
    town.made(TOWN).await;
    for (clause, query, wanted) in FOUND {
        let told = town.get(&format!("/entities?{query}")).await;
        assert_eq!(told.status, 200, "{clause}: {query}: {}", told.text);
        let ids = told.ids();
        let letters: String = ids.iter().filter_map(|id| id.chars().last()).collect();
        assert_eq!(letters, *wanted, "{clause}: {query}");
    }
}

/// Clause, and parameters of a query that is refused with 400, `BadRequestData`.
#[rustfmt::skip]
const BAD: &[(&str, &str)] = &[
    ("5.7.2.4", ""),
    ("5.7.2.4", "id=urn:x:a"),
    ("5.7.2.4", "idPattern=x"),
    ("5.7.2.4", "scopeQ=/a"),
    ("5.7.2.4", "pick=id"),
    ("5.7.2.4", "q=createdAt>2020-01-01T00:00:00Z"),
    ("6.4.3.2", "type=*&local=false"),
    ("5.7.2.4", "type=Car&id=none"),
    ("5.7.2.4", "type=Car&idPattern=("),
    ("5.7.2.4", "type=Car&orderBy=speed"),
    ("5.7.2.4", "type=*&orderBy=location;dist-asc"),
    ("5.7.2.4", "type=*&orderBy=location;dist-asc&orderFrom=x"),
    ("5.7.2.4", "type=Car&geometryProperty=location"),
    ("4.9", "q=speed=="),
    ("4.9", "q=speed==Fiat"),
    ("4.9", "q=;"),
    ("4.9", "q=(speed"),
    ("4.9", "q=speed>true"),
    ("4.9", "q=brand~=\"(\""),
    ("4.10", "georel=near;maxDistance==1&geometry=Point"),
    ("4.10", "georel=none&geometry=Point&coordinates=[1,2]"),
    ("4.10", "georel=within&geometry=Blob&coordinates=[1,2]"),
    ("4.10", "georel=within&geometry=Point&coordinates=[1"),
    ("4.10", "type=Car&geometry=Point&coordinates=[1,2]"),
    ("4.17", "type=(Car"),
    ("4.19", "type=Car&scopeQ=a b"),
    ("6.3.10", "type=Car&limit=-1"),
    ("6.3.10", "type=Car&limit=many"),
    ("6.3.10", "type=Car&limit=0"),
    ("6.3.10", "type=Car&offset=-1"),
    ("6.3.13", "type=Car&count=yes"),
];

/// Bodies of a query that are refused.
#[rustfmt::skip]
const BAD_BODIES: &[&str] = &[
    "{}",
    "[]",
    r#"{"type": "Query"}"#,
    r#"{"type": "Query", "entities": []}"#,
    r#"{"type": "Query", "entities": [{"type": "Car"}], "q": 7}"#,
    r#"{"type": "Query", "entities": [{"type": "Car"}], "attrs": []}"#,
    r#"{"type": "Query", "entities": [{"type": "Car"}], "ordering": {"orderBy": ["a"]}}"#,
];

#[tokio::test]
async fn a_query_that_is_none_is_refused() {
    let town = Town::new();
    town.made(TOWN).await;
    for (clause, params) in BAD {
        let path = format!("/entities?{params}");
        refused(
            &town,
            &[(clause, "GET", &path, None, 400, "BadRequestData")],
        )
        .await;
    }
    let at = "/entityOperations/query";
    for body in BAD_BODIES {
        let row: Refusal<'_> = ("5.2.23", "POST", at, Some(body), 400, "BadRequestData");
        refused(&town, &[row]).await;
    }
    let path = "/entities?type=Car&limit=1001";
    refused(
        &town,
        &[("6.3.10", "GET", path, None, 403, "TooManyResults")],
    )
    .await;
}

/// Parameters, a body's members, and the last letters of what it finds.
#[rustfmt::skip]
const BODIES: &[(&str, &str, &str)] = &[
    ("", r#""entities": [{"type": "Car"}]"#, "ab"),
    ("", r#""entities": [{"type": "Van"}, {"type": "Bench"}, {"type": "Car"}]"#, "bda"),
    ("", r#""entities": [{"type": "Car", "id": "urn:x:a"}]"#, "a"),
    ("", r#""entities": [{"type": "*", "idPattern": "^urn:y"}]"#, "d"),
    ("", r#""q": "speed>10""#, "bc"),
    ("", r#""attrs": ["wood"]"#, "d"),
    ("", r#""entities": [{"type": "Car"}], "q": "kind==private", "expandValues": "kind""#, "a"),
    ("", r#""entities": [{"type": "Car"}], "scopeQ": "/south""#, "b"),
    ("", r#""geoQ": {"georel": "near;maxDistance==10", "geometry": "Point",
        "coordinates": [10, 50]}"#, "a"),
    ("?local=true", r#""entities": [{"type": "Car"}],
        "ordering": {"orderBy": ["speed;desc"]}"#, "ba"),
    ("?local=true", r#""entities": [{"type": "Car"}, {"type": "Bus"}], "ordering":
        {"orderBy": ["location;dist-desc"], "orderFrom": [10, 50], "orderGeometry": "Point"}"#,
        "cba"),
    ("?local=true", "", "abcd"),
    ("?limit=1&offset=1", r#""entities": [{"type": "Car"}]"#, "b"),
];

#[tokio::test]
async fn clause_6_23_a_body_asks_the_same() {
    let town = Town::new();
    town.made(TOWN).await;
    for (params, members, wanted) in BODIES {
        let comma = if members.is_empty() { "" } else { "," };
        let body = format!(r#"{{"type": "Query"{comma} {members}}}"#);
        let at = format!("/entityOperations/query{params}");
        let told = town.send("POST", &at, &body).await;
        assert_eq!(told.status, 200, "{body}: {}", told.text);
        let ids = told.ids();
        let letters: String = ids.iter().filter_map(|id| id.chars().last()).collect();
        assert_eq!(letters, *wanted, "{body}");
    }
    let body = r#"{"type": "Query", "entities": [{"type": "Bench"}], "pick": ["id", "wood"]}"#;
    let at = "/entityOperations/query?options=keyValues&count=true";
    let told = town.send("POST", at, body).await;
    assert_eq!(told.json(), json(r#"[{"id": "urn:y:d", "wood": "oak"}]"#));
    assert_eq!(told.header("ngsild-results-count"), Some("1"));
}
