//! Residents: footage that somebody asked for survives retention while it is frozen and is
//! destroyed after; the open door is bounded; no log is waited for; their words lie sealed.

#[cfg(test)]
#[expect(dead_code, reason = "each test file uses its own part of the city")]
mod city;

use core::time::Duration;

use city::{CAMERA, City};
use loggia_model::{
    ASK_HOURS_MAX, At, CameraId, Clock, HOUR_US, MANUAL_START, OwnFootage, Purpose, SpanId,
};
use loggia_policy::{
    ANSWER_DISPUTED, ANSWER_WITHIN, ANSWERED_KEPT, ASK_FROZEN, ASKS_PER_DAY_MAX, Error, Retention,
    SpanState, SubjectState,
};
use loggia_transparency::{Event, RequestEnd};

const AUDITOR: &str = "m.niemi";
const POLICE: &str = "p.lindqvist";

#[cfg(test)]
fn one_hour() -> Retention {
    Retention {
        default_h: 1,
        ..Retention::default()
    }
}

#[cfg(test)]
fn ask() -> OwnFootage {
    OwnFootage {
        name: "Жива Петровић".into(),
        contact: "ziva@example.org".into(),
        cameras: vec![CAMERA],
        from: At(MANUAL_START.0 + 25_000_000),
        to: At(MANUAL_START.0 + 45_000_000),
        told: "I wear a red coat and cross towards the station.".into(),
    }
}

/// Ends of freezes in the log.
#[cfg(test)]
fn ends(city: &City) -> Vec<RequestEnd> {
    let entries = city.log.entries(0, 1_000).unwrap();
    let how = |e: Event| match e {
        Event::RequestEnded(e) => Some(e.how),
        _ => None,
    };
    entries
        .into_iter()
        .filter_map(|(_, e)| how(e.event))
        .collect()
}

#[test]
fn what_is_asked_for_outlives_retention_for_a_month_and_no_longer() {
    let mut city = City::new();
    city.record(CAMERA, 6);
    // Another camera of the hour, which nobody asks about: its key goes, and the hour with it.
    city.record(CameraId(8), 1);
    let hour = MANUAL_START.hour();
    let receipt = city.policy.ask_for_oneself(&ask()).unwrap();
    assert_eq!(receipt.cameras, [CAMERA]);
    assert_eq!(receipt.from, At(MANUAL_START.0 + 20_000_000));
    assert_eq!(receipt.to, At(MANUAL_START.0 + 60_000_000));
    assert_eq!(receipt.answer_by, city.clock.now().after(ANSWER_WITHIN));
    let kinds = city.kinds();
    assert_eq!(kinds[kinds.len() - 2..], ["case_opened", "freeze"]);
    let states = city
        .policy
        .span_states(CAMERA, ask().from, ask().to)
        .unwrap();
    assert!(states.iter().all(|(_, s)| *s == SpanState::Frozen) && states.len() == 2);

    city.clock.pass(Duration::from_secs(3 * 3_600));
    city.policy.tick().unwrap();
    assert_eq!(
        city.policy.retention_tick(&one_hour()).unwrap().frozen,
        [(CAMERA, hour)]
    );
    // The freeze stands in tables and keys, not in memory.
    city.restart();
    city.policy.retention_tick(&one_hour()).unwrap();
    assert!(city.keys.has(CAMERA, hour));
    assert!(city.blobs.span(CAMERA, SpanId(2)).unwrap().is_some());
    assert!(city.blobs.span(CAMERA, SpanId(3)).unwrap().is_some());
    // What nobody asked for is gone with its hour.
    assert!(city.blobs.span(CAMERA, SpanId(1)).unwrap().is_none());

    city.clock.pass(ASK_FROZEN);
    city.policy.tick().unwrap();
    assert!(city.keys.frozen().is_empty());
    assert_eq!(ends(&city), [RequestEnd::Expired]);
    let view = city.policy.subject_state(&receipt.reference).unwrap();
    assert_eq!(view.state, SubjectState::Overdue);
    let tick = city.policy.retention_tick(&one_hour()).unwrap();
    assert_eq!(tick.destroyed, [(CAMERA, hour)]);
    assert!(city.blobs.span(CAMERA, SpanId(2)).unwrap().is_none());

    // Told once, and forgotten after its term.
    city.clock.pass(ANSWERED_KEPT + Duration::from_secs(1));
    city.policy.tick().unwrap();
    assert_eq!(ends(&city).len(), 1);
    assert!(city.policy.subject_state(&receipt.reference).is_err());
    assert!(
        city.policy
            .resident_asks(&city.actor(AUDITOR))
            .unwrap()
            .is_empty()
    );
}

#[test]
fn an_ask_is_answered_through_an_ordinary_request_in_its_case() {
    let city = City::new();
    city.record(CAMERA, 6);
    let receipt = city.policy.ask_for_oneself(&ask()).unwrap();
    let police = city.actor(POLICE);
    let at_hand = city.policy.resident_asks(&police).unwrap();
    let [one] = at_hand.as_slice() else {
        panic!("one ask, not {}", at_hand.len());
    };
    assert_eq!(
        (one.name.as_str(), one.ask.state),
        ("Жива Петровић", SubjectState::Waiting)
    );
    // The case is the body's own: a request in it goes the ordinary way.
    let case = city.policy.cases(&police).unwrap();
    let case = case.iter().find(|c| c.number == receipt.number).unwrap();
    assert_eq!(case.purpose, Purpose::SubjectAccess);
    let asked = city.ask_in(case, POLICE, Purpose::SubjectAccess, "gdpr-15");
    city.file_text(POLICE, &asked.json, case.id, city::WHY)
        .unwrap();
    let again = city.policy.resident_asks(&police).unwrap();
    assert_eq!(again[0].requests.len(), 1);
    assert_eq!(again[0].requests[0].id, asked.id);

    let said = "You were shown your two minutes on Monday.";
    city.policy.answer_resident(&police, one.id, said).unwrap();
    let twice = city.policy.answer_resident(&police, one.id, said);
    assert!(matches!(twice, Err(Error::Conflict(_))), "{twice:?}");
    let view = city
        .policy
        .subject_state(&receipt.reference.to_lowercase())
        .unwrap();
    assert_eq!(
        (view.state, view.answer.as_deref()),
        (SubjectState::Answered, Some(said))
    );
    // Whoever is asked about does not end the freeze alone.
    assert!(ends(&city).is_empty());
    let frozen = city.keys.frozen();
    assert!(frozen.len() == 2 && frozen.contains_key(&asked.id));
    assert!(view.kept_until.is_some());
    city.clock.pass(ANSWER_DISPUTED);
    city.policy.tick().unwrap();
    // The request that nobody decided had its own freeze, and its own end.
    assert_eq!(ends(&city), [RequestEnd::Expired, RequestEnd::Answered]);
    assert!(city.keys.frozen().is_empty());
}

#[test]
fn nobody_else_reads_what_a_resident_wrote() {
    let city = City::new();
    city.record(CAMERA, 6);
    city.policy.ask_for_oneself(&ask()).unwrap();
    let one = city.policy.resident_asks(&city.actor(AUDITOR)).unwrap()[0].id;
    for who in ["a.korhonen", "k.virtanen", "o.saarinen", "t.laine"] {
        let who = city.actor(who);
        assert!(city.policy.resident_asks(&who).is_err(), "{}", who.name);
        assert!(
            city.policy
                .answer_resident(&who, one, "I answer this now")
                .is_err()
        );
    }
    let wrong = ["", "0000-0000-0000-0000", "SA-0000-0000"];
    for reference in wrong {
        let state = city.policy.subject_state(reference);
        assert!(
            matches!(state, Err(Error::NotFound(_))),
            "{reference}: {state:?}"
        );
    }
    // On disk there is neither name nor word nor reference in clear.
    let receipt = city.policy.ask_for_oneself(&ask()).unwrap();
    let tables = city.dir.path().join("data");
    for file in ["policy.sqlite", "policy.sqlite-wal"] {
        let bytes = std::fs::read(tables.join(file)).unwrap_or_default();
        let held = |text: &str| bytes.windows(text.len()).any(|w| w == text.as_bytes());
        assert!(!held("ziva@example.org") && !held("red coat"), "{file}");
        assert!(
            !held(&receipt.reference) && !held(&receipt.reference.replace('-', "")),
            "{file}"
        );
    }
}

#[test]
fn an_ask_out_of_bounds_is_refused_and_freezes_nothing() {
    let city = City::new();
    city.record(CAMERA, 6);
    let with = |change: fn(&mut OwnFootage)| {
        let mut a = ask();
        change(&mut a);
        city.policy.ask_for_oneself(&a)
    };
    let invalid = [
        with(|a| a.cameras.clear()),
        with(|a| a.cameras = (1..=5).map(CameraId).collect()),
        with(|a| a.from = At(a.to.0 - ASK_HOURS_MAX * HOUR_US - 1)),
        with(|a| a.to = a.from),
        with(|a| a.to = At(MANUAL_START.0 + 3_600_000_000)),
        with(|a| a.from = At(i64::MIN)),
        with(|a| a.name = " ".into()),
        with(|a| a.contact = "a\nb".into()),
        with(|a| a.told = "x".repeat(2_001)),
        with(|a| a.told = "\u{202e}".into()),
    ];
    for (i, r) in invalid.into_iter().enumerate() {
        assert!(matches!(r, Err(Error::Invalid(_))), "{i}: {r:?}");
    }
    let nothing = with(|a| a.cameras = vec![CameraId(99)]);
    assert!(matches!(nothing, Err(Error::Conflict(_))), "{nothing:?}");
    assert!(city.keys.frozen().is_empty());
    assert!(!city.kinds().contains(&"freeze"));
}

#[test]
fn a_flood_is_refused_and_the_next_day_takes_asks_again() {
    let city = City::new();
    city.record(CAMERA, 6);
    for _ in 0..ASKS_PER_DAY_MAX {
        city.policy.ask_for_oneself(&ask()).unwrap();
    }
    let more = city.policy.ask_for_oneself(&ask());
    assert!(matches!(more, Err(Error::Busy(_))), "{more:?}");
    let frozen = city.keys.frozen().len();
    assert_eq!(u64::try_from(frozen).unwrap(), ASKS_PER_DAY_MAX);
    // Answered away, by whom it does not concern: the door is open again at once.
    let auditor = city.actor(AUDITOR);
    for one in city.policy.resident_asks(&auditor).unwrap() {
        let said = "One person sent forty of these.";
        city.policy.answer_resident(&auditor, one.id, said).unwrap();
    }
    assert!(city.keys.frozen().is_empty());
    city.policy.ask_for_oneself(&ask()).unwrap();
    for _ in 1..ASKS_PER_DAY_MAX {
        city.policy.ask_for_oneself(&ask()).unwrap();
    }
    assert!(city.policy.ask_for_oneself(&ask()).is_err());
    city.clock.pass(Duration::from_secs(86_401));
    city.policy.ask_for_oneself(&ask()).unwrap();
}

/// The bound on bytes counts what is stored, each span once, whatever the number of asks.
#[test]
fn what_all_asks_together_freeze_is_bounded_in_bytes() {
    let city = City::new();
    city.record(CAMERA, 6);
    let set = |sql: &str| {
        let run = |c: &rusqlite::Transaction<'_>| c.execute_batch(sql).map_err(Error::from);
        city.db.write(run).unwrap();
    };
    let kept = || {
        let sum = "SELECT sum(bytes) FROM policy_resident_span";
        let read =
            |c: &rusqlite::Transaction<'_>| Ok::<i64, Error>(c.query_row(sum, [], |r| r.get(0))?);
        u64::try_from(city.db.read(read).unwrap()).unwrap()
    };
    city.policy.ask_for_oneself(&ask()).unwrap();
    let spans = [SpanId(2), SpanId(3)];
    let stored = spans.map(|s| city.blobs.span(CAMERA, s).unwrap().unwrap().bytes);
    assert_eq!(kept(), stored.iter().sum::<u64>());
    let mut other = ask();
    other.from = At(ask().from.0 + 60_000_000);
    other.to = At(ask().to.0 + 60_000_000);
    for (since, most) in [
        ("asked_at > 0", loggia_policy::ASKED_BYTES_PER_DAY_MAX),
        ("frozen", loggia_policy::ASKED_BYTES_MAX),
    ] {
        set(&format!(
            "UPDATE policy_resident_span SET bytes = {} WHERE span = 2 AND ask IN
               (SELECT id FROM policy_resident_ask WHERE {since})",
            most - stored[1]
        ));
        // The same spans again are the same footage; others are more.
        city.policy.ask_for_oneself(&ask()).unwrap();
        let more = city.policy.ask_for_oneself(&other);
        assert!(matches!(more, Err(Error::Busy(_))), "{since}: {more:?}");
        city.clock.pass(Duration::from_secs(86_401));
    }
}

#[test]
fn a_minute_of_every_camera_does_not_keep_their_whole_hour_on_the_disk() {
    let city = City::new();
    for _ in 0..4 {
        city.record(CAMERA, 1);
        city.record(CameraId(9), 1);
    }
    let mut both = ask();
    both.cameras = vec![CAMERA, CameraId(9)];
    city.policy.ask_for_oneself(&both).unwrap();
    city.clock.pass(Duration::from_secs(3 * 3_600));
    let hour = MANUAL_START.hour();
    let tick = city.policy.retention_tick(&one_hour()).unwrap();
    assert_eq!((tick.frozen.len(), tick.deleted), (2, vec![hour]));
    // They take turns: the one recorded from 40 s to 60 s, the other from 20 s to 40 s.
    let kept = |camera, n| city.blobs.span(camera, SpanId(n)).unwrap();
    assert!(kept(CAMERA, 2).is_some_and(|s| s.aside));
    assert!(kept(CameraId(9), 1).is_some_and(|s| s.aside));
    let gone = [(CAMERA, 1), (CAMERA, 3), (CameraId(9), 2), (CameraId(9), 4)];
    assert!(gone.iter().all(|(camera, n)| kept(*camera, *n).is_none()));
    // Seen to once, not at every tick.
    assert!(
        city.policy
            .retention_tick(&one_hour())
            .unwrap()
            .deleted
            .is_empty()
    );
    city.clock.pass(ASK_FROZEN);
    city.policy.tick().unwrap();
    let tick = city.policy.retention_tick(&one_hour()).unwrap();
    assert_eq!(tick.destroyed.len(), 2);
    assert!(city.blobs.span(CAMERA, SpanId(2)).unwrap().is_none());
}

#[test]
fn a_dead_log_does_not_stop_a_freeze_and_is_told_once_it_is_back() {
    let city = City::new();
    city.record(CAMERA, 6);
    let log = city.dir.path().join("data/log");
    std::fs::rename(log.join("tile"), log.join("tile.away")).unwrap();
    std::fs::write(log.join("tile"), b"in the way").unwrap();
    let receipt = city.policy.ask_for_oneself(&ask()).unwrap();
    assert_eq!(city.keys.frozen().len(), 1);
    city.clock.pass(Duration::from_secs(3 * 3_600));
    city.policy.retention_tick(&one_hour()).unwrap();
    assert!(city.keys.has(CAMERA, MANUAL_START.hour()));
    let view = city.policy.subject_state(&receipt.reference).unwrap();
    assert_eq!(view.state, SubjectState::Waiting);

    std::fs::remove_file(log.join("tile")).unwrap();
    std::fs::rename(log.join("tile.away"), log.join("tile")).unwrap();
    for _ in 0..3 {
        city.policy.tick().unwrap();
    }
    let kinds = city.kinds();
    for kind in ["case_opened", "freeze"] {
        assert_eq!(kinds.iter().filter(|k| **k == kind).count(), 1, "{kind}");
    }
    let cases = city.policy.cases(&city.actor(POLICE)).unwrap();
    assert!(cases.iter().any(|c| c.number == receipt.number));
}
