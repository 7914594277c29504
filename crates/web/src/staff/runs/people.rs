//! Everybody with a booking on one date: picked out and sorted by the address of the page, chosen for an act
//! together, and the same list as a file (U-40, T-42).

use std::collections::BTreeMap;

use axum::extract::{Query, State};
use axum::http::Uri;
use axum::response::{IntoResponse, Redirect, Response};
use axum_extra::routing::TypedPath;
use booking::BookingRecord;
use booking::search::{Search, Sort};
use ids::RunId;
use sea_orm::ConnectionTrait;
use serde::{Deserialize, Serialize};

use super::people_acts::{self, Bulk};
use super::{OnePath, RunsPath, Shell, named, said as of_dates};
use crate::app::App;
use crate::csv::Csv;
use crate::error::Error;
use crate::pages::Page;
use crate::people::{self, Person};
use crate::public::questions::{self, WAYS};
use crate::routes::{Routes, Who};
use crate::sign_in::numbers::Numbers;
use crate::sign_in::role::TEAM;
use crate::sign_in::step_up::StepUpPath;
use crate::sign_in::{SignedIn, next};
use crate::staff::bookings::BookingPath;
use crate::staff::lists::{Choice, Column, Pages, Query as Address};
use crate::staff::said;
use crate::words;

/// `/team/runs/{run}/people`
#[derive(TypedPath, Deserialize)]
#[typed_path("/team/runs/{run}/people")]
pub(super) struct PeoplePath {
    pub run: String,
}

/// `/team/runs/{run}/people.csv`
#[derive(TypedPath, Deserialize)]
#[typed_path("/team/runs/{run}/people.csv")]
struct FilePath {
    run: String,
}

impl PeoplePath {
    pub(super) fn of(run: RunId) -> Self {
        Self { run: run.to_string() }
    }
}

pub(super) fn routes() -> Routes {
    Routes::default()
        .get::<PeoplePath, _, _>(Who::Roles(TEAM), show)
        .get::<FilePath, _, _>(Who::Roles(TEAM), download)
        .and(people_acts::routes())
}

/// Rows on a page.
const ROWS: u64 = 25;
/// More rows than dates can have.
const ALL: u64 = 100_000;

/// What the address of the page asks for; what makes no sense is left out.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Asked {
    pub q: String,
    pub status: String,
    sort: String,
    page: String,
    done: String,
    many: String,
    not: String,
}

impl Asked {
    /// What is picked out, however it is sorted.
    pub(super) fn picked(q: String, status: String) -> Self {
        Self {
            q,
            status,
            ..Self::default()
        }
    }
}

/// The columns that can be sorted by: what the address says, and what that means.
const SORTS: [(&str, Sort); 3] = [
    ("name", Sort::Name),
    ("status", Sort::State),
    ("made", Sort::Made),
];

/// What is looked for on one date, and the address that says so. The number, a page, the file and an act for
/// all of them come from one query.
#[derive(Clone, Debug)]
pub(super) struct View {
    search: Search,
    pub address: Address,
    page: String,
}

impl View {
    pub(super) fn of(run: RunId, asked: &Asked) -> Self {
        let words: String = asked.q.trim().chars().take(100).collect();
        let state = said::STATES.iter().find(|(name, _)| *name == asked.status);
        let (name, descending) = match asked.sort.strip_prefix('-') {
            Some(name) => (name, true),
            None => (asked.sort.as_str(), false),
        };
        let sort = SORTS.iter().find(|(it, _)| *it == name);
        let address = Address::new(PeoplePath::of(run).to_string())
            .with("q", &words)
            .with("status", state.map_or("", |it| it.0))
            .sorted(sort.map_or("name", |_| asked.sort.as_str()));
        Self {
            search: Search {
                words,
                states: state.iter().map(|it| it.0).collect(),
                run: Some(run),
                sort: sort.map_or(Sort::Name, |it| it.1),
                descending: descending && sort.is_some(),
            },
            address,
            page: asked.page.clone(),
        }
    }

    pub(super) async fn count(&self, db: &impl ConnectionTrait) -> Result<u64, Error> {
        Ok(self.search.count(db).await?)
    }

    /// Everybody who is picked out.
    pub(super) async fn all(&self, db: &impl ConnectionTrait) -> Result<Vec<BookingRecord>, Error> {
        Ok(self.search.page(db, 0, ALL).await?)
    }
}

async fn show(
    PeoplePath { run }: PeoplePath,
    State(app): State<App>,
    me: SignedIn,
    Query(asked): Query<Asked>,
) -> Result<Response, Error> {
    let plan = named(&app, &run).await?;
    let db = app.reader();
    let view = View::of(plan.dates.id, &asked);
    let found = view.count(db).await?;
    let pages = Pages::new(found, ROWS, &view.page);
    let records = view.search.page(db, pages.skip(), ROWS).await?;
    let people = people_of(db, &records).await?;
    let rows = records
        .iter()
        .filter_map(|it| Some(Row::of(it, people.get(&it.person)?)));
    let shell = Shell::of(&app, &me, RunsPath::PATH).await?;
    let page = ListPage::new(
        (plan.dates.id, of_dates::dates(&plan)),
        &view,
        found,
        &pages,
        rows.collect(),
        shell,
    );
    let op = app.secrets().op();
    app.page(&ListPage {
        op,
        ..page.after(&asked)
    })
    .await
}

/// The people of these bookings.
pub(super) async fn people_of(
    db: &impl ConnectionTrait,
    records: &[BookingRecord],
) -> Result<BTreeMap<ids::PersonId, Person>, Error> {
    let people = people::several(db, records.iter().map(|it| it.person)).await?;
    Ok(people.into_iter().map(|it| (it.id, it)).collect())
}

/// The same list as a file, after a fresh code (T-18); who took it is written down first (T-48).
async fn download(
    FilePath { run }: FilePath,
    State(app): State<App>,
    me: SignedIn,
    Query(asked): Query<Asked>,
    uri: Uri,
) -> Result<Response, Error> {
    let plan = named(&app, &run).await?;
    let db = app.reader();
    if !me.is_stepped_up(&Numbers::load(db).await?, app.now()) {
        let path = next::with(&StepUpPath.to_string(), next::of(&uri).as_deref());
        return Ok(Redirect::to(&path).into_response());
    }
    let records = View::of(plan.dates.id, &asked).all(db).await?;
    let people = people_of(db, &records).await?;
    let mut file = Csv::new(&COLUMNS)?;
    for it in &records {
        if let Some(person) = people.get(&it.person) {
            file.row(&cells(it, person))?;
        }
    }
    let about = ("run", plan.dates.id.to_string());
    app.note_export(me.person, about, file.rows(), None).await?;
    file.answer(&format!("people-{}", plan.dates.slug))
}

/// The columns of the file. What helps people is not among them (C3).
const COLUMNS: [&str; 8] = [
    "Name",
    "What we call them",
    "Email address",
    "Phone number",
    "How we get in touch",
    "Status",
    "Reference",
    "Booked on",
];

fn cells(it: &BookingRecord, person: &Person) -> [String; 8] {
    [
        person.full_name.clone(),
        person.called(),
        person.email.clone().unwrap_or_default(),
        person.phone.clone().unwrap_or_default(),
        questions::words(&WAYS, &person.prefers).to_owned(),
        said::tag(it.state).0,
        it.reference.clone(),
        words::date_time(it.created_at),
    ]
}

/// One booking in the list.
#[derive(Clone, Debug, Serialize)]
struct Row {
    name: String,
    href: String,
    hidden: String,
    email: String,
    phone: String,
    status: String,
    colour: &'static str,
    made: String,
    pick: Pick,
}

/// The box that picks a row.
#[derive(Clone, Debug, Serialize)]
struct Pick {
    name: &'static str,
    value: String,
    label: String,
}

impl Row {
    fn of(it: &BookingRecord, person: &Person) -> Self {
        let (status, colour) = said::tag(it.state);
        Self {
            name: person.full_name.clone(),
            href: BookingPath::of(&it.reference).to_string(),
            hidden: format!("see booking {}", it.reference),
            email: person.email.clone().unwrap_or_else(|| "None".to_owned()),
            phone: person.phone.clone().unwrap_or_else(|| "None".to_owned()),
            status,
            colour,
            made: words::date_time(it.created_at),
            pick: Pick {
                name: "booking",
                value: it.reference.clone(),
                label: format!("Select {}, booking {}", person.full_name, it.reference),
            },
        }
    }
}

#[derive(Clone, Debug, Serialize)]
struct ListPage {
    heading: String,
    dates: String,
    /// What was done just before.
    done: String,
    /// Says what the list is narrowed down to; empty if to nothing.
    showing: String,
    q: String,
    status: String,
    statuses: Vec<Choice>,
    sort: String,
    action: String,
    file_url: String,
    back_url: String,
    choose_url: String,
    acts: Vec<Choice>,
    columns: Vec<Column>,
    rows: Vec<Row>,
    pages: Pages,
    op: String,
    shell: Shell,
}

impl ListPage {
    fn new(
        (run, dates): (RunId, String),
        view: &View,
        found: u64,
        pages: &Pages,
        rows: Vec<Row>,
        shell: Shell,
    ) -> Self {
        let heading = match found {
            0 => "No bookings".to_owned(),
            1 => "1 booking".to_owned(),
            many => format!("{many} bookings"),
        };
        let mut statuses = vec![Choice::new("", "All")];
        statuses.extend(
            said::STATES
                .iter()
                .map(|(value, text)| Choice::new(*value, *text)),
        );
        let (q, status) = (view.search.words.clone(), view.address.value("status"));
        let named = Some(format!("“{q}”")).filter(|_| !q.is_empty());
        let picked = statuses
            .iter()
            .find(|it| !status.is_empty() && it.value == status);
        let showing: Vec<String> = named
            .into_iter()
            .chain(picked.map(|it| it.text.clone()))
            .collect();
        let file = FilePath { run: run.to_string() }.to_string();
        Self {
            heading: format!("{heading} on these dates"),
            dates,
            done: String::new(),
            showing: showing.join(", "),
            q,
            status,
            statuses,
            sort: view.address.sort.clone(),
            action: PeoplePath::of(run).to_string(),
            file_url: view.address.at(file),
            back_url: OnePath::of(run).to_string(),
            choose_url: people_acts::ChosenPath::of(run).to_string(),
            acts: Bulk::ALL
                .iter()
                .map(|it| Choice::new(it.name(), it.words()))
                .collect(),
            columns: vec![
                view.address.column("Name", "name"),
                Column::plain("Email address"),
                Column::plain("Phone number"),
                view.address.column("Status", "status"),
                view.address.column("Booked on", "made"),
                Column::plain("Choose"),
            ],
            rows,
            pages: pages.linked(&view.address),
            op: String::new(),
            shell,
        }
    }

    /// With what was done just before, as the address says.
    fn after(self, asked: &Asked) -> Self {
        let number = |it: &str| it.parse::<u64>().ok();
        let (Some(act), Some(many)) = (Bulk::named(&asked.done), number(&asked.many)) else {
            return self;
        };
        let not = number(&asked.not).unwrap_or_default();
        Self {
            done: act.done(many, not),
            ..self
        }
    }
}

impl Page for ListPage {
    const TEMPLATE: &'static str = "pages/staff/runs/people.html";

    #[cfg(test)]
    fn samples() -> Vec<Self> {
        use booking::State as Standing;
        let held = crate::public::manage::tests::held(Standing::Booked, true);
        let row = |state, reference: &str| {
            let record = BookingRecord {
                state,
                reference: reference.to_owned(),
                ..held.record.clone()
            };
            Row::of(&record, &held.person)
        };
        let rows = || {
            vec![
                row(Standing::Booked, "4827 KX"),
                row(Standing::Waiting, "0031 TA"),
            ]
        };
        let page = |asked: Asked, found, rows: Vec<Row>| {
            let view = View::of(held.run.id, &asked);
            let pages = Pages::new(found, ROWS, &view.page);
            let dates = (held.run.id, "Tuesday 8 and Tuesday 15 June 2027".to_owned());
            let page = Self::new(dates, &view, found, &pages, rows, Shell::sample());
            let op = "0".repeat(32);
            Self {
                op,
                ..page.after(&asked)
            }
        };
        let narrow = Asked {
            q: "sam".to_owned(),
            status: "waiting".to_owned(),
            sort: "-made".to_owned(),
            page: "2".to_owned(),
            ..Asked::default()
        };
        let done = Asked {
            done: "cancel".to_owned(),
            many: "3".to_owned(),
            not: "1".to_owned(),
            ..Asked::default()
        };
        vec![
            page(Asked::default(), 2, rows()),
            page(narrow.clone(), 500, rows()),
            page(narrow, 0, Vec::new()),
            page(Asked::default(), 0, Vec::new()),
            page(done, 2, rows()),
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
}
