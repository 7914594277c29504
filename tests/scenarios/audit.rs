//! What was done is written down with the change that did it, and nobody alters it (T-46, T-48).

use axum::http::StatusCode;
use booking::Change;
use sea_orm::{ConnectionTrait, DbBackend};
use tests::TestApp;
use web::Role;

/// Every act, in order: who did what.
async fn acts(site: &TestApp) -> Vec<(String, String)> {
    let statement = sea_orm::Statement::from_string(
        site.db().get_database_backend(),
        "SELECT doer, act FROM audit ORDER BY n",
    );
    let rows = site.db().query_all_raw(statement).await.expect("readable");
    let text = |row: &sea_orm::QueryResult, name| row.try_get::<String>("", name).expect("a text");
    rows.iter()
        .map(|it| (text(it, "doer"), text(it, "act")))
        .collect()
}

fn pairs(of: &[(&str, &str)]) -> Vec<(String, String)> {
    of.iter()
        .map(|(doer, act)| ((*doer).to_owned(), (*act).to_owned()))
        .collect()
}

#[tokio::test]
async fn each_step_of_a_booking_is_written_down_with_it() {
    let site = TestApp::start().await;
    let run = site.run_with_places(1).await;
    let sam = site.book(run, "Sam Sorrel", "sam@example.org").await;
    site.join(run, "Kim Lee", "kim@example.org").await;
    site.team(run, Change::PauseOffers(true)).await;
    site.rounds().await;
    let page = sam.follow_mail(&site, "Your booking for", "/cancel").await;
    page.form("Continue").choose("Yes, cancel").submit().await;
    let told = acts(&site).await;
    for step in [
        ("person", "book"),
        ("person", "confirm"),
        ("person", "join"),
        ("command", "offers_stopped"),
        ("person", "cancel"),
    ] {
        assert!(told.contains(&pairs(&[step])[0]), "{step:?} in {told:?}");
    }
    let named = "SELECT COUNT(*) FROM audit WHERE act = 'book' AND request IS NOT NULL AND whose IS NOT NULL";
    assert_eq!(site.count(named).await, 1);
    site.must_hold().await;
}

#[tokio::test]
async fn a_change_that_fails_leaves_no_row() {
    let site = TestApp::start().await;
    let run = site.run_with_places(1).await;
    site.hold(run, "Sam Sorrel", "sam@example.org").await;
    let before = acts(&site).await;
    let cause = booking::Cause::person();
    let nobody = ids::BookingId(uuid::Uuid::nil());
    let asked = booking::Asked {
        change: Change::Cancel(nobody),
        cause,
        details: None,
    };
    let refused = site
        .app
        .change(async |work| work.allocate(run, asked.clone()).await.map(|_| ()))
        .await;
    refused.expect_err("there is no such booking");
    assert_eq!(acts(&site).await, before);
}

#[tokio::test]
async fn nobody_alters_or_removes_a_row_and_who_finds_a_way_is_found_out() {
    let site = TestApp::start().await;
    let run = site.run_with_places(3).await;
    for (name, email) in [("Sam Sorrel", "sam@example.org"), ("Kim Lee", "kim@example.org")] {
        site.hold(run, name, email).await;
    }
    let writer = &site.database().handles.writer;
    for sql in [
        "UPDATE audit SET act = 'join' WHERE n = 1",
        "DELETE FROM audit WHERE n = 1",
    ] {
        let refused = writer
            .execute_unprepared(sql)
            .await
            .expect_err("it is append-only");
        assert!(refused.to_string().contains("append-only"), "{refused}");
    }
    if writer.get_database_backend() == DbBackend::Postgres {
        site.execute("ALTER TABLE audit DISABLE TRIGGER ALL").await;
    } else {
        site.execute("DROP TRIGGER audit_no_UPDATE; DROP TRIGGER audit_no_DELETE")
            .await;
    }
    let found = async || -> Vec<String> {
        let found = web::verify::verify(&site.app).await.expect("readable");
        found
            .into_iter()
            .filter(|it| it.rule == "T-46")
            .map(|it| it.why)
            .collect()
    };
    assert_eq!(found().await, Vec::<String>::new());
    site.execute("UPDATE audit SET doer = 'system' WHERE n = 1").await;
    assert_eq!(
        found().await,
        ["it, or the one before it, is not what was written"]
    );
    site.execute("UPDATE audit SET doer = 'person' WHERE n = 1").await;
    assert_eq!(found().await, Vec::<String>::new());
    site.execute("DELETE FROM audit WHERE n = 1").await;
    assert_eq!(found().await, ["a row before it is missing"]);
    // Put in its place again, so that the rest of the records is judged as always.
    site.execute("DELETE FROM audit").await;
}

#[tokio::test]
async fn roles_are_given_and_taken_by_another_and_leads_read_about_it() {
    let site = TestApp::start().await;
    let lead = site.member(Role::Lead, "kim@example.org").await;
    site.invited(Role::Facilitator, "sam@example.org").await;
    let members = lead.browser.visit("/team/members").await;
    let step_up = members.follow("Change roles of Sam Sorrel").await;
    step_up.must_say("Please show that it is you");
    site.app.clock().advance(time::Duration::minutes(1));
    let code = lead.app_code(&site);
    let page = step_up
        .form("Continue")
        .fill("6-digit code", &code)
        .submit()
        .await;
    page.must_say("What Sam Sorrel may do");
    page.form("Save").choose("Coordinator").submit().await;
    let members = lead.browser.visit("/team/members").await;
    members.must_say("sam@example.org is a facilitator and a coordinator");
    let page = members.follow("Change roles of Sam Sorrel").await;
    assert!(
        !page.says("Administrator"),
        "that is for an administrator to give"
    );

    // What is not on the page cannot be chosen, and nobody chooses for themselves (T-10).
    let sam = site.person_of("sam@example.org").await;
    let kim = site.person_of("kim@example.org").await;
    for (who, role) in [(&sam, "administrator"), (&sam, "lead"), (&kim, "coordinator")] {
        let path = format!("/team/members/{who}");
        let page = lead.browser.post(&path, &[("roles", role)]).await;
        page.must_be(StatusCode::NOT_FOUND);
    }
    let page = lead.browser.visit(&format!("/team/members/{sam}")).await;
    // A form without a tick takes the roles away.
    let action = page.form("Save").action().to_owned();
    lead.browser.post(&action, &[]).await;
    assert_eq!(site.count("SELECT COUNT(*) FROM role").await, 1);
    // Whose roles they are reads about each change, and about nothing that was no change.
    site.rounds().await;
    let told = site.subjects("sam@example.org");
    let told = told.iter().filter(|it| *it == "Your access has changed");
    assert_eq!(told.count(), 2);

    let audit = lead.browser.visit("/team/audit").await;
    audit.must_say("role: role given, coordinator");
    audit.must_say("role: role taken, facilitator");
    let told = acts(&site).await;
    assert!(told.contains(&pairs(&[("member", "role_given")])[0]), "{told:?}");
}

#[tokio::test]
async fn a_lead_invites_somebody_and_not_themselves() {
    let site = TestApp::start().await;
    let lead = site.member(Role::Lead, "kim@example.org").await;
    let page = lead.browser.visit("/team/members").await;
    let step_up = page.follow("Invite somebody").await;
    site.app.clock().advance(time::Duration::minutes(1));
    let code = lead.app_code(&site);
    let page = step_up
        .form("Continue")
        .fill("6-digit code", &code)
        .submit()
        .await;
    let again = page
        .form("Send the invitation")
        .fill("Email address", "sam")
        .submit()
        .await;
    again
        .must_be(StatusCode::UNPROCESSABLE_ENTITY)
        .must_say("Choose one answer");
    let own = page
        .form("Send the invitation")
        .fill("Email address", "kim@example.org");
    own.choose("Coordinator")
        .submit()
        .await
        .must_say("You cannot change your own roles");
    let form = page
        .form("Send the invitation")
        .fill("Email address", "sam@example.org");
    form.choose("Coordinator")
        .submit()
        .await
        .must_say("sam@example.org is a coordinator");
    site.rounds().await;
    assert_eq!(site.subjects("sam@example.org"), ["You are invited"]);
}

/// Somebody books a place, asks for captions and for a call before the course.
async fn book_with_captions(site: &TestApp) {
    let run = site.run_with_places(3).await;
    let browser = site.browser();
    let path = site.run_path(run).await;
    let first = browser.visit(&format!("{path}/book")).await;
    let contact = first.form("Continue").fill("Full name", "Kim Lee").submit().await;
    let form = contact
        .form("Continue")
        .fill("Email address", "kim.lee@example.org");
    let support = form.choose("By email").submit().await;
    let form = support.form("Continue").choose("Captions");
    let form = form.choose("I would like a call before the course");
    let check = form.submit().await;
    check.agreed("Confirm my booking").submit().await;
    site.rounds().await;
    let link = site.path_in_mail("kim.lee@example.org", "Please confirm your email", "/b/");
    let page = browser.visit(&link).await;
    page.form("Continue")
        .choose("Yes, I made this booking")
        .submit()
        .await;
}

const LOOKS: &str = "SELECT COUNT(*) FROM audit WHERE act = 'saw_needs' AND doer = 'member'";

/// T-47
#[tokio::test]
async fn whoever_told_us_what_helps_sees_who_read_it() {
    let site = TestApp::start().await;
    book_with_captions(&site).await;
    let kim = site.member(Role::Facilitator, "kim@example.org").await;
    let lead = site.member(Role::Lead, "lead@example.org").await;
    let list = lead.browser.visit("/team/bookings").await;
    assert_eq!(site.count(LOOKS).await, 0, "the list shows no needs");
    let one = list.follow("Kim Lee").await;
    one.must_say("Captions");
    assert_eq!(site.count(LOOKS).await, 1);
    // It turns out to be somebody of the team: then it is they who see it.
    site.execute("UPDATE booking SET person = (SELECT person FROM account WHERE email = 'kim@example.org')")
        .await;
    lead.browser.visit(&one.path).await;
    assert_eq!(site.count(LOOKS).await, 2);
    let account = kim.browser.visit("/account").await;
    account.must_say("Sam Sorrel saw what helps you to take part");
}

/// T-47: a task about what somebody asked for is read like the booking itself; its list does not say it.
#[tokio::test]
async fn what_is_to_be_arranged_is_read_on_its_page_alone() {
    let site = TestApp::start().await;
    book_with_captions(&site).await;
    let lead = site.member(Role::Lead, "lead@example.org").await;
    let list = lead.browser.visit("/team/tasks").await;
    list.must_say("Arrange what helps them to take part");
    assert!(!list.says("Captions"), "{}", list.words());
    assert_eq!(site.count(LOOKS).await, 0);
    let task = list.follow("Arrange what helps them to take part").await;
    task.must_say("Captions");
    assert_eq!(site.count(LOOKS).await, 1);
    // What one notes about a call is read by others, and that is written down too.
    let calls = "SELECT COUNT(*) FROM audit WHERE act = 'saw_calls'";
    let task = list.follow("Call before the course").await;
    let form = task.form("Save").choose("No answer").choose("No, keep it open");
    let form = form.fill("Note", "Rings in the evening.");
    form.submit().await.must_say("Rings in the evening.");
    assert_eq!(site.count(calls).await, 0, "one's own note");
    let other = site.member(Role::Coordinator, "other@example.org").await;
    other
        .browser
        .visit(&task.path)
        .await
        .must_say("Rings in the evening.");
    assert_eq!(site.count(calls).await, 1);
}

/// T-47: if a look cannot be written down, there is nothing to see.
#[tokio::test]
async fn what_cannot_be_written_down_is_not_shown() {
    let site = TestApp::start().await;
    book_with_captions(&site).await;
    let lead = site.member(Role::Lead, "lead@example.org").await;
    let bookings = lead.browser.visit("/team/bookings").await;
    let tasks = lead.browser.visit("/team/tasks").await;
    let postgres = site.db().get_database_backend() == DbBackend::Postgres;
    site.execute(if postgres {
        "ALTER TABLE audit ADD CONSTRAINT full_up CHECK (act <> 'saw_needs')"
    } else {
        "CREATE TRIGGER full_up BEFORE INSERT ON audit WHEN NEW.act = 'saw_needs' \
         BEGIN SELECT RAISE(ABORT, 'full'); END"
    })
    .await;
    for page in [
        bookings.follow("Kim Lee").await,
        tasks.follow("Arrange what helps them to take part").await,
    ] {
        assert!(page.status.is_server_error(), "{}", page.status);
        assert!(!page.says("Captions"), "{}", page.words());
    }
}

/// T-18, T-10: roles change after a code of one's own app that is fresh, and not by a form alone.
#[tokio::test]
async fn roles_do_not_change_without_a_fresh_code() {
    let site = TestApp::start().await;
    let lead = site.member(Role::Lead, "kim@example.org").await;
    site.invited(Role::Facilitator, "sam@example.org").await;
    let sam = site.person_of("sam@example.org").await;
    let roles = "SELECT COUNT(*) FROM role";
    let page = lead
        .browser
        .post(&format!("/team/members/{sam}"), &[("roles", "coordinator")])
        .await;
    page.must_say("Please show that it is you");
    let invite = [("email", "new@example.org"), ("role", "coordinator")];
    let page = lead.browser.post("/team/invite", &invite).await;
    page.must_say("Please show that it is you");
    assert_eq!(site.count(roles).await, 2);
    site.rounds().await;
    assert_eq!(site.subjects("new@example.org"), [""; 0]);
}

/// Many changes at once, on dates of their own so that they do not wait for each other, write one chain.
#[tokio::test]
async fn many_at_once_write_one_chain() {
    let site = TestApp::start().await;
    let mut forms = Vec::new();
    for number in 10..26 {
        let days = [format!("2027-07-{number}"), format!("2027-08-{number}")];
        let run = site.run_on(12, &days.each_ref().map(String::as_str)).await;
        let path = site.run_path(run).await;
        let email = format!("sam{number}@example.org");
        let check = site
            .browser()
            .answers(&path, "book", &format!("Sam {number}"), &email)
            .await;
        forms.push(check.agreed("Confirm my booking"));
    }
    let mut pressing = tokio::task::JoinSet::new();
    for form in forms {
        pressing.spawn(form.submit());
    }
    for page in pressing.join_all().await {
        page.must_say("Your place is booked");
    }
    let booked = "SELECT COUNT(*) FROM audit WHERE act = 'book'";
    assert_eq!(site.count(booked).await, 16);
    site.must_hold().await;
}
