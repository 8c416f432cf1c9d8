//! From RTP payloads to NAL units: RFC 6184 (H.264) and RFC 7798 (H.265). The bytes of a NAL unit
//! leave exactly as the camera sent them: nothing is reordered, dropped, scanned or added but the
//! header that a fragmentation unit carries apart.

use crate::Error;
use crate::codec::Codec;
use crate::gop::Assembler;

const SHORT: Error = Error::Packet("an RTP payload is shorter than its header says");

/// Takes payloads in order; knows whether a fragmented NAL unit is under way.
#[derive(Debug)]
pub struct Depacketizer {
    codec: Codec,
    fragment: bool,
}

impl Depacketizer {
    /// For a stream of `codec`.
    #[must_use]
    pub fn new(codec: Codec) -> Self {
        Self {
            codec,
            fragment: false,
        }
    }

    /// Packets were lost: what is under way cannot be finished.
    pub fn lost(&mut self) {
        self.fragment = false;
    }

    /// Feeds one RTP payload into `to`.
    ///
    /// # Errors
    /// [`Error::Packet`] on a malformed payload: the caller gives the access unit up.
    pub fn push(&mut self, payload: &[u8], to: &mut Assembler) -> Result<(), Error> {
        let pushed = match self.codec {
            Codec::H264 => self.push_avc(payload, to),
            Codec::H265 => self.push_hevc(payload, to),
        };
        if pushed.is_err() {
            self.fragment = false;
        }
        pushed
    }

    fn whole(&mut self, nal: &[u8], to: &mut Assembler) -> Result<(), Error> {
        if self.fragment {
            return Err(Error::Packet("a NAL unit begins inside a fragmented one"));
        }
        to.begin_nal(nal)?;
        to.end_nal();
        Ok(())
    }

    /// RFC 6184 5.2: single NAL unit (1–23), STAP-A (24), FU-A (28); the interleaved mode is
    /// refused.
    fn push_avc(&mut self, payload: &[u8], to: &mut Assembler) -> Result<(), Error> {
        let (first, rest) = payload.split_first().ok_or(SHORT)?;
        match first & 0x1f {
            1..=23 => self.whole(payload, to),
            24 => self.aggregate(rest, to),
            28 => {
                let (fu, body) = rest.split_first().ok_or(SHORT)?;
                let header = [first & 0xe0 | fu & 0x1f];
                self.fragment(*fu, &header, body, to)
            }
            _ => Err(Error::Packet(
                "an RTP payload of a kind that was not negotiated",
            )),
        }
    }

    /// RFC 7798 4.4: single NAL unit, aggregation packet (48), fragmentation unit (49); no DONL.
    fn push_hevc(&mut self, payload: &[u8], to: &mut Assembler) -> Result<(), Error> {
        let (&[h0, h1], rest) = payload.split_first_chunk::<2>().ok_or(SHORT)?;
        match (h0 >> 1) & 0x3f {
            0..=47 => self.whole(payload, to),
            48 => self.aggregate(rest, to),
            49 => {
                let (fu, body) = rest.split_first().ok_or(SHORT)?;
                let header = [h0 & 0x81 | (fu & 0x3f) << 1, h1];
                self.fragment(*fu, &header, body, to)
            }
            _ => Err(Error::Packet(
                "an RTP payload of a kind that was not negotiated",
            )),
        }
    }

    fn aggregate(&mut self, mut rest: &[u8], to: &mut Assembler) -> Result<(), Error> {
        while !rest.is_empty() {
            let (len, tail) = rest.split_first_chunk::<2>().ok_or(SHORT)?;
            let (nal, tail) = tail
                .split_at_checked(usize::from(u16::from_be_bytes(*len)))
                .ok_or(SHORT)?;
            self.whole(nal, to)?;
            rest = tail;
        }
        Ok(())
    }

    /// Start and end bits are the same two in both RFCs.
    fn fragment(
        &mut self,
        fu: u8,
        header: &[u8],
        body: &[u8],
        to: &mut Assembler,
    ) -> Result<(), Error> {
        if fu & 0x80 != 0 {
            if self.fragment {
                return Err(Error::Packet(
                    "a fragmented NAL unit begins before the last has ended",
                ));
            }
            to.begin_nal(header)?;
            self.fragment = true;
        } else if !self.fragment {
            return Err(Error::Packet(
                "a fragment of a NAL unit whose beginning never came",
            ));
        }
        to.append(body)?;
        if fu & 0x40 != 0 {
            to.end_nal();
            self.fragment = false;
        }
        Ok(())
    }
}
