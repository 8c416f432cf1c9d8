//! The 96-byte record header: what anyone may know about a record without a key.
//! Never allocates; never accepts a value that the format leaves undefined.

use loggia_model::{At, CameraId, KeyId, SpanId};

use crate::Error;

/// Length of a record header, bytes.
pub const HEADER_LEN: usize = 96;

/// Longest body, bytes. A piece is at most 4 MB by the recorder's rule; twice that is a fault.
pub const BODY_MAX: usize = 8 * 1024 * 1024;

/// First four bytes of every record.
pub const MAGIC: [u8; 4] = *b"LGR1";

/// What a record holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[repr(u8)]
pub enum Kind {
    /// A span begins: its key's shares, sealed.
    SpanOpen = 1,
    /// One encrypted piece of video.
    Piece = 2,
    /// Seconds that are not there, and why.
    Gap = 3,
    /// A span ends: the list of its pieces.
    Manifest = 4,
}

impl Kind {
    const fn from_number(n: u8) -> Option<Self> {
        match n {
            1 => Some(Self::SpanOpen),
            2 => Some(Self::Piece),
            3 => Some(Self::Gap),
            4 => Some(Self::Manifest),
            _ => None,
        }
    }
}

/// Which of the camera's streams a piece is of.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
#[repr(u8)]
pub enum Track {
    /// The main stream.
    #[default]
    Main = 0,
    /// The H.264 sub-stream of an H.265 camera, for pages.
    Sub = 1,
}

/// A record's header, field by field as docs/design/seal.md lays it out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Header {
    /// What the record holds.
    pub kind: Kind,
    /// Which stream (main for all kinds but pieces).
    pub track: Track,
    /// Whose chain.
    pub camera: CameraId,
    /// Who signed.
    pub recorder: KeyId,
    /// The span it belongs to; none for a gap between spans.
    pub span: Option<SpanId>,
    /// Place in the camera's chain, from 1.
    pub seq: u64,
    /// Begin by the recorder's clock.
    pub begin: At,
    /// End by the recorder's clock.
    pub end: At,
    /// Begin by the camera's own clock (RTCP sender report), if it told.
    pub camera_begin: Option<At>,
    /// Length of the body, bytes.
    pub body_len: usize,
    /// Chain hash of the record before; zeros for the first.
    pub prev: [u8; 32],
}

impl Header {
    /// Length of the whole record, bytes.
    #[must_use]
    pub const fn record_len(&self) -> usize {
        HEADER_LEN + self.body_len + crate::signing::SIGNATURE_LEN
    }

    /// The header as it stands in the record.
    #[must_use]
    pub fn to_bytes(&self) -> [u8; HEADER_LEN] {
        let mut out = [0; HEADER_LEN];
        out[0..4].copy_from_slice(&MAGIC);
        out[4] = self.kind as u8;
        out[5] = self.track as u8;
        out[8..12].copy_from_slice(&self.camera.0.to_be_bytes());
        out[12..20].copy_from_slice(&self.recorder.0);
        out[20..28].copy_from_slice(&self.span.map_or(0, |s| s.0).to_be_bytes());
        out[28..36].copy_from_slice(&self.seq.to_be_bytes());
        out[36..44].copy_from_slice(&self.begin.0.to_be_bytes());
        out[44..52].copy_from_slice(&self.end.0.to_be_bytes());
        let camera_begin = self.camera_begin.map_or(i64::MIN, |at| at.0);
        out[52..60].copy_from_slice(&camera_begin.to_be_bytes());
        // BODY_MAX is far below u32::MAX, and every constructor checks it.
        let body_len = u32::try_from(self.body_len).unwrap_or(u32::MAX);
        out[60..64].copy_from_slice(&body_len.to_be_bytes());
        out[64..96].copy_from_slice(&self.prev);
        out
    }

    /// Reads the header at the start of `bytes`.
    ///
    /// # Errors
    /// [`Error::TooShort`], [`Error::Header`] or [`Error::TooLarge`], naming the field.
    pub fn parse(bytes: &[u8]) -> Result<Self, Error> {
        let Some(b) = bytes.first_chunk::<HEADER_LEN>() else {
            let (part, need) = ("record header", HEADER_LEN);
            return Err(Error::TooShort {
                part,
                need,
                have: bytes.len(),
            });
        };
        let wrong = |field, why| Err(Error::Header { field, why });
        if b[0..4] != MAGIC {
            return wrong("magic", "not LGR1");
        }
        let Some(kind) = Kind::from_number(b[4]) else {
            return wrong("kind", "not 1 to 4");
        };
        let track = match b[5] {
            0 => Track::Main,
            1 if kind == Kind::Piece => Track::Sub,
            _ => return wrong("track", "not 0, or 1 for a piece"),
        };
        if b[6..8] != [0, 0] {
            return wrong("zero", "not zero");
        }
        let span = u64_at(b, 20);
        if span == 0 && kind != Kind::Gap {
            return wrong("span", "zero is for gaps between spans");
        }
        let header = Self {
            kind,
            track,
            camera: CameraId(u32_at(b, 8)),
            recorder: KeyId(array_at(b, 12)),
            span: (span != 0).then_some(SpanId(span)),
            seq: u64_at(b, 28),
            begin: At(i64_at(b, 36)),
            end: At(i64_at(b, 44)),
            camera_begin: Some(i64_at(b, 52)).filter(|at| *at != i64::MIN).map(At),
            body_len: usize::try_from(u32_at(b, 60)).unwrap_or(usize::MAX),
            prev: array_at(b, 64),
        };
        header.check()?;
        Ok(header)
    }

    /// What must hold of every header, read or about to be written.
    pub(crate) fn check(&self) -> Result<(), Error> {
        let wrong = |field, why| Err(Error::Header { field, why });
        if self.seq == 0 {
            return wrong("seq", "the first place is 1");
        }
        if (self.seq == 1) != (self.prev == [0; 32]) {
            return wrong("prev", "zeros stand in the first record and in no other");
        }
        if self.end < self.begin {
            return wrong("end", "before begin");
        }
        if self.body_len > BODY_MAX {
            return Err(Error::TooLarge {
                part: "body",
                len: self.body_len,
                max: BODY_MAX,
            });
        }
        Ok(())
    }
}

pub(crate) fn array_at<const N: usize>(bytes: &[u8], from: usize) -> [u8; N] {
    let mut out = [0; N];
    out.copy_from_slice(&bytes[from..from + N]);
    out
}

pub(crate) fn u32_at(bytes: &[u8], from: usize) -> u32 {
    u32::from_be_bytes(array_at(bytes, from))
}

pub(crate) fn u64_at(bytes: &[u8], from: usize) -> u64 {
    u64::from_be_bytes(array_at(bytes, from))
}

pub(crate) fn i64_at(bytes: &[u8], from: usize) -> i64 {
    i64::from_be_bytes(array_at(bytes, from))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn header() -> Header {
        Header {
            kind: Kind::Piece,
            track: Track::Sub,
            camera: CameraId(42),
            recorder: KeyId([1; 8]),
            span: Some(SpanId(7)),
            seq: 9,
            begin: At(-5),
            end: At(6),
            camera_begin: None,
            body_len: 100,
            prev: [3; 32],
        }
    }

    #[test]
    fn each_field_is_checked_by_name() {
        let cases: [(usize, u8, &str); 8] = [
            (0, b'X', "magic"),
            (4, 0, "kind"),
            (4, 5, "kind"),
            (5, 2, "track"),
            (6, 1, "zero"),
            (27, 0, "span"),
            (35, 0, "seq"),
            (44, 0x80, "end"),
        ];
        for (at, value, expected) in cases {
            let mut bytes = header().to_bytes();
            bytes[at] = value;
            match Header::parse(&bytes) {
                Err(Error::Header { field, .. }) => assert_eq!(field, expected),
                other => panic!("{expected}: {other:?}"),
            }
        }
        let mut bytes = header().to_bytes();
        bytes[60] = 1;
        assert!(matches!(Header::parse(&bytes), Err(Error::TooLarge { .. })));
        assert!(matches!(
            Header::parse(&bytes[..95]),
            Err(Error::TooShort { have: 95, .. })
        ));
    }

    proptest! {
        #[test]
        fn what_parses_writes_itself_back(mut bytes in prop::collection::vec(any::<u8>(), HEADER_LEN)) {
            let kind = bytes[4] % 4 + 1;
            bytes[..8].copy_from_slice(&[b'L', b'G', b'R', b'1', kind, 0, 0, 0]);
            bytes[60] = 0;
            if let Ok(header) = Header::parse(&bytes) {
                prop_assert_eq!(&header.to_bytes()[..], &bytes[..]);
            }
        }
    }
}
