//! A booklet as the door sees it.

use chain::Digest;
use chain::event::{Piece as BoundPiece, Role};
use ids::{BookletId, EvidenceId, ItemId, PersonId, TemplateId};
use sea_orm::{
    ColumnTrait, ConnectionTrait, DatabaseTransaction, EntityTrait, QueryFilter, QueryOrder, QuerySelect,
};

use super::digest;
use crate::booklet;
use crate::entity;
use crate::error::{Corrupt, Error, Refusal};
use crate::evidence::{Demand, Kind, Piece};
use crate::framework::{self, Version};
use crate::item;
use crate::sign_off::{Signatory, Signers};
use crate::template::Rules;

/// A booklet that is locked, with everything that decides about it.
#[derive(Debug)]
pub(super) struct Loaded {
    pub(super) id: BookletId,
    pub(super) state: booklet::State,
    pub(super) trainee: PersonId,
    pub(super) template: Template,
    pub(super) framework: Version,
    pub(super) items: Vec<Item>,
    pub(super) signers: Signers,
    pub(super) line_supervisor: bool,
}

/// The template of a booklet.
#[derive(Debug)]
pub(super) struct Template {
    pub(super) code: String,
    pub(super) version: String,
    pub(super) sha256: Digest,
    pub(super) rules: Rules,
}

/// A competency in it.
#[derive(Clone, Debug)]
pub(super) struct Item {
    pub(super) id: ItemId,
    pub(super) code: String,
    pub(super) sha256: Digest,
    pub(super) required: bool,
    pub(super) demand: Demand,
    pub(super) title: String,
    pub(super) now: item::Item,
    pub(super) self_rating: Option<u8>,
    pub(super) lock_version: i32,
    /// Submitted and not withdrawn.
    pub(super) pieces: Vec<(BoundPiece, Piece)>,
}

impl Loaded {
    /// Takes the booklet for this change alone.
    pub(super) async fn lock(tx: &DatabaseTransaction, id: BookletId) -> Result<Self, Error> {
        let row = entity::booklet::Entity::find_by_id(id)
            .lock_exclusive()
            .one(tx)
            .await?;
        let row = row.ok_or(Refusal::NotFound)?;
        let state = booklet::State::named(&row.state).ok_or_else(|| Corrupt {
            table: "booklet",
            id: id.to_string(),
            why: "has no known state".to_owned(),
        })?;
        let (template, framework) = template(tx, row.template).await?;
        let (signers, line_supervisor) = signers(tx, id, row.trainee).await?;
        Ok(Self {
            id,
            state,
            trainee: row.trainee,
            items: items(tx, id).await?,
            template,
            framework,
            signers,
            line_supervisor,
        })
    }

    pub(super) fn item(&self, id: ItemId) -> Result<&Item, Refusal> {
        self.items.iter().find(|it| it.id == id).ok_or(Refusal::NotFound)
    }
}

async fn template(db: &impl ConnectionTrait, id: TemplateId) -> Result<(Template, Version), Error> {
    let corrupt = |why: &str| Corrupt {
        table: "booklet_template",
        id: id.to_string(),
        why: why.to_owned(),
    };
    let row = entity::booklet_template::Entity::find_by_id(id).one(db).await?;
    let row = row.ok_or_else(|| corrupt("is not there"))?;
    let framework = framework::version(db, row.framework_version).await?;
    let template = Template {
        code: row.code,
        version: row.version,
        sha256: digest("booklet_template", &id.to_string(), &row.sha256)?,
        rules: serde_json::from_value(row.rules).map_err(|_| corrupt("its rules cannot be read"))?,
    };
    Ok((template, framework.ok_or_else(|| corrupt("has no framework"))?))
}

async fn signers(
    db: &impl ConnectionTrait,
    booklet: BookletId,
    trainee: PersonId,
) -> Result<(Signers, bool), Error> {
    use entity::{booklet_placement as bp, signatory as s};
    let placements = bp::Entity::find()
        .filter(bp::Column::Booklet.eq(booklet))
        .all(db)
        .await?;
    let rows = s::Entity::find()
        .filter(s::Column::Placement.is_in(placements.iter().map(|it| it.placement)))
        .order_by_asc(s::Column::Id)
        .all(db)
        .await?;
    let line = rows.iter().any(|it| it.part == "line" && it.to_on.is_none());
    let signatory = |it: &s::Model| Signatory {
        person: it.person,
        role: if it.part == "assessor" {
            Role::Assessor
        } else {
            Role::Supervisor
        },
        from: it.from_on,
        to: it.to_on,
        prepared_on: it.prepared_on,
        conflict: it.conflict != "none",
    };
    let signers = Signers {
        trainee,
        log: rows.iter().map(signatory).collect(),
        overrides: Vec::new(),
        parts: Vec::new(),
    };
    Ok((signers, line))
}

async fn items(db: &impl ConnectionTrait, booklet: BookletId) -> Result<Vec<Item>, Error> {
    use entity::{booklet_item as i, competency as c};
    let rows = i::Entity::find()
        .filter(i::Column::Booklet.eq(booklet))
        .order_by_asc(i::Column::Id)
        .all(db)
        .await?;
    let competencies = c::Entity::find()
        .filter(c::Column::Id.is_in(rows.iter().map(|it| it.competency)))
        .all(db)
        .await?;
    let pieces = pieces(db, booklet).await?;
    let item = |row: i::Model| {
        let corrupt = |why: &str| Corrupt {
            table: "booklet_item",
            id: row.id.to_string(),
            why: why.to_owned(),
        };
        let of = competencies.iter().find(|it| it.id == row.competency);
        let of = of.ok_or_else(|| corrupt("has no competency"))?;
        let mut own: Vec<_> = pieces
            .iter()
            .filter(|(item, ..)| *item == row.id)
            .map(|(_, bound, piece)| (*bound, *piece))
            .collect();
        own.sort_by_key(|(it, _)| *it);
        Ok(Item {
            id: row.id,
            code: of.code.clone(),
            sha256: digest("competency", &of.id.to_string(), &of.sha256)?,
            required: of.optional_group.is_none(),
            demand: framework::demand_of(of)?,
            title: of.title.clone(),
            now: item::Item {
                state: item::State::named(&row.state).ok_or_else(|| corrupt("has no known state"))?,
                attempt: u8::try_from(row.attempt).map_err(|_| corrupt("has no such attempt"))?,
            },
            self_rating: row.self_rating.and_then(|it| u8::try_from(it).ok()),
            lock_version: row.lock_version,
            pieces: own,
        })
    };
    rows.into_iter().map(item).collect()
}

/// The submitted pieces of a booklet that were not withdrawn, each at its newest version, by item.
async fn pieces(
    db: &impl ConnectionTrait,
    booklet: BookletId,
) -> Result<Vec<(ItemId, BoundPiece, Piece)>, Error> {
    use entity::{evidence as e, evidence_item as ei, evidence_version as ev};
    let rows = e::Entity::find()
        .filter(e::Column::Booklet.eq(booklet))
        .all(db)
        .await?;
    let ids: Vec<EvidenceId> = rows.iter().map(|it| it.id).collect();
    let versions = ev::Entity::find()
        .filter(ev::Column::Evidence.is_in(ids.iter().copied()))
        .filter(ev::Column::Ring.eq("submitted"))
        .order_by_desc(ev::Column::N)
        .all(db)
        .await?;
    let attached = ei::Entity::find()
        .filter(ei::Column::Evidence.is_in(ids))
        .all(db)
        .await?;
    let mut found = Vec::new();
    for row in &rows {
        let newest = versions.iter().find(|it| it.evidence == row.id);
        let Some(version) = newest.filter(|it| it.withdrawn_at.is_none()) else {
            continue;
        };
        let corrupt = |why: &str| Corrupt {
            table: "evidence",
            id: row.id.to_string(),
            why: why.to_owned(),
        };
        let piece = Piece {
            kind: Kind::named(&row.kind).ok_or_else(|| corrupt("is of no known kind"))?,
            occurred_on: row.occurred_on,
        };
        let bound = BoundPiece {
            id: row.id.0,
            version: u32::try_from(version.n).map_err(|_| corrupt("has no such version"))?,
            commitment: digest("evidence_version", &version.id.to_string(), &version.commitment)?,
        };
        let items = attached.iter().filter(|it| it.evidence == row.id);
        found.extend(items.map(|it| (it.item, bound, piece)));
    }
    Ok(found)
}

/// A booklet as pages and tests see it, without a lock.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Standing {
    /// Where it is.
    pub state: booklet::State,
    /// Each item by the code of its competency: where it is, and its version.
    pub items: Vec<(String, super::Seen, u8)>,
}

/// Where a booklet and its items are.
pub async fn standing(db: &impl ConnectionTrait, id: BookletId) -> Result<Option<Standing>, Error> {
    let Some(row) = entity::booklet::Entity::find_by_id(id).one(db).await? else {
        return Ok(None);
    };
    let state = booklet::State::named(&row.state).ok_or_else(|| Corrupt {
        table: "booklet",
        id: id.to_string(),
        why: "has no known state".to_owned(),
    })?;
    let mut items: Vec<_> = items(db, id)
        .await?
        .into_iter()
        .map(|it| {
            let seen = super::Seen {
                item: it.id,
                state: it.now.state,
                lock_version: it.lock_version,
            };
            (it.code, seen, it.now.attempt)
        })
        .collect();
    items.sort_by(|a, b| a.0.cmp(&b.0));
    Ok(Some(Standing { state, items }))
}
