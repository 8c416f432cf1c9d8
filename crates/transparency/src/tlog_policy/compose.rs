//! Writing a policy file in the form that Loggia recommends: each body's Ed25519 key and, beside
//! it, its ML-DSA-44 key, which together count once. Never writes what [`TlogPolicy::parse`] would
//! refuse.

use core::fmt::Write as _;

use super::TlogPolicy;
use crate::Error;
use crate::cosign::CosignerPublic;
use crate::key::Verifier;

/// One body that witnesses, with all its keys.
#[derive(Debug, Clone)]
pub struct WitnessBody {
    /// Its name inside the policy file.
    pub name: String,
    /// Its keys. Two are a group that needs both.
    pub keys: Vec<CosignerPublic>,
    /// Its submission prefix, for those who ask it.
    pub url: Option<String>,
}

impl TlogPolicy {
    /// The text of a policy: this log, these bodies, and at least `quorum` of them (0: none).
    ///
    /// # Errors
    /// [`Error::Malformed`] if a name, key or number cannot stand in a policy.
    pub fn compose(log: &Verifier, bodies: &[WitnessBody], quorum: usize) -> Result<String, Error> {
        let mut out = format!("log {log}\n");
        let mut line = |text: &str| {
            // Writing to a string cannot fail.
            let _ = writeln!(out, "{text}");
        };
        for body in bodies {
            let (name, url) = (&body.name, body.url.as_deref().unwrap_or_default());
            let mut members = Vec::new();
            for key in &body.keys {
                let member = if body.keys.len() == 1 {
                    name.clone()
                } else {
                    format!("{name}-{}", key.kind().to_string().to_ascii_lowercase())
                };
                line(format!("witness {member} {key} {url}").trim_end());
                members.push(member);
            }
            if members.len() != 1 {
                line(&format!("group {name} all {}", members.join(" ")));
            }
        }
        if quorum == 0 {
            line("quorum none");
        } else {
            let names: Vec<_> = bodies.iter().map(|b| b.name.as_str()).collect();
            line(&format!("group witnesses {quorum} {}", names.join(" ")));
            line("quorum witnesses");
        }
        Self::parse(out.as_bytes())?;
        Ok(out)
    }
}
