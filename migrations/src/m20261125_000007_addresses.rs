//! An address that a person wants to use instead of the one they have, until it is confirmed; and the
//! mails to one address, found together.

use sea_orm_migration::prelude::*;

use crate::column::{index, name, text_or_null};

#[derive(DeriveMigrationName)]
pub(crate) struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    fn use_transaction(&self) -> Option<bool> {
        Some(true)
    }

    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let add = Table::alter()
            .table(name("person"))
            .add_column(&mut text_or_null("new_email"))
            .take();
        manager.alter_table(add).await?;
        manager
            .create_index(index(
                "outbox_mail_recipient_ix",
                "outbox_mail",
                &["recipient", "kind"],
            ))
            .await
    }
}
