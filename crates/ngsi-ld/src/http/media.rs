//! What bodies and answers are: JSON, JSON-LD or GeoJSON (clauses 6.3.4 to 6.3.6). Never guesses
//! from the body.

use axum::http::{HeaderMap, Method, StatusCode, header};

use super::answer::Failure;
use crate::error::Problem;

/// A representation by its media type.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Media {
    /// `application/json`; the @context is in a `Link` header.
    Json,
    /// `application/ld+json`; the @context is in the body.
    JsonLd,
    /// `application/geo+json`.
    GeoJson,
}

impl Media {
    pub(super) const fn name(self) -> &'static str {
        match self {
            Self::Json => "application/json",
            Self::JsonLd => "application/ld+json",
            Self::GeoJson => "application/geo+json",
        }
    }
}

/// Whether an operation can answer in GeoJSON.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Geo {
    /// It can.
    Too,
    /// It cannot.
    Not,
}

/// What a body's media type says; others are refused with 415.
pub(super) fn of_body(text: &str, method: &Method) -> Result<Media, Failure> {
    let name = text.split(';').next().unwrap_or_default().trim();
    let is = |known: &str| name.eq_ignore_ascii_case(known);
    if is("application/json") || (*method == Method::PATCH && is("application/merge-patch+json")) {
        return Ok(Media::Json);
    }
    if is("application/ld+json") {
        return Ok(Media::JsonLd);
    }
    Err(Failure::Other {
        status: StatusCode::UNSUPPORTED_MEDIA_TYPE,
        problem: Problem::InvalidRequest,
        detail: "the body is application/json or application/ld+json".to_owned(),
    })
}

/// What the caller would like best of what there is; 406 if nothing of it.
pub(super) fn of_answer(headers: &HeaderMap, geo: Geo) -> Result<Media, Failure> {
    let mut best: Option<(Media, f32)> = None;
    let mut asked = false;
    for value in headers.get_all(header::ACCEPT) {
        for range in value.to_str().unwrap_or_default().split(',') {
            asked |= !range.trim().is_empty();
            let Some((media, quality)) = one(range, geo) else {
                continue;
            };
            if quality > 0.0 && best.is_none_or(|(_, q)| quality > q) {
                best = Some((media, quality));
            }
        }
    }
    match best {
        Some((media, _)) => Ok(media),
        None if !asked => Ok(Media::Json),
        None => Err(Failure::Other {
            status: StatusCode::NOT_ACCEPTABLE,
            problem: Problem::InvalidRequest,
            detail: "there is application/json and application/ld+json, and application/geo+json \
                     for entities"
                .to_owned(),
        }),
    }
}

/// One range of an `Accept` header with its quality.
fn one(range: &str, geo: Geo) -> Option<(Media, f32)> {
    let mut parts = range.split(';').map(str::trim);
    let name = parts.next()?.to_ascii_lowercase();
    let quality = parts.find_map(|p| p.strip_prefix("q=")?.parse().ok());
    let media = match &*name {
        "*/*" | "application/*" | "application/json" => Media::Json,
        "application/ld+json" => Media::JsonLd,
        "application/geo+json" if geo == Geo::Too => Media::GeoJson,
        _ => return None,
    };
    Some((media, quality.unwrap_or(1.0)))
}
