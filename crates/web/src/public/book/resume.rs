//! "Save and come back later": seven days, and a link in the mailbox if there is one.

use axum::extract::State;
use axum::response::{IntoResponse, Redirect, Response};
use booking::calendar;
use sea_orm::{ColumnTrait, EntityTrait, PaginatorTrait, QueryFilter};
use serde::Serialize;
use serde_json::json;

use super::answers::{Answers, Question, Step};
use super::draft::{self, Draft};
use super::{ResumePath, SavedPath};
use crate::app::App;
use crate::entity::outbox_mail;
use crate::error::Error;
use crate::outbox::{self, Kind, Mail};
use crate::pages::Page;
use crate::visitor::Visitor;
use crate::words;
use crate::work::Work;

/// Keeps a form for seven days and mails its link, if it has an address.
pub(super) async fn save(
    app: &App,
    visitor: Visitor,
    draft: &Draft,
    op: Option<String>,
) -> Result<Response, Error> {
    let address = draft.answers.contact.address().map(|it| it.to_string());
    if address.is_some() {
        app.limits.address_form(visitor.0).map_err(Error::TooMany)?;
    }
    app.change(async |work| {
        draft.store(&work, true).await?;
        let Some(recipient) = address.clone() else {
            return Ok(());
        };
        mail_link(&work, draft, recipient, op.clone()).await
    })
    .await?;
    Ok(Redirect::to(
        &SavedPath {
            draft: draft.token.clone(),
        }
        .to_string(),
    )
    .into_response())
}

/// Mails the link; the number of the form is the occasion, so that a repeat is the same mail (T-35).
/// Beyond a few an hour nothing more is sent: anybody can type any address.
async fn mail_link(work: &Work, draft: &Draft, recipient: String, op: Option<String>) -> Result<(), Error> {
    let lately = outbox_mail::Entity::find()
        .filter(outbox_mail::Column::Recipient.eq(&recipient))
        .filter(outbox_mail::Column::Kind.eq(Kind::ResumeDraft.name()))
        .filter(outbox_mail::Column::CreatedAt.gt(work.now() - time::Duration::hours(1)));
    let (settings, _) = calendar::rules(work.tx()).await?;
    if i64::try_from(lately.count(work.tx()).await?).unwrap_or(i64::MAX) >= settings.confirm_resends_hour {
        return Ok(());
    }
    let mail = Mail {
        kind: Kind::ResumeDraft,
        about: draft.id,
        recipient,
        occasion: op.unwrap_or_else(|| work.fresh_id().to_string()),
        due_at: work.now(),
        parameters: json!({}),
    };
    outbox::write(work, mail).await
}

pub(super) async fn saved(
    it: SavedPath,
    State(app): State<App>,
    visitor: Visitor,
) -> Result<Response, Error> {
    let draft = match draft::unsent(&app, visitor, &it.draft).await? {
        Ok(draft) => draft,
        Err(elsewhere) => return Ok(elsewhere),
    };
    let page = SavedPage {
        until: words::date_time(draft.ends_at),
        address: draft.answers.contact.address().map(|it| it.to_string()),
        link: app.link(ResumePath {
            token: draft.token.clone(),
        }),
        next_url: draft.path(draft.answers.open()),
    };
    app.page(&page).await
}

pub(super) async fn show(
    it: ResumePath,
    State(app): State<App>,
    visitor: Visitor,
) -> Result<Response, Error> {
    match draft::unsent(&app, visitor, &it.token).await? {
        Ok(draft) => app.page(&ResumePage::of(&draft)).await,
        Err(elsewhere) => Ok(elsewhere),
    }
}

/// The answers are kept.
#[derive(Clone, Debug, Serialize)]
struct SavedPage {
    until: String,
    /// Where the link was sent.
    address: Option<String>,
    /// The full link, to note down: no mail leaves without an address, or after several within an hour.
    link: String,
    next_url: String,
}

impl Page for SavedPage {
    const TEMPLATE: &'static str = "pages/book/saved.html";

    #[cfg(test)]
    fn samples() -> Vec<Self> {
        [None, Some("sam.taylor@example.com".to_owned())]
            .map(|address| Self {
                until: "Tuesday 26 January 2027 at 2pm".to_owned(),
                address,
                link: format!("https://courses.example.org/d/{}", "x".repeat(43)),
                next_url: "/book/x/contact".to_owned(),
            })
            .to_vec()
    }
}

/// Where somebody was when they saved the form.
#[derive(Clone, Debug, Serialize)]
struct ResumePage {
    dates: String,
    until: String,
    parts: Vec<Part>,
    next_url: String,
}

/// One page of the form and whether it wants more.
#[derive(Clone, Debug, Serialize)]
struct Part {
    name: &'static str,
    done: bool,
}

impl ResumePage {
    fn of(draft: &Draft) -> Self {
        Self {
            dates: words::dates(&draft.run.sessions),
            until: words::date_time(draft.ends_at),
            parts: parts(&draft.answers),
            next_url: draft.path(draft.answers.open()),
        }
    }
}

fn parts(answers: &Answers) -> Vec<Part> {
    let (contact, open) = (&answers.contact, answers.open());
    let part = |name, done| Part { name, done };
    vec![
        part("Your name", answers.you.is_complete()),
        part("How to contact you", contact.is_complete() && open != Step::Post),
        part(
            "What would help you take part",
            answers.support_seen && answers.support.is_complete(),
        ),
        part("Check your answers", false),
    ]
}

impl Page for ResumePage {
    const TEMPLATE: &'static str = "pages/book/resume.html";

    #[cfg(test)]
    fn samples() -> Vec<Self> {
        let draft = super::dates::samples::draft();
        let empty = Draft {
            answers: Answers::default(),
            ..draft.clone()
        };
        vec![Self::of(&draft), Self::of(&empty)]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pages_hold() {
        crate::pages_test::check::<SavedPage>();
        crate::pages_test::check::<ResumePage>();
    }

    #[test]
    fn the_link_is_there_with_or_without_an_address() {
        for html in crate::pages_test::rendered::<SavedPage>() {
            assert!(
                html.contains("<a href=\"https://courses.example.org/d/"),
                "{html}"
            );
        }
    }
}
