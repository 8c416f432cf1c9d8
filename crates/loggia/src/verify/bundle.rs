//! An export bundle: the log entry and its proof, the sealed records, the released keys and the
//! clip, each held against the others. Never trusts a name or a number inside the bundle by itself.

use std::collections::BTreeSet;
use std::fs::File;
use std::io::{Read, Seek};
use std::path::Path;

use anyhow::{Context, bail};
use aws_lc_rs::digest::{SHA256, digest};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use loggia_model::{CameraId, Digest, SpanId, is_line};
use loggia_policy::Request;
use loggia_seal::{Body, Group, Record, RecorderPublic, Sealed, Share, SpanKey, SpanRef, Track};
use loggia_transparency::{TlogPolicy, Verifier};
use serde::Deserialize;

use super::archive::Bundle;
use super::clip::{self, Clip};
use super::cosigned;
use super::receipt::{Export, receipt, recorders};
use super::spans::chains;
use super::{broken, say};

/// The bundle's version (docs/design/bundle.md); 2 since recorder keys carry their log entry.
const FORMAT: u8 = 2;

#[derive(Deserialize)]
struct Manifest {
    recipient: String,
    exhibit: String,
    files: Vec<Named>,
}

#[derive(Deserialize)]
struct Named {
    name: String,
    sha256: Digest,
}

#[derive(Deserialize)]
struct Keys {
    spans: Vec<Disclosed>,
}

#[derive(Deserialize)]
struct Disclosed {
    camera: CameraId,
    span: SpanId,
    police: String,
    oversight: String,
}

/// Checks the whole bundle.
pub fn check(
    path: &Path,
    given: Option<&Verifier>,
    policy: Option<&TlogPolicy>,
) -> anyhow::Result<()> {
    let file = File::open(path).with_context(|| format!("{} cannot be read", path.display()))?;
    whole(file, given, policy)
}

/// The same of a bundle that lies anywhere.
pub fn whole<R: Read + Seek>(
    from: R,
    given: Option<&Verifier>,
    policy: Option<&TlogPolicy>,
) -> anyhow::Result<()> {
    let mut bundle = Bundle::open(from)?;
    let (manifest, listed) = files(&mut bundle)?;
    let export: Export = bundle.json("export.json")?;
    if export.v != FORMAT {
        bail!("export.json is of version {}, not {FORMAT}", export.v);
    }
    if (&export.recipient, &export.exhibit) != (&manifest.recipient, &manifest.exhibit) {
        bail!("export.json names another recipient or exhibit than manifest.json");
    }
    for (what, words) in [
        ("recipient", &export.recipient),
        ("exhibit", &export.exhibit),
    ] {
        if !is_line(words) {
            bail!("the {what} is not one line of words: {words:?}");
        }
    }
    let checkpoint = receipt(&export, listed, given)?;
    match policy {
        Some(policy) => {
            // The recorder's key stands under this checkpoint: by the log of whoever checks.
            let log = policy.log_signed(export.checkpoint.as_bytes());
            log.context("the receipt is not signed by a log of your policy")?;
            cosigned::check(&export.proofs, policy, export.request, listed)?;
        }
        None => say("witnesses: not checked; give your log policy with --policy"),
    }
    let request = bundle.read("request.json")?;
    let text = core::str::from_utf8(&request).context("request.json is not text")?;
    if Request::id_of(text) != export.request {
        bail!("request.json is not the request that the log entry names");
    }
    let request = Request::parse(text).context("request.json is no request")?;
    say(&format!(
        "request: asked by {} under {}",
        request.requester, request.legal_basis.0
    ));
    let keys: Keys = bundle.json("keys.json")?;
    let recorders = recorders(&export, &checkpoint)?;
    let sealed = bundle.read("sealed.lgr")?;
    let chains = chains(&sealed, &recorders, &request)?;
    only_asked(&keys, &request)?;
    let cameras = chains.len();
    let mut shown = 0;
    for (camera, records) in &chains {
        let prefix = format!("clip-cam-{:04}", camera.0);
        let own = |f: &&Named| match f.name.strip_prefix(&prefix) {
            Some(rest) => rest.starts_with(['.', '-']),
            None => f.name == "clip.mp4",
        };
        let parts = manifest.files.iter().filter(own).count();
        let files = (0..parts).map(|part| {
            let name = clip::name(camera.0, part, parts, cameras);
            Ok((name.clone(), bundle.read(&name)?))
        });
        let clip = Clip::new(files.collect::<anyhow::Result<_>>()?);
        open(*camera, records, &recorders, &keys, clip)?;
        shown += parts;
    }
    let listed = manifest.files.iter();
    if listed.filter(|f| f.name.starts_with("clip")).count() != shown {
        bail!("manifest.json lists clips of cameras that were not asked for");
    }
    Ok(())
}

/// Each span's key once, and none of a span that was not asked for.
fn only_asked(keys: &Keys, request: &Request) -> anyhow::Result<()> {
    let mut seen = BTreeSet::new();
    for key in &keys.spans {
        let mut asked = request.camera_spans.iter();
        let (camera, span) = (key.camera, key.span);
        if !asked.any(|a| a.camera == camera && (a.first..=a.last).contains(&span)) {
            bail!("keys.json opens {camera} {span}, which was not asked for");
        }
        if !seen.insert((camera, span)) {
            bail!("keys.json names {camera} {span} twice");
        }
    }
    Ok(())
}

fn sha256(bytes: &[u8]) -> Digest {
    let mut out = [0; 32];
    out.copy_from_slice(digest(&SHA256, bytes).as_ref());
    Digest(out)
}

/// Every listed file has its hash; the manifest's own hash is what the log entry holds.
fn files<R: Read + Seek>(bundle: &mut Bundle<R>) -> anyhow::Result<(Manifest, Digest)> {
    let bytes = bundle.read("manifest.json")?;
    let manifest: Manifest =
        serde_json::from_slice(&bytes).context("manifest.json does not read")?;
    for must in ["sealed.lgr", "keys.json", "request.json"] {
        if !manifest.files.iter().any(|f| f.name == must) {
            bail!("manifest.json does not list {must}");
        }
    }
    bundle.holds_only(manifest.files.iter().map(|f| f.name.as_str()))?;
    for named in &manifest.files {
        if sha256(&bundle.read(&named.name)?) != named.sha256 {
            bail!("{} was changed after the export", named.name);
        }
    }
    say(&format!(
        "bundle: {} files, none changed since the export",
        manifest.files.len()
    ));
    Ok((manifest, sha256(&bytes)))
}

/// Opens the main track's pieces with the disclosed keys: the clip must show them, one by one.
fn open(
    camera: CameraId,
    records: &[Record<'_>],
    recorders: &[RecorderPublic],
    keys: &Keys,
    mut clip: Clip,
) -> anyhow::Result<()> {
    let (mut key, mut pieces) = (None, 0);
    for record in records {
        match record.body().map_err(broken)? {
            Body::SpanOpen(opening) => key = Some(span_key(&opening.wrapped.span, keys)?),
            Body::Piece(_) if record.header().track == Track::Main => {
                let (id, key) = key.as_ref().context("a piece stands before its span")?;
                if record.header().span != Some(*id) {
                    bail!("a piece stands in another span than its key's");
                }
                let sealed = Sealed::of_record(record, recorders).map_err(broken)?;
                let shown = clip.piece(&key.open_piece(&sealed)?, record.header().begin);
                shown.with_context(|| format!("clip of {camera}"))?;
                pieces += 1;
            }
            _ => {}
        }
    }
    if pieces == 0 {
        bail!("sealed.lgr holds no picture of {camera}");
    }
    clip.all().with_context(|| format!("clip of {camera}"))?;
    let records = records.len();
    say(&format!(
        "{camera}: {records} records in order, {pieces} pieces opened"
    ));
    say(&format!(
        "{camera}: the clip shows exactly what was sealed, byte for byte"
    ));
    Ok(())
}

fn span_key(span: &SpanRef, keys: &Keys) -> anyhow::Result<(SpanId, SpanKey)> {
    let found = keys
        .spans
        .iter()
        .find(|k| k.camera == span.camera && k.span == span.span);
    let found = found.with_context(|| format!("keys.json lacks {} {}", span.camera, span.span))?;
    let share = |group, text: &str| -> anyhow::Result<Share> {
        let bytes: Option<[u8; 32]> = STANDARD.decode(text).ok().and_then(|b| b.try_into().ok());
        Ok(Share::disclosed(
            group,
            bytes.context("a share is not 32 bytes in base64")?.into(),
        ))
    };
    let police = share(Group::Police, &found.police)?;
    let oversight = share(Group::Oversight, &found.oversight)?;
    let key = SpanKey::combine(&police, &oversight, span)
        .context("the keys in the bundle are not those that the recorder committed to")?;
    Ok((span.span, key))
}
