//! One task: who it is about, what to say, and what came of it (B-91).

use std::collections::BTreeMap;

use axum::extract::State as Extracted;
use axum::response::{IntoResponse, Redirect, Response};
use axum_extra::routing::TypedPath;
use serde::Serialize;

use super::{Found, TaskPath, TasksPath, letter, say};
use crate::app::App;
use crate::error::Error;
use crate::forms::{AGAIN, Answer, Fields, Problem, problems};
use crate::pages::Page;
use crate::people;
use crate::public::manage::{CHOOSE_ONE, Choice, Row};
use crate::sign_in::SignedIn;
use crate::staff::Shell;
use crate::tasks::outcome::{self, NOTE, Outcome, Tried, Try};
use crate::words;

pub(super) async fn show(
    it: TaskPath,
    Extracted(app): Extracted<App>,
    me: SignedIn,
) -> Result<Response, Error> {
    let found = Found::named(app.reader(), &me, &it.task).await?;
    app.page(&TaskPage::load(&app, &me, &found).await?).await
}

/// Notes what came of a try.
pub(super) async fn log(
    it: TaskPath,
    Extracted(app): Extracted<App>,
    me: SignedIn,
    mut fields: Fields,
) -> Result<Response, Error> {
    let found = Found::named(app.reader(), &me, &it.task).await?;
    if found.is_own(&me) {
        return Err(Error::NotFound);
    }
    let op = fields.op()?;
    let mut form = Form::read(&mut fields)?;
    fields.done()?;
    form.judge();
    let Some(tried) = form.tried(&found, &me) else {
        let page = TaskPage::load(&app, &me, &found).await?.with(form);
        return app.page_with(AGAIN, &page).await;
    };
    let tried = &tried;
    let (op, content) = (op.as_deref(), fields.content());
    let path = if tried.is_done {
        TasksPath.to_string()
    } else {
        TaskPath::of(&found.task)
    };
    let path = app
        .change(|work| {
            let path = path.clone();
            async move {
                let act = async {
                    outcome::log(&work, tried).await?;
                    Ok(path)
                };
                work.once(op, content, act).await
            }
        })
        .await?;
    Ok(Redirect::to(&path).into_response())
}

/// What was typed and chosen.
#[derive(Clone, Debug, Default, Serialize)]
struct Form {
    outcome: Answer,
    note: Answer,
    done: Answer,
}

impl Form {
    fn read(fields: &mut Fields) -> Result<Self, Error> {
        Ok(Self {
            outcome: Answer::new(fields.line("outcome")?),
            note: Answer::new(fields.text("note")?),
            done: Answer::new(fields.line("done")?),
        })
    }

    fn judge(&mut self) {
        if Outcome::named(&self.outcome.value).is_none() {
            self.outcome = Answer::default();
            self.outcome.refuse(CHOOSE_ONE);
        }
        self.note.at_most(NOTE, "The note");
        if !["yes", "no"].contains(&self.done.value.as_str()) {
            self.done = Answer::default();
            self.done.refuse("Choose whether the task is done");
        }
    }

    fn tried(&self, found: &Found, me: &SignedIn) -> Option<Try> {
        if !self.problems().is_empty() {
            return None;
        }
        Some(Try {
            task: found.task.id,
            by: me.person,
            outcome: Outcome::named(&self.outcome.value)?,
            note: self.note.given(),
            is_done: self.done.value == "yes",
        })
    }

    fn problems(&self) -> Vec<Problem> {
        problems([
            ("outcome", &self.outcome),
            ("note", &self.note),
            ("done", &self.done),
        ])
    }
}

#[derive(Clone, Debug, Serialize)]
struct TaskPage {
    heading: String,
    list_url: String,
    rows: Vec<Row>,
    phone: String,
    phone_url: Option<String>,
    booking_url: Option<String>,
    /// Who waits for the dates that the task is about.
    waiting_url: Option<String>,
    /// Two records that may be one person.
    both_url: Option<String>,
    /// Where a review is written down; that alone ends the task.
    review_url: Option<String>,
    /// A letter to print instead of a call.
    letter_url: Option<String>,
    say: Vec<String>,
    /// "No answer, 2 times", so that nobody rings for ever.
    unanswered: usize,
    /// When, how it went, who, note.
    tries: Vec<[String; 4]>,
    /// Whether something is left to do, and it is not about oneself (T-08).
    is_open: bool,
    is_own: bool,
    outcomes: [Outcome; 5],
    choices: Vec<Choice>,
    form: Form,
    errors: Vec<Problem>,
    action: String,
    op: String,
    shell: Shell,
}

impl TaskPage {
    async fn load(app: &App, me: &SignedIn, found: &Found) -> Result<Self, Error> {
        let tries = outcome::tries(app.reader(), found.task.id).await?;
        found.note_looks(app, me, &tries).await?;
        let team = people::several(app.reader(), tries.iter().map(|it| it.by_person)).await?;
        let names = team.into_iter().map(|it| (it.id, it.called())).collect();
        let shell = Shell::of(app, me, TasksPath::PATH).await?;
        let page = Self::of(found, &tries, &names, app.secrets().op(), shell);
        Ok(Self {
            is_own: found.is_own(me),
            ..page
        })
    }

    fn of(
        found: &Found,
        tries: &[Tried],
        names: &BTreeMap<ids::PersonId, String>,
        op: String,
        shell: Shell,
    ) -> Self {
        let phone = found.phone();
        let unanswered = Outcome::NoAnswer.name();
        let line = |it: &Tried| {
            let outcome = Outcome::named(&it.outcome).map_or("", Outcome::words);
            [
                words::date_time(it.at),
                outcome.to_owned(),
                names.get(&it.by_person).cloned().unwrap_or_default(),
                it.note.clone().unwrap_or_default(),
            ]
        };
        Self {
            heading: format!("{}, {}", say::title(found), found.name()),
            list_url: TasksPath.to_string(),
            rows: facts(found),
            phone_url: crate::calls::call(&phone),
            phone,
            booking_url: found.booking_path(),
            waiting_url: found.waiting_path(),
            both_url: found.both_path(),
            review_url: found.review_path(),
            letter_url: letter::path(found),
            say: say::say(found),
            unanswered: tries.iter().filter(|it| it.outcome == unanswered).count(),
            tries: tries.iter().map(line).collect(),
            is_open: found.task.state == "open",
            is_own: false,
            outcomes: Outcome::ALL,
            choices: vec![
                Choice::new("yes", "Yes, nothing is left to do"),
                Choice::new("no", "No, keep it open"),
            ],
            form: Form::default(),
            errors: Vec::new(),
            action: TaskPath::of(&found.task),
            op,
            shell,
        }
    }

    fn with(self, form: Form) -> Self {
        Self {
            errors: form.problems(),
            form,
            ..self
        }
    }
}

fn facts(found: &Found) -> Vec<Row> {
    let mut rows = vec![
        Row::new("About", found.name()),
        Row::new("Due", words::date_time(found.task.due)),
    ];
    if let Some(booking) = &found.booking {
        rows.push(Row::new("Status", crate::staff::said::tag(booking.state).0));
        rows.push(Row::new("Reference", booking.reference.clone()));
    }
    if let Some(run) = &found.run {
        rows.push(Row::new("Course", run.course_title.clone()));
        rows.extend(crate::public::manage::days(&run.sessions));
        rows.push(Row::new("Where", words::place(run)));
    }
    if let Some(address) = found.person.as_ref().and_then(|it| it.post_address.clone()) {
        rows.push(Row::new("Postal address", address.replace('\n', ", ")));
    }
    rows
}

impl Page for TaskPage {
    const TEMPLATE: &'static str = "pages/staff/tasks/one.html";

    #[cfg(test)]
    fn samples() -> Vec<Self> {
        let every = samples::every();
        let page = |it: &Found, tries: &[Tried]| {
            Self::of(it, tries, &BTreeMap::new(), "0".repeat(32), Shell::sample())
        };
        let mut all: Vec<Self> = every.iter().map(|it| page(it, &[])).collect();
        let one = samples::of(crate::tasks::TaskKind::PhoneOffer, "offer-ev2");
        let tried = [
            samples::tried(2, Outcome::LeftMessage),
            samples::tried(1, Outcome::NoAnswer),
        ];
        let mut wrong = Form::default();
        wrong.judge();
        let own = Self {
            is_own: true,
            ..page(&one, &tried)
        };
        let ended = Self {
            is_open: false,
            ..page(&one, &tried)
        };
        all.extend([page(&one, &tried), own, ended, page(&one, &[]).with(wrong)]);
        all
    }
}

/// Tasks for the samples of pages.
#[cfg(test)]
pub(super) mod samples {
    use super::*;
    use crate::entity::{access_need, team_task};
    use crate::outbox::Kind;
    use crate::public::manage::tests::{before, held};
    use crate::tasks::TaskKind;
    use booking::State;
    use uuid::Uuid;

    pub(crate) fn tried(n: i32, outcome: Outcome) -> Tried {
        Tried {
            id: Uuid::nil(),
            task: Uuid::nil(),
            n,
            at: before(),
            by_person: ids::PersonId(Uuid::nil()),
            outcome: outcome.name().to_owned(),
            note: Some("Rings in the evening.".to_owned()),
        }
    }

    pub(crate) fn of(kind: TaskKind, occasion: &str) -> Found {
        let until = before() + time::Duration::days(2);
        let held = held(State::Offered { until }, true);
        let task = team_task::Model {
            id: Uuid::from_u128(7),
            kind: kind.name().to_owned(),
            about: Uuid::nil(),
            occasion: occasion.to_owned(),
            created_at: before(),
            due: before(),
            urgent: false,
            assignee: None,
            state: "open".to_owned(),
            outcome: None,
            note: None,
        };
        let need = access_need::Model {
            id: Uuid::nil(),
            booking: held.record.id,
            code: "bsl".to_owned(),
            detail: Some("In the mornings.".to_owned()),
            status: "asked".to_owned(),
            owner: None,
            due: before(),
        };
        Found {
            task,
            kind: Some(kind),
            booking: Some(held.record),
            person: Some(held.person),
            run: Some(held.run),
            need: (kind == TaskKind::ArrangeNeed).then_some(need),
            course: None,
        }
    }

    /// One of each kind, and one for each mail in place of which somebody is called.
    pub(crate) fn every() -> Vec<Found> {
        let mut all: Vec<Found> = TaskKind::ALL.iter().map(|it| of(*it, "ev2")).collect();
        let instead = |it: &Kind| of(TaskKind::PhoneOrLetter, &format!("{}-ev2", it.name()));
        all.extend(Kind::ALL.iter().map(instead));
        if let Some(first) = all.first_mut() {
            (first.booking, first.person) = (None, None);
        }
        all
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pages_hold() {
        crate::pages_test::check::<TaskPage>();
    }
}
