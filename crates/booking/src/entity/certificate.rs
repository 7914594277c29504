//! Rows of `certificate`.

use ids::{BookingId, Ts};
use sea_orm::entity::prelude::*;

#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "certificate")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: Uuid,
    pub number: String,
    pub booking: BookingId,
    pub n: i32,
    pub name: String,
    pub snapshot: Json,
    pub issued_at: Ts,
    pub state: String,
    pub ended_at: Option<Ts>,
    pub reason: Option<String>,
}

#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
