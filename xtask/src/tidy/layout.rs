//! Sizes and names of files and functions, and the first line that says what a file is for.
//! Never looks at what the code does.

use std::collections::BTreeMap;

use super::tree::Tree;
use super::{Finding, rust};

/// No source file is longer: a reader holds about this much in the head.
const FILE_LINES_MAX: usize = 800;
/// Longer files are counted by the ratchet.
const FILE_LINES_HABIT: usize = 400;
/// No function body is longer; clippy holds the same number (clippy.toml).
const FN_LINES_MAX: usize = 70;
/// Columns of a line.
const COLUMNS_MAX: usize = 100;
/// The pages' tables of words: a sentence a line, as many as there are.
const WORDS: &str = "web/src/words/";

/// Words that say nothing about what is inside, with their plurals and short forms.
const EMPTY_NAMES: [&str; 14] = [
    "utils", "util", "common", "commons", "helpers", "helper", "manager", "managers", "base",
    "misc", "service", "services", "stuff", "shared",
];

/// Endings of the files that people write here.
const WRITTEN: [&str; 10] = [
    ".rs", ".ts", ".svelte", ".css", ".py", ".sh", ".go", ".sql", ".md", ".js",
];

fn written(path: &str) -> bool {
    WRITTEN.iter().any(|e| path.ends_with(e)) && !path.ends_with(".gen.ts")
}

/// A case that must not compile: its line numbers stand in the `.stderr` beside it.
fn compile_fail_case(tree: &Tree, path: &str) -> bool {
    path.strip_suffix(".rs")
        .is_some_and(|p| tree.files.contains_key(&format!("{p}.stderr")))
}

/// Hard rules.
pub fn check(tree: &Tree) -> Vec<Finding> {
    let mut found = Vec::new();
    for (path, text) in tree.texts().filter(|(p, _)| written(p)) {
        let lines = text.lines().count();
        if lines > FILE_LINES_MAX && !path.ends_with(".md") {
            found.push(Finding::file(
                path,
                format!("{lines} lines; at most {FILE_LINES_MAX}. Split it by what it does."),
            ));
        }
        found.extend(empty_name(path));
    }
    for (path, text) in tree.rust() {
        if !compile_fail_case(tree, path) {
            found.extend(first_line(path, text));
        }
        let tall = rust::functions(text)
            .into_iter()
            .filter(|f| f.lines > FN_LINES_MAX);
        for f in tall.filter(|f| !excepted(text, f.line)) {
            found.push(Finding::line(
                path,
                f.line,
                format!(
                    "`{}` has {} lines of code; at most {FN_LINES_MAX}",
                    f.name, f.lines
                ),
            ));
        }
    }
    for name in tree.crates() {
        found.extend(empty_name(&format!("crates/{name}/")));
    }
    found
}

/// Whether the attributes above a function hold clippy's exception, which demands a reason.
fn excepted(text: &str, line: usize) -> bool {
    let above: Vec<&str> = text.lines().take(line - 1).collect();
    let attributes = above
        .iter()
        .rev()
        .take_while(|l| !l.trim().is_empty() && !l.starts_with('}'));
    attributes
        .into_iter()
        .any(|l| l.contains("expect(clippy::too_many_lines"))
}

fn first_line(path: &str, text: &str) -> Option<Finding> {
    let said = text
        .lines()
        .next()
        .and_then(|l| l.strip_prefix("//!"))
        .map(str::trim);
    match said {
        Some(s) if s.len() >= 12 => None,
        _ => Some(Finding::line(
            path,
            1,
            "the first line is `//!` and says what the room is for, then what it never does",
        )),
    }
}

fn empty_name(path: &str) -> Option<Finding> {
    let stem = path.trim_end_matches('/');
    let name = stem
        .split('/')
        .map(|part| part.split('.').next().unwrap_or(part))
        .find(|part| EMPTY_NAMES.contains(&part.to_ascii_lowercase().as_str()))?;
    Some(Finding::file(
        path,
        format!("`{name}` says nothing: name it after what is inside"),
    ))
}

/// What the ratchet counts: it may fall and never rise.
pub fn count(tree: &Tree) -> BTreeMap<&'static str, Vec<String>> {
    let mut long_files = Vec::new();
    let mut long_lines = Vec::new();
    for (path, text) in tree.texts().filter(|(p, _)| written(p) || *p == "Makefile") {
        let lines = text.lines().count();
        let table = path.starts_with(WORDS);
        if lines > FILE_LINES_HABIT && !path.ends_with(".md") && !table {
            long_files.push(format!("{path} ({lines})"));
        }
        for (n, line) in text.lines().enumerate() {
            if line.chars().count() > COLUMNS_MAX && !may_be_long(path, line) {
                long_lines.push(format!("{path}:{}", n + 1));
            }
        }
    }
    BTreeMap::from([
        ("files_over_400_lines", long_files),
        ("lines_over_100_columns", long_lines),
    ])
}

/// Table rows cannot be folded in Markdown, a sentence of the pages stands on one line in its table
/// of words, and an address cannot be folded anywhere.
fn may_be_long(path: &str, line: &str) -> bool {
    let sentence = path.starts_with(WORDS) && line.trim_start().starts_with('\'');
    (path.ends_with(".md") && line.trim_start().starts_with('|'))
        || sentence
        || line.contains("http://")
        || line.contains("https://")
}

#[cfg(test)]
mod tests {
    use super::*;

    const HEAD: &str = "//! A room for tests.\n";

    #[test]
    fn a_good_file_passes() {
        assert_eq!(check(&Tree::of(&[("crates/seal/src/chain.rs", HEAD)])), []);
    }

    #[test]
    fn long_files_and_functions_are_named() {
        let long = format!("{HEAD}{}", "//\n".repeat(800));
        let tall = format!("{HEAD}fn tall() {{\n{}}}\n", "    x();\n".repeat(71));
        let found = check(&Tree::of(&[("a/long.rs", &long), ("a/tall.rs", &tall)]));
        let places: Vec<_> = found.iter().map(|f| f.place.as_str()).collect();
        assert_eq!(places, ["a/long.rs", "a/tall.rs:2"]);
        let list = format!(
            "{HEAD}#[expect(clippy::too_many_lines, reason = \"a list\")]\nfn list() {{\n{}}}\n",
            "    x();\n".repeat(71)
        );
        assert_eq!(check(&Tree::of(&[("a/list.rs", &list)])), []);
        let fits = format!("{HEAD}fn fits() {{\n{}}}\n", "    x();\n".repeat(70));
        assert_eq!(check(&Tree::of(&[("a/fits.rs", &fits)])), []);
    }

    #[test]
    fn the_first_line_says_what_the_room_is_for() {
        let found = check(&Tree::of(&[
            ("a/b.rs", "use x;\n"),
            ("a/c.rs", "//! short\n"),
        ]));
        assert_eq!(found.len(), 2);
        let case = check(&Tree::of(&[
            ("t/case.rs", "fn main() {}\n"),
            ("t/case.stderr", ""),
        ]));
        assert_eq!(case, []);
    }

    #[test]
    fn empty_names_are_refused_for_files_folders_and_crates() {
        for path in [
            "a/utils.rs",
            "a/common/mod.rs",
            "web/src/helpers.ts",
            "a/Manager.rs",
        ] {
            assert_eq!(check(&Tree::of(&[(path, HEAD)])).len(), 1, "{path}");
        }
        assert_eq!(check(&Tree::of(&[("crates/base/Cargo.toml", "")])).len(), 1);
        assert_eq!(check(&Tree::of(&[("web/src/service-worker.ts", HEAD)])), []);
        assert_eq!(
            check(&Tree::of(&[("crates/register/src/basemap/read.rs", HEAD)])),
            []
        );
    }

    #[test]
    fn the_ratchet_counts_long_files_and_lines() {
        let wide = format!("{HEAD}// {}\n| {}\n", "x".repeat(99), "y".repeat(120));
        let link = format!(
            "see https://example.org/{}\n| {}\n",
            "x".repeat(99),
            "y".repeat(99)
        );
        let sentence = format!(
            "{HEAD}  'a.b': '{}',\n// {}\n",
            "x".repeat(99),
            "y".repeat(99)
        );
        let tree = Tree::of(&[
            ("a/wide.rs", &wide),
            ("b.md", &link),
            ("c.rs", &HEAD.repeat(401)),
            ("web/src/words/en/ops.ts", &sentence),
        ]);
        let counts = count(&tree);
        assert_eq!(
            counts["lines_over_100_columns"],
            ["a/wide.rs:2", "a/wide.rs:3", "web/src/words/en/ops.ts:3"]
        );
        assert_eq!(counts["files_over_400_lines"], ["c.rs (401)"]);
    }
}
