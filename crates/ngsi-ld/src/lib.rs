//! NGSI-LD 1.9 (ETSI GS CIM 009 V1.9.1): @context, entities, their representations and what an
//! update makes of them (docs/design/ngsi-ld.md). Never does I/O, never reads a clock, never keeps
//! an entity.

mod context;
mod entity;
mod error;
mod iri;
mod json;
mod lang;
mod time;
pub mod update;
mod write;

pub use context::{
    COMPILED_MAX, CORE_CONTEXT, Coercion, Container, Context, Contexts, DEFAULT_VOCAB,
    DOCUMENT_BYTES_MAX, DOCUMENTS_MAX, Link, Meaning, Member, NESTING_MAX, NGSI_LD, REMEMBERED_MAX,
    REMOTE_MAX, TERMS_MAX, Term, core_document, core_version,
};
pub use entity::{
    ATTRIBUTES_MAX, Attribute, Change, DEPTH_MAX, Draft, Entity, Fragment, Geometry, GeometryKind,
    Kind, More, NULL, Rare, Representation, Several, Value, Written,
};
pub use error::{Error, Problem};
pub use iri::{IRI_BYTES_MAX, Iri, is_name, is_uri};
pub use json::Json;
pub use lang::Languages;
pub use time::Time;
pub use write::{Embed, Form, GeoView, Selection, SysAttrs, View};
