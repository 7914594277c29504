//! What Alongside costs, beside what the machine can do at best: one run on one machine, so that what
//! else the machine does falls on both sides of a ratio. Nothing is asserted; `docs/figures.md` says how
//! to read the table.

mod child;
mod client;
mod flow;
mod load;
mod parts;
mod raw;
mod records;
mod replay;
mod rush;
mod server;
mod service;
mod shelf;
mod table;

use std::path::PathBuf;
use std::time::Duration;

use clap::{Parser, ValueEnum};

use crate::table::{Line, note};

/// Whatever goes wrong here ends a part of the measurement with a sentence.
pub(crate) type Result<T, E = Box<dyn std::error::Error + Send + Sync>> = std::result::Result<T, E>;

/// Measures the service beside the raw limit of this machine and prints a table with ratios.
#[derive(Debug, Parser)]
struct Arguments {
    /// Shorter, and with 1,000 and 10,000 old bookings instead of 1,000 and 100,000.
    #[arg(long)]
    quick: bool,
    /// A server of `PostgreSQL` on which databases can be made; otherwise the one in `TEST_POSTGRES_URL`.
    #[arg(long, value_name = "URL")]
    postgres: Option<String>,
    /// The program to start; otherwise the one beside this one.
    #[arg(long, value_name = "FILE")]
    alongside: Option<PathBuf>,
    /// Only these parts.
    #[arg(long, value_enum)]
    only: Vec<Part>,
    /// Old bookings in the larger records.
    #[arg(long, value_name = "NUMBER")]
    bookings: Option<u32>,
}

/// What can be measured.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Part {
    /// The list of courses beside a static page.
    List,
    /// Bookings on the embedded database.
    Book,
    /// Bookings on `PostgreSQL`.
    Postgres,
    /// A thousand people, twelve places.
    Rush,
    /// Few and many old bookings.
    Records,
    /// The program itself: start, memory, size, verify.
    Program,
}

/// How much is measured.
#[derive(Clone, Debug)]
pub(crate) struct Plan {
    /// How long each load lasts.
    pub(crate) load: Duration,
    /// How long the program is kept busy before its memory is read.
    pub(crate) soak: Duration,
    /// Old bookings in the smaller and in the larger records.
    pub(crate) few: u32,
    pub(crate) many: u32,
    pub(crate) postgres: Option<String>,
    pub(crate) alongside: Option<PathBuf>,
}

fn main() -> Result<()> {
    let arguments = Arguments::parse();
    let plan = Plan {
        load: Duration::from_secs(if arguments.quick { 3 } else { 9 }),
        soak: Duration::from_secs(if arguments.quick { 10 } else { 60 }),
        few: 1_000,
        many: arguments
            .bookings
            .unwrap_or(if arguments.quick { 10_000 } else { 100_000 }),
        postgres: arguments
            .postgres
            .or_else(|| std::env::var("TEST_POSTGRES_URL").ok()),
        alongside: arguments.alongside,
    };
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .build()?;
    let mut lines = Vec::new();
    let every = Part::value_variants();
    for part in every
        .iter()
        .filter(|it| arguments.only.is_empty() || arguments.only.contains(it))
    {
        note(&format!("measuring: {part:?}"));
        let measured = runtime.block_on(measure(*part, &plan));
        lines.extend(measured.unwrap_or_else(|why| {
            vec![table::alone(
                format!("{part:?}"),
                format!("not measured: {why}"),
                "",
            )]
        }));
    }
    table::print(&lines)
}

async fn measure(part: Part, plan: &Plan) -> Result<Vec<Line>> {
    match part {
        Part::List => parts::list(plan).await,
        Part::Book => parts::book(plan).await,
        Part::Postgres => parts::postgres(plan).await,
        Part::Rush => parts::rush(plan).await,
        Part::Records => parts::few_and_many(plan).await,
        Part::Program => parts::program(plan).await,
    }
}
