//! The list of everybody on one date: one query for the number, the pages, the file and an act for several
//! (U-40, T-42, T-48).

use axum::http::StatusCode;
use booking::{Ask, Asked, Cause, Change, Details, Source};
use ids::{BookingId, PersonId, RunId};
use sea_orm::{ConnectionTrait, Statement};
use tests::{Member, PageView, TestApp};
use uuid::Uuid;
use web::Role;

async fn coordinator(site: &TestApp) -> Member {
    site.member(Role::Coordinator, "team@example.org").await
}

fn of(run: RunId, rest: &str) -> String {
    format!("/team/runs/{run}/people{rest}")
}

/// Bookings by phone: as many as there are places, the rest wait.
async fn fill(site: &TestApp, run: RunId, names: &[String], places: usize) {
    let done = site.app.change(|work| async move {
        for (at, name) in names.iter().enumerate() {
            let (person, booking) = (PersonId(Uuid::new_v4()), BookingId(Uuid::new_v4()));
            let sql = "INSERT INTO person (id, full_name, phone, email_bad, prefers, info_format, created_at) \
                       VALUES ($1, $2, '+44 1632 960123', $3, 'phone', 'standard', $4)";
            let values = [person.0.into(), name.into(), false.into(), work.now().into()];
            let backend = work.tx().get_database_backend();
            let row = Statement::from_sql_and_values(backend, sql, values);
            work.tx().execute_raw(row).await?;
            let ask = Ask {
                booking,
                person,
                proven: true,
                priority: false,
            };
            let change = if at < places { Change::Book(ask) } else { Change::Join(ask) };
            let asked = Asked {
                change,
                cause: Cause::person(),
                details: Some(details()),
            };
            work.allocate(run, asked).await?;
        }
        Ok(())
    });
    done.await.expect("booked");
}

fn details() -> Details {
    Details {
        reference: Uuid::new_v4().to_string(),
        source: Source::Phone,
        agreement_version: "1".to_owned(),
        privacy_version: "1".to_owned(),
        over_18: true,
        hopes: None,
        call_wanted: false,
        booked_by: None,
        booked_by_contact: None,
        copy_permission: false,
    }
}

/// The form round the table, with these boxes ticked.
fn ticked(page: &PageView, button: &str, rows: &[usize]) -> tests::Form {
    let html = scraper::Html::parse_document(&page.body);
    let boxes = scraper::Selector::parse("tbody input[type=checkbox]").expect("a selector");
    let values: Vec<String> = html
        .select(&boxes)
        .filter_map(|it| it.attr("value").map(str::to_owned))
        .collect();
    let form = page.form(button);
    rows.iter()
        .fold(form, |form, at| form.also("booking", &values[*at]))
}

async fn stepped_up(site: &TestApp, member: &Member, path: &str) -> PageView {
    let page = member.browser.visit(path).await;
    page.must_say("Please show that it is you");
    site.app.clock().advance(time::Duration::minutes(1));
    let form = page.form("Continue").fill("6-digit code", &member.app_code(site));
    form.submit().await
}

#[tokio::test]
async fn several_bookings_are_cancelled_together_after_the_page_named_them() {
    let site = TestApp::start().await;
    let run = site.run_with_places(12).await;
    for (name, email) in [
        ("Ada Ash", "a@example.com"),
        ("Bo Birch", "b@example.com"),
        ("Cy Cedar", "c@example.com"),
    ] {
        site.book(run, name, email).await;
    }
    let member = coordinator(&site).await;
    let list = member.browser.visit(&of(run, "")).await;
    assert_eq!(list.heading(), "3 bookings on these dates");
    // Nobody chosen: the list again.
    let none = list.form("Cancel their bookings").submit().await;
    assert_eq!(none.heading(), "3 bookings on these dates");
    let ask = ticked(&list, "Cancel their bookings", &[0, 2]).submit().await;
    assert_eq!(ask.heading(), "Do you want to cancel these bookings?");
    ask.must_say("Ada Ash").must_say("Cy Cedar");
    assert!(!ask.says("Bo Birch"));
    let cancelled = "SELECT COUNT(*) FROM booking WHERE state = 'cancelled'";
    assert_eq!(
        site.count(cancelled).await,
        0,
        "nothing is done before the second press"
    );
    let bare = ask.form("Cancel their bookings").submit().await;
    bare.must_be(StatusCode::UNPROCESSABLE_ENTITY)
        .must_say("Enter the reason");
    let form = bare
        .form("Cancel their bookings")
        .fill("Reason", "The room is too small.");
    let form = form.choose("By phone");
    let done = form.clone().submit().await;
    done.must_say("2 bookings are cancelled.");
    assert_eq!(site.count(cancelled).await, 2);
    // The same press once more does nothing more (T-35).
    form.submit().await.must_say("2 bookings are cancelled.");
    site.rounds().await;
    assert!(
        site.subjects("a@example.com")
            .contains(&"A message about your booking".to_owned())
    );
    assert!(
        !site
            .subjects("b@example.com")
            .contains(&"A message about your booking".to_owned())
    );
    let by = "SELECT COUNT(*) FROM audit WHERE act = 'cancel' AND doer = 'member'";
    assert_eq!(site.count(by).await, 2);
    // What has ended already is said, and nothing else stops.
    let list = member.browser.visit(&of(run, "")).await;
    let ask = ticked(&list, "Cancel their bookings", &[0, 1]).submit().await;
    ask.must_say("For 1 of them nothing changes");
    let form = ask
        .form("Cancel their bookings")
        .fill("Reason", "The room is too small.");
    let done = form.choose("By phone").submit().await;
    done.must_say("1 booking is cancelled. 1 booking could not be changed.");
    site.must_hold().await;
}

/// U-40: 500 bookings; filter, sort, page, bulk with confirm and the file share one query, 25 rows a page.
#[tokio::test]
async fn of_500_bookings_the_number_the_pages_the_file_and_an_act_agree() {
    let site = TestApp::start().await;
    let run = site.run_with_places(20).await;
    let mut names: Vec<String> = (1..=499).map(|n| format!("Person {n:03}")).collect();
    names.insert(0, "=SUM(A1:A9)".to_owned());
    fill(&site, run, &names, 20).await;
    let member = coordinator(&site).await;
    let all = member.browser.visit(&of(run, "")).await;
    assert_eq!(all.heading(), "500 bookings on these dates");
    assert_eq!(all.body.matches("class=\"al-pick\"").count(), 25);
    let waiting = member.browser.visit(&of(run, "?status=waiting&sort=-name")).await;
    assert_eq!(waiting.heading(), "480 bookings on these dates");
    assert!(waiting.says("Person 499") && !waiting.says("Person 020"));
    waiting.follow("20").await.must_say("Person 024");
    // The file has what the list has, after a fresh code, and no cell is a formula.
    let file = stepped_up(&site, &member, &of(run, ".csv?status=booked&sort=name")).await;
    file.must_be(StatusCode::OK);
    assert_eq!(file.headers["content-type"], "text/csv; charset=utf-8");
    let kept = file.headers["content-disposition"].to_str().expect("text");
    assert!(kept.starts_with("attachment; filename=\"people-"), "{kept}");
    let lines: Vec<&str> = file.body.trim_start_matches('\u{feff}').lines().collect();
    assert_eq!(lines.len(), 21, "a head and 20 people");
    assert!(lines[1].starts_with("'=SUM(A1:A9),"), "{}", lines[1]);
    assert!(
        lines[2].starts_with("Person 001,Person,,'+44 1632 960123,By phone,Booked,"),
        "{}",
        lines[2]
    );
    let noted = "SELECT COUNT(*) FROM audit WHERE act = 'exported' AND reason = '20 rows'";
    assert_eq!(site.count(noted).await, 1);
    // All that are picked out, not only those of the page.
    let ask = ticked(&waiting, "Cancel their bookings", &[0]).submit().await;
    let form = ask
        .form("Cancel their bookings")
        .choose("All 480 bookings that the list shows");
    let form = form.fill("Reason", "The list is closed.").choose("By phone");
    form.submit().await.must_say("480 bookings are cancelled.");
    let left = "SELECT COUNT(*) FROM booking WHERE state <> 'cancelled'";
    assert_eq!(site.count(left).await, 20);
    site.must_hold().await;
}
