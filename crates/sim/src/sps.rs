//! The picture's size out of a sequence parameter set, as an ONVIF profile must name it.
//! Never reads further than that needs.

use crate::nal::Codec;

/// Reads bits of a raw byte sequence payload, most significant first.
struct Bits<'a> {
    bytes: &'a [u8],
    at: usize,
}

impl Bits<'_> {
    fn bit(&mut self) -> Option<u32> {
        let byte = *self.bytes.get(self.at / 8)?;
        let bit = byte >> (7 - self.at % 8) & 1;
        self.at += 1;
        Some(u32::from(bit))
    }

    fn u(&mut self, n: u32) -> Option<u32> {
        (0..n).try_fold(0u32, |v, _| Some(v << 1 | self.bit()?))
    }

    fn skip(&mut self, n: usize) {
        self.at = self.at.saturating_add(n);
    }

    /// ue(v), H.264 9.1.
    fn ue(&mut self) -> Option<u32> {
        let mut zeros = 0;
        while self.bit()? == 0 {
            zeros += 1;
            if zeros > 31 {
                return None;
            }
        }
        Some((1u32 << zeros) - 1 + self.u(zeros)?)
    }

    /// se(v), H.264 9.1.1.
    fn se(&mut self) -> Option<i32> {
        let k = self.ue()?;
        let half = i32::try_from(k.div_ceil(2)).ok()?;
        Some(if k % 2 == 1 { half } else { -half })
    }
}

/// NAL unit without header and emulation prevention bytes (H.264 7.4.1).
fn payload(nal: &[u8], header: usize) -> Vec<u8> {
    let mut out = Vec::with_capacity(nal.len());
    let mut zeros = 0;
    for &b in nal.iter().skip(header) {
        if zeros >= 2 && b == 3 {
            zeros = 0;
            continue;
        }
        zeros = if b == 0 { zeros + 1 } else { 0 };
        out.push(b);
    }
    out
}

/// Width and height in luma samples after cropping, if the parameter set can be read.
#[must_use]
pub fn size(codec: Codec, sps: &[u8]) -> Option<(u32, u32)> {
    match codec {
        Codec::H264 => size_h264(&payload(sps, 1)),
        Codec::H265 => size_h265(&payload(sps, 2)),
    }
}

fn size_h264(rbsp: &[u8]) -> Option<(u32, u32)> {
    let mut b = Bits { bytes: rbsp, at: 0 };
    let profile = b.u(8)?;
    b.skip(16);
    b.ue()?;
    let mut chroma = 1;
    if matches!(profile, 100 | 110 | 122 | 244 | 44 | 83 | 86 | 118 | 128) {
        chroma = b.ue()?;
        if chroma == 3 {
            b.skip(1);
        }
        b.ue()?;
        b.ue()?;
        b.skip(1);
        if b.bit()? == 1 {
            skip_scaling_lists(&mut b, if chroma == 3 { 12 } else { 8 })?;
        }
    }
    b.ue()?;
    match b.ue()? {
        0 => {
            b.ue()?;
        }
        1 => {
            b.skip(1);
            b.se()?;
            b.se()?;
            for _ in 0..b.ue()?.min(255) {
                b.se()?;
            }
        }
        _ => {}
    }
    b.ue()?;
    b.skip(1);
    let (mbs_w, map_h) = (b.ue()?.checked_add(1)?, b.ue()?.checked_add(1)?);
    let frame_only = b.bit()?;
    if frame_only == 0 {
        b.skip(1);
    }
    b.skip(1);
    let rows = 2 - frame_only;
    let (unit_w, unit_h) = match chroma {
        1 => (2, 2 * rows),
        2 => (2, rows),
        _ => (1, rows),
    };
    let (w, h) = (mbs_w.checked_mul(16)?, map_h.checked_mul(16 * rows)?);
    crop(&mut b, w, h, unit_w, unit_h)
}

fn skip_scaling_lists(b: &mut Bits<'_>, lists: usize) -> Option<()> {
    for i in 0..lists {
        if b.bit()? == 0 {
            continue;
        }
        let (mut last, mut next) = (8, 8);
        for _ in 0..if i < 6 { 16 } else { 64 } {
            if next != 0 {
                next = (last + b.se()? + 256).rem_euclid(256);
            }
            last = if next == 0 { last } else { next };
        }
    }
    Some(())
}

fn size_h265(rbsp: &[u8]) -> Option<(u32, u32)> {
    let mut b = Bits { bytes: rbsp, at: 0 };
    b.skip(4);
    let sub_layers = b.u(3)?;
    b.skip(1);
    // profile_tier_level (7.3.3): 88 bits of general profile, 8 of level, then the sub-layers.
    b.skip(96);
    let mut flags = Vec::new();
    for _ in 0..sub_layers {
        flags.push((b.bit()?, b.bit()?));
    }
    if sub_layers > 0 {
        b.skip(2 * (8 - sub_layers as usize));
    }
    for (profile, level) in flags {
        b.skip(88 * profile as usize + 8 * level as usize);
    }
    b.ue()?;
    let chroma = b.ue()?;
    if chroma == 3 {
        b.skip(1);
    }
    let (w, h) = (b.ue()?, b.ue()?);
    let (unit_w, unit_h) = match chroma {
        1 => (2, 2),
        2 => (2, 1),
        _ => (1, 1),
    };
    crop(&mut b, w, h, unit_w, unit_h)
}

/// The cropping (conformance) window: left, right, top, bottom in both codecs.
fn crop(b: &mut Bits<'_>, w: u32, h: u32, unit_w: u32, unit_h: u32) -> Option<(u32, u32)> {
    if b.bit()? == 0 {
        return Some((w, h));
    }
    let across = b.ue()?.checked_add(b.ue()?)?.checked_mul(unit_w)?;
    let down = b.ue()?.checked_add(b.ue()?)?.checked_mul(unit_h)?;
    Some((w.checked_sub(across)?, h.checked_sub(down)?))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn noise_is_read_or_refused_without_harm(noise in prop::collection::vec(any::<u8>(), 0..64)) {
            let _ = size(Codec::H264, &noise);
            let _ = size(Codec::H265, &noise);
        }
    }
}
