//! Where there is footage of a camera and where there is none. Never the footage, and to
//! whoever only watches machines never what anybody has asked for.

use core::time::Duration;
use std::sync::Arc;

use axum::Json;
use axum::extract::{Path, Query, State};
use loggia_api::{Me, Problem};
use loggia_model::{At, CameraId, Fault, GapReason, SpanId};
use loggia_policy::SpanState;
use loggia_store::SpanRow as Stored;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::{ASKERS, Desk, apart};

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

/// The spans as they would be if nobody had asked for any: what only a request or a hold keeps
/// alive past retention is left out, for it would tell of them by being there.
fn without_requests(
    desk: &Desk,
    camera: CameraId,
    spans: Vec<(Stored, SpanState)>,
) -> Result<Vec<(Stored, SpanState)>, Fault> {
    let cameras = desk.rooms.shield.list_all().map_err(Fault::from)?;
    let Some(camera) = cameras.into_iter().find(|c| c.id == camera) else {
        return Ok(Vec::new());
    };
    let kept = Duration::from_secs(u64::from(camera.retention_h) * 3_600);
    let oldest = desk.rooms.clock.now().before(kept);
    let plain = |(span, state): (Stored, SpanState)| {
        let state = match state {
            SpanState::Recording => SpanState::Recording,
            SpanState::Expired => SpanState::Expired,
            SpanState::Sealed | SpanState::Frozen | SpanState::Held | SpanState::Opened => {
                SpanState::Sealed
            }
        };
        (span, state)
    };
    let young = spans.into_iter().filter(|(s, _)| s.begin >= oldest);
    Ok(young.map(plain).collect())
}

/// Spans and gaps of a camera between two instants, at most a day apart. An operator is told
/// what is recorded and what is missing within retention, not what was frozen, held or opened.
#[utoipa::path(get, path = "/api/v1/cameras/{id}/timeline", tag = "evidence",
    params(("id" = u32, Path, description = "the camera's number"), Window),
    responses((status = 200, body = Timeline)))]
pub(super) async fn timeline(
    State(desk): State<Arc<Desk>>,
    Me(who): Me,
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
        if ASKERS.iter().any(|r| who.has(*r)) {
            return Ok::<_, Fault>((spans, gaps));
        }
        Ok((without_requests(&desk, camera, spans)?, gaps))
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
