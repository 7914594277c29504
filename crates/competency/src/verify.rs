//! What must always hold (section 9 of the competency rules), read from the records.
//!
//! So far CINV-1 and CINV-15. Signatures (CINV-2) need the keys of the instance, which are the program's.

use sea_orm::{ConnectionTrait, EntityTrait};

use crate::entity::{booklet, booklet_template};
use crate::error::Error;
use crate::framework::{self, Version};
use crate::{recorder, template};

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
    templates(db, &mut found).await?;
    chains(db, &mut found).await?;
    found.sort();
    Ok(found)
}

/// Templates that are not what they were when they were stored (CINV-15).
async fn templates(db: &impl ConnectionTrait, found: &mut Vec<Finding>) -> Result<(), Error> {
    for it in booklet_template::Entity::find().all(db).await? {
        let sha256 = template::sha256(&it.code, &it.version, it.framework_version, &it.rules)?;
        if sha256.to_string() != it.sha256 {
            found.push(Finding {
                rule: "CINV-15",
                table: "booklet_template",
                row: it.id.to_string(),
                why: "it is not what it was when it was stored".to_owned(),
            });
        }
    }
    Ok(())
}

/// Chains that have a gap, or in which something was altered (CINV-1).
async fn chains(db: &impl ConnectionTrait, found: &mut Vec<Finding>) -> Result<(), Error> {
    for it in booklet::Entity::find().all(db).await? {
        let links = recorder::chain_of(db, it.id).await?;
        if let Err(failed) = chain::verify::chain(&links) {
            found.push(Finding {
                rule: "CINV-1",
                table: "booklet_event",
                row: it.id.to_string(),
                why: failed.to_string(),
            });
        }
    }
    Ok(())
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
