//! Linked entities (`join`, `joinLevel`, `containedBy`; clause 4.5.23): which are written with
//! those that were found. Never follows a Relationship that is not shown.

use std::sync::Arc;

use super::answer::Failure;
use super::view::Asked;
use crate::broker::{Broker, Whose};
use crate::entity::Entity;
use crate::error::{Error, Problem};
use crate::linked::{self, Extent, Gathered, Reach};
use crate::query::limits::JOIN_LEVELS_MAX;
use crate::query::{Fault, Ids};
use crate::write::Selection;

/// Linked entities in one answer, each counted as often as it is written: 10,000 of 700 bytes are
/// 7 MB.
const LINKED_MAX: usize = 10_000;

/// Where linked entities are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Place {
    /// Within the Relationships.
    Inline,
    /// Behind the entities.
    Flat,
}

/// What was asked for.
#[derive(Debug)]
pub(super) struct Join {
    pub place: Place,
    /// How many Relationships one after the other.
    pub levels: usize,
    /// These are known to the caller already.
    known: Option<Ids>,
}

impl Join {
    pub(super) fn read(asked: &impl Asked) -> Result<Option<Self>, Failure> {
        let place = match asked.text("join")?.as_deref() {
            None | Some("@none") => None,
            Some("inline") => Some(Place::Inline),
            Some("flat") => Some(Place::Flat),
            Some(_) => return Err(Error::bad("join", "inline, flat or @none").into()),
        };
        let levels = asked.text("joinLevel")?;
        let known = asked.text("containedBy")?;
        let Some(place) = place else {
            if levels.is_some() || known.is_some() {
                let what = "joinLevel and containedBy go with join=inline or join=flat";
                return Err(Error::bad("join", what).into());
            }
            return Ok(None);
        };
        Ok(Some(Self {
            place,
            levels: levels.as_deref().map_or(Ok(1), levels_of)?,
            known: known.as_deref().map(Ids::read).transpose()?,
        }))
    }

    /// The linked entities of some entities.
    pub(super) fn gather<'s>(
        &self,
        broker: &Broker,
        whose: &Whose,
        from: &[Arc<Entity>],
        selection: &'s Selection,
    ) -> Result<Gathered<'s>, Failure> {
        let reach = Reach {
            levels: self.levels,
            most: LINKED_MAX,
        };
        let from = from.iter().map(|e| &**e);
        let known = |id: &str| self.known.as_ref().is_some_and(|known| known.has(id));
        let find = |id: &str| broker.get(whose, id).ok();
        let found = linked::gather(from.clone(), selection, reach, &known, &find);
        let inline = self.place == Place::Inline;
        let too_wide = inline && found.written(from, selection, self.levels) > LINKED_MAX;
        if found.extent == Extent::Cut || too_wide {
            return Err(too_many());
        }
        Ok(found)
    }
}

fn levels_of(text: &str) -> Result<usize, Failure> {
    match text.parse() {
        Ok(levels @ 1..=JOIN_LEVELS_MAX) => Ok(levels),
        Ok(0) | Err(_) => Err(Error::bad("joinLevel", "a number from 1 on is needed").into()),
        Ok(_) => {
            let what = format!("{JOIN_LEVELS_MAX} Relationships one after the other at most");
            Err(too_complex("joinLevel", what))
        }
    }
}

fn too_many() -> Failure {
    let what = format!("more than {LINKED_MAX} linked entities: ask for fewer, or pick less");
    too_complex("join", what)
}

fn too_complex(parameter: &'static str, what: String) -> Failure {
    let problem = Problem::TooComplexQuery;
    let fault = Fault {
        parameter,
        at: 1,
        what,
        problem,
    };
    fault.into()
}
