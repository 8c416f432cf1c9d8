//! Where everything is kept: sealed footage, the index, hour keys that can be destroyed, the public
//! log's files, the city's records, small secrets, and backups that never hold a key.
//! Never sees footage in the clear, never decides what may be kept or opened.

mod backup;
mod blobs;
pub mod bus;
mod db;
mod error;
mod journal;
mod keys;
mod layer;
mod secrets;
#[cfg(test)]
mod tests;

pub use backup::{Backup, Footage, LeftOut, Restore, backup, plan_restore, restore};
pub use blobs::{
    BLOBS, Blobs, BlobsConfig, Deleted, Disagreement, DurableHead, GapRow, HELD, Health, INDEX,
    NoRoom, NotTaken, Place, QUEUE_BYTES, QUEUE_RECORDS, ROWS_MAX, RecordRow, Recovery,
    SYNC_INTERVAL, SpanRow, SpanState, TornTail, Totals,
};
pub use db::{Db, Durability};
pub use error::Error;
pub use journal::Journal;
pub use keys::{Destroyed, Dispute, Due, HoldId, KeyStore, Says};
pub use layer::{Cut, FileLayer, LayerFile, SimDisk};
pub use rusqlite;
pub use secrets::{MACHINE_KEY, Secrets};
