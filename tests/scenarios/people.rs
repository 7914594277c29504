//! People and their records: two of one person, how they become one, and who opens how many (B-25 to B-27,
//! T-8, T-11).

use axum::http::StatusCode;
use ids::{BookingId, RunId};
use tests::{Applicant, Browser, Member, PageView, TestApp};
use web::Role;

/// Books with an address and a phone number, and confirms from the mail.
async fn book_with_phone(site: &TestApp, run: RunId, name: &str, email: &str, phone: &str) -> Applicant {
    let browser = site.browser();
    let first = browser.visit(&format!("{}/book", site.run_path(run).await)).await;
    let contact = first.form("Continue").fill("Full name", name).submit().await;
    let form = contact.form("Continue").fill("Email address", email);
    let form = form.fill("Phone number", phone).choose("By email");
    let support = form.submit().await;
    let check = support.form("Continue").submit().await;
    let done = check.agreed("Confirm my booking").submit().await;
    let booked = Applicant {
        browser,
        name: name.to_owned(),
        email: email.to_owned(),
        booking: site.booking_of(email, run).await.expect("a booking"),
        done: done.path,
    };
    site.rounds().await;
    let page = booked
        .follow_mail(site, "Please confirm your email", "/confirm")
        .await;
    let form = page.form("Continue").choose("Yes, I made this booking");
    form.submit().await;
    assert_eq!(site.state(booked.booking).await, "booked");
    booked
}

/// R of the booking rules: 8 and 15 June 2027, 12 places, of which K has two under two addresses; D waits.
struct Twice {
    site: TestApp,
    older: Applicant,
    newer: Applicant,
    d: Applicant,
}

impl Twice {
    async fn booked() -> Self {
        let site = TestApp::start().await;
        let run = site.run_with_places(12).await;
        for number in 0..10 {
            let (name, email) = (format!("Person {number}"), format!("p{number}@example.org"));
            site.book(run, &name, &email).await;
        }
        let older = book_with_phone(&site, run, "Kit Kale", "kit@example.org", "01632 960123").await;
        let newer = book_with_phone(&site, run, "kit  KALE", "kale@example.org", "+44 1632 960123").await;
        let d = site.join(run, "Dee Dogwood", "d@example.org").await;
        Self {
            site,
            older,
            newer,
            d,
        }
    }

    async fn person_of(&self, booking: BookingId) -> String {
        let found = booking::bookings::find(self.site.db(), booking).await;
        found.expect("readable").expect("there").person.to_string()
    }

    /// The page with both records, as the task leads to it.
    async fn both(&self, member: &Member) -> PageView {
        let list = member.browser.visit("/team/tasks").await;
        let task = list.follow("Look at two records of one name").await;
        task.follow("Look at both records").await
    }

    async fn open_pairs(&self) -> i64 {
        let sql = "SELECT COUNT(*) FROM team_task WHERE kind = 'possible_duplicate' AND state = 'open'";
        self.site.count(sql).await
    }
}

async fn coordinator(site: &TestApp) -> Member {
    site.member(Role::Coordinator, "team@example.org").await
}

/// S13: K booked twice in R, with two addresses, and D waits. Staff look at both records on Monday 24 May
/// at 10:00: the older booking stays, the newer one is cancelled by the team with two CANCELs to its
/// address, and D is offered the place until Wednesday 26 May at 10:00.
#[tokio::test]
async fn two_records_of_one_person_become_one_after_somebody_saw_both() {
    let twice = Twice::booked().await;
    let site = &twice.site;
    assert_eq!(
        twice.open_pairs().await,
        1,
        "asked for once, at the second confirming"
    );
    site.until("2027-05-24 09:55").await;
    let member = coordinator(site).await;
    site.clock_to("2027-05-24 10:00");
    let page = twice.both(&member).await;
    page.must_say("kit@example.org (confirmed)")
        .must_say("kale@example.org (confirmed)")
        .must_say("we write to kale@example.org");
    // Nothing is chosen beforehand, and nothing happens without a choice (B-30).
    let unsaid = page.form("Continue").submit().await;
    unsaid.must_be(StatusCode::UNPROCESSABLE_ENTITY);
    assert_eq!(site.state(twice.newer.booking).await, "booked");
    let form = unsaid
        .form("Continue")
        .choose("Yes. Keep the name and contact details of the first record");
    let one = form.submit().await;
    assert_eq!(one.heading(), "Kit Kale");
    site.rounds().await;
    assert_eq!(site.state(twice.older.booking).await, "booked");
    assert_eq!(site.state(twice.newer.booking).await, "cancelled");
    let by_team = "SELECT COUNT(*) FROM booking WHERE state = 'cancelled' AND cancelled_by = 'team'";
    assert_eq!(site.count(by_team).await, 1);
    let told = site.mailer.sent();
    let last = told
        .iter()
        .rfind(|it| it.to == "kale@example.org")
        .expect("a mail")
        .read();
    assert_eq!(last.subject(), "A message about your booking");
    let cancels = last.calendars.iter().filter(|(method, _)| method == "CANCEL");
    assert_eq!(cancels.count(), 2);
    assert_eq!(site.state(twice.d.booking).await, "offered");
    let offer = twice.d.mail(site, "A place is free");
    assert!(offer.contains("Wednesday 26 May 2027 at 10am"), "{offer}");
    assert_eq!(twice.open_pairs().await, 0);
    // Who did it is written down, and the gone record leads to the one that stays.
    let merged = "SELECT COUNT(*) FROM audit WHERE act = 'merged' AND doer = 'member'";
    assert_eq!(site.count(merged).await, 1);
    let gone = twice.person_of(twice.newer.booking).await;
    let gone = member.browser.visit(&format!("/team/people/{gone}")).await;
    gone.must_say("This record is a part of another one now");
    let found = member.browser.visit("/team/people?q=kale").await;
    assert_eq!(found.heading(), "1 person");
    site.must_hold().await;
}

#[tokio::test]
async fn two_people_of_one_name_and_phone_stay_two_and_are_not_asked_about_again() {
    let twice = Twice::booked().await;
    let member = coordinator(&twice.site).await;
    let page = twice.both(&member).await;
    let form = page.form("Continue").choose("No, they are two people");
    form.submit().await;
    assert_eq!(twice.open_pairs().await, 0);
    assert_eq!(twice.site.state(twice.newer.booking).await, "booked");
    let older = twice.person_of(twice.older.booking).await;
    let one = member.browser.visit(&format!("/team/people/{older}")).await;
    assert!(!one.says("Records that may be the same person"));
    twice.site.must_hold().await;
}

/// The form of the team, filled in for somebody on the phone.
async fn books_by_phone(site: &TestApp, browser: &Browser, run: RunId, name: &str, phone: &str) {
    let form = browser.visit("/team/bookings/new").await.form("Book");
    let dates = site.run_path(run).await.replacen("/courses/", "", 1);
    let form = form
        .choose("By phone")
        .with("dates", &dates)
        .with("place", "book");
    let form = form.fill("Full name", name).choose("They have no email");
    let form = form.fill("Phone number", phone).with("prefers", "phone");
    let form = form.choose("They are 18 or over");
    let made = form
        .choose("They will keep what others share private")
        .submit()
        .await;
    made.must_say("The booking");
}

/// B-27, also for whoever calls.
#[tokio::test]
async fn a_caller_with_a_known_name_and_phone_number_is_looked_at() {
    let site = TestApp::start().await;
    let run = site.run_with_places(12).await;
    let later = site.run_on(12, &["2027-09-07", "2027-09-14"]).await;
    book_with_phone(&site, run, "Kit Kale", "kit@example.org", "01632 960123").await;
    let member = coordinator(&site).await;
    let open = "SELECT COUNT(*) FROM team_task WHERE kind = 'possible_duplicate' AND state = 'open'";
    books_by_phone(&site, &member.browser, later, "Lee Larch", "01632 960123").await;
    assert_eq!(site.count(open).await, 0, "another name is another person");
    books_by_phone(&site, &member.browser, later, "Kit Kale", "(01632) 960 123").await;
    assert_eq!(site.count(open).await, 1);
    // Two dates of one course: only Kit can say which.
    let pairs = member.browser.visit("/team/people/merge").await;
    let both = pairs.follow("Kit Kale").await;
    both.must_say("They have bookings for different dates of one course");
    assert!(!both.says("Yes. Keep"));
    site.must_hold().await;
}

/// Whoever logs in goes on with the record that stays: address, roles, second step, dates.
#[tokio::test]
async fn an_account_goes_on_after_its_record_became_a_part_of_another() {
    let site = TestApp::start().await;
    let run = site.run_with_places(12).await;
    let booked = site.book(run, "Sam Sorrel", "sam@example.com").await;
    let trainer = site.member(Role::Facilitator, "trainer@example.org").await;
    let member = coordinator(&site).await;
    let found = booking::bookings::find(site.db(), booked.booking).await;
    let keep = found.expect("readable").expect("there").person.to_string();
    let goes = site.person_of("trainer@example.org").await;
    let both = format!("/team/people/merge?one={keep}&other={goes}");
    let page = member.browser.visit(&both).await;
    let form = page.form("Continue").with("answer", &keep);
    form.submit().await;
    assert_eq!(site.person_of("trainer@example.org").await, keep);
    // Still logged in, and able to log in again with the same app.
    trainer.browser.visit("/today").await.must_be(StatusCode::OK);
    let elsewhere = site.browser();
    let page = trainer.log_in(&site, &elsewhere).await;
    assert_eq!(page.path, "/today", "{}", page.words());
    site.must_hold().await;
}

/// T-8
#[tokio::test]
async fn nobody_makes_their_own_record_a_part_of_another() {
    let site = TestApp::start().await;
    let run = site.run_with_places(12).await;
    let booked = site.book(run, "Sam Sorrel", "sam@example.com").await;
    let member = coordinator(&site).await;
    let found = booking::bookings::find(site.db(), booked.booking).await;
    let theirs = found.expect("readable").expect("there").person.to_string();
    let own = site.person_of("team@example.org").await;
    let path = format!("/team/people/merge?one={theirs}&other={own}");
    member.browser.visit(&path).await.must_be(StatusCode::NOT_FOUND);
    let fields = [
        ("one", theirs.as_str()),
        ("other", own.as_str()),
        ("answer", own.as_str()),
    ];
    let refused = member.browser.post("/team/people/merge", &fields).await;
    refused.must_be(StatusCode::NOT_FOUND);
}

/// T-11: the records of 30 people within an hour are work; those of more are something to ask about.
#[tokio::test]
async fn whoever_opens_the_records_of_many_people_is_named_to_the_leads() {
    let site = TestApp::start().await;
    let run = site.run_with_places(40).await;
    let member = coordinator(&site).await;
    let lead = site.member(Role::Lead, "lead@example.org").await;
    for number in 0..31 {
        site.hold(
            run,
            &format!("Person {number}"),
            &format!("p{number}@example.org"),
        )
        .await;
    }
    let told = "SELECT COUNT(*) FROM team_task WHERE kind = 'many_records' AND state = 'open'";
    let mut opened = 0;
    for page in ["/team/people", "/team/people?page=2"] {
        let list = member.browser.visit(page).await;
        let page = scraper::Html::parse_document(&list.body);
        let links = scraper::Selector::parse("tbody a").expect("a selector");
        let links: Vec<String> = page
            .select(&links)
            .filter(|it| it.text().any(|it| it.starts_with("Person")))
            .filter_map(|it| it.attr("href").map(str::to_owned))
            .collect();
        for link in links {
            // Looking twice at one person counts once.
            for _ in 0..2 {
                member.browser.visit(&link).await.must_be(StatusCode::OK);
            }
            opened += 1;
            assert_eq!(site.count(told).await, i64::from(opened > 30), "{opened}");
        }
    }
    assert_eq!(opened, 31);
    let list = lead.browser.visit("/team/tasks").await;
    list.follow("Ask why many records were opened")
        .await
        .must_say("Sam Sorrel");
    let theirs = member.browser.visit("/team/tasks").await;
    assert!(!theirs.says("many records"));
    site.must_hold().await;
}
