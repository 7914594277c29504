//! Catching up (B-70, B-71): somebody who missed a day comes to the day of the same number on other dates
//! of the course, with a place in that day alone. [`crate::allocator`] makes it so.

mod record;

use ids::{BookingId, PersonId, RunId, SessionId, Ts};
use thiserror::Error;
use uuid::Uuid;

use crate::calendar::Meeting;
use crate::london::{local, months_from};
use crate::settings::Settings;
use crate::snapshot::{RunState, Session, Snapshot};

pub use record::{candidates, find, in_session, missed, of_booking, of_run};
pub(crate) use record::{close, open_into, store};

/// One catch-up.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CatchUp {
    /// Its row.
    pub id: Uuid,
    /// Whose booking; it stays on its own dates.
    pub booking: BookingId,
    /// The day that was missed.
    pub missed: SessionId,
    /// The day they come to instead.
    pub target: SessionId,
    /// The dates that day belongs to.
    pub run: RunId,
    /// When it was called off.
    pub cancelled_at: Option<Ts>,
}

/// A day that somebody has missed, as the rules look at it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Missed {
    /// Whose booking.
    pub booking: BookingId,
    /// Whose it is.
    pub person: PersonId,
    /// The dates it belongs to.
    pub run: RunId,
    /// The day.
    pub meeting: Meeting,
    /// How often they tried to catch it up; what was called off before the day is no attempt.
    pub attempts: i64,
    /// The day that is arranged and not marked yet.
    pub arranged: Option<SessionId>,
}

/// Why a day cannot be caught up there.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum NoCatchUp {
    /// The day is not marked, or was attended.
    #[error("no such day was missed")]
    NotMissed,
    /// Not the day of the same number on other dates of the course.
    #[error("it is not the same day of the course")]
    OtherDay,
    /// A day is arranged already.
    #[error("another day is arranged already")]
    Arranged,
    /// They tried as often as one may.
    #[error("they tried as often as one may")]
    TooOften,
    /// The dates are not published or called off.
    #[error("the dates are not there to come to")]
    NotPublished,
    /// The day has begun.
    #[error("the day has begun")]
    Begun,
    /// Too many months after the day that was missed.
    #[error("it is too long after the day that was missed")]
    TooLate,
    /// The person has a booking on those dates.
    #[error("the person has a booking there")]
    HasBooking,
    /// No place is free on that day.
    #[error("no place is free on that day")]
    NoPlace,
    /// A place is free on all days, and somebody on the waiting list could be asked.
    #[error("somebody on the waiting list could be asked first")]
    QueueFirst,
}

/// Whether a missed day may be caught up on this day of these dates (B-70, B-71).
pub fn may_catch_up(there: &Snapshot, target: &Session, missed: &Missed, now: Ts) -> Result<(), NoCatchUp> {
    let here = there.sessions.iter().any(|it| it.id == target.id);
    if !here || there.run.id == missed.run || target.idx != missed.meeting.idx {
        return Err(NoCatchUp::OtherDay);
    }
    if missed.arranged.is_some() {
        return Err(NoCatchUp::Arranged);
    }
    if missed.attempts >= there.settings.catch_up_attempts {
        return Err(NoCatchUp::TooOften);
    }
    if there.run.state != RunState::Published {
        return Err(NoCatchUp::NotPublished);
    }
    if target.starts_at <= now {
        return Err(NoCatchUp::Begun);
    }
    if local(target.starts_at).0 > last_day(&there.settings, &missed.meeting) {
        return Err(NoCatchUp::TooLate);
    }
    let theirs = |it: &crate::Booking| it.person == missed.person && it.state.is_live();
    if there.bookings.iter().any(theirs) {
        return Err(NoCatchUp::HasBooking);
    }
    if there.free(target.id) < 1 {
        return Err(NoCatchUp::NoPlace);
    }
    // A place on all days belongs to the waiting list first; one that is free on this day alone to nobody.
    if there.free_places() >= 1 && there.bookings.iter().any(|it| it.is_eligible(&there.run)) {
        return Err(NoCatchUp::QueueFirst);
    }
    Ok(())
}

/// The last day on which a missed day can be caught up (B-70).
pub fn last_day(settings: &Settings, missed: &Meeting) -> time::Date {
    local(months_from(missed.starts_at, settings.catch_up)).0
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::examples::{RunR, at, id};
    use time::macros::{date, time};

    /// Somebody of other dates who missed day 2 on Tuesday 15 December 2026.
    fn missed() -> Missed {
        Missed {
            booking: id("guest"),
            person: RunR::asks("guest").person,
            run: RunId(Uuid::from_u128(99)),
            meeting: Meeting {
                id: SessionId(Uuid::from_u128(98)),
                idx: 2,
                date: date!(2026 - 12 - 15),
                start: time!(10:00),
                end: time!(13:15),
                starts_at: crate::london::in_london(date!(2026 - 12 - 15), time!(10:00)),
                ends_at: crate::london::in_london(date!(2026 - 12 - 15), time!(13:15)),
                break_minutes: 15,
            },
            attempts: 0,
            arranged: None,
        }
    }

    fn asked(r: &RunR, missed: &Missed) -> Result<(), NoCatchUp> {
        may_catch_up(&r.snapshot, &r.snapshot.sessions[1], missed, r.now)
    }

    #[test]
    fn the_rules_speak_one_after_the_other() {
        let mut r = RunR::with(&["A1"]);
        assert_eq!(asked(&r, &missed()), Ok(()), "six months to the day");
        let day_1 = &r.snapshot.sessions[0];
        assert_eq!(
            may_catch_up(&r.snapshot, day_1, &missed(), r.now),
            Err(NoCatchUp::OtherDay)
        );
        let home = Missed {
            run: r.snapshot.run.id,
            ..missed()
        };
        assert_eq!(asked(&r, &home), Err(NoCatchUp::OtherDay));
        let arranged = Missed {
            arranged: Some(home.meeting.id),
            attempts: 1,
            ..missed()
        };
        assert_eq!(asked(&r, &arranged), Err(NoCatchUp::Arranged));
        let again = |attempts| Missed { attempts, ..missed() };
        assert_eq!(asked(&r, &again(1)), Ok(()));
        assert_eq!(asked(&r, &again(2)), Err(NoCatchUp::TooOften));
        let mut earlier = missed();
        earlier.meeting.starts_at = earlier.meeting.starts_at - time::Duration::DAY;
        assert_eq!(asked(&r, &earlier), Err(NoCatchUp::TooLate));
        r.snapshot.run.state = RunState::Cancelled;
        assert_eq!(asked(&r, &missed()), Err(NoCatchUp::NotPublished));
        r.snapshot.run.state = RunState::Published;
        r.now = at("Tue 15 June 10:00");
        assert_eq!(asked(&r, &missed()), Err(NoCatchUp::Begun));
    }

    #[test]
    fn a_place_that_is_free_on_that_day_alone_is_not_the_queues() {
        let mut r = RunR::full();
        assert_eq!(asked(&r, &missed()), Err(NoCatchUp::NoPlace));
        r.snapshot.run.capacity = 13;
        assert_eq!(asked(&r, &missed()), Err(NoCatchUp::QueueFirst));
        // Day 1 is full: nobody of the queue can be offered both days.
        let day_1 = r.snapshot.sessions[0].id;
        let mut more = *r.snapshot.places.iter().find(|it| it.session == day_1).unwrap();
        (more.seat_no, more.booking) = (13, id("other guest"));
        r.snapshot.places.push(more);
        assert_eq!(asked(&r, &missed()), Ok(()));
    }
}
