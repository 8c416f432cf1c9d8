//! The suite that every witness passes (C2SP tlog-witness, add-checkpoint), clause by clause.

use std::process::Command;
use std::sync::Barrier;

use loggia_model::Digest;
use loggia_transparency::TlogPolicy;
use loggia_transparency::witness::{AddCheckpoint, SIZE_TYPE, WitnessAnswer};

use crate::forge::{Forge, ORIGIN, base64};
use crate::peer::{Maker, Peer, Running, python_agrees};

/// The cosigned note, checked by Loggia's policy and by the Python that has no line in common.
fn cosigned(running: &Running, policy: &TlogPolicy, asked: &AddCheckpoint, keys: &[String]) {
    let (status, kind, lines) = running.said(asked);
    let lines = String::from_utf8(lines).unwrap();
    assert_eq!(status, 200, "{lines}");
    assert!(kind.starts_with("text/plain"), "{kind}");
    assert!(lines.lines().all(|l| l.starts_with("\u{2014} ")) && lines.ends_with('\n'));
    let note = format!("{}{lines}", asked.checkpoint);
    let checked = policy.check(note.as_bytes()).unwrap();
    assert_eq!(checked.cosigned().len(), 2);
    assert!(python_agrees(&note, keys), "Python does not agree:\n{note}");
    let altered = note.replacen('\n', "\n1", 1);
    assert!(
        !python_agrees(&altered, keys),
        "Python accepts another size"
    );
}

fn a_fresh_log_and_each_step_of_its_growth(maker: Maker) {
    let log = Forge::of(300);
    let peer = Peer::of(maker, &log);
    let (running, policy) = (peer.start(), peer.policy(&log));
    let mut keys: Vec<String> = peer.keys.iter().map(ToString::to_string).collect();
    keys.push(log.key().to_string());
    let mut old = 0;
    for size in [0, 1, 2, 3, 4, 7, 8, 255, 256, 257, 300] {
        cosigned(&running, &policy, &log.ask(old, size), &keys);
        old = size;
    }
}

fn the_same_checkpoint_is_cosigned_again(maker: Maker) {
    let log = Forge::of(12);
    let peer = Peer::of(maker, &log);
    let running = peer.start();
    let policy = peer.policy(&log);
    let mut before = None;
    for old in [0, 12, 12] {
        let asked = log.ask(old, 12);
        let (status, _, lines) = running.said(&asked);
        assert_eq!(status, 200);
        let note = [asked.checkpoint.as_bytes(), &lines].concat();
        let at = policy.check(&note).unwrap().cosigned()[0].at;
        assert!(before.is_none_or(|b| b <= at), "its time went back");
        before = Some(at);
    }
    // With a proof where none belongs.
    let mut asked = log.ask(12, 12);
    asked.proof.push(Digest([0; 32]));
    assert_eq!(running.status(&asked), 422);
}

fn a_stale_size_is_answered_with_the_right_one(maker: Maker) {
    let log = Forge::of(40);
    let peer = Peer::of(maker, &log);
    let running = peer.start();
    assert_eq!(running.ask(&log.ask(7, 9)), WitnessAnswer::AskFrom(0));
    assert_eq!(running.status(&log.ask(0, 33)), 200);
    for (old, new) in [(0, 33), (0, 40), (7, 40), (32, 40), (34, 40), (0, 0)] {
        let (status, kind, body) = running.said(&log.ask(old, new));
        let size = (status, kind.as_str(), body.as_slice());
        assert_eq!(size, (409, SIZE_TYPE, b"33\n".as_slice()), "{old} to {new}");
    }
    assert_eq!(running.status(&log.ask(33, 40)), 200);
}

fn requests_that_are_wrong(maker: Maker) {
    let log = Forge::of(40);
    let peer = Peer::of(maker, &log);
    let running = peer.start();
    assert_eq!(running.status(&log.ask(0, 20)), 200);
    let good = log.ask(20, 40);
    let with = |change: &dyn Fn(&mut AddCheckpoint)| {
        let mut asked = good.clone();
        change(&mut asked);
        running.status(&asked)
    };
    // 422: a proof that does not verify.
    assert_eq!(with(&|a| a.proof[0].0[0] ^= 1), 422);
    assert_eq!(with(&|a| a.proof.truncate(a.proof.len() - 1)), 422);
    assert_eq!(with(&|a| a.proof.clear()), 422);
    assert_eq!(with(&|a| a.proof.push(Digest([7; 32]))), 422);
    // 403: no signature of the log, another key's under its name, a wrong one beside the right one.
    let (stranger, other) = (Forge::of(40), Forge::named("other.example/log", 40));
    assert_eq!(with(&|a| a.checkpoint = stranger.note(40)), 403);
    let lines = |note: &str| note.split_once("\n\n").unwrap().1.to_owned();
    let text = good.checkpoint.split_once("\n\n").unwrap().0.to_owned();
    assert_eq!(
        with(&|a| a.checkpoint = format!("{text}\n\n{}", lines(&log.note(39)))),
        403
    );
    assert_eq!(with(&|a| a.checkpoint += &lines(&log.note(39))), 403);
    // 404: another log.
    assert_eq!(with(&|a| a.checkpoint = other.note(40)), 404);
    // 400: not in the form, or older than the old size.
    assert_eq!(with(&|a| a.checkpoint = log.note(19)), 400);
    assert_eq!(with(&|a| a.proof = vec![Digest([0; 32]); 64]), 400);
    let body = good.body();
    for bad in [
        String::new(),
        "old 20\n".to_owned(),
        body.replacen("old 20", "old 020", 1),
        body.replacen("old 20", "old +20", 1),
        body.replacen("old 20", "old", 1),
        body.replacen("old 20", "new 20", 1),
        body.replacen("=\n", "\n", 1),
        body.replacen("\n\n", "\n", 1),
        body.replacen(
            &format!("\n{ORIGIN}\n40\n"),
            &format!("\n{ORIGIN}\nforty\n"),
            1,
        ),
    ] {
        assert_eq!(running.send(bad.as_bytes()).unwrap().0, 400, "{bad:.80}");
    }
    // Nothing of this changed anything. A stranger's signature beside the log's is ignored.
    let mut asked = good.clone();
    asked.checkpoint += &lines(&stranger.note(40));
    assert_eq!(running.status(&asked), 200);
}

fn rollbacks_and_forks(maker: Maker) {
    let log = Forge::of(64);
    let peer = Peer::of(maker, &log);
    let running = peer.start();
    for (old, new) in [(0, 20), (20, 33)] {
        assert_eq!(running.status(&log.ask(old, new)), 200);
    }
    // Rolled back to a true earlier state.
    assert_eq!(running.status(&log.ask(20, 20)), 409);
    assert_eq!(running.status(&log.ask(0, 20)), 409);
    // The same size with another root, and longer trees over another past, each entry in turn.
    for at in [0, 19, 20, 32] {
        let mut fork = log.again();
        fork.change(at);
        let (status, kind, _) = running.said(&fork.ask(33, 33));
        assert_eq!(status, 409);
        assert_ne!(kind, SIZE_TYPE, "asking again from there would not help");
        for new in [34, 40, 64] {
            assert_eq!(running.status(&fork.ask(33, new)), 422, "entry {at}");
            // The honest proof for the forked root.
            let mut mixed = log.ask(33, new);
            mixed.checkpoint = fork.note(new);
            assert_eq!(running.status(&mixed), 422);
        }
    }
    // An empty tree with a root that no empty tree has, to a witness that saw nothing.
    let fresh = Peer::of(maker, &log);
    let started = fresh.start();
    let mut asked = log.ask(0, 0);
    asked.checkpoint = log.sign(&format!("{ORIGIN}\n0\n{}\n", base64(&log.root(1))));
    assert_eq!(started.status(&asked), 422);
    assert_eq!(running.status(&log.ask(33, 64)), 200);
}

fn logs_do_not_mix_and_a_log_may_have_two_keys(maker: Maker) {
    let (one, two) = (Forge::of(9), Forge::named("second.example/log", 5));
    let peer = Peer::of(maker, &one);
    peer.learn(&two.key());
    let mut heir = Forge::of(9);
    peer.learn(&heir.key());
    let running = peer.start();
    assert_eq!(running.status(&one.ask(0, 9)), 200);
    assert_eq!(running.status(&two.ask(0, 5)), 200);
    assert_eq!(running.ask(&heir.ask(0, 9)), WitnessAnswer::AskFrom(9));
    heir.grow(12);
    assert_eq!(running.status(&heir.ask(9, 12)), 200);
    assert_eq!(running.ask(&two.ask(0, 5)), WitnessAnswer::AskFrom(5));
}

fn of_many_at_once_one_history_wins(maker: Maker) {
    let log = Forge::of(30);
    let peer = Peer::of(maker, &log);
    let running = peer.start();
    let mut old = 0;
    for size in [5, 11, 30] {
        // Eight histories that agree up to `old`, asked for at the same moment.
        let asked: Vec<_> = (0..8)
            .map(|n| {
                let mut lie = log.again();
                (0..n).for_each(|_| lie.change(old));
                lie.ask(old, size)
            })
            .collect();
        let start = Barrier::new(asked.len());
        let ask = |asked: &AddCheckpoint| {
            start.wait();
            running.status(asked)
        };
        let mut answers: Vec<u16> = std::thread::scope(|s| {
            let asking: Vec<_> = asked.iter().map(|a| s.spawn(|| ask(a))).collect();
            asking.into_iter().map(|a| a.join().unwrap()).collect()
        });
        let winner = answers.iter().position(|s| *s == 200).unwrap();
        answers.sort_unstable();
        assert_eq!(answers, [200, 409, 409, 409, 409, 409, 409, 409]);
        if winner != 0 {
            // A lie won: it is this witness's history now, and the honest one is refused.
            assert_eq!(running.status(&log.ask(size, size)), 409);
            return;
        }
        old = size;
    }
}

macro_rules! both {
    ($($name:ident),* $(,)?) => {
        mod loggia {
            $(#[test] fn $name() { super::$name(crate::peer::Maker::Loggia); })*
        }
        mod python {
            $(#[test] fn $name() { super::$name(crate::peer::Maker::Python); })*
        }
    };
}

both! {
    a_fresh_log_and_each_step_of_its_growth,
    the_same_checkpoint_is_cosigned_again,
    a_stale_size_is_answered_with_the_right_one,
    requests_that_are_wrong,
    rollbacks_and_forks,
    logs_do_not_mix_and_a_log_may_have_two_keys,
    of_many_at_once_one_history_wins,
}

/// What only Loggia's witness has: the last checkpoint for monitors, one process a folder, a memory
/// that it does not start without.
#[test]
fn the_folder_and_the_monitors() {
    let log = Forge::of(9);
    let peer = Peer::of(Maker::Loggia, &log);
    let running = peer.start();
    let hash = aws_lc_rs::digest::digest(&aws_lc_rs::digest::SHA256, ORIGIN.as_bytes());
    let path = format!("/{}/checkpoint", hex::encode(hash.as_ref()));
    assert_eq!(running.get(&path).0, 404, "nothing cosigned yet");
    assert_eq!(running.status(&log.ask(0, 9)), 200);
    let (status, note) = running.get(&path);
    assert_eq!(
        (
            status,
            peer.policy(&log).check(note.as_bytes()).unwrap().size()
        ),
        (200, 9)
    );
    assert_eq!(running.get("/0000/checkpoint").0, 404);
    let mut long = log.ask(9, 9);
    long.checkpoint.push_str(&"x".repeat(300_000));
    assert_eq!(running.status(&long), 400, "longer than is read");

    let loggia = |verb: &str| {
        let mut command = Command::new(env!("CARGO_BIN_EXE_loggia"));
        command.args(["witness", verb, "--data"]).arg(peer.data());
        command
    };
    let fails = |command: &mut Command| {
        let out = command.output().unwrap();
        assert!(!out.status.success());
        String::from_utf8_lossy(&out.stderr).into_owned()
    };
    let said = fails(&mut loggia("serve"));
    assert!(said.contains("in use by another"), "{said}");
    let said = fails(loggia("learn").arg(log.key().to_string()));
    assert!(said.contains("stop `loggia witness serve` first"), "{said}");
    let said = fails(loggia("init").args(["--name", "w.example"]));
    assert!(said.contains("not empty"), "{said}");

    running.kill();
    let logs = peer.data().join("logs");
    let state = std::fs::read_dir(&logs)
        .unwrap()
        .next()
        .unwrap()
        .unwrap()
        .path();
    let whole = std::fs::read(&state).unwrap();
    std::fs::write(&state, &whole[..whole.len() / 2]).unwrap();
    let said = fails(&mut loggia("serve"));
    assert!(
        said.contains("is damaged") && said.contains("retire it"),
        "{said}"
    );
    std::fs::remove_file(&state).unwrap();
    let said = fails(&mut loggia("serve"));
    assert!(
        said.contains("is lost") && said.contains("retire it"),
        "{said}"
    );
    std::fs::write(&state, whole).unwrap();
    assert_eq!(peer.start().ask(&log.ask(0, 9)), WitnessAnswer::AskFrom(9));
}

/// A thousand checkpoints; what memory it took is printed here and bounded in `make bench`.
#[test]
#[expect(clippy::print_stdout, reason = "the figure is for who runs it")]
fn a_thousand_checkpoints_are_cosigned() {
    let log = Forge::of(1_000);
    let peer = Peer::of(Maker::Loggia, &log);
    let running = peer.start();
    for old in 0..1_000 {
        assert_eq!(running.status(&log.ask(old, old + 1)), 200);
    }
    println!("VmHWM after 1,000 checkpoints: {} kB", running.vm_hwm_kb());
}
