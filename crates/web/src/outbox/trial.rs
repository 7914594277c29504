//! A mail to whoever asks for it: to see that mail leaves, or how words of the team look in one.

use ids::PersonId;
use sea_orm::{ConnectionTrait, EntityTrait};
use serde::{Deserialize, Serialize};

use super::facts::Parameters;
use super::{Kind, Mail};
use crate::entity::{account, outbox_mail};
use crate::error::Error;
use crate::people;
use crate::work::Work;

/// Words to be looked at in a mail, before or after they are saved.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Tried {
    /// In which mail they are, and where.
    pub(crate) title: String,
    /// As they were typed.
    pub(crate) source: String,
}

/// What a test is about.
#[derive(Clone, Debug)]
pub(crate) struct Trial {
    /// What its reader is called.
    pub(crate) name: String,
    pub(crate) tried: Option<Tried>,
}

/// What the placeholders of a mail about a booking stand for where there is no booking.
pub(crate) const EXAMPLES: [(&str, &str); 3] = [
    ("name", "Sam"),
    ("course", "Introduction to peer support"),
    ("dates", "Tuesday 8 and Tuesday 15 June 2027"),
];

/// Writes a test to somebody of the team, at the address they log in with.
pub(crate) async fn write(work: &Work, who: PersonId, tried: Option<Tried>) -> Result<(), Error> {
    let account = account::Entity::find_by_id(who).one(work.tx()).await?;
    let account = account.ok_or(Error::NotFound)?;
    let parameters = Parameters {
        tried,
        ..Parameters::default()
    };
    let mail = Mail {
        kind: Kind::Trial,
        about: who.0,
        recipient: account.email,
        occasion: work.fresh_id().to_string(),
        due_at: work.now(),
        parameters: parameters.into_value(),
    };
    super::write(work, mail).await
}

/// Reads what such a mail is about; nothing if its reader is gone.
pub(super) async fn load(
    db: &impl ConnectionTrait,
    row: &outbox_mail::Model,
    parameters: &Parameters,
) -> Result<Option<Trial>, Error> {
    let person = people::find(db, PersonId(row.about)).await?;
    Ok(person.map(|it| Trial {
        name: it.called(),
        tried: parameters.tried.clone(),
    }))
}
