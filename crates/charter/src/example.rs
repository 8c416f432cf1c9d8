//! A counterexample: a request that the policy answers wrongly, in words and as a file that anybody
//! can replay. Never holds real people: the solver made them up.

use core::fmt::Write as _;
use std::str::FromStr;

use cedar_policy::{Context, Entities, EntityUid, EvalResult, Request};
use cedar_policy_symcc::Env;
use loggia_model::Digest;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::reason::{Decision, sentence};
use crate::statute::Answer;
use crate::{Error, Statute};

/// Longest request file.
const EXAMPLE_BYTES_MAX: usize = 256 * 1024;

/// A request in Cedar's own JSON, with the clause that it breaks.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Example {
    /// Format, 1.
    pub v: u8,
    /// Hash of the policy that answers it wrongly.
    pub policy: Digest,
    /// The clause of the charter.
    pub clause: String,
    /// What that clause says.
    pub says: String,
    /// What happens, in words.
    pub words: String,
    /// Who asks.
    pub principal: String,
    /// What for.
    pub action: String,
    /// About which request.
    pub resource: String,
    /// Now and until.
    pub context: Value,
    /// People and request with their attributes.
    pub entities: Value,
}

/// What a policy answers to an example.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Replayed {
    /// The answer, and which policies gave it.
    pub answer: Answer,
    /// The example in words.
    pub words: String,
}

impl Replayed {
    /// The answer in a line.
    #[must_use]
    pub fn line(&self) -> String {
        let by = self.answer.by.join(", ");
        match &self.answer.decision {
            Decision::Allow => format!("allowed by {by}"),
            Decision::Deny(_) if by.is_empty() => "denied: no policy permits it".to_owned(),
            Decision::Deny(reasons) => format!("denied by {by}: {}", sentence(reasons)),
        }
    }
}

fn bad(e: impl core::fmt::Display) -> Error {
    Error::Example(e.to_string())
}

impl Example {
    pub(crate) fn new(
        statute: &Statute,
        clause: &str,
        says: &str,
        found: &Env,
    ) -> Result<Self, Error> {
        let (Some(principal), Some(action), Some(resource), Some(context)) = (
            found.request.principal(),
            found.request.action(),
            found.request.resource(),
            found.request.context(),
        ) else {
            return Err(bad("the solver's example is not whole"));
        };
        let words = words(&found.request, &found.entities).unwrap_or_default();
        let mut example = Self {
            v: 1,
            policy: statute.hash(),
            clause: clause.to_owned(),
            says: says.to_owned(),
            words,
            principal: principal.to_string(),
            action: action.to_string(),
            resource: resource.to_string(),
            context: context.to_json_value().map_err(bad)?,
            entities: found.entities.to_json_value().map_err(bad)?,
        };
        let answer = example.replay(statute)?;
        let _ = write!(example.words, " The policy answers: {}.", answer.line());
        Ok(example)
    }

    /// Reads a request file.
    ///
    /// # Errors
    /// [`Error::Example`] with what is wrong.
    pub fn parse(json: &str) -> Result<Self, Error> {
        if json.len() > EXAMPLE_BYTES_MAX {
            return Err(bad(format!("it is over {EXAMPLE_BYTES_MAX} bytes")));
        }
        let example: Self = serde_json::from_str(json).map_err(bad)?;
        if example.v != 1 {
            return Err(bad("only version 1 is known"));
        }
        Ok(example)
    }

    /// The request file.
    ///
    /// # Errors
    /// When it cannot be written as JSON.
    pub fn to_json(&self) -> Result<String, Error> {
        serde_json::to_string_pretty(self).map_err(bad)
    }

    /// Asks a policy the same, with Cedar's own evaluator and no solver.
    ///
    /// # Errors
    /// [`Error::Example`] when the request does not fit the policy's schema.
    pub fn replay(&self, statute: &Statute) -> Result<Replayed, Error> {
        let uid = |s: &str| EntityUid::from_str(s).map_err(bad);
        let action = uid(&self.action)?;
        let context =
            Context::from_json_value(self.context.clone(), Some((&statute.schema, &action)))
                .map_err(bad)?;
        let entities =
            Entities::from_json_value(self.entities.clone(), Some(&statute.schema)).map_err(bad)?;
        let request = Request::new(
            uid(&self.principal)?,
            action,
            uid(&self.resource)?,
            context,
            Some(&statute.schema),
        )
        .map_err(bad)?;
        let words = words(&request, &entities).unwrap_or_default();
        let answer = statute.judge(&request, &entities)?;
        Ok(Replayed { answer, words })
    }
}

/// Attributes of one thing, whatever is there.
struct Seen<'a>(Box<Look<'a>>);

type Look<'a> = dyn Fn(&str) -> Option<EvalResult> + 'a;

impl Seen<'_> {
    fn word(&self, name: &str) -> String {
        match (self.0)(name) {
            Some(EvalResult::EntityUid(uid)) => uid.id().unescaped().replace('_', " "),
            Some(EvalResult::Bool(yes)) => yes.to_string(),
            Some(EvalResult::Long(n)) => n.to_string(),
            _ => String::from("?"),
        }
    }

    fn quoted(&self, name: &str) -> String {
        format!("“{}”", self.word(name))
    }

    fn is(&self, name: &str) -> Option<bool> {
        match (self.0)(name) {
            Some(EvalResult::Bool(yes)) => Some(yes),
            _ => None,
        }
    }

    fn record(&self, name: &str) -> Option<Seen<'_>> {
        match (self.0)(name) {
            Some(EvalResult::Record(r)) => Some(Seen(Box::new(move |n| r.get(n).cloned()))),
            _ => None,
        }
    }

    /// "of the police, investigator, enabled".
    fn party(&self) -> String {
        let mut words = format!("of the body “{}”", self.word("body"));
        if let Some(EvalResult::Set(roles)) = (self.0)("roles") {
            let roles: Vec<String> = roles
                .iter()
                .filter_map(|r| match r {
                    EvalResult::EntityUid(uid) => Some(uid.id().unescaped().to_owned()),
                    _ => None,
                })
                .collect();
            let _ = match roles.is_empty() {
                true => write!(words, ", without any role"),
                false => write!(words, ", as {}", roles.join(" and ")),
            };
        }
        match self.is("enabled") {
            Some(true) => words.push_str(", enabled"),
            Some(false) => words.push_str(", disabled"),
            None => {}
        }
        words
    }
}

/// The example as a person would tell it. None where the schema is another.
fn words(request: &Request, entities: &Entities) -> Option<String> {
    let of = |uid: &EntityUid| {
        let entity = entities.get(uid)?.clone();
        Some(Seen(Box::new(move |n: &str| entity.attr(n)?.ok())))
    };
    let who = of(request.principal()?)?;
    let what = of(request.resource()?)?;
    let context = request.context()?;
    let time = |name| match context.get(name) {
        Some(EvalResult::Long(n)) => n.to_string(),
        _ => String::from("?"),
    };
    let mut told = format!(
        "“{}”, {}, asks for “{}” at time {} (until {})",
        request.principal()?.id().unescaped(),
        who.party(),
        request.action()?.id().unescaped(),
        time("now"),
        time("until"),
    );
    let requester = what.record("requester")?;
    let listed = match what.is("basis_listed") {
        Some(true) => "a listed law",
        _ => "a law that is not listed",
    };
    let _ = write!(
        told,
        " about a request for “{}” under {listed}, which is “{}” and was filed by {}, {}",
        what.word("purpose"),
        what.word("state"),
        requester.quoted("person"),
        requester.party(),
    );
    let _ = match what.record("approver") {
        Some(a) => write!(told, "; approved by {}, {}", a.quoted("person"), a.party()),
        None => write!(told, "; approved by nobody"),
    };
    for (name, group) in [
        ("police_custodian", "the police"),
        ("oversight_custodian", "the oversight body"),
    ] {
        let _ = match what.0(name) {
            Some(_) => write!(told, "; released for {group} by {}", what.quoted(name)),
            None => write!(told, "; not released for {group}"),
        };
    }
    told.push('.');
    Some(told)
}
