//! Exports that whoever holds the opened keys could file in good order, logged and with a manifest
//! that fits: footage cut out, moved, doubled or grafted in, another picture in the clip, another
//! file in the ZIP. Both checkers refuse each by name.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use loggia_model::CameraId;
use loggia_policy::Request;
use loggia_seal::{Kind, Record};
use serde_json::json;

use crate::bundle::{files_refused, refused, zipped_bytes};
use crate::city::verify;
use crate::city::{Ground, until};
use crate::opening::{Opened, Requester};
use crate::resealed::{named, resealed};

type Files = Vec<(String, Vec<u8>)>;
/// A sealed record's camera, span, place and bytes.
type Row = (CameraId, u64, u64, Kind, Vec<u8>);

fn rows(mut sealed: &[u8]) -> Vec<Row> {
    let mut out = Vec::new();
    while !sealed.is_empty() {
        let Ok((record, after)) = Record::parse(sealed) else {
            break;
        };
        let h = record.header();
        let bytes = sealed[..sealed.len() - after.len()].to_vec();
        out.push((h.camera, h.span.map_or(0, |s| s.0), h.seq, h.kind, bytes));
        sealed = after;
    }
    out
}

fn bytes(rows: &[Row]) -> Vec<u8> {
    rows.iter().flat_map(|r| r.4.clone()).collect()
}

impl Opened {
    /// The recipient or the exhibit.
    pub fn said(&self, what: &str) -> String {
        let own = match what {
            "recipient" => "District court",
            _ => "E-1",
        };
        self.words.get(what).map_or(own, String::as_str).to_owned()
    }
}

impl Requester<'_> {
    /// Camera, first and last span of the request's n-th line.
    fn range(&self, n: usize) -> (CameraId, u64, u64) {
        let asked = &Request::parse(&self.json).unwrap().camera_spans[n];
        (asked.camera, asked.first.0, asked.last.0)
    }

    /// What these records hold, whatever their order.
    fn reopened(&self, sealed: &[u8]) -> Opened {
        let released = self.released().expect("both groups have released");
        let footage = self.city.get(&self.cookie, &self.path("/footage")).json();
        let mut opened = Opened::new(footage["recorder_keys"].clone());
        let (mut rest, mut key) = (sealed, None);
        while !rest.is_empty() {
            let (record, after) = Record::parse(rest).unwrap();
            self.decrypt(&record, &mut key, &released, &mut opened);
            rest = after;
        }
        opened.sealed = sealed.to_vec();
        opened
    }
}

/// Every forgery of this file.
pub fn forgeries_are_refused(asked: &Requester<'_>, opened: &Opened, ground: &Ground) {
    another_recorder_is_named(asked, opened, ground);
    spans_are_held_to_the_request(asked, opened, ground);
    pictures_are_held_to_the_seals(asked, opened, ground);
    names_and_words_are_plain(asked, opened, ground);
}

/// The records sealed anew with another recorder's key, truly exported and truly in the log: both
/// checkers name the key, whichever entry it is shown under.
fn another_recorder_is_named(asked: &Requester<'_>, opened: &Opened, ground: &Ground) {
    let (sealed, own) = resealed(&opened.sealed, &opened.shares);
    let mut forged = Opened {
        sealed,
        recorders: named(own, &opened.recorders),
        ..opened.clone()
    };
    let word = format!("recorder key {}", own.key_id());
    refused(&asked.export(&forged), ground, &word);
    // Under an entry of another kind (the first is the city's setting up), and beside the true key.
    forged.recorders[0]["entry_index"] = json!(0);
    refused(&asked.export(&forged), ground, &word);
    let both = [&opened.recorders[0], &named(own, &opened.recorders)[0]];
    forged.recorders = json!(both);
    refused(&asked.export(&forged), ground, &word);
}

/// The span behind the last one asked for, from the city's own disk.
fn neighbour(ground: &Ground, camera: CameraId, span: u64) -> Vec<Row> {
    fn segments(dir: &Path, out: &mut Vec<PathBuf>) {
        for entry in std::fs::read_dir(dir).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                segments(&path, out);
            } else if path.extension().is_some_and(|e| e == "seg") {
                out.push(path);
            }
        }
    }
    until("the neighbour lies on the disk", || {
        let mut files = Vec::new();
        segments(&ground.data().join("blobs"), &mut files);
        let all = files.iter().flat_map(|f| rows(&std::fs::read(f).unwrap()));
        let mut own: Vec<Row> = all.filter(|r| (r.0, r.1) == (camera, span)).collect();
        own.sort_by_key(|r| r.2);
        own.iter().any(|r| r.3 == Kind::Manifest).then_some(own)
    })
}

/// Footage left out of, moved in, or added to what was asked for.
fn spans_are_held_to_the_request(asked: &Requester<'_>, opened: &Opened, ground: &Ground) {
    let all = rows(&opened.sealed);
    let (camera, first, last) = asked.range(0);
    assert!(last - first >= 2, "a span between two others");
    let of = |span: u64| {
        let own = |r: &&Row| (r.0, r.1) == (camera, span);
        all.iter().filter(own).cloned().collect::<Vec<Row>>()
    };
    let (own, others): (Vec<Row>, Vec<Row>) = all.iter().cloned().partition(|r| r.0 == camera);
    let put = |own: &[Row], word: &str| {
        let forged = asked.reopened(&[bytes(own), bytes(&others)].concat());
        refused(&asked.export(&forged), ground, word);
    };
    let without = |out: &dyn Fn(&Row) -> bool| {
        let kept = own.iter().filter(|r| !out(r));
        kept.cloned().collect::<Vec<Row>>()
    };
    put(&without(&|r| r.1 == first + 1), "seal broken");
    put(
        &without(&|r| r.1 == first),
        &format!("span {first} is missing"),
    );
    put(
        &without(&|r| r.1 == last),
        &format!("span {last} is missing"),
    );
    let ends = |r: &Row| r.1 == last && r.3 == Kind::Manifest;
    put(&without(&ends), &format!("span {last} is not whole"));
    // The first records of each span alone.
    put(
        &without(&|r| r.3 == Kind::Manifest || of(r.1).iter().skip(3).any(|o| o.2 == r.2)),
        "seal broken",
    );
    let reversed: Vec<Row> = (first..=last).rev().flat_map(&of).collect();
    put(&reversed, "seal broken");
    put(&[of(first), own.clone()].concat(), "seal broken");
    put(&[own.clone(), of(last)].concat(), "seal broken");
    // Of another request, in its place in the chain.
    let graft = neighbour(ground, camera, last + 1);
    let mut forged = opened.clone();
    forged.sealed = [bytes(&own), bytes(&graft), bytes(&others)].concat();
    refused(&asked.export(&forged), ground, "was not asked for");
}

fn mp4_box(kind: &[u8; 4], parts: &[&[u8]]) -> Vec<u8> {
    let body = parts.concat();
    let size = u32::try_from(body.len() + 8).unwrap().to_be_bytes();
    [&size[..], kind, &body].concat()
}

fn boxes(mut mp4: &[u8]) -> Vec<([u8; 4], Vec<u8>)> {
    let mut out = Vec::new();
    while !mp4.is_empty() {
        let size = u32::from_be_bytes(mp4[..4].try_into().unwrap()) as usize;
        out.push((mp4[4..8].try_into().unwrap(), mp4[..size].to_vec()));
        mp4 = &mp4[size..];
    }
    out
}

fn find(bytes: &[u8], word: &[u8; 4]) -> usize {
    bytes.windows(4).position(|w| w == word).unwrap() + 4
}

fn u32_at(bytes: &[u8], at: usize) -> u32 {
    u32::from_be_bytes(bytes[at..at + 4].try_into().unwrap())
}

/// What the browser makes of one camera's pieces (web/src/clip/mp4.ts): each with its begin.
pub fn clip(pieces: &[(i64, Vec<u8>)]) -> Vec<u8> {
    const EPOCH_1601_US: i64 = 11_644_473_600_000_000;
    let (origin, mut end, mut sequence, mut out) = (pieces[0].0, None, 0_u32, Vec::new());
    for (begin, piece) in pieces {
        let parts = boxes(piece);
        let of = |kind: &[u8; 4]| parts.iter().find(|p| p.0 == *kind).unwrap().1.clone();
        let moov = of(b"moov");
        let at = find(&moov, b"mdhd");
        let wide = if moov[at] == 1 { 20 } else { 12 };
        let scale = f64::from(u32_at(&moov, at + wide));
        if out.is_empty() {
            let ticks = ((origin + EPOCH_1601_US) * 10).to_be_bytes();
            let cstb = mp4_box(b"cstb", &[&[0, 0, 0, 1, 0, 0, 0, 1], &ticks]);
            let hdlr = mp4_box(b"hdlr", &[&[0; 8], b"null", &[0; 13]]);
            let suep = mp4_box(b"suep", &[&[1, 0, 0, 0], b"Loggia\0"]);
            out.extend(of(b"ftyp"));
            out.extend(mp4_box(b"meta", &[&[0; 4], &hdlr, &suep, &cstb]));
            out.extend(moov);
        }
        let wanted = f64::from(i32::try_from(begin - origin).unwrap());
        let start: f64 = match end {
            Some(end) if f64::abs(wanted - end) < 250_000.0 => end,
            other => wanted.max(other.unwrap_or(0.0)),
        };
        sequence += 1;
        let mut moof = of(b"moof");
        let at = find(&moof, b"mfhd") + 4;
        moof[at..at + 4].copy_from_slice(&sequence.to_be_bytes());
        let at = find(&moof, b"tfdt");
        let wide = if moof[at] == 1 { 8 } else { 4 };
        let time = format!("{:.0}", (start / 1e6 * scale).round());
        let time = time.parse::<u64>().unwrap().to_be_bytes();
        moof[at + 4..at + 4 + wide].copy_from_slice(&time[8 - wide..]);
        let at = find(&moof, b"trun");
        let flags = u32_at(&moof, at);
        let step = 4 * [0x100, 0x200, 0x400, 0x800]
            .iter()
            .filter(|f| flags & **f != 0)
            .count();
        let table = at + 8 + 4 * [1, 4].iter().filter(|f| flags & **f != 0).count();
        let samples = 0..u32_at(&moof, at + 4) as usize;
        let ticks: u32 = samples.map(|i| u32_at(&moof, table + step * i)).sum();
        end = Some(start + f64::from(ticks) / scale * 1e6);
        out.extend(moof);
        out.extend(of(b"mdat"));
    }
    out
}

/// A clip that holds every sealed media byte, and shows something else.
fn pictures_are_held_to_the_seals(asked: &Requester<'_>, opened: &Opened, ground: &Ground) {
    let (camera, pieces) = opened.pieces.iter().next().unwrap();
    let own = boxes(&clip(pieces));
    let join = |parts: &[([u8; 4], Vec<u8>)]| parts.iter().flat_map(|p| p.1.clone()).collect();
    let put = |clip: Vec<u8>| {
        let mut forged = opened.clone();
        forged.clips = BTreeMap::from([(*camera, clip)]);
        refused(&asked.export(&forged), ground, "not what was sealed");
    };
    // Another camera's whole clip, its media in a `free` box, and all genuine bytes in one `mdat`.
    let mut foreign = boxes(&clip(opened.pieces.values().next_back().unwrap()));
    let mdats = |parts: &[([u8; 4], Vec<u8>)]| -> Vec<u8> {
        let all = parts.iter().filter(|p| p.0 == *b"mdat");
        all.flat_map(|p| p.1[8..].to_vec()).collect()
    };
    for part in foreign.iter_mut().filter(|p| p.0 == *b"mdat") {
        *part = (*b"free", mp4_box(b"free", &[&part.1[8..]]));
    }
    foreign.push((*b"mdat", mp4_box(b"mdat", &[&mdats(&own)])));
    put(join(&foreign));
    // The same under the genuine movie header, and such a box added behind everything.
    let mut bare: Vec<_> = own.iter().take(3).cloned().collect();
    bare.push((*b"mdat", mp4_box(b"mdat", &[&mdats(&own)])));
    put(join(&bare));
    put([join(&own), mp4_box(b"free", &[b"a picture"])].concat());
    let alter = |nth: usize, change: &dyn Fn(&mut Vec<u8>)| {
        let mut parts = own.clone();
        change(&mut parts[nth].1);
        put(join(&parts));
    };
    // The movie header: an edit list in the place of the track's media, the codec's settings.
    alter(2, &|moov| {
        let at = find(moov, b"stsd");
        moov[at + 40] ^= 1;
    });
    // When it was: the start time; the second fragment's place; a sample's length; its number.
    alter(1, &|meta| *meta.last_mut().unwrap() ^= 1);
    alter(5, &|moof| {
        let at = find(moof, b"tfdt");
        moof[at + 6] ^= 1;
    });
    alter(5, &|moof| {
        let at = find(moof, b"trun");
        moof[at + 15] ^= 1;
    });
    alter(5, &|moof| {
        let at = find(moof, b"mfhd");
        moof[at + 7] ^= 1;
    });
    // A fragment left out, two exchanged.
    let mut parts = own.clone();
    parts.drain(3..5);
    put(join(&parts));
    let mut parts = own;
    parts.swap(3, 5);
    parts.swap(4, 6);
    put(join(&parts));
}

/// Some programs look for the end of a ZIP from its last bytes, some take the first that fits.
fn another_zip_in_the_comment(files: &Files, ground: &Ground) {
    let other = zipped_bytes(&[("clip.mp4".to_owned(), b"another".to_vec())]);
    let path = ground.root().join("hidden.zip");
    // With places of its own, and moved so that they are right in the whole file.
    for moved in [false, true] {
        let mut raw = zipped_bytes(files);
        let end = raw.len();
        raw[end - 2..].copy_from_slice(&u16::try_from(other.len()).unwrap().to_le_bytes());
        raw.extend_from_slice(&other);
        if moved {
            let at = raw.len() - 6;
            let start = u32::from_le_bytes(raw[at..at + 4].try_into().unwrap());
            let start = start + u32::try_from(end).unwrap();
            raw[at..at + 4].copy_from_slice(&start.to_le_bytes());
        }
        std::fs::write(&path, raw).unwrap();
        let (holds, words) = verify(&path, None);
        assert!(!holds, "{moved}: {words}");
        std::fs::remove_file(&path).unwrap();
    }
}

/// Names that two programs read as two things, files that nobody listed, words that fake a verdict.
fn names_and_words_are_plain(asked: &Requester<'_>, opened: &Opened, ground: &Ground) {
    let files = asked.export(opened);
    for name in [
        "Manifest.json",
        "clip/../x",
        "a\\b",
        "clip.mp4",
        "note\u{1b}[2J.txt",
    ] {
        let mut more: Files = files.clone();
        more.push((name.to_owned(), b"more".to_vec()));
        refused(&more, ground, "manifest.json does not list");
    }
    // Listed and logged, but no file that an exporter writes.
    let mut forged = opened.clone();
    forged.more = vec![("clip-true.mp4".to_owned(), b"another".to_vec())];
    refused(&asked.export(&forged), ground, "manifest.json lists");
    // In the raw ZIP: another name in the local header; one name twice.
    let zip = zipped_bytes(&files);
    // The first place is the local header's; the directory stands at the end.
    let mut changed = zip;
    let at = changed.windows(9).position(|w| w == b"keys.json").unwrap();
    changed[at + 2] = b'x';
    files_refused(&changed, ground, "header");
    let mut twice: Files = files.clone();
    twice.push(("kexs.json".to_owned(), b"{}".to_vec()));
    let mut raw = zipped_bytes(&twice);
    while let Some(at) = raw.windows(9).position(|w| w == b"kexs.json") {
        raw[at..at + 9].copy_from_slice(b"keys.json");
    }
    files_refused(&raw, ground, "duplicate file names");
    another_zip_in_the_comment(&files, ground);
    for (what, words) in [
        ("recipient", "A court\neverything that was checked holds"),
        ("exhibit", "E-1\u{1b}[2K"),
        ("exhibit", "E-\u{202e}1"),
    ] {
        let mut forged = opened.clone();
        forged.words.insert(what, words.to_owned());
        refused(
            &asked.export(&forged),
            ground,
            &format!("{what} is not one line"),
        );
    }
}
