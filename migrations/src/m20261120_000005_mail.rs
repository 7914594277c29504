//! Mail to be sent, calendar entries sent before, tasks for people, and links in mail.

use sea_orm_migration::prelude::*;

use crate::column::{
    bytes_or_null, id, index, int, json, name, names, table, text, text_or_null, ts, ts_or_null, unique,
    uuid, uuid_or_null, yes_no,
};

#[derive(DeriveMigrationName)]
pub(crate) struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    fn use_transaction(&self) -> Option<bool> {
        Some(true)
    }

    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        manager.create_table(outbox_mail()).await?;
        manager
            .create_index(unique("outbox_mail_id_uq", "outbox_mail", &["id"]))
            .await?;
        manager
            .create_index(unique(
                "outbox_mail_occasion_uq",
                "outbox_mail",
                &["kind", "about", "recipient", "occasion"],
            ))
            .await?;
        manager
            .create_index(index("outbox_mail_due_ix", "outbox_mail", &["state", "due_at"]))
            .await?;
        manager
            .create_index(index("outbox_mail_about_ix", "outbox_mail", &["about"]))
            .await?;

        manager
            .create_table(
                table(
                    "calendar_entry",
                    vec![
                        id(),
                        uuid("booking"),
                        uuid("session"),
                        text("uid"),
                        int("sequence"),
                        text("last_method"),
                    ],
                )
                .foreign_key(&mut names("calendar_entry", "booking", "booking"))
                .foreign_key(&mut names("calendar_entry", "session", "session"))
                .check(Expr::cust("last_method in ('request', 'cancel')"))
                .take(),
            )
            .await?;
        manager
            .create_index(unique(
                "calendar_entry_uq",
                "calendar_entry",
                &["booking", "session"],
            ))
            .await?;
        manager
            .create_index(unique("calendar_entry_uid_uq", "calendar_entry", &["uid"]))
            .await?;

        manager.create_table(team_task()).await?;
        manager
            .create_index(unique(
                "team_task_occasion_uq",
                "team_task",
                &["kind", "about", "occasion"],
            ))
            .await?;
        manager
            .create_index(index("team_task_state_ix", "team_task", &["state", "due"]))
            .await?;

        manager
            .create_table(
                table(
                    "link",
                    vec![
                        id(),
                        text("purpose"),
                        uuid("about"),
                        int("generation"),
                        text("token_hash"),
                        text("state"),
                        ts_or_null("ends_at"),
                    ],
                )
                .check(Expr::cust("state in ('live', 'used', 'renewed', 'corrected')"))
                .take(),
            )
            .await?;
        manager
            .create_index(unique("link_token_hash_uq", "link", &["token_hash"]))
            .await?;
        manager
            .create_index(unique(
                "link_generation_uq",
                "link",
                &["purpose", "about", "generation"],
            ))
            .await
    }
}

fn outbox_mail() -> TableCreateStatement {
    // Numbered as written: the mails of one booking leave in this order (B-100).
    let seq = ColumnDef::new(name("seq"))
        .big_integer()
        .not_null()
        .auto_increment()
        .primary_key()
        .take();
    table(
        "outbox_mail",
        vec![
            seq,
            uuid("id"),
            text("kind"),
            uuid("about"),
            text("recipient"),
            text("occasion"),
            json("parameters"),
            ts("created_at"),
            ts("due_at"),
            ts("next_try_at"),
            text("state"),
            int("tries"),
            ts_or_null("leased_until"),
            uuid_or_null("leased_by"),
            bytes_or_null("rendered"),
            ts_or_null("settled_at"),
            text_or_null("reason"),
        ],
    )
    .check(Expr::cust(
        "state in ('queued', 'sending', 'sent', 'failed', 'suppressed')",
    ))
    .check(Expr::cust("(state = 'sending') = (leased_until is not null)"))
    .check(Expr::cust(
        "(state in ('sent', 'failed', 'suppressed')) = (settled_at is not null)",
    ))
    .check(Expr::cust(
        "state not in ('failed', 'suppressed') or reason is not null",
    ))
    .take()
}

fn team_task() -> TableCreateStatement {
    table(
        "team_task",
        vec![
            id(),
            text("kind"),
            uuid("about"),
            text("occasion"),
            ts("created_at"),
            ts("due"),
            yes_no("urgent"),
            uuid_or_null("assignee"),
            text("state"),
            text_or_null("outcome"),
            text_or_null("note"),
        ],
    )
    .check(Expr::cust("state in ('open', 'done', 'cancelled')"))
    .take()
}
