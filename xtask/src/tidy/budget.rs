//! The budget of other people's code: how many packages, and a reason for each that we name.
//! Never asks a registry: licences and advisories are `cargo deny`'s (deny.toml).

use anyhow::{Context, Result};

use super::Finding;
use super::tree::Tree;

/// A lock file is a budget (comparable systems hold 330 to 1,425 packages).
const PACKAGES_MAX: usize = 455;
/// Where each dependency has its line.
const REASONS: &str = "docs/DEPENDENCIES.md";

/// Checks the number of packages and that each named one has its line.
pub fn check(tree: &Tree) -> Result<Vec<Finding>> {
    let mut found = Vec::new();
    if let Some(lock) = tree.text("Cargo.lock") {
        let n = lock.lines().filter(|l| *l == "[[package]]").count();
        if n > PACKAGES_MAX {
            found.push(Finding::file(
                "Cargo.lock",
                format!("{n} packages; the budget is {PACKAGES_MAX}"),
            ));
        }
    }
    let reasons = tree.text(REASONS).unwrap_or_default();
    for (path, name) in named(tree)? {
        let row = format!("| `{name}` |");
        let said = reasons.lines().find_map(|l| l.strip_prefix(row.as_str()));
        if said.is_none_or(|rest| rest.split('|').next().unwrap_or_default().trim().is_empty()) {
            found.push(Finding::file(
                &path,
                format!("`{name}` has no line `{row} why |` in {REASONS}"),
            ));
        }
    }
    Ok(found)
}

/// The dependencies that this repository names itself.
fn named(tree: &Tree) -> Result<Vec<(String, String)>> {
    let mut names = Vec::new();
    if let Some(text) = tree.text("Cargo.toml") {
        let root: toml::Table = toml::from_str(text).context("Cargo.toml")?;
        let deps = root.get("workspace").and_then(|w| w.get("dependencies"));
        let keys = deps
            .and_then(toml::Value::as_table)
            .into_iter()
            .flat_map(toml::Table::keys);
        names.extend(
            keys.filter(|k| !k.starts_with("loggia-"))
                .map(|k| ("Cargo.toml".to_owned(), k.clone())),
        );
    }
    if let Some(text) = tree.text("web/package.json") {
        let json: serde_json::Value = serde_json::from_str(text).context("web/package.json")?;
        for section in ["dependencies", "devDependencies"] {
            let keys = json.get(section).and_then(serde_json::Value::as_object);
            names.extend(
                keys.into_iter()
                    .flat_map(serde_json::Map::keys)
                    .map(|k| ("web/package.json".to_owned(), k.clone())),
            );
        }
    }
    Ok(names)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_dependency_has_its_line() {
        let cargo = "[workspace.dependencies]\nloggia-x = { path = \"x\" }\nserde = \"1\"\n";
        let npm = "{\"devDependencies\":{\"vite\":\"7\"}}";
        let files = |doc| {
            [
                ("Cargo.toml", cargo),
                ("web/package.json", npm),
                (REASONS, doc),
            ]
        };
        let good = "| `serde` | writes JSON |\n| `vite` | builds the pages |\n";
        assert_eq!(check(&Tree::of(&files(good))).unwrap(), []);
        assert_eq!(
            check(&Tree::of(&files("| `serde` |  |\n"))).unwrap().len(),
            2
        );
    }

    #[test]
    fn the_lock_file_is_a_budget() {
        let lock = "[[package]]\n".repeat(PACKAGES_MAX);
        assert_eq!(check(&Tree::of(&[("Cargo.lock", &lock)])).unwrap(), []);
        let lock = "[[package]]\n".repeat(PACKAGES_MAX + 1);
        assert_eq!(check(&Tree::of(&[("Cargo.lock", &lock)])).unwrap().len(), 1);
    }
}
