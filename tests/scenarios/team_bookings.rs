//! The team looks bookings up and acts on them for people who call or write (B-22, B-30, M15, T-08).

use axum::http::StatusCode;
use ids::BookingId;
use tests::{Browser, PageView, TestApp};
use time::Duration;
use web::Role;

/// Somebody of the team, logged in.
async fn team(site: &TestApp) -> Browser {
    site.member(Role::Coordinator, "team@example.org").await.browser
}

async fn reference(site: &TestApp, booking: BookingId) -> String {
    let found = booking::bookings::find(site.db(), booking)
        .await
        .expect("readable");
    found.expect("the booking is there").reference
}

/// The team's page of a booking.
async fn page_of(site: &TestApp, browser: &Browser, booking: BookingId) -> PageView {
    let reference = reference(site, booking).await.replace(' ', "-");
    browser.visit(&format!("/team/bookings/{reference}")).await
}

#[tokio::test]
async fn a_booking_is_found_by_name_address_phone_and_reference() {
    let site = TestApp::start().await;
    let run = site.run_with_places(12).await;
    let sam = site.book(run, "Sam Sorrel", "sam@example.com").await;
    site.hold(run, "Zoë 100%", "zoe@example.com").await;
    site.execute("UPDATE person SET phone = '01632 960-123' WHERE email = 'sam@example.com'")
        .await;
    let browser = team(&site).await;
    assert_eq!(browser.visit("/team/bookings").await.heading(), "2 bookings");
    let reference = reference(&site, sam.booking)
        .await
        .replace(' ', "")
        .to_lowercase();
    for words in [
        "sorrel",
        "SAM",
        "sam%40example.com",
        "01632960123",
        "960+123",
        reference.as_str(),
    ] {
        let page = browser.visit(&format!("/team/bookings?q={words}")).await;
        assert_eq!(page.heading(), "1 booking", "{words}");
        page.must_say("Sam Sorrel");
    }
    for (words, found) in [
        ("zo%C3%AB", 1),
        ("100%25", 1),
        ("%25", 1),
        ("_am", 0),
        ("nobody", 0),
    ] {
        let page = browser.visit(&format!("/team/bookings?q={words}")).await;
        let heading = if found == 1 { "1 booking" } else { "No bookings" };
        assert_eq!(page.heading(), heading, "{words}");
    }
    let none = browser.visit("/team/bookings?q=nobody").await;
    none.must_say("Nothing matches your search");
    let opened = browser
        .visit("/team/bookings?q=sorrel")
        .await
        .follow("Sam Sorrel")
        .await;
    opened.must_say("sam@example.com (confirmed)");
}

#[tokio::test]
async fn bookings_are_picked_out_sorted_and_shown_25_at_a_time() {
    let site = TestApp::start().await;
    let june = site.run_with_places(30).await;
    let july = site.run_on(30, &["2027-07-06", "2027-07-13"]).await;
    for number in 10..38 {
        site.app.clock().advance(Duration::minutes(1));
        site.hold(
            june,
            &format!("Person {number}"),
            &format!("p{number}@example.com"),
        )
        .await;
    }
    site.app.clock().advance(Duration::minutes(1));
    site.book(july, "Anna Last", "anna@example.com").await;
    let browser = team(&site).await;
    let all = browser.visit("/team/bookings").await;
    assert_eq!(all.heading(), "29 bookings");
    assert!(
        !all.says("Person 10") && all.says("Anna Last"),
        "the newest first"
    );
    all.follow("2").await.must_say("Person 10");
    let held = browser.visit("/team/bookings?status=unconfirmed").await;
    assert_eq!(held.heading(), "28 bookings");
    let by_name = held.follow("Name").await;
    assert_eq!(by_name.heading(), "28 bookings", "what is picked out stays");
    assert_eq!(by_name.text("th[aria-sort=ascending]"), "Name");
    assert!(by_name.says("Person 10") && !by_name.says("Person 37"));
    let other_way = by_name.follow("Name").await;
    assert!(other_way.says("Person 37") && !other_way.says("Person 10"));
    let slug = site.run_path(july).await.replacen("/courses/", "", 1);
    let of_july = browser.visit(&format!("/team/bookings?dates={slug}")).await;
    assert_eq!(of_july.heading(), "1 booking");
    let by_dates = browser.visit("/team/bookings?sort=-dates").await;
    assert!(by_dates.text("tbody tr").contains("Anna Last"));
}

#[tokio::test]
async fn the_team_confirms_on_the_phone_and_the_history_says_so() {
    let site = TestApp::start().await;
    let run = site.run_with_places(12).await;
    let sam = site.hold(run, "Sam Sorrel", "sam@example.com").await;
    site.rounds().await;
    let browser = team(&site).await;
    let page = page_of(&site, &browser, sam.booking).await;
    page.must_say("Booked, email not confirmed")
        .must_say("Please confirm your email");
    let ask = page.follow("Confirm for the person").await;
    let nothing = ask.form("Continue").submit().await;
    nothing
        .must_be(StatusCode::UNPROCESSABLE_ENTITY)
        .must_say("Choose one answer");
    assert_eq!(site.state(sam.booking).await, "unconfirmed");
    let unsaid = ask.form("Continue").choose("Yes, confirm it").submit().await;
    unsaid.must_be(StatusCode::UNPROCESSABLE_ENTITY);
    assert_eq!(site.state(sam.booking).await, "unconfirmed");
    let form = ask.form("Continue").choose("Yes, confirm it").choose("By phone");
    let done = form.clone().submit().await;
    done.must_say("The booking is confirmed")
        .must_say("Sam, by phone");
    form.submit().await.must_say("The booking is confirmed");
    assert_eq!(site.state(sam.booking).await, "booked");
    site.rounds().await;
    assert!(
        site.subjects("sam@example.com")
            .contains(&"Your booking for Tuesday 8 June".to_owned())
    );
    site.must_hold().await;
}

#[tokio::test]
async fn the_team_cancels_with_a_reason_that_the_person_reads() {
    let site = TestApp::start().await;
    let run = site.run_with_places(1).await;
    let sam = site.book(run, "Sam Sorrel", "sam@example.com").await;
    let browser = team(&site).await;
    let ask = page_of(&site, &browser, sam.booking)
        .await
        .follow("Cancel this booking")
        .await;
    let form = ask.form("Continue").choose("Yes, cancel it").choose("By email");
    form.clone()
        .submit()
        .await
        .must_be(StatusCode::UNPROCESSABLE_ENTITY);
    assert_eq!(site.state(sam.booking).await, "booked");
    let done = form.fill("Reason", "You asked us to, by email.").submit().await;
    done.must_say("Cancelled by us")
        .must_say("You asked us to, by email.");
    site.rounds().await;
    let sent = site.mailer.sent();
    let mail = sent
        .iter()
        .rev()
        .find(|it| it.to == "sam@example.com")
        .expect("a mail");
    assert!(mail.read().text.contains("You asked us to, by email."));
    done.must_say("There is nothing to do here");
    site.must_hold().await;
}

#[tokio::test]
async fn the_team_moves_a_booking_and_needs_a_reason_to_go_past_somebody() {
    let site = TestApp::start().await;
    let june = site.run_with_places(12).await;
    let july = site.run_on(1, &["2027-07-06", "2027-07-13"]).await;
    let kim = site.book(july, "Kim Lee", "kim@example.com").await;
    site.join(july, "Jo Field", "jo@example.com").await;
    site.team(july, booking::Change::PauseOffers(true)).await;
    site.team(july, booking::Change::Cancel(kim.booking)).await;
    let sam = site.book(june, "Sam Sorrel", "sam@example.com").await;
    let browser = team(&site).await;
    let ask = page_of(&site, &browser, sam.booking)
        .await
        .follow("Move to other dates")
        .await;
    let form = ask.form("Continue").choose("Tuesday 6 and").choose("By phone");
    let again = form.clone().submit().await;
    again
        .must_be(StatusCode::UNPROCESSABLE_ENTITY)
        .must_say("stands in front");
    assert_eq!(site.state(sam.booking).await, "booked");
    let done = again
        .form("Continue")
        .fill("Reason", "They cannot come in June.")
        .submit()
        .await;
    done.must_say("Tuesday 6 July 2027")
        .must_say("The booking is moved");
    assert_eq!(site.state(sam.booking).await, "moved");
    site.must_hold().await;
}

#[tokio::test]
async fn the_team_corrects_an_address() {
    let site = TestApp::start().await;
    let run = site.run_with_places(12).await;
    let sam = site.hold(run, "Sam Sorrel", "sma@example.com").await;
    site.rounds().await;
    let old = site.path_in_mail("sma@example.com", "Please confirm your email", "/b/");
    let browser = team(&site).await;
    let ask = page_of(&site, &browser, sam.booking)
        .await
        .follow("Correct the email address")
        .await;
    let form = ask.form("Continue").choose("By phone");
    let wrong = form.clone().fill("New email address", "sam@").submit().await;
    wrong.must_be(StatusCode::UNPROCESSABLE_ENTITY);
    let done = form.fill("New email address", "sam@example.com").submit().await;
    done.must_say("The email address is changed")
        .must_say("sam@example.com (not confirmed)");
    assert_eq!(site.state(sam.booking).await, "booked");
    site.browser().visit(&old).await.must_be(StatusCode::NOT_FOUND);
    site.rounds().await;
    // Once more: the place is theirs already, so their links go to the new address.
    let ask = done.follow("Correct the email address").await;
    let form = ask.form("Continue").choose("By phone");
    form.fill("New email address", "sorrel@example.com")
        .submit()
        .await;
    site.rounds().await;
    assert_eq!(site.subjects("sorrel@example.com"), ["Your booking links"]);
    site.must_hold().await;
}

#[tokio::test]
async fn the_team_answers_an_offer() {
    let site = TestApp::start().await;
    let run = site.run_with_places(1).await;
    let kim = site.book(run, "Kim Lee", "kim@example.com").await;
    let jo = site.join(run, "Jo Field", "jo@example.com").await;
    site.team(run, booking::Change::Cancel(kim.booking)).await;
    let browser = team(&site).await;
    let ask = page_of(&site, &browser, jo.booking)
        .await
        .follow("Answer the offer")
        .await;
    let none = ask.form("Continue").choose("No answer yet").submit().await;
    none.must_say("Offered, reply by");
    let form = ask
        .form("Continue")
        .choose("Yes, they take the place")
        .choose("By phone");
    form.submit().await.must_say("The answer is noted");
    assert_eq!(site.state(jo.booking).await, "booked");
    site.must_hold().await;
}

/// T-08
#[tokio::test]
async fn nobody_acts_as_staff_on_their_own_booking() {
    let site = TestApp::start().await;
    let run = site.run_with_places(12).await;
    let own = site.book(run, "Sam Sorrel", "team@example.org").await;
    let browser = team(&site).await;
    let page = page_of(&site, &browser, own.booking).await;
    page.must_say("This is your own booking");
    assert!(!page.says("Cancel this booking"));
    let path = format!("{}/cancel", page.path);
    browser.visit(&path).await.must_be(StatusCode::NOT_FOUND);
    let fields = [("answer", "cancel"), ("reason", "x"), ("channel", "phone")];
    browser.post(&path, &fields).await.must_be(StatusCode::NOT_FOUND);
    assert_eq!(site.state(own.booking).await, "booked");
}

/// The form for somebody who calls, with everything that must be answered.
async fn called(browser: &Browser, name: &str) -> tests::Form {
    let page = browser.visit("/team/bookings/new").await;
    let form = page
        .form("Book")
        .choose("By phone")
        .choose("Introduction to peer support");
    let form = form.fill("Full name", name).fill("Phone number", "01632 960 001");
    let form = form.choose("They have no email").choose("They are 18 or over");
    form.choose("They will keep what others share private")
}

/// The answer to "How would they like us to get in touch?", which is worded like another one.
fn prefers(form: tests::Form, way: &str) -> tests::Form {
    form.with("prefers", way)
}

#[tokio::test]
async fn whoever_calls_is_booked_at_once_and_contact_becomes_tasks() {
    let site = TestApp::start().await;
    let run = site.run_with_places(12).await;
    let browser = team(&site).await;
    let form = prefers(called(&browser, "Jo Field").await, "phone");
    let bare = form.clone().submit().await;
    bare.must_be(StatusCode::UNPROCESSABLE_ENTITY);
    assert_eq!(site.count("SELECT COUNT(*) FROM booking").await, 0);
    let form = form.choose("A place").choose("BSL interpreter");
    let form = form.choose("Somebody else books for them").choose("Send copies");
    let form = form
        .fill("Name of the person", "Alex Helper")
        .fill("Email address or phone", "alex@example.com");
    let page = form.clone().submit().await;
    page.must_say("Jo Field, booking")
        .must_say("Booked")
        .must_say("BSL interpreter");
    page.must_say("Alex Helper").must_say("by phone");
    page.must_say("Tell them by phone or letter")
        .must_say("Arrange what helps them");
    form.submit().await.must_say("Jo Field, booking");
    assert_eq!(site.snapshot(run).await.free_places(), 11);
    let tasks = "SELECT COUNT(*) FROM team_task WHERE state = 'open' AND kind = ";
    for kind in ["phone_or_letter", "arrange_need"] {
        assert_eq!(site.count(&format!("{tasks}'{kind}'")).await, 1, "{kind}");
    }
    site.rounds().await;
    assert_eq!(
        site.subjects("alex@example.com"),
        ["Your booking for Tuesday 8 June"]
    );
    site.must_hold().await;
}

#[tokio::test]
async fn whoever_calls_about_full_dates_joins_the_waiting_list() {
    let site = TestApp::start().await;
    let run = site.run_with_places(1).await;
    site.book(run, "Kim Lee", "kim@example.com").await;
    let browser = team(&site).await;
    let form = prefers(called(&browser, "Jo Field").await, "phone");
    let full = form.clone().choose("A place").submit().await;
    full.must_be(StatusCode::CONFLICT)
        .must_say("There is no free place");
    let form = full.form("Book").choose("To join the waiting list");
    form.submit().await.must_say("Waiting");
    site.must_hold().await;
}

/// B-25, INV-9
#[tokio::test]
async fn whoever_calls_and_is_known_by_address_and_name_is_the_same_person() {
    let site = TestApp::start().await;
    let june = site.run_with_places(12).await;
    site.book(june, "Sam Sorrel", "sam@example.com").await;
    site.run_on(12, &["2027-07-06", "2027-07-13"]).await;
    let browser = team(&site).await;
    let people = site.count("SELECT COUNT(*) FROM person").await;
    let page = browser.visit("/team/bookings/new").await;
    let form = page
        .form("Book")
        .choose("By phone")
        .choose("Introduction to peer support: Tuesday 6");
    let form = form
        .fill("Full name", "sam  SORREL")
        .fill("Email address", "sam@example.com");
    let form = form.choose("A place").choose("They are 18 or over");
    let form = prefers(form.choose("They will keep what others share private"), "email");
    let refused = form.submit().await;
    refused
        .must_be(StatusCode::CONFLICT)
        .must_say("another booking for this course");
    assert_eq!(site.count("SELECT COUNT(*) FROM person").await, people);
    assert_eq!(site.count("SELECT COUNT(*) FROM booking").await, 1);
}

/// T-08
#[tokio::test]
async fn nobody_books_for_themselves_as_staff() {
    let site = TestApp::start().await;
    site.run_with_places(12).await;
    let browser = team(&site).await;
    let page = browser.visit("/team/bookings/new").await;
    let form = page
        .form("Book")
        .choose("By phone")
        .choose("Introduction to peer support");
    let form = form
        .fill("Full name", "Sam Sorrel")
        .fill("Email address", "team@example.org");
    let form = form.choose("A place").choose("They are 18 or over");
    let form = prefers(form.choose("They will keep what others share private"), "email");
    let refused = form.submit().await;
    refused
        .must_be(StatusCode::UNPROCESSABLE_ENTITY)
        .must_say("Book your own place on the website");
    assert_eq!(site.count("SELECT COUNT(*) FROM booking").await, 0);
}
