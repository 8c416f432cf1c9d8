//! How every endpoint speaks: routes that state who may call them, problem+json, sessions, headers.
//! Never decides who somebody is (that is `policy`) and never knows what an endpoint is about.

mod access;
mod caller;
mod device;
mod gate;
mod headers;
mod problem;
mod route;
mod session;

pub use access::Access;
pub use caller::{Peer, network};
pub use device::Device;
pub use gate::{BODY_BYTES_MAX, router, router_over};
pub use headers::{CSP, secure};
pub use problem::{Problem, ProblemBody};
pub use route::Route;
pub use session::{
    COOKIE, Doorkeeper, HOST_COOKIE, Me, Secure, end_cookie, login_cookie, login_of,
    session_cookie, token_of,
};
