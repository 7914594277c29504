//! The parts of the measurement, in the order of the table.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use tempfile::TempDir;
use tokio::sync::Mutex;
use web::database::Records;

use crate::child::{self, Program};
use crate::client::Client;
use crate::flow::{self, End, Lap};
use crate::load::{Load, Visitor, for_a_while, in_turns};
use crate::records::{Dates, Filler, PLACES, Postgres, embedded, found, one_connection};
use crate::replay::{Raw, Recorded, Script};
use crate::rush::Rush;
use crate::service::Service;
use crate::shelf::{Pile, Shelf};
use crate::table::{Line, alone, note, rates, said, times};
use crate::{Plan, Result, raw, rush as rushing};

/// How many dates the list of courses shows.
const LISTED: u32 = 20;

/// Reads one page again and again.
struct Reader {
    client: Client,
    path: &'static str,
}

impl Reader {
    fn several(service: std::net::SocketAddr, count: usize) -> Vec<Self> {
        (0..count)
            .map(|_| Self {
                client: Client::new(service),
                path: "/courses",
            })
            .collect()
    }
}

impl Visitor for Reader {
    async fn once(&mut self) -> Result<()> {
        let answer = self.client.get(self.path).await?;
        if answer.status == 200 {
            Ok(())
        } else {
            Err(format!("{}: {}", self.path, answer.status).into())
        }
    }
}

/// Books again and again, as somebody else each time.
struct Booker {
    client: Client,
    shelf: Where,
    /// The time that the last button took, each time.
    pressed: Vec<Duration>,
}

/// Where somebody books: with us, or on the bare server, whose dates are numbers.
enum Where {
    Ours(Shelf),
    Bare { run: usize, before: u32, step: usize },
}

impl Where {
    fn take(&mut self) -> Result<String> {
        match self {
            Self::Ours(of) => Ok(of.take()?.dates.book_path()),
            Self::Bare { run, before, step } => {
                if *before == PLACES {
                    (*before, *run) = (0, *run + *step);
                }
                *before += 1;
                Ok(raw::first_page(*run))
            }
        }
    }
}

impl Booker {
    fn new(server: std::net::SocketAddr, shelf: Where) -> Self {
        Self {
            client: Client::new(server),
            shelf,
            pressed: Vec::new(),
        }
    }
}

impl Visitor for Booker {
    async fn once(&mut self) -> Result<()> {
        let path = self.shelf.take()?;
        let mut last = Duration::ZERO;
        let mut hear = |lap: Lap| {
            if lap.method == "POST" {
                last = lap.took;
            }
        };
        match flow::book(&mut self.client, &path, flow::new_visitor(), &mut hear).await? {
            End::Booked => {
                self.pressed.push(last);
                Ok(())
            }
            End::NoPlace => Err("somebody found full dates that nobody else had".into()),
        }
    }
}

/// Records in a folder: a course, and what `fill` writes.
async fn filled<T>(records: &Records, fill: impl AsyncFnOnce(&mut Filler) -> Result<T>) -> Result<T> {
    found(records).await?;
    let mut filler = Filler::begin(records).await?;
    let made = fill(&mut filler).await?;
    filler.commit().await?;
    Ok(made)
}

/// The pages of a visit, as somebody hears them.
async fn visit(server: std::net::SocketAddr, dates: &Dates) -> Result<Vec<Lap>> {
    let mut laps = Vec::new();
    let mut client = Client::new(server);
    flow::book(&mut client, &dates.book_path(), flow::new_visitor(), &mut |lap| {
        laps.push(lap);
    })
    .await?;
    Ok(laps)
}

fn shown(laps: &[Lap]) -> Vec<usize> {
    laps.iter()
        .filter(|it| it.method == "GET")
        .map(|it| it.size)
        .collect()
}

/// The list of courses, with what is free at that moment, beside a static page of the same size.
pub(crate) async fn list(plan: &Plan) -> Result<Vec<Line>> {
    let folder = TempDir::new()?;
    let records = embedded(folder.path());
    filled(&records, async |it| {
        it.old_bookings(plan.few).await?;
        it.busy_dates(LISTED).await
    })
    .await?;
    let ours = Service::start(&records)?;
    let mut client = Client::new(ours.server.at);
    client.get("/courses").await?;
    let size = client.page()?.len();
    let raw = raw::start(
        folder.path(),
        raw::Sizes {
            list: size,
            pages: Vec::new(),
        },
    )?;
    let mut lines = Vec::new();
    for clients in [1, 8, 32] {
        let (ours, raw) = in_turns(
            Reader::several(ours.server.at, clients),
            Reader::several(raw.at, clients),
            plan.load,
        )
        .await?;
        let what = format!("list of courses, {LISTED} dates, {size} bytes, {clients} at a time");
        lines.push(rates(
            what,
            ours.per_second(),
            raw.per_second(),
            ">= 0.3 of a static page",
        ));
    }
    Ok(lines)
}

/// Dates enough for everybody who books in a part.
fn enough(plan: &Plan) -> u32 {
    u32::try_from(plan.load.as_secs()).unwrap_or(60) * 400
}

/// Bookings through all pages on the embedded database, beside the bare flow and beside the bare
/// statements.
pub(crate) async fn book(plan: &Plan) -> Result<Vec<Line>> {
    let folder = TempDir::new()?;
    let records = embedded(folder.path());
    let dates = filled(&records, async |it| it.coming_dates(enough(plan), PLACES).await).await?;
    let pile = Pile::new(dates);
    let (script, mut lines) = recorded(&records, &pile).await?;

    let ours = Service::start(&records)?;
    let sizes = shown(&visit(ours.server.at, &pile.take()?).await?);
    let bare = raw::start(
        folder.path(),
        raw::Sizes {
            list: 0,
            pages: sizes.clone(),
        },
    )?;
    let requests = 2 * sizes.len() - 1;
    let mut first_run = 1;
    for clients in [1, 8, 32] {
        let us = |_| Booker::new(ours.server.at, Where::Ours(Shelf::own(&pile)));
        let them = |n| {
            Booker::new(
                bare.at,
                Where::Bare {
                    run: first_run + n,
                    before: 0,
                    step: clients,
                },
            )
        };
        let (our_load, raw_load) = in_turns(
            (0..clients).map(us).collect(),
            (0..clients).map(them).collect(),
            plan.load,
        )
        .await?;
        first_run += 1_000_000;
        let what = format!(
            "bookings, {clients} at a time; bare flow of {requests} requests, {} commits",
            requests / 2
        );
        lines.push(rates(
            what,
            our_load.per_second(),
            raw_load.per_second(),
            ">= 0.35 of the bare flow",
        ));
        lines.push(waits(clients, &our_load, &raw_load));
    }
    let writer = Arc::new(Mutex::new(one_connection(&records).await?));
    for clients in [1, 8] {
        let us = |_| Booker::new(ours.server.at, Where::Ours(Shelf::own(&pile)));
        let mut them = Vec::new();
        for _ in 0..clients {
            let reader = Arc::new(Mutex::new(one_connection(&records).await?));
            let (script, writer, shelf) = (script.clone(), writer.clone(), Shelf::own(&pile));
            them.push(Raw {
                script,
                reader,
                writer,
                shelf,
            });
        }
        let (our_load, raw_load) = in_turns((0..clients).map(us).collect(), them, plan.load).await?;
        let what = format!("bookings, {clients} at a time; the same statements raw");
        lines.push(rates(what, our_load.per_second(), raw_load.per_second(), ""));
    }
    Ok(lines)
}

fn waits(clients: usize, ours: &Load, raw: &Load) -> Line {
    times(
        format!("  a whole booking, {clients} at a time, p99"),
        ours.percentile(99),
        raw.percentile(99),
        "",
    )
}

/// What one booking does, request by request, and the same as a script.
async fn recorded(records: &Records, pile: &Pile) -> Result<(Arc<Script>, Vec<Line>)> {
    let service = Service::start_recording(records)?;
    let here = pile.take()?;
    // The first visit of all fills caches and prepares statements.
    visit(service.server.at, &pile.take()?).await?;
    let mut laps = Vec::new();
    let first = listened(&service, &here, &mut laps).await?;
    let second = listened(&service, &here, &mut Vec::new()).await?;
    let elsewhere = listened(&service, &pile.take()?, &mut Vec::new()).await?;
    let script = Script::of(&first, &second, &elsewhere, &here)?;
    let mut lines = Vec::new();
    for (number, (lap, it)) in laps.iter().zip(&first).enumerate() {
        let what = format!(
            "  request {} of a booking: {}, {} bytes",
            number + 1,
            lap.method,
            lap.size
        );
        lines.push(alone(what, said(lap.took), "").beside(format!("{} statements", it.statements.len())));
    }
    let (statements, transactions) = script.size();
    lines.push(
        alone("statements of a booking", statements.to_string(), "")
            .beside(format!("{transactions} commits")),
    );
    if std::env::var_os("BENCH_STATEMENTS").is_some() {
        for (number, it) in first.iter().enumerate() {
            for statement in &it.statements {
                note(&format!("{}: {}", number + 1, statement.sql));
            }
        }
    }
    Ok((Arc::new(script), lines))
}

async fn listened(service: &Service, dates: &Dates, laps: &mut Vec<Lap>) -> Result<Vec<Recorded>> {
    let mut requests = Vec::new();
    let mut client = Client::new(service.server.at);
    service.recorder.take();
    let mut hear = |lap: Lap| {
        requests.push(Recorded {
            changes: lap.method == "POST",
            statements: service.recorder.take(),
        });
        laps.push(lap);
    };
    flow::book(&mut client, &dates.book_path(), flow::new_visitor(), &mut hear).await?;
    Ok(requests)
}

/// The same on `PostgreSQL`.
pub(crate) async fn postgres(plan: &Plan) -> Result<Vec<Line>> {
    let Some(server) = &plan.postgres else {
        return Err("no --postgres".into());
    };
    let database = Postgres::create(server, "book").await?;
    let lines = on_postgres(plan, &database.records()?).await;
    database.remove().await?;
    lines
}

/// The places of the dates that everybody wants at the same time.
const HALL: u32 = 200;

async fn on_postgres(plan: &Plan, records: &Records) -> Result<Vec<Line>> {
    let (dates, halls) = filled(records, async |it| {
        let dates = it.coming_dates(enough(plan), PLACES).await?;
        Ok((dates, it.halls(enough(plan) / 8, HALL).await?))
    })
    .await?;
    let pile = Pile::new(dates);
    let (script, mut lines) = recorded(records, &pile).await?;
    let ours = Service::start(records)?;
    let mut connections = Vec::new();
    for _ in 0..8 {
        connections.push(Arc::new(Mutex::new(one_connection(records).await?)));
    }
    let (some, others) = halls.split_at(halls.len() / 2);
    let shared = [
        Shelf::shared(some.to_vec(), HALL),
        Shelf::shared(others.to_vec(), HALL),
    ];
    for clients in [1, 8, 32] {
        let own = [Shelf::own(&pile), Shelf::own(&pile)];
        let cases = [("spread over dates", &own), ("all on one run", &shared)];
        for (name, [our_shelf, raw_shelf]) in cases
            .into_iter()
            .filter(|(name, _)| clients > 1 || name.starts_with("spread"))
        {
            let us = |_| Booker::new(ours.server.at, Where::Ours(our_shelf.clone()));
            let them = connections.iter().cycle().take(clients).map(|it| Raw {
                script: script.clone(),
                reader: it.clone(),
                writer: it.clone(),
                shelf: raw_shelf.clone(),
            });
            let (our_load, raw_load) =
                in_turns((0..clients).map(us).collect(), them.collect(), plan.load).await?;
            let what = format!("PostgreSQL: bookings, {name}, {clients} at a time; the same statements raw");
            lines.push(rates(
                what,
                our_load.per_second(),
                raw_load.per_second(),
                ">= 0.5 of the raw statements",
            ));
        }
    }
    Ok(lines)
}

/// A thousand people press the last button for twelve places.
pub(crate) async fn rush(_plan: &Plan) -> Result<Vec<Line>> {
    const PEOPLE: usize = 1000;
    let folder = TempDir::new()?;
    let records = embedded(folder.path());
    let dates = filled(&records, async |it| it.coming_dates(2, PLACES).await).await?;
    let service = Service::start(&records)?;
    let mut lines = Vec::new();
    for (dates, connections) in dates.iter().zip([PEOPLE, 256]) {
        let it = rushing::rush(service.server.at, &dates.book_path(), PEOPLE, connections).await?;
        let held = places(&records, dates).await?;
        lines.extend(told(&it, held, connections));
    }
    Ok(lines)
}

fn told(it: &Rush, held: usize, connections: usize) -> Vec<Line> {
    for error in it.errors.iter().take(3) {
        note(error);
    }
    let what = format!("1,000 press the last button for 12 places, {connections} connections");
    let counts = format!(
        "{held} hold, {} told so, {} told it is full",
        it.booked, it.told_full
    );
    vec![
        alone(what, counts, "12 hold, nobody told wrong").beside(format!("{} errors", it.errors.len())),
        alone("  answers: p50, p99, last", three(&it.answers), "all within 2 s"),
    ]
}

fn three(load: &Load) -> String {
    format!(
        "{}, {}, {}",
        said(load.percentile(50)),
        said(load.percentile(99)),
        said(load.longest())
    )
}

/// How many bookings hold a place, by the records.
async fn places(records: &Records, dates: &Dates) -> Result<usize> {
    let db = one_connection(records).await?;
    let snapshot = booking::allocator::snapshot(&db, ids::RunId(dates.run))
        .await?
        .ok_or("no such run")?;
    let held = snapshot
        .bookings
        .iter()
        .filter(|it| it.state.holds_a_place())
        .count();
    if snapshot.places.len() != held * snapshot.sessions.len() {
        return Err("places and bookings do not agree".into());
    }
    db.close().await?;
    Ok(held)
}

/// What few and many old bookings cost.
pub(crate) async fn few_and_many(plan: &Plan) -> Result<Vec<Line>> {
    let mut services = Vec::new();
    for count in [plan.few, plan.many] {
        let folder = TempDir::new()?;
        let records = embedded(folder.path());
        let dates = filled(&records, async |it| {
            it.old_bookings(count).await?;
            it.coming_dates(enough(plan) / 4, PLACES).await
        })
        .await?;
        // The list is measured with as many dates as a real one has.
        let listed = TempDir::new()?;
        filled(&embedded(listed.path()), async |it| {
            it.old_bookings(count).await?;
            it.busy_dates(LISTED).await
        })
        .await?;
        let list = Service::start(&embedded(listed.path()))?;
        services.push((Service::start(&records)?, list, Pile::new(dates), folder, listed));
    }
    let [(few, few_list, few_pile, ..), (many, many_list, many_pile, ..)] = services.as_slice() else {
        return Err("two records were wanted".into());
    };
    let booker = |service: &Service, pile| Booker::new(service.server.at, Where::Ours(Shelf::own(pile)));
    let (mut ours, mut theirs) = (vec![booker(many, many_pile)], vec![booker(few, few_pile)]);
    let (mut many_load, mut few_load) = (Load::default(), Load::default());
    for _ in 0..4 {
        let load;
        (theirs, load) = for_a_while(theirs, plan.load / 4).await?;
        few_load = few_load.and(load);
        let load;
        (ours, load) = for_a_while(ours, plan.load / 4).await?;
        many_load = many_load.and(load);
    }
    let pressed = |of: Vec<Booker>| {
        Load::of(
            Duration::from_secs(1),
            of.into_iter().flat_map(|it| it.pressed).collect(),
        )
    };
    let (many_pressed, few_pressed) = (pressed(ours), pressed(theirs));
    let (many_list, few_list) = in_turns(
        Reader::several(many_list.server.at, 1),
        Reader::several(few_list.server.at, 1),
        plan.load,
    )
    .await?;
    let mut lines = Vec::new();
    for (what, many, few) in [
        ("a whole booking", many_load, few_load),
        ("its last button", many_pressed, few_pressed),
        ("the list of courses", many_list, few_list),
    ] {
        for percent in [50, 99] {
            let what = format!(
                "{what}, {} beside {} old bookings, p{percent}",
                plan.many, plan.few
            );
            let goal = if percent == 99 { "<= 1.5" } else { "" };
            lines.push(times(
                what,
                many.percentile(percent),
                few.percentile(percent),
                goal,
            ));
        }
    }
    Ok(lines)
}

/// The program itself.
pub(crate) async fn program(plan: &Plan) -> Result<Vec<Line>> {
    let program = Program::find(plan.alongside.clone())?;
    let program = program.ok_or("build it first: cargo build --profile bench-fast --bin alongside")?;
    let outer = TempDir::new()?;
    let folder = outer.path().join("data");
    child::private(&folder)?;
    let records = embedded(&folder);
    // As many dates as a team has, in rooms that do not fill meanwhile.
    let (rooms, crowded) = filled(&records, async |it| {
        it.old_bookings(plan.many).await?;
        it.busy_dates(LISTED - 10).await?;
        Ok((it.halls(8, ROOM).await?, it.coming_dates(2, PLACES).await?))
    })
    .await?;
    let mut lines = Vec::new();
    let mut starts = Vec::new();
    for _ in 0..5 {
        let (running, took) = program.serve(&folder).await?;
        running.stop()?;
        starts.push(took);
    }
    starts.sort_unstable();
    let what = format!(
        "from nothing to the first page, {} old bookings, median of 5",
        plan.many
    );
    lines.push(alone(what, said(starts[2]), "<= 150 ms"));
    lines.push(verified(&program, &folder, plan.many)?);
    lines.extend(loaded(plan, &program, &folder, rooms).await?);
    lines.extend(crowd(&program, &folder, &records, &crowded).await?);
    lines.push(verified(&program, &folder, plan.many)?);
    lines.push(match program.released {
        Some(bytes) => alone(
            "size of the released program",
            format!("{:.1} MB", megabytes(bytes / 1000)),
            "<= 30 MB",
        ),
        None => alone(
            "size of the released program",
            "not measured: cargo build --release",
            "<= 30 MB",
        ),
    });
    Ok(lines)
}

fn verified(program: &Program, folder: &Path, bookings: u32) -> Result<Line> {
    let what = format!("alongside verify, {bookings} old bookings");
    Ok(alone(what, said(program.verify(folder)?), "<= 20 s at 100,000"))
}

fn megabytes(kilobytes: u64) -> f64 {
    u32::try_from(kilobytes).map_or(f64::INFINITY, f64::from) / 1000.0
}

/// The places of a room that does not fill while the program is under load.
const ROOM: u32 = 2_000;

async fn loaded(plan: &Plan, program: &Program, folder: &Path, rooms: Vec<Dates>) -> Result<Vec<Line>> {
    let (running, _) = program.serve(folder).await?;
    let fresh = running.memory()?;
    let bookers = rooms
        .into_iter()
        .map(|room| Booker::new(running.at, Where::Ours(Shelf::shared(vec![room], ROOM))))
        .collect();
    let (_, load) = for_a_while(bookers, plan.soak / 2).await?;
    let (_, pages) = for_a_while(Reader::several(running.at, 8), plan.soak / 2).await?;
    let memory = running.memory()?;
    running.stop()?;
    let what = |what: &str| format!("{what} after {} s of load, 8 at a time", plan.soak.as_secs());
    let fresh = format!("{:.0} MB at first", megabytes(fresh.now));
    Ok(vec![
        alone(
            "the program, mail written meanwhile: bookings",
            format!("{:.0}/s", load.per_second()),
            "",
        ),
        alone(
            "the program: list of courses",
            format!("{:.0}/s", pages.per_second()),
            "",
        ),
        alone(
            what("memory"),
            format!("{:.0} MB", megabytes(memory.now)),
            "<= 64 MB",
        )
        .beside(fresh),
        alone(
            what("most memory"),
            format!("{:.0} MB", megabytes(memory.most)),
            "",
        ),
    ])
}

async fn crowd(program: &Program, folder: &Path, records: &Records, dates: &[Dates]) -> Result<Vec<Line>> {
    const PEOPLE: usize = 1000;
    let mut lines = Vec::new();
    for (dates, connections) in dates.iter().zip([PEOPLE, 256]) {
        let (running, _) = program.serve(folder).await?;
        let it = rushing::rush(running.at, &dates.book_path(), PEOPLE, connections).await?;
        running.stop()?;
        let held = places(records, dates).await?;
        lines.extend(told(&it, held, connections).into_iter().map(|it| Line {
            what: format!("the program: {}", it.what.trim()),
            ..it
        }));
    }
    Ok(lines)
}
