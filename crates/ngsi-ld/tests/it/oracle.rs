//! Names expanded and compacted here and by PyLD, a second implementation of JSON-LD 1.1 that
//! shares no line with this one. The cases are made by tests/oracle/pyld_cases.py; without them it
//! is skipped.

use crate::support;
use loggia_ngsi_ld::{Contexts, Iri, Json};

/// Where the two may differ, with the reason.
fn agreed(refused: &str, context: &Json) -> bool {
    let core = ["\"value\"", "\"location\""]
        .iter()
        .any(|t| context.to_string().contains(t));
    // The core wins without a fault, where JSON-LD refuses to redefine a protected term; and what
    // is no prefix may say so.
    (refused == "protected term redefinition" && core)
        // An IRI that begins like a prefix of the core is written with its term here.
        || refused == "IRI confused with prefix"
        || (refused == "invalid term definition" && context.to_string().contains("@prefix"))
}

#[test]
#[expect(
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "an oracle shows where it differs, and says when it is not asked"
)]
fn names_expand_as_another_implementation_has_it() {
    let Ok(path) = std::env::var("NGSI_LD_ORACLE") else {
        eprintln!("skipped: NGSI_LD_ORACLE names no cases (tests/oracle/pyld_cases.py makes them)");
        return;
    };
    let cases = support::json(&std::fs::read_to_string(path).expect("the cases"));
    let (mut names, mut shorts, mut refusals, mut wrong) = (0, 0, 0, Vec::new());
    for case in cases.items().expect("a list") {
        let context = case.get("context").expect("a context");
        let made = Contexts::new().compile(context);
        if let Some(why) = case.get("refused").and_then(Json::as_str) {
            refusals += 1;
            if made.is_ok() && !agreed(why, context) {
                wrong.push(format!("taken, though {why}: {context}"));
            }
        }
        // What PyLD takes and we do not: a relative IRI, as there is no @base here.
        let (Some(table), Ok(made)) = (case.get("names"), made) else {
            continue;
        };
        for (name, expected) in table.members() {
            let expected = expected.as_str();
            if expected == Some("?") {
                continue;
            }
            names += 1;
            let got = made
                .expand(name)
                .map(|m| m.iri.to_string())
                .filter(|i| i != "@id");
            if got.as_deref() != expected {
                wrong.push(format!("{name} is {got:?}, not {expected:?}: {context}"));
            }
        }
        // Coerced terms are where our compaction differs on purpose (docs/design/ngsi-ld.md).
        let coerced = ["@type\":", "@container\":"]
            .iter()
            .any(|w| context.to_string().contains(w));
        let short = case
            .get("short")
            .filter(|_| !coerced)
            .map_or(&[][..], Json::members);
        for (iri, expected) in short.iter().filter(|(_, e)| e.as_str() != Some("?")) {
            shorts += 1;
            let got = made.compact(&Iri::new(iri));
            if Some(&*got) != expected.as_str() {
                wrong.push(format!("{iri} is written {got}, not {expected}: {context}"));
            }
        }
    }
    println!(
        "{names} names, {shorts} back, {refusals} refusals, {} differ",
        wrong.len()
    );
    for line in &wrong {
        println!("{line}");
    }
    // A definition whose @id is a reserved word such as `@nosuch` takes the older one away in the
    // algorithm's text (create term definition, step 10), and leaves it in PyLD.
    let unexplained = wrong.iter().filter(|w| !w.contains("@nosuch")).count();
    assert_eq!(unexplained, 0);
}
