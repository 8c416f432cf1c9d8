//! Changing a subscription: members of the fragment replace those there are, `null` removes them
//! (clauses 5.8.2 and 5.5.8). Never changes the id, nor what was told so far.

use std::sync::Arc;

use super::apply::Reading;
use super::read::{Compile, is_subscription};
use super::{Kept, Status, Subscription, Text, Triggers, bad};
use crate::context::Context;
use crate::entity::NULL;
use crate::error::Error;
use crate::json::Json;
use crate::query::{Path, Query, Term, Tree};
use crate::time::Time;

impl Subscription {
    /// The subscription with a fragment's members. It keeps the @context that it was made with:
    /// a fragment that only pauses it must not change the names in its notifications.
    ///
    /// # Errors
    /// As [`Self::read`]; a member that must be there cannot be removed.
    pub fn patched(
        &self,
        fragment: &Json,
        context: &Arc<Context>,
        compile: Compile<'_>,
        now: Time,
    ) -> Result<Self, Error> {
        let Json::Object(members) = fragment else {
            let what = format!("a fragment is an object, not {}", fragment.kind());
            return Err(Error::bad("", what));
        };
        let mut new = self.clone();
        let mut said = 0;
        let mut reading = Reading { context, compile };
        for (name, value) in super::apply::in_order(members) {
            let removes = *value == Json::Null || value.as_str() == Some(NULL);
            match &**name {
                "@context" => continue,
                "id" | "@id" if value.as_str() == Some(&self.id) => {}
                "id" | "@id" => return Err(bad("id", "it cannot be changed")),
                "type" | "@type" => is_subscription(Some(value))?,
                name if removes => new.remove(name)?,
                name => reading.member(&mut new, name, value)?,
            }
            said += 1;
        }
        if said == 0 {
            return Err(bad("", "the fragment says nothing (clause 5.4)"));
        }
        if let (Some(q), None, Some(_)) = (&self.q, fragment.get("q"), fragment.get("expandValues"))
        {
            let text = Json::String(q.text.clone());
            let mut reading = Reading {
                context: &self.context,
                compile: reading.compile,
            };
            reading.member(&mut new, "q", &text)?;
        }
        if !Arc::ptr_eq(context, &self.context) {
            new.queries_in_own_names(fragment)?;
        }
        let extended = fragment.get("expiresAt").is_some() && fragment.get("isActive").is_none();
        if extended && self.status(now) == Status::Expired {
            new.is_active = new.is_active.map(|_| true);
        }
        new.check_changed(self, fragment, now)?;
        new.modified_at = now;
        Ok(new)
    }

    /// A subscription that has expired may be changed in other members than its end.
    fn check_changed(&self, old: &Self, fragment: &Json, now: Time) -> Result<(), Error> {
        match self.check(now) {
            Err(Error::BadData { at, .. })
                if at == "expiresAt"
                    && fragment.get("expiresAt").is_none()
                    && old.status(now) == Status::Expired =>
            {
                Ok(())
            }
            other => other,
        }
    }

    fn remove(&mut self, name: &str) -> Result<(), Error> {
        match name {
            "subscriptionName" => self.name = None,
            "description" => self.description = None,
            "entities" => self.entities.clear(),
            "watchedAttributes" => self.watched.clear(),
            "notificationTrigger" => self.triggers = Triggers::default(),
            "timeInterval" => self.time_interval = None,
            "q" => self.q = None,
            "expandValues" => self.expand_values.clear(),
            "csf" => self.csf = None,
            "scopeQ" => self.scope = None,
            "geoQ" => self.geo = None,
            "isActive" => self.is_active = None,
            "expiresAt" => self.expires_at = None,
            "throttling" => self.throttling = None,
            "lang" => self.lang = None,
            "datasetId" => self.datasets = None,
            "jsonldContext" => {
                self.jsonld_context = None;
                self.told_in = self.context.clone();
            }
            "localOnly" => self.kept.local_only = None,
            "splitEntities" => self.kept.split_entities = None,
            "ngsildConformance" => self.kept.conformance = None,
            "jsonKeys" => self.kept.json_keys = Kept::default().json_keys,
            "notification" => return Err(bad("notification", "it cannot be removed")),
            "status" | "createdAt" | "modifiedAt" => {}
            other => return Err(bad(other, "there is no such member (clause 5.2.12)")),
        }
        Ok(())
    }

    /// Queries are kept as text, which the log reads with the subscription's own @context: what a
    /// fragment said in another one's names is said in these.
    fn queries_in_own_names(&mut self, fragment: &Json) -> Result<(), Error> {
        let context = self.context.clone();
        let expanded = std::mem::take(&mut self.expand_values);
        for (name, query, expanded) in [
            ("q", &mut self.q, &expanded[..]),
            ("csf", &mut self.csf, &[]),
        ] {
            if let (Some(query), true) = (query, fragment.get(name).is_some()) {
                let renamed = Query(renamed(&query.read.0, &context));
                let plain = renamed.to_string();
                let again = Query::read_expanding(&plain, &context, expanded);
                let same = again.is_ok_and(|q| q == renamed);
                if !same {
                    let what = "its names cannot be said in the @context that the subscription \
                                was made with; make it anew";
                    return Err(bad(name, what));
                }
                *query = Text {
                    text: plain.replace('%', "%25").into(),
                    read: renamed,
                };
            }
        }
        self.expand_values = expanded;
        Ok(())
    }
}

fn renamed(tree: &Tree<Term>, context: &Context) -> Tree<Term> {
    let all = |parts: &[Tree<Term>]| parts.iter().map(|p| renamed(p, context)).collect();
    match tree {
        Tree::All(parts) => Tree::All(all(parts)),
        Tree::Any(parts) => Tree::Any(all(parts)),
        Tree::Leaf(term) => {
            let mut path: Path = term.path.clone();
            for step in &mut path.steps {
                step.name = (&*context.compact_name(&step.iri)).into();
            }
            Tree::Leaf(Term {
                path,
                wanted: term.wanted.clone(),
            })
        }
    }
}
