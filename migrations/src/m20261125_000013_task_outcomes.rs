//! What came of each try to do a task: who tried, when, and how it went.

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
        let outcomes = table(
            "task_outcome",
            vec![
                id(),
                uuid("task"),
                int("n"),
                ts("at"),
                uuid("by_person"),
                text("outcome"),
                text_or_null("note"),
            ],
        )
        .foreign_key(&mut names("task_outcome", "task", "team_task"))
        .foreign_key(&mut names("task_outcome", "by_person", "person"))
        .check(Expr::cust(
            "outcome in ('reached', 'left_message', 'no_answer', 'not_wanted', 'concern_passed_on')",
        ))
        // A worry about somebody's safety is passed on, and not written down here (T-02).
        .check(Expr::cust("outcome <> 'concern_passed_on' or note is null"))
        .check(Expr::cust("n >= 1"))
        .take();
        manager.create_table(outcomes).await?;
        manager
            .create_index(unique("task_outcome_n_uq", "task_outcome", &["task", "n"]))
            .await
    }
}
