//! What must always hold (section 9 of the competency rules), read from the records.
//!
//! So far there are frameworks alone, and so CINV-15 alone.

use sea_orm::ConnectionTrait;

use crate::error::Error;
use crate::framework::{self, Version};

/// One row that breaks one rule.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Finding {
    /// "CINV-1" and so on; "row" for a row that cannot even be read.
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
pub async fn verify(db: &impl ConnectionTrait) -> Result<Vec<Finding>, Error> {
    let mut found = Vec::new();
    for code in framework::codes(db).await? {
        match framework::versions(db, &code).await {
            Ok(versions) => {
                for it in versions {
                    found.extend(altered(&it)?);
                }
            }
            Err(Error::Corrupt(it)) => found.push(Finding {
                rule: "row",
                table: it.table,
                row: it.id,
                why: it.why,
            }),
            Err(other) => return Err(other),
        }
    }
    found.sort();
    Ok(found)
}

/// A version that is not what it was when it was stored (CINV-15).
fn altered(it: &Version) -> Result<Option<Finding>, Error> {
    let same = it.framework.sha256()? == it.sha256;
    Ok((!same).then(|| Finding {
        rule: "CINV-15",
        table: "framework_version",
        row: it.id.to_string(),
        why: "it is not what it was when it was stored".to_owned(),
    }))
}
