//! What leaves at a time of day: reminders to whoever has a place (B-103), the register to facilitators (F02)
//! and the list of the day to the team (T01).
//!
//! Looked at once a minute for the time since the last look. So whoever books after a reminder's time does not
//! get it, dates that move take their reminders along, and a program that was down makes up for what it missed.

use booking::calendar::{self, Meeting, RunDates};
use booking::deadlines::WorkingDays;
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
            app.change(async |work| remind(&work, &run, &it).await).await?;
        }
        for day in run.sessions.iter().filter(|it| now < it.starts_at) {
            if is_due(register_at(&settings, &days, day)) {
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

/// When the register of a day is sent (F02): when what helps people to take part should be arranged.
fn register_at(settings: &Settings, days: &WorkingDays, day: &Meeting) -> Ts {
    deadlines::working_days_before(settings, days, day.date, settings.need_lead)
}

/// Every moment at which something about these dates leaves.
pub(crate) fn moments(settings: &Settings, days: &WorkingDays, run: &RunDates) -> Vec<Ts> {
    let reminders = of_run(settings, &run.sessions).into_iter().map(|it| it.at);
    let registers = run.sessions.iter().map(|it| register_at(settings, days, it));
    reminders.chain(registers).collect()
}

/// When the next list of the day leaves (T01).
pub(crate) fn next_list(settings: &Settings, days: &WorkingDays, now: Ts) -> Ts {
    let (today, _) = london::local(now);
    let list = |day| london::in_london(day, settings.digest_time);
    if days.contain(today) && now < list(today) {
        list(today)
    } else {
        list(days.after(today, 1))
    }
}

/// One reminder to everybody who has a place on its day and had it when the reminder came due.
async fn remind(work: &Work, run: &RunDates, it: &Reminder) -> Result<(), Error> {
    for booking in booked_on(work.tx(), it.meeting.id).await? {
        if had_place(work, booking, it.at).await? {
            tell(work, run, it, booking).await?;
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
async fn tell(work: &Work, run: &RunDates, it: &Reminder, booking: BookingId) -> Result<(), Error> {
    let told = Told::about(work, booking).await?;
    let date = compact(it.meeting.date);
    let (kind, occasion) = match it.what {
        What::WeekBefore if told.record.run != run.id => return Ok(()),
        What::WeekBefore => (Kind::NextWeek, date),
        What::DayBefore => (Kind::Tomorrow, format!("{}at{date}", it.meeting.id.0.simple())),
    };
    let telling = Telling {
        kind,
        occasion,
        // By night it waits where it is sent (B-102).
        due_at: it.at,
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::outbox::office::{JULY, JUNE, Office};
    use sea_orm::ConnectionTrait;
    use time::macros::datetime;

    /// Between two looks, a minute apart, a reminder's time passes: whoever got the place after that time is
    /// not reminded (B-103).
    #[tokio::test]
    async fn whoever_got_the_place_a_moment_later_is_not_reminded() {
        let office = Office::open().await;
        let run = office.run(12, JUNE).await;
        office.booked(run, "Sam Taylor", "sam@example.com").await;
        let kim = office.guest(run, "Kim Lee", Some("kim@example.com")).await;
        let guide = Ts::new(datetime!(2027-06-01 09:00 UTC));
        let seen = guide - time::Duration::seconds(30);
        office.wait(seen + time::Duration::seconds(31) - office.app.now());
        office
            .act(async |work| work.allocate(run, confirm(kim.booking)).await.map(|_| ()))
            .await;
        for _ in 0..2 {
            look(&office.app, seen).await.unwrap();
        }
        let rows = office.rows().await;
        let reminded: Vec<_> = rows.iter().filter(|it| it.kind == "next_week").collect();
        let to: Vec<_> = reminded
            .iter()
            .map(|it| (it.recipient.as_str(), it.due_at))
            .collect();
        assert_eq!(to, [("sam@example.com", guide)]);
    }

    fn confirm(booking: BookingId) -> booking::Asked {
        booking::Asked::by_person(booking::Change::Confirm(booking, None))
    }

    /// B-70: whoever catches up holds a place on a day of other dates, and is reminded of that day alone.
    #[tokio::test]
    async fn whoever_catches_up_is_reminded_of_that_day() {
        let office = Office::open().await;
        let (june, _) = (office.run(12, JUNE).await, office.run(12, JULY).await);
        office.booked(june, "Sam Taylor", "sam@example.com").await;
        let place = "INSERT INTO place (id, session, seat_no, booking, since_rev) \
                     SELECT x'00000000000000000000000000000009', s.id, 1, b.id, 1 FROM session s, booking b \
                     WHERE s.idx = 2 AND s.starts_at > '2027-07-01T00:00:00Z'";
        office.app.writer.execute_unprepared(place).await.unwrap();
        let eve = Ts::new(datetime!(2027-07-12 09:00 UTC));
        office.wait(eve - office.app.now());
        look(&office.app, eve - time::Duration::minutes(1)).await.unwrap();
        office.taken();
        crate::outbox::send::send_due(&office.app, &office.mailer)
            .await
            .unwrap();
        let sent = office.taken();
        let text = sent.last().unwrap().read().text;
        assert!(text.contains("Tuesday 13 July 2027"), "{text}");
        assert!(!text.contains("6 July"), "{text}");
    }

    /// The date ends the occasion, and no hyphen is in it: what stands before the last one is the kind of mail.
    #[test]
    fn a_date_in_an_occasion_has_no_hyphen() {
        assert_eq!(compact(JUNE[0]), "20270608");
    }
}
