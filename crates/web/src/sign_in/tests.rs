//! Rules of logging in that need no database.

use super::*;
use axum::http::{HeaderValue, header};
use time::macros::datetime;

#[test]
fn a_log_in_ends_without_use_and_at_the_latest_after_some_hours() {
    let numbers = Numbers::default();
    let began = Ts::new(datetime!(2027-05-11 09:00 UTC));
    let after = |it: Duration| began + it;
    assert_eq!(
        ends_at(&numbers, true, began, began),
        after(Duration::minutes(30))
    );
    assert_eq!(ends_at(&numbers, false, began, began), after(Duration::HOUR));
    let late = after(Duration::hours(9) + Duration::minutes(50));
    assert_eq!(ends_at(&numbers, true, began, late), after(Duration::hours(10)));
    let late = after(Duration::hours(23) + Duration::minutes(50));
    assert_eq!(ends_at(&numbers, false, began, late), after(Duration::DAY));
}

#[test]
fn a_browser_is_named_as_a_person_would() {
    let named = |said: &'static str| {
        let mut headers = HeaderMap::new();
        headers.insert(header::USER_AGENT, HeaderValue::from_static(said));
        browser_words(&headers)
    };
    let windows = "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) \
                   Chrome/131.0.0.0 Safari/537.36 Edg/131.0.0.0";
    assert_eq!(named(windows), "Edge on Windows");
    let phone = "Mozilla/5.0 (iPhone; CPU iPhone OS 18_1 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) \
                 Version/18.1 Mobile/15E148 Safari/604.1";
    assert_eq!(named(phone), "Safari on an iPhone");
    assert_eq!(named("<script>"), "A browser");
    assert_eq!(browser_words(&HeaderMap::new()), "A browser");
}
