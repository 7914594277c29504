//! The statements of a booking without the service: written down from real visits, then made again raw,
//! with the same number of transactions, for other people and other dates.
//!
//! What differs between two visits to the same dates was fresh; what differs between visits to two dates
//! names the dates.

use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use sea_orm::{ConnectionTrait, DatabaseConnection, Statement, Value};
use tokio::sync::Mutex;
use uuid::Uuid;

use crate::Result;
use crate::load::Visitor;
use crate::records::Dates;
use crate::shelf::{Place, Shelf};

/// What one request did to the records.
#[derive(Clone, Debug)]
pub(crate) struct Recorded {
    /// Whether it was a form: then its statements are one transaction.
    pub(crate) changes: bool,
    pub(crate) statements: Vec<Statement>,
}

/// The statements of a booking, with gaps.
#[derive(Debug)]
pub(crate) struct Script {
    requests: Vec<Request>,
}

#[derive(Debug)]
struct Request {
    changes: bool,
    statements: Vec<(Statement, Vec<Gap>)>,
}

/// Where a value comes from.
#[derive(Clone, Debug)]
enum Gap {
    Same(Value),
    /// The run, one of its sessions, or its word in addresses.
    Dates(usize),
    FreshId(Uuid),
    FreshText(String),
    /// So much in the first booking of the dates, and so much more in each after it.
    Counted(i64, i64),
}

fn names(dates: &Dates) -> [Value; 4] {
    let [first, second] = dates.sessions;
    [
        dates.run.into(),
        first.into(),
        second.into(),
        dates.slug.as_str().into(),
    ]
}

impl Script {
    /// From the first two visits to one run and the first to another.
    pub(crate) fn of(
        first: &[Recorded],
        second: &[Recorded],
        elsewhere: &[Recorded],
        dates: &Dates,
    ) -> Result<Self> {
        if first.len() != second.len() || first.len() != elsewhere.len() {
            return Err("two visits did not make the same requests".into());
        }
        let known = names(dates);
        let mut requests = Vec::new();
        for ((a, b), c) in first.iter().zip(second).zip(elsewhere) {
            let mut statements = Vec::new();
            if a.statements.len() != b.statements.len() || a.statements.len() != c.statements.len() {
                return Err("two visits did not make the same statements".into());
            }
            for ((a, b), c) in a.statements.iter().zip(&b.statements).zip(&c.statements) {
                if a.sql != b.sql || a.sql != c.sql {
                    return Err(format!("two visits differ: {} and {}", a.sql, b.sql).into());
                }
                let gaps = values(a).iter().zip(values(b)).zip(values(c));
                let gaps = gaps.map(|((a, b), c)| gap(a, b, c, &known)).collect();
                statements.push((a.clone(), gaps));
            }
            requests.push(Request {
                changes: a.changes,
                statements,
            });
        }
        Ok(Self { requests })
    }

    /// How many statements one booking makes, and in how many transactions.
    pub(crate) fn size(&self) -> (usize, usize) {
        let changes = self.requests.iter().filter(|it| it.changes).count();
        (self.requests.iter().map(|it| it.statements.len()).sum(), changes)
    }
}

fn values(statement: &Statement) -> &[Value] {
    statement.values.as_ref().map_or(&[], |it| &it.0)
}

fn gap(a: &Value, b: &Value, c: &Value, known: &[Value]) -> Gap {
    if a == b && a == c {
        return Gap::Same(a.clone());
    }
    if a == b
        && let Some(at) = known.iter().position(|it| it == a)
    {
        return Gap::Dates(at);
    }
    match (a, b) {
        (Value::Uuid(Some(a)), Value::Uuid(Some(_))) => Gap::FreshId(*a),
        (Value::String(Some(a)), Value::String(Some(b))) if a != b => Gap::FreshText(a.clone()),
        (Value::Int(Some(a)), Value::Int(Some(b))) => {
            Gap::Counted((*a).into(), i64::from(*b) - i64::from(*a))
        }
        (Value::BigInt(Some(a)), Value::BigInt(Some(b))) => Gap::Counted(*a, b - a),
        _ => Gap::Same(a.clone()),
    }
}

/// Somebody who makes the statements of one booking after the other.
pub(crate) struct Raw {
    pub(crate) script: Arc<Script>,
    pub(crate) reader: Arc<Mutex<DatabaseConnection>>,
    /// On `SQLite` everybody shares one connection, as the service does.
    pub(crate) writer: Arc<Mutex<DatabaseConnection>>,
    pub(crate) shelf: Shelf,
}

static NEXT: AtomicU64 = AtomicU64::new(1);

/// What was made afresh for one booking.
#[derive(Default)]
struct Fresh {
    ids: HashMap<Uuid, Uuid>,
    texts: HashMap<String, String>,
}

impl Fresh {
    fn id(&mut self, like: Uuid) -> Uuid {
        *self.ids.entry(like).or_insert_with(|| {
            let mut bytes = like.into_bytes();
            bytes[8..].copy_from_slice(&NEXT.fetch_add(1, Ordering::Relaxed).to_be_bytes());
            Uuid::from_bytes(bytes)
        })
    }

    /// A text of the same length; short ones differ in all letters, long ones at the end.
    fn text(&mut self, like: &str) -> String {
        let fresh = || {
            let number = format!("{:07X}", NEXT.fetch_add(1, Ordering::Relaxed));
            let kept: String = like
                .chars()
                .take(like.chars().count().saturating_sub(number.len()))
                .collect();
            kept + &number
        };
        self.texts.entry(like.to_owned()).or_insert_with(fresh).clone()
    }
}

impl Visitor for Raw {
    async fn once(&mut self) -> Result<()> {
        let Place { dates, before } = self.shelf.take()?;
        let known = names(&dates);
        let mut fresh = Fresh::default();
        for request in &self.script.requests {
            let db = if request.changes {
                self.writer.lock().await
            } else {
                self.reader.lock().await
            };
            if request.changes {
                db.execute_unprepared(begin(&db)).await?;
            }
            for (statement, gaps) in &request.statements {
                let values = gaps.iter().zip(values(statement)).map(|(gap, was)| match gap {
                    Gap::Same(value) => value.clone(),
                    Gap::Dates(at) => known.get(*at).cloned().unwrap_or_else(|| was.clone()),
                    Gap::FreshId(like) => fresh.id(*like).into(),
                    Gap::FreshText(like) => fresh.text(like).into(),
                    Gap::Counted(first, step) => counted(was, first + step * i64::from(before)),
                });
                let backend = db.get_database_backend();
                let made =
                    Statement::from_sql_and_values(backend, &statement.sql, values.collect::<Vec<_>>());
                if asks(&statement.sql) {
                    db.query_all_raw(made).await?;
                } else {
                    db.execute_raw(made).await?;
                }
            }
            if request.changes {
                db.execute_unprepared("COMMIT").await?;
            }
        }
        Ok(())
    }
}

fn begin(db: &DatabaseConnection) -> &'static str {
    if db.get_database_backend() == sea_orm::DbBackend::Sqlite {
        "BEGIN IMMEDIATE"
    } else {
        "BEGIN"
    }
}

fn counted(like: &Value, number: i64) -> Value {
    if matches!(like, Value::Int(_)) {
        i32::try_from(number).unwrap_or(i32::MAX).into()
    } else {
        number.into()
    }
}

fn asks(sql: &str) -> bool {
    sql.starts_with("SELECT") || sql.starts_with("WITH") || sql.contains(" RETURNING ")
}
