//! The API's description, merged from every crate; `openapi/loggia.json` is its snapshot.

use anyhow::Context as _;
use utoipa::OpenApi;

/// The whole document (OpenAPI 3.1).
///
/// # Errors
/// When the data plane's part is none, which a test rules out.
pub fn document() -> anyhow::Result<utoipa::openapi::OpenApi> {
    let ngsi_ld = serde_json::from_value(loggia_ngsi_ld::http::description())
        .context("the data plane's description")?;
    let mut all = loggia_policy::OpenApi::openapi();
    for part in [
        loggia_transparency::OpenApi::openapi(),
        loggia_shield::OpenApi::openapi(),
        loggia_watch::OpenApi::openapi(),
        loggia_register::OpenApi::openapi(),
        loggia_video::OpenApi::openapi(),
        loggia_ngsi_ld::admin::OpenApi::openapi(),
        crate::desk::links::OpenApi::openapi(),
    ] {
        all.merge(part);
    }
    all.merge(ngsi_ld);
    all.info = utoipa::openapi::InfoBuilder::new()
        .title("Loggia")
        .version(env!("CARGO_PKG_VERSION"))
        .description(Some(
            "A city's cameras, sealed when recorded, opened by two people, and its data plane.",
        ))
        .license(Some(utoipa::openapi::License::new("Apache-2.0")))
        .build();
    Ok(all)
}
