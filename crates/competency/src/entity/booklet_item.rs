//! Rows of `booklet_item`.

use ids::{BookletId, CompetencyId, ItemId};
use sea_orm::entity::prelude::*;

#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "booklet_item")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: ItemId,
    pub booklet: BookletId,
    pub competency: CompetencyId,
    pub state: String,
    pub attempt: i32,
    pub self_rating: Option<i32>,
    pub rating: Option<i32>,
    pub lock_version: i32,
}

#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
