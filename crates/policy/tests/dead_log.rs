//! A log that fails, and one that hangs: keys are destroyed, spans frozen and held all the same,
//! with a disputed clock and without; when the log is back, it tells once what was done.

#[cfg(test)]
#[expect(dead_code, reason = "each test file uses its own part of the city")]
mod city;

use core::time::Duration;
use std::path::PathBuf;
use std::process::Command;
use std::sync::Arc;

use city::{CAMERA, City};
use loggia_model::{CameraId, Clock, Digest, Hour, MANUAL_START, PersonId, Purpose, SpanId};
use loggia_policy::{Act, CameraSpans, HoldAsk, HoldState, Retention, State};
use loggia_transparency::Event;

const OTHER: CameraId = CameraId(8);

#[cfg(test)]
fn one_hour() -> Retention {
    Retention {
        default_h: 1,
        ..Retention::default()
    }
}

#[cfg(test)]
fn hours(n: u64) -> Duration {
    Duration::from_secs(n * 3_600)
}

#[cfg(test)]
fn log_folder(city: &City) -> PathBuf {
    city.dir.path().join("data/log")
}

/// No tile can be written: each entry is refused. (Access rights would not stop a test run by
/// root.)
#[cfg(test)]
fn break_log(city: &City) {
    let log = log_folder(city);
    std::fs::rename(log.join("tile"), log.join("tile.away")).unwrap();
    std::fs::write(log.join("tile"), b"in the way").unwrap();
}

#[cfg(test)]
fn mend_log(city: &City) {
    let log = log_folder(city);
    std::fs::remove_file(log.join("tile")).unwrap();
    std::fs::rename(log.join("tile.away"), log.join("tile")).unwrap();
}

/// The next entry never gets an answer: its writer waits in `open(2)` for what nobody writes, as it
/// would on a network disk that went away.
#[cfg(test)]
fn hang_log(city: &City) {
    break_log(city);
    let log = log_folder(city);
    std::fs::rename(log.join("checkpoint"), log.join("checkpoint.away")).unwrap();
    let made = Command::new("mkfifo").arg(log.join("checkpoint")).status();
    assert!(made.unwrap().success());
}

/// Lets the writer go, mends the folder, and starts again, as an operator would.
#[cfg(test)]
fn restart_hung_log(city: &mut City) {
    let log = log_folder(city);
    let pipe = std::fs::OpenOptions::new()
        .write(true)
        .open(log.join("checkpoint"));
    drop(pipe.unwrap());
    std::fs::remove_file(log.join("checkpoint")).unwrap();
    std::fs::rename(log.join("checkpoint.away"), log.join("checkpoint")).unwrap();
    mend_log(city);
    city.restart_log();
}

/// Destructions that the log tells of: hour and keys.
#[cfg(test)]
fn destroyed(city: &City) -> Vec<(u32, u32)> {
    let entries = city.log.entries(0, 1_000).unwrap();
    let of = |e: Event| match e {
        Event::KeyDestroyed(d) => Some((d.hour, d.keys)),
        _ => None,
    };
    entries
        .into_iter()
        .filter_map(|(_, e)| of(e.event))
        .collect()
}

#[test]
fn a_log_that_fails_keeps_no_footage_alive_with_a_disputed_clock_or_without() {
    for disputed in [false, true] {
        let city = City::new();
        city.record(CAMERA, 6);
        city.record(OTHER, 1);
        let hour = MANUAL_START.hour();
        break_log(&city);
        if disputed {
            city.clock.set_wall(city.clock.now().after(hours(24 * 30)));
            assert!(city.keys.tick().unwrap().is_some());
            assert!(city.policy.tell_clock_dispute().is_err(), "the log is dead");
        }
        // What the clock claims destroys nothing; the time that passes does.
        assert_eq!(
            city.policy.retention_tick(&one_hour()).unwrap().destroyed,
            []
        );
        city.clock.pass(hours(3));
        city.keys.tick().unwrap();
        assert_eq!(city.policy.clock_dispute().is_some(), disputed);
        let tick = city.policy.retention_tick(&one_hour()).unwrap();
        assert_eq!(tick.destroyed, [(CAMERA, hour), (OTHER, hour)]);
        assert_eq!(tick.deleted, [hour]);
        assert!(!city.keys.has(CAMERA, hour) && !city.keys.has(OTHER, hour));
        assert!(city.blobs.span(CAMERA, SpanId(1)).unwrap().is_none());
        assert_eq!(destroyed(&city), []);

        mend_log(&city);
        let after = city.policy.retention_tick(&one_hour()).unwrap();
        assert_eq!(after.destroyed, []);
        city.policy.retention_tick(&one_hour()).unwrap();
        assert_eq!(destroyed(&city), [(hour.0, 2)], "told, and once");
        let told = city.policy.tell_clock_dispute().unwrap();
        assert_eq!(told.is_some(), disputed);
        assert_eq!(city.kinds().contains(&"clock_disputed"), disputed);
    }
}

#[cfg(test)]
fn hold(city: &City, camera: CameraId) -> (String, Digest) {
    let now = city.clock.now();
    let ask = HoldAsk {
        v: 1,
        camera_spans: vec![CameraSpans {
            camera,
            first: SpanId(1),
            last: SpanId(1),
        }],
        reason: "evidence for the court".to_owned(),
        until: now.after(hours(24 * 30)),
        review: now.after(hours(24 * 10)),
        asked_by: PersonId("p.lindqvist".to_owned()),
        nonce: Digest([4; 32]),
    };
    let json = serde_json::to_string(&ask).unwrap();
    let id = HoldAsk::id_of(&json);
    (json, id)
}

#[cfg(test)]
fn agree(city: &City, id: Digest) -> HoldState {
    let say = |p: &str| {
        let said = city.say(p, id, Act::Hold);
        city.policy.state_hold(&city.actor(p), id, &said).unwrap()
    };
    assert_eq!(say("k.virtanen"), HoldState::Asked);
    say("s.makela")
}

#[test]
fn a_log_that_fails_stops_no_hold_and_is_told_when_it_is_back() {
    let city = City::new();
    city.record(CAMERA, 1);
    let (json, id) = hold(&city, CAMERA);
    break_log(&city);
    city.policy
        .ask_hold(&city.actor("p.lindqvist"), &json)
        .unwrap();
    assert_eq!(city.keys.frozen().len(), 1);
    assert_eq!(agree(&city, id), HoldState::Held);
    assert!(city.keys.frozen().is_empty());
    city.clock.pass(hours(3));
    let tick = city.policy.retention_tick(&one_hour()).unwrap();
    assert_eq!(tick.destroyed.len(), 1);
    assert!(
        city.blobs.span(CAMERA, SpanId(1)).unwrap().is_some(),
        "held"
    );
    mend_log(&city);
    for _ in 0..2 {
        city.policy.tick().unwrap();
        city.policy.retention_tick(&one_hour()).unwrap();
    }
    let kinds = city.kinds();
    assert_eq!(kinds[1..], ["hold", "key_destroyed"]);

    // Its term ends while the log is dead: the key and the copy go, the log is told later.
    break_log(&city);
    city.clock.pass(hours(24 * 30));
    let _failed = city.policy.tick();
    assert!(city.blobs.span(CAMERA, SpanId(1)).unwrap().is_none());
    mend_log(&city);
    for _ in 0..2 {
        city.policy.tick().unwrap();
    }
    assert_eq!(city.kinds()[1..], ["hold", "key_destroyed", "hold_ended"]);
}

#[test]
fn a_log_that_hangs_stops_neither_freezing_nor_holding_nor_destruction() {
    let mut city = City::new();
    city.record(CAMERA, 6);
    city.record(OTHER, 1);
    city.record(CameraId(9), 1);
    let hour: Hour = MANUAL_START.hour();
    let asked = city.ask("p.lindqvist", Purpose::Investigation, "fi-pkl-7");
    let (json, id) = hold(&city, OTHER);
    hang_log(&city);

    // Somebody files: the keys wait at once, the answer waits for the log.
    let (policy, me) = (Arc::clone(&city.policy), city.actor("p.lindqvist"));
    let (text, case) = (asked.json.clone(), asked.case.id);
    let signature = city.signed_request("p.lindqvist", &text);
    let filing = std::thread::spawn(move || {
        let asked = loggia_policy::Asked {
            json: &text,
            signature: &signature,
            case,
            necessity: city::WHY,
        };
        policy.file(&me, &asked)
    });
    while city.keys.frozen().is_empty() {
        std::thread::sleep(Duration::from_millis(5));
    }
    // While that step hangs, somebody else asks for a hold, both bodies agree, and keys fall due.
    city.policy
        .ask_hold(&city.actor("p.lindqvist"), &json)
        .unwrap();
    assert_eq!(agree(&city, id), HoldState::Held);
    city.clock.pass(hours(3));
    let tick = city.policy.retention_tick(&one_hour()).unwrap();
    assert_eq!(tick.destroyed, [(OTHER, hour), (CameraId(9), hour)]);
    assert_eq!(tick.frozen, [(CAMERA, hour)]);
    assert!(!filing.is_finished());

    restart_hung_log(&mut city);
    assert!(filing.join().unwrap().is_err());
    for _ in 0..2 {
        city.policy.tick().unwrap();
        city.policy.retention_tick(&one_hour()).unwrap();
    }
    assert_eq!(destroyed(&city), [(hour.0, 2)]);
    let view = city
        .policy
        .request_view(&city.actor("p.lindqvist"), asked.id)
        .unwrap();
    assert_eq!(view.state, State::Asked);
    for kind in ["freeze", "request_filed", "hold"] {
        assert!(city.kinds().contains(&kind), "{kind} in {:?}", city.kinds());
    }
    assert!(
        city.keys.has(CAMERA, hour),
        "frozen before, during and after"
    );
}

#[test]
fn tables_that_cannot_be_written_keep_no_key_alive_and_are_caught_up() {
    let city = City::new();
    city.record(CAMERA, 6);
    // Into the next hour, so that two hours fall due.
    city.clock.pass(hours(1));
    city.record(CAMERA, 1);
    city.clock.pass(hours(4));
    let path = city.dir.path().join("data/policy.sqlite");
    let other = rusqlite::Connection::open(path).unwrap();
    other.execute_batch("BEGIN IMMEDIATE").unwrap();
    assert!(city.policy.retention_tick(&one_hour()).is_err());
    let first = MANUAL_START.hour();
    let second = Hour(first.0 + 1);
    assert!(!city.keys.has(CAMERA, first) && !city.keys.has(CAMERA, second));
    assert!(city.blobs.span(CAMERA, SpanId(1)).unwrap().is_some());

    other.execute_batch("ROLLBACK").unwrap();
    let tick = city.policy.retention_tick(&one_hour()).unwrap();
    assert_eq!(tick.destroyed, []);
    assert_eq!(tick.deleted, [first, second]);
    assert_eq!(destroyed(&city), [(first.0, 1), (second.0, 1)]);
    assert!(city.blobs.span(CAMERA, SpanId(1)).unwrap().is_none());
}
