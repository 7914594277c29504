//! The team looks back at each course with a peer, and at its text once a year (B-81).

use axum::http::StatusCode;
use sea_orm::{ConnectionTrait, Statement};
use tests::TestApp;
use web::Role;

const OPEN: &str = "SELECT COUNT(*) FROM team_task WHERE state = 'open' AND kind = ";

async fn open(site: &TestApp, kind: &str) -> i64 {
    site.count(&format!("{OPEN}'{kind}'")).await
}

/// When the task of a kind is due.
async fn due(site: &TestApp, kind: &str) -> String {
    let backend = site.db().get_database_backend();
    let sql = "SELECT due FROM team_task WHERE kind = $1";
    let one = Statement::from_sql_and_values(backend, sql, [kind.into()]);
    let row = site
        .db()
        .query_one_raw(one)
        .await
        .expect("readable")
        .expect("a task");
    row.try_get::<ids::Ts>("", "due").expect("a moment").to_string()
}

#[tokio::test]
async fn dates_that_are_over_are_looked_back_at_with_a_peer() {
    let site = TestApp::start().await;
    let run = site.run_with_places(12).await;
    site.book(run, "Sam Sorrel", "sam@example.com").await;
    let team = site.member(Role::Coordinator, "team@example.org").await.browser;
    let early = team.visit(&format!("/team/runs/{run}/review")).await;
    assert_eq!(
        early.path,
        format!("/team/runs/{run}"),
        "these dates are not over"
    );
    assert!(!early.says("Look back at these dates together"));
    site.clock_to("2027-06-15 13:14");
    site.rounds().await;
    assert_eq!(open(&site, "run_review").await, 0);
    site.clock_to("2027-06-15 13:15");
    site.rounds().await;
    site.app.clock().advance(time::Duration::MINUTE);
    site.rounds().await;
    assert_eq!(open(&site, "run_review").await, 1);
    // 20 working days on, by the evening.
    assert_eq!(due(&site, "run_review").await, "2027-07-13T18:00:00Z");
    let team = site.member(Role::Lead, "lead@example.org").await.browser;
    let task = team
        .visit("/team/tasks")
        .await
        .follow("Look back at these dates together")
        .await;
    let page = task.follow("Write down what you found").await;
    assert_eq!(page.path, format!("/team/runs/{run}/review"));
    let filled = page
        .form("Save")
        .fill("On which day did you look back?", "2027-06-15")
        .fill("How many others took part?", "2")
        .fill("What went well?", "The small groups.")
        .fill("What should change?", "Send the slides earlier.");
    let alone = filled
        .clone()
        .fill("How many peers took part?", "0")
        .submit()
        .await;
    alone
        .must_be(StatusCode::UNPROCESSABLE_ENTITY)
        .must_say("At least one peer takes part");
    assert_eq!(open(&site, "run_review").await, 1);
    let form = filled.fill("How many peers took part?", "1");
    let saved = form.clone().submit().await;
    saved
        .must_say("1 peer and 2 others")
        .must_say("The small groups.");
    form.submit().await.must_say("The small groups.");
    assert_eq!(
        site.count("SELECT COUNT(*) FROM course_review").await,
        1,
        "a repeat is the same"
    );
    assert_eq!(open(&site, "run_review").await, 0);
    let noted = "SELECT COUNT(*) FROM audit WHERE act = 'review_held'";
    assert_eq!(site.count(noted).await, 1);
    site.app.clock().advance(time::Duration::MINUTE);
    site.rounds().await;
    assert_eq!(open(&site, "run_review").await, 0, "and it stays done");
    site.must_hold().await;
}

#[tokio::test]
async fn a_text_is_looked_at_again_a_year_after_it_was_approved() {
    let site = TestApp::start().await;
    site.clock_to("2028-05-10 23:59");
    site.rounds().await;
    assert_eq!(open(&site, "version_review").await, 0);
    site.clock_to("2028-05-11 00:00");
    site.rounds().await;
    assert_eq!(open(&site, "version_review").await, 1);
    let team = site.member(Role::Lead, "lead@example.org").await.browser;
    let tasks = team.visit("/team/tasks").await;
    let task = tasks.follow("Look through the text of a course").await;
    task.must_say("Introduction to peer support");
    // A new version is approved: nothing is left to do about the old one.
    site.add_course("intro", "Introduction to peer support").await;
    site.app.clock().advance(time::Duration::MINUTE);
    site.rounds().await;
    assert_eq!(open(&site, "version_review").await, 0);
}
