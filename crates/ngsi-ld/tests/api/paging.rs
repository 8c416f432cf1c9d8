//! Pages of a query, and how they lead to each other (clauses 5.5.9, 6.3.10, 6.3.13).

use crate::town::{Town, json};

async fn town() -> Town {
    let town = Town::new();
    for n in 0..25 {
        let body = format!(r#"{{"id": "urn:x:{n:02}", "type": "T", "n": {n}}}"#);
        town.done("POST", "/entities", &body).await;
    }
    town
}

#[tokio::test]
async fn clause_5_5_9_pages_lead_to_each_other() {
    let town = town().await;
    let mut at = "/entities?type=T&limit=10&q=n>=0&count=true".to_owned();
    let mut seen = Vec::new();
    let mut pages = 0;
    loop {
        let page = town.get(&at).await;
        assert_eq!(page.header("ngsild-results-count"), Some("25"));
        seen.extend(page.ids());
        pages += 1;
        let links = page.all("link");
        let to = |rel: &str| {
            let mut all = links.iter();
            let one = all.find(|l| l.contains(&format!("rel=\"{rel}\"")))?;
            let url = one.strip_prefix("</ngsi-ld/v1")?.split('>').next()?;
            Some(url.to_owned())
        };
        assert_eq!(to("prev").is_some(), pages > 1, "{links:?}");
        match to("next") {
            Some(next) => at = next,
            None => break,
        }
    }
    assert_eq!((pages, seen.len()), (3, 25));
    seen.dedup();
    assert_eq!(seen.len(), 25);
}

#[tokio::test]
async fn clause_6_3_13_what_is_counted() {
    let town = town().await;
    // 20 where nothing is said.
    let first = town.get("/entities?type=T").await;
    assert_eq!(first.ids().len(), 20);
    assert_eq!(first.header("ngsild-results-count"), None);
    let none = town.get("/entities?type=T&limit=0&count=true").await;
    assert_eq!((none.status, none.json()), (200, json("[]")));
    assert_eq!(none.header("ngsild-results-count"), Some("25"));
    let behind = town.get("/entities?type=T&offset=100").await;
    assert_eq!((behind.status, behind.json()), (200, json("[]")));
    let nothing = town.get("/entities?type=None&count=true").await;
    assert_eq!(nothing.header("ngsild-results-count"), Some("0"));
}
