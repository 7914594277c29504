//! The one door to decisions: lock the booklet, load it, apply what is asked for, append the event.
//!
//! Nobody else writes booklets, their items or their chain. On `PostgreSQL` the booklet's row is locked;
//! on `SQLite` the transaction was begun IMMEDIATE and nobody else writes meanwhile.

mod apply;
mod load;

use chain::event::{Actor, Event, Method, Proof, Role, VERSION, What};
use chain::{Digest, InstanceKey, Salt};
use ids::{BookletId, ItemId, PersonId, PlacementId, TemplateId, Ts};
use sea_orm::ActiveValue::Set;
use sea_orm::{
    ActiveModelTrait, ColumnTrait, ConnectionTrait, DatabaseTransaction, EntityTrait, QueryFilter, QueryOrder,
};
use serde_json::Value;
use time::Date;

use crate::booklet;
use crate::complete::Gap;
use crate::entity;
use crate::error::{Corrupt, Error, Refusal};
use crate::framework::Fresh;
use crate::item;
use crate::settings::Settings;
use crate::words::Words;
use apply::Applied;
use load::Loaded;

pub use load::{Standing, standing};

/// What the program brings to a decision: names, salts and its key.
pub struct Dice<'a> {
    /// Names for new rows.
    pub fresh: Fresh<'a>,
    /// Unpredictable bytes for each content that is bound.
    pub salt: &'a (dyn Fn() -> Salt + Send + Sync),
    /// Signs.
    pub key: &'a InstanceKey,
}

/// What decides beside the records.
#[derive(Clone, Copy, Debug)]
pub struct Moment<'a> {
    /// The moment.
    pub now: Ts,
    /// The day it is then in London.
    pub today: Date,
    /// The numbers of this instance.
    pub settings: &'a Settings,
}

/// Somebody asks for a decision.
#[derive(Clone, Debug)]
pub struct Asked {
    /// The number of the form, unique for ever.
    pub op: String,
    /// Who. As what they act follows from the act and the booklet.
    pub person: PersonId,
    /// Where they came in.
    pub method: Method,
    /// What they showed.
    pub proof: Proof,
    /// Whether they had shown it again for this (T-18).
    pub step_up: bool,
    /// What they ask for.
    pub act: Act,
}

/// What can happen to a booklet through this door, so far.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Act {
    /// The trainee opens it.
    Open {
        /// Ticked: the process is understood.
        process: bool,
        /// Ticked: who reads what is understood.
        sharing: bool,
        /// The words beside the ticks.
        declaration: String,
    },
    /// The trainee begins to write about an item, or goes on.
    Start {
        /// As it was shown.
        item: Seen,
    },
    /// The trainee asks for a decision.
    Submit {
        /// As it was shown.
        item: Seen,
        /// How the trainee sees it, 1 to 4.
        self_rating: Option<u8>,
    },
    /// The assessor says that it is shown.
    Achieve {
        /// As it was shown.
        item: Seen,
        /// 1 to 4.
        rating: u8,
        /// What the trainee reads.
        words: Option<Words>,
    },
    /// The assessor sends it back.
    Return {
        /// As it was shown.
        item: Seen,
        /// 1 to 4.
        rating: Option<u8>,
        /// What the trainee reads.
        words: Words,
    },
}

/// An item as the page showed it: what changed meanwhile is not decided (C-25).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Seen {
    /// Which.
    pub item: ItemId,
    /// Its state then.
    pub state: item::State,
    /// Its version then.
    pub lock_version: i32,
}

/// What a decision led to: the reader decides about mail from this.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Recorded {
    /// The number of the event; none for what is no event.
    pub seq: Option<i64>,
    /// The booklet now.
    pub booklet: booklet::State,
    /// The item that moved.
    pub item: Option<(ItemId, item::State)>,
}

/// Why nothing was recorded: a rule, or evidence that falls short (C-02).
#[derive(Debug, thiserror::Error)]
pub enum NotRecorded {
    /// The words say what is missing.
    #[error("the evidence falls short")]
    Lacking(Vec<Gap>),
    /// Anything else.
    #[error(transparent)]
    Other(#[from] Error),
}

impl From<Refusal> for NotRecorded {
    fn from(it: Refusal) -> Self {
        Self::Other(it.into())
    }
}

/// A booklet that somebody makes for a trainee.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewBooklet {
    /// Whose it is.
    pub trainee: PersonId,
    /// A published template.
    pub template: TemplateId,
    /// The trainee's placements.
    pub placements: Vec<PlacementId>,
    /// When it should be complete.
    pub due_on: Date,
}

/// Makes a booklet in draft, with an item for each competency of its template.
pub async fn begin(tx: &DatabaseTransaction, fresh: Fresh<'_>, new: NewBooklet) -> Result<BookletId, Error> {
    use entity::{booklet_placement as bp, competency as c, placement as p};
    let template = entity::booklet_template::Entity::find_by_id(new.template)
        .one(tx)
        .await?;
    let template = template
        .filter(|it| it.state == "published")
        .ok_or(Refusal::NotFound)?;
    let theirs = p::Entity::find()
        .filter(p::Column::Id.is_in(new.placements.iter().copied()))
        .filter(p::Column::Trainee.eq(new.trainee))
        .all(tx)
        .await?;
    if theirs.len() != new.placements.len() {
        return Err(Refusal::NotFound.into());
    }
    let id = BookletId(fresh());
    let row = entity::booklet::ActiveModel {
        id: Set(id),
        trainee: Set(new.trainee),
        template: Set(new.template),
        state: Set(booklet::State::Draft.name().to_owned()),
        due_on: Set(new.due_on),
        agreed_at: Set(None),
    };
    row.insert(tx).await?;
    for placement in new.placements {
        let row = bp::ActiveModel {
            id: Set(fresh()),
            booklet: Set(id),
            placement: Set(placement),
        };
        row.insert(tx).await?;
    }
    let competencies = c::Entity::find()
        .filter(c::Column::FrameworkVersion.eq(template.framework_version))
        .all(tx)
        .await?;
    let items = competencies.iter().map(|it| entity::booklet_item::ActiveModel {
        id: Set(ItemId(fresh())),
        booklet: Set(id),
        competency: Set(it.id),
        state: Set(item::State::NotStarted.name().to_owned()),
        attempt: Set(1),
        self_rating: Set(None),
        rating: Set(None),
        lock_version: Set(0),
    });
    entity::booklet_item::Entity::insert_many(items)
        .exec_without_returning(tx)
        .await?;
    Ok(id)
}

/// Makes one decision about a booklet and appends it to its chain.
pub async fn record(
    tx: &DatabaseTransaction,
    moment: Moment<'_>,
    dice: &Dice<'_>,
    booklet: BookletId,
    asked: Asked,
) -> Result<Recorded, NotRecorded> {
    let loaded = Loaded::lock(tx, booklet).await?;
    let Applied {
        role,
        booklet: to,
        item,
        rating,
        what,
        bound,
    } = apply::apply(&loaded, &moment, dice, &asked)?;
    write_booklet(tx, moment.now, &loaded, to).await?;
    if let Some((id, state)) = item {
        write_item(tx, &loaded, id, state, rating).await?;
    }
    let seq = match what {
        Some(what) => {
            let actor = Actor {
                person: Some(asked.person.0),
                role,
                method: asked.method,
                proof: asked.proof,
                step_up: asked.step_up,
            };
            Some(append(tx, moment.now, dice, booklet, (asked.op, actor, what)).await?)
        }
        None => None,
    };
    for (commitment, salt, content) in bound {
        keep(tx, dice, booklet, (commitment, salt, content)).await?;
    }
    Ok(Recorded {
        seq,
        booklet: to,
        item: item.map(|(id, it)| (id, it.state)),
    })
}

async fn write_booklet(
    tx: &DatabaseTransaction,
    now: Ts,
    loaded: &Loaded,
    to: booklet::State,
) -> Result<(), Error> {
    if loaded.state == to {
        return Ok(());
    }
    let mut row = entity::booklet::ActiveModel {
        id: Set(loaded.id),
        state: Set(to.name().to_owned()),
        ..Default::default()
    };
    if loaded.state == booklet::State::Draft {
        row.agreed_at = Set(Some(now));
    }
    row.update(tx).await?;
    Ok(())
}

async fn write_item(
    tx: &DatabaseTransaction,
    loaded: &Loaded,
    id: ItemId,
    to: item::Item,
    rating: apply::Ratings,
) -> Result<(), Error> {
    let before = loaded.item(id)?;
    let mut row = entity::booklet_item::ActiveModel {
        id: Set(id),
        state: Set(to.state.name().to_owned()),
        attempt: Set(to.attempt.into()),
        lock_version: Set(before.lock_version + 1),
        ..Default::default()
    };
    if let Some(it) = rating.own {
        row.self_rating = Set(Some(it.into()));
    }
    if let Some(it) = rating.assessor {
        row.rating = Set(Some(it.into()));
    }
    row.update(tx).await?;
    Ok(())
}

/// Appends one event to the chain of a booklet that is locked.
async fn append(
    tx: &DatabaseTransaction,
    now: Ts,
    dice: &Dice<'_>,
    booklet: BookletId,
    (op, actor, what): (String, Actor, What),
) -> Result<i64, Error> {
    use entity::booklet_event as e;
    let last = e::Entity::find()
        .filter(e::Column::Booklet.eq(booklet))
        .order_by_desc(e::Column::Seq)
        .one(tx)
        .await?;
    let seq = last.as_ref().map_or(1, |it| it.seq + 1);
    let prev = last.map_or(Ok(Digest::ZERO), |it| {
        digest("booklet_event", &it.id.to_string(), &it.h)
    })?;
    let event = Event {
        v: VERSION,
        booklet: booklet.0,
        seq: u64::try_from(seq).unwrap_or_default(),
        prev,
        at: now.to_string(),
        op: op.clone(),
        actor,
        what,
    };
    let link = chain::append(dice.key, &event)?;
    let kind = link.event.get("kind").and_then(Value::as_str).unwrap_or_default();
    let row = e::ActiveModel {
        id: Set((dice.fresh)()),
        booklet: Set(booklet),
        seq: Set(seq),
        op: Set(op),
        kind: Set(kind.to_owned()),
        at: Set(now),
        h: Set(link.h.to_string()),
        kid: Set(link.kid),
        sig: Set(link.sig.to_string()),
        event: Set(link.event),
    };
    row.insert(tx).await?;
    Ok(seq)
}

/// Keeps content beside the chain that binds it.
async fn keep(
    tx: &DatabaseTransaction,
    dice: &Dice<'_>,
    booklet: BookletId,
    (commitment, salt, content): (Digest, Salt, Value),
) -> Result<(), Error> {
    let row = entity::bound::ActiveModel {
        id: Set((dice.fresh)()),
        booklet: Set(booklet),
        commitment: Set(commitment.to_string()),
        // Written as digests are: 64 hex digits.
        salt: Set(Digest(salt).to_string()),
        content: Set(content),
    };
    row.insert(tx).await?;
    Ok(())
}

/// The chain of a booklet, from its first event.
pub async fn chain_of(db: &impl ConnectionTrait, booklet: BookletId) -> Result<Vec<chain::Link>, Error> {
    use entity::booklet_event as e;
    let rows = e::Entity::find()
        .filter(e::Column::Booklet.eq(booklet))
        .order_by_asc(e::Column::Seq)
        .all(db)
        .await?;
    let link = |it: e::Model| {
        let id = it.id.to_string();
        let sig = chain::Signature::try_from(it.sig).map_err(|why| Corrupt {
            table: "booklet_event",
            id: id.clone(),
            why: why.to_string(),
        })?;
        Ok(chain::Link {
            h: digest("booklet_event", &id, &it.h)?,
            event: it.event,
            kid: it.kid,
            sig,
        })
    };
    rows.into_iter().map(link).collect()
}

fn digest(table: &'static str, id: &str, text: &str) -> Result<Digest, Corrupt> {
    text.parse().map_err(|why: chain::NotHex| Corrupt {
        table,
        id: id.to_owned(),
        why: why.to_string(),
    })
}

/// As what somebody acts, so far as the act says it.
impl Act {
    fn role(&self) -> Role {
        match self {
            Self::Open { .. } | Self::Start { .. } | Self::Submit { .. } => Role::Trainee,
            Self::Achieve { .. } | Self::Return { .. } => Role::Assessor,
        }
    }

    fn seen(&self) -> Option<Seen> {
        match self {
            Self::Open { .. } => None,
            Self::Start { item }
            | Self::Submit { item, .. }
            | Self::Achieve { item, .. }
            | Self::Return { item, .. } => Some(*item),
        }
    }
}
