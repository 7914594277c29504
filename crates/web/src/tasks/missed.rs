//! Whoever is absent is called: are they OK, and what would they like to do (B-64)?

use booking::attendance::{Changed, Code};
use booking::calendar::{self, Meeting, RunDates};
use booking::{deadlines, london};
use ids::{BookingId, SessionId, Ts};
use sea_orm::ActiveValue::Set;
use sea_orm::{ColumnTrait, EntityTrait, QueryFilter};

use super::{TaskKind, add};
use crate::entity::team_task;
use crate::error::Error;
use crate::work::Work;

/// Writes down a call for whoever became absent, and ends the call to whoever is absent no more.
pub(crate) async fn follow(
    work: &Work,
    dates: &RunDates,
    of: &Meeting,
    changed: &[Changed],
) -> Result<(), Error> {
    for it in changed {
        if it.to == Code::Absent {
            let due = due(work, dates, of).await?;
            set(work, it.booking, of.id, "cancelled", ("open", Some(due))).await?;
            add(work, TaskKind::PhoneMissed, it.booking.0, &of.id.to_string(), due).await?;
        } else if it.from == Some(Code::Absent) {
            set(work, it.booking, of.id, "open", ("cancelled", None)).await?;
        }
    }
    Ok(())
}

/// Within one working day, and before the next day of the course.
async fn due(work: &Work, dates: &RunDates, of: &Meeting) -> Result<Ts, Error> {
    let (settings, days) = calendar::rules(work.tx()).await?;
    let (today, _) = london::local(work.now());
    let within = deadlines::within_working_days(&settings, &days, today, settings.missed_call);
    let later = dates.sessions.iter().filter(|it| it.starts_at > of.starts_at);
    let next = later.map(|it| it.starts_at).filter(|it| *it > work.now()).min();
    Ok(next.map_or(within, |it| it.min(within)))
}

/// Changes the state of the call about one day.
async fn set(
    work: &Work,
    booking: BookingId,
    of: SessionId,
    from: &str,
    (to, due): (&str, Option<Ts>),
) -> Result<(), Error> {
    use team_task::Column as Task;
    let row = team_task::ActiveModel {
        state: Set(to.to_owned()),
        due: due.map_or_else(Default::default, Set),
        ..Default::default()
    };
    team_task::Entity::update_many()
        .set(row)
        .filter(Task::Kind.eq(TaskKind::PhoneMissed.name()))
        .filter(Task::About.eq(booking.0))
        .filter(Task::Occasion.eq(of.to_string()))
        .filter(Task::State.eq(from))
        .exec(work.tx())
        .await?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::outbox::office::{Guest, Office};
    use sea_orm::EntityTrait;
    use time::macros::{date, datetime};

    /// On Tuesday 8 June 2027, 3pm in London, somebody is recorded from one code to another.
    async fn marked(office: &Office, guest: Guest, from: Option<Code>, to: Code) {
        let dates = calendar::run_dates(office.app.reader(), guest.run).await;
        let dates = dates.unwrap().unwrap();
        let changed = [Changed {
            booking: guest.booking,
            from,
            to,
            withdrawn: None,
        }];
        office
            .act(async |work| follow(work, &dates, &dates.sessions[0], &changed).await)
            .await;
    }

    async fn tasks(office: &Office) -> Vec<(String, String)> {
        let all = team_task::Entity::find().all(office.app.reader()).await.unwrap();
        let missed = all.into_iter().filter(|it| it.kind == "phone_missed");
        missed.map(|it| (it.state, it.due.to_string())).collect()
    }

    fn go(office: &Office, to: time::OffsetDateTime) {
        let by = Ts::new(to) - office.app.now();
        office.wait(by);
    }

    #[tokio::test]
    async fn whoever_is_absent_is_called_by_the_end_of_the_next_working_day() {
        let office = Office::open().await;
        let run = office.run(12, crate::outbox::office::JUNE).await;
        let guest = office.booked(run, "Sam Taylor", "sam@example.com").await;
        go(&office, datetime!(2027-06-08 14:00 UTC));
        marked(&office, guest, None, Code::Present).await;
        assert_eq!(tasks(&office).await, []);
        marked(&office, guest, Some(Code::Present), Code::Absent).await;
        let due = |state: &str| vec![(state.to_owned(), "2027-06-09T18:00:00Z".to_owned())];
        assert_eq!(tasks(&office).await, due("open"));
        // We hear why, and nobody calls; it was a mistake, and somebody does.
        marked(&office, guest, Some(Code::Absent), Code::Apologies).await;
        assert_eq!(tasks(&office).await, due("cancelled"));
        marked(&office, guest, Some(Code::Apologies), Code::Absent).await;
        assert_eq!(tasks(&office).await, due("open"));
    }

    #[tokio::test]
    async fn and_before_the_next_day_of_the_course() {
        let office = Office::open().await;
        let run = office
            .run(12, [date!(2027 - 06 - 08), date!(2027 - 06 - 09)])
            .await;
        let guest = office.booked(run, "Sam Taylor", "sam@example.com").await;
        go(&office, datetime!(2027-06-08 14:00 UTC));
        marked(&office, guest, None, Code::Absent).await;
        assert_eq!(
            tasks(&office).await,
            [("open".to_owned(), "2027-06-09T09:00:00Z".to_owned())]
        );
    }
}
