//! The verbs of `loggia bench`, which `make bench` calls. Never shown in the help.

use std::path::PathBuf;

use clap::Subcommand;

/// What is measured.
#[derive(Debug, Subcommand)]
pub enum BenchVerb {
    /// Simulated cameras
    Cameras {
        /// How many
        #[arg(long)]
        count: u32,
        /// `burst` or `packet`
        #[arg(long)]
        mode: String,
        /// RTSP port on 127.0.0.1
        #[arg(long)]
        port: u16,
        /// Film
        #[arg(long)]
        stream: PathBuf,
    },
    /// The recorder
    Record {
        /// How many cameras
        #[arg(long)]
        cameras: u32,
        /// Their RTSP port on 127.0.0.1
        #[arg(long)]
        port: u16,
        /// Data folder
        #[arg(long)]
        data: PathBuf,
        /// Custodians in each group
        #[arg(long)]
        holders: u32,
    },
    /// From the last approval to what a custodian can release, with 3 of 5 witnesses
    Witnessed {
        /// A folder that does not exist yet
        #[arg(long)]
        data: PathBuf,
        /// How many approvals
        #[arg(long, default_value_t = 100)]
        rounds: u32,
    },
    /// Sealing, step by step
    Seal {
        /// Custodians in each group
        #[arg(long)]
        holders: u32,
    },
}
