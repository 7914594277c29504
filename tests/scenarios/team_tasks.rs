//! Calls that the team makes, and what they note about them (B-90, B-91); the first one about a hold that
//! no mail tells starts its clock (section 3 of the booking rules).

use axum::http::StatusCode;
use tests::{Browser, PageView, TestApp};
use time::Duration;
use web::Role;

use crate::without_email::asked_by;

/// A hold of somebody who has no email, and somebody of the team in front of the task about it.
async fn in_front_of_a_task(site: &TestApp) -> (Browser, PageView) {
    let run = site.run_with_places(12).await;
    let check = asked_by(site, &site.run_path(run).await, "By phone").await;
    check.agreed("Confirm my booking").submit().await;
    let browser = site.member(Role::Coordinator, "team@example.org").await.browser;
    let list = browser.visit("/team/tasks").await;
    assert_eq!(list.heading(), "1 open task");
    list.must_say("Sam Sorrel").must_say("01632 960 001");
    let task = list.follow("Tell them by phone or letter").await;
    task.must_say("Ask whether it was they who booked");
    (browser, task)
}

async fn clocks(site: &TestApp) -> i64 {
    site.count("SELECT COUNT(*) FROM booking WHERE clock_from IS NOT NULL")
        .await
}

#[tokio::test]
async fn the_first_call_starts_the_clock_of_a_hold_that_no_mail_tells() {
    let site = TestApp::start().await;
    let (browser, task) = in_front_of_a_task(&site).await;
    site.until("2027-05-14 14:00").await;
    let held = "SELECT COUNT(*) FROM booking WHERE state = 'unconfirmed'";
    assert_eq!((clocks(&site).await, site.count(held).await), (0, 1));
    let browser = {
        // Whoever was away for days logs in anew; the same person's browser goes on here.
        let _ = browser;
        site.member(Role::Coordinator, "other@example.org").await.browser
    };
    let task = browser.visit(&task.path).await;
    let form = task.form("Save").choose("No answer").choose("No, keep it open");
    let again = form.clone().submit().await;
    again.must_say("Nobody answered so far: 1 time.");
    form.submit().await.must_say("Nobody answered so far: 1 time.");
    assert_eq!((clocks(&site).await, site.count(held).await), (1, 1));
    let form = again
        .form("Save")
        .choose("Left a message")
        .choose("No, keep it open");
    form.fill("Note", "Rings in the evening.")
        .submit()
        .await
        .must_say("Rings in the evening.");
    site.until("2027-05-15 15:00").await;
    assert_eq!(
        site.count(held).await,
        0,
        "24 hours after the first call it is over"
    );
    site.must_hold().await;
}

/// B-90
#[tokio::test]
async fn a_letter_says_what_the_mail_would_have_said() {
    let site = TestApp::start().await;
    let (_, task) = in_front_of_a_task(&site).await;
    let letter = task.follow("Write a letter instead").await;
    assert_eq!(letter.heading(), "Letter to Sam Sorrel");
    letter
        .must_say("Dear Sam,")
        .must_say("You have a place on Tuesday 8 and Tuesday 15 June 2027.");
    letter.must_say("01632 960000");
}

#[tokio::test]
async fn a_task_is_closed_when_nothing_is_left_to_do() {
    let site = TestApp::start().await;
    let (browser, task) = in_front_of_a_task(&site).await;
    let bare = task.form("Save").submit().await;
    bare.must_be(StatusCode::UNPROCESSABLE_ENTITY)
        .must_say("Choose whether the task is done");
    let long = task
        .form("Save")
        .choose("Reached")
        .choose("Yes, nothing is left to do");
    let long = long.fill("Note", &"x".repeat(281)).submit().await;
    long.must_be(StatusCode::UNPROCESSABLE_ENTITY)
        .must_say("280 characters or fewer");
    assert_eq!(site.count("SELECT COUNT(*) FROM task_outcome").await, 0);
    let form = task
        .form("Save")
        .choose("Reached")
        .choose("Yes, nothing is left to do");
    let list = form.submit().await;
    assert_eq!(
        (list.heading().as_str(), list.path.as_str()),
        ("No open tasks", "/team/tasks")
    );
    browser.visit(&task.path).await.must_say("This task has ended");
    site.must_hold().await;
}

/// T-02
#[tokio::test]
async fn of_a_concern_only_that_it_was_passed_on_is_kept() {
    let site = TestApp::start().await;
    let (_, task) = in_front_of_a_task(&site).await;
    let form = task
        .form("Save")
        .choose("A concern was passed on")
        .choose("No, keep it open");
    let noted = form.fill("Note", "words that must not stay").submit().await;
    noted.must_say("A concern was passed on");
    assert!(!noted.body.contains("must not stay"));
    let kept = "SELECT COUNT(*) FROM task_outcome WHERE note IS NOT NULL";
    let task = "SELECT COUNT(*) FROM team_task WHERE note IS NOT NULL";
    assert_eq!((site.count(kept).await, site.count(task).await), (0, 0));
}

/// T-08
#[tokio::test]
async fn nobody_notes_what_came_of_a_task_about_themselves() {
    let site = TestApp::start().await;
    let (browser, task) = in_front_of_a_task(&site).await;
    site.execute(
        "UPDATE person SET email = 'team@example.org' WHERE full_name = 'Sam Sorrel' AND phone IS NOT NULL",
    )
    .await;
    let page = browser.visit(&task.path).await;
    page.must_say("This is about you");
    let fields = [("outcome", "reached"), ("done", "yes")];
    browser
        .post(&task.path, &fields)
        .await
        .must_be(StatusCode::NOT_FOUND);
    assert_eq!(site.count("SELECT COUNT(*) FROM task_outcome").await, 0);
}

#[tokio::test]
async fn the_first_page_shows_what_waits() {
    let site = TestApp::start().await;
    let (browser, _) = in_front_of_a_task(&site).await;
    let page = browser.visit("/team").await;
    page.must_say("Open tasks: 1")
        .must_say("Bookings that are not confirmed: 1");
    page.must_say("Sam Sorrel")
        .must_say("01632 960 001")
        .must_say("No course meets");
    site.app.clock().advance(Duration::days(20));
    let browser = site.member(Role::Lead, "lead@example.org").await.browser;
    browser.visit("/team").await.must_say("day 1");
}
