//! ETSI's fixtures of answers: entities retrieved and queried, types and attributes, and what is
//! refused.

use loggia_ngsi_ld::Json;

use crate::etsi::Etsi;
use crate::town::{JSON, LD, sorted};

const B: &str = "urn:ngsi-ld:Building:1";
const SIMPLE: &str = "building-simple-attributes.jsonld";
const MANY: &str = "building-multi-instances-attributes.jsonld";

/// Fixture, how it is asked for, expectation.
#[rustfmt::skip]
const RETRIEVED: &[(&str, &str, &str)] = &[
    (SIMPLE, "", "building-simple-attributes-compacted.json"),
    ("building-minimal.jsonld", "", "building-minimal-compacted.json"),
    ("building-language-property.jsonld", "lang=fr",
        "building-language-property-fr-filter.jsonld"),
    ("building-language-property.jsonld", "lang=fr&options=keyValues",
        "building-language-property-fr-filter-simplified.jsonld"),
    ("building-language-property.jsonld", "lang=*",
        "building-language-property-any-language-filter.jsonld"),
    ("building-language-property.jsonld", "lang=*&format=simplified",
        "building-language-property-any-language-filter-simplified.jsonld"),
    ("building-observation-space-geoproperty.jsonld", "",
        "building-observation-space-geoproperty-normalized.jsonld"),
    ("building-observation-space-geoproperty.jsonld", "options=keyValues",
        "building-observation-space-geoproperty-simplified.jsonld"),
    ("building-operation-space-geoproperty.jsonld", "",
        "building-operation-space-geoproperty-normalized.jsonld"),
    ("building-operation-space-geoproperty.jsonld", "options=keyValues",
        "building-operation-space-geoproperty-simplified.jsonld"),
    ("building-locatedAt-and-name.json", "", "building-locatedAt-and-name-normalized.jsonld"),
    (MANY, "attrs=name", "building-name-attribute.jsonld"),
    (MANY, "attrs=name&datasetId=@none", "building-name-attribute-default-instance.jsonld"),
    (MANY, "datasetId=urn:ngsi-ld:Dataset:german-name",
        "building-name-attribute-german-instance.jsonld"),
    (MANY, "datasetId=@none", "building-default-instances.jsonld"),
    (MANY, "datasetId=urn:ngsi-ld:Dataset:french-name", "building-french-datasetid-only.jsonld"),
    (MANY, "datasetId=urn:ngsi-ld:Dataset:french-name,urn:ngsi-ld:Dataset:spanish-name",
        "building-two-datasetids.jsonld"),
    (MANY, "datasetId=urn:ngsi-ld:Dataset:none", "building-no-attributes.jsonld"),
    (SIMPLE, "omit=id", "pick-omit/building-simple-attributes-omit-id.json"),
    (SIMPLE, "omit=name", "pick-omit/building-simple-attributes-omit-name.json"),
    (SIMPLE, "omit=type,name", "pick-omit/building-simple-attributes-omit-type-name.json"),
    (SIMPLE, "pick=id", "pick-omit/building-simple-attributes-pick-id.json"),
    (SIMPLE, "pick=id,name", "pick-omit/building-simple-attributes-pick-id-name.json"),
    (SIMPLE, "pick=name", "pick-omit/building-simple-attributes-pick-name.json"),
];

#[tokio::test]
async fn entities_are_retrieved_as_expected() {
    let Some(etsi) = Etsi::open().await else {
        return;
    };
    for (fixture, params, expected) in RETRIEVED {
        etsi.made(fixture, B).await;
        etsi.is(&format!("/entities/{B}?{params}"), expected).await;
        let list = etsi.get(&format!("/entities?type=Building&{params}")).await;
        let list = list.json();
        let items = list.items().expect("a list");
        assert_eq!(items.len(), 1, "{params}");
        etsi.same(&items[0], expected, params);
        etsi.gone(B).await;
    }
}

/// How it is asked for without a Link, and the expectation, which has an @context or not.
#[rustfmt::skip]
const FULL: &[(&str, &str)] = &[
    ("", "building-simple-attributes-expanded.json"),
    ("", "building-simple-attributes.jsonld"),
    ("options=keyValues", "building-simple-attributes-simplified.json"),
    ("options=keyValues", "building-simple-attributes-simplified.jsonld"),
    ("attrs=https://ngsi-ld-test-suite/context%23airQualityLevel,\
      https://ngsi-ld-test-suite/context%23subCategory", "building-attributes-query.json"),
    ("attrs=https://ngsi-ld-test-suite/context%23airQualityLevel,\
      https://ngsi-ld-test-suite/context%23subCategory",
        "building-simple-attributes-query.jsonld"),
];

#[tokio::test]
async fn without_a_link_names_are_written_in_full() {
    let Some(etsi) = Etsi::open().await else {
        return;
    };
    etsi.made(SIMPLE, B).await;
    let ld = ("accept", "application/ld+json");
    for (params, expected) in FULL {
        let headers = match expected.ends_with(".jsonld") {
            true => &[ld][..],
            false => &[],
        };
        let path = format!("/entities/{B}?{params}");
        let got = etsi.town.call("GET", &path, headers, None).await.json();
        etsi.same(&got, expected, params);
        let wanted = etsi.json(&format!("entities/expectations/{expected}"));
        let within = |json: &Json| json.get("@context").is_some();
        assert_eq!(within(&got), within(&wanted), "{expected}");
    }
    for (fixture, id, expected) in [
        (
            "vehicle-simple-attributes.jsonld",
            "urn:ngsi-ld:Vehicle:1",
            "vehicle-simple-attributes-core-context.json",
        ),
        (
            "building-location-attribute.jsonld",
            "urn:ngsi-ld:Building:2",
            "building-geoproperty-query.jsonld",
        ),
    ] {
        etsi.made(fixture, id).await;
        let got = etsi.town.have(&format!("/entities/{id}")).await;
        etsi.same(&got, expected, "");
    }
}

#[tokio::test]
async fn geojson_is_as_expected() {
    let Some(etsi) = Etsi::open().await else {
        return;
    };
    let geo = [("accept", "application/geo+json")];
    etsi.made("building-two-geometry-attributes.jsonld", B)
        .await;
    for (params, expected) in [
        ("", "attribute-normalized"),
        ("options=keyValues", "attribute-simplified"),
        (
            "geometryProperty=observationSpace",
            "property-on-observation-space",
        ),
        (
            "geometryProperty=operationSpace",
            "property-on-nonexistent-operation-space",
        ),
    ] {
        let path = format!("/entities/{B}?{params}");
        let got = etsi.call("GET", &path, &geo).await.json();
        let expected = format!("building-two-geometry-{expected}.geojson");
        etsi.same(&got, &expected, params);
        assert!(got.get("@context").is_some(), "{params}");
    }
    etsi.gone(B).await;
    for n in 1..=2 {
        let id = format!("urn:ngsi-ld:Building:019-05-0{n}");
        etsi.made("building-location-attribute.jsonld", &id).await;
    }
    let got = etsi.call("GET", "/entities?type=Building", &geo).await;
    let expected = "two-buildings-location-attribute-normalized-019-05.geojson";
    etsi.same(&got.json(), expected, "");
    assert!(got.json().get("@context").is_some());
    let car = "urn:ngsi-ld:Vehicle:019-02-05";
    etsi.made("vehicle-simple-attributes.jsonld", car).await;
    let parking = "urn:ngsi-ld:OffStreetParking:019-02-05";
    etsi.made("parking-simple-attributes.jsonld", parking).await;
    let at = "/entities?type=Vehicle,OffStreetParking";
    let got = etsi.call("GET", at, &geo).await.json();
    etsi.same(&got, "vehicle-parking-019-02-05.geojson", at);
    // Types are those of the caller's @context.
    assert_eq!(etsi.town.get(at).await.ids().len(), 0);
    let full = "/entities?type=https://ngsi-ld-test-suite/context%23Vehicle,\
                https://ngsi-ld-test-suite/context%23OffStreetParking";
    let got = etsi.town.have(full).await;
    etsi.same(&got, "two-types-vehicle-offstreetparking.jsonld", full);
}

#[tokio::test]
async fn several_are_picked_as_expected() {
    let Some(etsi) = Etsi::open().await else {
        return;
    };
    for (fixture, id) in [
        (SIMPLE, "urn:ngsi-ld:Building:019-17-1"),
        (
            "vehicle-simple-attributes.jsonld",
            "urn:ngsi-ld:Vehicle:019-17-2",
        ),
        (
            "building-simple-attributes-third.jsonld",
            "urn:ngsi-ld:Building:019-17-3",
        ),
    ] {
        etsi.made(fixture, id).await;
    }
    for (params, expected) in [
        ("omit=id", "entities-omit-id.json"),
        ("omit=name", "entities-omit-name.json"),
        ("omit=type,name", "entities-omit-type-name.json"),
        ("pick=id", "entities-pick-id.json"),
        ("pick=id,name", "entities-pick-id-name.json"),
        ("pick=name", "entities-pick-name.json"),
    ] {
        let path = format!("/entities?type=Building,Vehicle&{params}");
        etsi.is(&path, &format!("pick-omit/{expected}")).await;
    }
}

/// Compares with an expectation of types; a list has an id of its own each time.
fn typed(etsi: &Etsi, got: &Json, expected: &str) {
    let (mut got, mut wanted) = (
        got.clone(),
        etsi.json(&format!("types/expectations/{expected}")),
    );
    for json in [&mut got, &mut wanted] {
        if let Json::Object(members) = json {
            let own = |v: &Json| v.as_str().is_some_and(|t| t.contains("List:"));
            for (_, value) in members.iter_mut().filter(|(_, v)| own(v)) {
                *value = Json::from("urn:list");
            }
        }
    }
    assert_eq!(sorted(&got), sorted(&wanted), "{expected}");
}

#[tokio::test]
async fn types_and_attributes_are_as_expected() {
    let Some(etsi) = Etsi::open().await else {
        return;
    };
    etsi.made(SIMPLE, B).await;
    for (path, name) in [
        ("/attributes", "attribute-list-025-01"),
        ("/attributes?details=true", "attribute-026-01"),
    ] {
        let full = etsi.town.have(path).await;
        typed(&etsi, &full, &format!("{name}-01.json"));
        let short = etsi.get(path).await.json();
        typed(&etsi, &short, &format!("{name}-02.json"));
    }
    let one = etsi.get("/attributes/airQualityLevel").await.json();
    typed(&etsi, &one, "attribute-027-01.json");
    let car = "urn:ngsi-ld:Vehicle:1";
    etsi.made("vehicle-simple-attributes.jsonld", car).await;
    for (path, name) in [
        ("/types", "entity-type-list-022-01"),
        ("/types?details=true", "entity-type-023-01"),
    ] {
        let full = etsi.town.have(path).await;
        typed(&etsi, &full, &format!("{name}-01.json"));
        let short = etsi.get(path).await.json();
        typed(&etsi, &short, &format!("{name}-02.json"));
    }
    etsi.made(SIMPLE, "urn:ngsi-ld:Building:2").await;
    let one = etsi.get("/types/Building").await.json();
    typed(&etsi, &one, "entity-type-info-024-01.json");
}

/// File, where it is sent, status, problem.
#[rustfmt::skip]
const WRONG: &[(&str, &str, u16, &str)] = &[
    ("entities/invalid-json.jsonld", "/entities", 400, "InvalidRequest"),
    ("entities/empty.jsonld", "/entities", 400, "BadRequestData"),
    ("entities/invalid-type.jsonld", "/entities", 400, "BadRequestData"),
    ("entities/meta-model-property-no-value.jsonld", "/entities", 400, "BadRequestData"),
    ("entities/meta-model-property-null-value.jsonld", "/entities", 400, "BadRequestData"),
    ("entities/meta-model-relationship-no-object.jsonld", "/entities", 400, "BadRequestData"),
    ("entities/meta-model-languageproperty-no-map.jsonld", "/entities", 400, "BadRequestData"),
    ("entities/temporal-observedat-not-datetime.jsonld", "/entities", 400, "BadRequestData"),
    ("entities/temporal-observedat-offset.jsonld", "/entities", 400, "BadRequestData"),
    ("entities/temporal-observedat-reified.jsonld", "/entities", 400, "BadRequestData"),
    ("entities/building-unretrievable-context.jsonld", "/entities", 504,
        "LdContextNotAvailable"),
    ("entities/batch/empty.jsonld", "/entityOperations/create", 400, "BadRequestData"),
    ("entities/batch/null-item.jsonld", "/entityOperations/create", 400, "BadRequestData"),
    ("entities/batch/invalid-json.jsonld", "/entityOperations/create", 400, "InvalidRequest"),
    ("jsonldContext/@context-incorrect.json", "/jsonldContexts", 400, "BadRequestData"),
    ("jsonldContext/@context-wrong-json.json", "/jsonldContexts", 400, "InvalidRequest"),
    ("jsonldContext/@context-invalid-array-item.json", "/jsonldContexts", 400,
        "BadRequestData"),
    ("jsonldContext/@context-invalid-boolean.json", "/jsonldContexts", 400, "BadRequestData"),
    ("jsonldContext/@context-invalid-number.json", "/jsonldContexts", 400, "BadRequestData"),
];

#[tokio::test]
async fn what_is_wrong_in_the_fixtures_is_refused() {
    let Some(etsi) = Etsi::open().await else {
        return;
    };
    for (name, path, status, problem) in WRONG {
        let ld = name.starts_with("entities/") && !name.ends_with("empty.jsonld");
        let headers = if ld { [LD] } else { [JSON] };
        let body = etsi.text(name);
        let told = etsi.town.call("POST", path, &headers, Some(&body)).await;
        let got = (told.status, told.problem());
        assert_eq!(got, (*status, (*problem).to_owned()), "{name}");
    }
    let body = etsi.text("entities/batch/invalid-json-ld.jsonld");
    let told = etsi.send("POST", "/entityOperations/create", &body).await;
    assert_eq!(told.status, 207, "{}", told.text);
    for name in ["minimal", "minimal-second", "minimal-third", "cached-one"] {
        let body = etsi.text(&format!("jsonldContext/@context-{name}-valid.json"));
        let told = etsi.town.send("POST", "/jsonldContexts", &body).await;
        assert_eq!(told.status, 201, "{name}: {}", told.text);
    }
}
