//! Whatever is done to a chain, the first record concerned is named; what is whole passes.
//! Never relies on knowing what was done.

use loggia_model::{At, CameraId, Digest, GapReason, MANUAL_START, SpanId};
use loggia_seal::{
    Body, Break, ChainChecker, Draft, Error, Flaw, Head, Kind, PieceTime, Randomness, Record,
    Sealed, Track, check_records,
};
use proptest::prelude::*;

use crate::city::{CAMERA, City, back_to_back, clear_bytes, time};

fn checker(city: &City) -> ChainChecker {
    ChainChecker::after(CAMERA, Head::default(), city.known())
}

fn head_of(records: &[Sealed]) -> Head {
    let last = records.last().unwrap();
    Head {
        seq: last.header().seq,
        hash: Digest(*last.hash()),
    }
}

fn check(city: &City, bytes: &[u8], expected: Head) -> Result<usize, Break> {
    let mut checker = checker(city);
    let mut seen = 0;
    check_records(&mut checker, bytes, |_| seen += 1)?;
    checker.finish(Some(expected)).map(|_| seen)
}

fn join(parts: &[&[u8]]) -> Vec<u8> {
    parts.concat()
}

#[test]
fn a_whole_chain_passes_from_the_start_and_from_the_middle() {
    let city = City::new(1, 2);
    let records = city.two_spans(2);
    assert_eq!(records.len(), 12);
    let all = back_to_back(&records);
    assert_eq!(check(&city, &all, head_of(&records)), Ok(12));
    for from in 0..records.len() {
        let mut midway = ChainChecker::midway(CAMERA, from as u64 + 1, city.known());
        for record in &records[from..] {
            midway.feed(record.bytes()).unwrap();
        }
        assert_eq!(midway.finish(None), Ok(head_of(&records)));
    }
}

#[test]
fn every_single_bit_of_every_record_counts() {
    let city = City::new(1, 1);
    let records = city.two_spans(2);
    let all = back_to_back(&records);
    let mut from = 0;
    for record in &records {
        let seq = record.header().seq;
        // A flipped bit is looked for in each byte of the first records, in every 7th of the rest
        // (the property below draws from all).
        let step = if seq <= 2 { 1 } else { 7 };
        for offset in (0..record.bytes().len()).step_by(step) {
            let mut bent = all.clone();
            bent[from + offset] ^= 1 << (offset % 8);
            let broken = check(&city, &bent, head_of(&records)).unwrap_err();
            assert_eq!(
                (broken.camera, broken.seq),
                (CAMERA, seq),
                "byte {offset}: {broken}"
            );
        }
        from += record.bytes().len();
    }
}

#[test]
fn each_removed_swapped_repeated_and_cut_record_is_named() {
    let city = City::new(1, 1);
    let records = city.two_spans(2);
    let head = head_of(&records);
    let bytes: Vec<&[u8]> = records.iter().map(Sealed::bytes).collect();
    for n in 0..records.len() {
        let seq = n as u64 + 1;
        let mut without = bytes.clone();
        without.remove(n);
        let broken = check(&city, &join(&without), head).unwrap_err();
        assert_eq!(broken.seq, seq);
        match broken.flaw {
            Flaw::Removed { found } => assert_eq!(found, seq + 1),
            Flaw::EndMissing { expected } => assert_eq!((expected, n), (12, 11)),
            other => panic!("{other}"),
        }
        if n > 0 {
            let before = records[n - 1].header().end;
            assert_eq!(broken.at, Some(before));
        }
        let mut twice = bytes.clone();
        twice.insert(n, bytes[n]);
        let broken = check(&city, &join(&twice), head).unwrap_err();
        assert_eq!((broken.seq, broken.flaw), (seq, Flaw::Repeated));
        let cut = join(&bytes[..=n]);
        for keep in [1, 40, 95, 96, bytes[n].len() - 64, bytes[n].len() - 1] {
            let end = cut.len() - bytes[n].len() + keep;
            let broken = check(&city, &cut[..end], head).unwrap_err();
            assert_eq!(broken.seq, seq);
            assert!(matches!(broken.flaw, Flaw::Cut { have, .. } if have == keep));
        }
    }
}

#[test]
fn a_chain_that_was_rewritten_with_the_recorder_s_own_key_does_not_meet_a_kept_head() {
    let city = City::new(1, 1);
    let (truth, lie) = (city.two_spans(2), city.two_spans(3));
    let broken = check(&city, &back_to_back(&lie), head_of(&truth)).unwrap_err();
    assert_eq!(broken.flaw, Flaw::HeadDiffers);
    // Spliced: the lie's end after the truth's beginning.
    let mut spliced = back_to_back(&truth[..4]);
    spliced.extend(back_to_back(&lie[4..]));
    let broken = check(&city, &spliced, head_of(&lie)).unwrap_err();
    assert_eq!((broken.seq, broken.flaw), (5, Flaw::Forked));
    let shown = check(&city, &spliced, head_of(&lie))
        .unwrap_err()
        .to_string();
    assert_eq!(
        shown,
        "seal broken at cam-0001 record 5, after 2026-11-23T12:00:04Z: continues another history: \
         a record before was replaced"
    );
}

#[test]
fn another_camera_another_recorder_and_misuse_of_spans_are_named() {
    let (city, stranger) = (City::new(1, 1), City::new(9, 1));
    let records = city.two_spans(2);
    let mut other = ChainChecker::after(CameraId(2), Head::default(), city.known());
    let broken = other.feed(records[0].bytes()).unwrap_err();
    assert_eq!(broken.flaw, Flaw::OtherCamera(CAMERA));
    let broken = checker(&stranger).feed(records[0].bytes()).unwrap_err();
    assert_eq!(broken.flaw, Flaw::UnknownRecorder(city.recorder.key_id()));
    // The recorder's own lie: a span number a second time.
    let r = &mut Randomness::replayed([5; 32]);
    let mut chain = city.chain();
    let mut made = vec![
        city.open(&mut chain, MANUAL_START, r),
        chain.close_span().unwrap(),
    ];
    let mut forgetful = loggia_seal::Chain::new(CAMERA, city.recorder.clone(), chain.head(), 0);
    made.push(city.open(&mut forgetful, MANUAL_START, r));
    let broken = check(&city, &back_to_back(&made), head_of(&made)).unwrap_err();
    assert_eq!((broken.seq, broken.flaw), (3, Flaw::SpanReused(SpanId(1))));
}

#[test]
fn a_crash_leaves_a_span_without_manifest_and_the_chain_goes_on() {
    let city = City::new(1, 1);
    let r = &mut Randomness::replayed([5; 32]);
    let mut chain = city.chain();
    let piece = || Draft::from(clear_bytes(1));
    let now = time(Track::Main, MANUAL_START, MANUAL_START);
    let mut made = vec![city.open(&mut chain, MANUAL_START, r)];
    made.push(chain.piece(now, piece()).unwrap());
    let mut again = loggia_seal::Chain::new(CAMERA, city.recorder.clone(), chain.head(), 1);
    made.push(
        again
            .gap(MANUAL_START, MANUAL_START, GapReason::RecorderDown)
            .unwrap(),
    );
    made.push(city.open(&mut again, MANUAL_START, r));
    made.push(again.piece(now, piece()).unwrap());
    made.push(again.close_span().unwrap());
    assert_eq!(check(&city, &back_to_back(&made), head_of(&made)), Ok(6));
}

#[test]
fn a_failed_put_rewinds_the_chain_and_drops_the_key() {
    let city = City::new(1, 1);
    let r = &mut Randomness::replayed([5; 32]);
    let mut chain = city.chain();
    let now = time(Track::Main, MANUAL_START, MANUAL_START);
    let mut made = vec![city.open(&mut chain, MANUAL_START, r)];
    let kept = chain.head();
    chain.piece(now, Draft::from(clear_bytes(1))).unwrap();
    chain.rewind(kept);
    // The same place may not be encrypted again under the same key.
    let refused = chain.piece(now, Draft::from(clear_bytes(2)));
    assert!(matches!(refused, Err(Error::NoSpan { .. })));
    assert_eq!(chain.next_span(), SpanId(2));
    made.push(city.open(&mut chain, MANUAL_START, r));
    made.push(chain.piece(now, Draft::from(clear_bytes(2))).unwrap());
    assert_eq!(check(&city, &back_to_back(&made), head_of(&made)), Ok(3));
}

#[test]
fn misuse_is_refused_before_anything_is_sealed() {
    let city = City::new(1, 1);
    let r = &mut Randomness::replayed([5; 32]);
    let mut chain = city.chain();
    let now = time(Track::Main, MANUAL_START, MANUAL_START);
    assert!(matches!(chain.close_span(), Err(Error::NoSpan { .. })));
    city.open(&mut chain, MANUAL_START, r);
    let next = chain.next_span();
    let twice = chain.open_span(next, MANUAL_START, &city.custodians, &city.hour_key, r);
    assert!(matches!(twice, Err(Error::SpanStillOpen { .. })));
    assert!(matches!(
        chain.piece(now, Draft::with_capacity(9)),
        Err(Error::TooShort { .. })
    ));
    let back = PieceTime {
        end: At(MANUAL_START.0 - 1),
        ..now
    };
    assert!(matches!(
        chain.piece(back, Draft::from(clear_bytes(1))),
        Err(Error::Header { .. })
    ));
    let huge = Draft::from(vec![0; loggia_seal::BODY_MAX - 15]);
    assert!(matches!(
        chain.piece(now, huge),
        Err(Error::TooLarge { .. })
    ));
    chain.close_span().unwrap();
    let reused = chain.open_span(SpanId(1), MANUAL_START, &city.custodians, &city.hour_key, r);
    assert!(matches!(reused, Err(Error::SpanNotNew { .. })));
    assert_eq!(chain.head().seq, 2);
}

#[test]
fn sealed_records_come_back_verified_and_say_what_they_hold() {
    let city = City::new(1, 1);
    let records = city.two_spans(2);
    for record in &records {
        let again = Sealed::verify(record.bytes().to_vec(), &city.recorder.public()).unwrap();
        assert_eq!(
            (again.header(), again.hash()),
            (record.header(), record.hash())
        );
        let kind = match again.contents().unwrap() {
            Body::SpanOpen(_) => Kind::SpanOpen,
            Body::Piece(_) => Kind::Piece,
            Body::Gap(_) => Kind::Gap,
            Body::Manifest(m) => {
                assert!(m.pieces.len() == 3 && m.clear_bytes > 200);
                Kind::Manifest
            }
        };
        assert_eq!(kind, record.header().kind);
        let mut bent = record.bytes().to_vec();
        *bent.last_mut().unwrap() ^= 1;
        assert!(matches!(
            Sealed::verify(bent, &city.recorder.public()),
            Err(Error::Signature { .. })
        ));
    }
    // No clear byte of any piece stands in the records.
    let all = back_to_back(&records);
    for n in 0..6 {
        let clear = clear_bytes(n);
        let window = &clear[clear.len() - 32..];
        assert!(!all.windows(32).any(|w| w == window));
    }
}

#[test]
fn sealing_allocates_nothing_beyond_the_draft() {
    let city = City::new(1, 1);
    let r = &mut Randomness::replayed([5; 32]);
    let mut chain = city.chain();
    city.open(&mut chain, MANUAL_START, r);
    let mut draft = Draft::with_capacity(100_000);
    draft.push(&[7; 100_000]);
    let before = draft.written().as_ptr();
    let mut phases = Vec::new();
    let now = time(Track::Main, MANUAL_START, MANUAL_START);
    let sealed = chain
        .piece_in_phases(now, draft, |phase| phases.push(phase))
        .unwrap();
    assert_eq!(sealed.body().as_ptr(), before);
    assert_eq!(phases.len(), 3);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn any_flipped_bit_is_named(place in any::<prop::sample::Index>(), bit in 0u8..8) {
        let city = City::new(1, 1);
        let records = city.two_spans(2);
        let mut bent = back_to_back(&records);
        let at = place.index(bent.len());
        bent[at] ^= 1 << bit;
        let mut left = at;
        let hit = records.iter().find(|r| {
            let here = left < r.bytes().len();
            left = left.saturating_sub(if here { 0 } else { r.bytes().len() });
            here
        });
        let broken = check(&city, &bent, head_of(&records)).unwrap_err();
        prop_assert_eq!(Some(broken.seq), hit.map(|r| r.header().seq));
    }

    #[test]
    fn any_two_swapped_records_are_named(a in 0usize..12, b in 0usize..12) {
        prop_assume!(a != b);
        let city = City::new(1, 1);
        let records = city.two_spans(2);
        let mut bytes: Vec<&[u8]> = records.iter().map(Sealed::bytes).collect();
        bytes.swap(a, b);
        let broken = check(&city, &join(&bytes), head_of(&records)).unwrap_err();
        prop_assert_eq!(broken.seq, a.min(b) as u64 + 1);
        prop_assert_eq!(broken.flaw, Flaw::OutOfPlace { found: a.max(b) as u64 + 1 });
    }

    #[test]
    fn any_cut_is_named(place in any::<prop::sample::Index>()) {
        let city = City::new(1, 1);
        let records = city.two_spans(2);
        let all = back_to_back(&records);
        let end = place.index(all.len());
        let broken = check(&city, &all[..end], head_of(&records)).unwrap_err();
        let mut whole = 0;
        let mut sum = 0;
        for record in &records {
            sum += record.bytes().len();
            whole += u64::from(sum <= end);
        }
        prop_assert_eq!(broken.seq, whole + 1);
    }

    #[test]
    fn no_bytes_make_the_parser_fail_otherwise_than_by_an_error(
        bytes in prop::collection::vec(any::<u8>(), 0..400),
        kind in 1u8..5,
    ) {
        let _ = Record::parse(&bytes);
        // The same with a header that is nearly right, so that bodies are reached.
        let mut near = bytes;
        if near.len() > 160 {
            near[..8].copy_from_slice(&[b'L', b'G', b'R', b'1', kind, 0, 0, 0]);
            near[36..44].fill(0);
            near[44] &= 0x7f;
            let len = u32::try_from(near.len() - 160).unwrap();
            near[60..64].copy_from_slice(&len.to_be_bytes());
        }
        let _ = Record::parse(&near);
        let _ = loggia_seal::ShareTable::parse(&near);
        let _ = loggia_seal::Keyfile::parse(&near);
    }
}
