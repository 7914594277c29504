//! Bookings, their history, places, attendance, and what a person told us so that they can take part.

use sea_orm_migration::prelude::*;

use crate::column::{
    bigint, bigint_or_null, id, index, int, int_or_null, names, only_ever_added, table, text, text_or_null,
    ts, ts_or_null, unique, uuid, uuid_or_null, yes_no,
};

#[derive(DeriveMigrationName)]
pub(crate) struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    fn use_transaction(&self) -> Option<bool> {
        Some(true)
    }

    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        manager.create_table(booking()).await?;
        manager
            .create_index(unique("booking_reference_uq", "booking", &["reference"]))
            .await?;
        manager
            .create_index(unique("booking_person_uq", "booking", &["run", "person"]))
            .await?;
        manager
            .create_index(unique("booking_joined_seq_uq", "booking", &["run", "joined_seq"]))
            .await?;
        // At most one live booking of a person in a course that wants it so (INV-9): the column is
        // filled exactly then, and empty values never clash.
        manager
            .create_index(unique(
                "booking_one_live_uq",
                "booking",
                &["person", "one_live_course"],
            ))
            .await?;
        manager
            .create_index(index("booking_state_until_ix", "booking", &["state", "until"]))
            .await?;

        manager.create_table(booking_event()).await?;
        manager
            .create_index(unique("booking_event_n_uq", "booking_event", &["booking", "n"]))
            .await?;

        manager.create_table(place()).await?;
        // The second line of defence against selling a place twice: even without the run's lock two
        // writers that both see the last place free choose the same seat.
        manager
            .create_index(unique("place_seat_uq", "place", &["session", "seat_no"]))
            .await?;
        manager
            .create_index(unique("place_booking_uq", "place", &["session", "booking"]))
            .await?;
        manager
            .create_index(index("place_booking_ix", "place", &["booking"]))
            .await?;

        manager.create_table(attendance()).await?;
        manager
            .create_index(unique(
                "attendance_n_uq",
                "attendance",
                &["session", "booking", "n"],
            ))
            .await?;
        manager
            .create_index(index("attendance_booking_ix", "attendance", &["booking"]))
            .await?;

        manager.create_table(catch_up()).await?;
        manager
            .create_index(unique(
                "catch_up_target_uq",
                "catch_up",
                &["target_session", "booking"],
            ))
            .await?;

        manager.create_table(access_need()).await?;
        manager
            .create_index(index("access_need_booking_ix", "access_need", &["booking"]))
            .await?;
        manager.create_table(emergency_contact()).await?;
        manager
            .create_index(unique(
                "emergency_contact_booking_uq",
                "emergency_contact",
                &["booking"],
            ))
            .await?;
        only_ever_added(manager, "booking_event").await?;
        only_ever_added(manager, "attendance").await
    }
}

fn booking() -> TableCreateStatement {
    table(
        "booking",
        vec![
            id(),
            text("reference"),
            uuid("run"),
            uuid("person"),
            text("state"),
            ts_or_null("until"),
            text_or_null("cancelled_by"),
            uuid_or_null("moved_to"),
            uuid_or_null("one_live_course"),
            text("source"),
            bigint_or_null("joined_seq"),
            yes_no("priority"),
            int("asked_round"),
            yes_no("paused"),
            int_or_null("window_minutes"),
            ts_or_null("clock_from"),
            text("agreement_version"),
            text("privacy_version"),
            yes_no("over_18"),
            text_or_null("hopes"),
            yes_no("call_wanted"),
            text_or_null("booked_by"),
            text_or_null("booked_by_contact"),
            yes_no("copy_permission"),
            yes_no("evaluation_answered"),
            ts("created_at"),
        ],
    )
    .foreign_key(&mut names("booking", "run", "run"))
    .foreign_key(&mut names("booking", "person", "person"))
    // `moved_to` has no foreign key: the old booking must end before the new one may begin, in one
    // transaction; `verify` follows the names instead (INV-13).
    .check(Expr::cust(
        "state in ('unconfirmed', 'booked', 'waiting', 'offered', 'cancelled', 'lapsed', 'moved', 'closed')",
    ))
    .check(Expr::cust(
        "(state in ('unconfirmed', 'offered')) = (until is not null)",
    ))
    .check(Expr::cust(
        "(state in ('unconfirmed', 'offered')) = (window_minutes is not null)",
    ))
    .check(Expr::cust("(state = 'cancelled') = (cancelled_by is not null)"))
    .check(Expr::cust("(state = 'moved') = (moved_to is not null)"))
    .check(Expr::cust(
        "state not in ('waiting', 'offered') or joined_seq is not null",
    ))
    .check(Expr::cust("cancelled_by in ('person', 'team', 'run_cancelled')"))
    .take()
}

fn booking_event() -> TableCreateStatement {
    table(
        "booking_event",
        vec![
            id(),
            uuid("booking"),
            int("n"),
            ts("at"),
            text("event"),
            text_or_null("from_state"),
            text("to_state"),
            text("actor"),
            uuid_or_null("actor_person"),
            text("channel"),
            text_or_null("reason"),
            int("round"),
            bigint("run_rev"),
        ],
    )
    .foreign_key(&mut names("booking_event", "booking", "booking"))
    .check(Expr::cust("n >= 1"))
    .check(Expr::cust("actor in ('person', 'team', 'system')"))
    .check(Expr::cust("channel in ('web', 'phone', 'email', 'system')"))
    .take()
}

fn place() -> TableCreateStatement {
    table(
        "place",
        vec![
            id(),
            uuid("session"),
            int("seat_no"),
            uuid("booking"),
            bigint("since_rev"),
        ],
    )
    .foreign_key(&mut names("place", "session", "session"))
    .foreign_key(&mut names("place", "booking", "booking"))
    .check(Expr::cust("seat_no >= 1"))
    .take()
}

fn attendance() -> TableCreateStatement {
    table(
        "attendance",
        vec![
            id(),
            uuid("session"),
            uuid("booking"),
            int("n"),
            text("code"),
            int("minutes"),
            text_or_null("reason"),
            uuid_or_null("by_person"),
            ts("at"),
        ],
    )
    .foreign_key(&mut names("attendance", "session", "session"))
    .foreign_key(&mut names("attendance", "booking", "booking"))
    .check(Expr::cust(
        "code in ('present', 'late', 'left_early', 'apologies', 'absent', 'excused')",
    ))
    .check(Expr::cust("minutes >= 0"))
    .take()
}

fn catch_up() -> TableCreateStatement {
    table(
        "catch_up",
        vec![
            id(),
            uuid("booking"),
            uuid("missed_session"),
            uuid("target_session"),
            ts_or_null("cancelled_at"),
        ],
    )
    .foreign_key(&mut names("catch_up", "booking", "booking"))
    .foreign_key(&mut names("catch_up", "missed_session", "session"))
    .foreign_key(&mut names("catch_up", "target_session", "session"))
    .take()
}

fn access_need() -> TableCreateStatement {
    table(
        "access_need",
        vec![
            id(),
            uuid("booking"),
            text("code"),
            text_or_null("detail"),
            text("status"),
            uuid_or_null("owner"),
            ts("due"),
        ],
    )
    .foreign_key(&mut names("access_need", "booking", "booking"))
    .check(Expr::cust(
        "status in ('asked', 'arranged', 'met', 'cannot_meet')",
    ))
    .take()
}

fn emergency_contact() -> TableCreateStatement {
    table(
        "emergency_contact",
        vec![
            id(),
            uuid("booking"),
            text("name"),
            text("phone"),
            yes_no("may_call"),
        ],
    )
    .foreign_key(&mut names("emergency_contact", "booking", "booking"))
    .take()
}
