//! One call: its headers, parameters and body, read once (clauses 6.3.2 to 6.3.5). Never decides
//! what the operation does with them.

use axum::body::{Bytes, to_bytes};
use axum::extract::{RawPathParams, Request};
use axum::http::{HeaderMap, Method, StatusCode, Uri, header};

use super::BODY_BYTES_MAX;
use super::answer::Failure;
use super::media::{self, Geo, Media};
use crate::broker::Whose;
use crate::context::Context;
use crate::entity::Representation;
use crate::error::{Error, Problem};
use crate::json::Json;
use crate::query::TypeQuery;
use crate::write::Version;

/// The header of clause 6.3.14.
pub(super) const TENANT: &str = "ngsild-tenant";
/// The longest tenant's name; 60 is what a DNS label and most databases take.
const TENANT_BYTES_MAX: usize = 60;
/// Parameters of one call; the longest operation has 20.
const PARAMS_MAX: usize = 64;

/// A call that was read.
#[derive(Debug)]
pub(super) struct Call {
    pub method: Method,
    pub uri: Uri,
    pub headers: HeaderMap,
    pub whose: Whose,
    pub body: Bytes,
    path: Vec<(String, String)>,
    params: Vec<(String, String)>,
}

impl Call {
    pub(super) async fn read(path: &RawPathParams, request: Request) -> Result<Self, Failure> {
        let (parts, body) = request.into_parts();
        let whose = Whose::of(tenant(&parts.headers)?);
        answerable(&parts.method, &parts.uri, &parts.headers)?;
        let query = parts.uri.query().unwrap_or_default();
        let params: Vec<(String, String)> = form_urlencoded::parse(query.as_bytes())
            .take(PARAMS_MAX + 1)
            .map(|(k, v)| (k.into_owned(), v.into_owned()))
            .collect();
        if params.len() > PARAMS_MAX {
            return Err(invalid(format!("more than {PARAMS_MAX} parameters")));
        }
        let body = to_bytes(body, BODY_BYTES_MAX).await;
        let body = body.map_err(|_| Failure::Other {
            status: StatusCode::PAYLOAD_TOO_LARGE,
            problem: Problem::InvalidRequest,
            detail: format!("the body breaks off, or has over {BODY_BYTES_MAX} bytes"),
        })?;
        let path = path.iter().map(|(k, v)| (k.to_owned(), v.to_owned()));
        Ok(Self {
            path: path.collect(),
            method: parts.method,
            uri: parts.uri,
            headers: parts.headers,
            whose,
            body,
            params,
        })
    }

    /// A part of the path, percent-decoded.
    pub(super) fn path(&self, name: &str) -> &str {
        let found = self.path.iter().find(|(k, _)| k == name);
        found.map_or("", |(_, v)| v.as_str())
    }

    /// An entity's id in the path: a URI (clause 5.6.1).
    pub(super) fn entity_id(&self) -> Result<&str, Failure> {
        let id = self.path("id");
        if crate::is_uri(id) {
            Ok(id)
        } else {
            Err(Error::bad("id", "an entity's id is a URI").into())
        }
    }

    /// A parameter; one that is there without a value is a mistake (clause 6.3.2).
    pub(super) fn param(&self, name: &'static str) -> Result<Option<&str>, Failure> {
        match self.params.iter().find(|(k, _)| k == name) {
            Some((_, value)) if value.is_empty() => Err(Error::bad(name, "it has no value").into()),
            found => Ok(found.map(|(_, v)| v.as_str())),
        }
    }

    /// All parameters as sent, for the links to other pages.
    pub(super) fn params(&self) -> &[(String, String)] {
        &self.params
    }

    /// A parameter that is `true` or `false`.
    pub(super) fn flag(&self, name: &'static str) -> Result<Flag, Failure> {
        match self.param(name)? {
            None | Some("false") => Ok(Flag::Unset),
            Some("true") => Ok(Flag::Set),
            Some(_) => Err(Error::bad(name, "it is true or false").into()),
        }
    }

    /// A parameter that is a number, 0 or more.
    pub(super) fn number(&self, name: &'static str) -> Result<Option<usize>, Failure> {
        let read = |text: &str| {
            let digits = text.len() <= 9 && text.bytes().all(|b| b.is_ascii_digit());
            let number = digits.then(|| text.parse().ok()).flatten();
            number.ok_or_else(|| Failure::from(Error::bad(name, "a number of 0 or more is needed")))
        };
        self.param(name)?.map(read).transpose()
    }

    /// The words of `options` (clause 6.3.7 and the operations' tables).
    pub(super) fn options(&self) -> Result<Vec<&str>, Failure> {
        let text = self.param("options")?;
        Ok(text.map(|t| t.split(',').collect()).unwrap_or_default())
    }

    /// Whether one of the `options` is this one.
    pub(super) fn option(&self, word: &str) -> Result<Flag, Failure> {
        Ok(if self.options()?.contains(&word) {
            Flag::Set
        } else {
            Flag::Unset
        })
    }

    /// How the entities in the body are represented.
    pub(super) fn representation(&self) -> Result<Representation, Failure> {
        let words = self.options()?;
        let format = self.param("format")?;
        // Where both are there, `format` counts (table 6.5.3.4-1).
        let mut all = match format {
            Some(format) => vec![format],
            None => words,
        }
        .into_iter();
        Ok(match all.any(|w| w == "keyValues" || w == "simplified") {
            true => Representation::Simplified,
            false => Representation::Detected,
        })
    }

    /// What the body is: JSON with an @context elsewhere, or JSON-LD with its own.
    pub(super) fn body_media(&self) -> Result<Media, Failure> {
        let text = self.headers.get(header::CONTENT_TYPE);
        let text = text.and_then(|v| v.to_str().ok()).unwrap_or_default();
        media::of_body(text, &self.method)
    }

    /// The body as JSON. Its length was said before it (clause 6.3.4).
    pub(super) fn json(&self) -> Result<Json, Failure> {
        if !self.headers.contains_key(header::CONTENT_LENGTH) {
            return Err(Failure::Bare(StatusCode::LENGTH_REQUIRED));
        }
        if self.body.is_empty() {
            return Err(invalid("the body is empty"));
        }
        Ok(Json::read(&self.body)?)
    }

    /// `type`: an entity that is of no such type is not the one that is meant (clause 5.6).
    pub(super) fn types(&self, context: &Context) -> Result<Option<TypeQuery>, Failure> {
        let text = self.param("type")?;
        Ok(text.map(|t| TypeQuery::read(t, context)).transpose()?)
    }

    /// What a `Prefer` header says of something (RFC 7240).
    pub(super) fn prefers(&self, name: &str) -> Option<&str> {
        let values = self.headers.get_all("prefer").into_iter();
        let texts = values.filter_map(|v| v.to_str().ok());
        let mut each = texts.flat_map(|t| t.split([',', ';'])).map(str::trim);
        each.find_map(|one| {
            let (known, value) = one.split_once('=')?;
            let known = known.trim().eq_ignore_ascii_case(name);
            known.then(|| value.trim().trim_matches('"'))
        })
    }
}

impl Call {
    /// The version of the specification that an answer's entities are preferred in (clause 6.3.6);
    /// what is no version is answered in ours.
    pub(super) fn version(&self) -> Option<Version> {
        let text = self.prefers("ngsi-ld")?;
        Some(Version::read(text).unwrap_or(Version::NEWEST))
    }

    /// This broker's own address as the caller knows it.
    pub(super) fn base(&self) -> String {
        let host = self.headers.get(header::HOST);
        let host = host.and_then(|v| v.to_str().ok()).unwrap_or("localhost");
        let forwarded = self
            .headers
            .get("x-forwarded-proto")
            .and_then(|v| v.to_str().ok());
        let scheme = if forwarded == Some("https") {
            "https"
        } else {
            "http"
        };
        format!("{scheme}://{host}")
    }
}

/// Whether something was asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Flag {
    /// It was.
    Set,
    /// It was not.
    Unset,
}

/// Whether a caller who changes something takes what he may be answered with (clause 6.3.2). What
/// is asked for is looked at where it is written.
fn answerable(method: &Method, uri: &Uri, headers: &HeaderMap) -> Result<(), Failure> {
    let asks = *method == Method::GET
        || *method == Method::HEAD
        || uri.path().ends_with("/entityOperations/query");
    match asks {
        true => Ok(()),
        false => media::of_answer(headers, Geo::Not).map(|_| ()),
    }
}

pub(super) fn invalid(what: impl Into<String>) -> Failure {
    Error::InvalidRequest(what.into()).into()
}

/// Whether a tenant may be called so.
pub(crate) fn is_tenant(name: &str) -> bool {
    let good = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'_' | b'-' | b'.' | b':');
    name.len() <= TENANT_BYTES_MAX && name.bytes().all(good)
}

/// Whose data (clause 6.3.14); the default tenant has no name.
fn tenant(headers: &HeaderMap) -> Result<Box<str>, Failure> {
    let Some(value) = headers.get(TENANT) else {
        return Ok(Box::default());
    };
    let name = value.to_str().ok().filter(|t| is_tenant(t));
    match name {
        Some("urn:ngsi-ld:tenant:default") => Ok(Box::default()),
        Some(name) => Ok(name.into()),
        None => Err(invalid(format!(
            "NGSILD-Tenant: letters, digits and `_-.:`, at most {TENANT_BYTES_MAX}"
        ))),
    }
}
