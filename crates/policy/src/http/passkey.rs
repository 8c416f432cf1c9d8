//! The endpoint of approvers who decide on the city's own page, with a passkey of the roster.
//! Never takes a session's word for it: the authenticator signs the very request, or nothing
//! happens.

use axum::Json;
use axum::extract::{Path, State};
use axum::routing::post;
use loggia_api::{Access, Me, Problem, ProblemBody, Route};
use loggia_model::{Fault, Role};

use super::evidence::id_of;
use super::{Rooms, off};
use crate::Policy;
use crate::passkey::is_assertion;
use crate::statement::SignedStatement;
use crate::view::RequestView;

#[derive(utoipa::OpenApi)]
#[openapi(paths(state))]
pub(crate) struct PasskeyApi;

pub(super) fn routes(rooms: &Rooms) -> Vec<Route> {
    vec![Route::post(
        "/api/v1/requests/{id}/statements",
        Access::AnyOf(&[Role::Approver]),
        post(state).with_state(rooms.clone()),
    )]
}

/// The second person's word, signed with their passkey: approve or refuse.
#[utoipa::path(post, path = "/api/v1/requests/{id}/statements", tag = "evidence",
    request_body = SignedStatement,
    responses((status = 200, body = RequestView), (status = 400, body = ProblemBody),
        (status = 403, body = ProblemBody), (status = 409, body = ProblemBody)))]
async fn state(
    State(rooms): State<Rooms>,
    Me(me): Me,
    Path(id): Path<String>,
    Json(signed): Json<SignedStatement>,
) -> Result<Json<RequestView>, Problem> {
    let id = id_of(&id)?;
    if !is_assertion(&signed.signature) {
        let why = "here a statement is signed with a passkey; the key file signs at the desk";
        return Err(Problem(Fault::Invalid(why.to_owned())));
    }
    let view = off(&rooms, move |p: &Policy| {
        p.decide_request(&me, id, &signed)?;
        p.request_view(&me, id)
    });
    Ok(Json(view.await?))
}
