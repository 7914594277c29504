//! Booking: what was typed stays, a second press books nothing, and every refusal says what to do.

use axum::http::{Method, StatusCode};
use tests::{PageView, TestApp};

#[tokio::test]
async fn a_place_is_booked_confirmed_and_cancelled() {
    let site = TestApp::start().await;
    let run = site.run_with_places(12).await;
    let sam = site.book(run, "Sam Sorrel", "sam@example.org").await;
    site.rounds().await;
    let mail = sam.mail(&site, "Your booking for Tuesday 8 June");
    assert!(mail.contains("Tuesday 15 June 2027, 10am to 1:15pm"), "{mail}");
    assert_eq!(
        site.mailer.sent().last().expect("a mail").read().calendars.len(),
        2,
        "one part for each session"
    );
    let page = sam.manage(&site, "Your booking for").await;
    page.must_say("Booked");
    let done = page
        .follow("Cancel")
        .await
        .form("Continue")
        .choose("Yes, cancel my place")
        .submit()
        .await;
    done.must_be(StatusCode::OK);
    site.rounds().await;
    let last = site.mailer.sent().last().expect("a mail").read();
    assert_eq!(last.subject(), "Your booking is cancelled");
    assert!(
        last.calendars
            .iter()
            .all(|(method, text)| method == "CANCEL" && text.contains("SEQUENCE:1"))
    );
    site.must_hold().await;
}

/// U-04, U-05, U-06.
#[tokio::test]
async fn pressing_twice_books_once() {
    let site = TestApp::start().await;
    let run = site.run_with_places(12).await;
    let browser = site.browser();
    let check = site
        .answers(&browser, run, "book", "Sam Sorrel", "sam@example.org")
        .await;
    let form = check
        .form("Confirm my booking")
        .choose("I am 18 or over")
        .choose("I will keep what others share private");
    let (first, second) = tokio::join!(form.clone().submit(), form.clone().submit());
    assert_eq!(first.path, second.path);
    first.must_say("Your place is booked");
    second.must_say("Your place is booked");
    browser.visit(&first.path).await.must_say("Your place is booked");
    form.submit().await.must_say("Your place is booked");
    assert_eq!(site.count("SELECT COUNT(*) FROM booking").await, 1);
    assert_eq!(
        site.count("SELECT COUNT(*) FROM outbox_mail WHERE kind = 'confirm_email'")
            .await,
        1
    );
}

/// U-07: the answers of whoever comes too late are kept, and the list is one press away.
#[tokio::test]
async fn the_last_place_goes_to_one_and_the_other_keeps_the_answers() {
    let site = TestApp::start().await;
    let run = site.run_with_places(1).await;
    let late = site.browser();
    let check = site
        .answers(&late, run, "book", "Lee Larch", "lee@example.org")
        .await;
    site.hold(run, "Sam Sorrel", "sam@example.org").await;
    let form = check
        .form("Confirm my booking")
        .choose("I am 18 or over")
        .choose("I will keep what others share private");
    let refused = form.submit().await;
    refused
        .must_be(StatusCode::CONFLICT)
        .must_say("Your answers are safe");
    let done = refused.form("Join the waiting list").submit().await;
    done.must_say("You are on the waiting list");
    assert_eq!(
        site.state(site.booking_of("lee@example.org", run).await.expect("a booking"))
            .await,
        "waiting"
    );
    site.must_hold().await;
}

/// U-23: what was typed stays in the form, with a note beside it.
#[tokio::test]
async fn what_was_typed_stays_in_the_form() {
    let site = TestApp::start().await;
    let run = site.run_with_places(12).await;
    let browser = site.browser();
    let first = browser.visit(&format!("{}/book", site.run_path(run).await)).await;
    let again = first.form("Continue").fill("Full name", "  ").submit().await;
    again
        .must_be(StatusCode::UNPROCESSABLE_ENTITY)
        .must_say("Enter your name");
    assert!(again.text("title").starts_with("Error: "));
    let contact = again
        .form("Continue")
        .fill("Full name", "Sam Sorrel")
        .submit()
        .await;
    let again = contact
        .form("Continue")
        .fill("Email address", "sam@")
        .choose("By email")
        .submit()
        .await;
    again
        .must_be(StatusCode::UNPROCESSABLE_ENTITY)
        .must_say("Enter an email address in the correct format");
    assert!(again.body.contains("value=\"sam@\""));
    assert_eq!(site.count("SELECT COUNT(*) FROM booking").await, 0);
}

/// B-21, T-27: until the address is proven the page and the mail show dates and contact only.
#[tokio::test]
async fn an_unproven_address_learns_dates_and_contact_only() {
    let site = TestApp::start().await;
    let run = site.run_with_places(12).await;
    let sam = site.hold(run, "Sam Sorrel", "sam@example.org").await;
    site.rounds().await;
    let mail = sam.mail(&site, "Please confirm your email");
    let page = sam.manage(&site, "Please confirm your email").await;
    for text in [mail.as_str(), page.body.as_str()] {
        assert!(
            !text.contains("Sorrel") && !text.contains("Introduction to peer support"),
            "{text}"
        );
        assert!(text.contains('8'), "the dates are there");
    }
}

/// "I did not ask for this" ends the hold, and no more mail comes.
#[tokio::test]
async fn whoever_did_not_book_says_so_and_hears_no_more() {
    let site = TestApp::start().await;
    let run = site.run_with_places(12).await;
    let sam = site.hold(run, "Sam Sorrel", "sam@example.org").await;
    site.rounds().await;
    let page = sam
        .follow_mail(&site, "Please confirm your email", "/confirm")
        .await;
    page.form("Continue")
        .choose("I did not ask for this")
        .submit()
        .await
        .must_be(StatusCode::OK);
    site.until("2027-05-13 14:00").await;
    assert_eq!(site.state(sam.booking).await, "cancelled");
    assert_eq!(site.subjects("sam@example.org").len(), 1);
    site.must_hold().await;
}

/// B-13, T-36: a second booking of an address takes no second place, and the page does not tell.
#[tokio::test]
async fn a_second_booking_of_an_address_takes_no_second_place() {
    let site = TestApp::start().await;
    let run = site.run_with_places(12).await;
    site.book(run, "Sam Sorrel", "sam@example.org").await;
    let browser = site.browser();
    let check = site
        .answers(&browser, run, "book", "Sam Sorrel", "sam@example.org")
        .await;
    let form = check
        .form("Confirm my booking")
        .choose("I am 18 or over")
        .choose("I will keep what others share private");
    form.submit()
        .await
        .must_be(StatusCode::OK)
        .must_say("Your place is booked");
    assert_eq!(site.snapshot(run).await.free_places(), 11);
    site.rounds().await;
    assert!(
        site.subjects("sam@example.org")
            .contains(&"Your booking links".to_owned())
    );
    site.must_hold().await;
}

/// A move takes the new place and gives the old one back together.
#[tokio::test]
async fn a_booking_moves_to_other_dates() {
    let site = TestApp::start().await;
    let run = site.run_with_places(12).await;
    let later = site.run_on(12, &["2027-07-06", "2027-07-13"]).await;
    let sam = site.book(run, "Sam Sorrel", "sam@example.org").await;
    site.rounds().await;
    let link = sam.link(&site, "Your booking for", "");
    let page = sam.browser.visit(&format!("{link}/move")).await;
    let done = page
        .form("Continue")
        .choose("Tuesday 6 and Tuesday 13 July 2027")
        .submit()
        .await;
    assert!(done.status.is_success(), "{} {}", done.status, done.words());
    assert_eq!(site.state(sam.booking).await, "moved");
    let new = site
        .booking_of("sam@example.org", later)
        .await
        .expect("a booking there");
    assert_eq!(site.state(new).await, "booked");
    site.rounds().await;
    let last = site.mailer.sent().last().expect("a mail").read();
    assert_eq!(last.subject(), "Your new date");
    let methods: Vec<&str> = last.calendars.iter().map(|(method, _)| method.as_str()).collect();
    assert_eq!(
        methods.iter().filter(|it| **it == "CANCEL").count(),
        2,
        "{methods:?}"
    );
    assert_eq!(
        methods.iter().filter(|it| **it == "REQUEST").count(),
        2,
        "{methods:?}"
    );
    assert_eq!(
        (
            site.snapshot(run).await.free_places(),
            site.snapshot(later).await.free_places()
        ),
        (12, 11)
    );
    site.must_hold().await;
}

/// U-08, U-09: links are opened without harm, and dead ones say so without telling who exists.
#[tokio::test]
async fn links_are_opened_without_harm_and_end_kindly() {
    let site = TestApp::start().await;
    let run = site.run_with_places(12).await;
    site.run_on(12, &["2027-09-07", "2027-09-14"]).await;
    let sam = site.book(run, "Sam Sorrel", "sam@example.org").await;
    site.rounds().await;
    let link = sam.link(&site, "Your booking for", "");
    let before = site.count("SELECT COUNT(*) FROM booking_event").await;
    for ending in [
        "",
        "/confirm",
        "/cancel",
        "/move",
        "/details",
        "/join",
        "/calendar.ics",
        "/new-link",
    ] {
        for _ in 0..5 {
            for method in [Method::GET, Method::HEAD] {
                let page = sam
                    .browser
                    .once(method.clone(), &format!("{link}{ending}"), None)
                    .await;
                assert!(
                    page.status.is_success() || page.status.is_redirection(),
                    "{method} {ending} {}",
                    page.status
                );
                assert_eq!(page.headers["referrer-policy"], "no-referrer");
            }
        }
    }
    assert_eq!(site.count("SELECT COUNT(*) FROM booking_event").await, before);
    for form in ["/cancel", "/move"] {
        let page = sam.browser.post(&format!("{link}{form}"), &[]).await;
        page.must_be(StatusCode::UNPROCESSABLE_ENTITY);
    }
    assert_eq!(site.state(sam.booking).await, "booked");

    let other = "A".repeat(43);
    for path in [
        format!("/b/{other}"),
        "/b/short".to_owned(),
        format!("/o/{other}"),
        format!("/d/{other}"),
    ] {
        sam.browser.visit(&path).await.must_be(StatusCode::NOT_FOUND);
    }
    // 28 days after the last session the link is over.
    site.clock_to("2027-07-13 14:00");
    sam.browser
        .visit(&link)
        .await
        .must_be(StatusCode::GONE)
        .must_say("This link no longer works");
}

/// T-28, T-29, T-30 on pages, errors and files.
/// What T-29 says of every answer. This service is on this machine, so that nothing ties it to https.
#[track_caller]
fn must_be_guarded(page: &PageView) {
    for (name, value) in [
        ("x-content-type-options", "nosniff"),
        ("cross-origin-opener-policy", "same-origin"),
        ("cross-origin-resource-policy", "same-origin"),
        ("cross-origin-embedder-policy", "require-corp"),
        (
            "content-security-policy",
            "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; font-src 'self'; \
             connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'",
        ),
    ] {
        assert_eq!(page.headers[name], value, "{name} at {}", page.path);
    }
    let off = page.headers["permissions-policy"].to_str().expect("text");
    for power in ["camera", "geolocation", "microphone", "payment", "usb"] {
        assert!(off.contains(&format!("{power}=()")), "{off}");
    }
    assert!(off.split(", ").all(|it| it.ends_with("=()")), "{off}");
    assert!(!page.headers.contains_key("strict-transport-security"));
    assert!(!page.headers.contains_key("server"));
}

#[tokio::test]
async fn every_answer_carries_the_headers_and_foreign_forms_are_refused() {
    use axum::body::Body;
    use axum::http::Request;
    let site = TestApp::start().await;
    let run = site.run_with_places(12).await;
    let browser = site.browser();
    let book = format!("{}/book", site.run_path(run).await);
    for path in [
        "/",
        "/courses",
        "/nowhere",
        "/b/x",
        "/bookings/find",
        book.as_str(),
    ] {
        let page = browser.visit(path).await;
        assert!(
            page.headers["content-security-policy"]
                .to_str()
                .expect("text")
                .contains("default-src 'none'")
        );
        must_be_guarded(&page);
        assert_eq!(page.headers["cache-control"], "no-store");
        let is_link = path == "/b/x";
        let referrer = if is_link { "no-referrer" } else { "same-origin" };
        assert_eq!(page.headers["referrer-policy"], referrer, "{path}");
        let robots = page
            .headers
            .get("x-robots-tag")
            .map(|it| it.to_str().expect("text"));
        assert_eq!(robots, is_link.then_some("noindex, nofollow"), "{path}");
    }
    // Files as well, which browsers may keep.
    let page = browser.visit("/").await;
    let file = page.body.split('"').find(|it| it.starts_with("/static/"));
    let file = browser.visit(file.expect("a file")).await;
    file.must_be(StatusCode::OK);
    must_be_guarded(&file);
    assert_eq!(file.headers["referrer-policy"], "same-origin");
    assert!(
        file.headers["cache-control"]
            .to_str()
            .expect("text")
            .contains("immutable")
    );
    must_be_guarded(&browser.visit("/static/nothing.css").await);
    // Looking from inside a frame is refused as well.
    for dest in ["iframe", "frame", "object", "embed"] {
        let framed = Request::get("/courses")
            .header("host", "127.0.0.1:8080")
            .header("sec-fetch-dest", dest);
        let page = browser.send(framed.body(Body::empty()).expect("a request")).await;
        page.must_be(StatusCode::FORBIDDEN);
        must_be_guarded(&page);
    }
    let post = |headers: &[(&str, &str)]| {
        let mut request = Request::builder()
            .method(Method::POST)
            .uri(&book)
            .header("host", "127.0.0.1:8080");
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let kind = "application/x-www-form-urlencoded";
        request
            .header("content-type", kind)
            .body(Body::from("full_name=Sam+Sorrel"))
            .expect("a request")
    };
    for headers in [
        &[][..],
        &[("sec-fetch-site", "cross-site")],
        &[
            ("sec-fetch-site", "same-site"),
            ("origin", "http://127.0.0.1:8080"),
        ],
        &[("origin", "null")],
        &[("origin", "https://evil.example")],
        &[("sec-fetch-site", "same-origin"), ("sec-fetch-dest", "iframe")],
    ] {
        browser.send(post(headers)).await.must_be(StatusCode::FORBIDDEN);
    }
    assert!(
        browser
            .send(post(&[("origin", "http://127.0.0.1:8080")]))
            .await
            .status
            .is_redirection()
    );
    let elsewhere = Request::get("/")
        .header("host", "evil.example")
        .body(Body::empty())
        .expect("a request");
    browser
        .send(elsewhere)
        .await
        .must_be(StatusCode::MISDIRECTED_REQUEST);
}

/// S13: the team unites two records of one person.
#[tokio::test]
async fn two_records_of_one_person_are_united() {
    let site = TestApp::start().await;
    let run = site.run_with_places(3).await;
    site.book(run, "Alex Ash", "a@example.org").await;
    let older = site.book(run, "Kit Kale", "kit@example.org").await;
    let newer = site.book(run, "Kit Kale", "kit.kale@example.org").await;
    let d = site.join(run, "Dee Dogwood", "d@example.org").await;
    site.rounds().await;
    site.until("2027-05-24 10:00").await;
    let person = async |it| {
        booking::bookings::find(site.db(), it)
            .await
            .expect("readable")
            .expect("there")
            .person
    };
    let (keep, other) = (person(older.booking).await, person(newer.booking).await);
    site.app.merge_people(keep, other).await.expect("united");
    site.rounds().await;
    assert_eq!(site.state(older.booking).await, "booked");
    assert_eq!(site.state(newer.booking).await, "cancelled");
    assert_eq!(site.state(d.booking).await, "offered");
    assert!(
        d.mail(&site, "A place is free")
            .contains("Wednesday 26 May 2027 at 10am")
    );
    let last = site
        .mailer
        .sent()
        .into_iter()
        .rfind(|it| it.to == "kit.kale@example.org")
        .expect("a mail")
        .read();
    assert_eq!(last.subject(), "A message about your booking");
    assert_eq!(
        last.calendars
            .iter()
            .filter(|(method, _)| method == "CANCEL")
            .count(),
        2
    );
    site.must_hold().await;
}
