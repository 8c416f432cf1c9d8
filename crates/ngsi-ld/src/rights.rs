//! What a device may do with a tenant's data: which deeds, on entities of which types and scopes,
//! with which attributes. What is not granted is refused, and the refusal says what is missing.
//! Pure; never decides who a caller is.

use std::sync::Arc;

use crate::entity::Entity;
use crate::error::Error;
use crate::iri::{Iri, is_uri};
use crate::json::{Emit, Json, write_string};
use crate::query::{Tree, TypeName, TypeQuery};
use crate::subscription::Subscription;
use crate::update::Touched;

/// Names and scopes in one list. A device writes some; a gateway of a whole house some dozens.
pub const NAMES_MAX: usize = 200;
/// What stands for every name.
const EVERY: &str = "*";

/// Something that a key may be for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Deed {
    /// Entities, types, attributes and histories are read.
    Read,
    /// Entities and attributes are made, changed and deleted.
    Write,
    /// Subscriptions are made, and those of the same key read, changed and deleted.
    Subscribe,
}

impl Deed {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::Read, Self::Write, Self::Subscribe];

    /// The word on the wire and on disk.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Read => "read",
            Self::Write => "write",
            Self::Subscribe => "subscribe",
        }
    }
}

/// Types, or attributes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Names {
    /// Every one, those that do not exist yet included.
    Every,
    /// These expanded names.
    These(Box<[Iri]>),
}

impl Names {
    /// Reads `["*"]`, or expanded names.
    ///
    /// # Errors
    /// [`Error::BadData`] at `member`.
    pub fn read(member: &str, list: &[Box<str>]) -> Result<Self, Error> {
        match list {
            [one] if &**one == EVERY => return Ok(Self::Every),
            [] => {
                let what = "name at least one, or `*` for every one: what is not named is refused";
                return Err(Error::bad(member, what));
            }
            list if list.len() > NAMES_MAX => {
                return Err(Error::bad(member, format!("{NAMES_MAX} names at most")));
            }
            _ => {}
        }
        match list.iter().find(|name| !is_uri(name)) {
            Some(bad) => Err(Error::bad(member, format!("`{bad}` is no expanded name"))),
            None => Ok(Self::These(list.iter().map(|n| Iri::new(n)).collect())),
        }
    }

    /// Whether a name is among them.
    #[must_use]
    pub fn has(&self, name: &Iri) -> bool {
        match self {
            Self::Every => true,
            Self::These(names) => names.contains(name),
        }
    }

    /// As they are read.
    #[must_use]
    pub fn list(&self) -> Vec<&str> {
        match self {
            Self::Every => vec![EVERY],
            Self::These(names) => names.iter().map(Iri::as_str).collect(),
        }
    }
}

/// What a key may be used for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rights {
    /// What may be done.
    pub may: Vec<Deed>,
    /// With entities of one of these types.
    pub types: Names,
    /// With these of their attributes; others are neither seen nor written.
    pub attributes: Names,
    /// With entities in one of these scopes or below; nothing for entities in any scope or none.
    pub scopes: Option<Box<[Box<str>]>>,
}

impl Rights {
    /// Checks them as a whole.
    ///
    /// # Errors
    /// [`Error::BadData`] says what is missing or does not go together.
    pub fn check(&self) -> Result<(), Error> {
        if self.may.is_empty() {
            return Err(Error::bad("may", "read, write or subscribe: one at least"));
        }
        let scopes = self.scopes.as_deref().unwrap_or_default();
        if self.scopes.is_some() && (scopes.is_empty() || scopes.len() > NAMES_MAX) {
            let what = format!("1 to {NAMES_MAX} scopes; leave it out for all");
            return Err(Error::bad("scopes", what));
        }
        let good = |s: &str| !s.trim_matches('/').is_empty() && s.len() <= 256;
        if let Some(bad) = scopes.iter().find(|s| !good(s)) {
            return Err(Error::bad(
                "scopes",
                format!("`{bad}` is no scope (clause 4.18)"),
            ));
        }
        let narrow = self.scopes.is_some() || self.attributes != Names::Every;
        if self.may.contains(&Deed::Subscribe) && narrow {
            let what = "subscribe goes with every attribute and no scopes: a notification is not \
                        cut to less than its entity";
            return Err(Error::bad("may", what));
        }
        Ok(())
    }

    /// Whether a deed is granted at all.
    ///
    /// # Errors
    /// [`Error::Forbidden`].
    pub fn may(&self, deed: Deed) -> Result<(), Error> {
        match self.may.contains(&deed) {
            true => Ok(()),
            false => Err(forbidden(format!("this key may not {}", deed.word()))),
        }
    }

    /// Whether all data are granted, for whatever looks at more than entities as they are now.
    ///
    /// # Errors
    /// [`Error::Forbidden`].
    pub fn all_data(&self) -> Result<(), Error> {
        let all =
            self.types == Names::Every && self.attributes == Names::Every && self.scopes.is_none();
        match all {
            true => Ok(()),
            false => Err(forbidden(
                "histories are for keys of every type, attribute and scope".to_owned(),
            )),
        }
    }

    /// An entity as it is seen; nothing if it is not.
    #[must_use]
    pub fn seen(&self, entity: &Arc<Entity>) -> Option<Arc<Entity>> {
        if !entity.types.iter().any(|t| self.types.has(t)) || !self.is_within(entity) {
            return None;
        }
        if entity
            .attributes
            .iter()
            .all(|a| self.attributes.has(&a.name))
        {
            return Some(Arc::clone(entity));
        }
        let shown = entity
            .attributes
            .iter()
            .filter(|a| self.attributes.has(&a.name));
        Some(Arc::new(Entity {
            attributes: shown.cloned().collect(),
            ..entity.head()
        }))
    }

    fn is_within(&self, entity: &Entity) -> bool {
        let Some(scopes) = &self.scopes else {
            return true;
        };
        entity
            .scopes
            .iter()
            .any(|s| scopes.iter().any(|own| is_below(s, own)))
    }

    /// Whether an entity may be made.
    ///
    /// # Errors
    /// [`Error::Forbidden`] names the type, scope or attribute.
    pub fn make(&self, entity: &Entity) -> Result<(), Error> {
        self.every_type(entity.types.iter())?;
        self.every_scope(entity)?;
        let names = entity.attributes.iter().map(|a| &a.name);
        names.into_iter().try_for_each(|name| self.attribute(name))
    }

    /// Whether an entity may be changed so.
    ///
    /// # Errors
    /// [`Error::Forbidden`] names the type, scope or attribute.
    pub fn change(
        &self,
        before: &Entity,
        after: &Entity,
        touched: &[Touched],
    ) -> Result<(), Error> {
        self.concerns(before)?;
        for one in touched {
            match one {
                Touched::Types => {
                    let added = after.types.iter().filter(|t| !before.types.contains(t));
                    self.every_type(added)?;
                }
                Touched::Scopes => self.every_scope(after)?,
                Touched::Expiry => self.whole_entities("let it expire")?,
                Touched::Attribute { name, .. } => self.attribute(name)?,
            }
        }
        Ok(())
    }

    /// Whether an entity may be deleted.
    ///
    /// # Errors
    /// [`Error::Forbidden`].
    pub fn delete(&self, entity: &Entity) -> Result<(), Error> {
        self.concerns(entity)?;
        self.whole_entities("delete it")
    }

    /// Whether a subscription may be made, or changed to this.
    ///
    /// # Errors
    /// [`Error::Forbidden`] says what is missing.
    pub fn subscribe(&self, wanted: &Subscription) -> Result<(), Error> {
        if self.types == Names::Every {
            return Ok(());
        }
        let granted = |q: &TypeQuery| match q {
            TypeQuery::Any => false,
            TypeQuery::Of(tree) => self.every_leaf(tree),
        };
        let entities = &wanted.entities;
        if entities.is_empty() || !entities.iter().all(|one| granted(&one.types)) {
            let what = format!(
                "this key subscribes to entities of {} alone",
                self.of_types()
            );
            return Err(forbidden(what));
        }
        let linked = wanted.q.as_ref().is_some_and(|q| q.read.linked_depth() > 0);
        if wanted.notification.join.is_some() || linked {
            let what = "this key is for some types: it may not follow what leads to others";
            return Err(forbidden(what.to_owned()));
        }
        Ok(())
    }

    /// Whether whatever the selection finds is granted.
    fn every_leaf(&self, tree: &Tree<TypeName>) -> bool {
        match tree {
            Tree::Leaf(one) => self.types.has(&one.iri),
            Tree::Any(parts) => parts.iter().all(|p| self.every_leaf(p)),
            Tree::All(parts) => parts.iter().any(|p| self.every_leaf(p)),
        }
    }

    fn concerns(&self, entity: &Entity) -> Result<(), Error> {
        if !entity.types.iter().any(|t| self.types.has(t)) {
            return Err(forbidden(format!(
                "this key is for entities of {}, and {} is none",
                self.of_types(),
                entity.id
            )));
        }
        match self.is_within(entity) {
            true => Ok(()),
            false => Err(self.other_scope()),
        }
    }

    fn every_type<'t>(&self, mut types: impl Iterator<Item = &'t Iri>) -> Result<(), Error> {
        match types.find(|t| !self.types.has(t)) {
            Some(other) => Err(forbidden(format!("this key is not for the type {other}"))),
            None => Ok(()),
        }
    }

    fn every_scope(&self, entity: &Entity) -> Result<(), Error> {
        let Some(own) = &self.scopes else {
            return Ok(());
        };
        let granted = |s: &str| own.iter().any(|o| is_below(s, o));
        match !entity.scopes.is_empty() && entity.scopes.iter().all(|s| granted(s)) {
            true => Ok(()),
            false => Err(self.other_scope()),
        }
    }

    fn attribute(&self, name: &Iri) -> Result<(), Error> {
        match self.attributes.has(name) {
            true => Ok(()),
            false => Err(forbidden(format!(
                "this key may not write the attribute {name}"
            ))),
        }
    }

    /// Whatever touches an entity as a whole takes every attribute.
    fn whole_entities(&self, what: &str) -> Result<(), Error> {
        match self.attributes {
            Names::Every => Ok(()),
            Names::These(_) => Err(forbidden(format!(
                "this key is for some attributes of an entity, and may not {what}"
            ))),
        }
    }

    fn other_scope(&self) -> Error {
        let own = self.scopes.as_deref().unwrap_or_default().join(", ");
        forbidden(format!(
            "this key is for entities in {own}, and this is none"
        ))
    }

    fn of_types(&self) -> String {
        self.types.list().join(", ")
    }

    /// Writes them as members of an object.
    pub(crate) fn write(&self, object: &mut Emit<'_>) {
        let mut list = |name: &str, texts: Vec<&str>| {
            let mut array = Emit::array(object.member(name));
            texts.iter().for_each(|t| write_string(array.item(), t));
            array.end();
        };
        list("may", self.may.iter().map(|d| d.word()).collect());
        list("types", self.types.list());
        list("attributes", self.attributes.list());
        if let Some(scopes) = &self.scopes {
            list("scopes", scopes.iter().map(|s| &**s).collect());
        }
    }

    /// Reads what [`Self::write`] wrote.
    pub(crate) fn restore(json: &Json) -> Option<Self> {
        let texts = |name: &str| -> Option<Vec<Box<str>>> {
            let items = json.get(name)?.items()?;
            items.iter().map(|i| i.as_str().map(Into::into)).collect()
        };
        let deed = |word: &str| Deed::ALL.into_iter().find(|d| d.word() == word);
        Some(Self {
            may: texts("may")?
                .iter()
                .map(|w| deed(w))
                .collect::<Option<_>>()?,
            types: Names::read("types", &texts("types")?).ok()?,
            attributes: Names::read("attributes", &texts("attributes")?).ok()?,
            scopes: texts("scopes").map(Into::into),
        })
    }
}

/// Whether a scope is another or below it; the first slash may be left out (clause 4.18).
fn is_below(scope: &str, above: &str) -> bool {
    let bare = |s: &'_ str| -> String { s.trim_matches('/').to_owned() };
    let (scope, above) = (bare(scope), bare(above));
    let rest = scope.strip_prefix(&above);
    rest.is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
}

fn forbidden(what: String) -> Error {
    Error::Forbidden(what)
}
