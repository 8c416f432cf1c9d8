//! The five texts of an access policy: schema, policies, charter, and the closed list of actions
//! with its hash. Never interprets them; never takes more than a page's worth of bytes.

use std::fs;
use std::io::Read;
use std::path::Path;

use loggia_model::Digest;
use serde::{Deserialize, Serialize};

use crate::Error;

/// Most bytes of one text: thirty pages.
pub const TEXT_BYTES_MAX: usize = 96 * 1024;
/// SHA-256 of the list of actions that this release knows. Another list is another release.
pub const ACTIONS_SHA256: &str = "95ec68868f79f23ea8617e781fda71d3d192657978c8c3a270779800a16e3d16";
/// Before the five lines in a policy's hash.
const CONTEXT: &[u8] = b"loggia/access-policy/v1\n";

/// An access policy as text.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Texts {
    /// The closed list of actions, one a line (`actions.txt`).
    pub actions: String,
    /// Its hash, as `sha256sum` writes it (`actions.sha256`).
    pub actions_sha256: String,
    /// What must hold (`charter.cedar`).
    pub charter: String,
    /// Who may do what (`policies.cedar`).
    pub policies: String,
    /// What both speak about (`schema.cedarschema`).
    pub schema: String,
}

impl Texts {
    /// The policy that every installation begins with.
    #[must_use]
    pub fn of_this_release() -> Self {
        Self {
            actions: include_str!("../../../demo/policy/actions.txt").to_owned(),
            actions_sha256: include_str!("../../../demo/policy/actions.sha256").to_owned(),
            charter: include_str!("../../../demo/policy/charter.cedar").to_owned(),
            policies: include_str!("../../../demo/policy/policies.cedar").to_owned(),
            schema: include_str!("../../../demo/policy/schema.cedarschema").to_owned(),
        }
    }

    /// This release's schema, charter and actions around other policies: all that can be activated.
    #[must_use]
    pub fn with_policies(policies: String) -> Self {
        Self {
            policies,
            ..Self::of_this_release()
        }
    }

    /// Reads a folder that holds the five.
    ///
    /// # Errors
    /// [`Error::File`] naming the file; [`Error::Text`] when one is too long or no UTF-8.
    pub fn read(folder: &Path) -> Result<Self, Error> {
        let text = |file: &'static str| -> Result<String, Error> {
            let path = folder.join(file);
            let failed = |source| Error::File {
                path: path.display().to_string(),
                source,
            };
            let mut bytes = Vec::new();
            fs::File::open(&path)
                .map_err(failed)?
                .take(TEXT_BYTES_MAX as u64 + 1)
                .read_to_end(&mut bytes)
                .map_err(failed)?;
            String::from_utf8(bytes).map_err(|_| Error::Text {
                file,
                what: "is no UTF-8 text".into(),
            })
        };
        let texts = Self {
            actions: text("actions.txt")?,
            actions_sha256: text("actions.sha256")?,
            charter: text("charter.cedar")?,
            policies: text("policies.cedar")?,
            schema: text("schema.cedarschema")?,
        };
        texts.check()?;
        Ok(texts)
    }

    /// Whether every text has a length that is worth reading.
    ///
    /// # Errors
    /// [`Error::Text`] naming the one that has not.
    pub fn check(&self) -> Result<(), Error> {
        for (file, text) in self.named() {
            if text.len() > TEXT_BYTES_MAX {
                return Err(Error::Text {
                    file,
                    what: format!("is over {TEXT_BYTES_MAX} bytes"),
                });
            }
        }
        Ok(())
    }

    /// Whether all but the policies are this release's: the facts are gathered for that schema, and
    /// the charter is no part of a change that it judges.
    #[must_use]
    pub fn only_policies_differ(&self) -> bool {
        Self::with_policies(self.policies.clone()) == *self
    }

    /// The texts with their files' names, in the order of the hash.
    #[must_use]
    pub fn named(&self) -> [(&'static str, &str); 5] {
        [
            ("actions.sha256", &self.actions_sha256),
            ("actions.txt", &self.actions),
            ("charter.cedar", &self.charter),
            ("policies.cedar", &self.policies),
            ("schema.cedarschema", &self.schema),
        ]
    }

    /// The policy's hash: SHA-256 of one line of context and what `sha256sum *` prints in the
    /// folder.
    #[must_use]
    pub fn hash(&self) -> Digest {
        let mut lines = CONTEXT.to_vec();
        for (file, text) in self.named() {
            lines.extend_from_slice(format!("{}  {file}\n", sha256(text.as_bytes())).as_bytes());
        }
        sha256(&lines)
    }
}

/// SHA-256.
pub(crate) fn sha256(bytes: &[u8]) -> Digest {
    let mut digest = [0; 32];
    let hash = aws_lc_rs::digest::digest(&aws_lc_rs::digest::SHA256, bytes);
    digest.copy_from_slice(hash.as_ref());
    Digest(digest)
}
