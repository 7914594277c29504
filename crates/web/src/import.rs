//! `alongside import`: a course, its dates, bank holidays or a framework from a file. Every wrong line is named with
//! its reason, and a file with one wrong line stores nothing.

pub(crate) mod course;
pub(crate) mod framework;
pub(crate) mod holidays;
pub(crate) mod runs;

use std::path::{Path, PathBuf};

use clap::Subcommand;

use crate::app::App;
use crate::cli::Failure;
use crate::error::Error;

/// What is taken in.
#[derive(Debug, Subcommand)]
pub(crate) enum What {
    /// A course: its texts, outcomes and topics
    #[command(after_help = "\
Examples:
  alongside import course courses/introductory-course.toml --publish
  alongside import course my-course.toml

A course that is there already gets a new version; dates that are planned keep the old one.
Without --publish the version is stored as a draft that nobody sees.")]
    Course {
        /// A file like courses/introductory-course.toml
        file: PathBuf,
        /// Let people see it
        #[arg(long)]
        publish: bool,
    },
    /// Dates of courses
    #[command(after_help = "\
Examples:
  alongside import runs courses/example-dates.csv
  alongside import runs dates.csv --publish --reason \"Trainers are named on Monday\"

The first line names the columns: course, label, capacity, delivery, venue, join_url, opens,
closes, waiting_list, and for each day day1_date, day1_start, day1_end, day1_break, day2_date
and so on. Times are those of a clock in London. Columns may be left out or left empty:
  capacity        the setting capacity_default     closes   midday on the working day before
  delivery        online                           opens    now
  waiting_list    yes                              breaks   0 minutes
courses/example-dates.csv is an example with every column.")]
    Runs {
        /// A file like courses/example-dates.csv
        file: PathBuf,
        /// Let people book
        #[arg(long)]
        publish: bool,
        /// Why dates are published before a peer trainer and one other are confirmed
        #[arg(long, value_name = "WHY", requires = "publish")]
        reason: Option<String>,
        /// The teaching minutes differ from what the course plans, and that is meant
        #[arg(long, requires = "publish")]
        other_minutes: bool,
    },
    /// Bank holidays, which are no working days
    #[command(after_help = "\
Example:
  alongside import holidays courses/bank-holidays.csv

The first line names the columns date and name. A day that is there already gets the new name.")]
    Holidays {
        /// A file like courses/bank-holidays.csv
        file: PathBuf,
    },
    /// A framework of competencies
    #[command(after_help = "\
Examples:
  alongside import framework my-framework.csv --check
  alongside import framework my-framework.csv

Says of each row whether it is added, changed, the same or an error, compared with the same
version, or with the newest one if the version is new. One error, and nothing is stored.
The result is a draft, which the next file replaces. What a lead has published never
changes: give the file another framework_version. An empty service begins with
frameworks/starter-framework.csv, published. The first line names exactly these columns:
  framework_code, framework_title, framework_version, licence, attribution, area_code,
  area_title, area_order, competency_code, competency_title, guidance, competency_order,
  required, optional_group, requires_observation, min_evidence, min_distinct_dates,
  allowed_kinds, tags
Lists are joined with |; an empty allowed_kinds means all. optional_group is filled exactly
where required is no.")]
    Framework {
        /// A file like frameworks/starter-framework.csv
        file: PathBuf,
        /// Only say what would happen
        #[arg(long)]
        check: bool,
    },
}

/// A file that was read and makes sense by itself.
#[derive(Debug)]
pub(crate) enum File {
    Course(Box<course::CourseFile>),
    Runs(runs::RunsFile),
    Holidays(Vec<holidays::Holiday>),
    Framework(framework::FrameworkFile),
}

impl What {
    /// Reads the file, or tells every line that is wrong.
    pub(crate) fn read(&self) -> Result<File, Failure> {
        match self {
            Self::Course { file, publish } => {
                let course = named(file, course::parse(&text(file)?))?;
                Ok(File::Course(Box::new(course::CourseFile {
                    course,
                    publish: *publish,
                })))
            }
            Self::Runs {
                file,
                publish,
                reason,
                other_minutes,
            } => {
                let lines = named(file, runs::parse(&text(file)?))?;
                let reason = reason.clone().filter(|it| !it.trim().is_empty());
                let publish = publish.then(|| booking::calendar::Vouched {
                    minutes: *other_minutes,
                    without_facilitators: reason,
                });
                Ok(File::Runs(runs::RunsFile {
                    name: file.display().to_string(),
                    lines,
                    publish,
                }))
            }
            Self::Framework { file, check } => Ok(File::Framework(framework::FrameworkFile {
                name: file.display().to_string(),
                rows: named(file, competency::framework::parse(&text(file)?))?,
                check: *check,
            })),
            Self::Holidays { file } => Ok(File::Holidays(named(file, holidays::parse(&text(file)?))?)),
        }
    }
}

impl File {
    /// Stores everything, or nothing; what was stored, in words.
    pub(crate) async fn store(self, app: &App) -> Result<Vec<String>, Failure> {
        match self {
            Self::Course(it) => it.store(app).await,
            Self::Runs(it) => it.store(app).await,
            Self::Holidays(it) => holidays::store(app, it).await,
            Self::Framework(it) => it.store(app).await,
        }
    }
}

fn text(file: &Path) -> Result<String, Failure> {
    let name = file.display();
    let bytes = std::fs::read(file)
        .map_err(|why| Failure::wrong(format!("The file {name} cannot be read ({why}).")))?;
    // Spreadsheets like to begin with a byte order mark.
    let text = String::from_utf8(bytes)
        .map_err(|_| Failure::wrong(format!("The file {name} is not UTF-8: save it as UTF-8.")))?;
    Ok(text.trim_start_matches('\u{FEFF}').to_owned())
}

/// What is wrong with a file, with its name.
fn named<T>(file: &Path, read: Result<T, Vec<String>>) -> Result<T, Failure> {
    read.map_err(|wrong| {
        Failure::Wrong(
            wrong
                .into_iter()
                .map(|it| format!("{}, {it}.", file.display()))
                .collect(),
        )
    })
}

/// Lines that the records refuse: carried out of a change, which is undone by that.
#[derive(Debug, thiserror::Error)]
#[error("{}", .0.join(" "))]
struct WrongLines(Vec<String>);

fn refused(error: Error) -> Failure {
    let Error::Fault(source) = error else {
        return error.into();
    };
    match source.downcast::<WrongLines>() {
        Ok(lines) => Failure::Wrong(lines.0),
        Err(source) => Error::Fault(source).into(),
    }
}
