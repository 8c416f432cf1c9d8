//! The line from request to opening, in one process, on a real store, log and real keys: who gets
//! through it, and everybody who does not.

#[cfg(test)]
#[expect(dead_code, reason = "each test file uses its own part of the city")]
mod city;

use core::time::Duration;

use city::{CAMERA, City, clear_piece, through_keyfile};
use loggia_model::{At, CameraId, Clock, MANUAL_START, Purpose, SpanId};
use loggia_policy::{AccessAct, Act, Error, Exported, Looks, Reason, SpanState, State};
use loggia_seal::{Body as RecordBody, Kind, Record, Sealed, SpanKey};

#[cfg(test)]
fn denied<T: std::fmt::Debug>(got: Result<T, Error>) -> Vec<Reason> {
    match got {
        Err(Error::Denied(reasons)) => reasons,
        other => panic!("not denied: {other:?}"),
    }
}

#[test]
fn two_groups_open_the_real_records_for_the_requester_alone() {
    let city = City::new();
    city.record(CAMERA, 6);
    let asked = city.investigate();
    assert_eq!(asked.cover.camera_spans[0].first, SpanId(2));
    assert_eq!(asked.cover.camera_spans[0].last, SpanId(3));
    assert_eq!(asked.cover.overhang_us, 10_000_000);
    let me = city.actor("p.lindqvist");
    denied(city.policy.released(&me, asked.id));
    city.approve("a.korhonen", asked.id);
    denied(city.policy.footage_permit(asked.id, &me));

    // Both custodians' keys come out of passphrase-protected files.
    for person in ["k.virtanen", "a.korhonen"] {
        let key = through_keyfile(&city.people[person]);
        let shares = city.reseal(&key.custodian, person, &asked);
        let said = city.say(person, asked.id, Act::Release);
        let state = city
            .policy
            .release(&city.actor(person), asked.id, &said, &shares)
            .unwrap();
        // Open it is once the witnesses have cosigned the opening's entry.
        if person == "k.virtanen" {
            assert_eq!(state, State::Released);
        }
    }
    city.policy
        .wait_for_witnesses(asked.id, city::LONG)
        .unwrap();
    let view = city.policy.request_view(&me, asked.id).unwrap();
    assert_eq!(view.state, State::Open);
    let log = [
        "roster_changed",
        "case_opened",
        "freeze",
        "disclosure_due",
        "request_filed",
        "decision",
        "opening",
    ];
    assert_eq!(city.kinds(), log);

    let permit = city.policy.footage_permit(asked.id, &me).unwrap();
    assert!(permit.covers(CAMERA, SpanId(3)) && !permit.covers(CAMERA, SpanId(4)));
    assert_eq!(permit.decision().index(), 5);
    for other in [
        "k.virtanen",
        "a.korhonen",
        "t.laine",
        "m.niemi",
        "o.saarinen",
    ] {
        denied(city.policy.footage_permit(asked.id, &city.actor(other)));
        denied(city.policy.released(&city.actor(other), asked.id));
    }
    opens_all(&city, &asked, &me);

    city.policy
        .note_play(&me, asked.id, AccessAct::Play, asked.cover.begin)
        .unwrap();
    let lines = city
        .policy
        .access_log(&city.actor("m.niemi"), &Looks::default())
        .unwrap();
    assert_eq!(lines[0].act, "play");
    filters_looks(&city, asked.id, &lines);
}

#[test]
fn looks_lie_within_the_opened_footage_and_one_a_second_is_noted() {
    let city = City::new();
    city.record(CAMERA, 6);
    let asked = city.open();
    let me = city.actor("p.lindqvist");
    let auditor = city.actor("m.niemi");
    let (begin, end) = (asked.cover.begin, asked.cover.end);
    let look = |act, at| city.policy.note_play(&me, asked.id, act, at);
    let lines = |act: &str| {
        let wanted = Looks {
            act: Some(act.to_owned()),
            ..Looks::default()
        };
        city.policy.access_log(&auditor, &wanted).unwrap()
    };
    let far = Duration::from_secs(2);
    for at in [begin.before(far), end.after(far), At(0), At(i64::MAX)] {
        for act in [AccessAct::Play, AccessAct::Seek] {
            let refused = look(act, at);
            assert!(matches!(refused, Err(Error::Invalid(_))), "{refused:?}");
        }
    }
    assert!(lines("play").is_empty() && lines("seek").is_empty());
    for _ in 0..50 {
        look(AccessAct::Seek, begin).unwrap();
        look(AccessAct::Play, end).unwrap();
    }
    assert_eq!((lines("seek").len(), lines("play").len()), (1, 1));
    // Setting the clock back or forth is no second.
    city.clock.set_wall(city.clock.now().after(far));
    look(AccessAct::Seek, begin).unwrap();
    assert_eq!(lines("seek").len(), 1);
    city.clock.pass(Duration::from_secs(1));
    look(AccessAct::Seek, end).unwrap();
    let seeks = lines("seek");
    assert_eq!(seeks.len(), 2);
    assert_eq!(seeks[0].detail, end.to_string());
}

#[cfg(test)]
/// The access log by request, by person and onwards; and nobody but oversight's auditor reads it.
fn filters_looks(city: &City, id: loggia_model::RequestId, all: &[loggia_policy::AccessLine]) {
    let auditor = city.actor("m.niemi");
    let read = |wanted: Looks| city.policy.access_log(&auditor, &wanted).unwrap();
    let of = |person: &str| Looks {
        person: Some(loggia_model::PersonId(person.into())),
        request: Some(id),
        ..Looks::default()
    };
    assert!(all.iter().any(|l| l.person.0 == "p.lindqvist"));
    assert_eq!(read(of("p.lindqvist")), all);
    assert!(read(of("k.virtanen")).is_empty());
    let elsewhere = Some(loggia_model::Digest([9; 32]));
    let none = Looks {
        request: elsewhere,
        ..Looks::default()
    };
    assert!(read(none).is_empty());
    let older = Looks {
        before: Some(all[0].id),
        ..of("p.lindqvist")
    };
    assert_eq!(read(older), all[1..]);
    let other = city.actor("t.laine");
    assert!(city.policy.access_log(&other, &Looks::default()).is_err());
}

#[cfg(test)]
/// The requester's machine: checks each record, combines the shares, opens the pieces.
fn opens_all(city: &City, asked: &city::Asked, me: &loggia_model::Actor) {
    let released = city.policy.released(me, asked.id).unwrap();
    assert_eq!(released.len(), 4);
    let recorder = city.recorder.public();
    for span in [SpanId(2), SpanId(3)] {
        let row = city.blobs.span(CAMERA, span).unwrap().unwrap();
        let first = city.blobs.read_record(CAMERA, row.first_seq).unwrap();
        let record = Record::parse_whole(&first).unwrap();
        record.verify(&[recorder]).unwrap();
        let RecordBody::SpanOpen(opening) = record.body().unwrap() else {
            panic!("span-open")
        };
        let at = opening.wrapped.span;
        let shares: Vec<_> = released
            .iter()
            .filter(|s| s.span == span)
            .map(|s| s.open(&asked.key, &asked.id, at.commitment).unwrap())
            .collect();
        let key = SpanKey::combine(&shares[0], &shares[1], &at).unwrap();
        assert!(SpanKey::combine(&shares[0], &shares[0], &at).is_err());
        let mut pieces = 0;
        for seq in row.first_seq..=row.last_seq {
            let bytes = city.blobs.read_record(CAMERA, seq).unwrap();
            let sealed = Sealed::verify(bytes, &recorder).unwrap();
            if sealed.header().kind == Kind::Piece {
                assert_eq!(
                    key.open_piece(&sealed).unwrap(),
                    clear_piece(CAMERA, span, pieces)
                );
                pieces += 1;
            }
        }
        assert_eq!(pieces, 5);
    }
}

#[test]
fn the_opening_survives_a_restart_and_ends_after_a_day() {
    let mut city = City::new();
    city.record(CAMERA, 6);
    let asked = city.open();
    city.restart();
    let me = city.actor("p.lindqvist");
    assert!(city.policy.footage_permit(asked.id, &me).is_ok());
    let states = city
        .policy
        .span_states(CAMERA, MANUAL_START, city.clock.now())
        .unwrap();
    let states: Vec<_> = states.into_iter().map(|(_, s)| s).collect();
    use SpanState::{Opened, Sealed};
    assert_eq!(states, [Sealed, Opened, Opened, Sealed, Sealed, Sealed]);

    city.clock.pass(Duration::from_secs(24 * 3_600));
    assert_eq!(
        denied(city.policy.footage_permit(asked.id, &me)),
        [Reason::TooLate]
    );
    city.policy.tick().unwrap();
    let view = city.policy.request_view(&me, asked.id).unwrap();
    assert_eq!(view.state, State::Expired);
    assert_eq!(city.kinds().last(), Some(&"request_ended"));
    assert!(city.keys.frozen().is_empty());
}

#[test]
fn a_span_still_being_recorded_is_neither_shown_as_sealed_nor_covered() {
    let city = City::new();
    city.record(CAMERA, 1);
    let begin = city.clock.now();
    city.begin(CAMERA, 1);
    city.clock.pass(Duration::from_secs(10));
    let last = || {
        let now = city.clock.now();
        let all = city.policy.span_states(CAMERA, MANUAL_START, now).unwrap();
        all.last().unwrap().1
    };
    let to = begin.after(Duration::from_secs(4));
    assert_eq!(last(), SpanState::Recording);
    assert!(city.policy.cover(&[CAMERA], begin, to).is_err());
    // Its recorder died: nobody will close it any more, and what there is can be asked for.
    city.clock.pass(Duration::from_secs(180));
    assert_eq!(last(), SpanState::Sealed);
    assert!(city.policy.cover(&[CAMERA], begin, to).is_ok());
}

#[test]
fn an_export_is_logged_first_and_proven() {
    let city = City::new();
    city.record(CAMERA, 6);
    let asked = city.open();
    let me = city.actor("p.lindqvist");
    let export = Exported {
        sha256: loggia_model::Digest([9; 32]),
        recipient: "Prosecutor, Southern district".into(),
        exhibit: "A-17".into(),
    };
    let proof = city.policy.export(&me, asked.id, &export).unwrap();
    let entry = String::from_utf8(city::from_b64(&proof.entry)).unwrap();
    assert!(entry.contains("\"kind\":\"export\"") && entry.contains(&"09".repeat(32)));
    assert!(!entry.contains("Prosecutor") && !entry.contains("A-17"));
    assert!(
        city.policy
            .export(&city.actor("k.virtanen"), asked.id, &export)
            .is_err()
    );
    assert_eq!(
        city.policy.request_view(&me, asked.id).unwrap().state,
        State::Exported
    );
    assert!(city.policy.footage_permit(asked.id, &me).is_ok());
}

#[test]
fn a_refusal_is_logged_and_lets_the_keys_go() {
    let city = City::new();
    city.record(CAMERA, 6);
    let asked = city.investigate();
    assert_eq!(city.keys.frozen().len(), 1);
    let by = city.actor("a.korhonen");
    let no = city.say("a.korhonen", asked.id, Act::Refuse);
    assert_eq!(
        city.policy.decide_request(&by, asked.id, &no).unwrap(),
        State::Refused
    );
    assert!(city.keys.frozen().is_empty());
    assert_eq!(city.kinds().last(), Some(&"decision"));
    let yes = city.say("a.korhonen", asked.id, Act::Approve);
    assert_eq!(
        denied(city.policy.decide_request(&by, asked.id, &yes)),
        [Reason::WrongState]
    );
    denied(city.policy.desk_shares(&city.actor("k.virtanen"), asked.id));
}

#[test]
fn statements_hold_only_fresh_signed_once_and_for_their_request() {
    let city = City::new();
    city.record(CAMERA, 6);
    let (one, two) = (city.investigate(), city.investigate());
    let by = city.actor("a.korhonen");
    let decide = |id, said: &_| city.policy.decide_request(&by, id, said);

    let forged = city.say_with(
        &city.people["k.virtanen"].signing,
        "a.korhonen",
        one.id,
        Act::Approve,
        city.clock.now(),
    );
    assert!(matches!(decide(one.id, &forged), Err(Error::Signature(_))));
    let mut altered = city.say("a.korhonen", one.id, Act::Refuse);
    altered.statement = altered.statement.replace("refuse", "approve");
    assert!(matches!(decide(one.id, &altered), Err(Error::Signature(_))));
    let other = city.say("a.korhonen", two.id, Act::Approve);
    assert!(matches!(decide(one.id, &other), Err(Error::Invalid(_))));
    let act = city.say("a.korhonen", one.id, Act::Release);
    assert!(matches!(decide(one.id, &act), Err(Error::Invalid(_))));
    for off_s in [-121, 121] {
        let at = At(city.clock.now().0 + off_s * 1_000_000);
        let key = &city.people["a.korhonen"].signing;
        let stale = city.say_with(key, "a.korhonen", one.id, Act::Approve, at);
        assert!(
            matches!(decide(one.id, &stale), Err(Error::Invalid(_))),
            "{off_s}"
        );
    }
    let good = city.say("a.korhonen", one.id, Act::Approve);
    decide(one.id, &good).unwrap();
    assert!(matches!(decide(one.id, &good), Err(Error::Conflict(_))));
    assert_eq!(city.kinds().iter().filter(|k| **k == "decision").count(), 1);
}

#[test]
fn the_wrong_people_get_nowhere() {
    let city = City::new();
    city.record(CAMERA, 6);
    let asked = city.investigate();
    // Of the same body; and a custodian who is no approver.
    for (person, reason) in [
        ("r.heikkila", Reason::SameBody),
        ("s.makela", Reason::RoleMissing),
    ] {
        let said = city.say(person, asked.id, Act::Approve);
        let got = city
            .policy
            .decide_request(&city.actor(person), asked.id, &said);
        assert!(denied(got).contains(&reason), "{person}");
    }
    // The administrator has no desk key at all.
    let said = city.say("t.laine", asked.id, Act::Approve);
    assert!(
        city.policy
            .decide_request(&city.actor("t.laine"), asked.id, &said)
            .is_err()
    );
    // Nobody releases before the approval.
    denied(city.policy.desk_shares(&city.actor("k.virtanen"), asked.id));
    city.approve("a.korhonen", asked.id);
    denied(city.policy.desk_shares(&city.actor("r.heikkila"), asked.id));

    let shares = city.reseal(&city.people["k.virtanen"].custodian, "k.virtanen", &asked);
    let by = city.actor("k.virtanen");
    let said = || city.say("k.virtanen", asked.id, Act::Release);
    let mut wrong = shares.clone();
    wrong[0].group = loggia_seal::Group::Oversight;
    let got = city.policy.release(&by, asked.id, &said(), &wrong);
    assert!(matches!(got, Err(Error::Invalid(_))));
    let got = city.policy.release(&by, asked.id, &said(), &shares[1..]);
    assert!(matches!(got, Err(Error::Invalid(_))));
    city.policy
        .release(&by, asked.id, &said(), &shares)
        .unwrap();
    // One group twice opens nothing.
    city.policy
        .release(
            &by,
            asked.id,
            &city.say("k.virtanen", asked.id, Act::Release),
            &shares,
        )
        .map(|s| assert_eq!(s, State::Released))
        .unwrap_or_else(|e| assert!(matches!(e, Error::Conflict(_))));
    denied(city.policy.released(&city.actor("p.lindqvist"), asked.id));
    assert!(!city.kinds().contains(&"opening"));
}

#[test]
fn deadlines_end_requests_and_danger_calls_for_a_review() {
    let city = City::new();
    city.record(CAMERA, 6);
    let slow = city.investigate();
    let urgent = city.file("p.lindqvist", Purpose::DangerToLife, "fi-poll-2-6");
    city.clock.pass(Duration::from_secs(2 * 3_600));
    let said = city.say("a.korhonen", urgent.id, Act::Approve);
    let late = city
        .policy
        .decide_request(&city.actor("a.korhonen"), urgent.id, &said);
    assert_eq!(denied(late), [Reason::TooLate]);
    assert_eq!(city.policy.tick().unwrap(), 1);
    assert_eq!(
        city.kinds()[city.kinds().len() - 2..],
        ["request_ended", "review_due"]
    );
    city.clock.pass(Duration::from_secs(70 * 3_600));
    assert_eq!(city.policy.tick().unwrap(), 1);
    let me = city.actor("p.lindqvist");
    assert_eq!(
        city.policy.request_view(&me, slow.id).unwrap().state,
        State::Expired
    );
    assert!(city.keys.frozen().is_empty());
}

#[test]
fn the_oversight_body_asks_and_the_police_decide() {
    let city = City::new();
    city.record(CAMERA, 6);
    let asked = city.file("m.niemi", Purpose::AuditSample, "led-47");
    let said = city.say("a.korhonen", asked.id, Act::Approve);
    let own = city
        .policy
        .decide_request(&city.actor("a.korhonen"), asked.id, &said);
    assert!(denied(own).contains(&Reason::SameBody));
    city.approve("r.heikkila", asked.id);
    city.release("k.virtanen", &asked);
    city.release("s.makela", &asked);
    assert!(
        city.policy
            .footage_permit(asked.id, &city.actor("m.niemi"))
            .is_ok()
    );
}

#[test]
fn a_running_request_is_not_hidden_behind_many_that_ended() {
    let city = City::new();
    city.record(CAMERA, 6);
    let asked = city.investigate();
    let ended = "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 600)
        INSERT INTO policy_request (id, json, case_id, necessity, requester, body, purpose, state,
          filed_at, deadline, span_salt, place_salt)
        SELECT randomblob(32), json, case_id, necessity, requester, body, purpose, 'withdrawn',
          filed_at + i, deadline, span_salt, place_salt FROM policy_request, n";
    city.db
        .write(|c| Ok::<_, Error>(c.execute(ended, [])?))
        .unwrap();
    for who in ["a.korhonen", "m.niemi", "p.lindqvist"] {
        let seen = city.policy.request_views(&city.actor(who)).unwrap();
        assert!(seen.iter().any(|r| r.id == asked.id), "{who}");
    }
}

#[test]
fn requests_are_checked_byte_for_byte() {
    let city = City::new();
    city.record(CAMERA, 6);
    let ask = || city.ask("p.lindqvist", Purpose::Investigation, "fi-pkl-7");
    let file = |json: &str, case| city.file_text("p.lindqvist", json, case, city::WHY);
    let a = ask();
    let spaced = a.json.replacen(',', ", ", 1);
    let more = a.json.replacen("{\"v\":1", "{\"v\":1,\"x\":2", 1);
    let wide = a.json.replace("\"last\":3", "\"last\":6");
    let rules = a.json.replace(
        &city.policy.policy_hash().unwrap().to_string(),
        &"0".repeat(64),
    );
    let basis = a.json.replace("fi-pkl-7", "gdpr-15");
    for (name, json) in [
        ("spaced", spaced),
        ("more", more),
        ("wide", wide),
        ("rules", rules),
        ("basis", basis),
    ] {
        assert!(file(&json, a.case.id).is_err(), "{name}");
    }
    // Zero, one, and a point of order eight (RFC 7748 section 6.1; bytes from curve25519's page).
    let eight = "e0eb7a7c3b41b8ae1656e3faf19fc46ada098deb9c32b1fd866205165f49b800";
    for low in [
        "0".repeat(64),
        format!("01{}", "0".repeat(62)),
        eight.to_owned(),
    ] {
        let low = city::b64(&hex::decode(low).unwrap());
        let json = a.json.replace(&city::b64(&a.key.public().0), &low);
        let refused = file(&json, a.case.id).unwrap_err().to_string();
        assert!(
            refused.contains("one_time_key is no X25519 key"),
            "{refused}"
        );
    }
    let other = city.case("p.lindqvist", Purpose::Investigation);
    assert!(file(&a.json, other.id).is_err());
    assert!(
        city.file_text("m.niemi", &a.json, a.case.id, city::WHY)
            .is_err()
    );
    assert!(
        city.file_text("p.lindqvist", &a.json, a.case.id, "because")
            .is_err()
    );
    // Another reason than the one that the request names.
    let other_words = city.file_text("p.lindqvist", &a.json, a.case.id, "a car was taken at noon");
    assert!(other_words.unwrap_err().to_string().contains("reason"));
    // Signed by somebody else, over another text, or not at all: the one-time key is nobody's.
    for signature in [
        city.signed_request("m.niemi", &a.json),
        city.signed_request("p.lindqvist", &a.json.replace("\"last\":3", "\"last\":2")),
        city::b64(&[0; 64]),
        String::new(),
    ] {
        let asked = loggia_policy::Asked {
            json: &a.json,
            signature: &signature,
            case: a.case.id,
            necessity: city::WHY,
        };
        let refused = city.policy.file(&city.actor("p.lindqvist"), &asked);
        assert!(refused.unwrap_err().to_string().contains("signature"));
    }
    assert!(!city.kinds().contains(&"request_filed"));
    assert!(city.keys.frozen().is_empty());
    file(&a.json, a.case.id).unwrap();
    assert!(matches!(file(&a.json, a.case.id), Err(Error::Conflict(_))));
}

#[test]
fn live_view_takes_an_incident_an_approval_and_ends_in_time() {
    let city = City::new();
    city.record(CAMERA, 1);
    let asked = city_live(&city);
    let me = city.actor("p.lindqvist");
    city.file_text("p.lindqvist", &asked.json, asked.case.id, city::WHY)
        .unwrap();
    denied(city.policy.live_permit(asked.id, CAMERA, &me));
    // Nobody's life need be in danger; the call for it goes before others all the same.
    let due = city.policy.alerts_due().unwrap();
    assert!(due[0].urgent && !due[0].danger_to_life);
    city.approve("a.korhonen", asked.id);
    let elsewhere = city.policy.live_permit(asked.id, CameraId(99), &me);
    assert!(matches!(elsewhere, Err(Error::Forbidden(_))));
    assert!(!city.kinds().contains(&"live_view"));
    let permit = city.policy.live_permit(asked.id, CAMERA, &me).unwrap();
    city.policy.live_stands(&permit).unwrap();
    assert_eq!(permit.cameras(), [CAMERA]);
    assert_eq!(permit.one_time_key(), asked.key.public().0);
    assert_eq!(city.kinds().last(), Some(&"live_view"));
    city.clock.pass(Duration::from_secs(900));
    assert_eq!(
        denied(city.policy.live_permit(asked.id, CAMERA, &me)),
        [Reason::TooLate]
    );
    assert!(permit.still(city.clock.now()).is_err());
    denied(city.policy.live_stands(&permit));
}

#[cfg(test)]
fn city_live(city: &City) -> city::Asked {
    let case = city.case("p.lindqvist", Purpose::IncidentLive);
    let key = loggia_seal::OneTimeKey::generate(&mut loggia_seal::Randomness::machine()).unwrap();
    let now = city.clock.now();
    let request = loggia_policy::Request {
        v: 1,
        camera_spans: vec![loggia_policy::CameraSpans {
            camera: CAMERA,
            first: SpanId(0),
            last: SpanId(0),
        }],
        from: now,
        to: now.after(Duration::from_secs(900)),
        purpose: Purpose::IncidentLive,
        legal_basis: loggia_model::LegalBasis("fi-poll-2-6".into()),
        case_commitment: case.commitment,
        one_time_key: city::b64(&key.public().0),
        policy_hash: city.policy.policy_hash().unwrap(),
        requester: loggia_model::PersonId("p.lindqvist".into()),
        nonce: loggia_model::Digest([3; 32]),
        necessity: Some(loggia_policy::Request::necessity_hash(city::WHY)),
    };
    let json = request.to_json().unwrap();
    let cover = loggia_policy::Cover {
        camera_spans: Vec::new(),
        begin: now,
        end: now,
        overhang_us: 0,
    };
    city::Asked {
        id: loggia_policy::Request::id_of(&json),
        json,
        case,
        key,
        cover,
    }
}
