//! Who attended every day gets a certificate; a new name replaces it, a correction withdraws it, and
//! whoever has its number can check it (B-75 to B-77, INV-17, the end of S1).

use axum::http::{Method, StatusCode};
use booking::calendar;
use ids::{BookingId, RunId};
use sea_orm::{ConnectionTrait, Statement};
use tests::{Applicant, Member, PageView, TestApp};
use uuid::Uuid;
use web::Role;

/// The days of run R, 8 and 15 June 2027, with somebody who attended the first one for 170 minutes.
struct Course {
    site: TestApp,
    run: RunId,
    team: Member,
    person: Applicant,
}

/// The page of one person on one day of a run.
pub(crate) async fn mark(
    site: &TestApp,
    team: &Member,
    (run, day): (RunId, usize),
    booking: BookingId,
    code: &str,
    (minutes, why): (&str, &str),
) -> PageView {
    let dates = calendar::run_dates(site.db(), run)
        .await
        .expect("readable")
        .expect("a run");
    let path = format!("/sessions/{}/people/{booking}", dates.sessions[day - 1].id);
    let page = team.browser.visit(&path).await;
    let mut form = page.form("Save").choose(code);
    if !minutes.is_empty() {
        form = form.fill("For late or left early", minutes);
    }
    if !why.is_empty() {
        form = form.fill("Why has it changed?", why);
    }
    form.submit().await
}

/// The moment, with the team logged in again.
pub(crate) async fn go_to(site: &TestApp, team: &Member, moment: &str) {
    site.clock_to(moment);
    site.rounds().await;
    team.log_in(site, &team.browser).await;
}

impl Course {
    async fn begun(name: &str) -> Self {
        let site = TestApp::start().await;
        let run = site.run_with_places(12).await;
        let person = site.book(run, name, "sam@example.com").await;
        site.clock_to("2027-06-08 09:50");
        site.rounds().await;
        let team = site.member(Role::Coordinator, "team@example.org").await;
        let course = Self {
            site,
            run,
            team,
            person,
        };
        go_to(&course.site, &course.team, "2027-06-08 14:00").await;
        course.mark(1, "Left early", ("170", "")).await;
        course
    }

    /// After both days: 170 and 165 minutes.
    async fn over(name: &str) -> Self {
        let course = Self::begun(name).await;
        go_to(&course.site, &course.team, "2027-06-15 14:00").await;
        course.mark(2, "Left early", ("165", "")).await;
        course.site.rounds().await;
        course
    }

    async fn mark(&self, day: usize, code: &str, said: (&str, &str)) -> PageView {
        let page = mark(
            &self.site,
            &self.team,
            (self.run, day),
            self.person.booking,
            code,
            said,
        )
        .await;
        page.must_be(StatusCode::OK);
        page
    }

    async fn page(&self) -> PageView {
        self.person
            .follow_mail(&self.site, "Thank you for coming", "/certificate")
            .await
    }

    /// The page with the certificate under this name.
    async fn issued(&self, name: &str) -> PageView {
        let page = self.page().await;
        let form = page
            .form("Make my certificate")
            .fill("Your name on the certificate", name);
        form.submit().await
    }

    async fn numbers(&self, state: &str) -> i64 {
        let sql = format!("SELECT COUNT(*) FROM certificate WHERE state = '{state}'");
        self.site.count(&sql).await
    }

    /// The page on which anybody can check a number.
    async fn check(&self, number: &str) -> PageView {
        let typed = number.replace(' ', "+");
        self.site.browser().visit(&format!("/c?number={typed}")).await
    }
}

fn number_of(page: &PageView) -> String {
    let words = page.words();
    let (_, rest) = words.split_once("Number ").expect("a number");
    rest.chars().take(32).collect()
}

/// S1, from the first day on: 170 and 165 minutes of 180 are enough, and thanks come once.
#[tokio::test]
async fn whoever_attended_both_days_is_thanked_once_and_gets_one_certificate() {
    let course = Course::over("Vera Sorrel").await;
    let thanks = |course: &Course| {
        let all = course.site.subjects("sam@example.com");
        all.iter().filter(|it| *it == "Thank you for coming").count()
    };
    assert_eq!(thanks(&course), 1);
    let booking = course.person.manage(&course.site, "Thank you for coming").await;
    booking.must_say("Your course has finished");
    let page = booking.follow("Get your certificate").await;
    page.must_say("Your name on the certificate");
    page.form("Make my certificate")
        .submit()
        .await
        .must_be(StatusCode::UNPROCESSABLE_ENTITY);
    assert_eq!(
        course.numbers("issued").await,
        0,
        "nothing before the name is confirmed"
    );
    let ready = course.issued("Vera Sorrel").await;
    ready
        .must_say("Your certificate is ready")
        .must_say("Day 1: Tuesday 8 June 2027")
        .must_say("Day 2: Tuesday 15 June 2027");
    // The same name once more is the same certificate.
    let again = ready
        .form("Make a new certificate")
        .fill("New name", "Vera Sorrel")
        .submit()
        .await;
    assert_eq!(number_of(&again), number_of(&ready));
    assert_eq!(
        (course.numbers("issued").await, course.numbers("replaced").await),
        (1, 0)
    );
    let paper = ready.follow("See it as a page to print").await;
    paper.must_say("Vera Sorrel").must_say("attended the course");
    assert!(!paper.says("ompeten"));
    // A mark that changes nothing thanks nobody twice.
    course.mark(2, "Here", ("", "Stayed to the end")).await;
    course.site.rounds().await;
    assert_eq!((thanks(&course), course.numbers("issued").await), (1, 1));
    course.site.must_hold().await;
}

#[tokio::test]
async fn before_every_day_is_attended_there_is_no_certificate() {
    let course = Course::begun("Sam Sorrel").await;
    let link = course
        .person
        .link(&course.site, "Your booking for Tuesday 8 June", "");
    let path = format!("{link}/certificate");
    let page = course.person.browser.visit(&path).await;
    page.must_say("Your certificate is not there yet");
    let forced = course.person.browser.post(&path, &[("name", "Sam Sorrel")]).await;
    forced.must_be(StatusCode::CONFLICT);
    for more in ["/print", ".pdf"] {
        course
            .person
            .browser
            .visit(&format!("{path}{more}"))
            .await
            .must_say("is not there yet");
    }
    go_to(&course.site, &course.team, "2027-06-15 14:00").await;
    course.mark(2, "Left early", ("143", "")).await;
    course.site.rounds().await;
    assert!(
        !course
            .site
            .subjects("sam@example.com")
            .contains(&"Thank you for coming".to_owned())
    );
    assert_eq!(course.numbers("issued").await, 0);
    course.site.must_hold().await;
}

/// B-77
#[tokio::test]
async fn a_new_name_replaces_the_number_and_a_correction_withdraws_it() {
    let course = Course::over("Sam Sorrel").await;
    let first = course.issued("Sam Sorrel").await;
    let form = first
        .form("Make a new certificate")
        .fill("New name", "Zoë O’Brien");
    let second = form.submit().await;
    second.must_say("Zoë O’Brien");
    let (old, new) = (number_of(&first), number_of(&second));
    assert_ne!(old, new);
    course
        .check(&old)
        .await
        .must_say("Replaced")
        .must_say("There is a newer one");
    course
        .check(&new.to_lowercase().replace('-', " "))
        .await
        .must_say("Valid");
    assert_eq!(
        (course.numbers("issued").await, course.numbers("replaced").await),
        (1, 1)
    );
    // Day 2 was somebody else: what is undone in the register is undone with the same press.
    course
        .mark(2, "Not here", ("", "Somebody with the same name"))
        .await;
    assert_eq!(
        (course.numbers("issued").await, course.numbers("withdrawn").await),
        (0, 1)
    );
    course.check(&new).await.must_say("Withdrawn");
    let page = course.page().await;
    page.must_say("took your certificate back");
    let acts = "SELECT COUNT(*) FROM audit WHERE kind = 'certificate' AND act IN \
                ('certificate_issued', 'certificate_replaced', 'certificate_withdrawn')";
    assert_eq!(course.site.count(acts).await, 4);
    course.site.must_hold().await;
    // It was they after all: there is a certificate again, with a number of its own.
    course.mark(2, "Here", ("", "It was the right one")).await;
    let third = course.issued("Sam Sorrel").await;
    assert!(![old, new].contains(&number_of(&third)));
    course.site.must_hold().await;
}

/// INV-17
#[tokio::test]
async fn a_certificate_of_what_was_not_completed_is_found() {
    let course = Course::over("Sam Sorrel").await;
    course.issued("Sam Sorrel").await;
    course.site.must_hold().await;
    // A correction past all doors.
    let sql = "INSERT INTO attendance (id, session, booking, n, code, minutes, at) \
               SELECT $1, session, booking, n + 1, code, 100, at FROM attendance WHERE minutes = 165";
    let writer = &course.site.database().handles.writer;
    let statement =
        Statement::from_sql_and_values(writer.get_database_backend(), sql, [Uuid::new_v4().into()]);
    writer.execute_raw(statement).await.expect("written");
    let found = web::verify::verify(&course.site.app).await.expect("readable");
    let rules: Vec<&str> = found.iter().map(|it| it.rule).collect();
    assert_eq!(rules, ["INV-17"], "{found:#?}");
}

#[tokio::test]
async fn who_has_the_number_sees_no_name_and_who_has_none_learns_nothing() {
    let course = Course::over("Sam Sorrel").await;
    let number = number_of(&course.issued("Zoë O’Brien").await);
    let page = course.check(&number).await;
    page.must_say("Valid")
        .must_say("Introduction")
        .must_say("Day 2: Tuesday 15 June 2027");
    assert!(!page.says("Brien") && !page.says("Sorrel"));
    let compare = |name: &str| {
        page.form("Compare the name")
            .fill("Name on the certificate", name)
            .submit()
    };
    let wrong = compare("Sam Sorrel").await;
    wrong
        .must_be(StatusCode::UNPROCESSABLE_ENTITY)
        .must_say("This is not the name");
    assert!(!wrong.says("Brien"));
    compare("zoe  o'brien")
        .await
        .must_say("Yes, the name on this certificate is Zoë O’Brien");
    compare("").await.must_be(StatusCode::UNPROCESSABLE_ENTITY);
    let typed = course.site.browser().visit("/c?number=7K3M").await;
    typed
        .must_be(StatusCode::UNPROCESSABLE_ENTITY)
        .must_say("Enter the whole number");
    // Whoever tries on has to wait, for names and for numbers.
    let browser = course.site.browser();
    let (mut last, nobodys) = (StatusCode::OK, "/c/0000-0000-0000-0000-0000-0000-00");
    for _ in 0..21 {
        let page = browser.once(Method::GET, nobodys, None).await;
        assert!(page.status == StatusCode::TOO_MANY_REQUESTS || page.says("no certificate with this number"));
        last = page.status;
    }
    assert_eq!(last, StatusCode::TOO_MANY_REQUESTS);
    assert_eq!(course.numbers("issued").await, 1);
}

/// B-76: staff for them, noted as done for them, and not for themselves.
#[tokio::test]
async fn the_team_makes_a_certificate_for_somebody_who_calls() {
    let course = Course::over("Sam Sorrel").await;
    let reference = booking::bookings::find(course.site.db(), course.person.booking).await;
    let reference = reference.expect("readable").expect("a booking").reference;
    let path = format!("/team/bookings/{}", reference.replace(' ', "-"));
    let page = course
        .team
        .browser
        .visit(&path)
        .await
        .follow("See or make the certificate")
        .await;
    let form = page
        .form("Make the certificate")
        .fill("Name on the certificate", "Sam S. Sorrel");
    let unsaid = form.clone().submit().await;
    unsaid
        .must_be(StatusCode::UNPROCESSABLE_ENTITY)
        .must_say("Choose how you heard from the person");
    let made = form.choose("By phone").submit().await;
    made.must_say("Sam S. Sorrel").must_say("Download it as a PDF");
    made.follow("See it as a page to print")
        .await
        .must_say("Sam S. Sorrel");
    let file = course
        .team
        .browser
        .once(Method::GET, &format!("{path}/certificate.pdf"), None)
        .await;
    assert_eq!(file.headers["content-type"], "application/pdf");
    let noted = "SELECT COUNT(*) FROM audit WHERE act = 'certificate_issued' AND doer = 'member' \
                 AND reason = 'By phone' AND whose IS NOT NULL";
    assert_eq!(course.site.count(noted).await, 1);
    course.site.must_hold().await;
}

#[tokio::test]
async fn nobody_makes_their_own_certificate_as_staff() {
    let course = Course::over("Sam Sorrel").await;
    course
        .site
        .execute("UPDATE person SET email = 'team@example.org' WHERE email = 'sam@example.com'")
        .await;
    let reference = booking::bookings::find(course.site.db(), course.person.booking).await;
    let reference = reference.expect("readable").expect("a booking").reference;
    let path = format!("/team/bookings/{}/certificate", reference.replace(' ', "-"));
    let page = course.team.browser.visit(&path).await;
    page.must_be(StatusCode::NOT_FOUND);
    let fields = [("name", "Sam Sorrel"), ("channel", "phone")];
    course
        .team
        .browser
        .post(&path, &fields)
        .await
        .must_be(StatusCode::NOT_FOUND);
    assert_eq!(course.numbers("issued").await, 0);
}

/// Where the fonts lack a letter, the page stands in for the file.
#[tokio::test]
async fn a_download_never_fails() {
    let course = Course::over("Sam Sorrel").await;
    let ready = course.issued("山田 花子").await;
    let page = ready.follow("Download it as a PDF").await;
    page.must_be(StatusCode::OK)
        .must_say("We could not make a file")
        .must_say("山田 花子");
    let ready = ready
        .form("Make a new certificate")
        .fill("New name", "Hanako Yamada")
        .submit()
        .await;
    let path = format!("{}.pdf", ready.path);
    let file = course.person.browser.once(Method::GET, &path, None).await;
    assert_eq!(file.status, StatusCode::OK);
    assert_eq!(file.headers["content-type"], "application/pdf");
    let name = file.headers["content-disposition"].to_str().expect("text");
    assert!(name.starts_with("attachment"), "{name}");
}
