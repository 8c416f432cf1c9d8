//! JSON to bytes. Never fails: it writes to memory, and what it writes has been read or checked.

use super::Json;

/// Writes one value.
pub(crate) fn json(out: &mut Vec<u8>, value: &Json) {
    match value {
        Json::Null => out.extend_from_slice(b"null"),
        Json::Bool(true) => out.extend_from_slice(b"true"),
        Json::Bool(false) => out.extend_from_slice(b"false"),
        Json::Number(n) => {
            // Writing to memory cannot fail, so that there is no error to hand on.
            let _ = serde_json::to_writer(out, n);
        }
        Json::String(s) => string(out, s),
        Json::Array(items) => {
            out.push(b'[');
            for (n, item) in items.iter().enumerate() {
                if n > 0 {
                    out.push(b',');
                }
                json(out, item);
            }
            out.push(b']');
        }
        Json::Object(members) => {
            out.push(b'{');
            for (n, (name, value)) in members.iter().enumerate() {
                if n > 0 {
                    out.push(b',');
                }
                string(out, name);
                out.push(b':');
                json(out, value);
            }
            out.push(b'}');
        }
    }
}

/// Writes a string with its quotes. Most hold nothing to escape, which one look decides; it looks
/// at every byte, so that the compiler can take many at once.
pub(crate) fn string(out: &mut Vec<u8>, text: &str) {
    let plain = |b: u8| (b >= 0x20) & (b != b'"') & (b != b'\\');
    if text.bytes().fold(true, |all, b| all & plain(b)) {
        out.reserve(text.len() + 2);
        out.push(b'"');
        out.extend_from_slice(text.as_bytes());
        out.push(b'"');
    } else {
        let _ = serde_json::to_writer(out, text);
    }
}

/// An object under way: puts the commas.
pub(crate) struct Emit<'o> {
    out: &'o mut Vec<u8>,
    close: u8,
    empty: bool,
}

impl<'o> Emit<'o> {
    /// Begins an object.
    pub(crate) fn object(out: &'o mut Vec<u8>) -> Self {
        out.push(b'{');
        Self {
            out,
            close: b'}',
            empty: true,
        }
    }

    /// Begins an array.
    pub(crate) fn array(out: &'o mut Vec<u8>) -> Self {
        out.push(b'[');
        Self {
            out,
            close: b']',
            empty: true,
        }
    }

    fn comma(&mut self) {
        if !self.empty {
            self.out.push(b',');
        }
        self.empty = false;
    }

    /// The place of an array's next item.
    pub(crate) fn item(&mut self) -> &mut Vec<u8> {
        self.comma();
        self.out
    }

    /// The place of the next member's value.
    pub(crate) fn member(&mut self, name: &str) -> &mut Vec<u8> {
        self.comma();
        string(self.out, name);
        self.out.push(b':');
        self.out
    }

    /// A member with a string.
    pub(crate) fn text(&mut self, name: &str, value: &str) {
        string(self.member(name), value);
    }

    /// A member with a time; digits and letters need no escape.
    pub(crate) fn time(&mut self, name: &str, value: crate::Time) {
        let out = self.member(name);
        out.push(b'"');
        value.write(out);
        out.push(b'"');
    }

    /// A member with any value.
    pub(crate) fn json(&mut self, name: &str, value: &Json) {
        json(self.member(name), value);
    }

    /// Ends it.
    pub(crate) fn end(self) {
        self.out.push(self.close);
    }
}
