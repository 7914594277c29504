//! Feedback about courses as sums: no row names a booking, a person or a time.

use sea_orm_migration::prelude::*;

use crate::column::{id, json, name, names, table, text, unique, uuid};

#[derive(DeriveMigrationName)]
pub(crate) struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    fn use_transaction(&self) -> Option<bool> {
        Some(true)
    }

    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let sums = table(
            "evaluation",
            vec![id(), uuid("run"), text("phase"), json("tally")],
        )
        .foreign_key(&mut names("evaluation", "run", "run"))
        .check(Expr::cust("phase in ('before', 'after')"))
        .take();
        manager.create_table(sums).await?;
        manager
            .create_index(unique("evaluation_uq", "evaluation", &["run", "phase"]))
            .await?;
        // As `evaluation_answered` after the course: whether the questions before it were answered.
        let mut answered = ColumnDef::new(name("confidence_answered"))
            .boolean()
            .not_null()
            .default(false)
            .take();
        let booking = Table::alter()
            .table(name("booking"))
            .add_column(&mut answered)
            .take();
        manager.alter_table(booking).await
    }
}
