//! Just enough reading of Rust to count: comments and literals blanked, functions measured.
//! Never a parser: what it cannot see (macros that write functions), clippy sees.

/// A function's name, first line (from 1) and lines of code between its braces.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Function {
    /// As written after `fn`.
    pub name: String,
    /// Where `fn` stands.
    pub line: usize,
    /// Lines of the body that hold code, as clippy's `too_many_lines` counts them.
    pub lines: usize,
}

/// `text` with the inside of comments, strings and characters made blank. Length and line breaks
/// stay; a literal's inside becomes `_` so that its lines still count as code.
pub fn blanked(text: &str) -> String {
    let b = text.as_bytes();
    let mut out = b.to_vec();
    let mut i = 0;
    while i < b.len() {
        let end = match b[i] {
            b'/' if b.get(i + 1) == Some(&b'/') => line_end(b, i),
            b'/' if b.get(i + 1) == Some(&b'*') => block_end(b, i),
            b'"' => string_end(b, i + 1),
            b'r' | b'b' | b'c' if !after_word(b, i) => raw_end(b, i).unwrap_or(i + 1),
            b'\'' => char_end(b, i).unwrap_or(i + 1),
            _ => i + 1,
        };
        if end > i + 1 {
            let fill = if b[i] == b'/' { b' ' } else { b'_' };
            for byte in &mut out[i..end] {
                if *byte != b'\n' {
                    *byte = fill;
                }
            }
        }
        i = end;
    }
    // Only whole bytes were replaced by ASCII, and multi-byte characters stay whole or go whole.
    String::from_utf8(out).unwrap_or_else(|_| text.to_owned())
}

fn after_word(b: &[u8], i: usize) -> bool {
    i > 0 && (b[i - 1].is_ascii_alphanumeric() || b[i - 1] == b'_')
}

fn line_end(b: &[u8], i: usize) -> usize {
    b[i..]
        .iter()
        .position(|c| *c == b'\n')
        .map_or(b.len(), |n| i + n)
}

fn block_end(b: &[u8], start: usize) -> usize {
    let (mut depth, mut i) = (0, start);
    while i < b.len() {
        match &b[i..b.len().min(i + 2)] {
            b"/*" => (depth, i) = (depth + 1, i + 2),
            b"*/" => {
                (depth, i) = (depth - 1, i + 2);
                if depth == 0 {
                    return i;
                }
            }
            _ => i += 1,
        }
    }
    b.len()
}

fn string_end(b: &[u8], mut i: usize) -> usize {
    while i < b.len() {
        match b[i] {
            b'\\' => i += 2,
            b'"' => return i + 1,
            _ => i += 1,
        }
    }
    b.len()
}

/// The end of `r"…"`, `br#"…"#`, `b"…"`, `c"…"`; `None` where an ordinary word begins.
fn raw_end(b: &[u8], start: usize) -> Option<usize> {
    let mut i = start;
    let mut raw = false;
    while let Some(c) = b.get(i).filter(|c| matches!(c, b'r' | b'b' | b'c')) {
        raw |= *c == b'r';
        i += 1;
    }
    let hashes = b[i..].iter().take_while(|c| **c == b'#').count();
    if b.get(i + hashes) != Some(&b'"') {
        return None;
    }
    if !raw {
        return (hashes == 0).then(|| string_end(b, i + 1));
    }
    let close = [b"\"".as_slice(), &vec![b'#'; hashes]].concat();
    let from = i + hashes + 1;
    let at = b[from..].windows(close.len()).position(|w| w == close)?;
    Some(from + at + close.len())
}

/// The end of `'x'` or `'\n'`; `None` for a lifetime.
fn char_end(b: &[u8], i: usize) -> Option<usize> {
    if b.get(i + 1) == Some(&b'\\') {
        let close = b[i + 3..].iter().take(10).position(|c| *c == b'\'')?;
        return Some(i + 3 + close + 1);
    }
    let close = b.get(i + 2..)?.iter().take(4).position(|c| *c == b'\'')?;
    // A lifetime is followed by more of its name before any quote; a character is one symbol.
    let inside = std::str::from_utf8(&b[i + 1..i + 2 + close]).ok()?;
    (inside.chars().count() == 1).then_some(i + 2 + close + 1)
}

/// Every function with a body in `text`.
pub fn functions(text: &str) -> Vec<Function> {
    let code = blanked(text);
    let b = code.as_bytes();
    let mut found = Vec::new();
    for (at, _) in code.match_indices("fn ") {
        if after_word(b, at) {
            continue;
        }
        let name: String = code[at + 3..]
            .chars()
            .take_while(|c| c.is_alphanumeric() || *c == '_')
            .collect();
        let Some(open) = body_open(b, at) else {
            continue;
        };
        if name.is_empty() {
            continue;
        }
        let close = matching(b, open);
        let lines = code[open + 1..close]
            .lines()
            .filter(|l| !l.trim().is_empty())
            .count();
        let line = code[..at].matches('\n').count() + 1;
        found.push(Function { name, line, lines });
    }
    found
}

/// The `{` that opens the body; `None` for a declaration that ends in `;`.
fn body_open(b: &[u8], from: usize) -> Option<usize> {
    let mut depth = 0_i32;
    for (i, c) in b.iter().enumerate().skip(from) {
        match c {
            b'(' | b'[' => depth += 1,
            b')' | b']' => depth -= 1,
            b'{' if depth == 0 => return Some(i),
            b';' if depth == 0 => return None,
            _ => {}
        }
    }
    None
}

/// The brace that closes the one at `open`, or the end.
pub fn matching(b: &[u8], open: usize) -> usize {
    let mut depth = 0_i32;
    for (i, c) in b.iter().enumerate().skip(open) {
        match c {
            b'{' => depth += 1,
            b'}' => {
                depth -= 1;
                if depth == 0 {
                    return i;
                }
            }
            _ => {}
        }
    }
    b.len()
}

/// The part of a file that ships: everything before its `#[cfg(test)] mod`.
pub fn shipped(text: &str) -> &str {
    let mut from = 0;
    while let Some(n) = text[from..].find("#[cfg(test)]") {
        let at = from + n;
        let rest = text[at + "#[cfg(test)]".len()..].trim_start();
        if rest.starts_with("mod ") && !rest.lines().next().is_some_and(|l| l.ends_with(';')) {
            return &text[..at];
        }
        from = at + 1;
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn literals_and_comments_hold_no_code() {
        let text = "let a = \"fn x() {\"; // }\n/* { /* { */ */ let b = '{'; let c: &'a str;\n";
        let code = blanked(text);
        assert_eq!(code.len(), text.len());
        assert!(!code.contains('{'), "{code}");
        assert!(code.contains("&'a str"));
        let raw = blanked("let a = r#\"{ \" {\"#; let b = br\"{\"; radio!{}");
        assert_eq!(raw.matches('{').count(), 1, "{raw}");
        assert_eq!(blanked(r"let q = '\''; {"), "let q = ____; {");
    }

    #[test]
    fn functions_are_measured_as_clippy_does() {
        let text =
            "fn a() {\n    // why\n\n    b();\n    c(\"{\");\n}\ntrait T {\n    fn d();\n}\n";
        let found = functions(text);
        assert_eq!(
            found,
            [Function {
                name: "a".into(),
                line: 1,
                lines: 2
            }]
        );
    }

    #[test]
    fn array_types_do_not_end_a_signature() {
        let found = functions("fn a(x: [u8; 32]) -> [u8; 4] {\n    x\n}\n");
        assert_eq!(found.len(), 1);
        assert_eq!(found[0].lines, 1);
    }

    #[test]
    fn tests_do_not_ship() {
        assert_eq!(shipped("a\n#[cfg(test)]\nmod tests {\n b\n}\n"), "a\n");
        assert_eq!(
            shipped("#[cfg(test)]\nmod tests;\nc\n"),
            "#[cfg(test)]\nmod tests;\nc\n"
        );
    }
}
