//! Who did what, for leads (T-46, T-48).

use std::collections::BTreeMap;

use axum::extract::State;
use axum::http::Uri;
use axum::response::Response;
use axum_extra::routing::TypedPath;
use ids::PersonId;
use serde::{Deserialize, Serialize};

use super::Shell;
use crate::app::App;
use crate::audit;
use crate::entity::audit::Model;
use crate::error::Error;
use crate::pages::Page;
use crate::people;
use crate::routes::{Routes, Who};
use crate::sign_in::SignedIn;
use crate::sign_in::role::LEADS;
use crate::words;

/// `/team/audit`
#[derive(TypedPath, Deserialize)]
#[typed_path("/team/audit")]
pub(super) struct AuditPath;

pub(super) fn routes() -> Routes {
    Routes::default().get::<AuditPath, _, _>(Who::Roles(LEADS), show)
}

/// Rows of one page.
const ROWS: u64 = 25;

async fn show(_: AuditPath, State(app): State<App>, me: SignedIn, uri: Uri) -> Result<Response, Error> {
    let asked = asked(&uri);
    let (rows, all) = audit::page(app.reader(), asked - 1, ROWS).await?;
    let names = names(&app, &rows).await?;
    let shell = Shell::of(&app, &me, AuditPath::PATH).await?;
    app.page(&AuditPage::of(&rows, &names, all, asked, shell)).await
}

/// The number of the page that is asked for; anything else is the first.
fn asked(uri: &Uri) -> u64 {
    let query = uri.query().unwrap_or_default();
    let mut pairs = form_urlencoded::parse(query.as_bytes());
    let page = pairs.find(|(name, _)| name == "page");
    page.and_then(|(_, page)| page.parse().ok())
        .filter(|it| (1..=1_000_000).contains(it))
        .unwrap_or(1)
}

type Names = BTreeMap<PersonId, String>;

async fn names(app: &App, rows: &[Model]) -> Result<Names, Error> {
    let mut names = Names::new();
    let people: Vec<PersonId> = rows.iter().flat_map(|it| [it.who, it.whose]).flatten().collect();
    for id in people {
        if !names.contains_key(&id)
            && let Some(person) = people::find(app.reader(), id).await?
        {
            names.insert(id, person.full_name);
        }
    }
    Ok(names)
}

/// One act.
#[derive(Clone, Debug, Serialize)]
struct Line {
    at: String,
    who: String,
    what: String,
    whose: String,
    reason: String,
}

impl Line {
    fn of(it: &Model, names: &Names) -> Self {
        let name = |id: Option<PersonId>| id.and_then(|it| names.get(&it)).cloned();
        let who = match it.doer.as_str() {
            "command" => "A command".to_owned(),
            "system" => "By itself".to_owned(),
            _ => name(it.who).unwrap_or_else(|| "Somebody".to_owned()),
        };
        Self {
            at: words::date_time(it.at),
            who: if it.roles.is_empty() {
                who
            } else {
                format!("{who} ({})", it.roles.replace(' ', ", "))
            },
            what: what(it),
            whose: name(it.whose).unwrap_or_default(),
            reason: it.reason.clone().unwrap_or_default(),
        }
    }
}

/// The act and its record, as far as the record's name says something.
fn what(it: &Model) -> String {
    let act = it.act.replace('_', " ");
    match it.kind.as_str() {
        "role" | "setting" => format!("{}: {act}, {}", it.kind, it.about.replace('_', " ")),
        kind => format!("{kind}: {act}"),
    }
}

/// All acts, the newest first.
#[derive(Clone, Debug, Serialize)]
struct AuditPage {
    count: String,
    lines: Vec<Vec<String>>,
    pages: Vec<Numbered>,
    previous: Option<String>,
    next: Option<String>,
    shell: Shell,
}

/// A link to a page of the list.
#[derive(Clone, Debug, Serialize)]
struct Numbered {
    number: u64,
    href: String,
    current: bool,
    ellipsis: bool,
}

/// The pages that can be gone to: the first, the last and those around this one.
fn numbered(now: u64, last: u64) -> Vec<Numbered> {
    let mut pages = Vec::new();
    let mut before = 0;
    for number in (1..=last).filter(|it| *it == 1 || *it == last || it.abs_diff(now) <= 1) {
        if number > before + 1 {
            pages.push(Numbered {
                number: 0,
                href: String::new(),
                current: false,
                ellipsis: true,
            });
        }
        pages.push(Numbered {
            number,
            href: page_url(number),
            current: number == now,
            ellipsis: false,
        });
        before = number;
    }
    pages
}

fn page_url(number: u64) -> String {
    format!("{AuditPath}?page={number}")
}

impl AuditPage {
    fn of(rows: &[Model], names: &Names, all: u64, now: u64, shell: Shell) -> Self {
        let last = all.div_ceil(ROWS).max(1);
        let row = |it: &Model| {
            let it = Line::of(it, names);
            vec![it.at, it.who, it.what, it.whose, it.reason]
        };
        let count = match all {
            0 => "Nothing has been done yet".to_owned(),
            1 => "1 act".to_owned(),
            n => format!("{n} acts"),
        };
        Self {
            count,
            lines: rows.iter().map(row).collect(),
            pages: if last > 1 { numbered(now, last) } else { Vec::new() },
            previous: (now > 1).then(|| page_url(now - 1)),
            next: (now < last).then(|| page_url(now + 1)),
            shell,
        }
    }
}

impl Page for AuditPage {
    const TEMPLATE: &'static str = "pages/staff/audit.html";

    #[cfg(test)]
    fn samples() -> Vec<Self> {
        let rows = [
            tests::row("member", "role_given", ("role", "lead"), None),
            tests::row("system", "offer", ("booking", "x"), None),
            tests::row(
                "command",
                "setting_changed",
                ("setting", "offer_window"),
                Some("24"),
            ),
        ];
        let page = |rows: &[Model], all, now| Self::of(rows, &tests::people(), all, now, Shell::sample());
        vec![
            page(&[], 0, 1),
            page(&rows, 3, 1),
            page(&rows, 500, 7),
            page(&rows, 60, 3),
        ]
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use ids::Ts;
    use time::macros::datetime;
    use uuid::Uuid;

    fn sam() -> PersonId {
        PersonId(Uuid::from_u128(1))
    }

    pub(super) fn people() -> Names {
        Names::from([(sam(), "Sam Taylor".to_owned())])
    }

    pub(super) fn row(doer: &str, act: &str, (kind, about): (&str, &str), reason: Option<&str>) -> Model {
        Model {
            id: Uuid::nil(),
            n: 1,
            at: Ts::new(datetime!(2027-05-11 13:00 UTC)),
            doer: doer.to_owned(),
            who: (doer == "member").then(sam),
            roles: if doer == "member" {
                "lead administrator"
            } else {
                ""
            }
            .to_owned(),
            act: act.to_owned(),
            kind: kind.to_owned(),
            about: about.to_owned(),
            whose: Some(sam()),
            reason: reason.map(str::to_owned),
            request: None,
            hash: String::new(),
        }
    }

    #[test]
    fn pages_hold() {
        crate::pages_test::check::<AuditPage>();
    }

    #[test]
    fn a_line_says_who_did_what() {
        let line = Line::of(&row("member", "role_given", ("role", "lead"), None), &people());
        assert_eq!(line.who, "Sam Taylor (lead, administrator)");
        assert_eq!(line.what, "role: role given, lead");
        let line = Line::of(&row("system", "offer", ("booking", "x"), None), &people());
        assert_eq!(
            (line.who.as_str(), line.what.as_str()),
            ("By itself", "booking: offer")
        );
    }

    #[test]
    fn far_pages_are_left_out() {
        let shown = |now, last| -> Vec<u64> { numbered(now, last).iter().map(|it| it.number).collect() };
        assert_eq!(shown(1, 3), [1, 2, 3]);
        assert_eq!(shown(7, 20), [1, 0, 6, 7, 8, 0, 20]);
        assert_eq!(shown(1, 20), [1, 2, 0, 20]);
        assert_eq!(asked(&"/team/audit?page=0".parse().unwrap()), 1);
        assert_eq!(asked(&"/team/audit?page=7".parse().unwrap()), 7);
    }
}
