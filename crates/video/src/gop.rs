//! Gathers NAL units into access units and access units into GOPs: one buffer per GOP, which
//! becomes the piece without being copied. Never looks into a slice beyond its NAL unit header.

use std::sync::Arc;

use loggia_model::At;
use loggia_seal::Draft;

use crate::Error;
use crate::codec::{Codec, InBand, NalKind, ParameterSets};
use crate::fmp4::{self, Init, Sample};

/// RTP clock of video (RFC 6184 8.2.1, RFC 7798 7.1), ticks per second.
pub const RTP_HZ: i64 = 90_000;
/// Longest piece where a camera stretches its GOPs (custody.md): 4 s, in RTP ticks.
pub const PIECE_TICKS_MAX: i64 = 4 * RTP_HZ;
/// Largest piece where a camera stretches its GOPs (custody.md): 4 MB.
pub const PIECE_BYTES_MAX: usize = 4_000_000;
/// Largest access unit taken: a key frame of a 40 Mbit/s camera is under 1 MB.
pub const ACCESS_UNIT_BYTES_MAX: usize = PIECE_BYTES_MAX - 65_536;
/// Most access units in one piece: 4 s at 240 pictures a second.
pub const SAMPLES_MAX: usize = 960;
/// Length of a NAL unit's length prefix (`lengthSizeMinusOne` = 3).
const PREFIX: usize = 4;
/// Room for the boxes before the media of a first GOP: 700 B of `moov`, then 12 B a sample.
const ROOM_FIRST: usize = 2_048;
/// Most room left: the boxes of [`SAMPLES_MAX`] samples, 16 B each.
const ROOM_MAX: usize = 1_024 + 16 * SAMPLES_MAX;
const ROOM: [u8; ROOM_MAX] = [0; ROOM_MAX];
/// One picture at 25 a second: the last picture's length when nothing better is known.
const TICKS_DEFAULT: u32 = 3_600;

/// One GOP as a self-contained fragmented MP4, ready to be sealed.
#[derive(Debug)]
pub struct Gop {
    /// When its first packet came, by the recorder's clock.
    pub begin: At,
    /// When the next GOP's first packet came (or this one's last).
    pub end: At,
    /// RTP time of its first access unit, ticks since the session began.
    pub ticks: i64,
    /// Whether it begins with a picture from which decoding can start.
    pub key: bool,
    /// Access units in it.
    pub samples: usize,
    /// Bytes of NAL units in it, length prefixes included.
    pub media_bytes: usize,
    /// `ftyp` `moov` `moof` `mdat`, in the buffer in which it will be sealed.
    pub draft: Draft,
    /// Codec and picture size.
    pub init: Arc<Init>,
}

#[derive(Debug)]
struct AccessUnit {
    start: usize,
    ticks: i64,
    at: At,
    nal: Option<usize>,
    key: bool,
    slices: bool,
}

/// Builds GOPs of one stream.
#[derive(Debug)]
pub struct Assembler {
    codec: Codec,
    sets: ParameterSets,
    sets_changed: bool,
    in_band: InBand,
    init: Option<Arc<Init>>,
    buf: Draft,
    room: usize,
    samples: Vec<Sample>,
    begin: At,
    first_ticks: i64,
    key: bool,
    unit: Option<AccessUnit>,
    decode_time: u64,
    sequence: u32,
    last_header: usize,
    last_len: usize,
    ready: Option<Gop>,
}

impl Assembler {
    /// For a stream whose SDP gave `sets` (perhaps none).
    #[must_use]
    pub fn new(sets: ParameterSets) -> Self {
        Self {
            codec: sets.codec,
            sets,
            sets_changed: true,
            in_band: InBand::No,
            init: None,
            buf: Draft::with_capacity(0),
            room: 0,
            samples: Vec::new(),
            begin: At(0),
            first_ticks: 0,
            key: false,
            unit: None,
            decode_time: 0,
            sequence: 0,
            last_header: ROOM_FIRST,
            last_len: 262_144,
            ready: None,
        }
    }

    /// Codec, picture size and boxes in force, once a key picture has come.
    #[must_use]
    pub fn init(&self) -> Option<&Arc<Init>> {
        self.init.as_ref()
    }

    /// The GOP that has been finished, if any; to be asked after each packet.
    pub fn take(&mut self) -> Option<Gop> {
        self.ready.take()
    }

    /// Whether [`Self::packet`] must be told of a packet at `ticks`: it begins an access unit.
    #[must_use]
    pub fn begins_unit(&self, ticks: i64) -> bool {
        self.unit.as_ref().is_none_or(|u| u.ticks != ticks)
    }

    /// A packet of the access unit at `ticks` comes in at `at`.
    pub fn packet(&mut self, ticks: i64, at: At) {
        match &mut self.unit {
            Some(unit) if unit.ticks != ticks && unit.slices => self.end_unit(),
            // Some cameras give parameter sets a time of their own: they belong to the next
            // picture.
            Some(unit) => unit.ticks = ticks,
            None => {}
        }
        if self.unit.is_some() {
            return;
        }
        if self.samples.last().is_some_and(|s| s.ticks == ticks) {
            // A marker came too early: the access unit goes on.
            if let Some(last) = self.samples.pop() {
                let start = self.buf.len() - last.len;
                self.unit = Some(AccessUnit {
                    start,
                    ticks,
                    at,
                    nal: None,
                    key: last.key,
                    slices: true,
                });
            }
            return;
        }
        let start = self.buf.len();
        self.unit = Some(AccessUnit {
            start,
            ticks,
            at,
            nal: None,
            key: false,
            slices: false,
        });
    }

    /// A NAL unit begins with these bytes (at least its header).
    ///
    /// # Errors
    /// [`Error::Packet`] when it is empty or the access unit has grown too large.
    pub fn begin_nal(&mut self, head: &[u8]) -> Result<(), Error> {
        let first = *head.first().ok_or(Error::Packet("an empty NAL unit"))?;
        let kind = self.codec.kind(first);
        let fresh = self.unit.as_ref().is_some_and(|u| !u.slices);
        if fresh && matches!(kind, NalKind::KeySlice | NalKind::Slice) {
            self.first_slice(kind == NalKind::KeySlice)?;
        }
        if let Some(unit) = &mut self.unit {
            unit.nal = Some(self.buf.len());
        }
        self.buf.push(&[0; PREFIX]);
        self.append(head)
    }

    /// More bytes of the NAL unit that has begun.
    ///
    /// # Errors
    /// [`Error::Packet`] when the access unit has grown too large.
    pub fn append(&mut self, bytes: &[u8]) -> Result<(), Error> {
        let start = self.unit.as_ref().map_or(0, |u| u.start);
        if self.buf.len() - start + bytes.len() > ACCESS_UNIT_BYTES_MAX {
            return Err(Error::Packet("a picture is larger than any real one"));
        }
        self.buf.push(bytes);
        Ok(())
    }

    /// The NAL unit ends: its length goes in front of it.
    pub fn end_nal(&mut self) {
        let Some(from) = self.unit.as_mut().and_then(|u| u.nal.take()) else {
            return;
        };
        let len = self.buf.len() - from - PREFIX;
        let prefix = u32::try_from(len).unwrap_or(u32::MAX).to_be_bytes();
        let Some((head, nal)) = self
            .buf
            .written_mut()
            .get_mut(from..)
            .and_then(|n| n.split_at_mut_checked(PREFIX))
        else {
            return;
        };
        head.copy_from_slice(&prefix);
        let kind = nal
            .first()
            .map_or(NalKind::Other, |first| self.codec.kind(*first));
        if matches!(kind, NalKind::Vps | NalKind::Sps | NalKind::Pps) {
            self.in_band = InBand::Yes;
            self.sets_changed |= self.sets.take(kind, nal);
        }
    }

    /// The RTP marker: the access unit is complete.
    pub fn mark(&mut self) {
        if self.unit.as_ref().is_some_and(|u| u.slices) {
            self.end_unit();
        }
    }

    /// Gives up the access unit under way (packets lost or malformed).
    pub fn give_up_unit(&mut self) {
        if let Some(unit) = self.unit.take() {
            self.buf.truncate(unit.start);
        }
    }

    /// The session has ended: what is complete becomes a last GOP.
    pub fn finish(&mut self, at: At) -> Option<Gop> {
        self.give_up_unit();
        self.close(None, at)
    }

    /// The first slice of an access unit decides whether a GOP begins here.
    fn first_slice(&mut self, key: bool) -> Result<(), Error> {
        let Some(unit) = &mut self.unit else {
            return Ok(());
        };
        unit.slices = true;
        unit.key = key;
        let (ticks, at, start) = (unit.ticks, unit.at, unit.start);
        let stretched = !self.samples.is_empty()
            && ((ticks - self.first_ticks).saturating_abs() >= PIECE_TICKS_MAX
                || self.samples.len() >= SAMPLES_MAX);
        if key || stretched {
            self.split(start, ticks, at);
        }
        if key && (self.sets_changed || self.init.is_none()) {
            self.init = None;
            if self.sets.complete() {
                self.init = Some(Arc::new(Init::new(&self.sets, self.in_band)?));
                self.sets_changed = false;
            }
        }
        Ok(())
    }

    /// Closes the GOP before `start` and moves what follows into a new buffer.
    fn split(&mut self, start: usize, ticks: i64, at: At) {
        let mut next = Draft::with_capacity(self.last_len + self.last_len / 8);
        let room = (self.last_header + 128).min(ROOM_MAX);
        next.push(ROOM.get(..room).unwrap_or_default());
        next.push(self.buf.written().get(start..).unwrap_or_default());
        self.buf.truncate(start);
        if let Some(gop) = self.close(Some(ticks), at) {
            self.ready = Some(gop);
        }
        self.buf = next;
        self.room = room;
        self.begin = at;
        self.first_ticks = ticks;
        if let Some(unit) = &mut self.unit {
            unit.start = room;
        }
    }

    fn end_unit(&mut self) {
        self.end_nal();
        let Some(unit) = self.unit.take() else { return };
        // Before the first key picture nothing can be decoded, and so nothing is kept.
        if self.init.is_none() || (self.samples.is_empty() && !unit.key && self.sequence == 0) {
            self.buf.truncate(unit.start);
            return;
        }
        let (ticks, at, key, start) = (unit.ticks, unit.at, unit.key, unit.start);
        if self.buf.len() - self.room > PIECE_BYTES_MAX && !self.samples.is_empty() {
            self.unit = Some(unit);
            self.split(start, ticks, at);
            self.unit = None;
        }
        if self.samples.is_empty() {
            self.key = key;
        }
        let start = if self.samples.is_empty() {
            self.room
        } else {
            start
        };
        self.samples.push(Sample {
            ticks,
            len: self.buf.len() - start,
            key,
        });
    }

    fn close(&mut self, next_ticks: Option<i64>, end: At) -> Option<Gop> {
        let samples = core::mem::take(&mut self.samples);
        let init = self.init.clone()?;
        if samples.is_empty() {
            return None;
        }
        let mut draft = core::mem::replace(&mut self.buf, Draft::with_capacity(0));
        let media_bytes = draft.len() - self.room;
        self.sequence = self.sequence.wrapping_add(1);
        let fragment = fmp4::Fragment {
            sequence: self.sequence,
            decode_time: self.decode_time,
            samples: &samples,
            next_ticks,
            ticks_default: TICKS_DEFAULT,
        };
        let (header, duration) = fmp4::write(&mut draft, self.room, &init, &fragment).ok()?;
        self.decode_time += duration;
        self.last_header = header;
        self.last_len = draft.len();
        Some(Gop {
            begin: self.begin,
            end: end.max(self.begin),
            ticks: self.first_ticks,
            key: self.key,
            samples: samples.len(),
            media_bytes,
            draft,
            init,
        })
    }
}
