//! `/team/runs?view=month`: the days of one month with what is on them. On a phone it becomes a list.

use axum::response::Response;
use axum_extra::routing::TypedPath;
use booking::calendar;
use booking::london;
use booking::plan::{self, Numbers, Plan};
use booking::snapshot::RunState;
use ids::RunId;
use serde::Serialize;
use std::collections::BTreeMap;
use time::{Date, Duration, Month};

use super::add::NewPath;
use super::{OnePath, RunsPath, Shell, said};
use crate::app::App;
use crate::error::Error;
use crate::pages::Page;
use crate::sign_in::SignedIn;
use crate::words;

pub(super) async fn show(app: &App, me: &SignedIn, month: &str) -> Result<Response, Error> {
    let (today, _) = london::local(app.now());
    let first = first_of(month).unwrap_or_else(|| start(today));
    let mut plans = plan::all(app.reader()).await?;
    plans.retain(|it| it.state != RunState::Cancelled);
    let numbers = plan::numbers(app.reader()).await?;
    let holidays = calendar::bank_holidays(app.reader(), first, next(first)).await?;
    let shell = Shell::of(app, me, RunsPath::PATH).await?;
    let on = On {
        plans: &plans,
        numbers: &numbers,
        holidays: &holidays,
    };
    app.page(&MonthPage::of(first, today, &on, shell)).await
}

/// "2027-06".
fn first_of(text: &str) -> Option<Date> {
    let (year, month) = text.split_once('-')?;
    let month = Month::try_from(month.parse::<u8>().ok()?).ok()?;
    let year = year.parse().ok().filter(|it| (2000..=2200).contains(it))?;
    Date::from_calendar_date(year, month, 1).ok()
}

fn start(of: Date) -> Date {
    of.replace_day(1).unwrap_or(of)
}

fn next(first: Date) -> Date {
    start(first.saturating_add(Duration::days(31)))
}

fn previous(first: Date) -> Date {
    start(first.saturating_sub(Duration::days(1)))
}

fn url(first: Date) -> String {
    let month = u8::from(first.month());
    format!("{}?view=month&month={}-{month:02}", RunsPath::PATH, first.year())
}

fn name(first: Date) -> String {
    format!("{} {}", first.month(), first.year())
}

/// Everything that can be on a day.
struct On<'a> {
    plans: &'a [Plan],
    numbers: &'a BTreeMap<RunId, Numbers>,
    holidays: &'a BTreeMap<Date, String>,
}

/// What is on a day.
#[derive(Clone, Debug, Serialize)]
struct Item {
    text: String,
    href: String,
    note: String,
}

/// One cell.
#[derive(Clone, Debug, Serialize)]
struct Cell {
    number: u8,
    /// "Tuesday 8 June".
    words: String,
    is_out: bool,
    is_today: bool,
    holiday: String,
    items: Vec<Item>,
}

/// One month.
#[derive(Clone, Debug, Serialize)]
struct MonthPage {
    heading: String,
    weeks: Vec<Vec<Cell>>,
    previous: (String, String),
    next: (String, String),
    list_url: String,
    add_url: String,
    shell: Shell,
}

impl MonthPage {
    fn of(first: Date, today: Date, on: &On<'_>, shell: Shell) -> Self {
        let monday = first.saturating_sub(Duration::days(first.weekday().number_days_from_monday().into()));
        let end = next(first);
        let cell = |day: Date| {
            let is_out = day.month() != first.month();
            Cell {
                number: day.day(),
                words: words::date_without_year(day),
                is_out,
                is_today: day == today,
                holiday: on.holidays.get(&day).cloned().unwrap_or_default(),
                items: if is_out { Vec::new() } else { on.items(day) },
            }
        };
        let week = |number: i64| {
            let from = monday.saturating_add(Duration::weeks(number));
            (0..7)
                .map(|it| cell(from.saturating_add(Duration::days(it))))
                .collect()
        };
        let number = ((end - monday).whole_days() + 6) / 7;
        Self {
            heading: name(first),
            weeks: (0..number).map(week).collect(),
            previous: (name(previous(first)), url(previous(first))),
            next: (name(end), url(end)),
            list_url: RunsPath::PATH.to_owned(),
            add_url: NewPath::PATH.to_owned(),
            shell,
        }
    }
}

impl On<'_> {
    fn items(&self, day: Date) -> Vec<Item> {
        let mut found = Vec::new();
        for plan in self.plans {
            let numbers = self.numbers.get(&plan.dates.id).copied().unwrap_or_default();
            for it in plan.dates.sessions.iter().filter(|it| it.date == day) {
                let note = match plan.state {
                    RunState::Draft => "draft".to_owned(),
                    RunState::Published | RunState::Cancelled => {
                        format!("{} booked", said::places(plan, numbers))
                    }
                };
                found.push((
                    it.start,
                    Item {
                        text: format!("{} {}, day {}", words::time(it.start), named(plan), it.idx),
                        href: OnePath::of(plan.dates.id).to_string(),
                        note,
                    },
                ));
            }
        }
        found.sort_by_key(|(start, it)| (*start, it.href.clone()));
        found.into_iter().map(|(_, it)| it).collect()
    }
}

/// What tells two runs of one course apart that meet at the same time.
fn named(plan: &Plan) -> String {
    match plan.dates.label.as_str() {
        "" => plan.dates.course_title.clone(),
        label => format!("{}, {label}", plan.dates.course_title),
    }
}

impl Page for MonthPage {
    const TEMPLATE: &'static str = "pages/staff/runs/month.html";

    #[cfg(test)]
    fn samples() -> Vec<Self> {
        use super::sample;
        use time::macros::date;
        let mut draft = sample::plan();
        draft.state = RunState::Draft;
        draft.dates.label = String::new();
        draft.dates.id = RunId(uuid::Uuid::from_u128(8));
        draft.dates.sessions.truncate(1);
        let holidays = BTreeMap::from([(date!(2027 - 06 - 01), "A bank holiday".to_owned())]);
        let on = On {
            plans: &[sample::plan(), draft],
            numbers: &BTreeMap::new(),
            holidays: &holidays,
        };
        let page = |first| Self::of(first, date!(2027 - 06 - 08), &on, Shell::sample());
        vec![page(date!(2027 - 06 - 01)), page(date!(2027 - 02 - 01))]
    }
}

#[cfg(test)]
mod tests {
    use super::super::sample;
    use super::*;
    use time::macros::date;

    #[test]
    fn pages_hold() {
        crate::pages_test::check::<MonthPage>();
    }

    fn month(first: Date, plans: &[Plan]) -> MonthPage {
        let on = On {
            plans,
            numbers: &BTreeMap::new(),
            holidays: &BTreeMap::new(),
        };
        MonthPage::of(first, first, &on, Shell::sample())
    }

    #[test]
    fn a_month_has_whole_weeks_and_each_day_once() {
        for (first, weeks, days) in [
            (date!(2027 - 06 - 01), 5, 30),
            (date!(2027 - 02 - 01), 4, 28),
            (date!(2027 - 05 - 01), 6, 31),
        ] {
            let page = month(first, &[]);
            let inside = page.weeks.iter().flatten().filter(|it| !it.is_out).count();
            assert_eq!((page.weeks.len(), inside), (weeks, days));
            assert!(page.weeks.iter().all(|it| it.len() == 7));
        }
    }

    #[test]
    fn a_day_shows_what_is_on_it() {
        let first = date!(2027 - 06 - 01);
        let page = month(first, &[sample::plan()]);
        let on: Vec<_> = page
            .weeks
            .iter()
            .flatten()
            .filter(|it| !it.items.is_empty())
            .collect();
        assert_eq!(on.iter().map(|it| it.number).collect::<Vec<_>>(), [8, 15]);
        assert_eq!(
            on[0].items[0].text,
            "10am Introduction to peer support, Mornings, day 1"
        );
        assert_eq!(on[0].items[0].note, "0 of 12 booked");
    }

    #[test]
    fn a_month_that_is_none_is_this_month() {
        assert_eq!(first_of("2027-06"), Some(date!(2027 - 06 - 01)));
        for text in ["", "2027", "2027-13", "1-1", "june"] {
            assert_eq!(first_of(text), None, "{text}");
        }
        assert_eq!(next(date!(2027 - 12 - 01)), date!(2028 - 01 - 01));
        assert_eq!(previous(date!(2027 - 01 - 01)), date!(2026 - 12 - 01));
    }
}
