//! What is still missing before a booklet can be signed off (section 6 of the competency rules).
//!
//! One list feeds the page, the refusals of C-02 and C-15, and the check of every sign-off (CINV-6). Its
//! words are those of the rules.

use serde::{Deserialize, Serialize};
use serde_json::Value;
use time::Date;

use crate::booklet::Pause;
use crate::days::said;
use crate::evidence::{Demand, Lack, Piece};
use crate::item::State;
use crate::template::Rules;
use crate::weeks::{Placement, ReviewKind, active_weeks, has_reviews, hours, supervisions_needed};

/// A booklet as the list sees it on one day.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Snapshot {
    /// The day.
    #[serde(with = "crate::days::iso")]
    pub as_on: Date,
    /// The placements.
    pub placements: Vec<Placement>,
    /// When it rested.
    pub pauses: Vec<Pause>,
    /// Every competency of the framework, in its order.
    pub items: Vec<Item>,
    /// The topics of each submitted reflection.
    pub reflections: Vec<Vec<String>>,
    /// Minutes of practice in verified weeks.
    pub verified_minutes: i64,
    /// Minutes of practice in weeks that wait to be verified.
    pub waiting_minutes: i64,
    /// Meetings of supervision that both agreed.
    pub supervisions: i64,
    /// Those of them that were with a peer.
    pub peer_supervisions: i64,
    /// The reviews that were held, in that order.
    pub reviews: Vec<Review>,
    /// Pieces of feedback.
    pub feedback: i64,
    /// The days on which the open action plans were made.
    pub open_plans: Vec<Day>,
}

/// A day in a list.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Day(#[serde(with = "crate::days::iso")] pub Date);

/// A competency in a booklet.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Item {
    /// Of the competency.
    pub code: String,
    /// Of the competency.
    pub title: String,
    /// The group it is optional in; required competencies have none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub optional_group: Option<String>,
    /// What it asks of its evidence.
    pub demand: Demand,
    /// Where it is.
    pub state: State,
    /// The submitted pieces that support it.
    pub pieces: Vec<Piece>,
}

/// A review that was held.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Review {
    /// At which of the placements, from 0.
    pub placement: usize,
    /// Which of the three.
    pub kind: ReviewKind,
    /// The trainee says that it was so.
    pub trainee_confirmed: bool,
    /// The assessor says that it was so.
    pub assessor_confirmed: bool,
    /// The values are met, as far as the review says.
    pub values_met: bool,
}

/// Something that is missing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Gap {
    /// "G-01" and so on.
    pub rule: &'static str,
    /// The competency it is about, if it is about one.
    pub item: Option<String>,
    /// In the words of the rules.
    pub words: String,
}

impl Snapshot {
    /// What a sign-off binds.
    pub fn content(&self) -> Result<Value, serde_json::Error> {
        serde_json::to_value(self)
    }
}

/// Everything that is missing, in the order of the rules; nothing for a booklet that is complete.
pub fn missing(snapshot: &Snapshot, rules: &Rules) -> Vec<Gap> {
    let mut gaps: Vec<Gap> = snapshot
        .items
        .iter()
        .filter(|it| it.optional_group.is_none())
        .flat_map(|it| of_required(it, rules))
        .collect();
    gaps.extend(optional_groups(snapshot, rules));
    gaps.extend(optional_waiting(snapshot));
    gaps.extend(reflections(snapshot, rules));
    gaps.extend(times(snapshot, rules));
    gaps.extend(supervisions(snapshot, rules));
    gaps.extend(reviews(snapshot, rules));
    gaps.extend(feedback(snapshot, rules));
    gaps.extend(plans(snapshot));
    gaps
}

/// In what the evidence of one competency falls short (G-02 to G-05). A decision that it is achieved is
/// refused with these words (C-02).
pub fn lacking(item: &Item, rules: &Rules) -> Vec<Gap> {
    let gap = |lack: &Lack| {
        let (rule, words) = said_lack(*lack);
        about(rule, item, format!("{}: {words}", item.code))
    };
    item.demand.lacks(&item.pieces, rules).iter().map(gap).collect()
}

fn said_lack(lack: Lack) -> (&'static str, String) {
    match lack {
        Lack::Pieces { have, need } => ("G-02", format!("evidence {have} of {need}.")),
        Lack::Dates { have, need } => ("G-03", format!("evidence from different dates {have} of {need}.")),
        Lack::Observation => (
            "G-04",
            "needs a direct observation by the assessor or a supervisor.".to_owned(),
        ),
        Lack::Witness => (
            "G-05",
            "a witness statement cannot stand alone or be more than half of the evidence.".to_owned(),
        ),
    }
}

fn of_required(item: &Item, rules: &Rules) -> Vec<Gap> {
    let state = item.state.said();
    let mut gaps: Vec<Gap> = state.map(|it| standing("G-01", item, it)).into_iter().collect();
    gaps.extend(lacking(item, rules));
    gaps
}

fn standing(rule: &'static str, item: &Item, state: &str) -> Gap {
    about(rule, item, format!("{} {}: {state}.", item.code, item.title))
}

fn about(rule: &'static str, item: &Item, words: String) -> Gap {
    Gap {
        rule,
        item: Some(item.code.clone()),
        words,
    }
}

fn plain(rule: &'static str, words: String) -> Gap {
    Gap {
        rule,
        item: None,
        words,
    }
}

/// `{name}: {have} of {need}.`, if that is too few.
fn too_few(rule: &'static str, name: &str, have: i64, need: i64) -> Option<Gap> {
    (have < need).then(|| plain(rule, format!("{name}: {have} of {need}.")))
}

fn count(them: impl Iterator) -> i64 {
    i64::try_from(them.count()).unwrap_or(i64::MAX)
}

/// G-06, once for each group.
fn optional_groups(snapshot: &Snapshot, rules: &Rules) -> Vec<Gap> {
    let mut groups: Vec<&str> = Vec::new();
    for it in snapshot
        .items
        .iter()
        .filter_map(|it| it.optional_group.as_deref())
    {
        if !groups.contains(&it) {
            groups.push(it);
        }
    }
    let gap = |group: &str| {
        let ours = |it: &&Item| it.optional_group.as_deref() == Some(group) && it.state == State::Achieved;
        let have = count(snapshot.items.iter().filter(ours));
        too_few("G-06", "Optional competencies achieved", have, rules.optional_min)
    };
    groups.into_iter().filter_map(gap).collect()
}

fn optional_waiting(snapshot: &Snapshot) -> Vec<Gap> {
    let optional = snapshot.items.iter().filter(|it| it.optional_group.is_some());
    let waiting = optional.filter(|it| it.state == State::Submitted);
    waiting
        .filter_map(|it| Some(standing("G-07", it, it.state.said()?)))
        .collect()
}

fn reflections(snapshot: &Snapshot, rules: &Rules) -> Vec<Gap> {
    let have = count(snapshot.reflections.iter());
    let mut gaps: Vec<Gap> = too_few("G-08", "Reflections submitted", have, rules.reflections_min)
        .into_iter()
        .collect();
    let absent = rules
        .reflection_topics
        .iter()
        .filter(|topic| !snapshot.reflections.iter().any(|it| it.contains(topic)));
    gaps.extend(absent.map(|it| plain("G-09", format!("A submitted reflection about {it} is missing."))));
    gaps
}

/// G-10 and G-11.
fn times(snapshot: &Snapshot, rules: &Rules) -> Vec<Gap> {
    let mut gaps = Vec::new();
    let (have, need) = (snapshot.verified_minutes, rules.practice_minutes);
    if have < need {
        let mut words = format!("Practice hours verified: {} of {}.", hours(have), hours(need));
        if snapshot.waiting_minutes > 0 {
            words = format!(
                "{words} Waiting to be verified: {}.",
                hours(snapshot.waiting_minutes)
            );
        }
        gaps.push(plain("G-10", words));
    }
    gaps.extend(too_few(
        "G-11",
        "Placement weeks",
        weeks(snapshot),
        rules.placement_weeks,
    ));
    gaps
}

fn weeks(snapshot: &Snapshot) -> i64 {
    active_weeks(&snapshot.placements, &snapshot.pauses, snapshot.as_on)
}

fn supervisions(snapshot: &Snapshot, rules: &Rules) -> Vec<Gap> {
    let need = supervisions_needed(weeks(snapshot), rules);
    let (all, peer) = (snapshot.supervisions, snapshot.peer_supervisions);
    [
        too_few("G-12", "Supervision meetings", all, need),
        too_few(
            "G-13",
            "Peer supervision meetings",
            peer,
            rules.peer_supervision_min,
        ),
    ]
    .into_iter()
    .flatten()
    .collect()
}

/// G-14, then G-15, then G-16, each by placement and in the order in which reviews are held.
fn reviews(snapshot: &Snapshot, rules: &Rules) -> Vec<Gap> {
    let (mut not_held, mut unconfirmed, mut values) = (Vec::new(), Vec::new(), Vec::new());
    for (n, placement) in snapshot.placements.iter().enumerate() {
        if !has_reviews(placement, &snapshot.pauses, snapshot.as_on, rules) {
            continue;
        }
        for kind in ReviewKind::ALL {
            let the = format!("The {} review at {}", kind.name(), placement.team);
            let mut held = snapshot.reviews.iter().rev();
            let Some(review) = held.find(|it| it.placement == n && it.kind == kind) else {
                not_held.push(plain("G-14", format!("{the} has not been held.")));
                continue;
            };
            for (confirmed, who) in [
                (review.trainee_confirmed, "the trainee"),
                (review.assessor_confirmed, "the assessor"),
            ] {
                if !confirmed {
                    unconfirmed.push(plain("G-15", format!("{the} waits for {who} to confirm it.")));
                }
            }
            if kind != ReviewKind::Initial && !review.values_met {
                values.push(plain(
                    "G-16",
                    format!("{the} does not say that the values are met."),
                ));
            }
        }
    }
    not_held.extend(unconfirmed);
    not_held.extend(values);
    not_held
}

fn feedback(snapshot: &Snapshot, rules: &Rules) -> Option<Gap> {
    let gap = too_few(
        "G-17",
        "Feedback from other people",
        snapshot.feedback,
        rules.feedback_min,
    )?;
    Some(Gap {
        words: format!("{} The supervisor enters it.", gap.words),
        ..gap
    })
}

fn plans(snapshot: &Snapshot) -> Vec<Gap> {
    let gap = |day: &Day| {
        plain(
            "G-18",
            format!("The action plan of {} is still open.", said(day.0)),
        )
    };
    snapshot.open_plans.iter().map(gap).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::evidence::Kind;
    use time::macros::date;

    fn demand(min: u32) -> Demand {
        Demand {
            requires_observation: min > 1,
            min_evidence: min,
            min_distinct_dates: min,
            allowed_kinds: Vec::new(),
        }
    }

    fn piece(kind: Kind, occurred_on: Date) -> Piece {
        Piece { kind, occurred_on }
    }

    fn item(code: &str, title: &str, group: Option<&str>, state: State) -> Item {
        let need = if ["3a", "3b", "3c"].contains(&code) { 2 } else { 1 };
        let seen = [date!(2026 - 06 - 04), date!(2026 - 06 - 11)].map(|it| piece(Kind::Observation, it));
        Item {
            code: code.to_owned(),
            title: title.to_owned(),
            optional_group: group.map(str::to_owned),
            demand: demand(need),
            state,
            pieces: seen[..usize::try_from(need).unwrap()].to_vec(),
        }
    }

    fn reviews_at(placement: usize) -> Vec<Review> {
        let held = |kind| Review {
            placement,
            kind,
            trainee_confirmed: true,
            assessor_confirmed: true,
            values_met: kind != ReviewKind::Initial,
        };
        ReviewKind::ALL.map(held).to_vec()
    }

    /// Scenario 1 of the rules, on 12 July.
    fn complete() -> Snapshot {
        let mut items = Vec::new();
        for code in [
            "1a", "1b", "1c", "2a", "2b", "2c", "2d", "3a", "3b", "3c", "3d", "3f", "4a", "4b", "4c", "5a",
            "5b", "5c", "6a", "6b",
        ] {
            let title = match code {
                "2d" => "Points people to local resources accurately",
                "3a" => "Listens actively, checks understanding and leaves room for silence",
                _ => "Something else",
            };
            items.push(item(code, title, None, State::Achieved));
        }
        for (code, state) in [
            ("2e", State::Achieved),
            ("3e", State::Achieved),
            ("4d", State::NotStarted),
            ("4e", State::Drafting),
        ] {
            items.push(item(code, "Something optional", Some("choice"), state));
        }
        let about = |it: &[&str]| it.iter().map(|it| (*it).to_owned()).collect();
        Snapshot {
            as_on: date!(2026 - 07 - 12),
            placements: vec![Placement {
                team: "Willow".to_owned(),
                starts_on: date!(2026 - 06 - 01),
                planned_end: date!(2026 - 07 - 12),
                ended_on: None,
            }],
            pauses: Vec::new(),
            items,
            reflections: vec![
                about(&["sharing"]),
                about(&["boundaries_endings"]),
                about(&["wellbeing", "groups"]),
                about(&[]),
            ],
            verified_minutes: 48 * 60,
            waiting_minutes: 0,
            supervisions: 7,
            peer_supervisions: 2,
            reviews: reviews_at(0),
            feedback: 2,
            open_plans: Vec::new(),
        }
    }

    fn words(snapshot: &Snapshot) -> Vec<String> {
        missing(snapshot, &Rules::default())
            .into_iter()
            .map(|it| format!("{} {}", it.rule, it.words))
            .collect()
    }

    /// Scenario 1 of the rules.
    #[test]
    fn nothing_is_missing_from_a_complete_booklet() {
        let it = complete();
        assert_eq!(
            it.items.iter().filter(|it| it.optional_group.is_none()).count(),
            20
        );
        assert_eq!(words(&it), Vec::<String>::new());
        // A day earlier five weeks are whole.
        let early = Snapshot {
            as_on: date!(2026 - 07 - 11),
            ..it
        };
        assert_eq!(words(&early), ["G-11 Placement weeks: 5 of 6."]);
    }

    /// Scenario 2 of the rules.
    #[test]
    fn what_is_missing_is_listed_in_the_words_of_the_rules_and_in_order() {
        let mut it = complete();
        for item in &mut it.items {
            let day = date!(2026 - 06 - 04);
            match item.code.as_str() {
                "2d" => item.pieces = vec![piece(Kind::WitnessStatement, day)],
                "3a" => item.pieces = vec![piece(Kind::Observation, day); 2],
                _ => continue,
            }
            item.state = State::Submitted;
        }
        it.verified_minutes = 44 * 60;
        it.waiting_minutes = 6 * 60;
        it.reviews[1].trainee_confirmed = false;
        assert_eq!(
            words(&it),
            [
                "G-01 2d Points people to local resources accurately: waiting for the assessor.",
                "G-05 2d: a witness statement cannot stand alone or be more than half of the evidence.",
                "G-01 3a Listens actively, checks understanding and leaves room for silence: waiting for the assessor.",
                "G-03 3a: evidence from different dates 1 of 2.",
                "G-10 Practice hours verified: 44.0 of 45.0. Waiting to be verified: 6.0.",
                "G-15 The mid review at Willow waits for the trainee to confirm it.",
            ]
        );
    }

    #[test]
    fn everything_is_missing_on_the_first_day() {
        let mut it = complete();
        it.as_on = date!(2026 - 06 - 01);
        it.items
            .retain(|it| ["1a", "3a", "2e", "4e"].contains(&it.code.as_str()));
        for item in &mut it.items {
            item.state = State::NotStarted;
            item.pieces.clear();
        }
        it.items[3].state = State::Submitted;
        it.reflections = vec![vec!["sharing".to_owned()]];
        (it.verified_minutes, it.supervisions, it.peer_supervisions) = (0, 1, 0);
        (it.feedback, it.reviews) = (0, Vec::new());
        it.open_plans = vec![Day(date!(2026 - 06 - 01))];
        insta::assert_snapshot!(words(&it).join("\n"));
    }

    #[test]
    fn reviews_are_held_confirmed_and_say_that_the_values_are_met() {
        let mut it = complete();
        it.placements.push(Placement {
            team: "Oak".to_owned(),
            starts_on: date!(2026 - 06 - 01),
            planned_end: date!(2026 - 06 - 20),
            ended_on: None,
        });
        // Twenty days are a short placement.
        assert_eq!(words(&it), Vec::<String>::new());
        it.placements[1].planned_end = date!(2026 - 06 - 21);
        it.reviews[0].assessor_confirmed = false;
        it.reviews[2].values_met = false;
        it.reviews.push(Review {
            placement: 1,
            kind: ReviewKind::Final,
            trainee_confirmed: false,
            assessor_confirmed: false,
            values_met: true,
        });
        assert_eq!(
            words(&it),
            [
                "G-14 The initial review at Oak has not been held.",
                "G-14 The mid review at Oak has not been held.",
                "G-15 The initial review at Willow waits for the assessor to confirm it.",
                "G-15 The final review at Oak waits for the trainee to confirm it.",
                "G-15 The final review at Oak waits for the assessor to confirm it.",
                "G-16 The final review at Willow does not say that the values are met.",
            ]
        );
    }

    #[test]
    fn each_group_of_optional_competencies_has_its_number() {
        let mut it = complete();
        it.items
            .push(item("7a", "Another", Some("research"), State::Achieved));
        it.items
            .push(item("7b", "Yet another", Some("research"), State::NotApplicable));
        assert_eq!(words(&it), ["G-06 Optional competencies achieved: 1 of 2."]);
    }

    #[test]
    fn a_snapshot_can_be_bound_and_read_again() {
        let mut it = complete();
        it.open_plans = vec![Day(date!(2026 - 07 - 01))];
        it.placements[0].ended_on = Some(date!(2026 - 07 - 12));
        it.pauses = vec![Pause {
            from: date!(2026 - 06 - 08),
            resumed_on: None,
        }];
        let content = it.content().unwrap();
        assert!(chain::canonical(&content).is_ok());
        assert_eq!(content["as_on"], "2026-07-12");
        assert_eq!(serde_json::from_value::<Snapshot>(content).unwrap(), it);
    }
}
