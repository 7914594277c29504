//! Rows of `course_review`.

use ids::{PersonId, RunId, Ts};
use sea_orm::entity::prelude::*;

#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "course_review")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: Uuid,
    pub run: RunId,
    pub held_on: time::Date,
    pub peers: i32,
    pub others: i32,
    pub worked: String,
    pub to_change: String,
    pub you_said_we_did: String,
    pub by_person: PersonId,
    pub at: Ts,
}

#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
