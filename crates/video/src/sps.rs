//! What sequence parameter sets say of the picture. Never decodes one; never reads past its end.

use crate::Error;
use crate::bits::Bits;

/// What a sequence parameter set says.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Picture {
    /// Width to show, pixels.
    pub width: u16,
    /// Height to show, pixels.
    pub height: u16,
    /// `chroma_format_idc`.
    pub chroma_format: u8,
    /// Bits per luma sample.
    pub bit_depth_luma: u8,
    /// Bits per chroma sample.
    pub bit_depth_chroma: u8,
    /// H.265: the general profile, tier and level (first 12 bytes of `profile_tier_level`).
    pub profile_tier_level: [u8; 12],
    /// H.265: number of temporal layers.
    pub temporal_layers: u8,
    /// H.265: `sps_temporal_id_nesting_flag`.
    pub temporal_id_nested: bool,
}

fn size(pixels: u64) -> Result<u16, Error> {
    u16::try_from(pixels)
        .ok()
        .filter(|p| *p > 0)
        .ok_or(Error::Bitstream("the picture size is not possible"))
}

/// H.264 7.3.2.1.1 `seq_parameter_set_data` up to the cropping.
pub(crate) fn avc_picture(sps: &[u8]) -> Result<Picture, Error> {
    let mut b = Bits::of_nal(sps, 1);
    let profile = b.u(8)?;
    b.skip(16)?;
    b.ue()?;
    let (mut chroma, mut luma_bits, mut chroma_bits, mut planes) = (1, 8, 8, 0);
    if matches!(
        profile,
        100 | 110 | 122 | 244 | 44 | 83 | 86 | 118 | 128 | 138 | 139 | 134 | 135
    ) {
        chroma = b.ue()?;
        if chroma == 3 {
            planes = b.u(1)?;
        }
        luma_bits = 8 + b.ue()?;
        chroma_bits = 8 + b.ue()?;
        b.skip(1)?;
        if b.u(1)? == 1 {
            for list in 0..if chroma == 3 { 12 } else { 8 } {
                if b.u(1)? == 1 {
                    skip_scaling_list(&mut b, if list < 6 { 16 } else { 64 })?;
                }
            }
        }
    }
    b.ue()?;
    match b.ue()? {
        0 => {
            b.ue()?;
        }
        1 => {
            b.skip(1)?;
            b.ue()?;
            b.ue()?;
            let cycle = b.ue()?;
            for _ in 0..cycle.min(255) {
                b.ue()?;
            }
        }
        _ => {}
    }
    b.ue()?;
    b.skip(1)?;
    let width_mbs = b.ue()? + 1;
    let height_units = b.ue()? + 1;
    let frame_mbs_only = b.u(1)?;
    if frame_mbs_only == 0 {
        b.skip(1)?;
    }
    b.skip(1)?;
    let crop = if b.u(1)? == 1 {
        [b.ue()?, b.ue()?, b.ue()?, b.ue()?]
    } else {
        [0; 4]
    };
    let (sub_w, sub_h) = subsampling(if planes == 1 { 0 } else { chroma });
    let unit_h = sub_h * (2 - frame_mbs_only);
    let width = (width_mbs * 16).saturating_sub(sub_w * (crop[0] + crop[1]));
    let height =
        (height_units * 16 * (2 - frame_mbs_only)).saturating_sub(unit_h * (crop[2] + crop[3]));
    Ok(Picture {
        width: size(width)?,
        height: size(height)?,
        chroma_format: u8::try_from(chroma).unwrap_or(1),
        bit_depth_luma: u8::try_from(luma_bits).unwrap_or(8),
        bit_depth_chroma: u8::try_from(chroma_bits).unwrap_or(8),
        ..Picture::default()
    })
}

/// H.264 table 6-1, H.265 table 6-1: chroma samples per luma sample, as crop units.
fn subsampling(chroma_format: u64) -> (u64, u64) {
    match chroma_format {
        1 => (2, 2),
        2 => (2, 1),
        _ => (1, 1),
    }
}

/// H.264 7.3.2.1.1.1.
fn skip_scaling_list(b: &mut Bits<'_>, len: usize) -> Result<(), Error> {
    let (mut last, mut next) = (8i64, 8i64);
    for _ in 0..len {
        if next != 0 {
            next = (last + b.se()? + 256) % 256;
        }
        if next != 0 {
            last = next;
        }
    }
    Ok(())
}

/// H.265 7.3.2.2.1 up to the bit depths.
pub(crate) fn hevc_picture(sps: &[u8]) -> Result<Picture, Error> {
    let mut b = Bits::of_nal(sps, 2);
    b.skip(4)?;
    let sub_layers = b.u(3)?;
    let nested = b.u(1)? == 1;
    let mut ptl = [0; 12];
    for byte in &mut ptl {
        *byte = u8::try_from(b.u(8)?).unwrap_or(0);
    }
    let mut present = [(0, 0); 8];
    for flags in present
        .iter_mut()
        .take(usize::try_from(sub_layers).unwrap_or(0))
    {
        *flags = (b.u(1)?, b.u(1)?);
    }
    if sub_layers > 0 {
        b.skip(2 * (8 - sub_layers))?;
    }
    for (profile, level) in present {
        b.skip(88 * profile + 8 * level)?;
    }
    b.ue()?;
    let chroma = b.ue()?;
    let planes = if chroma == 3 { b.u(1)? } else { 0 };
    let (width, height) = (b.ue()?, b.ue()?);
    let crop = if b.u(1)? == 1 {
        [b.ue()?, b.ue()?, b.ue()?, b.ue()?]
    } else {
        [0; 4]
    };
    let (sub_w, sub_h) = subsampling(if planes == 1 { 0 } else { chroma });
    let (luma_bits, chroma_bits) = (8 + b.ue()?, 8 + b.ue()?);
    Ok(Picture {
        width: size(width.saturating_sub(sub_w * (crop[0] + crop[1])))?,
        height: size(height.saturating_sub(sub_h * (crop[2] + crop[3])))?,
        chroma_format: u8::try_from(chroma).unwrap_or(1),
        bit_depth_luma: u8::try_from(luma_bits).unwrap_or(8),
        bit_depth_chroma: u8::try_from(chroma_bits).unwrap_or(8),
        profile_tier_level: ptl,
        temporal_layers: u8::try_from(sub_layers + 1).unwrap_or(1),
        temporal_id_nested: nested,
    })
}
