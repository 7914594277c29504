//! Course dates: every state is said in words and has at most one button, and no page tells who booked.

use axum::http::StatusCode;
use booking::Change;
use tests::{PageView, TestApp, london};

/// What the page of all courses, the page of the course and that of the run say of the run's state.
async fn all_say(site: &TestApp, run: ids::RunId, words: &[&str]) -> PageView {
    let browser = site.browser();
    let page = browser.visit(&site.run_path(run).await).await;
    let (all, course) = (
        browser.visit("/courses").await,
        browser.visit("/courses/intro").await,
    );
    for word in words {
        all.must_say(word);
        course.must_say(word);
        page.must_say(word);
    }
    page
}

#[tokio::test]
async fn a_visitor_sees_where_dates_stand_from_their_announcement_to_their_end() {
    let site = TestApp::start_at(london("2026-12-20 10:00")).await;
    let empty = site.browser().visit("/courses").await;
    empty
        .must_say("There are no dates at the moment")
        .follow("Email me about new dates")
        .await
        .must_be(StatusCode::OK);
    let run = site.run_with_places(7).await;
    all_say(
        &site,
        run,
        &["Opens soon", "Booking opens on Monday 4 January 2027 at 9am."],
    )
    .await;
    site.clock_to("2027-05-11 14:00");
    let open = all_say(&site, run, &["Open", "places available", "Book a place"]).await;
    open.must_say("Book by Monday 7 June 2027 at midday")
        .must_say("within 24 hours");
    for at in 1..=7 {
        site.hold(run, "Sam Sorrel", &format!("sam{at}@example.org"))
            .await;
        match at {
            1 => all_say(&site, run, &["Open", "places available"]).await,
            6 => all_say(&site, run, &["A few places left", "1 place left"]).await,
            7 => all_say(&site, run, &["Full", "none left", "Join the waiting list"]).await,
            _ => {
                all_say(
                    &site,
                    run,
                    &["A few places left", &format!("{} places left", 7 - at)],
                )
                .await
            }
        };
    }
    site.browser()
        .visit("/")
        .await
        .must_say("All our dates are full at the moment.");
    site.clock_to("2027-06-07 12:00");
    all_say(&site, run, &["Closed", "Booking for these dates has closed."]).await;
    site.clock_to("2027-06-08 10:00");
    all_say(&site, run, &["Closed", "This course has started."]).await;
    site.clock_to("2027-06-15 13:15");
    let over = site.browser().visit(&site.run_path(run).await).await;
    over.must_say("Finished")
        .must_say("There are no other dates at the moment.");
    site.browser()
        .visit("/courses")
        .await
        .must_say("There are no dates at the moment");
}

#[tokio::test]
async fn cancelled_dates_say_why_and_lead_to_other_dates() {
    let site = TestApp::start().await;
    let run = site.run_with_places(12).await;
    site.run_on(12, &["2027-07-06", "2027-07-13"]).await;
    site.team(run, Change::CancelRun("The trainer is ill.".to_owned()))
        .await;
    let page = all_say(&site, run, &["Cancelled", "We are sorry."]).await;
    page.must_say("The trainer is ill.")
        .must_say("Tuesday 6 and Tuesday 13 July 2027");
    assert!(
        !page.says("Tuesday 8 and Tuesday 15 June 2027, 10am"),
        "{}",
        page.words()
    );
}

#[tokio::test]
async fn no_page_tells_who_booked_or_where_the_meeting_is() {
    let site = TestApp::start().await;
    let run = site.run_with_places(2).await;
    site.hold(run, "Sam Sorrel", "sam@example.org").await;
    site.hold(run, "Lee Larch", "lee@example.org").await;
    site.join(run, "Kim Larch", "kim@example.org").await;
    let run = site.run_path(run).await;
    for path in ["/", "/courses", "/courses/intro", &run] {
        let page = site.browser().visit(path).await;
        for secret in ["Sorrel", "Larch", "meet.example.org", "sam@example.org"] {
            assert!(!page.body.contains(secret), "{path} tells {secret}");
        }
    }
}

#[tokio::test]
async fn what_is_not_there_and_what_is_not_public_look_the_same() {
    let site = TestApp::start().await;
    site.run_with_places(12).await;
    let browser = site.browser();
    let nowhere = browser.visit("/courses/nowhere").await;
    nowhere.must_be(StatusCode::NOT_FOUND);
    for path in [
        "/courses/nowhere/8-june-2027",
        "/courses/intro/9-june-2027",
        "/equality/nowhere",
        "/nowhere",
    ] {
        let page = browser.visit(path).await;
        assert_eq!(
            (page.status, &page.body),
            (nowhere.status, &nowhere.body),
            "{path}"
        );
    }
}
