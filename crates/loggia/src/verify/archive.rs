//! The ZIP of an export bundle, and which files may stand in it. Never unpacks a name that two
//! programs could read as two things, nor one that no exporter writes.

use std::collections::BTreeSet;
use std::io::{Read, Seek};

use anyhow::{Context, bail};
use serde::de::DeserializeOwned;

/// Longest file of a bundle: an hour of one camera at 4 Mbit/s.
const FILE_BYTES_MAX: u64 = 2 << 30;
/// What the manifest cannot list: itself, and the receipt that holds its hash.
const BESIDE: [&str; 2] = ["manifest.json", "export.json"];

/// A bundle whose names are each there once, in one way.
pub struct Bundle<R>(zip::ZipArchive<R>);

impl<R: Read + Seek> Bundle<R> {
    /// Opens the ZIP; its central directory and its local headers must say the same.
    pub fn open(from: R) -> anyhow::Result<Self> {
        let mut archive = zip::ZipArchive::new(from).context("this is no export bundle (ZIP)")?;
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

fn known(name: &str) -> bool {
    let clip = name
        .strip_prefix("clip-cam-")
        .and_then(|n| n.strip_suffix(".mp4"));
    matches!(
        name,
        "sealed.lgr" | "keys.json" | "request.json" | "HOW-TO-CHECK.html" | "clip.mp4"
    ) || clip.is_some_and(|n| n.bytes().all(|b| b.is_ascii_digit() || b == b'-'))
}
