//! Copies of a log that is being written, and the way back. A copy is a beginning of the log: it
//! holds every record up to its last one, and no cursor that is ahead of it.

use std::path::Path;

use super::cursors::{self, CURSORS};
use super::frame::HEADER_LEN;
use super::queue::lock;
use super::reader::Walk;
use super::segments::{self, Segments};
use super::snapshot::SYNC_BYTES;
use super::{Bus, Log};
use crate::{Error, FileLayer};

/// Files are copied in parts of this many bytes.
const PART: usize = 1 << 20;
/// A trim in another process may remove a file meanwhile; then the copy begins anew. Trims are
/// minutes apart.
const TRIES: usize = 3;

/// What a copy holds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Copied {
    /// Its first record (0 if it has none).
    pub from: u64,
    /// Its last record, or the one that its newest snapshot stands at.
    pub through: u64,
    /// Bytes.
    pub bytes: u64,
}

impl Bus {
    /// Copies the log into the empty folder `dest` while writing goes on: everything that is
    /// durable now, cursors included.
    ///
    /// # Errors
    /// [`Error::Refused`] if `dest` is not empty.
    pub fn copy_to(&self, dest: &Path) -> Result<Copied, Error> {
        let log: &Log = &self.log;
        let _files_stay = lock(&log.tidying);
        let places = log.cursors.bytes(|| self.durable());
        copy(&log.dir, dest, &log.layer, Some(places))
    }
}

/// Copies a log that another process may be writing from the folder `src` into the empty folder
/// `dest`.
///
/// # Errors
/// [`Error::Refused`] if `dest` is not empty; [`Error::LogDamaged`] if the log's end is damaged.
pub fn copy_log(src: &Path, dest: &Path, layer: &FileLayer) -> Result<Copied, Error> {
    copy(src, dest, layer, None)
}

/// Brings a copy back into the empty folder `dest`, and reads every record of it.
///
/// # Errors
/// [`Error::LogDamaged`] if the copy is not whole: then nothing is left in `dest`.
pub fn restore_log(src: &Path, dest: &Path, layer: &FileLayer) -> Result<Copied, Error> {
    let copied = copy(src, dest, layer, None)?;
    let whole =
        segments::find(dest, layer).and_then(|found| read_all(&found.segments, found.next, layer));
    if let Err(e) = whole {
        clear(dest, layer)?;
        return Err(e);
    }
    Ok(copied)
}

fn copy(
    src: &Path,
    dest: &Path,
    layer: &FileLayer,
    places: Option<Vec<u8>>,
) -> Result<Copied, Error> {
    layer.make_dirs(dest)?;
    if !layer.list(dest)?.is_empty() {
        return Err(Error::Refused(format!(
            "{} is not empty: nothing is overwritten",
            dest.display()
        )));
    }
    let mut tries = 0;
    loop {
        tries += 1;
        match copy_once(src, dest, layer, places.as_deref()) {
            Err(Error::Files { source, .. })
                if source.kind() == std::io::ErrorKind::NotFound && tries < TRIES =>
            {
                clear(dest, layer)?;
            }
            other => return other,
        }
    }
}

fn copy_once(
    src: &Path,
    dest: &Path,
    layer: &FileLayer,
    places: Option<&[u8]>,
) -> Result<Copied, Error> {
    // Cursors first: the log that is read after them reaches at least as far.
    let read = match places {
        Some(_) => None,
        None => layer.read(&src.join(CURSORS))?,
    };
    for name in layer.list(src)?.keys() {
        let ours = [".seg", segments::SNAPSHOT];
        if ours.iter().any(|e| segments::number(name, e).is_some()) {
            copy_file(&src.join(name), &dest.join(name), layer)?;
        }
    }
    if let Some(places) = places.or(read.as_deref()) {
        layer.write_beside(&dest.join(CURSORS), places)?;
    }
    // Cuts what was being written.
    let found = segments::find(dest, layer)?;
    let durable = cursors::read(dest, layer)?.durable;
    if durable >= found.next {
        let why = format!("the log had been kept up to record {durable}");
        return Err(segments::damaged(src, 0, found.next, &why));
    }
    layer.sync_dir(dest)?;
    let mut bytes = 0;
    for size in layer.list(dest)?.into_values() {
        bytes += size.unwrap_or(0);
    }
    Ok(Copied {
        from: found.segments.keys().next().copied().unwrap_or(0),
        through: found.next - 1,
        bytes,
    })
}

fn copy_file(from: &Path, to: &Path, layer: &FileLayer) -> Result<(), Error> {
    let (file, copy) = (segments::open_there(layer, from)?, layer.open(to)?);
    let (len, mut at) = (file.len()?, 0);
    while at < len {
        let part = usize::try_from(len - at).unwrap_or(PART).min(PART);
        copy.write_at(at, &[&file.read_at(at, part)?])?;
        at += part as u64;
        if at.is_multiple_of(SYNC_BYTES) {
            // So that the log's own syncs never wait for all of it.
            copy.sync()?;
        }
    }
    copy.sync()
}

fn clear(dest: &Path, layer: &FileLayer) -> Result<(), Error> {
    for name in layer.list(dest)?.keys() {
        layer.remove(&dest.join(name))?;
    }
    layer.sync_dir(dest)
}

/// Reads every record and checks that none is missing between two segments.
fn read_all(all: &Segments, next: u64, layer: &FileLayer) -> Result<(), Error> {
    let ends = all.keys().skip(1).copied().chain([next]);
    for (segment, end) in all.values().zip(ends) {
        let (path, seed) = (segment.path.clone(), segment.header.seed());
        let bytes = (HEADER_LEN as u64, segment.len());
        let (mut walk, mut seq) = (Walk::new(layer, path, seed, bytes)?, segment.header.seq);
        while !walk.at_end() {
            seq = walk.step(seq)?.next();
        }
        if seq != end {
            return Err(walk.damaged(seq, "the segment ends too early"));
        }
    }
    Ok(())
}
