//! How many waited and how many got a place, in words.

use booking::reports::waiting::{Waited, Waiting};

use super::chart::{Bar, Chart, Group, extremes};
use super::page::{Block, File, Report, Table, counted, month, people, share, span, that_is};

pub(super) fn report(it: &Waiting) -> Report {
    if it.months.is_empty() {
        return Report {
            finding: vec!["Nobody joined a waiting list in this year.".to_owned()],
            file: file(it),
            ..Report::default()
        };
    }
    let all = it.all;
    let mut finding = vec![
        format!(
            "{} of {} who joined a waiting list got a place.",
            all.placed,
            people(all.joined)
        ),
        that_is(all.placed, all.joined),
    ];
    if let Some(days) = it.half_within {
        let days = counted(days.unsigned_abs(), "day", "days");
        finding.push(format!("Half of those who got one waited {days} or less."));
    }
    Report {
        time: span(&it.months),
        finding,
        blocks: vec![by_month(it), in_all(&all)],
        file: file(it),
        ..Report::default()
    }
}

fn by_month(it: &Waiting) -> Block {
    let caption = "Joined a waiting list and got a place, for each month";
    let largest = it.months.iter().map(|it| it.1.joined).max().unwrap_or(0);
    let group = |(day, waited): &(time::Date, Waited)| Group {
        label: month(*day),
        bars: vec![Bar::of(waited.joined, largest), Bar::of(waited.placed, largest)],
    };
    let groups: Vec<Group> = it.months.iter().map(group).collect();
    let joined: Vec<_> = it.months.iter().map(|it| (month(it.0), it.1.joined)).collect();
    let placed: Vec<_> = it.months.iter().map(|it| (month(it.0), it.1.placed)).collect();
    let desc = format!(
        "Joined: {} Got a place: {} All figures are in the table below.",
        extremes(&joined),
        extremes(&placed)
    );
    let row = |(day, it): &(time::Date, Waited)| {
        vec![
            month(*day),
            it.joined.to_string(),
            it.placed.to_string(),
            share(it.placed, it.joined),
        ]
    };
    Block {
        chart: Some(Chart::draw(caption, desc, &["Joined", "Got a place"], &groups)),
        table: Table::new(
            caption,
            &["Month", "Joined", "Got a place", "Share"],
            it.months.iter().map(row).collect(),
        ),
    }
}

fn in_all(all: &Waited) -> Block {
    let row = |text: &str, n: u64| vec![text.to_owned(), n.to_string(), share(n, all.joined)];
    let rows = vec![
        row("Got a place", all.placed),
        row("Still waiting", all.waits),
        row("Left the list, or it closed", all.left),
    ];
    Block {
        chart: None,
        table: Table::new(
            "What became of everybody who waited",
            &["What became of it", "People", "Share"],
            rows,
        ),
    }
}

fn file(it: &Waiting) -> File {
    let row = |(day, it): &(time::Date, Waited)| {
        let numbers = [it.joined, it.offers, it.placed, it.waits, it.left];
        let numbers = numbers.iter().map(u64::to_string);
        std::iter::once(month(*day)).chain(numbers).collect()
    };
    let columns = [
        "Month",
        "Joined",
        "Offers made to them",
        "Got a place",
        "Still waiting",
        "Left, or the list closed",
    ];
    File::new(&columns, it.months.iter().map(row).collect())
}

#[cfg(test)]
pub(super) fn samples() -> Vec<Report> {
    use time::macros::date;
    let waited = Waited {
        joined: 9,
        placed: 6,
        waits: 1,
        left: 2,
        offers: 8,
    };
    let full = Waiting {
        months: vec![(date!(2026 - 05 - 01), waited)],
        all: waited,
        half_within: Some(4),
    };
    let nobody = Waiting {
        all: Waited { placed: 0, ..waited },
        months: vec![(date!(2026 - 05 - 01), Waited { placed: 0, ..waited })],
        half_within: None,
    };
    vec![report(&full), report(&nobody), report(&Waiting::default())]
}
