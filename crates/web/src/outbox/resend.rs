//! A mail that was given up is tried once more because somebody of the team asks for it.

use ids::MailId;
use sea_orm::ActiveValue::Set;
use sea_orm::{ColumnTrait, EntityTrait, QueryFilter};

use crate::entity::outbox_mail;
use crate::error::Error;
use crate::work::Work;

/// Puts a mail that could not be delivered back into the queue, with all its tries. It is written anew from
/// the facts of the moment it leaves, and not sent if it is no longer true (B-101). Says whether it was there.
pub(crate) async fn again(work: &Work, id: MailId) -> Result<bool, Error> {
    let queued = outbox_mail::ActiveModel {
        state: Set("queued".to_owned()),
        tries: Set(0),
        next_try_at: Set(work.now()),
        settled_at: Set(None),
        reason: Set(None),
        ..Default::default()
    };
    let done = outbox_mail::Entity::update_many()
        .set(queued)
        .filter(outbox_mail::Column::Id.eq(id))
        .filter(outbox_mail::Column::State.eq("failed"))
        .exec(work.tx())
        .await?;
    Ok(done.rows_affected == 1)
}
