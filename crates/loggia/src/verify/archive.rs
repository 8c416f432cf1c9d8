//! The ZIP of an export bundle, and which files may stand in it. Never unpacks a name that two
//! programs could read as two things, nor one that no exporter writes.

use std::collections::BTreeSet;
use std::io::{Read, Seek, SeekFrom};

use anyhow::{Context, bail};
use serde::de::DeserializeOwned;

/// Longest file of a bundle: an hour of one camera at 4 Mbit/s.
const FILE_BYTES_MAX: u64 = 2 << 30;
/// Bytes of the end record without a comment.
const END_BYTES: u64 = 22;
/// What the manifest cannot list: itself, and the receipt that holds its hash.
const BESIDE: [&str; 2] = ["manifest.json", "export.json"];

/// A bundle whose names are each there once, in one way.
pub struct Bundle<R>(zip::ZipArchive<R>);

impl<R: Read + Seek> Bundle<R> {
    /// Opens the ZIP; its central directory and its local headers must say the same.
    pub fn open(mut from: R) -> anyhow::Result<Self> {
        let directory = one_end(&mut from)?;
        let mut archive = zip::ZipArchive::new(from).context("this is no export bundle (ZIP)")?;
        // This program must read the ZIP that all others see, not one around it.
        if !archive.comment().is_empty() || archive.central_directory_start() != directory {
            bail!("a ZIP stands in another ZIP's comment: programs would read two things");
        }
        if archive.offset() != 0 {
            bail!("something stands before the ZIP");
        }
        let sound = archive.validate_header_consistency();
        sound.context("the ZIP names its files in two ways")?;
        Ok(Self(archive))
    }

    pub fn read(&mut self, name: &str) -> anyhow::Result<Vec<u8>> {
        let file = self
            .0
            .by_name(name)
            .with_context(|| format!("the bundle lacks {name}"))?;
        // A bundle's files are stored as they are: a small file cannot swell into a large one.
        if file.compression() != zip::CompressionMethod::Stored {
            bail!("{name} is compressed, which no bundle's file is");
        }
        if !file.is_file() || file.is_symlink() {
            bail!("{name} is a folder or a link, which no bundle's file is");
        }
        if file.size() > FILE_BYTES_MAX {
            bail!("{name} is larger than {FILE_BYTES_MAX} bytes");
        }
        let mut bytes = Vec::new();
        file.take(FILE_BYTES_MAX)
            .read_to_end(&mut bytes)
            .with_context(|| format!("{name} breaks off"))?;
        Ok(bytes)
    }

    pub fn json<T: DeserializeOwned>(&mut self, name: &str) -> anyhow::Result<T> {
        serde_json::from_slice(&self.read(name)?).with_context(|| format!("{name} does not read"))
    }

    /// The ZIP holds what the manifest lists, manifest and receipt, and nothing else.
    pub fn holds_only<'n>(&self, listed: impl Iterator<Item = &'n str>) -> anyhow::Result<()> {
        let mut must: BTreeSet<Vec<u8>> = BESIDE.iter().map(|n| n.as_bytes().to_vec()).collect();
        for name in listed {
            if !known(name) {
                bail!("manifest.json lists {name:?}, which is no file of a bundle");
            }
            if !must.insert(name.as_bytes().to_vec()) {
                bail!("manifest.json lists {name} twice");
            }
        }
        for name in self.0.file_names_raw() {
            if !must.contains(name) {
                let name = String::from_utf8_lossy(name);
                bail!("the bundle holds {name:?}, which manifest.json does not list");
            }
        }
        Ok(())
    }
}

/// The ZIP ends in one way for every program (APPNOTE 4.3.16): its last 22 bytes are the end
/// record, without a comment in which another ZIP could lie and without the fields of ZIP64, and
/// the central directory stands right before it. Gives where that begins.
fn one_end<R: Read + Seek>(from: &mut R) -> anyhow::Result<u64> {
    let length = from.seek(SeekFrom::End(0))?;
    let at = length
        .checked_sub(END_BYTES)
        .context("this is no export bundle (ZIP)")?;
    let mut end = [0; END_BYTES as usize];
    from.seek(SeekFrom::Start(at))?;
    from.read_exact(&mut end)?;
    let number = |at: usize| {
        let bytes = end.get(at..at + 4).and_then(|b| b.try_into().ok());
        u64::from(bytes.map_or(u32::MAX, u32::from_le_bytes))
    };
    let (size, offset) = (number(12), number(16));
    if !end.starts_with(b"PK\x05\x06") {
        bail!("this is no export bundle: no ZIP's end record stands at its end");
    }
    if !end.ends_with(&[0, 0]) || offset + size != at {
        bail!("the ZIP does not end with its own directory: programs could read it as two things");
    }
    from.seek(SeekFrom::Start(0))?;
    Ok(offset)
}

fn known(name: &str) -> bool {
    let clip = name
        .strip_prefix("clip-cam-")
        .and_then(|n| n.strip_suffix(".mp4"));
    matches!(
        name,
        "sealed.lgr" | "keys.json" | "request.json" | "HOW-TO-CHECK.html" | "clip.mp4"
    ) || clip.is_some_and(|n| n.bytes().all(|b| b.is_ascii_digit() || b == b'-'))
}
