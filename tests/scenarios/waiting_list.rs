//! A freed place goes to whoever joined first, is never idle and never sold twice.

use axum::http::StatusCode;
use booking::Change;
use ids::RunId;
use tests::{Applicant, TestApp, london};

/// Run R, full, with D, E and F waiting in this order; the first of the booked people is A.
async fn full_run(site: &TestApp) -> (RunId, Applicant, [Applicant; 3]) {
    let run = site.run_with_places(2).await;
    let a = site.book(run, "Alex Ash", "a@example.org").await;
    site.book(run, "Bo Birch", "b@example.org").await;
    let d = site.join(run, "Dee Dogwood", "d@example.org").await;
    let e = site.join(run, "Eli Elm", "e@example.org").await;
    let f = site.join(run, "Fay Fir", "f@example.org").await;
    site.rounds().await;
    (run, a, [d, e, f])
}

/// Cancels a booking from the link in its mail.
async fn cancel(site: &TestApp, who: &Applicant) {
    let page = who.manage(site, "Your booking for").await;
    let question = page.follow("Cancel").await;
    let done = question
        .form("Continue")
        .choose("Yes, cancel my place")
        .submit()
        .await;
    assert!(done.status.is_success(), "{} {}", done.status, done.words());
    assert_eq!(site.state(who.booking).await, "cancelled");
}

/// Answers the newest offer.
async fn answer(site: &TestApp, who: &Applicant, choice: &str) {
    let page = who.follow_mail(site, "A place is free", "").await;
    let done = page.form("Send my answer").choose(choice).submit().await;
    assert!(done.status.is_success(), "{} {}", done.status, done.words());
}

async fn states(site: &TestApp, of: &[Applicant; 3]) -> [&'static str; 3] {
    [
        site.state(of[0].booking).await,
        site.state(of[1].booking).await,
        site.state(of[2].booking).await,
    ]
}

/// S3: X1, X2, then E declines and F accepts.
#[tokio::test]
async fn a_freed_place_is_offered_to_whoever_joined_first_and_then_to_the_next() {
    let site = TestApp::start().await;
    let (run, a, line) = full_run(&site).await;
    let [d, e, f] = &line;

    site.until("2027-05-25 10:00").await;
    cancel(&site, &a).await;
    site.rounds().await;
    assert_eq!(states(&site, &line).await, ["offered", "waiting", "waiting"]);
    let offer = d.mail(&site, "A place is free");
    assert!(offer.contains("Thursday 27 May 2027 at 10am"), "{offer}");

    site.until("2027-05-27 10:00").await;
    assert_eq!(states(&site, &line).await, ["waiting", "offered", "waiting"]);
    assert!(
        e.mail(&site, "A place is free")
            .contains("Tuesday 1 June 2027 at midday")
    );
    assert!(
        d.mail(&site, "You are still on the waiting list")
            .contains("still on the list")
    );

    site.until("2027-05-28 09:00").await;
    answer(&site, e, "No thank you, but keep me on the list").await;
    site.rounds().await;
    assert_eq!(states(&site, &line).await, ["waiting", "waiting", "offered"]);
    assert!(
        f.mail(&site, "A place is free")
            .contains("Tuesday 1 June 2027 at midday")
    );
    assert_eq!(site.snapshot(run).await.public_free(site.app.now()), 0);

    site.until("2027-06-01 11:00").await;
    answer(&site, f, "Yes, book it for me").await;
    site.rounds().await;
    assert_eq!(states(&site, &line).await, ["waiting", "waiting", "booked"]);
    let offers = site
        .count("SELECT COUNT(*) FROM outbox_mail WHERE kind = 'offer'")
        .await;
    let over = site
        .count("SELECT COUNT(*) FROM outbox_mail WHERE kind = 'offer_over'")
        .await;
    assert_eq!((offers, over), (3, 1));
    let queue = site.snapshot(run).await;
    assert_eq!(
        queue.booking(d.booking).and_then(|it| it.joined_seq),
        Some(1),
        "D keeps the number"
    );
    site.must_hold().await;
}

/// S5: robots press nothing, and people who press twice are booked once.
#[tokio::test]
async fn a_robot_that_opens_every_link_answers_nothing() {
    let site = TestApp::start().await;
    let (_, a, line) = full_run(&site).await;
    let d = &line[0];
    cancel(&site, &a).await;
    site.rounds().await;
    let offer = d.link(&site, "A place is free", "");
    for _ in 0..5 {
        d.browser.visit(&offer).await.must_be(StatusCode::OK);
        let answer = d.browser.once(axum::http::Method::HEAD, &offer, None).await;
        assert_eq!(answer.status, StatusCode::OK);
    }
    let empty = d
        .browser
        .visit(&offer)
        .await
        .form("Send my answer")
        .submit()
        .await;
    empty.must_be(StatusCode::UNPROCESSABLE_ENTITY);
    assert_eq!(site.state(d.booking).await, "offered");

    let form = d
        .browser
        .visit(&offer)
        .await
        .form("Send my answer")
        .choose("Yes, book it for me");
    let again = form.clone();
    assert!(form.submit().await.status.is_success());
    assert!(again.submit().await.status.is_success());
    site.rounds().await;
    assert_eq!(site.state(d.booking).await, "booked");
    assert_eq!(
        site.subjects("d@example.org")
            .iter()
            .filter(|it| it.starts_with("Your booking for"))
            .count(),
        1
    );
    site.must_hold().await;
}

/// S6 and X9: a hold that nobody confirms ends, and its place is offered in the same commit.
#[tokio::test]
async fn a_hold_that_nobody_confirms_goes_to_the_queue() {
    let site = TestApp::start_at(london("2027-05-27 14:59")).await;
    let run = site.run_with_places(2).await;
    site.book(run, "Alex Ash", "a@example.org").await;
    site.clock_to("2027-05-27 15:00");
    let g = site.hold(run, "Gil Gorse", "g@example.org").await;
    let d = site.join(run, "Dee Dogwood", "d@example.org").await;
    site.rounds().await;

    site.until("2027-05-28 08:00").await;
    assert!(g.mail(&site, "Reminder: please confirm").contains("3pm"));
    site.until("2027-05-28 14:00").await;
    assert_eq!(site.state(g.booking).await, "unconfirmed");
    site.until("2027-05-28 15:00").await;
    assert_eq!(site.state(g.booking).await, "lapsed");
    assert_eq!(site.state(d.booking).await, "offered");
    assert!(
        d.mail(&site, "A place is free")
            .contains("Tuesday 1 June 2027 at midday")
    );
    assert!(
        g.mail(&site, "Your booking was not confirmed")
            .contains("nothing wrong")
    );
    site.must_hold().await;
}

/// X7, B-42: close to the start nobody is offered a place by mail; the team phones, then releases.
#[tokio::test]
async fn close_to_the_start_the_team_phones_and_then_the_place_is_public() {
    let site = TestApp::start().await;
    let (run, a, line) = full_run(&site).await;
    site.until("2027-06-05 11:00").await;
    cancel(&site, &a).await;
    site.rounds().await;
    assert_eq!(states(&site, &line).await, ["waiting"; 3]);
    let tasks = "SELECT COUNT(*) FROM team_task WHERE kind = 'phone_list' AND state = 'open'";
    assert_eq!(site.count(tasks).await, 1);
    assert_eq!(site.snapshot(run).await.public_free(site.app.now()), 0);
    site.team(run, Change::Release).await;
    assert_eq!(site.snapshot(run).await.public_free(site.app.now()), 1);
    site.must_hold().await;
}

/// INV-1, on both engines: 200 people press at once for 12 places.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn two_hundred_people_press_at_once_for_twelve_places() {
    let site = TestApp::start().await;
    let run = site.run_with_places(12).await;
    let mut ready = Vec::new();
    for number in 0..200 {
        let browser = site.browser();
        let email = format!("p{number}@example.org");
        let check = site
            .answers(&browser, run, "book", &format!("Person {number}"), &email)
            .await;
        let form = check.form("Confirm my booking").choose("I am 18 or over");
        ready.push(form.choose("I will keep what others share private"));
    }
    let pressed = ready.into_iter().map(|form| tokio::spawn(form.submit()));
    let mut done = 0;
    let mut full = 0;
    for answer in pressed.collect::<Vec<_>>() {
        let page = answer.await.expect("an answer");
        if page.path.ends_with("/done") {
            done += 1;
        } else {
            page.must_be(StatusCode::CONFLICT)
                .must_say("Someone took the last place");
            full += 1;
        }
    }
    assert_eq!((done, full), (12, 188));
    let snapshot = site.snapshot(run).await;
    assert_eq!(snapshot.free_places(), 0);
    assert!(
        snapshot
            .sessions
            .iter()
            .all(|it| snapshot.places.iter().filter(|p| p.session == it.id).count() == 12)
    );
    assert_eq!(
        site.count("SELECT COUNT(*) FROM outbox_mail WHERE kind = 'confirm_email'")
            .await,
        12
    );
    site.must_hold().await;
}
