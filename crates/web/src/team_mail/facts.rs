//! What is so when a mail to the team leaves, and whether it is still worth sending (B-101).

use std::collections::BTreeMap;

use booking::calendar::{Meeting, RunDates};
use booking::plan::{self, Plan};
use booking::reminders::booked_on;
use booking::snapshot::RunState;
use booking::{State, attendance, bookings};
use ids::{BookingId, PersonId, RunId, Ts};
use sea_orm::{ColumnTrait, Condition, ConnectionTrait, EntityTrait, PaginatorTrait, QueryFilter};

use crate::entity::{access_need, account, outbox_mail, team_task};
use crate::error::Error;
use crate::outbox::Kind;
use crate::outbox::facts::{Facts, Parameters};
use crate::people;
use crate::sign_in::role::{self, TEAM};
use crate::tasks::TaskKind;

/// Somebody of the team, and what they are told.
#[derive(Clone, Debug)]
pub(crate) struct OfTeam {
    /// How we call them.
    pub(crate) name: String,
    pub(crate) about: About,
}

/// What the mail is about.
#[derive(Clone, Debug)]
pub(crate) enum About {
    /// F01: dates that they teach, or did.
    Dates(Box<RunDates>, Standing),
    /// F02: a day that is near.
    Soon(Box<RunDates>, Meeting, Numbers),
    /// F03: a day whose register is not saved, and whether it is now.
    Late(Box<RunDates>, Meeting, bool),
    /// T01: what is open, kind by kind.
    List(Vec<Open>),
    /// T02: one task, and whether it is open.
    Task(Option<TaskKind>, bool),
    /// T03: who hears by mail that dates are called off, and who does not.
    CalledOff(Box<RunDates>, u64, u64),
}

/// How somebody stands to dates.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Standing {
    Teaches,
    NoLonger,
    CalledOff,
}

/// Who comes to a day.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Numbers {
    pub(crate) booked: usize,
    /// Held until the address is confirmed.
    pub(crate) unconfirmed: usize,
    /// What would help somebody and is not arranged yet.
    pub(crate) open_needs: u64,
}

/// The open tasks of a kind.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Open {
    pub(crate) kind: Option<TaskKind>,
    pub(crate) count: usize,
    /// How many of them should be done by now.
    pub(crate) late: usize,
}

/// Whether such a mail is still worth sending, or why not.
pub(crate) fn still_true(it: &OfTeam, facts: &Facts) -> Result<(), &'static str> {
    let is_over = |run: &RunDates| run.sessions.last().is_none_or(|it| it.ends_at <= facts.now);
    match &it.about {
        About::Dates(run, Standing::Teaches) if is_over(run) => Err("the dates are over"),
        About::Soon(run, ..) if run.cancelled_at.is_some() => Err("the dates are called off"),
        About::Soon(_, day, _) if facts.parameters.date != Some(day.date) => Err("the dates changed"),
        About::Soon(_, day, _) if day.starts_at <= facts.now => Err("the day has begun"),
        About::Late(_, _, true) => Err("the register is saved"),
        About::List(open) if open.is_empty() => Err("nothing is to be done"),
        About::Task(_, false) => Err("the task is done"),
        About::Dates(..)
        | About::Soon(..)
        | About::Late(..)
        | About::List(_)
        | About::Task(..)
        | About::CalledOff(..) => Ok(()),
    }
}

/// Reads what such a mail is about; nothing if that, or the account, is gone.
pub(crate) async fn load(
    db: &impl ConnectionTrait,
    now: Ts,
    kind: Kind,
    row: &outbox_mail::Model,
    parameters: &Parameters,
) -> Result<Option<OfTeam>, Error> {
    let account = account::Entity::find()
        .filter(account::Column::Email.eq(&row.recipient))
        .filter(account::Column::ClosedAt.is_null())
        .one(db)
        .await?;
    let Some(account) = account else { return Ok(None) };
    let roles = role::of(db, account.person).await?;
    let is_staff = roles.iter().any(|it| TEAM.contains(it));
    let about = if kind == Kind::TodaysList && is_staff {
        Some(About::List(open(db, account.person, now).await?))
    } else if kind == Kind::PhoneToday && is_staff {
        task(db, row).await?
    } else if let Some(plan) = plan::find(db, RunId(row.about)).await? {
        of_run(db, kind, plan, parameters, (account.person, is_staff)).await?
    } else {
        None
    };
    let person = people::find(db, account.person).await?;
    Ok(about.zip(person).map(|(about, person)| OfTeam {
        name: person.called(),
        about,
    }))
}

async fn of_run(
    db: &impl ConnectionTrait,
    kind: Kind,
    plan: Plan,
    parameters: &Parameters,
    (person, is_staff): (PersonId, bool),
) -> Result<Option<About>, Error> {
    let teaches = plan.facilitators.iter().any(|it| it.person == person);
    let is_off = plan.state == RunState::Cancelled;
    let run = Box::new(plan.dates);
    let day = run.sessions.iter().find(|it| Some(it.id) == parameters.session);
    let day = day.copied();
    Ok(match (kind, day) {
        (Kind::Facilitation, _) => {
            let standing = match (is_off, teaches) {
                (true, _) => Standing::CalledOff,
                (false, true) => Standing::Teaches,
                (false, false) => Standing::NoLonger,
            };
            Some(About::Dates(run, standing))
        }
        (Kind::RegisterSoon, Some(day)) if teaches => {
            let numbers = numbers(db, &run, &day).await?;
            Some(About::Soon(run, day, numbers))
        }
        (Kind::RegisterLate, Some(day)) if teaches || is_staff => {
            let register = attendance::register(db, day.id).await?;
            let is_saved = register.is_none_or(|it| it.is_cancelled || it.is_complete());
            Some(About::Late(run, day, is_saved))
        }
        (Kind::CalledOff, _) if is_staff => {
            let (by_mail, otherwise) = told(db, run.id).await?;
            Some(About::CalledOff(run, by_mail, otherwise))
        }
        _ => None,
    })
}

async fn numbers(db: &impl ConnectionTrait, run: &RunDates, day: &Meeting) -> Result<Numbers, Error> {
    let booked = booked_on(db, day.id).await?;
    let all = bookings::of_run(db, run.id).await?;
    let held = all
        .iter()
        .filter(|it| matches!(it.state, State::Unconfirmed { .. }));
    let open_needs = access_need::Entity::find()
        .filter(access_need::Column::Booking.is_in(booked.iter().copied()))
        .filter(access_need::Column::Status.eq("asked"))
        .count(db)
        .await?;
    Ok(Numbers {
        booked: booked.len(),
        unconfirmed: held.count(),
        open_needs,
    })
}

/// How many people hear by mail that their dates are called off, and how many by phone or letter.
async fn told(db: &impl ConnectionTrait, run: RunId) -> Result<(u64, u64), Error> {
    use outbox_mail::Column as Row;
    use team_task::Column as Task;
    let name = Kind::RunCancelled.name();
    let about: Vec<BookingId> = bookings::of_run(db, run).await?.iter().map(|it| it.id).collect();
    let mails = outbox_mail::Entity::find()
        .filter(Row::Kind.eq(name))
        .filter(Row::About.is_in(about.iter().map(|it| it.0)))
        .filter(Row::State.is_in(["queued", "sending", "sent"]))
        .all(db)
        .await?;
    let copy = |it: &&outbox_mail::Model| !Parameters::of(&it.parameters).copy;
    let calls = team_task::Entity::find()
        .filter(Task::Kind.eq(TaskKind::PhoneOrLetter.name()))
        .filter(Task::Occasion.starts_with(name))
        .filter(Task::About.is_in(about.iter().map(|it| it.0)))
        .count(db)
        .await?;
    let mails = u64::try_from(mails.iter().filter(copy).count()).unwrap_or(u64::MAX);
    Ok((mails, calls))
}

/// What is open for everybody or for this one, kind by kind, in the order in which kinds are named.
async fn open(db: &impl ConnectionTrait, person: PersonId, now: Ts) -> Result<Vec<Open>, Error> {
    use team_task::Column as Task;
    let theirs = Condition::any()
        .add(Task::Assignee.is_null())
        .add(Task::Assignee.eq(person));
    let tasks = team_task::Entity::find()
        .filter(Task::State.eq("open"))
        .filter(theirs);
    let mut counts: BTreeMap<String, (usize, usize)> = BTreeMap::new();
    for task in tasks.all(db).await? {
        let (count, late) = counts.entry(task.kind).or_default();
        *count += 1;
        *late += usize::from(task.due < now);
    }
    let open = |(kind, (count, late)): (String, (usize, usize))| Open {
        kind: TaskKind::named(&kind),
        count,
        late,
    };
    Ok(counts.into_iter().map(open).collect())
}

async fn task(db: &impl ConnectionTrait, row: &outbox_mail::Model) -> Result<Option<About>, Error> {
    let task = team_task::Entity::find_by_id(row.about).one(db).await?;
    Ok(task.map(|it| About::Task(TaskKind::named(&it.kind), it.state == "open")))
}
