//! Every number of the booking rules that a team may choose, with its default and range (section 8).

use thiserror::Error;
use time::macros::time;
use time::{Duration, Time};

/// The numbers of the booking rules, as they stand for this instance.
#[derive(Clone, Debug, PartialEq, Eq)]
#[expect(
    missing_docs,
    reason = "each field is described, with unit and range, in `CATALOGUE`"
)]
pub struct Settings {
    pub capacity_default: i64,
    pub min_numbers: i64,
    pub show_exact_up_to: i64,
    pub min_alert: Vec<i64>,
    pub reminder: Vec<i64>,
    pub offer_far_from: i64,
    pub booking_close: Time,
    pub reminder_time: Time,
    pub evening_time: Time,
    pub digest_time: Time,
    pub day_start: Time,
    pub day_end: Time,
    pub confirm_window: i64,
    pub confirm_window_near: i64,
    pub offer_mail_late: i64,
    pub near_start: i64,
    pub offer_shift_guard: i64,
    pub holds_per_address: i64,
    pub holds_per_network_hour: i64,
    pub confirm_resends_hour: i64,
    pub offer_window_far: i64,
    pub offer_window: i64,
    pub expiries_to_pause: i64,
    pub offers_ask_above: i64,
    pub catch_up_attempts: i64,
    pub notice: i64,
    pub change_answer: i64,
    pub change_phone: i64,
    pub link_mail: i64,
    pub priority: i64,
    pub corrections: i64,
    pub join_opens: i64,
    pub marking_opens: i64,
    pub emergency_view: i64,
    pub late_after: i64,
    pub attended: i64,
    pub attendance_nudges: Vec<i64>,
    pub missed_call: i64,
    pub catch_up: i64,
    pub interest: i64,
    pub version_review: i64,
    pub evaluation_open: i64,
    pub evaluation_nudge: i64,
    pub evaluation_min_shown: i64,
    pub equality_hide_up_to: i64,
    pub equality_round_to: i64,
    pub interpreter_lead: i64,
    pub need_lead: i64,
    pub run_review: i64,
    pub mail_retry: Vec<i64>,
}

/// One setting: its name, unit and range, and what it is for.
#[derive(Clone, Copy, Debug)]
pub struct Setting {
    /// As in records and on the command line.
    pub name: &'static str,
    /// What its numbers count.
    pub unit: &'static str,
    /// The smallest number allowed.
    pub least: i64,
    /// The largest number allowed.
    pub most: i64,
    /// What it decides.
    pub purpose: &'static str,
}

/// All settings of the booking rules.
pub const CATALOGUE: &[Setting] = &[
    of("capacity_default", "places", 0, 200, "places of a new run"),
    of("min_numbers", "places", 0, 200, "below this the team is warned"),
    of(
        "show_exact_up_to",
        "places",
        0,
        200,
        "up to this many free places are counted on the page",
    ),
    of(
        "min_alert",
        "days",
        1,
        30,
        "days before the start on which low numbers are raised",
    ),
    of(
        "reminder",
        "days",
        1,
        30,
        "days before a session on which people are reminded",
    ),
    of(
        "offer_far_from",
        "days",
        1,
        30,
        "from this far ahead an offer has the longer window",
    ),
    of(
        "booking_close",
        "time",
        0,
        0,
        "time of day at which booking closes on the last working day",
    ),
    of("reminder_time", "time", 0, 0, "time of day of reminders"),
    of(
        "evening_time",
        "time",
        0,
        0,
        "time of day of a reminder on the first of two days in a row",
    ),
    of("digest_time", "time", 0, 0, "time of day of the team's list"),
    of(
        "day_start",
        "time",
        0,
        0,
        "nothing that can wait leaves before this time",
    ),
    of(
        "day_end",
        "time",
        0,
        0,
        "nothing that can wait leaves after this time",
    ),
    of("confirm_window", "hours", 1, 72, "time to confirm an address"),
    of(
        "confirm_window_near",
        "hours",
        1,
        72,
        "the same when the course starts soon",
    ),
    of(
        "offer_mail_late",
        "hours",
        1,
        72,
        "an offer whose mail is this late becomes a phone call",
    ),
    of(
        "near_start",
        "hours",
        24,
        168,
        "this close to the start offers stop and the team phones",
    ),
    of(
        "offer_shift_guard",
        "hours",
        24,
        168,
        "an offer is not stretched closer to the start than this",
    ),
    of(
        "holds_per_address",
        "count",
        1,
        1000,
        "unconfirmed places for one address",
    ),
    of(
        "holds_per_network_hour",
        "count",
        1,
        1000,
        "new unconfirmed places an hour from one network",
    ),
    of(
        "confirm_resends_hour",
        "count",
        1,
        1000,
        "confirmation mails an hour for one booking",
    ),
    of(
        "offer_window_far",
        "hours",
        12,
        168,
        "time to answer an offer well ahead of the start",
    ),
    of(
        "offer_window",
        "hours",
        12,
        168,
        "time to answer an offer closer to the start",
    ),
    of(
        "expiries_to_pause",
        "count",
        1,
        50,
        "offers without an answer before we ask whether to go on",
    ),
    of(
        "offers_ask_above",
        "count",
        1,
        50,
        "an act that makes more offers asks the team first",
    ),
    of(
        "catch_up_attempts",
        "count",
        1,
        50,
        "attempts to catch up a missed session",
    ),
    of(
        "notice",
        "working days",
        0,
        10,
        "a cancellation with this notice is in time",
    ),
    of(
        "change_answer",
        "working days",
        0,
        10,
        "days before a changed session when silence becomes a call",
    ),
    of(
        "change_phone",
        "hours",
        0,
        168,
        "a change closer to the session than this means calls at once",
    ),
    of(
        "link_mail",
        "hours",
        0,
        168,
        "a new meeting link closer than this is mailed",
    ),
    of(
        "priority",
        "days",
        1,
        90,
        "how long people of a cancelled run go first",
    ),
    of(
        "corrections",
        "days",
        1,
        90,
        "how long the register can be corrected by the team",
    ),
    of(
        "join_opens",
        "minutes",
        1,
        240,
        "the joining page opens this long before a session",
    ),
    of(
        "marking_opens",
        "minutes",
        1,
        240,
        "the register opens this long before a session",
    ),
    of(
        "emergency_view",
        "minutes",
        1,
        240,
        "the person to call is shown this long around a session",
    ),
    of("late_after", "minutes", 1, 240, "arriving after this is late"),
    of(
        "attended",
        "percent",
        50,
        100,
        "share of the teaching minutes that counts as attended",
    ),
    of(
        "attendance_nudges",
        "working days",
        1,
        10,
        "when a missing register is asked for",
    ),
    of(
        "missed_call",
        "working days",
        1,
        10,
        "a missed person is called within this",
    ),
    of(
        "catch_up",
        "months",
        1,
        36,
        "a missed session can be caught up within this",
    ),
    of("interest", "months", 1, 36, "how long we write about new dates"),
    of(
        "version_review",
        "months",
        1,
        36,
        "a course text is reviewed after this",
    ),
    of("evaluation_open", "days", 1, 60, "how long feedback is open"),
    of(
        "evaluation_nudge",
        "days",
        1,
        60,
        "when feedback is asked for once more",
    ),
    of(
        "evaluation_min_shown",
        "count",
        5,
        20,
        "feedback is shown from this many answers",
    ),
    of(
        "equality_hide_up_to",
        "count",
        5,
        20,
        "equality counts up to this are hidden",
    ),
    of(
        "equality_round_to",
        "count",
        5,
        20,
        "equality counts are rounded to this",
    ),
    of(
        "interpreter_lead",
        "working days",
        1,
        60,
        "an interpreter is arranged this long before",
    ),
    of(
        "need_lead",
        "working days",
        1,
        60,
        "other needs are arranged this long before",
    ),
    of(
        "run_review",
        "working days",
        1,
        60,
        "a run is reviewed within this",
    ),
    of(
        "mail_retry",
        "minutes",
        1,
        1440,
        "waits between tries of a mail the relay put off",
    ),
];

const fn of(name: &'static str, unit: &'static str, least: i64, most: i64, purpose: &'static str) -> Setting {
    Setting {
        name,
        unit,
        least,
        most,
        purpose,
    }
}

/// Why a setting was not taken.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum BadSetting {
    /// No setting has this name.
    #[error("there is no setting called {0}")]
    Unknown(String),
    /// The value is not of the setting's kind or out of its range.
    #[error("{name} must be {wanted}, not {value:?}")]
    Value {
        /// The setting.
        name: String,
        /// What it takes.
        wanted: String,
        /// What was given.
        value: String,
    },
}

impl BadSetting {
    /// The name that was given.
    pub fn name(&self) -> &str {
        match self {
            Self::Unknown(name) | Self::Value { name, .. } => name,
        }
    }
}

enum Slot<'a> {
    Number(&'a mut i64),
    Numbers(&'a mut Vec<i64>),
    Time(&'a mut Time),
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            capacity_default: 12,
            min_numbers: 4,
            show_exact_up_to: 5,
            min_alert: vec![7, 4],
            reminder: vec![7, 1],
            offer_far_from: 7,
            booking_close: time!(12:00),
            reminder_time: time!(10:00),
            evening_time: time!(17:00),
            digest_time: time!(08:00),
            day_start: time!(08:00),
            day_end: time!(19:00),
            confirm_window: 24,
            confirm_window_near: 2,
            offer_mail_late: 1,
            near_start: 72,
            offer_shift_guard: 48,
            holds_per_address: 2,
            holds_per_network_hour: 10,
            confirm_resends_hour: 5,
            offer_window_far: 48,
            offer_window: 24,
            expiries_to_pause: 2,
            offers_ask_above: 3,
            catch_up_attempts: 2,
            notice: 2,
            change_answer: 2,
            change_phone: 48,
            link_mail: 24,
            priority: 14,
            corrections: 28,
            join_opens: 30,
            marking_opens: 30,
            emergency_view: 60,
            late_after: 15,
            attended: 80,
            attendance_nudges: vec![1, 3],
            missed_call: 1,
            catch_up: 6,
            interest: 12,
            version_review: 12,
            evaluation_open: 14,
            evaluation_nudge: 7,
            evaluation_min_shown: 5,
            equality_hide_up_to: 7,
            equality_round_to: 5,
            interpreter_lead: 10,
            need_lead: 2,
            run_review: 20,
            mail_retry: vec![1, 5, 30, 120, 360],
        }
    }
}

impl Settings {
    /// Takes a new value for one setting, or says why not.
    pub fn set(&mut self, name: &str, value: &str) -> Result<(), BadSetting> {
        let setting = CATALOGUE
            .iter()
            .find(|it| it.name == name)
            .ok_or_else(|| BadSetting::Unknown(name.to_owned()))?;
        let bad = |wanted: String| BadSetting::Value {
            name: name.to_owned(),
            wanted,
            value: value.to_owned(),
        };
        let range = format!("between {} and {} {}", setting.least, setting.most, setting.unit);
        let number = |it: &str| {
            it.parse()
                .ok()
                .filter(|it| (setting.least..=setting.most).contains(it))
        };
        let mut changed = self.clone();
        match changed.slot(name) {
            None => return Err(BadSetting::Unknown(name.to_owned())),
            Some(Slot::Number(slot)) => *slot = number(value.trim()).ok_or_else(|| bad(range))?,
            Some(Slot::Numbers(slot)) => {
                let numbers: Option<Vec<i64>> = value.split_whitespace().map(number).collect();
                *slot = numbers
                    .filter(|it| !it.is_empty())
                    .ok_or_else(|| bad(format!("one or more numbers {range}")))?;
            }
            Some(Slot::Time(slot)) => {
                let format = time::macros::format_description!("[hour]:[minute]");
                *slot = Time::parse(value.trim(), format).map_err(|_| bad("a time like 08:00".to_owned()))?;
            }
        }
        if changed.day_start >= changed.day_end {
            return Err(bad("set so that day_start is before day_end".to_owned()));
        }
        *self = changed;
        Ok(())
    }

    /// Takes several that go together, in whichever order they fit; tells what fits in none.
    pub fn set_all(&mut self, wanted: &[(&str, &str)]) -> Vec<BadSetting> {
        let mut left = wanted.to_vec();
        loop {
            let mut refused = Vec::new();
            let before = left.len();
            left.retain(|(name, value)| match self.set(name, value) {
                Ok(()) => false,
                Err(why) => {
                    refused.push(why);
                    true
                }
            });
            if left.len() == before || left.is_empty() {
                return refused;
            }
        }
    }

    /// The value of one setting as it is written in records.
    pub fn written(&self, name: &str) -> Option<String> {
        let hour_minute = |it: &Time| format!("{:02}:{:02}", it.hour(), it.minute());
        self.clone().slot(name).map(|slot| match slot {
            Slot::Number(it) => it.to_string(),
            Slot::Numbers(it) => it.iter().map(i64::to_string).collect::<Vec<_>>().join(" "),
            Slot::Time(it) => hour_minute(it),
        })
    }

    /// A setting in hours, as a duration.
    pub(crate) fn hours(number: i64) -> Duration {
        Duration::hours(number)
    }

    fn slot(&mut self, name: &str) -> Option<Slot<'_>> {
        Some(match name {
            "capacity_default" => Slot::Number(&mut self.capacity_default),
            "min_numbers" => Slot::Number(&mut self.min_numbers),
            "show_exact_up_to" => Slot::Number(&mut self.show_exact_up_to),
            "min_alert" => Slot::Numbers(&mut self.min_alert),
            "reminder" => Slot::Numbers(&mut self.reminder),
            "offer_far_from" => Slot::Number(&mut self.offer_far_from),
            "booking_close" => Slot::Time(&mut self.booking_close),
            "reminder_time" => Slot::Time(&mut self.reminder_time),
            "evening_time" => Slot::Time(&mut self.evening_time),
            "digest_time" => Slot::Time(&mut self.digest_time),
            "day_start" => Slot::Time(&mut self.day_start),
            "day_end" => Slot::Time(&mut self.day_end),
            "confirm_window" => Slot::Number(&mut self.confirm_window),
            "confirm_window_near" => Slot::Number(&mut self.confirm_window_near),
            "offer_mail_late" => Slot::Number(&mut self.offer_mail_late),
            "near_start" => Slot::Number(&mut self.near_start),
            "offer_shift_guard" => Slot::Number(&mut self.offer_shift_guard),
            "holds_per_address" => Slot::Number(&mut self.holds_per_address),
            "holds_per_network_hour" => Slot::Number(&mut self.holds_per_network_hour),
            "confirm_resends_hour" => Slot::Number(&mut self.confirm_resends_hour),
            "offer_window_far" => Slot::Number(&mut self.offer_window_far),
            "offer_window" => Slot::Number(&mut self.offer_window),
            "expiries_to_pause" => Slot::Number(&mut self.expiries_to_pause),
            "offers_ask_above" => Slot::Number(&mut self.offers_ask_above),
            "catch_up_attempts" => Slot::Number(&mut self.catch_up_attempts),
            "notice" => Slot::Number(&mut self.notice),
            "change_answer" => Slot::Number(&mut self.change_answer),
            "change_phone" => Slot::Number(&mut self.change_phone),
            "link_mail" => Slot::Number(&mut self.link_mail),
            "priority" => Slot::Number(&mut self.priority),
            "corrections" => Slot::Number(&mut self.corrections),
            "join_opens" => Slot::Number(&mut self.join_opens),
            "marking_opens" => Slot::Number(&mut self.marking_opens),
            "emergency_view" => Slot::Number(&mut self.emergency_view),
            "late_after" => Slot::Number(&mut self.late_after),
            "attended" => Slot::Number(&mut self.attended),
            "attendance_nudges" => Slot::Numbers(&mut self.attendance_nudges),
            "missed_call" => Slot::Number(&mut self.missed_call),
            "catch_up" => Slot::Number(&mut self.catch_up),
            "interest" => Slot::Number(&mut self.interest),
            "version_review" => Slot::Number(&mut self.version_review),
            "evaluation_open" => Slot::Number(&mut self.evaluation_open),
            "evaluation_nudge" => Slot::Number(&mut self.evaluation_nudge),
            "evaluation_min_shown" => Slot::Number(&mut self.evaluation_min_shown),
            "equality_hide_up_to" => Slot::Number(&mut self.equality_hide_up_to),
            "equality_round_to" => Slot::Number(&mut self.equality_round_to),
            "interpreter_lead" => Slot::Number(&mut self.interpreter_lead),
            "need_lead" => Slot::Number(&mut self.need_lead),
            "run_review" => Slot::Number(&mut self.run_review),
            "mail_retry" => Slot::Numbers(&mut self.mail_retry),
            _ => return None,
        })
    }
}

#[cfg(test)]
mod section_8;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_setting_of_the_catalogue_has_a_value_that_can_be_set_again() {
        let mut settings = Settings::default();
        for setting in CATALOGUE {
            let value = settings.written(setting.name).expect(setting.name);
            settings.set(setting.name, &value).unwrap();
        }
        assert_eq!(settings, Settings::default());
    }

    #[test]
    fn a_value_out_of_range_changes_nothing_and_says_what_is_wanted() {
        let mut settings = Settings::default();
        let refused = settings.set("offer_window", "500").unwrap_err();
        assert_eq!(
            refused.to_string(),
            "offer_window must be between 12 and 168 hours, not \"500\""
        );
        assert!(settings.set("day_start", "20:00").is_err());
        assert!(settings.set("colour", "1").is_err());
        assert_eq!(settings, Settings::default());
    }

    #[test]
    fn an_evening_is_taken_in_either_order() {
        for evening in [
            [("day_start", "20:00"), ("day_end", "22:00")],
            [("day_end", "22:00"), ("day_start", "20:00")],
        ] {
            assert_eq!(Settings::default().set_all(&evening), []);
        }
        let both = [("day_end", "07:00"), ("notice", "3")];
        assert_eq!(Settings::default().set_all(&both).len(), 1);
    }
}
