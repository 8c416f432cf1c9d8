//! Cuts a film into RTP packets once, so that thousands of cameras share the bytes and each only
//! writes its own sequence number, timestamp and SSRC over them. Never sends anything.

use std::ops::Range;
use std::sync::Arc;

use bytes::Bytes;

use crate::film::{AccessUnit, Film};
use crate::nal::{Codec, Kind};

/// Bytes before each packet in the template: RTSP interleaving (RFC 2326 §10.12), 4, and the
/// fixed RTP header (RFC 3550 §5.1), 12.
pub const HEAD: usize = 16;

/// Largest RTP payload: an Ethernet frame of 1,500 less IPv6 40, UDP 8 and RTP 12, with room for
/// tunnels.
pub const PAYLOAD_MAX: usize = 1_400;

/// RTP payload type of the video, from the dynamic range (RFC 3551 §6).
pub const VIDEO_PAYLOAD_TYPE: u8 = 96;

/// Where a camera puts its parameter sets.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum ParameterSets {
    /// In the SDP only.
    OutOfBand,
    /// In the stream before each key frame only.
    InBand,
    /// In both places, as most cameras do.
    #[default]
    Both,
}

/// What happens to NAL units that fit together into one packet.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum SmallNals {
    /// Each travels alone (RFC 6184 §5.6).
    #[default]
    Alone,
    /// They share a packet: STAP-A (RFC 6184 §5.7.1) or AP (RFC 7798 §4.4.2).
    Together,
}

/// A picture cut into packets.
#[derive(Debug, Clone)]
pub struct PackedFrame {
    /// Its bytes in the template.
    bytes: Range<usize>,
    /// Its packets in the list of packets.
    packets: Range<usize>,
    /// Whether decoding can start here.
    pub key: bool,
    /// As in [`AccessUnit`].
    pub send_ticks: u32,
    /// As in [`AccessUnit`].
    pub show_ticks: u32,
    /// NAL unit bytes that it carries, without start codes, lengths or packet headers.
    pub nal_bytes: u64,
}

/// A film ready to be sent.
#[derive(Debug)]
pub struct PackedFilm {
    /// The film.
    pub film: Arc<Film>,
    /// Where its parameter sets are.
    pub sets: ParameterSets,
    frames: Vec<PackedFrame>,
    sent: Vec<Vec<Bytes>>,
    template: Vec<u8>,
    /// Start of each packet, counted from the start of its frame.
    starts: Vec<u32>,
}

impl PackedFilm {
    /// Cuts `film`.
    #[must_use]
    pub fn new(film: Arc<Film>, sets: ParameterSets, small: SmallNals) -> Self {
        let mut packed = Self {
            sets,
            frames: Vec::with_capacity(film.units.len()),
            sent: Vec::with_capacity(film.units.len()),
            template: Vec::new(),
            starts: Vec::new(),
            film: film.clone(),
        };
        for unit in &film.units {
            let nals = sent_nals(&film, unit, sets);
            packed.push(film.codec, unit, &nals, small);
            packed.sent.push(nals);
        }
        packed
    }

    /// The frames, in sending order.
    #[must_use]
    pub fn frames(&self) -> &[PackedFrame] {
        &self.frames
    }

    /// The NAL units that frame `n` (of the endless loop) carries, exactly as sent.
    #[must_use]
    pub fn nals(&self, n: u64) -> &[Bytes] {
        let frames = self.sent.len().max(1) as u64;
        self.sent
            .get((n % frames) as usize)
            .map_or(&[], Vec::as_slice)
    }

    /// The template of frame `i`: its bytes and the start of each packet in them.
    pub(crate) fn template(&self, i: usize) -> (&[u8], &[u32]) {
        self.frames.get(i).map_or((&[], &[]), |f| {
            (
                &self.template[f.bytes.clone()],
                &self.starts[f.packets.clone()],
            )
        })
    }

    fn push(&mut self, codec: Codec, unit: &AccessUnit, nals: &[Bytes], small: SmallNals) {
        let (begin, first) = (self.template.len(), self.starts.len());
        let mut rest = nals;
        while let Some((nal, after)) = rest.split_first() {
            let together = match small {
                SmallNals::Alone => 1,
                SmallNals::Together => fitting(rest),
            };
            if together > 1 {
                self.aggregate(codec, &rest[..together], begin);
                rest = &rest[together..];
            } else if nal.len() <= PAYLOAD_MAX {
                self.packet(begin, &[nal]);
                rest = after;
            } else {
                self.fragments(codec, nal, begin);
                rest = after;
            }
        }
        if let Some(last) = self.starts.last().filter(|_| self.starts.len() > first) {
            // The marker bit ends the access unit (RFC 6184 §5.1, RFC 7798 §4.1).
            self.template[begin + *last as usize + 5] |= 0x80;
        }
        self.frames.push(PackedFrame {
            bytes: begin..self.template.len(),
            packets: first..self.starts.len(),
            key: unit.key,
            send_ticks: unit.send_ticks,
            show_ticks: unit.show_ticks,
            nal_bytes: nals.iter().map(|n| n.len() as u64).sum(),
        });
    }

    fn packet(&mut self, frame_begin: usize, parts: &[&[u8]]) {
        self.starts.push((self.template.len() - frame_begin) as u32);
        let length = 12 + parts.iter().map(|p| p.len()).sum::<usize>();
        let [hi, lo] = (length as u16).to_be_bytes();
        self.template
            .extend([b'$', 0, hi, lo, 0x80, VIDEO_PAYLOAD_TYPE]);
        self.template.extend([0; 10]);
        for part in parts {
            self.template.extend_from_slice(part);
        }
    }

    /// FU-A (RFC 6184 §5.8) or FU (RFC 7798 §4.4.3).
    fn fragments(&mut self, codec: Codec, nal: &[u8], frame_begin: usize) {
        let (header, kind, body) = match codec {
            Codec::H264 => (vec![nal[0] & 0xe0 | 28], nal[0] & 0x1f, &nal[1..]),
            Codec::H265 => (
                vec![nal[0] & 0x81 | 49 << 1, nal[1]],
                nal[0] >> 1 & 0x3f,
                &nal[2..],
            ),
        };
        let room = PAYLOAD_MAX - header.len() - 1;
        let pieces = body.len().div_ceil(room);
        for (i, piece) in body.chunks(room).enumerate() {
            let begins = if i == 0 { 0x80 } else { 0 };
            let ends = if i + 1 == pieces { 0x40 } else { 0 };
            self.packet(frame_begin, &[&header, &[begins | ends | kind], piece]);
        }
    }

    fn aggregate(&mut self, codec: Codec, nals: &[Bytes], frame_begin: usize) {
        let header = match codec {
            // The highest importance of the NAL units inside (RFC 6184 §5.7).
            Codec::H264 => vec![nals.iter().map(|n| n[0] & 0x60).max().unwrap_or(0) | 24],
            Codec::H265 => vec![48 << 1, 1],
        };
        let lengths: Vec<_> = nals
            .iter()
            .map(|n| (n.len() as u16).to_be_bytes())
            .collect();
        let mut parts: Vec<&[u8]> = vec![&header];
        for (nal, length) in nals.iter().zip(&lengths) {
            parts.push(length);
            parts.push(nal);
        }
        self.packet(frame_begin, &parts);
    }
}

/// How many of the first NAL units fit into one packet with two bytes of length each.
fn fitting(nals: &[Bytes]) -> usize {
    let mut room = PAYLOAD_MAX - 2;
    nals.iter()
        .take_while(|n| {
            let need = n.len() + 2;
            let fits = need <= room;
            room = room.saturating_sub(need);
            fits
        })
        .count()
}

fn sent_nals(film: &Film, unit: &AccessUnit, sets: ParameterSets) -> Vec<Bytes> {
    let is_set = |n: &&Bytes| film.codec.kind(n).is_parameter_set();
    if sets == ParameterSets::OutOfBand {
        return unit.nals.iter().filter(|n| !is_set(n)).cloned().collect();
    }
    let mut nals = unit.nals.clone();
    if unit.key && !nals.iter().any(|n| film.codec.kind(n) == Kind::Sps) {
        let place = nals
            .iter()
            .take_while(|n| film.codec.kind(n) == Kind::Delimiter)
            .count();
        nals.splice(place..place, film.parameter_sets.iter().cloned());
    }
    nals
}

/// What a camera writes over a template: its own identity and place in time.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Stamp {
    pub channel: u8,
    pub sequence: u16,
    pub timestamp: u32,
    pub ssrc: u32,
}

impl Stamp {
    /// Stamps one packet that starts at `packet[0]` with its interleaving header.
    pub(crate) fn press(&mut self, packet: &mut [u8]) {
        if let Some(head) = packet.first_chunk_mut::<HEAD>() {
            head[1] = self.channel;
            head[6..8].copy_from_slice(&self.sequence.to_be_bytes());
            head[8..12].copy_from_slice(&self.timestamp.to_be_bytes());
            head[12..16].copy_from_slice(&self.ssrc.to_be_bytes());
        }
        self.sequence = self.sequence.wrapping_add(1);
    }
}
