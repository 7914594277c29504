//! Pages of the team: the frame around them, and where people begin.

mod admin;
mod audit;
mod bookings;
mod channel;
mod courses;
mod day;
mod invite;
mod let_in;
mod lists;
mod mail;
mod member;
mod members;
mod needs;
mod on_the_day;
mod one_person;
mod overview;
mod people;
pub(crate) mod register;
mod reports;
mod runs;
mod said;
mod tasks;
mod texts;
mod today;

use axum::extract::State;
use axum::response::Response;
use axum_extra::routing::TypedPath;
use booking::calendar;
use serde::{Deserialize, Serialize};

use crate::account::AccountPath;
use crate::app::App;
use crate::error::Error;
use crate::pages::Page;
use crate::public::courses::RunPath;
use crate::routes::{Routes, Who};
use crate::sign_in::log_out::LogOutPath;
use crate::sign_in::numbers::Numbers;
use crate::sign_in::role::{ADMINISTRATORS, FACILITATORS, KEEPERS, LEADS, Role, TEAM};
use crate::sign_in::second::SecondPath;
use crate::sign_in::{SignedIn, next};
use crate::tasks::TaskKind;
use crate::words;
use admin::SettingsPath;
pub(crate) use admin::called as setting_called;
use audit::AuditPath;
use bookings::BookingsPath;
use courses::CoursesPath;
use mail::MailPath;
use members::MembersPath;
use overview::Overview;
use people::PeoplePath;
use reports::ReportsPath;
use runs::RunsPath;
use tasks::TasksPath;
use texts::TextsPath;

/// What a task of this kind asks for, in words.
pub(crate) fn what_is_to_do(kind: Option<TaskKind>) -> &'static str {
    tasks::what(kind)
}

/// `/today`
#[derive(TypedPath, Deserialize)]
#[typed_path("/today")]
pub(crate) struct TodayPath;

/// `/team`
#[derive(TypedPath, Deserialize)]
#[typed_path("/team")]
pub(crate) struct TeamPath;

pub(crate) fn routes() -> Routes {
    Routes::default()
        .get::<TodayPath, _, _>(Who::Roles(FACILITATORS), today::show)
        .get::<TeamPath, _, _>(Who::Roles(TEAM), team)
        .and(bookings::routes())
        .and(people::routes())
        .and(needs::routes())
        .and(tasks::routes())
        .and(reports::routes())
        .and(mail::routes())
        .and(members::routes())
        .and(member::routes())
        .and(invite::routes())
        .and(audit::routes())
        .and(admin::routes())
        .and(texts::routes())
        .and(courses::routes())
        .and(runs::routes())
        .and(day::routes())
        .and(register::routes())
        .and(one_person::routes())
        .and(let_in::routes())
}

/// One page of the menu, and who may open it.
type Entry = (&'static str, &'static str, &'static [Role]);

/// The menu. Who may not open a page does not see its line.
const MENU: &[Entry] = &[
    ("Today", TodayPath::PATH, FACILITATORS),
    ("Team", TeamPath::PATH, TEAM),
    ("Course dates", RunsPath::PATH, TEAM),
    ("Courses", CoursesPath::PATH, TEAM),
    ("Bookings", BookingsPath::PATH, TEAM),
    ("People", PeoplePath::PATH, TEAM),
    ("Tasks", TasksPath::PATH, TEAM),
    ("Reports", ReportsPath::PATH, TEAM),
    ("Emails", MailPath::PATH, TEAM),
    ("Texts", TextsPath::PATH, TEAM),
    ("Team members", MembersPath::PATH, KEEPERS),
    ("Audit", AuditPath::PATH, LEADS),
    ("Settings", SettingsPath::PATH, ADMINISTRATORS),
    ("Mail", admin::MailPath::PATH, ADMINISTRATORS),
    ("Acts", admin::AuditPath::PATH, ADMINISTRATORS),
];
/// Where people begin: the first of these that they may open.
const STARTS: [(&str, &[Role]); 3] = [
    (TeamPath::PATH, TEAM),
    (TodayPath::PATH, FACILITATORS),
    (MembersPath::PATH, KEEPERS),
];

/// Where people begin.
pub(crate) fn start(roles: &[Role]) -> String {
    let may = |of: &[Role]| of.iter().any(|it| roles.contains(it));
    let first = STARTS.iter().find(|(_, of)| may(of));
    first.map_or_else(|| AccountPath.to_string(), |(path, _)| (*path).to_owned())
}

/// Where somebody goes who has just proven everything.
pub(crate) fn destination(me: &SignedIn) -> String {
    me.next
        .as_deref()
        .and_then(next::read)
        .unwrap_or_else(|| start(&me.roles))
}

/// Where somebody goes who is logged in already: where they wanted, if all is proven.
pub(crate) fn after_log_in(me: &SignedIn, next: Option<String>) -> String {
    if me.is_complete() {
        next.unwrap_or_else(|| start(&me.roles))
    } else {
        SecondPath.to_string()
    }
}

/// What is around every page of somebody who is logged in.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct Shell {
    name: String,
    menu: Vec<MenuLine>,
    account_url: String,
    log_out_url: String,
    op: String,
    /// Seconds until the page warns that the log in will end, and until it ends (T-17).
    warn_after: i64,
    ends_after: i64,
}

#[derive(Clone, Debug, Serialize)]
struct MenuLine {
    text: &'static str,
    href: &'static str,
    is_current: bool,
}

impl Shell {
    /// For somebody, on the page with this path.
    pub(crate) async fn of(app: &App, me: &SignedIn, current: &str) -> Result<Self, Error> {
        let numbers = Numbers::load(app.reader()).await?;
        let ends = me.ends_if_seen - app.now();
        let warn = ends - numbers.warning();
        let shell = Self::for_roles(&me.roles, &me.name, current, app.secrets().op());
        Ok(Self {
            warn_after: warn.whole_seconds().max(0),
            ends_after: ends.whole_seconds(),
            ..shell
        })
    }

    fn for_roles(roles: &[Role], name: &str, current: &str, op: String) -> Self {
        let may = |of: &[Role]| of.iter().any(|it| roles.contains(it));
        let lines = MENU.iter().filter(|(_, _, of)| may(of));
        Self {
            name: name.to_owned(),
            menu: lines
                .map(|(text, href, _)| MenuLine {
                    text,
                    href,
                    is_current: *href == current,
                })
                .collect(),
            account_url: AccountPath.to_string(),
            log_out_url: LogOutPath.to_string(),
            op,
            warn_after: 1500,
            ends_after: 1800,
        }
    }

    #[cfg(test)]
    pub(crate) fn sample() -> Self {
        Self::for_roles(&Role::ALL, "Sam", TeamPath::PATH, "2".repeat(32))
    }
}

async fn team(_: TeamPath, State(app): State<App>, me: SignedIn) -> Result<Response, Error> {
    let page = TeamPage {
        overview: Overview::load(&app, &me).await?,
        dates: dates(&app).await?,
        shell: Shell::of(&app, &me, TeamPath::PATH).await?,
    };
    app.page(&page).await
}

/// Dates to come, as visitors see them.
#[derive(Clone, Debug, Serialize)]
struct Dates {
    text: String,
    url: String,
}

async fn dates(app: &App) -> Result<Vec<Dates>, Error> {
    let all = calendar::upcoming(app.reader(), None, app.now()).await?;
    let to_come = all.iter().filter(|it| it.cancelled_at.is_none());
    Ok(to_come
        .map(|it| Dates {
            text: format!("{}: {}", it.course_title, words::dates(&it.sessions)),
            url: RunPath {
                course: it.course_code.clone(),
                run: it.slug.clone(),
            }
            .to_string(),
        })
        .collect())
}

/// Where coordinators and leads begin.
#[derive(Clone, Debug, Serialize)]
struct TeamPage {
    overview: Overview,
    dates: Vec<Dates>,
    shell: Shell,
}

#[cfg(test)]
fn some_dates() -> Vec<Dates> {
    vec![Dates {
        text: "Introduction to peer support: Tuesday 8 and Tuesday 15 June 2027".to_owned(),
        url: "/courses/intro/8-june-2027".to_owned(),
    }]
}

impl Page for TeamPage {
    const TEMPLATE: &'static str = "pages/staff/team.html";

    #[cfg(test)]
    fn samples() -> Vec<Self> {
        let page = |dates, overview| Self {
            overview,
            dates,
            shell: Shell::sample(),
        };
        let clear = page(Vec::new(), Overview::default());
        vec![page(some_dates(), Overview::sample()), clear]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pages_hold() {
        crate::pages_test::check::<TeamPage>();
    }

    #[test]
    fn the_menu_shows_what_the_rules_of_the_routes_allow() {
        let table = crate::route_table(false);
        for &(text, path, roles) in MENU {
            let route = table.iter().find(|it| it.path == path && it.method == "GET");
            assert_eq!(route.map(|it| it.who), Some(Who::Roles(roles)), "{text}");
        }
        let shown = |roles: &[Role]| {
            let shell = Shell::for_roles(roles, "Sam", "", String::new());
            shell.menu.iter().map(|it| it.text).collect::<Vec<_>>()
        };
        assert_eq!(shown(&[Role::Facilitator]), ["Today"]);
        assert_eq!(
            shown(&[Role::Lead]),
            [
                "Team",
                "Course dates",
                "Courses",
                "Bookings",
                "People",
                "Tasks",
                "Reports",
                "Emails",
                "Texts",
                "Team members",
                "Audit"
            ]
        );
        assert_eq!(shown(&[]), [""; 0]);
    }

    #[test]
    fn people_begin_where_their_work_is() {
        assert_eq!(start(&[Role::Facilitator]), "/today");
        assert_eq!(start(&[Role::Facilitator, Role::Lead]), "/team");
        assert_eq!(start(&[Role::Administrator]), "/team/members");
        assert_eq!(start(&[]), "/account");
    }
}
