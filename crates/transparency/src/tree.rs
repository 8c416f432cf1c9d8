//! Merkle arithmetic of RFC 6962 §2.1: hashes, roots, proofs and their checking. Pure.
//! Never reads a file: what it needs of a stored tree it asks of [`Nodes`].

use aws_lc_rs::digest::{Context, SHA256};
use loggia_model::Digest;

use crate::Error;

/// Ends a hash computation as a [`Digest`].
pub(crate) fn finish(ctx: Context) -> Digest {
    let mut out = [0; 32];
    out.copy_from_slice(ctx.finish().as_ref());
    Digest(out)
}

/// SHA-256(0x00 ‖ entry).
#[must_use]
pub fn leaf_hash(entry: &[u8]) -> Digest {
    let mut ctx = Context::new(&SHA256);
    ctx.update(&[0]);
    ctx.update(entry);
    finish(ctx)
}

/// SHA-256(0x01 ‖ left ‖ right).
#[must_use]
pub fn node_hash(left: &Digest, right: &Digest) -> Digest {
    let mut block = [1; 65];
    block[1..33].copy_from_slice(&left.0);
    block[33..].copy_from_slice(&right.0);
    let mut ctx = Context::new(&SHA256);
    ctx.update(&block);
    finish(ctx)
}

/// Root of the tree without leaves: SHA-256 of nothing.
pub(crate) fn empty_root() -> Digest {
    finish(Context::new(&SHA256))
}

/// Root over leaf hashes in memory.
#[must_use]
pub fn root_of_leaves(leaves: &[Digest]) -> Digest {
    subtree_of(leaves).unwrap_or_else(empty_root)
}

/// Root over hashes, none if there are none. Folds from the right: the groups' sizes are the bits
/// of the count, the smallest group is the right-most, which is RFC 6962's split.
pub(crate) fn subtree_of(hashes: &[Digest]) -> Option<Digest> {
    let mut acc: Option<Digest> = None;
    let mut end = hashes.len();
    while end > 0 {
        let group = 1usize << end.trailing_zeros();
        let left = perfect(&hashes[end - group..end]);
        acc = Some(match acc {
            None => left,
            Some(right) => node_hash(&left, &right),
        });
        end -= group;
    }
    acc
}

/// Root over 2^n hashes.
pub(crate) fn perfect(hashes: &[Digest]) -> Digest {
    let mut row = hashes.to_vec();
    while row.len() > 1 {
        row = row
            .chunks(2)
            .map(|p| node_hash(&p[0], p.last().unwrap_or(&p[0])))
            .collect();
    }
    row.first().copied().unwrap_or_else(empty_root)
}

/// Where the hashes of a stored tree come from.
pub(crate) trait Nodes {
    /// Hash of the complete subtree over leaves `index·2^level … (index+1)·2^level`.
    fn node(&mut self, level: u8, index: u64) -> Result<Digest, Error>;
}

/// Hash of the subtree over leaves `lo..hi` (lo < hi, aligned as RFC 6962's recursion leaves it).
pub(crate) fn range_hash(nodes: &mut dyn Nodes, lo: u64, hi: u64) -> Result<Digest, Error> {
    let n = hi - lo;
    if n.is_power_of_two() {
        let level = n.trailing_zeros() as u8;
        return nodes.node(level, lo >> level);
    }
    let k = split(n);
    let left = range_hash(nodes, lo, lo + k)?;
    let right = range_hash(nodes, lo + k, hi)?;
    Ok(node_hash(&left, &right))
}

/// Root of the first `size` leaves.
pub(crate) fn root_at(nodes: &mut dyn Nodes, size: u64) -> Result<Digest, Error> {
    if size == 0 {
        Ok(empty_root())
    } else {
        range_hash(nodes, 0, size)
    }
}

/// Largest power of two below `n` (n ≥ 2).
fn split(n: u64) -> u64 {
    1 << (63 - (n - 1).leading_zeros())
}

/// PATH(m, D\[n\]) of RFC 6962 §2.1.1, lowest sibling first.
pub(crate) fn inclusion(
    nodes: &mut dyn Nodes,
    index: u64,
    size: u64,
) -> Result<Vec<Digest>, Error> {
    if index >= size {
        return Err(Error::NotThere(format!(
            "there is no entry {index} in a log of {size}"
        )));
    }
    let (mut lo, mut hi, mut path) = (0, size, Vec::new());
    while hi - lo > 1 {
        let k = split(hi - lo);
        if index < lo + k {
            path.push(range_hash(nodes, lo + k, hi)?);
            hi = lo + k;
        } else {
            path.push(range_hash(nodes, lo, lo + k)?);
            lo += k;
        }
    }
    path.reverse();
    Ok(path)
}

/// PROOF(m, D\[n\]) of RFC 6962 §2.1.2. Empty for m = 0 and m = n.
pub(crate) fn consistency(nodes: &mut dyn Nodes, from: u64, to: u64) -> Result<Vec<Digest>, Error> {
    if from > to {
        return Err(Error::NotThere(format!(
            "a log of {to} entries has no state of {from}"
        )));
    }
    if from == 0 || from == to {
        return Ok(Vec::new());
    }
    let (mut lo, mut hi, mut whole, mut path) = (0, to, true, Vec::new());
    while from < hi {
        let k = split(hi - lo);
        if from <= lo + k {
            path.push(range_hash(nodes, lo + k, hi)?);
            hi = lo + k;
        } else {
            path.push(range_hash(nodes, lo, lo + k)?);
            lo += k;
            whole = false;
        }
    }
    if !whole {
        path.push(range_hash(nodes, lo, hi)?);
    }
    path.reverse();
    Ok(path)
}

/// Checks an inclusion proof (RFC 9162 §2.1.3.2).
#[must_use]
pub fn inclusion_holds(
    leaf: &Digest,
    index: u64,
    size: u64,
    proof: &[Digest],
    root: &Digest,
) -> bool {
    if index >= size {
        return false;
    }
    let (mut at, mut last, mut hash) = (index, size - 1, *leaf);
    for sibling in proof {
        if last == 0 {
            return false;
        }
        if at & 1 == 1 || at == last {
            hash = node_hash(sibling, &hash);
            while at & 1 == 0 && at != 0 {
                at >>= 1;
                last >>= 1;
            }
        } else {
            hash = node_hash(&hash, sibling);
        }
        at >>= 1;
        last >>= 1;
    }
    last == 0 && hash == *root
}

/// Recomputes old and new root from a consistency proof (RFC 9162 §2.1.4.2); none if the proof's
/// length does not fit the sizes.
#[must_use]
pub fn root_of_consistency(
    from: u64,
    to: u64,
    from_root: &Digest,
    proof: &[Digest],
) -> Option<(Digest, Digest)> {
    if from == 0 || from >= to {
        return None;
    }
    let (mut at, mut last) = (from - 1, to - 1);
    while at & 1 == 1 {
        at >>= 1;
        last >>= 1;
    }
    let mut steps = proof.iter();
    // An old size that is a power of two is itself the first node.
    let first = if from.is_power_of_two() {
        *from_root
    } else {
        *steps.next()?
    };
    let (mut old, mut new) = (first, first);
    for step in steps {
        if last == 0 {
            return None;
        }
        if at & 1 == 1 || at == last {
            old = node_hash(step, &old);
            new = node_hash(step, &new);
            while at & 1 == 0 && at != 0 {
                at >>= 1;
                last >>= 1;
            }
        } else {
            new = node_hash(&new, step);
        }
        at >>= 1;
        last >>= 1;
    }
    (last == 0).then_some((old, new))
}

/// Checks that the tree `to`/`to_root` begins with the tree `from`/`from_root`.
#[must_use]
pub fn consistency_holds(
    from: u64,
    from_root: &Digest,
    to: u64,
    to_root: &Digest,
    proof: &[Digest],
) -> bool {
    if from == to {
        return proof.is_empty() && from_root == to_root;
    }
    if from == 0 {
        return proof.is_empty() && *from_root == empty_root();
    }
    root_of_consistency(from, to, from_root, proof) == Some((*from_root, *to_root))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// RFC 6962 §2.1 word for word, on the leaves themselves.
    fn mth(d: &[Vec<u8>]) -> Digest {
        match d {
            [] => empty_root(),
            [one] => leaf_hash(one),
            _ => {
                let k = split(d.len() as u64) as usize;
                node_hash(&mth(&d[..k]), &mth(&d[k..]))
            }
        }
    }

    fn path(m: usize, d: &[Vec<u8>]) -> Vec<Digest> {
        if d.len() == 1 {
            return vec![];
        }
        let k = split(d.len() as u64) as usize;
        let (mut p, sibling) = if m < k {
            (path(m, &d[..k]), mth(&d[k..]))
        } else {
            (path(m - k, &d[k..]), mth(&d[..k]))
        };
        p.push(sibling);
        p
    }

    fn subproof(m: usize, d: &[Vec<u8>], whole: bool) -> Vec<Digest> {
        if m == d.len() {
            return if whole { vec![] } else { vec![mth(d)] };
        }
        let k = split(d.len() as u64) as usize;
        let (mut p, sibling) = if m <= k {
            (subproof(m, &d[..k], whole), mth(&d[k..]))
        } else {
            (subproof(m - k, &d[k..], false), mth(&d[..k]))
        };
        p.push(sibling);
        p
    }

    struct Naive<'a>(&'a [Vec<u8>]);
    impl Nodes for Naive<'_> {
        fn node(&mut self, level: u8, index: u64) -> Result<Digest, Error> {
            let (lo, hi) = ((index << level) as usize, ((index + 1) << level) as usize);
            assert!(hi <= self.0.len(), "asked for an incomplete node");
            Ok(mth(&self.0[lo..hi]))
        }
    }

    fn leaves(n: usize) -> Vec<Vec<u8>> {
        (0..n).map(|i| format!("entry {i}").into_bytes()).collect()
    }

    #[test]
    fn the_empty_tree_has_the_hash_of_nothing() {
        assert_eq!(
            root_of_leaves(&[]).to_string(),
            "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
        );
    }

    #[test]
    fn every_small_tree_and_proof_agrees_with_the_rfc() {
        for n in 1..=40usize {
            let d = leaves(n);
            let hashes: Vec<_> = d.iter().map(|e| leaf_hash(e)).collect();
            let root = mth(&d);
            assert_eq!(root_of_leaves(&hashes), root);
            assert_eq!(root_at(&mut Naive(&d), n as u64).unwrap(), root);
            for (m, leaf) in hashes.iter().enumerate() {
                let p = inclusion(&mut Naive(&d), m as u64, n as u64).unwrap();
                assert_eq!(p, path(m, &d));
                assert!(inclusion_holds(leaf, m as u64, n as u64, &p, &root));
            }
            for m in 1..=n {
                let p = consistency(&mut Naive(&d), m as u64, n as u64).unwrap();
                assert_eq!(p, subproof(m, &d, true));
                assert!(consistency_holds(
                    m as u64,
                    &mth(&d[..m]),
                    n as u64,
                    &root,
                    &p
                ));
            }
        }
    }

    proptest! {
        #[test]
        fn altered_proofs_do_not_hold(n in 2usize..300, m in 0usize..300, bit in 0usize..256, which in 0usize..16) {
            let d = leaves(n);
            let (m, root) = (m % n, mth(&d));
            let mut p = inclusion(&mut Naive(&d), m as u64, n as u64).unwrap();
            let leaf = leaf_hash(&d[m]);
            prop_assert!(inclusion_holds(&leaf, m as u64, n as u64, &p, &root));
            prop_assert!(!inclusion_holds(&leaf, m as u64, n as u64, &p[1..], &root));
            let i = which % p.len();
            p[i].0[bit / 8] ^= 1 << (bit % 8);
            prop_assert!(!inclusion_holds(&leaf, m as u64, n as u64, &p, &root));

            let from = m.max(1);
            let mut c = consistency(&mut Naive(&d), from as u64, n as u64).unwrap();
            let old = mth(&d[..from]);
            prop_assert!(consistency_holds(from as u64, &old, n as u64, &root, &c));
            if !c.is_empty() {
                let i = which % c.len();
                c[i].0[bit / 8] ^= 1 << (bit % 8);
                prop_assert!(!consistency_holds(from as u64, &old, n as u64, &root, &c));
            }
        }

        #[test]
        fn proofs_of_any_shape_never_panic(
            from in any::<u64>(), to in any::<u64>(), n in 0usize..70, seed in any::<u8>()
        ) {
            let p = vec![Digest([seed; 32]); n];
            let h = Digest([1; 32]);
            let _ = inclusion_holds(&h, from, to, &p, &h);
            let _ = consistency_holds(from, &h, to, &h, &p);
        }
    }
}
