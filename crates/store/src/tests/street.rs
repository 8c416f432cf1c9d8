//! A few cameras with real chains and keys, for the store's tests; every record sent is remembered.
//! Never a stand-in for the sealed format: records are made by `seal`.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use crate::{Blobs, BlobsConfig, FileLayer};
use loggia_model::{At, CameraId, GapReason, HOUR_US, Hour, SpanId};
use loggia_seal::{
    Chain, CustodianKey, Custodians, Draft, HourKey, PieceTime, Randomness, RecorderKey, Sealed,
    Track,
};

/// First hour in which the street records.
pub const HOUR: Hour = Hour(500_000);

pub struct Street {
    pub recorder: Arc<RecorderKey>,
    custodians: Custodians,
    hour_key: HourKey,
    randomness: Randomness,
    pub chains: BTreeMap<CameraId, Chain>,
    pub sent: BTreeMap<(CameraId, u64), Vec<u8>>,
    pub spans: BTreeMap<(CameraId, SpanId), (u64, u64)>,
    pub now: At,
    dice: u64,
}

impl Street {
    pub fn new(cameras: u32, seed: u64) -> Self {
        let mut bytes = [9; 32];
        bytes[..8].copy_from_slice(&seed.to_be_bytes());
        let mut r = Randomness::replayed(bytes);
        let recorder = Arc::new(RecorderKey::generate(&mut r).unwrap().0);
        let police = vec![CustodianKey::generate(&mut r).unwrap().public()];
        let oversight = vec![CustodianKey::generate(&mut r).unwrap().public()];
        let custodians = Custodians::new(1, police, oversight).unwrap();
        let hour_key = HourKey::generate(&mut r).unwrap();
        let mut street = Self {
            recorder,
            custodians,
            hour_key,
            randomness: r,
            chains: BTreeMap::new(),
            sent: BTreeMap::new(),
            spans: BTreeMap::new(),
            now: HOUR.begin(),
            dice: seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1,
        };
        for n in 1..=cameras {
            let chain = Chain::new(CameraId(n), street.recorder.clone(), Default::default(), 0);
            street.chains.insert(CameraId(n), chain);
        }
        street
    }

    pub fn config(&self, layer: FileLayer, index: &Path) -> BlobsConfig {
        BlobsConfig {
            sync_interval: Duration::from_millis(5),
            segment_bytes: 30_000,
            reserve_bytes: 0,
            recorders: vec![self.recorder.public()],
            layer,
            index: Some(index.to_owned()),
            ..BlobsConfig::default()
        }
    }

    /// Xorshift (Marsaglia 2003).
    pub fn below(&mut self, n: u64) -> u64 {
        self.dice ^= self.dice << 13;
        self.dice ^= self.dice >> 7;
        self.dice ^= self.dice << 17;
        self.dice % n.max(1)
    }

    /// The camera's next record, of a kind that fits where its chain stands; time passes.
    pub fn next(&mut self, camera: CameraId) -> Sealed {
        self.now = At(self.now.0 + 1_000_000 + i64::try_from(self.below(9_000_000)).unwrap());
        let (now, roll) = (self.now, self.below(10));
        let size = 40 + usize::try_from(self.below(4_000)).unwrap();
        let chain = self.chains.get_mut(&camera).unwrap();
        let sealed = if chain.open().is_none() {
            if roll == 0 {
                chain
                    .gap(now, At(now.0 + 1_000_000), GapReason::Unreachable)
                    .unwrap()
            } else {
                let (span, r) = (chain.next_span(), &mut self.randomness);
                chain
                    .open_span(span, now, &self.custodians, &self.hour_key, r)
                    .unwrap()
            }
        } else if roll < 3 {
            chain.close_span().unwrap()
        } else {
            let mut draft = Draft::with_capacity(size);
            draft.push(&vec![roll as u8; size]);
            let end = At(now.0 + 1_000_000);
            let time = PieceTime {
                track: Track::Main,
                begin: now,
                end,
                camera_begin: None,
            };
            chain.piece(time, draft).unwrap()
        };
        let (h, bytes) = (*sealed.header(), sealed.bytes().to_vec());
        self.sent.insert((camera, h.seq), bytes);
        if let Some(span) = h.span {
            self.spans.entry((camera, span)).or_insert((h.seq, h.seq)).1 = h.seq;
        }
        sealed
    }

    pub fn put_some(&mut self, blobs: &Blobs, n: usize) -> usize {
        let mut taken = 0;
        for _ in 0..n {
            let camera = CameraId(1 + u32::try_from(self.below(self.chains.len() as u64)).unwrap());
            let record = self.next(camera);
            taken += usize::from(blobs.put(record).is_ok());
        }
        taken
    }

    pub fn pass_hour(&mut self) {
        self.now = At((i64::from(self.now.hour().0) + 1) * HOUR_US);
    }

    /// Goes on where the store says, as a recorder does after a restart.
    pub fn resume(&mut self, blobs: &Blobs) {
        for (camera, chain) in &mut self.chains {
            let (head, last_span) = blobs.resume(*camera);
            *chain = Chain::new(*camera, self.recorder.clone(), head, last_span);
            self.sent
                .retain(|(c, seq), _| c != camera || *seq <= head.seq);
            self.spans
                .retain(|(c, _), (first, _)| c != camera || *first <= head.seq);
        }
    }

    /// Whatever the store serves of `first..=head` is what was sent.
    pub fn check_served(&self, blobs: &Blobs, gone: impl Fn(At) -> bool, why: &str) {
        for ((camera, seq), bytes) in &self.sent {
            let head = blobs.durable(*camera).map_or(0, |h| h.seq);
            // A span's records lie in the folder of the hour in which the span began.
            let header = loggia_seal::Header::parse(bytes).unwrap();
            let first = header.span.map_or(*seq, |s| self.spans[&(*camera, s)].0);
            let begin = loggia_seal::Header::parse(&self.sent[&(*camera, first)])
                .unwrap()
                .begin;
            match blobs.record(*camera, *seq) {
                Ok(row) => assert_eq!(&blobs.read(&row).unwrap(), bytes, "{why}: {camera} {seq}"),
                Err(e) => {
                    assert!(
                        *seq > head || gone(begin),
                        "{why}: {camera} {seq} < {head}: {e}"
                    )
                }
            }
        }
    }
}
