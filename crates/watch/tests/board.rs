//! The alarm list's state machine against ISA-18.2's states, by example and by property.
#![cfg(test)]

use core::time::Duration;
use std::collections::BTreeMap;

use loggia_model::{At, CameraId, MANUAL_START, PersonId};
use loggia_watch::{
    Board, Change, Error, Kind, Priority, RAISES_IN_AN_HOUR_MAX, SHELF_MAX, Seen, Shelving, Source,
    State, What,
};
use proptest::prelude::*;

const FULL: Source = Source::house(Kind::DiskFull);
const CAMERA: Source = Source::camera(CameraId(14));

fn s(n: u64) -> Duration {
    Duration::from_secs(n)
}

fn who() -> PersonId {
    PersonId("o.saarinen".to_owned())
}

fn seen(source: Source, wrong: bool) -> Seen {
    let wrong = wrong.then(|| Some("unreachable".to_owned()));
    Seen { source, wrong }
}

fn whats(changes: &[Change]) -> Vec<What> {
    changes.iter().map(|c| c.what).collect()
}

fn shelving(until: At) -> Shelving {
    Shelving {
        until,
        reason: "works on the pole".to_owned(),
    }
}

/// Looks every ten seconds at a source that stays as it is.
fn watch(board: &mut Board, from: At, for_s: u64, source: Source, wrong: bool) -> Vec<What> {
    let looks = (0..=for_s).step_by(10);
    let each = looks.flat_map(|n| whats(&board.see(from.after(s(n)), &[seen(source, wrong)])));
    each.collect()
}

#[test]
fn from_raised_to_normal_through_every_state() {
    let mut board = Board::default();
    let t = MANUAL_START;
    assert_eq!(whats(&board.see(t, &[seen(FULL, true)])), [What::Raised]);
    assert_eq!(board.get(FULL).unwrap().state, State::Unacknowledged);
    board.acknowledge(FULL, &who(), t.after(s(5))).unwrap();
    let alarm = board.get(FULL).unwrap();
    assert_eq!(alarm.state, State::Acknowledged);
    assert_eq!(alarm.acknowledged.as_ref().unwrap().by, who());
    assert!(matches!(
        board.acknowledge(FULL, &who(), t),
        Err(Error::Acknowledged)
    ));
    // Acknowledged and over: normal, and not on the list.
    let told = watch(&mut board, t.after(s(10)), 60, FULL, false);
    assert_eq!(told, [What::Returned]);
    assert!(board.list().is_empty());

    // Over before anybody has seen it: it waits.
    let t = t.after(s(4_000));
    board.see(t, &[seen(FULL, true)]);
    let told = watch(&mut board, t.after(s(10)), 60, FULL, false);
    assert_eq!(told, [What::Returned]);
    assert_eq!(board.get(FULL).unwrap().state, State::Returned);
    board.acknowledge(FULL, &who(), t.after(s(99))).unwrap();
    assert!(board.list().is_empty());
    assert!(matches!(
        board.acknowledge(FULL, &who(), t),
        Err(Error::Gone)
    ));
}

#[test]
fn a_camera_is_down_after_thirty_seconds_and_not_before() {
    let mut board = Board::default();
    assert_eq!(watch(&mut board, MANUAL_START, 20, CAMERA, true), []);
    let at = MANUAL_START.after(s(25));
    assert_eq!(whats(&board.see(at, &[seen(CAMERA, false)])), []);
    let at = MANUAL_START.after(s(30));
    assert_eq!(watch(&mut board, at, 20, CAMERA, true), []);
    let told = board.see(at.after(s(30)), &[seen(CAMERA, true)]);
    assert_eq!(whats(&told), [What::Raised]);
    let alarm = board.get(CAMERA).unwrap();
    assert_eq!(alarm.detail.as_deref(), Some("unreachable"));
    assert_eq!(alarm.priority, Priority::Medium);
}

#[test]
fn a_camera_taken_out_of_service_still_waits_to_be_seen() {
    let mut board = Board::default();
    watch(&mut board, MANUAL_START, 30, CAMERA, true);
    let told = board.see(MANUAL_START.after(s(40)), &[]);
    assert_eq!(whats(&told), [What::Returned]);
    assert_eq!(board.get(CAMERA).unwrap().state, State::Returned);
}

#[test]
fn a_shelf_ends_by_itself_and_what_is_still_so_calls_anew() {
    let mut board = Board::default();
    let t = MANUAL_START;
    board.see(t, &[seen(FULL, true)]);
    for (until, reason) in [(t, "works"), (t.after(SHELF_MAX).after(s(1)), "works")] {
        let why = Shelving {
            until,
            reason: reason.to_owned(),
        };
        let refused = board.shelve(FULL, &who(), t, why);
        assert!(matches!(refused, Err(Error::ShelfEnd)));
    }
    for reason in ["", "  x ", "a\nb\nc", &"a".repeat(301)] {
        let why = Shelving {
            until: t.after(s(60)),
            reason: reason.to_owned(),
        };
        let refused = board.shelve(FULL, &who(), t, why);
        assert!(matches!(refused, Err(Error::Reason)), "{reason:?}");
    }
    board
        .shelve(FULL, &who(), t, shelving(t.after(s(600))))
        .unwrap();
    let again = board.shelve(FULL, &who(), t, shelving(t.after(s(60))));
    assert!(matches!(again, Err(Error::Shelved)));
    let told = watch(&mut board, t.after(s(10)), 580, FULL, true);
    assert_eq!(told, [], "a shelved alarm says nothing");
    let told = board.see(t.after(s(600)), &[seen(FULL, true)]);
    assert_eq!(whats(&told), [What::ShelfEnded, What::Raised]);
    assert_eq!(board.get(FULL).unwrap().state, State::Unacknowledged);

    // Over meanwhile: normal without a word, for somebody had seen it.
    let t = t.after(s(700));
    board
        .shelve(FULL, &who(), t, shelving(t.after(s(600))))
        .unwrap();
    watch(&mut board, t, 300, FULL, false);
    assert!(!board.get(FULL).unwrap().active);
    let told = board.unshelve(FULL, &who(), t.after(s(310))).unwrap();
    assert_eq!(whats(&told), [What::Unshelved]);
    assert!(board.list().is_empty());
}

#[test]
fn the_most_urgent_unseen_and_newest_come_first() {
    let mut board = Board::default();
    let t = MANUAL_START;
    let low = Source::house(Kind::ClockDisputed);
    let room = Source::house(Kind::StorageLow);
    board.see(t, &[seen(low, true), seen(room, true)]);
    let both = [seen(CAMERA, true), seen(low, true), seen(room, true)];
    board.see(t.after(s(10)), &both);
    board.see(t.after(s(40)), &both);
    board.acknowledge(CAMERA, &who(), t.after(s(41))).unwrap();
    let all = [
        seen(FULL, true),
        both[0].clone(),
        both[1].clone(),
        both[2].clone(),
    ];
    board.see(t.after(s(50)), &all);
    let order: Vec<Source> = board.list().iter().map(|a| a.id).collect();
    assert_eq!(order, [FULL, room, CAMERA, low]);
    board
        .shelve(FULL, &who(), t.after(s(51)), shelving(t.after(s(99))))
        .unwrap();
    assert_eq!(board.list().last().unwrap().id, FULL);
}

#[derive(Debug, Clone)]
enum Step {
    Look { after_s: u64, wrong: [bool; 3] },
    Acknowledge(usize),
    Shelve(usize, u64),
    Unshelve(usize),
    SetBack(u64),
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        8 => (1_u64..90, any::<[bool; 3]>())
            .prop_map(|(after_s, wrong)| Step::Look { after_s, wrong }),
        2 => (0_usize..3).prop_map(Step::Acknowledge),
        2 => (0_usize..3, 1_u64..50_000).prop_map(|(i, n)| Step::Shelve(i, n)),
        1 => (0_usize..3).prop_map(Step::Unshelve),
        1 => (1_u64..4_000).prop_map(Step::SetBack),
    ]
}

const SOURCES: [Source; 3] = [FULL, CAMERA, Source::house(Kind::StorageLow)];

proptest! {
    /// Whatever happens: no alarm leaves the list unseen, none is shelved beyond its end, the flags
    /// agree with the state, and what is restored from the list goes on as it was.
    #[test]
    fn no_alarm_leaves_unseen(steps in prop::collection::vec(step(), 1..120)) {
        let mut board = Board::default();
        let mut now = MANUAL_START;
        // By source: whether a person has acted on it since it was raised.
        let mut minded: BTreeMap<Source, bool> = BTreeMap::new();
        for step in steps {
            let before = board.list();
            let mut changes = Vec::new();
            match step {
                Step::Look { after_s, wrong } => {
                    now = now.after(s(after_s));
                    let all = SOURCES.iter().zip(wrong).map(|(x, w)| seen(*x, w));
                    let all: Vec<Seen> = all.collect();
                    changes = board.see(now, &all);
                }
                Step::Acknowledge(i) => {
                    changes.extend(board.acknowledge(SOURCES[i], &who(), now).ok());
                }
                Step::Shelve(i, n) => {
                    let done = board.shelve(SOURCES[i], &who(), now, shelving(now.after(s(n))));
                    prop_assert!(n <= SHELF_MAX.as_secs() || done.is_err());
                    changes.extend(done.ok());
                }
                Step::Unshelve(i) => {
                    let done = board.unshelve(SOURCES[i], &who(), now);
                    changes = done.unwrap_or_default();
                }
                Step::SetBack(n) => now = now.before(s(n)),
            }
            for c in &changes {
                match c.what {
                    What::Raised => drop(minded.insert(c.source, false)),
                    What::Acknowledged | What::Shelved => drop(minded.insert(c.source, true)),
                    _ => {}
                }
            }
            for gone in before.iter().filter(|a| board.get(a.id).is_none()) {
                prop_assert!(minded[&gone.id], "{:?} left unseen", gone.id);
            }
            for a in board.list() {
                prop_assert_eq!(a.shelved.is_some(), a.state == State::Shelved);
                prop_assert!(a.state != State::Acknowledged || (a.active && a.acknowledged.is_some()));
                prop_assert!(a.state != State::Unacknowledged || a.active);
                prop_assert!(a.state != State::Returned || (!a.active && a.returned_at.is_some()));
                if let Some(shelf) = &a.shelved {
                    prop_assert!(shelf.until.since(shelf.at) <= SHELF_MAX);
                }
            }
            prop_assert_eq!(Board::of(board.list()).list(), board.list());
        }
        // The clock may have been set back: a shelf ends at the time that was written on it.
        let ends = board.list().iter().filter_map(|a| a.shelved.as_ref().map(|s| s.until)).max();
        board.see(ends.unwrap_or(now), &[]);
        prop_assert!(board.list().iter().all(|a| a.state != State::Shelved));
    }

    /// However equipment flutters, and however fast people acknowledge, one alarm calls at most so
    /// often in any hour.
    #[test]
    fn a_chattering_alarm_is_bounded(
        flips in prop::collection::vec((any::<bool>(), 1_u64..12), 100..900),
        acknowledges in any::<bool>(),
    ) {
        let mut board = Board::default();
        let mut now = MANUAL_START;
        let mut raised = Vec::new();
        for (wrong, looks) in flips {
            for _ in 0..looks {
                now = now.after(s(10));
                let changes = board.see(now, &[seen(FULL, wrong)]);
                raised.extend(changes.iter().filter(|c| c.what == What::Raised).map(|c| c.at));
                if acknowledges {
                    let _ = board.acknowledge(FULL, &who(), now);
                }
            }
        }
        for (i, first) in raised.iter().enumerate() {
            let within = raised[i..].iter().filter(|at| at.since(*first) < s(3_600)).count();
            prop_assert!(within <= RAISES_IN_AN_HOUR_MAX, "{within} in an hour");
        }
    }
}
