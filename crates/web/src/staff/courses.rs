//! Courses and their versions: what visitors read, a draft that follows it, and who approved which.

mod draft;
mod form;
mod publish;

use std::collections::BTreeMap;

use axum::extract::{Query, State};
use axum::response::{IntoResponse, Redirect, Response};
use axum_extra::routing::TypedPath;
use booking::courses::{self, CourseRecord, Standing, Version};
use ids::PersonId;
use serde::{Deserialize, Serialize};

use super::Shell;
use crate::app::App;
use crate::audit::{Act, Doer};
use crate::error::Error;
use crate::forms::Fields;
use crate::pages::Page;
use crate::public::courses::CoursePath as PublicPath;
use crate::routes::{Routes, Who};
use crate::sign_in::SignedIn;
use crate::sign_in::role::{LEADS, TEAM};
use crate::work::Work;
use crate::{people, words};
use draft::DraftPath;
use publish::PublishPath;

/// `/team/courses`
#[derive(TypedPath, Deserialize)]
#[typed_path("/team/courses")]
pub(crate) struct CoursesPath;

/// `/team/courses/{course}`: the post begins a draft.
#[derive(TypedPath, Deserialize)]
#[typed_path("/team/courses/{course}")]
struct OnePath {
    course: String,
}

impl OnePath {
    fn of(it: &CourseRecord) -> Self {
        Self {
            course: it.code.clone(),
        }
    }
}

pub(super) fn routes() -> Routes {
    Routes::default()
        .get::<CoursesPath, _, _>(Who::Roles(TEAM), list)
        .get::<OnePath, _, _>(Who::Roles(TEAM), show)
        .press::<OnePath, _, _>(Who::Roles(TEAM), begin)
        .get::<DraftPath, _, _>(Who::Roles(TEAM), draft::ask)
        .post::<DraftPath, _, _>(Who::Roles(TEAM), draft::save)
        .get::<PublishPath, _, _>(Who::Roles(LEADS), publish::ask)
        .post::<PublishPath, _, _>(Who::Roles(LEADS), publish::answer)
}

async fn named(app: &App, code: &str) -> Result<CourseRecord, Error> {
    let found = courses::named(app.reader(), code).await?;
    found.ok_or(Error::NotFound)
}

/// Notes what was done with a version of a course (T-48).
fn note(work: &Work, by: PersonId, what: &'static str, of: &CourseRecord, number: i32) {
    work.note(Act {
        doer: Doer::Member(by),
        what,
        about: ("course", of.id.0.to_string()),
        whose: None,
        reason: Some(format!("version {number}")),
    });
}

async fn list(_: CoursesPath, State(app): State<App>, me: SignedIn) -> Result<Response, Error> {
    let all = courses::all(app.reader()).await?;
    let page = ListPage {
        rows: all.iter().map(Row::of).collect(),
        shell: Shell::of(&app, &me, CoursesPath::PATH).await?,
    };
    app.page(&page).await
}

#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
struct Asked {
    done: String,
}

async fn show(
    it: OnePath,
    State(app): State<App>,
    me: SignedIn,
    Query(asked): Query<Asked>,
) -> Result<Response, Error> {
    let course = named(&app, &it.course).await?;
    let approved = course.versions.iter().filter_map(|it| it.approved_by);
    let names = people::several(app.reader(), approved).await?;
    let names = names.into_iter().map(|it| (it.id, it.full_name)).collect();
    let shell = Shell::of(&app, &me, CoursesPath::PATH).await?;
    let mut page = OnePage::of(&course, &names, me.is_any(LEADS), app.secrets().op(), shell);
    page.done = match asked.done.as_str() {
        "saved" => "The draft is saved. Nobody else sees it yet.",
        "published" => "The new version is published. Visitors read it now.",
        _ => "",
    };
    app.page(&page).await
}

/// Begins a draft from the newest version, or goes to the one that there is.
async fn begin(
    it: OnePath,
    State(app): State<App>,
    me: SignedIn,
    mut fields: Fields,
) -> Result<Response, Error> {
    let op = fields.op()?;
    fields.done()?;
    named(&app, &it.course).await?;
    let (op, content, by, code) = (op.as_deref(), fields.content(), me.person, it.course.as_str());
    let path = app
        .change(|work| async move {
            work.take_turns().await?;
            let act = async {
                let course = courses::named(work.tx(), code).await?.ok_or(Error::NotFound)?;
                if course.draft().is_none() {
                    courses::begin_draft(work.tx(), &|| work.fresh_id(), &course).await?;
                    let number = course.versions.first().map_or(1, |it| it.number + 1);
                    note(&work, by, "draft_begun", &course, number);
                }
                Ok(DraftPath::of(&course).to_string())
            };
            work.once(op, content, act).await
        })
        .await?;
    Ok(Redirect::to(&path).into_response())
}

type Names = BTreeMap<PersonId, String>;

/// One course in the list.
#[derive(Clone, Debug, Serialize)]
struct Row {
    title: String,
    href: String,
    /// "Version 2, approved on Tuesday 11 May 2027".
    published: String,
    draft: String,
    review: String,
}

impl Row {
    fn of(it: &CourseRecord) -> Self {
        let published = it.published();
        let draft = it.draft().map(|it| format!("Version {}", it.number));
        Self {
            title: it.title.clone(),
            href: OnePath::of(it).to_string(),
            published: published.map_or("Nothing yet".to_owned(), |it| match it.approved_on {
                Some(on) => format!("Version {}, approved on {}", it.number, words::date(on)),
                None => format!("Version {}", it.number),
            }),
            draft: draft.unwrap_or("None".to_owned()),
            review: review(published),
        }
    }
}

fn review(it: Option<&Version>) -> String {
    let due = it.and_then(|it| it.review_due);
    due.map_or("Not set".to_owned(), words::date)
}

/// All courses.
#[derive(Clone, Debug, Serialize)]
struct ListPage {
    rows: Vec<Row>,
    shell: Shell,
}

impl Page for ListPage {
    const TEMPLATE: &'static str = "pages/staff/courses/list.html";

    #[cfg(test)]
    fn samples() -> Vec<Self> {
        let page = |rows| Self {
            rows,
            shell: Shell::sample(),
        };
        vec![page(Vec::new()), page(vec![Row::of(&sample())])]
    }
}

/// One course.
#[derive(Clone, Debug, Serialize)]
struct OnePage {
    title: String,
    done: &'static str,
    versions: Vec<Vec<String>>,
    public_url: Option<String>,
    draft_url: Option<String>,
    publish_url: Option<String>,
    has_draft: bool,
    action: String,
    back_url: String,
    op: String,
    shell: Shell,
}

impl OnePage {
    fn of(it: &CourseRecord, names: &Names, is_lead: bool, op: String, shell: Shell) -> Self {
        let public = PublicPath {
            course: it.code.clone(),
        };
        let has_draft = it.draft().is_some();
        Self {
            title: it.title.clone(),
            done: "",
            versions: it.versions.iter().map(|it| line(it, names)).collect(),
            public_url: it.published().map(|_| public.to_string()),
            draft_url: has_draft.then(|| DraftPath::of(it).to_string()),
            publish_url: (has_draft && is_lead).then(|| PublishPath::of(it).to_string()),
            has_draft,
            action: OnePath::of(it).to_string(),
            back_url: CoursesPath.to_string(),
            op,
            shell,
        }
    }
}

/// A version in the table.
fn line(it: &Version, names: &Names) -> Vec<String> {
    let standing = match it.standing {
        Standing::Draft => "Draft",
        Standing::Published => "Published",
        Standing::Superseded => "Older",
    };
    let who = it.approved_by.and_then(|who| names.get(&who));
    let approved = match (it.approved_on, who) {
        (Some(on), Some(who)) => format!("{who}, {}", words::date(on)),
        (Some(on), None) => words::date(on),
        (None, _) => "Not yet".to_owned(),
    };
    let dates = match it.dates {
        0 => "None".to_owned(),
        n => n.to_string(),
    };
    let review = if it.standing == Standing::Published {
        review(Some(it))
    } else {
        "Not needed".to_owned()
    };
    vec![
        format!("Version {}", it.number),
        standing.to_owned(),
        it.title.clone(),
        approved,
        dates,
        review,
    ]
}

/// A course with a published version and a draft, for samples.
#[cfg(test)]
fn sample() -> CourseRecord {
    use booking::calendar::{CourseText, Outcome};
    use ids::{CourseId, CourseVersionId};
    use time::macros::date;
    use uuid::Uuid;
    let version = |number, standing| Version {
        id: CourseVersionId(Uuid::nil()),
        number,
        standing,
        title: "Introduction to peer support".to_owned(),
        text: CourseText {
            summary: "A free 2-day online course.".to_owned(),
            methods: vec!["Talking in small groups".to_owned()],
            outcomes: vec![Outcome {
                code: "listen".to_owned(),
                text: "Listen well".to_owned(),
                confidence_question: "How sure are you that you can listen well?".to_owned(),
            }],
            topics: vec!["Listening".to_owned(), "Looking after yourself".to_owned()],
            planned_minutes: 360,
            sessions_required: Some(2),
            different_days: true,
            authors_note: String::new(),
            extras: serde_json::json!({}),
        },
        approved_on: Some(date!(2027 - 05 - 11)).filter(|_| standing != Standing::Draft),
        approved_by: Some(PersonId(Uuid::nil())).filter(|_| standing != Standing::Draft),
        review_due: Some(date!(2028 - 05 - 11)).filter(|_| standing == Standing::Published),
        dates: if standing == Standing::Draft { 0 } else { 3 },
    };
    CourseRecord {
        id: CourseId(Uuid::nil()),
        code: "intro".to_owned(),
        title: "Introduction to peer support".to_owned(),
        versions: vec![
            version(3, Standing::Draft),
            version(2, Standing::Published),
            version(1, Standing::Superseded),
        ],
    }
}

impl Page for OnePage {
    const TEMPLATE: &'static str = "pages/staff/courses/one.html";

    #[cfg(test)]
    fn samples() -> Vec<Self> {
        let names = Names::from([(PersonId(uuid::Uuid::nil()), "Kim Lee".to_owned())]);
        let page =
            |it: &CourseRecord, is_lead| Self::of(it, &names, is_lead, "0".repeat(32), Shell::sample());
        let mut without = sample();
        without.versions.remove(0);
        let mut saved = page(&sample(), false);
        saved.done = "The draft is saved. Nobody else sees it yet.";
        vec![page(&sample(), true), page(&without, true), saved]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pages_hold() {
        crate::pages_test::check::<ListPage>();
        crate::pages_test::check::<OnePage>();
    }
}
