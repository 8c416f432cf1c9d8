//! Writes the boxes around a GOP's samples, in the room that was left before them. Never copies the
//! samples (but for the rare GOP that has many more of them than the one before).

use mp4_atom::{
    Dinf, Dref, Encode, Ftyp, Hdlr, Mdhd, Mdia, Mfhd, Minf, Moof, Moov, Mvex, Mvhd, Stbl, Stsd,
    Tfdt, Tfhd, Tkhd, Traf, Trak, Trex, Trun, TrunEntry, Url, Vmhd,
};

use loggia_seal::Draft;

use crate::Error;
use crate::codec::{Codec, InBand, ParameterSets};
use crate::sps::Picture;

/// Timescale of the track: the RTP clock.
const TIMESCALE: u32 = 90_000;
/// `sample_depends_on` = 2: a picture from which decoding can start (8.8.3.1).
pub(super) const FLAGS_SYNC: u32 = 0x0200_0000;
/// `sample_depends_on` = 1, `sample_is_non_sync_sample` = 1.
const FLAGS_OTHER: u32 = 0x0101_0000;
const BOX_HEADER: usize = 8;

/// One access unit.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Sample {
    /// RTP time, ticks since the session began.
    pub ticks: i64,
    /// Bytes, length prefixes included.
    pub len: usize,
    /// Decoding can start here.
    pub key: bool,
}

/// The boxes before a stream's fragments: `ftyp` and `moov`.
#[derive(Debug, Clone, PartialEq)]
pub struct Init {
    /// The boxes.
    pub bytes: Vec<u8>,
    /// The codec.
    pub codec: Codec,
    /// Codec string (RFC 6381).
    pub rfc6381: String,
    /// What the sequence parameter set says.
    pub picture: Picture,
}

impl Init {
    /// For a stream with these parameter sets.
    ///
    /// # Errors
    /// [`Error::Bitstream`] when they cannot be read.
    pub fn new(sets: &ParameterSets, in_band: InBand) -> Result<Self, Error> {
        let picture = sets.picture()?;
        let ftyp = Ftyp {
            major_brand: b"iso6".into(),
            minor_version: 0,
            compatible_brands: vec![b"iso6".into(), b"mp41".into()],
        };
        let mut bytes = Vec::with_capacity(800);
        ftyp.encode(&mut bytes)?;
        moov(sets.sample_entry(in_band)?, &picture).encode(&mut bytes)?;
        Ok(Self {
            bytes,
            codec: sets.codec,
            rfc6381: sets.rfc6381(),
            picture,
        })
    }
}

fn moov(entry: mp4_atom::Codec, picture: &Picture) -> Moov {
    let stbl = Stbl {
        stsd: Stsd {
            codecs: vec![entry],
        },
        stco: Some(mp4_atom::Stco::default()),
        ..Stbl::default()
    };
    let minf = Minf {
        vmhd: Some(Vmhd::default()),
        dinf: Dinf {
            dref: Dref {
                entries: vec![mp4_atom::DrefEntry::Url(Url::default())],
            },
        },
        stbl,
        ..Minf::default()
    };
    let mdia = Mdia {
        mdhd: Mdhd {
            timescale: TIMESCALE,
            language: "und".to_owned(),
            ..Mdhd::default()
        },
        hdlr: Hdlr {
            handler: b"vide".into(),
            name: String::new(),
        },
        minf,
    };
    let tkhd = Tkhd {
        track_id: 1,
        enabled: true,
        in_movie: true,
        width: picture.width.into(),
        height: picture.height.into(),
        ..Tkhd::default()
    };
    Moov {
        mvhd: Mvhd {
            timescale: TIMESCALE,
            rate: 1u16.into(),
            volume: 1u8.into(),
            next_track_id: 2,
            ..Mvhd::default()
        },
        mvex: Some(Mvex {
            trex: vec![Trex {
                track_id: 1,
                default_sample_description_index: 1,
                ..Trex::default()
            }],
            ..Mvex::default()
        }),
        trak: vec![Trak {
            tkhd,
            mdia,
            ..Trak::default()
        }],
        ..Moov::default()
    }
}

/// What one `moof` says.
#[derive(Debug)]
pub struct Fragment<'a> {
    /// `mfhd` sequence number.
    pub sequence: u32,
    /// `tfdt`: decode time of the first sample, ticks.
    pub decode_time: u64,
    /// The samples in decoding order.
    pub samples: &'a [Sample],
    /// RTP time of the access unit that follows, if there is one.
    pub next_ticks: Option<i64>,
    /// Length of the last sample when nothing follows and there is only one.
    pub ticks_default: u32,
}

/// Turns `draft` = room ‖ samples into a file: the boxes go into the room, what is left of it
/// becomes a `free` box. Returns the length of the boxes and the duration in ticks.
///
/// # Errors
/// [`Error::Boxes`] when a box cannot be written.
pub fn write(
    draft: &mut Draft,
    mut room: usize,
    init: &Init,
    fragment: &Fragment<'_>,
) -> Result<(usize, u64), Error> {
    let media = draft.len() - room;
    let (entries, duration) = entries(fragment);
    let mut moof = moof(fragment, entries);
    let mut boxes = Vec::with_capacity(96 + 16 * fragment.samples.len());
    moof.encode(&mut boxes)?;
    let moof_len = boxes.len();
    if let Some(trun) = moof.traf.first_mut().and_then(|t| t.trun.first_mut()) {
        trun.data_offset = i32::try_from(moof_len + BOX_HEADER).ok();
    }
    boxes.clear();
    moof.encode(&mut boxes)?;
    let mdat = u32::try_from(media + BOX_HEADER).map_err(|_| Error::Boxes("mdat"))?;
    boxes.extend_from_slice(&mdat.to_be_bytes());
    boxes.extend_from_slice(b"mdat");
    let header = init.bytes.len() + boxes.len();
    if room != header && room < header + BOX_HEADER {
        let mut wider = Draft::with_capacity(header + media);
        wider.push(&init.bytes);
        wider.push(&boxes);
        wider.push(draft.written().get(room..).unwrap_or_default());
        *draft = wider;
        return Ok((header, duration));
    }
    let (front, _) = draft
        .written_mut()
        .split_at_mut_checked(room)
        .ok_or(Error::Boxes("room"))?;
    front.fill(0);
    put(front, 0, &init.bytes);
    let free = room - header;
    if free > 0 {
        let size = u32::try_from(free).map_err(|_| Error::Boxes("free"))?;
        put(front, init.bytes.len(), &size.to_be_bytes());
        put(front, init.bytes.len() + 4, b"free");
    }
    room -= boxes.len();
    put(front, room, &boxes);
    Ok((header, duration))
}

fn put(target: &mut [u8], at: usize, bytes: &[u8]) {
    if let Some(place) = target.get_mut(at..at + bytes.len()) {
        place.copy_from_slice(bytes);
    }
}

fn moof(fragment: &Fragment<'_>, entries: Vec<TrunEntry>) -> Moof {
    Moof {
        mfhd: Mfhd {
            sequence_number: fragment.sequence,
        },
        traf: vec![Traf {
            tfhd: Tfhd {
                track_id: 1,
                default_base_is_moof: true,
                ..Tfhd::default()
            },
            tfdt: Some(Tfdt {
                base_media_decode_time: fragment.decode_time,
            }),
            trun: vec![Trun {
                data_offset: Some(0),
                samples: entries.into(),
            }],
            ..Traf::default()
        }],
    }
}

/// RTP times are presentation times. Where a camera sends B pictures they are not in order: decode
/// times are then the same times sorted, and the difference is the composition offset.
fn entries(fragment: &Fragment<'_>) -> (Vec<TrunEntry>, u64) {
    let samples = fragment.samples;
    let reordered = !samples.is_sorted_by_key(|s| s.ticks);
    let mut decode: Vec<i64> = samples.iter().map(|s| s.ticks).collect();
    decode.sort_unstable();
    let mut total = 0;
    let mut last = fragment.ticks_default;
    let entries = samples
        .iter()
        .enumerate()
        .map(|(i, sample)| {
            let dts = decode.get(i).copied().unwrap_or(sample.ticks);
            let next = decode.get(i + 1).copied().or(fragment.next_ticks);
            let ticks = next
                .and_then(|n| u32::try_from(n.saturating_sub(dts)).ok())
                .filter(|t| *t <= 4 * TIMESCALE)
                .unwrap_or(last);
            last = ticks;
            total += u64::from(ticks);
            TrunEntry {
                duration: Some(ticks),
                size: u32::try_from(sample.len).ok(),
                flags: Some(if sample.key { FLAGS_SYNC } else { FLAGS_OTHER }),
                cts: reordered.then(|| sample.ticks.saturating_sub(dts)),
            }
        })
        .collect();
    (entries, total)
}
