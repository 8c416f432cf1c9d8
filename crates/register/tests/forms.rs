//! The square's forms: what is taken, what is shown again, and where one follows it.
//! Never needs a session or a script.
#![expect(
    clippy::unwrap_used,
    reason = "a test that cannot set its scene should stop"
)]

#[expect(dead_code, reason = "each test file uses its own part of the town")]
mod town;

use axum::body::Body;
use axum::http::{Request, StatusCode};
use loggia_api::Peer;
use loggia_model::{At, CameraId, MANUAL_START};
use town::{get, post, send, town};

const ASK: &str = "camera=1&day=2026-11-23&from=13:00&to=13:05&name=Ana&contact=a@b.example";

#[tokio::test]
async fn without_a_port_the_pages_say_how_to_write() {
    let town = town(false);
    for path in ["/ask", "/complain"] {
        let page = get(&town, path).await;
        assert!(page.text.contains("The Officer<br>Square 1"), "{path}");
        assert!(!page.text.contains("<form class=\"letter\""), "{path}");
        let sent = post(&town, path, ASK).await;
        assert_eq!(sent.status, StatusCode::OK, "{path}");
        assert!(sent.text.contains("The Officer"), "{path}");
    }
}

#[tokio::test]
async fn a_request_is_taken_and_followed() {
    let town = town(true);
    let sent = post(&town, "/ask", &format!("{ASK}&camera=2&told=off+the+tram")).await;
    assert_eq!(sent.status, StatusCode::SEE_OTHER, "{}", sent.text);
    assert_eq!(sent.headers["location"], "/ask/K7Q2-M4ZT");
    let asked = town.filed.asked.lock().unwrap().pop().unwrap();
    // 13:00 in Helsinki is an hour before the clock's noon in UTC.
    let from = At(MANUAL_START.0 - 3_600_000_000);
    assert_eq!((asked.from, asked.to), (from, At(from.0 + 300_000_000)));
    assert_eq!(asked.cameras, [CameraId(1), CameraId(2)]);
    assert_eq!(
        (asked.name.as_str(), asked.told.as_str()),
        ("Ana", "off the tram")
    );
    let page = get(&town, "/ask/K7Q2-M4ZT").await;
    assert_eq!(page.headers["cache-control"], "no-store");
    assert!(page.text.contains("is frozen and waits") && page.text.contains("Кнеза Милоша"));
    assert!(page.text.contains("The day by which an answer was due") && !page.text.contains("Ana"));
    let answered = "<dd class=\"typed\">Two &lt;minutes&gt; were sent.</dd>";
    assert!(page.text.contains("<dd>SA-1</dd>") && page.text.contains(answered));
    let sent = get(&town, "/ask/-?reference=K7Q2-M4ZT").await;
    assert_eq!(sent.headers["location"], "/ask/K7Q2-M4ZT");
    assert_eq!(get(&town, "/ask/other").await.status, StatusCode::NOT_FOUND);
}

#[tokio::test]
async fn one_network_files_its_share_and_what_was_wrong_does_not_count() {
    let town = town(true);
    let post = async |from: &str, told: &str| {
        let request = Request::post("/ask")
            .header("content-type", "application/x-www-form-urlencoded")
            .header("sec-fetch-site", "same-origin")
            .extension(Peer(from.parse().unwrap()))
            .body(Body::from(format!("{ASK}&told={told}")))
            .unwrap();
        send(&town, request).await
    };
    for _ in 0..9 {
        let refused = post("192.0.2.1", "refuse").await;
        assert_eq!(refused.status, StatusCode::UNPROCESSABLE_ENTITY);
    }
    for n in 1..=4 {
        let taken = post(&format!("192.0.2.{n}"), "tram").await;
        assert_eq!(taken.status, StatusCode::SEE_OTHER);
    }
    let more = post("192.0.2.5", "tram").await;
    assert_eq!(more.status, StatusCode::TOO_MANY_REQUESTS);
    assert!(more.text.contains("4 forms came from your network") && more.text.contains("tram"));
    let next = post("198.51.100.1", "tram").await;
    assert_eq!(next.status, StatusCode::SEE_OTHER);
}

#[tokio::test]
async fn nothing_typed_is_lost_when_something_is_wrong() {
    let town = town(true);
    let wrong = post(
        &town,
        "/ask",
        "camera=2&day=x&from=13:00&to=&name=%22%3EAna&told=tram",
    )
    .await;
    assert_eq!(wrong.status, StatusCode::UNPROCESSABLE_ENTITY);
    assert!(wrong.text.contains("role=\"alert\"") && wrong.text.contains("3 things are missing"));
    for part in [
        "href=\"#day\"",
        "href=\"#to\"",
        "href=\"#contact\"",
        "value=\"&quot;&gt;Ana\"",
        ">tram</textarea>",
        "value=\"2\" checked",
        "aria-invalid=\"true\"",
    ] {
        assert!(wrong.text.contains(part), "{part}");
    }
    let refused = post(&town, "/ask", &format!("{ASK}&told=refuse")).await;
    assert_eq!(refused.status, StatusCode::UNPROCESSABLE_ENTITY);
    assert!(refused.text.contains("these spans are &lt;gone&gt;"));
    assert!(refused.text.contains("value=\"a@b.example\""));
    let found = post(&town, "/ask", "place=kaivokatu&find=1&name=Ana").await;
    assert_eq!(found.status, StatusCode::OK);
    assert!(found.text.contains("value=\"Ana\"") && found.text.contains("Кнеза Милоша"));
    let big = post(&town, "/ask", &format!("told={}", "a".repeat(70_000))).await;
    assert_eq!(big.status, StatusCode::PAYLOAD_TOO_LARGE);
    assert!(town.filed.asked.lock().unwrap().is_empty());
}

#[tokio::test]
async fn a_complaint_needs_no_name() {
    let town = town(true);
    let empty = post(&town, "/complain", "camera=1").await;
    assert_eq!(empty.status, StatusCode::UNPROCESSABLE_ENTITY);
    assert!(
        empty
            .text
            .contains("Write what is wrong, in at least 10 characters.")
    );
    assert_eq!(
        post(&town, "/complain", "about=noise").await.status,
        empty.status
    );
    let sent = post(&town, "/complain", "camera=1&about=It+looks+into+my+window").await;
    assert_eq!(sent.headers["location"], "/complain?filed=B-1");
    let complaint = town.filed.complained.lock().unwrap().pop().unwrap();
    assert_eq!(complaint.camera, Some(CameraId(1)));
    assert!(complaint.name.is_empty() && complaint.contact.is_empty());
    assert!(
        get(&town, "/complain?filed=B-1")
            .await
            .text
            .contains("<code>B-1</code>")
    );
    let forged = get(&town, "/complain?filed=B-2").await;
    assert!(!forged.text.contains("was filed") && forged.text.contains("<form"));
}
