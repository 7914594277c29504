//! One step up or down in a waiting list: never without a reason (B-40).

use axum::extract::State;
use axum::response::{IntoResponse, Redirect, Response};
use axum_extra::routing::TypedPath;
use booking::{Change, State as Standing, allocator};
use ids::{BookingId, RunId};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::done::Done;
use super::one::people;
use super::waiting::{WaitingPath, in_order};
use super::{RunsPath, Shell, asked_by, named};
use crate::app::App;
use crate::error::Error;
use crate::forms::{AGAIN, Answer, Fields, Problem, problems};
use crate::pages::Page;
use crate::sign_in::SignedIn;

/// `/team/runs/{run}/waiting/{booking}/{way}`: the way is `up` or `down`.
#[derive(TypedPath, Deserialize)]
#[typed_path("/team/runs/{run}/waiting/{booking}/{way}")]
pub(crate) struct ReorderPath {
    run: String,
    booking: String,
    way: String,
}

impl ReorderPath {
    pub(super) fn of(run: RunId, booking: BookingId, way: &str) -> Self {
        Self {
            run: run.to_string(),
            booking: booking.to_string(),
            way: way.to_owned(),
        }
    }
}

/// A step: who goes in front of whom.
struct Step {
    run: RunId,
    /// Whom the page is about.
    who: String,
    /// The neighbour they pass.
    other: String,
    is_up: bool,
    change: Change,
}

impl Step {
    /// None if the entry, or the neighbour it would pass, is gone meanwhile.
    async fn of(app: &App, path: &ReorderPath) -> Result<Option<Self>, Error> {
        let run = named(app, &path.run).await?.dates.id;
        let is_up = match path.way.as_str() {
            "up" => true,
            "down" => false,
            _ => return Err(Error::NotFound),
        };
        let id = Uuid::parse_str(&path.booking).map(BookingId);
        let id = id.map_err(|_| Error::NotFound)?;
        let snapshot = allocator::snapshot(app.reader(), run)
            .await?
            .ok_or(Error::NotFound)?;
        let mut line = in_order(&snapshot);
        line.retain(|it| it.state == Standing::Waiting);
        let Some(at) = line.iter().position(|it| it.id == id) else {
            return Ok(None);
        };
        let next = if is_up {
            at.checked_sub(1)
        } else {
            at.checked_add(1)
        };
        let (Some(entry), Some(other)) = (line.get(at), next.and_then(|it| line.get(it))) else {
            return Ok(None);
        };
        let people = people(app, [entry.person, other.person]).await?;
        let name = |id| {
            people
                .get(&id)
                .map_or_else(|| "Somebody".to_owned(), |it| it.full_name.clone())
        };
        let (booking, ahead_of) = if is_up { (id, other.id) } else { (other.id, id) };
        Ok(Some(Self {
            run,
            who: name(entry.person),
            other: name(other.person),
            is_up,
            change: Change::Reorder { booking, ahead_of },
        }))
    }
}

pub(super) async fn ask(path: ReorderPath, State(app): State<App>, me: SignedIn) -> Result<Response, Error> {
    let Some(step) = Step::of(&app, &path).await? else {
        return back(&app, &path).await;
    };
    let dress = (app.secrets().op(), Shell::of(&app, &me, RunsPath::PATH).await?);
    app.page(&ReorderPage::of(&step, &path, Answer::default(), dress))
        .await
}

async fn back(app: &App, path: &ReorderPath) -> Result<Response, Error> {
    let run = named(app, &path.run).await?.dates.id;
    Ok(Redirect::to(&WaitingPath::of(run).to_string()).into_response())
}

pub(super) async fn answer(
    path: ReorderPath,
    State(app): State<App>,
    me: SignedIn,
    mut fields: Fields,
) -> Result<Response, Error> {
    let Some(step) = Step::of(&app, &path).await? else {
        return back(&app, &path).await;
    };
    let op = fields.op()?;
    let (ahead, mut reason) = (fields.line("ahead")?, Answer::new(fields.line("reason")?));
    fields.done()?;
    if reason.value.is_empty() {
        reason.refuse("Enter the reason");
    }
    reason.at_most(300, "The reason");
    if reason.is_wrong() {
        let dress = (app.secrets().op(), Shell::of(&app, &me, RunsPath::PATH).await?);
        return app
            .page_with(AGAIN, &ReorderPage::of(&step, &path, reason, dress))
            .await;
    }
    let (op, content, run) = (op.as_deref(), fields.content(), step.run);
    // The page was about these two: a repeat must not go one step more.
    let still = ahead == ahead_of(&step.change);
    let asked = &asked_by(&me, step.change.clone(), Some(reason.value));
    let path = app
        .change(|work| async move {
            let act = async {
                if still {
                    work.allocate(run, asked.clone()).await?;
                }
                Ok(Done::Reordered.at(&WaitingPath::of(run)))
            };
            work.once(op, content, act).await
        })
        .await?;
    Ok(Redirect::to(&path).into_response())
}

/// Whom the entry that moves is put in front of.
fn ahead_of(change: &Change) -> String {
    if let Change::Reorder { booking, ahead_of } = change {
        format!("{booking} {ahead_of}")
    } else {
        String::new()
    }
}

/// The question.
#[derive(Clone, Debug, Serialize)]
struct ReorderPage {
    heading: String,
    lead: String,
    button: &'static str,
    ahead: String,
    reason: Answer,
    errors: Vec<Problem>,
    action: String,
    back_url: String,
    op: String,
    shell: Shell,
}

impl ReorderPage {
    fn of(step: &Step, path: &ReorderPath, reason: Answer, (op, shell): (String, Shell)) -> Self {
        let (way, side, button) = if step.is_up {
            ("up", "in front of", "Move up")
        } else {
            ("down", "behind", "Move down")
        };
        Self {
            heading: format!("Move {} {way}", step.who),
            lead: format!("{} will stand {side} {}.", step.who, step.other),
            button,
            ahead: ahead_of(&step.change),
            errors: problems([("reason", &reason)]),
            reason,
            action: path.to_string(),
            back_url: WaitingPath::of(step.run).to_string(),
            op,
            shell,
        }
    }
}

impl Page for ReorderPage {
    const TEMPLATE: &'static str = "pages/staff/runs/reorder.html";

    #[cfg(test)]
    fn samples() -> Vec<Self> {
        let id = |number| BookingId(Uuid::from_u128(number));
        let run = RunId(Uuid::from_u128(7));
        let page = |is_up, reason| {
            let step = Step {
                run,
                who: "Sam Sorrel".to_owned(),
                other: "Lee Larch".to_owned(),
                is_up,
                change: Change::Reorder {
                    booking: id(1),
                    ahead_of: id(2),
                },
            };
            let path = ReorderPath::of(run, id(1), "up");
            Self::of(&step, &path, reason, ("0".repeat(32), Shell::sample()))
        };
        let mut missing = Answer::default();
        missing.refuse("Enter the reason");
        vec![
            page(true, Answer::default()),
            page(false, Answer::default()),
            page(true, missing),
        ]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pages_hold() {
        crate::pages_test::check::<ReorderPage>();
    }
}
