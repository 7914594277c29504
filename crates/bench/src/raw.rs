//! What the machine can do at best with the same tools: a bare axum server with pages of the same
//! size, the same number of requests, and one durable commit for each form that changes something.

use std::net::SocketAddr;
use std::path::Path as FilePath;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

use axum::Router;
use axum::body::Bytes;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::response::{Html, IntoResponse, Redirect, Response};
use axum::routing::get;
use sea_orm::sqlx::sqlite::{SqliteConnectOptions, SqliteJournalMode, SqlitePoolOptions, SqliteSynchronous};
use sea_orm::sqlx::{self, SqlitePool};

use crate::Result;
use crate::server::Server;

/// The sizes of the pages that the bare server imitates.
#[derive(Clone, Debug, Default)]
pub(crate) struct Sizes {
    /// The list of courses.
    pub(crate) list: usize,
    /// Each page of a booking that is shown, first to last; the last one says that it is done.
    pub(crate) pages: Vec<usize>,
}

struct Bare {
    list: Bytes,
    sizes: Vec<usize>,
    db: SqlitePool,
    next: AtomicI64,
}

type App = State<Arc<Bare>>;

/// Starts the bare server with a database in this folder.
pub(crate) fn start(folder: &FilePath, sizes: Sizes) -> Result<Server> {
    let file = folder.join("raw.db");
    Server::start(async |_: SocketAddr| {
        let options = SqliteConnectOptions::new()
            .filename(file)
            .create_if_missing(true)
            .journal_mode(SqliteJournalMode::Wal)
            .synchronous(SqliteSynchronous::Full);
        // One connection, so that writers queue in order instead of meeting each other's locks.
        let pool = SqlitePoolOptions::new()
            .max_connections(1)
            .test_before_acquire(false);
        let db = pool.connect_with(options).await?;
        for table in [
            "CREATE TABLE draft (id INTEGER PRIMARY KEY, run INTEGER NOT NULL, answers TEXT NOT NULL)",
            "CREATE TABLE booking (id INTEGER PRIMARY KEY, run INTEGER NOT NULL, seat INTEGER NOT NULL, \
             answers TEXT NOT NULL, UNIQUE (run, seat))",
        ] {
            sqlx::query(table).execute(&db).await?;
        }
        let bare = Bare {
            list: page(sizes.list, "").into(),
            sizes: sizes.pages,
            db,
            next: AtomicI64::new(1),
        };
        let router = Router::new()
            .route("/courses", get(list))
            .route("/runs/{run}/book", get(first).post(open))
            .route("/book/{draft}/{step}", get(question).post(answer))
            .with_state(Arc::new(bare));
        Ok(router)
    })
}

/// The address of the first question about a run.
pub(crate) fn first_page(run: usize) -> String {
    format!("/runs/{run}/book")
}

async fn list(State(bare): App) -> Html<Bytes> {
    Html(bare.list.clone())
}

async fn first(State(bare): App, Path(run): Path<i64>) -> Html<String> {
    Html(form(&bare, 0, &format!("/runs/{run}/book")))
}

async fn open(State(bare): App, Path(run): Path<i64>, answers: String) -> Result<Redirect, Failed> {
    let id = bare.next.fetch_add(1, Ordering::Relaxed);
    sqlx::query("INSERT INTO draft VALUES (?, ?, ?)")
        .bind(id)
        .bind(run)
        .bind(answers)
        .execute(&bare.db)
        .await?;
    Ok(Redirect::to(&format!("/book/{id}/1")))
}

async fn question(State(bare): App, Path((draft, step)): Path<(i64, usize)>) -> Html<String> {
    Html(form(&bare, step, &format!("/book/{draft}/{step}")))
}

async fn answer(
    State(bare): App,
    Path((draft, step)): Path<(i64, usize)>,
    answers: String,
) -> Result<Response, Failed> {
    let next = step + 1;
    if next + 1 == bare.sizes.len() {
        if !take_place(&bare, draft).await? {
            return Ok(StatusCode::CONFLICT.into_response());
        }
    } else {
        sqlx::query("UPDATE draft SET answers = ? WHERE id = ?")
            .bind(answers)
            .bind(draft)
            .execute(&bare.db)
            .await?;
    }
    Ok(Redirect::to(&format!("/book/{draft}/{next}")).into_response())
}

/// A place for whoever wrote the draft, if one is left: one durable commit.
async fn take_place(bare: &Bare, draft: i64) -> Result<bool, sqlx::Error> {
    let mut db = bare.db.acquire().await?;
    sqlx::query("BEGIN IMMEDIATE").execute(&mut *db).await?;
    let (run, answers): (i64, String) = sqlx::query_as("SELECT run, answers FROM draft WHERE id = ?")
        .bind(draft)
        .fetch_one(&mut *db)
        .await?;
    let (taken,): (i64,) = sqlx::query_as("SELECT count(*) FROM booking WHERE run = ?")
        .bind(run)
        .fetch_one(&mut *db)
        .await?;
    let free = taken < 12;
    if free {
        sqlx::query("INSERT INTO booking VALUES (?, ?, ?, ?)")
            .bind(draft)
            .bind(run)
            .bind(taken + 1)
            .bind(answers)
            .execute(&mut *db)
            .await?;
    }
    sqlx::query("COMMIT").execute(&mut *db).await?;
    Ok(free)
}

fn form(bare: &Bare, step: usize, action: &str) -> String {
    let form = format!(
        "<form method=\"post\" action=\"{action}\"><input type=\"hidden\" name=\"op\" \
         value=\"00000000000000000000000000000000\"></form>"
    );
    page(bare.sizes.get(step).copied().unwrap_or(0), &form)
}

/// A page of this many bytes.
fn page(size: usize, inside: &str) -> String {
    let mut page = String::with_capacity(size.max(inside.len()));
    page.push_str(inside);
    while page.len() < size {
        let more = &FILLER[..FILLER.len().min(size - page.len())];
        page.push_str(more);
    }
    page
}

const FILLER: &str = "<p>A page of ours is as long as this one, and says something.</p>\n";

/// The bare server has no words for what goes wrong.
struct Failed(sqlx::Error);

impl From<sqlx::Error> for Failed {
    fn from(error: sqlx::Error) -> Self {
        Self(error)
    }
}

impl IntoResponse for Failed {
    fn into_response(self) -> Response {
        (StatusCode::INTERNAL_SERVER_ERROR, self.0.to_string()).into_response()
    }
}
