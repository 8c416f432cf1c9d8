//! `loggia verify`: checks, offline, what a city or somebody else hands over. The first thing that
//! is wrong is named and the command fails. Never changes what it reads.

mod archive;
mod bundle;
mod clip;
mod cosigned;
mod entry;
mod footage;
mod logged;
mod receipt;
mod spans;

use std::fs;
use std::path::Path;
use std::process::ExitCode;

use anyhow::{Context, bail};
use loggia_transparency::verify::{self, Report};
use loggia_transparency::{Checkpoint, Verifier};

use crate::cli::VerifyArgs;
use crate::house::{PUBLIC, Public};

/// Runs the verb; prints one line for each thing that holds.
pub fn run(args: &VerifyArgs) -> anyhow::Result<ExitCode> {
    let given: Option<Verifier> = args.log_key.as_deref().map(str::parse).transpose()?;
    let kept = args.since.as_deref().map(checkpoint_file).transpose()?;
    let what = &args.what;
    if what.is_file() && what.extension().is_some_and(|e| e == "json") {
        entry::check(what, given.as_ref())?;
    } else if what.is_file() {
        let policy = args.policy.as_deref().map(cosigned::policy).transpose()?;
        bundle::check(what, given.as_ref(), policy.as_ref())?;
    } else if what.join("checkpoint").is_file() {
        let key =
            given.context("a folder of log tiles is checked with --log-key (see /log/key)")?;
        log(what, &key, kept.as_ref())?;
    } else if what.join("log").is_dir() {
        folder(what, given, kept.as_ref())?;
    } else {
        bail!(
            "{} is no export bundle, entry, data folder, backup or folder of log tiles",
            what.display()
        );
    }
    let by_itself = what.is_file() && args.log_key.is_none() && args.policy.is_none();
    say(if by_itself {
        "everything that was checked holds; but the log's key came with it: whoever made this file \
         could have made the log as well, until you give the published key (--log-key, --policy)"
    } else {
        "everything that was checked holds"
    });
    Ok(ExitCode::SUCCESS)
}

/// Entries of one moment may change places by as much: dates are taken before the queue.
const BACK_S: i64 = 60;

fn log(dir: &Path, key: &Verifier, kept: Option<&Checkpoint>) -> anyhow::Result<Report> {
    let report = verify::folder(dir, key, kept).context("the public log is wrong")?;
    let size = report.checkpoint.size();
    say(&format!(
        "public log: {size} entries, every tile recomputed, root signed by {}",
        key.name()
    ));
    for step in &report.successions {
        say(&format!(
            "public log: handed over by entry {}; {} counts from there on, the key before up to it",
            step.checkpoint.size() - 1,
            step.next
        ));
    }
    if let Some(size) = report.kept {
        say(&format!(
            "public log: it begins with the {size} entries of the kept checkpoint"
        ));
    }
    if let Some(back) = report.back.filter(|b| b.seconds > BACK_S) {
        say(&format!(
            "public log: LOOK: entry {} is dated {} s before an entry that stands before it; ask \
             whose clock was set back",
            back.entry, back.seconds
        ));
    }
    Ok(report)
}

/// A data folder or a backup of one: the log, then every chain.
fn folder(dir: &Path, key: Option<Verifier>, kept: Option<&Checkpoint>) -> anyhow::Result<()> {
    let path = dir.join(PUBLIC);
    let text = fs::read(&path).with_context(|| format!("{} cannot be read", path.display()))?;
    let public: Public = serde_json::from_slice(&text)
        .with_context(|| format!("{} does not read back", path.display()))?;
    let key = match key {
        Some(key) => key,
        None => {
            say("the log's key is taken from the folder itself; compare it with the published one");
            public.log_key.parse()?
        }
    };
    let report = log(&dir.join("log"), &key, kept)?;
    footage::check(dir, &public.recorders, &report)
}

fn checkpoint_file(path: &Path) -> anyhow::Result<Checkpoint> {
    let text =
        fs::read_to_string(path).with_context(|| format!("{} cannot be read", path.display()))?;
    // A signed note's text ends at the empty line before its signatures.
    let body = text
        .split_once("\n\n")
        .map_or(text.as_str(), |(body, _)| body);
    Checkpoint::parse(&format!("{}\n", body.trim_end_matches('\n')))
        .with_context(|| format!("{} is no checkpoint", path.display()))
}

/// One line of the verdict: what a stranger's file says cannot begin another.
fn say(line: &str) {
    crate::cli::say(&line.replace('\n', "\\n"));
}

/// Fails with the place of the first broken record.
fn broken(what: impl core::fmt::Display) -> anyhow::Error {
    anyhow::anyhow!("seal broken: {what}")
}

/// Refuses a folder or file that is larger than a check is meant for.
fn bounded(path: &Path, bytes_max: u64) -> anyhow::Result<Vec<u8>> {
    let size = fs::metadata(path)?.len();
    if size > bytes_max {
        bail!(
            "{} has {size} bytes; at most {bytes_max} are read",
            path.display()
        );
    }
    Ok(fs::read(path)?)
}
