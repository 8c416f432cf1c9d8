//! The clip of an export, held box by box against the pieces that were sealed: what plays is what
//! was recorded, when it was recorded. Never lets pass a box that the exporter does not write.

use anyhow::{Context, bail, ensure};
use loggia_model::At;

/// Jitter between pieces below this is closed up (web/src/clip/mp4.ts), microseconds.
const SNAP_US: i128 = 250_000;
const US_PER_S: i128 = 1_000_000;
/// From 1601, where ONVIF's start time counts from, to 1970, in microseconds.
const EPOCH_1601_US: i64 = 11_644_473_600_000_000;

/// One camera's clip: a file for each picture format, in order.
pub struct Clip {
    files: Vec<(String, Vec<u8>)>,
    /// How many of them are begun.
    begun: usize,
    at: usize,
    init: Vec<u8>,
    sequence: u32,
    origin: At,
    /// Where the last piece ends, in microseconds times the timescale.
    end: Option<i128>,
}

/// The names that the exporter gives.
pub fn name(camera: u32, part: usize, parts: usize, cameras: usize) -> String {
    match (cameras, parts) {
        (1, 1) => "clip.mp4".to_owned(),
        (_, 1) => format!("clip-cam-{camera:04}.mp4"),
        _ => format!("clip-cam-{camera:04}-{:03}.mp4", part + 1),
    }
}

impl Clip {
    /// Of the files, in the order of the footage.
    pub const fn new(files: Vec<(String, Vec<u8>)>) -> Self {
        Self {
            files,
            begun: 0,
            at: 0,
            init: Vec::new(),
            sequence: 0,
            origin: At(0),
            end: None,
        }
    }

    /// The next piece, in the clear, must stand next in the clip.
    pub fn piece(&mut self, clear: &[u8], begin: At) -> anyhow::Result<()> {
        let own = Piece::read(clear).context("a sealed piece is no MP4")?;
        if self.begun == 0 || self.init != own.init {
            self.finish()?;
            self.begin(&own, begin)?;
        }
        let scale = i128::from(own.timescale);
        let wanted = (i128::from(begin.0) - i128::from(self.origin.0)) * scale;
        let start = match self.end {
            Some(end) if (wanted - end).abs() < SNAP_US * scale => end,
            other => wanted.max(other.unwrap_or(0)),
        };
        let shift = (start + US_PER_S / 2).div_euclid(US_PER_S) - own.time()?;
        let mut ticks = 0;
        for (moof, mdat) in &own.fragments {
            ticks += moof.ticks;
            self.fragment(moof, mdat, shift)?;
        }
        self.end = Some(start + ticks * US_PER_S);
        Ok(())
    }

    /// Nothing stands behind the last piece.
    pub fn finish(&self) -> anyhow::Result<()> {
        let Some((name, bytes)) = self.begun.checked_sub(1).and_then(|n| self.files.get(n)) else {
            return Ok(());
        };
        ensure!(
            self.at == bytes.len(),
            "{name} is not what was sealed: something stands behind it"
        );
        Ok(())
    }

    /// Every file was begun.
    pub fn all(&self) -> anyhow::Result<()> {
        self.finish()?;
        match self.files.get(self.begun) {
            Some((name, _)) => bail!("{name} is not what was sealed: no piece is of its format"),
            None => Ok(()),
        }
    }

    fn next(&mut self, kind: &[u8; 4]) -> anyhow::Result<&[u8]> {
        let file = self.begun.checked_sub(1).and_then(|n| self.files.get(n));
        let (name, bytes) =
            file.context("the clip has fewer files than the pieces have formats")?;
        let rest = bytes.get(self.at..).unwrap_or_default();
        let found = first(rest).with_context(|| format!("{name} is not what was sealed"))?;
        ensure!(
            found.kind == kind,
            "{name} is not what was sealed: a box `{}` stands for `{}`",
            found.kind.escape_ascii(),
            kind.escape_ascii()
        );
        self.at += found.whole.len();
        Ok(found.whole)
    }

    fn begin(&mut self, own: &Piece<'_>, begin: At) -> anyhow::Result<()> {
        self.begun += 1;
        (self.at, self.sequence) = (0, 0);
        (self.origin, self.end) = (begin, None);
        self.init = own.init.to_vec();
        let mut head = self.next(b"ftyp")?.to_vec();
        let meta = self.next(b"meta")?;
        let sound = onvif(meta, own.track, begin);
        sound.context("the clip is not what was sealed: its `meta` is another's")?;
        head.extend(self.next(b"moov")?);
        ensure!(
            head == self.init,
            "the clip is not what was sealed: another movie header"
        );
        Ok(())
    }

    fn fragment(&mut self, own: &Moof, data: &[u8], shift: i128) -> anyhow::Result<()> {
        let shown = Moof::read(self.next(b"moof")?)?;
        self.sequence += 1;
        // The exporter counts in floating point: one tick is within its rounding.
        let placed = (i128::from(shown.time) - (i128::from(own.time) + shift)).abs() <= 1;
        ensure!(
            shown.rest == own.rest && shown.sequence == self.sequence && placed,
            "the clip is not what was sealed: fragment {} differs",
            self.sequence
        );
        ensure!(
            self.next(b"mdat")? == data,
            "the clip is not what was sealed: another picture"
        );
        Ok(())
    }
}

/// The file-level `meta` of ONVIF's export format: its words are the exporter's, its time is not.
fn onvif(meta: &[u8], track: u32, begin: At) -> anyhow::Result<()> {
    let inner = boxes(meta.get(12..).context("a box is cut short")?)?;
    let [hdlr, suep, cstb] = &inner[..] else {
        bail!("three boxes were due");
    };
    let kinds = [hdlr.kind, suep.kind, cstb.kind];
    ensure!(
        kinds == [b"hdlr", b"suep", b"cstb"],
        "other boxes stand there"
    );
    let ticks = (begin.0.saturating_add(EPOCH_1601_US)).saturating_mul(10);
    let mut own = vec![0, 0, 0, 1];
    own.extend(track.to_be_bytes());
    own.extend(ticks.to_be_bytes());
    ensure!(cstb.body() == own, "another start time");
    Ok(())
}

/// One piece's boxes.
struct Piece<'a> {
    init: &'a [u8],
    track: u32,
    timescale: u32,
    fragments: Vec<(Moof, &'a [u8])>,
}

impl<'a> Piece<'a> {
    fn read(clear: &'a [u8]) -> anyhow::Result<Self> {
        let mut all = boxes(clear)?;
        all.retain(|b| b.kind != b"free");
        let [ftyp, moov, fragments @ ..] = &all[..] else {
            bail!("it has no movie header");
        };
        ensure!(
            ftyp.kind == b"ftyp" && moov.kind == b"moov" && !fragments.is_empty(),
            "it does not begin with ftyp and moov"
        );
        let trak = child(moov.body(), b"trak")?;
        let (track, timescale) = (
            after_times(child(trak, b"tkhd")?)?,
            after_times(child(child(trak, b"mdia")?, b"mdhd")?)?,
        );
        ensure!(timescale > 0, "it has no timescale");
        let pairs = fragments.chunks(2).map(|pair| match pair {
            [moof, mdat] if moof.kind == b"moof" && mdat.kind == b"mdat" => {
                Ok((Moof::read(moof.whole)?, mdat.whole))
            }
            _ => bail!("a fragment is not moof and mdat"),
        });
        let init = ftyp.whole.len() + moov.whole.len();
        Ok(Self {
            init: clear.get(..init).context("a box is cut short")?,
            track,
            timescale,
            fragments: pairs.collect::<anyhow::Result<_>>()?,
        })
    }

    fn time(&self) -> anyhow::Result<i128> {
        let first = self.fragments.first().context("it has no fragment")?;
        Ok(i128::from(first.0.time))
    }
}

/// A fragment's header: what the exporter sets, apart from the rest.
struct Moof {
    sequence: u32,
    time: u64,
    /// Lengths of all samples, in ticks.
    ticks: i128,
    /// Its bytes, sequence and decode time blanked.
    rest: Vec<u8>,
}

impl Moof {
    fn read(whole: &[u8]) -> anyhow::Result<Self> {
        let body = whole.get(8..).context("a box is cut short")?;
        let (mfhd, traf) = (child(body, b"mfhd")?, child(body, b"traf")?);
        let tfdt = child(traf, b"tfdt")?;
        let time = match tfdt.first() {
            Some(1) => u64::from_be_bytes(fixed(tfdt, 4)?),
            _ => u64::from(u32::from_be_bytes(fixed(tfdt, 4)?)),
        };
        let trun = child(traf, b"trun")?;
        let mut rest = whole.to_vec();
        for (part, from) in [(mfhd, 4), (tfdt, 4)] {
            let at = part.as_ptr() as usize - whole.as_ptr() as usize;
            rest.get_mut(at + from..at + part.len())
                .context("a box is cut short")?
                .fill(0);
        }
        Ok(Self {
            sequence: u32::from_be_bytes(fixed(mfhd, 4)?),
            time,
            ticks: ticks(trun)?,
            rest,
        })
    }
}

/// ISO/IEC 14496-12 §8.8.8; the recorder writes each sample's own length.
fn ticks(trun: &[u8]) -> anyhow::Result<i128> {
    let flags = u32::from_be_bytes(fixed(trun, 0)?);
    ensure!(flags & 0x100 != 0, "samples without their own length");
    let samples = u32::from_be_bytes(fixed(trun, 4)?) as usize;
    let optional = [1, 4].iter().filter(|f| flags & **f != 0).count();
    let fields = [0x100, 0x200, 0x400, 0x800];
    let step = 4 * fields.iter().filter(|f| flags & **f != 0).count();
    let table = trun.get(8 + 4 * optional..).context("a box is cut short")?;
    ensure!(table.len() / step == samples, "a box is cut short");
    table.chunks_exact(step).try_fold(0, |sum, sample| {
        Ok(sum + i128::from(u32::from_be_bytes(fixed(sample, 0)?)))
    })
}

/// The field behind version, flags and both times, of `tkhd` and `mdhd`.
fn after_times(body: &[u8]) -> anyhow::Result<u32> {
    let at = if body.first() == Some(&1) { 20 } else { 12 };
    Ok(u32::from_be_bytes(fixed(body, at)?))
}

fn fixed<const N: usize>(bytes: &[u8], at: usize) -> anyhow::Result<[u8; N]> {
    let field = bytes.get(at..at + N).context("a box is cut short")?;
    Ok(field.try_into()?)
}

/// A box (ISO/IEC 14496-12 §4.2) of under 4 GiB that says its size.
struct Part<'a> {
    kind: &'a [u8],
    whole: &'a [u8],
}

impl<'a> Part<'a> {
    fn body(&self) -> &'a [u8] {
        self.whole.get(8..).unwrap_or_default()
    }
}

fn first(bytes: &[u8]) -> anyhow::Result<Part<'_>> {
    let size = u32::from_be_bytes(fixed(bytes, 0)?) as usize;
    ensure!(size >= 8, "a box is cut short");
    let whole = bytes.get(..size).context("a box is cut short")?;
    let kind = whole.get(4..8).context("a box is cut short")?;
    Ok(Part { kind, whole })
}

fn boxes(mut bytes: &[u8]) -> anyhow::Result<Vec<Part<'_>>> {
    let mut out = Vec::new();
    while !bytes.is_empty() {
        let part = first(bytes)?;
        bytes = bytes.get(part.whole.len()..).unwrap_or_default();
        out.push(part);
    }
    Ok(out)
}

/// The content of the one box of that kind.
fn child<'a>(bytes: &'a [u8], kind: &[u8; 4]) -> anyhow::Result<&'a [u8]> {
    let all = boxes(bytes)?;
    let mut own = all.iter().filter(|b| b.kind == kind);
    match (own.next(), own.next()) {
        (Some(one), None) => Ok(one.body()),
        _ => bail!("not one `{}`", kind.escape_ascii()),
    }
}
