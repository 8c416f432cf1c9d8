//! The attacker of the destruction test: whoever has copies of the disk and tries every 32 bytes of
//! them as a key on every share table of every copy. Never knows a key that no copy holds.

use std::collections::{BTreeMap, BTreeSet};
use std::io::Read as _;
use std::path::{Path, PathBuf};

use loggia_model::{CameraId, Hour, SpanId};
use loggia_seal::{
    Body as RecordBody, CustodianKey, HourKey, Record, RecorderPublic, Sealed, Share, ShareTable,
    SpanKey, SpanRef, WrappedShares,
};
use loggia_store::{Blobs, BlobsConfig, Db};
use zeroize::Zeroizing;

use crate::city::clear_piece;

/// Spans by camera.
pub type Spans = BTreeSet<(CameraId, SpanId)>;
/// No camera of the test has more spans.
const SPANS_MAX: u64 = 40;

/// Every file below a folder.
pub fn files(root: &Path) -> Vec<PathBuf> {
    let mut out = Vec::new();
    for entry in std::fs::read_dir(root).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            out.extend(files(&path));
        } else {
            out.push(path);
        }
    }
    out
}

/// A sealed piece of a span, and what it is in the clear.
type Piece = (SpanRef, Hour, Sealed, Vec<u8>);

/// What lies in one copy: share tables still under their keys, and one piece of each span.
#[derive(Default)]
pub struct Loot {
    pub tables: Vec<WrappedShares>,
    pub pieces: BTreeMap<(CameraId, SpanId), Piece>,
}

impl Loot {
    pub fn of(copies: &[PathBuf], recorder: &RecorderPublic) -> Self {
        let mut loot = Self::default();
        for copy in copies {
            loot.footage(copy, recorder);
        }
        for copy in copies {
            loot.beside(copy);
        }
        loot
    }

    fn footage(&mut self, copy: &Path, recorder: &RecorderPublic) {
        let config = BlobsConfig {
            recorders: vec![*recorder],
            ..BlobsConfig::default()
        };
        let blobs = Blobs::open(copy, config).unwrap();
        for camera in blobs.heads().iter().map(|h| h.camera) {
            for n in (1..=SPANS_MAX).map(SpanId) {
                let Some(row) = blobs.span(camera, n).unwrap() else {
                    continue;
                };
                let bytes = blobs.read_record(camera, row.first_seq).unwrap();
                let record = Record::parse_whole(&bytes).unwrap();
                let RecordBody::SpanOpen(open) = record.body().unwrap() else {
                    panic!("{camera} {n} does not begin with its opening");
                };
                let (at, hour) = (open.wrapped.span, open.wrapped.hour);
                self.tables.push(open.wrapped);
                let piece = blobs.read_record(camera, row.first_seq + 1).unwrap();
                let piece = Sealed::verify(piece, recorder).unwrap();
                let clear = clear_piece(camera, n, 0);
                self.pieces.insert((camera, n), (at, hour, piece, clear));
            }
        }
    }

    /// Tables that lie beside the chains: handed on to newcomers, and kept by holds.
    fn beside(&mut self, copy: &Path) {
        let db = Db::open(&copy.join("policy.sqlite")).unwrap();
        let select = "SELECT camera, span, body FROM policy_handed_on
             UNION ALL SELECT camera, span, body FROM policy_hold_span WHERE body IS NOT NULL";
        let rows: Vec<(u32, i64, Vec<u8>)> = db
            .read(|c| {
                let mut all = c.prepare(select)?;
                let rows = all.query_map([], |r| Ok((r.get(0)?, r.get(1)?, r.get(2)?)))?;
                Ok::<_, loggia_store::Error>(rows.collect::<Result<_, _>>()?)
            })
            .unwrap();
        for (camera, span, body) in rows {
            let of = (CameraId(camera), SpanId(u64::try_from(span).unwrap()));
            let (at, hour, ..) = &self.pieces[&of];
            self.tables
                .push(WrappedShares::parse(&body, *at, *hour).unwrap());
        }
    }

    /// Every table that some 32 bytes of the files open, whatever the files are.
    fn unlocked(&self, keys: &[PathBuf]) -> Vec<(SpanRef, ShareTable)> {
        let mut windows: BTreeSet<[u8; 32]> = BTreeSet::new();
        for file in keys {
            let bytes = std::fs::read(file).unwrap();
            windows.extend(bytes.windows(32).map(|w| <[u8; 32]>::try_from(w).unwrap()));
        }
        let mut out = Vec::new();
        for window in windows {
            let key = HourKey::from_bytes(Zeroizing::new(window));
            for table in &self.tables {
                if let Ok(open) = table.unwrap(&key) {
                    out.push((table.span, open));
                }
            }
        }
        out
    }

    /// The spans that these people see, with what lies in these files.
    pub fn seen_by(&self, people: &[&CustodianKey], keys: &[PathBuf]) -> Spans {
        let mut shares: BTreeMap<(CameraId, SpanId), Vec<Share>> = BTreeMap::new();
        for (span, table) in self.unlocked(keys) {
            let own = shares.entry((span.camera, span.span)).or_default();
            for key in people {
                let mine = table.of(key.key_id());
                own.extend(mine.filter_map(|s| Share::open(key, s, &span).ok()));
            }
        }
        let mut seen = Spans::new();
        for (of, shares) in &shares {
            let (span, _, piece, clear) = &self.pieces[of];
            for (a, b) in shares
                .iter()
                .flat_map(|a| shares.iter().map(move |b| (a, b)))
            {
                let open = SpanKey::combine(a, b, span).and_then(|k| k.open_piece(piece));
                if open.is_ok_and(|bytes| bytes == *clear) {
                    seen.insert(*of);
                }
            }
        }
        seen
    }
}

/// Bytes read at once while searching; each part begins with the end of the one before.
const PART: usize = 1 << 20;

/// In which of the files one of the keys stands. A disk's empty parts are passed over.
pub fn found_in<'f>(keys: &[[u8; 32]], files: &'f [PathBuf]) -> Vec<&'f PathBuf> {
    let heads: BTreeSet<u8> = keys.iter().map(|k| k[0]).collect();
    let hit = |w: &[u8]| heads.contains(&w[0]) && keys.iter().any(|k| k == w);
    let zeros = vec![0; PART];
    let holds = |path: &&PathBuf| {
        let mut file = std::fs::File::open(path).unwrap();
        let (mut part, mut kept) = (vec![0; PART], 0);
        loop {
            let n = file.read(&mut part[kept..]).unwrap();
            let have = kept + n;
            if part[..have] != zeros[..have] && part[..have].windows(32).any(hit) {
                return true;
            }
            if n == 0 {
                return false;
            }
            kept = have.min(31);
            part.copy_within(have - kept..have, 0);
        }
    };
    files.iter().filter(holds).collect()
}
