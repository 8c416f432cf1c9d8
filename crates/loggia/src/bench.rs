//! The processes that `bench/run.py` measures: cameras alone, the real recorder alone, sealing
//! alone. Prints figures and nothing else; never used by a city.

use std::io::{BufRead, Write};
use std::net::{Ipv4Addr, SocketAddr};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant};

use loggia_model::{At, CameraId, Clock, HOUR_US, LegalBasis, SpanId};
use loggia_seal::{
    Chain, CustodianKey, Custodians, Draft, Head, HourKey, Phase, PieceTime, Randomness,
    RecorderKey, Track,
};
use loggia_shield::{CameraDecl, Mask};
use loggia_sim::{CameraConfig, Film, SimCity, SimConfig, WriteMode};
use loggia_video::RecorderConfig;

use crate::bench_witnessed;
use crate::cli::BenchVerb;
use crate::clock::SystemClock;
use crate::house::{House, Plan};

/// Runs one of the measured processes.
pub fn run(verb: &BenchVerb) -> anyhow::Result<()> {
    match verb {
        BenchVerb::Cameras {
            count,
            mode,
            port,
            stream,
        } => cameras(*count, mode, *port, stream),
        BenchVerb::Record {
            cameras,
            port,
            data,
            holders,
        } => record(*cameras, *port, data, *holders),
        BenchVerb::Seal { holders } => seal(*holders),
        BenchVerb::Witnessed { data, rounds } => bench_witnessed::run(data, *rounds),
    }
}

#[expect(clippy::print_stdout, reason = "the figures are this command's output")]
fn tell(line: &str) -> anyhow::Result<()> {
    println!("{line}");
    Ok(std::io::stdout().flush()?)
}

fn cameras(count: u32, mode: &str, port: u16, stream: &Path) -> anyhow::Result<()> {
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(1)
        .enable_all()
        .build()?;
    runtime.block_on(async {
        let film = Arc::new(Film::load(stream, 25)?);
        let name = |n| format!("{n:04}");
        let list = (1..=count)
            .map(|n| CameraConfig::new(name(n), Arc::clone(&film)))
            .collect();
        let mut config = SimConfig::new(1, Arc::new(SystemClock), list);
        config.rtsp = SocketAddr::from((Ipv4Addr::LOCALHOST, port));
        config.write_mode = if mode == "packet" {
            WriteMode::PerPacket
        } else {
            WriteMode::Burst
        };
        let city = SimCity::start(config).await?;
        tell("ready")?;
        tokio::signal::unix::signal(tokio::signal::unix::SignalKind::terminate())?
            .recv()
            .await;
        city.stop().await;
        Ok(())
    })
}

fn custodians(holders: u32) -> anyhow::Result<Custodians> {
    let mut randomness = Randomness::machine();
    let mut group = || {
        (0..holders)
            .map(|_| Ok(CustodianKey::generate(&mut randomness)?.public()))
            .collect::<anyhow::Result<Vec<_>>>()
    };
    Ok(Custodians::new(1, group()?, group()?)?)
}

/// The recorder with sealing, index, syncing and log, as in a city; commands come on standard
/// input.
fn record(count: u32, port: u16, data: &Path, holders: u32) -> anyhow::Result<()> {
    let house = House::open(Plan {
        data: data.to_owned(),
        city: "Bench".to_owned(),
        origin: "bench.loggia.example/log".to_owned(),
        demo: None,
        sync_interval: loggia_store::SYNC_INTERVAL,
        quota_bytes: None,
        alerts: crate::alerts::AlertsConfig::default(),
        time_authority: None,
        witnesses: None,
        square: crate::house::SquarePlan::default(),
        reach: crate::data_plane::Reach::default(),
        past: crate::data_plane::Past::default(),
        field: loggia_field::FieldConfig::default(),
    })?;
    for n in 1..=count {
        let asker = house.ask_masks();
        house.shield.enroll(&declaration(n, port), asker.as_ref())?;
    }
    let (_keep, custodians) = tokio::sync::watch::channel(Arc::new(custodians(holders)?));
    let recorder = house.record(custodians, RecorderConfig::default())?;
    tell("ready")?;
    for line in std::io::stdin().lock().lines() {
        match line?.as_str() {
            "empty" => {
                empty(&data.join(loggia_store::BLOBS))?;
                tell("{}")?;
            }
            _ => {
                let health = recorder.health();
                let sum = |f: fn(&loggia_video::Health) -> u64| health.iter().map(f).sum::<u64>();
                let recording = health
                    .iter()
                    .filter(|h| h.state == loggia_video::State::Recording)
                    .count();
                tell(&format!(
                    "{{\"bytes\":{},\"dropped\":{},\"lost\":{},\"restarts\":{},\"recording\":{recording}}}",
                    sum(|h| h.media_bytes),
                    sum(|h| h.gops_dropped),
                    sum(|h| h.packets_lost),
                    sum(|h| h.restarts),
                ))?;
            }
        }
    }
    recorder.stop();
    Ok(())
}

fn declaration(n: u32, port: u16) -> CameraDecl {
    CameraDecl {
        label: format!("Bench {n}"),
        make: String::new(),
        model: String::new(),
        firmware: String::new(),
        origin: String::new(),
        rtsp_url: format!("rtsp://127.0.0.1:{port}/cam/{n:04}"),
        sub_rtsp_url: None,
        onvif_url: None,
        username: String::new(),
        password: String::new(),
        lat: 60.17,
        lon: 24.94,
        heading_deg: 0.0,
        purpose: "bench".to_owned(),
        legal_basis: LegalBasis("bench".to_owned()),
        accountable: "bench".to_owned(),
        retention_h: 72,
        place: "bench".to_owned(),
        mask: Mask::Absent,
        mask_seen_by: Some("bench".to_owned()),
    }
}

/// Every segment but the newest goes: recordings in memory are a ring.
fn empty(blobs: &Path) -> anyhow::Result<()> {
    let mut segments: Vec<PathBuf> = Vec::new();
    for hour in std::fs::read_dir(blobs)? {
        let hour = hour?.path();
        if hour.is_dir() {
            for file in std::fs::read_dir(hour)? {
                segments.push(file?.path());
            }
        }
    }
    segments.sort_by_key(|p| std::fs::metadata(p).and_then(|m| m.modified()).ok());
    segments.pop();
    for old in segments {
        std::fs::remove_file(old)?;
    }
    Ok(())
}

/// Sealing one 20 s span of ten 1 MB pieces, step by step; medians of 30 rounds, microseconds.
fn seal(holders: u32) -> anyhow::Result<()> {
    const ROUNDS: usize = 30;
    const PIECES: i64 = 10;
    let mut randomness = Randomness::machine();
    let hour_key = HourKey::generate(&mut randomness)?;
    let (key, _) = RecorderKey::generate(&mut randomness)?;
    let to = custodians(holders.max(1))?;
    let begin = At(SystemClock.now().0 / HOUR_US * HOUR_US);
    let mut chain = Chain::new(CameraId(1), Arc::new(key), Head::default(), 0);
    let picture = vec![0x5a_u8; 1_000_000];
    let mut steps: [Vec<f64>; 4] = Default::default();
    for round in 0..ROUNDS {
        let started = Instant::now();
        chain.open_span(
            SpanId(round as u64 + 1),
            begin,
            &to,
            &hour_key,
            &mut randomness,
        )?;
        steps[3].push(micros(started.elapsed()));
        let mut spent = [0.0; 3];
        for piece in 0..PIECES {
            let (from, until) = (
                At(begin.0 + piece * 2_000_000),
                At(begin.0 + (piece + 1) * 2_000_000),
            );
            let time = PieceTime {
                track: Track::Main,
                begin: from,
                end: until,
                camera_begin: None,
            };
            let draft = Draft::from(&picture[..]);
            let mut last = Instant::now();
            let sealed = chain.piece_in_phases(time, draft, |phase| {
                let place = match phase {
                    Phase::Encrypted => 0,
                    Phase::Hashed => 1,
                    Phase::Signed => 2,
                };
                spent[place] += micros(last.elapsed());
                last = Instant::now();
            })?;
            drop(sealed);
        }
        chain.close_span()?;
        for (all, one) in steps.iter_mut().zip(spent) {
            all.push(one);
        }
    }
    let [aes, hash, sign, wrap] = steps.map(median);
    // With no holder at all nothing is wrapped: the share of wrapping is what the first one costs.
    let wrap = if holders == 0 { 0.0 } else { wrap };
    let total = aes + hash + sign + wrap;
    tell(&format!(
        "{{\"holders\":{holders},\"aes_us\":{aes:.1},\"hash_us\":{hash:.1},\"sign_us\":{sign:.1},\
         \"wrap_us\":{wrap:.1},\"total_us\":{total:.1}}}"
    ))
}

fn micros(d: Duration) -> f64 {
    d.as_secs_f64() * 1e6
}

fn median(mut all: Vec<f64>) -> f64 {
    all.sort_by(f64::total_cmp);
    all.get(all.len() / 2).copied().unwrap_or(0.0)
}
