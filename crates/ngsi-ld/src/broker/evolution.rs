//! What the temporal API writes, as records of the log, and what the history takes from all records
//! (clauses 5.6.11 to 5.6.16). Never changes an entity's present: that is the entity API's.

use loggia_store::bus::{BODY_BYTES_MAX, Record};

use super::record::{self, CHANGED, DELETED, EVOLVED};
use super::write::{Kept, key};
use super::{Broker, Caller, of};
use crate::context::Context;
use crate::entity::{Attribute, Draft, Representation};
use crate::error::Error;
use crate::history::{Erased, HistoryOp, What, ops_of, ops_of_fragment};
use crate::iri::Iri;
use crate::json::{Emit, Json, write_string};
use crate::rights::Deed;
use crate::temporal::{InstanceId, TemporalFragment};
use crate::time::Time;
use crate::write::{Form, View};

/// What a request of the temporal API does to one entity's history.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Evolved {
    /// Instances, and types, are added (clauses 5.6.11 and 5.6.12).
    Added(TemporalFragment),
    /// An instance is replaced (clause 5.6.14).
    Replaced(InstanceId, Box<Attribute>),
    /// An instance is erased (clause 5.6.15).
    InstanceErased(Iri, InstanceId),
    /// An attribute's history is erased (clause 5.6.13).
    AttributeErased(Iri, Erased),
    /// All of it is erased (clause 5.6.16).
    Erased,
}

impl Broker {
    /// Hands what a request does to the log; the history follows it.
    ///
    /// # Errors
    /// [`Error::Busy`], [`Error::TooMany`] tenants.
    pub(crate) fn evolve<C: Caller + ?Sized>(
        &self,
        caller: &C,
        id: &str,
        what: &Evolved,
    ) -> Result<Kept, Error> {
        if let Some(rights) = caller.may(Deed::Write)? {
            rights.all_data()?;
        }
        let tenant = caller.tenant();
        let body = written(tenant, id, what, &self.core);
        if body.len() > BODY_BYTES_MAX {
            let what = format!("more than {BODY_BYTES_MAX} bytes of history: send it in parts");
            return Err(Error::bad("", what));
        }
        let mut state = self.state_mut();
        self.tenant_made(&mut state, tenant)?;
        let ticket = self.append(EVOLVED, key(tenant, id), self.now(), &body)?;
        drop(state);
        Ok(ticket.into())
    }

    /// Adds instances to an entity's history alone: what came late, when something newer is known
    /// (clause 5.6.12, of whoever writes within this process).
    ///
    /// # Errors
    /// [`Error::BadData`] without an id, [`Error::Busy`], [`Error::TooMany`] tenants.
    pub fn remember(&self, tenant: &str, past: TemporalFragment) -> Result<Kept, Error> {
        let Some(id) = past.id.clone() else {
            return Err(Error::bad("id", "an entity has an id, which is a URI"));
        };
        self.evolve(tenant, &id, &Evolved::Added(past))
    }

    /// # Errors
    /// [`Error::NoTenant`] if there is no such tenant.
    pub(crate) fn knows_tenant<C: Caller + ?Sized>(&self, caller: &C) -> Result<(), Error> {
        of(&self.state(), caller.tenant()).map(|_| ())
    }

    /// What the history takes from a record.
    ///
    /// # Errors
    /// [`Error::Broken`] if it does not read.
    pub(crate) fn history_ops(&self, row: &Record) -> Result<Vec<HistoryOp>, Error> {
        let (seq, at) = (row.seq(), Time::of_micros(row.at().0));
        match row.kind() {
            CHANGED | DELETED => {
                let change = record::read(seq, at, row.body(), &self.core)?;
                Ok(ops_of(&change))
            }
            EVOLVED => {
                let json = Json::read(row.body())?;
                let read = read((seq, at), &json, &self.core);
                read.ok_or_else(|| Error::Broken(format!("record {seq} does not read")))
            }
            _ => Ok(Vec::new()),
        }
    }
}

fn written(tenant: &str, id: &str, what: &Evolved, core: &Context) -> Vec<u8> {
    let mut out = Vec::with_capacity(1_024);
    let mut object = Emit::object(&mut out);
    object.text("tenant", tenant);
    object.text("id", id);
    match what {
        Evolved::Added(fragment) => {
            let mut types = Emit::array(object.member("types"));
            for name in &fragment.types {
                write_string(types.item(), name);
            }
            types.end();
            let mut list = Emit::array(object.member("added"));
            for instance in &fragment.instances {
                write_instance(instance, core, list.item());
            }
            list.end();
        }
        Evolved::Replaced(instance, attribute) => {
            object.text("instanceId", &instance.to_string());
            write_instance(attribute, core, object.member("replaced"));
        }
        Evolved::InstanceErased(name, instance) => {
            object.text("instanceId", &instance.to_string());
            object.text("instanceErased", name);
        }
        Evolved::AttributeErased(name, which) => {
            match which {
                Erased::All => object.json("all", &Json::Bool(true)),
                Erased::Dataset(id) => object.text("datasetId", id),
                Erased::Default => {}
            }
            object.text("attributeErased", name);
        }
        Evolved::Erased => object.json("erased", &Json::Bool(true)),
    }
    object.end();
    out
}

/// Under the core @context, as entities stand in the log.
fn write_instance(instance: &Attribute, core: &Context, out: &mut Vec<u8>) {
    let mut object = Emit::object(out);
    object.text("attribute", &instance.name);
    View::of(core, Form::Normalized).attribute(&[instance], object.member("instance"));
    object.end();
}

fn read((seq, at): (u64, Time), json: &Json, core: &Context) -> Option<Vec<HistoryOp>> {
    let text = |name: &str| json.get(name).and_then(Json::as_str);
    let (tenant, entity) = (text("tenant")?, text("id")?);
    if let Some(list) = json.get("added") {
        let types = json.get("types")?.items()?;
        let types = types.iter().map(|t| t.as_str().map(Iri::new));
        let instances = list.items()?.iter().map(|i| read_instance(i, at, core));
        let fragment = TemporalFragment {
            id: None,
            types: types.collect::<Option<_>>()?,
            instances: instances.collect::<Option<_>>()?,
        };
        return Some(ops_of_fragment((seq, at), tenant, entity, &fragment));
    }
    let id = || text("instanceId").and_then(InstanceId::read);
    let what = if let Some(instance) = json.get("replaced") {
        What::InstanceReplaced {
            id: id()?,
            attribute: Box::new(read_instance(instance, at, core)?),
        }
    } else if let Some(name) = text("instanceErased") {
        What::InstanceErased {
            name: Iri::new(name),
            id: id()?,
        }
    } else if let Some(name) = text("attributeErased") {
        let which = match (json.get("all"), text("datasetId")) {
            (Some(_), _) => Erased::All,
            (None, Some(id)) => Erased::Dataset(id.into()),
            (None, None) => Erased::Default,
        };
        What::AttributeErased {
            name: Iri::new(name),
            which,
        }
    } else {
        json.get("erased").map(|_| What::Erased)?
    };
    Some(vec![HistoryOp {
        seq,
        place: 0,
        at,
        tenant: tenant.into(),
        entity: entity.into(),
        what,
    }])
}

fn read_instance(json: &Json, at: Time, core: &Context) -> Option<Attribute> {
    let name = json.get("attribute")?.as_str()?;
    let instance = json.get("instance")?.clone();
    let draft = Draft::read(name, instance, core, Representation::Detected).ok()?;
    draft.complete(at).ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::context::Contexts;

    #[test]
    fn what_is_written_is_read_back() {
        let core = Contexts::new().core().expect("the core");
        let list = Json::read(br#"{"x": "https://x.example/#", "speed": "x:speed"}"#);
        let user = Contexts::new().compile(&list.expect("JSON"));
        let user = user.expect("a context");
        let at = Time::read("2026-08-10T12:00:00Z").expect("a time");
        let body = r#"{"id": "urn:x:1", "type": ["x:Car", "Bus"], "scope": ["/a", "/b"],
            "speed": [{"value": 1, "observedAt": "2026-08-10T11:00:00Z", "unitCode": "KMH",
                       "own": {"value": {"a": [1.5, "é"]}}, "datasetId": "urn:x:d"}],
            "r": {"object": ["urn:x:2"]}, "v": {"vocab": ["speed", "y"]}, "j": {"json": [1]},
            "l": {"languageMap": {"en": "a"}}, "li": {"valueList": [1]},
            "lr": {"objectList": ["urn:x:3"]},
            "g": {"type": "GeoProperty", "value": {"type": "Point", "coordinates": [1, 2]}}}"#;
        let body = Json::read(body.as_bytes()).expect("JSON");
        let fragment = TemporalFragment::read_entity(body, &user, at).expect("a fragment");
        let back = |what: &Evolved| {
            let bytes = written("town", "urn:x:1", what, &core);
            let json = Json::read(&bytes).expect("JSON");
            read((7, at), &json, &core).expect("a record")
        };
        let expected = ops_of_fragment((7, at), "town", "urn:x:1", &fragment);
        assert_eq!(back(&Evolved::Added(fragment.clone())), expected);
        let speed = fragment.instances[1].clone();
        let (name, id) = (speed.name.clone(), InstanceId::of(3, 1));
        for (what, expected) in [
            (
                Evolved::Replaced(id, Box::new(speed.clone())),
                What::InstanceReplaced {
                    id,
                    attribute: Box::new(speed),
                },
            ),
            (
                Evolved::InstanceErased(name.clone(), id),
                What::InstanceErased {
                    name: name.clone(),
                    id,
                },
            ),
            (
                Evolved::AttributeErased(name.clone(), Erased::Dataset("urn:x:d".into())),
                What::AttributeErased {
                    name: name.clone(),
                    which: Erased::Dataset("urn:x:d".into()),
                },
            ),
            (
                Evolved::AttributeErased(name.clone(), Erased::All),
                What::AttributeErased {
                    name,
                    which: Erased::All,
                },
            ),
            (Evolved::Erased, What::Erased),
        ] {
            assert_eq!(back(&what)[0].what, expected);
        }
    }
}
