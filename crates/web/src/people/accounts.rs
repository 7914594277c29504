//! The account of whoever logs in, when their record becomes a part of another one.

use booking::facilitators;
use ids::PersonId;
use sea_orm::ActiveValue::Set;
use sea_orm::{ColumnTrait, ConnectionTrait, EntityTrait, QueryFilter};

use crate::entity::{account, role, sign_in};
use crate::error::Error;
use crate::sign_in::factor;
use crate::work::Work;

/// Whether somebody logs in with this record.
pub(crate) async fn has_one(db: &impl ConnectionTrait, it: PersonId) -> Result<bool, Error> {
    Ok(account::Entity::find_by_id(it).one(db).await?.is_some())
}

/// Lets whoever logged in with one record log in with another one as before: with the same address, roles
/// and second step, and with the dates that they run. Nothing happens if nobody did.
pub(crate) async fn hand_over(work: &Work, from: PersonId, to: PersonId) -> Result<(), Error> {
    let tx = work.tx();
    facilitators::hand_over(tx, from, to).await?;
    if !has_one(tx, from).await? {
        return Ok(());
    }
    let row = account::ActiveModel {
        person: Set(to),
        ..Default::default()
    };
    let account = account::Entity::update_many().set(row);
    account.filter(account::Column::Person.eq(from)).exec(tx).await?;
    let row = role::ActiveModel {
        person: Set(to),
        ..Default::default()
    };
    let roles = role::Entity::update_many().set(row);
    roles.filter(role::Column::Person.eq(from)).exec(tx).await?;
    factor::hand_over(work, from, to).await?;
    let row = sign_in::ActiveModel {
        person: Set(to),
        ..Default::default()
    };
    let places = sign_in::Entity::update_many().set(row);
    places.filter(sign_in::Column::Person.eq(from)).exec(tx).await?;
    Ok(())
}
