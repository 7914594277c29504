//! What people may do by their part in the team. Roles are rows, read at each request, so that a change
//! takes effect at once (T-10).

use std::fmt;
use std::str::FromStr;

use ids::PersonId;
use sea_orm::ActiveValue::Set;
use sea_orm::sea_query::OnConflict;
use sea_orm::{ColumnTrait, ConnectionTrait, EntityTrait, QueryFilter};

use crate::audit::{Act, Doer};
use crate::entity::role;
use crate::error::Error;
use crate::work::Work;

/// A part in the team.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Role {
    /// Runs courses.
    Facilitator,
    /// Plans dates and looks after bookings.
    Coordinator,
    /// Answers for the whole; may do what a coordinator may.
    Lead,
    /// Looks after the program: settings and people, not records of learners.
    Administrator,
}

/// Who looks after dates and bookings.
pub(crate) const TEAM: &[Role] = &[Role::Coordinator, Role::Lead];
/// Who looks after the team itself.
pub(crate) const KEEPERS: &[Role] = &[Role::Lead, Role::Administrator];
/// Who looks after the program.
pub(crate) const ADMINISTRATORS: &[Role] = &[Role::Administrator];
/// Who answers for the whole.
pub(crate) const LEADS: &[Role] = &[Role::Lead];
/// Who may open a day of a course, if it is one of theirs or they are of the team.
pub(crate) const ON_THE_DAY: &[Role] = &[Role::Facilitator, Role::Coordinator, Role::Lead];
/// Who runs courses.
pub(crate) const FACILITATORS: &[Role] = &[Role::Facilitator];

impl Role {
    /// Every role.
    pub const ALL: [Self; 4] = [
        Self::Facilitator,
        Self::Coordinator,
        Self::Lead,
        Self::Administrator,
    ];

    /// The word in records, on the command line and on pages.
    pub fn name(self) -> &'static str {
        match self {
            Self::Facilitator => "facilitator",
            Self::Coordinator => "coordinator",
            Self::Lead => "lead",
            Self::Administrator => "administrator",
        }
    }

    /// The word with its article.
    pub(crate) fn with_article(self) -> String {
        let article = if self == Self::Administrator { "an" } else { "a" };
        format!("{article} {}", self.name())
    }
}

impl fmt::Display for Role {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl FromStr for Role {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let found = Self::ALL.into_iter().find(|it| it.name() == text);
        found.ok_or_else(|| format!("it is one of {}", Self::ALL.map(Self::name).join(", ")))
    }
}

/// The roles of a person now. A word that this program does not know gives no rights.
pub(crate) async fn of(db: &impl ConnectionTrait, person: PersonId) -> Result<Vec<Role>, Error> {
    let rows = role::Entity::find().filter(role::Column::Person.eq(person));
    let mut roles: Vec<Role> = rows
        .all(db)
        .await?
        .iter()
        .filter_map(|it| it.role.parse().ok())
        .collect();
    roles.sort_unstable();
    Ok(roles)
}

/// Gives a role; given twice it is there once.
pub(crate) async fn give(
    work: &Work,
    person: PersonId,
    role: Role,
    by: Option<PersonId>,
) -> Result<(), Error> {
    let row = role::ActiveModel {
        id: Set(work.fresh_id()),
        person: Set(person),
        role: Set(role.name().to_owned()),
        given_at: Set(work.now()),
        given_by: Set(by),
    };
    let there = OnConflict::columns([role::Column::Person, role::Column::Role])
        .do_nothing()
        .to_owned();
    let given = role::Entity::insert(row)
        .on_conflict(there)
        .exec_without_returning(work.tx())
        .await?;
    if given > 0 {
        work.note(act("role_given", person, role, by));
        tracing::info!(event = "role_given", person = %person.0, role = role.name());
    }
    Ok(())
}

/// Takes a role away; at the next request its rights are gone (T-10).
pub(crate) async fn take(work: &Work, person: PersonId, role: Role, by: PersonId) -> Result<(), Error> {
    let taken = role::Entity::delete_many()
        .filter(role::Column::Person.eq(person))
        .filter(role::Column::Role.eq(role.name()))
        .exec(work.tx())
        .await?;
    if taken.rows_affected > 0 {
        work.note(act("role_taken", person, role, Some(by)));
        tracing::info!(event = "role_taken", person = %person.0, role = role.name());
    }
    Ok(())
}

fn act(what: &'static str, person: PersonId, role: Role, by: Option<PersonId>) -> Act {
    Act {
        doer: by.map_or(Doer::Command, Doer::Member),
        what,
        about: ("role", role.name().to_owned()),
        whose: Some(person),
        reason: None,
    }
}

/// Whether somebody with these roles may give that role and take it away (T-10). Nobody changes their own.
pub(crate) fn may_give(mine: &[Role], role: Role) -> bool {
    match role {
        Role::Facilitator | Role::Coordinator => mine.contains(&Role::Lead),
        Role::Lead | Role::Administrator => mine.contains(&Role::Administrator),
    }
}
