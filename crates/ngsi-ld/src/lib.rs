//! NGSI-LD 1.9 (ETSI GS CIM 009 V1.9.1): the city's data plane (docs/design/ngsi-ld.md). All but
//! `admin`, `broker`, `history`, `http` and `notify` is pure: no I/O, no clock. Never identifies
//! anybody, never loses a write that it acknowledged.
//!
//! ```
//! use loggia_ngsi_ld::{Contexts, Embed, Entity, Form, Json, Representation, Time, View};
//!
//! let mut contexts = Contexts::new();
//! let context = contexts.compile(&Json::read(br#"{"speed": "https://x.example/speed"}"#)?)?;
//! let body = Json::read(br#"{"id": "urn:x:1", "type": "Car", "speed": 54.5}"#)?;
//! let now = Time::of_micros(0);
//! let car = Entity::read(body, &context, Representation::Detected, now)?;
//! assert!(car.instance("https://x.example/speed", None).is_some());
//! let mut out = Vec::new();
//! View::of(&context, Form::Simplified).entity(&car, Embed::Nothing, &mut out);
//! assert_eq!(out, br#"{"id":"urn:x:1","type":"Car","speed":54.5}"#);
//! # Ok::<(), loggia_ngsi_ld::Error>(())
//! ```

pub mod admin;
pub mod broker;
mod context;
mod entity;
mod error;
pub mod history;
pub mod http;
mod iri;
mod json;
mod lang;
mod linked;
pub mod notify;
pub mod query;
mod recorded;
mod rights;
pub mod subscription;
pub mod temporal;
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
pub use recorded::Recorded;
pub use rights::{Deed, NAMES_MAX, Names, Rights};
pub use time::Time;
pub use write::{Embed, Form, GeoView, Linked, Older, Selection, SysAttrs, Version, View};
