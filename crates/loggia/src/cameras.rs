//! `loggia camera`: find cameras on the network, say what is wrong with one, enrol one.
//! Looking uses a short-lived probe; only enrolment makes a camera one that is recorded.

use std::net::SocketAddr;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context, bail};
use loggia_model::Clock;
use loggia_shield::{Probe, Scheme};
use loggia_video::onvif;

use crate::cli::{AsPerson, CameraVerb, say};
use crate::clock::SystemClock;
use crate::session::Session;

/// Environment variable with a camera's password.
const CAMERA_PASSWORD: &str = "LOGGIA_CAMERA_PASSWORD";

/// Runs the verb.
pub fn run(verb: &CameraVerb) -> anyhow::Result<()> {
    match verb {
        CameraVerb::Discover { seconds, ask } => discover(*seconds, *ask),
        CameraVerb::Check { address, user } => check(address, user),
        CameraVerb::Add { declaration, at } => add(declaration, at),
    }
}

fn runtime() -> anyhow::Result<tokio::runtime::Runtime> {
    Ok(tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()?)
}

fn discover(seconds: u64, ask: Option<SocketAddr>) -> anyhow::Result<()> {
    let to = ask.unwrap_or(onvif::GROUP);
    let found = runtime()?.block_on(onvif::discover(to, Duration::from_secs(seconds)))?;
    for camera in &found {
        say(&format!("{}  {}", camera.ip, camera.onvif_url));
    }
    say(&format!(
        "{} answered; look at one with `loggia camera check ADDRESS`",
        found.len()
    ));
    Ok(())
}

fn check(address: &str, user: &str) -> anyhow::Result<()> {
    let password = std::env::var(CAMERA_PASSWORD).unwrap_or_default();
    let clock: Arc<dyn Clock> = Arc::new(SystemClock);
    let probe = |scheme| Probe::of(address, scheme, user, &password, clock.as_ref());
    let (stream, device) = if address.starts_with("rtsp://") {
        (Some(probe(Scheme::Rtsp)?), None)
    } else if address.starts_with("http://") {
        (None, Some(probe(Scheme::Http)?))
    } else {
        bail!("give the rtsp:// address of a stream or the http:// address of an ONVIF service");
    };
    let looking = onvif::check_probe(stream.as_ref(), device, Arc::clone(&clock));
    let report = runtime()?.block_on(looking);
    if let Some(device) = &report.device {
        let said = &device.information;
        say(&format!(
            "{} {}, firmware {}",
            said.make, said.model, said.firmware
        ));
        for (profile, stream) in &device.profiles {
            say(&format!(
                "profile {}: {}",
                profile.token,
                stream.as_deref().unwrap_or("no stream")
            ));
        }
    }
    if let (Some(codec), Some(width), Some(height)) = (&report.codec, report.width, report.height) {
        say(&format!("stream: {codec}, {width} × {height}"));
    }
    for finding in &report.findings {
        say(&format!("to do: {}", finding.text()));
    }
    if report.findings.is_empty() {
        say("all is well");
    }
    Ok(())
}

/// The running Loggia enrols it, so that the log keeps its one writer.
fn add(declaration: &Path, at: &AsPerson) -> anyhow::Result<()> {
    let text = std::fs::read_to_string(declaration)
        .with_context(|| format!("{} cannot be read", declaration.display()))?;
    let fields: toml::Table =
        toml::from_str(&text).with_context(|| format!("{} is not TOML", declaration.display()))?;
    let fields = serde_json::to_value(fields)?;
    let body = Session::begin(at)?.post("/api/v1/inventory", &fields)?;
    let confirmed = match body["mask_check"].as_str() {
        Some("camera") => "the camera confirms what is declared of its privacy masks".to_owned(),
        _ => format!(
            "the camera cannot say whether it masks; that {} looked is recorded",
            body["mask_seen_by"].as_str().unwrap_or_default()
        ),
    };
    say(&format!(
        "enrolled as camera {}: {confirmed}; it is recorded within seconds",
        body["id"]
    ));
    Ok(())
}
