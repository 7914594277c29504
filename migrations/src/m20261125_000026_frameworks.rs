//! Frameworks: areas and competencies, version by version.

use sea_orm_migration::prelude::*;

use crate::column::{id, int, json, names, table, text, text_or_null, ts, ts_or_null, unique, uuid, yes_no};

#[derive(DeriveMigrationName)]
pub(crate) struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    fn use_transaction(&self) -> Option<bool> {
        Some(true)
    }

    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        manager
            .create_table(table("framework", vec![id(), text("code")]))
            .await?;
        manager.create_table(framework_version()).await?;
        manager.create_table(area()).await?;
        manager.create_table(competency()).await?;
        for it in [
            unique("framework_code_uq", "framework", &["code"]),
            unique(
                "framework_version_version_uq",
                "framework_version",
                &["framework", "version"],
            ),
            unique(
                "framework_version_number_uq",
                "framework_version",
                &["framework", "number"],
            ),
            unique("area_code_uq", "area", &["framework_version", "code"]),
            unique("area_ord_uq", "area", &["framework_version", "ord"]),
            unique("competency_code_uq", "competency", &["framework_version", "code"]),
            unique("competency_ord_uq", "competency", &["area", "ord"]),
        ] {
            manager.create_index(it).await?;
        }
        Ok(())
    }
}

fn framework_version() -> TableCreateStatement {
    table(
        "framework_version",
        vec![
            id(),
            uuid("framework"),
            int("number"),
            text("version"),
            text("state"),
            text("title"),
            text("licence"),
            text("attribution"),
            text("sha256"),
            ts("made_at"),
            ts_or_null("published_at"),
        ],
    )
    .foreign_key(&mut names("framework_version", "framework", "framework"))
    .check(Expr::cust("state in ('draft', 'published', 'retired')"))
    .check(Expr::cust("(state = 'draft') = (published_at is null)"))
    .check(Expr::cust("length(sha256) = 64"))
    .take()
}

fn area() -> TableCreateStatement {
    table(
        "area",
        vec![
            id(),
            uuid("framework_version"),
            text("code"),
            text("title"),
            int("ord"),
        ],
    )
    .foreign_key(&mut names("area", "framework_version", "framework_version"))
    .take()
}

fn competency() -> TableCreateStatement {
    table(
        "competency",
        vec![
            id(),
            uuid("framework_version"),
            uuid("area"),
            text("code"),
            text("title"),
            text("guidance"),
            int("ord"),
            text_or_null("optional_group"),
            yes_no("requires_observation"),
            int("min_evidence"),
            int("min_distinct_dates"),
            json("allowed_kinds"),
            json("tags"),
            text("sha256"),
        ],
    )
    .foreign_key(&mut names("competency", "framework_version", "framework_version"))
    .foreign_key(&mut names("competency", "area", "area"))
    .check(Expr::cust("min_evidence >= 1 and min_distinct_dates >= 1"))
    .check(Expr::cust("length(sha256) = 64"))
    .take()
}
