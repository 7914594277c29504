//! S7, B-52, B-53: dates are called off the evening before. Everybody hears of it in one way, and the team knows
//! whom to call.

use tests::TestApp;
use web::Role;

use crate::without_email::booked_by_phone;

/// Somebody whose address turned out to be that of another person.
async fn with_a_bad_address(site: &TestApp, run: ids::RunId, name: &str) {
    let wrong = site.hold(run, name, "wrong@example.org").await;
    site.team(run, booking::Change::Confirm(wrong.booking, None))
        .await;
    site.rounds().await;
    let link = wrong.link(site, "Your booking for", "");
    let page = wrong.browser.visit(&format!("{link}/confirm")).await;
    let form = page.form("Continue").choose("I did not ask for this");
    form.submit().await.must_say("Thank you for telling us");
    assert_eq!(site.state(wrong.booking).await, "booked");
}

#[tokio::test]
async fn dates_are_called_off_the_evening_before() {
    let site = TestApp::start().await;
    let run = site.run_with_places(11).await;
    for number in 1..=9 {
        let email = format!("b{number}@example.org");
        site.book(run, &format!("Person {number}"), &email).await;
    }
    with_a_bad_address(&site, run, "Lee Larch").await;
    booked_by_phone(&site, "Jo Field").await;
    for number in 1..=4 {
        let email = format!("w{number}@example.org");
        site.join(run, &format!("Waiting {number}"), &email).await;
    }
    let booked = "SELECT COUNT(*) FROM booking WHERE state = ";
    assert_eq!(site.count(&format!("{booked}'booked'")).await, 11);
    assert_eq!(site.count(&format!("{booked}'waiting'")).await, 4);

    site.until("2027-06-07 18:00").await;
    let team = site.member(Role::Coordinator, "rowan@example.org").await.browser;
    let ask = team.visit(&format!("/team/runs/{run}/cancel")).await;
    ask.must_say("We email 13 people at once. 2 people must be told by phone or letter.");
    let form = ask
        .form("Cancel these dates")
        .fill("Reason", "The trainer is ill.");
    form.clone().submit().await.must_say("Cancelled");
    form.submit().await.must_say("Cancelled");
    site.rounds().await;

    let off = "SELECT COUNT(*) FROM booking WHERE state = 'cancelled' AND cancelled_by = 'run_cancelled'";
    assert_eq!(site.count(off).await, 15);
    let sent = site.mailer.sent();
    let told = sent.iter().map(web::Sent::read);
    let told: Vec<_> = told
        .filter(|it| it.subject() == "Your booking cannot go ahead")
        .collect();
    assert_eq!(told.len(), 13);
    let both = told.iter().filter(|it| {
        let methods: Vec<_> = it.calendars.iter().map(|(method, _)| method.as_str()).collect();
        methods == ["CANCEL", "CANCEL"]
    });
    assert_eq!(both.count(), 9);
    assert_eq!(told.iter().filter(|it| it.calendars.is_empty()).count(), 4);
    for mail in &told {
        let words = mail.text.split_whitespace().collect::<Vec<_>>().join(" ");
        assert!(
            words.contains("The trainer is ill.") || words.starts_with("Hello"),
            "{words}"
        );
        assert!(words.contains("Monday 21 June 2027 at 6pm"), "{words}");
    }
    let open = "SELECT COUNT(*) FROM team_task WHERE state = 'open'";
    let to_call = format!("{open} AND kind = 'phone_or_letter' AND occasion LIKE 'run_cancelled-%'");
    assert_eq!(site.count(&to_call).await, 2);

    // T03: each of the team hears once, with the numbers and without a name.
    for member in ["rowan@example.org", "first@example.org"] {
        let subjects = site.subjects(member);
        let told = subjects.iter().filter(|it| *it == "Run called off").count();
        assert_eq!(told, 1, "{subjects:?}");
    }
    let text = sent
        .iter()
        .map(web::Sent::read)
        .find(|it| it.subject() == "Run called off")
        .expect("told")
        .text;
    assert!(text.contains("13 people are told by email."), "{text}");
    assert!(
        text.contains("2 people must be told by phone or letter."),
        "{text}"
    );
    for name in ["Jo Field", "Lee", "Person"] {
        assert!(!text.contains(name), "{name} in {text}");
    }
    site.must_hold().await;
}
