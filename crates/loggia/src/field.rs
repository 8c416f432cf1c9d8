//! Wiring of field devices to the data plane: a line for each MQTT server, and readings as
//! attributes of entities. Never decides what a reading is.

use std::hash::{Hash, Hasher};
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context, anyhow};
use loggia_field::{
    Change, ConfigError, FieldConfig, Intake, Kept, Line, Refused, Server, ServerConfig, Sink,
    Standing, When, entity, qualities, quality_of, temporal,
};
use loggia_model::{At, Measured};
use loggia_ngsi_ld::broker::{Broker, Kept as OnDisk};
use loggia_ngsi_ld::query::{Filter, Tree, TypeName, TypeQuery};
use loggia_ngsi_ld::temporal::TemporalFragment;
use loggia_ngsi_ld::update::{self, Outcome, Overwrite};
use loggia_ngsi_ld::{
    Attribute, Context as Names, Draft, Entity, Error, Fragment, Iri, Json, Representation, Value,
};
use tokio::sync::watch;
use tokio::task::JoinSet;

use crate::data_plane;
use crate::house::House;

/// What the demo listens to, if an MQTT server is on this machine.
const DEMO: &str = include_str!("../../../demo/field.toml");
/// Lines end within this time, or are ended.
const PATIENCE: Duration = Duration::from_secs(2);

/// The demo's part of a configuration. Each demo of a machine has a name of its own there.
pub fn demo(data: &Path) -> anyhow::Result<FieldConfig> {
    let mut config: FieldConfig = toml::from_str(DEMO).context("demo/field.toml")?;
    let mut hasher = std::hash::DefaultHasher::new();
    data.hash(&mut hasher);
    for server in &mut config.server {
        server.client_id = Some(format!("loggia-demo-{:016x}", hasher.finish()));
    }
    Ok(config)
}

/// Lines that run.
pub struct Lines {
    stop: watch::Sender<bool>,
    running: JoinSet<()>,
}

impl Lines {
    /// Ends them: what is not yet acknowledged comes again at the next start.
    pub async fn stop(mut self) {
        let _ = self.stop.send(true);
        let all = async { while self.running.join_next().await.is_some() {} };
        let _ = tokio::time::timeout(PATIENCE, all).await;
    }
}

/// Each server with what its messages are readings of: the configuration, checked.
pub fn lines(config: &FieldConfig) -> anyhow::Result<Vec<(&ServerConfig, Server, Intake)>> {
    let named = |e: ConfigError| anyhow!("[field] {e}");
    let plans = config.plans(&line_of).map_err(named)?;
    let each = plans.into_iter().map(|(server, plan)| {
        let checked = Server::read(server, &line_of).map_err(named)?;
        Ok((server, checked, Intake::new(plan)))
    });
    each.collect()
}

/// Listens to every server of the configuration.
pub fn listen(house: &House) -> anyhow::Result<Lines> {
    let sink: Arc<dyn Sink> = Arc::new(DataPlane(Arc::clone(&house.broker)));
    let (stop, stopped) = watch::channel(false);
    let mut running = JoinSet::new();
    for (config, server, intake) in lines(&house.field)? {
        let tls = data_plane::client(config.ca.as_deref())?;
        let (sink, clock) = (Arc::clone(&sink), Arc::clone(&house.clock));
        let line = Line::new(server, intake, sink, clock, tls);
        running.spawn(line.run(stopped.clone()));
    }
    Ok(Lines { stop, running })
}

/// The first line of a file: a password, a key.
fn line_of(path: &Path) -> Result<String, ConfigError> {
    let text = std::fs::read_to_string(path);
    let text = text.map_err(|e| ConfigError(format!("{} cannot be read: {e}", path.display())))?;
    match text.lines().next().map(str::trim) {
        Some(line) if !line.is_empty() => Ok(line.to_owned()),
        _ => Err(ConfigError(format!("{} is empty", path.display()))),
    }
}

/// The data plane as readings see it.
struct DataPlane(Arc<Broker>);

impl Sink for DataPlane {
    fn write(&self, change: &Change) -> Result<Kept, Refused> {
        let kept = match change.when {
            When::Now => self.now(change),
            When::Past => self.past(change),
        };
        let kept = kept.map_err(|e| match e {
            Error::Busy => Refused::Busy,
            Error::Broken(why) => Refused::Broken(why),
            other => Refused::Wrong(other.to_string()),
        })?;
        Ok(Box::pin(
            async move { kept.await.map_err(|e| e.to_string()) },
        ))
    }

    fn standing(&self, tenant: &str, kind: &str, attributes: &[&str]) -> Vec<Standing> {
        let core = self.0.core();
        let Some(iri) = core.expand_name(kind) else {
            return Vec::new();
        };
        let name = kind.into();
        let filter = Filter {
            types: Some(TypeQuery::Of(Tree::Leaf(TypeName { name, iri }))),
            ..Filter::default()
        };
        let named = attributes
            .iter()
            .filter_map(|n| Some((*n, core.expand_name(n)?)));
        let named: Vec<(&str, Iri)> = named.collect();
        let mut all = Vec::new();
        // A tenant that nobody wrote to yet has nothing that stands.
        let _ = self.0.each(tenant, &filter, |entity| {
            let each = named
                .iter()
                .filter_map(|(n, iri)| standing(&entity, n, iri, core));
            all.extend(each);
            true
        });
        all
    }
}

fn standing(entity: &Entity, name: &str, iri: &Iri, core: &Names) -> Option<Standing> {
    let attribute = entity.instance(iri, None)?;
    let value = match &attribute.value {
        Value::Property(Json::Number(n)) => Measured::Number(n.as_f64()?),
        Value::Property(Json::Bool(b)) => Measured::Flag(*b),
        Value::Property(Json::String(s)) => Measured::Text(s.clone()),
        _ => return None,
    };
    Some(Standing {
        entity: entity.id.clone(),
        attribute: name.into(),
        value,
        at: At(attribute.observed_at?.micros()),
        quality: quality_of(|word| word_of(attribute, core, word)),
    })
}

/// A text among an attribute's attributes.
fn word_of<'a>(attribute: &'a Attribute, core: &Names, name: &str) -> Option<&'a str> {
    let name = core.expand_name(name)?;
    let found = attribute.attributes().iter().find(|a| a.name == name)?;
    match &found.value {
        Value::Property(Json::String(word)) => Some(word),
        _ => None,
    }
}

impl DataPlane {
    /// Appends readings, and changes what is said of those that are there.
    fn now(&self, change: &Change) -> Result<OnDisk, Error> {
        let (broker, core) = (&self.0, self.0.core());
        let fragment = Fragment::read(entity(change).into(), core, Representation::Detected)?;
        let mut drafts = Vec::new();
        for (name, body) in qualities(change) {
            let as_ = Representation::Detected;
            drafts.push(Draft::read_update(name, body.into(), core, as_)?);
        }
        let has_readings = !fragment.attributes.is_empty();
        // A device that writes does so a second time more often than a first time.
        for _ in 0..2 {
            let (fragment, drafts) = (fragment.clone(), drafts.clone());
            let changed = broker.change(&change.tenant, &change.entity, |before, now| {
                let mut outcome = match has_readings {
                    true => update::append(before, fragment, Overwrite::Yes, now)?,
                    false => unchanged(before),
                };
                for draft in drafts {
                    let next = match update::update_attribute(&outcome.entity, draft, now) {
                        // Somebody took the attribute away: there is nothing to be bad.
                        Err(Error::NotFound(_)) => continue,
                        next => next?,
                    };
                    outcome.entity = next.entity;
                    outcome.changed.extend(next.changed);
                }
                Ok(outcome)
            });
            match changed {
                Ok((_, kept)) => return Ok(kept),
                Err(Error::NotFound(_) | Error::NoTenant(_)) if has_readings => {}
                Err(Error::NotFound(_) | Error::NoTenant(_)) => return Ok(OnDisk::nothing()),
                Err(e) => return Err(e),
            }
            let entity = Entity::of(self.whole(change)?, broker.now())?;
            match broker.create(&change.tenant, entity) {
                Err(Error::AlreadyExists(_)) => {}
                made => return made,
            }
        }
        Err(Error::Busy)
    }

    fn whole(&self, change: &Change) -> Result<Fragment, Error> {
        let json = Json::from(entity(change));
        Fragment::read(json, self.0.core(), Representation::Detected)
    }

    /// Adds to the history alone.
    fn past(&self, change: &Change) -> Result<OnDisk, Error> {
        let json = Json::from(temporal(change));
        let past = TemporalFragment::read_entity(json, self.0.core(), self.0.now())?;
        self.0.remember(&change.tenant, past)
    }
}

fn unchanged(entity: &Entity) -> Outcome {
    Outcome {
        entity: entity.clone(),
        changed: Vec::new(),
        skipped: Vec::new(),
    }
}

#[cfg(test)]
mod tests;
