//! One visit: which language it is read in, and how an answer is sent so that caches stay right.
//! Never keeps anything about a visitor but the language in their own browser.

use std::hash::{DefaultHasher, Hash, Hasher};
use std::net::IpAddr;
use std::sync::Arc;

use axum::extract::FromRequestParts;
use axum::http::request::Parts;
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use loggia_api::Secure;
use maud::Markup;

use super::Square;
use crate::words::{Lang, Tongue};

/// The cookie that holds a chosen language; the other rooms' pages read and write it too.
const LANGUAGE_COOKIE: &str = "loggia-lang";
/// Longest query that is read, bytes; what is beyond it is not a question of these pages.
const QUERY_BYTES_MAX: usize = 4_096;

/// Who asks for what, as far as a page needs it.
#[derive(Debug)]
pub(super) struct Visit {
    pub tongue: Tongue,
    /// Path and query, without the language.
    pub here: String,
    query: Vec<(String, String)>,
    /// Scheme and host by which this server was reached.
    pub origin: String,
    known: Option<String>,
    /// The network that they come from, where it can be told.
    pub network: Option<IpAddr>,
    /// The language, where the address named it: it is kept from now on.
    named: Option<Lang>,
}

impl FromRequestParts<Arc<Square>> for Visit {
    type Rejection = core::convert::Infallible;
    async fn from_request_parts(
        parts: &mut Parts,
        square: &Arc<Square>,
    ) -> Result<Self, Self::Rejection> {
        let text = parts.uri.query().unwrap_or_default();
        let text = if text.len() <= QUERY_BYTES_MAX {
            text
        } else {
            ""
        };
        let query: Vec<(String, String)> = form_urlencoded::parse(text.as_bytes())
            .into_owned()
            .collect();
        let asked = query.iter().find(|(k, _)| k == "lang");
        let named = asked.and_then(|(_, tag)| Lang::of_tag(tag));
        let lang = named.or_else(|| chosen(&parts.headers)).unwrap_or(Lang::En);
        let tongue = Tongue {
            lang,
            zone: square.setting.zone.clone(),
        };
        let known = parts.headers.get(header::IF_NONE_MATCH);
        Ok(Self {
            here: address(parts.uri.path(), &query),
            origin: origin(&parts.headers, square.setting.secure),
            known: known.and_then(|v| v.to_str().ok()).map(str::to_owned),
            tongue,
            network: loggia_api::network(parts),
            named,
            query,
        })
    }
}

/// The language of the cookie, else of the browser.
fn chosen(headers: &HeaderMap) -> Option<Lang> {
    let kept = headers
        .get_all(header::COOKIE)
        .iter()
        .filter_map(|v| v.to_str().ok())
        .flat_map(|v| v.split(';'))
        .filter_map(|pair| pair.trim().split_once('='))
        .find(|(name, _)| *name == LANGUAGE_COOKIE)
        .and_then(|(_, tag)| Lang::of_tag(tag));
    let accepted = || {
        let header = headers.get(header::ACCEPT_LANGUAGE)?;
        Lang::accepted(header.to_str().ok()?)
    };
    kept.or_else(accepted)
}

/// `Host` is the caller's own word: only what may stand in an address is repeated.
fn origin(headers: &HeaderMap, secure: Secure) -> String {
    let plain = |c: char| c.is_ascii_alphanumeric() || ".:-[]".contains(c);
    let host = headers.get(header::HOST).and_then(|h| h.to_str().ok());
    let host = host.filter(|h| h.len() <= 255 && h.chars().all(plain));
    let scheme = match secure {
        Secure::Yes => "https",
        Secure::No => "http",
    };
    format!("{scheme}://{}", host.unwrap_or("localhost"))
}

/// A path with its questions, but for the language.
fn address(path: &str, query: &[(String, String)]) -> String {
    let rest = query.iter().filter(|(k, _)| k != "lang");
    let text = form_urlencoded::Serializer::new(String::new())
        .extend_pairs(rest)
        .finish();
    if text.is_empty() {
        path.to_owned()
    } else {
        format!("{path}?{text}")
    }
}

/// `name=value` as it stands in an address.
pub(super) fn question(name: &str, value: &str) -> String {
    form_urlencoded::Serializer::new(String::new())
        .append_pair(name, value)
        .finish()
}

impl Visit {
    /// The first value of a question.
    pub fn asked(&self, name: &str) -> Option<&str> {
        let found = self.query.iter().find(|(k, _)| k == name);
        found.map(|(_, v)| v.as_str())
    }

    /// Every value of a question.
    pub fn all_asked<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a str> {
        let named = move |(k, v): &'a (String, String)| (k == name).then_some(v.as_str());
        self.query.iter().filter_map(named)
    }

    /// A page that changes when the log does: asked for anew each time, sent only when it changed.
    pub fn page(&self, page: Markup) -> Response {
        self.fresh(page.into_string(), "text/html; charset=utf-8")
    }

    /// The same for what is no page.
    pub fn fresh(&self, body: String, media: &'static str) -> Response {
        let mut hasher = DefaultHasher::new();
        (body.as_bytes(), self.tongue.lang.tag()).hash(&mut hasher);
        // Weak: what is the same to a reader, not byte for byte through a proxy that compresses.
        let tag = format!("W/\"{:016x}\"", hasher.finish());
        let same = self.known.as_ref().is_some_and(|k| k.contains(&tag));
        let mut answer = if same {
            StatusCode::NOT_MODIFIED.into_response()
        } else {
            let mut answer = body.into_response();
            let kind = HeaderValue::from_static(media);
            answer.headers_mut().insert(header::CONTENT_TYPE, kind);
            answer
        };
        let headers = answer.headers_mut();
        headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-cache"));
        let vary = HeaderValue::from_static("Accept-Language, Cookie");
        headers.insert(header::VARY, vary);
        if let Ok(tag) = HeaderValue::from_str(&tag) {
            headers.insert(header::ETAG, tag);
        }
        self.keep_language(answer)
    }

    /// A page about one person's matter, or about what went wrong: kept by no cache.
    pub fn private(&self, status: StatusCode, page: Markup) -> Response {
        let kind = (header::CONTENT_TYPE, "text/html; charset=utf-8");
        let cache = (header::CACHE_CONTROL, "no-store");
        self.keep_language((status, [kind, cache], page.into_string()).into_response())
    }

    /// A form, and every link of the page, are in the language that the address asked for.
    fn keep_language(&self, mut answer: Response) -> Response {
        if let Some(cookie) = self.named.and_then(language_cookie) {
            answer.headers_mut().insert(header::SET_COOKIE, cookie);
        }
        answer
    }
}

/// The language in the reader's own browser, for a year; the other rooms' script reads it, so it is
/// not `HttpOnly`. It says nothing else.
pub(super) fn language_cookie(lang: Lang) -> Option<HeaderValue> {
    let tag = lang.tag();
    let cookie = format!("{LANGUAGE_COOKIE}={tag}; Path=/; Max-Age=31536000; SameSite=Lax");
    HeaderValue::from_str(&cookie).ok()
}

/// Sends the browser on with GET (RFC 9110 section 15.4.4). `to` is one of our own addresses.
pub(super) fn see_other(to: &str) -> Response {
    let to = HeaderValue::from_str(to).unwrap_or(HeaderValue::from_static("/"));
    let headers = [
        (header::LOCATION, to),
        (header::CACHE_CONTROL, HeaderValue::from_static("no-store")),
    ];
    (StatusCode::SEE_OTHER, headers).into_response()
}

/// An address on this server, else the square: nobody is sent elsewhere by a link of ours.
pub(super) fn own_address(text: &str) -> &str {
    let own = text.starts_with('/')
        && !text.starts_with("//")
        && text.len() <= QUERY_BYTES_MAX
        && text.chars().all(|c| c.is_ascii_graphic() && c != '\\');
    if own { text } else { "/" }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nobody_is_sent_elsewhere() {
        for (text, to) in [
            ("/cameras?q=a&page=2", "/cameras?q=a&page=2"),
            ("//evil.example", "/"),
            ("/\\evil.example", "/"),
            ("https://evil.example", "/"),
            ("/a\r\nset-cookie: x", "/"),
            ("", "/"),
        ] {
            assert_eq!(own_address(text), to, "{text:?}");
        }
    }

    #[test]
    fn a_strange_host_is_not_repeated() {
        for (host, origin_said) in [
            ("city.example:8443", "https://city.example:8443"),
            ("\"><script>", "https://localhost"),
        ] {
            let mut headers = HeaderMap::new();
            headers.insert(header::HOST, HeaderValue::from_static(host));
            assert_eq!(origin(&headers, Secure::Yes), origin_said);
        }
    }

    #[test]
    fn the_cookie_comes_before_the_browsers_languages() {
        let mut headers = HeaderMap::new();
        headers.insert(header::ACCEPT_LANGUAGE, HeaderValue::from_static("sr"));
        assert_eq!(chosen(&headers), Some(Lang::Sr));
        let kept = HeaderValue::from_static("a=b; loggia-lang=sr-Latn");
        headers.insert(header::COOKIE, kept);
        assert_eq!(chosen(&headers), Some(Lang::SrLatn));
    }
}
