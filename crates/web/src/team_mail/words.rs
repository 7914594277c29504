//! What a mail to the team says.

use booking::calendar::Meeting;

use super::facts::{About, Numbers, OfTeam, Open, Standing};
use crate::outbox::letter::{Day, Letter};
use crate::staff;
use crate::words;

/// Writes it into the letter; `at` is the whole address of one of our pages.
pub(crate) fn fill(letter: &mut Letter, at: &impl Fn(&str) -> String, it: &OfTeam) {
    letter.name = Some(it.name.clone());
    match &it.about {
        About::Dates(run, standing) => {
            whole_run(letter, &run.course_title, &run.sessions, words::place(run));
            standing.word().clone_into(&mut letter.state);
            let work = matches!(standing, Standing::Teaches).then(|| at("/today"));
            letter.links.work = Some(work.unwrap_or_else(|| at("/login")));
        }
        About::Soon(run, day, numbers) => {
            one_day(letter, &run.course_title, day, words::place(run));
            letter.lines = who_comes(*numbers);
            letter.links.work = Some(at(&format!("/sessions/{}", day.id)));
        }
        About::Late(run, day, _) => {
            one_day(letter, &run.course_title, day, words::place(run));
            letter.links.work = Some(at(&format!("/sessions/{}/register", day.id)));
        }
        About::List(open) => {
            letter.lines = open.iter().map(line).collect();
            letter.links.work = Some(at("/team/tasks"));
        }
        About::Task(kind, _) => {
            letter.lines = vec![format!("{}.", staff::what_is_to_do(*kind))];
            letter.links.work = Some(at("/team/tasks"));
        }
        About::CalledOff(run, by_mail, otherwise) => {
            whole_run(letter, &run.course_title, &run.sessions, words::place(run));
            letter.lines = vec![told(*by_mail), to_tell(*otherwise)];
            letter.links.work = Some(at("/team/tasks"));
        }
    }
}

impl Standing {
    /// The word that the template asks for.
    fn word(self) -> &'static str {
        match self {
            Self::Teaches => "teaches",
            Self::NoLonger => "no_longer",
            Self::CalledOff => "called_off",
        }
    }
}

fn whole_run(letter: &mut Letter, course: &str, days: &[Meeting], place: String) {
    letter.course = Some(course.to_owned());
    letter.dates = words::dates(days);
    letter.days = days.iter().map(day_of).collect();
    letter.place = place;
}

fn one_day(letter: &mut Letter, course: &str, day: &Meeting, place: String) {
    letter.course = Some(course.to_owned());
    letter.first_date = words::date_without_year(day.date);
    letter.dates = words::date(day.date);
    letter.days = vec![day_of(day)];
    letter.place = place;
}

fn day_of(it: &Meeting) -> Day {
    Day {
        label: format!("Day {}", it.idx),
        text: words::day(it),
    }
}

fn people(count: u64) -> String {
    match count {
        0 => "Nobody".to_owned(),
        1 => "1 person".to_owned(),
        many => format!("{many} people"),
    }
}

fn count(it: usize) -> u64 {
    u64::try_from(it).unwrap_or(u64::MAX)
}

fn who_comes(it: Numbers) -> Vec<String> {
    let verb = |count| if count == 1 { "has" } else { "have" };
    let mut lines = vec![format!(
        "{} {} a place.",
        people(count(it.booked)),
        verb(it.booked)
    )];
    if it.unconfirmed > 0 {
        let held = people(count(it.unconfirmed));
        lines.push(format!("{held} {} not confirmed yet.", verb(it.unconfirmed)));
    }
    lines.push(match it.open_needs {
        0 => "Nothing that would help people to take part is left to arrange.".to_owned(),
        1 => "1 thing that would help someone to take part is not arranged yet.".to_owned(),
        many => format!("{many} things that would help people to take part are not arranged yet."),
    });
    lines
}

/// "Offer a place by phone: 2, and 1 of them should be done by now."
fn line(it: &Open) -> String {
    let what = staff::what_is_to_do(it.kind);
    match it.late {
        0 => format!("{what}: {}.", it.count),
        late => format!("{what}: {}. Due already: {late}.", it.count),
    }
}

fn told(by_mail: u64) -> String {
    match by_mail {
        0 => "Nobody is told by email.".to_owned(),
        1 => "1 person is told by email.".to_owned(),
        many => format!("{many} people are told by email."),
    }
}

fn to_tell(otherwise: u64) -> String {
    match otherwise {
        0 => "Nobody has to be told by phone or letter.".to_owned(),
        1 => "1 person must be told by phone or letter. Please do it today.".to_owned(),
        many => format!("{many} people must be told by phone or letter. Please do it today."),
    }
}
