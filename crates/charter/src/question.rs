//! The facts in Cedar's form: who asks and the request are entities, everybody else is named in
//! them. Never leaves a fact out, never adds one.

use std::collections::{HashMap, HashSet};
use std::str::FromStr;

use cedar_policy::{
    Context, Entities, Entity, EntityId, EntityTypeName, EntityUid, Request,
    RestrictedExpression as Value,
};
use loggia_model::{Body, PersonId, Purpose, Role, Roles};

use crate::Error;
use crate::facts::{Basis, Facts, Party, Standing};

/// The names of the schema's entities, parsed once.
pub(crate) struct Kinds {
    action: EntityTypeName,
    body: EntityTypeName,
    person: EntityTypeName,
    purpose: EntityTypeName,
    request: EntityTypeName,
    role: EntityTypeName,
    state: EntityTypeName,
}

fn uid(kind: &EntityTypeName, id: &str) -> EntityUid {
    EntityUid::from_type_name_and_id(kind.clone(), EntityId::new(id))
}

fn entity(kind: &EntityTypeName, id: &str) -> Value {
    Value::new_entity_uid(uid(kind, id))
}

pub(crate) fn failed(e: impl core::fmt::Display) -> Error {
    Error::Evaluation(e.to_string())
}

impl Kinds {
    pub(crate) fn new() -> Result<Self, Error> {
        let kind = |s: &str| EntityTypeName::from_str(s).map_err(failed);
        Ok(Self {
            action: kind("Action")?,
            body: kind("Body")?,
            person: kind("Person")?,
            purpose: kind("Purpose")?,
            request: kind("Request")?,
            role: kind("Role")?,
            state: kind("State")?,
        })
    }

    /// The facts as Cedar's request and entities.
    pub(crate) fn question(&self, facts: &Facts) -> Result<(Request, Entities), Error> {
        let who = uid(&self.person, &facts.who.person.0);
        let what = uid(&self.request, "this");
        let times = Context::from_pairs([
            ("now".to_owned(), Value::new_long(facts.now.0)),
            ("until".to_owned(), Value::new_long(facts.until.0)),
        ])
        .map_err(failed)?;
        let person = Entity::new(
            who.clone(),
            self.party(&facts.who).into_iter().collect(),
            HashSet::new(),
        );
        let request = Entity::new(what.clone(), self.request(facts)?, HashSet::new());
        let entities =
            Entities::from_entities([person.map_err(failed)?, request.map_err(failed)?], None)
                .map_err(failed)?;
        let action = uid(&self.action, facts.ask.word());
        let request = Request::new(who, action, what, times, None).map_err(failed)?;
        Ok((request, entities))
    }

    fn request(&self, facts: &Facts) -> Result<HashMap<String, Value>, Error> {
        let requester = Value::new_record([
            ("person".to_owned(), self.person(&facts.requester.person)),
            (
                "body".to_owned(),
                entity(&self.body, body_word(facts.requester.body)),
            ),
        ])
        .map_err(failed)?;
        let mut request = HashMap::from([
            (
                "purpose".to_owned(),
                entity(&self.purpose, purpose_word(facts.purpose)),
            ),
            ("state".to_owned(), entity(&self.state, facts.state.word())),
            (
                "basis_listed".to_owned(),
                Value::new_bool(facts.basis == Basis::Listed),
            ),
            ("requester".to_owned(), requester),
        ]);
        if let Some(approver) = &facts.approver {
            let person = ("person".to_owned(), self.person(&approver.person));
            let record = self.party(approver).into_iter().chain([person]);
            request.insert(
                "approver".to_owned(),
                Value::new_record(record).map_err(failed)?,
            );
        }
        for (name, custodian) in [
            ("police_custodian", &facts.police_custodian),
            ("oversight_custodian", &facts.oversight_custodian),
        ] {
            if let Some(person) = custodian {
                request.insert(name.to_owned(), self.person(person));
            }
        }
        Ok(request)
    }

    fn person(&self, person: &PersonId) -> Value {
        entity(&self.person, &person.0)
    }

    fn party(&self, party: &Party) -> [(String, Value); 3] {
        [
            ("body".to_owned(), entity(&self.body, body_word(party.body))),
            ("roles".to_owned(), self.roles(&party.roles)),
            (
                "enabled".to_owned(),
                Value::new_bool(party.standing == Standing::Enabled),
            ),
        ]
    }

    fn roles(&self, roles: &Roles) -> Value {
        Value::new_set(roles.iter().map(|r| entity(&self.role, role_word(*r))))
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
