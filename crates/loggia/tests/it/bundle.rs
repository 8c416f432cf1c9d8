//! An export bundle's files, put together and checked by two implementations; and what both must
//! say when one byte of it was changed.

use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::Command;

use loggia_model::Digest;
use serde_json::{Value, json};

use crate::city::{Ground, said, verify};

pub fn manifest(files: &[(String, Vec<u8>)], recipient: &str, exhibit: &str) -> Vec<u8> {
    let listed: Vec<Value> = files
        .iter()
        .map(|(name, bytes)| json!({ "name": name, "sha256": sha256(bytes) }))
        .collect();
    let manifest = json!({
        "v": 1, "recipient": recipient, "exhibit": exhibit, "files": listed,
    });
    serde_json::to_vec(&manifest).unwrap()
}

pub fn sha256(bytes: &[u8]) -> Digest {
    let hash = aws_lc_rs::digest::digest(&aws_lc_rs::digest::SHA256, bytes);
    Digest(hash.as_ref().try_into().unwrap())
}

/// The bytes of a file of the bundle.
pub fn file_of(files: &[(String, Vec<u8>)], name: &str) -> Vec<u8> {
    files.iter().find(|f| f.0 == name).unwrap().1.clone()
}

pub fn zipped(files: &[(String, Vec<u8>)], path: &Path) {
    std::fs::write(path, zipped_bytes(files)).unwrap();
}

pub fn zipped_bytes(files: &[(String, Vec<u8>)]) -> Vec<u8> {
    let mut archive = zip::ZipWriter::new(std::io::Cursor::new(Vec::new()));
    let stored =
        zip::write::SimpleFileOptions::default().compression_method(zip::CompressionMethod::Stored);
    for (name, bytes) in files {
        archive.start_file(name.as_str(), stored).unwrap();
        archive.write_all(bytes).unwrap();
    }
    archive.finish().unwrap().into_inner()
}

/// The second implementation: Python's `cryptography` alone.
pub fn python(bundle: &Path) -> (bool, String) {
    let here = Path::new(env!("CARGO_MANIFEST_DIR"));
    let own = here.join("../../.cache/venv/bin/python");
    let interpreter = std::env::var_os("LOGGIA_PYTHON").map_or(own, PathBuf::from);
    let script = here.join("tests/check_bundle.py");
    let out = Command::new(&interpreter).arg(script).arg(bundle).output();
    said(&out.unwrap_or_else(|e| {
        panic!("no Python with `cryptography` (make test sets it up, or LOGGIA_PYTHON): {e}")
    }))
}

/// Both checkers refuse the bundle and name what is wrong.
pub fn refused(files: &[(String, Vec<u8>)], ground: &Ground, word: &str) {
    files_refused(&zipped_bytes(files), ground, word);
}

/// The same of a ZIP's bytes.
pub fn files_refused(zip: &[u8], ground: &Ground, word: &str) {
    let path = ground.root().join("changed.zip");
    std::fs::write(&path, zip).unwrap();
    for (who, (holds, words)) in [("loggia", verify(&path, None)), ("python", python(&path))] {
        assert!(!holds, "{who} lets pass what should name {word}");
        assert!(words.contains(word), "{who} does not name {word}: {words}");
        assert!(
            !words.contains('\u{202e}'),
            "{who} prints it as it is: {words}"
        );
    }
    std::fs::remove_file(path).unwrap();
}

fn flipped(files: &[(String, Vec<u8>)], name: &str, at: usize) -> Vec<(String, Vec<u8>)> {
    let mut out = files.to_vec();
    let file = out.iter_mut().find(|(n, _)| n == name).unwrap();
    file.1[at] ^= 1;
    out
}

pub fn changes_are_named(files: &[(String, Vec<u8>)], ground: &Ground) {
    for (name, bytes) in files
        .iter()
        .filter(|(n, _)| n != "export.json" && n != "manifest.json")
    {
        // The records name the place itself where one is broken.
        let word = if name == "sealed.lgr" { "seal" } else { name };
        refused(&flipped(files, name, bytes.len() / 2), ground, word);
    }
    // The manifest written anew over a changed request: the log entry is about another bundle.
    let mut forged = flipped(files, "request.json", 40);
    let listed: Vec<_> = forged
        .iter()
        .filter(|(n, _)| n != "export.json" && n != "manifest.json")
        .cloned()
        .collect();
    let manifest_file = forged.iter_mut().find(|(n, _)| n == "manifest.json");
    manifest_file.unwrap().1 = manifest(&listed, "District court", "E-1");
    refused(&forged, ground, "another export");
    // Who got it and as which exhibit: in the manifest, so that the logged hash holds it.
    let export = &files.iter().find(|(n, _)| n == "export.json").unwrap().1;
    let text = String::from_utf8(export.clone()).unwrap();
    let at = text.find("District").unwrap();
    refused(&flipped(files, "export.json", at), ground, "recipient");
    // One digit of the checkpoint's size, and of its signature.
    let export = &files.iter().find(|(n, _)| n == "export.json").unwrap().1;
    let text = String::from_utf8(export.clone()).unwrap();
    let at = text.find("loggia.example/log\\n").unwrap() + "loggia.example/log\\n".len();
    refused(&flipped(files, "export.json", at), ground, "sign");
}

/// The fuzz target's seeds: each is refused, with the words of its file's name, and none upsets the
/// reader.
#[test]
fn bundles_of_the_corpus_are_refused_by_name() {
    let corpus = Path::new(env!("CARGO_MANIFEST_DIR")).join("corpus/bundle");
    let mut files = 0;
    for file in std::fs::read_dir(corpus).unwrap() {
        let path = file.unwrap().path();
        let words = path
            .file_stem()
            .unwrap()
            .to_string_lossy()
            .replace('-', " ");
        let (holds, said) = verify(&path, None);
        assert!(!holds && said.contains(&words), "{words}: {said}");
        assert!(!said.contains("panicked"), "{words}: {said}");
        files += 1;
    }
    assert!(files >= 7, "only {files} files");
}
