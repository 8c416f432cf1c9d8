//! What reaches a real mail server and a real gateway, and what does not: secrets, passwords under
//! a
//! wrong certificate, redirected calls. Also while another gateway is dead.

#[cfg(test)]
#[expect(dead_code, reason = "each test file uses its own part of the city")]
mod city;
#[cfg(test)]
mod peers;

use core::time::Duration;
use std::net::TcpListener;
use std::process::Command;

use city::{Asked, CAMERA, City};
use loggia_model::{At, Clock, Purpose};
use loggia_policy::{ESCALATE_DANGER, Error, Gateways, MailTls, Webhook};
use peers::{Peer, by_mail, by_webhook, pace, person};

#[cfg(test)]
fn city() -> City {
    let city = City::new();
    city.record(CAMERA, 6);
    city
}

#[cfg(test)]
fn danger(city: &City) -> Asked {
    city.file("p.lindqvist", Purpose::DangerToLife, "fi-poll-2-6")
}

/// Stage, rank and people of what is due.
#[cfg(test)]
fn tells_nothing(text: &str, asked: &Asked) {
    let case = &asked.case;
    let commitment = case.commitment.to_string();
    for secret in [
        "5560",
        "bicycle",
        "corner",
        "lindqvist",
        "camera",
        "fi-p",
        "http",
        "open-sesame",
        "police act",
        &commitment,
        &asked.json,
    ] {
        assert!(
            !text.to_lowercase().contains(&secret.to_lowercase()),
            "{secret} in {text}"
        );
    }
}

#[test]
fn danger_to_life_reaches_a_mail_server_and_ends_in_a_review() {
    for (how, tls) in [
        ("starttls", MailTls::StartTls),
        ("implicit", MailTls::Implicit),
    ] {
        let peer = Peer::start(&["mail", how]);
        let mut city = city();
        city.restart_with(by_mail(peer.mail(tls)));
        let asked = danger(&city);
        city.policy.alert_tick().unwrap();
        let mut to = Vec::new();
        for _ in 0..2 {
            assert_eq!(peer.next()["login"], "right");
            let mail = peer.next();
            assert_eq!((&mail["tls"], &mail["by"]), (&true.into(), &"gate".into()));
            assert_eq!(mail["sender"], "loggia@city.example");
            let text = mail["text"].as_str().unwrap();
            assert!(text.contains(&asked.id.to_string()), "{text}");
            assert!(text.contains("Subject: Loggia: DANGER TO LIFE: a decision is wanted"));
            assert!(text.contains("Auto-Submitted: auto-generated"), "{text}");
            tells_nothing(text, &asked);
            // Nobody learns whom else we call.
            let own = mail["to"][0].as_str().unwrap().to_owned();
            let other = ["a.korhonen", "j.salo"]
                .into_iter()
                .find(|p| !own.starts_with(p));
            assert!(!text.contains(other.unwrap()), "{text}");
            assert_eq!(mail["to"].as_array().unwrap().len(), 1);
            to.push(own);
        }
        assert_eq!(to, ["a.korhonen@city.example", "j.salo@city.example"]);

        city.clock.pass(ESCALATE_DANGER);
        city.policy.alert_tick().unwrap();
        peer.next();
        let text = peer.next()["text"].as_str().unwrap().to_owned();
        assert!(
            text.contains("Nobody has answered an earlier call"),
            "{text}"
        );

        // The second person is needed as ever, and the review stands in the log afterwards.
        city.clock.pass(Duration::from_secs(2 * 3_600));
        city.policy.tick().unwrap();
        assert_eq!(
            city.kinds()[city.kinds().len() - 2..],
            ["request_ended", "review_due"]
        );
    }
}

#[test]
fn plain_mail_stays_on_this_machine_and_one_wrong_address_stops_nobody() {
    let peer = Peer::start(&["mail", "loopback"]);
    let mut mail = peer.mail(MailTls::Loopback);
    mail.to
        .insert(person("a.korhonen"), "nobody@city.example".to_owned());
    let mut city = city();
    city.restart_with(by_mail(mail.clone()));
    city.investigate();
    city.policy.alert_tick().unwrap();
    assert_eq!(
        peer.next()["to"],
        serde_json::json!(["j.salo@city.example"])
    );
    let health = wait_for(&city, |h| h.delivered == 1);
    assert_eq!((health.dropped, health.waiting), (1, 0), "{health:?}");
    for server in ["mail.city.example", "10.0.0.1", "localhost.city.example"] {
        mail.server = server.to_owned();
        let refused = by_mail(mail.clone()).test(vec![person("j.salo")], At(0));
        assert!(refused.unwrap_err().to_string().contains("this machine"));
    }
}

#[cfg(test)]
fn wait_for(
    city: &City,
    good: impl Fn(&loggia_policy::GatewayHealth) -> bool,
) -> loggia_policy::GatewayHealth {
    loop {
        let health = city.policy.gateway_health().remove(0);
        if good(&health) {
            return health;
        }
        std::thread::sleep(Duration::from_millis(10));
    }
}

#[test]
fn what_has_ended_leaves_the_queue() {
    // It takes the connection and never answers.
    let dead = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}/", dead.local_addr().unwrap());
    let mut city = city();
    city.restart_with(by_webhook(Webhook { url, ca: None }));
    city.investigate();
    city.policy.alert_tick().unwrap();
    let _carried = dead.accept().unwrap();
    let asked = danger(&city);
    city.policy.alert_tick().unwrap();
    let health = || city.policy.gateway_health().remove(0);
    assert_eq!(health().waiting, 2);
    let me = city.actor("p.lindqvist");
    city.policy.withdraw(&me, asked.id).unwrap();
    city.policy.alert_tick().unwrap();
    assert_eq!((health().waiting, health().dropped), (1, 0));
    // Waits for no decision any more, but for two releases.
    let decided = city.investigate();
    city.policy.alert_tick().unwrap();
    assert_eq!(health().waiting, 2);
    city.approve("a.korhonen", decided.id);
    city.policy.alert_tick().unwrap();
    assert_eq!(health().waiting, 3);
}

#[test]
fn a_mail_server_with_another_certificate_learns_no_password() {
    let stranger = Peer::start(&["mail", "loopback"]).cert.clone();
    for (how, tls) in [
        ("starttls", MailTls::StartTls),
        ("implicit", MailTls::Implicit),
    ] {
        let peer = Peer::start(&["mail", how]);
        let mut mail = peer.mail(tls);
        let me = || vec![person("j.salo")];
        mail.ca = Some(stranger.clone());
        let said = by_mail(mail.clone()).test(me(), At(0)).unwrap();
        assert_eq!(said, ["mail: TLS failed"]);
        // The same where STARTTLS is wanted and the server speaks none of it.
        let plain = Peer::start(&["mail", "loopback"]);
        mail.port = plain.port;
        assert_ne!(
            by_mail(mail.clone()).test(me(), At(0)).unwrap(),
            ["mail: delivered"]
        );
        assert_eq!((peer.more(), plain.more()), (None, None));

        let mut mail = peer.mail(tls);
        assert_eq!(
            by_mail(mail.clone()).test(me(), At(0)).unwrap(),
            ["mail: delivered"]
        );
        mail.login.as_mut().unwrap().password = "guess".to_owned().into();
        let said = by_mail(mail.clone()).test(me(), At(0)).unwrap();
        assert_eq!(said, ["mail: the mail server answers 535"]);
        let shown = format!("{mail:?}");
        assert!(
            !shown.contains("guess") && !shown.contains("gate"),
            "{shown}"
        );
        mail.ca = None;
        assert!(
            by_mail(mail)
                .test(me(), At(0))
                .unwrap_err()
                .to_string()
                .contains("`ca`")
        );
    }
}

#[test]
fn a_webhook_gets_json_over_tls_and_is_tried_again() {
    let peer = Peer::start(&["web", "https", "503,404,204"]);
    let mut city = city();
    city.restart_with(by_webhook(peer.webhook("https")));
    let asked = danger(&city);
    city.policy.alert_tick().unwrap();
    let bodies = [503, 404, 204].map(|status| {
        let post = peer.next();
        assert_eq!(
            (&post["status"], &post["path"]),
            (&status.into(), &"/alerts".into())
        );
        post["body"].as_str().unwrap().to_owned()
    });
    assert!(bodies.iter().all(|b| *b == bodies[0]));
    tells_nothing(&bodies[0], &asked);
    let alert: serde_json::Value = serde_json::from_str(&bodies[0]).unwrap();
    let want = serde_json::json!({
        "request": asked.id.to_string(), "stage": "approve", "rank": 0, "danger_to_life": true,
        "at": city.clock.now().0, "deadline": city.clock.now().0 + 2 * 3_600_000_000_i64,
        "people": ["a.korhonen", "j.salo"],
    });
    assert_eq!(alert, want);
    assert_eq!(wait_for(&city, |h| h.delivered == 1).failing, None);

    // A call that was taken is not repeated after a restart.
    city.restart_with(Gateways::default());
    assert_eq!(city.policy.alerts_due().unwrap(), []);
}

#[test]
fn a_webhook_trusts_its_authority_alone_and_follows_no_redirect() {
    let peer = Peer::start(&["web", "https"]);
    let me = || vec![person("j.salo")];
    let mut hook = peer.webhook("https");
    assert_eq!(
        by_webhook(hook.clone()).test(me(), At(0)).unwrap(),
        ["webhook: delivered"]
    );
    peer.next();
    hook.ca = Some(Peer::start(&["web", "https"]).cert.clone());
    let said = by_webhook(hook.clone()).test(me(), At(0)).unwrap();
    assert_ne!(said, ["webhook: delivered"]);
    assert_eq!(peer.more(), None);
    for (url, ca) in [
        (hook.url.clone(), None),
        ("http://gateway.city.example/".to_owned(), None),
        ("ftp://localhost/".to_owned(), None),
        (hook.url.clone(), Some(b"no certificate".to_vec())),
    ] {
        let refused = by_webhook(Webhook { url, ca }).test(me(), At(0));
        assert!(matches!(refused, Err(Error::Invalid(_))), "{refused:?}");
    }

    let astray = Peer::start(&["web", "http", "307,204"]);
    let said = by_webhook(astray.webhook("http"))
        .test(me(), At(0))
        .unwrap();
    assert_eq!(said, ["webhook: it answers 307"]);
    assert_eq!(astray.next()["path"], "/alerts");
    assert_eq!(astray.more(), None);
}

/// Runs the test above in a process whose environment names a proxy.
#[test]
fn a_proxy_in_the_environment_is_not_asked() {
    let proxy = TcpListener::bind("127.0.0.1:0").unwrap();
    proxy.set_nonblocking(true).unwrap();
    let url = format!("http://{}", proxy.local_addr().unwrap());
    let names = [
        "HTTP_PROXY",
        "HTTPS_PROXY",
        "ALL_PROXY",
        "http_proxy",
        "https_proxy",
        "all_proxy",
    ];
    let again = Command::new(std::env::current_exe().unwrap())
        .args([
            "--exact",
            "a_webhook_trusts_its_authority_alone_and_follows_no_redirect",
        ])
        .envs(names.map(|name| (name, &url)))
        .env_remove("NO_PROXY")
        .env_remove("no_proxy")
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&again.stdout).into_owned();
    assert!(
        again.status.success() && said.contains("1 passed"),
        "{said}"
    );
    assert!(proxy.accept().is_err(), "the proxy was asked");
}

#[test]
fn a_dead_gateway_stops_neither_the_other_nor_retention() {
    // It takes the connection and never says a word.
    let dead = TcpListener::bind("127.0.0.1:0").unwrap();
    let peer = Peer::start(&["mail", "loopback"]);
    let mut city = city();
    city.restart_with(Gateways {
        webhook: Some(Webhook {
            url: format!("http://{}/", dead.local_addr().unwrap()),
            ca: None,
        }),
        mail: Some(peer.mail(MailTls::Loopback)),
        pace: pace(),
    });
    city.investigate();
    city.policy.alert_tick().unwrap();
    assert_eq!(
        peer.next()["to"],
        serde_json::json!(["a.korhonen@city.example"])
    );
    assert_eq!(
        peer.next()["to"],
        serde_json::json!(["j.salo@city.example"])
    );
    let _carried = dead.accept().unwrap();
    city.clock.pass(Duration::from_secs(74 * 3_600));
    city.policy.tick().unwrap();
    let tick = city
        .policy
        .retention_tick(&loggia_policy::Retention::default());
    assert_eq!(tick.unwrap().destroyed.len(), 1);
    let health = city.policy.gateway_health();
    let webhook = health.iter().find(|h| h.name == "webhook").unwrap();
    assert_eq!(
        (webhook.waiting, webhook.delivered, webhook.dropped),
        (1, 0, 0)
    );
}
