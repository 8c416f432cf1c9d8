//! The square's pages, asked as a browser without a script asks. Never needs a session.
#![expect(
    clippy::unwrap_used,
    reason = "a test that cannot set its scene should stop"
)]

#[expect(dead_code, reason = "each test file uses its own part of the town")]
mod town;

use axum::body::Body as HttpBody;
use axum::http::{Request, StatusCode};
use loggia_model::{Body, Digest};
use loggia_transparency::{Opening, TilePath};
use town::{get, send, town};

#[tokio::test]
async fn the_first_page_says_the_truth_in_three_scripts() {
    let town = town(false);
    let page = get(&town, "/").await;
    assert!(
        page.text
            .contains("2 cameras are on record here. This month no stored")
    );
    let opening = Opening {
        request: Digest([7; 32]),
        body: Body::Police,
        length_s: 120,
        cameras: 1,
    };
    let _ = town.log.append_async(opening).await.unwrap();
    for (lang, words) in [
        ("en", "stored footage was opened 1 time, and nobody watched"),
        (
            "sr",
            "сачувани снимци су отворени 1 пут, а слику уживо нико",
        ),
        (
            "sr-Latn",
            "sačuvani snimci su otvoreni 1 put, a sliku uživo niko",
        ),
    ] {
        let page = get(&town, &format!("/?lang={lang}")).await;
        assert_eq!(page.status, StatusCode::OK);
        assert!(page.text.contains(&format!("<html lang=\"{lang}\">")));
        assert!(page.text.contains(words), "{lang}");
        assert!(page.text.contains("Трг &lt;b&gt;") && !page.text.contains("<b>"));
        assert!(page.text.contains("href=\"/cameras/1\""));
        // Every page stands under the strict CSP: nothing inline.
        assert!(!page.text.contains("style=") && !page.text.contains("<style"));
    }
}

#[tokio::test]
async fn the_rules_page_says_what_is_proved_and_shows_the_text() {
    let town = town(false);
    for (lang, never, always) in [
        ("en", "Nobody opens alone.", "An auditor can ask."),
        ("sr", "Нико не отвара сам.", "Ревизор може да тражи."),
        ("sr-Latn", "Niko ne otvara sam.", "Revizor može da traži."),
    ] {
        let page = get(&town, &format!("/policy?lang={lang}")).await;
        assert_eq!(page.status, StatusCode::OK);
        assert!(
            page.text.contains(never) && page.text.contains(always),
            "{lang}"
        );
        assert!(page.text.contains(&"ab".repeat(32)) && page.text.contains(&"cd".repeat(32)));
        assert!(
            page.text
                .contains("permit (principal &lt; 1, action, resource);")
        );
        assert!(page.text.contains("loggia policy prove loggia-policy"));
    }
}

#[tokio::test]
async fn an_unchanged_page_is_not_sent_again() {
    let town = town(false);
    let first = get(&town, "/cameras").await;
    let tag = first.headers["etag"].clone();
    let again = |lang: &'static str| {
        let request = Request::get("/cameras").header("if-none-match", tag.clone());
        request
            .header("accept-language", lang)
            .body(HttpBody::empty())
            .unwrap()
    };
    let same = send(&town, again("en")).await;
    assert_eq!(same.status, StatusCode::NOT_MODIFIED);
    assert!(same.text.is_empty());
    assert_eq!(send(&town, again("sr")).await.status, StatusCode::OK);
    assert_eq!(first.headers["vary"], "Accept-Language, Cookie");
}

#[tokio::test]
async fn cameras_are_found_by_street_and_by_name() {
    let town = town(false);
    let near = get(
        &town,
        "/cameras?q=%D0%9A%D0%B0%D0%B8%D0%B2%D0%BE%D0%BA%D0%B0%D1%82%D1%83+5",
    )
    .await;
    assert!(near.text.contains("Near Kaivokatu") && near.text.contains("0 m away"));
    assert!(near.text.contains("knows no house numbers"));
    let named = get(&town, "/cameras?q=kneza+milosa").await;
    assert!(named.text.contains("/cameras/1\"") && !named.text.contains("/cameras/2\""));
    let none = get(&town, "/cameras?q=%3Cscript%3E").await;
    assert!(none.text.contains("“&lt;script&gt;”") && !none.text.contains("<script"));
}

#[tokio::test]
async fn a_card_tells_who_answers_and_how_to_complain() {
    let town = town(false);
    let card = get(&town, "/cameras/1").await;
    for words in [
        "City of Helsinki",
        "GDPR (2016/679), Article 15",
        "72 hours, then the key is destroyed",
        "Nothing: the picture is recorded and sealed only.",
        "/ask?camera=1",
        "/complain?camera=1",
    ] {
        assert!(card.text.contains(words), "{words}");
    }
    for path in ["/cameras/3", "/cameras/x", "/ask/K7Q2-M4ZT"] {
        let none = get(&town, path).await;
        assert_eq!(none.status, StatusCode::NOT_FOUND, "{path}");
        assert!(none.text.contains("<h1>"), "{path}");
    }
}

#[tokio::test]
async fn the_log_can_be_copied_by_the_list_of_its_files() {
    let town = town(false);
    let opening = Opening {
        request: Digest([7; 32]),
        body: Body::Oversight,
        length_s: 60,
        cameras: 2,
    };
    let _ = town.log.append_async(opening).await.unwrap();
    let files = get(&town, "/check/files?size=1").await;
    assert_eq!(files.text, "tile/entries/000.p/1\ntile/0/000.p/1\n");
    for line in files.text.lines() {
        let path: TilePath = line.parse().unwrap();
        assert!(town.log.tile(&path).is_ok(), "{line}");
    }
    for size in ["2", "x", "-1"] {
        let wrong = get(&town, &format!("/check/files?size={size}")).await;
        assert_eq!(wrong.status, StatusCode::BAD_REQUEST, "{size}");
    }
    let check = get(&town, "/check").await;
    assert!(check.text.contains(&town.log.verifier().to_string()));
    assert!(check.text.contains("No such bodies are set up here"));
    let figures = get(&town, "/statistics").await;
    assert!(figures.text.contains("width=\"100.0%\"") && figures.text.contains("November 2026"));
    let feed = get(&town, "/feed.rss?lang=sr").await;
    assert_eq!(
        feed.headers["content-type"],
        "application/rss+xml; charset=utf-8"
    );
    assert!(
        feed.text
            .contains("<link>http://localhost/audit?entry=0</link>")
    );
    assert!(feed.text.contains("2 камере, по 60 с.") && feed.text.ends_with("</rss>\n"));
    assert_eq!(feed.text.matches("<item>").count(), 1);
}

#[tokio::test]
async fn a_chosen_language_is_kept_and_leads_back() {
    let town = town(false);
    let chosen = get(&town, "/language?to=sr&back=%2Fcameras%3Fq%3Da").await;
    assert_eq!(chosen.status, StatusCode::SEE_OTHER);
    assert_eq!(chosen.headers["location"], "/cameras?q=a");
    let cookie = chosen.headers["set-cookie"].to_str().unwrap();
    assert!(cookie.starts_with("loggia-lang=sr; Path=/;"), "{cookie}");
    // An address that names a language is kept as well: the page's own links and forms follow it.
    let named = get(&town, "/statistics?lang=sr-Latn").await;
    let cookie = named.headers["set-cookie"].to_str().unwrap();
    assert!(
        cookie.starts_with("loggia-lang=sr-Latn; Path=/;"),
        "{cookie}"
    );
    let elsewhere = get(&town, "/language?to=xx&back=//evil.example").await;
    assert_eq!(elsewhere.headers["location"], "/");
    assert!(!elsewhere.headers.contains_key("set-cookie"));
}
