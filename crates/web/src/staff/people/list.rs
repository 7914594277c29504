//! All people: searched and sorted by the address of the page.

use axum::extract::{Query, State};
use axum::response::Response;
use axum_extra::routing::TypedPath;
use booking::{bookings, search};
use sea_orm::sea_query::{Expr, Func};
use sea_orm::{
    ColumnTrait, EntityTrait, Order, PaginatorTrait, QueryFilter, QueryOrder, QuerySelect, Select,
};
use serde::{Deserialize, Serialize};

use super::{MergePath, PeoplePath, PersonPath};
use crate::app::App;
use crate::entity::person;
use crate::error::Error;
use crate::pages::Page;
use crate::people::Person;
use crate::sign_in::SignedIn;
use crate::staff::Shell;
use crate::staff::lists::{Column, Pages, Query as Address};
use crate::words;

/// Rows on a page.
const ROWS: u64 = 25;

/// What the address of the page asks for; what makes no sense is left out.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Asked {
    q: String,
    sort: String,
    page: String,
}

/// What is looked for, and the address that says so.
struct View {
    words: String,
    address: Address,
    page: String,
}

impl View {
    fn of(asked: Asked) -> Self {
        let words: String = asked.q.trim().chars().take(100).collect();
        let is_known = ["name", "-name", "since", "-since"].contains(&asked.sort.as_str());
        let sort = if is_known { asked.sort.as_str() } else { "name" };
        Self {
            address: Address::new(PeoplePath::PATH).with("q", &words).sorted(sort),
            page: asked.page,
            words,
        }
    }

    /// Records that became a part of another one are not among them.
    fn query(&self) -> Select<person::Entity> {
        let all = person::Entity::find().filter(person::Column::MergedInto.is_null());
        if self.words.is_empty() {
            return all;
        }
        all.filter(person::Column::Id.in_subquery(search::people(&self.words)))
    }

    fn ordered(&self) -> Select<person::Entity> {
        let (name, order) = match self.address.sort.strip_prefix('-') {
            Some(name) => (name, Order::Desc),
            None => (self.address.sort.as_str(), Order::Asc),
        };
        let ordered = if name == "since" {
            self.query().order_by(person::Column::CreatedAt, order.clone())
        } else {
            let name = Func::lower(Expr::col(person::Column::FullName));
            self.query().order_by(Expr::expr(name), order.clone())
        };
        ordered.order_by(person::Column::Id, order)
    }
}

pub(super) async fn show(
    _: PeoplePath,
    State(app): State<App>,
    me: SignedIn,
    Query(asked): Query<Asked>,
) -> Result<Response, Error> {
    let db = app.reader();
    let view = View::of(asked);
    let found = view.query().count(db).await?;
    let pages = Pages::new(found, ROWS, &view.page);
    let people = view.ordered().offset(pages.skip()).limit(ROWS).all(db).await?;
    let records = bookings::of_people(db, people.iter().map(|it| it.id)).await?;
    let many = |it: &Person| records.iter().filter(|of| of.person == it.id).count();
    let rows = people.iter().map(|it| Row::of(it, many(it))).collect();
    let shell = Shell::of(&app, &me, PeoplePath::PATH).await?;
    app.page(&ListPage::new(&view, found, &pages, rows, shell)).await
}

/// One person in the list.
#[derive(Clone, Debug, Serialize)]
struct Row {
    name: String,
    href: String,
    hidden: String,
    email: String,
    phone: String,
    bookings: String,
    since: String,
}

impl Row {
    fn of(it: &Person, bookings: usize) -> Self {
        let or_none = |it: &Option<String>| it.clone().unwrap_or_else(|| "None".to_owned());
        let (email, phone) = (or_none(&it.email), or_none(&it.phone));
        Self {
            name: it.full_name.clone(),
            href: PersonPath::of(it.id),
            // Two people of one name are told apart (U-25).
            hidden: format!(
                "see the record of {}",
                it.email.clone().unwrap_or_else(|| phone.clone())
            ),
            email,
            phone,
            bookings: bookings.to_string(),
            since: words::date_time(it.created_at),
        }
    }
}

#[derive(Clone, Debug, Serialize)]
struct ListPage {
    heading: String,
    q: String,
    sort: String,
    action: &'static str,
    merge_url: &'static str,
    columns: Vec<Column>,
    rows: Vec<Row>,
    pages: Pages,
    shell: Shell,
}

impl ListPage {
    fn new(view: &View, found: u64, pages: &Pages, rows: Vec<Row>, shell: Shell) -> Self {
        let heading = match found {
            0 => "Nobody found".to_owned(),
            1 => "1 person".to_owned(),
            many => format!("{many} people"),
        };
        Self {
            heading,
            q: view.words.clone(),
            sort: view.address.sort.clone(),
            action: PeoplePath::PATH,
            merge_url: MergePath::PATH,
            columns: vec![
                view.address.column("Name", "name"),
                Column::plain("Email address"),
                Column::plain("Phone number"),
                Column::plain("Bookings"),
                view.address.column("Here since", "since"),
            ],
            rows,
            pages: pages.linked(&view.address),
            shell,
        }
    }
}

impl Page for ListPage {
    const TEMPLATE: &'static str = "pages/staff/people/list.html";

    #[cfg(test)]
    fn samples() -> Vec<Self> {
        use crate::public::manage::tests::held;
        let held = held(booking::State::Booked, true);
        let without = Person {
            email: None,
            phone: None,
            ..held.person.clone()
        };
        let page = |asked: Asked, found, rows: Vec<Row>| {
            let view = View::of(asked);
            let pages = Pages::new(found, ROWS, &view.page);
            Self::new(&view, found, &pages, rows, Shell::sample())
        };
        let sam = Asked {
            q: "sam".to_owned(),
            sort: "-since".to_owned(),
            page: "2".to_owned(),
        };
        let rows = || vec![Row::of(&held.person, 2), Row::of(&without, 0)];
        vec![
            page(Asked::default(), 2, rows()),
            page(sam.clone(), 300, rows()),
            page(sam, 0, Vec::new()),
            page(Asked::default(), 1, vec![Row::of(&held.person, 1)]),
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
