//! Whoever missed a day catches it up on other dates: a place on that day alone, which they hear of, find on
//! their page, and give back when their own booking ends (B-70, B-71, S10).

use axum::http::StatusCode;
use booking::attendance::outcome::{self, Outcome};
use booking::{Change, calendar};
use ids::{BookingId, RunId, SessionId};
use tests::{Applicant, Member, PageView, TestApp};
use web::Role;

use crate::certificates::{go_to, mark};

/// Run R on 8 and 15 June 2027, dates P and Q after it, and people of R who attended day 1 alone.
struct Missed {
    site: TestApp,
    team: Member,
    run: RunId,
    p: RunId,
    q: RunId,
    people: Vec<Applicant>,
}

impl Missed {
    /// With so many people booked on P and on Q, which have 12 places each, or as many as are given.
    async fn of(names: &[&str], (on_p, on_q): (usize, usize), capacity: i32) -> Self {
        let site = TestApp::start().await;
        let run = site.run_with_places(12).await;
        let p = site.run_on(capacity, &["2027-07-06", "2027-07-13"]).await;
        let q = site.run_on(capacity, &["2027-09-07", "2027-09-14"]).await;
        let mut people = Vec::new();
        for (at, name) in names.iter().enumerate() {
            people.push(site.book(run, name, &format!("person{at}@example.com")).await);
        }
        for (of, run, count) in [("p", p, on_p), ("q", q, on_q)] {
            for at in 0..count {
                let name = format!("Other{at} Example");
                site.book(run, &name, &format!("other{at}-{of}@example.com"))
                    .await;
            }
        }
        site.clock_to("2027-06-08 09:50");
        site.rounds().await;
        let team = site.member(Role::Coordinator, "team@example.org").await;
        let missed = Self {
            site,
            team,
            run,
            p,
            q,
            people,
        };
        missed.go("2027-06-08 14:00").await;
        for at in 0..names.len() {
            missed.mark(at, 1, "Left early", "175").await;
        }
        missed.go("2027-06-15 14:00").await;
        for at in 0..names.len() {
            missed.mark(at, 2, "Not here", "").await;
        }
        missed
    }

    async fn go(&self, moment: &str) {
        go_to(&self.site, &self.team, moment).await;
    }

    async fn mark(&self, who: usize, day: usize, code: &str, minutes: &str) {
        let (booking, said) = (self.people[who].booking, (minutes, ""));
        let page = mark(&self.site, &self.team, (self.run, day), booking, code, said).await;
        page.must_be(StatusCode::OK);
    }

    async fn path(&self, who: usize) -> String {
        let found = booking::bookings::find(self.site.db(), self.people[who].booking).await;
        let reference = found.expect("readable").expect("a booking").reference;
        format!("/team/bookings/{}", reference.replace(' ', "-"))
    }

    /// The page on which the team arranges it.
    async fn page(&self, who: usize) -> PageView {
        let booking = self.team.browser.visit(&self.path(who).await).await;
        booking.follow("Catch up a missed day").await
    }

    /// Day 2 of these dates is chosen for somebody, possible or not.
    async fn try_on(&self, who: usize, run: RunId) -> PageView {
        let fields = [
            ("answer", self.session(run, 2).await.to_string()),
            ("channel", "phone".to_owned()),
        ];
        let fields: Vec<(&str, &str)> = fields.iter().map(|(a, b)| (*a, b.as_str())).collect();
        self.team
            .browser
            .post(&format!("{}/catch-up", self.path(who).await), &fields)
            .await
    }

    async fn session(&self, run: RunId, day: usize) -> SessionId {
        let dates = calendar::run_dates(self.site.db(), run)
            .await
            .expect("readable")
            .expect("a run");
        dates.sessions[day - 1].id
    }

    /// How many places are taken on each day.
    async fn taken(&self, run: RunId) -> [usize; 2] {
        let snapshot = self.site.snapshot(run).await;
        [0, 1].map(|day| {
            let session = snapshot.sessions[day].id;
            snapshot.places.iter().filter(|it| it.session == session).count()
        })
    }

    /// The subject and the methods of the newest mail to somebody.
    fn newest(&self, who: usize) -> (String, Vec<String>) {
        let sent = self.site.mailer.sent();
        let newest = sent
            .iter()
            .rev()
            .find(|it| it.to == self.people[who].email)
            .expect("a mail")
            .read();
        let methods = newest
            .calendars
            .iter()
            .map(|(method, _)| method.clone())
            .collect();
        (newest.subject().to_owned(), methods)
    }

    async fn outcome(&self, who: usize) -> Option<Outcome> {
        let of = self.people[who].booking;
        outcome::of_booking(self.site.db(), of).await.expect("readable")
    }
}

/// S10: 175 minutes on 8 June, absent on 15 June; P is full on day 2, Q has 11 of 12.
#[tokio::test]
async fn a_missed_day_is_caught_up_on_other_dates_and_completes_the_course() {
    let it = Missed::of(&["Jo Before", "Ida Sorrel"], (11, 11), 12).await;
    let (before, ida) = (0, 1);
    it.try_on(before, it.p).await.must_be(StatusCode::OK);
    assert_eq!(it.taken(it.p).await, [11, 12], "day 2 of P is full, day 1 is not");
    assert_eq!(it.outcome(ida).await, Some(Outcome::PartAttended));
    let page = it.page(ida).await;
    page.must_say(
        "They missed day 2, Tuesday 15 June 2027. They can catch it up until Wednesday 15 December 2027.",
    )
    .must_say("There is no free place on that day.");
    let refused = it.try_on(ida, it.p).await;
    refused
        .must_be(StatusCode::CONFLICT)
        .must_say("There is no free place on that day.");
    assert_eq!(it.taken(it.p).await, [11, 12]);
    let unsaid = page.form("Continue").submit().await;
    unsaid
        .must_be(StatusCode::UNPROCESSABLE_ENTITY)
        .must_say("Choose one answer");
    let chosen = page
        .form("Continue")
        .choose("Day 2, Tuesday 14 September 2027")
        .choose("By phone");
    let done = chosen.submit().await;
    done.must_say("They come to catch up: day 2, Tuesday 14 September 2027");
    assert_eq!(
        it.taken(it.q).await,
        [11, 12],
        "Q: session 2 has 12, session 1 has 11"
    );
    it.site.rounds().await;
    assert_eq!(
        it.newest(ida),
        ("Your catch-up date".to_owned(), vec!["REQUEST".to_owned()])
    );
    // The person finds it on their page, and their joining page is that of Q on that day.
    let booking = it.people[ida].manage(&it.site, "Your catch-up date").await;
    booking
        .must_say("You catch up on this day")
        .must_say("Tuesday 14 September 2027, 10am to 1:15pm");
    let file = booking.follow("Put the dates in your calendar").await;
    assert_eq!(file.body.matches("BEGIN:VEVENT").count(), 3);
    it.site.must_hold().await;
    it.go("2027-09-14 09:45").await;
    let booking = it.people[ida].manage(&it.site, "Your catch-up date").await;
    booking
        .follow("See how to join")
        .await
        .must_say("Tuesday 14 September 2027");
    it.go("2027-09-14 14:00").await;
    let register = format!("/sessions/{}/register", it.session(it.q, 2).await);
    let register = it.team.browser.visit(&register).await;
    register.must_say("Ida").must_say("Comes to catch up on this day");
    let marked = mark(
        &it.site,
        &it.team,
        (it.q, 2),
        it.people[ida].booking,
        "Here",
        ("", ""),
    )
    .await;
    marked.must_be(StatusCode::OK);
    assert_eq!(it.outcome(ida).await, Some(Outcome::Completed));
    it.site.rounds().await;
    let page = it.people[ida]
        .follow_mail(&it.site, "Thank you for coming", "/certificate")
        .await;
    let form = page
        .form("Make my certificate")
        .fill("Your name on the certificate", "Ida Sorrel");
    form.submit()
        .await
        .must_say("Day 1: Tuesday 8 June 2027")
        .must_say("Day 2: Tuesday 14 September 2027");
    it.site.must_hold().await;
}

/// B-71: a place that is free on all days belongs to whoever waits.
#[tokio::test]
async fn a_free_place_is_for_whoever_waits_first() {
    let it = Missed::of(&["Ida Sorrel"], (1, 1), 1).await;
    let waits = it.site.join(it.q, "Wes Waits", "wes@example.com").await;
    it.try_on(0, it.q)
        .await
        .must_be(StatusCode::CONFLICT)
        .must_say("no free place");
    // Somebody gives a place up while offers are stopped: it is free, and Wes could be asked.
    it.site.team(it.q, Change::PauseOffers(true)).await;
    it.site.team(it.q, Change::SetCapacity(2)).await;
    let refused = it.try_on(0, it.q).await;
    refused
        .must_be(StatusCode::CONFLICT)
        .must_say("waiting list can be offered the free place first");
    assert_eq!(it.taken(it.q).await, [1, 1]);
    // Once they were asked, it is not.
    it.site.team(it.q, Change::NoteAsked(waits.booking)).await;
    it.try_on(0, it.q).await.must_be(StatusCode::OK);
    assert_eq!(it.taken(it.q).await, [1, 2]);
    it.site.must_hold().await;
}

/// B-70: two attempts, one at a time; what was called off is none.
#[tokio::test]
async fn somebody_tries_twice_and_calls_off_as_often_as_they_like() {
    let it = Missed::of(&["Ida Sorrel"], (0, 0), 12).await;
    it.try_on(0, it.p).await.must_be(StatusCode::OK);
    let again = it.try_on(0, it.q).await;
    again.must_be(StatusCode::UNPROCESSABLE_ENTITY);
    let page = it.page(0).await;
    page.form("Continue")
        .choose("Call off day 2")
        .choose("By phone")
        .submit()
        .await
        .must_be(StatusCode::OK);
    assert_eq!(it.taken(it.p).await, [0, 0]);
    it.site.rounds().await;
    assert_eq!(it.newest(0).0, "Your catch-up date");
    // The same day once more, and it is missed again; then another, and that is the last.
    it.try_on(0, it.p).await.must_be(StatusCode::OK);
    it.site.must_hold().await;
    it.go("2027-07-13 14:00").await;
    let missed = |run| {
        mark(
            &it.site,
            &it.team,
            (run, 2),
            it.people[0].booking,
            "Not here",
            ("", ""),
        )
    };
    missed(it.p).await.must_be(StatusCode::OK);
    it.try_on(0, it.q).await.must_be(StatusCode::OK);
    it.go("2027-09-14 14:00").await;
    missed(it.q).await.must_be(StatusCode::OK);
    let later = it.site.run_on(12, &["2027-10-05", "2027-10-12"]).await;
    it.try_on(0, later)
        .await
        .must_be(StatusCode::CONFLICT)
        .must_say("tried as often as one can");
    it.site.must_hold().await;
}

/// INV-3, INV-16: it ends with the booking, and with the dates on which it would have been.
#[tokio::test]
async fn a_catch_up_ends_with_the_booking_and_with_its_dates() {
    let site = TestApp::start().await;
    let run = site.run_with_places(12).await;
    let p = site.run_on(1, &["2027-07-06", "2027-07-13"]).await;
    let people = [
        site.book(run, "Ida Sorrel", "person0@example.com").await,
        site.book(run, "Jo Sorrel", "person1@example.com").await,
    ];
    site.clock_to("2027-06-08 09:50");
    site.rounds().await;
    let team = site.member(Role::Coordinator, "team@example.org").await;
    let it = Missed {
        q: p,
        site,
        team,
        run,
        p,
        people: people.to_vec(),
    };
    it.go("2027-06-08 14:00").await;
    for who in [0, 1] {
        it.mark(who, 1, "Not here", "").await;
    }
    let try_day_1 = async |who: usize| {
        let fields = [
            ("answer", it.session(p, 1).await.to_string()),
            ("channel", "phone".to_owned()),
        ];
        let fields: Vec<(&str, &str)> = fields.iter().map(|(a, b)| (*a, b.as_str())).collect();
        it.team
            .browser
            .post(&format!("{}/catch-up", it.path(who).await), &fields)
            .await
    };
    try_day_1(0).await.must_be(StatusCode::OK);
    assert_eq!(it.taken(p).await, [1, 0]);
    it.site.rounds().await;
    // Somebody waits for the place on both days, and gets it when the booking that held one of them moves.
    let waits = it.site.join(p, "Wes Waits", "wes@example.com").await;
    assert_eq!(it.site.state(waits.booking).await, "waiting");
    let other = it.site.run_on(12, &["2027-08-03", "2027-08-10"]).await;
    let page = it.team.browser.visit(&format!("{}/move", it.path(0).await)).await;
    let slug = it
        .site
        .run_path(other)
        .await
        .rsplit('/')
        .next()
        .expect("a name")
        .to_owned();
    let form = page.form("Continue").with("answer", &slug).choose("By phone");
    form.submit().await.must_say("moved");
    it.site.rounds().await;
    assert_eq!(it.site.state(waits.booking).await, "offered");
    let sent = it.site.mailer.sent();
    let words = |text: &str| text.split_whitespace().collect::<Vec<_>>().join(" ");
    let mut mails = sent.iter().map(web::Sent::read);
    let ended = mails.find(|it| words(&it.text).contains("That day is off"));
    let methods: Vec<String> = ended
        .expect("M22")
        .calendars
        .into_iter()
        .map(|(method, _)| method)
        .collect();
    assert_eq!(methods, ["CANCEL"]);
    it.site.must_hold().await;
    // The dates themselves are called off.
    it.site.team(p, Change::SetCapacity(3)).await;
    try_day_1(1).await.must_be(StatusCode::OK);
    it.site.rounds().await;
    it.site
        .team(p, Change::CancelRun("The hall is closed.".to_owned()))
        .await;
    it.site.rounds().await;
    assert_eq!(it.taken(p).await, [0, 0]);
    assert_eq!(
        it.newest(1),
        ("Your catch-up date".to_owned(), vec!["CANCEL".to_owned()])
    );
    it.site.must_hold().await;
}

/// T-08
#[tokio::test]
async fn nobody_arranges_their_own_catch_up_as_staff() {
    let it = Missed::of(&["Ida Sorrel"], (0, 0), 12).await;
    let sql = "UPDATE person SET email = 'team@example.org' WHERE email = 'person0@example.com'";
    it.site.execute(sql).await;
    it.try_on(0, it.p).await.must_be(StatusCode::NOT_FOUND);
    assert_eq!(it.taken(it.p).await, [0, 0]);
}

/// Two at once for the last place: one has it.
#[tokio::test(flavor = "multi_thread")]
async fn of_two_who_catch_up_at_once_one_has_the_last_place() {
    let it = Missed::of(&["Ida Sorrel", "Jo Sorrel"], (0, 0), 1).await;
    let target = it.session(it.p, 2).await;
    let cause = booking::Cause::system();
    let one = |booking: BookingId| {
        let (app, cause) = (it.site.app.clone(), cause.clone());
        tokio::spawn(async move {
            let cause = &cause;
            app.change(|work| async move { work.catch_up(booking, target, cause).await })
                .await
        })
    };
    let (first, second) = (one(it.people[0].booking), one(it.people[1].booking));
    let done = [first.await.expect("ended"), second.await.expect("ended")];
    assert_eq!(done.iter().filter(|it| it.is_ok()).count(), 1, "{done:?}");
    assert_eq!(it.taken(it.p).await, [0, 1]);
    it.site.must_hold().await;
}
