//! Bank holidays from a CSV file like `courses/bank-holidays.csv`.

use booking::calendar;
use time::Date;

use super::runs::{date, table};
use crate::app::App;
use crate::cli::Failure;

/// A day that is no working day (B-96).
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Holiday {
    pub(crate) day: Date,
    pub(crate) name: String,
}

/// Reads days, or tells every line that is wrong.
pub(crate) fn parse(text: &str) -> Result<Vec<Holiday>, Vec<String>> {
    const COLUMNS: [&str; 2] = ["date", "name"];
    let mut wrong = Vec::new();
    let mut found = Vec::new();
    for mut line in table(text, &COLUMNS, |it| COLUMNS.contains(&it))? {
        let day = line.read("date", date);
        let name = line.read("name", |it| {
            if it.is_empty() {
                Err("is missing".to_owned())
            } else {
                Ok(it.to_owned())
            }
        });
        found.extend(day.zip(name).map(|(day, name)| Holiday { day, name }));
        wrong.extend(line.wrong());
    }
    if wrong.is_empty() { Ok(found) } else { Err(wrong) }
}

pub(super) async fn store(app: &App, holidays: Vec<Holiday>) -> Result<Vec<String>, Failure> {
    let all = &holidays;
    app.change(|work| async move {
        for it in all {
            calendar::add_bank_holiday(work.tx(), it.day, &it.name).await?;
        }
        Ok(())
    })
    .await?;
    Ok(vec![format!("{} bank holidays are stored.", holidays.len())])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_list_we_ship_is_read_and_holds_working_weekdays_only() {
        let days = parse(include_str!("../../../../courses/bank-holidays.csv")).unwrap();
        assert!(days.len() >= 16);
        let weekend = days.iter().filter(|it| it.day.weekday().number_from_monday() > 5);
        assert_eq!(
            weekend.count(),
            0,
            "a holiday at the week end has its substitute day here"
        );
    }

    #[test]
    fn every_wrong_line_is_named() {
        let wrong = parse("date,name\n2027-02-30,Nothing\n2027-12-27,\n").unwrap_err();
        assert_eq!(
            wrong,
            [
                "line 2: date must be a day like 2027-06-08",
                "line 3: name is missing"
            ]
        );
    }
}
