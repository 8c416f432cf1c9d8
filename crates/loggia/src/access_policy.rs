//! `loggia policy`: prove an access policy, replay a counterexample, propose and agree to a change.
//! Never signs for a policy that this machine has not proved itself.

use std::fs;
use std::io::IsTerminal as _;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::{Context, bail};
use clap::{Args, Subcommand};
use loggia_charter::{Example, Proof, Solver, Statute, Texts, prove};
use loggia_model::{Clock, Digest};
use loggia_policy::{Act, ProposedPolicy, Statement};
use loggia_seal::PersonKey;
use serde_json::json;

use crate::cli::{AtCity, say, yes};
use crate::clock::SystemClock;
use crate::desk::Remote;
use crate::keys;

/// What a refuted policy exits with; an error exits with 1.
const REFUTED: u8 = 2;
const WAITING: &str = "/api/v1/desk/policies";

/// The access policy.
#[derive(Debug, Subcommand)]
pub enum PolicyVerb {
    /// Write this release's policy to a folder, to read or to change
    Write {
        /// Folder
        folder: PathBuf,
    },
    /// Prove that a policy keeps the charter (needs cvc5); exits with 2 if it does not
    Prove {
        /// Folder with the five texts; without it this release's own
        folder: Option<PathBuf>,
        /// Folder for the counterexamples' request files
        #[arg(long, default_value = ".")]
        examples: PathBuf,
    },
    /// Ask a policy what it answers to a counterexample
    Replay {
        /// Request file that `prove` wrote
        file: PathBuf,
        /// Folder with the five texts; without it this release's own
        folder: Option<PathBuf>,
    },
    /// Prove a changed policy, lay it before both bodies and agree to it, as an approver
    Propose {
        /// Folder with the five texts; only policies.cedar may differ from this release's
        folder: PathBuf,
        #[command(flatten)]
        by: AtCity,
    },
    /// What waits for both bodies
    Waiting(AtCity),
    /// Read and prove a policy that waits, and agree to it, as an approver of the other body
    Activate(ActivateArgs),
}

/// A policy that is to be agreed to.
#[derive(Debug, Args)]
pub struct ActivateArgs {
    /// Its hash
    policy: String,
    #[command(flatten)]
    by: AtCity,
    /// Print the whole text instead of what differs from this release's
    #[arg(long)]
    whole: bool,
    /// Agree without being asked
    #[arg(long)]
    yes: bool,
}

/// Runs the verb.
pub fn run(verb: &PolicyVerb) -> anyhow::Result<ExitCode> {
    match verb {
        PolicyVerb::Write { folder } => write(folder)?,
        PolicyVerb::Prove { folder, examples } => {
            let proof = proved(texts(folder.as_deref())?)?;
            return report(&proof, examples, folder.as_deref());
        }
        PolicyVerb::Replay { file, folder } => replay(file, folder.as_deref())?,
        PolicyVerb::Propose { folder, by } => propose(folder, by)?,
        PolicyVerb::Waiting(by) => waiting(by)?,
        PolicyVerb::Activate(args) => activate(args)?,
    }
    Ok(ExitCode::SUCCESS)
}

/// The folder's texts, or those of this release.
fn texts(folder: Option<&Path>) -> anyhow::Result<Texts> {
    Ok(match folder {
        Some(folder) => Texts::read(folder)?,
        None => Texts::of_this_release(),
    })
}

fn write(folder: &Path) -> anyhow::Result<()> {
    fs::create_dir_all(folder)?;
    for (file, text) in Texts::of_this_release().named() {
        let path = folder.join(file);
        if path.exists() {
            bail!("{} is there already", path.display());
        }
        fs::write(&path, text).with_context(|| format!("{} cannot be written", path.display()))?;
    }
    say(&format!(
        "{} holds this release's access policy: change policies.cedar, then prove it",
        folder.display()
    ));
    Ok(())
}

fn proved(texts: Texts) -> anyhow::Result<Proof> {
    Ok(prove(&Statute::read(texts)?, &Solver::find()?)?)
}

/// Prints the transcript, its hash, and each example; writes the examples as request files.
fn report(proof: &Proof, folder: &Path, asked: Option<&Path>) -> anyhow::Result<ExitCode> {
    let asked = asked.map_or_else(String::new, |of| format!(" {}", of.display()));
    say(proof.transcript.to_text().trim_end());
    say(&format!("transcript {}", proof.transcript.hash()));
    if proof.holds() {
        return Ok(ExitCode::SUCCESS);
    }
    fs::create_dir_all(folder).with_context(|| format!("{} cannot be made", folder.display()))?;
    for (n, example) in proof.examples.iter().enumerate() {
        let path = folder.join(format!("refuted-{}-{}.json", n + 1, example.clause));
        fs::write(&path, example.to_json()?)
            .with_context(|| format!("{} cannot be written", path.display()))?;
        say(&format!(
            "\n{}: {}\n  But: {}\n  Replay it: loggia policy replay {}{asked}",
            example.clause,
            example.says,
            example.words,
            path.display()
        ));
    }
    Ok(ExitCode::from(REFUTED))
}

fn replay(file: &Path, folder: Option<&Path>) -> anyhow::Result<()> {
    let json =
        fs::read_to_string(file).with_context(|| format!("{} cannot be read", file.display()))?;
    let example = Example::parse(&json)?;
    let statute = Statute::read(texts(folder)?)?;
    let replayed = example.replay(&statute)?;
    say(&format!("{}: {}", example.clause, example.says));
    say(&replayed.words);
    say(&format!("policy {}: {}", statute.hash(), replayed.line()));
    if statute.hash() != example.policy {
        say(&format!(
            "the example was found for policy {}: name its folder to ask that one",
            example.policy
        ));
    }
    Ok(())
}

/// An approver at the city: the key, unlocked, and where to call.
struct Approver {
    key: PersonKey,
    city: Remote,
}

impl Approver {
    fn open(by: &AtCity) -> anyhow::Result<Self> {
        let (key, city) = keys::at_city(by)?;
        Ok(Self { key, city })
    }

    fn agree(&self, policy: Digest) -> anyhow::Result<()> {
        let statement = Statement {
            v: 1,
            request: policy,
            act: Act::ActivatePolicy,
            by: self.key.person.clone(),
            at: SystemClock.now(),
            note: "proved on this machine".into(),
        }
        .to_json()?;
        let signed = keys::signed(&self.key, statement)?;
        let path = format!("{WAITING}/{policy}/statements");
        self.city.post(&self.key, &path, &signed)
    }

    fn waiting(&self) -> anyhow::Result<Vec<ProposedPolicy>> {
        self.city.get(&self.key, WAITING)
    }
}

fn must_hold(proof: &Proof, folder: Option<&Path>) -> anyhow::Result<()> {
    if !proof.holds() {
        report(proof, Path::new("."), folder)?;
        bail!("this policy is refuted: nothing was signed or sent");
    }
    say(&format!("proved: transcript {}", proof.transcript.hash()));
    Ok(())
}

fn propose(folder: &Path, by: &AtCity) -> anyhow::Result<()> {
    let texts = Texts::read(folder)?;
    if !texts.only_policies_differ() {
        bail!(
            "only policies.cedar can be changed; schema, charter and actions come with a release \
             of Loggia (loggia policy write DIR shows them)"
        );
    }
    let policy = texts.hash();
    let policies = texts.policies.clone();
    must_hold(&proved(texts)?, Some(folder))?;
    let approver = Approver::open(by)?;
    approver
        .city
        .post(&approver.key, WAITING, &json!({ "policies": policies }))?;
    approver.agree(policy)?;
    say(&format!(
        "proposed and agreed to as {}: an approver of the other body now runs\n  \
         loggia policy activate {policy}",
        approver.key.person
    ));
    Ok(())
}

fn waiting(by: &AtCity) -> anyhow::Result<()> {
    let waiting = Approver::open(by)?.waiting()?;
    if waiting.is_empty() {
        say("no policy waits");
    }
    for p in waiting {
        let agreed: Vec<String> = p.agreed.iter().map(|b| format!("{b:?}")).collect();
        let agreed = match agreed.is_empty() {
            true => "nobody".to_owned(),
            false => agreed.join(" and "),
        };
        say(&format!(
            "{}  proposed by {} at {}, agreed to by {agreed}",
            p.policy, p.proposed_by, p.proposed_at
        ));
    }
    Ok(())
}

/// What a text changes of this release's policy, which is on this machine: whatever the city says
/// is in force, nothing can hide behind that.
fn differs(policies: &str) -> String {
    let own = Texts::of_this_release().policies;
    if own == policies {
        return "this is this release's own policy, word for word".to_owned();
    }
    let diff = similar::TextDiff::from_lines(own.as_str(), policies);
    let diff = diff
        .unified_diff()
        .context_radius(3)
        .header(
            "this release's policies.cedar",
            "what you are asked to agree to",
        )
        .to_string();
    format!("{diff}\nEverything else is as in this release (--whole prints it all).")
}

fn agreed() -> anyhow::Result<()> {
    if !std::io::stdin().is_terminal() {
        bail!("nobody is at a terminal to agree: nothing was signed (--yes agrees unasked)");
    }
    yes("Type yes to agree (anything else signs nothing): ")
}

fn activate(args: &ActivateArgs) -> anyhow::Result<()> {
    let policy: Digest = args.policy.parse()?;
    let approver = Approver::open(&args.by)?;
    let proposed = approver.waiting()?.into_iter().find(|p| p.policy == policy);
    let proposed = proposed.context("no policy of this hash waits")?;
    // What is proved and signed for is the text that was sent here, by its own hash.
    let texts = Texts::with_policies(proposed.policies);
    if texts.hash() != policy {
        bail!(
            "the text that the city sent is not the one that this hash names; nothing was signed"
        );
    }
    if args.whole {
        say(&texts.policies);
    } else {
        say(&differs(&texts.policies));
    }
    must_hold(&proved(texts)?, None)?;
    if !args.yes {
        agreed()?;
    }
    approver.agree(policy)?;
    let waits = approver.waiting()?.iter().any(|p| p.policy == policy);
    say(match waits {
        true => "agreed to; an approver of the other body must agree as well",
        false => "agreed to, proved by the city too, logged, and in force",
    });
    Ok(())
}
