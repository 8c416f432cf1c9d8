//! The verbs of `loggia key`: what a key's holder says on the own machine. Never reads a passphrase
//! from the command line.

use std::path::PathBuf;

use clap::{Args, Subcommand};

/// Keys.
#[derive(Debug, Subcommand)]
pub enum KeyVerb {
    /// Make a person's key file; asks for the passphrase
    New {
        /// Account name of the person
        person: String,
        /// File to write
        #[arg(long)]
        out: PathBuf,
    },
    /// Print the public half, for the roster
    Show {
        /// Key file
        file: PathBuf,
    },
    /// Serve the desk's page on this machine: approve, release
    Desk(DeskArgs),
    /// Check what waits and release it, on this terminal, with no page that anybody serves
    Release(ReleaseArgs),
    /// Open the break-glass account together with a custodian of the other group, or shut it
    BreakGlass(GlassArgs),
    /// Custodians come and go: draw, sign and send the next roster, hand on what is kept
    Rotate(RotateArgs),
    /// The public log's key has a successor: draw the statement, sign and send it
    LogKey(LogKeyArgs),
    /// Footage kept beyond its retention: ask, agree, end, list
    #[command(subcommand)]
    Hold(HoldVerb),
}

/// The break-glass account.
#[derive(Debug, Args)]
pub struct GlassArgs {
    #[command(flatten)]
    pub at: AtCity,
    /// Shut it at once
    #[arg(long)]
    pub end: bool,
}

/// A key desk.
#[derive(Debug, Args)]
pub struct DeskArgs {
    /// Key file, or a folder of them
    #[arg(long)]
    pub keys: PathBuf,
    /// Address of the city's Loggia
    #[arg(long)]
    pub server: String,
    /// The city's certificate, or its authority's (PEM): no other is trusted
    #[arg(long)]
    pub cert: Option<PathBuf>,
    /// Port on 127.0.0.1
    #[arg(long, default_value_t = 8081)]
    pub port: u16,
}

/// A release at a terminal.
#[derive(Debug, Args)]
pub struct ReleaseArgs {
    /// Key file, or a folder of them; the file `tlog-policy` lies beside
    #[arg(long)]
    pub keys: PathBuf,
    /// Address of the city's Loggia
    #[arg(long)]
    pub server: String,
    /// The city's certificate, or its authority's (PEM): no other is trusted
    #[arg(long)]
    pub cert: Option<PathBuf>,
    /// Whose key, where several lie here
    #[arg(long)]
    pub person: Option<String>,
    /// Only the request whose name begins so
    #[arg(long)]
    pub request: Option<String>,
    /// Approve as the second person instead of releasing
    #[arg(long)]
    pub approve: bool,
    /// A remark that goes into the statement
    #[arg(long, default_value = "")]
    pub note: String,
    /// Only check and say; sign nothing
    #[arg(long)]
    pub dry_run: bool,
    /// Do not ask at the terminal (with --request; the passphrase is in LOGGIA_PASSPHRASE)
    #[arg(long, conflicts_with = "dry_run")]
    pub yes: bool,
}
