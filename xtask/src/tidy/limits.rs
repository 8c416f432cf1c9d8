//! What Loggia never does, held as a list of words with reasons (xtask/limits.toml): looked for in
//! dependencies, model files, table columns and API fields. Never reads prose: speaking is free.

use anyhow::{Context, Result};
use serde::Deserialize;

use super::Finding;
use super::tree::Tree;

/// Where the words stand.
const FILE: &str = "xtask/limits.toml";
/// The snapshot of every route and answer.
const OPENAPI: &str = "openapi/loggia.json";

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Limits {
    word: Vec<Words>,
    part: Vec<Parts>,
    models: Models,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Words {
    limit: u8,
    reason: String,
    words: Vec<String>,
    #[serde(rename = "in", default = "everywhere")]
    places: Vec<Place>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Parts {
    limit: u8,
    reason: String,
    names: Vec<String>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Models {
    endings: Vec<String>,
    allowed: Vec<String>,
}

/// What kind of name is looked at.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Place {
    /// The name of a crate or package.
    Dependency,
    /// A table's or column's name.
    Column,
    /// A field, parameter or schema of the API.
    Field,
}

fn everywhere() -> Vec<Place> {
    vec![Place::Dependency, Place::Column, Place::Field]
}

/// Looks for the words everywhere they could stand.
pub fn check(tree: &Tree) -> Result<Vec<Finding>> {
    let Some(text) = tree.text(FILE) else {
        return Ok(vec![Finding::file(FILE, "the list of limits is gone")]);
    };
    let limits: Limits = toml::from_str(text).context(FILE)?;
    let mut found = Vec::new();
    for (path, name) in dependencies(tree)? {
        found.extend(limits.names(&path, &name, Place::Dependency));
    }
    for (path, text) in tree.texts().filter(|(p, _)| holds_sql(p)) {
        for name in columns(text) {
            found.extend(limits.names(path, &name, Place::Column));
        }
    }
    if let Some(text) = tree.text(OPENAPI) {
        let mut names = Vec::new();
        fields(&serde_json::from_str(text).context(OPENAPI)?, &mut names);
        for name in names {
            found.extend(limits.names(OPENAPI, &name, Place::Field));
        }
    }
    for path in tree.files.keys() {
        let ending = path
            .rsplit('.')
            .next()
            .unwrap_or_default()
            .to_ascii_lowercase();
        if limits.models.endings.contains(&ending) && !limits.models.allowed.contains(path) {
            found.push(Finding::file(
                path,
                "a model file that xtask/limits.toml does not allow",
            ));
        }
    }
    Ok(found)
}

fn holds_sql(path: &str) -> bool {
    let source = path.ends_with(".rs") || path.ends_with(".sql");
    source && path.starts_with("crates/") && path.contains("/src/")
}

impl Limits {
    fn names(&self, path: &str, name: &str, place: Place) -> Option<Finding> {
        let words = split(name);
        for group in self.word.iter().filter(|g| g.places.contains(&place)) {
            for denied in &group.words {
                if beside(&words, denied) {
                    return Some(Finding::file(
                        path,
                        format!(
                            "`{name}` holds `{denied}`; limit {}: {}",
                            group.limit, group.reason
                        ),
                    ));
                }
            }
        }
        let part = self
            .part
            .iter()
            .find(|p| p.names.iter().any(|n| n == name))?;
        (place == Place::Dependency).then(|| {
            Finding::file(
                path,
                format!("`{name}`; limit {}: {}", part.limit, part.reason),
            )
        })
    }
}

/// `licencePlate_text` → licence, plate, text.
fn split(name: &str) -> Vec<String> {
    let mut words = vec![String::new()];
    let mut lower_before = false;
    for c in name.chars() {
        let boundary = !c.is_ascii_alphanumeric() || (c.is_ascii_uppercase() && lower_before);
        if boundary {
            words.push(String::new());
        }
        if c.is_ascii_alphanumeric()
            && let Some(last) = words.last_mut()
        {
            last.push(c.to_ascii_lowercase());
        }
        lower_before = c.is_ascii_lowercase() || c.is_ascii_digit();
    }
    words.retain(|w| !w.is_empty());
    words
}

fn beside(words: &[String], denied: &str) -> bool {
    let denied: Vec<&str> = denied.split('_').collect();
    words
        .windows(denied.len())
        .any(|w| w.iter().zip(&denied).all(|(a, b)| a == b))
}

/// Every package that the lock files name, and every package that the set-up installs by name.
fn dependencies(tree: &Tree) -> Result<Vec<(String, String)>> {
    let mut names = Vec::new();
    for (path, text) in tree.texts() {
        let file = path.rsplit('/').next().unwrap_or(path);
        match file {
            "Cargo.lock" => {
                let lock: toml::Table = toml::from_str(text).with_context(|| path.to_owned())?;
                let packages = lock.get("package").and_then(toml::Value::as_array);
                for p in packages.into_iter().flatten() {
                    let name = p.get("name").and_then(toml::Value::as_str);
                    names.extend(name.map(|n| (path.to_owned(), n.to_owned())));
                }
            }
            "package.json" | "package-lock.json" => {
                let json: serde_json::Value =
                    serde_json::from_str(text).with_context(|| path.to_owned())?;
                for section in ["dependencies", "devDependencies", "packages"] {
                    let keys = json.get(section).and_then(serde_json::Value::as_object);
                    for key in keys.into_iter().flat_map(serde_json::Map::keys) {
                        let name = key.rsplit("node_modules/").next().unwrap_or(key);
                        names.push((path.to_owned(), name.to_owned()));
                    }
                }
            }
            "requirements.txt" | "apt.txt" => {
                for line in text.lines().filter(|l| !l.trim_start().starts_with('#')) {
                    let name = line
                        .split(['=', '<', '>', ' ', ';', '['])
                        .next()
                        .unwrap_or(line);
                    names.push((path.to_owned(), name.to_owned()));
                }
            }
            _ => {}
        }
    }
    Ok(names)
}

/// The names in every `CREATE TABLE` and `ADD COLUMN` of a text.
fn columns(text: &str) -> Vec<String> {
    let upper = text.to_ascii_uppercase();
    let mut names = Vec::new();
    for (at, _) in upper.match_indices("CREATE TABLE") {
        let rest = &text[at..];
        let open = rest.find('(').unwrap_or(0);
        names.extend(words(&rest[..open]));
        names.extend(words(&rest[open..open + bracket_len(&rest[open..])]));
    }
    for (at, key) in upper.match_indices("ADD COLUMN") {
        let rest = &text[at + key.len()..];
        names.extend(
            words(rest.lines().next().unwrap_or_default())
                .into_iter()
                .take(1),
        );
    }
    names
}

fn bracket_len(text: &str) -> usize {
    let mut depth = 0_i32;
    for (i, c) in text.char_indices() {
        depth += match c {
            '(' => 1,
            ')' => -1,
            _ => 0,
        };
        if depth <= 0 {
            return i;
        }
    }
    text.len()
}

fn words(text: &str) -> Vec<String> {
    text.lines()
        .map(|l| l.split("--").next().unwrap_or(l))
        .flat_map(|l| l.split(|c: char| !c.is_ascii_alphanumeric() && c != '_'))
        .filter(|w| w.len() > 1)
        .map(str::to_owned)
        .collect()
}

/// Property, parameter and schema names anywhere in an OpenAPI document.
fn fields(json: &serde_json::Value, names: &mut Vec<String>) {
    match json {
        serde_json::Value::Object(map) => {
            for key in ["properties", "schemas"] {
                let inner = map.get(key).and_then(serde_json::Value::as_object);
                names.extend(inner.into_iter().flat_map(serde_json::Map::keys).cloned());
            }
            if map.contains_key("in")
                && let Some(name) = map.get("name").and_then(serde_json::Value::as_str)
            {
                names.push(name.to_owned());
            }
            map.values().for_each(|v| fields(v, names));
        }
        serde_json::Value::Array(list) => list.iter().for_each(|v| fields(v, names)),
        _ => {}
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn whats(files: &[(&str, &str)]) -> Vec<String> {
        let mut all = vec![(FILE, include_str!("../../limits.toml"))];
        all.extend(files);
        check(&Tree::of(&all))
            .unwrap()
            .into_iter()
            .map(|f| f.what)
            .collect()
    }

    #[test]
    fn dependencies_of_every_kind_are_read() {
        let lock = "[[package]]\nname = \"insightface\"\nversion = \"1.0.0\"\n";
        assert_eq!(whats(&[("Cargo.lock", lock)]).len(), 1);
        let npm = "{\"packages\":{\"node_modules/@vladmandic/face-api\":{}}}";
        assert_eq!(whats(&[("web/package-lock.json", npm)]).len(), 1);
        assert_eq!(
            whats(&[("scripts/requirements.txt", "fast-alpr==0.1\n")]).len(),
            1
        );
        let good = "[[package]]\nname = \"interface-typeface\"\nversion = \"1.0.0\"\n";
        assert!(whats(&[("Cargo.lock", good)]).is_empty());
    }

    #[test]
    fn columns_are_read_from_sql_in_the_code() {
        let bad = "const M: &str = \"CREATE TABLE seen (\n id INTEGER,\n plate_text TEXT);\";";
        assert_eq!(whats(&[("crates/video/src/rows.rs", bad)]).len(), 1);
        let add = "ALTER TABLE camera ADD COLUMN gait BLOB";
        assert_eq!(whats(&[("crates/video/src/rows.rs", add)]).len(), 1);
        let tracks = "create table t (trackId INTEGER)";
        assert_eq!(whats(&[("crates/video/src/rows.rs", tracks)]).len(), 1);
        let good = "CREATE TABLE t (track INTEGER, -- no face here\n span INTEGER); plate";
        assert!(whats(&[("crates/video/src/rows.rs", good)]).is_empty());
    }

    #[test]
    fn api_fields_are_read_from_the_snapshot() {
        let api = r#"{"components":{"schemas":{"Hit":{"properties":{"personAge":{}}}}},
            "paths":{"/x":{"get":{"parameters":[{"in":"query","name":"watchlist"}]}}}}"#;
        assert_eq!(whats(&[(OPENAPI, api)]).len(), 2);
        let good = r#"{"components":{"schemas":{"Camera":{"properties":{"track":{}}}}}}"#;
        assert!(whats(&[(OPENAPI, good)]).is_empty());
    }

    #[test]
    fn model_files_are_refused() {
        assert_eq!(whats(&[("crates/scene/model.onnx", "")]).len(), 1);
    }

    #[test]
    fn the_list_cannot_be_dropped() {
        assert_eq!(check(&Tree::of(&[])).unwrap().len(), 1);
    }
}
