//! Whether a certificate is one of ours (B-77): anybody who has its number sees what became of it, the
//! course and the dates. The name is said only to whoever types it.
//!
//! Whoever tries numbers or names has to wait after a while, like whoever tries links (T-33).

use axum::extract::{Query, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Redirect, Response};
use axum_extra::routing::TypedPath;
use booking::certificate::{self, Certificate, State as Stands};
use serde::{Deserialize, Serialize};
use unicode_normalization::UnicodeNormalization;
use unicode_normalization::char::is_combining_mark;

use crate::app::App;
use crate::certificate::{check_path, days, grouped, typed_number};
use crate::error::Error;
use crate::forms::{AGAIN, Answer, Fields, Problem, problems};
use crate::pages::Page;
use crate::people::matching::name_key;
use crate::routes::{Routes, Who};
use crate::visitor::Visitor;

/// `/c`
#[derive(TypedPath, Deserialize)]
#[typed_path("/c")]
pub(crate) struct CheckPath;

/// `/c/{number}`
#[derive(TypedPath, Deserialize)]
#[typed_path("/c/{number}")]
pub(crate) struct CertificatePath {
    pub(crate) number: String,
}

pub(crate) fn routes() -> Routes {
    Routes::default()
        .get::<CheckPath, _, _>(Who::Anyone, ask)
        .get::<CertificatePath, _, _>(Who::Anyone, show)
        .ask::<CertificatePath, _, _>(Who::Anyone, compare)
}

/// The number that somebody has typed.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
struct Typed {
    number: Option<String>,
}

async fn ask(_: CheckPath, State(app): State<App>, Query(typed): Query<Typed>) -> Result<Response, Error> {
    let Some(text) = typed.number else {
        return app.page(&AskPage::of(Answer::default())).await;
    };
    let mut number = Answer::new(text.trim());
    if let Some(it) = typed_number(&number.value) {
        let number = grouped(&it);
        return Ok(Redirect::to(&CertificatePath { number }.to_string()).into_response());
    }
    number.value = number.value.chars().take(60).collect();
    number.refuse("Enter the whole number. It has 26 letters and digits");
    app.page_with(AGAIN, &AskPage::of(number)).await
}

async fn show(it: CertificatePath, State(app): State<App>, visitor: Visitor) -> Result<Response, Error> {
    match find(&app, visitor, &it.number).await? {
        Some(found) => app.page(&FoundPage::of(&found)).await,
        None => nowhere(&app).await,
    }
}

async fn compare(
    it: CertificatePath,
    State(app): State<App>,
    visitor: Visitor,
    mut fields: Fields,
) -> Result<Response, Error> {
    let mut name = Answer::new(fields.line("name")?);
    fields.done()?;
    let Some(found) = find(&app, visitor, &it.number).await? else {
        return nowhere(&app).await;
    };
    if name.value.is_empty() {
        name.refuse("Enter the name that is on the certificate");
        return app.page_with(AGAIN, &FoundPage::of(&found).with(name)).await;
    }
    if !is_name_of(&name.value, &found.name) {
        app.limits.link_miss(visitor.0).map_err(Error::TooMany)?;
        name.refuse("This is not the name on the certificate. Check the spelling");
        return app.page_with(AGAIN, &FoundPage::of(&found).with(name)).await;
    }
    let page = FoundPage {
        is_of: found.name.clone(),
        ..FoundPage::of(&found)
    };
    app.page(&page).await
}

async fn find(app: &App, visitor: Visitor, number: &str) -> Result<Option<Certificate>, Error> {
    let found = match typed_number(number) {
        Some(number) => certificate::with_number(app.reader(), &number).await?,
        None => None,
    };
    if found.is_none() {
        app.limits.link_miss(visitor.0).map_err(Error::TooMany)?;
    }
    Ok(found)
}

/// The same page for every number that is none.
async fn nowhere(app: &App) -> Result<Response, Error> {
    let page = AskPage {
        is_unknown: true,
        ..AskPage::of(Answer::default())
    };
    app.page_with(StatusCode::NOT_FOUND, &page).await
}

/// Whether a name was typed as it is on the certificate: case, spaces, accents and the kind of
/// apostrophe do not count.
fn is_name_of(typed: &str, name: &str) -> bool {
    kindly(typed) == kindly(name)
}

fn kindly(name: &str) -> String {
    let plain: String = name.nfd().filter(|it| !is_combining_mark(*it)).collect();
    name_key(&plain.replace(['’', '‘', 'ʼ', '`'], "'"))
}

/// The question for a number.
#[derive(Clone, Debug, Serialize)]
struct AskPage {
    action: String,
    number: Answer,
    errors: Vec<Problem>,
    /// Somebody asked for a number that is none of ours.
    is_unknown: bool,
    heading: &'static str,
}

impl AskPage {
    fn of(number: Answer) -> Self {
        Self {
            action: CheckPath.to_string(),
            errors: problems([("number", &number)]),
            number,
            is_unknown: false,
            heading: "Check a certificate",
        }
    }
}

impl Page for AskPage {
    const TEMPLATE: &'static str = "pages/certificate/ask.html";

    #[cfg(test)]
    fn samples() -> Vec<Self> {
        let mut wrong = Answer::new("7K3M");
        wrong.refuse("Enter the whole number. It has 26 letters and digits");
        let unknown = Self {
            is_unknown: true,
            ..Self::of(Answer::default())
        };
        vec![Self::of(Answer::default()), Self::of(wrong), unknown]
    }
}

/// What we say of a certificate of ours.
#[derive(Clone, Debug, Serialize)]
struct FoundPage {
    heading: &'static str,
    tag: &'static str,
    colour: &'static str,
    lead: &'static str,
    number: String,
    course: String,
    days: Vec<String>,
    /// The name, once somebody has typed it.
    is_of: String,
    action: String,
    name: Answer,
    errors: Vec<Problem>,
    other_url: String,
}

impl FoundPage {
    fn of(it: &Certificate) -> Self {
        let (tag, colour, lead) = match it.state {
            Stands::Issued => ("Valid", "green", "We issued this certificate, and it counts."),
            Stands::Replaced => (
                "Replaced",
                "grey",
                "This certificate does not count any more. There is a newer one with another number.",
            ),
            Stands::Withdrawn => (
                "Withdrawn",
                "grey",
                "This certificate does not count any more. We took it back.",
            ),
        };
        Self {
            heading: "About this certificate",
            tag,
            colour,
            lead,
            number: grouped(&it.number),
            course: it.snapshot.course.clone(),
            days: days(it),
            is_of: String::new(),
            action: check_path(it),
            name: Answer::default(),
            errors: Vec::new(),
            other_url: CheckPath.to_string(),
        }
    }

    fn with(self, name: Answer) -> Self {
        Self {
            errors: problems([("name", &name)]),
            name,
            ..self
        }
    }
}

impl Page for FoundPage {
    const TEMPLATE: &'static str = "pages/certificate/found.html";

    #[cfg(test)]
    fn samples() -> Vec<Self> {
        let found = crate::certificate::sample();
        let in_state = |state| {
            Self::of(&Certificate {
                state,
                ..found.clone()
            })
        };
        let mut wrong = Answer::new("Sam Tailor");
        wrong.refuse("This is not the name on the certificate. Check the spelling");
        let named = Self {
            is_of: found.name.clone(),
            ..Self::of(&found)
        };
        vec![
            in_state(Stands::Issued),
            in_state(Stands::Replaced),
            in_state(Stands::Withdrawn),
            Self::of(&found).with(wrong),
            named,
        ]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pages_hold() {
        crate::pages_test::check::<AskPage>();
        crate::pages_test::check::<FoundPage>();
    }

    #[test]
    fn names_are_compared_kindly_and_are_not_guessed() {
        for typed in ["zoë  o’brien-NUÑEZ", "Zoe O'Brien-Nunez", " ZOË O`BRIEN-NUÑEZ "] {
            assert!(is_name_of(typed, "Zoë O'Brien-Nuñez"), "{typed}");
        }
        for other in ["Zoe", "Zoe OBrien-Nunez", "Zoe O'Brien", ""] {
            assert!(!is_name_of(other, "Zoë O'Brien-Nuñez"), "{other}");
        }
        // A name of marks alone is not the name of everybody.
        assert!(!is_name_of("\u{301}", "Zoë"));
    }
}
