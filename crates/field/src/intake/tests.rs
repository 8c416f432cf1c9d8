//! Messages in, changes out: maps, units, times, qualities, what is lost.

use std::time::Duration;

use proptest::prelude::*;

use super::*;
use crate::config::FieldConfig;

const T0: At = At(1_780_000_000_000_000);

fn intake(map: &str) -> Intake {
    let text = format!("[[server]]\nname = \"s\"\nurl = \"mqtt://localhost\"\n[[map]]\n{map}");
    let config: FieldConfig = toml::from_str(&text).expect("TOML");
    let key = |_: &std::path::Path| Ok("k1".to_owned());
    let plan = config.plans(&key).expect("a plan").remove(0).1;
    Intake::new(plan)
}

const AIR: &str = r#"
format = "json"
topic = "air/{station}"
entity = "urn:ngsi-ld:AirQualityObserved:{station}"
type = "AirQualityObserved"
time = "/at"
[map.quality]
from = "/status"
good = ["ok"]
uncertain = [1]
[[map.attribute]]
name = "NO2"
from = "/no2/value"
unit = "GQ"
sent_unit = "GP"
range = [0, 1000]
stale_after_s = 600
frozen_after_s = 3600
[[map.attribute]]
name = "temperature"
from = "/t"
unit = "CEL"
stale_after_s = 60
"#;

fn take_at(intake: &mut Intake, topic: &str, payload: &str, at: At) -> Taken {
    let message = Message {
        topic,
        payload: payload.as_bytes(),
    };
    intake.take(&message, Retained::No, at)
}

fn at(seconds: u64) -> At {
    T0.after(Duration::from_secs(seconds))
}

/// The only reading of the only change.
fn reading(taken: &Taken) -> Reading {
    let [change] = &*taken.changes else {
        panic!("{taken:?}");
    };
    match &*change.attributes {
        [(_, Said::Reading(reading))] => reading.clone(),
        _ => panic!("{change:?}"),
    }
}

fn no2(intake: &mut Intake, value: &str, at: At) -> Reading {
    let payload = format!(r#"{{"no2": {{"value": {value}}}, "status": "ok"}}"#);
    reading(&take_at(intake, "air/Kallio", &payload, at))
}

#[test]
fn a_reading_has_unit_time_and_quality() {
    let mut intake = intake(AIR);
    let payload = r#"{"no2": {"value": 0.021}, "t": "21.4", "status": "ok", "at": 1779999990}"#;
    let taken = take_at(&mut intake, "air/Kallio", payload, T0);
    assert_eq!(taken.lost, []);
    let change = &taken.changes[0];
    assert_eq!(&*change.entity, "urn:ngsi-ld:AirQualityObserved:Kallio");
    assert_eq!(change.when, When::Now);
    let json = crate::ngsi::entity(change).to_string();
    let no2 = r#""NO2":{"type":"Property","value":21,"unitCode":"GQ","#;
    assert!(json.contains(no2), "{json}");
    let rest =
        r#""observedAt":"2026-05-28T20:26:30Z","quality":{"type":"Property","value":"good"}"#;
    assert!(json.contains(rest), "{json}");
    assert!(json.contains(r#""temperature":{"type":"Property","value":21.4,"unitCode":"CEL""#));
}

#[test]
fn each_doubt_has_its_case() {
    let mut intake = intake(AIR);
    let quality = |intake: &mut Intake, payload: &str, at| {
        reading(&take_at(intake, "air/Kallio", payload, at)).quality
    };
    let mut said = |payload: &str, s: u64| quality(&mut intake, payload, at(s));
    let doubt = |d| Quality::Bad(d);
    assert_eq!(said(r#"{"t": 1, "status": "ok"}"#, 0), Quality::Good);
    assert_eq!(
        said(r#"{"t": 1, "status": "on fire"}"#, 1),
        doubt(Doubt::DeviceSaysSo)
    );
    assert_eq!(
        said(r#"{"t": 1}"#, 2),
        doubt(Doubt::DeviceSaysSo),
        "it says nothing"
    );
    let unsure = Quality::Uncertain(Doubt::DeviceSaysSo);
    assert_eq!(said(r#"{"t": 1, "status": 1}"#, 3), unsure);
    let wrong = Quality::Uncertain(Doubt::ClockWrong);
    for time in ["0", "1880000000", "\"soon\"", "true"] {
        let payload = format!(r#"{{"t": 1, "status": "ok", "at": {time}}}"#);
        assert_eq!(said(&payload, 4), wrong, "{time}");
    }
    for (value, quality) in [
        ("-0.001", doubt(Doubt::OutOfRange)),
        ("1.0001", doubt(Doubt::OutOfRange)),
        ("1", Quality::Good),
        ("0", Quality::Good),
    ] {
        let payload = format!(r#"{{"no2": {{"value": {value}}}, "status": "ok"}}"#);
        assert_eq!(said(&payload, 5), quality, "{value}");
    }
}

#[test]
fn what_does_not_move_is_frozen_until_it_moves() {
    let mut intake = intake(AIR);
    assert_eq!(no2(&mut intake, "0.02", at(0)).quality, Quality::Good);
    assert_eq!(no2(&mut intake, "0.02", at(3_599)).quality, Quality::Good);
    let frozen = Quality::Uncertain(Doubt::Frozen);
    assert_eq!(no2(&mut intake, "0.02", at(3_600)).quality, frozen);
    assert_eq!(no2(&mut intake, "0.021", at(3_700)).quality, Quality::Good);
}

#[test]
fn what_does_not_come_is_stale_once_and_after_a_restart() {
    let mut first = intake(AIR);
    no2(&mut first, "0.02", at(0));
    assert_eq!(first.stale(at(600)), []);
    let stale = first.stale(at(601));
    let marked = (
        "NO2".into(),
        Said::Quality(Quality::Bad(Doubt::Stale), at(601)),
    );
    assert_eq!(stale[0].attributes, [marked]);
    assert_eq!(first.stale(at(700)), [], "said once");
    assert_eq!(no2(&mut first, "0.02", at(800)).quality, Quality::Good);
    assert_eq!(first.stale(at(1_401)).len(), 1);
    // Another process begins with what the data plane has.
    let standing = |entity: &str| Standing {
        entity: entity.into(),
        attribute: "NO2".into(),
        value: Measured::Number(20.0),
        at: at(0),
        quality: Quality::Good,
    };
    let mut second = intake(AIR);
    second.begin(&|tenant, kind, names| {
        assert_eq!((tenant, kind), ("", "AirQualityObserved"));
        assert_eq!(names, ["NO2", "temperature"]);
        let ours = "urn:ngsi-ld:AirQualityObserved:Kallio";
        vec![standing(ours), standing("urn:ngsi-ld:Other:1")]
    });
    let stale = second.stale(at(601));
    assert_eq!(stale.len(), 1, "what no map made is nobody's to judge");
    assert_eq!(&*stale[0].entity, "urn:ngsi-ld:AirQualityObserved:Kallio");
}

#[test]
fn what_comes_late_is_for_the_history() {
    let mut intake = intake(AIR);
    let sent = |intake: &mut Intake, time: i64| {
        let payload = format!(r#"{{"t": 1, "status": "ok", "at": {time}}}"#);
        let taken = take_at(intake, "air/Kallio", &payload, T0);
        (taken.changes[0].when, reading(&taken).at)
    };
    let t0 = T0.0 / 1_000_000;
    assert_eq!(sent(&mut intake, t0 - 10).0, When::Now);
    assert_eq!(
        sent(&mut intake, t0 - 20),
        (When::Past, At((t0 - 20) * 1_000_000))
    );
    assert_eq!(sent(&mut intake, t0 - 10).0, When::Now, "the same again");
    // A clock of ours that was set back makes nothing late.
    let payload = r#"{"t": 1, "status": "ok"}"#;
    take_at(&mut intake, "air/Kallio", payload, at(100));
    let taken = take_at(&mut intake, "air/Kallio", payload, at(50));
    assert_eq!(taken.changes[0].when, When::Now);
}

#[test]
fn a_retained_message_is_no_news() {
    let mut intake = intake(AIR);
    let take = |intake: &mut Intake, payload: &str| {
        let message = Message {
            topic: "air/Kallio",
            payload: payload.as_bytes(),
        };
        intake.take(&message, Retained::Yes, T0)
    };
    let untimed = r#"{"t": 1, "status": "ok"}"#;
    let quality = reading(&take(&mut intake, untimed)).quality;
    assert_eq!(
        quality,
        Quality::Bad(Doubt::Stale),
        "nobody knows how old it is"
    );
    assert_eq!(take(&mut intake, untimed).lost, [Lost::Retained]);
    let timed = r#"{"t": 2, "status": "ok", "at": 1780000001}"#;
    assert_eq!(reading(&take(&mut intake, timed)).quality, Quality::Good);
    assert_eq!(take(&mut intake, timed).lost, [Lost::Retained]);
}

#[test]
fn what_is_lost_says_why() {
    let mut intake = intake(AIR);
    let mut lost = |topic: &str, payload: &str| -> Vec<&'static str> {
        let taken = take_at(&mut intake, topic, payload, T0);
        taken.lost.iter().map(Lost::kind).collect()
    };
    assert_eq!(lost("water/7", "1"), ["unknown topic"]);
    assert_eq!(lost("air/Kallio", "{"), ["broken payload"]);
    assert_eq!(lost("air/Kallio", r#"{"h": 1}"#), ["unmapped device"]);
    assert_eq!(lost("air/", r#"{"t": 1}"#), ["broken payload"]);
    assert_eq!(
        lost("air/Kallio", r#"{"t": "warm"}"#),
        ["wrong kind of value"]
    );
    assert_eq!(
        lost("air/Kallio", r#"{"t": true}"#),
        ["wrong kind of value"]
    );
    assert_eq!(
        lost("air/Kallio", r#"{"no2": {"value": 1e308}}"#),
        ["wrong kind of value"]
    );
    assert_eq!(
        lost("air/Kallio", r#"{"t": null}"#),
        [""; 0],
        "no value, and none before"
    );
}

#[test]
fn a_value_that_is_gone_makes_the_last_one_bad() {
    let mut intake = intake(AIR);
    take_at(&mut intake, "air/Kallio", r#"{"t": 1, "status": "ok"}"#, T0);
    let taken = take_at(
        &mut intake,
        "air/Kallio",
        r#"{"t": null, "status": "ok"}"#,
        at(1),
    );
    let bad = Said::Quality(Quality::Bad(Doubt::DeviceSaysSo), at(1));
    assert_eq!(taken.changes[0].attributes, [("temperature".into(), bad)]);
}

#[test]
fn configurations_that_could_not_work_say_so() {
    let said = |map: &str| {
        let text = format!("[[server]]\nname = \"s\"\nurl = \"mqtt://h\"\n[[map]]\n{map}");
        let config: FieldConfig = toml::from_str(&text).expect("TOML");
        config
            .plans(&|_| Ok("k".to_owned()))
            .expect_err(map)
            .to_string()
    };
    let swap = |from: &str, to: &str| said(&AIR.replacen(from, to, 1));
    assert!(swap("unit = \"CEL\"", "unit = \"C\"").contains("map 1: attribute `temperature`: `C`"));
    assert!(swap("\"GP\"", "\"61\"").contains("MassInAir"));
    assert!(swap("\"/t\"", "\"t\"").contains("`/t`"));
    assert!(swap("[0, 1000]", "[5, 5]").contains("[-40, 60]"));
    assert!(swap("stale_after_s = 600", "stale_after_s = 0").contains("one second"));
    assert!(swap("\"temperature\"", "\"NO2\"").contains("twice"));
    assert!(swap("{station}\"\ntype", "{place}\"\ntype").contains("{place}"));
    assert!(swap("\"json\"", "\"fiware\"").contains("key_file"));
    assert!(swap("\"json\"", "\"sparkplug\"").contains("spBv1.0/{group}/+"));
    assert!(swap("format", "server = \"x\"\nformat").contains("no server `x`, only s"));
}

proptest! {
    /// Whatever is sent, in whatever order: nothing that was not checked is good.
    #[test]
    fn nothing_is_good_that_was_not_checked(
        steps in proptest::collection::vec(
            (prop_oneof![Just(None), (-2.0..3.0_f64).prop_map(Some)], 0..4_000_u64, any::<bool>()),
            1..40,
        ),
    ) {
        let mut intake = intake(AIR);
        let (mut now, mut last): (u64, Option<(f64, u64)>) = (0, None);
        for (value, pause, well) in steps {
            now += pause;
            let stale = intake.stale(at(now));
            prop_assert!(stale.len() <= 1);
            let word = if well { "ok" } else { "broken" };
            let shown = value.map_or("null".to_owned(), |v| format!("{v:?}"));
            let payload = format!(r#"{{"no2": {{"value": {shown}}}, "status": "{word}"}}"#);
            let taken = take_at(&mut intake, "air/Kallio", &payload, at(now));
            for change in &taken.changes {
                for (_, said) in &change.attributes {
                    let Said::Reading(reading) = said else { continue };
                    let value = value.expect("a reading has a value");
                    let since = match last {
                        Some((before, since)) if before == value => since,
                        _ => now,
                    };
                    last = Some((value, since));
                    let in_range = (0.0..=1.0).contains(&value);
                    let moves = now - since < 3_600;
                    let good = well && in_range && moves;
                    prop_assert_eq!(reading.quality == Quality::Good, good, "{:?}", reading);
                }
            }
        }
    }

    #[test]
    fn no_message_breaks_it(topic in "(air|spBv1.0|/ul)?/.{0,20}", payload: Vec<u8>) {
        let mut intake = intake(AIR);
        let message = Message { topic: &topic, payload: &payload };
        let taken = intake.take(&message, Retained::No, T0);
        prop_assert!(!taken.changes.is_empty() || !taken.lost.is_empty() || taken.ask.is_none());
    }
}
