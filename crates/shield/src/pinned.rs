//! A device's address, pinned: an IP address and a port, never a name that may point elsewhere
//! tomorrow. Never resolves names.

use core::fmt;
use std::net::{IpAddr, SocketAddr};

use url::{Host, Url};

use crate::Error;

/// What is spoken at an address.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Scheme {
    /// RTSP 1.0 (RFC 2326), port 554 unless said.
    Rtsp,
    /// ONVIF over HTTP, port 80 unless said.
    Http,
}

impl Scheme {
    fn name(self) -> &'static str {
        match self {
            Self::Rtsp => "rtsp",
            Self::Http => "http",
        }
    }

    fn port(self) -> u16 {
        match self {
            Self::Rtsp => 554,
            Self::Http => 80,
        }
    }
}

/// Longest address taken, bytes.
const URL_BYTES_MAX: usize = 1_024;

/// A pinned address: where to connect, and the URL to ask for there.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Pinned {
    url: Url,
    socket: SocketAddr,
}

impl Pinned {
    /// Reads a URL whose host must be an IP address; user and password do not belong in it.
    ///
    /// # Errors
    /// [`Error::Declaration`] saying what to write instead.
    pub fn parse(text: &str, scheme: Scheme) -> Result<Self, Error> {
        let bad = |why: &str| {
            let name = scheme.name();
            Error::Declaration(format!(
                "the address `{text}` {why}; write it as {name}://192.0.2.10:{}/path",
                scheme.port()
            ))
        };
        if text.len() > URL_BYTES_MAX {
            return Err(Error::Declaration(format!(
                "an address has at most {URL_BYTES_MAX} bytes"
            )));
        }
        let url = Url::parse(text).map_err(|_| bad("cannot be read"))?;
        if url.scheme() != scheme.name() {
            return Err(bad("has another scheme"));
        }
        if !url.username().is_empty() || url.password().is_some() {
            // The text is not repeated: it holds a password.
            return Err(Error::Declaration(
                "user and password go into their own fields, not into the address".to_owned(),
            ));
        }
        let ip = match url.host() {
            Some(Host::Ipv4(ip)) => IpAddr::V4(ip),
            Some(Host::Ipv6(ip)) => IpAddr::V6(ip),
            // Schemes that `url` does not know keep an IPv4 address as a name.
            Some(Host::Domain(name)) => name
                .parse()
                .map_err(|_| bad("has a name where the IP address must be pinned"))?,
            None => return Err(bad("has no host")),
        };
        let socket = SocketAddr::new(ip, url.port().unwrap_or(scheme.port()));
        Ok(Self { url, socket })
    }

    /// Where to connect, and nowhere else.
    #[must_use]
    pub fn socket(&self) -> SocketAddr {
        self.socket
    }

    /// What to ask for there.
    #[must_use]
    pub fn url(&self) -> &Url {
        &self.url
    }

    /// The same address with another path and query: the host and port of what a device says of
    /// itself are never believed.
    ///
    /// # Errors
    /// [`Error::Declaration`] when `said` is no URL.
    pub fn with_path_of(&self, said: &str) -> Result<Self, Error> {
        let said = Url::parse(said).map_err(|_| {
            Error::Declaration("the device names an address that is none".to_owned())
        })?;
        let mut url = self.url.clone();
        url.set_path(said.path());
        url.set_query(said.query());
        Ok(Self {
            url,
            socket: self.socket,
        })
    }
}

impl fmt::Display for Pinned {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.url.fmt(f)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_are_pinned_to_an_ip() {
        let p = Pinned::parse("rtsp://192.0.2.7/stream1?x=1", Scheme::Rtsp).unwrap();
        assert_eq!(p.socket(), "192.0.2.7:554".parse().unwrap());
        let p = Pinned::parse(
            "http://[2001:db8::1]:8000/onvif/device_service",
            Scheme::Http,
        )
        .unwrap();
        assert_eq!(p.socket(), "[2001:db8::1]:8000".parse().unwrap());
        for wrong in [
            "rtsp://camera.example/1",
            "http://192.0.2.7/",
            "rtsp:///x",
            "192.0.2.7",
        ] {
            assert!(Pinned::parse(wrong, Scheme::Rtsp).is_err(), "{wrong}");
        }
        let e = Pinned::parse("rtsp://admin:hunter2@192.0.2.7/", Scheme::Rtsp).unwrap_err();
        assert!(!e.to_string().contains("hunter2"));
    }

    #[test]
    fn a_device_cannot_send_us_elsewhere() {
        let p = Pinned::parse("http://192.0.2.7:8000/a", Scheme::Http).unwrap();
        let q = p
            .with_path_of("http://203.0.113.9:22/onvif/media2?x=1")
            .unwrap();
        assert_eq!(q.to_string(), "http://192.0.2.7:8000/onvif/media2?x=1");
        assert_eq!(q.socket(), p.socket());
    }
}
