//! The verbs that run the city's data plane. Never reads a password from the command line.

use std::path::PathBuf;

use anyhow::bail;
use clap::{Args, Subcommand};

/// What is brought into the data plane.
#[derive(Debug, Subcommand)]
pub enum ImportVerb {
    /// JSON-LD @contexts under their own URLs, so that no request has to fetch them
    Contexts(ContextsArgs),
}

/// @contexts from files.
#[derive(Debug, Args)]
pub struct ContextsArgs {
    /// Folders with a manifest.json, or such files: an object from URLs to file names or documents.
    /// With --url the one document itself
    #[arg(required = true)]
    pub files: Vec<PathBuf>,
    /// The URL of the one document that is given
    #[arg(long)]
    pub url: Option<String>,
    #[command(flatten)]
    pub target: TargetArgs,
}

/// A Loggia that runs, or one that does not.
#[derive(Debug, Args)]
pub struct TargetArgs {
    /// Configuration of a Loggia that does not run just now
    #[arg(long, conflicts_with_all = ["person", "cert"])]
    pub config: Option<PathBuf>,
    /// Address of a running Loggia
    #[arg(long, default_value = "http://127.0.0.1:8080")]
    pub server: String,
    /// Account of an operator or the administrator there; the password is in LOGGIA_PASSWORD
    #[arg(long)]
    pub person: Option<String>,
    /// The city's certificate, or its authority's (PEM); the machine's authorities when not given
    #[arg(long)]
    pub cert: Option<PathBuf>,
}

/// Which of the two.
#[derive(Debug)]
pub enum Target {
    /// A data folder, by its configuration.
    Folder(PathBuf),
    /// A running Loggia.
    Server(AsPerson),
}

impl TargetArgs {
    /// Which of the two.
    ///
    /// # Errors
    /// When neither is said.
    pub fn of(&self) -> anyhow::Result<Target> {
        match (&self.config, &self.person) {
            (Some(config), _) => Ok(Target::Folder(config.clone())),
            (None, Some(person)) => Ok(Target::Server(AsPerson {
                server: self.server.clone(),
                person: person.clone(),
                cert: self.cert.clone(),
            })),
            (None, None) => bail!(
                "say where: --person NAME of a running Loggia at --server, or --config FILE of one \
                 that does not run"
            ),
        }
    }
}

/// Whom a running Loggia is asked as.
#[derive(Debug, Args)]
pub struct AsPerson {
    /// Address of the city's Loggia
    #[arg(long, default_value = "http://127.0.0.1:8080")]
    pub server: String,
    /// Account; the password is in LOGGIA_PASSWORD
    #[arg(long)]
    pub person: String,
    /// The city's certificate, or its authority's (PEM); the machine's authorities when not given
    #[arg(long)]
    pub cert: Option<PathBuf>,
}

/// Keys of devices.
#[derive(Debug, Subcommand)]
pub enum DeviceKeyVerb {
    /// Make a key, and print it once
    Make(DeviceKeyArgs),
    /// List all keys, never their secrets
    List {
        #[command(flatten)]
        at: AsPerson,
    },
    /// Revoke a key; what was subscribed with it is deleted
    Revoke {
        /// The key's number
        number: u64,
        #[command(flatten)]
        at: AsPerson,
    },
}

/// What a key may be used for. What is not granted is refused.
#[derive(Debug, Args)]
pub struct DeviceKeyArgs {
    /// What people call it
    pub name: String,
    /// Whose data; the default tenant when not given
    #[arg(long, default_value = "")]
    pub tenant: String,
    /// read, write, subscribe
    #[arg(long, required = true, value_delimiter = ',')]
    pub may: Vec<String>,
    /// Types of entities; * for every one
    #[arg(long = "type", required = true)]
    pub types: Vec<String>,
    /// Attributes; * for every one
    #[arg(long = "attribute", required = true)]
    pub attributes: Vec<String>,
    /// Scopes, each with those below; any scope or none when not given
    #[arg(long = "scope")]
    pub scopes: Vec<String>,
    /// URL of the @context of these names; the core when not given
    #[arg(long)]
    pub context: Option<String>,
    /// Days from now on which it is good
    #[arg(long, value_parser = clap::value_parser!(u16).range(1..=3_660))]
    pub days: u16,
    #[command(flatten)]
    pub at: AsPerson,
}

/// Notifications that nobody took.
#[derive(Debug, Subcommand)]
pub enum DeadLettersVerb {
    /// List them, oldest first
    List {
        /// Of this subscription alone
        #[arg(long)]
        subscription: Option<String>,
        /// Its tenant
        #[arg(long, default_value = "")]
        tenant: String,
        #[command(flatten)]
        at: AsPerson,
    },
    /// Print the body of one
    Show {
        /// The letter's number
        number: u64,
        #[command(flatten)]
        at: AsPerson,
    },
    /// Send one again, or all of a subscription
    Replay {
        /// The letter's number
        #[arg(required_unless_present = "subscription")]
        number: Option<u64>,
        /// All of this subscription
        #[arg(long, conflicts_with = "number")]
        subscription: Option<String>,
        /// Its tenant
        #[arg(long, default_value = "")]
        tenant: String,
        #[command(flatten)]
        at: AsPerson,
    },
    /// Drop one for good
    Drop {
        /// The letter's number
        number: u64,
        /// Why, in one line
        #[arg(long)]
        reason: String,
        #[command(flatten)]
        at: AsPerson,
    },
    /// How the receivers of notifications do
    Lanes {
        #[command(flatten)]
        at: AsPerson,
    },
}
