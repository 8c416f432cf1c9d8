//! Small secrets of this machine (camera passwords, the recorder's and the log's signing keys),
//! sealed with a key that lies beside. Guards a stolen backup or database, never against root here.

use std::path::{Path, PathBuf};

use aws_lc_rs::aead::{AES_256_GCM, Aad, NONCE_LEN, Nonce, RandomizedNonceKey};
use zeroize::Zeroizing;

use crate::{Error, FileLayer};

/// The machine key's file; mode 0600, never in backups.
pub const MACHINE_KEY: &str = "machine.key";
/// Longest secret: an RSA key in PKCS #8 is 2 kB; 16 kB leaves room.
const SECRET_MAX: usize = 16 * 1_024;
const SUFFIX: &str = ".sealed";

/// The folder of secrets and the machine key that seals them (AES-256-GCM, context as AAD).
pub struct Secrets {
    dir: PathBuf,
    layer: FileLayer,
    key: RandomizedNonceKey,
}

impl core::fmt::Debug for Secrets {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.debug_struct("Secrets")
            .field("dir", &self.dir)
            .finish_non_exhaustive()
    }
}

impl Secrets {
    /// Opens the folder; makes it and a machine key when there is none. Fails with
    /// [`Error::MachineKeyMissing`] if secrets are there that the missing key had sealed.
    pub fn open(dir: &Path, layer: FileLayer) -> Result<Self, Error> {
        layer.make_dirs(dir)?;
        let path = dir.join(MACHINE_KEY);
        let bytes = match layer.read(&path)? {
            Some(bytes) => Zeroizing::new(bytes),
            None if layer.list(dir)?.keys().any(|n| n.ends_with(SUFFIX)) => {
                return Err(Error::MachineKeyMissing { path });
            }
            None => {
                let mut fresh = Zeroizing::new(vec![0; 32]);
                aws_lc_rs::rand::fill(&mut fresh).map_err(|_| no_randomness())?;
                layer.write_atomic(&path, &fresh)?;
                fresh
            }
        };
        let key = RandomizedNonceKey::new(&AES_256_GCM, &bytes)
            .map_err(|_| Error::malformed(&path, "it is not 32 bytes"))?;
        Ok(Self {
            dir: dir.to_owned(),
            layer,
            key,
        })
    }

    /// Seals a small secret for one use, named by `context` (e.g. `camera 7 password`): nonce 12 ‖
    /// ciphertext ‖ tag 16.
    pub fn seal(&self, context: &str, plain: &[u8]) -> Result<Vec<u8>, Error> {
        if plain.len() > SECRET_MAX {
            return Err(Error::Refused(format!(
                "a secret has at most {SECRET_MAX} bytes"
            )));
        }
        let mut body = plain.to_vec();
        let nonce = self
            .key
            .seal_in_place_append_tag(Aad::from(context.as_bytes()), &mut body)
            .map_err(|_| no_randomness())?;
        let mut out = nonce.as_ref().to_vec();
        out.append(&mut body);
        Ok(out)
    }

    /// Opens what [`Self::seal`] gave, for the same context only.
    pub fn unseal(&self, context: &str, sealed: &[u8]) -> Result<Zeroizing<Vec<u8>>, Error> {
        let (nonce, body) = sealed
            .split_first_chunk::<NONCE_LEN>()
            .ok_or(Error::WrongMachineKey)?;
        let mut body = Zeroizing::new(body.to_vec());
        let nonce = Nonce::from(nonce);
        let plain_len = self
            .key
            .open_in_place(nonce, Aad::from(context.as_bytes()), &mut body)
            .map_err(|_| Error::WrongMachineKey)?
            .len();
        body.truncate(plain_len);
        Ok(body)
    }

    /// [`Self::seal`] for text.
    pub fn seal_text(&self, context: &str, plain: &str) -> Result<Vec<u8>, Error> {
        self.seal(context, plain.as_bytes())
    }

    /// [`Self::unseal`] for text.
    pub fn unseal_text(&self, context: &str, sealed: &[u8]) -> Result<Zeroizing<String>, Error> {
        let plain = self.unseal(context, sealed)?;
        let text = core::str::from_utf8(&plain).map_err(|_| Error::WrongMachineKey)?;
        Ok(Zeroizing::new(text.to_owned()))
    }

    /// A named secret kept in the folder, or `make`'s result, kept durably from now on. For the
    /// recorder's and the log's keys.
    pub fn keep<E: From<Error>>(
        &self,
        name: &str,
        make: impl FnOnce() -> Result<Zeroizing<Vec<u8>>, E>,
    ) -> Result<Zeroizing<Vec<u8>>, E> {
        if let Some(found) = self.kept(name)? {
            return Ok(found);
        }
        let fresh = make()?;
        let sealed = self.seal(name, &fresh)?;
        self.layer.write_atomic(&self.place(name)?, &sealed)?;
        Ok(fresh)
    }

    /// Keeps a named secret durably, in place of the one before. For what people change (a mail
    /// server's password); keys are kept once, by [`Self::keep`], or have a successor.
    pub fn replace(&self, name: &str, plain: &[u8]) -> Result<(), Error> {
        let sealed = self.seal(name, plain)?;
        self.layer.write_atomic(&self.place(name)?, &sealed)
    }

    /// Puts the secret `next` in the place of `name` and overwrites both files that were there: for
    /// a key that has a successor. After a crash in between the call is made again.
    pub fn succeed(&self, name: &str, next: &str) -> Result<(), Error> {
        let (at, from) = (self.place(name)?, self.place(next)?);
        let Some(plain) = self.kept(next)? else {
            return Err(Error::Refused(format!("there is no secret `{next}`")));
        };
        let old = match self.layer.read(&at)? {
            Some(_) => Some(self.layer.open(&at)?),
            None => None,
        };
        self.replace(name, &plain)?;
        // The old file has lost its name, not its bytes; it is still open here.
        for file in old.into_iter().chain([self.layer.open(&from)?]) {
            let len = usize::try_from(file.len()?).unwrap_or(0);
            file.write_at(0, &[&vec![0; len]])?;
            file.sync()?;
        }
        self.layer.remove(&from)?;
        self.layer.sync_dir(&self.dir)
    }

    /// A named secret, if it has been kept.
    pub fn kept(&self, name: &str) -> Result<Option<Zeroizing<Vec<u8>>>, Error> {
        let sealed = self.layer.read(&self.place(name)?)?;
        sealed.map(|s| self.unseal(name, &s)).transpose()
    }

    fn place(&self, name: &str) -> Result<PathBuf, Error> {
        let plain = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-';
        if name.is_empty() || !name.chars().all(plain) {
            return Err(Error::Refused(format!(
                "`{name}` is not a name for a secret"
            )));
        }
        Ok(self.dir.join(format!("{name}{SUFFIX}")))
    }
}

fn no_randomness() -> Error {
    Error::Refused("the machine gives no randomness".to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn secrets_open_only_here_and_for_their_use() {
        let dir = tempfile::tempdir().unwrap();
        let s = Secrets::open(dir.path(), FileLayer::Real).unwrap();
        let sealed = s.seal_text("camera 7", "hunter2").unwrap();
        assert_eq!(*s.unseal_text("camera 7", &sealed).unwrap(), "hunter2");
        assert!(matches!(
            s.unseal("camera 8", &sealed),
            Err(Error::WrongMachineKey)
        ));
        assert!(s.unseal("camera 7", &sealed[..11]).is_err());
        let other = tempfile::tempdir().unwrap();
        let t = Secrets::open(other.path(), FileLayer::Real).unwrap();
        assert!(matches!(
            t.unseal("camera 7", &sealed),
            Err(Error::WrongMachineKey)
        ));
    }

    #[test]
    fn named_keys_are_made_once() {
        let dir = tempfile::tempdir().unwrap();
        let make = |b: u8| move || Ok::<_, Error>(Zeroizing::new(vec![b; 40]));
        {
            let s = Secrets::open(dir.path(), FileLayer::Real).unwrap();
            assert_eq!(*s.keep("recorder", make(1)).unwrap(), [1; 40]);
        }
        let s = Secrets::open(dir.path(), FileLayer::Real).unwrap();
        assert_eq!(*s.keep("recorder", make(2)).unwrap(), [1; 40]);
        assert!(s.keep("../x", make(3)).is_err());
        s.replace("mail", b"one").unwrap();
        s.replace("mail", b"two").unwrap();
        assert_eq!(**s.kept("mail").unwrap().unwrap(), *b"two");
        assert!(s.replace("../x", b"three").is_err());
        s.replace("mail-next", b"three").unwrap();
        s.succeed("mail", "mail-next").unwrap();
        assert_eq!(**s.kept("mail").unwrap().unwrap(), *b"three");
        assert!(s.kept("mail-next").unwrap().is_none());
        assert!(s.succeed("mail", "mail-next").is_err());
        assert_eq!(**s.kept("mail").unwrap().unwrap(), *b"three");
        use std::os::unix::fs::PermissionsExt;
        let mode = std::fs::metadata(dir.path().join(MACHINE_KEY))
            .unwrap()
            .permissions()
            .mode();
        assert_eq!(mode & 0o777, 0o600);
        drop(s);
        std::fs::remove_file(dir.path().join(MACHINE_KEY)).unwrap();
        let gone = Secrets::open(dir.path(), FileLayer::Real);
        assert!(matches!(gone, Err(Error::MachineKeyMissing { .. })));
    }
}
