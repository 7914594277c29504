//! A migrated database with a course, two runs and as many people as one likes.

use std::time::Duration as Wait;

use booking::calendar::{
    self, CourseText, Delivery, NewCourse, NewRun, NewSession, Outcome as Learning, Vouched,
};
use booking::{Ask, Asked, Cause, Change, Details, Error, Outcome, Source, allocator};
use ids::{BookingId, PersonId, RunId, Ts};
use migrations::Migrator;
use sea_orm::sqlx::sqlite::{SqliteJournalMode, SqliteSynchronous};
use sea_orm::{
    ConnectOptions, ConnectionTrait, Database, DatabaseConnection, DatabaseTransaction,
    SqliteTransactionMode, Statement, TransactionOptions, TransactionTrait, Value,
};
use sea_orm_migration::MigratorTrait;
use tempfile::TempDir;
use time::macros::{date, time};
use time::{Date, Duration};
use uuid::Uuid;

/// A database of its own for one test.
pub(crate) struct Site {
    pub(crate) db: DatabaseConnection,
    /// 8 and 15 June 2027, 12 places.
    pub(crate) run: RunId,
    /// 6 and 13 July 2027, 12 places.
    pub(crate) later: RunId,
    /// Tuesday 25 May 2027, 10am in London, unless a test says otherwise.
    pub(crate) now: Ts,
    home: Home,
}

/// Where the database is, until it goes.
enum Home {
    Memory,
    Folder { _gone_when_dropped: TempDir },
    Server { server: String, name: String },
}

pub(crate) fn utc(date: Date, hour: u8, minute: u8) -> Ts {
    let time = time::Time::from_hms(hour, minute, 0).unwrap();
    Ts::new(time::PrimitiveDateTime::new(date, time).assume_utc())
}

pub(crate) fn team(reason: &str) -> Cause {
    use booking::snapshot::{Actor, Channel};
    Cause {
        actor: Actor::Team(None),
        channel: Channel::Phone,
        reason: Some(reason.to_owned()),
    }
}

fn fresh() -> Uuid {
    Uuid::new_v4()
}

/// Every engine there is to test on: `SQLite` in a file, and `PostgreSQL` if `TEST_POSTGRES_URL` names a
/// server.
pub(crate) async fn sites() -> Vec<Site> {
    let mut sites = vec![Site::in_a_file().await];
    if let Ok(server) = std::env::var("TEST_POSTGRES_URL") {
        sites.push(Site::on_server(&server).await);
    }
    sites
}

impl Site {
    pub(crate) async fn in_memory() -> Self {
        let mut options = ConnectOptions::new("sqlite::memory:");
        options
            .max_connections(1)
            .min_connections(1)
            .sqlx_logging(false)
            .test_before_acquire(false);
        options.map_sqlx_sqlite_opts(|it| it.foreign_keys(true));
        Self::with(options, Home::Memory).await
    }

    /// As the program writes: one connection.
    async fn in_a_file() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("records.db");
        let mut options = ConnectOptions::new(format!("sqlite://{}?mode=rwc", path.display()));
        options
            .max_connections(1)
            .sqlx_logging(false)
            .test_before_acquire(false);
        options.acquire_timeout(Wait::from_mins(1));
        options.map_sqlx_sqlite_opts(|it| {
            it.journal_mode(SqliteJournalMode::Wal)
                .synchronous(SqliteSynchronous::Full)
                .busy_timeout(Wait::from_secs(5))
                .foreign_keys(true)
        });
        Self::with(
            options,
            Home::Folder {
                _gone_when_dropped: folder,
            },
        )
        .await
    }

    /// As several processes write: eight connections.
    async fn on_server(server: &str) -> Self {
        let name = format!("booking_{}", Uuid::new_v4().simple());
        let admin = Database::connect(server).await.unwrap();
        admin
            .execute_unprepared(&format!("CREATE DATABASE {name}"))
            .await
            .unwrap();
        admin.close().await.unwrap();
        let (base, _) = server.rsplit_once('/').unwrap();
        let mut options = ConnectOptions::new(format!("{base}/{name}"));
        options
            .max_connections(8)
            .sqlx_logging(false)
            .test_before_acquire(false);
        options.acquire_timeout(Wait::from_mins(1));
        Self::with(
            options,
            Home::Server {
                server: server.to_owned(),
                name,
            },
        )
        .await
    }

    async fn with(options: ConnectOptions, home: Home) -> Self {
        let db = Database::connect(options).await.unwrap();
        Migrator::up(&db, None).await.unwrap();
        let now = utc(date!(2027 - 05 - 25), 9, 0);
        let tx = begin(&db).await;
        let version = calendar::add_course(&tx, &fresh, course()).await.unwrap();
        calendar::publish_version(&tx, now, version).await.unwrap();
        calendar::add_bank_holiday(&tx, date!(2027 - 05 - 31), "Spring bank holiday")
            .await
            .unwrap();
        let mut runs = Vec::new();
        for days in [
            [date!(2027 - 06 - 08), date!(2027 - 06 - 15)],
            [date!(2027 - 07 - 06), date!(2027 - 07 - 13)],
        ] {
            let run = calendar::add_run(&tx, &fresh, dates(days)).await.unwrap();
            for part in ["peer_trainer", "other"] {
                let person = add_person(&tx, now).await;
                let sql = "INSERT INTO facilitator (id, run, person, part, confirmed_at) VALUES ($1, $2, $3, $4, $5)";
                let values = [
                    fresh().into(),
                    run.0.into(),
                    person.0.into(),
                    part.into(),
                    now.into(),
                ];
                exec(&tx, sql, values).await;
            }
            calendar::publish_run(&tx, now, run, Vouched::default())
                .await
                .unwrap();
            runs.push(run);
        }
        tx.commit().await.unwrap();
        Self {
            db,
            run: runs[0],
            later: runs[1],
            now,
            home,
        }
    }

    pub(crate) async fn person(&self) -> PersonId {
        add_person(&self.db, self.now).await
    }

    pub(crate) async fn allocate(&self, run: RunId, asked: Asked) -> Result<Outcome, Error> {
        allocate(&self.db, self.now, run, asked).await
    }

    /// A new person, booked by the team.
    pub(crate) async fn booked(&self, run: RunId) -> Ask {
        let ask = ask(self.person().await);
        self.allocate(run, first(Change::Book(ask), team("phoned")))
            .await
            .unwrap();
        ask
    }

    /// A new person on the waiting list.
    pub(crate) async fn waiting(&self, run: RunId) -> Ask {
        let ask = ask(self.person().await);
        self.allocate(run, first(Change::Join(ask), Cause::person()))
            .await
            .unwrap();
        ask
    }

    /// A new person who has still to confirm, and was mailed.
    pub(crate) async fn unconfirmed(&self, run: RunId) -> Ask {
        let ask = Ask {
            proven: false,
            ..ask(self.person().await)
        };
        self.allocate(run, first(Change::Book(ask), Cause::person()))
            .await
            .unwrap();
        self.allocate(run, Asked::by_system(Change::StartClock(ask.booking)))
            .await
            .unwrap();
        ask
    }

    pub(crate) async fn places(&self, run: RunId, capacity: i32) {
        let asked = Asked {
            change: Change::SetCapacity(capacity),
            cause: team("room"),
            details: None,
        };
        self.allocate(run, asked).await.unwrap();
    }

    pub(crate) async fn by_person(&self, run: RunId, change: Change) {
        self.allocate(run, Asked::by_person(change)).await.unwrap();
    }

    pub(crate) async fn by_team(&self, run: RunId, change: Change) {
        self.allocate(
            run,
            Asked {
                change,
                cause: team("agreed"),
                details: None,
            },
        )
        .await
        .unwrap();
    }

    pub(crate) async fn tick(&self, run: RunId) {
        self.allocate(run, Asked::by_system(Change::Tick)).await.unwrap();
    }

    pub(crate) async fn snapshot(&self, run: RunId) -> booking::Snapshot {
        allocator::snapshot(&self.db, run).await.unwrap().unwrap()
    }

    pub(crate) async fn state(&self, booking: BookingId) -> &'static str {
        booking::bookings::find(&self.db, booking)
            .await
            .unwrap()
            .unwrap()
            .state
            .name()
    }

    pub(crate) fn wait(&mut self, hours: i64) {
        self.now = self.now + Duration::hours(hours);
    }

    /// Raw SQL, with `$1` and so on for values.
    pub(crate) async fn exec<const N: usize>(&self, sql: &str, values: [Value; N]) -> u64 {
        exec(&self.db, sql, values).await
    }

    /// Sound records; then, on a server, the database goes.
    pub(crate) async fn leave_sound(self) {
        assert_eq!(booking::verify(&self.db, self.now).await.unwrap(), []);
        self.db.close().await.unwrap();
        if let Home::Server { server, name } = self.home {
            let admin = Database::connect(server).await.unwrap();
            admin
                .execute_unprepared(&format!("DROP DATABASE {name}"))
                .await
                .unwrap();
            admin.close().await.unwrap();
        }
    }
}

pub(crate) async fn allocate(
    db: &DatabaseConnection,
    now: Ts,
    run: RunId,
    asked: Asked,
) -> Result<Outcome, Error> {
    let tx = begin(db).await;
    let outcome = booking::allocate(&tx, now, &fresh, run, asked).await?;
    tx.commit().await?;
    Ok(outcome)
}

pub(crate) async fn begin(db: &DatabaseConnection) -> DatabaseTransaction {
    let options = TransactionOptions {
        sqlite_transaction_mode: Some(SqliteTransactionMode::Immediate),
        ..TransactionOptions::default()
    };
    db.begin_with_options(options).await.unwrap()
}

/// A first booking, with its answers.
pub(crate) fn first(change: Change, cause: Cause) -> Asked {
    Asked {
        change,
        cause,
        details: Some(details()),
    }
}

pub(crate) fn details() -> Details {
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

pub(crate) fn ask(person: PersonId) -> Ask {
    Ask {
        booking: BookingId(Uuid::new_v4()),
        person,
        proven: true,
        priority: false,
    }
}

pub(crate) async fn exec<const N: usize>(db: &impl ConnectionTrait, sql: &str, values: [Value; N]) -> u64 {
    let statement = Statement::from_sql_and_values(db.get_database_backend(), sql, values);
    db.execute_raw(statement).await.unwrap().rows_affected()
}

async fn add_person(db: &impl ConnectionTrait, now: Ts) -> PersonId {
    let id = Uuid::new_v4();
    let sql = "INSERT INTO person (id, full_name, email, email_bad, prefers, info_format, created_at) \
               VALUES ($1, $2, $3, $4, 'email', 'standard', $5)";
    let email = format!("{id}@example.org");
    exec(
        db,
        sql,
        [
            id.into(),
            "Sam Taylor".into(),
            email.into(),
            false.into(),
            now.into(),
        ],
    )
    .await;
    PersonId(id)
}

fn course() -> NewCourse {
    let outcome = |code: &str| Learning {
        code: code.to_owned(),
        text: "Listen".to_owned(),
        confidence_question: "How confident are you?".to_owned(),
    };
    NewCourse {
        code: "introduction".to_owned(),
        title: "Introduction to peer work".to_owned(),
        one_live: true,
        contact_name: "The team".to_owned(),
        contact_email: "team@example.org".to_owned(),
        contact_phone: "01632 960000".to_owned(),
        text: CourseText {
            summary: "Two mornings".to_owned(),
            methods: Vec::new(),
            outcomes: vec![outcome("listening")],
            topics: Vec::new(),
            planned_minutes: 360,
            sessions_required: Some(2),
            different_days: true,
            authors_note: String::new(),
            extras: sea_orm::JsonValue::Null,
        },
    }
}

pub(crate) fn meeting(date: Date) -> NewSession {
    NewSession {
        date,
        start: time!(10:00),
        end: time!(13:15),
        break_minutes: 15,
    }
}

fn dates(days: [Date; 2]) -> NewRun {
    NewRun {
        course_code: "introduction".to_owned(),
        label: "Two Tuesdays".to_owned(),
        capacity: 12,
        delivery: Delivery::Online,
        venue: None,
        join_url: None,
        opens_at: utc(date!(2027 - 05 - 03), 8, 0),
        closes_at: None,
        waiting_list: true,
        sessions: days.map(meeting).to_vec(),
    }
}
