//! The break-glass account: two custodians open it, one of each group; it administers for an hour
//! and does nothing else; each use is in the log before it happens, and without the log it does
//! nothing.

#[cfg(test)]
#[expect(dead_code, reason = "each test file uses its own part of the city")]
mod city;

#[cfg(test)]
mod behind_the_glass {
    use core::time::Duration;

    use axum::body::Body;
    use axum::http::{Method, Request, StatusCode};
    use loggia_api::{Access, Secure, router};
    use loggia_model::{PersonId, Role};
    use loggia_policy::{
        Act, BREAK_GLASS, Error, GLASS_OPEN, GLASS_USES, GLASS_WAIT, GlassHalf, Policy, READ_EVERY,
        routes,
    };
    use loggia_transparency::{Event, GlassUse};
    use tower::ServiceExt;

    use crate::city::{CAMERA, City};

    fn id(p: &str) -> PersonId {
        PersonId(p.into())
    }

    fn word(city: &City, by: &str) -> Result<GlassHalf, Error> {
        // No two of them at the same instant: each counts once.
        city.clock.pass(Duration::from_secs(1));
        let said = city.say(by, Policy::glass_subject(), Act::OpenBreakGlass);
        city.policy.open_break_glass(&city.actor(by), &said)
    }

    /// Opened by both; the secret.
    fn opened(city: &City) -> String {
        let first = word(city, "k.virtanen").unwrap();
        assert_eq!(first.until, None);
        let second = word(city, "a.korhonen").unwrap();
        assert!(second.until.is_some());
        format!("{} {}", first.half, second.half)
    }

    async fn signed_in(city: &City, secret: &str) -> Result<String, Error> {
        let signed = city.policy.sign_in(&id(BREAK_GLASS), secret).await?;
        Ok(format!("loggia_session={}", &*signed.token))
    }

    async fn call(city: &City, cookie: &str, method: &Method, path: &str) -> StatusCode {
        let app = router(routes(city.policy.clone(), Secure::No), city.policy.clone());
        let request = Request::builder()
            .method(method)
            .uri(path)
            .header("cookie", cookie)
            .header("sec-fetch-site", "same-origin")
            .header("content-type", "application/json")
            .body(Body::from("{}"))
            .unwrap();
        app.oneshot(request).await.unwrap().status()
    }

    fn said(city: &City) -> Vec<Event> {
        let entries = city.log.entries(0, 1_000).unwrap();
        let ours = |e: &Event| e.kind().starts_with("break_glass");
        entries
            .into_iter()
            .map(|(_, e)| e.event)
            .filter(ours)
            .collect()
    }

    fn uses(city: &City) -> Vec<GlassUse> {
        let used = |e: Event| match e {
            Event::BreakGlassUsed(u) => Some(u.what),
            _ => None,
        };
        said(city).into_iter().filter_map(used).collect()
    }

    #[tokio::test]
    async fn nobody_opens_it_alone_and_no_group_does() {
        let city = City::new();
        let one = word(&city, "k.virtanen").unwrap();
        assert!(signed_in(&city, &one.half).await.is_err());
        // The same one again, and what is not a custodian's word.
        assert!(matches!(word(&city, "k.virtanen"), Err(Error::Conflict(_))));
        for by in ["r.heikkila", "j.salo"] {
            assert!(matches!(word(&city, by), Err(Error::Forbidden(_))), "{by}");
        }
        let other = city.say("a.korhonen", Policy::glass_subject(), Act::Hold);
        let who = city.actor("a.korhonen");
        assert!(city.policy.open_break_glass(&who, &other).is_err());
        let about = Policy::credential_subject(&id("t.laine"));
        let other = city.say("a.korhonen", about, Act::OpenBreakGlass);
        assert!(city.policy.open_break_glass(&who, &other).is_err());
        // The first word has waited too long: the second is a first one.
        city.clock.pass(GLASS_WAIT);
        assert_eq!(word(&city, "a.korhonen").unwrap().until, None);
        assert_eq!(said(&city), []);
        // Disabled meanwhile: the word does not count any more.
        let admin = city.actor("t.laine");
        let off = loggia_policy::Standing::Disabled;
        city.policy
            .set_standing(&admin, &id("a.korhonen"), off)
            .unwrap();
        assert!(word(&city, "k.virtanen").is_err());
        assert_eq!(said(&city), []);
        assert!(city.policy.glass_until().is_none());
    }

    #[tokio::test]
    async fn its_secret_lets_in_once_and_its_hour_ends() {
        let city = City::new();
        let secret = opened(&city);
        assert!(matches!(word(&city, "s.makela"), Err(Error::Conflict(_))));
        let half = secret.split(' ').next().unwrap();
        for wrong in [half.to_owned(), format!("{half} {half}"), String::new()] {
            assert!(signed_in(&city, &wrong).await.is_err());
        }
        let cookie = signed_in(&city, &secret).await.unwrap();
        assert!(signed_in(&city, &secret).await.is_err());
        let get = |path: &'static str| call(&city, &cookie, &Method::GET, path);
        assert_eq!(get("/api/v1/accounts").await, StatusCode::OK);
        city.clock.pass(Duration::from_secs(25 * 60));
        assert_eq!(get("/api/v1/accounts").await, StatusCode::OK);
        // A clock set back lengthens nothing.
        city.clock.pass(Duration::from_secs(25 * 60));
        assert_eq!(get("/api/v1/accounts").await, StatusCode::OK);
        city.clock.pass(GLASS_OPEN - Duration::from_secs(50 * 60));
        assert_eq!(get("/api/v1/accounts").await, StatusCode::UNAUTHORIZED);
        city.policy.tick().unwrap();
        let kinds: Vec<_> = said(&city).iter().map(Event::kind).collect();
        assert_eq!(kinds.first(), Some(&"break_glass_opened"));
        assert_eq!(kinds.last(), Some(&"break_glass_ended"));
        let openings = city.policy.glass_openings().unwrap();
        assert_eq!(openings[0].by, [id("k.virtanen"), id("a.korhonen")]);
        assert!(openings[0].ended);
        // The session of one opening is none in the next.
        let again = opened(&city);
        assert_eq!(get("/api/v1/accounts").await, StatusCode::UNAUTHORIZED);
        let cookie = signed_in(&city, &again).await.unwrap();
        let status = call(&city, &cookie, &Method::DELETE, "/api/v1/session").await;
        assert_eq!(status, StatusCode::NO_CONTENT);
        assert!(city.policy.glass_until().is_none());
    }

    #[tokio::test]
    async fn a_clock_set_back_and_a_restart_lengthen_nothing() {
        let mut city = City::new();
        let secret = opened(&city);
        let cookie = signed_in(&city, &secret).await.unwrap();
        let path = "/api/v1/accounts";
        assert_eq!(
            call(&city, &cookie, &Method::GET, path).await,
            StatusCode::OK
        );
        let begun = loggia_model::MANUAL_START.after(Duration::from_secs(600));
        city.clock.pass(GLASS_OPEN);
        city.clock.set_wall(begun);
        assert_eq!(
            call(&city, &cookie, &Method::GET, path).await,
            StatusCode::UNAUTHORIZED
        );
        let secret = opened(&city);
        city.restart();
        assert!(signed_in(&city, &secret).await.is_err());
        city.policy.tick().unwrap();
        assert_eq!(said(&city).last().unwrap().kind(), "break_glass_ended");
        // A custodian of either group ends it at once.
        let secret = opened(&city);
        let cookie = signed_in(&city, &secret).await.unwrap();
        assert!(
            city.policy
                .recall_break_glass(&city.actor("t.laine"))
                .is_err()
        );
        city.policy
            .recall_break_glass(&city.actor("s.makela"))
            .unwrap();
        assert_eq!(
            call(&city, &cookie, &Method::GET, path).await,
            StatusCode::UNAUTHORIZED
        );
    }

    #[tokio::test]
    async fn it_calls_what_is_listed_and_nothing_else_and_the_log_has_it_first() {
        let city = City::new();
        city.record(CAMERA, 6);
        let secret = opened(&city);
        let cookie = signed_in(&city, &secret).await.unwrap();
        let mut tried = 0;
        for route in routes(city.policy.clone(), Secure::No) {
            let path = route.path.replace("{id}", &"0".repeat(64));
            let path = path.replace("{person}", "o.saarinen");
            if matches!(route.access, Access::Public | Access::DemoOnly) {
                continue;
            }
            let before = uses(&city).len();
            let status = call(&city, &cookie, &route.method, &path).await;
            let listed = |u: &&(&str, &str, GlassUse)| u.0 == route.method && u.1 == route.path;
            match GLASS_USES.iter().find(listed) {
                Some((_, _, what)) if route.access.admits(Some(&administrator())) => {
                    assert!(status.is_success(), "{route:?}: {status}");
                    // Reads of one kind are one use a minute; each act is one.
                    let read = route.method == Method::GET && uses(&city)[..before].contains(what);
                    assert_eq!(uses(&city).len(), before + usize::from(!read), "{route:?}");
                }
                _ => {
                    assert!(status.is_client_error(), "{route:?}: {status}");
                    assert_eq!(uses(&city).len(), before, "{route:?}");
                }
            }
            tried += 1;
        }
        assert!(tried > 30);
        let all = uses(&city);
        assert_eq!(all.first(), Some(&GlassUse::SignedIn));
        assert!(
            all.contains(&GlassUse::AccountDisabled) && all.contains(&GlassUse::AccountEnabled)
        );
        let reads = |all: &[GlassUse]| all.iter().filter(|u| **u == GlassUse::AccountsRead).count();
        assert_eq!(reads(&all), 1);
        city.clock.pass(READ_EVERY);
        call(&city, &cookie, &Method::GET, "/api/v1/accounts").await;
        assert_eq!(reads(&uses(&city)), 2);
        // Behind the door it is nobody: no footage, no approval, no key, no role.
        let asked = city.investigate();
        let glass = loggia_model::Actor {
            person: id(BREAK_GLASS),
            name: "x".into(),
            body: loggia_model::Body::Oversight,
            roles: [
                Role::Approver,
                Role::Custodian,
                Role::Auditor,
                Role::Investigator,
            ]
            .into(),
        };
        let said = city.say("a.korhonen", asked.id, Act::Approve);
        assert!(city.policy.decide_request(&glass, asked.id, &said).is_err());
        let opened = city.open();
        assert!(city.policy.footage_permit(opened.id, &glass).is_err());
    }

    fn administrator() -> loggia_model::Actor {
        loggia_model::Actor {
            person: id(BREAK_GLASS),
            name: "x".into(),
            body: loggia_model::Body::City,
            roles: [Role::Administrator].into(),
        }
    }

    #[test]
    fn nobody_in_a_roster_has_its_name() {
        let city = City::new();
        let mut roster = city.policy.roster().unwrap().roster().clone();
        roster.members[7].person = id(BREAK_GLASS);
        assert!(
            roster
                .to_json()
                .unwrap_err()
                .to_string()
                .contains("nobody's name")
        );
    }

    /// No tile can be written: each entry is refused.
    fn break_log(city: &City) {
        let log = city.dir.path().join("data/log");
        std::fs::rename(log.join("tile"), log.join("tile.away")).unwrap();
        std::fs::write(log.join("tile"), b"in the way").unwrap();
    }

    fn mend_log(city: &City) {
        let log = city.dir.path().join("data/log");
        std::fs::remove_file(log.join("tile")).unwrap();
        std::fs::rename(log.join("tile.away"), log.join("tile")).unwrap();
    }

    #[tokio::test]
    async fn past_a_dead_log_it_does_nothing() {
        let mut city = City::new();
        break_log(&city);
        word(&city, "k.virtanen").unwrap();
        assert!(matches!(word(&city, "a.korhonen"), Err(Error::Log(_))));
        assert!(city.policy.glass_until().is_none());
        mend_log(&city);
        city.restart_log();
        let secret = opened(&city);
        break_log(&city);
        assert!(matches!(
            signed_in(&city, &secret).await,
            Err(Error::Log(_))
        ));
        mend_log(&city);
        city.restart_log();
        let secret = opened(&city);
        let cookie = signed_in(&city, &secret).await.unwrap();
        break_log(&city);
        let disable = "/api/v1/accounts/o.saarinen/disabled";
        let status = call(&city, &cookie, &Method::POST, disable).await;
        assert!(status.is_server_error(), "{status}");
        assert!(
            city.policy
                .accounts()
                .unwrap()
                .iter()
                .all(|(_, disabled)| !disabled)
        );
        let status = call(&city, &cookie, &Method::GET, "/api/v1/accounts").await;
        assert!(status.is_server_error(), "{status}");
        // Shutting waits for no log; its end is told when there is one.
        city.policy
            .recall_break_glass(&city.actor("a.korhonen"))
            .unwrap();
        assert!(city.policy.tick().is_err());
        let status = call(&city, &cookie, &Method::GET, "/api/v1/accounts").await;
        assert_eq!(status, StatusCode::UNAUTHORIZED);
        mend_log(&city);
        city.restart_log();
        city.policy.tick().unwrap();
        assert_eq!(said(&city).last().unwrap().kind(), "break_glass_ended");
    }
}
