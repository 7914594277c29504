//! Where facilitators begin: the next day of their own courses, and registers that wait for them.

use axum::extract::State;
use axum::response::Response;
use booking::attendance::{self, Register, rules};
use booking::calendar::{self, RunDates};
use booking::london;
use ids::Ts;
use serde::Serialize;

use super::on_the_day::{DayPath, RegisterPath};
use super::{Dates, Shell, TodayPath, dates};
use crate::app::App;
use crate::error::Error;
use crate::pages::Page;
use crate::sign_in::SignedIn;
use crate::words;
use axum_extra::routing::TypedPath;

/// How many registers that wait are shown: the oldest first.
const SHOWN: usize = 5;

pub(super) async fn show(_: TodayPath, State(app): State<App>, me: SignedIn) -> Result<Response, Error> {
    let (db, now) = (app.reader(), app.now());
    let (settings, _) = calendar::rules(db).await?;
    let (waiting, next) = attendance::on_the_day_of(db, me.person, now).await?;
    let is_today = |it: &Register| london::local(it.meeting.starts_at).0 == london::local(now).0;
    let next_is = match &next {
        Some(it) if is_today(it) => "Your day today",
        _ => "Your next day",
    };
    let mut unmarked = Vec::new();
    for it in waiting.iter().take(SHOWN) {
        unmarked.push(card(&app, it, None).await?);
    }
    let next = match next {
        Some(it) => {
            let opens = rules::opens_at(&settings, &it.meeting);
            Some(card(&app, &it, (now < opens).then_some(opens)).await?)
        }
        None => None,
    };
    let page = TodayPage {
        next_is,
        next,
        unmarked,
        dates: dates(&app).await?,
        shell: Shell::of(&app, &me, TodayPath::PATH).await?,
    };
    app.page(&page).await
}

async fn card(app: &App, it: &Register, opens: Option<Ts>) -> Result<Card, Error> {
    let run = calendar::run_dates(app.reader(), it.run)
        .await?
        .ok_or(Error::NotFound)?;
    Ok(Card::of(it, &run, opens))
}

/// One day.
#[derive(Clone, Debug, Serialize)]
struct Card {
    /// "Tuesday 8 June 2027, 10am to 1:15pm"
    heading: String,
    facts: String,
    /// What is to do: "" while the register is not open, and when it is complete.
    register_url: String,
    /// "9:30am on ...", while it is not open.
    opens: String,
    is_complete: bool,
    day_url: String,
}

impl Card {
    fn of(it: &Register, run: &RunDates, opens: Option<Ts>) -> Self {
        let session = it.meeting.id.to_string();
        let people = match it.rows.len() {
            0 => "Nobody has a place yet.".to_owned(),
            1 => "1 person has a place.".to_owned(),
            n => format!("{n} people have a place."),
        };
        let is_complete = it.is_complete();
        Self {
            heading: words::day(&it.meeting),
            facts: format!(
                "{}, day {}. {}. {people}",
                run.course_title,
                it.meeting.idx,
                words::place(run)
            ),
            register_url: if opens.is_some() || is_complete {
                String::new()
            } else {
                let session = session.clone();
                RegisterPath { session }.to_string()
            },
            opens: opens.map(words::date_time).unwrap_or_default(),
            is_complete: is_complete && !it.rows.is_empty(),
            day_url: DayPath { session }.to_string(),
        }
    }
}

/// Where facilitators begin.
#[derive(Clone, Debug, Serialize)]
struct TodayPage {
    /// What `next` is to them.
    next_is: &'static str,
    next: Option<Card>,
    unmarked: Vec<Card>,
    dates: Vec<Dates>,
    shell: Shell,
}

impl Page for TodayPage {
    const TEMPLATE: &'static str = "pages/staff/today.html";

    #[cfg(test)]
    fn samples() -> Vec<Self> {
        use super::on_the_day::sample::{day, mark};
        use booking::attendance::Code;
        let blank = day(&[("Sam Taylor", vec![]), ("Jo Lee", vec![])]);
        let marked = day(&[("Sam Taylor", vec![mark(Code::Present, 180, Some(902))])]);
        let card = |it: &super::on_the_day::Day, opens| Card::of(&it.register, &it.dates, opens);
        let opens = crate::public::manage::tests::day_1();
        let page = |next, unmarked, dates| Self {
            next_is: "Your next day",
            next,
            unmarked,
            dates,
            shell: Shell::sample(),
        };
        let mut other = card(&blank, None);
        other.heading = "Monday 7 June 2027, 10am to 1:15pm".to_owned();
        vec![
            page(Some(card(&blank, None)), vec![], super::some_dates()),
            page(Some(card(&blank, None)), vec![other], super::some_dates()),
            page(Some(card(&blank, Some(opens))), vec![], super::some_dates()),
            page(Some(card(&marked, None)), vec![], super::some_dates()),
            page(None, vec![], super::some_dates()),
            page(None, vec![], Vec::new()),
        ]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pages_hold() {
        crate::pages_test::check::<TodayPage>();
    }
}
