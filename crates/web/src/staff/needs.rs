//! One thing that helps somebody to take part: who looks after it, and how far it is (B-88).

use std::collections::BTreeMap;

use axum::extract::State as Extracted;
use axum::response::{IntoResponse, Redirect, Response};
use axum_extra::routing::TypedPath;
use booking::bookings;
use booking::calendar::{self, RunDates};
use ids::PersonId;
use sea_orm::{ColumnTrait, ConnectionTrait, EntityTrait, QueryFilter};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::Shell;
use super::bookings::{BookingPath, is_own};
use super::tasks::TasksPath;
use crate::app::App;
use crate::audit::SAW_NEEDS;
use crate::entity::role;
use crate::error::Error;
use crate::forms::{AGAIN, Answer, Fields, Problem, problems};
use crate::needs::{self, Need, Said, Status};
use crate::pages::Page;
use crate::people::{self, Person};
use crate::public::manage::{CHOOSE_ONE, Choice, Row};
use crate::routes::{Routes, Who};
use crate::sign_in::SignedIn;
use crate::sign_in::role::TEAM;
use crate::words;

/// `/team/needs/{need}`
#[derive(TypedPath, Deserialize)]
#[typed_path("/team/needs/{need}")]
pub(super) struct NeedPath {
    need: String,
}

impl NeedPath {
    /// The page of this need.
    pub(super) fn of(id: Uuid) -> String {
        let need = id.to_string();
        Self { need }.to_string()
    }
}

pub(super) fn routes() -> Routes {
    Routes::default()
        .get::<NeedPath, _, _>(Who::Roles(TEAM), show)
        .post::<NeedPath, _, _>(Who::Roles(TEAM), save)
}

/// A need with whose it is.
struct Found {
    need: Need,
    person: Person,
    reference: String,
    run: RunDates,
    /// Who can look after it.
    team: BTreeMap<PersonId, String>,
}

impl Found {
    /// One's own is not there (T-08).
    async fn open(app: &App, me: &SignedIn, path: &NeedPath) -> Result<Self, Error> {
        let db = app.reader();
        let id = Uuid::parse_str(&path.need).map_err(|_| Error::NotFound)?;
        let need = needs::find(db, id).await?.ok_or(Error::NotFound)?;
        let record = bookings::find(db, need.booking).await?.ok_or(Error::NotFound)?;
        let person = people::find(db, record.person).await?.ok_or(Error::NotFound)?;
        if is_own(me, &person) {
            return Err(Error::NotFound);
        }
        let run = calendar::run_dates(db, record.run)
            .await?
            .ok_or(Error::NotFound)?;
        Ok(Self {
            team: team(db).await?,
            reference: record.reference,
            need,
            person,
            run,
        })
    }
}

/// Everybody of the team, by the name on pages.
async fn team(db: &impl ConnectionTrait) -> Result<BTreeMap<PersonId, String>, Error> {
    let roles = TEAM.iter().map(|it| it.name());
    let rows = role::Entity::find().filter(role::Column::Role.is_in(roles));
    let ids = rows.all(db).await?.into_iter().map(|it| it.person);
    let people = people::several(db, ids).await?;
    Ok(people.into_iter().map(|it| (it.id, it.full_name)).collect())
}

async fn show(path: NeedPath, Extracted(app): Extracted<App>, me: SignedIn) -> Result<Response, Error> {
    let found = Found::open(&app, &me, &path).await?;
    let form = Form {
        owner: Answer::new(found.need.owner.map_or_else(String::new, |it| it.to_string())),
        ..Form::default()
    };
    let page = NeedPage::load(&app, &me, &found, form).await?;
    app.page(&page).await
}

async fn save(
    path: NeedPath,
    Extracted(app): Extracted<App>,
    me: SignedIn,
    mut fields: Fields,
) -> Result<Response, Error> {
    let found = Found::open(&app, &me, &path).await?;
    let op = fields.op()?;
    let mut form = Form::read(&mut fields)?;
    fields.done()?;
    let Some(said) = form.judge(&found, &me) else {
        let page = NeedPage::load(&app, &me, &found, form).await?;
        return app.page_with(AGAIN, &page).await;
    };
    let (id, op, content) = (found.need.id, op.as_deref(), fields.content());
    let to = &BookingPath::of(&found.reference).to_string();
    let done = app
        .change(async |work| {
            let act = async {
                needs::note(&work, id, said).await?;
                Ok(to.clone())
            };
            work.once(op, content, act).await
        })
        .await?;
    Ok(Redirect::to(&done).into_response())
}

/// What was chosen.
#[derive(Clone, Debug, Default, Serialize)]
struct Form {
    owner: Answer,
    status: Answer,
    talked: Answer,
}

impl Form {
    fn read(fields: &mut Fields) -> Result<Self, Error> {
        Ok(Self {
            owner: Answer::new(fields.line("owner")?),
            status: Answer::new(fields.line("status")?),
            talked: Answer::new(fields.line("talked")?),
        })
    }

    /// What is said, if it makes sense: "not possible" only after somebody has talked with the person.
    fn judge(&mut self, found: &Found, me: &SignedIn) -> Option<Said> {
        let status = Status::named(&self.status.value);
        if status.is_none() {
            self.status = Answer::default();
            self.status.refuse(CHOOSE_ONE);
        }
        let owner = found.team.keys().find(|it| it.to_string() == self.owner.value);
        if owner.is_none() && !self.owner.value.is_empty() {
            self.owner = Answer::default();
            self.owner.refuse("Choose somebody of the team");
        }
        if status == Some(Status::CannotMeet) && self.talked.value != "yes" {
            self.talked
                .refuse("Talk with the person first, then tick this box");
        }
        self.problems().is_empty().then_some(Said {
            status: status?,
            owner: owner.copied(),
            by: me.person,
        })
    }

    fn problems(&self) -> Vec<Problem> {
        problems([
            ("owner", &self.owner),
            ("status", &self.status),
            ("talked", &self.talked),
        ])
    }
}

/// One need.
#[derive(Clone, Debug, Serialize)]
struct NeedPage {
    heading: String,
    back_url: String,
    tasks_url: String,
    rows: Vec<Row>,
    detail: String,
    owners: Vec<Choice>,
    statuses: Vec<Choice>,
    form: Form,
    errors: Vec<Problem>,
    action: String,
    op: String,
    shell: Shell,
}

impl NeedPage {
    /// That somebody reads it is written down first (T-47).
    async fn load(app: &App, me: &SignedIn, found: &Found, form: Form) -> Result<Self, Error> {
        let about = ("booking", found.need.booking.0.to_string());
        app.note_looks(me.person, &[SAW_NEEDS], about, Some(found.person.id))
            .await?;
        let is_late = app.now() >= found.need.due;
        let shell = Shell::of(app, me, TasksPath::PATH).await?;
        Ok(Self::of(found, is_late, form, app.secrets().op(), shell))
    }

    fn of(found: &Found, is_late: bool, form: Form, op: String, shell: Shell) -> Self {
        let need = &found.need;
        let status = Status::named(&need.status).unwrap_or(Status::Asked);
        let due = words::date_time(need.due);
        let due = if is_late && status == Status::Asked {
            format!("Urgent: {due}")
        } else {
            due
        };
        let owner = need.owner.and_then(|it| found.team.get(&it).cloned());
        let mut owners = vec![Choice::new("", "Nobody yet")];
        owners.extend(
            found
                .team
                .iter()
                .map(|(id, name)| Choice::new(id.to_string(), name)),
        );
        let statuses = Status::ALL.map(|it| Choice::new(it.name(), first_upper(it.words())));
        Self {
            heading: format!("{} for {}", needs::what(need), found.person.full_name),
            back_url: BookingPath::of(&found.reference).to_string(),
            tasks_url: TasksPath.to_string(),
            rows: vec![
                Row::new("Dates", words::dates(&found.run.sessions)),
                Row::new("Now", first_upper(status.words())),
                Row::new(
                    "Who looks after it",
                    owner.unwrap_or_else(|| "Nobody yet".to_owned()),
                ),
                Row::new("Should be arranged by", due),
            ],
            detail: need.detail.clone().unwrap_or_default(),
            owners,
            statuses: statuses.to_vec(),
            errors: form.problems(),
            form,
            action: NeedPath::of(need.id),
            op,
            shell,
        }
    }
}

fn first_upper(text: &str) -> String {
    let mut letters = text.chars();
    letters
        .next()
        .map_or_else(String::new, |first| first.to_uppercase().chain(letters).collect())
}

impl Page for NeedPage {
    const TEMPLATE: &'static str = "pages/staff/need.html";

    #[cfg(test)]
    fn samples() -> Vec<Self> {
        use crate::public::manage::tests::{before, held};
        let held = held(booking::State::Booked, true);
        let robin = PersonId(Uuid::from_u128(901));
        let found = |status: Status, owner, detail: Option<&str>| Found {
            need: Need {
                id: Uuid::nil(),
                booking: held.record.id,
                code: "bsl".to_owned(),
                detail: detail.map(str::to_owned),
                status: status.name().to_owned(),
                owner,
                due: before(),
            },
            person: held.person.clone(),
            reference: held.record.reference.clone(),
            run: held.run.clone(),
            team: [(robin, "Robin Lead".to_owned())].into(),
        };
        let page =
            |found: &Found, is_late, form| Self::of(found, is_late, form, "0".repeat(32), Shell::sample());
        let asked = found(Status::Asked, None, Some("In the mornings."));
        let mut wrong = Form::default();
        wrong.status.refuse(CHOOSE_ONE);
        wrong
            .talked
            .refuse("Talk with the person first, then tick this box");
        vec![
            page(&asked, false, Form::default()),
            page(&asked, true, wrong),
            page(
                &found(Status::Arranged, Some(robin), None),
                false,
                Form::default(),
            ),
            page(
                &found(Status::CannotMeet, Some(robin), None),
                true,
                Form::default(),
            ),
        ]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pages_hold() {
        crate::pages_test::check::<NeedPage>();
    }
}
