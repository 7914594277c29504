//! How every report looks: the sentence with the finding, the picture, the table, the file.

use form_urlencoded::Serializer;
use serde::Serialize;
use time::Date;

use super::chart::Chart;
use super::{Courses, View};
use crate::pages::Page;
use crate::staff::Shell;
use crate::staff::lists::Choice;

/// The head of a column.
#[derive(Clone, Debug, Serialize)]
pub(super) struct Head {
    text: String,
    numeric: bool,
}

/// Numbers as a table.
#[derive(Clone, Debug, Serialize)]
pub(super) struct Table {
    caption: String,
    head: Vec<Head>,
    rows: Vec<Vec<String>>,
}

impl Table {
    /// The first column names, all others count.
    pub(super) fn new(caption: &str, head: &[&str], rows: Vec<Vec<String>>) -> Self {
        let head = head.iter().enumerate().map(|(n, text)| Head {
            text: (*text).to_owned(),
            numeric: n > 0,
        });
        Self {
            caption: caption.to_owned(),
            head: head.collect(),
            rows,
        }
    }
}

/// A table, perhaps with its picture.
#[derive(Clone, Debug, Serialize)]
pub(super) struct Block {
    pub chart: Option<Chart>,
    pub table: Table,
}

/// What people wrote, under a heading.
#[derive(Clone, Debug, Serialize)]
pub(super) struct Said {
    pub heading: String,
    pub texts: Vec<String>,
}

/// The same figures for a spreadsheet.
#[derive(Clone, Debug, Default)]
pub(super) struct File {
    pub columns: Vec<String>,
    pub rows: Vec<Vec<String>>,
}

impl File {
    pub(super) fn new(columns: &[&str], rows: Vec<Vec<String>>) -> Self {
        Self {
            columns: columns.iter().map(|it| (*it).to_owned()).collect(),
            rows,
        }
    }
}

/// What one report found.
#[derive(Clone, Debug, Default)]
pub(super) struct Report {
    /// The time it is about, if it is not simply the year.
    pub time: Option<String>,
    /// One sentence each; without blocks these say that there is nothing.
    pub finding: Vec<String>,
    pub blocks: Vec<Block>,
    pub said: Vec<Said>,
    pub notes: Vec<String>,
    pub file: File,
}

/// "January 2027", by the first day of a month.
pub(super) fn month(it: Date) -> String {
    format!("{} {}", it.month(), it.year())
}

/// "June 2027", "May to July 2027": from the first of these months to the last.
pub(super) fn span<T>(months: &[(Date, T)]) -> Option<String> {
    let (first, last) = (months.first()?.0, months.last()?.0);
    Some(if first == last {
        month(first)
    } else if first.year() == last.year() {
        format!("{} to {}", first.month(), month(last))
    } else {
        format!("{} to {}", month(first), month(last))
    })
}

/// "86%", or nothing where there is no whole.
pub(super) fn share(part: u64, whole: u64) -> String {
    booking::reports::percent(part, whole).map_or_else(String::new, |it| format!("{it}%"))
}

/// "That is 86%, or about 6 in 7."
pub(super) fn that_is(part: u64, whole: u64) -> String {
    let percent = share(part, whole);
    match booking::reports::about(part, whole) {
        Some((n, d)) => format!("That is {percent}, or about {n} in {d}."),
        None => format!("That is {percent}."),
    }
}

/// "1 person", "3 people".
pub(super) fn people(n: u64) -> String {
    counted(n, "person", "people")
}

/// "1 booking", "3 bookings".
pub(super) fn counted(n: u64, one: &str, more: &str) -> String {
    format!("{n} {}", if n == 1 { one } else { more })
}

/// What can be picked out.
#[derive(Clone, Debug, Serialize)]
struct Filter {
    action: String,
    showing: String,
    is_open: bool,
    year: String,
    years: Vec<Choice>,
    course: String,
    courses: Vec<Choice>,
}

impl Filter {
    fn of(view: &View) -> Self {
        let year = |it: &i32| Choice::new(it.to_string(), it.to_string());
        let each = view.courses.iter().map(|it| Choice::new(&it.code, &it.title));
        let all = Choice::new("", "All courses");
        let courses = match view.which.courses() {
            Courses::All => Vec::new(),
            Courses::One => each.collect(),
            Courses::OneOrAll => std::iter::once(all).chain(each).collect(),
        };
        let title = view.course.as_ref().map_or("all courses", |it| it.title.as_str());
        Self {
            action: view.which.path(),
            showing: format!("{}, {title}", view.year),
            is_open: view.is_picked,
            year: view.year.to_string(),
            years: view.years.iter().map(year).collect(),
            course: view.course.as_ref().map(|it| it.code.clone()).unwrap_or_default(),
            courses,
        }
    }
}

/// The address of the file with the same figures.
fn file_url(view: &View) -> String {
    let mut pairs = Serializer::new(String::new());
    pairs.append_pair("year", &view.year.to_string());
    if let Some(course) = &view.course {
        pairs.append_pair("course", &course.code);
    }
    format!("{}.csv?{}", view.which.path(), pairs.finish())
}

/// A report.
#[derive(Clone, Debug, Serialize)]
pub(super) struct ReportPage {
    heading: String,
    finding: Vec<String>,
    filter: Filter,
    blocks: Vec<Block>,
    said: Vec<Said>,
    notes: Vec<String>,
    /// None if there is nothing to download.
    file_url: Option<String>,
    reports_url: String,
    shell: Shell,
}

impl ReportPage {
    pub(super) fn of(view: &View, report: Report, shell: Shell) -> Self {
        let time = report.time.unwrap_or_else(|| view.year.to_string());
        Self {
            heading: format!("{}, {time}", view.which.title()),
            finding: report.finding,
            filter: Filter::of(view),
            file_url: (!report.file.rows.is_empty()).then(|| file_url(view)),
            blocks: report.blocks,
            said: report.said,
            notes: report.notes,
            reports_url: super::ReportsPath.to_string(),
            shell,
        }
    }
}

impl Page for ReportPage {
    const TEMPLATE: &'static str = "pages/staff/reports/report.html";

    #[cfg(test)]
    fn samples() -> Vec<Self> {
        use super::{Asked, Which, attendance, bookings, equality, feedback, waiting};
        use crate::public::new_dates::tests::course;
        let page = |which: Which, report: Report| {
            let asked = Asked {
                year: if which == Which::Waiting { "2026" } else { "" }.to_owned(),
                course: String::new(),
            };
            let courses = vec![course("intro", "Introduction to peer support")];
            let view = View::of(which, &asked, vec![2027, 2026], courses);
            Self::of(&view, report, Shell::sample())
        };
        let mut all = Vec::new();
        let mut add = |which, reports: Vec<Report>| all.extend(reports.into_iter().map(|it| page(which, it)));
        add(Which::Attendance, attendance::samples());
        add(Which::Bookings, bookings::samples());
        add(Which::Waiting, waiting::samples());
        add(Which::Equality, equality::samples());
        add(Which::Feedback, feedback::samples());
        all
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use time::macros::date;

    #[test]
    fn numbers_are_said_as_people_say_them() {
        assert_eq!(that_is(84, 98), "That is 86%, or about 6 in 7.");
        assert_eq!(that_is(5, 5), "That is 100%.");
        assert_eq!(
            (people(1), people(0)),
            ("1 person".to_owned(), "0 people".to_owned())
        );
        let (may, july) = (date!(2027 - 05 - 01), date!(2027 - 07 - 01));
        assert_eq!(
            span(&[(may, ()), (july, ())]).as_deref(),
            Some("May to July 2027")
        );
        assert_eq!(span(&[(may, ())]).as_deref(), Some("May 2027"));
        assert_eq!(span::<()>(&[]), None);
    }
}
