//! What may be shown of the answers (B-80): in groups, and once nobody can answer any more.

use std::collections::BTreeMap;

use ids::{CourseId, CourseVersionId, Ts};
use sea_orm::{ColumnTrait, ConnectionTrait, EntityTrait, QueryFilter};

use super::{Asking, Phase, Ratings, Tally, asking, outcomes_of, tally};
use crate::calendar::{self, Outcome, rules};
use crate::entity::{course_version as v, evaluation as row, run as r};
use crate::error::Error;
use crate::settings::Settings;

/// The sums that may be shown, of sums in the order in which their dates ended: always so many together that
/// at least `least` people answered. Whoever looks before and after a group was added learns the sum of the
/// group, and never of fewer people.
pub fn released(least: i64, ended: &[Tally]) -> Tally {
    let (mut shown, mut group) = (Tally::default(), Tally::default());
    for it in ended {
        group = group.and(it);
        if i64::from(group.answers) >= least {
            shown = shown.and(&group);
            group = Tally::default();
        }
    }
    shown
}

/// One outcome, and how confident people were.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Asked {
    /// The outcome.
    pub text: String,
    /// Before the course; nothing if too few said so.
    pub before: Option<Ratings>,
    /// After it.
    pub after: Option<Ratings>,
}

/// What may be shown.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Results {
    /// The outcomes, in the order of the newest version.
    pub asked: Vec<Asked>,
    /// How many answered before, as far as that is shown.
    pub before: u32,
    /// How many answered after.
    pub after: u32,
    /// By question and answer; only questions that enough people answered.
    pub choices: BTreeMap<String, BTreeMap<String, u32>>,
    /// By question.
    pub words: BTreeMap<String, Vec<String>>,
}

/// What may be shown of a course, for dates that began in a year.
pub async fn results(
    db: &impl ConnectionTrait,
    course: CourseId,
    year: i32,
    now: Ts,
) -> Result<Results, Error> {
    let (settings, _) = rules(db).await?;
    let versions = versions(db, course).await?;
    let mut sums: BTreeMap<Phase, Vec<Tally>> = BTreeMap::new();
    let rows = r::Entity::find()
        .filter(r::Column::Course.eq(course))
        .all(db)
        .await?;
    let of: BTreeMap<_, _> = rows.iter().map(|it| (it.id, it.course_version)).collect();
    let mut runs = calendar::dated(db, rows).await?;
    runs.retain(|it| {
        let begins = it.sessions.first().is_some_and(|it| it.date.year() == year);
        begins && asking(&settings, now, &it.sessions) == Asking::Over
    });
    runs.sort_by_key(|it| (it.sessions.last().map(|it| it.ends_at), it.id));
    let all = row::Entity::find().filter(row::Column::Run.is_in(runs.iter().map(|it| it.id)));
    let all = all.all(db).await?;
    for run in &runs {
        let version = of.get(&run.id).and_then(|it| versions.get(it));
        for phase in [Phase::Before, Phase::After] {
            let of_run = |it: &&row::Model| it.run == run.id && it.phase == phase.name();
            if let Some(found) = all.iter().find(of_run) {
                sums.entry(phase)
                    .or_default()
                    .push(by_text(tally(found)?, version));
            }
        }
    }
    let shown = |phase| {
        let of_phase = sums.get(&phase).map_or(&[][..], Vec::as_slice);
        released(settings.evaluation_min_shown, of_phase)
    };
    let newest = versions.values().max_by_key(|it| it.0).map(|it| it.1.as_slice());
    Ok(together(
        &settings,
        newest.unwrap_or_default(),
        &shown(Phase::Before),
        &shown(Phase::After),
    ))
}

type Versions = BTreeMap<CourseVersionId, (i32, Vec<Outcome>)>;

async fn versions(db: &impl ConnectionTrait, course: CourseId) -> Result<Versions, Error> {
    let rows = v::Entity::find()
        .filter(v::Column::Course.eq(course))
        .all(db)
        .await?;
    let each = rows.iter().map(|it| Ok((it.id, (it.number, outcomes_of(it)?))));
    each.collect()
}

/// Sums under the words of their outcomes: another version may mean something else by the same code.
fn by_text(mut it: Tally, version: Option<&(i32, Vec<Outcome>)>) -> Tally {
    let outcomes = version.map_or(&[][..], |it| it.1.as_slice());
    let text = |code: &str| {
        outcomes
            .iter()
            .find(|it| it.code == code)
            .map(|it| it.text.clone())
    };
    it.ratings = std::mem::take(&mut it.ratings)
        .into_iter()
        .filter_map(|(code, sums)| Some((text(&code)?, sums)))
        .collect();
    it
}

/// Both phases side by side. A question that fewer people answered than may be shown stays hidden.
fn together(settings: &Settings, newest: &[Outcome], before: &Tally, after: &Tally) -> Results {
    let are_enough = |it: u32| i64::from(it) >= settings.evaluation_min_shown;
    let enough = |sums: Option<&Ratings>| sums.copied().filter(|it| are_enough(it.iter().sum()));
    let mut texts: Vec<String> = newest.iter().map(|it| it.text.clone()).collect();
    for text in before.ratings.keys().chain(after.ratings.keys()) {
        if !texts.contains(text) {
            texts.push(text.clone());
        }
    }
    let asked = texts.into_iter().map(|text| Asked {
        before: enough(before.ratings.get(&text)),
        after: enough(after.ratings.get(&text)),
        text,
    });
    let shown = asked.filter(|it| it.before.is_some() || it.after.is_some());
    let mut choices = after.choices.clone();
    choices.retain(|_, answers| are_enough(answers.values().sum()));
    Results {
        asked: shown.collect(),
        before: before.answers,
        after: after.answers,
        choices,
        words: after.words.clone(),
    }
}

#[cfg(test)]
mod tests {
    use super::super::tests::answers;
    use super::*;

    fn several(n: u32, number: u8) -> Tally {
        (0..n).fold(Tally::default(), |sums, _| sums.with(&answers(number, "Good")))
    }

    #[test]
    fn answers_are_shown_in_groups_of_at_least_five() {
        let shown = |sizes: &[u32]| {
            let ended: Vec<Tally> = sizes.iter().map(|n| several(*n, 4)).collect();
            released(5, &ended).answers
        };
        assert_eq!(shown(&[]), 0);
        assert_eq!(shown(&[4]), 0);
        assert_eq!(shown(&[5]), 5);
        // One more answer would tell itself: it waits for others.
        assert_eq!(shown(&[5, 1]), 5);
        assert_eq!(shown(&[5, 1, 3]), 5);
        assert_eq!(shown(&[5, 1, 3, 1]), 10);
        assert_eq!(shown(&[2, 2, 12, 4]), 16);
    }

    #[test]
    fn a_question_that_few_answered_stays_hidden() {
        let outcome = |code: &str, text: &str| Outcome {
            code: code.to_owned(),
            text: text.to_owned(),
            confidence_question: String::new(),
        };
        let newest = [outcome("LO1", "Say what it is"), outcome("LO2", "Explain it")];
        let version = (1, newest.to_vec());
        let before = by_text(several(5, 2), Some(&version));
        let mut after = several(6, 4);
        after.ratings.insert("LO2".to_owned(), [0, 0, 0, 0, 4]);
        after.ratings.insert("LO9".to_owned(), [9, 0, 0, 0, 0]);
        let found = together(
            &Settings::default(),
            &newest,
            &before,
            &by_text(after, Some(&version)),
        );
        let only = Asked {
            text: "Say what it is".to_owned(),
            before: Some([0, 5, 0, 0, 0]),
            after: Some([0, 0, 0, 6, 0]),
        };
        assert_eq!(found.asked, [only]);
        assert_eq!((found.before, found.after), (5, 6));
    }
}
