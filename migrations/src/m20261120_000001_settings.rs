//! Named settings, working days, and marks that outlive a restart.

use sea_orm_migration::prelude::*;

use crate::column::{name, table, text};

#[derive(DeriveMigrationName)]
pub(crate) struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    fn use_transaction(&self) -> Option<bool> {
        Some(true)
    }

    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let key = || {
            ColumnDef::new(name("name"))
                .text()
                .not_null()
                .primary_key()
                .take()
        };
        manager
            .create_table(table("setting", vec![key(), text("value")]))
            .await?;
        manager
            .create_table(table("mark", vec![key(), text("value")]))
            .await?;
        let day = ColumnDef::new(name("day")).date().not_null().primary_key().take();
        manager
            .create_table(table("bank_holiday", vec![day, text("name")]))
            .await?;
        Ok(())
    }
}
