//! "Are you still interested?", after two offers without an answer: offers go on, or the entry ends.

use axum::extract::State as Extracted;
use axum::response::Response;
use booking::{Asked, Change, State};

use super::question::Question;
use super::{Choice, Held, Sent, StillInterestedPath, cancel, days};
use crate::app::App;
use crate::error::Error;
use crate::forms::Fields;
use crate::links::Purpose;
use crate::visitor::Visitor;

pub(super) async fn ask(
    StillInterestedPath { token }: StillInterestedPath,
    Extracted(app): Extracted<App>,
    visitor: Visitor,
) -> Result<Response, Error> {
    let held = Held::open(&app, visitor, Purpose::Booking, &token).await?;
    if is_asked(&held) {
        question(&app, &held).show(&app).await
    } else {
        Ok(held.go(""))
    }
}

pub(super) async fn answer(
    StillInterestedPath { token }: StillInterestedPath,
    Extracted(app): Extracted<App>,
    visitor: Visitor,
    mut fields: Fields,
) -> Result<Response, Error> {
    let held = Held::open(&app, visitor, Purpose::Booking, &token).await?;
    let sent = Sent::of(&mut fields)?;
    let answer = fields.line("answer")?;
    fields.done()?;
    match answer.as_str() {
        "yes" if is_asked(&held) => resume(&app, &held, &sent).await,
        "yes" => Ok(held.go("")),
        "no" => cancel::cancel(&app, &held, &sent).await,
        _ if !is_asked(&held) => Ok(held.go("")),
        _ => question(&app, &held).again().show(&app).await,
    }
}

fn is_asked(held: &Held) -> bool {
    held.record.state == State::Waiting && held.record.paused
}

fn question(app: &App, held: &Held) -> Question {
    let choices = vec![
        Choice::new("yes", "Yes, keep me on the list"),
        Choice::new("no", "No, take me off the list"),
    ];
    Question::new(
        app,
        "Are you still interested?",
        held.path("/still-interested"),
        choices,
    )
    .about(days(&held.run.sessions))
    .saying(&[
        "We held a place for you more than once and did not hear from you. That is fine.",
        "You are still on the list. We will not offer you another place until you tell us.",
    ])
    .back_to(&held.path(""))
}

/// The question to look at.
#[cfg(test)]
pub(super) fn samples(app: &App) -> Vec<Question> {
    vec![question(app, &super::tests::held(State::Waiting, true))]
}

async fn resume(app: &App, held: &Held, sent: &Sent) -> Result<Response, Error> {
    let (run, change) = (held.record.run, Change::Resume(held.record.id));
    let done = app
        .change(async |work| {
            let asked = Asked::by_person(change.clone());
            sent.once(&work, async { work.allocate(run, asked).await.map(|_| ()) })
                .await
        })
        .await;
    match done {
        Ok(()) | Err(Error::Refused(_)) => Ok(held.go("")),
        Err(error) => Err(error),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::public::manage::tests as sample;

    #[test]
    fn only_an_entry_that_gets_no_offers_is_asked() {
        let mut held = sample::held(State::Waiting, true);
        assert!(!is_asked(&held));
        held.record.paused = true;
        assert!(is_asked(&held));
        held.record.state = State::Booked;
        assert!(!is_asked(&held));
    }
}
