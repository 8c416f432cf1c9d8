//! NAL units: finding them in Annex-B bytes, naming their kind, grouping them into access units.
//! Never decodes a picture and never changes a byte of a NAL unit.

use bytes::Bytes;

/// The two codecs that are simulated.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Codec {
    /// ITU-T H.264 (AVC), carried by RFC 6184.
    H264,
    /// ITU-T H.265 (HEVC), carried by RFC 7798.
    H265,
}

/// What a NAL unit is, as far as sending needs it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// Video parameter set (H.265).
    Vps,
    /// Sequence parameter set.
    Sps,
    /// Picture parameter set.
    Pps,
    /// Access unit delimiter.
    Delimiter,
    /// SEI, or another NAL unit that comes before the picture it belongs to.
    Before,
    /// A slice of a picture; the facts that cutting needs.
    Slice {
        /// Whether it is the picture's first slice.
        first: bool,
        /// Whether decoding can start here (IDR in H.264; IDR, BLA or CRA in H.265).
        key: bool,
    },
    /// Whatever follows the picture (end of sequence, filler, suffix SEI).
    After,
}

impl Kind {
    /// Whether it is a parameter set.
    #[must_use]
    pub fn is_parameter_set(self) -> bool {
        matches!(self, Self::Vps | Self::Sps | Self::Pps)
    }
}

impl Codec {
    /// Name in `a=rtpmap` and in ONVIF profiles.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::H264 => "H264",
            Self::H265 => "H265",
        }
    }

    /// What `nal` is (H.264 table 7-1; H.265 table 7-1).
    #[must_use]
    pub fn kind(self, nal: &[u8]) -> Kind {
        let head = nal.first().copied().unwrap_or(0);
        match self {
            Self::H264 => {
                // first_mb_in_slice is ue(v): it is 0 exactly when its first bit is 1.
                let first = nal.get(1).is_some_and(|b| b & 0x80 != 0);
                match head & 0x1f {
                    n @ 1..=5 => Kind::Slice { first, key: n == 5 },
                    6 | 14..=18 => Kind::Before,
                    7 => Kind::Sps,
                    8 => Kind::Pps,
                    9 => Kind::Delimiter,
                    _ => Kind::After,
                }
            }
            Self::H265 => {
                let first = nal.get(2).is_some_and(|b| b & 0x80 != 0);
                match (head >> 1) & 0x3f {
                    n @ 0..=31 => Kind::Slice {
                        first,
                        key: (16..=21).contains(&n),
                    },
                    32 => Kind::Vps,
                    33 => Kind::Sps,
                    34 => Kind::Pps,
                    35 => Kind::Delimiter,
                    39 | 41..=44 | 48..=55 => Kind::Before,
                    _ => Kind::After,
                }
            }
        }
    }
}

/// The NAL units between the start codes of an Annex-B stream (H.264 B.1, H.265 B.2), uncopied.
#[must_use]
pub fn split_annex_b(stream: &Bytes) -> Vec<Bytes> {
    let mut starts = Vec::new();
    let mut at = 0;
    while at + 3 <= stream.len() {
        if stream[at..at + 3] == [0, 0, 1] {
            starts.push(at);
            at += 3;
        } else {
            at += 1;
        }
    }
    let mut nals = Vec::with_capacity(starts.len());
    for (i, start) in starts.iter().enumerate() {
        let mut end = starts.get(i + 1).copied().unwrap_or(stream.len());
        // trailing_zero_8bits and the zero_byte of a four-byte start code are not the NAL unit's:
        // a NAL unit never ends in zero (7.4.1).
        while end > start + 3 && stream[end - 1] == 0 {
            end -= 1;
        }
        if end > start + 3 {
            nals.push(stream.slice(start + 3..end));
        }
    }
    nals
}

/// Groups NAL units in decoding order into access units (H.264 7.4.1.2.3, H.265 7.4.2.4.4).
#[must_use]
pub fn access_units(codec: Codec, nals: Vec<Bytes>) -> Vec<Vec<Bytes>> {
    let mut units: Vec<Vec<Bytes>> = Vec::new();
    let mut present: Vec<Bytes> = Vec::new();
    let mut pictured = false;
    for nal in nals {
        let kind = codec.kind(&nal);
        let begins = match kind {
            Kind::Slice { first, .. } => first,
            Kind::After => false,
            _ => true,
        };
        if pictured && begins {
            units.push(std::mem::take(&mut present));
            pictured = false;
        }
        pictured |= matches!(kind, Kind::Slice { .. });
        present.push(nal);
    }
    if pictured {
        units.push(present);
    }
    units
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn start_codes_of_three_and_four_bytes() {
        let stream = Bytes::from_static(&[0, 0, 0, 1, 7, 1, 0, 0, 1, 8, 2, 0, 0, 0, 1, 0x65, 0x88]);
        let nals = split_annex_b(&stream);
        assert_eq!(nals, [&[7u8, 1][..], &[8, 2], &[0x65, 0x88]]);
        assert_eq!(access_units(Codec::H264, nals).len(), 1);
    }

    proptest! {
        #[test]
        fn any_bytes_split_without_loss_of_order(noise in prop::collection::vec(0u8..3, 0..300)) {
            let stream = Bytes::from(noise);
            let nals = split_annex_b(&stream);
            for nal in &nals {
                prop_assert!(!nal.is_empty());
                prop_assert!(!nal.windows(3).any(|w| w == [0, 0, 1]));
            }
            for codec in [Codec::H264, Codec::H265] {
                let _ = access_units(codec, nals.clone());
            }
        }
    }
}
