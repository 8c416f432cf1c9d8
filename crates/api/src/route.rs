//! One endpoint: method, path, who may call it, and what answers. Never a route without its access.

use core::fmt;

use axum::http::Method;
use axum::routing::MethodRouter;

use crate::Access;

/// An endpoint as its crate declares it; [`crate::router`] builds the server from these alone.
#[derive(Clone)]
pub struct Route {
    /// HTTP method.
    pub method: Method,
    /// Path in axum's syntax, e.g. `/api/v1/cameras/{id}`.
    pub path: &'static str,
    /// Who may call it.
    pub access: Access,
    /// The handler, its state already bound.
    pub handler: MethodRouter<()>,
}

impl Route {
    /// A GET route. `handler` is `axum::routing::get(f).with_state(state)`.
    #[must_use]
    pub fn get(path: &'static str, access: Access, handler: MethodRouter<()>) -> Self {
        Self {
            method: Method::GET,
            path,
            access,
            handler,
        }
    }
    /// A POST route.
    #[must_use]
    pub fn post(path: &'static str, access: Access, handler: MethodRouter<()>) -> Self {
        Self {
            method: Method::POST,
            path,
            access,
            handler,
        }
    }
    /// A PUT route.
    #[must_use]
    pub fn put(path: &'static str, access: Access, handler: MethodRouter<()>) -> Self {
        Self {
            method: Method::PUT,
            path,
            access,
            handler,
        }
    }
    /// A DELETE route.
    #[must_use]
    pub fn delete(path: &'static str, access: Access, handler: MethodRouter<()>) -> Self {
        Self {
            method: Method::DELETE,
            path,
            access,
            handler,
        }
    }
}

impl fmt::Debug for Route {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {} {:?}", self.method, self.path, self.access)
    }
}
