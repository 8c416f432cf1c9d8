//! Plain files for the public log: small files written whole, and files that only grow.
//! Never holds footage or keys; names are relative and stay inside the journal's folder.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Component, Path, PathBuf};

use crate::{Error, FileLayer};

/// A folder of small files, written so that a power cut leaves each old or new, never torn.
#[derive(Debug, Clone)]
pub struct Journal {
    dir: PathBuf,
    layer: FileLayer,
}

impl Journal {
    /// Opens or makes the folder.
    pub fn open(dir: &Path, layer: FileLayer) -> Result<Self, Error> {
        layer.make_dirs(dir)?;
        Ok(Self {
            dir: dir.to_owned(),
            layer,
        })
    }

    /// Writes a file whole or not at all, durably, making folders as needed.
    pub fn write_atomic(&self, name: &str, bytes: &[u8]) -> Result<(), Error> {
        self.write_many(&[(name, bytes)])
    }

    /// Writes many files, each whole or not at all, with one folder sync per folder at the end. A
    /// power cut may leave some written and others not: order your data so that this is harmless,
    /// and write the file that vouches for the others in a call of its own afterwards.
    pub fn write_many(&self, files: &[(&str, &[u8])]) -> Result<(), Error> {
        let mut dirs = BTreeSet::new();
        for (name, bytes) in files {
            let path = self.place(name)?;
            let dir = path.parent().unwrap_or(&self.dir).to_owned();
            if !dirs.contains(&dir) {
                self.layer.make_dirs(&dir)?;
            }
            self.layer.write_beside(&path, bytes)?;
            dirs.insert(dir);
        }
        dirs.iter().try_for_each(|dir| self.layer.sync_dir(dir))
    }

    /// Appends to a file (made when missing) and syncs; gives the offset at which `bytes` begin.
    /// After a power cut the end of the last append may be missing or torn: cut it with
    /// [`Self::cut`] once you know from its contents.
    pub fn append(&self, name: &str, bytes: &[u8]) -> Result<u64, Error> {
        let path = self.place(name)?;
        let dir = path.parent().unwrap_or(&self.dir);
        let known = self.layer.open_existing(&path)?.is_some();
        if !known {
            self.layer.make_dirs(dir)?;
        }
        let file = self.layer.open(&path)?;
        let offset = file.len()?;
        file.write_at(offset, &[bytes])?;
        file.sync()?;
        if !known {
            self.layer.sync_dir(dir)?;
        }
        Ok(offset)
    }

    /// Cuts a file to `len` bytes, durably.
    pub fn cut(&self, name: &str, len: u64) -> Result<(), Error> {
        let file = self.layer.open(&self.place(name)?)?;
        file.set_len(len)?;
        file.sync()
    }

    /// The whole file; `None` if there is none.
    pub fn read(&self, name: &str) -> Result<Option<Vec<u8>>, Error> {
        self.layer.read(&self.place(name)?)
    }

    /// Exactly `len` bytes from `offset`; `None` if there is no such file.
    pub fn read_at(&self, name: &str, offset: u64, len: usize) -> Result<Option<Vec<u8>>, Error> {
        match self.layer.open_existing(&self.place(name)?)? {
            Some(file) => file.read_at(offset, len).map(Some),
            None => Ok(None),
        }
    }

    /// Length in bytes; `None` if there is no such file.
    pub fn len(&self, name: &str) -> Result<Option<u64>, Error> {
        self.layer
            .open_existing(&self.place(name)?)?
            .map(|f| f.len())
            .transpose()
    }

    /// Names in a folder (`""`: the journal's own), with sizes; folders have `None`.
    pub fn list(&self, folder: &str) -> Result<BTreeMap<String, Option<u64>>, Error> {
        let dir = if folder.is_empty() {
            self.dir.clone()
        } else {
            self.place(folder)?
        };
        self.layer.list(&dir)
    }

    /// Removes a file (a partial tile that a full one replaced); fine if it is not there.
    pub fn remove(&self, name: &str) -> Result<(), Error> {
        self.layer.remove(&self.place(name)?)
    }

    /// The folder.
    #[must_use]
    pub fn dir(&self) -> &Path {
        &self.dir
    }

    fn place(&self, name: &str) -> Result<PathBuf, Error> {
        let path = Path::new(name);
        if name.is_empty() || !path.components().all(|c| matches!(c, Component::Normal(_))) {
            return Err(Error::Refused(format!(
                "`{name}` is not a name in the journal"
            )));
        }
        Ok(self.dir.join(path))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Cut, SimDisk};

    #[test]
    fn names_stay_inside() {
        let dir = tempfile::tempdir().unwrap();
        let j = Journal::open(dir.path(), FileLayer::Real).unwrap();
        for bad in ["", "/etc/passwd", "../x", "a/../../x"] {
            assert!(j.write_atomic(bad, b"x").is_err(), "{bad}");
        }
        j.write_atomic("tile/0/x001/067", b"one").unwrap();
        j.write_atomic("tile/0/x001/067", b"two").unwrap();
        assert_eq!(j.read("tile/0/x001/067").unwrap().unwrap(), b"two");
        assert_eq!(
            j.list("tile/0/x001").unwrap().len(),
            1,
            "nothing is left beside"
        );
        assert_eq!(j.append("entries", b"ab").unwrap(), 0);
        assert_eq!(j.append("entries", b"cd").unwrap(), 2);
        assert_eq!(j.read_at("entries", 1, 2).unwrap().unwrap(), b"bc");
        j.cut("entries", 1).unwrap();
        assert_eq!(j.len("entries").unwrap(), Some(1));
    }

    #[test]
    fn a_power_cut_leaves_old_or_new() {
        for seed in 0..200 {
            let disk = SimDisk::new();
            let dir = Path::new("/data/log");
            let j = Journal::open(dir, FileLayer::Sim(disk.clone())).unwrap();
            j.write_atomic("checkpoint", &[1; 2_000]).unwrap();
            j.append("entries", &[7; 700]).unwrap();
            disk.die_after(seed % 12);
            let acked = j.write_atomic("checkpoint", &[2; 3_000]).is_ok();
            let grown = j.append("entries", &[8; 900]).is_ok();
            let after = disk.cut(Cut::Torn, seed);
            let j = Journal::open(dir, FileLayer::Sim(after)).unwrap();
            let found = j.read("checkpoint").unwrap().unwrap();
            assert!(
                found == [2; 3_000] || (!acked && found == [1; 2_000]),
                "seed {seed}"
            );
            let entries = j.read("entries").unwrap().unwrap();
            assert_eq!(entries[..700], [7; 700]);
            assert!(!grown || entries[700..] == [8; 900]);
        }
    }
}
