//! The classes of attack on the log, its entries and its witnesses. Never used outside tests.

use loggia_model::{At, Clock, Digest, LegalBasis, Purpose};
use loggia_sim::Dice;
use loggia_transparency::{SignedCheckpoint, Verdict};

use super::classes::Stop;
use super::plot::{Plot, bytes};
use super::scene::{QUORUM, Scene, WITNESSES, witness};

/// The log holds something else than this request and this approval.
pub(super) fn not_logged(plot: &mut Plot, dice: &mut Dice) -> Stop {
    let (filed, decision) = (
        plot.filed.as_mut().unwrap(),
        plot.decision.as_mut().unwrap(),
    );
    match dice.below(12) {
        0 => filed.request = Digest(bytes(dice)),
        1 => filed.purpose = Purpose::AuditSample,
        2 => filed.legal_basis = LegalBasis("led-47".to_owned()),
        3 => filed.cameras = 2,
        4 => filed.span_commitment = Digest(bytes(dice)),
        5 => filed.place_commitment = Digest(bytes(dice)),
        6 => filed.case = Digest(bytes(dice)),
        7 => decision.request = Digest(bytes(dice)),
        8 => decision.decision = Verdict::Refuse,
        9 => decision.statement = Some(Digest(bytes(dice))),
        // Proofs that lead elsewhere.
        10 => {
            plot.proof_of = Some(1 + dice.below(7));
            // The roster's own entry must be seen all the same: its proof was seen before.
            return Stop::Several;
        }
        _ => {
            plot.torn = Some((dice.below(1_000) as usize, dice.below(32) as usize));
            return Stop::Several;
        }
    }
    Stop::Check("log")
}

/// The city says nothing of entries, or never made them.
pub(super) fn rows_deleted(plot: &mut Plot, dice: &mut Dice) -> Stop {
    match dice.below(5) {
        0 => plot.unsaid = vec!["request_filed", "decision"],
        1 => plot.unsaid = vec!["request_filed"],
        2 => plot.unsaid = vec!["decision"],
        3 => plot.filed = None,
        _ => plot.decision = None,
    }
    Stop::Check("log")
}

/// A log of which fewer bodies than the quorum have seen: two at most, whoever else signs.
pub(super) fn fork_with_minority(plot: &mut Plot, scene: &Scene, dice: &mut Dice) -> Stop {
    let first = dice.below(WITNESSES as u64) as usize;
    let honest = 1 + dice.below(QUORUM as u64 - 1) as usize;
    plot.cosigners = (0..honest)
        .map(|n| ((first + n) % WITNESSES, true))
        .collect();
    match dice.below(4) {
        0 => {}
        // The same witnesses again and again.
        1 => plot.cosigners.extend_from_within(..),
        // Witnesses of the attacker's own.
        2 => {
            let note = plot.log.note(plot.log.entries.len());
            let head = SignedCheckpoint::verify(note.as_bytes(), &plot.log.key()).unwrap();
            for n in 0..3 {
                let keys = witness(n);
                let lines = keys
                    .iter()
                    .map(|k| k.cosign(&head, plot.cosigned_at).unwrap());
                plot.more_lines.extend(lines);
            }
        }
        // What true witnesses said of the log before.
        _ => {
            let note = scene.base.note(scene.base.entries.len());
            let head = SignedCheckpoint::verify(note.as_bytes(), &scene.base.key()).unwrap();
            for keys in &scene.witnesses {
                let lines = keys
                    .iter()
                    .map(|k| k.cosign(&head, plot.cosigned_at).unwrap());
                plot.more_lines.extend(lines);
            }
            plot.more_lines
                .retain(|l| !cosigned_by(scene, &plot.cosigners, &l.name));
            // A false line under a known name is refused as such, whatever the quorum.
            return Stop::Several;
        }
    }
    Stop::Policy(honest, true)
}

fn cosigned_by(scene: &Scene, cosigners: &[(usize, bool)], name: &str) -> bool {
    let is = |(n, _): &(usize, bool)| scene.witnesses[*n][0].public().name() == name;
    cosigners.iter().any(is)
}

/// Cosignatures without the second algorithm.
pub(super) fn cosignature_downgraded(plot: &mut Plot, dice: &mut Dice) -> Stop {
    let with = dice.below(QUORUM as u64) as usize;
    plot.cosigners = (0..WITNESSES).map(|n| (n, n < with)).collect();
    Stop::Policy(QUORUM, false)
}

/// What the witnesses vouch for is old, or from the future.
pub(super) fn old_log(plot: &mut Plot, scene: &Scene, dice: &mut Dice) -> Stop {
    let now = scene.clock.now().0;
    plot.cosigned_at = if dice.happens(800) {
        At(now - 1_000_000 * i64::try_from(601 + dice.below(30 * 86_400)).unwrap())
    } else {
        At(now + 1_000_000 * i64::try_from(122 + dice.below(86_400)).unwrap())
    };
    Stop::Check("witnesses")
}

/// A log that is not the one that the desk saw before, with a quorum that helps.
pub(super) fn rolled_back(plot: &mut Plot, scene: &Scene, dice: &mut Dice) -> Stop {
    // Of several attacks one may have cut it already.
    let seen = scene.base.entries.len().min(plot.log.entries.len()) as u64;
    if seen < 2 {
        return Stop::Pins;
    }
    let at = 1 + dice.below(seen - 1);
    if dice.happens(500) {
        plot.log.entries.truncate(usize::try_from(at).unwrap());
        // Shorter than what was seen, or as long with other entries.
    } else {
        plot.log.change(usize::try_from(at).unwrap());
    }
    Stop::Pins
}
