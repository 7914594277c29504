//! People, and who facilitates a run.

use sea_orm_migration::prelude::*;

use crate::column::{
    id, index, names, table, text, text_or_null, ts, ts_or_null, unique, uuid, uuid_or_null, yes_no,
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
                    "person",
                    vec![
                        id(),
                        text("full_name"),
                        text_or_null("called_name"),
                        text_or_null("certificate_name"),
                        text_or_null("pronouns"),
                        text_or_null("email"),
                        ts_or_null("email_proven_at"),
                        yes_no("email_bad"),
                        text_or_null("phone"),
                        text_or_null("post_address"),
                        text("prefers"),
                        text("info_format"),
                        uuid_or_null("merged_into"),
                        ts("created_at"),
                    ],
                )
                .foreign_key(&mut names("person", "merged_into", "person"))
                .check(Expr::cust("prefers in ('email', 'phone', 'post')"))
                .check(Expr::cust(
                    "info_format in ('standard', 'large_print', 'easy_read', 'audio', 'other')",
                ))
                .check(Expr::cust(
                    "email is not null or phone is not null or post_address is not null",
                ))
                .take(),
            )
            .await?;
        manager
            .create_index(index("person_email_ix", "person", &["email"]))
            .await?;
        manager
            .create_index(index("person_phone_ix", "person", &["phone"]))
            .await?;
        manager
            .create_table(
                table(
                    "facilitator",
                    vec![
                        id(),
                        uuid("run"),
                        uuid("person"),
                        text("part"),
                        ts_or_null("confirmed_at"),
                    ],
                )
                .foreign_key(&mut names("facilitator", "run", "run"))
                .foreign_key(&mut names("facilitator", "person", "person"))
                .check(Expr::cust("part in ('peer_trainer', 'other')"))
                .take(),
            )
            .await?;
        manager
            .create_index(unique("facilitator_person_uq", "facilitator", &["run", "person"]))
            .await
    }
}
