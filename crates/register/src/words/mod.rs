//! The square's words: English beside Serbian, in one table a page; Latin script is derived.
//! Never translates what the city declared: labels, places and purposes stand as they are.

mod dates;
pub(crate) mod delays;
pub(crate) mod everywhere;
pub(crate) mod figures;
pub(crate) mod forms;
mod latin;
pub(crate) mod looking;
pub(crate) mod rules;

pub use dates::Zone;
pub(crate) use latin::fold;

/// A script and language of the pages.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Lang {
    /// English.
    En,
    /// Serbian in Cyrillic.
    Sr,
    /// Serbian in Latin letters, derived from the Cyrillic.
    SrLatn,
}

impl Lang {
    /// Each with the name it gives itself.
    pub const ALL: [(Self, &'static str); 3] = [
        (Self::En, "English"),
        (Self::Sr, "Српски"),
        (Self::SrLatn, "Srpski"),
    ];

    /// Language tag (BCP 47).
    #[must_use]
    pub const fn tag(self) -> &'static str {
        match self {
            Self::En => "en",
            Self::Sr => "sr",
            Self::SrLatn => "sr-Latn",
        }
    }

    /// The language of a tag that these pages use.
    #[must_use]
    pub fn of_tag(tag: &str) -> Option<Self> {
        Self::ALL
            .map(|(l, _)| l)
            .into_iter()
            .find(|l| l.tag() == tag)
    }

    /// The first known language of an `Accept-Language` header, by weight (RFC 9110 section
    /// 12.5.4).
    #[must_use]
    pub fn accepted(header: &str) -> Option<Self> {
        let mut best: Option<(Self, f32)> = None;
        for part in header.split(',').take(32) {
            let mut words = part.split(';').map(str::trim);
            let Some(lang) = words.next().and_then(Self::of_locale) else {
                continue;
            };
            let weight = words
                .find_map(|w| w.strip_prefix("q=")?.parse::<f32>().ok())
                .unwrap_or(1.0);
            if weight > 0.0 && best.is_none_or(|(_, b)| weight > b) {
                best = Some((lang, weight));
            }
        }
        best.map(|(lang, _)| lang)
    }

    /// Who reads Bosnian or Croatian reads Serbian in Latin letters more easily than English.
    fn of_locale(tag: &str) -> Option<Self> {
        let tag = tag.to_ascii_lowercase();
        let first = tag.split('-').next()?;
        match first {
            "en" => Some(Self::En),
            "sr" if tag.starts_with("sr-latn") => Some(Self::SrLatn),
            "sr" => Some(Self::Sr),
            "bs" | "hr" | "sh" => Some(Self::SrLatn),
            _ => None,
        }
    }
}

/// A sentence in both languages. `{name}` is filled in; forms parted by `|` are chosen by a number.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Word {
    #[cfg(test)]
    pub name: &'static str,
    en: &'static str,
    sr: &'static str,
}

/// A table of words; one without its Serbian does not compile.
macro_rules! words {
    ($($name:ident = $en:literal / $sr:literal;)*) => {
        $(pub(crate) const $name: $crate::words::Word = $crate::words::Word {
            #[cfg(test)]
            name: stringify!($name),
            en: $en,
            sr: $sr,
        };)*
        #[cfg(test)]
        pub(crate) const ALL: &[$crate::words::Word] = &[$($name),*];
    };
}
pub(crate) use words;

/// One reader's language, and the city's time zone.
#[derive(Debug, Clone)]
pub(crate) struct Tongue {
    pub lang: Lang,
    pub zone: Zone,
}

impl Tongue {
    /// The word.
    pub fn say(&self, word: Word) -> String {
        match self.lang {
            Lang::En => word.en.to_owned(),
            Lang::Sr => word.sr.to_owned(),
            Lang::SrLatn => latin::to_latin(word.sr),
        }
    }

    /// A sentence that comes with its own Serbian.
    pub fn told(&self, en: &str, sr: &str) -> String {
        match self.lang {
            Lang::En => en.to_owned(),
            Lang::Sr => sr.to_owned(),
            Lang::SrLatn => latin::to_latin(sr),
        }
    }

    /// The word with its places filled; a value is taken as it is.
    pub fn fill(&self, word: Word, values: &[(&str, &str)]) -> String {
        filled(&self.say(word), values)
    }

    /// The form for `n`, with `{n}` filled.
    pub fn count(&self, word: Word, n: u64) -> String {
        self.count_with(word, n, &[])
    }

    /// The form for `n`, with `{n}` and others filled.
    pub fn count_with(&self, word: Word, n: u64, values: &[(&str, &str)]) -> String {
        let text = self.say(word);
        let forms: Vec<&str> = text.split('|').collect();
        let form = forms.get(self.form(n)).or(forms.last()).copied();
        let number = self.number(n);
        let mut all = vec![("n", number.as_str())];
        all.extend_from_slice(values);
        filled(form.unwrap_or_default(), &all)
    }

    /// Plural categories of CLDR: English one, other; Serbian one, few, other.
    fn form(&self, n: u64) -> usize {
        if self.lang == Lang::En {
            return usize::from(n != 1);
        }
        match (n % 10, n % 100) {
            (1, tens) if tens != 11 => 0,
            (2..=4, tens) if !(12..=14).contains(&tens) => 1,
            _ => 2,
        }
    }

    /// Digits in groups of three.
    pub fn number(&self, n: u64) -> String {
        let group = if self.lang == Lang::En { ',' } else { '.' };
        let digits = n.to_string();
        let mut out = String::new();
        for (i, digit) in digits.chars().enumerate() {
            if i > 0 && (digits.len() - i).is_multiple_of(3) {
                out.push(group);
            }
            out.push(digit);
        }
        out
    }
}

fn filled(text: &str, values: &[(&str, &str)]) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some((before, after)) = rest.split_once('{') {
        out.push_str(before);
        let Some((name, tail)) = after.split_once('}') else {
            out.push('{');
            rest = after;
            continue;
        };
        // What is filled in is never read for places again.
        match values.iter().find(|(n, _)| *n == name) {
            Some((_, value)) => out.push_str(value),
            None => out.push_str(&format!("{{{name}}}")),
        }
        rest = tail;
    }
    out.push_str(rest);
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    fn all() -> impl Iterator<Item = Word> {
        [
            everywhere::ALL,
            looking::ALL,
            figures::ALL,
            delays::ALL,
            forms::ALL,
            rules::ALL,
            dates::ALL,
        ]
        .into_iter()
        .flatten()
        .copied()
    }

    fn tongue(lang: Lang) -> Tongue {
        let zone = Zone::named("Europe/Helsinki").unwrap();
        Tongue { lang, zone }
    }

    /// The places to fill, each once.
    fn holes(text: &str) -> Vec<String> {
        let mut found: Vec<String> = text
            .split('{')
            .skip(1)
            .filter_map(|s| s.split_once('}').map(|(name, _)| name.to_owned()))
            .collect();
        found.sort();
        found.dedup();
        found
    }

    #[test]
    fn both_languages_have_the_same_places_and_their_own_forms() {
        for w in all() {
            assert!(!w.en.is_empty() && !w.sr.is_empty(), "{}", w.name);
            assert_eq!(holes(w.en), holes(w.sr), "{}", w.name);
            let (en, sr) = (w.en.split('|').count(), w.sr.split('|').count());
            assert!(
                (en, sr) == (1, 1) || (en, sr) == (2, 3),
                "{}: {en}, {sr}",
                w.name
            );
        }
    }

    #[test]
    fn no_latin_letter_stands_in_cyrillic_text_but_for_names_and_programs() {
        let allowed = [
            "Loggia",
            "loggia verify",
            "RSS",
            "WebGL",
            "JavaScript",
            "Kaivokatu",
            "kaivokatu",
            "curl",
            "LOG",
            "OpenStreetMap",
            "UTC",
            "Cedar",
            "loggia policy prove",
        ];
        for w in all() {
            let mut text = w.sr.to_owned();
            for hole in holes(w.sr) {
                text = text.replace(&format!("{{{hole}}}"), "");
            }
            for word in allowed {
                text = text.replace(word, "");
            }
            assert!(
                !text.contains(|c: char| c.is_ascii_alphabetic()),
                "{}: {text}",
                w.name
            );
        }
    }

    #[test]
    fn latin_is_whole_and_english_holds_no_cyrillic_but_the_example() {
        for w in all() {
            let latin = tongue(Lang::SrLatn).say(w);
            let cyrillic = |c: char| ('\u{400}'..'\u{500}').contains(&c);
            assert!(
                !latin.replace("Каивокату", "").contains(cyrillic),
                "{}",
                w.name
            );
            assert!(
                !w.en.replace("Каивокату", "").contains(cyrillic),
                "{}",
                w.name
            );
        }
    }

    #[test]
    fn forms_follow_the_number() {
        words! { CAMERA = "{n} camera|{n} cameras" / "{n} камера|{n} камере|{n} камера"; }
        let forms = |lang, n| tongue(lang).count(CAMERA, n);
        assert_eq!(ALL.len(), 1);
        assert_eq!(forms(Lang::En, 1), "1 camera");
        assert_eq!(forms(Lang::En, 8_000), "8,000 cameras");
        for (n, form) in [
            (1, "1 камера"),
            (3, "3 камере"),
            (5, "5 камера"),
            (11, "11 камера"),
        ] {
            assert_eq!(forms(Lang::Sr, n), form);
        }
        assert_eq!(forms(Lang::Sr, 13), "13 камера");
        assert_eq!(forms(Lang::Sr, 22), "22 камере");
        assert_eq!(forms(Lang::SrLatn, 1_021), "1.021 kamera");
    }

    #[test]
    fn what_is_filled_in_is_not_read_again() {
        assert_eq!(
            filled("{a} {b} {c", &[("a", "{b}"), ("b", "x")]),
            "{b} x {c"
        );
    }

    #[test]
    fn the_browsers_languages_are_weighed() {
        for (header, lang) in [
            ("de-DE,de;q=0.9,sr;q=0.5,en;q=0.4", Some(Lang::Sr)),
            ("hr-HR", Some(Lang::SrLatn)),
            ("sr-Latn-RS,sr;q=0.9", Some(Lang::SrLatn)),
            ("en-US;q=0.2,sr-RS;q=0", Some(Lang::En)),
            ("fi", None),
            ("", None),
        ] {
            assert_eq!(Lang::accepted(header), lang, "{header}");
        }
    }
}
