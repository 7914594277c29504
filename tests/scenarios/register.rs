//! On the day: who opens a register, what it asks, and what follows (B-60 to B-64, U-12, U-26, U-39).

use axum::http::{Method, StatusCode};
use booking::attendance::outcome::{self, Outcome};
use booking::facilitators;
use booking::plan::Part;
use booking::{Ask, Asked, Cause, Change, Details, Source, calendar};
use ids::{BookingId, PersonId, RunId};
use scraper::{Html, Selector};
use sea_orm::{ConnectionTrait, Statement, TransactionTrait};
use tests::{Member, PageView, TestApp};
use uuid::Uuid;
use web::Role;

/// Day 1 of 8 and 15 June 2027, 10am, with people who have places; a facilitator of these dates.
struct Morning {
    site: TestApp,
    run: RunId,
    trainer: Member,
    people: Vec<BookingId>,
}

impl Morning {
    async fn of(names: &[&str]) -> Self {
        let site = TestApp::start().await;
        let run = site
            .run_with_places(i32::try_from(names.len()).expect("a few"))
            .await;
        let mut people = Vec::new();
        for name in names {
            people.push(booked(&site, run, name).await);
        }
        site.clock_to("2027-06-08 09:50");
        site.rounds().await;
        let trainer = site.member(Role::Facilitator, "trainer@example.org").await;
        let morning = Self {
            site,
            run,
            trainer,
            people,
        };
        morning.assign("trainer@example.org").await;
        morning.site.until("2027-06-08 10:00").await;
        morning
    }

    /// Whom we could call about somebody, and what helps them.
    async fn tells_us(&self, who: usize, need: &str) {
        let (id, booking) = (Uuid::new_v4(), self.people[who]);
        let contact = format!(
            "INSERT INTO emergency_contact (id, booking, name, phone, may_call) \
             VALUES ({}, {}, 'Pat Lee', '01632 960004', {})",
            self.id(id),
            self.id(booking.0),
            self.yes()
        );
        self.site.execute(&contact).await;
        let need = format!(
            "INSERT INTO access_need (id, booking, code, detail, status, due) \
             VALUES ({}, {}, 'breaks', '{need}', 'asked', '2027-06-04 07:00:00+00:00')",
            self.id(Uuid::new_v4()),
            self.id(booking.0)
        );
        self.site.execute(&need).await;
    }

    /// An id as each engine writes it.
    fn id(&self, it: Uuid) -> String {
        if self.is_on_a_server() {
            format!("'{it}'")
        } else {
            format!("x'{}'", it.simple())
        }
    }

    fn yes(&self) -> &'static str {
        if self.is_on_a_server() { "true" } else { "1" }
    }

    fn is_on_a_server(&self) -> bool {
        self.site.db().get_database_backend() == sea_orm::DbBackend::Postgres
    }

    async fn looks(&self, act: &str) -> i64 {
        let sql = format!("SELECT COUNT(*) FROM audit WHERE act = '{act}'");
        self.site.count(&sql).await
    }

    async fn assign(&self, email: &str) {
        let person = PersonId(self.site.person_of(email).await.parse().expect("an id"));
        let tx = self.site.db().begin().await.expect("begun");
        let part = (person, Part::PeerTrainer);
        facilitators::assign(&tx, &Uuid::new_v4, self.run, part, None)
            .await
            .expect("assigned");
        tx.commit().await.expect("written");
    }

    async fn path(&self, day: usize, page: &str) -> String {
        let dates = calendar::run_dates(self.site.db(), self.run)
            .await
            .expect("readable")
            .expect("a run");
        format!("/sessions/{}{page}", dates.sessions[day - 1].id)
    }

    async fn register(&self, day: usize) -> PageView {
        self.trainer
            .browser
            .visit(&self.path(day, "/register").await)
            .await
    }

    /// The form, with one button pressed for each of these people.
    fn pressed(&self, page: &PageView, button: &str, presses: &[(usize, &str)]) -> Vec<(String, String)> {
        let mut fields: Vec<_> = page.form(button).fields().into_iter().collect();
        for (who, value) in presses {
            let name = self.people[*who].to_string();
            fields.retain(|(field, _)| *field != name);
            fields.push((name, (*value).to_owned()));
        }
        fields
    }

    async fn send(&self, member: &Member, day: usize, fields: &[(String, String)]) -> PageView {
        let fields: Vec<(&str, &str)> = fields.iter().map(|(a, b)| (a.as_str(), b.as_str())).collect();
        member
            .browser
            .post(&self.path(day, "/register").await, &fields)
            .await
    }

    async fn save(&self, day: usize, presses: &[(usize, &str)]) -> PageView {
        let page = self.register(day).await;
        let fields = self.pressed(&page, "Save register", presses);
        self.send(&self.trainer, day, &fields).await
    }

    /// How many marks there are.
    async fn marks(&self) -> i64 {
        self.site.count("SELECT COUNT(*) FROM attendance").await
    }

    async fn marked(&self, code: &str) -> i64 {
        let sql = format!("SELECT COUNT(*) FROM attendance WHERE code = '{code}'");
        self.site.count(&sql).await
    }
}

/// Somebody booked by phone.
async fn booked(site: &TestApp, run: RunId, name: &str) -> BookingId {
    let (person, booking) = (PersonId(Uuid::new_v4()), BookingId(Uuid::new_v4()));
    let asked = Asked {
        change: Change::Book(Ask {
            booking,
            person,
            proven: true,
            priority: false,
        }),
        cause: Cause::person(),
        details: Some(details()),
    };
    let asked = &asked;
    let done = site.app.change(|work| async move {
        let sql = "INSERT INTO person (id, full_name, phone, email_bad, prefers, info_format, created_at) \
                   VALUES ($1, $2, '01632 960123', $3, 'phone', 'standard', $4)";
        let values = [person.0.into(), name.into(), false.into(), work.now().into()];
        let backend = work.tx().get_database_backend();
        let row = Statement::from_sql_and_values(backend, sql, values);
        work.tx().execute_raw(row).await?;
        work.allocate(run, asked.clone()).await.map(|_| ())
    });
    done.await.expect("booked");
    booking
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

const THREE: [&str; 3] = ["Sam Taylor", "Jo Lee", "Kim Ash"];

/// U-39: 20 people, 3 absent: five presses and two pages after the register was opened, without
/// JavaScript.
#[tokio::test]
async fn twenty_people_of_whom_three_are_absent_are_five_presses() {
    let names: Vec<String> = (1..=20).map(|n| format!("Person{n:02} Example")).collect();
    let names: Vec<&str> = names.iter().map(String::as_str).collect();
    let day = Morning::of(&names).await;
    let page = day.register(1).await;
    page.must_say("Register: day 1")
        .must_say("20 people have a place")
        .must_say("0 of 20 marked");
    // Three presses, and the fourth fills the blanks: nothing is saved yet.
    let absent = [(2, "not_here"), (7, "not_here"), (19, "not_here")];
    let fields = day.pressed(&page, "Mark everyone else as here", &absent);
    let filled = day.send(&day.trainer, 1, &fields).await;
    filled
        .must_be(StatusCode::OK)
        .must_say("20 of 20 marked")
        .must_say("Nothing is saved yet");
    assert_eq!(day.marks().await, 0);
    let saved = filled.form("Save register").submit().await;
    saved
        .must_say("Last saved by Sam, 10am on Tuesday 8 June 2027.")
        .must_say("Who is not here");
    assert_eq!(saved.path, day.path(1, "/register").await);
    assert_eq!((day.marked("present").await, day.marked("absent").await), (17, 3));
    // They are called, within a working day and before day 2.
    let calls = "SELECT COUNT(*) FROM team_task WHERE kind = 'phone_missed' AND state = 'open'";
    assert_eq!(day.site.count(calls).await, 3);
    day.site.must_hold().await;
}

/// T-32: more people than a form of a visitor may have fields.
#[tokio::test]
async fn a_register_may_be_long() {
    let names: Vec<String> = (1..=110).map(|n| format!("Person{n:03} Example")).collect();
    let names: Vec<&str> = names.iter().map(String::as_str).collect();
    let day = Morning::of(&names).await;
    let page = day.register(1).await;
    let filled = page.form("Mark everyone else as here").submit().await;
    filled
        .form("Save register")
        .submit()
        .await
        .must_say("110 of 110 marked");
    assert_eq!(day.marked("present").await, 110);
}

#[tokio::test]
async fn nothing_is_chosen_beforehand_and_each_row_is_named_by_its_person() {
    let day = Morning::of(&THREE).await;
    let page = Html::parse_document(&day.register(1).await.body);
    let all = |css: &str| {
        let css = Selector::parse(css).unwrap();
        page.select(&css)
            .map(|it| it.text().collect::<String>())
            .collect::<Vec<_>>()
    };
    assert_eq!(all(".al-reg legend"), ["Jo", "Kim", "Sam"]);
    assert_eq!(all(".al-reg fieldset input[type=radio]").len(), 9);
    assert_eq!(all(".al-reg input[checked]").len(), 0);
}

#[tokio::test]
async fn a_day_is_there_for_its_facilitators_and_the_team_alone() {
    let day = Morning::of(&THREE).await;
    let other = day.site.member(Role::Facilitator, "other@example.org").await;
    let administrator = day.site.member(Role::Administrator, "admin@example.org").await;
    let coordinator = day.site.member(Role::Coordinator, "team@example.org").await;
    let person = format!("/people/{}", day.people[0]);
    for page in ["", "/register", "/print", &person] {
        let path = day.path(1, page).await;
        for member in [&other, &administrator] {
            let nowhere = member.browser.once(Method::GET, "/no/such/page", None).await;
            let answer = member.browser.once(Method::GET, &path, None).await;
            assert_eq!(
                (answer.status, &answer.body),
                (StatusCode::NOT_FOUND, &nowhere.body),
                "{path}"
            );
        }
        for member in [&day.trainer, &coordinator] {
            member.browser.visit(&path).await.must_be(StatusCode::OK);
        }
    }
    let page = day.register(1).await;
    let fields = day.pressed(&page, "Save register", &[(0, "here")]);
    day.send(&other, 1, &fields).await.must_be(StatusCode::NOT_FOUND);
    assert_eq!(day.marks().await, 0);
    day.send(&coordinator, 1, &fields).await.must_be(StatusCode::OK);
    assert_eq!(day.marks().await, 1);
}

/// U-12
#[tokio::test]
async fn two_save_one_register_and_the_second_sees_both() {
    let day = Morning::of(&THREE).await;
    let coordinator = day.site.member(Role::Coordinator, "team@example.org").await;
    let theirs = coordinator.browser.visit(&day.path(1, "/register").await).await;
    let theirs = day.pressed(&theirs, "Save register", &[(0, "here"), (1, "late")]);
    day.save(1, &[(0, "not_here"), (2, "here")])
        .await
        .must_say("2 of 3 marked");
    let clash = day.send(&coordinator, 1, &theirs).await;
    clash.must_be(StatusCode::CONFLICT);
    clash.must_say("Sam. Sam saved: Not here. You chose now: Here");
    assert_eq!(day.marks().await, 2);
    // What they chose is still there, and saying why is all that is missing.
    let again = clash.form("Save register").submit().await;
    again
        .must_be(StatusCode::UNPROCESSABLE_ENTITY)
        .must_say("Say why it has changed");
    let saved = again
        .form("Save register")
        .fill("Why has it changed?", "Came by phone");
    saved.submit().await.must_say("3 of 3 marked");
    assert_eq!(day.marks().await, 4);
    day.site.must_hold().await;
}

#[tokio::test]
async fn a_register_opens_half_an_hour_before_and_says_when() {
    let day = Morning::of(&THREE).await;
    let page = day.register(2).await;
    page.must_say("The register opens on Tuesday 15 June 2027 at 9:30am.");
    let open = day.register(1).await;
    let fields = day.pressed(&open, "Save register", &[(0, "here")]);
    day.send(&day.trainer, 2, &fields)
        .await
        .must_be(StatusCode::CONFLICT);
    assert_eq!(day.marks().await, 0);
    day.site.clock_to("2027-06-15 09:30");
    day.trainer.log_in(&day.site, &day.trainer.browser).await;
    day.save(2, &[(0, "here")]).await.must_say("1 of 3 marked");
}

#[tokio::test]
async fn a_form_sent_twice_counts_once_and_an_empty_one_not_at_all() {
    let day = Morning::of(&THREE).await;
    day.save(1, &[]).await.must_be(StatusCode::UNPROCESSABLE_ENTITY);
    let page = day.register(1).await;
    let fields = day.pressed(&page, "Save register", &[(0, "here")]);
    for _ in 0..2 {
        day.send(&day.trainer, 1, &fields).await.must_be(StatusCode::OK);
    }
    assert_eq!(day.marks().await, 1);
}

#[tokio::test]
async fn whoever_is_not_here_told_us_or_is_excused_and_whoever_left_has_minutes() {
    let day = Morning::of(&THREE).await;
    let here = [(0, "here"), (1, "not_here"), (2, "not_here")];
    let saved = day.save(1, &here).await;
    let saved = saved.form("They told us").submit().await;
    saved.must_say("Told us that they cannot come");
    let saved = saved.form("Excused").submit().await;
    assert!(!saved.says("Who is not here"));
    let calls = "SELECT COUNT(*) FROM team_task WHERE kind = 'phone_missed' AND state = 'open'";
    assert_eq!(day.site.count(calls).await, 0);
    let person = day.path(1, &format!("/people/{}", day.people[0])).await;
    let page = day.trainer.browser.visit(&person).await;
    page.must_say("Here. Saved by Sam, 10am on Tuesday 8 June 2027.");
    let left = |minutes: &str| {
        let form = page.form("Save").choose("Left early");
        form.fill("For late or left early", minutes)
    };
    left("").submit().await.must_say("Enter a number from 1 to 180");
    left("181")
        .submit()
        .await
        .must_be(StatusCode::UNPROCESSABLE_ENTITY);
    left("a while")
        .submit()
        .await
        .must_be(StatusCode::UNPROCESSABLE_ENTITY);
    let refused = left("100").submit().await;
    refused.must_say("Say why it has changed");
    let form = refused
        .form("Save")
        .fill("Why has it changed?", "Had to go to work");
    form.submit().await.must_say("Left early, here for 100 minutes");
    day.site.must_hold().await;
}

#[tokio::test]
async fn today_shows_the_next_register_and_then_what_is_left() {
    let day = Morning::of(&THREE).await;
    let other = day.site.member(Role::Facilitator, "other@example.org").await;
    let idle = other.browser.visit("/today").await;
    idle.must_say("You are up to date.");
    assert!(!idle.says("Take register"));
    let today = day.trainer.browser.visit("/today").await;
    let register = today.follow("Take register").await;
    register.must_say("Register: day 1");
    day.save(1, &[(0, "here"), (1, "here"), (2, "late")]).await;
    let today = day.trainer.browser.visit("/today").await;
    today
        .must_say("You are up to date.")
        .must_say("The register is saved.");
    let list = today.follow("See who has a place").await;
    list.must_say("Day 1: Tuesday 8 June 2027")
        .must_say("3 of 3 marked.");
    let paper = list.follow("Attendance list to print").await;
    paper
        .must_say("Printed on Tuesday 8 June 2027.")
        .must_say("signature");
    assert!(!paper.says("Taylor"), "no more of a name than is needed");
}

#[tokio::test]
async fn an_outcome_follows_from_both_days() {
    let day = Morning::of(&THREE).await;
    day.save(1, &[(0, "here"), (1, "here"), (2, "not_here")]).await;
    day.site.clock_to("2027-06-15 13:00");
    day.trainer.log_in(&day.site, &day.trainer.browser).await;
    day.save(2, &[(0, "late"), (1, "not_here")]).await;
    let all = outcome::of_run(day.site.db(), day.run).await.unwrap();
    let of = |who: usize| all.get(&day.people[who]).copied();
    assert_eq!(of(0), Some(Outcome::Completed));
    assert_eq!(of(1), Some(Outcome::PartAttended));
    assert_eq!(of(2), None, "nobody marked day 2 for them");
}

/// B-62: Tuesday's register is late at 7pm on Friday, three working days later.
#[tokio::test]
async fn a_register_that_nobody_saves_becomes_work_for_the_team() {
    let day = Morning::of(&THREE).await;
    day.save(1, &[(0, "here"), (1, "here")]).await;
    let late = "SELECT COUNT(*) FROM team_task WHERE kind = 'attendance_late' AND state = 'open'";
    day.site.clock_to("2027-06-11 18:59");
    day.site.rounds().await;
    assert_eq!(day.site.count(late).await, 0);
    day.site.clock_to("2027-06-11 19:00");
    for _ in 0..2 {
        day.site.rounds().await;
        assert_eq!(day.site.count(late).await, 1);
        day.site.clock_to("2027-06-11 19:05");
    }
    day.trainer.log_in(&day.site, &day.trainer.browser).await;
    day.save(1, &[(2, "late")]).await.must_say("3 of 3 marked");
    assert_eq!(day.site.count(late).await, 0);
    day.site.must_hold().await;
}

/// B-65, T-47: what helps is there in full for facilitators of the day and the team, and each look is
/// written down for the person to see.
#[tokio::test]
async fn what_helps_is_read_on_the_day_and_each_look_is_written_down() {
    let day = Morning::of(&THREE).await;
    day.tells_us(0, "every half hour").await;
    let page = day.register(1).await;
    page.must_say("Breaks (every half hour): to arrange");
    assert_eq!(
        day.looks("saw_needs").await,
        1,
        "of the one who told us, and of nobody else"
    );
    let list = day.trainer.browser.visit(&day.path(1, "").await).await;
    list.must_say("Breaks (every half hour)");
    assert_eq!(day.looks("saw_needs").await, 2);
    // The list for the desk says no more than names.
    let paper = day.trainer.browser.visit(&day.path(1, "/print").await).await;
    assert!(!paper.says("half hour") && day.looks("saw_needs").await == 2);
    // Two weeks after the last day it is for the team alone.
    day.site.clock_to("2027-06-29 13:14");
    day.trainer.log_in(&day.site, &day.trainer.browser).await;
    day.register(1).await.must_say("every half hour");
    day.site.clock_to("2027-06-29 13:20");
    let late = day.register(1).await;
    late.must_say("Has told us what helps them take part");
    assert!(!late.says("half hour"));
    let coordinator = day.site.member(Role::Coordinator, "team@example.org").await;
    let seen = coordinator.browser.visit(&day.path(1, "/register").await).await;
    seen.must_say("every half hour");
}

/// B-65: an hour either side of the day, for its facilitators alone, and each view is written down.
#[tokio::test]
async fn whom_we_could_call_is_seen_around_the_day_by_its_facilitators_alone() {
    let day = Morning::of(&THREE).await;
    day.tells_us(1, "now and then").await;
    let person = day.path(1, &format!("/people/{}", day.people[1])).await;
    let page = day.trainer.browser.visit(&person).await;
    assert!(!page.says("Pat Lee") && day.looks("saw_emergency").await == 0);
    let seen = page.follow("See who we could call").await;
    seen.must_say("Pat Lee").must_say("01632 960004");
    assert_eq!(day.looks("saw_emergency").await, 1);
    day.trainer.browser.visit(&format!("{person}?see=call")).await;
    assert_eq!(day.looks("saw_emergency").await, 2, "each time");
    let lead = day.site.member(Role::Lead, "lead@example.org").await;
    let theirs = lead.browser.visit(&format!("{person}?see=call")).await;
    assert!(!theirs.says("Pat Lee") && day.looks("saw_emergency").await == 2);
    day.site.clock_to("2027-06-08 14:10");
    day.trainer.log_in(&day.site, &day.trainer.browser).await;
    let at = async |moment: &str| {
        day.site.clock_to(moment);
        let page = day.trainer.browser.visit(&format!("{person}?see=call")).await;
        page.says("Pat Lee")
    };
    assert!(at("2027-06-08 14:15").await);
    assert!(!at("2027-06-08 14:16").await);
}

/// B-63
#[tokio::test]
async fn whoever_missed_day_1_joins_day_2_only_if_a_facilitator_lets_them_in() {
    let day = Morning::of(&THREE).await;
    day.save(1, &[(0, "here"), (1, "not_here"), (2, "here")]).await;
    day.site.clock_to("2027-06-15 10:00");
    day.trainer.log_in(&day.site, &day.trainer.browser).await;
    let page = day.register(2).await;
    page.must_say("Missed day 1. Joins only if a facilitator lets them in");
    // "Everyone else" is not whoever waits for somebody's word.
    let filled = page.form("Mark everyone else as here").submit().await;
    filled.must_say("2 of 3 marked");
    let refused = day.save(2, &[(0, "here"), (1, "here"), (2, "here")]).await;
    refused
        .must_be(StatusCode::UNPROCESSABLE_ENTITY)
        .must_say("Jo missed day 1. Let them in first");
    assert_eq!(day.marks().await, 3, "nothing is half saved");
    let person = day.path(2, &format!("/people/{}", day.people[1])).await;
    // Who neither facilitates these dates nor leads does not decide it.
    let coordinator = day.site.member(Role::Coordinator, "team@example.org").await;
    let let_in = format!("{person}/let-in");
    coordinator
        .browser
        .visit(&let_in)
        .await
        .must_be(StatusCode::NOT_FOUND);
    let one = day.trainer.browser.visit(&person).await;
    let ask = one.follow("Let them into this day").await;
    ask.must_say("Do you want to let Jo into day 2?");
    ask.form("Let them in")
        .submit()
        .await
        .must_say("Say why they can join");
    let form = ask
        .form("Let them in")
        .fill("Why can they join?", "Read the notes of day 1");
    let saved = form.submit().await;
    saved.must_say("Missed day 1. Sam lets them in: Read the notes of day 1.");
    assert_eq!(day.looks("let_in").await, 1);
    day.save(2, &[(0, "here"), (1, "here"), (2, "here")])
        .await
        .must_say("3 of 3 marked");
    day.site.must_hold().await;
}

/// T-08
#[tokio::test]
async fn nobody_lets_themselves_in() {
    let day = Morning::of(&THREE).await;
    day.save(1, &[(0, "here"), (1, "not_here"), (2, "here")]).await;
    day.site.clock_to("2027-06-15 10:00");
    day.trainer.log_in(&day.site, &day.trainer.browser).await;
    let path = day.path(2, &format!("/people/{}/let-in", day.people[1])).await;
    day.trainer.browser.visit(&path).await.must_be(StatusCode::OK);
    // It turns out that the booking is the trainer's own.
    let account = format!("SELECT person FROM account WHERE email = '{}'", day.trainer.email);
    let jo = "SELECT id FROM person WHERE full_name LIKE 'Jo %'";
    day.site
        .execute(&format!(
            "UPDATE booking SET person = ({account}) WHERE person IN ({jo})"
        ))
        .await;
    day.trainer
        .browser
        .visit(&path)
        .await
        .must_be(StatusCode::NOT_FOUND);
}
