//! Dates in words, for the team: where they stand, what they lack, why a rule says no.

use booking::calendar::DatesRefused;
use booking::plan::{Numbers, Part, Plan};
use booking::snapshot::RunState;
use booking::{Availability, london::NotOneMoment};
use ids::Ts;

use crate::public::courses::card;
use crate::words;

/// The status words of pages.md section 5, and their colour; empty for a plain one.
pub(super) fn tag(plan: &Plan, told: Option<Availability>) -> (String, String) {
    let told = match (plan.state, told) {
        (RunState::Draft, _) => return ("Draft".to_owned(), "white".to_owned()),
        (RunState::Cancelled, _) => Availability::Cancelled,
        (RunState::Published, told) => told.unwrap_or(Availability::Finished),
    };
    let card = card(&plan.dates, told);
    (card.tag, card.tag_colour)
}

/// "Tuesday 8 and Tuesday 15 June 2027, 10am to 1:15pm, both days": no two dates have the same words.
pub(super) fn dates(plan: &Plan) -> String {
    let (dates, hours) = (
        words::dates(&plan.dates.sessions),
        words::all_hours(&plan.dates.sessions),
    );
    format!("{dates}, {hours}")
}

/// "5 of 12"; after the capacity was lowered, by how many it is over.
pub(super) fn places(plan: &Plan, numbers: Numbers) -> String {
    let over = numbers.taken - i64::from(plan.capacity);
    let places = format!("{} of {}", numbers.taken, plan.capacity);
    if over > 0 {
        format!("{places}, over by {over}")
    } else {
        places
    }
}

/// What the dates need before anybody can come, in a few words.
pub(super) fn lacking(plan: &Plan) -> String {
    if plan.state == RunState::Cancelled {
        return "Nothing".to_owned();
    }
    let confirmed = |part| {
        let of_part = plan.facilitators.iter().filter(|it| it.part == part);
        of_part.filter(|it| it.is_confirmed).count()
    };
    let mut lacking = Vec::new();
    if confirmed(Part::PeerTrainer) == 0 {
        lacking.push("peer trainer");
    }
    if confirmed(Part::Other) == 0 {
        lacking.push("other facilitator");
    }
    if plan.dates.join_url.is_none() && plan.dates.delivery != booking::calendar::Delivery::InPerson {
        lacking.push("joining link");
    }
    match lacking.as_slice() {
        [] => "Nothing".to_owned(),
        all => format!("Missing: {}", all.join(", ")),
    }
}

/// The heading of a list: how many dates, in words.
pub(super) fn count(number: usize, over: bool) -> String {
    let of = if over { " that are over" } else { "" };
    match number {
        0 if over => "No course dates are over".to_owned(),
        0 => "No course dates yet".to_owned(),
        number => {
            let dates = if number == 1 && over {
                "course date that is over".to_owned()
            } else if number == 1 {
                "course date".to_owned()
            } else {
                format!("course dates{of}")
            };
            format!("{} {dates}", in_words(number))
        }
    }
}

const SMALL: [&str; 13] = [
    "No", "One", "Two", "Three", "Four", "Five", "Six", "Seven", "Eight", "Nine", "Ten", "Eleven", "Twelve",
];

/// "Six", and figures from 13 on.
pub(super) fn in_words(number: usize) -> String {
    SMALL
        .get(number)
        .map_or_else(|| number.to_string(), |it| (*it).to_owned())
}

/// When the next dates begin, and how many nobody sees yet.
pub(super) fn summary(plans: &[Plan], now: Ts) -> String {
    let starts = plans.iter().filter(|it| it.state == RunState::Published);
    let starts = starts.filter_map(|it| it.dates.sessions.first());
    let next = starts
        .filter(|it| it.starts_at > now)
        .min_by_key(|it| it.starts_at);
    let drafts = plans.iter().filter(|it| it.state == RunState::Draft).count();
    let mut said = Vec::new();
    if let Some(next) = next {
        said.push(format!("The next course begins on {}.", words::date(next.date)));
    }
    match drafts {
        0 => {}
        1 => said.push("1 is a draft, which nobody else sees.".to_owned()),
        more => said.push(format!("{more} are drafts, which nobody else sees.")),
    }
    said.join(" ")
}

/// What somebody is on these dates.
pub(super) fn part(part: Part) -> &'static str {
    match part {
        Part::PeerTrainer => "peer trainer",
        Part::Other => "other facilitator",
    }
}

/// Why dates cannot be planned, published or changed like this, in words for the team.
pub(super) fn refused(why: &DatesRefused) -> String {
    match why {
        DatesRefused::NoSuchCourse(_) => "This course is not there any more.".to_owned(),
        DatesRefused::NoPublishedVersion(_) => {
            "The text of the course must be published before its dates can be.".to_owned()
        }
        DatesRefused::NoSession => "This date needs at least 1 day.".to_owned(),
        DatesRefused::NotOneMoment(day, NotOneMoment::DoesNotExist) => {
            format!("Day {day}: the clocks go forward then, so that time does not exist.")
        }
        DatesRefused::NotOneMoment(day, NotOneMoment::ComesTwice) => {
            format!("Day {day}: the clocks go back then, so that time comes twice.")
        }
        DatesRefused::EndsBeforeStart(day) => format!("Day {day} must end after it starts."),
        DatesRefused::Overlap(day, before) => {
            format!("Day {day} must start after day {before} has ended.")
        }
        DatesRefused::InThePast => "Day 1 is in the past. Choose a day to come.".to_owned(),
        DatesRefused::WrongNumber { wanted, given } => {
            format!("This course takes {wanted} days, and this date has {given}.")
        }
        DatesRefused::SameDay => "The days of this course must be different days.".to_owned(),
        DatesRefused::NoPlaces => "This date needs at least 1 place.".to_owned(),
        DatesRefused::NotADraft => "This date is published or cancelled already.".to_owned(),
        DatesRefused::Facilitators => {
            "This date needs a peer trainer and one other facilitator before it can be published. Both must \
             have said yes."
                .to_owned()
        }
        DatesRefused::Minutes { given, planned } => format!(
            "There are {given} minutes of teaching, and the course plans {planned}. Somebody must say that this is \
             meant."
        ),
        DatesRefused::HasBegun(day) => {
            format!("Day {day} has begun. Its date and times stay as they are.")
        }
        DatesRefused::MovesIntoThePast(day) => format!("Day {day} cannot move into the past."),
        DatesRefused::HasBookings => "Somebody has booked, so no day can be added or taken away.".to_owned(),
        DatesRefused::OpensAfterClosing => "Booking must open before it closes.".to_owned(),
        DatesRefused::SameDates => "The same dates of this course are there already.".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::super::sample;
    use super::*;

    #[test]
    fn a_count_is_said_in_words() {
        let said = [
            (0, false),
            (1, false),
            (6, false),
            (13, false),
            (1, true),
            (2, true),
        ];
        let said = said.map(|(number, over)| count(number, over));
        let expected = [
            "No course dates yet",
            "One course date",
            "Six course dates",
            "13 course dates",
            "One course date that is over",
            "Two course dates that are over",
        ];
        assert_eq!(said, expected);
    }

    #[test]
    fn what_is_missing_is_named_until_somebody_said_yes() {
        let mut plan = sample::plan();
        assert_eq!(lacking(&plan), "Nothing");
        plan.facilitators[0].is_confirmed = false;
        plan.dates.join_url = None;
        assert_eq!(lacking(&plan), "Missing: peer trainer, joining link");
        plan.state = RunState::Cancelled;
        assert_eq!(lacking(&plan), "Nothing");
    }

    #[test]
    fn fewer_places_than_people_are_counted() {
        let numbers = |taken| Numbers {
            taken,
            ..Numbers::default()
        };
        assert_eq!(places(&sample::plan(), numbers(5)), "5 of 12");
        assert_eq!(places(&sample::plan(), numbers(14)), "14 of 12, over by 2");
    }

    /// U-35.
    #[test]
    fn a_refusal_says_day_and_date() {
        let all = [
            DatesRefused::NoSession,
            DatesRefused::Facilitators,
            DatesRefused::HasBookings,
            DatesRefused::WrongNumber { wanted: 2, given: 1 },
        ];
        for why in all {
            let said = refused(&why);
            assert!(!said.contains("session") && !said.contains(" run"), "{said}");
        }
    }
}
