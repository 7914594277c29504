//! Certificates: what was issued, and what became of it.

use sea_orm_migration::prelude::*;

use crate::column::{id, int, json, name, names, table, text, text_or_null, ts, ts_or_null, unique, uuid};

#[derive(DeriveMigrationName)]
pub(crate) struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    fn use_transaction(&self) -> Option<bool> {
        Some(true)
    }

    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let certificates = table(
            "certificate",
            vec![
                id(),
                text("number"),
                uuid("booking"),
                int("n"),
                text("name"),
                json("snapshot"),
                ts("issued_at"),
                text("state"),
                ts_or_null("ended_at"),
                text_or_null("reason"),
            ],
        )
        .foreign_key(&mut names("certificate", "booking", "booking"))
        .check(Expr::cust("state in ('issued', 'replaced', 'withdrawn')"))
        .check(Expr::cust("(state = 'issued') = (ended_at is null)"))
        .take();
        manager.create_table(certificates).await?;
        manager
            .create_index(unique("certificate_number_uq", "certificate", &["number"]))
            .await?;
        manager
            .create_index(unique("certificate_n_uq", "certificate", &["booking", "n"]))
            .await?;
        // INV-17: at most one stands.
        let one_stands = unique("certificate_issued_uq", "certificate", &["booking"])
            .and_where(Expr::col(name("state")).eq("issued"))
            .take();
        manager.create_index(one_stands).await
    }
}
