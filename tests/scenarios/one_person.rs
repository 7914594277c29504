//! One person, several bookings: who counts as the same, which booking stands in the way of another, and
//! what a mailbox learns that the page does not tell (B-13, B-20, B-25, B-26, T-36).

use axum::http::StatusCode;
use ids::RunId;
use tests::{PageView, TestApp};

async fn send(site: &TestApp, run: RunId, name: &str, email: &str) -> PageView {
    let check = site.answers(&site.browser(), run, "book", name, email).await;
    let form = check.form("Confirm my booking").choose("I am 18 or over");
    form.choose("I will keep what others share private")
        .submit()
        .await
}

/// Somebody without an address, up to the last page.
async fn send_by_phone(site: &TestApp, run: RunId, name: &str, phone: &str) -> PageView {
    let first = site
        .browser()
        .visit(&format!("{}/book", site.run_path(run).await))
        .await;
    let contact = first.form("Continue").fill("Full name", name).submit().await;
    let form = contact
        .form("Continue")
        .choose("I have no email")
        .fill("Phone number", phone);
    let support = form.choose("By phone").submit().await;
    let check = support.form("Continue").submit().await;
    let form = check.form("Confirm my booking").choose("I am 18 or over");
    form.choose("I will keep what others share private")
        .submit()
        .await
}

/// A course that is over stands in nobody's way: whoever missed it, or liked it, books again.
#[tokio::test]
async fn whoever_came_or_missed_it_can_book_again() {
    let site = TestApp::start().await;
    let june = site.run_with_places(12).await;
    let later = site.run_on(12, &["2027-09-07", "2027-09-14"]).await;
    let before = site.book(june, "Sam Sorrel", "sam@example.org").await;
    site.until("2027-06-15 14:00").await;
    let again = site.book(later, "Sam Sorrel", "sam@example.org").await;
    assert_eq!(site.state(before.booking).await, "booked");
    assert_eq!(site.state(again.booking).await, "booked");
    site.must_hold().await;
}

/// Guard 4: dates that one can no longer leave by oneself are not given up by choosing others.
#[tokio::test]
async fn close_to_the_start_the_older_booking_stays() {
    let site = TestApp::start().await;
    let june = site.run_with_places(12).await;
    let later = site.run_on(12, &["2027-09-07", "2027-09-14"]).await;
    let before = site.book(june, "Sam Sorrel", "sam@example.org").await;
    site.until("2027-06-07 13:00").await;
    let again = site.hold(later, "Sam Sorrel", "sam@example.org").await;
    site.rounds().await;
    let page = again
        .follow_mail(&site, "Please confirm your email", "/confirm")
        .await;
    let choice = page
        .form("Continue")
        .choose("Yes, I made this booking")
        .submit()
        .await;
    choice
        .must_say("Which booking do you want to keep?")
        .must_say("call us");
    assert!(!choice.body.contains("value=\"new\""), "{}", choice.words());
    let done = choice
        .form("Continue")
        .choose("Keep Tuesday 8 and Tuesday 15 June 2027")
        .submit()
        .await;
    assert!(done.status.is_success());
    assert_eq!(
        (site.state(before.booking).await, site.state(again.booking).await),
        ("booked", "cancelled")
    );
    site.must_hold().await;
}

/// Two people who share a phone are two people; one who presses again is one.
#[tokio::test]
async fn people_who_share_a_phone_are_told_apart_by_their_names() {
    let site = TestApp::start().await;
    let run = site.run_with_places(12).await;
    for name in ["Sam Sorrel", "Robin Rowan", "sam  SORREL"] {
        let done = send_by_phone(&site, run, name, "01632 960123").await;
        done.must_be(StatusCode::OK).must_say("Your place is booked");
    }
    assert_eq!(site.count("SELECT COUNT(*) FROM booking").await, 2);
    assert_eq!(site.snapshot(run).await.free_places(), 10);
    site.must_hold().await;
}

/// The page says the same to all; the mailbox hears that no second place was taken, and what there is.
#[tokio::test]
async fn a_mailbox_that_is_used_again_hears_how_it_stands() {
    let site = TestApp::start().await;
    let run = site.run_with_places(12).await;
    let sam = site.book(run, "Sam Sorrel", "sam@example.org").await;
    for _ in 0..7 {
        send(&site, run, "Robin Rowan", "sam@example.org")
            .await
            .must_be(StatusCode::OK)
            .must_say("Your place is booked");
    }
    site.rounds().await;
    let mail = sam.mail(&site, "Your booking links");
    for words in [
        "Someone booked Tuesday 8 and Tuesday 15 June 2027 with this address",
        "we did not take a second place",
        "Booked",
        "use an address of their own",
    ] {
        assert!(mail.contains(words), "{words}: {mail}");
    }
    let links = |all: Vec<String>| all.iter().filter(|it| *it == "Your booking links").count();
    assert_eq!(
        links(site.subjects("sam@example.org")),
        5,
        "nobody's mailbox is filled (T-33)"
    );
    site.must_hold().await;
}

/// S6(a): somebody whose address was mistyped phones; the team puts it right and confirms for them.
#[tokio::test]
async fn staff_correct_an_address_and_confirm() {
    let site = TestApp::start_at(tests::london("2027-05-27 15:00")).await;
    let run = site.run_with_places(12).await;
    let gil = site.hold(run, "Gil Gorse", "gill@example.org").await;
    site.until("2027-05-28 11:00").await;
    assert_eq!(
        site.subjects("gill@example.org"),
        ["Please confirm your email", "Reminder: please confirm"]
    );
    let old = gil.link(&site, "Please confirm your email", "");
    site.app
        .correct_address(gil.booking, "gil@example.org")
        .await
        .expect("corrected");
    site.until("2027-05-28 16:00").await;
    assert_eq!(site.state(gil.booking).await, "booked");
    gil.browser.visit(&old).await.must_be(StatusCode::NOT_FOUND);
    assert_eq!(
        site.subjects("gil@example.org"),
        ["Your booking for Tuesday 8 June"]
    );
    assert_eq!(site.subjects("gill@example.org").len(), 2);
    site.must_hold().await;
}
