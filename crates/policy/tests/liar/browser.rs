//! What a browser does with the city's answers: follows nothing by itself, keeps cookies apart.

use std::collections::BTreeMap;

use axum::body::Body;
use axum::http::{Request, header};
use http_body_util::BodyExt;
use loggia_api::{Secure, router};
use loggia_policy::routes;
use serde_json::Value;
use tower::ServiceExt;

use crate::city::City;

/// An answer, with what a browser keeps of it.
pub struct Page {
    pub status: u16,
    pub location: String,
    pub cookies: BTreeMap<String, String>,
    pub body: Value,
}

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

pub fn query(url: &str) -> BTreeMap<String, String> {
    let parse = |p: &str| p.split_once('=').map(|(k, v)| (k.to_owned(), v.to_owned()));
    url.split_once('?')
        .unwrap()
        .1
        .split('&')
        .filter_map(parse)
        .collect()
}
