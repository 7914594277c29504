//! T-54, T-61, B-100: state, mail and tasks are there together or not at all, and nobody but a person's
//! own choice changes anything.

use axum::http::StatusCode;
use booking::{Ask, Asked, Cause, Change, Details, Source};
use ids::{BookingId, PersonId, RunId};
use tests::TestApp;
use web::{Error, Work};

/// The rows of everything that a change could leave behind.
async fn rows(site: &TestApp) -> Vec<i64> {
    let mut counts = Vec::new();
    for table in [
        "booking",
        "booking_event",
        "place",
        "outbox_mail",
        "team_task",
        "link",
        "calendar_entry",
        "operation",
    ] {
        counts.push(site.count(&format!("SELECT COUNT(*) FROM {table}")).await);
    }
    counts
}

/// Books a place for somebody who is known, with all that follows from it.
async fn book(work: &Work, run: RunId, person: PersonId) -> Result<(), Error> {
    let details = Details {
        reference: "0000 ZZ".to_owned(),
        source: Source::Phone,
        agreement_version: "1".to_owned(),
        privacy_version: "1".to_owned(),
        over_18: true,
        hopes: None,
        call_wanted: true,
        booked_by: None,
        booked_by_contact: None,
        copy_permission: false,
    };
    let ask = Ask {
        booking: BookingId(work.fresh_id()),
        person,
        proven: true,
        priority: false,
    };
    let asked = Asked {
        change: Change::Book(ask),
        cause: Cause::person(),
        details: Some(details),
    };
    work.allocate(run, asked).await.map(|_| ())
}

#[tokio::test]
async fn a_change_that_fails_at_its_end_leaves_no_mail_and_nothing_else() {
    let site = TestApp::start().await;
    let run = site.run_with_places(12).await;
    let later = site.run_on(12, &["2027-07-06", "2027-07-13"]).await;
    let sam = site.book(run, "Sam Sorrel", "sam@example.org").await;
    let record = booking::bookings::find(site.db(), sam.booking)
        .await
        .expect("readable");
    let person = record.expect("there").person;
    let cancel = sam.link(&site, "Please confirm your email", "");
    let page = sam.browser.visit(&format!("{cancel}/cancel")).await;
    page.form("Continue")
        .choose("Yes, cancel my place")
        .submit()
        .await;
    site.rounds().await;
    let (before, mails) = (rows(&site).await, site.mailer.sent().len());

    let failed: Result<(), Error> = site
        .app
        .change(async |work| {
            book(&work, later, person).await?;
            Err(Error::NotFound)
        })
        .await;
    assert!(matches!(failed, Err(Error::NotFound)));
    assert_eq!(rows(&site).await, before);
    site.rounds().await;
    assert_eq!(site.mailer.sent().len(), mails);

    // The same without the fault writes all of it.
    site.app
        .change(async |work| book(&work, later, person).await)
        .await
        .expect("booked");
    let after = rows(&site).await;
    assert_eq!(after[..3], [before[0] + 1, before[1] + 1, before[2] + 2]);
    assert_eq!(after[3], before[3] + 1, "one mail");
    site.rounds().await;
    assert_eq!(site.mailer.sent().len(), mails + 1);
    site.must_hold().await;
}

/// B-30, T-24: the pages that confirm, cancel, move and answer an offer have nothing chosen, and without
/// a choice they change nothing.
#[tokio::test]
async fn without_a_choice_nothing_happens() {
    let site = TestApp::start().await;
    let run = site.run_with_places(1).await;
    site.run_on(12, &["2027-09-07", "2027-09-14"]).await;
    let sam = site.hold(run, "Sam Sorrel", "sam@example.org").await;
    let dee = site.join(run, "Dee Dogwood", "dee@example.org").await;
    site.rounds().await;
    let link = sam.link(&site, "Please confirm your email", "");
    for ending in ["/confirm", "/cancel"] {
        nothing_is_chosen(&site, &sam.browser, &format!("{link}{ending}"), "Continue").await;
    }
    let page = sam.browser.visit(&format!("{link}/confirm")).await;
    page.form("Continue")
        .choose("Yes, I made this booking")
        .submit()
        .await;
    for ending in ["/cancel", "/move"] {
        nothing_is_chosen(&site, &sam.browser, &format!("{link}{ending}"), "Continue").await;
    }
    let page = sam.browser.visit(&format!("{link}/cancel")).await;
    page.form("Continue")
        .choose("Yes, cancel my place")
        .submit()
        .await;
    site.rounds().await;
    let offer = dee.link(&site, "A place is free", "");
    nothing_is_chosen(&site, &dee.browser, &offer, "Send my answer").await;
    assert_eq!(site.state(dee.booking).await, "offered");
    site.must_hold().await;
}

async fn nothing_is_chosen(site: &TestApp, browser: &tests::Browser, path: &str, button: &str) {
    let page = browser.visit(path).await;
    let form = page.form(button);
    let fields = form.fields();
    let names: Vec<&String> = fields.keys().collect();
    assert_eq!(names, ["op"], "{path}: something is chosen already");
    let before = rows(site).await;
    let again = form.submit().await;
    again
        .must_be(StatusCode::UNPROCESSABLE_ENTITY)
        .must_say("Choose one answer");
    assert_eq!(rows(site).await, before, "{path}");
}
