//! From an endpoint to an open connection: its name resolved, its address looked at, TLS where the
//! scheme says so. Never connects to an address that the rules do not allow.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use rustls::ClientConfig;
use rustls::pki_types::ServerName;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;

use super::endpoints::Endpoints;
use super::job::Failure;
use crate::subscription::Endpoint;

/// Something to read from and write to.
pub(super) trait Stream: AsyncRead + AsyncWrite + Send + Unpin {}

impl<T: AsyncRead + AsyncWrite + Send + Unpin> Stream for T {}

/// How to connect.
pub(super) struct Connect {
    pub endpoints: Endpoints,
    pub tls: Arc<ClientConfig>,
    pub patience: Duration,
}

impl Connect {
    /// Opens a connection.
    pub async fn open(&self, endpoint: &Endpoint) -> Result<Box<dyn Stream>, Failure> {
        match tokio::time::timeout(self.patience, self.opened(endpoint)).await {
            Ok(done) => done,
            Err(_) => Err(Failure::unavailable("no connection in time")),
        }
    }

    async fn opened(&self, endpoint: &Endpoint) -> Result<Box<dyn Stream>, Failure> {
        let host = endpoint.host.trim_start_matches('[').trim_end_matches(']');
        let found = tokio::net::lookup_host((host, endpoint.port)).await;
        let found: Vec<SocketAddr> = found.map_err(Failure::unavailable)?.collect();
        let address = self.endpoints.choose(host, &found);
        let address = address.map_err(Failure::unavailable)?;
        let tcp = TcpStream::connect(address).await;
        let tcp = tcp.map_err(Failure::unavailable)?;
        // Small messages, each of which somebody waits for.
        tcp.set_nodelay(true).map_err(Failure::unavailable)?;
        if !endpoint.scheme.is_tls() {
            return Ok(Box::new(tcp));
        }
        let name = ServerName::try_from(host.to_owned()).map_err(Failure::unavailable)?;
        let tls = TlsConnector::from(self.tls.clone())
            .connect(name, tcp)
            .await;
        Ok(Box::new(tls.map_err(Failure::unavailable)?))
    }
}
