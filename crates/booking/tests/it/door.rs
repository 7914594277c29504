//! The door under pressure: many at once, on every engine.

use std::sync::Arc;
use std::time::Duration as Wait;

use booking::allocator::{self, Arrival};
use booking::{Ask, Asked, Cause, Change, Error, Refusal};
use ids::{BookingId, RunId};
use sea_orm::SqlErr;
use tokio::sync::Barrier;
use tokio::time::timeout;
use uuid::Uuid;

use crate::database::{Site, allocate, ask, begin, details, first, sites, team};

/// Everybody asks at the same moment; the answers, in the order of the people.
async fn together(site: &Site, changes: Vec<Change>) -> Vec<Result<(), Error>> {
    let start = Arc::new(Barrier::new(changes.len()));
    let mut tasks = Vec::new();
    for change in changes {
        let (db, now, run, start) = (site.db.clone(), site.now, site.run, start.clone());
        tasks.push(tokio::spawn(async move {
            start.wait().await;
            allocate(&db, now, run, first(change, Cause::person()))
                .await
                .map(|_| ())
        }));
    }
    let mut answers = Vec::new();
    for task in tasks {
        answers.push(task.await.unwrap());
    }
    answers
}

fn refused(answer: &Result<(), Error>, wanted: Refusal) -> bool {
    matches!(answer, Err(Error::Refused(refusal)) if *refusal == wanted)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn of_200_people_at_once_12_get_a_place_and_188_a_number_in_the_queue() {
    for site in sites().await {
        let mut people = Vec::new();
        for _ in 0..200 {
            people.push(ask(site.person().await));
        }
        let answers = together(&site, people.iter().map(|it| Change::Book(*it)).collect()).await;
        assert_eq!(answers.iter().filter(|it| it.is_ok()).count(), 12);
        assert_eq!(
            answers.iter().filter(|it| refused(it, Refusal::NoPlace)).count(),
            188,
            "{answers:?}"
        );
        let snapshot = site.snapshot(site.run).await;
        assert_eq!(
            (snapshot.run.rev, snapshot.free_places(), snapshot.places.len()),
            (12, 0, 24)
        );
        for session in &snapshot.sessions {
            let here = snapshot.places.iter().filter(|it| it.session == session.id);
            assert_eq!(
                here.map(|it| it.seat_no).collect::<Vec<_>>(),
                (1..=12).collect::<Vec<_>>()
            );
        }

        let left = people.iter().zip(&answers).filter(|(_, answer)| answer.is_err());
        let answers = together(&site, left.map(|(it, _)| Change::Join(*it)).collect()).await;
        assert_eq!(answers.iter().filter(|it| it.is_ok()).count(), 188, "{answers:?}");
        let snapshot = site.snapshot(site.run).await;
        let mut numbers: Vec<i64> = snapshot.bookings.iter().filter_map(|it| it.joined_seq).collect();
        numbers.sort_unstable();
        assert_eq!(numbers, (1..=188).collect::<Vec<_>>());
        assert_eq!((snapshot.run.next_seq, snapshot.run.rev), (189, 200));
        site.leave_sound().await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn one_person_at_once_from_many_windows_books_once() {
    for site in sites().await {
        let person = site.person().await;
        // Nobody has a record yet when the pages look, so each brings a new name for one.
        let answers = together(&site, (0..20).map(|_| Change::Book(ask(person))).collect()).await;
        assert_eq!(answers.iter().filter(|it| it.is_ok()).count(), 1);
        assert_eq!(
            answers.iter().filter(|it| refused(it, Refusal::Booked)).count(),
            19,
            "{answers:?}"
        );
        site.leave_sound().await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn one_person_at_once_on_two_runs_of_a_course_gets_one() {
    for site in sites().await {
        for _ in 0..10 {
            let person = site.person().await;
            let (here, there) = (ask(person), ask(person));
            let (left, right) = tokio::join!(
                site.allocate(site.run, first(Change::Book(here), Cause::person())),
                site.allocate(site.later, first(Change::Book(there), Cause::person())),
            );
            let answers = [left.map(|_| ()), right.map(|_| ())];
            assert_eq!(answers.iter().filter(|it| it.is_ok()).count(), 1, "{answers:?}");
            let other = answers.iter().filter(|it| refused(it, Refusal::OtherBooking));
            assert_eq!(other.count(), 1, "{answers:?}");
        }
        site.leave_sound().await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn moves_in_opposite_directions_do_not_wait_for_each_other() {
    for site in sites().await {
        for _ in 0..10 {
            let there = site.booked(site.run).await;
            let back = site.booked(site.later).await;
            let start = Arc::new(Barrier::new(2));
            let moves = |from, to, ask: Ask| {
                let (db, now, start) = (site.db.clone(), site.now, start.clone());
                tokio::spawn(async move {
                    start.wait().await;
                    let arrival = Arrival {
                        run: to,
                        ask: Ask {
                            booking: BookingId(Uuid::new_v4()),
                            ..ask
                        },
                        cause: team("asked"),
                        reference: Uuid::new_v4().to_string(),
                    };
                    let tx = begin(&db).await;
                    let moved =
                        allocator::allocate_move(&tx, now, &Uuid::new_v4, (from, ask.booking), arrival).await;
                    tx.commit().await.unwrap();
                    moved.unwrap();
                })
            };
            let both = [
                moves(site.run, site.later, there),
                moves(site.later, site.run, back),
            ];
            for it in both {
                timeout(Wait::from_secs(20), it)
                    .await
                    .expect("no deadlock")
                    .unwrap();
            }
            assert_eq!(
                (site.state(there.booking).await, site.state(back.booking).await),
                ("moved", "moved")
            );
            // Places enough for the next pair.
            for run in [site.run, site.later] {
                let live = site.snapshot(run).await.bookings;
                site.by_team(run, Change::Cancel(live[0].id)).await;
            }
        }
        site.leave_sound().await;
    }
}

/// B-26: one keeps the booking here instead of the one there, another the other way round.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn two_who_keep_their_newer_bookings_do_not_wait_for_each_other() {
    for site in sites().await {
        for _ in 0..10 {
            let one = (site.booked(site.run).await, site.unconfirmed(site.later).await);
            let other = (site.booked(site.later).await, site.unconfirmed(site.run).await);
            let start = Arc::new(Barrier::new(2));
            let keeps = |old: (RunId, Ask), new: (RunId, Ask)| {
                let (db, now, start) = (site.db.clone(), site.now, start.clone());
                tokio::spawn(async move {
                    start.wait().await;
                    let newer = Change::Confirm(new.1.booking, Some(old.1.booking));
                    let tx = begin(&db).await;
                    let older = (old.0, old.1.booking);
                    let kept =
                        allocator::allocate_instead(&tx, now, &Uuid::new_v4, older, (new.0, newer)).await;
                    tx.commit().await.unwrap();
                    kept.unwrap();
                })
            };
            let both = [
                keeps((site.run, one.0), (site.later, one.1)),
                keeps((site.later, other.0), (site.run, other.1)),
            ];
            for it in both {
                timeout(Wait::from_secs(20), it)
                    .await
                    .expect("no deadlock")
                    .unwrap();
            }
            for (older, newer) in [one, other] {
                let states = (site.state(older.booking).await, site.state(newer.booking).await);
                assert_eq!(states, ("moved", "booked"));
            }
            // Places enough for the next pair.
            site.by_team(site.later, Change::Cancel(one.1.booking)).await;
            site.by_team(site.run, Change::Cancel(other.1.booking)).await;
        }
    }
}

#[tokio::test]
async fn without_the_lock_the_index_of_seats_still_sells_none_twice() {
    for site in sites().await {
        let guest = site.booked(site.later).await;
        let before = site.snapshot(site.run).await;
        site.booked(site.run).await;
        // Somebody who looked before that booking, and did not lock, chooses the same seat.
        let session = before.sessions[0].id;
        let taken = |seat: i32| {
            before
                .places
                .iter()
                .any(|it| it.session == session && it.seat_no == seat)
        };
        let seat = (1..=12).find(|it| !taken(*it)).unwrap();
        let sql = "INSERT INTO place (id, session, seat_no, booking, since_rev) VALUES ($1, $2, $3, $4, 1)";
        let values = [
            Uuid::new_v4().into(),
            session.0.into(),
            seat.into(),
            guest.booking.0.into(),
        ];
        let statement = sea_orm::Statement::from_sql_and_values(site.db.get_database_backend(), sql, values);
        let error = sea_orm::ConnectionTrait::execute_raw(&site.db, statement)
            .await
            .unwrap_err();
        assert!(
            matches!(error.sql_err(), Some(SqlErr::UniqueConstraintViolation(_))),
            "{error}"
        );
        site.leave_sound().await;
    }
}

#[tokio::test]
async fn what_is_refused_or_so_already_writes_nothing() {
    for site in sites().await {
        let ask = site.booked(site.run).await;
        let before = site.snapshot(site.run).await;
        let again = site
            .allocate(site.run, first(Change::Book(ask), team("again")))
            .await;
        assert!(refused(&again.map(|_| ()), Refusal::Booked));
        let outcome = site
            .allocate(site.run, Asked::by_person(Change::Confirm(ask.booking, None)))
            .await;
        assert!(outcome.unwrap().transitions.is_empty());
        site.tick(site.run).await;
        assert_eq!(site.snapshot(site.run).await, before);
        site.leave_sound().await;
    }
}

#[tokio::test]
async fn a_booking_that_begins_again_keeps_its_reference_and_has_the_new_answers() {
    for site in sites().await {
        let ask = site.booked(site.run).await;
        let find = || async {
            booking::bookings::find(&site.db, ask.booking)
                .await
                .unwrap()
                .unwrap()
        };
        let first_time = find().await;
        site.by_person(site.run, Change::Cancel(ask.booking)).await;
        let answers = booking::Details {
            hopes: Some("To meet people".to_owned()),
            ..details()
        };
        // The page did not know of the old record, and brings a new name.
        let twin = Ask {
            booking: BookingId(Uuid::new_v4()),
            ..ask
        };
        let asked = Asked {
            change: Change::Book(twin),
            cause: Cause::person(),
            details: Some(answers),
        };
        site.allocate(site.run, asked).await.unwrap();
        let again = find().await;
        assert_eq!(again.hopes.as_deref(), Some("To meet people"));
        assert_eq!(
            again,
            booking::BookingRecord {
                hopes: again.hopes.clone(),
                ..first_time
            }
        );
        site.leave_sound().await;
    }
}
