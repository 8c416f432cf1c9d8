//! Finds cameras on the local network with WS-Discovery. Sends one multicast question and listens;
//! connects to nothing, and believes no address but the one that an answer came from.

use core::time::Duration;
use std::collections::BTreeMap;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::time::Instant;

use loggia_shield::{Pinned, Scheme};
use serde::Serialize;
use tokio::net::UdpSocket;
use utoipa::ToSchema;

use super::ask::discovery_probe;
use super::message::parse_probe_matches;
use crate::Error;

/// WS-Discovery's group and port (WS-Discovery 2005/04, 2.4).
pub const GROUP: SocketAddr = SocketAddr::new(IpAddr::V4(Ipv4Addr::new(239, 255, 255, 250)), 3702);
/// Longest listening.
const LISTEN_MAX: Duration = Duration::from_secs(30);
/// Most devices in one answer: a /22 of cameras.
const FOUND_MAX: usize = 1_024;

/// A device that answered.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct Found {
    /// Where the answer came from.
    #[schema(value_type = String)]
    pub ip: IpAddr,
    /// Its ONVIF device service, on that address.
    pub onvif_url: String,
}

/// Asks `to` ([`GROUP`] but for tests) and listens for `listen`.
///
/// # Errors
/// [`Error::Unreachable`] when the question cannot be sent.
pub async fn discover(to: SocketAddr, listen: Duration) -> Result<Vec<Found>, Error> {
    let failed = |e: std::io::Error| Error::Unreachable(format!("WS-Discovery: {e}"));
    let local = if to.ip().is_loopback() {
        Ipv4Addr::LOCALHOST
    } else {
        Ipv4Addr::UNSPECIFIED
    };
    let socket = UdpSocket::bind((local, 0)).await.map_err(failed)?;
    let mut id = [0; 16];
    aws_lc_rs::rand::fill(&mut id)
        .map_err(|_| Error::Onvif("the machine gives no randomness".to_owned()))?;
    let id = hex::encode(id);
    let uuid = [(0, 8), (8, 12), (12, 16), (16, 20), (20, 32)]
        .map(|(from, to)| id.get(from..to).unwrap_or_default())
        .join("-");
    socket
        .send_to(discovery_probe(&uuid).as_bytes(), to)
        .await
        .map_err(failed)?;
    let until = Instant::now() + listen.min(LISTEN_MAX);
    let mut found = BTreeMap::new();
    let mut packet = vec![0; 65_536];
    while found.len() < FOUND_MAX {
        let left = until.saturating_duration_since(Instant::now());
        let Ok(Ok((len, from))) = tokio::time::timeout(left, socket.recv_from(&mut packet)).await
        else {
            break;
        };
        let answer = packet.get(..len).and_then(|p| core::str::from_utf8(p).ok());
        for address in answer
            .and_then(|a| parse_probe_matches(a).ok())
            .unwrap_or_default()
        {
            if let Ok(pinned) = Pinned::parse(&address, Scheme::Http)
                && pinned.socket().ip() == from.ip()
            {
                found.insert(
                    pinned.socket(),
                    Found {
                        ip: from.ip(),
                        onvif_url: address,
                    },
                );
            }
        }
    }
    Ok(found.into_values().collect())
}
