//! The endpoints as a browser and a desk see them: who is let in, and the line over HTTP.

#[cfg(test)]
#[expect(dead_code, reason = "each test file uses its own part of the city")]
mod city;

#[cfg(test)]
mod over_http {
    use axum::body::Body;
    use axum::http::{Method, Request, StatusCode, header};
    use http_body_util::BodyExt;
    use loggia_api::{Access, Doorkeeper, Secure, router};
    use loggia_model::{Clock, PersonId, Purpose};
    use loggia_policy::{Act, DeskCall, routes};
    use serde_json::{Value, json};
    use tower::ServiceExt;
    use utoipa::OpenApi;

    use crate::city::{CAMERA, City, b64};

    async fn send(city: &City, request: Request<Body>) -> (StatusCode, Value, Option<String>) {
        let app = router(routes(city.policy.clone(), Secure::No), city.policy.clone());
        let answer = app.oneshot(request).await.unwrap();
        let status = answer.status();
        let cookie = answer.headers().get(header::SET_COOKIE);
        let cookie = cookie.map(|c| c.to_str().unwrap().split(';').next().unwrap().to_owned());
        let bytes = answer.into_body().collect().await.unwrap().to_bytes();
        (
            status,
            serde_json::from_slice(&bytes).unwrap_or(Value::Null),
            cookie,
        )
    }

    async fn page(
        city: &City,
        cookie: &str,
        method: Method,
        path: &str,
        body: Value,
    ) -> (StatusCode, Value) {
        let request = Request::builder()
            .method(method)
            .uri(path)
            .header("cookie", cookie)
            .header("sec-fetch-site", "same-origin")
            .header("content-type", "application/json")
            .body(Body::from(body.to_string()))
            .unwrap();
        let (status, answer, _) = send(city, request).await;
        (status, answer)
    }

    async fn becomes(city: &City, person: &str) -> String {
        let request = Request::post("/api/v1/demo/become")
            .header("sec-fetch-site", "same-origin")
            .header("content-type", "application/json")
            .body(Body::from(json!({ "person": person }).to_string()))
            .unwrap();
        let (status, _, cookie) = send(city, request).await;
        assert_eq!(status, StatusCode::OK);
        cookie.unwrap()
    }

    async fn desk(
        city: &City,
        person: &str,
        method: &str,
        path: &str,
        body: &str,
    ) -> (StatusCode, Value) {
        let hash = aws_lc_rs::digest::digest(&aws_lc_rs::digest::SHA256, body.as_bytes());
        let at = city.clock.now();
        let signed = DeskCall::to_be_signed(method, path, at, hash.as_ref().try_into().unwrap());
        let signature = city.people[person].signing.sign(&signed).unwrap();
        let call = DeskCall {
            person: PersonId(person.into()),
            at,
            signature,
        };
        let request = Request::builder()
            .method(method)
            .uri(path)
            .header("authorization", call.header())
            .header("content-type", "application/json")
            .body(Body::from(body.to_owned()))
            .unwrap();
        let (status, answer, _) = send(city, request).await;
        (status, answer)
    }

    #[tokio::test]
    async fn nobody_gets_past_a_route_that_is_not_public() {
        let city = City::new();
        for route in routes(city.policy.clone(), Secure::No) {
            if matches!(route.access, Access::Public | Access::DemoOnly) {
                continue;
            }
            let path = route
                .path
                .replace("{id}", &"0".repeat(64))
                .replace("{person}", "x");
            for forged in ["", &format!("loggia_session={}", "a".repeat(64))] {
                let (status, _) =
                    page(&city, forged, route.method.clone(), &path, Value::Null).await;
                assert_eq!(status, StatusCode::UNAUTHORIZED, "{route:?} {forged}");
            }
        }
        assert!(city.policy.session("x").is_none());
    }

    #[tokio::test]
    async fn the_line_over_http() {
        let city = City::new();
        city.record(CAMERA, 6);
        let me = becomes(&city, "p.lindqvist").await;
        let (_, session) = page(&city, &me, Method::GET, "/api/v1/session", Value::Null).await;
        assert_eq!(session["actor"]["body"], "police");
        assert_eq!(session["demo"], true);

        let asked = city.ask("p.lindqvist", Purpose::Investigation, "fi-pkl-7");
        let signature = city.signed_request("p.lindqvist", &asked.json);
        let new = json!({ "request": asked.json, "signature": signature,
            "case": asked.case.id, "necessity": crate::city::WHY });
        let other = becomes(&city, "t.laine").await;
        let path = "/api/v1/requests";
        let (status, _) = page(&city, &other, Method::POST, path, new.clone()).await;
        assert_eq!(status, StatusCode::FORBIDDEN);
        let (status, view) = page(&city, &me, Method::POST, path, new).await;
        assert_eq!(status, StatusCode::CREATED, "{view}");
        assert_eq!(view["state"], "asked");
        let one = format!("{path}/{}", asked.id);
        let (status, _) = page(&city, &other, Method::GET, &one, Value::Null).await;
        assert_eq!(status, StatusCode::FORBIDDEN);

        let at_desk = format!("/api/v1/desk/requests/{}", asked.id);
        let said = city.say("a.korhonen", asked.id, Act::Approve);
        let said = serde_json::to_string(&said).unwrap();
        let path = format!("{at_desk}/statements");
        let (status, view) = desk(&city, "a.korhonen", "POST", &path, &said).await;
        assert_eq!(
            (status, &view["state"]),
            (StatusCode::OK, &json!("approved"))
        );
        for person in ["k.virtanen", "s.makela"] {
            let shares = city.reseal(&city.people[person].custodian, person, &asked);
            let said = city.say(person, asked.id, Act::Release);
            let body = json!({ "statement": said.statement, "signature": said.signature,
                "shares": shares });
            let path = format!("{at_desk}/release");
            let (status, answer) = desk(&city, person, "POST", &path, &body.to_string()).await;
            assert_eq!(status, StatusCode::OK, "{answer}");
        }
        let path = format!("{one}/shares");
        let (status, open) = page(&city, &me, Method::GET, &path, Value::Null).await;
        assert_eq!(status, StatusCode::OK);
        assert_eq!(open["released"].as_array().unwrap().len(), 4);
        assert_eq!(
            open["released"][0]["enc"].as_str().unwrap().len(),
            b64(&[0; 32]).len()
        );
        let (_, rest) = desk(&city, "k.virtanen", "GET", "/api/v1/desk/requests", "").await;
        assert_eq!(rest["requests"][0]["state"], "open");
        assert_eq!(rest["rosters"].as_array().unwrap().len(), 1);
    }

    #[test]
    fn every_route_is_described() {
        let city = City::new();
        let doc = loggia_policy::OpenApi::openapi();
        for route in routes(city.policy.clone(), Secure::No) {
            assert!(doc.paths.paths.contains_key(route.path), "{route:?}");
        }
    }

    #[tokio::test]
    async fn a_body_keeps_its_own_rota_and_both_see_who_has_the_turn() {
        let city = City::new();
        let now = city.clock.now();
        let turn = |person: &str, from: i64, to: i64| json!({ "person": person, "from": now.0 + from, "to": now.0 + to, "rank": 0 });
        let hour = 3_600_000_000;
        let police = becomes(&city, "k.virtanen").await;
        let oversight = becomes(&city, "s.makela").await;
        let path = "/api/v1/duty";
        let rota = json!([
            turn("k.virtanen", -hour, hour),
            turn("r.heikkila", hour, 2 * hour)
        ]);
        let (status, _) = page(&city, &police, Method::PUT, path, rota.clone()).await;
        assert_eq!(status, StatusCode::NO_CONTENT);
        // Nobody sets another body's turns.
        let (status, _) = page(&city, &oversight, Method::PUT, path, rota).await;
        assert_eq!(status, StatusCode::BAD_REQUEST);
        let (_, own) = page(&city, &oversight, Method::GET, path, Value::Null).await;
        assert_eq!(own, json!([]));
        let (status, now) = page(
            &city,
            &oversight,
            Method::GET,
            "/api/v1/duty/now",
            Value::Null,
        )
        .await;
        assert_eq!(status, StatusCode::OK);
        let expected = (&json!("k.virtanen"), &json!("police"), 1);
        let on = now.as_array().unwrap();
        assert_eq!((&on[0]["person"], &on[0]["body"], on.len()), expected);
    }
}
