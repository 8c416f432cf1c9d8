//! The facts as Cedar's values: who asks and the request are entities, everybody else is named in
//! them. Never leaves a fact out, never adds one. Built from values that are made once: through
//! expressions, which Cedar's outer interface takes, this is half of a decision's time.

use std::collections::{BTreeMap, HashSet};
use std::str::FromStr;
use std::sync::Arc;

use cedar_policy_core::ast::{
    Context, Eid, Entity, EntityType, EntityUID, EntityUIDEntry, Literal, Request, Value,
};
use cedar_policy_core::entities::{Entities, NoEntitiesSchema, TCComputation};
use cedar_policy_core::extensions::Extensions;
use loggia_model::{Body, PersonId, Purpose, Role, Roles};

use crate::Error;
use crate::facts::{Ask, Basis, Facts, Party, Standing, State};

const BODIES: [Body; 3] = [Body::Police, Body::Oversight, Body::City];
const ROLES: [Role; 6] = [
    Role::Operator,
    Role::Investigator,
    Role::Approver,
    Role::Custodian,
    Role::Auditor,
    Role::Administrator,
];
const PURPOSES: [Purpose; 5] = [
    Purpose::Investigation,
    Purpose::DangerToLife,
    Purpose::SubjectAccess,
    Purpose::IncidentLive,
    Purpose::AuditSample,
];

/// What a decision is asked about.
pub(crate) struct Question {
    pub(crate) request: Request,
    pub(crate) entities: Entities,
}

/// Everything in the schema that has a name of its own.
pub(crate) struct Kinds {
    person: EntityType,
    this: Arc<EntityUID>,
    actions: BTreeMap<&'static str, Arc<EntityUID>>,
    bodies: Named<Body>,
    purposes: Named<Purpose>,
    states: Named<State>,
    /// Each set of roles, at the number that has a bit for each role.
    roles: Vec<Value>,
}

/// Members of a closed list with their values.
struct Named<T>(Vec<(T, Value)>);

impl<T: Copy + PartialEq> Named<T> {
    fn new(kind: &str, all: &[T], word: impl Fn(T) -> &'static str) -> Result<Self, Error> {
        let ty = kind_of(kind)?;
        let one = |t: &T| (*t, named(uid(&ty, word(*t))));
        Ok(Self(all.iter().map(one).collect()))
    }

    fn get(&self, member: T) -> Result<Value, Error> {
        let found = self.0.iter().find(|(t, _)| *t == member);
        let (_, value) = found.ok_or_else(|| Error::Evaluation("a word without value".into()))?;
        Ok(value.clone())
    }
}

fn kind_of(name: &str) -> Result<EntityType, Error> {
    EntityType::from_str(name).map_err(failed)
}

fn uid(kind: &EntityType, id: &str) -> Arc<EntityUID> {
    let id = Eid::new(id);
    Arc::new(EntityUID::from_components(kind.clone(), id, None))
}

fn named(uid: Arc<EntityUID>) -> Value {
    Value::from(Literal::EntityUID(uid))
}

pub(crate) fn failed(e: impl core::fmt::Display) -> Error {
    Error::Evaluation(e.to_string())
}

impl Kinds {
    pub(crate) fn new() -> Result<Self, Error> {
        let action = kind_of("Action")?;
        let actions = Ask::ALL.map(|a| (a.word(), uid(&action, a.word())));
        let role = kind_of("Role")?;
        let subset = |bits: u32| {
            let held = ROLES.iter().filter(|r| bits & bit(**r) != 0);
            Value::set(held.map(|r| named(uid(&role, role_word(*r)))), None)
        };
        Ok(Self {
            person: kind_of("Person")?,
            this: uid(&kind_of("Request")?, "this"),
            actions: actions.into_iter().collect(),
            bodies: Named::new("Body", &BODIES, body_word)?,
            purposes: Named::new("Purpose", &PURPOSES, purpose_word)?,
            states: Named::new("State", &State::ALL, State::word)?,
            roles: (0..1 << ROLES.len()).map(subset).collect(),
        })
    }

    /// The facts as Cedar's request and entities.
    pub(crate) fn question(&self, facts: &Facts) -> Result<Question, Error> {
        let who = uid(&self.person, &facts.who.person.0);
        let person = entity(&who, self.party(&facts.who)?.into_iter().collect());
        let request = entity(&self.this, self.request(facts)?);
        let context = BTreeMap::from([
            ("now".into(), Value::from(facts.now.0)),
            ("until".into(), Value::from(facts.until.0)),
        ]);
        let action = self.actions.get(facts.ask.word());
        let action = action.ok_or_else(|| Error::Evaluation("no such action".into()))?;
        let known = |euid: &Arc<EntityUID>| EntityUIDEntry::Known {
            euid: Arc::clone(euid),
            loc: None,
        };
        Ok(Question {
            request: Request::new_unchecked(
                known(&who),
                known(action),
                known(&self.this),
                Some(Context::Value(Arc::new(context))),
            ),
            // Neither has ancestors.
            entities: Entities::from_entities(
                [person, request],
                None::<&NoEntitiesSchema>,
                TCComputation::AssumeAlreadyComputed,
                Extensions::all_available(),
            )
            .map_err(failed)?,
        })
    }

    fn request(&self, facts: &Facts) -> Result<Vec<(&'static str, Value)>, Error> {
        let requester = [
            ("person", self.person(&facts.requester.person)),
            ("body", self.bodies.get(facts.requester.body)?),
        ];
        let mut request = vec![
            ("purpose", self.purposes.get(facts.purpose)?),
            ("state", self.states.get(facts.state)?),
            ("basis_listed", Value::from(facts.basis == Basis::Listed)),
            ("requester", Value::record(requester, None)),
        ];
        if let Some(approver) = &facts.approver {
            let person = ("person", self.person(&approver.person));
            let record = self.party(approver)?.into_iter().chain([person]);
            request.push(("approver", Value::record(record, None)));
        }
        for (name, custodian) in [
            ("police_custodian", &facts.police_custodian),
            ("oversight_custodian", &facts.oversight_custodian),
        ] {
            if let Some(person) = custodian {
                request.push((name, self.person(person)));
            }
        }
        Ok(request)
    }

    fn person(&self, person: &PersonId) -> Value {
        named(uid(&self.person, &person.0))
    }

    fn party(&self, party: &Party) -> Result<[(&'static str, Value); 3], Error> {
        Ok([
            ("body", self.bodies.get(party.body)?),
            ("roles", self.roles(&party.roles)?),
            ("enabled", Value::from(party.standing == Standing::Enabled)),
        ])
    }

    fn roles(&self, roles: &Roles) -> Result<Value, Error> {
        let bits = roles.iter().fold(0, |bits, r| bits | bit(*r));
        let set = usize::try_from(bits).ok().and_then(|n| self.roles.get(n));
        set.cloned()
            .ok_or_else(|| Error::Evaluation("a set of roles without value".into()))
    }
}

fn entity(uid: &Arc<EntityUID>, attrs: Vec<(&'static str, Value)>) -> Entity {
    let attrs = attrs.into_iter().map(|(k, v)| (k.into(), v.into()));
    Entity::new_with_attr_partial_value(
        EntityUID::clone(uid),
        attrs,
        HashSet::new(),
        HashSet::new(),
        [],
    )
}

/// A bit for each role.
fn bit(role: Role) -> u32 {
    match role {
        Role::Operator => 1,
        Role::Investigator => 2,
        Role::Approver => 4,
        Role::Custodian => 8,
        Role::Auditor => 16,
        Role::Administrator => 32,
    }
}

fn body_word(body: Body) -> &'static str {
    match body {
        Body::Police => "police",
        Body::Oversight => "oversight",
        Body::City => "city",
    }
}

fn role_word(role: Role) -> &'static str {
    match role {
        Role::Operator => "operator",
        Role::Investigator => "investigator",
        Role::Approver => "approver",
        Role::Custodian => "custodian",
        Role::Auditor => "auditor",
        Role::Administrator => "administrator",
    }
}

fn purpose_word(purpose: Purpose) -> &'static str {
    match purpose {
        Purpose::Investigation => "investigation",
        Purpose::DangerToLife => "danger_to_life",
        Purpose::SubjectAccess => "subject_access",
        Purpose::IncidentLive => "incident_live",
        Purpose::AuditSample => "audit_sample",
    }
}
