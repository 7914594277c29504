//! Bookings to look at, and a whole service in a folder of its own.

use booking::bookings::HistoryLine;
use booking::calendar::{Before, Delivery, Meeting, RunDates};
use booking::{BookingRecord, State, london};
use ids::{BookingId, CourseId, PersonId, RunId, SessionId, Ts};
use time::macros::{date, time};
use time::{Date, Duration};
use uuid::Uuid;

use super::Held;
use crate::app::{App, Setup};
use crate::clock::Clock;
use crate::database::Handles;
use crate::links::Opened;
use crate::people::Person;
use crate::secrets::Secrets;

/// Tuesday 11 May 2027, 2pm: four weeks before day 1.
pub(crate) fn before() -> Ts {
    london::in_london(date!(2027 - 05 - 11), time!(14:00))
}

/// The beginning of day 1.
pub(crate) fn day_1() -> Ts {
    london::in_london(date!(2027 - 06 - 08), time!(10:00))
}

/// The beginning of day 2.
pub(crate) fn day_2() -> Ts {
    london::in_london(date!(2027 - 06 - 15), time!(10:00))
}

/// An app without records, for pages that read nothing.
pub(crate) fn idle_app() -> App {
    idle_app_at(before())
}

/// The same at another moment.
pub(crate) fn idle_app_at(now: Ts) -> App {
    App::new(
        Handles::default(),
        Clock::stopped_at(now),
        Secrets::predictable(7),
        setup(),
    )
    .unwrap()
}

fn setup() -> Setup {
    Setup {
        base_url: "http://127.0.0.1:8080".to_owned(),
        trusted_proxies: Vec::new(),
        rehearsal: false,
        mail_folder: None,
    }
}

fn meeting(idx: i32, date: Date) -> Meeting {
    let (start, end) = (time!(10:00), time!(13:15));
    Meeting {
        id: SessionId(Uuid::from_u128(u128::try_from(idx).unwrap())),
        idx,
        date,
        start,
        end,
        starts_at: london::in_london(date, start),
        ends_at: london::in_london(date, end),
        break_minutes: 15,
    }
}

/// The same, catching up day 2 on Tuesday 13 July 2027.
pub(crate) fn catching_up() -> Held {
    let held = held(State::Booked, true);
    let july = RunDates {
        id: RunId(Uuid::from_u128(13)),
        slug: "6-july-2027".to_owned(),
        join_url: Some("https://meet.example.org/july-room".to_owned()),
        sessions: vec![
            meeting(1, date!(2027 - 07 - 06)),
            meeting(2, date!(2027 - 07 - 13)),
        ],
        ..held.run.clone()
    };
    let day = july.sessions[1];
    let caught_up = vec![super::CaughtUp { run: july, day }];
    Held { caught_up, ..held }
}

/// The beginning of the day on which day 2 is caught up.
pub(crate) fn caught_up_day() -> Ts {
    london::in_london(date!(2027 - 07 - 13), time!(10:00))
}

/// A booking in this state on 8 and 15 June 2027, in the hands of its owner.
pub(crate) fn held(state: State, proven: bool) -> Held {
    let run = RunDates {
        id: RunId(Uuid::from_u128(3)),
        course: CourseId(Uuid::from_u128(4)),
        course_code: "intro".to_owned(),
        course_title: "Introduction to peer support".to_owned(),
        slug: "8-june-2027".to_owned(),
        label: "Mornings".to_owned(),
        delivery: Delivery::Online,
        venue: None,
        join_url: Some("https://meet.example.org/secret-room".to_owned()),
        opens_at: before() - Duration::days(90),
        closes_at: london::in_london(date!(2027 - 06 - 07), time!(12:00)),
        change_no: 0,
        cancel_reason: Some("A trainer is ill and nobody else can take the days.".to_owned()),
        cancelled_at: None,
        sessions: vec![
            meeting(1, date!(2027 - 06 - 08)),
            meeting(2, date!(2027 - 06 - 15)),
        ],
        before_change: Before {
            delivery: Some(Delivery::InPerson),
            venue: Some("Recovery college, Room 2".to_owned()),
            sessions: vec![
                meeting(1, date!(2027 - 06 - 01)),
                meeting(2, date!(2027 - 06 - 02)),
            ],
        },
    };
    let person = Person {
        id: PersonId(Uuid::from_u128(5)),
        full_name: "Samantha Taylor".to_owned(),
        called_name: Some("Sammy".to_owned()),
        certificate_name: None,
        pronouns: None,
        email: Some("sam.taylor@example.com".to_owned()),
        email_proven_at: proven.then(before),
        email_bad: false,
        new_email: None,
        phone: Some("01632 960 001".to_owned()),
        post_address: None,
        prefers: "email".to_owned(),
        info_format: "standard".to_owned(),
        merged_into: None,
        created_at: before(),
    };
    let record = BookingRecord {
        person: person.id,
        ..crate::people::matching::tests::booking(1, 3, state)
    };
    let opened = Opened {
        about: record.id.0,
        generation: 1,
    };
    let token = "Zk3v8QpR1xYt6LmN0sWb2HcJ4dFg7AeU9iOqP5rTyKE".to_owned();
    Held {
        token,
        opened,
        record,
        run,
        person,
        caught_up: Vec::new(),
    }
}

/// A line of a history.
pub(crate) fn line(n: i32, event: &str) -> HistoryLine {
    HistoryLine {
        n,
        at: before(),
        event: event.to_owned(),
        from: None,
        to: String::new(),
        actor: "person".to_owned(),
        actor_person: None,
        channel: "web".to_owned(),
        reason: None,
    }
}

#[test]
fn links_live_for_28_days_after_the_last_day() {
    let run = held(State::Booked, true).run;
    let end = run.sessions[1].ends_at;
    assert!(!super::links_are_over(
        &run,
        end + Duration::days(28) - Duration::seconds(1)
    ));
    assert!(super::links_are_over(&run, end + Duration::days(28)));
    let _: BookingId = held(State::Booked, true).record.id;
}

/// A whole service, driven as a browser without scripts drives it.
mod service {
    use std::path::PathBuf;

    use axum::body::Body;
    use axum::http::{Method, Request, StatusCode, header};
    use booking::calendar::{self, CourseText, NewCourse, NewRun, NewSession, Outcome, Vouched};
    use booking::{Actor, Ask, Asked, Cause, Change, Channel, Details, Source, bookings};
    use http_body_util::BodyExt;
    use ids::{BookingId, PersonId, RunId, Ts};
    use sea_orm::{ColumnTrait, EntityTrait, QueryFilter, QueryOrder};
    use time::macros::{date, time};
    use time::{Date, Duration};
    use tower::ServiceExt;
    use uuid::Uuid;

    use booking::State;

    use super::super::*;
    use crate::app::App;
    use crate::clock::Clock;
    use crate::database::{Records, migrate};
    use crate::entity::{access_need, calendar_entry, outbox_mail, person, team_task};
    use crate::links::{self, token_of};
    use crate::people::{NewPerson, find as person_of};
    use crate::secrets::Secrets;

    pub(super) struct Service {
        pub app: App,
        router: axum::Router,
        folder: PathBuf,
    }

    pub(super) struct Answer {
        pub status: StatusCode,
        pub location: String,
        pub body: String,
        pub headers: axum::http::HeaderMap,
    }

    impl Drop for Service {
        fn drop(&mut self) {
            let _ = std::fs::remove_dir_all(&self.folder);
        }
    }

    fn new_person(name: &str, email: &str) -> NewPerson {
        NewPerson {
            full_name: name.to_owned(),
            called_name: None,
            pronouns: None,
            email: Some(email.to_owned()),
            phone: Some("01632 960 001".to_owned()),
            prefers: "email".to_owned(),
            info_format: "standard".to_owned(),
        }
    }

    impl Service {
        /// The course, and nothing else, on Tuesday 11 May 2027 at 2pm.
        pub(super) async fn start() -> Self {
            let folder = std::env::temp_dir().join(format!("alongside-manage-{}", Uuid::now_v7()));
            std::fs::create_dir_all(&folder).unwrap();
            let handles = Records::Embedded(folder.join("records.db")).open().await.unwrap();
            migrate(&handles.writer).await.unwrap();
            let (clock, secrets) = (Clock::stopped_at(super::before()), Secrets::predictable(7));
            let app = App::new(handles, clock, secrets, super::setup()).unwrap();
            let it = Self {
                router: crate::router(app.clone()),
                app,
                folder,
            };
            it.add_course().await;
            it
        }

        async fn add_course(&self) {
            let outcome = Outcome {
                code: "LO1".into(),
                text: "Say it".into(),
                confidence_question: "Can you?".into(),
            };
            let text = CourseText {
                summary: "Six hours, over two days.".into(),
                methods: vec!["Group work".into()],
                outcomes: vec![outcome],
                topics: vec!["History".into()],
                planned_minutes: 360,
                sessions_required: Some(2),
                different_days: true,
                authors_note: String::new(),
                extras: serde_json::json!({}),
            };
            let new = NewCourse {
                code: "intro".into(),
                title: "Introduction to peer support".into(),
                one_live: true,
                contact_name: "The training team".into(),
                contact_email: "courses@example.org".into(),
                contact_phone: "01632 960000".into(),
                text,
            };
            self.app
                .change(async |work| {
                    let fresh = || work.fresh_id();
                    let version = calendar::add_course(work.tx(), &fresh, new.clone()).await?;
                    Ok(calendar::publish_version(work.tx(), work.now(), version).await?)
                })
                .await
                .unwrap();
        }

        pub(super) async fn run(&self, capacity: i32, days: [Date; 2]) -> RunId {
            let session = |date| NewSession {
                date,
                start: time!(10:00),
                end: time!(13:15),
                break_minutes: 15,
            };
            let new = NewRun {
                course_code: "intro".into(),
                label: "Mornings".into(),
                capacity,
                delivery: booking::calendar::Delivery::Online,
                venue: None,
                join_url: Some("https://meet.example.org/secret-room".into()),
                opens_at: super::before() - Duration::days(60),
                closes_at: None,
                waiting_list: true,
                sessions: days.into_iter().map(session).collect(),
            };
            let vouched = Vouched {
                minutes: true,
                without_facilitators: Some("a test".into()),
            };
            self.app
                .change(async |work| {
                    let fresh = || work.fresh_id();
                    let run = calendar::add_run(work.tx(), &fresh, new.clone()).await?;
                    calendar::publish_run(work.tx(), work.now(), run, vouched.clone()).await?;
                    Ok(run)
                })
                .await
                .unwrap()
        }

        /// 8 and 15 June 2027.
        pub(super) async fn june(&self, capacity: i32) -> RunId {
            self.run(capacity, [date!(2027 - 06 - 08), date!(2027 - 06 - 15)])
                .await
        }

        /// 6 and 13 July 2027.
        pub(super) async fn july(&self, capacity: i32) -> RunId {
            self.run(capacity, [date!(2027 - 07 - 06), date!(2027 - 07 - 13)])
                .await
        }

        /// A booking as the form makes it: a person of its own, whose address nobody has proven.
        pub(super) async fn ask(&self, run: RunId, name: &str, email: &str, join: bool) -> BookingId {
            let booked = self.app.change(async |work| {
                let person = crate::people::add(&work, new_person(name, email)).await?;
                let booking = BookingId(work.fresh_id());
                let ask = Ask {
                    booking,
                    person,
                    proven: false,
                    priority: false,
                };
                let details = Details {
                    reference: work.secrets().reference(),
                    source: Source::Web,
                    agreement_version: "1".into(),
                    privacy_version: "1".into(),
                    over_18: true,
                    hopes: None,
                    call_wanted: false,
                    booked_by: None,
                    booked_by_contact: None,
                    copy_permission: false,
                };
                let change = if join {
                    Change::Join(ask)
                } else {
                    Change::Book(ask)
                };
                work.allocate(
                    run,
                    Asked {
                        change,
                        cause: Cause::person(),
                        details: Some(details),
                    },
                )
                .await?;
                Ok(booking)
            });
            booked.await.unwrap()
        }

        pub(super) async fn book(&self, run: RunId, name: &str, email: &str) -> BookingId {
            self.ask(run, name, email, false).await
        }

        pub(super) async fn confirmed(&self, run: RunId, name: &str, email: &str) -> BookingId {
            let booking = self.book(run, name, email).await;
            self.post(&self.b(booking, "/confirm"), "answer=yes")
                .await
                .goes_to(&self.b(booking, ""));
            booking
        }

        pub(super) async fn system(&self, run: RunId, change: Change) {
            let asked = Asked::by_system(change);
            self.app
                .change(async |work| work.allocate(run, asked.clone()).await.map(|_| ()))
                .await
                .unwrap();
        }

        pub(super) async fn team(&self, run: RunId, change: Change) {
            let cause = Cause {
                actor: Actor::Team(None),
                channel: Channel::Phone,
                reason: Some("A trainer is ill.".into()),
            };
            let asked = Asked {
                change,
                cause,
                details: None,
            };
            self.app
                .change(async |work| work.allocate(run, asked.clone()).await.map(|_| ()))
                .await
                .unwrap();
        }

        /// The days of June stay and begin at 2pm.
        pub(super) async fn change_dates(&self, run: RunId) {
            let session = |date| NewSession {
                date,
                start: time!(14:00),
                end: time!(17:15),
                break_minutes: 15,
            };
            let new = [session(date!(2027 - 06 - 08)), session(date!(2027 - 06 - 15))];
            self.app
                .change(async |work| {
                    let fresh = || work.fresh_id();
                    calendar::reschedule(work.tx(), work.now(), &fresh, run, &new, None).await?;
                    work.allocate(run, Asked::by_system(Change::RunChanged))
                        .await
                        .map(|_| ())
                })
                .await
                .unwrap();
        }

        /// The relay took the mail, and time goes on to then.
        pub(super) async fn expire(&self, run: RunId, booking: BookingId, after: Duration) {
            self.system(run, Change::StartClock(booking)).await;
            self.app.clock().advance(after);
            self.system(run, Change::Tick).await;
        }

        /// The page of a booking, by its first link.
        pub(super) fn b(&self, booking: BookingId, page: &str) -> String {
            self.nth_link(booking, 1, page)
        }

        pub(super) fn nth_link(&self, booking: BookingId, generation: i32, page: &str) -> String {
            format!(
                "/b/{}{page}",
                token_of(self.app.secrets(), Purpose::Booking, booking.0, generation)
            )
        }

        /// Forgets the number of whoever booked.
        pub(super) async fn without_phone(&self, booking: BookingId) {
            use crate::entity::person;
            let id = self.person(booking).await.id;
            let none = person::ActiveModel {
                phone: sea_orm::ActiveValue::Set(None),
                ..Default::default()
            };
            person::Entity::update_many()
                .set(none)
                .filter(person::Column::Id.eq(id))
                .exec(&self.app.writer)
                .await
                .unwrap();
        }

        pub(super) async fn o(&self, booking: BookingId) -> String {
            let token = links::token(self.app.reader(), self.app.secrets(), Purpose::Offer, booking.0);
            format!("/o/{}", token.await.unwrap().unwrap())
        }

        pub(super) async fn send(&self, method: Method, path: &str, body: &str) -> Answer {
            let mut request = Request::builder()
                .method(method)
                .uri(path)
                .header(header::HOST, "127.0.0.1:8080");
            if !body.is_empty() {
                request = request
                    .header(header::CONTENT_TYPE, "application/x-www-form-urlencoded")
                    .header("sec-fetch-site", "same-origin");
            }
            if body == "-" {
                request = request.header("x-empty", "yes");
            }
            let body = if body == "-" {
                String::new()
            } else {
                body.to_owned()
            };
            let response = self
                .router
                .clone()
                .oneshot(request.body(Body::from(body)).unwrap())
                .await
                .unwrap();
            let (parts, body) = response.into_parts();
            let bytes = body.collect().await.unwrap().to_bytes();
            let location = parts
                .headers
                .get(header::LOCATION)
                .map(|it| it.to_str().unwrap().to_owned());
            Answer {
                status: parts.status,
                location: location.unwrap_or_default(),
                body: String::from_utf8_lossy(&bytes).into_owned(),
                headers: parts.headers,
            }
        }

        pub(super) async fn get(&self, path: &str) -> Answer {
            self.send(Method::GET, path, "").await
        }

        pub(super) async fn post(&self, path: &str, body: &str) -> Answer {
            self.send(Method::POST, path, body).await
        }

        pub(super) async fn state(&self, booking: BookingId) -> &'static str {
            bookings::find(self.app.reader(), booking)
                .await
                .unwrap()
                .unwrap()
                .state
                .name()
        }

        pub(super) async fn person(&self, booking: BookingId) -> Person {
            let record = bookings::find(self.app.reader(), booking).await.unwrap().unwrap();
            person_of(self.app.reader(), record.person)
                .await
                .unwrap()
                .unwrap()
        }

        /// The kinds of mail written to an address, in order.
        pub(super) async fn mail_to(&self, email: &str) -> Vec<String> {
            let rows = outbox_mail::Entity::find()
                .filter(outbox_mail::Column::Recipient.eq(email))
                .order_by_asc(outbox_mail::Column::Seq)
                .all(self.app.reader())
                .await
                .unwrap();
            rows.into_iter()
                .map(|it| it.kind)
                .filter(|it| it != "confirm_reminder")
                .collect()
        }

        /// Everything that pages could change, for comparing.
        pub(super) async fn everything(&self) -> String {
            let db = self.app.reader();
            let people = person::Entity::find().all(db).await.unwrap();
            let mail = outbox_mail::Entity::find().all(db).await.unwrap();
            let links = crate::entity::link::Entity::find().all(db).await.unwrap();
            let tasks = team_task::Entity::find().all(db).await.unwrap();
            let mut bookings_now = Vec::new();
            for it in &people {
                bookings_now.extend(bookings::of_person(db, it.id).await.unwrap());
            }
            format!(
                "{people:?}{}{}{}{bookings_now:?}",
                mail.len(),
                links.len(),
                tasks.len()
            )
        }
    }

    impl Answer {
        #[track_caller]
        pub(super) fn is(&self, status: u16) -> &Self {
            assert_eq!(self.status.as_u16(), status, "{}\n{}", self.location, self.text());
            self
        }

        #[track_caller]
        pub(super) fn goes_to(&self, path: &str) -> &Self {
            assert_eq!(
                (self.status.as_u16(), self.location.as_str()),
                (303, path),
                "{}",
                self.text()
            );
            self
        }

        #[track_caller]
        pub(super) fn says(&self, words: &str) -> &Self {
            assert!(
                self.text().contains(words),
                "{} does not say {words:?}:\n{}",
                self.status,
                self.text()
            );
            self
        }

        #[track_caller]
        pub(super) fn says_not(&self, words: &str) -> &Self {
            assert!(!self.text().contains(words), "says {words:?}:\n{}", self.text());
            self
        }

        pub(super) fn text(&self) -> String {
            let page = scraper::Html::parse_document(&self.body);
            let main = scraper::Selector::parse("main").unwrap();
            let text = page
                .select(&main)
                .next()
                .map(|it| it.text().collect::<Vec<_>>().join(" "));
            text.unwrap_or_else(|| self.body.clone())
                .split_whitespace()
                .collect::<Vec<_>>()
                .join(" ")
        }
    }

    #[tokio::test]
    async fn until_the_address_is_proven_only_dates_are_shown_and_then_all() {
        let site = Service::start().await;
        let run = site.june(12).await;
        let booking = site.book(run, "Sam Taylor", "sam@example.com").await;
        let page = site.get(&site.b(booking, "")).await;
        page.is(200)
            .says("Please confirm your booking")
            .says("Tuesday 8 June 2027, 10am to 1:15pm");
        page.says("Wednesday 12 May 2027 at 2pm")
            .says_not("Sam")
            .says_not("peer support");
        for page in ["/details", "/move"] {
            site.get(&site.b(booking, page))
                .await
                .goes_to(&site.b(booking, "/confirm"));
        }
        site.get(&site.b(booking, "/confirm"))
            .await
            .is(200)
            .says("Yes, I made this booking")
            .says_not("Sam");
        site.post(&site.b(booking, "/confirm"), "answer=yes")
            .await
            .goes_to(&site.b(booking, ""));
        assert_eq!(site.state(booking).await, "booked");
        let page = site.get(&site.b(booking, "")).await;
        page.is(200)
            .says("You have a place")
            .says("Sam")
            .says("Introduction to peer support")
            .says_not("Taylor");
        // A second press shows the result.
        site.post(&site.b(booking, "/confirm"), "answer=yes")
            .await
            .goes_to(&site.b(booking, ""));
        site.get(&site.b(booking, "/confirm"))
            .await
            .goes_to(&site.b(booking, ""));
        assert_eq!(site.mail_to("sam@example.com").await, ["confirm_email", "booked"]);
    }

    #[tokio::test]
    async fn looking_and_sending_no_choice_change_nothing() {
        let site = Service::start().await;
        let (run, _) = (site.june(2).await, site.july(12).await);
        let booked = site.confirmed(run, "Sam Taylor", "sam@example.com").await;
        let unconfirmed = site.book(run, "Kim Lee", "kim@example.com").await;
        let waiting = site.ask(run, "Jo Bell", "jo@example.com", true).await;
        let offered = site.ask(run, "Al Moss", "al@example.com", true).await;
        let third = site.ask(run, "Di Hart", "di@example.com", true).await;
        site.team(run, Change::Pause(waiting)).await;
        site.team(run, Change::SetCapacity(3)).await;
        assert_eq!(site.state(offered).await, "offered");
        let mut paths = vec![site.o(offered).await];
        for booking in [booked, unconfirmed, waiting, offered, third] {
            for page in [
                "",
                "/confirm",
                "/cancel",
                "/move",
                "/changed",
                "/still-interested",
                "/details",
                "/join",
                "/calendar.ics",
                "/new-link",
            ] {
                paths.push(site.b(booking, page));
            }
        }
        let before = site.everything().await;
        for path in &paths {
            for method in [Method::GET, Method::HEAD] {
                let answer = site.send(method, path, "").await;
                assert!(
                    matches!(answer.status.as_u16(), 200 | 303),
                    "{path}: {}",
                    answer.status
                );
                assert_eq!(answer.headers["referrer-policy"], "no-referrer");
            }
            let answer = site.post(path, "-").await;
            assert!(
                matches!(answer.status.as_u16(), 422 | 303 | 405),
                "{path}: {} {}",
                answer.status,
                answer.text()
            );
        }
        assert_eq!(site.everything().await, before);
        for (booking, page) in [
            (unconfirmed, "/confirm"),
            (booked, "/cancel"),
            (booked, "/move"),
            (waiting, "/still-interested"),
            (booked, "/new-link"),
            (booked, ""),
        ] {
            site.post(&site.b(booking, page), "-").await.is(422);
        }
        site.post(&site.o(offered).await, "-")
            .await
            .is(422)
            .says("Choose one answer");
    }

    #[tokio::test]
    async fn whoever_did_not_ask_is_not_written_to_again() {
        let site = Service::start().await;
        let run = site.june(12).await;
        let booking = site.book(run, "Sam Taylor", "sam@example.com").await;
        site.post(&site.b(booking, "/confirm"), "answer=not_me")
            .await
            .goes_to(&site.b(booking, ""));
        assert_eq!(site.state(booking).await, "cancelled");
        site.get(&site.b(booking, ""))
            .await
            .says("We will not write to you again")
            .says_not("Sam");
        assert_eq!(site.mail_to("sam@example.com").await, ["confirm_email"]);
        assert!(!site.person(booking).await.is_proven());
        site.post(&site.b(booking, "/confirm"), "answer=not_me")
            .await
            .goes_to(&site.b(booking, ""));
    }

    #[tokio::test]
    async fn two_bookings_of_one_person_are_asked_about_before_anything_is_written() {
        for (keep, june_state, july_state) in [("new", "moved", "booked"), ("older", "booked", "cancelled")] {
            let site = Service::start().await;
            let (june, july) = (site.june(12).await, site.july(12).await);
            let older = site.confirmed(june, "Sam Taylor", "sam@example.com").await;
            site.app.clock().advance(Duration::minutes(5));
            let newer = site.book(july, "sam  TAYLOR", "sam@example.com").await;
            let before = site.everything().await;
            let page = site.get(&site.b(newer, "/confirm")).await;
            page.is(200).says_not("8 June");
            let asked = site.post(&site.b(newer, "/confirm"), "answer=yes").await;
            asked
                .is(200)
                .says("Which booking do you want to keep?")
                .says("Tuesday 8 and Tuesday 15 June 2027");
            assert_eq!(site.everything().await, before);
            let missed = site
                .post(&site.b(newer, "/confirm"), "answer=yes&asked=yes")
                .await;
            missed.is(422).says("Choose one answer");
            assert_eq!(site.everything().await, before);
            let body = format!("answer=yes&asked=yes&keep={keep}&op=00112233445566778899aabbccddeeff");
            site.post(&site.b(newer, "/confirm"), &body)
                .await
                .goes_to(&site.b(newer, ""));
            site.post(&site.b(newer, "/confirm"), &body)
                .await
                .goes_to(&site.b(newer, ""));
            assert_eq!(
                (site.state(older).await, site.state(newer).await),
                (june_state, july_state)
            );
            assert_eq!(site.person(older).await.id, site.person(newer).await.id);
            let mail = site.mail_to("sam@example.com").await;
            let last = if keep == "new" { "moved" } else { "cancelled" };
            assert_eq!(mail, ["confirm_email", "booked", "confirm_email", last]);
            if keep == "new" {
                site.get(&site.b(older, ""))
                    .await
                    .is(200)
                    .says("Moved to Tuesday 6 and Tuesday 13 July 2027");
            } else {
                site.get(&site.b(newer, ""))
                    .await
                    .is(200)
                    .says("You kept your other booking");
            }
        }
    }

    #[tokio::test]
    async fn a_booking_that_lapsed_is_booked_again_with_one_press_while_a_place_is_free() {
        let site = Service::start().await;
        let run = site.june(1).await;
        let booking = site.book(run, "Sam Taylor", "sam@example.com").await;
        site.expire(run, booking, Duration::hours(25)).await;
        assert_eq!(site.state(booking).await, "lapsed");
        site.get(&site.b(booking, ""))
            .await
            .says("Not confirmed in time")
            .says("Book again");
        site.get(&site.b(booking, "/confirm"))
            .await
            .is(200)
            .says("A place is still free");
        site.post(&site.b(booking, "/confirm"), "-")
            .await
            .is(422)
            .says("A place is still free");
        let other = site.confirmed(run, "Kim Lee", "kim@example.com").await;
        site.get(&site.b(booking, "/confirm"))
            .await
            .is(200)
            .says("These dates are full now");
        site.post(&site.b(booking, "/confirm"), "answer=yes")
            .await
            .is(409)
            .says("These dates are full now");
        site.post(&site.b(booking, "/confirm"), "answer=join")
            .await
            .goes_to(&site.b(booking, ""));
        assert_eq!(site.state(booking).await, "waiting");
        site.get(&site.b(booking, ""))
            .await
            .says("You are next on the list");
        site.post(&site.b(other, "/cancel"), "answer=cancel")
            .await
            .goes_to(&site.b(other, ""));
        assert_eq!(site.state(booking).await, "offered");
        site.get(&site.b(booking, ""))
            .await
            .says("We have a place for you")
            .says("Answer the offer");
    }

    #[tokio::test]
    async fn cancelling_twice_is_cancelling_once_and_after_the_start_we_ask_for_a_call() {
        let site = Service::start().await;
        let run = site.june(12).await;
        let booking = site.confirmed(run, "Sam Taylor", "sam@example.com").await;
        let stays = site.confirmed(run, "Kim Lee", "kim@example.com").await;
        site.post(&site.b(booking, "/cancel"), "answer=keep")
            .await
            .goes_to(&site.b(booking, ""));
        assert_eq!(site.state(booking).await, "booked");
        for _ in 0..2 {
            site.post(&site.b(booking, "/cancel"), "answer=cancel")
                .await
                .goes_to(&site.b(booking, ""));
        }
        site.get(&site.b(booking, "/cancel"))
            .await
            .goes_to(&site.b(booking, ""));
        site.get(&site.b(booking, ""))
            .await
            .is(200)
            .says("Your booking is cancelled");
        assert_eq!(
            site.mail_to("sam@example.com").await,
            ["confirm_email", "booked", "cancelled"]
        );
        site.app
            .clock()
            .advance(super::day_1() + Duration::hours(1) - site.app.now());
        site.get(&site.b(stays, "/cancel"))
            .await
            .is(200)
            .says("The course has started");
        site.get(&site.b(stays, "/move"))
            .await
            .is(200)
            .says("Please call us");
        site.post(&site.b(stays, "/cancel"), "answer=cancel")
            .await
            .is(409)
            .says("Please call us");
        // "I cannot come" works until the day has ended, and only once.
        for _ in 0..2 {
            site.post(&site.b(stays, ""), "cannot_come=1")
                .await
                .goes_to(&site.b(stays, "?told=1"));
        }
        site.get(&site.b(stays, "?told=1"))
            .await
            .says("Success")
            .says("Thank you for telling us. You keep your place on the course.")
            .says("You told us that you cannot come on day 1, Tuesday 8 June 2027");
        site.get(&site.b(stays, "")).await.says_not("Success");
        site.get(&site.b(stays, "?told=2")).await.says_not("Success");
        site.post(&site.b(stays, ""), "cannot_come=7").await.is(404);
        site.app.clock().advance(Duration::hours(3));
        site.get(&site.b(stays, ""))
            .await
            .says_not("Cannot come to a day?");
        site.post(&site.b(stays, ""), "cannot_come=2")
            .await
            .goes_to(&site.b(stays, "?told=2"));
        site.app.clock().advance(Duration::days(6));
        site.get(&site.b(stays, ""))
            .await
            .says_not("day 1, Tuesday")
            .says("cannot come on day 2, Tuesday 15 June 2027");
        site.app.clock().advance(Duration::days(1));
        site.get(&site.b(stays, ""))
            .await
            .is(200)
            .says("Your course has finished");
        site.app.clock().advance(Duration::days(28));
        site.get(&site.b(stays, ""))
            .await
            .is(410)
            .says("This link no longer works");
    }

    #[tokio::test]
    async fn moving_takes_the_new_place_and_gives_back_the_old_one() {
        let site = Service::start().await;
        let (june, july) = (site.june(12).await, site.july(1).await);
        let booking = site.confirmed(june, "Sam Taylor", "sam@example.com").await;
        let page = site.get(&site.b(booking, "/move")).await;
        page.is(200)
            .says("Tuesday 6 and Tuesday 13 July 2027")
            .says("1 place left");
        site.post(&site.b(booking, "/move"), "to=nowhere").await.is(422);
        site.post(&site.b(booking, "/move"), "to=keep")
            .await
            .goes_to(&site.b(booking, ""));
        let other = site.confirmed(july, "Kim Lee", "kim@example.com").await;
        site.post(&site.b(booking, "/move"), "to=6-july-2027")
            .await
            .is(409)
            .says("no other dates");
        assert_eq!(site.state(booking).await, "booked");
        site.post(&site.b(other, "/cancel"), "answer=cancel")
            .await
            .is(303);
        site.post(&site.b(booking, "/move"), "to=6-july-2027")
            .await
            .goes_to(&site.b(booking, ""));
        assert_eq!(site.state(booking).await, "moved");
        site.post(&site.b(booking, "/move"), "to=6-july-2027")
            .await
            .goes_to(&site.b(booking, ""));
        site.post(&site.b(booking, "/cancel"), "answer=cancel")
            .await
            .goes_to(&site.b(booking, ""));
        site.get(&site.b(booking, ""))
            .await
            .says("Moved to Tuesday 6 and Tuesday 13 July 2027")
            .says("newest email");
        let person = site.person(booking).await.id;
        let there = bookings::on_run(site.app.reader(), person, july)
            .await
            .unwrap()
            .unwrap();
        assert_eq!(there.state.name(), "booked");
    }

    #[tokio::test]
    async fn an_offer_is_accepted_once_and_proves_the_address() {
        let site = Service::start().await;
        let run = site.june(1).await;
        let first = site.confirmed(run, "Sam Taylor", "sam@example.com").await;
        let waiting = site.ask(run, "Kim Lee", "kim@example.com", true).await;
        site.get(&site.b(waiting, ""))
            .await
            .says("You are waiting for a place")
            .says("Tell us that it is yours");
        site.post(&site.b(first, "/cancel"), "answer=cancel")
            .await
            .is(303);
        let offer = site.o(waiting).await;
        site.get(&offer)
            .await
            .is(200)
            .says("A place has come up")
            .says("Thursday 13 May 2027 at 2pm")
            .says("Please call me")
            .says_not("Kim");
        site.get(&site.b(waiting, "/confirm")).await.goes_to(&offer);
        for _ in 0..2 {
            site.post(&offer, "answer=call").await.goes_to(&offer);
        }
        site.get(&offer)
            .await
            .is(200)
            .says("You asked us to call you")
            .says("Yes, book it for me")
            .says_not("Please call me");
        // Past its end the answer still counts while nobody has noticed.
        site.app.clock().advance(Duration::hours(49));
        for _ in 0..2 {
            site.post(&offer, "answer=accept").await.goes_to(&offer);
        }
        assert_eq!(site.state(waiting).await, "booked");
        assert!(site.person(waiting).await.is_proven());
        site.get(&offer)
            .await
            .is(200)
            .says("You have a place")
            .says("Kim");
        assert_eq!(
            site.mail_to("kim@example.com").await,
            ["waiting", "offer", "booked"]
        );
    }

    /// B-41: without a number the page gives ours, and nothing is noted.
    #[tokio::test]
    async fn who_left_no_number_is_asked_to_call_us() {
        let site = Service::start().await;
        let run = site.june(1).await;
        let first = site.confirmed(run, "Sam Taylor", "sam@example.com").await;
        let waiting = site.ask(run, "Kim Lee", "kim@example.com", true).await;
        site.without_phone(waiting).await;
        site.post(&site.b(first, "/cancel"), "answer=cancel")
            .await
            .is(303);
        let offer = site.o(waiting).await;
        site.get(&offer)
            .await
            .is(200)
            .says("Please call me")
            .says("Choose this to see ours");
        let page = site.post(&offer, "answer=call").await;
        page.is(200)
            .says("Please call us")
            .says("We do not have your phone number")
            .says("Go back to the offer");
        let history = bookings::history(site.app.reader(), waiting).await.unwrap();
        assert!(history.iter().all(|it| it.event != "call_me"));
        assert_eq!(site.state(waiting).await, "offered");
    }

    #[tokio::test]
    async fn saying_no_to_an_offer_keeps_the_place_in_the_list_or_leaves_it() {
        for (answer, state, words) in [
            ("decline_stay", "waiting", "You are still on the waiting list"),
            ("decline_leave", "cancelled", "We have taken you off the list"),
        ] {
            let site = Service::start().await;
            let run = site.june(1).await;
            let first = site.confirmed(run, "Sam Taylor", "sam@example.com").await;
            let waiting = site.ask(run, "Kim Lee", "kim@example.com", true).await;
            site.post(&site.b(first, "/cancel"), "answer=cancel")
                .await
                .is(303);
            let offer = site.o(waiting).await;
            for _ in 0..2 {
                site.post(&offer, &format!("answer={answer}"))
                    .await
                    .goes_to(&offer);
            }
            assert_eq!(site.state(waiting).await, state);
            site.get(&offer).await.is(200).says(words);
            let late = site.post(&offer, "answer=accept").await;
            late.goes_to(&offer);
            // Whoever stayed can still have the place, since nobody else wants it.
            let then = if answer == "decline_stay" {
                "booked"
            } else {
                "cancelled"
            };
            assert_eq!(site.state(waiting).await, then);
        }
    }

    #[tokio::test]
    async fn an_offer_that_ended_says_so_and_two_in_a_row_ask_whether_to_go_on() {
        let site = Service::start().await;
        let run = site.june(1).await;
        let first = site.confirmed(run, "Sam Taylor", "sam@example.com").await;
        let waiting = site.ask(run, "Kim Lee", "kim@example.com", true).await;
        site.post(&site.b(first, "/cancel"), "answer=cancel")
            .await
            .is(303);
        let offer = site.o(waiting).await;
        site.expire(run, waiting, Duration::hours(49)).await;
        let second = site.confirmed(run, "Jo Bell", "jo@example.com").await;
        site.get(&offer)
            .await
            .is(410)
            .says("This offer has ended")
            .says("still on the waiting list");
        site.post(&offer, "answer=accept").await.goes_to(&offer);
        assert_eq!(site.state(waiting).await, "waiting");
        site.post(&site.b(second, "/cancel"), "answer=cancel")
            .await
            .is(303);
        let again = site.o(waiting).await;
        site.get(&offer).await.is(410);
        site.get(&again).await.is(200);
        site.expire(run, waiting, Duration::days(5)).await;
        site.get(&site.b(waiting, "/still-interested"))
            .await
            .is(200)
            .says("Are you still interested?");
        site.get(&site.b(waiting, "")).await.says("still interested");
        site.post(&site.b(waiting, "/still-interested"), "answer=yes")
            .await
            .goes_to(&site.b(waiting, ""));
        site.get(&site.b(waiting, "/still-interested"))
            .await
            .goes_to(&site.b(waiting, ""));
        site.post(&site.b(waiting, "/still-interested"), "answer=yes")
            .await
            .goes_to(&site.b(waiting, ""));
        // A place is free that this entry was asked about already: it can be had with one press.
        site.post(&site.b(waiting, ""), "book=yes")
            .await
            .goes_to(&site.b(waiting, "/confirm"));
        site.post(&site.b(waiting, "/confirm"), "answer=yes")
            .await
            .goes_to(&site.b(waiting, ""));
        site.get(&site.b(waiting, ""))
            .await
            .says("A place is free on these dates now");
        site.post(&site.b(waiting, ""), "book=yes")
            .await
            .goes_to(&site.b(waiting, ""));
        assert_eq!(site.state(waiting).await, "booked");
    }

    #[tokio::test]
    async fn whoever_is_too_late_for_a_free_place_is_told_so() {
        let site = Service::start().await;
        let run = site.june(1).await;
        let holder = site.confirmed(run, "Kim Lee", "kim@example.com").await;
        let waiting = site.ask(run, "Sam Taylor", "sam@example.com", true).await;
        site.post(&site.b(waiting, "/confirm"), "answer=yes")
            .await
            .is(303);
        site.post(&site.b(holder, "/cancel"), "answer=cancel")
            .await
            .is(303);
        site.post(&site.o(waiting).await, "answer=decline_stay")
            .await
            .is(303);
        site.get(&site.b(waiting, ""))
            .await
            .says("A place is free on these dates now");
        site.book(run, "Di Hart", "di@example.com").await;
        site.post(&site.b(waiting, ""), "book=yes")
            .await
            .is(409)
            .says("We could not book that place for you")
            .says("You are waiting for a place")
            .says_not("A place is free");
        assert_eq!(site.state(waiting).await, "waiting");
    }

    #[tokio::test]
    async fn new_dates_that_are_gone_are_said_to_be_gone() {
        let site = Service::start().await;
        let (june, july) = (site.june(12).await, site.july(12).await);
        let booking = site.confirmed(june, "Sam Taylor", "sam@example.com").await;
        for run in [june, july] {
            site.team(run, Change::CancelRun("A trainer is ill.".into()))
                .await;
        }
        site.post(&site.b(booking, "/move"), "to=6-july-2027")
            .await
            .is(409)
            .says("You cannot have those dates now")
            .says("These dates are cancelled");
    }

    #[tokio::test]
    async fn accepting_asks_too_which_booking_to_keep() {
        let site = Service::start().await;
        let (june, july) = (site.june(12).await, site.july(1).await);
        let older = site.confirmed(june, "Sam Taylor", "sam@example.com").await;
        let holder = site.confirmed(july, "Kim Lee", "kim@example.com").await;
        site.app.clock().advance(Duration::minutes(5));
        let waiting = site.ask(july, "Sam Taylor", "sam@example.com", true).await;
        site.post(&site.b(holder, "/cancel"), "answer=cancel")
            .await
            .is(303);
        let offer = site.o(waiting).await;
        site.post(&offer, "answer=accept")
            .await
            .is(200)
            .says("Which booking do you want to keep?");
        assert_eq!(site.state(waiting).await, "offered");
        site.post(&offer, "answer=accept&keep=new&asked=yes")
            .await
            .goes_to(&offer);
        assert_eq!(
            (site.state(older).await, site.state(waiting).await),
            ("moved", "booked")
        );
        assert_eq!(
            site.mail_to("sam@example.com").await,
            ["confirm_email", "booked", "waiting", "offer", "moved"]
        );
    }

    #[tokio::test]
    async fn a_run_called_off_gives_one_choice_of_new_dates_with_priority() {
        let site = Service::start().await;
        let (june, july) = (site.june(12).await, site.july(1).await);
        let booking = site.confirmed(june, "Sam Taylor", "sam@example.com").await;
        let other = site.confirmed(june, "Di Hart", "di@example.com").await;
        site.team(june, Change::CancelRun("A trainer is ill.".into()))
            .await;
        let page = site.get(&site.b(booking, "")).await;
        page.is(200)
            .says("These dates are cancelled")
            .says("A trainer is ill.")
            .says("Tuesday 25 May 2027 at 2pm");
        page.says("Tuesday 6 and Tuesday 13 July 2027");
        site.get(&site.b(booking, "/move"))
            .await
            .goes_to(&site.b(booking, ""));
        site.post(&site.b(booking, "/move"), "-")
            .await
            .is(422)
            .says("Choose one answer");
        site.post(&site.b(booking, "/move"), "to=6-july-2027")
            .await
            .goes_to(&site.b(booking, ""));
        let there = |id| async move { id };
        let person = there(site.person(booking).await.id).await;
        let new = bookings::on_run(site.app.reader(), person, july)
            .await
            .unwrap()
            .unwrap();
        assert_eq!(
            (new.state.name(), site.state(booking).await),
            ("booked", "cancelled")
        );
        site.get(&site.b(booking, ""))
            .await
            .says("You have chosen Tuesday 6 and Tuesday 13 July 2027");
        site.post(&site.b(booking, "/move"), "to=6-july-2027")
            .await
            .goes_to(&site.b(booking, ""));
        // Nothing is free for the next one, who goes to the front of the list.
        let waits = site.ask(july, "Jo Bell", "jo@example.com", true).await;
        site.get(&site.b(other, ""))
            .await
            .says("front of the waiting list");
        site.post(&site.b(other, "/move"), "to=6-july-2027")
            .await
            .goes_to(&site.b(other, ""));
        let entry = bookings::on_run(site.app.reader(), site.person(other).await.id, july)
            .await
            .unwrap()
            .unwrap();
        assert_eq!((entry.state.name(), entry.priority), ("waiting", true));
        site.get(&site.b(waits, "")).await.says("among the next few");
        site.app.clock().advance(Duration::days(14));
        site.get(&site.b(booking, "")).await.says_not("You go first");
    }

    #[tokio::test]
    async fn a_changed_run_is_kept_moved_or_cancelled() {
        let site = Service::start().await;
        let (run, _) = (site.june(12).await, site.july(12).await);
        let booking = site.confirmed(run, "Sam Taylor", "sam@example.com").await;
        site.get(&site.b(booking, "/changed"))
            .await
            .goes_to(&site.b(booking, ""));
        site.change_dates(run).await;
        let page = site.get(&site.b(booking, "/changed")).await;
        page.is(200)
            .says("10am to 1:15pm")
            .says("2pm to 5:15pm")
            .says("Keep my place");
        site.get(&site.b(booking, ""))
            .await
            .says("We changed these dates");
        site.post(&site.b(booking, "/changed"), "-").await.is(422);
        site.post(&site.b(booking, "/changed"), "answer=move")
            .await
            .goes_to(&site.b(booking, "/move"));
        for _ in 0..2 {
            site.post(&site.b(booking, "/changed"), "answer=keep")
                .await
                .goes_to(&site.b(booking, "/changed"));
        }
        site.get(&site.b(booking, "/changed"))
            .await
            .is(200)
            .says("Your booking stays as it is");
        site.get(&site.b(booking, ""))
            .await
            .says_not("We changed these dates");
        let kept = bookings::history(site.app.reader(), booking).await.unwrap();
        assert_eq!(kept.iter().filter(|it| it.event == "keep").count(), 1);
        site.post(&site.b(booking, "/changed"), "answer=cancel")
            .await
            .goes_to(&site.b(booking, ""));
        assert_eq!(site.state(booking).await, "cancelled");
    }

    /// Keeping the dates is no confirmation, and moving needs one.
    #[tokio::test]
    async fn a_changed_run_is_kept_and_still_to_be_confirmed() {
        let site = Service::start().await;
        let run = site.june(12).await;
        let booking = site.book(run, "Sam Taylor", "sam@example.com").await;
        site.change_dates(run).await;
        site.get(&site.b(booking, "/changed"))
            .await
            .says("Please confirm first , then you can move.")
            .says_not("Move to other dates");
        site.post(&site.b(booking, "/changed"), "answer=keep")
            .await
            .goes_to(&site.b(booking, "/changed"));
        site.get(&site.b(booking, "/changed"))
            .await
            .says("Please also confirm by Wednesday 12 May 2027 at 2pm");
    }

    #[tokio::test]
    async fn a_new_link_stops_the_old_one() {
        let site = Service::start().await;
        let run = site.june(12).await;
        let booking = site.confirmed(run, "Sam Taylor", "sam@example.com").await;
        site.get(&site.b(booking, "/new-link")).await.is(200);
        let body = "answer=send&op=00112233445566778899aabbccddeeff";
        for _ in 0..2 {
            // The second press shows the result, though its link is over (T-23).
            site.post(&site.b(booking, "/new-link"), body)
                .await
                .goes_to("/bookings/find/sent");
        }
        site.get(&site.b(booking, ""))
            .await
            .is(410)
            .says("This link no longer works");
        site.post(&site.b(booking, "/new-link"), "answer=send")
            .await
            .is(410);
        site.get(&site.nth_link(booking, 2, ""))
            .await
            .is(200)
            .says("You have a place");
        assert_eq!(
            site.mail_to("sam@example.com").await,
            ["confirm_email", "booked", "your_links"]
        );
    }

    #[tokio::test]
    async fn many_links_that_open_nothing_have_to_wait() {
        let site = Service::start().await;
        let made_up = |it: usize| format!("/b/{it:0>43}");
        for it in 0..20 {
            site.get(&made_up(it)).await.is(404);
        }
        site.get(&made_up(21)).await.is(429);
        site.get("/b/short").await.is(429);
        let run = site.june(12).await;
        let booking = site.book(run, "Sam Taylor", "sam@example.com").await;
        site.get(&site.b(booking, "")).await.is(200);
    }

    /// The page where a new address is confirmed.
    async fn there(site: &Service, booking: BookingId) -> String {
        let token = links::token(
            site.app.reader(),
            site.app.secrets(),
            Purpose::NewAddress,
            booking.0,
        );
        format!("/address/{}", token.await.unwrap().unwrap())
    }

    #[tokio::test]
    async fn a_slip_in_a_new_address_costs_nothing() {
        let site = Service::start().await;
        let run = site.june(12).await;
        let booking = site.confirmed(run, "Sam Taylor", "sam@example.com").await;
        let details = site.b(booking, "/details");
        site.get(&details)
            .await
            .is(200)
            .says("s...@example.com")
            .says("ends in 001")
            .says_not("sam@example.com");
        site.get(&format!("{details}?change=contact"))
            .await
            .is(200)
            .says("We have s...@example.com");
        let body =
            "part=contact&prefers=email&email=stranger%40example.org&op=00112233445566778899aabbccddeeff";
        let saved = format!("{details}?saved=address");
        site.post(&details, body).await.goes_to(&saved);
        site.post(&details, body).await.goes_to(&saved);
        site.get(&saved)
            .await
            .is(200)
            .says("We have sent an email to your new address")
            .says("s...@example.org (not confirmed yet)");
        // Everything is as it was until the new mailbox has answered.
        site.get(&site.b(booking, "")).await.is(200).says("Sam");
        let person = site.person(booking).await;
        assert_eq!(
            (person.email.as_deref(), person.is_proven()),
            (Some("sam@example.com"), true)
        );
        assert_eq!(
            site.mail_to("sam@example.com").await.last().unwrap(),
            "booking_details_changed"
        );
        assert_eq!(site.mail_to("stranger@example.org").await, ["confirm_address"]);
        let there = there(&site, booking).await;
        site.get(&there)
            .await
            .is(200)
            .says("Please confirm your email address")
            .says_not("Sam")
            .says_not("Introduction");
        site.post(&there, "answer=")
            .await
            .is(422)
            .says("Choose one answer");
        site.post(&there, "answer=not_me").await.goes_to(&there);
        site.get(&there).await.is(200).says("Thank you for telling us");
        site.post(&there, "answer=yes").await.goes_to(&there);
        site.get(&there).await.is(200).says("Thank you for telling us");
        let person = site.person(booking).await;
        assert_eq!(
            (
                person.email.as_deref(),
                person.new_email,
                site.state(booking).await
            ),
            (Some("sam@example.com"), None, "booked")
        );
    }

    #[tokio::test]
    async fn a_new_address_counts_when_its_mailbox_has_answered() {
        let site = Service::start().await;
        let run = site.june(12).await;
        let booking = site.confirmed(run, "Sam Taylor", "sam@example.com").await;
        let body = "part=contact&prefers=email&email=sam%40example.net";
        site.post(&site.b(booking, "/details"), body).await;
        let first = there(&site, booking).await;
        let body = "part=contact&prefers=email&email=sam%40example.org&phone=01632+960+777";
        site.post(&site.b(booking, "/details"), body).await;
        site.get(&first).await.is(410);
        let there = there(&site, booking).await;
        for _ in 0..2 {
            site.post(&there, "answer=yes").await.goes_to(&there);
            site.get(&there).await.is(200).says("Your address is confirmed");
        }
        let person = site.person(booking).await;
        assert_eq!(
            (person.email.as_deref(), person.is_proven()),
            (Some("sam@example.org"), true)
        );
        // The old mailbox can do nothing any more, and was told.
        site.get(&site.b(booking, "")).await.is(410);
        assert_eq!(
            site.mail_to("sam@example.com").await.last().unwrap(),
            "booking_details_changed"
        );
        assert_eq!(
            site.mail_to("sam@example.org").await,
            ["confirm_address", "your_links"]
        );
        let link = |page| site.nth_link(booking, 2, page);
        site.get(&link("")).await.is(200).says("Sam");
        site.get(&link("/details")).await.says("ends in 777");
    }

    /// T-22: an offer cannot be answered, and no address proven, from a mailbox that was left.
    #[tokio::test]
    async fn an_offer_moves_to_the_new_mailbox() {
        let site = Service::start().await;
        let run = site.june(1).await;
        let sam = site.confirmed(run, "Sam Taylor", "sam@example.com").await;
        let kim = site.ask(run, "Kim Lee", "kim@example.com", true).await;
        site.post(&site.b(kim, "/confirm"), "answer=yes").await;
        site.post(&site.b(sam, "/cancel"), "answer=cancel").await;
        assert_eq!(site.state(kim).await, "offered");
        let old = site.o(kim).await;
        let body = "part=contact&prefers=email&email=kim%40example.org";
        site.post(&site.b(kim, "/details"), body).await;
        let there = there(&site, kim).await;
        site.post(&there, "answer=yes").await.goes_to(&there);
        site.get(&old).await.is(410);
        site.post(&old, "answer=accept").await.is(410);
        let new = site.o(kim).await;
        assert_ne!(old, new);
        site.post(&new, "answer=accept").await.goes_to(&new);
        assert_eq!(site.state(kim).await, "booked");
    }

    /// B-20: a mailbox that is not theirs stops getting mail, and gets no link back in another way.
    #[tokio::test]
    async fn a_place_that_staff_booked_outlives_a_mistyped_address() {
        let site = Service::start().await;
        let run = site.june(12).await;
        let booking = site.book(run, "Sam Taylor", "stranger@example.org").await;
        site.team(run, Change::Confirm(booking, None)).await;
        assert_eq!(
            (site.state(booking).await, site.person(booking).await.is_proven()),
            ("booked", false)
        );
        site.post(&site.b(booking, "/confirm"), "answer=not_me")
            .await
            .is(200)
            .says("Thank you for telling us");
        assert_eq!(site.state(booking).await, "booked");
        site.get(&site.b(booking, "")).await.is(404);
        let tasks = team_task::Entity::find().all(site.app.reader()).await.unwrap();
        assert!(
            tasks
                .iter()
                .any(|it| it.kind == "phone_mail_failed" && it.about == booking.0)
        );
        site.post("/bookings/find", "email=stranger%40example.org")
            .await
            .goes_to("/bookings/find/sent");
        let mailer = crate::Mailer::memory();
        crate::rounds(&site.app, &mailer).await.unwrap();
        assert_eq!(mailer.sent().len(), 0);
        // Whoever has that mailbox can book for themselves.
        let own = site.confirmed(run, "Kim Lee", "stranger@example.org").await;
        assert_eq!(site.state(own).await, "booked");
    }

    /// Between the page and the button somebody said yes: their place is not ended by the other window.
    #[tokio::test]
    async fn no_after_a_yes_asks_again() {
        let site = Service::start().await;
        let run = site.june(12).await;
        let booking = site.book(run, "Sam Taylor", "sam@example.org").await;
        site.post(&site.b(booking, "/confirm"), "answer=yes")
            .await
            .is(303);
        site.post(&site.b(booking, "/confirm"), "answer=not_me")
            .await
            .goes_to(&site.b(booking, "/cancel"));
        assert_eq!(site.state(booking).await, "booked");
    }

    #[tokio::test]
    async fn needs_are_replaced_and_never_shown() {
        let site = Service::start().await;
        let run = site.june(12).await;
        let booking = site.confirmed(run, "Sam Taylor", "sam@example.com").await;
        let details = site.b(booking, "/details");
        let saved = format!("{details}?saved=yes");
        site.get(&details).await.says("Nothing noted");
        site.post(&details, "part=support")
            .await
            .is(422)
            .says("Select an option");
        site.post(
            &details,
            "part=support&needs=bsl&needs=breaks&detail_bsl=Mornings",
        )
        .await
        .goes_to(&saved);
        site.get(&saved)
            .await
            .says("Your changes are saved")
            .says("We have noted what you told us")
            .says_not("BSL");
        let form = site.get(&format!("{details}?change=support")).await;
        form.is(200).says_not("Mornings");
        assert!(!form.body.contains("checked"), "{}", form.body);
        let needs = || async { access_need::Entity::find().all(site.app.reader()).await.unwrap() };
        let codes: Vec<String> = needs().await.into_iter().map(|it| it.code).collect();
        assert_eq!(codes, ["bsl", "breaks"]);
        site.post(&details, "part=support&needs=none")
            .await
            .goes_to(&saved);
        assert!(needs().await.is_empty());
        let tasks = team_task::Entity::find().all(site.app.reader()).await.unwrap();
        assert!(
            tasks
                .iter()
                .filter(|it| it.kind == "arrange_need")
                .all(|it| it.state == "cancelled")
        );
        site.post(&details, "part=someone").await.is(422);
        site.post(
            &details,
            "part=someone&someone_name=Jo&someone_phone=01632+960+002",
        )
        .await
        .goes_to(&saved);
        site.get(&details).await.says("You named someone").says_not("Jo");
        site.post(&details, "part=someone&remove=yes")
            .await
            .goes_to(&saved);
        site.get(&details).await.says("Nobody named");
        site.post(&details, "part=names&called_name=Sammy&full_name=&pronouns=")
            .await
            .goes_to(&saved);
        let person = site.person(booking).await;
        assert_eq!(
            (person.called().as_str(), person.full_name.as_str()),
            ("Sammy", "Sam Taylor")
        );
        let told = site.mail_to("sam@example.com").await;
        assert_eq!(
            told.iter().filter(|it| *it == "booking_details_changed").count(),
            5
        );
    }

    #[tokio::test]
    async fn the_join_page_and_the_calendar_file_are_for_people_with_a_place() {
        let site = Service::start().await;
        let run = site.june(12).await;
        let booking = site.confirmed(run, "Sam Taylor", "sam@example.com").await;
        let page = site.get(&site.b(booking, "/join")).await;
        page.is(200).says("Tuesday 8 June 2027 at 9:30am");
        assert!(!page.body.contains("secret-room"));
        let file = site.get(&site.b(booking, "/calendar.ics")).await;
        assert_eq!(file.headers[header::CONTENT_TYPE], "text/calendar; charset=utf-8");
        assert_eq!(
            file.headers[header::CONTENT_DISPOSITION],
            "attachment; filename=\"course-dates.ics\""
        );
        let entries = calendar_entry::Entity::find()
            .all(site.app.reader())
            .await
            .unwrap();
        assert_eq!(
            (
                file.body.matches("BEGIN:VEVENT").count(),
                file.body.contains("METHOD")
            ),
            (2, false)
        );
        assert!(
            entries
                .iter()
                .all(|it| file.body.replace("\r\n ", "").contains(&it.uid)),
            "{}",
            file.body
        );
        assert!(!file.body.contains("secret-room") && !file.body.contains("peer"));
        site.app.clock().advance(super::day_1() - site.app.now());
        assert!(
            site.get(&site.b(booking, "/join"))
                .await
                .body
                .contains("https://meet.example.org/secret-room")
        );
        let waiting = site.book(site.july(12).await, "Kim Lee", "kim@example.com").await;
        site.get(&site.b(waiting, "/join"))
            .await
            .is(200)
            .says("You do not have a place");
        site.get(&site.b(waiting, "/calendar.ics"))
            .await
            .goes_to(&site.b(waiting, ""));
    }

    #[tokio::test]
    async fn staff_merge_two_records_and_the_freed_place_is_offered() {
        let site = Service::start().await;
        let run = site.june(2).await;
        let older = site.confirmed(run, "Kay Stone", "kay@example.com").await;
        site.app.clock().advance(Duration::minutes(1));
        let newer = site.confirmed(run, "Kay Stone", "kay@example.org").await;
        let waits = site.ask(run, "Di Hart", "di@example.com", true).await;
        let monday: Ts = booking::london::in_london(date!(2027 - 05 - 24), time!(10:00));
        site.app.clock().advance(monday - site.app.now());
        let (keep, other): (PersonId, PersonId) = (site.person(newer).await.id, site.person(older).await.id);
        let stays = site.app.merge_people(keep, other).await.unwrap();
        assert_eq!(
            (site.state(older).await, site.state(newer).await),
            ("booked", "cancelled")
        );
        assert_eq!(stays, other);
        assert_eq!(
            site.mail_to("kay@example.org").await.last().unwrap(),
            "cancelled_by_team"
        );
        assert_eq!(site.mail_to("kay@example.com").await.last().unwrap(), "booked");
        let state = bookings::find(site.app.reader(), waits)
            .await
            .unwrap()
            .unwrap()
            .state;
        let until = booking::london::in_london(date!(2027 - 05 - 26), time!(10:00));
        assert_eq!(state, State::Offered { until });
        assert!(site.app.merge_people(keep, other).await.is_err());
        site.get(&site.b(newer, ""))
            .await
            .is(200)
            .says("We kept one of them");
    }

    #[tokio::test]
    async fn staff_do_not_merge_bookings_on_different_dates() {
        let site = Service::start().await;
        let (june, july) = (site.june(12).await, site.july(12).await);
        let one = site.confirmed(june, "Kay Stone", "kay@example.com").await;
        let two = site.confirmed(july, "Kay Stone", "kay@example.org").await;
        let refused = site
            .app
            .merge_people(site.person(one).await.id, site.person(two).await.id)
            .await;
        assert!(matches!(
            refused,
            Err(Error::Refused(booking::Refusal::OtherBooking))
        ));
        site.post(&site.b(two, "/cancel"), "answer=cancel").await.is(303);
        site.app
            .merge_people(site.person(one).await.id, site.person(two).await.id)
            .await
            .unwrap();
        assert_eq!(site.person(two).await.id, site.person(one).await.id);
    }
}
