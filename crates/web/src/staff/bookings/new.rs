//! A booking for somebody who calls or writes: the questions of the website on one page (B-10). It is
//! booked at once; on full dates they join the waiting list.

use axum::extract::State as Extracted;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Redirect, Response};
use axum_extra::routing::TypedPath;
use booking::calendar::RunDates;
use booking::{Actor, Ask, Asked, Cause, Change, Refusal, State, bookings};
use ids::{BookingId, PersonId};
use sea_orm::ActiveValue::Set;
use sea_orm::{ActiveModelTrait, ColumnTrait, EntityTrait, QueryFilter};
use serde::Serialize;

use super::acts::{because, open_dates};
use super::{BookingPath, BookingsPath, NewPath};
use crate::app::App;
use crate::entity::{access_need, person};
use crate::error::Error;
use crate::forms::{AGAIN, Answer, Fields, Problem, problems};
use crate::pages::Page;
use crate::people::{self, duplicates, matching};
use crate::public::book::answers::{Answers, Contact, Post, Press, Question, Statements, Support, You};
use crate::public::book::send::details;
use crate::public::manage::Choice;
use crate::public::manage::moving::{free_reference, on_run};
use crate::public::questions::{
    self, DetailLine, FORMATS, NeedBox, NeedsForm, TypoChoice, WAYS, add_needs, add_someone,
};
use crate::sign_in::SignedIn;
use crate::staff::Shell;
use crate::staff::channel::{CHANNELS, Told};
use crate::tasks::{self, TaskKind};
use crate::words;
use crate::work::Work;

pub(super) async fn ask(_: NewPath, Extracted(app): Extracted<App>, me: SignedIn) -> Result<Response, Error> {
    let dates = choices(&app).await?;
    let shell = Shell::of(&app, &me, BookingsPath::PATH).await?;
    let page = NewPage::of(Form::default(), &dates, app.secrets().op(), shell);
    app.page(&page).await
}

pub(super) async fn book(
    _: NewPath,
    Extracted(app): Extracted<App>,
    me: SignedIn,
    mut fields: Fields,
) -> Result<Response, Error> {
    let op = fields.op()?;
    let mut form = Form::read(&mut fields)?;
    fields.done()?;
    let dates = choices(&app).await?;
    form.judge(&dates, &me);
    let run = dates.iter().find(|(_, it)| it.value == form.dates.value);
    let run = run.map(|(run, _)| run.clone());
    let shell = Shell::of(&app, &me, BookingsPath::PATH).await?;
    let page = NewPage::of(form.clone(), &dates, app.secrets().op(), shell);
    let Some(run) = run.filter(|_| page.errors.is_empty()) else {
        return app.page_with(AGAIN, &page).await;
    };
    let new = &New {
        run,
        form,
        by: me.person,
    };
    let (op, content) = (op.as_deref(), fields.content());
    let made = app
        .change(async |work| work.once(op, content, new.make(&work)).await)
        .await;
    match made {
        Ok(path) => Ok(Redirect::to(&path).into_response()),
        Err(Error::Refused(Refusal::NeedsReason)) => {
            let mut page = page;
            page.form.reason.refuse(because(Refusal::NeedsReason));
            page.errors = page.form.problems();
            app.page_with(AGAIN, &page).await
        }
        Err(Error::Refused(why)) => {
            let notice = because(why);
            app.page_with(StatusCode::CONFLICT, &NewPage { notice, ..page })
                .await
        }
        Err(error) => Err(error),
    }
}

/// The dates that can be chosen, as the form names them.
async fn choices(app: &App) -> Result<Vec<(RunDates, Choice)>, Error> {
    let all = open_dates(app, None).await?;
    let named = all.into_iter().map(|(run, hint)| {
        let text = format!("{}: {}", run.course_title, words::dates(&run.sessions));
        let value = format!("{}/{}", run.course_code, run.slug);
        (run, Choice { value, text, hint })
    });
    Ok(named.collect())
}

/// What the person said, and how.
#[derive(Clone, Debug, Default, Serialize)]
struct Form {
    dates: Answer,
    place: Answer,
    reason: Answer,
    channel: Answer,
    you: You,
    contact: Contact,
    post: Post,
    support: Support,
    said: Statements,
}

/// A place, or the waiting list.
const PLACES: [(&str, &str); 2] = [("book", "A place"), ("wait", "To join the waiting list")];

impl Form {
    fn read(fields: &mut Fields) -> Result<Self, Error> {
        Ok(Self {
            dates: Answer::new(fields.line("dates")?),
            place: Answer::new(fields.line("place")?),
            reason: Answer::new(fields.text("reason")?),
            channel: Answer::new(fields.line("channel")?),
            you: You::read(fields)?,
            contact: Contact::read(fields)?,
            post: Post::read(fields)?,
            support: Support::read(fields)?,
            said: Statements::read(fields)?,
        })
    }

    fn judge(&mut self, dates: &[(RunDates, Choice)], me: &SignedIn) {
        choose(&mut self.dates, WHICH_DATES, |value| {
            dates.iter().any(|(_, it)| it.value == value)
        });
        choose(&mut self.place, WHICH_PLACE, |value| {
            PLACES.iter().any(|it| it.0 == value)
        });
        choose(&mut self.channel, WHICH_WAY, |value| Told::named(value).is_some());
        self.reason.at_most(500, "The reason");
        self.you.judge(Press::Continue);
        self.contact.judge(Press::Continue);
        let own = self
            .contact
            .address()
            .is_some_and(|it| it.to_string() == me.email);
        if own {
            // T-08
            let email = &mut self.contact.email.email;
            email.refuse("Book your own place on the website, or ask somebody else in the team");
        }
        if self.contact.by_post() {
            self.post.judge(Press::Continue);
        }
        self.support.judge(Press::Continue);
        self.said.judge();
        self.contact.tidy();
        self.support.tidy();
    }

    fn problems(&self) -> Vec<Problem> {
        let mut found = problems([("channel", &self.channel), ("dates", &self.dates)]);
        found.extend(problems([("place", &self.place), ("reason", &self.reason)]));
        found.extend(self.you.problems());
        found.extend(self.contact.problems());
        if self.contact.by_post() {
            found.extend(self.post.problems());
        }
        found.extend(self.support.problems());
        found.extend(self.said.problems());
        found
    }

    fn answers(&self) -> Answers {
        Answers {
            you: self.you.clone(),
            contact: self.contact.clone(),
            post: self.post.clone(),
            support: self.support.clone(),
            support_seen: true,
        }
    }
}

/// What is said of each question; one page has all of them, so that each is told apart (U-25).
const WHICH_DATES: &str = "Choose which course dates";
const WHICH_PLACE: &str = "Choose a place or the waiting list";
const WHICH_WAY: &str = "Choose how you heard from the person";

/// Notes it if an answer is none of those that the form offers.
fn choose(answer: &mut Answer, what: &'static str, is_offered: impl Fn(&str) -> bool) {
    if !is_offered(&answer.value) {
        *answer = Answer::default();
        answer.refuse(what);
    }
}

/// A booking, ready to be made.
struct New {
    run: RunDates,
    form: Form,
    by: PersonId,
}

impl New {
    /// Makes it and everything that belongs to it; where to go then.
    async fn make(&self, work: &Work) -> Result<String, Error> {
        let answers = self.form.answers();
        let person = self.person(work, &answers).await?;
        let known = people::find(work.tx(), person).await?.ok_or(Error::NotFound)?;
        let booking = on_run(work, person, self.run.id).await?;
        let ask = Ask {
            booking,
            person,
            proven: known.is_proven(),
            priority: false,
        };
        let told = Told::named(&self.form.channel.value).ok_or(Error::NotFound)?;
        let asked = Asked {
            change: if self.form.place.value == "wait" {
                Change::Join(ask)
            } else {
                Change::Book(ask)
            },
            cause: Cause {
                actor: Actor::Team(Some(self.by)),
                channel: told.0,
                reason: self.form.reason.given(),
            },
            details: Some(details(&answers, free_reference(work).await?, told.source())),
        };
        work.allocate(self.run.id, asked).await?;
        self.add_support(work, booking, &answers).await?;
        duplicates::ask_to_look(work, person).await?;
        let made = bookings::find(work.tx(), booking).await?.ok_or(Error::NotFound)?;
        Ok(BookingPath::of(&made.reference).to_string())
    }

    /// The record of the person: the one that is there if address and name are the same and the address
    /// is proven (B-25), or a new one.
    async fn person(&self, work: &Work, answers: &Answers) -> Result<PersonId, Error> {
        let id = people::add(work, answers.person()).await?;
        let new = people::find(work.tx(), id).await?.ok_or(Error::NotFound)?;
        if let Some(known) = matching::same_person(work.tx(), &new).await? {
            person::Entity::delete_by_id(id).exec(work.tx()).await?;
            return Ok(known.id);
        }
        if let Some(address) = answers.post_address() {
            let row = person::ActiveModel {
                id: Set(id),
                post_address: Set(Some(address)),
                ..Default::default()
            };
            row.update(work.tx()).await?;
        }
        Ok(id)
    }

    /// What helps them, with a task for each once they have a place (B-88), and whom we could call.
    async fn add_support(&self, work: &Work, booking: BookingId, answers: &Answers) -> Result<(), Error> {
        let first_day = self.run.sessions.first().ok_or(Error::NotFound)?.date;
        let needs = add_needs(work, booking, first_day, &answers.support.wanted()).await?;
        let record = bookings::find(work.tx(), booking).await?.ok_or(Error::NotFound)?;
        if record.state == State::Booked {
            let rows = access_need::Entity::find().filter(access_need::Column::Id.is_in(needs));
            for need in rows.all(work.tx()).await? {
                tasks::add(work, TaskKind::ArrangeNeed, need.id, "booked", need.due).await?;
            }
        }
        if let Some(someone) = answers.support.someone() {
            add_someone(work, booking, someone).await?;
        }
        Ok(())
    }
}

#[derive(Clone, Debug, Serialize)]
struct NewPage {
    back: &'static str,
    notice: &'static str,
    dates: Vec<Choice>,
    places: Vec<Choice>,
    channels: [Told; 3],
    typos: Vec<TypoChoice>,
    ways: [questions::Choice; 3],
    formats: [questions::Choice; 5],
    needs: Vec<NeedBox>,
    details: Vec<DetailLine>,
    details_open: bool,
    form: Form,
    errors: Vec<Problem>,
    action: &'static str,
    op: String,
    shell: Shell,
}

impl NewPage {
    fn of(form: Form, dates: &[(RunDates, Choice)], op: String, shell: Shell) -> Self {
        Self {
            back: BookingsPath::PATH,
            notice: "",
            dates: dates.iter().map(|(_, it)| it.clone()).collect(),
            places: PLACES
                .iter()
                .map(|(value, text)| Choice::new(*value, *text))
                .collect(),
            channels: CHANNELS,
            typos: form.contact.email.choices(),
            ways: WAYS,
            formats: FORMATS,
            needs: NeedsForm::boxes(),
            details: form.support.needs.lines(),
            details_open: form.support.needs.is_detailed(),
            errors: form.problems(),
            form,
            action: NewPath::PATH,
            op,
            shell,
        }
    }
}

impl Page for NewPage {
    const TEMPLATE: &'static str = "pages/staff/bookings/new.html";

    #[cfg(test)]
    fn samples() -> Vec<Self> {
        let run = crate::public::manage::tests::held(State::Booked, true).run;
        let choice = Choice {
            hint: "10am to 1:15pm, both days. Online. 3 places free.".to_owned(),
            ..Choice::new("intro/8-june-2027", "Tuesday 8 and Tuesday 15 June 2027")
        };
        let dates = [(run, choice)];
        let page = |form, dates: &[_]| Self::of(form, dates, "0".repeat(32), Shell::sample());
        let mut wrong = Form::default();
        wrong.you.judge(Press::Continue);
        wrong.contact.prefers = Answer::new("post");
        wrong.contact.judge(Press::Continue);
        wrong.post.judge(Press::Continue);
        wrong.said.judge();
        choose(&mut wrong.dates, WHICH_DATES, |_| false);
        choose(&mut wrong.place, WHICH_PLACE, |_| false);
        choose(&mut wrong.channel, WHICH_WAY, |_| false);
        let full = Self {
            notice: because(Refusal::NoPlace),
            ..page(Form::default(), &dates)
        };
        vec![
            page(Form::default(), &dates),
            page(wrong, &dates),
            full,
            page(Form::default(), &[]),
        ]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pages_hold() {
        crate::pages_test::check::<NewPage>();
    }
}
