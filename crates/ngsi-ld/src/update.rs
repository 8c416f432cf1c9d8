//! What an operation makes of an entity: entity and fragment in, entity and what changed out
//! (clause 5.6). Never stores, never notifies, never changes the entity it was given.

mod apply;
mod edit;

use crate::entity::{Change, Draft, Entity, Fragment, Written};
use crate::error::Error;
use crate::iri::Iri;
use crate::time::Time;

use apply::Depth;
use edit::Edit;

/// The entity after an operation, and what the operation did.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Outcome {
    /// As it is now.
    pub entity: Entity,
    /// What changed, in the order of the request.
    pub changed: Vec<Touched>,
    /// What the request asked for and did not get; if any, the answer is 207 (clause 5.2.18).
    pub skipped: Vec<Skipped>,
}

/// Something that changed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Touched {
    /// The list of types.
    Types,
    /// The list of scopes.
    Scopes,
    /// When it may be forgotten.
    Expiry,
    /// One instance of an attribute.
    Attribute {
        /// Its expanded name.
        name: Iri,
        /// Which instance; nothing for the default instance.
        dataset_id: Option<Box<str>>,
        /// How it changed.
        how: How,
    },
}

/// How an instance changed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum How {
    /// It was not there.
    Added,
    /// It was there, and was written anew or in part.
    Updated,
    /// It is no longer there.
    Removed,
}

/// Something that was not done.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Skipped {
    /// The name as the request wrote it.
    pub term: Box<str>,
    /// Which instance.
    pub dataset_id: Option<Box<str>>,
    /// Why.
    pub why: Why,
}

/// Why something was not done.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Why {
    /// It exists, and nothing may be overwritten.
    Exists,
    /// There is no such instance to update.
    Absent,
}

impl Why {
    /// In words, for `notUpdated` (clause 5.2.19).
    #[must_use]
    pub const fn reason(self) -> &'static str {
        match self {
            Self::Exists => "it exists already, and noOverwrite was asked for",
            Self::Absent => "the entity has no such attribute instance",
        }
    }
}

/// Whether appending writes over what is there.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Overwrite {
    /// What is there is replaced.
    Yes,
    /// What is there stays (`options=noOverwrite`).
    No,
}

/// Which instances are meant.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Which<'d> {
    /// The default instance, which has no datasetId.
    Default,
    /// The instance with this datasetId.
    Dataset(&'d str),
    /// All of them (`deleteAll`).
    All,
}

/// What a merge is told beside the fragment (clause 5.6.17).
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Merging<'m> {
    /// For attributes that have an `observedAt`, and that the fragment gives no other.
    pub observed_at: Option<Time>,
    /// The language that a text alone is in, for LanguageProperties.
    pub lang: Option<&'m str>,
}

/// Appends attributes (clause 5.6.3). Types are added to those there are; scopes replace them, or
/// are added to them where nothing may be overwritten (clause 4.18).
///
/// # Errors
/// If the fragment says nothing, is of another entity, or an attribute has no value.
pub fn append(
    entity: &Entity,
    fragment: Fragment,
    overwrite: Overwrite,
    now: Time,
) -> Result<Outcome, Error> {
    let mut edit = Edit::begin(entity, &fragment, now)?;
    edit.add_types(fragment.types);
    match (fragment.scopes, overwrite) {
        (Change::Set(scopes), Overwrite::No) => edit.add_scopes(&scopes),
        (change, _) => edit.scopes(change),
    }
    edit.expiry(fragment.expires_at);
    for draft in fragment.attributes {
        match edit.find(&draft) {
            Some(_) if overwrite == Overwrite::No => edit.skip(&draft, Why::Exists),
            Some(place) => edit.replace(place, draft)?,
            None => edit.add(draft)?,
        }
    }
    Ok(edit.done())
}

/// Updates attributes (clause 5.6.2): each instance that is there is replaced whole or removed,
/// its kind may change (clause 5.5.8); what is not there is added, and cannot be removed.
///
/// # Errors
/// If the fragment says nothing, is of another entity, removes something within a value, or an
/// attribute has no value.
pub fn update(entity: &Entity, fragment: Fragment, now: Time) -> Result<Outcome, Error> {
    let mut edit = Edit::begin(entity, &fragment, now)?;
    edit.add_types(fragment.types);
    if fragment.scopes != Change::Keep && entity.scopes.is_empty() {
        edit.skip_scopes();
    } else {
        edit.scopes(fragment.scopes);
    }
    edit.expiry(fragment.expires_at);
    for draft in fragment.attributes {
        draft.removes_nothing_within()?;
        match edit.find(&draft) {
            None if removes_all(&draft) && edit.has(&draft.name) => edit.remove_all(&draft.name),
            None if draft.is_removal() => edit.skip(&draft, Why::Absent),
            None => edit.add(draft)?,
            Some(_) if removes_all(&draft) => edit.remove_all(&draft.name),
            Some(place) if draft.is_removal() => edit.remove(place),
            Some(place) => edit.replace(place, draft)?,
        }
    }
    Ok(edit.done())
}

/// Updates one attribute in part (clause 5.6.4): members that are written replace those there are,
/// the others stay (clause 5.5.8).
///
/// # Errors
/// [`Error::NotFound`] if the entity has no such instance; [`Error::BadData`] if the kind differs,
/// or something within a value is removed.
pub fn update_attribute(entity: &Entity, draft: Draft, now: Time) -> Result<Outcome, Error> {
    draft.removes_nothing_within()?;
    let mut edit = Edit::open(entity, now);
    let Some(place) = edit.find(&draft) else {
        return Err(absent(&draft));
    };
    if draft.is_removal() {
        edit.remove(place);
    } else {
        edit.apply(place, draft, Depth::Members, Merging::default())?;
    }
    Ok(edit.done())
}

/// Merges a fragment into an entity (clauses 5.6.17 and 5.5.12): attributes are added, changed
/// member by member to any depth, and removed where the fragment says so.
///
/// # Errors
/// If the fragment says nothing, is of another entity, or adds an attribute without a value.
pub fn merge(
    entity: &Entity,
    fragment: Fragment,
    merging: Merging<'_>,
    now: Time,
) -> Result<Outcome, Error> {
    let mut edit = Edit::begin(entity, &fragment, now)?;
    edit.add_types(fragment.types);
    // A merge over HTTP always overwrites: "the scope … will become the one included".
    edit.scopes(fragment.scopes);
    edit.expiry(fragment.expires_at);
    for draft in fragment.attributes {
        if removes_all(&draft) {
            edit.remove_all(&draft.name);
            continue;
        }
        match edit.find(&draft) {
            Some(place) if draft.is_removal() => edit.remove(place),
            // What is not there is removed already (RFC 7396).
            None if draft.is_removal() => {}
            Some(place) => edit.apply(place, draft, Depth::All, merging)?,
            None => edit.add(draft)?,
        }
    }
    Ok(edit.done())
}

/// Replaces an entity (clause 5.6.18): only its id and when it was created stay.
///
/// # Errors
/// If the fragment is of another entity, or is no whole entity.
pub fn replace(entity: &Entity, mut fragment: Fragment, now: Time) -> Result<Outcome, Error> {
    edit::same_entity(entity, &fragment)?;
    fragment.id = Some(entity.id.clone());
    let mut new = Entity::of(fragment, now)?;
    new.created_at = entity.created_at;
    let mut changed = Vec::new();
    if new.types != entity.types {
        changed.push(Touched::Types);
    }
    if new.scopes != entity.scopes {
        changed.push(Touched::Scopes);
    }
    if new.expires_at != entity.expires_at {
        changed.push(Touched::Expiry);
    }
    for old in &entity.attributes {
        if new.instance(&old.name, old.dataset_id()).is_none() {
            changed.push(edit::touched(old, How::Removed));
        }
    }
    for attribute in &mut new.attributes {
        let old = entity.instance(&attribute.name, attribute.dataset_id());
        if let Some(old) = old {
            attribute.created_at = old.created_at;
        }
        let how = if old.is_some() {
            How::Updated
        } else {
            How::Added
        };
        changed.push(edit::touched(attribute, how));
    }
    Ok(Outcome {
        entity: new,
        changed,
        skipped: Vec::new(),
    })
}

/// Replaces one instance of an attribute (clause 5.6.19); its kind may change.
///
/// # Errors
/// [`Error::NotFound`] if the entity has no such instance; [`Error::BadData`] without a value.
pub fn replace_attribute(entity: &Entity, draft: Draft, now: Time) -> Result<Outcome, Error> {
    let mut edit = Edit::open(entity, now);
    let Some(place) = edit.find(&draft) else {
        return Err(absent(&draft));
    };
    edit.replace(place, draft)?;
    Ok(edit.done())
}

/// Deletes an attribute, or one instance of it (clause 5.6.5).
///
/// # Errors
/// [`Error::NotFound`] if there is none.
pub fn delete_attribute(
    entity: &Entity,
    name: &Iri,
    which: Which<'_>,
    now: Time,
) -> Result<Outcome, Error> {
    let mut edit = Edit::open(entity, now);
    let dataset_id = match which {
        Which::Default => None,
        Which::Dataset(id) => Some(id),
        Which::All => {
            edit.remove_all(name);
            if edit.is_unchanged() {
                return Err(Error::NotFound(format!("there is no attribute {name}")));
            }
            return Ok(edit.done());
        }
    };
    let Some(place) = edit.place(name, dataset_id) else {
        let what = dataset_id.unwrap_or("no datasetId");
        return Err(Error::NotFound(format!(
            "there is no instance of {name} with {what}"
        )));
    };
    edit.remove(place);
    Ok(edit.done())
}

/// Takes an entity's scopes out (clause 5.6.5.4).
///
/// # Errors
/// [`Error::NotFound`] if it has none.
pub fn delete_scope(entity: &Entity, now: Time) -> Result<Outcome, Error> {
    let mut edit = Edit::open(entity, now);
    edit.scopes(Change::Remove);
    match edit.is_unchanged() {
        true => Err(Error::NotFound("the entity has no scope".to_owned())),
        false => Ok(edit.done()),
    }
}

/// What a purge leaves of an entity: `goes` says which attributes go, with all of their instances,
/// and `scope` whether its scopes do (clause 5.6.21.4).
#[must_use]
pub fn without(entity: &Entity, goes: impl Fn(&Iri) -> bool, scope: Scope, now: Time) -> Outcome {
    let mut edit = Edit::open(entity, now);
    edit.remove_such(|attribute| goes(&attribute.name));
    if scope == Scope::Goes {
        edit.scopes(Change::Remove);
    }
    edit.done()
}

/// What becomes of an entity's scopes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Scope {
    /// They stay.
    Stays,
    /// They go.
    Goes,
}

/// Takes out what has come to its end (`expiresAt`): attribute instances, and attributes of
/// attributes (clause 4.22).
#[must_use]
pub fn without_expired(entity: &Entity, now: Time) -> Outcome {
    let mut edit = Edit::open(entity, now);
    edit.remove_such(|attribute| attribute.expires_at().is_some_and(|at| at <= now));
    edit.remove_expired_below();
    edit.done()
}

/// Whether a draft removes an attribute with all of its instances: `null` in place of the
/// attribute rather than of one instance's value.
fn removes_all(draft: &Draft) -> bool {
    draft.is_removal() && draft.written == Written::Bare && draft.dataset_id.is_none()
}

fn absent(draft: &Draft) -> Error {
    let which = draft.dataset_id.as_deref().unwrap_or("no datasetId");
    Error::NotFound(format!(
        "there is no instance of {} with {which}",
        draft.term
    ))
}
