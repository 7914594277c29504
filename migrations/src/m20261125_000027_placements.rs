//! Teams, placements in them, and who signs there.

use sea_orm_migration::prelude::*;

use crate::column::{date, date_or_null, id, index, names, table, text, unique, uuid, yes_no};

#[derive(DeriveMigrationName)]
pub(crate) struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    fn use_transaction(&self) -> Option<bool> {
        Some(true)
    }

    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let team = table(
            "team",
            vec![id(), text("name"), text("setting"), yes_no("active")],
        );
        manager.create_table(team).await?;
        manager.create_table(placement()).await?;
        manager.create_table(signatory()).await?;
        for it in [
            unique("team_name_uq", "team", &["name"]),
            index("placement_trainee_ix", "placement", &["trainee"]),
            index("placement_team_ix", "placement", &["team"]),
            index("signatory_placement_ix", "signatory", &["placement"]),
            index("signatory_person_ix", "signatory", &["person"]),
        ] {
            manager.create_index(it).await?;
        }
        Ok(())
    }
}

fn placement() -> TableCreateStatement {
    table(
        "placement",
        vec![
            id(),
            uuid("trainee"),
            uuid("team"),
            date("starts_on"),
            date("planned_end"),
            date_or_null("ended_on"),
        ],
    )
    .foreign_key(&mut names("placement", "trainee", "person"))
    .foreign_key(&mut names("placement", "team", "team"))
    .check(Expr::cust("starts_on <= planned_end"))
    .take()
}

fn signatory() -> TableCreateStatement {
    table(
        "signatory",
        vec![
            id(),
            uuid("placement"),
            uuid("person"),
            text("part"),
            text("job_title"),
            date_or_null("prepared_on"),
            text("conflict"),
            date("from_on"),
            date_or_null("to_on"),
        ],
    )
    .foreign_key(&mut names("signatory", "placement", "placement"))
    .foreign_key(&mut names("signatory", "person", "person"))
    .check(Expr::cust("part in ('line', 'peer', 'assessor')"))
    .check(Expr::cust("to_on is null or from_on <= to_on"))
    .take()
}
