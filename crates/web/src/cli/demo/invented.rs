//! The people and dates of a demo. Everything happens through the doors that real people use, at its own
//! time: the clock begins weeks earlier and is moved on from one thing to the next.

use booking::attendance::{Code, Hand, Said};
use booking::calendar::{self, Delivery, NewRun, NewSession, Vouched};
use booking::evaluation::{self, Answers};
use booking::facilitators;
use booking::plan::Part;
use booking::{Actor, Ask, Asked, Cause, Change, Channel, Details, Source, london};
use ids::{BookingId, PersonId, RunId, Ts};
use time::macros::time;
use time::{Date, Duration, Time, Weekday};

use super::on_or_after;
use crate::app::App;
use crate::error::Error;
use crate::import::{course, holidays};
use crate::people::{self, NewPerson, matching};
use crate::public::equality;
use crate::public::questions::{Need, add_needs};
use crate::rehearsal;
use crate::sign_in::factor;
use crate::sign_in::invite;
use crate::sign_in::role::{self, Role};
use crate::staff::register;
use crate::work::Work;

/// How long before the demo's moment the first thing happened.
pub(super) const HISTORY: Duration = Duration::days(42);

/// Nobody's family name.
const FAMILY: &str = "Example";

const CAME: [&str; 6] = ["Ash", "Blair", "Brook", "Cam", "Drew", "Bay"];
/// How confident each of them felt before the course, and those who said so after it.
const CONFIDENCE: [(u8, Option<u8>); 6] = [
    (2, Some(4)),
    (1, Some(4)),
    (3, Some(5)),
    (2, Some(5)),
    (2, Some(3)),
    (2, None),
];
/// What some of them wrote.
const HELPED: [&str; 2] = [
    "To hear how others do it",
    "The breaks, and that I could turn my camera off",
];
/// How often an answer to the questions about equality was given.
const ANSWERED: [(&str, &str, usize); 11] = [
    ("age", "18_24", 2),
    ("age", "25_34", 9),
    ("age", "35_44", 13),
    ("age", "45_54", 8),
    ("age", "65_over", 1),
    ("sex", "female", 18),
    ("sex", "male", 11),
    ("sex", "prefer_not_to_say", 4),
    ("disabled", "yes", 9),
    ("disabled", "no", 17),
    ("disabled", "prefer_not_to_say", 7),
];
const CALLED_OFF: [&str; 1] = ["Casey"];
/// Together they fill their dates.
const FILL: [&str; 2] = ["Dale", "Eden"];
const FILL_BY_PHONE: [&str; 4] = ["Fern", "Glen", "Kit", "Lake"];
const WAIT: [&str; 3] = ["Robin", "Sage", "Sky"];
/// Together they leave 2 places.
const TAKE_A_FEW: [&str; 2] = ["Marlow", "Noor"];
const TAKE_A_FEW_BY_PHONE: [&str; 2] = ["Olive", "Pip"];
const WITHOUT_AN_ADDRESS: [&str; 1] = ["Hazel"];
const UNCONFIRMED: [&str; 1] = ["Ivy"];
const EARLY: [&str; 1] = ["Alex"];
/// Who looks after it all, and what they bring to each of the dates.
const TEAM: [(&str, Role, Option<Part>); 5] = [
    ("Morgan", Role::Lead, None),
    ("Rowan", Role::Coordinator, None),
    ("Ellis", Role::Administrator, None),
    ("Quinn", Role::Facilitator, Some(Part::PeerTrainer)),
    ("Tate", Role::Facilitator, Some(Part::Other)),
];

/// How somebody got in touch.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Way {
    /// A place, on the web: held until the address is confirmed.
    Web,
    /// A place, by phone.
    Phone,
    /// A place, by phone, without an address.
    PhoneOnly,
    /// The waiting list, on the web.
    Wait,
}

/// Fills an empty service: dates in every state that a visitor can meet, and people who booked them.
pub(super) async fn fill(app: &App, now: Ts) -> Result<(), Error> {
    let trainers = team(app).await?;
    let runs = dates(app, now, &trainers).await?;
    let ago = |it: Duration| now - it;
    rehearsal::until(app, ago(Duration::days(40))).await?;
    let came = ask(app, runs.finished, &CAME, Way::Phone).await?;
    tell(app, &came, &CONFIDENCE.map(|it| Some(it.0)), &[]).await?;
    answer_about_equality(app).await?;
    take_registers(app, &came, &trainers).await?;
    tell(app, &came, &CONFIDENCE.map(|it| it.1), &HELPED).await?;
    rehearsal::until(app, ago(Duration::days(8))).await?;
    ask(app, runs.full, &FILL_BY_PHONE, Way::Phone).await?;
    ask(app, runs.few, &TAKE_A_FEW_BY_PHONE, Way::Phone).await?;
    ask(app, runs.few, &WITHOUT_AN_ADDRESS, Way::PhoneOnly).await?;
    ask(app, runs.cancelled, &CALLED_OFF, Way::Phone).await?;
    rehearsal::until(app, ago(Duration::days(5))).await?;
    let mut asked = ask(app, runs.full, &FILL, Way::Web).await?;
    asked.extend(ask(app, runs.few, &TAKE_A_FEW, Way::Web).await?);
    asked.extend(ask(app, runs.open, &EARLY, Way::Web).await?);
    rehearsal::until(app, app.now() + Duration::minutes(20)).await?;
    confirm(app, &asked).await?;
    rehearsal::until(app, ago(Duration::days(3))).await?;
    ask(app, runs.full, &WAIT, Way::Wait).await?;
    call_off(app, runs.cancelled).await?;
    rehearsal::until(app, ago(Duration::hours(2))).await?;
    ask(app, runs.few, &UNCONFIRMED, Way::Web).await?;
    rehearsal::until(app, now).await
}

/// The team, who have accepted their invitations long ago; who of them runs courses.
async fn team(app: &App) -> Result<Vec<(PersonId, Part)>, Error> {
    app.change(async |work| {
        let mut trainers = Vec::new();
        for (name, role, part) in TEAM {
            let address = format!("{}@example.org", name.to_lowercase());
            let account = invite::open_account(&work, &address, &format!("{name} {FAMILY}")).await?;
            role::give(&work, account.person, role, None).await?;
            invite::note_accepted(&work, account.person).await?;
            factor::invent_app(&work, account.person).await?;
            trainers.extend(part.map(|part| (account.person, part)));
        }
        Ok(trainers)
    })
    .await
}

/// One run in each state.
#[derive(Clone, Copy, Debug)]
struct Runs {
    finished: RunId,
    cancelled: RunId,
    full: RunId,
    few: RunId,
    open: RunId,
}

async fn dates(app: &App, now: Ts, trainers: &[(PersonId, Part)]) -> Result<Runs, Error> {
    let corrupt = |wrong: Vec<String>| Error::BadForm(wrong.join(" "));
    let new =
        course::parse(include_str!("../../../../../courses/introductory-course.toml")).map_err(corrupt)?;
    let days = holidays::parse(include_str!("../../../../../courses/bank-holidays.csv")).map_err(corrupt)?;
    let (today, _) = london::local(now);
    let from_today = |days: i64, wanted| on_or_after(today.saturating_add(Duration::days(days)), wanted);
    let opened = app.now();
    let soon = london::in_london(from_today(6, Weekday::Monday), time!(9:00));
    let morning = (time!(10:00), time!(13:15));
    let afternoon = (time!(13:30), time!(16:45));
    let plan = [
        run(
            "Two mornings",
            12,
            opened,
            from_today(-24, Weekday::Tuesday),
            1,
            morning,
        ),
        run(
            "Two afternoons",
            12,
            opened,
            from_today(16, Weekday::Tuesday),
            1,
            afternoon,
        ),
        run(
            "A week apart",
            6,
            opened,
            from_today(23, Weekday::Tuesday),
            7,
            morning,
        ),
        run(
            "A week apart",
            8,
            opened,
            from_today(30, Weekday::Wednesday),
            7,
            afternoon,
        ),
        run(
            "Two mornings",
            12,
            opened,
            from_today(37, Weekday::Tuesday),
            1,
            morning,
        ),
        run(
            "A week apart",
            12,
            soon,
            from_today(58, Weekday::Thursday),
            7,
            morning,
        ),
    ];
    let (new, days, plan) = (&new, &days, &plan);
    let made = app
        .change(|work| async move {
            let fresh = || work.fresh_id();
            let version = calendar::add_course(work.tx(), &fresh, new.clone()).await?;
            calendar::publish_version(work.tx(), work.now(), version).await?;
            for it in days {
                calendar::add_bank_holiday(work.tx(), it.day, &it.name).await?;
            }
            let mut made = Vec::new();
            for it in plan {
                let run = calendar::add_run(work.tx(), &fresh, it.clone()).await?;
                for it in trainers {
                    let yes = Some(work.now());
                    facilitators::assign(work.tx(), &fresh, run, *it, yes).await?;
                }
                calendar::publish_run(work.tx(), work.now(), run, Vouched::default()).await?;
                made.push(run);
            }
            Ok(made)
        })
        .await?;
    let [finished, cancelled, full, few, open, _soon] = made[..] else {
        return Err(Error::NotFound);
    };
    Ok(Runs {
        finished,
        cancelled,
        full,
        few,
        open,
    })
}

fn run(
    label: &str,
    capacity: i32,
    opens_at: Ts,
    first: Date,
    apart: i64,
    (start, end): (Time, Time),
) -> NewRun {
    let on = |date| NewSession {
        date,
        start,
        end,
        break_minutes: 15,
    };
    NewRun {
        course_code: "intro".to_owned(),
        label: label.to_owned(),
        capacity,
        delivery: Delivery::Online,
        venue: None,
        join_url: Some("https://meet.example.org/invented-room".to_owned()),
        opens_at,
        closes_at: None,
        waiting_list: true,
        sessions: vec![on(first), on(first.saturating_add(Duration::days(apart)))],
    }
}

/// People who booked on the web read their mail and confirm.
async fn confirm(app: &App, asked: &[Booked]) -> Result<(), Error> {
    app.change(|work| async move {
        for it in asked {
            matching::prove(&work, it.person).await?;
            let _ = work
                .allocate(it.run, Asked::by_person(Change::Confirm(it.booking, None)))
                .await?;
        }
        Ok(())
    })
    .await
}

/// Who booked what.
#[derive(Clone, Copy, Debug)]
struct Booked {
    run: RunId,
    person: PersonId,
    booking: BookingId,
}

async fn ask(app: &App, run: RunId, names: &[&str], way: Way) -> Result<Vec<Booked>, Error> {
    app.change(|work| async move {
        let mut asked = Vec::new();
        for name in names {
            asked.push(ask_one(&work, run, name, way).await?);
        }
        Ok(asked)
    })
    .await
}

async fn ask_one(work: &Work, run: RunId, name: &str, way: Way) -> Result<Booked, Error> {
    let person = people::add(work, invented(name, way)).await?;
    let booking = BookingId(work.fresh_id());
    let ask = Ask {
        booking,
        person,
        proven: false,
        priority: false,
    };
    let (change, cause) = match way {
        Way::Web => (Change::Book(ask), Cause::person()),
        Way::Wait => (Change::Join(ask), Cause::person()),
        Way::Phone | Way::PhoneOnly => (
            Change::Book(ask),
            Cause {
                actor: Actor::Team(None),
                channel: Channel::Phone,
                reason: None,
            },
        ),
    };
    let details = Some(details(work, name, way));
    let _ = work
        .allocate(
            run,
            Asked {
                change,
                cause,
                details,
            },
        )
        .await?;
    if name == EARLY[0] {
        let dates = calendar::run_dates(work.tx(), run)
            .await?
            .ok_or(Error::NotFound)?;
        let first = dates.sessions.first().ok_or(Error::NotFound)?.date;
        let needs = ["captions", "breaks"].map(|code| Need { code, detail: None });
        add_needs(work, booking, first, &needs).await?;
    }
    Ok(Booked { run, person, booking })
}

/// On each day somebody takes the register: all are here, but for the last of them on the last day.
async fn take_registers(app: &App, came: &[Booked], trainers: &[(PersonId, Part)]) -> Result<(), Error> {
    let (Some(last), Some((trainer, _))) = (came.last(), trainers.first()) else {
        return Ok(());
    };
    let dates = calendar::run_dates(app.reader(), last.run).await?;
    let dates = dates.ok_or(Error::NotFound)?;
    for (at, day) in dates.sessions.iter().enumerate() {
        rehearsal::until(app, day.ends_at).await?;
        let stays_away = |it: &Booked| at > 0 && it.booking == last.booking;
        let said = came.iter().map(|it| Said {
            booking: it.booking,
            code: if stays_away(it) {
                Code::Apologies
            } else {
                Code::Present
            },
            minutes: None,
        });
        let said: Vec<Said> = said.collect();
        let hand = Hand {
            by: *trainer,
            is_lead: false,
            reason: None,
            seen: 0,
        };
        let (said, hand, dates) = (&said, &hand, &dates);
        app.change(|work| async move { register::write(&work, dates, day, hand, said).await })
            .await?;
    }
    Ok(())
}

/// People say how confident they feel, with the same number for everything, and some write what helped.
async fn tell(app: &App, who: &[Booked], numbers: &[Option<u8>], helped: &[&str]) -> Result<(), Error> {
    for (at, (it, number)) in who.iter().zip(numbers).enumerate() {
        let Some(number) = *number else { continue };
        let outcomes = evaluation::outcomes(app.reader(), it.run).await?;
        let mut answers = Answers::default();
        answers
            .ratings
            .extend(outcomes.into_iter().map(|it| (it.code, number)));
        let words = helped.get(at).map(|it| ("helped", (*it).to_owned()));
        answers.words.extend(words);
        if !helped.is_empty() {
            answers.choices.insert("recommend", "yes");
        }
        let answers = &answers;
        app.change(|work| async move {
            let name = uuid::Builder::from_random_bytes(work.secrets().bytes()).into_uuid();
            Ok(evaluation::answer(work.tx(), work.now(), name, it.booking, answers).await?)
        })
        .await?;
    }
    Ok(())
}

async fn answer_about_equality(app: &App) -> Result<(), Error> {
    let course = calendar::course_named(app.reader(), "intro").await?;
    let course = course.ok_or(Error::NotFound)?.id;
    app.change(|work| async move {
        for (question, answer, times) in ANSWERED {
            for _ in 0..times {
                equality::count(&work, course, question, answer).await?;
            }
        }
        Ok(())
    })
    .await
}

fn invented(name: &str, way: Way) -> NewPerson {
    let by_phone = way == Way::PhoneOnly;
    NewPerson {
        full_name: format!("{name} {FAMILY}"),
        called_name: None,
        pronouns: None,
        email: (!by_phone).then(|| format!("{}@example.org", name.to_lowercase())),
        phone: by_phone.then(|| "01632 960123".to_owned()),
        prefers: if by_phone { "phone" } else { "email" }.to_owned(),
        info_format: "standard".to_owned(),
    }
}

fn details(work: &Work, name: &str, way: Way) -> Details {
    Details {
        reference: work.secrets().reference(),
        source: match way {
            Way::Web | Way::Wait => Source::Web,
            Way::Phone | Way::PhoneOnly => Source::Phone,
        },
        agreement_version: "rehearsal".to_owned(),
        privacy_version: "rehearsal".to_owned(),
        over_18: true,
        hopes: None,
        call_wanted: name == EARLY[0],
        booked_by: None,
        booked_by_contact: None,
        copy_permission: false,
    }
}

async fn call_off(app: &App, run: RunId) -> Result<(), Error> {
    let why = "Both trainers are ill.".to_owned();
    let asked = Asked {
        change: Change::CancelRun(why),
        cause: Cause {
            actor: Actor::Team(None),
            channel: Channel::System,
            reason: None,
        },
        details: None,
    };
    let asked = &asked;
    app.change(|work| async move { work.allocate(run, asked.clone()).await.map(|_| ()) })
        .await
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    #[test]
    fn nobody_has_two_bookings() {
        let all = [
            &CAME[..],
            &CALLED_OFF,
            &FILL,
            &FILL_BY_PHONE,
            &WAIT,
            &TAKE_A_FEW,
            &TAKE_A_FEW_BY_PHONE,
            &WITHOUT_AN_ADDRESS,
            &UNCONFIRMED,
            &EARLY,
            &TEAM.map(|(name, ..)| name),
        ]
        .concat();
        let different: BTreeSet<&str> = all.iter().copied().collect();
        assert_eq!(different.len(), all.len());
    }
}
