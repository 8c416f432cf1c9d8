//! Which members of an entity an answer has: `attrs`, `pick` and `omit` (clauses 4.21 and 6.3.8).
//! Never decides whether an entity is found.

use crate::context::{Context, Member};
use crate::error::Error;
use crate::iri::{Iri, is_name};
use crate::query::{Picked, Projection};

/// What is shown.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Selection {
    only: Option<Names>,
    not: Option<Names>,
    /// What is shown of entities that Relationships lead to; everything where nothing is said.
    linked: Option<Box<[(Iri, Self)]>>,
}

/// Names of members, `id`, `type` and `scope` apart from attributes.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
struct Names {
    id: Mention,
    kind: Mention,
    scope: Mention,
    attributes: Vec<Iri>,
}

/// Whether a member is in a list.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
enum Mention {
    #[default]
    Absent,
    Listed,
}

impl Names {
    fn read<'n>(
        names: impl IntoIterator<Item = &'n str>,
        context: &Context,
    ) -> Result<Self, Error> {
        let mut list = Self::default();
        for name in names {
            match context.member(name) {
                Member::Id => list.id = Mention::Listed,
                Member::Type => list.kind = Mention::Listed,
                Member::Scope => list.scope = Mention::Listed,
                _ => match context.expand_name(name) {
                    Some(iri) if is_name(name) => list.attributes.push(iri),
                    _ => return Err(Error::bad(name, "this is no name of a member")),
                },
            }
        }
        Ok(list)
    }
}

impl Selection {
    /// Everything.
    pub const ALL: Self = Self {
        only: None,
        not: None,
        linked: None,
    };

    /// `attrs`: these attributes, and always `id`, `type` and `scope`.
    ///
    /// # Errors
    /// If a name is none.
    pub fn attrs<'n>(
        names: impl IntoIterator<Item = &'n str>,
        context: &Context,
    ) -> Result<Self, Error> {
        let only = Names {
            id: Mention::Listed,
            kind: Mention::Listed,
            scope: Mention::Listed,
            ..Names::read(names, context)?
        };
        Ok(Self {
            only: Some(only),
            ..Self::default()
        })
    }

    /// `pick`: these members and no others.
    ///
    /// # Errors
    /// If a name is none.
    pub fn pick<'n>(
        names: impl IntoIterator<Item = &'n str>,
        context: &Context,
    ) -> Result<Self, Error> {
        Ok(Self {
            only: Some(Names::read(names, context)?),
            ..Self::default()
        })
    }

    /// `omit`: the same without these members.
    ///
    /// # Errors
    /// If a name is none.
    pub fn omit<'n>(
        self,
        names: impl IntoIterator<Item = &'n str>,
        context: &Context,
    ) -> Result<Self, Error> {
        Ok(Self {
            not: Some(Names::read(names, context)?),
            ..self
        })
    }

    /// `pick` and `omit`, and what they say of linked entities, as deep as their braces.
    ///
    /// # Errors
    /// If a name is none.
    pub fn projected(
        pick: Option<&Projection>,
        omit: Option<&Projection>,
        context: &Context,
    ) -> Result<Self, Error> {
        let lists = (pick.map(|p| &*p.0), omit.map(|p| &*p.0));
        projected(lists.0, lists.1, context)
    }

    /// The same, with what is shown of entities that Relationships lead to (`a{b}`, clause 4.21).
    #[must_use]
    pub fn linking(self, linked: Vec<(Iri, Self)>) -> Self {
        Self {
            linked: (!linked.is_empty()).then(|| linked.into()),
            ..self
        }
    }

    /// What is shown of entities that a Relationship leads to.
    #[must_use]
    pub fn linked(&self, name: &Iri) -> &Self {
        let found = self.linked.iter().flatten().find(|(n, _)| n == name);
        found.map_or(&Self::ALL, |(_, selection)| selection)
    }

    fn passes(&self, listed: impl Fn(&Names) -> bool) -> bool {
        self.only.as_ref().is_none_or(&listed) && !self.not.as_ref().is_some_and(&listed)
    }

    /// Whether an attribute is shown.
    #[must_use]
    pub fn shows(&self, name: &Iri) -> bool {
        self.passes(|names| names.attributes.contains(name))
    }

    pub(super) fn shows_id(&self) -> bool {
        self.passes(|names| names.id == Mention::Listed)
    }

    pub(super) fn shows_type(&self) -> bool {
        self.passes(|names| names.kind == Mention::Listed)
    }

    pub(super) fn shows_scope(&self) -> bool {
        self.passes(|names| names.scope == Mention::Listed)
    }
}

fn projected(
    pick: Option<&[Picked]>,
    omit: Option<&[Picked]>,
    context: &Context,
) -> Result<Selection, Error> {
    let (picks, omits) = (pick.unwrap_or_default(), omit.unwrap_or_default());
    let mut selection = match pick {
        Some(list) => Selection::pick(list.iter().map(|p| &*p.name), context)?,
        None => Selection::ALL,
    };
    // `a{b}` leaves out b of the entity that a leads to, and not a.
    let whole = omits.iter().filter(|p| p.of_linked.is_empty());
    let names: Vec<&str> = whole.map(|p| &*p.name).collect();
    if !names.is_empty() {
        selection = selection.omit(names, context)?;
    }
    let mut linked: Vec<(Iri, Selection)> = Vec::new();
    for one in picks.iter().chain(omits) {
        let Some(name) = one.attribute.as_ref().filter(|_| !one.of_linked.is_empty()) else {
            continue;
        };
        if linked.iter().any(|(known, _)| known == name) {
            continue;
        }
        let of = |list: &[Picked]| -> Option<Vec<Picked>> {
            let such = list.iter().filter(|p| p.attribute.as_ref() == Some(name));
            let of: Vec<Picked> = such.flat_map(|p| p.of_linked.iter().cloned()).collect();
            (!of.is_empty()).then_some(of)
        };
        let inner = projected(of(picks).as_deref(), of(omits).as_deref(), context)?;
        linked.push((name.clone(), inner));
    }
    Ok(selection.linking(linked))
}
