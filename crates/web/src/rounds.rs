//! What falls due: deadlines, late offers, reminders, late registers, calls about changes, mail, and what is
//! not kept any longer.
//!
//! Harmless at any moment, any number of times and in several processes at once. There is no other job
//! system to learn.

use std::sync::atomic::{AtomicBool, Ordering};

use booking::{Asked, Change, allocator, bookings, calendar, evaluation};
use ids::Ts;
use sea_orm::ActiveValue::Set;
use sea_orm::sea_query::OnConflict;
use sea_orm::{ActiveModelTrait, ColumnTrait, EntityTrait, IntoActiveModel, QueryFilter, QueryOrder};
use serde_json::{Value, json};
use time::format_description::well_known::Rfc3339;
use time::{Duration, OffsetDateTime};

use crate::app::{App, OPERATIONS_KEPT};
use crate::entity::{draft, link, mark, operation, outbox_mail, team_task};
use crate::error::Error;
use crate::mailer::Mailer;
use crate::nudge;
use crate::outbox::{Kind, send};
use crate::tasks::{self, TaskKind};
use crate::work::Work;
use crate::{reminders, sign_in, team_mail};

/// Lets everything happen that falls due now, mail included.
pub async fn rounds(app: &App, mailer: &Mailer) -> Result<(), Error> {
    let settled = settle(app).await;
    let sent = send::send_due(app, mailer).await;
    settled.and(sent)
}

/// The same without mail: also what is done at start, before the first visitor is let in (T-63).
pub(crate) async fn settle(app: &App) -> Result<(), Error> {
    let seen = remember(app).await?;
    let mut outcome = Ok(());
    for run in allocator::overdue_runs(app.reader(), app.now()).await? {
        let tick = app
            .change(async |work| work.allocate(run, Asked::by_system(Change::Tick)).await)
            .await;
        // A run that cannot be settled holds up no other.
        outcome = outcome.and(tick.map(|_| ()));
    }
    late_offers(app).await?;
    if seen.is_none_or(|seen| app.now() - seen >= HOUSEKEEPING) {
        if let Some(seen) = seen {
            // Before the time is noted: what cannot be written down now is written down the next time.
            reminders::look(app, seen).await?;
        }
        keep_house(app, seen).await?;
        tasks::late_register::look(app).await?;
        tasks::unanswered::look(app).await?;
        team_mail::urgent_tasks(app).await?;
        tasks::review::look(app).await?;
        nudge::look(app).await?;
    }
    outcome
}

/// The row that holds the latest moment that any process has seen (T-66).
const LATEST: &str = "latest_moment";
/// How often it is written, and old things are looked for.
const HOUSEKEEPING: Duration = Duration::MINUTE;
/// A clock that went back by more than this raises an alarm (T-66).
const SET_BACK: Duration = Duration::minutes(2);
/// How long things are kept after they are over (trust.md section 11).
const KEPT: Duration = Duration::days(30);
/// Mail that waits longer than this is worth an alarm (T-45).
const MAIL_WAITS: Duration = Duration::minutes(15);

/// Whether the alarm about the clock was raised since the clock was last right.
static ALARMED: AtomicBool = AtomicBool::new(false);

/// Reminds the clock of the latest moment ever seen: set back, it revives nothing (T-66).
pub(crate) async fn remember(app: &App) -> Result<Option<Ts>, Error> {
    let row = mark::Entity::find_by_id(LATEST).one(app.reader()).await?;
    let seen = row
        .and_then(|it| OffsetDateTime::parse(&it.value, &Rfc3339).ok())
        .map(Ts::new);
    if let Some(seen) = seen {
        app.clock().remember(seen);
    }
    let back = app.clock().set_back_by();
    let is_back = back > SET_BACK;
    if is_back && !ALARMED.swap(is_back, Ordering::Relaxed) {
        tracing::error!(event = "clock_set_back", seconds = back.whole_seconds());
    } else if !is_back {
        ALARMED.store(false, Ordering::Relaxed);
    }
    Ok(seen)
}

/// Offers whose mail is not taken in time become calls (B-43). One call for one offer: also where the
/// person never had a usable address.
async fn late_offers(app: &App) -> Result<(), Error> {
    let (settings, _) = calendar::rules(app.reader()).await?;
    let before = app.now() - Duration::hours(settings.offer_mail_late);
    let late = bookings::offers_without_clock(app.reader(), before).await?;
    if late.is_empty() {
        return Ok(());
    }
    let occasion = |n: i32| format!("{}-ev{n}", Kind::Offer.name());
    let known = team_task::Entity::find()
        .filter(team_task::Column::Kind.eq(TaskKind::PhoneOffer.name()))
        .filter(team_task::Column::About.is_in(late.iter().map(|it| it.0.0)))
        .all(app.reader())
        .await?;
    let is_known = |about, n| {
        known
            .iter()
            .any(|it| it.about == about && it.occasion == occasion(n))
    };
    for (booking, _, n) in late
        .into_iter()
        .filter(|(booking, _, n)| !is_known(booking.0, *n))
    {
        let add = async |work: std::sync::Arc<Work>| {
            tasks::add(&work, TaskKind::PhoneOffer, booking.0, &occasion(n), work.now()).await
        };
        app.change(add).await?;
    }
    Ok(())
}

/// Notes the time, forgets what is over, and looks for mail that waits too long.
async fn keep_house(app: &App, seen: Option<Ts>) -> Result<(), Error> {
    app.limits.forget();
    app.change(async |work| {
        let now = work.now();
        let latest = mark::ActiveModel {
            name: Set(LATEST.to_owned()),
            value: Set(now.to_string()),
        };
        let there = OnConflict::column(mark::Column::Name)
            .update_column(mark::Column::Value)
            .to_owned();
        mark::Entity::insert(latest)
            .on_conflict(there)
            .exec_without_returning(work.tx())
            .await?;

        let old = operation::Column::At.lt(now - OPERATIONS_KEPT);
        operation::Entity::delete_many()
            .filter(old)
            .exec(work.tx())
            .await?;
        draft::Entity::delete_many()
            .filter(draft::Column::EndsAt.lt(now - KEPT))
            .exec(work.tx())
            .await?;
        link::Entity::delete_many()
            .filter(link::Column::EndsAt.lt(now - KEPT))
            .exec(work.tx())
            .await?;
        sign_in::forget(&work).await?;
        evaluation::forget_who_answered(work.tx(), now).await?;
        forget_answers(&work, seen).await
    })
    .await?;
    let oldest = outbox_mail::Entity::find()
        .filter(outbox_mail::Column::State.is_in(["queued", "sending"]))
        .filter(outbox_mail::Column::DueAt.lt(app.now() - MAIL_WAITS))
        .order_by_asc(outbox_mail::Column::DueAt)
        .one(app.reader())
        .await?;
    if let Some(oldest) = oldest {
        tracing::warn!(
            event = "mail_waits",
            minutes = (app.now() - oldest.due_at).whole_minutes()
        );
    }
    Ok(())
}

/// Clears the answers of forms that are over; that there was a form is remembered a little longer.
async fn forget_answers(work: &Work, seen: Option<Ts>) -> Result<(), Error> {
    let mut over = draft::Entity::find().filter(draft::Column::EndsAt.lte(work.now()));
    if let Some(seen) = seen {
        // What ended before was cleared then.
        over = over.filter(draft::Column::EndsAt.gt(seen - Duration::DAY));
    }
    let empty = json!({});
    for row in over
        .all(work.tx())
        .await?
        .into_iter()
        .filter(|it| it.answers != empty)
    {
        let mut row = row.into_active_model();
        row.answers = Set(Value::clone(&empty));
        row.update(work.tx()).await?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::outbox::office::{JUNE, Office};
    use booking::State;
    use ids::RunId;
    use uuid::Uuid;

    async fn latest(office: &Office) -> Option<String> {
        mark::Entity::find_by_id(LATEST)
            .one(office.app.reader())
            .await
            .unwrap()
            .map(|it| it.value)
    }

    async fn put_draft(office: &Office, run: RunId, ends_at: Ts) -> Uuid {
        let id = office.app.secrets().id(office.app.now());
        let row = draft::ActiveModel {
            id: Set(id),
            run: Set(run),
            kind: Set("book".to_owned()),
            answers: Set(json!({ "name": "Sam Taylor" })),
            created_at: Set(office.app.now()),
            ends_at: Set(ends_at),
            saved: Set(false),
            booking: Set(None),
            outcome: Set(None),
        };
        row.insert(&office.app.writer).await.unwrap();
        id
    }

    #[tokio::test]
    async fn deadlines_pass_and_nothing_happens_twice() {
        let office = Office::open().await;
        let run = office.run(12, JUNE).await;
        let sam = office.guest(run, "Sam Taylor", Some("sam@example.com")).await;
        office.rounds().await;
        office.wait(Duration::hours(24) - Duration::SECOND);
        office.rounds().await;
        assert!(matches!(
            office.record(sam).await.state,
            State::Unconfirmed { .. }
        ));
        office.wait(Duration::SECOND);
        for _ in 0..3 {
            office.rounds().await;
        }
        assert_eq!(office.record(sam).await.state, State::Lapsed);
        let subjects = [
            "Please confirm your email",
            "Reminder: please confirm",
            "Your booking was not confirmed",
        ];
        assert_eq!(
            office.subjects(),
            subjects.map(|it| format!("sam@example.com: {it}"))
        );
    }

    #[tokio::test]
    async fn an_offer_that_could_not_be_mailed_in_time_becomes_one_call() {
        let office = Office::open().await;
        let run = office.run(1, JUNE).await;
        let sam = office.booked(run, "Sam Taylor", "sam@example.com").await;
        office.guest(run, "Kim Lee", Some("kim@example.com")).await;
        office.rounds().await;
        office.by_person(run, Change::Cancel(sam.booking)).await;
        // The relay is away: only what needs no mail is done.
        settle(&office.app).await.unwrap();
        office.wait(Duration::minutes(59));
        settle(&office.app).await.unwrap();
        assert_eq!(office.tasks().await, [""; 0]);
        office.wait(Duration::MINUTE);
        for _ in 0..2 {
            settle(&office.app).await.unwrap();
        }
        assert_eq!(office.tasks().await, ["phone_offer offer-ev2"]);
    }

    #[tokio::test]
    async fn what_is_over_is_forgotten() {
        let office = Office::open().await;
        let run = office.run(12, JUNE).await;
        let now = office.app.now();
        let (open, over) = (now + Duration::hours(1), now);
        put_draft(&office, run, open).await;
        let ended = put_draft(&office, run, over).await;
        let op = operation::ActiveModel {
            op: Set("x".to_owned()),
            digest: Set(String::new()),
            result: Set(String::new()),
            at: Set(now),
        };
        operation::Entity::insert(op)
            .exec_without_returning(&office.app.writer)
            .await
            .unwrap();
        office.rounds().await;
        let drafts = || async { draft::Entity::find().all(office.app.reader()).await.unwrap() };
        for it in drafts().await {
            assert_eq!(it.answers == json!({}), it.id == ended);
        }
        office.wait(Duration::days(7));
        office.rounds().await;
        let operations = || async {
            operation::Entity::find()
                .all(office.app.reader())
                .await
                .unwrap()
                .len()
        };
        assert_eq!((operations().await, drafts().await.len()), (1, 2));
        assert!(drafts().await.iter().all(|it| it.answers == json!({})));
        office.wait(Duration::MINUTE);
        office.rounds().await;
        assert_eq!(operations().await, 0);
        office.wait(Duration::days(24));
        office.rounds().await;
        assert_eq!(drafts().await.len(), 0);
    }

    #[tokio::test]
    async fn the_latest_moment_is_remembered_across_restarts() {
        let office = Office::open().await;
        office.rounds().await;
        assert_eq!(latest(&office).await.as_deref(), Some("2027-05-11T13:00:00Z"));
        office.wait(Duration::seconds(59));
        office.rounds().await;
        assert_eq!(
            latest(&office).await.as_deref(),
            Some("2027-05-11T13:00:00Z"),
            "not every second"
        );
        office.wait(Duration::SECOND);
        office.rounds().await;
        assert_eq!(latest(&office).await.as_deref(), Some("2027-05-11T13:01:00Z"));
        // A program whose clock stands in the past begins where the last one ended.
        let late = App::new(
            office.other_handles().await,
            crate::clock::Clock::system(),
            office.app.secrets.clone(),
            office.app.setup.clone(),
        )
        .unwrap();
        let future = mark::ActiveModel {
            name: Set(LATEST.to_owned()),
            value: Set((late.now() + Duration::hours(1)).to_string()),
        };
        let expected = late.now() + Duration::hours(1);
        future.update(&office.app.writer).await.unwrap();
        remember(&late).await.unwrap();
        assert!(late.now() >= expected && late.clock().set_back_by() > SET_BACK);
    }
}
