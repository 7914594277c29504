//! What the team sees first: what is on soon, and what waits for somebody.

use booking::calendar;
use booking::search::{Search, Sort};
use sea_orm::{ColumnTrait, EntityTrait, PaginatorTrait, QueryFilter};
use serde::Serialize;
use time::Duration;

use super::bookings::{BookingPath, BookingsPath};
use super::mail::MailPath;
use super::tasks::{self, TasksPath};
use crate::app::App;
use crate::entity::outbox_mail;
use crate::error::Error;
use crate::people;
use crate::sign_in::SignedIn;
use crate::words;

/// How far ahead the first page looks.
const AHEAD: Duration = Duration::days(14);
/// How many of the bookings that are not confirmed it names.
const NAMED: u64 = 10;

/// What waits for somebody.
#[derive(Clone, Debug, Default, Serialize)]
pub(super) struct Overview {
    /// The days of courses in the next two weeks.
    soon: Vec<String>,
    tasks: u64,
    tasks_url: String,
    unconfirmed: u64,
    unconfirmed_url: String,
    /// The oldest of them.
    first: Vec<Held>,
    mails: u64,
    mails_url: String,
}

/// A booking whose address is not confirmed.
#[derive(Clone, Debug, Serialize)]
struct Held {
    name: String,
    href: String,
    until: String,
    phone: String,
    phone_url: Option<String>,
}

impl Overview {
    pub(super) async fn load(app: &App, me: &SignedIn) -> Result<Self, Error> {
        let db = app.reader();
        let held = Search {
            states: vec!["unconfirmed"],
            sort: Sort::Made,
            ..Search::default()
        };
        let failed = outbox_mail::Entity::find().filter(outbox_mail::Column::State.eq("failed"));
        Ok(Self {
            soon: soon(app).await?,
            tasks: tasks::count(db, me).await?,
            tasks_url: TasksPath.to_string(),
            unconfirmed: held.count(db).await?,
            unconfirmed_url: format!("{BookingsPath}?status=unconfirmed&sort=made"),
            first: first(app, &held).await?,
            mails: failed.count(db).await?,
            mails_url: format!("{MailPath}?status=undelivered"),
        })
    }

    #[cfg(test)]
    pub(super) fn sample() -> Self {
        Self {
            soon: vec!["Tuesday 8 June 2027, 10am to 1:15pm: Introduction to peer support, day 1".to_owned()],
            tasks: 3,
            tasks_url: TasksPath.to_string(),
            unconfirmed: 1,
            unconfirmed_url: format!("{BookingsPath}?status=unconfirmed"),
            first: vec![Held {
                name: "Sam Taylor".to_owned(),
                href: BookingPath::of("4827 KX").to_string(),
                until: "Tuesday 8 June 2027 at 2pm".to_owned(),
                phone: "01632 960 001".to_owned(),
                phone_url: Some("tel:01632960001".to_owned()),
            }],
            mails: 1,
            mails_url: MailPath.to_string(),
        }
    }
}

async fn soon(app: &App) -> Result<Vec<String>, Error> {
    let now = app.now();
    let mut days = Vec::new();
    for run in calendar::upcoming(app.reader(), None, now).await? {
        let open = run.cancelled_at.is_none();
        let near = |it: &&calendar::Meeting| open && it.ends_at > now && it.starts_at < now + AHEAD;
        for it in run.sessions.iter().filter(near) {
            let title = &run.course_title;
            days.push((
                it.starts_at,
                format!("{}: {title}, day {}", words::day(it), it.idx),
            ));
        }
    }
    days.sort();
    Ok(days.into_iter().map(|(_, words)| words).collect())
}

async fn first(app: &App, held: &Search) -> Result<Vec<Held>, Error> {
    let records = held.page(app.reader(), 0, NAMED).await?;
    let people = people::several(app.reader(), records.iter().map(|it| it.person)).await?;
    let one = |it: &booking::BookingRecord| {
        let person = people.iter().find(|person| person.id == it.person)?;
        let phone = person.phone.clone().unwrap_or_default();
        Some(Held {
            name: person.full_name.clone(),
            href: BookingPath::of(&it.reference).to_string(),
            until: words::date_time(it.state.deadline()?),
            phone_url: crate::calls::call(&phone),
            phone,
        })
    };
    Ok(records.iter().filter_map(one).collect())
}
