//! How the demo's pages find each other: the console asks where the desk is, the desk says which city
//! it serves. Never exists on a real installation, where a desk is on its holder's own machine.

use axum::Json;
use axum::routing::get;
use loggia_api::{Access, Route};
use serde::Serialize;
use utoipa::ToSchema;

/// Where the demo's desk listens, on this machine.
#[derive(Debug, Clone, Copy, Serialize, ToSchema)]
pub struct DeskPort {
    /// TCP port; 0 where there is none.
    port: u16,
}

/// The route's part of the OpenAPI document.
#[derive(utoipa::OpenApi)]
#[openapi(paths(demo_desk), components(schemas(DeskPort)))]
pub struct OpenApi;

/// The demo's key desk.
#[utoipa::path(get, path = "/api/v1/demo/desk", tag = "demo",
    responses((status = 200, body = DeskPort)))]
async fn demo_desk(desk: DeskPort) -> Json<DeskPort> {
    Json(desk)
}

/// The route for a desk at `port`.
pub fn route(port: u16) -> Route {
    let desk = DeskPort { port };
    Route::get(
        "/api/v1/demo/desk",
        Access::DemoOnly,
        get(move || demo_desk(desk)),
    )
}
