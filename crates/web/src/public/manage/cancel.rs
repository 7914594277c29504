//! "Do you want to cancel your place?" No reason is asked, and the place goes on at once.

use axum::extract::State as Extracted;
use axum::http::StatusCode;
use axum::response::Response;
use booking::{Asked, Change, Refusal, State};

use super::call_us::{self, Why};
use super::question::Question;
use super::{CancelPath, Choice, Held, Row, Sent, days};
use crate::app::App;
use crate::error::Error;
use crate::forms::Fields;
use crate::links::Purpose;
use crate::visitor::Visitor;

pub(super) async fn ask(
    CancelPath { token }: CancelPath,
    Extracted(app): Extracted<App>,
    visitor: Visitor,
) -> Result<Response, Error> {
    let held = Held::open(&app, visitor, Purpose::Booking, &token).await?;
    if !held.record.state.is_live() {
        return Ok(held.go(""));
    }
    if held.has_begun(app.now()) {
        return call_us::answer(&app, StatusCode::OK, Why::Started, Some(held.path(""))).await;
    }
    question(&app, &held).show(&app).await
}

pub(super) async fn answer(
    CancelPath { token }: CancelPath,
    Extracted(app): Extracted<App>,
    visitor: Visitor,
    mut fields: Fields,
) -> Result<Response, Error> {
    let held = Held::open(&app, visitor, Purpose::Booking, &token).await?;
    let sent = Sent::of(&mut fields)?;
    let answer = fields.line("answer")?;
    fields.done()?;
    match answer.as_str() {
        "cancel" => cancel(&app, &held, &sent).await,
        "keep" => Ok(held.go("")),
        _ if !held.record.state.is_live() => Ok(held.go("")),
        _ => question(&app, &held).again().show(&app).await,
    }
}

fn question(app: &App, held: &Held) -> Question {
    let listed = matches!(held.record.state, State::Waiting | State::Offered { .. });
    let (heading, yes, no) = if listed {
        (
            "Do you want to leave the waiting list?",
            "Yes, take me off the list",
            "No, keep me on the list",
        )
    } else {
        (
            "Do you want to cancel your place?",
            "Yes, cancel my place",
            "No, keep my place",
        )
    };
    let freed: &[&str] = if held.record.state == State::Waiting {
        &[]
    } else {
        &["We will offer it to the next person straight away."]
    };
    let rows: Vec<Row> = days(&held.run.sessions);
    let choices = vec![Choice::new("cancel", yes), Choice::new("keep", no)];
    Question::new(app, heading, held.path("/cancel"), choices)
        .about(rows)
        .saying(&["You do not have to give a reason."])
        .saying(freed)
        .back_to(&held.path(""))
}

/// The questions to look at: for a place, for an entry in the list, and for an offer.
#[cfg(test)]
pub(super) fn samples(app: &App) -> Vec<Question> {
    use super::tests::{before, held};
    let until = before() + time::Duration::hours(24);
    [State::Booked, State::Waiting, State::Offered { until }]
        .map(|state| question(app, &held(state, true)))
        .to_vec()
}

/// Ends the booking; one that has ended stays as it is, and its page says how.
pub(super) async fn cancel(app: &App, held: &Held, sent: &Sent) -> Result<Response, Error> {
    let (run, change) = (held.record.run, Change::Cancel(held.record.id));
    let done = app
        .change(async |work| {
            let asked = Asked::by_person(change.clone());
            sent.once(&work, async { work.allocate(run, asked).await.map(|_| ()) })
                .await
        })
        .await;
    match done {
        Err(Error::Refused(Refusal::RunStarted)) => {
            call_us::answer(app, StatusCode::CONFLICT, Why::Started, Some(held.path(""))).await
        }
        Ok(()) | Err(Error::Refused(_)) => Ok(held.go("")),
        Err(error) => Err(error),
    }
}
