//! The one way to the file system: real files, or a disk in memory whose power can be cut.
//! Never touches the network; SQLite keeps its own files (its index is derived and checked).

mod sim;

use std::collections::BTreeMap;
use std::fs::{self, File, OpenOptions};
use std::io::{self, IoSlice};
use std::os::unix::fs::{DirBuilderExt, FileExt, OpenOptionsExt};
use std::path::{Path, PathBuf};
use std::sync::Arc;

pub use sim::{Cut, SimDisk};

use crate::Error;

/// Slices handed to one `pwritev(2)`: Linux takes at most 1,024 (`IOV_MAX`).
const SLICES_PER_WRITE: usize = 1_024;

/// Where files are kept.
#[derive(Debug, Clone, Default)]
pub enum FileLayer {
    /// The machine's file system.
    #[default]
    Real,
    /// A disk in memory for crash tests: keeps synced and unsynced bytes apart.
    Sim(Arc<SimDisk>),
}

/// An open file of a [`FileLayer`].
#[derive(Debug)]
pub struct LayerFile {
    path: PathBuf,
    kind: Kind,
}

#[derive(Debug)]
enum Kind {
    Real(File),
    Sim(Arc<SimDisk>, u64),
}

impl FileLayer {
    /// Opens `path` for reading and writing, made (mode 0600) if it is not there. A new file's name
    /// is durable only after [`Self::sync_dir`] of its folder.
    pub fn open(&self, path: &Path) -> Result<LayerFile, Error> {
        let kind = match self {
            Self::Real => Kind::Real(
                OpenOptions::new()
                    .read(true)
                    .write(true)
                    .create(true)
                    .truncate(false)
                    .mode(0o600)
                    .open(path)
                    .map_err(|e| Error::files("open", path, e))?,
            ),
            Self::Sim(disk) => {
                let inode = disk
                    .open(path, true)
                    .map_err(|e| Error::files("open", path, e))?;
                Kind::Sim(disk.clone(), inode)
            }
        };
        Ok(LayerFile {
            path: path.to_owned(),
            kind,
        })
    }

    /// Opens `path` for reading only; `None` if it is not there.
    pub fn open_existing(&self, path: &Path) -> Result<Option<LayerFile>, Error> {
        let kind = match self {
            Self::Real => File::open(path).map(Kind::Real),
            Self::Sim(disk) => disk.open(path, false).map(|i| Kind::Sim(disk.clone(), i)),
        };
        match kind {
            Ok(kind) => Ok(Some(LayerFile {
                path: path.to_owned(),
                kind,
            })),
            Err(e) if e.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(e) => Err(Error::files("open", path, e)),
        }
    }

    /// The whole file; `None` if it is not there.
    pub fn read(&self, path: &Path) -> Result<Option<Vec<u8>>, Error> {
        let Some(file) = self.open_existing(path)? else {
            return Ok(None);
        };
        let len = usize::try_from(file.len()?).unwrap_or(usize::MAX);
        file.read_at(0, len).map(Some)
    }

    /// Names (with sizes; folders have `None`) in a folder, sorted; empty if it is not there.
    pub fn list(&self, dir: &Path) -> Result<BTreeMap<String, Option<u64>>, Error> {
        if let Self::Sim(disk) = self {
            return Ok(disk.list(dir));
        }
        let entries = match fs::read_dir(dir) {
            Ok(entries) => entries,
            Err(e) if e.kind() == io::ErrorKind::NotFound => return Ok(BTreeMap::new()),
            Err(e) => return Err(Error::files("list", dir, e)),
        };
        let mut out = BTreeMap::new();
        for entry in entries {
            let entry = entry.map_err(|e| Error::files("list", dir, e))?;
            let meta = entry.metadata().map_err(|e| Error::files("list", dir, e))?;
            let size = meta.is_file().then_some(meta.len());
            out.insert(entry.file_name().to_string_lossy().into_owned(), size);
        }
        Ok(out)
    }

    /// Makes `dir` and its missing parents (mode 0700), each durably in its parent.
    pub fn make_dirs(&self, dir: &Path) -> Result<(), Error> {
        let missing: Vec<&Path> = dir
            .ancestors()
            .take_while(|d| !d.as_os_str().is_empty() && !self.is_dir(d))
            .collect();
        for d in missing.into_iter().rev() {
            match self {
                Self::Real => match fs::DirBuilder::new().mode(0o700).create(d) {
                    Err(e) if e.kind() != io::ErrorKind::AlreadyExists => {
                        return Err(Error::files("make folder", d, e));
                    }
                    _ => {}
                },
                Self::Sim(disk) => disk.make_dir(d),
            }
            if let Some(parent) = d.parent().filter(|p| !p.as_os_str().is_empty()) {
                self.sync_dir(parent)?;
            }
        }
        Ok(())
    }

    pub(crate) fn is_dir(&self, dir: &Path) -> bool {
        match self {
            Self::Real => dir.is_dir(),
            Self::Sim(disk) => disk.is_dir(dir),
        }
    }

    /// Renames within one folder, replacing what is there. Durable after [`Self::sync_dir`].
    pub fn rename(&self, from: &Path, to: &Path) -> Result<(), Error> {
        match self {
            Self::Real => fs::rename(from, to),
            Self::Sim(disk) => disk.rename(from, to),
        }
        .map_err(|e| Error::files("rename", from, e))
    }

    /// Removes a file; fine if it is not there. Durable after [`Self::sync_dir`].
    pub fn remove(&self, path: &Path) -> Result<(), Error> {
        let done = match self {
            Self::Real => fs::remove_file(path),
            Self::Sim(disk) => disk.remove(path),
        };
        match done {
            Err(e) if e.kind() != io::ErrorKind::NotFound => Err(Error::files("remove", path, e)),
            _ => Ok(()),
        }
    }

    /// Removes an empty folder; fine if it is not there or not empty.
    pub fn remove_dir(&self, dir: &Path) {
        match self {
            Self::Real => drop(fs::remove_dir(dir)),
            Self::Sim(disk) => disk.remove_dir(dir),
        }
    }

    /// Makes the names in a folder durable (`fsync(2)` on the folder).
    pub fn sync_dir(&self, dir: &Path) -> Result<(), Error> {
        match self {
            Self::Real => File::open(dir)
                .and_then(|d| d.sync_all())
                .map_err(|e| Error::files("sync folder", dir, e)),
            Self::Sim(disk) => disk
                .sync_dir(dir)
                .map_err(|e| Error::files("sync folder", dir, e)),
        }
    }

    /// Writes a small file whole or not at all: beside, synced, renamed, folder synced.
    pub fn write_atomic(&self, path: &Path, bytes: &[u8]) -> Result<(), Error> {
        self.write_beside(path, bytes)?;
        match path.parent() {
            Some(dir) => self.sync_dir(dir),
            None => Ok(()),
        }
    }

    /// [`Self::write_atomic`] without the last step, so that many files share one folder sync.
    pub(crate) fn write_beside(&self, path: &Path, bytes: &[u8]) -> Result<(), Error> {
        let mut name = path.file_name().unwrap_or_default().to_owned();
        name.push(".new");
        let beside = path.with_file_name(name);
        // A left-over of a crash may be longer than what is written now.
        self.remove(&beside)?;
        let file = self.open(&beside)?;
        file.write_at(0, &[bytes])?;
        file.sync()?;
        self.rename(&beside, path)
    }

    /// Bytes free for an ordinary process on the file system that holds `dir`.
    pub fn bytes_free(&self, dir: &Path) -> Result<u64, Error> {
        match self {
            Self::Real => rustix::fs::statvfs(dir)
                .map(|s| s.f_bavail.saturating_mul(s.f_frsize))
                .map_err(|e| Error::files("measure", dir, e.into())),
            Self::Sim(_) => Ok(SimDisk::bytes_free()),
        }
    }
}

impl LayerFile {
    /// Length in bytes.
    pub fn len(&self) -> Result<u64, Error> {
        match &self.kind {
            Kind::Real(f) => f
                .metadata()
                .map(|m| m.len())
                .map_err(|e| Error::files("measure", &self.path, e)),
            Kind::Sim(disk, inode) => Ok(disk.len(*inode)),
        }
    }

    /// Whether nothing is in it.
    pub fn is_empty(&self) -> Result<bool, Error> {
        Ok(self.len()? == 0)
    }

    /// Exactly `len` bytes from `offset`.
    pub fn read_at(&self, offset: u64, len: usize) -> Result<Vec<u8>, Error> {
        match &self.kind {
            Kind::Real(f) => {
                let mut out = vec![0; len];
                f.read_exact_at(&mut out, offset)
                    .map_err(|e| Error::files("read", &self.path, e))?;
                Ok(out)
            }
            Kind::Sim(disk, inode) => disk
                .read_at(*inode, offset, len)
                .map_err(|e| Error::files("read", &self.path, e)),
        }
    }

    /// Writes all parts back to back from `offset`: one `pwritev(2)` as a rule. After an error any
    /// part of the range may have been written; writing it again is safe.
    pub fn write_at(&self, offset: u64, parts: &[&[u8]]) -> Result<(), Error> {
        match &self.kind {
            Kind::Real(f) => {
                write_real(f, offset, parts).map_err(|e| Error::files("write", &self.path, e))
            }
            Kind::Sim(disk, inode) => disk
                .write_at(*inode, offset, parts)
                .map_err(|e| Error::files("write", &self.path, e)),
        }
    }

    /// Cuts (or zero-fills) to `len` bytes.
    pub fn set_len(&self, len: u64) -> Result<(), Error> {
        match &self.kind {
            Kind::Real(f) => f
                .set_len(len)
                .map_err(|e| Error::files("cut", &self.path, e)),
            Kind::Sim(disk, inode) => {
                disk.set_len(*inode, len);
                Ok(())
            }
        }
    }

    /// Makes the contents durable (`fdatasync(2)`).
    pub fn sync(&self) -> Result<(), Error> {
        match &self.kind {
            Kind::Real(f) => f
                .sync_data()
                .map_err(|e| Error::files("sync", &self.path, e)),
            Kind::Sim(disk, inode) => disk
                .sync(*inode)
                .map_err(|e| Error::files("sync", &self.path, e)),
        }
    }
}

fn write_real(file: &File, mut offset: u64, parts: &[&[u8]]) -> io::Result<()> {
    for group in parts.chunks(SLICES_PER_WRITE) {
        let mut slices: Vec<IoSlice<'_>> = group.iter().map(|p| IoSlice::new(p)).collect();
        let mut rest = slices.as_mut_slice();
        while !rest.is_empty() {
            match rustix::io::pwritev(file, rest, offset) {
                Ok(0) if rest.iter().all(|s| s.is_empty()) => break,
                Ok(0) => return Err(io::ErrorKind::WriteZero.into()),
                Ok(n) => {
                    offset += n as u64;
                    IoSlice::advance_slices(&mut rest, n);
                }
                Err(rustix::io::Errno::INTR) => {}
                Err(e) => return Err(e.into()),
            }
        }
    }
    Ok(())
}
