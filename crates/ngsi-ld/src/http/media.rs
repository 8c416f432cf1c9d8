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

/// What a body's media type says; others are refused with 415 and nothing else (clause 6.3.4).
pub(super) fn of_body(text: &str, method: &Method) -> Result<Media, Failure> {
    let name = text.split(';').next().unwrap_or_default().trim();
    let is = |known: &str| name.eq_ignore_ascii_case(known);
    if is("application/json") || (*method == Method::PATCH && is("application/merge-patch+json")) {
        return Ok(Media::Json);
    }
    if is("application/ld+json") {
        return Ok(Media::JsonLd);
    }
    Err(Failure::Bare(StatusCode::UNSUPPORTED_MEDIA_TYPE))
}

/// What the caller would like best of what there is; 406 if nothing of it. Of what is liked alike,
/// the one that is named most closely counts, then the order of clause 6.3.4.
pub(super) fn of_answer(headers: &HeaderMap, geo: Geo) -> Result<Media, Failure> {
    let ranges = headers.get_all(header::ACCEPT).into_iter();
    let ranges = ranges.filter_map(|v| v.to_str().ok());
    let ranges: Vec<&str> = ranges.flat_map(|t| t.split(',')).map(str::trim).collect();
    if ranges.iter().all(|r| r.is_empty()) {
        return Ok(Media::Json);
    }
    let mut best: Option<(Media, Liking)> = None;
    for media in [Media::Json, Media::JsonLd, Media::GeoJson] {
        if media == Media::GeoJson && geo == Geo::Not {
            continue;
        }
        let Some(liking) = liking(media, &ranges).filter(|l| l.quality > 0.0) else {
            continue;
        };
        if best.as_ref().is_none_or(|(_, other)| liking.is_over(other)) {
            best = Some((media, liking));
        }
    }
    best.map(|(media, _)| media).ok_or_else(|| Failure::Other {
        status: StatusCode::NOT_ACCEPTABLE,
        problem: Problem::InvalidRequest,
        detail: match geo {
            Geo::Too => "there is application/json, application/ld+json, application/geo+json",
            Geo::Not => "there is application/json and application/ld+json",
        }
        .to_owned(),
    })
}

/// How much a representation is liked (RFC 9110, 12.5.1).
struct Liking {
    quality: f32,
    /// How closely it is named: 0 by `*/*`, 1 by `application/*`, 2 itself.
    close: u8,
}

impl Liking {
    fn is_over(&self, other: &Self) -> bool {
        (self.quality, self.close) > (other.quality, other.close)
    }
}

/// By the range that names it most closely.
fn liking(media: Media, ranges: &[&str]) -> Option<Liking> {
    let of = |range: &&str| {
        let mut parts = range.split(';').map(str::trim);
        let name = parts.next()?.to_ascii_lowercase();
        let close = match &*name {
            "*/*" => 0,
            "application/*" => 1,
            name if name == media.name() => 2,
            _ => return None,
        };
        let quality = parts.find_map(|p| p.strip_prefix("q=")?.parse().ok());
        Some(Liking {
            quality: quality.unwrap_or(1.0),
            close,
        })
    };
    ranges.iter().filter_map(of).max_by_key(|l| l.close)
}
