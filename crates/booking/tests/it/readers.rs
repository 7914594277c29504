//! What is read to know what falls due and what to show, what it costs, and new dates for a run.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use booking::allocator::overdue_runs;
use booking::availability::{self, About};
use booking::bookings::offers_without_clock;
use booking::calendar::{self, DatesRefused, NewSession};
use booking::{Ask, Change, Error, Note, Settings};
use ids::{RunId, Ts};
use time::Duration;
use time::macros::{date, time};
use uuid::Uuid;

use crate::database::{Site, begin, meeting, sites, utc};

async fn overdue(site: &Site) -> Vec<RunId> {
    overdue_runs(&site.db, site.now).await.unwrap()
}

/// One place, taken; somebody waits.
async fn full(site: &Site) -> (Ask, Ask) {
    site.places(site.run, 1).await;
    (site.booked(site.run).await, site.waiting(site.run).await)
}

#[tokio::test]
async fn a_hold_falls_due_when_its_time_is_over_and_its_clock_has_started() {
    for mut site in sites().await {
        let hold = site.unconfirmed(site.run).await;
        site.now = site.now + Duration::hours(24) - Duration::SECOND;
        assert_eq!(overdue(&site).await, []);
        site.now = site.now + Duration::SECOND;
        assert_eq!(overdue(&site).await, [site.run]);
        site.tick(site.run).await;
        assert_eq!(
            (site.state(hold.booking).await, overdue(&site).await),
            ("lapsed", vec![])
        );
        site.leave_sound().await;
    }
}

#[tokio::test]
async fn an_offer_falls_due_only_after_its_clock_has_started() {
    for mut site in sites().await {
        let (a, d) = full(&site).await;
        assert_eq!(overdue(&site).await, [], "full, so nobody can be asked");
        site.by_person(site.run, Change::Cancel(a.booking)).await;
        site.wait(24 * 7);
        assert_eq!(overdue(&site).await, []);
        site.by_person(site.run, Change::StartClock(d.booking)).await;
        site.wait(24 * 4);
        assert_eq!(overdue(&site).await, [site.run]);
        site.tick(site.run).await;
        assert_eq!(
            (site.state(d.booking).await, overdue(&site).await),
            ("waiting", vec![])
        );
        site.leave_sound().await;
    }
}

#[tokio::test]
async fn a_queue_falls_due_when_the_course_begins() {
    for mut site in sites().await {
        let (_, d) = full(&site).await;
        site.now = utc(date!(2027 - 06 - 08), 9, 0);
        assert_eq!(overdue(&site).await, [site.run]);
        site.tick(site.run).await;
        assert_eq!(
            (site.state(d.booking).await, overdue(&site).await),
            ("closed", vec![])
        );
        site.leave_sound().await;
    }
}

#[tokio::test]
async fn a_free_place_near_the_start_stays_due_until_the_list_was_phoned_down() {
    for mut site in sites().await {
        let (a, _) = full(&site).await;
        site.now = utc(date!(2027 - 06 - 05), 10, 0);
        site.by_person(site.run, Change::Cancel(a.booking)).await;
        assert_eq!(overdue(&site).await, [site.run]);
        site.by_team(site.run, Change::PauseOffers(true)).await;
        assert_eq!(overdue(&site).await, [], "nothing to do while offers are paused");
        site.by_team(site.run, Change::PauseOffers(false)).await;
        site.by_team(site.run, Change::Release).await;
        assert_eq!(overdue(&site).await, []);
        site.leave_sound().await;
    }
}

#[tokio::test]
async fn a_place_that_came_free_without_anybody_settling_is_found() {
    for site in sites().await {
        let (_, d) = full(&site).await;
        // Somebody wrote more capacity past the door, or let offers begin later than they do now.
        site.exec("UPDATE run SET capacity = 2 WHERE id = $1", [site.run.0.into()])
            .await;
        assert_eq!(overdue(&site).await, [site.run]);
        site.tick(site.run).await;
        assert_eq!(
            (site.state(d.booking).await, overdue(&site).await),
            ("offered", vec![])
        );
        site.leave_sound().await;
    }
}

#[tokio::test]
async fn an_offer_is_late_by_its_own_mail_and_not_by_an_older_one() {
    for mut site in sites().await {
        let (a, d) = full(&site).await;
        let late = async |site: &Site| {
            let before = site.now - Duration::hours(1);
            offers_without_clock(&site.db, before)
                .await
                .unwrap()
                .into_iter()
                .map(|it| (it.0, it.2))
                .collect::<Vec<_>>()
        };
        // Offered at ten past eleven in the evening: the mail leaves at eight.
        site.now = utc(date!(2027 - 05 - 25), 22, 10);
        site.by_person(site.run, Change::Cancel(a.booking)).await;
        site.now = utc(date!(2027 - 05 - 26), 7, 59);
        assert_eq!(late(&site).await, []);
        site.now = utc(date!(2027 - 05 - 26), 8, 0);
        assert_eq!(late(&site).await, [(d.booking, 2)]);
        site.by_person(site.run, Change::StartClock(d.booking)).await;
        assert_eq!(late(&site).await, []);
        // Declined, and offered a new place a day later: that mail has its hour again.
        site.by_person(site.run, Change::Decline(d.booking)).await;
        let b = site.booked(site.run).await;
        site.wait(24);
        site.by_person(site.run, Change::Cancel(b.booking)).await;
        site.by_person(site.run, Change::Say(d.booking, Note::CallMe))
            .await;
        assert_eq!(late(&site).await, []);
        site.wait(1);
        assert_eq!(late(&site).await, [(d.booking, 4)]);
        site.leave_sound().await;
    }
}

#[tokio::test]
async fn the_list_of_runs_says_of_places_what_each_run_says() {
    for mut site in sites().await {
        site.places(site.run, 7).await;
        let mut people = Vec::new();
        for at in 0..8 {
            agree(&site).await;
            if at < 7 {
                people.push(site.booked(site.run).await);
            }
        }
        let d = site.waiting(site.run).await;
        agree(&site).await;
        site.by_team(site.run, Change::PauseOffers(true)).await;
        site.by_person(site.run, Change::Cancel(people[0].booking)).await;
        agree(&site).await;
        site.by_team(site.run, Change::NoteAsked(d.booking)).await;
        agree(&site).await;
        for moment in [
            utc(date!(2027 - 05 - 03), 6, 59),
            utc(date!(2027 - 06 - 07), 11, 0),
            utc(date!(2027 - 06 - 16), 9, 0),
        ] {
            site.now = moment;
            agree(&site).await;
        }
        site.now = utc(date!(2027 - 06 - 01), 9, 0);
        site.by_team(site.run, Change::CancelRun("The trainer is ill.".to_owned()))
            .await;
        agree(&site).await;
        site.leave_sound().await;
    }
}

async fn agree(site: &Site) {
    let settings = Settings::default();
    for run in [site.run, site.later] {
        let one = availability::of_runs(&site.db, &settings, site.now, About::Run(run))
            .await
            .unwrap();
        assert_eq!(
            one.get(&run),
            Some(&site.snapshot(run).await.availability(site.now))
        );
    }
}

#[tokio::test]
async fn a_booking_costs_the_same_number_of_questions_however_many_there_are() {
    let mut site = Site::in_memory().await;
    let count = Arc::new(AtomicUsize::new(0));
    let counter = count.clone();
    site.db.set_metric_callback(move |_| {
        counter.fetch_add(1, Ordering::Relaxed);
    });
    let mut costs = Vec::new();
    for _ in 0..12 {
        let person = site.person().await;
        let before = count.load(Ordering::Relaxed);
        let ask = crate::database::ask(person);
        let asked = crate::database::first(Change::Book(ask), booking::Cause::person());
        site.allocate(site.run, asked).await.unwrap();
        costs.push(count.load(Ordering::Relaxed) - before);
    }
    // Nine to load (one of them for the person's other bookings), four to write.
    assert_eq!(costs, [13; 12]);
    for _ in 0..12 {
        site.waiting(site.run).await;
    }
    let before = count.load(Ordering::Relaxed);
    overdue_runs(&site.db, site.now).await.unwrap();
    assert_eq!(count.load(Ordering::Relaxed) - before, 4);
}

async fn reschedule(site: &Site, days: &[NewSession]) -> Result<(), Error> {
    let tx = begin(&site.db).await;
    calendar::reschedule(&tx, site.now, &Uuid::new_v4, site.run, days, None).await?;
    tx.commit().await?;
    site.by_team(site.run, Change::RunChanged).await;
    Ok(())
}

fn dates_refused(answer: Result<(), Error>) -> DatesRefused {
    match answer {
        Err(Error::Dates(why)) => why,
        other => panic!("{other:?}"),
    }
}

async fn closes_at(site: &Site) -> Ts {
    site.snapshot(site.run).await.run.closes_at
}

#[tokio::test]
async fn booking_closes_before_the_new_date_unless_somebody_chose_when() {
    for site in sites().await {
        assert_eq!(closes_at(&site).await, utc(date!(2027 - 06 - 07), 11, 0));
        reschedule(
            &site,
            &[meeting(date!(2027 - 06 - 01)), meeting(date!(2027 - 06 - 15))],
        )
        .await
        .unwrap();
        assert_eq!(closes_at(&site).await, utc(date!(2027 - 05 - 28), 11, 0));
        let chosen = utc(date!(2027 - 05 - 27), 17, 0);
        site.exec(
            "UPDATE run SET closes_at = $1 WHERE id = $2",
            [chosen.into(), site.run.0.into()],
        )
        .await;
        reschedule(
            &site,
            &[meeting(date!(2027 - 06 - 08)), meeting(date!(2027 - 06 - 15))],
        )
        .await
        .unwrap();
        assert_eq!(closes_at(&site).await, chosen);
        site.leave_sound().await;
    }
}

#[tokio::test]
async fn a_session_that_has_begun_stays_and_none_moves_into_the_past() {
    for mut site in sites().await {
        site.booked(site.run).await;
        let (first, second) = (meeting(date!(2027 - 06 - 08)), meeting(date!(2027 - 06 - 15)));
        assert_eq!(
            dates_refused(reschedule(&site, &[first]).await),
            DatesRefused::HasBookings
        );
        site.now = utc(date!(2027 - 06 - 08), 9, 0);
        let later = NewSession {
            start: time!(11:00),
            ..first
        };
        assert_eq!(
            dates_refused(reschedule(&site, &[later, second]).await),
            DatesRefused::HasBegun(1)
        );
        let past = NewSession {
            date: date!(2027 - 06 - 08),
            start: time!(9:00),
            end: time!(9:30),
            break_minutes: 0,
        };
        assert_eq!(
            dates_refused(reschedule(&site, &[past, first]).await),
            DatesRefused::HasBegun(1)
        );
        reschedule(&site, &[first, meeting(date!(2027 - 06 - 16))])
            .await
            .unwrap();
        site.now = utc(date!(2027 - 06 - 10), 9, 0);
        let past = meeting(date!(2027 - 06 - 09));
        assert_eq!(
            dates_refused(reschedule(&site, &[first, past]).await),
            DatesRefused::MovesIntoThePast(2)
        );
        assert_eq!(site.snapshot(site.run).await.run.change_no, 1);
        site.leave_sound().await;
    }
}
