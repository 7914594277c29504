//! Everything about one person: how we reach them, their bookings, and records that may be theirs too.

use axum::extract::State;
use axum::response::Response;
use axum_extra::routing::TypedPath;
use booking::calendar::{self, RunDates};
use booking::{BookingRecord, bookings};
use ids::PersonId;
use sea_orm::ConnectionTrait;
use serde::Serialize;

use super::{MergePath, PeoplePath, PersonPath, Step, address, named};
use crate::app::App;
use crate::error::Error;
use crate::pages::Page;
use crate::people::{self, Person, accounts, duplicates};
use crate::public::manage::Row;
use crate::public::questions::{self, FORMATS, WAYS};
use crate::sign_in::SignedIn;
use crate::staff::bookings::{BookingPath, is_own};
use crate::staff::{Shell, said};
use crate::words;

pub(super) async fn show(it: PersonPath, State(app): State<App>, me: SignedIn) -> Result<Response, Error> {
    let db = app.reader();
    let person = named(db, &it.person).await?;
    let is_own = is_own(&me, &person);
    if !is_own {
        let about = ("person", person.id.to_string());
        app.note_opened(me.person, about, person.id).await?;
    }
    let known = Known::load(db, &person).await?;
    let shell = Shell::of(&app, &me, PeoplePath::PATH).await?;
    let page = PersonPage::of(&person, known, shell);
    app.page(&PersonPage { is_own, ..page }).await
}

/// What the page has to know beside the record.
#[derive(Default)]
struct Known {
    bookings: Vec<Line>,
    like: Vec<Person>,
    has_account: bool,
    /// The record that this one became a part of.
    part_of: Option<Person>,
}

impl Known {
    async fn load(db: &impl ConnectionTrait, person: &Person) -> Result<Self, Error> {
        let part_of = match person.merged_into {
            Some(it) => people::find(db, it).await?,
            None => None,
        };
        let like = if part_of.is_some() {
            Vec::new()
        } else {
            duplicates::like(db, person).await?
        };
        Ok(Self {
            bookings: lines(db, person.id).await?,
            like,
            has_account: accounts::has_one(db, person.id).await?,
            part_of,
        })
    }
}

/// One booking of somebody.
#[derive(Clone, Debug, Serialize)]
pub(super) struct Line {
    dates: String,
    href: String,
    hidden: String,
    course: String,
    status: String,
    colour: &'static str,
}

impl Line {
    pub(super) fn of(it: &BookingRecord, run: &RunDates) -> Self {
        let (status, colour) = said::tag(it.state);
        Self {
            dates: words::dates(&run.sessions),
            href: BookingPath::of(&it.reference).to_string(),
            hidden: format!("see booking {}", it.reference),
            course: run.course_title.clone(),
            status,
            colour,
        }
    }
}

/// The bookings of somebody, the newest first.
pub(super) async fn lines(db: &impl ConnectionTrait, of: PersonId) -> Result<Vec<Line>, Error> {
    let records = bookings::of_person(db, of).await?;
    let runs = calendar::runs(db, records.iter().map(|it| it.run)).await?;
    let line = |it: &BookingRecord| {
        let run = runs.iter().find(|run| run.id == it.run)?;
        Some(Line::of(it, run))
    };
    Ok(records.iter().filter_map(line).collect())
}

/// How somebody is called and reached.
pub(super) fn facts(person: &Person, has_account: bool) -> Vec<Row> {
    let or_none = |it: &Option<String>| it.clone().unwrap_or_else(|| "None".to_owned());
    let mut rows = vec![
        Row::new("Full name", person.full_name.clone()),
        Row::new("What we call them", person.called()),
        Row::new("Pronouns", or_none(&person.pronouns)),
        Row::new("Email address", address(person)),
        Row::new("Phone number", or_none(&person.phone)),
        Row::new("How we get in touch", questions::words(&WAYS, &person.prefers)),
        Row::new(
            "How we send information",
            questions::words(&FORMATS, &person.info_format),
        ),
        Row::new("Here since", words::date_time(person.created_at)),
    ];
    if let Some(it) = &person.post_address {
        rows.push(Row::new("Postal address", it.replace('\n', ", ")));
    }
    if has_account {
        rows.push(Row::new("Logs in", "Yes"));
    }
    rows
}

#[derive(Clone, Debug, Serialize)]
struct PersonPage {
    heading: String,
    list_url: &'static str,
    is_own: bool,
    part_of: Option<Step>,
    rows: Vec<Row>,
    bookings: Vec<Line>,
    /// Records that may be the same person, each with the page that shows both.
    like: Vec<Step>,
    shell: Shell,
}

impl PersonPage {
    fn of(person: &Person, known: Known, shell: Shell) -> Self {
        let like = known.like.iter().map(|it| Step {
            text: format!("{}, {}", it.full_name, address(it)),
            href: MergePath::of(person.id, it.id),
        });
        Self {
            heading: person.full_name.clone(),
            list_url: PeoplePath::PATH,
            is_own: false,
            part_of: known.part_of.map(|it| Step {
                text: it.full_name.clone(),
                href: PersonPath::of(it.id),
            }),
            rows: facts(person, known.has_account),
            bookings: known.bookings,
            like: like.collect(),
            shell,
        }
    }
}

impl Page for PersonPage {
    const TEMPLATE: &'static str = "pages/staff/people/one.html";

    #[cfg(test)]
    fn samples() -> Vec<Self> {
        use crate::public::manage::tests::held;
        let held = held(booking::State::Booked, true);
        let other = Person {
            email: None,
            ..held.person.clone()
        };
        let known = || Known {
            bookings: vec![Line::of(&held.record, &held.run)],
            ..Known::default()
        };
        let like = Known {
            like: vec![other.clone()],
            has_account: true,
            ..known()
        };
        let part = Known {
            part_of: Some(held.person.clone()),
            ..Known::default()
        };
        let own = Self {
            is_own: true,
            ..Self::of(&held.person, known(), Shell::sample())
        };
        vec![
            Self::of(&held.person, known(), Shell::sample()),
            Self::of(&held.person, like, Shell::sample()),
            Self::of(&other, part, Shell::sample()),
            own,
        ]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pages_hold() {
        crate::pages_test::check::<PersonPage>();
    }
}
