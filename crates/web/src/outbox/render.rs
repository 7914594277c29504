//! A mail as it leaves: the words of its letter, its entries for a calendar, and its bytes.

use booking::calendar::{Meeting, RunDates};
use booking::deadlines::offer_ends;
use booking::queue::Band;
use booking::{Settings, State, london};
use ids::{MailId, Ts};
use lettre::message::header::{ContentDisposition, ContentType, Header, HeaderName, HeaderValue};
use lettre::message::{Mailbox, Message, MultiPart, SinglePart};
use time::{Duration, PrimitiveDateTime};

use super::Kind;
use super::calendar_invite::{self, Invite, Method};
use super::facts::{Facts, OfBooking, OfCalendar, Reader, Shown, Subject};
use super::letter::{self, Day, Letter, LinkedBooking, Links, NextDate, Parts, deadline_short};
use super::trial::EXAMPLES;
use crate::error::Error;
use crate::links::Purpose;
use crate::plain_text::Block;
use crate::sign_in::mail::{About, in_two, rights, roles_in_words};
use crate::{site, team_mail, texts, words};

/// How many other dates a mail names.
const NEXT_DATES: usize = 5;

/// What the facts say, in words.
pub(crate) fn letter(base_url: &str, kind: Kind, facts: &Facts) -> Letter {
    let pages = Pages { base_url };
    let mut letter = Letter::new(site_of(&facts.site, &facts.settings));
    letter.links.courses = Some(pages.at("/courses"));
    letter.links.find = Some(pages.at("/bookings/find"));
    match &facts.subject {
        Subject::Booking(it) => about_booking(&mut letter, &pages, kind, it, facts),
        Subject::Links(found) => {
            let again = found.iter().find(|it| Some(it.run.id) == facts.parameters.again);
            letter.again = again.map(|it| words::dates(&it.run.sessions));
            letter.bookings = found
                .iter()
                .map(|it| LinkedBooking {
                    dates: words::dates(&it.run.sessions),
                    words: status(it.record.state),
                    url: pages.token(Purpose::Booking, &it.token, ""),
                })
                .collect();
        }
        Subject::Draft(it, token) => {
            letter.deadline = Some(words::date_time(it.ends_at));
            letter.links.draft = token.as_ref().map(|it| pages.token(Purpose::Draft, it, ""));
        }
        Subject::Interest(it) => {
            let link = it.token.as_ref().map(|it| pages.token(Purpose::NewDates, it, ""));
            if kind == Kind::NewDates {
                letter.course = it.dates.first().map(|it| it.course_title.clone());
                letter.next_dates = next_dates(&pages, &it.dates);
            } else {
                letter.links.new_dates_confirm.clone_from(&link);
            }
            letter.links.new_dates_stop = link;
        }
        Subject::Account(it) => about_account(&mut letter, &pages, it),
        Subject::Trial(it) => {
            letter.name = Some(it.name.clone());
            letter.links.log_in = Some(pages.at("/login"));
            if let Some(it) = &it.tried {
                letter.tried.clone_from(&it.title);
                letter.tried_words = own(&it.source, facts, base_url, &EXAMPLES);
            }
        }
        Subject::Team(it) => team_mail::words::fill(&mut letter, &|path| pages.at(path), it),
        Subject::Gone => {}
    }
    letter
}

fn about_account(letter: &mut Letter, pages: &Pages<'_>, about: &About) {
    letter.links.log_in = Some(pages.at("/login"));
    match about {
        About::Code(it) => {
            letter.code = in_two(&it.code);
            letter.code_minutes = it.minutes;
            let link = it.token.as_ref();
            letter.links.log_in_here = link.map(|it| pages.token(Purpose::LogIn, it, ""));
        }
        About::Invitation(it) => {
            letter.roles = roles_in_words(&it.roles);
            letter.rights = rights(&it.roles).into_iter().map(str::to_owned).collect();
            letter.deadline = Some(words::date_time(it.until));
            let link = it.token.as_ref();
            letter.links.invitation = link.map(|it| pages.token(Purpose::Invitation, it, ""));
        }
        About::Reset(name) => letter.name = Some(name.clone()),
        About::Access(name, roles) => {
            letter.name = Some(name.clone());
            letter.roles = roles_in_words(roles);
            letter.rights = rights(roles).into_iter().map(str::to_owned).collect();
        }
        About::NewBrowser(it) => {
            letter.name = Some(it.name.clone());
            letter.at = words::date_time(it.at);
            letter.browser.clone_from(&it.browser);
            letter.links.account = Some(pages.at("/account"));
        }
    }
}

fn about_booking(letter: &mut Letter, pages: &Pages<'_>, kind: Kind, it: &OfBooking, facts: &Facts) {
    letter.days = days(&it.run.sessions);
    letter.dates = words::dates(&it.run.sessions);
    letter.first_date = it
        .run
        .sessions
        .first()
        .map(|it| words::date_without_year(it.date))
        .unwrap_or_default();
    letter.place = shown_place(it, words::place(&it.run));
    if let Some(day) = &it.meeting {
        about_a_day(letter, kind, it, day, facts.now);
    }
    let (old_place, old_days) = before(kind, it, facts);
    letter.old_place = shown_place(it, old_place);
    letter.old_days = days(old_days);
    letter.old_dates = words::dates(old_days);
    letter.hidden_change = kind == Kind::RunChanged && !it.is_trusted() && old_days == it.run.sessions;
    letter.copy = it.reader == Reader::Copy;
    let joins_elsewhere = about_the_catch_up(letter, it);
    letter.ended = it.ended;
    it.record.state.name().clone_into(&mut letter.state);
    if let Some(until) = answer_by(it, facts) {
        letter.deadline = Some(words::date_time(until));
        letter.deadline_short = short(until);
    }
    letter.band = it.band.map(|it| band(it).to_owned());
    let first = Duration::days(facts.settings.priority);
    letter.priority_until = it.run.cancelled_at.map(|at| words::date_time(at + first));
    letter.links.book_again = Some(pages.at("/courses"));
    let page = |token: &String| pages.token(Purpose::NewAddress, token, "");
    letter.links.new_address = it.new_address.as_ref().map(page);
    if let Some(token) = it.token.as_ref().filter(|_| it.has_links()) {
        letter.links = booking_links(pages, token, it, std::mem::take(&mut letter.links));
        if let Some(online) = joins_elsewhere {
            let join = pages.token(Purpose::Booking, token, "/join");
            letter.links.join = online.then_some(join);
        }
    }
    if it.is_trusted() {
        about_the_person(letter, pages, kind, it, facts);
    }
}

/// When and where a missed day is caught up, in place of the booking's own days (M22); whether that is
/// online, if there is such a day.
fn about_the_catch_up(letter: &mut Letter, it: &OfBooking) -> Option<bool> {
    let catch_up = it.catch_up.as_ref()?;
    let mut day = catch_up.run.sessions.clone();
    day.retain(|it| it.id == catch_up.session);
    letter.days = days(&day);
    letter.dates = words::dates(&day);
    letter.place = shown_place(it, words::place(&catch_up.run));
    letter.is_catch_up_on = catch_up.stands && it.record.state == State::Booked;
    Some(catch_up.run.delivery != booking::calendar::Delivery::InPerson)
}

/// A mail about one day: which one, and how soon it is (M10, M11, M17).
fn about_a_day(letter: &mut Letter, kind: Kind, it: &OfBooking, day: &Meeting, now: Ts) {
    letter.first_date = words::date_without_year(day.date);
    letter.soon = words::how_soon(london::local(now).0, day.date);
    if it.run.sessions.len() > 1 {
        letter.which_day = format!("day {}", day.idx);
    }
    if kind != Kind::NextWeek {
        letter.days = days(std::slice::from_ref(day));
        letter.dates = words::date(day.date);
    }
}

/// Where and when it was before a change or a move (M12, M16).
fn before<'a>(kind: Kind, it: &'a OfBooking, facts: &'a Facts) -> (String, &'a [Meeting]) {
    if let Some(old) = &it.old {
        return (words::place(old), &old.sessions);
    }
    let known = &facts.parameters.before;
    let before = if kind == Kind::RunChanged && known.is_empty() {
        &it.run.before_change
    } else {
        known
    };
    (words::place_before(before), &before.sessions)
}

/// A venue is not for an address that is not proven (B-21).
fn shown_place(it: &OfBooking, place: String) -> String {
    if it.is_trusted() || place == "Online" {
        place
    } else {
        String::new()
    }
}

/// What only the person may read, at an address that is theirs (B-21): who and what for, why, and
/// addresses and places that name the course.
fn about_the_person(letter: &mut Letter, pages: &Pages<'_>, kind: Kind, it: &OfBooking, facts: &Facts) {
    letter.name = Some(it.person.called());
    letter.course = Some(it.run.course_title.clone());
    letter.needs_noted = it.needs_noted;
    letter.reference.clone_from(&it.record.reference);
    letter.reason = if kind == Kind::RunCancelled {
        it.run.cancel_reason.clone()
    } else {
        facts.parameters.reason.clone()
    };
    letter.next_dates = next_dates(pages, &it.next);
    letter.links.book_again = Some(pages.at(&format!("/courses/{}", it.run.course_code)));
    letter.links.next_steps = Some(pages.at("/becoming-a-peer-worker"));
    let named = [
        ("name", it.person.called()),
        ("course", it.run.course_title.clone()),
        ("dates", letter.dates.clone()),
    ];
    let named = named.each_ref().map(|(name, value)| (*name, value.as_str()));
    letter.opening = own(&facts.own.opening, facts, pages.base_url, &named);
    letter.closing = own(&facts.own.closing, facts, pages.base_url, &named);
}

/// Words of the team, as a mail shows them.
fn own(source: &str, facts: &Facts, base_url: &str, named: &[(&'static str, &str)]) -> Vec<Block> {
    texts::in_mail(source, &texts::values(&facts.site, named), base_url)
}

/// The pages behind the link of a booking.
fn booking_links(pages: &Pages<'_>, token: &str, it: &OfBooking, links: Links) -> Links {
    let page = |of: &str| Some(pages.token(Purpose::Booking, token, of));
    let online = it.run.delivery != booking::calendar::Delivery::InPerson;
    Links {
        manage: page(""),
        confirm: page("/confirm"),
        offer: it.offer.as_ref().map(|it| pages.token(Purpose::Offer, it, "")),
        cancel: page("/cancel"),
        change_date: page("/move"),
        changed: page("/changed"),
        still_interested: page("/still-interested"),
        feedback: page("/feedback").filter(|_| !it.has_answered),
        join: page("/join").filter(|_| online),
        certificate: page("/certificate"),
        ..links
    }
}

/// Addresses of pages (T-30).
struct Pages<'a> {
    base_url: &'a str,
}

impl Pages<'_> {
    fn at(&self, path: &str) -> String {
        format!("{}{path}", self.base_url)
    }

    /// A page behind a link.
    fn token(&self, purpose: Purpose, token: &str, page: &str) -> String {
        let below = match purpose {
            Purpose::Booking => "/b",
            Purpose::Offer => "/o",
            Purpose::NewAddress => "/address",
            Purpose::Draft => "/d",
            Purpose::NewDates => "/new-dates",
            Purpose::LogIn => "/login/link",
            Purpose::Invitation => "/invite",
        };
        self.at(&format!("{below}/{token}{page}"))
    }
}

/// By when the person is asked to answer: the end that stands, or, while the clock waits for this very
/// mail, the end if it is taken now, if that is later (T-60).
fn answer_by(it: &OfBooking, facts: &Facts) -> Option<Ts> {
    let until = it.record.state.deadline()?;
    let window = it.record.window_minutes.map(|it| Duration::minutes(it.into()));
    let (Some(window), None) = (window, it.record.clock_from) else {
        return Some(until);
    };
    let from_now = match (it.record.state, it.run.sessions.first()) {
        (State::Offered { .. }, Some(first)) => {
            offer_ends(&facts.settings, &facts.days, facts.now, window, first.starts_at)
        }
        _ => facts.now + window,
    };
    Some(until.max(from_now))
}

fn short(until: Ts) -> String {
    let (day, time) = london::local(until);
    deadline_short(
        &day.weekday().to_string(),
        day.day(),
        &day.month().to_string(),
        &words::time(time),
    )
}

fn days(meetings: &[Meeting]) -> Vec<Day> {
    meetings
        .iter()
        .map(|it| Day {
            label: format!("Day {}", it.idx),
            text: words::day(it),
        })
        .collect()
}

fn next_dates(pages: &Pages<'_>, dates: &[RunDates]) -> Vec<NextDate> {
    let one = |it: &RunDates| {
        let place = words::place(it);
        let place = if place == "Online" { "online" } else { &place };
        NextDate {
            dates: format!(
                "{}, {}, {place}",
                words::dates(&it.sessions),
                words::all_hours(&it.sessions)
            ),
            url: pages.at(&format!("/courses/{}/{}", it.course_code, it.slug)),
        }
    };
    dates.iter().take(NEXT_DATES).map(one).collect()
}

/// The words for a place in the queue (B-40).
fn band(it: Band) -> &'static str {
    match it {
        Band::Next => "next",
        Band::NextFew => "among the next few",
        Band::FurtherDown => "further down",
    }
}

/// The status words of pages.md section 5.
fn status(state: State) -> String {
    match state {
        State::Unconfirmed { .. } => "Booked, email not confirmed".to_owned(),
        State::Booked => "Booked".to_owned(),
        State::Waiting => "Waiting".to_owned(),
        State::Offered { until } => format!("Offered, reply by {}", words::date_time(until)),
        State::Cancelled {
            by: booking::By::Person,
        } => "Cancelled".to_owned(),
        State::Cancelled {
            by: booking::By::Team,
        } => "Cancelled by us".to_owned(),
        State::Cancelled {
            by: booking::By::RunCancelled,
        } => "Course cancelled".to_owned(),
        State::Moved { .. } => "Moved".to_owned(),
        State::Lapsed => "Not confirmed in time".to_owned(),
        State::Closed => "List closed".to_owned(),
    }
}

fn site_of(it: &site::Site, settings: &Settings) -> letter::Site {
    let number = |it: i64| u32::try_from(it).unwrap_or(0);
    letter::Site {
        org_name: it.org_name.clone(),
        neutral_name: it.neutral_name.clone(),
        contact_name: it.contact_name.clone(),
        contact_phone: it.contact_phone.clone(),
        contact_email: it.contact_email.clone(),
        contact_hours: it.contact_hours.clone(),
        support_text: it.support_text.clone(),
        join_opens: number(settings.join_opens),
        offer_window_far: number(settings.offer_window_far),
        offer_window: number(settings.offer_window),
    }
}

/// What the mail asks a calendar to show: the booking's sessions while it has its place, and an end to
/// whatever an earlier mail put in and is over (INV-16). Numbers only rise.
pub(crate) fn shown(kind: Kind, it: &OfBooking) -> Vec<Shown> {
    let tells_of_a_place = matches!(
        kind,
        Kind::Booked | Kind::Moved | Kind::RunChanged | Kind::CatchUp
    );
    let mut shown = Vec::new();
    for of in it.calendars.iter().filter(|it| !it.entries.is_empty()) {
        let stands = of.session.is_none() || it.catch_up.as_ref().is_some_and(|it| it.stands);
        let has_place = of.booking == it.record.id && it.record.state == State::Booked && stands;
        let request = has_place && tells_of_a_place;
        if request || (of.shown && !has_place) {
            let sequence = of.entries.iter().map(|it| it.sequence).max().unwrap_or(0);
            let sequence = of.used.map_or(sequence, |used| sequence.max(used + 1));
            shown.push(Shown {
                booking: of.booking,
                session: of.session,
                request,
                sequence,
            });
        }
    }
    // What ends comes first: old entries go, then new ones come.
    shown.sort_by_key(|it| it.request);
    shown
}

/// An entry for a calendar as a part of the mail.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct CalendarPart {
    method: Method,
    file: String,
    text: String,
}

/// One part for each session.
pub(crate) fn calendar_parts(
    letter: &Letter,
    it: &OfBooking,
    shown: &[Shown],
    recipient: &str,
    stamp: Ts,
) -> Vec<CalendarPart> {
    let mut parts = Vec::new();
    for show in shown {
        let Some(of) = it.calendars.iter().find(|it| it.is(show)) else {
            continue;
        };
        let about = Entry {
            letter,
            it,
            of,
            show,
            recipient,
            stamp,
        };
        parts.extend(of.run.sessions.iter().filter_map(|day| about.part(day)));
    }
    parts
}

/// What the parts of one booking have in common.
struct Entry<'a> {
    letter: &'a Letter,
    it: &'a OfBooking,
    of: &'a OfCalendar,
    show: &'a Shown,
    recipient: &'a str,
    stamp: Ts,
}

impl Entry<'_> {
    fn part(&self, day: &Meeting) -> Option<CalendarPart> {
        let entry = self.of.entries.iter().find(|it| it.session == day.id)?;
        let number = usize::try_from(day.idx).unwrap_or(1);
        let method = if self.show.request {
            Method::Request
        } else {
            Method::Cancel
        };
        let place = shown_place(self.it, words::place(&self.of.run));
        let links = &self.letter.links;
        let description = match (&links.join, &links.manage) {
            (Some(join), _) if self.show.request => format!("Joining page: {join}"),
            (_, Some(manage)) => format!("Your booking page: {manage}"),
            (_, None) => String::new(),
        };
        let text = calendar_invite::invite(&Invite {
            uid: &entry.uid,
            sequence: u32::try_from(self.show.sequence).unwrap_or(0),
            method,
            stamp: self.stamp.get(),
            organizer_name: &self.letter.site.neutral_name,
            organizer_address: &self.letter.site.contact_email,
            attendee: Some(self.recipient),
            starts: PrimitiveDateTime::new(day.date, day.start),
            ends: PrimitiveDateTime::new(day.date, day.end),
            summary: &calendar_invite::summary(number, self.of.run.sessions.len()),
            location: &place,
            description: &description,
            url: links.manage.as_deref(),
        });
        let file = if self.show.request {
            format!("day-{number}.ics")
        } else {
            format!("day-{number}-cancelled.ics")
        };
        Some(CalendarPart { method, file, text })
    }
}

/// The outside of a mail.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Outside<'a> {
    /// The outbox row; its id is the Message-ID, so that every copy is the same mail (T-55).
    pub(crate) id: MailId,
    /// The name after the `@` of the Message-ID.
    pub(crate) host: &'a str,
    /// The one recipient.
    pub(crate) to: &'a str,
    /// The moment of the mail, from its row.
    pub(crate) date: Ts,
    /// Where a list mail can be stopped.
    pub(crate) unsubscribe: Option<&'a str>,
}

/// The bytes of a mail. The same facts give the same bytes.
pub(crate) fn message(
    outside: &Outside<'_>,
    site: &letter::Site,
    parts: Parts,
    calendar: Vec<CalendarPart>,
) -> Result<Vec<u8>, Error> {
    let contact: lettre::Address = site.contact_email.parse().map_err(Error::fault)?;
    // The library panics on control characters in a display name.
    let name: String = site.neutral_name.chars().filter(|it| !it.is_control()).collect();
    let to = outside.to.parse().map_err(Error::fault)?;
    let mut message = Message::builder()
        .from(Mailbox::new(Some(name), contact.clone()))
        .reply_to(Mailbox::new(None, contact))
        .to(Mailbox::new(None, to))
        .subject(parts.subject)
        .date(outside.date.get().into())
        .message_id(Some(format!("<{}@{}>", outside.id, outside.host)))
        .header(AutoSubmitted);
    if let Some(url) = outside.unsubscribe {
        message = message.header(ListUnsubscribe(url.to_owned()));
    }
    let boundary = |of: &str| format!("{of}-{}", outside.id.0.simple());
    let words = MultiPart::alternative()
        .boundary(boundary("words"))
        .singlepart(SinglePart::plain(parts.text))
        .singlepart(SinglePart::html(parts.html));
    if calendar.is_empty() {
        return Ok(message.multipart(words).map_err(Error::fault)?.formatted());
    }
    let mut whole = MultiPart::mixed().boundary(boundary("mail")).multipart(words);
    for part in calendar {
        let kind = format!("text/calendar; charset=utf-8; method={}", part.method.name());
        let single = SinglePart::builder()
            .header(ContentType::parse(&kind).map_err(Error::fault)?)
            .header(ContentDisposition::attachment(&part.file))
            .body(part.text);
        whole = whole.singlepart(single);
    }
    Ok(message.multipart(whole).map_err(Error::fault)?.formatted())
}

/// Tells answering machines that nobody is waiting for their answer.
#[derive(Clone, Copy, Debug)]
struct AutoSubmitted;

impl Header for AutoSubmitted {
    fn name() -> HeaderName {
        HeaderName::new_from_ascii_str("Auto-Submitted")
    }

    fn parse(_: &str) -> Result<Self, Box<dyn std::error::Error + Send + Sync>> {
        Ok(Self)
    }

    fn display(&self) -> HeaderValue {
        HeaderValue::new(Self::name(), "auto-generated".to_owned())
    }
}

/// Where a list mail can be stopped; a page with a button, since a GET stops nothing (T-24).
#[derive(Clone, Debug)]
struct ListUnsubscribe(String);

impl Header for ListUnsubscribe {
    fn name() -> HeaderName {
        HeaderName::new_from_ascii_str("List-Unsubscribe")
    }

    fn parse(text: &str) -> Result<Self, Box<dyn std::error::Error + Send + Sync>> {
        Ok(Self(text.trim_matches(['<', '>']).to_owned()))
    }

    fn display(&self) -> HeaderValue {
        HeaderValue::new(Self::name(), format!("<{}>", self.0))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::mailer::Reading;
    use crate::outbox::letter::samples::{KINDS, samples};
    use crate::outbox::office::{JULY, JUNE, Office};
    use crate::pages::Pages as Templates;
    use crate::work::Work;
    use booking::Change;
    use sea_orm::ActiveModelTrait;
    use sea_orm::ActiveValue::Set;
    use std::collections::BTreeSet;
    use time::macros::datetime;
    use uuid::Uuid;

    fn outside(unsubscribe: Option<&str>) -> Outside<'_> {
        Outside {
            id: MailId(Uuid::from_u128(0x0197_6f2e_0000_7000_8000_0000_0000_0001)),
            host: "courses.example.org",
            to: "sam@example.com",
            date: Ts::new(datetime!(2027-05-11 13:00:05 UTC)),
            unsubscribe,
        }
    }

    #[test]
    fn every_letter_survives_the_post() {
        let templates = Templates::load().unwrap();
        for kind in KINDS {
            let kind = Kind::named(kind).unwrap();
            for letter in samples(kind.name()) {
                let parts = templates.mail(&letter, kind).unwrap();
                let bytes = || message(&outside(None), &letter.site, parts.clone(), Vec::new()).unwrap();
                assert_eq!(bytes(), bytes(), "the same facts are the same bytes");
                let reading = Reading::of(&bytes());
                let lines = |text: &str| text.replace("\r\n", "\n").trim_end().to_owned();
                assert_eq!(reading.subject(), parts.subject);
                assert_eq!(lines(&reading.text), lines(&parts.text));
                assert_eq!(lines(&reading.html), lines(&parts.html));
            }
        }
    }

    #[test]
    fn the_outside_of_a_mail() {
        let parts = Parts {
            subject: "Your new date".to_owned(),
            text: "Hello\n".to_owned(),
            html: "<p>Hello</p>".to_owned(),
        };
        let site = letter::Site {
            neutral_name: "Courses at Anytown Healthcare".to_owned(),
            contact_email: "courses@example.org".to_owned(),
            ..letter::Site::default()
        };
        let stop = "https://courses.example.org/new-dates/Zk3v8QpR1xYt6LmN0sWb2HcJ4dFg7AeU9iOqP5rTyKE";
        let calendar = vec![CalendarPart {
            method: Method::Cancel,
            file: "day-1.ics".to_owned(),
            text: "BEGIN:VCALENDAR\r\n".to_owned(),
        }];
        let bytes = message(&outside(Some(stop)), &site, parts, calendar).unwrap();
        insta::assert_snapshot!(String::from_utf8(bytes).unwrap().replace("\r\n", "\n"));
    }

    #[test]
    fn no_name_becomes_a_header_of_its_own() {
        let parts = Parts {
            subject: "a\r\nBcc: x@example.org".to_owned(),
            text: String::new(),
            html: String::new(),
        };
        let site = letter::Site {
            neutral_name: "Courses\r\nBcc: x@example.org\0".to_owned(),
            contact_email: "courses@example.org".to_owned(),
            ..letter::Site::default()
        };
        let reading = Reading::of(&message(&outside(None), &site, parts, Vec::new()).unwrap());
        assert_eq!(reading.header("Bcc"), None);
        assert_eq!(reading.header("To"), Some("sam@example.com"));
    }

    /// B-21: until the address is proven, dates and contact; the same goes for whoever booked for them.
    #[test]
    fn who_is_not_known_yet_reads_dates_and_contact_only() {
        use crate::outbox::facts::tests::{about, of_booking};
        use booking::calendar::Delivery;
        let until = Ts::new(datetime!(2027-05-12 13:00 UTC));
        let states = [
            State::Unconfirmed { until },
            State::Booked,
            State::Waiting,
            State::Offered { until },
            State::Lapsed,
        ];
        let written = |kind, state, reader: Reader| {
            let mut it = of_booking(state);
            it.run.delivery = Delivery::InPerson;
            it.run.venue = Some("Recovery college".to_owned());
            it.run.cancel_reason = Some("The hall is closed.".to_owned());
            it.token = Some("token".to_owned());
            it.next = vec![it.run.clone()];
            it.old = Some(it.run.clone());
            it.needs_noted = true;
            it.reader = reader;
            let mut facts = about(it);
            facts.parameters.reason = Some("We spoke about the hall.".to_owned());
            let mut letter = letter("https://courses.example.org", kind, &facts);
            letter.site = letter::Site::default();
            serde_json::to_string(&letter).unwrap()
        };
        let secrets = [
            "Sam",
            "Introduction",
            "/courses/intro",
            "june",
            "Recovery college",
            "hall",
            "4827",
        ];
        let unknown = [
            Reader::Owner { proven: false },
            Reader::Copy,
            Reader::Former(None),
        ];
        for (kind, state) in Kind::ALL
            .into_iter()
            .flat_map(|kind| states.map(|state| (kind, state)))
        {
            for reader in unknown.clone() {
                let letter = written(kind, state, reader);
                for secret in secrets {
                    assert!(!letter.contains(secret), "{kind:?}: {secret} in {letter}");
                }
                assert!(letter.contains("https://courses.example.org/courses\""));
            }
            let letter = written(kind, state, Reader::Owner { proven: true });
            for secret in secrets {
                assert!(letter.contains(secret), "{kind:?}: no {secret} in {letter}");
            }
        }
    }

    /// The pattern of the route that a link leads to.
    fn pattern(link: &str) -> String {
        let path = link
            .strip_prefix("https://courses.example.org")
            .unwrap_or_else(|| panic!("{link} is not ours"));
        let parts: Vec<&str> = path.split('/').collect();
        match parts.as_slice() {
            ["", "courses", _] => "/courses/{course}".to_owned(),
            ["", "courses", _, _] => "/courses/{course}/{run}".to_owned(),
            ["", first @ ("b" | "o" | "d" | "new-dates"), token, rest @ ..] => {
                assert_eq!(token.len(), 43, "{link}");
                [&["", *first, "{token}"][..], rest].concat().join("/")
            }
            _ => path.to_owned(),
        }
    }

    /// Every link of every mail that this story sends leads to a page that is there.
    #[tokio::test]
    async fn links_lead_to_pages() {
        let office = Office::open().await;
        let (june, july) = (office.run(1, JUNE).await, office.run(2, JULY).await);
        let sam = office.booked(june, "Sam Taylor", "sam@example.com").await;
        let kim = office.guest(june, "Kim Lee", Some("kim@example.com")).await;
        office.rounds().await;
        office.by_team(june, Change::RunChanged).await;
        office.rounds().await;
        office.move_to(sam, july).await;
        office.rounds().await;
        office
            .write(Kind::YourLinks, Uuid::nil(), "sam@example.com", "1")
            .await;
        office
            .write(Kind::BookingDetailsChanged, kim.booking.0, "kim@example.com", "1")
            .await;
        office.wait(Duration::days(3));
        office.rounds().await;
        office
            .by_team(june, Change::CancelRun("The hall is closed.".to_owned()))
            .await;
        office.guest(july, "Jo Field", Some("jo@example.com")).await;
        office.rounds().await;
        office.wait(Duration::hours(25));
        office.rounds().await;
        let also = office.run(2, JULY).await;
        office
            .by_team(july, Change::CancelRun("The hall is closed.".to_owned()))
            .await;
        let ray = office.booked(also, "Ray Poe", "ray@example.com").await;
        office.by_person(also, Change::Cancel(ray.booking)).await;
        office.rounds().await;
        let routes: BTreeSet<&str> = crate::route_table(false).iter().map(|it| it.path).collect();
        let mut seen = BTreeSet::new();
        for mail in office.taken() {
            for link in mail.read().links() {
                seen.insert(pattern(link));
            }
        }
        let missing: Vec<_> = seen.iter().filter(|it| !routes.contains(it.as_str())).collect();
        assert!(missing.is_empty(), "{missing:#?}");
        assert!(seen.len() >= 10, "{seen:#?}");
    }

    /// A hold that ends with the start of the course went to nobody else.
    #[tokio::test]
    async fn a_hold_that_ends_with_the_start_is_told_so() {
        let office = Office::open().await;
        let run = office.run(1, JUNE).await;
        office.wait(Duration::days(26) + Duration::hours(21));
        let kim = office.guest(run, "Kim Lee", Some("kim@example.com")).await;
        // The relay is away, so that the clock of the hold never starts.
        office.wait(Duration::hours(23));
        office.rounds().await;
        assert_eq!(office.record(kim).await.state, State::Lapsed);
        let text = office.taken().pop().unwrap().read().text;
        assert!(text.contains("The course has started"), "{text}");
        assert!(!text.contains("next person"), "{text}");
    }

    #[tokio::test]
    async fn the_new_dates_list_gets_dates_and_a_way_out() {
        use crate::entity::interest_registration;
        use crate::links;
        let office = Office::open().await;
        office.run(2, JUNE).await;
        let id = Uuid::from_u128(9);
        office
            .act(async |work: &Work| {
                let course = booking::calendar::course_named(work.tx(), "intro")
                    .await?
                    .unwrap();
                let row = interest_registration::ActiveModel {
                    id: Set(id),
                    course: Set(course.id),
                    email: Set(Some("sam@example.com".to_owned())),
                    phone: Set(None),
                    proven_at: Set(Some(work.now())),
                    since: Set(work.now()),
                    ended_at: Set(None),
                };
                row.insert(work.tx()).await?;
                links::make(work, Purpose::NewDates, id, 1, None).await
            })
            .await;
        office.write(Kind::NewDates, id, "sam@example.com", "run").await;
        office.rounds().await;
        let reading = office.taken().pop().unwrap().read();
        assert!(
            reading
                .text
                .contains("Tuesday 8 and Tuesday 15 June 2027, 10am to 1:15pm, both days, online"),
            "{}",
            reading.text
        );
        let stop = reading
            .links()
            .into_iter()
            .find(|it| it.contains("/new-dates/"))
            .unwrap();
        assert_eq!(
            reading.header("List-Unsubscribe"),
            Some(format!("<{stop}>").as_str())
        );
    }
}
