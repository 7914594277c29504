//! A whole service for one test: its own database, a clock that stands still, dice with a seed.

use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::sync::atomic::{AtomicU32, Ordering};

use axum::Router;
use booking::calendar::{self, CourseText, Delivery, NewCourse, NewRun, NewSession, Vouched};
use booking::{Asked, Cause, Change, Channel, Snapshot, allocator, london as zone};
use ids::{BookingId, RunId, Ts};
use sea_orm::DatabaseConnection;
use time::{Date, Duration, Time};
use web::{App, Clock, Mailer, Secrets, Setup};

use crate::{Browser, TestDatabase};

/// The moment at which it is this in London: `london("2027-05-25 10:00")`.
#[track_caller]
pub fn london(text: &str) -> Ts {
    let (day, clock) = text.split_once(' ').expect("a date and a time");
    let format = time::macros::format_description!("[year]-[month]-[day]");
    let date = Date::parse(day, format).expect("a date like 2027-05-25");
    let time =
        Time::parse(clock, time::macros::format_description!("[hour]:[minute]")).expect("a time like 10:00");
    zone::moment(date, time).expect("one moment")
}

/// A service under test.
#[derive(Debug)]
pub struct TestApp {
    /// What its handlers reach.
    pub app: App,
    /// Its mail, kept in memory once taken.
    pub mailer: Mailer,
    database: TestDatabase,
    router: Router,
    visitors: AtomicU32,
}

/// Where the service under test is.
const BASE_URL: &str = "http://127.0.0.1:8080";

impl TestApp {
    /// A service with the course of these tests and no dates, at Tuesday 11 May 2027, 2pm.
    pub async fn start() -> Self {
        Self::start_at(london("2027-05-11 14:00")).await
    }

    /// The same at another moment.
    pub async fn start_at(now: Ts) -> Self {
        Self::with(TestDatabase::new().await, now).await
    }

    /// The same on records of its own.
    pub async fn with(database: TestDatabase, now: Ts) -> Self {
        let setup = Setup {
            base_url: BASE_URL.to_owned(),
            trusted_proxies: Vec::new(),
            rehearsal: false,
            mail_folder: None,
        };
        let app = App::new(
            database.handles.clone(),
            Clock::stopped_at(now),
            Secrets::predictable(7),
            setup,
        );
        let app = app.expect("every template loads");
        let site = Self {
            router: web::router(app.clone()),
            app,
            mailer: Mailer::memory(),
            database,
            visitors: AtomicU32::new(0),
        };
        site.add_course("intro", "Introduction to peer support").await;
        site.add_bank_holiday().await;
        site
    }

    /// A published course with a text like the one of these tests.
    pub async fn add_course(&self, code: &str, title: &str) {
        self.add(NewCourse {
            code: code.to_owned(),
            title: title.to_owned(),
            ..Self::course()
        })
        .await;
    }

    async fn add_bank_holiday(&self) {
        self.app
            .change(async |work| {
                for (day, name) in [(time::macros::date!(2027 - 05 - 31), "Spring bank holiday")] {
                    calendar::add_bank_holiday(work.tx(), day, name).await?;
                }
                Ok(())
            })
            .await
            .expect("the bank holiday is stored");
    }

    /// Publishes a course.
    pub async fn add(&self, new: NewCourse) {
        self.app
            .change(async |work| {
                let fresh = || work.fresh_id();
                let version = calendar::add_course(work.tx(), &fresh, new.clone()).await?;
                calendar::publish_version(work.tx(), work.now(), version).await?;
                Ok(())
            })
            .await
            .expect("the course is stored");
    }

    /// The course of these tests, called `intro`.
    pub fn course() -> NewCourse {
        let outcome = calendar::Outcome {
            code: "LO1".to_owned(),
            text: "Say what peer support is".to_owned(),
            confidence_question: "How confident are you that you can say what peer support is?".to_owned(),
        };
        NewCourse {
            code: "intro".to_owned(),
            title: "Introduction to peer support".to_owned(),
            one_live: true,
            contact_name: "The training team".to_owned(),
            contact_email: "courses@example.org".to_owned(),
            contact_phone: "01632 960000".to_owned(),
            text: CourseText {
                summary: "A six-hour online course, over two days.".to_owned(),
                methods: vec!["Group work".to_owned()],
                outcomes: vec![outcome],
                topics: vec!["A short history".to_owned()],
                planned_minutes: 360,
                sessions_required: Some(2),
                different_days: true,
                authors_note: "Led by peer trainers.".to_owned(),
                extras: serde_json::json!({}),
            },
        }
    }

    /// Run R of the rules: 8 and 15 June 2027, 10am to 1:15pm, break 15 minutes, published, open.
    pub async fn run_with_places(&self, capacity: i32) -> RunId {
        self.run_on(capacity, &["2027-06-08", "2027-06-15"]).await
    }

    /// A published run on these days, 10am to 1:15pm, open for booking since the beginning of 2027.
    pub async fn run_on(&self, capacity: i32, days: &[&str]) -> RunId {
        self.run_like(capacity, days, |_| ()).await
    }

    /// The same with something different.
    pub async fn run_like(&self, capacity: i32, days: &[&str], differs: impl FnOnce(&mut NewRun)) -> RunId {
        let sessions = days.iter().map(|day| {
            let date =
                Date::parse(day, time::macros::format_description!("[year]-[month]-[day]")).expect("a date");
            NewSession {
                date,
                start: time::macros::time!(10:00),
                end: time::macros::time!(13:15),
                break_minutes: 15,
            }
        });
        let mut new = NewRun {
            course_code: "intro".to_owned(),
            label: "Mornings".to_owned(),
            capacity,
            delivery: Delivery::Online,
            venue: None,
            join_url: Some("https://meet.example.org/secret-room".to_owned()),
            opens_at: london("2027-01-04 09:00"),
            closes_at: None,
            waiting_list: true,
            sessions: sessions.collect(),
        };
        differs(&mut new);
        let vouched = Vouched {
            minutes: true,
            without_facilitators: Some("a test".to_owned()),
        };
        self.app
            .change(async |work| {
                let fresh = || work.fresh_id();
                let run = calendar::add_run(work.tx(), &fresh, new.clone()).await?;
                calendar::publish_run(work.tx(), work.now(), run, vouched.clone()).await?;
                Ok(run)
            })
            .await
            .expect("the run is published")
    }

    /// A new visitor, each from a network of their own.
    pub fn browser(&self) -> Browser {
        let number = self.visitors.fetch_add(1, Ordering::Relaxed) + 1;
        let from = IpAddr::V4(Ipv4Addr::from(u32::from(Ipv4Addr::new(198, 18, 0, 0)) + number));
        Browser::new(self.router.clone(), BASE_URL, SocketAddr::new(from, 40_000))
    }

    /// Where reading happens.
    pub fn db(&self) -> &DatabaseConnection {
        &self.database.handles.reader
    }

    /// The database of this service.
    pub fn database(&self) -> &TestDatabase {
        &self.database
    }

    /// The same service as another process would have it: the same records, keys and clock, connections
    /// of its own.
    pub async fn second_process(&self) -> App {
        let handles = self.database.records.open().await.expect("the records open");
        let (clock, secrets) = (self.app.clock().clone(), self.app.secrets().clone());
        let setup = self.app.setup().clone();
        App::new(handles, clock, secrets, setup).expect("every template loads")
    }

    /// Moves the clock without letting anything happen.
    pub fn clock_to(&self, moment: &str) {
        let by = london(moment) - self.app.now();
        assert!(by >= Duration::ZERO, "the clock only goes forward");
        self.app.clock().advance(by);
    }

    /// Lets everything happen that falls due now, mail included.
    pub async fn rounds(&self) {
        web::rounds(&self.app, &self.mailer)
            .await
            .expect("the rounds are made");
    }

    /// Moves the clock to a moment, hour by hour, and lets everything fall due on the way.
    pub async fn until(&self, moment: &str) {
        let end = london(moment);
        self.rounds().await;
        while self.app.now() < end {
            let step = (end - self.app.now()).min(Duration::hours(1));
            self.app.clock().advance(step);
            self.rounds().await;
        }
    }

    /// Lets the team do something, with a reason.
    pub async fn team(&self, run: RunId, change: Change) {
        let cause = Cause {
            actor: booking::Actor::Team(None),
            channel: Channel::Phone,
            reason: Some("a test".to_owned()),
        };
        let asked = Asked {
            change,
            cause,
            details: None,
        };
        self.app
            .change(async |work| work.allocate(run, asked.clone()).await.map(|_| ()))
            .await
            .expect("the team may do this");
    }

    /// The run as the rules see it.
    pub async fn snapshot(&self, run: RunId) -> Snapshot {
        allocator::snapshot(self.db(), run)
            .await
            .expect("readable")
            .expect("the run is there")
    }

    /// The word for a booking's state.
    pub async fn state(&self, booking: BookingId) -> &'static str {
        let found = booking::bookings::find(self.db(), booking)
            .await
            .expect("readable");
        found.expect("the booking is there").state.name()
    }

    /// Asserts that every invariant holds on the records.
    pub async fn must_hold(&self) {
        let findings = web::verify::verify(&self.app)
            .await
            .expect("the records can be read");
        assert!(findings.is_empty(), "{findings:#?}");
    }
}
