//! One witness: its keys, the logs it learnt, and the one rule that a checkpoint's place in its
//! memory is durable before a cosignature leaves.
//! Never sees an entry, never goes back, never signs two roots for one size of a log.

use core::fmt;
use std::collections::BTreeMap;
use std::path::Path;
use std::sync::{Mutex, PoisonError};

use loggia_model::At;
use loggia_store::FileLayer;

use super::judge::{Asked, Refusal};
use super::kept::{Kept, LOGS_MAX, forgot, nothing_yet, origin_hash};
use crate::Error;
use crate::checkpoint::{Checkpoint, SignedCheckpoint};
use crate::cosign::CosignerKey;
use crate::key::Verifier;
use crate::note::{Note, NoteSignature};

/// A witness that is open for requests. One process may hold a folder; the caller sees to that.
pub struct Witness {
    kept: Kept,
    keys: Vec<CosignerKey>,
    logs: BTreeMap<String, Tracked>,
}

struct Tracked {
    keys: Vec<Verifier>,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    /// The checkpoint cosigned last, and its note with the cosignatures.
    last: Option<(Checkpoint, String)>,
    /// The place of the newest of the log's keys that has signed it.
    newest: usize,
    /// A write failed half-way: what is on the disk is unknown until a restart reads it.
    stopped: bool,
}

impl fmt::Debug for Witness {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(&self.keys).finish()
    }
}

/// Begins a witness in an empty folder.
///
/// # Errors
/// [`Error::Malformed`] if the name cannot stand in a signed note or the folder is a witness's
/// already; [`Error::Io`], [`Error::DiskFull`].
pub fn init(layer: FileLayer, dir: &Path, name: &str) -> Result<(), Error> {
    Kept::at(layer, dir).begin(name)
}

/// The witness's name and the logs that it learnt.
///
/// # Errors
/// As [`Witness::open`].
pub fn learnt(layer: FileLayer, dir: &Path) -> Result<(String, Vec<Verifier>), Error> {
    let marker = Kept::at(layer, dir).marker()?;
    Ok((marker.name, marker.logs))
}

/// Tells a witness of a log, or of a further key of a log it knows. What it cosigned stays.
/// Says whether the key was new.
///
/// # Errors
/// [`Error::TooMany`], or as [`Witness::open`].
pub fn learn(layer: FileLayer, dir: &Path, log: &Verifier) -> Result<bool, Error> {
    let kept = Kept::at(layer, dir);
    let mut marker = kept.marker()?;
    if marker.logs.contains(log) {
        return Ok(false);
    }
    if marker.logs.len() == LOGS_MAX {
        return Err(Error::TooMany {
            given: LOGS_MAX + 1,
            max: LOGS_MAX,
        });
    }
    // The state comes first: a log in the marker without one would be a witness that forgot.
    let origin = log.name();
    let known = marker.logs.iter().any(|l| l.name() == origin);
    if kept.state(origin)?.is_none() {
        if known {
            return Err(lost(&kept, origin));
        }
        kept.write_state(origin, &nothing_yet(origin))?;
    }
    marker.logs.push(log.clone());
    kept.write_marker(&marker)?;
    Ok(true)
}

fn lost(kept: &Kept, origin: &str) -> Error {
    let path = kept.state_path(origin);
    forgot(&format!("{} (log {origin}) is lost", path.display()))
}

impl Witness {
    /// Opens a witness: every log's state must be there and under the log's and its own signatures.
    ///
    /// # Errors
    /// [`Error::WitnessForgot`] if a state is lost or altered, [`Error::Malformed`] if the folder
    /// is no witness's or the keys are another's; [`Error::Io`].
    pub fn open(layer: FileLayer, dir: &Path, keys: Vec<CosignerKey>) -> Result<Self, Error> {
        let kept = Kept::at(layer, dir);
        let marker = kept.marker()?;
        if keys.is_empty() || keys.iter().any(|k| k.public().name() != marker.name) {
            let why = format!("its keys are not those of {}", marker.name);
            return Err(Error::malformed("witness", why));
        }
        let mut by_origin: BTreeMap<String, Vec<Verifier>> = BTreeMap::new();
        for log in marker.logs {
            by_origin
                .entry(log.name().to_owned())
                .or_default()
                .push(log);
        }
        let mut logs = BTreeMap::new();
        for (origin, log_keys) in by_origin {
            let last = last_cosigned(&kept, &origin, &log_keys, &keys)?;
            let newest = last
                .as_ref()
                .map_or(0, |(_, note)| newest_of(&log_keys, note));
            let state = Mutex::new(State {
                last,
                newest,
                stopped: false,
            });
            let tracked = Tracked {
                keys: log_keys,
                state,
            };
            logs.insert(origin, tracked);
        }
        Ok(Self { kept, keys, logs })
    }

    /// The keys' public halves as vkeys, in the order of the answers' lines.
    pub fn vkeys(&self) -> impl Iterator<Item = String> {
        self.keys.iter().map(|k| k.public().to_string())
    }

    /// The logs and the size of each that was cosigned last.
    pub fn sizes(&self) -> impl Iterator<Item = (&str, Option<u64>)> {
        self.logs.iter().map(|(origin, log)| {
            let state = log.state.lock().unwrap_or_else(PoisonError::into_inner);
            let size = state.last.as_ref().map(|(c, _)| c.size);
            (origin.as_str(), size)
        })
    }

    /// Answers `add-checkpoint`: the cosignatures' lines, or why there are none. Checking and
    /// keeping are one step for each log (the race in C2SP tlog-witness, "add-checkpoint").
    ///
    /// # Errors
    /// [`Refusal`].
    pub fn add_checkpoint(&self, body: &[u8], now: At) -> Result<String, Refusal> {
        let asked = Asked::read(body)?;
        let log = self.logs.get(asked.origin()).ok_or(Refusal::UnknownLog)?;
        let mut state = log.state.lock().unwrap_or_else(PoisonError::into_inner);
        if state.stopped {
            return Err(Refusal::Stopped);
        }
        let (signed, newest) = asked.signed_by(&log.keys, state.newest)?;
        if let Err(refusal) = asked.continues(state.last.as_ref().map(|(c, _)| c)) {
            if matches!(refusal, Refusal::OtherRoot(_)) {
                self.keep_fork(&signed);
            }
            return Err(refusal);
        }
        let lines = self.cosign(&signed, now)?;
        let note = signed.with_lines(&lines);
        let origin = asked.origin();
        // The same checkpoint again changes no memory, only the time of the cosignature.
        let same = |c: &Checkpoint| c == signed.checkpoint();
        if !state.last.as_ref().is_some_and(|(c, _)| same(c)) {
            self.kept.write_state(origin, &note).map_err(|e| match e {
                Error::DiskFull => Refusal::Busy("the witness's disk is full".to_owned()),
                other => {
                    tracing::error!(error = %other, log = origin, "witness's state");
                    state.stopped = true;
                    Refusal::Stopped
                }
            })?;
        }
        state.newest = newest;
        state.last = Some((signed.checkpoint().clone(), note));
        Ok(lines.iter().map(NoteSignature::to_string).collect())
    }

    /// The note cosigned last of the log whose origin has this SHA-256 (lower-case hexadecimal).
    #[must_use]
    pub fn checkpoint(&self, hash: &str) -> Option<String> {
        let (_, log) = self.logs.iter().find(|(o, _)| origin_hash(o) == hash)?;
        let state = log.state.lock().unwrap_or_else(PoisonError::into_inner);
        state.last.as_ref().map(|(_, note)| note.clone())
    }

    fn cosign(&self, signed: &SignedCheckpoint, now: At) -> Result<Vec<NoteSignature>, Refusal> {
        let lines = self.keys.iter().map(|k| k.cosign(signed, now));
        lines.collect::<Result<_, _>>().map_err(|e| {
            tracing::error!(error = %e, "cosigning");
            Refusal::Busy("the witness cannot sign at the moment".to_owned())
        })
    }

    fn keep_fork(&self, signed: &SignedCheckpoint) {
        let (log, size) = (&signed.checkpoint().origin, signed.size());
        tracing::error!(log, size, "FORK: the log signed two roots for one size");
        if let Err(e) = self.kept.keep_evidence(signed.note()) {
            tracing::error!(error = %e, "the fork's proof could not be kept");
        }
    }
}

/// The place of the newest key that signed a note.
fn newest_of(keys: &[Verifier], note: &str) -> usize {
    let signed = |key: &Verifier| SignedCheckpoint::verify(note.as_bytes(), key).is_ok();
    keys.iter().rposition(signed).unwrap_or(0)
}

/// Reads a log's state, which proves itself: the log's signature and all of this witness's own.
fn last_cosigned(
    kept: &Kept,
    origin: &str,
    log_keys: &[Verifier],
    own: &[CosignerKey],
) -> Result<Option<(Checkpoint, String)>, Error> {
    let bytes = kept.state(origin)?.ok_or_else(|| lost(kept, origin))?;
    if bytes == nothing_yet(origin).as_bytes() {
        return Ok(None);
    }
    let read = || {
        let verified = |key| SignedCheckpoint::verify(&bytes, key).ok();
        let signed = log_keys.iter().find_map(verified)?;
        let lines = Note::parse(&bytes).ok()?.signatures;
        let by = |key: &CosignerKey| {
            let public = key.public();
            let mut mine = lines.iter().filter(|l| public.claims(l));
            mine.any(|l| public.verify(&signed, l).is_ok())
        };
        own.iter().all(by).then_some(signed)
    };
    let signed = read().ok_or_else(|| {
        let path = kept.state_path(origin);
        forgot(&format!("{} (log {origin}) is damaged", path.display()))
    })?;
    let note = signed.note().to_owned();
    Ok(Some((signed.checkpoint().clone(), note)))
}
