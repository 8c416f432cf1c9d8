//! The line to one MQTT server: connect, subscribe, take, write, acknowledge. A message is
//! acknowledged when what it says is on disk, and comes again otherwise. Never holds more than the
//! server was told that may be under way.

mod session;

use std::io::Error as IoError;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use loggia_model::{At, Clock};
use loggia_mqtt::{DISCONNECT, Incoming, PINGRESP, PUBLISH, Packet, Qos, SUBACK};
use rustls::ClientConfig;
use tokio::io::AsyncWriteExt;
use tokio::sync::watch;
use tokio::time::{Instant, MissedTickBehavior, interval, sleep};

use crate::driver::{Ask, Message};
use crate::intake::{Intake, Retained};
use crate::lost::{Lost, Tally};
use crate::server::{Server, UNDER_WAY_MAX};
use crate::sink::{Change, Kept, Refused, Sink};
use session::{Session, front, tell};

/// First pause after a failure; it doubles with each.
const PAUSE_MIN: Duration = Duration::from_secs(1);
/// Longest pause.
const PAUSE_MAX: Duration = Duration::from_secs(60);
/// A connection, and each answer within its greeting, is waited for so long.
const PATIENCE: Duration = Duration::from_secs(10);
/// A sign of life is asked for so often: half of what the greeting says.
const PING_EVERY: Duration = Duration::from_secs(30);
/// A server that says nothing for so long is gone.
const SILENCE_MAX: Duration = Duration::from_secs(75);
/// What is stale is looked for so often.
const LOOK_EVERY: Duration = Duration::from_secs(1);
/// When too much waits for the disk, the next try comes after this …
const BUSY_PAUSE: Duration = Duration::from_millis(50);
/// … and after so many the line is broken off, to come back later: ten seconds.
const BUSY_TRIES: u32 = 200;

/// Says `true` when all is to end.
pub type Stop = watch::Receiver<bool>;

/// How a line stands.
#[derive(Debug, Clone, Default)]
pub struct Standing {
    /// Whether the server is subscribed to.
    pub is_connected: bool,
    /// Why not, last.
    pub trouble: Option<String>,
    /// Messages that came.
    pub messages: u64,
    /// Changes of entities that came to disk.
    pub kept: u64,
    /// What did not become readings.
    pub lost: Tally,
}

/// The line to a server.
pub struct Line {
    server: Server,
    intake: Intake,
    sink: Arc<dyn Sink>,
    clock: Arc<dyn Clock>,
    tls: Arc<ClientConfig>,
    standing: Arc<Mutex<Standing>>,
}

/// Why a session ended.
enum Ended {
    /// It was to end.
    Stopped,
    /// The server, or the way to it.
    Server(String),
    /// The data plane.
    DataPlane(String),
}

impl From<IoError> for Ended {
    fn from(e: IoError) -> Self {
        Self::Server(format!("the connection broke: {e}"))
    }
}

impl Line {
    /// A line that was not begun.
    #[must_use]
    pub fn new(
        server: Server,
        intake: Intake,
        sink: Arc<dyn Sink>,
        clock: Arc<dyn Clock>,
        tls: Arc<ClientConfig>,
    ) -> Self {
        Self {
            server,
            intake,
            sink,
            clock,
            tls,
            standing: Arc::default(),
        }
    }

    /// How it stands, to be looked at while it runs.
    #[must_use]
    pub fn standing(&self) -> Arc<Mutex<Standing>> {
        Arc::clone(&self.standing)
    }

    /// Listens until it is to stop.
    pub async fn run(mut self, mut stop: Stop) {
        let mut pause = PAUSE_MIN;
        loop {
            let begun = Instant::now();
            let sink = Arc::clone(&self.sink);
            // What was not acknowledged comes again: what is known is what is written.
            self.intake
                .begin(&|tenant, kind, names| sink.standing(tenant, kind, names));
            let filters = self.intake.filters();
            let ended = match Session::open(&self.server, &self.tls, &filters).await {
                Ok(session) => self.listen(session, &mut stop).await,
                Err(ended) => ended,
            };
            let why = match ended {
                Ended::Stopped => return,
                Ended::Server(why) | Ended::DataPlane(why) => why,
            };
            self.say(&why);
            if begun.elapsed() > PAUSE_MAX {
                pause = PAUSE_MIN;
            }
            if !self.wait(pause, &mut stop).await {
                return;
            }
            pause = (pause * 2).min(PAUSE_MAX);
        }
    }

    /// Says once what is wrong, not with each try.
    fn say(&self, why: &str) {
        let mut standing = self.held();
        standing.is_connected = false;
        if standing.trouble.as_deref() != Some(why) {
            tracing::warn!(server = ?self.server, why, "an MQTT server is not listened to");
            standing.trouble = Some(why.to_owned());
        }
    }

    fn held(&self) -> std::sync::MutexGuard<'_, Standing> {
        // Counters and words: whoever panicked left them whole.
        self.standing.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Readings become stale while the server is away too. Gives whether to go on.
    async fn wait(&mut self, pause: Duration, stop: &mut Stop) -> bool {
        let end = Instant::now() + pause;
        loop {
            let left = end.saturating_duration_since(Instant::now());
            if left.is_zero() {
                return true;
            }
            tokio::select! {
                () = told_to(stop) => return false,
                () = sleep(left.min(LOOK_EVERY)) => {
                    for change in self.intake.stale(self.clock.now()) {
                        // Not taken, it is found again: `begin` comes after the pause.
                        if let Ok(kept) = self.sink.write(&change)
                            && kept.await.is_ok()
                        {
                            self.held().kept += 1;
                        }
                    }
                }
            }
        }
    }

    async fn listen(&mut self, mut session: Session, stop: &mut Stop) -> Ended {
        let mut ping = interval(PING_EVERY);
        let mut look = interval(LOOK_EVERY);
        ping.set_missed_tick_behavior(MissedTickBehavior::Delay);
        look.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let mut heard = Instant::now();
        loop {
            let room = session.under_way.len() < usize::from(UNDER_WAY_MAX);
            let done = tokio::select! {
                biased;
                () = told_to(stop) => {
                    // What is under way comes again; a goodbye is politeness.
                    let _ = session.out.write_all(&loggia_mqtt::BYE).await;
                    return Ended::Stopped;
                }
                done = front(&mut session.under_way), if !session.under_way.is_empty() => {
                    self.settle(&mut session, done).await
                }
                _ = ping.tick() => match heard.elapsed() > SILENCE_MAX && room {
                    true => Err(Ended::Server("it says nothing any more".to_owned())),
                    false => tell(&mut session.out, &loggia_mqtt::PING).await,
                },
                _ = look.tick() => self.look(&mut session).await,
                // Last, or a busy server would leave no time for the two above.
                packet = session.packets.recv(), if room => {
                    heard = Instant::now();
                    match packet {
                        Some(Ok(packet)) => self.packet(&mut session, &packet).await,
                        Some(Err(e)) => Err(e.into()),
                        None => Err(Ended::Server("the connection ended".to_owned())),
                    }
                }
            };
            if let Err(ended) = done {
                return ended;
            }
        }
    }

    /// The oldest message's changes are on disk, or will not be.
    async fn settle(
        &mut self,
        session: &mut Session,
        (id, changes, done): (Option<u16>, u64, Result<(), String>),
    ) -> Result<(), Ended> {
        done.map_err(Ended::DataPlane)?;
        self.held().kept += changes;
        match id {
            Some(id) => tell(&mut session.out, &loggia_mqtt::ack(id)).await,
            None => Ok(()),
        }
    }

    async fn look(&mut self, session: &mut Session) -> Result<(), Ended> {
        for change in self.intake.stale(self.clock.now()) {
            if let Some(kept) = self.write(&change).await? {
                session.under_way.push_back((None, 1, kept));
            }
        }
        Ok(())
    }

    async fn packet(&mut self, session: &mut Session, packet: &Packet) -> Result<(), Ended> {
        match packet.kind {
            PUBLISH => {
                let message = packet.message(session.version);
                let message = message.map_err(|e| Ended::Server(e.to_string()))?;
                self.message(session, &message, packet.passed_over > 0)
                    .await
            }
            SUBACK => {
                let granted = packet.granted(session.version);
                let granted = granted.map_err(|e| Ended::Server(e.to_string()))?;
                let filters = self.intake.filters();
                let refused = granted
                    .iter()
                    .zip(&filters)
                    .find(|(code, _)| **code >= 0x80);
                if let Some((code, filter)) = refused {
                    let filter = said(filter);
                    let what = format!("it does not let us subscribe to {filter}: {code:#04x}");
                    return Err(Ended::Server(what));
                }
                let mut standing = self.held();
                standing.is_connected = true;
                standing.trouble = None;
                tracing::info!(server = ?self.server, "an MQTT server is listened to");
                Ok(())
            }
            DISCONNECT => {
                let code = packet.reason();
                let what = match code {
                    0x8e => "another client has our `client_id`".to_owned(),
                    code => format!("the server closed the connection: {code:#04x}"),
                };
                Err(Ended::Server(what))
            }
            PINGRESP => Ok(()),
            kind => Err(Ended::Server(format!("a packet {kind} nobody asked for"))),
        }
    }

    async fn message(
        &mut self,
        session: &mut Session,
        message: &Incoming<'_>,
        is_cut: bool,
    ) -> Result<(), Ended> {
        self.held().messages += 1;
        let now = self.clock.now();
        if is_cut {
            self.lose(&Lost::TooLong, message.topic, now);
            follow_up(session, message, Vec::new());
            return Ok(());
        }
        let retained = match message.retained {
            true => Retained::Yes,
            false => Retained::No,
        };
        let (topic, payload) = (message.topic, message.payload);
        let taken = self.intake.take(&Message { topic, payload }, retained, now);
        for lost in &taken.lost {
            self.lose(lost, topic, now);
        }
        let mut all = Vec::new();
        for change in &taken.changes {
            all.extend(self.write(change).await?);
        }
        if let Some(ask) = &taken.ask {
            self.ask(session, ask).await?;
        }
        follow_up(session, message, all);
        Ok(())
    }

    async fn ask(&mut self, session: &mut Session, ask: &Ask) -> Result<(), Ended> {
        let payload = (ask.payload.as_slice(), None);
        let told = loggia_mqtt::publish(session.version, Qos::AtMostOnce, &ask.topic, 0, payload);
        match told {
            Some(told) => tell(&mut session.out, &told).await,
            None => Ok(()),
        }
    }

    /// Hands a change over; nothing if it can never be taken, which is counted.
    async fn write(&mut self, change: &Change) -> Result<Option<Kept>, Ended> {
        for _ in 0..BUSY_TRIES {
            match self.sink.write(change) {
                Ok(kept) => return Ok(Some(kept)),
                Err(Refused::Busy) => sleep(BUSY_PAUSE).await,
                Err(Refused::Wrong(why)) => {
                    let lost = Lost::Refused(why.into());
                    self.lose(&lost, &change.entity, self.clock.now());
                    return Ok(None);
                }
                Err(Refused::Broken(why)) => return Err(Ended::DataPlane(why)),
            }
        }
        Err(Ended::DataPlane("too much waits for the disk".to_owned()))
    }

    /// Counts, and says now and then.
    fn lose(&self, lost: &Lost, at: &str, now: At) {
        let unsaid = self.held().lost.count(lost, now);
        if let Some(count) = unsaid {
            let at = said(at);
            tracing::warn!(server = ?self.server, at, count, why = %lost, "no reading");
        }
    }
}

/// A message is acknowledged when all of its changes are on disk, and after those before it.
fn follow_up(session: &mut Session, message: &Incoming<'_>, all: Vec<Kept>) {
    let id = message.id.filter(|_| message.qos == Qos::AtLeastOnce);
    let count = u64::try_from(all.len()).unwrap_or(0);
    let kept: Kept = Box::pin(async move {
        for kept in all {
            kept.await?;
        }
        Ok(())
    });
    session.under_way.push_back((id, count, kept));
}

/// Until all is to end, or nobody is there who could say so.
async fn told_to(stop: &mut Stop) {
    let _ = stop.wait_for(|s| *s).await.is_ok();
}

/// A topic for the log: FIWARE's without its key, no longer than a line.
fn said(topic: &str) -> String {
    let mut levels: Vec<&str> = topic.split('/').collect();
    if let ["", "json" | "ul", key, ..] = levels.as_mut_slice()
        && *key != "+"
    {
        *key = "…";
    }
    levels
        .join("/")
        .chars()
        .take(200)
        .filter(|c| !c.is_control())
        .collect()
}
