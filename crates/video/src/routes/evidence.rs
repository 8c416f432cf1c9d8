//! Where there is footage of a camera and where there is none. Never the footage.

use std::sync::Arc;

use axum::Json;
use axum::extract::{Path, Query, State};
use loggia_api::Problem;
use loggia_model::{At, CameraId, Fault, GapReason, SpanId};
use loggia_policy::SpanState;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::{Desk, apart};

/// Longest timeline in one answer: a day of 20-second spans is 4,320.
const TIMELINE_US_MAX: i64 = 86_400_000_000;

#[derive(utoipa::OpenApi)]
#[openapi(
    paths(timeline),
    components(schemas(Timeline, TimelineSpan, TimelineGap))
)]
pub(super) struct Api;

/// From when to when, microseconds since 1970.
#[derive(Debug, Deserialize, IntoParams)]
pub(super) struct Window {
    /// First instant.
    from: i64,
    /// First instant after.
    to: i64,
}

/// What is stored of a camera.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct Timeline {
    /// Its spans.
    spans: Vec<TimelineSpan>,
    /// Its gaps, signed by the recorder.
    gaps: Vec<TimelineGap>,
}

/// A span.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct TimelineSpan {
    /// Its number.
    #[schema(value_type = u64)]
    span: SpanId,
    /// First instant.
    #[schema(value_type = i64)]
    begin: At,
    /// Last instant.
    #[schema(value_type = i64)]
    end: At,
    /// What became of it.
    state: SpanState,
}

/// Seconds that are missing.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct TimelineGap {
    /// First instant.
    #[schema(value_type = i64)]
    begin: At,
    /// Last instant.
    #[schema(value_type = i64)]
    end: At,
    /// Why.
    #[schema(value_type = String)]
    reason: GapReason,
}

/// Spans and gaps of a camera between two instants, at most a day apart.
#[utoipa::path(get, path = "/api/v1/cameras/{id}/timeline", tag = "evidence",
    params(("id" = u32, Path, description = "the camera's number"), Window),
    responses((status = 200, body = Timeline)))]
pub(super) async fn timeline(
    State(desk): State<Arc<Desk>>,
    Path(id): Path<u32>,
    Query(window): Query<Window>,
) -> Result<Json<Timeline>, Problem> {
    let (from, to) = (At(window.from), At(window.to));
    if from >= to || to.0.saturating_sub(from.0) > TIMELINE_US_MAX {
        return Err(Problem(Fault::Invalid(
            "`from` must be before `to`, at most a day apart".to_owned(),
        )));
    }
    let camera = CameraId(id);
    let read = apart(move || {
        let spans = desk
            .rooms
            .policy
            .span_states(camera, from, to)
            .map_err(Fault::from)?;
        let gaps = desk
            .rooms
            .blobs
            .gaps(camera, from, to)
            .map_err(Fault::from)?;
        Ok::<_, Fault>((spans, gaps))
    });
    let (spans, gaps) = read.await?;
    let spans = spans.into_iter().map(|(s, state)| TimelineSpan {
        span: s.span,
        begin: s.begin,
        end: s.end,
        state,
    });
    let gaps = gaps.into_iter().map(|g| TimelineGap {
        begin: g.begin,
        end: g.end,
        reason: g.reason,
    });
    Ok(Json(Timeline {
        spans: spans.collect(),
        gaps: gaps.collect(),
    }))
}
