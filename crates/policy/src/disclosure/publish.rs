//! Publishing when the date has come: by itself, once, and whole or not at all. Outside the log, so
//! that it can be taken down; with the salt, so that nobody need believe it.

use std::collections::BTreeMap;
use std::sync::{Arc, PoisonError};

use loggia_model::RequestId;
use loggia_transparency::{DetailKind, Disclosed};

use crate::rows::disclosures as rows;
use crate::{Error, Policy};

/// Everything that is published, by request: about 900 bytes each.
pub type Published = Arc<BTreeMap<RequestId, Disclosed>>;

/// Requests published in one tick; the next tick goes on.
const AT_ONCE: u32 = 1_000;

impl Policy {
    /// Publishes the place of each opened request whose date has come, and the days and hours that
    /// enough cases share by then. Each request is one transaction, so that a kill in between
    /// publishes nothing by half and the next tick does the rest. Returns how many.
    ///
    /// # Errors
    /// When the tables fail; the next tick tries again.
    pub(crate) fn publish_due(&self) -> Result<u32, Error> {
        let now = self.clock.now();
        let k = u64::from(self.rules.disclosure.small_cell_cases);
        let mut n = 0;
        for request in self.read(|c| Ok(rows::due(c, now, AT_ONCE)?))? {
            self.write(|c| {
                rows::publish(c, request, DetailKind::Place, now)?;
                for what in [DetailKind::Day, DetailKind::Hour] {
                    let beside = match rows::fewest_cases(c, request, what)? {
                        // No cell: a live view, whose entry says when.
                        None => vec![request],
                        Some(_) => rows::beside(c, request, what)?,
                    };
                    for other in beside {
                        if rows::fewest_cases(c, other, what)?.is_none_or(|fewest| fewest >= k) {
                            rows::publish(c, other, what, now)?;
                        }
                    }
                }
                Ok::<_, Error>(())
            })?;
            n += 1;
        }
        if n > 0 {
            self.forget_published();
        }
        Ok(n)
    }

    /// What is published now.
    ///
    /// # Errors
    /// When the tables cannot be read.
    pub fn published(&self) -> Result<Published, Error> {
        // Held while reading: what is forgotten meanwhile is read again, never kept.
        let mut kept = self
            .published
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        if let Some(all) = kept.as_ref() {
            return Ok(Arc::clone(all));
        }
        let all = Arc::new(self.read(|c| rows::published(c))?);
        *kept = Some(Arc::clone(&all));
        Ok(all)
    }

    /// Something was published or taken down.
    pub(crate) fn forget_published(&self) {
        *self
            .published
            .lock()
            .unwrap_or_else(PoisonError::into_inner) = None;
    }
}
