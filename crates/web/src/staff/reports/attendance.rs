//! How many who had a place came, in words.

use booking::reports::attendance::{Attendance, Went};

use super::chart::{Bar, Chart, Group, extremes};
use super::page::{Block, File, Report, Table, counted, month, people, share, span, that_is};

pub(super) fn report(it: &Attendance) -> Report {
    let mut notes = vec![
        "A day that somebody caught up on other dates counts as a day they came.".to_owned(),
        "Equality figures have their own page. There, small numbers are hidden so that nobody can be identified."
            .to_owned(),
    ];
    if it.unmarked > 0 {
        let those = counted(it.unmarked, "booking is", "bookings are");
        notes.insert(
            0,
            format!("{those} not counted yet, because a register is not complete."),
        );
    }
    if it.months.is_empty() {
        return Report {
            finding: vec![
                "No course that began in this year is over and has a complete register.".to_owned(),
            ],
            notes,
            file: file(it),
            ..Report::default()
        };
    }
    let came = match it.days {
        Some(1) => "Came",
        Some(2) => "Came on both days",
        _ => "Came every day",
    };
    let all = it.all;
    Report {
        time: span(&it.months),
        finding: vec![
            format!(
                "{} of {} who booked {}.",
                all.every_day,
                people(all.booked),
                came.to_lowercase()
            ),
            that_is(all.every_day, all.booked),
        ],
        blocks: vec![by_month(it, came), in_all(&all, came)],
        notes,
        file: file(it),
        ..Report::default()
    }
}

fn by_month(it: &Attendance, came: &str) -> Block {
    let caption = "Bookings and attendance for each month";
    let largest = it.months.iter().map(|it| it.1.booked).max().unwrap_or(0);
    let group = |(day, went): &(time::Date, Went)| Group {
        label: month(*day),
        bars: vec![Bar::of(went.booked, largest), Bar::of(went.every_day, largest)],
    };
    let groups: Vec<Group> = it.months.iter().map(group).collect();
    let booked: Vec<_> = it.months.iter().map(|it| (month(it.0), it.1.booked)).collect();
    let attended: Vec<_> = it.months.iter().map(|it| (month(it.0), it.1.every_day)).collect();
    let desc = format!(
        "Booked: {} {came}: {} All figures are in the table below.",
        extremes(&booked),
        extremes(&attended)
    );
    let row = |(day, went): &(time::Date, Went)| {
        vec![
            month(*day),
            went.booked.to_string(),
            went.every_day.to_string(),
            share(went.every_day, went.booked),
        ]
    };
    Block {
        chart: Some(Chart::draw(caption, desc, &["Booked", came], &groups)),
        table: Table::new(
            caption,
            &["Month", "Booked", came, "Share"],
            it.months.iter().map(row).collect(),
        ),
    }
}

fn in_all(all: &Went, came: &str) -> Block {
    let row = |text: &str, n: u64| vec![text.to_owned(), n.to_string(), share(n, all.booked)];
    let rows = vec![
        row(came, all.every_day),
        row("Came for some of the time", all.part),
        row("Could not come", all.excused),
        row("We missed them", all.missed),
    ];
    Block {
        chart: None,
        table: Table::new(
            "How it went for everybody",
            &["How it went", "People", "Share"],
            rows,
        ),
    }
}

fn file(it: &Attendance) -> File {
    let row = |(day, went): &(time::Date, Went)| {
        let numbers = [went.booked, went.every_day, went.part, went.excused, went.missed];
        let numbers = numbers.iter().map(u64::to_string);
        std::iter::once(month(*day)).chain(numbers).collect()
    };
    let columns = [
        "Month",
        "Booked",
        "Came every day",
        "Came for some of the time",
        "Could not come",
        "We missed them",
    ];
    File::new(&columns, it.months.iter().map(row).collect())
}

#[cfg(test)]
pub(super) fn samples() -> Vec<Report> {
    use time::macros::date;
    let went = |booked, every_day| Went {
        booked,
        every_day,
        part: booked - every_day - 1,
        excused: 0,
        missed: 1,
    };
    let full = Attendance {
        months: vec![
            (date!(2026 - 09 - 01), went(18, 15)),
            (date!(2026 - 10 - 01), went(22, 20)),
            (date!(2026 - 11 - 01), went(20, 17)),
            (date!(2026 - 12 - 01), went(14, 11)),
            (date!(2027 - 01 - 01), went(24, 21)),
        ],
        all: went(98, 84),
        unmarked: 3,
        days: Some(2),
    };
    vec![report(&full), report(&Attendance::default())]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_finding_is_a_sentence() {
        let [full, none] = samples().try_into().unwrap();
        assert_eq!(
            full.finding.join(" "),
            "84 of 98 people who booked came on both days. That is 86%, or about 6 in 7."
        );
        assert_eq!(full.time.as_deref(), Some("September 2026 to January 2027"));
        assert_eq!(full.file.rows[0], ["September 2026", "18", "15", "2", "0", "1"]);
        assert!(none.blocks.is_empty() && none.file.rows.is_empty());
    }
}
