//! When a register opens, how long somebody was there, and what is a correction (B-60 to B-62).

use ids::Ts;
use time::Duration;

use super::{Code, Mark, NotRecorded};
use crate::calendar::{Meeting, teaching_minutes};
use crate::settings::Settings;

/// The first moment at which anything can be recorded (B-60).
pub fn opens_at(settings: &Settings, it: &Meeting) -> Ts {
    it.starts_at - Duration::minutes(settings.marking_opens)
}

/// From this moment on only a lead corrects (B-62).
pub fn lead_only_from(settings: &Settings, it: &Meeting) -> Ts {
    it.ends_at + Duration::days(settings.corrections)
}

/// Whether so many minutes count as having attended (B-61).
pub fn attended(settings: &Settings, minutes: i64, teaching: i64) -> bool {
    minutes > 0 && minutes * 100 >= teaching * settings.attended
}

/// The minutes of a mark. Whoever was late lost at least the minutes that make one late, if nobody says
/// how many; whoever left early has to have a number.
pub fn minutes(
    settings: &Settings,
    it: &Meeting,
    code: Code,
    given: Option<i64>,
) -> Result<i64, NotRecorded> {
    let whole = teaching_minutes(it);
    let some = |minutes: i64| {
        if (1..=whole).contains(&minutes) {
            Ok(minutes)
        } else {
            Err(NotRecorded::Minutes(whole))
        }
    };
    match (code, given) {
        (Code::Present, _) => Ok(whole),
        (Code::Late, None) => Ok((whole - settings.late_after).max(1)),
        (Code::Late | Code::LeftEarly, Some(minutes)) => some(minutes),
        (Code::LeftEarly, None) => Err(NotRecorded::Minutes(whole)),
        (Code::Apologies | Code::Absent | Code::Excused, _) => Ok(0),
    }
}

/// Whether another mark corrects this one. What the person told us before was no mark of ours; and saying
/// why somebody was not here completes a mark.
pub fn is_correction(before: Option<&Mark>, code: Code) -> bool {
    let Some(ours) = before.filter(|it| it.by.is_some()) else {
        return false;
    };
    let says_why = ours.code == Code::Absent && matches!(code, Code::Apologies | Code::Excused);
    !says_why
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::examples::at;
    use ids::{PersonId, SessionId};
    use time::macros::{date, time};
    use uuid::Uuid;

    /// Tuesday 8 June 2027, 10am to 1:15pm with a break of 15 minutes: 180 minutes.
    pub(crate) fn tuesday() -> Meeting {
        Meeting {
            id: SessionId(Uuid::nil()),
            idx: 1,
            date: date!(2027 - 06 - 08),
            start: time!(10:00),
            end: time!(13:15),
            starts_at: at("Tue 8 June 10:00"),
            ends_at: at("Tue 8 June 13:15"),
            break_minutes: 15,
        }
    }

    #[test]
    fn a_register_opens_half_an_hour_before() {
        let opens = opens_at(&Settings::default(), &tuesday());
        assert_eq!(opens, at("Tue 8 June 09:30"));
    }

    #[test]
    fn four_fifths_of_the_minutes_count_as_attended() {
        let settings = Settings::default();
        let came = |minutes| attended(&settings, minutes, 180);
        assert_eq!([0, 1, 143, 144, 180].map(came), [false, false, false, true, true]);
        // Nobody attends a session by not being there, however short it is.
        assert!(!attended(&settings, 0, 0));
    }

    #[test]
    fn minutes_follow_from_the_code_where_nobody_has_to_count() {
        let of = |code, given| minutes(&Settings::default(), &tuesday(), code, given);
        assert_eq!(of(Code::Present, Some(3)), Ok(180));
        assert_eq!(of(Code::Late, None), Ok(165));
        assert_eq!(of(Code::Late, Some(100)), Ok(100));
        assert_eq!(of(Code::LeftEarly, Some(1)), Ok(1));
        for wrong in [None, Some(0), Some(-5), Some(181)] {
            assert_eq!(of(Code::LeftEarly, wrong), Err(NotRecorded::Minutes(180)));
        }
        for code in [Code::Apologies, Code::Absent, Code::Excused] {
            assert_eq!(of(code, Some(90)), Ok(0));
        }
    }

    #[test]
    fn what_replaces_a_mark_of_ours_is_a_correction_but_for_saying_why() {
        let mark = |code, by: Option<u128>| Mark {
            code,
            minutes: 0,
            reason: None,
            by: by.map(|it| PersonId(Uuid::from_u128(it))),
            at: at("Tue 8 June 10:00"),
        };
        assert!(!is_correction(None, Code::Present));
        assert!(!is_correction(Some(&mark(Code::Apologies, None)), Code::Present));
        assert!(is_correction(
            Some(&mark(Code::Apologies, Some(1))),
            Code::Present
        ));
        let absent = mark(Code::Absent, Some(1));
        assert!(is_correction(Some(&absent), Code::Present));
        assert!(!is_correction(Some(&absent), Code::Apologies));
        assert!(!is_correction(Some(&absent), Code::Excused));
    }
}
