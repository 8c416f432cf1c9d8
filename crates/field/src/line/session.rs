//! An open connection: greeted, subscribed, read ahead of, with what is under way. Never holds more
//! packets than it may.

use std::collections::VecDeque;
use std::future::poll_fn;
use std::sync::Arc;

use loggia_mqtt::{CONNACK, Packet, Version};
use rustls::ClientConfig;
use rustls::pki_types::ServerName;
use tokio::io::{AsyncRead, AsyncWrite, AsyncWriteExt, WriteHalf};
use tokio::net::TcpStream;
use tokio::sync::mpsc;
use tokio::task::JoinHandle;
use tokio::time::timeout;
use tokio_rustls::TlsConnector;

use super::{Ended, PATIENCE};
use crate::server::{Secure, Server};
use crate::sink::Kept;

/// Bytes of a packet that are held: a birth of 5,000 metrics has 200 kB.
const PACKET_BYTES_MAX: usize = 262_144;
/// Packets read ahead: 32 of 256 kB are 8 MB.
const PACKETS_AHEAD: usize = 32;

/// Something to read from and write to.
pub(super) trait Stream: AsyncRead + AsyncWrite + Send + Unpin {}

impl<T: AsyncRead + AsyncWrite + Send + Unpin> Stream for T {}

/// A task that ends with what holds it.
struct Reading(JoinHandle<()>);

impl Drop for Reading {
    fn drop(&mut self) {
        self.0.abort();
    }
}

/// An open connection.
pub(super) struct Session {
    pub out: WriteHalf<Box<dyn Stream>>,
    pub packets: mpsc::Receiver<std::io::Result<Packet>>,
    /// Messages whose changes are on their way to disk, in order.
    pub under_way: VecDeque<(Option<u16>, u64, Kept)>,
    pub version: Version,
    _reading: Reading,
}

impl Session {
    /// Connects, greets, subscribes.
    pub async fn open(
        server: &Server,
        tls: &Arc<ClientConfig>,
        filters: &[String],
    ) -> Result<Self, Ended> {
        let late = |_| Ended::Server("no answer within 10 s".to_owned());
        let stream = timeout(PATIENCE, connect(server, tls))
            .await
            .map_err(late)??;
        let (mut from, mut out) = tokio::io::split(stream);
        let hello = server.hello();
        let hello = hello.ok_or_else(|| Ended::Server("the account is too long".to_owned()))?;
        let version = server.version;
        let wanted = loggia_mqtt::subscribe(version, 1, filters);
        let wanted = wanted.ok_or_else(|| Ended::Server("a topic is too long".to_owned()))?;
        let greeted = async {
            out.write_all(&hello).await?;
            out.flush().await?;
            loggia_mqtt::read(&mut from, PACKET_BYTES_MAX).await
        };
        let answer = timeout(PATIENCE, greeted).await.map_err(late)??;
        match (answer.kind, answer.reason()) {
            (CONNACK, 0) => {}
            (CONNACK, code) => return Err(Ended::Server(refusal(code))),
            _ => return Err(Ended::Server("it does not speak MQTT".to_owned())),
        }
        out.write_all(&wanted).await?;
        out.flush().await?;
        let (sender, packets) = mpsc::channel(PACKETS_AHEAD);
        let reading = tokio::spawn(async move {
            loop {
                let packet = loggia_mqtt::read(&mut from, PACKET_BYTES_MAX).await;
                let is_last = packet.is_err();
                if sender.send(packet).await.is_err() || is_last {
                    return;
                }
            }
        });
        Ok(Self {
            out,
            packets,
            under_way: VecDeque::new(),
            version,
            _reading: Reading(reading),
        })
    }
}

async fn connect(server: &Server, tls: &Arc<ClientConfig>) -> Result<Box<dyn Stream>, Ended> {
    let at = (server.host.as_str(), server.port);
    let tcp = TcpStream::connect(at).await;
    let tcp = tcp.map_err(|e| Ended::Server(format!("no connection: {e}")))?;
    tcp.set_nodelay(true)?;
    if server.secure == Secure::No {
        return Ok(Box::new(tcp));
    }
    let name = ServerName::try_from(server.host.clone());
    let name = name.map_err(|_| Ended::Server("its host is no name".to_owned()))?;
    let opened = TlsConnector::from(Arc::clone(tls)).connect(name, tcp).await;
    let opened = opened.map_err(|e| Ended::Server(format!("TLS: {e}; see `ca`")))?;
    Ok(Box::new(opened))
}

/// The oldest of what is under way, once it is done.
pub(super) async fn front(
    under_way: &mut VecDeque<(Option<u16>, u64, Kept)>,
) -> (Option<u16>, u64, Result<(), String>) {
    let done = match under_way.front_mut() {
        Some((_, _, kept)) => poll_fn(|task| kept.as_mut().poll(task)).await,
        None => Ok(()),
    };
    match under_way.pop_front() {
        Some((id, changes, _)) => (id, changes, done),
        None => (None, 0, done),
    }
}

/// Writes, and does not wait for ever.
pub(super) async fn tell(out: &mut WriteHalf<Box<dyn Stream>>, bytes: &[u8]) -> Result<(), Ended> {
    let told = async {
        out.write_all(bytes).await?;
        out.flush().await
    };
    match timeout(PATIENCE, told).await {
        Ok(done) => done.map_err(Ended::from),
        Err(_) => Err(Ended::Server("it takes nothing any more".to_owned())),
    }
}

/// What a server says by refusing (3.1.1, table 3.1; 5.0, section 3.2.2.2).
fn refusal(code: u8) -> String {
    match code {
        0x01 | 0x84 => "it does not speak this MQTT: set `mqtt = \"3.1.1\"`, or `\"5\"`".to_owned(),
        0x02 | 0x85 => "it does not take our `client_id`".to_owned(),
        0x04 | 0x05 | 0x86 | 0x87 => "it does not take `user` and the password".to_owned(),
        code => format!("it refuses the connection: {code:#04x}"),
    }
}
