//! The members that NGSI-LD itself gives a meaning. Never depends on a user's @context: an IRI of
//! the core is that member whatever term it was written with.

use super::core::NGSI_LD;

/// A member of an entity or an attribute that is not an attribute of its own.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Member {
    /// `id`.
    Id,
    /// `type`.
    Type,
    /// `@context`.
    Context,
    /// `value` of a Property or a GeoProperty.
    Value,
    /// `object` of a Relationship.
    Object,
    /// `languageMap` of a LanguageProperty.
    LanguageMap,
    /// `vocab` of a VocabProperty.
    Vocab,
    /// `json` of a JsonProperty.
    Json,
    /// `valueList` of a ListProperty.
    ValueList,
    /// `objectList` of a ListRelationship.
    ObjectList,
    /// `dataset`: several instances in simplified form.
    Dataset,
    /// `observedAt`.
    ObservedAt,
    /// `unitCode`.
    UnitCode,
    /// `datasetId`.
    DatasetId,
    /// `valueType`.
    ValueType,
    /// `objectType`.
    ObjectType,
    /// `expiresAt`.
    ExpiresAt,
    /// `scope`.
    Scope,
    /// What the broker alone writes: `createdAt`, `modifiedAt`, `deletedAt`, `instanceId`.
    System,
    /// What only answers hold: the entity of a joined Relationship, previous values.
    Answer,
    /// Anything else: the name of an attribute or a sub-attribute, or of a type.
    Other,
}

impl Member {
    /// The member that an IRI of the core, or a keyword, is.
    pub(crate) fn of_iri(iri: &crate::iri::Iri) -> Self {
        if iri.starts_with('@') {
            return Self::of_keyword(iri).unwrap_or(Self::Other);
        }
        let Some(name) = iri.strip_prefix(NGSI_LD) else {
            return Self::Other;
        };
        match name {
            "hasValue" => Self::Value,
            "hasObject" => Self::Object,
            "hasLanguageMap" => Self::LanguageMap,
            "hasVocab" => Self::Vocab,
            "hasJSON" => Self::Json,
            "hasValueList" => Self::ValueList,
            "hasObjectList" => Self::ObjectList,
            "hasDataset" => Self::Dataset,
            "observedAt" => Self::ObservedAt,
            "unitCode" => Self::UnitCode,
            "datasetId" => Self::DatasetId,
            "hasValueType" => Self::ValueType,
            "hasObjectType" => Self::ObjectType,
            "expiresAt" => Self::ExpiresAt,
            "scope" => Self::Scope,
            "createdAt" | "modifiedAt" | "deletedAt" | "instanceId" => Self::System,
            "entity"
            | "entityList"
            | "hasPreviousValue"
            | "hasPreviousObject"
            | "hasPreviousLanguageMap"
            | "hasPreviousVocab"
            | "hasPreviousJson"
            | "hasPreviousValueList"
            | "hasPreviousObjectList" => Self::Answer,
            _ => Self::Other,
        }
    }

    /// The member that a JSON-LD keyword is, of those that NGSI-LD has.
    pub(crate) fn of_keyword(word: &str) -> Option<Self> {
        match word {
            "@id" => Some(Self::Id),
            "@type" => Some(Self::Type),
            "@context" => Some(Self::Context),
            _ => None,
        }
    }

    /// Whether it holds what an attribute is about, so that its presence shows an attribute.
    pub(crate) const fn holds_value(self) -> bool {
        matches!(
            self,
            Self::Value
                | Self::Object
                | Self::LanguageMap
                | Self::Vocab
                | Self::Json
                | Self::ValueList
                | Self::ObjectList
        )
    }

    /// Whether it says something of an attribute beside its value.
    pub(crate) const fn annotates(self) -> bool {
        matches!(
            self,
            Self::ObservedAt | Self::UnitCode | Self::DatasetId | Self::ExpiresAt | Self::ValueType
        )
    }
}
