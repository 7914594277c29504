//! Letters to look at: every kind in every state that reads differently.

use crate::plain_text::{Block, Span};

use super::{Day, Letter, LinkedBooking, Links, NextDate, Site, deadline_short};

/// The kinds of mail: the folders below `templates/mail`.
pub(crate) const KINDS: [&str; 39] = [
    "access_changed",
    "booked",
    "booking_details_changed",
    "called_off",
    "cancelled",
    "cancelled_by_team",
    "catch_up",
    "completed",
    "confirm_address",
    "confirm_email",
    "confirm_new_dates",
    "confirm_reminder",
    "facilitation",
    "feedback",
    "invited",
    "lapsed",
    "list_closed",
    "log_in_code",
    "missed",
    "moved",
    "new_dates",
    "new_joining_link",
    "new_log_in",
    "next_week",
    "offer",
    "offer_over",
    "phone_today",
    "register_late",
    "register_soon",
    "resume_draft",
    "run_cancelled",
    "run_changed",
    "second_step_reset",
    "still_interested",
    "todays_list",
    "tomorrow",
    "trial",
    "waiting",
    "your_links",
];

/// Those of which there are copies.
const COPIED: [&str; 16] = [
    "booked",
    "cancelled",
    "cancelled_by_team",
    "catch_up",
    "completed",
    "lapsed",
    "list_closed",
    "moved",
    "next_week",
    "offer",
    "offer_over",
    "run_cancelled",
    "run_changed",
    "still_interested",
    "tomorrow",
    "waiting",
];

/// Those that go to the team (F01 to F03, T01 to T03).
const TO_THE_TEAM: [&str; 6] = [
    "called_off",
    "facilitation",
    "phone_today",
    "register_late",
    "register_soon",
    "todays_list",
];

const HOST: &str = "https://courses.example.org";
const TOKEN: &str = "Zk3v8QpR1xYt6LmN0sWb2HcJ4dFg7AeU9iOqP5rTyKE";

/// The letters of one kind: to a proven address, to an unproven one, to somebody with a difficult name, and
/// whatever else reads differently.
pub(crate) fn samples(kind: &str) -> Vec<Letter> {
    let base = about_one_day(kind, with_links(kind, proven()));
    let base = if ["confirm_email", "confirm_reminder"].contains(&kind) {
        Letter {
            state: "unconfirmed".to_owned(),
            ..base
        }
    } else {
        base
    };
    let mut samples = match kind {
        "confirm_address" | "confirm_email" | "confirm_reminder" | "resume_draft" => Vec::new(),
        "cancelled" | "cancelled_by_team" => ["", "list", "other"]
            .map(|ended| Letter {
                ended,
                ..base.clone()
            })
            .to_vec(),
        "lapsed" => vec![Letter {
            ended: "start",
            ..unproven(base.clone())
        }],
        "new_dates" => vec![base.clone()],
        "new_log_in" | "second_step_reset" | "trial" => vec![Letter {
            course: None,
            ..base.clone()
        }],
        "log_in_code" => Vec::new(),
        "access_changed" => vec![
            Letter {
                course: None,
                ..base.clone()
            },
            Letter {
                course: None,
                roles: String::new(),
                rights: Vec::new(),
                ..base.clone()
            },
        ],
        "facilitation" => ["teaches", "no_longer", "called_off"]
            .map(|state| Letter {
                state: state.to_owned(),
                ..base.clone()
            })
            .to_vec(),
        "todays_list" | "phone_today" | "register_soon" | "register_late" | "called_off" => {
            vec![base.clone()]
        }
        "next_week" | "tomorrow" | "missed" | "new_joining_link" => {
            vec![base.clone(), in_person(one_day(base.clone()))]
        }
        "invited" => vec![Letter {
            roles: "a coordinator and a lead".to_owned(),
            rights: vec![
                "You can see all bookings, and what would help people to take part.".to_owned(),
                "You can plan dates and change bookings.".to_owned(),
            ],
            deadline: Some("Tuesday 9 February 2027 at 2pm".to_owned()),
            ..unproven(base.clone())
        }],
        "run_changed" | "moved" => ["booked", "offered", "unconfirmed", "waiting"]
            .map(|state| Letter {
                state: state.to_owned(),
                ..base.clone()
            })
            .to_vec(),
        "catch_up" => on_and_off(base.clone()),
        "waiting" => in_each_band(base.clone()),
        "run_cancelled" | "list_closed" => vec![base.clone(), without_dates(base.clone())],
        "your_links" => vec![
            base.clone(),
            Letter {
                bookings: Vec::new(),
                ..base.clone()
            },
            Letter {
                again: Some("Tuesday 26 and Wednesday 27 January 2027".into()),
                ..base.clone()
            },
        ],
        _ => vec![base.clone(), one_day(base.clone())],
    };
    if !["new_dates"].contains(&kind) {
        samples.push(unproven(base.clone()));
    }
    if kind == "run_changed" {
        samples.push(Letter {
            hidden_change: true,
            ..unproven(base.clone())
        });
    }
    if COPIED.contains(&kind) {
        samples.push(copied(unproven(base.clone())));
    }
    samples.extend(unusual(kind, base));
    samples
}

/// With words of the team, where there are any, and to somebody with a difficult name.
fn unusual(kind: &str, base: Letter) -> Vec<Letter> {
    let own = ["booked", "trial"].contains(&kind);
    let own = own.then(|| in_own_words(base.clone()));
    own.into_iter().chain([difficult(base)]).collect()
}

/// With words of the team at both ends (T-39).
fn in_own_words(letter: Letter) -> Letter {
    let span = |text: &str, href: Option<&str>| Span {
        text: text.to_owned(),
        href: href.map(|path| format!("{HOST}{path}")),
    };
    let paragraph = || Block::Paragraph {
        spans: vec![
            span("Would you like to know more? This is ", None),
            span("how it works", Some("/how-it-works")),
            span(" with us.", None),
        ],
    };
    let list = Block::List {
        items: vec![
            vec![span("Bring something to drink.", None)],
            vec![span("Read ", None), span("this", Some("/support"))],
        ],
    };
    let heading = Block::Heading {
        text: "Good to know".to_owned(),
    };
    Letter {
        opening: vec![paragraph()],
        closing: vec![heading.clone(), list.clone(), paragraph()],
        tried: "“Your place is booked”, at the end".to_owned(),
        tried_words: vec![paragraph(), heading, list],
        ..letter
    }
}

/// What a mail about one day, or to the team, says beside.
fn about_one_day(kind: &str, letter: Letter) -> Letter {
    let day = ["tomorrow", "missed", "register_late", "register_soon"].contains(&kind);
    let lines: &[&str] = match kind {
        "register_soon" => &[
            "11 people have a place.",
            "1 person has not confirmed yet.",
            "2 things that would help people to take part are not arranged yet.",
        ],
        "todays_list" => &[
            "Call, because an email did not arrive: 1.",
            "Tell them by phone or letter: 4. Due already: 3.",
        ],
        "phone_today" => &["Call the people on the waiting list."],
        "called_off" => &[
            "13 people are told by email.",
            "2 people must be told by phone or letter. Please do it today.",
        ],
        _ => &[],
    };
    let letter = Letter {
        lines: lines.iter().map(|it| (*it).to_owned()).collect(),
        ..letter
    };
    if !day {
        let soon = if kind == "next_week" { "next week" } else { "" };
        return Letter { soon, ..letter };
    }
    Letter {
        days: days(&["Tuesday 26 January 2027, 10am to 1pm"]),
        dates: "Tuesday 26 January 2027".into(),
        soon: if kind == "tomorrow" { "tomorrow" } else { "" },
        which_day: "day 1".into(),
        ..letter
    }
}

fn in_person(letter: Letter) -> Letter {
    let links = Links {
        join: None,
        ..letter.links
    };
    Letter {
        place: "Recovery college, Room 1".into(),
        soon: "",
        which_day: String::new(),
        links,
        ..letter
    }
}

fn on_and_off(base: Letter) -> Vec<Letter> {
    let letter = |is_catch_up_on| Letter {
        is_catch_up_on,
        ..one_day(base.clone())
    };
    [true, false].map(letter).to_vec()
}

fn in_each_band(base: Letter) -> Vec<Letter> {
    let letter = |band: &str| Letter {
        band: Some(band.to_owned()),
        ..base.clone()
    };
    ["next", "among the next few", "further down"]
        .map(letter)
        .to_vec()
}

pub(super) fn site() -> Site {
    Site {
        org_name: "Anytown Healthcare".into(),
        neutral_name: "Courses at Anytown Healthcare".into(),
        contact_name: "The peer support team".into(),
        contact_phone: "01632 960 001".into(),
        contact_email: "courses@example.org".into(),
        contact_hours: "Monday to Friday, 9am to 5pm".into(),
        support_text: "Need to talk to someone now? Call NHS 111 and choose the mental health option, call \
                       Samaritans on 116 123, or text SHOUT to 85258. These are free, day or night. If a life is at \
                       risk, call 999."
            .into(),
        join_opens: 30,
        offer_window_far: 48,
        offer_window: 24,
    }
}

fn days(texts: &[&str]) -> Vec<Day> {
    let day = |(index, text): (usize, &&str)| Day {
        label: format!("Day {}", index + 1),
        text: (*text).to_owned(),
    };
    texts.iter().enumerate().map(day).collect()
}

fn proven() -> Letter {
    Letter {
        name: Some("Sam".into()),
        course: Some("Introduction to peer support".into()),
        days: days(&[
            "Tuesday 26 January 2027, 10am to 1pm",
            "Wednesday 27 January 2027, 10am to 1pm",
        ]),
        dates: "Tuesday 26 and Wednesday 27 January 2027".into(),
        first_date: "Tuesday 26 January".into(),
        place: "Online".into(),
        old_days: days(&[
            "Tuesday 12 January 2027, 10am to 1pm",
            "Wednesday 13 January 2027, 10am to 1pm",
        ]),
        old_dates: "Tuesday 12 and Wednesday 13 January 2027".into(),
        old_place: "Recovery college, Room 2".into(),
        state: "booked".into(),
        is_catch_up_on: true,
        deadline: Some("Thursday 21 January 2027 at 2pm".into()),
        deadline_short: deadline_short("Thursday", 21, "January", "2pm"),
        band: Some("next".into()),
        reason: Some("A trainer is ill and nobody else can take the day.".into()),
        next_dates: vec![
            NextDate {
                dates: "Tuesday 9 and Wednesday 10 February 2027, 10am to 1pm, online".into(),
                url: format!("{HOST}/courses/intro/february-2027"),
            },
            NextDate {
                dates: "Tuesday 9 and Wednesday 10 March 2027, 10am to 1pm, online".into(),
                url: format!("{HOST}/courses/intro/march-2027"),
            },
        ],
        needs_noted: true,
        reference: "4827 KX".into(),
        code: "7K3M 9QXZ".into(),
        code_minutes: 10,
        roles: "a facilitator".into(),
        rights: vec!["You can see who comes to your courses.".into()],
        at: "Tuesday 26 January 2027 at 2pm".into(),
        browser: "Firefox on Windows".into(),
        priority_until: Some("Monday 8 February 2027 at 6pm".into()),
        bookings: vec![
            LinkedBooking {
                dates: "Tuesday 26 and Wednesday 27 January 2027".into(),
                words: "Booked".into(),
                url: format!("{HOST}/b/{TOKEN}"),
            },
            LinkedBooking {
                dates: "Tuesday 9 and Wednesday 10 February 2027".into(),
                words: "Waiting".into(),
                url: format!("{HOST}/b/8Yw2{TOKEN}"),
            },
        ],
        ..Letter::new(site())
    }
}

/// The links that the sender gives to a kind.
fn with_links(kind: &str, letter: Letter) -> Letter {
    let booking = |page: &str| Some(format!("{HOST}/b/{TOKEN}{page}"));
    let new_dates = || Some(format!("{HOST}/new-dates/{TOKEN}"));
    let about_a_booking = ![
        "confirm_address",
        "confirm_new_dates",
        "invited",
        "log_in_code",
        "new_dates",
        "new_log_in",
        "resume_draft",
        "second_step_reset",
        "trial",
        "your_links",
        "access_changed",
    ]
    .contains(&kind)
        && !TO_THE_TEAM.contains(&kind);
    let links = Links {
        manage: booking("").filter(|_| about_a_booking),
        confirm: booking("/confirm"),
        offer: Some(format!("{HOST}/o/{TOKEN}")),
        cancel: booking("/cancel"),
        change_date: booking("/move"),
        changed: booking("/changed"),
        still_interested: booking("/still-interested"),
        join: booking("/join"),
        certificate: booking("/certificate"),
        feedback: booking("/feedback"),
        next_steps: Some(format!("{HOST}/becoming-a-peer-worker")),
        find: Some(format!("{HOST}/bookings/find")),
        courses: Some(format!("{HOST}/courses")),
        book_again: Some(format!("{HOST}/courses/intro")),
        new_address: Some(format!("{HOST}/address/{TOKEN}")),
        new_dates_confirm: new_dates(),
        new_dates_stop: new_dates(),
        draft: Some(format!("{HOST}/d/{TOKEN}")),
        log_in: Some(format!("{HOST}/login")),
        log_in_here: Some(format!("{HOST}/login/link/{TOKEN}")),
        invitation: Some(format!("{HOST}/invite/{TOKEN}")),
        account: Some(format!("{HOST}/account")),
        work: Some(format!("{HOST}/team/tasks")),
    };
    Letter { links, ..letter }
}

/// To an address that nobody has proven to own: no name, no title, no reason, no address that names the
/// course; a venue must not show either (B-21).
fn unproven(letter: Letter) -> Letter {
    let links = Links {
        book_again: letter.links.courses.clone(),
        next_steps: None,
        ..letter.links
    };
    Letter {
        name: None,
        course: None,
        reason: None,
        next_dates: Vec::new(),
        needs_noted: false,
        reference: String::new(),
        place: "Recovery college, Room 1".into(),
        links,
        ..letter
    }
}

/// For whoever booked for somebody else: no link that acts on the booking (B-105).
fn copied(letter: Letter) -> Letter {
    let links = Links {
        find: letter.links.find,
        courses: letter.links.courses,
        book_again: letter.links.book_again,
        ..Links::default()
    };
    Letter {
        copy: true,
        links,
        ..letter
    }
}

fn one_day(letter: Letter) -> Letter {
    Letter {
        days: days(&["Tuesday 26 January 2027, 10am to 4:30pm"]),
        dates: "Tuesday 26 January 2027".into(),
        needs_noted: false,
        reason: None,
        ..letter
    }
}

fn without_dates(letter: Letter) -> Letter {
    Letter {
        next_dates: Vec::new(),
        priority_until: None,
        ..letter
    }
}

/// Long, right-to-left, with signs that mean something to HTML, and the longest day and month (U-20).
fn difficult(letter: Letter) -> Letter {
    let proven = |text: Option<String>, difficult: &str| text.map(|_| difficult.to_owned());
    Letter {
        name: proven(
            letter.name,
            "<b>Zoë</b> & \"O'Brien\" أميرة 👩🏽\u{200d}🦰 Wolfeschlegelsteinhausenbergerdorff-Featherstonehaugh",
        ),
        course: proven(letter.course, "Listening & <talking>"),
        days: days(&[
            "Wednesday 29 September 2027, 10:15am to 1:45pm",
            "Thursday 30 September 2027, 10:15am to 1:45pm",
        ]),
        dates: "Wednesday 29 and Thursday 30 September 2027".into(),
        first_date: "Wednesday 29 September".into(),
        place: "St Mary's Hall & <Annex>, Long Lane".into(),
        deadline: Some("Wednesday 22 September 2027 at 10:15am".into()),
        deadline_short: deadline_short("Wednesday", 22, "September", "10:15am"),
        reason: letter
            .reason
            .map(|_| "The hall is <b>closed</b> & wet.\nWe looked for another one.".to_owned()),
        ..letter
    }
}
