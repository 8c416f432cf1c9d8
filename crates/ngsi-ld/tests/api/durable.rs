//! What was acknowledged is there after a start, with and without a snapshot; two writers lose
//! nothing; what has expired is gone.

use std::sync::Arc;
use std::time::Duration;

use loggia_ngsi_ld::Json;

use crate::town::{JSON, LD, Town, json};

/// Everything that can be asked, with the broker's own times.
async fn all(town: &Town) -> Vec<String> {
    let mut all = Vec::new();
    for tenant in [None, Some(("ngsild-tenant", "village"))] {
        let tenant: Vec<(&str, &str)> = tenant.into_iter().collect();
        for path in [
            "/entities?local=true&options=sysAttrs",
            "/types?details=true",
            "/attributes?details=true",
            "/jsonldContexts",
        ] {
            let told = town.call("GET", path, &tenant, None).await;
            assert_eq!(told.status, 200, "{path}: {}", told.text);
            all.push(told.text);
        }
    }
    all
}

/// One of each kind of record.
async fn written(town: &Town) {
    let pass = || town.clock.pass(Duration::from_millis(1_500));
    let context = r#"{"@context": {"a": "urn:x:a"}}"#;
    town.done("POST", "/jsonldContexts", context).await;
    let other = r#"{"@context": {"b": "urn:x:b"}}"#;
    let told = town.send("POST", "/jsonldContexts", other).await;
    let location = told.header("location");
    let gone = location.and_then(|l| l.strip_prefix("/ngsi-ld/v1"));
    assert_eq!(town.delete(gone.expect("a path")).await.status, 204);
    for n in 0..30 {
        let body = format!(
            r#"{{"id": "urn:x:{n}", "type": ["T", "U{}"], "scope": "/a/b{n}", "n": {n}.50,
                "s": [{{"value": "é\u0000\ud83d\ude00", "observedAt": "2026-01-01T00:00:00.120Z",
                        "unitCode": "X", "in": {{"value": [1, {{"x": null}}]}}}},
                      {{"value": 1e300, "datasetId": "urn:x:d"}}],
                "r": {{"object": ["urn:x:1"], "objectType": "T"}},
                "l": {{"languageMap": {{"en": ["a", "b"], "@none": "c"}}}},
                "v": {{"vocab": ["p", "q"]}}, "j": {{"json": {{"@id": 1}}}},
                "li": {{"valueList": []}}, "lr": {{"objectList": []}},
                "g": {{"type": "Point", "coordinates": [1, 2.10]}},
                "expiresAt": "2099-01-01T00:00:00Z"}}"#,
            n % 3
        );
        town.done("POST", "/entities", &body).await;
        pass();
    }
    let told = town
        .call(
            "POST",
            "/entities",
            &[JSON, ("ngsild-tenant", "village")],
            Some(r#"{"id": "urn:x:0", "type": "V"}"#),
        )
        .await;
    assert_eq!(told.status, 201);
    town.done(
        "PATCH",
        "/entities/urn:x:1",
        r#"{"n": 7, "s": "urn:ngsi-ld:null"}"#,
    )
    .await;
    pass();
    town.done("PATCH", "/entities/urn:x:2/attrs", r#"{"new": 1, "n": 2}"#)
        .await;
    town.done(
        "PATCH",
        "/entities/urn:x:3/attrs/n",
        r#"{"unitCode": "KMH"}"#,
    )
    .await;
    town.done("PUT", "/entities/urn:x:4", r#"{"type": "Only"}"#)
        .await;
    town.done(
        "PUT",
        "/entities/urn:x:5/attrs/n",
        r#"{"object": "urn:x:1"}"#,
    )
    .await;
    assert_eq!(town.delete("/entities/urn:x:6").await.status, 204);
    assert_eq!(
        town.delete("/entities/urn:x:7/attrs/s?deleteAll=true")
            .await
            .status,
        204
    );
    // Made, deleted, and made again: it is the newest then.
    assert_eq!(town.delete("/entities/urn:x:8").await.status, 204);
    town.done("POST", "/entities", r#"{"id": "urn:x:8", "type": "T"}"#)
        .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_start_finds_what_was_acknowledged() {
    let town = Town::new();
    written(&town).await;
    let before = all(&town).await;
    let town = town.again();
    assert_eq!(all(&town).await, before, "from the log alone");
    town.broker.snapshot().expect("a snapshot");
    let town = town.again();
    assert_eq!(all(&town).await, before, "from a snapshot alone");
    town.done("PATCH", "/entities/urn:x:9", r#"{"n": 9}"#).await;
    assert_eq!(town.delete("/entities/urn:x:10").await.status, 204);
    town.made(&[r#"{"id": "urn:x:last", "type": "T"}"#]).await;
    let before = all(&town).await;
    let town = town.again();
    assert_eq!(
        all(&town).await,
        before,
        "from a snapshot and records behind it"
    );
    // @contexts that were hosted serve on.
    let got = town.have("/jsonldContexts").await;
    let url = got
        .items()
        .and_then(|l| l[0].as_str())
        .expect("a URL")
        .to_owned();
    let body = format!(r#"{{"id": "urn:x:c", "type": "T", "a": 1, "@context": "{url}"}}"#);
    let told = town.call("POST", "/entities", &[LD], Some(&body)).await;
    assert_eq!(told.status, 201, "{}", told.text);
    let got = town.have("/entities/urn:x:c?options=keyValues").await;
    assert_eq!(got.get("urn:x:a"), Some(&json("1")));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn two_writers_on_one_entity_lose_nothing() {
    let town = Arc::new(Town::new());
    town.made(&[r#"{"id": "urn:x:1", "type": "T", "log": {"value": {}}}"#])
        .await;
    let writer = |who: usize| {
        let town = town.clone();
        tokio::spawn(async move {
            for n in 0..50 {
                let attr = format!(r#"{{"w{who}_{n}": {n}}}"#);
                let merge = format!(r#"{{"log": {{"value": {{"k{who}_{n}": {n}}}}}}}"#);
                town.done("POST", "/entities/urn:x:1/attrs", &attr).await;
                town.done("PATCH", "/entities/urn:x:1", &merge).await;
            }
        })
    };
    let writers: Vec<_> = (0..4).map(writer).collect();
    for one in writers {
        one.await.expect("a writer");
    }
    let check = |got: &Json| {
        assert_eq!(got.members().len(), 3 + 200);
        let log = got.get("log").map(Json::members);
        assert_eq!(log.map(<[_]>::len), Some(200));
    };
    check(&town.have("/entities/urn:x:1?options=keyValues").await);
    let town = Arc::into_inner(town).expect("one town").again();
    check(&town.have("/entities/urn:x:1?options=keyValues").await);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn of_several_who_make_one_entity_one_does() {
    let town = Arc::new(Town::new());
    let maker = |who: usize| {
        let town = town.clone();
        tokio::spawn(async move {
            let body = format!(r#"{{"id": "urn:x:1", "type": "T", "who": {who}}}"#);
            town.send("POST", "/entities", &body).await.status
        })
    };
    let makers: Vec<_> = (0..8).map(maker).collect();
    let mut made = 0;
    for one in makers {
        match one.await.expect("a maker") {
            201 => made += 1,
            status => assert_eq!(status, 409),
        }
    }
    assert_eq!(made, 1);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn clause_4_5_1_what_has_expired_is_gone() {
    let town = Town::new();
    town.made(&[
        r#"{"id": "urn:x:1", "type": "T", "expiresAt": "2026-11-23T12:00:10Z"}"#,
        r#"{"id": "urn:x:2", "type": "T",
            "a": [{"value": 1, "expiresAt": "2026-11-23T12:00:10Z"},
                  {"value": 2, "datasetId": "urn:x:d"}], "b": 1}"#,
    ])
    .await;
    let got = town.have("/entities/urn:x:1").await;
    assert_eq!(got.get("expiresAt"), Some(&"2026-11-23T12:00:10Z".into()));
    town.clock.pass(Duration::from_secs(11));
    assert_eq!(town.get("/entities/urn:x:1").await.status, 404);
    assert_eq!(town.delete("/entities/urn:x:1").await.status, 404);
    assert_eq!(town.get("/entities?type=T").await.ids(), ["urn:x:2"]);
    assert_eq!(town.broker.len(), 2);
    let house = town.broker.keep_house();
    for _ in 0..100 {
        if town.broker.len() == 1 {
            break;
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    drop(house);
    assert_eq!(town.broker.len(), 1);
    let got = town.have("/entities/urn:x:2?options=keyValues").await;
    let wanted = r#"{"id": "urn:x:2", "type": "T", "a": 2, "b": 1}"#;
    assert_eq!(got, json(wanted));
    // It may be made again, and longer life is given by an update.
    town.made(&[r#"{"id": "urn:x:1", "type": "T", "expiresAt": "2026-11-23T12:01:00Z"}"#])
        .await;
    let later = r#"{"expiresAt": "2026-11-23T13:00:00Z"}"#;
    town.done("PATCH", "/entities/urn:x:1", later).await;
    town.clock.pass(Duration::from_secs(600));
    assert_eq!(town.get("/entities/urn:x:1").await.status, 200);
    let town = town.again();
    assert_eq!(town.get("/entities/urn:x:1").await.status, 200);
    town.clock.pass(Duration::from_secs(3_600));
    assert_eq!(town.get("/entities/urn:x:1").await.status, 404);
}
