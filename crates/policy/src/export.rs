//! Exports: the public entry comes first, then the bundle may be finished on the requester's side.
//! Never sees the clip; it logs the hash of it.

use loggia_model::{Actor, Digest, RequestId, is_line};
use loggia_transparency::{Event, Export, Loggable};
use serde::{Deserialize, Serialize};

use crate::cases::DAY;
use crate::decide::{Ask, State};
use crate::filing::length_s;
use crate::rows::desk::{ExportRow, exported_since, put_access, put_export};
use crate::rows::requests as rows;
use crate::wire::to_base64;
use crate::{Error, Policy, time_stamp};

/// Longest recipient or exhibit number, characters.
pub const FIELD_CHARS_MAX: usize = 200;

/// An export waits so long for the witnesses.
const WITNESSES_WITHIN: core::time::Duration = core::time::Duration::from_secs(5);

/// Exports that one person makes in 24 hours, each an entry in the public log for good: five of
/// each of the twenty requests that may wait.
pub const EXPORTS_PER_DAY_MAX: u64 = 100;

/// An export as its requester asks for it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Exported {
    /// SHA-256 of the clip.
    #[schema(value_type = String)]
    pub sha256: Digest,
    /// Who gets it.
    pub recipient: String,
    /// Its exhibit number.
    pub exhibit: String,
}

/// The log's receipt for an export, to go into the bundle.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct ExportProof {
    /// Place in the log.
    pub entry_index: u64,
    /// The entry's exact bytes (base64).
    pub entry: String,
    /// Inclusion proof (base64 hashes), lowest sibling first.
    pub proof: Vec<String>,
    /// The signed checkpoint.
    pub checkpoint: String,
    /// The log's public key.
    pub log_key: String,
    /// Proofs (C2SP tlog-proof) of filing, approval, opening and export under a checkpoint that the
    /// witnesses have cosigned. The export's is missing when they did not answer in time.
    #[serde(default)]
    pub proofs: Vec<String>,
    /// `TimeStampResp` over the bundle's hash (RFC 3161, DER in base64), where a time authority is
    /// set and answered; `openssl ts -verify` checks it.
    pub timestamp: Option<String>,
}

struct Leaves {
    request: RequestId,
    length_s: u32,
    bundle: Digest,
}

impl Loggable for Leaves {
    fn event(&self) -> Event {
        Event::Export(Export {
            request: self.request,
            length_s: self.length_s,
            bundle: self.bundle,
        })
    }
}

impl Policy {
    /// Logs an export of opened footage and gives the proof of it.
    ///
    /// # Errors
    /// [`Error::Denied`] when the request is not open for this person; [`Error::Invalid`];
    /// [`Error::Busy`] when the person made [`EXPORTS_PER_DAY_MAX`] in the last 24 hours.
    pub fn export(
        &self,
        by: &Actor,
        id: RequestId,
        export: &Exported,
    ) -> Result<ExportProof, Error> {
        for (field, text) in [
            ("recipient", &export.recipient),
            ("exhibit", &export.exhibit),
        ] {
            let chars = text.trim().chars().count();
            if !(1..=FIELD_CHARS_MAX).contains(&chars) || !is_line(text) {
                return Err(Error::Invalid(format!(
                    "{field} has 1–{FIELD_CHARS_MAX} characters"
                )));
            }
        }
        let step = self.one_step();
        let row = self.request_row(id)?;
        self.require(&self.facts(Ask::Open, by, &row)?)?;
        let day = self.clock.now().before(DAY);
        if self.read(|c| Ok(exported_since(c, &by.person, day)?))? >= EXPORTS_PER_DAY_MAX {
            return Err(Error::Busy(format!(
                "you exported {EXPORTS_PER_DAY_MAX} times in the last 24 hours, which is the most; \
                 export again later, or ask a colleague"
            )));
        }
        let spans = self.read(|c| rows::spans(c, id))?;
        let logged = self.tell(Leaves {
            request: id,
            length_s: length_s(&spans),
            bundle: export.sha256,
        })?;
        let now = self.clock.now();
        let kept = ExportRow {
            log_index: logged.index(),
            at: now,
            person: by.person.clone(),
            sha256: export.sha256,
            recipient: export.recipient.trim().to_owned(),
            exhibit: export.exhibit.trim().to_owned(),
        };
        self.write(|c| {
            put_export(c, id, &kept)?;
            put_access(c, now, &by.person, id, "export", &kept.exhibit)?;
            rows::put_log(c, id, logged.index(), "export")?;
            if row.state == State::Open {
                rows::step(c, id, State::Open, State::Exported)?;
            }
            Ok(())
        })?;
        drop(step);
        // Nobody is kept from exporting what is open: a proof that does not come in time is left
        // out.
        if !self.witnesses.wait(logged.index(), WITNESSES_WITHIN) {
            tracing::warn!("an export goes without the witnesses' proof of its own entry");
        }
        let proofs = self.proofs_of(id, logged.index())?;
        let receipt = self.log.receipt(logged.index())?;
        Ok(ExportProof {
            timestamp: self.time_of(&export.sha256),
            entry_index: receipt.index,
            entry: to_base64(&receipt.entry),
            proof: receipt.proof.iter().map(|d| to_base64(&d.0)).collect(),
            checkpoint: receipt.checkpoint,
            log_key: receipt.log_key,
            proofs,
        })
    }

    /// The cosigned proofs of what led to an export, in the log's order.
    fn proofs_of(&self, id: RequestId, export: u64) -> Result<Vec<String>, Error> {
        let told = self.read(|c| rows::log_of(c, id))?;
        let wanted = told.into_iter().filter(|(index, kind)| {
            ["request_filed", "decision", "opening"].contains(&kind.as_str()) || *index == export
        });
        let proofs = wanted.filter_map(|(index, _)| self.witnesses.proof(index).ok());
        Ok(proofs.map(|p| p.text()).collect())
    }

    /// An authority's time over the hash, where one is set; one that fails delays no export.
    fn time_of(&self, hash: &Digest) -> Option<String> {
        let url = self.time_authority.as_deref()?;
        match time_stamp::stamp(url, hash) {
            Ok(reply) => Some(to_base64(&reply)),
            Err(why) => {
                tracing::warn!("an export goes without an authority's time: {why}");
                None
            }
        }
    }
}
