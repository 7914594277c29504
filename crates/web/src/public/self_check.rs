//! "Could a peer support role suit me?" Eight questions to think about. Nothing is stored, counted or
//! logged, and the result is a list of ideas, never a verdict (T-04).

use axum::extract::State;
use axum::response::Response;
use axum_extra::routing::TypedPath;
use booking::calendar;
use serde::{Deserialize, Serialize};

use crate::app::App;
use crate::error::Error;
use crate::forms::Fields;
use crate::pages::Page;
use crate::public::courses::{CoursesPath, Extras};
use crate::public::texts::BecomingPath;
use crate::routes::{Routes, Who};

/// `/becoming-a-peer-worker/self-check`
#[derive(TypedPath, Deserialize)]
#[typed_path("/becoming-a-peer-worker/self-check")]
pub(crate) struct SelfCheckPath;

pub(crate) fn routes() -> Routes {
    Routes::default()
        .get::<SelfCheckPath, _, _>(Who::Anyone, questions)
        .ask::<SelfCheckPath, _, _>(Who::Anyone, ideas)
}

async fn questions(_: SelfCheckPath, State(app): State<App>) -> Result<Response, Error> {
    let check = find(&app).await?.ok_or(Error::NotFound)?;
    app.page(&SelfCheckPage::of(check)).await
}

async fn ideas(_: SelfCheckPath, State(app): State<App>, mut fields: Fields) -> Result<Response, Error> {
    let check = find(&app).await?.ok_or(Error::NotFound)?;
    let answers = check.read(&mut fields)?;
    fields.done()?;
    app.page(&IdeasPage::of(check, &answers)).await
}

/// The self-check that came with the first course that has one.
pub(crate) async fn find(app: &App) -> Result<Option<SelfCheck>, Error> {
    for course in calendar::courses(app.reader()).await? {
        if let Some(check) = Extras::of(&course)?.self_check {
            return Ok(Some(check));
        }
    }
    Ok(None)
}

/// The self-check as a course file holds it.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub(crate) struct SelfCheck {
    title: String,
    intro: String,
    result_intro: String,
    answers: Words,
    talk: Talk,
    prompts: Vec<Prompt>,
}

/// What the three answers are called.
#[derive(Clone, Debug, Deserialize)]
#[serde(default)]
struct Words {
    yes: String,
    not_yet: String,
    talk: String,
}

impl Default for Words {
    fn default() -> Self {
        let [yes, not_yet, talk] = ["Yes", "Not yet", "I would like to talk about it"].map(str::to_owned);
        Self { yes, not_yet, talk }
    }
}

/// What we say to whoever would like to talk.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
struct Talk {
    idea: String,
}

/// One of the questions.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
struct Prompt {
    code: String,
    order: i64,
    #[serde(rename = "prompt")]
    words: String,
    note: Option<String>,
    not_yet_idea: String,
}

/// What somebody chose.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Said {
    Nothing,
    Yes,
    NotYet,
    Talk,
}

impl SelfCheck {
    /// What was chosen for each question, in their order.
    fn read(&self, fields: &mut Fields) -> Result<Vec<Said>, Error> {
        let said = self
            .prompts
            .iter()
            .map(|it| match fields.line(&it.code)?.as_str() {
                "" => Ok(Said::Nothing),
                "yes" => Ok(Said::Yes),
                "not_yet" => Ok(Said::NotYet),
                "talk" => Ok(Said::Talk),
                _ => Err(Error::BadForm("no answer of this question".to_owned())),
            });
        said.collect()
    }
}

/// The questions.
#[derive(Clone, Debug, Serialize)]
struct SelfCheckPage {
    title: String,
    intro: String,
    questions: Vec<Question>,
    back_url: String,
}

/// One question with its answers.
#[derive(Clone, Debug, Serialize)]
struct Question {
    code: String,
    prompt: String,
    note: Option<String>,
    choices: [Choice; 3],
}

/// One answer.
#[derive(Clone, Debug, Serialize)]
struct Choice {
    value: &'static str,
    text: String,
}

impl SelfCheckPage {
    fn of(check: SelfCheck) -> Self {
        let Words { yes, not_yet, talk } = check.answers;
        let choices = [("yes", yes), ("not_yet", not_yet), ("talk", talk)];
        let choices = choices.map(|(value, text)| Choice { value, text });
        let mut prompts = check.prompts;
        prompts.sort_by_key(|it| it.order);
        let question = |it: Prompt| Question {
            code: it.code,
            prompt: it.words,
            note: it.note,
            choices: choices.clone(),
        };
        Self {
            title: check.title,
            intro: check.intro,
            questions: prompts.into_iter().map(question).collect(),
            back_url: BecomingPath.to_string(),
        }
    }
}

/// What we suggest.
#[derive(Clone, Debug, Serialize)]
struct IdeasPage {
    intro: String,
    /// Whether anything was chosen.
    answered: bool,
    ideas: Vec<Idea>,
    /// The questions somebody would like to talk about.
    talk: Vec<String>,
    talk_idea: String,
    again_url: String,
    back_url: String,
    courses_url: String,
}

/// What might help with one question.
#[derive(Clone, Debug, Serialize)]
struct Idea {
    prompt: String,
    idea: String,
}

impl IdeasPage {
    fn of(check: SelfCheck, answers: &[Said]) -> Self {
        let mut said: Vec<(Prompt, Said)> = check.prompts.into_iter().zip(answers.iter().copied()).collect();
        said.sort_by_key(|(it, _)| it.order);
        let with = |wanted: Said| {
            said.iter()
                .filter(move |(_, said)| *said == wanted)
                .map(|(it, _)| it)
        };
        let idea = |it: &Prompt| Idea {
            prompt: it.words.clone(),
            idea: it.not_yet_idea.clone(),
        };
        Self {
            intro: check.result_intro,
            answered: said.iter().any(|(_, said)| *said != Said::Nothing),
            ideas: with(Said::NotYet).map(idea).collect(),
            talk: with(Said::Talk).map(|it| it.words.clone()).collect(),
            talk_idea: check.talk.idea,
            again_url: SelfCheckPath.to_string(),
            back_url: BecomingPath.to_string(),
            courses_url: CoursesPath.to_string(),
        }
    }
}

impl Page for SelfCheckPage {
    const TEMPLATE: &'static str = "pages/self_check/questions.html";

    #[cfg(test)]
    fn samples() -> Vec<Self> {
        vec![Self::of(tests::check())]
    }
}

impl Page for IdeasPage {
    const TEMPLATE: &'static str = "pages/self_check/ideas.html";

    #[cfg(test)]
    fn samples() -> Vec<Self> {
        use Said::{NotYet, Nothing, Talk, Yes};
        let all = [
            [Nothing, Nothing],
            [Yes, Yes],
            [NotYet, Yes],
            [Talk, NotYet],
            [Talk, Talk],
        ];
        all.iter()
            .map(|answers| Self::of(tests::check(), answers))
            .collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    /// Two questions, out of order.
    pub(super) fn check() -> SelfCheck {
        let check = json!({
            "title": "Could a peer support role suit me?",
            "intro": "These questions are for you to think about. We do not keep your answers.",
            "result_intro": "Here are some ideas based on what you chose.",
            "talk": { "idea": "Get in touch with the team. We are glad to talk it through." },
            "prompts": [
                { "code": "time", "order": 2, "prompt": "Could you make the time?", "not_yet_idea": "Look at the next dates." },
                { "code": "plan", "order": 1, "prompt": "Have you made plans?", "note": "Nobody will ask to see them.",
                  "not_yet_idea": "You might like to make a plan." },
            ],
        });
        serde_json::from_value(check).unwrap()
    }

    #[test]
    fn pages_hold() {
        crate::pages_test::check::<SelfCheckPage>();
        crate::pages_test::check::<IdeasPage>();
    }

    #[test]
    fn only_not_yet_brings_an_idea() {
        let page = IdeasPage::of(check(), &[Said::NotYet, Said::Talk]);
        let ideas: Vec<_> = page.ideas.iter().map(|it| it.idea.as_str()).collect();
        assert_eq!(ideas, ["Look at the next dates."]);
        assert_eq!(page.talk, ["Have you made plans?"]);
        assert!(!IdeasPage::of(check(), &[Said::Nothing, Said::Nothing]).answered);
    }
}
