//! Pieces from outside: what a camera sent is in them byte for byte, in the right places, and a
//! second reader (ffprobe) agrees.

#![expect(
    clippy::unwrap_used,
    clippy::print_stdout,
    reason = "helpers of tests; skips are told"
)]

use std::process::{Command, Stdio};

use loggia_model::At;
use loggia_video::fmp4::{self, Piece};
use loggia_video::{Assembler, Codec, Depacketizer, Gop, NalKind, ParameterSets};
use proptest::prelude::*;

/// Real parameter sets of x264: 320×240, high profile.
const SPS: &str = "6764000dacd94141fb011000000300100000030320f1429960";
const PPS: &str = "68ebe3cb22c0";

fn bytes(hexadecimal: &str) -> Vec<u8> {
    hex::decode(hexadecimal.replace(' ', "")).unwrap()
}

fn sets() -> ParameterSets {
    ParameterSets {
        codec: Codec::H264,
        vps: vec![],
        sps: bytes(SPS),
        pps: bytes(PPS),
    }
}

/// One RTP payload per NAL unit, or fragments of at most `mtu` bytes (RFC 6184, RFC 7798).
fn packets(codec: Codec, nal: &[u8], mtu: usize) -> Vec<Vec<u8>> {
    if nal.len() <= mtu {
        return vec![nal.to_vec()];
    }
    let (head, body) = nal.split_at(codec.header_len());
    let chunks: Vec<_> = body.chunks(mtu).collect();
    let last = chunks.len() - 1;
    chunks
        .iter()
        .enumerate()
        .map(|(i, chunk)| {
            let ends = u8::from(i == 0) << 7 | u8::from(i == last) << 6;
            let mut packet = match codec {
                Codec::H264 => vec![head[0] & 0xe0 | 28, ends | head[0] & 0x1f],
                Codec::H265 => vec![
                    head[0] & 0x81 | 49 << 1,
                    head[1],
                    ends | head[0] >> 1 & 0x3f,
                ],
            };
            packet.extend_from_slice(chunk);
            packet
        })
        .collect()
}

/// Feeds access units (ticks, NAL units) and gives the GOPs.
fn run(sets: ParameterSets, units: &[(i64, Vec<Vec<u8>>)], mtu: usize) -> Vec<Gop> {
    let codec = sets.codec;
    let mut assembler = Assembler::new(sets);
    let mut depacketizer = Depacketizer::new(codec);
    let mut gops = Vec::new();
    for (ticks, nals) in units {
        let at = At(ticks * 100 / 9);
        for nal in nals {
            for packet in packets(codec, nal, mtu) {
                assembler.packet(*ticks, at);
                depacketizer.push(&packet, &mut assembler).unwrap();
                gops.extend(assembler.take());
            }
        }
        assembler.mark();
        gops.extend(assembler.take());
    }
    gops.extend(assembler.finish(At(units.last().unwrap().0 * 100 / 9)));
    gops
}

fn nals_of(piece: &Piece<'_>) -> Vec<Vec<u8>> {
    piece
        .samples
        .iter()
        .flat_map(|s| s.nals().unwrap())
        .map(<[u8]>::to_vec)
        .collect()
}

/// A GOP of `n` pictures with a SEI before each, and parameter sets before the first.
fn gop(first_ticks: i64, n: i64, fill: u8) -> Vec<(i64, Vec<Vec<u8>>)> {
    (0..n)
        .map(|i| {
            let kind = if i == 0 { 0x65 } else { 0x41 };
            let len = if i == 0 { 5_000 } else { 900 };
            let mut nals = vec![[vec![0x06, 0x05], vec![fill; 20]].concat()];
            if i == 0 {
                nals.splice(0..0, [vec![0x09, 0x10], bytes(SPS), bytes(PPS)]);
            }
            nals.push([vec![kind], vec![fill ^ u8::try_from(i).unwrap(); len]].concat());
            (first_ticks + i * 3_600, nals)
        })
        .collect()
}

#[test]
fn a_gop_is_a_piece_and_keeps_every_nal_unit() {
    let units = [gop(0, 25, 1), gop(90_000, 25, 2), gop(180_000, 7, 3)].concat();
    let gops = run(ParameterSets::new(Codec::H264), &units, 1_400);
    assert_eq!(gops.len(), 3);
    let sent: Vec<_> = units.iter().flat_map(|(_, nals)| nals.clone()).collect();
    let mut stored = Vec::new();
    let mut decode_time = 0;
    for gop in &gops {
        let piece = fmp4::read(gop.draft.written()).unwrap();
        assert_eq!((piece.codec, piece.timescale), (Codec::H264, 90_000));
        assert_eq!((piece.width, piece.height), (320, 240));
        assert_eq!(piece.decode_time, decode_time);
        assert!(gop.key && piece.samples[0].key && piece.samples[1..].iter().all(|s| !s.key));
        decode_time += piece
            .samples
            .iter()
            .map(|s| u64::from(s.duration))
            .sum::<u64>();
        stored.extend(nals_of(&piece));
    }
    assert_eq!(stored, sent);
    assert_eq!((gops[0].begin, gops[0].end), (At(0), At(1_000_000)));
    assert_eq!(gops[1].ticks, 90_000);
}

#[test]
fn parameter_sets_out_of_band_are_in_the_sample_entry_only() {
    let mut units = gop(0, 3, 1);
    units[0].1.drain(..3);
    let gops = run(sets(), &units, 1_400);
    let file = gops[0].draft.written();
    let piece = fmp4::read(file).unwrap();
    assert_eq!(nals_of(&piece).len(), 6);
    assert!(file.windows(4).any(|w| w == b"avc1"));
    assert!(
        file.windows(SPS.len() / 2 - 1)
            .any(|w| bytes(SPS).starts_with(w))
    );
    assert_eq!(gops[0].init.rfc6381, "avc1.64000d");
}

#[test]
fn before_the_first_key_picture_nothing_is_kept() {
    let late = [gop(0, 10, 1).split_off(4), gop(36_000, 5, 2)].concat();
    let gops = run(ParameterSets::new(Codec::H264), &late, 1_400);
    assert_eq!(gops.len(), 1);
    assert_eq!((gops[0].ticks, gops[0].samples), (36_000, 5));
}

#[test]
fn a_stretched_gop_is_cut_by_time_and_size() {
    let units = gop(0, 250, 1);
    let gops = run(ParameterSets::new(Codec::H264), &units, 1_400);
    assert_eq!(
        gops.iter().map(|g| g.samples).collect::<Vec<_>>(),
        [100, 100, 50]
    );
    assert_eq!(
        gops.iter().map(|g| g.key).collect::<Vec<_>>(),
        [true, false, false]
    );
    let big = |i: i64| {
        (
            i * 3_600,
            vec![[vec![if i == 0 { 0x65 } else { 0x41 }], vec![7; 900_000]].concat()],
        )
    };
    let units: Vec<_> = (0..10).map(big).collect();
    let gops = run(sets(), &units, 1_400);
    assert!(gops.len() >= 3 && gops.iter().all(|g| g.media_bytes <= 4_000_000));
    let stored: usize = gops
        .iter()
        .map(|g| nals_of(&fmp4::read(g.draft.written()).unwrap()).len())
        .sum();
    assert_eq!(stored, 10);
}

#[test]
fn b_pictures_get_composition_offsets() {
    let nal = |kind| vec![vec![kind; 50]];
    let units = [
        (0, nal(0x65)),
        (10_800, nal(0x41)),
        (3_600, nal(0x01)),
        (7_200, nal(0x01)),
        (14_400, nal(0x65)),
    ];
    let gops = run(sets(), &units, 1_400);
    let piece = fmp4::read(gops[0].draft.written()).unwrap();
    let shown: Vec<_> = piece
        .samples
        .iter()
        .scan(0i64, |dts, s| {
            let at = *dts + i64::from(s.composition);
            *dts += i64::from(s.duration);
            Some(at)
        })
        .collect();
    assert_eq!(shown, [0, 10_800, 3_600, 7_200]);
}

#[test]
fn a_lost_packet_costs_one_picture() {
    let mut assembler = Assembler::new(sets());
    let mut depacketizer = Depacketizer::new(Codec::H264);
    let slice = |kind: u8| [vec![kind], vec![9; 4_000]].concat();
    for (i, kind) in [0x65, 0x41, 0x41, 0x41].into_iter().enumerate() {
        let ticks = i64::try_from(i).unwrap() * 3_600;
        for (j, packet) in packets(Codec::H264, &slice(kind), 1_000).iter().enumerate() {
            if (i, j) == (1, 2) {
                depacketizer.lost();
                assembler.give_up_unit();
                continue;
            }
            assembler.packet(ticks, At(ticks));
            if depacketizer.push(packet, &mut assembler).is_err() {
                assembler.give_up_unit();
            }
        }
        assembler.mark();
    }
    let gop = assembler.finish(At(0)).unwrap();
    let piece = fmp4::read(gop.draft.written()).unwrap();
    assert_eq!(
        piece.samples.iter().map(|s| s.duration).collect::<Vec<_>>(),
        [7_200, 3_600, 3_600]
    );
    assert!(nals_of(&piece).iter().all(|n| n.len() == 4_001));
}

#[test]
fn an_altered_piece_is_refused_or_read_but_never_harms() {
    let gops = run(sets(), &gop(0, 5, 1), 1_400);
    let file = gops[0].draft.written();
    for at in 0..1_400.min(file.len()) {
        for value in [0, 1, 0x7f, 0xff] {
            let mut bad = file.to_vec();
            bad[at] = value;
            if let Ok(piece) = fmp4::read(&bad) {
                for sample in &piece.samples {
                    let _ = sample.nals();
                }
            }
        }
        assert!(fmp4::read(&file[..at]).is_err());
    }
}

proptest! {
    #[test]
    fn noise_never_harms_a_parser(noise in prop::collection::vec(any::<u8>(), 0..600)) {
        let _ = fmp4::read(&noise);
        for codec in [Codec::H264, Codec::H265] {
            let mut sets = ParameterSets::new(codec);
            sets.sps.clone_from(&noise);
            let _ = sets.picture();
            let mut assembler = Assembler::new(ParameterSets::new(codec));
            let mut depacketizer = Depacketizer::new(codec);
            for (i, packet) in noise.chunks(37).enumerate() {
                assembler.packet(i64::from(noise[0]) * i64::try_from(i).unwrap(), At(0));
                if depacketizer.push(packet, &mut assembler).is_err() {
                    assembler.give_up_unit();
                }
                if noise[0] & 1 == 1 {
                    assembler.mark();
                }
                let _ = assembler.take();
            }
            let _ = assembler.finish(At(1));
        }
    }
}

/// NAL units of an Annex B stream.
fn annex_b(stream: &[u8]) -> Vec<Vec<u8>> {
    let mut starts = Vec::new();
    for at in 0..stream.len().saturating_sub(3) {
        if stream[at..at + 3] == [0, 0, 1] {
            starts.push(at + 3);
        }
    }
    let mut nals = Vec::new();
    for (i, start) in starts.iter().enumerate() {
        let end = starts.get(i + 1).map_or(stream.len(), |next| next - 3);
        let mut nal = &stream[*start..end];
        while let Some((0, rest)) = nal.split_last() {
            nal = rest;
        }
        nals.push(nal.to_vec());
    }
    nals
}

/// Groups NAL units into access units: each slice ends one (the films have one slice a picture).
fn access_units(codec: Codec, nals: Vec<Vec<u8>>) -> Vec<(i64, Vec<Vec<u8>>)> {
    let mut units = vec![(0, Vec::new())];
    for nal in nals {
        let slice = matches!(codec.kind(nal[0]), NalKind::Slice | NalKind::KeySlice);
        let at = units.len() as i64;
        units.last_mut().unwrap().1.push(nal);
        if slice {
            units.push((at * 3_600, Vec::new()));
        }
    }
    units.pop();
    units
}

fn film(codec: Codec, dir: &std::path::Path) -> Option<Vec<u8>> {
    let (encoder, options, muxer) = match codec {
        Codec::H264 => (
            "libx264",
            ["-x264-params", "slices=1:keyint=25:bframes=0"],
            "h264",
        ),
        Codec::H265 => (
            "libx265",
            ["-x265-params", "keyint=25:bframes=0:log-level=none"],
            "hevc",
        ),
    };
    let out = dir.join(format!("film.{muxer}"));
    let made = Command::new("ffmpeg")
        .args([
            "-v",
            "error",
            "-y",
            "-f",
            "lavfi",
            "-i",
            "testsrc2=size=416x240:rate=25",
        ])
        .args(["-frames:v", "60", "-pix_fmt", "yuv420p", "-c:v", encoder])
        .args(options)
        .args(["-f", muxer])
        .arg(&out)
        .stderr(Stdio::null())
        .status();
    made.is_ok_and(|s| s.success())
        .then(|| std::fs::read(out).unwrap())
}

#[test]
fn a_second_reader_plays_each_piece_alone() {
    let dir = tempfile::tempdir().unwrap();
    for codec in [Codec::H264, Codec::H265] {
        let Some(stream) = film(codec, dir.path()) else {
            println!(
                "skipped: ffmpeg with an encoder for {} is not there",
                codec.name()
            );
            continue;
        };
        let units = access_units(codec, annex_b(&stream));
        assert_eq!(units.len(), 60);
        let gops = run(ParameterSets::new(codec), &units, 1_400);
        assert_eq!(
            gops.iter().map(|g| g.samples).collect::<Vec<_>>(),
            [25, 25, 10]
        );
        for (i, gop) in gops.iter().enumerate() {
            let file = dir.path().join(format!("{i}.mp4"));
            std::fs::write(&file, gop.draft.written()).unwrap();
            let probe = Command::new("ffprobe")
                .args([
                    "-v",
                    "error",
                    "-count_frames",
                    "-select_streams",
                    "v:0",
                    "-of",
                    "csv=p=0",
                ])
                .args(["-show_entries", "stream=width,height,nb_read_frames"])
                .arg(&file)
                .output()
                .unwrap();
            assert!(
                probe.stderr.is_empty(),
                "{}",
                String::from_utf8_lossy(&probe.stderr)
            );
            let told = String::from_utf8(probe.stdout).unwrap();
            assert_eq!(
                told.trim().trim_end_matches(','),
                format!("416,240,{}", gop.samples)
            );
        }
        let stored: Vec<_> = gops
            .iter()
            .flat_map(|g| nals_of(&fmp4::read(g.draft.written()).unwrap()))
            .collect();
        let sent: Vec<_> = units.into_iter().flat_map(|(_, nals)| nals).collect();
        assert!(stored == sent, "{}: NAL units differ", codec.name());
    }
}
