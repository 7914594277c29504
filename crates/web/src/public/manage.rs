//! Pages behind the link to a booking: what its holder sees and can do, without an account.
//!
//! A link opens one booking (T-22). Until its holder has sent a form through a link in the mailbox, the
//! pages show dates and how to reach us, and no name, title or answer (B-21, T-26).

use axum::response::{IntoResponse, Redirect, Response};
use axum_extra::routing::TypedPath;
use booking::calendar::{self, Meeting, RunDates};
use booking::{BookingRecord, bookings};
use ids::Ts;
use serde::{Deserialize, Serialize};
use time::Duration;

use crate::app::App;
use crate::error::Error;
use crate::forms::Fields;
use crate::links::{self, Opened, Purpose};
use crate::people::{self, Person};
use crate::routes::{Routes, Who};
use crate::visitor::Visitor;
use crate::words;
use crate::work::{Work, was_done};

mod calendar_file;
pub(crate) mod call_us;
mod cancel;
mod changed;
mod confirm;
mod details;
pub(crate) mod feedback;
mod join;
pub(crate) mod keep;
pub(crate) mod moving;
mod needs;
mod new_address;
mod new_link;
pub(crate) mod other_dates;
pub(crate) mod question;
mod status;
mod still_interested;
#[cfg(test)]
pub(crate) mod tests;

/// `/b/{token}`
#[derive(TypedPath, Deserialize)]
#[typed_path("/b/{token}")]
pub(crate) struct BookingPath {
    pub token: String,
}

/// `/b/{token}/confirm`
#[derive(TypedPath, Deserialize)]
#[typed_path("/b/{token}/confirm")]
pub(crate) struct ConfirmPath {
    pub token: String,
}

/// `/b/{token}/cancel`
#[derive(TypedPath, Deserialize)]
#[typed_path("/b/{token}/cancel")]
pub(crate) struct CancelPath {
    pub token: String,
}

/// `/b/{token}/move`
#[derive(TypedPath, Deserialize)]
#[typed_path("/b/{token}/move")]
pub(crate) struct MovePath {
    pub token: String,
}

/// `/b/{token}/changed`
#[derive(TypedPath, Deserialize)]
#[typed_path("/b/{token}/changed")]
pub(crate) struct ChangedPath {
    pub token: String,
}

/// `/b/{token}/still-interested`
#[derive(TypedPath, Deserialize)]
#[typed_path("/b/{token}/still-interested")]
pub(crate) struct StillInterestedPath {
    pub token: String,
}

/// `/b/{token}/details`
#[derive(TypedPath, Deserialize)]
#[typed_path("/b/{token}/details")]
pub(crate) struct DetailsPath {
    pub token: String,
}

/// `/b/{token}/join`
#[derive(TypedPath, Deserialize)]
#[typed_path("/b/{token}/join")]
pub(crate) struct JoinPath {
    pub token: String,
}

/// `/b/{token}/feedback`
#[derive(TypedPath, Deserialize)]
#[typed_path("/b/{token}/feedback")]
pub(crate) struct FeedbackPath {
    pub token: String,
}

/// `/b/{token}/calendar.ics`
#[derive(TypedPath, Deserialize)]
#[typed_path("/b/{token}/calendar.ics")]
pub(crate) struct CalendarPath {
    pub token: String,
}

/// `/b/{token}/new-link`
#[derive(TypedPath, Deserialize)]
#[typed_path("/b/{token}/new-link")]
pub(crate) struct NewLinkPath {
    pub token: String,
}

pub(crate) fn routes() -> Routes {
    let who = Who::LinkHolder;
    Routes::default()
        .get::<BookingPath, _, _>(who, status::show)
        .post::<BookingPath, _, _>(who, status::act)
        .get::<ConfirmPath, _, _>(who, confirm::ask)
        .post::<ConfirmPath, _, _>(who, confirm::answer)
        .get::<CancelPath, _, _>(who, cancel::ask)
        .post::<CancelPath, _, _>(who, cancel::answer)
        .get::<MovePath, _, _>(who, moving::ask)
        .post::<MovePath, _, _>(who, moving::answer)
        .get::<ChangedPath, _, _>(who, changed::ask)
        .post::<ChangedPath, _, _>(who, changed::answer)
        .get::<StillInterestedPath, _, _>(who, still_interested::ask)
        .post::<StillInterestedPath, _, _>(who, still_interested::answer)
        .get::<DetailsPath, _, _>(who, details::show)
        .post::<DetailsPath, _, _>(who, details::change)
        .get::<JoinPath, _, _>(who, join::show)
        .get::<FeedbackPath, _, _>(who, feedback::ask)
        .post::<FeedbackPath, _, _>(who, feedback::answer)
        .get::<CalendarPath, _, _>(who, calendar_file::download)
        .get::<NewLinkPath, _, _>(who, new_link::ask)
        .post::<NewLinkPath, _, _>(who, new_link::send)
        .and(new_address::routes())
}

/// How long links to a booking live after its last session (T-22).
pub(crate) const LINKS_LIVE: Duration = Duration::days(28);

/// Whether links about a booking on these dates are over (T-22).
pub(crate) fn links_are_over(run: &RunDates, now: Ts) -> bool {
    run.sessions
        .iter()
        .map(|it| it.ends_at)
        .max()
        .is_some_and(|end| end + LINKS_LIVE <= now)
}

/// A booking in the hands of whoever holds the link to it.
#[derive(Clone, Debug)]
pub(crate) struct Held {
    pub token: String,
    pub opened: Opened,
    pub record: BookingRecord,
    pub run: RunDates,
    pub person: Person,
}

impl Held {
    /// Opens what a link opens. Whoever tries many that open nothing has to wait (T-33).
    pub(crate) async fn open(
        app: &App,
        visitor: Visitor,
        purpose: Purpose,
        token: &str,
    ) -> Result<Self, Error> {
        let db = app.reader();
        let opened = match links::open(db, app.now(), purpose, token).await {
            Err(Error::NotFound) => {
                app.limits.link_miss(visitor.0).map_err(Error::TooMany)?;
                return Err(Error::NotFound);
            }
            other => other?,
        };
        let record = bookings::find(db, opened.booking())
            .await?
            .ok_or(Error::NotFound)?;
        let run = calendar::run_dates(db, record.run)
            .await?
            .ok_or(Error::NotFound)?;
        let person = people::find(db, record.person).await?.ok_or(Error::NotFound)?;
        if links_are_over(&run, app.now()) {
            return Err(Error::LinkOver);
        }
        Ok(Self {
            token: token.to_owned(),
            opened,
            record,
            run,
            person,
        })
    }

    /// The same link, with everything as it is now.
    pub(crate) async fn reloaded(&self, app: &App) -> Result<Self, Error> {
        let db = app.reader();
        let record = bookings::find(db, self.record.id).await?.ok_or(Error::NotFound)?;
        let run = calendar::run_dates(db, record.run)
            .await?
            .ok_or(Error::NotFound)?;
        let person = people::find(db, record.person).await?.ok_or(Error::NotFound)?;
        Ok(Self {
            record,
            run,
            person,
            ..self.clone()
        })
    }

    /// The path of a page of this booking: `/cancel`, or nothing for the booking itself.
    pub(crate) fn path(&self, page: &str) -> String {
        format!(
            "{}{page}",
            BookingPath {
                token: self.token.clone()
            }
        )
    }

    /// Goes to a page of this booking.
    pub(crate) fn go(&self, page: &str) -> Response {
        Redirect::to(&self.path(page)).into_response()
    }

    /// What every page of this booking may show.
    pub(crate) fn facts(&self) -> Facts {
        let proven = self.person.is_proven();
        let mut rows = Vec::new();
        if proven {
            rows.push(Row::new("Name", self.person.called()));
            rows.push(Row::new("Course", self.run.course_title.clone()));
        }
        rows.extend(days(&self.run.sessions));
        if proven {
            rows.push(Row::new("Where", words::place(&self.run)));
            rows.push(Row::new("Reference", self.record.reference.clone()));
        }
        Facts {
            url: self.path(""),
            dates: words::dates(&self.run.sessions),
            rows,
            proven,
        }
    }

    /// Whether the first session has begun.
    pub(crate) fn has_begun(&self, now: Ts) -> bool {
        self.run.sessions.iter().any(|it| it.starts_at <= now)
    }

    /// Whether the last session has ended.
    pub(crate) fn is_over(&self, now: Ts) -> bool {
        self.run.sessions.iter().all(|it| it.ends_at <= now)
    }
}

/// A line of a list of facts.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub(crate) struct Row {
    key: String,
    value: String,
}

impl Row {
    pub(crate) fn new(key: impl Into<String>, value: impl Into<String>) -> Self {
        Self {
            key: key.into(),
            value: value.into(),
        }
    }
}

/// The days of a run, one line each.
pub(crate) fn days(meetings: &[Meeting]) -> Vec<Row> {
    let several = meetings.len() > 1;
    let label = |it: &Meeting| {
        if several {
            format!("Day {}", it.idx)
        } else {
            "Date".to_owned()
        }
    };
    meetings
        .iter()
        .map(|it| Row::new(label(it), words::day(it)))
        .collect()
}

/// What a page of a booking may show.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct Facts {
    /// The page of the booking.
    pub url: String,
    /// "Tuesday 26 and Wednesday 27 January 2027".
    pub dates: String,
    /// Dates and, once the address is proven, name, title, place and reference.
    pub rows: Vec<Row>,
    /// Whether the address is proven.
    pub proven: bool,
}

/// One of the answers to a question.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub(crate) struct Choice {
    pub value: String,
    pub text: String,
    pub hint: String,
}

impl Choice {
    pub(crate) fn new(value: impl Into<String>, text: impl Into<String>) -> Self {
        Self {
            value: value.into(),
            text: text.into(),
            hint: String::new(),
        }
    }
}

/// What identifies a form that was sent (T-35).
#[derive(Clone, Debug)]
pub(crate) struct Sent {
    op: Option<String>,
    content: String,
}

impl Sent {
    pub(crate) fn of(fields: &mut Fields) -> Result<Self, Error> {
        Ok(Self {
            op: fields.op()?,
            content: fields.content().to_owned(),
        })
    }

    /// Whether this form was dealt with before.
    pub(crate) async fn is_done(&self, work: &Work) -> Result<bool, Error> {
        work.is_done(self.op.as_deref(), &self.content).await
    }

    /// The same, before a change is begun.
    pub(crate) async fn was_done(&self, app: &App) -> Result<bool, Error> {
        was_done(app.reader(), self.op.as_deref(), &self.content).await
    }

    /// Does `act` once for this form, in a change that is under way; a repeat finds it done.
    pub(crate) async fn once(
        &self,
        work: &Work,
        act: impl Future<Output = Result<(), Error>>,
    ) -> Result<(), Error> {
        let done = async { act.await.map(|()| "done".to_owned()) };
        work.once(self.op.as_deref(), &self.content, done)
            .await
            .map(|_| ())
    }
}

/// What is wrong when somebody sends a question without an answer.
pub(crate) const CHOOSE_ONE: &str = "Choose one answer";

/// Facts to look at, for samples of pages.
#[cfg(test)]
pub(crate) fn sample_facts(proven: bool) -> Facts {
    let days = [
        Row::new("Day 1", "Tuesday 8 June 2027, 10am to 1:15pm"),
        Row::new("Day 2", "Tuesday 15 June 2027, 10am to 1:15pm"),
    ];
    let mut rows = Vec::new();
    if proven {
        rows.push(Row::new("Name", "Sam"));
        rows.push(Row::new("Course", "Introduction to peer support"));
    }
    rows.extend(days);
    if proven {
        rows.push(Row::new("Where", "Online"));
        rows.push(Row::new("Reference", "4827 KX"));
    }
    let dates = "Tuesday 8 and Tuesday 15 June 2027".to_owned();
    Facts {
        url: "/b/Zk3v8QpR1xYt6LmN0sWb2HcJ4dFg7AeU9iOqP5rTyKE".to_owned(),
        dates,
        rows,
        proven,
    }
}
