//! Errors as problem details (RFC 9457). The one table from `Fault` to status; detail that is not
//! safe to show never reaches here.

use axum::Json;
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use loggia_model::Fault;
use serde::{Deserialize, Serialize};

/// An error answer. Made from a [`Fault`]; `?` does it in handlers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Problem(pub Fault);

/// The JSON body of a problem (RFC 9457 section 3.1).
#[derive(Debug, Clone, Serialize, Deserialize, utoipa::ToSchema)]
pub struct ProblemBody {
    /// `urn:loggia:problem:<kind>`.
    #[serde(rename = "type")]
    pub kind: String,
    /// Short and constant for the kind.
    pub title: String,
    /// The HTTP status.
    pub status: u16,
    /// What happened this time and what to try.
    pub detail: String,
}

impl<E: Into<Fault>> From<E> for Problem {
    fn from(e: E) -> Self {
        Self(e.into())
    }
}

impl Problem {
    fn row(&self) -> (StatusCode, &'static str, &'static str) {
        match self.0 {
            Fault::Invalid(_) => (StatusCode::BAD_REQUEST, "invalid", "The input is not valid"),
            Fault::Unauthenticated | Fault::Unsigned(_) => (
                StatusCode::UNAUTHORIZED,
                "unauthenticated",
                "Please sign in",
            ),
            Fault::Forbidden(_) => (StatusCode::FORBIDDEN, "forbidden", "Not allowed"),
            Fault::NotFound(_) => (StatusCode::NOT_FOUND, "not-found", "There is no such thing"),
            Fault::Conflict(_) => (
                StatusCode::CONFLICT,
                "conflict",
                "Not possible as things stand",
            ),
            Fault::Busy(_) => (StatusCode::SERVICE_UNAVAILABLE, "busy", "Too much at once"),
            Fault::Unwitnessed(_) => (
                StatusCode::SERVICE_UNAVAILABLE,
                "unwitnessed",
                "The witnesses have not seen it yet",
            ),
            Fault::Broken(_) => (
                StatusCode::INTERNAL_SERVER_ERROR,
                "broken",
                "Something broke on our side",
            ),
        }
    }
}

impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        let (status, kind, title) = self.row();
        let body = ProblemBody {
            kind: format!("urn:loggia:problem:{kind}"),
            title: title.to_owned(),
            status: status.as_u16(),
            detail: self.0.to_string(),
        };
        let mut answer = (status, Json(body)).into_response();
        let headers = answer.headers_mut();
        headers.insert(
            header::CONTENT_TYPE,
            HeaderValue::from_static("application/problem+json"),
        );
        if status == StatusCode::SERVICE_UNAVAILABLE {
            headers.insert(header::RETRY_AFTER, HeaderValue::from_static("5"));
        }
        answer
    }
}
