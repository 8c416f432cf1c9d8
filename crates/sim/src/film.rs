//! A film: the access units of one real video, read once and shared by every camera that shows it.
//! Never decodes, never changes a NAL unit.

use std::path::Path;

use bytes::Bytes;

use crate::nal::{Codec, Kind, access_units, split_annex_b};
use crate::{Error, mp4_film, sps};

/// Ticks of the RTP clock per second for video (RFC 6184 §8.2.1, RFC 7798 §7.1).
pub const TICKS_PER_S: u32 = 90_000;

/// Largest file that is read: a film lives in memory, and 30 s at 4 Mbit/s are 15 MB.
pub const FILM_BYTES_MAX: u64 = 512 * 1024 * 1024;

/// One picture with everything that belongs to it, in decoding order.
#[derive(Debug, Clone)]
pub struct AccessUnit {
    /// Its NAL units without start code or length, uncopied from the file.
    pub nals: Vec<Bytes>,
    /// Whether decoding can start here.
    pub key: bool,
    /// When it is sent, ticks after the film's start.
    pub send_ticks: u32,
    /// When it is shown, ticks after the film's start; later than `send_ticks` with B-frames.
    pub show_ticks: u32,
}

/// A film in memory.
#[derive(Debug, Clone)]
pub struct Film {
    /// Name for messages and ONVIF profiles.
    pub name: String,
    /// Its codec.
    pub codec: Codec,
    /// Parameter sets: (VPS,) SPS, PPS.
    pub parameter_sets: Vec<Bytes>,
    /// The pictures; the first is a key frame.
    pub units: Vec<AccessUnit>,
    /// Length, ticks: the next round starts here.
    pub length_ticks: u32,
    /// Width, pixels; 0 if the SPS cannot be read.
    pub width: u32,
    /// Height, pixels; 0 if the SPS cannot be read.
    pub height: u32,
}

impl Film {
    /// Reads an MP4 (`.mp4`, `.m4v`, `.mov`) or an Annex-B elementary stream (`.h264`, `.264`,
    /// `.avc`, `.h265`, `.265`, `.hevc`). `fps` counts for elementary streams only, which must have
    /// no B-frames, because they carry no times.
    ///
    /// # Errors
    /// [`Error::Film`] says what is wrong with the file and what would be accepted.
    pub fn load(path: &Path, fps: u32) -> Result<Self, Error> {
        let name = path
            .file_stem()
            .map(|s| s.to_string_lossy().into_owned())
            .unwrap_or_default();
        let wrong = |why: String| Error::Film {
            name: path.display().to_string(),
            why,
        };
        let size = std::fs::metadata(path)
            .map_err(|e| wrong(e.to_string()))?
            .len();
        if size > FILM_BYTES_MAX {
            return Err(wrong(format!(
                "{size} bytes; at most {FILM_BYTES_MAX} are read"
            )));
        }
        let bytes = Bytes::from(std::fs::read(path).map_err(|e| wrong(e.to_string()))?);
        let ending = path.extension().map(|s| s.to_string_lossy().to_lowercase());
        match ending.as_deref() {
            Some("mp4" | "m4v" | "mov") => mp4_film::read(name, bytes),
            Some("h264" | "264" | "avc") => Self::from_annex_b(name, Codec::H264, bytes, fps),
            Some("h265" | "265" | "hevc") => Self::from_annex_b(name, Codec::H265, bytes, fps),
            _ => Err(wrong("not a film: want .mp4, .h264 or .h265".into())),
        }
    }

    /// Reads an elementary stream without B-frames at a steady `fps`.
    ///
    /// # Errors
    /// [`Error::Film`] if there is no picture, no parameter set or no key frame at the start.
    pub fn from_annex_b(name: String, codec: Codec, bytes: Bytes, fps: u32) -> Result<Self, Error> {
        let step = TICKS_PER_S / fps.clamp(1, 1_000);
        let units = access_units(codec, split_annex_b(&bytes))
            .into_iter()
            .zip(0u32..)
            .map(|(nals, n)| Self::unit(codec, nals, n * step, n * step))
            .collect::<Vec<_>>();
        let length_ticks = step * u32::try_from(units.len()).unwrap_or(u32::MAX / step);
        Self::new(name, codec, Vec::new(), units, length_ticks)
    }

    pub(crate) fn unit(codec: Codec, nals: Vec<Bytes>, send: u32, show: u32) -> AccessUnit {
        let key = nals
            .iter()
            .any(|n| matches!(codec.kind(n), Kind::Slice { key: true, .. }));
        AccessUnit {
            nals,
            key,
            send_ticks: send,
            show_ticks: show,
        }
    }

    /// Puts a film together; parameter sets not given are taken from the first access unit.
    pub(crate) fn new(
        name: String,
        codec: Codec,
        mut parameter_sets: Vec<Bytes>,
        units: Vec<AccessUnit>,
        length_ticks: u32,
    ) -> Result<Self, Error> {
        let wrong = |why: &str| Error::Film {
            name: name.clone(),
            why: why.into(),
        };
        let first = units.first().ok_or_else(|| wrong("no picture in it"))?;
        if !first.key {
            return Err(wrong("does not start with a key frame"));
        }
        if parameter_sets.is_empty() {
            parameter_sets = first
                .nals
                .iter()
                .filter(|n| codec.kind(n).is_parameter_set())
                .cloned()
                .collect();
        }
        let sps = parameter_sets
            .iter()
            .find(|n| codec.kind(n) == Kind::Sps && n.len() >= 4)
            .ok_or_else(|| wrong("no sequence parameter set in it"))?;
        if !parameter_sets.iter().any(|n| codec.kind(n) == Kind::Pps) {
            return Err(wrong("no picture parameter set in it"));
        }
        let (width, height) = sps::size(codec, sps).unwrap_or((0, 0));
        Ok(Self {
            name,
            codec,
            parameter_sets,
            units,
            length_ticks,
            width,
            height,
        })
    }

    /// The first NAL unit of this kind among the parameter sets.
    #[must_use]
    pub fn parameter_set(&self, kind: Kind) -> Option<&Bytes> {
        self.parameter_sets
            .iter()
            .find(|n| self.codec.kind(n) == kind)
    }

    /// Frames per second, rounded.
    #[must_use]
    pub fn fps(&self) -> u32 {
        let frames = u64::try_from(self.units.len()).unwrap_or(u64::MAX);
        let ticks = u64::from(self.length_ticks.max(1));
        let fps = (frames.saturating_mul(u64::from(TICKS_PER_S)) + ticks / 2) / ticks;
        u32::try_from(fps).unwrap_or(u32::MAX)
    }

    /// A copy with a user-data SEI NAL unit of `text` before the picture of every key frame, as a
    /// camera with ONVIF Media Signing sends one per GOP (Media Signing Specification §4; payload
    /// type 5 of H.264 D.1.7). The text stands for a signature; `0x00` in it becomes `0x20`, so
    /// that no emulation prevention is needed, and at most 200 bytes are taken.
    #[must_use]
    pub fn with_signing_sei(mut self, text: &str) -> Self {
        const UUID: &[u8; 16] = b"Loggia-simulator";
        let text = text
            .bytes()
            .map(|b| if b == 0 { b' ' } else { b })
            .take(200);
        let text = text.collect::<Vec<_>>();
        let mut sei = match self.codec {
            Codec::H264 => vec![0x06],
            Codec::H265 => vec![39 << 1, 0x01],
        };
        sei.extend([5, u8::try_from(16 + text.len()).unwrap_or(u8::MAX)]);
        sei.extend(UUID);
        sei.extend(text);
        sei.push(0x80);
        let sei = Bytes::from(sei);
        let codec = self.codec;
        for unit in self.units.iter_mut().filter(|u| u.key) {
            let place = unit
                .nals
                .iter()
                .position(|n| matches!(codec.kind(n), Kind::Slice { .. }));
            unit.nals.insert(place.unwrap_or(0), sei.clone());
        }
        self
    }
}
