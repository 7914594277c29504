//! Rows of `booklet`.

use ids::{BookletId, PersonId, TemplateId, Ts};
use sea_orm::entity::prelude::*;

#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "booklet")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: BookletId,
    pub trainee: PersonId,
    pub template: TemplateId,
    pub state: String,
    pub due_on: time::Date,
    pub agreed_at: Option<Ts>,
}

#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
