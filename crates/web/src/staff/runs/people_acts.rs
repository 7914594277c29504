//! One act for several bookings on one date: chosen in the list, named on a page that asks once more, then
//! done (pages.md section 6, "List page").

use axum::extract::State;
use axum::response::{IntoResponse, Redirect, Response};
use axum_extra::routing::TypedPath;
use booking::{Actor, Asked as ToDo, BookingRecord, Cause, Change, Channel, State as Standing, bookings};
use ids::RunId;
use serde::{Deserialize, Serialize};

use super::people::{Asked, PeoplePath, View, people_of};
use super::{RunsPath, Shell, named, said as of_dates};
use crate::app::App;
use crate::error::Error;
use crate::forms::{AGAIN, Answer, Fields, Problem, problems};
use crate::pages::Page;
use crate::people::Person;
use crate::routes::{Routes, Who};
use crate::sign_in::SignedIn;
use crate::sign_in::role::TEAM;
use crate::staff::bookings::is_own;
use crate::staff::channel::{CHANNELS, Told};
use crate::staff::said;
use crate::work::{Work, is_first};

/// `/team/runs/{run}/people/chosen`: names who was chosen; changes nothing.
#[derive(TypedPath, Deserialize)]
#[typed_path("/team/runs/{run}/people/chosen")]
pub(super) struct ChosenPath {
    run: String,
}

/// `/team/runs/{run}/people/act`
#[derive(TypedPath, Deserialize)]
#[typed_path("/team/runs/{run}/people/act")]
struct ActPath {
    run: String,
}

impl ChosenPath {
    pub(super) fn of(run: RunId) -> Self {
        Self { run: run.to_string() }
    }
}

pub(super) fn routes() -> Routes {
    Routes::default()
        .ask::<ChosenPath, _, _>(Who::Roles(TEAM), ask)
        .post::<ActPath, _, _>(Who::Roles(TEAM), make)
}

/// What can be done for several bookings at once.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Bulk {
    /// Confirm them (B-22).
    Confirm,
    /// Cancel them, with a reason that the people read (M15).
    Cancel,
}

impl Bulk {
    /// Every act, in the order of the buttons.
    pub(super) const ALL: [Self; 2] = [Self::Confirm, Self::Cancel];

    /// The word in forms.
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Confirm => "confirm",
            Self::Cancel => "cancel",
        }
    }

    /// The words of the button.
    pub(super) fn words(self) -> &'static str {
        match self {
            Self::Confirm => "Confirm for them",
            Self::Cancel => "Cancel their bookings",
        }
    }

    pub(super) fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|it| it.name() == name)
    }

    fn question(self) -> &'static str {
        match self {
            Self::Confirm => "Do you want to confirm these bookings?",
            Self::Cancel => "Do you want to cancel these bookings?",
        }
    }

    /// Whether it makes sense for a booking.
    fn fits(self, state: Standing) -> bool {
        match self {
            Self::Confirm => matches!(state, Standing::Unconfirmed { .. }),
            Self::Cancel => state.is_live(),
        }
    }

    fn change(self, it: &BookingRecord) -> Change {
        match self {
            Self::Confirm => Change::Confirm(it.id, None),
            Self::Cancel => Change::Cancel(it.id),
        }
    }

    /// What the list says when it is done for so many, and could not be for some.
    pub(super) fn done(self, many: u64, not: u64) -> String {
        let bookings = |it: u64| {
            if it == 1 {
                "1 booking".to_owned()
            } else {
                format!("{it} bookings")
            }
        };
        let verb = if many == 1 { "is" } else { "are" };
        let done = match self {
            Self::Confirm => format!("{} {verb} confirmed.", bookings(many)),
            Self::Cancel => format!("{} {verb} cancelled.", bookings(many)),
        };
        match not {
            0 => done,
            1 => format!("{done} 1 booking could not be changed."),
            _ => format!("{done} {not} bookings could not be changed."),
        }
    }
}

/// The longest reason.
const REASON: usize = 500;

/// What was chosen in the list, and then said.
#[derive(Clone, Debug, Default)]
struct Chosen {
    act: Option<Bulk>,
    references: Vec<String>,
    q: String,
    status: String,
    all: bool,
    reason: Answer,
    channel: Answer,
}

impl Chosen {
    fn read(fields: &mut Fields) -> Result<Self, Error> {
        Ok(Self {
            act: Bulk::named(&fields.line("act")?),
            references: fields.many("booking")?,
            q: fields.line("q")?,
            status: fields.line("status")?,
            all: fields.line("all")? == "yes",
            reason: Answer::new(fields.text("reason")?),
            channel: Answer::new(fields.line("channel")?),
        })
    }

    fn judge(&mut self, act: Bulk) {
        if act == Bulk::Cancel && self.reason.value.is_empty() {
            self.reason.refuse("Enter the reason. The people will read it");
        }
        self.reason.at_most(REASON, "The reason");
        if Told::named(&self.channel.value).is_none() {
            self.channel = Answer::default();
            self.channel.refuse("Choose how you heard from them");
        }
    }

    fn problems(&self) -> Vec<Problem> {
        problems([("reason", &self.reason), ("channel", &self.channel)])
    }
}

/// The bookings that an act is for.
struct Those {
    run: RunId,
    dates: String,
    /// Each with its person; not one's own (T-08).
    rows: Vec<(BookingRecord, Person)>,
    /// How many the list has.
    found: u64,
}

impl Those {
    async fn load(app: &App, me: &SignedIn, run: &str, chosen: &Chosen) -> Result<Self, Error> {
        let plan = named(app, run).await?;
        let db = app.reader();
        let view = View::of(
            plan.dates.id,
            &Asked::picked(chosen.q.clone(), chosen.status.clone()),
        );
        let mut records = Vec::new();
        if chosen.all {
            records = view.all(db).await?;
        } else {
            for it in &chosen.references {
                let found = bookings::with_reference(db, it).await?;
                records.extend(found.filter(|it| it.run == plan.dates.id));
            }
        }
        let people = people_of(db, &records).await?;
        let with_person = |it: BookingRecord| {
            let person = people.get(&it.person)?.clone();
            (!is_own(me, &person)).then_some((it, person))
        };
        Ok(Self {
            run: plan.dates.id,
            dates: of_dates::dates(&plan),
            rows: records.into_iter().filter_map(with_person).collect(),
            found: view.count(db).await?,
        })
    }

    fn list(&self, chosen: &Chosen) -> String {
        View::of(self.run, &Asked::picked(chosen.q.clone(), chosen.status.clone()))
            .address
            .first()
    }
}

async fn ask(
    ChosenPath { run }: ChosenPath,
    State(app): State<App>,
    me: SignedIn,
    mut fields: Fields,
) -> Result<Response, Error> {
    fields.op()?;
    let chosen = Chosen::read(&mut fields)?;
    fields.done()?;
    let those = Those::load(&app, &me, &run, &chosen).await?;
    let Some(act) = chosen.act.filter(|_| !those.rows.is_empty()) else {
        // Nobody was chosen: the list again.
        return Ok(Redirect::to(&those.list(&chosen)).into_response());
    };
    app.page(&ActPage::load(&app, &me, &those, act, &chosen, Vec::new()).await?)
        .await
}

async fn make(
    ActPath { run }: ActPath,
    State(app): State<App>,
    me: SignedIn,
    mut fields: Fields,
) -> Result<Response, Error> {
    let op = fields.op()?;
    let mut chosen = Chosen::read(&mut fields)?;
    fields.done()?;
    let those = Those::load(&app, &me, &run, &chosen).await?;
    let act = chosen
        .act
        .ok_or_else(|| Error::BadForm("it names no act".to_owned()))?;
    chosen.judge(act);
    let errors = chosen.problems();
    if !errors.is_empty() {
        let page = ActPage::load(&app, &me, &those, act, &chosen, errors).await?;
        return app.page_with(AGAIN, &page).await;
    }
    let told = Told::named(&chosen.channel.value).map_or(Channel::Web, |it| it.0);
    let cause = Cause {
        actor: Actor::Team(Some(me.person)),
        channel: told,
        reason: chosen.reason.given().filter(|_| act == Bulk::Cancel),
    };
    let (op, content) = (op.as_deref(), fields.content());
    let (mut many, mut not) = (0, 0);
    if is_first(app.reader(), op, content).await? {
        // In parts, so that nobody else waits for all of them (T-64). Each looks at how a booking stands: a
        // press that was cut off is pressed again, and does the rest.
        for part in those.rows.chunks(AT_ONCE) {
            let (done, left) = app
                .change(async |work| act_on(&work, those.run, part, act, &cause).await)
                .await?;
            many += done;
            not += left;
        }
    }
    let list = PeoplePath::of(those.run);
    let path = &format!("{list}?done={}&many={many}&not={not}", act.name());
    let done = app
        .change(async |work| work.once(op, content, async { Ok(path.clone()) }).await)
        .await?;
    Ok(Redirect::to(&done).into_response())
}

/// How many bookings one change is for.
const AT_ONCE: usize = 20;

/// Does it for each; what the rules refuse for one stops no other. For how many it was done, and for how many
/// not.
async fn act_on(
    work: &Work,
    run: RunId,
    part: &[(BookingRecord, Person)],
    act: Bulk,
    cause: &Cause,
) -> Result<(u64, u64), Error> {
    let (mut many, mut not) = (0, 0);
    for (it, _) in part {
        let asked = ToDo {
            change: act.change(it),
            cause: cause.clone(),
            details: None,
        };
        // What was looked at before may have changed: the state counts that the records have now.
        let now = bookings::find(work.tx(), it.id).await?;
        if !now.is_some_and(|it| act.fits(it.state)) {
            not += 1;
            continue;
        }
        let one = async |part: std::sync::Arc<Work>| part.allocate(run, asked.clone()).await.map(|_| ());
        match work.attempt(one).await {
            Ok(()) => many += 1,
            Err(Error::Refused(_)) => not += 1,
            Err(error) => return Err(error),
        }
    }
    Ok((many, not))
}

/// Names those who were chosen, and asks once more.
#[derive(Clone, Debug, Serialize)]
struct ActPage {
    heading: &'static str,
    dates: String,
    errors: Vec<Problem>,
    /// Each with what their booking is now.
    names: Vec<String>,
    references: Vec<String>,
    /// For how many nothing will change.
    unfit: usize,
    /// How many the list has, if more than were chosen.
    all: u64,
    all_chosen: bool,
    act: &'static str,
    button: &'static str,
    asks_reason: bool,
    reason: Answer,
    channel: Answer,
    channels: [Told; 3],
    q: String,
    status: String,
    action: String,
    back_url: String,
    op: String,
    shell: Shell,
}

impl ActPage {
    async fn load(
        app: &App,
        me: &SignedIn,
        those: &Those,
        act: Bulk,
        chosen: &Chosen,
        errors: Vec<Problem>,
    ) -> Result<Self, Error> {
        let shell = Shell::of(app, me, RunsPath::PATH).await?;
        let page = Self::of(those, act, chosen, app.secrets().op(), shell);
        Ok(Self { errors, ..page })
    }

    fn of(those: &Those, act: Bulk, chosen: &Chosen, op: String, shell: Shell) -> Self {
        let many = u64::try_from(those.rows.len()).unwrap_or(u64::MAX);
        let name = |(it, person): &(BookingRecord, Person)| {
            format!(
                "{} ({}): {}",
                person.full_name,
                it.reference,
                said::tag(it.state).0
            )
        };
        Self {
            heading: act.question(),
            dates: those.dates.clone(),
            errors: Vec::new(),
            names: those.rows.iter().map(name).collect(),
            references: if chosen.all {
                chosen.references.clone()
            } else {
                those.rows.iter().map(|(it, _)| it.reference.clone()).collect()
            },
            unfit: those.rows.iter().filter(|(it, _)| !act.fits(it.state)).count(),
            all: if chosen.all || those.found > many {
                those.found
            } else {
                0
            },
            all_chosen: chosen.all,
            act: act.name(),
            button: act.words(),
            asks_reason: act == Bulk::Cancel,
            reason: chosen.reason.clone(),
            channel: chosen.channel.clone(),
            channels: CHANNELS,
            q: chosen.q.clone(),
            status: chosen.status.clone(),
            action: ActPath {
                run: those.run.to_string(),
            }
            .to_string(),
            back_url: those.list(chosen),
            op,
            shell,
        }
    }
}

impl Page for ActPage {
    const TEMPLATE: &'static str = "pages/staff/runs/people_act.html";

    #[cfg(test)]
    fn samples() -> Vec<Self> {
        let held = crate::public::manage::tests::held(Standing::Booked, true);
        let those = |found| Those {
            run: held.run.id,
            dates: "Tuesday 8 and Tuesday 15 June 2027".to_owned(),
            rows: vec![(held.record.clone(), held.person.clone())],
            found,
        };
        let page = |act, found, chosen: &Chosen| {
            let page = Self::of(&those(found), act, chosen, "0".repeat(32), Shell::sample());
            let errors = chosen.problems();
            Self { errors, ..page }
        };
        let plain = Chosen::default();
        let mut wrong = Chosen {
            all: true,
            ..Chosen::default()
        };
        wrong.judge(Bulk::Cancel);
        vec![
            page(Bulk::Cancel, 1, &plain),
            page(Bulk::Cancel, 64, &plain),
            page(Bulk::Cancel, 64, &wrong),
            page(Bulk::Confirm, 1, &plain),
        ]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pages_hold() {
        crate::pages_test::check::<ActPage>();
    }

    #[test]
    fn what_was_done_is_said_in_numbers() {
        assert_eq!(Bulk::Cancel.done(1, 0), "1 booking is cancelled.");
        assert_eq!(
            Bulk::Confirm.done(3, 2),
            "3 bookings are confirmed. 2 bookings could not be changed."
        );
    }
}
