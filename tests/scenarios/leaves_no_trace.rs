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

/// B-85: the answers of whoever booked are counted for the course they booked, and the way there says
/// nothing of the booking.
#[tokio::test]
async fn the_answers_are_counted_for_the_course_that_was_booked() {
    let site = TestApp::start().await;
    // Before the course of these tests by title.
    site.add_course("groups", "Facilitating groups").await;
    let run = site.run_with_places(12).await;
    let sam = site.hold(run, "Sam Taylor", "sam@example.com").await;
    let done = sam.browser.visit(&sam.done).await;
    let before = rows(&site).await;
    let intro = done.follow("Answer the questions").await;
    assert_eq!(intro.path, "/equality/intro");
    let age = intro.follow("Yes, I will answer").await;
    age.form("Continue").choose("25 to 34").submit().await;
    let of = |code: &str| {
        format!(
            "SELECT COUNT(*) FROM equality_counter e JOIN course c ON c.id = e.course WHERE e.count > 0 AND c.code = '{code}'"
        )
    };
    assert_eq!(
        (site.count(&of("intro")).await, site.count(&of("groups")).await),
        (1, 0)
    );
    let mut after = rows(&site).await;
    after.insert("equality_counter", before["equality_counter"]);
    assert_eq!(after, before);
}

#[tokio::test]
async fn without_a_booking_the_questions_ask_which_course() {
    let site = TestApp::start().await;
    let only = site.browser().visit("/equality").await;
    assert_eq!(only.path, "/equality/intro");
    site.add_course("groups", "Facilitating groups").await;
    let which = site.browser().visit("/equality").await;
    which
        .must_be(StatusCode::OK)
        .must_say("Which course did you book?");
    let intro = which.follow("Facilitating groups").await;
    assert_eq!(intro.path, "/equality/groups");
    intro.must_say("A few questions about you");
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
