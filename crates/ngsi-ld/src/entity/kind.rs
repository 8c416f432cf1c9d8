//! The kinds of attributes (clause 4.2.2) and the member that each carries its value in. Never
//! reads a value.

use crate::context::{Member, NGSI_LD};

/// What an attribute is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Kind {
    /// A value.
    Property,
    /// A place (clause 4.7).
    GeoProperty,
    /// Another entity.
    Relationship,
    /// Texts by language (clause 4.5.18).
    LanguageProperty,
    /// Names out of a vocabulary (clause 4.5.20).
    VocabProperty,
    /// JSON that no @context touches (clause 4.5.24).
    JsonProperty,
    /// A list of values (clause 4.5.21).
    ListProperty,
    /// A list of entities (clause 4.5.22).
    ListRelationship,
}

impl Kind {
    /// All of them.
    pub const ALL: [Self; 8] = [
        Self::Property,
        Self::GeoProperty,
        Self::Relationship,
        Self::LanguageProperty,
        Self::VocabProperty,
        Self::JsonProperty,
        Self::ListProperty,
        Self::ListRelationship,
    ];

    /// The name, which is also the core's term.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Property => "Property",
            Self::GeoProperty => "GeoProperty",
            Self::Relationship => "Relationship",
            Self::LanguageProperty => "LanguageProperty",
            Self::VocabProperty => "VocabProperty",
            Self::JsonProperty => "JsonProperty",
            Self::ListProperty => "ListProperty",
            Self::ListRelationship => "ListRelationship",
        }
    }

    /// The kind with this name.
    pub(crate) fn of_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|k| k.name() == name)
    }

    /// The kind with this expanded name.
    pub(crate) fn of_iri(iri: &str) -> Option<Self> {
        iri.strip_prefix(NGSI_LD).and_then(Self::of_name)
    }

    /// The member that holds the value, and its name.
    pub(crate) const fn holder(self) -> (Member, &'static str) {
        match self {
            Self::Property | Self::GeoProperty => (Member::Value, "value"),
            Self::Relationship => (Member::Object, "object"),
            Self::LanguageProperty => (Member::LanguageMap, "languageMap"),
            Self::VocabProperty => (Member::Vocab, "vocab"),
            Self::JsonProperty => (Member::Json, "json"),
            Self::ListProperty => (Member::ValueList, "valueList"),
            Self::ListRelationship => (Member::ObjectList, "objectList"),
        }
    }

    /// The kind that a member shows when no type is written (concise representation).
    pub(crate) const fn held_by(member: Member) -> Self {
        match member {
            Member::Object => Self::Relationship,
            Member::LanguageMap => Self::LanguageProperty,
            Member::Vocab => Self::VocabProperty,
            Member::Json => Self::JsonProperty,
            Member::ValueList => Self::ListProperty,
            Member::ObjectList => Self::ListRelationship,
            _ => Self::Property,
        }
    }
}
