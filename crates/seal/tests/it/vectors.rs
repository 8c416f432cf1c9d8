//! The committed test vectors: everything fixed, so a second implementation can follow each step.
//! `LOGGIA_WRITE_VECTORS=1 cargo nextest run -p loggia-seal vectors` writes them anew; never do
//! that for version 1 unless its page changes too.

use std::path::{Path, PathBuf};

use aws_lc_rs::hkdf;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use loggia_model::Digest;
use loggia_seal::{
    ChainChecker, CustodianKey, HoldKey, Keyfile, Randomness, Record, ReleasedShare, Sealed, Share,
    SigningPublic, SpanKey, SpanRef, WrappedShares, check_records,
};
use serde_json::{Value, json};
use zeroize::Zeroizing;

use crate::city::{CAMERA, City, FIRST_SPAN, back_to_back, clear_bytes, private};
use crate::custody_laws::wrapped;
use crate::python::{open_span, released_json};

const CITY: u8 = 0x11;
const CHAIN: u8 = 0x22;

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("vectors")
}

fn writing() -> bool {
    std::env::var_os("LOGGIA_WRITE_VECTORS").is_some()
}

/// The city's custodians' private keys, drawn again from the seed in the same order.
fn private_keys(city: &City) -> Vec<(u8, [u8; 32])> {
    let r = &mut Randomness::replayed([CITY; 32]);
    let _recorder = private(r);
    let keys: Vec<(u8, [u8; 32])> = [1, 1, 2, 2]
        .into_iter()
        .map(|group| (group, private(r)))
        .collect();
    for ((_, bytes), key) in keys.iter().zip(city.police.iter().chain(&city.oversight)) {
        let again = CustodianKey::from_private(&Zeroizing::new(*bytes)).unwrap();
        assert_eq!(again.public(), key.public());
    }
    keys
}

fn released(city: &City, span_open: &Sealed) -> Vec<ReleasedShare> {
    let r = &mut Randomness::replayed([0x33; 32]);
    let wrapped = wrapped(span_open);
    let table = wrapped.unwrap(&city.hour_key).unwrap();
    [&city.police[0], &city.oversight[1]]
        .into_iter()
        .map(|key| {
            let sealed = table.of(key.key_id()).next().unwrap();
            let share = Share::open(key, sealed, &wrapped.span).unwrap();
            share
                .release(&wrapped.span, &city.request, &city.requester.public(), r)
                .unwrap()
        })
        .collect()
}

/// HKDF by the page's words, not by the crate's code.
fn okm(s_police: &[u8; 32], s_oversight: &[u8; 32]) -> [u8; 64] {
    struct Len;
    impl hkdf::KeyType for Len {
        fn len(&self) -> usize {
            64
        }
    }
    let ikm = [s_police.as_slice(), s_oversight].concat();
    let info = [
        b"span key\n".as_slice(),
        &1u32.to_be_bytes(),
        &1u64.to_be_bytes(),
    ];
    let mut out = [0; 64];
    hkdf::Salt::new(hkdf::HKDF_SHA256, b"loggia/seal/v1")
        .extract(&ikm)
        .expand(&info, Len)
        .unwrap()
        .fill(&mut out)
        .unwrap();
    out
}

fn broken_chains(records: &[Sealed]) -> Vec<Value> {
    let bytes: Vec<&[u8]> = records.iter().map(Sealed::bytes).collect();
    let mut out = Vec::new();
    let mut add = |what: &str, seq: u64, chain: Vec<u8>| {
        out.push(json!({ "what": what, "seq": seq, "chain": STANDARD.encode(chain) }));
    };
    let mut removed = bytes.clone();
    removed.remove(2);
    add("removed", 3, removed.concat());
    let mut swapped = bytes.clone();
    swapped.swap(1, 4);
    add("swapped", 2, swapped.concat());
    let mut altered = bytes.iter().map(|b| b.to_vec()).collect::<Vec<_>>();
    altered[4][130] ^= 1;
    add("altered", 5, altered.concat());
    let all = bytes.concat();
    add("cut", 12, all[..all.len() - 70].to_vec());
    out
}

fn vector() -> (Vec<u8>, String, String) {
    let city = City::new(CITY, 2);
    let records = city.two_spans(CHAIN);
    let chain = back_to_back(&records);
    let draws = &mut Randomness::replayed([CHAIN; 32]);
    let (s_police, s_oversight) = (private(draws), private(draws));
    let okm = okm(&s_police, &s_oversight);
    let wrapped = wrapped(&records[0]);
    assert_eq!(wrapped.span.commitment.0, okm[32..]);
    let hold = HoldKey::from_bytes(Zeroizing::new([0x44; 32]));
    let held = wrapped
        .rewrap(&city.hour_key, &hold, &mut Randomness::replayed([0x55; 32]))
        .unwrap();
    let custodians: Vec<Value> = private_keys(&city)
        .into_iter()
        .map(|(group, bytes)| {
            let key = CustodianKey::from_private(&Zeroizing::new(bytes)).unwrap();
            json!({ "group": group, "private": hex::encode(bytes),
                "public": hex::encode(key.public().0), "key_id": key.key_id() })
        })
        .collect();
    let pieces: Vec<Value> = [(2, 0), (3, 1), (5, 2)]
        .into_iter()
        .map(|(seq, n)| json!({ "seq": seq, "clear": STANDARD.encode(clear_bytes(n)) }))
        .collect();
    let hashes: Vec<String> = records.iter().map(|r| hex::encode(r.hash())).collect();
    let vector = json!({
        "v": 1,
        "camera": CAMERA, "span": FIRST_SPAN,
        "recorder": { "public": hex::encode(city.recorder.public().0),
            "key_id": city.recorder.key_id() },
        "custodians": custodians,
        "hour": wrapped.hour, "hour_key": hex::encode(city.hour_key.bytes().as_slice()),
        "share_table": hex::encode(wrapped.unwrap(&city.hour_key).unwrap().to_bytes()),
        "hold_key": hex::encode(hold.bytes().as_slice()), "held": hex::encode(held.to_bytes()),
        "s_police": hex::encode(s_police), "s_oversight": hex::encode(s_oversight),
        "span_key": hex::encode(&okm[..32]), "commitment": hex::encode(&okm[32..]),
        "request": city.request,
        "one_time_private": hex::encode(city.requester_private),
        "one_time_public": hex::encode(city.requester.public().0),
        "released": released(&city, &records[0]),
        "chain": STANDARD.encode(&chain),
        "chain_hashes": hashes,
        "pieces": pieces,
        "broken": broken_chains(&records),
    });
    let given = released_json(&city, &released(&city, &records[0]));
    (
        chain,
        serde_json::to_string_pretty(&vector).unwrap() + "\n",
        given + "\n",
    )
}

#[test]
fn vectors_are_what_this_crate_makes() {
    let (chain, span, released) = vector();
    let files = [
        ("chain.bin", chain),
        ("span.json", span.into()),
        ("released.json", released.into()),
    ];
    for (name, made) in files {
        let path = folder().join(name);
        if writing() {
            std::fs::write(&path, &made).unwrap();
        }
        let kept = std::fs::read(&path).unwrap();
        // The order of a JSON object's names says nothing (RFC 8259 section 4), and depends on what
        // else is built.
        let same = match name.ends_with(".json") {
            true => json_of(&kept) == json_of(&made),
            false => kept == made,
        };
        assert!(same, "{name} is not what the crate makes");
    }
}

fn json_of(bytes: &[u8]) -> Value {
    serde_json::from_slice(bytes).unwrap()
}

fn read() -> Value {
    serde_json::from_slice(&std::fs::read(folder().join("span.json")).unwrap()).unwrap()
}

fn bytes32(value: &Value) -> Zeroizing<[u8; 32]> {
    let mut out = Zeroizing::new([0; 32]);
    hex::decode_to_slice(value.as_str().unwrap(), out.as_mut_slice()).unwrap();
    out
}

fn base64(value: &Value) -> Vec<u8> {
    STANDARD.decode(value.as_str().unwrap()).unwrap()
}

#[test]
fn vectors_read_back_by_both_ways_of_opening() {
    if writing() {
        return;
    }
    let v = read();
    let recorder = SigningPublic(*bytes32(&v["recorder"]["public"]));
    let chain = base64(&v["chain"]);
    let mut records = Vec::new();
    let mut checker = ChainChecker::after(CAMERA, Default::default(), vec![recorder]);
    check_records(&mut checker, &chain, |r: Record<'_>| {
        records.push(Sealed::of_record(&r, &[recorder]).unwrap());
    })
    .unwrap();
    let commitment = Digest(*bytes32(&v["commitment"]));
    let span = SpanRef {
        camera: CAMERA,
        span: FIRST_SPAN,
        commitment,
    };
    // By the custodians, from the hold.
    let hold = HoldKey::from_bytes(bytes32(&v["hold_key"]));
    let held = hex::decode(v["held"].as_str().unwrap()).unwrap();
    let hour = wrapped(&records[0]).hour;
    let table = WrappedShares::parse(&held, span, hour)
        .unwrap()
        .unwrap(&hold)
        .unwrap();
    assert_eq!(
        hex::encode(table.to_bytes()),
        v["share_table"].as_str().unwrap()
    );
    let open = |n: usize| {
        let key = CustodianKey::from_private(&bytes32(&v["custodians"][n]["private"])).unwrap();
        Share::open(&key, &table.shares[n], &span).unwrap()
    };
    let by_custodians = SpanKey::combine(&open(1), &open(2), &span).unwrap();
    // By the requester.
    let released: Vec<ReleasedShare> = serde_json::from_value(v["released"].clone()).unwrap();
    let mine = CustodianKey::from_private(&bytes32(&v["one_time_private"])).unwrap();
    let request: Digest = v["request"].as_str().unwrap().parse().unwrap();
    let open = |n: usize| released[n].open(&mine, &request, commitment).unwrap();
    let by_requester = SpanKey::combine(&open(0), &open(1), &span).unwrap();
    for piece in v["pieces"].as_array().unwrap() {
        let seq = piece["seq"].as_u64().unwrap();
        let record = records.iter().find(|r| r.header().seq == seq).unwrap();
        assert_eq!(
            by_custodians.open_piece(record).unwrap(),
            base64(&piece["clear"])
        );
        assert_eq!(
            by_requester.open_piece(record).unwrap(),
            base64(&piece["clear"])
        );
    }
}

#[test]
fn vectors_of_broken_chains_are_named() {
    if writing() {
        return;
    }
    let v = read();
    let recorder = SigningPublic(*bytes32(&v["recorder"]["public"]));
    for case in v["broken"].as_array().unwrap() {
        let mut checker = ChainChecker::after(CAMERA, Default::default(), vec![recorder]);
        let broken = check_records(&mut checker, &base64(&case["chain"]), |_| {}).unwrap_err();
        assert_eq!(Some(broken.seq), case["seq"].as_u64(), "{broken}");
    }
}

#[test]
fn vectors_open_in_python() {
    if writing() {
        return;
    }
    let out = tempfile::tempdir().unwrap();
    let (chain, given) = (folder().join("chain.bin"), folder().join("released.json"));
    let done = open_span(&chain, &given, out.path());
    assert!(
        done.status.success(),
        "{}",
        String::from_utf8_lossy(&done.stderr)
    );
    for piece in read()["pieces"].as_array().unwrap() {
        let name = format!("{}.mp4", piece["seq"]);
        assert_eq!(
            std::fs::read(out.path().join(name)).unwrap(),
            base64(&piece["clear"])
        );
    }
}

#[test]
fn vectors_hold_a_key_file() {
    let path = folder().join("keyfile.json");
    if writing() {
        let r = &mut Randomness::replayed([0x66; 32]);
        let person = loggia_model::PersonId("k.virtanen".to_owned());
        let key = loggia_seal::PersonKey::generate(person, r).unwrap();
        let text = key
            .lock("correct horse", loggia_seal::KeyfileCost::LEAST, r)
            .unwrap();
        std::fs::write(&path, text + "\n").unwrap();
    }
    let file = Keyfile::parse(&std::fs::read(path).unwrap()).unwrap();
    let key = file.unlock("correct horse").unwrap();
    assert_eq!(
        (key.signing.public(), key.custodian.public()),
        (file.sign_key, file.hpke_key)
    );
}
