//! A span that a crash cut off can be asked for at once, opens as far as it came and shows how it
//! ended. Never waits for a manifest that will not come.

use loggia_model::{CameraId, GapReason};
use loggia_seal::{Kind, Track};
use serde_json::json;

use crate::bundle::python;
use crate::chains::{self, Link};
use crate::city::{City, Ground, PASSPHRASE, until, verify};
use crate::opening::Requester;

/// An H.264 camera.
const CAMERA: CameraId = CameraId(1);
/// Pieces of the open span at which the recorder is killed: in the middle of its twenty seconds.
const CUT_AT: core::ops::RangeInclusive<usize> = 4..=10;

fn is_picture(link: &&Link) -> bool {
    link.kind == Kind::Piece && link.track == Track::Main
}

/// Kills the recorder in the second span; that chain, with the gap that the next one signed.
fn cut_off(ground: &Ground) -> (City, Vec<Link>, usize) {
    let city = ground.start();
    until("the second span is half done", || {
        let chain = chains::read(&ground.data()).remove(&CAMERA)?;
        chain.iter().find(|l| l.kind == Kind::Manifest)?;
        let open = chain.rsplit(|l| l.kind == Kind::SpanOpen).next()?;
        CUT_AT
            .contains(&open.iter().filter(is_picture).count())
            .then_some(())
    });
    city.kill();
    let city = ground.start();
    let (chain, gap) = until("the next recorder signs the gap", || {
        let chain = chains::read(&ground.data()).remove(&CAMERA)?;
        let gap = chain
            .iter()
            .rposition(|l| l.gap == Some(GapReason::RecorderDown))?;
        Some((chain, gap))
    });
    (city, chain, gap)
}

/// Asks for the first span and the one that was cut off; both groups release them.
fn opened<'a>(city: &'a City, chain: &[Link], gap: usize) -> Requester<'a> {
    let cookie = city.become_person("p.lindqvist");
    let from = chain.iter().find(is_picture).unwrap().begin;
    let want = json!({ "cameras": [CAMERA.0], "from": from, "to": chain[gap - 1].end });
    let cover = city.post(&cookie, "/api/v1/spans/cover", &want).json();
    let asked = Requester::file_cover(city, cookie, &cover);
    for (person, act) in [
        ("a.korhonen", "approve"),
        ("k.virtanen", "release"),
        ("a.korhonen", "release"),
    ] {
        let answer = city.act(person, &asked.id.to_string(), act, PASSPHRASE);
        assert!(answer.status.is_success(), "{}", answer.text());
    }
    asked
}

#[test]
fn a_span_cut_by_a_crash_opens_as_far_as_it_came_with_its_gap() {
    let ground = Ground::new();
    let (city, chain, gap) = cut_off(&ground);
    assert_ne!(
        chain[gap - 1].kind,
        Kind::Manifest,
        "the crash cost the span its manifest"
    );
    let asked = opened(&city, &chain, gap);
    let footage = city.get(&asked.cookie, &asked.path("/footage")).json();
    let rows = footage["cameras"][0]["records"].as_array().unwrap();
    let last = rows.last().unwrap();
    assert_eq!(last["kind"], "gap", "the span's end is shown");
    assert_eq!(last["seq"], chain[gap].seq);

    let films = asked.open();
    let pieces = chain[..gap].iter().filter(is_picture).count();
    assert_eq!(films.pieces[&CAMERA].len(), pieces, "all that was filmed");
    let bundle = ground.root().join("bundle.zip");
    crate::bundle::zipped(&asked.export(&films), &bundle);
    for (who, (holds, words)) in [
        ("loggia", verify(&bundle, None)),
        ("python", python(&bundle)),
    ] {
        assert!(holds, "{who}: {words}");
    }
}
