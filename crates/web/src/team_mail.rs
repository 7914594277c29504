//! Mail to the team itself: facilitators about their dates and registers (F01 to F03), staff about what is to
//! be done (T01 to T03). No mail names anybody who booked.

pub(crate) mod facts;
pub(crate) mod words;

use booking::calendar::Meeting;
use booking::plan;
use booking::snapshot::RunState;
use ids::{PersonId, RunId};
use sea_orm::sea_query::ExprTrait;
use sea_orm::{
    ColumnTrait, ConnectionTrait, EntityTrait, PaginatorTrait, QueryFilter, QueryOrder, QuerySelect,
    QueryTrait,
};
use time::Date;
use uuid::Uuid;

use crate::app::App;
use crate::entity::{account, outbox_mail, role, team_task};
use crate::error::Error;
use crate::outbox::facts::Parameters;
use crate::outbox::{self, Kind, Mail};
use crate::reminders::compact;
use crate::sign_in::role::TEAM;
use crate::work::Work;

/// What a mail to the team is about.
struct Matter {
    kind: Kind,
    about: Uuid,
    occasion: String,
    parameters: Parameters,
}

impl Matter {
    fn new(kind: Kind, about: Uuid, occasion: &str) -> Self {
        Self {
            kind,
            about,
            occasion: occasion.to_owned(),
            parameters: Parameters::default(),
        }
    }
}

async fn write(work: &Work, to: &account::Model, it: &Matter) -> Result<(), Error> {
    let mail = Mail {
        kind: it.kind,
        about: it.about,
        recipient: to.email.clone(),
        occasion: it.occasion.clone(),
        due_at: work.now(),
        parameters: it.parameters.clone().into_value(),
    };
    outbox::write(work, mail).await
}

/// Who looks after dates and bookings: every coordinator and lead who can log in.
async fn staff(db: &impl ConnectionTrait) -> Result<Vec<account::Model>, Error> {
    let of_team = role::Entity::find()
        .select_only()
        .column(role::Column::Person)
        .filter(role::Column::Role.is_in(TEAM.iter().map(|it| it.name())));
    let open = account::Entity::find()
        .filter(account::Column::Person.in_subquery(of_team.into_query()))
        .filter(account::Column::AcceptedAt.is_not_null())
        .filter(account::Column::ClosedAt.is_null())
        .order_by_asc(account::Column::Email);
    Ok(open.all(db).await?)
}

async fn tell_staff(work: &Work, it: &Matter) -> Result<(), Error> {
    for to in staff(work.tx()).await? {
        write(work, &to, it).await?;
    }
    Ok(())
}

/// Somebody may teach before they have accepted their invitation: they are told all the same.
async fn tell_people(
    work: &Work,
    people: impl IntoIterator<Item = PersonId>,
    it: &Matter,
) -> Result<(), Error> {
    for person in people {
        let account = account::Entity::find_by_id(person).one(work.tx()).await?;
        if let Some(to) = account.filter(|it| it.closed_at.is_none()) {
            write(work, &to, it).await?;
        }
    }
    Ok(())
}

async fn facilitators(work: &Work, run: RunId) -> Result<Vec<PersonId>, Error> {
    let plan = plan::find(work.tx(), run).await?.ok_or(Error::NotFound)?;
    let told = plan.state != RunState::Draft;
    let all = plan.facilitators.iter().filter(|_| told);
    Ok(all.map(|it| it.person).collect())
}

/// F01 to everybody who teaches dates that are published, changed or called off. Drafts are told to nobody.
pub(crate) async fn tell_facilitators(work: &Work, run: RunId, occasion: &str) -> Result<(), Error> {
    let matter = Matter::new(Kind::Facilitation, run.0, occasion);
    tell_people(work, facilitators(work, run).await?, &matter).await
}

/// F01 to whoever teaches published dates from now on, or no longer.
pub(crate) async fn tell_who_changed(
    work: &Work,
    run: RunId,
    people: impl IntoIterator<Item = PersonId>,
) -> Result<(), Error> {
    let matter = Matter::new(Kind::Facilitation, run.0, &work.fresh_id().to_string());
    tell_people(work, people, &matter).await
}

/// F01 and T03 when dates are called off (B-52).
pub(crate) async fn tell_of_calling_off(work: &Work, run: RunId) -> Result<(), Error> {
    tell_facilitators(work, run, "called-off").await?;
    tell_staff(work, &Matter::new(Kind::CalledOff, run.0, "run")).await
}

fn about_day(kind: Kind, run: RunId, day: &Meeting, more: &str) -> Matter {
    let occasion = format!("{}-{more}", day.id.0.simple());
    Matter {
        parameters: Parameters {
            session: Some(day.id),
            date: Some(day.date),
            ..Parameters::default()
        },
        ..Matter::new(kind, run.0, &occasion)
    }
}

/// F02: the register of a day that is near.
pub(crate) async fn register_soon(work: &Work, run: RunId, day: &Meeting) -> Result<(), Error> {
    let matter = about_day(Kind::RegisterSoon, run, day, &compact(day.date));
    tell_people(work, facilitators(work, run).await?, &matter).await
}

/// F03: a register that nobody saves, first to those who teach, at last to staff (B-62). `after` says after
/// how many working days.
pub(crate) async fn register_late(
    work: &Work,
    run: RunId,
    day: &Meeting,
    (after, to_staff): (i64, bool),
) -> Result<(), Error> {
    let matter = about_day(Kind::RegisterLate, run, day, &after.to_string());
    if to_staff {
        return tell_staff(work, &matter).await;
    }
    tell_people(work, facilitators(work, run).await?, &matter).await
}

/// Whether F03 was written for that many working days.
pub(crate) async fn knows_register_late(
    db: &impl ConnectionTrait,
    run: RunId,
    day: &Meeting,
    after: i64,
) -> Result<bool, Error> {
    use outbox_mail::Column;
    let found = outbox_mail::Entity::find()
        .filter(Column::Kind.eq(Kind::RegisterLate.name()))
        .filter(Column::About.eq(run.0))
        .filter(Column::Occasion.eq(format!("{}-{after}", day.id.0.simple())));
    Ok(found.count(db).await? > 0)
}

/// T01: what is open, each working morning.
pub(crate) async fn todays_list(work: &Work, today: Date) -> Result<(), Error> {
    for to in staff(work.tx()).await? {
        let matter = Matter::new(Kind::TodaysList, to.person.0, &compact(today));
        write(work, &to, &matter).await?;
    }
    Ok(())
}

/// T02: each urgent task that is open is told once, whoever wrote it down.
pub(crate) async fn urgent_tasks(app: &App) -> Result<(), Error> {
    let told = outbox_mail::Entity::find()
        .select_only()
        .column(outbox_mail::Column::About)
        .filter(outbox_mail::Column::Kind.eq(Kind::PhoneToday.name()));
    let untold = team_task::Entity::find()
        .filter(team_task::Column::Urgent.eq(true))
        .filter(team_task::Column::State.eq("open"))
        .filter(
            team_task::Column::Id
                .into_expr()
                .not_in_subquery(told.into_query()),
        );
    let untold = untold.all(app.reader()).await?;
    if untold.is_empty() || staff(app.reader()).await?.is_empty() {
        return Ok(());
    }
    app.change(async |work| {
        for task in &untold {
            tell_staff(&work, &Matter::new(Kind::PhoneToday, task.id, "task")).await?;
        }
        Ok(())
    })
    .await
}
