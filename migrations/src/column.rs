//! Columns as every table here has them.

use sea_orm_migration::prelude::*;

/// A name of a table, column or index.
pub(crate) fn name(it: &'static str) -> Alias {
    Alias::new(it)
}

/// The primary key.
pub(crate) fn id() -> ColumnDef {
    ColumnDef::new(name("id")).uuid().not_null().primary_key().take()
}

pub(crate) fn uuid(it: &'static str) -> ColumnDef {
    ColumnDef::new(name(it)).uuid().not_null().take()
}

pub(crate) fn uuid_or_null(it: &'static str) -> ColumnDef {
    ColumnDef::new(name(it)).uuid().null().take()
}

pub(crate) fn text(it: &'static str) -> ColumnDef {
    ColumnDef::new(name(it)).text().not_null().take()
}

pub(crate) fn text_or_null(it: &'static str) -> ColumnDef {
    ColumnDef::new(name(it)).text().null().take()
}

pub(crate) fn int(it: &'static str) -> ColumnDef {
    ColumnDef::new(name(it)).integer().not_null().take()
}

pub(crate) fn int_or_null(it: &'static str) -> ColumnDef {
    ColumnDef::new(name(it)).integer().null().take()
}

pub(crate) fn bigint(it: &'static str) -> ColumnDef {
    ColumnDef::new(name(it)).big_integer().not_null().take()
}

pub(crate) fn bigint_or_null(it: &'static str) -> ColumnDef {
    ColumnDef::new(name(it)).big_integer().null().take()
}

pub(crate) fn yes_no(it: &'static str) -> ColumnDef {
    ColumnDef::new(name(it)).boolean().not_null().take()
}

/// A moment: UTC, whole seconds.
pub(crate) fn ts(it: &'static str) -> ColumnDef {
    ColumnDef::new(name(it))
        .timestamp_with_time_zone()
        .not_null()
        .take()
}

pub(crate) fn ts_or_null(it: &'static str) -> ColumnDef {
    ColumnDef::new(name(it)).timestamp_with_time_zone().null().take()
}

/// A local date.
pub(crate) fn date(it: &'static str) -> ColumnDef {
    ColumnDef::new(name(it)).date().not_null().take()
}

pub(crate) fn date_or_null(it: &'static str) -> ColumnDef {
    ColumnDef::new(name(it)).date().null().take()
}

/// A local time of day.
pub(crate) fn time(it: &'static str) -> ColumnDef {
    ColumnDef::new(name(it)).time().not_null().take()
}

pub(crate) fn json(it: &'static str) -> ColumnDef {
    ColumnDef::new(name(it)).json_binary().not_null().take()
}

pub(crate) fn bytes_or_null(it: &'static str) -> ColumnDef {
    ColumnDef::new(name(it)).binary().null().take()
}

/// A new table with these columns.
pub(crate) fn table(it: &'static str, columns: Vec<ColumnDef>) -> TableCreateStatement {
    let mut table = Table::create().table(name(it)).take();
    for mut column in columns {
        table.col(&mut column);
    }
    table
}

/// `from.column` names a row of `to`; the row cannot go while it is named.
pub(crate) fn names(from: &'static str, column: &'static str, to: &'static str) -> ForeignKeyCreateStatement {
    ForeignKey::create()
        .from(name(from), name(column))
        .to(name(to), name("id"))
        .on_delete(ForeignKeyAction::Restrict)
        .take()
}

/// An index; the name says what it is on.
pub(crate) fn index(it: &'static str, table: &'static str, columns: &[&'static str]) -> IndexCreateStatement {
    let mut index = Index::create().name(it).table(name(table)).take();
    for column in columns {
        index.col(name(column));
    }
    index
}

/// An index in which no two rows are alike.
pub(crate) fn unique(
    it: &'static str,
    table: &'static str,
    columns: &[&'static str],
) -> IndexCreateStatement {
    index(it, table, columns).unique().take()
}

/// Refuses to change or remove rows of an append-only table.
pub(crate) async fn only_ever_added(manager: &SchemaManager<'_>, table: &str) -> Result<(), DbErr> {
    let db = manager.get_connection();
    if manager.get_database_backend() == sea_orm_migration::sea_orm::DbBackend::Sqlite {
        for act in ["UPDATE", "DELETE"] {
            db.execute_unprepared(&format!(
                "CREATE TRIGGER {table}_no_{act} BEFORE {act} ON {table} \
                 BEGIN SELECT RAISE(ABORT, '{table} is append-only'); END"
            ))
            .await?;
        }
        return Ok(());
    }
    db.execute_unprepared(&format!(
        "CREATE FUNCTION {table}_is_append_only() RETURNS trigger LANGUAGE plpgsql AS \
         $$ BEGIN RAISE EXCEPTION '{table} is append-only'; END $$"
    ))
    .await?;
    db.execute_unprepared(&format!(
        "CREATE TRIGGER {table}_append_only BEFORE UPDATE OR DELETE ON {table} \
         FOR EACH ROW EXECUTE FUNCTION {table}_is_append_only()"
    ))
    .await?;
    Ok(())
}
