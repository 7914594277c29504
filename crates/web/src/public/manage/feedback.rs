//! How confident people feel before and after the course, and what they say about it (B-80): if they wish,
//! once each, and kept so that nobody can tell who said what (`booking::evaluation` says how).
//!
//! So this form has no number: the records of numbers keep a digest of what was sent, and when. Whoever
//! presses twice finds the thanks instead.

use axum::extract::State as Extracted;
use axum::response::Response;
use booking::State;
use booking::calendar::{self, Outcome};
use booking::evaluation::{self, Answers, Asking, NUMBERS, Phase};
use ids::Ts;
use serde::Serialize;

use super::{Choice, FeedbackPath, Held};
use crate::app::App;
use crate::error::Error;
use crate::forms::{AGAIN, Answer, Fields, Problem};
use crate::links::Purpose;
use crate::pages::Page;
use crate::visitor::Visitor;
use crate::words;

/// A question to choose an answer for: its word in records, what is asked, and the answers with theirs.
pub(crate) type Question = (
    &'static str,
    &'static str,
    &'static [(&'static str, &'static str)],
);

/// What is asked after the course, to choose from.
pub(crate) const CHOICES: [Question; 2] = [
    (
        "recommend",
        "Would you tell a friend about this course?",
        &[("yes", "Yes"), ("maybe", "Maybe"), ("no", "No")],
    ),
    (
        "needs_supported",
        "Did you get the help that you asked for to take part?",
        &[
            ("yes", "Yes"),
            ("partly", "Some of it"),
            ("no", "No"),
            ("none", "I did not ask for any"),
        ],
    ),
];

/// What is asked after the course, in free words.
pub(crate) const WORDS: [(&str, &str); 2] = [
    ("helped", "What helped you on the course?"),
    ("change", "What should we change?"),
];

/// How confident one can be, lowest first.
const CONFIDENCE: [&str; 5] = [
    "Not at all confident",
    "A little confident",
    "Fairly confident",
    "Confident",
    "Very confident",
];

/// The most characters of free words (T-32).
const MOST: usize = 2000;

pub(super) async fn ask(
    FeedbackPath { token }: FeedbackPath,
    Extracted(app): Extracted<App>,
    visitor: Visitor,
) -> Result<Response, Error> {
    let held = Held::open(&app, visitor, Purpose::Booking, &token).await?;
    match elsewhere(&held) {
        Some(page) => Ok(held.go(page)),
        None => app.page(&FeedbackPage::load(&app, &held).await?).await,
    }
}

pub(super) async fn answer(
    FeedbackPath { token }: FeedbackPath,
    Extracted(app): Extracted<App>,
    visitor: Visitor,
    mut fields: Fields,
) -> Result<Response, Error> {
    let held = Held::open(&app, visitor, Purpose::Booking, &token).await?;
    if let Some(page) = elsewhere(&held) {
        return Ok(held.go(page));
    }
    let page = FeedbackPage::load(&app, &held).await?;
    let Stage::Open(phase) = page.stage else {
        return Ok(held.go("/feedback"));
    };
    let outcomes = evaluation::outcomes(app.reader(), held.record.run).await?;
    let mut form = Form::of(phase, &outcomes);
    form.read(&mut fields)?;
    fields.done()?;
    let answers = form.judged()?;
    if form.is_wrong() || answers.is_empty() {
        return app.page_with(AGAIN, &page.with(form)).await;
    }
    let (booking, answers) = (held.record.id, &answers);
    let stored = app
        .change(async |work| {
            // Plain dice: a name with a time in it would tell when the first answer came.
            let name = uuid::Builder::from_random_bytes(work.secrets().bytes()).into_uuid();
            Ok(evaluation::answer(work.tx(), work.now(), name, booking, answers).await?)
        })
        .await;
    match stored {
        // Too late or twice: the page says so.
        Ok(_) | Err(Error::Refused(_)) => Ok(held.go("/feedback")),
        Err(error) => Err(error),
    }
}

/// Where to go instead: only who has a place is asked, and only the owner of the address (B-21).
fn elsewhere(held: &Held) -> Option<&'static str> {
    match held.record.state {
        State::Booked if held.person.is_proven() => None,
        State::Booked => Some("/confirm"),
        _ => Some(""),
    }
}

/// What the page is, at this moment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Stage {
    Open(Phase),
    /// Answered, and still open.
    Thanks(Phase),
    NotYet(Ts),
    Over,
}

impl Stage {
    fn of(asking: Asking, has_answered: bool) -> Self {
        match asking {
            Asking::Open(phase, _) if has_answered => Self::Thanks(phase),
            Asking::Open(phase, _) => Self::Open(phase),
            Asking::NotYet(from) => Self::NotYet(from),
            Asking::Over => Self::Over,
        }
    }

    fn heading(self) -> &'static str {
        match self {
            Self::Open(Phase::Before) => "How confident do you feel today?",
            Self::Open(Phase::After) => "How was it for you?",
            Self::Thanks(Phase::Before) => "Thank you for telling us how you feel",
            Self::Thanks(Phase::After) => "Thank you for your feedback",
            Self::NotYet(_) => "We will ask you after the last day",
            Self::Over => "The time for feedback is over",
        }
    }

    fn lead(self) -> Vec<String> {
        let lines: &[&str] = match self {
            Self::Open(Phase::Before) => &[
                "We ask before and after, to learn what the course changes. There are no right answers.",
                "You do not have to answer. You can leave out any question.",
            ],
            Self::Open(Phase::After) => &[
                "Your answers help us to make the next dates better.",
                "You do not have to answer. You can leave out any question.",
            ],
            Self::Thanks(Phase::Before) => {
                &["We have your answers. After the last day we ask you once more, if you wish."]
            }
            Self::Thanks(Phase::After) => &["We have your answers. There is nothing else to do."],
            Self::NotYet(from) => {
                return vec![format!(
                    "You can tell us from {} on, if you wish.",
                    words::date_time(from)
                )];
            }
            Self::Over => &[
                "You can no longer answer here. You did nothing wrong.",
                "If you would like to tell us something, call us or email us.",
            ],
        };
        lines.iter().map(|it| (*it).to_owned()).collect()
    }
}

/// A question with a few answers, and what was chosen.
#[derive(Clone, Debug, Serialize)]
struct Choose {
    name: String,
    legend: String,
    choices: Vec<Choice>,
    answer: Answer,
    #[serde(skip)]
    code: &'static str,
}

/// A question for free words, and what was written.
#[derive(Clone, Debug, Serialize)]
struct Write {
    name: &'static str,
    label: &'static str,
    answer: Answer,
}

/// The questions of a phase.
#[derive(Clone, Debug, Default, Serialize)]
struct Form {
    confidence: Vec<Choose>,
    chosen: Vec<Choose>,
    written: Vec<Write>,
    /// The codes of the outcomes, in the order of the questions.
    #[serde(skip)]
    codes: Vec<String>,
}

impl Form {
    fn of(phase: Phase, outcomes: &[Outcome]) -> Self {
        let numbers = || NUMBERS.iter().zip(CONFIDENCE);
        let confidence = outcomes.iter().enumerate().map(|(n, it)| Choose {
            name: format!("confidence_{}", n + 1),
            legend: it.confidence_question.clone(),
            choices: numbers()
                .map(|(n, text)| Choice::new(n.to_string(), text))
                .collect(),
            answer: Answer::default(),
            code: "",
        });
        let mut form = Self {
            confidence: confidence.collect(),
            codes: outcomes.iter().map(|it| it.code.clone()).collect(),
            ..Self::default()
        };
        if phase == Phase::After {
            let choose = |(code, legend, answers): &Question| Choose {
                name: (*code).to_owned(),
                legend: (*legend).to_owned(),
                choices: answers
                    .iter()
                    .map(|(code, text)| Choice::new(*code, *text))
                    .collect(),
                answer: Answer::default(),
                code,
            };
            form.chosen = CHOICES.iter().map(choose).collect();
            let write = |(name, label): &(&'static str, &'static str)| Write {
                name,
                label,
                answer: Answer::default(),
            };
            form.written = WORDS.iter().map(write).collect();
        }
        form
    }

    fn read(&mut self, fields: &mut Fields) -> Result<(), Error> {
        for it in self.confidence.iter_mut().chain(&mut self.chosen) {
            it.answer = Answer::new(fields.line(&it.name)?);
        }
        for it in &mut self.written {
            it.answer = Answer::new(fields.text(it.name)?);
            it.answer.at_most(MOST, "Your answer");
        }
        Ok(())
    }

    /// What was answered; nothing at all is noted in the form.
    fn judged(&mut self) -> Result<Answers, Error> {
        let unknown = || Error::BadForm("no answer of this question".to_owned());
        let mut answers = Answers::default();
        for (code, it) in self.codes.iter().zip(&self.confidence) {
            if let Some(value) = it.answer.given() {
                let number = value.parse().ok().filter(|it| NUMBERS.contains(it));
                answers.ratings.insert(code.clone(), number.ok_or_else(unknown)?);
            }
        }
        for it in &self.chosen {
            if let Some(value) = it.answer.given() {
                let answer = known(it.code, &value).ok_or_else(unknown)?;
                answers.choices.insert(it.code, answer);
            }
        }
        for it in &self.written {
            if let Some(words) = it.answer.given() {
                answers.words.insert(it.name, words);
            }
        }
        if answers.is_empty()
            && let Some(first) = self.confidence.first_mut()
        {
            first
                .answer
                .refuse("Answer at least one question, or close this page");
        }
        Ok(answers)
    }

    fn is_wrong(&self) -> bool {
        !self.problems().is_empty()
    }

    fn problems(&self) -> Vec<Problem> {
        let chosen = self.confidence.iter().chain(&self.chosen);
        let chosen = chosen.map(|it| (it.name.as_str(), &it.answer));
        let written = self.written.iter().map(|it| (it.name, &it.answer));
        crate::forms::problems(chosen.chain(written))
    }
}

/// The answer to a question with this word.
fn known(question: &str, value: &str) -> Option<&'static str> {
    let (_, answers) = evaluation::CHOICES.iter().find(|it| it.0 == question)?;
    answers.iter().copied().find(|it| *it == value)
}

#[derive(Clone, Debug, Serialize)]
struct FeedbackPage {
    heading: &'static str,
    lead: Vec<String>,
    dates: String,
    is_open: bool,
    form: Form,
    errors: Vec<Problem>,
    action: String,
    back: String,
    #[serde(skip)]
    stage: Stage,
}

impl FeedbackPage {
    async fn load(app: &App, held: &Held) -> Result<Self, Error> {
        let db = app.reader();
        let (settings, _) = calendar::rules(db).await?;
        let asking = evaluation::asking(&settings, app.now(), &held.run.sessions);
        let has_answered = match asking {
            Asking::Open(phase, _) => evaluation::has_answered(db, held.record.id, phase).await?,
            Asking::NotYet(_) | Asking::Over => false,
        };
        let outcomes = evaluation::outcomes(db, held.record.run).await?;
        Ok(Self::of(held, Stage::of(asking, has_answered), &outcomes))
    }

    fn of(held: &Held, stage: Stage, outcomes: &[Outcome]) -> Self {
        let form = match stage {
            Stage::Open(phase) => Form::of(phase, outcomes),
            _ => Form::default(),
        };
        Self {
            heading: stage.heading(),
            lead: stage.lead(),
            dates: words::dates(&held.run.sessions),
            is_open: matches!(stage, Stage::Open(_)),
            form,
            errors: Vec::new(),
            action: held.path("/feedback"),
            back: held.path(""),
            stage,
        }
    }

    fn with(self, form: Form) -> Self {
        Self {
            errors: form.problems(),
            form,
            ..self
        }
    }
}

/// The words of the link on the page of the booking, while people are asked.
pub(super) fn link(asking: Asking) -> Option<&'static str> {
    match asking {
        Asking::Open(Phase::Before, _) => Some("Tell us how confident you feel, if you wish"),
        Asking::Open(Phase::After, _) => Some("Tell us how it was, if you wish"),
        Asking::NotYet(_) | Asking::Over => None,
    }
}

impl Page for FeedbackPage {
    const TEMPLATE: &'static str = "pages/manage/feedback.html";

    #[cfg(test)]
    fn samples() -> Vec<Self> {
        use super::tests as sample;
        let held = sample::held(State::Booked, true);
        let outcomes = tests::outcomes();
        let page = |stage| Self::of(&held, stage, &outcomes);
        let mut nothing = Form::of(Phase::After, &outcomes);
        assert!(nothing.judged().is_ok_and(|it| it.is_empty()));
        vec![
            page(Stage::Open(Phase::Before)),
            page(Stage::Open(Phase::After)),
            page(Stage::Open(Phase::After)).with(nothing),
            page(Stage::Thanks(Phase::Before)),
            page(Stage::Thanks(Phase::After)),
            page(Stage::NotYet(sample::day_2())),
            page(Stage::Over),
        ]
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::public::manage::tests as sample;
    use std::collections::{BTreeMap, BTreeSet};

    pub(super) fn outcomes() -> Vec<Outcome> {
        let outcome = |code: &str, text: &str| Outcome {
            code: code.to_owned(),
            text: text.to_owned(),
            confidence_question: format!("How confident are you that you can {text}?"),
        };
        vec![
            outcome("LO1", "say what peer support is and what a peer worker does"),
            outcome("LO2", "explain the skills that peer supporters use"),
        ]
    }

    #[test]
    fn pages_hold() {
        crate::pages_test::check::<FeedbackPage>();
    }

    #[test]
    fn only_who_has_a_place_and_the_mailbox_is_asked() {
        let goes = |state, proven| elsewhere(&sample::held(state, proven));
        assert_eq!(goes(State::Booked, true), None);
        assert_eq!(goes(State::Booked, false), Some("/confirm"));
        assert_eq!(goes(State::Waiting, true), Some(""));
        assert_eq!(goes(State::Lapsed, true), Some(""));
    }

    #[test]
    fn what_is_asked_is_what_can_be_kept() {
        let kept: BTreeSet<_> = evaluation::CHOICES
            .iter()
            .flat_map(|(q, all)| all.iter().map(move |a| (*q, *a)))
            .collect();
        let asked = CHOICES
            .iter()
            .flat_map(|(q, _, all)| all.iter().map(move |a| (*q, a.0)));
        assert_eq!(asked.collect::<BTreeSet<_>>(), kept);
        assert_eq!(WORDS.map(|it| it.0), evaluation::WORDS);
    }

    #[test]
    fn answers_are_read_and_what_is_unknown_is_refused() {
        let read = |body: &str| {
            let mut form = Form::of(Phase::After, &outcomes());
            let mut fields = Fields::parse("/x", body.as_bytes())?;
            form.read(&mut fields)?;
            fields.done()?;
            form.judged()
        };
        let answers = read("confidence_2=4&recommend=yes&helped=The+breaks").unwrap();
        assert_eq!(answers.ratings, BTreeMap::from([("LO2".to_owned(), 4)]));
        assert_eq!(answers.choices, BTreeMap::from([("recommend", "yes")]));
        assert_eq!(
            answers.words,
            BTreeMap::from([("helped", "The breaks".to_owned())])
        );
        assert!(read("").unwrap().is_empty());
        for wrong in [
            "confidence_1=6",
            "confidence_1=0",
            "confidence_1=x",
            "recommend=never",
            "confidence_3=1",
        ] {
            assert!(read(wrong).is_err(), "{wrong}");
        }
    }
}
