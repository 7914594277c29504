//! Dates of courses from a CSV file like `courses/example-dates.csv`, in London wall time (B-95).

use std::collections::BTreeMap;

use booking::calendar::{self, DatesRefused, Delivery, NewRun, NewSession, Vouched};
use booking::{Settings, london};
use ids::{RunId, Ts};
use time::{Date, Month, Time};

use super::{WrongLines, refused};
use crate::app::App;
use crate::cli::Failure;
use crate::error::Error;
use crate::public::new_dates;
use crate::words;
use crate::work::Work;

/// Dates to be stored.
#[derive(Debug)]
pub(crate) struct RunsFile {
    pub(crate) name: String,
    pub(crate) lines: Vec<RunLine>,
    /// What is vouched for when they are published; none: they stay drafts.
    pub(crate) publish: Option<Vouched>,
}

/// One line of the file: a run.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct RunLine {
    number: u64,
    course: String,
    label: String,
    capacity: Option<i32>,
    delivery: Delivery,
    venue: Option<String>,
    join_url: Option<String>,
    opens: Option<Ts>,
    closes: Option<Ts>,
    waiting_list: bool,
    days: Vec<NewSession>,
}

const COLUMNS: [&str; 9] = [
    "course",
    "label",
    "capacity",
    "delivery",
    "venue",
    "join_url",
    "opens",
    "closes",
    "waiting_list",
];
/// Each day has one of each, after its number: `day1_date`.
const OF_A_DAY: [&str; 4] = ["date", "start", "end", "break"];

/// Reads dates, or tells every line that is wrong.
pub(crate) fn parse(text: &str) -> Result<Vec<RunLine>, Vec<String>> {
    let is_known = |it: &str| COLUMNS.contains(&it) || day_column(it).is_some();
    let mut wrong = Vec::new();
    let mut found = Vec::new();
    for mut line in table(text, &["course", "day1_date", "day1_start", "day1_end"], is_known)? {
        found.extend(run(&mut line));
        wrong.extend(line.wrong());
    }
    if found.is_empty() && wrong.is_empty() {
        wrong.push("line 2: there are no dates".to_owned());
    }
    if wrong.is_empty() { Ok(found) } else { Err(wrong) }
}

/// The number of the day in a name like `day2_start`.
fn day_column(column: &str) -> Option<usize> {
    let (number, part) = column.strip_prefix("day")?.split_once('_')?;
    number
        .parse()
        .ok()
        .filter(|it| (1..=50).contains(it) && OF_A_DAY.contains(&part))
}

fn run(line: &mut Line) -> Option<RunLine> {
    let course = line.read("course", |it| {
        if it.is_empty() {
            Err("is missing".to_owned())
        } else {
            Ok(it.to_owned())
        }
    });
    let label = line.read("label", |it| Ok(it.to_owned()));
    let capacity = line.read("capacity", |it| optional(it, capacity));
    let delivery = line.read("delivery", delivery);
    let venue = line.read("venue", |it| Ok(given(it)));
    let join_url = line.read("join_url", |it| optional(it, join_url));
    let opens = line.read("opens", |it| optional(it, moment));
    let closes = line.read("closes", |it| optional(it, moment));
    let waiting_list = line.read("waiting_list", yes_or_no);
    let days = days(line);
    if delivery.is_some_and(|it| it != Delivery::Online) && venue == Some(None) {
        line.note("venue is missing: people must know where to go");
    }
    Some(RunLine {
        number: line.number,
        course: course?,
        label: label?,
        capacity: capacity?,
        delivery: delivery?,
        venue: venue?,
        join_url: join_url?,
        opens: opens?,
        closes: closes?,
        waiting_list: waiting_list?,
        days: days?,
    })
}

/// The days, as many as have a date; a day without a date must have no times either.
fn days(line: &mut Line) -> Option<Vec<NewSession>> {
    let count = line
        .cells
        .iter()
        .filter(|(_, value)| !value.is_empty())
        .filter_map(|(name, _)| day_column(name))
        .max();
    let mut days = Vec::new();
    let mut whole = true;
    for number in 1..=count.unwrap_or(1) {
        let [at, start, end, pause] = OF_A_DAY.map(|part| format!("day{number}_{part}"));
        let date = line.read(&at, date);
        let (start, end) = (line.read(&start, clock), line.read(&end, clock));
        let pause = line.read(&pause, minutes);
        match (date, start, end, pause) {
            (Some(date), Some(start), Some(end), Some(break_minutes)) => {
                days.push(NewSession {
                    date,
                    start,
                    end,
                    break_minutes,
                });
            }
            _ => whole = false,
        }
    }
    whole.then_some(days)
}

fn given(text: &str) -> Option<String> {
    Some(text.to_owned()).filter(|it| !it.is_empty())
}

fn optional<T>(text: &str, read: impl FnOnce(&str) -> Result<T, String>) -> Result<Option<T>, String> {
    if text.is_empty() {
        Ok(None)
    } else {
        read(text).map(Some)
    }
}

/// The places of a run.
pub(crate) fn capacity(text: &str) -> Result<i32, String> {
    let number = text.parse().ok().filter(|it| (1..=200).contains(it));
    number.ok_or_else(|| "must be a number between 1 and 200".to_owned())
}

/// The breaks of a session; none if nothing is said.
pub(crate) fn minutes(text: &str) -> Result<i32, String> {
    let number = if text.is_empty() {
        Some(0)
    } else {
        text.parse().ok().filter(|it| (0..=600).contains(it))
    };
    number.ok_or_else(|| "must be a number of minutes".to_owned())
}

fn delivery(text: &str) -> Result<Delivery, String> {
    let delivery = if text.is_empty() {
        Some(Delivery::Online)
    } else {
        Delivery::named(text)
    };
    delivery.ok_or_else(|| "must be online, in_person or hybrid".to_owned())
}

fn yes_or_no(text: &str) -> Result<bool, String> {
    match text.to_lowercase().as_str() {
        "" | "yes" => Ok(true),
        "no" => Ok(false),
        _ => Err("must be yes or no".to_owned()),
    }
}

/// A link to a meeting.
pub(crate) fn join_url(text: &str) -> Result<String, String> {
    let uri = text
        .parse::<axum::http::Uri>()
        .ok()
        .filter(|it| it.scheme_str() == Some("https") && it.host().is_some());
    uri.map(|_| text.to_owned())
        .ok_or_else(|| "must be an address that begins with https://".to_owned())
}

/// `2027-06-08`, or as spreadsheets write it here, `08/06/2027`.
pub(crate) fn date(text: &str) -> Result<Date, String> {
    let wanted = || "must be a day like 2027-06-08".to_owned();
    let parts: Vec<&str> = text.split(['-', '/']).collect();
    let ((&[year, month, day], false) | (&[day, month, year], true)) = (parts.as_slice(), text.contains('/'))
    else {
        return Err(wanted());
    };
    if year.len() != 4 {
        return Err(wanted());
    }
    let month = month
        .parse::<u8>()
        .ok()
        .and_then(|it| Month::try_from(it).ok())
        .ok_or_else(wanted)?;
    let (year, day) = (
        year.parse().map_err(|_| wanted())?,
        day.parse().map_err(|_| wanted())?,
    );
    Date::from_calendar_date(year, month, day).map_err(|_| wanted())
}

/// `10:00` or `10:00:00`.
pub(crate) fn clock(text: &str) -> Result<Time, String> {
    let wanted = || "must be a time like 10:00".to_owned();
    let parts: Vec<&str> = text.split(':').collect();
    let (&[hour, minute] | &[hour, minute, "00"]) = parts.as_slice() else {
        return Err(wanted());
    };
    let (hour, minute) = (
        hour.parse().map_err(|_| wanted())?,
        minute.parse().map_err(|_| wanted())?,
    );
    Time::from_hms(hour, minute, 0).map_err(|_| wanted())
}

/// A day and a time like `2027-04-01 09:00`; a day alone begins at midnight.
pub(crate) fn moment(text: &str) -> Result<Ts, String> {
    let wanted = |_| "must be a day and a time like 2027-04-01 09:00".to_owned();
    let (day, hour) = text.split_once([' ', 'T']).unwrap_or((text, "00:00"));
    let (day, hour) = (date(day).map_err(wanted)?, clock(hour).map_err(wanted)?);
    london::moment(day, hour).map_err(|why| format!("{text} is no moment in London: {why}"))
}

/// A line of a file whose first line names the columns.
#[derive(Debug)]
pub(super) struct Line {
    pub(super) number: u64,
    cells: BTreeMap<String, String>,
    wrong: Vec<String>,
}

impl Line {
    /// What a cell means; a column that is not there is an empty cell.
    pub(super) fn read<T>(
        &mut self,
        column: &str,
        meaning: impl FnOnce(&str) -> Result<T, String>,
    ) -> Option<T> {
        let cell = self.cells.get(column).map_or("", String::as_str);
        let read = if cell.chars().any(char::is_control) {
            Err("must be one line".to_owned())
        } else if cell.chars().count() > 500 {
            Err("must be at most 500 characters long".to_owned())
        } else {
            meaning(cell)
        };
        read.map_err(|why| self.note(&format!("{column} {why}"))).ok()
    }

    fn note(&mut self, words: &str) {
        self.wrong.push(format!("line {}: {words}", self.number));
    }

    /// What was wrong with it.
    pub(super) fn wrong(self) -> Vec<String> {
        self.wrong
    }
}

/// The line on which a record stands: the reader counts from the blank lines in front of it.
fn line_at(text: &str, position: &csv::Position) -> u64 {
    let from = usize::try_from(position.byte()).unwrap_or(usize::MAX);
    let blank = text
        .bytes()
        .skip(from)
        .take_while(|it| b"\r\n".contains(it))
        .count();
    text.bytes()
        .take(from.saturating_add(blank))
        .fold(1, |line, it| line + u64::from(it == b'\n'))
}

/// The lines of a file that has the columns it `must` have, and none that nobody knows.
pub(super) fn table(
    text: &str,
    must: &[&str],
    is_known: impl Fn(&str) -> bool,
) -> Result<Vec<Line>, Vec<String>> {
    let mut reader = csv::ReaderBuilder::new()
        .flexible(true)
        .trim(csv::Trim::All)
        .from_reader(text.as_bytes());
    let unreadable = |why: &csv::Error| {
        vec![format!(
            "line {}: it is no CSV",
            why.position().map_or(1, csv::Position::line)
        )]
    };
    let columns = reader.headers().map_err(|why| unreadable(&why))?.clone();
    let mut wrong = Vec::new();
    for (at, column) in columns.iter().enumerate() {
        if columns.iter().take(at).any(|it| it == column) {
            wrong.push(format!("line 1: there are two columns called {column:?}"));
        } else if !is_known(column) {
            wrong.push(format!("line 1: there is no column called {column:?}"));
        }
    }
    wrong.extend(
        must.iter()
            .filter(|it| !columns.iter().any(|column| column == **it))
            .map(|it| format!("line 1: the column {it} is missing")),
    );
    if !wrong.is_empty() {
        return Err(wrong);
    }
    let mut lines = Vec::new();
    for record in reader.records() {
        let record = record.map_err(|why| unreadable(&why))?;
        let number = record.position().map_or(0, |it| line_at(text, it));
        if record.iter().all(str::is_empty) {
            continue;
        }
        let cells = columns
            .iter()
            .zip(&record)
            .map(|(column, cell)| (column.to_owned(), cell.to_owned()))
            .collect();
        let mut line = Line {
            number,
            cells,
            wrong: Vec::new(),
        };
        if record.len() > columns.len() {
            line.note(&format!(
                "it has {} cells, and the first line names {} columns",
                record.len(),
                columns.len()
            ));
        }
        lines.push(line);
    }
    Ok(lines)
}

impl App {
    /// Takes in a table of dates, as `alongside import runs` does with a file of this name: what was
    /// stored, in words, or everything that is wrong, and then nothing is stored.
    pub async fn import_runs(
        &self,
        name: &str,
        table: &str,
        publish: Option<Vouched>,
    ) -> Result<Vec<String>, Vec<String>> {
        let lines = parse(table)?;
        let file = RunsFile {
            name: name.to_owned(),
            lines,
            publish,
        };
        file.store(self).await.map_err(|why| match why {
            Failure::Wrong(lines) => lines,
            Failure::Usage(words) => vec![words],
        })
    }
}

impl RunsFile {
    pub(super) async fn store(&self, app: &App) -> Result<Vec<String>, Failure> {
        let stored = app
            .change(|work| async move { self.store_all(&work).await })
            .await
            .map_err(refused)?;
        let mut said = Vec::new();
        for id in stored {
            let Some(run) = calendar::run_dates(app.reader(), id).await? else {
                continue;
            };
            let dates = words::dates(&run.sessions);
            said.push(if self.publish.is_some() {
                format!(
                    "Published: {dates}, {}",
                    app.link(format!("/courses/{}/{}", run.course_code, run.slug))
                )
            } else {
                format!("Stored as a draft that nobody sees: {dates}")
            });
        }
        Ok(said)
    }

    async fn store_all(&self, work: &Work) -> Result<Vec<RunId>, Error> {
        let (rules, _) = calendar::rules(work.tx()).await?;
        let (mut stored, mut wrong) = (Vec::new(), Vec::new());
        for line in &self.lines {
            match self.store_one(work, &rules, line).await {
                Ok(run) => stored.push(run),
                Err(booking::Error::Dates(why)) => {
                    wrong.push(format!(
                        "{}, line {}: {why}{}.",
                        self.name,
                        line.number,
                        what_to_do(&why)
                    ));
                }
                Err(other) => return Err(other.into()),
            }
        }
        if !wrong.is_empty() {
            return Err(Error::fault(WrongLines(wrong)));
        }
        if self.publish.is_some() {
            for run in &stored {
                new_dates::announce(work, *run).await?;
            }
        }
        Ok(stored)
    }

    async fn store_one(
        &self,
        work: &Work,
        rules: &Settings,
        line: &RunLine,
    ) -> Result<RunId, booking::Error> {
        let usual = i32::try_from(rules.capacity_default).unwrap_or(i32::MAX);
        let new = NewRun {
            course_code: line.course.clone(),
            label: line.label.clone(),
            capacity: line.capacity.unwrap_or(usual),
            delivery: line.delivery,
            venue: line.venue.clone(),
            join_url: line.join_url.clone(),
            opens_at: line.opens.unwrap_or(work.now()),
            closes_at: line.closes,
            waiting_list: line.waiting_list,
            sessions: line.days.clone(),
        };
        may_begin(work, line).await?;
        let run = calendar::add_run(work.tx(), &|| work.fresh_id(), new).await?;
        if let Some(vouched) = &self.publish {
            calendar::publish_run(work.tx(), work.now(), run, vouched.clone()).await?;
        }
        Ok(run)
    }
}

/// Refuses dates that are over, and dates that are there: most likely the file was taken in before.
async fn may_begin(work: &Work, line: &RunLine) -> Result<(), booking::Error> {
    let Some(begins) = line
        .days
        .first()
        .and_then(|it| london::moment(it.date, it.start).ok())
    else {
        // What is no moment is refused with the day and the reason when the run is added.
        return Ok(());
    };
    if begins <= work.now() {
        return Err(DatesRefused::InThePast.into());
    }
    if calendar::begins_at(work.tx(), &line.course, begins).await? {
        return Err(DatesRefused::SameDates.into());
    }
    Ok(())
}

/// What helps against a refusal that an option of the command answers.
fn what_to_do(why: &DatesRefused) -> &'static str {
    match why {
        DatesRefused::Facilitators => " (give it with --reason)",
        DatesRefused::Minutes { .. } => " (say it with --other-minutes)",
        DatesRefused::NoSuchCourse(_) | DatesRefused::NoPublishedVersion(_) => {
            " (import it first, with alongside import course FILE --publish)"
        }
        DatesRefused::NoSession
        | DatesRefused::NotOneMoment(..)
        | DatesRefused::EndsBeforeStart(_)
        | DatesRefused::Overlap(..)
        | DatesRefused::InThePast
        | DatesRefused::WrongNumber { .. }
        | DatesRefused::SameDay
        | DatesRefused::NoPlaces
        | DatesRefused::NotADraft
        | DatesRefused::HasBegun(_)
        | DatesRefused::MovesIntoThePast(_)
        | DatesRefused::HasBookings
        | DatesRefused::OpensAfterClosing
        | DatesRefused::SameDates => "",
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use time::macros::{date, time};

    const HEAD: &str = "course,capacity,delivery,venue,join_url,opens,waiting_list,day1_date,day1_start,day1_end,day1_break,day2_date,day2_start,day2_end";

    fn parsed(line: &str) -> Result<Vec<RunLine>, Vec<String>> {
        parse(&format!("{HEAD}\n{line}\n"))
    }

    #[track_caller]
    fn refused(line: &str, why: &str) {
        assert_eq!(parsed(line).unwrap_err(), [format!("line 2: {why}")]);
    }

    #[test]
    fn the_example_has_every_column_and_is_read() {
        let lines = parse(include_str!("../../../../courses/example-dates.csv")).unwrap();
        assert!(lines.len() >= 3);
        assert!(lines.iter().all(|it| it.course == "intro" && it.days.len() == 2));
        let head = include_str!("../../../../courses/example-dates.csv")
            .lines()
            .next()
            .unwrap();
        assert!(
            COLUMNS
                .iter()
                .all(|column| head.split(',').any(|it| it == *column))
        );
    }

    #[test]
    fn a_line_is_a_run_with_what_is_usual_where_it_says_nothing() {
        let lines = parsed("intro,,,,,,,2027-06-08,10:00,13:15,15,15/06/2027,10:00:00,13:15").unwrap();
        let session = |date, break_minutes| NewSession {
            date,
            start: time!(10:00),
            end: time!(13:15),
            break_minutes,
        };
        let expected = RunLine {
            number: 2,
            course: "intro".to_owned(),
            label: String::new(),
            capacity: None,
            delivery: Delivery::Online,
            venue: None,
            join_url: None,
            opens: None,
            closes: None,
            waiting_list: true,
            days: vec![
                session(date!(2027 - 06 - 08), 15),
                session(date!(2027 - 06 - 15), 0),
            ],
        };
        assert_eq!(lines, [expected]);
    }

    #[test]
    fn a_cell_that_makes_no_sense_is_named() {
        refused(
            "intro,many,,,,,,2027-06-08,10:00,13:15,,,,",
            "capacity must be a number between 1 and 200",
        );
        refused(
            "intro,,by post,,,,,2027-06-08,10:00,13:15,,,,",
            "delivery must be online, in_person or hybrid",
        );
        refused(
            "intro,,in_person,,,,,2027-06-08,10:00,13:15,,,,",
            "venue is missing: people must know where to go",
        );
        refused(
            "intro,,,,http://meet.example.org/x,,,2027-06-08,10:00,13:15,,,,",
            "join_url must be an address that begins with https://",
        );
        refused(
            "intro,,,,,,perhaps,2027-06-08,10:00,13:15,,,,",
            "waiting_list must be yes or no",
        );
        refused(
            "intro,,,,,,,2027-02-30,10:00,13:15,,,,",
            "day1_date must be a day like 2027-06-08",
        );
        refused(
            "intro,,,,,,,2027-06-08,10am,13:15,,,,",
            "day1_start must be a time like 10:00",
        );
        refused(
            "intro,,,,,,,2027-06-08,10:00,13:15,a few,,,",
            "day1_break must be a number of minutes",
        );
        refused(
            "intro,,,,,,,2027-06-08,10:00,13:15,,2027-06-15,10:00,",
            "day2_end must be a time like 10:00",
        );
        refused(",,,,,,,2027-06-08,10:00,13:15,,,,", "course is missing");
    }

    #[test]
    fn local_times_that_are_no_moment_are_refused() {
        refused(
            "intro,,,,,2027-03-28 01:30,,2027-06-08,10:00,13:15,,,,",
            "opens 2027-03-28 01:30 is no moment in London: the clocks go forward then, so that time does not exist",
        );
        refused(
            "intro,,,,,2027-10-31 01:30,,2027-11-08,10:00,13:15,,,,",
            "opens 2027-10-31 01:30 is no moment in London: the clocks go back then, so that time comes twice",
        );
    }

    #[test]
    fn every_wrong_line_is_named() {
        let wrong = parse(&format!(
            "{HEAD}\nintro,0,,,,,,2027-06-08,10:00,13:15,,,,\n\n,,,,,,,x,10:00,13:15,,,,\n"
        ))
        .unwrap_err();
        assert_eq!(wrong.len(), 3, "{wrong:?}");
        assert!(
            wrong[0].starts_with("line 2: ") && wrong[1].starts_with("line 4: "),
            "{wrong:?}"
        );
    }

    #[test]
    fn columns_are_those_we_know() {
        let wrong = parse("course,colour,day1_date,day1_date\n").unwrap_err();
        let expected = [
            "line 1: there is no column called \"colour\"",
            "line 1: there are two columns called \"day1_date\"",
            "line 1: the column day1_start is missing",
            "line 1: the column day1_end is missing",
        ];
        assert_eq!(wrong, expected);
        assert_eq!(parse(HEAD).unwrap_err(), ["line 2: there are no dates"]);
        assert_eq!(
            parsed("intro,12,online,,,,yes,2027-06-08,10:00,13:15,15,2027-06-15,10:00,13:15,more,")
                .unwrap_err()
                .len(),
            1
        );
    }
}
