//! What was typed on a page of settings, beside what the page showed.

use std::collections::BTreeMap;

use time::Time;

use crate::app::App;
use crate::audit;
use crate::error::Error;
use crate::forms::{Answer, Fields};
use crate::settings::{self, Misfit, Values};
use crate::staff::admin::sheets::{Asked, Sheet};
use crate::{people, words};

/// One setting of the form.
#[derive(Clone, Debug)]
pub(super) struct Typed {
    pub(super) asked: &'static Asked,
    pub(super) answer: Answer,
    /// What the page showed when it was opened.
    pub(super) was: String,
}

impl Typed {
    fn is_touched(&self) -> bool {
        self.answer.value != self.was
    }

    fn is_overtaken(&self, now: &Values) -> bool {
        now.get(self.asked.name).is_some_and(|now| now != self.was)
    }
}

/// The whole form.
#[derive(Clone, Debug)]
pub(super) struct Sent(pub(super) Vec<Typed>);

impl Sent {
    /// The form as it is opened.
    pub(super) fn unchanged(sheet: &Sheet, now: &Values) -> Self {
        let typed = sheet.settings().map(|asked| {
            let was = now.get(asked.name).unwrap_or_default();
            Typed {
                asked,
                answer: Answer::new(was.clone()),
                was,
            }
        });
        Self(typed.collect())
    }

    pub(super) fn read(sheet: &Sheet, fields: &mut Fields) -> Result<Self, Error> {
        let typed = sheet.settings().map(|asked| {
            // A text comes from a larger field and is one line all the same.
            let value = fields.text(asked.name)?.replace(['\n', '\t'], " ");
            Ok(Typed {
                asked,
                answer: Answer::new(value),
                was: fields.line(&format!("was_{}", asked.name))?,
            })
        });
        typed.collect::<Result<_, Error>>().map(Self)
    }

    /// What this form would change.
    pub(super) fn changes(&self, now: &Values) -> Vec<(String, String)> {
        let value = |it: &Typed| (it.asked.name.to_owned(), it.answer.value.clone());
        let differs = |it: &&Typed| now.get(it.asked.name).is_some_and(|now| now != it.answer.value);
        self.0.iter().filter(differs).map(value).collect()
    }

    /// Whether somebody changed a setting of this page after it was opened (U-12).
    pub(super) fn is_overtaken(&self, now: &Values) -> bool {
        self.0.iter().any(|it| it.is_overtaken(now))
    }

    /// The form again after somebody else's change: what was typed stays, the rest is as it is now.
    pub(super) fn after(&self, now: &Values) -> Self {
        let each = self.0.iter().cloned().map(|mut it| {
            let is_touched = it.is_touched();
            it.was = now.get(it.asked.name).unwrap_or_default();
            if !is_touched {
                it.answer.value.clone_from(&it.was);
            }
            it
        });
        Self(each.collect())
    }

    /// Somebody else's changes beside this form's: which setting, how it is now and since when, what was
    /// typed here.
    pub(super) async fn both(&self, app: &App, now: &Values) -> Result<Vec<Vec<String>>, Error> {
        let mut rows = Vec::new();
        for it in self.0.iter().filter(|it| it.is_overtaken(now)) {
            let theirs = shown(&now.get(it.asked.name).unwrap_or_default());
            let mine = if it.is_touched() {
                shown(&it.answer.value)
            } else {
                "You did not change this".to_owned()
            };
            let who = who(app, it.asked.name).await?;
            rows.push(vec![it.asked.label.to_owned(), format!("{theirs} ({who})"), mine]);
        }
        Ok(rows)
    }

    /// The form with what is wrong beside each field.
    pub(super) fn refused(&self, why: &BTreeMap<String, Misfit>) -> Self {
        let each = self.0.iter().cloned().map(|mut it| {
            if let Some(why) = why.get(it.asked.name) {
                it.answer.refuse(plainly(it.asked.name, &it.answer.value, why));
            }
            it
        });
        Self(each.collect())
    }

    /// The values of the organisation with all that was typed, whether or not it fits.
    pub(super) fn over(&self, values: Values) -> BTreeMap<String, String> {
        let mut all = values.organisation;
        for it in &self.0 {
            all.insert(it.asked.name.to_owned(), it.answer.value.clone());
        }
        all
    }
}

fn shown(value: &str) -> String {
    let value = if value.is_empty() { "Nothing" } else { value };
    value.to_owned()
}

/// "Kim Lee, Tuesday 11 May 2027 at 2pm".
async fn who(app: &App, setting: &str) -> Result<String, Error> {
    let last = audit::newest_of(app.reader(), settings::CHANGED, setting).await?;
    let Some((at, who)) = last else {
        return Ok("somebody else".to_owned());
    };
    let person = match who {
        Some(who) => people::find(app.reader(), who).await?,
        None => None,
    };
    let name = person.map_or_else(|| "a command".to_owned(), |it| it.full_name);
    Ok(format!("{name}, {}", words::date_time(at)))
}

/// What a setting takes, in words: "A number from 12 to 168 hours".
pub(super) fn range(name: &str) -> String {
    let Some(it) = settings::number_named(name) else {
        return String::new();
    };
    if it.unit == "time" {
        return "A time like 08:00".to_owned();
    }
    let unit = if it.unit == "count" { "" } else { it.unit };
    let kind = if is_several(name) {
        "One or more numbers"
    } else {
        "A number"
    };
    let range = format!("{kind} from {} to {} {unit}", it.least, it.most);
    range.trim_end().to_owned()
}

/// Whether a setting has several numbers.
fn is_several(name: &str) -> bool {
    ["min_alert", "reminder", "attendance_nudges", "mail_retry"].contains(&name)
}

/// Why a value is not taken, for the person who typed it.
fn plainly(name: &str, value: &str, why: &Misfit) -> String {
    match why {
        Misfit::Long(_, most) => format!("Use at most {most} letters"),
        Misfit::Empty(_) => "Enter something: it must not be empty".to_owned(),
        Misfit::Address => "Enter an email address in the correct format, like name@example.com".to_owned(),
        Misfit::Header => "Choose one answer".to_owned(),
        Misfit::Look(all) => all.iter().map(ToString::to_string).collect::<Vec<_>>().join(" "),
        Misfit::TellingName { name, word } => format!(
            "Strangers would see the name “{name}” in emails, and “{word}” says what the course is about. \
             Enter a name for emails that does not have it"
        ),
        Misfit::TellingSender { email, word } => {
            format!("Strangers would see the sender {email}, and “{word}” says what the course is about")
        }
        Misfit::Number(_) if is_time(name, value) => {
            "The time from which emails leave must be before the time until they do".to_owned()
        }
        Misfit::Number(_) if is_several(name) => {
            format!("Enter {}, with a space between them", first_small(&range(name)))
        }
        Misfit::Number(_) => format!("Enter {}", first_small(&range(name))),
    }
}

/// Whether it is a time where one is asked for: then only the order is wrong.
fn is_time(name: &str, value: &str) -> bool {
    let format = time::macros::format_description!("[hour]:[minute]");
    settings::number_named(name).is_some_and(|it| it.unit == "time") && Time::parse(value, format).is_ok()
}

fn first_small(text: &str) -> String {
    let mut letters = text.chars();
    let first = letters.next().map(|it| it.to_lowercase().to_string());
    format!("{}{}", first.unwrap_or_default(), letters.as_str())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn why(name: &str, value: &str) -> String {
        let refused = Values::first().set(name, value).unwrap_err();
        plainly(name, value, &refused)
    }

    #[test]
    fn a_refusal_says_the_range_in_plain_words() {
        assert_eq!(why("offer_window", "500"), "Enter a number from 12 to 168 hours");
        assert_eq!(why("log_in_tries", "x"), "Enter a number from 3 to 10");
        assert_eq!(
            why("reminder", ""),
            "Enter one or more numbers from 1 to 30 days, with a space between them"
        );
        assert_eq!(why("reminder_time", "25:00"), "Enter a time like 08:00");
        assert!(why("day_end", "07:00").contains("must be before"));
        assert!(why("brand_colour", "#41b6e6").contains("its contrast with the page behind it is 2.0"));
    }

    #[test]
    fn every_setting_with_several_numbers_is_known() {
        let first = booking::Settings::default();
        for it in booking::settings::CATALOGUE {
            let several = first.clone().set(it.name, &format!("{} {}", it.most, it.least));
            assert_eq!(several.is_ok(), is_several(it.name), "{}", it.name);
        }
    }
}
