//! Someone we could call: replaced or removed, never read out (T-26).

use axum::response::Response;
use serde::Serialize;

use super::{Held, saved, tell_owner};
use crate::app::App;
use crate::error::Error;
use crate::forms::{AGAIN, Fields, Problem};
use crate::pages::Page;
use crate::public::manage::{Facts, Sent, needs};
use crate::public::questions::{SomeoneForm, ticked};

#[derive(Clone, Debug, Serialize)]
pub(super) struct SomeonePage {
    booking: Facts,
    op: String,
    /// Whether somebody is named whom the answer replaces.
    named: bool,
    someone: SomeoneForm,
    remove: bool,
    errors: Vec<Problem>,
}

impl SomeonePage {
    pub(super) async fn of(app: &App, held: &Held) -> Result<Self, Error> {
        let named = needs::someone_is_named(app.reader(), held.record.id).await?;
        Ok(Self::with(held.facts(), app.secrets().op(), named))
    }

    fn with(booking: Facts, op: String, named: bool) -> Self {
        Self {
            booking,
            op,
            named,
            someone: SomeoneForm::default(),
            remove: false,
            errors: Vec::new(),
        }
    }

    /// Notes what is wrong. An empty page must not wipe out whom somebody named before; beside "remove"
    /// the rest does not count (U-11).
    fn judge(&mut self) {
        if self.remove {
            return;
        }
        self.someone.judge(true);
        if self.someone.name.value.is_empty() && self.someone.phone.value.is_empty() {
            self.someone.name.refuse("Enter their name");
        }
        self.errors = self.someone.problems();
    }
}

pub(super) async fn change(
    app: &App,
    held: &Held,
    mut fields: Fields,
    sent: &Sent,
) -> Result<Response, Error> {
    let (someone, remove) = (SomeoneForm::read(&mut fields)?, ticked(&mut fields, "remove")?);
    fields.done()?;
    let mut form = SomeonePage {
        someone,
        remove,
        ..SomeonePage::of(app, held).await?
    };
    form.judge();
    if !form.errors.is_empty() {
        return app.page_with(AGAIN, &form).await;
    }
    let with = form.someone.given().filter(|_| !form.remove);
    app.change(async |work| {
        let with = with.clone();
        sent.once(&work, async {
            needs::replace_someone(&work, held.record.id, with).await?;
            tell_owner(&work, held).await
        })
        .await
    })
    .await?;
    Ok(saved(held))
}

impl Page for SomeonePage {
    const TEMPLATE: &'static str = "pages/manage/details/someone.html";

    #[cfg(test)]
    fn samples() -> Vec<Self> {
        let page = |named| {
            let booking = crate::public::manage::sample_facts(true);
            Self::with(booking, "00".to_owned(), named)
        };
        let mut wrong = page(true);
        wrong.judge();
        vec![page(false), page(true), wrong]
    }
}
