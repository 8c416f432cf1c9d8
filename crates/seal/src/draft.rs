//! The buffer in which a piece is written and then sealed where it stands: room for the header in
//! front, for tag and signature behind, so that sealing neither copies nor allocates.
//! Never leaves video in freed memory by its own doing: what is not sealed is wiped when dropped.

use std::io;

use zeroize::Zeroize as _;

use crate::header::HEADER_LEN;
use crate::shares::TAG_LEN;
use crate::signing::SIGNATURE_LEN;

/// Room kept behind the clear bytes.
const BEHIND: usize = TAG_LEN + SIGNATURE_LEN;

/// A piece in the making. Write into it with [`Self::push`] or `io::Write`; give the right
/// capacity, because growing copies.
pub struct Draft {
    /// 96 bytes for the header, then the clear bytes.
    buffer: Vec<u8>,
}

impl Draft {
    /// An empty piece with room for `capacity` bytes of video.
    #[must_use]
    pub fn with_capacity(capacity: usize) -> Self {
        let mut buffer = Vec::with_capacity(HEADER_LEN + capacity + BEHIND);
        buffer.resize(HEADER_LEN, 0);
        Self { buffer }
    }

    /// Appends bytes.
    pub fn push(&mut self, bytes: &[u8]) {
        self.reserve(bytes.len());
        self.buffer.extend_from_slice(bytes);
    }

    /// Clear bytes so far.
    #[must_use]
    pub fn len(&self) -> usize {
        self.buffer.len() - HEADER_LEN
    }

    /// Whether nothing was written.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The clear bytes so far.
    #[must_use]
    pub fn written(&self) -> &[u8] {
        &self.buffer[HEADER_LEN..]
    }

    /// The clear bytes, to patch a box size.
    #[must_use]
    pub fn written_mut(&mut self) -> &mut [u8] {
        &mut self.buffer[HEADER_LEN..]
    }

    /// Takes back what was written after the first `len` clear bytes, wiping it.
    pub fn truncate(&mut self, len: usize) {
        if let Some(tail) = self.buffer.get_mut(HEADER_LEN + len..) {
            tail.zeroize();
            self.buffer.truncate(HEADER_LEN + len);
        }
    }

    /// Grows by a new, wiped buffer when the room does not suffice: `Vec`'s own growth would leave
    /// video behind in freed memory.
    fn reserve(&mut self, more: usize) {
        let need = self.buffer.len() + more + BEHIND;
        if need <= self.buffer.capacity() {
            return;
        }
        let mut larger = Vec::with_capacity(need.max(self.buffer.capacity() * 2));
        larger.extend_from_slice(&self.buffer);
        self.buffer.zeroize();
        self.buffer = larger;
    }

    pub(crate) fn parts_mut(&mut self) -> (&mut [u8], &mut [u8]) {
        self.buffer.split_at_mut(HEADER_LEN)
    }

    pub(crate) fn whole(&self) -> &[u8] {
        &self.buffer
    }

    /// Appends tag or signature into the room kept for them.
    pub(crate) fn append_reserved(&mut self, bytes: &[u8]) {
        self.buffer.extend_from_slice(bytes);
    }

    pub(crate) fn into_sealed(mut self) -> Vec<u8> {
        core::mem::take(&mut self.buffer)
    }
}

/// For small bodies and tests: copies once to make room in front.
impl From<&[u8]> for Draft {
    fn from(bytes: &[u8]) -> Self {
        let mut draft = Self::with_capacity(bytes.len());
        draft.push(bytes);
        draft
    }
}

/// Copies once to make room in front, and wipes the original.
impl From<Vec<u8>> for Draft {
    fn from(mut bytes: Vec<u8>) -> Self {
        let draft = Self::from(bytes.as_slice());
        bytes.zeroize();
        draft
    }
}

impl io::Write for Draft {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.push(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl Drop for Draft {
    fn drop(&mut self) {
        self.buffer.zeroize();
    }
}

impl core::fmt::Debug for Draft {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        write!(f, "Draft({} bytes, not shown)", self.len())
    }
}

#[cfg(test)]
mod tests {
    use std::io::Write as _;

    use super::*;

    #[test]
    fn a_draft_keeps_room_for_header_tag_and_signature() {
        let mut draft = Draft::with_capacity(10);
        let before = draft.buffer.as_ptr();
        draft.write_all(b"0123456789").unwrap();
        draft.append_reserved(&[0; BEHIND]);
        assert_eq!(draft.buffer.as_ptr(), before);
    }

    #[test]
    fn a_draft_grows_and_keeps_what_was_written() {
        let mut draft = Draft::with_capacity(0);
        for n in 0..=255u8 {
            draft.push(&[n; 33]);
        }
        assert_eq!(draft.len(), 256 * 33);
        draft.written_mut()[0] = 7;
        assert_eq!(
            (draft.written()[0], draft.written()[33], draft.is_empty()),
            (7, 1, false)
        );
        assert!(!format!("{draft:?}").contains("33, 33"));
    }
}
