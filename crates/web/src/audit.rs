//! Who did what: one row for each act, written in the change that made it and never altered (T-46, T-48).
//!
//! Each row holds the hash of itself and of the row before it, so that a row that was altered, removed or
//! put in between is found by `alongside verify`. What was read of C3 by anybody but its author is
//! written down before it is shown (T-47).

use std::collections::BTreeSet;

use booking::snapshot::{Actor, Transition};
use ids::{PersonId, RunId, Ts};
use sea_orm::{
    ActiveModelTrait, ColumnTrait, ConnectionTrait, DbBackend, EntityTrait, PaginatorTrait, QueryFilter,
    QueryOrder, QuerySelect,
};
use sha2::{Digest, Sha256};
use uuid::Uuid;

use crate::app::App;
use crate::entity::audit;
use crate::error::Error;
use crate::reference;
use crate::sign_in::role;
use crate::tasks::many_records;
use crate::work::Work;

pub(crate) use verify::verify;

mod verify;

/// Who did it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Doer {
    /// The person whom it is about.
    Person(PersonId),
    /// Somebody of the team.
    Member(PersonId),
    /// Whoever may run commands on the machine.
    Command,
    /// Nobody: time passed, or it follows from something else.
    System,
}

impl Doer {
    /// Whoever a history names, where the person is this one.
    pub(crate) fn of(actor: Actor, person: PersonId) -> Self {
        match actor {
            Actor::Person => Self::Person(person),
            Actor::Team(Some(who)) => Self::Member(who),
            Actor::Team(None) => Self::Command,
            Actor::System => Self::System,
        }
    }

    /// The word in records.
    fn name(self) -> &'static str {
        match self {
            Self::Person(_) => "person",
            Self::Member(_) => "member",
            Self::Command => "command",
            Self::System => "system",
        }
    }

    fn who(self) -> Option<PersonId> {
        match self {
            Self::Person(who) | Self::Member(who) => Some(who),
            Self::Command | Self::System => None,
        }
    }
}

/// What an act is about: the word for the kind of record, and which.
pub(crate) type About = (&'static str, String);

/// One act.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Act {
    /// Who did it.
    pub(crate) doer: Doer,
    /// What: a word with an underscore, `role_given`.
    pub(crate) what: &'static str,
    /// To which record.
    pub(crate) about: About,
    /// Whose record it is, if it is anybody's.
    pub(crate) whose: Option<PersonId>,
    /// Why, in the words given.
    pub(crate) reason: Option<String>,
}

impl Act {
    /// A step of a booking, as its history has it.
    pub(crate) fn of(step: &Transition) -> Self {
        Self {
            doer: Doer::of(step.cause.actor, step.person),
            what: step.event.name(),
            about: ("booking", step.booking.0.to_string()),
            whose: Some(step.person),
            reason: step.cause.reason.clone(),
        }
    }

    /// What somebody of the team did to a record that is nobody's alone.
    pub(crate) fn by_member(who: PersonId, what: &'static str, kind: &'static str, which: Uuid) -> Self {
        Self {
            doer: Doer::Member(who),
            what,
            about: (kind, which.to_string()),
            whose: None,
            reason: None,
        }
    }

    /// What the team did to the places of a whole run; what others cause there is in the bookings.
    pub(crate) fn on_run(run: RunId, what: &'static str, cause: &booking::snapshot::Cause) -> Option<Self> {
        let doer = match cause.actor {
            Actor::Team(Some(who)) => Doer::Member(who),
            Actor::Team(None) => Doer::Command,
            Actor::Person | Actor::System => return None,
        };
        Some(Self {
            doer,
            what,
            about: ("run", run.0.to_string()),
            whose: None,
            reason: cause.reason.clone(),
        })
    }
}

/// Writes down what a change did, at its end: whoever writes here waits for whoever writes before.
pub(crate) async fn write(work: &Work, acts: Vec<Act>) -> Result<(), Error> {
    if acts.is_empty() {
        return Ok(());
    }
    let (mut n, mut before) = last(work).await?;
    let request = reference::current();
    for act in acts {
        n += 1;
        let row = row(work, n, act, request.clone()).await?;
        let row = audit::Model {
            hash: hash(&before, &row),
            ..row
        };
        before.clone_from(&row.hash);
        audit::ActiveModel::from(row).insert(work.tx()).await?;
    }
    Ok(())
}

/// The end of the chain, which is held until this change ends.
async fn last(work: &Work) -> Result<(i64, String), Error> {
    let db = work.tx();
    if db.get_database_backend() == DbBackend::Postgres {
        // The number of this lock means nothing; nobody else uses it.
        db.execute_unprepared("SELECT pg_advisory_xact_lock(4604160)")
            .await?;
    }
    let newest: Option<(i64, String)> = audit::Entity::find()
        .select_only()
        .columns([audit::Column::N, audit::Column::Hash])
        .order_by_desc(audit::Column::N)
        .limit(1)
        .into_tuple()
        .one(db)
        .await?;
    Ok(newest.unwrap_or_default())
}

async fn row(work: &Work, n: i64, it: Act, request: Option<String>) -> Result<audit::Model, Error> {
    let roles = match it.doer {
        Doer::Member(who) => role::of(work.tx(), who).await?,
        Doer::Person(_) | Doer::Command | Doer::System => Vec::new(),
    };
    Ok(audit::Model {
        id: work.fresh_id(),
        n,
        at: work.now(),
        doer: it.doer.name().to_owned(),
        who: it.doer.who(),
        roles: roles.iter().map(|it| it.name()).collect::<Vec<_>>().join(" "),
        act: it.what.to_owned(),
        kind: it.about.0.to_owned(),
        about: it.about.1,
        whose: it.whose,
        reason: it.reason,
        request,
        hash: String::new(),
    })
}

/// The hash of a row and of all before it.
fn hash(before: &str, row: &audit::Model) -> String {
    let whole = serde_json::json!([
        before,
        row.id,
        row.n,
        row.at.to_string(),
        row.doer,
        row.who.map(|it| it.0),
        row.roles,
        row.act,
        row.kind,
        row.about,
        row.whose.map(|it| it.0),
        row.reason,
        row.request,
    ]);
    data_encoding::HEXLOWER.encode(&Sha256::digest(whole.to_string()))
}

impl App {
    /// Writes down that a member is about to see what only its owner wrote; without that there is no
    /// answer (T-47).
    pub(crate) async fn note_looks(
        &self,
        who: PersonId,
        whats: &[&'static str],
        about: About,
        whose: Option<PersonId>,
    ) -> Result<(), Error> {
        let looks = whats.iter().map(|what| (*what, about.clone(), whose));
        self.note_all_looks(who, &looks.collect::<Vec<_>>()).await
    }

    /// The same for what several people wrote: what, in which record, and whose it is.
    pub(crate) async fn note_all_looks(
        &self,
        who: PersonId,
        looks: &[(&'static str, About, Option<PersonId>)],
    ) -> Result<(), Error> {
        self.change(|work| async move {
            for (what, about, whose) in looks {
                work.note(Act {
                    doer: Doer::Member(who),
                    what,
                    about: about.clone(),
                    whose: *whose,
                    reason: None,
                });
            }
            Ok(())
        })
        .await
    }
}

impl App {
    /// Writes down that a member is about to open the record or a booking of somebody. Whoever opens those
    /// of many people within an hour is named to the leads (T-11).
    pub(crate) async fn note_opened(
        &self,
        who: PersonId,
        about: About,
        whose: PersonId,
    ) -> Result<(), Error> {
        let about = &about;
        self.change(|work| async move {
            work.note(Act {
                doer: Doer::Member(who),
                what: OPENED,
                about: about.clone(),
                whose: Some(whose),
                reason: None,
            });
            many_records::look(&work, who, whose).await
        })
        .await
    }
}

/// The people whose records somebody has opened since a moment.
pub(crate) async fn opened_since(
    db: &impl ConnectionTrait,
    who: PersonId,
    since: Ts,
) -> Result<BTreeSet<PersonId>, Error> {
    let rows: Vec<Option<PersonId>> = audit::Entity::find()
        .select_only()
        .column(audit::Column::Whose)
        .distinct()
        .filter(audit::Column::Who.eq(who))
        .filter(audit::Column::Act.eq(OPENED))
        .filter(audit::Column::At.gt(since))
        .into_tuple()
        .all(db)
        .await?;
    Ok(rows.into_iter().flatten().collect())
}

/// The act of opening the record or a booking of somebody.
pub(crate) const OPENED: &str = "opened";
/// The act of opening what a person told us so that they can take part.
pub(crate) const SAW_NEEDS: &str = "saw_needs";
/// The act of opening whom to call in an emergency.
pub(crate) const SAW_EMERGENCY: &str = "saw_emergency";

/// The act of reading what somebody of the team noted about calls.
pub(crate) const SAW_CALLS: &str = "saw_calls";

/// Somebody else's look at what a person told us.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Look {
    /// When.
    pub(crate) at: Ts,
    /// Who.
    pub(crate) who: Option<PersonId>,
    /// At what: one of the acts above.
    pub(crate) act: String,
}

/// Who opened what this person told us, the newest first.
pub(crate) async fn looks(db: &impl ConnectionTrait, whose: PersonId, most: u64) -> Result<Vec<Look>, Error> {
    let rows: Vec<(Ts, Option<PersonId>, String)> = audit::Entity::find()
        .select_only()
        .columns([audit::Column::At, audit::Column::Who, audit::Column::Act])
        .filter(audit::Column::Whose.eq(whose))
        .filter(audit::Column::Act.is_in([OPENED, SAW_NEEDS, SAW_EMERGENCY, SAW_CALLS]))
        .order_by_desc(audit::Column::N)
        .limit(most)
        .into_tuple()
        .all(db)
        .await?;
    Ok(rows
        .into_iter()
        .map(|(at, who, act)| Look { at, who, act })
        .collect())
}

/// When this was last done to a record, and by whom of the team or of the people.
pub(crate) async fn newest_of(
    db: &impl ConnectionTrait,
    act: &str,
    about: &str,
) -> Result<Option<(Ts, Option<PersonId>)>, Error> {
    let rows = audit::Entity::find()
        .select_only()
        .columns([audit::Column::At, audit::Column::Who])
        .filter(audit::Column::Act.eq(act))
        .filter(audit::Column::About.eq(about))
        .order_by_desc(audit::Column::N);
    Ok(rows.limit(1).into_tuple().one(db).await?)
}

/// How many acts there are.
pub(crate) async fn count(db: &impl ConnectionTrait) -> Result<u64, Error> {
    Ok(audit::Entity::find().count(db).await?)
}

/// So many acts, the newest first, after so many that are newer.
pub(crate) async fn newest(
    db: &impl ConnectionTrait,
    skip: u64,
    rows: u64,
) -> Result<Vec<audit::Model>, Error> {
    let all = audit::Entity::find().order_by_desc(audit::Column::N);
    Ok(all.offset(skip).limit(rows).all(db).await?)
}
