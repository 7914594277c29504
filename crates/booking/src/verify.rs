//! What must always hold (section 6 of the booking rules), read from the records.
//!
//! A finding names the rule and the row. A few statements read everything, whatever there is to read;
//! the rest is arithmetic. Mail, tasks, calendar entries, certificates and equality counters are not
//! this crate's, and neither are INV-14 to INV-17 and INV-20.

mod histories;
mod places;
mod records;
mod runs;

use ids::Ts;
use sea_orm::ConnectionTrait;

use crate::error::Error;
use records::Records;

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
    found.sort();
    Ok(found)
}
