//! Reading a policy file line by line (C2SP tlog-policy, "Policy file syntax and structure"). Pure.
//! Never guesses: a word too many, a name used before its line or a key given twice is an error.

use std::collections::{BTreeMap, BTreeSet};

use super::{Node, PolicyLog, PolicyWitness};
use crate::Error;
use crate::cosign::CosignerPublic;
use crate::key::Verifier;

/// Most logs, witnesses and groups, each: twice what the specification asks of every reader, since
/// a body that signs in two ways has two witness lines and a group.
const LINES_MAX: usize = 64;
/// Where a checkpoint needs no witness.
const NONE: &[u8] = b"none";

/// What was read up to a line. Names are opaque bytes, as the specification demands.
#[derive(Default)]
pub(super) struct Reading {
    pub(super) logs: Vec<PolicyLog>,
    pub(super) witnesses: Vec<PolicyWitness>,
    pub(super) nodes: Vec<Node>,
    named: BTreeMap<Vec<u8>, usize>,
    grouped: BTreeSet<usize>,
    pub(super) quorum: Option<Option<usize>>,
}

type Why = String;

impl Reading {
    /// Takes the next line.
    pub(super) fn line(&mut self, line: &[u8]) -> Result<(), Why> {
        // Of the control characters only tab (and line feed) may occur: %x09 %x20-7E %x80-FF.
        if line
            .iter()
            .any(|b| (*b < 0x20 && *b != b'\t') || *b == 0x7f)
        {
            return Err("contains a control character (a carriage return?)".to_owned());
        }
        let blank = |b: &u8| *b == b' ' || *b == b'\t';
        let words: Vec<&[u8]> = line.split(blank).filter(|w| !w.is_empty()).collect();
        match words.as_slice() {
            [] => Ok(()),
            [first, ..] if first.starts_with(b"#") => Ok(()),
            [b"log", key] => self.log(key, None),
            [b"log", key, url] => self.log(key, Some(url)),
            [b"witness", name, key] => self.witness(name, key, None),
            [b"witness", name, key, url] => self.witness(name, key, Some(url)),
            [b"group", name, need, members @ ..] => self.group(name, need, members),
            [b"quorum", name] => self.quorum(name),
            [b"log" | b"witness" | b"group" | b"quorum", ..] => {
                Err("has too few or too many words".to_owned())
            }
            [other, ..] => Err(format!(
                "begins with `{}`, not with log, witness, group or quorum",
                other.escape_ascii()
            )),
        }
    }

    fn log(&mut self, key: &[u8], url: Option<&&[u8]>) -> Result<(), Why> {
        let key: Verifier = text(key)?.parse().map_err(|e: Error| e.to_string())?;
        if self.logs.len() == LINES_MAX {
            return Err(format!(
                "is log number {}; at most {LINES_MAX} are read",
                LINES_MAX + 1
            ));
        }
        if self.logs.iter().any(|l| l.key.public() == key.public()) {
            return Err("names a log's key a second time".to_owned());
        }
        let url = url.map(|u| text(u)).transpose()?;
        let public = *key.public();
        self.logs.push(PolicyLog { key, url });
        self.not_both(&public)
    }

    fn witness(&mut self, name: &[u8], key: &[u8], url: Option<&&[u8]>) -> Result<(), Why> {
        let key: CosignerPublic = text(key)?.parse().map_err(|e: Error| e.to_string())?;
        if self.witnesses.len() == LINES_MAX {
            return Err(format!(
                "is witness {}; at most {LINES_MAX} are read",
                LINES_MAX + 1
            ));
        }
        for known in &self.witnesses {
            if known.key.public() == key.public() {
                return Err(format!("gives the key of `{}` a second name", known.name));
            }
            if known.key.name() == key.name() && known.key.id() == key.id() {
                return Err(format!(
                    "its key cannot be told from that of `{}`",
                    known.name
                ));
            }
        }
        let url = url.map(|u| text(u)).transpose()?;
        let shown = text(name)?;
        self.name(name, Node::Witness(self.witnesses.len()))?;
        let public = key.public().to_vec();
        self.witnesses.push(PolicyWitness {
            name: shown,
            key,
            url,
        });
        self.not_both(&public)
    }

    /// A log that cosigns itself is no witness. (The specification leaves this open.)
    fn not_both(&self, public: &[u8]) -> Result<(), Why> {
        let log = self.logs.iter().any(|l| l.key.public() == public);
        if log && self.witnesses.iter().any(|w| w.key.public() == public) {
            return Err("one key cannot be both a log's and a witness's".to_owned());
        }
        Ok(())
    }

    fn group(&mut self, name: &[u8], need: &[u8], members: &[&[u8]]) -> Result<(), Why> {
        if members.is_empty() {
            return Err("a group needs at least one member".to_owned());
        }
        let groups = self.nodes.len() - self.witnesses.len();
        if groups == LINES_MAX {
            return Err(format!(
                "is group {}; at most {LINES_MAX} are read",
                LINES_MAX + 1
            ));
        }
        let n = members.len();
        let k = match need {
            b"all" => n,
            b"any" => 1,
            digits => core::str::from_utf8(digits)
                .ok()
                .and_then(crate::lines::decimal)
                .and_then(|k| usize::try_from(k).ok())
                .filter(|k| (1..=n).contains(k))
                .ok_or_else(|| format!("the group needs `all`, `any` or a number from 1 to {n}"))?,
        };
        let mut nodes = Vec::new();
        for member in members {
            let node = self.known(member)?;
            if !self.grouped.insert(node) {
                let member = member.escape_ascii();
                return Err(format!("`{member}` is already a member of a group"));
            }
            nodes.push(node);
        }
        self.name(name, Node::Group(k, nodes))
    }

    fn quorum(&mut self, name: &[u8]) -> Result<(), Why> {
        if self.quorum.is_some() {
            return Err("is a second quorum line".to_owned());
        }
        self.quorum = Some(if name == NONE {
            None
        } else {
            Some(self.known(name)?)
        });
        Ok(())
    }

    fn known(&self, name: &[u8]) -> Result<usize, Why> {
        self.named.get(name).copied().ok_or_else(|| {
            let name = name.escape_ascii();
            format!("`{name}` is not the name of a witness or group on a line above")
        })
    }

    fn name(&mut self, name: &[u8], node: Node) -> Result<(), Why> {
        if name == NONE {
            return Err("`none` cannot be a name".to_owned());
        }
        if self.named.insert(name.to_vec(), self.nodes.len()).is_some() {
            return Err(format!("`{}` is already a name", name.escape_ascii()));
        }
        self.nodes.push(node);
        Ok(())
    }
}

fn text(word: &[u8]) -> Result<String, Why> {
    let text = core::str::from_utf8(word);
    let text = text.map_err(|_| format!("`{}` is not UTF-8", word.escape_ascii()))?;
    Ok(text.to_owned())
}
