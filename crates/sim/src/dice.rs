//! Seeded dice: the same seed and the same words give the same throws, on every machine.
//! Never used for anything that must be secret.

/// One stream of throws (SplitMix64: Steele, Lea, Flood, OOPSLA 2014).
#[derive(Debug, Clone)]
pub struct Dice(u64);

impl Dice {
    /// Dice for one purpose, named by a list of words such as seed, camera, frame.
    #[must_use]
    pub fn of(words: &[u64]) -> Self {
        let mut state = 0x4c6f_6767_6961_2e31;
        for word in words {
            state = mix(state ^ word.wrapping_mul(0x9e37_79b9_7f4a_7c15));
        }
        Self(state)
    }

    /// The next 64 bits.
    pub fn throw(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        mix(self.0)
    }

    /// The next 32 bits.
    pub fn throw32(&mut self) -> u32 {
        (self.throw() >> 32) as u32
    }

    /// A number below `n`; 0 if `n` is 0. The bias for n ≤ 2³² is below 2⁻³².
    pub fn below(&mut self, n: u64) -> u64 {
        ((u128::from(self.throw()) * u128::from(n)) >> 64) as u64
    }

    /// True in `per_mille` of 1,000 throws.
    pub fn happens(&mut self, per_mille: u16) -> bool {
        self.below(1_000) < u64::from(per_mille)
    }

    /// Fills `out` with noise.
    pub fn fill(&mut self, out: &mut [u8]) {
        for chunk in out.chunks_mut(8) {
            let noise = self.throw().to_le_bytes();
            chunk.copy_from_slice(&noise[..chunk.len()]);
        }
    }
}

fn mix(mut z: u64) -> u64 {
    z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    z ^ (z >> 31)
}

#[cfg(test)]
mod tests {
    use super::Dice;

    #[test]
    fn same_words_same_throws_and_other_words_others() {
        let (mut a, mut b, mut c) = (Dice::of(&[1, 2]), Dice::of(&[1, 2]), Dice::of(&[2, 1]));
        let (x, y, z) = (a.throw(), b.throw(), c.throw());
        assert_eq!(x, y);
        assert_ne!(x, z);
        assert!((0..1_000).all(|_| a.below(7) < 7));
        assert!(!a.happens(0) && a.happens(1_000));
    }
}
