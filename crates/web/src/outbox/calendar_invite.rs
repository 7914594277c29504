//! Calendar parts of a mail and the calendar file of a booking (T-41, pages.md section 7).
//!
//! Written here and not with the `icalendar` crate (0.17): its folding writes lines of 76 octets, panics on
//! some long texts and never ends on others, it cannot build a `VTIMEZONE` without its parser, and it lets
//! control characters and quotation marks through.

use time::{OffsetDateTime, PrimitiveDateTime, UtcOffset};

/// What a calendar part asks the reader's calendar to do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Method {
    /// Put the event in, or replace what is there.
    Request,
    /// Take the event out (only after a `Request`, INV-16).
    Cancel,
}

/// One session of one booking, as its calendar entry (booking.md section 1).
#[derive(Clone, Debug)]
pub(crate) struct Invite<'a> {
    /// Fixed for a booking and session for ever.
    pub(crate) uid: &'a str,
    /// Rises with each part sent for the `uid`.
    pub(crate) sequence: u32,
    /// Put in or take out.
    pub(crate) method: Method,
    /// The moment of the mail (from its row, so that every copy is byte-identical, T-55).
    pub(crate) stamp: OffsetDateTime,
    /// The neutral name of the sender.
    pub(crate) organizer_name: &'a str,
    /// The address of the sender.
    pub(crate) organizer_address: &'a str,
    /// The address of the person; none in a downloaded file.
    pub(crate) attendee: Option<&'a str>,
    /// London wall time; never one that does not exist or occurs twice (B-95).
    pub(crate) starts: PrimitiveDateTime,
    /// London wall time.
    pub(crate) ends: PrimitiveDateTime,
    /// A neutral title (U-32): see [`summary`].
    pub(crate) summary: &'a str,
    /// "Online" or the venue.
    pub(crate) location: &'a str,
    /// A few plain lines, such as the address of our join page (never the meeting link, B-51).
    pub(crate) description: &'a str,
    /// The page that belongs to the entry.
    pub(crate) url: Option<&'a str>,
}

/// The neutral title of a calendar entry (U-32): `Course (day 1 of 2)`, or `Course` if there is one day.
pub(crate) fn summary(day: usize, days: usize) -> String {
    if days > 1 {
        format!("Course (day {day} of {days})")
    } else {
        "Course".to_owned()
    }
}

/// The calendar part of a mail: one event, with `METHOD` (mail clients read only the first of several).
pub(crate) fn invite(invite: &Invite<'_>) -> String {
    calendar(Some(invite.method), std::slice::from_ref(invite))
}

/// The file to download: all sessions, no `METHOD`.
pub(crate) fn download(invites: &[Invite<'_>]) -> String {
    calendar(None, invites)
}

/// What begins each calendar.
const HEAD: &str = "BEGIN:VCALENDAR\r\nVERSION:2.0\r\nPRODID:-//Alongside//EN\r\nCALSCALE:GREGORIAN\r\n";

/// Europe/London as it has been since 1996 and is by law.
const LONDON: &str = "BEGIN:VTIMEZONE\r\nTZID:Europe/London\r\n\
    BEGIN:DAYLIGHT\r\nTZOFFSETFROM:+0000\r\nTZOFFSETTO:+0100\r\nTZNAME:BST\r\n\
    DTSTART:19700329T010000\r\nRRULE:FREQ=YEARLY;BYMONTH=3;BYDAY=-1SU\r\nEND:DAYLIGHT\r\n\
    BEGIN:STANDARD\r\nTZOFFSETFROM:+0100\r\nTZOFFSETTO:+0000\r\nTZNAME:GMT\r\n\
    DTSTART:19701025T020000\r\nRRULE:FREQ=YEARLY;BYMONTH=10;BYDAY=-1SU\r\nEND:STANDARD\r\n\
    END:VTIMEZONE\r\n";

/// A reminder one hour before, in the reader's own calendar.
const ALARM: &str = "BEGIN:VALARM\r\nACTION:DISPLAY\r\nTRIGGER:-PT1H\r\n\
    DESCRIPTION:Course starts in 1 hour\r\nEND:VALARM\r\n";

fn calendar(method: Option<Method>, invites: &[Invite<'_>]) -> String {
    let mut out = HEAD.to_owned();
    if let Some(method) = method {
        line(&mut out, "METHOD", method.name());
    }
    out.push_str(LONDON);
    for invite in invites {
        event(&mut out, invite);
    }
    line(&mut out, "END", "VCALENDAR");
    out
}

fn event(out: &mut String, invite: &Invite<'_>) {
    line(out, "BEGIN", "VEVENT");
    line(out, "UID", &escaped(&one_line(invite.uid)));
    line(out, "SEQUENCE", &invite.sequence.to_string());
    line(out, "DTSTAMP", &format!("{}Z", digits(utc(invite.stamp))));
    // A quoted parameter has no escape for a quotation mark.
    let name = one_line(invite.organizer_name).replace('"', "'");
    line(
        out,
        &format!("ORGANIZER;CN=\"{name}\""),
        &mailto(invite.organizer_address),
    );
    if let Some(address) = invite.attendee {
        line(out, "ATTENDEE;PARTSTAT=ACCEPTED;RSVP=FALSE", &mailto(address));
    }
    line(out, "DTSTART;TZID=Europe/London", &digits(invite.starts));
    line(out, "DTEND;TZID=Europe/London", &digits(invite.ends));
    line(out, "SUMMARY", &escaped(&one_line(invite.summary)));
    line(out, "LOCATION", &escaped(&one_line(invite.location)));
    line(out, "DESCRIPTION", &escaped(&lines(invite.description)));
    if let Some(url) = invite.url {
        line(out, "URL", &unspaced(url));
    }
    line(out, "CLASS", "PRIVATE");
    line(out, "STATUS", invite.method.status());
    if invite.method == Method::Request {
        out.push_str(ALARM);
    }
    line(out, "END", "VEVENT");
}

fn utc(at: OffsetDateTime) -> PrimitiveDateTime {
    let at = at.to_offset(UtcOffset::UTC);
    PrimitiveDateTime::new(at.date(), at.time())
}

fn digits(at: PrimitiveDateTime) -> String {
    let (year, month, day) = at.date().to_calendar_date();
    let (hour, minute, second) = at.as_hms();
    format!(
        "{year:04}{:02}{day:02}T{hour:02}{minute:02}{second:02}",
        u8::from(month)
    )
}

impl Method {
    /// The word in the calendar and in the part's type.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Request => "REQUEST",
            Self::Cancel => "CANCEL",
        }
    }

    fn status(self) -> &'static str {
        match self {
            Self::Request => "CONFIRMED",
            Self::Cancel => "CANCELLED",
        }
    }
}

/// Whether a character ends a line for some reader.
fn ends_line(c: char) -> bool {
    matches!(
        c,
        '\n' | '\r' | '\u{b}' | '\u{c}' | '\u{85}' | '\u{2028}' | '\u{2029}'
    )
}

/// A text of one line: line ends and tabs are spaces, other control characters go (T-41).
fn one_line(text: &str) -> String {
    lines(text).replace('\n', " ")
}

/// A text of some lines: each way to end a line is `\n`, tabs are spaces, other control characters go.
fn lines(text: &str) -> String {
    let text = text.replace("\r\n", "\n");
    text.chars()
        .filter_map(|c| match c {
            c if ends_line(c) => Some('\n'),
            '\t' => Some(' '),
            c if c.is_control() => None,
            c => Some(c),
        })
        .collect()
}

/// A text as the value of a property (RFC 5545, 3.3.11).
fn escaped(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '\n' => out.push_str("\\n"),
            '\\' | ';' | ',' => out.extend(['\\', c]),
            c => out.push(c),
        }
    }
    out
}

/// An address: without white space and control characters.
fn unspaced(text: &str) -> String {
    text.chars()
        .filter(|c| !c.is_whitespace() && !c.is_control())
        .collect()
}

fn mailto(address: &str) -> String {
    format!("mailto:{}", unspaced(address))
}

/// Writes one content line, folded at 75 octets between characters (RFC 5545, 3.1).
fn line(out: &mut String, name: &str, value: &str) {
    let mut room = 75;
    for c in name.chars().chain([':']).chain(value.chars()) {
        if c.len_utf8() > room {
            out.push_str("\r\n ");
            room = 74;
        }
        room -= c.len_utf8();
        out.push(c);
    }
    out.push_str("\r\n");
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use time::macros::datetime;

    fn day_1() -> Invite<'static> {
        Invite {
            uid: "7be0a1c4-day1@courses.example.org",
            sequence: 0,
            method: Method::Request,
            stamp: datetime!(2027-01-20 15:00:03 +01:00),
            organizer_name: "Courses at Anytown Healthcare",
            organizer_address: "courses@example.org",
            attendee: Some("sam.taylor@example.com"),
            starts: datetime!(2027-01-26 10:00),
            ends: datetime!(2027-01-26 13:00),
            summary: "Course (day 1 of 2)",
            location: "Online",
            description: "Joining page: https://courses.example.org/b/Zk3v8QpR1xYt6LmN0sWb2HcJ4dFg7AeU9iOqP5rTyKE/join",
            url: None,
        }
    }

    /// An own reading of a calendar, apart from the writer: physical lines checked, unfolded.
    fn unfolded(calendar: &str) -> Vec<String> {
        let lines: Vec<_> = calendar
            .strip_suffix("\r\n")
            .expect("ends with CRLF")
            .split("\r\n")
            .collect();
        for line in &lines {
            assert!(line.len() <= 75, "{} octets: {line}", line.len());
            assert!(!line.chars().any(char::is_control), "control character: {line:?}");
        }
        let mut unfolded: Vec<String> = Vec::new();
        for line in lines {
            match line.strip_prefix(' ') {
                Some(more) => unfolded.last_mut().expect("not the first").push_str(more),
                None => unfolded.push(line.to_owned()),
            }
        }
        unfolded
    }

    fn value(calendar: &str, name: &str) -> String {
        let start = format!("{name}:");
        let lines = unfolded(calendar);
        let found: Vec<_> = lines
            .iter()
            .filter_map(|line| line.strip_prefix(&start))
            .collect();
        assert!(!found.is_empty(), "{name} in {lines:#?}");
        let mut text = String::new();
        let mut rest = found[0].chars();
        while let Some(c) = rest.next() {
            match c {
                '\\' => match rest.next().expect("something after a backslash") {
                    'n' => text.push('\n'),
                    c @ ('\\' | ';' | ',') => text.push(c),
                    c => panic!("unknown escape {c}"),
                },
                ';' | ',' if name != "UID" => panic!("bare {c} in {name}"),
                c => text.push(c),
            }
        }
        text
    }

    #[test]
    fn a_request_part_is_one_private_event_in_london() {
        insta::assert_snapshot!(invite(&day_1()).replace("\r\n", "\n"));
    }

    #[test]
    fn a_cancel_part_names_the_same_event() {
        let cancel = Invite {
            method: Method::Cancel,
            sequence: 1,
            ..day_1()
        };
        let lines = unfolded(&invite(&cancel));
        for line in [
            "METHOD:CANCEL",
            "STATUS:CANCELLED",
            "SEQUENCE:1",
            "UID:7be0a1c4-day1@courses.example.org",
        ] {
            assert!(lines.iter().any(|l| l == line), "{line}");
        }
        assert!(!lines.iter().any(|line| line == "BEGIN:VALARM"));
    }

    #[test]
    fn a_download_holds_all_days_and_no_method() {
        let day_2 = Invite {
            uid: "day2@courses.example.org",
            summary: "Course (day 2 of 2)",
            ..day_1()
        };
        let lines = unfolded(&download(&[day_1(), day_2]));
        let count = |line: &str| lines.iter().filter(|l| *l == line).count();
        assert_eq!(
            (
                count("BEGIN:VEVENT"),
                count("BEGIN:VTIMEZONE"),
                count("BEGIN:VCALENDAR"),
                count("BEGIN:VALARM")
            ),
            (2, 1, 1, 2)
        );
        assert!(!lines.iter().any(|line| line.starts_with("METHOD")));
        assert_eq!(count("SUMMARY:Course (day 2 of 2)"), 1);
    }

    #[test]
    fn the_same_invite_is_the_same_bytes() {
        assert_eq!(invite(&day_1()), invite(&day_1()));
    }

    #[test]
    fn titles_are_neutral() {
        assert_eq!(
            (summary(1, 2), summary(1, 1)),
            ("Course (day 1 of 2)".to_owned(), "Course".to_owned())
        );
    }

    #[test]
    fn nothing_typed_makes_a_line_a_parameter_or_a_quotation() {
        let hostile = Invite {
            uid: "a\r\nUID:b",
            organizer_name: "\"X\":mailto:evil@example.org\r\nATTENDEE:mailto:evil@example.org",
            organizer_address: "courses@example.org\r\nMETHOD:PUBLISH",
            attendee: Some("a b\t@example.com\r\n"),
            summary: "Day; one, two\\ three\nBEGIN:VEVENT",
            location: "Room 1\u{2028}END:VEVENT\u{0}\u{1b}\u{7f}",
            description: "One\r\nTwo\rThree\u{85}Four\tFive",
            url: Some("https://example.org/a\r\nX:1"),
            ..day_1()
        };
        let calendar = invite(&hostile);
        let lines = unfolded(&calendar);
        assert_eq!(lines.iter().filter(|line| *line == "BEGIN:VEVENT").count(), 1);
        for name in ["UID", "METHOD", "ATTENDEE", "X", "END:VEVENT"] {
            let named = lines
                .iter()
                .filter(|line| line.split([':', ';']).next() == Some(name))
                .count();
            assert_eq!(
                named,
                usize::from(["UID", "METHOD", "ATTENDEE"].contains(&name)),
                "{name}"
            );
        }
        assert!(lines.contains(
            &"ORGANIZER;CN=\"'X':mailto:evil@example.org ATTENDEE:mailto:evil@example.org\":mailto:courses@example.orgMETHOD:PUBLISH"
                .to_owned()
        ));
        assert!(lines.contains(&"ATTENDEE;PARTSTAT=ACCEPTED;RSVP=FALSE:mailto:ab@example.com".to_owned()));
        assert_eq!(value(&calendar, "SUMMARY"), "Day; one, two\\ three BEGIN:VEVENT");
        assert_eq!(value(&calendar, "LOCATION"), "Room 1 END:VEVENT");
        assert_eq!(value(&calendar, "DESCRIPTION"), "One\nTwo\nThree\nFour Five");
    }

    #[test]
    fn a_line_of_76_octets_is_folded_and_one_of_75_is_not() {
        let folded = |value: &str| {
            let mut out = String::new();
            line(&mut out, "X", value);
            out
        };
        assert_eq!(folded(&"a".repeat(73)), format!("X:{}\r\n", "a".repeat(73)));
        assert_eq!(
            folded(&"a".repeat(148)),
            format!("X:{}\r\n {}\r\n a\r\n", "a".repeat(73), "a".repeat(74))
        );
        assert_eq!(
            folded(&format!("{}€", "a".repeat(72))),
            format!("X:{}\r\n €\r\n", "a".repeat(72))
        );
    }

    #[test]
    fn texts_that_break_other_writers_survive() {
        for text in [
            "\u{a0}".repeat(200),
            format!("{}{}", "é".repeat(100), " ".repeat(200)),
            "a ".repeat(300),
        ] {
            assert_eq!(
                value(
                    &invite(&Invite {
                        summary: &text,
                        ..day_1()
                    }),
                    "SUMMARY"
                ),
                text
            );
        }
    }

    proptest! {
        #[test]
        fn any_text_survives(summary in any::<String>(), location in any::<String>(), description in any::<String>()) {
            let one = Invite { summary: &summary, location: &location, description: &description, ..day_1() };
            for calendar in [invite(&one), download(&[one])] {
                prop_assert_eq!(value(&calendar, "SUMMARY"), one_line(&summary));
                prop_assert_eq!(value(&calendar, "LOCATION"), one_line(&location));
                prop_assert_eq!(value(&calendar, "DESCRIPTION"), lines(&description));
            }
        }

        #[test]
        fn long_text_survives_unchanged(text in "[ -~àñ漢😀]{0,600}") {
            let calendar = invite(&Invite { summary: &text, description: &text, ..day_1() });
            prop_assert_eq!(&value(&calendar, "SUMMARY"), &text);
            prop_assert_eq!(&value(&calendar, "DESCRIPTION"), &text);
        }

        #[test]
        fn any_name_and_address_stay_in_their_place(name in any::<String>(), address in any::<String>()) {
            let calendar = invite(&Invite {
                uid: &address, organizer_name: &name, organizer_address: &address, attendee: Some(&address),
                url: Some(&address), ..day_1()
            });
            let names: Vec<_> = unfolded(&calendar).iter()
                .map(|line| line.split([':', ';']).next().unwrap_or_default().to_owned()).collect();
            let expected: Vec<_> = unfolded(&invite(&Invite { url: Some("x"), ..day_1() })).iter()
                .map(|line| line.split([':', ';']).next().unwrap_or_default().to_owned()).collect();
            prop_assert_eq!(names, expected);
        }
    }
}
