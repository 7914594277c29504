//! Looking back at a course together, with at least one peer.

use sea_orm_migration::prelude::*;

use crate::column::{date, id, index, int, names, table, text, ts, uuid};

#[derive(DeriveMigrationName)]
pub(crate) struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    fn use_transaction(&self) -> Option<bool> {
        Some(true)
    }

    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let reviews = table(
            "course_review",
            vec![
                id(),
                uuid("run"),
                date("held_on"),
                int("peers"),
                int("others"),
                text("worked"),
                text("to_change"),
                text("you_said_we_did"),
                uuid("by_person"),
                ts("at"),
            ],
        )
        .foreign_key(&mut names("course_review", "run", "run"))
        .foreign_key(&mut names("course_review", "by_person", "person"))
        .check(Expr::cust("peers >= 1"))
        .check(Expr::cust("others >= 0"))
        .take();
        manager.create_table(reviews).await?;
        manager
            .create_index(index("course_review_run_ix", "course_review", &["run"]))
            .await
    }
}
