//! People: one row for each, found again by a proven address and a name.

pub(crate) mod accounts;
pub(crate) mod address;
pub(crate) mod correct;
pub(crate) mod duplicates;
pub(crate) mod matching;
pub(crate) mod merge;

use ids::PersonId;
use sea_orm::ActiveValue::Set;
use sea_orm::{ActiveModelTrait, ColumnTrait, ConnectionTrait, EntityTrait, IntoActiveModel, QueryFilter};

use crate::entity::person;
use crate::error::Error;
use crate::work::Work;

pub(crate) use person::Model as Person;

/// A person as they introduce themselves on a form (B-10).
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct NewPerson {
    pub full_name: String,
    pub called_name: Option<String>,
    pub pronouns: Option<String>,
    pub email: Option<String>,
    pub phone: Option<String>,
    pub prefers: String,
    pub info_format: String,
}

/// Stores a new person, whose address is unproven.
pub(crate) async fn add(work: &Work, new: NewPerson) -> Result<PersonId, Error> {
    let id = PersonId(work.fresh_id());
    person::ActiveModel {
        id: Set(id),
        full_name: Set(new.full_name),
        called_name: Set(new.called_name),
        certificate_name: Set(None),
        pronouns: Set(new.pronouns),
        email: Set(new.email),
        email_proven_at: Set(None),
        email_bad: Set(false),
        new_email: Set(None),
        phone: Set(new.phone),
        post_address: Set(None),
        prefers: Set(new.prefers),
        info_format: Set(new.info_format),
        merged_into: Set(None),
        created_at: Set(work.now()),
    }
    .insert(work.tx())
    .await?;
    Ok(id)
}

/// One person.
pub(crate) async fn find(db: &impl ConnectionTrait, id: PersonId) -> Result<Option<Person>, Error> {
    Ok(person::Entity::find_by_id(id).one(db).await?)
}

/// Several people, in no order.
pub(crate) async fn several(
    db: &impl ConnectionTrait,
    ids: impl IntoIterator<Item = PersonId>,
) -> Result<Vec<Person>, Error> {
    let found = person::Entity::find().filter(person::Column::Id.is_in(ids));
    Ok(found.all(db).await?)
}

/// Notes that the person's address is theirs: they sent a form through a link in its mailbox.
pub(crate) async fn prove_address(work: &Work, id: PersonId) -> Result<(), Error> {
    if let Some(row) = person::Entity::find_by_id(id).one(work.tx()).await?
        && row.email.is_some()
        && row.email_proven_at.is_none()
    {
        let mut row = row.into_active_model();
        row.email_proven_at = Set(Some(work.now()));
        row.update(work.tx()).await?;
    }
    Ok(())
}

impl Person {
    /// What we call them: the name they chose, or the first of their names.
    pub(crate) fn called(&self) -> String {
        let first = || {
            self.full_name
                .split_whitespace()
                .next()
                .unwrap_or(&self.full_name)
                .to_owned()
        };
        self.called_name.clone().unwrap_or_else(first)
    }

    /// The address that mail about a booking goes to; none if they have none, it bounced, or they
    /// asked for a call or a letter (B-90).
    pub(crate) fn usable_email(&self) -> Option<&str> {
        self.email
            .as_deref()
            .filter(|_| !self.email_bad && self.prefers == "email")
    }

    /// Whether the address is proven.
    pub(crate) fn is_proven(&self) -> bool {
        self.email_proven_at.is_some()
    }
}
