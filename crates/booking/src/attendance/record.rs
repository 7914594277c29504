//! Recording what a register says: everything of it, or nothing.

use ids::{BookingId, PersonId, SessionId, Ts};
use sea_orm::{DatabaseTransaction, EntityTrait, QuerySelect};

use super::first_day::{FirstDay, first_day};
use super::rules::{is_correction, lead_only_from, minutes, opens_at};
use super::{Code, Mark, NotRecorded, Register, add, register};
use crate::allocator::Fresh;
use crate::calendar::rules;
use crate::entity::session;
use crate::error::Error;
use crate::settings::Settings;
use crate::state::Refusal;

/// What is said of one person.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Said {
    /// Whose booking.
    pub booking: BookingId,
    /// What.
    pub code: Code,
    /// How long they were there, if somebody counted.
    pub minutes: Option<i64>,
}

/// Who says it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Hand {
    /// Somebody of the team.
    pub by: PersonId,
    /// Whether they may correct what is long ago (B-62).
    pub is_lead: bool,
    /// Why something is corrected.
    pub reason: Option<String>,
    /// The version of the register that they looked at.
    pub seen: u64,
}

/// A mark that was added.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Changed {
    /// Whose booking.
    pub booking: BookingId,
    /// What was recorded before.
    pub from: Option<Code>,
    /// What is recorded now.
    pub to: Code,
}

/// Records what is said of people in a session (B-60 to B-62). What is recorded already is not recorded
/// again; who is not named stays as they are, so that nobody becomes absent by itself.
pub async fn record(
    tx: &DatabaseTransaction,
    now: Ts,
    fresh: Fresh<'_>,
    of: SessionId,
    hand: &Hand,
    said: &[Said],
) -> Result<Vec<Changed>, Error> {
    // Two who save one register come one after the other, and the second sees what the first wrote.
    let locked = session::Entity::find_by_id(of).lock_exclusive().one(tx).await?;
    locked.ok_or(Refusal::NotFound)?;
    let found = register(tx, of).await?.ok_or(Refusal::NotFound)?;
    if found.is_cancelled {
        return Err(Refusal::RunCancelled.into());
    }
    let (settings, _) = rules(tx).await?;
    let first = first_day(tx, &found).await?;
    let added = judge(&settings, (&found, &first), now, hand, said)?;
    let mut changed = Vec::new();
    for (booking, mark) in added {
        changed.push(Changed {
            booking,
            from: found.row(booking).and_then(|it| it.mark()).map(|it| it.code),
            to: mark.code,
        });
        add(tx, fresh, booking, of, mark).await?;
    }
    Ok(changed)
}

/// The marks to add, or why none is.
fn judge(
    settings: &Settings,
    (found, first): (&Register, &FirstDay),
    now: Ts,
    hand: &Hand,
    said: &[Said],
) -> Result<Vec<(BookingId, Mark)>, Error> {
    let (mut added, mut corrects) = (Vec::new(), false);
    for it in said {
        let row = found.row(it.booking).ok_or(Refusal::NotFound)?;
        // Nobody says of themselves that they were there (T-08).
        if row.person == hand.by {
            return Err(Refusal::NotFound.into());
        }
        let minutes = minutes(settings, &found.meeting, it.code, it.minutes)?;
        if row
            .mark()
            .is_some_and(|before| (before.code, before.minutes) == (it.code, minutes))
        {
            continue;
        }
        if it.code.was_there() && first.keeps_out(it.booking) {
            return Err(NotRecorded::KeptOut(it.booking).into());
        }
        corrects |= is_correction(row.mark(), it.code);
        let mark = Mark {
            code: it.code,
            minutes,
            reason: hand.reason.clone(),
            by: Some(hand.by),
            at: now,
        };
        added.push((it.booking, mark));
    }
    if added.is_empty() {
        return Ok(added);
    }
    let opens = opens_at(settings, &found.meeting);
    if now < opens {
        return Err(NotRecorded::NotOpen(opens).into());
    }
    if hand.seen != found.version {
        return Err(NotRecorded::Clash.into());
    }
    let replaces = added.iter().any(|(id, _)| {
        let before = found.row(*id).and_then(|it| it.mark());
        before.is_some_and(|it| it.by.is_some())
    });
    if replaces && !hand.is_lead && now >= lead_only_from(settings, &found.meeting) {
        return Err(NotRecorded::LeadOnly.into());
    }
    if corrects && hand.reason.is_none() {
        return Err(NotRecorded::NeedsReason.into());
    }
    Ok(added)
}
