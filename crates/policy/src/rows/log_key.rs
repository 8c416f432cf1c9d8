//! Rows of what both groups signed about the log's key. Never holds a key that signs.

use loggia_model::Digest;
use rusqlite::{Connection, params};

use crate::Error;
use crate::log_key::SignedLogKey;

/// Keeps a statement; the same again changes nothing.
pub(crate) fn put(c: &Connection, hash: Digest, s: &SignedLogKey) -> Result<(), Error> {
    let signatures =
        serde_json::to_string(&s.signatures).map_err(|e| Error::Invalid(e.to_string()))?;
    c.execute(
        "INSERT OR REPLACE INTO policy_log_key VALUES (?1, ?2, ?3)",
        params![hash.0, s.statement, signatures],
    )?;
    Ok(())
}

/// Every statement.
pub(crate) fn statements(c: &Connection) -> Result<Vec<SignedLogKey>, Error> {
    let rows: Vec<(String, String)> = c
        .prepare("SELECT statement, signatures FROM policy_log_key ORDER BY rowid")?
        .query_map([], |r| Ok((r.get(0)?, r.get(1)?)))?
        .collect::<rusqlite::Result<_>>()?;
    let bad = |e: serde_json::Error| Error::Damaged(format!("log key statement: {e}"));
    rows.into_iter()
        .map(|(statement, signatures)| {
            Ok(SignedLogKey {
                statement,
                signatures: serde_json::from_str(&signatures).map_err(bad)?,
            })
        })
        .collect()
}
