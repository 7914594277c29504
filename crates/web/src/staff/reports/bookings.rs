//! How many places were booked and what became of them, in words.

use booking::reports::bookings::{Became, Bookings};

use super::chart::{Bar, Chart, Group, extremes};
use super::page::{Block, File, Report, Table, counted, month, share, span};

pub(super) fn report(it: &Bookings) -> Report {
    let notes = vec![
        "A booking that was moved to other dates is counted once. Nobody is charged for cancelling late."
            .to_owned(),
    ];
    if it.months.is_empty() {
        return Report {
            finding: vec!["No place was booked in this year.".to_owned()],
            notes,
            file: file(it),
            ..Report::default()
        };
    }
    let all = it.all;
    let cancelled = match all.cancelled {
        0 => "Nobody cancelled their place.".to_owned(),
        1 => format!("1 person cancelled their place, {}.", late(all.late)),
        n => format!("{n} people cancelled their place, {} of them late.", all.late),
    };
    Report {
        time: span(&it.months),
        finding: vec![
            format!(
                "{} made, and {} of them kept.",
                counted(all.made, "booking was", "bookings were"),
                all.kept
            ),
            cancelled,
        ],
        blocks: vec![by_month(it), in_all(&all)],
        notes,
        file: file(it),
        ..Report::default()
    }
}

fn late(n: u64) -> &'static str {
    if n == 0 { "in time" } else { "late" }
}

fn by_month(it: &Bookings) -> Block {
    let caption = "Bookings made and kept for each month";
    let largest = it.months.iter().map(|it| it.1.made).max().unwrap_or(0);
    let group = |(day, became): &(time::Date, Became)| Group {
        label: month(*day),
        bars: vec![Bar::of(became.made, largest), Bar::of(became.kept, largest)],
    };
    let groups: Vec<Group> = it.months.iter().map(group).collect();
    let made: Vec<_> = it.months.iter().map(|it| (month(it.0), it.1.made)).collect();
    let kept: Vec<_> = it.months.iter().map(|it| (month(it.0), it.1.kept)).collect();
    let desc = format!(
        "Made: {} Kept: {} All figures are in the table below.",
        extremes(&made),
        extremes(&kept)
    );
    let row = |(day, it): &(time::Date, Became)| {
        vec![
            month(*day),
            it.made.to_string(),
            it.kept.to_string(),
            share(it.kept, it.made),
        ]
    };
    Block {
        chart: Some(Chart::draw(caption, desc, &["Made", "Kept"], &groups)),
        table: Table::new(
            caption,
            &["Month", "Made", "Kept", "Share"],
            it.months.iter().map(row).collect(),
        ),
    }
}

fn in_all(all: &Became) -> Block {
    let row = |text: &str, n: u64| vec![text.to_owned(), n.to_string(), share(n, all.made)];
    let rows = vec![
        row("Kept", all.kept),
        row("Cancelled by the person, in time", all.cancelled - all.late),
        row("Cancelled by the person, late", all.late),
        row("Cancelled by us", all.by_us),
        row("Email not confirmed in time", all.lapsed),
    ];
    Block {
        chart: None,
        table: Table::new(
            "What became of all bookings",
            &["What became of it", "Bookings", "Share"],
            rows,
        ),
    }
}

fn file(it: &Bookings) -> File {
    let row = |(day, it): &(time::Date, Became)| {
        let numbers = [
            it.made,
            it.by_team,
            it.kept,
            it.cancelled,
            it.late,
            it.by_us,
            it.lapsed,
        ];
        let numbers = numbers.iter().map(u64::to_string);
        std::iter::once(month(*day)).chain(numbers).collect()
    };
    let columns = [
        "Month",
        "Made",
        "Of these by the team",
        "Kept",
        "Cancelled by the person",
        "Of these late",
        "Cancelled by us",
        "Not confirmed in time",
    ];
    File::new(&columns, it.months.iter().map(row).collect())
}

#[cfg(test)]
pub(super) fn samples() -> Vec<Report> {
    use time::macros::date;
    let became = |made: u64| Became {
        made,
        by_team: 2,
        kept: made - 3,
        cancelled: 2,
        late: 1,
        by_us: 0,
        lapsed: 1,
    };
    let full = Bookings {
        months: vec![
            (date!(2027 - 05 - 01), became(14)),
            (date!(2027 - 06 - 01), became(11)),
        ],
        all: became(25),
    };
    vec![report(&full), report(&Bookings::default())]
}
