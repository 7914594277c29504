//! Which state of a booklet may follow which, and what each step needs.
//!
//! `transition` is the second table in section 2 of the competency rules, and total: any pair that is
//! not listed is refused and changes nothing.

use chain::event::Role;
use serde::{Deserialize, Serialize};
use time::Date;

use crate::days::{from_to, shifted};
use crate::error::Refusal;
use crate::item;
use crate::settings::Settings;

/// Where a booklet is in its life.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum State {
    /// Made, and not yet opened by its trainee.
    Draft,
    /// Being written in.
    Active,
    /// At rest: an absence, leave, a change of placement.
    Paused,
    /// The assessor is asked to sign it off.
    SignoffRequested,
    /// A lead is asked to countersign it.
    SignedOff,
    /// Something was not achieved; a reassessment may follow.
    Referred,
    /// Complete.
    Countersigned,
    /// The trainee left.
    Withdrawn,
    /// Over without being complete.
    ClosedNotAchieved,
}

/// What happens to a booklet.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[expect(missing_docs, reason = "the words of the rules, section 2")]
pub enum Event {
    Opened,
    Paused,
    Resumed,
    SignoffRequested,
    SignoffWithdrawn,
    Declined,
    SignedOff,
    Countersigned,
    Reopened,
    Referred,
    Reassessment,
    Closed,
    Left,
}

impl State {
    /// Every state.
    pub const ALL: [Self; 9] = [
        Self::Draft,
        Self::Active,
        Self::Paused,
        Self::SignoffRequested,
        Self::SignedOff,
        Self::Referred,
        Self::Countersigned,
        Self::Withdrawn,
        Self::ClosedNotAchieved,
    ];

    /// The word for the state in records and bundles.
    pub fn name(self) -> &'static str {
        match self {
            Self::Draft => "draft",
            Self::Active => "active",
            Self::Paused => "paused",
            Self::SignoffRequested => "signoff_requested",
            Self::SignedOff => "signed_off",
            Self::Referred => "referred",
            Self::Countersigned => "countersigned",
            Self::Withdrawn => "withdrawn",
            Self::ClosedNotAchieved => "closed_not_achieved",
        }
    }

    /// The state with this word.
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|it| it.name() == name)
    }

    /// Whether the booklet is over; nothing follows.
    pub fn is_over(self) -> bool {
        match self {
            Self::Countersigned | Self::Withdrawn | Self::ClosedNotAchieved => true,
            Self::Draft
            | Self::Active
            | Self::Paused
            | Self::SignoffRequested
            | Self::SignedOff
            | Self::Referred => false,
        }
    }

    /// Whether nobody writes in it: from the request on, until it is active again (C-17).
    pub fn is_read_only(self) -> bool {
        match self {
            Self::Draft | Self::Active | Self::Paused | Self::Referred => false,
            Self::SignoffRequested
            | Self::SignedOff
            | Self::Countersigned
            | Self::Withdrawn
            | Self::ClosedNotAchieved => true,
        }
    }
}

impl Event {
    /// Every event.
    pub const ALL: [Self; 13] = [
        Self::Opened,
        Self::Paused,
        Self::Resumed,
        Self::SignoffRequested,
        Self::SignoffWithdrawn,
        Self::Declined,
        Self::SignedOff,
        Self::Countersigned,
        Self::Reopened,
        Self::Referred,
        Self::Reassessment,
        Self::Closed,
        Self::Left,
    ];

    /// The word in the history of a booklet.
    pub fn name(self) -> &'static str {
        match self {
            Self::Opened => "opened",
            Self::Paused => "paused",
            Self::Resumed => "resumed",
            Self::SignoffRequested => "signoff_requested",
            Self::SignoffWithdrawn => "signoff_withdrawn",
            Self::Declined => "declined",
            Self::SignedOff => "signed_off",
            Self::Countersigned => "countersigned",
            Self::Reopened => "reopened",
            Self::Referred => "referred",
            Self::Reassessment => "reassessment",
            Self::Closed => "closed",
            Self::Left => "left",
        }
    }
}

/// The state after `event`, which somebody in the role `by` brings about.
pub fn transition(state: State, event: Event, by: Role) -> Result<State, Refusal> {
    use Role::{Assessor, Coordinator, Lead, Trainee};
    use State::{
        Active, ClosedNotAchieved, Countersigned, Draft, Paused, Referred, SignedOff, SignoffRequested,
        Withdrawn,
    };
    let (to, who): (State, &[Role]) = match (event, state) {
        (Event::Opened, Draft) => (Active, &[Trainee]),
        (Event::Paused, Active) => (Paused, &[Coordinator, Lead]),
        (Event::Resumed, Paused) => (Active, &[Coordinator, Lead]),
        (Event::SignoffRequested, Active) => (SignoffRequested, &[Trainee]),
        (Event::SignoffWithdrawn, SignoffRequested) => (Active, &[Trainee]),
        (Event::Declined, SignoffRequested) => (Active, &[Assessor]),
        (Event::Declined, SignedOff) => (Active, &[Lead]),
        (Event::SignedOff, SignoffRequested) => (SignedOff, &[Assessor]),
        (Event::Countersigned, SignedOff) => (Countersigned, &[Lead]),
        // Follows from an item (C-16), whoever opened that.
        (Event::Reopened, Active | SignoffRequested | SignedOff) => (Active, item::Event::Reopened.by()),
        (Event::Referred, Active) => (Referred, &[Assessor]),
        (Event::Reassessment, Referred) => (Active, &[Lead]),
        (Event::Closed, Referred) => (ClosedNotAchieved, &[Lead]),
        (Event::Left, Draft | Active | Paused | SignoffRequested | SignedOff | Referred) => {
            (Withdrawn, &[Trainee, Coordinator])
        }
        (
            Event::Opened
            | Event::Paused
            | Event::Resumed
            | Event::SignoffRequested
            | Event::SignoffWithdrawn
            | Event::Declined
            | Event::SignedOff
            | Event::Countersigned
            | Event::Reopened
            | Event::Referred
            | Event::Reassessment
            | Event::Closed
            | Event::Left,
            _,
        ) => return Err(Refusal::NotNow),
    };
    if who.contains(&by) {
        Ok(to)
    } else {
        Err(Refusal::NotTheirs)
    }
}

/// What must be there before a trainee opens a booklet.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[expect(
    clippy::struct_excessive_bools,
    reason = "each is a box to be ticked or a person to be named"
)]
pub struct Opening {
    /// A placement has an assessor.
    pub assessor: bool,
    /// A placement has a line supervisor.
    pub line_supervisor: bool,
    /// The trainee ticked to have understood the process.
    pub process: bool,
    /// The trainee ticked to have understood who reads what.
    pub sharing: bool,
}

/// Whether a booklet may be opened.
pub fn may_open(it: Opening) -> Result<(), Refusal> {
    if it.assessor && it.line_supervisor && it.process && it.sharing {
        Ok(())
    } else {
        Err(Refusal::NotReadyToOpen)
    }
}

/// Whether a trainee may ask for the booklet to be signed off (C-15).
pub fn may_request(nothing_missing: bool, declared: bool, request_open: bool) -> Result<(), Refusal> {
    if request_open {
        Err(Refusal::RequestOpen)
    } else if !nothing_missing {
        Err(Refusal::Incomplete)
    } else if !declared {
        Err(Refusal::NotDeclared)
    } else {
        Ok(())
    }
}

/// What a referral and its end depend on (C-18).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[expect(clippy::struct_excessive_bools, reason = "each is a fact of its own")]
pub struct Standing {
    /// The final review was held.
    pub final_review_held: bool,
    /// A required item is not achieved.
    pub required_not_achieved: bool,
    /// A review says that the values are not met yet.
    pub values_not_met: bool,
    /// How many reassessments there were.
    pub reassessments: i64,
    /// The trainee wants none.
    pub declines: bool,
}

/// Whether a booklet may be referred (C-18).
pub fn may_refer(it: Standing) -> Result<(), Refusal> {
    if !it.final_review_held {
        Err(Refusal::BeforeFinalReview)
    } else if it.required_not_achieved || it.values_not_met {
        Ok(())
    } else {
        Err(Refusal::NoReasonToRefer)
    }
}

/// Whether another reassessment may begin (C-18).
pub fn may_reassess(it: Standing, reassessments_max: i64) -> Result<(), Refusal> {
    if it.reassessments < reassessments_max {
        Ok(())
    } else {
        Err(Refusal::NoAttemptLeft)
    }
}

/// Whether a referred booklet may be closed: every reassessment was used, or the trainee declines (C-18).
pub fn may_close(it: Standing, reassessments_max: i64) -> Result<(), Refusal> {
    if it.declines || it.reassessments >= reassessments_max {
        Ok(())
    } else {
        Err(Refusal::ReassessmentLeft)
    }
}

/// A time in which a booklet rests. The day on which it is resumed is active again.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Pause {
    /// Its first day.
    #[serde(with = "crate::days::iso")]
    pub from: Date,
    /// The first day after it, if it is over.
    #[serde(
        with = "crate::days::iso::option",
        default,
        skip_serializing_if = "Option::is_none"
    )]
    pub resumed_on: Option<Date>,
}

impl Pause {
    /// Whether the booklet rests on `day`.
    pub fn contains(&self, day: Date) -> bool {
        self.from <= day && self.resumed_on.is_none_or(|it| day < it)
    }

    /// How many days it lasted; none while it lasts.
    pub fn days(&self) -> i64 {
        self.resumed_on.map_or(0, |it| from_to(self.from, it).max(0))
    }
}

/// How many days later everything is due if a pause ends on `on`, or why it does not end (C-28).
pub fn resume(pause: &Pause, on: Date, by: Role, settings: &Settings) -> Result<i64, Refusal> {
    let days = from_to(pause.from, on);
    if days < 0 {
        Err(Refusal::BeforeThePause)
    } else if by != Role::Lead && days > settings.pause_lead_weeks * 7 {
        Err(Refusal::LongPause)
    } else {
        Ok(days)
    }
}

/// The day to which a pause moves `day` (C-28).
pub fn moved(day: Date, paused_days: i64) -> Date {
    shifted(day, paused_days)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sign_off::tests::letters;
    use std::fmt::Write as _;
    use time::macros::date;

    /// Every state against every event, with who may: this table is the documentation.
    #[test]
    fn the_whole_table() {
        let mut table = format!("{:<17}", "");
        for state in State::ALL {
            write!(table, " {:<21}", state.name()).unwrap();
        }
        table = table.trim_end().to_owned() + "\n";
        for event in Event::ALL {
            write!(table, "{:<17}", event.name()).unwrap();
            for state in State::ALL {
                let cell = letters(|by| transition(state, event, by), State::name);
                write!(table, " {cell:<21}").unwrap();
            }
            table = table.trim_end().to_owned() + "\n";
        }
        insta::assert_snapshot!(table);
    }

    #[test]
    fn what_is_over_stays_over() {
        for state in State::ALL {
            let leaves = Event::ALL.into_iter().any(|event| {
                [Role::Trainee, Role::Assessor, Role::Coordinator, Role::Lead]
                    .into_iter()
                    .any(|by| transition(state, event, by).is_ok())
            });
            assert_eq!(leaves, !state.is_over(), "{}", state.name());
        }
    }

    #[test]
    fn a_booklet_opens_when_everybody_is_named_and_both_boxes_are_ticked() {
        let all = Opening {
            assessor: true,
            line_supervisor: true,
            process: true,
            sharing: true,
        };
        assert_eq!(may_open(all), Ok(()));
        for lacking in [
            Opening {
                assessor: false,
                ..all
            },
            Opening {
                line_supervisor: false,
                ..all
            },
            Opening {
                process: false,
                ..all
            },
            Opening {
                sharing: false,
                ..all
            },
        ] {
            assert_eq!(may_open(lacking), Err(Refusal::NotReadyToOpen), "{lacking:?}");
        }
    }

    #[test]
    fn a_request_needs_everything_the_declaration_and_no_other_request() {
        assert_eq!(may_request(true, true, false), Ok(()));
        assert_eq!(may_request(false, true, false), Err(Refusal::Incomplete));
        assert_eq!(may_request(true, false, false), Err(Refusal::NotDeclared));
        assert_eq!(may_request(true, true, true), Err(Refusal::RequestOpen));
    }

    #[test]
    fn a_referral_needs_the_final_review_and_a_reason() {
        let it = Standing {
            final_review_held: true,
            required_not_achieved: true,
            values_not_met: false,
            reassessments: 0,
            declines: false,
        };
        assert_eq!(may_refer(it), Ok(()));
        let values = Standing {
            required_not_achieved: false,
            values_not_met: true,
            ..it
        };
        assert_eq!(may_refer(values), Ok(()));
        let early = Standing {
            final_review_held: false,
            ..it
        };
        assert_eq!(may_refer(early), Err(Refusal::BeforeFinalReview));
        let fine = Standing {
            required_not_achieved: false,
            ..it
        };
        assert_eq!(may_refer(fine), Err(Refusal::NoReasonToRefer));
    }

    #[test]
    fn a_referral_ends_when_all_is_used_or_the_trainee_declines() {
        let after = |reassessments, declines| Standing {
            final_review_held: true,
            required_not_achieved: true,
            values_not_met: false,
            reassessments,
            declines,
        };
        assert_eq!(may_reassess(after(1, false), 2), Ok(()));
        assert_eq!(may_reassess(after(2, false), 2), Err(Refusal::NoAttemptLeft));
        assert_eq!(may_close(after(1, false), 2), Err(Refusal::ReassessmentLeft));
        assert_eq!(may_close(after(2, false), 2), Ok(()));
        assert_eq!(may_close(after(0, true), 2), Ok(()));
    }

    /// Scenario 9 of the rules.
    #[test]
    fn after_98_days_a_lead_resumes_and_everything_is_due_98_days_later() {
        let settings = Settings::default();
        let (from, on) = (date!(2026 - 06 - 01), date!(2026 - 09 - 07));
        let pause = Pause {
            from,
            resumed_on: None,
        };
        assert_eq!(
            resume(&pause, on, Role::Coordinator, &settings),
            Err(Refusal::LongPause)
        );
        let days = resume(&pause, on, Role::Lead, &settings).unwrap();
        assert_eq!(days, 98);
        assert_eq!(moved(date!(2026 - 07 - 31), days), date!(2026 - 11 - 06));
        // Twelve weeks to the day are not yet more than twelve weeks.
        let twelve_weeks = date!(2026 - 08 - 24);
        assert_eq!(resume(&pause, twelve_weeks, Role::Coordinator, &settings), Ok(84));
        let before = resume(&pause, date!(2026 - 05 - 31), Role::Lead, &settings);
        assert_eq!(before, Err(Refusal::BeforeThePause));
    }
}
