//! Tells the time. Nothing else in the program asks the operating system for it.

use std::sync::{Arc, Mutex, PoisonError};

use ids::Ts;
use time::{Duration, OffsetDateTime};

/// The clock of the program: the system's, or one that is moved by hand in rehearsals and tests.
#[derive(Clone, Debug)]
pub struct Clock(Source);

#[derive(Clone, Debug)]
enum Source {
    /// The system's clock, and the latest moment it has shown: set back, it revives nothing (T-66).
    System(Arc<Mutex<Ts>>),
    Stopped(Arc<Mutex<Ts>>),
}

impl Clock {
    /// The system's clock.
    pub fn system() -> Self {
        Self(Source::System(Arc::new(Mutex::new(Ts::new(
            OffsetDateTime::UNIX_EPOCH,
        )))))
    }

    /// A clock that stands still until somebody moves it.
    pub fn stopped_at(now: Ts) -> Self {
        Self(Source::Stopped(Arc::new(Mutex::new(now))))
    }

    /// Now; never earlier than any moment told or remembered before.
    pub fn now(&self) -> Ts {
        match &self.0 {
            Source::System(latest) => {
                let mut latest = latest.lock().unwrap_or_else(PoisonError::into_inner);
                *latest = (*latest).max(Self::system_now());
                *latest
            }
            Source::Stopped(now) => *now.lock().unwrap_or_else(PoisonError::into_inner),
        }
    }

    /// Remembers a moment told before the last restart (T-66).
    pub fn remember(&self, seen: Ts) {
        if let Source::System(latest) = &self.0 {
            let mut latest = latest.lock().unwrap_or_else(PoisonError::into_inner);
            *latest = (*latest).max(seen);
        }
    }

    /// How far the system's clock has been set back behind what was told before.
    pub fn set_back_by(&self) -> Duration {
        match &self.0 {
            Source::System(_) => self.now() - Self::system_now(),
            Source::Stopped(_) => Duration::ZERO,
        }
    }

    /// Moves a clock that stands still; the system's cannot be moved.
    pub fn advance(&self, by: Duration) {
        if let Source::Stopped(now) = &self.0 {
            let mut now = now.lock().unwrap_or_else(PoisonError::into_inner);
            *now = *now + by;
        }
    }

    /// Whether the clock is moved by hand.
    pub fn is_stopped(&self) -> bool {
        matches!(self.0, Source::Stopped(_))
    }

    #[expect(clippy::disallowed_methods, reason = "this is the clock")]
    fn system_now() -> Ts {
        Ts::new(OffsetDateTime::now_utc())
    }
}
