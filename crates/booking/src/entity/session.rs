//! Rows of `session`.

use ids::{RunId, SessionId, Ts};
use sea_orm::entity::prelude::*;

#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "session")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: SessionId,
    pub run: RunId,
    pub idx: i32,
    pub local_date: time::Date,
    pub local_start: time::Time,
    pub local_end: time::Time,
    pub starts_at: Ts,
    pub ends_at: Ts,
    pub break_minutes: i32,
}

#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
