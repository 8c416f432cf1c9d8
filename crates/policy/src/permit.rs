//! The permit: this person may do this, for this request, until then. Made in this crate only,
//! after a decision that is in the public log, and for opening footage one that the witnesses have
//! cosigned. Never cloned, never read from bytes, never made in tests.

use std::fmt;

use loggia_model::{Actor, At, Body, CameraId, Digest, RequestId};
use loggia_transparency::{Event, Loggable, Opening, Verdict, Witnessed};

use crate::Error;
use crate::decide::Reason;
use crate::request::CameraSpans;

/// A decision that stands in the log: the second person's yes or no.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Decided {
    /// About which request.
    pub request: RequestId,
    /// Yes or no.
    pub verdict: Verdict,
    /// The deciding person's body.
    pub body: Body,
    /// Hash of the signed statement that decided; none where an older version logged it.
    pub statement: Option<Digest>,
}

impl Loggable for Decided {
    fn event(&self) -> Event {
        Event::Decision(loggia_transparency::Decision {
            request: self.request,
            decision: self.verdict,
            body: self.body,
            statement: self.statement,
        })
    }
}

mod acts {
    use loggia_transparency::{Logged, Witnessed};

    use super::{Decided, Live, Open};

    /// Sealed: the acts that a permit can be for are this crate's closed list.
    pub trait Act: Send + Sync {
        /// What the decision must have been through before the act.
        type Proof: core::fmt::Debug + Send + Sync;
        /// The decision under it.
        fn decided(proof: &Self::Proof) -> &Decided;
    }

    /// Footage at rest waits for the witnesses.
    impl Act for Open {
        type Proof = Witnessed<Decided>;
        fn decided(proof: &Self::Proof) -> &Decided {
            proof.get()
        }
    }

    /// A live view in an incident must not wait for bodies outside the city: it is in the log
    /// first, and whoever is root on the recorder needs no permit for what is in its memory
    /// (THREATS.md).
    impl Act for Live {
        type Proof = Logged<Decided>;
        fn decided(proof: &Self::Proof) -> &Decided {
            proof.get()
        }
    }
}

/// Reading the sealed records of opened spans.
#[derive(Debug)]
pub struct Open {
    spans: Vec<CameraSpans>,
    opening: Witnessed<Opens>,
}

/// Footage is being opened: both groups have released.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Opens(pub(crate) Opening);

impl Loggable for Opens {
    fn event(&self) -> Event {
        Event::Opening(self.0.clone())
    }
}

/// Viewing cameras live, unblurred, in a declared incident.
#[derive(Debug)]
pub struct Live {
    cameras: Vec<CameraId>,
    one_time_key: [u8; 32],
}

/// This actor may do `A`, for this request, until [`Permit::until`].
#[must_use = "a permit is made to be handed to what acts"]
pub struct Permit<A: acts::Act> {
    act: A,
    request: RequestId,
    actor: Actor,
    until: At,
    decision: A::Proof,
}

impl<A: acts::Act> Permit<A> {
    /// Called after `decide` allowed the act and the approval was found in the log.
    pub(crate) fn new(act: A, actor: Actor, until: At, decision: A::Proof) -> Result<Self, Error> {
        if A::decided(&decision).verdict != Verdict::Approve {
            return Err(Error::Denied(vec![Reason::NotApproved]));
        }
        let request = A::decided(&decision).request;
        Ok(Self {
            act,
            request,
            actor,
            until,
            decision,
        })
    }

    /// For which request.
    #[must_use]
    pub fn request(&self) -> RequestId {
        self.request
    }

    /// For whom: the name on the watermark and in the access log.
    #[must_use]
    pub fn actor(&self) -> &Actor {
        &self.actor
    }

    /// From when on it is worth nothing.
    #[must_use]
    pub fn until(&self) -> At {
        self.until
    }

    /// The decision that it rests on, in the public log.
    pub fn decision(&self) -> &A::Proof {
        &self.decision
    }

    /// Whether it still holds: whoever keeps a permit for longer than one call asks again.
    ///
    /// # Errors
    /// [`Error::Denied`] when now ≥ until.
    pub fn still(&self, now: At) -> Result<(), Error> {
        if now >= self.until {
            return Err(Error::Denied(vec![Reason::TooLate]));
        }
        Ok(())
    }
}

impl Open {
    pub(crate) fn new(spans: Vec<CameraSpans>, opening: Witnessed<Opens>) -> Self {
        Self { spans, opening }
    }
}

impl Live {
    pub(crate) fn new(cameras: Vec<CameraId>, one_time_key: [u8; 32]) -> Self {
        Self {
            cameras,
            one_time_key,
        }
    }
}

impl Permit<Open> {
    /// What may be read: whole spans, by camera, first to last inclusive. No record outside them.
    #[must_use]
    pub fn spans(&self) -> &[CameraSpans] {
        &self.act.spans
    }

    /// The place of the opening's cosigned entry in the log.
    #[must_use]
    pub fn opening_index(&self) -> u64 {
        self.act.opening.index()
    }

    /// Whether this span of this camera may be read.
    #[must_use]
    pub fn covers(&self, camera: CameraId, span: loggia_model::SpanId) -> bool {
        self.act
            .spans
            .iter()
            .any(|s| s.camera == camera && s.first <= span && span <= s.last)
    }
}

impl Permit<Live> {
    /// Which cameras.
    #[must_use]
    pub fn cameras(&self) -> &[CameraId] {
        &self.act.cameras
    }

    /// The viewer's one-time X25519 key, to which the recorder seals the coming spans' keys.
    #[must_use]
    pub fn one_time_key(&self) -> [u8; 32] {
        self.act.one_time_key
    }
}

impl<A: acts::Act + fmt::Debug> fmt::Debug for Permit<A> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "Permit({:?}, {}, {}, until {})",
            self.act, self.request, self.actor.person, self.until
        )
    }
}
