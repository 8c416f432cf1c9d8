//! Every kind's wire form is held by a snapshot, and the schema is walked for anything that could
//! carry personal data or free text.

#![expect(clippy::unwrap_used, clippy::panic, reason = "helpers of tests")]

use loggia_model::{Body, Digest, KeyId, LegalBasis, Purpose, Role};
use loggia_transparency::*;

fn d(n: u8) -> Digest {
    Digest([n; 32])
}

#[expect(clippy::too_many_lines, reason = "a list: one value of each kind")]
fn one_of_each() -> Vec<Event> {
    vec![
        Event::CameraEnrolled(CameraEnrolled {
            camera_commitment: d(1),
        }),
        Event::CameraRetired(CameraRetired {
            camera_commitment: d(1),
        }),
        Event::CaseOpened(CaseOpened {
            case: d(2),
            purpose: Purpose::Investigation,
        }),
        Event::RequestFiled(RequestFiled {
            request: d(3),
            case: d(2),
            body: Body::Police,
            purpose: Purpose::DangerToLife,
            legal_basis: LegalBasis("fi-plb-2-10".to_owned()),
            cameras: 1,
            length_s: 120,
            span_commitment: d(4),
            place_commitment: d(5),
            danger_to_life: true,
        }),
        Event::Decision(Decision {
            request: d(3),
            decision: Verdict::Approve,
            body: Body::Oversight,
            statement: Some(d(11)),
        }),
        Event::Opening(Opening {
            request: d(3),
            body: Body::Police,
            length_s: 120,
            cameras: 1,
        }),
        Event::Export(Export {
            request: d(3),
            length_s: 120,
            bundle: d(6),
        }),
        Event::RequestEnded(RequestEnded {
            request: d(3),
            how: RequestEnd::Withdrawn,
        }),
        Event::Hold(Hold {
            hold_commitment: d(7),
            body: Body::Police,
            until: 1_795_435_200,
            review: 1_795_000_000,
        }),
        Event::HoldEnded(HoldEnded {
            hold_commitment: d(7),
            body: Body::Oversight,
            how: HoldEnd::Lapsed,
        }),
        Event::KeyDue(KeyDue {
            hour: 498_732,
            keys: 12,
        }),
        Event::KeyDestroyed(KeyDestroyed {
            hour: 498_732,
            keys: 12,
        }),
        Event::Freeze(Freeze {
            request: d(3),
            spans: 7,
        }),
        Event::ConfigChanged(ConfigChanged { hash: d(8) }),
        Event::RosterChanged(RosterChanged {
            roster: d(9),
            version: 2,
        }),
        Event::Heads(Heads {
            root: d(10),
            cameras: 12,
            gaps: 1,
        }),
        Event::ClockDisputed(ClockDisputed { by_s: -86_400 }),
        Event::RecorderStarted(RecorderStarted {
            recorder: KeyId([0xab; 8]),
        }),
        Event::LiveView(LiveView {
            request: d(3),
            body: Body::Police,
            length_s: 900,
            cameras: 2,
        }),
        Event::ReviewDue(ReviewDue { request: d(3) }),
        Event::DisclosureDue(DisclosureDue {
            request: d(3),
            disclose_at: 1_803_211_200,
            place: d(11),
            day: d(12),
            hour: d(13),
        }),
        Event::DisclosureExtended(DisclosureExtended {
            request: d(3),
            until: 1_810_987_200,
            court: Court::None,
            extension: d(14),
        }),
        Event::DisclosureWithdrawn(DisclosureWithdrawn {
            request: d(3),
            reason: WithdrawalReason::Danger,
        }),
        Event::RecordsErased(RecordsErased { request: d(3) }),
        Event::BreakGlassOpened(BreakGlassOpened {
            until: 1_795_438_800,
        }),
        Event::BreakGlassUsed(BreakGlassUsed {
            what: GlassUse::AccountDisabled,
            account: Some(d(13)),
            body: Some(Body::Police),
            role: Some(Role::Custodian),
        }),
        Event::BreakGlassEnded(BreakGlassEnded {
            opening: Some(4),
            how: GlassEnd::SignedOut,
        }),
        Event::PolicyActivated(PolicyActivated {
            policy: d(8),
            proof: d(9),
        }),
        Event::LogKeyChanged(LogKeyChanged {
            key: d(11),
            statement: d(12),
        }),
    ]
}

#[test]
fn each_kind_has_its_one_wire_form() {
    let all = one_of_each();
    let kinds: Vec<_> = all.iter().map(Event::kind).collect();
    assert_eq!(kinds, Event::KINDS);
    let mut lines = String::new();
    for event in all {
        let entry = Entry {
            at: 1_795_435_200,
            event,
        };
        let bytes = entry.to_bytes().unwrap();
        assert!(bytes.len() <= ENTRY_BYTES_MAX);
        assert_eq!(Entry::parse(&bytes, "entry").unwrap(), entry);
        lines += core::str::from_utf8(&bytes).unwrap();
        lines.push('\n');
    }
    insta::assert_snapshot!(lines);
}

#[test]
fn entries_of_the_break_glass_account_read_with_and_without_whose_account_it_was() {
    for good in [
        r#"{"v":1,"kind":"break_glass_used","at":5,"what":"account_disabled"}"#,
        r#"{"v":1,"kind":"break_glass_used","at":5,"what":"state_read"}"#,
        r#"{"v":1,"kind":"break_glass_ended","at":5,"how":"recalled"}"#,
    ] {
        let entry = Entry::parse(good.as_bytes(), "e").unwrap();
        assert_eq!(entry.to_bytes().unwrap(), good.as_bytes());
    }
    let named = r#"{"v":1,"kind":"break_glass_used","at":5,"what":"state_read","role":"mayor"}"#;
    assert!(Entry::parse(named.as_bytes(), "e").is_err());
}

#[test]
fn no_other_form_of_an_entry_is_read() {
    let good = r#"{"v":1,"kind":"key_due","at":5,"hour":7,"keys":2}"#;
    Entry::parse(good.as_bytes(), "e").unwrap();
    for bad in [
        r#"{"v":2,"kind":"key_due","at":5,"hour":7,"keys":2}"#,
        r#"{"kind":"key_due","v":1,"at":5,"hour":7,"keys":2}"#,
        r#"{"v":1,"kind":"key_due","at":5,"keys":2,"hour":7}"#,
        r#"{"v":1,"kind":"key_due","at":5,"hour":7,"keys":2,"note":"seen near the market"}"#,
        r#"{"v":1,"kind":"key_due","at":5,"hour":7,"keys":2 }"#,
        r#"{"v":1,"kind":"key_due","at":5,"hour":7,"hour":7,"keys":2}"#,
        r#"{"v":1,"kind":"key_due","at":5.0,"hour":7,"keys":2}"#,
        r#"{"v":1,"kind":"key_due","at":5,"hour":-7,"keys":2}"#,
        r#"{"v":1,"kind":"gossip","at":5}"#,
        r#"{"v":1,"kind":"key_due","at":5,"hour":7}"#,
        "",
        "[]",
    ] {
        let e = Entry::parse(bad.as_bytes(), "entry 17").unwrap_err();
        assert!(e.to_string().contains("entry 17"), "{e}");
    }
    // Hashes have one spelling too.
    let upper = Entry {
        at: 5,
        event: Event::ConfigChanged(ConfigChanged { hash: d(0xab) }),
    };
    let bytes = upper.to_bytes().unwrap().to_ascii_uppercase();
    assert!(Entry::parse(&bytes, "e").is_err());
}

#[test]
fn a_legal_basis_is_an_identifier_and_no_sentence() {
    for basis in [
        "",
        "Because Matti asked",
        "fi_plb",
        "FI-PLB",
        "-a",
        &"a".repeat(65),
    ] {
        let Event::RequestFiled(mut r) = one_of_each().swap_remove(3) else {
            unreachable!()
        };
        r.legal_basis = LegalBasis(basis.to_owned());
        let e = Entry {
            at: 0,
            event: Event::RequestFiled(r),
        }
        .to_bytes()
        .unwrap_err();
        assert!(e.to_string().contains("legal basis"), "{e}");
    }
}

/// Walks every property of every kind in the published schema. What is allowed is a number, a
/// truth value, a word of a closed list, a hash, a key id, or a legal basis by identifier.
#[test]
fn the_schema_has_no_place_for_personal_data_or_free_text() {
    use utoipa::OpenApi as _;
    let api = serde_json::to_value(OpenApi::openapi()).unwrap();
    let schemas = &api["components"]["schemas"];
    let variants = schemas["Event"]["oneOf"].as_array().unwrap();
    assert_eq!(variants.len(), Event::KINDS.len());
    let mut fields = 0;
    for variant in variants {
        walk(variant, schemas, &mut fields);
    }
    // Every field of every snapshot line, plus the tag, was walked.
    let written: usize = one_of_each()
        .into_iter()
        .map(|e| serde_json::to_value(e).unwrap().as_object().unwrap().len())
        .sum();
    assert_eq!(fields, written);
}

fn walk(schema: &serde_json::Value, schemas: &serde_json::Value, fields: &mut usize) {
    const PATTERNS: [&str; 3] = [
        "^[0-9a-f]{64}$",
        "^[0-9a-f]{16}$",
        "^[a-z0-9][a-z0-9-]{0,63}$",
    ];
    if let Some(all) = schema["allOf"].as_array() {
        return all.iter().for_each(|s| walk(s, schemas, fields));
    }
    if let Some(name) = schema["$ref"].as_str() {
        return walk(&schemas[name.rsplit('/').next().unwrap()], schemas, fields);
    }
    assert_eq!(schema["type"], "object", "{schema}");
    for (name, field) in schema["properties"].as_object().unwrap() {
        *fields += 1;
        let field = match field["$ref"].as_str() {
            Some(shape) => &schemas[shape.rsplit('/').next().unwrap()],
            None => field,
        };
        let closed = match field["type"]
            .as_str()
            .unwrap_or_else(|| panic!("{name}: {field}"))
        {
            "integer" | "boolean" => true,
            "string" => {
                field["enum"]
                    .as_array()
                    .is_some_and(|words| !words.is_empty())
                    || field["pattern"]
                        .as_str()
                        .is_some_and(|p| PATTERNS.contains(&p))
            }
            _ => false,
        };
        assert!(closed, "field {name} could carry anything: {field}");
        for word in [
            "name", "person", "plate", "face", "address", "note", "text", "lat", "lon",
        ] {
            assert!(!name.split('_').any(|part| part == word), "field {name}");
        }
    }
}
