//! What the recorder must know of H.264 and H.265: which NAL units begin a GOP, which are parameter
//! sets, and the picture size they state. Never decodes a picture and never changes a byte.

use mp4_atom::{Avc1, Avc3, Avcc, AvccExt, Hev1, Hvc1, HvcCArray, Hvcc, Visual};

use crate::Error;
use crate::sps::{Picture, avc_picture, hevc_picture};

/// A video codec that can be recorded.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Codec {
    /// ITU-T H.264 (ISO/IEC 14496-10).
    H264,
    /// ITU-T H.265 (ISO/IEC 23008-2).
    H265,
}

/// What a NAL unit is to the recorder.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum NalKind {
    /// H.265 video parameter set.
    Vps,
    /// Sequence parameter set.
    Sps,
    /// Picture parameter set.
    Pps,
    /// Coded slice from which decoding can start (H.264 IDR; H.265 IRAP, types 16–23).
    KeySlice,
    /// Any other coded slice.
    Slice,
    /// Delimiters, SEI (ONVIF Media Signing lives there) and the rest.
    Other,
}

impl Codec {
    /// The codec of an SDP encoding name (`a=rtpmap`), if it can be recorded.
    #[must_use]
    pub fn from_encoding_name(name: &str) -> Option<Self> {
        if name.eq_ignore_ascii_case("h264") {
            Some(Self::H264)
        } else if name.eq_ignore_ascii_case("h265") || name.eq_ignore_ascii_case("hevc") {
            Some(Self::H265)
        } else {
            None
        }
    }

    /// Length of a NAL unit header: 1 byte in H.264 (7.3.1), 2 in H.265 (7.3.1.2).
    #[must_use]
    pub fn header_len(self) -> usize {
        match self {
            Self::H264 => 1,
            Self::H265 => 2,
        }
    }

    /// What the NAL unit with this first byte is (H.264 table 7-1, H.265 table 7-1).
    #[must_use]
    pub fn kind(self, first: u8) -> NalKind {
        match self {
            Self::H264 => match first & 0x1f {
                1..=4 => NalKind::Slice,
                5 => NalKind::KeySlice,
                7 => NalKind::Sps,
                8 => NalKind::Pps,
                _ => NalKind::Other,
            },
            Self::H265 => match (first >> 1) & 0x3f {
                0..=15 => NalKind::Slice,
                16..=23 => NalKind::KeySlice,
                32 => NalKind::Vps,
                33 => NalKind::Sps,
                34 => NalKind::Pps,
                _ => NalKind::Other,
            },
        }
    }

    /// Short name as pages show it.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::H264 => "H.264",
            Self::H265 => "H.265",
        }
    }
}

/// Whether a stream carries its parameter sets among its samples.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum InBand {
    /// Yes: sample entry `avc3` or `hev1` (ISO/IEC 14496-15, 5.4.2.1 and 8.4.1).
    Yes,
    /// No, only in the SDP: `avc1` or `hvc1`.
    No,
}

/// The parameter sets in force, as whole NAL units.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ParameterSets {
    /// The codec.
    pub codec: Codec,
    /// H.265 only; empty for H.264.
    pub vps: Vec<u8>,
    /// Sequence parameter set.
    pub sps: Vec<u8>,
    /// Picture parameter set.
    pub pps: Vec<u8>,
}

/// Largest parameter set taken: real ones are under 200 bytes, a long VUI under 1 kB.
pub const PARAMETER_SET_BYTES_MAX: usize = 4096;

impl ParameterSets {
    /// An empty set for `codec`.
    #[must_use]
    pub fn new(codec: Codec) -> Self {
        Self {
            codec,
            vps: Vec::new(),
            sps: Vec::new(),
            pps: Vec::new(),
        }
    }

    /// Whether decoding could start with these.
    #[must_use]
    pub fn complete(&self) -> bool {
        !self.sps.is_empty()
            && !self.pps.is_empty()
            && (self.codec == Codec::H264 || !self.vps.is_empty())
    }

    /// Takes a parameter set seen in band; true if it differs from what was in force.
    pub fn take(&mut self, kind: NalKind, nal: &[u8]) -> bool {
        let slot = match kind {
            NalKind::Vps => &mut self.vps,
            NalKind::Sps => &mut self.sps,
            NalKind::Pps => &mut self.pps,
            NalKind::KeySlice | NalKind::Slice | NalKind::Other => return false,
        };
        if slot.as_slice() == nal || nal.len() > PARAMETER_SET_BYTES_MAX {
            return false;
        }
        slot.clear();
        slot.extend_from_slice(nal);
        true
    }

    /// What the sequence parameter set says of the picture.
    ///
    /// # Errors
    /// [`Error::Bitstream`] when it cannot be read.
    pub fn picture(&self) -> Result<Picture, Error> {
        match self.codec {
            Codec::H264 => avc_picture(&self.sps),
            Codec::H265 => hevc_picture(&self.sps),
        }
    }

    /// The MP4 sample entry (ISO/IEC 14496-15) that carries these sets.
    ///
    /// # Errors
    /// [`Error::Bitstream`] when the sequence parameter set cannot be read.
    pub fn sample_entry(&self, in_band: InBand) -> Result<mp4_atom::Codec, Error> {
        let picture = self.picture()?;
        let visual = Visual {
            data_reference_index: 1,
            width: picture.width,
            height: picture.height,
            horizresolution: 72u16.into(),
            vertresolution: 72u16.into(),
            frame_count: 1,
            compressor: "".into(),
            depth: 24,
        };
        Ok(match (self.codec, in_band) {
            (Codec::H264, InBand::No) => Avc1 {
                visual,
                avcc: self.avcc(&picture),
                ..Avc1::default()
            }
            .into(),
            (Codec::H264, InBand::Yes) => Avc3 {
                visual,
                avcc: self.avcc(&picture),
                ..Avc3::default()
            }
            .into(),
            (Codec::H265, InBand::No) => Hvc1 {
                visual,
                hvcc: self.hvcc(&picture, true),
                ..Hvc1::default()
            }
            .into(),
            (Codec::H265, InBand::Yes) => Hev1 {
                visual,
                hvcc: self.hvcc(&picture, false),
                ..Hev1::default()
            }
            .into(),
        })
    }

    fn avcc(&self, picture: &Picture) -> Avcc {
        let byte = |i: usize| self.sps.get(i).copied().unwrap_or(0);
        let high = !matches!(byte(1), 66 | 77 | 88);
        Avcc {
            configuration_version: 1,
            avc_profile_indication: byte(1),
            profile_compatibility: byte(2),
            avc_level_indication: byte(3),
            length_size: 4,
            sequence_parameter_sets: vec![self.sps.clone()],
            picture_parameter_sets: vec![self.pps.clone()],
            ext: high.then(|| AvccExt {
                chroma_format: picture.chroma_format,
                bit_depth_luma: picture.bit_depth_luma,
                bit_depth_chroma: picture.bit_depth_chroma,
                sequence_parameter_sets_ext: Vec::new(),
            }),
        }
    }

    fn hvcc(&self, picture: &Picture, completeness: bool) -> Hvcc {
        let p = &picture.profile_tier_level;
        let array = |nal_unit_type, nal: &Vec<u8>| HvcCArray {
            completeness,
            nal_unit_type,
            nalus: vec![nal.clone()],
        };
        Hvcc {
            configuration_version: 1,
            general_profile_space: p[0] >> 6,
            general_tier_flag: p[0] & 0x20 != 0,
            general_profile_idc: p[0] & 0x1f,
            general_profile_compatibility_flags: [p[1], p[2], p[3], p[4]],
            general_constraint_indicator_flags: [p[5], p[6], p[7], p[8], p[9], p[10]],
            general_level_idc: p[11],
            chroma_format_idc: picture.chroma_format,
            bit_depth_luma_minus8: picture.bit_depth_luma.saturating_sub(8),
            bit_depth_chroma_minus8: picture.bit_depth_chroma.saturating_sub(8),
            num_temporal_layers: picture.temporal_layers,
            temporal_id_nested: picture.temporal_id_nested,
            length_size_minus_one: 3,
            arrays: vec![
                array(32, &self.vps),
                array(33, &self.sps),
                array(34, &self.pps),
            ],
            ..Hvcc::new()
        }
    }

    /// The codec string of RFC 6381 (`avc1.4d401f`, `hvc1.1.6.L93.b0`), as browsers want it.
    #[must_use]
    pub fn rfc6381(&self) -> String {
        match (self.codec, self.picture()) {
            (Codec::H264, _) => {
                let byte = |i: usize| self.sps.get(i).copied().unwrap_or(0);
                format!("avc1.{:02x}{:02x}{:02x}", byte(1), byte(2), byte(3))
            }
            (Codec::H265, Ok(picture)) => hevc_name(&picture.profile_tier_level),
            (Codec::H265, Err(_)) => "hvc1".to_owned(),
        }
    }
}

/// ISO/IEC 14496-15 Annex E.3.
fn hevc_name(p: &[u8; 12]) -> String {
    let space = ["", "A", "B", "C"][usize::from(p[0] >> 6)];
    let tier = if p[0] & 0x20 == 0 { 'L' } else { 'H' };
    let compat = u32::from_be_bytes([p[1], p[2], p[3], p[4]]).reverse_bits();
    let mut name = format!("hvc1.{space}{}.{compat:X}.{tier}{}", p[0] & 0x1f, p[11]);
    let constraints = &p[5..11];
    let used = constraints
        .iter()
        .rposition(|b| *b != 0)
        .map_or(0, |i| i + 1);
    for byte in &constraints[..used] {
        name.push_str(&format!(".{byte:X}"));
    }
    name
}
