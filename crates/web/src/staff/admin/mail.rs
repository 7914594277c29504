//! Whether mail leaves, for administrators: numbers, no addresses and no words; and a test to oneself.

use axum::extract::{Query, State};
use axum::response::{IntoResponse, Redirect, Response};
use axum_extra::routing::TypedPath;
use ids::Ts;
use sea_orm::{ColumnTrait, ConnectionTrait, EntityTrait, PaginatorTrait, QueryFilter, QuerySelect};
use serde::{Deserialize, Serialize};
use time::Duration;

use crate::app::App;
use crate::entity::{account, outbox_mail};
use crate::error::Error;
use crate::forms::Fields;
use crate::outbox::trial;
use crate::pages::Page;
use crate::routes::{Routes, Who};
use crate::sign_in::SignedIn;
use crate::sign_in::role::ADMINISTRATORS;
use crate::staff::Shell;
use crate::words;

/// `/admin/mail`
#[derive(TypedPath, Deserialize)]
#[typed_path("/admin/mail")]
pub(crate) struct MailPath;

pub(super) fn routes() -> Routes {
    Routes::default()
        .get::<MailPath, _, _>(Who::Roles(ADMINISTRATORS), show)
        .press::<MailPath, _, _>(Who::Roles(ADMINISTRATORS), test)
}

#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
struct Asked {
    sent: String,
}

async fn show(
    _: MailPath,
    State(app): State<App>,
    me: SignedIn,
    Query(asked): Query<Asked>,
) -> Result<Response, Error> {
    let account = account::Entity::find_by_id(me.person).one(app.reader()).await?;
    let page = MailPage {
        state: state(app.reader(), app.now()).await?,
        email: account.map(|it| it.email).unwrap_or_default(),
        is_sent: !asked.sent.is_empty(),
        action: MailPath.to_string(),
        op: app.secrets().op(),
        shell: Shell::of(&app, &me, MailPath::PATH).await?,
    };
    app.page(&page).await
}

/// What became of mail, line by line.
async fn state(db: &impl ConnectionTrait, now: Ts) -> Result<Vec<Line>, Error> {
    use outbox_mail::Column;
    let with = |states: &[&str]| {
        let states: Vec<String> = states.iter().map(|it| (*it).to_owned()).collect();
        outbox_mail::Entity::find().filter(Column::State.is_in(states))
    };
    let waits = || with(&["queued", "sending"]);
    let since = now - Duration::DAY;
    let due = waits().filter(Column::DueAt.lte(now));
    let oldest: Option<Option<Ts>> = due
        .clone()
        .select_only()
        .column_as(Column::DueAt.min(), "oldest")
        .into_tuple()
        .one(db)
        .await?;
    let oldest = oldest.flatten().map_or("None".to_owned(), words::date_time);
    let lately = |state| with(&[state]).filter(Column::SettledAt.gte(since));
    Ok(vec![
        Line::new("Waiting to leave now", due.count(db).await?),
        Line::new(
            "Waiting for a later time",
            waits().filter(Column::DueAt.gt(now)).count(db).await?,
        ),
        Line::said("The one that waits longest was due", oldest),
        Line::new("Sent in the last 24 hours", lately("sent").count(db).await?),
        Line::new(
            "Could not be delivered in the last 24 hours",
            lately("failed").count(db).await?,
        ),
        Line::new(
            "Not sent in the last 24 hours, because no longer true",
            lately("suppressed").count(db).await?,
        ),
    ])
}

/// Writes a mail to whoever asks for it.
async fn test(
    _: MailPath,
    State(app): State<App>,
    me: SignedIn,
    mut fields: Fields,
) -> Result<Response, Error> {
    let op = fields.op()?;
    fields.done()?;
    let (op, content, who) = (op.as_deref(), fields.content(), me.person);
    let path = app
        .change(|work| async move {
            let act = async {
                trial::write(&work, who, None).await?;
                Ok(format!("{MailPath}?sent=yes"))
            };
            work.once(op, content, act).await
        })
        .await?;
    Ok(Redirect::to(&path).into_response())
}

/// A number of mails, or a moment.
#[derive(Clone, Debug, Serialize)]
struct Line {
    key: &'static str,
    value: String,
}

impl Line {
    fn new(key: &'static str, count: u64) -> Self {
        Self::said(key, count.to_string())
    }

    fn said(key: &'static str, value: String) -> Self {
        Self { key, value }
    }
}

/// The state of mail.
#[derive(Clone, Debug, Serialize)]
struct MailPage {
    state: Vec<Line>,
    /// The reader's own address.
    email: String,
    is_sent: bool,
    action: String,
    op: String,
    shell: Shell,
}

impl Page for MailPage {
    const TEMPLATE: &'static str = "pages/staff/admin/mail.html";

    #[cfg(test)]
    fn samples() -> Vec<Self> {
        let page = |is_sent| Self {
            state: vec![
                Line::new("Waiting to leave now", 2),
                Line::said(
                    "The one that waits longest was due",
                    "Tuesday 11 May 2027 at 2pm".to_owned(),
                ),
            ],
            email: "kim@example.org".to_owned(),
            is_sent,
            action: MailPath.to_string(),
            op: "0".repeat(32),
            shell: Shell::sample(),
        };
        vec![page(false), page(true)]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pages_hold() {
        crate::pages_test::check::<MailPage>();
    }
}
