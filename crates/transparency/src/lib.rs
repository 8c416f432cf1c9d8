//! The public log: entries of a closed schema in a C2SP tlog-tiles Merkle tree, and what proves
//! them. Never holds personal data or free text, never signs a tree that is not durable, never
//! forgets.

mod bundle;
mod checkpoint;
mod commit;
mod cosign;
mod disclosure;
mod edge;
mod entry;
mod error;
mod folder;
mod gather;
mod heads;
mod journal;
mod key;
mod lines;
mod log;
mod logged;
mod minutes;
mod note;
mod recorders;
mod recovery;
mod routes;
mod shape;
mod succession;
mod tile;
mod tlog_policy;
mod tlog_proof;
mod tree;
pub mod verify;
pub mod witness;
mod writer;

pub use bundle::{Bundle, parse_bundle};
pub use checkpoint::{Checkpoint, SignedCheckpoint};
pub use commit::{SALT_BYTES, commit, commit_fresh};
pub use cosign::{CosignerKey, CosignerKind, CosignerPublic};
pub use disclosure::{
    Calendar, DELAY_COURT_MAX_S, DELAY_MAX_S, DISCLOSURE_GRACE_S, Detail, DetailKind, Disclosed,
    DisclosureState, OpenedDetail, SMALL_CELL_CASES, Told,
};
pub use entry::{BreakGlassEnded, BreakGlassOpened, BreakGlassUsed};
pub use entry::{
    CameraEnrolled, CameraRetired, CaseOpened, ClockDisputed, ConfigChanged, Decision,
    DisclosureDue, DisclosureExtended, DisclosureWithdrawn, Entry, Event, Export, Freeze, Heads,
    Hold, HoldEnded, KeyDestroyed, KeyDue, LiveView, LogKeyChanged, Loggable, Opening,
    PolicyActivated, RecorderStarted, RecordsErased, RequestEnded, RequestFiled, ReviewDue,
    RosterChanged,
};
pub use error::Error;
pub use gather::{
    Away, HttpWitness, Lane, SeenBy, Standing, Unseen, Witness, WitnessStanding, Witnesses,
};
pub use heads::{HeadLine, HeadsRoot, heads_proof, heads_root, verify_head};
pub use key::{LogKey, Verifier};
pub use log::{Log, Receipt};
pub use logged::{Logged, Witnessed};
pub use minutes::{HEADS_KEPT_H, KnownHead, minutes};
pub use note::{Note, NoteSignature};
pub use routes::{OpenApi, routes};
pub use shape::{Court, GlassEnd, GlassUse, HoldEnd, RequestEnd, Verdict, WithdrawalReason};
pub use succession::{SUCCESSIONS_MAX, Succession};
pub use tile::{ENTRY_BYTES_MAX, TILE_WIDTH, TileKind, TilePath};
pub use tlog_policy::{
    Cosigned, CosignedCheckpoint, PolicyLog, PolicyWitness, TlogPolicy, WitnessBody,
};
pub use tlog_proof::TlogProof;
pub use tree::{
    consistency_holds, inclusion_holds, leaf_hash, node_hash, root_of_consistency, root_of_leaves,
};
