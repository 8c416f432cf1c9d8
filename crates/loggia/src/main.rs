//! The binary: command line, configuration, wiring. One verb each; no domain logic lives here.

mod access_policy;
mod alerts;
mod backup;
mod bench;
mod bench_witnessed;
mod cameras;
mod city;
mod city_setup;
mod cli;
mod clock;
mod config;
mod contexts;
mod custodian;
mod data_plane;
mod dead_letters;
mod demo;
mod demo_town;
mod demo_witnesses;
mod desk;
mod device_keys;
mod door;
mod field;
mod files;
mod forms;
mod glass;
mod guests;
mod house;
mod keys;
mod one_line;
mod openapi;
mod pages;
mod provider;
mod roster;
mod rules;
mod secrecy;
mod serve;
mod session;
mod tls;
mod turns;
mod verify;
mod welcome;
mod witness;

use std::io::IsTerminal as _;
use std::process::ExitCode;

use clap::Parser;

/// The C library's own costs the data plane a third of its writes (`bench/data_plane.py`).
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    tracing_subscriber::fmt()
        .with_env_filter(
            tracing_subscriber::EnvFilter::try_from_env("LOGGIA_LOG")
                .unwrap_or_else(|_| tracing_subscriber::EnvFilter::new("warn,loggia=info")),
        )
        // Colours are for a person at a terminal, not for files.
        .with_ansi(std::io::stderr().is_terminal())
        .with_writer(|| one_line::OneLine)
        .init();
    match cli::run(cli::Cli::parse()) {
        Ok(code) => code,
        Err(error) => {
            tracing::error!("{error:#}");
            ExitCode::FAILURE
        }
    }
}
