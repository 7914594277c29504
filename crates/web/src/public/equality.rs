//! A few questions about equality, tied to no booking (B-85, T-03).
//!
//! An answer adds 1 to a counter of a quarter, in a transaction that writes nothing else: no number of
//! the form, no time, no order, no log line. So a form sent twice counts twice, which is the lesser
//! harm. Leaving a question out is one press and leaves no trace at all.

use axum::extract::State;
use axum::response::{IntoResponse, Redirect, Response};
use axum_extra::routing::TypedPath;
use booking::calendar::{self, Course};
use booking::london;
use ids::{CourseId, Ts};
use sea_orm::ActiveValue::Set;
use sea_orm::sea_query::{Expr, ExprTrait, OnConflict};
use sea_orm::{ColumnTrait, EntityTrait, QueryFilter};
use serde::{Deserialize, Serialize};

use crate::app::App;
use crate::entity::equality_counter;
use crate::error::Error;
use crate::forms::Fields;
use crate::pages::Page;
use crate::public::courses::CoursesPath;
use crate::routes::{Routes, Who};
use crate::work::Work;

/// `/equality`
#[derive(TypedPath, Deserialize)]
#[typed_path("/equality")]
pub(crate) struct EqualityPath;

/// `/equality/intro`
#[derive(TypedPath, Deserialize)]
#[typed_path("/equality/{course}")]
pub(crate) struct EqualityIntroPath {
    pub course: String,
}

/// `/equality/intro/1`
#[derive(TypedPath, Deserialize)]
#[typed_path("/equality/{course}/{number}")]
struct QuestionPath {
    course: String,
    number: String,
}

/// `/equality/intro/done`
#[derive(TypedPath, Deserialize)]
#[typed_path("/equality/{course}/done")]
struct DonePath {
    course: String,
}

pub(crate) fn routes() -> Routes {
    Routes::default()
        .get::<EqualityPath, _, _>(Who::Anyone, first)
        .get::<EqualityIntroPath, _, _>(Who::Anyone, intro)
        .get::<QuestionPath, _, _>(Who::Anyone, question)
        .post::<QuestionPath, _, _>(Who::Anyone, answer)
        .get::<DonePath, _, _>(Who::Anyone, done)
}

/// A question: its word in records, what is asked, and the answers with theirs.
pub(crate) struct Question {
    pub(crate) code: &'static str,
    pub(crate) legend: &'static str,
    hint: Option<&'static str>,
    pub(crate) answers: &'static [(&'static str, &'static str)],
}

/// Can be chosen everywhere.
const PREFER_NOT: (&str, &str) = ("prefer_not_to_say", "Prefer not to say");

/// What is asked, one question on a page. Whether somebody sees themselves as disabled is asked as the
/// Equality Act has it, without a word about what or why (T-02); lived experience is never asked.
pub(crate) const QUESTIONS: [Question; 4] = [
    Question {
        code: "age",
        legend: "What is your age group?",
        hint: None,
        answers: &[
            ("18_24", "18 to 24"),
            ("25_34", "25 to 34"),
            ("35_44", "35 to 44"),
            ("45_54", "45 to 54"),
            ("55_64", "55 to 64"),
            ("65_over", "65 or over"),
            PREFER_NOT,
        ],
    },
    Question {
        code: "sex",
        legend: "What is your sex?",
        hint: None,
        answers: &[
            ("female", "Female"),
            ("male", "Male"),
            ("another", "I describe myself in another way"),
            PREFER_NOT,
        ],
    },
    Question {
        code: "ethnic_group",
        legend: "What is your ethnic group?",
        hint: None,
        answers: &[
            ("asian", "Asian or Asian British"),
            ("black", "Black, Black British, Caribbean or African"),
            ("mixed", "Mixed or multiple ethnic groups"),
            ("white", "White"),
            ("another", "Another ethnic group"),
            PREFER_NOT,
        ],
    },
    Question {
        code: "disabled",
        legend: "Do you see yourself as a disabled person?",
        hint: Some("We do not ask why."),
        answers: &[("yes", "Yes"), ("no", "No"), PREFER_NOT],
    },
];

/// The question with a number of the path.
fn numbered(number: &str) -> Result<(usize, &'static Question), Error> {
    let at = number
        .parse::<usize>()
        .ok()
        .and_then(|it| it.checked_sub(1))
        .ok_or(Error::NotFound)?;
    Ok((at, QUESTIONS.get(at).ok_or(Error::NotFound)?))
}

/// The page after the question at this place in the order.
fn after(course: &str, at: usize) -> String {
    let course = course.to_owned();
    match at + 1 {
        next if next < QUESTIONS.len() => QuestionPath {
            course,
            number: (next + 1).to_string(),
        }
        .to_string(),
        _ => DonePath { course }.to_string(),
    }
}

/// Answers are counted for a course: without its name in the address, the only one, or the one that is
/// chosen here.
async fn first(_: EqualityPath, State(app): State<App>) -> Result<Response, Error> {
    match calendar::courses(app.reader()).await?.as_slice() {
        [] => Err(Error::NotFound),
        [only] => {
            let course = only.code.clone();
            Ok(Redirect::to(&EqualityIntroPath { course }.to_string()).into_response())
        }
        several => app.page(&WhichPage::of(several)).await,
    }
}

async fn intro(
    EqualityIntroPath { course }: EqualityIntroPath,
    State(app): State<App>,
) -> Result<Response, Error> {
    known(&app, &course).await?;
    app.page(&IntroPage::of(course)).await
}

async fn question(
    QuestionPath { course, number }: QuestionPath,
    State(app): State<App>,
) -> Result<Response, Error> {
    let (at, _) = numbered(&number)?;
    known(&app, &course).await?;
    app.page(&QuestionPage::of(&course, at)).await
}

async fn answer(
    QuestionPath { course, number }: QuestionPath,
    State(app): State<App>,
    mut fields: Fields,
) -> Result<Response, Error> {
    let (at, question) = numbered(&number)?;
    let id = known(&app, &course).await?;
    let chosen = fields.line(question.code)?;
    fields.done()?;
    if !chosen.is_empty() {
        let known = question
            .answers
            .iter()
            .map(|(code, _)| *code)
            .find(|code| *code == chosen);
        let answer = known.ok_or_else(|| Error::BadForm("no answer of this question".to_owned()))?;
        app.change(|work| async move { count(&work, id, question.code, answer).await })
            .await?;
    }
    Ok(Redirect::to(&after(&course, at)).into_response())
}

async fn done(DonePath { course }: DonePath, State(app): State<App>) -> Result<Response, Error> {
    known(&app, &course).await?;
    app.page(&DonePage {
        courses_url: CoursesPath.to_string(),
    })
    .await
}

async fn known(app: &App, course: &str) -> Result<CourseId, Error> {
    Ok(calendar::course_named(app.reader(), course)
        .await?
        .ok_or(Error::NotFound)?
        .id)
}

/// "2027-Q2": as fine as time is kept here (INV-20).
fn quarter(now: Ts) -> String {
    let (day, _) = london::local(now);
    format!("{}-Q{}", day.year(), (u8::from(day.month()) - 1) / 3 + 1)
}

/// Adds 1 to a counter, and does nothing else.
pub(crate) async fn count(work: &Work, course: CourseId, question: &str, answer: &str) -> Result<(), Error> {
    let quarter = quarter(work.now());
    if !add_one(work, &quarter, course, question, answer).await? {
        begin(work, &quarter, course).await?;
        add_one(work, &quarter, course, question, answer).await?;
    }
    Ok(())
}

async fn add_one(
    work: &Work,
    quarter: &str,
    course: CourseId,
    question: &str,
    answer: &str,
) -> Result<bool, Error> {
    use equality_counter::Column;
    let updated = equality_counter::Entity::update_many()
        .col_expr(Column::Count, Expr::col(Column::Count).add(1))
        .filter(Column::Quarter.eq(quarter))
        .filter(Column::Course.eq(course))
        .filter(Column::Question.eq(question))
        .filter(Column::Answer.eq(answer))
        .exec(work.tx())
        .await?;
    Ok(updated.rows_affected > 0)
}

/// All counters of a quarter begin together at 0, under names without a time: which was raised first
/// cannot be seen from the order of the rows or from their names.
async fn begin(work: &Work, quarter: &str, course: CourseId) -> Result<(), Error> {
    use equality_counter::Column;
    let all = QUESTIONS
        .iter()
        .flat_map(|it| it.answers.iter().map(|(answer, _)| (it.code, *answer)));
    let rows = all.map(|(question, answer)| equality_counter::ActiveModel {
        id: Set(uuid::Builder::from_random_bytes(work.secrets().bytes()).into_uuid()),
        quarter: Set(quarter.to_owned()),
        course: Set(course),
        question: Set(question.to_owned()),
        answer: Set(answer.to_owned()),
        count: Set(0),
    });
    let there = OnConflict::columns([Column::Quarter, Column::Course, Column::Question, Column::Answer])
        .do_nothing()
        .to_owned();
    equality_counter::Entity::insert_many(rows)
        .on_conflict(there)
        .exec_without_returning(work.tx())
        .await?;
    Ok(())
}

/// Which course the answers are about.
#[derive(Clone, Debug, Serialize)]
struct WhichPage {
    courses: Vec<CourseLink>,
    courses_url: String,
}

/// A course and the questions about it.
#[derive(Clone, Debug, Serialize)]
struct CourseLink {
    title: String,
    url: String,
}

impl WhichPage {
    fn of(courses: &[Course]) -> Self {
        let link = |it: &Course| CourseLink {
            title: it.title.clone(),
            url: EqualityIntroPath {
                course: it.code.clone(),
            }
            .to_string(),
        };
        Self {
            courses: courses.iter().map(link).collect(),
            courses_url: CoursesPath.to_string(),
        }
    }
}

/// Whether to answer at all.
#[derive(Clone, Debug, Serialize)]
struct IntroPage {
    questions: usize,
    yes_url: String,
    skip_url: String,
}

impl IntroPage {
    fn of(course: String) -> Self {
        let yes = QuestionPath {
            course: course.clone(),
            number: "1".to_owned(),
        };
        Self {
            questions: QUESTIONS.len(),
            yes_url: yes.to_string(),
            skip_url: DonePath { course }.to_string(),
        }
    }
}

/// One question.
#[derive(Clone, Debug, Serialize)]
struct QuestionPage {
    number: usize,
    of: usize,
    code: &'static str,
    legend: &'static str,
    hint: Option<&'static str>,
    choices: Vec<Choice>,
    action: String,
    skip_url: String,
    back_url: String,
}

/// One answer to choose, or the word before the last.
#[derive(Clone, Debug, Serialize)]
struct Choice {
    value: &'static str,
    text: &'static str,
    divider: Option<&'static str>,
}

impl QuestionPage {
    fn of(course: &str, at: usize) -> Self {
        let question = &QUESTIONS[at.min(QUESTIONS.len() - 1)];
        let course = course.to_owned();
        let mut choices = Vec::new();
        for (value, text) in question.answers {
            if (*value, *text) == PREFER_NOT {
                choices.push(Choice {
                    value: "",
                    text: "",
                    divider: Some("or"),
                });
            }
            choices.push(Choice {
                value,
                text,
                divider: None,
            });
        }
        Self {
            number: at + 1,
            of: QUESTIONS.len(),
            code: question.code,
            legend: question.legend,
            hint: question.hint,
            choices,
            action: QuestionPath {
                course: course.clone(),
                number: (at + 1).to_string(),
            }
            .to_string(),
            skip_url: after(&course, at),
            back_url: match at {
                0 => EqualityIntroPath { course }.to_string(),
                _ => QuestionPath {
                    course,
                    number: at.to_string(),
                }
                .to_string(),
            },
        }
    }
}

/// The end, whatever was answered.
#[derive(Clone, Debug, Serialize)]
struct DonePage {
    courses_url: String,
}

impl Page for WhichPage {
    const TEMPLATE: &'static str = "pages/equality/which.html";

    #[cfg(test)]
    fn samples() -> Vec<Self> {
        use crate::public::new_dates::tests::course;
        vec![Self::of(&[
            course("intro", "Introduction to peer support"),
            course("notes", "Writing recovery-focused notes"),
        ])]
    }
}

impl Page for IntroPage {
    const TEMPLATE: &'static str = "pages/equality/intro.html";

    #[cfg(test)]
    fn samples() -> Vec<Self> {
        vec![Self::of("intro".to_owned())]
    }
}

impl Page for QuestionPage {
    const TEMPLATE: &'static str = "pages/equality/question.html";

    #[cfg(test)]
    fn samples() -> Vec<Self> {
        (0..QUESTIONS.len()).map(|at| Self::of("intro", at)).collect()
    }
}

impl Page for DonePage {
    const TEMPLATE: &'static str = "pages/equality/done.html";

    #[cfg(test)]
    fn samples() -> Vec<Self> {
        vec![Self {
            courses_url: CoursesPath.to_string(),
        }]
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use time::macros::datetime;

    #[test]
    fn pages_hold() {
        crate::pages_test::check::<WhichPage>();
        crate::pages_test::check::<IntroPage>();
        crate::pages_test::check::<QuestionPage>();
        crate::pages_test::check::<DonePage>();
    }

    #[test]
    fn every_question_can_be_left_unsaid_and_asks_for_nothing_forbidden() {
        assert!(QUESTIONS.len() <= 4);
        for question in &QUESTIONS {
            assert_eq!(question.answers.last(), Some(&PREFER_NOT));
            let words = format!("{} {}", question.legend, question.hint.unwrap_or_default()).to_lowercase();
            for word in [
                "diagnos",
                "medic",
                "nhs number",
                "birth",
                "experience",
                "condition",
                "illness",
                "carer",
            ] {
                assert!(!words.contains(word), "{} asks about {word}", question.code);
            }
        }
    }

    #[test]
    fn time_is_kept_by_the_quarter_of_london() {
        let said = |moment| quarter(Ts::new(moment));
        assert_eq!(said(datetime!(2027-01-01 00:00 UTC)), "2027-Q1");
        assert_eq!(said(datetime!(2027-06-30 23:30 UTC)), "2027-Q3");
        assert_eq!(said(datetime!(2027-12-31 12:00 UTC)), "2027-Q4");
    }
}
