//! "Your certificate": the person confirms the name, then the certificate is there to print and to
//! download (B-76). Another name gives another certificate (B-77).

use axum::extract::{Query, State as Extracted};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Redirect, Response};
use axum_extra::routing::TypedPath;
use booking::attendance::outcome::{self, Outcome};
use booking::certificate::{self, Certificate, State as Stands};
use serde::{Deserialize, Serialize};

use super::details::tell_owner;
use super::{Facts, Held, Sent};
use crate::app::App;
use crate::audit::Doer;
use crate::certificate::{Sheet, check_path, issue, judge_name, pdf};
use crate::error::Error;
use crate::forms::{AGAIN, Answer, Fields, Problem, problems};
use crate::links::Purpose;
use crate::pages::Page;
use crate::routes::{Routes, Who};
use crate::visitor::Visitor;

/// `/b/{token}/certificate`
#[derive(TypedPath, Deserialize)]
#[typed_path("/b/{token}/certificate")]
pub(crate) struct CertificatePath {
    pub token: String,
}

/// `/b/{token}/certificate/print`
#[derive(TypedPath, Deserialize)]
#[typed_path("/b/{token}/certificate/print")]
pub(crate) struct PrintPath {
    pub token: String,
}

/// `/b/{token}/certificate.pdf`
#[derive(TypedPath, Deserialize)]
#[typed_path("/b/{token}/certificate.pdf")]
pub(crate) struct FilePath {
    pub token: String,
}

pub(super) fn routes() -> Routes {
    let who = Who::LinkHolder;
    Routes::default()
        .get::<CertificatePath, _, _>(who, show)
        .post::<CertificatePath, _, _>(who, confirm)
        .get::<PrintPath, _, _>(who, print)
        .get::<FilePath, _, _>(who, download)
}

/// What there is for a booking.
#[derive(Clone, Debug, Default)]
struct Known {
    is_completed: bool,
    issued: Option<Certificate>,
    /// The newest one was withdrawn.
    was_withdrawn: bool,
}

impl Known {
    async fn load(app: &App, held: &Held) -> Result<Self, Error> {
        let db = app.reader();
        let all = certificate::of_booking(db, held.record.id).await?;
        let outcome = outcome::of_booking(db, held.record.id).await?;
        Ok(Self {
            is_completed: outcome == Some(Outcome::Completed),
            was_withdrawn: all.first().is_some_and(|it| it.state == Stands::Withdrawn),
            issued: all.into_iter().find(|it| it.state == Stands::Issued),
        })
    }
}

async fn open(app: &App, visitor: Visitor, token: &str) -> Result<(Held, Known), Error> {
    let held = Held::open(app, visitor, Purpose::Booking, token).await?;
    let known = Known::load(app, &held).await?;
    Ok((held, known))
}

async fn show(
    CertificatePath { token }: CertificatePath,
    Extracted(app): Extracted<App>,
    visitor: Visitor,
) -> Result<Response, Error> {
    let (held, known) = open(&app, visitor, &token).await?;
    if !held.person.is_proven() {
        return Ok(held.go("/confirm"));
    }
    app.page(&CertificatePage::of(&app, &held, &known)).await
}

async fn confirm(
    CertificatePath { token }: CertificatePath,
    Extracted(app): Extracted<App>,
    visitor: Visitor,
    mut fields: Fields,
) -> Result<Response, Error> {
    let (held, known) = open(&app, visitor, &token).await?;
    let sent = Sent::of(&mut fields)?;
    let mut name = Answer::new(fields.line("name")?);
    fields.done()?;
    if !held.person.is_proven() {
        return Ok(held.go("/confirm"));
    }
    judge_name(&mut name);
    if name.is_wrong() {
        let page = CertificatePage::of(&app, &held, &known).with(name);
        return app.page_with(AGAIN, &page).await;
    }
    let (held, name, sent) = (&held, &name.value, &sent);
    let done = app
        .change(async |work| {
            let act = async {
                let by = Doer::Person(held.record.person);
                let replaced = issue(&work, &held.record, name, by, None).await?;
                match replaced {
                    Some(_) => tell_owner(&work, held).await,
                    None => Ok(()),
                }
            };
            sent.once(&work, act).await
        })
        .await;
    match done {
        Ok(()) => Ok(held.go("/certificate")),
        // The register was corrected meanwhile: the page says what is so now.
        Err(Error::Refused(_)) => {
            let page = CertificatePage::of(&app, held, &Known::load(&app, held).await?);
            app.page_with(StatusCode::CONFLICT, &page).await
        }
        Err(error) => Err(error),
    }
}

/// Whether the file could not be made.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
struct Why {
    file: String,
}

async fn print(
    PrintPath { token }: PrintPath,
    Extracted(app): Extracted<App>,
    visitor: Visitor,
    Query(why): Query<Why>,
) -> Result<Response, Error> {
    let (held, known) = open(&app, visitor, &token).await?;
    let Some(it) = known.issued.filter(|_| held.person.is_proven()) else {
        return Ok(held.go("/certificate"));
    };
    let page = PrintPage {
        sheet: Sheet::of(&app, &it),
        back_url: held.path("/certificate"),
        no_file: why.file == pdf::NONE,
    };
    app.page(&page).await
}

async fn download(
    FilePath { token }: FilePath,
    Extracted(app): Extracted<App>,
    visitor: Visitor,
) -> Result<Response, Error> {
    let (held, known) = open(&app, visitor, &token).await?;
    let Some(it) = known.issued.filter(|_| held.person.is_proven()) else {
        return Ok(held.go("/certificate"));
    };
    let instead = held.path(&format!("/certificate/print?file={}", pdf::NONE));
    Ok(pdf::answer(&Sheet::of(&app, &it)).unwrap_or_else(|| Redirect::to(&instead).into_response()))
}

#[derive(Clone, Debug, Serialize)]
struct CertificatePage {
    booking: Facts,
    heading: &'static str,
    /// "ready", "confirm" or "`not_yet`".
    stage: &'static str,
    was_withdrawn: bool,
    /// The certificate that stands.
    sheet: Option<Sheet>,
    print_url: String,
    file_url: String,
    check_url: String,
    action: String,
    op: String,
    name: Answer,
    errors: Vec<Problem>,
}

impl CertificatePage {
    fn of(app: &App, held: &Held, known: &Known) -> Self {
        let (stage, heading) = match (&known.issued, known.is_completed) {
            (Some(_), _) => ("ready", "Your certificate is ready"),
            (None, true) => ("confirm", "Get your certificate"),
            (None, false) => ("not_yet", "Your certificate is not there yet"),
        };
        Self {
            booking: held.facts(),
            heading,
            stage,
            was_withdrawn: known.was_withdrawn,
            sheet: known.issued.as_ref().map(|it| Sheet::of(app, it)),
            print_url: held.path("/certificate/print"),
            file_url: held.path("/certificate.pdf"),
            check_url: known.issued.as_ref().map(check_path).unwrap_or_default(),
            action: held.path("/certificate"),
            op: app.secrets().op(),
            name: Answer::default(),
            errors: Vec::new(),
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

impl Page for CertificatePage {
    const TEMPLATE: &'static str = "pages/manage/certificate.html";

    #[cfg(test)]
    fn samples() -> Vec<Self> {
        use crate::public::manage::tests as sample;
        let held = sample::held(booking::State::Booked, true);
        let page = |known: &Known| Self::of(&sample::idle_app(), &held, known);
        let (not_yet, confirm) = (
            Known::default(),
            Known {
                is_completed: true,
                ..Known::default()
            },
        );
        let withdrawn = Known {
            was_withdrawn: true,
            ..Known::default()
        };
        let ready = Known {
            issued: Some(crate::certificate::sample()),
            ..confirm.clone()
        };
        let mut wrong = Answer::default();
        judge_name(&mut wrong);
        vec![
            page(&not_yet),
            page(&confirm),
            page(&confirm).with(wrong.clone()),
            page(&ready),
            page(&ready).with(wrong),
            page(&withdrawn),
        ]
    }
}

#[derive(Clone, Debug, Serialize)]
struct PrintPage {
    sheet: Sheet,
    back_url: String,
    /// The name has letters for which the file has no shapes.
    no_file: bool,
}

impl Page for PrintPage {
    const TEMPLATE: &'static str = "pages/manage/certificate_on_paper.html";

    #[cfg(test)]
    fn samples() -> Vec<Self> {
        use crate::public::manage::tests as sample;
        let page = |name: &str, no_file| {
            let it = Certificate {
                name: name.to_owned(),
                ..crate::certificate::sample()
            };
            Self {
                sheet: Sheet::of(&sample::idle_app(), &it),
                back_url: "/b/x/certificate".to_owned(),
                no_file,
            }
        };
        vec![
            page("Samantha Taylor", false),
            page("山田 花子", true),
            page(&"Wolfeschlegelsteinhausen ".repeat(4), false),
        ]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pages_hold() {
        crate::pages_test::check::<CertificatePage>();
        crate::pages_test::check::<PrintPage>();
    }
}
