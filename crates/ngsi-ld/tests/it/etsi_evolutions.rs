//! What ETSI's own files say of queries for temporal entities and of their pages, where the files
//! are at hand.

use loggia_ngsi_ld::Json;
use loggia_ngsi_ld::query::{Filter, GeoQuery, Ids, Query, TypeQuery};

use crate::etsi::{context, contexts, fixtures};
use crate::etsi_temporal::{ID, body, city, same};
use crate::evolution::{City, Params, after, between};

/// What a test of the suite asks about two vehicles, one of August and one of September.
#[test]
fn queries_find_what_the_suite_expects() {
    let Some(at) = fixtures() else { return };
    const ALL: &str = "timerel=after&timeAt=2020-07-01T12:05:00Z";
    const FROM: &str = "timerel=after&timeAt=2020-08-01T12:04:00Z";
    const TO: &str = "timerel=before&timeAt=2020-09-01T13:06:00Z";
    const WITHIN: &str =
        "timerel=between&timeAt=2020-08-01T12:04:00Z&endTimeAt=2020-09-01T13:06:00Z";
    const LATE: &str = "timerel=after&timeAt=2020-08-02T12:05:00Z";
    const EARLY: &str = "timerel=before&timeAt=2020-08-02T12:05:00Z";
    const MIDDLE: &str =
        "timerel=between&timeAt=2020-08-02T12:05:00Z&endTimeAt=2020-09-01T13:06:00Z";
    for (number, options, query, expectation) in [
        ("01", "", FROM, "01-01.jsonld"),
        ("01", "", TO, "01-02.jsonld"),
        ("01", "", WITHIN, "01-03.jsonld"),
        ("02", "attrs=speed", ALL, "02.jsonld"),
        ("04", "", ALL, "04.jsonld"),
        ("06", "id", ALL, "06.jsonld"),
        ("08", "q", ALL, "08.jsonld"),
        ("13", "", LATE, "13-01.jsonld"),
        ("13", "", EARLY, "13-02.jsonld"),
        ("13", "", MIDDLE, "13-03.jsonld"),
        ("14", "options=temporalValues", FROM, "14-01.json"),
        ("14", "options=temporalValues", TO, "14-02.json"),
        ("14", "options=temporalValues", WITHIN, "14-03.json"),
        ("19", "options=temporalValues", ALL, "19-01.json"),
    ] {
        let mut contexts = contexts(at);
        let id = |which| format!("urn:ngsi-ld:Vehicle:021-{number}-{which}");
        let posted = |month, which| {
            let name = format!("2020-{month}-vehicle-temporal-representation.jsonld");
            body(at, &name, &id(which))
        };
        let august = posted("08", "A");
        let city = City::new(context(&mut contexts, &august));
        city.post_json(august);
        city.post_json(posted("09", "B"));
        let filter = Filter {
            types: TypeQuery::read("Vehicle", &city.context).ok(),
            q: (options == "q").then(|| Query::read("speed>90", &city.context).expect("a query")),
            ids: (options == "id").then(|| Ids::read(&id("A")).expect("ids")),
            ..Filter::default()
        };
        let query = format!("{options}&{query}");
        let got = city.listed(&filter, &Params::of(&query));
        let expectation = format!("vehicles-temporal-representation-021-{expectation}");
        same(&got, at, &expectation, None);
    }
}

#[test]
fn a_place_is_asked_for_as_the_suite_does() {
    let Some(at) = fixtures() else { return };
    let mut contexts = contexts(at);
    let id = |which| format!("urn:ngsi-ld:Vehicle:021-09-{which}");
    let august = body(
        at,
        "2020-08-vehicle-temporal-representation.jsonld",
        &id("A"),
    );
    let name = "2020-10-vehicle-temporal-representation-with-location.jsonld";
    let city = City::new(context(&mut contexts, &august));
    city.post_json(august);
    city.post_json(body(at, name, &id("B")));
    let near = |place| Filter {
        geo: GeoQuery::read(
            "near;maxDistance==2000",
            "Point",
            place,
            None,
            &city.context,
        )
        .ok(),
        types: TypeQuery::read("Vehicle", &city.context).ok(),
        ..Filter::default()
    };
    let all = after("2020-07-01T12:05:00Z");
    let got = city.listed(&near("[-8.503,41.202]"), &all);
    let expectation = "vehicles-temporal-representation-021-09-01.jsonld";
    same(&got, at, expectation, None);
    assert_eq!(city.found(&near("[10.0,50.0]"), &all), Vec::<String>::new());
    // The place was another in the first minutes.
    let early = between("2020-10-01T12:00:00Z", "2020-10-01T12:04:00Z");
    assert_eq!(city.found(&near("[-8.503,41.202]"), &early).len(), 0);
}

#[test]
fn datasets_are_asked_for_as_the_suite_does() {
    let Some(at) = fixtures() else { return };
    let common = "urn:ngsi-ld:Dataset:Common";
    let speeds = "urn:ngsi-ld:Dataset:Speed";
    let fuel = "urn:ngsi-ld:Dataset:fuel";
    for (datasets, attrs, expectation) in [
        (vec![Some(common)], None, "common-datasetid"),
        (vec![None], None, "default-instances"),
        (vec![None], Some("speed"), "speed-default-instance"),
        (vec![Some(common), Some(speeds)], None, "two-datasetids"),
        (
            vec![Some(fuel)],
            Some("fuelLevel"),
            "fuellevel-attribute-fuel-datasetid",
        ),
        (
            vec![None, Some(common), Some(speeds)],
            Some("speed"),
            "speed-attribute",
        ),
    ] {
        let list = "https://raw.githubusercontent.com/marek-mraz/ngsi-ld-test-suite/main/\
                    resources/jsonld-contexts/ngsi-ld-test-suite-compound.jsonld";
        let context = contexts(at).compile(&list.into()).expect("a context");
        let city = City::new(context);
        let name = "vehicle-temporal-representation-with-multi-attributes-instances.jsonld";
        city.post_json(body(at, name, "urn:ngsi-ld:Vehicle:021-18-A"));
        let datasets: Vec<Option<Box<str>>> =
            datasets.into_iter().map(|d| d.map(Into::into)).collect();
        let params = Params {
            datasets: Some(&datasets),
            attrs,
            options: Some("temporalValues"),
            ..after("2020-07-01T00:00:00Z")
        };
        let got = city.listed(&Filter::default(), &params);
        let expectation = format!("vehicle-temporal-representation-{expectation}.json");
        same(&got, at, &expectation, None);
    }
}

/// Tests 020_13 and 020_14: where an answer is cut, and what `Content-Range` says of it.
#[test]
fn pages_of_instances_are_cut_as_the_suite_expects() {
    let Some(at) = fixtures() else { return };
    let (from, to) = ("2019-01-01T01:01:00Z", "2021-01-01T01:01:00Z");
    let room = |params| Params {
        room: Some(30),
        ..params
    };
    let last = |n, params| Params {
        last_n: Some(n),
        ..params
    };
    let before = Params {
        timerel: Some("before"),
        time_at: Some(to),
        ..Params::default()
    };
    let twenty = "pagination/2020-01-vehicule-temporal-representation-twenty-instances.jsonld";
    let (city, _) = city(at, twenty);
    let all = Params::default();
    let newest = "2020-01-01T01:22:00Z";
    for (params, start, end, size) in [
        (all, "2020-01-01T01:01:00Z", "2020-01-01T01:16:00Z", "*"),
        (before, "2020-01-01T01:01:00Z", "2020-01-01T01:16:00Z", "*"),
        (between(from, to), from, "2020-01-01T01:16:00Z", "*"),
        (after(from), from, "2020-01-01T01:16:00Z", "*"),
        (last("20", all), newest, "2020-01-01T01:07:00Z", "20"),
        (last("20", before), to, "2020-01-01T01:07:00Z", "20"),
        (
            last("20", between(from, to)),
            to,
            "2020-01-01T01:07:00Z",
            "20",
        ),
        (
            last("20", after(from)),
            newest,
            "2020-01-01T01:07:00Z",
            "20",
        ),
    ] {
        let (_, partial) = city.get_part(ID, &room(params)).expect("it is there");
        let header = partial.expect("a part").to_string();
        assert_eq!(header, format!("date-time {start}-{end}/{size}"));
    }
    let sixty = "pagination/2020-01-vehicule-temporal-representation-sixty-instances.jsonld";
    let (city, _) = self::city(at, sixty);
    for (params, empty, some) in [
        (after(from), "fuelLevel", "speed"),
        (last("100", before), "speed", "fuelLevel"),
    ] {
        let (got, _) = city.get_part(ID, &room(params)).expect("it is there");
        let len = |name| got.get(name).and_then(Json::items).map(<[Json]>::len);
        assert_eq!((len(empty), len(some)), (Some(0), Some(30)));
    }
}
