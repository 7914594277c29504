//! A whole office for tests of mail: records, a clock that stands still, a course, people who book.

use booking::allocator::Arrival;
use booking::calendar::{self, CourseText, Delivery, NewCourse, NewRun, NewSession, Vouched};
use booking::{Actor, Ask, Asked, BookingRecord, Cause, Change, Channel, Details, Source, bookings};
use ids::{BookingId, PersonId, RunId, Ts};
use sea_orm::ActiveValue::Set;
use sea_orm::{ColumnTrait, EntityTrait, QueryFilter, QueryOrder};
use tempfile::TempDir;
use time::macros::{date, datetime, time};
use time::{Date, Duration};

use super::{Kind, Mail};
use crate::app::{App, Setup};
use crate::clock::Clock;
use crate::database::{self, Records};
use crate::entity::{outbox_mail, person, team_task};
use crate::mailer::{Mailer, Sent};
use crate::people::{self, NewPerson};
use crate::secrets::Secrets;
use crate::work::Work;

pub(crate) struct Office {
    pub(crate) app: App,
    pub(crate) mailer: Mailer,
    pub(crate) folder: TempDir,
}

/// Somebody who booked.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Guest {
    pub(crate) person: PersonId,
    pub(crate) booking: BookingId,
    pub(crate) run: RunId,
}

/// The days of run R of the rules.
pub(crate) const JUNE: [Date; 2] = [date!(2027 - 06 - 08), date!(2027 - 06 - 15)];
/// Dates to move to.
pub(crate) const JULY: [Date; 2] = [date!(2027 - 07 - 06), date!(2027 - 07 - 13)];

impl Office {
    /// At Tuesday 11 May 2027, 2pm in London.
    pub(crate) async fn open() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let handles = Records::Embedded(folder.path().join("alongside.db"))
            .open()
            .await
            .unwrap();
        database::migrate(&handles.writer).await.unwrap();
        let setup = Setup {
            base_url: "https://courses.example.org".to_owned(),
            trusted_proxies: Vec::new(),
            rehearsal: false,
            mail_folder: None,
        };
        let clock = Clock::stopped_at(Ts::new(datetime!(2027-05-11 13:00 UTC)));
        let app = App::new(handles, clock, Secrets::predictable(7), setup).unwrap();
        let office = Self {
            app,
            mailer: Mailer::memory(),
            folder,
        };
        office.add_course().await;
        office
    }

    /// The same records as another process opens them.
    pub(crate) async fn other_handles(&self) -> database::Handles {
        let file = self.folder.path().join("alongside.db");
        Records::Embedded(file).open().await.unwrap()
    }

    async fn add_course(&self) {
        let text = CourseText {
            summary: "Two mornings online.".to_owned(),
            methods: Vec::new(),
            outcomes: Vec::new(),
            topics: Vec::new(),
            planned_minutes: 360,
            sessions_required: Some(2),
            different_days: true,
            authors_note: String::new(),
            extras: serde_json::json!({}),
        };
        let new = NewCourse {
            code: "intro".to_owned(),
            title: "Introduction to peer support".to_owned(),
            one_live: true,
            contact_name: "The training team".to_owned(),
            contact_email: "courses@example.org".to_owned(),
            contact_phone: "01632 960000".to_owned(),
            text,
        };
        self.act(async |work| {
            let fresh = || work.fresh_id();
            let version = calendar::add_course(work.tx(), &fresh, new.clone()).await?;
            Ok(calendar::publish_version(work.tx(), work.now(), version).await?)
        })
        .await;
    }

    /// A published online run on two days, 10am to 1:15pm.
    pub(crate) async fn run(&self, capacity: i32, days: [Date; 2]) -> RunId {
        let session = |date| NewSession {
            date,
            start: time!(10:00),
            end: time!(13:15),
            break_minutes: 15,
        };
        let new = NewRun {
            course_code: "intro".to_owned(),
            label: "Mornings".to_owned(),
            capacity,
            delivery: Delivery::Online,
            venue: None,
            join_url: Some("https://meet.example.org/secret-room".to_owned()),
            opens_at: Ts::new(datetime!(2027-01-04 09:00 UTC)),
            closes_at: None,
            waiting_list: true,
            sessions: days.map(session).to_vec(),
        };
        let vouched = Vouched {
            minutes: true,
            without_facilitators: Some("a test".to_owned()),
        };
        self.act(async |work| {
            let fresh = || work.fresh_id();
            let run = calendar::add_run(work.tx(), &fresh, new.clone()).await?;
            calendar::publish_run(work.tx(), work.now(), run, vouched.clone()).await?;
            Ok(run)
        })
        .await
    }

    /// One change to the records, which must succeed.
    pub(crate) async fn act<T>(&self, act: impl AsyncFn(&Work) -> Result<T, crate::error::Error>) -> T {
        let act = &act;
        self.app
            .change(|work| async move { act(&work).await })
            .await
            .unwrap()
    }

    /// A person with this address; with none, they can be called.
    pub(crate) async fn person(&self, name: &str, email: Option<&str>) -> PersonId {
        let new = NewPerson {
            full_name: name.to_owned(),
            called_name: None,
            pronouns: None,
            email: email.map(str::to_owned),
            phone: Some("01632 960123".to_owned()),
            prefers: if email.is_some() { "email" } else { "phone" }.to_owned(),
            info_format: "standard".to_owned(),
        };
        self.act(async |work| people::add(work, new.clone()).await).await
    }

    /// Books or, if the run is full, joins the list, on the web and with an unproven address.
    pub(crate) async fn guest(&self, run: RunId, name: &str, email: Option<&str>) -> Guest {
        let person = self.person(name, email).await;
        self.guest_with(run, person, |_| {}).await
    }

    /// The same for a person who is there, with other answers.
    pub(crate) async fn guest_with(
        &self,
        run: RunId,
        person: PersonId,
        answers: impl Fn(&mut Details),
    ) -> Guest {
        let snapshot = booking::allocator::snapshot(self.app.reader(), run)
            .await
            .unwrap()
            .unwrap();
        let free = snapshot.public_free(self.app.now()) > 0;
        let booking = BookingId(self.app.secrets().id(self.app.now()));
        let ask = Ask {
            booking,
            person,
            proven: false,
            priority: false,
        };
        let mut details = self.details();
        answers(&mut details);
        let change = if free {
            Change::Book(ask)
        } else {
            Change::Join(ask)
        };
        let asked = Asked {
            details: Some(details),
            ..Asked::by_person(change)
        };
        self.act(async |work| work.allocate(run, asked.clone()).await.map(|_| ()))
            .await;
        Guest { person, booking, run }
    }

    fn details(&self) -> Details {
        Details {
            reference: self.app.secrets().reference(),
            source: Source::Web,
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

    /// Somebody who booked and confirmed, as the pages do it; the mails so far are sent.
    pub(crate) async fn booked(&self, run: RunId, name: &str, email: &str) -> Guest {
        let guest = self.guest(run, name, Some(email)).await;
        self.confirm(guest).await;
        self.rounds().await;
        guest
    }

    /// Confirms through the link in the mail.
    pub(crate) async fn confirm(&self, guest: Guest) {
        self.act(async |work| {
            people::prove_address(work, guest.person).await?;
            let asked = Asked::by_person(Change::Confirm(guest.booking, None));
            work.allocate(guest.run, asked).await.map(|_| ())
        })
        .await;
    }

    /// What the person asks for on a page.
    pub(crate) async fn by_person(&self, run: RunId, change: Change) {
        let asked = Asked::by_person(change);
        self.act(async |work| work.allocate(run, asked.clone()).await.map(|_| ()))
            .await;
    }

    /// What the team does, with a reason.
    pub(crate) async fn by_team(&self, run: RunId, change: Change) {
        let cause = Cause {
            actor: Actor::Team(None),
            channel: Channel::Phone,
            reason: Some("We spoke about it.".to_owned()),
        };
        let asked = Asked {
            change,
            cause,
            details: None,
        };
        self.act(async |work| work.allocate(run, asked.clone()).await.map(|_| ()))
            .await;
    }

    /// Lets a run meet at a venue, on the same days.
    pub(crate) async fn meet_at(&self, run: RunId, venue: &str) {
        self.act(async |work| {
            let fresh = || work.fresh_id();
            let dates = calendar::run_dates(work.tx(), run).await?.unwrap();
            let same = dates.sessions.iter().map(|it| NewSession {
                date: it.date,
                start: it.start,
                end: it.end,
                break_minutes: it.break_minutes,
            });
            let same: Vec<_> = same.collect();
            let place = Some((Delivery::InPerson, Some(venue.to_owned())));
            calendar::reschedule(work.tx(), work.now(), &fresh, run, &same, place).await?;
            let changed = Asked::by_system(Change::RunChanged);
            work.allocate(run, changed).await.map(|_| ())
        })
        .await;
    }

    /// Notes how a person would like to be told.
    pub(crate) async fn prefers(&self, person: PersonId, way: &str) {
        let row = person::ActiveModel {
            prefers: Set(way.to_owned()),
            ..Default::default()
        };
        person::Entity::update_many()
            .set(row)
            .filter(person::Column::Id.eq(person))
            .exec(&self.app.writer)
            .await
            .unwrap();
    }

    /// Moves a booking to another run, as the person asks for it.
    pub(crate) async fn move_to(&self, guest: Guest, run: RunId) -> Guest {
        let booking = BookingId(self.app.secrets().id(self.app.now()));
        let arrival = Arrival {
            run,
            ask: Ask {
                booking,
                person: guest.person,
                proven: true,
                priority: false,
            },
            cause: Cause::person(),
            reference: self.app.secrets().reference(),
        };
        let from = (guest.run, guest.booking);
        self.act(async |work| work.allocate_move(from, arrival.clone()).await)
            .await;
        Guest {
            booking,
            run,
            ..guest
        }
    }

    /// Writes a mail as a page would.
    pub(crate) async fn write(&self, kind: Kind, about: uuid::Uuid, recipient: &str, occasion: &str) {
        self.act(async |work| {
            let mail = Mail {
                kind,
                about,
                recipient: recipient.to_owned(),
                occasion: occasion.to_owned(),
                due_at: work.now(),
                parameters: serde_json::json!({}),
            };
            super::write(work, mail).await
        })
        .await;
    }

    /// Lets everything happen that falls due.
    pub(crate) async fn rounds(&self) {
        crate::rounds::rounds(&self.app, &self.mailer).await.unwrap();
    }

    /// Moves the clock.
    pub(crate) fn wait(&self, by: Duration) {
        self.app.clock().advance(by);
    }

    /// What was sent since it was last asked for.
    pub(crate) fn taken(&self) -> Vec<Sent> {
        let Mailer::Memory(sent) = &self.mailer else {
            return Vec::new();
        };
        std::mem::take(&mut *sent.lock().unwrap())
    }

    /// The subjects of what was sent since, with the recipients.
    pub(crate) fn subjects(&self) -> Vec<String> {
        self.taken()
            .iter()
            .map(|it| format!("{}: {}", it.to, it.read().subject()))
            .collect()
    }

    /// Every mail of the outbox, in order.
    pub(crate) async fn rows(&self) -> Vec<outbox_mail::Model> {
        outbox_mail::Entity::find()
            .order_by_asc(outbox_mail::Column::Seq)
            .all(self.app.reader())
            .await
            .unwrap()
    }

    /// The rows in words: kind, state, reason.
    pub(crate) async fn outbox(&self) -> Vec<String> {
        let words = |it: outbox_mail::Model| {
            format!("{} {} {}", it.kind, it.state, it.reason.unwrap_or_default())
                .trim_end()
                .to_owned()
        };
        self.rows().await.into_iter().map(words).collect()
    }

    /// The tasks in words, sorted: kind and occasion.
    pub(crate) async fn tasks(&self) -> Vec<String> {
        self.tasks_that(|_| true).await
    }

    /// Those that are open.
    pub(crate) async fn open_tasks(&self) -> Vec<String> {
        self.tasks_that(|it| it.state == "open").await
    }

    /// How many open tasks ask to phone down a list.
    pub(crate) async fn lists_to_phone(&self) -> usize {
        let open = self.open_tasks().await;
        open.iter().filter(|it| it.starts_with("phone_list")).count()
    }

    async fn tasks_that(&self, count: impl Fn(&team_task::Model) -> bool) -> Vec<String> {
        let tasks = team_task::Entity::find().all(self.app.reader()).await.unwrap();
        let mut tasks: Vec<_> = tasks
            .into_iter()
            .filter(count)
            .map(|it| format!("{} {}", it.kind, it.occasion))
            .collect();
        tasks.sort();
        tasks
    }

    /// A booking as it is now.
    pub(crate) async fn record(&self, guest: Guest) -> BookingRecord {
        bookings::find(self.app.reader(), guest.booking)
            .await
            .unwrap()
            .unwrap()
    }
}
