//! SQLite for what is asked by question: one writer, a few readers, migrations owned by each crate.
//! Never holds footage or hour keys.

use std::path::{Path, PathBuf};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use aws_lc_rs::digest::{SHA256, digest};
use rusqlite::{Connection, OpenFlags, OptionalExtension, Transaction, TransactionBehavior};

use crate::Error;

/// Idle read connections kept open: page handlers run on a two- to eight-core machine.
const READERS_KEPT: usize = 8;
/// How long a statement waits for another process's lock (a backup, an auditor's shell).
const BUSY_WAIT: Duration = Duration::from_secs(5);
/// Prepared statements kept per connection; the busiest crate has about 60.
const STATEMENTS_KEPT: usize = 128;

/// When a commit counts as done.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Durability {
    /// After `fsync(2)`: what was committed survives a power cut.
    Full,
    /// After the write: a power cut may take the last commits, never consistency. For an index
    /// that is derived from other files.
    Derived,
}

/// One SQLite file in WAL mode.
#[derive(Debug)]
pub struct Db {
    path: PathBuf,
    writer: Mutex<Connection>,
    readers: Mutex<Vec<Connection>>,
}

impl Db {
    /// Opens or makes the database at `path` with [`Durability::Full`].
    pub fn open(path: &Path) -> Result<Self, Error> {
        Self::open_with(path, Durability::Full)
    }

    /// Opens or makes the database at `path`.
    pub fn open_with(path: &Path, durability: Durability) -> Result<Self, Error> {
        let conn = Connection::open(path)?;
        conn.busy_timeout(BUSY_WAIT)?;
        conn.set_prepared_statement_cache_capacity(STATEMENTS_KEPT);
        conn.pragma_update(None, "journal_mode", "WAL")?;
        let level = match durability {
            Durability::Full => "FULL",
            Durability::Derived => "NORMAL",
        };
        conn.pragma_update(None, "synchronous", level)?;
        conn.pragma_update(None, "foreign_keys", true)?;
        // Deleted rows (a password, a case number) are overwritten, not just unlinked.
        conn.pragma_update(None, "secure_delete", true)?;
        conn.execute_batch(
            "CREATE TABLE IF NOT EXISTS migration (
                 owner TEXT NOT NULL, n INTEGER NOT NULL, hash BLOB NOT NULL,
                 PRIMARY KEY (owner, n)) WITHOUT ROWID",
        )?;
        let writer = Mutex::new(conn);
        Ok(Self {
            path: path.to_owned(),
            writer,
            readers: Mutex::default(),
        })
    }

    /// Brings `owner`'s tables up to date: `steps` are SQL scripts, applied once each and in order.
    /// A step is never edited after release; add one.
    pub fn migrate(&self, owner: &str, steps: &[&str]) -> Result<(), Error> {
        self.write(|tx| {
            let found: Vec<Vec<u8>> = tx
                .prepare("SELECT hash FROM migration WHERE owner = ?1 ORDER BY n")?
                .query_map([owner], |row| row.get(0))?
                .collect::<Result<_, _>>()?;
            if found.len() > steps.len() {
                return Err(Error::NewerData {
                    owner: owner.to_owned(),
                    found: found.len(),
                });
            }
            for (i, step) in steps.iter().enumerate() {
                let hash = digest(&SHA256, step.as_bytes());
                match found.get(i) {
                    Some(applied) if applied == hash.as_ref() => {}
                    Some(_) => {
                        return Err(Error::MigrationChanged {
                            owner: owner.to_owned(),
                            n: i + 1,
                        });
                    }
                    None => {
                        tx.execute_batch(step)?;
                        tx.execute(
                            "INSERT INTO migration VALUES (?1, ?2, ?3)",
                            (owner, i64::try_from(i + 1).unwrap_or(0), hash.as_ref()),
                        )?;
                    }
                }
            }
            Ok(())
        })
    }

    /// Runs `work` in one transaction of the only writer; commits on `Ok`, rolls back on `Err`.
    pub fn write<T, E: From<Error>>(
        &self,
        work: impl FnOnce(&Transaction<'_>) -> Result<T, E>,
    ) -> Result<T, E> {
        let mut conn = self.writer.lock().unwrap_or_else(PoisonError::into_inner);
        let tx = conn
            .transaction_with_behavior(TransactionBehavior::Immediate)
            .map_err(Error::from)?;
        let done = work(&tx)?;
        tx.commit().map_err(Error::from)?;
        Ok(done)
    }

    /// Runs `work` on a read-only connection: a consistent view that no writer waits for.
    pub fn read<T, E: From<Error>>(
        &self,
        work: impl FnOnce(&Transaction<'_>) -> Result<T, E>,
    ) -> Result<T, E> {
        let kept = self.kept().pop();
        let mut conn = match kept {
            Some(conn) => conn,
            None => self.new_reader()?,
        };
        let out = {
            let tx = conn.transaction().map_err(Error::from)?;
            work(&tx)
        };
        let mut kept = self.kept();
        if kept.len() < READERS_KEPT {
            kept.push(conn);
        }
        out
    }

    /// Writes a consistent copy of the database to `dest` (replaced if there) while it is in use.
    pub fn backup_to(&self, dest: &Path) -> Result<(), Error> {
        copy_database(&self.new_reader()?, dest)
    }

    /// Moves the write-ahead log into the database file and makes it durable, whatever the
    /// durability of single commits is.
    pub fn checkpoint(&self) -> Result<(), Error> {
        let conn = self.writer.lock().unwrap_or_else(PoisonError::into_inner);
        conn.query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |_| Ok(()))
            .optional()?;
        Ok(())
    }

    /// Where the file is.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.path
    }

    fn kept(&self) -> MutexGuard<'_, Vec<Connection>> {
        self.readers.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn new_reader(&self) -> Result<Connection, Error> {
        open_reader(&self.path)
    }
}

/// Opens a database for reading only.
pub(crate) fn open_reader(path: &Path) -> Result<Connection, Error> {
    let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let conn = Connection::open_with_flags(path, flags)?;
    conn.busy_timeout(BUSY_WAIT)?;
    conn.set_prepared_statement_cache_capacity(STATEMENTS_KEPT);
    Ok(conn)
}

/// Copies a live database page by page with SQLite's backup interface.
pub(crate) fn copy_database(from: &Connection, dest: &Path) -> Result<(), Error> {
    /// Pages per step: 4 MiB, so that writers get their turn.
    const PAGES: i32 = 1_024;
    let mut to = Connection::open(dest)?;
    let copy = rusqlite::backup::Backup::new(from, &mut to)?;
    copy.run_to_completion(PAGES, Duration::from_millis(5), None)?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn migrations_apply_once_and_may_not_change() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("city.sqlite");
        let db = Db::open(&path).unwrap();
        let one = "CREATE TABLE a (x INTEGER)";
        db.migrate("shield", &[one]).unwrap();
        db.migrate("shield", &[one, "ALTER TABLE a ADD COLUMN y TEXT"])
            .unwrap();
        db.migrate("policy", &["CREATE TABLE b (x INTEGER)"])
            .unwrap();
        let edited = db.migrate("shield", &["CREATE TABLE a (z INTEGER)", ""]);
        assert!(matches!(edited, Err(Error::MigrationChanged { n: 1, .. })));
        assert!(matches!(
            db.migrate("shield", &[one]),
            Err(Error::NewerData { found: 2, .. })
        ));
    }

    #[test]
    fn an_error_rolls_back_and_readers_see_commits() {
        let dir = tempfile::tempdir().unwrap();
        let db = Db::open(&dir.path().join("d.sqlite")).unwrap();
        db.migrate("t", &["CREATE TABLE t (x INTEGER)"]).unwrap();
        let failed: Result<(), Error> = db.write(|tx| {
            tx.execute("INSERT INTO t VALUES (1)", [])?;
            Err(Error::Refused("no".into()))
        });
        assert!(failed.is_err());
        db.write(|tx| Ok::<_, Error>(tx.execute("INSERT INTO t VALUES (2)", [])?))
            .unwrap();
        let sum: i64 = db
            .read(|c| Ok::<_, Error>(c.query_row("SELECT sum(x) FROM t", [], |r| r.get(0))?))
            .unwrap();
        assert_eq!(sum, 2);
    }
}
