//! Which settings stand on which page of administrators, and what they are called there.

/// One page of settings.
#[derive(Debug)]
pub(super) struct Sheet {
    /// The end of its address.
    pub(super) slug: &'static str,
    pub(super) title: &'static str,
    /// What is decided here.
    pub(super) lead: &'static str,
    pub(super) groups: &'static [Group],
}

/// Settings under one heading; no heading where there is one group.
#[derive(Debug)]
pub(super) struct Group {
    pub(super) heading: &'static str,
    pub(super) settings: &'static [Asked],
}

/// One setting, as a page asks for it.
#[derive(Clone, Copy, Debug)]
pub(super) struct Asked {
    /// The name in records and on the command line.
    pub(super) name: &'static str,
    pub(super) label: &'static str,
    /// What helps to choose, beside its range.
    pub(super) hint: &'static str,
}

const fn ask(name: &'static str, label: &'static str) -> Asked {
    with_hint(name, label, "")
}

const fn with_hint(name: &'static str, label: &'static str, hint: &'static str) -> Asked {
    Asked { name, label, hint }
}

const fn group(heading: &'static str, settings: &'static [Asked]) -> Group {
    Group { heading, settings }
}

impl Sheet {
    /// The page with this address.
    pub(super) fn named(slug: &str) -> Option<&'static Self> {
        SHEETS.iter().find(|it| it.slug == slug)
    }

    /// Its settings, in order.
    pub(super) fn settings(&self) -> impl Iterator<Item = &'static Asked> {
        self.groups.iter().flat_map(|it| it.settings)
    }
}

/// What a setting is called on its page.
pub(crate) fn called(name: &str) -> Option<&'static str> {
    let mut all = SHEETS.iter().flat_map(Sheet::settings);
    all.find(|it| it.name == name).map(|it| it.label)
}

/// The pages of settings (pages.md section 4).
pub(super) const SHEETS: [Sheet; 5] = [ORGANISATION, BRAND, SUPPORT, BOOKING, SECURITY];

const ORGANISATION: Sheet = Sheet {
    slug: "organisation",
    title: "Organisation and contact",
    lead: "Every page and every email shows these.",
    groups: &[
        group(
            "Names",
            &[
                ask("org_name", "Name of the organisation"),
                with_hint(
                    "service_name",
                    "Name of the service",
                    "Shown at the top of each page",
                ),
                with_hint(
                    "neutral_name",
                    "Name for emails (optional)",
                    "A name that does not say what the course is about. Empty: Courses at and the organisation",
                ),
                with_hint(
                    "plain_words",
                    "Words that strangers must not see (optional)",
                    "With a space between them. No name or address of an email may have one of them",
                ),
            ],
        ),
        group(
            "Contact",
            &[
                with_hint(
                    "contact_name",
                    "Who signs emails",
                    "For example, the training team",
                ),
                with_hint(
                    "contact_email",
                    "Email address",
                    "People can write to it, and emails come from it",
                ),
                ask("contact_phone", "Phone number"),
                with_hint(
                    "contact_hours",
                    "When somebody answers",
                    "For example, Monday to Friday, 9am to 5pm",
                ),
            ],
        ),
    ],
};

const BRAND: Sheet = Sheet {
    slug: "brand",
    title: "Colours",
    lead: "Words must be easy to read on every colour. The contrast must be at least 4.5.",
    groups: &[group(
        "",
        &[
            ask("header", "Top of each page"),
            with_hint(
                "brand_colour",
                "Colour of the top (optional)",
                "Like #005eb8. Empty: the usual blue",
            ),
            with_hint(
                "link_colour",
                "Colour of links (optional)",
                "Like #005eb8. Empty: the usual blue",
            ),
            with_hint(
                "button_colour",
                "Colour of buttons (optional)",
                "Like #007f3b. Empty: the usual green",
            ),
        ],
    )],
};

const SUPPORT: Sheet = Sheet {
    slug: "support",
    title: "Support now",
    lead: "Where people get support now. It is on every page and in every email. Please check that each number is right.",
    groups: &[group(
        "",
        &[with_hint(
            "support_text",
            "Support text",
            "Begin with a question. Write phone numbers with spaces, so that a press can call them",
        )],
    )],
};

const BOOKING: Sheet = Sheet {
    slug: "booking",
    title: "Rules of booking",
    lead: "A change counts from now on. Offers and deadlines that stand already keep their time.",
    groups: &[
        group("Places", PLACES),
        group("Confirming", CONFIRMING),
        group("Waiting list", WAITING_LIST),
        group("Changes and cancelling", CHANGES),
        group("Emails and times of day", EMAILS),
        group("On the day", ON_THE_DAY),
        group("Afterwards", AFTERWARDS),
        group("Needs and reports", NEEDS),
    ],
};

const PLACES: &[Asked] = &[
    ask("capacity_default", "Places on new course dates"),
    ask("min_numbers", "The team is warned when fewer people have booked"),
    with_hint("min_alert", "When the team is warned", "Days before day 1"),
    ask("show_exact_up_to", "Pages count free places up to"),
    with_hint(
        "booking_close",
        "When booking closes",
        "The time on the last working day before day 1",
    ),
    ask(
        "offers_ask_above",
        "Ask first when a change makes more offers than",
    ),
];

const CONFIRMING: &[Asked] = &[
    ask("confirm_window", "Time to confirm an email address"),
    ask(
        "confirm_window_near",
        "Time to confirm it when the course starts soon",
    ),
    ask("holds_per_address", "Unconfirmed places for one email address"),
    ask(
        "holds_per_network_hour",
        "New unconfirmed places an hour from one network",
    ),
    ask(
        "confirm_resends_hour",
        "Confirmation emails an hour for one booking",
    ),
];

const WAITING_LIST: &[Asked] = &[
    with_hint(
        "offer_far_from",
        "When an offer is early",
        "This long before day 1, or longer",
    ),
    ask("offer_window_far", "Time to answer an early offer"),
    ask("offer_window", "Time to answer a later offer"),
    ask(
        "offer_mail_late",
        "The team calls when the email with an offer is late by",
    ),
    ask(
        "near_start",
        "The team calls instead of making offers when day 1 is closer than",
    ),
    ask("offer_shift_guard", "An offer always ends before day 1 by"),
    ask(
        "expiries_to_pause",
        "Offers without an answer before we ask whether to go on",
    ),
];

const CHANGES: &[Asked] = &[
    ask("notice", "A cancellation is in time before day 1 by"),
    ask(
        "change_answer",
        "The team calls who has not answered a change before the day by",
    ),
    ask(
        "change_phone",
        "The team calls at once when a changed day is closer than",
    ),
    ask(
        "link_mail",
        "A new joining link is emailed when the day is closer than",
    ),
    ask("priority", "People of cancelled dates go first for"),
];

const EMAILS: &[Asked] = &[
    ask("day_start", "Emails that can wait leave from"),
    ask("day_end", "Emails that can wait leave until"),
    with_hint("reminder", "When people are reminded", "Days before a course day"),
    ask("reminder_time", "Time of reminders"),
    ask(
        "evening_time",
        "Time of a reminder on the first of two days in a row",
    ),
    ask("digest_time", "Time of the list of the team"),
    ask("mail_retry", "Waits before an email is tried again"),
    ask("interest", "We write about new dates for"),
];

const ON_THE_DAY: &[Asked] = &[
    ask("join_opens", "The joining page opens before a day by"),
    ask("marking_opens", "The register opens before a day by"),
    ask(
        "emergency_view",
        "Trainers see whom to call before and after a day for",
    ),
    ask("late_after", "Somebody is late after"),
    ask("attended", "Who was there for this share of the time came"),
];

const AFTERWARDS: &[Asked] = &[
    ask("attendance_nudges", "When a missing register is asked for"),
    ask("corrections", "The team can correct a register for"),
    ask("missed_call", "Who was absent is called within"),
    ask("catch_up", "A missed day can be caught up within"),
    ask("catch_up_attempts", "Tries to catch up a missed day"),
    ask("evaluation_open", "People can give feedback for"),
    ask("evaluation_nudge", "We ask for feedback once more after"),
    ask("evaluation_min_shown", "Feedback is shown from this many answers"),
    ask("run_review", "The team looks back at course dates within"),
    ask("version_review", "A course text is read through again after"),
];

const NEEDS: &[Asked] = &[
    ask("interpreter_lead", "An interpreter is arranged before day 1 by"),
    ask("need_lead", "Other needs are arranged before day 1 by"),
    ask("equality_hide_up_to", "Equality counts are hidden up to"),
    ask("equality_round_to", "Equality counts are rounded to"),
];

const SECURITY: Sheet = Sheet {
    slug: "security",
    title: "Logging in",
    lead: "A change counts from the next page that somebody opens.",
    groups: &[
        group(
            "Codes",
            &[
                ask("log_in_code", "A log in code works for"),
                ask("log_in_tries", "Tries for one log in code"),
                ask("log_in_codes_hour", "Log in codes an hour for one address"),
                ask("second_step_tries", "Wrong codes of the app before a log in ends"),
                ask("second_step_within", "Those are counted within"),
                ask("step_up_fresh", "A code for important acts counts for"),
            ],
        ),
        group(
            "How long people stay logged in",
            &[
                ask("staff_idle", "The team, without use"),
                ask("staff_longest", "The team, at most"),
                ask("trainee_idle", "Others, without use"),
                ask("trainee_longest", "Others, at most"),
                ask("idle_warning", "A page warns before that by"),
                ask("log_ins_at_once", "Places where one person can be logged in"),
            ],
        ),
        group(
            "Kept for later",
            &[
                ask(
                    "records_hour",
                    "Leads hear of it when somebody opens more records an hour than",
                ),
                ask(
                    "needs_shown",
                    "Trainers see what helps people, after the last day, for",
                ),
                ask(
                    "stash_kept",
                    "What was sent after the end of a log in is kept for",
                ),
                ask("invitation", "An invitation can be accepted for"),
            ],
        ),
    ],
};

#[cfg(test)]
mod tests {
    use super::*;
    use crate::site;
    use std::collections::BTreeSet;

    #[test]
    fn every_setting_stands_on_one_page() {
        let asked: Vec<_> = SHEETS
            .iter()
            .flat_map(Sheet::settings)
            .map(|it| it.name)
            .collect();
        let once: BTreeSet<_> = asked.iter().copied().collect();
        assert_eq!(asked.len(), once.len(), "a setting stands on two pages");
        let rules = booking::settings::CATALOGUE.iter().map(|it| it.name);
        let numbers = crate::sign_in::numbers::CATALOGUE.iter().map(|(it, _)| it.name);
        let organisation = site::ORGANISATION.iter().map(|(name, ..)| *name);
        let all: BTreeSet<_> = rules.chain(numbers).chain(organisation).collect();
        assert_eq!(once, all);
    }

    #[test]
    fn no_two_settings_of_a_page_are_called_the_same() {
        for sheet in &SHEETS {
            let labels: Vec<_> = sheet.settings().map(|it| it.label).collect();
            let once: BTreeSet<_> = labels.iter().collect();
            assert_eq!(labels.len(), once.len(), "{}", sheet.slug);
        }
    }
}
