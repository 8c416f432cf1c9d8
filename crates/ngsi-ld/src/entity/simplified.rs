//! Attributes in simplified representation, of old called keyValues (clause 4.5.4): the value and
//! nothing else. Never guesses a Relationship: a text is a Property until an update meets one.

use super::draft::{Change, Draft, Written};
use super::kind::Kind;
use super::read::Reading;
use crate::context::Member;
use crate::error::Error;
use crate::iri::{Iri, is_uri};
use crate::json::Json;

/// The key of the default instance in `dataset`.
const DEFAULT: &str = "@none";

impl Reading<'_> {
    /// The instances that a value stands for: one, or several under `dataset`.
    pub(super) fn simplified(
        &self,
        name: &Iri,
        term: &str,
        raw: Json,
        into: &mut Vec<Draft>,
    ) -> Result<(), Error> {
        let several = raw.members().len() == 1
            && raw.members().iter().all(|(key, value)| {
                self.context.member(key) == Member::Dataset && matches!(value, Json::Object(_))
            });
        if !several {
            into.push(self.one(name, term, raw)?);
            return Ok(());
        }
        let Json::Object(members) = raw else {
            return Ok(());
        };
        for (_, instances) in members {
            let Json::Object(instances) = instances else {
                continue;
            };
            for (dataset, value) in instances {
                let mut draft = self
                    .one(name, term, value)
                    .map_err(|e| e.within(&dataset))?;
                if &*dataset != DEFAULT {
                    if !is_uri(&dataset) {
                        return Err(Error::bad(&*dataset, "a datasetId is a URI"));
                    }
                    draft.dataset_id = Some(dataset);
                }
                into.push(draft);
            }
        }
        Ok(())
    }

    fn one(&self, name: &Iri, term: &str, raw: Json) -> Result<Draft, Error> {
        let kind = match raw.members() {
            [(key, _)] => match self.context.member(key) {
                m @ (Member::LanguageMap
                | Member::Vocab
                | Member::Json
                | Member::ValueList
                | Member::ObjectList) => Some(Kind::held_by(m)),
                _ => None,
            },
            _ => None,
        };
        let Some(kind) = kind else {
            return self.bare(name, term, raw);
        };
        let mut value = Change::Keep;
        if let Json::Object(members) = raw {
            for (_, inner) in members {
                value = self.value(kind, inner)?;
            }
        }
        let mut draft = Draft::new(name.clone(), term.into(), value, Written::Bare);
        draft.kind = Some(kind);
        Ok(draft)
    }
}
