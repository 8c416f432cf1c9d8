//! The configuration, checked and ready: patterns, units, files read. Never accepts a map that
//! could never make a reading.

use std::path::Path;
use std::time::Duration;

use loggia_model::{At, Conversion, Doubt, Measured, Quality, Unit};

use crate::config::{
    AttributeConfig, ConfigError, FieldConfig, Format, MapConfig, QualityConfig, ServerConfig, Word,
};
use crate::driver::{Fiware, Signal};
use crate::moment;
use crate::topic::{Pattern, Template};

/// Maps of one installation; each is compared with each message's topic, 100 ns each.
const MAPS_MAX: usize = 1_000;
/// Attributes of a map.
const ATTRIBUTES_MAX: usize = 1_000;
/// Longest time after which something is stale or frozen: ten years.
const AFTER_S_MAX: u64 = 315_360_000;

/// What one server's messages are readings of.
#[derive(Clone, Default)]
pub struct Plan {
    /// In the order of the configuration.
    pub(crate) maps: Vec<Map>,
    /// The FIWARE keys of them.
    pub(crate) keys: Vec<Box<str>>,
}

impl std::fmt::Debug for Plan {
    // Without the keys.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_list().entries(&self.maps).finish()
    }
}

/// Topics that are readings of entities.
#[derive(Clone)]
pub(crate) struct Map {
    pub format: Format,
    pub pattern: Pattern,
    pub entity: Template,
    pub kind: Box<str>,
    pub tenant: Box<str>,
    pub time: Option<Box<str>>,
    pub quality: Option<OwnWord>,
    pub attributes: Vec<Attribute>,
}

impl std::fmt::Debug for Map {
    // Without the pattern, which for FIWARE holds a key.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let (format, entity) = (self.format, &self.entity);
        write!(f, "Map({format:?} → {entity:?})")
    }
}

/// One attribute of it.
#[derive(Debug, Clone)]
pub(crate) struct Attribute {
    pub name: Box<str>,
    pub from: Box<str>,
    pub unit: Option<(Unit, Option<Conversion>)>,
    pub range: Option<[f64; 2]>,
    pub stale_after: Option<Duration>,
    pub frozen_after: Option<Duration>,
}

/// Where and how a device says how it is.
#[derive(Debug, Clone)]
pub(crate) struct OwnWord {
    from: Box<str>,
    good: Vec<Measured>,
    uncertain: Vec<Measured>,
}

/// Reads a file of one line: a password, a key.
pub type ReadLine<'r> = &'r dyn Fn(&Path) -> Result<String, ConfigError>;

impl FieldConfig {
    /// The plan of each server.
    ///
    /// # Errors
    /// Says which server or map does not hold, and what would.
    pub fn plans(&self, read: ReadLine<'_>) -> Result<Vec<(&ServerConfig, Plan)>, ConfigError> {
        let names: Vec<&str> = self.server.iter().map(|s| &*s.name).collect();
        for (n, server) in self.server.iter().enumerate() {
            if server.name.is_empty() || names.iter().skip(n + 1).any(|o| *o == server.name) {
                let what = format!("server `{}`: each has a name of its own", server.name);
                return Err(ConfigError(what));
            }
        }
        if self.map.len() > MAPS_MAX {
            return Err(ConfigError(format!("{MAPS_MAX} maps at most")));
        }
        let mut plans: Vec<_> = self.server.iter().map(|s| (s, Plan::default())).collect();
        for (n, config) in self.map.iter().enumerate() {
            let within = |e: ConfigError| ConfigError(format!("map {}: {e}", n + 1));
            if let Some(wanted) = &config.server
                && !names.contains(&&**wanted)
            {
                let what = format!("there is no server `{wanted}`, only {}", names.join(", "));
                return Err(within(ConfigError(what)));
            }
            let (map, key) = Map::read(config, read).map_err(within)?;
            for (server, plan) in &mut plans {
                if config
                    .server
                    .as_ref()
                    .is_none_or(|wanted| *wanted == server.name)
                {
                    plan.maps.push(map.clone());
                    plan.keys.extend(key.clone());
                }
            }
        }
        if let Some((server, _)) = plans.iter().find(|(_, p)| p.maps.is_empty()) {
            let what = format!(
                "server `{}` has no map: nothing would be heard",
                server.name
            );
            return Err(ConfigError(what));
        }
        Ok(plans)
    }
}

impl Plan {
    /// What to subscribe to, each once.
    #[must_use]
    pub fn filters(&self) -> Vec<String> {
        let mut filters: Vec<String> = Vec::new();
        for map in &self.maps {
            match map.format {
                Format::Fiware => filters.extend(Fiware::FILTERS.map(str::to_owned)),
                Format::Sparkplug => {
                    // A device's birth is its node's matter too: sequence and death.
                    let group = map.pattern.level(1).flatten().unwrap_or("+");
                    filters.push(format!("spBv1.0/{group}/+/+"));
                    filters.push(format!("spBv1.0/{group}/+/+/+"));
                }
                Format::Number | Format::Json => filters.push(map.pattern.filter()),
            }
        }
        filters.sort();
        filters.dedup();
        filters
    }
}

impl Map {
    fn read(
        config: &MapConfig,
        read: ReadLine<'_>,
    ) -> Result<(Self, Option<Box<str>>), ConfigError> {
        let (pattern, key) = pattern(config, read)?;
        let entity = Template::read(&config.entity, &pattern)?;
        if config.kind.is_empty() {
            return Err(ConfigError("`type` is empty".to_owned()));
        }
        if config.attribute.is_empty() || config.attribute.len() > ATTRIBUTES_MAX {
            let what = format!("1 to {ATTRIBUTES_MAX} of [[field.map.attribute]] are needed");
            return Err(ConfigError(what));
        }
        let mut attributes: Vec<Attribute> = Vec::new();
        for one in &config.attribute {
            let within = |e: ConfigError| ConfigError(format!("attribute `{}`: {e}", one.name));
            let attribute = Attribute::read(one, config.format).map_err(within)?;
            if attributes.iter().any(|a| a.name == attribute.name) {
                return Err(within(ConfigError("it stands there twice".to_owned())));
            }
            attributes.push(attribute);
        }
        let pointers = [
            config.time.as_ref(),
            config.quality.as_ref().map(|q| &q.from),
        ];
        for name in pointers.into_iter().flatten() {
            is_name_of(config.format, name)?;
        }
        let map = Self {
            format: config.format,
            pattern,
            entity,
            kind: config.kind.as_str().into(),
            tenant: config.tenant.as_deref().unwrap_or_default().into(),
            time: config.time.as_deref().map(Into::into),
            quality: config.quality.as_ref().map(OwnWord::read),
            attributes,
        };
        Ok((map, key))
    }

    /// The time that a device's message has, by the map's own name for it.
    pub fn time_of(&self, signals: &[Signal]) -> Option<Result<At, ()>> {
        let name = self.time.as_ref()?;
        let signal = signals.iter().find(|s| s.name == *name)?;
        Some(signal.value.as_ref().and_then(moment::of).ok_or(()))
    }

    /// What a device says of itself, by the map's own words.
    pub fn quality_of(&self, signals: &[Signal]) -> Quality {
        let Some(own) = &self.quality else {
            return Quality::Good;
        };
        let said = signals.iter().find(|s| s.name == own.from);
        match said.and_then(|s| s.value.as_ref()) {
            Some(word) if own.good.contains(word) => Quality::Good,
            Some(word) if own.uncertain.contains(word) => Quality::Uncertain(Doubt::DeviceSaysSo),
            _ => Quality::Bad(Doubt::DeviceSaysSo),
        }
    }
}

/// Topic and key of a map.
fn pattern(
    config: &MapConfig,
    read: ReadLine<'_>,
) -> Result<(Pattern, Option<Box<str>>), ConfigError> {
    let error = |what: &str| Err(ConfigError(what.to_owned()));
    match (config.format, &config.topic, &config.key_file) {
        (Format::Fiware, None, Some(file)) => {
            let key = read(file)?;
            let is_level = !key.is_empty() && !key.contains(['/', '+', '#', '{', '}']);
            if !is_level {
                let what = format!("{}: a key has letters and digits", file.display());
                return Err(ConfigError(what));
            }
            // The driver's addresses, not topics: key and device.
            let pattern = Pattern::read(&Fiware::address(&key, "{device}"))?;
            Ok((pattern, Some(key.into())))
        }
        (Format::Fiware, ..) => error("`fiware` has `key_file` and no `topic`"),
        (_, _, Some(_)) => error("`key_file` is for `fiware` alone"),
        (_, None, _) => error("`topic` is missing"),
        (Format::Sparkplug, Some(topic), None) => {
            let pattern = Pattern::read(topic)?;
            let levels = topic.split('/').count();
            let is_meant = pattern.level(0) == Some(Some("spBv1.0"))
                && pattern.level(2) == Some(None)
                && (4..=5).contains(&levels);
            match is_meant {
                true => Ok((pattern, None)),
                false => error(
                    "a topic of Sparkplug is `spBv1.0/{group}/+/{node}/{device}`, or without the \
                     device",
                ),
            }
        }
        (_, Some(topic), None) => Ok((Pattern::read(topic)?, None)),
    }
}

/// Whether a driver has signals of such a name.
fn is_name_of(format: Format, name: &str) -> Result<(), ConfigError> {
    match format {
        Format::Json if !name.is_empty() && !name.starts_with('/') => Err(ConfigError(format!(
            "`{name}` is no JSON pointer (RFC 6901): it begins with `/`, as `/{name}`"
        ))),
        Format::Number if !name.is_empty() => Err(ConfigError(format!(
            "`{name}`: with `number` there is but one value"
        ))),
        _ => Ok(()),
    }
}

impl Attribute {
    fn read(config: &AttributeConfig, format: Format) -> Result<Self, ConfigError> {
        let error = |what: &str| Err(ConfigError(what.to_owned()));
        if config.name.is_empty() {
            return error("`name` is empty");
        }
        let from = match (&config.from, format) {
            (Some(from), _) => from.as_str(),
            (None, Format::Number) => "",
            (None, _) => return error("`from` is missing: where its value stands"),
        };
        is_name_of(format, from)?;
        let of = |code: &String| Unit::of(code).map_err(|e| ConfigError(e.to_string()));
        let unit = config.unit.as_ref().map(of).transpose()?;
        let sent = config.sent_unit.as_ref().map(of).transpose()?;
        let unit = match (unit, sent) {
            (None, Some(_)) => return error("`sent_unit` needs `unit`"),
            (None, None) => None,
            (Some(unit), None) => Some((unit, None)),
            (Some(unit), Some(sent)) => {
                let way = sent.to(unit).map_err(|e| ConfigError(e.to_string()))?;
                Some((unit, Some(way)))
            }
        };
        if let Some([least, greatest]) = config.range
            && !(least.is_finite() && greatest.is_finite() && least < greatest)
        {
            return error("`range` is the least and the greatest value, as `[-40, 60]`");
        }
        let after = |s: Option<u64>, name: &str| match s {
            Some(0) => Err(ConfigError(format!("`{name}` is one second at least"))),
            Some(s) if s > AFTER_S_MAX => {
                Err(ConfigError(format!("`{name}` is {AFTER_S_MAX} at most")))
            }
            s => Ok(s.map(Duration::from_secs)),
        };
        Ok(Self {
            name: config.name.as_str().into(),
            from: from.into(),
            unit,
            range: config.range,
            stale_after: after(config.stale_after_s, "stale_after_s")?,
            frozen_after: after(config.frozen_after_s, "frozen_after_s")?,
        })
    }
}

impl OwnWord {
    fn read(config: &QualityConfig) -> Self {
        let words = |list: &[Word]| list.iter().map(measured).collect();
        Self {
            from: config.from.as_str().into(),
            good: words(&config.good),
            uncertain: words(&config.uncertain),
        }
    }
}

fn measured(word: &Word) -> Measured {
    match word {
        Word::Flag(b) => Measured::Flag(*b),
        Word::Number(n) => Measured::Number(*n),
        Word::Text(t) => Measured::Text(t.as_str().into()),
    }
}
