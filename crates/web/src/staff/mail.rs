//! What was sent, what waits, what could not be delivered, and one more try for that.

use std::collections::BTreeMap;

use axum::extract::{Query, State};
use axum::response::{IntoResponse, Redirect, Response};
use axum_extra::routing::TypedPath;
use booking::bookings;
use ids::{BookingId, MailId};
use sea_orm::{
    ColumnTrait, ConnectionTrait, EntityTrait, PaginatorTrait, QueryFilter, QueryOrder, QuerySelect, Select,
};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::bookings::BookingPath;
use super::lists::{Choice, Pages, Query as Address};
use super::{Shell, said};
use crate::app::App;
use crate::audit::Act;
use crate::entity::outbox_mail;
use crate::error::Error;
use crate::forms::Fields;
use crate::outbox::resend;
use crate::pages::Page;
use crate::routes::{Routes, Who};
use crate::sign_in::SignedIn;
use crate::sign_in::role::TEAM;
use crate::words;

/// `/team/mail`
#[derive(TypedPath, Deserialize)]
#[typed_path("/team/mail")]
pub(crate) struct MailPath;

/// `/team/mail/again`
#[derive(TypedPath, Deserialize)]
#[typed_path("/team/mail/again")]
struct AgainPath;

pub(super) fn routes() -> Routes {
    Routes::default()
        .get::<MailPath, _, _>(Who::Roles(TEAM), show)
        .press::<AgainPath, _, _>(Who::Roles(TEAM), again)
}

/// Rows on a page.
const ROWS: u64 = 25;
/// What the list can be narrowed down to: the word in the address, the states, the words.
const STATES: [(&str, &[&str], &str); 4] = [
    ("waiting", &["queued", "sending"], "Waiting to be sent"),
    ("sent", &["sent"], "Sent"),
    ("undelivered", &["failed"], "Could not be delivered"),
    ("left-out", &["suppressed"], "Not sent, because no longer true"),
];

#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
struct Asked {
    status: String,
    page: String,
    done: String,
}

fn mails(status: &str) -> Select<outbox_mail::Entity> {
    let all = outbox_mail::Entity::find();
    match STATES.iter().find(|it| it.0 == status) {
        Some((_, named, _)) => all.filter(outbox_mail::Column::State.is_in(named.iter().copied())),
        None => all,
    }
}

async fn show(
    _: MailPath,
    State(app): State<App>,
    me: SignedIn,
    Query(asked): Query<Asked>,
) -> Result<Response, Error> {
    let db = app.reader();
    let found = mails(&asked.status).count(db).await?;
    let pages = Pages::new(found, ROWS, &asked.page);
    let newest = mails(&asked.status).order_by_desc(outbox_mail::Column::Seq);
    let rows = newest.offset(pages.skip()).limit(ROWS).all(db).await?;
    let references = references(db, &rows).await?;
    let rows: Vec<Row> = rows
        .iter()
        .map(|it| Row::of(it, references.get(&it.about)))
        .collect();
    let shell = Shell::of(&app, &me, MailPath::PATH).await?;
    let page = MailPage::new(&asked, found, rows, &pages, shell);
    app.page(&MailPage {
        op: app.secrets().op(),
        ..page
    })
    .await
}

/// Sends one mail again, if it could not be delivered.
async fn again(
    _: AgainPath,
    State(app): State<App>,
    me: SignedIn,
    mut fields: Fields,
) -> Result<Response, Error> {
    let op = fields.op()?;
    let which = fields.line("which")?;
    fields.done()?;
    let id = Uuid::parse_str(&which).map_err(|_| Error::NotFound)?;
    let (op, content, by) = (op.as_deref(), fields.content(), me.person);
    let path = app
        .change(|work| async move {
            let act = async {
                let path = MailPath.to_string();
                let done = resend::again(&work, MailId(id)).await?;
                if done {
                    work.note(Act::by_member(by, "sent_again", "mail", id));
                }
                Ok(if done { format!("{path}?done=yes") } else { path })
            };
            work.once(op, content, act).await
        })
        .await?;
    Ok(Redirect::to(&path).into_response())
}

/// The references of the bookings that mails are about.
async fn references(
    db: &impl ConnectionTrait,
    rows: &[outbox_mail::Model],
) -> Result<BTreeMap<Uuid, String>, Error> {
    let mut found = BTreeMap::new();
    for it in rows {
        if let Some(record) = bookings::find(db, BookingId(it.about)).await? {
            found.insert(it.about, record.reference);
        }
    }
    Ok(found)
}

/// One mail.
#[derive(Clone, Debug, Serialize)]
struct Row {
    when: String,
    what: &'static str,
    to: String,
    reference: String,
    href: String,
    state: String,
    colour: &'static str,
    /// Set for what can be sent again.
    which: String,
}

impl Row {
    fn of(it: &outbox_mail::Model, reference: Option<&String>) -> Self {
        let is_failed = it.state == "failed";
        let why = it.reason.as_deref().filter(|_| it.state == "suppressed");
        let state = said::mail_state(&it.state);
        Self {
            when: words::date_time(it.settled_at.unwrap_or(it.due_at)),
            what: said::mail(&it.kind),
            to: it.recipient.clone(),
            reference: reference.cloned().unwrap_or_default(),
            href: reference
                .map(|it| BookingPath::of(it).to_string())
                .unwrap_or_default(),
            state: why.map_or_else(|| state.to_owned(), |why| format!("{state}: {why}")),
            colour: match it.state.as_str() {
                "failed" => "red",
                "sent" => "green",
                "suppressed" => "grey",
                _ => "blue",
            },
            which: if is_failed {
                it.id.0.to_string()
            } else {
                String::new()
            },
        }
    }
}

#[derive(Clone, Debug, Serialize)]
struct MailPage {
    heading: String,
    is_done: bool,
    status: String,
    showing: &'static str,
    statuses: Vec<Choice>,
    action: &'static str,
    rows: Vec<Row>,
    pages: Pages,
    again_url: String,
    op: String,
    shell: Shell,
}

impl MailPage {
    fn new(asked: &Asked, found: u64, rows: Vec<Row>, pages: &Pages, shell: Shell) -> Self {
        let picked = STATES.iter().find(|it| it.0 == asked.status);
        let mut statuses = vec![Choice::new("", "All")];
        statuses.extend(STATES.iter().map(|(value, _, text)| Choice::new(*value, *text)));
        let status = picked.map_or("", |it| it.0);
        Self {
            heading: match found {
                0 => "No emails".to_owned(),
                1 => "1 email".to_owned(),
                many => format!("{many} emails"),
            },
            is_done: asked.done == "yes",
            status: status.to_owned(),
            showing: picked.map_or("", |it| it.2),
            statuses,
            action: MailPath::PATH,
            rows,
            pages: pages.linked(&Address::new(MailPath::PATH).with("status", status)),
            again_url: AgainPath.to_string(),
            op: "0".repeat(32),
            shell,
        }
    }
}

impl Page for MailPage {
    const TEMPLATE: &'static str = "pages/staff/mail/list.html";

    #[cfg(test)]
    fn samples() -> Vec<Self> {
        let row = |state: &str, reason| {
            let mail = super::bookings::sample_mail(state, reason);
            Row::of(&mail, Some(&"4827 KX".to_owned()))
        };
        let stranger = Row::of(&super::bookings::sample_mail("queued", None), None);
        let rows = vec![
            row("failed", Some("550 no such mailbox")),
            row("sent", None),
            row("suppressed", Some("it is too late for a reminder")),
            stranger,
        ];
        let page = |status: &str, done: &str, found, rows| {
            let asked = Asked {
                status: status.to_owned(),
                page: "2".to_owned(),
                done: done.to_owned(),
            };
            Self::new(
                &asked,
                found,
                rows,
                &Pages::new(found, ROWS, "2"),
                Shell::sample(),
            )
        };
        vec![
            page("", "", 80, rows.clone()),
            page("undelivered", "yes", 1, rows),
            page("sent", "", 0, Vec::new()),
        ]
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
