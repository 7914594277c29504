//! A mail as it leaves: the words of its letter, its entries for a calendar, and its bytes.

use booking::calendar::{Meeting, RunDates};
use booking::deadlines::offer_ends;
use booking::queue::Band;
use booking::{Settings, State, london};
use ids::{MailId, Ts};
use lettre::message::header::{ContentDisposition, ContentType, Header, HeaderName, HeaderValue};
use lettre::message::{Mailbox, Message, MultiPart, SinglePart};
use time::{Duration, PrimitiveDateTime};

use super::calendar_invite::{self, Invite, Method};
use super::Kind;
use super::facts::{Facts, OfBooking, OfCalendar, Shown, Subject};
use super::letter::{self, Day, Letter, LinkedBooking, Links, NextDate, Parts, deadline_short};
use crate::error::Error;
use crate::links::Purpose;
use crate::{site, words};

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
        Subject::Gone => {}
    }
    letter
}

fn about_booking(letter: &mut Letter, pages: &Pages<'_>, kind: Kind, it: &OfBooking, facts: &Facts) {
    if it.is_trusted() {
        letter.name = Some(it.person.called());
        letter.course = Some(it.run.course_title.clone());
        letter.needs_noted = it.needs_noted;
        letter.reference.clone_from(&it.record.reference);
    }
    letter.days = days(&it.run.sessions);
    letter.dates = words::dates(&it.run.sessions);
    letter.first_date = it.run.sessions.first().map(|it| words::date_without_year(it.date)).unwrap_or_default();
    letter.place = words::place(&it.run);
    let before = match (&it.old, kind) {
        (Some(old), _) => {
            letter.old_place = words::place(old);
            old.sessions.as_slice()
        }
        (None, Kind::RunChanged) if facts.parameters.before.is_empty() => it.run.before_change.as_slice(),
        (None, _) => facts.parameters.before.as_slice(),
    };
    letter.old_days = days(before);
    letter.old_dates = words::dates(before);
    it.record.state.name().clone_into(&mut letter.state);
    if let Some(until) = answer_by(it, facts) {
        letter.deadline = Some(words::date_time(until));
        letter.deadline_short = short(until);
    }
    letter.band = it.band.map(|it| band(it).to_owned());
    letter.reason = if kind == Kind::RunCancelled {
        it.run.cancel_reason.clone()
    } else {
        facts.parameters.reason.clone()
    };
    letter.next_dates = next_dates(pages, &it.next);
    let first = Duration::days(facts.settings.priority);
    letter.priority_until = it.run.cancelled_at.map(|at| words::date_time(at + first));
    letter.links.book_again = Some(pages.at(&format!("/courses/{}", it.run.course_code)));
    if let Some(token) = it.token.as_ref().filter(|_| it.has_links()) {
        letter.links = booking_links(pages, token, it, std::mem::take(&mut letter.links));
    }
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
        join: page("/join").filter(|_| online),
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
            Purpose::Draft => "/d",
            Purpose::NewDates => "/new-dates",
        };
        self.at(&format!("{below}/{token}{page}"))
    }
}

/// By when the person is asked to answer: the end that stands, or, while the clock waits for this very
/// mail, the end if it is taken now, if that is later (T-60).
fn answer_by(it: &OfBooking, facts: &Facts) -> Option<Ts> {
    let until = it.record.state.deadline()?;
    let window = it.record.window_minutes.map(|it| Duration::minutes(it.into()));
    let (Some(window), None) = (window, it.record.clock_from) else { return Some(until) };
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
    deadline_short(&day.weekday().to_string(), day.day(), &day.month().to_string(), &words::time(time))
}

fn days(meetings: &[Meeting]) -> Vec<Day> {
    meetings.iter().map(|it| Day { label: format!("Day {}", it.idx), text: words::day(it) }).collect()
}

fn next_dates(pages: &Pages<'_>, dates: &[RunDates]) -> Vec<NextDate> {
    let one = |it: &RunDates| {
        let place = words::place(it);
        let place = if place == "Online" { "online" } else { &place };
        NextDate {
            dates: format!("{}, {}, {place}", words::dates(&it.sessions), words::all_hours(&it.sessions)),
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
        State::Cancelled { by: booking::By::Person } => "Cancelled".to_owned(),
        State::Cancelled { by: booking::By::Team } => "Cancelled by us".to_owned(),
        State::Cancelled { by: booking::By::RunCancelled } => "Course cancelled".to_owned(),
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
    let tells_of_a_place = matches!(kind, Kind::Booked | Kind::Moved | Kind::RunChanged);
    let mut shown = Vec::new();
    for of in it.calendars.iter().filter(|it| !it.entries.is_empty()) {
        let has_place = of.booking == it.record.id && it.record.state == State::Booked;
        let request = has_place && tells_of_a_place;
        if request || (of.shown && !has_place) {
            let sequence = of.entries.iter().map(|it| it.sequence).max().unwrap_or(0);
            let sequence = of.used.map_or(sequence, |used| sequence.max(used + 1));
            shown.push(Shown { booking: of.booking, request, sequence });
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
        let Some(of) = it.calendars.iter().find(|it| it.booking == show.booking) else { continue };
        let about = Entry { letter, it, of, show, recipient, stamp };
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
        let method = if self.show.request { Method::Request } else { Method::Cancel };
        let place = words::place(&self.of.run);
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
            // A venue is not for an address that is not proven (B-21).
            location: if self.it.is_trusted() || place == "Online" { &place } else { "" },
            description: &description,
            url: links.manage.as_deref(),
        });
        let file = if self.show.request { format!("day-{number}.ics") } else { format!("day-{number}-cancelled.ics") };
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
