//! Rows of `run`.

use ids::{CourseId, CourseVersionId, PersonId, RunId, Ts};
use sea_orm::entity::prelude::*;

#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "run")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: RunId,
    pub course: CourseId,
    pub course_version: CourseVersionId,
    pub slug: String,
    pub label: String,
    pub state: String,
    pub capacity: i32,
    pub min_numbers: i32,
    pub delivery: String,
    pub venue: Option<String>,
    pub join_url: Option<String>,
    pub opens_at: Ts,
    pub closes_at: Ts,
    pub waiting_list: bool,
    pub offers_paused: bool,
    pub rev: i64,
    pub round: i32,
    pub next_seq: i64,
    pub change_no: i32,
    pub capacity_lowered_rev: Option<i64>,
    pub minutes_ack_by: Option<PersonId>,
    pub facilitators_override: Option<String>,
    pub cancel_reason: Option<String>,
    pub cancelled_at: Option<Ts>,
    pub before_change: Json,
}

#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
