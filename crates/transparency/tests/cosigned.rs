//! Cosignatures, policies and proofs: what a checker accepts, and what each of them refuses.

#![expect(clippy::unwrap_used, reason = "helpers of tests")]

mod forge;

use std::collections::BTreeSet;

use forge::{Forge, ORIGIN};
use loggia_model::At;
use loggia_transparency::*;

const NOON: At = At(1_764_417_600_000_000);

fn witness(name: &str) -> [CosignerKey; 2] {
    [CosignerKind::Ed25519, CosignerKind::MlDsa44].map(|kind| {
        CosignerKey::generate(kind, &format!("{name}.example/w"))
            .unwrap()
            .0
    })
}

fn body(name: &str, keys: &[CosignerKey]) -> WitnessBody {
    WitnessBody {
        name: name.to_owned(),
        keys: keys.iter().map(|k| k.public().clone()).collect(),
        url: Some(format!("https://{name}.example/w")),
    }
}

struct City {
    log: Forge,
    witnesses: Vec<[CosignerKey; 2]>,
    policy: TlogPolicy,
}

/// Five witnesses, a quorum of three, both signatures of each.
fn city() -> City {
    let log = Forge::of(7);
    let names = ["w1", "w2", "w3", "w4", "w5"];
    let witnesses: Vec<_> = names.iter().map(|n| witness(n)).collect();
    let bodies: Vec<_> = names
        .iter()
        .zip(&witnesses)
        .map(|(n, keys)| body(n, keys))
        .collect();
    let text = TlogPolicy::compose(&log.key(), &bodies, 3).unwrap();
    let policy = text.parse().unwrap();
    City {
        log,
        witnesses,
        policy,
    }
}

impl City {
    fn signed(&self, size: usize) -> SignedCheckpoint {
        SignedCheckpoint::verify(self.log.note(size).as_bytes(), &self.log.key()).unwrap()
    }

    fn note(&self, size: usize, by: &[&CosignerKey]) -> String {
        let signed = self.signed(size);
        let lines: Vec<_> = by
            .iter()
            .map(|k| k.cosign(&signed, NOON).unwrap())
            .collect();
        signed.with_lines(&lines)
    }

    fn by(&self, bodies: &[usize]) -> Vec<&CosignerKey> {
        bodies.iter().flat_map(|b| &self.witnesses[*b]).collect()
    }
}

#[test]
fn a_cosignature_fits_one_checkpoint_name_and_time() {
    for kind in [CosignerKind::Ed25519, CosignerKind::MlDsa44] {
        let log = Forge::of(9);
        let signed = |n| SignedCheckpoint::verify(log.note(n).as_bytes(), &log.key()).unwrap();
        let (key, pkcs8) = CosignerKey::generate(kind, "w.example/1").unwrap();
        let again = CosignerKey::from_pkcs8(kind, "w.example/1", &pkcs8).unwrap();
        assert_eq!(key.public(), again.public());
        assert!(!format!("{key:?}").contains(&hex::encode(&pkcs8[..8])));
        let line = again.cosign(&signed(9), At(NOON.0 + 999_999)).unwrap();
        assert_eq!(key.public().verify(&signed(9), &line).unwrap(), NOON);
        assert!(key.public().verify(&signed(8), &line).is_err());

        // The line survives its wire form; every flipped bit of it, time included, is caught.
        let wire = NoteSignature::parse_lines(line.to_string().as_bytes()).unwrap();
        assert_eq!(wire, std::slice::from_ref(&line));
        for bit in (0..line.signature.len() * 8).step_by(7) {
            let mut bad = line.clone();
            bad.signature[bit / 8] ^= 1 << (bit % 8);
            assert!(
                key.public().verify(&signed(9), &bad).is_err(),
                "{kind} bit {bit}"
            );
        }
        for len in [0, 7, 8, 71, line.signature.len() - 1] {
            let mut cut = line.clone();
            cut.signature.truncate(len);
            assert!(key.public().verify(&signed(9), &cut).is_err());
        }
        for at in [At(0), At(-1), At(999_999)] {
            assert!(
                key.cosign(&signed(9), at).is_err(),
                "a cosignature without a time"
            );
        }
        let key_of = |name: &str| CosignerPublic::new(kind, name, key.public().public().to_vec());
        let other = key_of("w.example/2").unwrap();
        assert!(other.verify(&signed(9), &line).is_err());
        assert!(key_of("w example").is_err());
    }
}

#[test]
fn ml_dsa_signs_the_cosigners_name() {
    let log = Forge::of(3);
    let signed = SignedCheckpoint::verify(log.note(3).as_bytes(), &log.key()).unwrap();
    let (key, _) = CosignerKey::generate(CosignerKind::MlDsa44, "w.example/1").unwrap();
    let mut line = key.cosign(&signed, NOON).unwrap();
    let public = key.public().public().to_vec();
    let other = CosignerPublic::new(CosignerKind::MlDsa44, "w.example/2", public).unwrap();
    (line.name, line.id) = (other.name().to_owned(), other.id());
    assert!(other.verify(&signed, &line).is_err());
}

#[test]
fn keys_read_back_and_wrong_ones_do_not() {
    for key in witness("w1") {
        let text = key.public().to_string();
        assert_eq!(text.parse::<CosignerPublic>().unwrap(), *key.public());
        assert!(
            text.parse::<Verifier>().is_err(),
            "a witness key is no log key"
        );
        for bad in [
            text.replacen("w1", "w2", 1),
            text[..text.len() - 4].to_owned(),
            text.replace('+', " "),
            String::new(),
        ] {
            assert!(bad.parse::<CosignerPublic>().is_err(), "{bad}");
        }
    }
    let log = Forge::of(1).key().to_string();
    assert!(
        log.parse::<CosignerPublic>().is_err(),
        "a log key is no witness key"
    );
}

#[test]
fn the_quorum_is_three_bodies_with_both_signatures() {
    let city = city();
    assert_eq!(city.policy.witnesses().len(), 10);
    assert!(city.policy.needs(CosignerKind::Ed25519) && city.policy.needs(CosignerKind::MlDsa44));
    for set in 0u32..32 {
        let bodies: Vec<usize> = (0..5).filter(|b| set >> b & 1 == 1).collect();
        let note = city.note(7, &city.by(&bodies));
        match city.policy.check(note.as_bytes()) {
            Ok(c) => {
                assert!(bodies.len() >= 3, "{bodies:?}");
                assert_eq!((c.size(), c.root()), (7, city.log.root(7)));
                assert_eq!(c.cosigned().len(), 2 * bodies.len());
                assert!(c.cosigned().iter().all(|c| c.at == NOON));
                assert_eq!(c.signed().note(), note);
            }
            Err(Error::NoQuorum { size: 7, by }) => {
                assert!(bodies.len() < 3, "{bodies:?}");
                assert_eq!(by == "nobody", bodies.is_empty());
            }
            Err(e) => panic!("{e}"),
        }
    }
    // Five Ed25519 keys and two ML-DSA keys are two bodies; so are five ML-DSA and two Ed25519.
    for young in [0, 1] {
        let mut by: Vec<_> = city.witnesses.iter().map(|w| &w[young]).collect();
        by.extend(city.witnesses[..2].iter().map(|w| &w[1 - young]));
        let note = city.note(7, &by);
        assert!(matches!(
            city.policy.check(note.as_bytes()),
            Err(Error::NoQuorum { .. })
        ));
    }
}

#[test]
fn a_wrong_line_under_a_known_key_refuses_the_note() {
    let city = city();
    let good = city.note(7, &city.by(&[0, 1, 2]));
    city.policy.check(good.as_bytes()).unwrap();

    // A fourth witness's cosignature of another size.
    let stale = city.witnesses[3][0].cosign(&city.signed(6), NOON).unwrap();
    let e = city
        .policy
        .check(format!("{good}{stale}").as_bytes())
        .unwrap_err();
    assert!(e.to_string().contains("w4.example/w"), "{e}");

    // A stranger's line is ignored, even under a known name.
    let (stranger, _) = CosignerKey::generate(CosignerKind::Ed25519, "w4.example/w").unwrap();
    let line = stranger.cosign(&city.signed(6), NOON).unwrap();
    city.policy
        .check(format!("{good}{line}").as_bytes())
        .unwrap();

    // The same key twice counts once, with its later time.
    let later = city.witnesses[0][0]
        .cosign(&city.signed(7), At(NOON.0 + 60_000_000))
        .unwrap();
    let twice = city
        .policy
        .check(format!("{good}{later}").as_bytes())
        .unwrap();
    assert_eq!(twice.cosigned().len(), 6);
    assert_eq!(twice.cosigned()[0].at, At(NOON.0 + 60_000_000));

    // Cosignatures do not replace the log's own.
    let log = Forge::of(7);
    let other = SignedCheckpoint::verify(log.note(7).as_bytes(), &log.key()).unwrap();
    let lines: Vec<_> = city
        .by(&[0, 1, 2, 3, 4])
        .iter()
        .map(|k| k.cosign(&other, NOON).unwrap())
        .collect();
    let forged = city.policy.check(other.with_lines(&lines).as_bytes());
    assert!(
        matches!(forged, Err(Error::BadSignature { .. })),
        "{forged:?}"
    );
    let elsewhere = Forge::named("other.example/log", 7).note(7);
    let e = city.policy.check(elsewhere.as_bytes()).unwrap_err();
    assert!(e.to_string().contains("no log of this origin"), "{e}");
}

fn read(text: &str) -> Result<TlogPolicy, Error> {
    text.parse()
}

#[test]
fn policies_read_with_nested_groups_comments_and_addresses() {
    let (log, [ed, pq]) = (Forge::of(1).key(), witness("w1"));
    let (ed, pq) = (ed.public(), pq.public());
    read("quorum none\n").unwrap();
    read(&format!(
        "# words \u{e9}\n\n \t log\t{log}  https://city.example \nquorum none\n"
    ))
    .unwrap();
    let nested = format!(
        "log {log}\nwitness a {ed}\nwitness b {pq} http://b.example/\ngroup g all a b\n\
         group h any g\ngroup i 1 h\nquorum i\n"
    );
    let policy = read(&nested).unwrap();
    assert!(policy.is_quorum(&BTreeSet::from(["a", "b"])));
    assert!(!policy.is_quorum(&BTreeSet::from(["a"])));
    assert_eq!(
        policy.witnesses()[1].url.as_deref(),
        Some("http://b.example/")
    );
    assert_eq!(policy.logs()[0].key.name(), ORIGIN);
    let any = read(&nested.replace("g all a b", "g any a b")).unwrap();
    assert!(
        !any.needs(CosignerKind::Ed25519),
        "ML-DSA-44 alone would be enough"
    );
}

/// Lines after a log and witnesses `a` (Ed25519) and `b` (ML-DSA-44), and what is said of them.
const WRONG: [(&str, &str); 19] = [
    ("", "no `quorum` line"),
    ("quorum none", "line feed"),
    ("quorum none\nquorum none\n", "second quorum"),
    ("quorum c\n", "line above"),
    ("quorum c\nwitness c {c}\n", "line above"),
    ("quorum none\r\n", "control character"),
    ("quorum a b\n", "too many words"),
    ("witness a {c}\nquorum none\n", "already a name"),
    ("witness none {c}\nquorum none\n", "cannot be a name"),
    ("witness c {c} u v\nquorum c\n", "too many words"),
    ("group g 2 a\nquorum g\n", "from 1 to 1"),
    ("group g 0 a\nquorum g\n", "from 1 to 1"),
    ("group g 01 a\nquorum g\n", "from 1 to 1"),
    ("group g all a a\nquorum g\n", "already a member"),
    (
        "group g all a\ngroup h all a\nquorum g\n",
        "already a member",
    ),
    ("group g all g\nquorum g\n", "line above"),
    ("group g all none\nquorum g\n", "line above"),
    ("group g all\nquorum g\n", "at least one member"),
    ("cosigner a b\nquorum none\n", "begins with"),
];

#[test]
fn policies_are_read_strictly() {
    let (log, [ed, pq]) = (Forge::of(1).key(), witness("w1"));
    let (ed, pq, [c, _]) = (ed.public(), pq.public(), witness("w3"));
    let head = format!("log {log}\nwitness a {ed}\nwitness b {pq}\n");
    read(&format!("{head}quorum a\n")).unwrap();
    for (tail, said) in WRONG {
        let tail = tail.replace("{c}", &c.public().to_string());
        let e = read(&format!("{head}{tail}")).unwrap_err().to_string();
        assert!(e.contains(said), "{tail}: {e}");
    }
    for (line, said) in [
        (format!("log {log}"), "second time"),
        (format!("log {ed}"), "type 1"),
        (format!("witness d {log}"), "type 4"),
        (format!("witness d {ed}"), "second name"),
        (" ".repeat(300_000), "longer"),
    ] {
        let e = read(&format!("{head}{line}\nquorum none\n"));
        let e = e.unwrap_err().to_string();
        assert!(e.contains(said), "{line:.60}: {e}");
    }
    assert!(read("").unwrap_err().to_string().contains("line feed"));
    // A log that witnesses itself.
    let public = log.public().to_vec();
    let own = CosignerPublic::new(CosignerKind::Ed25519, "w.example", public).unwrap();
    for text in [
        format!("log {log}\nwitness a {own}\nquorum a\n"),
        format!("witness a {own}\nlog {log}\nquorum a\n"),
    ] {
        assert!(read(&text).unwrap_err().to_string().contains("both"));
    }
}

#[test]
fn a_proof_goes_from_hand_to_hand() {
    let city = city();
    let note = city.note(7, &city.by(&[0, 2, 4]));
    for index in 0..7 {
        let proof = TlogProof {
            extra: (index == 3).then(|| b"anything".to_vec()),
            index: index as u64,
            path: city.log.path(index, 7),
            checkpoint: note.clone(),
        };
        let proof = TlogProof::parse(proof.text().as_bytes()).unwrap();
        let entry = &city.log.entries[index];
        let (at, cosigned) = proof.verify(&city.policy, entry).unwrap();
        assert_eq!((at, cosigned.size()), (index as u64, 7));

        let refused = |proof: &TlogProof| proof.verify(&city.policy, entry).unwrap_err();
        let mut wrong = proof.clone();
        wrong.index = (index as u64 + 1) % 7;
        assert!(matches!(refused(&wrong), Error::WrongProof(_)));
        wrong.index = 7;
        assert!(matches!(refused(&wrong), Error::WrongProof(_)));
        let mut wrong = proof.clone();
        wrong.path[0].0[0] ^= 1;
        assert!(matches!(refused(&wrong), Error::WrongProof(_)));
        let mut wrong = proof.clone();
        wrong.checkpoint = city.note(7, &city.by(&[0, 2]));
        assert!(matches!(refused(&wrong), Error::NoQuorum { .. }));
        assert!(proof.verify(&city.policy, b"another entry").is_err());
    }
}
