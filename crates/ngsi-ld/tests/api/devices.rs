//! Devices with keys: what is granted is done and all else refused, with what is missing; a query
//! shows and counts what the caller may read; keys are there after a start, and gone when revoked.

use std::time::Duration;

use loggia_ngsi_ld::broker::NewKey;
use loggia_ngsi_ld::http::CALLS_PER_S;
use loggia_ngsi_ld::{Deed, Error, Json, Names, Rights, Time};

use crate::gauge::{Device, HOUR_US, device, rights, town, wanted};
use crate::town::json;

#[tokio::test]
async fn a_query_shows_and_counts_what_may_be_read() {
    let town = town().await;
    let read = [Deed::Read];
    let cars = rights(&read, &["Car"], &["*"], None);
    let cars = device(&town, wanted(&town, "cars", "", cars)).await;
    let in_a = rights(&read, &["*"], &["*"], Some(&["/a"]));
    let in_a = device(&town, wanted(&town, "a", "", in_a)).await;
    let speeds = rights(&read, &["*"], &["speed"], None);
    let speeds = device(&town, wanted(&town, "speeds", "", speeds)).await;
    #[rustfmt::skip]
    let table = [
        (&cars, "local=true", &["urn:x:c1", "urn:x:c2", "urn:x:b1"][..], "3"),
        (&cars, "type=Lamp", &[], "0"),
        (&cars, "type=Lamp,Bus", &["urn:x:b1"], "1"),
        (&cars, "local=true&id=urn:x:l1,urn:x:c1", &["urn:x:c1"], "1"),
        (&cars, "local=true&limit=1&offset=1", &["urn:x:c2"], "3"),
        (&cars, "type=Car&q=speed>40", &["urn:x:c2", "urn:x:b1"], "2"),
        (&in_a, "local=true", &["urn:x:c1"], "1"),
        (&speeds, "local=true&q=owner", &[], "0"),
        (&speeds, "type=Car&q=owner==1", &[], "0"),
        (&speeds, "type=Car&q=speed==10", &["urn:x:c1"], "1"),
        (&speeds, "attrs=power", &[], "0"),
    ];
    for (who, asked, ids, count) in table {
        let path = format!("/entities?{asked}&count=true");
        let told = who.get(&town, &path).await;
        assert_eq!(told.status, 200, "{path}: {}", told.text);
        assert_eq!(told.ids(), ids, "{path}");
        assert_eq!(told.header("ngsild-results-count"), Some(count), "{path}");
    }
}

#[tokio::test]
async fn what_may_not_be_read_is_not_there() {
    let town = town().await;
    let read = [Deed::Read];
    let cars = rights(&read, &["Car"], &["*"], None);
    let cars = device(&town, wanted(&town, "cars", "", cars)).await;
    let speeds = rights(&read, &["*"], &["speed"], None);
    let speeds = device(&town, wanted(&town, "speeds", "", speeds)).await;
    let got = speeds
        .get(&town, "/entities/urn:x:c1?options=keyValues")
        .await
        .json();
    assert_eq!(
        (got.get("speed"), got.get("owner")),
        (Some(&json("10")), None)
    );
    assert_eq!(cars.get(&town, "/entities/urn:x:l1").await.status, 404);
    let joined = cars.get(&town, "/entities/urn:x:b1?join=inline").await;
    assert!(!joined.text.contains("power"), "{}", joined.text);
    for (path, inside, outside) in [("/types", "Bus", "Lamp"), ("/attributes", "speed", "power")] {
        let told = cars.get(&town, path).await;
        assert!(
            told.text.contains(inside) && !told.text.contains(outside),
            "{}",
            told.text
        );
    }
    assert_eq!(cars.get(&town, "/types/Lamp").await.status, 404);
}

#[tokio::test]
async fn what_is_not_granted_is_refused_with_its_name() {
    let town = town().await;
    let both = [Deed::Read, Deed::Write];
    let narrow = rights(&both, &["Car"], &["speed"], Some(&["/a"]));
    let gauge = device(&town, wanted(&town, "gauge", "", narrow)).await;
    let c1 = "/entities/urn:x:c1/attrs";
    let told = gauge.send(&town, "PATCH", c1, r#"{"speed": 11}"#).await;
    assert_eq!(told.status, 204, "{}", told.text);
    let new = r#"{"id": "urn:x:n", "type": "Car", "scope": "/a/z", "speed": 1}"#;
    assert_eq!(
        gauge.send(&town, "POST", "/entities", new).await.status,
        201
    );
    #[rustfmt::skip]
    let table = [
        ("PATCH", c1, r#"{"owner": 2}"#, "owner"),
        ("POST", c1, r#"{"color": "red"}"#, "color"),
        ("DELETE", "/entities/urn:x:c1/attrs/owner", "", "owner"),
        ("PATCH", "/entities/urn:x:c1", r#"{"owner": 2}"#, "owner"),
        ("PATCH", "/entities/urn:x:c1", r#"{"type": "Lamp"}"#, "Lamp"),
        ("PATCH", "/entities/urn:x:c1", r#"{"scope": "/c"}"#, "/a"),
        ("PATCH", "/entities/urn:x:c2/attrs", r#"{"speed": 1}"#, "/a"),
        ("PATCH", "/entities/urn:x:l1/attrs", r#"{"speed": 1}"#, "Car"),
        ("PUT", "/entities/urn:x:c1", r#"{"type": "Car", "scope": "/a", "speed": 1}"#, "owner"),
        ("POST", "/entities", r#"{"id": "urn:x:m", "type": ["Car", "Lamp"], "scope": "/a"}"#,
            "Lamp"),
        ("POST", "/entities", r#"{"id": "urn:x:m", "type": "Car"}"#, "/a"),
        ("POST", "/entities", r#"{"id": "urn:x:m", "type": "Car", "scope": ["/a", "/c"]}"#, "/a"),
        ("DELETE", "/entities/urn:x:c1", "", "delete"),
        ("DELETE", "/entities?type=Car", "", "delete"),
        ("POST", "/subscriptions", r#"{"type": "Subscription", "entities": [{"type": "Car"}],
            "notification": {"endpoint": {"uri": "http://localhost:1/"}}}"#, "subscribe"),
        ("GET", "/subscriptions", "", "subscribe"),
        ("POST", "/jsonldContexts", r#"{"@context": {}}"#, "operator"),
        ("POST", "/temporal/entities/urn:x:c1/attrs", r#"{"speed": [{"type": "Property",
            "value": 1, "observedAt": "2026-01-01T00:00:00Z"}]}"#, "histories"),
        ("DELETE", "/temporal/entities/urn:x:c1", "", "histories"),
    ];
    let before = town.have("/entities?local=true&options=sysAttrs").await;
    for (method, path, body, says) in table {
        gauge.refused(&town, method, path, body, says).await;
    }
    let told = gauge.get(&town, "/temporal/entities/urn:x:c1").await;
    assert_eq!(told.status, 403, "{}", told.text);
    let batch = r#"[{"id": "urn:x:c1", "type": "Car", "speed": 3},
                    {"id": "urn:x:l1", "type": "Lamp", "power": 0}]"#;
    let after = town.have("/entities?local=true&options=sysAttrs").await;
    assert_eq!(before, after, "a refused write changes nothing");
    let told = gauge
        .send(&town, "POST", "/entityOperations/update", batch)
        .await;
    assert_eq!(told.status, 207, "{}", told.text);
    assert_eq!(told.json().get("success"), Some(&json(r#"["urn:x:c1"]"#)));
    assert!(
        told.text.contains("urn:loggia:problem:forbidden"),
        "{}",
        told.text
    );
}

#[tokio::test]
async fn a_key_is_for_its_tenant_and_its_time() {
    let mut town = town().await;
    let every = || rights(&[Deed::Read, Deed::Write], &["*"], &["*"], None);
    let village = device(&town, wanted(&town, "v", "village", every())).await;
    let entity = r#"{"id": "urn:x:v", "type": "Car"}"#;
    assert_eq!(
        village
            .send(&town, "POST", "/entities", entity)
            .await
            .status,
        201
    );
    let told = village.get(&town, "/entities/urn:x:v").await;
    assert_eq!(
        (told.status, told.header("ngsild-tenant")),
        (200, Some("village"))
    );
    assert_eq!(town.get("/entities/urn:x:v").await.status, 404);
    for (other, status) in [
        ("village", 200),
        ("urn:ngsi-ld:tenant:default", 403),
        ("town", 403),
    ] {
        let headers = [("x-api-key", &*village.secret), ("ngsild-tenant", other)];
        let told = town.call("GET", "/entities/urn:x:v", &headers, None).await;
        assert_eq!(told.status, status, "{other}: {}", told.text);
    }
    let mut later = wanted(&town, "later", "", every());
    later.from = Time::of_micros(later.from.micros() + HOUR_US / 2);
    let later = device(&town, later).await;
    let path = "/entities?type=Car";
    let early = later.get(&town, path).await;
    assert!(
        early.status == 401 && early.text.contains("good from"),
        "{}",
        early.text
    );
    town.clock.pass(Duration::from_secs(1_900));
    assert_eq!(later.get(&town, path).await.status, 200);
    town = town.again();
    assert_eq!(later.get(&town, path).await.status, 200);
    town.broker.snapshot().expect("a snapshot");
    town = town.again();
    let used = town.broker.key(later.number).expect("a key").used_at();
    assert!(used.is_some(), "a snapshot knows when it was used");
    assert_eq!(later.get(&town, path).await.status, 200);
    town.clock.pass(Duration::from_secs(1_800));
    let late = later.get(&town, path).await;
    assert!(
        late.status == 401 && late.text.contains("was good until"),
        "{}",
        late.text
    );
    let forged = Device {
        number: 0,
        secret: format!("{}f", &later.secret[..later.secret.len() - 1]),
    };
    let told = forged.get(&town, path).await;
    assert!(
        told.status == 401 && told.text.contains("no key"),
        "{}",
        told.text
    );
}

#[tokio::test]
async fn what_was_subscribed_with_a_key_goes_with_it() {
    let mut town = town().await;
    let all = rights(&[Deed::Subscribe], &["Car"], &["*"], None);
    let one = device(&town, wanted(&town, "one", "", all.clone())).await;
    let other = device(&town, wanted(&town, "other", "", all)).await;
    let sub = |types: &str| {
        format!(
            r#"{{"id": "urn:x:s", "type": "Subscription", "entities": [{{"type": "{types}"}}],
                "notification": {{"endpoint": {{"uri": "http://localhost:1/"}}}}}}"#
        )
    };
    let path = "/subscriptions";
    let told = one.send(&town, "POST", path, &sub("Car;Lamp")).await;
    assert_eq!(told.status, 201, "{}", told.text);
    for types in ["Lamp", "Car|Lamp", "*"] {
        one.refused(&town, "POST", path, &sub(types), "Car").await;
    }
    let broad = r#"{"entities": [{"type": "Lamp"}]}"#;
    let own = "/subscriptions/urn:x:s";
    one.refused(&town, "PATCH", own, broad, "Car").await;
    town = town.again();
    let until = town
        .broker
        .key(one.number)
        .expect("a key")
        .until
        .to_string();
    let got = one.get(&town, own).await.json();
    let expires = got.get("expiresAt").and_then(Json::as_str);
    assert_eq!(expires, Some(&*until), "it ends with the key");
    assert_eq!(other.get(&town, own).await.status, 404);
    assert_eq!(other.send(&town, "DELETE", own, "").await.status, 404);
    assert_eq!(
        other
            .send(&town, "POST", path, &sub("Car;Lamp"))
            .await
            .status,
        409
    );
    assert_eq!(other.get(&town, path).await.text, "[]");
    assert_eq!(town.get(own).await.status, 200, "people see all");
    let kept = town
        .broker
        .revoke_key(one.number, "t.laine")
        .expect("a key");
    kept.await.expect("it is on disk");
    for _ in 0..2 {
        let told = one.get(&town, own).await;
        assert!(
            told.status == 401 && told.text.contains("revoked"),
            "{}",
            told.text
        );
        assert_eq!(town.get(own).await.status, 404);
        town = town.again();
    }
    let (keys, more) = town.broker.list_keys(0, 1);
    assert!(more && keys[0].number == one.number && keys[0].revoked.is_some());
}

#[tokio::test]
async fn a_key_that_makes_no_sense_is_not_made() {
    let town = town().await;
    let good = || rights(&[Deed::Read], &["Car"], &["*"], None);
    device(&town, wanted(&town, "same", "", good())).await;
    let refused = |new: NewKey| town.broker.make_key(new, [9; 32]).expect_err("no key");
    let with = |rights: Rights| wanted(&town, "new", "", rights);
    let ended = NewKey {
        until: town.broker.now(),
        ..with(good())
    };
    let endless = NewKey {
        until: Time::of_micros(town.broker.now().micros() + HOUR_US * 24 * 4_000),
        ..with(good())
    };
    let subscribe = [Deed::Subscribe];
    for (new, says) in [
        (wanted(&town, "same", "", good()), "already"),
        (wanted(&town, "", "", good()), "name"),
        (wanted(&town, "a\nb", "", good()), "name"),
        (wanted(&town, "new", "a b", good()), "tenant"),
        (with(rights(&[], &["Car"], &["*"], None)), "may"),
        (
            with(rights(&subscribe, &["Car"], &["speed"], None)),
            "subscribe",
        ),
        (
            with(rights(&subscribe, &["Car"], &["*"], Some(&["/a"]))),
            "subscribe",
        ),
        (
            with(rights(&[Deed::Read], &["*"], &["*"], Some(&[]))),
            "scopes",
        ),
        (ended, "until"),
        (endless, "ten years"),
    ] {
        let error = refused(new);
        assert!(error.to_string().contains(says), "{says}: {error}");
        assert!(!matches!(error, Error::Broken(_)));
    }
    assert!(
        Names::read("types", &[]).is_err(),
        "nothing is granted by silence"
    );
    assert_eq!(town.broker.list_keys(0, 10).0.len(), 1);
}

#[tokio::test]
async fn who_calls_too_often_is_told_when_to_come_back() {
    let town = town().await;
    let read = || rights(&[Deed::Read], &["*"], &["*"], None);
    let eager = device(&town, wanted(&town, "eager", "", read())).await;
    let calm = device(&town, wanted(&town, "calm", "", read())).await;
    // As many as the bucket holds; the town's clock stands still.
    for _ in 0..2 * CALLS_PER_S {
        assert_eq!(eager.get(&town, "/types").await.status, 200);
    }
    let told = eager.get(&town, "/types").await;
    assert_eq!((told.status, told.header("retry-after")), (429, Some("1")));
    assert!(told.text.contains("calls a second"), "{}", told.text);
    assert_eq!(
        calm.get(&town, "/types").await.status,
        200,
        "another one's calls are their own"
    );
    assert_eq!(
        town.get("/types").await.status,
        200,
        "nobody is told apart here without a key"
    );
    town.clock.pass(Duration::from_secs(1));
    assert_eq!(eager.get(&town, "/types").await.status, 200);
}

#[tokio::test]
async fn a_map_is_its_makers_and_shows_what_its_maker_may_read() {
    let town = town().await;
    let cars = rights(&[Deed::Read], &["Car"], &["*"], None);
    let cars = device(&town, wanted(&town, "cars", "", cars)).await;
    let all = rights(&[Deed::Read], &["*"], &["*"], None);
    let all = device(&town, wanted(&town, "all", "", all)).await;
    let made = cars.get(&town, "/entities?local=true&entityMap=true").await;
    assert_eq!(made.status, 201, "{}", made.text);
    let map = made.header("ngsild-entitymap").expect("a map's path");
    let path = map.strip_prefix("/ngsi-ld/v1").expect("under the API");
    let own = cars.get(&town, path).await;
    assert!(own.text.contains("urn:x:b1"), "{}", own.text);
    assert!(!own.text.contains("urn:x:l1"), "{}", own.text);
    assert_eq!(all.get(&town, path).await.status, 404, "another device's");
    assert_eq!(town.get(path).await.status, 404, "no device's");
    // Its maker writes into it what they may not read, and still does not see it.
    let body = r#"{"entityMap": {"urn:x:l1": ["@none"], "urn:x:c1": ["@none"]}}"#;
    assert_eq!(cars.send(&town, "PATCH", path, body).await.status, 204);
    let headers = [("x-api-key", &*cars.secret), ("ngsild-entitymap", map)];
    let told = town
        .call("GET", "/entities?local=true", &headers, None)
        .await;
    assert_eq!(
        (told.status, told.ids()),
        (200, vec!["urn:x:c1".to_owned()])
    );
}
