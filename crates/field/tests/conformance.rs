//! One suite for every driver: the contract of `Driver`, clause by clause. A new driver is a line
//! in `each_driver`.
#![cfg(test)]

use loggia_field::driver::{
    Bare, Driver, Fiware, Heard, JsonDocument, Message, SIGNALS_MAX, Sparkplug, TEXT_BYTES_MAX,
};
use loggia_model::{At, Measured, Quality};
use proptest::prelude::*;

const NOW: At = At(1_780_000_000_000_000);

/// A driver, and messages that it takes in this order.
struct Case {
    name: &'static str,
    make: fn() -> Box<dyn Driver>,
    good: Vec<(&'static str, Vec<u8>)>,
    /// Messages that say a value which the device does not stand by.
    doubted: Vec<(&'static str, Vec<u8>)>,
}

/// NBIRTH of one metric `t` with alias 1, a double: seq 0.
const BIRTH: &[u8] =
    b"\x12\x10\x0a\x01t\x10\x01\x20\x0a\x69\x00\x00\x00\x00\x00\x00\xf8\x3f\x18\x00";
/// NDATA of it by alias: seq 1.
const DATA: &[u8] = b"\x12\x0b\x10\x01\x69\x00\x00\x00\x00\x00\x00\x04\x40\x18\x01";
/// The same with `is_null`, and nothing else.
const NULL: &[u8] = b"\x12\x04\x10\x01\x38\x01\x18\x01";

fn each_driver() -> Vec<Case> {
    let nothing = Vec::new;
    vec![
        Case {
            name: "number",
            make: || Box::new(Bare),
            good: vec![
                ("t", b"21.4".into()),
                ("t", b" off\n".into()),
                ("t", b"-1e3".into()),
            ],
            doubted: nothing(),
        },
        Case {
            name: "json",
            make: || Box::new(JsonDocument),
            good: vec![
                ("t", br#"{"a": {"b/c": [1, true, "x"]}}"#.into()),
                ("t", b"7".into()),
            ],
            doubted: vec![("t", br#"{"t": null}"#.into())],
        },
        Case {
            name: "fiware",
            make: || Box::new(Fiware::new(vec!["k".into()])),
            good: vec![
                ("/ul/k/d/attrs", b"t|1|h|2#t|3".into()),
                ("/json/k/d/attrs", br#"{"t": 1}"#.into()),
                ("/json/k/d/attrs/t", b"1".into()),
            ],
            doubted: vec![("/json/k/d/attrs", br#"{"t": null}"#.into())],
        },
        Case {
            name: "sparkplug",
            make: || Box::new(Sparkplug::default()),
            good: vec![
                ("spBv1.0/G/NBIRTH/n", BIRTH.into()),
                ("spBv1.0/G/NDATA/n", DATA.into()),
            ],
            doubted: vec![
                ("spBv1.0/G/NBIRTH/n", BIRTH.into()),
                ("spBv1.0/G/NDATA/n", NULL.into()),
            ],
        },
    ]
}

fn take(driver: &mut dyn Driver, topic: &str, payload: &[u8]) -> Option<Heard> {
    driver.take(&Message { topic, payload }, NOW).ok()
}

/// What clause 4 and 5 say of whatever comes out.
fn holds(heard: &Heard) {
    let signals: Vec<_> = heard.told.iter().flat_map(|t| &t.signals).collect();
    assert!(signals.len() <= SIGNALS_MAX);
    for signal in signals {
        match &signal.value {
            Some(Measured::Number(x)) => assert!(x.is_finite(), "{signal:?}"),
            Some(Measured::Text(t)) => assert!(t.len() <= TEXT_BYTES_MAX),
            Some(Measured::Flag(_)) => {}
            None => assert_ne!(signal.quality, Quality::Good, "{signal:?}"),
        }
    }
}

#[test]
fn good_messages_are_taken_and_twice_is_the_same() {
    for case in each_driver() {
        let mut driver = (case.make)();
        for (topic, payload) in &case.good {
            let once = take(&mut *driver, topic, payload);
            let once = once.unwrap_or_else(|| panic!("{}: {topic}", case.name));
            holds(&once);
            assert!(
                once.told.iter().any(|t| !t.signals.is_empty()),
                "{}",
                case.name
            );
            assert_eq!(once.lost, [], "{}", case.name);
            let twice = take(&mut *driver, topic, payload).expect("twice");
            assert_eq!(once.told, twice.told, "{}: clause 3", case.name);
        }
    }
}

#[test]
fn what_a_device_does_not_stand_by_is_not_good() {
    for case in each_driver() {
        let mut driver = (case.make)();
        let mut last = None;
        for (topic, payload) in &case.doubted {
            last = take(&mut *driver, topic, payload);
        }
        let Some(heard) = last else { continue };
        let mut signals = heard.told.iter().flat_map(|t| &t.signals);
        assert!(
            signals.all(|s| s.quality != Quality::Good),
            "{}: clause 5",
            case.name
        );
    }
}

#[test]
fn values_that_are_too_much_are_refused() {
    let long = format!(r#"{{"t": "{}"}}"#, "x".repeat(TEXT_BYTES_MAX + 1));
    let many = format!("[{}0]", "0,".repeat(SIGNALS_MAX + 1));
    for case in each_driver() {
        let mut driver = (case.make)();
        for text in [&long, &many, "1e999", "NaN", "inf", r#"{"t": 1e999}"#] {
            for (topic, _) in &case.good {
                if let Some(heard) = take(&mut *driver, topic, text.as_bytes()) {
                    holds(&heard);
                }
            }
        }
    }
}

proptest! {
    /// Clauses 1 and 2: bytes that do not read change nothing.
    #[test]
    fn broken_messages_change_nothing(
        bytes in proptest::collection::vec(any::<u8>(), 0..120),
        cut in 0..40_usize, at in 0..4_usize,
    ) {
        for case in each_driver() {
            let (mut plain, mut teased) = ((case.make)(), (case.make)());
            for (topic, payload) in &case.good {
                let expected = take(&mut *plain, topic, payload);
                let broken = &payload[..payload.len().saturating_sub(1 + cut % payload.len())];
                for bad in [&bytes[..], broken] {
                    let (topic, _) = case.good[at % case.good.len()];
                    // What reads is a message like any other; only what does not is the matter.
                    let mut twin = (case.make)();
                    let fresh = twin.take(&Message { topic, payload: bad }, NOW);
                    if fresh.is_err() {
                        let _ = take(&mut *teased, topic, bad);
                    }
                }
                let heard = take(&mut *teased, topic, payload);
                prop_assert_eq!(expected, heard, "{}", case.name);
            }
        }
    }

    #[test]
    fn what_comes_out_of_any_bytes_is_fit(
        bytes in proptest::collection::vec(any::<u8>(), 0..200), text in ".{0,80}",
    ) {
        for case in each_driver() {
            let mut driver = (case.make)();
            for (topic, payload) in &case.good {
                for bad in [&bytes[..], text.as_bytes(), payload] {
                    if let Some(heard) = take(&mut *driver, topic, bad) {
                        holds(&heard);
                    }
                }
            }
        }
    }
}
