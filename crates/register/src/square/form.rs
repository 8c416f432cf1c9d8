//! Posted forms: read with limits, shown again with all that was typed and what is wrong with it.
//! Never loses what somebody typed, and never takes more than a form can hold.

use loggia_model::{CONTACT_CHARS_MAX, NAME_CHARS_MAX, TOLD_CHARS_MAX, is_line, is_prose};
use maud::{Markup, html};

use crate::finder::QUESTION_MAX;
use crate::words::{Tongue, Word, forms as w};

/// Largest posted form: every field full and every letter of it spelt `%XX%XX`.
pub(super) const FORM_BYTES_MAX: usize = 64 * 1024;
/// Most fields; a form has at most one per camera and a few more.
const FIELDS_MAX: usize = 500;

/// The most characters that a field takes.
fn most(name: &str) -> usize {
    match name {
        "name" => NAME_CHARS_MAX,
        "contact" => CONTACT_CHARS_MAX,
        "place" => QUESTION_MAX,
        _ => TOLD_CHARS_MAX,
    }
}

/// The fields of a posted form, in order.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Fields(Vec<(String, String)>);

impl Fields {
    /// Reads a body (application/x-www-form-urlencoded, WHATWG URL section 5); none when it is too
    /// large. What is no UTF-8 becomes U+FFFD.
    pub fn read(body: &[u8]) -> Option<Self> {
        if body.len() > FORM_BYTES_MAX {
            return None;
        }
        let mut fields = Vec::new();
        for (name, value) in form_urlencoded::parse(body) {
            if fields.len() == FIELDS_MAX {
                return None;
            }
            // Browsers end lines with CR LF; what was typed is the same text.
            fields.push((name.into_owned(), value.replace("\r\n", "\n")));
        }
        Some(Self(fields))
    }

    /// Fields that a link has filled in.
    pub fn filled(fields: impl IntoIterator<Item = (String, String)>) -> Self {
        Self(fields.into_iter().collect())
    }

    /// The first value of a field, without space around it; empty where it is not there.
    pub fn get(&self, name: &str) -> &str {
        let found = self.0.iter().find(|(n, _)| n == name);
        found.map_or("", |(_, v)| v.trim())
    }

    /// Every value of a field.
    pub fn all<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a str> {
        let named = move |(n, v): &'a (String, String)| (n == name).then_some(v.as_str());
        self.0.iter().filter_map(named)
    }

    pub fn has(&self, name: &str) -> bool {
        self.0.iter().any(|(n, _)| n == name)
    }
}

/// What is wrong, by the field's id, in the order of the page.
#[derive(Debug, Default)]
pub(super) struct Wrong(Vec<(&'static str, String)>);

impl Wrong {
    pub fn add(&mut self, field: &'static str, why: String) {
        self.0.push((field, why));
    }

    pub fn none(&self) -> bool {
        self.0.is_empty()
    }

    /// What is wrong with one field.
    pub fn of(&self, field: &str) -> Option<&str> {
        let found = self.0.iter().find(|(f, _)| *f == field);
        found.map(|(_, why)| why.as_str())
    }

    /// A line that must be there (or may be missing, where `missing` is none).
    pub fn line(&mut self, t: &Tongue, fields: &Fields, name: &'static str, missing: Option<Word>) {
        self.text(t, fields, name, missing, is_line);
    }

    /// Several lines.
    pub fn prose(
        &mut self,
        t: &Tongue,
        fields: &Fields,
        name: &'static str,
        missing: Option<Word>,
    ) {
        self.text(t, fields, name, missing, is_prose);
    }

    fn text(
        &mut self,
        t: &Tongue,
        fields: &Fields,
        name: &'static str,
        missing: Option<Word>,
        fine: fn(&str) -> bool,
    ) {
        let (value, most) = (fields.get(name), most(name));
        if value.is_empty() {
            if let Some(word) = missing {
                self.add(name, t.say(word));
            }
        } else if value.chars().count() > most {
            self.add(name, t.count(w::E_TOO_LONG, most as u64));
        } else if !fine(value) {
            self.add(name, t.say(w::E_SIGNS));
        }
    }

    /// The summary on top: announced, each line a link to its field.
    pub fn summary(&self, t: &Tongue) -> Markup {
        html! {
            @if !self.0.is_empty() {
                div.notice.bad role="alert" tabindex="-1" #errors {
                    span.mark aria-hidden="true" { "✕" }
                    div.grow {
                        p { strong { (t.count(w::ERRORS, self.0.len() as u64)) } }
                        ul {
                            @for (field, why) in &self.0 {
                                li { a href={ "#" (field) } { (why) } }
                            }
                        }
                    }
                }
            }
        }
    }
}

/// How a field asks.
pub(super) struct Ask {
    pub name: &'static str,
    pub label: Word,
    pub hint: Option<String>,
    /// `text`, `date`, `time`; `textarea` for several lines.
    pub kind: &'static str,
    pub autocomplete: &'static str,
    pub required: bool,
}

/// A field with its label, its hint and what is wrong with it.
pub(super) fn field(t: &Tongue, fields: &Fields, wrong: &Wrong, ask: &Ask) -> Markup {
    let why = wrong.of(ask.name);
    let said = described(ask.name, ask.hint.is_some(), why.is_some());
    let invalid = why.map(|_| "true");
    let (prose, value) = (ask.kind == "textarea", fields.get(ask.name));
    html! {
        div.field {
            label for=(ask.name) {
                (t.say(ask.label))
                @if !ask.required { " " span.soft { (t.say(w::OPTIONAL)) } }
            }
            @if let Some(hint) = &ask.hint { p.hint id={ (ask.name) "-hint" } { (hint) } }
            @if let Some(why) = why { p.wrong id={ (ask.name) "-why" } { "✕ " (why) } }
            @if prose {
                textarea id=(ask.name) name=(ask.name) rows="5" maxlength=(most(ask.name))
                    aria-describedby=[said] aria-invalid=[invalid] aria-required=(ask.required) {
                    (value)
                }
            } @else {
                input id=(ask.name) name=(ask.name) type=(ask.kind) value=(value)
                    maxlength=[(ask.kind == "text").then(|| most(ask.name))]
                    autocomplete=(ask.autocomplete) aria-describedby=[said]
                    aria-invalid=[invalid] aria-required=(ask.required);
            }
        }
    }
}

/// The ids of a field's hint and error, for `aria-describedby`.
pub(super) fn described(name: &str, hint: bool, wrong: bool) -> Option<String> {
    let mut ids = Vec::new();
    if wrong {
        ids.push(format!("{name}-why"));
    }
    if hint {
        ids.push(format!("{name}-hint"));
    }
    (!ids.is_empty()).then(|| ids.join(" "))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::words::{Lang, Zone};

    #[test]
    fn fields_are_read_as_browsers_send_them() {
        let fields = Fields::read(b"name=+Ana+%C4%86+&camera=3&camera=4&told=a%0D%0Ab&x").unwrap();
        assert_eq!(fields.get("name"), "Ana Ć");
        assert_eq!(fields.all("camera").collect::<Vec<_>>(), ["3", "4"]);
        assert_eq!(fields.get("told"), "a\nb");
        assert!(fields.has("x") && !fields.has("y") && fields.get("y").is_empty());
    }

    #[test]
    fn what_is_too_much_is_not_read() {
        assert!(Fields::read(&vec![b'a'; FORM_BYTES_MAX]).is_some());
        assert!(Fields::read(&vec![b'a'; FORM_BYTES_MAX + 1]).is_none());
        let many = |n| "a=1&".repeat(n);
        assert!(Fields::read(many(FIELDS_MAX).as_bytes()).is_some());
        assert!(Fields::read(many(FIELDS_MAX + 1).as_bytes()).is_none());
    }

    proptest! {
        #[test]
        fn any_bytes_are_read_and_shown_again_harmlessly(
            body in prop::collection::vec(any::<u8>(), 0..400),
            value in "\\PC{0,80}",
        ) {
            prop_assert!(Fields::read(&body).is_some());
            let sent = form_urlencoded::Serializer::new(String::new())
                .append_pair("name", &value)
                .finish();
            let fields = Fields::read(sent.as_bytes()).unwrap();
            prop_assert_eq!(fields.get("name"), value.trim());
            let t = Tongue { lang: Lang::En, zone: Zone::named("UTC").unwrap() };
            let ask = Ask { name: "name", label: w::NAME, hint: None, kind: "text",
                autocomplete: "name", required: true };
            let shown = field(&t, &fields, &Wrong::default(), &ask).into_string();
            // Whatever was typed, the page has its own tags and no other: div, label, input.
            prop_assert_eq!(shown.matches('<').count(), 5);
        }
    }
}
