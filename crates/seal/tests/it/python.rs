//! A second implementation opens what this one sealed: Python's `cryptography`, 80 lines, written
//! from docs/design/seal.md.
//! Never falls back to another Python than the one that `make test` sets up.

use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use loggia_seal::{Randomness, ReleasedShare, Sealed, Share};

use crate::city::{City, back_to_back, clear_bytes};
use crate::custody_laws::wrapped;

fn interpreter() -> PathBuf {
    if let Some(python) = std::env::var_os("LOGGIA_PYTHON") {
        return python.into();
    }
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let python = root.join(".cache/venv/bin/python");
    assert!(
        python.exists(),
        "no Python with `cryptography` ≥ 50: `make test` sets it up in .cache/venv, or name one in \
         LOGGIA_PYTHON"
    );
    python
}

pub fn open_span(chain: &Path, released: &Path, out: &Path) -> Output {
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/open_span.py");
    Command::new(interpreter())
        .arg(script)
        .args([chain, released, out])
        .output()
        .unwrap()
}

fn release_all(city: &City, span_opens: &[&Sealed]) -> Vec<ReleasedShare> {
    let r = &mut Randomness::machine();
    let mut released = Vec::new();
    for record in span_opens {
        let wrapped = wrapped(record);
        let table = wrapped.unwrap(&city.hour_key).unwrap();
        for key in [&city.police[0], &city.oversight[1]] {
            let sealed = table.of(key.key_id()).next().unwrap();
            let share = Share::open(key, sealed, &wrapped.span).unwrap();
            let to = city.requester.public();
            released.push(share.release(&wrapped.span, &city.request, &to, r).unwrap());
        }
    }
    released
}

pub fn released_json(city: &City, released: &[ReleasedShare]) -> String {
    serde_json::to_string_pretty(&serde_json::json!({
        "recorder": city.recorder.public(),
        "one_time_key": STANDARD.encode(city.requester_private),
        "request": city.request,
        "released": released,
    }))
    .unwrap()
}

struct Desk {
    dir: tempfile::TempDir,
}

impl Desk {
    fn run(city: &City, chain: &[u8], released: &[ReleasedShare]) -> (Self, Output) {
        let dir = tempfile::tempdir().unwrap();
        let (chain_file, given) = (dir.path().join("chain"), dir.path().join("released"));
        std::fs::write(&chain_file, chain).unwrap();
        std::fs::write(&given, released_json(city, released)).unwrap();
        let out = open_span(&chain_file, &given, dir.path());
        (Self { dir }, out)
    }

    fn video(&self, seq: u64) -> Option<Vec<u8>> {
        std::fs::read(self.dir.path().join(format!("{seq}.mp4"))).ok()
    }
}

#[test]
fn the_script_is_at_most_80_lines() {
    assert!(include_str!("../open_span.py").lines().count() <= 80);
}

#[test]
fn python_opens_a_released_span_and_no_other() {
    let city = City::new(11, 2);
    let records = city.two_spans(12);
    let (chain, released) = (back_to_back(&records), release_all(&city, &[&records[0]]));
    let (desk, out) = Desk::run(&city, &chain, &released);
    assert!(
        out.status.success(),
        "{}",
        String::from_utf8_lossy(&out.stderr)
    );
    for (seq, n) in [(2, 0), (3, 1), (5, 2)] {
        assert_eq!(desk.video(seq).unwrap(), clear_bytes(n));
    }
    assert_eq!(desk.video(9), None);
}

#[test]
fn python_names_the_record_where_the_seal_is_broken() {
    let city = City::new(11, 2);
    let records = city.two_spans(12);
    let released = release_all(&city, &[&records[0]]);
    let mut chain = back_to_back(&records);
    let third: usize = records[..2].iter().map(|r| r.bytes().len()).sum();
    chain[third + 120] ^= 1;
    let (_, out) = Desk::run(&city, &chain, &released);
    assert!(!out.status.success());
    let said = String::from_utf8_lossy(&out.stderr).into_owned();
    assert!(said.contains("record 3"), "{said}");
}

#[test]
fn python_opens_nothing_with_one_group_s_share() {
    let city = City::new(11, 2);
    let records = city.two_spans(12);
    let released = release_all(&city, &[&records[0]]);
    let (desk, out) = Desk::run(&city, &back_to_back(&records), &released[..1]);
    assert!(out.status.success());
    assert!((1..=12).all(|seq| desk.video(seq).is_none()));
}
