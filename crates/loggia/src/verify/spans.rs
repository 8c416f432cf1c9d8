//! Whether the sealed records of an export are what its request asked for: of each camera one
//! unbroken stretch of its chain, from the first span to the last, each whole. Never opens a piece.

use std::collections::BTreeMap;

use anyhow::bail;
use loggia_model::CameraId;
use loggia_policy::{CameraSpans, Request};
use loggia_seal::{ChainChecker, Kind, Record, RecorderPublic};

use super::broken;

/// Each camera's records, in order and whole.
pub fn chains<'a>(
    sealed: &'a [u8],
    recorders: &[RecorderPublic],
    request: &Request,
) -> anyhow::Result<BTreeMap<CameraId, Vec<Record<'a>>>> {
    let mut by_camera: BTreeMap<CameraId, Vec<Record<'a>>> = BTreeMap::new();
    let mut rest = sealed;
    let mut open: Option<(CameraId, ChainChecker)> = None;
    while !rest.is_empty() {
        let (record, after) =
            Record::parse(rest).map_err(|e| broken(format!("sealed.lgr: {e}")))?;
        let (camera, seq) = (record.header().camera, record.header().seq);
        let (_, checker) = match &mut open {
            Some(going) if going.0 == camera => going,
            _ if by_camera.contains_key(&camera) => {
                return Err(broken(format!("{camera} record {seq} stands apart")));
            }
            other => other.insert((
                camera,
                ChainChecker::midway(camera, seq, recorders.to_vec()),
            )),
        };
        let whole = &rest[..rest.len() - after.len()];
        by_camera
            .entry(camera)
            .or_default()
            .push(checker.feed(whole).map_err(broken)?);
        rest = after;
    }
    for asked in &request.camera_spans {
        match by_camera.get(&asked.camera) {
            Some(records) => asked_for(asked, records)?,
            None => bail!("sealed.lgr holds no record of {}", asked.camera),
        }
    }
    let asked = |c: &CameraId| request.camera_spans.iter().any(|a| a.camera == *c);
    match by_camera.keys().find(|c| !asked(c)) {
        Some(camera) => bail!("sealed.lgr holds {camera}, which was not asked for"),
        None => Ok(by_camera),
    }
}

/// From the first span asked for to the last one's end. The records follow each other without a
/// hole, so that a number between the two that does not come was never used.
fn asked_for(asked: &CameraSpans, records: &[Record<'_>]) -> anyhow::Result<()> {
    let camera = asked.camera;
    let spans = || records.iter().filter_map(|r| r.header().span);
    if let Some(span) = spans().find(|s| !(asked.first..=asked.last).contains(s)) {
        bail!("sealed.lgr holds {camera} {span}, which was not asked for");
    }
    let begin = records.first().map(Record::header);
    if !begin.is_some_and(|h| h.kind == Kind::SpanOpen && h.span == Some(asked.first)) {
        bail!("sealed.lgr: {camera} {} is missing", asked.first);
    }
    if spans().next_back() != Some(asked.last) {
        bail!("sealed.lgr: {camera} {} is missing", asked.last);
    }
    // A crash leaves a span without its manifest; then the chain goes on with a gap.
    let end = records.last().map(Record::header);
    if !end.is_some_and(|h| h.kind == Kind::Manifest || h.span.is_none()) {
        bail!("sealed.lgr: {camera} {} is not whole", asked.last);
    }
    Ok(())
}
