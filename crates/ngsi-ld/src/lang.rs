//! Language tags and what a reader asks for (clause 4.15, RFC 4647, RFC 5646). Never guesses the
//! language of a text.

use crate::json::Json;

/// The key for "any language" in a language map.
pub(crate) const NO_LANGUAGE: &str = "@none";

/// Whether a text has the form of a language tag, or is `@none`.
pub(crate) fn is_tag(tag: &str) -> bool {
    let mut parts = tag.split('-');
    tag == NO_LANGUAGE
        || (parts.next().is_some_and(|p| {
            (1..=8).contains(&p.len()) && p.bytes().all(|b| b.is_ascii_alphabetic())
        }) && parts
            .all(|p| (1..=8).contains(&p.len()) && p.bytes().all(|b| b.is_ascii_alphanumeric())))
}

/// The languages that a reader wants, best first.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Languages(Vec<Box<str>>);

impl Languages {
    /// Reads `fr`, `fr-CH,fr;q=0.9,en;q=0.8,*;q=0.5` and the like (RFC 9110, 12.5.4).
    /// Nothing if it does not read.
    #[must_use]
    pub fn read(text: &str) -> Option<Self> {
        let mut ranges = Vec::new();
        for (place, part) in text.split(',').enumerate() {
            let mut fields = part.split(';').map(str::trim);
            let range = fields.next().filter(|r| *r == "*" || is_tag(r))?;
            let mut weight = 1.0_f32;
            for field in fields {
                let q = field.strip_prefix("q=")?.parse().ok()?;
                weight = (0.0..=1.0).contains(&q).then_some(q)?;
            }
            if weight > 0.0 {
                ranges.push((weight, place, range));
            }
        }
        ranges.sort_by(|a, b| b.0.total_cmp(&a.0).then(a.1.cmp(&b.1)));
        Some(Self(ranges.into_iter().map(|(_, _, r)| r.into()).collect()))
    }

    /// The entry of a map that suits best: a wanted language exactly, one of its regions, the
    /// language of a wanted region; else `@none`; else the first, for a text in a foreign language
    /// tells more than none.
    pub(crate) fn choose<'m>(&self, map: &'m [(Box<str>, Json)]) -> Option<&'m (Box<str>, Json)> {
        self.0
            .iter()
            .find_map(|range| find(map, range))
            .or_else(|| map.iter().find(|(tag, _)| &**tag == NO_LANGUAGE))
            .or_else(|| map.first())
    }
}

fn find<'m>(map: &'m [(Box<str>, Json)], range: &str) -> Option<&'m (Box<str>, Json)> {
    if range == "*" {
        return map.first();
    }
    let exact = |r: &str| map.iter().find(|(tag, _)| tag.eq_ignore_ascii_case(r));
    let region = |r: &str| {
        map.iter().find(|(tag, _)| {
            tag.len() > r.len()
                && tag.as_bytes()[r.len()] == b'-'
                && tag.as_bytes()[..r.len()].eq_ignore_ascii_case(r.as_bytes())
        })
    };
    let mut shorter = Some(range);
    while let Some(r) = shorter {
        if let Some(found) = exact(r).or_else(|| region(r)) {
            return Some(found);
        }
        shorter = r.rsplit_once('-').map(|(head, _)| head);
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn clause_4_15_the_best_language_is_chosen() {
        let map = |tags: &[&str]| -> Vec<(Box<str>, Json)> {
            tags.iter().map(|t| ((*t).into(), (*t).into())).collect()
        };
        for (asked, have, chosen) in [
            ("fr", &["en", "fr"][..], "fr"),
            ("FR", &["en", "fr"], "fr"),
            ("*", &["nl", "fr"], "nl"),
            ("en", &["de", "en-US"], "en-US"),
            ("en-GB", &["de", "en"], "en"),
            ("en-GB", &["de", "en-US"], "en-US"),
            ("it", &["fr", "@none"], "@none"),
            ("it", &["fr", "en"], "fr"),
            ("fr;q=0.3, en;q=0.8", &["fr", "en"], "en"),
        ] {
            let map = map(have);
            let languages = Languages::read(asked).expect(asked);
            assert_eq!(
                languages.choose(&map).map(|m| &*m.0),
                Some(chosen),
                "{asked}"
            );
        }
        assert!(Languages::read("f r").is_none() && Languages::read("fr;q=2").is_none());
        assert!(is_tag("zh-Hant-TW") && !is_tag("") && !is_tag("a_b") && !is_tag("123"));
    }
}
