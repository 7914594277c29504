//! Looking back at dates together, with at least one peer (B-81): what went well, what to change.

use axum::extract::State;
use axum::response::{IntoResponse, Redirect, Response};
use axum_extra::routing::TypedPath;
use booking::plan::Plan;
use booking::review::{self, NoReview, Review};
use booking::snapshot::RunState;
use ids::{PersonId, RunId, Ts};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

use super::one::names;
use super::{OnePath, RunsPath, Shell, named, said};
use crate::app::App;
use crate::audit::Act;
use crate::error::Error;
use crate::forms::{AGAIN, Answer, Fields, Problem, problems};
use crate::import::runs as table;
use crate::pages::Page;
use crate::sign_in::SignedIn;
use crate::tasks;
use crate::words;

/// `/team/runs/{run}/review`
#[derive(TypedPath, Deserialize)]
#[typed_path("/team/runs/{run}/review")]
pub(crate) struct ReviewPath {
    run: String,
}

impl ReviewPath {
    pub(crate) fn of(run: RunId) -> Self {
        Self { run: run.to_string() }
    }
}

/// Whether these dates can be looked back at: they took place, and are over.
pub(super) fn can_be_reviewed(plan: &Plan, now: Ts) -> bool {
    let is_over = plan.dates.sessions.last().is_some_and(|it| it.ends_at <= now);
    plan.state == RunState::Published && is_over
}

pub(super) async fn ask(
    ReviewPath { run }: ReviewPath,
    State(app): State<App>,
    me: SignedIn,
) -> Result<Response, Error> {
    let plan = named(&app, &run).await?;
    if !can_be_reviewed(&plan, app.now()) {
        return Ok(Redirect::to(&OnePath::of(plan.dates.id).to_string()).into_response());
    }
    let page = page(&app, &me, &plan, Form::default()).await?;
    app.page(&page).await
}

pub(super) async fn save(
    ReviewPath { run }: ReviewPath,
    State(app): State<App>,
    me: SignedIn,
    mut fields: Fields,
) -> Result<Response, Error> {
    let plan = named(&app, &run).await?;
    let id = plan.dates.id;
    let op = fields.op()?;
    let mut form = Form::read(&mut fields)?;
    fields.done()?;
    if !can_be_reviewed(&plan, app.now()) {
        return Ok(Redirect::to(&OnePath::of(id).to_string()).into_response());
    }
    let Some(held) = form.judged(&plan, app.now(), me.person) else {
        let page = page(&app, &me, &plan, form).await?;
        return app.page_with(AGAIN, &page).await;
    };
    let (op, content, held) = (op.as_deref(), fields.content(), &held);
    let path = app
        .change(|work| async move {
            let act = async {
                let fresh = || work.fresh_id();
                review::add(work.tx(), work.now(), &fresh, id, held.clone()).await?;
                tasks::review::held(&work, id).await?;
                work.note(Act::by_member(held.by, "review_held", "run", id.0));
                Ok(ReviewPath::of(id).to_string())
            };
            work.once(op, content, act).await
        })
        .await?;
    Ok(Redirect::to(&path).into_response())
}

/// What was typed.
#[derive(Clone, Debug, Default, Serialize)]
struct Form {
    held_on: Answer,
    peers: Answer,
    others: Answer,
    worked: Answer,
    to_change: Answer,
    you_said_we_did: Answer,
}

/// The most characters of a text (T-32).
const MOST: usize = 2000;
/// More people than this do not sit round one table.
const AT_TABLE: i32 = 99;

impl Form {
    fn read(fields: &mut Fields) -> Result<Self, Error> {
        Ok(Self {
            held_on: Answer::new(fields.line("held_on")?),
            peers: Answer::new(fields.line("peers")?),
            others: Answer::new(fields.line("others")?),
            worked: Answer::new(fields.text("worked")?),
            to_change: Answer::new(fields.text("to_change")?),
            you_said_we_did: Answer::new(fields.text("you_said_we_did")?),
        })
    }

    /// The review, or notes in the form.
    fn judged(&mut self, plan: &Plan, now: Ts, by: PersonId) -> Option<Review> {
        let day = table::date(&self.held_on.value).ok();
        if day.is_none() {
            self.held_on.refuse("Enter the day, like 2027-06-30");
        }
        let peers = number(&mut self.peers, "Enter how many peers took part, like 1");
        if self.others.value.is_empty() {
            self.others.value = "0".to_owned();
        }
        let others = number(&mut self.others, "Enter how many others took part, like 2");
        for (answer, missing) in [
            (&mut self.worked, "Enter what went well"),
            (
                &mut self.to_change,
                "Enter what to change, or that nothing has to change",
            ),
        ] {
            if answer.value.is_empty() {
                answer.refuse(missing);
            }
            answer.at_most(MOST, "The text");
        }
        self.you_said_we_did.at_most(MOST, "The text");
        if let (Some(day), Some(peers)) = (day, peers) {
            match review::judge(now, &plan.dates.sessions, day, peers) {
                Ok(()) => {}
                Err(NoReview::NoPeer) => self.peers.refuse("At least one peer takes part"),
                Err(NoReview::Day(first)) => {
                    let words = words::date(first);
                    self.held_on
                        .refuse(format!("The day must be from {words} to today"));
                }
                Err(NoReview::TooEarly) => self.held_on.refuse("These dates are not over yet"),
            }
        }
        if !self.problems().is_empty() {
            return None;
        }
        Some(Review {
            held_on: day?,
            peers: peers?,
            others: others?,
            worked: self.worked.value.clone(),
            to_change: self.to_change.value.clone(),
            you_said_we_did: self.you_said_we_did.value.clone(),
            by,
        })
    }

    fn problems(&self) -> Vec<Problem> {
        problems([
            ("held_on", &self.held_on),
            ("peers", &self.peers),
            ("others", &self.others),
            ("worked", &self.worked),
            ("to_change", &self.to_change),
            ("you_said_we_did", &self.you_said_we_did),
        ])
    }
}

fn number(answer: &mut Answer, wrong: &str) -> Option<i32> {
    let number = answer.value.parse().ok().filter(|it| (0..=AT_TABLE).contains(it));
    if number.is_none() {
        answer.refuse(wrong);
    }
    number
}

/// A review that was held, in words.
#[derive(Clone, Debug, Serialize)]
struct Held {
    heading: String,
    rows: Vec<Line>,
}

#[derive(Clone, Debug, Serialize)]
struct Line {
    key: &'static str,
    typed: String,
}

impl Held {
    fn of(it: &Review, names: &BTreeMap<PersonId, String>) -> Self {
        let people = |n: i32, one: &str, more: &str| match n {
            1 => format!("1 {one}"),
            n => format!("{n} {more}"),
        };
        let line = |key, typed: String| Line { key, typed };
        let who = format!(
            "{} and {}",
            people(it.peers, "peer", "peers"),
            people(it.others, "other", "others")
        );
        let by = names
            .get(&it.by)
            .cloned()
            .unwrap_or_else(|| "Somebody".to_owned());
        let mut rows = vec![
            line("Who took part", who),
            line("What went well", it.worked.clone()),
            line("What to change", it.to_change.clone()),
        ];
        if !it.you_said_we_did.is_empty() {
            rows.push(line("You said, we did", it.you_said_we_did.clone()));
        }
        rows.push(line("Written down by", by));
        Self {
            heading: words::date(it.held_on),
            rows,
        }
    }
}

/// The reviews of one date, and the form for another.
#[derive(Clone, Debug, Serialize)]
struct ReviewPage {
    dates: String,
    held: Vec<Held>,
    form: Form,
    errors: Vec<Problem>,
    feedback_url: &'static str,
    action: String,
    back_url: String,
    op: String,
    shell: Shell,
}

async fn page(app: &App, me: &SignedIn, plan: &Plan, form: Form) -> Result<ReviewPage, Error> {
    let held = review::of_run(app.reader(), plan.dates.id).await?;
    let names = names(app, held.iter().map(|it| it.by)).await?;
    let shell = Shell::of(app, me, RunsPath::PATH).await?;
    Ok(ReviewPage::of(
        plan,
        (&held, &names),
        form,
        app.secrets().op(),
        shell,
    ))
}

impl ReviewPage {
    fn of(
        plan: &Plan,
        (held, names): (&[Review], &BTreeMap<PersonId, String>),
        form: Form,
        op: String,
        shell: Shell,
    ) -> Self {
        Self {
            dates: said::dates(plan),
            held: held.iter().map(|it| Held::of(it, names)).collect(),
            errors: form.problems(),
            form,
            feedback_url: "/team/reports/feedback",
            action: ReviewPath::of(plan.dates.id).to_string(),
            back_url: OnePath::of(plan.dates.id).to_string(),
            op,
            shell,
        }
    }
}

impl Page for ReviewPage {
    const TEMPLATE: &'static str = "pages/staff/runs/review.html";

    #[cfg(test)]
    fn samples() -> Vec<Self> {
        use super::sample;
        let plan = sample::plan();
        let names = BTreeMap::from([(sample::person(1), "Sam Sorrel".to_owned())]);
        let held = Review {
            held_on: plan.dates.sessions[1].date,
            peers: 1,
            others: 2,
            worked: "The breaks.\nThe small groups.".to_owned(),
            to_change: "Send the slides earlier.".to_owned(),
            you_said_we_did: "You asked for slides before the day. We send them two days before.".to_owned(),
            by: sample::person(1),
        };
        let page =
            |held: &[Review], form| Self::of(&plan, (held, &names), form, "0".repeat(32), Shell::sample());
        let mut empty = Form::default();
        assert_eq!(empty.judged(&plan, sample::now(), sample::person(1)), None);
        vec![
            page(&[], Form::default()),
            page(&[held], Form::default()),
            page(&[], empty),
        ]
    }
}

#[cfg(test)]
mod tests {
    use super::super::sample;
    use super::*;
    use time::Duration;

    #[test]
    fn pages_hold() {
        crate::pages_test::check::<ReviewPage>();
    }

    #[test]
    fn a_review_needs_a_peer_a_day_and_words() {
        let plan = sample::plan();
        let now = plan.dates.sessions[1].ends_at + Duration::days(20);
        let judged = |peers: &str, day: &str, worked: &str| {
            let mut form = Form {
                held_on: Answer::new(day),
                peers: Answer::new(peers),
                worked: Answer::new(worked),
                to_change: Answer::new("Nothing"),
                ..Form::default()
            };
            let review = form.judged(&plan, now, sample::person(1));
            let wrong: Vec<_> = form.problems().into_iter().map(|it| it.href).collect();
            assert_eq!(review.is_some(), wrong.is_empty());
            wrong
        };
        assert_eq!(judged("1", "2027-07-01", "Much"), [""; 0]);
        assert_eq!(judged("0", "2027-07-01", "Much"), ["#peers"]);
        assert_eq!(judged("some", "2027-07-01", "Much"), ["#peers"]);
        assert_eq!(judged("1", "2027-06-14", "Much"), ["#held_on"]);
        assert_eq!(judged("1", "soon", ""), ["#held_on", "#worked"]);
    }
}
