//! A log in memory that can lie: it signs any size and root, so that witnesses and checkers can be
//! tried with forks and rollbacks. Proofs are RFC 6962 §2.1 word for word, not the crate's own
//! code.

#![allow(
    dead_code,
    clippy::unwrap_used,
    clippy::allow_attributes,
    reason = "helpers of tests, of which each test file uses its part"
)]

use aws_lc_rs::signature::{Ed25519KeyPair, KeyPair};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use loggia_model::Digest;
use loggia_transparency::witness::AddCheckpoint;
use loggia_transparency::{Verifier, leaf_hash, node_hash};

/// Origin of the forged log.
pub const ORIGIN: &str = "city.example/log";

/// A log whose holder does as they like.
pub struct Forge {
    pub origin: String,
    pair: Ed25519KeyPair,
    pub entries: Vec<Vec<u8>>,
}

impl Forge {
    /// A log of so many entries.
    pub fn of(entries: usize) -> Self {
        Self::named(ORIGIN, entries)
    }

    /// The same under another name.
    pub fn named(origin: &str, entries: usize) -> Self {
        Self {
            origin: origin.to_owned(),
            pair: Ed25519KeyPair::generate().unwrap(),
            entries: (0..entries)
                .map(|n| format!("entry {n}").into_bytes())
                .collect(),
        }
    }

    /// The same log once more, with the same key.
    pub fn again(&self) -> Self {
        let der = self.pair.to_pkcs8().unwrap();
        Self {
            origin: self.origin.clone(),
            pair: Ed25519KeyPair::from_pkcs8_maybe_unchecked(der.as_ref()).unwrap(),
            entries: self.entries.clone(),
        }
    }

    /// Its public key.
    pub fn key(&self) -> Verifier {
        Verifier::new(
            &self.origin,
            self.pair.public_key().as_ref().try_into().unwrap(),
        )
        .unwrap()
    }

    /// Adds honest entries up to `size`.
    pub fn grow(&mut self, size: usize) {
        for n in self.entries.len()..size {
            self.entries.push(format!("entry {n}").into_bytes());
        }
    }

    /// A lie: entry `at` was always something else.
    pub fn change(&mut self, at: usize) {
        self.entries[at].push(b'!');
    }

    /// Root of the first entries.
    pub fn root(&self, size: usize) -> Digest {
        root(&self.entries[..size])
    }

    /// The signed checkpoint of the first `size` entries.
    pub fn note(&self, size: usize) -> String {
        self.sign(&format!(
            "{}\n{size}\n{}\n",
            self.origin,
            STANDARD.encode(self.root(size).0)
        ))
    }

    /// Any text under the log's signature.
    pub fn sign(&self, text: &str) -> String {
        let mut blob = self.key().id().to_vec();
        blob.extend_from_slice(self.pair.sign(text.as_bytes()).as_ref());
        format!(
            "{text}\n\u{2014} {} {}\n",
            self.origin,
            STANDARD.encode(blob)
        )
    }

    /// An honest request to a witness that cosigned `old` last.
    pub fn ask(&self, old: usize, size: usize) -> AddCheckpoint {
        AddCheckpoint {
            old: old as u64,
            proof: consistency(old, &self.entries[..size]),
            checkpoint: self.note(size),
        }
    }

    /// Inclusion proof of entry `index` in the first `size`.
    pub fn path(&self, index: usize, size: usize) -> Vec<Digest> {
        path(index, &self.entries[..size])
    }
}

fn split(n: usize) -> usize {
    n.next_power_of_two() / 2
}

fn root(d: &[Vec<u8>]) -> Digest {
    match d {
        [] => {
            let empty = aws_lc_rs::digest::digest(&aws_lc_rs::digest::SHA256, b"");
            Digest(empty.as_ref().try_into().unwrap())
        }
        [one] => leaf_hash(one),
        _ => {
            let (left, right) = d.split_at(split(d.len()));
            node_hash(&root(left), &root(right))
        }
    }
}

fn path(m: usize, d: &[Vec<u8>]) -> Vec<Digest> {
    if d.len() == 1 {
        return Vec::new();
    }
    let k = split(d.len());
    let (mut p, sibling) = if m < k {
        (path(m, &d[..k]), root(&d[k..]))
    } else {
        (path(m - k, &d[k..]), root(&d[..k]))
    };
    p.push(sibling);
    p
}

/// PROOF(m, D[n]) of RFC 6962 §2.1.2.
fn consistency(m: usize, d: &[Vec<u8>]) -> Vec<Digest> {
    if m == 0 || m >= d.len() {
        return Vec::new();
    }
    subproof(m, d, true)
}

fn subproof(m: usize, d: &[Vec<u8>], whole: bool) -> Vec<Digest> {
    if m == d.len() {
        return if whole { Vec::new() } else { vec![root(d)] };
    }
    let k = split(d.len());
    let (mut p, sibling) = if m <= k {
        (subproof(m, &d[..k], whole), root(&d[k..]))
    } else {
        (subproof(m - k, &d[k..], false), root(&d[..k]))
    };
    p.push(sibling);
    p
}

/// A root as a checkpoint's line has it.
pub fn base64(hash: &Digest) -> String {
    STANDARD.encode(hash.0)
}
