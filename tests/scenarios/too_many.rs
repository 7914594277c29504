//! B-13, T-33: how many places one network and one address may hold, and what the page says beyond it.

use axum::http::StatusCode;
use tests::{PageView, TestApp};

#[track_caller]
fn must_be_a_readable_no(page: &PageView) {
    page.must_be(StatusCode::TOO_MANY_REQUESTS)
        .must_say("Please try again later")
        .must_say("We can book for you by phone");
    let wait: u64 = page.headers["retry-after"]
        .to_str()
        .expect("text")
        .parse()
        .expect("seconds");
    assert!((1..=3600).contains(&wait), "{wait}");
}

#[tokio::test]
async fn the_eleventh_booking_of_a_network_within_an_hour_waits() {
    let site = TestApp::start().await;
    let run = site.run_with_places(30).await;
    let one_network = site.browser();
    let mut forms = Vec::new();
    for number in 0..11 {
        let email = format!("p{number}@example.org");
        let check = site
            .answers(&one_network, run, "book", "Sam Sorrel", &email)
            .await;
        forms.push(check.agreed("Confirm my booking"));
    }
    let last = forms.pop().expect("eleven");
    for form in forms {
        form.submit().await.must_say("Your place is booked");
    }
    must_be_a_readable_no(&last.clone().submit().await);
    assert_eq!(site.snapshot(run).await.free_places(), 20);
    // Another network is not held up by it, and later the form that was refused is good.
    site.hold(run, "Lee Larch", "lee@example.org").await;
    site.clock_to("2027-05-11 14:07");
    last.submit().await.must_say("Your place is booked");
    site.must_hold().await;
}

#[tokio::test]
async fn an_address_holds_two_places_and_the_third_gets_the_same_page() {
    let site = TestApp::start().await;
    let mut runs = Vec::new();
    for days in [
        ["2027-06-08", "2027-06-15"],
        ["2027-07-06", "2027-07-13"],
        ["2027-09-07", "2027-09-14"],
    ] {
        runs.push(site.run_on(12, &days).await);
    }
    for run in &runs[..2] {
        site.hold(*run, "Sam Sorrel", "sam@example.org").await;
    }
    let check = site
        .answers(&site.browser(), runs[2], "book", "Sam Sorrel", "sam@example.org")
        .await;
    let of_an_address = check.agreed("Confirm my booking").submit().await;
    must_be_a_readable_no(&of_an_address);
    assert_eq!(site.snapshot(runs[2]).await.free_places(), 12);
    assert_eq!(site.count("SELECT COUNT(*) FROM booking").await, 2);

    // All limits of booking share one page (T-36).
    let one_network = site.browser();
    for number in 0..11 {
        let email = format!("p{number}@example.org");
        let check = site
            .answers(&one_network, runs[2], "book", "Kim Kale", &email)
            .await;
        let page = check.agreed("Confirm my booking").submit().await;
        if number == 10 {
            assert_eq!(page.status, of_an_address.status);
            assert_eq!(page.body, of_an_address.body);
        }
    }
    site.must_hold().await;
}

/// A place that was confirmed is no longer held: the address may hold another one.
#[tokio::test]
async fn the_same_dates_again_count_as_one_hold() {
    let site = TestApp::start().await;
    let june = site.run_on(12, &["2027-06-08", "2027-06-15"]).await;
    let july = site.run_on(12, &["2027-07-06", "2027-07-13"]).await;
    for run in [june, june, june, july] {
        site.hold(run, "Sam Sorrel", "sam@example.org").await;
    }
    assert_eq!(
        site.count("SELECT COUNT(*) FROM booking WHERE state = 'unconfirmed'")
            .await,
        2
    );
    assert_eq!(site.snapshot(june).await.free_places(), 11);
    site.must_hold().await;
}
