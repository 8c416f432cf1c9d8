//! The four proofs (five types): each is made in one crate, with no way round.
//! Never trusts a name alone: fields are private, nothing copies, reads in or switches a proof on.

use super::tree::Tree;
use super::{Finding, rust};

/// The types and the only crate in which each is made.
const PROOFS: [(&str, &str); 5] = [
    ("Admitted", "shield"),
    ("Sealed", "seal"),
    ("Logged", "transparency"),
    ("Witnessed", "transparency"),
    ("Permit", "policy"),
];

/// Traits that would let a proof be multiplied, made of nothing, or read from the network.
const NEVER: [&str; 6] = ["Clone", "Copy", "Default", "Deserialize", "FromRow", "From"];

/// Checks definition, derives, impls, fields and features of each proof.
pub fn check(tree: &Tree) -> Vec<Finding> {
    let mut found = Vec::new();
    for (name, home) in PROOFS {
        let defined = definitions(tree, name);
        let here = format!("crates/{home}/src/");
        if !defined.iter().any(|d| d.path.starts_with(&here)) {
            found.push(Finding::file(
                &here,
                format!("the proof `{name}` is not defined here"),
            ));
        }
        for d in &defined {
            if !d.path.starts_with(&here) {
                found.push(Finding::line(
                    d.path,
                    d.line,
                    format!("a second `{name}`: the proof is made in `{home}` only"),
                ));
                continue;
            }
            found.extend(d.weak(name));
        }
        found.extend(impls(tree, name));
    }
    for (_, home) in PROOFS {
        let path = format!("crates/{home}/Cargo.toml");
        if tree
            .text(&path)
            .is_some_and(|t| t.lines().any(|l| l.trim() == "[features]"))
        {
            let what = "a crate that makes a proof has no features to switch it with";
            if !found.iter().any(|f: &Finding| f.place == path) {
                found.push(Finding::file(&path, what));
            }
        }
    }
    found
}

/// One line for each place in which a proof is built, for an auditor.
pub fn list(tree: &Tree) -> Vec<String> {
    let mut lines = Vec::new();
    for (name, home) in PROOFS {
        let here = format!("crates/{home}/src/");
        for (path, text) in tree.rust().filter(|(p, _)| p.starts_with(&here)) {
            let code = rust::blanked(rust::shipped(text));
            for (n, line) in code.lines().enumerate() {
                if builds(line, name) {
                    lines.push(format!("{name}: {path}:{}: {}", n + 1, line.trim()));
                }
            }
        }
    }
    lines
}

/// `Sealed {` or `Sealed(` as an expression.
fn builds(line: &str, name: &str) -> bool {
    let declares = ["struct ", "impl", "enum ", "let ", "fn "];
    line.match_indices(name).any(|(at, _)| {
        let before = line[..at].chars().next_back();
        let after = line[at + name.len()..].trim_start();
        let whole = before.is_none_or(|c| !c.is_alphanumeric() && c != '_');
        let opens = after.starts_with('{') || after.starts_with('(');
        let head = line[..at].trim_start();
        whole
            && opens
            && !declares
                .iter()
                .any(|d| head.starts_with(d) || head.contains("struct "))
            && !head.trim_end().ends_with("->")
    })
}

struct Definition<'a> {
    path: &'a str,
    line: usize,
    derives: String,
    body: String,
}

impl Definition<'_> {
    fn weak(&self, name: &str) -> Vec<Finding> {
        let mut found = Vec::new();
        let derived = NEVER.iter().filter(|t| has_word(&self.derives, t));
        for t in derived {
            let what = format!("the proof `{name}` must not derive `{t}`");
            found.push(Finding::line(self.path, self.line, what));
        }
        if has_word(&self.body, "pub") {
            let what = format!("the proof `{name}` has a field that others can set");
            found.push(Finding::line(self.path, self.line, what));
        }
        found
    }
}

fn definitions<'a>(tree: &'a Tree, name: &str) -> Vec<Definition<'a>> {
    let mut all = Vec::new();
    for (path, text) in tree
        .rust()
        .filter(|(p, _)| p.starts_with("crates/") && p.contains("/src/"))
    {
        let code = rust::blanked(rust::shipped(text));
        for kind in ["struct", "enum"] {
            let head = format!("pub {kind} {name}");
            for (at, _) in code.match_indices(&head) {
                let next = code[at + head.len()..].chars().next().unwrap_or(' ');
                if next.is_alphanumeric() || next == '_' {
                    continue;
                }
                all.push(Definition {
                    path,
                    line: code[..at].matches('\n').count() + 1,
                    derives: attributes_above(&code[..at]),
                    body: body(&code[at + head.len()..]),
                });
            }
        }
    }
    all
}

/// The attributes directly above an item.
fn attributes_above(code: &str) -> String {
    let lines = code.lines().rev();
    let above = lines.take_while(|l| !l.trim_end().ends_with(['}', ';', '{']));
    above.collect::<Vec<_>>().join("\n")
}

/// Fields in braces or brackets after the name.
fn body(rest: &str) -> String {
    let end = rest.find(['{', '(', ';']).unwrap_or(rest.len());
    match rest.as_bytes().get(end) {
        Some(b'{') => rest[end..rust::matching(rest.as_bytes(), end)].to_owned(),
        Some(b'(') => rest[end..].split(';').next().unwrap_or_default().to_owned(),
        _ => String::new(),
    }
}

fn has_word(text: &str, word: &str) -> bool {
    text.split(|c: char| !c.is_alphanumeric() && c != '_')
        .any(|w| w == word)
}

/// `impl Clone for Sealed` and the like, anywhere.
fn impls(tree: &Tree, name: &str) -> Vec<Finding> {
    let mut found = Vec::new();
    for (path, text) in tree.rust().filter(|(p, _)| p.starts_with("crates/")) {
        let code = rust::blanked(text);
        for (n, line) in code.lines().enumerate() {
            let Some((traits, of)) = line.split_once(" for ") else {
                continue;
            };
            let target: String = of
                .trim_start()
                .chars()
                .take_while(|c| c.is_alphanumeric() || *c == '_')
                .collect();
            if !traits.trim_start().starts_with("impl") || target != name {
                continue;
            }
            if let Some(t) = NEVER.iter().find(|t| has_word(traits, t)) {
                found.push(Finding::line(
                    path,
                    n + 1,
                    format!("`{t}` for the proof `{name}`"),
                ));
            }
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    fn whats(path: &str, text: &str) -> Vec<String> {
        check(&Tree::of(&[(path, text)]))
            .into_iter()
            .map(|f| f.what)
            .filter(|w| !w.contains("not defined here"))
            .collect()
    }

    const SEAL: &str = "crates/seal/src/chain.rs";

    #[test]
    fn a_private_type_in_its_crate_passes() {
        let good = "#[derive(Debug)]\npub struct Sealed {\n    bytes: Vec<u8>,\n}\n";
        assert_eq!(whats(SEAL, good), Vec::<String>::new());
        assert_eq!(
            whats(SEAL, "pub struct SealedError;\n"),
            Vec::<String>::new()
        );
    }

    #[test]
    fn missing_proofs_are_named() {
        assert_eq!(check(&Tree::of(&[])).len(), 5);
    }

    #[test]
    fn every_way_round_is_named() {
        for bad in [
            "#[derive(Debug, Clone)]\npub struct Sealed {\n    bytes: Vec<u8>,\n}\n",
            "pub struct Sealed {\n    pub bytes: Vec<u8>,\n}\n",
            "pub struct Sealed(pub Vec<u8>);\n",
            "#[derive(serde::Deserialize)]\npub struct Sealed(Vec<u8>);\n",
            "pub struct Sealed(Vec<u8>);\nimpl From<Vec<u8>> for Sealed {}\n",
        ] {
            assert_eq!(whats(SEAL, bad).len(), 1, "{bad}");
        }
        assert_eq!(
            whats("crates/video/src/a.rs", "pub struct Sealed(u8);\n").len(),
            1
        );
        assert_eq!(
            whats("crates/policy/Cargo.toml", "[features]\ntest = []\n").len(),
            1
        );
        let generic = "impl<A> Clone for Permit<A> {}\n";
        assert_eq!(whats("crates/policy/src/a.rs", generic).len(), 1);
    }

    #[test]
    fn an_auditor_sees_each_place() {
        let text =
            "fn seal() -> Sealed {\n    Sealed { bytes }\n}\npub struct Sealed { bytes: u8 }\n";
        let lines = list(&Tree::of(&[(SEAL, text)]));
        assert_eq!(
            lines,
            ["Sealed: crates/seal/src/chain.rs:2: Sealed { bytes }"]
        );
    }
}
