//! A full disk: recording stops with an alarm, what is sealed stays, the log goes on, and recording
//! resumes with a signed gap once there is room.

use loggia_seal::Kind;
use serde_json::json;

use crate::chains;
use crate::city::{City, Ground, until, verify};
use crate::crash::index_agrees;

/// A few seconds of the demo's cameras.
const ROOM_BYTES: &str = "400000";

fn storage(city: &City) -> serde_json::Value {
    let operator = city.become_person("o.saarinen");
    city.get(&operator, "/api/v1/storage").json()
}

#[test]
fn a_full_disk_stops_recording_with_an_alarm_and_loses_nothing_sealed() {
    let ground = Ground::new();
    let city = ground.start_with(&ground.data(), &["--quota-bytes", ROOM_BYTES]);
    until("the alarm", || {
        (storage(&city)["state"] == "disk_full").then_some(())
    });
    let sealed = chains::read(&ground.data());
    assert!(!sealed.is_empty());
    // The log and the rooms that need no footage go on.
    let me = city.become_person("p.lindqvist");
    let case = json!({ "number": "5500/R/2/26", "purpose": "investigation" });
    assert_eq!(city.post(&me, "/api/v1/cases", &case).status, 201);
    let used = storage(&city)["bytes_used"].as_u64().unwrap();
    assert!(used <= ROOM_BYTES.parse().unwrap(), "{used} bytes are used");
    city.stop();
    let (holds, words) = verify(&ground.data(), None);
    assert!(holds, "{words}");
    index_agrees(&ground, 0);

    let city = ground.start();
    assert_eq!(storage(&city)["state"], "ok");
    until("every camera is recorded again behind its gap", || {
        let now = chains::read(&ground.data());
        let resumed = sealed.iter().all(|(camera, before)| {
            let after = &now[camera];
            assert_eq!(
                &after[..before.len()],
                &before[..],
                "{camera}: nothing sealed is lost"
            );
            let new = &after[before.len()..];
            let gap = new.iter().position(|l| l.gap.is_some());
            gap.is_some_and(|at| new[at..].iter().any(|l| l.kind == Kind::Piece))
        });
        resumed.then_some(())
    });
    city.stop();
    let (holds, words) = verify(&ground.data(), None);
    assert!(holds, "{words}");
    index_agrees(&ground, 1);
}
