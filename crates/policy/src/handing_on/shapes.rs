//! What goes between the recorder and a custodian's machine in a rotation. Never a share in the
//! clear.

use loggia_model::{CameraId, KeyId, SpanId};
use serde::{Deserialize, Serialize};

use crate::release::DeskShare;

/// One kept span of which a custodian of the caller's group has no share yet.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct KeptShare {
    /// The caller's own share, sealed to the caller.
    pub share: DeskShare,
    /// Keys of the roster that lack it. The caller believes them only if the roster names them.
    #[schema(value_type = Vec<String>)]
    pub lacking: Vec<KeyId>,
}

/// A page of kept spans.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct KeptPage {
    /// Version of the roster in force.
    pub version: u32,
    /// Spans to hand on, with the caller's own shares.
    pub shares: Vec<KeptShare>,
    /// Cameras' hours (and a line for the held spans) that are still to be looked at.
    pub left: u64,
    /// Where the next page begins; none when this was the last.
    pub next: Option<String>,
}

/// A share on its way to a custodian who came later.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct HandedShare {
    /// Camera.
    #[schema(value_type = u32)]
    pub camera: CameraId,
    /// Span.
    #[schema(value_type = u64)]
    pub span: SpanId,
    /// For which key of the caller's group.
    #[schema(value_type = String)]
    pub custodian: KeyId,
    /// HPKE's encapsulated key (base64).
    pub enc: String,
    /// HPKE's ciphertext (base64).
    pub ct: String,
}

/// What a custodian hands on at once.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct HandedOn {
    /// The roster that the custodian has verified.
    pub version: u32,
    /// The shares, all of one group.
    pub shares: Vec<HandedShare>,
}
