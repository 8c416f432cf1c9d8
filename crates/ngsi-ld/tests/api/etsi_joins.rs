//! ETSI's fixtures of linked entities: buildings that lead to cities that lead to countries.

use loggia_ngsi_ld::Json;

use crate::etsi::{Etsi, with_id};

const ID: &str = "urn:ngsi-ld:Building:018";
const PARIS: &str = "urn:ngsi-ld:City:Paris";
const FRANCE: &str = "urn:ngsi-ld:Country:France";

async fn holds(etsi: &Etsi, path: &str, rows: &[(&str, String)]) {
    for (params, expected) in rows {
        let expected = format!("linked-entity-retrieval/{expected}");
        etsi.is(&format!("{path}{params}"), &expected).await;
    }
}

/// Normalized and simplified.
fn forms(name: &str, at: &str) -> [(&'static str, String); 2] {
    let one = |form: &str| format!("{name}{form}-{at}.json");
    [("", one("")), ("&options=keyValues", one("-simplified"))]
}

#[tokio::test]
async fn one_building_leads_one_and_two_levels() {
    let Some(etsi) = Etsi::open().await else {
        return;
    };
    etsi.made("building-relationship.jsonld", ID).await;
    // Nothing is there that it leads to.
    for join in ["inline", "flat"] {
        let expected = "building-non-existent-inline-flat-018-14.json".to_owned();
        let path = format!("/entities/{ID}?join={join}");
        holds(&etsi, &path, &[("", expected)]).await;
    }
    etsi.made("city-minimal.jsonld", PARIS).await;
    for join in ["inline", "flat"] {
        let path = format!("/entities/{ID}?join={join}");
        let name = format!("building-one-level-{join}");
        holds(&etsi, &path, &forms(&name, "018-10")).await;
    }
    etsi.gone(PARIS).await;
    etsi.made("city-relationship.jsonld", PARIS).await;
    etsi.made("country-minimal.jsonld", FRANCE).await;
    for join in ["inline", "flat"] {
        let path = format!("/entities/{ID}?join={join}&joinLevel=2");
        let name = format!("building-two-levels-{join}");
        holds(&etsi, &path, &forms(&name, "018-13")).await;
    }
}

/// What is picked or omitted, and how the expectations call it.
#[rustfmt::skip]
const PICKED: &[(&str, &str)] = &[
    ("&pick=id,locatedAt{id,name}", "pick-id-locatedAt-018-20"),
    ("&pick=id,locatedAt{id,name,isInCountry{id,description}}",
        "pick-id-locatedAt-isInCountry-018-20"),
    ("&omit=type,locatedAt{name}", "omit-id-locateAt-018-21"),
    ("&omit=type,locatedAt{name,isInCountry{description}}",
        "omit-id-locateAt-isInCountry-018-21"),
];

#[tokio::test]
async fn one_building_is_picked_through_its_links() {
    let Some(etsi) = Etsi::open().await else {
        return;
    };
    etsi.made("building-relationship.jsonld", ID).await;
    etsi.made("city-simple-attributes.jsonld", PARIS).await;
    etsi.made("country-simple-attributes.jsonld", FRANCE).await;
    for join in ["inline", "flat"] {
        let path = format!("/entities/{ID}?join={join}&joinLevel=2");
        for (params, name) in PICKED {
            let name = format!("building-two-levels-{join}-{name}.json");
            holds(&etsi, &path, &[(params, name)]).await;
        }
    }
}

/// Makes an entity that leads to another than the fixture's.
async fn leading(etsi: &Etsi, fixture: &str, id: &str, to: &str) {
    let mut body = etsi.json(&format!("entities/{fixture}")).to_string();
    for old in [PARIS, FRANCE] {
        body = body.replace(&format!("\"{old}\""), &format!("\"{to}\""));
    }
    assert!(body.contains(to), "{body}");
    let body = Json::read(body.as_bytes()).expect("JSON");
    let told = etsi
        .send("POST", "/entities", &with_id(&body, id).to_string())
        .await;
    assert_eq!(told.status, 201, "{}", told.text);
}

#[tokio::test]
async fn several_buildings_lead_one_and_two_levels() {
    let Some(etsi) = Etsi::open().await else {
        return;
    };
    for (n, levels, name) in [
        ("019-13", 1, "buildings-one-level"),
        ("019-16", 2, "buildings-two-levels"),
    ] {
        for k in 1..=2 {
            let id = |kind: &str| format!("urn:ngsi-ld:{kind}:{n}-{k}");
            let (building, city, country) = (id("Building"), id("City"), id("Country"));
            leading(&etsi, "building-relationship.jsonld", &building, &city).await;
            if levels == 1 {
                etsi.made("city-minimal.jsonld", &city).await;
            } else {
                leading(&etsi, "city-relationship.jsonld", &city, &country).await;
                etsi.made("country-minimal.jsonld", &country).await;
            }
        }
        for join in ["inline", "flat"] {
            let path = format!("/entities?type=Building&join={join}&joinLevel={levels}");
            let name = format!("{name}-{join}");
            holds(&etsi, &path, &forms(&name, n)).await;
        }
        let told = etsi.town.delete("/entities?local=true").await;
        assert_eq!(told.status, 204);
    }
}

/// What is picked or omitted of buildings that are queried, levels, and their expectations.
#[rustfmt::skip]
const QUERIED: &[(&str, &str, usize, &str)] = &[
    ("019-20", "&pick=id,name", 1, "one-level-{}-pick-id-name"),
    ("019-20", "&pick=id,locatedAt{id,name}", 1, "one-level-{}-pick-id-locatedAt"),
    ("019-21", "&omit=name", 1, "one-level-{}-omit-name"),
    ("019-21", "&omit=name,locatedAt{name}", 1, "one-level-{}-omit-id-locatedAt"),
    ("019-22", "&pick=id,locatedAt{id,name}", 2, "two-levels-{}-pick-id-locatedAt"),
    ("019-22", "&pick=id,locatedAt{id,name,isInCountry{id,description}}", 2,
        "two-levels-{}-pick-id-locatedAt-isInCountry"),
    ("019-23", "&omit=type,name,location,street,locatedAt{name}", 2,
        "two-levels-{}-omit-id-locatedAt"),
    ("019-23", "&omit=type,name,location,street,locatedAt{name,isInCountry{description}}", 2,
        "two-levels-{}-omit-id-locatedAt-isInCountry"),
];

#[tokio::test]
async fn several_buildings_are_picked_through_their_links() {
    let Some(etsi) = Etsi::open().await else {
        return;
    };
    for (n, params, levels, name) in QUERIED {
        for k in 1..=2 {
            let id = |kind: &str| format!("urn:ngsi-ld:{kind}:{n}-{k}");
            let (building, city, country) = (id("Building"), id("City"), id("Country"));
            if *levels == 1 {
                let fixture = "building-different-attributes-types.jsonld";
                leading(&etsi, fixture, &building, &city).await;
                etsi.made("city-simple-attributes.jsonld", &city).await;
                continue;
            }
            leading(&etsi, "building-relationship.jsonld", &building, &city).await;
            leading(&etsi, "city-simple-attributes.jsonld", &city, &country).await;
            etsi.made("country-simple-attributes.jsonld", &country)
                .await;
        }
        for join in ["inline", "flat"] {
            let path = format!("/entities?type=Building&join={join}&joinLevel={levels}");
            let name = format!("buildings-{}-{n}.json", name.replace("{}", join));
            holds(&etsi, &path, &[(params, name)]).await;
        }
        let told = etsi.town.delete("/entities?local=true").await;
        assert_eq!(told.status, 204);
    }
}
