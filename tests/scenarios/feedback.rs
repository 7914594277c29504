//! Before and after a course people say how confident they feel, if they wish, and nothing in the records
//! tells who said what (B-80, M19).

use std::collections::BTreeMap;

use axum::http::StatusCode;
use booking::Change;
use ids::{BookingId, RunId};
use sea_orm::{ConnectionTrait, Statement};
use tests::{Applicant, Browser, PageView, TestApp};
use tokio::task::JoinSet;
use web::Role;

const BOOKED: &str = "Your booking for Tuesday 8 June";

/// What makes an answer, but for free words.
const ANSWER: &str = "Send my answers";

async fn people(site: &TestApp, run: RunId, many: usize) -> Vec<Applicant> {
    let mut all = Vec::new();
    for n in 1..=many {
        let name = format!("Person{n} Example");
        all.push(site.book(run, &name, &format!("p{n}@example.org")).await);
    }
    site.rounds().await;
    all
}

async fn page_of(site: &TestApp, who: &Applicant) -> PageView {
    let manage = who.link(site, BOOKED, "");
    who.browser.visit(&format!("{manage}/feedback")).await
}

async fn answer(site: &TestApp, who: &Applicant, confidence: &str) -> PageView {
    let form = page_of(site, who).await.form(ANSWER);
    form.choose(confidence).submit().await
}

/// Everybody was there, on both days.
async fn all_came(site: &TestApp, run: RunId, who: &[Applicant]) {
    let dates = booking::calendar::run_dates(site.db(), run)
        .await
        .expect("readable");
    for day in dates.expect("a run").sessions {
        for it in who {
            mark(site, it.booking, &day.id.to_string(), "present", 180).await;
        }
    }
}

async fn mark(site: &TestApp, booking: BookingId, session: &str, code: &str, minutes: i32) {
    let sql = "INSERT INTO attendance (id, session, booking, n, code, minutes, at) VALUES ($1, $2, $3, 1, $4, $5, $6)";
    let session: uuid::Uuid = session.parse().expect("an id");
    let values = [
        uuid::Uuid::new_v4().into(),
        session.into(),
        booking.0.into(),
        code.into(),
        minutes.into(),
        site.app.now().into(),
    ];
    let backend = site.db().get_database_backend();
    let writer = &site.database().handles.writer;
    let row = Statement::from_sql_and_values(backend, sql, values);
    writer.execute_raw(row).await.expect("marked");
}

/// Every table with the number of its rows.
async fn rows(site: &TestApp) -> BTreeMap<String, i64> {
    let backend = site.db().get_database_backend();
    let names = match backend {
        sea_orm::DbBackend::Sqlite => {
            "SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite%'"
        }
        _ => "SELECT CAST(tablename AS text) AS name FROM pg_tables WHERE schemaname = 'public'",
    };
    let names = site
        .db()
        .query_all_raw(Statement::from_string(backend, names))
        .await
        .expect("readable");
    let mut found = BTreeMap::new();
    for row in names {
        let name: String = row.try_get("", "name").expect("a name");
        let count = site.count(&format!("SELECT COUNT(*) FROM {name}")).await;
        found.insert(name, count);
    }
    found
}

/// Everything that is kept about feedback.
async fn sums(site: &TestApp, phase: &str) -> serde_json::Value {
    let backend = site.db().get_database_backend();
    let sql = "SELECT CAST(tally AS text) AS tally FROM evaluation WHERE phase = $1";
    let one = Statement::from_sql_and_values(backend, sql, [phase.into()]);
    let row = site
        .db()
        .query_one_raw(one)
        .await
        .expect("readable")
        .expect("a row");
    let text: String = row.try_get("", "tally").expect("sums");
    serde_json::from_str(&text).expect("JSON")
}

async fn answered(site: &TestApp) -> (i64, i64) {
    let count = |column: &str| format!("SELECT COUNT(*) FROM booking WHERE {column}");
    (
        site.count(&count("confidence_answered")).await,
        site.count(&count("evaluation_answered")).await,
    )
}

async fn report(browser: &Browser) -> PageView {
    browser.visit("/team/reports/feedback?year=2027").await
}

#[tokio::test]
async fn an_answer_adds_to_sums_and_leaves_nothing_else() {
    let site = TestApp::start().await;
    let run = site.run_with_places(12).await;
    let all = people(&site, run, 2).await;
    let link = all[0].manage(&site, BOOKED).await;
    let asked = link.follow("Tell us how confident you feel, if you wish").await;
    asked
        .must_say("You do not have to answer")
        .must_say("We do not keep who said what")
        .must_say("How confident are you that you can say what peer support is?");
    assert!(!asked.says("What should we change?"), "that is asked afterwards");
    let nothing = asked.form(ANSWER).submit().await;
    nothing
        .must_be(StatusCode::UNPROCESSABLE_ENTITY)
        .must_say("Answer at least one question");
    let before = rows(&site).await;
    let thanks = asked.form(ANSWER).choose("A little confident").submit().await;
    thanks.must_say("Thank you for telling us how you feel");
    let after = rows(&site).await;
    let grown: Vec<&String> = after.keys().filter(|it| after[*it] != before[*it]).collect();
    assert_eq!(
        grown,
        ["evaluation"],
        "no number, mail, task, link or act tells of it"
    );
    assert_eq!(answered(&site).await, (1, 0));

    // A second answer: not even a row.
    answer(&site, &all[1], "Very confident")
        .await
        .must_say("Thank you");
    assert_eq!(rows(&site).await, after);
    assert_eq!(
        sums(&site, "before").await,
        serde_json::json!({ "answers": 2, "ratings": { "LO1": [0, 1, 0, 0, 1] }, "choices": {}, "words": {} })
    );
    site.must_hold().await;
}

/// The proof that nobody can be found: six people answer, and every order of who said what leaves the same
/// records, bit by bit, but for the dice of their names.
#[tokio::test]
async fn nothing_in_the_records_tells_who_said_what() {
    let mut seen = Vec::new();
    for turn in 0..3 {
        let site = TestApp::start().await;
        let run = site.run_with_places(12).await;
        let all = people(&site, run, 3).await;
        all_came(&site, run, &all).await;
        site.clock_to("2027-06-15 14:00");
        let words = ["Calm voices", "A map of the days", "Breaks"];
        let numbers = ["Not at all confident", "Confident", "Very confident"];
        for (n, who) in all.iter().enumerate() {
            let at = (n + turn) % 3;
            let form = page_of(&site, who).await.form(ANSWER).choose(numbers[at]);
            let form = form
                .with("recommend", "yes")
                .fill("What helped you on the course?", words[at]);
            form.submit().await.must_say("Thank you for your feedback");
        }
        assert_eq!(answered(&site).await, (0, 3));
        seen.push(sums(&site, "after").await);
        site.must_hold().await;
    }
    assert_eq!(
        seen[0]["words"]["helped"],
        serde_json::json!(["A map of the days", "Breaks", "Calm voices"])
    );
    assert!(seen.iter().all(|it| *it == seen[0]), "{seen:#?}");
}

#[tokio::test]
async fn who_presses_twice_is_counted_once_and_who_answered_is_forgotten() {
    let site = TestApp::start().await;
    let run = site.run_with_places(12).await;
    let all = people(&site, run, 2).await;
    let form = page_of(&site, &all[0]).await.form(ANSWER).choose("Confident");
    let mut presses = JoinSet::new();
    for _ in 0..5 {
        let form = form.clone();
        presses.spawn(async move { form.submit().await.status });
    }
    assert_eq!(presses.join_all().await, [StatusCode::OK; 5]);
    assert_eq!(sums(&site, "before").await["answers"], 1);

    // The course begins: the questions close, and who answered them is gone.
    site.clock_to("2027-06-08 10:00");
    site.rounds().await;
    assert_eq!(answered(&site).await, (0, 0));
    let closed = page_of(&site, &all[1]).await;
    closed
        .must_say("We will ask you after the last day")
        .must_say("Tuesday 15 June 2027 at 1:15pm");
    form.submit().await.must_say("We will ask you after the last day");
    assert_eq!(sums(&site, "before").await["answers"], 1);

    // The last day ends: the second questions open, for two weeks.
    site.clock_to("2027-06-15 13:15");
    answer(&site, &all[0], "Very confident")
        .await
        .must_say("Thank you for your feedback");
    site.clock_to("2027-06-29 13:14");
    site.rounds().await;
    assert_eq!(answered(&site).await, (0, 1));
    page_of(&site, &all[1]).await.must_say("What should we change?");
    site.clock_to("2027-06-29 13:15");
    site.rounds().await;
    assert_eq!(answered(&site).await, (0, 0));
    page_of(&site, &all[1])
        .await
        .must_say("The time for feedback is over");
    site.must_hold().await;
}

/// M19: once, a week after the last day, to whoever came and has not answered.
#[tokio::test]
async fn who_came_and_did_not_answer_is_asked_once_more() {
    let site = TestApp::start().await;
    let run = site.run_with_places(12).await;
    let all = people(&site, run, 4).await;
    let nudge = "Your feedback, if you wish";
    let asked = |n: usize| {
        let subjects = site.subjects(&format!("p{n}@example.org"));
        subjects.iter().filter(|it| *it == nudge).count()
    };
    all_came(&site, run, &all[..3]).await;
    let dates = booking::calendar::run_dates(site.db(), run)
        .await
        .expect("readable")
        .expect("a run");
    for day in &dates.sessions {
        mark(&site, all[3].booking, &day.id.to_string(), "absent", 0).await;
    }
    site.clock_to("2027-06-16 09:00");
    answer(&site, &all[0], "Confident").await.must_say("Thank you");
    site.until("2027-06-22 13:00").await;
    assert_eq!([1, 2, 3, 4].map(asked), [0; 4]);
    site.until("2027-06-22 14:00").await;
    assert_eq!(
        [1, 2, 3, 4].map(asked),
        [0, 1, 1, 0],
        "who answered or never came is not asked"
    );
    let page = all[1].follow_mail(&site, nudge, "/feedback").await;
    page.must_say("How was it for you?");
    site.until("2027-06-30 14:00").await;
    assert_eq!([1, 2, 3, 4].map(asked), [0, 1, 1, 0], "and never again");
    site.must_hold().await;
}

/// Quiet hours: what falls due in the evening waits for the morning, and is not sent to whoever answers
/// meanwhile.
#[tokio::test]
async fn an_answer_in_the_night_is_not_asked_for_in_the_morning() {
    let site = TestApp::start().await;
    let late = |it: &mut booking::calendar::NewRun| {
        for day in &mut it.sessions {
            (day.start, day.end) = (time::macros::time!(17:00), time::macros::time!(20:15));
        }
    };
    let run = site.run_like(12, &["2027-06-08", "2027-06-15"], late).await;
    let all = people(&site, run, 2).await;
    all_came(&site, run, &all).await;
    site.until("2027-06-22 20:30").await;
    let written = "SELECT COUNT(*) FROM outbox_mail WHERE kind = 'feedback' AND state = 'queued'";
    assert_eq!(site.count(written).await, 2);
    answer(&site, &all[0], "Confident").await.must_say("Thank you");
    site.until("2027-06-23 08:00").await;
    let asked = |n: usize| {
        let subjects = site.subjects(&format!("p{n}@example.org"));
        subjects.contains(&"Your feedback, if you wish".to_owned())
    };
    assert_eq!([1, 2].map(asked), [false, true]);
    site.must_hold().await;
}

/// Shown from five answers, when nobody can answer any more (B-80).
#[tokio::test]
async fn results_are_shown_from_five_answers_and_when_no_more_can_come() {
    let site = TestApp::start().await;
    let run = site.run_with_places(12).await;
    let all = people(&site, run, 5).await;
    for who in &all {
        answer(&site, who, "A little confident").await;
    }
    all_came(&site, run, &all).await;
    site.until("2027-06-15 13:15").await;
    for who in &all[..4] {
        let form = page_of(&site, who).await.form(ANSWER).choose("Confident");
        form.fill("What should we change?", "=HYPERLINK(more time)")
            .submit()
            .await;
    }
    site.clock_to("2027-06-29 13:14");
    let hidden = |page: &PageView| {
        page.must_say("There are not yet 5 answers that can be shown");
        assert!(!page.says("more time") && !page.says("2.0"), "{}", page.words());
    };
    let team = site.member(Role::Coordinator, "team@example.org").await.browser;
    hidden(&report(&team).await);
    // Closed, and four after the course: too few of these.
    site.clock_to("2027-06-29 13:20");
    let page = report(&team).await;
    page.must_say("5 people answered before a course, and 0 people after it.");
    assert!(!page.says("more time"), "{}", page.words());
    // Had the fifth answered too, both would be there.
    site.execute(
        r#"UPDATE evaluation SET tally = '{"answers":5,"ratings":{"LO1":[0,0,0,5,0]},"choices":{"recommend":{"yes":5}},"words":{"change":["=1","More time"]}}' WHERE phase = 'after'"#,
    )
    .await;
    let page = report(&team).await;
    page.must_say("Confidence went up from 2.0 to 4.0 of 5.")
        .must_say("Say what peer support is")
        .must_say("More time");
    assert_eq!(
        page.text("svg[role=img] > title"),
        "Bar chart: Confidence before and after, from 1 to 5"
    );
    site.must_hold().await;
}

/// Whoever has no place, or only somebody else's address, is not asked.
#[tokio::test]
async fn only_who_has_a_place_is_asked() {
    let site = TestApp::start().await;
    let run = site.run_with_places(12).await;
    let all = people(&site, run, 1).await;
    let held = site.hold(run, "Kim Ash", "kim@example.org").await;
    site.rounds().await;
    let link = held
        .link(&site, "Please confirm your email", "/confirm")
        .replace("/confirm", "/feedback");
    let page = held.browser.visit(&link).await;
    assert!(!page.path.ends_with("/feedback"), "{}", page.path);
    let sent = held.browser.post(&link, &[("confidence_1", "5")]).await;
    assert!(!sent.path.ends_with("/feedback"), "{}", sent.path);
    site.team(run, Change::Cancel(all[0].booking)).await;
    let gone = page_of(&site, &all[0]).await;
    assert!(!gone.path.ends_with("/feedback"), "{}", gone.path);
    assert_eq!(site.count("SELECT COUNT(*) FROM evaluation").await, 0);
}
