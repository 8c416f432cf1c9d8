//! The proof that a camera may be connected to, and the short-lived probe for a device that is not
//! enrolled yet. Never cloned, never read from bytes, never made outside this crate.

use core::fmt;
use core::time::Duration;
use std::net::SocketAddr;

use loggia_model::{CameraId, Clock};
use zeroize::Zeroizing;

use crate::decl::Addresses;
use crate::{Error, Pinned, Scheme};

/// How long a probe may be used.
pub const PROBE_LIFE: Duration = Duration::from_secs(30);

/// User and password at a camera.
pub struct Credentials {
    username: String,
    password: Zeroizing<String>,
}

impl Credentials {
    /// The user; empty when the camera asks for none.
    #[must_use]
    pub fn username(&self) -> &str {
        &self.username
    }
    /// The password.
    #[must_use]
    pub fn password(&self) -> &str {
        &self.password
    }
}

impl fmt::Debug for Credentials {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Credentials(…)")
    }
}

/// This camera is in the inventory and in the public log, and its address is pinned. Whatever opens
/// a socket to a camera asks for it and connects to its addresses only.
#[derive(Debug)]
#[must_use = "an admission is for opening one session"]
pub struct Admitted {
    camera: CameraId,
    addresses: AddressBook,
    credentials: Credentials,
}

#[derive(Debug)]
struct AddressBook {
    rtsp: Pinned,
    sub: Option<Pinned>,
    onvif: Option<Pinned>,
}

impl Admitted {
    pub(crate) fn new(
        camera: CameraId,
        addresses: Addresses,
        username: String,
        password: Zeroizing<String>,
    ) -> Self {
        let Addresses { rtsp, sub, onvif } = addresses;
        Self {
            camera,
            addresses: AddressBook { rtsp, sub, onvif },
            credentials: Credentials { username, password },
        }
    }

    /// Which camera.
    #[must_use]
    pub fn camera(&self) -> CameraId {
        self.camera
    }
    /// The main stream.
    #[must_use]
    pub fn rtsp(&self) -> &Pinned {
        &self.addresses.rtsp
    }
    /// The H.264 sub-stream of an H.265 camera.
    #[must_use]
    pub fn sub(&self) -> Option<&Pinned> {
        self.addresses.sub.as_ref()
    }
    /// The ONVIF device service.
    #[must_use]
    pub fn onvif(&self) -> Option<&Pinned> {
        self.addresses.onvif.as_ref()
    }
    /// User and password.
    #[must_use]
    pub fn credentials(&self) -> &Credentials {
        &self.credentials
    }
}

/// Leave to look at one address for [`PROBE_LIFE`], before enrolment: `discover` and `check`. A
/// probe records nothing: the recorder takes an [`Admitted`] only.
#[derive(Debug)]
#[must_use = "a probe expires"]
pub struct Probe {
    address: Pinned,
    credentials: Credentials,
    until: Duration,
}

impl Probe {
    /// Leave to look at the pinned address `url` until it expires.
    ///
    /// # Errors
    /// [`Error::Declaration`] when the address is not pinned (a name instead of an IP address).
    pub fn of(
        url: &str,
        scheme: Scheme,
        username: &str,
        password: &str,
        clock: &dyn Clock,
    ) -> Result<Self, Error> {
        Ok(Self::new(
            Pinned::parse(url, scheme)?,
            username,
            password,
            clock,
        ))
    }

    pub(crate) fn new(address: Pinned, username: &str, password: &str, clock: &dyn Clock) -> Self {
        Self {
            address,
            credentials: Credentials {
                username: username.to_owned(),
                password: Zeroizing::new(password.to_owned()),
            },
            until: clock.mono() + PROBE_LIFE,
        }
    }

    /// Where to connect, while the probe lives.
    ///
    /// # Errors
    /// [`Error::ProbeExpired`].
    pub fn socket(&self, clock: &dyn Clock) -> Result<SocketAddr, Error> {
        if clock.mono() > self.until {
            return Err(Error::ProbeExpired);
        }
        Ok(self.address.socket())
    }

    /// What to ask for there.
    ///
    /// # Errors
    /// [`Error::ProbeExpired`].
    pub fn address(&self, clock: &dyn Clock) -> Result<&Pinned, Error> {
        self.socket(clock)?;
        Ok(&self.address)
    }

    /// User and password.
    #[must_use]
    pub fn credentials(&self) -> &Credentials {
        &self.credentials
    }
}
