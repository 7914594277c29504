//! One day of a course in the hands of whoever runs it: who may open it, and who is on it.

use std::collections::{BTreeMap, BTreeSet};

use axum_extra::routing::TypedPath;
use booking::attendance::{self, Register, Row, rules};
use booking::calendar::{self, Meeting, RunDates};
use booking::{Settings, facilitators};
use ids::{BookingId, PersonId, SessionId, Ts};
use sea_orm::{ColumnTrait, ConnectionTrait, EntityTrait, QueryFilter};
use serde::Deserialize;
use uuid::Uuid;

use crate::app::App;
use crate::entity::{access_need, person};
use crate::error::Error;
use crate::people::Person;
use crate::sign_in::SignedIn;
use crate::sign_in::role::{Role, TEAM};
use crate::words;

/// `/sessions/{session}`
#[derive(TypedPath, Deserialize)]
#[typed_path("/sessions/{session}")]
pub(super) struct DayPath {
    pub session: String,
}

/// `/sessions/{session}/register`
#[derive(TypedPath, Deserialize)]
#[typed_path("/sessions/{session}/register")]
pub(super) struct RegisterPath {
    pub session: String,
}

/// `/sessions/{session}/people/{booking}`
#[derive(TypedPath, Deserialize)]
#[typed_path("/sessions/{session}/people/{booking}")]
pub(super) struct OnePersonPath {
    pub session: String,
    pub booking: String,
}

/// `/sessions/{session}/print`
#[derive(TypedPath, Deserialize)]
#[typed_path("/sessions/{session}/print")]
pub(super) struct PrintPath {
    pub session: String,
}

/// One day, with everybody on it.
#[derive(Clone, Debug)]
pub(super) struct Day {
    pub register: Register,
    pub dates: RunDates,
    pub settings: Settings,
    pub now: Ts,
    /// Who looks at it.
    pub me: PersonId,
    pub is_lead: bool,
    people: BTreeMap<PersonId, Person>,
    flagged: BTreeSet<BookingId>,
}

impl Day {
    /// Opens a day for somebody: a facilitator of these dates, or the team. For others it is not there, as
    /// if nobody had planned it (T-07).
    pub(super) async fn open(app: &App, me: &SignedIn, session: &str) -> Result<Self, Error> {
        let db = app.reader();
        let id = Uuid::parse_str(session).map_err(|_| Error::NotFound)?;
        let register = attendance::register(db, SessionId(id)).await?;
        let register = register.ok_or(Error::NotFound)?;
        if !me.is_any(TEAM) && !facilitators::is_one(db, register.run, me.person).await? {
            tracing::warn!(event = "denied", of = "day", person = %me.person.0);
            return Err(Error::NotFound);
        }
        let dates = calendar::run_dates(db, register.run)
            .await?
            .ok_or(Error::NotFound)?;
        let (settings, _) = calendar::rules(db).await?;
        Ok(Self {
            people: people_of(db, &register).await?,
            flagged: flagged(db, &register).await?,
            settings,
            dates,
            now: app.now(),
            me: me.person,
            is_lead: me.is_any(&[Role::Lead]),
            register,
        })
    }

    /// The day itself.
    pub(super) fn meeting(&self) -> &Meeting {
        &self.register.meeting
    }

    /// "Day 1".
    pub(super) fn name(&self) -> String {
        format!("Day {}", self.meeting().idx)
    }

    /// The same in a sentence.
    pub(super) fn name_inside(&self) -> String {
        format!("day {}", self.meeting().idx)
    }

    /// "Tuesday 8 and Tuesday 15 June 2027".
    pub(super) fn all_dates(&self) -> String {
        words::dates(&self.dates.sessions)
    }

    /// When the register opens, if that is still to come (B-60).
    pub(super) fn opens(&self) -> Option<String> {
        let opens = rules::opens_at(&self.settings, self.meeting());
        (self.now < opens).then(|| words::date_time(opens))
    }

    /// The path of a page of this day: `/register`, or nothing for the day itself.
    pub(super) fn path(&self, page: &str) -> String {
        let session = self.meeting().id.to_string();
        format!("{}{page}", DayPath { session })
    }

    /// The rows, by what people are called.
    pub(super) fn rows(&self) -> Vec<(&Row, String)> {
        let mut rows: Vec<_> = self
            .register
            .rows
            .iter()
            .map(|it| (it, self.called(it.person)))
            .collect();
        rows.sort_by(|(one, a), (other, b)| {
            (a.to_lowercase(), one.booking).cmp(&(b.to_lowercase(), other.booking))
        });
        rows
    }

    /// The row of a booking, by the word in an address.
    pub(super) fn row(&self, booking: &str) -> Result<&Row, Error> {
        let id = Uuid::parse_str(booking).map_err(|_| Error::NotFound)?;
        self.register.row(BookingId(id)).ok_or(Error::NotFound)
    }

    /// What somebody on it is called. Only where two are called the same, more of the name is told.
    pub(super) fn called(&self, id: PersonId) -> String {
        let Some(person) = self.people.get(&id) else {
            return "Somebody".to_owned();
        };
        let on_it = || {
            let rows = self.register.rows.iter();
            rows.filter_map(|it| self.people.get(&it.person))
                .filter(|it| it.id != id)
        };
        let called = person.called();
        if on_it().all(|it| !same(&it.called(), &called)) {
            return called;
        }
        let initialled = with_initial(person);
        if on_it().all(|it| !same(&with_initial(it), &initialled)) {
            return initialled;
        }
        person.full_name.clone()
    }

    /// What we call whoever recorded something.
    pub(super) fn who(&self, by: Option<PersonId>) -> String {
        let person = by.and_then(|it| self.people.get(&it));
        person.map_or_else(|| "themselves".to_owned(), Person::called)
    }

    /// Whether something would help this person to take part; never what (C3).
    pub(super) fn is_flagged(&self, booking: BookingId) -> bool {
        self.flagged.contains(&booking)
    }
}

/// What a flag says.
pub(super) const FLAG: &str = "Has told us what helps them take part";

fn same(one: &str, other: &str) -> bool {
    one.to_lowercase() == other.to_lowercase()
}

fn with_initial(person: &Person) -> String {
    let last = person.full_name.split_whitespace().next_back();
    let initial = last.and_then(|it| it.chars().next()).map(String::from);
    format!("{} {}", person.called(), initial.unwrap_or_default())
}

/// Everybody on a register, and everybody who recorded something in it.
async fn people_of(db: &impl ConnectionTrait, it: &Register) -> Result<BTreeMap<PersonId, Person>, Error> {
    let recorders = it.rows.iter().flat_map(|row| &row.marks).filter_map(|it| it.by);
    let ids: BTreeSet<PersonId> = it.rows.iter().map(|row| row.person).chain(recorders).collect();
    let rows = person::Entity::find().filter(person::Column::Id.is_in(ids));
    Ok(rows.all(db).await?.into_iter().map(|it| (it.id, it)).collect())
}

async fn flagged(db: &impl ConnectionTrait, it: &Register) -> Result<BTreeSet<BookingId>, Error> {
    let of = it.rows.iter().map(|row| row.booking);
    let rows = access_need::Entity::find().filter(access_need::Column::Booking.is_in(of));
    Ok(rows.all(db).await?.into_iter().map(|it| it.booking).collect())
}

#[cfg(test)]
pub(super) mod sample {
    use super::*;
    use booking::attendance::{Code, Mark};
    use time::Duration;

    /// An id that stands for somebody.
    pub(crate) fn id(n: u128) -> Uuid {
        Uuid::from_u128(n)
    }

    /// A mark by somebody of the team, or by the person.
    pub(crate) fn mark(code: Code, minutes: i64, by: Option<u128>) -> Mark {
        Mark {
            code,
            minutes,
            reason: None,
            by: by.map(|it| PersonId(id(it))),
            at: crate::public::manage::tests::day_1() + Duration::minutes(5),
        }
    }

    fn person(n: u128, full_name: &str) -> Person {
        Person {
            id: PersonId(id(n)),
            full_name: full_name.to_owned(),
            called_name: None,
            certificate_name: None,
            pronouns: None,
            email: None,
            email_proven_at: None,
            email_bad: false,
            new_email: None,
            phone: None,
            post_address: None,
            prefers: "email".to_owned(),
            info_format: "standard".to_owned(),
            merged_into: None,
            created_at: crate::public::manage::tests::before(),
        }
    }

    /// Day 1 while it is on, with these people; Robin and Ash look after it.
    pub(crate) fn day(names: &[(&str, Vec<Mark>)]) -> Day {
        let held = crate::public::manage::tests::held(booking::State::Booked, true);
        let people = names
            .iter()
            .zip(1..)
            .map(|((name, _), n)| person(n, name))
            .chain([person(901, "Robin Lead"), person(902, "Ash Trainer")]);
        let rows: Vec<Row> = names
            .iter()
            .zip(1..)
            .map(|((_, marks), n)| Row {
                booking: BookingId(id(n)),
                person: PersonId(id(n)),
                catches_up: n == 3,
                marks: marks.clone(),
            })
            .collect();
        Day {
            register: Register {
                run: held.run.id,
                meeting: held.run.sessions[0],
                is_cancelled: false,
                version: rows.iter().map(|it| it.marks.len() as u64).sum(),
                rows,
            },
            dates: held.run,
            settings: Settings::default(),
            now: crate::public::manage::tests::day_1() + Duration::minutes(10),
            me: PersonId(id(901)),
            is_lead: false,
            people: people.map(|it| (it.id, it)).collect(),
            flagged: [BookingId(id(2))].into(),
        }
    }

    #[test]
    fn people_are_told_apart_by_as_little_as_possible() {
        let day = day(&[
            ("Sam Taylor", vec![]),
            ("sam Field", vec![]),
            ("Jo Lee", vec![]),
            ("Kim Ash", vec![]),
            ("Kim Abel", vec![]),
        ]);
        let names: Vec<String> = day.rows().into_iter().map(|(_, name)| name).collect();
        assert_eq!(names, ["Jo", "Kim Abel", "Kim Ash", "sam F", "Sam T"]);
    }
}
