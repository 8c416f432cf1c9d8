//! A small tree of an XML answer, bounded on every side. Names are compared without their namespace
//! prefix. Never expands an entity beyond the five of XML 1.0, never follows anything.

use quick_xml::Reader;
use quick_xml::escape::resolve_predefined_entity;
use quick_xml::events::{BytesStart, Event};

use crate::Error;

/// Largest answer read: a camera with 16 profiles answers GetProfiles with about 60 kB.
pub(super) const XML_BYTES_MAX: usize = 512 * 1_024;
/// Most elements; the same answer has about 2,000.
const NODES_MAX: usize = 16_384;
/// Deepest nesting; SOAP adds 3 to ONVIF's 9.
const DEPTH_MAX: usize = 32;

/// An element.
#[derive(Debug, Default)]
pub(super) struct Node {
    name: String,
    token: Option<String>,
    mask: Option<String>,
    text: String,
    children: Vec<Node>,
}

fn bad(why: impl Into<String>) -> Error {
    Error::Onvif(why.into())
}

impl Node {
    /// Reads a document; the node returned is its root element.
    pub(super) fn parse(text: &str) -> Result<Self, Error> {
        if text.len() > XML_BYTES_MAX {
            return Err(bad(format!("it is longer than {XML_BYTES_MAX} bytes")));
        }
        let mut reader = Reader::from_str(text);
        let mut open = vec![Self::default()];
        let mut count = 0;
        loop {
            match reader.read_event().map_err(|e| bad(e.to_string()))? {
                Event::Start(e) => {
                    count += 1;
                    if count > NODES_MAX || open.len() > DEPTH_MAX {
                        return Err(bad("it has too many elements"));
                    }
                    open.push(Self::begin(&e));
                }
                Event::Empty(e) => {
                    count += 1;
                    if count > NODES_MAX {
                        return Err(bad("it has too many elements"));
                    }
                    let node = Self::begin(&e);
                    if let Some(parent) = open.last_mut() {
                        parent.children.push(node);
                    }
                }
                Event::End(_) => {
                    let node = open
                        .pop()
                        .ok_or_else(|| bad("an end without a beginning"))?;
                    open.last_mut()
                        .ok_or_else(|| bad("an end too many"))?
                        .children
                        .push(node);
                }
                Event::Text(t) => Self::add(&mut open, &t.xml10_content()),
                Event::CData(t) => Self::add(&mut open, &t.xml10_content()),
                Event::GeneralRef(r) => {
                    let known = match r.resolve_char_ref() {
                        Ok(Some(c)) => c.to_string(),
                        Ok(None) => resolve_predefined_entity(&r.xml10_content())
                            .ok_or_else(|| bad("it uses an entity of its own"))?
                            .to_owned(),
                        Err(e) => return Err(bad(e.to_string())),
                    };
                    Self::add(&mut open, &known);
                }
                Event::DocType(_) => return Err(bad("it declares a document type")),
                Event::Eof => break,
                Event::Decl(_) | Event::PI(_) | Event::Comment(_) => {}
            }
        }
        let mut top = open
            .pop()
            .filter(|_| open.is_empty())
            .ok_or_else(|| bad("it breaks off"))?;
        top.children.pop().ok_or_else(|| bad("it is empty"))
    }

    fn begin(e: &BytesStart<'_>) -> Self {
        let attribute = |name| {
            let found = e.attributes().flatten();
            found
                .into_iter()
                .find(|a| a.key.local_name().as_ref() == name)
                .map(|a| a.value.clone().into_owned())
        };
        Self {
            name: e.local_name().as_ref().to_owned(),
            token: attribute("token"),
            mask: attribute("Mask"),
            ..Self::default()
        }
    }

    fn add(open: &mut [Self], text: &str) {
        if let Some(node) = open.last_mut() {
            node.text.push_str(text);
        }
    }

    /// The text directly in this element.
    pub(super) fn text(&self) -> &str {
        self.text.trim()
    }

    /// Its `token` attribute.
    pub(super) fn token(&self) -> Option<&str> {
        self.token.as_deref()
    }

    /// Its `Mask` attribute.
    pub(super) fn mask(&self) -> Option<&str> {
        self.mask.as_deref()
    }

    /// The element at this path of names below this one (first match at each step).
    pub(super) fn at(&self, path: &[&str]) -> Option<&Self> {
        let mut here = self;
        for name in path {
            here = here.children.iter().find(|c| c.name == *name)?;
        }
        Some(here)
    }

    /// The direct children of this name.
    pub(super) fn all<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a Self> {
        self.children.iter().filter(move |c| c.name == name)
    }

    /// The first element of this name anywhere below, in document order.
    pub(super) fn find(&self, name: &str) -> Option<&Self> {
        self.children.iter().find_map(|c| {
            if c.name == name {
                Some(c)
            } else {
                c.find(name)
            }
        })
    }
}
