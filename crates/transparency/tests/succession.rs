//! The log's key has a successor: same log, one last entry under the key before, and from there on
//! a rule that a stranger can check: which key counts from which size.

use std::path::Path;
use std::sync::Arc;

use loggia_model::{Clock, Digest, ManualClock};
use loggia_store::{Cut, FileLayer, SimDisk};
use loggia_transparency::{
    ConfigChanged, Error, Log, LogKey, Receipt, Succession, Verifier, verify,
};

const ORIGIN: &str = "city.example/log";

#[cfg(test)]
struct Key {
    pkcs8: Vec<u8>,
}

#[cfg(test)]
impl Key {
    fn new() -> Self {
        Self {
            pkcs8: LogKey::generate().unwrap().1,
        }
    }
    fn key(&self) -> LogKey {
        LogKey::from_pkcs8(&self.pkcs8).unwrap()
    }
    fn public(&self) -> Verifier {
        self.key().verifier(ORIGIN).unwrap()
    }
}

#[cfg(test)]
fn open(dir: &Path, key: &Key, next: Option<&Key>) -> Result<Log, Error> {
    let clock = Arc::new(ManualClock::default());
    let next = next.map(Key::key);
    Log::open_with_next(FileLayer::Real, dir, key.key(), next, ORIGIN, clock)
}

#[cfg(test)]
fn say(log: &Log, n: u8) -> u64 {
    let hash = Digest([n; 32]);
    log.append(ConfigChanged { hash }).unwrap().index()
}

#[cfg(test)]
fn say_many(log: &Log, many: u16) {
    for n in 0..many {
        say(log, n.to_le_bytes()[0]);
    }
}

#[cfg(test)]
fn step(log: &Log, n: u32, before: &Verifier) -> Result<Succession, Error> {
    let note = log.succession(n).unwrap().unwrap();
    let size: u64 = note.lines().nth(1).unwrap().parse().unwrap();
    let (_, entry) = log.raw_entries(size - 1, 1).unwrap().remove(0);
    let proof = log.inclusion_proof(size - 1, size).unwrap();
    Succession::check(note.as_bytes(), before, &entry, &proof)
}

#[test]
fn a_log_is_handed_over_twice_and_each_key_leads_to_the_one_in_force() {
    let dir = tempfile::tempdir().unwrap();
    let (a, b, c) = (Key::new(), Key::new(), Key::new());
    let log = open(dir.path(), &a, None).unwrap();
    (0..5).for_each(|n| assert_eq!(say(&log, n), u64::from(n)));
    let old: Receipt = log.receipt(2).unwrap();
    let kept = log.checkpoint();
    assert!(matches!(
        log.hand_over(a.key(), Digest([7; 32])),
        Err(Error::Malformed { .. })
    ));

    let logged = log.hand_over(b.key(), Digest([7; 32])).unwrap();
    assert_eq!((logged.index(), log.size()), (5, 6));
    assert_eq!(log.verifier(), b.public());
    // The last checkpoint of one key is the first of the other.
    for key in [&a, &b] {
        verify::checkpoint(log.checkpoint().note().as_bytes(), &key.public()).unwrap();
    }
    say(&log, 6);
    let now = log.checkpoint();
    let under = |key: &Key| verify::checkpoint(now.note().as_bytes(), &key.public());
    assert!(under(&b).is_ok() && under(&a).is_err());
    let _second = log.hand_over(c.key(), Digest([8; 32])).unwrap();
    say_many(&log, 300);

    // From the first key, step by step.
    let one = step(&log, 1, &a.public()).unwrap();
    assert_eq!((one.next.clone(), one.checkpoint.size()), (b.public(), 6));
    assert_eq!(one.statement, Digest([7; 32]));
    let two = step(&log, 2, &one.next).unwrap();
    assert_eq!((two.next.clone(), two.checkpoint.size()), (c.public(), 8));
    assert!(log.succession(3).unwrap().is_none());
    assert!(step(&log, 2, &a.public()).is_err() && step(&log, 1, &b.public()).is_err());

    // A whole folder, for whoever trusts any of the three, and for nobody else.
    for (key, steps) in [(&a, 2), (&b, 1), (&c, 0)] {
        let report = verify::folder(dir.path(), &key.public(), Some(kept.checkpoint())).unwrap();
        assert_eq!(report.successions.len(), steps);
        assert_eq!(report.kinds["log_key_changed"], 2);
    }
    let stranger = verify::folder(dir.path(), &Key::new().public(), None);
    assert!(
        matches!(stranger, Err(Error::BadSignature { .. })),
        "{stranger:?}"
    );
    // What was exported before stays good with the key of its time, and with no other.
    verify::receipt(&old, &a.public()).unwrap();
    assert!(verify::receipt(&old, &c.public()).is_err());
}

#[test]
fn the_old_key_signs_nothing_that_counts_any_more() {
    let dir = tempfile::tempdir().unwrap();
    let (a, b) = (Key::new(), Key::new());
    let log = open(dir.path(), &a, None).unwrap();
    say_many(&log, 5);
    let copy = tempfile::tempdir().unwrap();
    copy_of(dir.path(), copy.path());
    let _logged = log.hand_over(b.key(), Digest([7; 32])).unwrap();
    let (closing, at) = (log.checkpoint(), log.size());
    say(&log, 9);
    drop(log);
    // The thief of the old key cannot go on with the true log.
    assert!(matches!(
        open(dir.path(), &a, None),
        Err(Error::BadSignature { .. })
    ));
    // And what is forked off before the handing over does not go on from it.
    let fork = open(copy.path(), &a, None).unwrap();
    say_many(&fork, 9);
    let seen = verify::folder(copy.path(), &a.public(), Some(closing.checkpoint()));
    assert!(
        matches!(seen, Err(Error::Fork { size, .. }) if size == at),
        "{seen:?}"
    );
    // Nor can the thief name a key of their own behind the back of the next.
    let own = Key::new();
    let forged = fork.hand_over(own.key(), Digest([1; 32])).unwrap();
    assert!(forged.index() >= at);
    let seen = verify::folder(copy.path(), &b.public(), None);
    assert!(matches!(seen, Err(Error::BadSignature { .. })), "{seen:?}");
}

#[cfg(test)]
fn copy_of(from: &Path, to: &Path) {
    for entry in std::fs::read_dir(from).unwrap() {
        let path = entry.unwrap().path();
        let at = to.join(path.file_name().unwrap());
        if path.is_dir() {
            std::fs::create_dir_all(&at).unwrap();
            copy_of(&path, &at);
        } else {
            std::fs::copy(&path, &at).unwrap();
        }
    }
}

#[test]
fn a_power_cut_while_handing_over_leaves_one_key_in_force_and_loses_nothing() {
    let (a, b) = (Key::new(), Key::new());
    let (mut old, mut new) = (0, 0);
    for seed in 0..60 {
        let disk = SimDisk::new();
        let clock: Arc<dyn Clock> = Arc::new(ManualClock::default());
        let at = Path::new("/data/log");
        let open = |disk: &Arc<SimDisk>| {
            let layer = FileLayer::Sim(Arc::clone(disk));
            let next = Some(b.key());
            Log::open_with_next(layer, at, a.key(), next, ORIGIN, Arc::clone(&clock)).unwrap()
        };
        let log = open(&disk);
        say_many(&log, 3);
        disk.die_after(seed % 15);
        let done = log.hand_over(b.key(), Digest([7; 32])).is_ok();
        drop(log);
        let disk = disk.cut(
            if seed % 2 == 0 {
                Cut::Torn
            } else {
                Cut::Nothing
            },
            seed,
        );
        let log = open(&disk);
        let named = log.entries(0, 10).unwrap();
        let handed = named
            .iter()
            .any(|(_, e)| e.event.kind() == "log_key_changed");
        let in_force = if handed { &b } else { &a };
        assert_eq!(log.verifier(), in_force.public(), "seed {seed}");
        assert!(handed || !done, "seed {seed}: what was answered stands");
        if handed {
            new += 1;
            assert_eq!(
                step(&log, 1, &a.public()).unwrap().next,
                b.public(),
                "seed {seed}"
            );
        } else {
            old += 1;
            let _logged = log.hand_over(b.key(), Digest([7; 32])).unwrap();
        }
        say(&log, 9);
        assert_eq!(log.verifier(), b.public());
    }
    assert!(
        old > 5 && new > 5,
        "{old} {new}: both sides of the moment were met"
    );
}
