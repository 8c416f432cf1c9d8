//! The house's own tools, run as `cargo run -p xtask -- tidy`.
//! Never part of what a city installs, and never reaches a network.

mod tidy;

use std::io::Write;
use std::path::Path;
use std::process::ExitCode;

use anyhow::{Context, Result, bail};

const HELP: &str = "usage: cargo run -p xtask -- <what>

  tidy            check what can be counted: sizes, names, floors, limits, budget, proofs
  tidy --ratchet  the same, and lower xtask/ratchet.toml to today's counts
  proofs          list every place where a proof is made, for an auditor
";

fn main() -> ExitCode {
    match run() {
        Ok(code) => code,
        Err(e) => {
            // Nothing is left to tell if even standard error is closed.
            let _ = writeln!(std::io::stderr(), "xtask: {e:#}");
            ExitCode::from(2)
        }
    }
}

fn run() -> Result<ExitCode> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"))
        .parent()
        .context("xtask stands directly in the repository")?;
    let words: Vec<String> = std::env::args().skip(1).collect();
    let words: Vec<&str> = words.iter().map(String::as_str).collect();
    let mut out = std::io::stdout().lock();
    match words.as_slice() {
        ["tidy"] => tidy::run(root, tidy::Ratchet::Hold, &mut out),
        ["tidy", "--ratchet"] => tidy::run(root, tidy::Ratchet::Lower, &mut out),
        ["proofs"] => tidy::list_proofs(root, &mut out),
        ["help" | "--help" | "-h"] => {
            write!(out, "{HELP}")?;
            Ok(ExitCode::SUCCESS)
        }
        _ => bail!("not a task\n\n{HELP}"),
    }
}
