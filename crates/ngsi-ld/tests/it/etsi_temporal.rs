//! What ETSI's own files say of temporal representations, where they are at hand: each file that is
//! posted, and what the suite expects of a question about it.

use std::path::Path;

use loggia_ngsi_ld::{Contexts, Json};

use crate::etsi::{context, contexts, fixtures};
use crate::evolution::{City, Params, without_ids};

pub(crate) fn file(at: &Path, name: &str) -> Json {
    let path = at.join("data/temporalEntities").join(name);
    let bytes = std::fs::read(&path).unwrap_or_else(|e| panic!("{name}: {e}"));
    Json::read(&bytes).unwrap_or_else(|e| panic!("{name}: {e}"))
}

/// An entity out of a file, under another id.
pub(crate) fn body(at: &Path, name: &str, id: &str) -> Json {
    with(&file(at, name), "id", id)
}

fn with(body: &Json, member: &str, value: &str) -> Json {
    let members = body.members().iter().map(|(k, v)| match &**k == member {
        true => (k.clone(), value.into()),
        false => (k.clone(), v.clone()),
    });
    Json::Object(members.collect())
}

/// The suite compares without regard to order, to instanceIds, and to 67 being 67.0.
fn loose(json: &Json) -> String {
    match json {
        Json::Object(members) => {
            let mut parts: Vec<String> = members
                .iter()
                .map(|(k, v)| format!("{k}:{}", loose(v)))
                .collect();
            parts.sort();
            format!("{{{}}}", parts.join(","))
        }
        Json::Array(items) => {
            let mut parts: Vec<String> = items.iter().map(loose).collect();
            parts.sort();
            format!("[{}]", parts.join(","))
        }
        Json::Number(n) => format!("{}", n.as_f64().unwrap_or(0.0)),
        other => other.to_string(),
    }
}

#[track_caller]
pub(crate) fn same(got: &Json, at: &Path, expectation: &str, id: Option<&str>) {
    let mut expected = file(at, &format!("expectations/{expectation}"));
    if let Some(id) = id {
        expected = with(&expected, "id", id);
    }
    assert_eq!(
        loose(&without_ids(got)),
        loose(&without_ids(&expected)),
        "{expectation}"
    );
}

pub(crate) const ID: &str = "urn:ngsi-ld:Vehicle:1";

pub(crate) fn city(at: &Path, name: &str) -> (City, Contexts) {
    let mut contexts = contexts(at);
    let body = body(at, name, ID);
    let city = City::new(context(&mut contexts, &body));
    city.post_json(body);
    (city, contexts)
}

#[track_caller]
fn asked(at: &Path, posted: &str, query: &str, expectation: &str) {
    let (city, _) = city(at, posted);
    let got = city.get(ID, &Params::of(query));
    let id = got.get("id").and(Some(ID));
    same(&got, at, expectation, id);
}

#[test]
fn one_entity_comes_back_as_the_suite_expects() {
    let Some(at) = fixtures() else { return };
    let early = "timerel=before&timeAt=2020-08-01T12:04:00Z";
    let late = "timerel=after&timeAt=2020-08-01T12:08:00Z";
    let middle = "timerel=between&timeAt=2020-08-01T12:03:00Z&endTimeAt=2020-08-01T13:05:00Z";
    for (query, expectation) in [
        ("", "020-02.jsonld"),
        ("attrs=fuelLevel", "020-03-01.jsonld"),
        ("attrs=fuelLevel,speed", "020-03-02.jsonld"),
        (late, "020-04-01.jsonld"),
        (early, "020-04-02.jsonld"),
        (middle, "020-04-03.jsonld"),
        ("options=temporalValues", "020-10.jsonld"),
    ] {
        let posted = "2020-08-vehicle-temporal-representation.jsonld";
        let expectation = format!("vehicle-temporal-representation-{expectation}");
        asked(at, posted, query, &expectation);
    }
    for (query, expectation) in [
        ("pick=speed", "pick-speed"),
        ("pick=id,speed", "pick-id-speed"),
        ("omit=speed", "omit-speed"),
        ("omit=type,speed", "omit-type-speed"),
    ] {
        let posted = "2020-08-vehicle-temporal-representation.jsonld";
        asked(
            at,
            posted,
            query,
            &format!("pick-omit/vehicle-{expectation}.json"),
        );
    }
    for (last, expectation) in [("4", "01"), ("7", "02")] {
        let posted = "2020-08-vehicle-temporal-representation-multiple-instances.jsonld";
        let expectation = format!("vehicle-temporal-representation-020-05-{expectation}.jsonld");
        asked(at, posted, &format!("lastN={last}"), &expectation);
    }
}

#[test]
fn each_kind_is_written_as_the_suite_expects() {
    let Some(at) = fixtures() else { return };
    for (kind, normalized, simplified) in [
        (
            "language",
            "normalized-temporal-representation.jsonld",
            "simplified-temporal-representation.jsonld",
        ),
        (
            "json",
            "temporal-representation.json",
            "simplified-temporal-representation.json",
        ),
        (
            "vocab",
            "temporal-representation.json",
            "simplified-temporal-representation.json",
        ),
    ] {
        let posted = format!("vehicle-{kind}-property-temporal-representation.jsonld");
        asked(
            at,
            &posted,
            "",
            &format!("vehicle-{kind}-property-{normalized}"),
        );
        let expectation = format!("vehicle-{kind}-property-{simplified}");
        asked(at, &posted, "options=temporalValues", &expectation);
    }
    let posted = "vehicle-temporal-representation.jsonld";
    let expectation = "vehicle-temporal-representation-create.jsonld";
    asked(at, posted, "", expectation);
    let posted = "2020-08-vehicle-temporal-representation.jsonld";
    let expectation = "2020-08-vehicle-temporal-representation-temporal-values.json";
    asked(at, posted, "options=temporalValues", expectation);
}

#[test]
fn aggregates_are_what_the_suite_expects() {
    let Some(at) = fixtures() else { return };
    for (methods, period, attrs, expectation) in [
        ("avg", "PT1H", None, "avg-PT1H"),
        ("avg", "PT1H", Some("fuelLevel"), "avg-PT1H-fuelLevel"),
        ("avg,max", "PT1H", None, "avg-max-PT1H"),
        ("min,max", "P1D", None, "min-max-P1D"),
    ] {
        let (city, _) = city(at, "2020-08-vehicle-temporal-representation.jsonld");
        let params = Params {
            methods: Some(methods),
            period: Some(period),
            attrs,
            ..Params::default()
        };
        let got = city.summary(ID, &params).expect("aggregates");
        let expectation = format!("vehicle-temporal-representation-aggregated-{expectation}.json");
        same(&got, at, &expectation, Some(ID));
    }
}

#[test]
fn what_is_posted_again_corrects_and_adds() {
    let Some(at) = fixtures() else { return };
    let (city, _) = city(at, "vehicle-temporal-representation.jsonld");
    city.post_json(body(
        at,
        "vehicle-temporal-representation-update.jsonld",
        ID,
    ));
    let all = Params::default();
    let expectation = "vehicle-temporal-representation-update.jsonld";
    same(&city.get(ID, &all), at, expectation, Some(ID));

    let (city, _) = self::city(at, "vehicle-temporal-representation.jsonld");
    let name = "fragments/vehicle-temporal-representation-fragment.jsonld";
    city.add(ID, file(at, name));
    let expectation = "vehicle-temporal-representation-added-attribute.jsonld";
    same(&city.get(ID, &all), at, expectation, Some(ID));
}

#[test]
fn instances_and_attributes_are_replaced_and_erased() {
    use loggia_ngsi_ld::history::{Erased, What};
    use loggia_ngsi_ld::temporal::{InstanceId, read_instance};
    let Some(at) = fixtures() else { return };
    let first = |city: &City| {
        let all = city.get(ID, &Params::default());
        let speed = all.get("speed").and_then(Json::items).expect("speed");
        let id = speed[0].get("instanceId").and_then(Json::as_str);
        InstanceId::read(id.expect("an instanceId")).expect("one of ours")
    };
    let dataset = Erased::Dataset("urn:ngsi-ld:Vehicle:12345-fuel".into());
    for (step, expectation) in [
        (None, "delete-speed-instanceid"),
        (Some(("fuelLevel", Erased::Default)), "delete-fuelLevel"),
        (Some(("fuelLevel", dataset)), "delete-fuelLevel-datasetid"),
        (Some(("fuelLevel", Erased::All)), "deleteall-fuelLevel"),
    ] {
        let (city, _) = city(at, "vehicle-temporal-representation.jsonld");
        let name = |term: &str| city.context.expand_name(term).expect("a name");
        match step {
            None => {
                let (name, id) = (name("speed"), first(&city));
                city.what(ID, What::InstanceErased { name, id });
            }
            Some((term, which)) => {
                let name = name(term);
                let reader = &city.reader;
                assert!(reader.has("town", ID, &name, &which).expect("read"));
                city.what(ID, What::AttributeErased { name, which });
            }
        }
        let expectation = format!("vehicle-temporal-representation-{expectation}.jsonld");
        same(
            &city.get(ID, &Params::default()),
            at,
            &expectation,
            Some(ID),
        );
    }
    let (city, _) = city(at, "vehicle-temporal-representation.jsonld");
    let id = first(&city);
    let fragment = file(
        at,
        "fragments/vehicle-temporal-modify-attribute-instance-fragment.jsonld",
    );
    let now = city.clock(2);
    let attribute = read_instance("speed", fragment, &city.context, now).expect("an instance");
    let attribute = Box::new(attribute);
    city.what(ID, What::InstanceReplaced { id, attribute });
    assert_eq!(first(&city), id);
    let expectation = "vehicle-temporal-representation-modify-attribute-instance.jsonld";
    same(&city.get(ID, &Params::default()), at, expectation, Some(ID));
}
