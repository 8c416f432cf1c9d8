//! Dead letters: notifications that nobody took, kept as they would have been sent until somebody
//! sends them again or throws them away. Never thrown away by themselves.

use std::path::Path;
use std::sync::Arc;

use loggia_model::At;
use loggia_store::{Db, Error};

use crate::json::Json;
use crate::subscription::Message;

/// The tables' history. A step is never edited; add one.
const STEPS: &[&str] = &[
    "CREATE TABLE dead_letter (
        id INTEGER PRIMARY KEY AUTOINCREMENT,
        subscription INTEGER NOT NULL,
        subscription_id TEXT NOT NULL,
        tenant TEXT NOT NULL,
        uri TEXT NOT NULL,
        seq INTEGER NOT NULL,
        at INTEGER NOT NULL,
        why TEXT NOT NULL,
        lines TEXT NOT NULL,
        body BLOB NOT NULL);
    CREATE INDEX dead_letter_subscription ON dead_letter (subscription, id);",
    "CREATE TABLE dead_letter_dropped (
        id INTEGER PRIMARY KEY,
        subscription_id TEXT NOT NULL,
        tenant TEXT NOT NULL,
        uri TEXT NOT NULL,
        seq INTEGER NOT NULL,
        at INTEGER NOT NULL,
        by TEXT NOT NULL,
        reason TEXT NOT NULL);",
];

/// The dead letters of a city.
#[derive(Debug, Clone)]
pub struct Letters(Arc<Db>);

/// One of them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Letter {
    /// Its number; 0 before it is kept.
    pub id: i64,
    /// The subscription's number.
    pub subscription: u64,
    /// The subscription's id.
    pub subscription_id: Box<str>,
    /// The tenant; empty for the default one.
    pub tenant: Box<str>,
    /// Where it was to go.
    pub uri: Box<str>,
    /// The change that it tells of, the last if there are several.
    pub seq: u64,
    /// When it was given up.
    pub at: At,
    /// Why, in words.
    pub why: Box<str>,
    /// What was to be sent.
    pub message: Message,
}

/// What is told of one in a list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LetterHead {
    /// Its number.
    pub id: i64,
    /// The subscription's id.
    pub subscription_id: Box<str>,
    /// The tenant; empty for the default one.
    pub tenant: Box<str>,
    /// Where it was to go.
    pub uri: Box<str>,
    /// When it was given up.
    pub at: At,
    /// Why, in words.
    pub why: Box<str>,
    /// Bytes of its body.
    pub bytes: usize,
}

impl Letter {
    /// What is told of it in a list.
    #[must_use]
    pub fn head(&self) -> LetterHead {
        LetterHead {
            id: self.id,
            subscription_id: self.subscription_id.clone(),
            tenant: self.tenant.clone(),
            uri: self.uri.clone(),
            at: self.at,
            why: self.why.clone(),
            bytes: self.message.body.len(),
        }
    }
}

impl Letters {
    /// Opens or makes the file.
    ///
    /// # Errors
    /// If the disk or the file says no.
    pub fn open(path: &Path) -> Result<Self, Error> {
        let db = Db::open(path)?;
        db.migrate("ngsi-ld", STEPS)?;
        Ok(Self(Arc::new(db)))
    }

    /// Keeps one, on disk when this returns; gives its number.
    ///
    /// # Errors
    /// If the disk says no: then it is not given up.
    pub fn keep(&self, letter: &Letter) -> Result<i64, Error> {
        let mut lines = Vec::new();
        let list: Vec<Json> = letter
            .message
            .lines
            .iter()
            .map(|(k, v)| Json::Array(Box::new([(&**k).into(), (&**v).into()])))
            .collect();
        crate::json::write_json(&mut lines, &Json::Array(list.into()));
        self.0.write(|tx| {
            tx.prepare_cached(
                "INSERT INTO dead_letter
                 (subscription, subscription_id, tenant, uri, seq, at, why, lines, body)
                 VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)",
            )?
            .execute((
                signed(letter.subscription),
                &letter.subscription_id,
                &letter.tenant,
                &letter.uri,
                signed(letter.seq),
                letter.at.0,
                &letter.why,
                String::from_utf8_lossy(&lines),
                &letter.message.body,
            ))?;
            Ok(tx.last_insert_rowid())
        })
    }

    /// One of them.
    ///
    /// # Errors
    /// If the disk says no.
    pub fn get(&self, id: i64) -> Result<Option<Letter>, Error> {
        let mut found = self.some("id = ?1", id, 1)?;
        Ok(found.pop())
    }

    /// Those of one subscription, oldest first, `most` at most.
    ///
    /// # Errors
    /// If the disk says no.
    pub fn of(&self, subscription: u64, most: u32) -> Result<Vec<Letter>, Error> {
        self.some("subscription = ?1", signed(subscription), most)
    }

    /// Those behind a number, oldest first, `most` at most: all, or those of a tenant's
    /// subscription.
    ///
    /// # Errors
    /// If the disk says no.
    pub fn page(
        &self,
        of: Option<(&str, &str)>,
        after: i64,
        most: usize,
    ) -> Result<Vec<LetterHead>, Error> {
        let most = i64::try_from(most).unwrap_or(i64::MAX);
        self.0.read(|tx| {
            let found = tx
                .prepare_cached(
                    "SELECT id, subscription_id, tenant, uri, at, why, length(body)
                     FROM dead_letter
                     WHERE id > ?1 AND (?2 IS NULL OR tenant = ?2 AND subscription_id = ?3)
                     ORDER BY id LIMIT ?4",
                )?
                .query_map((after, of.map(|o| o.0), of.map(|o| o.1), most), |row| {
                    Ok(LetterHead {
                        id: row.get(0)?,
                        subscription_id: row.get(1)?,
                        tenant: row.get(2)?,
                        uri: row.get(3)?,
                        at: At(row.get(4)?),
                        why: row.get(5)?,
                        bytes: usize::try_from(row.get::<_, i64>(6)?).unwrap_or(0),
                    })
                })?
                .collect::<Result<_, _>>()?;
            Ok(found)
        })
    }

    /// How many there are in all, or of a tenant's subscription.
    ///
    /// # Errors
    /// If the disk says no.
    pub fn count(&self, of: Option<(&str, &str)>) -> Result<u64, Error> {
        self.0.read(|tx| {
            let sql = "SELECT count(*) FROM dead_letter
                       WHERE ?1 IS NULL OR tenant = ?1 AND subscription_id = ?2";
            let of = (of.map(|o| o.0), of.map(|o| o.1));
            let counted = tx.prepare_cached(sql)?.query_row(of, |row| row.get(0))?;
            Ok(unsigned(counted))
        })
    }

    /// Throws one away because somebody said so; what, who and why stay. Gives it, if it was there.
    ///
    /// # Errors
    /// If the disk says no.
    pub fn drop_for(
        &self,
        id: i64,
        by: &str,
        reason: &str,
        at: At,
    ) -> Result<Option<Letter>, Error> {
        let Some(letter) = self.get(id)? else {
            return Ok(None);
        };
        let gone = self.0.write(|tx| {
            if tx.execute("DELETE FROM dead_letter WHERE id = ?1", [id])? == 0 {
                return Ok::<_, Error>(false);
            }
            tx.execute(
                "INSERT INTO dead_letter_dropped VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)",
                (
                    id,
                    &letter.subscription_id,
                    &letter.tenant,
                    &letter.uri,
                    signed(letter.seq),
                    at.0,
                    by,
                    reason,
                ),
            )?;
            Ok(true)
        })?;
        Ok(Some(letter).filter(|_| gone))
    }

    /// How many there are, by subscription.
    ///
    /// # Errors
    /// If the disk says no.
    pub fn counts(&self) -> Result<Vec<(u64, u64)>, Error> {
        self.0.read(|tx| {
            let counted = tx
                .prepare_cached("SELECT subscription, count(*) FROM dead_letter GROUP BY 1")?
                .query_map([], |row| Ok((unsigned(row.get(0)?), unsigned(row.get(1)?))))?
                .collect::<Result<_, _>>()?;
            Ok(counted)
        })
    }

    /// Throws one away: it was sent, or somebody decided so.
    ///
    /// # Errors
    /// If the disk says no.
    pub fn remove(&self, id: i64) -> Result<(), Error> {
        self.0.write(|tx| {
            tx.execute("DELETE FROM dead_letter WHERE id = ?1", [id])?;
            Ok(())
        })
    }

    fn some(&self, which: &str, value: i64, most: u32) -> Result<Vec<Letter>, Error> {
        let sql = format!(
            "SELECT id, subscription, subscription_id, tenant, uri, seq, at, why, lines, body
             FROM dead_letter WHERE {which} ORDER BY id LIMIT ?2"
        );
        self.0.read(|tx| {
            let found = tx
                .prepare_cached(&sql)?
                .query_map((value, most), |row| {
                    let lines: String = row.get(8)?;
                    Ok(Letter {
                        id: row.get(0)?,
                        subscription: unsigned(row.get(1)?),
                        subscription_id: row.get(2)?,
                        tenant: row.get(3)?,
                        uri: row.get(4)?,
                        seq: unsigned(row.get(5)?),
                        at: At(row.get(6)?),
                        why: row.get(7)?,
                        message: Message {
                            lines: self::lines(&lines),
                            body: row.get(9)?,
                        },
                    })
                })?
                .collect::<Result<_, _>>()?;
            Ok(found)
        })
    }
}

fn lines(text: &str) -> Vec<(Box<str>, Box<str>)> {
    let json = Json::read(text.as_bytes()).unwrap_or(Json::Null);
    let pair = |item: &Json| match item.items()? {
        [name, value] => Some((name.as_str()?.into(), value.as_str()?.into())),
        _ => None,
    };
    json.as_list().iter().filter_map(pair).collect()
}

/// Numbers of records and subscriptions are counted up from 1 and never reach 2⁶³.
fn signed(n: u64) -> i64 {
    i64::try_from(n).unwrap_or(i64::MAX)
}

fn unsigned(n: i64) -> u64 {
    u64::try_from(n).unwrap_or(0)
}
