//! People as the team sees them: a list to search, everything about one, and two records side by side.

mod list;
mod merge;
mod one;

use axum_extra::routing::TypedPath;
use ids::PersonId;
use sea_orm::ConnectionTrait;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::error::Error;
use crate::people::{self, Person};
use crate::routes::{Routes, Who};
use crate::sign_in::role::TEAM;

/// `/team/people`
#[derive(TypedPath, Deserialize)]
#[typed_path("/team/people")]
pub(crate) struct PeoplePath;

/// `/team/people/merge`
#[derive(TypedPath, Deserialize)]
#[typed_path("/team/people/merge")]
pub(super) struct MergePath;

/// `/team/people/{person}`
#[derive(TypedPath, Deserialize)]
#[typed_path("/team/people/{person}")]
pub(super) struct PersonPath {
    person: String,
}

impl PersonPath {
    /// The page of this person.
    pub(super) fn of(id: PersonId) -> String {
        let person = id.to_string();
        Self { person }.to_string()
    }
}

impl MergePath {
    /// Where these two records stand side by side.
    pub(super) fn of(one: PersonId, other: PersonId) -> String {
        format!("{MergePath}?one={one}&other={other}")
    }
}

pub(super) fn routes() -> Routes {
    Routes::default()
        .get::<PeoplePath, _, _>(Who::Roles(TEAM), list::show)
        .get::<MergePath, _, _>(Who::Roles(TEAM), merge::ask)
        .post::<MergePath, _, _>(Who::Roles(TEAM), merge::answer)
        .get::<PersonPath, _, _>(Who::Roles(TEAM), one::show)
}

/// A link with its words.
#[derive(Clone, Debug, Serialize)]
struct Step {
    text: String,
    href: String,
}

/// The person with this id as it is in a path.
async fn named(db: &impl ConnectionTrait, id: &str) -> Result<Person, Error> {
    let id = Uuid::parse_str(id).map_err(|_| Error::NotFound)?;
    people::find(db, PersonId(id)).await?.ok_or(Error::NotFound)
}

/// The address of somebody, and whether it counts.
fn address(person: &Person) -> String {
    match (&person.email, person.email_bad, person.is_proven()) {
        (None, ..) => "None".to_owned(),
        (Some(it), true, _) => format!("{it} (does not work)"),
        (Some(it), false, true) => format!("{it} (confirmed)"),
        (Some(it), false, false) => format!("{it} (not confirmed)"),
    }
}
