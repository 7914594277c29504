//! Rows of `draft`.

use ids::{BookingId, RunId, Ts};
use sea_orm::entity::prelude::*;

#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "draft")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: Uuid,
    pub run: RunId,
    pub kind: String,
    pub answers: Json,
    pub created_at: Ts,
    pub ends_at: Ts,
    pub saved: bool,
    pub booking: Option<BookingId>,
    pub outcome: Option<String>,
}

#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
