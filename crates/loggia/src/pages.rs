//! The built pages, embedded in the binary. Without them one plain page says which command builds
//! them. Never renders data: pages fetch that from the API.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;

use axum::extract::Request;
use axum::http::{HeaderValue, StatusCode, Uri, header};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use loggia_api::{Access, Problem, Route};
use loggia_model::Fault;
use loggia_register::{Dress, Gazetteer, Lang, Square};
use rust_embed::{EmbeddedFile, RustEmbed};
use serde::Deserialize;

#[derive(RustEmbed)]
#[folder = "$CARGO_MANIFEST_DIR/../../web/dist"]
#[allow_missing = true]
struct Built;

const UNBUILT: &str = "<!doctype html><html lang=\"en\"><meta charset=\"utf-8\">\
<title>Loggia</title><h1>The pages are not built</h1><p>This Loggia was built without its web \
pages; the API works. Run <code>make web</code> in the source tree and build again.</p></html>";

/// Address → page of the console: all are drawn by the same script. The square is drawn by
/// `register`.
const ROOMS: [&str; 9] = [
    "/ops",
    "/data",
    "/data/{*rest}",
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
    routes.extend(assets());
    routes
}

/// The square's pages, and at every other address the one that says that there is nothing.
pub fn square(square: Arc<Square>) -> Vec<Route> {
    let mut routes = loggia_register::pages(Arc::clone(&square));
    let lost = move |request: Request| unknown(Arc::clone(&square), request);
    routes.push(Route::get("/{*rest}", Access::Public, get(lost)));
    routes
}

/// An address that nothing answers: a person gets the page that says so, a program a problem.
async fn unknown(square: Arc<Square>, request: Request) -> Response {
    let program = ["/api/", "/log/", "/basemap/", "/desk/"];
    if program.iter().any(|p| request.uri().path().starts_with(p)) {
        let why = "there is nothing at this address".to_owned();
        return Problem(Fault::NotFound(why)).into_response();
    }
    square.nowhere(request).await
}

/// What one entry of Vite's manifest brings.
#[derive(Debug, Default, Deserialize)]
struct Chunk {
    file: String,
    #[serde(default)]
    css: Vec<String>,
    /// Fonts and pictures.
    #[serde(default)]
    assets: Vec<String>,
    #[serde(default)]
    imports: Vec<String>,
}

/// The square's style sheets and script as Vite named them; nothing where the pages are not built.
pub fn dress() -> Dress {
    let manifest = Built::get("manifest.json");
    dress_of(manifest.map(|file| file.data).as_deref())
}

fn dress_of(manifest: Option<&[u8]>) -> Dress {
    let read = manifest.and_then(|m| serde_json::from_slice(m).ok());
    let chunks: BTreeMap<String, Chunk> = read.unwrap_or_default();
    let Some(entry) = chunks.get(SQUARE_ENTRY) else {
        return Dress::default();
    };
    let mut styles = Vec::new();
    let mut open: Vec<&Chunk> = entry.imports.iter().filter_map(|i| chunks.get(i)).collect();
    open.push(entry);
    for chunk in open {
        let new = chunk.css.iter().map(|css| format!("/{css}"));
        styles.extend(new.filter(|css| !styles.contains(css)).collect::<Vec<_>>());
    }
    let letters = Lang::ALL.map(|(lang, _)| (lang.tag(), letters_of(lang, entry)));
    Dress {
        styles,
        letters: letters.into(),
        script: Some(format!("/{}", entry.file)),
    }
}

/// The fonts in which a page of the language is set: one for what is written in Latin everywhere
/// (units, addresses), and its own.
fn letters_of(lang: Lang, entry: &Chunk) -> Vec<String> {
    let own = match lang {
        Lang::En => "",
        Lang::Sr => "-cyrillic-",
        Lang::SrLatn => "-gaj-",
    };
    let wanted = |a: &&String| a.contains("-latin-wght") || (!own.is_empty() && a.contains(own));
    let found = entry.assets.iter().filter(wanted);
    found.map(|a| format!("/{a}")).collect()
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

/// The square's entry in Vite's manifest.
const SQUARE_ENTRY: &str = "src/square.ts";

/// Longest base map that is served.
const BASEMAP_BYTES_MAX: u64 = 16 << 20;

/// The offline base map's files, read once; without them the pages show their lists.
pub fn basemap(folder: Option<&Path>) -> Vec<Route> {
    let read = |name: &str| read_map(folder, name).map(axum::body::Bytes::from);
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

/// Streets and places of the base map; none where there is no map.
pub fn gazetteer(folder: Option<&Path>) -> Gazetteer {
    let map = read_map(folder, loggia_register::basemap::MAP_FILE);
    map.map(|m| Gazetteer::of_map(&m)).unwrap_or_default()
}

fn read_map(folder: Option<&Path>, name: &str) -> Option<Vec<u8>> {
    let path = folder?.join(name);
    let small = std::fs::metadata(&path).is_ok_and(|m| m.len() <= BASEMAP_BYTES_MAX);
    small.then(|| std::fs::read(&path).ok()).flatten()
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

    #[test]
    fn the_square_wears_what_the_manifest_names() {
        assert_eq!(dress_of(None), Dress::default());
        assert_eq!(dress_of(Some(b"no manifest")), Dress::default());
        let manifest = br#"{
            "src/square.ts": {"file": "assets/square-1.js", "css": ["assets/square-1.css"],
                "assets": ["assets/f-latin-wght-1.woff2", "assets/f-cyrillic-wght-1.woff2"],
                "imports": ["_shared.js"], "dynamicImports": ["src/parts/map.ts"]},
            "_shared.js": {"file": "assets/shared-1.js", "css": ["assets/shared-1.css"]},
            "src/parts/map.ts": {"file": "assets/map-1.js", "css": ["assets/map-1.css"]}}"#;
        let worn = dress_of(Some(manifest));
        assert_eq!(worn.script.as_deref(), Some("/assets/square-1.js"));
        let shared_first = ["/assets/shared-1.css", "/assets/square-1.css"];
        assert_eq!(worn.styles, shared_first);
        let (latin, cyrillic) = (
            "/assets/f-latin-wght-1.woff2",
            "/assets/f-cyrillic-wght-1.woff2",
        );
        assert_eq!(
            (&worn.letters["en"], &worn.letters["sr"]),
            (&vec![latin.into()], &vec![latin.into(), cyrillic.into()])
        );
    }
}
