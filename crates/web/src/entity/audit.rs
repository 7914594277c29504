//! Rows of `audit`.

use ids::{PersonId, Ts};
use sea_orm::entity::prelude::*;

#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "audit")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: Uuid,
    pub n: i64,
    pub at: Ts,
    pub doer: String,
    pub who: Option<PersonId>,
    pub roles: String,
    pub act: String,
    pub kind: String,
    pub about: String,
    pub whose: Option<PersonId>,
    pub reason: Option<String>,
    pub request: Option<String>,
    pub hash: String,
}

#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
