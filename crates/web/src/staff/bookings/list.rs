//! All bookings: searched, picked out and sorted by the address of the page (U-40).

use std::collections::BTreeMap;

use axum::extract::{Query, State};
use axum::response::Response;
use axum_extra::routing::TypedPath;
use booking::BookingRecord;
use booking::calendar::{self, RunDates};
use booking::search::{Search, Sort};
use serde::{Deserialize, Serialize};
use time::Duration;

use super::{BookingPath, BookingsPath, NewPath};
use crate::app::App;
use crate::error::Error;
use crate::pages::Page;
use crate::people::{self, Person};
use crate::sign_in::SignedIn;
use crate::staff::lists::{Choice, Column, Pages, Query as Address};
use crate::staff::{Shell, said};
use crate::words;

/// Rows on a page.
const ROWS: u64 = 25;
/// How long dates that are over can still be picked out.
const SINCE: Duration = Duration::days(365);

/// What the address of the page asks for; what makes no sense is left out.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Asked {
    q: String,
    status: String,
    dates: String,
    sort: String,
    page: String,
}

/// The columns that can be sorted by: what the address says, and what that means.
const SORTS: [(&str, Sort); 4] = [
    ("name", Sort::Name),
    ("dates", Sort::Dates),
    ("status", Sort::State),
    ("made", Sort::Made),
];

pub(super) async fn show(
    _: BookingsPath,
    State(app): State<App>,
    me: SignedIn,
    Query(asked): Query<Asked>,
) -> Result<Response, Error> {
    let db = app.reader();
    let runs = calendar::upcoming(db, None, app.now() - SINCE).await?;
    let view = View::of(asked, &runs);
    let found = view.search.count(db).await?;
    let pages = Pages::new(found, ROWS, &view.page);
    let rows = view.search.page(db, pages.skip(), ROWS).await?;
    let table = rows_of(&app, rows).await?;
    let shell = Shell::of(&app, &me, BookingsPath::PATH).await?;
    app.page(&ListPage::new(&view, found, &pages, table, shell)).await
}

/// What is looked for, and the address that says so.
#[derive(Clone, Debug)]
struct View {
    search: Search,
    address: Address,
    page: String,
    dates: Vec<Choice>,
}

impl View {
    fn of(asked: Asked, runs: &[RunDates]) -> Self {
        let words: String = asked.q.trim().chars().take(100).collect();
        let state = said::STATES.iter().find(|(name, _)| *name == asked.status);
        let run = runs.iter().find(|it| run_value(it) == asked.dates);
        let (name, descending) = match asked.sort.strip_prefix('-') {
            Some(name) => (name, true),
            None => (asked.sort.as_str(), false),
        };
        let sort = SORTS.iter().find(|(it, _)| *it == name);
        let address = Address::new(BookingsPath::PATH)
            .with("q", &words)
            .with("status", state.map_or("", |it| it.0))
            .with("dates", &run.map(run_value).unwrap_or_default())
            .sorted(sort.map_or("-made", |_| asked.sort.as_str()));
        let search = Search {
            words,
            states: state.iter().map(|it| it.0).collect(),
            run: run.map(|it| it.id),
            sort: sort.map_or(Sort::Made, |it| it.1),
            // The newest first, unless asked otherwise.
            descending: descending || sort.is_none(),
        };
        let dates = runs.iter().map(|it| Choice::new(run_value(it), run_words(it)));
        Self {
            search,
            address,
            page: asked.page,
            dates: dates.collect(),
        }
    }
}

fn run_value(it: &RunDates) -> String {
    format!("{}/{}", it.course_code, it.slug)
}

fn run_words(it: &RunDates) -> String {
    format!("{}: {}", it.course_title, words::dates(&it.sessions))
}

/// One booking in the list.
#[derive(Clone, Debug, Serialize)]
struct Row {
    name: String,
    href: String,
    hidden: String,
    dates: String,
    status: String,
    colour: &'static str,
    phone: String,
    reference: String,
    made: String,
}

async fn rows_of(app: &App, records: Vec<BookingRecord>) -> Result<Vec<Row>, Error> {
    let db = app.reader();
    let people = people::several(db, records.iter().map(|it| it.person)).await?;
    let people: BTreeMap<_, _> = people.into_iter().map(|it| (it.id, it)).collect();
    let runs = calendar::runs(db, records.iter().map(|it| it.run)).await?;
    let row = |it: BookingRecord| {
        let run = runs.iter().find(|run| run.id == it.run)?;
        Some(Row::of(&it, people.get(&it.person)?, run))
    };
    Ok(records.into_iter().filter_map(row).collect())
}

impl Row {
    fn of(it: &BookingRecord, person: &Person, run: &RunDates) -> Self {
        let (status, colour) = said::tag(it.state);
        Self {
            name: person.full_name.clone(),
            href: BookingPath::of(&it.reference).to_string(),
            hidden: format!("see booking {}", it.reference),
            dates: words::dates(&run.sessions),
            status,
            colour,
            phone: person.phone.clone().unwrap_or_default(),
            reference: it.reference.clone(),
            made: words::date_time(it.created_at),
        }
    }
}

#[derive(Clone, Debug, Serialize)]
struct ListPage {
    heading: String,
    /// Says what the list is narrowed down to; empty if to nothing.
    showing: String,
    q: String,
    status: String,
    statuses: Vec<Choice>,
    picked: String,
    dates: Vec<Choice>,
    sort: String,
    action: &'static str,
    new_url: &'static str,
    columns: Vec<Column>,
    rows: Vec<Row>,
    pages: Pages,
    shell: Shell,
}

/// "24 bookings", "1 booking", "No bookings".
fn counted(found: u64) -> String {
    match found {
        0 => "No bookings".to_owned(),
        1 => "1 booking".to_owned(),
        many => format!("{many} bookings"),
    }
}

impl ListPage {
    fn new(view: &View, found: u64, pages: &Pages, rows: Vec<Row>, shell: Shell) -> Self {
        let all = |text: &str| vec![Choice::new("", text)];
        let mut statuses = all("All");
        statuses.extend(
            said::STATES
                .iter()
                .map(|(value, text)| Choice::new(*value, *text)),
        );
        let mut dates = all("All dates");
        dates.extend(view.dates.iter().cloned());
        let (status, picked) = (view.address.value("status"), view.address.value("dates"));
        let words = |of: &[Choice], value: &str| {
            let found = of.iter().find(|it| !value.is_empty() && it.value == value);
            found.map(|it| it.text.clone())
        };
        let q = view.search.words.clone();
        let named = Some(format!("“{q}”")).filter(|_| !q.is_empty());
        let showing = [named, words(&statuses, &status), words(&dates, &picked)];
        let showing: Vec<String> = showing.into_iter().flatten().collect();
        Self {
            heading: counted(found),
            showing: showing.join(", "),
            q,
            status,
            statuses,
            picked,
            dates,
            sort: view.address.sort.clone(),
            action: BookingsPath::PATH,
            new_url: NewPath::PATH,
            columns: vec![
                view.address.column("Name", "name"),
                view.address.column("Dates", "dates"),
                view.address.column("Status", "status"),
                Column::plain("Phone number"),
                Column::plain("Reference"),
                view.address.column("Booked on", "made"),
            ],
            rows,
            pages: pages.linked(&view.address),
            shell,
        }
    }
}

impl Page for ListPage {
    const TEMPLATE: &'static str = "pages/staff/bookings/list.html";

    #[cfg(test)]
    fn samples() -> Vec<Self> {
        use booking::State;
        let held = crate::public::manage::tests::held(State::Booked, true);
        let row = |state| {
            let record = BookingRecord {
                state,
                ..held.record.clone()
            };
            Row::of(&record, &held.person, &held.run)
        };
        let rows = || vec![row(State::Booked), row(State::Waiting)];
        let page = |asked: Asked, found, rows: Vec<Row>| {
            let view = View::of(asked, std::slice::from_ref(&held.run));
            let pages = Pages::new(found, ROWS, &view.page);
            Self::new(&view, found, &pages, rows, Shell::sample())
        };
        let narrow = Asked {
            q: "sam".to_owned(),
            status: "waiting".to_owned(),
            dates: run_value(&held.run),
            sort: "-name".to_owned(),
            page: "2".to_owned(),
        };
        vec![
            page(Asked::default(), 2, rows()),
            page(narrow.clone(), 1200, rows()),
            page(narrow, 0, Vec::new()),
            page(Asked::default(), 0, Vec::new()),
        ]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pages_hold() {
        crate::pages_test::check::<ListPage>();
    }

    #[test]
    fn what_makes_no_sense_in_the_address_is_left_out() {
        let asked = Asked {
            status: "lost".to_owned(),
            dates: "intro/never".to_owned(),
            sort: "password".to_owned(),
            ..Asked::default()
        };
        let view = View::of(asked, &[]);
        let plain = Search {
            descending: true,
            ..Search::default()
        };
        assert_eq!(view.search, plain);
    }
}
