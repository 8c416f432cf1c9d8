//! The device that makes a call, by the key that it shows. What the key is good for, whoever keeps
//! the keys knows. Never keeps one.

use axum::http::HeaderMap;
use loggia_model::Fault;

/// The device that makes this call, by the number of its key.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Device(pub u64);

/// The key of a device: `Authorization: Bearer KEY` (RFC 6750), or `X-Api-Key: KEY` for devices
/// that can send nothing else.
pub(crate) fn key_of(headers: &HeaderMap) -> Result<Option<&str>, Fault> {
    let bad = || {
        let form = "`Authorization: Bearer KEY`, or `X-Api-Key: KEY`, and one of them";
        Fault::Unsigned(format!("a device shows its key with {form}"))
    };
    let mut shown = None;
    for (name, scheme) in [("authorization", true), ("x-api-key", false)] {
        for value in headers.get_all(name) {
            let text = value.to_str().map_err(|_| bad())?;
            let key = match (scheme, text.split_once(' ')) {
                (false, _) => text,
                (true, Some((word, key))) if word.eq_ignore_ascii_case("bearer") => key,
                // Another scheme is none of a device's.
                (true, _) => continue,
            };
            if shown.replace(key.trim()).is_some() {
                return Err(bad());
            }
        }
    }
    Ok(shown)
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use axum::body::Body;
    use axum::http::{Request, StatusCode};
    use axum::routing::get;
    use loggia_model::Role;
    use tower::ServiceExt;

    use crate::session::tests::Door;
    use crate::{Access, Route, router};

    async fn status(path: &str, headers: &[(&str, &str)]) -> StatusCode {
        let ok = || get(|| async { "ok" });
        let routes = vec![
            Route::get("/public", Access::Public, ok()),
            Route::get("/mine", Access::SignedIn, ok()),
            Route::get("/ops", Access::AnyOf(&[Role::Operator]), ok()),
            Route::get("/desk", Access::RosterKey, ok()),
            Route::get("/data", Access::Data, ok()),
        ];
        let mut request = Request::builder().uri(path);
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let request = request.body(Body::empty()).unwrap();
        let answer = router(routes, Arc::new(Door)).oneshot(request).await;
        answer.unwrap().status()
    }

    #[tokio::test]
    async fn a_devices_key_opens_the_data_plane_and_nothing_else() {
        let bearer = ("authorization", "Bearer ldk_good");
        let bare = ("x-api-key", "ldk_good");
        let bad = ("x-api-key", "ldk_bad");
        let cookie = ("cookie", "loggia_session=good");
        let (ok, refused) = (StatusCode::OK, StatusCode::UNAUTHORIZED);
        for (path, headers, want) in [
            ("/data", &[bearer][..], ok),
            ("/data", &[("authorization", "bearer  ldk_good")], ok),
            ("/data", &[bare], ok),
            ("/data", &[bad], refused),
            ("/data", &[bad, cookie], refused),
            ("/data", &[bearer, bare], refused),
            ("/data", &[("authorization", "Bearer")], refused),
            ("/data", &[("authorization", "Basic ldk_good")], refused),
            ("/mine", &[bearer], refused),
            ("/ops", &[bearer], refused),
            ("/desk", &[bearer], refused),
            ("/public", &[bad], ok),
        ] {
            assert_eq!(status(path, headers).await, want, "{path} {headers:?}");
        }
    }
}
