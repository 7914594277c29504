//! Courses as the team looks after them: a text that dates use is never edited in place, a draft follows it
//! and is published by somebody who approves it.

use std::collections::BTreeMap;

use ids::{CourseId, CourseVersionId, PersonId, Ts};
use sea_orm::ActiveValue::Set;
use sea_orm::{
    ActiveModelTrait, ColumnTrait, ConnectionTrait, DatabaseTransaction, EntityTrait, IntoActiveModel,
    QueryFilter, QueryOrder, QuerySelect,
};
use serde_json::Value;
use time::Date;

use crate::allocator::Fresh;
use crate::calendar::{self, CourseText, Outcome};
use crate::entity::{course, course_version, run};
use crate::error::{Corrupt, Error};
use crate::state::Refusal;

/// Where a version stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Standing {
    /// Can be edited; nobody else sees it.
    Draft,
    /// Visitors read it, and new dates are planned on it.
    Published,
    /// Dates that were planned on it keep it.
    Superseded,
}

/// A version of a course.
#[derive(Clone, Debug, PartialEq)]
pub struct Version {
    /// The row.
    pub id: CourseVersionId,
    /// Counted from 1.
    pub number: i32,
    /// Where it stands.
    pub standing: Standing,
    /// The title that it has, or will give the course.
    pub title: String,
    /// What it says.
    pub text: CourseText,
    /// When it was approved.
    pub approved_on: Option<Date>,
    /// By whom; nobody for a version that a command published.
    pub approved_by: Option<PersonId>,
    /// When it should be read through again.
    pub review_due: Option<Date>,
    /// How many dates use it.
    pub dates: usize,
}

/// A course with all its versions.
#[derive(Clone, Debug, PartialEq)]
pub struct CourseRecord {
    /// The row.
    pub id: CourseId,
    /// The word for it in addresses.
    pub code: String,
    /// As visitors read it now.
    pub title: String,
    /// The newest first.
    pub versions: Vec<Version>,
}

impl CourseRecord {
    /// The version that can be edited, if there is one.
    pub fn draft(&self) -> Option<&Version> {
        self.standing(Standing::Draft)
    }

    /// The version that visitors read.
    pub fn published(&self) -> Option<&Version> {
        self.standing(Standing::Published)
    }

    fn standing(&self, standing: Standing) -> Option<&Version> {
        self.versions.iter().find(|it| it.standing == standing)
    }
}

/// What the team can change in a draft.
#[derive(Clone, Debug, PartialEq, Eq)]
#[expect(missing_docs, reason = "the fields are those of the booking rules, section 1")]
pub struct Edited {
    pub title: String,
    pub summary: String,
    pub methods: Vec<String>,
    pub outcomes: Vec<Outcome>,
    pub topics: Vec<String>,
    pub planned_minutes: i32,
    pub sessions_required: Option<i32>,
    pub different_days: bool,
    pub authors_note: String,
}

/// All courses, by title.
pub async fn all(db: &impl ConnectionTrait) -> Result<Vec<CourseRecord>, Error> {
    let rows = course::Entity::find().order_by_asc(course::Column::Title);
    let mut found = Vec::new();
    for row in rows.all(db).await? {
        found.push(with_versions(db, row).await?);
    }
    Ok(found)
}

/// One course, by its code.
pub async fn named(db: &impl ConnectionTrait, code: &str) -> Result<Option<CourseRecord>, Error> {
    let row = course::Entity::find().filter(course::Column::Code.eq(code));
    match row.one(db).await? {
        Some(row) => with_versions(db, row).await.map(Some),
        None => Ok(None),
    }
}

async fn with_versions(db: &impl ConnectionTrait, of: course::Model) -> Result<CourseRecord, Error> {
    let rows = course_version::Entity::find()
        .filter(course_version::Column::Course.eq(of.id))
        .order_by_desc(course_version::Column::Number)
        .all(db)
        .await?;
    let used: Vec<CourseVersionId> = run::Entity::find()
        .select_only()
        .column(run::Column::CourseVersion)
        .filter(run::Column::Course.eq(of.id))
        .into_tuple()
        .all(db)
        .await?;
    let mut dates: BTreeMap<CourseVersionId, usize> = BTreeMap::new();
    for version in used {
        *dates.entry(version).or_default() += 1;
    }
    let version = |row: &course_version::Model| {
        Ok(Version {
            id: row.id,
            number: row.number,
            standing: standing(row)?,
            title: row.title.clone().unwrap_or_else(|| of.title.clone()),
            text: calendar::text_of(row)?,
            approved_on: row.approved_on,
            approved_by: row.approved_by,
            review_due: row.review_due,
            dates: dates.get(&row.id).copied().unwrap_or_default(),
        })
    };
    let versions: Result<Vec<Version>, Error> = rows.iter().map(version).collect();
    Ok(CourseRecord {
        id: of.id,
        versions: versions?,
        code: of.code,
        title: of.title,
    })
}

fn standing(row: &course_version::Model) -> Result<Standing, Error> {
    match row.state.as_str() {
        "draft" | "in_review" => Ok(Standing::Draft),
        "published" => Ok(Standing::Published),
        "superseded" => Ok(Standing::Superseded),
        other => Err(Corrupt {
            table: "course_version",
            id: row.id.to_string(),
            why: format!("its state is {other:?}"),
        }
        .into()),
    }
}

/// Begins a draft with the text of the newest version, if there is no draft yet.
pub async fn begin_draft(tx: &DatabaseTransaction, fresh: Fresh<'_>, of: &CourseRecord) -> Result<(), Error> {
    let newest = of.versions.first().ok_or(Refusal::NotFound)?;
    if of.draft().is_some() {
        return Ok(());
    }
    let row = course_version::Entity::find_by_id(newest.id).one(tx).await?;
    let row = row.ok_or(Refusal::NotFound)?;
    let draft = course_version::Model {
        id: CourseVersionId(fresh()),
        number: newest.number + 1,
        state: "draft".to_owned(),
        title: Some(newest.title.clone()),
        approved_on: None,
        approved_by: None,
        review_due: None,
        ..row
    };
    course_version::ActiveModel::from(draft).insert(tx).await?;
    Ok(())
}

/// Changes a draft; a version that is or was published, or that dates use, is not there to be edited.
pub async fn edit(tx: &DatabaseTransaction, version: CourseVersionId, to: Edited) -> Result<(), Error> {
    let row = editable(tx, version).await?;
    let list = |it: Vec<String>| Value::from(it);
    let mut row = row.into_active_model();
    row.title = Set(Some(to.title));
    row.summary = Set(to.summary);
    row.methods = Set(list(to.methods));
    row.outcomes = Set(serde_json::to_value(to.outcomes).unwrap_or_default());
    row.topics = Set(list(to.topics));
    row.planned_minutes = Set(to.planned_minutes);
    row.sessions_required = Set(to.sessions_required);
    row.different_days = Set(to.different_days);
    row.authors_note = Set(to.authors_note);
    row.update(tx).await?;
    Ok(())
}

/// Publishes a draft that somebody has read and approves. The course takes its title.
pub async fn approve(
    tx: &DatabaseTransaction,
    now: Ts,
    version: CourseVersionId,
    by: PersonId,
) -> Result<(), Error> {
    let row = editable(tx, version).await?;
    let (course, title) = (row.course, row.title.clone());
    let mut row = row.into_active_model();
    row.approved_by = Set(Some(by));
    row.update(tx).await?;
    if let Some(title) = title {
        let row = course::ActiveModel {
            id: Set(course),
            title: Set(title),
            ..Default::default()
        };
        row.update(tx).await?;
    }
    calendar::publish_version(tx, now, version).await
}

async fn editable(
    tx: &DatabaseTransaction,
    version: CourseVersionId,
) -> Result<course_version::Model, Error> {
    let row = course_version::Entity::find_by_id(version).one(tx).await?;
    let row = row.ok_or(Refusal::NotFound)?;
    let used = run::Entity::find().filter(run::Column::CourseVersion.eq(version));
    if standing(&row)? != Standing::Draft || used.one(tx).await?.is_some() {
        return Err(Refusal::NotFound.into());
    }
    Ok(row)
}
