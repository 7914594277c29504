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

/// T-47
#[tokio::test]
async fn whoever_told_us_what_helps_sees_who_read_it() {
    let site = TestApp::start().await;
    let run = site.run_with_places(3).await;
    let kim = site.member(Role::Facilitator, "kim@example.org").await;
    let browser = site.browser();
    let path = site.run_path(run).await;
    let first = browser.visit(&format!("{path}/book")).await;
    let contact = first.form("Continue").fill("Full name", "Kim Lee").submit().await;
    let form = contact
        .form("Continue")
        .fill("Email address", "kim.lee@example.org");
    let support = form.choose("By email").submit().await;
    let check = support.form("Continue").choose("Captions").submit().await;
    check.agreed("Confirm my booking").submit().await;
    let looks = "SELECT COUNT(*) FROM audit WHERE act = 'saw_needs' AND doer = 'member'";
    let lead = site.member(Role::Lead, "lead@example.org").await;
    let list = lead.browser.visit("/team/bookings").await;
    assert_eq!(site.count(looks).await, 0, "the list shows no needs");
    let one = list.follow("Kim Lee").await;
    one.must_say("Captions");
    assert_eq!(site.count(looks).await, 1);
    // It turns out to be somebody of the team: then it is they who see it.
    site.execute("UPDATE booking SET person = (SELECT person FROM account WHERE email = 'kim@example.org')")
        .await;
    lead.browser.visit(&one.path).await;
    assert_eq!(site.count(looks).await, 2);
    let account = kim.browser.visit("/account").await;
    account.must_say("Sam Sorrel saw what helps you to take part");
}
