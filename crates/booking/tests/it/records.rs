//! `verify` says nothing of sound records, and names the rule and the row of each that is broken.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use booking::allocator::{self, Arrival};
use booking::{Ask, Change, Event, Finding, verify};
use ids::{RunId, SessionId, Ts};
use sea_orm::{ConnectionTrait, Value};
use time::macros::{date, time};
use uuid::Uuid;

use crate::database::{Site, ask, begin, sites, team, utc};

/// Two runs to which everything happened once.
struct Story {
    site: Site,
    /// Booked, then cancelled.
    a: Ask,
    /// Booked, then moved to the later run.
    m: Ask,
    /// Was offered a place, said nothing, and was offered another.
    d: Ask,
    /// Was offered the place that D did not answer about, and took it; catches up in the later run.
    e: Ask,
    /// Waits, from before the first offer.
    f: Ask,
    /// Waits, from before the last offer.
    g: Ask,
    /// Booked on the later run.
    b: Ask,
    /// Holds a place there until they confirm.
    h: Ask,
    /// The sessions of both runs.
    sessions: [SessionId; 4],
}

impl Story {
    #[expect(clippy::many_single_char_names, reason = "people, as the rules call them")]
    async fn told(mut site: Site) -> Self {
        let (run, later) = (site.run, site.later);
        site.places(run, 2).await;
        let (a, m) = (site.booked(run).await, site.booked(run).await);
        let (d, e, f) = (
            site.waiting(run).await,
            site.waiting(run).await,
            site.waiting(run).await,
        );
        site.moved(run, later, m).await;
        site.by_person(run, Change::StartClock(d.booking)).await;
        site.wait(49);
        site.tick(run).await;
        site.by_person(run, Change::Accept(e.booking, None)).await;
        let g = site.waiting(run).await;
        site.by_person(run, Change::Cancel(a.booking)).await;
        site.by_person(run, Change::StartClock(d.booking)).await;
        let (b, h) = (site.booked(later).await, site.unconfirmed(later).await);
        let here = site.snapshot(run).await.sessions;
        let there = site.snapshot(later).await.sessions;
        let sessions = [here[0].id, here[1].id, there[0].id, there[1].id];
        let story = Self {
            site,
            a,
            m,
            d,
            e,
            f,
            g,
            b,
            h,
            sessions,
        };
        story.catches_up(e, sessions[1], sessions[3]).await;
        story
    }

    async fn in_memory() -> Self {
        let story = Self::told(Site::in_memory().await).await;
        assert_eq!(story.found().await, [], "sound before it is broken");
        story
    }

    async fn catches_up(&self, who: Ask, missed: SessionId, target: SessionId) -> (Uuid, Uuid) {
        let place = self.guest(who, target).await;
        let sql =
            "INSERT INTO catch_up (id, booking, missed_session, target_session) VALUES ($1, $2, $3, $4)";
        let id = Uuid::new_v4();
        self.broke(
            sql,
            [id.into(), who.booking.0.into(), missed.0.into(), target.0.into()],
        )
        .await;
        (place, id)
    }

    async fn guest(&self, who: Ask, target: SessionId) -> Uuid {
        let sql = "INSERT INTO place (id, session, seat_no, booking, since_rev) \
                   SELECT $1, $2, coalesce(max(seat_no), 0) + 1, $3, 99 FROM place WHERE session = $2";
        let id = Uuid::new_v4();
        self.broke(sql, [id.into(), target.0.into(), who.booking.0.into()])
            .await;
        id
    }

    async fn found(&self) -> Vec<Finding> {
        verify(&self.site.db, self.site.now).await.unwrap()
    }

    /// Which rules are broken, and where; only this.
    async fn names<const N: usize>(&self, wanted: [(&str, &str, String); N]) {
        let found = self.found().await;
        let named: Vec<_> = found
            .iter()
            .map(|it| (it.rule, it.table, it.row.clone()))
            .collect();
        let mut wanted = wanted.to_vec();
        wanted.sort();
        assert_eq!(named, wanted, "{found:#?}");
    }

    /// Breaks rows behind everybody's back.
    async fn broke<const N: usize>(&self, sql: &str, values: [Value; N]) {
        assert!(self.site.exec(sql, values).await > 0, "{sql} hits no row");
    }

    /// What keeps such rows out is taken away first.
    async fn unguarded(&self, sql: &str) {
        self.site.db.execute_unprepared(sql).await.unwrap();
    }

    async fn unchecked(&self) {
        self.unguarded("PRAGMA ignore_check_constraints = ON").await;
    }

    async fn history_can_change(&self) {
        self.unguarded("DROP TRIGGER booking_event_no_UPDATE").await;
        self.unguarded("DROP TRIGGER booking_event_no_DELETE").await;
    }

    fn later(&self) -> String {
        self.site.later.to_string()
    }
}

impl Site {
    async fn moved(&self, from: RunId, to: RunId, who: Ask) {
        let ask = Ask { ..ask(who.person) };
        let arrival = Arrival {
            run: to,
            ask,
            cause: team("asked"),
            reference: Uuid::new_v4().to_string(),
        };
        let tx = begin(&self.db).await;
        let moved =
            allocator::allocate_move(&tx, self.now, &Uuid::new_v4, (from, who.booking), arrival).await;
        let offers = moved
            .unwrap()
            .iter()
            .flat_map(|it| &it.transitions)
            .filter(|it| is_offer(it.event))
            .count();
        assert_eq!(offers, 1);
        tx.commit().await.unwrap();
    }
}

fn is_offer(event: Event) -> bool {
    matches!(event, Event::Offer { .. })
}

fn booking(it: Ask) -> String {
    it.booking.to_string()
}

fn event(it: Ask, n: i32) -> String {
    format!("{} n {n}", it.booking)
}

fn id(it: Ask) -> Value {
    it.booking.0.into()
}

#[tokio::test]
async fn sound_records_give_nothing() {
    for site in sites().await {
        let mut story = Story::told(site).await;
        assert_eq!(story.found().await, []);
        let states = [
            (story.a, "cancelled"),
            (story.m, "moved"),
            (story.d, "offered"),
            (story.e, "booked"),
            (story.f, "waiting"),
            (story.g, "waiting"),
            (story.b, "booked"),
            (story.h, "unconfirmed"),
        ];
        for (it, state) in states {
            assert_eq!(story.site.state(it.booking).await, state);
        }
        // What is due is not wrong, only late: the rounds may be about to see to it.
        story.site.wait(24 * 30);
        assert_eq!(story.found().await, []);
        story.site.tick(story.site.run).await;
        assert_eq!(story.found().await, []);
        story
            .site
            .by_team(
                story.site.later,
                Change::CancelRun("The trainer is ill.".to_owned()),
            )
            .await;
        story.site.leave_sound().await;
    }
}

#[tokio::test]
async fn more_places_close_to_the_start_are_no_offer_that_was_forgotten() {
    let mut site = Site::in_memory().await;
    site.places(site.run, 1).await;
    site.booked(site.run).await;
    site.waiting(site.run).await;
    site.now = utc(date!(2027 - 06 - 06), 9, 0);
    site.places(site.run, 2).await;
    site.leave_sound().await;
}

#[tokio::test]
async fn people_whose_records_were_merged_are_one_person() {
    let story = Story::in_memory().await;
    let moved_to = "(SELECT moved_to FROM booking WHERE id = $1)";
    let other = story.site.person().await;
    story
        .broke(
            &format!("UPDATE booking SET person = $2 WHERE id = {moved_to}"),
            [id(story.m), other.0.into()],
        )
        .await;
    story.names([("INV-13", "booking", booking(story.m))]).await;
    story
        .broke(
            "UPDATE person SET merged_into = $1 WHERE id = $2",
            [story.m.person.0.into(), other.0.into()],
        )
        .await;
    story.names([]).await;
}

#[tokio::test]
async fn inv_1_a_session_with_a_new_place_too_many() {
    let story = Story::in_memory().await;
    story
        .catches_up(story.b, story.sessions[2], story.sessions[0])
        .await;
    story
        .names([("INV-1", "session", story.sessions[0].to_string())])
        .await;
}

#[tokio::test]
async fn inv_2_a_holder_without_a_place_in_each_session() {
    let story = Story::in_memory().await;
    let values = [id(story.e), story.sessions[1].0.into()];
    story
        .broke("DELETE FROM place WHERE booking = $1 AND session = $2", values)
        .await;
    story.names([("INV-2", "booking", booking(story.e))]).await;
}

#[tokio::test]
async fn inv_2_a_place_of_somebody_who_only_waits() {
    let story = Story::in_memory().await;
    story
        .broke("DELETE FROM place WHERE booking = $1", [id(story.b)])
        .await;
    let ended = "UPDATE place SET booking = $1 WHERE booking = $2";
    story.broke(ended, [id(story.f), id(story.d)]).await;
    let wanted = [story.b, story.d, story.f].map(|it| ("INV-2", "booking", booking(it)));
    story.names(wanted).await;
}

#[tokio::test]
async fn inv_3_a_guest_without_a_catch_up_and_a_catch_up_without_a_place() {
    let story = Story::in_memory().await;
    let place = story.guest(story.d, story.sessions[2]).await;
    story.names([("INV-3", "place", place.to_string())]).await;
    let (guest, catch_up) = story
        .catches_up(story.f, story.sessions[0], story.sessions[2])
        .await;
    story
        .broke(
            "DELETE FROM place WHERE id = $1 OR id = $2",
            [place.into(), guest.into()],
        )
        .await;
    story.names([("INV-3", "catch_up", catch_up.to_string())]).await;
    story
        .broke(
            "UPDATE catch_up SET cancelled_at = $1 WHERE id = $2",
            [story.site.now.into(), catch_up.into()],
        )
        .await;
    story.names([]).await;
}

#[tokio::test]
async fn inv_4_a_place_that_nobody_offered() {
    let story = Story::in_memory().await;
    let run = story.site.run;
    story
        .broke("UPDATE run SET capacity = 3 WHERE id = $1", [run.0.into()])
        .await;
    story
        .names([
            ("INV-4", "run", run.to_string()),
            ("INV-5", "run", run.to_string()),
        ])
        .await;
}

#[tokio::test]
async fn inv_5_a_hold_that_should_have_ended() {
    let story = Story::in_memory().await;
    let long_ago = utc(date!(2027 - 05 - 01), 9, 0);
    story
        .broke(
            "UPDATE booking SET until = $1 WHERE id = $2",
            [long_ago.into(), id(story.h)],
        )
        .await;
    story.names([("INV-5", "run", story.later())]).await;
}

#[tokio::test]
async fn inv_6_an_offer_past_somebody_in_front() {
    let story = Story::in_memory().await;
    story
        .broke(
            "UPDATE booking SET priority = $1 WHERE id = $2",
            [true.into(), id(story.g)],
        )
        .await;
    story.names([("INV-6", "booking_event", event(story.d, 4))]).await;
}

#[tokio::test]
async fn inv_7_two_offers_in_one_round() {
    let story = Story::in_memory().await;
    story.history_can_change().await;
    story
        .broke(
            "UPDATE booking_event SET round = 3 WHERE booking = $1 AND n = 2",
            [id(story.d)],
        )
        .await;
    story.names([("INV-7", "booking_event", event(story.d, 4))]).await;
}

#[tokio::test]
async fn inv_8_a_history_with_a_gap() {
    let story = Story::in_memory().await;
    story.history_can_change().await;
    story
        .broke(
            "DELETE FROM booking_event WHERE booking = $1 AND n = 1",
            [id(story.a)],
        )
        .await;
    story.names([("INV-8", "booking_event", event(story.a, 2))]).await;
}

#[tokio::test]
async fn inv_8_an_event_that_could_not_happen_or_is_none() {
    for word in ["accept", "danced", "run_cancelled"] {
        let story = Story::in_memory().await;
        story.history_can_change().await;
        let sql = "UPDATE booking_event SET event = $1 WHERE booking = $2 AND n = 1";
        story.broke(sql, [word.into(), id(story.a)]).await;
        story.names([("INV-8", "booking_event", event(story.a, 1))]).await;
    }
}

#[tokio::test]
async fn inv_8_an_event_that_leads_elsewhere_than_it_says() {
    for column in ["from_state", "to_state"] {
        let story = Story::in_memory().await;
        story.history_can_change().await;
        let sql = format!("UPDATE booking_event SET {column} = 'lapsed' WHERE booking = $1 AND n = 2");
        story.broke(&sql, [id(story.a)]).await;
        story.names([("INV-8", "booking_event", event(story.a, 2))]).await;
    }
}

#[tokio::test]
async fn inv_8_a_state_that_the_history_does_not_give() {
    for sql in ["cancelled_by = 'team'", "asked_round = 2", "paused = true"] {
        let story = Story::in_memory().await;
        story
            .broke(&format!("UPDATE booking SET {sql} WHERE id = $1"), [id(story.a)])
            .await;
        story.names([("INV-8", "booking", booking(story.a))]).await;
    }
    let story = Story::in_memory().await;
    story.unchecked().await;
    story
        .broke(
            "UPDATE booking SET state = 'dreaming' WHERE id = $1",
            [id(story.a)],
        )
        .await;
    story.names([("INV-8", "booking", booking(story.a))]).await;
}

#[tokio::test]
async fn inv_9_two_bookings_of_a_person_on_one_run() {
    let story = Story::in_memory().await;
    story.unguarded("DROP INDEX booking_person_uq").await;
    story
        .broke(
            "UPDATE booking SET person = $1 WHERE id = $2",
            [story.a.person.0.into(), id(story.g)],
        )
        .await;
    story
        .names([story.a, story.g].map(|it| ("INV-9", "booking", booking(it))))
        .await;
}

#[tokio::test]
async fn inv_9_two_live_bookings_of_a_person_in_one_course() {
    let story = Story::in_memory().await;
    story.unguarded("DROP INDEX booking_one_live_uq").await;
    story
        .broke(
            "UPDATE booking SET person = $1 WHERE id = $2",
            [story.b.person.0.into(), id(story.g)],
        )
        .await;
    story
        .names([story.b, story.g].map(|it| ("INV-9", "booking", booking(it))))
        .await;
    let apart = "UPDATE booking SET person = $1, one_live_course = NULL WHERE id = $2";
    story.broke(apart, [story.g.person.0.into(), id(story.g)]).await;
    story.names([("INV-9", "booking", booking(story.g))]).await;
}

#[tokio::test]
async fn inv_10_an_entry_without_a_number_or_with_one_that_was_not_given() {
    for number in ["NULL", "99", "5"] {
        let story = Story::in_memory().await;
        story.unchecked().await;
        story
            .broke(
                &format!("UPDATE booking SET joined_seq = {number} WHERE id = $1"),
                [id(story.f)],
            )
            .await;
        story.names([("INV-10", "booking", booking(story.f))]).await;
    }
    let story = Story::in_memory().await;
    story
        .broke("UPDATE booking SET joined_seq = 77 WHERE id = $1", [id(story.a)])
        .await;
    story.names([("INV-10", "booking", booking(story.a))]).await;
}

#[tokio::test]
async fn inv_10_a_number_that_is_shared_or_out_of_order() {
    let story = Story::in_memory().await;
    story.unguarded("DROP INDEX booking_joined_seq_uq").await;
    story
        .broke("UPDATE booking SET joined_seq = 4 WHERE id = $1", [id(story.f)])
        .await;
    story
        .names([story.f, story.g].map(|it| ("INV-10", "booking", booking(it))))
        .await;
    story
        .broke("UPDATE booking SET joined_seq = 3 WHERE id = $1", [id(story.g)])
        .await;
    story.names([("INV-10", "booking", booking(story.g))]).await;
}

#[tokio::test]
async fn inv_11_a_deadline_missing_or_too_many() {
    let story = Story::in_memory().await;
    story.unchecked().await;
    story
        .broke("UPDATE booking SET until = NULL WHERE id = $1", [id(story.h)])
        .await;
    story
        .broke(
            "UPDATE booking SET until = $1 WHERE id = $2",
            [story.site.now.into(), id(story.b)],
        )
        .await;
    story
        .names([story.b, story.h].map(|it| ("INV-11", "booking", booking(it))))
        .await;
}

#[tokio::test]
async fn inv_12_somebody_live_in_a_run_that_was_called_off() {
    let story = Story::in_memory().await;
    let arrived = story.site.snapshot(story.site.later).await.bookings;
    let arrived = arrived.iter().find(|it| it.person == story.m.person).unwrap().id;
    let sql = "UPDATE run SET state = 'cancelled', cancel_reason = 'Ill' WHERE id = $1";
    story.broke(sql, [story.site.later.0.into()]).await;
    let live = |row: String| ("INV-12", "booking", row);
    let [m, b, h] = [
        live(arrived.to_string()),
        live(booking(story.b)),
        live(booking(story.h)),
    ];
    story.names([m, b, h, ("INV-5", "run", story.later())]).await;
}

#[tokio::test]
async fn inv_12_somebody_waiting_in_a_run_that_has_begun() {
    let story = Story::in_memory().await;
    let begun = |day, hour, minute| Value::from(utc(day, hour, minute));
    let day = date!(2027 - 05 - 20);
    let sql = "UPDATE session SET local_date = $1, starts_at = $2, ends_at = $3 WHERE id = $4";
    let values = [
        day.into(),
        begun(day, 9, 0),
        begun(day, 12, 15),
        story.sessions[0].0.into(),
    ];
    story.broke(sql, values).await;
    let [d, f, g] = [story.d, story.f, story.g].map(|it| ("INV-12", "booking", booking(it)));
    story
        .names([d, f, g, ("INV-5", "run", story.site.run.to_string())])
        .await;
}

#[tokio::test]
async fn inv_13_a_move_that_leads_round_to_others_or_nowhere() {
    let story = Story::in_memory().await;
    for to in [story.m.booking.0, story.b.booking.0, Uuid::new_v4()] {
        story
            .broke(
                "UPDATE booking SET moved_to = $1 WHERE id = $2",
                [to.into(), id(story.m)],
            )
            .await;
        story.names([("INV-13", "booking", booking(story.m))]).await;
    }
}

#[tokio::test]
async fn inv_18_a_session_whose_moments_are_not_its_local_times() {
    for (column, time) in [("local_start", time!(10:30)), ("local_end", time!(13:30))] {
        let story = Story::in_memory().await;
        let sql = format!("UPDATE session SET {column} = $1 WHERE id = $2");
        story.broke(&sql, [time.into(), story.sessions[3].0.into()]).await;
        story
            .names([("INV-18", "session", story.sessions[3].to_string())])
            .await;
    }
    let story = Story::in_memory().await;
    story.unchecked().await;
    let sql = "UPDATE session SET local_end = local_start, ends_at = starts_at WHERE id = $1";
    story.broke(sql, [story.sessions[3].0.into()]).await;
    story
        .names([("INV-18", "session", story.sessions[3].to_string())])
        .await;
}

#[tokio::test]
async fn inv_19_a_published_run_without_its_facilitators() {
    let story = Story::in_memory().await;
    let sql = "UPDATE facilitator SET confirmed_at = NULL WHERE run = $1 AND part = 'other'";
    story.broke(sql, [story.site.later.0.into()]).await;
    story.names([("INV-19", "run", story.later())]).await;
    let sql = "UPDATE run SET facilitators_override = 'One is ill' WHERE id = $1";
    story.broke(sql, [story.site.later.0.into()]).await;
    story.names([]).await;
}

#[tokio::test]
async fn a_row_that_cannot_be_read_is_a_finding_and_hides_no_other() {
    let story = Story::in_memory().await;
    let place = "SELECT id FROM place WHERE booking = $1 AND session = $2";
    let statement = sea_orm::Statement::from_sql_and_values(
        story.site.db.get_database_backend(),
        place,
        [id(story.e), story.sessions[0].0.into()],
    );
    let place: Uuid = story
        .site
        .db
        .query_one_raw(statement)
        .await
        .unwrap()
        .unwrap()
        .try_get("", "id")
        .unwrap();
    story
        .broke(
            "UPDATE place SET since_rev = 'often' WHERE id = $1",
            [place.into()],
        )
        .await;
    story
        .broke(
            "INSERT INTO setting (name, value) VALUES ($1, 'many')",
            ["offer_window".into()],
        )
        .await;
    story
        .broke(
            "UPDATE booking SET cancelled_by = 'team' WHERE id = $1",
            [id(story.a)],
        )
        .await;
    story.unguarded("PRAGMA foreign_keys = OFF").await;
    story.history_can_change().await;
    story
        .broke(
            "UPDATE booking_event SET round = 'x' WHERE booking = $1 AND n = 1",
            [id(story.b)],
        )
        .await;
    let wanted = [
        ("row", "place", place.to_string()),
        ("row", "setting", "offer_window".to_owned()),
        ("row", "booking_event", event(story.b, 1)),
        ("INV-2", "booking", booking(story.e)),
        ("INV-8", "booking", booking(story.a)),
        ("INV-8", "booking", booking(story.b)),
    ];
    story.names(wanted).await;
}

#[tokio::test]
async fn verify_asks_the_same_number_of_questions_whatever_there_is() {
    let mut site = Site::in_memory().await;
    let count = Arc::new(AtomicUsize::new(0));
    let counter = count.clone();
    site.db.set_metric_callback(move |_| {
        counter.fetch_add(1, Ordering::Relaxed);
    });
    let asked = async |site: &Site| {
        let before = count.load(Ordering::Relaxed);
        assert_eq!(verify(&site.db, Ts::new(site.now.get())).await.unwrap(), []);
        count.load(Ordering::Relaxed) - before
    };
    let few = asked(&site).await;
    for _ in 0..12 {
        site.booked(site.run).await;
    }
    for _ in 0..12 {
        site.waiting(site.run).await;
    }
    assert_eq!((few, asked(&site).await), (15, 15));
}
