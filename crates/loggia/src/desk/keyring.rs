//! The key files of this machine: found in a file or folder, unlocked by passphrase, kept in memory
//! while the desk runs. Never writes a key anywhere, never sends one.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, bail};
use loggia_model::PersonId;
use loggia_seal::{Keyfile, PersonKey};

/// Ending of key files.
pub const ENDING: &str = "loggia-key";

/// One person's key: the file, and its unlocked content.
pub struct Held {
    file: Keyfile,
    /// Signs calls to the city; acts ask for the passphrase again.
    pub key: PersonKey,
}

/// Every key that this desk holds, by person.
pub struct Keyring(BTreeMap<PersonId, Held>);

impl Keyring {
    /// Reads the key file, or every key file of the folder, and unlocks them with one passphrase:
    /// all, or the named person's alone.
    pub fn open(path: &Path, passphrase: &str, only: Option<&str>) -> anyhow::Result<Self> {
        let mut ring = BTreeMap::new();
        for path in files(path)? {
            let text =
                fs::read(&path).with_context(|| format!("{} cannot be read", path.display()))?;
            let file = Keyfile::parse(&text)
                .with_context(|| format!("{} is not a key file", path.display()))?;
            if only.is_some_and(|person| person != file.person.0) {
                continue;
            }
            let key = file
                .unlock(passphrase)
                .with_context(|| format!("{} stays locked", path.display()))?;
            ring.insert(file.person.clone(), Held { file, key });
        }
        if let Some(person) = only.filter(|_| ring.is_empty()) {
            bail!("{} holds no key of {person}", path.display());
        }
        Ok(Self(ring))
    }

    /// The people whose keys lie here.
    pub fn people(&self) -> impl Iterator<Item = &PersonId> {
        self.0.keys()
    }

    /// The person's key, for signing calls.
    pub fn key(&self, person: &PersonId) -> anyhow::Result<&PersonKey> {
        Ok(&self.held(person)?.key)
    }

    /// The person's key for an act, after the passphrase was given again.
    pub fn unlock(&self, person: &PersonId, passphrase: &str) -> anyhow::Result<PersonKey> {
        self.held(person)?
            .file
            .unlock(passphrase)
            .context("the passphrase is not right")
    }

    fn held(&self, person: &PersonId) -> anyhow::Result<&Held> {
        self.0
            .get(person)
            .with_context(|| format!("this desk holds no key of {person}"))
    }
}

fn files(path: &Path) -> anyhow::Result<Vec<PathBuf>> {
    if path.is_file() {
        return Ok(vec![path.to_owned()]);
    }
    let folder = fs::read_dir(path)
        .with_context(|| format!("there is no key file or folder {}", path.display()))?;
    let mut found: Vec<PathBuf> = folder
        .filter_map(Result::ok)
        .map(|entry| entry.path())
        .filter(|p| p.extension().is_some_and(|e| e == ENDING))
        .collect();
    found.sort();
    if found.is_empty() {
        bail!("{} holds no key file (*.{ENDING})", path.display());
    }
    Ok(found)
}
