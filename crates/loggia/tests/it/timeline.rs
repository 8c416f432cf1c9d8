//! What a timeline tells whom. Never asks for footage.

use serde_json::Value;

use crate::city::{City, now_us};

/// Who only watches machines sees the same spans, but not that some were opened.
pub fn told_without_requests(city: &City, from: i64) {
    let states = |person: &str| -> Vec<(Value, String)> {
        let path = format!("/api/v1/cameras/1/timeline?from={from}&to={}", now_us());
        let line = city.get(&city.become_person(person), &path).json();
        let spans = line["spans"].as_array().unwrap().iter();
        let state = |s: &Value| (s["span"].clone(), s["state"].as_str().unwrap().to_owned());
        spans.map(state).collect()
    };
    let asker = states("p.lindqvist");
    assert!(asker.iter().any(|(_, state)| state == "opened"));
    let operator = states("o.saarinen");
    for (span, state) in asker.iter().filter(|(_, state)| state == "opened") {
        let told = operator.iter().find(|(s, _)| s == span);
        assert_eq!(told.map(|(_, s)| s.as_str()), Some("sealed"), "{state}");
    }
    let known = ["sealed", "recording", "expired"];
    assert!(operator.iter().all(|(_, s)| known.contains(&s.as_str())));
}
