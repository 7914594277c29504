//! Two records side by side, and the question whether they are one person (B-25 to B-27). Nothing is chosen
//! beforehand.

use axum::extract::{Query, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Redirect, Response};
use axum_extra::routing::TypedPath;
use booking::{Actor, Refusal, calendar};
use ids::PersonId;
use sea_orm::{ColumnTrait, ConnectionTrait, EntityTrait, QueryFilter, QueryOrder, QuerySelect};
use serde::{Deserialize, Serialize};

use super::one::{Line, facts, lines};
use super::{MergePath, PeoplePath, PersonPath, Step, address, named};
use crate::app::App;
use crate::entity::team_task;
use crate::error::Error;
use crate::forms::{AGAIN, Answer, Fields, Problem, problems};
use crate::pages::Page;
use crate::people::matching::by_age;
use crate::people::merge::{InTheWay, Pair, foresee, merge};
use crate::people::{self, Person, accounts, duplicates};
use crate::public::manage::{CHOOSE_ONE, Choice, Row};
use crate::sign_in::SignedIn;
use crate::staff::Shell;
use crate::staff::bookings::is_own;
use crate::tasks::TaskKind;
use crate::words;

/// The most pairs that the list shows; the rest follow when these are done.
const PAIRS: u64 = 25;
/// The answer that makes nobody one.
const TWO: &str = "two";

/// The two records.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Asked {
    one: String,
    other: String,
}

pub(super) async fn ask(
    _: MergePath,
    State(app): State<App>,
    me: SignedIn,
    Query(asked): Query<Asked>,
) -> Result<Response, Error> {
    if asked.one.is_empty() && asked.other.is_empty() {
        let pairs = pairs(app.reader()).await?;
        let shell = Shell::of(&app, &me, PeoplePath::PATH).await?;
        return app.page(&PairsPage::of(pairs, shell)).await;
    }
    let both = Both::open(&app, &me, &asked).await?;
    for it in [&both.one, &both.other] {
        let about = ("person", it.person.id.to_string());
        app.note_opened(me.person, about, it.person.id).await?;
    }
    app.page(&BothPage::load(&app, &me, both, Answer::default()).await?)
        .await
}

pub(super) async fn answer(
    _: MergePath,
    State(app): State<App>,
    me: SignedIn,
    mut fields: Fields,
) -> Result<Response, Error> {
    let asked = Asked {
        one: fields.line("one")?,
        other: fields.line("other")?,
    };
    let (op, mut choice) = (fields.op()?, Answer::new(fields.line("answer")?));
    fields.done()?;
    let both = Both::open(&app, &me, &asked).await?;
    let ids = [both.one.person.id, both.other.person.id];
    let keep = ids.into_iter().find(|it| it.to_string() == choice.value);
    if keep.is_none() && choice.value != TWO {
        choice = Answer::default();
        choice.refuse(CHOOSE_ONE);
        let page = BothPage::load(&app, &me, both, choice).await?;
        return app.page_with(AGAIN, &page).await;
    }
    let (op, content, by) = (op.as_deref(), fields.content(), me.person);
    let done = app
        .change(async |work| work.once(op, content, decide(&work, ids, keep, by)).await)
        .await;
    match done {
        Ok(path) => Ok(Redirect::to(&path).into_response()),
        Err(Error::Refused(Refusal::OtherBooking)) => {
            let page = BothPage::load(&app, &me, both, Answer::default()).await?;
            app.page_with(StatusCode::CONFLICT, &page).await
        }
        Err(error) => Err(error),
    }
}

/// Makes them one, or notes that they are two; where to go then.
async fn decide(
    work: &crate::work::Work,
    [one, other]: [PersonId; 2],
    keep: Option<PersonId>,
    by: PersonId,
) -> Result<String, Error> {
    let Some(keep) = keep else {
        duplicates::tell_apart(work, one, other).await?;
        return Ok(PersonPath::of(one));
    };
    let goes = if keep == one { other } else { one };
    let stays = merge(work, keep, goes, Actor::Team(Some(by))).await?;
    Ok(PersonPath::of(stays))
}

/// One of two records.
#[derive(Clone, Debug)]
struct Side {
    person: Person,
    bookings: Vec<Line>,
    has_account: bool,
}

/// Two records, the older one first.
#[derive(Clone, Debug)]
struct Both {
    one: Side,
    other: Side,
    in_the_way: Option<InTheWay>,
    /// What becomes of two bookings on one run.
    ends: Vec<String>,
}

impl Both {
    /// Two different records that stand for themselves. Nobody decides about their own (T-08).
    async fn open(app: &App, me: &SignedIn, asked: &Asked) -> Result<Self, Error> {
        let db = app.reader();
        let (a, b) = (named(db, &asked.one).await?, named(db, &asked.other).await?);
        let is_part = a.merged_into.is_some() || b.merged_into.is_some();
        if a.id == b.id || is_part || is_own(me, &a) || is_own(me, &b) {
            return Err(Error::NotFound);
        }
        let (one, other) = if by_age(&a, &b).0 == a.id { (a, b) } else { (b, a) };
        let (in_the_way, pairs) = foresee(db, app.now(), one.id, other.id).await?;
        let mut ends = Vec::new();
        for it in &pairs {
            ends.push(said(db, it, &[&one, &other]).await?);
        }
        Ok(Self {
            one: side(db, one).await?,
            other: side(db, other).await?,
            in_the_way,
            ends,
        })
    }
}

async fn side(db: &impl ConnectionTrait, person: Person) -> Result<Side, Error> {
    Ok(Side {
        bookings: lines(db, person.id).await?,
        has_account: accounts::has_one(db, person.id).await?,
        person,
    })
}

/// "For Tuesday 8 ..., booking 4827 KX stays. Booking 0031 TA ends, and we tell ...".
async fn said(db: &impl ConnectionTrait, (stays, ends): &Pair, people: &[&Person]) -> Result<String, Error> {
    let run = calendar::run_dates(db, stays.run).await?.ok_or(Error::NotFound)?;
    let owner = people.iter().find(|it| it.id == ends.person);
    let told = owner.and_then(|it| it.usable_email()).map_or_else(
        || "you will find a task to tell them".to_owned(),
        |it| format!("we write to {it}"),
    );
    let (kept, ended) = (&stays.reference, &ends.reference);
    Ok(format!(
        "{}: booking {kept} stays. Booking {ended} ends, its place goes to the next person, and {told}.",
        words::dates(&run.sessions)
    ))
}

/// Pairs that the team was asked to look at.
async fn pairs(db: &impl ConnectionTrait) -> Result<Vec<Step>, Error> {
    let open = team_task::Entity::find()
        .filter(team_task::Column::Kind.eq(TaskKind::PossibleDuplicate.name()))
        .filter(team_task::Column::State.eq("open"))
        .order_by_asc(team_task::Column::Due)
        .order_by_asc(team_task::Column::Id)
        .limit(PAIRS);
    let mut pairs = Vec::new();
    for task in open.all(db).await? {
        let other = uuid::Uuid::parse_str(&task.occasion).map(PersonId);
        let (Some(one), Ok(other)) = (people::find(db, PersonId(task.about)).await?, other) else {
            continue;
        };
        if let Some(other) = people::find(db, other).await? {
            pairs.push(Step {
                text: format!("{}: {} and {}", one.full_name, address(&one), address(&other)),
                href: MergePath::of(one.id, other.id),
            });
        }
    }
    Ok(pairs)
}

/// The pairs to look at.
#[derive(Clone, Debug, Serialize)]
struct PairsPage {
    list_url: &'static str,
    pairs: Vec<Step>,
    shell: Shell,
}

impl PairsPage {
    fn of(pairs: Vec<Step>, shell: Shell) -> Self {
        Self {
            list_url: PeoplePath::PATH,
            pairs,
            shell,
        }
    }
}

/// One record as the page shows it.
#[derive(Clone, Debug, Serialize)]
struct Shown {
    heading: &'static str,
    rows: Vec<Row>,
    bookings: Vec<Line>,
}

/// Two records and the question.
#[derive(Clone, Debug, Serialize)]
struct BothPage {
    list_url: &'static str,
    errors: Vec<Problem>,
    notice: &'static str,
    sides: [Shown; 2],
    ends: Vec<String>,
    choices: Vec<Choice>,
    answer: Answer,
    one: String,
    other: String,
    action: &'static str,
    op: String,
    shell: Shell,
}

impl BothPage {
    async fn load(app: &App, me: &SignedIn, both: Both, answer: Answer) -> Result<Self, Error> {
        let shell = Shell::of(app, me, PeoplePath::PATH).await?;
        Ok(Self::of(both, answer, app.secrets().op(), shell))
    }

    fn of(both: Both, answer: Answer, op: String, shell: Shell) -> Self {
        let (one, other) = (both.one.person.id.to_string(), both.other.person.id.to_string());
        let mut choices = vec![
            Choice::new(
                one.clone(),
                "Yes. Keep the name and contact details of the first record",
            ),
            Choice::new(
                other.clone(),
                "Yes. Keep the name and contact details of the second record",
            ),
        ];
        if both.in_the_way.is_some() {
            choices.clear();
        }
        choices.push(Choice::new(TWO, "No, they are two people"));
        let shown = |heading, it: Side| Shown {
            heading,
            rows: facts(&it.person, it.has_account),
            bookings: it.bookings,
        };
        Self {
            list_url: PeoplePath::PATH,
            errors: problems([("answer", &answer)]),
            notice: match both.in_the_way {
                None => "",
                Some(InTheWay::TwoAccounts) => {
                    "Somebody logs in with each of these records. They cannot be made one."
                }
                Some(InTheWay::OtherDates) => {
                    "They have bookings for different dates of one course. Ask which they want, and move or cancel the other one first."
                }
            },
            sides: [
                shown("First record", both.one),
                shown("Second record", both.other),
            ],
            ends: both.ends,
            choices,
            answer,
            one,
            other,
            action: MergePath::PATH,
            op,
            shell,
        }
    }
}

impl Page for PairsPage {
    const TEMPLATE: &'static str = "pages/staff/people/pairs.html";

    #[cfg(test)]
    fn samples() -> Vec<Self> {
        let pair = Step {
            text: "Sam Taylor: sam@example.com (confirmed) and None".to_owned(),
            href: "/team/people/merge?one=1&other=2".to_owned(),
        };
        vec![
            Self::of(vec![pair], Shell::sample()),
            Self::of(Vec::new(), Shell::sample()),
        ]
    }
}

impl Page for BothPage {
    const TEMPLATE: &'static str = "pages/staff/people/merge.html";

    #[cfg(test)]
    fn samples() -> Vec<Self> {
        let held = crate::public::manage::tests::held(booking::State::Booked, true);
        let side = |n: u128, bookings: Vec<Line>| Side {
            person: Person {
                id: PersonId(uuid::Uuid::from_u128(n)),
                ..held.person.clone()
            },
            bookings,
            has_account: n == 2,
        };
        let line = || vec![Line::of(&held.record, &held.run)];
        let both = |in_the_way, ends: &[&str]| Both {
            one: side(1, line()),
            other: side(2, Vec::new()),
            in_the_way,
            ends: ends.iter().map(|it| (*it).to_owned()).collect(),
        };
        let page = |it, answer| Self::of(it, answer, "0".repeat(32), Shell::sample());
        let mut unsaid = Answer::default();
        unsaid.refuse(CHOOSE_ONE);
        let ends = ["Tuesday 8 June 2027: booking 4827 KX stays. Booking 0031 TA ends."];
        vec![
            page(both(None, &[]), Answer::default()),
            page(both(None, &ends), unsaid),
            page(both(Some(InTheWay::OtherDates), &[]), Answer::default()),
            page(both(Some(InTheWay::TwoAccounts), &[]), Answer::default()),
        ]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pages_hold() {
        crate::pages_test::check::<PairsPage>();
        crate::pages_test::check::<BothPage>();
    }
}
