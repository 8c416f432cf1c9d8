//! One message out of bytes, as the fuzz target and the corpus have it: the first line is the
//! topic, the rest the payload. Never asserts more than that taking it ends, and that what comes
//! out is fit for the data plane.
#![allow(
    dead_code,
    clippy::allow_attributes,
    reason = "the fuzz target takes `feed` alone"
)]

use loggia_field::driver::Message;
use loggia_field::{FieldConfig, Intake, Retained, Said, entity, qualities};
use loggia_model::{At, Measured};

/// 2026-05-28T20:26:40Z.
const NOW: At = At(1_780_000_000_000_000);

const MAPS: &str = r#"
[[server]]
name = "s"
url = "mqtt://localhost"
[[map]]
format = "json"
topic = "air/{station}"
entity = "urn:x:{station}"
type = "Air"
time = "/at"
attribute = [
  { name = "NO2", from = "/no2/value", unit = "GQ", sent_unit = "GP", range = [0, 1000] },
  { name = "t", from = "/t", unit = "CEL" },
]
[[map]]
format = "number"
topic = "water/{gauge}/level"
entity = "urn:x:{gauge}"
type = "Water"
attribute = [{ name = "height", unit = "MTR", frozen_after_s = 60 }]
[[map]]
format = "fiware"
key_file = "key"
entity = "urn:x:{device}"
type = "Device"
attribute = [{ name = "t", from = "t" }]
[[map]]
format = "sparkplug"
topic = "spBv1.0/Water/+/{node}/{device}"
entity = "urn:x:{node}:{device}"
type = "Device"
attribute = [{ name = "t", from = "t" }]
"#;

/// Takes one input, twice; gives how many changes the first one made.
pub fn feed(bytes: &[u8]) -> usize {
    let Ok(config) = toml::from_str::<FieldConfig>(MAPS) else {
        return 0;
    };
    let Ok(mut plans) = config.plans(&|_| Ok("k1".to_owned())) else {
        return 0;
    };
    let mut intake = Intake::new(plans.remove(0).1);
    let at = bytes
        .iter()
        .position(|b| *b == b'\n')
        .unwrap_or(bytes.len());
    let (topic, payload) = bytes.split_at(at);
    let topic = String::from_utf8_lossy(topic);
    let payload = payload.get(1..).unwrap_or_default();
    let message = Message {
        topic: &topic,
        payload,
    };
    let mut made = None;
    for retained in [Retained::No, Retained::Yes] {
        let taken = intake.take(&message, retained, NOW);
        for change in &taken.changes {
            assert!(change.entity.bytes().all(|b| b.is_ascii_graphic()));
            for (_, said) in &change.attributes {
                if let Said::Reading(reading) = said
                    && let Measured::Number(x) = reading.value
                {
                    assert!(x.is_finite());
                }
            }
            let _ = (entity(change).to_string(), qualities(change));
        }
        made = made.or(Some(taken.changes.len()));
    }
    intake.stale(NOW);
    made.unwrap_or(0)
}

#[test]
fn the_corpus_is_taken() {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/corpus/message");
    let mut taken = 0;
    for file in std::fs::read_dir(folder).expect("a folder") {
        let path = file.expect("a file").path();
        let changes = feed(&std::fs::read(&path).expect("bytes"));
        let name = path
            .file_name()
            .unwrap_or_default()
            .to_string_lossy()
            .into_owned();
        assert_eq!(changes > 0, name.starts_with("ok-"), "{name}");
        taken += 1;
    }
    assert!(taken >= 16, "{taken} inputs");
}
