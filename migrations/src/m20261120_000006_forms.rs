//! Forms on their way, operations done, the new-dates list, and equality counters.

use sea_orm_migration::prelude::*;

use crate::column::{
    id, index, int, json, name, names, table, text, text_or_null, ts, ts_or_null, unique, uuid, uuid_or_null,
    yes_no,
};

#[derive(DeriveMigrationName)]
pub(crate) struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    fn use_transaction(&self) -> Option<bool> {
        Some(true)
    }

    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        manager
            .create_table(
                table(
                    "draft",
                    vec![
                        id(),
                        uuid("run"),
                        text("kind"),
                        json("answers"),
                        ts("created_at"),
                        ts("ends_at"),
                        yes_no("saved"),
                        uuid_or_null("booking"),
                        text_or_null("outcome"),
                    ],
                )
                .foreign_key(&mut names("draft", "run", "run"))
                .check(Expr::cust("kind in ('book', 'wait')"))
                .take(),
            )
            .await?;
        manager
            .create_index(index("draft_ends_at_ix", "draft", &["ends_at"]))
            .await?;

        let op = ColumnDef::new(name("op")).text().not_null().primary_key().take();
        manager
            .create_table(table(
                "operation",
                vec![op, text("digest"), text("result"), ts("at")],
            ))
            .await?;
        manager
            .create_index(index("operation_at_ix", "operation", &["at"]))
            .await?;

        manager
            .create_table(
                table(
                    "interest_registration",
                    vec![
                        id(),
                        uuid("course"),
                        text_or_null("email"),
                        text_or_null("phone"),
                        ts_or_null("proven_at"),
                        ts("since"),
                        ts_or_null("ended_at"),
                    ],
                )
                .foreign_key(&mut names("interest_registration", "course", "course"))
                .check(Expr::cust("email is not null or phone is not null"))
                .take(),
            )
            .await?;
        manager
            .create_index(unique(
                "interest_registration_email_uq",
                "interest_registration",
                &["course", "email"],
            ))
            .await?;

        manager
            .create_table(
                table(
                    "equality_counter",
                    vec![
                        id(),
                        text("quarter"),
                        uuid("course"),
                        text("question"),
                        text("answer"),
                        int("count"),
                    ],
                )
                .foreign_key(&mut names("equality_counter", "course", "course"))
                .take(),
            )
            .await?;
        manager
            .create_index(unique(
                "equality_counter_uq",
                "equality_counter",
                &["quarter", "course", "question", "answer"],
            ))
            .await
    }
}
