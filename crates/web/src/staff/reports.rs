//! What a year looked like, for the team: attendance, bookings, waiting lists, equality and feedback.
//!
//! Each report says what was found in a sentence, draws it, and has the same numbers in a table and as a file.

mod attendance;
mod bookings;
mod chart;
mod equality;
mod feedback;
mod page;
mod waiting;

use axum::extract::{Query, State};
use axum::response::Response;
use axum_extra::routing::TypedPath;
use booking::calendar::{self, Course};
use booking::reports::{self, Scope};
use serde::{Deserialize, Serialize};

use super::Shell;
use crate::app::App;
use crate::csv::Csv;
use crate::error::Error;
use crate::pages::Page;
use crate::routes::{Routes, Who};
use crate::sign_in::SignedIn;
use crate::sign_in::role::TEAM;
use page::{Report, ReportPage};

/// `/team/reports`
#[derive(TypedPath, Deserialize)]
#[typed_path("/team/reports")]
pub(crate) struct ReportsPath;

/// `/team/reports/{report}`: its name, or its name and `.csv`.
#[derive(TypedPath, Deserialize)]
#[typed_path("/team/reports/{report}")]
struct ReportPath {
    report: String,
}

pub(super) fn routes() -> Routes {
    Routes::default()
        .get::<ReportsPath, _, _>(Who::Roles(TEAM), index)
        .get::<ReportPath, _, _>(Who::Roles(TEAM), show)
}

/// The reports there are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Which {
    Attendance,
    Bookings,
    Waiting,
    Equality,
    Feedback,
}

impl Which {
    const ALL: [Self; 5] = [
        Self::Attendance,
        Self::Bookings,
        Self::Waiting,
        Self::Equality,
        Self::Feedback,
    ];

    /// The word in addresses.
    fn name(self) -> &'static str {
        match self {
            Self::Attendance => "attendance",
            Self::Bookings => "bookings",
            Self::Waiting => "waiting",
            Self::Equality => "equality",
            Self::Feedback => "feedback",
        }
    }

    fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|it| it.name() == name)
    }

    /// The words on the page.
    fn title(self) -> &'static str {
        match self {
            Self::Attendance => "Attendance",
            Self::Bookings => "Bookings made",
            Self::Waiting => "Waiting lists",
            Self::Equality => "Equality",
            Self::Feedback => "Feedback",
        }
    }

    fn about(self) -> &'static str {
        match self {
            Self::Attendance => "How many people who had a place came.",
            Self::Bookings => "How many places were booked, and what became of them.",
            Self::Waiting => "How many people waited, and how many got a place.",
            Self::Equality => "Who books, in numbers from which nobody can be known.",
            Self::Feedback => "How confident people felt before and after, and what they said.",
        }
    }

    /// Whether it is about one course, about one or all, or always about all.
    fn courses(self) -> Courses {
        match self {
            Self::Attendance | Self::Bookings | Self::Waiting => Courses::OneOrAll,
            Self::Equality => Courses::All,
            Self::Feedback => Courses::One,
        }
    }

    fn path(self) -> String {
        let report = self.name().to_owned();
        ReportPath { report }.to_string()
    }
}

/// Which courses a report can be about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Courses {
    /// Outcomes of different courses cannot be added up.
    One,
    OneOrAll,
    /// Less would be finer than anybody may see (B-86).
    All,
}

/// What the address asks for; what makes no sense is left out.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
struct Asked {
    year: String,
    course: String,
}

/// What is picked out, of what there is.
#[derive(Clone, Debug)]
struct View {
    which: Which,
    year: i32,
    years: Vec<i32>,
    course: Option<Course>,
    courses: Vec<Course>,
    /// Whether the address picks out anything.
    is_picked: bool,
}

impl View {
    fn of(which: Which, asked: &Asked, years: Vec<i32>, courses: Vec<Course>) -> Self {
        let year = asked.year.parse().ok().filter(|it| years.contains(it));
        let named = courses.iter().find(|it| it.code == asked.course).cloned();
        let course = match which.courses() {
            Courses::All => None,
            Courses::OneOrAll => named,
            Courses::One => named.or_else(|| courses.first().cloned()),
        };
        Self {
            which,
            is_picked: year.is_some() || (course.is_some() && !asked.course.is_empty()),
            year: year.or_else(|| years.first().copied()).unwrap_or_default(),
            years,
            course,
            courses,
        }
    }

    fn scope(&self) -> Scope {
        Scope {
            year: self.year,
            course: self.course.as_ref().map(|it| it.id),
        }
    }
}

async fn show(
    ReportPath { report }: ReportPath,
    State(app): State<App>,
    me: SignedIn,
    Query(asked): Query<Asked>,
) -> Result<Response, Error> {
    let (name, is_file) = match report.strip_suffix(".csv") {
        Some(name) => (name, true),
        None => (report.as_str(), false),
    };
    let which = Which::named(name).ok_or(Error::NotFound)?;
    let db = app.reader();
    let years = reports::years(db, app.now()).await?;
    let view = View::of(which, &asked, years, calendar::courses(db).await?);
    let report = load(&app, &view).await?;
    if is_file {
        return file(&app, &me, &view, &report).await;
    }
    let shell = Shell::of(&app, &me, ReportsPath::PATH).await?;
    app.page(&ReportPage::of(&view, report, shell)).await
}

async fn load(app: &App, view: &View) -> Result<Report, Error> {
    let (db, now, scope) = (app.reader(), app.now(), view.scope());
    Ok(match view.which {
        Which::Attendance => {
            let ended = reports::attendance::ended(db, &scope, now).await?;
            attendance::report(&reports::attendance::attendance(&ended))
        }
        Which::Bookings => {
            let made = reports::bookings::made(db, &scope).await?;
            bookings::report(&reports::bookings::bookings(&made))
        }
        Which::Waiting => {
            let joined = reports::waiting::joined(db, &scope).await?;
            waiting::report(&reports::waiting::waiting(&joined))
        }
        Which::Equality => {
            let (settings, _) = calendar::rules(db).await?;
            equality::report(&settings, &equality::counts(db, view.year).await?)
        }
        Which::Feedback => {
            let (settings, _) = calendar::rules(db).await?;
            let course = view.course.as_ref().ok_or(Error::NotFound)?;
            let found = booking::evaluation::results(db, course.id, view.year, now).await?;
            feedback::report(&settings, &found)
        }
    })
}

/// The figures as a file; who takes it is written down first (T-48).
async fn file(app: &App, me: &SignedIn, view: &View, report: &Report) -> Result<Response, Error> {
    let columns: Vec<&str> = report.file.columns.iter().map(String::as_str).collect();
    let mut csv = Csv::new(&columns)?;
    for row in &report.file.rows {
        csv.row(row)?;
    }
    let about = ("report", view.which.name().to_owned());
    app.note_export(me.person, about, csv.rows(), None).await?;
    csv.answer(&format!("{}-{}", view.which.name(), view.year))
}

async fn index(_: ReportsPath, State(app): State<App>, me: SignedIn) -> Result<Response, Error> {
    let shell = Shell::of(&app, &me, ReportsPath::PATH).await?;
    app.page(&IndexPage::of(shell)).await
}

/// A report and what it is about.
#[derive(Clone, Debug, Serialize)]
struct Line {
    text: &'static str,
    url: String,
    about: &'static str,
}

/// All reports.
#[derive(Clone, Debug, Serialize)]
struct IndexPage {
    reports: Vec<Line>,
    shell: Shell,
}

impl IndexPage {
    fn of(shell: Shell) -> Self {
        let line = |it: Which| Line {
            text: it.title(),
            url: it.path(),
            about: it.about(),
        };
        Self {
            reports: Which::ALL.into_iter().map(line).collect(),
            shell,
        }
    }
}

impl Page for IndexPage {
    const TEMPLATE: &'static str = "pages/staff/reports/index.html";

    #[cfg(test)]
    fn samples() -> Vec<Self> {
        vec![Self::of(Shell::sample())]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pages_hold() {
        crate::pages_test::check::<IndexPage>();
        crate::pages_test::check::<ReportPage>();
    }

    #[test]
    fn what_makes_no_sense_is_left_out_and_equality_is_always_about_all() {
        use crate::public::new_dates::tests::course;
        let courses = || {
            vec![
                course("intro", "Introduction to peer support"),
                course("notes", "Writing notes"),
            ]
        };
        let view = |which, year: &str, course: &str| {
            let asked = Asked {
                year: year.to_owned(),
                course: course.to_owned(),
            };
            let view = View::of(which, &asked, vec![2027, 2026], courses());
            (view.year, view.course.map(|it| it.code), view.is_picked)
        };
        let code = |it: &str| Some(it.to_owned());
        assert_eq!(view(Which::Attendance, "", ""), (2027, None, false));
        assert_eq!(
            view(Which::Attendance, "2026", "notes"),
            (2026, code("notes"), true)
        );
        assert_eq!(view(Which::Attendance, "1999", "nothing"), (2027, None, false));
        assert_eq!(view(Which::Equality, "2026", "notes"), (2026, None, true));
        assert_eq!(view(Which::Feedback, "", ""), (2027, code("intro"), false));
    }
}
