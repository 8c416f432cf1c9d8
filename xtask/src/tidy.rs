//! Taste that can be counted, as a check: reads the tracked files and names what breaks a rule.
//! Never changes a file other than the ratchet, and never judges what only people can.

mod budget;
mod floors;
mod layout;
mod limits;
mod places;
mod proofs;
mod ratchet;
mod rust;
mod tree;

use std::io::Write;
use std::path::Path;
use std::process::ExitCode;

use anyhow::Result;

use tree::Tree;

/// Whether the ratchet file is only obeyed or also lowered to today's counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ratchet {
    /// Fail when a count rose.
    Hold,
    /// Fail when a count rose; write the lower counts down.
    Lower,
}

/// One broken rule: where, and what to do.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Finding {
    /// `path` or `path:line`.
    pub place: String,
    /// What is wrong and what would be right.
    pub what: String,
}

impl Finding {
    /// A finding about a whole file.
    pub fn file(path: &str, what: impl Into<String>) -> Self {
        Self {
            place: path.to_owned(),
            what: what.into(),
        }
    }

    /// A finding about one line, counted from 1.
    pub fn line(path: &str, line: usize, what: impl Into<String>) -> Self {
        Self {
            place: format!("{path}:{line}"),
            what: what.into(),
        }
    }
}

/// Runs every check on the repository at `root`.
pub fn run(root: &Path, mode: Ratchet, out: &mut impl Write) -> Result<ExitCode> {
    let tree = Tree::read(root)?;
    let mut findings = Vec::new();
    findings.extend(layout::check(&tree));
    findings.extend(floors::check(&tree)?);
    findings.extend(limits::check(&tree)?);
    findings.extend(budget::check(&tree)?);
    findings.extend(places::check(&tree));
    findings.extend(proofs::check(&tree));
    let counts = layout::count(&tree);
    let verdict = ratchet::compare(&tree, &counts)?;
    findings.extend(verdict.risen);
    for note in &verdict.notes {
        writeln!(out, "note: {note}")?;
    }
    if mode == Ratchet::Lower {
        ratchet::lower(root, &tree, &counts)?;
    }
    for f in &findings {
        writeln!(out, "{}: {}", f.place, f.what)?;
    }
    writeln!(
        out,
        "tidy: {} files read, {} findings",
        tree.files.len(),
        findings.len()
    )?;
    Ok(if findings.is_empty() {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    })
}

/// Lists where proofs are made.
pub fn list_proofs(root: &Path, out: &mut impl Write) -> Result<ExitCode> {
    for line in proofs::list(&Tree::read(root)?) {
        writeln!(out, "{line}")?;
    }
    Ok(ExitCode::SUCCESS)
}
