//! `loggia backup` and `loggia restore`: a copy without the keys that must stay erasable, and back.

use anyhow::bail;
use loggia_model::Clock;
use loggia_store::Footage;

use crate::cli::{BackupArgs, RestoreArgs, say};
use crate::clock::SystemClock;

/// Copies a data folder.
pub fn back_up(args: &BackupArgs) -> anyhow::Result<()> {
    let made = loggia_store::backup(&args.data, &args.to, Footage::Include, SystemClock.now())?;
    say(&format!("{} files, {} bytes", made.files, made.bytes));
    for left in made.left_out {
        say(&format!("left out: {} ({})", left.name, left.why));
    }
    Ok(())
}

/// Puts a backup back, or says what that would do.
pub fn restore(args: &RestoreArgs) -> anyhow::Result<()> {
    let plan = loggia_store::plan_restore(&args.from, &args.data)?;
    let bytes: u64 = plan.files.iter().map(|(_, size)| size).sum();
    say(&format!(
        "made at {}: {} files, {bytes} bytes",
        plan.made_at,
        plan.files.len()
    ));
    for note in &plan.notes {
        say(note);
    }
    if let Some(name) = plan.damaged.first() {
        bail!("{name} in the backup is missing or damaged; nothing was restored");
    }
    if args.dry_run {
        say("dry run: nothing was written");
        return Ok(());
    }
    loggia_store::restore(&args.from, &args.data)?;
    say("restored; check it with `loggia verify`");
    Ok(())
}
