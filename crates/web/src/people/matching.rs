//! When two records are one person (B-25 to B-27).

use std::collections::BTreeMap;

use booking::{BookingRecord, State, allocator, bookings};
use ids::{BookingId, CourseId, PersonId, RunId, Ts};
use sea_orm::ActiveValue::Set;
use sea_orm::{
    ActiveModelTrait, ColumnTrait, ConnectionTrait, EntityTrait, IntoActiveModel, QueryFilter, QueryOrder,
    QuerySelect,
};

use super::{Person, duplicates};
use crate::entity::person;
use crate::error::Error;
use crate::tasks::{self, TaskKind};
use crate::work::Work;

/// A name as it is compared: case and white space do not count.
pub(crate) fn name_key(name: &str) -> String {
    name.split_whitespace()
        .map(str::to_lowercase)
        .collect::<Vec<_>>()
        .join(" ")
}

/// A phone number as it is compared: its digits, as they are dialled in this country.
pub(crate) fn phone_key(phone: &str) -> String {
    let digits: String = phone.chars().filter(char::is_ascii_digit).collect();
    let abroad = digits.strip_prefix("0044").or_else(|| digits.strip_prefix("44"));
    abroad.map_or_else(|| digits.clone(), |it| format!("0{}", it.trim_start_matches('0')))
}

/// The other record of the same person: the same proven address and the same name (B-25).
pub(crate) async fn same_person(db: &impl ConnectionTrait, of: &Person) -> Result<Option<Person>, Error> {
    let Some(email) = of.email.as_deref() else {
        return Ok(None);
    };
    let others = person::Entity::find()
        .filter(person::Column::Email.eq(email))
        .filter(person::Column::EmailProvenAt.is_not_null())
        .filter(person::Column::MergedInto.is_null())
        .filter(person::Column::Id.ne(of.id))
        .order_by_asc(person::Column::CreatedAt)
        .order_by_asc(person::Column::Id)
        .all(db)
        .await?;
    let key = name_key(&of.full_name);
    Ok(others.into_iter().find(|it| name_key(&it.full_name) == key))
}

/// The record that stands for a person: itself, or the one it was made a part of.
pub(crate) async fn standing(db: &impl ConnectionTrait, of: &Person) -> Result<Person, Error> {
    let mut one = of.clone();
    while let Some(next) = one.merged_into {
        one = super::find(db, next).await?.ok_or(Error::NotFound)?;
    }
    Ok(one)
}

/// Waits until nobody else is proving this person's address: of two records proven at the same
/// moment, the second must see the first. SQLite has one writer, so there is nobody to wait for.
pub(crate) async fn lock_address(work: &Work, of: PersonId) -> Result<(), Error> {
    let Some(row) = super::find(work.tx(), of).await? else {
        return Ok(());
    };
    let Some(email) = row.email else { return Ok(()) };
    let same = person::Entity::find()
        .filter(person::Column::Email.eq(email))
        .order_by_asc(person::Column::Id);
    same.lock_exclusive().all(work.tx()).await?;
    Ok(())
}

/// Notes that the address is the person's, and makes all records of this person one (B-25).
///
/// Two live bookings that only one person must not have are for the person to choose from (B-26); where
/// nobody has chosen, the records stay two and the team is asked to look.
pub(crate) async fn prove(work: &Work, id: PersonId) -> Result<PersonId, Error> {
    super::prove_address(work, id).await?;
    let mut one = super::find(work.tx(), id).await?.ok_or(Error::NotFound)?;
    while one.merged_into.is_none() {
        let Some(other) = same_person(work.tx(), &one).await? else {
            break;
        };
        if in_each_others_way(work.tx(), work.now(), one.id, other.id)
            .await?
            .is_some()
        {
            tasks::add(
                work,
                TaskKind::PossibleDuplicate,
                one.id.0,
                &other.id.to_string(),
                work.now(),
            )
            .await?;
            break;
        }
        let (older, younger) = by_age(&one, &other);
        let stays = unite(work, older, younger).await?;
        one = super::find(work.tx(), stays).await?.ok_or(Error::NotFound)?;
    }
    duplicates::ask_to_look(work, one.id).await?;
    Ok(one.id)
}

/// The older of two records first.
pub(crate) fn by_age(one: &Person, other: &Person) -> (PersonId, PersonId) {
    if (one.created_at, one.id) <= (other.created_at, other.id) {
        (one.id, other.id)
    } else {
        (other.id, one.id)
    }
}

/// Two live bookings that one person must not have (INV-9), if these two people have such a pair.
pub(crate) async fn in_each_others_way(
    db: &impl ConnectionTrait,
    now: Ts,
    one: PersonId,
    other: PersonId,
) -> Result<Option<(BookingId, BookingId)>, Error> {
    let live = |all: Vec<BookingRecord>| {
        all.into_iter()
            .filter(|it| it.state.is_live())
            .collect::<Vec<_>>()
    };
    let (left, right) = (
        live(bookings::of_person(db, one).await?),
        live(bookings::of_person(db, other).await?),
    );
    let mut courses = BTreeMap::new();
    for run in left.iter().chain(&right).map(|it| it.run) {
        courses.insert(run, one_live_course(db, run, now).await?);
    }
    let pair = left.iter().find_map(|a| {
        right
            .iter()
            .find(|b| clash(&courses, a.run, b.run))
            .map(|b| (a.id, b.id))
    });
    Ok(pair)
}

/// The course of a run, if it wants people to have one live booking and the run is not over: then its
/// bookings stand in nobody's way.
pub(crate) async fn one_live_course(
    db: &impl ConnectionTrait,
    run: RunId,
    now: Ts,
) -> Result<Option<CourseId>, Error> {
    let snapshot = allocator::snapshot(db, run).await?;
    let counts = snapshot.filter(|it| it.run.one_live && !it.is_over(now));
    Ok(counts.map(|it| it.run.course))
}

fn clash(courses: &BTreeMap<RunId, Option<CourseId>>, a: RunId, b: RunId) -> bool {
    let course = |run| courses.get(&run).copied().flatten();
    a == b || course(a).is_some_and(|it| course(b) == Some(it))
}

/// Makes two records one. The older one stays, unless both have a booking on one run and only the
/// younger one's is live: then the younger stays. A booking that cannot move over, because the one
/// that stays has one on that run, remains with the record it had, which points to the other.
pub(crate) async fn unite(work: &Work, older: PersonId, younger: PersonId) -> Result<PersonId, Error> {
    let old = bookings::of_person(work.tx(), older).await?;
    let new = bookings::of_person(work.tx(), younger).await?;
    let (stays, goes, moving, kept) = if younger_stays(&old, &new) {
        (younger, older, old, new)
    } else {
        (older, younger, new, old)
    };
    for it in moving
        .iter()
        .filter(|it| !kept.iter().any(|other| other.run == it.run))
    {
        allocator::hand_over(work.tx(), it.id, stays).await?;
    }
    let gone = person::Entity::find_by_id(goes)
        .one(work.tx())
        .await?
        .ok_or(Error::NotFound)?;
    let mut gone = gone.into_active_model();
    gone.merged_into = Set(Some(stays));
    gone.update(work.tx()).await?;
    Ok(stays)
}

fn younger_stays(old: &[BookingRecord], new: &[BookingRecord]) -> bool {
    let ended = |run: RunId| old.iter().any(|it| it.run == run && !it.state.is_live());
    new.iter().any(|it| it.state.is_live() && ended(it.run))
}

/// Which of two live bookings on one run is kept when staff merge their people (B-27): booked, else
/// offered, unconfirmed, waiting, then the older; first the one to keep.
pub(crate) fn keep_first<'a>(
    a: &'a BookingRecord,
    b: &'a BookingRecord,
) -> (&'a BookingRecord, &'a BookingRecord) {
    let order = |it: &BookingRecord| (rank(it.state), it.created_at, it.id);
    if order(a) <= order(b) { (a, b) } else { (b, a) }
}

fn rank(state: State) -> u8 {
    match state {
        State::Booked => 0,
        State::Offered { .. } => 1,
        State::Unconfirmed { .. } => 2,
        State::Waiting => 3,
        State::Cancelled { .. } | State::Moved { .. } | State::Lapsed | State::Closed => 4,
    }
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;
    use time::macros::datetime;
    use uuid::Uuid;

    /// A booking of nobody in particular.
    pub(crate) fn booking(id: u128, run: u128, state: State) -> BookingRecord {
        let at = Ts::new(datetime!(2027-05-01 09:00 UTC)) + time::Duration::hours(i64::try_from(id).unwrap());
        BookingRecord {
            id: BookingId(Uuid::from_u128(id)),
            reference: "4827 KX".to_owned(),
            run: RunId(Uuid::from_u128(run)),
            person: PersonId(Uuid::from_u128(1)),
            state,
            joined_seq: None,
            priority: false,
            paused: false,
            clock_from: None,
            window_minutes: None,
            hopes: None,
            call_wanted: false,
            booked_by: None,
            booked_by_contact: None,
            copy_permission: false,
            created_at: at,
        }
    }

    #[test]
    fn one_number_written_in_different_ways_is_one_number() {
        for text in [
            "01632 960001",
            "+44 1632 960001",
            "0044 (0)1632-960001",
            "(01632) 960 001",
        ] {
            assert_eq!(phone_key(text), "01632960001", "{text}");
        }
    }

    #[test]
    fn case_and_spaces_do_not_tell_people_apart() {
        assert_eq!(name_key("  Sam   TAYLOR "), name_key("sam taylor"));
        assert_ne!(name_key("Sam Taylor"), name_key("Sam Tailor"));
    }

    #[test]
    fn of_two_bookings_on_a_run_the_better_one_is_kept_and_then_the_older() {
        let until = Ts::new(datetime!(2027-06-01 12:00 UTC));
        let kept = |a: State, b: State| {
            let (a, b) = (booking(1, 1, a), booking(2, 1, b));
            assert_eq!(
                keep_first(&a, &b).0.id,
                keep_first(&b, &a).0.id,
                "the order in which they come does not count"
            );
            keep_first(&a, &b).0.state
        };
        let order = [
            State::Booked,
            State::Offered { until },
            State::Unconfirmed { until },
            State::Waiting,
        ];
        for pair in order.windows(2) {
            assert_eq!(kept(pair[0], pair[1]), pair[0]);
            assert_eq!(kept(pair[1], pair[0]), pair[0]);
        }
        let (first, second) = (booking(1, 1, State::Booked), booking(2, 1, State::Booked));
        assert_eq!(keep_first(&second, &first).0.id, first.id);
    }

    #[test]
    fn the_younger_record_stays_where_only_its_booking_is_live() {
        let (live, ended) = (State::Booked, State::Lapsed);
        assert!(younger_stays(&[booking(1, 1, ended)], &[booking(2, 1, live)]));
        assert!(!younger_stays(&[booking(1, 1, live)], &[booking(2, 1, ended)]));
        assert!(!younger_stays(&[booking(1, 1, ended)], &[booking(2, 2, live)]));
        assert!(!younger_stays(&[booking(1, 1, ended)], &[booking(2, 1, ended)]));
    }

    #[test]
    fn one_run_or_one_course_that_wants_one_booking_is_a_clash() {
        let (course, run) = (CourseId(Uuid::from_u128(9)), |it| RunId(Uuid::from_u128(it)));
        let courses = BTreeMap::from([
            (run(1), Some(course)),
            (run(2), Some(course)),
            (run(3), None),
            (run(4), None),
        ]);
        assert!(clash(&courses, run(1), run(2)));
        assert!(clash(&courses, run(3), run(3)));
        assert!(!clash(&courses, run(3), run(4)));
        assert!(!clash(&courses, run(1), run(3)));
    }
}
