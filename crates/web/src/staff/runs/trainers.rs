//! Who may teach: people of the team with the facilitator's part, and who teaches these dates already.

use booking::plan::Plan;
use ids::PersonId;
use sea_orm::{ColumnTrait, EntityTrait, QueryFilter};
use serde::Serialize;

use super::one::people;
use crate::app::App;
use crate::entity::{account, role};
use crate::error::Error;
use crate::sign_in::role::Role;

/// One of them, as a choice.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub(super) struct Trainer {
    pub value: String,
    pub text: String,
}

/// Everybody who can be chosen, by name; the first choice is nobody.
pub(super) async fn choices(app: &App, plan: Option<&Plan>) -> Result<Vec<Trainer>, Error> {
    let known = known(app, plan).await?;
    let mut trainers: Vec<Trainer> = people(app, known)
        .await?
        .into_iter()
        .map(|(id, it)| Trainer {
            value: id.to_string(),
            text: it.full_name,
        })
        .collect();
    trainers.sort_by(|a, b| (&a.text, &a.value).cmp(&(&b.text, &b.value)));
    let nobody = Trainer {
        value: String::new(),
        text: "Nobody yet".to_owned(),
    };
    trainers.insert(0, nobody);
    Ok(trainers)
}

/// Their ids.
pub(super) async fn known(app: &App, plan: Option<&Plan>) -> Result<Vec<PersonId>, Error> {
    let with_role = role::Entity::find()
        .filter(role::Column::Role.eq(Role::Facilitator.name()))
        .all(app.reader())
        .await?;
    let open = account::Entity::find()
        .filter(account::Column::ClosedAt.is_null())
        .filter(account::Column::Person.is_in(with_role.iter().map(|it| it.person)))
        .all(app.reader())
        .await?;
    let mut known: Vec<PersonId> = open.into_iter().map(|it| it.person).collect();
    known.extend(
        plan.into_iter()
            .flat_map(|it| &it.facilitators)
            .map(|it| it.person),
    );
    known.sort_unstable();
    known.dedup();
    Ok(known)
}
