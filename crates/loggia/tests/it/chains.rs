//! Every camera's chain as it lies in the segment files, read without the index and without keys.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use loggia_model::{CameraId, GapReason};
use loggia_seal::{Body, Kind, Record, Track};

/// One record.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Link {
    pub seq: u64,
    pub hash: [u8; 32],
    pub kind: Kind,
    pub track: Track,
    pub begin: i64,
    pub end: i64,
    pub gap: Option<GapReason>,
}

fn numbered(dir: &Path, ending: &str) -> Vec<PathBuf> {
    let Ok(entries) = std::fs::read_dir(dir) else {
        return Vec::new();
    };
    let mut found: Vec<(u64, PathBuf)> = entries
        .map(|e| e.unwrap())
        .filter_map(|e| {
            let name = e.file_name().into_string().unwrap();
            Some((name.strip_suffix(ending)?.parse().ok()?, e.path()))
        })
        .collect();
    found.sort();
    found.into_iter().map(|(_, path)| path).collect()
}

/// Whole records of every camera in order; what is being written at the end is left out.
pub fn read(data: &Path) -> BTreeMap<CameraId, Vec<Link>> {
    let mut chains: BTreeMap<CameraId, Vec<Link>> = BTreeMap::new();
    for hour in numbered(&data.join("blobs"), "") {
        for segment in numbered(&hour, ".seg") {
            let bytes = std::fs::read(segment).unwrap();
            let mut rest = &bytes[..];
            while let Ok((record, after)) = Record::parse(rest) {
                let header = record.header();
                let gap = match record.body() {
                    Ok(Body::Gap(reason)) => Some(reason),
                    _ => None,
                };
                chains.entry(header.camera).or_default().push(Link {
                    seq: header.seq,
                    hash: record.hash(),
                    kind: header.kind,
                    track: header.track,
                    begin: header.begin.0,
                    end: header.end.0,
                    gap,
                });
                rest = after;
            }
        }
    }
    chains
}
