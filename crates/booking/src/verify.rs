//! What must always hold (section 6 of the booking rules), read from the records.
//!
//! A finding names the rule and the row. A few statements read everything, whatever there is to read;
//! the rest is arithmetic. Mail, tasks, calendar entries and equality counters are not this crate's, and
//! neither are INV-14 to INV-16 and INV-20.

mod histories;
mod places;
mod records;
mod runs;

use ids::Ts;
use sea_orm::ConnectionTrait;

use crate::certificate;
use crate::error::Error;
use records::{Records, UNREADABLE};

/// One row that breaks one rule.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Finding {
    /// "INV-1" and so on; "row" for a row that cannot even be read.
    pub rule: &'static str,
    /// The table.
    pub table: &'static str,
    /// The row.
    pub row: String,
    /// What is wrong with it.
    pub why: String,
}

impl std::fmt::Display for Finding {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}: {} {}: {}", self.rule, self.table, self.row, self.why)
    }
}

/// Every row that breaks a rule of this crate's tables; none in sound records.
///
/// What time brings about is judged at the last commit of each run and not at `now`, since the rounds
/// may be about to see to it. `db` should be a transaction that sees one moment (REPEATABLE READ on
/// `PostgreSQL`) where others write meanwhile.
pub async fn verify(db: &impl ConnectionTrait, now: Ts) -> Result<Vec<Finding>, Error> {
    let mut found = Vec::new();
    let records = Records::read(db, &mut found).await?;
    places::check(&records, now, &mut found);
    histories::check(&records, &mut found);
    runs::check(&records, now, &mut found);
    certificates(db, &mut found).await?;
    found.sort();
    Ok(found)
}

/// INV-17.
async fn certificates(db: &impl ConnectionTrait, found: &mut Vec<Finding>) -> Result<(), Error> {
    let finding = |rule, row: String, why: String| Finding {
        rule,
        table: "certificate",
        row,
        why,
    };
    match certificate::unsound(db).await {
        Ok(all) => found.extend(
            all.into_iter()
                .map(|(id, why)| finding("INV-17", id.to_string(), why.to_owned())),
        ),
        // What else cannot be read was found with its own table.
        Err(Error::Corrupt(it)) if it.table == "certificate" => {
            found.push(finding(UNREADABLE, it.id, it.why));
        }
        Err(Error::Corrupt(_)) => {}
        Err(error) => return Err(error),
    }
    Ok(())
}
