//! Signing in at an identity provider, honest and lying: who comes in is a person of the roster
//! with the roster's roles, and every lie ends at the sign-in page with one word.

#[cfg(test)]
#[expect(dead_code, reason = "each test file uses its own part of the city")]
mod city;
#[cfg(test)]
mod liar;

#[cfg(test)]
mod at_the_provider {
    use core::time::Duration;

    use loggia_model::{Clock, PersonId, Role};
    use loggia_policy::{LOGIN_WITHIN, Provider, ProviderPlan, SESSION_LONGEST, Standing};
    use serde_json::{Value, json};
    use zeroize::Zeroizing;

    use crate::city::City;
    use crate::liar::browser::{back, get, sign_in, went};
    use crate::liar::lies::{ed25519, lies, p256, rsa};
    use crate::liar::{CLIENT, Liar, SECRET, Signs};

    fn plan(issuer: &str) -> ProviderPlan {
        ProviderPlan {
            name: "City".into(),
            issuer: issuer.into(),
            client_id: CLIENT.into(),
            client_secret: Some(Zeroizing::new(SECRET.into())),
            person_claim: "preferred_username".into(),
            console: "http://localhost:8080".into(),
            ca: None,
        }
    }

    fn city_with(liar: &Liar) -> City {
        let city = City::new();
        city.policy
            .use_provider(Provider::new(plan(&liar.issuer)).unwrap())
            .unwrap();
        liar.says(|s| s.now = city.clock.now().secs());
        city
    }

    #[tokio::test(flavor = "multi_thread")]
    async fn who_signs_in_there_is_a_person_of_the_roster_with_its_roles() {
        let liar = Liar::start();
        let city = city_with(&liar);
        let (_, asked) = went(&city, &liar, "/ops").await;
        assert_eq!(asked["code_challenge_method"], "S256");
        assert_eq!(asked["response_type"], "code");
        assert!(asked["state"].len() >= 43 && asked["nonce"].len() >= 43);
        for (n, key) in [
            Signs::rs256(),
            Signs::Ps256(rsa()),
            Signs::Es256(p256()),
            Signs::EdDsa(ed25519()),
        ]
        .into_iter()
        .enumerate()
        {
            // Each key is new: the keys are fetched anew for it.
            city.clock.pass(Duration::from_secs(10));
            liar.says(|s| {
                (s.now, s.kid) = (city.clock.now().secs(), format!("key-{n}"));
                s.published = vec![key.jwk(&s.kid)];
                s.key = key;
            });
            let (location, session) = sign_in(&city, &liar, &format!("c{n}")).await;
            assert_eq!(location, "/ops");
            let who = get(&city, "GET", "/api/v1/session", &session.unwrap())
                .await
                .body;
            assert_eq!(who["actor"]["person"], "p.lindqvist");
            // The token claims to be administrator and custodian; the roster knows better.
            assert_eq!(who["actor"]["roles"], json!(["investigator"]));
            assert_eq!(who["provider"], "City");
        }
        let (_, session) = sign_in(&city, &liar, "last").await;
        let session = session.unwrap();
        // It ends as every session does, and signing out goes on at the provider.
        let out = get(&city, "DELETE", "/api/v1/session", &session).await;
        let there = out.body["provider"].as_str().unwrap();
        assert!(
            there.starts_with(&format!("{}/end?a=b&client_id=loggia&", liar.issuer)),
            "{there}"
        );
        let who = get(&city, "GET", "/api/v1/session", &session).await.body;
        assert_eq!(who["actor"], Value::Null);
        let (_, session) = sign_in(&city, &liar, "again").await;
        city.clock.pass(SESSION_LONGEST);
        let who = get(&city, "GET", "/api/v1/session", &session.unwrap())
            .await
            .body;
        assert_eq!(who["actor"], Value::Null);
    }

    #[tokio::test(flavor = "multi_thread")]
    async fn no_lie_of_the_provider_lets_anybody_in() {
        let liar = Liar::start();
        let city = city_with(&liar);
        assert!(sign_in(&city, &liar, "good").await.1.is_some());
        for (n, (name, token)) in lies().into_iter().enumerate() {
            liar.says(|s| s.token = token);
            let (location, session) = sign_in(&city, &liar, &format!("l{n}")).await;
            assert!(session.is_none(), "{name}");
            assert_eq!(location, "/ops#sign-in=not-valid", "{name}");
        }
        // Whom the roster does not know, or the administrator has disabled.
        for (n, person) in [
            "t.unknown",
            "break-glass",
            "P.Lindqvist",
            "",
            "p.lindqvist\n",
        ]
        .into_iter()
        .enumerate()
        {
            liar.says(|s| {
                s.person = person.to_owned();
                s.token = Box::new(|s, claims| s.key.token(&s.kid, &claims));
            });
            let (location, session) = sign_in(&city, &liar, &format!("p{n}")).await;
            assert!(session.is_none(), "{person:?}");
            assert_eq!(location, "/ops#sign-in=not-in-roster", "{person:?}");
        }
        liar.says(|s| s.person = "p.lindqvist".to_owned());
        let (admin, who) = (city.actor("t.laine"), PersonId("p.lindqvist".into()));
        assert!(admin.has(Role::Administrator));
        city.policy
            .set_standing(&admin, &who, Standing::Disabled)
            .unwrap();
        let (location, session) = sign_in(&city, &liar, "disabled").await;
        assert_eq!(
            (location.as_str(), session),
            ("/ops#sign-in=not-in-roster", None)
        );
    }

    #[tokio::test(flavor = "multi_thread")]
    async fn an_answer_counts_once_in_its_own_browser_and_in_time() {
        let liar = Liar::start();
        let city = city_with(&liar);
        let stale = "/ops#sign-in=stale";
        let (cookie, asked) = went(&city, &liar, "/ops").await;
        let state = &asked["state"];
        // Without state, with another one, without code.
        for question in [
            "code=a".to_owned(),
            "code=a&state=x".into(),
            format!("state={state}"),
        ] {
            let page = back(&city, &cookie, &question).await;
            assert_eq!(page.location, stale, "{question}");
            assert!(!page.cookies.contains_key("loggia_session"));
        }
        // That last one was this login's answer: it is spent.
        let page = back(&city, &cookie, &format!("code=a&state={state}")).await;
        assert_eq!(page.location, stale);
        // In another browser: no cookie, or another login's.
        let (cookie, asked) = went(&city, &liar, "/ops").await;
        let (others, _) = went(&city, &liar, "/audit").await;
        let question = format!("code=b&state={}", asked["state"]);
        let page = back(&city, "", &question).await;
        assert_eq!(page.location, "/evidence#sign-in=stale");
        assert_eq!(
            back(&city, &others, &question).await.location,
            "/audit#sign-in=stale"
        );
        let turned = cookie.replace("loggia_login=", "loggia_login=A");
        assert_eq!(
            back(&city, &turned, &question).await.location,
            "/evidence#sign-in=stale"
        );
        // Late.
        city.clock.pass(LOGIN_WITHIN);
        assert_eq!(
            back(&city, &cookie, &question).await.location,
            "/evidence#sign-in=stale"
        );
        liar.says(|s| s.now = city.clock.now().secs());
        // A code that was used before.
        assert!(sign_in(&city, &liar, "once").await.1.is_some());
        let (location, session) = sign_in(&city, &liar, "once").await;
        assert_eq!(
            (location.as_str(), session),
            ("/ops#sign-in=not-valid", None)
        );
        // The whole answer again.
        let (cookie, asked) = went(&city, &liar, "/ops").await;
        let question = format!("code=d&state={}", asked["state"]);
        assert_eq!(back(&city, &cookie, &question).await.location, "/ops");
        assert_eq!(back(&city, &cookie, &question).await.location, stale);
        // Another provider's answer sent here (RFC 9207), and one that says no.
        let (cookie, asked) = went(&city, &liar, "/ops").await;
        let question = format!(
            "code=e&iss=https%3A%2F%2Fevil.example&state={}",
            asked["state"]
        );
        assert_eq!(
            back(&city, &cookie, &question).await.location,
            "/ops#sign-in=not-valid"
        );
        let (cookie, asked) = went(&city, &liar, "/ops").await;
        let question = format!("error=access_denied&state={}", asked["state"]);
        assert_eq!(
            back(&city, &cookie, &question).await.location,
            "/ops#sign-in=refused"
        );
    }

    #[tokio::test(flavor = "multi_thread")]
    async fn nobody_is_sent_elsewhere_afterwards() {
        let liar = Liar::start();
        let city = city_with(&liar);
        for (n, elsewhere) in [
            "https://evil.example",
            "//evil.example",
            "/%5Cevil.example",
            "evil",
        ]
        .into_iter()
        .enumerate()
        {
            let (cookie, asked) = went(&city, &liar, elsewhere).await;
            let question = format!("code=x{n}&state={}", asked["state"]);
            assert_eq!(
                back(&city, &cookie, &question).await.location,
                "/evidence",
                "{elsewhere}"
            );
        }
    }

    #[tokio::test(flavor = "multi_thread")]
    async fn a_provider_that_is_away_or_not_itself_is_said_and_local_accounts_work() {
        let away = "/ops#sign-in=unreachable";
        let city = City::new();
        let nowhere = "http://127.0.0.1:9";
        city.policy
            .use_provider(Provider::new(plan(nowhere)).unwrap())
            .unwrap();
        let page = get(&city, "GET", "/api/v1/session/oidc?back=/ops", "").await;
        assert_eq!((page.status, page.location.as_str()), (303, away));
        let who = PersonId("p.lindqvist".into());
        city.policy
            .add_account(&who, "a long enough phrase")
            .unwrap();
        assert!(
            city.policy
                .sign_in(&who, "a long enough phrase")
                .await
                .is_ok()
        );
        // A city without a provider has no such page.
        let page = get(&City::new(), "GET", "/api/v1/session/oidc", "").await;
        assert_eq!(page.status, 404);
        for (name, value) in [
            ("issuer", json!("http://127.0.0.1:1")),
            ("token_endpoint", json!("http://evil.example/token")),
            ("jwks_uri", json!("file:///etc/passwd")),
            ("authorization_endpoint", json!("javascript:alert(1)")),
            ("authorization_endpoint", Value::Null),
            ("code_challenge_methods_supported", json!(["plain"])),
        ] {
            let liar = Liar::start();
            let city = city_with(&liar);
            liar.says(|s| s.metadata[name] = value.clone());
            let page = get(&city, "GET", "/api/v1/session/oidc?back=/ops", "").await;
            assert_eq!(page.location, away, "{name} {value}");
        }
    }

    #[tokio::test(flavor = "multi_thread")]
    async fn keys_rotate_and_nobody_makes_us_fetch_them_all_day() {
        let liar = Liar::start();
        let city = city_with(&liar);
        assert!(sign_in(&city, &liar, "1").await.1.is_some());
        assert!(sign_in(&city, &liar, "2").await.1.is_some());
        assert_eq!(liar.says(|s| s.asked_for_keys), 1);
        // Rotated: the new key is taken once ten seconds have passed since the last look.
        liar.says(|s| {
            s.key = Signs::Es256(p256());
            s.kid = "two".into();
            s.published = vec![s.key.jwk("two")];
        });
        assert!(sign_in(&city, &liar, "3").await.1.is_none());
        assert_eq!(liar.says(|s| s.asked_for_keys), 1);
        city.clock.pass(Duration::from_secs(10));
        assert!(sign_in(&city, &liar, "4").await.1.is_some());
        // The old one is believed no more, and not after ten minutes wherever it was withdrawn.
        assert_eq!(liar.says(|s| s.asked_for_keys), 2);
        city.clock.pass(Duration::from_secs(600));
        liar.says(|s| {
            s.now = city.clock.now().secs();
            s.published = vec![Signs::Es256(p256()).jwk("two")];
        });
        assert!(sign_in(&city, &liar, "5").await.1.is_none());
    }
}
