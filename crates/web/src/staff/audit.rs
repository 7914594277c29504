//! Who did what, for leads (T-46, T-48).

use std::collections::BTreeMap;

use axum::extract::{Query, State};
use axum::response::Response;
use axum_extra::routing::TypedPath;
use ids::PersonId;
use serde::{Deserialize, Serialize};

use super::Shell;
use super::lists::{Pages, Query as Address};
use crate::app::App;
use crate::audit;
use crate::entity::audit::Model;
use crate::error::Error;
use crate::pages::Page;
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

#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
struct Asked {
    page: String,
}

async fn show(
    _: AuditPath,
    State(app): State<App>,
    me: SignedIn,
    Query(asked): Query<Asked>,
) -> Result<Response, Error> {
    let all = audit::count(app.reader()).await?;
    let pages = Pages::new(all, ROWS, &asked.page);
    let rows = audit::newest(app.reader(), pages.skip(), ROWS).await?;
    let people: Vec<PersonId> = rows.iter().flat_map(|it| [it.who, it.whose]).flatten().collect();
    let names = crate::people::several(app.reader(), people).await?;
    let names = names.into_iter().map(|it| (it.id, it.full_name)).collect();
    let shell = Shell::of(&app, &me, AuditPath::PATH).await?;
    app.page(&AuditPage::of(&rows, &names, all, &pages, shell)).await
}

type Names = BTreeMap<PersonId, String>;

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
        "role" | "setting" | "report" => format!("{}: {act}, {}", it.kind, it.about.replace('_', " ")),
        kind => format!("{kind}: {act}"),
    }
}

/// All acts, the newest first.
#[derive(Clone, Debug, Serialize)]
struct AuditPage {
    count: String,
    lines: Vec<Vec<String>>,
    pages: Pages,
    shell: Shell,
}

impl AuditPage {
    fn of(rows: &[Model], names: &Names, all: u64, pages: &Pages, shell: Shell) -> Self {
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
            pages: pages.linked(&Address::new(AuditPath::PATH)),
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
        let page = |rows: &[Model], all, asked| {
            let pages = Pages::new(all, ROWS, asked);
            Self::of(rows, &tests::people(), all, &pages, Shell::sample())
        };
        vec![page(&[], 0, ""), page(&rows, 3, "1"), page(&rows, 500, "7")]
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
}
