//! B-10, B-90: whoever has no email, or would rather be phoned or written to, books on the web too. The
//! place is held, no mail is written, and the team has one task.

use tests::{PageView, TestApp};
use web::Role;

/// The form up to the page of answers for somebody who wants to be reached in this way.
pub(crate) async fn asked_by(site: &TestApp, path: &str, way: &str) -> PageView {
    let first = site.browser().visit(&format!("{path}/book")).await;
    let contact = first
        .form("Continue")
        .fill("Full name", "Sam Sorrel")
        .submit()
        .await;
    let form = contact
        .form("Continue")
        .choose("I have no email")
        .fill("Phone number", "01632 960 001");
    let next = form.choose(way).submit().await;
    let support = if way == "By post" {
        let address = next
            .form("Continue")
            .fill("Postal address", "1 High Street\nAnytown\nAN1 1AA");
        address.submit().await
    } else {
        next
    };
    let check = support.form("Continue").submit().await;
    check.must_say("Check your answers").must_say("I have no email");
    check
}

/// Somebody whom the team books on the phone, and who has no email.
pub(crate) async fn booked_by_phone(site: &TestApp, name: &str) {
    let team = site.member(Role::Coordinator, "first@example.org").await.browser;
    let page = team.visit("/team/bookings/new").await;
    let form = page
        .form("Book")
        .with("channel", "phone")
        .choose("Introduction to peer support")
        .choose("A place");
    let form = form.fill("Full name", name).fill("Phone number", "01632 960 001");
    let form = form.choose("They have no email").with("prefers", "phone");
    let form = form
        .choose("They are 18 or over")
        .choose("They will keep what others share private");
    form.submit().await.must_say("Booked");
}

async fn holds_a_place(way: &str, says: &str) {
    let site = TestApp::start().await;
    let run = site.run_with_places(12).await;
    let check = asked_by(&site, &site.run_path(run).await, way).await;
    let form = check.agreed("Confirm my booking");
    let done = form.clone().submit().await;
    done.must_say("Your place is booked").must_say(says);
    assert!(!done.body.contains("/b/"), "T-27");
    form.submit().await.must_say("Your place is booked");

    site.until("2027-05-13 14:00").await;
    assert_eq!(
        site.count("SELECT COUNT(*) FROM booking WHERE state = 'unconfirmed'")
            .await,
        1
    );
    assert_eq!(site.snapshot(run).await.free_places(), 11);
    assert_eq!(
        site.count("SELECT COUNT(*) FROM outbox_mail").await,
        0,
        "no M01, no M02"
    );
    let tasks = "SELECT COUNT(*) FROM team_task t JOIN booking b ON b.id = t.about WHERE t.state = 'open'";
    let to_reach = format!("{tasks} AND t.kind = 'phone_or_letter'");
    assert_eq!((site.count(tasks).await, site.count(&to_reach).await), (1, 1));
    site.must_hold().await;
}

#[tokio::test]
async fn by_phone() {
    holds_a_place("By phone", "We will call you to confirm it").await;
}

#[tokio::test]
async fn by_post() {
    holds_a_place("By post", "We will write to you or call you to confirm it").await;
}

/// B-13: without an address it is the phone number that takes one place of each run.
#[tokio::test]
async fn a_phone_number_takes_one_place() {
    let site = TestApp::start().await;
    let run = site.run_with_places(12).await;
    let path = site.run_path(run).await;
    for _ in 0..2 {
        let check = asked_by(&site, &path, "By phone").await;
        check
            .agreed("Confirm my booking")
            .submit()
            .await
            .must_say("Your place is booked");
    }
    assert_eq!(site.snapshot(run).await.free_places(), 11);
    site.must_hold().await;
}
