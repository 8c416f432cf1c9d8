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
    /// Shut it at once, or take back a word that waits
    #[arg(long)]
    pub end: bool,
}

/// A key desk.
#[derive(Debug, Args)]
pub struct DeskArgs {
    /// Key file, or a folder of them
    #[arg(long)]
    pub keys: PathBuf,
    #[command(flatten)]
    pub city: CityArgs,
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
    #[command(flatten)]
    pub city: CityArgs,
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

/// The public log's next key.
#[derive(Debug, Args)]
pub struct LogKeyArgs {
    #[command(flatten)]
    pub at: AtCity,
    /// The statement that a custodian of the other group has drawn: it is shown, signed and sent
    pub proposal: Option<PathBuf>,
    /// Follow the log to the key that both groups named, and add it to the log policy beside the
    /// key
    #[arg(long, conflicts_with = "proposal")]
    pub follow: bool,
    /// Where a drawn statement goes
    #[arg(long, default_value = "log-key-next.json")]
    pub out: PathBuf,
    /// Sign without asking
    #[arg(long)]
    pub yes: bool,
}

/// Which city.
#[derive(Debug, Args)]
pub struct CityArgs {
    /// Address of the city's Loggia
    #[arg(long)]
    pub server: String,
    /// The city's certificate, or its authority's (PEM): no other is trusted
    #[arg(long)]
    pub cert: Option<PathBuf>,
}

/// Whose key, and at which city.
#[derive(Debug, Args)]
pub struct AtCity {
    /// Key file, on its holder's own machine
    #[arg(long)]
    pub key: PathBuf,
    #[command(flatten)]
    pub city: CityArgs,
}

/// A rotation. Without a file, `--add` and `--remove` it only hands on what is kept to those of the
/// own group who lack a share of it; it can be cut short and run again at any time.
#[derive(Debug, Args)]
pub struct RotateArgs {
    #[command(flatten)]
    pub at: AtCity,
    /// The next roster, drawn and signed by somebody else: it is shown, signed and sent
    #[arg(conflicts_with_all = ["add", "remove"])]
    pub proposal: Option<PathBuf>,
    /// Draw the next roster with these people: rows as `loggia key show` prints them, filled in
    #[arg(long)]
    pub add: Vec<PathBuf>,
    /// Draw the next roster without this person
    #[arg(long)]
    pub remove: Vec<String>,
    /// Where the drawn roster goes
    #[arg(long, default_value = "roster-next.json")]
    pub out: PathBuf,
    /// Sign without asking
    #[arg(long)]
    pub yes: bool,
    /// Seconds until the spans that run now have ended
    #[arg(long, hide = true, default_value_t = 90)]
    pub settle_s: u64,
}

/// Holds at the desk.
#[derive(Debug, Subcommand)]
pub enum HoldVerb {
    /// Every hold, each checked against the public log
    List {
        #[command(flatten)]
        at: AtCity,
    },
    /// Ask for a hold
    Ask {
        #[command(flatten)]
        at: AtCity,
        /// Camera and its first and last span, CAMERA:FIRST-LAST
        #[arg(long, required = true)]
        spans: Vec<String>,
        /// Why, in words
        #[arg(long)]
        reason: String,
        /// Ends after so many days at the latest
        #[arg(long)]
        days: u32,
        /// Is looked at again after so many days
        #[arg(long)]
        review_days: Option<u32>,
    },
    /// Agree to a hold that was asked for
    Agree {
        #[command(flatten)]
        at: AtCity,
        /// The hold's name (64 digits)
        id: String,
    },
    /// Agree to end a hold before its term
    End {
        #[command(flatten)]
        at: AtCity,
        /// The hold's name (64 digits)
        id: String,
    },
}
