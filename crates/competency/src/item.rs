//! Which state of an item may follow which.
//!
//! `transition` is the first table in section 2 of the competency rules, and total: any pair that is not
//! listed is refused and changes nothing.

use chain::event::Role;
use serde::{Deserialize, Serialize};

use crate::booklet;
use crate::error::Refusal;
use crate::template::Rules;

/// Where an item is in its life.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum State {
    /// Nobody wrote anything yet.
    NotStarted,
    /// The trainee is writing.
    Drafting,
    /// The assessor is asked.
    Submitted,
    /// Sent back with a next step.
    Returned,
    /// Shown, and decided.
    Achieved,
    /// Not shown in this attempt.
    NotAchieved,
    /// An optional one that this trainee cannot meet here.
    NotApplicable,
}

/// What happens to an item.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Event {
    /// The trainee begins to write, or goes on.
    Start,
    /// The trainee asks for a decision.
    Submitted,
    /// The trainee takes that back.
    Withdrawn,
    /// The assessor says that it is shown.
    Achieved,
    /// The assessor sends it back with a next step.
    Returned,
    /// The assessor says that it was not shown in this attempt.
    NotAchieved,
    /// A decision is opened again.
    Reopened,
    /// Another attempt begins.
    Reassessment,
    /// A lead says that it cannot be met here.
    NotApplicable,
}

impl State {
    /// Every state.
    pub const ALL: [Self; 7] = [
        Self::NotStarted,
        Self::Drafting,
        Self::Submitted,
        Self::Returned,
        Self::Achieved,
        Self::NotAchieved,
        Self::NotApplicable,
    ];

    /// The word for the state in records.
    pub fn name(self) -> &'static str {
        match self {
            Self::NotStarted => "not_started",
            Self::Drafting => "drafting",
            Self::Submitted => "submitted",
            Self::Returned => "returned",
            Self::Achieved => "achieved",
            Self::NotAchieved => "not_achieved",
            Self::NotApplicable => "not_applicable",
        }
    }

    /// The state with this word.
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|it| it.name() == name)
    }

    /// How the list of what is missing says it (G-01); nothing where nothing is missing.
    pub fn said(self) -> Option<&'static str> {
        match self {
            Self::NotStarted => Some("not started"),
            Self::Drafting => Some("in draft"),
            Self::Submitted => Some("waiting for the assessor"),
            Self::Returned => Some("sent back with a next step"),
            Self::NotAchieved => Some("not achieved yet"),
            Self::Achieved | Self::NotApplicable => None,
        }
    }
}

impl Event {
    /// Every event.
    pub const ALL: [Self; 9] = [
        Self::Start,
        Self::Submitted,
        Self::Withdrawn,
        Self::Achieved,
        Self::Returned,
        Self::NotAchieved,
        Self::Reopened,
        Self::Reassessment,
        Self::NotApplicable,
    ];

    /// The word in the history of a booklet.
    pub fn name(self) -> &'static str {
        match self {
            Self::Start => "start",
            Self::Submitted => "submitted",
            Self::Withdrawn => "withdrawn",
            Self::Achieved => "achieved",
            Self::Returned => "returned",
            Self::NotAchieved => "not_achieved",
            Self::Reopened => "reopened",
            Self::Reassessment => "reassessment",
            Self::NotApplicable => "not_applicable",
        }
    }

    /// Who brings it about.
    pub fn by(self) -> &'static [Role] {
        match self {
            Self::Start | Self::Submitted | Self::Withdrawn => &[Role::Trainee],
            Self::Achieved | Self::Returned | Self::NotAchieved => &[Role::Assessor],
            Self::Reopened => &[Role::Assessor, Role::Lead, Role::Trainee],
            Self::Reassessment | Self::NotApplicable => &[Role::Lead],
        }
    }

    /// Whether an item may move like this while its booklet is in that state.
    pub fn happens_in(self, booklet: booklet::State) -> bool {
        use booklet::State::{Active, Referred, SignedOff, SignoffRequested};
        match self {
            Self::Reopened => matches!(booklet, Active | SignoffRequested | SignedOff),
            Self::Reassessment => booklet == Referred,
            Self::Start
            | Self::Submitted
            | Self::Withdrawn
            | Self::Achieved
            | Self::Returned
            | Self::NotAchieved
            | Self::NotApplicable => booklet == Active,
        }
    }
}

/// The state after `event`, which somebody in the role `by` brings about.
pub fn transition(state: State, event: Event, by: Role) -> Result<State, Refusal> {
    use State::{Achieved, Drafting, NotAchieved, NotApplicable, NotStarted, Returned, Submitted};
    let to = match (event, state) {
        (Event::Start, NotStarted | Drafting | Returned) => Drafting,
        (Event::Submitted, Drafting) => Submitted,
        (Event::Withdrawn, Submitted) => Drafting,
        (Event::Achieved, Submitted) => Achieved,
        (Event::Returned, Submitted) => Returned,
        (Event::NotAchieved, Submitted | Returned) => NotAchieved,
        (Event::Reassessment, NotAchieved) => Drafting,
        (Event::NotApplicable, NotStarted | Drafting | Returned) => NotApplicable,
        (Event::Reopened, Achieved | NotApplicable) => Drafting,
        (
            Event::Start
            | Event::Submitted
            | Event::Withdrawn
            | Event::Achieved
            | Event::Returned
            | Event::NotAchieved
            | Event::Reassessment
            | Event::NotApplicable
            | Event::Reopened,
            _,
        ) => return Err(Refusal::NotNow),
    };
    // What was ruled out by a lead is let in again by a lead alone.
    let lead_only = event == Event::Reopened && state == NotApplicable;
    let may = event.by().contains(&by) && (!lead_only || by == Role::Lead);
    if may { Ok(to) } else { Err(Refusal::NotTheirs) }
}

/// An item as the rules see it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Item {
    /// Where it is.
    pub state: State,
    /// 1, and one more for each reassessment.
    pub attempt: u8,
}

/// What decides about an item beside its own state.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Around<'a> {
    /// The state of its booklet.
    pub booklet: booklet::State,
    /// Whether the competency is required.
    pub required: bool,
    /// Whether the final review of the placement was held.
    pub final_review_held: bool,
    /// The rules of the booklet.
    pub rules: &'a Rules,
}

impl Item {
    /// The item after `event`, if all of section 2 lets it happen now.
    pub fn after(self, event: Event, by: Role, around: &Around<'_>) -> Result<Self, Refusal> {
        let state = transition(self.state, event, by)?;
        if !event.happens_in(around.booklet) {
            return Err(Refusal::NotActive);
        }
        match event {
            Event::Returned if self.attempt > 1 => Err(Refusal::NotInThisAttempt),
            Event::NotApplicable if around.required => Err(Refusal::Required),
            Event::NotAchieved if !around.final_review_held => Err(Refusal::BeforeFinalReview),
            Event::Reassessment if i64::from(self.attempt) > around.rules.reassessments_max => {
                Err(Refusal::NoAttemptLeft)
            }
            Event::Reassessment => Ok(Self {
                state,
                attempt: self.attempt + 1,
            }),
            Event::Start
            | Event::Submitted
            | Event::Withdrawn
            | Event::Achieved
            | Event::Returned
            | Event::NotAchieved
            | Event::Reopened
            | Event::NotApplicable => Ok(Self { state, ..self }),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sign_off::tests::letters;
    use std::fmt::Write as _;

    /// Every state against every event, with who may: this table is the documentation.
    #[test]
    fn the_whole_table() {
        let mut table = format!("{:<15}", "");
        for state in State::ALL {
            write!(table, " {:<15}", state.name()).unwrap();
        }
        table = table.trim_end().to_owned() + "\n";
        for event in Event::ALL {
            write!(table, "{:<15}", event.name()).unwrap();
            for state in State::ALL {
                let cell = letters(|by| transition(state, event, by), State::name);
                write!(table, " {cell:<15}").unwrap();
            }
            table = table.trim_end().to_owned() + "\n";
        }
        insta::assert_snapshot!(table);
    }

    /// In which state of its booklet an item moves.
    #[test]
    fn items_move_while_the_booklet_is_active() {
        for state in booklet::State::ALL {
            let moves: Vec<_> = Event::ALL
                .into_iter()
                .filter(|it| it.happens_in(state))
                .map(Event::name)
                .collect();
            let wanted: &[&str] = match state {
                booklet::State::Active => &[
                    "start",
                    "submitted",
                    "withdrawn",
                    "achieved",
                    "returned",
                    "not_achieved",
                    "reopened",
                    "not_applicable",
                ],
                booklet::State::SignoffRequested | booklet::State::SignedOff => &["reopened"],
                booklet::State::Referred => &["reassessment"],
                booklet::State::Draft
                | booklet::State::Paused
                | booklet::State::Countersigned
                | booklet::State::Withdrawn
                | booklet::State::ClosedNotAchieved => &[],
            };
            assert_eq!(moves, wanted, "{}", state.name());
        }
    }

    fn at(state: State, attempt: u8) -> Item {
        Item { state, attempt }
    }

    fn around(rules: &Rules) -> Around<'_> {
        Around {
            booklet: booklet::State::Active,
            required: true,
            final_review_held: true,
            rules,
        }
    }

    #[test]
    fn a_second_attempt_is_achieved_or_not() {
        let rules = Rules::default();
        let decide =
            |attempt, event| at(State::Submitted, attempt).after(event, Role::Assessor, &around(&rules));
        assert_eq!(decide(1, Event::Returned), Ok(at(State::Returned, 1)));
        assert_eq!(decide(2, Event::Returned), Err(Refusal::NotInThisAttempt));
        assert_eq!(decide(3, Event::Achieved), Ok(at(State::Achieved, 3)));
    }

    #[test]
    fn there_are_two_reassessments_and_no_third() {
        let rules = Rules::default();
        let around = Around {
            booklet: booklet::State::Referred,
            ..around(&rules)
        };
        let again = |attempt| at(State::NotAchieved, attempt).after(Event::Reassessment, Role::Lead, &around);
        assert_eq!(again(1), Ok(at(State::Drafting, 2)));
        assert_eq!(again(2), Ok(at(State::Drafting, 3)));
        assert_eq!(again(3), Err(Refusal::NoAttemptLeft));
    }

    #[test]
    fn what_is_required_applies_and_nothing_is_missed_before_the_final_review() {
        let rules = Rules::default();
        let required = around(&rules);
        let optional = Around {
            required: false,
            final_review_held: false,
            ..required
        };
        let out =
            |around: &Around<'_>| at(State::Drafting, 1).after(Event::NotApplicable, Role::Lead, around);
        assert_eq!(out(&required), Err(Refusal::Required));
        assert_eq!(out(&optional), Ok(at(State::NotApplicable, 1)));
        let missed =
            |around: &Around<'_>| at(State::Submitted, 1).after(Event::NotAchieved, Role::Assessor, around);
        assert_eq!(missed(&optional), Err(Refusal::BeforeFinalReview));
        assert_eq!(missed(&required), Ok(at(State::NotAchieved, 1)));
    }
}
