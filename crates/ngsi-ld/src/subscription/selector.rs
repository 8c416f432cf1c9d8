//! One of a subscription's `entities`: which entities by id, pattern and type (clause 5.2.33).
//! Never fetches one.

use super::{Error, LIST_MAX, Text, bad};
use crate::context::Context;
use crate::entity::Entity;
use crate::iri::{Iri, is_uri};
use crate::json::Json;
use crate::query::{IdPattern, Tree, TypeName, TypeQuery};

/// Which entities.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Selector {
    /// `id`: one of these; empty for any.
    pub ids: Vec<Box<str>>,
    /// `idPattern`; not asked where ids are given.
    pub id_pattern: Option<Text<IdPattern>>,
    /// `type`: a type selection.
    pub types: TypeQuery,
}

impl Selector {
    /// Reads `entities`.
    pub(super) fn read_list(value: &Json, context: &Context) -> Result<Vec<Self>, Error> {
        let items = value.items().filter(|items| !items.is_empty());
        let items = items.ok_or_else(|| bad("", "a list of one selector at least is needed"))?;
        if items.len() > LIST_MAX {
            return Err(bad("", format!("at most {LIST_MAX} selectors")));
        }
        items.iter().map(|item| Self::read(item, context)).collect()
    }

    fn read(value: &Json, context: &Context) -> Result<Self, Error> {
        if !matches!(value, Json::Object(_)) {
            return Err(bad(
                "",
                format!("an object is needed, not {}", value.kind()),
            ));
        }
        let (mut ids, mut id_pattern, mut types) = (Vec::new(), None, None);
        for (name, value) in value.members() {
            match &**name {
                "id" | "@id" => ids = self::ids(value).map_err(|e| e.within("id"))?,
                "idPattern" => {
                    let text = value
                        .as_str()
                        .ok_or_else(|| bad("idPattern", "a text is needed"))?;
                    id_pattern = Some(Text {
                        text: text.into(),
                        read: IdPattern::read(text)?,
                    });
                }
                "type" | "@type" => {
                    let text = value
                        .as_str()
                        .ok_or_else(|| bad("type", "a type selection as a text is needed"))?;
                    types = Some(TypeQuery::read(text, context)?);
                }
                other => return Err(bad(other, "there is no such member (clause 5.2.33)")),
            }
        }
        let types = types.ok_or_else(|| bad("type", "it is missing; `*` stands for any type"))?;
        Ok(Self {
            ids,
            id_pattern,
            types,
        })
    }

    /// Whether an entity is one of them.
    #[must_use]
    pub fn matches(&self, entity: &Entity) -> bool {
        let named = if self.ids.is_empty() {
            let pattern = self.id_pattern.as_ref();
            pattern.is_none_or(|p| p.read.matches(&entity.id))
        } else {
            self.ids.contains(&entity.id)
        };
        named && self.types.matches(entity)
    }

    /// Types of which an entity has one at least if it matches; nothing if that cannot be told.
    pub(super) fn necessary_types(&self) -> Option<Vec<&Iri>> {
        match &self.types {
            TypeQuery::Any => None,
            TypeQuery::Of(tree) => necessary(tree),
        }
    }
}

fn ids(value: &Json) -> Result<Vec<Box<str>>, Error> {
    let ids: Result<Vec<Box<str>>, Error> = value
        .as_list()
        .iter()
        .map(|id| match id.as_str() {
            Some(id) if is_uri(id) => Ok(id.into()),
            _ => Err(bad("", format!("{id} is no URI"))),
        })
        .collect();
    match ids {
        Ok(ids) if ids.is_empty() || ids.len() > LIST_MAX => {
            Err(bad("", format!("one to {LIST_MAX} URIs are needed")))
        }
        ids => ids,
    }
}

fn necessary(tree: &Tree<TypeName>) -> Option<Vec<&Iri>> {
    match tree {
        Tree::Leaf(name) => Some(vec![&name.iri]),
        Tree::Any(parts) => {
            let parts: Option<Vec<_>> = parts.iter().map(necessary).collect();
            parts.map(|p| p.concat())
        }
        // All must hold, so the types of any one part will do: the fewest.
        Tree::All(parts) => parts.iter().filter_map(necessary).min_by_key(Vec::len),
    }
}

/// A type selection with its names as another @context has them.
pub(super) fn in_names_of(types: &TypeQuery, context: &Context) -> TypeQuery {
    match types {
        TypeQuery::Any => TypeQuery::Any,
        TypeQuery::Of(tree) => TypeQuery::Of(renamed(tree, context)),
    }
}

fn renamed(tree: &Tree<TypeName>, context: &Context) -> Tree<TypeName> {
    let all = |parts: &[Tree<TypeName>]| parts.iter().map(|p| renamed(p, context)).collect();
    match tree {
        Tree::Leaf(name) => Tree::Leaf(TypeName {
            name: (&*context.compact_name(&name.iri)).into(),
            iri: name.iri.clone(),
        }),
        Tree::All(parts) => Tree::All(all(parts)),
        Tree::Any(parts) => Tree::Any(all(parts)),
    }
}
