//! Rows of `placement`.

use ids::{PersonId, PlacementId, TeamId};
use sea_orm::entity::prelude::*;

#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "placement")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: PlacementId,
    pub trainee: PersonId,
    pub team: TeamId,
    pub starts_on: time::Date,
    pub planned_end: time::Date,
    pub ended_on: Option<time::Date>,
}

#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
