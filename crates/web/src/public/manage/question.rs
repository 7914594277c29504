//! A question behind a link: what it is about, answers of which none is chosen, one button (B-30).

use axum::http::StatusCode;
use axum::response::Response;
use ids::Ts;
use serde::Serialize;

use super::{CHOOSE_ONE, Choice, Row};
use crate::app::App;
use crate::error::Error;
use crate::forms::{AGAIN, Answer, Problem};
use crate::pages::Page;
use crate::words::date_time;

/// The page that asks.
#[derive(Clone, Debug, Default, Serialize)]
pub(crate) struct Question {
    pub heading: String,
    /// Where "Back" leads, if there is anything to go back to.
    pub back: String,
    /// What happened, before everything else.
    pub notice: String,
    /// What the question is about.
    pub sections: Vec<Section>,
    /// By when to answer, which must not be overlooked.
    pub deadline: Option<Deadline>,
    pub lead: Vec<String>,
    /// Where to confirm first, when that would give more to choose from.
    pub confirm_url: String,
    /// "If you need longer": when to call instead of answering.
    pub call_when: String,
    /// The field of the answer.
    pub name: &'static str,
    pub legend: String,
    pub choices: Vec<Choice>,
    pub answer: Answer,
    pub errors: Vec<Problem>,
    pub button: String,
    /// Where the form goes.
    pub action: String,
    pub op: String,
    /// What was answered before and is sent along.
    pub earlier: Vec<Earlier>,
}

/// A sentence that ends with a time: "Please answer by Tuesday 8 June 2027 at 2pm."
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub(crate) struct Deadline {
    /// The words before the time.
    pub words: &'static str,
    pub time: String,
}

impl Deadline {
    pub(crate) fn new(words: &'static str, until: Ts) -> Self {
        let time = date_time(until);
        Self { words, time }
    }
}

/// A list of facts, under a heading if there is more than one.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct Section {
    pub heading: String,
    pub rows: Vec<Row>,
}

/// An answer that is sent along.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct Earlier {
    pub name: &'static str,
    pub value: String,
}

impl Question {
    /// A question with its answers, sent to its own address.
    pub(crate) fn new(app: &App, heading: &str, action: String, choices: Vec<Choice>) -> Self {
        Self {
            op: app.secrets().op(),
            ..Self::plain(heading, action, choices)
        }
    }

    fn plain(heading: &str, action: String, choices: Vec<Choice>) -> Self {
        Self {
            heading: heading.to_owned(),
            action,
            name: "answer",
            legend: "Your answer".to_owned(),
            button: "Continue".to_owned(),
            choices,
            ..Self::default()
        }
    }

    /// What the question is about.
    pub(crate) fn about(mut self, rows: Vec<Row>) -> Self {
        self.sections = vec![Section {
            heading: String::new(),
            rows,
        }];
        self
    }

    /// What follows from the answers.
    pub(crate) fn saying(mut self, lead: &[&str]) -> Self {
        self.lead.extend(lead.iter().map(|it| (*it).to_owned()));
        self
    }

    /// By when to answer.
    pub(crate) fn by(mut self, words: &'static str, until: Ts) -> Self {
        self.deadline = Some(Deadline::new(words, until));
        self
    }

    /// With a way back to the booking.
    pub(crate) fn back_to(mut self, url: &str) -> Self {
        url.clone_into(&mut self.back);
        self
    }

    /// The same question again, because no answer came (422).
    pub(crate) fn again(mut self) -> Self {
        self.answer.refuse(CHOOSE_ONE);
        self.errors = crate::forms::problems([(self.name, &self.answer)]);
        self
    }

    /// The page as an answer: 422 if something is wrong.
    pub(crate) async fn show(&self, app: &App) -> Result<Response, Error> {
        let status = if self.errors.is_empty() {
            StatusCode::OK
        } else {
            AGAIN
        };
        self.show_with(app, status).await
    }

    /// The page as an answer with another status.
    pub(crate) async fn show_with(&self, app: &App, status: StatusCode) -> Result<Response, Error> {
        app.page_with(status, self).await
    }
}

impl Page for Question {
    const TEMPLATE: &'static str = "pages/manage/question.html";

    #[cfg(test)]
    fn samples() -> Vec<Self> {
        let app = super::tests::idle_app();
        let every = [
            super::cancel::samples(&app),
            super::changed::samples(&app),
            super::confirm::samples(&app),
            super::keep::samples(&app),
            super::moving::samples(&app),
            super::new_address::samples(&app),
            super::still_interested::samples(&app),
            crate::public::offer::samples(&app),
        ];
        let asked = every.concat();
        let again = asked.iter().cloned().map(Self::again);
        asked.iter().cloned().chain(again).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pages_hold() {
        crate::pages_test::check::<Question>();
    }
}
