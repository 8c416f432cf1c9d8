//! A browser on its way to the provider and back. Never follows a redirect by itself.

use std::collections::BTreeMap;

use axum::body::Body;
use axum::http::{Request, header};
use http_body_util::BodyExt;
use loggia_api::{Secure, router};
use loggia_policy::routes;
use serde_json::Value;
use tower::ServiceExt;

use super::Liar;
use crate::city::City;

/// What a browser gets.
pub struct Page {
    pub status: u16,
    pub location: String,
    pub cookies: BTreeMap<String, String>,
    pub body: Value,
}

/// One call, as that browser makes it.
pub async fn get(city: &City, method: &str, path: &str, cookie: &str) -> Page {
    let app = router(routes(city.policy.clone(), Secure::No), city.policy.clone());
    let request = Request::builder()
        .method(method)
        .uri(path)
        .header("cookie", cookie)
        .header(
            "sec-fetch-site",
            if method == "GET" {
                "cross-site"
            } else {
                "same-origin"
            },
        )
        .body(Body::empty())
        .unwrap();
    let answer = app.oneshot(request).await.unwrap();
    let text = |v: &axum::http::HeaderValue| v.to_str().unwrap().to_owned();
    let set = answer
        .headers()
        .get_all(header::SET_COOKIE)
        .iter()
        .map(text);
    let cookies = set.filter_map(|c| {
        let (name, value) = c.split(';').next()?.split_once('=')?;
        Some((name.to_owned(), value.to_owned()))
    });
    Page {
        status: answer.status().as_u16(),
        location: answer
            .headers()
            .get(header::LOCATION)
            .map(text)
            .unwrap_or_default(),
        cookies: cookies.collect(),
        body: {
            let bytes = answer.into_body().collect().await.unwrap().to_bytes();
            serde_json::from_slice(&bytes).unwrap_or(Value::Null)
        },
    }
}

fn query(url: &str) -> BTreeMap<String, String> {
    let parse = |p: &str| p.split_once('=').map(|(k, v)| (k.to_owned(), v.to_owned()));
    url.split_once('?')
        .unwrap()
        .1
        .split('&')
        .filter_map(parse)
        .collect()
}

/// Went there and signed in: the login's cookie, the state, and the whole question.
pub async fn went(city: &City, liar: &Liar, back: &str) -> (String, BTreeMap<String, String>) {
    let begun = get(
        city,
        "GET",
        &format!("/api/v1/session/oidc?back={back}"),
        "",
    )
    .await;
    assert_eq!(begun.status, 303);
    assert!(
        begun
            .location
            .starts_with(&format!("{}/auth?", liar.issuer)),
        "{}",
        begun.location
    );
    let asked = query(&begun.location);
    liar.asked(&asked["nonce"], &asked["code_challenge"]);
    (
        format!("loggia_login={}", begun.cookies["loggia_login"]),
        asked,
    )
}

/// Comes back from there.
pub async fn back(city: &City, cookie: &str, question: &str) -> Page {
    get(
        city,
        "GET",
        &format!("/api/v1/session/oidc/callback?{question}"),
        cookie,
    )
    .await
}

/// The whole way; the page and the session's cookie, if there is one.
pub async fn sign_in(city: &City, liar: &Liar, code: &str) -> (String, Option<String>) {
    let (cookie, asked) = went(city, liar, "/ops").await;
    let page = back(
        city,
        &cookie,
        &format!("code={code}&state={}", asked["state"]),
    )
    .await;
    assert_eq!(
        (page.status, page.cookies["loggia_login"].as_str()),
        (303, "")
    );
    let session = page.cookies.get("loggia_session");
    (
        page.location,
        session.map(|s| format!("loggia_session={s}")),
    )
}
