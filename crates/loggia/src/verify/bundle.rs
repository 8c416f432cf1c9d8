//! An export bundle: the log entry and its proof, the sealed records, the released keys and the clip,
//! each held against the others. Never trusts a name or a number inside the bundle by itself.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::{Read, Seek};
use std::path::Path;

use anyhow::{Context, bail};
use aws_lc_rs::digest::{SHA256, digest};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use loggia_model::{CameraId, Digest, SpanId};
use loggia_policy::Request;
use loggia_seal::{
    Body, ChainChecker, Group, Kind, Record, RecorderPublic, Sealed, Share, SpanKey, SpanRef,
    Track, check_records,
};
use loggia_transparency::Verifier;
use serde::Deserialize;
use serde::de::DeserializeOwned;

use super::receipt::{Export, receipt, recorders};
use super::{broken, say};

/// The bundle's version (docs/design/web.md); 2 since recorder keys carry their log entry.
const FORMAT: u8 = 2;
/// Longest file of a bundle: an hour of one camera at 4 Mbit/s.
const FILE_BYTES_MAX: u64 = 2 << 30;

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

struct Bundle<R>(zip::ZipArchive<R>);

/// Checks the whole bundle.
pub fn check(path: &Path, given: Option<&Verifier>) -> anyhow::Result<()> {
    let file = File::open(path).with_context(|| format!("{} cannot be read", path.display()))?;
    whole(file, given)
}

/// The same of a bundle that lies anywhere.
pub fn whole<R: Read + Seek>(from: R, given: Option<&Verifier>) -> anyhow::Result<()> {
    let archive = zip::ZipArchive::new(from).context("this is no export bundle (ZIP)")?;
    let mut bundle = Bundle(archive);
    let (manifest, listed) = files(&mut bundle)?;
    let export: Export = bundle.json("export.json")?;
    if export.v != FORMAT {
        bail!("export.json is of version {}, not {FORMAT}", export.v);
    }
    if (&export.recipient, &export.exhibit) != (&manifest.recipient, &manifest.exhibit) {
        bail!("export.json names another recipient or exhibit than manifest.json");
    }
    let checkpoint = receipt(&export, listed, given)?;
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
    let media = chains(&sealed, &recorders, &keys, &request)?;
    clips(&mut bundle, media)
}

impl<R: Read + Seek> Bundle<R> {
    fn read(&mut self, name: &str) -> anyhow::Result<Vec<u8>> {
        let file = self
            .0
            .by_name(name)
            .with_context(|| format!("the bundle lacks {name}"))?;
        // A bundle's files are stored as they are: a small file cannot swell into a large one.
        if file.compression() != zip::CompressionMethod::Stored {
            bail!("{name} is compressed, which no bundle's file is");
        }
        if file.size() > FILE_BYTES_MAX {
            bail!("{name} is larger than {FILE_BYTES_MAX} bytes");
        }
        let mut bytes = Vec::new();
        file.take(FILE_BYTES_MAX)
            .read_to_end(&mut bytes)
            .with_context(|| format!("{name} breaks off"))?;
        Ok(bytes)
    }

    fn json<T: DeserializeOwned>(&mut self, name: &str) -> anyhow::Result<T> {
        serde_json::from_slice(&self.read(name)?).with_context(|| format!("{name} does not read"))
    }
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

/// Checks the records' chains, opens the main track's pieces with the disclosed keys, and gives the
/// hash of each camera's media bytes in order.
fn chains(
    sealed: &[u8],
    recorders: &[RecorderPublic],
    keys: &Keys,
    request: &Request,
) -> anyhow::Result<BTreeMap<CameraId, Digest>> {
    let mut by_camera: BTreeMap<CameraId, Vec<Record<'_>>> = BTreeMap::new();
    let mut rest = sealed;
    let mut checker: Option<(CameraId, ChainChecker)> = None;
    while !rest.is_empty() {
        let (record, after) =
            Record::parse(rest).map_err(|e| broken(format!("sealed.lgr: {e}")))?;
        let bytes = &rest[..rest.len() - after.len()];
        let header = *record.header();
        // Spans that were not asked for leave holes: a run begins anew at a span's first record.
        let goes_on = checker
            .as_ref()
            .is_some_and(|(c, k)| *c == header.camera && k.next_seq() == header.seq);
        if !goes_on {
            if header.kind != Kind::SpanOpen {
                let seq = header.seq;
                return Err(broken(format!(
                    "{} record {seq} stands without those before",
                    header.camera
                )));
            }
            let fresh = ChainChecker::midway(header.camera, header.seq, recorders.to_vec());
            checker = Some((header.camera, fresh));
        }
        if let Some((_, k)) = checker.as_mut() {
            check_records(k, bytes, |_| {}).map_err(broken)?;
        }
        by_camera.entry(header.camera).or_default().push(record);
        rest = after;
    }
    let mut media = BTreeMap::new();
    for asked in &request.camera_spans {
        let records = by_camera.remove(&asked.camera).unwrap_or_default();
        let (hash, pieces) = open(asked.camera, &records, recorders, keys)?;
        say(&format!(
            "{}: {} records in order, {pieces} pieces opened",
            asked.camera,
            records.len()
        ));
        media.insert(asked.camera, hash);
    }
    match by_camera.keys().next() {
        Some(camera) => bail!("sealed.lgr holds {camera}, which was not asked for"),
        None => Ok(media),
    }
}

fn open(
    camera: CameraId,
    records: &[Record<'_>],
    recorders: &[RecorderPublic],
    keys: &Keys,
) -> anyhow::Result<(Digest, u64)> {
    let mut all = Vec::new();
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
                media_bytes(&key.open_piece(&sealed)?, &mut all)?;
                pieces += 1;
            }
            _ => {}
        }
    }
    if pieces == 0 {
        bail!("sealed.lgr holds no picture of {camera}");
    }
    Ok((sha256(&all), pieces))
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

/// The clips' media bytes are the sealed pieces' own: nothing was transcoded, left out or added.
fn clips<R: Read + Seek>(
    bundle: &mut Bundle<R>,
    media: BTreeMap<CameraId, Digest>,
) -> anyhow::Result<()> {
    let mut names = bundle
        .0
        .file_names()
        .map(|name| name.map(std::borrow::Cow::into_owned))
        .collect::<Result<Vec<String>, _>>()
        .context("a name in the bundle does not read")?;
    names.retain(|n| n.starts_with("clip") && n.ends_with(".mp4"));
    names.sort();
    let mut shown: BTreeMap<CameraId, Vec<u8>> = BTreeMap::new();
    let one = media
        .keys()
        .next()
        .copied()
        .context("no camera was asked for")?;
    for name in &names {
        let camera = match name.strip_prefix("clip-cam-") {
            Some(rest) => CameraId(
                rest.get(..4)
                    .and_then(|n| n.parse().ok())
                    .context("clip name")?,
            ),
            None => one,
        };
        media_bytes(&bundle.read(name)?, shown.entry(camera).or_default())
            .with_context(|| format!("{name} is no MP4"))?;
    }
    for (camera, hash) in media {
        match shown.get(&camera) {
            Some(bytes) if sha256(bytes) == hash => {
                say(&format!(
                    "{camera}: the clip shows exactly what was sealed, byte for byte"
                ));
            }
            Some(_) => bail!("the clip of {camera} is not what was sealed"),
            None => bail!("the bundle has no clip of {camera}"),
        }
    }
    Ok(())
}

/// Appends the payload of every top-level `mdat` box (ISO/IEC 14496-12 §4.2).
fn media_bytes(mp4: &[u8], out: &mut Vec<u8>) -> anyhow::Result<()> {
    let mut rest = mp4;
    while !rest.is_empty() {
        let head = rest.get(..8).context("a box is cut short")?;
        let short = u32::from_be_bytes([head[0], head[1], head[2], head[3]]);
        let (start, size) = match short {
            1 => {
                let long = rest.get(8..16).context("a box is cut short")?;
                (16, usize::try_from(u64::from_be_bytes(long.try_into()?))?)
            }
            0 => (8, rest.len()),
            n => (8, n as usize),
        };
        let payload = rest.get(start..size).context("a box is cut short")?;
        if &head[4..8] == b"mdat" {
            out.extend_from_slice(payload);
        }
        rest = &rest[size..];
    }
    Ok(())
}
