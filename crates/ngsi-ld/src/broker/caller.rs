//! Whose data a call is about, and what the caller may do with them: every operation of the broker
//! takes the two together, so that none can ask for a tenant and forget the rights. Never decides
//! who somebody is: the gate has done that.

use std::sync::Arc;

use super::keys::DeviceKey;
use crate::error::Error;
use crate::rights::{Deed, Rights};

/// A tenant as one caller may use it. A text is the city itself, which may do everything.
pub trait Caller {
    /// Whose data; empty for the default tenant.
    fn tenant(&self) -> &str;

    /// The device that calls; nobody's rights are narrowed but a device's.
    fn key(&self) -> Option<&DeviceKey> {
        None
    }

    /// The rights that narrow a deed; nothing where all is granted.
    ///
    /// # Errors
    /// [`Error::Forbidden`] if it is not granted at all.
    fn may(&self, deed: Deed) -> Result<Option<&Rights>, Error> {
        let Some(key) = self.key() else {
            return Ok(None);
        };
        key.rights.may(deed)?;
        Ok(Some(&key.rights))
    }
}

impl Caller for str {
    fn tenant(&self) -> &str {
        self
    }
}

impl Caller for Box<str> {
    fn tenant(&self) -> &str {
        self
    }
}

impl Caller for String {
    fn tenant(&self) -> &str {
        self
    }
}

/// A call's tenant and caller. It gives its tenant's name only when asked, so that the rights are
/// not lost on the way by accident.
#[derive(Debug, Clone, Default)]
pub struct Whose {
    tenant: Box<str>,
    key: Option<Arc<DeviceKey>>,
}

impl Whose {
    /// Of somebody who may do everything with this tenant.
    #[must_use]
    pub const fn of(tenant: Box<str>) -> Self {
        Self { tenant, key: None }
    }

    /// Of a device.
    #[must_use]
    pub fn of_device(key: Arc<DeviceKey>) -> Self {
        Self {
            tenant: key.tenant.clone(),
            key: Some(key),
        }
    }
}

impl Caller for Whose {
    fn tenant(&self) -> &str {
        &self.tenant
    }

    fn key(&self) -> Option<&DeviceKey> {
        self.key.as_deref()
    }
}
