//! The built pages, embedded in the binary. Without them one plain page says which command builds
//! them. Never renders data: pages fetch that from the API.

use axum::http::{HeaderValue, StatusCode, Uri, header};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use loggia_api::{Access, Problem, Route};
use loggia_model::Fault;
use rust_embed::{EmbeddedFile, RustEmbed};

#[derive(RustEmbed)]
#[folder = "$CARGO_MANIFEST_DIR/../../web/dist"]
#[allow_missing = true]
struct Built;

const UNBUILT: &str = "<!doctype html><html lang=\"en\"><meta charset=\"utf-8\">\
<title>Loggia</title><h1>The pages are not built</h1><p>This Loggia was built without its web \
pages; the API works. Run <code>make web</code> in the source tree and build again.</p></html>";

/// Address → page of the console: all are drawn by the same script.
const ROOMS: [&str; 8] = [
    "/",
    "/ops",
    "/evidence",
    "/evidence/{*rest}",
    "/audit",
    "/audit/{*rest}",
    "/story",
    "/parts",
];

/// Routes of the console's pages and their assets.
pub fn console() -> Vec<Route> {
    let mut routes: Vec<Route> = ROOMS
        .into_iter()
        .map(|path| Route::get(path, Access::Public, get(|| async { page("index.html") })))
        .collect();
    routes.push(Route::get("/{*rest}", Access::Public, get(unknown)));
    routes.extend(assets());
    routes
}

/// An address that nothing answers: a person gets the page that says so, a program a problem.
async fn unknown(uri: Uri) -> Response {
    let program = ["/api/", "/log/", "/basemap/", "/desk/"];
    if program.iter().any(|p| uri.path().starts_with(p)) {
        let why = "there is nothing at this address".to_owned();
        return Problem(Fault::NotFound(why)).into_response();
    }
    let mut answer = page("index.html");
    *answer.status_mut() = StatusCode::NOT_FOUND;
    answer
}

/// Routes of the desk's page and its assets.
pub fn desk() -> Vec<Route> {
    let mut routes = vec![Route::get(
        "/",
        Access::Public,
        get(|| async { page("desk.html") }),
    )];
    routes.extend(assets());
    routes
}

fn assets() -> Vec<Route> {
    ["/assets/{*path}", "/favicon.svg"]
        .into_iter()
        .map(|path| Route::get(path, Access::Public, get(asset)))
        .collect()
}

async fn asset(uri: Uri) -> Response {
    match Built::get(uri.path().trim_start_matches('/')) {
        // Names hold a hash of the content, so what is cached is right for ever.
        Some(file) => answer(uri.path(), file, "public, max-age=31536000, immutable"),
        None => StatusCode::NOT_FOUND.into_response(),
    }
}

fn page(name: &str) -> Response {
    match Built::get(name) {
        Some(file) => answer(name, file, "no-cache"),
        None => axum::response::Html(UNBUILT).into_response(),
    }
}

fn answer(path: &str, file: EmbeddedFile, cache: &'static str) -> Response {
    let media = match path.rsplit_once('.').map_or("", |(_, ending)| ending) {
        "html" => "text/html; charset=utf-8",
        "js" | "mjs" => "text/javascript; charset=utf-8",
        "css" => "text/css; charset=utf-8",
        "svg" => "image/svg+xml",
        "woff2" => "font/woff2",
        "json" | "geojson" => "application/json",
        "png" => "image/png",
        _ => "application/octet-stream",
    };
    let headers = [
        (header::CONTENT_TYPE, HeaderValue::from_static(media)),
        (header::CACHE_CONTROL, HeaderValue::from_static(cache)),
    ];
    (headers, file.data.into_owned()).into_response()
}

/// Longest base map that is served.
const BASEMAP_BYTES_MAX: u64 = 16 << 20;

/// The offline base map's files, read once; without them the pages show their lists.
pub fn basemap(folder: Option<&std::path::Path>) -> Vec<Route> {
    let read = |name: &str| {
        let path = folder?.join(name);
        let small = std::fs::metadata(&path).is_ok_and(|m| m.len() <= BASEMAP_BYTES_MAX);
        small
            .then(|| std::fs::read(&path).ok())
            .flatten()
            .map(axum::body::Bytes::from)
    };
    [
        (
            "/basemap/basemap.geojson",
            read(loggia_register::basemap::MAP_FILE),
        ),
        (
            "/basemap/osm-cameras.geojson",
            read(loggia_register::basemap::FOUND_FILE),
        ),
    ]
    .into_iter()
    .map(|(path, map)| {
        let handler = get(move || {
            let map = map.clone();
            async move { map.map_or(StatusCode::NOT_FOUND.into_response(), geojson) }
        });
        Route::get(path, Access::Public, handler)
    })
    .collect()
}

fn geojson(map: axum::body::Bytes) -> Response {
    let headers = [
        (
            header::CONTENT_TYPE,
            HeaderValue::from_static("application/geo+json"),
        ),
        (
            header::CACHE_CONTROL,
            HeaderValue::from_static("public, max-age=86400"),
        ),
    ];
    (headers, map).into_response()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn an_unknown_address_is_a_page_for_people_and_a_problem_for_programs() {
        for (path, kind) in [
            ("/nowhere", "text/html; charset=utf-8"),
            ("/api/v1/nowhere", "application/problem+json"),
        ] {
            let answer = unknown(path.parse().unwrap()).await;
            assert_eq!(answer.status(), StatusCode::NOT_FOUND, "{path}");
            assert_eq!(answer.headers()["content-type"], kind, "{path}");
        }
    }
}
