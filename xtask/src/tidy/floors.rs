//! The floors: which crate stands on which, and what the pure crates may depend on.
//! Never lets an arrow point up or sideways, so a circle of crates cannot be drawn.

use std::collections::BTreeMap;

use anyhow::{Context, Result};

use super::tree::Tree;
use super::{Finding, rust};

/// Every room that exists, with its floor; docs/ARCHITECTURE.md holds the same list in words.
const FLOORS: [(&str, u8); 16] = [
    ("loggia", 8),
    ("sim", 7),
    ("video", 6),
    ("ngsi-ld", 6),
    ("field", 6),
    ("policy", 5),
    ("shield", 5),
    ("register", 5),
    ("watch", 5),
    ("transparency", 4),
    ("store", 3),
    ("seal", 2),
    ("api", 2),
    ("charter", 2),
    ("mqtt", 2),
    ("model", 1),
];

/// The pure crates: all that they may depend on, and nothing that reaches disk or network.
const PURE: [(&str, &[&str]); 2] = [
    ("model", &["serde", "thiserror", "hex"]),
    (
        "seal",
        &[
            "loggia-model",
            "argon2",
            "aws-lc-rs",
            "base64",
            "hex",
            "hpke",
            "serde",
            "serde_json",
            "thiserror",
            "zeroize",
        ],
    ),
];

/// Words that a pure crate's shipped code does not hold.
const OUTSIDE: [&str; 8] = [
    "std::fs",
    "std::net",
    "std::process",
    "std::env",
    "SystemTime::now",
    "Instant::now",
    "async fn",
    "File::",
];

/// Checks every crate's manifest, and the code of the pure crates.
pub fn check(tree: &Tree) -> Result<Vec<Finding>> {
    let floors = BTreeMap::from(FLOORS);
    let mut found = Vec::new();
    for name in tree.crates() {
        let path = format!("crates/{name}/Cargo.toml");
        let manifest: toml::Table =
            toml::from_str(tree.text(&path).unwrap_or_default()).with_context(|| path.clone())?;
        let Some(floor) = floors.get(name) else {
            found.push(Finding::file(
                &path,
                "stands on no floor: give it one in xtask/src/tidy/floors.rs and ARCHITECTURE.md",
            ));
            continue;
        };
        for dep in arrows(&manifest) {
            match floors.get(dep.as_str()) {
                Some(below) if below < floor => {}
                Some(same) => found.push(Finding::file(
                    &path,
                    format!("floor {floor} leans on `{dep}`, floor {same}: arrows point down only"),
                )),
                None => found.push(Finding::file(&path, format!("leans on unknown `{dep}`"))),
            }
        }
        if let Some((_, allowed)) = PURE.iter().find(|(n, _)| *n == name) {
            found.extend(impure(tree, name, &path, &manifest, allowed));
        }
    }
    Ok(found)
}

/// The names in one section of a manifest.
fn section<'a>(manifest: &'a toml::Table, name: &str) -> impl Iterator<Item = &'a String> {
    manifest
        .get(name)
        .and_then(toml::Value::as_table)
        .into_iter()
        .flat_map(toml::Table::keys)
}

/// The crates of this house that a manifest names, tests included: a test that reaches up would
/// make the lower room's proof depend on the upper room.
fn arrows(manifest: &toml::Table) -> Vec<String> {
    ["dependencies", "dev-dependencies", "build-dependencies"]
        .iter()
        .flat_map(|s| section(manifest, s))
        .filter_map(|d| d.strip_prefix("loggia-"))
        .map(str::to_owned)
        .collect()
}

fn impure(
    tree: &Tree,
    name: &str,
    path: &str,
    manifest: &toml::Table,
    allowed: &[&str],
) -> Vec<Finding> {
    let mut found: Vec<_> = section(manifest, "dependencies")
        .chain(section(manifest, "build-dependencies"))
        .filter(|d| !allowed.contains(&d.as_str()))
        .map(|d| {
            Finding::file(
                path,
                format!("`{name}` is pure and may not depend on `{d}`"),
            )
        })
        .collect();
    let src = format!("crates/{name}/src/");
    for (file, text) in tree.rust().filter(|(p, _)| p.starts_with(&src)) {
        let code = rust::blanked(rust::shipped(text));
        for word in OUTSIDE {
            if let Some(at) = code.find(word) {
                let line = code[..at].matches('\n').count() + 1;
                found.push(Finding::line(
                    file,
                    line,
                    format!("`{name}` is pure: no `{word}`"),
                ));
            }
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    fn places(files: &[(&str, &str)]) -> Vec<String> {
        check(&Tree::of(files))
            .unwrap()
            .into_iter()
            .map(|f| f.what)
            .collect()
    }

    #[test]
    fn arrows_down_pass() {
        let manifest = "[dependencies]\nloggia-seal.workspace = true\nserde = \"1\"\n";
        assert!(places(&[("crates/store/Cargo.toml", manifest)]).is_empty());
    }

    #[test]
    fn arrows_up_and_sideways_are_named_in_tests_too() {
        let up = "[dependencies]\nloggia-policy.workspace = true\n";
        assert_eq!(places(&[("crates/store/Cargo.toml", up)]).len(), 1);
        let sideways = "[dev-dependencies]\nloggia-shield.workspace = true\n";
        assert_eq!(places(&[("crates/policy/Cargo.toml", sideways)]).len(), 1);
        let unknown = "[dependencies]\nloggia-attic.workspace = true\n";
        assert_eq!(places(&[("crates/policy/Cargo.toml", unknown)]).len(), 1);
    }

    #[test]
    fn a_room_without_a_floor_is_named() {
        assert_eq!(places(&[("crates/attic/Cargo.toml", "")]).len(), 1);
    }

    #[test]
    fn pure_crates_stay_pure() {
        let deps = "[dependencies]\ntokio = \"1\"\n";
        assert_eq!(places(&[("crates/model/Cargo.toml", deps)]).len(), 1);
        let lib = "//! A room.\nfn f() { std::fs::read(\"x\"); }\n";
        let found = places(&[
            ("crates/seal/Cargo.toml", ""),
            ("crates/seal/src/lib.rs", lib),
        ]);
        assert_eq!(found, ["`seal` is pure: no `std::fs`"]);
        let test =
            "//! A room.\n// std::fs is for others\n#[cfg(test)]\nmod tests { use std::fs; }\n";
        assert!(
            places(&[
                ("crates/seal/Cargo.toml", ""),
                ("crates/seal/src/lib.rs", test)
            ])
            .is_empty()
        );
    }
}
