//! "Cancel these dates?" Who is affected, the reason that everybody reads, one button (B-52).

use axum::extract::State;
use axum::response::{IntoResponse, Redirect, Response};
use axum_extra::routing::TypedPath;
use booking::plan::Plan;
use booking::snapshot::RunState;
use booking::{Change, bookings, calendar};
use ids::RunId;
use serde::{Deserialize, Serialize};

use super::done::Done;
use super::one::people;
use super::{OnePath, RunsPath, Shell, asked_by, named, said};
use crate::app::App;
use crate::error::Error;
use crate::forms::{AGAIN, Answer, Fields, Problem, problems};
use crate::pages::Page;
use crate::sign_in::SignedIn;

/// `/team/runs/{run}/cancel`
#[derive(TypedPath, Deserialize)]
#[typed_path("/team/runs/{run}/cancel")]
pub(crate) struct CancelPath {
    run: String,
}

impl CancelPath {
    pub(super) fn of(run: RunId) -> Self {
        Self { run: run.to_string() }
    }
}

/// Whether dates can be called off now: they are published, and not over.
pub(super) fn can_be_cancelled(plan: &Plan, now: ids::Ts) -> bool {
    let is_over = plan.dates.sessions.last().is_none_or(|it| it.ends_at <= now);
    plan.state == RunState::Published && !is_over
}

pub(super) async fn ask(
    CancelPath { run }: CancelPath,
    State(app): State<App>,
    me: SignedIn,
) -> Result<Response, Error> {
    let plan = named(&app, &run).await?;
    if !can_be_cancelled(&plan, app.now()) {
        return Ok(Redirect::to(&OnePath::of(plan.dates.id).to_string()).into_response());
    }
    let page = page(&app, &me, &plan, Answer::default()).await?;
    app.page(&page).await
}

pub(super) async fn answer(
    CancelPath { run }: CancelPath,
    State(app): State<App>,
    me: SignedIn,
    mut fields: Fields,
) -> Result<Response, Error> {
    let plan = named(&app, &run).await?;
    let id = plan.dates.id;
    let op = fields.op()?;
    let mut reason = Answer::new(fields.text("reason")?);
    fields.done()?;
    if reason.value.is_empty() {
        reason.refuse("Enter the reason, so that people know why");
    }
    reason.at_most(500, "The reason");
    if reason.is_wrong() {
        let page = page(&app, &me, &plan, reason).await?;
        return app.page_with(AGAIN, &page).await;
    }
    let (op, content) = (op.as_deref(), fields.content());
    let (asked, me) = (&asked_by(&me, Change::CancelRun(reason.value), None), me.person);
    let path = app
        .change(|work| async move {
            let act = async {
                work.allocate(id, asked.clone()).await?;
                tracing::info!(event = "run_cancelled", run = %id, by = %me.0);
                Ok(Done::Cancelled.at(&OnePath::of(id)))
            };
            work.once(op, content, act).await
        })
        .await?;
    Ok(Redirect::to(&path).into_response())
}

/// Who has a place or waits, and who of them must be told by phone or letter.
#[derive(Clone, Debug, Default, Serialize)]
struct Affected {
    heading: &'static str,
    names: Vec<String>,
}

/// The question.
#[derive(Clone, Debug, Serialize)]
struct CancelPage {
    dates: String,
    affected: Vec<Affected>,
    /// How many get a mail, and how many a call or letter.
    told: String,
    /// For how many days they go before others (B-53).
    priority_days: i64,
    reason: Answer,
    errors: Vec<Problem>,
    action: String,
    back_url: String,
    op: String,
    shell: Shell,
}

async fn page(app: &App, me: &SignedIn, plan: &Plan, reason: Answer) -> Result<CancelPage, Error> {
    let mut records = bookings::of_run(app.reader(), plan.dates.id).await?;
    records.retain(|it| it.state.is_live());
    let people = people(app, records.iter().map(|it| it.person)).await?;
    let names = |wanted: &[&str]| {
        let of_state = records.iter().filter(|it| wanted.contains(&it.state.name()));
        let known = of_state.filter_map(|it| people.get(&it.person));
        known.map(|it| it.full_name.clone()).collect::<Vec<_>>()
    };
    let with_mail = records.iter().filter_map(|it| people.get(&it.person));
    let with_mail = with_mail.filter(|it| it.usable_email().is_some()).count();
    let shell = Shell::of(app, me, RunsPath::PATH).await?;
    let (settings, _) = calendar::rules(app.reader()).await?;
    Ok(CancelPage::of(
        plan,
        (names(&["booked", "unconfirmed"]), names(&["waiting", "offered"])),
        (with_mail, settings.priority),
        reason,
        (app.secrets().op(), shell),
    ))
}

impl CancelPage {
    fn of(
        plan: &Plan,
        (places, waiting): (Vec<String>, Vec<String>),
        (with_mail, priority_days): (usize, i64),
        reason: Answer,
        (op, shell): (String, Shell),
    ) -> Self {
        let all = places.len() + waiting.len();
        let affected = [("Have a place", places), ("Are on the waiting list", waiting)];
        Self {
            dates: said::dates(plan),
            affected: affected
                .into_iter()
                .filter(|(_, names)| !names.is_empty())
                .map(|(heading, names)| Affected { heading, names })
                .collect(),
            told: told(with_mail, all - with_mail.min(all)),
            priority_days,
            errors: problems([("reason", &reason)]),
            reason,
            action: CancelPath::of(plan.dates.id).to_string(),
            back_url: OnePath::of(plan.dates.id).to_string(),
            op,
            shell,
        }
    }
}

fn told(by_mail: usize, by_phone: usize) -> String {
    let people = |number| match number {
        1 => "1 person".to_owned(),
        number => format!("{number} people"),
    };
    match (by_mail, by_phone) {
        (0, 0) => "Nobody has a place or waits.".to_owned(),
        (mail, 0) => format!("We email {} at once.", people(mail)),
        (0, phone) => format!("{} must be told by phone or letter.", people(phone)),
        (mail, phone) => format!(
            "We email {} at once. {} must be told by phone or letter.",
            people(mail),
            people(phone)
        ),
    }
}

impl Page for CancelPage {
    const TEMPLATE: &'static str = "pages/staff/runs/cancel.html";

    #[cfg(test)]
    fn samples() -> Vec<Self> {
        use super::sample;
        let page = |names: (&[&str], &[&str]), with_mail, reason: Answer| {
            let own = |names: &[&str]| names.iter().map(|it| (*it).to_owned()).collect();
            let dress = ("0".repeat(32), Shell::sample());
            Self::of(
                &sample::plan(),
                (own(names.0), own(names.1)),
                (with_mail, 14),
                reason,
                dress,
            )
        };
        let mut missing = Answer::default();
        missing.refuse("Enter the reason, so that people know why");
        vec![
            page((&["Sam Sorrel", "Lee Larch"], &["Kim Elm"]), 2, Answer::default()),
            page((&[], &[]), 0, Answer::default()),
            page((&["Sam Sorrel"], &[]), 1, missing),
        ]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pages_hold() {
        crate::pages_test::check::<CancelPage>();
    }

    #[test]
    fn it_is_said_how_people_hear_of_it() {
        assert_eq!(told(0, 0), "Nobody has a place or waits.");
        assert_eq!(told(1, 0), "We email 1 person at once.");
        assert_eq!(
            told(13, 2),
            "We email 13 people at once. 2 people must be told by phone or letter."
        );
    }
}
