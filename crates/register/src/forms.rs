//! The port through which a filed form leaves this crate, and what comes back: `policy` answers it.
//! Never holds a picture, and keeps nothing itself.

use core::fmt;

use loggia_model::{At, CameraId, Complaint, Fault, OwnFootage};

/// What the asker can hold us to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Promise {
    /// By which they follow it: not to be guessed, for whoever has it sees its state.
    /// Letters, digits and `-`, at most [`REFERENCE_MAX`].
    pub reference: String,
}

/// Where a request stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Stage {
    /// The spans are frozen; nobody has asked to open them yet.
    Frozen,
    /// A request to open is filed and not decided.
    Asked,
    /// A second person agreed; the key holders have not released both shares yet.
    Agreed,
    /// Opened for the asker.
    Opened,
    /// The answer was sent.
    Answered,
    /// The month ended without an answer; nothing is frozen any more.
    Ended,
}

/// A request as its reference shows it: no name, no contact, no words of the asker.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Standing {
    /// The stage.
    pub stage: Stage,
    /// Its number, for letters.
    pub number: String,
    /// When it was filed.
    pub filed_at: At,
    /// Which cameras.
    pub cameras: Vec<CameraId>,
    /// From when.
    pub from: At,
    /// Until when.
    pub to: At,
    /// The day by which an answer is due: one month (GDPR Art. 12(3)).
    pub answer_by: At,
    /// Until when the footage is kept from destruction; none when the freeze is over.
    pub kept_until: Option<At>,
    /// What was answered, once it was.
    pub answer: Option<String>,
}

/// Longest reference, characters.
pub const REFERENCE_MAX: usize = 64;

type Ask = Box<dyn Fn(OwnFootage) -> Result<Promise, Fault> + Send + Sync>;
type Look = Box<dyn Fn(&str) -> Result<Option<Standing>, Fault> + Send + Sync>;
type Filed = Box<dyn Fn(&str) -> Result<bool, Fault> + Send + Sync>;
type Complain = Box<dyn Fn(Complaint) -> Result<String, Fault> + Send + Sync>;

/// Where filed forms go. Contract: each may block on the disk and the public log, and an `Ok` means
/// that it is kept durably (and, for `ask`, that the spans are frozen). Called off the async
/// threads.
pub struct Forms {
    /// Freezes the spans and files the request.
    pub ask: Ask,
    /// Where the request with this reference stands; none where there is no such.
    pub look: Look,
    /// Files a complaint; answers its number.
    pub complain: Complain,
    /// Whether a complaint has this number.
    pub complained: Filed,
}

impl fmt::Debug for Forms {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Forms")
    }
}

/// Whether a reference may be one; anything else is not looked up.
pub(crate) fn is_reference(text: &str) -> bool {
    !text.is_empty()
        && text.len() <= REFERENCE_MAX
        && text.chars().all(|c| c.is_ascii_alphanumeric() || c == '-')
}
