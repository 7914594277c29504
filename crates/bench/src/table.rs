//! The table at the end.

use std::io::Write;
use std::time::Duration;

use crate::Result;

/// One measure: ours, what it is held against, and the goal.
#[derive(Clone, Debug, Default)]
pub(crate) struct Line {
    pub(crate) what: String,
    pub(crate) ours: String,
    pub(crate) beside: String,
    pub(crate) ratio: String,
    pub(crate) goal: &'static str,
}

/// A line with two rates.
pub(crate) fn rates(what: impl Into<String>, ours: f64, raw: f64, goal: &'static str) -> Line {
    Line {
        what: what.into(),
        ours: format!("{ours:.0}/s"),
        beside: format!("{raw:.0}/s"),
        ratio: format!("{:.2}", ours / raw.max(f64::EPSILON)),
        goal,
    }
}

/// A line with two times of the same thing on few and on many records.
pub(crate) fn times(what: impl Into<String>, many: Duration, few: Duration, goal: &'static str) -> Line {
    let ratio = many.as_secs_f64() / few.as_secs_f64().max(f64::EPSILON);
    Line {
        what: what.into(),
        ours: said(many),
        beside: said(few),
        ratio: format!("{ratio:.2}"),
        goal,
    }
}

/// A line without anything beside it.
pub(crate) fn alone(what: impl Into<String>, ours: impl Into<String>, goal: &'static str) -> Line {
    Line {
        what: what.into(),
        ours: ours.into(),
        goal,
        ..Line::default()
    }
}

impl Line {
    /// With something beside it that is no limit.
    pub(crate) fn beside(self, beside: String) -> Self {
        Self { beside, ..self }
    }
}

/// A time in three digits or so.
pub(crate) fn said(time: Duration) -> String {
    let ms = time.as_secs_f64() * 1000.0;
    match ms {
        ..0.995 => format!("{:.0} us", ms * 1000.0),
        ..9.95 => format!("{ms:.2} ms"),
        ..995.0 => format!("{ms:.0} ms"),
        _ => format!("{:.2} s", ms / 1000.0),
    }
}

/// Prints the lines with columns under each other.
pub(crate) fn print(lines: &[Line]) -> Result<()> {
    let head = Line {
        what: "measure".to_owned(),
        ours: "ours".to_owned(),
        beside: "beside it".to_owned(),
        ratio: "ratio".to_owned(),
        goal: "goal",
    };
    let all = || std::iter::once(&head).chain(lines);
    let width = |of: fn(&Line) -> &str| all().map(|it| of(it).chars().count()).max().unwrap_or(0);
    let (what, ours, beside) = (width(|it| &it.what), width(|it| &it.ours), width(|it| &it.beside));
    let mut out = std::io::stdout().lock();
    for it in all() {
        writeln!(
            out,
            "{:<what$}  {:>ours$}  {:>beside$}  {:>5}  {}",
            it.what, it.ours, it.beside, it.ratio, it.goal
        )?;
    }
    Ok(())
}

/// Says what is being done, beside the table.
pub(crate) fn note(words: &str) {
    // Whoever does not listen misses nothing of the table.
    let _ = writeln!(std::io::stderr(), "{words}");
}
