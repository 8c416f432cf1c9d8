//! The public log: entries of a closed schema in a C2SP tlog-tiles Merkle tree, and what proves them.
//! Never holds personal data or free text, never signs a tree that is not durable, never forgets.

mod bundle;
mod checkpoint;
mod commit;
mod edge;
mod entry;
mod error;
mod folder;
mod heads;
mod journal;
mod key;
mod log;
mod logged;
mod minutes;
mod note;
mod recorders;
mod recovery;
mod routes;
mod shape;
mod tile;
mod tree;
pub mod verify;
mod writer;

pub use bundle::{Bundle, parse_bundle};
pub use checkpoint::{Checkpoint, SignedCheckpoint};
pub use commit::{SALT_BYTES, commit, commit_fresh};
pub use entry::{
    CameraEnrolled, CameraRetired, CaseOpened, ClockDisputed, ConfigChanged, Decision, Entry,
    Event, Export, Freeze, Heads, Hold, HoldEnded, KeyDestroyed, KeyDue, LiveView, Loggable,
    Opening, PolicyActivated, RecorderStarted, RequestEnded, RequestFiled, ReviewDue, RosterChanged,
};
pub use error::Error;
pub use heads::{HeadLine, HeadsRoot, heads_proof, heads_root, verify_head};
pub use key::{LogKey, Verifier};
pub use log::{Log, Receipt};
pub use logged::Logged;
pub use minutes::{HEADS_KEPT_H, KnownHead, minutes};
pub use note::{Note, NoteSignature};
pub use routes::{OpenApi, routes};
pub use shape::{HoldEnd, RequestEnd, Verdict};
pub use tile::{ENTRY_BYTES_MAX, TILE_WIDTH, TileKind, TilePath};
pub use tree::{
    consistency_holds, inclusion_holds, leaf_hash, node_hash, root_of_consistency, root_of_leaves,
};
