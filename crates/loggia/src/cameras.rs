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

use crate::cli::{CameraVerb, say};
use crate::clock::SystemClock;

/// Longest wait for the city's answer: it asks the camera first, for as long as a probe lives.
const ANSWER_TIME_MAX: Duration = Duration::from_secs(45);
/// Environment variable with a camera's password.
const CAMERA_PASSWORD: &str = "LOGGIA_CAMERA_PASSWORD";
/// Environment variable with the administrator's password.
const PASSWORD: &str = "LOGGIA_PASSWORD";

/// Runs the verb.
pub fn run(verb: &CameraVerb) -> anyhow::Result<()> {
    match verb {
        CameraVerb::Discover { seconds, ask } => discover(*seconds, *ask),
        CameraVerb::Check { address, user } => check(address, user),
        CameraVerb::Add {
            declaration,
            server,
            person,
        } => add(declaration, server, person),
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
fn add(declaration: &Path, server: &str, person: &str) -> anyhow::Result<()> {
    let text = std::fs::read_to_string(declaration)
        .with_context(|| format!("{} cannot be read", declaration.display()))?;
    let fields: toml::Table =
        toml::from_str(&text).with_context(|| format!("{} is not TOML", declaration.display()))?;
    let password = std::env::var(PASSWORD).with_context(|| format!("set {PASSWORD}"))?;
    let server = server.trim_end_matches('/');
    let agent = ureq::Agent::config_builder()
        .timeout_global(Some(ANSWER_TIME_MAX))
        .http_status_as_error(false)
        .build()
        .new_agent();
    let sign_in = serde_json::json!({ "person": person, "password": password });
    let call = agent
        .post(format!("{server}/api/v1/session"))
        .header("origin", server);
    let answer = call
        .send_json(&sign_in)
        .with_context(|| format!("{server} does not answer"))?;
    if !answer.status().is_success() {
        bail!("{person} was not let in: check the name and {PASSWORD}");
    }
    let cookie = answer
        .headers()
        .get("set-cookie")
        .and_then(|c| c.to_str().ok());
    let cookie = cookie
        .and_then(|c| c.split(';').next())
        .context("there is no session")?;
    let call = agent
        .post(format!("{server}/api/v1/inventory"))
        .header("origin", server)
        .header("cookie", cookie);
    let mut answer = call.send_json(&fields)?;
    let body: serde_json::Value = answer.body_mut().read_json()?;
    if !answer.status().is_success() {
        bail!(
            "{}",
            body["detail"]
                .as_str()
                .unwrap_or("the camera was not enrolled")
        );
    }
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
