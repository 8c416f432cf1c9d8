//! TLS for every listener that is not loopback: the city's certificate, or an own one made at first
//! start. Never speaks below TLS 1.2, never logs a key.

use std::fs;
use std::net::{IpAddr, SocketAddr};
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context, bail};
use rustls::ServerConfig;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::mpsc;
use tokio_rustls::TlsAcceptor;
use tokio_rustls::server::TlsStream;

use crate::guests::Book;

/// What a handshake may take of the house.
#[derive(Debug, Clone, Copy)]
struct Bounds {
    /// Under way at once; a further connection waits in the kernel's queue.
    at_once: usize,
    /// Of one address but loopback; a further one is closed.
    of_one: usize,
    /// A client that has not finished by then is dropped.
    within: Duration,
}

/// 64 handshakes are 64 files. One address has a quarter of them: a browser opens six connections,
/// and whoever connects in silence must not hold every place.
const HANDSHAKES: Bounds = Bounds {
    at_once: 64,
    of_one: 16,
    within: Duration::from_secs(10),
};

/// Accepts TLS connections; handshakes run beside each other, so one slow client delays nobody.
pub struct TlsListener {
    ready: mpsc::Receiver<(TlsStream<TcpStream>, SocketAddr)>,
    local: SocketAddr,
}

impl TlsListener {
    /// Starts accepting on `tcp` with the certificate and key in PEM under `folder` (`tls.crt`,
    /// `tls.key`); where there is neither, an own certificate for `names` is made and kept there.
    pub fn start(tcp: TcpListener, folder: &Path, names: &[String]) -> anyhow::Result<Self> {
        Self::bounded(tcp, folder, names, HANDSHAKES)
    }

    fn bounded(
        tcp: TcpListener,
        folder: &Path,
        names: &[String],
        bounds: Bounds,
    ) -> anyhow::Result<Self> {
        let acceptor = TlsAcceptor::from(Arc::new(server_config(folder, names)?));
        let local = tcp.local_addr()?;
        let (out, ready) = mpsc::channel(bounds.at_once);
        let book = Arc::<Book>::default();
        tokio::spawn(async move {
            while let Ok(slot) = out.clone().reserve_owned().await {
                match tcp.accept().await {
                    Ok((stream, peer)) => {
                        let Some(guest) = book.admit(peer.ip(), bounds.of_one) else {
                            continue;
                        };
                        let handshake = acceptor.accept(stream);
                        tokio::spawn(async move {
                            match tokio::time::timeout(bounds.within, handshake).await {
                                Ok(Ok(tls)) => drop(slot.send((tls, peer))),
                                _ => tracing::debug!(%peer, "TLS handshake failed"),
                            }
                            drop(guest);
                        });
                    }
                    // Out of file descriptors, say: wait instead of spinning.
                    Err(_) => tokio::time::sleep(Duration::from_millis(100)).await,
                }
            }
        });
        Ok(Self { ready, local })
    }
}

impl axum::serve::Listener for TlsListener {
    type Io = TlsStream<TcpStream>;
    type Addr = SocketAddr;

    async fn accept(&mut self) -> (Self::Io, Self::Addr) {
        match self.ready.recv().await {
            Some(pair) => pair,
            None => std::future::pending().await,
        }
    }

    fn local_addr(&self) -> std::io::Result<SocketAddr> {
        Ok(self.local)
    }
}

fn server_config(folder: &Path, names: &[String]) -> anyhow::Result<ServerConfig> {
    let (crt, key) = (folder.join("tls.crt"), folder.join("tls.key"));
    match (crt.exists(), key.exists()) {
        (true, true) => {}
        (false, false) => make_own(folder, names)?,
        _ => bail!(
            "{} needs both tls.crt and tls.key, or neither",
            folder.display()
        ),
    }
    let chain = CertificateDer::pem_file_iter(&crt)
        .and_then(Iterator::collect::<Result<Vec<_>, _>>)
        .with_context(|| format!("{} is not a PEM certificate", crt.display()))?;
    let key = PrivateKeyDer::from_pem_file(&key)
        .with_context(|| format!("{} is not a PEM private key", key.display()))?;
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()?
        .with_no_client_auth()
        .with_single_cert(chain, key)
        .context("certificate and key do not belong together")
}

fn make_own(folder: &Path, names: &[String]) -> anyhow::Result<()> {
    fs::create_dir_all(folder)?;
    let made = rcgen::generate_simple_self_signed(names.to_vec())?;
    crate::files::write_private(
        &folder.join("tls.key"),
        made.signing_key.serialize_pem().as_bytes(),
    )?;
    fs::write(folder.join("tls.crt"), made.cert.pem())?;
    Ok(())
}

/// Whether `ip` is this machine alone, where plain HTTP and demo folders are allowed.
pub fn is_loopback(ip: IpAddr) -> bool {
    ip.is_loopback()
}

#[cfg(test)]
mod tests {
    use axum::serve::Listener;
    use rustls::pki_types::ServerName;
    use rustls::{ClientConfig, RootCertStore};
    use tokio::io::{AsyncReadExt, AsyncWriteExt};
    use tokio_rustls::TlsConnector;

    use super::*;

    #[tokio::test]
    async fn who_connects_in_silence_is_dropped_and_keeps_nobody_out() {
        let folder = tempfile::tempdir().unwrap();
        let tcp = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let at = tcp.local_addr().unwrap();
        let bounds = Bounds {
            at_once: 2,
            within: Duration::from_millis(200),
            ..HANDSHAKES
        };
        let names = ["localhost".to_owned()];
        let mut doors = TlsListener::bounded(tcp, folder.path(), &names, bounds).unwrap();
        let mut silent = Vec::new();
        for _ in 0..6 {
            silent.push(TcpStream::connect(at).await.unwrap());
        }
        let mut roots = RootCertStore::empty();
        for cert in CertificateDer::pem_file_iter(folder.path().join("tls.crt")).unwrap() {
            roots.add(cert.unwrap()).unwrap();
        }
        let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
        let client = ClientConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .unwrap()
            .with_root_certificates(roots)
            .with_no_client_auth();
        let honest = tokio::spawn(async move {
            let name = ServerName::try_from("localhost").unwrap();
            let tcp = TcpStream::connect(at).await.unwrap();
            let mut tls = TlsConnector::from(Arc::new(client))
                .connect(name, tcp)
                .await
                .unwrap();
            tls.write_all(b"x").await.unwrap();
            let mut answer = [0];
            tls.read_exact(&mut answer).await.unwrap();
            answer
        });
        let (mut tls, _) = doors.accept().await;
        let mut asked = [0];
        tls.read_exact(&mut asked).await.unwrap();
        tls.write_all(&asked).await.unwrap();
        assert_eq!(honest.await.unwrap(), *b"x");
        for mut stream in silent {
            let mut rest = Vec::new();
            // Ends, with or without a word: the server has closed it.
            let _ = stream.read_to_end(&mut rest).await;
        }
    }
}
