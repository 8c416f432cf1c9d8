//! Erasure: the city's records and salts go to the last byte, the public log stays whole, and its
//! commitments open never again.

#[cfg(test)]
#[expect(dead_code, reason = "each test file uses its own part of the city")]
mod city;
#[cfg(test)]
mod dated;

use city::City;
use dated::*;
use loggia_model::{At, RequestId};
use loggia_policy::{AccessAct, AskReason, AskState, AskWhat, Error, Looks, RequestView, State};
use loggia_transparency::{DisclosureState, verify};

/// Every byte of the tables, the write-ahead log with them.
#[cfg(test)]
fn bytes_of_tables(city: &City) -> Vec<u8> {
    let dir = city.dir.path().join("data");
    let mut all = Vec::new();
    for end in ["", "-wal", "-shm"] {
        all.extend(std::fs::read(dir.join(format!("policy.sqlite{end}"))).unwrap_or_default());
    }
    all
}

#[cfg(test)]
fn holds(all: &[u8], what: &[u8]) -> bool {
    all.windows(what.len()).any(|w| w == what)
}

/// Salts and texts that only one request has.
#[cfg(test)]
fn secrets_of(city: &City, id: RequestId) -> Vec<Vec<u8>> {
    let read = |sql: &str| -> Vec<Vec<u8>> {
        let all = city.db.read(|c| {
            let rows = c
                .prepare(sql)?
                .query_map([id.0], |r| r.get(0))?
                .collect::<rusqlite::Result<_>>()?;
            Ok::<_, Error>(rows)
        });
        all.unwrap()
    };
    let mut all = read("SELECT salt FROM policy_disclosure_detail WHERE request = ?1");
    all.extend(read(
        "SELECT CAST(text AS BLOB) FROM policy_disclosure_detail WHERE request = ?1",
    ));
    for column in ["span_salt", "place_salt"] {
        all.extend(read(&format!(
            "SELECT {column} FROM policy_request WHERE id = ?1"
        )));
    }
    for column in ["json", "necessity"] {
        let sql = format!("SELECT CAST({column} AS BLOB) FROM policy_request WHERE id = ?1");
        all.extend(read(&sql));
    }
    let case = "FROM policy_case k JOIN policy_request r ON r.case_id = k.id WHERE r.id = ?1";
    all.extend(read(&format!("SELECT k.salt {case}")));
    all.extend(read(&format!("SELECT CAST(k.number AS BLOB) {case}")));
    assert_eq!(all.len(), 12);
    all
}

#[test]
fn erased_records_leave_the_log_whole_and_its_commitments_closed_for_ever() {
    let city = city();
    let asked = opened(&city, "R/of-the-erased-one/26");
    let (me, auditor) = (city.actor(ME), city.actor(AUDITOR));
    let position = At(loggia_model::MANUAL_START.0 + 30_000_000);
    let play = city
        .policy
        .note_play(&me, asked.id, AccessAct::Play, position);
    play.unwrap();
    let erase = |by| ask(&city, by, asked.id, AskWhat::Erase, AskReason::Privacy);
    assert!(matches!(asks(&city, &erase(ME)), Err(Error::Forbidden(_))));
    assert!(
        matches!(asks(&city, &erase(AUDITOR)), Err(Error::Conflict(_))),
        "it runs still"
    );
    pass(&city, DAY * 2);
    let view: RequestView = city.policy.request_view(&me, asked.id).unwrap();
    assert_eq!(view.state, State::Expired);
    let secrets = secrets_of(&city, asked.id);
    assert!(
        secrets.iter().all(|s| holds(&bytes_of_tables(&city), s)),
        "a control"
    );

    let id = asks(&city, &erase(AUDITOR)).unwrap();
    assert!(matches!(
        agree(&city, AUDITOR, id, AskWhat::Erase),
        Err(Error::Forbidden(_))
    ));
    assert_eq!(
        agree(&city, APPROVER, id, AskWhat::Erase).unwrap(),
        AskState::Done
    );
    let left = bytes_of_tables(&city);
    for secret in &secrets {
        assert!(
            !holds(&left, secret),
            "{:?}",
            String::from_utf8_lossy(secret)
        );
    }
    // The log is whole, says that it was done and nothing else, and nothing comes on the date.
    let dir = city.dir.path().join("data/log");
    let report = verify::folder(&dir, &city.log.verifier(), None).unwrap();
    assert_eq!(report.checkpoint.size(), city.log.size());
    assert_eq!(city.kinds().last(), Some(&"records_erased"));
    pass(&city, DAY * 100);
    assert!(published(&city, asked.id).is_empty());
    assert!(matches!(
        state(&city, asked.id),
        DisclosureState::Erased { .. }
    ));
    assert!(matches!(
        city.policy.request_view(&me, asked.id),
        Err(Error::NotFound(_))
    ));
    // Who looked stays for the oversight body, without where.
    let looks = Looks {
        request: Some(asked.id),
        ..Looks::default()
    };
    let lines = city.policy.access_log(&auditor, &looks).unwrap();
    assert!(!lines.is_empty() && lines.iter().all(|l| l.detail.is_empty()));
}
