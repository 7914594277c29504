//! Changes to dates: places (B-07), days, times and place (B-50), the joining link (B-51), who teaches,
//! offers. Whoever saves over somebody else's change sees both first.

use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Redirect, Response};
use axum_extra::routing::TypedPath;
use booking::calendar;
use booking::plan::{self, Facilitator, Particulars, Plan};
use booking::snapshot::RunState;
use booking::{Change, allocator};
use ids::{PersonId, RunId};
use serde::{Deserialize, Serialize};

use super::add::PlanPage;
use super::done::Done;
use super::form::{Form, Planned};
use super::one::names;
use super::trainers::{self, Trainer};
use super::{OnePath, RunsPath, Shell, asked_by, named, refused_dates, said};
use crate::app::App;
use crate::audit::Act;
use crate::error::Error;
use crate::forms::Fields;
use crate::notify;
use crate::pages::Page;
use crate::public::questions::ticked;
use crate::sign_in::SignedIn;
use crate::team_mail;
use crate::work::Work;

/// `/team/runs/{run}/edit`
#[derive(TypedPath, Deserialize)]
#[typed_path("/team/runs/{run}/edit")]
pub(crate) struct EditPath {
    run: String,
}

impl EditPath {
    pub(super) fn of(run: RunId) -> Self {
        Self { run: run.to_string() }
    }
}

pub(super) async fn ask(
    EditPath { run }: EditPath,
    State(app): State<App>,
    me: SignedIn,
) -> Result<Response, Error> {
    let plan = named(&app, &run).await?;
    if plan.state == RunState::Cancelled {
        return Ok(Redirect::to(&OnePath::of(plan.dates.id).to_string()).into_response());
    }
    let version = Form::of(&plan).version();
    let form = Form::of(&plan).with_room_for(days(&plan));
    let page = page(&app, &me, &plan, form, version).await?;
    app.page(&page).await
}

async fn page(app: &App, me: &SignedIn, plan: &Plan, form: Form, version: String) -> Result<PlanPage, Error> {
    let shell = Shell::of(app, me, RunsPath::PATH).await?;
    let trainers = trainers::choices(app, Some(plan)).await?;
    let is_published = plan.state == RunState::Published;
    let lead = if is_published {
        "If you change a day, a time or the place, we write to everybody who has a place or waits."
    } else {
        "These dates are a draft. Nobody else sees them yet. To take a day away, leave its fields empty."
    };
    Ok(PlanPage {
        heading: "Change these dates".to_owned(),
        caption: plan.dates.course_title.clone(),
        lead: vec![lead.to_owned()],
        asks_pause: is_published,
        action: EditPath::of(plan.dates.id).to_string(),
        back_url: OnePath::of(plan.dates.id).to_string(),
        button: "Save",
        version,
        ..PlanPage::new(form, trainers, app.secrets().op(), shell)
    })
}

/// For how many days the form has room: a draft may still lack some of those that its course has.
fn days(plan: &Plan) -> usize {
    let wanted = plan.sessions_required.and_then(|it| usize::try_from(it).ok());
    let wanted = wanted.filter(|_| plan.state == RunState::Draft);
    plan.dates.sessions.len().max(wanted.unwrap_or(1))
}

/// What came with the form beside the dates.
struct Sent {
    op: Option<String>,
    version: String,
    /// To how many offers somebody has said yes.
    agreed: usize,
    content: String,
}

/// What became of it.
enum After {
    At(String),
    /// Somebody else was here meanwhile.
    Changed(Box<Plan>),
    /// So many people would be offered a place that somebody should say yes first (B-07).
    Asks(Vec<PersonId>),
}

pub(super) async fn save(
    EditPath { run }: EditPath,
    State(app): State<App>,
    me: SignedIn,
    mut fields: Fields,
) -> Result<Response, Error> {
    let plan = named(&app, &run).await?;
    let id = plan.dates.id;
    let op = fields.op()?;
    let version = fields.line("version")?;
    let agreed = fields.line("agreed")?.parse().unwrap_or(0);
    let mut form = Form::read(&mut fields, days(&plan))?;
    form.offers_paused = ticked(&mut fields, "offers_paused")?;
    fields.done()?;
    let known = trainers::known(&app, Some(&plan)).await?;
    let Some(planned) = form.judge(&known) else {
        return page(&app, &me, &plan, form, version).await?.again(&app).await;
    };
    let sent = Sent {
        op,
        version,
        agreed,
        content: fields.content().to_owned(),
    };
    let (planned, sent, by) = (&planned, &sent, &me);
    let done = app
        .change(|work| async move { Box::pin(save_once(&work, id, planned, sent, by)).await })
        .await;
    match done {
        Ok(After::At(path)) => Ok(Redirect::to(&path).into_response()),
        Ok(After::Changed(now)) => {
            let page = AgainPage::changed(&app, &me, &form, &now).await?;
            app.page_with(StatusCode::CONFLICT, &page).await
        }
        Ok(After::Asks(people)) => {
            let page = AgainPage::asks(&app, &me, &form, (id, &sent.version), people).await?;
            app.page(&page).await
        }
        Err(error) => match refused_dates(&error) {
            Some(why) => {
                form.refuse(why, true);
                let version = sent.version.clone();
                page(&app, &me, &plan, form, version).await?.again(&app).await
            }
            None => Err(error),
        },
    }
}

async fn save_once(
    work: &Work,
    id: RunId,
    planned: &Planned,
    sent: &Sent,
    me: &SignedIn,
) -> Result<After, Error> {
    let (op, content) = (sent.op.as_deref(), sent.content.as_str());
    let plan = plan::locked(work.tx(), id).await?.ok_or(Error::NotFound)?;
    // A second press of a form that was dealt with met its own change, not somebody else's.
    if !work.is_done(op, content).await? {
        if Form::of(&plan).version() != sent.version || plan.state == RunState::Cancelled {
            return Ok(After::Changed(Box::new(plan)));
        }
        let snapshot = allocator::snapshot(work.tx(), id).await?.ok_or(Error::NotFound)?;
        let offered =
            plan::would_be_offered(&snapshot, &changes(&plan, planned), &planned.sessions, work.now());
        let asks_above = usize::try_from(snapshot.settings.offers_ask_above).unwrap_or(0);
        if offered.len() > asks_above && offered.len() > sent.agreed {
            return Ok(After::Asks(offered));
        }
    }
    let act = async {
        write(work, &plan, planned, me).await?;
        let is_told = plan.state == RunState::Published && has_moved(&plan, planned);
        let done = if is_told { Done::Moved } else { Done::Saved };
        Ok(done.at(&OnePath::of(id)))
    };
    Ok(After::At(work.once(op, content, act).await?))
}

/// Whether people must be told (B-50): of days, times, how people meet and where.
fn has_moved(plan: &Plan, planned: &Planned) -> bool {
    let dates = &plan.dates;
    let same_days = dates.sessions.len() == planned.sessions.len()
        && dates.sessions.iter().zip(&planned.sessions).all(|(it, new)| {
            (it.date, it.start, it.end, it.break_minutes) == (new.date, new.start, new.end, new.break_minutes)
        });
    !same_days || (dates.delivery, &dates.venue) != (planned.delivery, &planned.venue)
}

/// What the door is asked for, in this order: offers are stopped before places come free, and begin
/// again after.
fn changes(plan: &Plan, planned: &Planned) -> Vec<Change> {
    let is_published = plan.state == RunState::Published;
    let paused = is_published && planned.offers_paused && !plan.offers_paused;
    let resumed = is_published && !planned.offers_paused && plan.offers_paused;
    let mut changes = Vec::new();
    changes.extend(paused.then_some(Change::PauseOffers(true)));
    changes.extend((is_published && has_moved(plan, planned)).then_some(Change::RunChanged));
    changes.extend((planned.capacity != plan.capacity).then_some(Change::SetCapacity(planned.capacity)));
    changes.extend(resumed.then_some(Change::PauseOffers(false)));
    changes
}

async fn write(work: &Work, plan: &Plan, planned: &Planned, me: &SignedIn) -> Result<(), Error> {
    let (id, fresh) = (plan.dates.id, || work.fresh_id());
    if has_moved(plan, planned) {
        let place = Some((planned.delivery, planned.venue.clone()));
        calendar::reschedule(work.tx(), work.now(), &fresh, id, &planned.sessions, place).await?;
    }
    let particulars = Particulars {
        label: planned.label.clone(),
        join_url: planned.join_url.clone(),
        opens_at: planned.opens_at,
        waiting_list: planned.waiting_list,
    };
    plan::set_particulars(work.tx(), id, particulars).await?;
    plan::set_facilitators(work.tx(), &fresh, work.now(), id, &planned.facilitators).await?;
    for change in changes(plan, planned) {
        work.allocate(id, asked_by(me, change, None)).await?;
    }
    if plan.state == RunState::Published {
        team_mail::tell_who_changed(work, id, teach_newly_or_no_longer(plan, planned)).await?;
    }
    if plan.state == RunState::Published && planned.join_url != plan.dates.join_url {
        notify::tell_of_new_link(work, id).await?;
    }
    work.note(Act::by_member(me.person, "plan_changed", "run", id.0));
    tracing::info!(event = "run_changed", run = %id, by = %me.person.0);
    Ok(())
}

/// Who hears that they teach these dates from now on, or no longer (F01). Where the dates change too, whoever
/// teaches them hears of that.
fn teach_newly_or_no_longer(plan: &Plan, planned: &Planned) -> Vec<PersonId> {
    let (old, new) = (&plan.facilitators, &planned.facilitators);
    let is_in = |all: &[Facilitator], person| all.iter().any(|it| it.person == person);
    let gone = old.iter().filter(|it| !is_in(new, it.person));
    let newly = new
        .iter()
        .filter(|it| !is_in(old, it.person) && !has_moved(plan, planned));
    gone.chain(newly).map(|it| it.person).collect()
}

/// A field that two people filled in differently.
#[derive(Clone, Debug, Serialize)]
struct Difference {
    field: String,
    mine: String,
    theirs: String,
}

/// A field that is sent again.
#[derive(Clone, Debug, Serialize)]
struct Hidden {
    name: String,
    value: String,
}

/// The form once more, with something to know first: what somebody else wrote, or whom it concerns.
#[derive(Clone, Debug, Serialize)]
struct AgainPage {
    heading: String,
    lead: &'static str,
    differences: Vec<Difference>,
    people: Vec<String>,
    hidden: Vec<Hidden>,
    button: String,
    action: String,
    back_url: String,
    back_words: &'static str,
    op: String,
    shell: Shell,
}

fn hidden(form: &Form, more: [(&str, String); 2]) -> Vec<Hidden> {
    let all = form.pairs().into_iter();
    let more = more.map(|(name, value)| (name.to_owned(), value));
    all.chain(more)
        .map(|(name, value)| Hidden { name, value })
        .collect()
}

/// What stands beside a field, for the one who compares.
fn field_words(id: &str) -> String {
    let day = id.strip_prefix("day").and_then(|it| it.split_once('_'));
    if let Some((number, part)) = day {
        let part = match part {
            "start" => "starts at",
            "end" => "ends at",
            "break" => "breaks, in minutes",
            _ => "date",
        };
        return format!("Day {number}: {part}");
    }
    let words = match id {
        "label" => "Name",
        "delivery" => "How people meet",
        "venue" => "Address of the place",
        "join_url" => "Joining link",
        "capacity" => "Places",
        "opens" => "Booking opens on",
        "peer_trainer" => "Peer trainer",
        "other" => "Other facilitator",
        "said_yes" => "Who has said yes",
        "waiting_list" => "People can join a waiting list",
        _ => "Offer nobody a place for now",
    };
    words.to_owned()
}

fn differences(mine: &Form, theirs: &Form, trainers: &[Trainer]) -> Vec<Difference> {
    let value = |it: String| {
        let name = trainers
            .iter()
            .find(|trainer| trainer.value == it && !it.is_empty());
        let delivery = super::form::DELIVERIES.iter().find(|known| known.code == it);
        let parts = it
            .replace("peer_trainer", "peer trainer")
            .replace("other", "other facilitator");
        match (name, delivery) {
            (Some(name), _) => name.text.clone(),
            (None, Some(delivery)) => delivery.words.to_owned(),
            (None, None) if it.is_empty() => "Nothing".to_owned(),
            (None, None) => parts,
        }
    };
    let all = mine.differences(theirs).into_iter();
    all.map(|(id, mine, theirs)| Difference {
        field: field_words(&id),
        mine: value(mine),
        theirs: value(theirs),
    })
    .collect()
}

impl AgainPage {
    async fn changed(app: &App, me: &SignedIn, form: &Form, now: &Plan) -> Result<Self, Error> {
        let there = Form::of(now);
        let trainers = trainers::choices(app, Some(now)).await?;
        let op = app.secrets().op();
        let shell = Shell::of(app, me, RunsPath::PATH).await?;
        Ok(Self {
            heading: "Someone else changed these dates".to_owned(),
            lead: "They saved while you were writing. Nothing of yours is saved yet.",
            differences: differences(form, &there, &trainers),
            people: Vec::new(),
            hidden: hidden(form, [("version", there.version()), ("agreed", String::new())]),
            button: "Save what I wrote".to_owned(),
            action: EditPath::of(now.dates.id).to_string(),
            back_url: OnePath::of(now.dates.id).to_string(),
            back_words: "Keep what is there now",
            op,
            shell,
        })
    }

    async fn asks(
        app: &App,
        me: &SignedIn,
        form: &Form,
        (run, version): (RunId, &str),
        people: Vec<PersonId>,
    ) -> Result<Self, Error> {
        let names = names(app, people.iter().copied()).await?;
        let count = people.len();
        let said = people.iter().filter_map(|it| names.get(it).cloned());
        let op = app.secrets().op();
        let shell = Shell::of(app, me, RunsPath::PATH).await?;
        Ok(Self {
            heading: format!("Offer places to {} people?", said::in_words(count).to_lowercase()),
            lead: "If you save this, we email them an offer at once. Nothing is saved yet.",
            differences: Vec::new(),
            people: said.collect(),
            hidden: hidden(
                form,
                [("version", version.to_owned()), ("agreed", count.to_string())],
            ),
            button: "Save and offer the places".to_owned(),
            action: EditPath::of(run).to_string(),
            back_url: OnePath::of(run).to_string(),
            back_words: "Do not save",
            op,
            shell,
        })
    }
}

impl Page for AgainPage {
    const TEMPLATE: &'static str = "pages/staff/runs/again.html";

    #[cfg(test)]
    fn samples() -> Vec<Self> {
        use super::sample;
        let mut theirs = sample::plan();
        theirs.capacity = 14;
        theirs.dates.join_url = None;
        theirs.facilitators.clear();
        let mine = Form::of(&sample::plan());
        let trainers = [Trainer {
            value: sample::person(1).to_string(),
            text: "Sam Sorrel".to_owned(),
        }];
        let page = |heading: &str| Self {
            heading: heading.to_owned(),
            lead: "Nothing is saved yet.",
            differences: Vec::new(),
            people: Vec::new(),
            hidden: hidden(&mine, [("version", "1".repeat(32)), ("agreed", "4".to_owned())]),
            button: "Save what I wrote".to_owned(),
            action: "/team/runs/7/edit".to_owned(),
            back_url: "/team/runs/7".to_owned(),
            back_words: "Keep what is there now",
            op: "0".repeat(32),
            shell: Shell::sample(),
        };
        let changed = Self {
            differences: differences(&mine, &Form::of(&theirs), &trainers),
            ..page("Someone else changed these dates")
        };
        let asks = Self {
            people: ["Sam Sorrel", "Lee Larch", "Kim Elm", "Jo Ash"]
                .map(str::to_owned)
                .to_vec(),
            ..page("Offer places to four people?")
        };
        vec![changed, asks]
    }
}

#[cfg(test)]
mod tests {
    use super::super::sample;
    use super::*;

    #[test]
    fn pages_hold() {
        crate::pages_test::check::<AgainPage>();
    }

    fn planned() -> Planned {
        let known = [sample::person(1), sample::person(2)];
        Form::of(&sample::plan()).judge(&known).unwrap()
    }

    /// B-50, B-51: a new time is told, a new link is not.
    #[test]
    fn people_are_told_of_days_and_places_and_of_nothing_else() {
        let plan = sample::plan();
        assert_eq!(changes(&plan, &planned()), []);
        let mut link = planned();
        link.join_url = None;
        assert_eq!(changes(&plan, &link), []);
        let mut later = planned();
        later.sessions[1].end = time::macros::time!(14:00);
        assert_eq!(changes(&plan, &later), [Change::RunChanged]);
        let mut draft = plan.clone();
        draft.state = RunState::Draft;
        assert_eq!(changes(&draft, &later), []);
    }

    #[test]
    fn offers_stop_before_places_come_free_and_begin_again_after() {
        let (mut plan, mut more) = (sample::plan(), planned());
        (more.capacity, more.offers_paused) = (14, true);
        let expected = [Change::PauseOffers(true), Change::SetCapacity(14)];
        assert_eq!(changes(&plan, &more), expected);
        plan.offers_paused = true;
        more.offers_paused = false;
        let expected = [Change::SetCapacity(14), Change::PauseOffers(false)];
        assert_eq!(changes(&plan, &more), expected);
    }
}
