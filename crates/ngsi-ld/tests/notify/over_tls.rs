//! HTTPS: a certificate that is trusted is taken, another is not.

use std::sync::Arc;

use rustls::pki_types::{PrivateKeyDer, PrivatePkcs8KeyDer};
use rustls::{RootCertStore, ServerConfig};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio_rustls::TlsAcceptor;

use crate::support::{
    Cars, Receiver, happen, open, quick, setup, start, subscription, trusting, until,
};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn https_reaches_whom_the_city_trusts_and_nobody_else() {
    let made = rcgen::generate_simple_self_signed(["localhost".to_owned()]).unwrap();
    let key = PrivateKeyDer::Pkcs8(PrivatePkcs8KeyDer::from(made.signing_key.serialize_der()));
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let server = ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(vec![made.cert.der().clone()], key)
        .unwrap();
    let (acceptor, receiver) = (TlsAcceptor::from(Arc::new(server)), Receiver::new());
    let tcp = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = tcp.local_addr().unwrap().port();
    let keeper = receiver.clone();
    tokio::spawn(async move {
        loop {
            let (stream, _) = tcp.accept().await.unwrap();
            if let Ok(mut tls) = acceptor.accept(stream).await {
                let mut read = Vec::new();
                // Its body ends with the brace that closes it.
                while !read.ends_with(b"}]}") && tls.read_buf(&mut read).await.unwrap() > 0 {}
                let at = read.windows(4).position(|w| w == b"\r\n\r\n").unwrap();
                keeper.keep(&read[at + 4..]);
                let answer = b"HTTP/1.1 204 No Content\r\nconnection: close\r\n\r\n";
                tls.write_all(answer).await.unwrap();
            }
        }
    });
    let dir = tempfile::tempdir().unwrap();
    let (bus, cars) = (open(dir.path()), Cars::new());
    let known = vec![subscription(
        &cars,
        1,
        &format!("https://localhost:{port}/n"),
        "",
    )];
    let notifier = start(setup(dir.path(), &bus, &cars, quick()), known.clone());
    happen(&bus, "c1");
    until("it is not trusted", || notifier.counts().failed > 0).await;
    assert!(receiver.of(1).is_empty());
    drop(notifier);
    let mut roots = RootCertStore::empty();
    roots.add(made.cert.der().clone()).unwrap();
    let mut trusted = setup(dir.path(), &bus, &cars, quick());
    trusted.tls = trusting(roots);
    let _notifier = start(trusted, known);
    until("it is trusted", || !receiver.of(1).is_empty()).await;
}
