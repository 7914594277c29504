//! Rows of `attendance`.

use ids::{BookingId, PersonId, SessionId, Ts};
use sea_orm::entity::prelude::*;

#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "attendance")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: Uuid,
    pub session: SessionId,
    pub booking: BookingId,
    pub n: i32,
    pub code: String,
    pub minutes: i32,
    pub reason: Option<String>,
    pub by_person: Option<PersonId>,
    pub at: Ts,
}

#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
