//! The core @contexts, 1.0 to 1.9, from the table of their terms. Never read from a file or a
//! network: the core must be there when nothing else is.

use std::collections::HashMap;
use std::sync::LazyLock;

use super::core_terms::{Row, TERMS};
use super::term::{Coercion, Container, Term};
use crate::iri::Iri;
use crate::json::Json;

/// The namespace of everything that NGSI-LD defines.
pub const NGSI_LD: &str = "https://uri.etsi.org/ngsi-ld/";
/// The core's `@vocab`: names that no @context defines.
pub const DEFAULT_VOCAB: &str = "https://uri.etsi.org/ngsi-ld/default-context/";
/// The core @context that this broker speaks.
pub const CORE_CONTEXT: &str = "https://uri.etsi.org/ngsi-ld/v1/ngsi-ld-core-context-v1.9.jsonld";

const GEOJSON: &str = "https://purl.org/geojson/vocab#";
/// The newest version in the table.
const NEWEST: u8 = 9;
/// Versions that published a table of their own; the others read as the next of these.
const TABLES: [u8; 4] = [0, 3, 4, 9];

/// The minor version of a core @context's URL; without a version it is the newest.
#[must_use]
pub fn core_version(url: &str) -> Option<u8> {
    let path = url
        .strip_prefix("https://uri.etsi.org/ngsi-ld/v1/ngsi-ld-core-context")
        .or_else(|| url.strip_prefix("http://uri.etsi.org/ngsi-ld/v1/ngsi-ld-core-context"))?
        .strip_suffix(".jsonld")?;
    if path.is_empty() {
        return Some(NEWEST);
    }
    let minor = path.strip_prefix("-v1.")?.parse().ok()?;
    (minor <= NEWEST).then_some(minor)
}

/// The terms of all versions, made once so that their names are shared by all contexts.
static MADE: LazyLock<[HashMap<Box<str>, Term>; TABLES.len()]> =
    LazyLock::new(|| TABLES.map(|t| rows(t).map(|row| (row.0.into(), term(row))).collect()));

/// Which table a version reads as.
fn table(minor: u8) -> usize {
    TABLES
        .iter()
        .position(|t| *t >= minor)
        .unwrap_or(TABLES.len() - 1)
}

/// The terms of a version.
pub(super) fn terms(minor: u8) -> &'static HashMap<Box<str>, Term> {
    &MADE[table(minor)]
}

/// Whether a definition is one of the core's, of any version.
pub(super) fn has(name: &str, term: &Term) -> bool {
    MADE.iter().any(|t| t.get(name) == Some(term))
}

/// The rows of a version.
fn rows(minor: u8) -> impl Iterator<Item = &'static Row> {
    let table = TABLES[table(minor)];
    TERMS.iter().filter(move |r| r.4 <= table && table <= r.5)
}

fn term((name, id, coercion, container, _, _): &Row) -> Term {
    let iri = expanded(name, id);
    let prefix = iri.ends_with(['/', '#']) && coercion.is_empty();
    Term {
        coercion: match *coercion {
            "" => Coercion::None,
            "@id" => Coercion::Id,
            "@vocab" => Coercion::Vocab,
            "@json" => Coercion::Json,
            data_type => Coercion::Type(Iri::new(&format!("{NGSI_LD}{data_type}"))),
        },
        container: Container::default().with(container).unwrap_or_default(),
        prefix,
        protected: true,
        // Its scoped @context is the W3C's for data integrity; proofs are carried as data.
        foreign: false,
        ..Term::plain(Some(Iri::new(&iri)))
    }
}

fn expanded(name: &str, id: &str) -> String {
    if id == "=" {
        return format!("{NGSI_LD}{name}");
    }
    [
        ("ngsi-ld:", NGSI_LD),
        ("geojson:", GEOJSON),
        ("default:", DEFAULT_VOCAB),
    ]
    .iter()
    .find_map(|(short, long)| id.strip_prefix(short).map(|rest| format!("{long}{rest}")))
    .unwrap_or_else(|| id.to_owned())
}

/// A core @context as a document, for those who ask this broker for it.
#[must_use]
pub fn core_document(minor: u8) -> Option<Json> {
    if minor > NEWEST {
        return None;
    }
    let mut members: Vec<(Box<str>, Json)> = vec![
        (
            "@version".into(),
            Json::Number(serde_json::Number::from_f64(1.1)?),
        ),
        ("@protected".into(), Json::Bool(true)),
    ];
    members.extend(rows(minor).map(|row| {
        let mut definition = vec![("@id".into(), expanded(row.0, row.1).as_str().into())];
        for (word, value) in [("@type", row.2), ("@container", row.3)] {
            if !value.is_empty() {
                definition.push((word.into(), value.into()));
            }
        }
        let plain = definition.len() == 1;
        let value = match definition.pop() {
            Some((_, id)) if plain => id,
            last => Json::Object(definition.into_iter().chain(last).collect()),
        };
        (row.0.into(), value)
    }));
    members.push(("@vocab".into(), DEFAULT_VOCAB.into()));
    Some(Json::object([("@context", Json::Object(members.into()))]))
}
