//! RTCP sender reports with the camera's name (RFC 3550 §6.4.1, §6.5). Never reads a clock.

use loggia_model::At;

/// Seconds from 1900 (NTP, RFC 5905) to 1970.
const NTP_EPOCH_S: i64 = 2_208_988_800;

/// A sender report and source description in one compound packet.
pub(crate) fn report(ssrc: u32, now: At, timestamp: u32, packets: u32, octets: u32) -> Vec<u8> {
    const CNAME: &[u8; 10] = b"loggia-sim";
    let seconds = now.secs().wrapping_add(NTP_EPOCH_S) as u32;
    let fraction = ((now.0.rem_euclid(1_000_000) << 32) / 1_000_000) as u32;
    let mut out = Vec::with_capacity(52);
    out.extend([0x80, 200, 0, 6]);
    for word in [ssrc, seconds, fraction, timestamp, packets, octets] {
        out.extend(word.to_be_bytes());
    }
    // One chunk: SSRC, CNAME item of 2 + 10 bytes, end of list padded to 32 bits.
    out.extend([0x81, 202, 0, 5]);
    out.extend(ssrc.to_be_bytes());
    out.extend([1, CNAME.len() as u8]);
    out.extend(CNAME);
    out.extend([0; 4]);
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lengths_agree_and_time_is_ntp() {
        let sr = report(7, At(1_500_000), 9, 1, 2);
        assert_eq!(sr.len(), 28 + 24);
        assert_eq!(sr[8..12], 2_208_988_801u32.to_be_bytes());
        assert_eq!(sr[12..16], (1u32 << 31).to_be_bytes());
    }
}
