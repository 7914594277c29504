//! T-23: whatever stands in the place of a link's token opens nothing and brings nothing down.

use axum::http::{Method, StatusCode};
use tests::TestApp;

/// What a browser can send in a path, from letters to what some programs read as folders or ends.
const PARTS: [&str; 20] = [
    "A",
    "z",
    "0",
    "-",
    "_",
    "=",
    "~",
    "%00",
    "%0D%0A",
    "%2F",
    "%2e%2e",
    "%FF",
    "%C3%A9",
    "%F0%9F%98%80",
    "+",
    "%20",
    "'",
    "%22",
    "%3Cb%3E",
    "AAAAAAAAAAAAAAAA",
];

#[tokio::test]
async fn whatever_stands_in_the_place_of_a_token_opens_nothing() {
    let site = TestApp::start().await;
    let run = site.run_with_places(12).await;
    let sam = site.book(run, "Sam Sorrel", "sam@example.org").await;
    site.rounds().await;
    let link = sam.link(&site, "Your booking for", "");
    let token = link.trim_start_matches("/b/");
    let mut tokens: Vec<String> = (1..43)
        .map(|at| format!("{}{}", &token[at..], &token[..at]))
        .collect();
    tokens.extend((0..43).map(|at| token[..at].to_owned()));
    tokens.extend([
        token.to_lowercase(),
        format!("{token}="),
        format!("{token}A"),
        format!("{token}%00"),
    ]);
    // Dice that fall the same way each time.
    let mut dice = 7_u64;
    for _ in 0..300 {
        let mut text = String::new();
        for _ in 0..dice % 50 {
            dice = dice
                .wrapping_mul(6_364_136_223_846_793_005)
                .wrapping_add(1_442_695_040_888_963_407);
            text.push_str(PARTS[usize::try_from(dice >> 33).expect("small") % PARTS.len()]);
        }
        dice = dice.wrapping_add(1);
        tokens.push(text);
    }
    let mut browser = site.browser();
    for (at, token) in tokens.iter().enumerate() {
        // From another network now and then: twenty misses a minute are enough for one.
        if at % 4 == 0 {
            browser = site.browser();
        }
        for path in [
            format!("/b/{token}"),
            format!("/b/{token}/cancel"),
            format!("/o/{token}"),
            format!("/book/{token}/check"),
            format!("/d/{token}"),
        ] {
            let page = browser.once(Method::GET, &path, None).await;
            assert_eq!(page.status, StatusCode::NOT_FOUND, "{path}");
            assert!(!page.says("Sam"), "{path}");
        }
    }
    sam.browser.visit(&link).await.must_be(StatusCode::OK);
}
