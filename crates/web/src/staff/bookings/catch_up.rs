//! Arranging that somebody catches up a missed day on other dates (B-70, B-71): the days that are possible,
//! and of the others why they are not.

use axum::extract::State as Extracted;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Redirect, Response};
use axum_extra::routing::TypedPath;
use booking::calendar::{self, Meeting, RunDates};
use booking::catch_up::{self, CatchUp, Missed, NoCatchUp, last_day};
use booking::{Actor, Cause, Channel, Settings};
use ids::{SessionId, Ts};
use sea_orm::ConnectionTrait;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::{BookingsPath, Found};
use crate::app::App;
use crate::error::Error;
use crate::forms::{AGAIN, Answer, Fields, Problem, problems};
use crate::pages::Page;
use crate::public::manage::{CHOOSE_ONE, Choice};
use crate::routes::{Routes, Who};
use crate::sign_in::SignedIn;
use crate::sign_in::role::TEAM;
use crate::staff::Shell;
use crate::staff::channel::{CHANNELS, Told};
use crate::words;

/// `/team/bookings/{reference}/catch-up`
#[derive(TypedPath, Deserialize)]
#[typed_path("/team/bookings/{reference}/catch-up")]
pub(crate) struct CatchUpPath {
    reference: String,
}

/// The answer that changes nothing.
const KEEP: &str = "keep";

pub(super) fn routes() -> Routes {
    Routes::default()
        .get::<CatchUpPath, _, _>(Who::Roles(TEAM), ask)
        .post::<CatchUpPath, _, _>(Who::Roles(TEAM), answer)
}

/// The page where the missed days of a booking are caught up.
pub(super) fn path(found: &Found) -> String {
    format!("{}/catch-up", found.path())
}

/// Whether there is anything on that page: a missed day, or one that is arranged.
pub(super) async fn is_possible(app: &App, found: &Found) -> Result<bool, Error> {
    let known = Known::load(app, found).await?;
    Ok(!known.missed.is_empty() || !known.arranged.is_empty())
}

/// A day of other dates, and whether the missed day can be caught up on it.
type Candidate = (RunDates, Meeting, Result<(), NoCatchUp>);

#[derive(Clone, Debug, Default)]
struct Known {
    /// Missed days that nothing is arranged for, with the days of other dates.
    missed: Vec<(Missed, Vec<Candidate>)>,
    /// Days that are arranged and have not begun.
    arranged: Vec<(CatchUp, RunDates, Meeting)>,
    settings: Settings,
}

impl Known {
    async fn load(app: &App, found: &Found) -> Result<Self, Error> {
        let (db, now, id) = (app.reader(), app.now(), found.record.id);
        let mut missed = Vec::new();
        for it in catch_up::missed(db, id).await? {
            if it.arranged.is_none() {
                let days = catch_up::candidates(db, &it, now).await?;
                missed.push((it, days));
            }
        }
        Ok(Self {
            missed,
            arranged: arranged(db, found, now).await?,
            settings: calendar::rules(db).await?.0,
        })
    }
}

async fn arranged(
    db: &impl ConnectionTrait,
    found: &Found,
    now: Ts,
) -> Result<Vec<(CatchUp, RunDates, Meeting)>, Error> {
    let mut all = Vec::new();
    for it in catch_up::of_booking(db, found.record.id).await? {
        let run = calendar::run_dates(db, it.run).await?.ok_or(Error::NotFound)?;
        let day = run.sessions.iter().find(|day| day.id == it.target).copied();
        all.extend(day.filter(|day| day.starts_at > now).map(|day| (it, run, day)));
    }
    Ok(all)
}

/// The booking; one's own is not there (T-08).
async fn open(app: &App, me: &SignedIn, reference: &str) -> Result<(Found, Known), Error> {
    let found = Found::named(app.reader(), reference).await?;
    if found.is_own(me) {
        return Err(Error::NotFound);
    }
    let known = Known::load(app, &found).await?;
    Ok((found, known))
}

async fn ask(it: CatchUpPath, Extracted(app): Extracted<App>, me: SignedIn) -> Result<Response, Error> {
    let (found, known) = open(&app, &me, &it.reference).await?;
    app.page(&CatchUpPage::new(&app, &me, &found, &known).await?)
        .await
}

async fn answer(
    it: CatchUpPath,
    Extracted(app): Extracted<App>,
    me: SignedIn,
    mut fields: Fields,
) -> Result<Response, Error> {
    let (found, known) = open(&app, &me, &it.reference).await?;
    let op = fields.op()?;
    let mut form = Form {
        answer: Answer::new(fields.line("answer")?),
        channel: Answer::new(fields.line("channel")?),
    };
    fields.done()?;
    if form.answer.value == KEEP {
        return Ok(Redirect::to(&found.path()).into_response());
    }
    let act = form.judge(&known);
    let page = CatchUpPage::new(&app, &me, &found, &known).await?.with(&form);
    let (Some(act), true) = (act, page.errors.is_empty()) else {
        return app.page_with(AGAIN, &page).await;
    };
    let cause = &Cause {
        actor: Actor::Team(Some(me.person)),
        channel: Told::named(&form.channel.value).map_or(Channel::Web, |it| it.0),
        reason: None,
    };
    let (op, content, found) = (op.as_deref(), fields.content(), &found);
    let done = app
        .change(async |work| {
            let act = async {
                match act {
                    Act::Make(target) => work.catch_up(found.record.id, target, cause).await?,
                    Act::End(which) => work.end_catch_up(which, cause).await?,
                }
                Ok(path(found))
            };
            work.once(op, content, act).await
        })
        .await;
    match done {
        Ok(path) => Ok(Redirect::to(&path).into_response()),
        Err(Error::NoCatchUp(why)) => {
            let known = Known::load(&app, found).await?;
            let page = CatchUpPage::new(&app, &me, found, &known).await?;
            let page = CatchUpPage {
                notice: because(why).to_owned(),
                ..page
            };
            app.page_with(StatusCode::CONFLICT, &page).await
        }
        Err(error) => Err(error),
    }
}

/// What is to be done.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Act {
    Make(SessionId),
    End(Uuid),
}

/// What was chosen.
#[derive(Clone, Debug, Default, Serialize)]
struct Form {
    answer: Answer,
    channel: Answer,
}

impl Form {
    /// What it asks for: any day of other dates, since the rules say at the end what is possible.
    fn judge(&mut self, known: &Known) -> Option<Act> {
        let days = known.missed.iter().flat_map(|(_, days)| days);
        let mut days = days.map(|(_, day, _)| day.id);
        let mut ends = known.arranged.iter().map(|(it, ..)| it.id);
        let chosen = &self.answer.value;
        let act = days
            .find(|it| it.to_string() == *chosen)
            .map(Act::Make)
            .or_else(|| ends.find(|it| it.to_string() == *chosen).map(Act::End));
        if act.is_none() {
            self.answer = Answer::default();
            self.answer.refuse(CHOOSE_ONE);
        }
        if Told::named(&self.channel.value).is_none() {
            self.channel = Answer::default();
            self.channel.refuse("Choose how you heard from the person");
        }
        act
    }
}

/// Why a day is not possible, as the team reads it.
fn because(why: NoCatchUp) -> &'static str {
    match why {
        NoCatchUp::NotMissed => "They did not miss that day, or the register is not saved.",
        NoCatchUp::OtherDay => "It is not the same day of the course.",
        NoCatchUp::Arranged => "Another day is arranged already.",
        NoCatchUp::TooOften => "They have tried as often as one can.",
        NoCatchUp::NotPublished => "These dates are cancelled.",
        NoCatchUp::Begun => "The day has begun.",
        NoCatchUp::TooLate => "It is too long after the day that they missed.",
        NoCatchUp::HasBooking => "They have a booking on these dates.",
        NoCatchUp::NoPlace => "There is no free place on that day.",
        NoCatchUp::QueueFirst => "Somebody on the waiting list can be offered the free place first.",
    }
}

#[derive(Clone, Debug, Serialize)]
struct CatchUpPage {
    heading: String,
    back: String,
    notice: String,
    /// What they missed, and until when it can be caught up.
    lead: Vec<String>,
    choices: Vec<Choice>,
    /// Days that are not possible: the day, and why.
    others: Vec<[String; 2]>,
    form: Form,
    channels: [Told; 3],
    errors: Vec<Problem>,
    action: String,
    op: String,
    shell: Shell,
}

impl CatchUpPage {
    async fn new(app: &App, me: &SignedIn, found: &Found, known: &Known) -> Result<Self, Error> {
        let shell = Shell::of(app, me, BookingsPath::PATH).await?;
        Ok(Self::of(found, known, app.secrets().op(), shell))
    }

    fn of(found: &Found, known: &Known, op: String, shell: Shell) -> Self {
        let days = || known.missed.iter().flat_map(|(_, days)| days);
        let possible = days().filter(|(_, _, may)| may.is_ok());
        let mut choices: Vec<Choice> = possible.map(|(run, day, _)| possible_day(run, day)).collect();
        choices.extend(known.arranged.iter().map(|(it, run, day)| Choice {
            hint: "They hear that the day is off".to_owned(),
            ..Choice::new(it.id.to_string(), format!("Call off {}", said(run, day)))
        }));
        if !choices.is_empty() {
            choices.push(Choice::new(KEEP, "None of these, leave it as it is"));
        }
        let others = days().filter_map(|(run, day, may)| {
            let why = may.err()?;
            let day = said(run, day).replacen("day", "Day", 1);
            Some([day, because(why).to_owned()])
        });
        Self {
            heading: format!("Catching up for booking {}", found.record.reference),
            back: found.path(),
            notice: String::new(),
            lead: lead(known),
            choices,
            others: others.collect(),
            form: Form::default(),
            channels: CHANNELS,
            errors: Vec::new(),
            action: path(found),
            op,
            shell,
        }
    }

    fn with(self, form: &Form) -> Self {
        Self {
            errors: problems([("answer", &form.answer), ("channel", &form.channel)]),
            form: form.clone(),
            ..self
        }
    }
}

fn said(run: &RunDates, day: &Meeting) -> String {
    format!("day {}, {}, {}", day.idx, words::day(day), words::place(run))
}

fn possible_day(run: &RunDates, day: &Meeting) -> Choice {
    Choice {
        hint: words::place(run),
        ..Choice::new(
            day.id.to_string(),
            format!("Day {}, {}", day.idx, words::day(day)),
        )
    }
}

fn lead(known: &Known) -> Vec<String> {
    let missed = known.missed.iter().map(|(it, _)| {
        format!(
            "They missed day {}, {}. They can catch it up until {}.",
            it.meeting.idx,
            words::date(it.meeting.date),
            words::date(last_day(&known.settings, &it.meeting))
        )
    });
    let arranged = known.arranged.iter();
    let arranged = arranged.map(|(_, run, day)| format!("They come to catch up: {}.", said(run, day)));
    missed.chain(arranged).collect()
}

impl Page for CatchUpPage {
    const TEMPLATE: &'static str = "pages/staff/bookings/catch_up.html";

    #[cfg(test)]
    fn samples() -> Vec<Self> {
        use crate::public::manage::tests as sample;
        let held = sample::catching_up();
        let elsewhere = held.caught_up[0].clone();
        let missed = Missed {
            booking: held.record.id,
            person: held.person.id,
            run: held.run.id,
            meeting: held.run.sessions[1],
            attempts: 0,
            arranged: None,
        };
        let catch_up = CatchUp {
            id: Uuid::from_u128(21),
            booking: held.record.id,
            missed: missed.meeting.id,
            target: elsewhere.day.id,
            run: elsewhere.run.id,
            cancelled_at: None,
        };
        let found = Found {
            record: held.record,
            person: held.person,
            run: held.run,
        };
        let day = |may| (elsewhere.run.clone(), elsewhere.day, may);
        let known = |missed, arranged| Known {
            missed,
            arranged,
            settings: Settings::default(),
        };
        let page = |known: &Known| Self::of(&found, known, "0".repeat(32), Shell::sample());
        let both = known(
            vec![(missed.clone(), vec![day(Ok(())), day(Err(NoCatchUp::NoPlace))])],
            Vec::new(),
        );
        let mut wrong = Form::default();
        wrong.judge(&both);
        let nothing = known(vec![(missed.clone(), Vec::new())], Vec::new());
        let full = known(vec![(missed, vec![day(Err(NoCatchUp::QueueFirst))])], Vec::new());
        let done = known(Vec::new(), vec![(catch_up, elsewhere.run.clone(), elsewhere.day)]);
        let refused = Self {
            notice: because(NoCatchUp::NoPlace).to_owned(),
            ..page(&both)
        };
        vec![
            page(&both),
            page(&both).with(&wrong),
            refused,
            page(&nothing),
            page(&full),
            page(&done),
            page(&Known::default()),
        ]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pages_hold() {
        crate::pages_test::check::<CatchUpPage>();
    }
}
