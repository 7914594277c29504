//! What a task asks for, and what to say on the phone, in words.

use booking::State;

use super::Found;
use crate::outbox::Kind;
use crate::public::questions::{NEEDS, words};
use crate::tasks::TaskKind;
use crate::words::{date_time, place};

/// What is to be done.
pub(in crate::staff) fn what(kind: Option<TaskKind>) -> &'static str {
    match kind {
        Some(TaskKind::PhoneList) => "Call the people on the waiting list",
        Some(TaskKind::PhoneOffer) => "Offer a place by phone",
        Some(TaskKind::PhoneMailFailed) => "Call, because an email did not arrive",
        Some(TaskKind::PhoneOrLetter) => "Tell them by phone or letter",
        Some(TaskKind::PreCourseCall) => "Call before the course",
        Some(TaskKind::AttendanceLate) => "Ask for a register that is late",
        Some(TaskKind::PhoneMissed) => "Call, because they were not there",
        Some(TaskKind::PhoneChange) => "Call, because they did not answer a change",
        Some(TaskKind::ArrangeNeed) => "Arrange what helps them to take part",
        Some(TaskKind::PossibleDuplicate) => "Look at two records of one name",
        Some(TaskKind::ManyRecords) => "Ask why many records were opened",
        Some(TaskKind::RunReview) => "Look back at these dates together",
        Some(TaskKind::VersionReview) => "Look through the text of a course",
        None => "Something else",
    }
}

/// The same about one task: what is arranged is named, so that two of them are told apart (U-25).
pub(super) fn title(it: &Found) -> String {
    let need = it.need.as_ref().map(|it| words(&NEEDS, &it.code));
    need.map_or_else(
        || what(it.kind).to_owned(),
        |need| format!("{}: {need}", what(it.kind)),
    )
}

/// The mail in place of which somebody is called or written to.
pub(super) fn instead_of(occasion: &str) -> Option<Kind> {
    let name = occasion.rsplit_once('-').map_or(occasion, |(name, _)| name);
    Kind::named(name)
}

/// What to say, one sentence each.
pub(super) fn say(it: &Found) -> Vec<String> {
    let dates = it.dates();
    match it.kind {
        Some(TaskKind::PhoneList) => vec![
            format!("A place is free on {dates}, and it is too late to offer it by email."),
            "Call the people on the waiting list, the first one first.".to_owned(),
        ],
        Some(TaskKind::PhoneOffer) => offer(it),
        Some(TaskKind::PhoneMailFailed) => vec![
            "An email to them did not arrive.".to_owned(),
            "Ask for the right address, and tell them what it said.".to_owned(),
        ],
        Some(TaskKind::PhoneOrLetter) => {
            let kind = instead_of(&it.task.occasion);
            kind.map_or_else(Vec::new, |kind| instead(kind, it))
        }
        Some(TaskKind::PreCourseCall) => vec![
            format!("They asked for a call before the course on {dates}."),
            "Ask what they would like to know.".to_owned(),
        ],
        Some(TaskKind::AttendanceLate) => vec![
            format!("Nobody has saved the register of one of the days of {dates}."),
            "Ask the facilitators, or take it with them on the phone.".to_owned(),
        ],
        Some(TaskKind::PhoneMissed) => vec![
            format!("We missed them on one of the days of {dates}."),
            "Ask whether they are OK. They do not need to explain.".to_owned(),
            "Tell them which dates they can come to instead.".to_owned(),
        ],
        Some(TaskKind::PhoneChange) => {
            let mut lines = instead(Kind::RunChanged, it);
            lines.insert(0, "We told them of the change and heard nothing.".to_owned());
            lines
        }
        Some(TaskKind::ArrangeNeed) => {
            let need = it.need.as_ref().map_or("", |need| words(&NEEDS, &need.code));
            let detail = it.need.as_ref().and_then(|need| need.detail.clone());
            let asked = format!("For {dates} they asked for: {need}.");
            vec![Some(asked), detail].into_iter().flatten().collect()
        }
        Some(TaskKind::PossibleDuplicate) => vec![
            "Another record has the same name and a way to reach them.".to_owned(),
            "Ask whether both bookings are theirs.".to_owned(),
        ],
        Some(TaskKind::ManyRecords) => vec![
            "They opened the records of many people within an hour.".to_owned(),
            "There may be a good reason, like a day on the phone. Ask them.".to_owned(),
        ],
        Some(TaskKind::RunReview) => vec![
            format!("The course on {dates} is over."),
            "Look back at it with at least one peer: what went well, and what should change?".to_owned(),
        ],
        Some(TaskKind::VersionReview) => vec![
            "The text of this course was approved a long time ago.".to_owned(),
            "Look through it with a peer. Publish it again if it changes.".to_owned(),
        ],
        None => Vec::new(),
    }
}

fn offer(it: &Found) -> Vec<String> {
    let mut lines = vec![
        format!("A place has come up on {}.", it.dates()),
        "Ask whether they would like it. No is fine too.".to_owned(),
    ];
    if let Some(State::Offered { until }) = it.booking.as_ref().map(|it| it.state) {
        lines.push(format!("They can answer until {}.", date_time(until)));
    }
    lines
}

/// The words of a mail, for the phone.
fn instead(kind: Kind, it: &Found) -> Vec<String> {
    let dates = it.dates();
    match kind {
        Kind::ConfirmEmail | Kind::ConfirmReminder => vec![
            format!("They have a place on {dates}."),
            "Ask whether it was they who booked. If so, confirm the booking for them.".to_owned(),
        ],
        Kind::Booked => vec![
            format!("They have a place on {dates}."),
            "Tell them the times and how to join. They can change or cancel at any time.".to_owned(),
        ],
        Kind::Waiting => vec![
            format!("They are on the waiting list for {dates}."),
            "If a place comes up, we call them and hold it for them.".to_owned(),
        ],
        Kind::Offer => offer(it),
        Kind::OfferOver => vec![
            "We offered the place to someone else.".to_owned(),
            "They are still on the list. They did nothing wrong.".to_owned(),
        ],
        Kind::StillInterested => vec![
            "We offered a place twice and heard nothing.".to_owned(),
            "Ask whether they would like to stay on the list.".to_owned(),
        ],
        Kind::Lapsed => vec![
            "We did not hear from them in time, so the place went to the next person.".to_owned(),
            "They did nothing wrong. They are welcome to book again.".to_owned(),
        ],
        Kind::ListClosed => vec![
            format!("The course on {dates} has begun, and no place came up."),
            "Tell them the next dates.".to_owned(),
        ],
        Kind::RunChanged => {
            let place = it.run.as_ref().map(place).unwrap_or_default();
            vec![
                format!("The dates or the place changed. It is now: {dates}. {place}."),
                "Ask whether they keep the booking, move to other dates, or cancel.".to_owned(),
            ]
        }
        Kind::NextWeek => {
            let place = it.run.as_ref().map(place).unwrap_or_default();
            vec![
                format!("Their course is soon: {dates}. {place}."),
                "Tell them how to join, or how to find us.".to_owned(),
                "Ask whether they are coming. They can move or cancel. That is fine.".to_owned(),
            ]
        }
        Kind::Tomorrow => vec![
            format!("A day of their course is tomorrow: {dates}."),
            "Tell them the time and how to join. They can keep the camera off.".to_owned(),
        ],
        Kind::NewJoiningLink => vec![
            format!("The joining link for {dates} is new."),
            "Tell them how to join with the new one.".to_owned(),
        ],
        Kind::RunCancelled => {
            let why = it.run.as_ref().and_then(|it| it.cancel_reason.clone());
            let sorry = format!("The course on {dates} cannot go ahead. We are sorry.");
            let next = "Offer them other dates. They go first there for a while.".to_owned();
            vec![Some(sorry), why, Some(next)].into_iter().flatten().collect()
        }
        Kind::Cancelled => vec![
            "Their booking is cancelled, as they asked.".to_owned(),
            "They are welcome to book again.".to_owned(),
        ],
        Kind::CancelledByTeam => vec![
            format!("We had to cancel their booking for {dates}."),
            "Tell them why. The reason is on the page of the booking.".to_owned(),
        ],
        Kind::Moved => vec![format!("Their booking is moved. The new dates are {dates}.")],
        Kind::BookingDetailsChanged => vec!["Their details were changed. Tell them so.".to_owned()],
        Kind::Feedback
        | Kind::NewDates
        | Kind::YourLinks
        | Kind::ConfirmNewDates
        | Kind::ConfirmAddress
        | Kind::ResumeDraft
        | Kind::LogInCode
        | Kind::Invited
        | Kind::NewLogIn
        | Kind::Trial
        | Kind::Missed
        | Kind::SecondStepReset
        | Kind::AccessChanged
        | Kind::Facilitation
        | Kind::RegisterSoon
        | Kind::RegisterLate
        | Kind::TodaysList
        | Kind::PhoneToday
        | Kind::CalledOff => Vec::new(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_mail_is_read_from_the_occasion() {
        assert_eq!(instead_of("booked-ev2"), Some(Kind::Booked));
        assert_eq!(instead_of("run_changed-change1"), Some(Kind::RunChanged));
        assert_eq!(instead_of("ev2"), None);
    }
}
