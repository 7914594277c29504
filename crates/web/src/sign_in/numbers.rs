//! Every number of the rules of logging in, and of who sees what for how long, that a team may choose (T-11
//! to T-19).

use booking::settings::{BadSetting, Setting};
use sea_orm::{ColumnTrait, ConnectionTrait, EntityTrait, QueryFilter};
use time::Duration;

use crate::entity::setting;
use crate::error::Error;

/// The numbers as they stand for this instance; each is described in [`CATALOGUE`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Numbers([i64; CATALOGUE.len()]);

/// One number and its first value.
type Line = (Setting, i64);

/// All of them.
pub(crate) const CATALOGUE: [Line; 16] = [
    line(
        "log_in_code",
        "minutes",
        (5, 30),
        10,
        "how long a log in code works",
    ),
    line("log_in_tries", "count", (3, 10), 5, "tries for one log in code"),
    line(
        "log_in_codes_hour",
        "count",
        (3, 50),
        10,
        "log in codes an hour for one address",
    ),
    line(
        "second_step_tries",
        "count",
        (3, 10),
        5,
        "wrong codes of the app before a log in ends",
    ),
    line(
        "second_step_within",
        "minutes",
        (5, 60),
        15,
        "those are counted within this",
    ),
    line(
        "staff_idle",
        "minutes",
        (5, 120),
        30,
        "without use the team is logged out after this",
    ),
    line(
        "staff_longest",
        "hours",
        (1, 24),
        10,
        "the team is logged out after this",
    ),
    line(
        "trainee_idle",
        "minutes",
        (5, 240),
        60,
        "without use others are logged out after this",
    ),
    line(
        "trainee_longest",
        "hours",
        (1, 72),
        24,
        "others are logged out after this",
    ),
    line(
        "idle_warning",
        "minutes",
        (1, 10),
        5,
        "people are warned this long before they are logged out",
    ),
    line(
        "log_ins_at_once",
        "count",
        (1, 20),
        5,
        "places where one person can be logged in",
    ),
    line(
        "step_up_fresh",
        "minutes",
        (1, 30),
        5,
        "how long a code of the app counts for important acts",
    ),
    line(
        "stash_kept",
        "minutes",
        (10, 1440),
        60,
        "a form sent after the end of a log in is kept this long",
    ),
    line(
        "invitation",
        "days",
        (1, 60),
        14,
        "how long an invitation can be accepted",
    ),
    line(
        "records_hour",
        "count",
        (5, 1000),
        30,
        "leads are told when somebody opens the records of more people within an hour",
    ),
    line(
        "needs_shown",
        "days",
        (0, 60),
        14,
        "facilitators see what helps people for so long after the last day",
    ),
];

const fn line(
    name: &'static str,
    unit: &'static str,
    (least, most): (i64, i64),
    first: i64,
    purpose: &'static str,
) -> Line {
    let setting = Setting {
        name,
        unit,
        least,
        most,
        purpose,
    };
    (setting, first)
}

impl Default for Numbers {
    fn default() -> Self {
        Self(CATALOGUE.map(|(_, first)| first))
    }
}

impl Numbers {
    /// As they are now. A value that does not fit counts as not set.
    pub(crate) async fn load(db: &impl ConnectionTrait) -> Result<Self, Error> {
        let mut numbers = Self::default();
        let names = CATALOGUE.iter().map(|(it, _)| it.name);
        let rows = setting::Entity::find().filter(setting::Column::Name.is_in(names));
        for row in rows.all(db).await? {
            let _ = numbers.set(&row.name, &row.value);
        }
        Ok(numbers)
    }

    /// Takes a new value for one number, or says why not.
    pub(crate) fn set(&mut self, name: &str, value: &str) -> Result<(), BadSetting> {
        let (setting, slot) = CATALOGUE
            .iter()
            .zip(&mut self.0)
            .find_map(|((it, _), slot)| (it.name == name).then_some((it, slot)))
            .ok_or_else(|| BadSetting::Unknown(name.to_owned()))?;
        let range = setting.least..=setting.most;
        let number = value.trim().parse().ok().filter(|it| range.contains(it));
        *slot = number.ok_or_else(|| BadSetting::Value {
            name: name.to_owned(),
            wanted: format!("between {} and {} {}", setting.least, setting.most, setting.unit),
            value: value.to_owned(),
        })?;
        Ok(())
    }

    /// The value of one number, if there is such a one.
    pub(crate) fn get(&self, name: &str) -> Option<i64> {
        let mut all = CATALOGUE.iter().zip(&self.0);
        all.find_map(|((it, _), value)| (it.name == name).then_some(*value))
    }

    /// T-12
    pub(crate) fn code_life(&self) -> Duration {
        self.time("log_in_code")
    }

    /// T-12
    pub(crate) fn code_tries(&self) -> i32 {
        self.count("log_in_tries")
    }

    /// T-14
    pub(crate) fn codes_hour(&self) -> i32 {
        self.count("log_in_codes_hour")
    }

    /// T-15
    pub(crate) fn second_tries(&self) -> i32 {
        self.count("second_step_tries")
    }

    /// T-15
    pub(crate) fn second_within(&self) -> Duration {
        self.time("second_step_within")
    }

    /// T-17
    pub(crate) fn idle(&self, is_staff: bool) -> Duration {
        self.time(if is_staff { "staff_idle" } else { "trainee_idle" })
    }

    /// T-17
    pub(crate) fn longest(&self, is_staff: bool) -> Duration {
        self.time(if is_staff {
            "staff_longest"
        } else {
            "trainee_longest"
        })
    }

    /// T-17
    pub(crate) fn warning(&self) -> Duration {
        self.time("idle_warning")
    }

    /// T-17
    pub(crate) fn at_once(&self) -> usize {
        usize::try_from(self.count("log_ins_at_once")).unwrap_or(1)
    }

    /// T-18
    pub(crate) fn step_up_fresh(&self) -> Duration {
        self.time("step_up_fresh")
    }

    /// T-19
    pub(crate) fn stash_kept(&self) -> Duration {
        self.time("stash_kept")
    }

    /// T-22
    pub(crate) fn invitation(&self) -> Duration {
        self.time("invitation")
    }

    /// T-11
    pub(crate) fn records_hour(&self) -> usize {
        usize::try_from(self.count("records_hour")).unwrap_or(1)
    }

    /// How long after the last day facilitators see what helps people to take part (trust rules, section 2).
    pub(crate) fn needs_shown(&self) -> Duration {
        self.time("needs_shown")
    }

    fn count(&self, name: &str) -> i32 {
        self.get(name).and_then(|it| i32::try_from(it).ok()).unwrap_or(1)
    }

    fn time(&self, name: &str) -> Duration {
        let unit = CATALOGUE
            .iter()
            .find(|(it, _)| it.name == name)
            .map(|(it, _)| it.unit);
        let number = self.get(name).unwrap_or_default();
        match unit {
            Some("hours") => Duration::hours(number),
            Some("days") => Duration::days(number),
            _ => Duration::minutes(number),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_values_are_those_of_the_rules_and_within_their_ranges() {
        let mut numbers = Numbers::default();
        for (setting, first) in CATALOGUE {
            numbers.set(setting.name, &first.to_string()).unwrap();
        }
        assert_eq!(numbers, Numbers::default());
        assert_eq!(numbers.code_life(), Duration::minutes(10));
        assert_eq!((numbers.code_tries(), numbers.codes_hour()), (5, 10));
        assert_eq!(
            (numbers.second_tries(), numbers.second_within()),
            (5, Duration::minutes(15))
        );
        assert_eq!(
            (numbers.idle(true), numbers.longest(true)),
            (Duration::minutes(30), Duration::hours(10))
        );
        assert_eq!(
            (numbers.idle(false), numbers.longest(false)),
            (Duration::HOUR, Duration::DAY)
        );
        assert_eq!((numbers.at_once(), numbers.warning()), (5, Duration::minutes(5)));
        assert_eq!(
            (numbers.step_up_fresh(), numbers.stash_kept()),
            (Duration::minutes(5), Duration::HOUR)
        );
        assert_eq!(numbers.invitation(), Duration::days(14));
        assert_eq!(
            (numbers.needs_shown(), numbers.records_hour()),
            (Duration::days(14), 30)
        );
    }

    #[test]
    fn a_value_out_of_range_changes_nothing() {
        let mut numbers = Numbers::default();
        let refused = numbers.set("staff_idle", "500").unwrap_err();
        assert_eq!(
            refused.to_string(),
            "staff_idle must be between 5 and 120 minutes, not \"500\""
        );
        assert!(numbers.set("colour", "1").is_err());
        assert_eq!(numbers, Numbers::default());
    }
}
