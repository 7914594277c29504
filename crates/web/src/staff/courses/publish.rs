//! A lead reads the draft once more, and approves it or not: nothing is chosen beforehand.

use axum::extract::State;
use axum::response::{IntoResponse, Redirect, Response};
use axum_extra::routing::TypedPath;
use booking::courses::{self, CourseRecord, Version};
use serde::{Deserialize, Serialize};

use super::form::Form;
use super::{CoursesPath, OnePath, Shell, named, note};
use crate::app::App;
use crate::error::Error;
use crate::forms::{AGAIN, Answer, Fields, Problem, problems};
use crate::pages::Page;
use crate::sign_in::SignedIn;

/// `/team/courses/{course}/publish`
#[derive(TypedPath, Deserialize)]
#[typed_path("/team/courses/{course}/publish")]
pub(super) struct PublishPath {
    course: String,
}

impl PublishPath {
    pub(super) fn of(it: &CourseRecord) -> Self {
        Self {
            course: it.code.clone(),
        }
    }
}

pub(super) async fn ask(it: PublishPath, State(app): State<App>, me: SignedIn) -> Result<Response, Error> {
    let course = named(&app, &it.course).await?;
    let Some(draft) = course.draft() else {
        return Ok(Redirect::to(&OnePath::of(&course).to_string()).into_response());
    };
    let page = PublishPage::load(&app, &me, &course, draft, Answer::default()).await?;
    app.page(&page).await
}

pub(super) async fn answer(
    it: PublishPath,
    State(app): State<App>,
    me: SignedIn,
    mut fields: Fields,
) -> Result<Response, Error> {
    let op = fields.op()?;
    let read = fields.line("version")?;
    let mut approve = Answer::new(fields.line("approve")?);
    fields.done()?;
    let course = named(&app, &it.course).await?;
    let back = OnePath::of(&course).to_string();
    let said_yes = approve.value == "yes";
    if let Some(draft) = course.draft()
        && said_yes
        && Form::of(draft).version() != read
    {
        approve.refuse("Somebody changed the draft meanwhile. Read it again before you approve it");
        let page = PublishPage::load(&app, &me, &course, draft, approve).await?;
        return app.page_with(AGAIN, &page).await;
    }
    if let Some(draft) = course.draft().filter(|_| !said_yes && approve.value != "no") {
        approve.refuse("Choose one answer");
        let page = PublishPage::load(&app, &me, &course, draft, approve).await?;
        return app.page_with(AGAIN, &page).await;
    }
    if !said_yes {
        return Ok(Redirect::to(&back).into_response());
    }
    let (op, content, by, code) = (op.as_deref(), fields.content(), me.person, it.course.as_str());
    let (read, back) = (read.as_str(), back.as_str());
    let path = app
        .change(|work| async move {
            work.take_turns().await?;
            let act = async {
                let course = courses::named(work.tx(), code).await?.ok_or(Error::NotFound)?;
                // Only what was read is approved: a draft that changed since is shown again.
                let draft = course.draft().filter(|it| Form::of(it).version() == read);
                let Some(draft) = draft else {
                    return Ok(PublishPath::of(&course).to_string());
                };
                courses::approve(work.tx(), work.now(), draft.id, by).await?;
                note(&work, by, "version_approved", &course, draft.number);
                Ok(format!("{back}?done=published"))
            };
            work.once(op, content, act).await
        })
        .await?;
    Ok(Redirect::to(&path).into_response())
}

/// The draft to read.
#[derive(Clone, Debug, Serialize)]
struct PublishPage {
    caption: String,
    number: i32,
    rows: Vec<Line>,
    approve: Answer,
    errors: Vec<Problem>,
    version: String,
    action: String,
    back_url: String,
    op: String,
    shell: Shell,
}

/// One field of the draft, as it was written.
#[derive(Clone, Debug, Serialize)]
struct Line {
    key: String,
    typed: String,
}

impl PublishPage {
    async fn load(
        app: &App,
        me: &SignedIn,
        course: &CourseRecord,
        draft: &Version,
        approve: Answer,
    ) -> Result<Self, Error> {
        let shell = Shell::of(app, me, CoursesPath::PATH).await?;
        Ok(Self::of(course, draft, approve, app.secrets().op(), shell))
    }

    fn of(course: &CourseRecord, draft: &Version, approve: Answer, op: String, shell: Shell) -> Self {
        let form = Form::of(draft);
        let line = |(key, typed): (String, String)| Line { key, typed };
        let said = form.said().into_iter().filter(|(_, value)| !value.is_empty());
        Self {
            caption: course.title.clone(),
            number: draft.number,
            rows: said.map(line).collect(),
            errors: problems([("approve", &approve)]),
            approve,
            version: form.version(),
            action: PublishPath::of(course).to_string(),
            back_url: OnePath::of(course).to_string(),
            op,
            shell,
        }
    }
}

impl Page for PublishPage {
    const TEMPLATE: &'static str = "pages/staff/courses/publish.html";

    #[cfg(test)]
    fn samples() -> Vec<Self> {
        let course = super::sample();
        let page = |approve| {
            let draft = course.draft().unwrap();
            Self::of(&course, draft, approve, "0".repeat(32), Shell::sample())
        };
        let mut wrong = Answer::default();
        wrong.refuse("Choose one answer");
        vec![page(Answer::default()), page(wrong)]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pages_hold() {
        crate::pages_test::check::<PublishPage>();
    }
}
