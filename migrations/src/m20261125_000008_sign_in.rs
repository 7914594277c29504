//! Who may log in, with what, and where they are logged in.

use sea_orm_migration::prelude::*;

use crate::column::{
    bigint_or_null, id, index, int, json, name, names, table, text, text_or_null, ts, ts_or_null, unique,
    uuid, uuid_or_null,
};

#[derive(DeriveMigrationName)]
pub(crate) struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    fn use_transaction(&self) -> Option<bool> {
        Some(true)
    }

    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        people(manager).await?;
        asking(manager).await?;
        logged_in(manager).await
    }
}

/// Accounts, what their owners may do, and what they log in with.
async fn people(manager: &SchemaManager<'_>) -> Result<(), DbErr> {
    let person = ColumnDef::new(name("person"))
        .uuid()
        .not_null()
        .primary_key()
        .take();
    let account = table(
        "account",
        vec![
            person,
            text("email"),
            ts("invited_at"),
            ts_or_null("accepted_at"),
            ts_or_null("closed_at"),
        ],
    )
    .foreign_key(&mut names("account", "person", "person"))
    .take();
    manager.create_table(account).await?;
    manager
        .create_index(unique("account_email_uq", "account", &["email"]))
        .await?;

    let role = table(
        "role",
        vec![
            id(),
            uuid("person"),
            text("role"),
            ts("given_at"),
            uuid_or_null("given_by"),
        ],
    )
    .foreign_key(&mut names("role", "person", "person"))
    .foreign_key(&mut names("role", "given_by", "person"))
    .check(Expr::cust(
        "role in ('facilitator', 'supervisor', 'assessor', 'coordinator', 'lead', 'administrator')",
    ))
    .take();
    manager.create_table(role).await?;
    manager
        .create_index(unique("role_person_uq", "role", &["person", "role"]))
        .await?;

    // One row for each thing to log in with; what a kind needs is in its data.
    let factor = table(
        "factor",
        vec![
            id(),
            uuid("person"),
            text("kind"),
            json("data"),
            bigint_or_null("last_step"),
            ts("created_at"),
            ts_or_null("spent_at"),
        ],
    )
    .foreign_key(&mut names("factor", "person", "person"))
    .take();
    manager.create_table(factor).await?;
    manager
        .create_index(index("factor_person_ix", "factor", &["person", "kind"]))
        .await?;
    let one_app = unique("factor_one_totp_uq", "factor", &["person"])
        .and_where(Expr::cust("kind = 'totp' and spent_at is null"))
        .take();
    manager.create_index(one_app).await
}

/// Codes that somebody asked for.
async fn asking(manager: &SchemaManager<'_>) -> Result<(), DbErr> {
    let attempt = table(
        "sign_in_attempt",
        vec![
            id(),
            text("address"),
            text("browser"),
            text_or_null("code_hash"),
            int("tries"),
            text("state"),
            text_or_null("next"),
            ts("created_at"),
            ts("ends_at"),
        ],
    )
    .check(Expr::cust("state in ('open', 'used', 'replaced', 'spent')"))
    .take();
    manager.create_table(attempt).await?;
    manager
        .create_index(index(
            "sign_in_attempt_browser_ix",
            "sign_in_attempt",
            &["browser"],
        ))
        .await?;
    manager
        .create_index(index(
            "sign_in_attempt_address_ix",
            "sign_in_attempt",
            &["address"],
        ))
        .await
}

/// Where people are logged in, and forms that came after the end of that.
async fn logged_in(manager: &SchemaManager<'_>) -> Result<(), DbErr> {
    let sign_in = table(
        "sign_in",
        vec![
            id(),
            uuid("person"),
            text("handle_hash"),
            text("level"),
            text("browser"),
            text("browser_words"),
            text_or_null("next"),
            ts("began_at"),
            ts("seen_at"),
            ts_or_null("completed_at"),
            ts_or_null("step_up_at"),
            int("wrong"),
            ts_or_null("wrong_since"),
            ts_or_null("ended_at"),
            text_or_null("ended_why"),
        ],
    )
    .foreign_key(&mut names("sign_in", "person", "person"))
    .check(Expr::cust("level in ('address', 'second')"))
    .take();
    manager.create_table(sign_in).await?;
    manager
        .create_index(unique("sign_in_handle_uq", "sign_in", &["handle_hash"]))
        .await?;
    manager
        .create_index(index("sign_in_person_ix", "sign_in", &["person"]))
        .await?;

    let stash = table(
        "stash",
        vec![
            id(),
            uuid("person"),
            text("path"),
            text("sealed"),
            ts("created_at"),
            ts("ends_at"),
        ],
    )
    .foreign_key(&mut names("stash", "person", "person"))
    .take();
    manager.create_table(stash).await?;
    manager
        .create_index(index("stash_person_ix", "stash", &["person"]))
        .await
}
