//! Copies of mail for whoever booked for the person, until the person ends them (B-105).

use axum::response::Response;
use booking::allocator;
use serde::Serialize;

use super::{Held, saved, tell_owner};
use crate::app::App;
use crate::audit::{Act, Doer};
use crate::error::Error;
use crate::forms::{AGAIN, Answer, Fields, Problem, problems};
use crate::pages::Page;
use crate::public::manage::{CHOOSE_ONE, Choice, Facts, Sent};

/// The answer that ends them.
const STOP: &str = "stop";
/// The answer that changes nothing.
const KEEP: &str = "keep";

#[derive(Clone, Debug, Serialize)]
pub(super) struct CopiesPage {
    booking: Facts,
    op: String,
    choices: [Choice; 2],
    answer: Answer,
    errors: Vec<Problem>,
}

impl CopiesPage {
    fn with(booking: Facts, op: String, answer: Answer) -> Self {
        Self {
            booking,
            op,
            choices: [
                Choice::new(STOP, "Yes, stop the copies"),
                Choice::new(KEEP, "No, they can go on"),
            ],
            errors: problems([("answer", &answer)]),
            answer,
        }
    }
}

/// The question; who gets no copies has none.
pub(super) async fn show(app: &App, held: &Held) -> Result<Response, Error> {
    if !held.record.copy_permission {
        return Ok(held.go("/details"));
    }
    let page = CopiesPage::with(held.facts(), app.secrets().op(), Answer::default());
    app.page(&page).await
}

pub(super) async fn change(
    app: &App,
    held: &Held,
    mut fields: Fields,
    sent: &Sent,
) -> Result<Response, Error> {
    let mut answer = Answer::new(fields.line("answer")?);
    fields.done()?;
    if answer.value == KEEP {
        return Ok(held.go("/details"));
    }
    if answer.value != STOP {
        answer = Answer::default();
        answer.refuse(CHOOSE_ONE);
        let page = CopiesPage::with(held.facts(), app.secrets().op(), answer);
        return app.page_with(AGAIN, &page).await;
    }
    let (id, person) = (held.record.id, held.record.person);
    app.change(async |work| {
        sent.once(&work, async {
            allocator::stop_copies(work.tx(), id).await?;
            work.note(Act {
                doer: Doer::Person(person),
                what: "copies_stopped",
                about: ("booking", id.0.to_string()),
                whose: Some(person),
                reason: None,
            });
            tell_owner(&work, held).await
        })
        .await
    })
    .await?;
    Ok(saved(held))
}

impl Page for CopiesPage {
    const TEMPLATE: &'static str = "pages/manage/details/copies.html";

    #[cfg(test)]
    fn samples() -> Vec<Self> {
        let page = |answer| {
            let booking = crate::public::manage::sample_facts(true);
            Self::with(booking, "00".to_owned(), answer)
        };
        let mut unsaid = Answer::default();
        unsaid.refuse(CHOOSE_ONE);
        vec![page(Answer::default()), page(unsaid)]
    }
}
