//! What leaves at a time of day: reminders to whoever has a place (B-103), the register to facilitators (F02)
//! and the list of the day to the team (T01).
//!
//! Looked at once a minute for the time since the last look. So whoever books after a reminder's time does not
//! get it, dates that move take their reminders along, and a program that was down makes up for what it missed.

use booking::calendar::{self, RunDates};
use booking::reminders::{Reminder, What, booked_on, of_run};
use booking::{Settings, bookings, deadlines, london};
use ids::{BookingId, Ts};
use time::Date;

use crate::app::App;
use crate::error::Error;
use crate::notify::{self, Telling, Told};
use crate::outbox::Kind;
use crate::outbox::facts::{Parameters, since};
use crate::tasks;
use crate::team_mail;
use crate::work::Work;

/// Writes down what came due since `seen`, when it was last looked at.
pub(crate) async fn look(app: &App, seen: Ts) -> Result<(), Error> {
    let now = app.now();
    let (settings, days) = calendar::rules(app.reader()).await?;
    let is_due = |at: Ts| seen < at && at <= now;
    for run in calendar::upcoming(app.reader(), None, now).await? {
        if run.cancelled_at.is_some() {
            continue;
        }
        let due = of_run(&settings, &run.sessions).into_iter();
        let due: Vec<Reminder> = due
            .filter(|it| is_due(it.at) && now < it.meeting.starts_at)
            .collect();
        for it in due {
            app.change(async |work| remind(&work, &run, &it, &settings).await)
                .await?;
        }
        for day in run.sessions.iter().filter(|it| now < it.starts_at) {
            // The register is sent when what helps people to take part should be arranged.
            let at = deadlines::working_days_before(&settings, &days, day.date, settings.need_lead);
            if is_due(at) {
                app.change(async |work| team_mail::register_soon(&work, run.id, day).await)
                    .await?;
            }
        }
    }
    let (today, _) = london::local(now);
    if days.contain(today) && is_due(london::in_london(today, settings.digest_time)) {
        app.change(async |work| team_mail::todays_list(&work, today).await)
            .await?;
    }
    tasks::ended::reminders_over(app, today).await
}

/// One reminder to everybody who has a place on its day and had it when the reminder came due.
async fn remind(work: &Work, run: &RunDates, it: &Reminder, settings: &Settings) -> Result<(), Error> {
    for booking in booked_on(work.tx(), it.meeting.id).await? {
        if had_place(work, booking, it.at).await? {
            tell(work, run, it, booking, settings).await?;
        }
    }
    Ok(())
}

async fn had_place(work: &Work, booking: BookingId, at: Ts) -> Result<bool, Error> {
    let history = bookings::history(work.tx(), booking).await?;
    let booked = since(&history).and_then(|n| history.iter().find(|it| it.n == n));
    Ok(booked.is_some_and(|it| it.at <= at))
}

/// By mail, or by phone or letter (B-90). The day before, no letter arrives in time: then only whoever has a
/// phone is told.
async fn tell(
    work: &Work,
    run: &RunDates,
    it: &Reminder,
    booking: BookingId,
    settings: &Settings,
) -> Result<(), Error> {
    let told = Told::about(work, booking).await?;
    let by_day = deadlines::by_day(settings, work.now());
    let date = compact(it.meeting.date);
    let (kind, occasion) = match it.what {
        What::WeekBefore if told.record.run != run.id => return Ok(()),
        What::WeekBefore => (Kind::NextWeek, date),
        What::DayBefore => (Kind::Tomorrow, format!("{}at{date}", it.meeting.id.0.simple())),
    };
    let telling = Telling {
        kind,
        occasion,
        // The moment it was planned for, unless that was missed by night (B-102).
        due_at: if by_day == work.now() { it.at } else { by_day },
        instead: kind == Kind::NextWeek || told.person.phone.is_some(),
        parameters: Parameters {
            run: Some(run.id),
            session: Some(it.meeting.id),
            date: Some(it.meeting.date),
            ..Parameters::default()
        },
    };
    notify::tell(work, &told, telling).await
}

/// "20270608": a date in an occasion, which ends after its last hyphen.
pub(crate) fn compact(date: Date) -> String {
    format!("{:04}{:02}{:02}", date.year(), u8::from(date.month()), date.day())
}
