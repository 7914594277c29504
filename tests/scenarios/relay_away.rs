//! S14, X6, B-43: while no mail leaves, for hours or days, nobody loses what they were not told of.

use std::collections::BTreeMap;

use tests::{TestApp, london};
use web::Mailer;

/// A relay that takes nothing: a folder where no folder can be.
fn away() -> Mailer {
    Mailer::folder("/dev/null/mail")
}

#[tokio::test]
async fn an_offer_that_was_not_sent_does_not_run_out() {
    let mut site = TestApp::start().await;
    let run = site.run_with_places(1).await;
    let sam = site.book(run, "Sam Sorrel", "sam@example.org").await;
    let d = site.join(run, "Dee Dogwood", "d@example.org").await;
    let e = site.join(run, "Eli Elder", "e@example.org").await;
    site.until("2027-06-03 14:00").await;
    let cancel = sam.link(&site, "Your booking for", "");
    let taken = std::mem::replace(&mut site.mailer, away());
    let page = sam.browser.visit(&format!("{cancel}/cancel")).await;
    page.form("Continue")
        .choose("Yes, cancel my place")
        .submit()
        .await;
    assert_eq!(site.state(d.booking).await, "offered");

    // The window alone, 24 hours, would have been over by Friday at 2pm.
    site.until("2027-06-03 20:00").await;
    let calls = "SELECT COUNT(*) FROM team_task WHERE kind = 'phone_offer'";
    assert_eq!(
        site.count(calls).await,
        1,
        "after an hour the team is asked to call"
    );
    site.until("2027-06-04 09:00").await;
    assert_eq!(
        site.count("SELECT COUNT(*) FROM outbox_mail WHERE tries > 0")
            .await,
        0
    );

    site.mailer = taken;
    site.until("2027-06-05 08:59").await;
    assert_eq!(site.state(d.booking).await, "offered");
    assert!(
        d.mail(&site, "A place is free")
            .contains("Saturday 5 June 2027 at 9am")
    );
    assert_eq!(
        site.subjects("d@example.org")
            .iter()
            .filter(|it| it.starts_with("A place"))
            .count(),
        1
    );
    site.until("2027-06-05 09:00").await;
    assert_eq!(site.state(d.booking).await, "waiting");
    // 73 hours before the start there is still time to ask the next one.
    assert_eq!(site.state(e.booking).await, "offered");
    site.must_hold().await;
}

#[tokio::test]
async fn a_place_is_not_lost_while_the_mail_to_confirm_it_waits() {
    let mut site = TestApp::start().await;
    let run = site.run_with_places(1).await;
    let taken = std::mem::replace(&mut site.mailer, away());
    let sam = site.hold(run, "Sam Sorrel", "sam@example.org").await;
    site.until("2027-05-14 10:00").await;
    assert_eq!(site.state(sam.booking).await, "unconfirmed");
    site.mailer = taken;
    site.until("2027-05-15 09:59").await;
    assert_eq!(site.state(sam.booking).await, "unconfirmed");
    site.until("2027-05-15 10:00").await;
    assert_eq!(site.state(sam.booking).await, "lapsed");
    site.must_hold().await;
}

/// T-57: two workers on the same records, with connections of their own, send no mail twice.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn two_workers_send_each_mail_once() {
    let site = TestApp::start_at(london("2027-05-11 14:00")).await;
    let run = site.run_with_places(30).await;
    for number in 0..30 {
        site.hold(run, "Sam Sorrel", &format!("p{number}@example.org"))
            .await;
    }
    let other = site.second_process().await;
    let (left, right) = tokio::join!(
        web::rounds(&site.app, &site.mailer),
        web::rounds(&other, &site.mailer)
    );
    left.and(right).expect("the rounds are made");
    let mut times = BTreeMap::new();
    for it in site.mailer.sent() {
        *times.entry((it.to.clone(), it.id)).or_insert(0) += 1;
    }
    assert_eq!(times.len(), 30);
    assert!(times.values().all(|it| *it == 1), "{times:?}");
    site.must_hold().await;
}
