//! A mistyped address, mended by whoever sent the form while nobody has confirmed it (B-20).

use axum::extract::State;
use axum::response::{IntoResponse, Redirect, Response};
use serde::Serialize;

use super::draft::{self, Draft};
use super::{AddressPath, send};
use crate::app::App;
use crate::error::Error;
use crate::forms::{AGAIN, Fields, Problem};
use crate::pages::Page;
use crate::public::questions::{EmailQuestion, TypoChoice};
use crate::visitor::Visitor;

pub(super) async fn show(
    it: AddressPath,
    State(app): State<App>,
    visitor: Visitor,
) -> Result<Response, Error> {
    match sent_by_mail(&app, visitor, &it.draft).await? {
        Ok(draft) => {
            let form = EmailQuestion {
                email: draft.answers.contact.email.email.clone(),
                ..EmailQuestion::default()
            };
            app.page(&AddressPage::of(&app, &draft, form)).await
        }
        Err(elsewhere) => Ok(elsewhere),
    }
}

pub(super) async fn take(
    it: AddressPath,
    State(app): State<App>,
    visitor: Visitor,
    mut fields: Fields,
) -> Result<Response, Error> {
    let (op, mut form) = (fields.op()?, EmailQuestion::read(&mut fields)?);
    fields.done()?;
    let draft = match sent_by_mail(&app, visitor, &it.draft).await? {
        Ok(draft) => draft,
        Err(elsewhere) => return Ok(elsewhere),
    };
    let Some(address) = form.judge() else {
        if form.email.value.is_empty() {
            form.email.refuse("Enter your email address");
        }
        return app.page_with(AGAIN, &AddressPage::of(&app, &draft, form)).await;
    };
    app.limits.address_form(visitor.0).map_err(Error::TooMany)?;
    send::correct(&app, &draft, &address, op.as_deref(), fields.content()).await?;
    Ok(Redirect::to(&draft.done_path()).into_response())
}

/// A form that was sent and is answered by mail; the way to where it stands for any other.
async fn sent_by_mail(app: &App, visitor: Visitor, token: &str) -> Result<draft::Opened, Error> {
    Ok(draft::any(app, visitor, token).await?.and_then(|draft| {
        if draft.receipt.is_none() {
            Err(Redirect::to(&draft.path(draft.answers.open())).into_response())
        } else if draft.answers.mailbox().is_none() {
            Err(Redirect::to(&draft.done_path()).into_response())
        } else {
            Ok(draft)
        }
    }))
}

/// The address once more.
#[derive(Clone, Debug, Serialize)]
struct AddressPage {
    back_url: String,
    action: String,
    op: String,
    form: EmailQuestion,
    typos: Vec<TypoChoice>,
    errors: Vec<Problem>,
}

impl AddressPage {
    fn of(app: &App, draft: &Draft, form: EmailQuestion) -> Self {
        Self {
            back_url: draft.done_path(),
            action: AddressPath {
                draft: draft.token.clone(),
            }
            .to_string(),
            op: app.secrets().op(),
            typos: form.choices(),
            errors: form.problems(),
            form,
        }
    }
}

impl Page for AddressPage {
    const TEMPLATE: &'static str = "pages/book/address.html";

    #[cfg(test)]
    fn samples() -> Vec<Self> {
        use crate::forms::Answer;
        let form = |text: &str| {
            let mut form = EmailQuestion {
                email: Answer::new(text),
                ..EmailQuestion::default()
            };
            let _ = form.judge();
            form
        };
        let page = |form: EmailQuestion| Self {
            back_url: "/book/x/done".to_owned(),
            action: "/book/x/address".to_owned(),
            op: "00112233445566778899aabbccddeeff".to_owned(),
            typos: form.choices(),
            errors: form.problems(),
            form,
        };
        ["sam.taylor@example.com", "sam@gmial.com", "sam@"]
            .map(|text| page(form(text)))
            .to_vec()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pages_hold() {
        crate::pages_test::check::<AddressPage>();
    }
}
