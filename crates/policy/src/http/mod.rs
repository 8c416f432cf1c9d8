//! The endpoints of people, requests, desks and holds: thin, each one call of the crate.
//! Never decides; never blocks the async threads with tables, keys or the log.

mod access_policy;
mod audit;
mod break_glass;
mod clock;
mod desk;
mod disclosures;
mod evidence;
mod handing_on;
mod oidc;
mod passkey;
mod residents;
mod session;

use std::sync::Arc;

use loggia_api::{Access, Problem, Route, Secure};
use loggia_model::{Fault, Role};

use crate::{Error, Policy};

pub(crate) use access_policy::AccessPolicyApi;
pub(crate) use audit::AuditApi;
pub(crate) use break_glass::BreakGlassApi;
pub(crate) use clock::ClockApi;
pub(crate) use desk::DeskApi;
pub(crate) use disclosures::DisclosuresApi;
pub(crate) use evidence::EvidenceApi;
pub(crate) use handing_on::HandingOnApi;
pub(crate) use oidc::OidcApi;
pub(crate) use passkey::PasskeyApi;
pub(crate) use residents::ResidentsApi;
pub(crate) use session::SessionApi;

/// What the handlers share.
#[derive(Clone)]
pub(crate) struct Rooms {
    pub(crate) policy: Arc<Policy>,
    pub(crate) secure: Secure,
}

/// Who files and reads requests.
pub(crate) const FILERS: Access = Access::AnyOf(&[Role::Investigator, Role::Auditor]);
/// Who may look at requests that concern them.
pub(crate) const READERS: Access = Access::AnyOf(&[
    Role::Investigator,
    Role::Approver,
    Role::Custodian,
    Role::Auditor,
]);

/// The crate's endpoints. `secure` says whether the server speaks TLS.
#[must_use]
pub fn routes(policy: Arc<Policy>, secure: Secure) -> Vec<Route> {
    let rooms = Rooms { policy, secure };
    let mut all = session::routes(&rooms);
    all.extend(evidence::routes(&rooms));
    all.extend(desk::routes(&rooms));
    all.extend(passkey::routes(&rooms));
    all.extend(oidc::routes(&rooms));
    all.extend(break_glass::routes(&rooms));
    all.extend(handing_on::routes(&rooms));
    all.extend(clock::routes(&rooms));
    all.extend(audit::routes(&rooms));
    all.extend(residents::routes(&rooms));
    all.extend(disclosures::routes(&rooms));
    all.extend(access_policy::routes(&rooms));
    all
}

/// The endpoints' description.
pub struct OpenApi;

impl utoipa::OpenApi for OpenApi {
    fn openapi() -> utoipa::openapi::OpenApi {
        let mut doc = SessionApi::openapi();
        doc.merge(EvidenceApi::openapi());
        doc.merge(DeskApi::openapi());
        doc.merge(PasskeyApi::openapi());
        doc.merge(OidcApi::openapi());
        doc.merge(BreakGlassApi::openapi());
        doc.merge(HandingOnApi::openapi());
        doc.merge(ClockApi::openapi());
        doc.merge(AuditApi::openapi());
        doc.merge(ResidentsApi::openapi());
        doc.merge(DisclosuresApi::openapi());
        doc.merge(AccessPolicyApi::openapi());
        doc
    }
}

/// Runs a call of the crate off the async threads.
pub(crate) async fn off<T: Send + 'static>(
    rooms: &Rooms,
    work: impl FnOnce(&Policy) -> Result<T, Error> + Send + 'static,
) -> Result<T, Problem> {
    let policy = Arc::clone(&rooms.policy);
    match tokio::task::spawn_blocking(move || work(&policy)).await {
        Ok(done) => Ok(done?),
        Err(_) => Err(Problem(Fault::Broken("the call broke off".to_owned()))),
    }
}
