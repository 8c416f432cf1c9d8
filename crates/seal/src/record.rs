//! Reading records that anybody may have written: bounded, and precise about what is wrong.
//! Never trusts a length before checking it, never allocates before the whole record is there.

use aws_lc_rs::digest;
use loggia_model::{GapReason, KeyId};

use crate::header::{BODY_MAX, HEADER_LEN, array_at, u32_at, u64_at};
use crate::shares::TAG_LEN;
use crate::signing::SIGNATURE_LEN;
use crate::{Error, Header, Kind, RecorderPublic, SpanOpening};

/// Domain line of a record's signature.
pub(crate) const SIGNATURE_LABEL: &[u8; 22] = b"loggia/seal/v1 record\n";

/// Most pieces in one span: 60 s of a camera that makes every one of 60 frames per second a key
/// frame, on both tracks, is 7,200.
pub const SPAN_PIECES_MAX: usize = 16_384;

/// Longest record, bytes.
pub const RECORD_MAX: usize = HEADER_LEN + BODY_MAX + SIGNATURE_LEN;

/// A record in a buffer: its form is checked, its signature is not.
#[derive(Debug, Clone, Copy)]
pub struct Record<'a> {
    header: Header,
    bytes: &'a [u8],
}

/// What a record's body says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Body<'a> {
    /// A span begins.
    SpanOpen(SpanOpening),
    /// Ciphertext and tag of a piece.
    Piece(&'a [u8]),
    /// Seconds that are not there.
    Gap(GapReason),
    /// A span ends.
    Manifest(Manifest),
}

impl<'a> Record<'a> {
    /// Reads the record at the start of `bytes`; returns it and what follows it.
    ///
    /// # Errors
    /// As [`Header::parse`]; [`Error::TooShort`] when the record is cut; [`Error::Body`] and others
    /// when the body is not what its kind demands.
    pub fn parse(bytes: &'a [u8]) -> Result<(Self, &'a [u8]), Error> {
        let header = Header::parse(bytes)?;
        let (part, need, have) = ("record", header.record_len(), bytes.len());
        let Some((own, rest)) = bytes.split_at_checked(need) else {
            return Err(Error::TooShort { part, need, have });
        };
        let record = Self { header, bytes: own };
        record.body()?;
        Ok((record, rest))
    }

    /// Reads a record that fills `bytes`.
    ///
    /// # Errors
    /// As [`Self::parse`], and [`Error::TrailingBytes`].
    pub fn parse_whole(bytes: &'a [u8]) -> Result<Self, Error> {
        match Self::parse(bytes)? {
            (record, []) => Ok(record),
            (_, rest) => Err(Error::TrailingBytes {
                part: "record",
                extra: rest.len(),
            }),
        }
    }

    /// The header.
    #[must_use]
    pub const fn header(&self) -> &Header {
        &self.header
    }

    /// The whole record.
    #[must_use]
    pub const fn bytes(&self) -> &'a [u8] {
        self.bytes
    }

    /// The body as bytes.
    #[must_use]
    pub fn body_bytes(&self) -> &'a [u8] {
        &self.bytes[HEADER_LEN..self.bytes.len() - SIGNATURE_LEN]
    }

    /// The body as its kind reads it.
    ///
    /// # Errors
    /// [`Error::Body`], [`Error::TooShort`], [`Error::TooLarge`], [`Error::TrailingBytes`].
    pub fn body(&self) -> Result<Body<'a>, Error> {
        let body = self.body_bytes();
        let wrong = |part, why| Err(Error::Body { part, why });
        match self.header.kind {
            Kind::SpanOpen => match self.header.span {
                Some(span) => {
                    let begins_in = self.header.begin.hour();
                    SpanOpening::parse(body, self.header.camera, span, begins_in)
                        .map(Body::SpanOpen)
                }
                None => wrong("span-open body", "names no span"),
            },
            Kind::Piece if body.len() <= TAG_LEN => {
                let (part, need, have) = ("piece body", TAG_LEN + 1, body.len());
                Err(Error::TooShort { part, need, have })
            }
            Kind::Piece => Ok(Body::Piece(body)),
            Kind::Gap => match body {
                [n] => match GapReason::from_number(*n) {
                    Some(reason) => Ok(Body::Gap(reason)),
                    None => wrong("gap body", "no such reason"),
                },
                _ => wrong("gap body", "not one byte"),
            },
            Kind::Manifest => Manifest::parse(body).map(Body::Manifest),
        }
    }

    /// The chain hash: SHA-256 of header and body.
    #[must_use]
    pub fn hash(&self) -> [u8; 32] {
        chain_hash(&self.bytes[..self.bytes.len() - SIGNATURE_LEN])
    }

    /// Checks the signature with the one of `recorders` that the header names; returns the chain
    /// hash.
    ///
    /// # Errors
    /// [`Error::UnknownRecorder`], [`Error::Signature`].
    pub fn verify(&self, recorders: &[RecorderPublic]) -> Result<[u8; 32], Error> {
        let found = self.header.recorder;
        let known = |key: &&RecorderPublic| key.key_id() == found;
        let Some(key) = recorders.iter().find(known) else {
            return Err(Error::UnknownRecorder { found });
        };
        let hash = self.hash();
        let signature = array_at(self.bytes, self.bytes.len() - SIGNATURE_LEN);
        if !key.verifies(&signed_text(&hash), &signature) {
            return Err(Error::Signature {
                camera: self.header.camera,
                seq: self.header.seq,
            });
        }
        Ok(hash)
    }

    /// Which recorder key the header names.
    #[must_use]
    pub const fn recorder(&self) -> KeyId {
        self.header.recorder
    }
}

/// SHA-256 over `header ‖ body`.
pub(crate) fn chain_hash(header_and_body: &[u8]) -> [u8; 32] {
    let mut out = [0; 32];
    out.copy_from_slice(digest::digest(&digest::SHA256, header_and_body).as_ref());
    out
}

/// What the recorder signs for a record.
pub(crate) fn signed_text(hash: &[u8; 32]) -> [u8; 54] {
    let mut text = [0; 54];
    text[..22].copy_from_slice(SIGNATURE_LABEL);
    text[22..].copy_from_slice(hash);
    text
}

/// The list of a span's pieces, which ends the span.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Manifest {
    /// Place of the span's span-open record.
    pub first_seq: u64,
    /// Place and chain hash of every piece, both tracks, in chain order.
    pub pieces: Vec<(u64, [u8; 32])>,
    /// Sum of the pieces' lengths in the clear, bytes.
    pub clear_bytes: u64,
}

impl Manifest {
    const HEAD_LEN: usize = 12;
    const ENTRY_LEN: usize = 40;
    const TAIL_LEN: usize = 8;

    /// The body.
    pub(crate) fn to_bytes(&self) -> Vec<u8> {
        let fixed = Self::HEAD_LEN + Self::TAIL_LEN;
        let mut out = Vec::with_capacity(fixed + self.pieces.len() * Self::ENTRY_LEN);
        out.extend_from_slice(&self.first_seq.to_be_bytes());
        // At most SPAN_PIECES_MAX, held by the chain.
        out.extend_from_slice(&u32::try_from(self.pieces.len()).unwrap_or(0).to_be_bytes());
        for (seq, hash) in &self.pieces {
            out.extend_from_slice(&seq.to_be_bytes());
            out.extend_from_slice(hash);
        }
        out.extend_from_slice(&self.clear_bytes.to_be_bytes());
        out
    }

    fn parse(body: &[u8]) -> Result<Self, Error> {
        let (part, have) = ("manifest body", body.len());
        let fixed = Self::HEAD_LEN + Self::TAIL_LEN;
        if have < fixed {
            return Err(Error::TooShort {
                part,
                need: fixed,
                have,
            });
        }
        let count = usize::try_from(u32_at(body, 8)).unwrap_or(usize::MAX);
        if count > SPAN_PIECES_MAX {
            return Err(Error::TooLarge {
                part,
                len: count,
                max: SPAN_PIECES_MAX,
            });
        }
        let need = fixed + count * Self::ENTRY_LEN;
        if have < need {
            return Err(Error::TooShort { part, need, have });
        }
        if have > need {
            return Err(Error::TrailingBytes {
                part,
                extra: have - need,
            });
        }
        let pieces = body[Self::HEAD_LEN..have - Self::TAIL_LEN]
            .chunks_exact(Self::ENTRY_LEN)
            .map(|entry| (u64_at(entry, 0), array_at(entry, 8)))
            .collect();
        let clear_bytes = u64_at(body, have - Self::TAIL_LEN);
        Ok(Self {
            first_seq: u64_at(body, 0),
            pieces,
            clear_bytes,
        })
    }
}
