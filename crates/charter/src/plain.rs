//! Whether a text is plain enough to be read by people and by recursive programs: looked at before
//! any parser sees it. Never understands it.

/// How deep brackets may stand in each other.
const DEPTH_MAX: usize = 24;
/// Most operators, members and words such as `if` in one policy: each may be a level of its
/// expression, and reading, proving and asking it take stack for each.
const STEPS_MAX: usize = 200;
const WORDS: [&str; 7] = ["if", "then", "else", "in", "has", "like", "is"];

/// # Errors
/// What to write more plainly, with the line.
pub(crate) fn check(text: &str) -> Result<(), String> {
    let (mut depth, mut steps, mut line) = (0_usize, 0_usize, 1_usize);
    let mut rest = text;
    while let Some(c) = rest.chars().next() {
        let taken = match c {
            '/' if rest.starts_with("//") => rest.find('\n').unwrap_or(rest.len()),
            '"' => quoted(rest),
            '(' | '[' | '{' => {
                depth += 1;
                1
            }
            ')' | ']' | '}' => {
                depth = depth.saturating_sub(1);
                1
            }
            ';' => {
                steps = 0;
                1
            }
            '.' | '!' | '-' | '+' | '*' | '<' | '>' | '=' | '&' | '|' => {
                steps += 1;
                let run = |c: char| matches!(c, '<' | '>' | '=' | '&' | '|');
                // `!!` and `--` are two steps, `<=` and `&&` one.
                let one = |c: char| if run(c) { run } else { |_| false };
                1 + rest[1..].find(|n| !one(c)(n)).unwrap_or(0)
            }
            c if c.is_alphanumeric() || c == '_' => {
                let word = |c: char| !(c.is_alphanumeric() || c == '_');
                let end = rest.find(word).unwrap_or(rest.len());
                steps += usize::from(WORDS.contains(&&rest[..end]));
                end
            }
            c => c.len_utf8(),
        };
        if depth > DEPTH_MAX {
            return Err(format!(
                "line {line}: brackets stand more than {DEPTH_MAX} deep in each other"
            ));
        }
        if steps > STEPS_MAX {
            return Err(format!(
                "line {line}: a policy of more than {STEPS_MAX} steps; write it as several"
            ));
        }
        line += rest[..taken].matches('\n').count();
        rest = &rest[taken..];
    }
    Ok(())
}

/// Bytes of a string with its quotation marks, or all that is left if it has no end.
fn quoted(text: &str) -> usize {
    let mut escaped = false;
    for (at, c) in text.char_indices().skip(1) {
        match c {
            _ if escaped => escaped = false,
            '\\' => escaped = true,
            '"' => return at + 1,
            _ => {}
        }
    }
    text.len()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn policy(when: &str) -> String {
        format!("permit (principal, action, resource) when {{ {when} }};")
    }

    #[test]
    fn what_people_write_is_plain_and_towers_are_not() {
        let texts = crate::Texts::of_this_release();
        assert_eq!(check(&texts.policies), Ok(()));
        assert_eq!(check(&texts.charter), Ok(()));
        let deep = |open: &str, close: &str, n: usize| {
            policy(&format!("{}true{}", open.repeat(n), close.repeat(n)))
        };
        assert_eq!(check(&deep("(", ")", 20)), Ok(()));
        for text in [
            deep("(", ")", 30_000),
            deep("[", "]", 200),
            deep("{a: ", "}", 200),
            deep("!", "", 300),
            deep("-", "", 300),
            deep("if true then ", " else true", 200),
            policy(&["true"; 300].join(" && ")),
            policy(&["true"; 300].join("||")),
            policy(&format!("principal{}", ".a".repeat(300))),
            // What closes in a comment or a string does not close.
            deep("( // )\n", ")", 30),
            deep("(\")\" == \"\\\")\" || ", ")", 30),
        ] {
            let why = check(&text).unwrap_err();
            assert!(why.contains("deep") || why.contains("several"), "{why}");
        }
        assert!(
            check(&deep("(\n", ")", 30))
                .unwrap_err()
                .contains("line 24")
        );
        let said = policy(&format!("\"{}\" == \"\"", "(".repeat(30)));
        assert_eq!(check(&said), Ok(()), "what is only said");
    }
}
