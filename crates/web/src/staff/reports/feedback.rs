//! How confident people felt before and after, and what they said, in words (B-80).

use std::collections::BTreeMap;

use booking::Settings;
use booking::evaluation::{Asked, NUMBERS, Ratings, Results};

use super::chart::{Bar, Chart, Group};
use super::page::{Block, File, Report, Said, Table, counted};
use crate::public::manage::feedback::{CHOICES, WORDS};

pub(super) fn report(settings: &Settings, it: &Results) -> Report {
    let least = settings.evaluation_min_shown;
    let notes = vec![
        format!(
            "Answers are shown when nobody can answer any more, {} days after the last day, and in groups of at least {least}. This is so that nobody can be identified. A question that fewer than {least} people answered is hidden.",
            settings.evaluation_open
        ),
        "We do not keep who said what. Numbers are from 1, not at all confident, to 5, very confident."
            .to_owned(),
    ];
    if it.before == 0 && it.after == 0 {
        return Report {
            finding: vec![format!(
                "There are not yet {least} answers that can be shown for this year."
            )],
            notes,
            file: file(&it.asked),
            ..Report::default()
        };
    }
    let mut blocks = Vec::new();
    if !it.asked.is_empty() {
        blocks.push(confidence(&it.asked));
    }
    blocks.extend(
        CHOICES
            .iter()
            .filter_map(|question| chosen(question, &it.choices)),
    );
    Report {
        finding: finding(it),
        blocks,
        said: said(&it.words),
        notes,
        file: file(&it.asked),
        ..Report::default()
    }
}

/// The middle of all numbers, in tenths; nothing of none.
fn tenths(ratings: &Ratings) -> Option<u64> {
    let (mut sum, mut n) = (0u64, 0u64);
    for (number, count) in NUMBERS.iter().zip(ratings) {
        sum += u64::from(*number) * u64::from(*count);
        n += u64::from(*count);
    }
    (sum * 20 + n).checked_div(n * 2)
}

/// "4.2".
fn said_tenths(it: u64) -> String {
    format!("{}.{}", it / 10, it % 10)
}

fn shown(it: Option<&Ratings>) -> String {
    it.and_then(tenths)
        .map_or_else(|| "hidden".to_owned(), said_tenths)
}

fn finding(it: &Results) -> Vec<String> {
    let sum = |ratings: &mut dyn Iterator<Item = Ratings>| {
        ratings.fold(Ratings::default(), |mut sums, it| {
            sums.iter_mut().zip(it).for_each(|(sum, n)| *sum += n);
            sums
        })
    };
    let both: Vec<(Ratings, Ratings)> = it
        .asked
        .iter()
        .filter_map(|it| Some((it.before?, it.after?)))
        .collect();
    let before = tenths(&sum(&mut both.iter().map(|it| it.0)));
    let after = tenths(&sum(&mut both.iter().map(|it| it.1)));
    let counts = format!(
        "{} before a course, and {} after it.",
        counted(it.before.into(), "person answered", "people answered"),
        counted(it.after.into(), "person", "people")
    );
    let change = before.zip(after).map(|(before, after)| {
        let (from, to) = (said_tenths(before), said_tenths(after));
        match after.cmp(&before) {
            std::cmp::Ordering::Greater => format!("Confidence went up from {from} to {to} of 5."),
            std::cmp::Ordering::Less => format!("Confidence went down from {from} to {to} of 5."),
            std::cmp::Ordering::Equal => format!("Confidence stayed at {to} of 5."),
        }
    });
    change.into_iter().chain([counts]).collect()
}

fn confidence(asked: &[Asked]) -> Block {
    let caption = "Confidence before and after, from 1 to 5";
    let bar = |it: Option<&Ratings>| match it.and_then(tenths) {
        Some(tenths) => Bar::labelled(tenths, 50, said_tenths(tenths)),
        None => Bar::none("hidden"),
    };
    let group = |it: &Asked| Group {
        label: it.text.clone(),
        bars: vec![bar(it.before.as_ref()), bar(it.after.as_ref())],
    };
    let groups: Vec<Group> = asked.iter().map(group).collect();
    let each = asked.iter().map(|it| {
        let (before, after) = (shown(it.before.as_ref()), shown(it.after.as_ref()));
        format!("{}: {before} before, {after} after.", it.text)
    });
    let desc = format!(
        "{} All figures are in the table below.",
        each.collect::<Vec<_>>().join(" ")
    );
    let row = |it: &Asked| {
        vec![
            it.text.clone(),
            shown(it.before.as_ref()),
            shown(it.after.as_ref()),
        ]
    };
    Block {
        chart: Some(Chart::draw(caption, desc, &["Before", "After"], &groups)),
        table: Table::new(
            caption,
            &["What people can do", "Before", "After"],
            asked.iter().map(row).collect(),
        ),
    }
}

/// How often each answer to a question was chosen.
fn chosen(
    (code, legend, answers): &(&str, &str, &[(&str, &str)]),
    sums: &BTreeMap<String, BTreeMap<String, u32>>,
) -> Option<Block> {
    let sums = sums.get(*code)?;
    let count = |code: &str| sums.get(code).copied().unwrap_or(0).to_string();
    let rows = answers
        .iter()
        .map(|(code, text)| vec![(*text).to_owned(), count(code)]);
    Some(Block {
        chart: None,
        table: Table::new(legend, &["Answer", "People"], rows.collect()),
    })
}

fn said(words: &BTreeMap<String, Vec<String>>) -> Vec<Said> {
    let each = WORDS.iter().map(|(code, label)| Said {
        heading: (*label).to_owned(),
        texts: words.get(*code).cloned().unwrap_or_default(),
    });
    each.filter(|it| !it.texts.is_empty()).collect()
}

fn file(asked: &[Asked]) -> File {
    let mut rows = Vec::new();
    for it in asked {
        for (when, ratings) in [("Before", it.before), ("After", it.after)] {
            let Some(ratings) = ratings else { continue };
            let mut row = vec![it.text.clone(), when.to_owned(), shown(Some(&ratings))];
            row.extend(ratings.iter().map(u32::to_string));
            rows.push(row);
        }
    }
    let columns = [
        "What people can do",
        "When",
        "Middle of all answers",
        "Chose 1",
        "Chose 2",
        "Chose 3",
        "Chose 4",
        "Chose 5",
    ];
    File::new(&columns, rows)
}

#[cfg(test)]
pub(super) fn samples() -> Vec<Report> {
    let asked = |text: &str, before, after| Asked {
        text: text.to_owned(),
        before,
        after,
    };
    let full = Results {
        asked: vec![
            asked(
                "Say what peer support is and what a peer worker does",
                Some([3, 5, 2, 0, 0]),
                Some([0, 0, 2, 4, 3]),
            ),
            asked(
                "Recognise that people have different views, hopes and concerns about peer support",
                None,
                Some([0, 0, 0, 4, 5]),
            ),
        ],
        before: 10,
        after: 9,
        choices: BTreeMap::from([(
            "recommend".to_owned(),
            BTreeMap::from([("yes".to_owned(), 8), ("maybe".to_owned(), 1)]),
        )]),
        words: BTreeMap::from([(
            "helped".to_owned(),
            vec![
                "The breaks.\nAnd the kind trainers.".to_owned(),
                "To hear from others".to_owned(),
            ],
        )]),
    };
    let settings = Settings::default();
    vec![report(&settings, &full), report(&settings, &Results::default())]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_middle_is_said_in_tenths() {
        let said = |it: &Ratings| shown(Some(it));
        assert_eq!(said(&[1, 0, 0, 0, 1]), "3.0");
        assert_eq!(said(&[0, 0, 0, 1, 2]), "4.7");
        assert_eq!(said(&[0; 5]), "hidden");
        let [full, none] = samples().try_into().unwrap();
        assert_eq!(full.finding[0], "Confidence went up from 1.9 to 4.1 of 5.");
        assert!(none.blocks.is_empty() && none.said.is_empty() && none.file.rows.is_empty());
    }
}
