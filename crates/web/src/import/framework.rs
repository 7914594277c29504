//! A framework from a CSV file like `frameworks/starter-framework.csv`.

use competency::framework::{self, FileVerdict, Report, Row, Verdict};

use crate::app::App;
use crate::cli::{Failure, say};
use crate::error::Error;

/// What an empty service begins with.
const OURS: &str = include_str!("../../../../frameworks/starter-framework.csv");

/// A framework to be stored as a draft.
#[derive(Debug)]
pub(crate) struct FrameworkFile {
    pub(super) name: String,
    pub(super) rows: Vec<Row>,
    /// Only say what would happen.
    pub(super) check: bool,
}

impl FrameworkFile {
    /// Every row is told, whether something is stored or not.
    pub(super) async fn store(self, app: &App) -> Result<Vec<String>, Failure> {
        let Self { name, rows, check } = self;
        let report = if check {
            framework::compare(app.reader(), rows)
                .await
                .map_err(Error::from)?
        } else {
            draft(app, &rows, false).await?
        };
        for it in told(&report) {
            say(&it);
        }
        concluded(&name, &report, check).map(|it| vec![it])
    }
}

/// Stores a draft, published at once if that is wished.
async fn draft(app: &App, rows: &[Row], publish: bool) -> Result<Report, Error> {
    app.change(|work| async move {
        let (tx, now) = (work.tx(), work.now());
        let (report, stored) = framework::import(tx, now, &|| work.fresh_id(), rows.to_vec()).await?;
        if let Some(id) = stored.filter(|_| publish) {
            framework::publish(tx, now, id).await?;
        }
        Ok(report)
    })
    .await
}

/// Stores and publishes the framework that we ship, where there is none at all.
pub(crate) async fn begin_with_ours(app: &App) -> Result<(), Failure> {
    let none = async || framework::is_none_there(app.reader()).await.map_err(Error::from);
    if !none().await? {
        return Ok(());
    }
    let rows = framework::parse(OURS).map_err(Failure::Wrong)?;
    match draft(app, &rows, true).await {
        // Another process that began at the same moment was faster.
        Err(_) if !none().await? => Ok(()),
        Err(error) => Err(error.into()),
        Ok(_) => Ok(()),
    }
}

/// A line for each row, or for each thing that is wrong with it, and for each row that went.
fn told(report: &Report) -> Vec<String> {
    let mut lines = Vec::new();
    for (row, verdict) in &report.rows {
        let what = format!("line {}: {} {}", row.line, row.code, verdict.name());
        if *verdict == Verdict::Wrong {
            lines.extend(row.wrong.iter().map(|why| format!("{what}: {why}")));
        } else {
            lines.push(what);
        }
    }
    let gone = report.gone.iter();
    lines.extend(gone.map(|code| format!("{code} is stored and not in this file")));
    lines
}

/// What became of the file.
fn concluded(name: &str, report: &Report, check: bool) -> Result<String, Failure> {
    let of = report.rows.first().map(|(row, _)| &row.framework);
    let (code, version) = of.map_or(("", ""), |it| (it.code.as_str(), it.version.as_str()));
    let wrong = report.rows.iter().filter(|(_, it)| *it == Verdict::Wrong).count();
    match report.verdict {
        FileVerdict::Wrong => Err(Failure::wrong(format!(
            "{name}: nothing is stored, because {wrong} of {} rows are wrong.",
            report.rows.len()
        ))),
        FileVerdict::Published => Err(Failure::wrong(format!(
            "{name}: nothing is stored, because version {version} of the framework {code} is published and never changes. Give the file another framework_version."
        ))),
        FileVerdict::Known => Ok(format!(
            "Version {version} of the framework {code} is stored already, word for word."
        )),
        FileVerdict::Draft if check => Ok(format!(
            "Nothing is stored: this was a check. Without --check version {version} of the framework {code} becomes a draft."
        )),
        FileVerdict::Draft => Ok(format!(
            "Version {version} of the framework {code} is stored as a draft: booklets use it once a lead has published it."
        )),
    }
}
