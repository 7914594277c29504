//! S1 (its mails), B-103: whoever has a place is reminded a week before and the day before each day, at the time
//! of day that the team chose, and only of what is so.

use booking::calendar::Delivery;
use tests::{Applicant, TestApp};

/// What was sent to somebody, with the calendar entries of each mail.
fn sent(site: &TestApp, email: &str) -> Vec<(String, usize)> {
    let all = site.mailer.sent();
    let theirs = all.iter().filter(|it| it.to == email);
    theirs
        .map(|it| {
            let read = it.read();
            let requests = read.calendars.iter().filter(|(method, _)| method == "REQUEST");
            (read.subject().to_owned(), requests.count())
        })
        .collect()
}

fn mail(subject: &str, requests: usize) -> (String, usize) {
    (subject.to_owned(), requests)
}

async fn confirm(site: &TestApp, it: &Applicant) {
    let page = it
        .follow_mail(site, "Please confirm your email", "/confirm")
        .await;
    page.form("Continue")
        .choose("Yes, I made this booking")
        .submit()
        .await;
}

#[tokio::test]
async fn somebody_books_and_is_told_what_helps_them_to_come() {
    let site = TestApp::start().await;
    let run = site.run_with_places(12).await;
    let v = site.hold(run, "Vee Sorrel", "v@example.org").await;
    site.until("2027-05-11 17:00").await;
    confirm(&site, &v).await;
    site.until("2027-06-01 09:00").await;
    let confirmed = [
        mail("Please confirm your email", 0),
        mail("Your booking for Tuesday 8 June", 2),
    ];
    assert_eq!(sent(&site, &v.email), confirmed);
    v.manage(&site, "Your booking for")
        .await
        .must_say("You have a place");
    site.until("2027-06-01 10:00").await;
    let guide = v.mail(&site, "Your booking next week");
    for words in [
        "HOW TO JOIN",
        "Day 1: Tuesday 8 June 2027, 10am to 1:15pm",
        "ARE YOU COMING?",
        "01632 960000",
    ] {
        assert!(guide.contains(words), "{words}: {guide}");
    }
    assert!(!guide.contains("meet.example.org"), "B-51: {guide}");
    site.until("2027-06-15 09:00").await;
    let reminded = [
        mail("Your booking next week", 0),
        mail("Your booking tomorrow", 0),
        mail("Your booking tomorrow", 0),
    ];
    assert_eq!(sent(&site, &v.email), [&confirmed[..], &reminded].concat());
    assert_eq!(site.left("next_week").await, ["2027-06-01T09:00:00Z"]);
    assert_eq!(
        site.left("tomorrow").await,
        ["2027-06-07T09:00:00Z", "2027-06-14T09:00:00Z"]
    );
    let second = v.mail(&site, "Your booking tomorrow");
    assert!(second.contains("day 2 of your course"), "{second}");
    assert!(second.contains("You can keep your camera off"), "{second}");
    site.must_hold().await;
}

/// M10: one press on the booking's page says that somebody is coming, and the team sees it in the history.
#[tokio::test]
async fn whoever_is_coming_says_so_with_one_press() {
    let site = TestApp::start().await;
    let run = site.run_with_places(12).await;
    let sam = site.book(run, "Sam Sorrel", "sam@example.org").await;
    site.until("2027-06-01 09:00").await;
    let early = sam.manage(&site, "Your booking for").await;
    assert!(!early.says("I am coming"), "{}", early.words());
    site.until("2027-06-01 10:00").await;
    let page = sam.manage(&site, "Your booking next week").await;
    let form = page.form("I am coming");
    let told = form.clone().submit().await;
    told.must_say("Thank you for telling us that you are coming");
    assert!(!told.says("Are you coming?"), "{}", told.words());
    form.submit().await.must_say("Thank you for telling us");
    let said = "SELECT COUNT(*) FROM booking_event WHERE event = 'coming'";
    assert_eq!(site.count(said).await, 1);
    assert_eq!(site.state(sam.booking).await, "booked");
    site.must_hold().await;
}

/// B-103: whoever books after a reminder's time does not get it.
#[tokio::test]
async fn whoever_books_later_gets_what_is_still_to_come() {
    let site = TestApp::start().await;
    let run = site.run_with_places(12).await;
    site.until("2027-06-01 10:30").await;
    let sam = site.book(run, "Sam Sorrel", "sam@example.org").await;
    site.until("2027-06-14 11:00").await;
    let subjects = site.subjects(&sam.email);
    assert_eq!(
        subjects[2..],
        ["Your booking tomorrow", "Your booking tomorrow"],
        "{subjects:?}"
    );
    site.must_hold().await;
}

/// B-101: a place that is given back and a day that somebody cannot come to are not reminded of, even where
/// the mail was written down already.
#[tokio::test]
async fn nobody_is_reminded_of_what_is_not_so_any_more() {
    let mut site = TestApp::start().await;
    let run = site.run_with_places(12).await;
    let sam = site.book(run, "Sam Sorrel", "sam@example.org").await;
    let jo = site.book(run, "Jo Field", "jo@example.org").await;
    site.until("2027-06-07 09:30").await;
    // The relay is away when the reminders are written down.
    let taken = std::mem::replace(&mut site.mailer, web::Mailer::folder("/dev/null/mail"));
    site.until("2027-06-07 10:00").await;
    site.mailer = taken;
    let cancel = sam.follow_mail(&site, "Your booking for", "/cancel").await;
    cancel
        .form("Continue")
        .choose("Yes, cancel my place")
        .submit()
        .await;
    let page = jo.manage(&site, "Your booking for").await;
    page.form("I cannot come").submit().await;
    site.until("2027-06-07 12:00").await;
    let reminded = |email: &str| {
        let all = site.subjects(email);
        all.iter().filter(|it| *it == "Your booking tomorrow").count()
    };
    assert_eq!((reminded("sam@example.org"), reminded("jo@example.org")), (0, 0));
    let suppressed = "SELECT COUNT(*) FROM outbox_mail WHERE kind = 'tomorrow' AND state = 'suppressed'";
    assert_eq!(site.count(suppressed).await, 2);
    // Day 2 is another day.
    site.until("2027-06-14 10:00").await;
    assert_eq!((reminded("sam@example.org"), reminded("jo@example.org")), (0, 1));
    site.must_hold().await;
}

/// B-103: two days in a row, and a course in a hall.
#[tokio::test]
async fn of_two_days_in_a_row_the_second_is_told_in_the_evening_of_the_first() {
    let site = TestApp::start().await;
    let in_person = |new: &mut booking::calendar::NewRun| {
        new.delivery = Delivery::InPerson;
        new.venue = Some("The hall, Long Lane".to_owned());
    };
    let days = ["2027-06-08", "2027-06-09"];
    let run = site.run_like(12, &days, in_person).await;
    let sam = site.book(run, "Sam Sorrel", "sam@example.org").await;
    site.until("2027-06-09 09:00").await;
    assert_eq!(
        site.left("tomorrow").await,
        ["2027-06-07T09:00:00Z", "2027-06-08T16:00:00Z"]
    );
    let text = sam.mail(&site, "Your booking tomorrow");
    assert!(text.contains("The hall, Long Lane"), "{text}");
    assert!(!text.contains("camera") && !text.contains("/join"), "{text}");
    site.must_hold().await;
}

/// B-90: whoever has no email is told by phone or letter; the call about a day ends with the day before it.
#[tokio::test]
async fn without_an_address_a_reminder_is_a_call_while_it_helps() {
    let site = TestApp::start().await;
    site.run_with_places(12).await;
    crate::without_email::booked_by_phone(&site, "Jo Field").await;
    let open = async |name: &str| {
        let sql = format!(
            "SELECT COUNT(*) FROM team_task WHERE kind = 'phone_or_letter' AND state = 'open' AND occasion LIKE '{name}-%'"
        );
        site.count(&sql).await
    };
    site.until("2027-06-01 10:00").await;
    assert_eq!((open("next_week").await, open("tomorrow").await), (1, 0));
    site.until("2027-06-07 10:00").await;
    assert_eq!((open("next_week").await, open("tomorrow").await), (1, 1));
    site.until("2027-06-08 01:00").await;
    assert_eq!((open("next_week").await, open("tomorrow").await), (0, 0));
    site.must_hold().await;
}

/// B-102: a program that was down over a reminder's time makes up for it by day, while it helps.
#[tokio::test]
async fn a_reminder_that_was_missed_by_night_waits_for_the_morning() {
    let site = TestApp::start().await;
    let run = site.run_with_places(12).await;
    site.book(run, "Sam Sorrel", "sam@example.org").await;
    site.until("2027-06-01 09:00").await;
    // Down from 9am to 9pm.
    site.clock_to("2027-06-01 21:00");
    site.rounds().await;
    assert_eq!(site.left("next_week").await, [""; 0]);
    site.until("2027-06-02 08:00").await;
    assert_eq!(site.left("next_week").await, ["2027-06-02T07:00:00Z"]);
    site.must_hold().await;
}
