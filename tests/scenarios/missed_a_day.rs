//! S9, B-64: whoever was not there is called; whoever is not reached gets a mail that asks for nothing (M17).

use booking::attendance::outcome;
use booking::facilitators;
use booking::plan::Part;
use ids::{BookingId, PersonId, RunId};
use sea_orm::TransactionTrait;
use tests::{Applicant, Browser, PageView, TestApp};
use uuid::Uuid;
use web::Role;

/// On Tuesday 8 June 2027 at 3pm somebody who teaches saves that H was not there.
async fn not_there(site: &TestApp, run: RunId, h: &Applicant) {
    site.until("2027-06-08 15:00").await;
    let trainer = site.member(Role::Facilitator, "trainer@example.org").await;
    let person = PersonId(site.person_of(&trainer.email).await.parse().expect("an id"));
    let tx = site.db().begin().await.expect("begun");
    facilitators::assign(&tx, &Uuid::new_v4, run, (person, Part::PeerTrainer), None)
        .await
        .expect("assigned");
    tx.commit().await.expect("written");
    let dates = booking::calendar::run_dates(site.db(), run).await;
    let dates = dates.expect("readable").expect("a run");
    let page = trainer
        .browser
        .visit(&format!("/sessions/{}/register", dates.sessions[0].id))
        .await;
    let form = page
        .form("Save register")
        .with(&h.booking.to_string(), "not_here");
    form.submit().await.must_say("1 of 1 marked");
}

async fn task(site: &TestApp, browser: &Browser) -> PageView {
    let due = "SELECT due FROM team_task WHERE kind = 'phone_missed' AND state = 'open'";
    assert_eq!(site.moments(due).await, ["2027-06-09T18:00:00Z"]);
    let list = browser.visit("/team/tasks").await;
    list.follow("Call, because they were not there").await
}

async fn page_of(site: &TestApp, browser: &Browser, booking: BookingId) -> PageView {
    let found = booking::bookings::find(site.db(), booking).await;
    let reference = found.expect("readable").expect("there").reference;
    let path = format!("/team/bookings/{}", reference.replace(' ', "-"));
    browser.visit(&path).await
}

#[tokio::test]
async fn whoever_was_anxious_is_moved_to_july_and_nothing_is_held_against_them() {
    let site = TestApp::start().await;
    let run = site.run_with_places(1).await;
    let july = site.run_on(12, &["2027-07-06", "2027-07-13"]).await;
    let h = site.book(run, "Hay Hazel", "h@example.org").await;
    site.join(run, "Dee Dogwood", "d@example.org").await;
    not_there(&site, run, &h).await;

    let team = site.member(Role::Coordinator, "team@example.org").await.browser;
    let call = task(&site, &team).await;
    let form = call
        .form("Save")
        .choose("Reached")
        .choose("Yes, nothing is left to do");
    form.submit().await;
    let ask = page_of(&site, &team, h.booking).await;
    let ask = ask.follow("Move to other dates").await;
    let form = ask.form("Continue").choose("Tuesday 6 and").choose("By phone");
    form.submit().await.must_say("The booking is moved");

    let new = site.booking_of(&h.email, july).await.expect("in July");
    assert_eq!(
        (site.state(h.booking).await, site.state(new).await),
        ("moved", "booked")
    );
    let went = outcome::of_booking(site.db(), h.booking).await.expect("readable");
    assert_eq!(went, None, "not \"not attended\"");
    site.until("2027-06-16 12:00").await;
    let offers = "SELECT COUNT(*) FROM booking_event WHERE event = 'offer'";
    assert_eq!(site.count(offers).await, 0);
    let missed = "SELECT COUNT(*) FROM outbox_mail WHERE kind = 'missed'";
    assert_eq!(site.count(missed).await, 0, "they were reached");
    let went = outcome::of_booking(site.db(), h.booking).await.expect("readable");
    assert_eq!(went, None);
    site.must_hold().await;
}

/// M17: after the first try that reached nobody, once for each day.
#[tokio::test]
async fn whoever_is_not_reached_gets_one_mail_that_asks_for_nothing() {
    let site = TestApp::start().await;
    let run = site.run_with_places(12).await;
    let h = site.book(run, "Hay Hazel", "h@example.org").await;
    not_there(&site, run, &h).await;
    let team = site.member(Role::Coordinator, "team@example.org").await.browser;
    let mut page = task(&site, &team).await;
    for outcome in ["No answer", "Left a message"] {
        let form = page.form("Save").choose(outcome).choose("No, keep it open");
        page = form.submit().await;
    }
    site.rounds().await;
    let subjects = site.subjects(&h.email);
    let told = subjects.iter().filter(|it| *it == "A message from us").count();
    assert_eq!(told, 1, "{subjects:?}");
    let text = h.mail(&site, "A message from us");
    assert!(
        text.contains("We hope you are OK. You do not need to explain."),
        "{text}"
    );
    assert!(text.contains("We missed you on Tuesday 8 June 2027"), "{text}");
    site.must_hold().await;
}
