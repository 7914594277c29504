//! What somebody types about dates: days and times, the place, who teaches. Nothing here decides; the
//! rules of publishing are `booking::calendar`'s.

use booking::calendar::{DatesRefused, Delivery, NewSession};
use booking::plan::{Facilitator, Part, Plan};
use booking::{Settings, london};
use ids::{PersonId, Ts};
use serde::Serialize;
use sha2::{Digest, Sha256};
use time::{Date, Time};
use uuid::Uuid;

use super::said;
use crate::error::Error;
use crate::forms::{Answer, Fields, Problem, problems};
use crate::import::runs as table;
use crate::public::questions::{one_of, ticked};

/// One way to meet, as a choice.
pub(super) const DELIVERIES: [crate::public::questions::Choice; 3] = [
    crate::public::questions::choice("online", "Online"),
    crate::public::questions::choice("in_person", "In person"),
    crate::public::questions::choice("hybrid", "In person, or online for those who want"),
];

/// The days of a form, at most.
const DAYS: usize = 10;

/// Everything there is to say about dates.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub(super) struct Form {
    pub label: Answer,
    pub days: Vec<Day>,
    pub delivery: Answer,
    pub venue: Answer,
    pub join_url: Answer,
    pub capacity: Answer,
    pub opens: Answer,
    pub peer_trainer: Answer,
    pub other: Answer,
    /// The parts of those who have said yes.
    pub said_yes: Vec<String>,
    /// Whether people can join a waiting list.
    pub waiting_list: bool,
    /// Whether nobody is offered a place for now.
    pub offers_paused: bool,
}

/// One day, with the ids of its fields.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub(super) struct Day {
    pub number: usize,
    pub date: Answer,
    pub start: Answer,
    pub end: Answer,
    pub pause: Answer,
}

/// The same, understood.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Planned {
    pub label: String,
    pub sessions: Vec<NewSession>,
    pub delivery: Delivery,
    pub venue: Option<String>,
    pub join_url: Option<String>,
    pub capacity: i32,
    pub opens_at: Ts,
    pub facilitators: Vec<Facilitator>,
    pub waiting_list: bool,
    pub offers_paused: bool,
}

fn clock(it: Time) -> String {
    format!("{:02}:{:02}", it.hour(), it.minute())
}

impl Form {
    /// An empty form for so many days.
    pub(super) fn empty(days: usize, settings: &Settings, now: Ts) -> Self {
        let (today, time) = london::local(now);
        Self {
            days: (1..=days.clamp(1, DAYS))
                .map(|number| Day {
                    number,
                    ..Day::default()
                })
                .collect(),
            delivery: Answer::new(Delivery::Online.name()),
            capacity: Answer::new(settings.capacity_default.to_string()),
            opens: Answer::new(format!("{today}T{}", clock(time))),
            waiting_list: true,
            ..Self::default()
        }
    }

    /// What stands in the records.
    pub(super) fn of(plan: &Plan) -> Self {
        let days = plan.dates.sessions.iter().enumerate().map(|(at, it)| Day {
            number: at + 1,
            date: Answer::new(it.date.to_string()),
            start: Answer::new(clock(it.start)),
            end: Answer::new(clock(it.end)),
            pause: Answer::new(it.break_minutes.to_string()),
        });
        let teaches = |part| {
            let found = plan.facilitators.iter().find(|it| it.part == part);
            Answer::new(found.map(|it| it.person.to_string()).unwrap_or_default())
        };
        let yes = plan.facilitators.iter().filter(|it| it.is_confirmed);
        let (opens_on, opens_at) = london::local(plan.dates.opens_at);
        Self {
            label: Answer::new(plan.dates.label.clone()),
            days: days.collect(),
            delivery: Answer::new(plan.dates.delivery.name()),
            venue: Answer::new(plan.dates.venue.clone().unwrap_or_default()),
            join_url: Answer::new(plan.dates.join_url.clone().unwrap_or_default()),
            capacity: Answer::new(plan.capacity.to_string()),
            opens: Answer::new(format!("{opens_on}T{}", clock(opens_at))),
            peer_trainer: teaches(Part::PeerTrainer),
            other: teaches(Part::Other),
            said_yes: yes.map(|it| it.part.name().to_owned()).collect(),
            waiting_list: plan.waiting_list,
            offers_paused: plan.offers_paused,
        }
    }

    /// With room for as many days as the course has (B-01).
    pub(super) fn with_room_for(mut self, days: usize) -> Self {
        for number in self.days.len() + 1..=days.min(DAYS) {
            self.days.push(Day {
                number,
                ..Day::default()
            });
        }
        self
    }

    /// What was sent by a form that asks everything, about so many days or more.
    pub(super) fn read(fields: &mut Fields, days: usize) -> Result<Self, Error> {
        let mut form = Self {
            label: Answer::new(fields.line("label")?),
            delivery: one_of(fields, "delivery", &DELIVERIES)?,
            venue: Answer::new(fields.line("venue")?),
            opens: Answer::new(fields.line("opens")?),
            waiting_list: ticked(fields, "waiting_list")?,
            ..Self::default()
        };
        for number in 1..=DAYS {
            let mut answer = |part| fields.line(&format!("day{number}_{part}")).map(Answer::new);
            form.days.push(Day {
                number,
                date: answer("date")?,
                start: answer("start")?,
                end: answer("end")?,
                pause: answer("break")?,
            });
        }
        while form.days.len() > days.max(1) && form.days.last().is_some_and(Day::is_empty) {
            form.days.pop();
        }
        form.read_the_usual(fields)?;
        Ok(form)
    }

    /// What was sent by the short form: new days, and what differs from one date to the next (U-39).
    pub(super) fn read_over(mut self, fields: &mut Fields) -> Result<Self, Error> {
        for it in &mut self.days {
            it.date = Answer::new(fields.line(&format!("day{}_date", it.number))?);
        }
        self.read_the_usual(fields)?;
        Ok(self)
    }

    fn read_the_usual(&mut self, fields: &mut Fields) -> Result<(), Error> {
        self.join_url = Answer::new(fields.line("join_url")?);
        self.capacity = Answer::new(fields.line("capacity")?);
        self.peer_trainer = Answer::new(fields.line("peer_trainer")?);
        self.other = Answer::new(fields.line("other")?);
        self.said_yes = fields.many("said_yes")?;
        Ok(())
    }

    /// What it means, or notes of what is wrong. `known` may teach. A day that is left empty is none.
    pub(super) fn judge(&mut self, known: &[PersonId]) -> Option<Planned> {
        self.label.at_most(100, "The name");
        self.venue.at_most(300, "The address");
        self.join_url.at_most(500, "The joining link");
        let delivery = Delivery::named(&self.delivery.value);
        if delivery.is_none() {
            self.delivery.refuse("Select how people meet");
        }
        if delivery.is_some_and(|it| it != Delivery::Online) && self.venue.value.is_empty() {
            self.venue
                .refuse("Enter where people meet, so that they can find it");
        }
        let join_url = self.join_url.given().map(|it| table::join_url(&it));
        if matches!(join_url, Some(Err(_))) {
            self.join_url.refuse("Enter a link that begins with https://");
        }
        let capacity = understood(
            &mut self.capacity,
            table::capacity,
            "Enter how many places there are, from 1 to 200",
        );
        let opens_at = understood(
            &mut self.opens,
            table::moment,
            "Enter the day and the time when booking opens, like 2027-04-01 09:00",
        );
        let days = self.days.iter_mut().filter(|it| it.number == 1 || !it.is_empty());
        let sessions: Vec<_> = days.map(Day::judge).collect();
        let facilitators = self.teach(known);
        if self.is_wrong() {
            return None;
        }
        Some(Planned {
            label: self.label.value.clone(),
            sessions: sessions.into_iter().collect::<Option<_>>()?,
            delivery: delivery?,
            venue: self.venue.given(),
            join_url: join_url.transpose().ok()?,
            capacity: capacity?,
            opens_at: opens_at?,
            facilitators,
            waiting_list: self.waiting_list,
            offers_paused: self.offers_paused,
        })
    }

    fn teach(&mut self, known: &[PersonId]) -> Vec<Facilitator> {
        let yes = |part: Part| self.said_yes.iter().any(|it| it == part.name());
        let (peer_yes, other_yes) = (yes(Part::PeerTrainer), yes(Part::Other));
        let mut found = Vec::new();
        for (answer, part, is_confirmed) in [
            (&mut self.peer_trainer, Part::PeerTrainer, peer_yes),
            (&mut self.other, Part::Other, other_yes),
        ] {
            if answer.value.is_empty() {
                continue;
            }
            let person = Uuid::parse_str(&answer.value).map(PersonId).ok();
            match person.filter(|it| known.contains(it)) {
                Some(person) => found.push(Facilitator {
                    person,
                    part,
                    is_confirmed,
                }),
                None => answer.refuse("Choose somebody from the list"),
            }
        }
        if !self.peer_trainer.value.is_empty() && self.peer_trainer.value == self.other.value {
            self.other.refuse("Choose two different people");
        }
        found
    }

    fn is_wrong(&self) -> bool {
        !self.problems().is_empty()
    }

    /// Every field with the id it has on the page, in the order of the page.
    fn fields(&self) -> Vec<(String, &Answer)> {
        let plain = |id: &str, it| (id.to_owned(), it);
        let mut all = vec![plain("label", &self.label)];
        for day in &self.days {
            all.push((format!("day{}_date", day.number), &day.date));
            all.push((format!("day{}_start", day.number), &day.start));
            all.push((format!("day{}_end", day.number), &day.end));
            all.push((format!("day{}_break", day.number), &day.pause));
        }
        all.extend([
            plain("delivery", &self.delivery),
            plain("venue", &self.venue),
            plain("join_url", &self.join_url),
            plain("capacity", &self.capacity),
            plain("opens", &self.opens),
            plain("peer_trainer", &self.peer_trainer),
            plain("other", &self.other),
        ]);
        all
    }

    fn boxes(&self) -> [(&'static str, bool); 2] {
        [
            ("waiting_list", self.waiting_list),
            ("offers_paused", self.offers_paused),
        ]
    }

    /// What is wrong, for the top of the page.
    pub(super) fn problems(&self) -> Vec<Problem> {
        let all = self.fields();
        problems(all.iter().map(|(id, it)| (id.as_str(), *it)))
    }

    /// Notes why a rule says no, beside the field that it is about.
    pub(super) fn refuse(&mut self, why: &DatesRefused, asks_all: bool) {
        let words = said::refused(why);
        match why {
            DatesRefused::NoPlaces => self.capacity.refuse(words),
            DatesRefused::OpensAfterClosing if asks_all => self.opens.refuse(words),
            DatesRefused::Facilitators => self.peer_trainer.refuse(words),
            DatesRefused::NotOneMoment(day, _)
            | DatesRefused::EndsBeforeStart(day)
            | DatesRefused::Overlap(day, _)
            | DatesRefused::HasBegun(day)
            | DatesRefused::MovesIntoThePast(day) => self.refuse_day(*day, words),
            DatesRefused::OpensAfterClosing
            | DatesRefused::NoSuchCourse(_)
            | DatesRefused::NoPublishedVersion(_)
            | DatesRefused::NoSession
            | DatesRefused::InThePast
            | DatesRefused::WrongNumber { .. }
            | DatesRefused::SameDay
            | DatesRefused::NotADraft
            | DatesRefused::Minutes { .. }
            | DatesRefused::HasBookings
            | DatesRefused::SameDates => self.refuse_day(1, words),
        }
    }

    fn refuse_day(&mut self, number: usize, words: String) {
        if let Some(day) = self.days.iter_mut().find(|it| it.number == number) {
            day.date.refuse(words);
        }
    }

    /// What this form shows, in few letters: two forms with the same letters show the same.
    pub(super) fn version(&self) -> String {
        let values: Vec<_> = self
            .fields()
            .into_iter()
            .map(|(id, it)| (id, it.value.clone()))
            .collect();
        let all = format!("{values:?} {:?} {:?}", self.said_yes, self.boxes());
        let digest = data_encoding::HEXLOWER.encode(&Sha256::digest(all.as_bytes()));
        digest.chars().take(32).collect()
    }

    /// Every field as it is sent.
    pub(super) fn pairs(&self) -> Vec<(String, String)> {
        let all = self.fields().into_iter();
        let mut pairs: Vec<_> = all.map(|(id, it)| (id, it.value.clone())).collect();
        let yes = self.said_yes.iter();
        pairs.extend(yes.map(|it| ("said_yes".to_owned(), it.clone())));
        for (id, ticked) in self.boxes() {
            pairs.extend(ticked.then(|| (id.to_owned(), "yes".to_owned())));
        }
        pairs
    }

    /// The fields in which this form is not like another: the id, this value and the other's.
    pub(super) fn differences(&self, other: &Self) -> Vec<(String, String, String)> {
        let theirs = other.fields();
        let mut found: Vec<_> = self
            .fields()
            .into_iter()
            .filter_map(|(id, mine)| {
                let (_, their) = theirs.iter().find(|(it, _)| *it == id)?;
                (mine.value != their.value).then(|| (id, mine.value.clone(), their.value.clone()))
            })
            .collect();
        let yes = |it: &Self| it.said_yes.join(", ");
        if self.said_yes != other.said_yes {
            found.push(("said_yes".to_owned(), yes(self), yes(other)));
        }
        let word = |ticked| if ticked { "yes" } else { "no" }.to_owned();
        for ((id, mine), (_, their)) in self.boxes().into_iter().zip(other.boxes()) {
            if mine != their {
                found.push((id.to_owned(), word(mine), word(their)));
            }
        }
        found
    }
}

/// What an answer means, or the words beside it.
fn understood<T, E>(
    answer: &mut Answer,
    read: impl FnOnce(&str) -> Result<T, E>,
    otherwise: &str,
) -> Option<T> {
    let found = read(&answer.value).ok();
    if found.is_none() {
        answer.refuse(otherwise);
    }
    found
}

impl Day {
    fn is_empty(&self) -> bool {
        [&self.date, &self.start, &self.end, &self.pause]
            .iter()
            .all(|it| it.value.is_empty())
    }

    fn judge(&mut self) -> Option<NewSession> {
        let day = |what: &str, number: usize| format!("{what} day {number}");
        let number = self.number;
        let date = understood(
            &mut self.date,
            table::date,
            &format!("{}, like 2027-06-08", day("Enter the date of", number)),
        );
        let start = understood(
            &mut self.start,
            table::clock,
            &format!("{} starts, like 10:00", day("Enter when", number)),
        );
        let end = understood(
            &mut self.end,
            table::clock,
            &format!("{} ends, like 13:15", day("Enter when", number)),
        );
        let break_minutes = understood(
            &mut self.pause,
            table::minutes,
            &format!("{}, in minutes", day("Enter how long the break is on", number)),
        );
        Some(NewSession {
            date: date?,
            start: start?,
            end: end?,
            break_minutes: break_minutes?,
        })
    }

    /// The same day so many weeks later; as it is if it cannot be read.
    pub(super) fn later(&mut self, weeks: i64) {
        if let Ok(date) = table::date(&self.date.value) {
            let moved: Date = date.saturating_add(time::Duration::weeks(weeks));
            self.date = Answer::new(moved.to_string());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::sample;
    use super::*;

    fn known() -> [PersonId; 2] {
        [sample::person(1), sample::person(2)]
    }

    #[test]
    fn what_stands_in_the_records_is_understood_as_it_was_meant() {
        let plan = sample::plan();
        let planned = Form::of(&plan).judge(&known()).unwrap();
        assert_eq!(planned.sessions.len(), 2);
        assert_eq!(planned.facilitators, plan.facilitators);
        assert_eq!(planned.opens_at, plan.dates.opens_at);
        assert_eq!((planned.capacity, planned.join_url), (12, plan.dates.join_url));
    }

    #[test]
    fn what_is_wrong_is_named_beside_its_field() {
        let wrong = |change: fn(&mut Form)| {
            let mut form = Form::of(&sample::plan());
            change(&mut form);
            assert_eq!(form.judge(&known()), None);
            form.problems().into_iter().map(|it| it.href).collect::<Vec<_>>()
        };
        assert_eq!(wrong(|it| it.days[1].date = Answer::new("soon")), ["#day2_date"]);
        assert_eq!(wrong(|it| it.days[0].end = Answer::default()), ["#day1_end"]);
        assert_eq!(wrong(|it| it.days[1].end = Answer::default()), ["#day2_end"]);
        assert_eq!(wrong(|it| it.capacity = Answer::new("0")), ["#capacity"]);
        assert_eq!(wrong(|it| it.delivery = Answer::new("in_person")), ["#venue"]);
        assert_eq!(
            wrong(|it| it.join_url = Answer::new("http://x.example")),
            ["#join_url"]
        );
        assert_eq!(wrong(|it| it.other = it.peer_trainer.clone()), ["#other"]);
        let stranger = |it: &mut Form| it.peer_trainer = Answer::new(sample::person(9).to_string());
        assert_eq!(wrong(stranger), ["#peer_trainer"]);
    }

    #[test]
    fn a_day_that_is_left_empty_is_none() {
        let mut form = Form::of(&sample::plan()).with_room_for(4);
        assert_eq!(form.days.len(), 4);
        assert_eq!(form.judge(&known()).unwrap().sessions.len(), 2);
    }

    #[test]
    fn the_version_tells_whether_anything_else_is_there_now() {
        let form = Form::of(&sample::plan());
        assert_eq!(form.version(), Form::of(&sample::plan()).version());
        let changes: [fn(&mut Plan); 5] = [
            |it| it.offers_paused = true,
            |it| it.capacity = 13,
            |it| it.waiting_list = false,
            |it| it.facilitators[0].is_confirmed = false,
            |it| it.dates.join_url = None,
        ];
        for change in changes {
            let mut plan = sample::plan();
            change(&mut plan);
            let other = Form::of(&plan);
            assert_ne!(form.version(), other.version());
            assert_eq!(form.differences(&other).len(), 1);
        }
    }

    #[test]
    fn a_day_moves_by_whole_weeks() {
        let mut form = Form::of(&sample::plan());
        form.days[0].later(4);
        assert_eq!(form.days[0].date.value, "2027-07-06");
    }
}
