//! Rows of `signatory`.

use ids::{PersonId, PlacementId};
use sea_orm::entity::prelude::*;

#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "signatory")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: Uuid,
    pub placement: PlacementId,
    pub person: PersonId,
    pub part: String,
    pub job_title: String,
    pub prepared_on: Option<time::Date>,
    pub conflict: String,
    pub from_on: time::Date,
    pub to_on: Option<time::Date>,
}

#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
