//! Names and pronouns.

use axum::response::Response;
use sea_orm::ActiveValue::Set;
use sea_orm::{ActiveModelTrait, EntityTrait, IntoActiveModel};
use serde::Serialize;

use super::{Held, saved, tell_owner};
use crate::app::App;
use crate::entity::person;
use crate::error::Error;
use crate::forms::{AGAIN, Answer, Fields, Problem, problems};
use crate::pages::Page;
use crate::public::manage::{Facts, Sent};
use crate::public::questions::NAME;
use crate::work::Work;

/// The form; only the name that the page of the booking shows anyway stands in it.
#[derive(Clone, Debug, Serialize)]
pub(super) struct NamesPage {
    booking: Facts,
    op: String,
    full_name: Answer,
    called_name: Answer,
    pronouns: Answer,
    errors: Vec<Problem>,
}

impl NamesPage {
    pub(super) fn of(app: &App, held: &Held) -> Self {
        let empty = Answer::default;
        let called_name = Answer::new(held.person.called());
        let (booking, op) = (held.facts(), app.secrets().op());
        Self {
            booking,
            op,
            full_name: empty(),
            called_name,
            pronouns: empty(),
            errors: Vec::new(),
        }
    }

    fn judge(&mut self) {
        self.full_name.at_most(NAME, "Your name");
        self.called_name.at_most(NAME, "The name we call you");
        self.pronouns.at_most(NAME, "Your pronouns");
        let answers = [
            ("full_name", &self.full_name),
            ("called_name", &self.called_name),
            ("pronouns", &self.pronouns),
        ];
        self.errors = problems(answers);
    }
}

pub(super) async fn change(
    app: &App,
    held: &Held,
    mut fields: Fields,
    sent: &Sent,
) -> Result<Response, Error> {
    let mut form = NamesPage {
        full_name: Answer::new(fields.line("full_name")?),
        called_name: Answer::new(fields.line("called_name")?),
        pronouns: Answer::new(fields.line("pronouns")?),
        ..NamesPage::of(app, held)
    };
    fields.done()?;
    form.judge();
    if !form.errors.is_empty() {
        return app.page_with(AGAIN, &form).await;
    }
    app.change(async |work| sent.once(&work, write(&work, held, &form)).await)
        .await?;
    Ok(saved(held))
}

/// An empty field keeps what we have, but for the name that is shown: without one of their own we use
/// the first of the others.
async fn write(work: &Work, held: &Held, form: &NamesPage) -> Result<(), Error> {
    let old = person::Entity::find_by_id(held.person.id)
        .one(work.tx())
        .await?
        .ok_or(Error::NotFound)?;
    let mut row = old.into_active_model();
    if let Some(full_name) = form.full_name.given() {
        row.full_name = Set(full_name);
    }
    row.called_name = Set(form.called_name.given());
    if let Some(pronouns) = form.pronouns.given() {
        row.pronouns = Set(Some(pronouns));
    }
    row.update(work.tx()).await?;
    tell_owner(work, held).await
}

impl Page for NamesPage {
    const TEMPLATE: &'static str = "pages/manage/details/names.html";

    #[cfg(test)]
    fn samples() -> Vec<Self> {
        use crate::public::manage::tests as sample;
        let page = Self::of(&sample::idle_app(), &sample::held(booking::State::Booked, true));
        let mut wrong = Self {
            full_name: Answer::new("x".repeat(NAME + 1)),
            ..page.clone()
        };
        wrong.judge();
        vec![page, wrong]
    }
}
