//! Who did what to which record, for ever: each row names the one before it by its hash (T-46).

use sea_orm_migration::prelude::*;

use crate::column::{
    bigint, id, index, only_ever_added, table, text, text_or_null, ts, unique, uuid_or_null,
};

#[derive(DeriveMigrationName)]
pub(crate) struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    fn use_transaction(&self) -> Option<bool> {
        Some(true)
    }

    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        // No foreign keys: a row outlives what it is about.
        let audit = table(
            "audit",
            vec![
                id(),
                bigint("n"),
                ts("at"),
                text("doer"),
                uuid_or_null("who"),
                text("roles"),
                text("act"),
                text("kind"),
                text("about"),
                uuid_or_null("whose"),
                text_or_null("reason"),
                text_or_null("request"),
                text("hash"),
            ],
        );
        manager.create_table(audit).await?;
        manager
            .create_index(unique("audit_n_uq", "audit", &["n"]))
            .await?;
        manager
            .create_index(index("audit_whose_ix", "audit", &["whose", "n"]))
            .await?;
        manager
            .create_index(index("audit_about_ix", "audit", &["about", "n"]))
            .await?;
        only_ever_added(manager, "audit").await
    }
}
