//! `loggia import contexts`, and the folders of @contexts that a configuration names: JSON-LD
//! @contexts under their own URLs, from files. Never fetches one.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use anyhow::{Context, bail};
use loggia_model::Clock;
use loggia_ngsi_ld::broker::{Broker, Brought};
use loggia_ngsi_ld::{DOCUMENT_BYTES_MAX, DOCUMENTS_MAX, Json};
use serde_json::{Value, json};

use crate::cli::{ContextsArgs, Target, say};
use crate::clock::SystemClock;
use crate::config::Config;
use crate::session::Session;
use crate::{data_plane, house};

/// In a folder: which file belongs to which URL.
pub const MANIFEST: &str = "manifest.json";
/// One call to a running Loggia takes 16 MiB; the documents' names and brackets need some of it.
const CALL_BYTES_MAX: usize = 15 << 20;

/// Runs `loggia import contexts`.
pub fn import(args: &ContextsArgs) -> anyhow::Result<()> {
    let bundle = match (&args.url, &args.files[..]) {
        (Some(url), [file]) => vec![Brought {
            url: url.as_str().into(),
            document: document(file)?,
        }],
        (Some(_), _) => bail!("--url goes with one file"),
        (None, files) => {
            let mut all = Vec::new();
            for file in files {
                all.extend(read(file)?);
            }
            all
        }
    };
    let count = bundle.len();
    let told = match args.target.of()? {
        Target::Folder(config) => into_folder(&config, bundle)?,
        Target::Server(at) => over_http(&Session::begin(&at)?, bundle)?,
    };
    say(&format!(
        "{count} @contexts: {} new, {} changed, {} held already, {} built in",
        told.new, told.changed, told.unchanged, told.built_in
    ));
    for url in &told.missing {
        say(&format!("not brought, and named by one of them: {url}"));
    }
    Ok(())
}

/// What became of a bundle, in one call or several.
#[derive(Debug, Default, serde::Deserialize)]
struct Told {
    new: usize,
    changed: usize,
    unchanged: usize,
    built_in: usize,
    missing: Vec<String>,
}

/// The running Loggia takes them. Each call is taken whole or not at all.
fn over_http(session: &Session, bundle: Vec<Brought>) -> anyhow::Result<Told> {
    let mut list = Vec::with_capacity(bundle.len());
    let mut bytes = 0;
    for one in bundle {
        let text = one.document.to_string();
        bytes += text.len() + one.url.len();
        let document: Value = serde_json::from_str(&text)?;
        list.push(json!({ "url": &*one.url, "document": document }));
    }
    if bytes > CALL_BYTES_MAX {
        bail!("{bytes} bytes are too much at once: give the files in parts of {CALL_BYTES_MAX}");
    }
    let body = json!({ "contexts": list });
    let told = session.post("/api/v1/data-plane/contexts", &body)?;
    serde_json::from_value(told).context("the city's answer is not what is expected")
}

/// Into the data folder of a Loggia that does not run.
fn into_folder(config: &Path, bundle: Vec<Brought>) -> anyhow::Result<Told> {
    let config = Config::read(config)?;
    let _lock = house::only_one(&config.data)?;
    let clock: Arc<dyn Clock> = Arc::new(SystemClock);
    let broker = data_plane::open(&config.data, &clock)?;
    take(&broker, bundle)
}

fn take(broker: &Broker, bundle: Vec<Brought>) -> anyhow::Result<Told> {
    let (done, kept) = broker.import_contexts(bundle)?;
    kept.wait()?;
    Ok(Told {
        new: done.new,
        changed: done.changed,
        unchanged: done.unchanged,
        built_in: done.built_in,
        missing: done.missing.into_iter().map(Into::into).collect(),
    })
}

/// Takes what the folders of a configuration hold; what is held already costs nothing.
pub fn bring_along(broker: &Broker, bundles: &[PathBuf]) -> anyhow::Result<()> {
    for path in bundles {
        let told = take(broker, read(path)?).with_context(|| format!("{}", path.display()))?;
        if told.new + told.changed > 0 {
            tracing::info!(
                new = told.new,
                changed = told.changed,
                folder = %path.display(),
                "@contexts were brought along"
            );
        }
        for url in told.missing {
            tracing::warn!(url, folder = %path.display(), "an @context names one that is missing");
        }
    }
    Ok(())
}

/// The documents of a bundle: a folder with `manifest.json`, or such a file by itself. It is an
/// object from URLs to names of files beside it, or to the documents themselves.
pub fn read(path: &Path) -> anyhow::Result<Vec<Brought>> {
    let manifest = match path.is_dir() {
        true => path.join(MANIFEST),
        false => path.to_owned(),
    };
    let folder = manifest.parent().unwrap_or(Path::new(""));
    let form = || {
        format!(
            "{} is no bundle: an object from URLs to files or documents is needed, \
             {{\"https://…\": \"file.jsonld\"}} (one document: --url URL FILE)",
            manifest.display()
        )
    };
    let bytes = std::fs::read(&manifest)
        .with_context(|| format!("{} cannot be read", manifest.display()))?;
    let entries: BTreeMap<String, Value> = serde_json::from_slice(&bytes).with_context(form)?;
    if entries.len() > DOCUMENTS_MAX {
        bail!("{DOCUMENTS_MAX} @contexts are held at most");
    }
    let one = |(url, what): (String, Value)| {
        let document = match what {
            Value::String(file) => document(&beside(folder, &file)?)?,
            Value::Object(_) => Json::from(what),
            _ => bail!(form()),
        };
        let url = url.into();
        Ok(Brought { url, document })
    };
    entries.into_iter().map(one).collect()
}

/// A file below the manifest's folder, and none elsewhere.
fn beside(folder: &Path, file: &str) -> anyhow::Result<PathBuf> {
    let plain = |c: std::path::Component<'_>| matches!(c, std::path::Component::Normal(_));
    if file.is_empty() || !Path::new(file).components().all(plain) {
        bail!("`{file}` in {MANIFEST} is no file below its folder");
    }
    Ok(folder.join(file))
}

fn document(path: &Path) -> anyhow::Result<Json> {
    let size = std::fs::metadata(path)
        .with_context(|| format!("{} cannot be read", path.display()))?
        .len();
    if size > DOCUMENT_BYTES_MAX as u64 {
        bail!(
            "{} has {size} bytes; an @context has {DOCUMENT_BYTES_MAX} at most",
            path.display()
        );
    }
    let bytes = std::fs::read(path)?;
    Json::read(&bytes).with_context(|| format!("{}", path.display()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_bundle_says_what_is_wrong_with_it() {
        let dir = tempfile::tempdir().unwrap();
        let at = |name: &str| dir.path().join(name);
        std::fs::write(at("a.jsonld"), r#"{"@context": {"a": "urn:x:a"}}"#).unwrap();
        std::fs::write(at("bad.jsonld"), "{").unwrap();
        let manifest = |text: &str| {
            std::fs::write(at(MANIFEST), text).unwrap();
            read(dir.path()).map_err(|e| format!("{e:#}"))
        };
        let good =
            r#"{"https://x.example/a": "a.jsonld", "https://x.example/b": {"@context": {}}}"#;
        let bundle = manifest(good).unwrap();
        assert_eq!(bundle.len(), 2);
        assert_eq!(&*bundle[0].url, "https://x.example/a");
        assert_eq!(read(&at(MANIFEST)).unwrap(), bundle);
        for (text, says) in [
            (
                r#"{"https://x.example/a": "../a.jsonld"}"#,
                "below its folder",
            ),
            (
                r#"{"https://x.example/a": "/etc/passwd"}"#,
                "below its folder",
            ),
            (r#"{"https://x.example/a": "none.jsonld"}"#, "none.jsonld"),
            (r#"{"https://x.example/a": "bad.jsonld"}"#, "line 1"),
            (r#"{"https://x.example/a": 7}"#, "object from URLs"),
            ("[]", "object from URLs"),
        ] {
            let why = manifest(text).unwrap_err();
            assert!(why.contains(says), "{text}: {why}");
        }
        assert!(read(&at("none")).unwrap_err().to_string().contains("none"));
    }
}
