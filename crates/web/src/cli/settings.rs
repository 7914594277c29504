//! `alongside settings`: what the team can change while the program runs.

use std::collections::BTreeMap;

use booking::calendar;
use booking::settings::{CATALOGUE, Setting};
use clap::{Args, Subcommand};

use super::open::{For, open};
use super::{Failure, Places, say};
use crate::audit::{self, Doer};
use crate::people::address::Address;
use crate::sign_in::numbers::{self, Numbers};
use crate::site;
use crate::theme::{Colour, Theme};

#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  alongside settings                                   all of them, with what they mean
  alongside settings set org_name \"Anytown Trust\"      whose service it is
  alongside settings set contact_phone \"01632 960123\"  the number that people can call
  alongside settings set offer_window 24               hours to answer an offer

A change counts from the next page and the next mail on; the service need not be restarted.")]
pub(super) struct Options {
    #[command(subcommand)]
    act: Option<Act>,
}

#[derive(Debug, Subcommand)]
enum Act {
    /// Change one setting
    #[command(after_help = "\
Examples:
  alongside settings set reminder \"7 1\"      several numbers go in one pair of quotes
  alongside settings set neutral_name \"\"     empty: the usual value")]
    Set {
        /// As in the list of settings
        name: String,
        /// Its new value
        #[arg(allow_hyphen_values = true)]
        value: String,
    },
}

pub(super) async fn run(places: &Places, options: Options) -> Result<(), Failure> {
    let opened = open(places, For::AMoment).await?;
    let organisation = site::organisation(opened.app.reader()).await?;
    let (rules, _) = calendar::rules(opened.app.reader()).await?;
    let Some(Act::Set { name, value }) = options.act else {
        list(&organisation, &rules, &Numbers::load(opened.app.reader()).await?);
        return Ok(());
    };
    let numbers = Numbers::load(opened.app.reader()).await?;
    let value = if numbers.get(&name).is_some() {
        let mut numbers = numbers;
        numbers
            .set(&name, &value)
            .map_err(|why| Failure::Usage(format!("{why}: see alongside settings.")))?;
        numbers.get(&name).map_or(value, |it| it.to_string())
    } else if organisation.contains_key(&name) {
        fitting(&name, &value, &organisation).map_err(Failure::Usage)?
    } else {
        let mut rules = rules;
        rules
            .set(&name, &value)
            .map_err(|why| Failure::Usage(format!("{why}: see alongside settings.")))?;
        rules.written(&name).unwrap_or(value)
    };
    let (of, to) = (&name, &value);
    opened
        .app
        .change(|work| async move {
            work.note(audit::Act {
                doer: Doer::Command,
                what: "setting_changed",
                about: ("setting", of.clone()),
                whose: None,
                reason: Some(to.clone()),
            });
            Ok(calendar::set_rule(work.tx(), of, to).await?)
        })
        .await?;
    say(&format!("{name} is now {value:?}."));
    Ok(())
}

fn list(organisation: &BTreeMap<String, String>, rules: &booking::Settings, numbers: &Numbers) {
    say("The organisation, as pages and mails show it");
    for (name, _, purpose) in site::ORGANISATION {
        let value = organisation.get(*name).map_or("", String::as_str);
        say(&format!("  {name:<22} {:<30} {purpose}", format!("{value:?}")));
    }
    say("\nThe rules of booking");
    for setting in CATALOGUE {
        say_one(setting, &rules.written(setting.name).unwrap_or_default());
    }
    say("\nLogging in");
    for (setting, first) in &numbers::CATALOGUE {
        let value = numbers.get(setting.name).unwrap_or(*first);
        say_one(setting, &value.to_string());
    }
    say("\nChange one with: alongside settings set NAME VALUE");
}

fn say_one(setting: &Setting, value: &str) {
    say(&format!(
        "  {:<22} {value:<14} {:<27} {}",
        setting.name,
        range(setting),
        setting.purpose
    ));
}

fn range(setting: &Setting) -> String {
    match setting.unit {
        "time" => "a time of day".to_owned(),
        unit => format!("{} to {} {unit}", setting.least, setting.most),
    }
}

/// A value of the organisation as it is stored, or why it does not fit.
fn fitting(name: &str, value: &str, now: &BTreeMap<String, String>) -> Result<String, String> {
    let value = value.trim();
    let most = if name == "support_text" { 2_000 } else { 120 };
    if value.chars().any(char::is_control) || value.chars().count() > most {
        return Err(format!("{name} must be one line of at most {most} characters."));
    }
    let may_be_empty = ["neutral_name", "plain_words"].contains(&name) || name.ends_with("_colour");
    match name {
        _ if value.is_empty() && may_be_empty => {}
        _ if value.is_empty() => return Err(format!("{name} must not be empty.")),
        "contact_email" if value.parse::<Address>().is_err() => {
            return Err("contact_email must be an address like courses@example.org.".to_owned());
        }
        "header" if !["blue", "white"].contains(&value) => {
            return Err("header must be blue or white.".to_owned());
        }
        _ if name.ends_with("_colour") => {
            value.parse::<Colour>().map_err(|why| why.to_string())?;
        }
        _ => {}
    }
    let mut then = now.clone();
    then.insert(name.to_owned(), value.to_owned());
    says_nothing(name, &then)?;
    Theme::new(&site::brand(&then))
        .map_err(|why| why.iter().map(ToString::to_string).collect::<Vec<_>>().join(" "))?;
    Ok(value.to_owned())
}

/// Refuses a change with which a stranger would see what the course is about, in the sender of a mail or the
/// title of a link page (U-32): it is the resulting name that counts, whichever setting makes it.
fn says_nothing(changed: &str, then: &BTreeMap<String, String>) -> Result<(), String> {
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
        return Err(format!(
            "Strangers would see the name {name:?} in mail, and {word:?} says what the course is about. Set \
             neutral_name to something without it first."
        ));
    }
    let email = get("contact_email");
    if let Some(word) = telling(email).filter(|_| touches(&["contact_email", "plain_words"])) {
        return Err(format!(
            "Strangers would see the sender {email}, and {word:?} says what the course is about."
        ));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn first() -> BTreeMap<String, String> {
        site::ORGANISATION
            .iter()
            .map(|(name, value, _)| ((*name).to_owned(), (*value).to_owned()))
            .collect()
    }

    #[track_caller]
    fn refused(name: &str, value: &str, why: &str) {
        let words = fitting(name, value, &first()).unwrap_err();
        assert!(words.contains(why), "{words}");
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
            assert_eq!(fitting(name, value, &first()).as_deref(), Ok(value.trim()));
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
        let mut named = first();
        named.insert("neutral_name".to_owned(), "Courses in Anytown".to_owned());
        assert!(fitting("org_name", "Anytown Mental Health Trust", &named).is_ok());
        named.insert("org_name".to_owned(), "Anytown Mental Health Trust".to_owned());
        let emptied = fitting("neutral_name", "", &named).unwrap_err();
        assert!(emptied.contains("\"mental\""), "{emptied}");
        assert!(fitting("plain_words", "", &named).is_ok());
    }
}
