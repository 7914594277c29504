//! What the team does about the waiting list: close to the start by phone, and with fewer places than people
//! (S4, S11).

use axum::http::StatusCode;
use ids::RunId;
use tests::{Applicant, Member, PageView, TestApp, london};
use web::Role;

async fn coordinator(site: &TestApp) -> Member {
    site.member(Role::Coordinator, "team@example.org").await
}

/// Cancels a booking from the link in its mail.
async fn cancel(site: &TestApp, who: &Applicant) {
    let page = who.manage(site, "Your booking for").await;
    let question = page.follow("Cancel").await;
    let form = question.form("Continue").choose("Yes, cancel my place");
    form.submit().await;
    assert_eq!(site.state(who.booking).await, "cancelled");
}

async fn offers(site: &TestApp) -> i64 {
    site.count("SELECT COUNT(*) FROM outbox_mail WHERE kind = 'offer'")
        .await
}

async fn calls(site: &TestApp) -> i64 {
    site.count("SELECT COUNT(*) FROM team_task WHERE kind = 'phone_list' AND state = 'open'")
        .await
}

/// S4: a run on Monday 7 June at 10:00 is full, and D waits. Somebody cancels on Friday 4 June at 16:50,
/// 65 hours and 10 minutes before: no M06, one task to phone down the list, no place on the web. Staff book
/// D: booked.
#[tokio::test]
async fn close_to_the_start_a_freed_place_goes_by_phone() {
    let site = TestApp::start().await;
    // Open for booking to the last, so that a full course is all that a visitor meets.
    let closes = london("2027-06-07 09:00");
    let days = ["2027-06-07", "2027-06-14"];
    let run = site.run_like(2, &days, |it| it.closes_at = Some(closes)).await;
    let a = site.book(run, "Alex Ash", "a@example.org").await;
    site.book(run, "Bo Birch", "b@example.org").await;
    let d = site.join(run, "Dee Dogwood", "d@example.org").await;
    site.rounds().await;
    site.until("2027-06-04 16:50").await;
    cancel(&site, &a).await;
    site.rounds().await;
    assert_eq!((offers(&site).await, calls(&site).await), (0, 1));
    assert_eq!(site.snapshot(run).await.free_places(), 1);
    let web = site
        .browser()
        .visit(&format!("{}/book", site.run_path(run).await))
        .await;
    web.must_say("full");
    assert_eq!(site.snapshot(run).await.public_free(site.app.now()), 0);

    let member = coordinator(&site).await;
    let list = member.browser.visit("/team/tasks").await;
    let task = list.follow("Call the people on the waiting list").await;
    task.must_say("it is too late to offer it by email");
    let waiting = member.browser.visit(&format!("/team/runs/{run}/waiting")).await;
    waiting.must_say("Dee Dogwood").must_say("Offers go by phone now");
    let booked = waiting.form("They said yes: book the place").submit().await;
    booked.must_be(StatusCode::OK);
    assert_eq!(site.state(d.booking).await, "booked");
    site.rounds().await;
    assert_eq!((offers(&site).await, calls(&site).await), (0, 0));
    d.mail(&site, "Your booking for");
    site.must_hold().await;
}

async fn with_places(member: &Member, run: RunId, places: &str) -> PageView {
    let edit = member.browser.visit(&format!("/team/runs/{run}/edit")).await;
    edit.form("Save").fill("Places", places).submit().await
}

/// S11, of X8: 10 are booked, the places go from 12 to 8, D and E join, and 3 cancel in turn: no offer at 9
/// and 8, at 7 one, to D. The page says "over by 2", "over by 1", 8 of 8; nobody is removed.
#[tokio::test]
async fn fewer_places_than_people_remove_nobody_and_offer_nothing_until_one_is_free() {
    let site = TestApp::start().await;
    let run = site.run_with_places(12).await;
    let mut booked = Vec::new();
    for number in 0..10 {
        let (name, email) = (format!("Person {number}"), format!("p{number}@example.org"));
        booked.push(site.book(run, &name, &email).await);
    }
    site.rounds().await;
    let member = coordinator(&site).await;
    with_places(&member, run, "8")
        .await
        .must_say("10 of 8, over by 2 taken");
    let d = site.join(run, "Dee Dogwood", "d@example.org").await;
    let e = site.join(run, "Eli Elm", "e@example.org").await;
    let holding = "SELECT COUNT(*) FROM booking WHERE state IN ('booked', 'offered', 'unconfirmed')";
    assert_eq!(site.count(holding).await, 10, "nobody is removed");
    let page = format!("/team/runs/{run}");
    for (at, says) in [(0, "9 of 8, over by 1 taken"), (1, "8 of 8 taken")] {
        cancel(&site, &booked[at]).await;
        site.rounds().await;
        member.browser.visit(&page).await.must_say(says);
        assert_eq!(offers(&site).await, 0);
    }
    cancel(&site, &booked[2]).await;
    site.rounds().await;
    assert_eq!(offers(&site).await, 1);
    assert_eq!(site.state(d.booking).await, "offered");
    assert_eq!(site.state(e.booking).await, "waiting");
    member.browser.visit(&page).await.must_say("8 of 8 taken");
    let cancelled = "SELECT COUNT(*) FROM booking WHERE state = 'cancelled' AND cancelled_by <> 'person'";
    assert_eq!(site.count(cancelled).await, 0);
    site.must_hold().await;
}
