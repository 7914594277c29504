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
use crate::notify;
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
                notify::tell_that_it_replaced(work, record.id, older).await?;
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::outbox::office::{Guest, JULY, JUNE, Office};

    /// Chooses between two bookings that were there before the address was proven.
    async fn choose(office: &Office, newer: Guest, keep: Keep) {
        office
            .act(async |work| {
                let sent = Sent {
                    op: None,
                    content: String::new(),
                };
                let kept = claim(work, newer.booking, Claim::Confirm, keep, &sent).await?;
                assert!(matches!(kept, Claimed::Done));
                Ok(())
            })
            .await;
    }

    /// INV-14, B-90, B-105: whoever keeps one of two bookings is told of it, by mail or by the team, and
    /// so is whoever booked for them.
    #[tokio::test]
    async fn whoever_keeps_one_booking_is_told_in_some_way() {
        for prefers in ["email", "phone"] {
            let office = Office::open().await;
            let (june, july) = (office.run(12, JUNE).await, office.run(1, JULY).await);
            office.booked(july, "Kim Lee", "kim@example.com").await;
            office.booked(june, "Sam Taylor", "sam@example.com").await;
            let again = office.person("Sam Taylor", Some("sam@example.com")).await;
            let newer = office
                .guest_with(july, again, |it| {
                    it.booked_by_contact = Some("alex@example.com".to_owned());
                    it.copy_permission = true;
                })
                .await;
            assert_eq!(office.record(newer).await.state, State::Waiting);
            office.rounds().await;
            office.taken();
            office.prefers(again, prefers).await;
            choose(&office, newer, Keep::New).await;
            office.rounds().await;
            let mut told = office.subjects();
            told.extend(
                office
                    .open_tasks()
                    .await
                    .iter()
                    .map(|it| it.split("-of-").next().unwrap().to_owned()),
            );
            let to_them = if prefers == "email" {
                "sam@example.com: Your new date"
            } else {
                "phone_or_letter moved-instead"
            };
            assert_eq!(told, ["alex@example.com: Your new date", to_them]);
            assert_eq!(crate::verify::verify(&office.app).await.unwrap(), []);
        }
    }

    /// M14: a cancelled booking is not always a place that was given back.
    #[tokio::test]
    async fn the_mail_says_what_was_left() {
        let office = Office::open().await;
        let (june, july) = (office.run(1, JUNE).await, office.run(12, JULY).await);
        let sam = office.booked(july, "Sam Taylor", "sam@example.com").await;
        let newer = office.guest(june, "Sam Taylor", Some("sam@example.com")).await;
        let kim = office.guest(june, "Kim Lee", Some("kim@example.com")).await;
        office.rounds().await;
        office.taken();
        choose(&office, newer, Keep::Older).await;
        office.by_person(june, Change::Cancel(kim.booking)).await;
        office.by_person(july, Change::Cancel(sam.booking)).await;
        office.rounds().await;
        let sent = office.taken();
        for (mail, says) in sent.iter().zip([
            "You kept your other booking",
            "You have left the waiting list",
            "is cancelled",
        ]) {
            let text = mail.read().text.replace('\n', " ");
            assert!(text.contains(says), "{text}");
        }
        assert_eq!(sent.len(), 3);
    }
}
