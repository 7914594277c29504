//! What people prove the second step with: the code of an app, or one of eight recovery codes (T-15).
//! Each is a row with a kind and its data, so that other kinds fit later (T-20).

use ids::{PersonId, Ts};
use sea_orm::ActiveValue::Set;
use sea_orm::{
    ActiveModelTrait, ColumnTrait, Condition, ConnectionTrait, EntityTrait, IntoActiveModel, QueryFilter,
    QueryOrder,
};
use serde::{Deserialize, Serialize};
use time::Duration;
use totp_rs::{Builder, Totp};
use uuid::Uuid;

use super::SignedIn;
use crate::app::App;
use crate::entity::factor;
use crate::error::Error;
use crate::secrets::{Secrets, crockford, token_hash, typed_code};
use crate::work::Work;

const TOTP: &str = "totp";
const RECOVERY: &str = "recovery";
/// How many recovery codes people get.
const CODES: usize = 8;
/// How long new recovery codes can be looked at by whoever made them.
const SHOWN: Duration = Duration::minutes(10);

/// The seed of an app: 160 bits, as the RFC recommends.
pub(crate) type Seed = [u8; 20];

#[derive(Serialize, Deserialize)]
struct TotpData {
    sealed: String,
}

#[derive(Serialize, Deserialize)]
struct RecoveryData {
    hash: String,
    /// The log in that made it, which may look at it for a while.
    made_in: Uuid,
}

/// What a sealed seed is about.
fn seed_of(person: PersonId) -> String {
    format!("totp|{}", person.0)
}

/// 6 digits, a new code every 30 seconds, one step early or late is allowed (RFC 6238).
pub(crate) fn app_with(seed: Seed) -> Result<Totp, Error> {
    Builder::new().with_secret(seed).build().map_err(Error::fault)
}

fn seconds(now: Ts) -> u64 {
    u64::try_from(now.get().unix_timestamp()).unwrap_or(0)
}

/// The step of a right code.
fn step(seed: Seed, typed: &str, now: Ts) -> Result<Option<i64>, Error> {
    let digits: String = typed.chars().filter(|it| !it.is_whitespace()).collect();
    let step = app_with(seed)?.check(&digits, seconds(now));
    Ok(step.and_then(|it| i64::try_from(it).ok()))
}

/// The seed that a log in offers for a new app: not stored until a code of that app was right.
pub(crate) fn offered(secrets: &Secrets, me: &SignedIn) -> Seed {
    secrets.derived(TOTP, me.id)
}

/// Whether a person has an app.
pub(crate) async fn has_app(db: &impl ConnectionTrait, person: PersonId) -> Result<bool, Error> {
    Ok(the_app(db, person).await?.is_some())
}

async fn the_app(db: &impl ConnectionTrait, person: PersonId) -> Result<Option<factor::Model>, Error> {
    Ok(factor::Entity::find()
        .filter(factor::Column::Person.eq(person))
        .filter(factor::Column::Kind.eq(TOTP))
        .filter(factor::Column::SpentAt.is_null())
        .one(db)
        .await?)
}

fn seed(secrets: &Secrets, row: &factor::Model) -> Option<Seed> {
    let data = TotpData::deserialize(&row.data).ok()?;
    secrets
        .unseal(&seed_of(row.person), &data.sealed)?
        .try_into()
        .ok()
}

/// Whether a code of the person's app is right and was not used before; it is used now.
pub(crate) async fn use_app(work: &Work, person: PersonId, typed: &str) -> Result<bool, Error> {
    let Some(row) = the_app(work.tx(), person).await? else {
        return Ok(false);
    };
    // A seed that was sealed with another key: only a reset helps.
    let Some(seed) = seed(work.secrets(), &row) else {
        return Ok(false);
    };
    let Some(step) = step(seed, typed, work.now())? else {
        return Ok(false);
    };
    let used = factor::ActiveModel {
        last_step: Set(Some(step)),
        ..Default::default()
    };
    let unused = Condition::any()
        .add(factor::Column::LastStep.is_null())
        .add(factor::Column::LastStep.lt(step));
    let taken = factor::Entity::update_many()
        .set(used)
        .filter(factor::Column::Id.eq(row.id))
        .filter(factor::Column::SpentAt.is_null())
        .filter(unused)
        .exec(work.tx())
        .await?;
    Ok(taken.rows_affected == 1)
}

/// Takes a new app, whose code must be right, and makes the recovery codes. Says whether it was.
pub(crate) async fn take_app(work: &Work, me: &SignedIn, typed: &str) -> Result<bool, Error> {
    let seed = offered(work.secrets(), me);
    let Some(step) = step(seed, typed, work.now())? else {
        return Ok(false);
    };
    keep_app(work, me.person, seed, Some(step)).await?;
    make_recovery_codes(work, me).await?;
    Ok(true)
}

/// An app for somebody of a rehearsal: pages say what it shows ([`rehearsed`]).
pub(crate) async fn invent_app(work: &Work, person: PersonId) -> Result<(), Error> {
    keep_app(work, person, work.secrets().bytes(), None).await
}

async fn keep_app(work: &Work, person: PersonId, seed: Seed, last_step: Option<i64>) -> Result<(), Error> {
    let sealed = work.secrets().seal(&seed_of(person), &seed);
    let sealed = sealed.ok_or_else(|| Error::fault(std::fmt::Error))?;
    let row = factor::ActiveModel {
        id: Set(work.fresh_id()),
        person: Set(person),
        kind: Set(TOTP.to_owned()),
        data: Set(serde_json::to_value(TotpData { sealed }).map_err(Error::fault)?),
        last_step: Set(last_step),
        created_at: Set(work.now()),
        spent_at: Set(None),
    };
    row.insert(work.tx()).await?;
    Ok(())
}

/// Makes eight new recovery codes; older ones end.
pub(crate) async fn make_recovery_codes(work: &Work, me: &SignedIn) -> Result<(), Error> {
    let old = factor::ActiveModel {
        spent_at: Set(Some(work.now())),
        ..Default::default()
    };
    factor::Entity::update_many()
        .set(old)
        .filter(factor::Column::Person.eq(me.person))
        .filter(factor::Column::Kind.eq(RECOVERY))
        .filter(factor::Column::SpentAt.is_null())
        .exec(work.tx())
        .await?;
    for _ in 0..CODES {
        let id = work.fresh_id();
        let data = RecoveryData {
            hash: token_hash(&recovery_code(work.secrets(), id)),
            made_in: me.id,
        };
        let row = factor::ActiveModel {
            id: Set(id),
            person: Set(me.person),
            kind: Set(RECOVERY.to_owned()),
            data: Set(serde_json::to_value(data).map_err(Error::fault)?),
            last_step: Set(None),
            created_at: Set(work.now()),
            spent_at: Set(None),
        };
        row.insert(work.tx()).await?;
    }
    Ok(())
}

/// Ends everything that a person proves the second step with (T-15: reset).
pub(crate) async fn forget_all(work: &Work, person: PersonId) -> Result<(), Error> {
    let spent = factor::ActiveModel {
        spent_at: Set(Some(work.now())),
        ..Default::default()
    };
    factor::Entity::update_many()
        .set(spent)
        .filter(factor::Column::Person.eq(person))
        .filter(factor::Column::SpentAt.is_null())
        .exec(work.tx())
        .await?;
    Ok(())
}

/// Lets one record of a person prove the second step with what another record of the same person had: the
/// seed is sealed for its new owner. The second step of one that was sealed with another key stays behind.
pub(crate) async fn hand_over(work: &Work, from: PersonId, to: PersonId) -> Result<(), Error> {
    let theirs = factor::Entity::find().filter(factor::Column::Person.eq(from));
    for row in theirs.all(work.tx()).await? {
        let seed = seed(work.secrets(), &row);
        let sealed = seed.and_then(|it| work.secrets().seal(&seed_of(to), &it));
        let mut row = row.into_active_model();
        row.person = Set(to);
        if let Some(sealed) = sealed {
            row.data = Set(serde_json::to_value(TotpData { sealed }).map_err(Error::fault)?);
        }
        row.update(work.tx()).await?;
    }
    Ok(())
}

/// 120 bits that belong to the row.
fn recovery_code(secrets: &Secrets, id: Uuid) -> String {
    crockford(&secrets.derived::<15>(RECOVERY, id))
}

async fn recovery_rows(db: &impl ConnectionTrait, person: PersonId) -> Result<Vec<factor::Model>, Error> {
    Ok(factor::Entity::find()
        .filter(factor::Column::Person.eq(person))
        .filter(factor::Column::Kind.eq(RECOVERY))
        .filter(factor::Column::SpentAt.is_null())
        .order_by_asc(factor::Column::Id)
        .all(db)
        .await?)
}

/// How many recovery codes are left.
pub(crate) async fn recovery_codes_left(db: &impl ConnectionTrait, person: PersonId) -> Result<usize, Error> {
    Ok(recovery_rows(db, person).await?.len())
}

/// The recovery codes that this log in has just made, in groups of four; none later, and none elsewhere.
pub(crate) async fn new_recovery_codes(app: &App, me: &SignedIn) -> Result<Vec<String>, Error> {
    let rows = recovery_rows(app.reader(), me.person).await?.into_iter();
    let is_new = |it: &factor::Model| {
        let data = RecoveryData::deserialize(&it.data);
        app.now() < it.created_at + SHOWN && data.is_ok_and(|it| it.made_in == me.id)
    };
    let codes = rows.filter(is_new).map(|it| recovery_code(app.secrets(), it.id));
    Ok(codes.map(|it| in_groups(&it)).collect())
}

fn in_groups(code: &str) -> String {
    let letters: Vec<char> = code.chars().collect();
    let groups: Vec<String> = letters.chunks(4).map(|it| it.iter().collect()).collect();
    groups.join("-")
}

/// Whether a recovery code is right and was not used before; it is used now.
pub(crate) async fn use_recovery_code(work: &Work, person: PersonId, typed: &str) -> Result<bool, Error> {
    let hash = token_hash(&typed_code(typed));
    let rows = recovery_rows(work.tx(), person).await?;
    let is_it = |it: &&factor::Model| RecoveryData::deserialize(&it.data).is_ok_and(|it| it.hash == hash);
    let Some(row) = rows.iter().find(is_it) else {
        return Ok(false);
    };
    let used = factor::ActiveModel {
        spent_at: Set(Some(work.now())),
        ..Default::default()
    };
    let taken = factor::Entity::update_many()
        .set(used)
        .filter(factor::Column::Id.eq(row.id))
        .filter(factor::Column::SpentAt.is_null())
        .exec(work.tx())
        .await?;
    Ok(taken.rows_affected == 1)
}

/// The code that the person's app, or the one on offer, shows at this moment: for rehearsals, where nobody
/// has an app and the clock is moved by hand.
pub(crate) async fn rehearsed(app: &App, me: &SignedIn) -> Result<Option<String>, Error> {
    if !app.setup().rehearsal {
        return Ok(None);
    }
    let row = the_app(app.reader(), me.person).await?;
    let seed = match row {
        Some(row) => seed(app.secrets(), &row),
        None => Some(offered(app.secrets(), me)),
    };
    let code = seed.map(app_with).transpose()?;
    Ok(code.map(|it| it.generate(seconds(app.now())).to_string()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use time::macros::datetime;

    #[test]
    fn a_code_counts_one_step_early_and_one_late() {
        let seed: Seed = *b"12345678901234567890";
        let at = |seconds: i64| Ts::new(datetime!(1970-01-01 0:00 UTC) + Duration::seconds(seconds));
        // The vector of RFC 6238 for SHA-1, its last 6 digits.
        assert_eq!(step(seed, "287082", at(59)).unwrap(), Some(1));
        assert_eq!(step(seed, " 287 082 ", at(30)).unwrap(), Some(1));
        assert_eq!(step(seed, "287082", at(0)).unwrap(), Some(1));
        assert_eq!(step(seed, "287082", at(89)).unwrap(), Some(1));
        assert_eq!(step(seed, "287082", at(90)).unwrap(), None);
        for wrong in ["", "28708", "2870820", "abcdef", "+87082"] {
            assert_eq!(step(seed, wrong, at(59)).unwrap(), None, "{wrong}");
        }
    }

    #[test]
    fn recovery_codes_have_120_bits_in_groups() {
        let secrets = Secrets::predictable(1);
        let code = recovery_code(&secrets, Uuid::from_u128(1));
        assert_eq!(code.len(), 24);
        assert_ne!(code, recovery_code(&secrets, Uuid::from_u128(2)));
        assert_eq!(
            in_groups("00001111222233334444ZZZZ"),
            "0000-1111-2222-3333-4444-ZZZZ"
        );
        assert_eq!(typed_code(&in_groups(&code)), code);
    }
}
