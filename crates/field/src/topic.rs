//! Topics with names in place of levels (`air/{station}/no2`), and entities' ids made of those
//! names. Never makes an id that is no URI, whatever stands in a topic.

use std::fmt::Write as _;

use crate::config::ConfigError;

/// A level of a pattern.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Level {
    /// This text.
    Text(Box<str>),
    /// Any text, kept under a name.
    Name(Box<str>),
    /// Any text (`+`).
    Any,
}

/// Topics of one form: `air/{station}/+`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Pattern(Vec<Level>);

/// What stood in a topic where the pattern has names.
pub type Names<'t> = Vec<(&'t str, &'t str)>;

impl Pattern {
    /// Reads a pattern: levels between slashes, each a text, `{name}` or `+`.
    ///
    /// # Errors
    /// Says which level is none of these.
    pub fn read(text: &str) -> Result<Self, ConfigError> {
        let bad = |what: &str| Err(ConfigError(format!("topic `{text}`: {what}")));
        if text.is_empty() || text.len() > 1_024 {
            return bad("a topic has 1 to 1,024 bytes");
        }
        let mut levels: Vec<Level> = Vec::new();
        for level in text.split('/') {
            let name = level.strip_prefix('{').and_then(|l| l.strip_suffix('}'));
            levels.push(match (level, name) {
                ("+", _) => Level::Any,
                (_, Some(name)) if is_name(name) => {
                    let twice = Level::Name(name.into());
                    if levels.contains(&twice) {
                        return bad(&format!("{{{name}}} stands there twice"));
                    }
                    twice
                }
                (level, None) if !level.contains(['{', '}', '+', '#', '\0']) => {
                    Level::Text(level.into())
                }
                (level, _) => {
                    return bad(&format!(
                        "`{level}` is no level: a text, `+`, or a name of letters as `{{station}}`"
                    ));
                }
            });
        }
        Ok(Self(levels))
    }

    /// What to subscribe to.
    #[must_use]
    pub fn filter(&self) -> String {
        let level = |l: &Level| match l {
            Level::Text(text) => text.to_string(),
            Level::Name(_) | Level::Any => "+".to_owned(),
        };
        self.0.iter().map(level).collect::<Vec<_>>().join("/")
    }

    /// The names' texts, if a topic is of this form.
    #[must_use]
    pub fn names<'t>(&'t self, topic: &'t str) -> Option<Names<'t>> {
        let mut names = Vec::new();
        let mut levels = topic.split('/');
        for level in &self.0 {
            let text = levels.next()?;
            match level {
                Level::Text(wanted) if **wanted == *text => {}
                Level::Text(_) => return None,
                Level::Name(name) => names.push((&**name, text)),
                Level::Any => {}
            }
        }
        levels.next().is_none().then_some(names)
    }

    /// Whether a level is this text alone; nothing if there is no such level.
    #[must_use]
    pub fn level(&self, at: usize) -> Option<Option<&str>> {
        self.0.get(at).map(|l| match l {
            Level::Text(text) => Some(&**text),
            Level::Name(_) | Level::Any => None,
        })
    }

    fn has(&self, name: &str) -> bool {
        self.0.contains(&Level::Name(name.into()))
    }
}

fn is_name(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_')
}

/// A part of an id.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Part {
    Text(Box<str>),
    Name(Box<str>),
}

/// Ids of entities: `urn:ngsi-ld:AirQualityObserved:{station}`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Template(Vec<Part>);

/// Longest id: what the data plane takes.
const ID_BYTES_MAX: usize = 2_048;

impl Template {
    /// Reads a template, whose names are the pattern's.
    ///
    /// # Errors
    /// If it is no URI, or has a name that the pattern does not have.
    pub fn read(text: &str, pattern: &Pattern) -> Result<Self, ConfigError> {
        let bad = |what: String| ConfigError(format!("entity `{text}`: {what}"));
        let mut parts = Vec::new();
        let mut rest = text;
        while let Some((before, after)) = rest.split_once('{') {
            let Some((name, after)) = after.split_once('}') else {
                return Err(bad("a `{` without `}`".to_owned()));
            };
            if !pattern.has(name) {
                return Err(bad(format!("its topic has no level `{{{name}}}`")));
            }
            parts.push(Part::Text(before.into()));
            parts.push(Part::Name(name.into()));
            rest = after;
        }
        parts.push(Part::Text(rest.into()));
        let template = Self(parts);
        let example = template.fill(&|_| Some("x")).unwrap_or_default();
        let is_uri = example.split_once(':').is_some_and(|(scheme, rest)| {
            let letters = scheme.bytes().all(|b| b.is_ascii_alphanumeric());
            letters && scheme.starts_with(|c: char| c.is_ascii_alphabetic()) && !rest.is_empty()
        });
        let is_clean = example.bytes().all(|b| b.is_ascii_graphic())
            && !example.contains(['<', '>', '"', '\\', '^', '`', '{', '|', '}']);
        if !is_uri || !is_clean {
            return Err(bad(
                "an id is a URI, as `urn:ngsi-ld:AirQualityObserved:{station}`".to_owned(),
            ));
        }
        Ok(template)
    }

    /// The id with these names. What no URI may hold is percent-encoded (RFC 3986, section 2.1).
    /// Nothing if a name is empty or the id too long.
    #[must_use]
    pub fn id(&self, names: &Names<'_>) -> Option<Box<str>> {
        let find = |name: &str| {
            names
                .iter()
                .find(|(n, _)| *n == name)
                .map(|(_, text)| *text)
        };
        self.fill(&find).map(Into::into)
    }

    fn fill<'t>(&self, find: &dyn Fn(&str) -> Option<&'t str>) -> Option<String> {
        let mut id = String::new();
        for part in &self.0 {
            match part {
                Part::Text(text) => id.push_str(text),
                Part::Name(name) => {
                    let text = find(name).filter(|t| !t.is_empty())?;
                    for byte in text.bytes() {
                        match byte {
                            b if b.is_ascii_alphanumeric() || b"-._~:".contains(&b) => {
                                id.push(char::from(b));
                            }
                            b => write!(id, "%{b:02X}").ok()?,
                        }
                    }
                }
            }
        }
        (id.len() <= ID_BYTES_MAX).then_some(id)
    }

    /// Whether an id may have been made by it.
    #[must_use]
    pub fn may_have_made(&self, id: &str) -> bool {
        let mut rest = id;
        let last = self.0.len().saturating_sub(1);
        for (n, part) in self.0.iter().enumerate() {
            let Part::Text(text) = part else { continue };
            let found = match n {
                0 if last == 0 => return **text == *id,
                0 => rest.strip_prefix(&**text),
                n if n == last => return rest.len() > text.len() && rest.ends_with(&**text),
                _ => rest
                    .char_indices()
                    .skip(1)
                    .find_map(|(at, _)| rest.get(at..)?.strip_prefix(&**text)),
            };
            match found {
                Some(behind) => rest = behind,
                None => return false,
            }
        }
        true
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn pair(topic: &str, entity: &str) -> Result<(Pattern, Template), String> {
        let pattern = Pattern::read(topic).map_err(|e| e.to_string())?;
        let template = Template::read(entity, &pattern).map_err(|e| e.to_string())?;
        Ok((pattern, template))
    }

    fn id(topic: &str, entity: &str, of: &str) -> Option<String> {
        let (pattern, template) = pair(topic, entity).unwrap();
        Some(template.id(&pattern.names(of)?)?.into())
    }

    #[test]
    fn a_topic_names_an_entity() {
        let at = |of| id("air/{station}/+/no2", "urn:x:{station}", of);
        assert_eq!(at("air/Kallio/7/no2").as_deref(), Some("urn:x:Kallio"));
        assert_eq!(
            at("air/Töölö 2/7/no2").as_deref(),
            Some("urn:x:T%C3%B6%C3%B6l%C3%B6%202")
        );
        assert_eq!(at("air/Kallio/no2"), None);
        assert_eq!(at("air/Kallio/7/no2/x"), None);
        assert_eq!(at("air//7/no2"), None, "no name, no id");
        let two = id("{a}/{b}", "urn:{b}:{a}", "1/2");
        assert_eq!(two.as_deref(), Some("urn:2:1"));
        let (pattern, _) = pair("air/{station}/+/no2", "urn:x:y").unwrap();
        assert_eq!(pattern.filter(), "air/+/+/no2");
    }

    #[test]
    fn what_is_no_pattern_says_why() {
        let said = |topic, entity| pair(topic, entity).unwrap_err();
        assert!(said("air/#", "urn:x:y").contains("`#` is no level"));
        assert!(said("air/{a b}", "urn:x:y").contains("{a b}"));
        assert!(said("{a}/{a}", "urn:x:y").contains("twice"));
        assert!(said("air/{station}", "urn:x:{place}").contains("no level `{place}`"));
        assert!(said("air/{station}", "{station}").contains("is a URI"));
        assert!(said("air/{station}", "urn:x:{station").contains("without"));
        assert!(said("", "urn:x:y").contains("1 to 1,024"));
    }

    proptest! {
        #[test]
        fn each_id_is_a_uri_and_known_again(level in "[^/]{1,40}", other in "[a-z]{1,5}") {
            let (pattern, template) = pair("a/{b}/{c}", "urn:x:{b}:{c}:z").unwrap();
            let topic = format!("a/{level}/{other}");
            let id = template.id(&pattern.names(&topic).unwrap()).unwrap();
            prop_assert!(id.bytes().all(|b| b.is_ascii_graphic()));
            prop_assert!(template.may_have_made(&id), "{}", id);
            prop_assert!(!template.may_have_made(&id[..id.len() - 1]));
        }

        #[test]
        fn no_text_breaks_it(topic in ".{0,60}", entity in ".{0,60}", id in ".{0,60}") {
            if let Ok((pattern, template)) = pair(&topic, &entity) {
                let _ = (pattern.names(&id), template.may_have_made(&id));
            }
        }
    }
}
