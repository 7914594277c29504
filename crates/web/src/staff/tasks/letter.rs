//! A letter to print, in place of a mail that cannot be sent (B-90).

use axum::extract::State as Extracted;
use axum::response::Response;
use axum_extra::routing::TypedPath;
use booking::{State, bookings, london};
use serde::Serialize;

use super::{Found, LetterPath, TaskPath, TasksPath, say};
use crate::app::App;
use crate::error::Error;
use crate::outbox::Kind;
use crate::pages::Page;
use crate::sign_in::SignedIn;
use crate::staff::Shell;
use crate::tasks::TaskKind;
use crate::words;

/// The page of the letter, if the task can be done by one.
pub(super) fn path(it: &Found) -> Option<String> {
    let task = it.task.id.to_string();
    (!paragraphs(it, "").is_empty()).then(|| LetterPath { task }.to_string())
}

pub(super) async fn show(
    it: LetterPath,
    Extracted(app): Extracted<App>,
    me: SignedIn,
) -> Result<Response, Error> {
    let found = Found::named(app.reader(), &me, &it.task).await?;
    let mut reason = String::new();
    if let Some(booking) = &found.booking {
        let history = bookings::history(app.reader(), booking.id).await?;
        let cancelled = history.into_iter().rev().find(|it| it.event == "cancel");
        reason = cancelled.and_then(|it| it.reason).unwrap_or_default();
    }
    let shell = Shell::of(&app, &me, TasksPath::PATH).await?;
    let page = LetterPage::of(&found, &reason, app.now(), shell).ok_or(Error::NotFound)?;
    app.page(&page).await
}

/// What the letter says; nothing where there is nothing to tell in one. `reason` is why the team cancelled.
fn paragraphs(it: &Found, reason: &str) -> Vec<String> {
    let is_letter = matches!(it.kind, Some(TaskKind::PhoneOrLetter | TaskKind::PhoneOffer));
    let kind = say::instead_of(&it.task.occasion).filter(|_| is_letter && it.person.is_some());
    let dates = it.dates();
    let lines = match kind {
        Some(Kind::ConfirmEmail) => vec![
            format!("You have a place on {dates}."),
            "Please call us soon, so that we can confirm your booking. If you did not book, please tell us too.".to_owned(),
        ],
        Some(Kind::Booked) => vec![
            format!("You have a place on {dates}."),
            "Do you need to change or cancel? That is fine, no reason needed. Please call us.".to_owned(),
        ],
        Some(Kind::Waiting) => vec![
            format!("You are on the waiting list for {dates}."),
            "If a place comes up, we will call you or write to you, and hold it for you.".to_owned(),
        ],
        Some(Kind::Offer) => vec![format!("A place has come up on {dates}. Would you like it?"), answer_by(it)],
        Some(Kind::OfferOver) => vec![
            "We did not hear from you in time, so we offered the place to someone else.".to_owned(),
            format!("You did nothing wrong. You are still on the waiting list for {dates}."),
        ],
        Some(Kind::StillInterested) => vec![
            "We offered you a place twice and did not hear from you.".to_owned(),
            "Would you like to stay on the waiting list? Please call us.".to_owned(),
        ],
        Some(Kind::Lapsed) => vec![
            "We did not hear from you in time, so we offered the place to the next person.".to_owned(),
            "You did nothing wrong. You are welcome to book again.".to_owned(),
        ],
        Some(Kind::ListClosed) => vec![
            format!("The course on {dates} has begun, and no place came up. We are sorry."),
            "Please call us. We will tell you the next dates.".to_owned(),
        ],
        Some(Kind::RunChanged) => vec![
            format!("The dates or the place of your course changed. It is now on {dates}."),
            "Please call us, and tell us whether that is good for you. You can also move to other dates, or cancel.".to_owned(),
        ],
        Some(Kind::NextWeek) => vec![
            format!("Your course is soon: {dates}. We are looking forward to meeting you."),
            "Would you like to know how to join or how to find us? Please call us.".to_owned(),
            "Do you need to move or cancel? That is fine, no reason needed.".to_owned(),
        ],
        Some(Kind::RunCancelled) => {
            let why = it.run.as_ref().and_then(|it| it.cancel_reason.clone());
            vec![
                format!("We are sorry. The course on {dates} cannot go ahead."),
                why.unwrap_or_default(),
                "Please call us. We will find other dates with you.".to_owned(),
            ]
        }
        Some(Kind::Cancelled) => vec![
            format!("Your booking for {dates} is cancelled. Thank you for letting us know."),
            "You are welcome to book again.".to_owned(),
        ],
        Some(Kind::CancelledByTeam) => vec![
            format!("We had to cancel your booking for {dates}."),
            reason.to_owned(),
            "Please call us if you have questions.".to_owned(),
        ],
        Some(Kind::Moved) => vec![format!("Your booking is moved. Your new dates are {dates}.")],
        Some(Kind::BookingDetailsChanged) => {
            vec!["Your details with us were changed. If you did not ask for that, please call us.".to_owned()]
        }
        Some(
            // No letter arrives before tomorrow, and no link is typed from paper.
            Kind::Tomorrow
            | Kind::NewJoiningLink
            | Kind::Missed
            | Kind::ConfirmReminder
            | Kind::Feedback
            | Kind::NewDates
            | Kind::YourLinks
            | Kind::ConfirmNewDates
            | Kind::ConfirmAddress
            | Kind::ResumeDraft
            | Kind::LogInCode
            | Kind::Invited
            | Kind::NewLogIn
            | Kind::SecondStepReset
            | Kind::Trial
            | Kind::AccessChanged
            | Kind::Facilitation
            | Kind::RegisterSoon
            | Kind::RegisterLate
            | Kind::TodaysList
            | Kind::PhoneToday
            | Kind::CalledOff,
        )
        | None => Vec::new(),
    };
    lines.into_iter().filter(|it| !it.is_empty()).collect()
}

fn answer_by(it: &Found) -> String {
    match it.booking.as_ref().map(|it| it.state) {
        Some(State::Offered { until }) => {
            format!(
                "Please call us by {}. If you would rather not, that is fine.",
                words::date_time(until)
            )
        }
        _ => "Please call us. If you would rather not, that is fine.".to_owned(),
    }
}

#[derive(Clone, Debug, Serialize)]
struct LetterPage {
    heading: String,
    task_url: String,
    /// Name and address, as they stand on the letter.
    to: String,
    today: String,
    called: String,
    paragraphs: Vec<String>,
    days: Vec<String>,
    place: String,
    reference: String,
    shell: Shell,
}

impl LetterPage {
    fn of(found: &Found, reason: &str, now: ids::Ts, shell: Shell) -> Option<Self> {
        let person = found.person.as_ref()?;
        let paragraphs = paragraphs(found, reason);
        if paragraphs.is_empty() {
            return None;
        }
        let address = person.post_address.clone().unwrap_or_default();
        let live = found.booking.as_ref().is_some_and(|it| it.state.is_live());
        let run = found.run.as_ref().filter(|_| live);
        Some(Self {
            heading: format!("Letter to {}", person.full_name),
            task_url: TaskPath::of(&found.task),
            to: format!("{}\n{address}", person.full_name).trim_end().to_owned(),
            today: words::date(london::local(now).0),
            called: person.called(),
            paragraphs,
            days: run
                .map(|it| it.sessions.iter().map(words::day).collect())
                .unwrap_or_default(),
            place: run.map(words::place).unwrap_or_default(),
            reference: found
                .booking
                .as_ref()
                .map(|it| it.reference.clone())
                .unwrap_or_default(),
            shell,
        })
    }
}

impl Page for LetterPage {
    const TEMPLATE: &'static str = "pages/staff/tasks/letter.html";

    #[cfg(test)]
    fn samples() -> Vec<Self> {
        let now = crate::public::manage::tests::before();
        let letter = |it: &Found| Self::of(it, "We have no room.", now, Shell::sample());
        super::one::samples::every().iter().filter_map(letter).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::super::one::samples::of;
    use super::*;

    #[test]
    fn pages_hold() {
        crate::pages_test::check::<LetterPage>();
    }

    #[test]
    fn there_is_a_letter_for_what_a_mail_would_tell() {
        let wrote = |kind, occasion| path(&of(kind, occasion)).is_some();
        assert!(wrote(TaskKind::PhoneOrLetter, "booked-ev2"));
        assert!(wrote(TaskKind::PhoneOffer, "offer-ev2"));
        assert!(!wrote(TaskKind::PreCourseCall, "ev2"));
        assert!(!wrote(TaskKind::PhoneList, "ev2"));
    }

    #[test]
    fn a_letter_about_a_cancelled_booking_says_why() {
        let lines = paragraphs(
            &of(TaskKind::PhoneOrLetter, "cancelled_by_team-ev3"),
            "We have no room.",
        );
        assert_eq!(lines.get(1).map(String::as_str), Some("We have no room."));
    }
}
