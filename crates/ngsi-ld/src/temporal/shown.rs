//! Which members of a temporal entity are wanted: `attrs`, `pick`, `omit` (clauses 4.21 and 5.7.3).
//! Never decides whether an entity is found.

use crate::context::{Context, Member};
use crate::error::Error;
use crate::iri::Iri;
use crate::query::Projection;

/// What is shown.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Shown {
    only: Option<Names>,
    not: Option<Names>,
}

#[derive(Debug, Clone, PartialEq, Eq, Default)]
struct Names {
    members: Vec<Member>,
    attributes: Vec<Iri>,
}

impl Names {
    fn of(projection: &Projection, context: &Context) -> Result<Self, Error> {
        if projection.reaches_linked() {
            let what = "linked entities are not part of how an entity evolved (clause 5.7.3.4)";
            return Err(Error::bad("", what));
        }
        let mut names = Self::default();
        for picked in &projection.0 {
            match (&picked.attribute, context.member(&picked.name)) {
                (Some(iri), _) => names.attributes.push(iri.clone()),
                (None, known) => names.members.push(known),
            }
        }
        Ok(names)
    }
}

impl Shown {
    /// Everything.
    pub const ALL: Self = Self {
        only: None,
        not: None,
    };

    /// Reads the three as far as they were sent. `attrs` is `pick` with `id`, `type` and `scope`
    /// always there; `pick` wins where both are.
    ///
    /// # Errors
    /// [`Error::BadData`] if members of linked entities are wanted.
    pub fn of(
        attrs: Option<&Projection>,
        pick: Option<&Projection>,
        omit: Option<&Projection>,
        context: &Context,
    ) -> Result<Self, Error> {
        let only = match (pick, attrs) {
            (Some(pick), _) => Some(Names::of(pick, context)?),
            (None, Some(attrs)) => {
                let mut names = Names::of(attrs, context)?;
                names.members = vec![Member::Id, Member::Type, Member::Scope];
                Some(names)
            }
            (None, None) => None,
        };
        let not = omit.map(|o| Names::of(o, context)).transpose()?;
        Ok(Self { only, not })
    }

    /// Whether an attribute is shown.
    #[must_use]
    pub fn attribute(&self, name: &str) -> bool {
        let listed = |names: &Names| names.attributes.iter().any(|a| &**a == name);
        self.passes(listed)
    }

    /// The attributes that were asked for by name, if any were.
    #[must_use]
    pub fn named(&self) -> Option<&[Iri]> {
        self.only.as_ref().map(|names| &*names.attributes)
    }

    fn member(&self, member: Member) -> bool {
        let listed = |names: &Names| names.members.contains(&member);
        self.passes(listed)
    }

    fn passes(&self, listed: impl Fn(&Names) -> bool) -> bool {
        self.only.as_ref().is_none_or(&listed) && !self.not.as_ref().is_some_and(&listed)
    }

    pub(super) fn id(&self) -> bool {
        self.member(Member::Id)
    }

    pub(super) fn types(&self) -> bool {
        self.member(Member::Type)
    }

    /// Whether scopes are shown.
    #[must_use]
    pub fn scope(&self) -> bool {
        self.member(Member::Scope)
    }
}
