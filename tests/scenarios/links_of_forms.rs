//! Links to forms, to the list of new dates and to a new address: opened without harm (U-08), and dead ones
//! say so without telling who exists (U-09).

use axum::http::{Method, StatusCode};
use sea_orm::{FromQueryResult as _, JsonValue, Statement};
use tests::{Browser, TestApp};

const TABLES: [&str; 10] = [
    "booking",
    "booking_event",
    "draft",
    "interest_registration",
    "link",
    "operation",
    "outbox_mail",
    "person",
    "place",
    "team_task",
];

/// Everything that these links could change.
async fn records(site: &TestApp) -> Vec<JsonValue> {
    let backend = site.db().get_database_backend();
    let mut found = Vec::new();
    for table in TABLES {
        let all = Statement::from_string(backend, format!("SELECT * FROM {table}"));
        let rows = JsonValue::find_by_statement(all).all(site.db()).await;
        let mut rows = rows.expect("readable");
        rows.sort_by_key(ToString::to_string);
        found.extend(rows);
    }
    found
}

/// Opens a link five times with each method that must change nothing.
async fn open(browser: &Browser, path: &str, expected: &[u16]) {
    for method in [Method::GET, Method::HEAD].iter().cycle().take(10) {
        let page = browser.once(method.clone(), path, None).await;
        assert!(
            expected.contains(&page.status.as_u16()),
            "{method} {path}: {}",
            page.status
        );
        assert_eq!(page.headers["referrer-policy"], "no-referrer", "{path}");
    }
}

/// The path of the newest link of this kind in the mail to an address.
fn mailed(site: &TestApp, email: &str, kind: &str) -> String {
    let base = site.app.setup().base_url.clone();
    let start = format!("{base}/{kind}/");
    let sent = site.mailer.sent();
    let mails = sent.iter().rev().filter(|it| it.to == email);
    let links = mails.flat_map(|it| {
        it.read()
            .links()
            .into_iter()
            .map(ToOwned::to_owned)
            .collect::<Vec<_>>()
    });
    let found = links.into_iter().find(|it| it.starts_with(&start));
    found.expect("a link").trim_start_matches(&base).to_owned()
}

/// The pages of a form on its way, and of one that was sent: their addresses without the last part.
async fn forms(site: &TestApp, browser: &Browser) -> (String, String) {
    let run = site.run_with_places(12).await;
    site.run_on(12, &["2027-09-07", "2027-09-14"]).await;
    let mut folders = Vec::new();
    for (name, sends) in [("Sam Sorrel", false), ("Kim Lee", true)] {
        let email = format!(
            "{}@example.org",
            name.split(' ').next().unwrap_or_default().to_lowercase()
        );
        let page = site.answers(browser, run, "book", name, &email).await;
        let page = if sends {
            page.agreed("Confirm my booking").submit().await
        } else {
            page
        };
        let (folder, _) = page.path.rsplit_once('/').expect("a path");
        folders.push(folder.to_owned());
    }
    let sent = folders.pop().expect("the second");
    (folders.pop().expect("the first"), sent)
}

/// A link in the mailbox of somebody who asked for mail about new dates, and one to a new address.
async fn mailboxes(site: &TestApp) -> [String; 2] {
    let ask = site.browser().visit("/new-dates").await;
    let form = ask.form("Email me about new dates");
    form.fill("Email address", "lou@example.org").submit().await;
    let run = site.run_with_places(12).await;
    let jo = site.book(run, "Jo Bell", "jo@example.org").await;
    site.rounds().await;
    let link = jo.link(site, "Your booking for", "");
    let form = jo.browser.visit(&format!("{link}/details?change=contact")).await;
    let form = form.form("Save").fill("New email address", "jo.bell@example.org");
    form.submit().await.must_be(StatusCode::OK);
    site.rounds().await;
    [
        mailed(site, "lou@example.org", "new-dates"),
        mailed(site, "jo.bell@example.org", "address"),
    ]
}

#[tokio::test]
async fn looking_and_sending_no_choice_change_nothing() {
    let site = TestApp::start().await;
    let browser = site.browser();
    let (unsent, sent) = forms(&site, &browser).await;
    let [new_dates, address] = mailboxes(&site).await;
    let before = records(&site).await;
    for page in ["you", "contact", "post", "support", "check", "dates", "saved"] {
        open(&browser, &format!("{unsent}/{page}"), &[200]).await;
        open(&browser, &format!("{sent}/{page}"), &[303]).await;
    }
    open(&browser, &format!("{unsent}/done"), &[303]).await;
    open(&browser, &format!("{unsent}/address"), &[303]).await;
    open(&browser, &format!("{sent}/done"), &[200]).await;
    open(&browser, &format!("{sent}/address"), &[200]).await;
    let resume = unsent.replace("/book/", "/d/");
    open(&browser, &resume, &[200]).await;
    open(&browser, &sent.replace("/book/", "/d/"), &[303]).await;
    open(&browser, &new_dates, &[200]).await;
    open(&browser, &address, &[200]).await;
    let without_choice = [
        format!("{unsent}/you"),
        format!("{unsent}/contact"),
        format!("{unsent}/post"),
        format!("{unsent}/check"),
        format!("{unsent}/dates"),
        format!("{sent}/address"),
        new_dates,
        address,
    ];
    for path in without_choice {
        let page = browser.post(&path, &[]).await;
        page.must_be(StatusCode::UNPROCESSABLE_ENTITY);
    }
    // A form that was sent shows how it went, whatever is sent again.
    for page in ["you", "contact", "support", "check", "dates"] {
        let again = browser.post(&format!("{sent}/{page}"), &[]).await;
        again.must_be(StatusCode::OK).must_say("Your place is booked");
    }
    let after = records(&site).await;
    let new: Vec<_> = after.iter().filter(|it| !before.contains(it)).collect();
    assert!(new.is_empty() && after.len() == before.len(), "{new:?}");
}

#[tokio::test]
async fn links_that_open_nothing_say_so_and_tell_nothing() {
    let site = TestApp::start().await;
    let browser = site.browser();
    let (unsent, _) = forms(&site, &browser).await;
    let [new_dates, address] = mailboxes(&site).await;
    let mut pages = Vec::new();
    for token in ["A".repeat(43), "short".to_owned(), "%E2%82%AC".to_owned()] {
        for path in [
            format!("/d/{token}"),
            format!("/book/{token}/contact"),
            format!("/new-dates/{token}"),
            format!("/address/{token}"),
        ] {
            // Each from somewhere else: who tries many has to wait (T-33).
            let page = site.browser().visit(&path).await;
            page.must_be(StatusCode::NOT_FOUND).must_say("Page not found");
            pages.push(page.body);
        }
    }
    // A link of one kind opens nothing of another.
    let token = unsent.rsplit('/').next().unwrap_or_default();
    for kind in ["b", "o", "new-dates", "address"] {
        let page = site.browser().visit(&format!("/{kind}/{token}")).await;
        pages.push(page.must_be(StatusCode::NOT_FOUND).body.clone());
    }
    pages.dedup();
    assert_eq!(pages.len(), 1, "all pages are the same");

    // A second answer shows the result of the first; a second wish for an address replaces the first link.
    let asked = browser.visit(&address).await;
    let done = asked
        .form("Continue")
        .choose("Yes, use this address")
        .submit()
        .await;
    done.must_be(StatusCode::OK).must_say("Your address is confirmed");
    browser
        .visit(&address)
        .await
        .must_say("Your address is confirmed");

    // Over: each says so in its own words, with a next step.
    site.until("2027-05-19 14:00").await;
    let over = browser.visit(&format!("{unsent}/contact")).await;
    over.must_be(StatusCode::GONE)
        .must_say("This form is no longer here");
    over.follow("Start again").await.must_be(StatusCode::OK);
    let resumed = browser.visit(&unsent.replace("/book/", "/d/")).await;
    resumed
        .must_be(StatusCode::GONE)
        .follow("Email me a new link")
        .await
        .must_be(StatusCode::OK);
    let over = browser.visit(&address).await;
    over.must_be(StatusCode::GONE)
        .must_say("This link no longer works");
    over.follow("Email me a new link").await.must_be(StatusCode::OK);
    site.clock_to("2028-05-20 14:00");
    let over = browser.visit(&new_dates).await;
    over.must_be(StatusCode::GONE)
        .follow("Ask us again")
        .await
        .must_be(StatusCode::OK);
}
