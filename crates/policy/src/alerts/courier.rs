//! One gateway's queue and thread: bounded, tries again with back-off, says what it dropped.
//! Never makes another gateway, a request or retention wait.

use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use loggia_model::PersonId;

use super::mail::Postbox;
use super::webhook::Post;
use super::{Alert, GatewayHealth};
use crate::Error;

/// Messages that wait for one gateway: 40 requests, each to a handful of people.
pub(crate) const QUEUE_MAX: usize = 256;

/// How often a gateway that fails is tried again.
#[derive(Debug, Clone, Copy)]
pub struct Pace {
    /// Wait after the first failure; doubles with each further one.
    pub first: Duration,
    /// Longest wait.
    pub longest: Duration,
    /// Tries of one message before it is dropped.
    pub tries_max: u32,
}

impl Default for Pace {
    /// 2 s, 4 s … 5 min, twenty times: about an hour, in which two further ranks were called.
    fn default() -> Self {
        Self {
            first: Duration::from_secs(2),
            longest: Duration::from_secs(300),
            tries_max: 20,
        }
    }
}

impl Pace {
    fn wait(&self, tries: u32) -> Duration {
        let doubled = 1_u32 << tries.saturating_sub(1).min(16);
        self.first.saturating_mul(doubled).min(self.longest)
    }
}

/// Why a gateway did not take a message.
#[derive(Debug)]
pub(crate) enum Failure {
    /// It may do so later.
    Later(String),
    /// It never will.
    Never(String),
}

/// The ways to people that there are.
pub(crate) enum Way {
    /// One message an alert.
    Webhook(Post),
    /// One message a person.
    Mail(Box<Postbox>),
}

impl Way {
    pub(crate) fn name(&self) -> &'static str {
        match self {
            Self::Webhook(_) => "webhook",
            Self::Mail(_) => "mail",
        }
    }

    /// The messages that an alert becomes. People without an address are said, not forgotten.
    pub(crate) fn messages(&self, alert: &Arc<Alert>) -> Vec<Message> {
        let message = |person| Message {
            alert: Arc::clone(alert),
            person,
            tries: 0,
            not_before: None,
        };
        let Self::Mail(postbox) = self else {
            return vec![message(None)];
        };
        let (known, unknown): (Vec<_>, Vec<_>) =
            alert.people.iter().partition(|p| postbox.knows(p));
        for person in unknown {
            tracing::warn!(request = %alert.request, %person, "no address to mail an alert to");
        }
        known
            .into_iter()
            .map(|p| message(Some(p.clone())))
            .collect()
    }

    pub(crate) fn carry(&self, message: &Message) -> Result<(), Failure> {
        match (self, &message.person) {
            (Self::Webhook(post), _) => post.carry(&message.alert),
            (Self::Mail(postbox), Some(person)) => postbox.carry(&message.alert, person),
            (Self::Mail(_), None) => Err(Failure::Never("it names nobody".to_owned())),
        }
    }
}

/// One alert on one way, for one person where the way asks for one.
pub(crate) struct Message {
    alert: Arc<Alert>,
    person: Option<PersonId>,
    tries: u32,
    not_before: Option<Instant>,
}

#[derive(Default)]
struct Queue {
    waiting: Vec<Message>,
    /// One that is being carried just now; it counts against the queue's length.
    carrying: bool,
    delivered: u64,
    dropped: u64,
    failing: Option<String>,
    closed: bool,
}

struct Shared {
    name: &'static str,
    queue: Mutex<Queue>,
    bell: Condvar,
}

impl Shared {
    fn queue(&self) -> MutexGuard<'_, Queue> {
        self.queue.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn drop_one(&self, queue: &mut Queue, message: &Message, why: &str) {
        queue.dropped += 1;
        let (request, rank) = (message.alert.request, message.alert.rank);
        let person = message.person.as_ref().map_or("", |p| p.0.as_str());
        let (gateway, dropped) = (self.name, queue.dropped);
        tracing::error!(gateway, %request, rank, person, dropped, why, "an alert was dropped");
    }
}

/// Carries alerts on one way. Its thread ends when this is dropped and the try under way is over.
pub(crate) struct Courier {
    way: Arc<Way>,
    shared: Arc<Shared>,
}

impl Courier {
    /// # Errors
    /// [`Error::Busy`] when no thread can be had.
    pub(crate) fn start(
        way: Way,
        pace: Pace,
        taken: impl Fn(&Alert) + Send + 'static,
    ) -> Result<Self, Error> {
        let way = Arc::new(way);
        let shared = Arc::new(Shared {
            name: way.name(),
            queue: Mutex::default(),
            bell: Condvar::new(),
        });
        let (of_thread, by_way) = (Arc::clone(&shared), Arc::clone(&way));
        std::thread::Builder::new()
            .name(format!("alerts-{}", shared.name))
            .spawn(move || run(&of_thread, &by_way, pace, &taken))
            .map_err(|_| Error::Busy("the alert thread could not start".into()))?;
        Ok(Self { way, shared })
    }

    /// Puts an alert into the queue; never waits. Where it is full the oldest message goes, one
    /// that is not urgent before others.
    pub(crate) fn take(&self, alert: &Arc<Alert>) {
        let mut queue = self.shared.queue();
        for message in self.way.messages(alert) {
            if queue.waiting.len() + usize::from(queue.carrying) >= QUEUE_MAX {
                let calm = |m: &Message| !m.alert.urgent;
                let oldest = queue.waiting.iter().position(calm).unwrap_or(0);
                let dropped = queue.waiting.remove(oldest);
                self.shared.drop_one(&mut queue, &dropped, "too many wait");
            }
            queue.waiting.push(message);
        }
        drop(queue);
        self.shared.bell.notify_one();
    }

    /// Takes what nobody waits for any more out of the queue: it must not push out what somebody
    /// does wait for. That is no drop; the message under way just now is let go.
    pub(crate) fn keep(&self, wanted: impl Fn(&Alert) -> bool) {
        self.shared.queue().waiting.retain(|m| wanted(&m.alert));
    }

    pub(crate) fn health(&self) -> GatewayHealth {
        let queue = self.shared.queue();
        GatewayHealth {
            name: self.shared.name.to_owned(),
            waiting: queue.waiting.len() + usize::from(queue.carrying),
            delivered: queue.delivered,
            dropped: queue.dropped,
            failing: queue.failing.clone(),
        }
    }
}

impl Drop for Courier {
    fn drop(&mut self) {
        self.shared.queue().closed = true;
        self.shared.bell.notify_one();
    }
}

fn run(shared: &Shared, way: &Way, pace: Pace, taken: &impl Fn(&Alert)) {
    while let Some(mut message) = next(shared) {
        let outcome = way.carry(&message);
        if outcome.is_ok() {
            taken(&message.alert);
        }
        let mut queue = shared.queue();
        queue.carrying = false;
        match outcome {
            Ok(()) => {
                queue.delivered += 1;
                queue.failing = None;
            }
            Err(Failure::Never(why)) => shared.drop_one(&mut queue, &message, &why),
            Err(Failure::Later(why)) => {
                let (gateway, request) = (shared.name, message.alert.request);
                tracing::warn!(gateway, %request, why, "an alert was not delivered yet");
                queue.failing = Some(why.clone());
                message.tries += 1;
                if message.tries >= pace.tries_max {
                    shared.drop_one(&mut queue, &message, &why);
                } else {
                    message.not_before = Some(Instant::now() + pace.wait(message.tries));
                    queue.waiting.push(message);
                }
            }
        }
    }
}

/// The next message whose time has come, an urgent one first; none when the courier is
/// dismissed.
fn next(shared: &Shared) -> Option<Message> {
    let mut queue = shared.queue();
    loop {
        if queue.closed {
            return None;
        }
        let now = Instant::now();
        let ready = |m: &Message| m.not_before.is_none_or(|at| at <= now);
        let urgent = |m: &Message| ready(m) && m.alert.urgent;
        let found = queue.waiting.iter().position(urgent);
        if let Some(at) = found.or_else(|| queue.waiting.iter().position(ready)) {
            queue.carrying = true;
            return Some(queue.waiting.remove(at));
        }
        let soonest = queue.waiting.iter().filter_map(|m| m.not_before).min();
        queue = match soonest {
            Some(at) => {
                let waited = shared
                    .bell
                    .wait_timeout(queue, at.saturating_duration_since(now));
                waited.unwrap_or_else(PoisonError::into_inner).0
            }
            None => {
                let waited = shared.bell.wait(queue);
                waited.unwrap_or_else(PoisonError::into_inner)
            }
        };
    }
}

#[cfg(test)]
mod tests {
    use std::net::TcpListener;

    use loggia_model::{At, Digest};

    use super::super::AlertStage;
    use super::super::webhook::Webhook;
    use super::*;

    fn alert(n: u8, urgent: bool) -> Arc<Alert> {
        Arc::new(Alert {
            request: Digest([n; 32]),
            stage: AlertStage::Approve,
            rank: 0,
            danger_to_life: false,
            urgent,
            at: At(0),
            deadline: At(0),
            people: Vec::new(),
        })
    }

    fn courier(url: String, pace: Pace) -> Courier {
        let post = Post::new(&Webhook { url, ca: None }).unwrap();
        Courier::start(Way::Webhook(post), pace, |_| {}).unwrap()
    }

    #[test]
    fn a_full_queue_drops_the_oldest_but_nothing_urgent() {
        // It takes the connection and never answers.
        let dead = TcpListener::bind("127.0.0.1:0").unwrap();
        let url = format!("http://{}/", dead.local_addr().unwrap());
        let courier = courier(url, Pace::default());
        courier.take(&alert(1, false));
        let _carried = dead.accept().unwrap();
        courier.take(&alert(2, true));
        for _ in 0..QUEUE_MAX + 10 {
            courier.take(&alert(3, false));
        }
        let health = courier.health();
        assert_eq!((health.waiting, health.dropped), (QUEUE_MAX, 12));
        let queue = courier.shared.queue();
        assert!(queue.waiting.iter().any(|m| m.alert.urgent));
        drop(queue);
        for n in 0..QUEUE_MAX {
            courier.take(&alert(u8::try_from(n % 256).unwrap(), true));
        }
        assert_eq!(courier.health().waiting, QUEUE_MAX);
    }

    #[test]
    fn a_message_is_given_up_after_its_last_try_and_said() {
        let nobody = TcpListener::bind("127.0.0.1:0")
            .unwrap()
            .local_addr()
            .unwrap();
        let pace = Pace {
            first: Duration::from_millis(1),
            longest: Duration::from_millis(1),
            tries_max: 3,
        };
        let courier = courier(format!("http://{nobody}/"), pace);
        courier.take(&alert(1, false));
        while courier.health().dropped == 0 {
            std::thread::sleep(Duration::from_millis(5));
        }
        let health = courier.health();
        assert_eq!((health.waiting, health.delivered), (0, 0));
        assert_eq!(health.failing.as_deref(), Some("it cannot be reached"));
    }

    #[test]
    fn waits_double_up_to_their_longest() {
        let waits: Vec<u64> = (1..=10)
            .map(|n| Pace::default().wait(n).as_secs())
            .collect();
        assert_eq!(waits, [2, 4, 8, 16, 32, 64, 128, 256, 300, 300]);
    }
}
