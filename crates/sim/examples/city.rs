//! A city in its own process, for benches that count the simulator's CPU apart: `city --film FILE
//! [--cameras N] [--port N] [--fps N] [--seed N] [--write burst|packet]`. Writes its cameras'
//! addresses as one line of JSON; a line on standard input asks for what was sent so far; at the
//! end of standard input it finishes all GOPs, says what was sent, and ends. Never checks
//! passwords.

use std::io::{Error, Result, Write as _, stdin, stdout};
use std::net::{Ipv4Addr, SocketAddr};
use std::path::PathBuf;
use std::sync::Arc;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use loggia_model::{At, Clock};
use loggia_sim::{CameraConfig, Film, SimCity, SimConfig, Track, WriteMode};
use tokio::sync::mpsc;

/// How long finishing GOPs may take: a key frame comes every few seconds.
const PATIENCE: Duration = Duration::from_secs(20);

struct MachineClock(Instant);

impl Clock for MachineClock {
    #[expect(
        clippy::disallowed_methods,
        reason = "a binary is where real time comes in"
    )]
    fn now(&self) -> At {
        let since = SystemTime::now()
            .duration_since(UNIX_EPOCH)
            .unwrap_or_default();
        At(i64::try_from(since.as_micros()).unwrap_or(i64::MAX))
    }

    fn mono(&self) -> Duration {
        self.0.elapsed()
    }
}

fn config() -> Result<SimConfig> {
    let (mut film, mut cameras, mut port, mut fps, mut seed) = (None, 1, 0, 25, 1);
    let mut write_mode = WriteMode::Burst;
    let mut words = std::env::args().skip(1);
    while let Some(word) = words.next() {
        let value = words
            .next()
            .ok_or_else(|| Error::other(format!("{word} needs a value")))?;
        let number = || value.parse::<u16>().map_err(Error::other);
        match word.as_str() {
            "--film" => film = Some(PathBuf::from(&value)),
            "--cameras" => cameras = number()?,
            "--port" => port = number()?,
            "--fps" => fps = u32::from(number()?),
            "--seed" => seed = u64::from(number()?),
            "--write" if value == "burst" => write_mode = WriteMode::Burst,
            "--write" if value == "packet" => write_mode = WriteMode::PerPacket,
            _ => {
                return Err(Error::other(format!(
                    "{word} {value}: see the top of this file"
                )));
            }
        }
    }
    let film = film.ok_or_else(|| Error::other("--film is missing"))?;
    let film = Arc::new(Film::load(&film, fps).map_err(Error::other)?);
    let cameras = (1..=cameras)
        .map(|n| CameraConfig::new(format!("{n:04}"), film.clone()))
        .collect();
    let mut config = SimConfig::new(seed, Arc::new(MachineClock(Instant::now())), cameras);
    config.rtsp = SocketAddr::from((Ipv4Addr::LOCALHOST, port));
    config.write_mode = write_mode;
    Ok(config)
}

fn tell(city: &SimCity) -> Result<()> {
    let mut total = serde_json::Map::new();
    for camera in city.cameras() {
        let sent = city.sent(&camera.name, Track::Main).map_err(Error::other)?;
        let serde_json::Value::Object(sent) = serde_json::to_value(sent)? else {
            continue;
        };
        for (name, value) in sent {
            let sum = total
                .get(&name)
                .and_then(serde_json::Value::as_u64)
                .unwrap_or(0);
            total.insert(name, (sum + value.as_u64().unwrap_or(0)).into());
        }
    }
    total.insert("playing".into(), city.playing().into());
    writeln!(stdout(), "{}", serde_json::Value::Object(total))
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<()> {
    let city = SimCity::start(config()?).await.map_err(Error::other)?;
    writeln!(stdout(), "{}", serde_json::to_string(&city.cameras())?)?;
    let (asked, mut asks) = mpsc::channel(1);
    std::thread::Builder::new()
        .name("stdin".into())
        .spawn(move || {
            for line in stdin().lines() {
                if line.is_err() || asked.blocking_send(()).is_err() {
                    return;
                }
            }
        })?;
    while asks.recv().await.is_some() {
        tell(&city)?;
    }
    city.finish_gops(PATIENCE).await;
    tell(&city)?;
    city.stop().await;
    Ok(())
}
