//! The policy tables and the few statements that read and write them. Native SQL, named functions.
//! Never decides anything: a row that contradicts itself is an error, not a guess.

pub(crate) mod break_glass;
pub(crate) mod cases;
pub(crate) mod desk;
pub(crate) mod disclosures;
pub(crate) mod duty;
pub(crate) mod erasure;
pub(crate) mod handed_on;
pub(crate) mod holds;
pub(crate) mod hours;
pub(crate) mod log_key;
pub(crate) mod people;
pub(crate) mod requests;
pub(crate) mod residents;
pub(crate) mod spans;
pub(crate) mod statutes;

use loggia_model::{At, Body, CameraId, Digest, PersonId, Purpose, SpanId};
use rusqlite::Row;

use crate::Error;

/// Name under which the store keeps this crate's migrations.
pub(crate) const SCHEMA: &str = "policy";

/// The migrations, in order; never edited, only appended.
pub(crate) const MIGRATIONS: &[&str] = &[
    include_str!("001.sql"),
    include_str!("002_cases.sql"),
    include_str!("003_residents.sql"),
    include_str!("004_complaints.sql"),
    include_str!("005_kept_bytes.sql"),
    include_str!("006_signed_requests.sql"),
    include_str!("007_disclosures.sql"),
    include_str!("008_people.sql"),
    include_str!("009_statutes.sql"),
    include_str!("010_handed_on.sql"),
    include_str!("011_break_glass.sql"),
];

#[cfg(test)]
#[test]
fn a_complaint_of_an_older_version_is_still_there() {
    let db = rusqlite::Connection::open_in_memory().unwrap();
    let (older, newer) = MIGRATIONS.split_at(3);
    db.execute_batch(&older.concat()).unwrap();
    let filed = "INSERT INTO policy_complaint (reference, number, sealed, camera, at)
         VALUES (x'01', 'C-1', x'02', 7, 5)";
    db.execute_batch(filed).unwrap();
    db.execute_batch(&newer.concat()).unwrap();
    let all = residents::complaints(&db, 10).unwrap();
    let one = &all[0];
    assert_eq!(
        (one.number.as_str(), one.camera),
        ("C-1", Some(CameraId(7)))
    );
}

/// A digest column.
pub(crate) fn digest(row: &Row<'_>, column: &str) -> rusqlite::Result<Digest> {
    Ok(Digest(row.get::<_, [u8; 32]>(column)?))
}

/// An instant column.
pub(crate) fn at(row: &Row<'_>, column: &str) -> rusqlite::Result<At> {
    Ok(At(row.get(column)?))
}

/// A person column.
pub(crate) fn person(row: &Row<'_>, column: &str) -> rusqlite::Result<PersonId> {
    Ok(PersonId(row.get(column)?))
}

/// A person column that may be empty.
pub(crate) fn person_maybe(row: &Row<'_>, column: &str) -> rusqlite::Result<Option<PersonId>> {
    Ok(row.get::<_, Option<String>>(column)?.map(PersonId))
}

/// A camera column.
pub(crate) fn camera(row: &Row<'_>, column: &str) -> rusqlite::Result<CameraId> {
    Ok(CameraId(row.get(column)?))
}

/// A span column.
pub(crate) fn span(row: &Row<'_>, column: &str) -> rusqlite::Result<SpanId> {
    Ok(SpanId(count(row.get(column)?)))
}

/// A count from SQLite's signed integers; none of ours is negative.
pub(crate) fn count(n: i64) -> u64 {
    u64::try_from(n).unwrap_or(0)
}

/// A count as SQLite's signed integer.
pub(crate) fn int(n: u64) -> i64 {
    i64::try_from(n).unwrap_or(i64::MAX)
}

/// The word of a body in tables and answers.
pub(crate) fn body_word(body: Body) -> &'static str {
    match body {
        Body::Police => "police",
        Body::Oversight => "oversight",
        Body::City => "city",
    }
}

/// The body with this word.
pub(crate) fn body_of(word: &str) -> Result<Body, Error> {
    [Body::Police, Body::Oversight, Body::City]
        .into_iter()
        .find(|b| body_word(*b) == word)
        .ok_or_else(|| Error::Damaged(format!("body `{word}`")))
}

/// The word of a purpose in tables and answers.
pub(crate) fn purpose_word(purpose: Purpose) -> &'static str {
    match purpose {
        Purpose::Investigation => "investigation",
        Purpose::DangerToLife => "danger_to_life",
        Purpose::SubjectAccess => "subject_access",
        Purpose::IncidentLive => "incident_live",
        Purpose::AuditSample => "audit_sample",
    }
}

/// The purpose with this word.
pub(crate) fn purpose_of(word: &str) -> Result<Purpose, Error> {
    [
        Purpose::Investigation,
        Purpose::DangerToLife,
        Purpose::SubjectAccess,
        Purpose::IncidentLive,
        Purpose::AuditSample,
    ]
    .into_iter()
    .find(|p| purpose_word(*p) == word)
    .ok_or_else(|| Error::Damaged(format!("purpose `{word}`")))
}
