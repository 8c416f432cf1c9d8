//! From cookie or signed header to a person. Who that is, `policy` says through [`Doorkeeper`].

use axum::extract::FromRequestParts;
use axum::http::request::Parts;
use axum::http::{HeaderMap, HeaderValue, header};
use loggia_model::{Actor, Fault};

use crate::Problem;

/// Name of the session cookie.
pub const COOKIE: &str = "loggia_session";

/// Who knows the people. Contract: both lookups are fast (no hashing of passwords) and an answer of
/// `Some`/`Ok` means that the person is enabled now.
pub trait Doorkeeper: Send + Sync + 'static {
    /// The person whose session this token is, if it is valid.
    fn session(&self, token: &str) -> Option<Actor>;
    /// The holder of the roster key that signed this call.
    ///
    /// # Errors
    /// `Unauthenticated` or `Forbidden` when the header is malformed, stale, replayed or signed by
    /// no key of the roster.
    fn roster_key(
        &self,
        header: &str,
        method: &str,
        path_and_query: &str,
        body_sha256: [u8; 32],
    ) -> Result<Actor, Fault>;
    /// Whether this is a demo installation (every key on one machine, marked for good).
    fn demo(&self) -> bool;
}

/// The person who makes this call. Extracting it fails with 401 when nobody is signed in.
#[derive(Debug, Clone)]
pub struct Me(pub Actor);

impl<S: Send + Sync> FromRequestParts<S> for Me {
    type Rejection = Problem;
    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Problem> {
        parts
            .extensions
            .get::<Self>()
            .cloned()
            .ok_or(Problem(Fault::Unauthenticated))
    }
}

/// Whether the server speaks TLS; over plain loopback the cookie cannot be `Secure`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Secure {
    /// HTTPS: the cookie is marked `Secure`.
    Yes,
    /// Plain HTTP, loopback only.
    No,
}

/// The `Set-Cookie` value that starts a session: HttpOnly, SameSite=Strict (RFC 6265bis).
///
/// # Errors
/// [`Fault::Broken`] if the token has characters that no header may hold.
pub fn session_cookie(token: &str, secure: Secure) -> Result<HeaderValue, Fault> {
    let mark = if secure == Secure::Yes {
        "; Secure"
    } else {
        ""
    };
    HeaderValue::from_str(&format!(
        "{COOKIE}={token}; Path=/; HttpOnly; SameSite=Strict{mark}"
    ))
    .map_err(|_| Fault::Broken("the session could not be started".to_owned()))
}

/// The `Set-Cookie` value that ends a session in the browser.
#[must_use]
pub fn end_cookie() -> HeaderValue {
    HeaderValue::from_static("loggia_session=; Path=/; HttpOnly; SameSite=Strict; Max-Age=0")
}

/// The session token in a request's cookies.
#[must_use]
pub fn token_of(headers: &HeaderMap) -> Option<&str> {
    headers
        .get_all(header::COOKIE)
        .iter()
        .filter_map(|v| v.to_str().ok())
        .flat_map(|v| v.split(';'))
        .filter_map(|pair| pair.trim().split_once('='))
        .find_map(|(name, value)| (name == COOKIE).then_some(value))
}
