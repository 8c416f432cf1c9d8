//! A person's key file: an Ed25519 signing key and an X25519 key, kept under a passphrase
//! (Argon2id, RFC 9106; AES-256-GCM). The text goes to the caller; this room touches no disk.
//! Never writes an unprotected private key.

use argon2::{Algorithm, Argon2, Params, Version};
use aws_lc_rs::aead::{Aad, Nonce};
use loggia_model::PersonId;
use serde::{Deserialize, Serialize};
use zeroize::Zeroizing;

use crate::base64_text;
use crate::shares::{NONCE_LEN, TAG_LEN, aes_256_gcm};
use crate::{CustodianKey, CustodianPublic, Error, Randomness, SigningKey, SigningPublic};

/// Longest key file, bytes. A real one has about 600.
pub const KEYFILE_MAX: usize = 8 * 1024;

/// Longest person's name, bytes.
const PERSON_MAX: usize = 200;

/// Most memory a key file may ask for, KiB: 1 GiB, so that a hostile file cannot exhaust us.
const MEMORY_KIB_MAX: u32 = 1024 * 1024;
/// Most passes a key file may ask for.
const PASSES_MAX: u32 = 20;
/// Most lanes a key file may ask for.
const LANES_MAX: u32 = 16;

const LABEL: &[u8] = b"loggia/keyfile/v1\n";
const KIND: &str = "loggia person key";
const KDF: &str = "argon2id";
const CIPHER: &str = "aes-256-gcm";
const SEALED_LEN: usize = 64 + TAG_LEN;

/// What guessing one passphrase costs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct KeyfileCost {
    memory_kib: u32,
    passes: u32,
}

impl KeyfileCost {
    /// RFC 9106 §4, second recommended option in memory and passes: 64 MiB, 3 passes.
    pub const STANDARD: Self = Self {
        memory_kib: 64 * 1024,
        passes: 3,
    };
    /// The least that OWASP's password storage sheet accepts: 19 MiB, 2 passes. For small machines.
    pub const LEAST: Self = Self {
        memory_kib: 19 * 1024,
        passes: 2,
    };
}

/// A person's two keys, unlocked.
#[derive(Debug)]
pub struct PersonKey {
    /// Whose.
    pub person: PersonId,
    /// Signs statements and desk requests.
    pub signing: SigningKey,
    /// Opens shares.
    pub custodian: CustodianKey,
}

impl PersonKey {
    /// New keys for `person`.
    ///
    /// # Errors
    /// [`Error::Randomness`].
    pub fn generate(person: PersonId, randomness: &mut Randomness) -> Result<Self, Error> {
        let signing = SigningKey::generate(randomness)?;
        let custodian = CustodianKey::generate(randomness)?;
        Ok(Self {
            person,
            signing,
            custodian,
        })
    }

    /// The key file's text under `passphrase`.
    ///
    /// # Errors
    /// [`Error::Keyfile`] for an empty passphrase or an overlong name, [`Error::Randomness`].
    pub fn lock(
        &self,
        passphrase: &str,
        cost: KeyfileCost,
        randomness: &mut Randomness,
    ) -> Result<String, Error> {
        if passphrase.is_empty() {
            return Err(Error::Keyfile("the passphrase is empty"));
        }
        let mut file = Keyfile {
            v: 1,
            kind: KIND.to_owned(),
            person: self.person.clone(),
            sign_key: self.signing.public(),
            hpke_key: self.custodian.public(),
            kdf: Kdf {
                name: KDF.to_owned(),
                memory_kib: cost.memory_kib,
                passes: cost.passes,
                lanes: 1,
                salt: [0; 16],
            },
            cipher: CIPHER.to_owned(),
            nonce: [0; NONCE_LEN],
            sealed: [0; SEALED_LEN],
        };
        file.check()?;
        randomness.fill(&mut file.kdf.salt)?;
        randomness.fill(&mut file.nonce)?;
        let mut secrets = Zeroizing::new([0; 64]);
        secrets[..32].copy_from_slice(self.signing.seed().as_slice());
        secrets[32..].copy_from_slice(self.custodian.private().as_slice());
        let tag = aes_256_gcm(&*file.kdf.stretch(passphrase)?)?
            .seal_in_place_separate_tag(
                Nonce::assume_unique_for_key(file.nonce),
                Aad::from(file.associated()),
                secrets.as_mut_slice(),
            )
            .map_err(|_| Error::Library("AES-256-GCM encryption"))?;
        file.sealed[..64].copy_from_slice(secrets.as_slice());
        file.sealed[64..].copy_from_slice(tag.as_ref());
        serde_json::to_string_pretty(&file).map_err(|_| Error::Keyfile("cannot be written"))
    }
}

/// A key file as read: its public part may be shown, its secret part is locked.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Keyfile {
    v: u32,
    kind: String,
    /// Whose key.
    pub person: PersonId,
    /// Public signing key.
    pub sign_key: SigningPublic,
    /// Public X25519 key.
    pub hpke_key: CustodianPublic,
    kdf: Kdf,
    cipher: String,
    #[serde(with = "base64_text")]
    nonce: [u8; NONCE_LEN],
    #[serde(with = "base64_text")]
    sealed: [u8; SEALED_LEN],
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Kdf {
    name: String,
    memory_kib: u32,
    passes: u32,
    lanes: u32,
    #[serde(with = "base64_text")]
    salt: [u8; 16],
}

impl Keyfile {
    /// Reads a key file's text; needs no passphrase.
    ///
    /// # Errors
    /// [`Error::TooLarge`], [`Error::Keyfile`] with what is wrong.
    pub fn parse(text: &[u8]) -> Result<Self, Error> {
        let (part, len, max) = ("key file", text.len(), KEYFILE_MAX);
        if len > max {
            return Err(Error::TooLarge { part, len, max });
        }
        let file: Self =
            serde_json::from_slice(text).map_err(|_| Error::Keyfile("not a Loggia key file"))?;
        file.check()?;
        Ok(file)
    }

    fn check(&self) -> Result<(), Error> {
        let wrong = |why| Err(Error::Keyfile(why));
        if self.v != 1 {
            return wrong("written by another version (this one reads version 1)");
        }
        if self.kind != KIND || self.kdf.name != KDF || self.cipher != CIPHER {
            return wrong("kind, kdf or cipher is not what version 1 uses");
        }
        if self.person.0.is_empty() || self.person.0.len() > PERSON_MAX {
            return wrong("the person's name is empty or too long");
        }
        let Kdf {
            memory_kib,
            passes,
            lanes,
            ..
        } = self.kdf;
        let least = KeyfileCost::LEAST;
        if memory_kib < least.memory_kib || passes < least.passes || lanes == 0 {
            return wrong("its passphrase is too cheap to guess (Argon2id below 19 MiB, 2 passes)");
        }
        if memory_kib > MEMORY_KIB_MAX || passes > PASSES_MAX || lanes > LANES_MAX {
            return wrong("asks for more Argon2id memory or passes than allowed");
        }
        Ok(())
    }

    /// Unlocks the keys. Takes 20 MiB to 1 GiB of memory and some tenths of a second.
    ///
    /// # Errors
    /// [`Error::Passphrase`]; [`Error::Keyfile`] when secret and public keys do not match.
    pub fn unlock(&self, passphrase: &str) -> Result<PersonKey, Error> {
        let mut sealed = Zeroizing::new(self.sealed);
        let clear = aes_256_gcm(&*self.kdf.stretch(passphrase)?)?
            .open_in_place(
                Nonce::assume_unique_for_key(self.nonce),
                Aad::from(self.associated()),
                sealed.as_mut_slice(),
            )
            .map_err(|_| Error::Passphrase)?;
        let (mut seed, mut private) = (Zeroizing::new([0; 32]), Zeroizing::new([0; 32]));
        seed.copy_from_slice(&clear[..32]);
        private.copy_from_slice(&clear[32..]);
        let signing = SigningKey::from_seed(seed)?;
        let custodian = CustodianKey::from_private(&private)?;
        if signing.public() != self.sign_key || custodian.public() != self.hpke_key {
            return Err(Error::Keyfile(
                "its secret keys are not those of its public keys",
            ));
        }
        Ok(PersonKey {
            person: self.person.clone(),
            signing,
            custodian,
        })
    }

    /// Everything in the file that is not secret is bound to what is.
    fn associated(&self) -> Vec<u8> {
        let mut aad = LABEL.to_vec();
        aad.extend_from_slice(&self.sign_key.0);
        aad.extend_from_slice(&self.hpke_key.0);
        for n in [self.kdf.memory_kib, self.kdf.passes, self.kdf.lanes] {
            aad.extend_from_slice(&n.to_be_bytes());
        }
        aad.extend_from_slice(&self.kdf.salt);
        aad.extend_from_slice(self.person.0.as_bytes());
        aad
    }
}

impl Kdf {
    fn stretch(&self, passphrase: &str) -> Result<Zeroizing<[u8; 32]>, Error> {
        let bad = |_| Error::Keyfile("Argon2id refuses the parameters");
        let params =
            Params::new(self.memory_kib, self.passes, self.lanes, Some(32)).map_err(bad)?;
        let mut key = Zeroizing::new([0; 32]);
        Argon2::new(Algorithm::Argon2id, Version::V0x13, params)
            .hash_password_into(passphrase.as_bytes(), &self.salt, key.as_mut_slice())
            .map_err(bad)?;
        Ok(key)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn person() -> (PersonKey, String) {
        let r = &mut Randomness::replayed([4; 32]);
        let key = PersonKey::generate(PersonId("a.korhonen".to_owned()), r).unwrap();
        let text = key.lock("open sesame", KeyfileCost::LEAST, r).unwrap();
        (key, text)
    }

    #[test]
    fn a_key_file_opens_with_its_passphrase_alone() {
        let (key, text) = person();
        let file = Keyfile::parse(text.as_bytes()).unwrap();
        assert_eq!(file.sign_key, key.signing.public());
        let unlocked = file.unlock("open sesame").unwrap();
        assert_eq!(unlocked.person, key.person);
        assert_eq!(unlocked.custodian.public(), key.custodian.public());
        assert_eq!(
            unlocked.signing.sign(b"x").unwrap(),
            key.signing.sign(b"x").unwrap()
        );
        assert!(matches!(
            file.unlock("open sesame "),
            Err(Error::Passphrase)
        ));
        assert!(matches!(file.unlock(""), Err(Error::Passphrase)));
    }

    #[test]
    fn renaming_a_key_file_or_swapping_its_public_key_is_noticed() {
        let (_, text) = person();
        let renamed = text.replace("a.korhonen", "k.virtanen");
        let file = Keyfile::parse(renamed.as_bytes()).unwrap();
        assert!(matches!(file.unlock("open sesame"), Err(Error::Passphrase)));
        let mut file = Keyfile::parse(text.as_bytes()).unwrap();
        file.hpke_key.0[0] ^= 1;
        assert!(matches!(file.unlock("open sesame"), Err(Error::Passphrase)));
    }

    #[test]
    fn hostile_and_careless_files_are_refused_before_any_work() {
        let (key, text) = person();
        for (from, to) in [
            ("19456", "4000000000"),
            ("19456", "8"),
            ("\"passes\": 2", "\"passes\": 999"),
            ("\"v\": 1", "\"v\": 2"),
            ("argon2id", "argon2d"),
            ("\"v\": 1", "\"extra\": 1"),
            ("a.korhonen", ""),
        ] {
            assert!(text.contains(from), "{from}");
            assert!(
                Keyfile::parse(text.replacen(from, to, 1).as_bytes()).is_err(),
                "{from} {to}"
            );
        }
        assert!(matches!(
            Keyfile::parse(&[b' '; 9000]),
            Err(Error::TooLarge { .. })
        ));
        let r = &mut Randomness::machine();
        assert!(key.lock("", KeyfileCost::LEAST, r).is_err());
    }
}
