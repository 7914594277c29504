//! A framework as it comes in from a CSV file like `frameworks/starter-framework.csv`.
//!
//! Every mistake in every row is told; one that concerns two rows is told at the second.

use std::collections::BTreeMap;

use unicode_normalization::UnicodeNormalization;

use super::{Competency, Framework};
use crate::evidence::{Demand, Kind};

/// The columns, which may stand in any order.
pub const COLUMNS: [&str; 19] = [
    "framework_code",
    "framework_title",
    "framework_version",
    "licence",
    "attribution",
    "area_code",
    "area_title",
    "area_order",
    "competency_code",
    "competency_title",
    "guidance",
    "competency_order",
    "required",
    "optional_group",
    "requires_observation",
    "min_evidence",
    "min_distinct_dates",
    "allowed_kinds",
    "tags",
];

/// A row of a file: one competency.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Row {
    /// The line on which it begins, from 1.
    pub line: u64,
    /// The code of the competency, as it was written.
    pub code: String,
    /// What it says of the framework; without competencies.
    pub framework: Framework,
    /// What it says of the competency, as far as that makes sense.
    pub competency: Option<Competency>,
    /// Everything that is wrong with it.
    pub wrong: Vec<String>,
}

/// Reads a file, or says why its rows cannot be told apart.
pub fn parse(text: &str) -> Result<Vec<Row>, Vec<String>> {
    let text = text.trim_start_matches('\u{feff}');
    let mut reader = csv::ReaderBuilder::new()
        .flexible(true)
        .from_reader(text.as_bytes());
    let no_csv = |why: &csv::Error| {
        let line = why.position().map_or(1, csv::Position::line);
        vec![format!("line {line}: it is no CSV")]
    };
    let columns = reader.headers().map_err(|why| no_csv(&why))?.clone();
    columns_are_ours(&columns)?;
    let mut rows = Vec::new();
    for record in reader.records() {
        let record = record.map_err(|why| no_csv(&why))?;
        let line = record.position().map_or(1, |it| line_at(text, it));
        rows.push(row(&columns, &record, line));
    }
    if rows.is_empty() {
        return Err(vec!["line 2: there are no competencies".to_owned()]);
    }
    one_framework(&mut rows);
    nothing_twice(&mut rows);
    Ok(rows)
}

/// The line on which a record begins: the reader counts from the line ends in front of it.
fn line_at(text: &str, position: &csv::Position) -> u64 {
    let from = usize::try_from(position.byte()).unwrap_or(usize::MAX);
    let ends = text
        .bytes()
        .skip(from)
        .take_while(|it| b"\r\n".contains(it))
        .count();
    let before = text.bytes().take(from.saturating_add(ends));
    before.fold(1, |line, it| line + u64::from(it == b'\n'))
}

fn columns_are_ours(columns: &csv::StringRecord) -> Result<(), Vec<String>> {
    let mut wrong = Vec::new();
    for (at, column) in columns.iter().enumerate() {
        if columns.iter().take(at).any(|it| it == column) {
            wrong.push(format!("line 1: there are two columns called {column:?}"));
        } else if !COLUMNS.contains(&column) {
            wrong.push(format!("line 1: there is no column called {column:?}"));
        }
    }
    let absent = COLUMNS
        .iter()
        .filter(|it| !columns.iter().any(|column| column == **it));
    wrong.extend(absent.map(|it| format!("line 1: the column {it} is missing")));
    if wrong.is_empty() { Ok(()) } else { Err(wrong) }
}

/// The cells of a row, and what is wrong with them.
struct Cells<'a> {
    cells: BTreeMap<&'a str, String>,
    wrong: Vec<String>,
}

impl Cells<'_> {
    fn text(&self, column: &str) -> String {
        self.cells.get(column).cloned().unwrap_or_default()
    }

    fn read<T>(&mut self, column: &str, meaning: impl FnOnce(&str) -> Result<T, String>) -> Option<T> {
        let text = self.text(column);
        let read = meaning(&text).map_err(|why| self.wrong.push(format!("{column} {why}")));
        read.ok()
    }
}

fn row(columns: &csv::StringRecord, record: &csv::StringRecord, line_number: u64) -> Row {
    // Texts are kept in one normal form, with line feeds.
    let clean = |it: &str| it.replace("\r\n", "\n").trim().nfc().collect::<String>();
    let mut it = Cells {
        cells: columns.iter().zip(record.iter().map(clean)).collect(),
        wrong: Vec::new(),
    };
    if record.len() != columns.len() {
        let (have, need) = (record.len(), columns.len());
        it.wrong
            .push(format!("has {have} cells, and the first line has {need}"));
    }
    let framework = Framework {
        code: it.read("framework_code", code).unwrap_or_default(),
        title: it.read("framework_title", |it| line(it, 500)).unwrap_or_default(),
        version: it
            .read("framework_version", |it| line(it, 20))
            .unwrap_or_default(),
        licence: it.read("licence", |it| line(it, 500)).unwrap_or_default(),
        attribution: it.read("attribution", |it| line(it, 500)).unwrap_or_default(),
        competencies: Vec::new(),
    };
    let competency = competency(&mut it);
    Row {
        line: line_number,
        code: it.text("competency_code"),
        framework,
        competency,
        wrong: it.wrong,
    }
}

fn competency(it: &mut Cells<'_>) -> Option<Competency> {
    let area_code = it.read("area_code", code);
    let area_title = it.read("area_title", |it| line(it, 500));
    let area_order = it.read("area_order", order);
    let own_code = it.read("competency_code", code);
    let title = it.read("competency_title", |it| line(it, 500));
    let guidance = it.read("guidance", guidance);
    let own_order = it.read("competency_order", order);
    let required = it.read("required", yes_no);
    let optional_group =
        required.and_then(|required| it.read("optional_group", |it| optional_group(required, it)));
    let demand = demand(it);
    let tags = it.read("tags", |it| list(it, code));
    Some(Competency {
        area_code: area_code?,
        area_title: area_title?,
        area_order: area_order?,
        code: own_code?,
        title: title?,
        guidance: guidance?,
        order: own_order?,
        optional_group: optional_group?,
        demand: demand?,
        tags: tags?,
    })
}

/// The group is filled exactly when the competency is not required.
fn optional_group(required: bool, group: &str) -> Result<Option<String>, String> {
    match (required, group.is_empty()) {
        (true, true) => Ok(None),
        (false, false) => code(group).map(Some),
        (true, false) => Err("must be empty where required is yes".to_owned()),
        (false, true) => Err("is missing where required is no".to_owned()),
    }
}

fn demand(it: &mut Cells<'_>) -> Option<Demand> {
    let requires_observation = it.read("requires_observation", yes_no);
    let min_evidence = it.read("min_evidence", minimum);
    let min_distinct_dates = it.read("min_distinct_dates", minimum);
    let allowed_kinds = it.read("allowed_kinds", |it| list(it, kind));
    let kinds = allowed_kinds.as_deref().unwrap_or_default();
    if requires_observation == Some(true) && !kinds.is_empty() && !kinds.contains(&Kind::Observation) {
        it.wrong
            .push("allowed_kinds must hold observation where requires_observation is yes".to_owned());
    }
    Some(Demand {
        requires_observation: requires_observation?,
        min_evidence: min_evidence?,
        min_distinct_dates: min_distinct_dates?,
        allowed_kinds: allowed_kinds?,
    })
}

fn code(text: &str) -> Result<String, String> {
    let plain = |it: char| it.is_ascii_lowercase() || it.is_ascii_digit() || it == '-' || it == '_';
    if (1..=40).contains(&text.len()) && text.chars().all(plain) {
        Ok(text.to_owned())
    } else {
        Err("must be 1 to 40 small letters, digits, hyphens or underscores".to_owned())
    }
}

fn line(text: &str, most: usize) -> Result<String, String> {
    if text.is_empty() || text.chars().any(char::is_control) || text.chars().count() > most {
        Err(format!("must be one line of 1 to {most} characters"))
    } else {
        Ok(text.to_owned())
    }
}

/// May have several lines, and may be empty.
fn guidance(text: &str) -> Result<String, String> {
    if text.chars().any(|it| it.is_control() && it != '\n') || text.chars().count() > 2_000 {
        Err("must be at most 2000 characters, without control characters".to_owned())
    } else {
        Ok(text.to_owned())
    }
}

fn whole<T: std::str::FromStr>(text: &str) -> Option<T> {
    let digits = !text.is_empty() && text.chars().all(|it| it.is_ascii_digit());
    text.parse().ok().filter(|_| digits)
}

fn order(text: &str) -> Result<i32, String> {
    whole(text).ok_or_else(|| "must be a whole number".to_owned())
}

fn minimum(text: &str) -> Result<u32, String> {
    let number = whole(text).filter(|it| (1..=1_000).contains(it));
    number.ok_or_else(|| "must be a whole number from 1 to 1000".to_owned())
}

fn yes_no(text: &str) -> Result<bool, String> {
    match text {
        "yes" => Ok(true),
        "no" => Ok(false),
        _ => Err("must be yes or no".to_owned()),
    }
}

fn kind(text: &str) -> Result<Kind, String> {
    let names = Kind::ALL.map(Kind::name).join(", ");
    Kind::named(text).ok_or_else(|| format!("must be some of {names}"))
}

/// Joined with `|`; nothing is an empty list.
fn list<T: PartialEq>(text: &str, one: impl Fn(&str) -> Result<T, String>) -> Result<Vec<T>, String> {
    let mut found = Vec::new();
    for part in text.split('|').filter(|_| !text.is_empty()) {
        let it = one(part)?;
        if found.contains(&it) {
            return Err(format!("has {part:?} a second time"));
        }
        found.push(it);
    }
    Ok(found)
}

/// Every row says the same of the framework as the first.
fn one_framework(rows: &mut [Row]) {
    let Some((first, others)) = rows.split_first_mut() else {
        return;
    };
    for row in others {
        let (a, b) = (&first.framework, &row.framework);
        let pairs = [
            ("framework_code", &a.code, &b.code),
            ("framework_title", &a.title, &b.title),
            ("framework_version", &a.version, &b.version),
            ("licence", &a.licence, &b.licence),
            ("attribution", &a.attribution, &b.attribution),
        ];
        for (column, first, own) in pairs {
            // An empty one was told already.
            if first != own && !first.is_empty() && !own.is_empty() {
                row.wrong
                    .push(format!("{column} must be {first:?}, as in the first row"));
            }
        }
    }
}

/// A code stands for one competency, an area has one title and one place, and a place has one owner.
fn nothing_twice(rows: &mut [Row]) {
    let mut codes: BTreeMap<String, u64> = BTreeMap::new();
    let mut areas: BTreeMap<String, (String, i32, u64)> = BTreeMap::new();
    let mut area_places: BTreeMap<i32, String> = BTreeMap::new();
    let mut places: BTreeMap<(String, i32), u64> = BTreeMap::new();
    for row in rows {
        let (line, wrong) = (row.line, &mut row.wrong);
        let Some(it) = &row.competency else { continue };
        if let Some(first) = codes.insert(it.code.clone(), line) {
            wrong.push(format!(
                "competency_code {:?} stands on line {first} already",
                it.code
            ));
        }
        let area = areas
            .entry(it.area_code.clone())
            .or_insert_with(|| (it.area_title.clone(), it.area_order, line));
        if (&area.0, area.1) != (&it.area_title, it.area_order) {
            wrong.push(format!(
                "the area {:?} has another title or order on line {}",
                it.area_code, area.2
            ));
        }
        let owner = area_places
            .entry(it.area_order)
            .or_insert_with(|| it.area_code.clone());
        if *owner != it.area_code {
            wrong.push(format!(
                "area_order {} is that of the area {owner:?}",
                it.area_order
            ));
        }
        if let Some(first) = places.insert((it.area_code.clone(), it.order), line) {
            wrong.push(format!(
                "competency_order {} stands on line {first} already",
                it.order
            ));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const STARTER: &str = include_str!("../../../../frameworks/starter-framework.csv");

    fn wrong(text: &str) -> Vec<String> {
        let rows = parse(text).unwrap();
        let told = rows.iter().flat_map(|row| {
            let line = row.line;
            row.wrong.iter().map(move |it| format!("line {line}: {it}"))
        });
        told.collect()
    }

    #[track_caller]
    fn refused(from: &str, to: &str, why: &[&str]) {
        assert!(STARTER.contains(from), "the file has no {from:?} any more");
        assert_eq!(wrong(&STARTER.replacen(from, to, 1)), why);
    }

    #[test]
    fn the_starter_framework_is_read_as_a_whole() {
        let rows = parse(STARTER).unwrap();
        assert_eq!(wrong(STARTER), Vec::<String>::new());
        let all: Vec<&Competency> = rows.iter().filter_map(|it| it.competency.as_ref()).collect();
        let required = all.iter().filter(|it| it.optional_group.is_none());
        assert_eq!((all.len(), required.count()), (24, 20));
        let by_code = |code: &str| all.iter().find(|it| it.code == code).unwrap();
        assert!(by_code("3a").demand.requires_observation);
        assert_eq!(by_code("6b").demand.allowed_kinds, [Kind::Discussion]);
        assert_eq!(by_code("2e").optional_group.as_deref(), Some("choice"));
        assert_eq!(by_code("1b").tags, ["role", "values", "mutuality"]);
    }

    #[test]
    fn columns_may_stand_in_any_order_and_lines_may_end_in_either_way() {
        let rows = parse(STARTER).unwrap();
        let windows = format!("\u{feff}{}", STARTER.replace('\n', "\r\n"));
        assert_eq!(parse(&windows).unwrap(), rows);
        let mut reader = csv::Reader::from_reader(STARTER.as_bytes());
        let mut writer = csv::Writer::from_writer(Vec::new());
        let turned = |it: &csv::StringRecord| it.iter().rev().map(str::to_owned).collect::<Vec<_>>();
        writer
            .write_record(turned(&reader.headers().unwrap().clone()))
            .unwrap();
        for it in reader.records() {
            writer.write_record(turned(&it.unwrap())).unwrap();
        }
        let text = String::from_utf8(writer.into_inner().unwrap()).unwrap();
        assert_eq!(parse(&text).unwrap(), rows);
    }

    #[test]
    fn exactly_these_columns() {
        let told = |from: &str, to: &str| parse(&STARTER.replacen(from, to, 1)).unwrap_err();
        assert_eq!(
            told("guidance", "guide"),
            [
                "line 1: there is no column called \"guide\"",
                "line 1: the column guidance is missing"
            ]
        );
        assert_eq!(
            told("tags", "licence"),
            [
                "line 1: there are two columns called \"licence\"",
                "line 1: the column tags is missing"
            ]
        );
        let head = STARTER.lines().next().unwrap();
        assert_eq!(parse(head).unwrap_err(), ["line 2: there are no competencies"]);
    }

    #[test]
    fn a_cell_that_makes_no_sense_is_named() {
        refused(
            ",1,1a,",
            ",1,1 A,",
            &["line 2: competency_code must be 1 to 40 small letters, digits, hyphens or underscores"],
        );
        refused(
            ",no,1,1,,role\n",
            ",no,0,1,,role\n",
            &["line 2: min_evidence must be a whole number from 1 to 1000"],
        );
        refused(
            ",no,1,1,,role\n",
            ",no,1,+1,,role\n",
            &["line 2: min_distinct_dates must be a whole number from 1 to 1000"],
        );
        refused(
            ",1,yes,,no,",
            ",1,Yes,,no,",
            &["line 2: required must be yes or no"],
        );
        refused(
            ",1,yes,,no,",
            ",1,no,,no,",
            &["line 2: optional_group is missing where required is no"],
        );
        refused(
            ",1,yes,,no,",
            ",1,yes,choice,no,",
            &["line 2: optional_group must be empty where required is yes"],
        );
        refused(
            ",1,1,discussion,",
            ",1,1,discussion|chat,",
            &[
                "line 25: allowed_kinds must be some of observation, discussion, feedback, witness_statement, reflection, activity, work_product, certificate",
            ],
        );
        refused(
            "role|values|mutuality",
            "role|values|role",
            &["line 3: tags has \"role\" a second time"],
        );
        refused(
            ",yes,2,2,,relating|listening",
            ",yes,2,2,discussion,relating|listening",
            &["line 10: allowed_kinds must hold observation where requires_observation is yes"],
        );
        let long = "x".repeat(2_001);
        let text = STARTER.replacen("You choose one meeting", &long, 1);
        assert_eq!(
            wrong(&text),
            ["line 3: guidance must be at most 2000 characters, without control characters"]
        );
    }

    #[test]
    fn rows_that_contradict_each_other_are_told_at_the_second() {
        refused(
            ",1b,",
            ",1a,",
            &["line 3: competency_code \"1a\" stands on line 2 already"],
        );
        refused(
            "2,Knowledge in practice,2,2b",
            "2,Knowledge,2,2b",
            &["line 6: the area \"2\" has another title or order on line 5"],
        );
        // The first row of the area, with which all others disagree.
        let moved = STARTER.replace(",2,Knowledge in practice,2,", ",2,Knowledge in practice,1,");
        assert_eq!(wrong(&moved)[0], "line 5: area_order 1 is that of the area \"1\"");
        let text = STARTER.replacen(
            "\nstarter,Starter competencies for peer support workers,1.0,",
            "\nother,Starter competencies for peer support workers,2.0,",
            2,
        );
        let text = text.replacen(
            "\nother,Starter competencies for peer support workers,2.0,",
            "\nstarter,Starter competencies for peer support workers,1.0,",
            1,
        );
        assert_eq!(
            wrong(&text),
            [
                "line 3: framework_code must be \"starter\", as in the first row",
                "line 3: framework_version must be \"1.0\", as in the first row"
            ]
        );
    }

    #[test]
    fn every_mistake_is_told_at_once() {
        let text = STARTER.replacen(",1b,", ",,", 1).replacen(
            ",no,1,1,,language|values",
            ",maybe,x,1,,language|values",
            1,
        );
        assert_eq!(
            wrong(&text),
            [
                "line 3: competency_code must be 1 to 40 small letters, digits, hyphens or underscores",
                "line 4: requires_observation must be yes or no",
                "line 4: min_evidence must be a whole number from 1 to 1000",
            ]
        );
        let short = format!("{STARTER}starter,too,short\n");
        assert!(wrong(&short)[0].starts_with("line 26: has 3 cells, and the first line has 19"));
    }
}
