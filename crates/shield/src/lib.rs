//! The inventory of cameras, and the one place that admits them: no admission, no socket.
//! Never opens a socket itself and never hands a password to a page.

mod admitted;
mod decl;
mod error;
mod inventory;
mod masks;
mod pinned;
mod routes;
mod rows;

pub use admitted::{Admitted, Credentials, PROBE_LIFE, Probe};
pub use decl::{CameraDecl, Enrolled, Mask, MaskCheck};
pub use error::Error;
pub use inventory::Shield;
pub use masks::{AskMasks, MaskAnswer};
pub use pinned::{Pinned, Scheme};
pub use routes::{OpenApi, routes};
