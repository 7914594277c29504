//! Rows of `person`.

use ids::{PersonId, Ts};
use sea_orm::entity::prelude::*;

#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "person")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: PersonId,
    pub full_name: String,
    pub called_name: Option<String>,
    pub certificate_name: Option<String>,
    pub pronouns: Option<String>,
    pub email: Option<String>,
    pub email_proven_at: Option<Ts>,
    pub email_bad: bool,
    /// Wanted instead of `email`, and not confirmed yet (T-26).
    pub new_email: Option<String>,
    pub phone: Option<String>,
    pub post_address: Option<String>,
    pub prefers: String,
    pub info_format: String,
    pub merged_into: Option<PersonId>,
    pub created_at: Ts,
}

#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
