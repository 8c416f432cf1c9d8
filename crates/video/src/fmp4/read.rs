//! Reads one piece from bytes that may come from anywhere. Never trusts a length: every box and
//! every sample must lie inside its parent, and nothing is allocated from a number in the file.

use super::write::FLAGS_SYNC;
use crate::Error;
use crate::codec::Codec;

/// Largest piece read: the sealed format's largest body (docs/design/seal.md).
pub const READ_BYTES_MAX: usize = 8 << 20;
/// Most samples read: twice what the writer ever puts into a piece.
const SAMPLES_MAX: u32 = 2_048;
/// `sample_is_non_sync_sample` (ISO/IEC 14496-12, 8.8.3.1).
const NON_SYNC: u32 = 0x0001_0000;

/// A piece: one track, one fragment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Piece<'a> {
    /// The codec of its sample entry.
    pub codec: Codec,
    /// Width in the sample entry, pixels.
    pub width: u16,
    /// Height in the sample entry, pixels.
    pub height: u16,
    /// Ticks per second.
    pub timescale: u32,
    /// Decode time of the first sample, ticks.
    pub decode_time: u64,
    /// The samples in decoding order.
    pub samples: Vec<PieceSample<'a>>,
}

/// One access unit of a piece.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PieceSample<'a> {
    /// NAL units, each after its length in 4 bytes.
    pub bytes: &'a [u8],
    /// Ticks until the next.
    pub duration: u32,
    /// Presentation minus decode time, ticks.
    pub composition: i32,
    /// Decoding can start here.
    pub key: bool,
}

impl<'a> PieceSample<'a> {
    /// The NAL units, without their length prefixes.
    ///
    /// # Errors
    /// [`Error::Boxes`] when a length leads outside the sample.
    pub fn nals(&self) -> Result<Vec<&'a [u8]>, Error> {
        let mut rest = self.bytes;
        let mut nals = Vec::new();
        while !rest.is_empty() {
            let (len, tail) = rest
                .split_first_chunk::<4>()
                .ok_or(Error::Boxes("NAL length"))?;
            let len = usize::try_from(u32::from_be_bytes(*len)).unwrap_or(usize::MAX);
            let (nal, tail) = tail
                .split_at_checked(len)
                .ok_or(Error::Boxes("NAL length"))?;
            nals.push(nal);
            rest = tail;
        }
        Ok(nals)
    }
}

/// A box: its type, its body, and where in the file it begins.
struct Atom<'a> {
    kind: [u8; 4],
    body: &'a [u8],
    at: usize,
}

/// The boxes in `bytes`; `base` is the place of `bytes` in the file. Only 32-bit sizes: a piece has
/// no other.
fn atoms(bytes: &[u8], base: usize) -> Result<Vec<Atom<'_>>, Error> {
    let mut found = Vec::new();
    let mut at = 0;
    while let Some(rest) = bytes.get(at..).filter(|r| !r.is_empty()) {
        let (head, _) = rest
            .split_first_chunk::<8>()
            .ok_or(Error::Boxes("box header"))?;
        let [s0, s1, s2, s3, k0, k1, k2, k3] = *head;
        let size = usize::try_from(u32::from_be_bytes([s0, s1, s2, s3])).unwrap_or(usize::MAX);
        let body = rest.get(8..size).ok_or(Error::Boxes("box size"))?;
        found.push(Atom {
            kind: [k0, k1, k2, k3],
            body,
            at: base + at,
        });
        at += size;
        if found.len() > 64 {
            return Err(Error::Boxes("too many boxes"));
        }
    }
    Ok(found)
}

fn child<'a>(parent: &Atom<'a>, kind: &[u8; 4]) -> Result<Atom<'a>, Error> {
    atoms(parent.body, parent.at + 8)?
        .into_iter()
        .find(|a| a.kind == *kind)
        .ok_or(Error::Boxes("a box that must be there"))
}

fn path<'a>(root: &Atom<'a>, kinds: &[&[u8; 4]]) -> Result<Atom<'a>, Error> {
    let mut here = Atom {
        kind: root.kind,
        body: root.body,
        at: root.at,
    };
    for kind in kinds {
        here = child(&here, kind)?;
    }
    Ok(here)
}

/// Reads fixed-width numbers from the front of a box.
struct Fields<'a>(&'a [u8]);

impl Fields<'_> {
    fn u32(&mut self) -> Result<u32, Error> {
        let (head, rest) = self
            .0
            .split_first_chunk::<4>()
            .ok_or(Error::Boxes("box body"))?;
        self.0 = rest;
        Ok(u32::from_be_bytes(*head))
    }
    fn u64(&mut self) -> Result<u64, Error> {
        Ok(u64::from(self.u32()?) << 32 | u64::from(self.u32()?))
    }
    fn if_set(&mut self, flags: u32, bit: u32) -> Result<Option<u32>, Error> {
        if flags & bit == 0 {
            Ok(None)
        } else {
            self.u32().map(Some)
        }
    }
}

/// Reads one piece.
///
/// # Errors
/// [`Error::Boxes`] with the part that is wrong.
pub fn read(file: &[u8]) -> Result<Piece<'_>, Error> {
    if file.len() > READ_BYTES_MAX {
        return Err(Error::Boxes("the piece is too large"));
    }
    let outer = atoms(file, 0)?;
    let find = |kind: &[u8; 4]| {
        let mut all = outer.iter().filter(|a| a.kind == *kind);
        match (all.next(), all.next()) {
            (Some(one), None) => Ok(one),
            _ => Err(Error::Boxes("moov, moof and mdat must each be there once")),
        }
    };
    let (moov, moof, mdat) = (find(b"moov")?, find(b"moof")?, find(b"mdat")?);
    let (codec, width, height) = sample_entry(moov)?;
    let traf = child(moof, b"traf")?;
    let defaults = tfhd(&child(&traf, b"tfhd")?)?;
    Ok(Piece {
        codec,
        width,
        height,
        timescale: timescale(&path(moov, &[b"trak", b"mdia", b"mdhd"])?)?,
        decode_time: tfdt(&child(&traf, b"tfdt")?)?,
        samples: trun(&child(&traf, b"trun")?, &defaults, file, moof.at, mdat)?,
    })
}

fn sample_entry(moov: &Atom<'_>) -> Result<(Codec, u16, u16), Error> {
    let stsd = path(moov, &[b"trak", b"mdia", b"minf", b"stbl", b"stsd"])?;
    let body = stsd.body.get(8..).ok_or(Error::Boxes("stsd"))?;
    let entry = atoms(body, stsd.at + 16)?
        .into_iter()
        .next()
        .ok_or(Error::Boxes("stsd"))?;
    let codec = match &entry.kind {
        b"avc1" | b"avc3" => Codec::H264,
        b"hvc1" | b"hev1" => Codec::H265,
        _ => return Err(Error::Boxes("a codec that is never recorded")),
    };
    let size = entry.body.get(24..28).ok_or(Error::Boxes("sample entry"))?;
    let [w0, w1, h0, h1] = *size
        .first_chunk::<4>()
        .ok_or(Error::Boxes("sample entry"))?;
    Ok((
        codec,
        u16::from_be_bytes([w0, w1]),
        u16::from_be_bytes([h0, h1]),
    ))
}

fn timescale(mdhd: &Atom<'_>) -> Result<u32, Error> {
    let mut f = Fields(mdhd.body);
    let skip = if f.u32()? >> 24 == 1 { 4 } else { 2 };
    for _ in 0..skip {
        f.u32()?;
    }
    f.u32()
}

fn tfdt(tfdt: &Atom<'_>) -> Result<u64, Error> {
    let mut f = Fields(tfdt.body);
    if f.u32()? >> 24 == 1 {
        f.u64()
    } else {
        f.u32().map(u64::from)
    }
}

#[derive(Default)]
struct Defaults {
    duration: Option<u32>,
    size: Option<u32>,
    flags: Option<u32>,
}

fn tfhd(tfhd: &Atom<'_>) -> Result<Defaults, Error> {
    let mut f = Fields(tfhd.body);
    let flags = f.u32()? & 0x00ff_ffff;
    f.u32()?;
    if flags & 1 != 0 {
        f.u64()?;
    }
    f.if_set(flags, 0x02)?;
    Ok(Defaults {
        duration: f.if_set(flags, 0x08)?,
        size: f.if_set(flags, 0x10)?,
        flags: f.if_set(flags, 0x20)?,
    })
}

fn trun<'a>(
    trun: &Atom<'_>,
    defaults: &Defaults,
    file: &'a [u8],
    moof_at: usize,
    mdat: &Atom<'_>,
) -> Result<Vec<PieceSample<'a>>, Error> {
    const BAD: Error = Error::Boxes("trun");
    let mut f = Fields(trun.body);
    let flags = f.u32()? & 0x00ff_ffff;
    let count = f.u32()?;
    if count == 0 || count > SAMPLES_MAX {
        return Err(BAD);
    }
    let offset = usize::try_from(f.if_set(flags, 0x01)?.ok_or(BAD)?).map_err(|_| BAD)?;
    let first_flags = f.if_set(flags, 0x04)?;
    let mut at = moof_at.checked_add(offset).ok_or(BAD)?;
    let end = mdat.at + 8 + mdat.body.len();
    if at < mdat.at + 8 {
        return Err(BAD);
    }
    let mut samples = Vec::new();
    for i in 0..count {
        let duration = f.if_set(flags, 0x100)?.or(defaults.duration).unwrap_or(0);
        let size = f.if_set(flags, 0x200)?.or(defaults.size).ok_or(BAD)?;
        let own = f.if_set(flags, 0x400)?;
        let marks = own
            .or(first_flags.filter(|_| i == 0))
            .or(defaults.flags)
            .unwrap_or(FLAGS_SYNC);
        let composition = f.if_set(flags, 0x800)?.unwrap_or(0).cast_signed();
        let next = at
            .checked_add(usize::try_from(size).map_err(|_| BAD)?)
            .ok_or(BAD)?;
        let bytes = file.get(at..next).filter(|_| next <= end).ok_or(BAD)?;
        samples.push(PieceSample {
            bytes,
            duration,
            composition,
            key: marks & NON_SYNC == 0,
        });
        at = next;
    }
    Ok(samples)
}
