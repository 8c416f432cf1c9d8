//! From cookie or signed header to a person. Who that is, `policy` says through [`Doorkeeper`].

use axum::extract::FromRequestParts;
use axum::http::request::Parts;
use axum::http::{HeaderMap, HeaderValue, header};
use loggia_model::{Actor, Fault};

use crate::{Device, Problem};

/// Name of the session cookie on plain loopback.
pub const COOKIE: &str = "loggia_session";
/// Its name over TLS: a browser takes it from this very host over TLS only, so that no other site
/// of the same domain can slip somebody a session (RFC 6265bis section 4.1.3.2).
pub const HOST_COOKIE: &str = "__Host-loggia_session";

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
    /// Whether each call of this person is to be noted before it happens.
    fn watched(&self, _: &Actor) -> bool {
        false
    }
    /// Notes that a watched person calls this route (its pattern), or says why they may not. May
    /// block; the gate calls it off the async threads, after access and before the handler.
    ///
    /// # Errors
    /// Whatever then refuses the call.
    fn note(&self, _: &Actor, _method: &str, _path: &str) -> Result<(), Fault> {
        Ok(())
    }
    /// The device whose key this is (`Authorization: Bearer`, `X-Api-Key`), good now. Asked on the
    /// data plane's routes alone.
    ///
    /// # Errors
    /// `Unsigned` says why it is none; `Unauthenticated` where there are no keys of devices.
    fn device(&self, _key: &str) -> Result<Device, Fault> {
        Err(Fault::Unauthenticated)
    }
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

impl Secure {
    /// The session cookie's name.
    #[must_use]
    pub const fn cookie(self) -> &'static str {
        match self {
            Self::Yes => HOST_COOKIE,
            Self::No => COOKIE,
        }
    }

    const fn mark(self) -> &'static str {
        match self {
            Self::Yes => "; Secure",
            Self::No => "",
        }
    }
}

/// The `Set-Cookie` value that starts a session: HttpOnly, SameSite=Strict (RFC 6265bis).
///
/// # Errors
/// [`Fault::Broken`] if the token has characters that no header may hold.
pub fn session_cookie(token: &str, secure: Secure) -> Result<HeaderValue, Fault> {
    let (name, mark) = (secure.cookie(), secure.mark());
    HeaderValue::from_str(&format!(
        "{name}={token}; Path=/; HttpOnly; SameSite=Strict{mark}"
    ))
    .map_err(|_| Fault::Broken("the session could not be started".to_owned()))
}

/// The `Set-Cookie` value that ends a session in the browser.
#[must_use]
pub const fn end_cookie(secure: Secure) -> HeaderValue {
    HeaderValue::from_static(match secure {
        Secure::Yes => {
            "__Host-loggia_session=; Path=/; HttpOnly; SameSite=Strict; Secure; Max-Age=0"
        }
        Secure::No => "loggia_session=; Path=/; HttpOnly; SameSite=Strict; Max-Age=0",
    })
}

/// Name of the cookie that carries a login to the identity provider and back.
const LOGIN_COOKIE: &str = "loggia_login";
/// Its name over TLS.
const HOST_LOGIN_COOKIE: &str = "__Host-loggia_login";

impl Secure {
    const fn login(self) -> &'static str {
        match self {
            Self::Yes => HOST_LOGIN_COOKIE,
            Self::No => LOGIN_COOKIE,
        }
    }
}

/// The `Set-Cookie` value that keeps a login until its answer comes back. The answer is a
/// navigation from the provider's page, with which a browser sends no Strict cookie: hence Lax.
///
/// # Errors
/// [`Fault::Broken`] if it has characters that no header may hold.
pub fn login_cookie(sealed: &str, seconds: u64, secure: Secure) -> Result<HeaderValue, Fault> {
    let (name, mark) = (secure.login(), secure.mark());
    HeaderValue::from_str(&format!(
        "{name}={sealed}; Path=/; HttpOnly; SameSite=Lax; Max-Age={seconds}{mark}"
    ))
    .map_err(|_| Fault::Broken("the sign-in could not be started".to_owned()))
}

/// The login in a request's cookies.
#[must_use]
pub fn login_of(headers: &HeaderMap, secure: Secure) -> Option<&str> {
    cookie(headers, secure.login())
}

/// The session token in a request's cookies; over TLS under its protected name only.
#[must_use]
pub fn token_of(headers: &HeaderMap, secure: Secure) -> Option<&str> {
    cookie(headers, secure.cookie())
}

fn cookie<'a>(headers: &'a HeaderMap, wanted: &str) -> Option<&'a str> {
    headers
        .get_all(header::COOKIE)
        .iter()
        .filter_map(|v| v.to_str().ok())
        .flat_map(|v| v.split(';'))
        .filter_map(|pair| pair.trim().split_once('='))
        .find_map(|(name, value)| (name == wanted).then_some(value))
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;
    use loggia_model::{Body as CityBody, PersonId, Role, Roles};

    /// Knows one person, o.saarinen, and one device.
    pub(crate) struct Door;
    impl Doorkeeper for Door {
        fn session(&self, token: &str) -> Option<Actor> {
            (token == "good").then(|| Actor {
                person: PersonId("o.saarinen".into()),
                name: "O. Saarinen".into(),
                body: CityBody::City,
                roles: Roles::from([Role::Operator]),
            })
        }
        fn roster_key(&self, _: &str, _: &str, _: &str, _: [u8; 32]) -> Result<Actor, Fault> {
            Err(Fault::Unauthenticated)
        }
        fn device(&self, key: &str) -> Result<Device, Fault> {
            match key {
                "ldk_good" => Ok(Device(7)),
                _ => Err(Fault::Unsigned("this is no key".to_owned())),
            }
        }
        fn demo(&self) -> bool {
            false
        }
    }

    #[test]
    fn over_tls_only_the_protected_name_counts() {
        let set = session_cookie("t0ken", Secure::Yes).unwrap();
        let set = set.to_str().unwrap();
        assert!(
            set.starts_with("__Host-loggia_session=t0ken; Path=/; "),
            "{set}"
        );
        assert!(set.contains("; Secure") && !set.contains("Domain"), "{set}");
        let end = end_cookie(Secure::Yes);
        assert!(
            end.to_str()
                .unwrap()
                .starts_with("__Host-loggia_session=; Path=/")
        );
        assert!(end.to_str().unwrap().contains("; Secure"));
        let mut headers = HeaderMap::new();
        let both = "loggia_session=slipped; __Host-loggia_session=own";
        headers.insert(header::COOKIE, HeaderValue::from_static(both));
        assert_eq!(token_of(&headers, Secure::Yes), Some("own"));
        assert_eq!(token_of(&headers, Secure::No), Some("slipped"));
        headers.insert(
            header::COOKIE,
            HeaderValue::from_static("loggia_session=slipped"),
        );
        assert_eq!(token_of(&headers, Secure::Yes), None);
    }
}
