//! A version of a course has a title of its own until it gives it to the course, and a name under its
//! approval.

use sea_orm_migration::prelude::*;

use crate::column::{name, text_or_null, uuid_or_null};

#[derive(DeriveMigrationName)]
pub(crate) struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    fn use_transaction(&self) -> Option<bool> {
        Some(true)
    }

    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        for mut column in [text_or_null("title"), uuid_or_null("approved_by")] {
            let table = Table::alter()
                .table(name("course_version"))
                .add_column(&mut column)
                .take();
            manager.alter_table(table).await?;
        }
        Ok(())
    }
}
