//! The fuzzers' regression corpus, replayed: `corpus/<parser>/ok-*` must be read, `bad-*` refused,
//! anything else (what a fuzzer found) must at least end in an answer.
//! Never writes, but for the seeds with `LOGGIA_WRITE_VECTORS=1`.

use std::path::Path;

use loggia_seal::{Keyfile, Record, ShareTable};

use crate::city::City;
use crate::custody_laws::wrapped;

type Parse = fn(&[u8]) -> bool;

const PARSERS: [(&str, Parse); 3] = [
    ("record", |b| Record::parse(b).is_ok()),
    ("share_table", |b| ShareTable::parse(b).is_ok()),
    ("keyfile", |b| Keyfile::parse(b).is_ok()),
];

fn seeds(folder: &Path) -> Vec<(&'static str, String, Vec<u8>)> {
    let city = City::new(1, 2);
    let records = city.two_spans(2);
    let mut out = Vec::new();
    for (n, kind) in [(0, "span-open"), (1, "piece"), (3, "gap"), (5, "manifest")] {
        let bytes = records[n].bytes();
        out.push(("record", format!("ok-{kind}"), bytes.to_vec()));
        out.push((
            "record",
            format!("bad-{kind}-cut"),
            bytes[..bytes.len() - 1].to_vec(),
        ));
        let mut long = bytes.to_vec();
        long[60] = 0xff;
        out.push(("record", format!("bad-{kind}-4-gb-body"), long));
    }
    let mut count = records[5].bytes().to_vec();
    count[96 + 8] = 0xff;
    out.push(("record", "bad-manifest-4-billion-pieces".into(), count));
    let mut reason = records[3].bytes().to_vec();
    reason[96] = 99;
    out.push(("record", "bad-gap-reason".into(), reason));
    let mut hour = records[0].bytes().to_vec();
    hour[96 + 35] ^= 1;
    out.push(("record", "bad-span-open-hour".into(), hour));
    let table = wrapped(&records[0])
        .unwrap(&city.hour_key)
        .unwrap()
        .to_bytes();
    out.push((
        "share_table",
        "bad-cut".into(),
        table[..table.len() - 1].to_vec(),
    ));
    out.push((
        "share_table",
        "bad-count".into(),
        vec![0, 0, 0, 1, 0xff, 0xff],
    ));
    out.push(("share_table", "ok-table".into(), table));
    let keyfile = std::fs::read(folder.join("../vectors/keyfile.json")).unwrap();
    out.push(("keyfile", "ok-keyfile".into(), keyfile.clone()));
    let greedy = String::from_utf8_lossy(&keyfile).replace("19456", "4294967295");
    out.push(("keyfile", "bad-4-tb-of-memory".into(), greedy.into()));
    out.push(("keyfile", "bad-nested".into(), "[".repeat(5_000).into()));
    out
}

#[test]
fn the_corpus_replays() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("corpus");
    if std::env::var_os("LOGGIA_WRITE_VECTORS").is_some() {
        for (parser, name, bytes) in seeds(&folder) {
            std::fs::create_dir_all(folder.join(parser)).unwrap();
            std::fs::write(folder.join(parser).join(name), bytes).unwrap();
        }
    }
    for (parser, parse) in PARSERS {
        let mut seen = 0;
        for entry in std::fs::read_dir(folder.join(parser)).unwrap() {
            let path = entry.unwrap().path();
            let name = path.file_name().unwrap().to_string_lossy().into_owned();
            let read = parse(&std::fs::read(&path).unwrap());
            if name.starts_with("ok-") || name.starts_with("bad-") {
                assert_eq!(read, name.starts_with("ok-"), "{}", path.display());
            }
            seen += 1;
        }
        assert!(seen >= 3, "{parser}: corpus is missing");
    }
}
