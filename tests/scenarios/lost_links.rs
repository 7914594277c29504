//! "I lost my mail": the same answer for everybody, and mail only where there is something to tell (T-36).

use axum::http::StatusCode;
use tests::{Browser, PageView, TestApp};

async fn ask(browser: &Browser, email: &str) -> PageView {
    let form = browser.visit("/bookings/find").await.form("Send me the links");
    form.fill("Email address", email).submit().await
}

#[tokio::test]
async fn the_links_go_to_the_mailbox_and_the_page_tells_nothing() {
    let site = TestApp::start().await;
    let run = site.run_with_places(12).await;
    let sam = site.book(run, "Sam Sorrel", "sam@example.org").await;
    let rows = "SELECT COUNT(*) FROM outbox_mail WHERE kind = 'your_links'";
    let known = ask(&site.browser(), "Sam@example.org").await;
    assert_eq!(site.count(rows).await, 1);
    let unknown = ask(&site.browser(), "kim@example.org").await;
    assert_eq!(site.count(rows).await, 2);
    assert_eq!(
        (known.status, &known.path, &known.body),
        (unknown.status, &unknown.path, &unknown.body)
    );
    known.must_be(StatusCode::OK).must_say("Check your email");
    site.rounds().await;
    sam.follow_mail(&site, "Your booking links", "")
        .await
        .must_say("Tuesday 8 June 2027");
    assert_eq!(site.subjects("kim@example.org"), [""; 0]);
}

#[tokio::test]
async fn what_is_no_address_comes_back_with_what_was_typed() {
    let site = TestApp::start().await;
    let page = ask(&site.browser(), "sam at example").await;
    page.must_be(StatusCode::UNPROCESSABLE_ENTITY)
        .must_say("Enter an email address in the correct format");
    assert!(page.text("title").starts_with("Error: "));
    assert_eq!(page.form("Send me the links").fields()["email"], "sam at example");
    assert_eq!(site.count("SELECT COUNT(*) FROM outbox_mail").await, 0);
}

#[tokio::test]
async fn one_press_more_writes_one_mail_and_too_many_are_told_to_wait() {
    let site = TestApp::start().await;
    let browser = site.browser();
    let form = browser
        .visit("/bookings/find")
        .await
        .form("Send me the links")
        .fill("Email address", "sam@example.org");
    form.clone().submit().await.must_say("Check your email");
    form.submit().await.must_say("Check your email");
    assert_eq!(site.count("SELECT COUNT(*) FROM outbox_mail").await, 1);
    for at in 2..30 {
        ask(&browser, &format!("sam{at}@example.org"))
            .await
            .must_be(StatusCode::OK);
    }
    let refused = ask(&browser, "kim@example.org").await;
    refused
        .must_be(StatusCode::TOO_MANY_REQUESTS)
        .must_say("Please try again later");
    assert!(refused.headers.contains_key("retry-after"));
    ask(&site.browser(), "kim@example.org")
        .await
        .must_be(StatusCode::OK);
}
