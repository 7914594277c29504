//! Rows of `competency`.

use ids::{AreaId, CompetencyId, FrameworkVersionId};
use sea_orm::entity::prelude::*;

#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "competency")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: CompetencyId,
    pub framework_version: FrameworkVersionId,
    pub area: AreaId,
    pub code: String,
    pub title: String,
    pub guidance: String,
    pub ord: i32,
    pub optional_group: Option<String>,
    pub requires_observation: bool,
    pub min_evidence: i32,
    pub min_distinct_dates: i32,
    pub allowed_kinds: Json,
    pub tags: Json,
    pub sha256: String,
}

#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
