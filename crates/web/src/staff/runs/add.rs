//! New dates, from nothing or like others: a draft that nobody else sees until it is published.

use axum::extract::{Query, State};
use axum::response::{IntoResponse, Redirect, Response};
use axum_extra::routing::TypedPath;
use booking::calendar::{self, Course, DatesRefused, NewRun};
use booking::{london, plan};
use ids::{PersonId, RunId};
use serde::{Deserialize, Serialize};

use super::done::Done;
use super::form::{DELIVERIES, Form, Planned};
use super::trainers::{self, Trainer};
use super::{OnePath, RunsPath, Shell, named, refused_dates, said};
use crate::app::App;
use crate::audit::Act;
use crate::error::Error;
use crate::forms::{AGAIN, Fields, Problem};
use crate::pages::Page;
use crate::public::questions::Choice;
use crate::sign_in::SignedIn;
use crate::work::Work;

/// `/team/runs/new`
#[derive(TypedPath, Deserialize)]
#[typed_path("/team/runs/new")]
pub(crate) struct NewPath;

/// `/team/runs/{run}/copy`
#[derive(TypedPath, Deserialize)]
#[typed_path("/team/runs/{run}/copy")]
pub(crate) struct CopyPath {
    run: String,
}

impl CopyPath {
    pub(super) fn of(run: RunId) -> Self {
        Self { run: run.to_string() }
    }
}

/// For which course, and how many weeks after the dates that are copied.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Asked {
    course: String,
    weeks: String,
}

/// The form of new dates, and the same form for dates that are there.
#[derive(Clone, Debug, Serialize)]
pub(super) struct PlanPage {
    pub heading: String,
    pub caption: String,
    pub lead: Vec<String>,
    pub form: Form,
    /// Everything, and not only what differs from one date to the next.
    pub asks_all: bool,
    /// Whether offers can be paused: once there may be people who wait.
    pub asks_pause: bool,
    pub deliveries: [Choice; 3],
    pub trainers: Vec<Trainer>,
    /// The courses that these dates could be for instead.
    pub others: Vec<Other>,
    pub errors: Vec<Problem>,
    pub action: String,
    pub back_url: String,
    pub button: &'static str,
    pub op: String,
    pub version: String,
    pub course: String,
    pub shell: Shell,
}

/// Another course.
#[derive(Clone, Debug, Serialize)]
pub(super) struct Other {
    text: String,
    href: String,
}

impl PlanPage {
    /// A form about these dates, sent to this address.
    pub(super) fn new(form: Form, trainers: Vec<Trainer>, op: String, shell: Shell) -> Self {
        Self {
            heading: String::new(),
            caption: String::new(),
            lead: Vec::new(),
            form,
            asks_all: true,
            asks_pause: false,
            deliveries: DELIVERIES,
            trainers,
            others: Vec::new(),
            errors: Vec::new(),
            action: String::new(),
            back_url: RunsPath::PATH.to_owned(),
            button: "Save as a draft",
            op,
            version: String::new(),
            course: String::new(),
            shell,
        }
    }

    /// The same form again, with notes (422).
    pub(super) async fn again(mut self, app: &App) -> Result<Response, Error> {
        self.errors = self.form.problems();
        app.page_with(AGAIN, &self).await
    }
}

/// How many days the dates of a course have.
fn days(course: &Course) -> usize {
    let wanted = course.text.sessions_required.unwrap_or(2);
    usize::try_from(wanted).unwrap_or(1)
}

async fn course(app: &App, code: &str) -> Result<(Course, Vec<Other>), Error> {
    let mut all = calendar::courses(app.reader()).await?;
    let at = if code.is_empty() {
        0
    } else {
        all.iter().position(|it| it.code == code).ok_or(Error::NotFound)?
    };
    if all.is_empty() {
        return Err(Error::NotFound);
    }
    let course = all.remove(at);
    let others = all.into_iter().map(|it| Other {
        href: format!("{}?course={}", NewPath::PATH, it.code),
        text: it.title,
    });
    Ok((course, others.collect()))
}

pub(super) async fn ask(
    _: NewPath,
    State(app): State<App>,
    me: SignedIn,
    Query(asked): Query<Asked>,
) -> Result<Response, Error> {
    let page = new_page(&app, &me, &asked.course, None).await?;
    app.page(&page).await
}

async fn new_page(app: &App, me: &SignedIn, code: &str, form: Option<Form>) -> Result<PlanPage, Error> {
    let (course, others) = course(app, code).await?;
    let (settings, _) = calendar::rules(app.reader()).await?;
    let form = form.unwrap_or_else(|| Form::empty(days(&course), &settings, app.now()));
    let shell = Shell::of(app, me, RunsPath::PATH).await?;
    Ok(PlanPage {
        heading: "Add course dates".to_owned(),
        caption: course.title,
        lead: vec!["They are a draft first. Nobody else sees them until you publish them.".to_owned()],
        others,
        action: NewPath::PATH.to_owned(),
        course: course.code,
        ..PlanPage::new(
            form,
            trainers::choices(app, None).await?,
            app.secrets().op(),
            shell,
        )
    })
}

pub(super) async fn add(
    _: NewPath,
    State(app): State<App>,
    me: SignedIn,
    mut fields: Fields,
) -> Result<Response, Error> {
    let op = fields.op()?;
    let code = fields.line("course")?;
    let (course, _) = course(&app, &code).await?;
    let form = Form::read(&mut fields, days(&course))?;
    fields.done()?;
    let known = trainers::known(&app, None).await?;
    let sent = (op.as_deref(), fields.content());
    match store(&app, form, &known, sent, Like::course(me.person, &course.code)).await? {
        Stored::At(path) => Ok(Redirect::to(&path).into_response()),
        Stored::Again(form) => {
            let page = new_page(&app, &me, &course.code, Some(*form)).await?;
            page.again(&app).await
        }
    }
}

/// These dates so many weeks later, in the form.
fn later(app: &App, plan: &plan::Plan, asked: &Asked) -> Form {
    let mut form = Form::of(plan);
    let (today, _) = london::local(app.now());
    let first = plan.dates.sessions.first().map_or(today, |it| it.date);
    // So that the new dates are to come, however old the copied ones are.
    let to_come = (today - first).whole_weeks() + 1;
    let weeks = asked
        .weeks
        .parse::<i64>()
        .ok()
        .filter(|it| (1..=520).contains(it));
    let weeks = weeks.unwrap_or(4).max(to_come);
    for day in &mut form.days {
        day.later(weeks);
    }
    // Whether they can come to the new dates, they have not said yet.
    form.said_yes = Vec::new();
    form
}

pub(super) async fn ask_copy(
    CopyPath { run }: CopyPath,
    State(app): State<App>,
    me: SignedIn,
    Query(asked): Query<Asked>,
) -> Result<Response, Error> {
    let plan = named(&app, &run).await?;
    let form = later(&app, &plan, &asked);
    let page = copy_page(&app, &me, &plan, form).await?;
    app.page(&page).await
}

async fn copy_page(app: &App, me: &SignedIn, plan: &plan::Plan, form: Form) -> Result<PlanPage, Error> {
    let shell = Shell::of(app, me, RunsPath::PATH).await?;
    let trainers = trainers::choices(app, Some(plan)).await?;
    Ok(PlanPage {
        heading: "Copy course dates".to_owned(),
        caption: plan.dates.course_title.clone(),
        lead: vec![
            format!("You copy {}.", said::dates(plan)),
            "The times, the place and the name stay the same. You can change them afterwards.".to_owned(),
        ],
        asks_all: false,
        action: CopyPath::of(plan.dates.id).to_string(),
        back_url: OnePath::of(plan.dates.id).to_string(),
        ..PlanPage::new(form, trainers, app.secrets().op(), shell)
    })
}

pub(super) async fn copy(
    CopyPath { run }: CopyPath,
    State(app): State<App>,
    me: SignedIn,
    mut fields: Fields,
) -> Result<Response, Error> {
    let plan = named(&app, &run).await?;
    let op = fields.op()?;
    let mut form = Form::of(&plan).read_over(&mut fields)?;
    fields.done()?;
    if plan.dates.opens_at <= app.now() {
        // Booking for the old dates has opened; for the new ones it opens when they are published.
        form.opens = Form::empty(1, &calendar::rules(app.reader()).await?.0, app.now()).opens;
    }
    let known = trainers::known(&app, Some(&plan)).await?;
    let sent = (op.as_deref(), fields.content());
    match store(&app, form, &known, sent, Like::plan(me.person, &plan)).await? {
        Stored::At(path) => Ok(Redirect::to(&path).into_response()),
        Stored::Again(form) => copy_page(&app, &me, &plan, *form).await?.again(&app).await,
    }
}

/// What the form does not ask.
struct Like<'a> {
    by: PersonId,
    course: &'a str,
    asks_all: bool,
}

impl<'a> Like<'a> {
    fn course(by: PersonId, course: &'a str) -> Self {
        Self {
            by,
            course,
            asks_all: true,
        }
    }

    fn plan(by: PersonId, plan: &'a plan::Plan) -> Self {
        Self {
            by,
            course: &plan.dates.course_code,
            asks_all: false,
        }
    }
}

enum Stored {
    At(String),
    Again(Box<Form>),
}

async fn store(
    app: &App,
    mut form: Form,
    known: &[PersonId],
    (op, content): (Option<&str>, &str),
    like: Like<'_>,
) -> Result<Stored, Error> {
    let Some(planned) = form.judge(known) else {
        return Ok(Stored::Again(Box::new(form)));
    };
    let (planned, like) = (&planned, &like);
    let stored = app
        .change(|work| async move {
            let act = async {
                let run = store_one(&work, planned, like).await?;
                Ok(Done::Planned.at(&OnePath::of(run)))
            };
            work.once(op, content, act).await
        })
        .await;
    match stored {
        Ok(path) => Ok(Stored::At(path)),
        Err(error) => match refused_dates(&error) {
            Some(why) => {
                form.refuse(why, like.asks_all);
                Ok(Stored::Again(Box::new(form)))
            }
            None => Err(error),
        },
    }
}

async fn store_one(work: &Work, planned: &Planned, like: &Like<'_>) -> Result<RunId, Error> {
    let fresh = || work.fresh_id();
    let first = planned
        .sessions
        .first()
        .ok_or(booking::Error::from(DatesRefused::NoSession))?;
    // What is no moment is refused with its reason when the dates are added.
    if let Ok(begins) = london::moment(first.date, first.start) {
        if begins <= work.now() {
            return Err(booking::Error::from(DatesRefused::InThePast).into());
        }
        if calendar::begins_at(work.tx(), like.course, begins).await? {
            return Err(booking::Error::from(DatesRefused::SameDates).into());
        }
    }
    let new = NewRun {
        course_code: like.course.to_owned(),
        label: planned.label.clone(),
        capacity: planned.capacity,
        delivery: planned.delivery,
        venue: planned.venue.clone(),
        join_url: planned.join_url.clone(),
        opens_at: planned.opens_at,
        closes_at: None,
        waiting_list: planned.waiting_list,
        sessions: planned.sessions.clone(),
    };
    let run = calendar::add_run(work.tx(), &fresh, new).await?;
    plan::set_facilitators(work.tx(), &fresh, work.now(), run, &planned.facilitators).await?;
    work.note(Act::by_member(like.by, "planned", "run", run.0));
    Ok(run)
}

impl Page for PlanPage {
    const TEMPLATE: &'static str = "pages/staff/runs/plan.html";

    #[cfg(test)]
    fn samples() -> Vec<Self> {
        use super::sample;
        use crate::forms::Answer;
        let trainers = || {
            [("", "Nobody yet"), ("1", "Sam Sorrel"), ("2", "Lee Larch")].map(|(value, text)| Trainer {
                value: value.to_owned(),
                text: text.to_owned(),
            })
        };
        let page = |form: Form| Self {
            heading: "Add course dates".to_owned(),
            caption: "Introduction to peer support".to_owned(),
            lead: vec!["They are a draft first.".to_owned()],
            ..Self::new(form, trainers().to_vec(), "0".repeat(32), Shell::sample())
        };
        let new = page(Form::empty(2, &booking::Settings::default(), sample::now()));
        let others = vec![Other {
            text: "Supervision".to_owned(),
            href: "/team/runs/new?course=super".to_owned(),
        }];
        let edit = Self {
            heading: "Change these dates".to_owned(),
            asks_pause: true,
            version: "1".repeat(32),
            others,
            ..page(Form::of(&sample::plan()))
        };
        let copy = Self {
            heading: "Copy course dates".to_owned(),
            asks_all: false,
            ..page(Form::of(&sample::plan()))
        };
        let mut wrong = Form {
            offers_paused: true,
            capacity: Answer::new("many"),
            delivery: Answer::default(),
            ..Form::empty(2, &booking::Settings::default(), sample::now())
        };
        wrong.judge(&[]);
        let wrong = Self {
            errors: wrong.problems(),
            asks_pause: true,
            ..page(wrong)
        };
        vec![new, edit, copy, wrong]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pages_hold() {
        crate::pages_test::check::<PlanPage>();
    }

    /// U-39: at most 8 fields to copy dates.
    #[test]
    fn copying_takes_8_fields_at_most() {
        let rendered = crate::pages_test::rendered::<PlanPage>();
        let copy = scraper::Html::parse_document(&rendered[2]);
        let names = |css: &str| {
            let css = scraper::Selector::parse(css).unwrap();
            let found = copy
                .select(&css)
                .filter_map(|it| it.attr("name").map(str::to_owned));
            found.collect::<std::collections::BTreeSet<_>>()
        };
        let fields = names("main input:not([type=hidden]), main select, main textarea");
        assert!(fields.len() <= 8, "{fields:?}");
    }
}
