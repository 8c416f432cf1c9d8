//! Packets of MQTT 3.1.1 and 5.0 (OASIS), as those two rooms need them that speak it: `ngsi-ld`,
//! which notifies, and `field`, which listens. Never opens a socket, and never believes a length.

mod said;
mod told;

pub use said::{
    CONNACK, DISCONNECT, Incoming, Malformed, PINGRESP, PUBACK, PUBCOMP, PUBLISH, PUBREC, Packet,
    SUBACK, read,
};
pub use told::{BYE, Hello, PING, Session, ack, connect, publish, release, subscribe};

/// Which MQTT.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Version {
    /// 3.1.1 of 2014, which everything speaks.
    V311,
    /// 5.0 of 2019.
    V5,
}

/// How often a message arrives.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Qos {
    /// 0: perhaps.
    AtMostOnce,
    /// 1: once or more, acknowledged.
    AtLeastOnce,
    /// 2: once, with four packets.
    ExactlyOnce,
}

impl Qos {
    const fn level(self) -> u8 {
        match self {
            Self::AtMostOnce => 0,
            Self::AtLeastOnce => 1,
            Self::ExactlyOnce => 2,
        }
    }
}
