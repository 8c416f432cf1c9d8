//! The proof `Sealed`: these bytes are encrypted to the custodians, chained and signed. It is made
//! in this file and nowhere else: fresh by a `Chain`, or from bytes whose signature was checked.
//! Never cloned, never deserialised.

use core::fmt;

use crate::header::HEADER_LEN;
use crate::record::{Body, Record, chain_hash, signed_text};
use crate::shares::TAG_LEN;
use crate::signing::SIGNATURE_LEN;
use crate::span_key::SpanKey;
use crate::{Draft, Error, Header, RecorderKey, RecorderPublic};

/// One record, sealed: the only thing that the store writes.
pub struct Sealed {
    header: Header,
    hash: [u8; 32],
    bytes: Vec<u8>,
}

/// The steps of sealing, so that a bench can time them apart.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Phase {
    /// AES-256-GCM is done (or there was nothing to encrypt).
    Encrypted,
    /// SHA-256 over the ciphertext is done.
    Hashed,
    /// The Ed25519 signature is done.
    Signed,
}

impl Sealed {
    /// Checks a record that was read back and makes the proof.
    ///
    /// # Errors
    /// As [`Record::parse_whole`] and [`Record::verify`].
    pub fn verify(bytes: Vec<u8>, recorder: &RecorderPublic) -> Result<Self, Error> {
        let record = Record::parse_whole(&bytes)?;
        let hash = record.verify(core::slice::from_ref(recorder))?;
        Ok(Self {
            header: *record.header(),
            hash,
            bytes,
        })
    }

    /// Copies a record whose signature is checked here into a proof of its own.
    ///
    /// # Errors
    /// As [`Record::verify`].
    pub fn of_record(record: &Record<'_>, recorders: &[RecorderPublic]) -> Result<Self, Error> {
        let hash = record.verify(recorders)?;
        Ok(Self {
            header: *record.header(),
            hash,
            bytes: record.bytes().to_vec(),
        })
    }

    /// Encrypts (pieces alone), hashes and signs `draft` in its own buffer.
    pub(crate) fn make(
        mut header: Header,
        draft: Draft,
        key: Option<&SpanKey>,
        recorder: &RecorderKey,
        mut done: impl FnMut(Phase),
    ) -> Result<Self, Error> {
        header.body_len = draft.len() + key.map_or(0, |_| TAG_LEN);
        header.check()?;
        let mut draft = draft;
        let (head, body) = draft.parts_mut();
        head.copy_from_slice(&header.to_bytes());
        if let Some(key) = key {
            let tag = key.encrypt(header.seq, head, body)?;
            draft.append_reserved(&tag);
        }
        done(Phase::Encrypted);
        let hash = chain_hash(draft.whole());
        done(Phase::Hashed);
        let signature = recorder.sign(&signed_text(&hash))?;
        draft.append_reserved(&signature);
        done(Phase::Signed);
        Ok(Self {
            header,
            hash,
            bytes: draft.into_sealed(),
        })
    }

    /// The header.
    #[must_use]
    pub const fn header(&self) -> &Header {
        &self.header
    }

    /// The chain hash.
    #[must_use]
    pub const fn hash(&self) -> &[u8; 32] {
        &self.hash
    }

    /// The whole record: header, body, signature.
    #[must_use]
    pub fn bytes(&self) -> &[u8] {
        &self.bytes
    }

    /// The whole record, giving up the proof.
    #[must_use]
    pub fn into_bytes(self) -> Vec<u8> {
        self.bytes
    }

    /// The body as bytes.
    #[must_use]
    pub fn body(&self) -> &[u8] {
        &self.bytes[HEADER_LEN..self.bytes.len() - SIGNATURE_LEN]
    }

    /// What the body says.
    ///
    /// # Errors
    /// As [`Record::body`]; cannot fail for what a `Chain` made.
    pub fn contents(&self) -> Result<Body<'_>, Error> {
        Record::parse_whole(&self.bytes)?.body()
    }
}

impl fmt::Debug for Sealed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Header {
            kind, camera, seq, ..
        } = self.header;
        write!(
            f,
            "Sealed({kind:?}, {camera}, seq {seq}, {} bytes)",
            self.bytes.len()
        )
    }
}
