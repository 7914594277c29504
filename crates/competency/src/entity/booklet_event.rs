//! Rows of `booklet_event`.

use ids::{BookletId, Ts};
use sea_orm::entity::prelude::*;

#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "booklet_event")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: Uuid,
    pub booklet: BookletId,
    pub seq: i64,
    pub op: String,
    pub kind: String,
    pub at: Ts,
    pub event: Json,
    pub h: String,
    pub kid: String,
    pub sig: String,
}

#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
