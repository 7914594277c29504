//! What counts as evidence (C-02 to C-04, C-12).

use std::collections::BTreeSet;

use chain::event::Role;
use serde::{Deserialize, Serialize};
use time::Date;

use crate::booklet::Pause;
use crate::error::Refusal;
use crate::template::Rules;
use crate::weeks::Placement;

/// A kind of evidence.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Kind {
    /// Somebody was present.
    Observation,
    /// "We talked about this" is enough.
    Discussion,
    /// From a person supported, a carer or a colleague, without names.
    Feedback,
    /// By somebody who was there; the trainee never edits it.
    WitnessStatement,
    /// The trainee's own words, moved outward.
    Reflection,
    /// Entries of the activity log that were verified.
    Activity,
    /// Described in words: no document about a patient.
    WorkProduct,
    /// Of a course, a training, a conference.
    Certificate,
}

impl Kind {
    /// Every kind.
    pub const ALL: [Self; 8] = [
        Self::Observation,
        Self::Discussion,
        Self::Feedback,
        Self::WitnessStatement,
        Self::Reflection,
        Self::Activity,
        Self::WorkProduct,
        Self::Certificate,
    ];

    /// The word in records and framework files.
    pub fn name(self) -> &'static str {
        match self {
            Self::Observation => "observation",
            Self::Discussion => "discussion",
            Self::Feedback => "feedback",
            Self::WitnessStatement => "witness_statement",
            Self::Reflection => "reflection",
            Self::Activity => "activity",
            Self::WorkProduct => "work_product",
            Self::Certificate => "certificate",
        }
    }

    /// The kind with this word.
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|it| it.name() == name)
    }

    /// Who writes it.
    pub fn written_by(self) -> &'static [Role] {
        match self {
            Self::Observation | Self::Discussion => &[Role::Assessor, Role::Supervisor],
            Self::Feedback => &[Role::Supervisor],
            Self::WitnessStatement => &[Role::Witness],
            Self::Reflection | Self::Activity | Self::WorkProduct | Self::Certificate => &[Role::Trainee],
        }
    }
}

/// What a competency asks of its evidence: columns of the framework.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Demand {
    /// At least one piece is an observation (C-03).
    pub requires_observation: bool,
    /// How many pieces.
    pub min_evidence: u32,
    /// From how many different days.
    pub min_distinct_dates: u32,
    /// Which kinds attach; none named means all.
    pub allowed_kinds: Vec<Kind>,
}

/// A submitted piece that supports an item; withdrawn ones are none.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Piece {
    /// What it is.
    pub kind: Kind,
    /// The day of what it tells.
    #[serde(with = "crate::days::iso")]
    pub occurred_on: Date,
}

/// In what the pieces fall short of a competency.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Lack {
    /// There are fewer than asked for (G-02).
    Pieces {
        /// How many there are.
        have: usize,
        /// How many are asked for.
        need: usize,
    },
    /// They are from fewer days than asked for (G-03).
    Dates {
        /// How many there are.
        have: usize,
        /// How many are asked for.
        need: usize,
    },
    /// Nobody watched (G-04).
    Observation,
    /// A witness statement stands alone, or there are too many of them (G-05).
    Witness,
}

impl Demand {
    /// Whether pieces of this kind attach to the competency, and by whom (C-02).
    pub fn takes(&self, kind: Kind, by: Role) -> Result<(), Refusal> {
        if !kind.written_by().contains(&by) {
            Err(Refusal::NotTheAuthor)
        } else if self.allowed_kinds.is_empty() || self.allowed_kinds.contains(&kind) {
            Ok(())
        } else {
            Err(Refusal::KindNotAllowed)
        }
    }

    /// In what these pieces fall short, in the order of the list of what is missing (C-02 to C-04).
    pub fn lacks(&self, pieces: &[Piece], rules: &Rules) -> Vec<Lack> {
        let mut found = Vec::new();
        let size = |it: u32| usize::try_from(it).unwrap_or(usize::MAX);
        let (have, need) = (pieces.len(), size(self.min_evidence));
        if have < need {
            found.push(Lack::Pieces { have, need });
        }
        let days: BTreeSet<Date> = pieces.iter().map(|it| it.occurred_on).collect();
        let (have, need) = (days.len(), size(self.min_distinct_dates));
        if have < need {
            found.push(Lack::Dates { have, need });
        }
        if self.requires_observation && !pieces.iter().any(|it| it.kind == Kind::Observation) {
            found.push(Lack::Observation);
        }
        if !witnesses_are_few(pieces, rules) {
            found.push(Lack::Witness);
        }
        found
    }
}

/// Whether witness statements neither stand alone nor are more of the pieces than allowed (C-04).
fn witnesses_are_few(pieces: &[Piece], rules: &Rules) -> bool {
    let witnesses = pieces
        .iter()
        .filter(|it| it.kind == Kind::WitnessStatement)
        .count();
    let count = |it: usize| i64::try_from(it).unwrap_or(i64::MAX);
    witnesses == 0
        || (witnesses < pieces.len()
            && count(witnesses) * 100 <= count(pieces.len()) * rules.witness_max_percent)
}

/// Whether something that happened on `day` can be evidence, as seen on `today`: in a placement, outside
/// pauses, not in the future. Certificates may be earlier (C-12).
pub fn may_have_happened(
    kind: Kind,
    day: Date,
    placements: &[Placement],
    pauses: &[Pause],
    today: Date,
) -> Result<(), Refusal> {
    let first = placements.iter().map(|it| it.starts_on).min();
    if day > today {
        Err(Refusal::InTheFuture)
    } else if kind == Kind::Certificate && first.is_some_and(|it| day < it) {
        Ok(())
    } else if !placements.iter().any(|it| it.contains(day)) {
        Err(Refusal::OutsidePlacements)
    } else if pauses.iter().any(|it| it.contains(day)) {
        Err(Refusal::Paused)
    } else {
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use time::macros::date;

    fn demand() -> Demand {
        Demand {
            requires_observation: true,
            min_evidence: 2,
            min_distinct_dates: 2,
            allowed_kinds: Vec::new(),
        }
    }

    fn piece(kind: Kind, day: u8) -> Piece {
        Piece {
            kind,
            occurred_on: Date::from_calendar_date(2026, time::Month::June, day).unwrap(),
        }
    }

    #[test]
    fn pieces_days_and_an_observation_are_counted() {
        let lacks = |pieces: &[Piece]| demand().lacks(pieces, &Rules::default());
        assert_eq!(
            lacks(&[]),
            [
                Lack::Pieces { have: 0, need: 2 },
                Lack::Dates { have: 0, need: 2 },
                Lack::Observation
            ]
        );
        // As 3a in scenario 2: two observations on one day.
        let seen = piece(Kind::Observation, 4);
        assert_eq!(lacks(&[seen, seen]), [Lack::Dates { have: 1, need: 2 }]);
        let told = piece(Kind::Reflection, 5);
        assert_eq!(lacks(&[told, piece(Kind::Discussion, 6)]), [Lack::Observation]);
        assert_eq!(lacks(&[seen, told]), []);
    }

    #[test]
    fn a_witness_statement_never_stands_alone_and_is_at_most_half() {
        let open = Demand {
            requires_observation: false,
            min_evidence: 1,
            min_distinct_dates: 1,
            ..demand()
        };
        let (witness, told) = (piece(Kind::WitnessStatement, 4), piece(Kind::Reflection, 5));
        let lacks = |pieces: &[Piece]| open.lacks(pieces, &Rules::default());
        assert_eq!(lacks(&[witness]), [Lack::Witness]);
        assert_eq!(lacks(&[witness, told]), []);
        assert_eq!(lacks(&[witness, witness, told]), [Lack::Witness]);
        let generous = Rules {
            witness_max_percent: 100,
            ..Rules::default()
        };
        assert_eq!(open.lacks(&[witness, witness], &generous), [Lack::Witness]);
        assert_eq!(open.lacks(&[witness, witness, told], &generous), []);
    }

    #[test]
    fn only_allowed_kinds_attach_and_each_has_its_authors() {
        let only = Demand {
            allowed_kinds: vec![Kind::Discussion],
            ..demand()
        };
        assert_eq!(only.takes(Kind::Discussion, Role::Supervisor), Ok(()));
        assert_eq!(
            only.takes(Kind::Reflection, Role::Trainee),
            Err(Refusal::KindNotAllowed)
        );
        assert_eq!(demand().takes(Kind::Reflection, Role::Trainee), Ok(()));
        for (kind, by) in [
            (Kind::Observation, Role::Trainee),
            (Kind::Feedback, Role::Assessor),
            (Kind::WitnessStatement, Role::Trainee),
            (Kind::Reflection, Role::Supervisor),
            (Kind::Certificate, Role::Lead),
        ] {
            assert_eq!(
                demand().takes(kind, by),
                Err(Refusal::NotTheAuthor),
                "{kind:?} {by:?}"
            );
        }
    }

    #[test]
    fn evidence_is_from_a_placement_outside_pauses_and_not_to_come() {
        let placements = [Placement {
            team: "Willow".to_owned(),
            starts_on: date!(2026 - 06 - 01),
            planned_end: date!(2026 - 07 - 12),
            ended_on: None,
        }];
        let pauses = [Pause {
            from: date!(2026 - 06 - 08),
            resumed_on: Some(date!(2026 - 06 - 15)),
        }];
        let on = |kind, day| may_have_happened(kind, day, &placements, &pauses, date!(2026 - 07 - 01));
        let told = |day| on(Kind::Reflection, day);
        assert_eq!(told(date!(2026 - 06 - 01)), Ok(()));
        assert_eq!(told(date!(2026 - 07 - 01)), Ok(()));
        assert_eq!(told(date!(2026 - 07 - 02)), Err(Refusal::InTheFuture));
        assert_eq!(told(date!(2026 - 05 - 31)), Err(Refusal::OutsidePlacements));
        assert_eq!(told(date!(2026 - 06 - 08)), Err(Refusal::Paused));
        assert_eq!(told(date!(2026 - 06 - 15)), Ok(()));
        assert_eq!(on(Kind::Certificate, date!(2025 - 01 - 10)), Ok(()));
        assert_eq!(on(Kind::Certificate, date!(2026 - 06 - 08)), Err(Refusal::Paused));
        assert_eq!(
            on(Kind::Certificate, date!(2026 - 07 - 02)),
            Err(Refusal::InTheFuture)
        );
    }
}
