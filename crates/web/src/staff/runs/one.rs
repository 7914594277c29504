//! One date: its days, its places, who waits, who teaches it, and what is missing.

use axum::extract::{Query, State};
use axum::response::Response;
use axum_extra::routing::TypedPath;
use booking::allocator;
use booking::calendar::{self, DatesRefused, Vouched};
use booking::plan::{self, Numbers, Plan, Warning};
use booking::snapshot::RunState;
use sea_orm::{ColumnTrait, EntityTrait, QueryFilter};
use serde::Serialize;
use std::collections::BTreeMap;

use ids::{PersonId, Ts};

use super::add::CopyPath;
use super::cancel::{CancelPath, can_be_cancelled};
#[cfg(test)]
use super::done::Done;
use super::done::Seen;
use super::edit::EditPath;
use super::publish::PublishPath;
use super::review::{ReviewPath, can_be_reviewed};
use super::waiting::WaitingPath;
use super::{OnePath, RunsPath, Shell, named, said};
use crate::app::App;
use crate::entity::person;
use crate::error::Error;
use crate::needs;
use crate::pages::Page;
use crate::people::Person;
use crate::public::courses::RunPath;
use crate::sign_in::SignedIn;
use crate::words;

pub(super) async fn show(
    OnePath { run }: OnePath,
    State(app): State<App>,
    me: SignedIn,
    Query(seen): Query<Seen>,
) -> Result<Response, Error> {
    let plan = named(&app, &run).await?;
    let about = About::load(&app, plan).await?;
    let shell = Shell::of(&app, &me, RunsPath::PATH).await?;
    let page = OnePage::of(&about, app.now(), shell);
    let done = seen.words();
    app.page(&OnePage { done, ..page }).await
}

/// A date with everything that its page says.
pub(super) struct About {
    pub plan: Plan,
    told: Option<booking::Availability>,
    pub numbers: Numbers,
    /// How many things that help people are still to be arranged (B-88).
    to_arrange: usize,
    pub names: BTreeMap<PersonId, String>,
    pub missing: Vec<DatesRefused>,
    pub warnings: Vec<String>,
}

impl About {
    pub(super) async fn load(app: &App, plan: Plan) -> Result<Self, Error> {
        let (db, id) = (app.reader(), plan.dates.id);
        let snapshot = allocator::snapshot(db, id).await?.ok_or(Error::NotFound)?;
        let mut numbers = plan::numbers(db).await?;
        let teach = plan.facilitators.iter().map(|it| it.person);
        let names = names(app, teach.chain(plan.minutes_ack_by)).await?;
        let missing = match plan.state {
            RunState::Draft => calendar::missing(db, app.now(), id, &Vouched::default()).await?,
            RunState::Published | RunState::Cancelled => Vec::new(),
        };
        Ok(Self {
            told: (plan.state != RunState::Draft).then(|| snapshot.availability(app.now())),
            numbers: numbers.remove(&id).unwrap_or_default(),
            to_arrange: needs::open_of_run(db, id).await?.len(),
            warnings: warnings(app, &plan, &names).await?,
            names,
            missing,
            plan,
        })
    }

    #[cfg(test)]
    pub(super) fn sample(plan: Plan, missing: Vec<DatesRefused>) -> Self {
        use super::sample;
        let names = [
            (sample::person(1), "Sam Sorrel"),
            (sample::person(2), "Lee Larch"),
        ];
        Self {
            plan,
            told: None,
            numbers: Numbers::default(),
            to_arrange: 0,
            names: names.map(|(id, name)| (id, name.to_owned())).into(),
            missing,
            warnings: Vec::new(),
        }
    }

    pub(super) fn name(&self, of: PersonId) -> String {
        self.names
            .get(&of)
            .cloned()
            .unwrap_or_else(|| "Somebody".to_owned())
    }
}

/// The full names of these people.
pub(super) async fn names(
    app: &App,
    of: impl IntoIterator<Item = PersonId>,
) -> Result<BTreeMap<PersonId, String>, Error> {
    let found = people(app, of).await?;
    Ok(found.into_iter().map(|(id, it)| (id, it.full_name)).collect())
}

/// These people.
pub(super) async fn people(
    app: &App,
    of: impl IntoIterator<Item = PersonId>,
) -> Result<BTreeMap<PersonId, Person>, Error> {
    let found = person::Entity::find()
        .filter(person::Column::Id.is_in(of))
        .all(app.reader())
        .await?;
    Ok(found.into_iter().map(|it| (it.id, it)).collect())
}

/// What to look at twice, in words.
async fn warnings(app: &App, plan: &Plan, names: &BTreeMap<PersonId, String>) -> Result<Vec<String>, Error> {
    let mut said = Vec::new();
    let is_asked = |it: &Warning| {
        let minutes = matches!(it, Warning::Minutes { .. });
        minutes && plan.state == RunState::Draft && plan.minutes_ack_by.is_none()
    };
    let mut all = plan::warnings(app.reader(), plan).await?;
    // A draft lacks somebody's word for it: that is said where it says what is missing.
    all.retain(|it| !is_asked(it));
    for it in all {
        said.push(match it {
            Warning::TeachesTwice { person, other } => {
                let other = calendar::run_dates(app.reader(), other).await?;
                let dates = other.map(|it| words::dates(&it.sessions)).unwrap_or_default();
                let name = names.get(&person).map_or("Somebody", String::as_str);
                format!("{name} also teaches {dates}, at the same time.")
            }
            Warning::BankHoliday { day, name } => {
                format!("{} is a bank holiday: {name}.", words::date(day))
            }
            Warning::Minutes { given, planned } => {
                let by = plan.minutes_ack_by.and_then(|it| names.get(&it));
                let meant = by.map(|it| format!(" {it} says that this is meant."));
                format!(
                    "There are {given} minutes of teaching, and the course plans {planned}.{}",
                    meant.unwrap_or_default()
                )
            }
        });
    }
    Ok(said)
}

/// A name and what there is to say.
#[derive(Clone, Debug, Serialize)]
pub(super) struct Row {
    key: &'static str,
    lines: Vec<String>,
}

pub(super) fn row(key: &'static str, lines: impl IntoIterator<Item = String>) -> Row {
    Row {
        key,
        lines: lines.into_iter().collect(),
    }
}

/// One date.
#[derive(Clone, Debug, Serialize)]
struct OnePage {
    /// What was done just before; "" when the page is opened by itself.
    done: &'static str,
    heading: String,
    course: String,
    tag: String,
    tag_colour: String,
    /// Why it was called off.
    cancelled: String,
    missing: Vec<String>,
    warnings: Vec<String>,
    rows: Vec<Row>,
    /// What visitors see, once they can.
    public_url: Option<String>,
    list_url: String,
    publish_url: Option<String>,
    edit_url: Option<String>,
    copy_url: String,
    waiting_url: Option<String>,
    cancel_url: Option<String>,
    /// Where one looks back at dates that are over.
    review_url: Option<String>,
    shell: Shell,
}

impl OnePage {
    fn of(about: &About, now: Ts, shell: Shell) -> Self {
        let id = about.plan.dates.id;
        let plan = &about.plan;
        let (tag, tag_colour) = said::tag(plan, about.told);
        Self {
            done: "",
            heading: words::dates(&plan.dates.sessions),
            course: plan.dates.course_title.clone(),
            tag,
            tag_colour,
            cancelled: plan.dates.cancel_reason.clone().unwrap_or_default(),
            missing: about.missing.iter().map(said::refused).collect(),
            warnings: about.warnings.clone(),
            rows: rows(about),
            public_url: (plan.state != RunState::Draft).then(|| {
                RunPath {
                    course: plan.dates.course_code.clone(),
                    run: plan.dates.slug.clone(),
                }
                .to_string()
            }),
            list_url: RunsPath.to_string(),
            publish_url: (plan.state == RunState::Draft).then(|| PublishPath::of(id).to_string()),
            edit_url: (plan.state != RunState::Cancelled).then(|| EditPath::of(id).to_string()),
            copy_url: CopyPath::of(id).to_string(),
            waiting_url: (plan.state == RunState::Published).then(|| WaitingPath::of(id).to_string()),
            cancel_url: can_be_cancelled(plan, now).then(|| CancelPath::of(id).to_string()),
            review_url: can_be_reviewed(plan, now).then(|| ReviewPath::of(id).to_string()),
            shell,
        }
    }
}

fn rows(about: &About) -> Vec<Row> {
    let (plan, numbers) = (&about.plan, about.numbers);
    let days = plan.dates.sessions.iter().map(|it| {
        let pause = match it.break_minutes {
            0 => String::new(),
            minutes => format!(", with a break of {minutes} minutes"),
        };
        format!("Day {}: {}{pause}", it.idx, words::day(it))
    });
    let teach = plan.facilitators.iter().map(|it| {
        let yes = if it.is_confirmed {
            "has said yes"
        } else {
            "has not said yes yet"
        };
        format!("{}, {}, {yes}", about.name(it.person), said::part(it.part))
    });
    let mut teach: Vec<String> = teach.collect();
    if teach.is_empty() {
        teach.push("Nobody yet".to_owned());
    }
    if let Some(reason) = &plan.without_facilitators {
        teach.push(format!("Published without both facilitators: {reason}"));
    }
    let link = plan.dates.join_url.clone();
    let mut rows = vec![
        row("Days", days),
        row("Where", [words::place(&plan.dates)]),
        row("Joining link", [link.unwrap_or_else(|| "None yet".to_owned())]),
        row("Facilitators", teach),
        row("Places", places(plan, numbers)),
        row("Waiting list", waiting(plan, numbers)),
        row("What helps people", [to_arrange(about.to_arrange)]),
        row(
            "Booking",
            [
                format!("Opens on {}", words::date_time(plan.dates.opens_at)),
                format!("Closes on {}", words::date_time(plan.dates.closes_at)),
            ],
        ),
    ];
    if !plan.dates.label.is_empty() {
        rows.insert(0, row("Name", [plan.dates.label.clone()]));
    }
    rows
}

fn to_arrange(open: usize) -> String {
    match open {
        0 => "Nothing is left to arrange".to_owned(),
        1 => "1 thing is still to be arranged".to_owned(),
        more => format!("{more} things are still to be arranged"),
    }
}

fn places(plan: &Plan, numbers: Numbers) -> Vec<String> {
    let mut said = vec![format!("{} taken", said::places(plan, numbers))];
    match numbers.unconfirmed {
        0 => {}
        1 => said.push("1 person has not confirmed their email yet".to_owned()),
        more => said.push(format!("{more} people have not confirmed their email yet")),
    }
    said
}

fn waiting(plan: &Plan, numbers: Numbers) -> Vec<String> {
    let nobody = numbers.waiting + numbers.offered == 0;
    if !plan.waiting_list && nobody {
        return vec!["There is none".to_owned()];
    }
    let people = |number: i64, one: &str, more: &str| match number {
        1 => format!("1 person {one}"),
        number => format!("{number} people {more}"),
    };
    let mut said = vec![people(numbers.waiting, "waits", "wait")];
    if numbers.offered > 0 {
        said.push(people(numbers.offered, "has an offer", "have an offer"));
    }
    if !plan.waiting_list {
        said.push("Nobody else can join it".to_owned());
    }
    if plan.offers_paused {
        said.push("Offers are paused".to_owned());
    }
    said
}

impl Page for OnePage {
    const TEMPLATE: &'static str = "pages/staff/runs/one.html";

    #[cfg(test)]
    fn samples() -> Vec<Self> {
        use super::sample;
        use booking::Availability;
        let about = |plan: Plan, told| About {
            told,
            numbers: Numbers {
                taken: 12,
                booked: 11,
                unconfirmed: 1,
                waiting: 3,
                offered: 1,
            },
            ..About::sample(plan, Vec::new())
        };
        let mut draft = about(sample::plan(), None);
        draft.plan.state = RunState::Draft;
        draft.plan.facilitators.clear();
        draft.plan.dates.join_url = None;
        draft.missing = vec![DatesRefused::Facilitators];
        draft.warnings = vec!["Monday 31 May 2027 is a bank holiday: Spring bank holiday.".to_owned()];
        draft.numbers = Numbers::default();
        let mut cancelled = about(sample::plan(), Some(Availability::Cancelled));
        cancelled.plan.state = RunState::Cancelled;
        cancelled.plan.dates.cancel_reason = Some("Both trainers are ill.".to_owned());
        cancelled.plan.without_facilitators = Some("A colleague steps in".to_owned());
        cancelled.plan.waiting_list = false;
        let mut few = about(sample::plan(), Some(Availability::Few(2)));
        few.plan.offers_paused = true;
        few.plan.facilitators[1].is_confirmed = false;
        few.numbers.unconfirmed = 2;
        few.to_arrange = 2;
        let [draft, mut few, cancelled] =
            [draft, few, cancelled].map(|it| Self::of(&it, sample::now(), Shell::sample()));
        few.done = Done::Moved.words();
        vec![draft, few, cancelled]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pages_hold() {
        crate::pages_test::check::<OnePage>();
    }
}
