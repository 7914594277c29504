//! A booking form on its way: who holds its link can go on with it (T-22).
//!
//! The form and its link end together; saving the form moves both.

use axum::http::StatusCode;
use axum::response::{IntoResponse, Redirect, Response};
use booking::Snapshot;
use booking::calendar::{self, RunDates};
use booking::queue::{self, Band};
use ids::{BookingId, RunId, Ts};
use sea_orm::ActiveValue::Set;
use sea_orm::{ActiveModelTrait, DatabaseTransaction, EntityTrait, IntoActiveModel, QuerySelect};
use serde::{Deserialize, Serialize};
use time::Duration;
use uuid::Uuid;

use super::answers::{Answers, Step};
use super::{CheckPath, ContactPath, DonePath, PostPath, SupportPath, YouPath};
use crate::app::App;
use crate::entity::draft;
use crate::error::Error;
use crate::links::{self, Purpose};
use crate::pages::Page;
use crate::visitor::Visitor;
use crate::words;
use crate::work::Work;

/// How long an unfinished form is kept.
const KEPT: Duration = Duration::hours(24);
/// How long it is kept after "Save and come back later".
const KEPT_SAVED: Duration = Duration::days(7);

/// What the form asks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    /// A place.
    Book,
    /// A place in the queue.
    Wait,
}

impl Kind {
    /// The word in records and forms.
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Book => "book",
            Self::Wait => "wait",
        }
    }

    pub(super) fn named(name: &str) -> Option<Self> {
        [Self::Book, Self::Wait].into_iter().find(|it| it.name() == name)
    }

    /// The line above the heading of a page.
    pub(super) fn caption(self, run: &RunDates, step: Step) -> String {
        let what = match self {
            Self::Book => "Booking",
            Self::Wait => "Waiting list",
        };
        format!(
            "{what}: {}. Step {} of 4",
            words::dates(&run.sessions),
            step.number()
        )
    }
}

/// A form on its way.
#[derive(Clone, Debug)]
pub(super) struct Draft {
    pub id: Uuid,
    /// What its addresses carry; never an id (T-37).
    pub token: String,
    pub run: RunDates,
    pub kind: Kind,
    pub answers: Answers,
    pub ends_at: Ts,
    /// The booking that it led to; none if the address had one on these dates (T-36).
    pub booking: Option<BookingId>,
    /// What its sender was told; none until it was sent.
    pub receipt: Option<Receipt>,
}

/// What somebody is told when their form was sent. It is kept as it was said: the page says the same
/// afterwards, whatever became of the booking, so that only the mailbox learns that (T-36).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Receipt {
    pub reference: String,
    /// The end of the hold.
    pub until: Option<Ts>,
    /// Where in the queue (B-40), in the words of M05.
    pub band: Option<String>,
}

impl Receipt {
    /// As things stand for a booking in this snapshot.
    pub(super) fn of(snapshot: &Snapshot, id: BookingId, reference: String) -> Self {
        let booking = snapshot.booking(id);
        let band = booking
            .filter(|it| it.joined_seq.is_some())
            .map(|it| match queue::band(snapshot, it) {
                Band::Next => "next",
                Band::NextFew => "among the next few",
                Band::FurtherDown => "further down",
            });
        Self {
            reference,
            until: booking.and_then(|it| it.state.deadline()),
            band: band.map(str::to_owned),
        }
    }
}

/// Opens a new form; returns its id as a text, for a token is never stored (T-21).
pub(super) async fn begin(
    work: &Work,
    run: RunId,
    kind: Kind,
    answers: &Answers,
    saved: bool,
) -> Result<String, Error> {
    let id = work.fresh_id();
    let ends_at = work.now() + if saved { KEPT_SAVED } else { KEPT };
    draft::ActiveModel {
        id: Set(id),
        run: Set(run),
        kind: Set(kind.name().to_owned()),
        answers: Set(serde_json::to_value(answers).map_err(Error::fault)?),
        created_at: Set(work.now()),
        ends_at: Set(ends_at),
        saved: Set(saved),
        booking: Set(None),
        outcome: Set(None),
    }
    .insert(work.tx())
    .await?;
    links::make(work, Purpose::Draft, id, 1, Some(ends_at)).await?;
    Ok(id.to_string())
}

/// The token of a form.
pub(super) fn token_of(app: &App, id: Uuid) -> String {
    links::token_of(app.secrets(), Purpose::Draft, id, 1)
}

/// The form that a token opens, or the answer that says where else to go.
pub(super) type Opened = Result<Draft, Response>;

/// The form that a token opens, while it can be changed: over, 410; sent, its result (U-05).
pub(super) async fn unsent(app: &App, visitor: Visitor, token: &str) -> Result<Opened, Error> {
    Ok(any(app, visitor, token).await?.and_then(|draft| {
        if draft.receipt.is_some() {
            Err(Redirect::to(&draft.done_path()).into_response())
        } else {
            Ok(draft)
        }
    }))
}

/// The form that a token opens, sent or not.
pub(super) async fn any(app: &App, visitor: Visitor, token: &str) -> Result<Opened, Error> {
    let id = match links::open(app.reader(), app.now(), Purpose::Draft, token).await {
        Err(Error::NotFound) => {
            app.limits.link_miss(visitor.0).map_err(Error::TooMany)?;
            return Err(Error::NotFound);
        }
        Err(Error::LinkOver) => return app.page_with(StatusCode::GONE, &OverPage {}).await.map(Err),
        other => other?.about,
    };
    let row = draft::Entity::find_by_id(id)
        .one(app.reader())
        .await?
        .ok_or(Error::LinkOver)?;
    let run = calendar::run_dates(app.reader(), row.run)
        .await?
        .ok_or(Error::NotFound)?;
    Ok(Ok(Draft {
        id,
        token: token.to_owned(),
        run,
        kind: Kind::named(&row.kind).ok_or(Error::NotFound)?,
        answers: serde_json::from_value(row.answers).map_err(Error::fault)?,
        ends_at: row.ends_at,
        booking: row.booking,
        receipt: row
            .outcome
            .as_deref()
            .map(serde_json::from_str)
            .transpose()
            .map_err(Error::fault)?,
    }))
}

/// Whether the form was sent since it was opened.
pub(super) async fn is_sent(app: &App, draft: &Draft) -> Result<bool, Error> {
    let row = draft::Entity::find_by_id(draft.id).one(app.reader()).await?;
    Ok(row.is_some_and(|it| it.outcome.is_some()))
}

impl Draft {
    /// The address of one of its pages.
    pub(super) fn path(&self, step: Step) -> String {
        path(&self.token, step)
    }

    /// The address of its result.
    pub(super) fn done_path(&self) -> String {
        DonePath {
            draft: self.token.clone(),
        }
        .to_string()
    }

    /// The address of the page before this one: before the first, that of the dates.
    pub(super) fn back(&self, step: Step) -> String {
        self.answers
            .before(step)
            .map_or_else(|| run_path(&self.run), |step| self.path(step))
    }

    /// Keeps what was answered. Keeping it twice is keeping it once, so this needs no number: a browser
    /// that shows an old page again may send it again with other answers.
    pub(super) async fn keep(&self, app: &App) -> Result<(), Error> {
        app.change(async |work| self.store(&work, false).await).await
    }

    /// Writes the answers down, unless the form was sent meanwhile; `longer` keeps them for seven days.
    pub(super) async fn store(&self, work: &Work, longer: bool) -> Result<(), Error> {
        let row = locked(work.tx(), self.id)
            .await?
            .filter(|it| it.outcome.is_none());
        let Some(mut row) = row.map(IntoActiveModel::into_active_model) else {
            return Ok(());
        };
        row.answers = Set(serde_json::to_value(&self.answers).map_err(Error::fault)?);
        row.run = Set(self.run.id);
        row.kind = Set(self.kind.name().to_owned());
        if longer {
            let ends_at = work.now() + KEPT_SAVED;
            row.ends_at = Set(ends_at);
            row.saved = Set(true);
            links::keep_until(work, Purpose::Draft, self.id, ends_at).await?;
        }
        row.update(work.tx()).await?;
        Ok(())
    }
}

/// The row of a form, locked until the change ends, so that it is sent once.
pub(super) async fn locked(tx: &DatabaseTransaction, id: Uuid) -> Result<Option<draft::Model>, Error> {
    Ok(draft::Entity::find_by_id(id).lock_exclusive().one(tx).await?)
}

/// The address of a page of a form.
pub(super) fn path(token: &str, step: Step) -> String {
    let draft = token.to_owned();
    match step {
        Step::You => YouPath { draft }.to_string(),
        Step::Contact => ContactPath { draft }.to_string(),
        Step::Post => PostPath { draft }.to_string(),
        Step::Support => SupportPath { draft }.to_string(),
        Step::Check => CheckPath { draft }.to_string(),
    }
}

/// The page of the dates.
pub(super) fn run_path(run: &RunDates) -> String {
    format!("/courses/{}/{}", run.course_code, run.slug)
}

/// A form that is over: nothing of it can be opened any more. The page is the same whether it was
/// sent or not, and leads on from both.
#[derive(Clone, Debug, Serialize)]
pub(super) struct OverPage {}

impl Page for OverPage {
    const TEMPLATE: &'static str = "pages/book/over.html";

    #[cfg(test)]
    fn samples() -> Vec<Self> {
        vec![Self {}]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pages_hold() {
        crate::pages_test::check::<OverPage>();
    }
}
