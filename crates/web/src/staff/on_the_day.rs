//! One day of a course in the hands of whoever runs it: who may open it, and who is on it.

use std::collections::{BTreeMap, BTreeSet};

use axum_extra::routing::TypedPath;
use booking::attendance::first_day::first_day;
use booking::attendance::{self, FirstDay, Register, Row, rules};
use booking::calendar::{self, Meeting, RunDates};
use booking::{Settings, facilitators};
use ids::{BookingId, PersonId, SessionId, Ts};
use sea_orm::{ColumnTrait, ConnectionTrait, EntityTrait, QueryFilter};
use serde::Deserialize;
use time::Duration;
use uuid::Uuid;

use crate::app::App;
use crate::audit::{SAW_EMERGENCY, SAW_NEEDS};
use crate::entity::{access_need, emergency_contact, person};
use crate::error::Error;
use crate::needs;
use crate::people::Person;
use crate::sign_in::SignedIn;
use crate::sign_in::numbers::Numbers;
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

/// `/sessions/{session}/people/{booking}/let-in`
#[derive(TypedPath, Deserialize)]
#[typed_path("/sessions/{session}/people/{booking}/let-in")]
pub(super) struct LetInPath {
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
    /// Whether they facilitate these dates.
    pub is_own: bool,
    /// Who missed day 1, and who is let in all the same.
    pub first: FirstDay,
    people: BTreeMap<PersonId, Person>,
    flagged: BTreeSet<BookingId>,
    /// How long after the last day facilitators see what helps.
    needs_shown: Duration,
    /// What helps whom, once it is noted that somebody reads it.
    needs: BTreeMap<BookingId, Vec<String>>,
}

impl Day {
    /// Opens a day for somebody: a facilitator of these dates, or the team. For others it is not there, as
    /// if nobody had planned it (T-07).
    pub(super) async fn open(app: &App, me: &SignedIn, session: &str) -> Result<Self, Error> {
        let db = app.reader();
        let id = Uuid::parse_str(session).map_err(|_| Error::NotFound)?;
        let register = attendance::register(db, SessionId(id)).await?;
        let register = register.ok_or(Error::NotFound)?;
        let is_own = facilitators::is_one(db, register.run, me.person).await?;
        if !me.is_any(TEAM) && !is_own {
            tracing::warn!(event = "denied", of = "day", person = %me.person.0);
            return Err(Error::NotFound);
        }
        let dates = calendar::run_dates(db, register.run)
            .await?
            .ok_or(Error::NotFound)?;
        let (settings, _) = calendar::rules(db).await?;
        Ok(Self {
            first: first_day(db, &register).await?,
            people: people_of(db, &register).await?,
            flagged: flagged(db, &register).await?,
            needs_shown: Numbers::load(db).await?.needs_shown(),
            needs: BTreeMap::new(),
            is_own,
            settings,
            dates,
            now: app.now(),
            me: me.person,
            is_lead: me.is_any(&[Role::Lead]),
            register,
        })
    }

    /// The same with what helps people to take part in full, if whoever looks may read it: the team, and
    /// facilitators of these dates until some days after the last (B-65). That they read it is written
    /// down first (T-47).
    pub(super) async fn with_needs(self, app: &App, me: &SignedIn) -> Result<Self, Error> {
        let whose = self.register.rows.iter().map(|it| it.booking).collect();
        self.with_needs_of(app, me, whose).await
    }

    /// The same for some of the people.
    pub(super) async fn with_needs_of(
        mut self,
        app: &App,
        me: &SignedIn,
        whose: BTreeSet<BookingId>,
    ) -> Result<Self, Error> {
        if !me.is_any(TEAM) && !self.is_shown_to_facilitators() {
            return Ok(self);
        }
        for it in needs::of_bookings(app.reader(), whose).await? {
            let said = needs::said_with_status(&it);
            self.needs.entry(it.booking).or_default().push(said);
        }
        let looks: Vec<_> = self
            .register
            .rows
            .iter()
            .filter(|it| it.person != me.person && self.needs.contains_key(&it.booking))
            .map(|it| {
                let about = ("booking", it.booking.0.to_string());
                (SAW_NEEDS, about, Some(it.person))
            })
            .collect();
        if !looks.is_empty() {
            app.note_all_looks(me.person, &looks).await?;
        }
        Ok(self)
    }

    fn is_shown_to_facilitators(&self) -> bool {
        let ends = self.dates.sessions.iter().map(|it| it.ends_at).max();
        self.is_own && ends.is_some_and(|it| self.now < it + self.needs_shown)
    }

    /// Whether whoever looks may let somebody in who missed day 1: facilitators of these dates, or a lead
    /// (B-63).
    pub(super) fn lets_in(&self) -> bool {
        self.is_own || self.is_lead
    }

    /// Whom we could call about somebody on it: for facilitators of these dates, from an hour before to an
    /// hour after this day (B-65).
    pub(super) fn shows_someone(&self) -> bool {
        let around = Duration::minutes(self.settings.emergency_view);
        let it = self.meeting();
        self.is_own && self.now >= it.starts_at - around && self.now <= it.ends_at + around
    }

    /// Whom we could call about somebody; that this is read is written down first (T-47).
    pub(super) async fn someone(
        &self,
        app: &App,
        row: &Row,
    ) -> Result<Option<emergency_contact::Model>, Error> {
        if !self.shows_someone() {
            return Ok(None);
        }
        let found = emergency_contact::Entity::find()
            .filter(emergency_contact::Column::Booking.eq(row.booking))
            .one(app.reader())
            .await?;
        if found.is_some() {
            let about = ("booking", row.booking.0.to_string());
            app.note_looks(self.me, &[SAW_EMERGENCY], about, Some(row.person))
                .await?;
        }
        Ok(found)
    }

    /// What helps somebody, if it may be shown.
    pub(super) fn needs(&self, booking: BookingId) -> Vec<String> {
        self.needs.get(&booking).cloned().unwrap_or_default()
    }

    /// What is said of somebody who missed day 1 (B-63); nothing of others.
    pub(super) fn missed_first(&self, booking: BookingId) -> Option<String> {
        if self.first.keeps_out(booking) {
            return Some("Missed day 1. Joins only if a facilitator lets them in".to_owned());
        }
        let why = self.first.let_in.get(&booking)?;
        let who = self.who(Some(why.by));
        Some(format!("Missed day 1. {who} lets them in: {}", why.reason))
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
    let trainers = facilitators::people_of(db, it.run).await?;
    let ids: BTreeSet<PersonId> = it
        .rows
        .iter()
        .map(|row| row.person)
        .chain(recorders)
        .chain(trainers)
        .collect();
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
            is_own: true,
            first: FirstDay::default(),
            needs_shown: Duration::days(14),
            needs: BTreeMap::new(),
            people: people.map(|it| (it.id, it)).collect(),
            flagged: [BookingId(id(2))].into(),
        }
    }

    /// The same with what helps the second person shown.
    pub(crate) fn with_needs(mut it: Day) -> Day {
        let said = ["Captions: arranged", "Breaks (every half hour): to arrange"];
        it.needs
            .insert(BookingId(id(2)), said.map(str::to_owned).to_vec());
        it
    }

    /// The same on day 2, which the first person must not join yet, and the second may.
    pub(crate) fn after_day_1(mut it: Day) -> Day {
        it.register.meeting = it.dates.sessions[1];
        it.now = it.register.meeting.starts_at;
        it.first.missed = [BookingId(id(1)), BookingId(id(2))].into();
        let why = attendance::LetIn {
            by: PersonId(id(902)),
            reason: "They read the notes of day 1".to_owned(),
            at: it.now,
        };
        it.first.let_in.insert(BookingId(id(2)), why);
        it
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
