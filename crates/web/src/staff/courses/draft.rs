//! The draft of a course, to be edited. Whoever saves over somebody else's change sees both first (U-12).

use std::collections::BTreeSet;
use std::sync::Arc;

use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Redirect, Response};
use axum_extra::routing::TypedPath;
use booking::courses::{self, CourseRecord, Edited};
use ids::PersonId;
use serde::{Deserialize, Serialize};

use super::form::Form;
use super::{CoursesPath, OnePath, Shell, named, note};
use crate::app::App;
use crate::error::Error;
use crate::forms::{AGAIN, Fields, Problem};
use crate::pages::Page;
use crate::sign_in::SignedIn;
use crate::work::Work;

/// `/team/courses/{course}/draft`
#[derive(TypedPath, Deserialize)]
#[typed_path("/team/courses/{course}/draft")]
pub(super) struct DraftPath {
    course: String,
}

impl DraftPath {
    pub(super) fn of(it: &CourseRecord) -> Self {
        Self {
            course: it.code.clone(),
        }
    }
}

pub(super) async fn ask(it: DraftPath, State(app): State<App>, me: SignedIn) -> Result<Response, Error> {
    let course = named(&app, &it.course).await?;
    let Some(draft) = course.draft() else {
        return Ok(Redirect::to(&OnePath::of(&course).to_string()).into_response());
    };
    let form = Form::of(draft);
    let version = form.version();
    let page = DraftPage::load(&app, &me, &course, form, version).await?;
    app.page(&page).await
}

/// What came with the form beside its text.
struct Sent {
    op: Option<String>,
    content: String,
    version: String,
}

/// What became of it.
enum Done {
    At(String),
    /// Somebody else changed the draft meanwhile.
    Changed(Box<CourseRecord>),
    /// There is no draft any more.
    Gone(String),
}

pub(super) async fn save(
    it: DraftPath,
    State(app): State<App>,
    me: SignedIn,
    mut fields: Fields,
) -> Result<Response, Error> {
    let course = named(&app, &it.course).await?;
    let sent = Sent {
        op: fields.op()?,
        version: fields.line("version")?,
        content: fields.content().to_owned(),
    };
    let mut form = Form::read(&mut fields)?;
    fields.done()?;
    let outcomes = course.versions.iter().flat_map(|it| &it.text.outcomes);
    let known: BTreeSet<String> = outcomes.map(|it| it.code.clone()).collect();
    let Some(edited) = form.judge(&known) else {
        let page = DraftPage::load(&app, &me, &course, form, sent.version).await?;
        return app.page_with(AGAIN, &page).await;
    };
    let code = it.course.as_str();
    let done = app
        .change(|work| change(work, code, me.person, &sent, edited.clone()))
        .await?;
    match done {
        Done::At(path) | Done::Gone(path) => Ok(Redirect::to(&path).into_response()),
        Done::Changed(now) => {
            let theirs = now.draft().map(Form::of).unwrap_or_default();
            let others = differing(&theirs, &form);
            let mut page = DraftPage::load(&app, &me, &now, form, theirs.version()).await?;
            page.others = others;
            app.page_with(StatusCode::CONFLICT, &page).await
        }
    }
}

async fn change(
    work: Arc<Work>,
    code: &str,
    by: PersonId,
    sent: &Sent,
    edited: Edited,
) -> Result<Done, Error> {
    work.take_turns().await?;
    let op = sent.op.as_deref();
    let course = courses::named(work.tx(), code).await?.ok_or(Error::NotFound)?;
    let back = format!("{}?done=saved", OnePath::of(&course));
    if work.is_done(op, &sent.content).await? {
        return Ok(Done::At(back));
    }
    let Some(draft) = course.draft() else {
        return Ok(Done::Gone(OnePath::of(&course).to_string()));
    };
    if Form::of(draft).version() != sent.version {
        return Ok(Done::Changed(Box::new(course)));
    }
    let act = async {
        courses::edit(work.tx(), draft.id, edited).await?;
        note(&work, by, "draft_changed", &course, draft.number);
        Ok(back)
    };
    work.once(op, &sent.content, act).await.map(Done::At)
}

/// Fields that differ: the name, theirs, this form's.
fn differing(theirs: &Form, mine: &Form) -> Vec<Vec<String>> {
    let (theirs, mine) = (theirs.said(), mine.said());
    let mut names: Vec<&String> = theirs.iter().map(|(name, _)| name).collect();
    let more = mine.iter().map(|(name, _)| name);
    names.extend(more.filter(|it| !theirs.iter().any(|(name, _)| name == *it)));
    let value = |of: &[(String, String)], name: &String| {
        let found = of.iter().find(|(it, _)| it == name);
        let value = found.map(|(_, value)| value.clone()).unwrap_or_default();
        if value.is_empty() {
            "Nothing".to_owned()
        } else {
            value
        }
    };
    names
        .into_iter()
        .map(|name| vec![name.clone(), value(&theirs, name), value(&mine, name)])
        .filter(|it| it.get(1) != it.get(2))
        .collect()
}

/// The draft as a form.
#[derive(Clone, Debug, Serialize)]
struct DraftPage {
    caption: String,
    form: Form,
    errors: Vec<Problem>,
    /// What somebody else changed meanwhile: the field, their words, the reader's.
    others: Vec<Vec<String>>,
    version: String,
    action: String,
    back_url: String,
    op: String,
    shell: Shell,
}

impl DraftPage {
    async fn load(
        app: &App,
        me: &SignedIn,
        course: &CourseRecord,
        form: Form,
        version: String,
    ) -> Result<Self, Error> {
        let shell = Shell::of(app, me, CoursesPath::PATH).await?;
        Ok(Self::of(course, form, version, app.secrets().op(), shell))
    }

    fn of(course: &CourseRecord, form: Form, version: String, op: String, shell: Shell) -> Self {
        Self {
            caption: course.title.clone(),
            errors: form.problems(),
            form: form.with_room(),
            others: Vec::new(),
            version,
            action: DraftPath::of(course).to_string(),
            back_url: OnePath::of(course).to_string(),
            op,
            shell,
        }
    }
}

impl Page for DraftPage {
    const TEMPLATE: &'static str = "pages/staff/courses/draft.html";

    #[cfg(test)]
    fn samples() -> Vec<Self> {
        let course = super::sample();
        let form = Form::of(course.draft().unwrap());
        let page = |form: Form| {
            let version = form.version();
            Self::of(&course, form, version, "0".repeat(32), Shell::sample())
        };
        let mut empty = Form::default();
        empty.judge(&BTreeSet::new());
        let mut overtaken = page(form.clone());
        overtaken.others = vec![vec![
            "Title".to_owned(),
            "Peer support for all".to_owned(),
            "Introduction to peer support".to_owned(),
        ]];
        vec![page(form), page(empty), overtaken]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pages_hold() {
        crate::pages_test::check::<DraftPage>();
    }

    #[test]
    fn what_differs_is_shown_from_both_sides() {
        let course = crate::staff::courses::sample();
        let theirs = Form::of(course.draft().unwrap());
        let mut mine = theirs.clone();
        mine.title.value = "Mine".to_owned();
        mine.outcomes.clear();
        let rows = differing(&theirs, &mine);
        let names: Vec<&str> = rows.iter().map(|it| it[0].as_str()).collect();
        assert_eq!(names, ["Title", "Outcome 1"]);
        assert_eq!(rows[1][2], "Nothing");
    }
}
