//! Frameworks: what is to be shown, as data.
//!
//! A file becomes a draft, a lead publishes it, and what is published never changes: booklets keep the
//! version that they began with. Title, licence and attribution stand with the version, so that they do
//! not change either.

mod file;

use chain::Digest;
use ids::{AreaId, CompetencyId, FrameworkId, FrameworkVersionId, Ts};
use sea_orm::ActiveValue::Set;
use sea_orm::{
    ActiveModelTrait, ColumnTrait, ConnectionTrait, DatabaseTransaction, EntityTrait, IntoActiveModel,
    PaginatorTrait, QueryFilter, QueryOrder, QuerySelect,
};
use serde_json::{Map, Value};
use uuid::Uuid;

use crate::entity::{area, competency, framework, framework_version};
use crate::error::{Corrupt, Error, Refusal};
use crate::evidence::{Demand, Kind};

pub use file::{COLUMNS, Row, parse};

/// Names for new rows; the program's dice stand behind it.
pub type Fresh<'a> = &'a (dyn Fn() -> Uuid + Send + Sync);

/// A version of a framework with everything in it.
#[derive(Clone, Debug, PartialEq, Eq)]
#[expect(
    missing_docs,
    reason = "the fields are those of the competency rules, section 1"
)]
pub struct Framework {
    pub code: String,
    pub title: String,
    pub version: String,
    pub licence: String,
    pub attribution: String,
    /// In order of area and of competency.
    pub competencies: Vec<Competency>,
}

/// One competency with the area that it belongs to.
#[derive(Clone, Debug, PartialEq, Eq)]
#[expect(
    missing_docs,
    reason = "the fields are those of the competency rules, section 1"
)]
pub struct Competency {
    pub area_code: String,
    pub area_title: String,
    pub area_order: i32,
    pub code: String,
    pub title: String,
    pub guidance: String,
    pub order: i32,
    /// None for required ones.
    pub optional_group: Option<String>,
    pub demand: Demand,
    pub tags: Vec<String>,
}

/// Where a version is in its life.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum State {
    /// Can still be replaced.
    Draft,
    /// New booklets begin with it.
    Published,
    /// Booklets that began with it keep it.
    Retired,
}

impl State {
    /// The word in records.
    pub fn name(self) -> &'static str {
        match self {
            Self::Draft => "draft",
            Self::Published => "published",
            Self::Retired => "retired",
        }
    }

    /// The state with this word.
    pub fn named(name: &str) -> Option<Self> {
        [Self::Draft, Self::Published, Self::Retired]
            .into_iter()
            .find(|it| it.name() == name)
    }
}

/// A version as it is stored.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Version {
    /// The version.
    pub id: FrameworkVersionId,
    /// Where it is in its life.
    pub state: State,
    /// What it was when it was stored.
    pub sha256: Digest,
    /// What is in it.
    pub framework: Framework,
}

/// What a file would make of what is stored.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Report {
    /// What each row is, in the order of the file.
    pub rows: Vec<(Row, Verdict)>,
    /// Codes of competencies that are stored and not in the file, if every code of the file is good.
    pub gone: Vec<String>,
    /// What the whole file is.
    pub verdict: FileVerdict,
}

/// What a row of a file is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[expect(missing_docs, reason = "the words say it")]
pub enum Verdict {
    Added,
    Changed,
    Same,
    Wrong,
}

/// What a file as a whole is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FileVerdict {
    /// Some rows are wrong.
    Wrong,
    /// It would change a version that is published.
    Published,
    /// It is stored already, word for word.
    Known,
    /// It makes a draft, or replaces one.
    Draft,
}

impl Verdict {
    /// The word in reports.
    pub fn name(self) -> &'static str {
        match self {
            Self::Added => "added",
            Self::Changed => "changed",
            Self::Same => "same",
            Self::Wrong => "error",
        }
    }
}

impl Framework {
    /// The columns of one competency as strings, as a file writes them and a bundle shows them.
    pub fn columns(&self, it: &Competency) -> Map<String, Value> {
        let yes_no = |it: bool| if it { "yes" } else { "no" }.to_owned();
        let kinds: Vec<&str> = it.demand.allowed_kinds.iter().map(|it| it.name()).collect();
        let cells = [
            self.code.clone(),
            self.title.clone(),
            self.version.clone(),
            self.licence.clone(),
            self.attribution.clone(),
            it.area_code.clone(),
            it.area_title.clone(),
            it.area_order.to_string(),
            it.code.clone(),
            it.title.clone(),
            it.guidance.clone(),
            it.order.to_string(),
            yes_no(it.optional_group.is_none()),
            it.optional_group.clone().unwrap_or_default(),
            yes_no(it.demand.requires_observation),
            it.demand.min_evidence.to_string(),
            it.demand.min_distinct_dates.to_string(),
            kinds.join("|"),
            it.tags.join("|"),
        ];
        COLUMNS
            .map(str::to_owned)
            .into_iter()
            .zip(cells.map(Value::from))
            .collect()
    }

    /// The SHA-256 of one competency: of its columns as strings (section 5).
    pub fn sha256_of(&self, it: &Competency) -> Result<Digest, Error> {
        Ok(chain::digest(&Value::Object(self.columns(it)))?)
    }

    /// The SHA-256 of the version: of the columns of all its competencies, in order (CINV-15).
    pub fn sha256(&self) -> Result<Digest, Error> {
        let all = self.competencies.iter().map(|it| Value::Object(self.columns(it)));
        Ok(chain::digest(&Value::Array(all.collect()))?)
    }

    fn competency(&self, code: &str) -> Option<&Competency> {
        self.competencies.iter().find(|it| it.code == code)
    }
}

/// What `rows` would make of what is stored; nothing is written.
pub async fn compare(db: &impl ConnectionTrait, rows: Vec<Row>) -> Result<Report, Error> {
    let wrong = rows.iter().any(|it| !it.wrong.is_empty());
    let Some(named) = rows.first() else {
        return Ok(Report {
            rows: Vec::new(),
            gone: Vec::new(),
            verdict: FileVerdict::Wrong,
        });
    };
    let known = versions(db, &named.framework.code).await?;
    let same_version = known
        .iter()
        .find(|it| it.framework.version == named.framework.version);
    // A new version is compared with the newest before it.
    let base = same_version.or(known.last());
    let verdict_of = |row: &Row| {
        let columns = |of: &Framework, it| of.columns(it);
        let stored = base.and_then(|it| Some((&it.framework, it.framework.competency(&row.code)?)));
        match (&row.competency, stored) {
            _ if !row.wrong.is_empty() => Verdict::Wrong,
            (None, _) => Verdict::Wrong,
            (Some(_), None) => Verdict::Added,
            (Some(new), Some((of, old))) => {
                let (mut new, mut old) = (columns(&row.framework, new), columns(of, old));
                // Of a new version everything is new in that sense.
                new.remove("framework_version");
                old.remove("framework_version");
                if new == old {
                    Verdict::Same
                } else {
                    Verdict::Changed
                }
            }
        }
    };
    let rows: Vec<(Row, Verdict)> = rows.into_iter().map(|it| (it.clone(), verdict_of(&it))).collect();
    let gone: Vec<String> = base
        .iter()
        .flat_map(|it| &it.framework.competencies)
        .filter(|it| !wrong && !rows.iter().any(|(row, _)| row.code == it.code))
        .map(|it| it.code.clone())
        .collect();
    let untouched = gone.is_empty() && rows.iter().all(|(_, it)| *it == Verdict::Same);
    let verdict = match same_version {
        _ if wrong => FileVerdict::Wrong,
        Some(_) if untouched => FileVerdict::Known,
        Some(it) if it.state != State::Draft => FileVerdict::Published,
        Some(_) | None => FileVerdict::Draft,
    };
    Ok(Report { rows, gone, verdict })
}

/// Stores what a file says as a draft, if all of it makes sense and changes nothing that is published.
/// The version is there when something was stored.
pub async fn import(
    tx: &DatabaseTransaction,
    now: Ts,
    fresh: Fresh<'_>,
    rows: Vec<Row>,
) -> Result<(Report, Option<FrameworkVersionId>), Error> {
    let report = compare(tx, rows).await?;
    if report.verdict != FileVerdict::Draft {
        return Ok((report, None));
    }
    let Some((first, _)) = report.rows.first() else {
        return Ok((report, None));
    };
    let competencies = report.rows.iter().filter_map(|(it, _)| it.competency.clone());
    let mut all = Framework {
        competencies: competencies.collect(),
        ..first.framework.clone()
    };
    all.competencies.sort_by_key(|it| (it.area_order, it.order));
    let version = store(tx, now, fresh, &all).await?;
    Ok((report, Some(version)))
}

async fn store(
    tx: &DatabaseTransaction,
    now: Ts,
    fresh: Fresh<'_>,
    it: &Framework,
) -> Result<FrameworkVersionId, Error> {
    let of = framework_named(tx, fresh, &it.code).await?;
    let draft = framework_version::Entity::find()
        .filter(framework_version::Column::Framework.eq(of))
        .filter(framework_version::Column::Version.eq(&it.version))
        .one(tx)
        .await?;
    if let Some(row) = &draft {
        empty(tx, row).await?;
    }
    let id = draft
        .as_ref()
        .map_or_else(|| FrameworkVersionId(fresh()), |it| it.id);
    let number = framework_version::Entity::find()
        .filter(framework_version::Column::Framework.eq(of))
        .count(tx)
        .await?;
    let row = framework_version::ActiveModel {
        id: Set(id),
        framework: Set(of),
        number: Set(draft.as_ref().map_or_else(
            || i32::try_from(number).unwrap_or(i32::MAX - 1) + 1,
            |it| it.number,
        )),
        version: Set(it.version.clone()),
        state: Set(State::Draft.name().to_owned()),
        title: Set(it.title.clone()),
        licence: Set(it.licence.clone()),
        attribution: Set(it.attribution.clone()),
        sha256: Set(it.sha256()?.to_string()),
        made_at: Set(now),
        published_at: Set(None),
    };
    if draft.is_some() {
        row.update(tx).await?;
    } else {
        row.insert(tx).await?;
    }
    fill(tx, fresh, id, it).await?;
    Ok(id)
}

async fn framework_named(
    tx: &DatabaseTransaction,
    fresh: Fresh<'_>,
    code: &str,
) -> Result<FrameworkId, Error> {
    let known = framework::Entity::find()
        .filter(framework::Column::Code.eq(code))
        .lock_exclusive()
        .one(tx)
        .await?;
    if let Some(it) = known {
        return Ok(it.id);
    }
    let id = FrameworkId(fresh());
    let row = framework::ActiveModel {
        id: Set(id),
        code: Set(code.to_owned()),
    };
    row.insert(tx).await?;
    Ok(id)
}

/// Takes out what is in a draft. What was published is never emptied.
async fn empty(tx: &DatabaseTransaction, row: &framework_version::Model) -> Result<(), Error> {
    if row.state != State::Draft.name() {
        return Err(Refusal::Published.into());
    }
    competency::Entity::delete_many()
        .filter(competency::Column::FrameworkVersion.eq(row.id))
        .exec(tx)
        .await?;
    area::Entity::delete_many()
        .filter(area::Column::FrameworkVersion.eq(row.id))
        .exec(tx)
        .await?;
    Ok(())
}

async fn fill(
    tx: &DatabaseTransaction,
    fresh: Fresh<'_>,
    id: FrameworkVersionId,
    all: &Framework,
) -> Result<(), Error> {
    let mut areas: Vec<(String, AreaId)> = Vec::new();
    for it in &all.competencies {
        let known = areas.iter().find(|(code, _)| *code == it.area_code);
        let area = if let Some((_, id)) = known {
            *id
        } else {
            let new = AreaId(fresh());
            let row = area::ActiveModel {
                id: Set(new),
                framework_version: Set(id),
                code: Set(it.area_code.clone()),
                title: Set(it.area_title.clone()),
                ord: Set(it.area_order),
            };
            row.insert(tx).await?;
            areas.push((it.area_code.clone(), new));
            new
        };
        competency_row(fresh, id, area, all, it)?.insert(tx).await?;
    }
    Ok(())
}

fn competency_row(
    fresh: Fresh<'_>,
    id: FrameworkVersionId,
    area: AreaId,
    all: &Framework,
    it: &Competency,
) -> Result<competency::ActiveModel, Error> {
    let whole = |it: u32| Set(i32::try_from(it).unwrap_or(i32::MAX));
    let kinds: Vec<&str> = it.demand.allowed_kinds.iter().map(|it| it.name()).collect();
    Ok(competency::ActiveModel {
        id: Set(CompetencyId(fresh())),
        framework_version: Set(id),
        area: Set(area),
        code: Set(it.code.clone()),
        title: Set(it.title.clone()),
        guidance: Set(it.guidance.clone()),
        ord: Set(it.order),
        optional_group: Set(it.optional_group.clone()),
        requires_observation: Set(it.demand.requires_observation),
        min_evidence: whole(it.demand.min_evidence),
        min_distinct_dates: whole(it.demand.min_distinct_dates),
        allowed_kinds: Set(kinds.into()),
        tags: Set(it.tags.clone().into()),
        sha256: Set(all.sha256_of(it)?.to_string()),
    })
}

/// Publishes a draft; the version before it is retired and stays with its booklets.
pub async fn publish(tx: &DatabaseTransaction, now: Ts, id: FrameworkVersionId) -> Result<(), Error> {
    let row = framework_version::Entity::find_by_id(id)
        .lock_exclusive()
        .one(tx)
        .await?;
    let row = row.ok_or(Refusal::NotFound)?;
    if row.state != State::Draft.name() {
        return Err(Refusal::Published.into());
    }
    let before = framework_version::Entity::find()
        .filter(framework_version::Column::Framework.eq(row.framework))
        .filter(framework_version::Column::State.eq(State::Published.name()))
        .all(tx)
        .await?;
    for it in before {
        let mut it = it.into_active_model();
        it.state = Set(State::Retired.name().to_owned());
        it.update(tx).await?;
    }
    let mut row = row.into_active_model();
    row.state = Set(State::Published.name().to_owned());
    row.published_at = Set(Some(now));
    row.update(tx).await?;
    Ok(())
}

/// Whether there is no framework at all: an empty instance gets the one that we ship.
pub async fn is_none_there(db: &impl ConnectionTrait) -> Result<bool, Error> {
    Ok(framework::Entity::find().count(db).await? == 0)
}

/// All versions of a framework, oldest first.
pub async fn versions(db: &impl ConnectionTrait, code: &str) -> Result<Vec<Version>, Error> {
    let of = framework::Entity::find()
        .filter(framework::Column::Code.eq(code))
        .one(db)
        .await?;
    let Some(of) = of else { return Ok(Vec::new()) };
    let rows = framework_version::Entity::find()
        .filter(framework_version::Column::Framework.eq(of.id))
        .order_by_asc(framework_version::Column::Number)
        .all(db)
        .await?;
    let mut found = Vec::new();
    for row in rows {
        found.push(read(db, &of.code, row).await?);
    }
    Ok(found)
}

/// The codes of all frameworks, in order.
pub async fn codes(db: &impl ConnectionTrait) -> Result<Vec<String>, Error> {
    let rows = framework::Entity::find()
        .order_by_asc(framework::Column::Code)
        .all(db)
        .await?;
    Ok(rows.into_iter().map(|it| it.code).collect())
}

async fn read(
    db: &impl ConnectionTrait,
    code: &str,
    row: framework_version::Model,
) -> Result<Version, Error> {
    let corrupt = |why: &str| Corrupt {
        table: "framework_version",
        id: row.id.to_string(),
        why: why.to_owned(),
    };
    let areas = area::Entity::find()
        .filter(area::Column::FrameworkVersion.eq(row.id))
        .all(db)
        .await?;
    let rows = competency::Entity::find()
        .filter(competency::Column::FrameworkVersion.eq(row.id))
        .all(db)
        .await?;
    let mut competencies = rows
        .into_iter()
        .map(|it| {
            let area = areas.iter().find(|area| area.id == it.area);
            competency_of(it, area)
        })
        .collect::<Result<Vec<_>, Corrupt>>()?;
    competencies.sort_by_key(|it| (it.area_order, it.order));
    Ok(Version {
        id: row.id,
        state: State::named(&row.state).ok_or_else(|| corrupt("has no known state"))?,
        sha256: row.sha256.parse().map_err(|_| corrupt("its hash is none"))?,
        framework: Framework {
            code: code.to_owned(),
            title: row.title,
            version: row.version,
            licence: row.licence,
            attribution: row.attribution,
            competencies,
        },
    })
}

fn competency_of(row: competency::Model, area: Option<&area::Model>) -> Result<Competency, Corrupt> {
    let corrupt = |why: &str| Corrupt {
        table: "competency",
        id: row.id.to_string(),
        why: why.to_owned(),
    };
    let area = area.ok_or_else(|| corrupt("has no area"))?;
    let words = |it: &Value| serde_json::from_value::<Vec<String>>(it.clone());
    let kinds = words(&row.allowed_kinds).map_err(|_| corrupt("its kinds are no list"))?;
    let kinds: Option<Vec<Kind>> = kinds.iter().map(|it| Kind::named(it)).collect();
    let whole = |it: i32| u32::try_from(it).map_err(|_| corrupt("asks for less than nothing"));
    Ok(Competency {
        area_code: area.code.clone(),
        area_title: area.title.clone(),
        area_order: area.ord,
        code: row.code.clone(),
        title: row.title.clone(),
        guidance: row.guidance.clone(),
        order: row.ord,
        optional_group: row.optional_group.clone(),
        demand: Demand {
            requires_observation: row.requires_observation,
            min_evidence: whole(row.min_evidence)?,
            min_distinct_dates: whole(row.min_distinct_dates)?,
            allowed_kinds: kinds.ok_or_else(|| corrupt("allows a kind that nobody knows"))?,
        },
        tags: words(&row.tags).map_err(|_| corrupt("its tags are no list"))?,
    })
}
