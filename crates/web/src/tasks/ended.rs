//! Which tasks end by themselves: when what they were for is over, nobody should phone about it.

use booking::snapshot::Transition;
use booking::{Event, Note, Outcome, State};
use ids::BookingId;
use sea_orm::ActiveValue::Set;
use sea_orm::sea_query::ExprTrait;
use sea_orm::{ColumnTrait, Condition, EntityTrait, QueryFilter, QuerySelect, QueryTrait};

use time::Date;

use super::{TaskKind, add, is_open};
use crate::app::App;
use crate::entity::{access_need, team_task};
use crate::error::Error;
use crate::outbox::Kind;
use crate::reminders::compact;
use crate::work::Work;

/// The open tasks about a booking that a step ends.
fn ended_by(from: Option<State>, to: State) -> Vec<TaskKind> {
    let Some(from) = from.filter(|from| from.name() != to.name()) else {
        return Vec::new();
    };
    let is_over = !to.is_live();
    // What was to be told is overtaken, as a mail would be (T-56).
    let mut kinds = vec![TaskKind::PhoneOrLetter];
    if is_over || matches!(from, State::Offered { .. }) {
        kinds.push(TaskKind::PhoneOffer);
    }
    if is_over || from == State::Booked {
        kinds.extend([
            TaskKind::PreCourseCall,
            TaskKind::ArrangeNeed,
            TaskKind::PhoneChange,
        ]);
    }
    kinds
}

/// Ends the tasks whose reason is over since something happened to a booking.
pub(crate) async fn end(work: &Work, it: &Transition) -> Result<(), Error> {
    for kind in ended_by(it.from, it.to) {
        cancel(work, kind, about(kind, it)).await?;
    }
    if it.event == Event::Say(Note::Keep) {
        unanswered(work, it.booking).await?;
    }
    Ok(())
}

/// The call about a change that somebody did not answer (B-50): they did, or the day has begun.
pub(crate) async fn unanswered(work: &Work, booking: BookingId) -> Result<(), Error> {
    let about = team_task::Column::About.eq(booking.0);
    cancel(work, TaskKind::PhoneChange, about).await
}

/// Somebody hears in another way what they were to be told by phone or letter.
pub(crate) async fn told_otherwise(work: &Work, booking: BookingId, kind: Kind) -> Result<(), Error> {
    let instead = team_task::Column::About
        .eq(booking.0)
        .and(team_task::Column::Occasion.starts_with(format!("{}-", kind.name())));
    cancel(work, TaskKind::PhoneOrLetter, instead).await
}

/// New dates are asked about anew, and old ones are no longer what anybody is reminded of (B-103).
pub(crate) async fn overtaken_by_change(work: &Work, booking: BookingId) -> Result<(), Error> {
    unanswered(work, booking).await?;
    for kind in [Kind::RunChanged, Kind::NextWeek, Kind::Tomorrow] {
        told_otherwise(work, booking, kind).await?;
    }
    Ok(())
}

/// Calls in place of a reminder end with the day before the day they are about: its date ends their occasion.
pub(crate) async fn reminders_over(app: &App, today: Date) -> Result<(), Error> {
    use team_task::Column as Task;
    let names = [Kind::NextWeek, Kind::Tomorrow].map(Kind::name);
    let mut any = Condition::any();
    for name in names {
        any = any.add(Task::Occasion.starts_with(format!("{name}-")));
    }
    let open = team_task::Entity::find()
        .filter(Task::Kind.eq(TaskKind::PhoneOrLetter.name()))
        .filter(Task::State.eq("open"))
        .filter(any);
    let today = compact(today);
    let date = |occasion: &str| {
        let at = occasion.len().checked_sub(today.len())?;
        occasion.get(at..).map(str::to_owned)
    };
    let open = open.all(app.reader()).await?;
    let over = open
        .iter()
        .filter(|it| date(&it.occasion).is_none_or(|it| it <= today));
    let over: Vec<_> = over.map(|it| it.id).collect();
    if over.is_empty() {
        return Ok(());
    }
    app.change(async |work| cancel(&work, TaskKind::PhoneOrLetter, Task::Id.is_in(over.clone())).await)
        .await
}

/// Of the tasks of a kind, those about a booking that has come to this.
fn about(kind: TaskKind, it: &Transition) -> Condition {
    use team_task::Column as Task;
    let of_booking = Condition::all().add(Task::About.eq(it.booking.0));
    match kind {
        TaskKind::ArrangeNeed => {
            let needs = access_need::Entity::find()
                .select_only()
                .column(access_need::Column::Id)
                .filter(access_need::Column::Booking.eq(it.booking));
            Condition::all().add(Task::About.in_subquery(needs.into_query()))
        }
        // As with mail: a change of dates is told to whoever goes on (B-50), a change of details always.
        TaskKind::PhoneOrLetter => of_booking.add(if it.to.is_live() {
            Task::Occasion.contains("-ev")
        } else {
            let details = Kind::BookingDetailsChanged.name();
            Task::Occasion.starts_with(details).not()
        }),
        TaskKind::PhoneList
        | TaskKind::PhoneOffer
        | TaskKind::PhoneMissed
        | TaskKind::PhoneChange
        | TaskKind::AttendanceLate
        | TaskKind::RunReview
        | TaskKind::VersionReview
        | TaskKind::PhoneMailFailed
        | TaskKind::PreCourseCall
        | TaskKind::PossibleDuplicate
        | TaskKind::ManyRecords => of_booking,
    }
}

/// Phoning down the list of a run (B-42): one open task while a place is free that nobody may be
/// offered by mail, and none when it is taken, released, or nobody is left to ask.
pub(crate) async fn phone_list(work: &Work, outcome: &Outcome) -> Result<(), Error> {
    let run = outcome.run.0;
    if !outcome.phone_list {
        return cancel(work, TaskKind::PhoneList, team_task::Column::About.eq(run)).await;
    }
    if is_open(work.tx(), TaskKind::PhoneList, run).await? {
        return Ok(());
    }
    let occasion = work.fresh_id().to_string();
    add(work, TaskKind::PhoneList, run, &occasion, work.now()).await
}

async fn cancel(
    work: &Work,
    kind: TaskKind,
    which: impl sea_orm::sea_query::IntoCondition,
) -> Result<(), Error> {
    let off = team_task::ActiveModel {
        state: Set("cancelled".to_owned()),
        ..Default::default()
    };
    team_task::Entity::update_many()
        .set(off)
        .filter(team_task::Column::Kind.eq(kind.name()))
        .filter(team_task::Column::State.eq("open"))
        .filter(which)
        .exec(work.tx())
        .await?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::outbox::office::{Guest, JUNE, Office};
    use booking::{By, Change, Note};
    use ids::{BookingId, Ts};
    use sea_orm::ActiveModelTrait;
    use std::fmt::Write as _;
    use time::Duration;
    use time::macros::datetime;
    use uuid::Uuid;

    #[test]
    fn the_whole_table() {
        let until = Ts::new(datetime!(2027-05-11 13:00 UTC));
        let live = [
            State::Unconfirmed { until },
            State::Booked,
            State::Waiting,
            State::Offered { until },
        ];
        let ended = [
            State::Cancelled { by: By::Person },
            State::Moved {
                to: BookingId(Uuid::nil()),
            },
            State::Lapsed,
            State::Closed,
        ];
        let mut table = String::new();
        for from in live.into_iter().chain(ended) {
            for to in live.into_iter().chain(ended) {
                let kinds = ended_by(Some(from), to);
                let names: Vec<_> = kinds.into_iter().map(TaskKind::name).collect();
                let step = format!("{} -> {}", from.name(), to.name());
                let row = format!("{step:<28} {}", names.join(", "));
                writeln!(table, "{}", row.trim_end()).unwrap();
            }
        }
        for to in live {
            assert_eq!(ended_by(None, to), []);
        }
        insta::assert_snapshot!(table);
    }

    /// Somebody without email who waits, has an offer and asked for a call about it.
    async fn offered() -> (Office, Guest) {
        let office = Office::open().await;
        let run = office.run(1, JUNE).await;
        let sam = office.booked(run, "Sam Taylor", "sam@example.com").await;
        let jo = office.guest(run, "Jo Field", None).await;
        office.by_person(run, Change::Cancel(sam.booking)).await;
        office.by_person(run, Change::Say(jo.booking, Note::CallMe)).await;
        assert_eq!(
            office.open_tasks().await,
            ["phone_offer ev3", "phone_offer offer-ev2"]
        );
        (office, jo)
    }

    #[tokio::test]
    async fn nobody_is_phoned_about_an_offer_that_is_answered() {
        type Answer = fn(BookingId) -> Change;
        let answers: [(Answer, &[&str]); 3] = [
            (|it| Change::Accept(it, None), &["phone_or_letter booked-ev4"]),
            (Change::Decline, &[]),
            (Change::Cancel, &["phone_or_letter cancelled-ev4"]),
        ];
        for (answer, left) in answers {
            let (office, jo) = offered().await;
            office.by_person(jo.run, answer(jo.booking)).await;
            assert_eq!(office.open_tasks().await, left);
            assert_eq!(crate::verify::verify(&office.app).await.unwrap(), []);
        }
    }

    #[tokio::test]
    async fn nor_about_one_that_ended() {
        let (office, jo) = offered().await;
        office.by_team(jo.run, Change::StartClock(jo.booking)).await;
        office.wait(Duration::days(4));
        office.rounds().await;
        assert_eq!(office.record(jo).await.state, State::Waiting);
        assert_eq!(office.open_tasks().await, ["phone_or_letter offer_over-ev4"]);
        office.wait(Duration::days(30));
        office.rounds().await;
        assert_eq!(office.open_tasks().await, ["phone_or_letter list_closed-ev5"]);
        assert_eq!(crate::verify::verify(&office.app).await.unwrap(), []);
    }

    /// 71 hours before day 1, a place comes free while two wait.
    async fn near_the_start() -> (Office, [Guest; 3]) {
        let office = Office::open().await;
        let run = office.run(1, JUNE).await;
        let sam = office.booked(run, "Sam Taylor", "sam@example.com").await;
        let jo = office.guest(run, "Jo Field", Some("jo@example.com")).await;
        let kim = office.guest(run, "Kim Lee", Some("kim@example.com")).await;
        office.wait(Duration::days(25));
        office.by_person(run, Change::Cancel(sam.booking)).await;
        assert_eq!(office.lists_to_phone().await, 1);
        (office, [sam, jo, kim])
    }

    #[tokio::test]
    async fn the_list_is_phoned_until_the_place_is_released_or_taken() {
        let (office, [sam, ..]) = near_the_start().await;
        office.by_team(sam.run, Change::Release).await;
        assert_eq!(office.lists_to_phone().await, 0);

        let (office, [sam, jo, kim]) = near_the_start().await;
        office.by_team(sam.run, Change::Accept(jo.booking, None)).await;
        assert_eq!(office.lists_to_phone().await, 0);
        // In the same second, another place: a task of its own.
        office.by_team(sam.run, Change::Cancel(jo.booking)).await;
        assert_eq!(office.lists_to_phone().await, 1);
        office.by_team(sam.run, Change::Cancel(kim.booking)).await;
        assert_eq!(office.lists_to_phone().await, 0, "nobody is left to ask");
    }

    #[tokio::test]
    async fn what_is_arranged_for_a_place_ends_with_it_and_begins_again_with_the_next() {
        let office = Office::open().await;
        let run = office.run(12, JUNE).await;
        let person = office.person("Sam Taylor", Some("sam@example.com")).await;
        let wants = |it: &mut booking::Details| it.call_wanted = true;
        let sam = office.guest_with(run, person, wants).await;
        office
            .act(async |work| {
                let row = access_need::ActiveModel {
                    id: Set(work.fresh_id()),
                    booking: Set(sam.booking),
                    code: Set("bsl".to_owned()),
                    detail: Set(None),
                    status: Set("asked".to_owned()),
                    owner: Set(None),
                    due: Set(work.now()),
                };
                row.insert(work.tx()).await?;
                Ok(())
            })
            .await;
        for round in ["ev2", "ev5"] {
            office.confirm(sam).await;
            let open = ["arrange_need", "pre_course_call"].map(|it| format!("{it} {round}"));
            assert_eq!(office.open_tasks().await, open);
            office.by_person(run, Change::Cancel(sam.booking)).await;
            assert_eq!(office.open_tasks().await, [""; 0]);
            office.guest_with(run, person, wants).await;
        }
        assert_eq!(crate::verify::verify(&office.app).await.unwrap(), []);
    }
}
