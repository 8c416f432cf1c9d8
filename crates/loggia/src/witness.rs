//! `loggia witness`: the same binary at somebody else's, outside the city, who cosigns what a log
//! published if it continues what they saw before (docs/guide/witness.md).
//! Never needs the city's data, never sees an entry, never starts on a memory that is not whole.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context, bail};
use clap::Subcommand;
use loggia_store::{FileLayer, Secrets};
use loggia_transparency::witness::{self, Witness};
use loggia_transparency::{CosignerKey, CosignerKind, Verifier};
use zeroize::Zeroizing;

use crate::cli::say;
use crate::clock::SystemClock;
use crate::guests::Bounds;
use crate::house::only_one;
use crate::{serve, tls};

/// A log asks once a minute and keeps its connection; 64 connections are those of all logs that one
/// witness may learn in a busy minute, and their buffers a tenth of the 50 MB it may take.
const LOGS: Bounds = Bounds {
    at_once: 64,
    of_one: 16,
    head_within: Duration::from_secs(15),
};
/// Threads that keep states and sign: more would only wait for the same disk.
const THREADS: usize = 4;
/// Folder of the private keys, sealed with a key beside them.
const SECRETS: &str = "secrets";
const KEYS: [(CosignerKind, &str); 2] = [
    (CosignerKind::Ed25519, "witness-ed25519"),
    (CosignerKind::MlDsa44, "witness-ml-dsa-44"),
];

/// Witnesses.
#[derive(Debug, Subcommand)]
pub enum WitnessVerb {
    /// Make a witness in an empty folder, and print its lines for a log policy
    Init {
        /// The witness's folder
        #[arg(long)]
        data: PathBuf,
        /// Its name for good, such as `witness.example/w1`
        #[arg(long)]
        name: String,
    },
    /// Tell the witness which log to watch, or a further key of one
    Learn {
        /// The witness's folder
        #[arg(long)]
        data: PathBuf,
        /// The log's public key (`name+hash+key`), from the log's own publication
        key: String,
    },
    /// Print the witness's lines for a log policy, and what it cosigned last
    Show {
        /// The witness's folder
        #[arg(long)]
        data: PathBuf,
    },
    /// Cosign what the logs ask for
    Serve {
        /// The witness's folder
        #[arg(long)]
        data: PathBuf,
        /// Where to listen; plain HTTP
        #[arg(long, default_value = "127.0.0.1:8090")]
        listen: SocketAddr,
        /// End with the process of this number (a demo's witnesses end with it)
        #[arg(long, hide = true)]
        parent: Option<i32>,
    },
}

/// Runs the verb.
pub fn run(verb: &WitnessVerb) -> anyhow::Result<()> {
    match verb {
        WitnessVerb::Init { data, name } => init(data, name),
        WitnessVerb::Learn { data, key } => learn(data, key),
        WitnessVerb::Show { data } => show(data),
        WitnessVerb::Serve {
            data,
            listen,
            parent,
        } => {
            end_with(*parent)?;
            serve_at(data, *listen)
        }
    }
}

fn init(data: &Path, name: &str) -> anyhow::Result<()> {
    // Keys without their memory are worse than no keys: never beside anything that is there.
    if std::fs::read_dir(data).is_ok_and(|mut d| d.next().is_some()) {
        bail!(
            "{} is not empty: a witness begins in a folder of its own",
            data.display()
        );
    }
    make(data, name)?;
    print_policy(name, &keys(data, name)?);
    say("\nGive these lines to every city that shall believe this witness.");
    say("Next: loggia witness learn, with the city's log key.");
    Ok(())
}

/// Makes a witness's folder and keys.
pub fn make(data: &Path, name: &str) -> anyhow::Result<()> {
    let layer = FileLayer::Real;
    layer.make_dirs(data)?;
    crate::secrecy::close_folder(data)?;
    witness::init(layer.clone(), data, name)?;
    let secrets = Secrets::open(&data.join(SECRETS), layer)?;
    for (kind, file) in KEYS {
        secrets.keep(file, || {
            let made = CosignerKey::generate(kind, name);
            made.map(|(_, pkcs8)| pkcs8)
                .map_err(|e| loggia_store::Error::Refused(e.to_string()))
        })?;
    }
    Ok(())
}

/// Tells a witness that does not run of a log.
pub fn tell_of(data: &Path, log: &Verifier) -> anyhow::Result<()> {
    witness::learn(FileLayer::Real, data, log)?;
    Ok(())
}

/// The witness's lines of a log policy, with the address at which it is asked.
pub fn policy_of(data: &Path, url: Option<&str>) -> anyhow::Result<String> {
    let (name, _) = witness::learnt(FileLayer::Real, data)?;
    Ok(policy_lines(&name, &keys(data, &name)?, url))
}

fn learn(data: &Path, key: &str) -> anyhow::Result<()> {
    let log: Verifier = key.trim().parse()?;
    let (name, _) = witness::learnt(FileLayer::Real, data)?;
    let _alone = only_one(data).context("stop `loggia witness serve` first")?;
    let new = witness::learn(FileLayer::Real, data, &log)?;
    let log = log.name();
    say(&if new {
        format!("{name} watches {log} from now on")
    } else {
        format!("{name} knew this key of {log}")
    });
    Ok(())
}

fn show(data: &Path) -> anyhow::Result<()> {
    let (name, _) = witness::learnt(FileLayer::Real, data)?;
    let keys = keys(data, &name)?;
    print_policy(&name, &keys);
    let witness = Witness::open(FileLayer::Real, data, keys)?;
    for (log, size) in witness.sizes() {
        say(&match size {
            Some(size) => format!("# {log}: {size} entries cosigned"),
            None => format!("# {log}: nothing cosigned yet"),
        });
    }
    Ok(())
}

/// Ends this process when its parent ends, also when that is killed.
fn end_with(parent: Option<i32>) -> anyhow::Result<()> {
    use rustix::process::{Signal, getppid, set_parent_process_death_signal};
    let Some(parent) = parent else { return Ok(()) };
    set_parent_process_death_signal(Some(Signal::KILL))?;
    // It may have ended before that was set.
    if getppid().map(|p| p.as_raw_nonzero().get()) != Some(parent) {
        bail!("the process {parent} that this was to end with is gone");
    }
    Ok(())
}

fn serve_at(data: &Path, listen: SocketAddr) -> anyhow::Result<()> {
    let (name, logs) = witness::learnt(FileLayer::Real, data)?;
    let _alone = only_one(data)?;
    let witness = Witness::open(FileLayer::Real, data, keys(data, &name)?)?;
    if logs.is_empty() {
        tracing::warn!("this witness knows no log yet: loggia witness learn --data … KEY");
    }
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .max_blocking_threads(THREADS)
        .build()?;
    runtime.block_on(async {
        if !tls::is_loopback(listen.ip()) {
            tracing::warn!(
                "plain HTTP: nothing secret passes, but put a server with TLS in front of it, so \
                 that nobody on the way can keep the log's requests from coming"
            );
        }
        let app = witness::router(Arc::new(witness), Arc::new(SystemClock));
        let ready = || say(&format!("{name} cosigns at http://{listen}/add-checkpoint"));
        serve::alone(app, listen, LOGS, ready).await
    })
}

fn keys(data: &Path, name: &str) -> anyhow::Result<Vec<CosignerKey>> {
    let secrets = Secrets::open(&data.join(SECRETS), FileLayer::Real)?;
    let read = |(kind, file): (CosignerKind, &str)| {
        let kept: Option<Zeroizing<Vec<u8>>> = secrets.kept(file)?;
        let pkcs8 = kept.with_context(|| format!("{name} has lost its {kind} key"))?;
        Ok(CosignerKey::from_pkcs8(kind, name, &pkcs8)?)
    };
    KEYS.into_iter().map(read).collect()
}

/// The witness as a body of a policy: both keys, which count once and only together.
fn print_policy(name: &str, keys: &[CosignerKey]) {
    say(policy_lines(name, keys, None).trim_end());
}

fn policy_lines(name: &str, keys: &[CosignerKey], url: Option<&str>) -> String {
    let short = name.replace('/', "-");
    let (mut members, mut lines) = (Vec::new(), String::new());
    for key in keys {
        let member = format!("{short}-{}", key.public().kind()).to_ascii_lowercase();
        let at = url.map_or_else(String::new, |u| format!(" {u}"));
        lines += &format!("witness {member} {}{at}\n", key.public());
        members.push(member);
    }
    lines + &format!("group {short} all {}\n", members.join(" "))
}
