//! What the register shows.

use booking::attendance::{Code, Row};
use serde::Serialize;

use super::{Day, Segment, Typed, recorded};
use crate::app::App;
use crate::forms::{Answer, Problem};
use crate::pages::Page;
use crate::staff::Shell;
use crate::staff::on_the_day::{FLAG, OnePersonPath};
use crate::words;

/// The register.
#[derive(Clone, Debug, Serialize)]
pub(super) struct RegisterPage {
    heading: String,
    dates: String,
    /// "Tuesday 8 June 2027, 10am to 1:15pm. 20 people have a place."
    lead: String,
    /// Why there is nothing to fill in.
    closed: String,
    /// Who saved it last, and when.
    saved: String,
    errors_heading: &'static str,
    errors: Vec<Problem>,
    /// Whether the blanks were filled, and nothing is saved yet.
    is_filled: bool,
    /// Who is not here, and we do not know why.
    missing: Vec<Missing>,
    lines: Vec<Line>,
    marked: usize,
    /// Whether somebody is left whom "Mark everyone else as here" would mark.
    can_fill: bool,
    /// Asked for when something was saved before (B-62).
    reason: Option<Answer>,
    version: u64,
    op: String,
    form_url: String,
    back_url: String,
    shell: Shell,
}

/// One person.
#[derive(Clone, Debug, Serialize)]
struct Line {
    /// The id of the first button.
    id: String,
    field: String,
    name: String,
    notes: Vec<String>,
    /// What helps them to take part, if whoever looks may read it.
    needs: Vec<String>,
    error: String,
    segments: Vec<Button>,
    more_url: Option<String>,
    more_text: &'static str,
}

#[derive(Clone, Debug, Serialize)]
struct Button {
    id: String,
    value: &'static str,
    text: &'static str,
    is_chosen: bool,
}

/// Somebody who is not here.
#[derive(Clone, Debug, Serialize)]
struct Missing {
    name: String,
    url: String,
    op: String,
}

impl RegisterPage {
    pub(super) fn of(app: &App, day: &Day, typed: &Typed, shell: Shell) -> Self {
        let ours = |row: &Row| row.marks.iter().any(|it| it.by.is_some());
        let lines: Vec<Line> = day
            .rows()
            .into_iter()
            .zip(1..)
            .map(|((row, name), n)| line(day, typed, row, name, n))
            .collect();
        let missing = day.rows().into_iter().filter(|(row, _)| is_missing(day, row));
        let people = match lines.len() {
            1 => "1 person has a place.".to_owned(),
            n => format!("{n} people have a place."),
        };
        Self {
            heading: format!("Register: {}", day.name_inside()),
            dates: day.all_dates(),
            lead: format!("{}. {people}", words::day(day.meeting())),
            closed: closed(day),
            saved: saved(day),
            errors_heading: "There is a problem",
            errors: Vec::new(),
            is_filled: false,
            missing: missing
                .map(|(row, name)| Missing {
                    name,
                    url: more(day, row),
                    op: app.secrets().op(),
                })
                .collect(),
            marked: lines.iter().filter(|it| it.is_marked()).count(),
            can_fill: lines.iter().any(Line::is_blank),
            lines,
            reason: (day.register.rows.iter().any(ours)).then(|| typed.reason.clone()),
            version: day.register.version,
            op: app.secrets().op(),
            form_url: day.path("/register"),
            back_url: day.path(""),
            shell,
        }
    }

    /// After "Mark everyone else as here": nothing is saved yet.
    pub(super) fn filled(self) -> Self {
        Self {
            is_filled: true,
            ..self
        }
    }

    /// With what is wrong with the form.
    pub(super) fn refused(mut self) -> Self {
        let reason = self.reason.as_ref().filter(|it| it.is_wrong());
        self.errors = match (reason, self.lines.first()) {
            (Some(reason), _) => vec![Problem {
                href: "#reason".to_owned(),
                text: reason.error.clone(),
            }],
            (None, Some(first)) => vec![Problem {
                href: format!("#{}", first.id),
                text: "Choose Here, Late or Not here".to_owned(),
            }],
            (None, None) => Vec::new(),
        };
        self
    }

    /// Too long ago for anybody but a lead (B-62).
    pub(super) fn for_a_lead(mut self) -> Self {
        self.errors = vec![Problem {
            href: String::new(),
            text: "This day is long ago. Ask a lead to change it".to_owned(),
        }];
        self
    }

    /// Whoever missed day 1 is let in first (B-63).
    pub(super) fn keeping_out(mut self, day: &Day, typed: &Typed) -> Self {
        for ((row, name), line) in day.rows().into_iter().zip(&mut self.lines) {
            let chosen = typed.chosen.get(&row.booking);
            if day.first.keeps_out(row.booking) && chosen.is_some_and(|it| it.code().was_there()) {
                "They missed day 1. Let them in first".clone_into(&mut line.error);
                self.errors.push(Problem {
                    href: format!("#{}", line.id),
                    text: format!("{name} missed day 1. Let them in first"),
                });
            }
        }
        self
    }

    /// After somebody else saved: both values, one beside the other (U-12).
    pub(super) fn clashing(mut self, day: &Day, typed: &Typed) -> Self {
        for ((row, name), line) in day.rows().into_iter().zip(&mut self.lines) {
            let (Some(chosen), Some(mark)) = (typed.chosen.get(&row.booking), row.mark()) else {
                continue;
            };
            let theirs = Segment::of(mark.code);
            if theirs == *chosen {
                continue;
            }
            let who = match mark.by {
                Some(by) if by == day.me => "You saved".to_owned(),
                Some(_) => format!("{} saved", day.who(mark.by)),
                None => format!("{name} told us"),
            };
            line.error = format!("{who}: {}. You chose now: {}", theirs.words(), chosen.words());
            self.errors.push(Problem {
                href: format!("#{}", line.id),
                text: format!("{name}. {}", line.error),
            });
        }
        self.errors_heading = "The register was saved meanwhile";
        if self.errors.is_empty() {
            self.errors.push(Problem {
                href: String::new(),
                text: "Check the list and save it again".to_owned(),
            });
        }
        self
    }
}

impl Line {
    fn is_blank(&self) -> bool {
        !self.segments.is_empty() && !self.is_marked()
    }

    fn is_marked(&self) -> bool {
        self.segments.iter().any(|it| it.is_chosen)
    }
}

fn line(day: &Day, typed: &Typed, row: &Row, name: String, n: usize) -> Line {
    let is_me = row.person == day.me;
    let chosen = typed.chosen.get(&row.booking).copied().or(recorded(row));
    let button = |(segment, at): (Segment, usize)| Button {
        id: if at == 0 {
            format!("p{n}")
        } else {
            format!("p{n}-{}", at + 1)
        },
        value: segment.name(),
        text: segment.words(),
        is_chosen: chosen == Some(segment),
    };
    Line {
        id: format!("p{n}"),
        field: row.booking.to_string(),
        name,
        notes: notes(day, row),
        needs: day.needs(row.booking),
        error: String::new(),
        segments: if is_me {
            Vec::new()
        } else {
            Segment::ALL.into_iter().zip(0..).map(button).collect()
        },
        more_url: (!is_me).then(|| more(day, row)),
        more_text: if row.mark().is_some() {
            "Left early, or something else"
        } else {
            "See more"
        },
    }
}

/// What stands under a name: flags, and what three buttons cannot say.
fn notes(day: &Day, row: &Row) -> Vec<String> {
    let mut notes = Vec::new();
    if day.is_flagged(row.booking) && day.needs(row.booking).is_empty() {
        notes.push(FLAG.to_owned());
    }
    notes.extend(day.missed_first(row.booking));
    if row.catches_up {
        notes.push("Comes to catch up on this day".to_owned());
    }
    if row.person == day.me {
        notes.push("This is you. Somebody else marks you".to_owned());
    }
    if let Some(mark) = row.mark() {
        match mark.code {
            Code::Apologies => notes.push("Told us that they cannot come".to_owned()),
            Code::Excused => notes.push("Excused".to_owned()),
            Code::LeftEarly => notes.push(format!("Left early, here for {} minutes", mark.minutes)),
            Code::Late => notes.push(format!("Late, here for {} minutes", mark.minutes)),
            Code::Present | Code::Absent => {}
        }
    }
    notes
}

fn is_missing(day: &Day, row: &Row) -> bool {
    row.person != day.me && row.mark().is_some_and(|it| it.code == Code::Absent)
}

fn more(day: &Day, row: &Row) -> String {
    let path = OnePersonPath {
        session: day.meeting().id.to_string(),
        booking: row.booking.to_string(),
    };
    path.to_string()
}

fn closed(day: &Day) -> String {
    if day.register.is_cancelled {
        return "These dates are cancelled.".to_owned();
    }
    if let Some(opens) = day.opens() {
        return format!("The register opens on {opens}.");
    }
    if day.register.rows.is_empty() {
        return "Nobody has a place on this day.".to_owned();
    }
    String::new()
}

/// "Last saved by Robin, 9:35am on Tuesday 8 June 2027"; nothing before anybody saved.
fn saved(day: &Day) -> String {
    let marks = day.register.rows.iter().flat_map(|it| &it.marks);
    let last = marks.filter(|it| it.by.is_some()).max_by_key(|it| it.at);
    last.map_or_else(String::new, |it| {
        format!(
            "Last saved by {}, {}.",
            day.who(it.by),
            words::time_and_date(it.at)
        )
    })
}

impl Page for RegisterPage {
    const TEMPLATE: &'static str = "pages/staff/register.html";

    #[cfg(test)]
    fn samples() -> Vec<Self> {
        use crate::public::manage::tests::{before, idle_app};
        use crate::staff::on_the_day::sample::{after_day_1, day, mark, with_needs};
        let app = idle_app();
        let page = |day: &Day, typed: &Typed| Self::of(&app, day, typed, Shell::sample());
        let saved = |it: &Day| page(it, &Typed::saved(it));
        let blank = day(&[("Sam Taylor", vec![]), ("Jo Lee", vec![]), ("Kim Ash", vec![])]);
        let marked = day(&[
            ("Sam Taylor", vec![mark(Code::Present, 180, Some(902))]),
            ("Jo Lee", vec![mark(Code::Absent, 0, Some(902))]),
            ("Kim Ash", vec![mark(Code::Apologies, 0, None)]),
            ("Ali Noor", vec![mark(Code::LeftEarly, 100, Some(901))]),
            ("Bo Lind", vec![mark(Code::Late, 165, Some(901))]),
            ("Di Bell", vec![mark(Code::Excused, 0, Some(901))]),
            ("Ed Pike", vec![]),
        ]);
        let mut mine = blank.clone();
        mine.me = mine.register.rows[0].person;
        let mut early = blank.clone();
        early.now = before();
        let mut cancelled = day(&[]);
        cancelled.register.is_cancelled = true;
        let mut filled = Typed::saved(&blank);
        for row in &blank.register.rows {
            filled.chosen.insert(row.booking, Segment::Here);
        }
        let mut reasonless = Typed::saved(&marked);
        reasonless.reason.refuse("Say why it has changed");
        let second = after_day_1(blank.clone());
        let clash = page(&marked, &filled).clashing(&marked, &filled);
        vec![
            saved(&blank),
            saved(&marked),
            saved(&with_needs(marked.clone())),
            saved(&second),
            page(&second, &filled).keeping_out(&second, &filled),
            saved(&mine),
            saved(&early),
            saved(&cancelled),
            saved(&day(&[])),
            page(&blank, &filled).filled(),
            saved(&blank).refused(),
            page(&marked, &reasonless).refused(),
            clash,
            saved(&blank).clashing(&blank, &filled),
            saved(&marked).for_a_lead(),
        ]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pages_hold() {
        crate::pages_test::check::<RegisterPage>();
    }
}
