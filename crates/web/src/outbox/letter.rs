//! What a mail says: the facts of the moment it is rendered (T-54), already in words.

use super::wrap::wrap;
use crate::plain_text::Block;
use serde::Serialize;
use tera::{Context, Tera};

/// The facts that the templates `mail/<kind>/{subject.txt,text.txt,html.html}` may use. Each kind uses some.
///
/// Until the address is proven (B-21) `name` and `course` are `None`: the mail then shows dates and contact
/// only, no name, title, venue or answers, and is signed with the neutral name.
#[expect(clippy::struct_excessive_bools, reason = "each is one fact that a mail reads")]
#[derive(Clone, Debug, Default, Serialize)]
pub(crate) struct Letter {
    /// What is the same in every mail.
    pub(crate) site: Site,
    /// The called name: "Dear Sam", or "Hello" without one.
    pub(crate) name: Option<String>,
    /// The title of the course.
    pub(crate) course: Option<String>,
    /// The dates, one after the other.
    pub(crate) days: Vec<Day>,
    /// The dates as words: "Tuesday 26 and Wednesday 27 January 2027".
    pub(crate) dates: String,
    /// Day 1 for the subject of M03: "Tuesday 26 January".
    pub(crate) first_date: String,
    /// "Online" or the venue.
    pub(crate) place: String,
    /// M10, M11: "next week", "tomorrow", or nothing where neither is so.
    pub(crate) soon: &'static str,
    /// M10, M11, M17: "day 2", where there are several.
    pub(crate) which_day: String,
    /// F02, T01, T02, T03: what there is to know, one sentence each.
    pub(crate) lines: Vec<String>,
    /// M12, M16: the dates before the change.
    pub(crate) old_days: Vec<Day>,
    /// M12, M16: the dates before the change, as words.
    pub(crate) old_dates: String,
    /// M12, M16: "Online" or the venue before the change; empty to leave it out.
    pub(crate) old_place: String,
    /// M12: only the place changed, and this address may not read it yet (B-21).
    pub(crate) hidden_change: bool,
    /// Whether this is the copy for whoever booked for the person (B-105).
    pub(crate) copy: bool,
    /// M04, M14, M15: how it ended, where that reads differently: "start" when the course began before
    /// the person answered, "list" when it was no place, "other" when the person kept another booking.
    pub(crate) ended: &'static str,
    /// booked, waiting, offered or unconfirmed: M01, M12 and M16 speak differently to each.
    pub(crate) state: String,
    /// M22: whether the day stands; else it was called off.
    pub(crate) is_catch_up_on: bool,
    /// By when to answer: "Thursday 27 May 2027 at 10am".
    pub(crate) deadline: Option<String>,
    /// By when to answer, for the subject of M06: see [`deadline_short`].
    pub(crate) deadline_short: String,
    /// Where in the list (B-40): "next", "among the next few", "further down".
    pub(crate) band: Option<String>,
    /// M12, M13, M15: why, as typed by the team.
    pub(crate) reason: Option<String>,
    /// M09, M13, M20: dates to choose from.
    pub(crate) next_dates: Vec<NextDate>,
    /// Whether something is noted that would help; never what (T-26).
    pub(crate) needs_noted: bool,
    /// "4827 KX".
    pub(crate) reference: String,
    /// M13: until when the person goes first (B-53): "Monday 21 June 2027 at 6pm".
    pub(crate) priority_until: Option<String>,
    /// M21: the dates that were booked once more with this address (T-36).
    pub(crate) again: Option<String>,
    /// M21: the live bookings of the address.
    pub(crate) bookings: Vec<LinkedBooking>,
    /// The log in code, in two groups.
    pub(crate) code: String,
    /// For how many minutes the code works.
    pub(crate) code_minutes: i64,
    /// What somebody is invited to be: "a coordinator and a lead".
    pub(crate) roles: String,
    /// What that lets them see and do, one sentence each.
    pub(crate) rights: Vec<String>,
    /// When somebody logged in: "Tuesday 26 January 2027 at 2pm".
    pub(crate) at: String,
    /// With what: "Firefox on Windows".
    pub(crate) browser: String,
    /// What the team says of its own (T-39), after the greeting and before the end.
    pub(crate) opening: Vec<Block>,
    /// The same, at the end.
    pub(crate) closing: Vec<Block>,
    /// A test: in which mail the words are that it is about; empty if it is about none.
    pub(crate) tried: String,
    /// Those words.
    pub(crate) tried_words: Vec<Block>,
    /// Full addresses of our pages; `None` leaves the link and its words out.
    pub(crate) links: Links,
}

/// What is the same in every mail, from the settings.
#[derive(Clone, Debug, Default, Serialize)]
pub(crate) struct Site {
    /// The organisation.
    pub(crate) org_name: String,
    /// The neutral name of the sender (U-32): "Courses at Anytown Healthcare".
    pub(crate) neutral_name: String,
    /// Who signs: "The training team".
    pub(crate) contact_name: String,
    /// The number to call.
    pub(crate) contact_phone: String,
    /// The address of a mailbox that is read.
    pub(crate) contact_email: String,
    /// When somebody answers: "Monday to Friday, 9am to 5pm".
    pub(crate) contact_hours: String,
    /// The support text (U-34).
    pub(crate) support_text: String,
    /// Setting `join_opens`: minutes before a day.
    pub(crate) join_opens: u32,
    /// Setting `offer_window_far`: hours.
    pub(crate) offer_window_far: u32,
    /// Setting `offer_window`: hours.
    pub(crate) offer_window: u32,
}

/// One date of a course.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct Day {
    /// "Day 1"; not shown if there is only one.
    pub(crate) label: String,
    /// "Tuesday 26 January 2027, 10am to 1pm".
    pub(crate) text: String,
}

/// Dates that a person can choose.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct NextDate {
    /// "Tuesday 9 and Wednesday 10 February 2027, 10am to 1pm, online".
    pub(crate) dates: String,
    /// The page to book them.
    pub(crate) url: String,
}

/// A booking in the mail of links (M21).
#[derive(Clone, Debug, Serialize)]
pub(crate) struct LinkedBooking {
    /// "Tuesday 26 and Wednesday 27 January 2027".
    pub(crate) dates: String,
    /// The status words of pages.md section 5: "Booked".
    pub(crate) words: String,
    /// Its page.
    pub(crate) url: String,
}

/// Full addresses of our pages, built from the base URL (T-30, T-40).
#[derive(Clone, Debug, Default, Serialize)]
pub(crate) struct Links {
    /// `/b/{token}`, in every mail about a booking (B-106).
    pub(crate) manage: Option<String>,
    /// `/b/{token}/confirm`
    pub(crate) confirm: Option<String>,
    /// `/o/{token}`
    pub(crate) offer: Option<String>,
    /// `/b/{token}/cancel`
    pub(crate) cancel: Option<String>,
    /// `/b/{token}/move`
    pub(crate) change_date: Option<String>,
    /// `/b/{token}/changed`
    pub(crate) changed: Option<String>,
    /// `/b/{token}/still-interested`
    pub(crate) still_interested: Option<String>,
    /// `/b/{token}/feedback`
    pub(crate) feedback: Option<String>,
    /// `/b/{token}/join`, never the meeting link (B-51); none for a course in person
    pub(crate) join: Option<String>,
    /// `/b/{token}/certificate`
    pub(crate) certificate: Option<String>,
    /// `/becoming-a-peer-worker`
    pub(crate) next_steps: Option<String>,
    /// `/bookings/find`
    pub(crate) find: Option<String>,
    /// `/courses`
    pub(crate) courses: Option<String>,
    /// The page of the course or of its dates.
    pub(crate) book_again: Option<String>,
    /// `/address/{token}`
    pub(crate) new_address: Option<String>,
    /// `/new-dates/{token}`
    pub(crate) new_dates_confirm: Option<String>,
    /// `/new-dates/{token}`
    pub(crate) new_dates_stop: Option<String>,
    /// `/d/{token}`
    pub(crate) draft: Option<String>,
    /// `/login`
    pub(crate) log_in: Option<String>,
    /// `/login/link/{token}`
    pub(crate) log_in_here: Option<String>,
    /// `/invite/{token}`
    pub(crate) invitation: Option<String>,
    /// `/account`
    pub(crate) account: Option<String>,
    /// Where somebody of the team goes on: `/team/tasks`, `/today`, a day or its register.
    pub(crate) work: Option<String>,
}

/// A mail as it leaves.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Parts {
    /// One line, at most [`LONGEST_SUBJECT`] characters.
    pub(crate) subject: String,
    /// The text part, wrapped.
    pub(crate) text: String,
    /// The HTML part, with the same words and links (U-33).
    pub(crate) html: String,
}

/// Characters of a subject (pages.md section 7).
pub(crate) const LONGEST_SUBJECT: usize = 50;

impl Letter {
    /// A letter that says nothing yet: fill in what its kind needs.
    pub(crate) fn new(site: Site) -> Self {
        Self {
            site,
            ..Self::default()
        }
    }

    /// Renders the mail of a kind, which is the name of its folder below `mail/`.
    pub(crate) fn parts(&self, templates: &Tera, kind: &str) -> Result<Parts, tera::Error> {
        let facts = Context::from_serialize(self)?;
        let part = |file: &str| templates.render(&format!("mail/{kind}/{file}"), &facts);
        let subject = part("subject.txt")?;
        Ok(Parts {
            subject: subject.split_whitespace().collect::<Vec<_>>().join(" "),
            text: wrap(&part("text.txt")?),
            html: part("html.html")?,
        })
    }
}

/// The deadline for the subject of M06: `Thursday 27 May at 10am`, or without the month where the subject would
/// get too long: `Wednesday 29 at 10:15am`.
pub(crate) fn deadline_short(weekday: &str, day: u8, month: &str, time: &str) -> String {
    const ROOM: usize = LONGEST_SUBJECT - "A place is free: answer by ".len();
    let whole = format!("{weekday} {day} {month} at {time}");
    if whole.chars().count() <= ROOM {
        whole
    } else {
        format!("{weekday} {day} at {time}")
    }
}

/// Letters to look at, for tests.
#[cfg(test)]
pub(crate) mod samples;

#[cfg(test)]
mod tests;
