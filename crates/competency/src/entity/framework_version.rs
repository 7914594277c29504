//! Rows of `framework_version`.

use ids::{FrameworkId, FrameworkVersionId, Ts};
use sea_orm::entity::prelude::*;

#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "framework_version")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: FrameworkVersionId,
    pub framework: FrameworkId,
    pub number: i32,
    pub version: String,
    pub state: String,
    pub title: String,
    pub licence: String,
    pub attribution: String,
    pub sha256: String,
    pub made_at: Ts,
    pub published_at: Option<Ts>,
}

#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
