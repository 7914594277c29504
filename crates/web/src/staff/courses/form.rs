//! The text of a course as a form, and what is wrong with it (booking.md section 1).

use std::collections::BTreeSet;

use booking::calendar::Outcome;
use booking::courses::{Edited, Version};
use serde::Serialize;
use sha2::{Digest, Sha256};

use crate::error::Error;
use crate::forms::{Answer, Fields, Problem, problems};
use crate::public::questions::ticked;

/// The most outcomes of a course.
const MOST_OUTCOMES: usize = 12;
/// Rows for more outcomes than there are.
const MORE: usize = 2;
/// Characters of one line of a list.
const LINE: usize = 500;
/// Characters of a text (T-32).
const TEXT: usize = 2_000;

/// Everything that the team can change in a draft.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub(super) struct Form {
    pub(super) title: Answer,
    pub(super) summary: Answer,
    pub(super) outcomes: Vec<Row>,
    pub(super) topics: Answer,
    pub(super) methods: Answer,
    pub(super) minutes: Answer,
    pub(super) days: Answer,
    pub(super) different_days: bool,
    pub(super) note: Answer,
}

/// One outcome.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub(super) struct Row {
    pub(super) number: usize,
    /// The word in records; answers of people are kept under it.
    pub(super) code: String,
    pub(super) text: Answer,
    pub(super) question: Answer,
}

impl Row {
    fn is_empty(&self) -> bool {
        self.text.value.is_empty() && self.question.value.is_empty()
    }
}

impl Form {
    pub(super) fn of(it: &Version) -> Self {
        let outcome = |(number, it): (usize, &Outcome)| Row {
            number,
            code: it.code.clone(),
            text: Answer::new(&it.text),
            question: Answer::new(&it.confidence_question),
        };
        let outcomes = (1..).zip(&it.text.outcomes).map(outcome).collect();
        let days = it.text.sessions_required.map(|it| it.to_string());
        Self {
            title: Answer::new(&it.title),
            summary: Answer::new(&it.text.summary),
            outcomes,
            topics: Answer::new(it.text.topics.join("\n")),
            methods: Answer::new(it.text.methods.join("\n")),
            minutes: Answer::new(it.text.planned_minutes.to_string()),
            days: Answer::new(days.unwrap_or_default()),
            different_days: it.text.different_days,
            note: Answer::new(&it.text.authors_note),
        }
    }

    /// With empty rows after the outcomes, for more of them.
    pub(super) fn with_room(mut self) -> Self {
        let wanted = (self.outcomes.len() + MORE).min(MOST_OUTCOMES);
        for number in self.outcomes.len() + 1..=wanted {
            self.outcomes.push(Row {
                number,
                ..Row::default()
            });
        }
        self
    }

    /// What tells whether somebody else changed the draft since it was shown (U-12).
    pub(super) fn version(&self) -> String {
        let shown: Vec<String> = self.said().into_iter().map(|(_, value)| value).collect();
        data_encoding::HEXLOWER.encode(&Sha256::digest(shown.join("\u{1f}")))
    }

    /// Every field by its name on the page.
    pub(super) fn said(&self) -> Vec<(String, String)> {
        let mut all = vec![
            ("Title".to_owned(), self.title.value.clone()),
            ("What it is".to_owned(), self.summary.value.clone()),
        ];
        for it in self.outcomes.iter().filter(|it| !it.is_empty()) {
            let both = format!("{} / {}", it.text.value, it.question.value);
            all.push((format!("Outcome {}", it.number), both));
        }
        let different = if self.different_days { "Yes" } else { "No" };
        all.extend([
            ("Topics".to_owned(), self.topics.value.clone()),
            ("How people learn".to_owned(), self.methods.value.clone()),
            ("Minutes in all".to_owned(), self.minutes.value.clone()),
            ("Days".to_owned(), self.days.value.clone()),
            ("On different days".to_owned(), different.to_owned()),
            ("Note".to_owned(), self.note.value.clone()),
        ]);
        all
    }

    pub(super) fn read(fields: &mut Fields) -> Result<Self, Error> {
        let mut form = Self {
            title: Answer::new(fields.line("title")?),
            summary: Answer::new(fields.text("summary")?),
            outcomes: Vec::new(),
            topics: Answer::new(fields.text("topics")?),
            methods: Answer::new(fields.text("methods")?),
            minutes: Answer::new(fields.line("minutes")?),
            days: Answer::new(fields.line("days")?),
            different_days: ticked(fields, "different_days")?,
            note: Answer::new(fields.text("note")?),
        };
        for number in 1..=MOST_OUTCOMES {
            let row = Row {
                number,
                code: fields.line(&format!("outcome{number}_code"))?,
                text: Answer::new(fields.line(&format!("outcome{number}_text"))?),
                question: Answer::new(fields.line(&format!("outcome{number}_question"))?),
            };
            form.outcomes.push(row);
        }
        form.outcomes.retain(|it| !it.is_empty());
        for (number, row) in (1..).zip(&mut form.outcomes) {
            row.number = number;
        }
        Ok(form)
    }

    /// What it says, or nothing and a note beside each field that is wrong. `known` are the words for
    /// outcomes that any version of the course has: a new outcome gets a new one.
    pub(super) fn judge(&mut self, known: &BTreeSet<String>) -> Option<Edited> {
        needed(&mut self.title, "a title", 120);
        needed(&mut self.summary, "what the course is", TEXT);
        let topics = lines(&mut self.topics, "at least one topic");
        let methods = lines(&mut self.methods, "at least one way in which people learn");
        self.note.at_most(TEXT, "The note");
        let minutes = number(&mut self.minutes, 1, 10_000);
        let days = if self.days.value.is_empty() {
            None
        } else {
            number(&mut self.days, 1, 50)
        };
        let outcomes = self.judge_outcomes(known);
        if self.outcomes.is_empty() {
            self.outcomes.push(Row {
                number: 1,
                ..Row::default()
            });
            if let Some(first) = self.outcomes.first_mut() {
                first.text.refuse("Enter at least one outcome");
            }
        }
        if !self.problems().is_empty() {
            return None;
        }
        Some(Edited {
            title: self.title.value.clone(),
            summary: self.summary.value.clone(),
            methods,
            outcomes,
            topics,
            planned_minutes: minutes?,
            sessions_required: days,
            different_days: self.different_days,
            authors_note: self.note.value.clone(),
        })
    }

    fn judge_outcomes(&mut self, known: &BTreeSet<String>) -> Vec<Outcome> {
        let mut taken = known.clone();
        let mut seen = BTreeSet::new();
        let mut outcomes = Vec::new();
        for row in &mut self.outcomes {
            needed(&mut row.text, "the outcome", LINE);
            needed(&mut row.question, "the question", LINE);
            // A word that no version has, or that came twice, was not on our page.
            let is_ours = known.contains(&row.code) && seen.insert(row.code.clone());
            if !is_ours {
                row.code = fresh(&taken);
            }
            taken.insert(row.code.clone());
            outcomes.push(Outcome {
                code: row.code.clone(),
                text: row.text.value.clone(),
                confidence_question: row.question.value.clone(),
            });
        }
        outcomes
    }

    pub(super) fn problems(&self) -> Vec<Problem> {
        let named = |it: &Row, part| format!("outcome{}_{part}", it.number);
        let mut all = problems([("title", &self.title), ("summary", &self.summary)]);
        for it in &self.outcomes {
            let (text, question) = (named(it, "text"), named(it, "question"));
            all.extend(problems([
                (text.as_str(), &it.text),
                (question.as_str(), &it.question),
            ]));
        }
        all.extend(problems([
            ("topics", &self.topics),
            ("methods", &self.methods),
            ("minutes", &self.minutes),
            ("days", &self.days),
            ("note", &self.note),
        ]));
        all
    }
}

/// A word for an outcome that no version has.
fn fresh(taken: &BTreeSet<String>) -> String {
    let mut words = (1..).map(|it| format!("outcome-{it}"));
    words.find(|it| !taken.contains(it)).unwrap_or_default()
}

fn needed(answer: &mut Answer, what: &str, most: usize) {
    if answer.value.is_empty() {
        answer.refuse(format!("Enter {what}"));
    } else {
        answer.at_most(most, "It");
    }
}

fn lines(answer: &mut Answer, what: &str) -> Vec<String> {
    let lines: Vec<String> = answer
        .value
        .lines()
        .map(|it| it.trim().to_owned())
        .filter(|it| !it.is_empty())
        .collect();
    if lines.is_empty() {
        answer.refuse(format!("Enter {what}"));
    } else if lines.iter().any(|it| it.chars().count() > LINE) {
        answer.refuse(format!("Each line must be {LINE} characters or fewer"));
    }
    lines
}

fn number(answer: &mut Answer, least: i32, most: i32) -> Option<i32> {
    let number = answer.value.parse().ok();
    let number = number.filter(|it| (least..=most).contains(it));
    if number.is_none() {
        answer.refuse(format!("Enter a number from {least} to {most}"));
    }
    number
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::staff::courses::sample;

    fn draft() -> (Form, BTreeSet<String>) {
        let course = sample();
        let known = BTreeSet::from(["listen".to_owned()]);
        (Form::of(course.draft().unwrap()), known)
    }

    #[test]
    fn an_unchanged_draft_says_what_it_said() {
        let (mut form, known) = draft();
        let edited = form.judge(&known).unwrap();
        let text = &sample().versions[0].text;
        assert_eq!((&edited.outcomes, &edited.topics), (&text.outcomes, &text.topics));
        assert_eq!(form.version(), draft().0.version());
    }

    #[test]
    fn a_new_outcome_gets_a_word_that_no_version_has() {
        let (mut form, mut known) = draft();
        known.insert("outcome-1".to_owned());
        for code in ["", "listen", "made-up"] {
            form.outcomes.push(Row {
                number: 2,
                code: code.to_owned(),
                text: Answer::new("Say no"),
                question: Answer::new("How sure are you?"),
            });
        }
        let codes: Vec<String> = form
            .judge(&known)
            .unwrap()
            .outcomes
            .into_iter()
            .map(|it| it.code)
            .collect();
        assert_eq!(codes, ["listen", "outcome-2", "outcome-3", "outcome-4"]);
    }

    #[test]
    fn what_is_missing_is_noted_beside_its_field() {
        let (mut form, known) = draft();
        form.title = Answer::default();
        form.minutes = Answer::new("none");
        form.days = Answer::new("0");
        form.topics = Answer::new(" \n ");
        form.outcomes.clear();
        assert_eq!(form.judge(&known), None);
        let hrefs: Vec<String> = form.problems().into_iter().map(|it| it.href).collect();
        assert_eq!(
            hrefs,
            ["#title", "#outcome1_text", "#topics", "#minutes", "#days"]
        );
    }
}
