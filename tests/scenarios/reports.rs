//! What a year looked like: the numbers of each report, as the pages and the files say them.

use axum::http::{StatusCode, header};
use booking::Change;
use ids::{BookingId, RunId};
use scraper::{Html, Selector};
use sea_orm::{ConnectionTrait, Statement};
use tests::{Browser, PageView, TestApp};
use web::Role;

async fn team(site: &TestApp) -> Browser {
    site.member(Role::Coordinator, "team@example.org").await.browser
}

/// The rows of the nth table of a page.
fn table(page: &PageView, n: usize) -> Vec<Vec<String>> {
    let html = Html::parse_document(&page.body);
    let css = |it: &str| Selector::parse(it).expect("a selector");
    let tables = css("table");
    let table = html.select(&tables).nth(n).expect("a table");
    let words = |it: scraper::ElementRef<'_>| it.text().collect::<String>().trim().to_owned();
    let (rows, cells) = (css("tbody tr"), css("th, td"));
    let rows = table.select(&rows);
    rows.map(|row| row.select(&cells).map(words).collect()).collect()
}

/// The lines of the file that the page offers.
async fn file(page: &PageView) -> Vec<String> {
    let file = page.follow("Download these figures (CSV)").await;
    file.must_be(StatusCode::OK);
    let disposition = file.headers[header::CONTENT_DISPOSITION].to_str().expect("text");
    assert!(
        disposition.starts_with("attachment; filename=\""),
        "{disposition}"
    );
    let text = file.body.strip_prefix('\u{feff}').expect("a byte order mark");
    text.lines().map(str::to_owned).collect()
}

/// One image with a title and a description, and every number of it in a table (U-28).
fn is_one_image(page: &PageView) {
    let html = Html::parse_document(&page.body);
    let css = |it: &str| Selector::parse(it).expect("a selector");
    let figures = css("figure.al-chart > svg");
    assert!(html.select(&figures).count() > 0, "no picture");
    for picture in html.select(&figures) {
        assert_eq!(picture.attr("role"), Some("img"));
        assert_eq!(picture.attr("viewBox"), None, "letters would shrink with it");
        let named = picture.attr("aria-labelledby").expect("names");
        for id in named.split(' ') {
            let by_id = css(&format!("[id='{id}']"));
            let words: String = html.select(&by_id).flat_map(|it| it.text()).collect();
            assert!(!words.trim().is_empty(), "{id}");
        }
        for bar in picture.select(&css("svg > svg > rect")) {
            assert!(bar.attr("width").expect("a width").ends_with('%'));
        }
    }
}

async fn exports(site: &TestApp) -> i64 {
    site.count("SELECT COUNT(*) FROM audit WHERE act = 'exported' AND kind = 'report'")
        .await
}

async fn mark(site: &TestApp, run: RunId, booking: BookingId, marks: &[(&str, i32)]) {
    let dates = booking::calendar::run_dates(site.db(), run)
        .await
        .expect("readable")
        .expect("a run");
    for (day, (code, minutes)) in dates.sessions.iter().zip(marks) {
        let sql = "INSERT INTO attendance (id, session, booking, n, code, minutes, at) VALUES ($1, $2, $3, 1, $4, $5, $6)";
        let values = [
            uuid::Uuid::new_v4().into(),
            day.id.0.into(),
            booking.0.into(),
            (*code).into(),
            (*minutes).into(),
            site.app.now().into(),
        ];
        let backend = site.db().get_database_backend();
        let row = Statement::from_sql_and_values(backend, sql, values);
        site.database()
            .handles
            .writer
            .execute_raw(row)
            .await
            .expect("marked");
    }
}

#[tokio::test]
async fn attendance_counts_who_came_and_leaves_out_what_is_not_known() {
    let site = TestApp::start().await;
    let (june, july) = (
        site.run_with_places(12).await,
        site.run_on(12, &["2027-07-06", "2027-07-13"]).await,
    );
    let mut all = Vec::new();
    for n in 1..=5 {
        let name = format!("Person{n} Example");
        let run = if n == 5 { july } else { june };
        all.push(site.book(run, &name, &format!("p{n}@example.org")).await.booking);
    }
    let (present, absent, sorry) = (("present", 180), ("absent", 0), ("apologies", 0));
    mark(&site, june, all[0], &[present, ("late", 144)]).await;
    mark(&site, june, all[1], &[present, ("left_early", 143)]).await;
    mark(&site, june, all[2], &[sorry, sorry]).await;
    mark(&site, june, all[3], &[absent, absent]).await;
    mark(&site, july, all[4], &[present]).await;
    let browser = team(&site).await;
    let none = browser.visit("/team/reports/attendance").await;
    assert_eq!(none.heading(), "Attendance, 2027");
    none.must_say("No course that began in this year is over and has a complete register.");
    assert!(!none.says("Download"), "nothing is there to take away");
    let empty = browser.visit("/team/reports/attendance.csv").await;
    assert_eq!(empty.body.lines().count(), 1, "the columns alone: {}", empty.body);
    assert_eq!(exports(&site).await, 1);
    site.clock_to("2027-07-14 09:00");
    let browser = site.member(Role::Lead, "lead@example.org").await.browser;
    let page = browser.visit("/team/reports").await.follow("Attendance").await;
    assert_eq!(page.heading(), "Attendance, June 2027");
    page.must_say("1 of 4 people who booked came on both days. That is 25%, or about 1 in 4.")
        .must_say("1 booking is not counted yet, because a register is not complete.");
    assert_eq!(table(&page, 0), [["June 2027", "4", "1", "25%"]]);
    assert_eq!(
        table(&page, 1),
        [
            ["Came on both days", "1", "25%"],
            ["Came for some of the time", "1", "25%"],
            ["Could not come", "1", "25%"],
            ["We missed them", "1", "25%"],
        ]
    );
    is_one_image(&page);
    assert_eq!(
        file(&page).await,
        [
            "Month,Booked,Came every day,Came for some of the time,Could not come,We missed them",
            "June 2027,4,1,1,1,1",
        ]
    );
    // T-48: who took how much.
    let noted = "SELECT COUNT(*) FROM audit WHERE act = 'exported' AND kind = 'report' AND about = 'attendance' AND reason = '1 row'";
    assert_eq!(site.count(noted).await, 1);
    let other = browser
        .visit("/team/reports/attendance?course=intro&year=1999")
        .await;
    assert_eq!(
        other.heading(),
        "Attendance, June 2027",
        "what makes no sense is left out"
    );
}

#[tokio::test]
async fn bookings_say_what_became_of_them_and_who_cancelled_late() {
    let site = TestApp::start().await;
    let run = site.run_with_places(12).await;
    let mut all = Vec::new();
    for n in 1..=4 {
        all.push(
            site.book(run, &format!("Person{n} Example"), &format!("p{n}@example.org"))
                .await,
        );
    }
    site.hold(run, "Kim Ash", "kim@example.org").await;
    // In time, and by us.
    let cancel = |who: usize| {
        let who = all[who].clone();
        let site = &site;
        async move {
            let manage = who.link(site, "Your booking for Tuesday 8 June", "");
            let page = who.browser.visit(&format!("{manage}/cancel")).await;
            page.form("Continue")
                .choose("Yes, cancel my place")
                .submit()
                .await
        }
    };
    site.rounds().await;
    cancel(0).await;
    site.team(run, Change::Cancel(all[1].booking)).await;
    site.until("2027-05-13 09:00").await;
    // Less than two full working days before.
    site.clock_to("2027-06-05 11:00");
    cancel(2).await;
    let browser = team(&site).await;
    let page = browser.visit("/team/reports/bookings").await;
    assert_eq!(page.heading(), "Bookings made, May 2027");
    page.must_say(
        "5 bookings were made, and 1 of them kept. 2 people cancelled their place, 1 of them late.",
    );
    assert_eq!(table(&page, 0), [["May 2027", "5", "1", "20%"]]);
    assert_eq!(
        table(&page, 1)
            .iter()
            .map(|it| it[1].as_str())
            .collect::<Vec<_>>(),
        ["1", "1", "1", "1", "1"]
    );
    is_one_image(&page);
    let lines = file(&page).await;
    assert_eq!(lines[1], "May 2027,5,0,1,2,1,1,1");
    let none = browser
        .visit("/team/reports/bookings?course=nothing&year=1999")
        .await;
    assert_eq!(
        none.heading(),
        "Bookings made, May 2027",
        "what makes no sense is left out"
    );
}

#[tokio::test]
async fn waiting_lists_say_who_got_a_place_and_how_soon() {
    let site = TestApp::start().await;
    let run = site.run_with_places(1).await;
    let first = site.book(run, "Person1 Example", "p1@example.org").await;
    let (second, third) = (
        site.join(run, "Person2 Example", "p2@example.org").await,
        site.join(run, "Person3 Example", "p3@example.org").await,
    );
    site.until("2027-05-14 10:00").await;
    site.team(run, Change::Cancel(first.booking)).await;
    site.team(run, Change::Accept(second.booking, None)).await;
    let page = team(&site).await.visit("/team/reports/waiting").await;
    assert_eq!(page.heading(), "Waiting lists, May 2027");
    page.must_say("1 of 2 people who joined a waiting list got a place.")
        .must_say("Half of those who got one waited 3 days or less.");
    assert_eq!(table(&page, 0), [["May 2027", "2", "1", "50%"]]);
    assert_eq!(
        table(&page, 1)
            .iter()
            .map(|it| it[1].as_str())
            .collect::<Vec<_>>(),
        ["1", "1", "0"]
    );
    is_one_image(&page);
    assert_eq!(file(&page).await[1], "May 2027,2,1,1,1,0");
    assert_eq!(site.state(third.booking).await, "waiting");
}

/// B-86, U-36: a year, all courses, few hidden, others rounded; nothing finer.
#[tokio::test]
async fn equality_hides_small_numbers_and_has_no_finer_view() {
    let site = TestApp::start().await;
    site.add_course("groups", "Facilitating groups").await;
    let browser = team(&site).await;
    let none = browser.visit("/team/reports/equality").await;
    none.must_say("Nobody answered these questions in this year.");
    let visitor = site.browser();
    for (course, answer, many) in [
        ("intro", "25_34", 5),
        ("groups", "25_34", 3),
        ("intro", "18_24", 7),
        ("groups", "65_over", 13),
    ] {
        for _ in 0..many {
            visitor
                .post(&format!("/equality/{course}/1"), &[("age", answer)])
                .await;
        }
    }
    let page = browser.visit("/team/reports/equality?course=intro").await;
    page.must_say("A star (*) stands for 1 to 7. All other numbers are rounded to the nearest 5.");
    let ages = table(&page, 0);
    let shown = |answer: &str| {
        let row = ages.iter().find(|it| it[0] == answer).expect("an answer");
        row[1].clone()
    };
    assert_eq!(shown("18 to 24"), "*");
    assert_eq!(shown("25 to 34"), "10", "5 and 3 of two courses");
    assert_eq!(shown("35 to 44"), "0");
    assert_eq!(shown("65 or over"), "15");
    is_one_image(&page);
    let html = Html::parse_document(&page.body);
    let selects = Selector::parse("select").expect("a selector");
    let fields: Vec<_> = html.select(&selects).filter_map(|it| it.attr("name")).collect();
    assert_eq!(fields, ["year"], "there is no finer view");
    let lines = file(&page).await;
    assert_eq!(lines[0], "Question,Answer,Number");
    assert_eq!(
        &lines[1..4],
        [
            "What is your age group?,18 to 24,*",
            "What is your age group?,25 to 34,10",
            "What is your age group?,35 to 44,0"
        ]
    );
    let noted =
        "SELECT COUNT(*) FROM audit WHERE act = 'exported' AND about = 'equality' AND reason = '20 rows'";
    assert_eq!(site.count(noted).await, 1);
    site.must_hold().await;
}

#[tokio::test]
async fn reports_are_for_coordinators_and_leads() {
    let site = TestApp::start().await;
    let trainer = site
        .member(Role::Facilitator, "trainer@example.org")
        .await
        .browser;
    for path in [
        "/team/reports",
        "/team/reports/attendance",
        "/team/reports/equality.csv",
    ] {
        trainer.visit(path).await.must_be(StatusCode::NOT_FOUND);
    }
    let browser = team(&site).await;
    browser
        .visit("/team/reports/nothing")
        .await
        .must_be(StatusCode::NOT_FOUND);
    browser
        .visit("/team/reports/nothing.csv")
        .await
        .must_be(StatusCode::NOT_FOUND);
    assert_eq!(exports(&site).await, 0);
}
