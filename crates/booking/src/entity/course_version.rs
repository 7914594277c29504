//! Rows of `course_version`.

use ids::{CourseId, CourseVersionId, PersonId};
use sea_orm::entity::prelude::*;

#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "course_version")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: CourseVersionId,
    pub course: CourseId,
    pub number: i32,
    pub state: String,
    pub summary: String,
    pub methods: Json,
    pub outcomes: Json,
    pub topics: Json,
    pub planned_minutes: i32,
    pub sessions_required: Option<i32>,
    pub different_days: bool,
    pub authors_note: String,
    pub extras: Json,
    pub approved_on: Option<time::Date>,
    pub review_due: Option<time::Date>,
    pub title: Option<String>,
    pub approved_by: Option<PersonId>,
}

#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
