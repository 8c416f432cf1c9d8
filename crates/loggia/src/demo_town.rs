//! Things of the demo city that measure, and write what they read as any device does: over HTTP,
//! with the NGSI-LD API. Never part of a real city, and never writes but to its own demo.

use std::net::SocketAddr;
use std::sync::Arc;
use std::thread;
use std::time::Duration;

use anyhow::{Context, bail};
use loggia_model::{At, Clock};
use loggia_sim::Town;
use serde_json::Value;

/// The demo's one town.
const SEED: u64 = 2026;
/// How often what is due is written: the buses read every ten seconds.
const TURN: Duration = Duration::from_secs(5);
/// A day before the first start, so that a chart has something to show: 96 readings a value.
const PAST_S: i64 = 24 * 3_600;
const STEP_S: i64 = 900;
/// The longest that a write may take, on a machine that has just begun to record.
const ANSWER_TIME_MAX: Duration = Duration::from_secs(30);
/// Tries, a turn apart, until the server listens.
const TRIES: u32 = 60;

/// Starts to write to the demo at `console`, on a thread of its own, as long as the program runs.
pub fn start(console: SocketAddr, clock: Arc<dyn Clock>) -> anyhow::Result<()> {
    let device = Device {
        agent: ureq::Agent::config_builder()
            .timeout_global(Some(ANSWER_TIME_MAX))
            .http_status_as_error(false)
            .build()
            .new_agent(),
        base: format!("http://{console}/ngsi-ld/v1"),
    };
    let work = move || {
        let town = Town::new(SEED);
        if let Err(e) = device.settle(&town, &*clock) {
            tracing::warn!(error = %format!("{e:#}"), "the demo has no readings");
            return;
        }
        device.follow(&town, &*clock);
    };
    let thread = thread::Builder::new().name("demo-town".to_owned());
    thread
        .spawn(work)
        .context("no thread for the demo's readings")?;
    Ok(())
}

/// What all the things write with.
struct Device {
    agent: ureq::Agent,
    base: String,
}

impl Device {
    /// Makes the town where it is not there yet, with a day of history.
    fn settle(&self, town: &Town, clock: &dyn Clock) -> anyhow::Result<()> {
        self.wait()?;
        let now = clock.now();
        let all = town.entities(now);
        let id = all
            .first()
            .and_then(|e| e["id"].as_str())
            .unwrap_or_default();
        let there = self
            .agent
            .get(format!("{}/entities/{id}", self.base))
            .call()?;
        if !there.status().is_success() {
            for past in town.past(now, PAST_S, STEP_S) {
                self.write("/temporal/entities", &past)?;
            }
        }
        self.write("/entityOperations/upsert", &Value::Array(all))
    }

    /// Until the server, which begins at the same time, listens.
    fn wait(&self) -> anyhow::Result<()> {
        for _ in 0..TRIES {
            let asked = self.agent.get(format!("{}/types", self.base)).call();
            if asked.is_ok_and(|answer| answer.status().is_success()) {
                return Ok(());
            }
            thread::sleep(TURN);
        }
        bail!("{} does not answer", self.base)
    }

    /// Writes what is due, turn by turn. What cannot be written is late and comes with the next.
    fn follow(&self, town: &Town, clock: &dyn Clock) {
        let mut written: At = clock.now();
        loop {
            thread::sleep(TURN);
            let now = clock.now();
            let due = town.due(written, now);
            if due.is_empty() {
                continue;
            }
            match self.write(
                "/entityOperations/upsert?options=update",
                &Value::Array(due),
            ) {
                Ok(()) => written = now,
                Err(e) => tracing::debug!(error = %format!("{e:#}"), "the demo's readings wait"),
            }
        }
    }

    fn write(&self, path: &str, body: &Value) -> anyhow::Result<()> {
        let call = self.agent.post(format!("{}{path}", self.base));
        let answer = call.send_json(body)?;
        if !answer.status().is_success() {
            bail!("{path} was answered {}", answer.status());
        }
        Ok(())
    }
}
