//! The bytes of the log: segment headers and records, written and read back. Byte by byte in
//! docs/design/store.md. Never touches a file, and never trusts a length that no check covers.

use loggia_model::At;

/// A segment's header, and a snapshot's.
pub const HEADER_LEN: usize = 64;
/// What stands before a record's body.
pub const HEAD_LEN: usize = 40;
/// Largest body: a batch of 1,000 entities of 4 kB, which is more than one request may bring.
pub const BODY_BYTES_MAX: usize = 4 << 20;
/// Records begin at multiples of this, so that a search for the next one looks at few places.
const ALIGN: usize = 8;
/// The place in its group has 24 bits; [`super::QUEUE_RECORDS`] is far below.
pub(super) const PLACE_MAX: u32 = (1 << 24) - 1;
/// Bytes of the head that its own check covers.
const HEAD_CHECKED: usize = 36;

const LOG_MAGIC: [u8; 8] = *b"LoggiaB\n";
const SNAPSHOT_MAGIC: [u8; 8] = *b"LoggiaS\n";
const VERSION: u32 = 1;

/// What a file is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Content {
    Log,
    Snapshot,
}

/// The first 64 bytes of a segment or snapshot.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Header {
    pub content: Content,
    /// The log's own number, drawn when it was made: bytes of another log are strangers here.
    pub log: u64,
    /// The first record's number; of a snapshot, the last record that it holds the effect of.
    pub seq: u64,
    /// When it was begun.
    pub at: At,
}

impl Header {
    pub(super) fn to_bytes(self) -> [u8; HEADER_LEN] {
        let mut b = [0; HEADER_LEN];
        b[..8].copy_from_slice(match self.content {
            Content::Log => &LOG_MAGIC,
            Content::Snapshot => &SNAPSHOT_MAGIC,
        });
        b[8..12].copy_from_slice(&VERSION.to_le_bytes());
        b[16..24].copy_from_slice(&self.log.to_le_bytes());
        b[24..32].copy_from_slice(&self.seq.to_le_bytes());
        b[32..40].copy_from_slice(&self.at.0.to_le_bytes());
        let check = crc(0, &b[16..]);
        b[12..16].copy_from_slice(&check.to_le_bytes());
        b
    }

    pub(super) fn read(b: &[u8]) -> Result<Self, String> {
        let b: &[u8; HEADER_LEN] = b.first_chunk().ok_or("shorter than its header")?;
        let content = match b.first_chunk::<8>() {
            Some(&LOG_MAGIC) => Content::Log,
            Some(&SNAPSHOT_MAGIC) => Content::Snapshot,
            _ => return Err("not a file of the bus".to_owned()),
        };
        let version = u32_at(b, 8);
        if version != VERSION {
            return Err(format!(
                "format {version}; this program reads format {VERSION}"
            ));
        }
        if u32_at(b, 12) != crc(0, &b[16..]) || b[40..].iter().any(|z| *z != 0) {
            return Err("its header is damaged".to_owned());
        }
        Ok(Self {
            content,
            log: u64_at(b, 16),
            seq: u64_at(b, 24),
            at: At(u64_at(b, 32).cast_signed()),
        })
    }

    /// Mixed into every check of the file, so that a record copied from elsewhere, or one that
    /// somebody wrote into a body, never passes for one of this file.
    pub(super) fn seed(&self) -> u32 {
        crc(crc(0, &self.log.to_le_bytes()), &self.seq.to_le_bytes())
    }
}

/// A record's head, read back.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Head {
    pub len: usize,
    pub kind: u8,
    pub place: u32,
    pub seq: u64,
    pub at: At,
    pub key: u64,
    pub body_check: u32,
}

/// Why there is no whole record at a place.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Bad {
    /// The bytes end before it does; it would be this long (at least).
    Short(usize),
    Head,
    Number,
    Body,
}

impl Bad {
    pub(super) fn words(self) -> &'static str {
        match self {
            Self::Short(_) => "it ends too early",
            Self::Head => "the head does not match its check",
            Self::Number => "another record stands here",
            Self::Body => "the body does not match its check",
        }
    }
}

impl Head {
    /// The head without its check, which waits for the file and the place to be known.
    pub(super) fn unsealed(self) -> [u8; HEAD_LEN] {
        let mut b = [0; HEAD_LEN];
        let len = u32::try_from(self.len).unwrap_or(u32::MAX);
        b[..4].copy_from_slice(&len.to_le_bytes());
        b[4..8].copy_from_slice(&((self.place << 8) | u32::from(self.kind)).to_le_bytes());
        b[8..16].copy_from_slice(&self.seq.to_le_bytes());
        b[16..24].copy_from_slice(&self.at.0.to_le_bytes());
        b[24..32].copy_from_slice(&self.key.to_le_bytes());
        b[32..36].copy_from_slice(&self.body_check.to_le_bytes());
        b
    }

    /// Reads a head; `None` if it does not match its check or says a length that none has.
    pub(super) fn read(b: &[u8], seed: u32) -> Option<Self> {
        let b: &[u8; HEAD_LEN] = b.first_chunk()?;
        let head = Self::of_whole(b);
        let whole =
            head.len <= BODY_BYTES_MAX && u32_at(b, HEAD_CHECKED) == crc(seed, &b[..HEAD_CHECKED]);
        whole.then_some(head)
    }

    /// Of bytes that were checked before.
    pub(super) fn of_whole(b: &[u8; HEAD_LEN]) -> Self {
        let word = u32_at(b, 4);
        Self {
            len: u32_at(b, 0) as usize,
            kind: word.to_le_bytes()[0],
            place: word >> 8,
            seq: u64_at(b, 8),
            at: At(u64_at(b, 16).cast_signed()),
            key: u64_at(b, 24),
            body_check: u32_at(b, 32),
        }
    }
}

/// Writes the check into a head that [`Head::unsealed`] made.
pub(super) fn seal_head(b: &mut [u8], seed: u32) {
    if b.len() >= HEAD_LEN {
        let check = crc(seed, &b[..HEAD_CHECKED]);
        b[HEAD_CHECKED..HEAD_LEN].copy_from_slice(&check.to_le_bytes());
    }
}

/// Bytes that a record with a body of `len` takes, padding included.
#[must_use]
pub fn record_len(len: usize) -> usize {
    (HEAD_LEN + len).next_multiple_of(ALIGN)
}

/// The check of a body together with its padding of zeros.
pub(super) fn body_check(body: &[u8]) -> u32 {
    let pad = record_len(body.len()) - HEAD_LEN - body.len();
    crc(crc(0, body), &[0; ALIGN][..pad])
}

/// The whole record `seq` at the beginning of `b`.
pub(super) fn read_record(b: &[u8], seed: u32, seq: u64) -> Result<Head, Bad> {
    if b.len() < HEAD_LEN {
        return Err(Bad::Short(HEAD_LEN));
    }
    let head = Head::read(b, seed).ok_or(Bad::Head)?;
    if head.seq != seq {
        return Err(Bad::Number);
    }
    let len = record_len(head.len);
    let body = b.get(HEAD_LEN..len).ok_or(Bad::Short(len))?;
    if crc(0, body) != head.body_check {
        return Err(Bad::Body);
    }
    Ok(head)
}

/// How a segment ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Tail {
    /// With a whole record.
    Whole,
    /// With bytes that were being written when the power went: no later group was begun.
    Torn,
    /// A later group stands behind bytes that are not whole, so these had been synced.
    Damaged(&'static str),
}

/// What a segment's bytes hold.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Scan {
    /// Number of its first record.
    pub first: u64,
    /// Number that the record after its last whole one has.
    pub next: u64,
    /// Byte after its last whole record.
    pub end: u64,
    /// What stands there.
    pub tail: Tail,
}

/// Reads a segment through: which records are whole, and what the rest is. `found` is told of each
/// one with its number and byte.
///
/// # Errors
/// In words, if these bytes do not begin as a segment of this format does.
pub fn scan(b: &[u8], mut found: impl FnMut(u64, u64)) -> Result<Scan, String> {
    let header = Header::read(b)?;
    if header.content != Content::Log {
        return Err("a snapshot, where a segment should be".to_owned());
    }
    let (mut at, mut seq, seed) = (HEADER_LEN, header.seq, header.seed());
    let tail = loop {
        if at == b.len() {
            break Tail::Whole;
        }
        match read_record(b.get(at..).unwrap_or(&[]), seed, seq) {
            Ok(head) => {
                found(seq, at as u64);
                at += record_len(head.len);
                seq = seq.saturating_add(1);
            }
            Err(bad) if later_group(&b[at..], seed, seq) => break Tail::Damaged(bad.words()),
            Err(_) => break Tail::Torn,
        }
    };
    Ok(Scan {
        first: header.seq,
        next: seq,
        end: at as u64,
        tail,
    })
}

/// Whether a group that was begun after record `seq` had been synced has left a head in `b`: a
/// group is written only when the one before it is durable.
fn later_group(b: &[u8], seed: u32, seq: u64) -> bool {
    let most = (b.len() / HEAD_LEN) as u64 + 1;
    (0..b.len().saturating_sub(HEAD_LEN - 1))
        .step_by(ALIGN)
        .any(|at| {
            // The number is looked at first: next to nothing else passes, so few checks are made.
            let theirs = u64_at(b, at + 8);
            let near = theirs > seq && theirs - seq <= most;
            near && Head::read(&b[at..], seed)
                .is_some_and(|h| theirs.saturating_sub(h.place.into()) > seq)
        })
}

fn crc(init: u32, b: &[u8]) -> u32 {
    let mut h = crc32fast::Hasher::new_with_initial(init);
    h.update(b);
    h.finalize()
}

fn u32_at(b: &[u8], at: usize) -> u32 {
    let part = b.get(at..).and_then(<[u8]>::first_chunk);
    u32::from_le_bytes(part.copied().unwrap_or_default())
}

fn u64_at(b: &[u8], at: usize) -> u64 {
    let part = b.get(at..).and_then(<[u8]>::first_chunk);
    u64::from_le_bytes(part.copied().unwrap_or_default())
}
