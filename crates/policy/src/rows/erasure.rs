//! Erasing what the tables hold of a request. Overwrites (`secure_delete`), and never touches who
//! looked, nor the public log.

use loggia_model::{At, Digest, RequestId};
use rusqlite::{Connection, OptionalExtension, params};

use super::disclosures::drop_details;

/// Erases what the tables hold of a request: its text, salts, shares, statements, spans, and its
/// case where nothing else is in it. Who looked, when, for which request and how stays (LED Art.
/// 25).
pub(crate) fn erase(
    c: &Connection,
    request: RequestId,
    by_ask: Digest,
    now: At,
) -> rusqlite::Result<()> {
    let id = [request.0];
    let case: Option<i64> = c
        .query_row(
            "SELECT case_id FROM policy_request WHERE id = ?1",
            id,
            |r| r.get(0),
        )
        .optional()?;
    c.execute(
        "DELETE FROM policy_statement WHERE subject = ?1 OR subject IN
           (SELECT id FROM policy_disclosure_ask WHERE request = ?1 AND id != ?2)",
        params![request.0, by_ask.0],
    )?;
    c.execute(
        "DELETE FROM policy_disclosure_ask WHERE request = ?1 AND id != ?2",
        params![request.0, by_ask.0],
    )?;
    for table in [
        "policy_request_span",
        "policy_request_log",
        "policy_share",
        "policy_export",
        "policy_alert",
    ] {
        c.execute(&format!("DELETE FROM {table} WHERE request = ?1"), id)?;
    }
    drop_details(c, request)?;
    c.execute(
        "UPDATE policy_access SET detail = '' WHERE request = ?1",
        id,
    )?;
    c.execute("DELETE FROM policy_request WHERE id = ?1", id)?;
    if let Some(case) = case {
        c.execute(
            "DELETE FROM policy_case WHERE id = ?1
               AND NOT EXISTS (SELECT 1 FROM policy_request WHERE case_id = ?1)
               AND NOT EXISTS (SELECT 1 FROM policy_resident_ask WHERE case_id = ?1)",
            [case],
        )?;
    }
    c.execute(
        "INSERT INTO policy_disclosure (request, filed_at, disclose_at, erased_at)
         VALUES (?1, ?2, ?2, ?2)
         ON CONFLICT (request) DO UPDATE SET erased_at = ?2",
        params![request.0, now.0],
    )
    .map(drop)
}
