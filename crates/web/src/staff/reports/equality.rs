//! Who books, in numbers from which nobody can be known (B-86, T-03): a whole year, all courses together, few
//! hidden and others rounded. There is no finer view, no sum of a question and no number that was not rounded:
//! what is hidden could be worked out from them.

use std::collections::BTreeMap;

use booking::Settings;
use booking::reports::small::{Shown, shown};
use sea_orm::{ColumnTrait, ConnectionTrait, EntityTrait, QueryFilter};

use super::chart::{Bar, Chart, Group};
use super::page::{Block, File, Report, Table};
use crate::entity::equality_counter;
use crate::error::Error;
use crate::public::equality::{QUESTIONS, Question};

/// The columns of the file.
const COLUMNS: [&str; 3] = ["Question", "Answer", "Number"];

/// How often an answer to a question was given in a year.
pub(super) type Counts = BTreeMap<(String, String), i64>;

/// The counts of a year, of all courses together.
pub(super) async fn counts(db: &impl ConnectionTrait, year: i32) -> Result<Counts, Error> {
    let quarters = (1..=4).map(|n| format!("{year}-Q{n}"));
    let rows = equality_counter::Entity::find()
        .filter(equality_counter::Column::Quarter.is_in(quarters))
        .all(db)
        .await?;
    let mut counts = Counts::new();
    for it in rows {
        *counts.entry((it.question, it.answer)).or_default() += i64::from(it.count);
    }
    Ok(counts)
}

pub(super) fn report(settings: &Settings, counts: &Counts) -> Report {
    let notes = notes(settings);
    if counts.values().all(|it| *it == 0) {
        return Report {
            finding: vec!["Nobody answered these questions in this year.".to_owned()],
            notes,
            file: File::new(&COLUMNS, Vec::new()),
            ..Report::default()
        };
    }
    let tables: Vec<_> = QUESTIONS
        .iter()
        .map(|it| (it, answers(settings, counts, it)))
        .collect();
    let file = tables.iter().flat_map(|(question, answers)| {
        answers
            .iter()
            .map(|(text, shown)| vec![question.legend.to_owned(), (*text).to_owned(), cell(*shown)])
    });
    Report {
        finding: vec![finding(&tables)],
        file: File::new(&COLUMNS, file.collect()),
        blocks: tables
            .iter()
            .map(|(question, answers)| block(settings, question, answers))
            .collect(),
        notes,
        ..Report::default()
    }
}

type Answer = (&'static str, Shown);

fn answers(settings: &Settings, counts: &Counts, question: &Question) -> Vec<Answer> {
    let count = |code: &str| {
        let key = (question.code.to_owned(), code.to_owned());
        counts.get(&key).copied().unwrap_or(0)
    };
    let answers = question.answers.iter();
    answers
        .map(|(code, text)| (*text, shown(settings, count(code))))
        .collect()
}

fn cell(it: Shown) -> String {
    match it {
        Shown::Hidden => "*".to_owned(),
        Shown::Number(n) => n.to_string(),
    }
}

/// The answer given most, of the first question in which there is one.
fn finding(tables: &[(&Question, Vec<Answer>)]) -> String {
    let number = |it: &Answer| match it.1 {
        Shown::Hidden => 0,
        Shown::Number(n) => n,
    };
    let most = |(question, answers): &(&Question, Vec<Answer>)| {
        let (text, shown) = answers.iter().max_by_key(|it| number(it))?;
        let n = number(&(*text, *shown));
        let alone = answers.iter().filter(|it| number(it) == n).count() == 1;
        (n > 0 && alone).then(|| {
            format!(
                "“{}” The answer given most is “{text}”, by about {n} people.",
                question.legend
            )
        })
    };
    let found = tables.iter().find_map(most);
    found.unwrap_or_else(|| "So few people answered that most numbers are hidden.".to_owned())
}

fn block(settings: &Settings, question: &Question, answers: &[Answer]) -> Block {
    let numbers = answers.iter().map(|it| match it.1 {
        Shown::Hidden => 0,
        Shown::Number(n) => n.unsigned_abs(),
    });
    let largest = numbers.clone().max().unwrap_or(0);
    let groups: Vec<Group> = answers
        .iter()
        .zip(numbers)
        .map(|((text, shown), n)| Group {
            label: (*text).to_owned(),
            bars: vec![match shown {
                Shown::Hidden => Bar::none(&format!("* ({})", few(settings))),
                Shown::Number(_) => Bar::of(n, largest),
            }],
        })
        .collect();
    let hidden = answers.iter().filter(|it| it.1 == Shown::Hidden).count();
    let most = answers
        .iter()
        .filter(|it| it.1 == Shown::Number(i64::try_from(largest).unwrap_or(0)));
    let most: Vec<&str> = most.map(|it| it.0).collect();
    let highest = if largest > 0 {
        format!("Highest, about {largest}: {}. ", most.join("; "))
    } else {
        String::new()
    };
    let desc = format!(
        "{highest}{hidden} of {} numbers are hidden. All figures are in the table below.",
        answers.len()
    );
    let row = |it: &Answer| vec![it.0.to_owned(), cell(it.1)];
    Block {
        chart: Some(Chart::draw(question.legend, desc, &[], &groups)),
        table: Table::new(
            question.legend,
            &["Answer", "Number"],
            answers.iter().map(row).collect(),
        ),
    }
}

/// "1 to 7".
fn few(settings: &Settings) -> String {
    format!("1 to {}", settings.equality_hide_up_to)
}

fn notes(settings: &Settings) -> Vec<String> {
    vec![
        format!(
            "A star (*) stands for {}. All other numbers are rounded to the nearest {}. This is so that nobody can be identified.",
            few(settings),
            settings.equality_round_to
        ),
        "All courses of a year are counted together. Nobody has to answer, and each question can be left out."
            .to_owned(),
    ]
}

#[cfg(test)]
pub(super) fn samples() -> Vec<Report> {
    let settings = Settings::default();
    let mut counts = Counts::new();
    for question in &QUESTIONS {
        for (n, (answer, _)) in question.answers.iter().enumerate() {
            let key = (question.code.to_owned(), (*answer).to_owned());
            counts.insert(key, i64::try_from(n * 9).unwrap());
        }
    }
    let few = Counts::from([(("age".to_owned(), "25_34".to_owned()), 1)]);
    vec![
        report(&settings, &counts),
        report(&settings, &few),
        report(&settings, &Counts::new()),
    ]
}

#[cfg(test)]
mod tests {
    use super::*;

    /// U-36: no number that could tell who answered what leaves, in whatever form.
    #[test]
    fn no_small_number_and_no_exact_number_is_shown() {
        let settings = Settings::default();
        for n in 1..60 {
            let counts = Counts::from([
                (("age".to_owned(), "25_34".to_owned()), n),
                (("age".to_owned(), "65_over".to_owned()), 40),
                (("sex".to_owned(), "female".to_owned()), n),
            ]);
            let report = report(&settings, &counts);
            let tables = report.blocks.iter().flat_map(|it| {
                let it = serde_json::to_value(&it.table).unwrap();
                it["rows"].as_array().unwrap().clone()
            });
            let shown = tables.map(|it| it[1].as_str().unwrap().to_owned());
            let files = report.file.rows.iter().map(|it| it[2].clone());
            for cell in shown.chain(files) {
                let fine = cell == "*" || cell.parse::<i64>().is_ok_and(|it| it % 5 == 0);
                assert!(fine, "{cell} of {n}");
            }
            let all = serde_json::to_string(&report.blocks).unwrap() + &report.finding.join(" ");
            let hidden = n <= settings.equality_hide_up_to;
            assert_eq!(all.contains("* (1 to 7)"), hidden, "{n}");
        }
    }
}
