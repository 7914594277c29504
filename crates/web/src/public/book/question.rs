//! The questions of the form: one page each, all shown, read and kept in the same way.

use axum::response::{IntoResponse, Redirect, Response};
use serde::Serialize;

#[cfg(test)]
use super::answers::samples::complete;
use super::answers::{Contact, Post, Press, Question, Step, Support, You};
use super::draft::{self, Draft};
use super::resume;
use crate::app::App;
use crate::error::Error;
#[cfg(test)]
use crate::forms::Answer;
use crate::forms::{AGAIN, Fields, Problem};
use crate::pages::Page;
use crate::public::questions::{Choice, DetailLine, FORMATS, NeedBox, NeedsForm, TypoChoice, WAYS};
use crate::visitor::Visitor;

/// A page of questions with the answers that it offers.
pub(super) trait Asked: Question {
    /// The file below `templates/`.
    const TEMPLATE: &'static str;
    /// The answers that it offers.
    type Choices: Serialize;

    fn choices(&self) -> Self::Choices;

    /// One for each way the page can look.
    #[cfg(test)]
    fn forms() -> Vec<Self>;
}

/// A page without choices.
#[derive(Clone, Debug, Serialize)]
pub(super) struct NoChoices {}

/// What the contact page offers.
#[derive(Clone, Debug, Serialize)]
pub(super) struct ContactChoices {
    typos: Vec<TypoChoice>,
    ways: [Choice; 3],
    formats: [Choice; 5],
}

/// What the support page offers.
#[derive(Clone, Debug, Serialize)]
pub(super) struct SupportChoices {
    needs: Vec<NeedBox>,
    details: Vec<DetailLine>,
    /// Shows the lines to say more from the start.
    details_open: bool,
}

impl Asked for You {
    const TEMPLATE: &'static str = "pages/book/you.html";
    type Choices = NoChoices;

    fn choices(&self) -> NoChoices {
        NoChoices {}
    }

    #[cfg(test)]
    fn forms() -> Vec<Self> {
        let long = Self {
            full_name: samples::long(),
            called_name: samples::long(),
            pronouns: samples::long(),
        };
        vec![
            Self::default(),
            complete().you,
            samples::judged(Self::default()),
            samples::judged(long),
        ]
    }
}

impl Asked for Contact {
    const TEMPLATE: &'static str = "pages/book/contact.html";
    type Choices = ContactChoices;

    fn choices(&self) -> ContactChoices {
        ContactChoices {
            typos: self.email.choices(),
            ways: WAYS,
            formats: FORMATS,
        }
    }

    #[cfg(test)]
    fn forms() -> Vec<Self> {
        let mut typo = complete().contact;
        typo.email.email = Answer::new("sam@gmial.com");
        let none = Self {
            no_email: true,
            ..Self::default()
        };
        let mut wrong = Self {
            phone: Answer::new("me"),
            ..Self::default()
        };
        wrong.email.email = Answer::new("sam@");
        let judged = [typo, none, wrong, Self::default()].map(samples::judged);
        [vec![Self::default(), complete().contact], judged.to_vec()].concat()
    }
}

impl Asked for Post {
    const TEMPLATE: &'static str = "pages/book/post.html";
    type Choices = NoChoices;

    fn choices(&self) -> NoChoices {
        NoChoices {}
    }

    #[cfg(test)]
    fn forms() -> Vec<Self> {
        let typed = Self {
            address: Answer::new("1 High Street\nAnytown"),
        };
        let long = Self {
            address: samples::long(),
        };
        vec![
            Self::default(),
            typed,
            samples::judged(Self::default()),
            samples::judged(long),
        ]
    }
}

impl Asked for Support {
    const TEMPLATE: &'static str = "pages/book/support.html";
    type Choices = SupportChoices;

    fn choices(&self) -> SupportChoices {
        SupportChoices {
            needs: NeedsForm::boxes(),
            details: self.needs.lines(),
            details_open: self.needs.is_detailed(),
        }
    }

    #[cfg(test)]
    fn forms() -> Vec<Self> {
        let mut typed = Self {
            call_first: true,
            hopes: Answer::new("To listen"),
            ..Self::default()
        };
        typed.needs.chosen = vec!["bsl".to_owned(), "other".to_owned()];
        typed
            .needs
            .details
            .values_mut()
            .for_each(|it| *it = Answer::new("In the mornings"));
        let mut wrong = Self {
            hopes: samples::long(),
            for_other: true,
            copies: true,
            ..typed.clone()
        };
        wrong.needs.chosen.push("none".to_owned());
        wrong
            .needs
            .details
            .values_mut()
            .for_each(|it| *it = samples::long());
        wrong.someone.name = Answer::new("Jo");
        let mut nameless = Self::default();
        nameless.someone.phone = Answer::new("01632 960 001");
        vec![
            Self::default(),
            typed,
            samples::judged(wrong),
            samples::judged(nameless),
        ]
    }
}

/// A page of questions as it is shown.
#[derive(Clone, Debug, Serialize)]
#[serde(bound = "")]
pub(super) struct QuestionPage<Q: Asked> {
    pub caption: String,
    pub back_url: String,
    pub action: String,
    pub op: String,
    pub form: Q,
    pub errors: Vec<Problem>,
    #[serde(flatten)]
    pub choices: Q::Choices,
}

impl<Q: Asked> Page for QuestionPage<Q> {
    const TEMPLATE: &'static str = Q::TEMPLATE;

    #[cfg(test)]
    fn samples() -> Vec<Self> {
        let page = |form: Q| Self {
            caption: format!(
                "Booking: Tuesday 26 and Wednesday 27 January 2027. Step {} of 4",
                Q::STEP.number()
            ),
            back_url: "/courses/intro/2027-01-26".to_owned(),
            action: "/book/x/page".to_owned(),
            op: "00112233445566778899aabbccddeeff".to_owned(),
            errors: form.problems(),
            choices: form.choices(),
            form,
        };
        Q::forms().into_iter().map(page).collect()
    }
}

impl<Q: Asked> QuestionPage<Q> {
    /// The page for a form on its way.
    fn of(app: &App, draft: &Draft, form: Q) -> Self {
        Self {
            caption: draft.kind.caption(&draft.run, Q::STEP),
            back_url: draft.back(Q::STEP),
            action: draft.path(Q::STEP),
            op: app.secrets().op(),
            errors: form.problems(),
            choices: form.choices(),
            form,
        }
    }
}

/// Shows a page of a form on its way.
pub(super) async fn show<Q: Asked>(app: &App, visitor: Visitor, token: &str) -> Result<Response, Error> {
    match draft::unsent(app, visitor, token).await? {
        Ok(mut draft) => {
            let form = Q::of(&mut draft.answers).clone();
            app.page(&QuestionPage::of(app, &draft, form)).await
        }
        Err(elsewhere) => Ok(elsewhere),
    }
}

/// Reads a page of a form on its way, and goes on to the first that still wants an answer.
pub(super) async fn take<Q: Asked>(
    app: &App,
    visitor: Visitor,
    token: &str,
    mut fields: Fields,
) -> Result<Response, Error> {
    let (press, op) = (Press::read(&mut fields)?, fields.op()?);
    let mut form = Q::read(&mut fields)?;
    fields.done()?;
    let mut draft = match draft::unsent(app, visitor, token).await? {
        Ok(draft) => draft,
        Err(elsewhere) => return Ok(elsewhere),
    };
    form.judge(press);
    if !form.problems().is_empty() {
        return app.page_with(AGAIN, &QuestionPage::of(app, &draft, form)).await;
    }
    form.tidy();
    *Q::of(&mut draft.answers) = form;
    if press == Press::Save {
        return resume::save(app, visitor, &draft, op).await;
    }
    draft.answers.support_seen |= Q::STEP == Step::Support;
    draft.keep(app).await?;
    Ok(Redirect::to(&draft.path(draft.answers.open())).into_response())
}

#[cfg(test)]
mod samples {
    use super::{Press, Question};
    use crate::forms::Answer;

    pub(super) fn judged<Q: Question>(mut form: Q) -> Q {
        form.judge(Press::Continue);
        form
    }

    pub(super) fn long() -> Answer {
        Answer::new("x".repeat(3000))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pages_hold() {
        crate::pages_test::check::<QuestionPage<You>>();
        crate::pages_test::check::<QuestionPage<Contact>>();
        crate::pages_test::check::<QuestionPage<Post>>();
        crate::pages_test::check::<QuestionPage<Support>>();
    }
}
