//! The share table of a span, and its wrapping under an hour or hold key.
//! Never opens a share: rewrapping for a hold moves ciphertext from key to key.

use core::fmt;

use aws_lc_rs::aead::{AES_256_GCM, Aad, LessSafeKey, Nonce, UnboundKey};
use loggia_model::{Digest, Hour, KeyId};
use zeroize::Zeroizing;

use crate::custody::{GROUP_MAX, SEALED_SHARE_LEN};
use crate::header::{array_at, u32_at};
use crate::{Error, Group, Randomness, SpanRef};

/// Domain line of the wrapped share table's additional data.
const TABLE_LABEL: &[u8] = b"loggia/seal/v1 shares\n";

/// Length of a GCM tag, bytes.
pub(crate) const TAG_LEN: usize = 16;

/// Length of a GCM nonce, bytes.
pub(crate) const NONCE_LEN: usize = 12;

/// Length of a share table's fixed part: roster version and count.
const TABLE_HEAD_LEN: usize = 6;

/// Length of one entry: group, custodian, enc, ct.
pub(crate) const ENTRY_LEN: usize = 1 + 8 + 32 + SEALED_SHARE_LEN;

/// Longest share table: both groups full.
pub const TABLE_MAX: usize = TABLE_HEAD_LEN + 2 * GROUP_MAX * ENTRY_LEN;

/// A symmetric key over share tables. Destroying it destroys the spans. Wiped when dropped.
#[derive(Clone)]
pub struct TableKey(Zeroizing<[u8; 32]>);

/// The key of one camera's hour, in the erasable key store.
pub type HourKey = TableKey;

/// The key of a hold, kept beside.
pub type HoldKey = TableKey;

impl TableKey {
    /// A new key.
    ///
    /// # Errors
    /// [`Error::Randomness`].
    pub fn generate(randomness: &mut Randomness) -> Result<Self, Error> {
        Ok(Self(randomness.secret()?))
    }

    /// The key with these bytes, as the key store read them.
    #[must_use]
    pub const fn from_bytes(bytes: Zeroizing<[u8; 32]>) -> Self {
        Self(bytes)
    }

    /// The bytes, for the key store alone.
    #[must_use]
    pub const fn bytes(&self) -> &Zeroizing<[u8; 32]> {
        &self.0
    }

    fn cipher(&self) -> Result<LessSafeKey, Error> {
        aes_256_gcm(&self.0)
    }
}

impl fmt::Debug for TableKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("TableKey(not shown)")
    }
}

/// A scheduled AES-256-GCM key.
pub(crate) fn aes_256_gcm(key: &[u8; 32]) -> Result<LessSafeKey, Error> {
    UnboundKey::new(&AES_256_GCM, key)
        .map(LessSafeKey::new)
        .map_err(|_| Error::Library("AES-256-GCM key"))
}

/// One share, sealed to one custodian.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SealedShare {
    /// Whose group.
    pub group: Group,
    /// Which custodian's key.
    pub custodian: KeyId,
    /// HPKE's encapsulated key.
    pub enc: [u8; 32],
    /// HPKE's ciphertext of the 32-byte share.
    pub ct: [u8; SEALED_SHARE_LEN],
}

/// All sealed shares of one span.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ShareTable {
    /// Version of the roster that named the custodians.
    pub roster_version: u32,
    /// Every group's shares, police first.
    pub shares: Vec<SealedShare>,
}

impl ShareTable {
    /// The table as it is encrypted.
    #[must_use]
    pub fn to_bytes(&self) -> Vec<u8> {
        let room = TABLE_HEAD_LEN + self.shares.len() * ENTRY_LEN + TAG_LEN;
        let mut out = Vec::with_capacity(room);
        out.extend_from_slice(&self.roster_version.to_be_bytes());
        // At most 2 × GROUP_MAX, held by `Custodians::new` and by `parse`.
        out.extend_from_slice(&u16::try_from(self.shares.len()).unwrap_or(0).to_be_bytes());
        for share in &self.shares {
            out.push(share.group as u8);
            out.extend_from_slice(&share.custodian.0);
            out.extend_from_slice(&share.enc);
            out.extend_from_slice(&share.ct);
        }
        out
    }

    /// Reads a whole table.
    ///
    /// # Errors
    /// [`Error::TooShort`], [`Error::TooLarge`], [`Error::TrailingBytes`], [`Error::Body`].
    pub fn parse(bytes: &[u8]) -> Result<Self, Error> {
        let (part, have) = ("share table", bytes.len());
        if have < TABLE_HEAD_LEN {
            return Err(Error::TooShort {
                part,
                need: TABLE_HEAD_LEN,
                have,
            });
        }
        let count = usize::from(u16::from_be_bytes(array_at(bytes, 4)));
        if count > 2 * GROUP_MAX {
            return Err(Error::TooLarge {
                part,
                len: count,
                max: 2 * GROUP_MAX,
            });
        }
        let need = TABLE_HEAD_LEN + count * ENTRY_LEN;
        if have < need {
            return Err(Error::TooShort { part, need, have });
        }
        if have > need {
            return Err(Error::TrailingBytes {
                part,
                extra: have - need,
            });
        }
        let shares = bytes[TABLE_HEAD_LEN..]
            .chunks_exact(ENTRY_LEN)
            .map(|entry| {
                let why = "group is not 1 or 2";
                let group = Group::from_number(entry[0]).ok_or(Error::Body { part, why })?;
                Ok(SealedShare {
                    group,
                    custodian: KeyId(array_at(entry, 1)),
                    enc: array_at(entry, 9),
                    ct: array_at(entry, 41),
                })
            })
            .collect::<Result<_, Error>>()?;
        Ok(Self {
            roster_version: u32_at(bytes, 0),
            shares,
        })
    }

    /// The shares that `custodian` can open.
    pub fn of(&self, custodian: KeyId) -> impl Iterator<Item = &SealedShare> {
        self.shares
            .iter()
            .filter(move |share| share.custodian == custodian)
    }
}

/// A share table under an hour or hold key, with everything that is bound into it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WrappedShares {
    /// Whose table, with the commitment of the span-open record.
    pub span: SpanRef,
    /// Hour of the span's begin: names the hour key, and stays the same under a hold key.
    pub hour: Hour,
    nonce: [u8; NONCE_LEN],
    sealed: Vec<u8>,
}

impl WrappedShares {
    /// Encrypts `table` under `key` with a fresh nonce.
    ///
    /// # Errors
    /// [`Error::Randomness`], [`Error::Library`].
    pub fn wrap(
        table: &ShareTable,
        span: SpanRef,
        hour: Hour,
        key: &TableKey,
        randomness: &mut Randomness,
    ) -> Result<Self, Error> {
        Self::encrypt(table.to_bytes(), span, hour, key, randomness)
    }

    fn encrypt(
        mut table: Vec<u8>,
        span: SpanRef,
        hour: Hour,
        key: &TableKey,
        randomness: &mut Randomness,
    ) -> Result<Self, Error> {
        let mut nonce = [0; NONCE_LEN];
        randomness.fill(&mut nonce)?;
        let aad = Aad::from(associated(&span, hour));
        key.cipher()?
            .seal_in_place_append_tag(Nonce::assume_unique_for_key(nonce), aad, &mut table)
            .map_err(|_| Error::Library("AES-256-GCM encryption"))?;
        Ok(Self {
            span,
            hour,
            nonce,
            sealed: table,
        })
    }

    /// Nonce and ciphertext as they stand in the span-open body, and beside a hold.
    #[must_use]
    pub fn to_bytes(&self) -> Vec<u8> {
        let mut out = Vec::with_capacity(NONCE_LEN + self.sealed.len());
        out.extend_from_slice(&self.nonce);
        out.extend_from_slice(&self.sealed);
        out
    }

    /// Reads what [`Self::to_bytes`] wrote.
    ///
    /// # Errors
    /// [`Error::TooShort`] or [`Error::TooLarge`]; nothing is decrypted yet.
    pub fn parse(bytes: &[u8], span: SpanRef, hour: Hour) -> Result<Self, Error> {
        let (part, have) = ("wrapped share table", bytes.len());
        let need = NONCE_LEN + TABLE_HEAD_LEN + TAG_LEN;
        if have < need {
            return Err(Error::TooShort { part, need, have });
        }
        let max = NONCE_LEN + TABLE_MAX + TAG_LEN;
        if have > max {
            return Err(Error::TooLarge {
                part,
                len: have,
                max,
            });
        }
        Ok(Self {
            span,
            hour,
            nonce: array_at(bytes, 0),
            sealed: bytes[NONCE_LEN..].to_vec(),
        })
    }

    /// The share table, given its hour key (or hold key after [`Self::rewrap`]).
    ///
    /// # Errors
    /// [`Error::TableNotOpened`] for a wrong key or altered bytes; parse errors of the table.
    pub fn unwrap(&self, key: &TableKey) -> Result<ShareTable, Error> {
        ShareTable::parse(&self.decrypt(key)?)
    }

    /// The same table under another key: hour to hold. No share is opened.
    ///
    /// # Errors
    /// [`Error::TableNotOpened`], [`Error::Randomness`].
    pub fn rewrap(
        &self,
        from: &TableKey,
        to: &TableKey,
        randomness: &mut Randomness,
    ) -> Result<Self, Error> {
        Self::encrypt(self.decrypt(from)?, self.span, self.hour, to, randomness)
    }

    fn decrypt(&self, key: &TableKey) -> Result<Vec<u8>, Error> {
        let mut table = self.sealed.clone();
        let nonce = Nonce::assume_unique_for_key(self.nonce);
        let aad = Aad::from(associated(&self.span, self.hour));
        let len = key
            .cipher()?
            .open_in_place(nonce, aad, &mut table)
            .map_err(|_| Error::TableNotOpened {
                camera: self.span.camera,
                span: self.span.span,
            })?
            .len();
        table.truncate(len);
        Ok(table)
    }
}

fn associated(span: &SpanRef, hour: Hour) -> Vec<u8> {
    let mut aad = Vec::with_capacity(TABLE_LABEL.len() + 16);
    aad.extend_from_slice(TABLE_LABEL);
    aad.extend_from_slice(&span.camera.0.to_be_bytes());
    aad.extend_from_slice(&span.span.0.to_be_bytes());
    aad.extend_from_slice(&hour.0.to_be_bytes());
    aad
}

/// The parsed body of a span-open record.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SpanOpening {
    /// The wrapped shares, bound to camera, span, hour and commitment.
    pub wrapped: WrappedShares,
}

impl SpanOpening {
    const FIXED_LEN: usize = 32 + 4;

    /// The body.
    pub(crate) fn to_bytes(wrapped: &WrappedShares) -> Vec<u8> {
        let mut out = Vec::with_capacity(Self::FIXED_LEN + NONCE_LEN + wrapped.sealed.len());
        out.extend_from_slice(&wrapped.span.commitment.0);
        out.extend_from_slice(&wrapped.hour.0.to_be_bytes());
        out.extend_from_slice(&wrapped.nonce);
        out.extend_from_slice(&wrapped.sealed);
        out
    }

    /// Reads a body; `span`'s commitment is taken from the body.
    pub(crate) fn parse(
        body: &[u8],
        camera: loggia_model::CameraId,
        span: loggia_model::SpanId,
        begins_in: Hour,
    ) -> Result<Self, Error> {
        let (part, need, have) = ("span-open body", Self::FIXED_LEN, body.len());
        if have < need {
            return Err(Error::TooShort { part, need, have });
        }
        let hour = Hour(u32_at(body, 32));
        if hour != begins_in {
            return Err(Error::Body {
                part,
                why: "hour is not that of the span's begin",
            });
        }
        let span = SpanRef {
            camera,
            span,
            commitment: Digest(array_at(body, 0)),
        };
        Ok(Self {
            wrapped: WrappedShares::parse(&body[Self::FIXED_LEN..], span, hour)?,
        })
    }
}

#[cfg(test)]
mod tests {
    use loggia_model::{CameraId, SpanId};

    use super::*;

    fn table() -> ShareTable {
        let share = |group, n| SealedShare {
            group,
            custodian: KeyId([n; 8]),
            enc: [n; 32],
            ct: [n; 48],
        };
        ShareTable {
            roster_version: 3,
            shares: vec![share(Group::Police, 1), share(Group::Oversight, 2)],
        }
    }

    const SPAN: SpanRef = SpanRef {
        camera: CameraId(1),
        span: SpanId(2),
        commitment: Digest([9; 32]),
    };

    #[test]
    fn tables_come_back_and_bad_ones_are_refused_with_the_reason() {
        let bytes = table().to_bytes();
        assert_eq!(ShareTable::parse(&bytes).unwrap(), table());
        for end in 0..bytes.len() {
            assert!(matches!(
                ShareTable::parse(&bytes[..end]),
                Err(Error::TooShort { .. })
            ));
        }
        let mut long = bytes.clone();
        long.push(0);
        assert!(matches!(
            ShareTable::parse(&long),
            Err(Error::TrailingBytes { extra: 1, .. })
        ));
        let mut group = bytes.clone();
        group[TABLE_HEAD_LEN] = 3;
        assert!(matches!(ShareTable::parse(&group), Err(Error::Body { .. })));
        let mut many = bytes;
        many[4] = 0xff;
        assert!(matches!(
            ShareTable::parse(&many),
            Err(Error::TooLarge { .. })
        ));
    }

    #[test]
    fn a_hold_moves_the_table_and_the_hour_key_no_longer_matters() {
        let r = &mut Randomness::replayed([1; 32]);
        let (hour, hold) = (HourKey::generate(r).unwrap(), HoldKey::generate(r).unwrap());
        let wrapped = WrappedShares::wrap(&table(), SPAN, Hour(5), &hour, r).unwrap();
        assert_eq!(wrapped.unwrap(&hour).unwrap(), table());
        assert!(matches!(
            wrapped.unwrap(&hold),
            Err(Error::TableNotOpened { .. })
        ));
        let held = wrapped.rewrap(&hour, &hold, r).unwrap();
        let read = WrappedShares::parse(&held.to_bytes(), SPAN, Hour(5)).unwrap();
        assert_eq!(read.unwrap(&hold).unwrap(), table());
        assert!(read.unwrap(&hour).is_err());
        // Bound to camera, span and hour.
        assert!(
            WrappedShares {
                hour: Hour(6),
                ..read.clone()
            }
            .unwrap(&hold)
            .is_err()
        );
        let other = SpanRef {
            span: SpanId(3),
            ..SPAN
        };
        assert!(
            WrappedShares {
                span: other,
                ..read
            }
            .unwrap(&hold)
            .is_err()
        );
    }
}
