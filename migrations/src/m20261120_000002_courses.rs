//! Courses, their versions, runs and sessions.

use sea_orm_migration::prelude::*;

use crate::column::{
    bigint, bigint_or_null, date, date_or_null, id, index, int, int_or_null, json, names, table, text,
    text_or_null, time, ts, ts_or_null, unique, uuid, uuid_or_null, yes_no,
};

#[derive(DeriveMigrationName)]
pub(crate) struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    fn use_transaction(&self) -> Option<bool> {
        Some(true)
    }

    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        manager.create_table(course()).await?;
        manager
            .create_index(unique("course_code_uq", "course", &["code"]))
            .await?;
        manager.create_table(course_version()).await?;
        manager
            .create_index(unique(
                "course_version_number_uq",
                "course_version",
                &["course", "number"],
            ))
            .await?;
        manager.create_table(run()).await?;
        manager
            .create_index(unique("run_slug_uq", "run", &["course", "slug"]))
            .await?;
        manager
            .create_index(index("run_course_version_ix", "run", &["course_version"]))
            .await?;
        manager
            .create_index(index("run_state_ix", "run", &["state"]))
            .await?;
        manager.create_table(session()).await?;
        manager
            .create_index(unique("session_idx_uq", "session", &["run", "idx"]))
            .await?;
        manager
            .create_index(index("session_starts_at_ix", "session", &["starts_at"]))
            .await?;
        Ok(())
    }
}

fn course() -> TableCreateStatement {
    table(
        "course",
        vec![
            id(),
            text("code"),
            text("title"),
            yes_no("one_live"),
            text("contact_name"),
            text("contact_email"),
            text("contact_phone"),
        ],
    )
}

fn course_version() -> TableCreateStatement {
    table(
        "course_version",
        vec![
            id(),
            uuid("course"),
            int("number"),
            text("state"),
            text("summary"),
            json("methods"),
            json("outcomes"),
            json("topics"),
            int("planned_minutes"),
            int_or_null("sessions_required"),
            yes_no("different_days"),
            text("authors_note"),
            json("extras"),
            date_or_null("approved_on"),
            date_or_null("review_due"),
        ],
    )
    .foreign_key(&mut names("course_version", "course", "course"))
    .check(Expr::cust(
        "state in ('draft', 'in_review', 'published', 'superseded')",
    ))
    .take()
}

fn run() -> TableCreateStatement {
    table(
        "run",
        vec![
            id(),
            uuid("course"),
            uuid("course_version"),
            text("slug"),
            text("label"),
            text("state"),
            int("capacity"),
            int("min_numbers"),
            text("delivery"),
            text_or_null("venue"),
            text_or_null("join_url"),
            ts("opens_at"),
            ts("closes_at"),
            yes_no("waiting_list"),
            yes_no("offers_paused"),
            bigint("rev"),
            int("round"),
            bigint("next_seq"),
            int("change_no"),
            bigint_or_null("capacity_lowered_rev"),
            uuid_or_null("minutes_ack_by"),
            text_or_null("facilitators_override"),
            text_or_null("cancel_reason"),
            ts_or_null("cancelled_at"),
            json("before_change"),
        ],
    )
    .foreign_key(&mut names("run", "course", "course"))
    .foreign_key(&mut names("run", "course_version", "course_version"))
    .check(Expr::cust("state in ('draft', 'published', 'cancelled')"))
    .check(Expr::cust("delivery in ('online', 'in_person', 'hybrid')"))
    .check(Expr::cust("capacity >= 0"))
    .check(Expr::cust("opens_at <= closes_at"))
    .check(Expr::cust("(state = 'cancelled') = (cancel_reason is not null)"))
    .take()
}

fn session() -> TableCreateStatement {
    table(
        "session",
        vec![
            id(),
            uuid("run"),
            int("idx"),
            date("local_date"),
            time("local_start"),
            time("local_end"),
            ts("starts_at"),
            ts("ends_at"),
            int("break_minutes"),
        ],
    )
    .foreign_key(&mut names("session", "run", "run"))
    .check(Expr::cust("starts_at < ends_at"))
    .take()
}
