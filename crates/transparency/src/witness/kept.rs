//! A witness's folder: its name and the logs it learnt, and for each log the checkpoint cosigned
//! last, as the very note that it answered.
//! Never takes a missing or altered file for an empty one: a witness that forgot must not sign.

use std::path::{Path, PathBuf};

use aws_lc_rs::digest::{SHA256, digest};
use loggia_store::FileLayer;

use crate::Error;
use crate::key::{Verifier, is_name};

/// The file that makes a folder a witness's, with its name and the logs it learnt.
const MARKER: &str = "witness";
const MARKER_HEAD: &str = "loggia witness v1";
/// Folder of the logs' states.
const LOGS: &str = "logs";
/// Folder of checkpoints that prove a log's fork.
const EVIDENCE: &str = "evidence";
/// Most forks that are kept; each is a note of some hundred bytes.
const EVIDENCE_MAX: usize = 64;
/// Most keys of logs that one witness learns: each state is held in memory.
pub(super) const LOGS_MAX: usize = 256;

/// What the marker file says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Marker {
    pub(super) name: String,
    pub(super) logs: Vec<Verifier>,
}

/// The folder.
#[derive(Debug)]
pub(super) struct Kept {
    layer: FileLayer,
    dir: PathBuf,
}

/// SHA-256 of an origin in hexadecimal: the log's name in file names and monitoring addresses.
pub(super) fn origin_hash(origin: &str) -> String {
    hex::encode(digest(&SHA256, origin.as_bytes()))
}

/// The state of a log that was learnt and not cosigned yet.
pub(super) fn nothing_yet(origin: &str) -> String {
    format!("nothing cosigned yet: {origin}\n")
}

/// What a witness whose memory cannot be trusted says.
pub(super) fn forgot(what: &str) -> Error {
    Error::WitnessForgot(what.to_owned())
}

fn failed(path: &Path, e: &loggia_store::Error) -> Error {
    match e {
        loggia_store::Error::DiskFull => Error::DiskFull,
        other => Error::Io {
            path: path.display().to_string(),
            reason: other.to_string(),
        },
    }
}

impl Marker {
    fn text(&self) -> String {
        let mut lines = format!("{MARKER_HEAD}\nname {}\n", self.name);
        for log in &self.logs {
            lines.push_str(&format!("log {log}\n"));
        }
        let sum = hex::encode(digest(&SHA256, lines.as_bytes()));
        format!("{lines}sum {sum}\n")
    }

    fn parse(bytes: &[u8]) -> Option<Self> {
        let text = core::str::from_utf8(bytes).ok()?;
        let mut lines = text.lines();
        if lines.next() != Some(MARKER_HEAD) {
            return None;
        }
        let name = lines.next()?.strip_prefix("name ")?.to_owned();
        let logs = lines.clone().map_while(|l| l.strip_prefix("log "));
        let logs = logs.map(str::parse).collect::<Result<_, _>>().ok()?;
        let read = Self { name, logs };
        // One exact form, its checksum included.
        (read.text() == text && is_name(&read.name)).then_some(read)
    }
}

impl Kept {
    pub(super) fn at(layer: FileLayer, dir: &Path) -> Self {
        Self {
            layer,
            dir: dir.to_owned(),
        }
    }

    /// Begins a witness in an empty folder.
    pub(super) fn begin(&self, name: &str) -> Result<(), Error> {
        let marker = Marker {
            name: name.to_owned(),
            logs: Vec::new(),
        };
        if !is_name(name) {
            return Err(Error::malformed(
                "witness name",
                "must be 1 to 255 bytes without white space and `+`, such as witness.example/w1",
            ));
        }
        let path = self.dir.join(MARKER);
        let fail = |e| failed(&path, &e);
        self.layer.make_dirs(&self.dir.join(LOGS)).map_err(fail)?;
        if self.layer.read(&path).map_err(fail)?.is_some() {
            let why = "is a witness's folder already; a second witness needs a folder of its own";
            return Err(Error::malformed(self.dir.display().to_string(), why));
        }
        self.write_marker(&marker)
    }

    pub(super) fn marker(&self) -> Result<Marker, Error> {
        let path = self.dir.join(MARKER);
        let bytes = self.layer.read(&path).map_err(|e| failed(&path, &e))?;
        let bytes = bytes.ok_or_else(|| {
            let why = "is no witness's folder; `loggia witness init` makes one in an empty folder";
            Error::malformed(self.dir.display().to_string(), why)
        })?;
        Marker::parse(&bytes).ok_or_else(|| forgot(&format!("{} is damaged", path.display())))
    }

    pub(super) fn write_marker(&self, marker: &Marker) -> Result<(), Error> {
        self.write(&self.dir.join(MARKER), &marker.text())
    }

    pub(super) fn state(&self, origin: &str) -> Result<Option<Vec<u8>>, Error> {
        let path = self.state_path(origin);
        self.layer.read(&path).map_err(|e| failed(&path, &e))
    }

    /// Replaces a log's state: durable when this returns.
    pub(super) fn write_state(&self, origin: &str, note: &str) -> Result<(), Error> {
        self.write(&self.state_path(origin), note)
    }

    pub(super) fn state_path(&self, origin: &str) -> PathBuf {
        self.dir.join(LOGS).join(origin_hash(origin))
    }

    /// Keeps a checkpoint that a log signed beside another of the same size.
    pub(super) fn keep_evidence(&self, note: &str) -> Result<(), Error> {
        let dir = self.dir.join(EVIDENCE);
        let fail = |e| failed(&dir, &e);
        self.layer.make_dirs(&dir).map_err(fail)?;
        if self.layer.list(&dir).map_err(fail)?.len() >= EVIDENCE_MAX {
            return Ok(());
        }
        self.write(&dir.join(origin_hash(note)), note)
    }

    fn write(&self, path: &Path, text: &str) -> Result<(), Error> {
        let done = self.layer.write_atomic(path, text.as_bytes());
        done.map_err(|e| failed(path, &e))
    }
}
