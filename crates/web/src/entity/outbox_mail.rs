//! Rows of `outbox_mail`.

use ids::{MailId, Ts};
use sea_orm::entity::prelude::*;

#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "outbox_mail")]
pub struct Model {
    #[sea_orm(primary_key)]
    pub seq: i64,
    pub id: MailId,
    pub kind: String,
    pub about: Uuid,
    pub recipient: String,
    pub occasion: String,
    pub parameters: Json,
    pub created_at: Ts,
    pub due_at: Ts,
    pub next_try_at: Ts,
    pub state: String,
    pub tries: i32,
    pub leased_until: Option<Ts>,
    pub leased_by: Option<Uuid>,
    pub rendered: Option<Vec<u8>>,
    pub settled_at: Option<Ts>,
    pub reason: Option<String>,
}

#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
