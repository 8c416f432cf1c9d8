//! The recorder's time: one disciplined clock that every camera's pieces are stamped with.
//! Never obeys a wall clock that jumps; says so instead.

use std::sync::{Arc, Mutex, PoisonError};

use loggia_model::{At, Clock, DisciplinedClock, Jump};

/// A clock that all of the recorder's tasks share.
pub struct RecorderClock {
    clock: Arc<dyn Clock>,
    state: Mutex<(DisciplinedClock, Option<Jump>)>,
}

impl core::fmt::Debug for RecorderClock {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.write_str("RecorderClock")
    }
}

impl RecorderClock {
    /// Starts at the clock's present reading.
    #[must_use]
    pub fn start(clock: Arc<dyn Clock>) -> Self {
        let disciplined = DisciplinedClock::start(clock.as_ref());
        Self {
            clock,
            state: Mutex::new((disciplined, None)),
        }
    }

    /// The recorder's time.
    #[must_use]
    pub fn now(&self) -> At {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        let (at, jump) = state.0.read(self.clock.as_ref());
        state.1 = jump;
        at
    }

    /// How far the wall clock has left, if it has.
    #[must_use]
    pub fn jump(&self) -> Option<Jump> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner).1
    }

    /// A person said that the wall clock is right.
    pub fn accept(&self) {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        state.0.accept(self.clock.as_ref());
        state.1 = None;
    }
}
