//! The log's key has a successor: drawn on the recorder, agreed to by a custodian of each group,
//! told to the log as the last entry under the key before. Never hands the log over for less, and
//! keeps no old key.

use core::time::Duration;

use loggia_model::{Actor, At, Digest, Role};
use loggia_transparency::{LogKey, Verifier};
use serde::{Deserialize, Serialize};
use zeroize::Zeroizing;

use crate::roster::{Roster, RosterSignature, both_groups_signed};
use crate::rows::log_key as rows;
use crate::wire::sha256;
use crate::{Error, Policy};

/// Before a statement's bytes in its hash, and before the hash in its signatures.
pub const LOG_KEY_CONTEXT: &[u8] = b"loggia/log-key/v1\n";
/// The secret that is the log's key, and the one that comes after it.
pub const LOG_KEY_SECRET: &str = "log-key";
/// See [`LOG_KEY_SECRET`].
pub const NEXT_LOG_KEY_SECRET: &str = "log-key-next";
/// Longest statement: two keys with names of 255 bytes.
const STATEMENT_BYTES_MAX: usize = 2_048;
/// Both groups sign within a week; what lies about for longer is drawn anew.
const SIGNED_WITHIN: Duration = Duration::from_secs(7 * 86_400);
/// How far a statement's time may lie ahead of this machine's.
const AHEAD: Duration = Duration::from_secs(300);

/// Which key comes after which: these fields, in this order, without white space.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LogKeyStatement {
    /// Format, 1.
    pub v: u8,
    /// The key in force (C2SP signed-note verifier key).
    pub old: String,
    /// The key that signs after it, of the same name.
    pub new: String,
    /// Hash of the roster whose custodians sign.
    pub roster: Digest,
    /// When it was drawn up, microseconds.
    pub at: At,
}

/// A statement as it is kept and passed on: exact bytes and signatures.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct SignedLogKey {
    /// The statement's JSON, byte for byte.
    pub statement: String,
    /// Signatures by custodians of the roster that it names.
    pub signatures: Vec<RosterSignature>,
}

/// The log's keys, for a desk.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct LogKeys {
    /// The key in force.
    pub now: String,
    /// The key that would come after it, once it was drawn. Witnesses should know it before it
    /// signs.
    pub next: Option<String>,
    /// Every statement by which the log was handed over, or was to be.
    pub statements: Vec<SignedLogKey>,
}

impl LogKeyStatement {
    /// The exact bytes.
    ///
    /// # Errors
    /// [`Error::Invalid`] if a key does not read, or they are not two keys of one log.
    pub fn to_json(&self) -> Result<String, Error> {
        let bad = |why: &str| Err(Error::Invalid(format!("the log key's statement: {why}")));
        let key = |text: &str| text.parse::<Verifier>();
        let (old, new) = (key(&self.old)?, key(&self.new)?);
        if self.v != 1 || old.to_string() != self.old || new.to_string() != self.new {
            return bad("it is not version 1 in its canonical form");
        }
        if old.name() != new.name() || old.public() == new.public() {
            return bad("it must name two keys of one log");
        }
        serde_json::to_string(self).map_err(|e| Error::Invalid(e.to_string()))
    }

    /// Hash of a statement's exact bytes, as the log's entry has it.
    #[must_use]
    pub fn hash_of(json: &str) -> Digest {
        sha256(&[LOG_KEY_CONTEXT, json.as_bytes()])
    }

    /// What a custodian signs to agree to the statement with this hash.
    #[must_use]
    pub fn to_be_signed(hash: Digest) -> Vec<u8> {
        [LOG_KEY_CONTEXT, &hash.0].concat()
    }
}

impl SignedLogKey {
    /// Reads the statement; believed only after [`Self::verify`].
    ///
    /// # Errors
    /// [`Error::Invalid`].
    pub fn read(&self) -> Result<LogKeyStatement, Error> {
        if self.statement.len() > STATEMENT_BYTES_MAX {
            return Err(Error::Invalid("the log key's statement is too long".into()));
        }
        let statement: LogKeyStatement = serde_json::from_str(&self.statement)
            .map_err(|e| Error::Invalid(format!("the log key's statement does not read: {e}")))?;
        if statement.to_json()? != self.statement {
            return Err(Error::Invalid(
                "the log key's statement is not in its canonical form".into(),
            ));
        }
        Ok(statement)
    }

    /// Checks form and signatures against the roster that the statement must name.
    ///
    /// # Errors
    /// [`Error::Invalid`], [`Error::Signature`], [`Error::Forbidden`] when a group has not signed.
    pub fn verify(&self, roster: &Roster, hash: Digest) -> Result<LogKeyStatement, Error> {
        let statement = self.read()?;
        if statement.roster != hash {
            return Err(Error::Invalid(
                "the log key's statement names another roster".into(),
            ));
        }
        let own = LogKeyStatement::hash_of(&self.statement);
        let message = LogKeyStatement::to_be_signed(own);
        both_groups_signed(
            roster,
            &message,
            &self.signatures,
            "the log key's statement",
        )?;
        Ok(statement)
    }
}

impl Policy {
    /// The key in force, the one to come, and what both groups signed.
    ///
    /// # Errors
    /// [`Error::Forbidden`] for whoever is no custodian.
    pub fn log_keys(&self, by: &Actor) -> Result<LogKeys, Error> {
        if !by.has(Role::Custodian) {
            return Err(Error::Forbidden("the log's keys are for custodians".into()));
        }
        let now = self.log.verifier();
        let next = match self.secrets.kept(NEXT_LOG_KEY_SECRET)? {
            Some(pkcs8) => Some(
                LogKey::from_pkcs8(&pkcs8)?
                    .verifier(now.name())?
                    .to_string(),
            ),
            None => None,
        };
        Ok(LogKeys {
            now: now.to_string(),
            next,
            statements: self.read(|c| rows::statements(c))?,
        })
    }

    /// Draws the key to come, if there is none yet, and says which it is.
    ///
    /// # Errors
    /// As [`Self::log_keys`].
    pub fn draw_log_key(&self, by: &Actor) -> Result<LogKeys, Error> {
        let before = self.log_keys(by)?;
        if before.next.is_some() {
            return Ok(before);
        }
        let _step = self.one_step();
        self.next_log_key()?;
        self.log_keys(by)
    }

    fn next_log_key(&self) -> Result<LogKey, Error> {
        let pkcs8 = self.secrets.keep(NEXT_LOG_KEY_SECRET, || {
            let (_, bytes) = LogKey::generate()?;
            Ok::<_, Error>(Zeroizing::new(bytes))
        })?;
        Ok(LogKey::from_pkcs8(&pkcs8)?)
    }

    /// Hands the log over to the key that both groups' custodians agreed to, and destroys the one
    /// before. The statement is kept before the entry, so that no crash leaves an entry without it.
    ///
    /// # Errors
    /// As [`SignedLogKey::verify`]; [`Error::Conflict`] when it names other keys than the present.
    pub fn hand_over_log(&self, by: &Actor, signed: &SignedLogKey) -> Result<u64, Error> {
        if !by.has(Role::Custodian) {
            return Err(Error::Forbidden("a custodian hands the log over".into()));
        }
        let _step = self.one_step();
        let roster = self.roster()?;
        let statement = signed.verify(roster.roster(), roster.hash())?;
        let now = self.log.verifier();
        let next = self.next_log_key()?;
        let next_public = next.verifier(now.name())?;
        if statement.old != now.to_string() || statement.new != next_public.to_string() {
            return Err(Error::Conflict(
                "the statement names other keys than the present one and the next".into(),
            ));
        }
        let at = self.clock.now();
        if statement.at > at.after(AHEAD) || at > statement.at.after(SIGNED_WITHIN) {
            return Err(Error::Invalid(
                "the statement is older than a week, or dated in the future; draw it anew".into(),
            ));
        }
        let hash = LogKeyStatement::hash_of(&signed.statement);
        self.write(|c| rows::put(c, hash, signed))?;
        let logged = self.log.hand_over(next, hash)?;
        self.secrets.succeed(LOG_KEY_SECRET, NEXT_LOG_KEY_SECRET)?;
        Ok(logged.index())
    }
}
