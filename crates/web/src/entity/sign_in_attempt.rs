//! Rows of `sign_in_attempt`.

use ids::Ts;
use sea_orm::entity::prelude::*;

#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "sign_in_attempt")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: Uuid,
    pub address: String,
    pub browser: String,
    pub code_hash: Option<String>,
    pub tries: i32,
    pub state: String,
    pub next: Option<String>,
    pub created_at: Ts,
    pub ends_at: Ts,
}

#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
