//! What helps people to take part, as work for the team (B-88), and copies for whoever booked (B-105).

use axum::http::StatusCode;
use ids::RunId;
use tests::{Browser, Form, Member, PageView, TestApp};
use web::Role;

/// The form of the team for whoever calls, filled in for J as far as S12 says: no email, needs BSL, and a
/// helper calls.
async fn form_for_j(site: &TestApp, browser: &Browser, run: RunId) -> Form {
    let form = browser.visit("/team/bookings/new").await.form("Book");
    let dates = site.run_path(run).await.replacen("/courses/", "", 1);
    let form = form
        .with("channel", "phone")
        .with("dates", &dates)
        .with("place", "book");
    let form = form.fill("Full name", "Jo Juniper").choose("They have no email");
    let form = form
        .fill("Phone number", "01632 960 010")
        .with("prefers", "phone");
    let form = form
        .choose("BSL interpreter")
        .choose("Somebody else books for them");
    let form = form.fill("Name of the person who is booking", "Hal Hazel");
    let form = form.fill(
        "Email address or phone number of the person who is booking",
        "hal@example.org",
    );
    let form = form.choose("Send copies of emails to the person who is booking");
    form.choose("They are 18 or over")
        .choose("They will keep what others share private")
}

async fn open(site: &TestApp, kind: &str, urgent: bool) -> i64 {
    let open = format!("SELECT COUNT(*) FROM team_task WHERE kind = '{kind}' AND state = 'open'");
    let sql = if urgent {
        format!("{open} AND urgent")
    } else {
        open
    };
    site.count(&sql).await
}

/// Somebody of the team who was away for days logs in anew.
async fn back(site: &TestApp, member: &Member) {
    member.log_in(site, &member.browser).await;
}

async fn need(member: &Member) -> PageView {
    let list = member.browser.visit("/team/tasks").await;
    let task = list.follow("Arrange what helps them to take part").await;
    task.follow("Say who looks after it and how far it is").await
}

/// S12: J has no email and needs BSL. A helper phones to book on 11 May: booked, tasks and no mail to J. J
/// ends the permission on 20 May, and the helper's copies stop. BSL is due on Monday 24 May at 08:00, then
/// urgent.
#[tokio::test]
async fn a_helper_books_by_phone_and_the_interpreter_is_arranged_in_time_or_urgent() {
    let site = TestApp::start().await;
    let run = site.run_with_places(12).await;
    let member = site.member(Role::Coordinator, "team@example.org").await;
    let booked = form_for_j(&site, &member.browser, run).await.submit().await;
    booked.must_say("Jo Juniper").must_say("Gets copies of emails");
    site.rounds().await;
    let states = "SELECT COUNT(*) FROM booking WHERE state = 'booked'";
    assert_eq!(site.count(states).await, 1);
    assert_eq!(open(&site, "phone_or_letter", false).await, 1);
    assert_eq!(open(&site, "arrange_need", false).await, 1);
    let mails = "SELECT COUNT(*) FROM outbox_mail WHERE recipient NOT LIKE '%@example.org'";
    assert_eq!(site.count(mails).await, 0);
    assert_eq!(site.subjects("hal@example.org").len(), 1, "the copy of M03");

    site.until("2027-05-20 10:00").await;
    back(&site, &member).await;
    let page = member.browser.visit(&booked.path).await;
    let ask = page.follow("Stop copies to the person who booked").await;
    ask.form("Continue")
        .choose("By phone")
        .submit()
        .await
        .must_be(StatusCode::UNPROCESSABLE_ENTITY);
    let form = ask.form("Continue").choose("Yes, stop them").choose("By phone");
    let stopped = form.submit().await;
    stopped
        .must_say("The person who booked gets no more copies.")
        .must_say("Gets no emails");

    site.until("2027-05-24 07:59").await;
    assert_eq!(open(&site, "arrange_need", true).await, 0);
    site.until("2027-05-24 08:00").await;
    assert_eq!(open(&site, "arrange_need", true).await, 1);
    back(&site, &member).await;
    let list = member.browser.visit("/team/tasks").await;
    list.must_say("Urgent: Monday 24 May 2027 at 8am");
    let one = member.browser.visit(&format!("/team/runs/{run}")).await;
    one.must_say("1 thing is still to be arranged");

    // What happens now is told to J alone.
    let page = member.browser.visit(&booked.path).await;
    let form = page.follow("Cancel this booking").await.form("Continue");
    let form = form
        .choose("Yes, cancel it")
        .fill("Reason", "Jo asked us to.")
        .choose("By phone");
    form.submit().await.must_say("The booking is cancelled.");
    site.rounds().await;
    assert_eq!(site.subjects("hal@example.org").len(), 1);
    assert_eq!(open(&site, "arrange_need", false).await, 0);
    site.must_hold().await;
}

/// B-88: an owner, a status, and "not possible" only after somebody has talked with the person.
#[tokio::test]
async fn what_is_not_possible_is_said_to_the_person_first() {
    let site = TestApp::start().await;
    let run = site.run_with_places(12).await;
    let member = site.member(Role::Coordinator, "team@example.org").await;
    let booked = form_for_j(&site, &member.browser, run).await.submit().await;
    let page = need(&member).await;
    page.must_say("BSL interpreter for Jo Juniper")
        .must_say("Nobody yet")
        .must_say("Monday 24 May 2027");
    let looks = "SELECT COUNT(*) FROM audit WHERE act = 'saw_needs'";
    let before = site.count(looks).await;
    let page = member.browser.visit(&page.path).await;
    assert_eq!(site.count(looks).await, before + 1);
    let unsaid = page.form("Save").submit().await;
    unsaid.must_be(StatusCode::UNPROCESSABLE_ENTITY);
    let untalked = page
        .form("Save")
        .choose("Not possible, we have talked about it")
        .submit()
        .await;
    untalked
        .must_be(StatusCode::UNPROCESSABLE_ENTITY)
        .must_say("Talk with the person first");
    assert_eq!(open(&site, "arrange_need", false).await, 1);
    let me = site.person_of("team@example.org").await;
    let form = page
        .form("Save")
        .with("owner", &me)
        .choose("Not possible, we have talked about it");
    let done = form
        .choose("We have talked about it with the person")
        .submit()
        .await;
    assert_eq!(done.path, booked.path);
    done.must_say("BSL interpreter: not possible, we have talked about it");
    assert_eq!(open(&site, "arrange_need", false).await, 0);
    // It turns out to be possible after all: the task is there again, with whoever looks after it.
    let page = done.follow("BSL interpreter: say how far it is").await;
    page.form("Save").choose("To arrange").submit().await;
    assert_eq!(open(&site, "arrange_need", false).await, 1);
    let list = member.browser.visit("/team/tasks").await;
    list.must_say("Arrange what helps them to take part (Sam)");
    site.must_hold().await;
}

/// B-105: whoever takes part ends the copies on their own page, with an email.
#[tokio::test]
async fn whoever_takes_part_ends_the_copies_on_their_own_page() {
    let site = TestApp::start().await;
    let run = site.run_with_places(12).await;
    let sam = site.book(run, "Sam Sorrel", "sam@example.com").await;
    site.rounds().await;
    let booker = "UPDATE booking SET booked_by = 'Hal Hazel', booked_by_contact = 'hal@example.org', \
                  copy_permission = true";
    site.execute(booker).await;
    let page = sam.manage(&site, "Your booking for").await;
    let details = page.follow("Change your details").await;
    let ask = details.follow("Change who gets copies").await;
    ask.form("Continue")
        .submit()
        .await
        .must_be(StatusCode::UNPROCESSABLE_ENTITY);
    let allowed = "SELECT COUNT(*) FROM booking WHERE copy_permission";
    assert_eq!(site.count(allowed).await, 1);
    let form = ask.form("Continue").choose("Yes, stop the copies");
    let saved = form.submit().await;
    saved.must_say("Your changes are saved");
    assert!(!saved.says("gets copies"));
    assert_eq!(site.count(allowed).await, 0);
    site.must_hold().await;
}
