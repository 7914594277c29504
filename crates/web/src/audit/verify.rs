//! Whether the chain is whole.

use booking::verify::Finding;
use sea_orm::{ColumnTrait, ConnectionTrait, EntityTrait, QueryFilter, QueryOrder, QuerySelect};

use super::hash;
use crate::entity::audit;
use crate::error::Error;

/// How many rows are read at a time.
const AT_A_TIME: u64 = 1000;

/// Every row that is not what was written, or does not follow the one before it (T-46).
pub(crate) async fn verify(db: &impl ConnectionTrait, found: &mut Vec<Finding>) -> Result<(), Error> {
    let (mut n, mut before) = (0, String::new());
    loop {
        let rows = audit::Entity::find()
            .filter(audit::Column::N.gt(n))
            .order_by_asc(audit::Column::N)
            .limit(AT_A_TIME)
            .all(db)
            .await?;
        let Some(last) = rows.last() else { return Ok(()) };
        let end = last.n;
        for row in rows {
            if let Some(why) = broken(n, &before, &row) {
                found.push(Finding {
                    rule: "T-46",
                    table: "audit",
                    row: row.id.to_string(),
                    why: why.to_owned(),
                });
            }
            // What follows a broken row is judged by what that row says of itself.
            (n, before) = (row.n, row.hash);
        }
        n = end;
    }
}

fn broken(n: i64, before: &str, row: &audit::Model) -> Option<&'static str> {
    if row.n != n + 1 {
        Some("a row before it is missing")
    } else if row.hash != hash(before, row) {
        Some("it, or the one before it, is not what was written")
    } else {
        None
    }
}
