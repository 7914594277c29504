//! Every number of the competency rules that a team may choose (section 11), with its default and range.

use thiserror::Error;

/// The numbers of the competency rules, as they stand for this instance.
#[derive(Clone, Debug, PartialEq, Eq)]
#[expect(
    missing_docs,
    reason = "each field is described, with unit and range, in `CATALOGUE`"
)]
pub struct Settings {
    pub decide_days: i64,
    pub remind_days: i64,
    pub escalate_days: i64,
    pub handover_days: i64,
    pub prepared_months: i64,
    pub work_domains: Vec<String>,
    pub pause_lead_weeks: i64,
    pub witness_link_days: i64,
    pub leaver_export_days: i64,
    pub quiet_days: i64,
    pub report_min_cell: i64,
}

/// One setting: its name, unit and range, and what it is for.
#[derive(Clone, Copy, Debug)]
pub struct Setting {
    /// As in records and on the command line.
    pub name: &'static str,
    /// What its numbers count; "domains" is a list of host names.
    pub unit: &'static str,
    /// The smallest number allowed.
    pub least: i64,
    /// The largest number allowed.
    pub most: i64,
    /// What it decides.
    pub purpose: &'static str,
}

/// All settings of the competency rules.
pub const CATALOGUE: &[Setting] = &[
    of(
        "decide_days",
        "working days",
        1,
        60,
        "a decision is due after this",
    ),
    of(
        "remind_days",
        "working days",
        1,
        60,
        "who decides is reminded after this",
    ),
    of(
        "escalate_days",
        "working days",
        1,
        90,
        "a lead is told of a decision that is not made",
    ),
    of(
        "handover_days",
        "working days",
        0,
        60,
        "a former signer reads on for this long",
    ),
    of(
        "prepared_months",
        "months",
        1,
        120,
        "an assessor's preparation counts for this long",
    ),
    of(
        "work_domains",
        "domains",
        0,
        0,
        "witnesses with these addresses need no look by the team",
    ),
    of(
        "pause_lead_weeks",
        "weeks",
        1,
        104,
        "after a pause this long only a lead resumes",
    ),
    of(
        "witness_link_days",
        "days",
        1,
        60,
        "a link to a witness is good for this long",
    ),
    of(
        "leaver_export_days",
        "days",
        1,
        365,
        "who left can take the booklet along for this long",
    ),
    of(
        "quiet_days",
        "days",
        7,
        180,
        "a booklet in which nobody writes is quiet after this",
    ),
    of(
        "report_min_cell",
        "persons",
        5,
        20,
        "fewer than this are not counted out in reports",
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
    /// There is no such setting.
    #[error("there is no setting called {0:?}")]
    Unknown(String),
    /// The value does not fit.
    #[error("{name} must be {wanted}, not {value:?}")]
    Value {
        /// Which setting.
        name: String,
        /// What it may be.
        wanted: String,
        /// What was given.
        value: String,
    },
}

/// Where the value of a setting stands.
enum Slot<'a> {
    Number(&'a mut i64),
    Domains(&'a mut Vec<String>),
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            decide_days: 10,
            remind_days: 5,
            escalate_days: 15,
            handover_days: 10,
            prepared_months: 24,
            work_domains: ["nhs.net", "nhs.uk"].map(str::to_owned).into(),
            pause_lead_weeks: 12,
            witness_link_days: 14,
            leaver_export_days: 30,
            quiet_days: 21,
            report_min_cell: 5,
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
        match self.slot(name) {
            None => return Err(BadSetting::Unknown(name.to_owned())),
            Some(Slot::Number(slot)) => {
                let number = value.trim().parse().ok();
                let range = setting.least..=setting.most;
                *slot = number.filter(|it| range.contains(it)).ok_or_else(|| {
                    bad(format!(
                        "between {} and {} {}",
                        setting.least, setting.most, setting.unit
                    ))
                })?;
            }
            Some(Slot::Domains(slot)) => {
                let domains: Vec<String> = value.split_whitespace().map(str::to_lowercase).collect();
                if !domains.iter().all(|it| is_domain(it)) {
                    return Err(bad("host names like nhs.net with spaces between".to_owned()));
                }
                *slot = domains;
            }
        }
        Ok(())
    }

    /// The value of one setting as it is written in records.
    pub fn written(&self, name: &str) -> Option<String> {
        self.clone().slot(name).map(|slot| match slot {
            Slot::Number(it) => it.to_string(),
            Slot::Domains(it) => it.join(" "),
        })
    }

    fn slot(&mut self, name: &str) -> Option<Slot<'_>> {
        Some(match name {
            "decide_days" => Slot::Number(&mut self.decide_days),
            "remind_days" => Slot::Number(&mut self.remind_days),
            "escalate_days" => Slot::Number(&mut self.escalate_days),
            "handover_days" => Slot::Number(&mut self.handover_days),
            "prepared_months" => Slot::Number(&mut self.prepared_months),
            "work_domains" => Slot::Domains(&mut self.work_domains),
            "pause_lead_weeks" => Slot::Number(&mut self.pause_lead_weeks),
            "witness_link_days" => Slot::Number(&mut self.witness_link_days),
            "leaver_export_days" => Slot::Number(&mut self.leaver_export_days),
            "quiet_days" => Slot::Number(&mut self.quiet_days),
            "report_min_cell" => Slot::Number(&mut self.report_min_cell),
            _ => return None,
        })
    }
}

fn is_domain(text: &str) -> bool {
    let label = |it: &str| {
        let plain = |it: char| it.is_ascii_lowercase() || it.is_ascii_digit() || it == '-';
        !it.is_empty() && it.chars().all(plain)
    };
    text.contains('.') && text.split('.').all(label)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The right half of section 11; names that share a row have their defaults in the same order.
    const SECTION_11: &str = "\
decide_days; remind_days|10; 5
escalate_days; handover_days|15; 10
prepared_months; work_domains|24; nhs.net, nhs.uk
pause_lead_weeks|12
witness_link_days; leaver_export_days|14; 30
quiet_days|21
report_min_cell|5
";

    #[test]
    fn the_catalogue_is_section_11() {
        let settings = Settings::default();
        let mut seen = Vec::new();
        for line in SECTION_11.lines() {
            let (names, defaults) = line.split_once('|').unwrap();
            for (name, default) in names.split("; ").zip(defaults.split("; ")) {
                assert_eq!(
                    settings.written(name).unwrap().replace(' ', ", "),
                    default,
                    "{name}"
                );
                seen.push(name);
            }
        }
        assert_eq!(seen, CATALOGUE.iter().map(|it| it.name).collect::<Vec<_>>());
    }

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
        let refused = settings.set("quiet_days", "3").unwrap_err();
        assert_eq!(
            refused.to_string(),
            "quiet_days must be between 7 and 180 days, not \"3\""
        );
        assert!(settings.set("work_domains", "nhs.net everybody").is_err());
        assert!(settings.set("colour", "1").is_err());
        assert_eq!(settings, Settings::default());
        settings.set("work_domains", "NHS.net example.org").unwrap();
        assert_eq!(settings.work_domains, ["nhs.net", "example.org"]);
    }
}
