//! Rows of `sign_in`.

use ids::{PersonId, Ts};
use sea_orm::entity::prelude::*;

#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "sign_in")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: Uuid,
    pub person: PersonId,
    pub handle_hash: String,
    pub level: String,
    pub browser: String,
    pub browser_words: String,
    pub next: Option<String>,
    pub began_at: Ts,
    pub seen_at: Ts,
    pub completed_at: Option<Ts>,
    pub step_up_at: Option<Ts>,
    pub wrong: i32,
    pub wrong_since: Option<Ts>,
    pub ended_at: Option<Ts>,
    pub ended_why: Option<String>,
}

#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
