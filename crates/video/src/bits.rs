//! Reads the bits of a NAL unit's header fields. Never reads past its end.

use crate::Error;

const SHORT: Error = Error::Bitstream("a parameter set ends too early");

/// A reader over a NAL unit that skips emulation prevention bytes (H.264 7.3.1, H.265 7.3.1.1).
#[derive(Debug)]
pub struct Bits<'a> {
    nal: &'a [u8],
    at: usize,
    zeros: u8,
    current: u8,
    left: u8,
}

impl<'a> Bits<'a> {
    /// Reads `nal` after its `header` bytes.
    #[must_use]
    pub fn of_nal(nal: &'a [u8], header: usize) -> Self {
        Self {
            nal,
            at: header,
            zeros: 0,
            current: 0,
            left: 0,
        }
    }

    fn bit(&mut self) -> Result<u64, Error> {
        if self.left == 0 {
            let mut byte = *self.nal.get(self.at).ok_or(SHORT)?;
            self.at += 1;
            if self.zeros >= 2 && byte == 3 {
                byte = *self.nal.get(self.at).ok_or(SHORT)?;
                self.at += 1;
                self.zeros = 0;
            }
            self.zeros = if byte == 0 {
                self.zeros.saturating_add(1)
            } else {
                0
            };
            self.current = byte;
            self.left = 8;
        }
        self.left -= 1;
        Ok(u64::from((self.current >> self.left) & 1))
    }

    /// `n` bits, most significant first; `n` ≤ 64.
    ///
    /// # Errors
    /// When the NAL unit ends first.
    pub fn u(&mut self, n: u32) -> Result<u64, Error> {
        let mut value = 0;
        for _ in 0..n {
            value = value << 1 | self.bit()?;
        }
        Ok(value)
    }

    /// Passes over `n` bits.
    ///
    /// # Errors
    /// When the NAL unit ends first.
    pub fn skip(&mut self, n: u64) -> Result<(), Error> {
        for _ in 0..n {
            self.bit()?;
        }
        Ok(())
    }

    /// Unsigned Exp-Golomb code (H.264 9.1), at most 32 bits of it.
    ///
    /// # Errors
    /// When the NAL unit ends first or the code is longer than any allowed value's.
    pub fn ue(&mut self) -> Result<u64, Error> {
        let mut zeros = 0;
        while self.bit()? == 0 {
            zeros += 1;
            if zeros > 32 {
                return Err(Error::Bitstream("a number in a parameter set is too large"));
            }
        }
        Ok((1u64 << zeros) - 1 + self.u(zeros)?)
    }

    /// Signed Exp-Golomb code (H.264 9.1.1).
    ///
    /// # Errors
    /// As [`Self::ue`].
    pub fn se(&mut self) -> Result<i64, Error> {
        let k = i64::try_from(self.ue()?).unwrap_or(i64::MAX - 1);
        Ok(if k % 2 == 0 { -(k / 2) } else { k / 2 + 1 })
    }
}
