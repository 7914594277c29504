//! F01 to F03, T01 to T03, T-10: the team hears of its work by mail, and no such mail names anybody who booked.

use ids::{PersonId, RunId};
use tests::{Browser, TestApp};
use web::Role;

async fn coordinator(site: &TestApp) -> Browser {
    site.member(Role::Coordinator, "rowan@example.org").await.browser
}

fn count(site: &TestApp, email: &str, subject: &str) -> usize {
    let all = site.subjects(email);
    all.iter().filter(|it| *it == subject).count()
}

/// The text of the newest mail with this subject, its lines joined.
#[track_caller]
fn text(site: &TestApp, email: &str, subject: &str) -> String {
    let sent = site.mailer.sent();
    let theirs = sent.iter().rev().filter(|it| it.to == email).map(web::Sent::read);
    let found = theirs.into_iter().find(|it| it.subject() == subject);
    let found = found.unwrap_or_else(|| panic!("no {subject:?}: {:?}", site.subjects(email)));
    found.text.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// Gives the dates their two facilitators on the page, and saves.
async fn teach(site: &TestApp, team: &Browser, run: RunId, both: [&str; 2]) {
    let mut people = Vec::new();
    for email in both {
        people.push(PersonId(site.person_of(email).await.parse().expect("an id")).to_string());
    }
    let page = team.visit(&format!("/team/runs/{run}/edit")).await;
    let form = page
        .form("Save")
        .with("peer_trainer", &people[0])
        .with("other", &people[1])
        .choose("The peer trainer")
        .choose("The other facilitator");
    form.submit().await.must_say("Day 1");
}

#[tokio::test]
async fn facilitators_hear_of_their_dates_and_registers() {
    let site = TestApp::start().await;
    let run = site.run_with_places(12).await;
    for name in ["quinn", "tate", "uma"] {
        site.invited(Role::Facilitator, &format!("{name}@example.org"))
            .await;
    }
    let sam = site.book(run, "Sam Sorrel", "sam@example.org").await;
    let team = coordinator(&site).await;
    teach(&site, &team, run, ["quinn@example.org", "tate@example.org"]).await;
    site.rounds().await;
    let dates = "Your facilitation dates";
    for name in ["quinn", "tate"] {
        let told = text(&site, &format!("{name}@example.org"), dates);
        assert!(
            told.contains("Day 1: Tuesday 8 June 2027, 10am to 1:15pm"),
            "{told}"
        );
    }
    // Saved again without a change of who teaches: nobody hears of it twice.
    teach(&site, &team, run, ["quinn@example.org", "tate@example.org"]).await;
    teach(&site, &team, run, ["quinn@example.org", "uma@example.org"]).await;
    site.rounds().await;
    assert_eq!(count(&site, "quinn@example.org", dates), 1);
    assert!(text(&site, "tate@example.org", dates).contains("no longer teach"));
    assert!(text(&site, "uma@example.org", dates).contains("You teach"));
    let page = team.visit(&format!("/team/runs/{run}/edit")).await;
    let form = page.form("Save").with("day2_date", "2027-06-16");
    form.submit().await.must_say("Wednesday 16 June 2027");
    site.rounds().await;
    assert!(text(&site, "quinn@example.org", dates).contains("Wednesday 16 June 2027"));
    assert_eq!(count(&site, "quinn@example.org", dates), 2);
    assert_eq!(count(&site, "tate@example.org", dates), 2);

    // F02: two working days before day 1, with numbers and without names.
    site.until("2027-06-04 07:59").await;
    assert_eq!(site.left("register_soon").await, [""; 0]);
    site.until("2027-06-04 08:00").await;
    assert_eq!(site.left("register_soon").await, ["2027-06-04T07:00:00Z"]);
    let soon = text(&site, "quinn@example.org", "Register for Tuesday 8 June");
    assert!(soon.contains("1 person has a place."), "{soon}");
    assert!(!soon.contains("Sorrel"), "{soon}");
    assert_eq!(count(&site, "tate@example.org", "Register for Tuesday 8 June"), 0);

    // F03: those who teach after one working day, in the morning; the team after three.
    let late = "Attendance to record";
    site.until("2027-06-10 07:59").await;
    assert_eq!(count(&site, "quinn@example.org", late), 0);
    site.until("2027-06-10 08:00").await;
    assert_eq!(
        (
            count(&site, "quinn@example.org", late),
            count(&site, "rowan@example.org", late)
        ),
        (1, 0)
    );
    site.until("2027-06-14 08:00").await;
    assert_eq!(
        (
            count(&site, "quinn@example.org", late),
            count(&site, "rowan@example.org", late)
        ),
        (1, 1)
    );
    assert_eq!(site.state(sam.booking).await, "booked");
    site.must_hold().await;
}

/// T01: each working morning, what is open, and nothing where nothing is.
#[tokio::test]
async fn the_team_reads_each_working_morning_what_is_open() {
    let site = TestApp::start().await;
    let run = site.run_with_places(12).await;
    let team = coordinator(&site).await;
    site.until("2027-05-12 09:00").await;
    assert_eq!(
        count(&site, "rowan@example.org", "Today's list"),
        0,
        "nothing is open"
    );
    let check = crate::without_email::asked_by(&site, &site.run_path(run).await, "By phone").await;
    check.agreed("Confirm my booking").submit().await;
    site.until("2027-05-13 08:00").await;
    let list = text(&site, "rowan@example.org", "Today's list");
    assert!(
        list.contains("Tell them by phone or letter: 1. Due already: 1."),
        "{list}"
    );
    assert!(!list.contains("Sorrel"), "{list}");
    // Thursday and Friday, not Saturday and Sunday.
    site.until("2027-05-17 07:59").await;
    assert_eq!(count(&site, "rowan@example.org", "Today's list"), 2);
    drop(team);
    site.must_hold().await;
}

/// T02: a place is free close to the start, and only a call can offer it.
#[tokio::test]
async fn an_urgent_task_is_mailed_once_to_each_of_the_team() {
    let site = TestApp::start().await;
    let run = site.run_with_places(1).await;
    let sam = site.book(run, "Sam Sorrel", "sam@example.org").await;
    site.join(run, "Kim Elm", "kim@example.org").await;
    site.invited(Role::Lead, "lead@example.org").await;
    coordinator(&site).await;
    site.until("2027-06-05 11:00").await;
    site.team(run, booking::Change::Cancel(sam.booking)).await;
    site.until("2027-06-05 13:00").await;
    for member in ["rowan@example.org", "lead@example.org"] {
        assert_eq!(count(&site, member, "Please phone today"), 1, "{member}");
    }
    let words = text(&site, "rowan@example.org", "Please phone today");
    assert!(words.contains("Call the people on the waiting list."), "{words}");
    assert!(!words.contains("Kim"), "{words}");
    site.must_hold().await;
}

/// B-51: a new joining link less than a day before is mailed to whoever comes, without the link itself.
#[tokio::test]
async fn a_new_joining_link_just_before_a_day_is_told() {
    let site = TestApp::start().await;
    let run = site.run_with_places(12).await;
    let sam = site.book(run, "Sam Sorrel", "sam@example.org").await;
    site.until("2027-06-07 10:30").await;
    let team = coordinator(&site).await;
    let page = team.visit(&format!("/team/runs/{run}/edit")).await;
    let form = page
        .form("Save")
        .fill("Joining link", "https://meet.example.org/other");
    form.submit().await.must_say("Day 1");
    site.rounds().await;
    let told = sam.mail(&site, "A change to your booking");
    assert!(
        told.contains("/join") && !told.contains("meet.example.org"),
        "{told}"
    );
    assert_eq!(count(&site, "sam@example.org", "A change to your booking"), 1);
    site.must_hold().await;
}
