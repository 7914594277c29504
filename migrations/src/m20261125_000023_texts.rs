//! Texts that the team edits, each as it was after every change.

use sea_orm_migration::prelude::*;

use crate::column::{id, int, names, table, text, text_or_null, ts, unique, uuid};

#[derive(DeriveMigrationName)]
pub(crate) struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    fn use_transaction(&self) -> Option<bool> {
        Some(true)
    }

    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let versions = table(
            "text_version",
            vec![
                id(),
                text("key"),
                int("n"),
                // Nothing: the first text again.
                text_or_null("source"),
                ts("at"),
                uuid("by_person"),
            ],
        )
        .foreign_key(&mut names("text_version", "by_person", "person"))
        .check(Expr::cust("n >= 1"))
        .take();
        manager.create_table(versions).await?;
        manager
            .create_index(unique("text_version_n_uq", "text_version", &["key", "n"]))
            .await
    }
}
