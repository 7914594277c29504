//! The team sees what was sent, and sends again what could not be delivered.

use tests::TestApp;
use web::Role;

#[tokio::test]
async fn what_could_not_be_delivered_is_sent_again() {
    let site = TestApp::start().await;
    let run = site.run_with_places(12).await;
    site.hold(run, "Sam Sorrel", "sam@example.com").await;
    site.execute(
        "UPDATE outbox_mail SET state = 'failed', settled_at = created_at, reason = '550' \
         WHERE kind = 'confirm_email'",
    )
    .await;
    site.rounds().await;
    assert_eq!(site.subjects("sam@example.com"), [""; 0]);
    let browser = site.member(Role::Coordinator, "team@example.org").await.browser;
    let first = browser.visit("/team").await;
    let page = first.follow("Emails that could not be delivered: 1").await;
    assert_eq!(page.heading(), "1 email");
    let form = page.form("Send again");
    form.clone().submit().await.must_say("on its way again");
    form.submit().await;
    site.rounds().await;
    assert_eq!(site.subjects("sam@example.com"), ["Please confirm your email"]);
    let sent = browser.visit("/team/mail?status=sent").await;
    sent.must_say("sam@example.com")
        .must_say("Please confirm your email");
    let which = site
        .count("SELECT COUNT(*) FROM outbox_mail WHERE state = 'failed'")
        .await;
    assert_eq!(which, 0);
}

#[tokio::test]
async fn only_what_could_not_be_delivered_goes_again() {
    let site = TestApp::start().await;
    let run = site.run_with_places(12).await;
    site.hold(run, "Sam Sorrel", "sam@example.com").await;
    site.rounds().await;
    let browser = site.member(Role::Coordinator, "team@example.org").await.browser;
    let id = site.mail_id("sam@example.com").await;
    browser.post("/team/mail/again", &[("which", &id)]).await;
    site.rounds().await;
    assert_eq!(site.subjects("sam@example.com"), ["Please confirm your email"]);
}
