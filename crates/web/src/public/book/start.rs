//! The first question, and the page for dates that nobody can book now.

use axum::http::StatusCode;
use axum::response::{IntoResponse, Redirect, Response};
use booking::calendar::{self, RunDates};
use booking::{Availability, allocator};
use serde::Serialize;
use uuid::Uuid;

use super::answers::{Answers, Press, Question, Step, You};
use super::dates::{self, DateChoice};
use super::draft::{self, Kind, run_path};
use super::question::{Asked, QuestionPage};
use super::{BookPath, SavedPath, WaitPath};
use crate::app::App;
use crate::error::Error;
use crate::forms::{AGAIN, Fields};
use crate::pages::Page;
use crate::words;

/// Shows the first question, or why it cannot be asked now.
pub(super) async fn show(app: &App, kind: Kind, course: &str, run: &str) -> Result<Response, Error> {
    let (run, availability) = found(app, course, run).await?;
    match ClosedPage::of(app, kind, &run, availability, You::default()).await? {
        Some(closed) => app.page(&closed).await,
        None => app.page(&page(app, kind, &run, You::default())).await,
    }
}

/// Reads the first question and opens a draft.
pub(super) async fn take(
    app: &App,
    kind: Kind,
    course: &str,
    run: &str,
    mut fields: Fields,
) -> Result<Response, Error> {
    let (press, op) = (Press::read(&mut fields)?, fields.op()?);
    let mut form = You::read(&mut fields)?;
    fields.done()?;
    let (run, availability) = found(app, course, run).await?;
    form.judge(press);
    if !form.problems().is_empty() {
        return app.page_with(AGAIN, &page(app, kind, &run, form)).await;
    }
    if let Some(closed) = ClosedPage::of(app, kind, &run, availability, form.clone()).await? {
        return app.page_with(StatusCode::CONFLICT, &closed).await;
    }
    let answers = Answers {
        you: form,
        ..Answers::default()
    };
    let save = press == Press::Save;
    let begun = app
        .change(async |work| {
            work.once(
                op.as_deref(),
                fields.content(),
                draft::begin(&work, run.id, kind, &answers, save),
            )
            .await
        })
        .await;
    if matches!(begun, Err(Error::OtherContent)) {
        // An old page from the browser's memory: nothing is lost, one more press sends it (B-12).
        return app
            .page_with(StatusCode::CONFLICT, &page(app, kind, &run, answers.you))
            .await;
    }
    let id: Uuid = begun?.parse().map_err(Error::fault)?;
    let draft = draft::token_of(app, id);
    let next = if save {
        SavedPath { draft }.to_string()
    } else {
        draft::path(&draft, answers.open())
    };
    Ok(Redirect::to(&next).into_response())
}

async fn found(app: &App, course: &str, run: &str) -> Result<(RunDates, Availability), Error> {
    let run = calendar::run_named(app.reader(), course, run)
        .await?
        .ok_or(Error::NotFound)?;
    let snapshot = allocator::snapshot(app.reader(), run.id)
        .await?
        .ok_or(Error::NotFound)?;
    let availability = snapshot.availability(app.now());
    Ok((run, availability))
}

fn page(app: &App, kind: Kind, run: &RunDates, form: You) -> QuestionPage<You> {
    QuestionPage {
        caption: kind.caption(run, Step::You),
        back_url: run_path(run),
        action: start_path(kind, run),
        op: app.secrets().op(),
        errors: form.problems(),
        choices: form.choices(),
        form,
    }
}

/// The address of the first question.
fn start_path(kind: Kind, run: &RunDates) -> String {
    let (course, run) = (run.course_code.clone(), run.slug.clone());
    match kind {
        Kind::Book => BookPath { course, run }.to_string(),
        Kind::Wait => WaitPath { course, run }.to_string(),
    }
}

/// Why the form cannot be filled in for these dates now, and what can be done instead.
#[derive(Clone, Debug, Serialize)]
struct ClosedPage {
    heading: &'static str,
    dates: String,
    sentences: Vec<String>,
    back_url: String,
    /// What can be done for these dates: the words of a button and where it leads.
    act: &'static str,
    act_url: String,
    op: String,
    /// Typed already: sent on with the button, so that nobody types it twice.
    you: You,
    /// Other dates with places.
    others: Vec<DateChoice>,
}

impl ClosedPage {
    async fn of(
        app: &App,
        kind: Kind,
        run: &RunDates,
        availability: Availability,
        you: You,
    ) -> Result<Option<Self>, Error> {
        let Some((heading, sentences, instead)) = closed(kind, run, availability) else {
            return Ok(None);
        };
        Ok(Some(Self {
            heading,
            dates: words::dates(&run.sessions),
            sentences,
            back_url: run_path(run),
            act: match instead {
                Some(Kind::Book) => "Book a place",
                Some(Kind::Wait) => "Join the waiting list",
                None => "",
            },
            act_url: instead.map(|it| start_path(it, run)).unwrap_or_default(),
            op: app.secrets().op(),
            you,
            others: dates::with_places(app, run).await?,
        }))
    }
}

/// Why these dates cannot be booked, or their list not joined, and what can be done instead.
fn closed(
    kind: Kind,
    run: &RunDates,
    availability: Availability,
) -> Option<(&'static str, Vec<String>, Option<Kind>)> {
    let said = |text: &[&str]| text.iter().map(|it| (*it).to_owned()).collect::<Vec<_>>();
    Some(match (kind, availability) {
        (Kind::Book, Availability::Open | Availability::Few(_))
        | (Kind::Wait, Availability::Full { waiting_list: true }) => return None,
        (Kind::Wait, Availability::Open | Availability::Few(_)) => {
            let text = [
                "A place is free on these dates, so you do not need to wait.",
                "You can book it now.",
            ];
            ("A place is free", said(&text), Some(Kind::Book))
        }
        (Kind::Book, Availability::Full { waiting_list: true }) => {
            let text = [
                "All places are taken. You can join the waiting list.",
                "If a place comes up we will email or call you and hold it for you.",
            ];
            ("These dates are full", said(&text), Some(Kind::Wait))
        }
        (_, Availability::Full { waiting_list: false }) => {
            let text = "All places are taken. There is no waiting list for these dates.";
            ("These dates are full", said(&[text]), None)
        }
        (_, Availability::OpensSoon(opens)) => {
            let text = format!("You can book from {}.", words::date_time(opens));
            ("Booking has not opened yet", vec![text], None)
        }
        (_, Availability::Closed) => {
            let text =
                "You cannot book these dates online any more. Please call us if you still want to come.";
            ("Booking has closed", said(&[text]), None)
        }
        (_, Availability::Cancelled) => {
            let reason = run.cancel_reason.clone().into_iter();
            let text = said(&["We are sorry. You can choose other dates."]);
            ("These dates cannot go ahead", reason.chain(text).collect(), None)
        }
        (_, Availability::Finished) => (
            "These dates are over",
            said(&["You can choose other dates."]),
            None,
        ),
    })
}

impl Page for ClosedPage {
    const TEMPLATE: &'static str = "pages/book/closed.html";

    #[cfg(test)]
    fn samples() -> Vec<Self> {
        let run = dates::samples::run();
        let every = [
            (Kind::Book, Availability::Full { waiting_list: true }),
            (Kind::Book, Availability::Full { waiting_list: false }),
            (Kind::Wait, Availability::Few(1)),
            (Kind::Book, Availability::OpensSoon(run.opens_at)),
            (Kind::Book, Availability::Closed),
            (Kind::Wait, Availability::Cancelled),
            (Kind::Book, Availability::Finished),
        ];
        let page = |(kind, availability)| {
            let (heading, sentences, instead): (_, _, Option<Kind>) =
                closed(kind, &run, availability).unwrap();
            Self {
                heading,
                dates: words::dates(&run.sessions),
                sentences,
                back_url: run_path(&run),
                act: if instead.is_some() {
                    "Join the waiting list"
                } else {
                    ""
                },
                act_url: instead.map(|it| start_path(it, &run)).unwrap_or_default(),
                op: "00112233445566778899aabbccddeeff".to_owned(),
                you: You::default(),
                others: Vec::new(),
            }
        };
        let mut pages: Vec<Self> = every.into_iter().map(page).collect();
        let typed = super::answers::samples::complete().you;
        pages.push(Self {
            you: typed,
            others: dates::samples::choices(),
            ..pages[0].clone()
        });
        pages
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pages_hold() {
        crate::pages_test::check::<ClosedPage>();
    }
}
