//! A lane: one thread for one witness, so that a dead or slow one delays no other. Submits what the
//! round asks for, checks what comes back, and publishes a checkpoint once the quorum stands.

use std::sync::{Arc, PoisonError};
use std::time::{Duration, Instant};

use loggia_model::{At, Digest};

use super::{COSIGNED, Lane, Shared};
use crate::Error;
use crate::checkpoint::SignedCheckpoint;
use crate::note::NoteSignature;
use crate::witness::{AddCheckpoint, WitnessAnswer};

/// How often a lane looks whether the log has grown.
const LOOK: Duration = Duration::from_millis(500);
/// Calls in one attempt: the first learns from a 409 where to start, the second does, and another
/// server of the same log may come between once.
const CALLS_MAX: u8 = 3;

/// Checked lines of one answer, each by its witness's name in the policy, and the newest time.
type Lines = (Vec<(String, NoteSignature)>, At);

pub(super) fn start(shared: Arc<Shared>, at: usize, lane: Lane) -> Result<(), Error> {
    std::thread::Builder::new()
        .name(format!("witness-{at}"))
        .spawn(move || run(&shared, at, &lane))
        .map(drop)
        .map_err(|e| Error::Stopped(format!("a witness's lane could not start: {e}")))
}

fn run(shared: &Shared, at: usize, lane: &Lane) {
    loop {
        let mut round = shared.round();
        let (number, signed, old) = loop {
            if round.stop {
                return;
            }
            let now = Instant::now();
            let (size, newest) = (shared.log.size(), shared.cosigned_size());
            let before = round.asked.as_ref().map(|a| a.number);
            round.turn(size, newest, now, || shared.log.checkpoint());
            if round.asked.as_ref().map(|a| a.number) != before {
                shared.changed.notify_all();
            }
            if let Some(work) = round.work(at, now) {
                break work;
            }
            let waited = shared.changed.wait_timeout(round, LOOK);
            round = waited.unwrap_or_else(PoisonError::into_inner).0;
        };
        drop(round);
        let done = submit(shared, lane, &signed, old);
        settle(shared, at, number, &signed, done);
    }
}

/// Why a lane's attempt came to nothing.
enum Missed {
    /// The witness has seen a newer checkpoint than the one that was submitted.
    Overtaken(u64),
    /// In words.
    Failed(String),
}

/// Asks the witness until it cosigns, refuses, or has been asked often enough.
fn submit(
    shared: &Shared,
    lane: &Lane,
    signed: &SignedCheckpoint,
    mut old: u64,
) -> Result<Lines, Missed> {
    let failed = |e: Error| Missed::Failed(e.to_string());
    for _ in 0..CALLS_MAX {
        if old > shared.log.size() {
            return Err(Missed::Failed(format!(
                "it has cosigned {old} entries, and this log has {}: the log was put back",
                shared.log.size()
            )));
        }
        if old > signed.size() {
            return Err(Missed::Overtaken(old));
        }
        let ask = AddCheckpoint {
            old,
            proof: proof(shared, old, signed.size()).map_err(failed)?,
            checkpoint: signed.note().to_owned(),
        };
        match lane.witness.add_checkpoint(&ask) {
            Ok(WitnessAnswer::Cosigned(lines)) => return checked(shared, signed, lines),
            Ok(WitnessAnswer::AskFrom(size)) if size == old => {
                let why = format!("it has cosigned another tree of {size} entries");
                return Err(Missed::Failed(why));
            }
            Ok(WitnessAnswer::AskFrom(size)) => old = size,
            Ok(WitnessAnswer::Refused(422, _)) => {
                let why = format!("this log does not continue the {old} entries that it cosigned");
                return Err(Missed::Failed(why));
            }
            Ok(WitnessAnswer::Refused(status, said)) => {
                return Err(Missed::Failed(format!("it answers {status}: {said}")));
            }
            Err(away) => return Err(Missed::Failed(away.0)),
        }
    }
    Err(Missed::Failed(
        "another server submits the same log".to_owned(),
    ))
}

fn proof(shared: &Shared, old: u64, size: u64) -> Result<Vec<Digest>, Error> {
    if old == 0 || old == size {
        return Ok(Vec::new());
    }
    shared.log.consistency_proof(old, size)
}

/// The lines that are cosignatures by keys of the policy; others are ignored.
fn checked(
    shared: &Shared,
    signed: &SignedCheckpoint,
    lines: Vec<NoteSignature>,
) -> Result<Lines, Missed> {
    let (mut good, mut newest) = (Vec::new(), None);
    let witnesses = shared
        .policy
        .as_ref()
        .map_or(&[][..], |(p, _)| p.witnesses());
    for line in lines {
        let Some(witness) = witnesses.iter().find(|w| w.key.claims(&line)) else {
            continue;
        };
        match witness.key.verify(signed, &line) {
            Ok(at) => {
                newest = newest.max(Some(at));
                good.push((witness.name.clone(), line));
            }
            Err(e) => return Err(Missed::Failed(e.to_string())),
        }
    }
    let none = || Missed::Failed("its answer has no cosignature by its key".to_owned());
    newest.map(|at| (good, at)).ok_or_else(none)
}

/// Notes the attempt; publishes the checkpoint if the quorum stands with it.
fn settle(
    shared: &Shared,
    at: usize,
    number: u64,
    signed: &SignedCheckpoint,
    done: Result<Lines, Missed>,
) {
    let mut guard = shared.round();
    let round = &mut *guard;
    let now = Instant::now();
    let Some(lane) = round.lanes.get_mut(at) else {
        return;
    };
    match done {
        Ok((lines, time)) => {
            if lane.failing.is_some() {
                tracing::info!(witness = lane.name, "cosigns again");
            }
            lane.cosigned(number, signed.size(), time);
            if let Some(asked) = round.asked.as_mut().filter(|a| a.number == number) {
                asked.lines.extend(lines);
                asked.has_quorum |= publish(shared, &asked.signed, asked.lines.values().cloned());
            }
        }
        Err(Missed::Overtaken(old)) => {
            lane.old = Some(old);
            if round.asked.as_ref().is_none_or(|a| a.signed.size() < old) {
                round.begin(shared.log.checkpoint(), now);
            }
        }
        Err(Missed::Failed(why)) => {
            if lane.failing.as_ref() != Some(&why) {
                tracing::warn!(witness = lane.name, why, "does not cosign");
            }
            lane.failed(why, now);
        }
    }
    drop(guard);
    shared.changed.notify_all();
}

/// Keeps and shows the checkpoint if these lines are the quorum's.
fn publish(
    shared: &Shared,
    signed: &SignedCheckpoint,
    lines: impl Iterator<Item = NoteSignature>,
) -> bool {
    let Some((policy, _)) = &shared.policy else {
        return false;
    };
    let note = signed.with_lines(&lines.collect::<Vec<_>>());
    let Ok(cosigned) = policy.check(note.as_bytes()) else {
        return false;
    };
    // A full disk must not stop openings: what is not kept is gathered anew after a restart.
    if let Err(e) = shared.log.folder().replace(COSIGNED, note.as_bytes()) {
        tracing::warn!(error = %e, "the cosigned checkpoint was not kept");
    }
    shared.newest.send_replace(Some(Arc::new(cosigned)));
    true
}
