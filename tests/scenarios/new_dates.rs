//! Mail about new dates: only to proven addresses, until they say stop or a year is over (B-107, T-36).

use axum::http::StatusCode;
use tests::{PageView, TestApp};

const SUBJECT: &str = "Please confirm your email";

/// Asks for mail about new dates.
async fn ask(site: &TestApp, email: &str) -> PageView {
    let form = site
        .browser()
        .visit("/new-dates")
        .await
        .form("Email me about new dates");
    form.fill("Email address", email).submit().await
}

/// The page behind the link of the newest mail to an address.
async fn open(site: &TestApp, email: &str) -> PageView {
    let sent = site.mailer.sent();
    let mail = sent
        .iter()
        .rev()
        .find(|it| it.to == email)
        .expect("a mail")
        .read();
    let base = format!("{}/new-dates/", site.app.setup().base_url);
    let link = mail
        .links()
        .into_iter()
        .find(|it| it.starts_with(&base))
        .expect("a link")
        .to_owned();
    site.browser()
        .visit(link.trim_start_matches(&site.app.setup().base_url))
        .await
}

#[tokio::test]
async fn an_address_is_on_the_list_once_it_said_yes_and_until_it_says_stop() {
    let site = TestApp::start().await;
    ask(&site, "Sam@Example.org").await.must_say("Check your email");
    site.rounds().await;
    assert_eq!(site.subjects("sam@example.org"), [SUBJECT]);
    let proven =
        "SELECT COUNT(*) FROM interest_registration WHERE proven_at IS NOT NULL AND ended_at IS NULL";
    let asked = open(&site, "sam@example.org").await;
    asked.must_say("Do you want emails about new dates?");
    assert!(
        !asked.body.contains("Introduction"),
        "no title before the address is proven"
    );
    let again = asked.form("Continue").submit().await;
    again
        .must_be(StatusCode::UNPROCESSABLE_ENTITY)
        .must_say("Choose one answer");
    assert_eq!(
        site.count(proven).await,
        0,
        "neither opening nor an empty answer counts"
    );
    let live = asked
        .form("Continue")
        .choose("Yes, email me about new dates")
        .submit()
        .await;
    live.must_say("We email you about new dates")
        .must_say("Introduction to peer support");
    live.must_say("Thursday 11 May 2028");
    assert_eq!(site.count(proven).await, 1);
    let stopped = live
        .form("Continue")
        .choose("Yes, stop these emails")
        .submit()
        .await;
    stopped.must_say("We do not email you about new dates");
    assert_eq!(site.count(proven).await, 0);
}

#[tokio::test]
async fn whoever_stopped_can_ask_again_and_whoever_never_asked_is_left_alone() {
    let site = TestApp::start().await;
    for (email, answer, mails) in [
        ("sam@example.org", "Yes, email me about new dates", 2),
        ("kim@example.org", "No, I did not ask for this", 1),
    ] {
        ask(&site, email).await;
        site.rounds().await;
        let page = open(&site, email)
            .await
            .form("Continue")
            .choose(answer)
            .submit()
            .await;
        if page.says("We email you") {
            page.form("Continue")
                .choose("Yes, stop these emails")
                .submit()
                .await;
        }
        ask(&site, email).await.must_say("Check your email");
        site.rounds().await;
        assert_eq!(site.subjects(email).len(), mails, "{email}");
    }
    open(&site, "sam@example.org")
        .await
        .must_say("Do you want emails about new dates?");
    open(&site, "kim@example.org")
        .await
        .must_say("We do not email you about new dates");
}

/// B-107, M20: dates that are taken in are told once to everybody who asked and said yes, not to whoever
/// has not answered, said stop or asked more than a year ago; and when there is something to book.
#[tokio::test]
async fn new_dates_are_told_when_booking_opens_to_whoever_still_wants_to_know() {
    let site = TestApp::start_at(tests::london("2026-05-11 13:00")).await;
    let yes = "Yes, email me about new dates";
    let answered = async |email: &str, answers: &[&str]| {
        ask(&site, email).await;
        site.rounds().await;
        for answer in answers {
            let page = open(&site, email).await;
            page.form("Continue").choose(answer).submit().await;
        }
    };
    answered("year-ago@example.org", &[yes]).await;
    site.clock_to("2027-05-11 14:00");
    answered("sam@example.org", &[yes]).await;
    answered("kim@example.org", &[yes]).await;
    answered("unproven@example.org", &[]).await;
    answered("stopped@example.org", &[yes, "Yes, stop these emails"]).await;
    answered("never@example.org", &["No, I did not ask for this"]).await;
    let table = "course,opens,day1_date,day1_start,day1_end,day1_break,day2_date,day2_start,day2_end,day2_break\n\
                 intro,2027-05-20 09:00,2027-06-08,10:00,13:15,15,2027-06-15,10:00,13:15,15\n";
    let vouched = booking::calendar::Vouched {
        minutes: false,
        without_facilitators: Some("a test".to_owned()),
    };
    site.app
        .import_runs("dates.csv", table, Some(vouched))
        .await
        .expect("the dates are taken in");
    let written = "SELECT COUNT(*) FROM outbox_mail WHERE kind = 'new_dates'";
    assert_eq!(site.count(written).await, 2);
    let told = |email: &str| {
        let subjects = site.subjects(email);
        subjects.into_iter().filter(|it| it == "New dates").count()
    };
    let all = [
        "sam@example.org",
        "kim@example.org",
        "year-ago@example.org",
        "unproven@example.org",
        "stopped@example.org",
        "never@example.org",
    ];
    site.until("2027-05-20 08:59").await;
    assert_eq!(all.map(told), [0; 6], "nothing can be booked yet");
    site.until("2027-05-20 10:00").await;
    site.until("2027-05-22 10:00").await;
    assert_eq!(all.map(told), [1, 1, 0, 0, 0, 0]);
    let sent = site.mailer.sent();
    let mail = sent
        .iter()
        .find(|it| it.read().subject() == "New dates")
        .expect("a mail");
    let text = mail.read().text.split_whitespace().collect::<Vec<_>>().join(" ");
    assert!(
        text.contains("Tuesday 8 and Tuesday 15 June 2027, 10am to 1:15pm"),
        "{text}"
    );
    site.must_hold().await;
}

#[tokio::test]
async fn nothing_tells_whether_an_address_is_known() {
    let site = TestApp::start().await;
    ask(&site, "sam@example.org").await;
    let mails = "SELECT COUNT(*) FROM outbox_mail";
    let before = site.count(mails).await;
    let known = ask(&site, "sam@example.org").await;
    let between = site.count(mails).await;
    let unknown = ask(&site, "kim@example.org").await;
    assert_eq!(
        (known.status, &known.path, &known.body),
        (unknown.status, &unknown.path, &unknown.body)
    );
    assert_eq!((between - before, site.count(mails).await - between), (1, 1));
}

#[tokio::test]
async fn a_mailbox_cannot_be_filled_by_asking() {
    let site = TestApp::start().await;
    let page = ask(&site, "sam@example.org").await;
    for _ in 0..9 {
        let again = ask(&site, "sam@example.org").await;
        assert_eq!((page.status, &page.body), (again.status, &again.body));
    }
    assert_eq!(site.count("SELECT COUNT(*) FROM outbox_mail").await, 5);
}

#[tokio::test]
async fn the_link_is_over_after_a_year_until_somebody_asks_again() {
    let site = TestApp::start().await;
    ask(&site, "sam@example.org").await;
    site.rounds().await;
    open(&site, "sam@example.org")
        .await
        .form("Continue")
        .choose("Yes, email me")
        .submit()
        .await;
    site.clock_to("2028-05-11 13:59");
    open(&site, "sam@example.org")
        .await
        .must_say("We email you about new dates");
    site.clock_to("2028-05-11 14:00");
    let over = open(&site, "sam@example.org").await;
    over.must_be(StatusCode::GONE)
        .must_say("This link about new dates no longer works");
    over.follow("Ask us again").await.must_be(StatusCode::OK);
    ask(&site, "sam@example.org").await;
    site.rounds().await;
    open(&site, "sam@example.org")
        .await
        .must_say("Do you want emails about new dates?");
}

/// T-33: whoever tries one made-up link after the other has to wait, however they try.
#[tokio::test]
async fn many_links_that_open_nothing_have_to_wait() {
    let site = TestApp::start().await;
    let browser = site.browser();
    let made_up = format!("/new-dates/{}", "A".repeat(43));
    for _ in 0..20 {
        let page = browser.post(&made_up, &[("choice", "yes")]).await;
        page.must_be(StatusCode::NOT_FOUND);
    }
    let page = browser.post(&made_up, &[("choice", "yes")]).await;
    page.must_be(StatusCode::TOO_MANY_REQUESTS);
    assert!(page.headers.contains_key("retry-after"));
}
