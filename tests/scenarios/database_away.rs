//! When the records are away, people read what to do, lose nothing that they typed, and go on as soon
//! as the records are back (T-64).

use std::time::{Duration, Instant};

use axum::http::{StatusCode, header};
use ids::RunId;
use sea_orm::{ConnectionTrait, DbBackend, Statement, TransactionTrait};
use tests::{Browser, Form, PageView, Proxy, TestApp, TestDatabase, london};

/// The whole page with everything that people need, in time.
#[track_caller]
fn must_ask_for_patience(page: &PageView, asked: Instant) {
    assert!(asked.elapsed() < Duration::from_secs(5), "{:?}", asked.elapsed());
    page.must_be(StatusCode::SERVICE_UNAVAILABLE);
    page.must_say("The service is busy or being looked after.");
    assert_eq!(page.headers[header::RETRY_AFTER], "5");
    assert!(page.body.contains("Anytown Healthcare") && page.body.contains("</html>"));
}

/// The last page of a booking, ready to be sent.
async fn filled_in(site: &TestApp, browser: &Browser, run: RunId) -> Form {
    let check = site
        .answers(browser, run, "book", "Sam Taylor", "sam@example.com")
        .await;
    check
        .form("Confirm my booking")
        .choose("I am 18 or over")
        .choose("I will keep what others share private")
}

#[tokio::test]
async fn what_was_typed_is_on_the_page_that_asks_for_patience() {
    let site = TestApp::start().await;
    let run = site.run_with_places(12).await;
    let browser = site.browser();
    let path = site.run_path(run).await;
    let first = browser.visit(&format!("{path}/book")).await;
    let form = first.form("Continue").fill("Full name", "Zoë \"Z\" Šťastná");
    let pools = &site.database().handles;
    pools.reader.clone().close().await.expect("closed");
    pools.writer.clone().close().await.expect("closed");

    let asked = Instant::now();
    let page = form.clone().submit().await;
    must_ask_for_patience(&page, asked);
    page.must_say("Nothing was changed.")
        .must_say("What you typed is kept on this page.");
    let again = page.form("Send again");
    assert_eq!(again.fields(), form.fields());
    assert_eq!(again.action(), form.action());
    must_ask_for_patience(&again.submit().await, Instant::now());

    let asked = Instant::now();
    let page = browser.visit(&path).await;
    must_ask_for_patience(&page, asked);
    assert!(!page.body.contains("Send again"), "there is nothing to send");
}

#[tokio::test]
async fn a_server_that_stops_and_comes_back_costs_nobody_their_booking() {
    let Some((database, line)) = TestDatabase::behind_a_line().await else {
        return;
    };
    let site = TestApp::with(database, london("2027-05-11 14:00")).await;
    let run = site.run_with_places(12).await;
    let browser = site.browser();
    let form = filled_in(&site, &browser, run).await;
    for go in [|it: &Proxy| it.cut(), Proxy::go_dead] {
        go(&line);
        let asked = Instant::now();
        must_ask_for_patience(&browser.visit("/courses").await, asked);
    }
    let asked = Instant::now();
    let page = form.submit().await;
    must_ask_for_patience(&page, asked);
    line.restore();
    let back = Instant::now();
    while browser.visit("/courses").await.status != StatusCode::OK {
        assert!(back.elapsed() < Duration::from_secs(5));
    }
    let done = page.form("Send again").submit().await;
    done.must_say("Your place is booked");
    assert_eq!(site.count("SELECT COUNT(*) FROM booking").await, 1);
}

#[tokio::test]
async fn a_server_lets_nobody_wait_for_ever() {
    let database = TestDatabase::new().await;
    let db = &database.handles.writer;
    if db.get_database_backend() != DbBackend::Postgres {
        return;
    }
    for (name, value) in [
        ("lock_timeout", "3s"),
        ("statement_timeout", "10s"),
        ("idle_in_transaction_session_timeout", "30s"),
        ("synchronous_commit", "on"),
        ("default_transaction_isolation", "read committed"),
        ("TimeZone", "UTC"),
    ] {
        let show = Statement::from_string(DbBackend::Postgres, format!("SHOW {name}"));
        let row = db.query_one_raw(show).await.expect("readable").expect("a row");
        let told: String = row.try_get_by_index(0).expect("text");
        assert_eq!(told, value, "{name}");
    }
}

#[tokio::test]
async fn a_line_that_goes_dead_within_a_change_is_noticed_in_time() {
    let Some((database, line)) = TestDatabase::behind_a_line().await else {
        return;
    };
    let site = TestApp::with(database, london("2027-05-11 14:00")).await;
    let run = site.run_with_places(12).await;
    let browser = site.browser();
    let form = filled_in(&site, &browser, run).await;
    // Somebody else holds the run, so that the booking waits within its change.
    let other = site
        .database()
        .records
        .open()
        .await
        .expect("a second way in")
        .writer;
    let held = other.begin().await.expect("begun");
    held.execute_unprepared("SELECT 1 FROM run FOR UPDATE")
        .await
        .expect("held");
    let asked = Instant::now();
    let waiting = tokio::spawn(form.submit());
    let waits = "SELECT COUNT(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'";
    while site.count(waits).await == 0 {
        assert!(!waiting.is_finished(), "{:?}", waiting.await);
    }
    line.go_dead();
    must_ask_for_patience(&waiting.await.expect("an answer"), asked);
    line.restore();
    held.rollback().await.expect("let go");
    assert_eq!(site.count("SELECT COUNT(*) FROM booking").await, 0);
}
