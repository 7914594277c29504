//! What the team can change while the program runs: one door for the pages of administrators and for the
//! command line, with the same ranges and the same note of who changed what (T-48).

use std::collections::BTreeMap;

use booking::calendar;
use booking::settings::{BadSetting, Setting};
use sea_orm::ConnectionTrait;
use thiserror::Error;

use crate::audit::{Act, Doer};
use crate::error::Error;
use crate::people::address::Address;
use crate::sign_in::numbers::{self, Numbers};
use crate::site;
use crate::theme::{Colour, Refusal, Theme};
use crate::work::Work;

/// Every setting as it is now: of the organisation, of booking, of logging in.
#[derive(Clone, Debug)]
pub(crate) struct Values {
    pub(crate) organisation: BTreeMap<String, String>,
    pub(crate) rules: booking::Settings,
    pub(crate) numbers: Numbers,
}

/// Why a value is not taken, in words for the command line.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub(crate) enum Misfit {
    #[error("{0} must be one line of at most {1} characters.")]
    Long(String, usize),
    #[error("{0} must not be empty.")]
    Empty(String),
    #[error("contact_email must be an address like courses@example.org.")]
    Address,
    #[error("header must be blue or white.")]
    Header,
    #[error("{}", in_a_row(.0))]
    Look(Vec<Refusal>),
    #[error(
        "Strangers would see the name {name:?} in mail, and {word:?} says what the course is about. Set \
         neutral_name to something without it first."
    )]
    TellingName { name: String, word: String },
    #[error("Strangers would see the sender {email}, and {word:?} says what the course is about.")]
    TellingSender { email: String, word: String },
    #[error("{0}: see alongside settings.")]
    Number(#[from] BadSetting),
}

fn in_a_row(refusals: &[Refusal]) -> String {
    let all = refusals.iter().map(ToString::to_string);
    all.collect::<Vec<_>>().join(" ")
}

/// Unit and range of a setting that is a number, several numbers or a time of day.
pub(crate) fn number_named(name: &str) -> Option<Setting> {
    let of_numbers = numbers::CATALOGUE.iter().map(|(it, _)| it);
    let mut all = booking::settings::CATALOGUE.iter().chain(of_numbers);
    all.find(|it| it.name == name).copied()
}

impl Values {
    /// As they are now.
    pub(crate) async fn load(db: &impl ConnectionTrait) -> Result<Self, Error> {
        Ok(Self {
            organisation: site::organisation(db).await?,
            rules: calendar::rules(db).await?.0,
            numbers: Numbers::load(db).await?,
        })
    }

    /// As a new instance has them.
    #[cfg(test)]
    pub(crate) fn first() -> Self {
        let organisation = site::ORGANISATION.iter();
        Self {
            organisation: organisation
                .map(|(name, value, _)| ((*name).to_owned(), (*value).to_owned()))
                .collect(),
            rules: booking::Settings::default(),
            numbers: Numbers::default(),
        }
    }

    /// One value as it is stored, if there is such a setting.
    pub(crate) fn get(&self, name: &str) -> Option<String> {
        let number = || self.numbers.get(name).map(|it| it.to_string());
        let of_organisation = self.organisation.get(name).cloned();
        of_organisation
            .or_else(number)
            .or_else(|| self.rules.written(name))
    }

    /// Takes a new value for one setting, or says why not.
    pub(crate) fn set(&mut self, name: &str, value: &str) -> Result<(), Misfit> {
        if self.numbers.get(name).is_some() {
            Ok(self.numbers.set(name, value)?)
        } else if self.organisation.contains_key(name) {
            let value = fitting(name, value, &self.organisation)?;
            self.organisation.insert(name.to_owned(), value);
            Ok(())
        } else {
            Ok(self.rules.set(name, value)?)
        }
    }

    /// Takes several that go together, in whichever order they fit; what fits in none is refused.
    pub(crate) fn set_all(&mut self, wanted: &[(String, String)]) -> BTreeMap<String, Misfit> {
        let mut left: Vec<&(String, String)> = wanted.iter().collect();
        loop {
            let mut refused = BTreeMap::new();
            let before = left.len();
            left.retain(|(name, value)| match self.set(name, value) {
                Ok(()) => false,
                Err(why) => refused.insert(name.clone(), why).is_none(),
            });
            if left.len() == before || left.is_empty() {
                return refused;
            }
        }
    }
}

/// Stores one value, and notes who changed it, from what and to what (T-48).
pub(crate) async fn store(work: &Work, doer: Doer, name: &str, from: &str, to: &str) -> Result<(), Error> {
    work.note(Act {
        doer,
        what: CHANGED,
        about: ("setting", name.to_owned()),
        whose: None,
        reason: Some(format!("from {from:?} to {to:?}")),
    });
    Ok(calendar::set_rule(work.tx(), name, to).await?)
}

/// The word in the audit.
pub(crate) const CHANGED: &str = "setting_changed";

/// A value of the organisation as it is stored, or why it does not fit.
fn fitting(name: &str, value: &str, now: &BTreeMap<String, String>) -> Result<String, Misfit> {
    let value = value.trim();
    let most = if name == "support_text" { 2_000 } else { 120 };
    if value.chars().any(char::is_control) || value.chars().count() > most {
        return Err(Misfit::Long(name.to_owned(), most));
    }
    let may_be_empty = ["neutral_name", "plain_words"].contains(&name) || name.ends_with("_colour");
    match name {
        _ if value.is_empty() && may_be_empty => {}
        _ if value.is_empty() => return Err(Misfit::Empty(name.to_owned())),
        "contact_email" if value.parse::<Address>().is_err() => return Err(Misfit::Address),
        "header" if !["blue", "white"].contains(&value) => return Err(Misfit::Header),
        _ if name.ends_with("_colour") => {
            value.parse::<Colour>().map_err(|why| Misfit::Look(vec![why]))?;
        }
        _ => {}
    }
    let mut then = now.clone();
    then.insert(name.to_owned(), value.to_owned());
    says_nothing(name, &then)?;
    Theme::new(&site::brand(&then)).map_err(Misfit::Look)?;
    Ok(value.to_owned())
}

/// Refuses a change with which a stranger would see what the course is about, in the sender of a mail or the
/// title of a link page (U-32): it is the resulting name that counts, whichever setting makes it.
fn says_nothing(changed: &str, then: &BTreeMap<String, String>) -> Result<(), Misfit> {
    let get = |name: &str| then.get(name).map_or("", String::as_str);
    let telling = |value: &str| {
        let value = value.to_lowercase();
        let mut words = get("plain_words").split_whitespace();
        words
            .find(|it| value.contains(&it.to_lowercase()))
            .map(str::to_owned)
    };
    let touches = |settings: &[&str]| settings.contains(&changed);
    let name = site::neutral_name(then);
    if let Some(word) = telling(&name).filter(|_| touches(&["org_name", "neutral_name", "plain_words"])) {
        return Err(Misfit::TellingName { name, word });
    }
    let email = get("contact_email").to_owned();
    if let Some(word) = telling(&email).filter(|_| touches(&["contact_email", "plain_words"])) {
        return Err(Misfit::TellingSender { email, word });
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn first() -> BTreeMap<String, String> {
        Values::first().organisation
    }

    #[track_caller]
    fn refused(name: &str, value: &str, why: &str) {
        let words = fitting(name, value, &first()).unwrap_err().to_string();
        assert!(words.contains(why), "{words}");
    }

    fn pairs(of: &[(&str, &str)]) -> Vec<(String, String)> {
        let owned = |(name, value): &(&str, &str)| ((*name).to_owned(), (*value).to_owned());
        of.iter().map(owned).collect()
    }

    #[test]
    fn values_that_fit_are_trimmed_and_taken() {
        for (name, value) in [
            ("org_name", " Anytown Trust "),
            ("contact_email", "team@example.org"),
            ("header", "white"),
            ("brand_colour", "#003087"),
            ("brand_colour", ""),
            ("neutral_name", ""),
        ] {
            assert_eq!(fitting(name, value, &first()), Ok(value.trim().to_owned()));
        }
    }

    #[test]
    fn values_that_do_not_fit_are_refused_with_a_reason() {
        refused("org_name", "", "must not be empty");
        refused("org_name", "one\ntwo", "one line");
        refused("org_name", &"x".repeat(121), "at most 120 characters");
        refused("contact_email", "nobody", "an address like");
        refused("header", "green", "blue or white");
        refused("link_colour", "blue", "is not a colour");
    }

    #[test]
    fn a_colour_that_cannot_be_read_is_refused() {
        refused("brand_colour", "#ffeb3b", "must be at least 4.5");
    }

    #[test]
    fn what_strangers_see_says_nothing_about_the_course() {
        refused("neutral_name", "Peer support courses", "without it");
        refused("org_name", "Anytown Mental Health Trust", "Set neutral_name");
        refused("contact_email", "peer-support@example.org", "the sender");
        refused("plain_words", "anytown", "Courses at Anytown");
        refused("plain_words", "@example", "the sender");
        // What is wrong already stands in nobody's way.
        let mut wrong = first();
        wrong.insert("org_name".to_owned(), "Anytown Mental Health Trust".to_owned());
        wrong.insert("contact_email".to_owned(), "peer@example.org".to_owned());
        for (name, value) in [("neutral_name", "Courses in Anytown"), ("header", "white")] {
            assert!(fitting(name, value, &wrong).is_ok(), "{name}");
        }
    }

    #[test]
    fn values_that_go_together_are_taken_in_whichever_order_they_fit() {
        let mut values = Values::first();
        let evening = pairs(&[("day_start", "20:00"), ("day_end", "22:00")]);
        assert_eq!(values.set_all(&evening), BTreeMap::new());
        assert_eq!(values.get("day_start").as_deref(), Some("20:00"));
        let named = pairs(&[
            ("org_name", "Anytown Mental Health Trust"),
            ("neutral_name", "Courses in Anytown"),
        ]);
        assert_eq!(values.set_all(&named), BTreeMap::new());
    }

    #[test]
    fn what_fits_in_no_order_is_refused_and_named() {
        let mut values = Values::first();
        let wrong = pairs(&[
            ("offer_window", "500"),
            ("day_end", "07:00"),
            ("staff_idle", "20"),
            ("link_colour", "#777777"),
            ("colour", "1"),
        ]);
        let refused = values.set_all(&wrong);
        let names: Vec<&str> = refused.keys().map(String::as_str).collect();
        assert_eq!(names, ["colour", "day_end", "link_colour", "offer_window"]);
        assert_eq!(values.get("staff_idle").as_deref(), Some("20"));
    }
}
