//! `/team/runs`: the dates of every course, for the team. What visitors cannot see stands here too.

mod add;
mod cancel;
mod done;
mod edit;
mod form;
mod month;
mod one;
mod publish;
mod reorder;
mod review;
mod said;
mod trainers;
mod waiting;

use axum::extract::{Query, State};
use axum::response::Response;
use axum_extra::routing::TypedPath;
use booking::availability::{self, About};
use booking::calendar::{self, DatesRefused};
use booking::plan::{self, Numbers, Plan};
use booking::{Actor, Asked, Availability, Cause, Change, Channel};
use ids::{RunId, Ts};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::Shell;
use super::lists::{Pages, Query as Address};
use crate::app::App;
use crate::error::Error;
use crate::pages::Page;
use crate::routes::{Routes, Who};
use crate::sign_in::SignedIn;
use crate::sign_in::role::TEAM;
pub(crate) use review::ReviewPath;

/// `/team/runs`
#[derive(TypedPath, Deserialize)]
#[typed_path("/team/runs")]
pub(crate) struct RunsPath;

/// `/team/runs/{run}`: an id, because a draft has no address of its own yet.
#[derive(TypedPath, Deserialize)]
#[typed_path("/team/runs/{run}")]
pub(crate) struct OnePath {
    run: String,
}

impl OnePath {
    pub(crate) fn of(run: RunId) -> Self {
        Self { run: run.to_string() }
    }
}

pub(super) fn routes() -> Routes {
    Routes::default()
        .get::<RunsPath, _, _>(Who::Roles(TEAM), list)
        .get::<add::NewPath, _, _>(Who::Roles(TEAM), add::ask)
        .post::<add::NewPath, _, _>(Who::Roles(TEAM), add::add)
        .get::<OnePath, _, _>(Who::Roles(TEAM), one::show)
        .get::<add::CopyPath, _, _>(Who::Roles(TEAM), add::ask_copy)
        .post::<add::CopyPath, _, _>(Who::Roles(TEAM), add::copy)
        .get::<publish::PublishPath, _, _>(Who::Roles(TEAM), publish::ask)
        .post::<publish::PublishPath, _, _>(Who::Roles(TEAM), publish::answer)
        .get::<edit::EditPath, _, _>(Who::Roles(TEAM), edit::ask)
        .post::<edit::EditPath, _, _>(Who::Roles(TEAM), edit::save)
        .get::<cancel::CancelPath, _, _>(Who::Roles(TEAM), cancel::ask)
        .post::<cancel::CancelPath, _, _>(Who::Roles(TEAM), cancel::answer)
        .get::<ReviewPath, _, _>(Who::Roles(TEAM), review::ask)
        .post::<ReviewPath, _, _>(Who::Roles(TEAM), review::save)
        .get::<waiting::WaitingPath, _, _>(Who::Roles(TEAM), waiting::show)
        .press::<waiting::WaitingPath, _, _>(Who::Roles(TEAM), waiting::act)
        .get::<reorder::ReorderPath, _, _>(Who::Roles(TEAM), reorder::ask)
        .post::<reorder::ReorderPath, _, _>(Who::Roles(TEAM), reorder::answer)
}

/// The run that an address names.
async fn named(app: &App, text: &str) -> Result<Plan, Error> {
    plan::find(app.reader(), id(text)?).await?.ok_or(Error::NotFound)
}

fn id(text: &str) -> Result<RunId, Error> {
    Uuid::parse_str(text).map(RunId).map_err(|_| Error::NotFound)
}

/// Why the rules of dates say no, if that is what went wrong.
fn refused_dates(error: &Error) -> Option<&DatesRefused> {
    let Error::Fault(source) = error else { return None };
    match source.downcast_ref::<booking::Error>() {
        Some(booking::Error::Dates(why)) => Some(why),
        Some(
            booking::Error::Refused(_)
            | booking::Error::NotRecorded(_)
            | booking::Error::Storage(_)
            | booking::Error::Corrupt(_),
        )
        | None => None,
    }
}

/// A change that somebody of the team asks for on a page.
fn asked_by(me: &SignedIn, change: Change, reason: Option<String>) -> Asked {
    Asked {
        change,
        cause: Cause {
            actor: Actor::Team(Some(me.person)),
            channel: Channel::Web,
            reason,
        },
        details: None,
    }
}

/// Which dates a list shows.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
struct Wanted {
    /// `month` for a month instead of a list.
    view: String,
    /// `2027-06`.
    month: String,
    /// `over` for dates that are over.
    when: String,
    page: String,
}

/// This many dates stand on one page.
const ROWS: u64 = 25;

async fn list(
    _: RunsPath,
    State(app): State<App>,
    me: SignedIn,
    Query(wanted): Query<Wanted>,
) -> Result<Response, Error> {
    if wanted.view == "month" {
        return month::show(&app, &me, &wanted.month).await;
    }
    let (db, now) = (app.reader(), app.now());
    let is_over = |it: &Plan| it.dates.sessions.last().is_none_or(|it| it.ends_at <= now);
    let shows_over = wanted.when == "over";
    let mut plans = plan::all(db).await?;
    plans.retain(|it| is_over(it) == shows_over);
    if shows_over {
        plans.reverse();
    }
    let (settings, _) = calendar::rules(db).await?;
    let told = availability::of_runs(db, &settings, now, About::Upcoming(None)).await?;
    let numbers = plan::numbers(db).await?;
    let lines = plans.iter().map(|it| {
        let numbers = numbers.get(&it.dates.id).copied().unwrap_or_default();
        line(it, told.get(&it.dates.id).copied(), numbers)
    });
    let shell = Shell::of(&app, &me, RunsPath::PATH).await?;
    let page = RunsPage::of(lines.collect(), &plans, &wanted, now, shell);
    app.page(&page).await
}

/// One cell of a table.
#[derive(Clone, Debug, Default, Serialize)]
struct Cell {
    text: String,
    href: String,
    tag: String,
}

fn cell(text: impl Into<String>) -> Cell {
    Cell {
        text: text.into(),
        ..Cell::default()
    }
}

/// The dates, where they stand, and what somebody should see to.
fn line(it: &Plan, told: Option<Availability>, numbers: Numbers) -> [Cell; 5] {
    let (tag, colour) = said::tag(it, told);
    let waiting = numbers.waiting + numbers.offered;
    [
        Cell {
            text: said::dates(it),
            href: OnePath::of(it.dates.id).to_string(),
            ..Cell::default()
        },
        Cell {
            text: tag,
            tag: colour,
            ..Cell::default()
        },
        cell(said::places(it, numbers)),
        cell(waiting.to_string()),
        cell(said::lacking(it)),
    ]
}

/// The dates of every course.
#[derive(Clone, Debug, Serialize)]
struct RunsPage {
    heading: String,
    summary: String,
    lines: Vec<[Cell; 5]>,
    other_url: String,
    other_words: &'static str,
    pages: Pages,
    month_url: String,
    add_url: String,
    shell: Shell,
}

impl RunsPage {
    fn of(mut lines: Vec<[Cell; 5]>, plans: &[Plan], wanted: &Wanted, now: Ts, shell: Shell) -> Self {
        let shows_over = wanted.when == "over";
        let count = lines.len();
        let found = u64::try_from(count).unwrap_or(u64::MAX);
        let pages = Pages::new(found, ROWS, &wanted.page);
        let list = Address::new(RunsPath::PATH).with("when", if shows_over { "over" } else { "" });
        let on_page = pages.skip()..pages.skip() + ROWS;
        lines = (0..)
            .zip(lines)
            .filter(|(at, _)| on_page.contains(at))
            .map(|(_, it)| it)
            .collect();
        let (other_url, other_words) = if shows_over {
            (RunsPath::PATH.to_owned(), "Show dates to come")
        } else {
            (
                format!("{}?when=over", RunsPath::PATH),
                "Show dates that are over",
            )
        };
        Self {
            heading: said::count(count, shows_over),
            summary: if shows_over {
                String::new()
            } else {
                said::summary(plans, now)
            },
            lines,
            other_url,
            other_words,
            pages: pages.linked(&list),
            month_url: format!("{}?view=month", RunsPath::PATH),
            add_url: add::NewPath::PATH.to_owned(),
            shell,
        }
    }
}

impl Page for RunsPage {
    const TEMPLATE: &'static str = "pages/staff/runs/list.html";

    #[cfg(test)]
    fn samples() -> Vec<Self> {
        use booking::snapshot::RunState;
        let now = sample::now();
        let mut draft = sample::plan();
        draft.state = RunState::Draft;
        draft.facilitators.clear();
        let full = Numbers {
            taken: 14,
            booked: 14,
            waiting: 3,
            ..Numbers::default()
        };
        let plans = vec![sample::plan(), draft];
        let lines = vec![
            line(&plans[0], Some(Availability::Full { waiting_list: true }), full),
            line(&plans[1], None, Numbers::default()),
        ];
        let page = |lines, plans: &[Plan], when: &str, page: &str| {
            let wanted = Wanted {
                when: when.to_owned(),
                page: page.to_owned(),
                ..Wanted::default()
            };
            Self::of(lines, plans, &wanted, now, Shell::sample())
        };
        let many: Vec<_> = (0..60)
            .map(|at| {
                let mut it = lines[0].clone();
                it[0].text = format!("{} ({at})", it[0].text);
                it
            })
            .collect();
        vec![
            page(lines.clone(), &plans, "", ""),
            page(lines, &plans, "over", ""),
            page(Vec::new(), &[], "", ""),
            page(many, &plans, "", "2"),
        ]
    }
}

/// Dates for the samples of these pages.
#[cfg(test)]
mod sample {
    use super::*;
    use crate::sign_in::Level;
    use crate::sign_in::role::Role;
    use booking::calendar::{Before, Delivery, Meeting, RunDates};
    use booking::london;
    use booking::plan::{Facilitator, Part};
    use booking::snapshot::RunState;
    use ids::{CourseId, PersonId, SessionId};
    use time::macros::{date, time};

    pub(super) fn now() -> Ts {
        london::in_london(date!(2027 - 05 - 11), time!(14:00))
    }

    pub(super) fn person(number: u128) -> PersonId {
        PersonId(Uuid::from_u128(number))
    }

    pub(super) fn member(roles: &[Role]) -> SignedIn {
        SignedIn {
            id: Uuid::nil(),
            person: person(3),
            name: "Robin".to_owned(),
            email: "robin@example.org".to_owned(),
            roles: roles.to_vec(),
            level: Level::Second,
            seen_at: now(),
            ends_if_seen: now(),
            step_up_at: None,
            next: None,
        }
    }

    fn on(idx: i32, date: time::Date) -> Meeting {
        Meeting {
            id: SessionId(Uuid::nil()),
            idx,
            date,
            start: time!(10:00),
            end: time!(13:15),
            starts_at: london::in_london(date, time!(10:00)),
            ends_at: london::in_london(date, time!(13:15)),
            break_minutes: 15,
        }
    }

    pub(super) fn plan() -> Plan {
        let dates = RunDates {
            id: RunId(Uuid::from_u128(7)),
            course: CourseId(Uuid::nil()),
            course_code: "intro".to_owned(),
            course_title: "Introduction to peer support".to_owned(),
            slug: "8-june-2027".to_owned(),
            label: "Mornings".to_owned(),
            delivery: Delivery::Online,
            venue: None,
            join_url: Some("https://meet.example.org/secret-room".to_owned()),
            opens_at: london::in_london(date!(2027 - 01 - 04), time!(9:00)),
            closes_at: london::in_london(date!(2027 - 06 - 07), time!(12:00)),
            change_no: 0,
            cancel_reason: None,
            cancelled_at: None,
            sessions: vec![on(1, date!(2027 - 06 - 08)), on(2, date!(2027 - 06 - 15))],
            before_change: Before::default(),
        };
        let teaches = |number, part| Facilitator {
            person: person(number),
            part,
            is_confirmed: true,
        };
        Plan {
            dates,
            state: RunState::Published,
            capacity: 12,
            min_numbers: 4,
            waiting_list: true,
            offers_paused: false,
            sessions_required: Some(2),
            planned_minutes: 360,
            minutes_ack_by: None,
            without_facilitators: None,
            facilitators: vec![teaches(1, Part::PeerTrainer), teaches(2, Part::Other)],
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pages_hold() {
        crate::pages_test::check::<RunsPage>();
    }

    #[test]
    fn a_long_list_has_pages_of_25_and_any_number_is_one_of_them() {
        let shown = |page: &str| {
            let wanted = Wanted {
                page: page.to_owned(),
                ..Wanted::default()
            };
            let lines = (0..60)
                .map(|at| std::array::from_fn(|_| cell(at.to_string())))
                .collect();
            let page = RunsPage::of(lines, &[], &wanted, sample::now(), Shell::sample());
            (page.lines.len(), page.lines[0][0].text.clone())
        };
        assert_eq!(shown(""), (25, "0".to_owned()));
        assert_eq!(shown("3"), (10, "50".to_owned()));
        assert_eq!(shown("99"), (10, "50".to_owned()));
        assert_eq!(shown("-1"), (25, "0".to_owned()));
    }
}
