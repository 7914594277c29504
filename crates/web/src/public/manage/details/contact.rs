//! How to be in touch. A new address counts when it is confirmed (`new_address.rs`).

use axum::response::Response;
use sea_orm::ActiveValue::Set;
use sea_orm::{ActiveModelTrait, EntityTrait, IntoActiveModel};
use serde::Serialize;

use super::{Held, asked_there, masked_phone, saved, tell_owner};
use crate::app::App;
use crate::entity::person;
use crate::error::Error;
use crate::forms::{AGAIN, Answer, Fields, Problem, problems};
use crate::pages::Page;
use crate::people::address::Address;
use crate::public::manage::new_link::masked;
use crate::public::manage::{Facts, Sent, new_address};
use crate::public::questions::{EmailQuestion, FORMATS, TEXT, TypoChoice, WAYS, judge_phone, one_of};
use crate::visitor::Visitor;
use crate::work::Work;

/// The form. What we have is shown masked; an empty field keeps it.
#[derive(Clone, Debug, Serialize)]
pub(super) struct ContactPage {
    booking: Facts,
    op: String,
    email: EmailQuestion,
    typo_choices: Vec<TypoChoice>,
    phone: Answer,
    prefers: Answer,
    post_address: Answer,
    info_format: Answer,
    email_now: String,
    phone_now: String,
    ways: [crate::public::questions::Choice; 3],
    formats: [crate::public::questions::Choice; 5],
    errors: Vec<Problem>,
}

impl ContactPage {
    pub(super) fn of(app: &App, held: &Held) -> Self {
        let person = &held.person;
        let now = |it: Option<String>| match it {
            Some(it) => format!("We have {it}. Leave this empty to keep it"),
            None => String::new(),
        };
        Self {
            booking: held.facts(),
            op: app.secrets().op(),
            email: EmailQuestion::default(),
            typo_choices: Vec::new(),
            phone: Answer::default(),
            prefers: Answer::new(&person.prefers),
            post_address: Answer::default(),
            info_format: Answer::default(),
            email_now: now(person.email.as_deref().map(masked)),
            phone_now: now(person.phone.as_deref().map(masked_phone)),
            ways: WAYS,
            formats: FORMATS,
            errors: Vec::new(),
        }
    }

    fn read(app: &App, held: &Held, fields: &mut Fields) -> Result<Self, Error> {
        Ok(Self {
            email: EmailQuestion::read(fields)?,
            phone: Answer::new(fields.line("phone")?),
            prefers: one_of(fields, "prefers", &WAYS)?,
            post_address: Answer::new(fields.text("post_address")?),
            info_format: one_of(fields, "info_format", &FORMATS)?,
            ..Self::of(app, held)
        })
    }

    /// Notes what is wrong; the new address, if one was given and it is good.
    fn judge(&mut self, held: &Held) -> Option<Address> {
        let address = self.email.judge();
        judge_phone(&mut self.phone);
        self.post_address.at_most(TEXT, "The address for letters");
        let has = |stored: &Option<String>, given: &Answer| stored.is_some() || !given.value.is_empty();
        let person = &held.person;
        match self.prefers.value.as_str() {
            "email" if !has(&person.email, &self.email.email) => {
                self.email.email.refuse("Enter your email address");
            }
            "phone" if !has(&person.phone, &self.phone) => {
                self.phone.refuse("Enter a phone number, so that we can call you");
            }
            "post" if !has(&person.post_address, &self.post_address) => {
                self.post_address
                    .refuse("Enter the address that we should write to");
            }
            "" => self
                .prefers
                .refuse("Select how you would like us to get in touch"),
            _ => {}
        }
        self.typo_choices = self.email.choices();
        self.errors = self.email.problems();
        self.errors.extend(problems([
            ("phone", &self.phone),
            ("prefers", &self.prefers),
            ("post_address", &self.post_address),
        ]));
        address.filter(|it| person.email.as_deref() != Some(&it.to_string()))
    }
}

pub(super) async fn change(
    app: &App,
    held: &Held,
    visitor: Visitor,
    mut fields: Fields,
    sent: &Sent,
) -> Result<Response, Error> {
    let mut form = ContactPage::read(app, held, &mut fields)?;
    fields.done()?;
    let address = form.judge(held).map(|it| it.to_string());
    if !form.errors.is_empty() {
        return app.page_with(AGAIN, &form).await;
    }
    if address.is_some() {
        app.limits.address_form(visitor.0).map_err(Error::TooMany)?;
    }
    let new = address.as_deref();
    app.change(async |work| sent.once(&work, write(&work, held, &form, new)).await)
        .await?;
    Ok(if address.is_some() {
        asked_there(held)
    } else {
        saved(held)
    })
}

async fn write(work: &Work, held: &Held, form: &ContactPage, new: Option<&str>) -> Result<(), Error> {
    let old = person::Entity::find_by_id(held.person.id)
        .one(work.tx())
        .await?
        .ok_or(Error::NotFound)?;
    let mut row = old.into_active_model();
    if let Some(phone) = form.phone.given() {
        row.phone = Set(Some(phone));
    }
    row.prefers = Set(form.prefers.value.clone());
    if let Some(post_address) = form.post_address.given() {
        row.post_address = Set(Some(post_address));
    }
    if let Some(info_format) = form.info_format.given() {
        row.info_format = Set(info_format);
    }
    row.update(work.tx()).await?;
    tell_owner(work, held).await?;
    match new {
        Some(new) => new_address::want(work, held.record.id, held.person.id, new).await,
        None => Ok(()),
    }
}

impl Page for ContactPage {
    const TEMPLATE: &'static str = "pages/manage/details/contact.html";

    #[cfg(test)]
    fn samples() -> Vec<Self> {
        use crate::public::manage::tests as sample;
        let held = sample::held(booking::State::Booked, true);
        let page = Self::of(&sample::idle_app(), &held);
        let judged = |change: fn(&mut Self)| {
            let mut page = page.clone();
            change(&mut page);
            page.judge(&held);
            page
        };
        vec![
            page.clone(),
            judged(|it| it.email.email = Answer::new("sam@gmial.com")),
            judged(|it| {
                it.email.email = Answer::new("sam");
                it.phone = Answer::new("me");
                it.prefers = Answer::default();
            }),
            judged(|it| it.prefers = Answer::new("post")),
        ]
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::public::manage::tests as sample;

    #[test]
    fn an_empty_field_keeps_what_we_have_and_a_new_address_is_told_apart() {
        let mut held = sample::held(booking::State::Booked, true);
        let app = sample::idle_app();
        let judged = |held: &Held, change: &dyn Fn(&mut ContactPage)| {
            let mut page = ContactPage::of(&app, held);
            change(&mut page);
            let new = page.judge(held).map(|it| it.to_string());
            (new, page.errors.into_iter().map(|it| it.href).collect::<Vec<_>>())
        };
        assert_eq!(judged(&held, &|_| {}), (None, vec![]));
        let same = held.person.email.clone().unwrap();
        assert_eq!(
            judged(&held, &|it| it.email.email = Answer::new(&same)),
            (None, vec![])
        );
        let new = judged(&held, &|it| it.email.email = Answer::new("Sam@Example.COM"));
        assert_eq!(new, (Some("sam@example.com".to_owned()), vec![]));
        assert_eq!(
            judged(&held, &|it| it.prefers = Answer::new("post")).1,
            ["#post_address"]
        );
        held.person.phone = None;
        assert_eq!(
            judged(&held, &|it| it.prefers = Answer::new("phone")).1,
            ["#phone"]
        );
    }
}
