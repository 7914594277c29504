//! Administrators change settings, and everything follows at once (T-48, U-12).

use axum::http::StatusCode;
use tests::{Member, TestApp};
use web::Role;

async fn administrator(site: &TestApp) -> Member {
    site.member(Role::Administrator, "kim@example.org").await
}

#[tokio::test]
async fn the_organisation_is_changed_and_every_page_and_mail_says_so() {
    let site = TestApp::start().await;
    let kim = administrator(&site).await;
    let list = kim.browser.visit("/admin/settings").await;
    let page = list.follow("Organisation and contact").await;
    let form = page.form("Save").fill("Phone number", "01632 960111");
    let saved = form
        .fill("Name of the organisation", "Elsewhere Trust")
        .submit()
        .await;
    saved.must_be(StatusCode::OK).must_say("Saved");
    let courses = site.browser().visit("/courses").await;
    assert!(courses.body.contains("Elsewhere Trust") && courses.body.contains("01632 960111"));
    let note = "SELECT COUNT(*) FROM audit WHERE act = 'setting_changed' AND doer = 'member' AND about = \
                'contact_phone' AND reason = 'from \"01632 960000\" to \"01632 960111\"'";
    assert_eq!(site.count(note).await, 1);
    let all = "SELECT COUNT(*) FROM audit WHERE act = 'setting_changed'";
    assert_eq!(site.count(all).await, 2, "what was not touched is not changed");
    site.must_hold().await;
}

#[tokio::test]
async fn a_value_out_of_range_is_refused_in_plain_words_and_kept() {
    let site = TestApp::start().await;
    let kim = administrator(&site).await;
    let page = kim.browser.visit("/admin/settings/booking").await;
    let form = page.form("Save").fill("Time to answer a later offer", "500");
    let again = form.fill("Places on new course dates", "8").submit().await;
    again.must_be(StatusCode::UNPROCESSABLE_ENTITY);
    again.must_say("Enter a number from 12 to 168 hours");
    let kept = again.form("Save").fields();
    assert_eq!(kept["offer_window"], "500");
    assert_eq!(kept["capacity_default"], "8");
    assert_eq!(
        site.count("SELECT COUNT(*) FROM setting").await,
        0,
        "all or nothing"
    );
    let saved = again
        .form("Save")
        .fill("Time to answer a later offer", "36")
        .submit()
        .await;
    saved.must_say("Saved");
    let stored = "SELECT COUNT(*) FROM setting WHERE name = 'offer_window' AND value = '36'";
    assert_eq!(site.count(stored).await, 1);
    let evening = saved
        .form("Save")
        .fill("Emails that can wait leave from", "20:00")
        .fill("Emails that can wait leave until", "22:00");
    evening.submit().await.must_say("Saved");
}

#[tokio::test]
async fn a_colour_is_looked_at_before_it_is_saved_and_a_pale_one_is_refused() {
    let site = TestApp::start().await;
    let kim = administrator(&site).await;
    let page = kim.browser.visit("/admin/settings/brand").await;
    let violet = page.form("Show a preview").fill("Colour of the top", "#4b2e83");
    let preview = violet.submit().await;
    preview.must_be(StatusCode::OK).must_say("Nothing is saved yet");
    assert!(preview.body.contains("fill=\"#4b2e83\""));
    assert_eq!(site.count("SELECT COUNT(*) FROM setting").await, 0);
    let theme = |body: &str| {
        body.split("/theme-")
            .nth(1)
            .map(|it| it.chars().take(16).collect::<String>())
    };
    let before = theme(&site.browser().visit("/courses").await.body);
    preview.form("Save").submit().await.must_say("Saved");
    assert_ne!(theme(&site.browser().visit("/courses").await.body), before);
    let yellow = page
        .form("Save")
        .fill("Colour of buttons", "#ffeb3b")
        .submit()
        .await;
    yellow.must_be(StatusCode::CONFLICT);
    let yellow = yellow.form("Save").submit().await;
    yellow.must_be(StatusCode::UNPROCESSABLE_ENTITY);
    yellow.must_say("its contrast with the white words on it is 1.2");
}

#[tokio::test]
async fn of_two_who_change_one_page_the_second_sees_both() {
    let site = TestApp::start().await;
    let kim = administrator(&site).await;
    let ray = site.member(Role::Administrator, "ray@example.org").await;
    let mine = kim.browser.visit("/admin/settings/organisation").await;
    let theirs = ray.browser.visit("/admin/settings/organisation").await;
    let saved = theirs
        .form("Save")
        .fill("Phone number", "01632 960222")
        .submit()
        .await;
    saved.must_say("Saved");
    let form = mine.form("Save").fill("Phone number", "01632 960111");
    let both = form.fill("When somebody answers", "Mondays").submit().await;
    both.must_be(StatusCode::CONFLICT)
        .must_say("Somebody else was here")
        .must_say("01632 960222 (Sam Sorrel, ")
        .must_say("01632 960111");
    let phone = "SELECT COUNT(*) FROM setting WHERE name = 'contact_phone' AND value = '01632 960222'";
    assert_eq!(site.count(phone).await, 1, "nothing of the second is saved yet");
    both.form("Save").submit().await.must_say("Saved");
    assert_eq!(site.count(phone).await, 0);
    site.must_hold().await;
}

#[tokio::test]
async fn the_rules_of_logging_in_are_for_who_has_just_shown_who_they_are() {
    let site = TestApp::start().await;
    let kim = administrator(&site).await;
    let asked = kim.browser.visit("/admin/settings/security").await;
    asked.must_say("Please show that it is you");
    let refused = kim
        .browser
        .post("/admin/settings/security", &[("staff_idle", "120")])
        .await;
    refused.must_say("Please show that it is you");
    assert_eq!(site.count("SELECT COUNT(*) FROM setting").await, 0);
    site.app.clock().advance(time::Duration::minutes(1));
    let page = asked
        .form("Continue")
        .fill("6-digit code", &kim.app_code(&site))
        .submit()
        .await;
    assert_eq!(page.heading(), "Logging in");
    page.form("Save")
        .fill("The team, without use", "20")
        .submit()
        .await
        .must_say("Saved");
}

#[tokio::test]
async fn a_test_mail_goes_to_whoever_asks_and_the_state_of_mail_has_no_addresses() {
    let site = TestApp::start().await;
    let kim = administrator(&site).await;
    let run = site.run_with_places(12).await;
    site.hold(run, "Sam Sorrel", "sam@example.com").await;
    let page = kim.browser.visit("/admin/mail").await;
    assert!(!page.body.contains("sam@example.com"));
    let form = page.form("Send me a test");
    form.clone()
        .submit()
        .await
        .must_say("A test is on its way to you");
    form.submit().await;
    site.rounds().await;
    let tests = site
        .subjects("kim@example.org")
        .into_iter()
        .filter(|it| it == "This is a test");
    assert_eq!(tests.count(), 1, "one press, one mail");
    let acts = kim.browser.visit("/admin/audit").await;
    acts.must_say("booking").must_say("book");
    assert!(!acts.body.contains("Sam Sorrel</td>"), "ids only");
    assert_eq!(kim.browser.visit("/admin/users").await.heading(), "Team members");
}
