//! Counts that may fall and never rise: the habits that are not yet kept everywhere.
//! Never raises a number by itself; a person who edits the file says why in the commit.

use std::collections::BTreeMap;
use std::fmt::Write;
use std::path::Path;

use anyhow::{Context, Result};

use super::Finding;
use super::tree::Tree;

/// Where the counts stand.
const FILE: &str = "xtask/ratchet.toml";

/// What comparing with the ratchet says.
#[derive(Debug, Default)]
pub struct Verdict {
    /// Counts above the ratchet.
    pub risen: Vec<Finding>,
    /// What could be better, and counts below the ratchet.
    pub notes: Vec<String>,
}

/// Places named beside each count; the file's own history tells the rest.
const EXAMPLES: usize = 3;

/// Compares today's counts with the file's.
pub fn compare(tree: &Tree, counts: &BTreeMap<&'static str, Vec<String>>) -> Result<Verdict> {
    let allowed = read(tree)?;
    let mut verdict = Verdict::default();
    for (name, places) in counts {
        let limit = allowed.get(*name).copied().unwrap_or(0);
        if !places.is_empty() {
            let shown = places.iter().take(EXAMPLES).cloned().collect::<Vec<_>>();
            let more = if places.len() > EXAMPLES { ", …" } else { "" };
            let (count, shown) = (places.len(), shown.join(", "));
            verdict
                .notes
                .push(format!("{name} = {count}: {shown}{more}"));
        }
        if places.len() > limit {
            verdict.risen.push(Finding::file(
                FILE,
                format!(
                    "{name} rose from {limit} to {}: bring it back down",
                    places.len()
                ),
            ));
        } else if places.len() < limit {
            verdict.notes.push(format!(
                "{name} fell: `cargo run -p xtask -- tidy --ratchet`"
            ));
        }
    }
    Ok(verdict)
}

/// Writes the lower of the file's counts and today's.
pub fn lower(root: &Path, tree: &Tree, counts: &BTreeMap<&'static str, Vec<String>>) -> Result<()> {
    let text = lowered(&read(tree)?, counts);
    std::fs::write(root.join(FILE), text).context(FILE)
}

fn lowered(
    allowed: &BTreeMap<String, usize>,
    counts: &BTreeMap<&'static str, Vec<String>>,
) -> String {
    let mut text =
        String::from("# Counts that may fall and never rise (xtask/src/tidy/ratchet.rs).\n");
    for (name, places) in counts {
        let limit = allowed.get(*name).copied().unwrap_or(0).min(places.len());
        // Writing to a string cannot fail.
        let _ = writeln!(text, "{name} = {limit}");
    }
    text
}

fn read(tree: &Tree) -> Result<BTreeMap<String, usize>> {
    toml::from_str(tree.text(FILE).unwrap_or_default()).context(FILE)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn counts(n: usize) -> BTreeMap<&'static str, Vec<String>> {
        BTreeMap::from([("long", vec!["a".to_owned(); n])])
    }

    #[test]
    fn a_count_may_fall_and_never_rise() {
        let tree = Tree::of(&[(FILE, "long = 2\n")]);
        assert_eq!(compare(&tree, &counts(2)).unwrap().risen, []);
        assert_eq!(compare(&tree, &counts(3)).unwrap().risen.len(), 1);
        let fell = compare(&tree, &counts(1)).unwrap();
        assert_eq!(fell.risen, []);
        assert!(fell.notes.iter().any(|n| n.contains("fell")));
    }

    #[test]
    fn a_missing_count_is_zero() {
        assert_eq!(compare(&Tree::of(&[]), &counts(1)).unwrap().risen.len(), 1);
    }

    #[test]
    fn lowering_never_raises() {
        let allowed = BTreeMap::from([("long".to_owned(), 2)]);
        assert!(lowered(&allowed, &counts(5)).contains("long = 2"));
        assert!(lowered(&allowed, &counts(1)).contains("long = 1"));
    }
}
