//! One of each group opens; no set from one group does; a released share serves one request.
//! Never takes a key that a custodian would not have.

use loggia_model::MANUAL_START;
use loggia_model::{Digest, SpanId};
use loggia_seal::{
    Body, CustodianKey, CustodianPublic, Custodians, Error, Group, HoldKey, HourKey, OneTimeKey,
    Randomness, ReleasedShare, Sealed, Share, ShareTable, SpanKey, SpanRef, Viewer, WrappedShares,
};

use crate::city::{City, clear_bytes};

pub fn wrapped(span_open: &Sealed) -> WrappedShares {
    match span_open.contents().unwrap() {
        Body::SpanOpen(opening) => opening.wrapped,
        other => panic!("{other:?}"),
    }
}

/// Every share that these people can open together.
fn shares_of(people: &[&CustodianKey], table: &ShareTable, span: &SpanRef) -> Vec<Share> {
    people
        .iter()
        .flat_map(|key| {
            table
                .shares
                .iter()
                .filter_map(|s| Share::open(key, s, span).ok())
        })
        .collect()
}

#[test]
fn of_all_subsets_of_five_and_five_exactly_those_with_both_groups_open() {
    const EACH: u32 = 5;
    let city = City::new(1, EACH as usize);
    let records = city.two_spans(2);
    let wrapped = wrapped(&records[0]);
    let table = wrapped.unwrap(&city.hour_key).unwrap();
    let everybody: Vec<&CustodianKey> = city.police.iter().chain(&city.oversight).collect();
    assert_eq!((table.shares.len(), everybody.len()), (10, 10));
    // Each opens the own entry and none of the nine others, so that a set has one share a head.
    for key in &everybody {
        let opened = shares_of(&[key], &table, &wrapped.span);
        assert_eq!(opened.len(), 1);
    }
    let police = (1u32 << EACH) - 1;
    let (mut opening, mut sets) = (0, 0);
    for set in 0u32..1 << (2 * EACH) {
        // Whoever is in the set opens what they can, afresh in every set.
        let shares: Vec<Share> = everybody
            .iter()
            .enumerate()
            .filter(|(n, _)| set >> n & 1 == 1)
            .flat_map(|(_, key)| {
                let own = table.of(key.key_id());
                own.map(|s| Share::open(key, s, &wrapped.span).unwrap())
            })
            .collect();
        assert_eq!(shares.len(), set.count_ones() as usize);
        let opened = shares.iter().any(|a| {
            shares
                .iter()
                .any(|b| match SpanKey::combine(a, b, &wrapped.span) {
                    Ok(key) => key.open_piece(&records[1]).unwrap() == clear_bytes(0),
                    Err(e) => {
                        assert_eq!(e, Error::Commitment);
                        false
                    }
                })
        });
        let both_groups = set & police != 0 && set & !police != 0;
        assert_eq!(opened, both_groups, "set {set:010b}");
        opening += u32::from(opened);
        sets += 1;
    }
    assert_eq!((sets, opening), (1 << 10, 31 * 31));
}

#[test]
fn without_the_hour_key_all_custodians_together_open_nothing() {
    let city = City::new(1, 3);
    let wrapped = wrapped(&city.two_spans(2)[0]);
    let other = HourKey::generate(&mut Randomness::machine()).unwrap();
    assert!(matches!(
        wrapped.unwrap(&other),
        Err(Error::TableNotOpened { .. })
    ));
}

fn release(city: &City, span_open: &Sealed) -> (SpanRef, Vec<ReleasedShare>) {
    let wrapped = wrapped(span_open);
    let table = wrapped.unwrap(&city.hour_key).unwrap();
    let r = &mut Randomness::machine();
    let released = [&city.police[1], &city.oversight[0]]
        .into_iter()
        .flat_map(|key| shares_of(&[key], &table, &wrapped.span))
        .map(|s| {
            s.release(&wrapped.span, &city.request, &city.requester.public(), r)
                .unwrap()
        })
        .collect();
    (wrapped.span, released)
}

#[test]
fn released_shares_open_the_span_for_the_requester_and_this_request_alone() {
    let city = City::new(1, 2);
    let records = city.two_spans(2);
    let (span, released) = release(&city, &records[0]);
    let json = serde_json::to_string(&released).unwrap();
    let released: Vec<ReleasedShare> = serde_json::from_str(&json).unwrap();
    let open = |r: &ReleasedShare| r.open(&city.requester, &city.request, span.commitment);
    let (a, b) = (open(&released[0]).unwrap(), open(&released[1]).unwrap());
    assert_eq!((a.group(), b.group()), (Group::Police, Group::Oversight));
    // The order of the two does not matter; two of one group do not do.
    let key = SpanKey::combine(&b, &a, &span).unwrap();
    assert!(SpanKey::combine(&a, &a, &span).is_err());
    for (n, piece) in [(0, &records[1]), (1, &records[2]), (2, &records[4])] {
        assert_eq!(key.open_piece(piece).unwrap(), clear_bytes(n));
    }
    assert!(matches!(
        key.open_piece(&records[8]),
        Err(Error::NotDecrypted { seq: 9 })
    ));
    assert!(matches!(
        key.open_piece(&records[3]),
        Err(Error::WrongKind { .. })
    ));
    let stranger = OneTimeKey::generate(&mut Randomness::machine()).unwrap();
    let other_request = Digest([7; 32]);
    assert!(
        released[0]
            .open(&stranger, &city.request, span.commitment)
            .is_err()
    );
    assert!(
        released[0]
            .open(&city.requester, &other_request, span.commitment)
            .is_err()
    );
    assert!(
        released[0]
            .open(&city.requester, &city.request, Digest([7; 32]))
            .is_err()
    );
    for wrong in [
        ReleasedShare {
            span: SpanId(2),
            ..released[0].clone()
        },
        ReleasedShare {
            group: Group::Oversight,
            ..released[0].clone()
        },
    ] {
        assert!(open(&wrong).is_err());
    }
}

#[test]
fn shares_of_another_span_do_not_meet_the_commitment() {
    let city = City::new(1, 1);
    let records = city.two_spans(2);
    let (first, second) = (wrapped(&records[0]), wrapped(&records[7]));
    let open = |w: &WrappedShares, key| {
        shares_of(&[key], &w.unwrap(&city.hour_key).unwrap(), &w.span).remove(0)
    };
    let police = open(&first, &city.police[0]);
    let oversight = open(&second, &city.oversight[0]);
    for span in [first.span, second.span] {
        assert!(matches!(
            SpanKey::combine(&police, &oversight, &span),
            Err(Error::Commitment)
        ));
    }
}

#[test]
fn a_hold_outlives_the_hour_key() {
    let city = City::new(1, 1);
    let records = city.two_spans(2);
    let r = &mut Randomness::machine();
    let hold = HoldKey::generate(r).unwrap();
    let held = wrapped(&records[0])
        .rewrap(&city.hour_key, &hold, r)
        .unwrap();
    let table = held.unwrap(&hold).unwrap();
    let shares = shares_of(&[&city.police[0], &city.oversight[0]], &table, &held.span);
    let key = SpanKey::combine(&shares[0], &shares[1], &held.span).unwrap();
    assert_eq!(key.open_piece(&records[1]).unwrap(), clear_bytes(0));
}

#[test]
fn a_live_viewer_gets_the_coming_span_without_custodians() {
    let city = City::new(1, 1);
    let r = &mut Randomness::machine();
    let mut chain = city.chain();
    let viewer = Viewer {
        request: city.request,
        to: city.requester.public(),
    };
    let (opened, released) = chain
        .open_span_for(
            SpanId(1),
            MANUAL_START,
            &city.custodians,
            &city.hour_key,
            r,
            &[viewer],
        )
        .unwrap();
    let span = wrapped(&opened).span;
    let [a, b] = &released[0];
    let open = |s: &ReleasedShare| s.open(&city.requester, &city.request, span.commitment);
    assert!(SpanKey::combine(&open(a).unwrap(), &open(b).unwrap(), &span).is_ok());
}

#[test]
fn twenty_and_twenty_custodians_cost_89_bytes_each() {
    let city = City::new(1, 20);
    let small = City::new(1, 1);
    let r = &mut Randomness::machine();
    let big = city.open(&mut city.chain(), MANUAL_START, r);
    let least = small.open(&mut small.chain(), MANUAL_START, r);
    assert_eq!(big.bytes().len() - least.bytes().len(), 38 * 89);
    assert_eq!(
        wrapped(&big).unwrap(&city.hour_key).unwrap().roster_version,
        3
    );
}

#[test]
fn a_custodian_with_an_unusable_key_stops_the_span_rather_than_being_skipped() {
    let city = City::new(1, 1);
    let police = vec![city.police[0].public(), CustodianPublic([0; 32])];
    let bad = Custodians::new(1, police, vec![city.oversight[0].public()]).unwrap();
    let r = &mut Randomness::machine();
    let mut chain = city.chain();
    let refused = chain.open_span(SpanId(1), MANUAL_START, &bad, &city.hour_key, r);
    assert!(matches!(refused, Err(Error::BadKey { .. })));
    assert_eq!((chain.head().seq, chain.open()), (0, None));
}
