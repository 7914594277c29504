//! The team edits texts, and everybody sees them at once (T-39).

use axum::http::StatusCode;
use tests::TestApp;
use web::Role;

#[tokio::test]
async fn a_page_is_edited_looked_at_first_and_shown_at_once() {
    let site = TestApp::start().await;
    let kim = site.member(Role::Coordinator, "kim@example.org").await;
    let visitor = site.browser();
    let before = visitor.visit("/how-it-works").await;
    before.must_say("Last reviewed: Friday 20 November 2026");
    let list = kim.browser.visit("/team/texts").await;
    let page = list.follow("How it works").await;
    page.must_say("Last changed: The first text");
    let words = "# Come as you are\nCall us on {contact_phone}.\n\n- [Our dates](/courses)";
    let preview = page.form("Show a preview").fill("Text", words).submit().await;
    preview
        .must_say("Nothing is saved yet")
        .must_say("Call us on 01632 960000.");
    assert_eq!(visitor.visit("/how-it-works").await.body, before.body);
    let saved = preview.form("Save").submit().await;
    saved.must_say("Saved").must_say("Last changed: Sam Sorrel, ");
    let after = visitor.visit("/how-it-works").await;
    after.must_say("Come as you are").must_say("Our dates");
    assert!(
        after
            .body
            .contains("<h2 class=\"nhsuk-heading-m\">Come as you are</h2>")
    );
    assert!(!after.says("Last reviewed: Friday 20 November 2026"));
    let note = "SELECT COUNT(*) FROM audit WHERE act = 'text_changed' AND about = 'how-it-works' AND reason = 'version 1'";
    assert_eq!(site.count(note).await, 1);
    let first = saved.form("Take the first text again").submit().await;
    first.must_say("Saved");
    let again = visitor.visit("/how-it-works").await;
    assert!(!again.says("Come as you are"));
    site.must_hold().await;
}

#[tokio::test]
async fn what_cannot_be_filled_in_is_refused_by_name_and_line() {
    let site = TestApp::start().await;
    let kim = site.member(Role::Lead, "kim@example.org").await;
    let page = kim.browser.visit("/team/texts/support").await;
    for (words, why) in [
        ("Call us.\n\nOn {colour}", "Line 3: {colour} cannot be filled in"),
        ("{{ config }}", "Line 1:"),
        ("<b>bold</b>", "HTML does not work here"),
        ("[x](javascript:alert)", "Line 1: A link cannot lead to"),
        ("", "The text is empty"),
        ("{dates}", "{dates} cannot be filled in"),
    ] {
        let refused = page.form("Save").fill("Text", words).submit().await;
        refused.must_be(StatusCode::UNPROCESSABLE_ENTITY).must_say(why);
        assert_eq!(refused.form("Save").fields()["words"].trim(), words, "kept");
    }
    assert_eq!(site.count("SELECT COUNT(*) FROM text_version").await, 0);
}

#[tokio::test]
async fn words_of_the_team_are_tried_and_then_stand_in_the_mail() {
    let site = TestApp::start().await;
    let kim = site.member(Role::Coordinator, "kim@example.org").await;
    let page = kim.browser.visit("/team/texts/booked-closing").await;
    let away = page
        .form("Save")
        .fill("Text", "[x](https://example.com)")
        .submit()
        .await;
    away.must_be(StatusCode::UNPROCESSABLE_ENTITY)
        .must_say("a link leads to a page of ours");
    let words = "# Good to know\n{name}, read [how it works](/how-it-works) before {dates}.";
    let tried = page.form("Send me a test").fill("Text", words).submit().await;
    tried.must_say("A test is on its way to you. Nothing is saved yet.");
    site.rounds().await;
    let mail = site.text_of_mail("kim@example.org", "This is a test");
    assert!(mail.contains("“Your place is booked”, at the end"), "{mail}");
    assert!(mail.contains("Sam, read how it works http"), "{mail}");
    assert_eq!(site.count("SELECT COUNT(*) FROM text_version").await, 0);
    tried.form("Save").submit().await.must_say("Saved");
    let run = site.run_with_places(12).await;
    site.book(run, "Grace Hill", "grace@example.com").await;
    site.rounds().await;
    let subject = site.subjects("grace@example.com");
    let subject = subject
        .iter()
        .find(|it| it.starts_with("Your booking for"))
        .expect("a mail");
    let mail = site.text_of_mail("grace@example.com", subject);
    assert!(
        mail.contains("GOOD TO KNOW Grace Hill, read how it works")
            || mail.contains("GOOD TO KNOW Grace, read"),
        "{mail}"
    );
    assert!(mail.contains("Call NHS 111"), "what the rules need stays: {mail}");
    site.must_hold().await;
}

#[tokio::test]
async fn of_two_who_edit_one_text_the_second_sees_both() {
    let site = TestApp::start().await;
    let kim = site.member(Role::Coordinator, "kim@example.org").await;
    let ray = site.member(Role::Lead, "ray@example.org").await;
    let mine = kim.browser.visit("/team/texts/contact").await;
    let theirs = ray.browser.visit("/team/texts/contact").await;
    theirs
        .form("Save")
        .fill("Text", "Write to us.")
        .submit()
        .await
        .must_say("Saved");
    let both = mine.form("Save").fill("Text", "Call us.").submit().await;
    both.must_be(StatusCode::CONFLICT)
        .must_say("Somebody else was here")
        .must_say("Write to us.");
    assert_eq!(both.form("Save").fields()["words"].trim(), "Call us.");
    site.browser().visit("/contact").await.must_say("Write to us.");
    both.form("Save").submit().await.must_say("Saved");
    site.browser().visit("/contact").await.must_say("Call us.");
}

#[tokio::test]
async fn an_address_that_is_not_proven_reads_no_words_of_the_team() {
    let site = TestApp::start().await;
    let kim = site.member(Role::Coordinator, "kim@example.org").await;
    let page = kim.browser.visit("/team/texts/waiting-opening").await;
    page.form("Save")
        .fill("Text", "Peer support for {name}")
        .submit()
        .await
        .must_say("Saved");
    let run = site.run_with_places(1).await;
    site.book(run, "Sam Sorrel", "sam@example.com").await;
    site.join(run, "Grace Hill", "grace@example.com").await;
    site.rounds().await;
    let mail = site.text_of_mail("grace@example.com", "You are on the waiting list");
    assert!(!mail.contains("Peer support for"), "B-21: {mail}");
}

/// T-32
#[tokio::test]
async fn whoever_is_logged_in_may_send_a_long_text_and_nobody_else() {
    let site = TestApp::start().await;
    let kim = site.member(Role::Coordinator, "kim@example.org").await.browser;
    let form = |bytes: usize| format!("words={}", "x".repeat(bytes));
    let path = "/team/texts/contact";
    let long = kim
        .once(axum::http::Method::POST, path, Some(form(200 * 1024)))
        .await;
    long.must_be(StatusCode::UNPROCESSABLE_ENTITY)
        .must_say("The text is too long");
    let longer = kim
        .once(axum::http::Method::POST, path, Some(form(257 * 1024)))
        .await;
    longer.must_be(StatusCode::PAYLOAD_TOO_LARGE);
    let stranger = site.browser();
    let find = "/bookings/find";
    let refused = stranger
        .once(axum::http::Method::POST, find, Some(form(65 * 1024)))
        .await;
    refused.must_be(StatusCode::PAYLOAD_TOO_LARGE);
    // A cookie that is no log in changes nothing.
    stranger.set_cookie("__Host-signin", Some(&"x".repeat(43)));
    let refused = stranger
        .once(axum::http::Method::POST, find, Some(form(65 * 1024)))
        .await;
    refused.must_be(StatusCode::PAYLOAD_TOO_LARGE);
}
