//! B-12, T-35: a form counts once. The same number with other content is refused and changes nothing.

use axum::http::StatusCode;
use tests::TestApp;

#[tokio::test]
async fn the_number_of_a_form_is_good_for_one_content() {
    let site = TestApp::start().await;
    let run = site.run_with_places(12).await;
    let sam = site.book(run, "Sam Sorrel", "sam@example.org").await;
    site.rounds().await;
    let page = sam.manage(&site, "Your booking for").await;
    let form = page
        .follow("Change your details")
        .await
        .follow("Change your name")
        .await
        .form("Save");
    let first = form.clone().fill("What should we call you", "Sammy");
    let other = form.fill("What should we call you", "Somebody else");
    first.clone().press().await.must_be(StatusCode::SEE_OTHER);
    let called = "SELECT COUNT(*) FROM person WHERE called_name = 'Sammy'";
    assert_eq!(site.count(called).await, 1);
    let writes = "SELECT (SELECT COUNT(*) FROM operation) + (SELECT COUNT(*) FROM outbox_mail)";
    let before = site.count(writes).await;

    // A repeat gets the first answer.
    first.press().await.must_be(StatusCode::SEE_OTHER);
    let refused = other.submit().await;
    refused
        .must_be(StatusCode::CONFLICT)
        .must_say("This form was already sent");
    assert_eq!((site.count(called).await, site.count(writes).await), (1, before));
    site.must_hold().await;
}

/// An old page from the browser's memory, sent again with another name, loses nothing of what was typed.
#[tokio::test]
async fn a_booking_form_sent_again_with_other_answers_comes_back_with_them() {
    let site = TestApp::start().await;
    let run = site.run_with_places(12).await;
    let browser = site.browser();
    let first = browser.visit(&format!("{}/book", site.run_path(run).await)).await;
    let form = first.form("Continue");
    form.clone()
        .fill("Full name", "Sam Sorrel")
        .submit()
        .await
        .must_be(StatusCode::OK);
    let again = form.fill("Full name", "Lee Larch").submit().await;
    again.must_be(StatusCode::CONFLICT);
    assert!(again.body.contains("value=\"Lee Larch\""));
    assert_eq!(site.count("SELECT COUNT(*) FROM draft").await, 1);
    again.form("Continue").submit().await.must_be(StatusCode::OK);
    assert_eq!(site.count("SELECT COUNT(*) FROM draft").await, 2);
}

#[tokio::test]
async fn the_same_number_asks_for_links_of_one_address_only() {
    let site = TestApp::start().await;
    let run = site.run_with_places(12).await;
    site.book(run, "Sam Sorrel", "sam@example.org").await;
    site.book(run, "Lee Larch", "lee@example.org").await;
    let form = site.browser().visit("/bookings/find").await.form("Send");
    form.clone()
        .fill("Email address", "sam@example.org")
        .submit()
        .await
        .must_be(StatusCode::OK);
    form.fill("Email address", "lee@example.org")
        .submit()
        .await
        .must_be(StatusCode::CONFLICT);
    site.rounds().await;
    let links = |email: &str| {
        site.subjects(email)
            .iter()
            .filter(|it| *it == "Your booking links")
            .count()
    };
    assert_eq!((links("sam@example.org"), links("lee@example.org")), (1, 0));
}
