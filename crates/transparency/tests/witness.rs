//! The witness's memory: what it refuses, and that no power cut, full disk, lost or torn file makes
//! it sign two histories.

#![expect(clippy::unwrap_used, reason = "helpers of tests")]

mod forge;

use std::path::Path;
use std::sync::Arc;

use forge::Forge;
use loggia_model::{At, Digest};
use loggia_store::{Cut, FileLayer, SimDisk};
use loggia_transparency::witness::{AddCheckpoint, Refusal, Witness, init, learn};
use loggia_transparency::*;

const DIR: &str = "/witness";
const NAME: &str = "witness.example/w1";

struct Keys(Vec<(CosignerKind, Vec<u8>)>);

impl Keys {
    fn new() -> Self {
        let kinds = [CosignerKind::Ed25519, CosignerKind::MlDsa44];
        Self(
            kinds
                .map(|k| (k, CosignerKey::generate(k, NAME).unwrap().1.to_vec()))
                .to_vec(),
        )
    }

    fn read(&self) -> Vec<CosignerKey> {
        let one = |(k, der): &(CosignerKind, Vec<u8>)| CosignerKey::from_pkcs8(*k, NAME, der);
        self.0.iter().map(|k| one(k).unwrap()).collect()
    }
}

fn layer(disk: &Arc<SimDisk>) -> FileLayer {
    FileLayer::Sim(Arc::clone(disk))
}

fn begin(log: &Forge) -> (Arc<SimDisk>, Keys) {
    let disk = SimDisk::new();
    init(layer(&disk), Path::new(DIR), NAME).unwrap();
    assert!(learn(layer(&disk), Path::new(DIR), &log.key()).unwrap());
    (disk, Keys::new())
}

fn open(disk: &Arc<SimDisk>, keys: &Keys) -> Result<Witness, Error> {
    Witness::open(layer(disk), Path::new(DIR), keys.read())
}

fn now() -> At {
    At(1_764_417_600_000_000)
}

fn ask(witness: &Witness, asked: &AddCheckpoint) -> Result<String, Refusal> {
    witness.add_checkpoint(asked.body().as_bytes(), now())
}

/// A policy of this one witness with both keys.
fn policy(log: &Forge, keys: &Keys) -> TlogPolicy {
    let body = WitnessBody {
        name: "w1".to_owned(),
        keys: keys.read().iter().map(|k| k.public().clone()).collect(),
        url: None,
    };
    TlogPolicy::compose(&log.key(), &[body], 1)
        .unwrap()
        .parse()
        .unwrap()
}

#[test]
fn it_cosigns_what_continues_and_nothing_else() {
    let mut log = Forge::of(20);
    let (disk, keys) = begin(&log);
    let witness = open(&disk, &keys).unwrap();
    assert_eq!(witness.checkpoint(&"0".repeat(64)), None);

    // Every step through a growing tree, and the same again.
    let mut old = 0;
    for size in [0, 1, 1, 2, 7, 8, 8, 19, 20] {
        let asked = log.ask(old, size);
        let lines = ask(&witness, &asked).unwrap();
        let note = format!("{}{lines}", asked.checkpoint);
        let checked = policy(&log, &keys).check(note.as_bytes()).unwrap();
        assert_eq!(
            (checked.size(), checked.root()),
            (size as u64, log.root(size))
        );
        old = size;
    }
    assert_eq!(ask(&witness, &log.ask(7, 20)), Err(Refusal::NotSince(20)));
    assert_eq!(ask(&witness, &log.ask(0, 7)), Err(Refusal::NotSince(20)));
    assert_eq!(ask(&witness, &log.ask(7, 19)), Err(Refusal::NotSince(20)));
    let mut backwards = log.ask(20, 20);
    backwards.checkpoint = log.note(7);
    assert!(matches!(
        ask(&witness, &backwards),
        Err(Refusal::Malformed(_))
    ));

    log.grow(25);
    let good = log.ask(20, 25);
    let mut bad = good.clone();
    bad.proof[0].0[0] ^= 1;
    assert_eq!(ask(&witness, &bad), Err(Refusal::WrongProof));
    bad = good.clone();
    bad.proof.push(Digest([0; 32]));
    assert_eq!(ask(&witness, &bad), Err(Refusal::WrongProof));
    let stranger = Forge::of(25);
    bad.checkpoint = stranger.note(25);
    assert_eq!(ask(&witness, &bad), Err(Refusal::BadSignature));
    bad.checkpoint = Forge::named("other.example/log", 25).note(25);
    assert_eq!(ask(&witness, &bad), Err(Refusal::UnknownLog));
    // A wrong line under the log's own key spoils the right one beside it.
    bad = good.clone();
    let wrong = log.note(24);
    bad.checkpoint.push_str(wrong.split_once("\n\n").unwrap().1);
    assert_eq!(ask(&witness, &bad), Err(Refusal::BadSignature));

    // Forks: the same size with another root, and a longer tree over a changed past.
    log.change(3);
    assert_eq!(ask(&witness, &log.ask(20, 20)), Err(Refusal::OtherRoot(20)));
    assert_eq!(ask(&witness, &log.ask(20, 25)), Err(Refusal::WrongProof));
    let kept = layer(&disk).list(&Path::new(DIR).join("evidence")).unwrap();
    assert_eq!(kept.len(), 1, "the fork's proof is kept");

    // What was refused changed nothing, and a start reads the same state.
    drop(witness);
    let witness = open(&disk, &keys).unwrap();
    assert_eq!(ask(&witness, &log.ask(0, 1)), Err(Refusal::NotSince(20)));
    assert!(ask(&witness, &good).is_ok());
    assert_eq!(
        witness.sizes().collect::<Vec<_>>(),
        [(forge::ORIGIN, Some(25))]
    );
}

#[test]
fn an_empty_tree_has_one_root_and_a_first_proof_is_empty() {
    let log = Forge::of(5);
    let (disk, keys) = begin(&log);
    let witness = open(&disk, &keys).unwrap();
    let mut asked = log.ask(0, 0);
    let other = Forge::of(1).root(1);
    let zeros = format!("{}\n0\n{}\n", log.origin, forge::base64(&other));
    asked.checkpoint = log.sign(&zeros);
    assert_eq!(ask(&witness, &asked), Err(Refusal::WrongProof));
    let mut asked = log.ask(0, 5);
    asked.proof.push(Digest([0; 32]));
    assert_eq!(ask(&witness, &asked), Err(Refusal::WrongProof));
    assert!(ask(&witness, &log.ask(0, 5)).is_ok());
}

#[test]
fn a_second_key_of_a_log_keeps_what_was_cosigned() {
    let log = Forge::of(9);
    let (disk, keys) = begin(&log);
    ask(&open(&disk, &keys).unwrap(), &log.ask(0, 9)).unwrap();
    let mut heir = Forge::of(9);
    assert!(learn(layer(&disk), Path::new(DIR), &heir.key()).unwrap());
    assert!(!learn(layer(&disk), Path::new(DIR), &heir.key()).unwrap());
    let witness = open(&disk, &keys).unwrap();
    assert_eq!(ask(&witness, &heir.ask(0, 9)), Err(Refusal::NotSince(9)));
    heir.grow(11);
    assert!(ask(&witness, &heir.ask(9, 11)).is_ok());
}

/// Whoever kept the key that a log had before is no log any more, also for a witness that was
/// started anew and still names that key.
#[test]
fn a_retired_key_of_a_log_gets_no_cosignature() {
    let mut log = Forge::of(9);
    let (disk, keys) = begin(&log);
    let mut heir = Forge::of(9);
    learn(layer(&disk), Path::new(DIR), &heir.key()).unwrap();
    let witness = open(&disk, &keys).unwrap();
    // Until the heir has signed, the first key counts.
    ask(&witness, &log.ask(0, 9)).unwrap();
    for forge in [&mut log, &mut heir] {
        forge.grow(11);
    }
    ask(&witness, &heir.ask(9, 11)).unwrap();
    log.grow(12);
    assert_eq!(ask(&witness, &log.ask(11, 12)), Err(Refusal::BadSignature));
    drop(witness);
    let witness = open(&disk, &keys).unwrap();
    assert_eq!(ask(&witness, &log.ask(11, 12)), Err(Refusal::BadSignature));
    heir.grow(12);
    ask(&witness, &heir.ask(11, 12)).unwrap();
}

#[test]
fn a_lost_or_altered_memory_keeps_it_closed() {
    let log = Forge::of(9);
    let (disk, keys) = begin(&log);
    ask(&open(&disk, &keys).unwrap(), &log.ask(0, 9)).unwrap();
    let files = layer(&disk);
    let logs = Path::new(DIR).join("logs");
    let name = files.list(&logs).unwrap().into_keys().next().unwrap();
    let state = logs.join(name);
    let good = files.read(&state).unwrap().unwrap();
    let closed = |what: &str| {
        let e = open(&disk, &keys).unwrap_err().to_string();
        assert!(
            e.contains("must not guess") && e.contains("loggia witness init"),
            "{what}: {e}"
        );
    };
    for cut in (0..good.len()).step_by(97) {
        files.write_atomic(&state, &good[..cut]).unwrap();
        closed("torn");
    }
    // Any changed bit of the text, the log's signature or an own cosignature is seen.
    for bit in (0..good.len() * 8).step_by(613) {
        let mut bad = good.clone();
        bad[bit / 8] ^= 1 << (bit % 8);
        files.write_atomic(&state, &bad).unwrap();
        closed("altered");
    }
    files.remove(&state).unwrap();
    closed("lost");
    let e = learn(files.clone(), Path::new(DIR), &Forge::of(1).key()).unwrap_err();
    assert!(
        matches!(e, Error::WitnessForgot(_)),
        "learning does not heal it: {e}"
    );

    files.write_atomic(&state, &good).unwrap();
    let marker = Path::new(DIR).join("witness");
    let text = files.read(&marker).unwrap().unwrap();
    for bad in [&text[..text.len() - 1], b"", &text[..40]] {
        files.write_atomic(&marker, bad).unwrap();
        closed("marker");
    }
    files.write_atomic(&marker, &text).unwrap();
    open(&disk, &keys).unwrap();
    assert!(open(&disk, &Keys::new()).is_err(), "another's keys");
    assert!(
        init(files, Path::new(DIR), NAME).is_err(),
        "a witness is made once"
    );
}

/// Cuts of `make test`; `make soak` asks for more.
const CUTS: u64 = 100;

#[test]
fn no_power_cut_makes_it_sign_two_histories() {
    let soak = std::env::var("LOGGIA_SOAK")
        .ok()
        .and_then(|n| n.parse::<u64>().ok());
    let first = std::env::var("LOGGIA_SEED")
        .ok()
        .and_then(|n| n.parse::<u64>().ok());
    let (cuts, first) = (soak.unwrap_or(CUTS).max(CUTS), first.unwrap_or(0));
    let (mut resumed, mut fresh) = (0, 0);
    let honest = Forge::of(40);
    let (begun, keys) = begin(&honest);
    for seed in first..first + cuts {
        let disk = begun.cut(Cut::Nothing, seed);
        let mut largest = 0;
        disk.die_after(seed % 25);
        let witness = open(&disk, &keys).unwrap();
        for size in [3usize, 8, 9, 17, 30] {
            if ask(&witness, &honest.ask(largest, size)).is_err() {
                break;
            }
            largest = size;
        }
        drop(witness);
        let how = if seed.is_multiple_of(4) {
            Cut::Nothing
        } else {
            Cut::Torn
        };
        let disk = disk.cut(how, seed);
        let witness = open(&disk, &keys).unwrap_or_else(|e| panic!("seed {seed}: {e}"));
        let (_, size) = witness.sizes().next().unwrap();
        let size = size.unwrap_or(0);
        assert!(
            size >= largest as u64,
            "seed {seed}: it forgot what had left"
        );
        resumed += u64::from(size > largest as u64);
        fresh += u64::from(size == 0);
        // The log lies now: each root differs from each that it signed before. It tries every size
        // that it might hope the witness remembers.
        let mut lying = honest.again();
        lying.change(0);
        for old in 0..=30 {
            for new in [old, 30, 40] {
                let lied = new >= 1 && new >= old && ask(&witness, &lying.ask(old, new)).is_ok();
                assert!(
                    !lied || size == 0,
                    "seed {seed}: two histories were cosigned"
                );
                if lied {
                    break;
                }
            }
        }
    }
    assert!(
        resumed > 0,
        "no cut fell between memory and answer: move the cuts"
    );
    assert!(
        fresh > 0,
        "no cut fell before the first memory: move the cuts"
    );
}

#[test]
fn a_full_disk_refuses_and_a_failed_sync_stops() {
    let log = Forge::of(9);
    let (disk, keys) = begin(&log);
    let witness = open(&disk, &keys).unwrap();
    ask(&witness, &log.ask(0, 3)).unwrap();
    disk.set_capacity(Some(disk.bytes_used() + 10));
    assert!(matches!(
        ask(&witness, &log.ask(3, 9)),
        Err(Refusal::Busy(_))
    ));
    disk.set_capacity(None);
    disk.set_sync_fails(true);
    assert_eq!(ask(&witness, &log.ask(3, 9)), Err(Refusal::Stopped));
    disk.set_sync_fails(false);
    assert_eq!(
        ask(&witness, &log.ask(3, 9)),
        Err(Refusal::Stopped),
        "until a restart"
    );
    drop(witness);
    let witness = open(&disk, &keys).unwrap();
    let (_, size) = witness.sizes().next().unwrap();
    assert!(ask(&witness, &log.ask(size.unwrap() as usize, 9)).is_ok());
}
