//! The order of texts (clauses 4.23.1 and 4.23.3, RFC 6067): the root order of the Unicode
//! Collation Algorithm as CLDR has it, or a language's. Never the order of characters' numbers, in
//! which ђ stands behind я.

use std::fmt::{self, Debug, Formatter};
use std::sync::Arc;

use icu_collator::options::{AlternateHandling, CaseLevel, CollatorOptions, MaxVariable, Strength};
use icu_collator::{CollatorBorrowed, CollatorPreferences};
use icu_locale_core::Locale;

use super::fault::Fault;
use crate::error::Problem;

/// Longest name of a collation: a language, a script, a region and all ten settings are 80.
const NAME_BYTES_MAX: usize = 128;

/// How texts are compared.
#[derive(Clone)]
pub struct Collation {
    name: Box<str>,
    collator: Option<Arc<CollatorBorrowed<'static>>>,
}

impl Collation {
    /// The root order, `und-x-icu`, which holds where nothing is said.
    #[must_use]
    pub fn root() -> Self {
        let made = CollatorBorrowed::try_new(CollatorPreferences::default(), Self::OPTIONS);
        Self {
            name: "und-x-icu".into(),
            // The data of the root are in the crate: it is there.
            collator: made.ok().map(Arc::new),
        }
    }

    const OPTIONS: CollatorOptions = CollatorOptions::default();

    /// Reads `collation`: a language tag, with `-u-` and settings where something else than the
    /// language's own order is wanted, as `de-u-co-phonebk`.
    ///
    /// # Errors
    /// If it is no tag, or if a setting is none that collations have.
    pub fn read(text: &str) -> Result<Self, Fault> {
        if text == "root" || text == "und-x-icu" {
            return Ok(Self::root());
        }
        let locale = Some(text).filter(|t| t.len() <= NAME_BYTES_MAX);
        let locale = locale.and_then(|t| Locale::try_from_str(t).ok());
        // No language has a tag of five letters or more.
        let locale = locale.filter(|l| l.id.language.as_str().len() <= 3);
        let locale = locale.ok_or_else(|| bad("a language tag like sr or de-u-co-phonebk"))?;
        let mut options = Self::OPTIONS;
        for (key, value) in locale.extensions.unicode.keywords.iter() {
            set(&mut options, key.as_str(), &value.to_string())?;
        }
        let made = CollatorBorrowed::try_new(CollatorPreferences::from(&locale), options);
        let collator = made.map_err(|_| bad("a collation that ICU has"))?;
        Ok(Self {
            name: text.into(),
            collator: Some(Arc::new(collator)),
        })
    }

    /// A text as bytes that compare as the texts do.
    pub(super) fn key(&self, text: &str) -> Box<[u8]> {
        match &self.collator {
            Some(collator) => {
                let mut key = Vec::with_capacity(2 * text.len());
                let Ok(()) = collator.write_sort_key_to(text, &mut key);
                key.into()
            }
            None => text.as_bytes().into(),
        }
    }
}

/// One setting of the Unicode extension (UTS #35, part 5, 3.3). What concerns no order is passed
/// over, as RFC 6067 wants.
fn set(options: &mut CollatorOptions, key: &str, value: &str) -> Result<(), Fault> {
    match key {
        "ks" => options.strength = Some(one_of(key, value, &STRENGTHS)?),
        "ka" => options.alternate_handling = Some(one_of(key, value, &HANDLINGS)?),
        "kc" => options.case_level = Some(one_of(key, value, &CASE_LEVELS)?),
        "kv" => options.max_variable = Some(one_of(key, value, &VARIABLES)?),
        "kn" => one_of(key, value, &[("", ()), ("true", ()), ("false", ())])?,
        "kf" => one_of(key, value, &[("upper", ()), ("lower", ()), ("false", ())])?,
        "co" => one_of(key, value, &ORDERS)?,
        _ => {}
    }
    Ok(())
}

const STRENGTHS: [(&str, Strength); 5] = [
    ("level1", Strength::Primary),
    ("level2", Strength::Secondary),
    ("level3", Strength::Tertiary),
    ("level4", Strength::Quaternary),
    ("identic", Strength::Identical),
];

const HANDLINGS: [(&str, AlternateHandling); 2] = [
    ("noignore", AlternateHandling::NonIgnorable),
    ("shifted", AlternateHandling::Shifted),
];

const CASE_LEVELS: [(&str, CaseLevel); 3] = [
    ("", CaseLevel::On),
    ("true", CaseLevel::On),
    ("false", CaseLevel::Off),
];

const VARIABLES: [(&str, MaxVariable); 4] = [
    ("space", MaxVariable::Space),
    ("punct", MaxVariable::Punctuation),
    ("symbol", MaxVariable::Symbol),
    ("currency", MaxVariable::Currency),
];

/// The orders that CLDR names.
const ORDERS: [(&str, ()); 19] = [
    ("big5han", ()),
    ("compat", ()),
    ("dict", ()),
    ("direct", ()),
    ("ducet", ()),
    ("emoji", ()),
    ("eor", ()),
    ("gb2312", ()),
    ("phonebk", ()),
    ("phonetic", ()),
    ("pinyin", ()),
    ("reformed", ()),
    ("search", ()),
    ("searchjl", ()),
    ("standard", ()),
    ("stroke", ()),
    ("trad", ()),
    ("unihan", ()),
    ("zhuyin", ()),
];

fn one_of<T: Copy>(key: &str, value: &str, all: &[(&str, T)]) -> Result<T, Fault> {
    let found = all.iter().find(|(name, _)| *name == value);
    found.map(|(_, is)| *is).ok_or_else(|| {
        let names: Vec<&str> = all
            .iter()
            .map(|(n, _)| *n)
            .filter(|n| !n.is_empty())
            .collect();
        bad(&format!("for {key} one of {}", names.join(", ")))
    })
}

fn bad(expected: &str) -> Fault {
    Fault {
        parameter: "collation",
        at: 1,
        what: format!("expected {expected} (RFC 6067)"),
        problem: Problem::BadRequestData,
    }
}

impl Debug for Collation {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        // Its name, without the tables.
        f.write_str(&self.name)
    }
}

impl PartialEq for Collation {
    fn eq(&self, other: &Self) -> bool {
        self.name == other.name
    }
}

impl Eq for Collation {}
