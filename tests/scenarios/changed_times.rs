//! S8, B-50: new times are told to everybody; whoever is silent is called two working days before, and the
//! reminders go along. Between the two days the clocks go back.

use booking::Change;
use ids::RunId;
use tests::{Applicant, TestApp, london};
use web::Role;

/// The team gives both days another time.
async fn move_times(site: &TestApp, run: RunId, start: &str, end: &str) {
    let email = format!("team{}@example.org", site.mailer.sent().len());
    let team = site.member(Role::Coordinator, &email).await.browser;
    let page = team.visit(&format!("/team/runs/{run}/edit")).await;
    let mut form = page.form("Save");
    for day in 1..=2 {
        form = form
            .with(&format!("day{day}_start"), start)
            .with(&format!("day{day}_end"), end);
    }
    form.submit().await.must_say("Day 1");
}

async fn answer(site: &TestApp, it: &Applicant, words: &str) -> tests::PageView {
    let page = it.follow_mail(site, "A change to your booking", "/changed").await;
    page.form("Continue").choose(words).submit().await
}

#[tokio::test]
async fn new_times_are_told_asked_about_and_reminded_of() {
    let site = TestApp::start_at(london("2027-10-11 09:00")).await;
    let run = site.run_on(12, &["2027-10-26", "2027-11-02"]).await;
    let later = site.run_on(12, &["2027-11-16", "2027-11-23"]).await;
    let mut booked = Vec::new();
    for number in 1..=12 {
        let email = format!("b{number}@example.org");
        booked.push(site.book(run, &format!("Person {number}"), &email).await);
    }
    let waits = site.join(run, "Dee Dogwood", "d@example.org").await;
    site.until("2027-10-11 12:00").await;
    move_times(&site, run, "14:00", "17:15").await;
    site.rounds().await;

    let sent = site.mailer.sent();
    let told = sent.iter().map(web::Sent::read);
    let told: Vec<_> = told
        .filter(|it| it.subject() == "A change to your booking")
        .collect();
    assert_eq!(told.len(), 13);
    let both = told.iter().filter(|it| {
        let methods: Vec<_> = it.calendars.iter().map(|(method, _)| method.as_str()).collect();
        methods == ["REQUEST", "REQUEST"]
    });
    assert_eq!(both.count(), 12);
    let dates = booking::calendar::run_dates(site.db(), run).await;
    let days = dates.expect("readable").expect("a run").sessions;
    let starts: Vec<String> = days.iter().map(|it| it.starts_at.to_string()).collect();
    assert_eq!(starts, ["2027-10-26T13:00:00Z", "2027-11-02T14:00:00Z"]);

    for it in &booked[..8] {
        answer(&site, it, "Keep my place")
            .await
            .must_say("Thank you for letting us know");
    }
    site.until("2027-10-12 15:00").await;
    let dates = answer(&site, &booked[8], "Move to other dates").await;
    let moved = dates.form("Continue").choose("Tuesday 16 and").submit().await;
    moved.must_say("Your booking was moved");
    let new = site.booking_of(&booked[8].email, later).await.expect("there");
    assert_eq!(site.state(new).await, "booked");
    site.rounds().await;
    assert_eq!(site.state(waits.booking).await, "offered");
    let offer = waits.mail(&site, "A place is free");
    assert!(offer.contains("Thursday 14 October 2027 at 3pm"), "{offer}");
    let form = waits.follow_mail(&site, "A place is free", "").await;
    form.form("Send my answer")
        .choose("Yes, book it for me")
        .submit()
        .await;
    assert_eq!(site.state(waits.booking).await, "booked");

    let calls = "SELECT COUNT(*) FROM team_task WHERE kind = 'phone_change' AND urgent AND state = ";
    site.until("2027-10-22 07:59").await;
    assert_eq!(site.count(&format!("{calls}'open'")).await, 0);
    site.until("2027-10-22 08:00").await;
    assert_eq!(site.count(&format!("{calls}'open'")).await, 3);
    let due = "SELECT DISTINCT due FROM team_task WHERE kind = 'phone_change'";
    assert_eq!(site.moments(due).await, ["2027-10-22T07:00:00Z"]);
    let team = site.member(Role::Lead, "lead@example.org").await.browser;
    let task = team.visit("/team/tasks").await;
    let task = task.follow("Call, because they did not answer a change").await;
    task.must_say("We told them of the change and heard nothing.");

    // Whoever answers after all, or gives the place back, need not be called.
    answer(&site, &booked[9], "Keep my place").await;
    site.team(run, Change::Cancel(booked[10].booking)).await;
    assert_eq!(site.count(&format!("{calls}'open'")).await, 1);
    assert_eq!(site.count(&format!("{calls}'cancelled'")).await, 2);

    site.until("2027-11-02 12:00").await;
    assert_eq!(
        site.left("tomorrow").await,
        ["2027-10-25T09:00:00Z", "2027-11-01T10:00:00Z"]
    );
    let last = booked[0].mail(&site, "Your booking tomorrow");
    assert!(last.contains("Tuesday 2 November 2027, 2pm to 5:15pm"), "{last}");
    // The day has come: nobody calls about its time any more.
    assert_eq!(site.count(&format!("{calls}'open'")).await, 0);
    site.must_hold().await;
}

/// A change less than 48 hours before is a call at once, and a newer one is asked about anew.
#[tokio::test]
async fn a_change_close_to_the_day_is_a_call_at_once() {
    let site = TestApp::start().await;
    let run = site.run_with_places(12).await;
    let sam = site.book(run, "Sam Sorrel", "sam@example.org").await;
    site.until("2027-06-06 12:00").await;
    move_times(&site, run, "12:00", "15:15").await;
    site.until("2027-06-06 12:01").await;
    let open = "SELECT COUNT(*) FROM team_task WHERE kind = 'phone_change' AND state = 'open'";
    assert_eq!(site.count(open).await, 1);
    answer(&site, &sam, "Keep my place").await;
    assert_eq!(site.count(open).await, 0);
    site.until("2027-06-06 13:00").await;
    move_times(&site, run, "13:00", "16:15").await;
    site.until("2027-06-06 13:01").await;
    assert_eq!(site.count(open).await, 1);
    assert_eq!(
        site.count("SELECT COUNT(*) FROM team_task WHERE kind = 'phone_change'")
            .await,
        2
    );
    site.must_hold().await;
}

/// B-103: dates that move take their reminders along, and the old ones are not sent.
#[tokio::test]
async fn reminders_go_along_with_the_dates() {
    let site = TestApp::start().await;
    let run = site.run_with_places(12).await;
    site.book(run, "Sam Sorrel", "sam@example.org").await;
    site.until("2027-05-20 12:00").await;
    let team = site.member(Role::Coordinator, "team@example.org").await.browser;
    let page = team.visit(&format!("/team/runs/{run}/edit")).await;
    let form = page
        .form("Save")
        .with("day1_date", "2027-06-10")
        .with("day2_date", "2027-06-17");
    form.submit().await.must_say("Thursday 10 June 2027");
    site.until("2027-06-18 12:00").await;
    assert_eq!(site.left("next_week").await, ["2027-06-03T09:00:00Z"]);
    assert_eq!(
        site.left("tomorrow").await,
        ["2027-06-09T09:00:00Z", "2027-06-16T09:00:00Z"]
    );
    site.must_hold().await;
}
