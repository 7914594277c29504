//! A certificate for somebody who asks the team for it (B-76): under the name that they say, and noted as
//! done for them (T-48).

use axum::extract::{Query, State as Extracted};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Redirect, Response};
use axum_extra::routing::TypedPath;
use booking::attendance::outcome::{self, Outcome};
use booking::certificate::{self, Certificate, State as Stands};
use serde::{Deserialize, Serialize};

use super::{BookingsPath, Found};
use crate::app::App;
use crate::audit::Doer;
use crate::certificate::{Sheet, check_path, grouped, issue, judge_name, pdf};
use crate::error::Error;
use crate::forms::{AGAIN, Answer, Fields, Problem, problems};
use crate::pages::Page;
use crate::routes::{Routes, Who};
use crate::sign_in::SignedIn;
use crate::sign_in::role::TEAM;
use crate::staff::Shell;
use crate::staff::channel::{CHANNELS, Told};
use crate::words;

/// `/team/bookings/{reference}/certificate`
#[derive(TypedPath, Deserialize)]
#[typed_path("/team/bookings/{reference}/certificate")]
pub(crate) struct CertificatePath {
    reference: String,
}

/// `/team/bookings/{reference}/certificate/print`
#[derive(TypedPath, Deserialize)]
#[typed_path("/team/bookings/{reference}/certificate/print")]
pub(crate) struct PrintPath {
    reference: String,
}

/// `/team/bookings/{reference}/certificate.pdf`
#[derive(TypedPath, Deserialize)]
#[typed_path("/team/bookings/{reference}/certificate.pdf")]
pub(crate) struct FilePath {
    reference: String,
}

pub(super) fn routes() -> Routes {
    Routes::default()
        .get::<CertificatePath, _, _>(Who::Roles(TEAM), show)
        .post::<CertificatePath, _, _>(Who::Roles(TEAM), make)
        .get::<PrintPath, _, _>(Who::Roles(TEAM), print)
        .get::<FilePath, _, _>(Who::Roles(TEAM), download)
}

/// Whether there is anything on the page of a booking's certificates: something to make, or to look at.
pub(super) async fn is_possible(app: &App, found: &Found) -> Result<bool, Error> {
    let known = Known::load(app, found).await?;
    Ok(known.is_completed || !known.all.is_empty())
}

#[derive(Clone, Debug, Default)]
struct Known {
    is_completed: bool,
    /// The newest first.
    all: Vec<Certificate>,
}

impl Known {
    async fn load(app: &App, found: &Found) -> Result<Self, Error> {
        let (db, id) = (app.reader(), found.record.id);
        Ok(Self {
            is_completed: outcome::of_booking(db, id).await? == Some(Outcome::Completed),
            all: certificate::of_booking(db, id).await?,
        })
    }

    fn issued(&self) -> Option<&Certificate> {
        self.all.iter().find(|it| it.state == Stands::Issued)
    }
}

/// The booking; one's own is not there (T-08).
async fn open(app: &App, me: &SignedIn, reference: &str) -> Result<(Found, Known), Error> {
    let found = Found::named(app.reader(), reference).await?;
    if found.is_own(me) {
        return Err(Error::NotFound);
    }
    let known = Known::load(app, &found).await?;
    Ok((found, known))
}

async fn show(it: CertificatePath, Extracted(app): Extracted<App>, me: SignedIn) -> Result<Response, Error> {
    let (found, known) = open(&app, &me, &it.reference).await?;
    app.page(&CertificatePage::new(&app, &me, &found, &known).await?)
        .await
}

async fn make(
    it: CertificatePath,
    Extracted(app): Extracted<App>,
    me: SignedIn,
    mut fields: Fields,
) -> Result<Response, Error> {
    let (found, known) = open(&app, &me, &it.reference).await?;
    let op = fields.op()?;
    let mut form = Form {
        name: Answer::new(fields.line("name")?),
        channel: Answer::new(fields.line("channel")?),
    };
    fields.done()?;
    form.judge();
    if form.is_wrong() {
        let page = CertificatePage::new(&app, &me, &found, &known).await?.with(form);
        return app.page_with(AGAIN, &page).await;
    }
    let (op, content, by) = (op.as_deref(), fields.content(), Doer::Member(me.person));
    let (found, form) = (&found, &form);
    let done = app
        .change(async |work| {
            let act = async {
                let heard = Told::named(&form.channel.value).map(Told::words);
                let why = heard.map(str::to_owned);
                issue(&work, &found.record, &form.name.value, by, why).await?;
                Ok(path(found))
            };
            work.once(op, content, act).await
        })
        .await;
    match done {
        Ok(path) => Ok(Redirect::to(&path).into_response()),
        // The register was corrected meanwhile: the page says what is so now.
        Err(Error::Refused(_)) => {
            let known = Known::load(&app, found).await?;
            let page = CertificatePage::new(&app, &me, found, &known).await?;
            app.page_with(StatusCode::CONFLICT, &page).await
        }
        Err(error) => Err(error),
    }
}

/// The page of the certificates of a booking.
pub(super) fn path(found: &Found) -> String {
    format!("{}/certificate", found.path())
}

/// Whether the file could not be made.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
struct Why {
    file: String,
}

async fn print(
    it: PrintPath,
    Extracted(app): Extracted<App>,
    me: SignedIn,
    Query(why): Query<Why>,
) -> Result<Response, Error> {
    let (found, known) = open(&app, &me, &it.reference).await?;
    let Some(issued) = known.issued() else {
        return Ok(Redirect::to(&path(&found)).into_response());
    };
    let page = PrintPage {
        sheet: Sheet::of(&app, issued),
        back_url: path(&found),
        no_file: why.file == pdf::NONE,
    };
    app.page(&page).await
}

async fn download(it: FilePath, Extracted(app): Extracted<App>, me: SignedIn) -> Result<Response, Error> {
    let (found, known) = open(&app, &me, &it.reference).await?;
    let instead = path(&found);
    let Some(issued) = known.issued() else {
        return Ok(Redirect::to(&instead).into_response());
    };
    let instead = format!("{instead}/print?file={}", pdf::NONE);
    let file = pdf::answer(&Sheet::of(&app, issued));
    Ok(file.unwrap_or_else(|| Redirect::to(&instead).into_response()))
}

/// The name as the person says it, and how they said it.
#[derive(Clone, Debug, Default, Serialize)]
struct Form {
    name: Answer,
    channel: Answer,
}

impl Form {
    fn judge(&mut self) {
        judge_name(&mut self.name);
        if Told::named(&self.channel.value).is_none() {
            self.channel = Answer::default();
            self.channel.refuse("Choose how you heard from the person");
        }
    }

    fn is_wrong(&self) -> bool {
        self.name.is_wrong() || self.channel.is_wrong()
    }
}

#[derive(Clone, Debug, Serialize)]
struct CertificatePage {
    heading: String,
    back: String,
    is_completed: bool,
    sheet: Option<Sheet>,
    /// Number, name, what became of it.
    old: Vec<[String; 3]>,
    print_url: String,
    file_url: String,
    check_url: String,
    channels: [Told; 3],
    form: Form,
    errors: Vec<Problem>,
    action: String,
    op: String,
    shell: Shell,
}

impl CertificatePage {
    async fn new(app: &App, me: &SignedIn, found: &Found, known: &Known) -> Result<Self, Error> {
        let shell = Shell::of(app, me, BookingsPath::PATH).await?;
        Ok(Self::of(app, found, known, shell))
    }

    fn of(app: &App, found: &Found, known: &Known, shell: Shell) -> Self {
        let (action, issued) = (path(found), known.issued());
        let person = &found.person;
        let name = person.certificate_name.as_ref().unwrap_or(&person.full_name);
        let old = known.all.iter().filter(|it| it.state != Stands::Issued);
        Self {
            heading: format!("Certificate for booking {}", found.record.reference),
            back: found.path(),
            is_completed: known.is_completed,
            sheet: issued.map(|it| Sheet::of(app, it)),
            old: old.map(ended).collect(),
            print_url: format!("{action}/print"),
            file_url: format!("{action}.pdf"),
            check_url: issued.map(check_path).unwrap_or_default(),
            channels: CHANNELS,
            form: Form {
                name: Answer::new(name.clone()),
                channel: Answer::default(),
            },
            errors: Vec::new(),
            action,
            op: app.secrets().op(),
            shell,
        }
    }

    fn with(self, form: Form) -> Self {
        Self {
            errors: problems([("name", &form.name), ("channel", &form.channel)]),
            form,
            ..self
        }
    }
}

fn ended(it: &Certificate) -> [String; 3] {
    let became = match it.state {
        Stands::Issued => "Valid",
        Stands::Replaced => "Replaced by one with another name",
        Stands::Withdrawn => "Withdrawn after a correction",
    };
    let issued = words::date(booking::london::local(it.issued_at).0);
    [
        grouped(&it.number),
        it.name.clone(),
        format!("{became}. Issued on {issued}"),
    ]
}

impl Page for CertificatePage {
    const TEMPLATE: &'static str = "pages/staff/bookings/certificate.html";

    #[cfg(test)]
    fn samples() -> Vec<Self> {
        use crate::public::manage::tests as sample;
        let held = sample::held(booking::State::Booked, true);
        let found = Found {
            record: held.record,
            person: held.person,
            run: held.run,
        };
        let page = |is_completed, all| {
            let known = Known { is_completed, all };
            Self::of(&sample::idle_app(), &found, &known, Shell::sample())
        };
        let in_state = |state| Certificate {
            state,
            ..crate::certificate::sample()
        };
        let mut wrong = Form::default();
        wrong.judge();
        vec![
            page(false, Vec::new()),
            page(true, Vec::new()),
            page(true, Vec::new()).with(wrong),
            page(true, vec![in_state(Stands::Issued), in_state(Stands::Replaced)]),
            page(false, vec![in_state(Stands::Withdrawn)]),
        ]
    }
}

#[derive(Clone, Debug, Serialize)]
struct PrintPage {
    sheet: Sheet,
    back_url: String,
    no_file: bool,
}

impl Page for PrintPage {
    const TEMPLATE: &'static str = "pages/staff/bookings/certificate_on_paper.html";

    #[cfg(test)]
    fn samples() -> Vec<Self> {
        use crate::public::manage::tests::idle_app;
        let page = |no_file| Self {
            sheet: Sheet::of(&idle_app(), &crate::certificate::sample()),
            back_url: "/team/bookings/4827-KX/certificate".to_owned(),
            no_file,
        };
        vec![page(false), page(true)]
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
