//! Reads a film out of an MP4 (ISO/IEC 14496-12): sample table, decoding and composition times.
//! Never reads fragments and never takes another track than the first H.264 or H.265 one.

use bytes::{Buf as _, Bytes};
use mp4_atom::{Atom as _, Codec as Entry, Decode as _, DecodeAtom as _, Header, Moov, Stbl};
use mp4_atom::{StszSamples, Trak};

use crate::Error;
use crate::film::{AccessUnit, Film, TICKS_PER_S};
use crate::nal::Codec;

/// Most samples that are read: ten hours at 30 frames per second.
const SAMPLES_MAX: u64 = 1_080_000;

pub(crate) fn read(name: String, file: Bytes) -> Result<Film, Error> {
    let wrong = |why: &str| Error::Film {
        name: name.clone(),
        why: why.into(),
    };
    let moov = find_moov(&file).ok_or_else(|| wrong("no readable `moov` box in it"))?;
    let (track, codec, sets, length_size) = moov
        .trak
        .iter()
        .find_map(video)
        .ok_or_else(|| wrong("no H.264 or H.265 track in it"))?;
    let stbl = &track.mdia.minf.stbl;
    let sizes = sizes(stbl).ok_or_else(|| wrong("too many samples"))?;
    let offsets = offsets(stbl, &sizes).ok_or_else(|| wrong("sample table does not agree"))?;
    let scale = u64::from(track.mdia.mdhd.timescale.max(1));
    let ticks = |t: i64| {
        let t = i128::from(t) * i128::from(TICKS_PER_S) / i128::from(scale);
        u32::try_from(t.max(0)).unwrap_or(u32::MAX)
    };
    let (times, length) = times(stbl, sizes.len());
    let mut units = Vec::with_capacity(sizes.len());
    for ((size, offset), (send, show)) in sizes.iter().zip(offsets).zip(times) {
        let sample = usize::try_from(offset)
            .ok()
            .and_then(|o| Some(o..o.checked_add(*size as usize)?))
            .filter(|r| r.end <= file.len())
            .map(|r| file.slice(r))
            .ok_or_else(|| wrong("a sample lies outside the file"))?;
        let nals = split_lengths(sample, length_size).ok_or_else(|| wrong("a torn sample"))?;
        let unit: AccessUnit = Film::unit(codec, nals, ticks(send), ticks(show));
        units.push(unit);
    }
    Film::new(name, codec, sets, units, ticks(length))
}

fn find_moov(file: &[u8]) -> Option<Moov> {
    let mut rest = file;
    while !rest.is_empty() {
        let header = Header::decode(&mut rest).ok()?;
        let (mut inside, after) = rest.split_at_checked(header.size.unwrap_or(rest.len()))?;
        if header.kind == Moov::KIND {
            return Moov::decode_atom(&header, &mut inside).ok();
        }
        rest = after;
    }
    None
}

type Video<'a> = (&'a Trak, Codec, Vec<Bytes>, usize);

fn video(track: &Trak) -> Option<Video<'_>> {
    let own = |sets: &[Vec<u8>]| {
        sets.iter()
            .map(|s| Bytes::from(s.clone()))
            .collect::<Vec<_>>()
    };
    track
        .mdia
        .minf
        .stbl
        .stsd
        .codecs
        .iter()
        .find_map(|entry| match entry {
            Entry::Avc1(mp4_atom::Avc1 { avcc, .. }) | Entry::Avc3(mp4_atom::Avc3 { avcc, .. }) => {
                let mut sets = own(&avcc.sequence_parameter_sets);
                sets.extend(own(&avcc.picture_parameter_sets));
                Some((track, Codec::H264, sets, usize::from(avcc.length_size)))
            }
            Entry::Hvc1(mp4_atom::Hvc1 { hvcc, .. }) | Entry::Hev1(mp4_atom::Hev1 { hvcc, .. }) => {
                let sets = hvcc
                    .arrays
                    .iter()
                    .filter(|a| (32..=34).contains(&a.nal_unit_type));
                let sets = sets.flat_map(|a| own(&a.nalus)).collect();
                Some((
                    track,
                    Codec::H265,
                    sets,
                    usize::from(hvcc.length_size_minus_one) + 1,
                ))
            }
            _ => None,
        })
}

fn sizes(stbl: &Stbl) -> Option<Vec<u32>> {
    match &stbl.stsz.samples {
        StszSamples::Identical { count, .. } if u64::from(*count) > SAMPLES_MAX => None,
        StszSamples::Identical { count, size } => Some(vec![*size; *count as usize]),
        StszSamples::Different { sizes } => Some(sizes.clone()),
    }
}

/// Where each sample starts: chunks' places (`stco`/`co64`) by samples per chunk (`stsc`).
fn offsets(stbl: &Stbl, sizes: &[u32]) -> Option<Vec<u64>> {
    let chunks: Vec<u64> = match (&stbl.stco, &stbl.co64) {
        (Some(stco), _) => stco.entries.iter().map(|o| u64::from(*o)).collect(),
        (None, Some(co64)) => co64.entries.clone(),
        (None, None) => return None,
    };
    let mut out = Vec::with_capacity(sizes.len());
    let mut runs = stbl.stsc.entries.iter().peekable();
    let mut per_chunk = 0;
    for (chunk, start) in (1u32..).zip(chunks) {
        while let Some(run) = runs.next_if(|r| r.first_chunk <= chunk) {
            per_chunk = run.samples_per_chunk;
        }
        let mut at = start;
        for _ in 0..per_chunk {
            let Some(size) = sizes.get(out.len()) else {
                break;
            };
            out.push(at);
            at = at.checked_add(u64::from(*size))?;
        }
    }
    (out.len() == sizes.len()).then_some(out)
}

/// Decoding and composition time of each sample, and the whole length, in the track's units.
fn times(stbl: &Stbl, samples: usize) -> (Vec<(i64, i64)>, i64) {
    let steps = stbl
        .stts
        .entries
        .iter()
        .flat_map(|e| std::iter::repeat_n(i64::from(e.sample_delta), e.sample_count as usize));
    let shifts = stbl
        .ctts
        .iter()
        .flat_map(|c| c.entries.iter())
        .flat_map(|e| std::iter::repeat_n(e.sample_offset, e.sample_count as usize))
        .chain(std::iter::repeat(0));
    let (mut at, mut out) = (0, Vec::with_capacity(samples));
    for (step, shift) in steps.zip(shifts).take(samples) {
        out.push((at, at + shift));
        at += step;
    }
    (out, at)
}

fn split_lengths(mut sample: Bytes, length_size: usize) -> Option<Vec<Bytes>> {
    let mut nals = Vec::new();
    while !sample.is_empty() {
        if sample.len() < length_size || !(1..=4).contains(&length_size) {
            return None;
        }
        let length = sample.get_uint(length_size);
        let length = usize::try_from(length)
            .ok()
            .filter(|n| *n <= sample.len())?;
        let nal = sample.split_to(length);
        if !nal.is_empty() {
            nals.push(nal);
        }
    }
    Some(nals)
}
