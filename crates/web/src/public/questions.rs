//! The questions that more than one form asks: how to be in touch, what helps to take part, someone
//! to call. Codes for the records and words for people stand here and nowhere else.

use std::collections::BTreeMap;

use booking::Settings;
use booking::deadlines::{WorkingDays, working_days_before};
use ids::{BookingId, Ts};
use sea_orm::ActiveModelTrait;
use sea_orm::ActiveValue::Set;
use serde::{Deserialize, Serialize};
use time::Date;

use crate::entity::{access_need, emergency_contact};
use crate::error::Error;
use crate::forms::{Answer, Fields, Problem, problems};
use crate::people::address::{Address, likely_typo};
use crate::work::Work;

/// The longest name (T-32).
pub(crate) const NAME: usize = 120;
/// The longest phone number (T-32).
pub(crate) const PHONE: usize = 40;
/// The longest free text (T-32).
pub(crate) const TEXT: usize = 2000;

/// One of the answers that a question offers.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub(crate) struct Choice {
    /// The word in records.
    #[serde(rename = "value")]
    pub code: &'static str,
    /// The words on pages.
    #[serde(rename = "text")]
    pub words: &'static str,
}

pub(crate) const fn choice(code: &'static str, words: &'static str) -> Choice {
    Choice { code, words }
}

/// What would help somebody to take part. Large print, Easy Read and audio are asked once, as
/// [`FORMATS`].
pub(crate) const NEEDS: [Choice; 9] = [
    choice("captions", "Captions"),
    choice("bsl", "BSL interpreter"),
    choice("materials_ahead", "Materials before the course"),
    choice("supporter", "Someone with me"),
    choice("breaks", "Breaks"),
    choice("camera_off", "Camera off"),
    choice("platform_help", "Help with joining"),
    choice("quiet_space", "A quiet space"),
    choice("other", "Something else"),
];

/// In which form information is sent.
pub(crate) const FORMATS: [Choice; 5] = [
    choice("standard", "Standard text"),
    choice("large_print", "Large print"),
    choice("easy_read", "Easy Read"),
    choice("audio", "Audio"),
    choice("other", "Something else. We will ask you"),
];

/// By which way somebody wants to hear from us.
pub(crate) const WAYS: [Choice; 3] = [
    choice("email", "By email"),
    choice("phone", "By phone"),
    choice("post", "By post"),
];

/// The words for a code; empty for one that is not in the list.
pub(crate) fn words(list: &[Choice], code: &str) -> &'static str {
    list.iter().find(|it| it.code == code).map_or("", |it| it.words)
}

/// The answer to a question with one choice; what the page does not offer is no form of ours.
pub(crate) fn one_of(fields: &mut Fields, name: &str, list: &[Choice]) -> Result<Answer, Error> {
    let value = fields.line(name)?;
    if value.is_empty() || list.iter().any(|it| it.code == value) {
        Ok(Answer::new(value))
    } else {
        Err(unknown())
    }
}

/// Whether a box is ticked.
pub(crate) fn ticked(fields: &mut Fields, name: &str) -> Result<bool, Error> {
    match fields.line(name)?.as_str() {
        "" => Ok(false),
        "yes" => Ok(true),
        _ => Err(unknown()),
    }
}

fn unknown() -> Error {
    Error::BadForm("a choice that the page does not offer".to_owned())
}

/// Notes it if a phone number cannot be one. Numbers stay as they were typed.
pub(crate) fn judge_phone(phone: &mut Answer) {
    let digits = phone.value.chars().filter(char::is_ascii_digit).count();
    if !phone.value.is_empty() && digits < 6 {
        phone.refuse("Enter a phone number, like 01632 960 001");
    }
    phone.at_most(PHONE, "The phone number");
}

/// An email address, asked about once when it looks like a slip of the finger.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct EmailQuestion {
    /// As typed.
    pub email: Answer,
    /// The address chosen when we asked which one is right.
    #[serde(default)]
    pub typo: Answer,
    /// The address that was probably meant; empty unless we are asking.
    #[serde(default)]
    pub suggestion: String,
}

impl EmailQuestion {
    /// This address, which needs no more asking.
    pub(crate) fn settled(address: &Address) -> Self {
        let text = address.to_string();
        Self {
            email: Answer::new(&text),
            typo: Answer::new(text),
            suggestion: String::new(),
        }
    }

    /// Reads `email` and `typo`.
    pub(crate) fn read(fields: &mut Fields) -> Result<Self, Error> {
        let (email, typo) = (
            Answer::new(fields.line("email")?),
            Answer::new(fields.line("typo")?),
        );
        Ok(Self {
            email,
            typo,
            suggestion: String::new(),
        })
    }

    /// The address, or notes on what is wrong; nothing typed is noted by whoever asks.
    pub(crate) fn judge(&mut self) -> Option<Address> {
        let typed = self.email.given()?;
        let Ok(address) = typed.parse::<Address>() else {
            self.email
                .refuse("Enter an email address in the correct format, like name@example.com");
            return None;
        };
        let Some(suggestion) = likely_typo(&address) else {
            return Some(address);
        };
        if self.typo.value == address.to_string() {
            return Some(address);
        }
        if self.typo.value == suggestion
            && let Ok(meant) = suggestion.parse()
        {
            self.email = Answer::new(suggestion);
            return Some(meant);
        }
        self.typo
            .refuse(format!("Check your email address. Did you mean {suggestion}?"));
        self.suggestion = suggestion;
        None
    }

    /// The address as it counts, if it is one.
    pub(crate) fn address(&self) -> Option<Address> {
        self.email.value.parse().ok()
    }

    /// The answers to "which one is right": none unless we are asking.
    pub(crate) fn choices(&self) -> Vec<TypoChoice> {
        let Some(typed) = self.address().filter(|_| !self.suggestion.is_empty()) else {
            return Vec::new();
        };
        let change = TypoChoice {
            value: self.suggestion.clone(),
            text: format!("Change it to {}", self.suggestion),
        };
        let keep = TypoChoice {
            value: typed.to_string(),
            text: "Keep it as it is".to_owned(),
        };
        vec![change, keep]
    }

    /// What is wrong, for the summary.
    pub(crate) fn problems(&self) -> Vec<Problem> {
        problems([("email", &self.email), ("typo", &self.typo)])
    }
}

/// One of the addresses to choose from.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub(crate) struct TypoChoice {
    value: String,
    text: String,
}

/// What would help somebody to take part, as a form.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct NeedsForm {
    /// The codes that are ticked, `none` among them.
    pub chosen: Vec<String>,
    /// What is wrong with the choice; empty when nothing is.
    #[serde(default)]
    pub error: String,
    /// A few words about each of [`NEEDS`], ticked or not.
    pub details: BTreeMap<String, Answer>,
}

/// One thing that helps somebody to take part.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Need {
    /// One of [`NEEDS`].
    pub code: &'static str,
    /// What they said about it.
    pub detail: Option<String>,
}

impl Default for NeedsForm {
    fn default() -> Self {
        let details = NEEDS.iter().map(|it| (it.code.to_owned(), Answer::default()));
        Self {
            chosen: Vec::new(),
            error: String::new(),
            details: details.collect(),
        }
    }
}

impl NeedsForm {
    /// Reads the boxes `needs` and the lines `detail_captions` and so on.
    pub(crate) fn read(fields: &mut Fields) -> Result<Self, Error> {
        let chosen = fields.many("needs")?;
        if !chosen
            .iter()
            .all(|it| it == NONE || NEEDS.iter().any(|need| need.code == it))
        {
            return Err(unknown());
        }
        let mut details = BTreeMap::new();
        for it in NEEDS {
            details.insert(
                it.code.to_owned(),
                Answer::new(fields.line(&detail_name(it.code))?),
            );
        }
        Ok(Self {
            chosen,
            error: String::new(),
            details,
        })
    }

    /// Notes what is wrong. No choice at all is an answer too; "None of these" beside another is not.
    pub(crate) fn judge(&mut self) {
        if self.chosen.iter().any(|it| it == NONE) && self.chosen.len() > 1 {
            "Select an option, or choose 'None of these'".clone_into(&mut self.error);
        }
        for (code, detail) in &mut self.details {
            if self.chosen.contains(code) {
                // The words tell one link of the summary from the others (U-25).
                detail.at_most(TEXT, &format!("What you tell us about “{}”", words(&NEEDS, code)));
            }
        }
    }

    /// What is wrong, for the summary.
    pub(crate) fn problems(&self) -> Vec<Problem> {
        let mut found = Vec::new();
        if !self.error.is_empty() {
            found.push(Problem {
                href: "#needs".to_owned(),
                text: self.error.clone(),
            });
        }
        let names: Vec<String> = NEEDS.iter().map(|it| detail_name(it.code)).collect();
        let details = NEEDS.iter().zip(&names);
        let details = details.filter_map(|(it, name)| Some((name.as_str(), self.details.get(it.code)?)));
        found.extend(problems(details));
        found
    }

    /// Whether something is written, or wrong, in one of the lines to say more: then they are shown.
    pub(crate) fn is_detailed(&self) -> bool {
        self.details
            .values()
            .any(|it| !it.value.is_empty() || it.is_wrong())
    }

    /// Forgets what belongs to boxes that are not ticked (U-11).
    pub(crate) fn tidy(&mut self) {
        for (code, detail) in &mut self.details {
            if !self.chosen.contains(code) {
                *detail = Answer::default();
            }
        }
    }

    /// What was ticked, in our order.
    pub(crate) fn wanted(&self) -> Vec<Need> {
        let ticked = NEEDS
            .iter()
            .filter(|it| self.chosen.iter().any(|chosen| chosen == it.code));
        let detail = |code| self.details.get(code).and_then(Answer::given);
        ticked
            .map(|it| Need {
                code: it.code,
                detail: detail(it.code),
            })
            .collect()
    }

    /// The boxes of the question, "None of these" last.
    pub(crate) fn boxes() -> Vec<NeedBox> {
        let mut boxes: Vec<NeedBox> = NEEDS.into_iter().map(NeedBox::One).collect();
        boxes.push(NeedBox::Divider { divider: "or" });
        boxes.push(NeedBox::None {
            value: NONE,
            text: "None of these",
            exclusive: true,
        });
        boxes
    }

    /// The lines to say more: one for each box, as a template shows them.
    pub(crate) fn lines(&self) -> Vec<DetailLine> {
        let line = |it: &Choice| {
            let answer = self.details.get(it.code).cloned().unwrap_or_default();
            DetailLine {
                name: detail_name(it.code),
                label: format!("{}: tell us more", it.words),
                value: answer.value,
                error: answer.error,
            }
        };
        NEEDS.iter().map(line).collect()
    }
}

/// "None of these".
const NONE: &str = "none";

fn detail_name(code: &str) -> String {
    format!("detail_{code}")
}

/// A box of the needs question.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(untagged)]
pub(crate) enum NeedBox {
    /// One need.
    One(Choice),
    /// The word before the last box.
    Divider {
        /// "or".
        divider: &'static str,
    },
    /// "None of these".
    None {
        /// Its code.
        value: &'static str,
        /// Its words.
        text: &'static str,
        /// With a script, it unticks the others.
        exclusive: bool,
    },
}

/// A line to say more about one need.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub(crate) struct DetailLine {
    name: String,
    label: String,
    value: String,
    error: String,
}

/// By when a need should be arranged (B-88).
pub(crate) fn due(code: &str, settings: &Settings, days: &WorkingDays, first_day: Date) -> Ts {
    let lead = if code == "bsl" {
        settings.interpreter_lead
    } else {
        settings.need_lead
    };
    working_days_before(settings, days, first_day, lead)
}

/// Writes down what would help with a booking; returns the new rows' ids.
pub(crate) async fn add_needs(
    work: &Work,
    booking: BookingId,
    first_day: Date,
    needs: &[Need],
) -> Result<Vec<uuid::Uuid>, Error> {
    let (settings, days) = booking::calendar::rules(work.tx()).await?;
    let mut ids = Vec::new();
    for need in needs {
        let id = work.fresh_id();
        access_need::ActiveModel {
            id: Set(id),
            booking: Set(booking),
            code: Set(need.code.to_owned()),
            detail: Set(need.detail.clone()),
            status: Set("asked".to_owned()),
            owner: Set(None),
            due: Set(due(need.code, &settings, &days, first_day)),
        }
        .insert(work.tx())
        .await?;
        ids.push(id);
    }
    Ok(ids)
}

/// Someone we could call, as a form: all of it optional, but a name without a number helps nobody.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct SomeoneForm {
    /// Their name.
    pub name: Answer,
    /// Their number.
    pub phone: Answer,
    /// Whether we may call them.
    pub may_call: bool,
}

/// Someone we could call.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Someone {
    /// Their name.
    pub name: String,
    /// Their number.
    pub phone: String,
    /// Whether we may call them.
    pub may_call: bool,
}

impl SomeoneForm {
    /// Reads `someone_name`, `someone_phone` and `someone_may_call`.
    pub(crate) fn read(fields: &mut Fields) -> Result<Self, Error> {
        Ok(Self {
            name: Answer::new(fields.line("someone_name")?),
            phone: Answer::new(fields.line("someone_phone")?),
            may_call: ticked(fields, "someone_may_call")?,
        })
    }

    /// Notes what is wrong; an unfinished form may lack one of the two.
    pub(crate) fn judge(&mut self, whole: bool) {
        self.name.at_most(NAME, "Their name");
        judge_phone(&mut self.phone);
        match (self.name.given(), self.phone.given()) {
            (Some(_), None) if whole => self.phone.refuse("Enter their phone number"),
            (None, Some(_)) if whole => self.name.refuse("Enter their name"),
            _ => {}
        }
    }

    /// What is wrong, for the summary.
    pub(crate) fn problems(&self) -> Vec<Problem> {
        problems([("someone_name", &self.name), ("someone_phone", &self.phone)])
    }

    /// Who it is, if both name and number are there.
    pub(crate) fn given(&self) -> Option<Someone> {
        let (name, phone) = (self.name.given()?, self.phone.given()?);
        Some(Someone {
            name,
            phone,
            may_call: self.may_call,
        })
    }
}

/// Writes down whom we could call about a booking.
pub(crate) async fn add_someone(work: &Work, booking: BookingId, someone: Someone) -> Result<(), Error> {
    emergency_contact::ActiveModel {
        id: Set(work.fresh_id()),
        booking: Set(booking),
        name: Set(someone.name),
        phone: Set(someone.phone),
        may_call: Set(someone.may_call),
    }
    .insert(work.tx())
    .await?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use time::macros::date;

    fn fields(body: &str) -> Fields {
        Fields::parse("/x", body.as_bytes()).unwrap()
    }

    #[test]
    fn a_slip_in_an_address_is_asked_about_once() {
        let judged = |body| {
            let mut form = EmailQuestion::read(&mut fields(body)).unwrap();
            let address = form.judge().map(|it| it.to_string());
            (address, form)
        };
        let (none, asking) = judged("email=sam@gmial.com");
        assert_eq!((none, asking.suggestion.as_str()), (None, "sam@gmail.com"));
        assert_eq!(asking.problems()[0].href, "#typo");
        assert_eq!(asking.choices().len(), 2);
        assert_eq!(
            judged("email=sam@gmial.com&typo=sam@gmial.com").0.as_deref(),
            Some("sam@gmial.com")
        );
        let (meant, form) = judged("email=sam@gmial.com&typo=sam@gmail.com");
        assert_eq!(
            (meant.as_deref(), form.email.value.as_str()),
            (Some("sam@gmail.com"), "sam@gmail.com")
        );
        assert_eq!(judged("email=sam@hotmial.com&typo=sam@gmail.com").0, None);
        assert_eq!(
            judged("email=sam@example.org&typo=sam@gmail.com").0.as_deref(),
            Some("sam@example.org")
        );
        assert_eq!(judged("email=sam").1.problems()[0].href, "#email");
    }

    #[test]
    fn needs_are_ticked_or_not_and_none_excludes_them() {
        let judged = |body| {
            let mut form = NeedsForm::read(&mut fields(body)).unwrap();
            form.judge();
            form
        };
        assert!(judged("").problems().is_empty());
        assert!(judged("needs=none").problems().is_empty());
        assert!(judged("needs=none").wanted().is_empty());
        assert_eq!(judged("needs=none&needs=breaks").problems()[0].href, "#needs");
        let two = judged("needs=breaks&needs=bsl&detail_bsl=In+the+mornings&detail_captions=x");
        let bsl = Need {
            code: "bsl",
            detail: Some("In the mornings".to_owned()),
        };
        assert_eq!(
            two.wanted(),
            [
                bsl,
                Need {
                    code: "breaks",
                    detail: None
                }
            ]
        );
        assert!(NeedsForm::read(&mut fields("needs=diagnosis")).is_err());
    }

    #[test]
    fn a_detail_of_a_box_that_is_not_ticked_is_ignored() {
        let long = "x".repeat(TEXT + 1);
        let mut form = NeedsForm::read(&mut fields(&format!("needs=breaks&detail_other={long}"))).unwrap();
        form.judge();
        assert!(form.problems().is_empty());
        form.tidy();
        assert_eq!(form.details["other"], Answer::default());
        let mut form = NeedsForm::read(&mut fields(&format!("needs=other&detail_other={long}"))).unwrap();
        form.judge();
        assert_eq!(form.problems()[0].href, "#detail_other");
    }

    #[test]
    fn someone_to_call_needs_a_name_and_a_number() {
        let judged = |body, whole| {
            let mut form = SomeoneForm::read(&mut fields(body)).unwrap();
            form.judge(whole);
            form
        };
        assert!(judged("", true).problems().is_empty());
        assert_eq!(judged("someone_may_call=yes", true).given(), None);
        assert_eq!(
            judged("someone_name=Jo", true).problems()[0].href,
            "#someone_phone"
        );
        assert_eq!(
            judged("someone_phone=01632+960001", true).problems()[0].href,
            "#someone_name"
        );
        assert!(judged("someone_name=Jo", false).problems().is_empty());
        assert_eq!(
            judged("someone_name=Jo&someone_phone=me", true).problems()[0].href,
            "#someone_phone"
        );
        let both = judged(
            "someone_name=Jo&someone_phone=01632+960001&someone_may_call=yes",
            true,
        );
        let jo = Someone {
            name: "Jo".to_owned(),
            phone: "01632 960001".to_owned(),
            may_call: true,
        };
        assert_eq!(both.given(), Some(jo));
    }

    #[test]
    fn an_interpreter_is_arranged_earlier_than_the_rest() {
        let (settings, days) = (Settings::default(), WorkingDays::without([date!(2027 - 05 - 31)]));
        let due = |code| due(code, &settings, &days, date!(2027 - 06 - 08)).to_string();
        assert_eq!(due("bsl"), "2027-05-24T07:00:00Z");
        assert_eq!(due("captions"), "2027-06-04T07:00:00Z");
    }
}
