//! T-21 to T-23: a link is good for one record and one purpose, until a newer one takes its place.

use axum::http::StatusCode;
use tests::TestApp;

#[tokio::test]
async fn a_renewed_link_stops_and_the_new_one_works() {
    let site = TestApp::start().await;
    let run = site.run_with_places(12).await;
    let sam = site.book(run, "Sam Sorrel", "sam@example.org").await;
    site.rounds().await;
    let old = sam.link(&site, "Your booking for", "");
    let page = sam.browser.visit(&format!("{old}/new-link")).await;
    page.form("Email me a new link")
        .submit()
        .await
        .must_be(StatusCode::OK);
    for ending in ["", "/cancel", "/details", "/calendar.ics"] {
        let page = sam.browser.visit(&format!("{old}{ending}")).await;
        page.must_be(StatusCode::GONE)
            .must_say("This link no longer works");
    }
    site.rounds().await;
    let new = sam.link(&site, "Your booking links", "");
    assert_ne!(new, old);
    sam.browser
        .visit(&new)
        .await
        .must_be(StatusCode::OK)
        .must_say("Tuesday 8 June 2027");
    site.must_hold().await;
}

/// Whoever holds the mail to a mistyped address must not learn that it ever opened anything.
#[tokio::test]
async fn the_link_to_a_mistyped_address_was_never_there() {
    let site = TestApp::start().await;
    let run = site.run_with_places(12).await;
    let browser = site.browser();
    let check = site
        .answers(&browser, run, "book", "Sam Sorrel", "sma@example.org")
        .await;
    let done = check.agreed("Confirm my booking").submit().await;
    site.rounds().await;
    let wrong = site.mailer.sent().last().expect("a mail").read().text;
    let old = wrong
        .split_whitespace()
        .filter_map(|it| it.strip_prefix("http://127.0.0.1:8080"))
        .find(|it| it.starts_with("/b/"))
        .expect("a link")
        .to_owned();
    browser.visit(&old).await.must_be(StatusCode::OK);
    let address = done.path.replace("/done", "/address");
    let form = browser.visit(&address).await.form("Send the email");
    form.fill("Email address", "sam@example.org")
        .submit()
        .await
        .must_be(StatusCode::OK);
    let stranger = browser.visit(&format!("/b/{}", "A".repeat(43))).await;
    let gone = browser.visit(&old).await;
    assert_eq!((gone.status, gone.body), (StatusCode::NOT_FOUND, stranger.body));
    site.rounds().await;
    assert_eq!(site.subjects("sam@example.org"), ["Please confirm your email"]);
    site.must_hold().await;
}

/// A token of one purpose opens nothing of another.
#[tokio::test]
async fn a_link_is_good_for_one_purpose() {
    let site = TestApp::start().await;
    let run = site.run_with_places(12).await;
    let browser = site.browser();
    let check = site
        .answers(&browser, run, "book", "Sam Sorrel", "sam@example.org")
        .await;
    let draft = check.path.split('/').nth(2).expect("a token").to_owned();
    check.agreed("Confirm my booking").submit().await;
    site.rounds().await;
    let sent = site.mailer.sent().last().expect("a mail").read().text;
    let (_, rest) = sent.split_once("/b/").expect("a link");
    let booking = &rest[..43];
    for path in [
        format!("/b/{draft}"),
        format!("/o/{draft}"),
        format!("/o/{booking}"),
        format!("/book/{booking}/done"),
        format!("/d/{booking}"),
    ] {
        browser.visit(&path).await.must_be(StatusCode::NOT_FOUND);
    }
}
