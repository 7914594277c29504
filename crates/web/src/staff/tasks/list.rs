//! Open tasks: urgent ones first, then by when they are due.

use axum::extract::{Query, State};
use axum::response::Response;
use axum_extra::routing::TypedPath;
use sea_orm::{
    ColumnTrait, ConnectionTrait, EntityTrait, PaginatorTrait, QueryFilter, QueryOrder, QuerySelect, Select,
};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::{Found, TaskPath, TasksPath, say};
use crate::app::App;
use crate::entity::team_task;
use crate::error::Error;
use crate::pages::Page;
use crate::sign_in::SignedIn;
use crate::sign_in::role::LEADS;
use crate::staff::Shell;
use crate::staff::lists::{Pages, Query as Address};
use crate::tasks::TaskKind;
use crate::words;

/// Rows on a page.
const ROWS: u64 = 25;

#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Asked {
    page: String,
}

fn open() -> Select<team_task::Entity> {
    team_task::Entity::find().filter(team_task::Column::State.eq("open"))
}

/// The open tasks that somebody may read: what is for leads, others do not see (T-11).
fn open_for(me: &SignedIn) -> Select<team_task::Entity> {
    if me.is_any(LEADS) {
        return open();
    }
    open().filter(team_task::Column::Kind.ne(TaskKind::ManyRecords.name()))
}

/// How many tasks are open that they may read.
pub(in crate::staff) async fn count(db: &impl ConnectionTrait, me: &SignedIn) -> Result<u64, Error> {
    Ok(open_for(me).count(db).await?)
}

/// The open tasks about these records: which record, what is to be done, and the page of the task.
pub(in crate::staff) async fn open_about(
    db: &impl ConnectionTrait,
    about: Vec<Uuid>,
) -> Result<Vec<(Uuid, &'static str, String)>, Error> {
    let tasks = open().filter(team_task::Column::About.is_in(about));
    let tasks = tasks.order_by_asc(team_task::Column::Due).all(db).await?;
    let line = |it: &team_task::Model| (it.about, say::what(TaskKind::named(&it.kind)), TaskPath::of(it));
    Ok(tasks.iter().map(line).collect())
}

pub(super) async fn show(
    _: TasksPath,
    State(app): State<App>,
    me: SignedIn,
    Query(asked): Query<Asked>,
) -> Result<Response, Error> {
    let db = app.reader();
    let found = count(db, &me).await?;
    let pages = Pages::new(found, ROWS, &asked.page);
    let tasks = open_for(&me)
        .order_by_desc(team_task::Column::Urgent)
        .order_by_asc(team_task::Column::Due)
        .order_by_asc(team_task::Column::CreatedAt)
        .order_by_asc(team_task::Column::Id)
        .offset(pages.skip())
        .limit(ROWS);
    let mut rows = Vec::new();
    for (task, number) in tasks.all(db).await?.into_iter().zip(pages.skip() + 1..) {
        let found = Found::of(db, task).await?;
        rows.push(Row::of(&found, app.now() > found.task.due, number));
    }
    let shell = Shell::of(&app, &me, TasksPath::PATH).await?;
    app.page(&TasksPage::new(found, rows, &pages, shell)).await
}

/// A task in the list.
#[derive(Clone, Debug, Serialize)]
struct Row {
    what: String,
    href: String,
    hidden: String,
    name: String,
    phone: String,
    dates: String,
    due: String,
}

impl Row {
    /// Without what is to be arranged: that is read on the page of the task, where reading is noted (T-47).
    /// The number in the list tells two tasks about one person apart (U-25).
    fn of(found: &Found, is_late: bool, number: u64) -> Self {
        let due = words::date_time(found.task.due);
        let mark = match (found.task.urgent, is_late) {
            (true, _) => "Urgent: ",
            (false, true) => "Since ",
            (false, false) => "",
        };
        Self {
            what: say::what(found.kind).to_owned(),
            href: TaskPath::of(&found.task),
            hidden: format!("{}, {due}, number {number}", found.name()),
            name: found.name(),
            phone: found.phone(),
            dates: found.dates(),
            due: format!("{mark}{due}"),
        }
    }
}

#[derive(Clone, Debug, Serialize)]
struct TasksPage {
    heading: String,
    rows: Vec<Row>,
    pages: Pages,
    shell: Shell,
}

impl TasksPage {
    fn new(found: u64, rows: Vec<Row>, pages: &Pages, shell: Shell) -> Self {
        Self {
            heading: match found {
                0 => "No open tasks".to_owned(),
                1 => "1 open task".to_owned(),
                many => format!("{many} open tasks"),
            },
            rows,
            pages: pages.linked(&Address::new(TasksPath::PATH)),
            shell,
        }
    }
}

impl Page for TasksPage {
    const TEMPLATE: &'static str = "pages/staff/tasks/list.html";

    #[cfg(test)]
    fn samples() -> Vec<Self> {
        let rows: Vec<Row> = super::one::samples::every()
            .iter()
            .zip(1..)
            .map(|(it, number)| Row::of(it, number % 2 == 1, number))
            .collect();
        let page = |found, rows| Self::new(found, rows, &Pages::new(found, ROWS, "2"), Shell::sample());
        vec![page(0, Vec::new()), page(1, rows.clone()), page(60, rows)]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pages_hold() {
        crate::pages_test::check::<TasksPage>();
    }
}
