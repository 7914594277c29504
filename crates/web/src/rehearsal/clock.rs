//! Moving the clock of a rehearsal.

use std::sync::atomic::{AtomicBool, Ordering};

use axum::extract::State as Of;
use axum::response::{IntoResponse, Redirect, Response};
use booking::{State, bookings, calendar, london};
use ids::Ts;
use sea_orm::{ColumnTrait, EntityTrait, QueryFilter, QueryOrder};
use time::macros::format_description;
use time::{Date, Duration, Time};
use tokio::sync::Mutex;

use super::overview::Overview;
use super::{ClockPath, RehearsalPath, rounds};
use crate::app::App;
use crate::entity::outbox_mail;
use crate::error::Error;
use crate::forms::{AGAIN, Answer, Fields};
use crate::reminders;

/// The furthest the clock goes at once.
const FURTHEST: Duration = Duration::days(366);

/// The form that sets the clock, as it was sent.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Setting {
    pub(super) date: Answer,
    pub(super) time: Answer,
}

pub(super) async fn turn(_: ClockPath, Of(app): Of<App>, mut fields: Fields) -> Result<Response, Error> {
    let op = fields.op()?;
    let by = fields.line("by")?;
    let mut setting = Setting {
        date: Answer::new(fields.line("date")?),
        time: Answer::new(fields.line("time")?),
    };
    fields.done()?;
    let now = app.now();
    let end = match by.as_str() {
        "hour" => now + Duration::hours(1),
        "day" => now + Duration::days(1),
        "set" => match setting.read(now) {
            Some(end) => end,
            None => return app.page_with(AGAIN, &Overview::load(&app, setting).await?).await,
        },
        _ => return Err(Error::BadForm("a button that the page does not have".to_owned())),
    };
    let first = &AtomicBool::new(false);
    let (op, fields) = (op.as_deref(), &fields);
    app.change(|work| async move {
        let once = async {
            first.store(true, Ordering::Relaxed);
            Ok(RehearsalPath.to_string())
        };
        work.once(op, fields.content(), once).await
    })
    .await?;
    if first.load(Ordering::Relaxed) {
        until(&app, end).await?;
    }
    Ok(Redirect::to(&RehearsalPath.to_string()).into_response())
}

impl Setting {
    /// As the clock stands.
    pub(super) fn at(now: Ts) -> Self {
        let (day, hour) = london::local(now);
        let time = format!("{:02}:{:02}", hour.hour(), hour.minute());
        Self {
            date: Answer::new(day.to_string()),
            time: Answer::new(time),
        }
    }

    /// The moment it means, or none, with a note beside what is wrong.
    fn read(&mut self, now: Ts) -> Option<Ts> {
        let date = Date::parse(&self.date.value, format_description!("[year]-[month]-[day]")).ok();
        let time = Time::parse(
            &self.time.value,
            format_description!("[hour padding:none]:[minute]"),
        )
        .ok();
        if date.is_none() {
            self.date.refuse("Enter a date, like 2027-06-08");
        }
        if time.is_none() {
            self.time.refuse("Enter a time, like 14:30");
        }
        match london::moment(date?, time?) {
            Err(_) => self.time.refuse("The clocks change then. Enter another time"),
            Ok(end) if end < now => self
                .date
                .refuse("Enter a later time. The clock only goes forward"),
            Ok(end) if end - now > FURTHEST => self.date.refuse("Enter a date in the next 12 months"),
            Ok(end) => return Some(end),
        }
        None
    }
}

/// Whoever moves the clock moves it alone.
static ONE_MOVE: Mutex<()> = Mutex::const_new(());

/// Moves the clock to `end`, from one thing that falls due to the next, so that each happens at its
/// own time and in its own order.
pub(crate) async fn until(app: &App, end: Ts) -> Result<(), Error> {
    let _alone = ONE_MOVE.lock().await;
    rounds(app).await?;
    while app.now() < end {
        let now = app.now();
        let next = next_due(app, now).await?.map_or(end, |it| it.min(end));
        app.clock().advance(next - now);
        rounds(app).await?;
    }
    Ok(())
}

/// When something falls due next: a hold or an offer ends, a course begins, somebody is reminded, the team
/// reads its list, a mail wants to leave.
async fn next_due(app: &App, now: Ts) -> Result<Option<Ts>, Error> {
    let (settings, days) = calendar::rules(app.reader()).await?;
    let mut due = vec![reminders::next_list(&settings, &days, now)];
    for run in calendar::upcoming(app.reader(), None, now).await? {
        due.extend(run.sessions.iter().map(|it| it.starts_at));
        due.extend(reminders::moments(&settings, &days, &run));
        for it in bookings::of_run(app.reader(), run.id).await? {
            due.extend(it.state.deadline());
            if matches!(it.state, State::Offered { .. }) && it.clock_from.is_none() {
                // Its mail has not left; before long that is a call for the team (B-43).
                due.push(now + Duration::hours(1));
            }
        }
    }
    let mail = outbox_mail::Entity::find()
        .filter(outbox_mail::Column::State.eq("queued"))
        .filter(outbox_mail::Column::NextTryAt.gt(now))
        .order_by_asc(outbox_mail::Column::NextTryAt)
        .one(app.reader())
        .await?;
    due.extend(mail.map(|it| it.next_try_at));
    Ok(due.into_iter().filter(|it| *it > now).min())
}

#[cfg(test)]
mod tests {
    use super::*;
    use time::macros::datetime;

    fn set(date: &str, time: &str) -> (Option<Ts>, String) {
        let now = Ts::new(datetime!(2027-05-11 13:00 UTC));
        let mut setting = Setting {
            date: Answer::new(date),
            time: Answer::new(time),
        };
        let read = setting.read(now);
        (read, format!("{}{}", setting.date.error, setting.time.error))
    }

    #[test]
    fn a_moment_to_come_is_taken() {
        assert_eq!(
            set("2027-05-11", "14:00").0,
            Some(Ts::new(datetime!(2027-05-11 13:00 UTC)))
        );
        assert_eq!(
            set("2027-11-08", "9:30").0,
            Some(Ts::new(datetime!(2027-11-08 09:30 UTC)))
        );
    }

    #[test]
    fn anything_else_is_noted_beside_its_field() {
        for (date, time, error) in [
            ("", "14:30", "Enter a date, like 2027-06-08"),
            ("2027-06-08", "half past two", "Enter a time, like 14:30"),
            (
                "2027-05-11",
                "13:59",
                "Enter a later time. The clock only goes forward",
            ),
            ("2028-06-08", "14:30", "Enter a date in the next 12 months"),
            (
                "2027-10-31",
                "01:30",
                "The clocks change then. Enter another time",
            ),
        ] {
            assert_eq!(set(date, time), (None, error.to_owned()), "{date} {time}");
        }
    }
}
