//! Rows of `booking`.

use ids::{BookingId, CourseId, PersonId, RunId, Ts};
use sea_orm::entity::prelude::*;

#[expect(
    clippy::struct_excessive_bools,
    reason = "as stored: each is a question somebody answered yes or no"
)]
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "booking")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: BookingId,
    pub reference: String,
    pub run: RunId,
    pub person: PersonId,
    pub state: String,
    pub until: Option<Ts>,
    pub cancelled_by: Option<String>,
    pub moved_to: Option<BookingId>,
    pub one_live_course: Option<CourseId>,
    pub source: String,
    pub joined_seq: Option<i64>,
    pub priority: bool,
    pub asked_round: i32,
    pub paused: bool,
    pub window_minutes: Option<i32>,
    pub clock_from: Option<Ts>,
    pub agreement_version: String,
    pub privacy_version: String,
    pub over_18: bool,
    pub hopes: Option<String>,
    pub call_wanted: bool,
    pub booked_by: Option<String>,
    pub booked_by_contact: Option<String>,
    pub copy_permission: bool,
    pub evaluation_answered: bool,
    pub confidence_answered: bool,
    pub created_at: Ts,
}

#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
