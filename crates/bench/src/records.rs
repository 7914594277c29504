//! Records to measure on: databases that go away, a course, dates, and as many old bookings as wanted.
//!
//! Old bookings are written past the door, in one transaction and many rows a statement, with
//! everything that a real one leaves behind: `alongside verify` finds nothing wrong with them.

use std::path::Path;

use booking::calendar::{self, CourseText, NewCourse};
use booking::deadlines::{WorkingDays, booking_closes};
use booking::{Settings, london};
use ids::Ts;
use sea_orm::sea_query::{Alias, Expr, Query};
use sea_orm::{ConnectOptions, ConnectionTrait, Database, DatabaseConnection, DbBackend, Value};
use serde_json::json;
use time::macros::time;
use time::{Date, Duration};
use uuid::Uuid;
use web::database::{Records, migrate};
use web::{App, Clock, Keys, Secrets, Setup};

use crate::Result;

/// The word for the course in addresses.
pub(crate) const COURSE: &str = "intro";
/// The places of usual dates.
pub(crate) const PLACES: u32 = 12;

/// One run, as its pages and the statements about it name it.
#[derive(Clone, Debug)]
pub(crate) struct Dates {
    pub(crate) run: Uuid,
    pub(crate) slug: String,
    pub(crate) sessions: [Uuid; 2],
}

impl Dates {
    /// The address of the first question.
    pub(crate) fn book_path(&self) -> String {
        format!("/courses/{COURSE}/{}/book", self.slug)
    }
}

/// The embedded database in a folder.
pub(crate) fn embedded(folder: &Path) -> Records {
    Records::Embedded(folder.join("alongside.db"))
}

/// A database of its own on a `PostgreSQL` server.
#[derive(Debug)]
pub(crate) struct Postgres {
    server: String,
    name: String,
}

impl Postgres {
    pub(crate) async fn create(server: &str, name: &str) -> Result<Self> {
        let name = format!("bench_{}_{name}", std::process::id());
        let root = Database::connect(server).await?;
        root.execute_unprepared(&format!("CREATE DATABASE {name}"))
            .await?;
        root.close().await?;
        Ok(Self {
            server: server.to_owned(),
            name,
        })
    }

    pub(crate) fn records(&self) -> Result<Records> {
        let (base, _) = self
            .server
            .rsplit_once('/')
            .ok_or("the address names no database")?;
        Ok(Records::Postgres {
            url: format!("{base}/{}", self.name),
            connections: 8,
        })
    }

    pub(crate) async fn remove(self) -> Result<()> {
        let root = Database::connect(&self.server).await?;
        root.execute_unprepared(&format!("DROP DATABASE IF EXISTS {} WITH (FORCE)", self.name))
            .await?;
        Ok(root.close().await?)
    }
}

/// One connection to records, for statements that belong together.
pub(crate) async fn one_connection(records: &Records) -> Result<DatabaseConnection> {
    let url = match records {
        Records::Embedded(file) => {
            // Opened as the service opens it, but for the number of connections.
            return Ok(Records::Embedded(file.clone()).open().await?.writer);
        }
        Records::Postgres { url, .. } => url.clone(),
    };
    let mut options = ConnectOptions::new(url);
    options
        .max_connections(1)
        .min_connections(1)
        .sqlx_logging(false)
        .test_before_acquire(false);
    Ok(Database::connect(options).await?)
}

/// Keys that nobody guards.
pub(crate) fn keys() -> Keys {
    let key = [7; 32];
    Keys {
        token: key,
        code: key,
        seal: key,
    }
}

/// Makes the schema and a published course.
pub(crate) async fn found(records: &Records) -> Result<()> {
    let handles = records.open().await?;
    migrate(&handles.writer).await?;
    let setup = Setup {
        base_url: "http://127.0.0.1:8080".to_owned(),
        trusted_proxies: Vec::new(),
        rehearsal: false,
        mail_folder: None,
    };
    let secrets = Secrets::unpredictable(keys());
    let app = App::new(handles.clone(), Clock::system(), secrets, setup)?;
    app.change(async |work| {
        let fresh = || work.fresh_id();
        let version = calendar::add_course(work.tx(), &fresh, course()).await?;
        Ok(calendar::publish_version(work.tx(), work.now(), version).await?)
    })
    .await?;
    drop(app);
    handles.reader.close().await?;
    Ok(handles.writer.close().await?)
}

fn course() -> NewCourse {
    let texts = |it: &[&str]| it.iter().map(|it| (*it).to_owned()).collect::<Vec<_>>();
    let outcome = |(code, text): (&str, &str)| calendar::Outcome {
        code: code.to_owned(),
        text: text.to_owned(),
        confidence_question: format!("How confident are you that you can {}?", text.to_lowercase()),
    };
    let outcomes = [
        ("LO1", "Say what peer support is and what a peer worker does"),
        ("LO2", "Understand the core principles behind the role"),
        (
            "LO3",
            "Explain the skills and approaches that peer supporters use",
        ),
        (
            "LO4",
            "Recognise that people have different views, hopes and concerns about peer support",
        ),
    ];
    NewCourse {
        code: COURSE.to_owned(),
        title: "Introduction to peer support".to_owned(),
        one_live: true,
        contact_name: "The training team".to_owned(),
        contact_email: "courses@example.org".to_owned(),
        contact_phone: "01632 960000".to_owned(),
        text: CourseText {
            summary:
                "A six-hour online course, over two days, about using your own experience to support other \
                      people."
                    .to_owned(),
            methods: texts(&[
                "Presentations",
                "Group work",
                "Discussions",
                "Creative activities",
            ]),
            outcomes: outcomes.map(outcome).to_vec(),
            topics: texts(&[
                "A short history",
                "What peer support is",
                "Listening",
                "Looking after yourself",
            ]),
            planned_minutes: 360,
            sessions_required: Some(2),
            different_days: true,
            authors_note: "Led by peer trainers.".to_owned(),
            extras: json!({}),
        },
    }
}

/// Writes dates and bookings, all of them in one transaction.
pub(crate) struct Filler {
    db: DatabaseConnection,
    course: Uuid,
    version: Uuid,
    now: Ts,
    today: Date,
    next: u64,
    bookings: u32,
    tables: Vec<Table>,
}

/// Rows on their way into a table.
struct Table {
    name: &'static str,
    columns: &'static [&'static str],
    rows: Vec<Vec<Value>>,
}

/// So many rows go into one statement.
const ROWS: usize = 500;

macro_rules! row {
    ($($value:expr),* $(,)?) => { vec![$(Value::from($value)),*] };
}

impl Filler {
    pub(crate) async fn begin(records: &Records) -> Result<Self> {
        let db = one_connection(records).await?;
        let course = calendar::course_named(&db, COURSE).await?.ok_or("no course")?;
        db.execute_unprepared("BEGIN").await?;
        let now = Clock::system().now();
        // In the order in which rows name each other.
        let tables = TABLES.iter().map(|(name, columns)| Table {
            name,
            columns,
            rows: Vec::new(),
        });
        Ok(Self {
            db,
            course: course.id.0,
            version: course.version.0,
            now,
            today: london::local(now).0,
            next: 0,
            bookings: 0,
            tables: tables.collect(),
        })
    }

    /// Dates in the past, each with all its places taken, until there are so many bookings.
    pub(crate) async fn old_bookings(&mut self, count: u32) -> Result<()> {
        for number in 0..count.div_ceil(PLACES) {
            let taken = PLACES.min(count - number * PLACES);
            let ago = Duration::days(i64::from(21 + number % 1500));
            self.run(self.today - ago, number / 1500, PLACES, taken).await?;
        }
        Ok(())
    }

    /// Dates that can be booked, with so many places, all free.
    pub(crate) async fn coming_dates(&mut self, count: u32, places: u32) -> Result<Vec<Dates>> {
        let mut dates = Vec::new();
        for number in 0..count {
            let ahead = Duration::days(i64::from(30 + number % 300));
            dates.push(self.run(self.today + ahead, number / 300, places, 0).await?);
        }
        Ok(dates)
    }

    /// The same in large rooms.
    pub(crate) async fn halls(&mut self, count: u32, places: u32) -> Result<Vec<Dates>> {
        let mut dates = Vec::new();
        for number in 0..count {
            let ahead = Duration::days(i64::from(30 + number % 300));
            dates.push(
                self.run(self.today + ahead, 1000 + number / 300, places, 0)
                    .await?,
            );
        }
        Ok(dates)
    }

    /// Dates as a list of courses shows them: places free, a few left, none left.
    pub(crate) async fn busy_dates(&mut self, count: u32) -> Result<()> {
        for number in 0..count {
            let ahead = Duration::days(i64::from(30 + 7 * number));
            self.run(self.today + ahead, 9, PLACES, (number * 5) % (PLACES + 1))
                .await?;
        }
        Ok(())
    }

    /// Makes all of it durable.
    pub(crate) async fn commit(mut self) -> Result<()> {
        self.flush().await?;
        self.db.execute_unprepared("COMMIT").await?;
        if self.db.get_database_backend() == DbBackend::Postgres {
            // As its own housekeeping would soon do; the embedded database never does.
            self.db.execute_unprepared("ANALYZE").await?;
        }
        Ok(self.db.close().await?)
    }

    /// A fresh name, younger than all before.
    fn id(&mut self, at: Ts) -> Uuid {
        self.next += 1;
        let millis = u64::try_from(at.get().unix_timestamp()).unwrap_or(0) * 1000;
        let mut bytes = [0xbe; 10];
        bytes[2..].copy_from_slice(&self.next.to_be_bytes());
        uuid::Builder::from_unix_timestamp_millis(millis, &bytes).into_uuid()
    }

    async fn run(&mut self, first: Date, nth: u32, places: u32, taken: u32) -> Result<Dates> {
        let days = [first, first + Duration::days(7)];
        let starts = days.map(|day| london::in_london(day, time!(10:00)));
        let ends = days.map(|day| london::in_london(day, time!(13:15)));
        let booked_at = (starts[0] - Duration::days(20)).min(self.now - Duration::days(2));
        let opens = booked_at - Duration::days(30);
        let closes = booking_closes(&Settings::default(), &WorkingDays::default(), first);
        let run = self.id(opens);
        let sessions = [self.id(opens), self.id(opens)];
        let month = first.month().to_string().to_lowercase();
        let mut slug = format!("{}-{month}-{}", first.day(), first.year());
        if nth > 0 {
            slug = format!("{slug}-{}", nth + 1);
        }
        let (capacity, rev) = (i32::try_from(places)?, i64::from(2 * taken));
        self.add(
            "run",
            row![
                run,
                self.course,
                self.version,
                slug.as_str(),
                "Mornings",
                "published",
                capacity,
                6,
                "online",
                Option::<String>::None,
                "https://meet.example.org/room",
                opens,
                closes,
                true,
                false,
                rev,
                1,
                1_i64,
                0,
                Option::<i64>::None,
                "no facilitators: a measurement",
                json!([]),
            ],
        );
        for (at, day) in days.into_iter().enumerate() {
            let idx = i32::try_from(at + 1)?;
            self.add(
                "session",
                row![
                    sessions[at],
                    run,
                    idx,
                    day,
                    time!(10:00),
                    time!(13:15),
                    starts[at],
                    ends[at],
                    15
                ],
            );
        }
        for seat in 1..=taken {
            self.booking(run, sessions, i32::try_from(seat)?, booked_at);
        }
        if self.tables.iter().any(|it| it.rows.len() >= ROWS) {
            self.flush().await?;
        }
        Ok(Dates { run, slug, sessions })
    }

    /// Somebody who booked, was asked to confirm, and did.
    fn booking(&mut self, run: Uuid, sessions: [Uuid; 2], seat: i32, at: Ts) {
        self.bookings += 1;
        let (number, confirmed) = (self.bookings, at + Duration::hours(1));
        let email = format!("person{number}@example.org");
        let person = self.id(at);
        self.add(
            "person",
            row![
                person,
                format!("Person {number} of Anytown"),
                email.as_str(),
                confirmed,
                false,
                "email",
                "standard",
                at,
            ],
        );
        let booking = self.id(at);
        self.add(
            "booking",
            row![
                booking,
                reference(number),
                run,
                person,
                "booked",
                self.course,
                "web",
                false,
                0,
                false,
                "1",
                "1",
                true,
                "To learn how to listen",
                false,
                false,
                false,
                at,
            ],
        );
        let rev = i64::from(2 * seat);
        for (n, event, from, to, at) in [
            (1, "book", None, "unconfirmed", at),
            (2, "confirm", Some("unconfirmed"), "booked", confirmed),
        ] {
            let id = self.id(at);
            let rev = rev - 2 + i64::from(n);
            let from = from.map(str::to_owned);
            self.add(
                "booking_event",
                row![id, booking, n, at, event, from, to, "person", "web", 1, rev],
            );
        }
        for (at_session, session) in sessions.into_iter().enumerate() {
            let id = self.id(at);
            self.add("place", row![id, session, seat, booking, rev - 1]);
            let id = self.id(at);
            let uid = format!("{booking}-day{}@127.0.0.1", at_session + 1);
            self.add("calendar_entry", row![id, booking, session, uid, 0, "request"]);
        }
        let id = self.id(at);
        let hash = format!("{:064x}", u128::from(number) << 8);
        self.add("link", row![id, "booking", booking, 1, hash, "live"]);
        for (kind, n, at, state, reason) in [
            ("confirm_email", 1, at, "sent", None),
            (
                "confirm_reminder",
                1,
                at + Duration::hours(12),
                "suppressed",
                Some("it is confirmed"),
            ),
            ("booked", 2, confirmed, "sent", None),
        ] {
            let id = self.id(at);
            let parameters = json!({ "event": n, "replaces": null, "reason": null, "until": null });
            let reason = reason.map(str::to_owned);
            self.add(
                "outbox_mail",
                row![
                    id,
                    kind,
                    booking,
                    email.as_str(),
                    format!("ev{n}"),
                    parameters,
                    at,
                    at,
                    at,
                    state,
                    1,
                    at,
                    reason,
                ],
            );
        }
    }

    fn add(&mut self, table: &str, row: Vec<Value>) {
        if let Some(it) = self.tables.iter_mut().find(|it| it.name == table) {
            it.rows.push(row);
        }
    }

    async fn flush(&mut self) -> Result<()> {
        for table in &mut self.tables {
            let rows = std::mem::take(&mut table.rows);
            for rows in rows.chunks(ROWS) {
                let mut insert = Query::insert();
                insert
                    .into_table(Alias::new(table.name))
                    .columns(table.columns.iter().map(|it| Alias::new(*it)));
                for row in rows {
                    insert.values(row.iter().cloned().map(Expr::val))?;
                }
                self.db.execute(&insert).await?;
            }
        }
        Ok(())
    }
}

/// A reference as people say it on the phone.
fn reference(number: u32) -> String {
    const LETTERS: &[u8] = b"ACDEFGHJKLMNPRTUVWXY";
    let letter = |it: u32| char::from(LETTERS[it as usize % LETTERS.len()]);
    format!(
        "{:04} {}{}",
        number % 10_000,
        letter(number / 10_000),
        letter(number / 200_000)
    )
}

/// The columns that are filled, table by table, in the order in which rows name each other.
const TABLES: &[(&str, &[&str])] = &[
    (
        "run",
        &[
            "id",
            "course",
            "course_version",
            "slug",
            "label",
            "state",
            "capacity",
            "min_numbers",
            "delivery",
            "venue",
            "join_url",
            "opens_at",
            "closes_at",
            "waiting_list",
            "offers_paused",
            "rev",
            "round",
            "next_seq",
            "change_no",
            "capacity_lowered_rev",
            "facilitators_override",
            "before_change",
        ],
    ),
    (
        "session",
        &[
            "id",
            "run",
            "idx",
            "local_date",
            "local_start",
            "local_end",
            "starts_at",
            "ends_at",
            "break_minutes",
        ],
    ),
    (
        "person",
        &[
            "id",
            "full_name",
            "email",
            "email_proven_at",
            "email_bad",
            "prefers",
            "info_format",
            "created_at",
        ],
    ),
    (
        "booking",
        &[
            "id",
            "reference",
            "run",
            "person",
            "state",
            "one_live_course",
            "source",
            "priority",
            "asked_round",
            "paused",
            "agreement_version",
            "privacy_version",
            "over_18",
            "hopes",
            "call_wanted",
            "copy_permission",
            "evaluation_answered",
            "created_at",
        ],
    ),
    (
        "booking_event",
        &[
            "id",
            "booking",
            "n",
            "at",
            "event",
            "from_state",
            "to_state",
            "actor",
            "channel",
            "round",
            "run_rev",
        ],
    ),
    ("place", &["id", "session", "seat_no", "booking", "since_rev"]),
    (
        "calendar_entry",
        &["id", "booking", "session", "uid", "sequence", "last_method"],
    ),
    (
        "link",
        &["id", "purpose", "about", "generation", "token_hash", "state"],
    ),
    (
        "outbox_mail",
        &[
            "id",
            "kind",
            "about",
            "recipient",
            "occasion",
            "parameters",
            "created_at",
            "due_at",
            "next_try_at",
            "state",
            "tries",
            "settled_at",
            "reason",
        ],
    ),
];
