//! What an act makes of a booklet: pure, but for the salts that it is given.

use chain::event::{Item as BoundItem, Role, Shown, Version, What};
use chain::{Digest, Salt, commitment};
use ids::ItemId;
use serde_json::Value;

use super::load::{Item, Loaded};
use super::{Act, Asked, Dice, Moment, NotRecorded, Seen};
use crate::booklet::{self, Opening};
use crate::complete::{self, Gap};
use crate::error::{Error, Refusal};
use crate::item::{self, Around};
use crate::words::{self, Words};

/// What is to be written.
pub(super) struct Applied {
    pub(super) role: Role,
    pub(super) booklet: booklet::State,
    pub(super) item: Option<(ItemId, item::Item)>,
    pub(super) rating: Ratings,
    /// What the chain says; nothing for what is no event.
    pub(super) what: Option<What>,
    /// What it binds.
    pub(super) bound: Vec<(Digest, Salt, Value)>,
}

/// How the trainee and the assessor see it, where they say so; side by side, never averaged (C-13).
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Ratings {
    pub(super) own: Option<u8>,
    pub(super) assessor: Option<u8>,
}

pub(super) fn apply(
    loaded: &Loaded,
    moment: &Moment<'_>,
    dice: &Dice<'_>,
    asked: &Asked,
) -> Result<Applied, NotRecorded> {
    let role = asked.act.role();
    may(loaded, moment, asked, role)?;
    if let Some(seen) = asked.act.seen() {
        as_shown(loaded, seen)?;
    }
    let applied = Applied {
        role,
        booklet: loaded.state,
        item: None,
        rating: Ratings::default(),
        what: None,
        bound: Vec::new(),
    };
    match &asked.act {
        Act::Open {
            process,
            sharing,
            declaration,
        } => {
            let ticks = (*process, *sharing);
            open(loaded, moment, dice, ticks, declaration, applied)
        }
        Act::Start { item } => {
            let after = moved(loaded, item.item, item::Event::Start, role)?;
            Ok(Applied {
                item: Some((item.item, after)),
                ..applied
            })
        }
        Act::Submit { item, self_rating } => submit(loaded, item.item, *self_rating, applied),
        Act::Achieve { item, rating, words } => {
            let ratings = (Some(*rating), words.as_ref());
            decide(loaded, dice, item.item, item::Event::Achieved, ratings, applied)
        }
        Act::Return { item, rating, words } => {
            let ratings = (*rating, Some(words));
            decide(loaded, dice, item.item, item::Event::Returned, ratings, applied)
        }
    }
}

/// Who may, checked by person (C-19 to C-22).
fn may(loaded: &Loaded, moment: &Moment<'_>, asked: &Asked, role: Role) -> Result<(), Refusal> {
    if role == Role::Assessor {
        loaded
            .signers
            .may_assess(asked.person, moment.today, moment.settings)
    } else if asked.person == loaded.trainee {
        Ok(())
    } else {
        Err(Refusal::NotTheirs)
    }
}

/// What changed since it was shown is not decided (C-25).
fn as_shown(loaded: &Loaded, seen: Seen) -> Result<(), Refusal> {
    let it = loaded.item(seen.item)?;
    if (it.now.state, it.lock_version) == (seen.state, seen.lock_version) {
        Ok(())
    } else {
        Err(Refusal::Stale)
    }
}

fn moved(loaded: &Loaded, id: ItemId, event: item::Event, by: Role) -> Result<item::Item, Refusal> {
    let it = loaded.item(id)?;
    let around = Around {
        booklet: loaded.state,
        required: it.required,
        // Reviews come through this door with a later act; until then none was held.
        final_review_held: false,
        rules: &loaded.template.rules,
    };
    it.now.after(event, by, &around)
}

fn open(
    loaded: &Loaded,
    moment: &Moment<'_>,
    dice: &Dice<'_>,
    (process, sharing): (bool, bool),
    declaration: &str,
    applied: Applied,
) -> Result<Applied, NotRecorded> {
    let to = booklet::transition(loaded.state, booklet::Event::Opened, applied.role)?;
    booklet::may_open(Opening {
        assessor: loaded.signers.assessor(moment.today).is_some(),
        line_supervisor: loaded.line_supervisor,
        process,
        sharing,
    })?;
    let content = Words::Text(declaration.to_owned()).content();
    let (words, bound) = bind(dice, content)?;
    let framework = &loaded.framework;
    let what = What::Opened {
        trainee: loaded.trainee.0,
        framework: Version {
            code: framework.framework.code.clone(),
            version: framework.framework.version.clone(),
            sha256: framework.sha256,
        },
        template: Version {
            code: loaded.template.code.clone(),
            version: loaded.template.version.clone(),
            sha256: loaded.template.sha256,
        },
        words,
    };
    Ok(Applied {
        booklet: to,
        what: Some(what),
        bound: vec![bound],
        ..applied
    })
}

fn submit(
    loaded: &Loaded,
    id: ItemId,
    self_rating: Option<u8>,
    applied: Applied,
) -> Result<Applied, NotRecorded> {
    let after = moved(loaded, id, item::Event::Submitted, applied.role)?;
    rated(self_rating)?;
    let it = loaded.item(id)?;
    if it.pieces.is_empty() {
        return Err(Refusal::NoEvidence.into());
    }
    let mut shown = shown(it);
    shown.self_rating = self_rating.or(shown.self_rating);
    Ok(Applied {
        item: Some((id, after)),
        rating: Ratings {
            own: self_rating,
            assessor: None,
        },
        what: Some(What::Submitted { shown }),
        ..applied
    })
}

fn decide(
    loaded: &Loaded,
    dice: &Dice<'_>,
    id: ItemId,
    event: item::Event,
    (rating, words): (Option<u8>, Option<&Words>),
    applied: Applied,
) -> Result<Applied, NotRecorded> {
    let after = moved(loaded, id, event, applied.role)?;
    rated(rating)?;
    let (it, rules) = (loaded.item(id)?, &loaded.template.rules);
    let mut bound = Vec::new();
    let mut commit = |words: &Words| -> Result<Digest, Error> {
        let (commitment, content) = bind(dice, words.content())?;
        bound.push(content);
        Ok(commitment)
    };
    let shown = shown(it);
    let what = if event == item::Event::Achieved {
        let gaps = lacking(it, loaded);
        if !gaps.is_empty() {
            return Err(NotRecorded::Lacking(gaps));
        }
        What::Achieved {
            shown,
            rating: rating.ok_or(Refusal::Rating)?,
            words: words.map(&mut commit).transpose()?,
        }
    } else {
        words::steps(words, rules)?;
        What::Returned {
            shown,
            rating,
            words: commit(words.ok_or(Refusal::Words)?)?,
        }
    };
    Ok(Applied {
        item: Some((id, after)),
        rating: Ratings {
            own: None,
            assessor: rating,
        },
        what: Some(what),
        bound,
        ..applied
    })
}

/// In what the pieces of an item fall short, in the words of the list of what is missing (C-02).
fn lacking(it: &Item, loaded: &Loaded) -> Vec<Gap> {
    let item = complete::Item {
        code: it.code.clone(),
        title: it.title.clone(),
        optional_group: None,
        demand: it.demand.clone(),
        state: it.now.state,
        pieces: it.pieces.iter().map(|(_, piece)| *piece).collect(),
    };
    complete::lacking(&item, &loaded.template.rules)
}

fn rated(it: Option<u8>) -> Result<(), Refusal> {
    if it.is_none_or(|it| (1..=4).contains(&it)) {
        Ok(())
    } else {
        Err(Refusal::Rating)
    }
}

fn shown(it: &Item) -> Shown {
    Shown {
        item: BoundItem {
            code: it.code.clone(),
            sha256: it.sha256,
        },
        attempt: it.now.attempt,
        evidence: it.pieces.iter().map(|(bound, _)| *bound).collect(),
        self_rating: it.self_rating,
    }
}

fn bind(dice: &Dice<'_>, content: Value) -> Result<(Digest, (Digest, Salt, Value)), Error> {
    let salt = (dice.salt)();
    let it = commitment(&salt, &content)?;
    Ok((it, (it, salt, content)))
}
