//! A camera, its recorder, six custodians and a requester, all drawn from one seed.
//! Never used outside tests: whoever knows the seed knows every key.

use std::sync::Arc;

use loggia_model::{At, CameraId, Digest, GapReason, MANUAL_START, SpanId};
use loggia_seal::{
    Chain, CustodianKey, Custodians, Draft, Head, HourKey, OneTimeKey, PieceTime, Randomness,
    RecorderKey, RecorderPublic, Sealed, Track,
};
use zeroize::Zeroizing;

pub const CAMERA: CameraId = CameraId(1);

/// Everybody who holds a key.
pub struct City {
    pub recorder: Arc<RecorderKey>,
    pub police: Vec<CustodianKey>,
    pub oversight: Vec<CustodianKey>,
    pub custodians: Custodians,
    pub hour_key: HourKey,
    pub requester: OneTimeKey,
    pub requester_private: [u8; 32],
    pub request: Digest,
}

/// A private key whose bytes the vectors may print.
pub fn private(r: &mut Randomness) -> [u8; 32] {
    let mut bytes = [0; 32];
    r.fill(&mut bytes).unwrap();
    bytes
}

impl City {
    pub fn new(seed: u8, per_group: usize) -> Self {
        let r = &mut Randomness::replayed([seed; 32]);
        let (recorder, _) = RecorderKey::generate(r).unwrap();
        let mut group = || -> Vec<CustodianKey> {
            (0..per_group)
                .map(|_| CustodianKey::generate(r).unwrap())
                .collect()
        };
        let (police, oversight) = (group(), group());
        let publics = |keys: &[CustodianKey]| keys.iter().map(CustodianKey::public).collect();
        let custodians = Custodians::new(3, publics(&police), publics(&oversight)).unwrap();
        let requester_private = private(r);
        Self {
            recorder: Arc::new(recorder),
            police,
            oversight,
            custodians,
            hour_key: HourKey::generate(r).unwrap(),
            requester: OneTimeKey::from_private(&Zeroizing::new(requester_private)).unwrap(),
            requester_private,
            request: Digest(private(r)),
        }
    }

    pub fn chain(&self) -> Chain {
        Chain::new(CAMERA, Arc::clone(&self.recorder), Head::default(), 0)
    }

    pub fn known(&self) -> Vec<RecorderPublic> {
        vec![self.recorder.public()]
    }

    pub fn open(&self, chain: &mut Chain, at: At, r: &mut Randomness) -> Sealed {
        chain
            .open_span(chain.next_span(), at, &self.custodians, &self.hour_key, r)
            .unwrap()
    }

    /// Two spans of pieces on both tracks, a gap within the first and one between them: 12 records.
    pub fn two_spans(&self, seed: u8) -> Vec<Sealed> {
        let r = &mut Randomness::replayed([seed; 32]);
        let mut chain = self.chain();
        let at = |s: i64| At(MANUAL_START.0 + s * 1_000_000);
        let mut out = vec![self.open(&mut chain, at(0), r)];
        out.push(
            chain
                .piece(time(Track::Main, at(0), at(2)), clear(0))
                .unwrap(),
        );
        out.push(
            chain
                .piece(time(Track::Sub, at(0), at(2)), clear(1))
                .unwrap(),
        );
        out.push(chain.gap(at(2), at(4), GapReason::Overload).unwrap());
        out.push(
            chain
                .piece(time(Track::Main, at(4), at(6)), clear(2))
                .unwrap(),
        );
        out.push(chain.close_span().unwrap());
        out.push(chain.gap(at(6), at(9), GapReason::Unreachable).unwrap());
        out.push(self.open(&mut chain, at(9), r));
        for n in 3..6i64 {
            let (begin, end) = (at(3 + 2 * n), at(5 + 2 * n));
            let clear = clear(u8::try_from(n).unwrap());
            out.push(chain.piece(time(Track::Main, begin, end), clear).unwrap());
        }
        out.push(chain.close_span().unwrap());
        out
    }
}

pub fn time(track: Track, begin: At, end: At) -> PieceTime {
    let camera_begin = (track == Track::Main).then_some(At(begin.0 - 40_000));
    PieceTime {
        track,
        begin,
        end,
        camera_begin,
    }
}

/// What the `n`th piece holds in the clear. Not a film: the seal does not look inside.
pub fn clear_bytes(n: u8) -> Vec<u8> {
    let mut bytes = b"\0\0\0\x18ftypiso6".to_vec();
    bytes.extend((0..60 + 13 * usize::from(n)).map(|i| n ^ u8::try_from(i % 251).unwrap()));
    bytes
}

fn clear(n: u8) -> Draft {
    Draft::from(clear_bytes(n))
}

pub fn back_to_back(records: &[Sealed]) -> Vec<u8> {
    records
        .iter()
        .flat_map(|r| r.bytes().iter().copied())
        .collect()
}

pub const FIRST_SPAN: SpanId = SpanId(1);
