//! The API's description as it is committed: drift and forbidden fields are failures.

use std::collections::BTreeSet;
use std::path::Path;

use serde_json::Value;

use crate::city::{loggia, said};

pub fn document() -> String {
    let (good, text) = said(&loggia().arg("openapi").output().unwrap());
    assert!(good, "{text}");
    text
}

#[test]
fn the_committed_description_is_the_api_s() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../openapi/loggia.json");
    let committed = std::fs::read_to_string(&path).unwrap_or_default();
    assert!(
        committed.trim() == document().trim(),
        "the API changed. If that is meant: cargo run -p loggia -- openapi > openapi/loggia.json"
    );
}

/// Names of properties and parameters, anywhere in the document.
fn names(value: &Value, out: &mut BTreeSet<String>) {
    match value {
        Value::Object(map) => {
            if let Some(Value::Object(properties)) = map.get("properties") {
                out.extend(properties.keys().cloned());
            }
            if map.contains_key("in")
                && let Some(Value::String(name)) = map.get("name")
            {
                out.insert(name.clone());
            }
            if let Some(Value::Object(schemas)) = map.get("schemas") {
                out.extend(schemas.keys().cloned());
            }
            map.values().for_each(|v| names(v, out));
        }
        Value::Array(list) => list.iter().for_each(|v| names(v, out)),
        _ => {}
    }
}

/// `licencePlate_text` → licence_plate_text, so that words can be found between underscores.
fn in_words(name: &str) -> String {
    let mut out = String::from("_");
    let mut lower_before = false;
    for c in name.chars() {
        if lower_before && c.is_uppercase() {
            out.push('_');
        }
        lower_before = c.is_lowercase();
        out.push(match c {
            '-' | '/' | '.' => '_',
            _ => c.to_ascii_lowercase(),
        });
    }
    out + "_"
}

#[test]
fn no_field_of_the_api_could_break_a_limit() {
    let limits: toml::Table = include_str!("../../../../xtask/limits.toml")
        .parse()
        .unwrap();
    let mut fields = BTreeSet::new();
    names(&serde_json::from_str(&document()).unwrap(), &mut fields);
    assert!(fields.len() > 100, "the document's fields are found");
    let mut denied = 0;
    for group in limits["word"].as_array().unwrap() {
        let places = group.get("in").and_then(toml::Value::as_array);
        if places.is_some_and(|p| !p.iter().any(|place| place.as_str() == Some("field"))) {
            continue;
        }
        for word in group["words"].as_array().unwrap() {
            let word = format!("_{}_", word.as_str().unwrap());
            denied += 1;
            for field in &fields {
                assert!(
                    !in_words(field).contains(&word),
                    "`{field}` holds `{word}`: {}",
                    group["reason"]
                );
            }
        }
    }
    assert!(denied > 50, "the words are found");
    assert!(in_words("licencePlate-text").contains("_plate_"));
}

#[test]
fn a_parameter_of_the_path_stands_in_the_path() {
    let api: Value = serde_json::from_str(&document()).unwrap();
    let mut read = 0;
    for (path, methods) in api["paths"].as_object().unwrap() {
        for (method, operation) in methods.as_object().unwrap() {
            for parameter in operation["parameters"].as_array().into_iter().flatten() {
                let name = parameter["name"].as_str().unwrap();
                let (stands, said) = (path.contains(&format!("{{{name}}}")), &parameter["in"]);
                assert_eq!(
                    stands,
                    said == "path",
                    "{method} {path}: {name} is in {said}"
                );
                read += 1;
            }
        }
    }
    assert!(read > 10, "parameters are found");
}
