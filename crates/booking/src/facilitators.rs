//! Who runs which dates.

use ids::{PersonId, RunId, Ts};
use sea_orm::ActiveValue::Set;
use sea_orm::sea_query::OnConflict;
use sea_orm::{ColumnTrait, ConnectionTrait, DatabaseTransaction, EntityTrait, PaginatorTrait, QueryFilter};

use crate::allocator::Fresh;
use crate::entity::facilitator as f;
use crate::error::Error;
use crate::plan::Part;

/// Notes that somebody runs these dates; once they have said yes, `confirmed_at` says when. Noted twice,
/// the later note counts.
pub async fn assign(
    tx: &DatabaseTransaction,
    fresh: Fresh<'_>,
    run: RunId,
    (person, part): (PersonId, Part),
    confirmed_at: Option<Ts>,
) -> Result<(), Error> {
    let row = f::ActiveModel {
        id: Set(fresh()),
        run: Set(run),
        person: Set(person),
        part: Set(part.name().to_owned()),
        confirmed_at: Set(confirmed_at),
    };
    let there = OnConflict::columns([f::Column::Run, f::Column::Person])
        .update_columns([f::Column::Part, f::Column::ConfirmedAt])
        .to_owned();
    f::Entity::insert(row)
        .on_conflict(there)
        .exec_without_returning(tx)
        .await?;
    Ok(())
}

/// Lets one record of a person run what another record of the same person ran.
pub async fn hand_over(tx: &DatabaseTransaction, from: PersonId, to: PersonId) -> Result<(), Error> {
    let theirs = runs_of(tx, to).await?;
    let both = f::Entity::delete_many().filter(f::Column::Person.eq(from));
    both.filter(f::Column::Run.is_in(theirs)).exec(tx).await?;
    let row = f::ActiveModel {
        person: Set(to),
        ..Default::default()
    };
    let rest = f::Entity::update_many().set(row);
    rest.filter(f::Column::Person.eq(from)).exec(tx).await?;
    Ok(())
}

/// The runs that somebody facilitates.
pub async fn runs_of(db: &impl ConnectionTrait, person: PersonId) -> Result<Vec<RunId>, Error> {
    let rows = f::Entity::find().filter(f::Column::Person.eq(person));
    Ok(rows.all(db).await?.into_iter().map(|it| it.run).collect())
}

/// Who facilitates a run.
pub async fn people_of(db: &impl ConnectionTrait, run: RunId) -> Result<Vec<PersonId>, Error> {
    let rows = f::Entity::find().filter(f::Column::Run.eq(run));
    Ok(rows.all(db).await?.into_iter().map(|it| it.person).collect())
}

/// Whether somebody facilitates a run.
pub async fn is_one(db: &impl ConnectionTrait, run: RunId, person: PersonId) -> Result<bool, Error> {
    let rows = f::Entity::find()
        .filter(f::Column::Run.eq(run))
        .filter(f::Column::Person.eq(person));
    Ok(rows.count(db).await? > 0)
}
