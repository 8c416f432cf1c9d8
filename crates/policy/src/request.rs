//! The access request: exact bytes made by the requester's device, whose hash everything later
//! names. Never trusts a field that was not checked here.

use aws_lc_rs::agreement::{self, PrivateKey, X25519, agree};
use aws_lc_rs::signature::{ED25519, UnparsedPublicKey};
use loggia_model::{At, CameraId, Digest, LegalBasis, PersonId, Purpose, RequestId, SpanId};
use loggia_transparency::{SALT_BYTES, commit};
use serde::{Deserialize, Serialize};

use crate::Error;
use crate::roster::Member;
use crate::wire::{base64_n, sha256};

/// Before the request's bytes in its hash.
pub const REQUEST_CONTEXT: &[u8] = b"loggia/request/v1\n";
/// Before the request's bytes in what its requester signs.
pub const SIGNED_CONTEXT: &[u8] = b"loggia/request/signed/v1\n";
/// Before the reason's words in the hash that the request names.
pub const NECESSITY_CONTEXT: &[u8] = b"loggia/necessity/v1\n";
/// Longest request: 64 cameras of 60 B and the rest.
pub const REQUEST_BYTES_MAX: usize = 16 * 1024;
/// Most cameras in one request.
pub const CAMERAS_MAX: usize = 64;
/// Most spans in one request: 4,000 released shares of 170 B fit a body of 1 MiB (22 h of one
/// camera in spans of 20 s).
pub const SPANS_MAX: u64 = 4_000;
/// Longest time asked for in one request: a day.
pub const LENGTH_US_MAX: i64 = 24 * loggia_model::HOUR_US;

/// Whole spans of one camera.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct CameraSpans {
    /// Camera number.
    #[schema(value_type = u32)]
    pub camera: CameraId,
    /// First span.
    #[schema(value_type = u64)]
    pub first: SpanId,
    /// Last span, this one included.
    #[schema(value_type = u64)]
    pub last: SpanId,
}

/// A request: these fields, in this order, without white space.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Request {
    /// Format, 1.
    pub v: u8,
    /// What is asked for, by camera, ascending.
    pub camera_spans: Vec<CameraSpans>,
    /// First instant wanted, microseconds.
    pub from: At,
    /// First instant after what is wanted.
    pub to: At,
    /// Why.
    pub purpose: Purpose,
    /// By which law.
    pub legal_basis: LegalBasis,
    /// SHA-256 of the case's salt and number.
    pub case_commitment: Digest,
    /// X25519 public key (base64) to which the shares are released.
    pub one_time_key: String,
    /// Hash of the rules in force, as `GET /legal-bases` gives it.
    pub policy_hash: Digest,
    /// Who asks.
    pub requester: PersonId,
    /// Random, so that no two requests are the same.
    pub nonce: Digest,
    /// Hash of the reason in words ([`Request::necessity_hash`]), so that nobody is shown another
    /// one; requests of older versions have none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub necessity: Option<Digest>,
}

impl Request {
    /// Reads the exact bytes and checks everything that needs no other facts.
    ///
    /// # Errors
    /// [`Error::Invalid`] naming the field.
    pub fn parse(json: &str) -> Result<Self, Error> {
        if json.len() > REQUEST_BYTES_MAX {
            return Err(Error::Invalid(format!(
                "a request is at most {REQUEST_BYTES_MAX} bytes"
            )));
        }
        let request: Self = serde_json::from_str(json)
            .map_err(|e| Error::Invalid(format!("the request does not read: {e}")))?;
        request.check()?;
        if request.to_json()? != json {
            return Err(Error::Invalid(
                "the request is not in its canonical form".into(),
            ));
        }
        Ok(request)
    }

    /// The exact bytes.
    ///
    /// # Errors
    /// [`Error::Invalid`] if a field cannot be written.
    pub fn to_json(&self) -> Result<String, Error> {
        serde_json::to_string(self).map_err(|e| Error::Invalid(e.to_string()))
    }

    /// What a request says of its reason in words. (The request's own bytes are not public and hold
    /// a nonce, so nobody can guess the words from its hash.)
    #[must_use]
    pub fn necessity_hash(words: &str) -> Digest {
        sha256(&[NECESSITY_CONTEXT, words.as_bytes()])
    }

    /// What the requester's key signs for these exact bytes.
    #[must_use]
    pub fn to_be_signed(json: &str) -> Vec<u8> {
        [SIGNED_CONTEXT, json.as_bytes()].concat()
    }

    /// Checks that the key which the roster names for the requester signed these exact bytes: the
    /// one-time key in them is theirs.
    ///
    /// # Errors
    /// [`Error::Signature`]; [`Error::Forbidden`] when the roster names no key.
    pub fn check_signed(json: &str, requester: &Member, signature: &str) -> Result<(), Error> {
        let signature: [u8; 64] = base64_n(signature, "the request's signature")?;
        UnparsedPublicKey::new(&ED25519, requester.sign_public()?)
            .verify(&Self::to_be_signed(json), &signature)
            .map_err(|_| Error::Signature("the request by its requester".to_owned()))
    }

    /// The request's name: the hash of its exact bytes.
    #[must_use]
    pub fn id_of(json: &str) -> RequestId {
        sha256(&[REQUEST_CONTEXT, json.as_bytes()])
    }

    /// Commitments to when and where, with the request's salts (docs/design/policy.md gives the
    /// bytes): span, then place.
    ///
    /// # Errors
    /// [`Error::Invalid`] if a field cannot be written.
    pub fn commitments(
        &self,
        span_salt: &[u8; SALT_BYTES],
        place_salt: &[u8; SALT_BYTES],
    ) -> Result<(Digest, Digest), Error> {
        let bad = |e: serde_json::Error| Error::Invalid(e.to_string());
        let cameras: Vec<u32> = self.camera_spans.iter().map(|c| c.camera.0).collect();
        let span = serde_json::to_vec(&(self.from, self.to, &self.camera_spans)).map_err(bad)?;
        let place = serde_json::to_vec(&cameras).map_err(bad)?;
        Ok((commit(span_salt, &span), commit(place_salt, &place)))
    }

    /// The one-time public key.
    ///
    /// # Errors
    /// [`Error::Invalid`] if it is not 32 bytes in base64, or of low order.
    pub fn one_time_public(&self) -> Result<[u8; 32], Error> {
        let key: [u8; 32] = base64_n(&self.one_time_key, "one_time_key")?;
        // A point of low order makes one secret with every key: whoever reads the shares on their
        // way could open them (RFC 7748 section 6.1). Any private key tells, as all are multiples
        // of eight.
        let any =
            PrivateKey::from_private_key(&X25519, &[9; 32]).map_err(|_| Error::Crypto("X25519"))?;
        let peer = agreement::UnparsedPublicKey::new(&X25519, key);
        agree(&any, peer, (), |_| Ok(())).map_err(|()| {
            Error::Invalid(
                "one_time_key is no X25519 key of a device: everybody could read what is sealed \
                 to it"
                    .into(),
            )
        })?;
        Ok(key)
    }

    fn check(&self) -> Result<(), Error> {
        let bad = |s: &str| Err(Error::Invalid(s.to_owned()));
        if self.v != 1 {
            return bad("only requests of version 1 are known");
        }
        if self.from >= self.to || self.to.0.saturating_sub(self.from.0) > LENGTH_US_MAX {
            return bad("`from` must be before `to`, and at most 24 h lie between them");
        }
        if self.camera_spans.is_empty() || self.camera_spans.len() > CAMERAS_MAX {
            return Err(Error::Invalid(format!("name 1 to {CAMERAS_MAX} cameras")));
        }
        if !self.camera_spans.is_sorted_by(|a, b| a.camera < b.camera) {
            return bad("cameras must ascend and stand in the request once");
        }
        let live = self.purpose == Purpose::IncidentLive;
        let mut spans = 0u64;
        for c in &self.camera_spans {
            if live {
                // Live view names no span: those that it shows are not recorded yet.
                if c.first.0 != 0 || c.last.0 != 0 {
                    return bad("a live view names spans 0 to 0");
                }
                continue;
            }
            if c.first.0 == 0 || c.first > c.last {
                return bad("spans count from 1 and `first` is not after `last`");
            }
            spans = spans.saturating_add((c.last.0 - c.first.0).saturating_add(1));
        }
        if spans > SPANS_MAX {
            return Err(Error::Invalid(format!(
                "over {SPANS_MAX} spans; ask for less time"
            )));
        }
        if self.legal_basis.0.len() > 64 || !crate::roster::person_form(&self.requester) {
            return bad("legal_basis or requester is not in its form");
        }
        self.one_time_public().map(|_| ())
    }
}
