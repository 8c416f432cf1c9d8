//! The one door: builds the server from the route table and checks each call's access before its
//! handler runs. Never lets a handler run for a call that its route does not admit.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::body::{Body, to_bytes};
use axum::extract::{DefaultBodyLimit, Request};
use axum::http::{HeaderMap, Method, StatusCode, header};
use axum::middleware::{self, Next};
use axum::response::{IntoResponse, Response};
use axum::routing::MethodRouter;
use loggia_model::{Actor, Fault};

use crate::device::key_of;
use crate::session::{Doorkeeper, Me, Secure, token_of};
use crate::{Access, Problem, ProblemBody, Route, headers};

/// Largest request body: a release of 100 spans × 2 kB of shares fits five times over.
pub const BODY_BYTES_MAX: usize = 1 << 20;

/// A call must have been read and answered (streams: begun to be) by then, so that a body which
/// comes byte by byte holds its place no longer. The slowest honest call waits for the public log.
pub const ANSWER_WITHIN: Duration = Duration::from_secs(60);

/// Builds the server. Every route checks its access first; every answer carries the security
/// headers. A state-changing call with a session must come from a page of this origin (Fetch
/// Metadata, or `Origin` equal to `Host` where the browser sends none).
pub fn router(routes: Vec<Route>, door: Arc<dyn Doorkeeper>) -> Router {
    router_over(routes, door, Secure::No)
}

/// [`router`], and whether it is reached over TLS.
pub fn router_over(routes: Vec<Route>, door: Arc<dyn Doorkeeper>, secure: Secure) -> Router {
    let mut by_path: BTreeMap<&'static str, MethodRouter<()>> = BTreeMap::new();
    for route in routes {
        let (asked, door) = ((route.access, secure, route.path), Arc::clone(&door));
        // One layer: each costs every call a copy of all that lies within it.
        let guarded =
            route
                .handler
                .layer(middleware::from_fn(move |request: Request, next: Next| {
                    guard(asked, Arc::clone(&door), request, next)
                }));
        let merged = match by_path.remove(route.path) {
            Some(others) => others.merge(guarded),
            None => guarded,
        };
        by_path.insert(route.path, merged);
    }
    let mut router = Router::new();
    for (path, handler) in by_path {
        router = router.route(path, handler);
    }
    router
        .method_not_allowed_fallback(|| async { secured(other_method()) })
        .fallback(|| async {
            let nothing = Fault::NotFound("there is nothing at this address".to_owned());
            secured(Problem(nothing).into_response())
        })
}

async fn guard(
    asked: (Access, Secure, &'static str),
    door: Arc<dyn Doorkeeper>,
    mut request: Request,
    next: Next,
) -> Response {
    DefaultBodyLimit::max(BODY_BYTES_MAX).apply(&mut request);
    let answer = admit(asked, door, request, next);
    secured(match tokio::time::timeout(ANSWER_WITHIN, answer).await {
        Ok(answer) => as_problem(answer).await,
        Err(_) => {
            let late = "the call was not read and answered in time";
            Problem(Fault::Busy(late.to_owned())).into_response()
        }
    })
}

fn secured(mut answer: Response) -> Response {
    headers::secure(answer.headers_mut());
    answer
}

/// An address that is there, and a method that it does not answer (RFC 9110, 15.5.6); axum adds
/// `Allow`.
fn other_method() -> Response {
    let status = StatusCode::METHOD_NOT_ALLOWED;
    let body = ProblemBody {
        kind: "urn:loggia:problem:method".to_owned(),
        title: "Not this way".to_owned(),
        status: status.as_u16(),
        detail: "this address does not answer that method".to_owned(),
    };
    let kind = [(header::CONTENT_TYPE, "application/problem+json")];
    (status, kind, axum::Json(body)).into_response()
}

/// A body, query or path that does not read is refused by axum's extractors in plain text; callers
/// get it as a problem like any other error.
async fn as_problem(answer: Response) -> Response {
    let kind = answer.headers().get(header::CONTENT_TYPE);
    // A page says it in its own words; the data plane's problems are plain JSON (ETSI GS CIM 009,
    // 6.3.3).
    let spoken = kind.is_some_and(|k| {
        k == "application/problem+json"
            || k == "application/json"
            || k.as_bytes().starts_with(b"text/html")
    });
    if !answer.status().is_client_error() || spoken {
        return answer;
    }
    let status = answer.status();
    let words = to_bytes(answer.into_body(), BODY_BYTES_MAX).await;
    let words = words.map(|w| String::from_utf8_lossy(&w).into_owned());
    let words = match words {
        Ok(words) if !words.is_empty() => words,
        _ => status.canonical_reason().unwrap_or("refused").to_owned(),
    };
    Problem(match status {
        StatusCode::NOT_FOUND => Fault::NotFound(words),
        _ => Fault::Invalid(words),
    })
    .into_response()
}

async fn admit(
    asked: (Access, Secure, &'static str),
    door: Arc<dyn Doorkeeper>,
    request: Request,
    next: Next,
) -> Response {
    match identify(asked, door, request).await {
        Ok(request) => next.run(request).await,
        Err(fault) => Problem(fault).into_response(),
    }
}

async fn identify(
    (access, secure, path): (Access, Secure, &'static str),
    door: Arc<dyn Doorkeeper>,
    mut request: Request,
) -> Result<Request, Fault> {
    if access == Access::DemoOnly && !door.demo() {
        return Err(Fault::NotFound(
            "there is nothing at this address".to_owned(),
        ));
    }
    if access == Access::RosterKey {
        let (request, actor) = signed(door.as_ref(), request).await?;
        return Ok(with(request, actor));
    }
    let actor = token_of(request.headers(), secure).and_then(|token| door.session(token));
    if !matches!(
        *request.method(),
        Method::GET | Method::HEAD | Method::OPTIONS
    ) && !same_origin(request.headers())
    {
        return Err(Fault::Forbidden(
            "this call came from a page of another site; open Loggia itself and try again"
                .to_owned(),
        ));
    }
    // A key that is shown counts, and a bad one is refused also where none is needed.
    if access == Access::Data
        && let Some(key) = key_of(request.headers())?
    {
        let device = door.device(key)?;
        request.extensions_mut().insert(device);
        return Ok(request);
    }
    let open = access == Access::Data && door.demo();
    if !open && !access.admits(actor.as_ref()) {
        return Err(match actor {
            None => Fault::Unauthenticated,
            Some(a) => Fault::Forbidden(format!("{} holds no role that may do this", a.person)),
        });
    }
    if let Some(actor) = actor {
        // What nobody needs to be signed in for gives a watched person nothing.
        let anybody = matches!(access, Access::Public | Access::DemoOnly);
        if !anybody && door.watched(&actor) {
            noted(door, actor.clone(), request.method().clone(), path).await?;
        }
        request.extensions_mut().insert(Me(actor));
    }
    Ok(request)
}

/// A watched person's call, noted before it happens.
async fn noted(
    door: Arc<dyn Doorkeeper>,
    actor: Actor,
    method: Method,
    path: &'static str,
) -> Result<(), Fault> {
    let note = move || door.note(&actor, method.as_str(), path);
    match tokio::task::spawn_blocking(note).await {
        Ok(noted) => noted,
        Err(_) => Err(Fault::Broken("the call broke off".to_owned())),
    }
}

fn with(mut request: Request, actor: Actor) -> Request {
    request.extensions_mut().insert(Me(actor));
    request
}

async fn signed(door: &dyn Doorkeeper, request: Request) -> Result<(Request, Actor), Fault> {
    let (parts, body) = request.into_parts();
    // Who does not even claim a key is not read to the end.
    let header = parts
        .headers
        .get(header::AUTHORIZATION)
        .and_then(|v| v.to_str().ok())
        .ok_or(Fault::Unauthenticated)?;
    let body = to_bytes(body, BODY_BYTES_MAX)
        .await
        .map_err(|_| Fault::Invalid(format!("the body is over {BODY_BYTES_MAX} bytes")))?;
    let path = parts.uri.path_and_query().map_or("/", |p| p.as_str());
    let mut hash = [0; 32];
    hash.copy_from_slice(aws_lc_rs::digest::digest(&aws_lc_rs::digest::SHA256, &body).as_ref());
    let actor = door.roster_key(header, parts.method.as_str(), path, hash)?;
    Ok((Request::from_parts(parts, Body::from(body)), actor))
}

/// Fetch Metadata where the browser sends it, else `Origin` against `Host`; a call with neither is
/// no browser's and carries no ambient cookie worth stealing, but is refused all the same unless it
/// has no cookie at all.
fn same_origin(headers: &HeaderMap) -> bool {
    let text = |name: &str| headers.get(name).and_then(|v| v.to_str().ok());
    if let Some(site) = text("sec-fetch-site") {
        return site == "same-origin";
    }
    match (text("origin"), text("host")) {
        (Some(origin), Some(host)) => origin
            .split_once("://")
            .is_some_and(|(_, authority)| authority == host),
        (None, _) => !headers.contains_key(header::COOKIE),
        (Some(_), None) => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use axum::routing::{get, post};
    use loggia_model::Role;
    use tower::ServiceExt;

    use crate::session::tests::Door;

    fn app() -> Router {
        let ok = || get(|| async { "ok" });
        router(
            vec![
                Route::get("/public", Access::Public, ok()),
                Route::get("/mine", Access::SignedIn, ok()),
                Route::post("/mine", Access::SignedIn, post(|| async { "ok" })),
                Route::post(
                    "/read",
                    Access::SignedIn,
                    post(|_: axum::Json<u8>| async { "ok" }),
                ),
                Route::get("/ops", Access::AnyOf(&[Role::Operator]), ok()),
                Route::get("/audit", Access::AnyOf(&[Role::Auditor]), ok()),
                Route::get("/desk", Access::RosterKey, ok()),
                Route::get("/demo", Access::DemoOnly, ok()),
                Route::get("/data", Access::Data, ok()),
            ],
            Arc::new(Door),
        )
    }

    async fn call(method: &str, path: &str, headers: &[(&str, &str)]) -> Response {
        let mut request = Request::builder().method(method).uri(path);
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        app()
            .oneshot(request.body(Body::empty()).unwrap())
            .await
            .unwrap()
    }

    #[tokio::test]
    async fn each_access_admits_whom_it_names() {
        let cookie = ("cookie", "loggia_session=good");
        let table = [
            ("/public", None, StatusCode::OK),
            ("/mine", None, StatusCode::UNAUTHORIZED),
            ("/mine", Some(cookie), StatusCode::OK),
            (
                "/mine",
                Some(("cookie", "loggia_session=forged")),
                StatusCode::UNAUTHORIZED,
            ),
            ("/ops", Some(cookie), StatusCode::OK),
            ("/audit", Some(cookie), StatusCode::FORBIDDEN),
            ("/desk", Some(cookie), StatusCode::UNAUTHORIZED),
            ("/demo", Some(cookie), StatusCode::NOT_FOUND),
            ("/data", None, StatusCode::UNAUTHORIZED),
            ("/data", Some(cookie), StatusCode::OK),
        ];
        for (path, header, want) in table {
            let answer = call("GET", path, header.as_slice()).await;
            assert_eq!(answer.status(), want, "{path} {header:?}");
            assert!(
                answer.headers().contains_key("content-security-policy"),
                "{path}"
            );
        }
    }

    #[tokio::test]
    async fn every_refusal_is_a_problem() {
        let cookie = ("cookie", "loggia_session=good");
        let own = ("sec-fetch-site", "same-origin");
        let json = ("content-type", "application/json");
        for (method, path, headers, status) in [
            ("GET", "/nothing", &[][..], 404),
            ("PUT", "/mine", &[][..], 405),
            ("GET", "/audit", &[cookie][..], 403),
            ("POST", "/read", &[cookie, own][..], 400),
            ("POST", "/read", &[cookie, own, json][..], 400),
        ] {
            let answer = call(method, path, headers).await;
            assert_eq!(answer.status(), status, "{method} {path}");
            assert_eq!(answer.headers()["content-type"], "application/problem+json");
        }
    }

    #[tokio::test]
    async fn another_sites_page_changes_nothing() {
        let cookie = ("cookie", "loggia_session=good");
        let cross = call("POST", "/mine", &[cookie, ("sec-fetch-site", "cross-site")]).await;
        assert_eq!(cross.status(), StatusCode::FORBIDDEN);
        let other = [
            cookie,
            ("origin", "https://evil.example"),
            ("host", "city.example"),
        ];
        assert_eq!(
            call("POST", "/mine", &other).await.status(),
            StatusCode::FORBIDDEN
        );
        assert_eq!(
            call("POST", "/mine", &[cookie]).await.status(),
            StatusCode::FORBIDDEN
        );
        let own = call(
            "POST",
            "/mine",
            &[cookie, ("sec-fetch-site", "same-origin")],
        )
        .await;
        assert_eq!(own.status(), StatusCode::OK);
    }
}
