//! Whoever missed day 1 joins day 2 only if a facilitator lets them in, and says why (B-63).

use axum::extract::State;
use axum::response::{IntoResponse, Redirect, Response};
use booking::attendance::LetIn;
use booking::attendance::Row;
use booking::attendance::first_day::let_in;
use serde::Serialize;

use super::Shell;
use super::on_the_day::{Day, LetInPath, OnePersonPath};
use crate::app::App;
use crate::audit::Act;
use crate::error::Error;
use crate::forms::{AGAIN, Answer, Fields, Problem, problems};
use crate::pages::Page;
use crate::routes::{Routes, Who};
use crate::sign_in::SignedIn;
use crate::sign_in::role::ON_THE_DAY;
use crate::words;

/// The longest reason.
const REASON: usize = 280;

pub(super) fn routes() -> Routes {
    let who = Who::Roles(ON_THE_DAY);
    Routes::default()
        .get::<LetInPath, _, _>(who, ask)
        .post::<LetInPath, _, _>(who, save)
}

/// The day, for whoever may let somebody in; for others this page is not there.
async fn open(app: &App, me: &SignedIn, path: &LetInPath) -> Result<Day, Error> {
    let day = Day::open(app, me, &path.session).await?;
    if !day.lets_in() {
        return Err(Error::NotFound);
    }
    Ok(day)
}

/// Somebody who missed day 1; nobody lets themselves in (T-08).
fn theirs<'a>(day: &'a Day, path: &LetInPath) -> Result<&'a Row, Error> {
    let row = day.row(&path.booking)?;
    if row.person == day.me || !day.first.missed.contains(&row.booking) {
        return Err(Error::NotFound);
    }
    Ok(row)
}

fn back(path: &LetInPath) -> String {
    OnePersonPath {
        session: path.session.clone(),
        booking: path.booking.clone(),
    }
    .to_string()
}

async fn ask(path: LetInPath, State(app): State<App>, me: SignedIn) -> Result<Response, Error> {
    let day = open(&app, &me, &path).await?;
    let row = theirs(&day, &path)?;
    if !day.first.keeps_out(row.booking) {
        return Ok(Redirect::to(&back(&path)).into_response());
    }
    let shell = Shell::of(&app, &me, &day.path("")).await?;
    let page = LetInPage::of(&day, row, Answer::default(), app.secrets().op(), shell);
    app.page(&page).await
}

async fn save(
    path: LetInPath,
    State(app): State<App>,
    me: SignedIn,
    mut fields: Fields,
) -> Result<Response, Error> {
    let day = open(&app, &me, &path).await?;
    let row = theirs(&day, &path)?;
    let op = fields.op()?;
    let mut reason = Answer::new(fields.text("reason")?);
    fields.done()?;
    if reason.value.is_empty() {
        reason.refuse("Say why they can join");
    }
    reason.at_most(REASON, "The reason");
    if reason.is_wrong() {
        let shell = Shell::of(&app, &me, &day.path("")).await?;
        let page = LetInPage::of(&day, row, reason, app.secrets().op(), shell);
        return app.page_with(AGAIN, &page).await;
    }
    let (booking, session, why) = (row.booking, day.meeting().id, reason.value.as_str());
    let (op, content, to) = (op.as_deref(), fields.content(), &back(&path));
    let done = app
        .change(async |work| {
            let act = async {
                let said = LetIn {
                    by: me.person,
                    reason: why.to_owned(),
                    at: work.now(),
                };
                let_in(work.tx(), &|| work.fresh_id(), session, booking, said).await?;
                work.note(Act {
                    reason: Some(why.to_owned()),
                    ..Act::by_member(me.person, "let_in", "attendance", booking.0)
                });
                Ok(to.clone())
            };
            work.once(op, content, act).await
        })
        .await?;
    Ok(Redirect::to(&done).into_response())
}

/// The question why somebody joins day 2 without day 1.
#[derive(Clone, Debug, Serialize)]
struct LetInPage {
    heading: String,
    when: String,
    errors: Vec<Problem>,
    reason: Answer,
    op: String,
    form_url: String,
    back_url: String,
    shell: Shell,
}

impl LetInPage {
    fn of(day: &Day, row: &Row, reason: Answer, op: String, shell: Shell) -> Self {
        let path = LetInPath {
            session: day.meeting().id.to_string(),
            booking: row.booking.to_string(),
        };
        Self {
            heading: format!("Do you want to let {} into day 2?", day.called(row.person)),
            when: words::day(day.meeting()),
            errors: problems([("reason", &reason)]),
            reason,
            op,
            back_url: back(&path),
            form_url: path.to_string(),
            shell,
        }
    }
}

impl Page for LetInPage {
    const TEMPLATE: &'static str = "pages/staff/let_in.html";

    #[cfg(test)]
    fn samples() -> Vec<Self> {
        use super::on_the_day::sample::{after_day_1, day};
        let day = after_day_1(day(&[("Sam Taylor", vec![]), ("Jo Lee", vec![])]));
        let page = |reason| {
            Self::of(
                &day,
                &day.register.rows[0],
                reason,
                "0".repeat(32),
                Shell::sample(),
            )
        };
        let mut wrong = Answer::default();
        wrong.refuse("Say why they can join");
        vec![page(Answer::default()), page(wrong)]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pages_hold() {
        crate::pages_test::check::<LetInPage>();
    }
}
