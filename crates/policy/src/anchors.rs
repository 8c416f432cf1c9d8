//! Whom this machine believes when it calls another over TLS: the certificates that its
//! configuration names. Never the hundred authorities of the operating system.

use std::sync::Arc;

use ureq::tls::{PemItem, RootCerts, TlsConfig, TlsProvider};

/// Trusts the given certificates alone: an issuer that any of a hundred authorities could stand in
/// for is no anchor for who may sign in.
pub(crate) fn alone(ca: Option<&[u8]>) -> Result<TlsConfig, String> {
    let mut certs = Vec::new();
    for item in ureq::tls::parse_pem(ca.unwrap_or_default()) {
        if let PemItem::Certificate(cert) = item.map_err(|_| "`ca` does not read")? {
            certs.push(cert);
        }
    }
    if ca.is_some() && certs.is_empty() {
        return Err("`ca` holds no certificate (PEM)".into());
    }
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    Ok(TlsConfig::builder()
        .provider(TlsProvider::Rustls)
        .unversioned_rustls_crypto_provider(provider)
        .root_certs(RootCerts::new_with_certs(&certs))
        .build())
}
