//! Statements by roster keys: approve, refuse, release. The exact bytes are signed; everything is
//! checked before anything is believed. Never signs: the keys live on the desks.

use core::time::Duration;

use loggia_model::{At, Digest, PersonId, RequestId};
use serde::{Deserialize, Serialize};

use crate::Error;
use crate::passkey::Touched;
use crate::roster::Member;

/// What a statement's signature covers, before its bytes.
pub const STATEMENT_CONTEXT: &[u8] = b"loggia/statement/v1\n";
/// Longest statement: its note is one page.
pub const STATEMENT_BYTES_MAX: usize = 8 * 1024;
/// Longest note.
pub const NOTE_CHARS_MAX: usize = 2_000;
/// How far a statement's or a desk call's time may lie from the server's, either way.
pub const FRESH: Duration = Duration::from_secs(120);

/// What a statement does.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Act {
    /// The second person agrees.
    Approve,
    /// The second person does not.
    Refuse,
    /// A custodian releases their group's shares.
    Release,
    /// A hold is agreed to (holds need both bodies).
    Hold,
    /// A hold is to end before its term (both bodies).
    EndHold,
    /// A person's password may be set anew (takes both groups).
    ResetCredential,
    /// Place and hour of what was opened become public later (oversight).
    ExtendDelay,
    /// What was published about an opening is taken down (oversight).
    WithdrawDisclosure,
    /// The records of a request that is over are erased (oversight, two people).
    EraseRecords,
    /// The break-glass account may be opened (takes both groups).
    OpenBreakGlass,
    /// An access policy is to come into force (takes an approver of each body).
    ActivatePolicy,
}

impl Act {
    /// The word in statements and tables.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Approve => "approve",
            Self::Refuse => "refuse",
            Self::Release => "release",
            Self::Hold => "hold",
            Self::EndHold => "end_hold",
            Self::ResetCredential => "reset_credential",
            Self::ExtendDelay => "extend_delay",
            Self::WithdrawDisclosure => "withdraw_disclosure",
            Self::EraseRecords => "erase_records",
            Self::OpenBreakGlass => "open_break_glass",
            Self::ActivatePolicy => "activate_policy",
        }
    }
}

/// A statement as it is signed: these fields, in this order, without white space.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Statement {
    /// Format, 1.
    pub v: u8,
    /// What it is about: the request's hash (for a hold or a reset, that subject's hash).
    pub request: RequestId,
    /// What it does.
    pub act: Act,
    /// Who says so.
    pub by: PersonId,
    /// When, microseconds.
    pub at: At,
    /// Why, in words.
    pub note: String,
}

impl Statement {
    /// The exact bytes to sign and send.
    ///
    /// # Errors
    /// [`Error::Invalid`] if the note is too long.
    pub fn to_json(&self) -> Result<String, Error> {
        if self.note.chars().count() > NOTE_CHARS_MAX {
            return Err(Error::Invalid(format!(
                "the note is over {NOTE_CHARS_MAX} characters"
            )));
        }
        if !loggia_model::is_prose(&self.note) {
            return Err(Error::Invalid(
                "the note holds characters that are not seen; write it in plain words".into(),
            ));
        }
        serde_json::to_string(self).map_err(|e| Error::Invalid(e.to_string()))
    }

    /// What is signed for these exact bytes.
    #[must_use]
    pub fn to_be_signed(json: &str) -> Vec<u8> {
        [STATEMENT_CONTEXT, json.as_bytes()].concat()
    }
}

/// A statement on the wire.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct SignedStatement {
    /// The JSON, as a string, byte for byte as it was signed.
    pub statement: String,
    /// Over the context and the JSON: Ed25519 by the key file (base64), or the assertion of a
    /// passkey whose challenge is their SHA-256 (`webauthn.v1.…`).
    pub signature: String,
}

/// A statement whose signature, person, act, subject and time were checked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Stated {
    /// What was said.
    pub statement: Statement,
    /// SHA-256 of the exact bytes with context: no statement counts twice.
    pub hash: Digest,
    /// As it came.
    pub signed: SignedStatement,
    /// The passkey that signed it; none when the key file did.
    pub touched: Option<Touched>,
}

/// Before a signed statement's parts in the hash that the public log's entry names.
pub const STATED_CONTEXT: &[u8] = b"loggia/stated/v1\n";

impl SignedStatement {
    /// What the log's entry names: SHA-256(context ‖ statement ‖ LF ‖ signature). The signature is
    /// not public and cannot be guessed, so the hash of a short statement says nothing about it.
    #[must_use]
    pub fn logged_as(&self) -> Digest {
        let (said, signature) = (self.statement.as_bytes(), self.signature.as_bytes());
        crate::wire::sha256(&[STATED_CONTEXT, said, b"\n", signature])
    }

    /// Who the statement claims to be by; believed only after [`Self::check`] with that key.
    ///
    /// # Errors
    /// [`Error::Invalid`] when it does not read.
    pub fn claims_by(&self) -> Result<PersonId, Error> {
        if self.statement.len() > STATEMENT_BYTES_MAX {
            return Err(Error::Invalid(format!(
                "a statement is at most {STATEMENT_BYTES_MAX} B"
            )));
        }
        serde_json::from_str::<Statement>(&self.statement)
            .map(|s| s.by)
            .map_err(|e| Error::Invalid(format!("the statement does not read: {e}")))
    }

    /// Checks everything about the statement but whether the person may make it.
    ///
    /// # Errors
    /// [`Error::Invalid`] when malformed, stale, or about something else; [`Error::Signature`].
    pub fn check(
        &self,
        subject: RequestId,
        member: &Member,
        acts: &[Act],
        now: At,
    ) -> Result<Stated, Error> {
        if self.statement.len() > STATEMENT_BYTES_MAX {
            return Err(Error::Invalid(format!(
                "a statement is at most {STATEMENT_BYTES_MAX} B"
            )));
        }
        let signed = Statement::to_be_signed(&self.statement);
        let touched = member.signed(&signed, &self.signature)?;
        let statement: Statement = serde_json::from_str(&self.statement)
            .map_err(|e| Error::Invalid(format!("the statement does not read: {e}")))?;
        // One statement, one form: what was signed is what this struct writes, so that no second
        // reader can see other fields in the same bytes.
        if statement.to_json()? != self.statement {
            return Err(Error::Invalid(
                "the statement is not in its canonical form".into(),
            ));
        }
        if statement.v != 1 {
            return Err(Error::Invalid(
                "only statements of version 1 are known".into(),
            ));
        }
        if statement.by != member.person {
            return Err(Error::Invalid(format!(
                "the statement is by {}, not {}",
                statement.by, member.person
            )));
        }
        if statement.request != subject {
            return Err(Error::Invalid(
                "the statement is about another request".into(),
            ));
        }
        if !acts.contains(&statement.act) {
            return Err(Error::Invalid(format!(
                "`{}` is not said here",
                statement.act.word()
            )));
        }
        // Shares, holds and roster keys stay with the key file: a page of the city's shows what it
        // likes, and the statement behind an approval is checked again on two custodians' desks.
        if touched.is_some() && !matches!(statement.act, Act::Approve | Act::Refuse) {
            return Err(Error::Invalid(format!(
                "`{}` is signed with the key file, at the desk",
                statement.act.word()
            )));
        }
        fresh(statement.at, now)?;
        let hash = crate::wire::sha256(&[&signed]);
        Ok(Stated {
            statement,
            hash,
            signed: self.clone(),
            touched,
        })
    }
}

/// Whether `at` is within [`FRESH`] of `now`.
///
/// # Errors
/// [`Error::Invalid`] with what to check.
pub fn fresh(at: At, now: At) -> Result<(), Error> {
    if at.since(now) > FRESH || now.since(at) > FRESH {
        return Err(Error::Invalid(format!(
            "signed at {at}, but it is {now} here; check this machine's clock and sign again"
        )));
    }
    Ok(())
}
