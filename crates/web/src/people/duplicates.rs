//! Records that may be one person: the same name with the same phone number or address (B-27). Only
//! somebody who has looked at both makes them one.

use ids::PersonId;
use sea_orm::ActiveValue::Set;
use sea_orm::sea_query::{Alias, Expr, ExprTrait, Func};
use sea_orm::{ColumnTrait, ConnectionTrait, EntityTrait, QueryFilter, QueryOrder};

use super::Person;
use super::matching::{name_key, phone_key};
use crate::entity::{person, team_task};
use crate::error::Error;
use crate::tasks::{self, TaskKind};
use crate::work::Work;

/// What is noted on a pair that somebody has looked at.
const TWO_PEOPLE: &str = "two_people";

/// The other records that may be this person, the oldest first. Pairs of which somebody said that they are
/// two people are not among them.
pub(crate) async fn like(db: &impl ConnectionTrait, of: &Person) -> Result<Vec<Person>, Error> {
    let word = of.full_name.split_whitespace().next().unwrap_or_default();
    let begins = format!("{}%", escaped(&word.to_lowercase()));
    let name = Func::lower(Expr::col(person::Column::FullName));
    let named = Expr::expr(Func::cust(Alias::new("ltrim")).arg(Expr::expr(name)));
    let pattern = sea_orm::sea_query::LikeExpr::new(begins).escape('\\');
    let others = person::Entity::find()
        .filter(person::Column::Id.ne(of.id))
        .filter(person::Column::MergedInto.is_null())
        .filter(named.like(pattern))
        .order_by_asc(person::Column::CreatedAt)
        .order_by_asc(person::Column::Id)
        .all(db)
        .await?;
    let told_apart = told_apart(db, of.id).await?;
    let may_be = |it: &Person| is_like(of, it) && !told_apart.contains(&it.id);
    Ok(others.into_iter().filter(may_be).collect())
}

/// Whether two records have the same name, and the same phone number or address.
fn is_like(one: &Person, other: &Person) -> bool {
    let phone = |it: &Person| it.phone.as_deref().map(phone_key).filter(|it| !it.is_empty());
    let same = |a: Option<String>, b: Option<String>| a.is_some() && a == b;
    name_key(&one.full_name) == name_key(&other.full_name)
        && (same(phone(one), phone(other)) || same(one.email.clone(), other.email.clone()))
}

fn escaped(text: &str) -> String {
    let escape = |it: char| {
        if "%_\\".contains(it) {
            format!("\\{it}")
        } else {
            it.to_string()
        }
    };
    text.chars().map(escape).collect()
}

/// Asks the team to look at this record and those with the same name and phone number but another address
/// (B-27). Once per pair.
pub(crate) async fn ask_to_look(work: &Work, id: PersonId) -> Result<(), Error> {
    let one = super::find(work.tx(), id).await?.ok_or(Error::NotFound)?;
    if one.phone.is_none() {
        return Ok(());
    }
    let phone = |it: &Person| it.phone.as_deref().map(phone_key);
    for other in like(work.tx(), &one).await? {
        let differs = phone(&one) == phone(&other) && one.email != other.email;
        if differs && !is_asked(work.tx(), one.id, other.id).await? {
            let occasion = other.id.to_string();
            tasks::add(work, TaskKind::PossibleDuplicate, one.id.0, &occasion, work.now()).await?;
        }
    }
    Ok(())
}

/// Every task about a pair, whichever of the two it names first.
async fn asked(db: &impl ConnectionTrait, of: PersonId) -> Result<Vec<team_task::Model>, Error> {
    use team_task::Column as Task;
    let about = Task::About.eq(of.0).or(Task::Occasion.eq(of.to_string()));
    let tasks = team_task::Entity::find()
        .filter(Task::Kind.eq(TaskKind::PossibleDuplicate.name()))
        .filter(about);
    Ok(tasks.all(db).await?)
}

fn is_of(it: &team_task::Model, other: PersonId) -> bool {
    it.about == other.0 || it.occasion == other.to_string()
}

async fn is_asked(db: &impl ConnectionTrait, one: PersonId, other: PersonId) -> Result<bool, Error> {
    Ok(asked(db, one).await?.iter().any(|it| is_of(it, other)))
}

async fn told_apart(db: &impl ConnectionTrait, of: PersonId) -> Result<Vec<PersonId>, Error> {
    let done = asked(db, of).await?.into_iter();
    let done = done.filter(|it| it.outcome.as_deref() == Some(TWO_PEOPLE));
    let other = |it: team_task::Model| {
        if it.about == of.0 {
            uuid::Uuid::parse_str(&it.occasion).ok().map(PersonId)
        } else {
            Some(PersonId(it.about))
        }
    };
    Ok(done.filter_map(other).collect())
}

/// Notes that two records are two people: nobody is asked again.
pub(crate) async fn tell_apart(work: &Work, one: PersonId, other: PersonId) -> Result<(), Error> {
    if !is_asked(work.tx(), one, other).await? {
        let occasion = other.to_string();
        tasks::add(work, TaskKind::PossibleDuplicate, one.0, &occasion, work.now()).await?;
    }
    for it in asked(work.tx(), one).await?.iter().filter(|it| is_of(it, other)) {
        let done = team_task::ActiveModel {
            state: Set("done".to_owned()),
            outcome: Set(Some(TWO_PEOPLE.to_owned())),
            ..Default::default()
        };
        team_task::Entity::update_many()
            .set(done)
            .filter(team_task::Column::Id.eq(it.id))
            .exec(work.tx())
            .await?;
    }
    Ok(())
}
