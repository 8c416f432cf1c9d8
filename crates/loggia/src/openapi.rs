//! The API's description, merged from every crate; `openapi/loggia.json` is its snapshot.

use utoipa::OpenApi;

/// The whole document (OpenAPI 3.1).
pub fn document() -> utoipa::openapi::OpenApi {
    let mut all = loggia_policy::OpenApi::openapi();
    for part in [
        loggia_transparency::OpenApi::openapi(),
        loggia_shield::OpenApi::openapi(),
        loggia_watch::OpenApi::openapi(),
        loggia_register::OpenApi::openapi(),
        loggia_video::OpenApi::openapi(),
        crate::desk::links::OpenApi::openapi(),
    ] {
        all.merge(part);
    }
    all.info = utoipa::openapi::InfoBuilder::new()
        .title("Loggia")
        .version(env!("CARGO_PKG_VERSION"))
        .description(Some(
            "A city's cameras, sealed when recorded, opened by two people.",
        ))
        .license(Some(utoipa::openapi::License::new("Apache-2.0")))
        .build();
    all
}
