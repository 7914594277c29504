//! What visitors tell us without a name is counted or forgotten, and never more (T-03, T-04, INV-20).

use std::collections::BTreeMap;

use axum::http::StatusCode;
use sea_orm::{ConnectionTrait, Statement};
use tests::TestApp;
use tokio::task::JoinSet;

const TABLES: [&str; 11] = [
    "booking",
    "booking_event",
    "draft",
    "equality_counter",
    "interest_registration",
    "link",
    "operation",
    "outbox_mail",
    "person",
    "place",
    "team_task",
];

async fn rows(site: &TestApp) -> BTreeMap<&'static str, i64> {
    let mut found = BTreeMap::new();
    for table in TABLES {
        found.insert(table, site.count(&format!("SELECT COUNT(*) FROM {table}")).await);
    }
    found
}

#[tokio::test]
async fn an_equality_answer_adds_one_to_a_counter_and_leaves_nothing_else() {
    let site = TestApp::start().await;
    let before = rows(&site).await;
    let intro = site.browser().visit("/equality").await;
    let age = intro.follow("Yes, I will answer").await;
    let sex = age.form("Continue").choose("25 to 34").submit().await;
    let ethnic = sex.form("Continue").submit().await;
    ethnic.must_say("What is your ethnic group?");
    let disabled = ethnic.follow("Skip this question").await;
    let done = disabled
        .form("Continue")
        .choose("Prefer not to say")
        .submit()
        .await;
    done.must_say("Thank you.");
    let counted = site
        .count("SELECT COUNT(*) FROM equality_counter WHERE count > 0 AND quarter = '2027-Q2'")
        .await;
    assert_eq!(counted, 2);
    assert_eq!(site.count("SELECT SUM(count) FROM equality_counter").await, 2);
    let mut after = rows(&site).await;
    after.insert("equality_counter", before["equality_counter"]);
    assert_eq!(after, before);
    for id in counters(&site).await {
        assert_eq!(id.get_version_num(), 4, "a name with a time would tell when");
    }
}

async fn counters(site: &TestApp) -> Vec<uuid::Uuid> {
    let backend = site.db().get_database_backend();
    let all = Statement::from_string(backend, "SELECT id FROM equality_counter");
    let rows = site.db().query_all_raw(all).await.expect("readable");
    rows.iter()
        .map(|row| row.try_get("", "id").expect("an id"))
        .collect()
}

#[tokio::test]
async fn equality_questions_are_skipped_in_one_press_and_refuse_what_they_do_not_offer() {
    let site = TestApp::start().await;
    let browser = site.browser();
    browser
        .visit("/equality")
        .await
        .follow("No, skip the questions")
        .await
        .must_say("There are no more questions");
    let page = browser.post("/equality/intro/1", &[("age", "12")]).await;
    page.must_be(StatusCode::UNPROCESSABLE_ENTITY);
    browser
        .post("/equality/intro/1", &[("name", "Sam")])
        .await
        .must_be(StatusCode::UNPROCESSABLE_ENTITY);
    browser
        .visit("/equality/intro/5")
        .await
        .must_be(StatusCode::NOT_FOUND);
    assert_eq!(site.count("SELECT COUNT(*) FROM equality_counter").await, 0);
}

#[tokio::test]
async fn many_answers_at_once_are_all_counted() {
    let site = TestApp::start().await;
    let browser = site.browser();
    let mut answers = JoinSet::new();
    for _ in 0..20 {
        let browser = browser.clone();
        answers.spawn(async move {
            browser
                .post("/equality/intro/1", &[("age", "18_24")])
                .await
                .status
        });
    }
    assert_eq!(answers.join_all().await, [StatusCode::OK; 20]);
    assert_eq!(site.count("SELECT SUM(count) FROM equality_counter").await, 20);
    assert_eq!(
        site.count("SELECT COUNT(*) FROM equality_counter WHERE count > 0")
            .await,
        1
    );
}
