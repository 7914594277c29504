//! Being logged in (T-12 to T-20): who somebody is, what they have proven, and until when that counts.
//!
//! A log in begins with a code from the mailbox and, for the team, ends with a code of an app. It is one
//! row; the browser holds a random number of which the row keeps a hash. At each rise of rights the
//! number is another one, and the old one opens nothing.

pub(crate) mod ask;
pub(crate) mod code;
pub(crate) mod cookies;
pub(crate) mod factor;
pub(crate) mod invite;
pub(crate) mod log_out;
pub(crate) mod mail;
pub(crate) mod next;
pub(crate) mod numbers;
pub(crate) mod recovery;
pub(crate) mod role;
pub(crate) mod second;
pub(crate) mod set_up;
pub(crate) mod stash;
pub(crate) mod step_up;

use axum::extract::FromRequestParts;
use axum::http::HeaderMap;
use axum::http::request::Parts;
use ids::{PersonId, Ts};
use sea_orm::ActiveValue::Set;
use sea_orm::sea_query::Expr;
use sea_orm::{ActiveModelTrait, ColumnTrait, ConnectionTrait, EntityTrait, QueryFilter, QueryOrder};
use time::Duration;
use uuid::Uuid;

use crate::app::App;
use crate::entity::{account, sign_in, sign_in_attempt, stash as stashed};
use crate::error::Error;
use crate::people;
use crate::routes::Routes;
use crate::secrets::token_hash;
use crate::work::Work;
use cookies::Cookie;
use numbers::Numbers;
use role::Role;

/// All pages of logging in.
pub(crate) fn routes() -> Routes {
    ask::routes()
        .and(code::routes())
        .and(second::routes())
        .and(set_up::routes())
        .and(recovery::routes())
        .and(step_up::routes())
        .and(log_out::routes())
        .and(stash::routes())
        .and(invite::routes())
}

/// What somebody has proven.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Level {
    /// That the mailbox is theirs.
    Address,
    /// That, and a code of their app or a recovery code.
    Second,
}

impl Level {
    fn name(self) -> &'static str {
        match self {
            Self::Address => "address",
            Self::Second => "second",
        }
    }
}

/// Somebody who is logged in, or half-way there.
#[derive(Clone, Debug)]
pub(crate) struct SignedIn {
    /// The row; the same through every rise.
    pub id: Uuid,
    /// Who.
    pub person: PersonId,
    /// What we call them.
    pub name: String,
    /// The address they log in with.
    pub email: String,
    /// What they may do, as of this request (T-10).
    pub roles: Vec<Role>,
    /// What they have proven.
    pub level: Level,
    /// When they were last here, by the row.
    pub seen_at: Ts,
    /// When it ends if they do something now.
    pub ends_if_seen: Ts,
    /// When they last gave a code for important acts (T-18).
    pub step_up_at: Option<Ts>,
    /// Where they wanted to go when they began.
    pub next: Option<String>,
}

impl SignedIn {
    /// Whether everything is proven that their roles ask for: the team needs the second step (T-15).
    pub(crate) fn is_complete(&self) -> bool {
        self.roles.is_empty() || self.level == Level::Second
    }

    /// Whether they have one of these roles.
    pub(crate) fn is_any(&self, roles: &[Role]) -> bool {
        roles.iter().any(|it| self.roles.contains(it))
    }

    /// Whether a code was given so recently that important acts need no other one (T-18).
    pub(crate) fn is_stepped_up(&self, numbers: &Numbers, now: Ts) -> bool {
        self.step_up_at
            .is_some_and(|at| now < at + numbers.step_up_fresh())
    }
}

/// Who asks; only behind a rule that let them in (`guard.rs`).
impl FromRequestParts<App> for SignedIn {
    type Rejection = Error;

    async fn from_request_parts(parts: &mut Parts, _: &App) -> Result<Self, Error> {
        parts.extensions.get::<Self>().cloned().ok_or(Error::NotFound)
    }
}

/// What the browser's cookie stands for.
#[derive(Clone, Debug)]
pub(crate) enum Found {
    /// Nothing that we know.
    Nobody,
    /// A log in of this person that is over.
    Over(PersonId),
    /// Somebody.
    Now(Box<SignedIn>),
}

/// When a log in ends: after a time without use, and at the latest some hours after it began (T-17).
pub(crate) fn ends_at(numbers: &Numbers, is_staff: bool, began_at: Ts, seen_at: Ts) -> Ts {
    (seen_at + numbers.idle(is_staff)).min(began_at + numbers.longest(is_staff))
}

/// Who the browser belongs to now.
pub(crate) async fn find(app: &App, headers: &HeaderMap) -> Result<Found, Error> {
    let (db, now) = (app.reader(), app.now());
    let Some(handle) = Cookie::SignIn.read(app.setup(), headers) else {
        return Ok(Found::Nobody);
    };
    let row = sign_in::Entity::find().filter(sign_in::Column::HandleHash.eq(token_hash(&handle)));
    let Some(row) = row.one(db).await? else {
        return Ok(Found::Nobody);
    };
    let account = account::Entity::find_by_id(row.person).one(db).await?;
    let Some(account) = account.filter(|it| it.closed_at.is_none()) else {
        return Ok(Found::Nobody);
    };
    let roles = role::of(db, row.person).await?;
    let numbers = Numbers::load(db).await?;
    let is_staff = !roles.is_empty();
    if row.ended_at.is_some() || now >= ends_at(&numbers, is_staff, row.began_at, row.seen_at) {
        return Ok(Found::Over(row.person));
    }
    let person = people::find(db, row.person).await?.ok_or(Error::NotFound)?;
    Ok(Found::Now(Box::new(SignedIn {
        id: row.id,
        person: row.person,
        name: person.called(),
        email: account.email,
        roles,
        level: if row.level == Level::Second.name() {
            Level::Second
        } else {
            Level::Address
        },
        seen_at: row.seen_at,
        ends_if_seen: ends_at(&numbers, is_staff, row.began_at, now),
        step_up_at: row.step_up_at,
        next: row.next,
    })))
}

/// Use is noted this often: a page more within it changes nothing.
const NOTED_EVERY: Duration = Duration::MINUTE;

/// Notes that somebody is still here.
pub(crate) async fn note_use(app: &App, me: &SignedIn) -> Result<(), Error> {
    if app.now() - me.seen_at < NOTED_EVERY {
        return Ok(());
    }
    let id = me.id;
    app.change(async |work| {
        let row = sign_in::ActiveModel {
            seen_at: Set(work.now()),
            ..Default::default()
        };
        sign_in::Entity::update_many()
            .set(row)
            .filter(sign_in::Column::Id.eq(id))
            .filter(sign_in::Column::EndedAt.is_null())
            .exec(work.tx())
            .await?;
        Ok(())
    })
    .await
}

/// What a log in begins with.
#[derive(Clone, Debug)]
pub(crate) struct Beginning {
    pub person: PersonId,
    /// The hash of what the browser is known by.
    pub browser: String,
    /// Its name in words.
    pub browser_words: String,
    /// Where to go afterwards.
    pub next: Option<String>,
}

/// A log in that has just begun.
#[derive(Clone, Debug)]
pub(crate) struct Begun {
    pub id: Uuid,
    /// For the cookie.
    pub handle: String,
    /// Whether nothing more is asked for.
    pub is_complete: bool,
}

/// Begins a log in: the mailbox is proven. Of too many at once the oldest ends (T-17).
pub(crate) async fn begin(work: &Work, beginning: Beginning) -> Result<Begun, Error> {
    let numbers = Numbers::load(work.tx()).await?;
    let is_staff = !role::of(work.tx(), beginning.person).await?.is_empty();
    let (id, handle) = (work.fresh_id(), work.secrets().handle());
    let row = sign_in::ActiveModel {
        id: Set(id),
        person: Set(beginning.person),
        handle_hash: Set(token_hash(&handle)),
        level: Set(Level::Address.name().to_owned()),
        browser: Set(beginning.browser),
        browser_words: Set(beginning.browser_words),
        next: Set(beginning.next),
        began_at: Set(work.now()),
        seen_at: Set(work.now()),
        completed_at: Set(None),
        // Whoever has no app proves themselves by a code alone: this was one (T-18).
        step_up_at: Set((!is_staff).then(|| work.now())),
        wrong: Set(0),
        wrong_since: Set(None),
        ended_at: Set(None),
        ended_why: Set(None),
    };
    row.insert(work.tx()).await?;
    let live = live(work.tx(), &numbers, is_staff, beginning.person, work.now()).await?;
    let others: Vec<_> = live.into_iter().filter(|it| it.id != id).collect();
    let too_many = (others.len() + 1).saturating_sub(numbers.at_once());
    for it in others.iter().take(too_many) {
        end(work, it.id, "too many at once").await?;
    }
    if !is_staff {
        complete(work, id).await?;
    }
    Ok(Begun {
        id,
        handle,
        is_complete: !is_staff,
    })
}

/// The log ins of a person that go on, oldest first.
pub(crate) async fn live(
    db: &impl ConnectionTrait,
    numbers: &Numbers,
    is_staff: bool,
    person: PersonId,
    now: Ts,
) -> Result<Vec<sign_in::Model>, Error> {
    let mut rows = sign_in::Entity::find()
        .filter(sign_in::Column::Person.eq(person))
        .filter(sign_in::Column::EndedAt.is_null())
        .order_by_asc(sign_in::Column::BeganAt)
        .order_by_asc(sign_in::Column::Id)
        .all(db)
        .await?;
    rows.retain(|it| now < ends_at(numbers, is_staff, it.began_at, it.seen_at));
    Ok(rows)
}

/// Ends a log in.
pub(crate) async fn end(work: &Work, id: Uuid, why: &str) -> Result<(), Error> {
    end_those(work, sign_in::Column::Id.eq(id), why).await
}

/// Ends every log in of a person.
pub(crate) async fn end_all(work: &Work, person: PersonId, why: &str) -> Result<(), Error> {
    end_those(work, sign_in::Column::Person.eq(person), why).await
}

async fn end_those(work: &Work, which: Expr, why: &str) -> Result<(), Error> {
    let row = sign_in::ActiveModel {
        ended_at: Set(Some(work.now())),
        ended_why: Set(Some(why.to_owned())),
        ..Default::default()
    };
    sign_in::Entity::update_many()
        .set(row)
        .filter(which)
        .filter(sign_in::Column::EndedAt.is_null())
        .exec(work.tx())
        .await?;
    Ok(())
}

/// What a right code of the app is given for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Rise {
    /// To be let in.
    Second,
    /// For important acts (T-18).
    StepUp,
}

/// Gives more rights and with them another number for the cookie; the old one dies (T-16).
pub(crate) async fn raise(work: &Work, id: Uuid, rise: Rise) -> Result<String, Error> {
    let handle = work.secrets().handle();
    let mut row = sign_in::ActiveModel {
        id: Set(id),
        handle_hash: Set(token_hash(&handle)),
        level: Set(Level::Second.name().to_owned()),
        seen_at: Set(work.now()),
        wrong: Set(0),
        wrong_since: Set(None),
        ..Default::default()
    };
    if rise == Rise::StepUp {
        row.step_up_at = Set(Some(work.now()));
    }
    row.update(work.tx()).await?;
    if rise == Rise::Second {
        complete(work, id).await?;
    }
    Ok(handle)
}

/// Notes that all steps are done, and tells the owner if we do not know the browser (T-20).
async fn complete(work: &Work, id: Uuid) -> Result<(), Error> {
    let row = sign_in::Entity::find_by_id(id).one(work.tx()).await?;
    let row = row.ok_or(Error::NotFound)?;
    let known = sign_in::Entity::find()
        .filter(sign_in::Column::Person.eq(row.person))
        .filter(sign_in::Column::Browser.eq(&row.browser))
        .filter(sign_in::Column::CompletedAt.is_not_null())
        .one(work.tx())
        .await?;
    let done = sign_in::ActiveModel {
        id: Set(id),
        completed_at: Set(Some(work.now())),
        ..Default::default()
    };
    done.update(work.tx()).await?;
    tracing::info!(event = "sign_in", outcome = "ok", person = %row.person.0, sign_in = %id);
    if known.is_none() {
        mail::tell_of_new_browser(work, row.person, id).await?;
    }
    Ok(())
}

/// Counts a wrong code of the app; of too many within a time the log in ends (T-15). Says whether it did.
pub(crate) async fn count_wrong(work: &Work, id: Uuid) -> Result<bool, Error> {
    let numbers = Numbers::load(work.tx()).await?;
    let row = sign_in::Entity::find_by_id(id).one(work.tx()).await?;
    let row = row.ok_or(Error::NotFound)?;
    let goes_on = row
        .wrong_since
        .filter(|it| work.now() < *it + numbers.second_within());
    let wrong = if goes_on.is_some() { row.wrong + 1 } else { 1 };
    let counted = sign_in::ActiveModel {
        id: Set(id),
        wrong: Set(wrong),
        wrong_since: Set(Some(goes_on.unwrap_or(work.now()))),
        ..Default::default()
    };
    counted.update(work.tx()).await?;
    tracing::warn!(event = "sign_in", outcome = "failed", step = "second", person = %row.person.0, sign_in = %id);
    let is_last = wrong >= numbers.second_tries();
    if is_last {
        end(work, id, "wrong codes").await?;
    }
    Ok(is_last)
}

/// The account of an address, if its owner has accepted it and it is open.
pub(crate) async fn account_of(
    db: &impl ConnectionTrait,
    address: &str,
) -> Result<Option<account::Model>, Error> {
    Ok(account::Entity::find()
        .filter(account::Column::Email.eq(address))
        .filter(account::Column::AcceptedAt.is_not_null())
        .filter(account::Column::ClosedAt.is_null())
        .one(db)
        .await?)
}

/// How long ended log ins and codes are kept (trust.md section 11).
const KEPT: Duration = Duration::days(30);
/// Longer than any log in lasts.
const LONGEST: Duration = Duration::days(3);

/// Forgets what is over.
pub(crate) async fn forget(work: &Work) -> Result<(), Error> {
    let now = work.now();
    sign_in_attempt::Entity::delete_many()
        .filter(sign_in_attempt::Column::EndsAt.lt(now - KEPT))
        .exec(work.tx())
        .await?;
    sign_in::Entity::delete_many()
        .filter(sign_in::Column::BeganAt.lt(now - KEPT - LONGEST))
        .exec(work.tx())
        .await?;
    stashed::Entity::delete_many()
        .filter(stashed::Column::EndsAt.lte(now))
        .exec(work.tx())
        .await?;
    Ok(())
}

/// The name of a browser in words, from what it says of itself; no more than a person would say.
pub(crate) fn browser_words(headers: &HeaderMap) -> String {
    let said = headers
        .get(axum::http::header::USER_AGENT)
        .and_then(|it| it.to_str().ok());
    let said = said.unwrap_or_default();
    let first = |all: &[(&str, &'static str)]| {
        all.iter()
            .find(|(sign, _)| said.contains(sign))
            .map(|(_, name)| *name)
    };
    // Most browsers also name those whose ways they follow: the particular comes before the general.
    let browser = first(&[
        ("Edg", "Edge"),
        ("OPR/", "Opera"),
        ("SamsungBrowser", "Samsung Internet"),
        ("Firefox", "Firefox"),
        ("FxiOS", "Firefox"),
        ("Chrome", "Chrome"),
        ("CriOS", "Chrome"),
        ("Safari", "Safari"),
    ]);
    let system = first(&[
        ("iPhone", "an iPhone"),
        ("iPad", "an iPad"),
        ("Android", "Android"),
        ("Windows", "Windows"),
        ("Mac OS X", "a Mac"),
        ("CrOS", "a Chromebook"),
        ("Linux", "Linux"),
    ]);
    match (browser, system) {
        (Some(browser), Some(system)) => format!("{browser} on {system}"),
        (Some(browser), None) => browser.to_owned(),
        (None, Some(system)) => format!("A browser on {system}"),
        (None, None) => "A browser".to_owned(),
    }
}

#[cfg(test)]
mod tests;
