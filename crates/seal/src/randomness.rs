//! Randomness as an argument: the machine's, or a replayed stream for test vectors and replays.
//! Never falls back from the machine's randomness to anything else.

use aws_lc_rs::digest;
use zeroize::Zeroizing;

use crate::Error;

/// Where keys, shares and nonces come from.
pub struct Randomness(Source);

enum Source {
    Machine,
    Replayed {
        seed: Zeroizing<[u8; 32]>,
        counter: u64,
    },
}

impl Randomness {
    /// The machine's own (aws-lc's DRBG over the kernel's). What every recorder uses.
    #[must_use]
    pub const fn machine() -> Self {
        Self(Source::Machine)
    }

    /// SHA-256(seed ‖ counter u64), counter from 0: the same bytes every time. **Whoever knows the
    /// seed knows every key drawn**: for test vectors and replays, never for a recorder.
    #[must_use]
    pub fn replayed(seed: [u8; 32]) -> Self {
        Self(Source::Replayed {
            seed: Zeroizing::new(seed),
            counter: 0,
        })
    }

    /// Fills `out`.
    ///
    /// # Errors
    /// [`Error::Randomness`] when the machine has none.
    pub fn fill(&mut self, out: &mut [u8]) -> Result<(), Error> {
        match &mut self.0 {
            Source::Machine => aws_lc_rs::rand::fill(out).map_err(|_| Error::Randomness),
            Source::Replayed { seed, counter } => {
                for chunk in out.chunks_mut(32) {
                    let mut ctx = digest::Context::new(&digest::SHA256);
                    ctx.update(seed.as_slice());
                    ctx.update(&counter.to_be_bytes());
                    chunk.copy_from_slice(&ctx.finish().as_ref()[..chunk.len()]);
                    *counter += 1;
                }
                Ok(())
            }
        }
    }

    /// 32 fresh bytes that wipe themselves.
    pub(crate) fn secret(&mut self) -> Result<Zeroizing<[u8; 32]>, Error> {
        let mut out = Zeroizing::new([0; 32]);
        self.fill(out.as_mut_slice())?;
        Ok(out)
    }
}

impl core::fmt::Debug for Randomness {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.write_str(match self.0 {
            Source::Machine => "Randomness(machine)",
            Source::Replayed { .. } => "Randomness(replayed)",
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn replayed_randomness_is_the_same_every_time_and_the_machine_s_is_not() {
        let draw = |mut r: Randomness| {
            let mut out = [0; 70];
            r.fill(&mut out).unwrap();
            out
        };
        assert_eq!(
            draw(Randomness::replayed([7; 32])),
            draw(Randomness::replayed([7; 32]))
        );
        assert_ne!(
            draw(Randomness::replayed([7; 32])),
            draw(Randomness::replayed([8; 32]))
        );
        assert_ne!(draw(Randomness::machine()), draw(Randomness::machine()));
        assert!(!format!("{:?}", Randomness::replayed([0x5a; 32])).contains("5a"));
    }
}
