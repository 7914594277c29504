//! Who did what, for administrators: ids only, no name, no reason (trust.md section 2).

use axum::extract::{Query, State};
use axum::response::Response;
use axum_extra::routing::TypedPath;
use serde::{Deserialize, Serialize};

use crate::app::App;
use crate::audit;
use crate::entity::audit::Model;
use crate::error::Error;
use crate::pages::Page;
use crate::routes::{Routes, Who};
use crate::sign_in::SignedIn;
use crate::sign_in::role::ADMINISTRATORS;
use crate::staff::Shell;
use crate::staff::lists::{Pages, Query as Address};
use crate::words;

/// `/admin/audit`
#[derive(TypedPath, Deserialize)]
#[typed_path("/admin/audit")]
pub(crate) struct AuditPath;

pub(super) fn routes() -> Routes {
    Routes::default().get::<AuditPath, _, _>(Who::Roles(ADMINISTRATORS), show)
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
    let shell = Shell::of(&app, &me, AuditPath::PATH).await?;
    app.page(&AuditPage::of(&rows, &pages, shell)).await
}

/// All acts as ids, the newest first.
#[derive(Clone, Debug, Serialize)]
struct AuditPage {
    lines: Vec<Vec<String>>,
    pages: Pages,
    shell: Shell,
}

impl AuditPage {
    fn of(rows: &[Model], pages: &Pages, shell: Shell) -> Self {
        Self {
            lines: rows.iter().map(line).collect(),
            pages: pages.linked(&Address::new(AuditPath::PATH)),
            shell,
        }
    }
}

fn line(it: &Model) -> Vec<String> {
    let id = |it: Option<ids::PersonId>| it.map_or_else(String::new, |it| it.0.to_string());
    vec![
        it.n.to_string(),
        words::date_time(it.at),
        format!("{} {}", it.doer, id(it.who)).trim_end().to_owned(),
        said(&it.act),
        format!("{} {}", said(&it.kind), it.about),
        id(it.whose),
        it.request.clone().unwrap_or_default(),
    ]
}

/// A word of records as the screen says it: "run" and "session" are for us alone (pages.md section 9).
fn said(word: &str) -> String {
    let each = word.split('_').map(|it| match it {
        "run" => "dates",
        "session" => "day",
        "failed" => "wrong",
        it => it,
    });
    each.collect::<Vec<_>>().join(" ")
}

impl Page for AuditPage {
    const TEMPLATE: &'static str = "pages/staff/admin/audit.html";

    #[cfg(test)]
    fn samples() -> Vec<Self> {
        let page =
            |rows: &[Model], all, asked| Self::of(rows, &Pages::new(all, ROWS, asked), Shell::sample());
        let rows = [tests::row()];
        vec![page(&[], 0, ""), page(&rows, 1, ""), page(&rows, 500, "7")]
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use ids::{PersonId, Ts};
    use time::macros::datetime;
    use uuid::Uuid;

    pub(super) fn row() -> Model {
        let who = PersonId(Uuid::from_u128(1));
        Model {
            id: Uuid::nil(),
            n: 7,
            at: Ts::new(datetime!(2027-05-11 13:00 UTC)),
            doer: "member".to_owned(),
            who: Some(who),
            roles: "lead".to_owned(),
            act: "called".to_owned(),
            kind: "task".to_owned(),
            about: Uuid::nil().to_string(),
            whose: Some(who),
            reason: Some("Sam Taylor asked for a call".to_owned()),
            request: None,
            hash: String::new(),
        }
    }

    #[test]
    fn pages_hold() {
        crate::pages_test::check::<AuditPage>();
    }

    #[test]
    fn a_line_has_ids_and_no_words_of_anybody() {
        let line = line(&row()).join(" ");
        assert!(line.contains("called") && line.contains(&Uuid::from_u128(1).to_string()));
        assert!(!line.contains("Sam"), "{line}");
        assert_eq!(said("run_cancelled"), "dates cancelled");
    }
}
