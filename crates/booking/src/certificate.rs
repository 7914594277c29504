//! Certificates (B-76, B-77): that somebody attended, on which dates, under which number.
//!
//! A certificate is judged by the rules of the day on which it was issued: what it says is kept with it.

mod record;

use ids::{BookingId, Ts};
use serde::{Deserialize, Serialize};
use time::Date;
use uuid::Uuid;

use crate::attendance::outcome::{Day, Outcome, Sat, outcome};
use crate::attendance::rules::attended;
use crate::settings::Settings;

pub(crate) use record::review;
pub use record::{New, issue, of_booking, unsound, with_number};

/// What became of a certificate.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum State {
    /// It stands.
    Issued,
    /// Another one with another name stands in its place (B-77).
    Replaced,
    /// The register was corrected, and the course was not completed after all (B-77).
    Withdrawn,
}

impl State {
    const ALL: [Self; 3] = [Self::Issued, Self::Replaced, Self::Withdrawn];

    /// The word in records.
    pub fn name(self) -> &'static str {
        match self {
            Self::Issued => "issued",
            Self::Replaced => "replaced",
            Self::Withdrawn => "withdrawn",
        }
    }

    pub(crate) fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|it| it.name() == name)
    }
}

/// What a certificate says beside the name, as it was when it was issued.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Snapshot {
    /// The title of the course.
    pub course: String,
    /// Whose course it was.
    pub organisation: String,
    /// Each date attended, day 1 first; for a day that was caught up, the date on which that was.
    pub dates: Vec<Date>,
    /// How much of a session counted as having attended, in percent (B-61).
    pub attended: i64,
}

/// One certificate.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Certificate {
    /// Its row.
    pub id: Uuid,
    /// What people say on the phone and type on the page that checks it; it is never guessed.
    pub number: String,
    /// Whose course it is about.
    pub booking: BookingId,
    /// The name on it, as it was confirmed.
    pub name: String,
    /// What else it says.
    pub snapshot: Snapshot,
    /// When it was issued.
    pub issued_at: Ts,
    /// What became of it.
    pub state: State,
}

/// The dates that a certificate would show: one for each session, once all are attended (B-75, B-76).
pub fn dates(settings: &Settings, days: &[Day]) -> Option<Vec<Date>> {
    if outcome(settings, days) != Some(Outcome::Completed) {
        return None;
    }
    let came = |it: &Sat| attended(settings, it.minutes, it.teaching);
    days.iter()
        .map(|day| day.all().find(came).map(|it| it.date))
        .collect()
}

/// Whether what a certificate says is still so: every session attended, and on each of its dates.
pub fn stands(settings: &Settings, said: &Snapshot, days: &[Day]) -> bool {
    let then = Settings {
        attended: said.attended,
        ..settings.clone()
    };
    let came = |it: &Sat| attended(&then, it.minutes, it.teaching);
    let on = |date: &Date| {
        let mut sat = days.iter().flat_map(Day::all);
        sat.any(|it| it.date == *date && came(&it))
    };
    outcome(&then, days) == Some(Outcome::Completed) && said.dates.iter().all(on)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::attendance::Code;
    use time::macros::date;

    const DAY_1: Date = date!(2027 - 06 - 08);
    const DAY_2: Date = date!(2027 - 06 - 15);
    const LATER: Date = date!(2027 - 07 - 13);

    fn sat(date: Date, minutes: i64) -> Sat {
        let code = if minutes > 0 {
            Code::LeftEarly
        } else {
            Code::Absent
        };
        Sat {
            code,
            minutes,
            teaching: 180,
            date,
        }
    }

    fn day(own: Sat, caught_up: &[Sat]) -> Day {
        Day {
            own: Some(own),
            caught_up: caught_up.to_vec(),
        }
    }

    fn said(dates: &[Date]) -> Snapshot {
        Snapshot {
            course: "Introduction".to_owned(),
            organisation: "Anytown Healthcare".to_owned(),
            dates: dates.to_vec(),
            attended: 80,
        }
    }

    #[test]
    fn each_date_attended_is_shown_and_nothing_before_all_are() {
        let settings = Settings::default();
        let (first, second) = (sat(DAY_1, 170), sat(DAY_2, 165));
        let both = [day(first, &[]), day(second, &[])];
        assert_eq!(dates(&settings, &both), Some(vec![DAY_1, DAY_2]));
        let missed = [day(first, &[]), day(sat(DAY_2, 0), &[])];
        assert_eq!(dates(&settings, &missed), None);
        let caught_up = [day(first, &[]), day(sat(DAY_2, 0), &[sat(LATER, 180)])];
        assert_eq!(dates(&settings, &caught_up), Some(vec![DAY_1, LATER]));
        assert_eq!(dates(&settings, &[day(first, &[]), Day::default()]), None);
    }

    #[test]
    fn a_certificate_stands_while_what_it_says_is_so() {
        let settings = Settings::default();
        let first = sat(DAY_1, 170);
        let both = [day(first, &[]), day(sat(DAY_2, 165), &[])];
        assert!(stands(&settings, &said(&[DAY_1, DAY_2]), &both));
        let undone = [day(first, &[]), day(sat(DAY_2, 100), &[])];
        assert!(!stands(&settings, &said(&[DAY_1, DAY_2]), &undone));
        // Completed still, but not on the date that it says.
        let other = [day(first, &[]), day(sat(DAY_2, 0), &[sat(LATER, 180)])];
        assert!(!stands(&settings, &said(&[DAY_1, DAY_2]), &other));
        assert!(stands(&settings, &said(&[DAY_1, LATER]), &other));
    }

    #[test]
    fn another_share_chosen_later_takes_nothing_back() {
        let stricter = Settings {
            attended: 100,
            ..Settings::default()
        };
        let both = [day(sat(DAY_1, 170), &[]), day(sat(DAY_2, 165), &[])];
        assert_eq!(dates(&stricter, &both), None);
        assert!(stands(&stricter, &said(&[DAY_1, DAY_2]), &both));
    }

    #[test]
    fn every_state_has_its_word() {
        for it in State::ALL {
            assert_eq!(State::named(it.name()), Some(it));
        }
    }
}
