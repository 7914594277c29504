//! One day of a course: when, where and who; and the same on paper.

use axum::extract::State;
use axum::response::Response;
use booking::attendance::Code;
use booking::london;
use serde::Serialize;

use super::Shell;
use super::on_the_day::{Day, DayPath, FLAG, PrintPath};
use super::one_person::said;
use crate::app::App;
use crate::error::Error;
use crate::pages::Page;
use crate::routes::{Routes, Who};
use crate::sign_in::SignedIn;
use crate::sign_in::role::ON_THE_DAY;
use crate::words;

pub(super) fn routes() -> Routes {
    let who = Who::Roles(ON_THE_DAY);
    Routes::default()
        .get::<DayPath, _, _>(who, show)
        .get::<PrintPath, _, _>(who, print)
}

async fn show(DayPath { session }: DayPath, State(app): State<App>, me: SignedIn) -> Result<Response, Error> {
    let day = Day::open(&app, &me, &session).await?;
    let day = day.with_needs(&app, &me).await?;
    let shell = Shell::of(&app, &me, &day.path("")).await?;
    app.page(&DayPage::of(&day, shell)).await
}

async fn print(
    PrintPath { session }: PrintPath,
    State(app): State<App>,
    me: SignedIn,
) -> Result<Response, Error> {
    let day = Day::open(&app, &me, &session).await?;
    app.page(&PrintPage::of(&day)).await
}

/// One person in the list.
#[derive(Clone, Debug, Serialize)]
struct Somebody {
    name: String,
    notes: Vec<String>,
    /// What helps them to take part, if whoever looks may read it.
    needs: Vec<String>,
    url: String,
}

/// One day.
#[derive(Clone, Debug, Serialize)]
struct DayPage {
    heading: String,
    dates: String,
    title: String,
    /// "10am to 1:15pm. Online."
    lead: String,
    is_cancelled: bool,
    /// When the register opens, if that is still to come.
    opens: Option<String>,
    register_url: String,
    register_text: &'static str,
    /// How far the register is.
    marked: String,
    people: Vec<Somebody>,
    print_url: String,
    shell: Shell,
}

impl DayPage {
    fn of(day: &Day, shell: Shell) -> Self {
        let rows = day.rows();
        let marked = rows.iter().filter(|(row, _)| row.mark().is_some()).count();
        let people = rows.iter().map(|(row, name)| {
            let mut notes = Vec::new();
            let needs = day.needs(row.booking);
            if needs.is_empty() && day.is_flagged(row.booking) {
                notes.push(FLAG.to_owned());
            }
            notes.extend(day.missed_first(row.booking));
            if row.catches_up {
                notes.push("Comes to catch up on this day".to_owned());
            }
            match row.mark() {
                Some(mark) if mark.code == Code::Apologies => {
                    notes.push("Told us that they cannot come".to_owned());
                }
                Some(mark) => notes.push(said(mark.code).to_owned()),
                None => {}
            }
            Somebody {
                name: name.clone(),
                notes,
                needs,
                url: if row.person == day.me {
                    String::new()
                } else {
                    day.path(&format!("/people/{}", row.booking))
                },
            }
        });
        Self {
            heading: format!("{}: {}", day.name(), words::date(day.meeting().date)),
            dates: day.all_dates(),
            title: day.dates.course_title.clone(),
            lead: format!("{}. {}.", words::hours(day.meeting()), words::place(&day.dates)),
            is_cancelled: day.register.is_cancelled,
            opens: day.opens(),
            register_url: day.path("/register"),
            register_text: if day.register.is_complete() {
                "See the register"
            } else {
                "Take register"
            },
            marked: if rows.is_empty() {
                String::new()
            } else {
                format!("{marked} of {} marked.", rows.len())
            },
            people: people.collect(),
            print_url: day.path("/print"),
            shell,
        }
    }
}

/// The list for a desk without a screen: what people are called, and boxes to tick.
#[derive(Clone, Debug, Serialize)]
struct PrintPage {
    heading: String,
    lead: String,
    names: Vec<String>,
    printed: String,
    back_url: String,
}

impl PrintPage {
    fn of(day: &Day) -> Self {
        let (today, _) = london::local(day.now);
        Self {
            heading: format!("Attendance list: {}", day.name_inside()),
            lead: format!("{}. {}.", words::day(day.meeting()), words::place(&day.dates)),
            names: day.rows().into_iter().map(|(_, name)| name).collect(),
            printed: words::date(today),
            back_url: day.path(""),
        }
    }
}

impl Page for DayPage {
    const TEMPLATE: &'static str = "pages/staff/day.html";

    #[cfg(test)]
    fn samples() -> Vec<Self> {
        use super::on_the_day::sample::{after_day_1, day, mark, with_needs};
        use crate::public::manage::tests::before;
        let mut early = day(&[
            ("Sam Taylor", vec![]),
            ("Jo Lee", vec![mark(Code::Apologies, 0, None)]),
            ("Kim Ash", vec![]),
        ]);
        let open = early.clone();
        early.now = before();
        let saved = day(&[("Sam Taylor", vec![mark(Code::Present, 180, Some(902))])]);
        let mut cancelled = day(&[]);
        cancelled.register.is_cancelled = true;
        let full = with_needs(open.clone());
        let second = after_day_1(full.clone());
        [early, open, full, second, saved, cancelled, day(&[])]
            .map(|it| Self::of(&it, Shell::sample()))
            .to_vec()
    }
}

impl Page for PrintPage {
    const TEMPLATE: &'static str = "pages/staff/day_on_paper.html";

    #[cfg(test)]
    fn samples() -> Vec<Self> {
        use super::on_the_day::sample::day;
        let people = day(&[("Sam Taylor", vec![]), ("Jo Lee", vec![])]);
        vec![Self::of(&people), Self::of(&day(&[]))]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pages_hold() {
        crate::pages_test::check::<DayPage>();
        crate::pages_test::check::<PrintPage>();
    }
}
