//! Opened, delayed and overdue on the square: from the log, and from what is published, which
//! counts only where it opens the log's commitment.
#![expect(
    clippy::unwrap_used,
    reason = "a test that cannot set its scene should stop"
)]

#[expect(dead_code, reason = "each test file uses its own part of the town")]
mod town;

use core::time::Duration;

use axum::http::StatusCode;
use loggia_model::{Body, Clock, Digest, LegalBasis, Purpose, RequestId};
use loggia_transparency::{
    Detail, DetailKind, Disclosed, DisclosureDue, DisclosureWithdrawn, OpenedDetail, Opening,
    RecordsErased, RequestFiled, WithdrawalReason, commit,
};
use serde_json::Value;
use town::{Town, get, town};

const DAY_S: i64 = 86_400;

fn detail(request: RequestId, what: DetailKind, numbers: &[u32]) -> (OpenedDetail, Digest) {
    let (v, numbers, salt) = (1, numbers.to_vec(), [7; 32]);
    let text = Detail {
        v,
        request,
        what,
        numbers,
    }
    .to_text()
    .unwrap();
    let commitment = commit(&salt, text.as_bytes());
    let salt = hex(&salt);
    (OpenedDetail { what, text, salt }, commitment)
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|b| format!("{b:02x}")).collect()
}

/// Files and opens a request about camera 1, due in so many days; what will be published of it.
fn opened(town: &Town, n: u8, days: i64) -> Disclosed {
    let request = Digest([n; 32]);
    let now = town.clock.now();
    let (place, place_c) = detail(request, DetailKind::Place, &[1]);
    let (day, day_c) = detail(request, DetailKind::Day, &[now.hour().0 / 24]);
    let (hour, hour_c) = detail(request, DetailKind::Hour, &[now.hour().0]);
    let due = DisclosureDue {
        request,
        disclose_at: now.secs() + days * DAY_S,
        place: place_c,
        day: day_c,
        hour: hour_c,
    };
    let _ = town.log.append(due).unwrap();
    let filed = RequestFiled {
        request,
        case: Digest([n; 32]),
        body: Body::Police,
        purpose: Purpose::Investigation,
        legal_basis: LegalBasis("fi-pkl-7".into()),
        cameras: 1,
        length_s: 120,
        span_commitment: Digest([3; 32]),
        place_commitment: Digest([4; 32]),
        danger_to_life: false,
    };
    let _ = town.log.append(filed).unwrap();
    let opening = Opening {
        request,
        body: Body::Police,
        length_s: 120,
        cameras: 1,
    };
    let _ = town.log.append(opening).unwrap();
    Disclosed {
        request,
        details: vec![place, day, hour],
    }
}

fn publish(town: &Town, d: &Disclosed) {
    town.published.lock().unwrap().insert(d.request, d.clone());
}

fn states(page: &str) -> Vec<&str> {
    let cut = page.split("data-state=\"").skip(1);
    cut.map(|s| s.split('"').next().unwrap()).collect()
}

#[tokio::test]
async fn each_opening_is_opened_delayed_or_overdue() {
    let town = town(false);
    let page = get(&town, "/disclosures").await;
    assert_eq!(page.status, StatusCode::OK);
    assert!(page.text.contains("Nothing has been opened yet."));
    let first = opened(&town, 1, 1);
    opened(&town, 2, 1);
    opened(&town, 3, 90);
    assert_eq!(
        states(&get(&town, "/disclosures").await.text),
        ["delayed"; 3]
    );
    assert!(!get(&town, "/").await.text.contains("overdue"));

    town.clock.pass(Duration::from_secs(2 * 86_400));
    publish(&town, &first);
    let page = get(&town, "/disclosures").await.text;
    assert_eq!(
        states(&page),
        ["delayed", "overdue", "opened"],
        "newest first"
    );
    assert!(page.contains("Кнеза Милоша") && page.contains("23 Nov 2026, 14:00 – 15:00"));
    // Red is not alone: a mark and a word stand with it, here and on the first page.
    assert!(
        page.contains("aria-hidden=\"true\">!</span> Overdue"),
        "{page}"
    );
    let front = get(&town, "/").await.text;
    assert!(front.contains("1 opened request is overdue"), "{front}");
    let only = get(&town, "/disclosures?state=overdue").await.text;
    assert_eq!(states(&only), ["overdue"]);
    let serbian = get(&town, "/disclosures?lang=sr").await.text;
    assert!(serbian.contains("Рок је прошао"));
    assert_eq!(
        states(&get(&town, "/disclosures?state=nonsense&page=99").await.text).len(),
        3
    );
}

#[tokio::test]
async fn what_opens_no_commitment_is_not_shown_and_stays_overdue() {
    let town = town(false);
    let mut lie = opened(&town, 1, 0);
    town.clock.pass(Duration::from_secs(600));
    lie.details[0].text = lie.details[0].text.replace("[1]", "[2]");
    publish(&town, &lie);
    let page = get(&town, "/disclosures").await.text;
    assert_eq!(states(&page), ["overdue"]);
    assert!(!page.contains("/cameras/2\""));
    // Without the hour: the place stands, and why no hour does.
    let mut place = opened(&town, 2, 0);
    place.details.truncate(1);
    publish(&town, &place);
    let page = get(&town, "/disclosures?state=opened").await.text;
    assert!(
        page.contains("fewer than 2 cases share this camera and hour"),
        "{page}"
    );
}

#[tokio::test]
async fn taken_down_and_erased_say_so() {
    let town = town(false);
    let (down, gone) = (opened(&town, 1, 0), opened(&town, 2, 90));
    publish(&town, &down);
    town.clock.pass(Duration::from_secs(600));
    let reason = WithdrawalReason::Privacy;
    let request = down.request;
    let _ = town
        .log
        .append(DisclosureWithdrawn { request, reason })
        .unwrap();
    let request = gone.request;
    let _ = town.log.append(RecordsErased { request }).unwrap();
    // Even if the city still showed it.
    let page = get(&town, "/disclosures").await.text;
    assert_eq!(states(&page), ["erased", "withdrawn"]);
    assert!(page.contains("a person could be recognised by it"));
    assert!(!page.contains("/cameras/1\""));
}

#[tokio::test]
async fn data_are_whole_and_small_cells_are_left_out() {
    let town = town(false);
    let first = opened(&town, 1, 0);
    publish(&town, &first);
    let data = |path: &'static str| {
        let town = &town;
        async move { serde_json::from_str::<Value>(&get(town, path).await.text).unwrap() }
    };
    let one = data("/api/v1/public/disclosures").await;
    assert_eq!(one["total"], 1);
    assert_eq!(one["disclosures"][0]["details"][0]["salt"], hex(&[7; 32]));
    assert_eq!(one["places"].as_array().unwrap().len(), 0, "one case alone");
    let second = opened(&town, 2, 0);
    publish(&town, &second);
    let two = data("/api/v1/public/disclosures").await;
    let cell = serde_json::json!([{ "camera": 1, "month": "2026-11", "cases": 2 }]);
    assert_eq!(two["places"], cell);
    assert_eq!(two["next"], Value::Null);
    let after = format!("/api/v1/public/disclosures?after={}", first.request);
    let rest: Value = serde_json::from_str(&get(&town, &after).await.text).unwrap();
    assert_eq!(rest["disclosures"].as_array().unwrap().len(), 1);
    let bad = get(&town, "/api/v1/public/disclosures?after=nobody").await;
    assert_eq!(bad.status, StatusCode::BAD_REQUEST);
    let page = get(&town, "/disclosures").await.text;
    assert!(page.contains("fewer than 2 cases are left out"));
    // Free text never leaves, whatever the tables say: it opens no commitment.
    let mut told = opened(&town, 3, 0);
    told.details[0].text = "the bicycle of Mrs Example".into();
    told.details[2].text = told.details[2]
        .text
        .replace("}", ",\"note\":\"Mrs Example\"}");
    publish(&town, &told);
    let text = get(&town, "/api/v1/public/disclosures").await.text;
    assert!(!text.contains("Example"), "{text}");
    assert!(!get(&town, "/disclosures").await.text.contains("Example"));
}
