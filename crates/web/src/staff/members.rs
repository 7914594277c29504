//! Who is in the team, and a second step that is set up again because a phone is lost (T-15).

use axum::extract::State;
use axum::response::{IntoResponse, Redirect, Response};
use axum_extra::routing::TypedPath;
use ids::PersonId;
use sea_orm::{ColumnTrait, EntityTrait, QueryFilter, QueryOrder};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::Shell;
use super::invite::InvitePath;
use super::member::MemberPath;
use crate::app::App;
use crate::audit::{Act, Doer};
use crate::entity::account;
use crate::error::Error;
use crate::forms::Fields;
use crate::pages::Page;
use crate::people;
use crate::routes::{Routes, Who};
use crate::sign_in::mail::{self, roles_in_words};
use crate::sign_in::numbers::Numbers;
use crate::sign_in::role::{self, KEEPERS};
use crate::sign_in::step_up::StepUpPath;
use crate::sign_in::{self, SignedIn, factor, next};

/// `/team/members`
#[derive(TypedPath, Deserialize)]
#[typed_path("/team/members")]
pub(crate) struct MembersPath;

/// `/team/members/reset`
#[derive(TypedPath, Deserialize)]
#[typed_path("/team/members/reset")]
struct ResetPath;

pub(super) fn routes() -> Routes {
    Routes::default()
        .get::<MembersPath, _, _>(Who::Roles(KEEPERS), show)
        .press::<ResetPath, _, _>(Who::Roles(KEEPERS), reset)
}

pub(super) async fn show(_: MembersPath, State(app): State<App>, me: SignedIn) -> Result<Response, Error> {
    let page = MembersPage {
        members: members(&app, &me).await?,
        op: app.secrets().op(),
        reset_url: ResetPath.to_string(),
        invite_url: InvitePath.to_string(),
        shell: Shell::of(&app, &me, MembersPath::PATH).await?,
    };
    app.page(&page).await
}

/// Resets the second step of another person: their app and codes end, and so does wherever they are logged
/// in. They set it up again at their next log in, and a mail tells them.
async fn reset(
    _: ResetPath,
    State(app): State<App>,
    me: SignedIn,
    mut fields: Fields,
) -> Result<Response, Error> {
    let op = fields.op()?;
    let which = fields.line("which")?;
    fields.done()?;
    let id = Uuid::parse_str(&which)
        .map(PersonId)
        .map_err(|_| Error::NotFound)?;
    let is_member = account::Entity::find_by_id(id).one(app.reader()).await?.is_some();
    // Nobody resets their own: whoever found an open browser must not get rid of the owner's app (T-10).
    if !is_member || id == me.person {
        return Err(Error::NotFound);
    }
    if !me.is_stepped_up(&Numbers::load(app.reader()).await?, app.now()) {
        let path = next::with(&StepUpPath.to_string(), Some(MembersPath::PATH));
        return Ok(Redirect::to(&path).into_response());
    }
    let (op, content, by) = (op.as_deref(), fields.content(), me.person);
    let path = app
        .change(|work| async move {
            let act = async {
                factor::forget_all(&work, id).await?;
                sign_in::end_all(&work, id, "second step reset").await?;
                mail::tell_of_reset(&work, id).await?;
                work.note(Act {
                    doer: Doer::Member(by),
                    what: "second_step_reset",
                    about: ("account", id.0.to_string()),
                    whose: Some(id),
                    reason: None,
                });
                Ok(MembersPath.to_string())
            };
            work.once(op, content, act).await
        })
        .await?;
    tracing::warn!(event = "second_step_reset", person = %id.0, by = %me.person.0);
    Ok(Redirect::to(&path).into_response())
}

/// Somebody of the team.
#[derive(Clone, Debug, Serialize)]
struct Member {
    which: String,
    name: String,
    email: String,
    roles: String,
    is_accepted: bool,
    has_app: bool,
    can_reset: bool,
    /// Where their roles are changed; empty for oneself.
    roles_url: String,
}

async fn members(app: &App, me: &SignedIn) -> Result<Vec<Member>, Error> {
    let open = account::Entity::find()
        .filter(account::Column::ClosedAt.is_null())
        .order_by_asc(account::Column::Email);
    let mut members = Vec::new();
    for account in open.all(app.reader()).await? {
        let roles = role::of(app.reader(), account.person).await?;
        let person = people::find(app.reader(), account.person).await?;
        let Some(person) = person.filter(|_| !roles.is_empty()) else {
            continue;
        };
        let has_app = factor::has_app(app.reader(), account.person).await?;
        members.push(Member {
            which: account.person.0.to_string(),
            name: person.full_name,
            email: account.email,
            roles: roles_in_words(&roles),
            is_accepted: account.accepted_at.is_some(),
            has_app,
            can_reset: has_app && account.person != me.person,
            roles_url: roles_url(account.person, me),
        });
    }
    Ok(members)
}

/// Nobody changes their own roles (T-10).
fn roles_url(of: PersonId, me: &SignedIn) -> String {
    let path = MemberPath {
        member: of.0.to_string(),
    };
    if of == me.person {
        String::new()
    } else {
        path.to_string()
    }
}

/// Everybody in the team.
#[derive(Clone, Debug, Serialize)]
struct MembersPage {
    members: Vec<Member>,
    op: String,
    reset_url: String,
    invite_url: String,
    shell: Shell,
}

impl Page for MembersPage {
    const TEMPLATE: &'static str = "pages/staff/members.html";

    #[cfg(test)]
    fn samples() -> Vec<Self> {
        let member = |name: &str, is_accepted, has_app, can_reset| Member {
            which: name.to_owned(),
            name: name.to_owned(),
            email: format!("{name}@example.org"),
            roles: "a lead".to_owned(),
            is_accepted,
            has_app,
            can_reset,
            roles_url: if name == "Sam" {
                String::new()
            } else {
                format!("/team/members/{name}")
            },
        };
        let page = |members| Self {
            members,
            op: "0".repeat(32),
            reset_url: ResetPath.to_string(),
            invite_url: InvitePath.to_string(),
            shell: Shell::sample(),
        };
        vec![page(vec![
            member("Sam", true, true, false),
            member("Kim", true, true, true),
            member("Ray", true, false, false),
            member("Jo", false, false, false),
        ])]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pages_hold() {
        crate::pages_test::check::<MembersPage>();
    }
}
