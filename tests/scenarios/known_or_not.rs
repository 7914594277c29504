//! T-36: whether an address is known shows in nothing that a page answers: not in its status, its
//! headers or any of its bytes, apart from the numbers that are new each time.

use tests::{Browser, PageView, TestApp};

// The addresses are equally long, so that pages that repeat what was typed are too.

/// An answer without what is new each time: numbers of forms, tokens of links and references.
fn plain(page: &PageView) -> String {
    let mut headers: Vec<String> = page
        .headers
        .iter()
        .map(|(name, value)| format!("{name}: {}", value.to_str().expect("text")))
        .collect();
    headers.sort();
    let whole = format!("{}\n{}\n\n{}", page.status, headers.join("\n"), page.body);
    let mut plain = String::new();
    let is_part = |it: char| it.is_ascii_alphanumeric() || it == '-' || it == '_';
    for word in whole.split_inclusive(|it| !is_part(it)) {
        let bare = word.trim_end_matches(|it| !is_part(it));
        let is_op = bare.len() == 32 && bare.bytes().all(|it| it.is_ascii_hexdigit());
        if is_op || bare.len() == 43 {
            plain.push_str(&word.replace(bare, "*"));
        } else {
            plain.push_str(word);
        }
    }
    without_reference(&plain)
}

/// Four digits, a space and two capitals are a reference.
fn without_reference(text: &str) -> String {
    let is_reference = |it: &[u8]| {
        it[..4].iter().all(u8::is_ascii_digit) && it[4] == b' ' && it[5..].iter().all(u8::is_ascii_uppercase)
    };
    let bytes = text.as_bytes();
    let found = bytes.windows(7).position(is_reference);
    found.map_or_else(
        || text.to_owned(),
        |at| format!("{}*{}", &text[..at], &text[at + 7..]),
    )
}

/// Books or joins with this address, and every answer on the way.
async fn all_answers(browser: &Browser, path: &str, way: &str, email: &str) -> Vec<String> {
    let button = if way == "book" {
        "Confirm my booking"
    } else {
        "Join the waiting list"
    };
    let check = browser.answers(path, way, "Sam Sorrel", email).await;
    let form = check.agreed(button);
    let pressed = form.clone().press().await;
    let done = form.submit().await;
    let address = browser.visit(&done.path.replace("/done", "/address")).await;
    [check, pressed, done, address]
        .iter()
        .map(|it| plain(it).replace(email, "somebody@example.org"))
        .collect()
}

fn must_be_alike(known: &[String], unknown: &[String]) {
    for (at, (known, unknown)) in known.iter().zip(unknown).enumerate() {
        let differ: Vec<_> = known
            .lines()
            .zip(unknown.lines())
            .filter(|(one, other)| one != other)
            .collect();
        assert!(known == unknown, "answer {at}: {differ:#?}");
    }
    assert_eq!(known.len(), unknown.len());
}

#[tokio::test]
async fn a_booking_with_a_known_address_answers_like_any_other() {
    let site = TestApp::start().await;
    let run = site.run_with_places(12).await;
    site.book(run, "Sam Sorrel", "booked@example.org").await;
    site.hold(run, "Kim Kale", "onhold@example.org").await;
    let path = site.run_path(run).await;
    let unknown = all_answers(&site.browser(), &path, "book", "nobody@example.org").await;
    for email in ["booked@example.org", "onhold@example.org"] {
        must_be_alike(
            &all_answers(&site.browser(), &path, "book", email).await,
            &unknown,
        );
    }
    site.must_hold().await;
}

#[tokio::test]
async fn waiting_with_a_known_address_answers_like_any_other() {
    let site = TestApp::start().await;
    let run = site.run_with_places(2).await;
    site.book(run, "Sam Sorrel", "booked@example.org").await;
    site.hold(run, "Kim Kale", "onhold@example.org").await;
    site.join(run, "Dee Dogwood", "queued@example.org").await;
    let path = site.run_path(run).await;
    let mut all = Vec::new();
    // In the order in which the list grows by strangers alone, the band is the same for all of them.
    for email in [
        "booked@example.org",
        "onhold@example.org",
        "queued@example.org",
        "nobody@example.org",
    ] {
        all.push(all_answers(&site.browser(), &path, "wait", email).await);
    }
    let unknown = all.pop().expect("four");
    for known in &all {
        must_be_alike(known, &unknown);
    }
    site.must_hold().await;
}

/// The address is mended again and again: each time, what is said tells nothing of the new one.
#[tokio::test]
async fn a_mended_address_that_is_known_answers_like_any_other() {
    let site = TestApp::start().await;
    let run = site.run_with_places(12).await;
    site.book(run, "Sam Sorrel", "booked@example.org").await;
    site.hold(run, "Kim Kale", "onhold@example.org").await;
    let path = site.run_path(run).await;
    let mut all = Vec::new();
    for (at, email) in ["booked@example.org", "onhold@example.org", "nobody@example.org"]
        .iter()
        .enumerate()
    {
        let browser = site.browser();
        let first = format!("typo{at}@example.org");
        let check = browser.answers(&path, "book", "Lee Larch", &first).await;
        let done = check.agreed("Confirm my booking").submit().await;
        let address = done.path.replace("/done", "/address");
        let mut answers = Vec::new();
        for _ in 0..12 {
            let form = browser
                .visit(&address)
                .await
                .form("Send the email")
                .fill("Email address", email);
            answers.push(form.press().await);
            answers.push(browser.visit(&done.path).await);
        }
        let plain = answers
            .iter()
            .map(|it| plain(it).replace(email, "somebody@example.org"));
        all.push(plain.collect::<Vec<_>>());
    }
    let unknown = all.pop().expect("three");
    for known in &all {
        must_be_alike(known, &unknown);
    }
    site.must_hold().await;
}
