//! Mail about new dates: ask for it, confirm, stop (B-107).
//!
//! A registration is one row for a course and an address, with one link for as long as the row is
//! there. It counts once its address is proven, until its owner stops it or its months are over.

use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Redirect, Response};
use axum_extra::routing::TypedPath;
use booking::calendar::{self, Course};
use booking::deadlines::interest_over_since;
use booking::london;
use ids::{CourseId, RunId, Ts};
use sea_orm::ActiveValue::Set;
use sea_orm::sea_query::{Expr, OnConflict};
use sea_orm::{
    ActiveModelTrait, ColumnTrait, ConnectionTrait, EntityTrait, IntoActiveModel, QueryFilter, QueryOrder,
};
use serde::{Deserialize, Serialize};
use serde_json::json;
use uuid::Uuid;

use crate::app::App;
use crate::entity::interest_registration as registration;
use crate::error::Error;
use crate::forms::{AGAIN, Answer, Fields, Problem, problems};
use crate::links::{self, Purpose};
use crate::outbox::{self, Kind, Mail};
use crate::pages::Page;
use crate::people::address::Address;
use crate::public::courses::CoursesPath;
use crate::public::find::{asked_often, read_address};
use crate::routes::{Routes, Who};
use crate::visitor::Visitor;
use crate::words;
use crate::work::Work;

/// `/new-dates`
#[derive(TypedPath, Deserialize)]
#[typed_path("/new-dates")]
pub(crate) struct NewDatesPath;

/// `/new-dates/sent`
#[derive(TypedPath, Deserialize)]
#[typed_path("/new-dates/sent")]
struct SentPath;

/// `/new-dates/{token}`
#[derive(TypedPath, Deserialize)]
#[typed_path("/new-dates/{token}")]
pub(crate) struct NewDatesLinkPath {
    pub token: String,
}

pub(crate) fn routes() -> Routes {
    Routes::default()
        .get::<NewDatesPath, _, _>(Who::Anyone, form)
        .post::<NewDatesPath, _, _>(Who::Anyone, ask)
        .get::<SentPath, _, _>(Who::Anyone, sent)
        .get::<NewDatesLinkPath, _, _>(Who::LinkHolder, show)
        .post::<NewDatesLinkPath, _, _>(Who::LinkHolder, choose)
}

async fn form(_: NewDatesPath, State(app): State<App>) -> Result<Response, Error> {
    let courses = calendar::courses(app.reader()).await?;
    let page = AskPage::of(Form::default(), &courses, months(&app).await?, app.secrets().op());
    app.page(&page).await
}

async fn ask(
    _: NewDatesPath,
    State(app): State<App>,
    visitor: Visitor,
    mut fields: Fields,
) -> Result<Response, Error> {
    let courses = calendar::courses(app.reader()).await?;
    if courses.is_empty() {
        return Err(Error::NotFound);
    }
    let op = fields.op()?;
    let mut form = Form::take(&mut fields, &courses)?;
    fields.done()?;
    let Some((address, course)) = form.read(&courses) else {
        let page = AskPage::of(form, &courses, months(&app).await?, app.secrets().op());
        return app.page_with(AGAIN, &page).await;
    };
    app.limits.address_form(visitor.0).map_err(Error::TooMany)?;
    let (op, content, address) = (op.as_deref(), fields.content(), &address);
    let path = app
        .change(|work| async move { work.once(op, content, register(&work, course, address)).await })
        .await?;
    Ok(Redirect::to(&path).into_response())
}

async fn sent(_: SentPath, State(app): State<App>) -> Result<Response, Error> {
    let page = SentPage {
        again_url: NewDatesPath.to_string(),
        courses_url: CoursesPath.to_string(),
    };
    app.page(&page).await
}

async fn show(
    NewDatesLinkPath { token }: NewDatesLinkPath,
    State(app): State<App>,
    visitor: Visitor,
) -> Result<Response, Error> {
    let Some(found) = opened(&app, visitor, &token).await? else {
        return over(&app).await;
    };
    let page = LinkPage::of(&app, &token, &found, Answer::default()).await?;
    app.page(&page).await
}

async fn choose(
    NewDatesLinkPath { token }: NewDatesLinkPath,
    State(app): State<App>,
    visitor: Visitor,
    mut fields: Fields,
) -> Result<Response, Error> {
    let op = fields.op()?;
    let mut choice = Answer::new(fields.line("choice")?);
    fields.done()?;
    let Some(found) = opened(&app, visitor, &token).await? else {
        return over(&app).await;
    };
    let wants = match choice.value.as_str() {
        "yes" => true,
        "no" => false,
        _ => {
            choice.refuse("Choose one answer");
            let page = LinkPage::of(&app, &token, &found, choice).await?;
            return app.page_with(AGAIN, &page).await;
        }
    };
    let (op, content, id) = (op.as_deref(), fields.content(), found.row.id);
    let path = NewDatesLinkPath { token }.to_string();
    app.change(|work| async move { work.once(op, content, settle(&work, id, wants)).await })
        .await?;
    Ok(Redirect::to(&path).into_response())
}

/// What a link opens. Whoever tries many that open nothing has to wait (T-33).
async fn opened(app: &App, visitor: Visitor, token: &str) -> Result<Option<Found>, Error> {
    let found = open(app.reader(), app.now(), token).await;
    if matches!(found, Err(Error::NotFound)) {
        app.limits.link_miss(visitor.0).map_err(Error::TooMany)?;
    }
    found
}

async fn over(app: &App) -> Result<Response, Error> {
    app.page_with(
        StatusCode::GONE,
        &OverPage {
            again_url: NewDatesPath.to_string(),
        },
    )
    .await
}

/// How many months a registration lasts.
async fn months(app: &App) -> Result<i64, Error> {
    let (settings, _) = calendar::rules(app.reader()).await?;
    Ok(settings.interest)
}

/// What was typed.
#[derive(Clone, Debug, Default, Serialize)]
struct Form {
    email: Answer,
    /// The code of a course, asked for when there are several.
    course: Answer,
}

impl Form {
    fn take(fields: &mut Fields, courses: &[Course]) -> Result<Self, Error> {
        let email = Answer::new(fields.line("email")?);
        let course = if courses.len() > 1 {
            Answer::new(fields.line("course")?)
        } else {
            Answer::default()
        };
        Ok(Self { email, course })
    }

    /// The address and the course, or notes beside the fields.
    fn read(&mut self, courses: &[Course]) -> Option<(Address, CourseId)> {
        let address = read_address(&mut self.email);
        let course = match courses {
            [only] => Some(only),
            several => several.iter().find(|it| it.code == self.course.value),
        };
        if course.is_none() {
            self.course.refuse("Choose one answer");
        }
        Some((address?, course?.id))
    }
}

/// Notes that an address asks, and writes to it (M23); gives the page that says so. The same statements
/// are made whether or not it is known (T-36), and nobody else's registration changes by asking.
async fn register(work: &Work, course: CourseId, address: &Address) -> Result<String, Error> {
    let (settings, _) = calendar::rules(work.tx()).await?;
    let row = upsert(work, course, address, interest_over_since(&settings, work.now())).await?;
    links::make(work, Purpose::NewDates, row.id, 1, None).await?;
    if !asked_often(work, Kind::ConfirmNewDates, row.id).await? {
        let mail = Mail {
            kind: Kind::ConfirmNewDates,
            about: row.id,
            recipient: address.to_string(),
            occasion: work.fresh_id().to_string(),
            due_at: work.now(),
            parameters: json!({}),
        };
        outbox::write(work, mail).await?;
    }
    Ok(SentPath.to_string())
}

/// The registration of an address: a new one, or the one it has. One that is over or was stopped begins
/// again, and must be proven again. Whoever said that they never asked is not written to again.
async fn upsert(
    work: &Work,
    course: CourseId,
    address: &Address,
    over_since: Ts,
) -> Result<registration::Model, Error> {
    use registration::Column;
    use sea_orm::sea_query::ExprTrait as _;
    let now = work.now();
    let old = |column: Column| Expr::col((registration::Entity, column));
    let is = |column: Column| old(column).is_not_null();
    let begins = || {
        let was_stopped = is(Column::EndedAt).and(is(Column::ProvenAt));
        old(Column::Since).lte(over_since).or(was_stopped)
    };
    let unanswered = old(Column::EndedAt)
        .is_null()
        .and(old(Column::ProvenAt).is_null());
    let cleared = |column: Column| Expr::case(begins(), Expr::val(None::<Ts>)).finally(old(column));
    let since = Expr::case(begins().or(unanswered), Expr::val(now)).finally(old(Column::Since));
    let known = OnConflict::columns([Column::Course, Column::Email])
        .value(Column::ProvenAt, cleared(Column::ProvenAt))
        .value(Column::EndedAt, cleared(Column::EndedAt))
        .value(Column::Since, since)
        .to_owned();
    let row = registration::ActiveModel {
        id: Set(work.fresh_id()),
        course: Set(course),
        email: Set(Some(address.to_string())),
        phone: Set(None),
        proven_at: Set(None),
        since: Set(now),
        ended_at: Set(None),
    };
    Ok(registration::Entity::insert(row)
        .on_conflict(known)
        .exec_with_returning(work.tx())
        .await?)
}

/// A registration that a link opens.
struct Found {
    row: registration::Model,
    ends_at: Ts,
}

/// What the link opens; nothing if its months are over.
async fn open(db: &impl ConnectionTrait, now: Ts, token: &str) -> Result<Option<Found>, Error> {
    let opened = links::open(db, now, Purpose::NewDates, token).await?;
    let row = registration::Entity::find_by_id(opened.about)
        .one(db)
        .await?
        .ok_or(Error::NotFound)?;
    let (settings, _) = calendar::rules(db).await?;
    let is_over = row.since <= interest_over_since(&settings, now);
    let ends_at = london::months_from(row.since, settings.interest);
    Ok(Some(Found { row, ends_at }).filter(|_| !is_over))
}

/// Confirms a registration or stops it, whatever it was before: the answer of whoever has the mailbox.
async fn settle(work: &Work, id: Uuid, wants: bool) -> Result<String, Error> {
    let row = registration::Entity::find_by_id(id)
        .one(work.tx())
        .await?
        .ok_or(Error::NotFound)?;
    let (proven_at, ended_at) = (row.proven_at, row.ended_at);
    let mut row = row.into_active_model();
    if wants {
        row.proven_at = Set(proven_at.or(Some(work.now())));
        row.since = Set(work.now());
        row.ended_at = Set(None);
    } else {
        row.ended_at = Set(ended_at.or(Some(work.now())));
    }
    row.update(work.tx()).await?;
    // The link shows how things stand.
    Ok(String::new())
}

/// Tells everybody who asked that a run was published (M20), each once (B-107).
pub(crate) async fn announce(work: &Work, run: RunId) -> Result<(), Error> {
    use registration::Column;
    let dates = calendar::run_dates(work.tx(), run)
        .await?
        .ok_or(Error::NotFound)?;
    let (settings, _) = calendar::rules(work.tx()).await?;
    let listed = registration::Entity::find()
        .filter(Column::Course.eq(dates.course))
        .filter(Column::ProvenAt.is_not_null())
        .filter(Column::EndedAt.is_null())
        .filter(Column::Since.gt(interest_over_since(&settings, work.now())))
        .order_by_asc(Column::Id)
        .all(work.tx())
        .await?;
    for row in listed {
        let Some(recipient) = row.email else { continue };
        let mail = Mail {
            kind: Kind::NewDates,
            about: row.id,
            recipient,
            occasion: run.to_string(),
            // There is something to book from then on.
            due_at: dates.opens_at.max(work.now()),
            parameters: json!({ "run": run }),
        };
        outbox::write(work, mail).await?;
    }
    Ok(())
}

/// The question for an address.
#[derive(Clone, Debug, Serialize)]
struct AskPage {
    form: Form,
    errors: Vec<Problem>,
    /// Courses to choose from; none if there is only one.
    courses: Vec<Choice>,
    /// Whether there is a course at all.
    any: bool,
    months: i64,
    op: String,
    action: String,
    back_url: String,
}

/// One answer.
#[derive(Clone, Debug, Serialize)]
struct Choice {
    value: String,
    text: String,
}

impl AskPage {
    fn of(form: Form, courses: &[Course], months: i64, op: String) -> Self {
        let choice = |it: &Course| Choice {
            value: it.code.clone(),
            text: it.title.clone(),
        };
        Self {
            errors: problems([("email", &form.email), ("course", &form.course)]),
            form,
            courses: if courses.len() > 1 {
                courses.iter().map(choice).collect()
            } else {
                Vec::new()
            },
            any: !courses.is_empty(),
            months,
            op,
            action: NewDatesPath.to_string(),
            back_url: CoursesPath.to_string(),
        }
    }
}

/// The answer for everybody.
#[derive(Clone, Debug, Serialize)]
struct SentPage {
    again_url: String,
    courses_url: String,
}

/// The link is over: 410 with the way to a new one.
#[derive(Clone, Debug, Serialize)]
struct OverPage {
    again_url: String,
}

/// Where a registration stands, and the choice to have it otherwise.
#[derive(Clone, Debug, Serialize)]
struct LinkPage {
    /// asked, live or stopped.
    state: &'static str,
    /// The course, once the address is proven (B-21).
    course: Option<String>,
    /// "Thursday 11 May 2028".
    until: String,
    choice: Answer,
    errors: Vec<Problem>,
    op: String,
    action: String,
}

impl LinkPage {
    async fn of(app: &App, token: &str, found: &Found, choice: Answer) -> Result<Self, Error> {
        let Found { row, ends_at } = found;
        let courses = calendar::courses(app.reader()).await?;
        let title = courses
            .into_iter()
            .find(|it| it.id == row.course)
            .map(|it| it.title);
        Ok(Self {
            state: match (row.ended_at, row.proven_at) {
                (Some(_), _) => "stopped",
                (None, None) => "asked",
                (None, Some(_)) => "live",
            },
            course: title.filter(|_| row.proven_at.is_some()),
            until: words::date(london::local(*ends_at).0),
            errors: problems([("choice", &choice)]),
            choice,
            op: app.secrets().op(),
            action: NewDatesLinkPath {
                token: token.to_owned(),
            }
            .to_string(),
        })
    }
}

impl Page for AskPage {
    const TEMPLATE: &'static str = "pages/new_dates/ask.html";

    #[cfg(test)]
    fn samples() -> Vec<Self> {
        let one = tests::course("intro", "Introduction to peer support");
        let two = [
            one.clone(),
            tests::course("notes", "Writing recovery-focused notes"),
        ];
        let mut wrong = Form {
            email: Answer::new("sam at example"),
            course: Answer::default(),
        };
        assert_eq!(wrong.read(&two), None);
        let op = || "0".repeat(32);
        vec![
            Self::of(Form::default(), &[one], 12, op()),
            Self::of(Form::default(), &two, 12, op()),
            Self::of(wrong, &two, 12, op()),
            Self::of(Form::default(), &[], 12, op()),
        ]
    }
}

impl Page for SentPage {
    const TEMPLATE: &'static str = "pages/new_dates/sent.html";

    #[cfg(test)]
    fn samples() -> Vec<Self> {
        vec![Self {
            again_url: NewDatesPath.to_string(),
            courses_url: CoursesPath.to_string(),
        }]
    }
}

impl Page for OverPage {
    const TEMPLATE: &'static str = "pages/new_dates/over.html";

    #[cfg(test)]
    fn samples() -> Vec<Self> {
        vec![Self {
            again_url: NewDatesPath.to_string(),
        }]
    }
}

impl Page for LinkPage {
    const TEMPLATE: &'static str = "pages/new_dates/link.html";

    #[cfg(test)]
    fn samples() -> Vec<Self> {
        let mut unanswered = Answer::default();
        unanswered.refuse("Choose one answer");
        let all = ["asked", "live", "stopped"].into_iter();
        let all = all.flat_map(|state| [(state, Answer::default()), (state, unanswered.clone())]);
        all.map(|(state, choice)| Self {
            state,
            course: Some("Introduction to peer support".to_owned()).filter(|_| state != "asked"),
            until: "Thursday 11 May 2028".to_owned(),
            errors: problems([("choice", &choice)]),
            choice,
            op: "0".repeat(32),
            action: "/new-dates/x".to_owned(),
        })
        .collect()
    }
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;
    use booking::calendar::CourseText;
    use ids::CourseVersionId;

    /// A course to look at.
    pub(crate) fn course(code: &str, title: &str) -> Course {
        Course {
            id: CourseId(Uuid::nil()),
            code: code.to_owned(),
            title: title.to_owned(),
            contact_name: "The training team".to_owned(),
            contact_email: "courses@example.org".to_owned(),
            contact_phone: "01632 960000".to_owned(),
            version: CourseVersionId(Uuid::nil()),
            text: CourseText {
                summary: String::new(),
                methods: Vec::new(),
                outcomes: Vec::new(),
                topics: Vec::new(),
                planned_minutes: 360,
                sessions_required: Some(2),
                different_days: true,
                authors_note: String::new(),
                extras: json!({}),
            },
        }
    }

    #[test]
    fn pages_hold() {
        crate::pages_test::check::<AskPage>();
        crate::pages_test::check::<SentPage>();
        crate::pages_test::check::<OverPage>();
        crate::pages_test::check::<LinkPage>();
    }
}
