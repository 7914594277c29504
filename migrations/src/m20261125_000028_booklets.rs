//! Booklets with their items, evidence, and the chain of decisions.

use sea_orm_migration::prelude::*;

use crate::column::{
    bigint, date, date_or_null, id, index, int, int_or_null, json, name, names, only_ever_added, table, text,
    ts, ts_or_null, unique, uuid,
};

#[derive(DeriveMigrationName)]
pub(crate) struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    fn use_transaction(&self) -> Option<bool> {
        Some(true)
    }

    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        for it in [
            booklet_template(),
            booklet(),
            booklet_placement(),
            pause(),
            booklet_item(),
            evidence(),
            evidence_version(),
            evidence_item(),
            booklet_event(),
            bound(),
        ] {
            manager.create_table(it).await?;
        }
        for it in [
            unique("booklet_template_uq", "booklet_template", &["code", "version"]),
            index("booklet_trainee_ix", "booklet", &["trainee"]),
            unique(
                "booklet_placement_uq",
                "booklet_placement",
                &["booklet", "placement"],
            ),
            index("pause_booklet_ix", "pause", &["booklet"]),
            unique("booklet_item_uq", "booklet_item", &["booklet", "competency"]),
            index("evidence_booklet_ix", "evidence", &["booklet"]),
            unique("evidence_version_uq", "evidence_version", &["evidence", "n"]),
            unique("evidence_item_uq", "evidence_item", &["evidence", "item"]),
            index("evidence_item_item_ix", "evidence_item", &["item"]),
            unique("booklet_event_seq_uq", "booklet_event", &["booklet", "seq"]),
            unique("booklet_event_op_uq", "booklet_event", &["op"]),
            unique("bound_commitment_uq", "bound", &["commitment"]),
        ] {
            manager.create_index(it).await?;
        }
        // One open booklet of a trainee on a template.
        let open = unique("booklet_open_uq", "booklet", &["trainee", "template"])
            .and_where(Expr::col(name("state")).is_not_in([
                "countersigned",
                "withdrawn",
                "closed_not_achieved",
            ]))
            .take();
        manager.create_index(open).await?;
        only_ever_added(manager, "booklet_event").await
    }
}

fn booklet_template() -> TableCreateStatement {
    table(
        "booklet_template",
        vec![
            id(),
            text("code"),
            text("version"),
            uuid("framework_version"),
            text("state"),
            json("rules"),
            text("sha256"),
        ],
    )
    .foreign_key(&mut names(
        "booklet_template",
        "framework_version",
        "framework_version",
    ))
    .check(Expr::cust("state in ('draft', 'published', 'superseded')"))
    .check(Expr::cust("length(sha256) = 64"))
    .take()
}

fn booklet() -> TableCreateStatement {
    table(
        "booklet",
        vec![
            id(),
            uuid("trainee"),
            uuid("template"),
            text("state"),
            date("due_on"),
            ts_or_null("agreed_at"),
        ],
    )
    .foreign_key(&mut names("booklet", "trainee", "person"))
    .foreign_key(&mut names("booklet", "template", "booklet_template"))
    .check(Expr::cust(
        "state in ('draft', 'active', 'paused', 'signoff_requested', 'signed_off', 'referred', \
         'countersigned', 'withdrawn', 'closed_not_achieved')",
    ))
    .take()
}

fn booklet_placement() -> TableCreateStatement {
    table(
        "booklet_placement",
        vec![id(), uuid("booklet"), uuid("placement")],
    )
    .foreign_key(&mut names("booklet_placement", "booklet", "booklet"))
    .foreign_key(&mut names("booklet_placement", "placement", "placement"))
    .take()
}

fn pause() -> TableCreateStatement {
    table(
        "pause",
        vec![
            id(),
            uuid("booklet"),
            date("from_on"),
            date_or_null("resumed_on"),
            text("reason"),
        ],
    )
    .foreign_key(&mut names("pause", "booklet", "booklet"))
    .check(Expr::cust(
        "reason in ('absence', 'leave', 'placement_change', 'other')",
    ))
    .take()
}

fn booklet_item() -> TableCreateStatement {
    table(
        "booklet_item",
        vec![
            id(),
            uuid("booklet"),
            uuid("competency"),
            text("state"),
            int("attempt"),
            int_or_null("self_rating"),
            int_or_null("rating"),
            int("lock_version"),
        ],
    )
    .foreign_key(&mut names("booklet_item", "booklet", "booklet"))
    .foreign_key(&mut names("booklet_item", "competency", "competency"))
    .check(Expr::cust(
        "state in ('not_started', 'drafting', 'submitted', 'returned', 'achieved', 'not_achieved', \
         'not_applicable')",
    ))
    .check(Expr::cust("attempt >= 1"))
    .check(Expr::cust(
        "self_rating between 1 and 4 and rating between 1 and 4",
    ))
    .take()
}

fn evidence() -> TableCreateStatement {
    table(
        "evidence",
        vec![
            id(),
            uuid("booklet"),
            text("kind"),
            uuid("author"),
            date("occurred_on"),
            text("setting"),
        ],
    )
    .foreign_key(&mut names("evidence", "booklet", "booklet"))
    .foreign_key(&mut names("evidence", "author", "person"))
    .take()
}

/// Content and salt are bound by `commitment`, and kept in `bound`.
fn evidence_version() -> TableCreateStatement {
    table(
        "evidence_version",
        vec![
            id(),
            uuid("evidence"),
            int("n"),
            text("ring"),
            text("commitment"),
            ts_or_null("withdrawn_at"),
        ],
    )
    .foreign_key(&mut names("evidence_version", "evidence", "evidence"))
    .check(Expr::cust("ring in ('shared', 'submitted')"))
    .take()
}

fn evidence_item() -> TableCreateStatement {
    table("evidence_item", vec![id(), uuid("evidence"), uuid("item")])
        .foreign_key(&mut names("evidence_item", "evidence", "evidence"))
        .foreign_key(&mut names("evidence_item", "item", "booklet_item"))
        .take()
}

fn booklet_event() -> TableCreateStatement {
    table(
        "booklet_event",
        vec![
            id(),
            uuid("booklet"),
            bigint("seq"),
            text("op"),
            text("kind"),
            ts("at"),
            json("event"),
            text("h"),
            text("kid"),
            text("sig"),
        ],
    )
    .foreign_key(&mut names("booklet_event", "booklet", "booklet"))
    .check(Expr::cust("seq >= 1"))
    .take()
}

/// What events bind without showing it: it can be deleted, and the chain still verifies.
fn bound() -> TableCreateStatement {
    table(
        "bound",
        vec![
            id(),
            uuid("booklet"),
            text("commitment"),
            text("salt"),
            json("content"),
        ],
    )
    .foreign_key(&mut names("bound", "booklet", "booklet"))
    .take()
}
