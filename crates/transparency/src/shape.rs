//! The shapes that a field of a public entry may have, as schemas, and the closed lists used there.
//! Never a free text: a string is a hash, a key id, a word of a list, or a legal basis by
//! identifier.

use loggia_model::{Body, LegalBasis, Purpose, Role};
use serde::{Deserialize, Serialize};
use utoipa::openapi::schema::{ObjectBuilder, Type};
use utoipa::openapi::{RefOr, Schema};
use utoipa::{PartialSchema, ToSchema};

/// 32 bytes as hexadecimal digits.
pub(crate) const HEX32: &str = "^[0-9a-f]{64}$";
/// A key id as hexadecimal digits.
pub(crate) const HEX8: &str = "^[0-9a-f]{16}$";
/// A legal basis by its identifier in the city's list, e.g. `fi-plb-2-10`.
pub(crate) const BASIS: &str = "^[a-z0-9][a-z0-9-]{0,63}$";

/// What the approver said.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Verdict {
    /// The request may go to the custodians.
    Approve,
    /// It may not.
    Refuse,
}

/// How a request ended without being granted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RequestEnd {
    /// Approved, but never used.
    Abandoned,
    /// A resident's ask was answered.
    Answered,
    /// Nobody decided in time.
    Expired,
    /// Taken back by the requester.
    Withdrawn,
}

/// How a hold ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum HoldEnd {
    /// Both bodies let go.
    Released,
    /// Its longest term is over.
    Lapsed,
}

/// Whether a court decided that place and hour stay closed for longer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Court {
    /// No: the city's longest delay holds.
    None,
    /// Yes; which decision it was stands in the commitment, for it would name the case.
    Decision,
}

/// Why a disclosure was taken down.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, utoipa::ToSchema,
)]
#[serde(rename_all = "snake_case")]
pub enum WithdrawalReason {
    /// It endangers somebody.
    Danger,
    /// A court decided so.
    Court,
    /// It lets a person be recognised.
    Privacy,
}

/// What the break-glass account was used for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum GlassUse {
    /// Somebody signed in with it.
    SignedIn,
    /// The accounts, or who works here, were read.
    AccountsRead,
    /// An account was disabled.
    AccountDisabled,
    /// An account was enabled again.
    AccountEnabled,
    /// The inventory or the cameras' health was read.
    CamerasRead,
    /// A camera was enrolled.
    CameraEnrolled,
    /// A camera was taken out.
    CameraRetired,
    /// Storage, clock or alarms were read.
    StateRead,
}

/// How an opening of the break-glass account ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum GlassEnd {
    /// Its time was over.
    Expired,
    /// Whoever used it signed out.
    SignedOut,
    /// A custodian ended it.
    Recalled,
    /// The server started anew.
    Restarted,
}

fn pattern(regex: &str) -> RefOr<Schema> {
    ObjectBuilder::new()
        .schema_type(Type::String)
        .pattern(Some(regex))
        .build()
        .into()
}

fn words<T: Serialize>(all: &[T]) -> RefOr<Schema> {
    let values = all.iter().filter_map(|w| serde_json::to_value(w).ok());
    ObjectBuilder::new()
        .schema_type(Type::String)
        .enum_values(Some(values))
        .build()
        .into()
}

macro_rules! shapes {
    ($($name:ident => $schema:expr),* $(,)?) => { $(
        pub(crate) struct $name;
        impl PartialSchema for $name {
            fn schema() -> RefOr<Schema> { $schema }
        }
        impl ToSchema for $name {}
    )* };
}

shapes! {
    Hex32 => pattern(HEX32),
    Hex8 => pattern(HEX8),
    Basis => pattern(BASIS),
    BodyWord => words(&[Body::Police, Body::Oversight, Body::City]),
    PurposeWord => words(&[
        Purpose::Investigation, Purpose::DangerToLife, Purpose::SubjectAccess,
        Purpose::IncidentLive, Purpose::AuditSample,
    ]),
    VerdictWord => words(&[Verdict::Approve, Verdict::Refuse]),
    RequestEndWord => words(&[
        RequestEnd::Abandoned, RequestEnd::Answered, RequestEnd::Expired, RequestEnd::Withdrawn,
    ]),
    HoldEndWord => words(&[HoldEnd::Released, HoldEnd::Lapsed]),
    CourtWord => words(&[Court::None, Court::Decision]),
    WithdrawalWord => words(&[
        WithdrawalReason::Danger, WithdrawalReason::Court, WithdrawalReason::Privacy,
    ]),
    RoleWord => words(&[
        Role::Operator, Role::Investigator, Role::Approver, Role::Custodian, Role::Auditor,
        Role::Administrator,
    ]),
    GlassUseWord => words(&[
        GlassUse::SignedIn, GlassUse::AccountsRead, GlassUse::AccountDisabled,
        GlassUse::AccountEnabled, GlassUse::CamerasRead, GlassUse::CameraEnrolled,
        GlassUse::CameraRetired, GlassUse::StateRead,
    ]),
    GlassEndWord => words(&[
        GlassEnd::Expired, GlassEnd::SignedOut, GlassEnd::Recalled, GlassEnd::Restarted,
    ]),
}

/// Whether a legal basis is written as an identifier of the city's list.
pub(crate) fn is_basis(basis: &LegalBasis) -> bool {
    let s = basis.0.as_bytes();
    let word = |b: &u8| b.is_ascii_lowercase() || b.is_ascii_digit();
    (1..=64).contains(&s.len())
        && s.first().is_some_and(word)
        && s.iter().all(|b| word(b) || *b == b'-')
}
