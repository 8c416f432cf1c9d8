//! The command line: one enum of verbs, each handed to the room that does it.

mod bench;
mod data_plane;
mod key;

use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::{Args, Parser, Subcommand};

pub use self::bench::BenchVerb;
pub use self::data_plane::{
    AsPerson, ContextsArgs, DeadLettersVerb, DeviceKeyArgs, DeviceKeyVerb, ImportVerb, Target,
};
pub use self::key::{
    AtCity, DeskArgs, GlassArgs, HoldVerb, KeyVerb, LogKeyArgs, ReleaseArgs, RotateArgs,
};
use crate::config::Config;
use crate::{
    access_policy, alerts, backup, cameras, city_setup, contexts, dead_letters, demo, device_keys,
    keys, openapi, provider, secrecy, serve, verify, witness,
};

/// A city's cameras, sealed at the moment of recording and opened by two people for a logged
/// reason.
#[derive(Debug, Parser)]
#[command(name = "loggia", version, arg_required_else_help = true)]
pub struct Cli {
    #[command(subcommand)]
    verb: Verb,
}

#[derive(Debug, Subcommand)]
enum Verb {
    /// Run the demo city: simulated cameras, recorder, server and everybody's key desk
    Demo(DemoArgs),
    /// Draw and sign the roster: who holds which role and key
    #[command(subcommand)]
    Roster(RosterVerb),
    /// Make the data folder of a real installation
    Init {
        /// Configuration file
        #[arg(long)]
        config: PathBuf,
        /// The first roster, signed by a custodian of each group
        #[arg(long)]
        roster: PathBuf,
    },
    /// Give a person of the roster their first password (in LOGGIA_PASSPHRASE, or asked)
    Account {
        /// Configuration file
        #[arg(long)]
        config: PathBuf,
        /// Person
        person: String,
    },
    /// Record and serve a real installation
    Serve {
        /// Configuration file
        #[arg(long)]
        config: PathBuf,
    },
    /// The ways to people on duty: the mail server's password, and a test
    #[command(subcommand)]
    Alerts(AlertsVerb),
    /// The identity provider: our secret there
    #[command(subcommand)]
    Oidc(OidcVerb),
    /// Find, check and enrol cameras
    #[command(subcommand)]
    Camera(CameraVerb),
    /// Notifications that nobody took: list, send again, drop
    #[command(subcommand)]
    DeadLetters(DeadLettersVerb),
    /// Keys of devices for the data plane: make, list, revoke
    #[command(subcommand)]
    DeviceKey(DeviceKeyVerb),
    /// Bring files into the city's data plane
    #[command(subcommand)]
    Import(ImportVerb),
    /// Make keys and use them on their holder's own machine
    #[command(subcommand)]
    Key(KeyVerb),
    /// Cosign other people's logs: a witness outside the city
    #[command(subcommand)]
    Witness(witness::WitnessVerb),
    /// The access policy: prove it, replay a counterexample, change it
    #[command(subcommand)]
    Policy(access_policy::PolicyVerb),
    /// Check a data folder, an export bundle, a backup or a log, offline
    Verify(VerifyArgs),
    /// Copy a data folder, without the keys that must stay erasable
    Backup(BackupArgs),
    /// Put a backup back
    Restore(RestoreArgs),
    /// Make the offline base map
    #[command(subcommand)]
    Basemap(BasemapVerb),
    /// Print the API's description (OpenAPI 3.1)
    Openapi,
    /// Print every endpoint and who may call it: PATH METHOD ACCESS, from a demo folder made for it
    #[command(hide = true)]
    Routes {
        /// A folder that does not exist yet
        data: PathBuf,
    },
    /// Draw the demo's junction as YUV4MPEG2 to standard output, and its truth to a file
    #[command(hide = true)]
    Junction {
        /// What its traffic is drawn from
        #[arg(long, default_value_t = 1)]
        seed: u64,
        /// Length of the film
        #[arg(long, default_value_t = 60, value_parser = clap::value_parser!(u32).range(1..=86_400))]
        seconds: u32,
        /// Table of everything that is to be seen, frame by frame
        #[arg(long)]
        truth: PathBuf,
    },
    /// The processes that `make bench` measures
    #[command(subcommand, hide = true)]
    Bench(BenchVerb),
}

/// Runs the verb.
pub fn run(cli: Cli) -> anyhow::Result<ExitCode> {
    // What is measured must be readable from outside, and the map is for everybody.
    if !matches!(cli.verb, Verb::Bench(_) | Verb::Basemap(_)) {
        secrecy::keep()?;
    }
    match cli.verb {
        Verb::Demo(args) => demo::run(&args)?,
        Verb::Roster(verb) => city_setup::roster(&verb)?,
        Verb::Init { config, roster } => city_setup::init(&config, &roster)?,
        Verb::Account { config, person } => city_setup::account(&config, &person)?,
        Verb::Serve { config } => serve::city(&Config::read(&config)?)?,
        Verb::Key(verb) => keys::run(&verb)?,
        Verb::Witness(verb) => witness::run(&verb)?,
        Verb::Policy(verb) => return access_policy::run(&verb),
        Verb::Verify(args) => return verify::run(&args),
        Verb::Backup(args) => backup::back_up(&args)?,
        Verb::Restore(args) => backup::restore(&args)?,
        Verb::Basemap(BasemapVerb::Build { extract, out }) => basemap(&extract, &out)?,
        Verb::Alerts(verb) => alerts::run(&verb)?,
        Verb::Oidc(verb) => provider::run(&verb)?,
        Verb::Camera(verb) => cameras::run(&verb)?,
        Verb::DeadLetters(verb) => dead_letters::run(&verb)?,
        Verb::DeviceKey(verb) => device_keys::run(&verb)?,
        Verb::Import(ImportVerb::Contexts(args)) => contexts::import(&args)?,
        Verb::Openapi => say(&openapi::document()?.to_pretty_json()?),
        Verb::Routes { data } => say(&demo::routes(&data)?.join("\n")),
        Verb::Junction {
            seed,
            seconds,
            truth,
        } => junction(seed, seconds, &truth)?,
        Verb::Bench(verb) => crate::bench::run(&verb)?,
    }
    Ok(ExitCode::SUCCESS)
}

fn junction(seed: u64, seconds: u32, truth: &Path) -> anyhow::Result<()> {
    use std::io::{BufWriter, IsTerminal as _, stdout};
    if stdout().is_terminal() {
        anyhow::bail!("this writes a film: pipe it into ffmpeg");
    }
    let mut table = BufWriter::new(std::fs::File::create(truth)?);
    let mut film = BufWriter::with_capacity(1 << 20, stdout().lock());
    let frames = usize::try_from(seconds)? * loggia_sim::junction::FPS;
    loggia_sim::junction::Junction::new(seed).film(frames, &mut film, &mut table)?;
    Ok(())
}

fn basemap(extract: &Path, out: &Path) -> anyhow::Result<()> {
    let built = loggia_register::basemap::build(extract, out)?;
    say(&format!(
        "{} shapes and {} cameras that OpenStreetMap knows ({}), {} bytes, in {}",
        built.shapes,
        built.found_cameras,
        built.date,
        built.map_bytes,
        out.display()
    ));
    Ok(())
}

/// A line of a command's answer, or several. Nothing in it moves a terminal's cursor or turns the
/// direction of writing: such characters are written out.
pub fn say(line: &str) {
    use std::io::Write as _;
    let moves = |c: char| c != '\n' && !loggia_model::is_line(c.encode_utf8(&mut [0; 4]));
    let mut seen = String::with_capacity(line.len());
    for c in line.chars() {
        if moves(c) {
            seen.extend(c.escape_unicode());
        } else {
            seen.push(c);
        }
    }
    // Whoever closed the pipe has read enough.
    let _ = writeln!(std::io::stdout(), "{seen}");
}

/// Asks; anything but `yes` is an error, before anything is signed.
pub fn yes(question: &str) -> anyhow::Result<()> {
    say(question);
    let mut line = String::new();
    std::io::stdin().read_line(&mut line)?;
    if line.trim() != "yes" {
        anyhow::bail!("nothing was signed");
    }
    Ok(())
}

/// Where the demo lives and what it shows.
#[derive(Debug, Args)]
pub struct DemoArgs {
    /// The demo folder; made at first start and marked as demo for good
    #[arg(long, default_value = "data/demo")]
    pub data: PathBuf,
    /// Port of the console on 127.0.0.1
    #[arg(long, default_value_t = 8080)]
    pub port: u16,
    /// Port of the key desk on 127.0.0.1
    #[arg(long, default_value_t = 8081)]
    pub desk_port: u16,
    /// Folder of demo films (demo/streams.sh makes it); without it small built-in clips play
    #[arg(long)]
    pub streams: Option<PathBuf>,
    /// Base map made by `loggia basemap build`
    #[arg(long)]
    pub basemap: Option<PathBuf>,
    /// Folder of JSON-LD @contexts (`loggia import contexts`); `demo/contexts` when it is there
    #[arg(long)]
    pub contexts: Option<PathBuf>,
    /// Footage takes no more than this, as if the disk were full then
    #[arg(long, hide = true)]
    pub quota_bytes: Option<u64>,
    /// No simulated readings: the city's data is empty until somebody writes
    #[arg(long)]
    pub no_readings: bool,
}

/// Alerts to people on duty.
#[derive(Debug, Subcommand)]
pub enum AlertsVerb {
    /// Keep the mail server's password, sealed (in LOGGIA_PASSPHRASE, or asked)
    Password {
        /// Configuration file
        #[arg(long)]
        config: PathBuf,
    },
    /// Send a test on every way and say what became of it
    Test {
        /// Configuration file
        #[arg(long)]
        config: PathBuf,
        /// Whom to call: a person of the roster
        #[arg(long)]
        person: String,
    },
}

/// The identity provider.
#[derive(Debug, Subcommand)]
pub enum OidcVerb {
    /// Keep our secret at the provider, sealed (in LOGGIA_PASSPHRASE, or asked)
    Secret {
        /// Configuration file
        #[arg(long)]
        config: PathBuf,
    },
}

/// Cameras.
#[derive(Debug, Subcommand)]
pub enum CameraVerb {
    /// Ask the network for ONVIF cameras (WS-Discovery)
    Discover {
        /// Seconds to listen
        #[arg(long, default_value_t = 3)]
        seconds: u64,
        /// Ask this address instead of the multicast group
        #[arg(long)]
        ask: Option<SocketAddr>,
    },
    /// Say what is wrong with a camera, in a technician's words (password in
    /// LOGGIA_CAMERA_PASSWORD)
    Check {
        /// `rtsp://…` address of the stream, or `http://…` address of the ONVIF device service
        address: String,
        /// User name
        #[arg(long, default_value = "")]
        user: String,
    },
    /// Enrol a camera at a running Loggia: declared, logged, then recorded
    Add {
        /// The camera's declaration, a TOML file
        declaration: PathBuf,
        #[command(flatten)]
        at: AsPerson,
    },
}

/// The roster.
#[derive(Debug, Subcommand)]
pub enum RosterVerb {
    /// Draw a version from a list of members
    Draft {
        /// `members.toml`: rows as `loggia key show` prints them
        members: PathBuf,
        /// The version before, when there is one
        #[arg(long)]
        after: Option<PathBuf>,
        /// File to write
        #[arg(long)]
        out: PathBuf,
    },
    /// Say who is in a version, and its hash: compare it with what a desk says at first contact
    Show {
        /// The roster
        roster: PathBuf,
    },
    /// Sign a drawn version as a custodian, on the custodian's own machine
    Sign {
        /// The drawn roster; the signature is added to it
        roster: PathBuf,
        /// Key file
        #[arg(long)]
        key: PathBuf,
    },
    /// Send a version that both groups have signed to the city, which logs it and takes it
    Send {
        /// The signed roster
        roster: PathBuf,
        #[command(flatten)]
        at: AtCity,
    },
}

/// What to check.
#[derive(Debug, Args)]
pub struct VerifyArgs {
    /// Data folder, export bundle (.zip), entry of the log (.json), backup or folder of log tiles
    pub what: PathBuf,
    /// A checkpoint kept from earlier: the log must still contain it
    #[arg(long)]
    pub since: Option<PathBuf>,
    /// The log policy (C2SP tlog-policy) that the log entry of a bundle must be cosigned by
    #[arg(long)]
    pub policy: Option<PathBuf>,
    /// The log's public key (`name+hash+key`), when it is known from elsewhere
    #[arg(long)]
    pub log_key: Option<String>,
}

/// A copy.
#[derive(Debug, Args)]
pub struct BackupArgs {
    /// Data folder
    #[arg(long)]
    pub data: PathBuf,
    /// Folder to write; must not exist
    pub to: PathBuf,
}

/// A copy put back.
#[derive(Debug, Args)]
pub struct RestoreArgs {
    /// Backup folder
    pub from: PathBuf,
    /// Data folder to make; must not exist
    #[arg(long)]
    pub data: PathBuf,
    /// Only say what would happen
    #[arg(long)]
    pub dry_run: bool,
}

/// The base map.
#[derive(Debug, Subcommand)]
pub enum BasemapVerb {
    /// OpenStreetMap extract → one GeoJSON
    Build {
        /// `.osm.pbf` file
        extract: PathBuf,
        /// Folder to write
        #[arg(long, default_value = ".cache/basemap")]
        out: PathBuf,
    },
}
