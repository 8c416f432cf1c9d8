//! Every chain of a data folder: each segment file read, each record's hash, signature and place
//! checked, and each chain held against the heads that the public log knew minute by minute.
//! Never opens a piece; it needs no key for that.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use anyhow::Context;
use loggia_model::{CameraId, Digest};
use loggia_seal::{ChainChecker, Record, RecorderPublic};
use loggia_transparency::verify::Report;

use super::logged::KnownChains;
use super::{bounded, broken, say};

/// Longest segment that is read; the store closes them at 1 GiB.
const SEGMENT_BYTES_MAX: u64 = 2 << 30;

/// Walks `blobs/` hour by hour.
pub fn check(dir: &Path, recorders: &[RecorderPublic], log: &Report) -> anyhow::Result<()> {
    let hours = numbered(&dir.join("blobs"), "")?;
    let hours = hours.into_iter().map(|(hour, _)| hour).collect();
    let mut logged = KnownChains::read(&dir.join("log"), log, &hours)?;
    let mut chains: BTreeMap<CameraId, (ChainChecker, u64)> = BTreeMap::new();
    for path in segments(&dir.join("blobs"))? {
        let bytes = bounded(&path, SEGMENT_BYTES_MAX)
            .with_context(|| format!("{} cannot be read", path.display()))?;
        let mut rest = &bytes[..];
        while !rest.is_empty() {
            let (record, after) = Record::parse(rest)
                .map_err(|e| broken(format!("{} ends in {e}", path.display())))?;
            let whole = &rest[..rest.len() - after.len()];
            let header = record.header();
            let (checker, count) = chains.entry(header.camera).or_insert_with(|| {
                let keys = recorders.to_vec();
                (ChainChecker::midway(header.camera, header.seq, keys), 0)
            });
            checker.feed(whole).map_err(broken)?;
            logged.meet(header.camera, header.seq, Digest(record.hash()))?;
            *count += 1;
            rest = after;
        }
    }
    let records: u64 = chains.values().map(|(_, count)| count).sum();
    say(&format!(
        "footage: {} chains, {records} records, each signed and in its place",
        chains.len()
    ));
    logged.finish()
}

fn segments(blobs: &Path) -> anyhow::Result<Vec<PathBuf>> {
    let mut hours: Vec<(u64, PathBuf)> = numbered(blobs, "")?;
    hours.sort();
    let mut out = Vec::new();
    for (_, hour) in hours {
        let mut files = numbered(&hour, ".seg")?;
        files.sort();
        out.extend(files.into_iter().map(|(_, path)| path));
    }
    Ok(out)
}

fn numbered(dir: &Path, ending: &str) -> anyhow::Result<Vec<(u64, PathBuf)>> {
    if !dir.exists() {
        return Ok(Vec::new());
    }
    let mut out = Vec::new();
    for entry in fs::read_dir(dir).with_context(|| format!("{}", dir.display()))? {
        let path = entry?.path();
        let name = path
            .file_name()
            .map(|n| n.to_string_lossy().into_owned())
            .unwrap_or_default();
        if let Some(number) = name.strip_suffix(ending).and_then(|n| n.parse().ok()) {
            out.push((number, path));
        }
    }
    Ok(out)
}
