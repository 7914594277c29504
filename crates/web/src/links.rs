//! Links that open one record for one purpose (T-21 to T-23).
//!
//! A token is derived from the purpose, the record and a generation, so the records keep only its
//! hash: who reads the database cannot follow a link, and a mail can be rendered again.

use ids::{BookingId, Ts};
use sea_orm::ActiveValue::Set;
use sea_orm::{
    ActiveModelTrait, ColumnTrait, ConnectionTrait, EntityTrait, IntoActiveModel, QueryFilter, QueryOrder,
    sea_query::OnConflict,
};
use uuid::Uuid;

use crate::entity::link;
use crate::error::Error;
use crate::secrets::{Secrets, token_hash};
use crate::work::Work;

/// What a link is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Purpose {
    /// A booking: see, confirm, change, cancel.
    Booking,
    /// One offer of a place; its generation holds the number of the offer in the booking's history and
    /// how often the links to the booking were renewed ([`offer_generation`]).
    Offer,
    /// An address that a person wants to use; about the booking from whose page they asked.
    NewAddress,
    /// A form on its way.
    Draft,
    /// The list for mail about new dates.
    NewDates,
    /// A log in that somebody has begun; only in the browser that asked (T-13).
    LogIn,
    /// An invitation to the team.
    Invitation,
}

impl Purpose {
    fn name(self) -> &'static str {
        match self {
            Self::Booking => "booking",
            Self::Offer => "offer",
            Self::NewAddress => "new_address",
            Self::Draft => "draft",
            Self::NewDates => "new_dates",
            Self::LogIn => "log_in",
            Self::Invitation => "invitation",
        }
    }
}

/// Why a link stopped.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Stopped {
    /// The holder asked for a new one.
    Renewed,
    /// The team corrected the address: for whoever holds it, it was never there (T-23).
    Corrected,
}

impl Stopped {
    fn name(self) -> &'static str {
        match self {
            Self::Renewed => "renewed",
            Self::Corrected => "corrected",
        }
    }
}

/// What a token opens.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Opened {
    /// The record.
    pub about: Uuid,
    /// Which of the links to this record it is.
    pub generation: i32,
}

impl Opened {
    /// The booking that a booking or offer link opens.
    pub(crate) fn booking(self) -> BookingId {
        BookingId(self.about)
    }

    /// Which offer an offer link is for: its number in the history of the booking.
    pub(crate) fn offer(self) -> i32 {
        self.generation % OFFERS
    }
}

/// More events than the history of any booking has.
const OFFERS: i32 = 1 << 16;

/// The generation of the link to an offer. It is another one after the links to the booking were
/// renewed, so that a mailbox that the person has left can answer nothing (T-22).
fn offer_generation(renewed: i32, offer: i32) -> i32 {
    (renewed % (OFFERS / 2)) * OFFERS + offer % OFFERS
}

/// Makes the link to an offer, which has this number in the history of the booking.
pub(crate) async fn make_offer(work: &Work, booking: BookingId, offer: i32) -> Result<(), Error> {
    let last = newest(work.tx(), Purpose::Booking, booking.0).await?;
    let renewed = last.map_or(0, |it| it.generation);
    let generation = offer_generation(renewed, offer);
    make(work, Purpose::Offer, booking.0, generation, None).await
}

/// Stops all links to a booking and its offers and makes new ones: the person is at another address.
pub(crate) async fn renew_all(work: &Work, booking: BookingId, why: Stopped) -> Result<(), Error> {
    let last = newest(work.tx(), Purpose::Booking, booking.0).await?;
    let offer = newest(work.tx(), Purpose::Offer, booking.0).await?;
    stop_all(work, booking, why).await?;
    remake(work, Purpose::Booking, booking.0, last).await?;
    match offer {
        Some(it) if it.state == "live" => make_offer(work, booking, it.generation % OFFERS).await,
        _ => Ok(()),
    }
}

/// Stops all links to a booking and its offers.
pub(crate) async fn stop_all(work: &Work, booking: BookingId, why: Stopped) -> Result<(), Error> {
    stop(work, Purpose::Booking, booking.0, why).await?;
    stop(work, Purpose::Offer, booking.0, why).await
}

/// Makes a link; making it twice is making it once.
pub(crate) async fn make(
    work: &Work,
    purpose: Purpose,
    about: Uuid,
    generation: i32,
    ends_at: Option<Ts>,
) -> Result<(), Error> {
    let token = work.secrets().token(purpose.name(), about, generation);
    let row = link::ActiveModel {
        id: Set(work.fresh_id()),
        purpose: Set(purpose.name().to_owned()),
        about: Set(about),
        generation: Set(generation),
        token_hash: Set(token_hash(&token)),
        state: Set("live".to_owned()),
        ends_at: Set(ends_at),
    };
    let there = OnConflict::column(link::Column::TokenHash)
        .do_nothing()
        .to_owned();
    link::Entity::insert(row)
        .on_conflict(there)
        .exec_without_returning(work.tx())
        .await?;
    Ok(())
}

/// What a token opens now: never seen or malformed, 404; over, used or renewed, 410 (T-23).
pub(crate) async fn open(
    db: &impl ConnectionTrait,
    now: Ts,
    purpose: Purpose,
    token: &str,
) -> Result<Opened, Error> {
    if token.len() != 43 {
        return Err(Error::NotFound);
    }
    let row = link::Entity::find()
        .filter(link::Column::TokenHash.eq(token_hash(token)))
        .filter(link::Column::Purpose.eq(purpose.name()))
        .one(db)
        .await?
        .ok_or(Error::NotFound)?;
    match row.state.as_str() {
        "live" if row.ends_at.is_none_or(|ends| now < ends) => Ok(Opened {
            about: row.about,
            generation: row.generation,
        }),
        "corrected" => Err(Error::NotFound),
        _ => Err(Error::LinkOver),
    }
}

/// The token of the newest live link to a record.
pub(crate) async fn token(
    db: &impl ConnectionTrait,
    secrets: &Secrets,
    purpose: Purpose,
    about: Uuid,
) -> Result<Option<String>, Error> {
    let row = newest(db, purpose, about).await?.filter(|it| it.state == "live");
    Ok(row.map(|it| secrets.token(purpose.name(), about, it.generation)))
}

/// The token of one generation, whether or not it still opens anything: for mail about it.
pub(crate) fn token_of(secrets: &Secrets, purpose: Purpose, about: Uuid, generation: i32) -> String {
    secrets.token(purpose.name(), about, generation)
}

/// Lets the live links to a record end at another time.
pub(crate) async fn keep_until(work: &Work, purpose: Purpose, about: Uuid, ends_at: Ts) -> Result<(), Error> {
    link::Entity::update_many()
        .set(link::ActiveModel {
            ends_at: Set(Some(ends_at)),
            ..Default::default()
        })
        .filter(link::Column::Purpose.eq(purpose.name()))
        .filter(link::Column::About.eq(about))
        .filter(link::Column::State.eq("live"))
        .exec(work.tx())
        .await?;
    Ok(())
}

/// Stops the links to a record and makes a new one.
pub(crate) async fn renew(work: &Work, purpose: Purpose, about: Uuid, why: Stopped) -> Result<(), Error> {
    let last = newest(work.tx(), purpose, about).await?;
    stop(work, purpose, about, why).await?;
    remake(work, purpose, about, last).await
}

/// Stops the links to a record and makes a new one that ends then.
pub(crate) async fn renew_until(
    work: &Work,
    purpose: Purpose,
    about: Uuid,
    why: Stopped,
    ends_at: Ts,
) -> Result<(), Error> {
    let last = newest(work.tx(), purpose, about).await?;
    stop(work, purpose, about, why).await?;
    make(
        work,
        purpose,
        about,
        last.map_or(0, |it| it.generation) + 1,
        Some(ends_at),
    )
    .await
}

/// Makes the link that follows the last one.
async fn remake(work: &Work, purpose: Purpose, about: Uuid, last: Option<link::Model>) -> Result<(), Error> {
    let (generation, ends_at) = last.map_or((0, None), |it| (it.generation, it.ends_at));
    make(work, purpose, about, generation + 1, ends_at).await
}

/// Stops all live links to a record.
pub(crate) async fn stop(work: &Work, purpose: Purpose, about: Uuid, why: Stopped) -> Result<(), Error> {
    let live = link::Entity::find()
        .filter(link::Column::Purpose.eq(purpose.name()))
        .filter(link::Column::About.eq(about))
        .filter(link::Column::State.eq("live"))
        .all(work.tx())
        .await?;
    for row in live {
        let mut row = row.into_active_model();
        row.state = Set(why.name().to_owned());
        row.update(work.tx()).await?;
    }
    Ok(())
}

async fn newest(
    db: &impl ConnectionTrait,
    purpose: Purpose,
    about: Uuid,
) -> Result<Option<link::Model>, Error> {
    Ok(link::Entity::find()
        .filter(link::Column::Purpose.eq(purpose.name()))
        .filter(link::Column::About.eq(about))
        .order_by_desc(link::Column::Generation)
        .one(db)
        .await?)
}
