//! The charter with the real solver: this release keeps it, and planted changes are refuted with an
//! example that Cedar's own evaluator confirms.
#![cfg(test)]

use loggia_charter::{Error, Outcome, Proof, Reason, Solver, Statute, Texts, prove};

fn proof(texts: Texts) -> (Statute, Proof) {
    let statute = Statute::read(texts).unwrap();
    let proof = prove(&statute, &Solver::find().unwrap()).unwrap();
    (statute, proof)
}

fn refuted(proof: &Proof) -> Vec<&str> {
    let checks = proof.transcript.checks.iter();
    let mut clauses: Vec<&str> = checks
        .filter(|c| c.outcome == Outcome::Refuted)
        .map(|c| c.clause.as_str())
        .collect();
    clauses.sort_unstable();
    clauses.dedup();
    clauses
}

/// Changes the policies in one place that must be there.
fn changed(from: &str, to: &str) -> Texts {
    let texts = Texts::of_this_release();
    assert_eq!(texts.policies.matches(from).count(), 1, "{from}");
    Texts::with_policies(texts.policies.replace(from, to))
}

/// The policies without the one of this name.
fn without(id: &str) -> Texts {
    let texts = Texts::of_this_release();
    let from = texts.policies.find(&format!("@id(\"{id}\")")).unwrap();
    let end = from + texts.policies[from..].find(';').unwrap() + 1;
    let mut policies = texts.policies.clone();
    policies.replace_range(from..end, "");
    Texts::with_policies(policies)
}

/// Every refutation has an example, which the policy really answers as it says.
fn shown(statute: &Statute, proof: &Proof, clause: &str) {
    assert!(!proof.holds());
    let example = proof
        .examples
        .iter()
        .find(|e| e.clause == clause)
        .unwrap_or_else(|| panic!("no example for {clause}: {:?}", refuted(proof)));
    let file = example.to_json().unwrap();
    let again = loggia_charter::Example::parse(&file).unwrap();
    let replayed = again.replay(statute).unwrap();
    assert!(replayed.line().starts_with("allowed by"), "{file}");
    assert!(
        example.words.contains("The policy answers: allowed by"),
        "{}",
        example.words
    );
    // The release's own policy says no to the same.
    let release = Statute::of_this_release().unwrap();
    if statute.texts().schema == release.texts().schema {
        let sound = again.replay(&release).unwrap();
        assert!(sound.line().starts_with("denied"), "{}", sound.line());
    }
}

#[test]
fn this_release_keeps_the_charter() {
    let (statute, first) = proof(Texts::of_this_release());
    assert_eq!(refuted(&first), [""; 0], "{:#?}", first.examples);
    assert!(first.holds());
    assert_eq!(first.transcript.policy, statute.hash());
    // Each action is asked about, in each kind of question.
    for action in ["decide", "file", "live", "open", "release"] {
        let of = |kind: &str| {
            let mut checks = first.transcript.checks.iter();
            checks.any(|c| c.kind == kind && c.action == format!("{action}:Person:Request"))
        };
        assert!(of("total") && of("somebody") && of("never"), "{action}");
    }
    // A second run says the same, byte for byte.
    let (_, second) = proof(Texts::of_this_release());
    assert_eq!(first.transcript.to_text(), second.transcript.to_text());
    assert_eq!(first.transcript.hash(), second.transcript.hash());
}

#[test]
fn a_vendors_permit_is_refuted() {
    let mut texts = Texts::of_this_release();
    texts.policies.push_str(
        "@id(\"maintenance\")\npermit (principal, action == Action::\"open\", resource)\n\
         when { principal.roles.contains(Role::\"vendor\") };\n",
    );
    let (statute, proof) = proof(texts);
    // The solver's vendor may be of support as well.
    assert_eq!(
        refuted(&proof),
        ["support-never-reads", "vendor-never-reads"]
    );
    shown(&statute, &proof, "vendor-never-reads");
}

#[test]
fn each_rule_that_the_charter_needs_is_missed_when_it_is_dropped() {
    for (dropped, clause) in [
        ("administrator", "administrator-never-reads"),
        ("approved-by-somebody", "open-takes-an-approver"),
        ("approved-by-the-other-body", "approver-is-another"),
        ("open-after-both-groups", "open-takes-both-groups"),
        ("open-for-another", "custodians-are-others"),
        ("requester-only", "nobody-else-reads"),
    ] {
        let (statute, proof) = proof(without(dropped));
        assert!(
            refuted(&proof).contains(&clause),
            "{dropped}: {:?}",
            refuted(&proof)
        );
        shown(&statute, &proof, clause);
    }
}

#[test]
fn one_instant_too_long_is_refuted() {
    let (statute, proof) = proof(changed(
        "context.now >= context.until",
        "context.now > context.until",
    ));
    assert_eq!(refuted(&proof), ["everything-ends", "live-ends"]);
    shown(&statute, &proof, "live-ends");
}

#[test]
fn an_action_that_identifies_is_refuted() {
    let mut texts = Texts::of_this_release();
    texts.schema = texts
        .schema
        .replace("\"live\" appliesTo", "\"live\", \"identify\" appliesTo");
    texts.policies.push_str(
        "@id(\"may-identify\")\npermit (principal, action == Action::\"identify\", resource);\n",
    );
    let (statute, first) = proof(texts.clone());
    assert!(refuted(&first).contains(&"actions-are-closed"));
    shown(&statute, &first, "actions-are-closed");
    assert!(first.examples[0].words.contains("asks for “identify”"));
    assert!(!texts.only_policies_differ());
    // A list that was made to fit is not the pinned one.
    texts.actions.push_str("identify\n");
    let (_, second) = proof(texts);
    assert!(refuted(&second).contains(&"actions-are-closed"));
}

#[test]
fn a_policy_that_denies_everything_proves_nothing() {
    let mut texts = Texts::of_this_release();
    texts.policies.push_str(
        "@id(\"closed\")\n@reason(\"wrong_state\")\nforbid (principal, action, resource);\n",
    );
    let (_, proof) = proof(texts);
    let refuted = refuted(&proof);
    assert!(refuted.contains(&"somebody-may"), "{refuted:?}");
    assert!(refuted.contains(&"opened-is-opened"), "{refuted:?}");
}

#[test]
fn a_clause_that_speaks_of_nothing_is_noticed() {
    let mut texts = Texts::of_this_release();
    texts.charter.push_str(
        "@id(\"empty\")\n@says(\"Nothing.\")\n@says_sr(\"Ништа.\")\n\
         forbid (principal, action == Action::\"open\", \
         resource)\nwhen { context.now < context.until && context.now > context.until };\n",
    );
    let (_, proof) = proof(texts);
    assert_eq!(refuted(&proof), ["empty"]);
}

#[test]
fn without_a_solver_it_says_which_package() {
    let gone = tempfile::tempdir().unwrap();
    let none = Solver::at(&gone.path().join("cvc5")).unwrap_err();
    assert!(matches!(none, Error::NoSolver));
    assert!(none.to_string().contains("apt-get install cvc5"));
    // Something else of that name is not believed.
    let other = Solver::at(std::path::Path::new("true")).unwrap_err();
    assert!(matches!(other, Error::Solver(_)), "{other}");
}

#[test]
fn texts_that_do_not_read_say_where() {
    let refused = |policies: &str| {
        let texts = Texts::with_policies(policies.to_owned());
        Statute::read(texts).unwrap_err().to_string()
    };
    let all = "forbid (principal, action, resource);";
    assert!(refused("permit (principal, action").contains("policies.cedar"));
    assert!(refused(all).contains("@id"));
    assert!(refused(&format!("@id(\"x\") {all}")).contains("without a @reason"));
    assert!(refused(&format!("@id(\"x\") @reason(\"weather\") {all}")).contains("one of"));
    let twice = format!("@id(\"x\") @reason(\"disabled\") {all} ").repeat(2);
    assert!(refused(&twice).contains("two policies are called"));
    let untyped = "@id(\"x\") permit (principal, action, resource) when { principal.height > 1 };";
    assert!(refused(untyped).contains("height"));
    // Of nobody but who asks and the request itself does the city tell Cedar anything, while the
    // solver would take everybody for known: a text that reads others is none.
    for other in [
        "Person::\"archive\" has enabled",
        "Person::\"archive\".enabled",
        "resource.requester.person has enabled",
        "resource.requester.person.enabled",
        "Request::\"x\" has state",
        "(if principal.enabled then principal else resource.requester.person).enabled",
        "{a: resource.requester.person}.a.enabled",
    ] {
        let text = format!("@id(\"x\") permit (principal, action, resource) when {{ {other} }};");
        assert!(
            refused(&text).contains("level"),
            "{other}: {}",
            refused(&text)
        );
    }
    let tower = format!(
        "@id(\"x\") permit (principal, action, resource) when {{ {}true{} }};",
        "(".repeat(30_000),
        ")".repeat(30_000)
    );
    assert!(refused(&tower).contains("deep"));
    let long = " ".repeat(loggia_charter::TEXT_BYTES_MAX + 1);
    assert!(refused(&long).contains("over"));
}

/// The words of what Loggia never does (xtask/limits.toml) are nowhere in what can be asked.
#[test]
fn nothing_that_can_be_asked_identifies() {
    let root = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let limits = std::fs::read_to_string(root.join("xtask/limits.toml")).unwrap();
    let quoted: Vec<&str> = limits.split('"').skip(1).step_by(2).collect();
    let banned: Vec<&str> = quoted
        .into_iter()
        .filter(|w| w.bytes().all(|b| b.is_ascii_lowercase() || b == b'_'))
        .collect();
    assert!(banned.contains(&"gait") && banned.contains(&"watchlist"));
    let texts = Texts::of_this_release();
    let code: String = texts
        .schema
        .lines()
        .map(|l| l.split("//").next().unwrap_or_default())
        .collect::<Vec<_>>()
        .join("\n");
    let words = code.split(|c: char| !(c.is_ascii_alphanumeric() || c == '_'));
    for word in words.chain(texts.actions.lines()) {
        let parts = word.split('_').chain([word]);
        for part in parts {
            let also = [
                "identify",
                "identity",
                "recognise",
                "recognize",
                "match",
                "track",
            ];
            let never = banned.contains(&part) || also.contains(&part);
            assert!(!never || ["column", "field"].contains(&part), "{word}");
        }
    }
}

#[test]
fn every_reason_is_given_by_some_policy() {
    let given: Vec<Reason> = Statute::of_this_release()
        .unwrap()
        .clauses()
        .into_iter()
        .filter_map(|c| c.reason)
        .collect();
    for reason in Reason::ALL {
        assert!(given.contains(&reason), "{reason:?}");
        assert_eq!(serde_json::to_value(reason).unwrap(), reason.word());
        assert_eq!(Reason::of(reason.word()), Some(reason));
    }
}
