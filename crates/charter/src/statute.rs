//! The access policy, read and ready to decide. The same facts give the same answer, always; what
//! cannot be evaluated is an error and therefore a no. Never reads a clock, a table or the network.

use std::collections::{BTreeSet, HashMap};
use std::str::FromStr;

use cedar_policy::{
    ActionConstraint, Authorizer, Effect, Entities, Policy, PolicyId, PolicySet,
    PrincipalConstraint, Request, ResourceConstraint, Schema, ValidationMode, Validator,
};
use cedar_policy_core::ast::{self, Expr, Literal, SlotEnv, ValueKind};
use cedar_policy_core::evaluator::Evaluator;
use cedar_policy_core::extensions::Extensions;
use loggia_model::Digest;
use serde_json::{Value, json};

use crate::facts::{Ask, Facts};
use crate::plain;
use crate::question::{Kinds, Question, failed};
use crate::reason::{Decision, Reason};
use crate::{Error, Texts};

/// Most policies of a set: a lawyer reads them all.
const CLAUSES_MAX: usize = 200;
/// How many attributes of things may be followed one after another.
const DEREFERENCES_MAX: u32 = 1;
/// A set of so many at most is written out, with a side of so many bytes of JSON at most beside
/// each: a text grows by no more than a few times.
const SET_MAX: usize = 8;
const SIDE_BYTES_MAX: usize = 160;
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
    rules: HashMap<&'static str, Vec<Rule>>,
    clauses: HashMap<PolicyId, Clause>,
    kinds: Kinds,
}

/// One policy as one action is decided by.
struct Rule {
    when: Expr,
    /// The reason if it forbids; else it permits.
    forbids: Option<Reason>,
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
            rules: rules(&policies, &clauses)?,
            texts,
            schema,
            policies,
            clauses,
            kinds: Kinds::new()?,
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
        let Question { request, entities } = self.kinds.question(facts)?;
        let evaluator = Evaluator::new(request, &entities, Extensions::all_available());
        let rules = self.rules.get(facts.ask.word());
        let (mut permitted, mut no, slots) = (false, Vec::new(), SlotEnv::new());
        for rule in rules.into_iter().flatten() {
            let value = evaluator.interpret(&rule.when, &slots).map_err(failed)?;
            match (value.value_kind(), rule.forbids) {
                (ValueKind::Lit(Literal::Bool(false)), _) => {}
                (ValueKind::Lit(Literal::Bool(true)), Some(reason)) => no.push(reason),
                (ValueKind::Lit(Literal::Bool(true)), None) => permitted = true,
                _ => return Err(failed("a condition is neither true nor false")),
            }
        }
        Ok(decision(permitted && no.is_empty(), no))
    }

    /// Decides by Cedar's own authorizer, and says which policies decided.
    ///
    /// # Errors
    /// As [`Statute::decide`].
    pub fn answer(&self, facts: &Facts) -> Result<Answer, Error> {
        let Question { request, entities } = self.kinds.question(facts)?;
        self.judge(&request.into(), &entities.into())
    }

    /// The same for a request in Cedar's own form.
    ///
    /// Cedar leaves out a policy that fails to evaluate, so a rule that forbids could be lost: here
    /// a failure is no answer at all. The proof shows that none can fail.
    pub(crate) fn judge(&self, request: &Request, entities: &Entities) -> Result<Answer, Error> {
        let response = Authorizer::new().is_authorized(request, &self.policies, entities);
        if let Some(error) = response.diagnostics().errors().next() {
            return Err(failed(error));
        }
        let ids = response.diagnostics().reason();
        let decided: Vec<&Clause> = ids.filter_map(|id| self.clauses.get(id)).collect();
        let mut by: Vec<String> = decided.iter().map(|c| c.id.clone()).collect();
        by.sort();
        let allowed = response.decision() == cedar_policy::Decision::Allow;
        let no = decided.iter().filter_map(|c| c.reason).collect();
        Ok(Answer {
            decision: decision(allowed, no),
            by,
        })
    }
}

/// The answer with the reasons of what forbade.
fn decision(allowed: bool, mut no: Vec<Reason>) -> Decision {
    if allowed {
        return Decision::Allow;
    }
    if no.is_empty() {
        // Nothing forbids, but nothing permits either: what would permit is a role.
        no.push(Reason::RoleMissing);
    }
    no.sort_unstable();
    no.dedup();
    Decision::Deny(no)
}

/// The policies of each action. The schema's actions are in no group (`Texts::check` pins them), so
/// a scope that does not name an action does not hold it: such policies need not be looked at, and
/// of the others the scope is known to hold.
fn rules(
    all: &PolicySet,
    clauses: &HashMap<PolicyId, Clause>,
) -> Result<HashMap<&'static str, Vec<Rule>>, Error> {
    let mut out: HashMap<_, Vec<Rule>> = HashMap::new();
    for policy in all.policies() {
        let names = |ask: &Ask| match policy.action_constraint() {
            ActionConstraint::Any => true,
            ActionConstraint::In(of) => of.iter().any(|a| a.id().unescaped() == ask.word()),
            ActionConstraint::Eq(one) => one.id().unescaped() == ask.word(),
        };
        let when = when(policy)?;
        for ask in Ask::ALL.iter().filter(|a| names(a)) {
            out.entry(ask.word()).or_default().push(Rule {
                when: when.clone(),
                forbids: clauses.get(policy.id()).and_then(|c| c.reason),
            });
        }
    }
    Ok(out)
}

/// What a policy asks beyond the action. Through Cedar's JSON it loses its places in the text,
/// which would otherwise be copied at each step of an evaluation.
fn when(policy: &Policy) -> Result<Expr, Error> {
    let mut form = policy.to_json().map_err(|e| bad(with_sources(&e)))?;
    without_sets(&mut form);
    let policy = Policy::from_json(Some(policy.id().clone()), form);
    let policy = policy.map_err(|e| bad(with_sources(&e)))?;
    let whole: &ast::Policy = policy.as_ref();
    let anybody = policy.principal_constraint() == PrincipalConstraint::Any;
    if anybody && policy.resource_constraint() == ResourceConstraint::Any {
        let beyond = whole.non_scope_constraints().cloned();
        return Ok(beyond.unwrap_or_else(|| Expr::val(true)));
    }
    Ok(whole.condition())
}

/// Says the same without making a set at each evaluation: `[a, b].contains(x)` as `a == x || b ==
/// x`, and `x.containsAny([a, b])` as `x.contains(a) || x.contains(b)`, where a and b are literals.
/// The tests hold every decision against Cedar's authorizer over the text as it stands.
fn without_sets(form: &mut Value) {
    if let Some(said) = in_turn(form, "contains", ["right", "left"], "==")
        .or_else(|| in_turn(form, "containsAny", ["left", "right"], "contains"))
    {
        *form = said;
    }
    match form {
        Value::Array(all) => all.iter_mut().for_each(without_sets),
        Value::Object(all) => all.values_mut().for_each(without_sets),
        _ => {}
    }
}

/// The operator with a set of literals on one side, as `each` of them in turn.
fn in_turn(form: &Value, operator: &str, [one, set]: [&str; 2], each: &str) -> Option<Value> {
    let sides = form.get(operator)?;
    let (one, set) = (sides.get(one)?, sides.get(set)?.get("Set")?.as_array()?);
    let literals = set.iter().all(|v| v.get("Value").is_some());
    if !literals || set.len() > SET_MAX || one.to_string().len() > SIDE_BYTES_MAX {
        return None;
    }
    let said = |v: &Value| json!({ each: { "left": one, "right": v } });
    set.iter()
        .map(said)
        .reduce(|a, b| json!({ "||": { "left": a, "right": b } }))
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
    plain::check(text).map_err(failed)?;
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
    // At level 1 attributes are read of who asks, of the request and of the action alone: of these
    // the solver and the city know the same. Of anybody else named in a text the solver would
    // assume that they are known, and the city does not know them.
    let checked = Validator::new(schema.clone()).validate_with_level(
        &named,
        ValidationMode::Strict,
        DEREFERENCES_MAX,
    );
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
