//! Which of two bookings a person keeps (B-26), asked before anything is written.

use axum::response::Response;
use booking::calendar::{self, RunDates};
use booking::{Asked, BookingRecord, Cause, Change, State, bookings};
use ids::{BookingId, PersonId, Ts};
use sea_orm::ConnectionTrait;

use super::question::{Earlier, Question};
use super::{Choice, Row, Sent, days};
use crate::app::App;
use crate::error::Error;
use crate::outbox::facts::Parameters;
use crate::outbox::{self, Kind, Mail};
use crate::people::matching::{self, one_live_course};
use crate::people::{self, Person};
use crate::words;
use crate::work::Work;

/// Noted when a newer booking ended because the person kept an older one.
pub(crate) const KEPT_OTHER: &str = "kept the other booking";

/// What the person says about the booking whose link they hold.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Claim {
    /// "Yes, I made this booking."
    Confirm,
    /// Yes to an offer.
    Accept,
}

/// Which of two bookings they keep.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Keep {
    /// They were not asked, or have not answered.
    Undecided,
    /// The one whose link they hold.
    New,
    /// The one that was there before.
    Older,
}

impl Keep {
    /// The answer of the page below.
    pub(crate) fn named(name: &str) -> Self {
        match name {
            "new" => Self::New,
            "older" => Self::Older,
            _ => Self::Undecided,
        }
    }
}

/// Another live booking of the same person that cannot stand beside this one.
#[derive(Clone, Debug)]
pub(crate) struct Other {
    pub record: BookingRecord,
    pub run: RunDates,
}

/// What became of a claim.
#[derive(Clone, Debug)]
pub(crate) enum Claimed {
    /// It is done.
    Done,
    /// Nothing was written: the person has to choose first.
    Ask(Box<Other>),
    /// Nothing was written: the booking that they chose to keep has ended since.
    Gone,
}

/// Confirms or accepts, which proves the address and unites the records of the person (B-25), unless
/// another booking is in the way and nobody has chosen.
pub(crate) async fn claim(
    work: &Work,
    id: BookingId,
    claim: Claim,
    keep: Keep,
    sent: &Sent,
) -> Result<Claimed, Error> {
    let person = bookings::find(work.tx(), id)
        .await?
        .ok_or(Error::NotFound)?
        .person;
    matching::lock_address(work, person).await?;
    let record = bookings::find(work.tx(), id).await?.ok_or(Error::NotFound)?;
    let others = others(work.tx(), work.now(), &record).await?;
    if keep == Keep::Older && others.is_empty() && !sent.is_done(work).await? {
        return Ok(Claimed::Gone);
    }
    if let (Keep::Undecided, Some(other)) = (keep, others.first()) {
        return Ok(Claimed::Ask(Box::new(other.clone())));
    }
    sent.once(work, async {
        settle(work, &record, &others, claim, keep).await?;
        matching::prove(work, record.person).await.map(|_| ())
    })
    .await?;
    Ok(Claimed::Done)
}

/// The live bookings that stand in this one's way, once the address counts as proven; one on the same
/// run first. Nothing is in the way of a booking that has ended for good.
pub(crate) async fn others(
    db: &impl ConnectionTrait,
    now: Ts,
    record: &BookingRecord,
) -> Result<Vec<Other>, Error> {
    if !(record.state.is_live() || record.state == State::Lapsed) {
        return Ok(Vec::new());
    }
    let course = one_live_course(db, record.run, now).await?;
    let person = people::find(db, record.person).await?.ok_or(Error::NotFound)?;
    let mut found = Vec::new();
    for it in bookings::of_people(db, records_of(db, &person).await?).await? {
        let run = calendar::run_dates(db, it.run).await?.ok_or(Error::NotFound)?;
        let is_over = run.sessions.iter().all(|it| it.ends_at <= now);
        let in_the_way = it.run == record.run || (course == Some(run.course) && !is_over);
        if it.id != record.id && it.state.is_live() && in_the_way {
            found.push(Other { record: it, run });
        }
    }
    found.sort_by_key(|it| it.record.run != record.run);
    Ok(found)
}

/// The records of the same person, as they will be known once the address is proven.
async fn records_of(db: &impl ConnectionTrait, person: &Person) -> Result<Vec<PersonId>, Error> {
    let standing = matching::standing(db, person).await?;
    let mut records = vec![person.id, standing.id];
    records.extend(matching::same_person(db, &standing).await?.map(|it| it.id));
    Ok(records)
}

/// Does what was chosen; a booking on the same run is always the one that stays.
async fn settle(
    work: &Work,
    record: &BookingRecord,
    others: &[Other],
    claim: Claim,
    keep: Keep,
) -> Result<(), Error> {
    let change = |replacing| match claim {
        Claim::Confirm => Change::Confirm(record.id, replacing),
        Claim::Accept => Change::Accept(record.id, replacing),
    };
    match others {
        [] => {
            work.allocate(record.run, Asked::by_person(change(None))).await?;
        }
        [first, rest @ ..] if keep == Keep::New && first.record.run != record.run => {
            let older = first.record.id;
            work.allocate_instead((first.record.run, older), (record.run, change(Some(older))))
                .await?;
            for it in rest {
                let gives_way = Change::GiveWay {
                    booking: it.record.id,
                    to: record.id,
                };
                work.allocate(it.record.run, Asked::by_person(gives_way)).await?;
            }
            if matches!(record.state, State::Booked | State::Waiting) {
                tell_of_move(work, record, older).await?;
            }
        }
        [..] => {
            let cause = Cause {
                reason: Some(KEPT_OTHER.to_owned()),
                ..Cause::person()
            };
            let asked = Asked {
                change: Change::Cancel(record.id),
                cause,
                details: None,
            };
            work.allocate(record.run, asked).await?;
        }
    }
    Ok(())
}

/// M16 for a booking that the older one gave way to without anything happening to it: it had its place,
/// or its place in the queue, before.
async fn tell_of_move(work: &Work, record: &BookingRecord, older: BookingId) -> Result<(), Error> {
    let person = people::find(work.tx(), record.person)
        .await?
        .ok_or(Error::NotFound)?;
    let Some(address) = person.usable_email() else {
        return Ok(());
    };
    let mail = Mail {
        kind: Kind::Moved,
        about: record.id.0,
        recipient: address.to_owned(),
        occasion: format!("instead-of-{older}"),
        due_at: work.now(),
        parameters: Parameters {
            replaces: Some(older),
            ..Parameters::default()
        }
        .into_value(),
    };
    outbox::write(work, mail).await
}

/// The page that asks; `missed` if it was shown before and no answer came.
pub(crate) async fn ask(
    app: &App,
    this: &RunDates,
    other: &Other,
    action: String,
    answered: &str,
    missed: bool,
) -> Result<Response, Error> {
    let question = question(app, this, other, action, answered);
    if missed {
        question.again().show(app).await
    } else {
        question.show(app).await
    }
}

fn question(app: &App, this: &RunDates, other: &Other, action: String, answered: &str) -> Question {
    let dates = words::dates(&other.run.sessions);
    let earlier = [("answer", answered), ("asked", "yes")];
    let earlier = earlier
        .map(|(name, value)| Earlier {
            name,
            value: value.to_owned(),
        })
        .to_vec();
    let kept = Choice {
        hint: standing(other.record.state).to_owned(),
        ..Choice::new("older", format!("Keep {dates}"))
    };
    let asked = if other.run.id == this.id {
        let choices = vec![Choice {
            text: "Keep my first booking".to_owned(),
            ..kept
        }];
        let rows = days(&this.sessions);
        Question::new(app, "You already have a booking for these dates", action, choices)
            .about(rows)
            .saying(&["We will keep your first booking and cancel this one."])
    } else {
        let new = format!("Have {} instead", words::dates(&this.sessions));
        let mut choices = vec![Choice::new("new", new.clone()), kept];
        let closed = other.run.closes_at <= app.now();
        if closed {
            // Guard 4: it is too late to leave those dates by oneself.
            choices.remove(0);
        }
        Question {
            call_when: if closed {
                format!("To {}", lower(&new))
            } else {
                String::new()
            },
            ..Question::new(app, "Which booking do you want to keep?", action, choices)
        }
        .about(vec![
            Row::new("This booking", words::dates(&this.sessions)),
            Row::new("Your other booking", dates),
        ])
        .saying(&[
            "You can have one booking for this course at a time.",
            "We will end the one you do not keep.",
        ])
    };
    Question {
        name: "keep",
        earlier,
        ..asked
    }
}

/// The questions to look at: other dates, the same dates, and other dates that are too near to leave.
#[cfg(test)]
pub(super) fn samples(app: &App) -> Vec<Question> {
    use super::tests::{before, held, idle_app_at};
    use ids::RunId;
    let this = held(State::Unconfirmed { until: before() }, false);
    let other = |run: RunDates| Other {
        record: held(State::Booked, true).record,
        run,
    };
    let mut later = this.run.clone();
    later.id = RunId(uuid::Uuid::from_u128(9));
    let near = idle_app_at(later.closes_at);
    let ask = |app: &App, run: &RunDates| {
        question(app, &this.run, &other(run.clone()), this.path("/confirm"), "yes")
    };
    vec![ask(app, &later), ask(app, &this.run), ask(&near, &later)]
}

fn lower(words: &str) -> String {
    let mut letters = words.chars();
    letters
        .next()
        .map_or_else(String::new, |first| first.to_lowercase().chain(letters).collect())
}

/// Where the other booking stands, for somebody who chooses.
fn standing(state: State) -> &'static str {
    match state {
        State::Booked => "You have a place.",
        State::Unconfirmed { .. } => "We are holding a place for you.",
        State::Offered { .. } => "We have offered you a place.",
        State::Waiting => "You are on the waiting list.",
        State::Cancelled { .. } | State::Moved { .. } | State::Lapsed | State::Closed => "",
    }
}
