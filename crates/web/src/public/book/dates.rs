//! Other dates for a form on its way: chosen freely, or because these cannot be booked any more.

use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Redirect, Response};
use booking::calendar::{self, RunDates};
use booking::{Refusal, allocator};
use serde::Serialize;

use super::answers::Step;
use super::draft::{self, Draft, Kind};
use super::{BookPath, DatesPath, send};
use crate::app::App;
use crate::error::{Error, refusal_words};
use crate::forms::{AGAIN, Answer, Fields, Problem, problems};
use crate::pages::Page;
use crate::public::manage::other_dates::{self, Wanted};
use crate::visitor::Visitor;
use crate::words;

/// Dates that somebody can choose.
#[derive(Clone, Debug, Serialize)]
pub(super) struct DateChoice {
    /// The word for them in addresses.
    value: String,
    text: String,
    hint: String,
    /// Where a form for them begins.
    url: String,
}

/// The dates of the same course that have places, other than these.
pub(super) async fn with_places(app: &App, but: &RunDates) -> Result<Vec<DateChoice>, Error> {
    let others = other_dates::open(app.reader(), but, app.now()).await?;
    let listed = others
        .iter()
        .filter_map(|(run, told)| Some(choice(run, &other_dates::places(*told, Wanted::Place)?)));
    Ok(listed.collect())
}

fn choice(run: &RunDates, places: &str) -> DateChoice {
    let url = BookPath {
        course: run.course_code.clone(),
        run: run.slug.clone(),
    };
    DateChoice {
        value: run.slug.clone(),
        text: words::dates(&run.sessions),
        hint: format!(
            "{}. {}. {places}",
            words::all_hours(&run.sessions),
            words::place(run)
        ),
        url: url.to_string(),
    }
}

pub(super) async fn show(it: DatesPath, State(app): State<App>, visitor: Visitor) -> Result<Response, Error> {
    match draft::unsent(&app, visitor, &it.draft).await? {
        Ok(draft) => app.page(&DatesPage::of(&app, &draft, None, false).await?).await,
        Err(elsewhere) => Ok(elsewhere),
    }
}

/// Takes the answers over to other dates, or to the waiting list of these.
pub(super) async fn take(
    it: DatesPath,
    State(app): State<App>,
    visitor: Visitor,
    mut fields: Fields,
) -> Result<Response, Error> {
    // Choosing the same dates twice is choosing them once: the number of the form is not needed.
    let (slug, _) = (fields.line("run")?, fields.op()?);
    fields.done()?;
    let mut draft = match draft::unsent(&app, visitor, &it.draft).await? {
        Ok(draft) => draft,
        Err(elsewhere) => return Ok(elsewhere),
    };
    if slug.is_empty() {
        let page = DatesPage::of(&app, &draft, None, false).await?.without_choice();
        return app.page_with(AGAIN, &page).await;
    }
    let run = calendar::run_named(app.reader(), &draft.run.course_code, &slug)
        .await?
        .ok_or(Error::NotFound)?;
    // Only who chose to wait is put on a list: other dates that filled up meanwhile are said to be full.
    let kinds: &[Kind] = if run.id == draft.run.id {
        &[Kind::Book, Kind::Wait]
    } else {
        &[Kind::Book]
    };
    let snapshot = allocator::snapshot(app.reader(), run.id)
        .await?
        .ok_or(Error::NotFound)?;
    let Some(kind) = kinds
        .iter()
        .find(|it| send::would(&snapshot, **it, app.now()).is_ok())
    else {
        if run.id == draft.run.id {
            return refused(&app, &draft, Refusal::NoPlace, false).await;
        }
        let page = DatesPage::without(&app, &draft, &run).await?;
        return app.page_with(StatusCode::CONFLICT, &page).await;
    };
    (draft.run, draft.kind) = (run, *kind);
    draft.keep(&app).await?;
    Ok(Redirect::to(&draft.path(draft.answers.open())).into_response())
}

/// The answer to a form that was refused: why, and what can be done with the same answers.
pub(super) async fn refused(app: &App, draft: &Draft, why: Refusal, stated: bool) -> Result<Response, Error> {
    app.page_with(
        StatusCode::CONFLICT,
        &DatesPage::of(app, draft, Some(why), stated).await?,
    )
    .await
}

/// What can be done when dates cannot be booked, or other dates are wanted.
#[derive(Clone, Debug, Serialize)]
pub(super) struct DatesPage {
    heading: &'static str,
    sentences: Vec<String>,
    back_url: String,
    /// The dates that the form is for, when they can still be had.
    keep: Option<Keep>,
    /// The other thing that can be done for the same dates, in one press.
    instead: Option<Instead>,
    action: String,
    op: String,
    others: Vec<DateChoice>,
    run: Answer,
    errors: Vec<Problem>,
}

/// A link to go on with the same dates.
#[derive(Clone, Debug, Serialize)]
struct Keep {
    text: String,
    url: String,
}

/// A form of one button.
#[derive(Clone, Debug, Serialize)]
struct Instead {
    heading: &'static str,
    text: &'static str,
    button: &'static str,
    action: String,
    op: String,
    hidden: Vec<Hidden>,
}

#[derive(Clone, Debug, Serialize)]
struct Hidden {
    name: &'static str,
    value: String,
}

impl DatesPage {
    /// `stated` says that both statements of the check page were made: then the other thing is done
    /// with one press. Without them the press leads to that page.
    pub(super) async fn of(
        app: &App,
        draft: &Draft,
        why: Option<Refusal>,
        stated: bool,
    ) -> Result<Self, Error> {
        let snapshot = allocator::snapshot(app.reader(), draft.run.id)
            .await?
            .ok_or(Error::NotFound)?;
        let other = match draft.kind {
            Kind::Book => Kind::Wait,
            Kind::Wait => Kind::Book,
        };
        let can = why.is_some() && send::would(&snapshot, other, app.now()).is_ok();
        let (heading, sentences) = said(why, &draft.run);
        Ok(Self {
            heading,
            sentences,
            back_url: draft.path(if why.is_some() { Step::Support } else { Step::Check }),
            keep: None,
            instead: can.then(|| Instead::of(draft, other, stated, app.secrets().op())),
            action: DatesPath {
                draft: draft.token.clone(),
            }
            .to_string(),
            op: app.secrets().op(),
            others: with_places(app, &draft.run).await?,
            run: Answer::default(),
            errors: Vec::new(),
        })
    }

    /// Other dates, freely chosen, cannot be had any more. The form is still for its own dates, which may be
    /// gone too.
    async fn without(app: &App, draft: &Draft, gone: &RunDates) -> Result<Self, Error> {
        let own = allocator::snapshot(app.reader(), draft.run.id)
            .await?
            .ok_or(Error::NotFound)?;
        let why = send::would(&own, draft.kind, app.now()).err();
        Ok(Self::of(app, draft, why, false)
            .await?
            .after(gone, draft, why.is_none()))
    }

    /// Names the dates that went, and those that the answers are for.
    fn after(mut self, gone: &RunDates, draft: &Draft, can_keep: bool) -> Self {
        let went = format!(
            "You cannot have {} now. Someone may have taken the last place. We are sorry.",
            words::dates(&gone.sessions)
        );
        if can_keep {
            let dates = words::dates(&draft.run.sessions);
            self.heading = "Those dates have gone";
            self.sentences = vec![went, format!("Your answers are still for {dates}.")];
            self.keep = Some(Keep {
                text: format!("Go on with {dates}"),
                url: draft.path(Step::Check),
            });
        } else {
            self.sentences.insert(0, went);
        }
        self
    }

    fn without_choice(mut self) -> Self {
        self.run.refuse("Choose one answer");
        // Without other dates there is no field to point to.
        self.errors = if self.others.is_empty() {
            Vec::new()
        } else {
            problems([("run", &self.run)])
        };
        self
    }
}

impl Instead {
    fn of(draft: &Draft, kind: Kind, stated: bool, op: String) -> Self {
        let (heading, text, button) = match kind {
            Kind::Book => (
                "Book a place on these dates",
                "Your answers are safe.",
                "Book a place",
            ),
            Kind::Wait => (
                "Join the waiting list",
                "If a place comes up we will email or call you and hold it for you.",
                "Join the waiting list",
            ),
        };
        let token = draft.token.clone();
        let field = |name, value: &str| Hidden {
            name,
            value: value.to_owned(),
        };
        let (action, hidden) = if stated {
            let hidden = vec![
                field("over_18", "yes"),
                field("agreed", "yes"),
                field("kind", kind.name()),
            ];
            (draft.path(Step::Check), hidden)
        } else {
            (
                DatesPath { draft: token }.to_string(),
                vec![field("run", &draft.run.slug)],
            )
        };
        Self {
            heading,
            text,
            button,
            action,
            op,
            hidden,
        }
    }
}

/// The heading and the sentences under it.
fn said(why: Option<Refusal>, run: &RunDates) -> (&'static str, Vec<String>) {
    let dates = words::dates(&run.sessions);
    match why {
        None => {
            let now = format!("Your answers are for {dates}. You can use them for other dates.");
            ("Choose other dates", vec![now])
        }
        Some(Refusal::NoPlace) => (
            "The last place has gone",
            vec![
                "Someone took the last place while you were booking. We are sorry. Your answers are safe. You can:"
                    .to_owned(),
            ],
        ),
        Some(Refusal::PlacesFree) => {
            let free = format!("You do not need to wait for {dates}. You can:");
            ("A place is free now", vec![free])
        }
        Some(other) => {
            let mut said: Vec<String> = refusal_words(other).iter().map(|it| (*it).to_owned()).collect();
            said.push("Your answers are safe. You can:".to_owned());
            ("You cannot book these dates now", said)
        }
    }
}

impl Page for DatesPage {
    const TEMPLATE: &'static str = "pages/book/dates.html";

    #[cfg(test)]
    fn samples() -> Vec<Self> {
        let refusals = [
            None,
            Some(Refusal::NoPlace),
            Some(Refusal::PlacesFree),
            Some(Refusal::BookingClosed),
        ];
        let page = |why| {
            let (heading, sentences) = said(why, &samples::run());
            let kind = if why == Some(Refusal::PlacesFree) {
                Kind::Book
            } else {
                Kind::Wait
            };
            let stated = why == Some(Refusal::NoPlace);
            let op = "00112233445566778899aabbccddeeff".to_owned();
            Self {
                heading,
                sentences,
                back_url: "/book/x/check".to_owned(),
                keep: None,
                instead: why.map(|_| Instead::of(&samples::draft(), kind, stated, op.clone())),
                action: "/book/x/dates".to_owned(),
                op,
                others: samples::choices(),
                run: Answer::default(),
                errors: Vec::new(),
            }
        };
        let mut pages: Vec<Self> = refusals.into_iter().map(page).collect();
        pages.push(pages[0].clone().without_choice());
        let gone = RunDates {
            sessions: samples::run().sessions.into_iter().take(1).collect(),
            ..samples::run()
        };
        for (at, can_keep) in [(0, true), (1, false)] {
            pages.push(pages[at].clone().after(&gone, &samples::draft(), can_keep));
        }
        pages.push(Self {
            others: Vec::new(),
            instead: None,
            ..pages[3].clone()
        });
        pages.push(
            Self {
                others: Vec::new(),
                ..pages[0].clone()
            }
            .without_choice(),
        );
        pages
    }
}

#[cfg(test)]
pub(super) mod samples {
    use super::super::answers::samples::complete;
    use super::*;
    use booking::calendar::{Delivery, Meeting};
    use booking::london;
    use ids::{CourseId, RunId, SessionId};
    use time::macros::{date, time};
    use uuid::Uuid;

    /// Two mornings in January.
    pub(in crate::public::book) fn run() -> RunDates {
        let meeting = |idx, date| Meeting {
            id: SessionId(Uuid::nil()),
            idx,
            date,
            start: time!(10:00),
            end: time!(13:00),
            starts_at: london::in_london(date, time!(10:00)),
            ends_at: london::in_london(date, time!(13:00)),
            break_minutes: 15,
        };
        RunDates {
            id: RunId(Uuid::nil()),
            course: CourseId(Uuid::nil()),
            course_code: "intro".to_owned(),
            course_title: "Introduction to peer support".to_owned(),
            slug: "2027-01-26".to_owned(),
            label: "Mornings".to_owned(),
            delivery: Delivery::Online,
            venue: None,
            join_url: None,
            opens_at: london::in_london(date!(2026 - 12 - 01), time!(9:00)),
            closes_at: london::in_london(date!(2027 - 01 - 25), time!(12:00)),
            change_no: 0,
            cancel_reason: Some("A trainer is ill.".to_owned()),
            cancelled_at: None,
            sessions: vec![
                meeting(1, date!(2027 - 01 - 26)),
                meeting(2, date!(2027 - 01 - 27)),
            ],
            before_change: calendar::Before::default(),
        }
    }

    pub(in crate::public::book) fn choices() -> Vec<DateChoice> {
        let later = RunDates {
            slug: "2027-01-26-2".to_owned(),
            sessions: run().sessions.into_iter().take(1).collect(),
            ..run()
        };
        vec![
            choice(&run(), "3 places left"),
            choice(&later, "Places available"),
        ]
    }

    pub(in crate::public::book) fn draft() -> Draft {
        Draft {
            id: Uuid::nil(),
            token: "x".repeat(43),
            run: run(),
            kind: Kind::Book,
            answers: complete(),
            ends_at: run().closes_at,
            booking: None,
            receipt: None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pages_hold() {
        crate::pages_test::check::<DatesPage>();
    }

    #[test]
    fn dates_that_went_are_named_and_the_own_ones_stay() {
        let pages = DatesPage::samples();
        let kept = pages
            .iter()
            .find_map(|it| it.keep.as_ref().map(|keep| (it, keep)));
        let (page, keep) = kept.unwrap();
        assert!(page.sentences[0].contains("Tuesday 26 January 2027"), "{page:?}");
        let own = "Tuesday 26 and Wednesday 27 January 2027";
        assert!(page.sentences[1].ends_with(&format!("{own}.")), "{page:?}");
        assert!(
            keep.text.ends_with(own) && keep.url.ends_with("/check"),
            "{keep:?}"
        );
    }
}
