//! Whom a facilitator lets into day 2 although they missed day 1, and why.

use sea_orm_migration::prelude::*;

use crate::column::{id, names, only_ever_added, table, text, ts, unique, uuid};

#[derive(DeriveMigrationName)]
pub(crate) struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    fn use_transaction(&self) -> Option<bool> {
        Some(true)
    }

    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let let_in = table(
            "let_in",
            vec![
                id(),
                uuid("session"),
                uuid("booking"),
                text("reason"),
                uuid("by_person"),
                ts("at"),
            ],
        )
        .foreign_key(&mut names("let_in", "session", "session"))
        .foreign_key(&mut names("let_in", "booking", "booking"))
        .foreign_key(&mut names("let_in", "by_person", "person"))
        .take();
        manager.create_table(let_in).await?;
        manager
            .create_index(unique("let_in_uq", "let_in", &["session", "booking"]))
            .await?;
        only_ever_added(manager, "let_in").await
    }
}
