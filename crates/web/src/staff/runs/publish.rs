//! "Publish these dates?" What is missing is said in plain words; odd minutes are acknowledged by name
//! (B-02), and a lead may publish without both facilitators, with a reason (B-03).

use axum::extract::State;
use axum::response::{IntoResponse, Redirect, Response};
use axum_extra::routing::TypedPath;
use booking::calendar::{self, DatesRefused, Vouched};
use booking::snapshot::RunState;
use ids::{PersonId, RunId};
use serde::{Deserialize, Serialize};

use super::done::Done;
use super::one::About;
use super::{OnePath, RunsPath, Shell, named, refused_dates, said};
use crate::app::App;
use crate::audit::Act;
use crate::error::Error;
use crate::forms::{AGAIN, Answer, Fields, Problem};
use crate::pages::Page;
use crate::public::new_dates;
use crate::public::questions::ticked;
use crate::sign_in::SignedIn;
use crate::sign_in::role::Role;
use crate::team_mail;
use crate::work::Work;

/// `/team/runs/{run}/publish`
#[derive(TypedPath, Deserialize)]
#[typed_path("/team/runs/{run}/publish")]
pub(crate) struct PublishPath {
    run: String,
}

impl PublishPath {
    pub(super) fn of(run: RunId) -> Self {
        Self { run: run.to_string() }
    }
}

pub(super) async fn ask(
    PublishPath { run }: PublishPath,
    State(app): State<App>,
    me: SignedIn,
) -> Result<Response, Error> {
    let plan = named(&app, &run).await?;
    if plan.state != RunState::Draft {
        return Ok(Redirect::to(&OnePath::of(plan.dates.id).to_string()).into_response());
    }
    let about = About::load(&app, plan).await?;
    let dress = dress(&app, &me).await?;
    app.page(&PublishPage::of(&about, &me, &Said::default(), dress))
        .await
}

/// What whoever publishes says.
#[derive(Clone, Debug, Default)]
struct Said {
    minutes: bool,
    reason: Answer,
}

impl Said {
    /// A reason counts only from somebody who may give it.
    fn vouched(&self, is_lead: bool) -> Vouched {
        Vouched {
            minutes: self.minutes,
            without_facilitators: self.reason.given().filter(|_| is_lead),
        }
    }
}

fn is_minutes(it: &DatesRefused) -> bool {
    matches!(it, DatesRefused::Minutes { .. })
}

async fn dress(app: &App, me: &SignedIn) -> Result<(String, Shell), Error> {
    Ok((app.secrets().op(), Shell::of(app, me, RunsPath::PATH).await?))
}

fn is_lead(me: &SignedIn) -> bool {
    me.is_any(&[Role::Lead])
}

pub(super) async fn answer(
    PublishPath { run }: PublishPath,
    State(app): State<App>,
    me: SignedIn,
    mut fields: Fields,
) -> Result<Response, Error> {
    let plan = named(&app, &run).await?;
    let id = plan.dates.id;
    let op = fields.op()?;
    let mut said = Said {
        minutes: ticked(&mut fields, "minutes")?,
        reason: Answer::new(fields.text("reason")?),
    };
    fields.done()?;
    said.reason.at_most(500, "The reason");
    let about = About::load(&app, plan).await?;
    if said.reason.is_wrong() {
        return again(&app, &me, &about, &said).await;
    }
    let (op, content) = (op.as_deref(), fields.content());
    let (vouched, by) = (&said.vouched(is_lead(&me)), me.person);
    let published = app
        .change(|work| async move {
            let act = async {
                publish(&work, id, vouched, by).await?;
                Ok(Done::Published.at(&OnePath::of(id)))
            };
            work.once(op, content, act).await
        })
        .await;
    match published {
        Ok(path) => Ok(Redirect::to(&path).into_response()),
        Err(error) if refused_dates(&error).is_some() => again(&app, &me, &about, &said).await,
        Err(error) => Err(error),
    }
}

async fn publish(work: &Work, id: RunId, vouched: &Vouched, by: PersonId) -> Result<(), Error> {
    let without_a_word = calendar::missing(work.tx(), work.now(), id, &Vouched::default()).await?;
    if vouched.minutes && without_a_word.iter().any(is_minutes) {
        calendar::acknowledge_minutes(work.tx(), id, by).await?;
    }
    calendar::publish_run(work.tx(), work.now(), id, vouched.clone()).await?;
    work.note(Act {
        reason: vouched.without_facilitators.clone(),
        ..Act::by_member(by, "published", "run", id.0)
    });
    new_dates::announce(work, id).await?;
    team_mail::tell_facilitators(work, id, "published").await?;
    tracing::info!(event = "run_published", run = %id, by = %by.0, override = vouched.without_facilitators.is_some());
    Ok(())
}

async fn again(app: &App, me: &SignedIn, about: &About, said: &Said) -> Result<Response, Error> {
    let id = about.plan.dates.id;
    let vouched = said.vouched(is_lead(me));
    let missing = calendar::missing(app.reader(), app.now(), id, &vouched).await?;
    let page = PublishPage::of(about, me, said, dress(app, me).await?).refused(&missing);
    app.page_with(AGAIN, &page).await
}

/// The question.
#[derive(Clone, Debug, Serialize)]
struct PublishPage {
    dates: String,
    /// What nobody can vouch for.
    missing: Vec<String>,
    warnings: Vec<String>,
    /// What to say of odd minutes, if they are odd: `None` hides the box.
    minutes: Option<String>,
    minutes_are_meant: bool,
    minutes_error: String,
    needs_facilitators: bool,
    can_override: bool,
    reason: Answer,
    errors: Vec<Problem>,
    action: String,
    edit_url: String,
    back_url: String,
    op: String,
    shell: Shell,
}

impl PublishPage {
    fn of(about: &About, me: &SignedIn, said: &Said, (op, shell): (String, Shell)) -> Self {
        let (plan, id) = (&about.plan, about.plan.dates.id);
        let minutes = about.missing.iter().any(is_minutes).then(|| {
            format!(
                "I, {}, know that there are {} minutes of teaching and not {}. This is meant.",
                me.name,
                plan.teaching_minutes(),
                plan.planned_minutes
            )
        });
        let stands = |it: &&DatesRefused| !is_minutes(it) && **it != DatesRefused::Facilitators;
        Self {
            dates: said::dates(plan),
            missing: about.missing.iter().filter(stands).map(said::refused).collect(),
            warnings: about.warnings.clone(),
            minutes,
            minutes_are_meant: said.minutes,
            minutes_error: String::new(),
            needs_facilitators: about.missing.contains(&DatesRefused::Facilitators),
            can_override: is_lead(me),
            reason: said.reason.clone(),
            errors: Vec::new(),
            action: PublishPath::of(id).to_string(),
            edit_url: super::edit::EditPath::of(id).to_string(),
            back_url: OnePath::of(id).to_string(),
            op,
            shell,
        }
    }

    /// The same question with what stands in the way.
    fn refused(mut self, missing: &[DatesRefused]) -> Self {
        let mut note = |id: &str, text: String| {
            let href = format!("#{id}");
            self.errors.push(Problem { href, text });
        };
        for why in missing {
            let words = said::refused(why);
            let is_facilitators = *why == DatesRefused::Facilitators;
            if is_minutes(why) {
                self.minutes_error.clone_from(&words);
                note("minutes", words);
            } else if is_facilitators && self.can_override {
                self.reason.refuse(words.clone());
                note("reason", words);
            } else if is_facilitators {
                note("facilitators", words);
            } else {
                note("missing", words);
            }
        }
        if missing.is_empty() && self.reason.is_wrong() {
            note("reason", self.reason.error.clone());
        }
        self
    }
}

impl Page for PublishPage {
    const TEMPLATE: &'static str = "pages/staff/runs/publish.html";

    #[cfg(test)]
    fn samples() -> Vec<Self> {
        use super::sample;
        let page = |missing: Vec<DatesRefused>, roles: &[Role]| {
            let me = sample::member(roles);
            let about = About::sample(sample::plan(), missing);
            let dress = ("0".repeat(32), Shell::sample());
            Self::of(&about, &me, &Said::default(), dress)
        };
        let odd = || DatesRefused::Minutes {
            given: 345,
            planned: 360,
        };
        let all = || vec![DatesRefused::InThePast, odd(), DatesRefused::Facilitators];
        let mut twice = page(Vec::new(), &[Role::Coordinator]);
        twice.warnings = vec!["Monday 31 May 2027 is a bank holiday: Spring bank holiday.".to_owned()];
        vec![
            twice,
            page(all(), &[Role::Coordinator]),
            page(all(), &[Role::Lead]),
            page(all(), &[Role::Coordinator]).refused(&all()),
            page(all(), &[Role::Lead]).refused(&all()),
        ]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pages_hold() {
        crate::pages_test::check::<PublishPage>();
    }

    #[test]
    fn a_reason_counts_from_a_lead_alone() {
        let said = Said {
            minutes: false,
            reason: Answer::new("A colleague steps in"),
        };
        assert_eq!(said.vouched(false).without_facilitators, None);
        assert!(said.vouched(true).without_facilitators.is_some());
    }
}
