//! An address that a person wants to use instead of the one they have, until it is confirmed; and the
//! mails to one address, and the bookings that count as a person's one, found together.

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
            .add_column(text_or_null("new_email"))
            .take();
        manager.alter_table(add).await?;
        // Bookings that stand in the way of others: those of runs to come.
        let coming = index("booking_one_live_run_ix", "booking", &["run"])
            .and_where(Expr::col(name("one_live_course")).is_not_null())
            .take();
        manager.create_index(coming).await?;
        manager
            .create_index(index(
                "outbox_mail_recipient_ix",
                "outbox_mail",
                &["recipient", "kind"],
            ))
            .await
    }
}
