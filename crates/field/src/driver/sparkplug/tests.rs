//! Sparkplug by example: births, aliases, sequence, deaths. Payloads are written here field by
//! field, as `sparkplug_b.proto` numbers them.

use super::super::protobuf::{put_bytes, put_varint};
use super::*;
use loggia_model::Measured;

/// A metric under construction.
#[derive(Default, Clone)]
struct M(Vec<u8>);

impl M {
    fn name(mut self, name: &str) -> Self {
        put_bytes(1, name.as_bytes(), &mut self.0);
        self
    }
    fn alias(mut self, alias: u64) -> Self {
        put_varint(2, alias, &mut self.0);
        self
    }
    fn int(mut self, kind: u64, value: u64) -> Self {
        put_varint(4, kind, &mut self.0);
        put_varint(
            if kind == 4 || kind == 8 { 11 } else { 10 },
            value,
            &mut self.0,
        );
        self
    }
    /// A value alone, its type being known.
    fn bare(mut self, field: u64, value: u64) -> Self {
        put_varint(field, value, &mut self.0);
        self
    }
    fn double(mut self, value: f64) -> Self {
        self.0.push(13 << 3 | 1);
        self.0.extend(value.to_le_bytes());
        self
    }
    fn quality(mut self, code: u64) -> Self {
        let (mut value, mut set) = (Vec::new(), Vec::new());
        put_varint(1, 3, &mut value);
        put_varint(3, code, &mut value);
        put_bytes(1, b"Quality", &mut set);
        put_bytes(2, &value, &mut set);
        put_bytes(9, &set, &mut self.0);
        self
    }
}

fn payload(seq: Option<u64>, metrics: &[M]) -> Vec<u8> {
    let mut out = Vec::new();
    put_varint(1, 1_764_489_600_000, &mut out);
    for metric in metrics {
        put_bytes(2, &metric.0, &mut out);
    }
    if let Some(seq) = seq {
        put_varint(3, seq, &mut out);
    }
    out
}

const NOW: At = At(1_764_489_600_000_000);

struct Plant(Sparkplug, At);

impl Plant {
    fn new() -> Self {
        Self(Sparkplug::default(), NOW)
    }

    fn hear(&mut self, topic: &str, seq: u64, metrics: &[M]) -> Heard {
        let payload = payload(Some(seq), metrics);
        let topic = format!("spBv1.0/Water/{topic}");
        let message = Message {
            topic: &topic,
            payload: &payload,
        };
        self.0.take(&message, self.1).expect("a payload")
    }

    /// One node with one device, born.
    fn born() -> Self {
        let mut plant = Self::new();
        let bd_seq = M::default().name("bdSeq").int(8, 3);
        let level = M::default().name("level").alias(1).int(10, 0).double(1.5);
        let heard = plant.hear("NBIRTH/p1", 0, &[bd_seq, level]);
        assert_eq!(heard.lost, []);
        let flow = M::default().name("flow").alias(2).int(3, 4_294_967_289);
        let heard = plant.hear("DBIRTH/p1/pump", 1, &[flow]);
        let told = &heard.told[0];
        assert_eq!(&*told.address, "spBv1.0/Water/+/p1/pump");
        assert_eq!(told.at, Some(NOW));
        assert_eq!(told.signals, [Signal::good("flow", Measured::Number(-7.0))]);
        plant
    }
}

#[test]
fn aliases_are_those_of_the_birth() {
    let mut plant = Plant::born();
    let heard = plant.hear("NDATA/p1", 2, &[M::default().alias(1).double(2.5)]);
    assert_eq!(
        heard.told[0].signals,
        [Signal::good("level", Measured::Number(2.5))]
    );
    let heard = plant.hear(
        "DDATA/p1/pump",
        3,
        &[M::default().alias(2).bare(10, 4_294_967_295)],
    );
    assert_eq!(
        heard.told[0].signals,
        [Signal::good("flow", Measured::Number(-1.0))]
    );
    assert_eq!((heard.lost, heard.ask), (vec![], None));
    // A device's alias is not the node's.
    let heard = plant.hear("NDATA/p1", 4, &[M::default().alias(2).double(1.0)]);
    assert_eq!(heard.lost, [Lost::NoBirth]);
    assert_eq!(heard.ask.expect("a birth").topic, "spBv1.0/Water/NCMD/p1");
    // After another birth the old aliases are nobody's.
    plant.hear(
        "NBIRTH/p1",
        0,
        &[M::default().name("level").alias(9).double(1.0)],
    );
    let heard = plant.hear("NDATA/p1", 1, &[M::default().alias(1).double(1.0)]);
    assert_eq!(heard.lost, [Lost::NoBirth]);
}

#[test]
fn a_gap_is_said_and_a_birth_asked_for_once_a_minute() {
    let mut plant = Plant::born();
    let level = || [M::default().alias(1).double(2.5)];
    let heard = plant.hear("NDATA/p1", 7, &level());
    assert_eq!(heard.lost, [Lost::Gap]);
    assert_eq!(heard.told[0].signals.len(), 1, "what came is taken");
    let ask = heard.ask.expect("a birth is asked for");
    assert!(
        ask.payload
            .windows(20)
            .any(|w| w == b"Node Control/Rebirth")
    );
    assert_eq!(plant.hear("NDATA/p1", 9, &level()).ask, None, "just asked");
    plant.1 = NOW.after(Duration::from_secs(61));
    assert!(plant.hear("NDATA/p1", 11, &level()).ask.is_some());
    // The same once more is the same, and 255 is followed by 0.
    assert_eq!(plant.hear("NDATA/p1", 11, &level()).lost, []);
    plant.hear("NDATA/p1", 255, &level());
    assert_eq!(plant.hear("NDATA/p1", 0, &level()).lost, []);
}

#[test]
fn a_death_makes_stale_what_the_node_told() {
    let mut plant = Plant::born();
    let died = |n| [M::default().name("bdSeq").int(8, n)];
    let heard = plant.hear("NDEATH/p1", 0, &died(2));
    assert_eq!(heard, Heard::default(), "an earlier connection's");
    let heard = plant.hear("DDEATH/p1/pump", 2, &[]);
    assert_eq!(heard.told[0].signals[0].quality, Quality::Bad(Doubt::Stale));
    let heard = plant.hear("NDEATH/p1", 0, &died(3));
    let names = |heard: &Heard| -> Vec<(String, String)> {
        let each = heard
            .told
            .iter()
            .flat_map(|t| t.signals.iter().map(move |s| (t, s)));
        each.filter(|(_, s)| s.value.is_none() && s.quality == Quality::Bad(Doubt::Stale))
            .map(|(t, s)| (t.address.to_string(), s.name.to_string()))
            .collect()
    };
    let all = names(&heard);
    assert!(
        all.contains(&("spBv1.0/Water/+/p1".into(), "level".into())),
        "{all:?}"
    );
    assert!(all.contains(&("spBv1.0/Water/+/p1/pump".into(), "flow".into())));
    assert_eq!(
        names(&plant.hear("NDEATH/p1", 0, &died(3))),
        all,
        "twice is once"
    );
    // Data of a node that is dead are of no birth.
    let heard = plant.hear("NDATA/p1", 3, &[M::default().alias(1).double(1.0)]);
    assert_eq!(heard.lost, [Lost::NoBirth]);
}

#[test]
fn what_the_device_says_of_itself_counts() {
    let mut plant = Plant::born();
    let heard = |plant: &mut Plant, seq, metric: M| {
        let heard = plant.hear("NDATA/p1", seq, &[metric]);
        heard.told[0].signals[0].clone()
    };
    let level = || M::default().alias(1);
    for (seq, code, quality) in [
        (2, 192, Quality::Good),
        (3, 500, Quality::Bad(Doubt::Stale)),
        (4, 64, Quality::Uncertain(Doubt::DeviceSaysSo)),
        (5, 0, Quality::Bad(Doubt::DeviceSaysSo)),
        (6, 777, Quality::Bad(Doubt::DeviceSaysSo)),
    ] {
        let signal = heard(&mut plant, seq, level().double(1.0).quality(code));
        assert_eq!(signal.quality, quality, "{code}");
    }
    let null = heard(&mut plant, 7, level().bare(7, 1));
    assert_eq!(
        (null.value, null.quality),
        (None, Quality::Bad(Doubt::DeviceSaysSo))
    );
    let endless = plant.hear("NDATA/p1", 8, &[level().double(f64::NAN)]);
    assert_eq!(endless.lost[0].kind(), "broken payload");
}

#[test]
fn what_is_nobodys_reading_is_passed_over() {
    let mut sparkplug = Sparkplug::default();
    let mut take = |topic: &str, payload: &[u8]| sparkplug.take(&Message { topic, payload }, NOW);
    assert_eq!(take("spBv1.0/STATE/host", b"{}"), Ok(Heard::default()));
    assert_eq!(take("spBv1.0/Water/NCMD/p1", b""), Ok(Heard::default()));
    assert_eq!(
        take("spBv1.0/Water/NDATA/p1/pump", b""),
        Err(Lost::UnknownTopic)
    );
    assert_eq!(
        take("spBv1.0/Water/NBIRTH/p1", b"").unwrap_err().kind(),
        "broken payload"
    );
    assert_eq!(
        take("spBv1.0/Water/NDATA/p1", b"\x0b").unwrap_err().kind(),
        "broken payload"
    );
}
