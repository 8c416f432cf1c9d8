//! The access policy, read and ready to decide. The same facts give the same answer, always; what
//! cannot be evaluated is an error and therefore a no. Never reads a clock, a table or the network.

use std::collections::{BTreeSet, HashMap};
use std::str::FromStr;

use cedar_policy::{
    ActionConstraint, Authorizer, Effect, Entities, EntityUid, PolicyId, PolicySet, Request,
    Schema, ValidationMode, Validator,
};
use loggia_model::Digest;

use crate::facts::Facts;
use crate::question::{Kinds, failed};
use crate::reason::{Decision, Reason};
use crate::{Error, Texts};

/// Most policies of a set: a lawyer reads them all.
const CLAUSES_MAX: usize = 200;
const POLICIES: &str = "policies.cedar";

/// One policy of the set: its name, and the reason that it gives if it forbids.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Clause {
    /// Its `@id`.
    pub id: String,
    /// Its `@reason`; none where it permits.
    pub reason: Option<Reason>,
}

/// A decision with the policies that it follows from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Answer {
    /// Yes, or no with the reasons.
    pub decision: Decision,
    /// The `@id` of each policy that decided: what forbade, or what permitted.
    pub by: Vec<String>,
}

/// An access policy that was read, checked against its schema, and can decide.
pub struct Statute {
    texts: Texts,
    hash: Digest,
    pub(crate) schema: Schema,
    pub(crate) policies: PolicySet,
    /// The policies whose scope an action is in, action by action: the others cannot apply, and
    /// looking at them is half of a decision's time.
    by_action: HashMap<EntityUid, PolicySet>,
    clauses: HashMap<PolicyId, Clause>,
    kinds: Kinds,
    authorizer: Authorizer,
}

impl core::fmt::Debug for Statute {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        write!(f, "Statute({})", self.hash)
    }
}

impl Statute {
    /// Reads the texts: strictly typed against the schema, each policy with its own `@id`, each
    /// that forbids with a `@reason` of the closed list.
    ///
    /// # Errors
    /// [`Error::Text`] with the file and what is wrong in it.
    pub fn read(texts: Texts) -> Result<Self, Error> {
        texts.check()?;
        let schema = read_schema(&texts.schema)?;
        let policies = read_policies(POLICIES, &texts.policies, &schema)?;
        let mut clauses = HashMap::new();
        for policy in policies.policies() {
            let reason = match (policy.effect(), policy.annotation("reason")) {
                (Effect::Forbid, Some(word)) => Some(Reason::of(word).ok_or_else(|| {
                    let known = Reason::ALL.map(Reason::word).join(", ");
                    bad(format!("`{}`: @reason is one of {known}", policy.id()))
                })?),
                (Effect::Forbid, None) => {
                    return Err(bad(format!("`{}` forbids without a @reason", policy.id())));
                }
                (Effect::Permit, Some(_)) => {
                    return Err(bad(format!("`{}` permits: it has no @reason", policy.id())));
                }
                (Effect::Permit, None) => None,
            };
            let id = policy.id().to_string();
            clauses.insert(policy.id().clone(), Clause { id, reason });
        }
        Ok(Self {
            hash: texts.hash(),
            by_action: by_action(&schema, &policies)?,
            texts,
            schema,
            policies,
            clauses,
            kinds: Kinds::new()?,
            authorizer: Authorizer::new(),
        })
    }

    /// The policy that every installation begins with.
    ///
    /// # Errors
    /// When this release was built from texts that do not read (its tests hold that they do).
    pub fn of_this_release() -> Result<Self, Error> {
        Self::read(Texts::of_this_release())
    }

    /// The texts that it was read from.
    #[must_use]
    pub fn texts(&self) -> &Texts {
        &self.texts
    }

    /// [`Texts::hash`].
    #[must_use]
    pub fn hash(&self) -> Digest {
        self.hash
    }

    /// Each policy, in the order of its name.
    #[must_use]
    pub fn clauses(&self) -> Vec<Clause> {
        let mut all: Vec<Clause> = self.clauses.values().cloned().collect();
        all.sort_by(|a, b| a.id.cmp(&b.id));
        all
    }

    /// Decides.
    ///
    /// # Errors
    /// [`Error::Evaluation`]; whoever asks must take it for a no.
    pub fn decide(&self, facts: &Facts) -> Result<Decision, Error> {
        let (request, entities) = self.kinds.question(facts)?;
        let response = self.respond(&request, &entities)?;
        Ok(self.decision(&response))
    }

    /// Decides, and says which policies decided.
    ///
    /// # Errors
    /// As [`Statute::decide`].
    pub fn answer(&self, facts: &Facts) -> Result<Answer, Error> {
        let (request, entities) = self.kinds.question(facts)?;
        self.judge(&request, &entities)
    }

    /// The same for a request in Cedar's own form.
    pub(crate) fn judge(&self, request: &Request, entities: &Entities) -> Result<Answer, Error> {
        let response = self.respond(request, entities)?;
        let mut by: Vec<String> = self.decided_by(&response).map(|c| c.id.clone()).collect();
        by.sort();
        Ok(Answer {
            decision: self.decision(&response),
            by,
        })
    }

    /// Cedar leaves out a policy that fails to evaluate, so a rule that forbids could be lost: here
    /// a failure is no answer at all. The proof shows that none can fail.
    fn respond(
        &self,
        request: &Request,
        entities: &Entities,
    ) -> Result<cedar_policy::Response, Error> {
        let own = request.action().and_then(|a| self.by_action.get(a));
        let policies = own.unwrap_or(&self.policies);
        let response = self.authorizer.is_authorized(request, policies, entities);
        let failed = response.diagnostics().errors().next().map(failed);
        match failed {
            Some(e) => Err(e),
            None => Ok(response),
        }
    }

    fn decided_by<'a>(
        &'a self,
        response: &'a cedar_policy::Response,
    ) -> impl Iterator<Item = &'a Clause> {
        let ids = response.diagnostics().reason();
        ids.filter_map(|id| self.clauses.get(id))
    }

    fn decision(&self, response: &cedar_policy::Response) -> Decision {
        if response.decision() == cedar_policy::Decision::Allow {
            return Decision::Allow;
        }
        let mut no: Vec<Reason> = self.decided_by(response).filter_map(|c| c.reason).collect();
        if no.is_empty() {
            // Nothing forbids, but nothing permits either: what would permit is a role.
            no.push(Reason::RoleMissing);
        }
        no.sort_unstable();
        no.dedup();
        Decision::Deny(no)
    }
}

/// The policies of each action. The schema's actions are in no group (`Texts::check` pins them), so
/// a scope that does not name an action does not hold it.
fn by_action(schema: &Schema, all: &PolicySet) -> Result<HashMap<EntityUid, PolicySet>, Error> {
    let mut out = HashMap::new();
    for action in schema.actions() {
        let own = all.policies().filter(|p| match p.action_constraint() {
            ActionConstraint::Any => true,
            ActionConstraint::In(of) => of.contains(action),
            ActionConstraint::Eq(one) => one == *action,
        });
        let set = PolicySet::from_policies(own.cloned()).map_err(|e| bad(with_sources(&e)))?;
        out.insert(action.clone(), set);
    }
    Ok(out)
}

fn bad(what: String) -> Error {
    Error::Text {
        file: POLICIES,
        what,
    }
}

pub(crate) fn read_schema(text: &str) -> Result<Schema, Error> {
    let failed = |what: String| Error::Text {
        file: "schema.cedarschema",
        what,
    };
    let (schema, warnings) =
        Schema::from_cedarschema_str(text).map_err(|e| failed(with_sources(&e)))?;
    match warnings.into_iter().next() {
        Some(warning) => Err(failed(warning.to_string())),
        None => Ok(schema),
    }
}

/// Reads policies, names each by its `@id`, and checks them strictly against the schema.
pub(crate) fn read_policies(
    file: &'static str,
    text: &str,
    schema: &Schema,
) -> Result<PolicySet, Error> {
    let failed = |what: String| Error::Text { file, what };
    let read = PolicySet::from_str(text).map_err(|e| failed(with_sources(&e)))?;
    if read.templates().next().is_some() {
        return Err(failed(
            "templates are not taken: write the policy out".into(),
        ));
    }
    if read.num_of_policies() > CLAUSES_MAX {
        return Err(failed(format!("over {CLAUSES_MAX} policies")));
    }
    let mut seen = BTreeSet::new();
    let mut named = Vec::new();
    for policy in read.policies() {
        let id = policy.annotation("id").unwrap_or_default();
        let fits = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-';
        if !(1..=64).contains(&id.len()) || !id.bytes().all(fits) {
            return Err(failed(format!(
                "each policy has an @id of a–z, 0–9 and hyphens; one has `{id}`"
            )));
        }
        if !seen.insert(id) {
            return Err(failed(format!("two policies are called `{id}`")));
        }
        named.push(policy.new_id(PolicyId::new(id)));
    }
    let named = PolicySet::from_policies(named).map_err(|e| failed(with_sources(&e)))?;
    let checked = Validator::new(schema.clone()).validate(&named, ValidationMode::Strict);
    match checked.validation_errors().next() {
        Some(e) => Err(failed(e.to_string())),
        None => Ok(named),
    }
}

/// An error with what lies under it: Cedar's own says only "failed to parse" at the top.
pub(crate) fn with_sources(e: &dyn std::error::Error) -> String {
    let mut words = e.to_string();
    let mut under = e.source();
    while let Some(e) = under {
        let more = e.to_string();
        if !words.contains(&more) {
            words.push_str(": ");
            words.push_str(&more);
        }
        under = e.source();
    }
    words
}
