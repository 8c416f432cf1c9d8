//! A lane with people before it: what they are handed opens what they may see, and nothing else.

use core::time::Duration;

use loggia_model::{Digest, MANUAL_START, ManualClock, PersonId};
use loggia_seal::{
    Body, CustodianKey, Custodians, OneTimeKey, Randomness, Record, RecorderKey, Sealed, SpanKey,
    Track,
};
use loggia_store::{Blobs, BlobsConfig, FileLayer, KeyStore};
use tokio::sync::watch;

use super::*;
use crate::health::Ward;
use crate::lane::{Kit, Lane};
use crate::session::Timed;
use crate::{Assembler, Codec, ParameterSets, RecorderClock};

const CAMERA: CameraId = CameraId(1);
const REQUEST: Digest = Digest([9; 32]);

fn at(seconds: i64) -> At {
    At(MANUAL_START.0 + seconds * 1_000_000)
}

/// A GOP of one picture (real parameter sets of x264, 320×240).
fn gop(begin: i64, end: i64) -> Timed {
    let hexed = |text: &str| hex::decode(text).unwrap();
    let mut assembler = Assembler::new(ParameterSets {
        codec: Codec::H264,
        vps: vec![],
        sps: hexed("6764000dacd94141fb011000000300100000030320f1429960"),
        pps: hexed("68ebe3cb22c0"),
    });
    assembler.packet(0, at(begin));
    assembler.begin_nal(&[0x65]).unwrap();
    assembler.append(&[0x88; 40]).unwrap();
    assembler.end_nal();
    assembler.mark();
    let mut gop = assembler.finish(at(end)).unwrap();
    (gop.begin, gop.end) = (at(begin), at(end));
    Timed {
        gop,
        camera_begin: None,
        clock_offset_us: None,
        lost: 0,
    }
}

struct Street {
    _dir: tempfile::TempDir,
    kit: Kit,
    lane: Lane,
    key: Arc<RecorderKey>,
    random: Randomness,
    clock: Arc<ManualClock>,
    guests: u32,
}

impl Street {
    fn new() -> Self {
        let dir = tempfile::tempdir().unwrap();
        let mut random = Randomness::machine();
        let key = Arc::new(RecorderKey::generate(&mut random).unwrap().0);
        let blobs = BlobsConfig {
            recorders: vec![key.public()],
            reserve_bytes: 0,
            ..BlobsConfig::default()
        };
        let clock = Arc::new(ManualClock::default());
        let keys = KeyStore::open(
            &dir.path().join("keys"),
            FileLayer::Real,
            clock.clone(),
            "boot".into(),
        );
        let mut public = || vec![CustodianKey::generate(&mut random).unwrap().public()];
        let custodians = Custodians::new(1, public(), public()).unwrap();
        let kit = Kit {
            blobs: Arc::new(Blobs::open(dir.path(), blobs).unwrap()),
            keys: Arc::new(keys.unwrap()),
            key: Arc::clone(&key),
            custodians: watch::channel(Arc::new(custodians)).1,
            span: Duration::from_secs(20),
            gallery: Arc::new(Gallery::new(Arc::new(RecorderClock::start(clock.clone())))),
        };
        let pulse = Ward::default().admit(CAMERA, at(0));
        let lane = Lane::resume(&kit, CAMERA, pulse, at(0));
        Self {
            _dir: dir,
            kit,
            lane,
            key,
            random,
            clock,
            guests: 0,
        }
    }

    /// One-second GOPs of the main stream.
    fn seconds(&mut self, from: i64, to: i64) {
        for second in from..to {
            self.clock.pass(Duration::from_secs(1));
            let timed = gop(second, second + 1);
            self.lane
                .gop(&self.kit, &mut self.random, Track::Main, timed);
        }
    }

    /// Somebody new takes a seat.
    fn sit(&mut self, until: i64) -> Guest {
        self.guests += 1;
        let person = PersonId(format!("guest.{}", self.guests));
        self.seat(&person, CAMERA, until).unwrap()
    }

    fn seat(&mut self, person: &PersonId, camera: CameraId, until: i64) -> Result<Guest, Fault> {
        let key = OneTimeKey::generate(&mut self.random).unwrap();
        let viewer = Viewer {
            request: REQUEST,
            to: key.public(),
        };
        let gallery = &self.kit.gallery;
        let watching = gallery.place(camera, person, viewer, at(until))?;
        Ok(Guest {
            key,
            watching,
            shares: Vec::new(),
            span: None,
        })
    }
}

struct Guest {
    key: OneTimeKey,
    watching: Watching,
    shares: Vec<ReleasedShare>,
    span: Option<(u64, SpanKey)>,
}

impl Guest {
    /// Reads what waits: the begin of each piece that opened, in seconds. A piece whose key the
    /// viewer does not hold fails the test.
    fn watch(&mut self, street: &Street) -> Vec<i64> {
        let mut seen = Vec::new();
        // A piece without its span's key would fail here.
        while let Ok(frame) = self.watching.from.try_recv() {
            self.watching
                .waiting
                .fetch_sub(frame.len(), Ordering::Relaxed);
            if let Some(json) = frame.strip_prefix(SHARES_MAGIC) {
                self.shares = serde_json::from_slice(&json[4..]).unwrap();
                continue;
            }
            let (record, rest) = Record::parse(&frame).unwrap();
            assert!(rest.is_empty());
            record.verify(&[street.key.public()]).unwrap();
            let header = record.header();
            match record.body().unwrap() {
                Body::SpanOpen(opening) => {
                    let span = opening.wrapped.span;
                    let open = |share: &ReleasedShare| {
                        share.open(&self.key, &REQUEST, span.commitment).unwrap()
                    };
                    let [one, other] = &self.shares[..] else {
                        panic!("two shares come before their span");
                    };
                    let key = SpanKey::combine(&open(one), &open(other), &span).unwrap();
                    self.span = Some((header.span.unwrap().0, key));
                }
                Body::Piece(_) => {
                    let (span, key) = self.span.as_ref().unwrap();
                    assert_eq!(header.span.unwrap().0, *span);
                    let sealed = Sealed::of_record(&record, &[street.key.public()]).unwrap();
                    key.open_piece(&sealed).unwrap();
                    seen.push((header.begin.0 - MANUAL_START.0) / 1_000_000);
                }
                Body::Gap(_) | Body::Manifest(_) => {}
            }
        }
        seen
    }

    /// Every stored piece that the viewer's last key opens, by its begin.
    fn opens(&self, street: &Street) -> Vec<i64> {
        street.kit.blobs.flush().unwrap();
        let rows = street.kit.blobs.records(CAMERA, 1, 10_000).unwrap();
        let mut opened = Vec::new();
        for row in rows.iter().filter(|r| r.kind == loggia_seal::Kind::Piece) {
            let bytes = street.kit.blobs.read(row).unwrap();
            let sealed = Sealed::verify(bytes, &street.key.public()).unwrap();
            if self.span.as_ref().unwrap().1.open_piece(&sealed).is_ok() {
                opened.push((row.begin.0 - MANUAL_START.0) / 1_000_000);
            }
        }
        opened
    }
}

#[test]
fn a_viewer_sees_from_the_next_picture_on_and_not_what_was_before() {
    let mut street = Street::new();
    street.seconds(0, 8);
    let mut viewer = street.sit(900);
    street.seconds(8, 11);
    assert_eq!(viewer.watch(&street), [8, 9, 10]);
    assert_eq!(viewer.opens(&street), [8, 9, 10], "nothing before it came");
    street.seconds(11, 40);
    assert_eq!(viewer.watch(&street), (11..40).collect::<Vec<_>>());
}

#[test]
fn nothing_recorded_at_the_end_or_later_opens_with_a_live_key() {
    let mut street = Street::new();
    let mut viewer = street.sit(5);
    street.seconds(0, 12);
    assert_eq!(viewer.watch(&street), [0, 1, 2, 3, 4]);
    assert_eq!(viewer.opens(&street), [0, 1, 2, 3, 4]);
}

#[test]
fn a_picture_that_reaches_over_the_end_is_in_a_span_of_its_own() {
    let mut street = Street::new();
    let mut viewer = street.sit(3);
    street.seconds(0, 2);
    let long = gop(2, 5);
    street
        .lane
        .gop(&street.kit, &mut street.random, Track::Main, long);
    // The sub-stream's picture ends in time, but the span that is open now is nobody's.
    let sub = gop(1, 3);
    street
        .lane
        .gop(&street.kit, &mut street.random, Track::Sub, sub);
    assert_eq!(viewer.watch(&street).last(), Some(&1));
    assert_eq!(viewer.opens(&street), [0, 1]);
}

#[test]
fn a_key_opens_nothing_that_is_recorded_after_its_holder_has_gone() {
    let mut street = Street::new();
    let mut stays = street.sit(900);
    let mut goes = street.sit(900);
    street.seconds(0, 4);
    assert_eq!(goes.watch(&street), [0, 1, 2, 3]);
    let (_, gone) = tokio::sync::mpsc::channel(1);
    goes.watching.from = gone;
    street.kit.gallery.leave(goes.watching.number);
    street.seconds(4, 8);
    assert_eq!(goes.opens(&street), [0, 1, 2, 3]);
    assert_eq!(stays.watch(&street), (0..8).collect::<Vec<_>>());
}

#[test]
fn who_reads_too_slowly_is_shown_out_and_the_camera_goes_on() {
    let mut street = Street::new();
    let slow = street.sit(100_000);
    // Each second is a frame: more of them than may wait.
    street.seconds(0, 400);
    assert!(slow.watching.was_slow());
    assert!(street.kit.gallery.of(CAMERA).is_empty());
    street.kit.blobs.flush().unwrap();
    let rows = street.kit.blobs.records(CAMERA, 1, 10_000).unwrap();
    let pieces = rows.iter().filter(|r| r.kind == loggia_seal::Kind::Piece);
    assert_eq!(pieces.count(), 400, "nothing was lost for it");
}

#[test]
fn a_key_that_cannot_be_sealed_to_costs_no_footage() {
    let mut street = Street::new();
    let useless = Viewer {
        request: REQUEST,
        to: CustodianPublic([0; 32]),
    };
    let gallery = &street.kit.gallery;
    let watching = gallery.place(CAMERA, &PersonId("guest".into()), useless, at(900));
    street.seconds(0, 30);
    street.kit.blobs.flush().unwrap();
    let rows = street.kit.blobs.records(CAMERA, 1, 10_000).unwrap();
    let pieces = rows.iter().filter(|r| r.kind == loggia_seal::Kind::Piece);
    assert_eq!(pieces.count(), 30);
    drop(watching);
}

#[test]
fn a_picture_that_began_before_the_viewer_came_stays_closed() {
    let mut street = Street::new();
    street.seconds(0, 4);
    street.clock.pass(Duration::from_millis(500));
    // Half a second into the picture of second 4, on both streams.
    let mut viewer = street.sit(900);
    street.clock.pass(Duration::from_millis(500));
    for track in [Track::Main, Track::Sub] {
        let lane = &mut street.lane;
        lane.gop(&street.kit, &mut street.random, track, gop(4, 5));
    }
    street.seconds(5, 7);
    let late = gop(4, 6);
    let lane = &mut street.lane;
    lane.gop(&street.kit, &mut street.random, Track::Sub, late);
    street.seconds(7, 12);
    let seen = viewer.watch(&street);
    assert_eq!(seen.first(), Some(&5));
    assert!(seen.contains(&11), "and goes on: {seen:?}");
    assert!(viewer.opens(&street).iter().all(|begin| *begin >= 5));
}

#[test]
fn places_are_bounded_and_come_back() {
    let mut street = Street::new();
    let mut all: Vec<_> = (0..SEATS_PER_CAMERA).map(|_| street.sit(900)).collect();
    let one_more = PersonId("one.more".into());
    let more = |street: &mut Street| street.seat(&one_more, CAMERA, 900);
    assert!(matches!(more(&mut street), Err(Fault::Busy(_))));
    all.pop();
    let again = more(&mut street);
    assert!(again.is_ok());
    drop(again);
    drop(all);
    let gallery = Arc::clone(&street.kit.gallery);
    assert!(!gallery.watched(CAMERA));
    assert_eq!(gallery.taken.load(Ordering::Relaxed), 0);
}

#[test]
fn nobody_takes_the_places_of_others() {
    let mut street = Street::new();
    let person = |n: usize| PersonId(format!("person.{n}"));
    let camera = |n: usize| CameraId(u32::try_from(n).unwrap());
    let mut seats = Vec::new();
    // Four people with four cameras each: everything is taken.
    for n in 0..SEATS_MAX {
        let (who, what) = (person(n / SEATS_PER_PERSON), camera(n));
        seats.push(street.seat(&who, what, 900).unwrap());
    }
    let fifth = street.seat(&person(0), camera(99), 900);
    assert!(
        matches!(fifth, Err(Fault::Busy(_))),
        "one person, five cameras"
    );
    let gallery = Arc::clone(&street.kit.gallery);
    // The same camera again: the newer picture takes the older one's place.
    let again = street.seat(&person(0), camera(0), 900).unwrap();
    assert_eq!(gallery.of(camera(0)).len(), 1);
    // Somebody new gets the oldest place of whoever has most.
    let newcomer = street.seat(&person(9), camera(50), 900);
    assert!(newcomer.is_ok());
    assert_eq!(gallery.taken.load(Ordering::Relaxed), SEATS_MAX);
    drop((again, newcomer, seats));
    assert_eq!(gallery.taken.load(Ordering::Relaxed), 0);
}
