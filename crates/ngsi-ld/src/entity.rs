//! Entities in memory: what one is made of, small enough that a city's million fit (clause 4.2,
//! 4.5). Never holds a short name: all names are expanded.

mod draft;
mod fragment;
mod geometry;
mod kind;
mod read;
mod simplified;
mod value;

use crate::iri::Iri;
use crate::json::Json;
use crate::time::Time;

pub(crate) use draft::merge_json;
pub use draft::{Change, Draft, Written};
pub use fragment::{Fragment, Representation};
pub use geometry::{Geometry, GeometryKind};
pub use kind::Kind;
pub(crate) use read::stands_alone;

/// What stands in an update for "remove this" (clause 4.5.0); JSON-LD drops `null` itself.
pub const NULL: &str = "urn:ngsi-ld:null";

/// Members that an entity, or an attribute, may have. 1,000 attributes of 200 bytes are a body of
/// 200 kB; names are compared pairwise when attributes are looked for, at most 10^6 of 10 ns.
pub const ATTRIBUTES_MAX: usize = 1_000;

/// How deep attributes of attributes go. Models have two levels; each costs some 2 kB of stack in
/// a build for tests, and reading, writing and merging walk them by recursion.
pub const DEPTH_MAX: usize = 16;

/// An entity.
///
/// Attributes stand in the order in which they came; several instances of one attribute stand next
/// to each other.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entity {
    /// `id`: a URI.
    pub id: Box<str>,
    /// `type`: at least one.
    pub types: Box<[Iri]>,
    /// `scope` (clause 4.18).
    pub scopes: Box<[Box<str>]>,
    /// The attributes' instances.
    pub attributes: Vec<Attribute>,
    /// When the entity was made here.
    pub created_at: Time,
    /// When anything of it changed last.
    pub modified_at: Time,
    /// When it may be forgotten.
    pub expires_at: Option<Time>,
    /// When it was deleted; only in what notifications tell.
    pub deleted_at: Option<Time>,
}

/// One instance of an attribute, or of an attribute's attribute. 80 bytes; what few have is in
/// `more`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Attribute {
    /// The expanded name.
    pub name: Iri,
    /// What it says, and so its kind.
    pub value: Value,
    /// When that was so.
    pub observed_at: Option<Time>,
    /// When it was written first.
    pub created_at: Time,
    /// When it was written last.
    pub modified_at: Time,
    /// What few attributes have.
    pub more: Option<Box<More>>,
}

/// What few attributes have. 64 bytes.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct More {
    /// `datasetId`; nothing for the default instance (clause 4.5.5).
    pub dataset_id: Option<Box<str>>,
    /// `unitCode`, of UN/CEFACT.
    pub unit_code: Option<Box<str>>,
    /// What hardly any attribute has.
    pub rare: Option<Box<Rare>>,
    /// Attributes of the attribute.
    pub attributes: Vec<Attribute>,
}

/// What hardly any attribute has.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Rare {
    /// `valueType`.
    pub value_type: Option<Iri>,
    /// `objectType`.
    pub object_type: Box<[Iri]>,
    /// `expiresAt`.
    pub expires_at: Option<Time>,
    /// When it was deleted; only in what notifications tell.
    pub deleted_at: Option<Time>,
}

/// What an attribute says, by kind (clause 4.5.2 and those after it).
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Value {
    /// Any JSON, kept as sent; terms in it are not expanded.
    Property(Json),
    /// A GeoJSON geometry.
    Geo(Box<Geometry>),
    /// One or several URIs.
    Relationship(Several<Box<str>>),
    /// Texts by language, in the order sent.
    Language(Box<[(Box<str>, Json)]>),
    /// One or several expanded names.
    Vocab(Several<Iri>),
    /// Any JSON, untouched by @context.
    Json(Json),
    /// A list, order and all.
    List(Box<[Json]>),
    /// A list of URIs.
    ListRelationship(Box<[Box<str>]>),
}

/// One, or a list that was sent as a list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Several<T> {
    /// One alone.
    One(T),
    /// A list; of one it is written as a list too.
    Many(Box<[T]>),
}

impl<T> Several<T> {
    /// All of them.
    #[must_use]
    pub fn as_slice(&self) -> &[T] {
        match self {
            Self::One(one) => std::slice::from_ref(one),
            Self::Many(many) => many,
        }
    }
}

impl Entity {
    /// The same entity, laid down anew in one go. Reading leaves gaps between what it keeps; over
    /// 300,000 vehicles they are 200 bytes each, which a copy of half a microsecond gives back.
    /// For whoever keeps it long.
    #[must_use]
    pub fn settled(self) -> Self {
        self.clone()
    }

    /// The same entity without its attributes.
    #[must_use]
    pub fn head(&self) -> Self {
        Self {
            id: self.id.clone(),
            types: self.types.clone(),
            scopes: self.scopes.clone(),
            attributes: Vec::new(),
            ..*self
        }
    }

    /// When it, an attribute of it, or an attribute below one goes first.
    #[must_use]
    pub fn next_expiry(&self) -> Option<Time> {
        let attributes = self.attributes.iter().filter_map(Attribute::next_expiry);
        attributes.chain(self.expires_at).min()
    }

    /// The instances of an attribute.
    pub fn instances(&self, name: &str) -> impl Iterator<Item = &Attribute> {
        self.attributes.iter().filter(move |a| &*a.name == name)
    }

    /// One instance; `None` is the default instance.
    #[must_use]
    pub fn instance(&self, name: &str, dataset_id: Option<&str>) -> Option<&Attribute> {
        self.instances(name).find(|a| a.dataset_id() == dataset_id)
    }
}

impl Attribute {
    /// An attribute that says this and nothing else.
    #[must_use]
    pub const fn new(name: Iri, value: Value, now: Time) -> Self {
        Self {
            name,
            value,
            observed_at: None,
            created_at: now,
            modified_at: now,
            more: None,
        }
    }

    /// Which instance it is.
    #[must_use]
    pub fn dataset_id(&self) -> Option<&str> {
        self.more.as_ref()?.dataset_id.as_deref()
    }

    /// `unitCode`.
    #[must_use]
    pub fn unit_code(&self) -> Option<&str> {
        self.more.as_ref()?.unit_code.as_deref()
    }

    /// `expiresAt`.
    #[must_use]
    pub fn expires_at(&self) -> Option<Time> {
        self.more.as_ref()?.rare.as_ref()?.expires_at
    }

    /// When it, or an attribute of it, goes first. As deep as attributes are.
    fn next_expiry(&self) -> Option<Time> {
        let below = self.attributes().iter().filter_map(Self::next_expiry);
        below.chain(self.expires_at()).min()
    }

    /// Takes out attributes below whose time has come; whether there were any. As deep as
    /// attributes are.
    pub(crate) fn drop_expired_below(&mut self, now: Time) -> bool {
        // Hardly any attribute has attributes that end: most are not taken apart.
        if !self.attributes().iter().any(|a| a.ends_by(now)) {
            return false;
        }
        let mut more = self.take_more();
        more.attributes
            .retain(|a| a.expires_at().is_none_or(|at| at > now));
        for attribute in &mut more.attributes {
            if attribute.drop_expired_below(now) {
                attribute.modified_at = now;
            }
        }
        self.set_more(more);
        true
    }

    fn ends_by(&self, now: Time) -> bool {
        self.next_expiry().is_some_and(|at| at <= now)
    }

    /// Attributes of the attribute.
    #[must_use]
    pub fn attributes(&self) -> &[Attribute] {
        self.more.as_ref().map_or(&[], |m| &m.attributes)
    }

    /// Its kind.
    #[must_use]
    pub const fn kind(&self) -> Kind {
        self.value.kind()
    }

    /// Whether another has the same members, whenever they were written.
    #[must_use]
    pub fn says_the_same_as(&self, other: &Self) -> bool {
        let rare = |a: &Self| {
            a.more
                .as_ref()
                .and_then(|m| m.rare.clone())
                .unwrap_or_default()
        };
        let (own, others) = (self.attributes(), other.attributes());
        let inside = |a: &Self| {
            let same = |b: &&Self| a.name == b.name && a.dataset_id() == b.dataset_id();
            others
                .iter()
                .find(same)
                .is_some_and(|b| a.says_the_same_as(b))
        };
        self.name == other.name
            && self.value == other.value
            && self.observed_at == other.observed_at
            && self.dataset_id() == other.dataset_id()
            && self.unit_code() == other.unit_code()
            && rare(self) == rare(other)
            && own.len() == others.len()
            && own.iter().all(inside)
    }
}

impl Value {
    /// The kind of attribute that says this.
    #[must_use]
    pub const fn kind(&self) -> Kind {
        match self {
            Self::Property(_) => Kind::Property,
            Self::Geo(_) => Kind::GeoProperty,
            Self::Relationship(_) => Kind::Relationship,
            Self::Language(_) => Kind::LanguageProperty,
            Self::Vocab(_) => Kind::VocabProperty,
            Self::Json(_) => Kind::JsonProperty,
            Self::List(_) => Kind::ListProperty,
            Self::ListRelationship(_) => Kind::ListRelationship,
        }
    }
}
