//! What the public log can say: a closed list of kinds, each with one exact form in JSON bytes.
//! Never holds personal data: no names, no places, no free text; commitments stand in for them.

use loggia_model::{Body, Digest, KeyId, LegalBasis, Purpose, RequestId, Role};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::shape::{
    Basis, BodyWord, Court, CourtWord, Hex8, Hex32, HoldEnd, HoldEndWord, PurposeWord, RequestEnd,
    RequestEndWord, Verdict, VerdictWord, WithdrawalReason, WithdrawalWord, is_basis,
};
use crate::shape::{GlassEnd, GlassEndWord, GlassUse, GlassUseWord, RoleWord};
use crate::tile::ENTRY_BYTES_MAX;
use crate::{Error, leaf_hash};

/// Something that happened and can be said in public. Its value comes back as [`crate::Logged`].
pub trait Loggable {
    /// What the log says about it.
    fn event(&self) -> Event;
}

macro_rules! kinds {
    ($(
        $(#[$doc:meta])*
        $name:ident = $kind:literal {
            $( $(#[$field_doc:meta])* $field:ident : $ty:ty as $shape:ident, )*
        }
    )*) => {
        $(
            $(#[$doc])*
            #[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
            pub struct $name {
                $( $(#[$field_doc])* #[schema(value_type = $shape)] pub $field: $ty, )*
            }
            impl Loggable for $name {
                fn event(&self) -> Event { Event::$name(self.clone()) }
            }
        )*

        /// One of the kinds. The list is closed: a new kind is a new version of the schema.
        #[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
        #[serde(tag = "kind")]
        pub enum Event {
            $( $(#[$doc])* #[serde(rename = $kind)] $name($name), )*
        }

        impl Event {
            /// Every kind's word, in the order of docs/design/transparency.md.
            pub const KINDS: &'static [&'static str] = &[$($kind),*];

            /// The kind's word on the wire.
            #[must_use]
            pub fn kind(&self) -> &'static str {
                match self { $( Self::$name(_) => $kind, )* }
            }
        }
    };
}

kinds! {
    /// A camera was taken into the inventory.
    CameraEnrolled = "camera_enrolled" {
        /// Salted commitment to the camera's declaration.
        camera_commitment: Digest as Hex32,
    }
    /// A camera was taken out of the inventory.
    CameraRetired = "camera_retired" {
        /// The commitment of its enrolment.
        camera_commitment: Digest as Hex32,
    }
    /// A case was opened.
    CaseOpened = "case_opened" {
        /// Salted commitment to the case number.
        case: Digest as Hex32,
        /// What for.
        purpose: Purpose as PurposeWord,
    }
    /// Somebody asks for footage.
    RequestFiled = "request_filed" {
        /// Hash of the request's bytes.
        request: RequestId as Hex32,
        /// Commitment of its case.
        case: Digest as Hex32,
        /// The requester's body.
        body: Body as BodyWord,
        /// What for.
        purpose: Purpose as PurposeWord,
        /// On which ground, by identifier in the city's list.
        legal_basis: LegalBasis as Basis,
        /// How many cameras.
        cameras: u32 as u32,
        /// How many seconds per camera.
        length_s: u32 as u32,
        /// Salted commitment to from and to.
        span_commitment: Digest as Hex32,
        /// Salted commitment to the cameras and their places.
        place_commitment: Digest as Hex32,
        /// Whether the shorter clock and the review afterwards apply.
        danger_to_life: bool as bool,
    }
    /// A person of the other body decided.
    Decision = "decision" {
        /// Hash of the request's bytes.
        request: RequestId as Hex32,
        /// What was decided.
        decision: Verdict as VerdictWord,
        /// The deciding person's body.
        body: Body as BodyWord,
        /// SHA-256 of the decision's statement with its signature, which nobody can guess; entries
        /// of versions before 0.4 have none.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        statement: Option<Digest> as Hex32,
    }
    /// Footage is being opened.
    Opening = "opening" {
        /// Hash of the request's bytes.
        request: RequestId as Hex32,
        /// The requester's body.
        body: Body as BodyWord,
        /// Seconds per camera.
        length_s: u32 as u32,
        /// How many cameras.
        cameras: u32 as u32,
    }
    /// A clip leaves the house.
    Export = "export" {
        /// Hash of the request's bytes.
        request: RequestId as Hex32,
        /// Seconds of footage.
        length_s: u32 as u32,
        /// SHA-256 of the exported bundle.
        bundle: Digest as Hex32,
    }
    /// A request ended without being granted.
    RequestEnded = "request_ended" {
        /// Hash of the request's bytes.
        request: RequestId as Hex32,
        /// How.
        how: RequestEnd as RequestEndWord,
    }
    /// Footage is kept beyond its retention.
    Hold = "hold" {
        /// Salted commitment to what is held and why.
        hold_commitment: Digest as Hex32,
        /// The asking body.
        body: Body as BodyWord,
        /// Until when at the longest, Unix seconds.
        until: i64 as i64,
        /// When it is to be reviewed, Unix seconds.
        review: i64 as i64,
    }
    /// A hold ended.
    HoldEnded = "hold_ended" {
        /// The commitment of the hold.
        hold_commitment: Digest as Hex32,
        /// The body that ended it.
        body: Body as BodyWord,
        /// How.
        how: HoldEnd as HoldEndWord,
    }
    /// Hour keys have reached retention and are about to be destroyed.
    KeyDue = "key_due" {
        /// Hour since 1970.
        hour: u32 as u32,
        /// How many cameras' keys.
        keys: u32 as u32,
    }
    /// Hour keys were destroyed.
    KeyDestroyed = "key_destroyed" {
        /// Hour since 1970.
        hour: u32 as u32,
        /// How many cameras' keys.
        keys: u32 as u32,
    }
    /// A pending request makes keys wait; nobody sees anything.
    Freeze = "freeze" {
        /// Hash of the request's bytes.
        request: RequestId as Hex32,
        /// How many spans.
        spans: u32 as u32,
    }
    /// The configuration changed.
    ConfigChanged = "config_changed" {
        /// SHA-256 of the configuration without its secrets.
        hash: Digest as Hex32,
    }
    /// The roster of custodians and approvers changed; both groups signed it.
    RosterChanged = "roster_changed" {
        /// Hash of the roster's bytes.
        roster: Digest as Hex32,
        /// Its version, from 1.
        version: u32 as u32,
    }
    /// Every minute: where all cameras' chains stand.
    Heads = "heads" {
        /// Merkle root over the lines of [`crate::heads_root`].
        root: Digest as Hex32,
        /// How many cameras.
        cameras: u32 as u32,
        /// How many of them are in a gap.
        gaps: u32 as u32,
    }
    /// Wall clock and monotonic clock part; nothing is destroyed until a person decides.
    ClockDisputed = "clock_disputed" {
        /// Wall minus disciplined time, seconds.
        by_s: i64 as i64,
    }
    /// A recorder started with this key.
    RecorderStarted = "recorder_started" {
        /// The recorder's key id.
        recorder: KeyId as Hex8,
    }
    /// Unblurred live view in a declared incident.
    LiveView = "live_view" {
        /// Hash of the request's bytes.
        request: RequestId as Hex32,
        /// The viewer's body.
        body: Body as BodyWord,
        /// Seconds at the longest (≤ 900).
        length_s: u32 as u32,
        /// How many cameras.
        cameras: u32 as u32,
    }
    /// The review that follows a danger-to-life request is due.
    ReviewDue = "review_due" {
        /// Hash of the request's bytes.
        request: RequestId as Hex32,
    }
    /// On which date place and hour of a request, once opened, are published outside the log.
    DisclosureDue = "disclosure_due" {
        /// Hash of the request's bytes.
        request: RequestId as Hex32,
        /// From when on they are public, Unix seconds.
        disclose_at: i64 as i64,
        /// Salted commitment to the cameras as they will be published, and to nothing else.
        place: Digest as Hex32,
        /// Salted commitment to the days.
        day: Digest as Hex32,
        /// Salted commitment to the hours.
        hour: Digest as Hex32,
    }
    /// The date was moved; the oversight body signed it.
    DisclosureExtended = "disclosure_extended" {
        /// Hash of the request's bytes.
        request: RequestId as Hex32,
        /// The new date, Unix seconds.
        until: i64 as i64,
        /// Whether a court decided so.
        court: Court as CourtWord,
        /// Salted commitment to what was asked, the court's decision with it.
        extension: Digest as Hex32,
    }
    /// What was published about a request was taken down; the oversight body signed it.
    DisclosureWithdrawn = "disclosure_withdrawn" {
        /// Hash of the request's bytes.
        request: RequestId as Hex32,
        /// Why.
        reason: WithdrawalReason as WithdrawalWord,
    }
    /// The city's records of a request were erased and the salts with them: what the log holds
    /// stays, and opens never again.
    RecordsErased = "records_erased" {
        /// Hash of the request's bytes.
        request: RequestId as Hex32,
    }
    /// Two custodians, one of each group, opened the break-glass account.
    BreakGlassOpened = "break_glass_opened" {
        /// Until when at the longest, Unix seconds.
        until: i64 as i64,
    }
    /// The break-glass account is about to be used.
    BreakGlassUsed = "break_glass_used" {
        /// What for.
        what: GlassUse as GlassUseWord,
        /// Salted commitment to the short name of the person whose account it is; only where an
        /// account is disabled or enabled.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        account: Option<Digest> as Hex32,
        /// That person's body.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        body: Option<Body> as BodyWord,
        /// The weightiest of that person's roles.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        role: Option<Role> as RoleWord,
    }
    /// The break-glass account is closed again.
    BreakGlassEnded = "break_glass_ended" {
        /// Entry of the opening that this ends; older entries have none.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        opening: Option<u64> as u64,
        /// How.
        how: GlassEnd as GlassEndWord,
    }
    /// Another access policy comes into force: both bodies agreed, and the charter was proved.
    PolicyActivated = "policy_activated" {
        /// Hash of the policy's texts.
        policy: Digest as Hex32,
        /// SHA-256 of the proof's transcript.
        proof: Digest as Hex32,
    }
    /// The log's key changes, as both groups agreed: the last entry under the key before.
    LogKeyChanged = "log_key_changed" {
        /// The next Ed25519 public key.
        key: Digest as Hex32,
        /// Hash of the statement that a custodian of each group signed.
        statement: Digest as Hex32,
    }
}

/// An event can be logged as it is (recovery tools do); crates log their own types.
impl Loggable for Event {
    fn event(&self) -> Event {
        self.clone()
    }
}

/// One line of the public log: when, and what. One value has one form in bytes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    /// Unix seconds by the log's clock.
    pub at: i64,
    /// What happened.
    pub event: Event,
}

#[derive(Deserialize)]
struct Wire {
    v: u8,
    at: i64,
    #[serde(flatten)]
    event: Event,
}

impl Entry {
    /// The exact bytes that are hashed: JSON without white space, `v`, `kind` and `at` first, then
    /// the kind's fields in their fixed order.
    ///
    /// # Errors
    /// [`Error::Malformed`] if the legal basis is no identifier; [`Error::TooLarge`].
    pub fn to_bytes(&self) -> Result<Vec<u8>, Error> {
        let bad = |why: &str| Error::malformed(format!("entry of kind {}", self.event.kind()), why);
        if let Event::RequestFiled(r) = &self.event
            && !is_basis(&r.legal_basis)
        {
            return Err(bad(
                "the legal basis is not an identifier such as fi-plb-2-10",
            ));
        }
        let json = serde_json::to_string(&self.event).map_err(|e| bad(&e.to_string()))?;
        // serde writes the tag first: {"kind":"…" and then `,` or `}`. Kinds contain no quotes.
        let (kind, rest) = json
            .strip_prefix("{\"kind\":\"")
            .and_then(|s| s.split_once('"'))
            .ok_or_else(|| bad("the tag is not first"))?;
        let bytes = format!("{{\"v\":1,\"kind\":\"{kind}\",\"at\":{}{rest}", self.at).into_bytes();
        if bytes.len() > ENTRY_BYTES_MAX {
            return Err(Error::TooLarge { bytes: bytes.len() });
        }
        Ok(bytes)
    }

    /// Reads an entry and accepts nothing but its one exact form.
    ///
    /// # Errors
    /// [`Error::Malformed`] says what is wrong; `what` names the entry in it.
    pub fn parse(bytes: &[u8], what: &str) -> Result<Self, Error> {
        if bytes.len() > ENTRY_BYTES_MAX {
            return Err(Error::malformed(what, "longer than 65535 bytes"));
        }
        let wire: Wire =
            serde_json::from_slice(bytes).map_err(|e| Error::malformed(what, e.to_string()))?;
        if wire.v != 1 {
            return Err(Error::malformed(
                what,
                format!("version {} is not known here", wire.v),
            ));
        }
        let entry = Self {
            at: wire.at,
            event: wire.event,
        };
        if entry.to_bytes()? != bytes {
            return Err(Error::malformed(
                what,
                "not in its one exact form (order of fields, white space, or an unknown field)",
            ));
        }
        Ok(entry)
    }

    /// The Merkle leaf hash of this entry (RFC 6962 §2.1).
    ///
    /// # Errors
    /// As [`Entry::to_bytes`].
    pub fn leaf_hash(&self) -> Result<Digest, Error> {
        Ok(leaf_hash(&self.to_bytes()?))
    }
}
