//! A notification by MQTT: published, and acknowledged by the server before it counts (clause 7.2).
//! Never leaves a session behind.

use loggia_mqtt::{
    CONNACK, DISCONNECT, Hello, PINGRESP, PUBACK, PUBCOMP, PUBREC, Packet, Session, Version,
};
use tokio::io::AsyncWriteExt;

use super::connect::{Connect, Stream};
use super::job::{Failure, FailureKind};
use super::limits::ANSWER_BYTES_MAX;
use crate::subscription::{Endpoint, Message, Protocol, Qos};

/// A connection that waits for the next notification.
pub(super) struct Kept {
    stream: Box<dyn Stream>,
    last_id: u16,
}

/// Reason codes that say that the server, not the message, is in trouble (5.0, section 2.4).
const TRANSIENT: [u8; 5] = [0x80, 0x83, 0x88, 0x89, 0x97];

/// Publishes, over the connection that is there if it still stands.
pub(super) async fn send(
    connect: &Connect,
    kept: Option<Kept>,
    endpoint: &Endpoint,
    message: &Message,
    client_id: &str,
) -> Result<Kept, Failure> {
    let payload = message.with_metadata();
    if let Some(mut kept) = kept {
        match kept.publish(endpoint, &payload).await {
            Ok(()) => return Ok(kept),
            Err(Ended::Failure(failure)) => return Err(failure),
            // Closed while it was idle, perhaps; sent again it has the same id.
            Err(Ended::Connection(e)) => {
                tracing::debug!(error = %e, "a kept MQTT connection was gone");
            }
        }
    }
    let stream = connect.open(endpoint).await?;
    let mut kept = Kept { stream, last_id: 0 };
    let ended = match kept.greet(endpoint, client_id).await {
        Ok(()) => kept.publish(endpoint, &payload).await,
        Err(ended) => Err(ended),
    };
    match ended {
        Ok(()) => Ok(kept),
        Err(Ended::Failure(failure)) => Err(failure),
        Err(Ended::Connection(e)) => Err(Failure::unavailable(e)),
    }
}

/// Why it did not work.
enum Ended {
    Connection(std::io::Error),
    Failure(Failure),
}

impl From<std::io::Error> for Ended {
    fn from(e: std::io::Error) -> Self {
        Self::Connection(e)
    }
}

fn refused(why: impl std::fmt::Display) -> Ended {
    Ended::Failure(Failure {
        kind: FailureKind::Refused,
        ..Failure::unavailable(why)
    })
}

fn version(endpoint: &Endpoint) -> Version {
    match endpoint.protocol() {
        Protocol::V311 => Version::V311,
        Protocol::V5 => Version::V5,
    }
}

/// A server's answer, which is short.
async fn read(stream: &mut Box<dyn Stream>) -> std::io::Result<Packet> {
    let packet = loggia_mqtt::read(stream, ANSWER_BYTES_MAX).await?;
    match packet.passed_over {
        0 => Ok(packet),
        _ => Err(std::io::Error::new(
            std::io::ErrorKind::InvalidData,
            "a server's answer is short",
        )),
    }
}

impl Kept {
    async fn greet(&mut self, endpoint: &Endpoint, client_id: &str) -> Result<(), Ended> {
        let hello = loggia_mqtt::connect(&Hello {
            version: version(endpoint),
            client_id,
            user: endpoint
                .user
                .as_ref()
                .map(|(name, word)| (&**name, &**word)),
            // Nothing is left behind for the next time: what must not be lost is in the log here.
            session: Session::Clean,
        });
        let hello = hello.ok_or_else(|| refused("a name or password is too long"))?;
        self.stream.write_all(&hello).await?;
        let answer = read(&mut self.stream).await?;
        match (answer.kind, answer.reason()) {
            (CONNACK, 0) => Ok(()),
            (_, code) => {
                let why = format!("the MQTT server refused the connection: {code:#04x}");
                Err(Ended::Failure(Failure::unavailable(why)))
            }
        }
    }

    async fn publish(&mut self, endpoint: &Endpoint, payload: &[u8]) -> Result<(), Ended> {
        let qos = endpoint.qos();
        let level = match qos {
            Qos::AtMostOnce => loggia_mqtt::Qos::AtMostOnce,
            Qos::AtLeastOnce => loggia_mqtt::Qos::AtLeastOnce,
            Qos::ExactlyOnce => loggia_mqtt::Qos::ExactlyOnce,
        };
        self.last_id = self.last_id.checked_add(1).unwrap_or(1);
        let id = self.last_id;
        // What `body` and `metadata` stand in.
        let payload = (payload, Some("application/json"));
        let told = loggia_mqtt::publish(version(endpoint), level, &endpoint.path, id, payload);
        let told = told.ok_or_else(|| refused("it is longer than MQTT can say"))?;
        self.stream.write_all(&told).await?;
        match qos {
            Qos::AtMostOnce => {
                // Nothing answers it; but what was sent before is read before.
                self.stream.write_all(&loggia_mqtt::PING).await?;
                self.answered(PINGRESP, None).await
            }
            Qos::AtLeastOnce => self.answered(PUBACK, Some(id)).await,
            Qos::ExactlyOnce => {
                self.answered(PUBREC, Some(id)).await?;
                self.stream.write_all(&loggia_mqtt::release(id)).await?;
                self.answered(PUBCOMP, Some(id)).await
            }
        }
    }

    /// Waits for one packet; others are none that concern one who only publishes.
    async fn answered(&mut self, kind: u8, id: Option<u16>) -> Result<(), Ended> {
        loop {
            let answer = read(&mut self.stream).await?;
            let code = answer.reason();
            if answer.kind == DISCONNECT {
                let why = format!("the MQTT server closed the connection: {code:#04x}");
                return Err(Ended::Failure(Failure::unavailable(why)));
            }
            if answer.kind != kind || (id.is_some() && answer.id() != id) {
                continue;
            }
            if kind == PINGRESP || code < 0x80 {
                return Ok(());
            }
            let why = format!("the MQTT server did not take it: {code:#04x}");
            return Err(match TRANSIENT.contains(&code) {
                true => Ended::Failure(Failure::unavailable(why)),
                false => refused(why),
            });
        }
    }
}
