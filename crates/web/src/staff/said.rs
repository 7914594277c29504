//! What the team reads about a booking: states, history and mail in words (pages.md section 5).

use booking::{By, State};

use crate::outbox::Kind;
use crate::words;

/// The states by which bookings are picked out, with the words on pages.
pub(super) const STATES: [(&str, &str); 8] = [
    ("unconfirmed", "Email not confirmed"),
    ("booked", "Booked"),
    ("waiting", "Waiting"),
    ("offered", "Offered"),
    ("cancelled", "Cancelled"),
    ("moved", "Moved"),
    ("lapsed", "Not confirmed in time"),
    ("closed", "List closed"),
];

/// The words and the colour of a booking's tag.
pub(super) fn tag(state: State) -> (String, &'static str) {
    let plain = |text: &str, colour| (text.to_owned(), colour);
    match state {
        State::Unconfirmed { .. } => plain("Booked, email not confirmed", "yellow"),
        State::Booked => plain("Booked", "green"),
        State::Waiting => plain("Waiting", "blue"),
        State::Offered { until } => (format!("Offered, reply by {}", words::date_time(until)), "yellow"),
        State::Cancelled { by: By::Person } => plain("Cancelled", "grey"),
        State::Cancelled { by: By::Team } => plain("Cancelled by us", "grey"),
        State::Cancelled { by: By::RunCancelled } => plain("Course cancelled", "grey"),
        State::Moved { .. } => plain("Moved", "grey"),
        State::Lapsed => plain("Not confirmed in time", "grey"),
        State::Closed => plain("List closed", "grey"),
    }
}

/// One step of a history.
pub(super) fn event(name: &str, to: &str) -> &'static str {
    match name {
        "book" if to == "unconfirmed" => "Booked, email not confirmed",
        "book" => "Booked",
        "join" => "Joined the waiting list",
        "confirm" => "Confirmed",
        "accept" => "Said yes to the offer",
        "decline" => "Said no to the offer and stays on the list",
        "cancel" => "Cancelled",
        "run_cancelled" => "The course was cancelled",
        "run_began" => "The course began",
        "move" => "Moved to other dates",
        "keep" => "Keeps the booking after a change",
        "coming" => "Said that they are coming",
        "call_me" => "Asked for a call",
        "offer" => "A place was offered",
        "expire" => "Did not answer in time",
        "pause" => "Offers were paused",
        "resume" => "Offers go on",
        "note_asked" => "Asked by phone",
        "reorder" => "Has another place in the list",
        _ => "Something else",
    }
}

/// By which way somebody of the team or the person told us.
pub(super) fn channel(actor: &str, channel: &str) -> &'static str {
    match (actor, channel) {
        (_, "phone") => "by phone",
        (_, "email") => "by email",
        ("person", _) => "on the website",
        ("team", _) => "another way",
        _ => "",
    }
}

/// What a mail is for.
pub(super) fn mail(kind: &str) -> &'static str {
    let Some(kind) = Kind::named(kind) else {
        return "Another email";
    };
    match kind {
        Kind::ConfirmEmail => "Please confirm your email",
        Kind::ConfirmReminder => "Reminder to confirm",
        Kind::Booked => "You have a place",
        Kind::Lapsed => "Your booking was not confirmed",
        Kind::Waiting => "You are on the waiting list",
        Kind::Offer => "A place is free",
        Kind::OfferOver => "The offer is over",
        Kind::StillInterested => "Are you still interested?",
        Kind::ListClosed => "The waiting list has closed",
        Kind::NextWeek => "Your booking next week",
        Kind::Tomorrow => "Your booking tomorrow",
        Kind::NewJoiningLink => "The joining link is new",
        Kind::RunChanged => "The dates or the place changed",
        Kind::RunCancelled => "The course is cancelled",
        Kind::Cancelled => "Your booking is cancelled",
        Kind::CancelledByTeam => "We had to cancel your booking",
        Kind::Moved => "Your new dates",
        Kind::Missed => "We missed you",
        Kind::Feedback => "Your feedback, if you wish",
        Kind::NewDates => "New dates",
        Kind::YourLinks => "Your booking links",
        Kind::ConfirmNewDates => "Confirm for new dates",
        Kind::ConfirmAddress => "Confirm your new address",
        Kind::ResumeDraft => "Carry on with your booking",
        Kind::BookingDetailsChanged => "Your details changed",
        Kind::LogInCode => "Log in code",
        Kind::Invited => "Invitation to the team",
        Kind::NewLogIn => "New log in",
        Kind::SecondStepReset => "The second step was reset",
        Kind::Trial => "A test",
        Kind::AccessChanged => "Access changed",
        Kind::Facilitation => "Facilitation dates",
        Kind::RegisterSoon => "Register of a day that is near",
        Kind::RegisterLate => "Register that is late",
        Kind::TodaysList => "List of the day",
        Kind::PhoneToday => "A task that cannot wait",
        Kind::CalledOff => "Dates called off, to the team",
    }
}

/// What became of a mail.
pub(super) fn mail_state(state: &str) -> &'static str {
    match state {
        "sent" => "Sent",
        "failed" => "Could not be delivered",
        "suppressed" => "Not sent",
        "sending" => "Being sent",
        _ => "Waiting to be sent",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_state_has_a_word_to_pick_it_out() {
        let until = crate::public::manage::tests::before();
        let states = [
            State::Unconfirmed { until },
            State::Booked,
            State::Waiting,
            State::Offered { until },
            State::Cancelled { by: By::Team },
            State::Moved {
                to: ids::BookingId(uuid::Uuid::nil()),
            },
            State::Lapsed,
            State::Closed,
        ];
        let names = STATES.map(|(name, _)| name);
        assert_eq!(states.map(State::name), names);
    }

    #[test]
    fn every_step_and_mail_has_words() {
        for kind in Kind::ALL {
            assert_ne!(mail(kind.name()), "Another email", "{kind:?}");
        }
        for name in [
            "book", "join", "confirm", "accept", "decline", "cancel", "move", "expire",
        ] {
            assert_ne!(event(name, "booked"), "Something else", "{name}");
        }
    }
}
