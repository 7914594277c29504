//! Tells the time. Nothing else in the program asks the operating system for it.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Instant;

use ids::Ts;
use time::{Duration, OffsetDateTime};

/// The clock of the program: the system's, or one that is moved by hand in rehearsals and tests.
#[derive(Clone, Debug)]
pub struct Clock(Source);

#[derive(Clone, Debug)]
enum Source {
    /// The system's clock, and the latest moment told: set back, it revives nothing (T-66).
    System(Arc<Mutex<Told>>),
    Stopped(Arc<Mutex<Ts>>),
}

/// The latest moment told, and when that was by a clock that nobody can set.
#[derive(Clone, Copy, Debug)]
struct Told {
    moment: OffsetDateTime,
    at: Instant,
}

impl Told {
    /// Tells the next moment. While the system's clock is behind, time goes on at half its pace: mail is
    /// tried again, pauses end and leases lapse, and yet the lead becomes smaller until it is gone.
    fn next(&mut self, system: OffsetDateTime, at: Instant) -> OffsetDateTime {
        let passed = at.saturating_duration_since(self.at) / 2;
        *self = Self {
            moment: system.max(self.moment + passed),
            at,
        };
        self.moment
    }
}

impl Clock {
    /// The system's clock.
    pub fn system() -> Self {
        Self(Source::System(Arc::new(Mutex::new(Told {
            moment: OffsetDateTime::UNIX_EPOCH,
            at: Instant::now(),
        }))))
    }

    /// A clock that stands still until somebody moves it.
    pub fn stopped_at(now: Ts) -> Self {
        Self(Source::Stopped(Arc::new(Mutex::new(now))))
    }

    /// Now; never earlier than any moment told or remembered before.
    pub fn now(&self) -> Ts {
        match &self.0 {
            Source::System(told) => {
                let mut told = told.lock().unwrap_or_else(PoisonError::into_inner);
                Ts::new(told.next(Self::system_now(), Instant::now()))
            }
            Source::Stopped(now) => *now.lock().unwrap_or_else(PoisonError::into_inner),
        }
    }

    /// Remembers a moment told before the last restart (T-66).
    pub fn remember(&self, seen: Ts) {
        if let Source::System(told) = &self.0 {
            let mut told = told.lock().unwrap_or_else(PoisonError::into_inner);
            told.moment = told.moment.max(seen.get());
        }
    }

    /// How far the system's clock has been set back behind what was told before.
    pub fn set_back_by(&self) -> Duration {
        match &self.0 {
            Source::System(_) => self.now() - Ts::new(Self::system_now()),
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
    fn system_now() -> OffsetDateTime {
        OffsetDateTime::now_utc()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Duration as Wait;
    use time::macros::datetime;

    #[test]
    fn a_clock_that_was_set_back_goes_on_slowly_until_it_is_right_again() {
        let (noon, start) = (datetime!(2027-05-11 12:00 UTC), Instant::now());
        let mut told = Told {
            moment: noon,
            at: start,
        };
        // Set back by an hour.
        let system = |passed: u64| noon - Duration::HOUR + Wait::from_secs(passed);
        let mut last = noon;
        for passed in [1, 60, 3600, 7199] {
            let next = told.next(system(passed), start + Wait::from_secs(passed));
            assert!(next > last, "it never stands still and never goes back");
            assert_eq!(next - noon, Wait::from_secs(passed) / 2);
            last = next;
        }
        let late = told.next(system(7201), start + Wait::from_secs(7201));
        assert_eq!(late, system(7201));
        let later = told.next(system(7261), start + Wait::from_secs(7261));
        assert_eq!(later - late, Duration::MINUTE);
    }

    #[test]
    fn a_clock_that_is_right_is_the_system_s() {
        let clock = Clock::system();
        assert!(clock.set_back_by() <= Duration::ZERO);
        let ahead = clock.now() + Duration::HOUR;
        clock.remember(ahead);
        assert!(clock.now() >= ahead && clock.set_back_by() > Duration::minutes(59));
    }
}
