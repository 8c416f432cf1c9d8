//! Answers and refusals (clauses 6.3.2, 6.3.3, 6.3.9). Never tells a caller what broke inside.

use std::borrow::Cow;

use axum::body::Body;
use axum::http::{HeaderName, HeaderValue, StatusCode, header};
use axum::response::Response;

use super::call::TENANT;
use super::media::Media;
use crate::context::{Context, Link};
use crate::error::{Error, Problem};
use crate::iri::Iri;
use crate::json::Json;
use crate::write::Version;

/// How many there are, where it was asked for (clause 6.3.13).
pub(super) const RESULTS_COUNT: &str = "ngsild-results-count";

/// Why an operation was not done.
#[derive(Debug)]
pub(super) enum Failure {
    /// A row of table 6.3.2-1.
    Told(Error),
    /// Another status than the table has.
    Other {
        /// The status.
        status: StatusCode,
        /// The row that fits best.
        problem: Problem,
        /// In words.
        detail: String,
    },
    /// A status that says all by itself (clause 6.3.4).
    Bare(StatusCode),
}

impl From<Error> for Failure {
    fn from(e: Error) -> Self {
        Self::Told(e)
    }
}

impl From<crate::query::Fault> for Failure {
    fn from(fault: crate::query::Fault) -> Self {
        Self::Told(fault.into())
    }
}

impl Failure {
    /// The problem details, as answers in answers have them (batch operations).
    pub(super) fn details(&self) -> Json {
        match self {
            Self::Told(Error::Broken(why)) => {
                tracing::error!(why, "data plane");
                Problem::InternalError.details("something broke here; the server's log says what")
            }
            Self::Told(e) => e.details(),
            Self::Other {
                status,
                problem,
                detail,
            } => problem.details_as(status.as_u16(), detail),
            Self::Bare(status) => {
                Problem::InvalidRequest.details_as(status.as_u16(), &status.to_string())
            }
        }
    }

    pub(super) fn answer(self, tenant: Option<&str>) -> Response {
        let status = match &self {
            Self::Told(e) => StatusCode::from_u16(e.problem().status()),
            Self::Other { status, .. } | Self::Bare(status) => Ok(*status),
        };
        let status = status.unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        let mut body = Vec::new();
        if !matches!(self, Self::Bare(_)) {
            crate::json::write_json(&mut body, &self.details());
        }
        let mut answer = Response::new(Body::from(body));
        *answer.status_mut() = status;
        let headers = answer.headers_mut();
        // Clause 6.3.3, where RFC 9457 would have problem+json.
        let kind = HeaderValue::from_static("application/json");
        headers.insert(header::CONTENT_TYPE, kind);
        let later = match status {
            StatusCode::SERVICE_UNAVAILABLE => Some("5"),
            StatusCode::TOO_MANY_REQUESTS => Some("1"),
            _ => None,
        };
        if let Some(seconds) = later {
            headers.insert(header::RETRY_AFTER, HeaderValue::from_static(seconds));
        }
        match tenant {
            Some(tenant) => of_tenant(answer, tenant),
            None => answer,
        }
    }
}

/// Says whose data it was (clause 6.3.14).
pub(super) fn of_tenant(mut answer: Response, tenant: &str) -> Response {
    if !tenant.is_empty()
        && let Ok(value) = HeaderValue::from_str(tenant)
    {
        answer.headers_mut().insert(TENANT, value);
    }
    answer
}

/// A body in the representation that was asked for; `link` is the address of the @context.
pub(super) fn body(media: Media, body: Vec<u8>, link: Option<&str>) -> Response {
    let mut answer = Response::new(Body::from(body));
    let headers = answer.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(media.name()));
    if let Some(url) = link
        && let Ok(value) = HeaderValue::from_str(&Link::header(url))
    {
        headers.insert(header::LINK, value);
    }
    answer
}

/// Nothing but the status.
pub(super) fn empty(status: StatusCode) -> Response {
    let mut answer = Response::new(Body::empty());
    *answer.status_mut() = status;
    answer
}

/// Something was made, and this is its path.
pub(super) fn created(path: &str) -> Response {
    let mut answer = empty(StatusCode::CREATED);
    if let Ok(value) = HeaderValue::from_str(path) {
        answer.headers_mut().insert(header::LOCATION, value);
    }
    answer
}

/// A status with a JSON body that needs no @context.
pub(super) fn json(status: StatusCode, json: &Json) -> Response {
    let mut out = Vec::new();
    crate::json::write_json(&mut out, json);
    let mut answer = body(Media::Json, out, None);
    *answer.status_mut() = status;
    answer
}

/// Entities as of a version that was preferred: which that is, and 203 if they had to be amended
/// (clause 6.3.6, and the tables of clauses 6.4 and 6.5).
pub(super) fn in_version(
    mut answer: Response,
    version: Option<Version>,
    amended: Amended,
) -> Response {
    let Some(version) = version else {
        return answer;
    };
    if let Ok(value) = HeaderValue::from_str(&format!("ngsi-ld={version}")) {
        answer.headers_mut().insert("preference-applied", value);
    }
    if amended == Amended::Yes && answer.status() == StatusCode::OK {
        *answer.status_mut() = StatusCode::NON_AUTHORITATIVE_INFORMATION;
    }
    answer
}

/// Whether an answer is not as it would be in our version.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) enum Amended {
    /// It is not.
    Yes,
    /// It is.
    #[default]
    No,
}

impl<T: ToOwned + ?Sized> From<&Cow<'_, T>> for Amended {
    fn from(looked_at: &Cow<'_, T>) -> Self {
        match looked_at {
            Cow::Owned(_) => Self::Yes,
            Cow::Borrowed(_) => Self::No,
        }
    }
}

impl Amended {
    /// Whether one of two is.
    pub(super) fn or(self, other: Self) -> Self {
        match self {
            Self::Yes => Self::Yes,
            Self::No => other,
        }
    }
}

pub(super) fn with_count(mut answer: Response, count: Option<usize>) -> Response {
    if let Some(count) = count {
        let name = HeaderName::from_static(RESULTS_COUNT);
        answer.headers_mut().insert(name, HeaderValue::from(count));
    }
    answer
}

/// A name in a path, with what a path cannot hold escaped.
pub(super) fn in_path(name: &str) -> String {
    let mut out = String::with_capacity(name.len());
    for byte in name.bytes() {
        match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' => out.push(char::from(byte)),
            b'-' | b'.' | b'_' | b'~' | b':' | b'@' | b'!' | b'$' | b'&' | b'\'' | b'(' | b')'
            | b'*' | b'+' | b',' | b';' | b'=' => out.push(char::from(byte)),
            other => out.push_str(&format!("%{other:02X}")),
        }
    }
    out
}

/// A list of texts.
pub(super) fn texts<'t>(list: impl Iterator<Item = &'t str>) -> Json {
    Json::Array(list.map(Json::from).collect())
}

/// What an update could not do (clause 5.2.18). Names are written in full, for there is no @context
/// (clause 6.3.6).
pub(super) fn update_result(
    updated: &[Iri],
    skipped: &[crate::update::Skipped],
    context: &Context,
) -> Json {
    let not = skipped.iter().map(|s| {
        let name = context.expand_name(&s.term).filter(|_| &*s.term != "scope");
        let name = name.as_ref().map_or(&*s.term, |n| n.as_str());
        let mut members: Vec<(Box<str>, Json)> = vec![
            ("attributeName".into(), Json::from(name)),
            ("reason".into(), Json::from(s.why.reason())),
        ];
        if let Some(id) = &s.dataset_id {
            members.push(("datasetId".into(), Json::from(&**id)));
        }
        Json::Object(members.into())
    });
    Json::object([
        ("updated", texts(updated.iter().map(|t| &**t))),
        ("notUpdated", Json::Array(not.collect())),
    ])
}
