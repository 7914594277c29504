//! A mail to whoever asks for it, to see that mail leaves.

use ids::PersonId;
use sea_orm::{ConnectionTrait, EntityTrait};

use super::{Kind, Mail};
use crate::entity::{account, outbox_mail};
use crate::error::Error;
use crate::people;
use crate::work::Work;

/// What a test is about.
#[derive(Clone, Debug)]
pub(crate) struct Trial {
    /// What its reader is called.
    pub(crate) name: String,
}

/// Writes a test to somebody of the team, at the address they log in with.
pub(crate) async fn write(work: &Work, who: PersonId) -> Result<(), Error> {
    let account = account::Entity::find_by_id(who).one(work.tx()).await?;
    let account = account.ok_or(Error::NotFound)?;
    let mail = Mail {
        kind: Kind::Trial,
        about: who.0,
        recipient: account.email,
        occasion: work.fresh_id().to_string(),
        due_at: work.now(),
        parameters: serde_json::json!({}),
    };
    super::write(work, mail).await
}

/// Reads what such a mail is about; nothing if its reader is gone.
pub(super) async fn load(
    db: &impl ConnectionTrait,
    row: &outbox_mail::Model,
) -> Result<Option<Trial>, Error> {
    let person = people::find(db, PersonId(row.about)).await?;
    Ok(person.map(|it| Trial { name: it.called() }))
}
