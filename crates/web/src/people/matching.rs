//! When two records are one person (B-25 to B-27).

use booking::allocator;
use booking::bookings;
use ids::PersonId;
use sea_orm::ActiveValue::Set;
use sea_orm::{
    ActiveModelTrait, ColumnTrait, ConnectionTrait, EntityTrait, IntoActiveModel, QueryFilter, QueryOrder,
};

use super::Person;
use crate::entity::person;
use crate::error::Error;
use crate::work::Work;

/// A name as it is compared: case and white space do not count.
pub(crate) fn name_key(name: &str) -> String {
    name.split_whitespace().map(str::to_lowercase).collect::<Vec<_>>().join(" ")
}

/// The other record of the same person: the same proven address and the same name (B-25).
pub(crate) async fn same_person(
    db: &impl ConnectionTrait,
    of: &Person,
) -> Result<Option<Person>, Error> {
    let Some(email) = of.email.as_deref() else { return Ok(None) };
    let others = person::Entity::find()
        .filter(person::Column::Email.eq(email))
        .filter(person::Column::EmailProvenAt.is_not_null())
        .filter(person::Column::MergedInto.is_null())
        .filter(person::Column::Id.ne(of.id))
        .order_by_asc(person::Column::CreatedAt)
        .order_by_asc(person::Column::Id)
        .all(db)
        .await?;
    let key = name_key(&of.full_name);
    Ok(others.into_iter().find(|it| name_key(&it.full_name) == key))
}

/// Makes two records one. The older one stays, unless both have a booking on one run and only the
/// younger one's is live: then the younger stays. A booking that cannot move over, because the one
/// that stays has one on that run, remains with the record it had, which points to the other.
pub(crate) async fn unite(work: &Work, older: PersonId, younger: PersonId) -> Result<PersonId, Error> {
    let old = bookings::of_person(work.tx(), older).await?;
    let new = bookings::of_person(work.tx(), younger).await?;
    let younger_stays = new.iter().any(|it| {
        it.state.is_live() && old.iter().any(|other| other.run == it.run && !other.state.is_live())
    });
    let (stays, goes, moving, kept) =
        if younger_stays { (younger, older, old, new) } else { (older, younger, new, old) };
    for it in moving.iter().filter(|it| !kept.iter().any(|other| other.run == it.run)) {
        allocator::hand_over(work.tx(), it.id, stays).await?;
    }
    let gone = person::Entity::find_by_id(goes).one(work.tx()).await?.ok_or(Error::NotFound)?;
    let mut gone = gone.into_active_model();
    gone.merged_into = Set(Some(stays));
    gone.update(work.tx()).await?;
    Ok(stays)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn case_and_spaces_do_not_tell_people_apart() {
        assert_eq!(name_key("  Sam   TAYLOR "), name_key("sam taylor"));
        assert_ne!(name_key("Sam Taylor"), name_key("Sam Tailor"));
    }
}
