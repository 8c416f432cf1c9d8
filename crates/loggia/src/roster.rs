//! Rosters made on this machine: a person's row and a custodian's signature under a version.
//! Never decides whether a roster counts: `policy` verifies it.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use loggia_model::{Body, Role};
use loggia_policy::{Member, RosterSignature};
use loggia_seal::PersonKey;

/// The roster's row of a person: a signing key for those who state or ask for things, a second one
/// for custodians.
pub fn member(key: &PersonKey, name: &str, body: Body, roles: &[Role]) -> Member {
    let states = roles
        .iter()
        .any(|r| !matches!(r, Role::Operator | Role::Administrator));
    let keeps = roles.contains(&Role::Custodian);
    Member {
        person: key.person.clone(),
        name: name.to_owned(),
        body,
        roles: roles.iter().copied().collect(),
        sign_key: states.then(|| STANDARD.encode(key.signing.public().0)),
        hpke_key: keeps.then(|| STANDARD.encode(key.custodian.public().0)),
        passkeys: Vec::new(),
    }
}

/// A custodian's signature under the roster whose to-be-signed bytes these are.
pub fn signature(key: &PersonKey, to_be_signed: &[u8]) -> anyhow::Result<RosterSignature> {
    Ok(RosterSignature {
        person: key.person.clone(),
        signature: STANDARD.encode(key.signing.sign(to_be_signed)?),
    })
}
