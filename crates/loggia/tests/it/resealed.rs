//! What whoever holds the opened keys could do: decrypt every record, seal it anew under a recorder
//! key of their own, and export that. The chain is then whole; only the public log knows better.

use std::collections::BTreeMap;

use aws_lc_rs::aead::{AES_256_GCM, Aad, LessSafeKey, Nonce, UnboundKey};
use aws_lc_rs::hkdf::{HKDF_SHA256, KeyType, Salt};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use loggia_model::CameraId;
use loggia_seal::{Kind, Randomness, Record, RecorderKey, RecorderPublic, check_records};
use serde_json::{Value, json};

use crate::bundle::sha256;

/// Lays the records of `sealed` anew under a fresh recorder key, with what `shares` opens.
pub fn resealed(sealed: &[u8], shares: &[Value]) -> (Vec<u8>, RecorderPublic) {
    let (recorder, _) = RecorderKey::generate(&mut Randomness::machine()).unwrap();
    let keys: BTreeMap<_, _> = shares.iter().map(span_key).collect();
    let (mut rest, mut out) = (sealed, Vec::new());
    let mut last: Option<(CameraId, u64, [u8; 32])> = None;
    let mut pieces: BTreeMap<(CameraId, u64), [u8; 32]> = BTreeMap::new();
    while !rest.is_empty() {
        let (record, after) = Record::parse(rest).unwrap();
        rest = after;
        let old = record.header();
        let mut header = record.bytes()[..96].to_vec();
        header[12..20].copy_from_slice(&recorder.key_id().0);
        if let Some((camera, seq, hash)) = last
            && (camera, seq + 1) == (old.camera, old.seq)
        {
            header[64..96].copy_from_slice(&hash);
        }
        let mut body = record.body_bytes().to_vec();
        match old.kind {
            Kind::Piece => {
                let key = &keys[&(old.camera.0, old.span.unwrap().0)];
                let mut nonce = [0; 12];
                nonce[4..].copy_from_slice(&old.seq.to_be_bytes());
                let once = || Nonce::assume_unique_for_key(nonce);
                let aad = Aad::from(&record.bytes()[..96]);
                let clear = key.open_in_place(once(), aad, &mut body).unwrap().len();
                body.truncate(clear);
                key.seal_in_place_append_tag(once(), Aad::from(&header), &mut body)
                    .unwrap();
            }
            Kind::Manifest => {
                for entry in body[12..].chunks_exact_mut(40) {
                    let seq = u64::from_be_bytes(entry[..8].try_into().unwrap());
                    if let Some(hash) = pieces.get(&(old.camera, seq)) {
                        entry[8..].copy_from_slice(hash);
                    }
                }
            }
            Kind::SpanOpen | Kind::Gap => {}
        }
        let hash = sha256(&[&header[..], &body].concat()).0;
        pieces.insert((old.camera, old.seq), hash);
        let signed = [&b"loggia/seal/v1 record\n"[..], &hash].concat();
        out.extend([header, body, recorder.sign(&signed).unwrap().to_vec()].concat());
        last = Some((old.camera, old.seq, hash));
    }
    holds_by_itself(&out, recorder.public());
    (out, recorder.public())
}

/// The positive control: with that key taken as a recorder's, nothing in the chain is wrong.
fn holds_by_itself(sealed: &[u8], recorder: RecorderPublic) {
    let mut rest = sealed;
    let mut checker: Option<(_, loggia_seal::ChainChecker)> = None;
    while !rest.is_empty() {
        let (record, after) = Record::parse(rest).unwrap();
        let (camera, seq) = (record.header().camera, record.header().seq);
        let bytes = &rest[..rest.len() - after.len()];
        rest = after;
        if !matches!(&checker, Some((c, k)) if *c == camera && k.next_seq() == seq) {
            let fresh = loggia_seal::ChainChecker::midway(camera, seq, vec![recorder]);
            checker = Some((camera, fresh));
        }
        check_records(&mut checker.as_mut().unwrap().1, bytes, |_| {}).unwrap();
    }
}

/// What such a person would name as the recorder's key: their own, under a true recorder's entry.
pub fn named(own: RecorderPublic, like: &Value) -> Value {
    let mut line = like[0].clone();
    line["public"] = json!(own);
    line["key_id"] = json!(own.key_id());
    json!([line])
}

struct SixtyFour;

impl KeyType for SixtyFour {
    fn len(&self) -> usize {
        64
    }
}

/// Docs/design/seal.md, "Span key".
fn span_key(share: &Value) -> ((u32, u64), LessSafeKey) {
    let place = (
        u32::try_from(share["camera"].as_u64().unwrap()).unwrap(),
        share["span"].as_u64().unwrap(),
    );
    let half = |name: &str| STANDARD.decode(share[name].as_str().unwrap()).unwrap();
    let secret = [half("police"), half("oversight")].concat();
    let (camera, span) = (place.0.to_be_bytes(), place.1.to_be_bytes());
    let info: [&[u8]; 3] = [b"span key\n", &camera, &span];
    let mut okm = [0; 64];
    Salt::new(HKDF_SHA256, b"loggia/seal/v1")
        .extract(&secret)
        .expand(&info, SixtyFour)
        .unwrap()
        .fill(&mut okm)
        .unwrap();
    let key = UnboundKey::new(&AES_256_GCM, &okm[..32]).unwrap();
    (place, LessSafeKey::new(key))
}
